"""Sets of dialogues side by side."""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path

import pytest

from sdkit import Dialog, Turn
from sdkit.analysis import compare
from sdkit.analysis.comparison import by_chance, cliffs_delta
from sdkit.datasets import StarDataset
from sdkit.errors import InputError, MissingPackageError


def of_length(*lengths: int, speaker: str = "User") -> list[Dialog]:
    return [Dialog(turns=[Turn(speaker=speaker, text="Hello you")] * length) for length in lengths]


def test_two_sets_are_held_against_each_other() -> None:
    table = compare({"real": of_length(2, 4, 6), "synthetic": of_length(5, 7, 9)})

    row = table.loc["turns"]
    assert row["real"].to_dict() == {"mean": 4, "sd": 2, "n": 3}
    assert row["synthetic"].to_dict() == {"mean": 7, "sd": 2, "n": 3}
    # Of nine pairs, the synthetic dialogue is the longer one in eight, the shorter one in one.
    assert row["synthetic against real"].to_dict() == {"Cliff's delta": 0.78, "by chance": 1}
    assert table.index[:3].tolist() == ["turns", "words", "words_per_turn"]


def test_one_set_or_three_have_no_difference() -> None:
    one = compare({"real": of_length(2, 4)})
    three = compare({name: of_length(2, 4) for name in ("a", "b", "c")})
    assert one.columns.get_level_values(0).unique().tolist() == ["real"]
    assert three.columns.get_level_values(0).unique().tolist() == ["a", "b", "c"]


def test_a_set_of_one_dialogue_has_no_spread_and_shows_no_difference() -> None:
    row = compare({"real": of_length(2), "synthetic": of_length(5, 7)}).loc["turns"]
    assert math.isnan(row["real", "sd"])
    assert row["synthetic against real", "by chance"] == 1


def test_dialogues_without_turns_count_where_they_can() -> None:
    table = compare({"real": of_length(2, 0), "synthetic": of_length(0)})
    assert table.loc["turns", ("real", "n")] == 2
    assert table.loc["words_per_turn", ("real", "n")] == 1
    assert table.loc["words_per_turn", ("synthetic", "n")] == 0
    assert math.isnan(table.loc["words_per_turn", ("synthetic", "mean")])
    assert math.isnan(table.loc["words_per_turn", ("synthetic against real", "Cliff's delta")])


def test_speakers_who_are_in_one_set_only_stand_below_the_mean_of_all() -> None:
    table = compare({"real": of_length(2, speaker="User"), "synthetic": of_length(2, speaker="Ana")})
    assert table.index[2:6].tolist() == [
        "words_per_turn",
        "words_per_turn_User",
        "words_per_turn_Ana",
        "distinct_words",
    ]
    assert table.loc["words_per_turn_Ana", ("real", "n")] == 0


def test_adherence_is_compared_where_it_is_asked_for() -> None:
    table = compare({"real": of_length(2), "synthetic": of_length(4)}, adherence=lambda dialog: len(dialog) / 4)
    assert table.index[-1] == "adherence"
    assert table.loc["adherence", ("real", "mean")] == 0.5


# -- effect size ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "delta"),
    [([1, 2], [3, 4], 1), ([3, 4], [1, 2], -1), ([1, 2], [1, 2], 0), ([5, 5], [5], 0), ([1, 2, 3], [2, 9], 0.5)],
)
def test_delta_is_how_often_the_second_is_above_less_how_often_it_is_below(
    first: list[float], second: list[float], delta: float
) -> None:
    assert cliffs_delta(first, second) == pytest.approx(delta)


def test_delta_is_that_of_all_pairs() -> None:
    dice = random.Random(5)
    first, second = ([dice.randrange(9) for _ in range(size)] for size in (30, 17))
    pairs = [(one, other) for one in first for other in second]
    assert cliffs_delta(first, second) == pytest.approx(sum((b > a) - (b < a) for a, b in pairs) / len(pairs))


def test_one_odd_dialogue_does_not_turn_delta_over() -> None:
    real, synthetic = [8, 9, 10, 11, 12], [7, 8, 8, 9, 500]
    assert sum(synthetic) > sum(real)
    assert cliffs_delta(real, synthetic) < 0


@pytest.mark.parametrize("sizes", [(6, 6), (5, 20), (40, 40)])
def test_by_chance_holds_nineteen_of_twenty_samples_of_one_set(sizes: tuple[int, int]) -> None:
    dice = random.Random(11)
    deltas = [cliffs_delta(*([dice.random() for _ in range(size)] for size in sizes)) for _ in range(2000)]
    inside = sum(abs(delta) <= by_chance(*sizes) for delta in deltas) / len(deltas)
    assert inside == pytest.approx(0.95, abs=0.02)


def test_two_dialogues_a_set_can_show_no_difference() -> None:
    assert by_chance(2, 2) == 1
    assert math.isnan(by_chance(0, 5))


# -- bad input --------------------------------------------------------------------------------------------------------


def test_an_empty_set_is_named() -> None:
    with pytest.raises(InputError, match="synthetic: the set is empty; give at least one dialogue"):
        compare({"real": of_length(2), "synthetic": []})


@pytest.mark.parametrize("sets", [{}, [], of_length(2)])
def test_sets_have_names(sets: object) -> None:
    with pytest.raises(InputError, match="give the sets with their names"):
        compare(sets)  # type: ignore[arg-type]


def test_without_pandas_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackageError, match="pandas"):
        compare({"real": of_length(2)})


# -- real data --------------------------------------------------------------------------------------------------------


def test_real_happy_dialogues_differ_from_unhappy_ones(real_star: Path) -> None:
    star = StarDataset(real_star)
    sets = {
        name: star.get_dialogs(task_name="doctor_followup", happy=happy, multitask=False)
        for name, happy in (("happy", True), ("unhappy", False))
    }

    table = compare(sets, star.flowchart("doctor_followup"))

    assert table.loc["turns", ("happy", "n")] == 105
    assert table.loc["turns", ("unhappy", "n")] == 84
    assert table.loc["words_per_turn", ("unhappy", "n")] == 79  # the others have no turns
    assert table.loc["turns", ("happy", "mean")] == 8.51
    delta = table["unhappy against happy"]
    assert delta.loc["words_per_turn_User", "Cliff's delta"] > delta.loc["words_per_turn_User", "by chance"]
    assert 0.3 < table.loc["adherence", ("unhappy", "mean")] < table.loc["adherence", ("happy", "mean")] < 0.7
