"""Every exercise: untouched, wrong in each documented way, right. In real kernels, with recorded answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest

from sdkit.exercises.checker import all_steps
from sdkit.exercises.properties import properties, without_answers
from sdkit.exercises.solutions import solution_code
from sdkit.exercises.steps import Step
from sdkit.teaching import building, notebooks, workspace

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
STEPS = [(name, step) for name, steps in all_steps().items() for step in steps]

# What is run after a step's check: each mistake, in names of its own; without a judge, and not for long.
TRY = """
import sdkit.exercises.checker as _checker

_checker.SECONDS = 2


def _tried(name, title, number):
    step = next(step for step in _checker.all_steps()[name] if step.__name__ == title)
    from sdkit import Dialog, Turn

    mine = {{**globals(), "Dialog": Dialog, "Turn": Turn}}
    exec(step.mistakes[number].code, mine)
    said = _checker.exercise(name).check(**{{each: mine[each] for each in step.names()}})
    return said.kind, said.hint, str(said)


import json as _json

for _number in range({count}):
    print(_json.dumps(_tried("{name}", "{step}", _number)))
"""


def checked(cell: nbformat.NotebookNode) -> bool:
    return cell.cell_type == "code" and "ex.check(" in cell.source


def shown(cell: nbformat.NotebookNode) -> str:
    return "".join(output.data["text/plain"] for output in cell.outputs if "data" in output)


def test_each_exercise_has_a_source() -> None:
    assert {name.split("-")[0] for name, _ in STEPS} == {workspace.number_of(path) for path in SOURCES}


@pytest.mark.parametrize(("name", "step"), STEPS, ids=[f"{name}-{step.__name__}" for name, step in STEPS])
def test_a_step_has_all_that_students_need(name: str, step: type[Step]) -> None:
    assert len(step.hints) >= 2
    assert len(step.mistakes) >= 2
    assert step.stretch
    assert all(1 <= mistake.hint <= len(step.hints) for mistake in step.mistakes)
    assert solution_code(name, step.__name__)


@pytest.mark.parametrize("name", all_steps())
def test_the_names_that_are_checked_tell_which_step_is_meant(name: str) -> None:
    names = [frozenset(step.names()) for step in all_steps()[name]]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_lesson_is_what_its_solutions_make(source: Path) -> None:
    assert building.is_made_from(building.lesson_of(source), source)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_untouched_each_step_says_not_started(source: Path) -> None:
    cells = notebooks.read(building.lesson_of(source)).cells
    said = [shown(cell) for cell in cells if checked(cell)]
    assert len(said) == sum(len(steps) for name, steps in all_steps().items() if _in(name, source))
    assert all(text.startswith("○ NOT STARTED") for text in said)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_right_answers_are_done_and_each_mistake_is_caught(source: Path) -> None:
    notebook = notebooks.read(source)
    cells, steps = [], [(name, step) for name, step in STEPS if _in(name, source)]
    for cell in notebook.cells:
        cells.append(cell)
        if checked(cell):
            name, step = steps[len([one for one in cells if one.get("id", "").startswith("try")])]
            code = TRY.format(name=name, step=step.__name__, count=len(step.mistakes))
            cells.append(nbformat.v4.new_code_cell(code, id=f"try-{step.__name__}"))
    notebook.cells = cells

    result = notebooks.execute(notebook, source, {"SDKIT_LLM": "check", "SDKIT_STRICT": ""})  # where nothing is saved

    assert result.problem is None
    right = [shown(cell) for cell in cells if checked(cell)]
    assert all(said.startswith("● DONE") for said in right), right
    tries = [cell for cell in cells if cell.get("id", "").startswith("try")]
    for (_, step), cell in zip(steps, tries, strict=True):
        lines = [json.loads(line) for line in "".join(output.get("text", "") for output in cell.outputs).splitlines()]
        for mistake, (kind, hint, text) in zip(step.mistakes, lines, strict=True):
            assert (kind, hint) == ("not yet", mistake.hint), (mistake.title, text)
            assert re.search(r"\w", without_answers(step, text.splitlines()[1].strip())), (mistake.title, text)


@pytest.mark.parametrize(("name", "step"), STEPS, ids=lambda part: getattr(part, "__name__", part))
def test_what_a_step_asks_for_can_be_told(name: str, step: type[Step]) -> None:
    asked = properties(step)
    assert asked
    assert all(re.search(r"\w", one) for one in asked), asked


def _in(name: str, source: Path) -> bool:
    return name.split("-", maxsplit=1)[0] == workspace.number_of(source)
