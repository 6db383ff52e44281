"""What a student has done: a line for each check, hint and solution, under ``output/exercises``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sdkit.errors import FileError
from sdkit.files import locked
from sdkit.jsonl import append_line, read_lines
from sdkit.teaching import workspace

VERSION = 1
"""Of the lines; those of another version are left alone."""

_MANY = 100  # hints that no step has
_WAIT = 10.0  # seconds, for another notebook that is writing its line


@dataclass(frozen=True)
class Progress:
    """How far a student is with one step.

    Attributes
    ----------
    exercise, step : str
        Which one.
    outcome : str
        The best so far: "not started", "not yet" or "done".
    checks : int
        How often it was checked, until it was done.
    hints : int
        How many of its hints were shown.
    solution : bool
        Whether its solution was shown before it was done.
    wanted : str
        The property that failed last, while it is not done.
    minutes : float or None
        From the first line about it until it was done.
    """

    exercise: str
    step: str
    outcome: str = "not started"
    checks: int = 0
    hints: int = 0
    solution: bool = False
    wanted: str = ""
    minutes: float | None = None


def place(root: Path | None = None) -> Path:
    """Return the file of a workspace; by default of the one that the current folder is in."""
    return (root or workspace.root_of(Path.cwd())) / "output" / "exercises" / "progress.jsonl"


def is_kept() -> bool:
    """Tell whether anything is saved: not where solutions are tested ($SDKIT_STRICT), or lessons recorded."""
    return not is_strict() and os.environ.get("SDKIT_LLM", "") not in {"check", "record"}


def is_strict() -> bool:
    """Tell whether whatever is not done is an error."""
    return os.environ.get("SDKIT_STRICT", "") not in {"", "0"}


def add(exercise: str, step: str, event: str, answers: Mapping[str, str] | None = None, **more: Any) -> None:
    """Append a line.

    Raises
    ------
    FileError
        It cannot be written.
    """
    if not is_kept():
        return
    when = datetime.now(UTC).isoformat(timespec="seconds")
    line = {"version": VERSION, "when": when, "exercise": exercise, "step": step, "event": event} | more
    if answers:
        line["answers"] = dict(answers)
    path = place()
    with locked(path.with_suffix(".lock"), path, wait=_WAIT):
        append_line(path, line)


def lines(path: Path | None = None) -> tuple[list[dict[str, Any]], str]:
    """Return the lines of this version, and in words what else is in the file; nothing, if nothing else is.

    Raises
    ------
    FileError
        It is there, and cannot be read.
    """
    path = path or place()
    broken: list[FileError] = []
    found = read_lines(path, broken.append)
    ours = [line for line in found if isinstance(line, dict) and line.get("version", VERSION) == VERSION]
    others = sum(isinstance(line, dict) for line in found) - len(ours)
    good = [line for line in ours if _has_parts(line)]
    bad = len(broken) + len(found) - others - len(good)
    notes = []
    if bad:
        notes.append(f"{bad} broken" + (f" (the first is line {broken[0].line})" if broken else ""))
    if others:
        notes.append(f"{others} of another version of sdkit")
    told = f"{path.name} has lines that are left out here, and left alone: {' and '.join(notes)}" if notes else ""
    return good, told


def _has_parts(line: Mapping[str, Any]) -> bool:
    hint = line.get("hint", 1)
    if not isinstance(hint, int) or not 0 <= hint <= _MANY:
        return False
    return all(isinstance(line.get(name), str) for name in ("when", "exercise", "step", "event"))


def progress(of: Iterable[tuple[str, str]], found: Iterable[Mapping[str, Any]]) -> list[Progress]:
    """Return how far somebody is, a row for each step; what comes after the first DONE does not count.

    Parameters
    ----------
    of
        The steps: the name of the exercise, and of the step.
    found
        Lines, as `lines` returns them.
    """
    rows = {key: Progress(*key) for key in of}
    begun: dict[tuple[str, str], str] = {}
    for line in found:
        key = (line["exercise"], line["step"])
        if key not in rows or rows[key].outcome == "done":
            continue
        begun.setdefault(key, line["when"])
        rows[key] = _after(rows[key], line, begun[key])
    return list(rows.values())


def _after(row: Progress, line: Mapping[str, Any], begun: str) -> Progress:
    match line["event"]:
        case "hint":
            return replace(row, hints=max(row.hints, int(line.get("hint", 0))))
        case "solution":
            return replace(row, solution=True)
        case "not yet":
            return replace(row, outcome="not yet", checks=row.checks + 1, wanted=str(line.get("wanted", "")))
        case "done":
            return replace(row, outcome="done", checks=row.checks + 1, wanted="", minutes=_minutes(begun, line["when"]))
    return row


def _minutes(begun: str, ended: str) -> float | None:
    try:
        return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds() / 60
    except (ValueError, TypeError):
        return None
