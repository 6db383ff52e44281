"""The student's version of a lesson, made from the notebook with the solutions.

People edit ``notebooks/solutions/NN_*.ipynb``. What only the solution has goes: cells that are tagged "solution", and
lines that end in ``# solution``. What stays is the student's: the stub above such a cell, and the check below it.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from sdkit.files import write_text
from sdkit.teaching import notebooks, workspace

SOLUTION = "solution"
"""The tag of a cell that solves a step; a second tag such as "07-doctor-patient/People" says which."""
_LINE = "# solution"
_FOLDER = "solutions"


def source_of(lesson: Path) -> Path | None:
    """Return the notebook with the solutions that a lesson is made from; None if it has no exercises."""
    path = lesson.parent / _FOLDER / lesson.name
    return path if path.exists() else None


def lesson_of(source: Path) -> Path:
    """Return the lesson that is made from a notebook with solutions."""
    return source.parent.parent / source.name


def lessons(root: Path) -> list[Path]:
    """Return the notebooks of the lessons, in order; those too that are still to be made from their solutions."""
    sources = (root / "notebooks" / _FOLDER).glob("[0-9]*.ipynb")
    return sorted({*workspace.lessons(root), *map(lesson_of, sources)})


def student_version(notebook: Any) -> Any:
    """Return the student's version of a notebook with solutions, without outputs."""
    made = copy.deepcopy(notebook)
    made.cells = [cell for cell in made.cells if SOLUTION not in cell.metadata.get("tags", [])]
    for cell in made.cells:
        if cell.cell_type == "code":
            lines = cell.source.splitlines()
            cell.source = "\n".join(line for line in lines if not line.rstrip().endswith(_LINE))
            cell.outputs, cell.execution_count = [], None
    return made


def versions(path: Path) -> list[Any]:
    """Return a notebook; if it is one with solutions, the student's version too, without outputs."""
    notebook = notebooks.read(path)
    return [notebook, *([student_version(notebook)] if path.parent.name == _FOLDER else [])]


def is_made_from(lesson: Path, source: Path) -> bool:
    """Tell whether a lesson is the student's version of a notebook with solutions, apart from its outputs."""
    made, there = student_version(notebooks.read(source)), notebooks.read(lesson)
    return [_content(cell) for cell in made.cells] == [_content(cell) for cell in there.cells]


def _content(cell: Any) -> tuple[Any, ...]:
    return cell.cell_type, cell.source, cell.get("id"), dict(cell.metadata)


def build(source: Path) -> list[notebooks.Run]:
    """Run a notebook with solutions, each of which has to pass, make the student's version, and run that.

    Returns
    -------
    list of Run
        How the two went; the student's version is made only if the solutions pass.

    Raises
    ------
    FileError
        One of them cannot be read or written.
    MissingPackageError
        nbclient is not installed.
    """
    import nbformat

    result = notebooks.refresh(source, {"SDKIT_STRICT": "1"})
    if result.problem:
        return [result]
    lesson = lesson_of(source)
    write_text(lesson, nbformat.writes(student_version(notebooks.read(source))) + "\n")  # type: ignore[no-untyped-call]
    return [result, notebooks.refresh(lesson)]
