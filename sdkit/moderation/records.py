"""What is said in a record: a `Dialog`, its JSON, or a record of the dialogue factory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from sdkit.dialog import Dialog
from sdkit.errors import InputError
from sdkit.moderation.findings import Finding

Record = Dialog | Mapping[str, Any]
"""A dialogue; its JSON; or ``{"dialogue_id": ..., "turns": [{"utterance": ..., "assistant_response": ...}, ...]}``."""
FINDINGS, PROBLEM = "moderation", "moderation_failed"
"""What is added to a record that is flagged, and to one that could not be judged."""
_SAID = ("text", "utterance", "assistant_response")


class Said(NamedTuple):
    """Something that is said in a record: in which of its turns, in which field, and what."""

    turn: int
    field: str
    text: str


def said_in(record: Record) -> list[Said]:
    """Return what is said in a record, in order; a turn of the factory is two utterances.

    Raises
    ------
    InputError
        It is no dialogue.
    """
    if isinstance(record, Dialog):
        return [Said(number, "text", turn.text) for number, turn in enumerate(record.turns)]
    turns = record.get("turns") if isinstance(record, Mapping) else None
    if not isinstance(turns, Sequence) or isinstance(turns, str):
        raise InputError("holds no dialogue: it has no list of turns")
    said: list[Said] = []
    for number, turn in enumerate(turns):
        fields = [name for name in _SAID if name in turn] if isinstance(turn, Mapping) else []
        if not fields:
            raise InputError(f"holds no dialogue: turn {number} has neither {', '.join(_SAID[:-1])} nor {_SAID[-1]}")
        for name in fields:
            if not isinstance(turn[name], str):
                raise InputError(f"holds no dialogue: {name} of turn {number} is a {type(turn[name]).__name__}")
            said.append(Said(number, name, turn[name]))
    return said


def id_of(record: Record) -> int | str | None:
    """Return the id of a record; None if it has none."""
    if isinstance(record, Dialog):
        return record.dialogId
    found = record.get("dialogue_id", record.get("dialogId")) if isinstance(record, Mapping) else None
    return found if isinstance(found, int | str) else None


def with_findings(record: Mapping[str, Any], findings: Sequence[Finding]) -> dict[str, Any]:
    """Return a record with what was found in it; each finding says in which turn of the record, and in which field."""
    said = said_in(record)
    places = ((finding, said[finding.turn]) for finding in findings)
    told = [asdict(finding) | {"turn": place.turn, "field": place.field} for finding, place in places]
    return {**bare(record), FINDINGS: told}


def bare(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record without what moderation has added to it."""
    return {name: value for name, value in record.items() if name not in {FINDINGS, PROBLEM}}
