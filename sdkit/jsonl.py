"""JSON Lines files that grow: each line is there in full or not at all, whatever kills the writer."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sdkit.errors import FileError
from sdkit.files import in_words, write_text


def append_line(path: str | Path, value: Any) -> None:
    """Append a value as a line of JSON, and have it on the disk before returning.

    Half a line that a killed writer left at the end is taken away first. There can be one writer at a time.

    Raises
    ------
    FileError
        It cannot be written; the file is as it was before.
    """
    try:
        line = _line(value).encode()
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab+") as file:
            end = _whole(file)
            file.truncate(end)
            try:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), end)
                raise
    except (OSError, ValueError, TypeError) as error:
        why = in_words(error, "written") if isinstance(error, OSError) else str(error)
        raise FileError(path, f"was not written: {why}") from error


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"


def _whole(file: Any) -> int:
    """Return where the last whole line of an open file ends, in bytes."""
    position = file.seek(0, os.SEEK_END)
    while position:
        begin = max(0, position - 65536)
        file.seek(begin)
        newline = file.read(position - begin).rfind(b"\n")
        if newline >= 0:
            return int(begin + newline + 1)
        position = begin
    return 0


def read_lines(path: str | Path, broken: Callable[[FileError], None] | None = None) -> list[Any]:
    """Return the values of a file's lines; none if there is no file, without half a line at the end.

    Parameters
    ----------
    path
        The file.
    broken
        Told of each line that is not JSON, which is then left out; by default that is an error.

    Raises
    ------
    FileError
        It cannot be read, or a line of it is not JSON; names the line.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FileError(path, in_words(error, "read")) from error
    values = []
    for number, line in enumerate(data[: data.rfind(b"\n") + 1].split(b"\n")[:-1], start=1):
        try:
            values.append(json.loads(line))
        except ValueError as error:
            problem = FileError(path, f"is not JSON: {error}", number)
            if broken is None:
                raise problem from error
            broken(problem)
    return values


def write_lines(path: str | Path, values: Iterable[Any]) -> None:
    """Write a whole file of lines, atomically.

    Raises
    ------
    FileError
        It cannot be written; the file is as it was before.
    """
    try:
        text = "".join(map(_line, values))
    except (ValueError, TypeError) as error:
        raise FileError(path, f"was not written: {error}") from error
    write_text(path, text)
