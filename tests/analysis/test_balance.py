"""Whether a set is made up as it was to be."""

from __future__ import annotations

import math
import sys

import numpy as np
import pandas
import pytest

from sdkit.analysis.balance import representation
from sdkit.errors import InputError, MissingPackageError

REGIONS = {"Tokyo": 0.5, "Lima": 0.3, "Cairo": 0.2}


def test_each_value_is_a_row_also_those_never_seen_and_not_wanted() -> None:
    table = representation({"region": ["Tokyo"] * 6 + ["Lima"] * 3 + ["Oslo"]}, {"region": REGIONS})

    assert table.index.tolist() == [("region", value) for value in ("Tokyo", "Lima", "Cairo", "Oslo")]
    assert table["made"].tolist() == [6, 3, 0, 1]
    assert table["wanted"].tolist() == [5, 3, 2, 0]
    assert table["share"].tolist() == [0.6, 0.3, 0, 0.1]
    assert table["target"].tolist() == [0.5, 0.3, 0.2, 0]
    assert table["difference"].tolist() == pytest.approx([0.1, 0, -0.2, 0.1])


def test_the_fit_of_an_axis_is_pearsons() -> None:
    # 80 against 50, 30 against 50: (30**2 + 20**2 + 10**2) / 50 = 28, of 150 dialogues.
    table = representation({"mood": ["a"] * 80 + ["b"] * 30 + ["c"] * 40}, {"mood": {"a": 1, "b": 1, "c": 1}})
    assert table["w"].tolist() == pytest.approx([math.sqrt(28 / 150)] * 3)
    assert table["p"].tolist() == pytest.approx([math.exp(-28 / 2)] * 3)  # chi-square with two degrees of freedom
    assert table["off"].all()


def test_p_is_corrected_for_the_number_of_axes() -> None:
    values = ["a"] * 60 + ["b"] * 40
    alone = representation({"one": values}, {"one": {"a": 1, "b": 1}})["p"].iloc[0]
    target = {"a": 1.0, "b": 1.0}
    both = representation({"one": values, "two": values}, {"one": target, "two": target})["p"]
    assert both.tolist() == pytest.approx([2 * alone] * 4)


def test_a_trifle_in_a_large_set_is_not_off() -> None:
    table = representation({"one": ["a"] * 51_000 + ["b"] * 49_000}, {"one": {"a": 1, "b": 1}})
    assert (table["p"] < 1e-6).all()
    assert not table["off"].any()


def test_a_value_that_was_not_wanted_cannot_be_chance() -> None:
    table = representation({"region": ["Tokyo"] * 99 + ["tokyo"]}, {"region": {"Tokyo": 1}})
    assert table["w"].tolist() == [math.inf] * 2
    assert table["p"].tolist() == [0, 0]
    assert table["off"].all()


@pytest.mark.parametrize("size", [30, 600])  # too few for chi-square, and enough
def test_sets_drawn_by_their_targets_are_off_as_often_as_p_says(size: int) -> None:
    random, shares = np.random.default_rng(size), [0.5, 0.3, 0.1, 0.05, 0.03, 0.02]
    below = 0
    for _ in range(200):
        drawn = random.choice(list("abcdef"), size=size, p=shares).tolist()
        below += representation({"x": drawn}, {"x": dict(zip("abcdef", shares, strict=True))})["p"].iloc[0] < 0.1
    assert 0.05 <= below / 200 <= 0.15


def test_of_few_dialogues_the_same_p_comes_out_each_time() -> None:
    made = [representation({"x": ["a", "b", "b"]}, {"x": {"a": 1, "b": 1, "c": 1}}) for _ in range(2)]
    assert made[0].equals(made[1])
    assert made[0]["p"].iloc[0] > 0.5


def test_values_may_be_a_column_of_a_table() -> None:
    column = pandas.Series(["a", "b"])
    assert representation({"x": column}, {"x": {"a": np.int64(1), "b": 1}})["p"].tolist() == [1, 1]


def test_an_axis_with_one_value_fits() -> None:
    assert representation({"x": ["a"] * 3}, {"x": {"a": 1.0}})["p"].tolist() == [1]


def test_what_cannot_be_held_against_a_target_is_said() -> None:
    with pytest.raises(InputError, match="'region' has no target; give values and a target for each axis"):
        representation({"region": ["Tokyo"]}, {})
    with pytest.raises(InputError, match="'mood' has no values; give values and a target"):
        representation({"region": ["Tokyo"]}, {"region": REGIONS, "mood": {"Happy": 1}})
    with pytest.raises(InputError, match="at least one axis"):
        representation({}, {})
    for values in ([], "Tokyo", None):
        with pytest.raises(InputError, match="'region' has no values; give a list"):
            representation({"region": values}, {"region": REGIONS})  # type: ignore[dict-item]
    for value in (None, 3, " "):
        with pytest.raises(InputError, match=r"'region': the value of number 2, .*, is no text"):
            representation({"region": ["Tokyo", value]}, {"region": REGIONS})  # type: ignore[list-item]
    for share in (-0.1, math.nan, math.inf, True, "half"):
        with pytest.raises(InputError, match="is no share for 'Lima'"):
            representation({"region": ["Lima"]}, {"region": {"Lima": share}})  # type: ignore[dict-item]
    for target in ({}, ["Lima"]):
        with pytest.raises(InputError, match="'region' has no target; give the share of each value"):
            representation({"region": ["Lima"]}, {"region": target})  # type: ignore[dict-item]
    with pytest.raises(InputError, match="all shares are 0"):
        representation({"region": ["Lima"]}, {"region": {"Lima": 0}})


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(MissingPackageError, match=r"scipy is needed to hold a set against its targets.*\[factory\]"):
        representation({"region": ["Lima"]}, {"region": REGIONS})
