"""Effects, intervals, tests and corrections: against published figures, and against what they promise."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from sdkit.analysis import significance
from sdkit.analysis.significance import (
    detectable,
    holm,
    p_of_answers,
    p_of_numbers,
    risk_difference,
    standardised_difference,
)
from sdkit.errors import MissingPackageError


def test_holm_corrects_for_the_number_of_tests() -> None:
    # Least first: 4 * 0.005, 3 * 0.01, 2 * 0.03, then 0.04, but none below the one before it.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


def test_holm_passes_over_what_was_not_tested() -> None:
    first, second = holm([math.nan, 0.02])
    assert math.isnan(first)
    assert second == 0.02


def with_moments(
    n: int, means: tuple[float, float], deviations: tuple[float, float], correlation: float
) -> tuple[list[float], list[float]]:
    """Return pairs that have exactly these means, standard deviations and correlation."""
    raw = np.random.default_rng(0).normal(size=(n, 2))
    raw -= raw.mean(axis=0)
    plain = np.linalg.solve(np.linalg.cholesky(np.cov(raw.T)), raw.T).T
    shared = correlation * deviations[0] * deviations[1]
    both = plain @ np.linalg.cholesky([[deviations[0] ** 2, shared], [shared, deviations[1] ** 2]]).T
    return (both[:, 0] + means[0]).tolist(), (both[:, 1] + means[1]).tolist()


def test_a_standardised_difference_of_pairs_is_that_of_the_literature() -> None:
    # From the manual of the R package statpsych, ci.stdmean.ps(.05, 110.4, 102.1, 15.3, 14.6, .75, 25).
    first, second = with_moments(25, (102.1, 110.4), (14.6, 15.3), 0.75)
    effect = standardised_difference(first, second, paired=True)
    assert (effect.size, effect.low, effect.high) == pytest.approx((0.5550319, 0.2394905, 0.8705732), abs=1e-6)


def test_a_risk_difference_is_that_of_the_literature() -> None:
    # ci.prop2(.05, 35, 21, 150, 150) and ci.prop.ps(.05, 12, 26, 4, 6) of the same package.
    some = risk_difference([True] * 21 + [False] * 129, [True] * 35 + [False] * 115, paired=False)
    assert some[:3] == pytest.approx((14 / 150, 0.004375769, 0.1798348), abs=1e-6)
    before = [False] * 12 + [False] * 26 + [True] * 4 + [True] * 6
    after = [False] * 12 + [True] * 26 + [False] * 4 + [True] * 6
    pairs = risk_difference(before, after, paired=True)
    assert pairs[:3] == pytest.approx((22 / 48, 0.2548067, 0.6251933), abs=1e-6)


@pytest.mark.parametrize("paired", [True, False])
def test_intervals_hold_the_true_effect_in_95_of_100_samples(paired: bool) -> None:
    random = np.random.default_rng(1)
    inside = 0
    for _ in range(500):
        shared = random.normal(size=40) if paired else 0.0
        first, second = shared + random.normal(size=40), shared + random.normal(size=40) + 0.5
        effect = standardised_difference(first.tolist(), second.tolist(), paired=paired)
        inside += effect.low <= 0.5 / (math.sqrt(2) if paired else 1) <= effect.high
    assert 0.92 <= inside / 500 <= 0.98


@pytest.mark.parametrize("paired", [True, False])
def test_groups_without_spread(paired: bool) -> None:
    assert standardised_difference([3, 3], [3, 3], paired=paired)[:3] == (0, 0, 0)
    assert standardised_difference([3, 3], [2, 2], paired=paired).size == -math.inf
    assert p_of_numbers([3, 3], [3, 3], paired=paired) == 1
    assert p_of_answers([True, True], [True, True], paired=paired) == 1


def test_rounding_errors_are_no_difference() -> None:
    assert p_of_numbers([0.3] * 9, [0.1 + 0.2] * 9, paired=True) == 1
    assert standardised_difference([0.3] * 9, [0.1 + 0.2] * 9, paired=True).size == 0


def test_pairs_see_what_others_do_not() -> None:
    scenarios = np.random.default_rng(2).normal(100, 30, size=30)
    first, second = scenarios.tolist(), (scenarios * 0.95).tolist()
    assert p_of_numbers(first, second, paired=True) < 0.0001
    assert p_of_numbers(first, second, paired=False) > 0.1


def test_differences_of_one_size_are_counted() -> None:
    # Nine up and one down, as a coin falls: (10 + 1) * 2 / 2**10.
    second = [1.0] * 9 + [-1.0]
    assert p_of_numbers([0.0] * 10, second, paired=True) == pytest.approx(22 / 1024)


def test_pairs_of_yes_and_no_are_tested_as_by_mcnemar() -> None:
    first, second = [False] * 9 + [True] + [True] * 90, [True] * 9 + [False] + [True] * 90
    assert p_of_answers(first, second, paired=True) == pytest.approx(22 / 1024)


def test_yes_and_no_are_tested_as_by_fisher() -> None:
    # The lady tasting tea: three of four right.
    first, second = [True, True, True, False], [True, False, False, False]
    assert p_of_answers(first, second, paired=False) == pytest.approx(0.4857, abs=1e-4)


def test_what_is_detectable_shrinks_with_the_noise_and_grows_with_the_tests() -> None:
    assert detectable(0.1, 1) == pytest.approx(0.1 * (2.5758 + 0.8416), abs=1e-4)
    assert detectable(0.2, 1) == 2 * detectable(0.1, 1)
    assert detectable(0.1, 8) > detectable(0.1, 1)


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(MissingPackageError, match=r"scipy is needed to compare groups.*\[factory\]"):
        significance.stats("compare groups")
