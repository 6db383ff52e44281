"""What the opening cell of a lesson says: its title, its minutes, and the lessons that it stands on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sdkit.errors import FileError
from sdkit.teaching import notebooks, workspace

_MINUTES = re.compile(r"\*\*Time\.\*\*[^\d]*(\d+) minutes")
_LESSON = re.compile(r"\((?:\./)?(\d+[a-z]?)_[^)/]*\.ipynb\)")


@dataclass(frozen=True)
class Opening:
    """A lesson, as its first cell tells it.

    Attributes
    ----------
    number, title : str
        Such as "03", and what its heading says.
    do : str
        What you will do in it, as plain text.
    minutes : int
        How long it takes, with its exercises.
    needs : tuple of str
        The numbers of the lessons that it stands on.
    """

    number: str
    title: str
    do: str
    minutes: int
    needs: tuple[str, ...]

    @property
    def is_homework(self) -> bool:
        """Whether it is done after class: its number ends in a letter, as in "07b"."""
        return self.number[-1:].isalpha()


def opening(lesson: Path) -> Opening:
    """Read the opening cell of a lesson.

    Raises
    ------
    FileError
        It cannot be read, or does not say how long the lesson takes.
    """
    cells = notebooks.read(lesson).cells
    text = cells[0].source if cells else ""
    minutes = _MINUTES.search(text)
    if not minutes:
        raise FileError(lesson, "does not say in its first cell how long it takes, as in: **Time.** About 20 minutes.")
    title = next((line.lstrip("# ") for line in text.splitlines() if line.startswith("#")), lesson.stem)
    needs = tuple(dict.fromkeys(_LESSON.findall(_after(text, "What you need"))))
    return Opening(
        workspace.number_of(lesson), title, re.sub("[*`]", "", _after(text, "What you'll do")), int(minutes[1]), needs
    )


def openings(root: Path) -> dict[str, Opening]:
    """Return the openings of all lessons, by number, in order.

    Raises
    ------
    FileError
        One of them cannot be read.
    """
    return {one.number: one for one in map(opening, workspace.lessons(root))}


def _after(text: str, promise: str) -> str:
    """Return the paragraph that begins with a promise, on one line."""
    found = re.search(rf"\*\*{promise}\.?\*\*\.?(.*?)(\n\s*\n|\Z)", text, re.DOTALL)
    return " ".join(found[1].split()) if found else ""
