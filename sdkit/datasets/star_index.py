"""An index over the dialogues of a folder in STAR's format: made once, and kept up to date."""

from __future__ import annotations

import math
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdkit.datasets.star_files import SHOWN, digest, read_dialog
from sdkit.errors import FileError
from sdkit.files import in_words

_LOOK_AGAIN = 2.0
"""Seconds for which files count as unchanged if the folder is: looking at 6,652 files takes longer than reading 105."""

_NAME = re.compile(r"([1-9]\d*)\.json")


@dataclass(frozen=True)
class Entry:
    """What the index knows of a dialogue."""

    id: int
    domains: tuple[str, ...]
    tasks: tuple[str, ...]
    happy: bool
    multitask: bool
    complete: bool
    turns: int
    scenario: str  # its digest
    stamp: tuple[int, ...]


class Index:
    """What the dialogues of a folder are about; files that have changed are read again, the others only once.

    A file that came, went or was replaced is noticed at once, one that was written to in place within two seconds.

    Parameters
    ----------
    folder
        The folder with the dialogues.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looked: tuple[int, float] = (0, -math.inf)  # the folder's time, and when that was
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def refresh(self, seen: Callable[[Entry, dict[str, Any]], None] = lambda entry, data: None) -> list[Entry]:
        """Return what is known of each dialogue, sorted by id.

        Parameters
        ----------
        seen
            Called with each file that had to be read, so that it need not be read twice.

        Raises
        ------
        FileError
            Files are broken: says which is the first, and how many there are.
        """
        with self._lock:
            changed, now = _changed(self._folder), time.monotonic()
            if changed == self._looked[0] and now - self._looked[1] < _LOOK_AGAIN:
                return self._entries
            stamps = dict(_stamps(self._folder))
            known = {entry.id: entry for entry in self._entries if entry.stamp == stamps.get(entry.id)}
            broken = []
            for number in sorted(stamps.keys() - known.keys()):
                try:
                    data = read_dialog(self._folder, number)
                except FileError as error:
                    broken.append(error)
                    continue
                known[number] = _entry(number, data, stamps[number])
                seen(known[number], data)
            self._entries = [known[number] for number in sorted(known)]
            self._looked = (changed, now) if not broken else (0, -math.inf)
            if broken:
                first, *more = broken
                others = f" ({len(more)} more of its files are broken)" if more else ""
                raise FileError(first.path, first.problem + others, first.line)
            return self._entries


def _entry(number: int, data: Mapping[str, Any], stamp: tuple[int, ...]) -> Entry:
    scenario = data["Scenario"]
    return Entry(
        number,
        tuple(dict.fromkeys(domain for domain in scenario["Domains"] if domain)),
        tuple(capability["Task"] for capability in scenario["WizardCapabilities"]),
        scenario["Happy"],
        scenario["MultiTask"],
        data["CompletionLevel"] == "Complete",
        sum(event["Action"] in SHOWN for event in data["Events"]),
        digest(scenario),
        stamp,
    )


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError as error:
        raise FileError(folder, in_words(error, "read")) from error


def _stamps(folder: Path) -> Iterator[tuple[int, tuple[int, ...]]]:
    try:
        with os.scandir(folder) as files:
            for file in files:
                if match := _NAME.fullmatch(file.name):
                    try:
                        stat = file.stat()
                    except FileNotFoundError:  # a link to nowhere is broken; another file has gone just now
                        if file.is_symlink():
                            yield int(match[1]), ()
                        continue
                    yield int(match[1]), (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    except OSError as error:
        raise FileError(folder, in_words(error, "read")) from error


def ids(folder: Path) -> list[int]:
    """Return the ids of the dialogues in a folder, sorted."""
    return sorted(number for number, _ in _stamps(folder))
