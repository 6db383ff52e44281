"""What every lesson keeps to, so that its outputs can be compared, and read without running it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sdkit.teaching import notebooks

COMPARED = 3
"""How many code cells at least have an output that is compared."""
IGNORED = {"nbval-ignore-output", "nbval-skip"}

_IGNORING = re.compile(r"#\s*(NBVAL_IGNORE_OUTPUT|NBVAL_SKIP|NBVAL_RAISES_EXCEPTION|PYTEST_VALIDATE_IGNORE_OUTPUT)")
_OPENING = ("What you'll do", "What you'll learn", "What you need", "Time")
_SHELL = re.compile(r"^\s*[!%]|get_ipython\(\)", re.MULTILINE)
_PLACE = re.compile(r"/home/|/Users/|/root/|/tmp/|\b[A-Z]:\\+\w")
_KEY = re.compile(r"\b(sk|pk|hf|ghp|xox[bp]|AKIA|AIza)[-_A-Za-z0-9]{16,}")
_NOISY = re.compile(r"from tqdm import|warnings\.warn\(")
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
LONG = 25
"""Lines of a code cell that nobody wants to read in one go."""


def problems(path: Path) -> list[str]:
    """Return what is wrong with a lesson, a line each.

    Raises
    ------
    FileError
        It cannot be read, or is no notebook.
    """
    return list(_problems(notebooks.read(path), path))


def _problems(notebook: Any, path: Path) -> Iterator[str]:
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in cells] != list(range(1, len(cells) + 1)):
        yield "was not saved after a run from top to bottom: its execution counts are not 1, 2, 3, ..."
    if sum(bool(cell.outputs) for cell in cells) < COMPARED:
        yield f"has fewer than {COMPARED} code cells with an output to compare"
    for number, cell in enumerate(cells, 1):
        yield from (f"code cell {number} {problem}" for problem in _of_cell(cell))
    opening = notebook.cells[0].source if notebook.cells else ""
    yield from (f"its first cell does not say {promise!r}" for promise in _OPENING if promise not in opening)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    links = _LINK.findall(text)
    yield from (f"links to {link}, which is not there" for link in links if not (path.parent / link).exists())
    closing = notebook.cells[-1].source if notebook.cells else ""
    if not _LINK.search(closing):
        yield "its last cell does not link onward"
    if not re.search(r"^#+ (Exercise|Your turn)", text, re.MULTILINE):
        yield "has no exercises: a heading Exercises or Your turn"
    if "widgets" in notebook.metadata:
        yield "has saved widgets in it, which GitHub cannot show"
    whole = "\n".join([text, *(str(cell.get("outputs", "")) + cell.source for cell in cells)])
    if found := _PLACE.search(whole):
        yield f"names a place on one machine: {found[0]}"
    if _KEY.search(whole):
        yield "holds what looks like a key"


def _of_cell(cell: Any) -> Iterator[str]:
    if set(cell.metadata.get("tags", [])) & IGNORED or _IGNORING.search(cell.source):
        yield "is not compared: it is tagged to be ignored"
    if any(output.output_type == "error" for output in cell.outputs):
        yield "ends in an error"
    if any(notebooks.WIDGET in output.get("data", {}) for output in cell.outputs):
        yield "has a widget in its output, which is gone after a restart"
    if _SHELL.search(cell.source):
        yield "has a magic or a shell command, which does not run everywhere"
    if _NOISY.search(cell.source):
        yield "shows progress or warnings in a way that differs from run to run: use tqdm.auto, and logging"
    if len(cell.source.splitlines()) > LONG:
        yield f"has more than {LONG} lines"
