"""What is kept of a dialogue of MultiWOZ, whichever form its file has: who says what, about which services."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sdkit.errors import InputError

USER, SYSTEM = "User", "System"
_SPEAKERS: dict[Any, str] = {"USER": USER, "SYSTEM": SYSTEM, 0: USER, 1: SYSTEM}  # Hugging Face has the numbers
_UNSAID: tuple[Any, ...] = ("", "not mentioned", "none", [], None)
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Record:
    """A dialogue without its annotation, which is many times as long.

    Attributes
    ----------
    id, split
        As in the file; the split is "" where none is known.
    services
        What it is about, such as ("hotel", "taxi").
    speakers, texts
        Who says each turn, "User" or "System", and what.
    goal
        What the user was told to get, a sentence a line; or "".
    """

    id: str
    split: str
    services: tuple[str, ...]
    speakers: tuple[str, ...]
    texts: tuple[str, ...]
    goal: str


def record_of(data: Any, split: str) -> Record:
    """Return what is kept of a dialogue in a file.

    Raises
    ------
    InputError
        It is in none of the forms, or broken; says where.
    """
    if not isinstance(data, dict) or not ("turns" in data or "log" in data):
        there = f"the keys {', '.join(map(repr, data))}" if isinstance(data, dict) and data else repr(data)
        raise InputError(
            "is in no form of MultiWOZ that is known: a dialogue has turns (2.2, Hugging Face) or a log (2.1), and "
            f"this is {there:.120}"
        )
    name = data.get("dialogue_id")
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"has the dialogue_id {name!r:.60}; a text is needed")
    try:
        speakers, texts = zip(*_said_in_turns(data) if "turns" in data else _said_in_log(data["log"]), strict=True)
        services = _services(data)
        goal = _goal(data)
    except InputError as error:
        raise InputError(f"(dialogue {name}) {error}") from None
    return Record(name, split, services, speakers, texts, goal)


# -- who says what


def _said_in_turns(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    said = []
    for number, turn in enumerate(_all(data["turns"], "turns"), start=1):
        speaker, text = turn.get("speaker"), turn.get("utterance")
        key = speaker.upper() if isinstance(speaker, str) else speaker
        if isinstance(key, bool) or not isinstance(key, str | int) or key not in _SPEAKERS:
            raise InputError(f"has the speaker {speaker!r:.60} in turn {number}; give USER or SYSTEM, or 0 or 1")
        said.append((_SPEAKERS[key], _text(text, "utterance", number)))
    return said


def _said_in_log(log: Any) -> list[tuple[str, str]]:
    """Return what is said in a log of 2.1, in which user and system take turns."""
    turns = enumerate(_all(log, "log"), start=1)
    return [((SYSTEM, USER)[number % 2], _text(turn.get("text"), "text", number)) for number, turn in turns]


def _all(turns: Any, name: str) -> list[dict[str, Any]]:
    rows = _rows(turns)
    if rows is None or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"has {name} that are no list of turns, and no lists of equal length: {turns!r:.60}")
    if not rows:
        raise InputError(f"has no {'turns' if name == 'turns' else 'turns in its log'}")
    return rows


def _rows(value: Any) -> list[Any] | None:
    """Return a list as it is, and a dict of parallel lists, as Hugging Face has them, as a list of dicts."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict) or not all(isinstance(column, list) for column in value.values()):
        return None
    if len({len(column) for column in value.values()}) > 1:
        return None
    return [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]


def _text(text: Any, name: str, number: int) -> str:
    if not isinstance(text, str):
        raise InputError(f"has the {name} {text!r:.60} in turn {number}; a text is needed")
    return text


# -- about what


def _services(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the services that are named; or else those that somebody asks for, or that the goal is about."""
    named = data.get("services") or ()
    if not isinstance(named, list | tuple) or not all(isinstance(service, str) for service in named):
        raise InputError(f"has the services {named!r:.60}; a list of names is needed")
    return tuple(dict.fromkeys(named)) or _asked_for(data.get("turns")) or _of_goal(data)


def _asked_for(turns: Any) -> tuple[str, ...]:
    """Return the services with an active intent in some turn, in order of appearance."""
    frames = [frame for turn in _rows(turns) or () for frame in _rows(turn.get("frames")) or ()]
    intents = [(frame.get("service"), _dict(frame.get("state")).get("active_intent")) for frame in map(_dict, frames)]
    return tuple(dict.fromkeys(service for service, intent in intents if service and intent not in (None, "", "NONE")))


def _of_goal(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the services of a goal of 2.1 in the order in which they come up, which the goal does not have."""
    goal, log = _dict(data.get("goal")), data.get("log") or ()
    wanted = [service for service, about in goal.items() if isinstance(about, dict) and about and service != "topic"]
    first = {service: _first_told(service, log) for service in wanted}
    return tuple(sorted(wanted, key=first.__getitem__))


def _first_told(service: str, log: Sequence[Any]) -> int:
    """Return the number of the turn after which something is known of what is wanted of a service."""
    for number, turn in enumerate(log):
        state = _dict(_dict(turn.get("metadata")).get(service))
        if any(value not in _UNSAID for part in ("semi", "book") for value in _dict(state.get(part)).values()):
            return number
    return len(log)


def _goal(data: Mapping[str, Any]) -> str:
    message = data.get("goal_message") or _dict(data.get("goal")).get("message") or ()
    lines: Iterable[Any] = [message] if isinstance(message, str) else message
    return "\n".join(html.unescape(_TAG.sub("", line)).strip() for line in lines if isinstance(line, str))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
