"""Where the dialogues of MultiWOZ lie in the forms that people have, and the raw records in these files.

The official form is that of MultiWOZ 2.2 (arXiv:2007.12720): ``train|dev|test/dialogues_*.json``. Others are MultiWOZ
2.1 (``data.json``, or ConvLab's ``val.json`` and ``test.json``), and what the `datasets` library of Hugging Face makes
of 2.2: JSON Lines, Parquet, and the Arrow files of ``save_to_disk``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sdkit.errors import FileError, InputError, MissingPackageError
from sdkit.files import read_text

FETCH = "`python -m sdkit data get multiwoz` fetches MultiWOZ"
SPLITS = {"train": "train", "dev": "dev", "val": "dev", "valid": "dev", "validation": "dev", "test": "test"}
"""What a split is called somewhere, and here: as in the official folders."""

_ORDER = ["train", "dev", "test"]
_PLACES = ("", "MultiWOZ_2.2", "data/MultiWOZ_2.2", "data", "v2.2")  # the public project's folders, and the hub's
_NAMES = (  # the first kind that there is
    re.compile(r"dialogues.*\.json", re.IGNORECASE),
    re.compile(rf"(?:data|{'|'.join(SPLITS)})\.json"),
    re.compile(r".+\.jsonl"),
    re.compile(r".+\.parquet"),
    re.compile(r"(?!cache-).+\.arrow"),  # cache-*: what `map` and `filter` have left behind
)
_PACKED = {".zip", ".tar", ".gz", ".xz", ".bz2", ".tgz"}
_MOST = 2**30  # bytes of a file: data.json has a quarter of that
_BLANKS = re.compile(r"[ \t\n\r]*")
_BY_ID = re.compile(r'\{\s*"(?!(?:turns|frames|goal|log)")(?:[^"\\]|\\.)*"\s*:\s*\{')  # MultiWOZ 2.1, not a record
_DECODER = json.JSONDecoder()
_READ = frozenset(  # of tables: their annotation takes longer than all the rest
    {"dialogue_id", "services", "turns", "speaker", "utterance", "frames", "service", "state", "active_intent"}
    | {"goal_message"}
)


def find(path: Path) -> list[tuple[Path, str]]:
    """Return the files with dialogues, and the split of each: "train", "dev", "test", another name, or "".

    Raises
    ------
    InputError
        Nothing is there, or nothing that could be MultiWOZ.
    """
    if path.is_file():
        if path.suffix.lower() in _PACKED:
            raise InputError(f"{path} is packed; unpack it, and name the folder or the file that comes out of it")
        return [(path, _split_of(path))]
    if not path.is_dir():
        raise InputError(f"{path}: there is no such folder or file; {FETCH}")
    for place in _PLACES:
        if found := _in_folder(path / place):
            return found
    raise InputError(
        f"{path}: there are no dialogues in a form of MultiWOZ in it, such as train/dialogues_001.json, data.json, "
        f"or .jsonl, .parquet or .arrow files; {FETCH}"
    )


def _in_folder(folder: Path) -> list[tuple[Path, str]]:
    """Return the files of one kind in a folder and in its folders for splits; nothing if there is none."""
    if not folder.is_dir():
        return []
    saved = _is_saved_dict(folder)
    inside = [sub for sub in folder.iterdir() if sub.is_dir() and (sub.name in SPLITS or saved)]
    files = [file for place in (folder, *inside) for file in place.iterdir() if file.is_file() and file.name[0] != "."]
    for pattern in _NAMES:
        found = [(file, _split_of(file)) for file in files if pattern.fullmatch(file.name)]
        if found:
            return sorted(found, key=lambda each: (_rank(each[1]), each[1], each[0]))
    return []


def _is_saved_dict(folder: Path) -> bool:
    """Tell whether Hugging Face has saved a `DatasetDict` here: each folder in it is a split, whatever it is called."""
    return (folder / "dataset_dict.json").is_file()


def _split_of(file: Path) -> str:
    folder = file.parent.name
    if _is_saved_dict(file.absolute().parents[1]):
        return SPLITS.get(folder, folder)
    return next((SPLITS[word] for word in (*re.findall(r"[a-z]+", file.stem.lower()), folder) if word in SPLITS), "")


def _rank(split: str) -> int:
    return _ORDER.index(split) if split in _ORDER else len(_ORDER)


def splits_of_lists(file: Path) -> dict[str, str]:
    """Return the split of each dialogue that the lists beside a ``data.json`` of MultiWOZ 2.1 name: dev and test.

    Raises
    ------
    FileError
        A list cannot be read.
    """
    ends = (".txt", ".json")  # of 2.1 and of 2.0; both hold an id a line
    lists = [(split, file.with_name(f"{name}ListFile{end}")) for name, split in SPLITS.items() for end in ends]
    return {name: split for split, path in lists if path.is_file() for name in read_text(path).split()}


def read(path: Path) -> Iterator[Any]:
    """Yield the dialogues of a file as they are in it, one after the other; those of 2.1 with their ``dialogue_id``.

    Raises
    ------
    FileError
        It cannot be read, or is not of the kind that its ending says.
    MissingPackageError
        It needs pyarrow.
    """
    return _table(path) if path.suffix.lower() in {".parquet", ".arrow"} else _json(path)


# -- JSON


def _json(path: Path) -> Iterator[Any]:
    """Yield the elements of a list, the values of a dict, or value after value, as in JSON Lines.

    They are decoded one by one: as a whole, ``data.json`` would fill more than a gigabyte.
    """
    text = read_text(path, _MOST)
    try:
        yield from _values(text)
    except RecursionError:
        raise FileError(path, "is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise FileError(path, f"is not JSON: {error.msg}", error.lineno) from error
    except ValueError as error:  # an integer of more than 4,300 digits
        raise FileError(path, f"is not JSON that can be read: {error}") from error


def _values(text: str) -> Iterator[Any]:
    at = _next(text, 0)
    by_id = bool(_BY_ID.match(text, at))
    if not by_id and text[at] != "[":
        while at < len(text):
            value, at = _DECODER.raw_decode(text, at)
            yield value
            at = _next(text, at)
        return
    end = "}" if by_id else "]"
    at = _next(text, at + 1)
    while text[at : at + 1] != end:
        name = None
        if by_id:
            name, at = _DECODER.raw_decode(text, at)
            at = _past(text, at, ":")
        value, at = _DECODER.raw_decode(text, at)
        yield {"dialogue_id": name, **value} if by_id and isinstance(value, dict) else value
        at = _next(text, at)
        if text[at : at + 1] != end:
            at = _past(text, at, ",")
    if (rest := _next(text, at + 1)) < len(text):
        raise json.JSONDecodeError("Extra data", text, rest)


def _next(text: str, at: int) -> int:
    """Return where the next character is that is not blank."""
    blanks = _BLANKS.match(text, at)
    return blanks.end() if blanks else at


def _past(text: str, at: int, sign: str) -> int:
    at = _next(text, at)
    if text[at : at + 1] != sign:
        raise json.JSONDecodeError(f"Expecting {sign!r}", text, at)
    return _next(text, at + 1)


# -- tables


def _table(path: Path) -> Iterator[Any]:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingPackageError("pyarrow", f"read {path.name}", extra="factory") from error
    try:
        with path.open("rb") as stream:
            begin = stream.read(6)
            stream.seek(0)
            if path.suffix.lower() == ".parquet":
                batches = parquet.ParquetFile(stream).iter_batches(batch_size=1000)
            elif begin == b"ARROW1":  # Arrow's file format; Hugging Face writes that for streams
                opened = arrow.ipc.open_file(stream)
                batches = map(opened.get_batch, range(opened.num_record_batches))
            else:
                batches = arrow.ipc.open_stream(stream)
            for batch in batches:
                yield from _pruned(arrow, batch.to_struct_array()).to_pylist()
    except (arrow.ArrowException, OSError, EOFError) as error:
        what = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
        raise FileError(path, f"is no {path.suffix[1:].capitalize()} file that can be read: {what}") from error


def _pruned(arrow: Any, array: Any) -> Any:
    """Return an array of structures, or lists of them, with only what is read of them."""
    types = arrow.types
    if types.is_list(array.type) or types.is_large_list(array.type):
        return type(array).from_arrays(array.offsets, _pruned(arrow, array.values))
    names = [field.name for field in array.type if field.name in _READ] if types.is_struct(array.type) else []
    if names:
        return arrow.StructArray.from_arrays([_pruned(arrow, array.field(name)) for name in names], names)
    return array
