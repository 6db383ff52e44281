"""Getting public data sets: where they are, what has to be in them, and putting them in place in one go."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sdkit import downloads
from sdkit.datasets import archives
from sdkit.errors import DownloadError, FileError, InputError
from sdkit.files import in_words, locked


@dataclass(frozen=True)
class Source:
    """A public data set.

    Attributes
    ----------
    name : str
        What people type.
    title : str
        Its own name, which is that of its folder too.
    url : str
        Its archive.
    size : int
        Bytes that it takes on a disk.
    rights : str
        Whose it is, and under which licence.
    keep : str
        A regular expression for the names of its files; what else is in the archive stays there.
    needed : frozenset of str
        The names of the files without which it is not whole.
    counted : dict of str to str
        What people count in it, each with a regular expression for the names of the files that are one.
    use : str
        The code that opens it; ``{}`` stands for its folder, as a string of Python's.
    """

    name: str
    title: str
    url: str
    size: int
    rights: str
    keep: str
    needed: frozenset[str]
    counted: Mapping[str, str]
    use: str

    def counts(self, names: Iterable[str]) -> dict[str, int]:
        """Return how many of each there are, such as {"dialogues": 6652}."""
        patterns = {what: re.compile(pattern) for what, pattern in self.counted.items()}
        return {what: sum(map(bool, map(pattern.fullmatch, names))) for what, pattern in patterns.items()}

    def problem(self, names: frozenset[str]) -> str:
        """Say what is missing among the files, or too many; nothing if it is whole."""
        there, due = self.counts(names), self.counts(self.needed)
        odd = [name for name in names - self.needed if any(re.fullmatch(p, name) for p in self.counted.values())]
        missing = self.needed - names
        if not (missing or odd):
            return ""
        told = " and ".join(f"{there[what]:,} of {due[what]:,} {what}" for what in self.counted)
        told += f"; missing: {_some(missing)}" if missing else ""
        return told + (f"; not of {self.title}: {_some(odd)}" if odd else "")


_STAR_TASKS = [
    "apartment_schedule", "apartment_search", "bank_balance", "bank_fraud_report", "doctor_followup",
    "doctor_schedule", "hotel_book", "hotel_search", "hotel_service_request", "meeting_schedule", "party_plan",
    "party_rsvp", "plane_book", "plane_search", "restaurant_book", "restaurant_search", "ride_book", "ride_change",
    "ride_status", "spaceship_access_codes", "spaceship_life_support", "trip_directions", "trivia", "weather",
]  # fmt: skip

CATALOGUE = {
    source.name: source
    for source in (
        Source(
            name="star",
            title="STAR",
            url="https://github.com/RasaHQ/STAR/archive/HEAD.tar.gz",  # HEAD: whatever its main branch is called
            size=110_000_000,
            rights="MIT licence, Copyright (c) 2020 Rasa Technologies GmbH; please cite arXiv:2010.11853",
            keep=r"dialogues/\d+\.json|tasks/\w+/[\w.-]+\.(?:json|md|txt)|(?:LICENSE|README)(?:\.\w+)?",
            needed=frozenset(
                [f"dialogues/{number}.json" for number in range(1, 6653)]
                + [f"tasks/{task}/{file}.json" for task in _STAR_TASKS for file in (task, "responses")]
            ),
            counted={"dialogues": r"dialogues/\d+\.json", "tasks": r"tasks/(\w+)/\1\.json"},
            use="from sdkit.datasets import STAR\nSTAR.set_path({})",
        ),
        Source(
            name="multiwoz",
            title="MultiWOZ",
            url="https://github.com/budzianowski/multiwoz/archive/HEAD.tar.gz",
            size=300_000_000,
            rights="MIT licence, Copyright (c) 2019 Pawel Budzianowski; please cite arXiv:2007.12720",
            keep=r"data/MultiWOZ_2\.2/(?:\w+/)?\w+\.json|(?:data/MultiWOZ_2\.2/)?(?:LICENSE|README)(?:\.\w+)?",
            needed=frozenset(
                ["data/MultiWOZ_2.2/schema.json"]
                + [
                    f"data/MultiWOZ_2.2/{split}/dialogues_{number:03}.json"
                    for split, files in (("train", 17), ("dev", 2), ("test", 2))
                    for number in range(1, files + 1)
                ]
            ),
            counted={"files of dialogues": r"data/MultiWOZ_2\.2/(?:train|dev|test)/dialogues_\d+\.json"},
            use="from sdkit.datasets import MultiWOZ\ndata = MultiWOZ({})",
        ),
    )
}


def find(name: str) -> Source:
    """Return the data set of that name.

    Raises
    ------
    InputError
        There is none.
    """
    if name.lower() not in CATALOGUE:
        raise InputError(f"there is no data set {name!r} to get; there is {', '.join(CATALOGUE)}")
    return CATALOGUE[name.lower()]


def get(
    name: str, folder: Path, archive: Path | None = None, again: bool = False, progress: downloads.Progress = True
) -> bool:
    """Put a data set into a folder, all of it or nothing. A download that was cut goes on when this is called again.

    Parameters
    ----------
    name
        A name of the catalogue.
    folder
        Where to: a folder that is not there yet, or empty.
    archive
        An archive that is here already, instead of the public one.
    again
        Replace what is there, if it is nothing but this data set.
    progress
        Show a progress bar; or a function that is told how far it is, and that ends the work by raising something.

    Returns
    -------
    bool
        False if the data set was there already, and was left as it is.

    Raises
    ------
    InputError
        There is no such data set.
    DownloadError
        It could not be fetched.
    FileError
        The archive is damaged, unsafe or not this data set; the folder holds something else, or cannot be written.
    """
    source = find(name)
    target = Path(os.path.realpath(folder))  # a link to a larger disk is followed
    try:
        if target.is_dir() and any(target.iterdir()):
            if _whole(source, target) and not again:
                return False
            _check_replaceable(source, target, again)
        elif target.exists() and not target.is_dir():
            raise FileError(target, f"is a file; name a folder for {source.title} with --to")
        with _workshop(target) as work:
            _make(source, target, work, archive, progress)
    except OSError as error:
        raise FileError(target, f"was not written: {in_words(error, 'written')}. Nothing was changed there") from error
    return True


def _make(source: Source, target: Path, work: Path, archive: Path | None, progress: downloads.Progress) -> None:
    """Fetch, check and unpack beside the target, and put it in place."""
    free = shutil.disk_usage(work).free
    if free < 1.2 * source.size:
        raise FileError(
            target.parent,
            f"has {free / 1e6:,.0f} MB free, and {source.title} needs {1.2 * source.size / 1e6:,.0f} MB; "
            "make room, or name a folder on another disk with --to",
        )
    new, old, fetched = work / "new", work / "old", work / "archive"
    if archive is None and not fetched.exists():
        _fetch(source, fetched, progress)
    place, called = (fetched, source.url) if archive is None else (archive, str(archive))
    with archives.opened(place, source.keep, called) as contents:
        if problem := source.problem(contents.names):
            raise FileError(called, f"is not all of {source.title}, it has {problem}. Nothing was unpacked")
        contents.unpack(new, source.title, progress)
    if target.exists():
        target.replace(old)
    try:
        new.replace(target)
    except BaseException:
        _put_back(old, target)
        raise


def _put_back(old: Path, target: Path) -> None:
    if old.exists() and not target.exists():
        old.replace(target)


def _fetch(source: Source, fetched: Path, progress: downloads.Progress) -> None:
    try:
        downloads.fetch(source.url, fetched, source.title, progress)
    except DownloadError as error:
        came = downloads.kept(fetched)
        kept = f"The {came / 1e6:,.1f} MB that came are kept, and the next try goes on from there if it can. "
        raise DownloadError(
            f"{source.title} could not be fetched: {source.url} {error}. {kept if came else ''}Connect to the network "
            f"and try again; or get the archive another way, and name it: "
            f"python -m sdkit data get {source.name} --from FILE"
        ) from error


def _files(source: Source, folder: Path) -> frozenset[str]:
    """Return the names of the files of a folder; what cannot be of this data set is not looked into."""
    tops = {name.partition("/")[0] for name in source.needed if "/" in name}
    names = set()
    for path in folder.iterdir():
        inside = [file for file in path.rglob("*") if not file.is_dir()] if path.name in tops else [path]
        names |= {file.relative_to(folder).as_posix() for file in inside}
    return frozenset(names)


def _whole(source: Source, folder: Path) -> bool:
    return not source.problem(_files(source, folder))


def _check_replaceable(source: Source, folder: Path, again: bool) -> None:
    """Raise FileError unless the folder holds nothing but files of this data set, and may be replaced."""
    names = _files(source, folder)
    if others := [name for name in names if not re.fullmatch(source.keep, name, re.ASCII)]:
        raise FileError(
            folder,
            f"holds other things than {source.title} ({_some(others)}), which stay as they are; "
            f"name another folder, such as --to {folder / source.title}",
        )
    if not again:
        raise FileError(
            folder, f"is not all of {source.title}, it has {source.problem(names)}. To replace it, add --again"
        )


def _some(names: Iterable[str], most: int = 5) -> str:
    """Name a few, with 2 before 10."""
    every = sorted(names, key=lambda name: re.sub(r"\d+", lambda number: number[0].zfill(20), name))
    more = f" and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(repr(name[:60])[1:-1] for name in every[:most]) + more


@contextlib.contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """Give a hidden folder beside the target, for one process at a time, that goes in the end.

    It stays only if what is in it serves the next time: after a cut in the download, an interruption, or a kill.
    """
    work = target.with_name(f".{target.name}.part")
    work.mkdir(parents=True, exist_ok=True)
    with locked(work / "lock", target):
        _put_back(work / "old", target)
        serves = False
        try:
            shutil.rmtree(work / "new", ignore_errors=True)
            yield work
        except (DownloadError, KeyboardInterrupt):
            serves = (work / "archive").exists() or downloads.kept(work / "archive") > 0
            raise
        finally:
            shutil.rmtree(work / "new" if serves else work, ignore_errors=True)
