"""What personas are to differ in: attributes, and the rules that their values come from."""

from __future__ import annotations

import inspect
import itertools
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sdkit.describing import text_of
from sdkit.errors import InputError

_MOST_BANDS = 5
_NUMBER = r"(\d{1,6}(?:\.\d+)?)"
_BAND = re.compile(rf"{_NUMBER}\s*(?:[-–]|to)\s*{_NUMBER}|{_NUMBER}\s*(?:\+|(?:and|or) (?:older|over|more))")
_OPEN = 20  # how far a band without an end is drawn from
_TEMPLATE = re.compile(r"\{(\w+)(?::(.*))?\}", re.DOTALL)


@dataclass(frozen=True)
class Band:
    """Numbers from `low` to `high`, both included, which a plan treats as one value; drawn from it is a number.

    Attributes
    ----------
    text : str
        How it is written, such as "18-24" or "65 and older".
    given : bool
        Whether somebody wrote it so.
    as_text : bool
        Whether the number is drawn as a text.
    """

    low: float
    high: float
    text: str
    given: bool = False
    as_text: bool = False

    def draw(self, rng: random.Random) -> int | float | str:
        """Return one of its numbers: a whole one if both ends are."""
        whole = isinstance(self.low, int) and isinstance(self.high, int)
        number = rng.randint(int(self.low), int(self.high)) if whole else round(rng.uniform(self.low, self.high), 2)
        return str(number) if self.as_text else number


@dataclass(frozen=True)
class Values:
    """A rule: one of these values, each as often as its weight says.

    Attributes
    ----------
    weights : tuple of float
        One for each value; the number of personas that get it is in proportion.
    """

    values: tuple[Any, ...]
    weights: tuple[float, ...]

    def labels(self) -> list[str]:
        """Return the values in words, as a plan and a report have them."""
        return [label(value) for value in self.values]

    def described(self) -> Any:
        """Return it as JSON has it."""
        return dict(zip(self.labels(), self.weights, strict=True))


@dataclass(frozen=True)
class FromModel:
    """A rule: ask the model. See `from_model`."""

    what: str = ""
    count: int = 8

    def described(self) -> Any:
        """Return it as JSON has it."""
        return {"ask": self.what, "values": self.count}


@dataclass(frozen=True)
class Computed:
    """A rule: call a function, which takes nothing, the values so far, or these and a `random.Random`."""

    call: Callable[..., Any]
    takes: int

    def described(self) -> Any:
        """Return it as JSON has it: the function's name."""
        return {"call": getattr(self.call, "__qualname__", type(self.call).__name__)}


Rule = Values | FromModel | Computed


def from_model(what: str = "", values: int = 8) -> FromModel:
    """Return the rule that asks the model; ``"{llm}"`` and ``"{llm: a hobby}"`` are short for it.

    A field of the persona is filled in for each persona. For any other attribute, the model is asked once for distinct
    values, which are then planned as if they had been given as a list.

    Parameters
    ----------
    what
        What to ask for, in a few words.
    values
        How many distinct values to ask for.
    """
    if not isinstance(what, str):
        raise InputError(f"what={what!r}: say in words what to ask the model for")
    if isinstance(values, bool) or not isinstance(values, int) or not 2 <= values <= 50:
        raise InputError(f"values={values!r}: give a whole number from 2 to 50")
    return FromModel(what.strip(), values)


DEFAULT_ATTRIBUTES: Mapping[str, Any] = {
    "age band": ["18-24", "25-34", "35-49", "50-64", "65 and older"],
    "expertise": ["a complete beginner", "familiar with the basics", "an expert"],
    "goal": from_model("the situation in which a user comes to the assistant, and what the user wants", values=12),
    "patience": ["calm and patient", "impatient", "easily frustrated"],
    "language style": [
        "short messages without capital letters",
        "long and detailed messages",
        "formal and polite",
        "slang and jokes",
        "simple English with small mistakes",
    ],
}
"""In what the users of an assistant differ, unless somebody says otherwise."""


def rule_of(name: str, given: Any) -> Rule:
    """Return the rule that somebody means.

    Parameters
    ----------
    name
        Of the attribute, for errors.
    given
        A list of values; a dict of values and weights; a range, or a pair of numbers as a tuple, from the first to the
        second; a function; "{llm}", "{llm: what}" or `from_model`; "{csv:column:path}" or `from_file`; any other text
        or number stands for itself.

    Raises
    ------
    InputError, FileError
        It can be none of these, or there is nothing in it.
    """
    rule: Rule | None = None
    match given:
        case Values() | FromModel() | Computed():
            rule = given
        case Mapping():
            rule = _weighted(name, given)
        case range():
            if not given:
                raise InputError(f"{name}: {given!r} has no numbers in it")
            rule = _banded([min(given), max(given)], abs(given.step))
        case tuple() if len(given) == 2 and all(_is_number(one) for one in given):
            if not given[0] < given[1]:
                raise InputError(f"{name}: {given!r} goes from a number to a smaller one; turn them round")
            rule = _banded(list(given), 1)
        case str():
            rule = _of_text(name, given)
        case list() | tuple() | set() | frozenset():
            if not given:
                raise InputError(f"{name}: the list is empty; give at least one value")
            rule = counted(sorted(given, key=str) if isinstance(given, set | frozenset) else list(given))
        case _ if callable(given):
            rule = _computed(name, given)
        case _ if _is_number(given) or isinstance(given, bool):
            rule = Values((given,), (1.0,))
    if rule is None:
        raise InputError(
            f"{name}: {given!r} is no rule. Give a list, a dict of values and weights, a range, a pair of numbers, a "
            "function, from_model(...) or from_file(...)"
        )
    return rule


def _of_text(name: str, text: str) -> Rule:
    found = _TEMPLATE.fullmatch(text.strip())
    if found is None:
        if not text.strip():
            raise InputError(f"{name}: the text is empty; give a value, or leave the attribute out")
        return Values((text,), (1.0,))
    kind, rest = found[1], (found[2] or "").strip()
    if kind == "llm":
        return from_model(rest)
    from sdkit.population.attribute_files import ENDINGS, from_file

    column, colon, path = rest.partition(":")
    if kind in ENDINGS.values() and colon and path.strip():
        return from_file(path.strip(), column.strip() or None)
    raise InputError(
        f"{name}: {text!r} is no rule; there are {{llm}}, {{llm: what to ask for}} and {{csv:column:path}}"
    )


def _weighted(name: str, weights: Mapping[Any, Any]) -> Values:
    for value, weight in weights.items():
        if not _is_number(weight) or not 0 <= weight < math.inf:
            raise InputError(f"{name}: the weight of {value!r} is {weight!r}; give a number, 0 or more")
    kept = {value: float(weight) for value, weight in weights.items() if weight}
    if not kept:
        raise InputError(f"{name}: no value has a weight above 0")
    return _values(list(kept), list(kept.values()))


def counted(values: list[Any]) -> Values:
    """Return the rule of these values; what is there several times has that weight."""
    counts = Counter(label(value).casefold() for value in values)
    first = {label(value).casefold(): value for value in reversed(values)}
    order = list(dict.fromkeys(label(value).casefold() for value in values))
    return _values([first[text] for text in order], [float(counts[text]) for text in order])


def _values(values: list[Any], weights: list[float]) -> Values:
    return Values(tuple(_band_in(value) for value in values), tuple(weights))


def _banded(ends: list[Any], step: int) -> Values:
    """Return the numbers between two ends in up to five bands of equal width."""
    low, high = ends
    if not (isinstance(low, int) and isinstance(high, int)):
        edges = [low + (high - low) * i / _MOST_BANDS for i in range(_MOST_BANDS + 1)]
        bands = [Band(a, b, f"{a:g}-{b:g}") for a, b in itertools.pairwise(edges)]
        return Values(tuple(bands), (1.0,) * len(bands))
    numbers = range(low, high + 1, step)
    if step > 1 or len(numbers) <= _MOST_BANDS:
        return Values(tuple(numbers), (1.0,) * len(numbers))
    cuts = [low + len(numbers) * i // _MOST_BANDS for i in range(_MOST_BANDS + 1)]
    bands = [Band(a, b - 1, f"{a}-{b - 1}") for a, b in itertools.pairwise(cuts)]
    return Values(tuple(bands), tuple(float(band.high - band.low + 1) for band in bands))


def _band_in(value: Any) -> Any:
    """Return what "18-24" or "65 and older" means to a plan: a band of numbers."""
    found = _BAND.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        return value
    low, high = (float(end) if "." in end else int(end) for end in (found[1] or found[3], found[2] or found[3]))
    high = high if found[2] else low + _OPEN
    return Band(low, high, value.strip(), given=True) if low <= high else value


def _computed(name: str, call: Callable[..., Any]) -> Computed:
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):  # some built-in functions do not say what they take
        parameters = ()  # type: ignore[assignment]
    needed = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty]
    if len(needed) > 2 or any(p.kind == p.KEYWORD_ONLY and p.default is p.empty for p in parameters):
        raise InputError(f"{name}: the function is to take nothing, the values so far, or these and a random.Random")
    return Computed(call, len(needed))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def label(value: Any) -> str:
    """Return a value in words, as a plan and a report have it."""
    return value.text if isinstance(value, Band) else text_of(value).strip()
