"""The forms of an export: each a function from rows to the bytes of a file.

========  ====================================  ========================================================================
form      file                                  what it is
========  ====================================  ========================================================================
chat      chat.jsonl                            ``{"messages": [{"role": "user", "content": ...}, ...], ...}`` a line,
                                                as OpenAI's fine-tuning and Hugging Face's TRL take it
sharegpt  sharegpt.json                         a list of ``{"id": ..., "conversations": [{"from": "human", "value":
                                                ...}, {"from": "gpt", ...}]}``, as FastChat and LLaMA-Factory take it
csv       dialogues.csv                         a row a turn, which is a message and its answer
parquet   dialogues.parquet                     a row a dialogue
datasets  data/train-00000-of-00001.parquet     the same, where ``load_dataset(folder)`` and the Hugging Face Hub look
========  ====================================  ========================================================================
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sdkit.errors import MissingPackageError
from sdkit.factory.export_rows import Row

_ROLES = {"user": "human", "assistant": "gpt"}
_TIME_SLOT = ("start", "end", "name")
_TURN = ("turn_number", "utterance", "intent", "assistant_response", "emotion")
_SEPARATOR = "; "  # between the values of a cell
# After OWASP's "CSV Injection". Behind apostrophes too, so that one of them can be taken away again.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_ROWS = 10_000  # of a group: a reader who wants a few rows need not read all


class Form(NamedTuple):
    """Where a form goes, and what makes it."""

    file: str
    make: Callable[[Sequence[Row]], bytes]


def chat(rows: Sequence[Row]) -> bytes:
    """Return JSON Lines of messages, each with what else is known of its dialogue."""
    return lines({"messages": _messages(row), **row.about()} for row in rows)


def sharegpt(rows: Sequence[Row]) -> bytes:
    """Return a JSON list of conversations, a line each."""
    found = []
    for row in rows:
        said = [{"from": _ROLES[role], "value": text} for role, text in row.messages()]
        found.append(json.dumps({"id": row.dialogue_id, "conversations": said}, ensure_ascii=False))
    return ("[\n" + ",\n".join(found) + "\n]\n").encode()


def as_csv(rows: Sequence[Row]) -> bytes:
    """Return a table with a row a turn.

    It is UTF-8 after RFC 4180. A cell that a spreadsheet would take for a formula, as it begins with = + - @ or a tab
    or a line break, has an apostrophe in front of it; `unguarded` takes it away. Several values are separated by "; ",
    and the time slot is in three columns.
    """
    text = io.StringIO(newline="")
    table = csv.writer(text)
    about = [name for name in Row.model_fields if name not in {"dialogue_id", "turns", "num_lines", "time_slot"}]
    table.writerow(["dialogue_id", *_TURN, *about, *(f"time_slot_{part}" for part in _TIME_SLOT)])
    for row in rows:
        known = row.about()
        ending = [known[name] for name in about] + [*(row.time_slot or ("", "", ""))]
        for turn in row.turns:
            cells = [row.dialogue_id, *(getattr(turn, name) for name in _TURN), *ending]
            table.writerow([_guarded(cell) for cell in cells])
    return text.getvalue().encode()


def unguarded(cell: str) -> str:
    """Return what a cell of the table held before it was guarded."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _guarded(cell: Any) -> Any:
    if isinstance(cell, list):
        cell = _SEPARATOR.join(cell)
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def parquet(rows: Sequence[Row]) -> bytes:
    """Return a Parquet table with a row a dialogue: the fields of `Row`, and the messages of the chat form.

    Raises
    ------
    MissingPackageError
        pyarrow is not installed.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet as files
    except ImportError as error:
        raise MissingPackageError("pyarrow", "write Parquet", extra="factory") from error
    text, number = arrow.string(), arrow.int64()
    texts = arrow.list_(text)
    turn = [(name, number if name == "turn_number" else text) for name in _TURN]
    types = {
        "services": texts,
        "turns": arrow.list_(arrow.struct(turn)),
        "num_lines": number,
        "user_emotions": texts,
        "assistant_emotions": texts,
        "time_slot": texts,
        "regions": texts,
        "seed": number,
    }
    schema = arrow.schema([(name, types.get(name, text)) for name in Row.model_fields])
    schema = schema.append(arrow.field("messages", arrow.list_(arrow.struct([("role", text), ("content", text)]))))
    data = io.BytesIO()
    with files.ParquetWriter(data, schema, compression="zstd") as writer:
        for first in range(0, len(rows), _ROWS):
            some = [{**row.model_dump(), "messages": _messages(row)} for row in rows[first : first + _ROWS]]
            writer.write_table(arrow.Table.from_pylist(some, schema=schema))
    return data.getvalue()


FORMS = {
    "chat": Form("chat.jsonl", chat),
    "sharegpt": Form("sharegpt.json", sharegpt),
    "csv": Form("dialogues.csv", as_csv),
    "parquet": Form("dialogues.parquet", parquet),
    "datasets": Form("data/train-00000-of-00001.parquet", parquet),
}


def _messages(row: Row) -> list[dict[str, str]]:
    return [{"role": role, "content": text} for role, text in row.messages()]


def lines(values: Iterable[Any]) -> bytes:
    """Return JSON Lines."""
    return "".join(f"{json.dumps(value, ensure_ascii=False)}\n" for value in values).encode()
