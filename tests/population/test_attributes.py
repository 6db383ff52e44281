"""Rules for attributes, and the plan that follows from them."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sdkit.errors import FileError, InputError
from sdkit.population.attribute_files import from_file
from sdkit.population.attributes import Band, Computed, FromModel, Values, from_model, rule_of
from sdkit.population.planning import plan
from sdkit.population.showing import shows


def axis(given: Any) -> Values:
    rule = rule_of("x", given)
    assert isinstance(rule, Values)
    return rule


# -- rules -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "labels", "weights"),
    [
        (["calm", "hurried"], ["calm", "hurried"], (1, 1)),
        (["calm", "hurried", "Calm"], ["calm", "hurried"], (2, 1)),
        ({"18-29": 2, "60+": 1, "never": 0}, ["18-29", "60+"], (2, 1)),
        ({"b", "a"}, ["a", "b"], (1, 1)),
        (range(1, 4), ["1", "2", "3"], (1, 1, 1)),
        (range(18, 80), ["18-29", "30-41", "42-54", "55-66", "67-79"], (12, 12, 13, 12, 13)),
        ((18, 22), ["18", "19", "20", "21", "22"], (1,) * 5),
        ((0.0, 1.0), ["0-0.2", "0.2-0.4", "0.4-0.6", "0.6-0.8", "0.8-1"], (1,) * 5),
        ("a plain text", ["a plain text"], (1,)),
        (7, ["7"], (1,)),
        (True, ["yes"], (1,)),
        ((1, 2, 3), ["1", "2", "3"], (1, 1, 1)),
        (["Ana", "Tom"], ["Ana", "Tom"], (1, 1)),
    ],
)
def test_a_list_weights_a_range_a_pair_of_numbers_or_a_text_gives_values(
    given: Any, labels: list[str], weights: tuple[float, ...]
) -> None:
    assert axis(given).labels() == labels
    assert axis(given).weights == weights


def test_from_a_band_a_number_is_drawn() -> None:
    rng = random.Random(1)
    for written, low, high in (("18-24", 18, 24), ("65 and older", 65, 85), ("60+", 60, 80), ("18 to 24", 18, 24)):
        (band,) = axis([written]).values
        assert isinstance(band, Band)
        drawn = {band.draw(rng) for _ in range(200)}
        assert min(drawn) == low  # type: ignore[type-var]
        assert max(drawn) == high  # type: ignore[type-var]
    (share,) = axis(["0.5-1.5"]).values
    assert 0.5 <= share.draw(rng) <= 1.5
    assert axis(["9-5"]).values == ("9-5",)  # is no band of numbers


def test_the_model_is_asked() -> None:
    assert rule_of("hobby", "{llm}") == FromModel("", 8)
    assert rule_of("hobby", "{llm: a hobby of this person}") == FromModel("a hobby of this person", 8)
    assert rule_of("hobby", from_model("a hobby", values=12)) == FromModel("a hobby", 12)


def test_a_function_takes_nothing_the_values_so_far_or_these_and_a_random() -> None:
    for call, takes in ((lambda: 1, 0), (lambda so_far: 1, 1), (lambda so_far, rng: 1, 2), (lambda a, b=3: 1, 1)):
        rule = rule_of("x", call)
        assert isinstance(rule, Computed)
        assert rule.takes == takes


@pytest.mark.parametrize(
    ("name", "text", "column"),
    [
        ("cities.csv", "city,country\nOslo,Norway\nRiga,Latvia\nOslo,Norway\n,nowhere\n", "city"),
        ("cities.tsv", "city\tcountry\nOslo\tNorway\nRiga\tLatvia\nOslo\tNorway\n", "city"),
        ("one.csv", "\ufeffcity\nOslo\nRiga\nOslo\n", None),
        ("cities.jsonl", '{"city": "Oslo"}\n{"city": "Riga"}\n{"city": "Oslo"}\n', "city"),
        ("cities.yaml", "- city: Oslo\n- city: Riga\n- city: Oslo\n", "city"),
        ("users.yaml", "users:\n- city: Oslo\n  age: 3\n- city: Riga\n  age: 4\n- city: Oslo\n", "city"),
        ("cities.json", '["Oslo", "Riga", "Oslo"]', None),
    ],
)
def test_a_column_of_a_file_gives_its_values_as_often_as_they_are_there(
    tmp_path: Path, name: str, text: str, column: str | None
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    rule = from_file(tmp_path / name, column)
    assert (rule.labels(), rule.weights) == (["Oslo", "Riga"], (2.0, 1.0))
    if name.endswith(".csv") and column:
        assert rule_of("x", f"{{csv:city:{tmp_path / name}}}") == rule


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([], "x: the list is empty"),
        ({}, "x: no value has a weight above 0"),
        ({"a": 0}, "x: no value has a weight above 0"),
        ({"a": -1}, "x: the weight of 'a' is -1; give a number, 0 or more"),
        ({"a": "2"}, "x: the weight of 'a' is '2'"),
        ({"a": float("inf")}, "x: the weight of 'a' is inf"),
        (range(3, 3), r"x: range\(3, 3\) has no numbers in it"),
        ((80, 18), r"x: \(80, 18\) goes from a number to a smaller one"),
        ("", "x: the text is empty"),
        ("{llm", None),
        ("{gpt: a hobby}", r"x: '\{gpt: a hobby\}' is no rule; there are \{llm\}"),
        ("{csv:city}", "is no rule; there are"),
        (None, "x: None is no rule. Give a list"),
        (object(), "is no rule. Give a list"),
        (lambda a, b, c: 1, "x: the function is to take nothing, the values so far"),
        (lambda *, a: 1, "x: the function is to take nothing"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(given: Any, problem: str | None) -> None:
    if problem is None:
        assert axis(given).labels() == [given]  # a text that is no template stands for itself
        return
    with pytest.raises(InputError, match=problem):
        rule_of("x", given)


@pytest.mark.parametrize("values", [1, 51, 2.5, True])
def test_how_many_values_to_ask_for_is_checked(values: Any) -> None:
    with pytest.raises(InputError, match="give a whole number from 2 to 50"):
        from_model("a hobby", values=values)


@pytest.mark.parametrize(
    ("name", "text", "column", "problem"),
    [
        ("a.csv", "city,age\nOslo,3\n", "town", "has no column 'town'; it has city, age"),
        ("a.csv", "city,age\nOslo,3\n", None, r"has several columns \(city, age\); say which"),
        ("a.csv", "city\n\n", "city", "has no values"),
        ("a.csv", "city\nOslo,3\n", "city", r"a\.csv, line 2: has more cells than names of columns"),
        ("a.csv", "", "city", "is empty"),
        ("a.json", '["Oslo"]', "city", "has no column 'city': its entries have no names"),
        ("a.json", '{"a": 1, "b": 2}', None, "is to hold a list; found"),
        ("a.json", "[[1]]", None, r"is to hold texts and numbers; found '\[1\]'"),
        ("a.jsonl", "{", "city", r"has no values|is not JSON"),
        ("missing.csv", None, "city", "does not exist"),
    ],
)
def test_a_file_without_such_values_is_refused(
    tmp_path: Path, name: str, text: str | None, column: str | None, problem: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(FileError, match=problem):
        from_file(tmp_path / name, column)


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match=r"values\.xls ends neither in"):
        from_file("values.xls", "city")


# -- what shows a value ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("A 29-year-old nurse.", "25-34", True),
        ("A nurse in her thirties.", "25-34", True),
        ("A nurse with 3 cats.", "25-34", False),
        ("A man of 71.", "65 and older", True),
        ("She is easily frustrated.", "easily frustrated", True),
        ("She is patient.", "impatient", False),
        ("He is impatient.", "calm and patient", False),
        ("Writes short messages without any capitals.", "short messages without capital letters", True),
        ("Writes long messages.", "short messages without capital letters", False),
        ("She IS an Expert in hats", "an expert", True),
        ("你好，她很有耐心。", "很有耐心", True),
    ],
)
def test_a_text_shows_a_value_by_half_of_its_words_that_matter(text: str, value: str, shown: bool) -> None:
    assert shows(text, axis([value]).values[0]) is shown


# -- the plan --------------------------------------------------------------------------------------------------------

AXES = {
    "age": axis(["18-24", "25-34", "35-49", "50-64", "65+"]),
    "expertise": axis(["beginner", "some", "expert"]),
    "goal": axis(list("ABCDEFGH")),
    "patience": axis(["calm", "impatient", "frustrated"]),
}


@pytest.mark.parametrize("n", [1, 7, 50, 200])
def test_each_value_comes_as_often_as_it_should_and_pairs_are_spread(n: int) -> None:
    cells = plan(AXES, n, seed=1)
    assert len(cells) == n
    for name, values in AXES.items():
        counts = Counter(cell[name] for cell in cells)
        assert max(counts[value] for value in values.labels()) - min(counts[value] for value in values.labels()) <= 1
    for one, other in itertools.combinations(AXES, 2):
        pairs = Counter((cell[one], cell[other]) for cell in cells)
        possible = len(AXES[one].values) * len(AXES[other].values)
        assert len(pairs) >= 0.95 * min(n, possible)
        assert max(pairs.values()) <= n / possible + 2


def test_the_same_seed_gives_the_same_plan_and_another_one_another() -> None:
    assert plan(AXES, 20, seed=1) == plan(AXES, 20, seed=1)
    assert plan(AXES, 20, seed=1) != plan(AXES, 20, seed=2)


def test_weights_are_kept_to() -> None:
    cells = plan({"age": axis({"young": 3, "old": 1})}, 8, seed=1)
    assert Counter(cell["age"] for cell in cells) == {"young": 6, "old": 2}


def test_gaps_are_filled_first() -> None:
    before = [{"age": "18-24", "expertise": "beginner"}] * 5 + [{"age": None, "expertise": "expert"}]
    cells = plan(AXES, 10, seed=1, before=before)
    ages = Counter(cell["age"] for cell in cells)
    assert ages["18-24"] == 0
    assert sorted(ages.values()) == [2, 2, 3, 3]
    assert Counter(cell["expertise"] for cell in cells)["beginner"] <= 1


def test_pairs_of_earlier_personas_count() -> None:
    axes = {"a": axis(["x", "y"]), "b": axis(["1", "2"])}
    before = [{"a": "x", "b": "1"}, {"a": "y", "b": "2"}]
    assert sorted(tuple(cell.values()) for cell in plan(axes, 2, seed=1, before=before)) == [("x", "2"), ("y", "1")]


def test_a_plan_without_attributes_is_empty_places() -> None:
    assert plan({}, 3, seed=1) == [{}, {}, {}]
