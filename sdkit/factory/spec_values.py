"""What stands in the YAML of a plan: values with weights, lists, and what is added to the default ones."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

from sdkit.describing import nearest
from sdkit.errors import InputError

Shares = dict[str, float]


def defaults() -> dict[str, Any]:
    """Return the default plan, which is that of SynWOZ."""
    import yaml

    text = resources.files(__package__).joinpath("defaults.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def extended(name: str, there: Any, extra: Any) -> Any:
    """Return a part of a plan with more in it."""
    if isinstance(there, list) and isinstance(extra, list):
        return [*there, *(one for one in extra if one not in there)]
    if isinstance(there, list) and isinstance(extra, Mapping):
        return {**dict.fromkeys(there, 1.0), **extra}
    if isinstance(there, Mapping) and isinstance(extra, Mapping):
        return {**there, **{key: extended(key, there.get(key), more) for key, more in extra.items()}}
    if isinstance(there, Mapping) and isinstance(extra, list):
        return {**dict.fromkeys(extra, 1.0), **there}
    if there is None or not isinstance(there, list | Mapping):
        return extra
    raise InputError(f"add: {name}: give a list, or names with values")


def weighted(given: Any) -> Any:
    """Return values with weights; a list means equal ones, and one value stands for itself."""
    if isinstance(given, str | int | float) and not isinstance(given, bool):
        given = [given]
    if isinstance(given, list):
        if twice := [value for value in given if given.count(value) > 1]:
            raise ValueError(f"{twice[0]!r} is there twice; give it a weight instead, as in {twice[0]}: 2")
        given = dict.fromkeys(given, 1.0)
    if not isinstance(given, Mapping):
        return given
    for value, weight in given.items():
        if not str(value).strip() or str(value).encode("utf-8", "ignore").decode() != str(value):
            raise ValueError(f"{value!r} cannot be a value: it is empty, or not valid Unicode")
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight < math.inf:
            raise ValueError(f"the weight of {value!r} is {weight!r}; give a number, 0 or more")
    kept = {value: weight for value, weight in given.items() if weight}
    if not kept:
        raise ValueError("there is no value with a weight above 0")
    return kept


def texts(given: Any) -> list[str]:
    """Return a list of texts, also for one value."""
    return [str(one) for one in (given if isinstance(given, list) else [given])]


def check_known(where: str, values: Iterable[str], known: Mapping[str, Any]) -> None:
    """Raise ValueError for a value that there is not."""
    if strange := [value for value in values if value not in known]:
        raise ValueError(f"{where}: there is no {strange[0]!r}{nearest(strange[0], known)}")


def normed(weights: Mapping[str, float]) -> Shares:
    """Return shares, whose sum is 1."""
    total = sum(weights.values())
    return {value: weight / total for value, weight in weights.items()}


def mixed(parts: Iterable[tuple[float, Mapping[str, float]]]) -> Shares:
    """Return the shares of a mixture of shares."""
    whole: Shares = {}
    for share, values in parts:
        for value, part in values.items():
            whole[value] = whole.get(value, 0.0) + share * part
    return whole


def in_words(value: Any) -> str:
    """Return a value as a plan has it."""
    return f"{value:g}" if isinstance(value, float) else str(value)
