"""Where the dialogues of a batch are kept: a folder with two files each, or one file with a line each.

Beside them lie ``batch.json``, what shaped them, and ``errors.json``, the items that failed and why.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sdkit.dialog import Dialog
from sdkit.errors import FileError, InputError, first_problem
from sdkit.files import data_text, locked, read_data, write_text
from sdkit.jsonl import append_line, read_lines, write_lines

Id = int | str
_SAFE = re.compile(r"[^\W_][\w.-]{0,99}")  # as a part of a file's name, on every system


class Store:
    """What both ways of keeping dialogues share.

    Parameters
    ----------
    place
        The folder or the file with the dialogues.
    beside
        The beginning of the paths of the files about the batch.
    """

    def __init__(self, place: Path, beside: str) -> None:
        self.place = place
        self._about = Path(f"{beside}batch.json")
        self._errors = Path(f"{beside}errors.json")
        self._lock = Path(f"{beside}lock")

    # -- the dialogues ------------------------------------------------------------------------------------------------

    def done(self, ids: Iterable[Id]) -> set[Id]:
        """Return those of the ids whose dialogues are there."""
        raise NotImplementedError

    def load(self, ids: Iterable[Id]) -> list[Dialog]:
        """Return the dialogues of those of the ids that are there."""
        raise NotImplementedError

    def save(self, number: Id, dialog: Dialog) -> None:
        """Keep a dialogue; afterwards it is on the disk."""
        raise NotImplementedError

    def finish(self, ids: Iterable[Id]) -> None:
        """Put everything in order, as if the dialogues had been made in the order of the ids."""
        raise NotImplementedError

    # -- the batch ----------------------------------------------------------------------------------------------------

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Keep other runs of the same batch out."""
        return locked(self._lock, self.place)

    def check(self, about: Mapping[str, Any]) -> None:
        """See that the batch is what it was when it began; note it down when it begins.

        Raises
        ------
        InputError
            It is another one.
        """
        if not self._about.exists():
            write_text(self._about, data_text(dict(about), "json"))
            return
        before = read_data(self._about, "json")
        for name in {**before, **about} if isinstance(before, dict) else ():
            if before.get(name) != about.get(name):
                raise InputError(
                    f"{self._about} says that the batch began with {name}={before.get(name)!r}, and now it is "
                    f"{about.get(name)!r}; go on as it began, or choose another place for this one"
                )

    def errors(self) -> dict[str, str]:
        """Return what the items failed with that have failed, by id."""
        if not self._errors.exists():
            return {}
        found = read_data(self._errors, "json")
        return {str(number): str(problem) for number, problem in found.items()} if isinstance(found, dict) else {}

    def keep_errors(self, errors: Mapping[str, str]) -> None:
        """Keep what failed."""
        if errors:
            write_text(self._errors, data_text(dict(errors), "json"))
        else:
            self._errors.unlink(missing_ok=True)


class FolderStore(Store):
    """A folder: ``json/ID.json`` holds everything, ``txt/ID.txt`` the turns.

    Parameters
    ----------
    folder
        The folder; made when the first dialogue is kept.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        super().__init__(self.folder, f"{folder}/")

    def _path(self, number: Id, kind: str) -> Path:
        return self.folder / kind / f"{number}.{kind}"

    def done(self, ids: Iterable[Id]) -> set[Id]:
        """Return those of the ids whose dialogues are there."""
        return {number for number in ids if self._path(number, "json").exists()}

    def load(self, ids: Iterable[Id]) -> list[Dialog]:
        """Return the dialogues of those of the ids that are there."""
        paths = (self._path(number, "json") for number in ids)
        return [Dialog.from_file(path) for path in paths if path.exists()]

    def save(self, number: Id, dialog: Dialog) -> None:
        """Keep a dialogue; the .json comes last: where it is, all is."""
        if dialog.turns:
            dialog.to_file(self._path(number, "txt"))
        dialog.to_file(self._path(number, "json"))

    def finish(self, ids: Iterable[Id]) -> None:
        """Take away what a killed run has left half-written."""
        for path in self.folder.glob("*/.*.part"):
            path.unlink(missing_ok=True)


class LinesStore(Store):
    """A file of JSON Lines, a dialogue a line.

    Parameters
    ----------
    path
        The file; made when the first dialogue is kept.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        super().__init__(self.path, f"{path}.")

    def _found(self) -> dict[Id, Dialog]:
        dialogs: dict[Id, Dialog] = {}
        for line, value in enumerate(read_lines(self.path), start=1):
            try:
                dialog = Dialog.model_validate(value)
            except ValidationError as error:
                raise FileError(self.path, f"holds no dialogue: {first_problem(error)}", line) from error
            if dialog.dialogId is None:
                raise FileError(self.path, "holds a dialogue without an id", line)
            dialogs.setdefault(dialog.dialogId, dialog)
        return dialogs

    def done(self, ids: Iterable[Id]) -> set[Id]:
        """Return those of the ids whose dialogues are there."""
        return self._found().keys() & set(ids)

    def load(self, ids: Iterable[Id]) -> list[Dialog]:
        """Return the dialogues of those of the ids that are there."""
        found = self._found()
        return [found[number] for number in ids if number in found]

    def save(self, number: Id, dialog: Dialog) -> None:
        """Append a dialogue."""
        append_line(self.path, dialog.json())

    def finish(self, ids: Iterable[Id]) -> None:
        """Sort the lines by the order of the ids; lines of other ids stay behind them."""
        found = self._found()
        order = [number for number in ids if number in found]
        order += [number for number in found if number not in set(order)]
        if order != list(found):
            write_lines(self.path, [found[number].json() for number in order])


def store(to: str | Path) -> Store:
    """Return the place of a batch: one file if its name ends in .jsonl, else a folder."""
    path = Path(to)
    if path.suffix.lower() == ".jsonl":
        return LinesStore(path)
    if path.suffix or path.is_file():
        raise InputError(f"{to}: dialogues of a batch go into a folder, or into a file whose name ends in .jsonl")
    return FolderStore(path)


def checked_ids(ids: Iterable[Id]) -> list[Id]:
    """Return ids that can be parts of file names, each once.

    Raises
    ------
    InputError
        One cannot, or comes twice.
    """
    checked: list[Id] = []
    seen: set[str] = set()
    for number in ids:
        text = str(number)
        if isinstance(number, bool) or not isinstance(number, int | str) or not _SAFE.fullmatch(text):
            raise InputError(f"{number!r} is no id for a batch; give numbers, or short names of letters and digits")
        if text.casefold() in seen:
            raise InputError(f"the id {number!r} is there twice; each dialogue needs an id of its own")
        seen.add(text.casefold())
        checked.append(number)
    if not checked:
        raise InputError("there is nothing to make: no ids")
    return checked
