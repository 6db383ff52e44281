"""How far two groups are apart, how sure that is, and what chance would give: effects, intervals, tests, corrections.

Missing values are left out before; in pairs, the first value of one list belongs to the first of the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

from sdkit.errors import MissingPackageError

ALPHA = 0.01
"""Below which corrected p-value a difference counts as found."""
SMALL_D = 0.2
"""From which d on an effect is at least small: Cohen 1988, Statistical Power Analysis, section 2.2.3."""
SMALL_RISK = 0.1
"""From which risk difference on an effect is at least small: around one half, it is Cohen's h of 0.2."""
POWER = 0.8

_DIGITS = 9  # differences are equal that are so but for rounding errors
_95 = NormalDist().inv_cdf(0.975)


class Effect(NamedTuple):
    """How far the second of two groups is above the first.

    Attributes
    ----------
    size : float
        The effect.
    low, high : float
        Its 95% interval.
    noise : float
        The standard error that the effect would have if there were none.
    """

    size: float
    low: float
    high: float
    noise: float


def stats(what: str) -> Any:
    """Return scipy.stats.

    Raises
    ------
    MissingPackageError
        scipy is not installed; `what` says what it is needed for.
    """
    try:
        from scipy import stats as found
    except ImportError as error:
        raise MissingPackageError("scipy", what, extra="factory") from error
    return found


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number: by chance, any of them is below x in no more than x of all cases.

    Holm 1979, "A simple sequentially rejective multiple test procedure". NaN stays NaN, and does not count.
    """
    order = sorted((i for i, each in enumerate(p) if not math.isnan(each)), key=lambda i: p[i])
    corrected, highest = [math.nan] * len(p), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p[i]))
        corrected[i] = highest
    return corrected


def p_of_numbers(first: Sequence[float], second: Sequence[float], *, paired: bool) -> float:
    """Return how likely such a difference of two groups is by chance.

    Of pairs by Wilcoxon's signed-rank test, and by the sign test where all differences are of one size; of others by
    the test of Mann and Whitney. None of them asks for a normal distribution.
    """
    import numpy as np

    tests = stats("compare groups")
    ones, others = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if not paired:
        if len({*ones, *others}) == 1:
            return 1.0
        return float(tests.mannwhitneyu(others, ones).pvalue)
    differences = np.round(others - ones, _DIGITS)
    differences = differences[differences != 0]
    if not len(differences):
        return 1.0
    if len({*np.abs(differences)}) == 1:
        return float(tests.binomtest(int((differences > 0).sum()), len(differences)).pvalue)
    return float(tests.wilcoxon(differences).pvalue)


def p_of_answers(first: Sequence[bool], second: Sequence[bool], *, paired: bool) -> float:
    """Return how likely such a difference of two groups in yes or no is by chance.

    Of pairs by McNemar's exact test, of others by Fisher's.
    """
    tests = stats("compare groups")
    if not paired:
        table = [[sum(group), len(group) - sum(group)] for group in (first, second)]
        return float(tests.fisher_exact(table).pvalue)
    gained, lost = _turned(first, second)
    return float(tests.binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def standardised_difference(first: Sequence[float], second: Sequence[float], *, paired: bool) -> Effect:
    """Return the difference of two means in standard deviations: the second less the first.

    The unit is the root mean square of both groups' standard deviations, also of pairs: for independent groups of one
    size it is Cohen's d; for pairs it is called d_av (Lakens 2013, doi:10.3389/fpsyg.2013.00863). Unlike d_z, whose
    unit is the standard deviation of the differences within pairs, it does not call a tiny difference large only
    because pairs are much alike, and means the same for pairs and for others. The interval is that of Bonett 2008,
    doi:10.1037/1082-989X.13.2.99, which does not ask for equal variances.

    Parameters
    ----------
    first, second
        At least two values each.

    Returns
    -------
    Effect
        Infinite, and so its interval, for groups that differ and have no spread.
    """
    import numpy as np

    ones, others = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    difference = round(float(others.mean() - ones.mean()), _DIGITS)
    one, other = float(ones.var(ddof=1)), float(others.var(ddof=1))
    unit = (one + other) / 2
    if math.sqrt(unit) < 10**-_DIGITS:
        size = math.copysign(math.inf, difference) if difference else 0.0
        return Effect(size, size, size, 0.0)
    size = difference / math.sqrt(unit)
    if paired:
        free = len(ones) - 1
        noise = float((others - ones).var(ddof=1)) / (free * unit)
        bend = (one**2 + other**2 + 2 * float(np.cov(ones, others)[0, 1]) ** 2) / (8 * free * unit**2)
    else:
        noise = (one / (len(ones) - 1) + other / (len(others) - 1)) / unit
        bend = (one**2 / (len(ones) - 1) + other**2 / (len(others) - 1)) / (8 * unit**2)
    reach = _95 * math.sqrt(size**2 * bend + noise)
    return Effect(size, size - reach, size + reach, math.sqrt(noise))


def risk_difference(first: Sequence[bool], second: Sequence[bool], *, paired: bool) -> Effect:
    """Return the difference of the shares of yes: the second less the first.

    The intervals hold for few values, too: of pairs that of Bonett and Price 2012, doi:10.3102/1076998611411915, of
    others that of Agresti and Caffo 2000, doi:10.1080/00031305.2000.10474560. Both add a few made-up answers.
    """
    size = sum(second) / len(second) - sum(first) / len(first)
    if paired:
        gained, lost = ((turned + 1) / (len(first) + 2) for turned in _turned(first, second))
        middle, noise = gained - lost, (gained + lost) / (len(first) + 2)
        reach = _95 * math.sqrt(noise - middle**2 / (len(first) + 2))
    else:
        one, other = ((sum(group) + 1) / (len(group) + 2) for group in (first, second))
        middle = other - one
        noise = one * (1 - one) / (len(first) + 2) + other * (1 - other) / (len(second) + 2)
        reach = _95 * math.sqrt(noise)
    return Effect(size, max(-1.0, middle - reach), min(1.0, middle + reach), math.sqrt(noise))


def detectable(noise: float, tests: int) -> float:
    """Return which effect would be found in four of five such samples, if it were there.

    By the normal distribution: a rough figure for few values.

    Parameters
    ----------
    noise
        The standard error of the effect in such a sample, if there is none.
    tests
        For how many p-values is corrected.
    """
    return (NormalDist().inv_cdf(1 - ALPHA / (2 * tests)) + NormalDist().inv_cdf(POWER)) * noise


def _turned(first: Sequence[bool], second: Sequence[bool]) -> tuple[int, int]:
    """Return in how many pairs no has become yes, and yes no."""
    pairs = list(zip(first, second, strict=True))
    return pairs.count((False, True)), pairs.count((True, False))
