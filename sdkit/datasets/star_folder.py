"""The folder of a data set in STAR's format: where it is, whether it is whole, and its dialogues by id."""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, SupportsIndex

from sdkit.datasets import star_files
from sdkit.datasets.star_index import Entry, Index, ids
from sdkit.describing import nearest
from sdkit.errors import FileError, InputError
from sdkit.files import in_words

FETCH = "`python -m sdkit data get star` fetches STAR"
_FOLDERS = ("dialogues", "tasks")
Seen = Callable[[Entry, dict[str, Any]], None]
Id = SupportsIndex | str
"""An id of a dialogue: a whole number, of numpy too, or its digits."""


class StarFolder:
    """A folder with ``dialogues`` and ``tasks``, and an index of its dialogues.

    Parameters
    ----------
    path
        The folder; can be given later, to `set_path`.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._path: Path | None = None
        self._index: Index | None = None
        if path is not None:
            self.set_path(path)

    def __repr__(self) -> str:
        """Name the folder."""
        return f"{type(self).__name__}({'' if self._path is None else repr(str(self._path))})"

    @property
    def path(self) -> Path:
        """The folder.

        Raises
        ------
        InputError
            None was set.
        """
        if self._path is None:
            raise InputError(
                'where is the data set? Say so first: STAR.set_path("datasets/STAR"), or "datasets/star-mini" for the '
                f"small one that comes with sdkit; {FETCH}"
            )
        return self._path

    def set_path(self, path: str | Path) -> None:
        """Say where the data set is: the folder that holds ``dialogues`` and ``tasks``.

        Raises
        ------
        InputError
            It is not there, or not whole: says what is missing.
        """
        if not isinstance(path, str | os.PathLike) or not str(path).strip():
            raise InputError(f"{path!r:.80} is no folder; name that of the data set, such as 'datasets/star-mini'")
        folder = Path(path).absolute()
        if problem := _missing(folder):
            raise InputError(f"{path}: {problem}")
        self._path, self._index = folder, Index(folder / "dialogues")

    @property
    def _dialogues(self) -> Path:
        return self.path / "dialogues"

    @property
    def _tasks(self) -> Path:
        return self.path / "tasks"

    def _entries(self, seen: Seen = lambda entry, data: None) -> list[Entry]:
        if self._index is None:
            self._index = Index(self._dialogues)  # which says that no path was set
        return self._index.refresh(seen)

    def _read(self, id: Id) -> dict[str, Any]:
        return star_files.read_dialog(self._dialogues, self._checked_id(id))

    def _checked_id(self, id: Id) -> int:
        try:
            text = id.strip() if isinstance(id, str) else str(operator.index(id))
        except TypeError:
            text = ""
        if isinstance(id, bool) or not re.fullmatch(r"\d{1,18}", text, re.ASCII):
            raise InputError(f"{id!r} is no id of a dialogue; give a number, such as 1")
        if not os.path.lexists(self._dialogues / f"{int(text)}.json"):
            known = ids(self._dialogues)
            there = f"its {len(known):,} ids go from {known[0]} to {known[-1]}" if known else "there is none any more"
            raise InputError(f"there is no dialogue {int(text)} in {self.path}; {there}")
        return int(text)

    def tasks(self) -> list[str]:
        """Return the names of all tasks, sorted. A name is that of the task's folder, whatever its file says."""
        try:
            folders = [folder for folder in self._tasks.iterdir() if not _foreign(folder)]
        except OSError as error:
            raise FileError(self._tasks, in_words(error, "read")) from error
        return sorted(folder.name for folder in folders if (folder / f"{folder.name}.json").is_file())

    def _checked_task(self, task: str) -> str:
        if task not in (known := self.tasks()):
            raise InputError(f"there is no task {task!r}{nearest(str(task), known)}")
        return task


def _missing(folder: Path) -> str:
    """Say what is missing in a folder that should hold a data set; nothing if all is there."""
    if not folder.is_dir():
        beside = [path.name for path in folder.parent.iterdir() if path.is_dir()] if folder.parent.is_dir() else []
        near = nearest(folder.name, beside) if beside else ""
        return f"there is no such folder{near}; {FETCH}"
    if missing := [name for name in _FOLDERS if not (folder / name).is_dir()]:
        inside = sorted(path for path in folder.iterdir() if not _foreign(path))
        whole = [other for other in (folder.parent, *inside) if _holds_both(other)]
        hint = f"did you mean {whole[0]}?" if whole else FETCH
        return f"there is no folder {' and no folder '.join(missing)} in it; {hint}"
    if not ids(folder / "dialogues"):
        return "there is no dialogue in its folder dialogues (1.json, 2.json, ...)"
    tasks = sorted(path for path in (folder / "tasks").iterdir() if path.is_dir() and not _foreign(path))
    files = [task / name for task in tasks for name in (f"{task.name}.json", "responses.json")]
    if lost := [file for file in files if not file.is_file()]:
        return f"the data set is not whole: there is no {lost[0].name} in its folder tasks/{lost[0].parent.name}"
    return "" if tasks else "there is no task in its folder tasks"


def _foreign(path: Path) -> bool:
    """Tell whether Jupyter, an editor or an unpacker put this there: .ipynb_checkpoints, __MACOSX."""
    return path.name.startswith((".", "__"))


def _holds_both(folder: Path) -> bool:
    return all((folder / name).is_dir() for name in _FOLDERS)
