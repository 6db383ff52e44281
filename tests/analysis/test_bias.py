"""Whether groups are treated differently: what is planted is found, and nothing else."""

from __future__ import annotations

import math
import sys
from itertools import pairwise

import numpy as np
import pandas
import pytest
from made_up_dialogs import Planted, made_up

from sdkit import Dialog, Turn
from sdkit.analysis.behaviour import conduct
from sdkit.analysis.bias import compare_groups
from sdkit.analysis.differences import GroupComparison
from sdkit.errors import InputError, MissingPackageError

YOUNG, OLD = [30, 28, 35, 33, 31, 29, 34, 32], [21, 20, 25, 27, 22, 19, 26, 23]


def numbers(seed: int, size: int, **means: float) -> dict[str, list[float]]:
    random = np.random.default_rng(seed)
    return {measure: random.normal(mean, 1, size=size).tolist() for measure, mean in means.items()}


def test_it_is_said_in_plain_sentences() -> None:
    young = {"assistant_words": YOUNG, "resolved": [True, False] * 4}
    old = {"assistant_words": OLD, "resolved": [False, True] * 4}

    found = compare_groups({"young": young, "old": old})

    assert str(found).splitlines() == [
        "Assistants answer old 27% shorter than young: 22.9 against 31.5 words per turn, d = -3.21 "
        "(95%: -4.81 to -1.62), p = 0.0003.",
        "Nothing else differs by more than chance or a trifle.",
        "With as few as 8 dialogues, differences below d = 1.95 or risk difference = 0.82 can go unseen.",
    ]


def test_each_measure_is_a_row() -> None:
    table = compare_groups({"a": numbers(1, 40, x=0, y=0), "b": numbers(2, 50, x=0, y=2)}).to_frame()

    assert table["measure"].tolist() == ["x", "y"]
    row = table.loc[1]
    assert row[["group", "against", "n", "n_against", "kind"]].tolist() == ["b", "a", 50, 40, "d"]
    assert row["low"] < row["effect"] < row["high"]
    assert row["effect"] == pytest.approx(2, abs=0.6)
    assert row["corrected"] == pytest.approx(2 * row["p"])  # the smaller of two
    assert table["found"].tolist() == [False, True]


def test_a_shorter_answer_is_found_in_made_up_dialogues_and_nothing_where_there_is_nothing() -> None:
    # benchmarks/bias.py has the figures of a hundred seeds.
    def measures(seed: int, planted: Planted) -> set[str]:
        (first, solved), (second, also_solved) = made_up(seed, second=planted)
        groups = {"a": conduct(first, resolved=solved), "b": conduct(second, resolved=also_solved)}
        return {each.measure for each in compare_groups(groups, paired=True).found}

    seeds = range(6)
    assert sum("assistant_words" in measures(seed, Planted(longer=0.85)) for seed in seeds) >= 5
    assert sum(bool(measures(seed, Planted())) for seed in seeds) == 0


@pytest.mark.parametrize("paired", [True, False])
def test_by_chance_hardly_anything_is_found(paired: bool) -> None:
    names = dict.fromkeys("abcdefgh", 0.0)
    found = [
        compare_groups(
            {group: numbers(10 * seed + n, 25, **names) for n, group in enumerate("AB")}, paired=paired
        ).found
        for seed in range(100)
    ]
    assert sum(map(bool, found)) <= 3


def test_pairs_find_what_scenarios_hide() -> None:
    scenarios = np.random.default_rng(3).normal(30, 10, size=40)
    groups = {"men": {"assistant_words": scenarios}, "women": {"assistant_words": scenarios - 3 + scenarios % 1}}
    assert not compare_groups(groups).found
    (found,) = compare_groups(groups, paired=True).found
    assert "Assistants answer women" in str(found)
    assert "shorter than men" in str(found)


def test_a_trifle_is_not_found_however_sure_it_is() -> None:
    scenarios = np.random.default_rng(4).normal(30, 10, size=2000)
    comparison = compare_groups({"a": {"x": scenarios}, "b": {"x": scenarios + 0.5}}, paired=True)
    (difference,) = comparison.differences
    assert difference.corrected < 1e-6
    assert not difference.found
    assert "differences below d = 0.20 can go unseen" in str(comparison)


def test_a_pair_counts_if_both_could_be_measured() -> None:
    groups = {"a": {"x": [1.0, None, 3.0, 4.0]}, "b": {"x": [2.0, 3.0, math.nan, 6.0]}}
    (difference,) = compare_groups(groups, paired=True).differences
    assert (difference.n, difference.n_against) == (2, 2)
    assert (difference.mean, difference.mean_against) == (4, 2.5)
    (difference,) = compare_groups(groups).differences
    assert (difference.n, difference.n_against) == (3, 3)


def test_yes_and_no_are_compared_by_their_shares() -> None:
    groups = {"a": {"resolved": [True] * 40}, "b": {"resolved": [True] * 15 + [False] * 25}}
    for paired in (True, False):
        (found,) = compare_groups(groups, paired=paired).found
        assert found.kind == "risk difference"
        assert found.effect == pytest.approx(-25 / 40)
        assert str(found).startswith("Dialogues of b are resolved less often than those of a: 38% against 100% of")


def test_several_groups_are_compared_with_all_others() -> None:
    groups = {name: numbers(seed, 40, x=2.0 * (name == "Lima")) for seed, name in enumerate(("Oslo", "Lima", "Rome"))}
    comparison = compare_groups(groups)
    assert [(each.group, each.against, each.n_against) for each in comparison.differences] == [
        (name, "all others", 80) for name in groups
    ]
    assert comparison.found[0].group == "Lima"


def test_several_groups_of_pairs_are_compared_with_the_first_or_a_reference() -> None:
    groups = {name: numbers(seed, 40, x=0) for seed, name in enumerate(("Oslo", "Lima", "Rome"))}
    said = compare_groups(groups, paired=True).differences
    assert [(each.group, each.against) for each in said] == [("Lima", "Oslo"), ("Rome", "Oslo")]
    said = compare_groups(groups, reference="Rome").differences
    assert [(each.group, each.against) for each in said] == [("Oslo", "Rome"), ("Lima", "Rome")]


def test_all_groups_are_corrected_for_together() -> None:
    groups = {name: numbers(seed, 40, x=0, y=0) for seed, name in enumerate("abcd")}
    rows = compare_groups(groups).differences
    least = min(rows, key=lambda row: row.p)
    assert least.corrected == pytest.approx(min(1, 8 * least.p))


def test_the_largest_effect_comes_first() -> None:
    groups = {"a": numbers(1, 40, x=0, y=0), "b": numbers(2, 40, x=2, y=4)}
    found = compare_groups(groups).found
    assert [each.measure for each in found] == ["y", "x"]
    assert all(abs(one.effect) >= abs(other.effect) for one, other in pairwise(found))


def test_dialogues_are_measured() -> None:
    def dialogs(words: str) -> list[Dialog]:
        lines = [("User", "Hi"), ("Assistant", words)]
        return [Dialog(turns=[Turn(speaker=speaker, text=text) for speaker, text in lines])] * 12

    kind, curt = dialogs("Good morning, how may I help you?"), dialogs("What?")
    comparison = compare_groups({"kind": kind, "curt": curt}, paired=True)
    said = str(comparison)
    assert "Assistants answer curt 86% shorter than kind: 1.00 against 7.00 words per turn, d = -inf" in said
    assert "Assistants are 100% less polite to curt than to kind" in said
    assert "resolved" not in comparison.to_frame()["measure"].tolist()


def test_a_table_split_by_its_users_can_be_compared() -> None:
    table = pandas.DataFrame({"x": [*YOUNG, *OLD], "ok": [None, *[True] * 15]})
    groups = {str(name): part for name, part in table.groupby(["young"] * 8 + ["old"] * 8)}
    by_name = {each.measure: each for each in compare_groups(groups, reference="young").differences}
    assert by_name["x"].found
    assert (by_name["ok"].kind, by_name["ok"].n_against) == ("risk difference", 7)


def test_a_measure_of_ones_own_is_named() -> None:
    (found,) = compare_groups({"a": {"delay": YOUNG}, "b": {"delay": OLD}}).found
    assert str(found).startswith("b are below a in delay: 22.9 against 31.5 on average, d = -3.21")


def test_where_nothing_is_found_it_is_said_what_could_be_missed() -> None:
    comparison = compare_groups({"a": numbers(1, 20, x=0), "b": numbers(2, 20, x=0)}, paired=True)
    first, second = str(comparison).splitlines()
    assert first == "Nothing found: in 1 measure, no group differs by more than chance or a trifle."
    assert second.startswith("With as few as 20 pairs, differences below d = ")


def test_what_cannot_be_compared_for_want_of_values_is_said() -> None:
    some = compare_groups({"a": {"x": [1, 2, 3], "y": [None, None, 1]}, "b": {"x": [1, 3, 2], "y": [1, 2, 3]}})
    assert str(some).splitlines()[-1] == "Not compared everywhere, for want of values: y."
    assert math.isnan(some.differences[1].effect)
    assert not math.isnan(some.differences[0].corrected)
    none = compare_groups({"a": {"x": [1]}, "b": {"x": [1]}})
    assert str(none).startswith("Nothing was compared: no measure has two values in both groups.")


def test_it_shows_itself_in_jupyter() -> None:
    groups = {"<young>": {"x & y": YOUNG}, "old": {"x & y": OLD}}
    html = compare_groups(groups)._repr_html_()
    assert html.startswith('<figure class="sdkit-bias')
    assert "&lt;young&gt;" in html
    assert "<young>" not in html
    assert "x &amp; y" in html
    assert ">found</td>" in html
    assert html.count("<tr>") == 2


def test_a_comparison_of_nothing_has_its_columns() -> None:
    assert "corrected" in GroupComparison((), paired=False).to_frame()


def test_groups_that_cannot_be_compared_are_refused() -> None:
    fine = {"x": [1.0, 2.0]}
    for groups in ({}, {"a": fine}, [fine, fine]):
        with pytest.raises(InputError, match="give at least two groups with their names"):
            compare_groups(groups)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="reference='c' is none of the groups: a, b"):
        compare_groups({"a": fine, "b": fine}, reference="c")
    with pytest.raises(InputError, match="b has no 'x', which a has"):
        compare_groups({"a": fine, "b": {"y": [1.0, 2.0]}})
    with pytest.raises(InputError, match="b has 3 dialogues and a 2; pairs need one in each group"):
        compare_groups({"a": fine, "b": {"x": [1, 2, 3]}}, paired=True)
    with pytest.raises(InputError, match="a does not have one value a dialogue in each measure: x 2, y 1"):
        compare_groups({"a": fine | {"y": [1]}, "b": fine | {"y": [1]}})
    with pytest.raises(InputError, match="b has no measures"):
        compare_groups({"a": fine, "b": {}})
    with pytest.raises(InputError, match="'x' is yes and no in one of a and b, and numbers in the other"):
        compare_groups({"a": fine, "b": {"x": [True, False]}})
    with pytest.raises(InputError, match="b: the set is empty"):
        compare_groups({"a": fine, "b": []})


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (["long", 2.0], "b, 'x': 'long' is no number, nor True or False"),
        ([math.inf, 2.0], "b, 'x': inf is no number"),
        ([True, 2.0], "b, 'x' mixes True and False with numbers"),
        (3, "b, 'x': give a list, with one value for each dialogue"),
        ("12", "b, 'x': give a list"),
    ],
)
def test_values_that_are_no_numbers_are_refused(values: object, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        compare_groups({"a": {"x": [1.0, 2.0]}, "b": {"x": values}})  # type: ignore[dict-item]


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(MissingPackageError, match=r"scipy is needed to compare groups.*\[factory\]"):
        compare_groups({"a": {"x": YOUNG}, "b": {"x": OLD}})
