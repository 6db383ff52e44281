"""What the exercises on scenarios share: what may be the outcome of a conversation, and whether a dialogue says so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import product
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from sdkit.dialog import Dialog
from sdkit.personas import BasePersona

_NO = {"no", "not", "never", "without", "none", "nothing"}
_SAYS_NO = re.compile(r"\b(no|not|never|without|none|nothing|cannot|unable)\b|n[\u2019']t\b")


def gives_nothing(stub: Any, scenario: Any) -> bool:
    """Tell whether a function is as the student found it, or there is no scenario to try it with."""
    code = getattr(stub, "__code__", None)
    return scenario is None or (code is not None and not code.co_names and stub(scenario) is None)


def without_value(somebody: BasePersona) -> list[str]:
    """Return the fields that have no value; 0 and False are values, if somebody gave them."""
    fields = {field: getattr(somebody, field) for field in type(somebody).model_fields}
    given = somebody.model_fields_set
    return [
        field
        for field, value in fields.items()
        if value is None or (not value and (hasattr(value, "__len__") or field not in given))
    ]


def outcomes(kind: type) -> tuple[Any, ...]:
    """Return what the field `outcome` of a class may be; nothing, if it may be anything."""
    field = getattr(kind, "model_fields", {}).get("outcome")
    return () if field is None else _choices(field.annotation)


def _choices(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if get_origin(annotation) in (Union, UnionType):  # such as Literal[...] | None
        return tuple(choice for part in get_args(annotation) for choice in _choices(part))
    return tuple(getattr(annotation, "__members__", {}).values())  # an Enum


def as_text(outcome: Any) -> str:
    """Return an outcome as it is shown, and as a dialogue keeps it."""
    return str(getattr(outcome, "value", outcome))


def end_of(dialog: Dialog) -> str:
    """Return the outcome that a dialogue's scenario asks for; nothing, if it asks for none."""
    about = dialog.scenario
    return as_text(about["outcome"]) if isinstance(about, dict) and about.get("outcome") is not None else ""


def said_at(dialog: Dialog, outcome: str, others: Iterable[str] = ()) -> int | None:
    """Return in which turn of the second half of a dialogue an outcome is said first; the first turn is 1.

    A word of the outcome will do, of a long one its first five letters; words that other outcomes have as well do not
    count. Nor does a word behind a "not" in its sentence, unless the outcome itself has a "no" in it.
    """
    shared = {word for other in others if other != outcome for word in _words(other)}
    words = _words(outcome)
    negated = any(word in _NO for word in words)
    own = [word for word in words if word not in _NO | (set() if negated else shared)]
    patterns = [rf"\b{word[:5]}" for word in own if len(word) > 3] or [rf"\b{word}\b" for word in own]
    half = len(dialog) // 2
    for number, turn in enumerate(dialog.turns[half:], start=half + 1):
        for sentence, pattern in product(re.split(r"[.!?;]", turn.text.casefold()), patterns):
            match = re.search(pattern, sentence)
            if match and bool(_SAYS_NO.search(sentence[: match.start()])) is negated:
                return number
    return None


def _words(outcome: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", outcome.casefold())
