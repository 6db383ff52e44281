"""What `QualityDashboard` looks at: the dialogues of a factory with their plan and journal, or records alone."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from sdkit.dialog import Dialog
from sdkit.errors import InputError
from sdkit.factory.deciding import rejected
from sdkit.factory.made import Made
from sdkit.factory.records import Record, dialog_of
from sdkit.factory.report_found import hidden, vectors_of
from sdkit.factory.reviewed import as_dialog
from sdkit.factory.spec import AXES
from sdkit.factory.spec_parts import joined
from sdkit.moderation.findings import masked
from sdkit.moderation.records import FINDINGS, bare

LACKS = "what the text lacks"
"""An axis of its own: which parts of its plan a text does not show."""
PAIRS = 50
"""So many of the nearest pairs are listed."""
_ROWS = 256  # compared at once
_DIGITS = 6


class Finding(NamedTuple):
    """Something that moderation has found in a dialogue: in which message, from 0 on; personal data is masked."""

    message: int
    category: str
    layer: str
    text: str


@dataclass(frozen=True)
class Flagged:
    """A dialogue that moderation has flagged, with all personal data in it masked."""

    dialog: Dialog
    findings: tuple[Finding, ...]

    @property
    def categories(self) -> list[str]:
        """The categories of what was found, each once."""
        return list(dict.fromkeys(one.category for one in self.findings))


class Dialogues:
    """Dialogues, and what is known of them.

    Parameters
    ----------
    given
        What a factory has made, or records.

    Attributes
    ----------
    made : Made or None
        What a factory has made; None if records were given, of which nobody knows plan, journal and embeddings.
    records : list of dict
        The records.
    values : list of dict
        Of each dialogue its value on each axis; one that has none is not named.

    Raises
    ------
    InputError
        It is neither; names the record that is none.
    """

    def __init__(self, given: Made | Iterable[Record]) -> None:
        self.made = given if isinstance(given, Made) else None
        if isinstance(given, Made):
            kept = given.journal.kept()
            self.records: list[Record] = [attempt.record or {} for _, attempt in kept]
            self.values = [item.values() | _lacks(attempt.missed) for item, attempt in kept]
            return
        if isinstance(given, str | Mapping | Dialog) or not isinstance(given, Iterable):
            raise InputError(f"{str(given)[:80]!r} is neither what a factory has made nor a list of records")
        self.records = list(given)
        for number, record in enumerate(self.records, start=1):
            try:
                as_dialog(record)
                self.values_of(record)
            except (InputError, AttributeError, TypeError) as error:
                raise InputError(f"number {number}: {error}") from error
        self.values = [self.values_of(record) for record in self.records]

    def __len__(self) -> int:
        return len(self.records)

    @staticmethod
    def values_of(record: Record) -> dict[str, str]:
        """Return the value of a record on each axis that it tells of."""
        if isinstance(record, Dialog):
            raise InputError("this is a dialogue, and no record of a factory")

        def first(name: str) -> Any:
            return (record.get(name) or [None])[0]

        found = {
            "services": joined(record["services"]),
            "categories": record.get("scenario_category"),
            "regions": first("regions"),
            "time_slots": (record.get("time_slot") or [None])[-1],
            "user_emotions": first("user_emotions"),
            "assistant_emotions": first("assistant_emotions"),
            "resolution_status": record.get("resolution_status"),
        }
        return {axis: str(value) for axis, value in found.items() if value}

    @property
    def axes(self) -> list[str]:
        """The axes of which something is known."""
        return [axis for axis in (*AXES, LACKS) if any(axis in values for values in self.values)]

    @cached_property
    def dialogs(self) -> list[Dialog]:
        """The dialogues."""
        return self.made.dialogs() if self.made else [dialog_of(record) for record in self.records]

    def at(self, axis: str) -> list[str]:
        """Return the value of each dialogue on an axis, "" where there is none."""
        return [values.get(axis, "") for values in self.values]

    def counts(self, axis: str) -> list[tuple[str, float | None, int | None, int]]:
        """Return each value of an axis: its target, how often it was planned, both None if nobody knows, and made."""
        there = Counter(value for value in self.at(axis) if value)
        if self.made is None or axis == LACKS:
            return [(value, None, None, there[value]) for value in sorted(there)]
        table = self._plan[self._plan["axis"] == axis]
        shares = dict(zip(table["value"], table["target"], strict=True))
        planned = dict(zip(table["value"], table["planned"], strict=True))
        # Of what is made so far, as many as its share says.
        part = len(self) / max(1, sum(shares.values()))
        found = [(value, part * shares[value], int(planned[value]), there[value]) for value in shares]
        return [*found, *((value, 0.0, 0, there[value]) for value in sorted(there.keys() - shares.keys()))]

    @cached_property
    def _plan(self) -> Any:
        assert self.made is not None
        return self.made.plan().report()

    def vectors(self) -> Any:
        """Return the embeddings as rows of an array; None if nobody knows them."""
        return vectors_of(self.made) if self.made is not None and self.records else None

    @cached_property
    def flagged(self) -> list[Flagged]:
        """What moderation has flagged: attempts that were kept out, or records with what was found in them."""
        flagged = rejected(self.made.journal)[0] if self.made else [r for r in self.records if r.get(FINDINGS)]
        return [_flagged(record) for record in flagged]


def _lacks(missed: Sequence[str]) -> dict[str, str]:
    return {LACKS: ", ".join(missed) or "nothing"}


def _flagged(record: Record) -> Flagged:
    findings = []
    for one in record[FINDINGS]:
        # The journal counts messages; a file that was moderated counts turns of the record, and names the field.
        message = int(one["turn"])
        if "field" in one:
            message = 2 * message + (one["field"] == "assistant_response")
        category = str(one["category"])
        findings.append(Finding(message, category, str(one["layer"]), hidden(masked(category, str(one["text"])))))
    found = dialog_of(bare(record))
    turns = [turn.model_copy(update={"text": hidden(turn.text)}) for turn in found.turns]
    return Flagged(Dialog(dialogId=found.dialogId, turns=turns), tuple(findings))


def nearest_pairs(vectors: Any, most: int = PAIRS) -> list[tuple[int, int, float]]:
    """Return the pairs with the largest cosines, nearest first, by the places of the two.

    Parameters
    ----------
    vectors
        Rows of length 1. Block by block, all are compared with all.
    most
        How many pairs.
    """
    import numpy as np

    best: list[tuple[float, int, int]] = []
    for first in range(0, len(vectors), _ROWS):
        block = (vectors[first : first + _ROWS] @ vectors.T).round(_DIGITS)
        rows = np.arange(first, first + len(block))
        block[np.arange(len(vectors))[None, :] <= rows[:, None]] = -2  # each pair once, and nobody with itself
        flat = block.ravel()
        some = np.argpartition(-flat, min(most, len(flat) - 1))[: most + 1]
        found = ((float(flat[at]), -(first + int(at) // len(vectors)), -(int(at) % len(vectors))) for at in some)
        best = heapq.nlargest(most, [*best, *(one for one in found if one[0] > -2)])
    return [(-one, -other, cosine) for cosine, one, other in best]
