"""How far a class is: what students have handed in, put together by step."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pydantic import ValidationError

from sdkit.errors import FileError, first_problem
from sdkit.exercises.checker import all_steps
from sdkit.exercises.outcome import DONE, NOT_STARTED, NOT_YET, Table
from sdkit.files import read_data
from sdkit.rendering import shown
from sdkit.teaching.class_export import VERSION, Handed, Row

_LARGEST = 2**20  # bytes of a file; one of ours has some ten thousand


@dataclass(frozen=True)
class StepSummary:
    """How far a class is with one step.

    Attributes
    ----------
    exercise, title : str
        Which one.
    done, not_yet, not_started : int
        How many students are so far.
    checks, hints, minutes : float or None
        Medians: checks and hints of those who have begun, minutes of those who are done.
    solutions : int
        How many looked at the solution before they were done.
    missing : str
        What is missing most often, and how often.
    """

    exercise: str
    title: str
    done: int
    not_yet: int
    not_started: int
    checks: float | None
    hints: float | None
    minutes: float | None
    solutions: int
    missing: str


@dataclass(frozen=True)
class Stuck:
    """A student who has checked a step, and is not done with it: their token, the step, and how far they are."""

    token: str
    exercise: str
    title: str
    row: Row


@dataclass(frozen=True)
class Summary:
    """How far a class is.

    Attributes
    ----------
    students : int
        How many have handed in.
    steps : list of StepSummary
        The steps that somebody has begun, in order.
    untouched : list of str
        The exercises that nobody has begun.
    stuck : list of Stuck
        Who is stuck where; most checks first.
    left_out : list of str
        The files that could not be read, and why; those that say they are of one student, and contradict each other;
        and how many older ones of the same student there are.
    """

    students: int
    steps: list[StepSummary]
    untouched: list[str]
    stuck: list[Stuck]
    left_out: list[str]


def read(folder: Path) -> Summary:
    """Read what students have handed in, also in folders within the folder.

    Raises
    ------
    FileError
        There is no such folder, or nothing in it that can be read.
    """
    if not folder.is_dir():
        raise FileError(folder, "is not a folder" if folder.exists() else "does not exist")
    found: dict[str, dict[Path, Handed]] = {}
    left_out, older = [], 0
    for path in sorted(folder.rglob("*.json")):
        name = path.relative_to(folder)
        try:
            handed = _handed(path)
        except FileError as error:
            left_out.append(f"{name}: {error.problem}")
        else:
            found.setdefault(handed.token, {})[name] = handed
    if not found:
        why = f"; left out: {'; '.join(left_out)}" if left_out else ""
        raise FileError(folder, f"has no progress in it: collect the files that `class export` makes there{why}")
    newest = {}
    for token, files in found.items():
        in_order = sorted(files, key=lambda name: files[name].when)
        newest[token] = files[in_order[-1]]
        if all(_of_one(files[one], files[other]) for one, other in pairwise(in_order)):
            older += len(files) - 1
        else:
            left_out.append(_differ([str(name) for name in in_order]))
    if older:
        left_out.append(f"{older} older {'file' if older == 1 else 'files'} of students who have exported again")
    return summarised(newest.values(), left_out)


def summarised(all_handed: Iterable[Handed], left_out: Iterable[str] = ()) -> Summary:
    """Return how far the students are."""
    students = sorted(all_handed, key=lambda handed: handed.token)
    titles = {(name, step.__name__): step.title() for name, steps in all_steps().items() for step in steps}
    rows = {handed.token: {(row.exercise, row.step): row for row in handed.steps} for handed in students}
    for one in rows.values():
        titles |= {key: key[1] for key in one if key not in titles}  # of another version
    begun = [key for key in titles if any(_begun(one.get(key)) for one in rows.values())]
    exercises = dict.fromkeys(name for name, _ in titles)
    stuck = [
        Stuck(token, key[0], titles[key], one[key])
        for token, one in rows.items()
        for key in begun
        if key in one and one[key].outcome == NOT_YET
    ]
    return Summary(
        len(students),
        [_step(key[0], titles[key], [one.get(key) for one in rows.values()]) for key in begun],
        [name for name in exercises if name not in {key[0] for key in begun}],
        sorted(stuck, key=lambda one: -one.row.checks),
        list(left_out),
    )


def step_table(summary: Summary) -> Table:
    """Return a row for each step."""
    names = ("exercise", "step", "done", "not yet", "not started", "checks", "hints", "minutes", "solutions")
    rows = [
        (
            *(shown(one.exercise), shown(one.title), str(one.done), str(one.not_yet), str(one.not_started)),
            *(number(one.checks), number(one.hints), number(one.minutes), str(one.solutions)),
        )
        for one in summary.steps
    ]
    return Table(names, tuple(rows))


def stuck_table(summary: Summary) -> Table:
    """Return a row for each student and step that is not done yet."""
    names = ("student", "exercise", "step", "checks", "hints", "solution", "what is missing")
    rows = [
        (
            *(one.token, shown(one.exercise), shown(one.title), str(one.row.checks), str(one.row.hints)),
            *("shown" if one.row.solution else "", shown(one.row.wanted)),
        )
        for one in summary.stuck
    ]
    return Table(names, tuple(rows))


def text(summary: Summary) -> str:
    """Return the summary for a terminal."""
    lines = [f"{summary.students} {'student' if summary.students == 1 else 'students'}."]
    lines += ["", str(step_table(summary)), LEGEND] if summary.steps else ["Nobody has begun an exercise."]
    if summary.untouched:
        lines += ["", f"Nobody has begun: {', '.join(map(shown, summary.untouched))}"]
    if summary.stuck:
        lines += ["", "Who is stuck where, most checks first:", str(stuck_table(summary))]
    if summary.left_out:
        lines += ["", "Left out:", *(f"  {shown(line)}" for line in summary.left_out)]
    return "\n".join(lines)


LEGEND = (
    "Checks and hints: the median of those who have begun. Minutes: the median of those who are done, from their first "
    "check or hint. Solutions: how many looked at it before."
)


def number(value: float | None) -> str:
    """Return a number as people read it; a dash for none."""
    return "–" if value is None else f"{value:.1f}".removesuffix(".0")


def _handed(path: Path) -> Handed:
    """Read a file.

    Raises
    ------
    FileError
        It cannot be read, is none of ours, or of another version.
    """
    if not path.is_file():  # a pipe would be waited for
        raise FileError(path, "is not a file")
    data = read_data(path, "json", _LARGEST)
    if not isinstance(data, dict) or not {"version", "token", "steps"} <= data.keys():
        raise FileError(path, "is no progress that `class export` has made")
    if data["version"] != VERSION:
        raise FileError(path, f"is of version {json.dumps(data['version'])[:20]}; this sdkit reads version {VERSION}")
    try:
        return Handed.model_validate(data)
    except ValidationError as error:
        raise FileError(path, f"is broken: {first_problem(error)}") from error


def _of_one(handed: Handed, other: Handed) -> bool:
    """Tell whether one of two files can be a later state of the other."""
    one, two = ({(row.exercise, row.step): row for row in it.steps} for it in (handed, other))
    pairs = [(one[key], two[key]) for key in one.keys() & two.keys()]
    return all(_leads_to(*pair) for pair in pairs) or all(_leads_to(after, before) for before, after in pairs)


def _leads_to(before: Row, after: Row) -> bool:
    """Tell whether work goes on from one row to another; once a step is done, its row stays."""
    if before.outcome == DONE:
        return after == before
    outcomes = [NOT_STARTED, NOT_YET, DONE]
    return (
        outcomes.index(before.outcome) <= outcomes.index(after.outcome)
        and before.checks <= after.checks
        and before.hints <= after.hints
        and before.solution <= after.solution
    )


def _differ(names: list[str]) -> str:
    return (
        f"{len(names)} files say they are the same student, and differ: {', '.join(names)}. Only the newest counts, "
        f"{names[-1]}. If they are several students, who have copied a folder: let all but one of them delete "
        "output/exercises/token.txt, and export again"
    )


def _begun(row: Row | None) -> bool:
    return row is not None and (row.outcome != NOT_STARTED or row.hints > 0 or row.solution)


def _step(exercise: str, title: str, found: list[Row | None]) -> StepSummary:
    rows = [row for row in found if row is not None and _begun(row)]
    outcomes = Counter(row.outcome for row in rows)
    missing = Counter(row.wanted for row in rows if row.outcome == NOT_YET and row.wanted).most_common(1)
    return StepSummary(
        exercise,
        title,
        outcomes[DONE],
        outcomes[NOT_YET],
        len(found) - outcomes[DONE] - outcomes[NOT_YET],
        _median(row.checks for row in rows),
        _median(row.hints for row in rows),
        _median(row.minutes for row in rows if row.minutes is not None),
        sum(row.solution for row in rows),
        f"{missing[0][0]} ({missing[0][1]}×)" if missing else "",
    )


def _median(values: Iterable[float]) -> float | None:
    found = list(values)
    return statistics.median(found) if found else None
