"""Whether a text says the value of an attribute: a rule of thumb by words, which finds no paraphrases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdkit.describing import value_of
from sdkit.personas import BasePersona
from sdkit.population.attributes import Band, Values, label, rule_of
from sdkit.population.likeness import texts_of, words_in

_DECADES = ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties")
_SMALL = frozenset(
    words_in(
        "a an and as at be but by do for from has have he her his if in into is it its of on or she so some than that "
        "the their them they this to very want wants was were what who with would you your need needs"
    )
)
"""Words that say little."""


def shows(text: str, value: Any) -> bool:
    """Tell whether a text says this value, by its words; it is a rule of thumb, which finds no paraphrases.

    A number in a band stands for the band, and so does a decade that begins or ends in it, such as "in her thirties".
    Of a longer value, half of the words that matter are enough.
    """
    words = words_in(text)
    if isinstance(value, Band):
        numbers = [int(word) for word in words if word.isdecimal()]
        decades = [20 + 10 * place for place, decade in enumerate(_DECADES) if decade in words]
        within = any(value.low <= number <= value.high for number in numbers)
        return within or any(value.low <= start + 9 and start <= value.high for start in decades)
    return share_shown(words, label(value)) >= 0.5


def share_shown(words: list[str], value: str) -> float:
    """Return the share of the words of a value that are among these words, by their stems.

    Of a value without words, nobody can tell: that is 1.
    """
    wanted = words_in(value)
    wanted = [word for word in wanted if word not in _SMALL] or wanted
    there = {word[:5] for word in words}
    return sum(word[:5] in there for word in wanted) / len(wanted) if wanted else 1.0


def shown_by(persona: BasePersona, axes: Mapping[str, Values]) -> dict[str, str | None]:
    """Return which value of each attribute a persona shows, as far as that can be told by its words; else None."""
    texts = texts_of(persona)
    whole = "\n".join(texts.values())
    words = words_in(whole)
    shown: dict[str, str | None] = {}
    for name, values in axes.items():
        if name in type(persona).model_fields:
            shown[name] = _of_field(value_of(persona, name), values)
            continue
        shares = {
            label(value): 1.0 if isinstance(value, Band) else share_shown(words, label(value))
            for value in values.values
            if shows(whole, value)
        }
        best = [value for value, share in shares.items() if share == max(shares.values())]
        shown[name] = best[0] if len(best) == 1 else None
    return shown


def shows_value(persona: BasePersona, name: str, value: str) -> bool:
    """Tell whether a persona shows this value of an attribute, by its words."""
    axis = rule_of(name, [value])
    return isinstance(axis, Values) and shown_by(persona, {name: axis})[name] == value


def _of_field(there: Any, values: Values) -> str | None:
    for value in values.values:
        number = there if not isinstance(there, str) else int(there) if there.isdecimal() else None
        if isinstance(value, Band) and isinstance(number, int | float) and value.low <= number <= value.high:
            return value.text
        if label(value) == label(there):
            return label(value)
    return None
