"""What must not come together in a dialogue is taken apart, by exchanging values between the dialogues of a plan."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence

from sdkit.errors import InputError
from sdkit.factory.spec import AXES, FLAT, SAMPLING, Spec
from sdkit.factory.spec_parts import joined

Row = dict[str, str]
Rule = Mapping[str, Sequence[str]]
_ORDER = (*FLAT, *SAMPLING, "categories", "max_turns", "min_turns", "services")  # what nothing depends on comes first
_TRIES = 400  # dialogues to exchange a value with


def keep_apart(rows: Sequence[Row], spec: Spec, rng: random.Random) -> None:
    """Change rows until no rule is broken; how often each value comes changes only where nothing else helps.

    Parameters
    ----------
    rows
        The values of each dialogue, by axis; changed in place.
    spec
        Has the rules.
    rng
        Draws with whom values are exchanged.

    Raises
    ------
    InputError
        A dialogue can have no value at all with which the rules are kept.
    """
    for row in rows if spec.forbidden else ():
        for _ in range(len(spec.forbidden) * len(AXES)):
            broken = [rule for rule in spec.forbidden if _breaks(row, rule)]
            if not broken:
                break
            axes = [axis for axis in _ORDER if axis in broken[0]]
            exchanged = any(_exchanged(row, axis, rows, spec, rng) for axis in axes)
            if not exchanged and not any(_replaced(row, axis, rows, spec) for axis in axes):
                raise InputError(f"forbidden: nothing can stand in the place of {_in_words(broken[0])}; loosen a rule")
        else:
            raise InputError("forbidden: these rules cannot all be kept; loosen one of them")


def _breaks(row: Row, rule: Rule) -> bool:
    return all(_has(row, axis, values) for axis, values in rule.items())


def _has(row: Row, axis: str, values: Sequence[str]) -> bool:
    if axis != "services":
        return row[axis] in values
    services = row[axis].split("+")
    return any(value in services or value == joined(services) for value in values)


def _cost(row: Row, spec: Spec) -> int:
    """Return how many rules a row breaks; many, where a value does not go with another that it depends on."""
    first = row["services"].partition("+")[0]
    if row["categories"] not in spec.categories_of(first) or int(row["max_turns"]) < int(row["min_turns"]):
        return len(spec.forbidden) + 1
    return sum(_breaks(row, rule) for rule in spec.forbidden)


def _exchanged(row: Row, axis: str, rows: Sequence[Row], spec: Spec, rng: random.Random) -> bool:
    """Exchange the value of an axis with another row, if this one is better then and the other one fine."""
    before = _cost(row, spec)
    for _ in range(_TRIES):
        other = rows[rng.randrange(len(rows))]
        if other[axis] == row[axis]:
            continue
        mine, theirs = {**row, axis: other[axis]}, {**other, axis: row[axis]}
        if _cost(mine, spec) < before and not _cost(theirs, spec):
            row[axis], other[axis] = mine[axis], theirs[axis]
            return True
    return False


def _replaced(row: Row, axis: str, rows: Sequence[Row], spec: Spec) -> bool:
    """Give a row the value of an axis that comes least often, of those with which it is better."""
    values = list(spec.shares(axis))
    if axis == "services":
        values = ["+".join(one) for group in spec.services.values() for one in group.of]
    before = _cost(row, spec)
    better = [value for value in values if _cost({**row, axis: value}, spec) < before]
    there = Counter(other[axis] for other in rows)
    if better:
        row[axis] = min(better, key=lambda value: there[value])
    return bool(better)


def _in_words(rule: Rule) -> str:
    return " with ".join(f"{axis}: {' or '.join(values)}" for axis, values in rule.items())
