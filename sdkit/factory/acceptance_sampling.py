"""Acceptance sampling: how many of a sample may fail so that, with some confidence, few of the whole set are bad.

The idea is that of ISO 2859-2, plans for isolated lots: the consumer's risk, of accepting a set that is worse than the
limit, is bounded. The numbers are exact for a set of this size, from the hypergeometric distribution; as the set grows
they become those of the binomial one, and the bound that of Clopper and Pearson (1934), doi:10.1093/biomet/26.4.404.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

from pydantic import BaseModel, ConfigDict

from sdkit import rendering
from sdkit.errors import InputError, MissingPackageError

WORST, CONFIDENCE = 0.05, 0.95


class Acceptance(BaseModel):
    """How many of a sample may fail.

    Attributes
    ----------
    size : int
        How many dialogues the whole set has.
    n : int
        How many are reviewed.
    worst : float
        The largest share of bad dialogues that the set may have.
    confidence : float
        A set that has more is accepted with a probability of at most 1 - `confidence`.
    allowed : int or None
        How many of the sample may fail; None if the sample is too small to show anything, even if none fails.
    smallest : int
        The smallest sample that could show it: none of it may fail.
    """

    model_config = ConfigDict(frozen=True)

    size: int
    n: int
    worst: float = WORST
    confidence: float = CONFIDENCE
    allowed: int | None
    smallest: int

    def __str__(self) -> str:
        """Say it in two sentences."""
        share, sure = percent(self.worst), percent(self.confidence)
        begin = f"{self.n:,} of {self.size:,} dialogues are reviewed"
        if self.allowed is None:
            return (
                f"{begin}, which are too few: even if none fails, more than {share} of all could be bad. "
                f"Review at least {self.smallest:,}."
            )
        may = f"up to {self.allowed:,} of them may fail" if self.allowed else "none of them may fail"
        return f"{begin}, and {may}. Then at most {share} of all are bad, with {sure} confidence."

    def _repr_html_(self) -> str:
        return rendering.figure("acceptance", "How many may fail", f"<p>{rendering.escaped(str(self))}</p>")


def acceptance(size: int, n: int, *, worst: float = WORST, confidence: float = CONFIDENCE) -> Acceptance:
    """Return how many of a sample may fail so that the whole set can be accepted.

    The sample is a random one. For one of `sdkit.factory.validation.stratified` it holds as well: in sets of 1,000 with
    two and three strata, the risk was at most 0.001 above that of a simple sample, however bad dialogues are spread.

    Parameters
    ----------
    size
        How many dialogues the whole set has.
    n
        How many of them are reviewed.
    worst
        The largest share of bad dialogues that the set may have.
    confidence
        How sure of that one is to be.

    Raises
    ------
    InputError
        There is no such sample, or a share is not between 0 and 1.
    MissingPackageError
        scipy is not installed.

    Examples
    --------
    >>> from sdkit.factory.acceptance_sampling import acceptance
    >>> acceptance(10_000, 93).allowed  # doctest: +SKIP
    1
    """
    _check_counts(size, n)
    check_shares(worst, confidence)
    bad = math.floor(round(worst * size, 9)) + 1  # the fewest that are more than may be
    risk = 1 - confidence

    def too_risky(failures: int, draws: int) -> bool:
        return _at_most(failures, size, bad, draws) > risk + _TINY

    smallest = _first(lambda draws: not too_risky(0, draws), 1, size)
    allowed = None if n < smallest else _first(lambda failures: too_risky(failures, n), 1, min(n, bad)) - 1
    return Acceptance(size=size, n=n, worst=worst, confidence=confidence, allowed=allowed, smallest=smallest)


def upper_bound(size: int, n: int, failed: int, confidence: float = CONFIDENCE) -> float:
    """Return the largest share of bad dialogues that the whole set may have if so many of a sample failed.

    The one-sided exact bound: a set with more would show so few failures with a probability of at most
    1 - `confidence`. It is at most `worst` exactly where `acceptance` allows so many failures.

    Raises
    ------
    InputError
        There is no such sample, or `confidence` is not between 0 and 1.
    MissingPackageError
        scipy is not installed.
    """
    _check_counts(size, n)
    check_shares(0.5, confidence)
    if isinstance(failed, bool) or not isinstance(failed, int) or not 0 <= failed <= n:
        raise InputError(f"{failed!r} of {n:,} dialogues cannot have failed")
    return (
        _first(lambda bad: _at_most(failed, size, bad, n) <= 1 - confidence + _TINY, failed + 1, size + 1) - 1
    ) / size


def percent(share: float) -> str:
    """Return a share as people write it, such as "4.7%"."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


_TINY = 1e-12  # 1 - 0.95 is more than 0.05 by 4e-17


def _first(holds: Callable[[int], Any], low: int, high: int) -> int:
    """Return the first number from `low` on for which it holds, as it then does for all above it; at most `high`."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _at_most(failures: int, size: int, bad: int, draws: int) -> float:
    """Return how probable it is that a sample has at most so many of the bad ones of a set."""
    try:
        from scipy.stats import hypergeom
    except ImportError as error:
        raise MissingPackageError("scipy", "compute how many may fail", extra="factory") from error
    return float(hypergeom.cdf(failures, size, bad, draws))


def _check_counts(size: int, n: int) -> None:
    for name, value in (("size", size), ("n", n)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"{name}={value!r}: give a whole number, at least 1")
    if n > size:
        raise InputError(f"{n:,} dialogues cannot be reviewed of {size:,}; give at most {size:,}")


def check_shares(worst: float, confidence: float) -> None:
    """Raise InputError if one of them is no share between 0 and 1."""
    for name, value in (("worst", worst), ("confidence", confidence)):
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 < value < 1:
            raise InputError(f"{name}={value!r}: give a share between 0 and 1, such as {WORST} or {CONFIDENCE}")
