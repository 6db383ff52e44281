"""Where the dialogues of a batch are kept: a folder with two files each, or one file with a line each.

Beside them lie ``batch.json``, what shaped them, and ``errors.json``, the items that failed and why.
"""

from __future__ import annotations

import abc
import contextlib
import operator
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sdkit.batch_input import Id
from sdkit.dialog import Dialog
from sdkit.errors import FileError, InputError, first_problem
from sdkit.files import data_text, locked, read_data, write_text
from sdkit.jsonl import append_line, numbered_lines, write_lines

_PART = re.compile(r"\.(.+)\.[0-9a-f]{8}\.part")  # what `write_text` writes before the file itself
_FILES = {  # endings that nobody gives to a folder
    *(".json", ".ndjson", ".csv", ".tsv", ".txt", ".md", ".html", ".yaml", ".yml", ".xml", ".parquet", ".feather"),
    *(".xlsx", ".xls", ".ods", ".db", ".sqlite", ".pkl", ".py", ".ipynb", ".pdf", ".zip", ".gz", ".xz", ".bz2", ".tar"),
}


class Store(abc.ABC):
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

    @abc.abstractmethod
    def done(self, ids: Iterable[Id]) -> set[Id]:
        """Return those of the ids whose dialogues are there."""

    @abc.abstractmethod
    def load(self, ids: Iterable[Id]) -> list[Dialog]:
        """Return the dialogues of those of the ids that are there."""

    @abc.abstractmethod
    def is_empty(self) -> bool:
        """Tell whether there is no dialogue at all, of whatever id."""

    @abc.abstractmethod
    def written(self, number: Id, dialog: Dialog) -> Any:
        """Return a dialogue in the form that `save` writes; nothing is written yet.

        Raises
        ------
        FileError, InputError
            This dialogue cannot be written, wherever to.
        """

    @abc.abstractmethod
    def save(self, number: Id, written: Any) -> None:
        """Keep what `written` has returned; afterwards it is on the disk."""

    @abc.abstractmethod
    def finish(self, ids: Iterable[Id]) -> None:
        """Put everything in order, as if the dialogues had been made in the order of the ids."""

    # -- the batch ----------------------------------------------------------------------------------------------------

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Keep other runs of the same batch out."""
        return locked(self._lock, self.place)

    def check(self, about: Mapping[str, Any]) -> None:
        """See that the dialogues that are there, if there are any, were made in this way.

        Raises
        ------
        InputError
            They were made otherwise, or nobody knows how.
        """
        if not self.is_empty():
            self._compare(about)

    def begin(self, about: Mapping[str, Any]) -> None:
        """Do what `check` does, and note down how dialogues are made as long as there is none."""
        if self.is_empty():
            write_text(self._about, data_text(dict(about), "json"))
        else:
            self._compare(about)

    def _compare(self, about: Mapping[str, Any]) -> None:
        check_same(self._about, self.place, about)

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


def check_same(note: Path, place: Path, about: Mapping[str, Any]) -> None:
    """See that a note beside dialogues says that they were made in this way.

    Raises
    ------
    InputError
        They were made otherwise, or there is no such note.
    """
    if not note.exists():
        raise InputError(
            f"{place} holds dialogues, and no {note.name} says how they were made; choose another place for this "
            "batch, or remove them"
        )
    before = read_data(note, "json")
    if not isinstance(before, dict):
        raise FileError(note, "does not say how the dialogues beside it were made; choose another place")
    for name in {**before, **about}:
        if before.get(name) != about.get(name):
            raise InputError(
                f"{note} says that the batch began with {name}={before.get(name)!r:.200}, and now it is "
                f"{about.get(name)!r:.200}; go on as it began, or choose another place for this one"
            )


class FolderStore(Store):
    """A folder: ``json/ID.json`` holds everything, ``txt/ID.txt`` the turns.

    Parameters
    ----------
    folder
        The folder; made when the first dialogue is kept.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        super().__init__(self.folder, f"{self.folder}/")

    def _path(self, number: Id, kind: str) -> Path:
        return self.folder / kind / f"{number}.{kind}"

    def done(self, ids: Iterable[Id]) -> set[Id]:
        """Return those of the ids whose dialogues are there."""
        return {number for number in ids if self._path(number, "json").exists()}

    def load(self, ids: Iterable[Id]) -> list[Dialog]:
        """Return the dialogues of those of the ids that are there."""
        paths = (self._path(number, "json") for number in ids)
        return [Dialog.from_file(path) for path in paths if path.exists()]

    def is_empty(self) -> bool:
        """Tell whether there is no dialogue at all, of whatever id."""
        return not any((self.folder / "json").glob("*.json"))

    def written(self, number: Id, dialog: Dialog) -> dict[Path, str]:
        """Return the texts of its files."""
        _check(dialog)
        paths = [self._path(number, kind) for kind in (("txt", "json") if dialog.turns else ("json",))]
        return {path: dialog.file_text(path) for path in paths}

    def save(self, number: Id, written: dict[Path, str]) -> None:
        """Keep a dialogue; the .json comes last: where it is, all is."""
        for path, text in written.items():
            write_text(path, text)

    def finish(self, ids: Iterable[Id]) -> None:
        """Take away what a killed run has left half-written."""
        _sweep(self.folder, {self._about.name, self._errors.name})
        for kind in ("json", "txt"):
            _sweep(self.folder / kind)


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

    def _dialog(self, value: Any) -> Dialog:
        """Return the dialogue of a line's value.

        Raises
        ------
        InputError
            It is none.
        """
        try:
            return Dialog.model_validate(value)
        except ValidationError as error:
            raise InputError(first_problem(error)) from error

    def _value(self, dialog: Dialog) -> Any:
        """Return the value of a dialogue's line."""
        return dialog.json()

    def _lines(self) -> Iterator[tuple[str, Any, Dialog]]:
        """Yield of each line the id, the value, and the dialogue."""
        for line, value in numbered_lines(self.path):
            try:
                dialog = self._dialog(value)
            except InputError as error:
                raise FileError(self.path, f"holds no dialogue: {error}", line) from error
            if dialog.dialogId is None:
                raise FileError(self.path, "holds a dialogue without an id", line)
            yield str(dialog.dialogId), value, dialog

    def done(self, ids: Iterable[Id]) -> set[Id]:
        """Return those of the ids whose dialogues are there."""
        found = {key for key, _, _ in self._lines()}
        return {number for number in ids if str(number) in found}

    def load(self, ids: Iterable[Id]) -> list[Dialog]:
        """Return the dialogues of those of the ids that are there."""
        found: dict[str, Dialog] = {}
        for key, _, dialog in self._lines():
            found.setdefault(key, dialog)
        return [found[str(number)] for number in ids if str(number) in found]

    def is_empty(self) -> bool:
        """Tell whether there is no dialogue at all, of whatever id."""
        return next(numbered_lines(self.path), None) is None

    def written(self, number: Id, dialog: Dialog) -> Any:
        """Return the value of its line."""
        _check(dialog)
        return self._value(dialog)

    def save(self, number: Id, written: Any) -> None:
        """Append a dialogue."""
        append_line(self.path, written)

    def finish(self, ids: Iterable[Id]) -> None:
        """Sort the lines by the order of the ids; lines of other ids stay behind them."""
        places = {str(number): place for place, number in enumerate(ids)}
        lines = [(places.get(key, len(places)), value) for key, value, _ in self._lines()]
        order = sorted(lines, key=operator.itemgetter(0))
        if [place for place, _ in order] != [place for place, _ in lines]:
            write_lines(self.path, [value for _, value in order])
        _sweep(self.path.parent, {self.path.name, self._about.name, self._errors.name})


def _check(dialog: Dialog) -> None:
    """See that a dialogue can be written, and read again: by hand, anything can be put into it."""
    Dialog.from_json(dialog.json(string=True))


def _sweep(folder: Path, names: Iterable[str] | None = None) -> None:
    """Take away what is half-written of the files of these names, or of all of them.

    The name of such a rest has the first 40 letters of the file's. Longer ones stay, as they may be somebody else's.
    """
    for path in folder.glob(".*.part"):
        found = _PART.fullmatch(path.name)
        if found and (names is None or found[1] in names) and path.is_file():
            with contextlib.suppress(OSError):  # it is in nobody's way
                path.unlink()


def store(to: str | Path | Store) -> Store:
    """Return the place of a batch: one file if its name ends in .jsonl, else a folder."""
    if isinstance(to, Store):
        return to
    path = Path(to)
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        return LinesStore(path)
    if path.is_file() or (suffix in _FILES and not path.is_dir()):
        raise InputError(f"{to}: dialogues of a batch go into a folder, or into a file whose name ends in .jsonl")
    return FolderStore(path)
