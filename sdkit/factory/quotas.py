"""Dealing out values by their shares: how often each comes, to one more or less, whatever is there already."""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


def counts(
    n: int,
    shares: Mapping[T, float],
    already: Mapping[T, int] | None = None,
    fixed: Mapping[T, int] | None = None,
    owed: Mapping[T, float] | None = None,
) -> dict[T, int]:
    """Return how often each value is to come among `n` more, so that all together keep to the shares.

    Without `already`, each differs from its share by less than one: what is left after whole numbers goes to where most
    is missing (Hamilton's method of the largest remainder).

    Parameters
    ----------
    n
        How many more.
    shares
        Their sum is 1.
    already
        How often each is there.
    fixed
        How often some are to come in all; the others share what is left.
    owed
        How much each was given too little before, in other groups that are to be even all together; it is brought up
        to date.
    """
    there = Counter(dict(already or {}))
    total = n + sum(there[value] for value in shares)
    wanted = due(total, shares, fixed or {})
    missing = {value: wanted[value] - there[value] + (owed or {}).get(value, 0.0) for value in shares}
    given = {value: max(0, math.floor(part)) for value, part in missing.items()}
    if sum(given.values()) > n:
        given = dict.fromkeys(shares, 0)
    # The places break ties: equal shares go by the order of the values.
    heap = [(given[value] - missing[value], place, value) for place, value in enumerate(shares)]
    heapq.heapify(heap)
    for _ in range(n - sum(given.values())):
        want, place, value = heap[0]
        given[value] += 1
        heapq.heapreplace(heap, (want + 1, place, value))
    if isinstance(owed, dict):
        for value in shares:
            owed[value] = missing[value] - given[value]
    return given


def due(total: int, shares: Mapping[T, float], fixed: Mapping[T, int]) -> dict[T, float]:
    """Return how often each is to come in all; that need not be a whole number."""
    left = max(0, total - sum(fixed.values()))
    free = sum(share for value, share in shares.items() if value not in fixed) or 1.0
    return {value: fixed.get(value, left * share / free) for value, share in shares.items()}


def dealt(given: Mapping[T, int], rng: random.Random) -> list[T]:
    """Return values, each as often as it is to come, in any order."""
    values = [value for value, count in given.items() for _ in range(count)]
    rng.shuffle(values)
    return values
