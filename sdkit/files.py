"""Reading and writing text files so that nothing is half-written and every failure names its file."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sdkit.errors import FileError, InputError

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T")

MAX_BYTES = 64 * 2**20
"""The largest text file that `read_text` loads at once: 64 MiB, some thousand times a long dialogue."""

DATA_ENDINGS = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}
"""The endings of files that hold data written by people, and what is in them."""


def file_type(path: str | Path, asked: str, endings: Mapping[str, str]) -> str:
    """Return what kind of file this is: what was asked for or, for "auto", what the ending of the path says.

    Parameters
    ----------
    path
        The file; it need not exist.
    asked
        A kind, or "auto".
    endings
        The kinds that there are, by ending, such as {".json": "json"}.

    Raises
    ------
    InputError
        It is none of these.
    """
    kinds = list(dict.fromkeys(endings.values()))
    if asked not in {"auto", *kinds}:
        raise InputError(f"type={asked!r} is not a file type; use {', '.join(map(repr, kinds))} or 'auto'")
    if asked != "auto":
        return asked
    suffix = Path(path).suffix.lower()
    if suffix not in endings:
        *most, last = endings
        give = " or ".join(f"type={kind!r}" for kind in kinds)
        raise InputError(f"{path} ends neither in {', '.join(most)} nor in {last}; rename it, or give {give}")
    return endings[suffix]


def check_finite(model: BaseModel, **options: Any) -> None:
    """Raise ValueError if a number is infinite or NaN, which JSON has not: pydantic would write null.

    `options` are those of the object's ``model_dump``.
    """
    json.dumps(model.model_dump(**options, warnings=False), allow_nan=False, default=str, skipkeys=True)


def data_text(data: Any, kind: str) -> str:
    """Return data as "json" or "yaml" text for people: indented, in order, with letters as they are.

    Raises
    ------
    InputError
        It cannot be written as YAML: a text is not valid Unicode.
    """
    if kind == "json":
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    import yaml

    how: dict[str, Any] = {"allow_unicode": True, "sort_keys": False, "width": 100}
    try:
        # libyaml's, where it is there: ten thousand personas take a second instead of half a minute.
        text = str(yaml.dump(data, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), **how))
    except UnicodeEncodeError as error:
        raise InputError(
            f"character {error.start} of a text ({error.object[error.start]!r}) is not valid Unicode"
        ) from error
    if "\\U000" in text:  # so libyaml spells an emoji
        spelled = str(yaml.dump(data, Dumper=yaml.SafeDumper, **how))
        if not re.search("[\x85\u2028\u2029]", spelled):  # the other one loses these, which are line breaks to it
            return spelled
    return text


def load(path: str | Path, make: Callable[[Any], T]) -> T:
    """Return what is made of the data in a file that ends in .yaml, .yml or .json.

    Raises
    ------
    FileError
        It cannot be read, or `make` refuses with an `InputError` what it holds.
    InputError
        The file has another ending.
    """
    data = read_data(path, file_type(path, "auto", DATA_ENDINGS))
    try:
        return make(data)
    except InputError as error:
        raise FileError(path, str(error)) from error


def read_data(path: str | Path, kind: str, max_bytes: int = MAX_BYTES) -> Any:
    """Read a "json" or "yaml" file.

    Raises
    ------
    FileError
        It cannot be read, as `read_text` tells, or is not of this kind; names the line.
    """
    text = read_text(path, max_bytes)
    if kind == "json":
        try:
            return json.loads(text)
        except RecursionError:
            raise FileError(path, "is nested too deeply") from None
        except json.JSONDecodeError as error:
            raise FileError(path, f"is not JSON: {error.msg}", error.lineno) from error
        except ValueError as error:  # an integer of more than 4,300 digits
            raise FileError(path, f"is not JSON that can be read: {error}") from error
    import yaml

    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except RecursionError:
        raise FileError(path, "is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:  # a ValueError for a date that there is not
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise FileError(path, f"is not YAML: {what}", mark.line + 1 if mark else None) from error


def read_text(path: str | Path, max_bytes: int = MAX_BYTES) -> str:
    """Read a UTF-8 text file, with or without a byte order mark.

    Returns
    -------
    str
        The text; line ends are left as they are in the file.

    Raises
    ------
    FileError
        The file is missing, a folder, forbidden, larger than `max_bytes`, empty, or not UTF-8.
    """
    file = Path(path)
    try:
        with file.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > max_bytes:
                raise FileError(
                    path,
                    f"is {size / 2**20:,.0f} MiB; at most {max_bytes / 2**20:,.0f} MiB can be read at once",
                )
            data = stream.read(max_bytes + 1)
    except (OSError, ValueError) as error:  # a ValueError for a path with a null character in it
        raise FileError(path, in_words(error, "read")) from error
    if len(data) > max_bytes:
        raise FileError(path, f"is larger than the {max_bytes / 2**20:,.0f} MiB that can be read at once")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(path, "is not UTF-8 text; save it as UTF-8 and try again", line) from error
    if not text.strip():
        raise FileError(path, "is empty")
    return text


def write_text(path: str | Path, text: str, make_folder: bool = True) -> None:
    """Write a UTF-8 text file atomically: afterwards it holds the whole text, or what it held before.

    Parameters
    ----------
    path
        Where to; a symbolic link is followed.
    text
        What to write. Line ends stay as they are, on every system.
    make_folder
        Make missing folders on the way.

    Raises
    ------
    FileError
        The text cannot be encoded, or the file cannot be written. The old file, if any, is untouched.
    """
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise FileError(
            path, f"was not written: character {error.start} of the text ({text[error.start]!r}) is not valid Unicode"
        ) from error
    write_bytes(path, data, make_folder)


def write_bytes(path: str | Path, data: bytes, make_folder: bool = True) -> None:
    """Write a file atomically, as `write_text` does.

    Raises
    ------
    FileError
        The file cannot be written. The old file, if any, is untouched.
    """
    temporary: Path | None = None
    try:
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise FileError(path, "is a folder; name a file in it")
        if target.exists() and not target.is_file():
            raise FileError(path, "was not written: it is a device or a pipe, not a file")
        if make_folder:
            target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name[:40]}.{secrets.token_hex(4)}.part")
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o777)
        temporary.replace(target)
        temporary = None
    except (OSError, ValueError) as error:
        raise FileError(path, f"was not written: {in_words(error, 'written')}") from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()


@contextlib.contextmanager
def locked(lock: Path, work: str | Path, wait: float = 0) -> Iterator[None]:
    """Let one at a time do something, of all processes and threads; a lock ends with its process, however that ends.

    Parameters
    ----------
    lock
        The file that is locked; its folder is made.
    work
        What is being made, for the error.
    wait
        For how many seconds to wait for another one.

    Raises
    ------
    FileError
        Somebody else is at it, or the lock cannot be made.
    """
    from filelock import FileLock, Timeout

    key = FileLock(lock, timeout=wait)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        key.acquire()
    except Timeout:
        doing = "written" if wait else "made"
        raise FileError(
            work, f"is being {doing} by another process, cell or widget; wait until that is done, or stop it"
        ) from None
    except OSError as error:
        raise FileError(lock, f"was not written: {in_words(error, 'written')}") from error
    try:
        yield
    finally:
        key.release()


def in_words(error: OSError | ValueError, done: str) -> str:
    """Say why a file could not be "read" or "written"."""
    match error:
        case FileNotFoundError():
            return "does not exist" if done == "read" else "its folder does not exist"
        case IsADirectoryError():
            return "is a folder, not a file"
        case NotADirectoryError() | FileExistsError():
            return "a part of this path is a file, not a folder"
        case PermissionError():
            return f"may not be {done}: permission denied"
        case _:
            return (getattr(error, "strerror", None) or str(error)).lower()
