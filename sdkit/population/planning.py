"""Plans: which values each of many personas is to show, so that all values come up as often as they should."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sdkit.llm.seeds import derive_seed
from sdkit.population.attributes import Values

Planned = Mapping[str, str | None]
"""The value of each attribute, in words; None where nobody knows."""

_SWAPS = 20_000


def quotas(values: Values, n: int, there: Counter[str], seed: int) -> Counter[str]:
    """Return how many of `n` new personas get each value, so that all of them, old and new, are as the weights say.

    Where that cannot be, because there are too many of a value already, the others share what is left. Fractions are
    rounded by largest remainder; among equal ones the seed decides.
    """
    names = values.labels()
    total = n + sum(there[name] for name in names)
    weight = sum(values.weights)
    wanted = [max(0.0, total * w / weight - there[name]) for name, w in zip(names, values.weights, strict=True)]
    # There is always something to share: the wanted numbers add up to n at least.
    exact = [each * n / sum(wanted) for each in wanted]
    whole = [math.floor(each + 1e-9) for each in exact]
    order = list(range(len(names)))
    random.Random(seed).shuffle(order)
    order.sort(key=lambda i: round(whole[i] - exact[i], 9))
    for i in order[: n - sum(whole)]:
        whole[i] += 1
    return Counter(dict(zip(names, whole, strict=True)))


def plan(axes: Mapping[str, Values], n: int, seed: int, before: Sequence[Planned] = ()) -> list[dict[str, str]]:
    """Return `n` combinations of values: each value as often as its weight says, and pairs of values spread out.

    Parameters
    ----------
    axes
        The attributes and their values.
    n
        How many combinations.
    seed
        Decides among equally good ones.
    before
        What earlier personas show: it counts, and gaps are filled first.

    Returns
    -------
    list of dict
        The value of each attribute, in words. The first ones are those that are most needed, so that a part of the plan
        is a good plan, too.
    """
    rng = random.Random(derive_seed(seed, "plan"))
    left = {}
    for name, values in axes.items():
        there = Counter(value for one in before if (value := one.get(name)) is not None)
        left[name] = quotas(values, n, there, derive_seed(seed, "quota", name))
    pairs: Counter[Any] = Counter()
    for one in before:
        pairs.update(_pairs(one))
    cells: list[dict[str, str]] = []
    for _ in range(n):
        cell: dict[str, str] = {}
        for name, quota in left.items():
            # Of values that are equally new to the others of this cell, the one that has to come most often.
            _, _, _, cell[name] = min(
                (sum(pairs[_pair(*each, name, value)] for each in cell.items()), -quota[value], rng.random(), value)
                for value in quota
                if quota[value]
            )
            quota[cell[name]] -= 1
        pairs.update(_pairs(cell))
        cells.append(cell)
    _spread(cells, list(axes), pairs, rng)
    return cells


def _pair(name: str, value: str, other: str, other_value: str) -> tuple[str, str, str, str]:
    return (name, value, other, other_value) if name < other else (other, other_value, name, value)


def _pairs(cell: Planned) -> list[tuple[str, str, str, str]]:
    known = [(name, value) for name, value in cell.items() if value is not None]
    return [_pair(*one, *other) for one, other in itertools.combinations(known, 2)]


def _spread(cells: list[dict[str, str]], names: list[str], pairs: Counter[Any], rng: random.Random) -> None:
    """Swap values between cells where that makes frequent pairs rarer; how often each value comes stays as it is."""
    if len(cells) < 2 or len(names) < 2:
        return
    for _ in range(min(_SWAPS, 40 * len(cells) * len(names))):
        name = rng.choice(names)
        one, other = rng.sample(cells, 2)
        if one[name] == other[name]:
            continue
        taken, given = [], []
        for here, there in ((one, other), (other, one)):
            for rest in names:
                if rest != name and one[rest] != other[rest]:
                    taken.append(_pair(rest, here[rest], name, here[name]))
                    given.append(_pair(rest, here[rest], name, there[name]))
        # The sum of the squares of the counts, which is least where all pairs come equally often.
        if sum(1 - 2 * pairs[each] for each in taken) + sum(1 + 2 * pairs[each] for each in given) < 0:
            pairs.subtract(taken)
            pairs.update(given)
            one[name], other[name] = other[name], one[name]
