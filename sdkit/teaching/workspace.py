"""Where the lessons are, and the copies that people work in."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import sdkit
from sdkit.errors import FileError
from sdkit.files import read_text, write_text

_MADE = ".copies.json"


def checkout() -> Path:
    """Return the folder of the checkout that this package runs from.

    Raises
    ------
    FileError
        The package runs from somewhere else: an installed wheel holds the library, not the lessons.
    """
    root = Path(sdkit.__file__).resolve().parents[1]
    if not (root / "notebooks").is_dir():
        raise FileError(root, "holds no lessons: they live in the checkout, and this is the installed library")
    return root


def root_of(folder: Path) -> Path:
    """Return the nearest folder, upwards from this one, that holds `datasets` and `output`; else the folder itself."""
    for place in (folder, *folder.parents):
        if (place / "datasets").is_dir() and (place / "output").is_dir():
            return place
    return folder


def enter(folder: Path | None = None) -> Path:
    """Make the workspace's root the current folder, so that ``output/...`` means the same in every copy."""
    root = root_of(folder or Path.cwd())
    os.chdir(root)
    return root


def lessons(root: Path) -> list[Path]:
    """Return the notebooks of the lessons, in order."""
    return sorted((root / "notebooks").glob("[0-9]*.ipynb"))


def number_of(lesson: Path) -> str:
    """Return the number of a lesson, such as "03" or "07b": what its file's name begins with."""
    return lesson.name.split("_")[0].split(".")[0]


def recordings(root: Path) -> Path:
    """Return the folder with the recorded answers of the lessons."""
    return root / "datasets" / "recordings"


def copy_lessons(root: Path) -> list[str]:
    """Copy the lessons into ``work/``, and bring copies up to date that nobody has changed.

    Returns
    -------
    list of str
        A line for each copy that was left alone although its lesson has a newer version.
    """
    work = root / "work"
    work.mkdir(exist_ok=True)
    record = work / _MADE
    try:
        made: dict[str, str] = json.loads(read_text(record)) if record.exists() else {}
    except (FileError, ValueError):
        made = {}
    kept = []
    for lesson in lessons(root):
        copy, new = work / lesson.name, _hash(lesson)
        if copy.exists() and made.get(lesson.name) == new:
            continue
        if copy.exists() and _hash(copy) not in (made.get(lesson.name), new):
            kept.append(
                f"work/{lesson.name} has your work in it and stays as it is; notebooks/{lesson.name} is newer. "
                "To have the new one too, rename yours."
            )
            continue
        write_text(copy, read_text(lesson))
        made[lesson.name] = new
    write_text(record, json.dumps(made, indent=1, sort_keys=True))
    return kept


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
