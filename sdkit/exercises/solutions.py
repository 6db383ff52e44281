"""Solutions: they live in ``notebooks/solutions``, in the notebooks that the lessons are made from."""

from __future__ import annotations

from pathlib import Path

from sdkit.errors import FileError, InputError
from sdkit.teaching import notebooks, workspace
from sdkit.teaching.building import SOLUTION


def solution_code(exercise: str, step: str) -> str:
    """Return the code that solves a step of an exercise.

    Raises
    ------
    InputError
        No solution is tagged with this exercise and step.
    FileError
        The notebook is not there: the installed library holds none.
    """
    folder = workspace.checkout() / "notebooks" / "solutions"
    files = sorted(folder.glob(f"{exercise.split('-', maxsplit=1)[0]}_*.ipynb"))
    if not files:
        raise FileError(folder, f"has no notebook for exercise {exercise}")
    found = [code for path in files for code in _tagged(path, f"{exercise}/{step}")]
    if not found:
        raise InputError(f"there is no solution of {exercise}, {step}")
    return "\n\n".join(found)


def _tagged(path: Path, tag: str) -> list[str]:
    return [cell.source for cell in notebooks.read(path).cells if {SOLUTION, tag} <= set(cell.metadata.get("tags", []))]
