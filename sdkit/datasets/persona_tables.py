"""The files of a persona corpus, row by row: JSON Lines, JSON, CSV, Parquet, and what Hugging Face's datasets save."""

from __future__ import annotations

import contextlib
import csv
import importlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from sdkit.errors import FileError, MissingPackageError
from sdkit.files import in_words, read_data

PERSONA = ("persona", "input persona")
"""The columns that may hold the persona; the second one is that of some files of PersonaHub (arXiv:2406.20094)."""
LABELS = ("summary_label", "labels")
"""The columns that may hold the labels; the second one is that of FinePersonas before it was clustered."""
CLUSTER = "cluster_label"
_ANY = frozenset(PERSONA)
_BOM = b"\xef\xbb\xbf"
_NOT_UTF8 = "is not UTF-8 text; save it as UTF-8 and try again"
_NEEDED = ("id", *PERSONA, CLUSTER, *LABELS)

Row = tuple[Literal["line", "row"], int, dict[str, Any]]
"""What is counted, its number from 1 on, and the cells by column."""


def first(cells: Mapping[str, Any], columns: Iterable[str]) -> Any:
    """Return the first of some cells that holds something; None if none does."""
    for column in columns:
        if (cell := cells.get(column)) is not None:
            return cell
    return None


def at(path: str | Path, counted: str, number: int, problem: str) -> FileError:
    """Return the error of a line or a row."""
    return FileError(path, problem, number) if counted == "line" else FileError(path, f"row {number}: {problem}")


def files_of(path: Path) -> list[Path]:
    """Return the files of a corpus, in order: the path itself, those in this folder, or those of its first split.

    Raises
    ------
    FileError
        There is nothing, or nothing that can be read.
    """
    try:
        if not path.exists():
            raise FileError(path, f"does not exist; {_hint(path)}")
        if not path.is_dir():
            return [path]
        inside = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    except OSError as error:
        raise FileError(path, in_words(error, "read")) from error
    names = [file.name for file in inside]
    if "dataset_dict.json" in names:
        return files_of(path / _listed(path / "dataset_dict.json", lambda data: [data["splits"][0]])[0])
    if "state.json" in names:  # the folder may also hold Arrow files that were only a cache
        return [path / name for name in _listed(path / "state.json", _saved_files)]
    found = [file for file in inside if file.suffix.lower() in _READERS]
    if not found and "data" in names:  # as Hugging Face's repositories have it
        return files_of(path / "data")
    if not found:
        raise FileError(path, f"holds no file that ends in {', '.join(_READERS)}; {_hint(path)}")
    if len(endings := sorted({file.suffix.lower() for file in found})) > 1:
        raise FileError(path, f"holds files that end in {' and in '.join(endings)}; name one of them")
    return found


def _hint(path: Path) -> str:
    beside = [file for ending in _READERS if (file := path.with_suffix(ending)).is_file()] if path.name else []
    return f"did you mean {beside[0]}?" if beside else "datasets/personas.jsonl comes with sdkit"


def _saved_files(state: Any) -> list[str]:
    return [file["filename"] for file in state["_data_files"]]


def _listed(path: Path, names_in: Callable[[Any], list[str]]) -> list[str]:
    data = read_data(path, "json")
    try:
        names = names_in(data)
    except (TypeError, LookupError):
        names = []
    if not names or not all(isinstance(name, str) and Path(name).name == name != ".." for name in names):
        raise FileError(path, "is not what `save_to_disk` of Hugging Face's datasets writes; it names no data")
    return names


def rows_of(path: Path) -> Iterator[Row]:
    """Yield the rows of a file, with those columns at least that a persona corpus needs.

    Raises
    ------
    FileError
        It cannot be read, has no column of personas, or a line of it is not JSON.
    MissingPackageError
        It is a file for pyarrow, which is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        raise FileError(path, f"personas are read from files that end in {', '.join(_READERS)}, not in {suffix!r}")
    try:
        if not path.stat().st_size:
            raise FileError(path, "is empty")
        yield from _READERS[suffix](path)
    except OSError as error:
        raise FileError(path, in_words(error, "read")) from error


def _of_json(path: Path) -> Iterator[Row]:
    """Read a list of objects, or an object a line, whatever the ending says: datasets write lines into .json, too."""
    with path.open("rb") as file:
        is_list = file.read(1024).removeprefix(_BOM).lstrip().startswith(b"[")
        file.seek(0)
        for counted, number, row in _of_list(path) if is_list else _of_lines(path, file):
            if not isinstance(row, dict):
                raise at(path, counted, number, f"an object with a persona is needed, not {row!r:.80}")
            if problem := _lacking(row):
                raise at(path, counted, number, problem)
            yield counted, number, row


def _of_list(path: Path) -> Iterator[Row]:
    for number, value in enumerate(read_data(path, "json"), start=1):
        yield "row", number, value


def _of_lines(path: Path, file: Iterable[bytes]) -> Iterator[Row]:
    # Line by line: with embeddings, a corpus takes gigabytes.
    for number, line in enumerate(file, start=1):
        if line.isspace():
            continue
        try:
            value = json.loads(line.removeprefix(_BOM).decode())  # json.loads guesses the encoding of bytes, each time
        except UnicodeDecodeError as error:
            raise FileError(path, _NOT_UTF8, number) from error
        except (ValueError, RecursionError) as error:
            raise FileError(path, f"is not JSON: {error}", number) from error
        yield "line", number, value


def _of_csv(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        try:
            if problem := _lacking(reader.fieldnames or ()):
                raise FileError(path, problem, 1)
            for row in reader:
                yield "line", reader.line_num, {column: cell or None for column, cell in row.items()}
        except UnicodeDecodeError as error:
            raise FileError(path, _NOT_UTF8) from error
        except csv.Error as error:
            raise FileError(path, f"is not CSV: {error}", reader.reader.line_num) from error


def _of_parquet(path: Path) -> Iterator[Row]:
    parquet = _pyarrow("pyarrow.parquet")
    with _told(path, "Parquet file"), parquet.ParquetFile(path) as file:
        columns = _needed(path, file.schema_arrow.names)
        yield from _of_batches(file.iter_batches(columns=columns))


def _of_arrow(path: Path) -> Iterator[Row]:
    arrow, ipc = _pyarrow("pyarrow"), _pyarrow("pyarrow.ipc")
    with _told(path, "Arrow stream"), arrow.memory_map(str(path)) as source, ipc.open_stream(source) as stream:
        columns = _needed(path, stream.schema.names)
        yield from _of_batches(batch.select(columns) for batch in stream)


def _of_batches(batches: Iterable[Any]) -> Iterator[Row]:
    number = 0
    for batch in batches:
        for row in batch.to_pylist():
            number += 1
            yield "row", number, row


def _pyarrow(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingPackageError("pyarrow", "read Parquet and Arrow files", extra="factory") from error


@contextlib.contextmanager
def _told(path: Path, kind: str) -> Iterator[None]:
    """Turn what pyarrow says of a broken file into a `FileError`; its own errors are of these kinds, too."""
    try:
        yield
    except (ValueError, OSError, NotImplementedError) as error:
        with path.open("rb") as file:
            if file.read(20).startswith(b"version https://git-"):
                raise FileError(path, "stands for a file that Git LFS keeps; fetch it with `git lfs pull`") from error
        raise FileError(path, f"is no {kind} that can be read: {str(error).partition(chr(10))[0]}") from error


def _needed(path: Path, columns: Collection[str]) -> list[str]:
    if problem := _lacking(columns):
        raise FileError(path, problem)
    return [column for column in _NEEDED if column in columns]


def _lacking(columns: Collection[str]) -> str:
    """Say that there is no column of personas; nothing if there is one."""
    if not _ANY.isdisjoint(columns):
        return ""
    return f"there is no column {PERSONA[0]}; the columns are {', '.join(map(str, columns)) or 'none'}"


_READERS = {".jsonl": _of_json, ".json": _of_json, ".csv": _of_csv, ".parquet": _of_parquet, ".arrow": _of_arrow}
