"""Values of an attribute out of a file: a column of a table, or a list."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sdkit.errors import FileError
from sdkit.files import file_type, read_data, read_text
from sdkit.jsonl import read_lines
from sdkit.population.attributes import Values, counted

ENDINGS = {".csv": "csv", ".tsv": "tsv", ".json": "json", ".jsonl": "jsonl", ".yaml": "yaml", ".yml": "yaml"}
"""The endings of files that values can come from, and what is in them."""


def from_file(path: str | Path, column: str | None = None) -> Values:
    """Return the rule that takes the values of a file; ``"{csv:column:path}"`` is short for it.

    What is there several times comes up that many times as often.

    Parameters
    ----------
    path
        A file that ends in .csv or .tsv, with a line of names; or in .yaml, .yml, .json or .jsonl, with a list.
    column
        Which column, or which key of each entry; None where there is one only, or where the entries are the values.

    Raises
    ------
    FileError
        The file cannot be read, or has no such column, or nothing in it.
    InputError
        The file has another ending.
    """
    rows = _rows(path, file_type(path, "auto", ENDINGS))
    if not rows:
        raise FileError(path, "has no values")
    if all(isinstance(row, Mapping) for row in rows):
        names = list(dict.fromkeys(str(name) for row in rows for name in row))
        if column is None and len(names) > 1:
            raise FileError(path, f"has several columns ({', '.join(names)}); say which")
        column = names[0] if column is None else column
        if column not in names:
            raise FileError(path, f"has no column {column!r}; it has {', '.join(names)}")
        rows = [row.get(column) for row in rows]
    elif column is not None:
        raise FileError(path, f"has no column {column!r}: its entries have no names")
    found = [row for row in rows if row is not None and str(row).strip()]
    if strange := [row for row in found if isinstance(row, Mapping | list)]:
        raise FileError(path, f"is to hold texts and numbers; found {str(strange[0])[:80]!r}")
    if not found:
        raise FileError(path, f"has no values in the column {column!r}" if column else "has no values")
    return counted(found)


def _rows(path: str | Path, form: str) -> list[Any]:
    if form == "jsonl":
        read_text(path)  # which says what is wrong with a file that is missing or empty
        return read_lines(path)
    if form in ("csv", "tsv"):
        # Of a table, every column is somebody's: cells that stand in none are told, not dropped.
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""), delimiter="\t" if form == "tsv" else ",")
        rows = []
        for row in reader:
            if None in row:
                raise FileError(path, "has more cells than names of columns", reader.line_num)
            rows.append({name: (cell or "").strip() for name, cell in row.items()})
        return rows
    data = read_data(path, form)
    if isinstance(data, Mapping) and len(data) == 1:
        data = next(iter(data.values()))
    if not isinstance(data, list):
        raise FileError(path, f"is to hold a list; found {str(data)[:80]!r}")
    return data
