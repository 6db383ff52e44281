"""The words that tell two groups of texts apart."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from sdkit.analysis.log_odds import word_odds
from sdkit.errors import InputError, MissingPackageError

SHARED = ["the room is free on the day"] * 40


def test_the_words_of_each_group_come_first_and_last() -> None:
    table = word_odds([*SHARED, *["dear lady"] * 20], [*SHARED, *["strong sir"] * 20], n=2)
    assert table.index.tolist() == ["dear", "lady", "sir", "strong"]
    assert table.loc["dear", ["a", "b"]].tolist() == [20, 0]
    assert table.loc["dear", "z"] > 3
    assert table.loc["strong", "z"] < -3


def test_no_rare_word_is_first() -> None:
    odds = word_odds([*SHARED, *["lovely"] * 20, "quixotic"], [*SHARED, "lovely", *["plain"] * 20])
    assert odds.index[0] == "lovely"  # 20 times against once
    assert odds.loc["quixotic", "z"] < 1  # once against never


def test_what_both_say_alike_is_not_shown() -> None:
    assert word_odds(SHARED, SHARED).empty
    assert word_odds(["yes"], ["yes yes"]).empty


def test_groups_may_be_of_different_sizes() -> None:
    small, large = ["red red green"] * 7, ["red red green"] * 1003
    assert word_odds(small, large).empty


def test_case_and_punctuation_do_not_count_and_are_no_words() -> None:
    table = word_odds(["Sorry, sorry! - SORRY ..."] * 9, ["fine"] * 9)
    assert table.index.tolist() == ["sorry", "fine"]
    assert table["a"].tolist() == [27, 0]


def test_a_background_says_which_words_are_common_anyway() -> None:
    first, second = ["the yes"] * 5 + ["lady lady"], ["yes yes"] * 5 + ["sir sir"]
    with_many = word_odds(first, second, prior=["the"] * 1000 + ["lady", "sir", "yes"])
    with_few = word_odds(first, second, prior=["lady", "sir", "yes"] * 1000 + ["the"])
    assert 0 < with_many.loc["the", "log_odds"] < with_few.loc["the", "log_odds"]


def test_by_chance_one_word_of_twenty_is_beyond_two_standard_errors_at_the_most() -> None:
    random = np.random.default_rng(0)
    words = [f"w{number}" for number in range(400)]
    first, second = ([" ".join(random.choice(words, size=100)) for _ in range(80)] for _ in range(2))
    z = word_odds(first, second, n=400)["z"]
    assert 0.01 < (z.abs() > 1.96).sum() / 400 <= 0.06


def test_it_is_a_table_of_plain_numbers() -> None:
    table = word_odds(["a b"], ["b c"])
    assert table.columns.tolist() == ["a", "b", "log_odds", "z"]
    assert table.index.name == "word"
    assert all(math.isfinite(value) for value in table["log_odds"])


def test_what_cannot_be_compared_is_said() -> None:
    with pytest.raises(InputError, match="texts_b has no words"):
        word_odds(["yes"], ["...", ""])
    with pytest.raises(InputError, match="prior has no words"):
        word_odds(["yes"], ["no"], prior=[])
    with pytest.raises(InputError, match=r"texts_a: 7 is no text; give texts, such as \[turn.text"):
        word_odds([7], ["no"])  # type: ignore[list-item]
    for n in (0, -1, True, 2.5):
        with pytest.raises(InputError, match="will not do: give how many words"):
            word_odds(["yes"], ["no"], n=n)  # type: ignore[arg-type]


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(MissingPackageError, match="numpy is needed to compare words"):
        word_odds(["yes"], ["no"])
