"""What every lesson keeps to, and that the contract notices when one does not."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from sdkit.teaching import contract
from sdkit.teaching.workspace import number_of

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


def test_there_are_lessons() -> None:
    numbers = ["00", "01", "02", "03", "04", "05", "06", "07", "07b", "08", "09", "10", "11", "12", "13", "14"]
    assert [number_of(lesson) for lesson in LESSONS] == numbers


def test_the_readme_lists_the_lessons_with_their_titles_and_minutes_in_order() -> None:
    rows = re.findall(r"\| \[(.+?)\]\(notebooks/(.+?)\) \| .+ \| (\d+) \|", (ROOT / "README.md").read_text("utf-8"))
    found = []
    for lesson in LESSONS:
        opening = nbformat.read(lesson, 4).cells[0].source
        title = opening.splitlines()[0].removeprefix("# ")
        minutes = re.search(r"\*\*Time\.\*\* About (\d+) minutes", opening)
        assert minutes, lesson.name
        found.append((f"{number_of(lesson)} {title}", lesson.name, minutes[1]))
    assert [row[1:] for row in rows] == [lesson[1:] for lesson in found]
    for (listed, *_), (title, *_) in zip(rows, found, strict=True):
        assert title.startswith(listed)


def test_each_lesson_links_to_the_next_one() -> None:
    for lesson, following in pairwise(LESSONS):
        assert f"]({following.name})" in "".join(cell.source for cell in nbformat.read(lesson, 4).cells[-3:]), (
            lesson.name
        )


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_keeps_to_the_contract(lesson: Path) -> None:
    assert contract.problems(lesson) == []


def out(**data: str) -> Any:
    return nbformat.v4.new_output("display_data", data={name.replace("_", "/", 1): text for name, text in data.items()})


def good() -> Any:
    cells = [
        nbformat.v4.new_markdown_cell("# A\n**What you'll do.** **What you'll learn.** **What you need.** **Time.**")
    ]
    for number in range(1, 4):
        cells.append(nbformat.v4.new_code_cell(f"x = {number}", execution_count=number, outputs=[out(text_plain="1")]))
    cells.append(nbformat.v4.new_markdown_cell("## Exercises\n\n**Next:** [another](lesson.ipynb)"))
    return nbformat.v4.new_notebook(cells=cells)


def check(notebook: Any, tmp_path: Path) -> list[str]:
    file = tmp_path / "lesson.ipynb"
    nbformat.write(notebook, file)
    return contract.problems(file)


def test_a_good_lesson_has_no_problems(tmp_path: Path) -> None:
    assert check(good(), tmp_path) == []


def _code(change: dict[str, Any]) -> Callable[[Any], None]:
    return lambda notebook: notebook.cells[1].update(change)


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (_code({"execution_count": None}), "was not saved after a run from top to bottom"),
        (_code({"execution_count": 7}), "was not saved after a run from top to bottom"),
        (_code({"outputs": []}), "fewer than 3 code cells with an output"),
        (_code({"metadata": {"tags": ["nbval-ignore-output"]}}), "code cell 1 is not compared"),
        (_code({"source": "# NBVAL_IGNORE_OUTPUT\nx"}), "code cell 1 is not compared"),
        (_code({"outputs": [nbformat.v4.new_output("error", ename="E")]}), "code cell 1 ends in an error"),
        (_code({"outputs": [out(**{"application_vnd.jupyter.widget-view+json": "{}"})]}), "has a widget in its output"),
        (_code({"source": "!ollama serve &"}), "has a magic or a shell command"),
        (_code({"source": "  %time x"}), "has a magic or a shell command"),
        (_code({"source": "get_ipython().system('ls')"}), "has a magic or a shell command"),
        (_code({"source": "from tqdm import tqdm"}), "use tqdm.auto"),
        (_code({"source": "x\n" * 26}), "has more than 25 lines"),
        (_code({"source": "open('/home/ana/x')"}), "names a place on one machine: /home/"),
        (_code({"outputs": [out(text_plain="C:\\Users")]}), "names a place on one machine"),
        (_code({"source": "key = 'sk-" + "a1" * 12 + "'"}), "holds what looks like a key"),
        (lambda notebook: notebook.metadata.update(widgets={}), "saved widgets"),
        (lambda notebook: notebook.cells[0].update(source="# A"), "does not say 'Time'"),
        (lambda notebook: notebook.cells[-1].update(source="## Exercises"), "does not link onward"),
        (lambda notebook: notebook.cells[-1].update(source="[x](lesson.ipynb)"), "has no exercises"),
        (lambda notebook: notebook.cells[-1].update(source="## Exercises [x](gone.ipynb)"), "links to gone.ipynb"),
    ],
)
def test_what_is_wrong_with_a_lesson_is_named(tmp_path: Path, spoil: Callable[[Any], None], problem: str) -> None:
    notebook = good()
    spoil(notebook)
    found = check(notebook, tmp_path)
    assert any(problem in line for line in found), found
