"""Whether a set is made up as it was to be: how often each value is there, against its target."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from sdkit.analysis.significance import ALPHA, holm, stats
from sdkit.errors import InputError
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

SMALL_W = 0.1
"""From which w on a misfit is at least small: Cohen 1988, Statistical Power Analysis, section 7.2.3."""
_ENOUGH = 5  # expected in the rarest value: the usual rule for the chi-square distribution to hold
_DRAWS = 9999
COLUMNS = ("made", "wanted", "share", "target", "difference", "w", "p", "off")


def representation(values: Mapping[str, Sequence[str]], targets: Mapping[str, Mapping[str, float]]) -> pandas.DataFrame:
    """Return how a set is made up, against how it was to be.

    Parameters
    ----------
    values
        For each axis, such as "region", the value of each dialogue. Where a dialogue has several, as of services, give
        them joined, such as "hotel+taxi", or one after another; then p is too small, as they come together.
    targets
        For each axis, the share that each value is to have. Weights will do: what counts is their proportion.

    Returns
    -------
    pandas.DataFrame
        One row an axis and value, in the order of the targets, also for values that were never seen; those that nobody
        wanted come last. Columns:

        - ``made``, ``wanted``: how many there are, and how many there would be.
        - ``share``, ``target``, ``difference``: of all, from 0 to 1, and the share less the target.
        - ``w``: how far the axis is off, Cohen's w (1988, chapter 7): 0.1 is small, 0.3 medium, 0.5 large.
        - ``p``: how likely it is that chance puts it so far off, if each dialogue were drawn by the targets: Pearson's
          chi-square, corrected for the number of axes by Holm's method. Where fewer than 5 of a value are expected, of
          9,999 sets drawn by the targets, always the same ones.
        - ``off``: whether p is below 0.01, and w at least 0.1.

        Where a value was made that was not wanted at all, w is infinite and p is 0.

    Raises
    ------
    InputError
        An axis has no values, no target, or none that can be; names it.
    MissingPackageError
        pandas or scipy is not installed.
    """
    if missing := [axis for axis in (*values, *targets) if axis not in values or axis not in targets]:
        lacks = "target" if missing[0] in values else "values"
        raise InputError(f"{missing[0]!r} has no {lacks}; give values and a target for each axis")
    if not targets:
        raise InputError("give at least one axis")
    counts = {axis: counted(axis, values[axis]) for axis in targets}
    shares = {axis: shares_of(axis, target) for axis, target in targets.items()}
    fits = {axis: _fit(counts[axis], shares[axis]) for axis in targets}
    corrected = dict(zip(fits, holm([p for _, p in fits.values()]), strict=True))
    rows: list[tuple[Any, ...]] = []
    for axis, target in shares.items():
        number, (w, _), p = counts[axis].total(), fits[axis], corrected[axis]
        for value in (*target, *sorted(counts[axis].keys() - target.keys())):
            made, share = counts[axis][value], target.get(value, 0.0)
            off = p < ALPHA and w >= SMALL_W
            fit = (made / number, share, made / number - share, w, p, off)
            rows.append((axis, value, made, number * share, *fit))
    return frame("representation", rows, ["axis", "value", *COLUMNS]).set_index(["axis", "value"])


def counted(axis: str, values: Any) -> Counter[str]:
    """Return how often each value is there.

    Raises
    ------
    InputError
        There are no values, or one is no text; names the axis.
    """
    known = [] if isinstance(values, str) or not isinstance(values, Iterable) else list(values)
    if not known:
        raise InputError(f"{axis!r} has no values; give a list, with the value of each dialogue")
    for number, value in enumerate(known, start=1):
        if not isinstance(value, str) or not value.strip():
            raise InputError(f"{axis!r}: the value of number {number}, {value!r}, is no text; write None as 'unknown'")
    return Counter(known)


def shares_of(axis: str, target: Any) -> dict[str, float]:
    """Return a target as shares that sum up to 1.

    Raises
    ------
    InputError
        There is none, or a share that cannot be; names the axis.
    """
    if not isinstance(target, Mapping) or not target:
        raise InputError(f'{axis!r} has no target; give the share of each value: {{"Tokyo": 0.5, "Lima": 0.5}}')
    for value, share in target.items():
        if isinstance(share, bool) or not isinstance(share, Real) or not 0 <= float(share) < math.inf:
            raise InputError(f"{axis!r}: {share!r} is no share for {value!r}; give a number from 0")
    total = sum(target.values())
    if not total:
        raise InputError(f"{axis!r}: all shares are 0; give at least one value a share")
    return {str(value): float(share / total) for value, share in target.items()}


def _fit(counts: Counter[str], shares: Mapping[str, float]) -> tuple[float, float]:
    """Return Cohen's w, and p by Pearson's chi-square."""
    number = counts.total()
    if any(not shares.get(value) for value in counts):
        return math.inf, 0.0
    wanted = [(value, share) for value, share in shares.items() if share]
    made, expected = [counts[value] for value, _ in wanted], [number * share for _, share in wanted]
    square = sum((one - other) ** 2 / other for one, other in zip(made, expected, strict=True))
    w = math.sqrt(square / number)
    if len(wanted) == 1:
        return w, 1.0
    tests = stats("hold a set against its targets")
    if min(expected) >= _ENOUGH:
        return w, float(tests.chi2.sf(square, len(wanted) - 1))
    import numpy as np

    expects = np.array(expected)
    drawn = np.random.default_rng(0).multinomial(number, expects / number, size=_DRAWS)
    squares = ((drawn - expects) ** 2 / expects).sum(axis=1)
    return w, float((squares >= square * (1 - 1e-12)).sum() + 1) / (_DRAWS + 1)
