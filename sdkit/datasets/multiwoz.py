"""MultiWOZ: 10,437 dialogues of people who look for hotels, restaurants, trains and more, one of whom is the assistant.

Zang et al., "MultiWOZ 2.2: A Dialogue Dataset with Additional Annotation Corrections and State Tracking Baselines",
arXiv:2007.12720; before it Budzianowski et al., arXiv:1810.00278.
"""

from __future__ import annotations

import difflib
import operator
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import SupportsIndex

from sdkit.datasets import multiwoz_files
from sdkit.datasets.multiwoz_records import Record, record_of
from sdkit.describing import nearest
from sdkit.dialog import Dialog, Turn
from sdkit.errors import FileError, InputError


class MultiWOZ:
    """The dialogues of MultiWOZ, or of a set in one of its forms. They are read once, and the files are not changed.

    Parameters
    ----------
    path
        A folder: that of MultiWOZ 2.2 (``train|dev|test/dialogues_*.json``), of a checkout of the public project, of
        MultiWOZ 2.1 (``data.json``, ``val.json``), or one that Hugging Face's ``save_to_disk`` has written. Or a file
        of it: .json, .jsonl, .parquet or .arrow.

    Raises
    ------
    InputError
        There is no such folder or file, or there are no dialogues in it.
    FileError
        A file is broken, or has a dialogue a second time; names it and the dialogue.
    MissingPackageError
        .parquet and .arrow files need pyarrow.

    Examples
    --------
    >>> from sdkit.datasets import MultiWOZ
    >>> data = MultiWOZ("datasets/multiwoz-mini")
    >>> data.at(0).print()  # doctest: +SKIP
    """

    def __init__(self, path: str | Path) -> None:
        if not isinstance(path, str | os.PathLike) or not str(path).strip():
            raise InputError(f"{path!r:.80} is no folder; name that of the data set, such as 'datasets/multiwoz-mini'")
        self._path = Path(path)
        self._records = _read(self._path)
        self._ids = list(self._records)
        told = Counter(service for record in self._records.values() for service in record.services)
        self._services = dict(sorted(told.items(), key=lambda item: (-item[1], item[0])))
        self._splits = dict(Counter(record.split for record in self._records.values()))

    def __repr__(self) -> str:
        """Name the folder or file."""
        return f"MultiWOZ({str(self._path)!r})"

    def __len__(self) -> int:
        """Return the number of dialogues."""
        return len(self._ids)

    @property
    def path(self) -> Path:
        """The folder or file."""
        return self._path

    @property
    def ids(self) -> list[str]:
        """The ids in the order of the files, train before dev before test."""
        return list(self._ids)

    @property
    def services(self) -> dict[str, int]:
        """How many dialogues each service is a part of, the most common first."""
        return dict(self._services)

    @property
    def splits(self) -> dict[str, int]:
        """How many dialogues each split has: "train", "dev" and "test"; "" where the files do not say."""
        return dict(self._splits)

    # -- one dialogue

    def get_dialog(self, id: str) -> Dialog:
        """Return a dialogue between "User" and "System"; its scenario is ``{"services": [...]}``.

        Raises
        ------
        InputError
            There is none of this id.
        """
        record = self._record(id)
        turns = [Turn(speaker=who, text=text) for who, text in zip(record.speakers, record.texts, strict=True)]
        return Dialog(dialogId=record.id, scenario={"services": list(record.services)}, turns=turns)

    def at(self, index: SupportsIndex) -> Dialog:
        """Return a dialogue by its place in `ids`, from 0 on.

        Raises
        ------
        InputError
            There are not so many; says how many there are.
        """
        try:
            place = operator.index(index)
        except TypeError:
            raise InputError(f"{index!r:.60} is no place of a dialogue; give a whole number, such as 0") from None
        if not 0 <= place < len(self):
            raise InputError(
                f"index {place} is out of bounds: {self._path} has {len(self):,} dialogues, from 0 to {len(self) - 1:,}"
            )
        return self.get_dialog(self._ids[place])

    def services_of(self, id: str) -> tuple[str, ...]:
        """Return the services of a dialogue: those that its file names.

        Where that names none, they are those with an active intent in a turn, or those of the goal of MultiWOZ 2.1.
        """
        return self._record(id).services

    def goal_of(self, id: str) -> str:
        """Return what the user of a dialogue was told to get, a sentence a line; "" if the file does not say."""
        return self._record(id).goal

    # -- many dialogues

    def get_dialogs(
        self, service: str | None = None, services: Iterable[str] | None = None, split: str | None = None
    ) -> list[Dialog]:
        """Return the dialogues for which all of this holds, in order; what is None does not matter.

        Parameters
        ----------
        service
            It is among the dialogue's services.
        services
            The dialogue has just these, in any order.
        split
            "train", "dev" (or "validation") or "test".

        Raises
        ------
        InputError
            No dialogue at all has such a service or split; names those that there are.
        """
        return [self.get_dialog(id) for id in self.get_ids(service, services, split)]

    def get_ids(
        self, service: str | None = None, services: Iterable[str] | None = None, split: str | None = None
    ) -> list[str]:
        """Return the ids of what `get_dialogs` returns."""
        if isinstance(services, str):
            raise InputError(f"services={services!r}: give a list, such as [{services!r}], or service={services!r}")
        just = None if services is None else frozenset(services)
        for name in [*([] if service is None else [service]), *sorted(just or (), key=str)]:
            if name not in self._services:
                raise InputError(f"there is no dialogue with the service {name!r}{nearest(str(name), self._services)}")
        wanted = None if split is None else multiwoz_files.SPLITS.get(split, split)
        if wanted is not None and wanted not in self._splits:
            raise InputError(f"there is no split {split!r}{nearest(str(split), filter(None, self._splits))}")
        return [
            record.id
            for record in self._records.values()
            if (service is None or service in record.services)
            and (just is None or just == set(record.services))
            and wanted in (None, record.split)
        ]

    def _record(self, id: str) -> Record:
        if not isinstance(id, str):
            raise InputError(f"{id!r:.60} is no id of a dialogue, such as {self._ids[0]!r}; `at` takes places")
        # MultiWOZ itself has PMUL4398.json, ConvLab PMUL4398.
        for name in (id, f"{id}.json", id.removesuffix(".json")):
            if name in self._records:
                return self._records[name]
        near = difflib.get_close_matches(id, self._ids, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"its ids are such as {', '.join(self._ids[:3])}"
        raise InputError(f"there is no dialogue {id!r:.60} in {self._path}; {hint}")


def _read(path: Path) -> dict[str, Record]:
    """Return what is kept of all dialogues, by id."""
    records: dict[str, Record] = {}
    homes: dict[str, Path] = {}
    files = multiwoz_files.find(path)
    for file, split in files:
        listed = {} if split else multiwoz_files.splits_of_lists(file)
        for number, data in enumerate(multiwoz_files.read(file), start=1):
            try:
                record = record_of(data, split)
            except InputError as error:
                raise FileError(file, f"entry {number} {error}") from error
            if listed:
                record = replace(record, split=listed.get(record.id, "train"))
            if record.id in records:
                where = "" if homes[record.id] == file else f"; it is in {homes[record.id]} as well"
                raise FileError(file, f"entry {number} is the dialogue {record.id} a second time{where}")
            records[record.id], homes[record.id] = record, file
    if not records:
        raise InputError(f"{path}: there is no dialogue in {files[0][0]}")
    return records
