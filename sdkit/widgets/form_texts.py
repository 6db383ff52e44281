"""Values as the text of a control, and back. There are no widgets here."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter

from sdkit.rendering import LINE_BREAK
from sdkit.widgets.form_drafts import NOT_GIVEN, Unreadable, is_empty
from sdkit.widgets.form_types import LONG, Shape

Writing = Literal["text", "integer", "number", "lines", "json"]

_ANY = TypeAdapter(Any)
_PLAIN = {"text": (str,), "integer": (int, float, str), "number": (int, float, str)}


def written(shape: Shape, value: Any) -> tuple[Writing, str] | None:
    """Return a value as text, and how it is written; None if text cannot carry it.

    Parameters
    ----------
    shape
        What the field takes: "text", "integer", "number", "lines" or "json".
    value
        What it holds; whatever is not of the shape is written as JSON.
    """
    usual: Writing = shape.kind  # type: ignore[assignment] # a choice, a yes_no and a section are no text
    if is_empty(value):
        return usual, ""
    if isinstance(value, Unreadable):
        return "json", value.text
    if isinstance(value, BaseModel) and shape.model not in {None, type(value)}:
        return None  # of a subclass: JSON would make it one of the class
    try:
        plain = _ANY.dump_python(value, mode="json", by_alias=False, exclude_unset=True)
        if usual == "lines" and isinstance(plain, list) and all(map(_fits_a_line, plain)):
            plain = "\n".join(map(str, plain))
        elif usual not in _PLAIN or not isinstance(plain, _PLAIN[usual]):
            usual, plain = "json", json.dumps(plain, indent=2, ensure_ascii=False)
        str(plain).encode()  # half surrogate pairs cannot be sent to a browser
        return usual, str(plain)
    except (ValueError, TypeError, RecursionError):  # pydantic's own errors are ValueErrors
        return None


def _fits_a_line(item: Any) -> bool:
    text = str(item)
    return isinstance(item, str | int | float) and text == text.strip() != "" and not re.search(LINE_BREAK, text)


def read(writing: Writing, text: str, shape: Shape) -> Any:
    """Return the value that a text stands for: NOT_GIVEN for none at all, `Unreadable` for broken JSON.

    A number that is none stays a text, about which pydantic then says what is wrong.
    """
    if not text.strip():
        return NOT_GIVEN
    match writing:
        case "integer" | "number":
            return _number(text, writing)
        case "lines":
            kind = shape.item.kind if shape.item else "text"
            lines = (line.strip() for line in re.split(LINE_BREAK, text))
            return [_number(line, kind) if kind in {"integer", "number"} else line for line in lines if line]
        case "json":
            return _json(text)
    return text


def is_long(text: str) -> bool:
    """Tell whether a text needs more than one line."""
    return len(text) > LONG or re.search(LINE_BREAK, text) is not None


def _number(text: str, kind: str) -> int | float | str:
    try:
        return int(text) if kind == "integer" else float(text)
    except ValueError:
        return text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        return Unreadable(text, f"This is not JSON: {error.msg} (line {error.lineno}, column {error.colno})")
    except (RecursionError, ValueError) as error:  # a ValueError for a number of thousands of digits
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        return Unreadable(text, f"This cannot be read: {why}")
