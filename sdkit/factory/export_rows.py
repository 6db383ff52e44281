"""What an export is made of: records in one strict form, and what is known of how they were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sdkit.errors import InputError, first_problem
from sdkit.factory.files import Places
from sdkit.factory.made import Made
from sdkit.factory.records import Record, check_record
from sdkit.files import read_data
from sdkit.jsonl import read_lines
from sdkit.moderation.record_files import RecordFile
from sdkit.moderation.records import FINDINGS, PROBLEM

_APPROVED = ".approved"  # what `sdkit moderate` adds to the name of a file


class TurnRow(BaseModel):
    """A message and its answer, of which both were said."""

    model_config = ConfigDict(frozen=True)

    turn_number: int
    utterance: str
    intent: str | None = None
    assistant_response: str
    emotion: str | None = None


class Row(BaseModel):
    """A dialogue as it is exported: the fields of SynWOZ's records, and which model made it, from which seed.

    Other fields of a record are not exported. `time_slot` is three texts, the hour at which the part of the day begins,
    the one at which it ends, and its name: so SynWOZ's set has it on Hugging Face, since a column of a table cannot
    hold numbers and texts.
    """

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    dialogue_id: str = Field(min_length=1)
    services: list[str] = []
    turns: list[TurnRow] = Field(min_length=1)
    num_lines: int
    user_emotions: list[str] = []
    assistant_emotions: list[str] = []
    scenario_category: str | None = None
    generated_scenario: str | None = None
    time_slot: list[str] | None = Field(default=None, min_length=3, max_length=3)
    regions: list[str] = []
    resolution_status: str | None = None
    model: str | None = None
    seed: int | None = None

    def messages(self) -> list[tuple[str, str]]:
        """Return what is said, as ("user" or "assistant", text)."""
        said = ((("user", turn.utterance), ("assistant", turn.assistant_response)) for turn in self.turns)
        return [message for both in said for message in both]

    def about(self) -> dict[str, Any]:
        """Return all but what is said."""
        return self.model_dump(exclude={"turns"})


@dataclass(frozen=True)
class Source:
    """Dialogues, and what is known of them.

    Attributes
    ----------
    records : list of dict
        The dialogues.
    about : dict
        What shaped the run that made them; empty if that is not known.
    made : dict
        By the id of a dialogue how it was made.
    moderated : list of str
        What looked through them; empty if that is not known.
    rejected : int
        How many moderation has kept out before.
    """

    records: list[Record]
    about: dict[str, Any] = field(default_factory=dict)
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    moderated: Sequence[str] = ()
    rejected: int = 0

    @classmethod
    def of(cls, data: Made | str | Path | Iterable[Mapping[str, Any]]) -> Source:
        """Return what a factory has made, what is in a file and beside it, or just records.

        Raises
        ------
        FileError
            A file cannot be read.
        InputError
            There are no records.
        """
        if isinstance(data, Made):
            attempts = [attempt for _, attempt in data.journal.kept()]
            told = [{"dialogue_id": (one.record or {}).get("dialogue_id"), **_told(one)} for one in attempts]
            source = cls._beside(data.places.output, list(data.records), told)
        elif isinstance(data, str | Path):
            records = [record for _, record in RecordFile(Path(data))]
            source = cls._beside(Path(data), records)
        else:
            source = cls([dict(one) if isinstance(one, Mapping) else one for one in data])
        if not source.records:
            raise InputError("there are no dialogues to export")
        return source

    @classmethod
    def _beside(cls, path: Path, records: list[Record], told: Iterable[dict[str, Any]] | None = None) -> Source:
        """Return records with what lies beside the file that they are in, or the one that was moderated into it."""
        places = Places.of(path.with_name(f"{path.stem.removesuffix(_APPROVED)}.json"), None, None)
        about = read_data(places.about, "json") if places.about.exists() else {}
        noted = path.with_name(f"{path.name}.about.json")
        later = read_data(noted, "json") if noted.exists() else {}
        moderated = [*about.get("moderation", ()), *(layer["name"] for layer in later.get("layers", ()))]
        return cls(
            records,
            about,
            {str(one.get("dialogue_id")): one for one in (read_lines(places.provenance) if told is None else told)},
            list(dict.fromkeys(moderated)),
            len(read_lines(places.flagged)),
        )

    def rows(self) -> list[Row]:
        """Return the records as rows.

        Raises
        ------
        InputError
            One is no record that can be exported, or two have the same id.
        """
        rows: list[Row] = []
        ids: set[str] = set()
        for number, record in enumerate(self.records, start=1):
            row = self._row(record, number)
            if row.dialogue_id in ids:
                raise InputError(f"record {number}: there is another dialogue with the id {row.dialogue_id}")
            ids.add(row.dialogue_id)
            rows.append(row)
        return rows

    def _row(self, record: Record, number: int) -> Row:
        try:
            check_record(record)
            made = self.made.get(str(record["dialogue_id"]), {})
            given = {"model": made.get("model"), "seed": made.get("seed")}
            turns = [{**turn, "turn_number": place} for place, turn in enumerate(record["turns"], start=1)]
            row = Row.model_validate({**given, **record, "turns": turns, "num_lines": len(turns)})
            row.model_dump_json()
        except ValidationError as error:
            raise InputError(f"record {number} ({record['dialogue_id']}): {first_problem(error)}") from error
        except ValueError as error:  # half a surrogate pair, and what `check_record` says
            raise InputError(f"record {number} cannot be exported: {error}") from error
        return row

    def flagged(self) -> set[str]:
        """Return the ids of the records in which moderation has found something, or which it could not judge."""
        return {str(one["dialogue_id"]) for one in self.records if one.get(FINDINGS) or PROBLEM in one}

    def told(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """Return how these dialogues were made, as far as that is known."""
        return [self.made[one] for one in ids if one in self.made]


def _told(attempt: Any) -> dict[str, Any]:
    return {"missed": list(attempt.missed), **(attempt.made or {})}
