"""A student's progress as one small file to hand in: no names, no answers, no places on a machine."""

from __future__ import annotations

import json
import re
import secrets
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

import sdkit
from sdkit.errors import FileError, InputError
from sdkit.exercises import record
from sdkit.exercises.checker import all_steps
from sdkit.exercises.outcome import DONE, NOT_STARTED, NOT_YET
from sdkit.exercises.properties import without_answers
from sdkit.exercises.steps import Step
from sdkit.files import locked, read_text, write_text

VERSION = 1
"""Of the files."""

_TOKEN = r"^[0-9a-f]{8}$"
_CHECKS, _HINTS, _MINUTES, _WORDS = 100_000, 1000, 1_000_000.0, 1000
"""The largest of each that a file may hold; a million minutes are two years."""


class Row(BaseModel):
    """How far a student is with one step; the parts are those of `sdkit.exercises.record.Progress`."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    exercise: str = Field(max_length=100)
    step: str = Field(max_length=100)
    outcome: str = Field(pattern=f"^({NOT_STARTED}|{NOT_YET}|{DONE})$")
    checks: int = Field(ge=0, le=_CHECKS)
    hints: int = Field(ge=0, le=_HINTS)
    solution: bool
    minutes: float | None = Field(ge=0, le=_MINUTES)
    wanted: str = Field(max_length=_WORDS)


class Handed(BaseModel):
    """What a student hands in.

    Attributes
    ----------
    version : int
        Of the form of the file.
    token : str
        A random number of the workspace: two files with the same one are the same student's.
    when : datetime
        When it was made.
    sdkit : str
        The version of sdkit.
    steps : list of Row
        How far they are.
    """

    model_config = ConfigDict(frozen=True)

    version: int
    token: str = Field(pattern=_TOKEN)
    when: AwareDatetime
    sdkit: str = Field(max_length=50)
    steps: list[Row] = Field(max_length=1000)


def write(file: Path | None = None) -> list[str]:
    """Write the file; one that was exported before is replaced.

    Parameters
    ----------
    file
        Where to; by default beside what is exported.

    Returns
    -------
    list of str
        What there is to say about it, a line each.

    Raises
    ------
    InputError
        The name does not end in .json.
    FileError
        There is no progress, it cannot be read, or the file cannot be written.
    """
    if file is not None and file.suffix.lower() != ".json":
        raise InputError(f"{file} does not end in .json; progress is exported as JSON")
    source = record.place()
    if not source.exists():
        raise FileError(source, "does not exist: nothing was checked yet, or this is not the folder of the workshop")
    lines, note = record.lines(source)
    steps = {(name, step.__name__): step for name, found in all_steps().items() for step in found}
    rows = [_row(row, steps[row.exercise, row.step]) for row in record.progress(steps, lines)]
    now = datetime.now(UTC).replace(microsecond=0)
    handed = Handed(version=VERSION, token=token(source.parent), when=now, sdkit=sdkit.__version__, steps=rows)
    path = file or source.with_name(f"progress-{handed.token}.json")
    write_text(path, json.dumps(handed.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n")
    counts = Counter(row.outcome for row in rows)
    told = [
        f"{path}",
        f"In it: steps done: {counts[DONE]}, not yet: {counts[NOT_YET]}, not started: {counts[NOT_STARTED]}. For each: "
        "how often it was checked, how many hints and whether the solution were looked at, the minutes, and what was "
        "missing last.",
        f"It holds no answers and no names. {handed.token} is a random number of this folder: exporting again replaces "
        "this file, and what you have handed in.",
    ]
    return told + ([f"{note}. They are not in it."] if note else [])


def token(folder: Path) -> str:
    """Return the random number of a workspace; it is made once.

    Raises
    ------
    FileError
        It cannot be read or written.
    """
    path = folder / "token.txt"
    with locked(path.with_suffix(".lock"), path, wait=10):
        if not path.exists():
            write_text(path, secrets.token_hex(4) + "\n")
        try:
            found = read_text(path, max_bytes=1000).strip()
        except FileError as error:
            raise FileError(path, f"{error.problem}; delete it, and export again") from error
    if not re.fullmatch(_TOKEN, found):
        raise FileError(path, "holds something else than the token of this folder; delete it, and export again")
    return found


def _row(row: record.Progress, step: type[Step]) -> Row:
    """Return what goes into the file; somebody may have edited the lines that it is from, so numbers are capped."""
    minutes = None if row.minutes is None or row.minutes < 0 else round(min(row.minutes, _MINUTES), 1)
    numbers = {"checks": min(row.checks, _CHECKS), "hints": min(row.hints, _HINTS), "minutes": minutes}
    return Row(**vars(row) | numbers | {"wanted": without_answers(step, row.wanted)[:_WORDS]})
