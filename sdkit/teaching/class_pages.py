"""The pages of an instructor's pack, as texts: pure functions of the exercises and of what ``class.yaml`` says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from sdkit.errors import SdkitError
from sdkit.exercises.outcome import joined
from sdkit.exercises.properties import properties
from sdkit.exercises.solutions import solution_code
from sdkit.exercises.steps import SECONDS, Step
from sdkit.files import data_text
from sdkit.teaching.class_plan import Steps, lesson_of
from sdkit.teaching.classroom import FILE, FOLDER, Classroom, hints_file
from sdkit.teaching.openings import Opening

HintsOf = Callable[[type[Step]], tuple[str, ...]]


def settings(lessons: Mapping[str, Opening], steps: Steps, minutes_a_day: int = 390) -> str:
    """Return a first ``class.yaml``: all lessons and exercises."""
    lines = [
        "# Your class. Change what you like, and run `class init` again: it makes the other files anew, and leaves",
        f"# {FILE} and translated hints as they are. In a folder {FOLDER} of a student's workshop, this file sets the",
        "# model, the server and the language of the hints.",
        "title: Synthetic dialogues  # stands above the plan",
        "lessons:  # in this order; take a line out, and the lesson is left out",
        *(f'  - "{one.number}"  # {_comment(one)}' for one in lessons.values()),
        "exercises:  # those that you do; each belongs to the lesson that its name begins with",
        *(f"  - {name}  # {_minutes(names)}: {names[0].title()}" for name, names in steps.items()),
        'model: ""  # answers where a student changes something, such as qwen2.5:14b; "" leaves that to each machine',
        'server: ""  # the Ollama of the class, such as http://192.168.1.20:11434; "" for each machine\'s own',
        "days: 1  # how many days you have",
        f"minutes_a_day: {minutes_a_day}  # of one of them, with short breaks, without lunch",
        "language: en  # of the hints: de takes hints.de.yaml, which you make of hints.en.yaml",
    ]
    return "\n".join(lines) + "\n"


def answers(room: Classroom, steps: Steps, hints_of: HintsOf) -> str:
    """Return a page with what each step checks, its hints, and a solution."""
    lines = [
        f"# Answers: {room.title}",
        "",
        "Not for students. A solution is one of many: whatever has the properties that are checked is right. They are "
        "checked in this order, and the first one that is missing is told. A “…” is what is known only at the check. "
        f"Code that raises an error, or runs for more than {SECONDS:g} seconds, is not done yet.",
    ]
    for name, number, step in _each(room, steps):
        lines += _heading(name, number, step)
        lines += [
            f"It takes {joined([f'`{arg}`' for arg in step.names()])}; {step.minutes} minutes.",
            "",
            "What is checked:",
            "",
        ]
        lines += [f"{i}. {_text(wanted)}" for i, wanted in enumerate(properties(step), start=1)]
        lines += ["", "Hints:", "", *(f"{i}. {_text(hint)}" for i, hint in enumerate(hints_of(step), start=1))]
        lines += [
            "",
            "A solution:",
            "",
            "```python",
            _solution(name, step),
            "```",
            "",
            f"For those who are done: {_text(step.stretch)}",
        ]
    return "\n".join(lines) + "\n"


def mistakes(room: Classroom, steps: Steps, hints_of: HintsOf) -> str:
    """Return a page with the mistakes that people make, by step, and the hint that helps."""
    lines = [
        f"# Common mistakes: {room.title}",
        "",
        "The checker catches each of these, and points to the hint that stands beside it.",
    ]
    for name, number, step in _each(room, steps):
        hints = hints_of(step)
        lines += [*_heading(name, number, step), "| mistake | hint | what it says |", "|---|---|---|"]
        lines += [f"| {_cell(one.title)} | {one.hint} | {_cell(hints[one.hint - 1])} |" for one in step.mistakes]
    return "\n".join(lines) + "\n"


def hints(texts: object) -> str:
    """Return the file with all hints in English."""
    return (
        f"# All hints. To translate them: copy this file to {hints_file('de')} (for German, say), translate the\n"
        f"# texts, leave the names, and set language: de in {FILE}. What is missing there is shown in English.\n"
        "# Changes in this file itself are lost: it is made anew.\n" + data_text(texts, "yaml")
    )


def _each(room: Classroom, steps: Steps) -> Iterator[tuple[str, str, type[Step]]]:
    """Yield the steps of a class: the exercise, which of how many, the step."""
    for name in sorted(room.exercises, key=lambda name: room.lessons.index(lesson_of(name))):
        count = len(steps[name])
        for i, step in enumerate(steps[name], start=1):
            yield name, f", step {i} of {count}" if count > 1 else "", step


def _heading(name: str, number: str, step: type[Step]) -> list[str]:
    return ["", f"## {name}{number}: {step.title()}", ""]


def _solution(name: str, step: type[Step]) -> str:
    try:
        return solution_code(name, step.__name__)
    except SdkitError as error:
        return f"# {error}"


def _minutes(steps: Iterable[type[Step]]) -> str:
    return f"{sum(step.minutes for step in steps)} minutes"


def _comment(lesson: Opening) -> str:
    return f"{lesson.minutes} minutes: {lesson.title}" + ("; homework" if lesson.is_homework else "")


def _text(text: str) -> str:
    """Return a text for Markdown, that is readable as it is, too; what it says in backticks stays code."""
    return text if "`" in text else re.sub(r"[<*\\]|(?<!\w)_|_(?!\w)", r"\\\g<0>", text)


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|").replace("\n", " ")
