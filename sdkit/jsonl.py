"""JSON Lines files that grow: each line is there in full or not at all, whatever kills the writer."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from sdkit.errors import FileError
from sdkit.files import in_words, write_text

_DEEP = "is nested too deeply"


def append_line(path: str | Path, value: Any) -> None:
    """Append a value as a line of JSON: see `append_lines`."""
    append_lines(path, [value])


def append_lines(path: str | Path, values: Iterable[Any]) -> None:
    """Append values as lines of JSON, and have them on the disk before returning.

    Half a line that a killed writer left at the end is taken away first; any other that lacks its line break
    gets it. There can be one writer at a time.

    Raises
    ------
    FileError
        They cannot be written; the file is as it was before, but for half a line.
    """
    lines = b"".join(_line(path, value) for value in values)
    if not lines:
        return
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        # Without a buffer: on a full disk, closing the file would write what is left in it after all.
        with open(path, "ab+", buffering=0) as file:
            end, tail = _end(file)
            if _is_cut(tail):
                os.ftruncate(file.fileno(), end)
            elif tail:
                end, lines = end + len(tail), b"\n" + lines
            try:
                left = memoryview(lines)
                while left:  # a disk that is nearly full takes a part of it
                    left = left[file.write(left) :]
                os.fsync(file.fileno())
            except BaseException:
                os.ftruncate(file.fileno(), end)
                raise
    except (OSError, ValueError) as error:  # a ValueError for a path with a null character in it
        raise FileError(path, f"was not written: {in_words(error, 'written')}") from error


def _line(path: str | Path, value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except RecursionError:
        raise FileError(path, f"was not written: the value {_DEEP}") from None
    except (ValueError, TypeError) as error:
        raise FileError(path, f"was not written: {error}") from error


def _end(file: Any) -> tuple[int, bytes]:
    """Return where the last line break of an open file is, in bytes, and what stands behind it."""
    position = file.seek(0, os.SEEK_END)
    tail = b""
    while position:
        begin = max(0, position - 65536)
        file.seek(begin)
        data = file.read(position - begin)
        newline = data.rfind(b"\n")
        tail = data[newline + 1 :] + tail
        if newline >= 0:
            return int(begin + newline + 1), tail
        position = begin
    return 0, tail


def _is_cut(tail: bytes) -> bool:
    """Tell whether a last line without a line break is what a killed writer may have left: the beginning of some JSON.

    Half a number would be a number as well. What is no JSON from the start is somebody else's.
    """
    text = tail.decode("utf-8", "replace").strip("\0 \t\r")
    try:
        return not isinstance(json.loads(text), dict | list)
    except (ValueError, RecursionError) as error:
        if str(error).startswith("Extra data"):
            return False
        return text[:1] in {"", "{", "[", '"', "-"} or any(word.startswith(text) for word in ("true", "false", "null"))


def read_lines(path: str | Path, broken: Callable[[FileError], None] | None = None) -> list[Any]:
    """Return the values of a file's lines; none if there is no file.

    Blank lines are passed over, and half a line at the end.

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
    return [value for _, value in numbered_lines(path, broken)]


def numbered_lines(path: str | Path, broken: Callable[[FileError], None] | None = None) -> Iterator[tuple[int, Any]]:
    """Yield what `read_lines` returns, each with the number of its line, from 1 on.

    Raises
    ------
    FileError
        It cannot be read, or a line of it is not JSON; names the line.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise FileError(path, in_words(error, "read")) from error
    *lines, tail = data.split(b"\n")
    if not _is_cut(tail):
        lines.append(tail)
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                why = _DEEP if isinstance(error, RecursionError) else f"is not JSON: {error}"
                problem = FileError(path, why, number)
                if broken is None:
                    raise problem from error
                broken(problem)
            else:
                yield number, value


def write_lines(path: str | Path, values: Iterable[Any]) -> None:
    """Write a whole file of lines, atomically.

    Raises
    ------
    FileError
        It cannot be written; the file is as it was before.
    """
    write_text(path, b"".join(_line(path, value) for value in values).decode())
