"""Seed messages in, chat histories out: the files of the guide that grew conversations from seed messages.

Its input is a CSV file without a header, with an opening message of a user in the first column. Its output is a table
of one column, ``chat_history``, in it a list of JSON objects with ``text`` and ``role``, which is USER or ASSISTANT.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdkit.dialog import Dialog, Turn
from sdkit.errors import FileError, InputError
from sdkit.files import read_text, write_text
from sdkit.messages import ROLES, chat_of, load_conversations

COLUMN = "chat_history"
_TABS = {".tsv", ""}  # the original's file has tabs and no ending
FORMS = (".csv", *sorted(_TABS), ".jsonl")


@dataclass(frozen=True)
class Seed:
    """An opening message of a user.

    Attributes
    ----------
    text : str
        The message; "" if the row is broken.
    problem : str
        What is wrong with the row; "" if nothing is.
    """

    text: str
    problem: str = ""


def load_seeds(path: str | Path) -> list[Seed]:
    """Return the opening messages of a CSV file without a header: its first column.

    Blank lines are passed over. A row that is broken stays in its place, with what is wrong with it: one whose message
    has a comma and no quotes, whose quotes do not end, or that is empty.

    Raises
    ------
    FileError
        The file cannot be read, or has no rows.
    """
    rows = list(_rows(path, read_text(path)))
    widths = Counter(len(cells) for _, cells, problem in rows if not problem)
    usual = max(widths, key=lambda width: (widths[width], -width), default=1)
    seeds = [_seed(path, line, cells, problem, usual) for line, cells, problem in rows]
    if not seeds:
        raise FileError(path, "has no rows; write an opening message a line")
    return seeds


def _rows(path: str | Path, text: str) -> Iterator[tuple[int, list[str], str]]:
    """Yield of each row the number of its line, its cells, and what is wrong with it."""
    lines = io.StringIO(text, newline="").readlines()
    begin = 0
    while begin < len(lines):
        # One reader a row: what an open quote swallows is given back to the rows after it.
        reader = csv.reader(iter(lines[begin:]), strict=True)
        try:
            cells = next(reader, [])
            used = reader.line_num
            problem = ""
        except csv.Error as error:
            cells, used = [], 1
            problem = f"cannot be read ({error}). Put the message in double quotes, and write each one inside it twice"
        if cells or problem:
            yield begin + 1, cells, problem
        begin += max(used, 1)


def _seed(path: str | Path, line: int, cells: list[str], problem: str, usual: int) -> Seed:
    comma = len(cells) != usual or any(cell.startswith(" ") for cell in cells[1:])
    if not problem and comma and len(cells) > 1:
        problem = "has a comma outside quotes; put the message in double quotes"
    elif not problem and not (cells and cells[0].strip()):
        problem = "is empty"
    return Seed("", f"{path}, line {line}: {problem}") if problem else Seed(cells[0].strip())


def save_chat_histories(path: str | Path, dialogs: Iterable[Dialog]) -> None:
    """Save dialogues between a user and an assistant as a table of one column, atomically.

    Parameters
    ----------
    path
        Where to. A name that ends in .csv makes a CSV file; one that ends in .tsv, or has no ending, the original's
        form: a line each, without any quotes around it.
    dialogs
        The dialogues; the first one who speaks in each is the user.

    Raises
    ------
    InputError
        The name has another ending, or more than two speak in a dialogue.
    FileError
        It cannot be written; the file is as it was before.
    """
    cells = [
        json.dumps([{"text": message["content"], "role": message["role"].upper()} for message in chat_of(dialog)])
        for dialog in dialogs
    ]
    suffix = Path(path).suffix.lower()
    if suffix in _TABS:
        write_text(path, "".join(f"{cell}\n" for cell in [COLUMN, *cells]))
        return
    if suffix != ".csv":
        raise InputError(f"{path}: chat histories go into a file that ends in .csv or .tsv, or has no ending")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([[cell] for cell in [COLUMN, *cells]])
    write_text(path, text.getvalue())


def load_chat_histories(path: str | Path) -> list[Dialog]:
    """Return the conversations of a file that `save_chat_histories` has written, or of JSON Lines with messages.

    Raises
    ------
    FileError
        The file cannot be read, or holds something else; names the line.
    InputError
        Its name has an ending that none of these has.
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".jsonl":
        return load_conversations(path)
    if suffix not in FORMS:
        raise InputError(f"{path}: conversations are in files that end in .csv, .tsv or .jsonl, or have no ending")
    text = read_text(path)
    if suffix in _TABS:
        table = [(number, [line]) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    else:
        table = [(line, cells) for line, cells, _ in _rows(path, text)]
    if not table or table[0][1][:1] != [COLUMN]:
        raise FileError(path, f"has no column {COLUMN} in its first line", 1)
    return [_history(path, line, cells[0] if cells else "") for line, cells in table[1:]]


def _history(path: str | Path, line: int, cell: str) -> Dialog:
    try:
        messages: Any = json.loads(cell)
        turns = [Turn(speaker=_role(message["role"]), text=str(message["text"])) for message in messages]
    except (ValueError, LookupError, TypeError) as error:
        raise FileError(path, f'is no chat history, a list of {{"text", "role"}}: {cell[:60]!r}', line) from error
    return Dialog(turns=turns)


def _role(role: Any) -> str:
    if str(role).lower() not in ROLES:
        raise ValueError(role)
    return str(role).lower()
