"""The files of a moderation: the one with the records, and the three that they go to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdkit.errors import FileError, InputError
from sdkit.files import file_type, read_data
from sdkit.jsonl import numbered_lines
from sdkit.moderation.records import bare

_ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json"}
_LARGEST = 4 * 2**30  # bytes of a JSON list, which is read at once


def key_of(record: Mapping[str, Any]) -> bytes:
    """Return what tells a record from others, whatever moderation has added to it; ValueError if JSON has no such."""
    text = json.dumps(bare(record), sort_keys=True, ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).digest()[:16]


class RecordFile:
    """The file with the dialogues, read as often as it is iterated over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kind = file_type(path, "auto", _ENDINGS)

    def __iter__(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """Yield each record, with its key."""
        for number, record in self._numbered():
            line = number if self._kind == "jsonl" else None
            which = "" if line else f"record {number} of the list "
            if not isinstance(record, dict):
                raise FileError(self.path, f"{which}is no dialogue: not an object in braces", line)
            try:
                yield key_of(record), record
            except ValueError as error:
                raise FileError(self.path, f"{which}cannot be written as JSON again: {error}", line) from error

    def _numbered(self) -> Iterator[tuple[int, Any]]:
        if not self.path.exists():
            raise FileError(self.path, "does not exist")
        if self._kind == "jsonl":
            yield from numbered_lines(self.path)
            return
        data = read_data(self.path, "json", _LARGEST)
        yield from enumerate(data if isinstance(data, list) else [data], start=1)


@dataclass(frozen=True)
class Outputs:
    """The three files that records go to."""

    approved: Path
    flagged: Path
    failed: Path

    @classmethod
    def of(cls, path: Path, *given: str | Path | None) -> Outputs:
        """Return those that were given, and names beside the file for what is None.

        Raises
        ------
        InputError
            Two are the same, or one is none of JSON Lines.
        """
        kinds = ("approved", "flagged", "failed")
        paths = [
            path.with_name(f"{path.stem}.{kind}.jsonl") if to is None else Path(to)
            for kind, to in zip(kinds, given, strict=True)
        ]
        if len({each.resolve() for each in (*paths, path)}) < len(paths) + 1:
            raise InputError("approved, flagged, failed and the file itself: give four different files")
        if odd := [each for each in paths if _ENDINGS.get(each.suffix.lower()) != "jsonl"]:
            raise InputError(f"{odd[0]}: the records go into JSON Lines; give a name that ends in .jsonl")
        return cls(*paths)

    @property
    def about(self) -> Path:
        """Where it is noted which layers have judged."""
        return self.approved.with_name(f"{self.approved.name}.about.json")


def keyed_lines(path: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yield the records of a file that records went to, each with its key."""
    for line, record in numbered_lines(path):
        if not isinstance(record, dict):
            raise FileError(path, "holds no record; choose another file", line)
        yield key_of(record), record
