"""Plans: balanced to one dialogue, from a seed, within the rules."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sdkit.errors import FileError, InputError
from sdkit.factory import Plan, Spec, planned
from sdkit.factory.items import Item
from sdkit.factory.quotas import counts
from sdkit.factory.spec import AXES


def off(items: list[Item], spec: Spec) -> float:
    table = Plan(items, spec).report()
    return float((table["planned"] - table["target"]).abs().max())


def test_ten_thousand_dialogues_are_planned_in_two_seconds_each_value_to_one_dialogue() -> None:
    began = time.perf_counter()
    items = planned(10_000, seed=1)
    assert time.perf_counter() - began < 6  # 0.9 s alone; machines differ, and tests run beside others
    assert off(items, Spec.of()) < 1
    assert [item.id for item in items] == list(range(10_000))


def test_the_same_seed_gives_the_same_plan_and_another_one_another() -> None:
    assert planned(300, seed=5) == planned(300, seed=5)
    assert planned(300, seed=5) != planned(300, seed=6)


def test_the_default_lists_and_shares_are_those_of_synwoz() -> None:
    spec = Spec.of()
    sizes = {name: (len(group.of), group.weight) for name, group in spec.services.items()}
    assert sizes == {"single": (8, 0.3), "double": (17, 0.35), "triple": (15, 0.25), "quadruple": (9, 0.1)}
    assert spec.shares("resolution_status") == {"Resolved": 0.4, "Failed": 0.3, "Escalated": 0.3}
    lengths = {
        axis: len(spec.shares(axis)) for axis in ("regions", "user_emotions", "assistant_emotions", "time_slots")
    }
    assert lengths == {"regions": 54, "user_emotions": 20, "assistant_emotions": 20, "time_slots": 6}
    assert len(spec.categories_of("flight")) == 9 + 13
    assert spec.shares("regions")["Lagos"] == pytest.approx(1 / 54)  # which SynWOZ lists twice


def test_all_values_of_an_item_go_together() -> None:
    spec = Spec.of()
    for item in planned(2000, seed=3):
        assert item.category in spec.categories_of(item.services[0])
        assert 5 <= item.min_turns <= 10
        assert max(7, item.min_turns) <= item.max_turns <= 20
        start, end, _ = item.time_slot
        hour, minute = map(int, item.time.split(":"))
        assert minute % 5 == 0
        assert (start <= hour < end) if start < end else (hour >= start or hour < end)


def test_overnight_is_before_midnight_as_often_as_after_it() -> None:
    items = planned(4000, Spec.of({"time_slots": [[23, 5, "Overnight"]]}))
    before = sum(item.time.startswith("23") for item in items)
    assert 1850 < before < 2150


def test_each_service_of_a_combination_comes_first_equally_often() -> None:
    spec = Spec.of({"services": {"double": {"weight": 1, "of": [["hotel", "taxi"], ["train", "bus"]]}}} | FEW)
    firsts = Counter(item.services[0] for item in planned(400, spec))
    assert firsts == {"hotel": 100, "taxi": 100, "train": 100, "bus": 100}


FEW: dict[str, Any] = {"categories": {"general": ["complaint", "feedback"]}}


def test_a_small_plan_takes_as_many_different_values_as_it_can() -> None:
    items = planned(6, seed=2)
    assert len({item.region for item in items}) == 6
    assert len({item.time_slot for item in items}) == 6
    assert len({item.user_emotion for item in items}) == 6


def test_more_dialogues_fill_up_what_is_lacking() -> None:
    spec = Spec.of()
    first = planned(100, spec, seed=1)
    lost = [item for item in first if item.region not in ("Tokyo", "Delhi")]
    more = planned(1000 - len(lost), spec, 1, lost, first=100)
    assert more[0].id == 100
    assert off([*lost, *more], spec) < 2


def test_quotas_are_met_and_the_others_share_what_is_left() -> None:
    spec = Spec.of({"quotas": {"regions": {"Tokyo": 47, "Delhi": 0}}})
    there = Counter(item.region for item in planned(99, spec))
    assert there["Tokyo"] == 47
    assert there["Delhi"] == 0
    assert max(there[name] for name in there if name != "Tokyo") == 1


def test_weights_change_the_shares() -> None:
    spec = Spec.of({"user_emotions": {"Angry": 3, "Happy": 1}})
    assert Counter(item.user_emotion for item in planned(80, spec)) == {"Angry": 60, "Happy": 20}


def test_what_is_forbidden_does_not_come_together_and_the_counts_stay() -> None:
    spec = Spec.of(
        {
            "forbidden": [
                {"services": "hospital", "user_emotions": ["Excited", "Happy"]},
                {"resolution_status": "Escalated", "categories": ["feedback", "menu_inquiry"]},
                {"services": "taxi", "categories": "complaint"},
            ]
        }
    )
    items = planned(3000, spec, seed=1)
    assert not any("hospital" in item.services and item.user_emotion in ("Excited", "Happy") for item in items)
    assert not any(item.resolution_status == "Escalated" and item.category == "feedback" for item in items)
    assert not any("taxi" in item.services and item.category == "complaint" for item in items)
    assert off(items, spec) < 1


def test_a_plan_can_be_extended_by_a_new_domain_which_is_data() -> None:
    spec = Spec.of(
        {
            "add": {
                "services": {"single": {"of": ["ferry"]}},
                "categories": {"ferry": ["deck_choice"]},
                "regions": ["Bergen"],
            }
        }
    )
    assert len(spec.shares("services")) == 50
    assert "deck_choice" in spec.categories_of("ferry")
    assert len(spec.shares("regions")) == 55


def test_a_plan_is_read_from_yaml(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("regions: [Lyon, Turin]\nresolution_status: {Resolved: 1}\nmin_turns: 3\n")
    spec = Spec.load(path)
    assert list(spec.shares("regions")) == ["Lyon", "Turin"]
    assert spec.min_turns == (3, 3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"region": ["Lyon"]}, "did you mean regions?"),
        ({"add": {"weather": ["rain"]}}, "a plan has no 'weather'"),
        ({"regions": []}, "no value with a weight above 0"),
        ({"regions": ["Lyon", "Lyon"]}, "'Lyon' is there twice"),
        ({"regions": ["Lyon", " "]}, "' ' cannot be a value: it is empty"),
        ({"regions": ["half \ud800"]}, "not valid Unicode"),
        ({"time_slots": [[5, 9, "Day"], [9, 12, "Day"]]}, "'Day' is there twice"),
        ({"regions": {"Lyon": -1}}, "the weight of 'Lyon' is -1"),
        ({"min_turns": [10, 5]}, "min_turns: 10 5 is no range of turns"),
        ({"min_turns": [10, 25]}, "max_turns never allows more than 20"),
        ({"min_turns": [0, 5]}, "from 1 to 100"),
        ({"temperature": [3]}, "temperature: 3 is not between 0 and 2"),
        ({"top_p": [1.2]}, "top_p: 1.2 is not between 0 and 1"),
        ({"time_slots": [[5, 30, "Long"]]}, "less than or equal to 24"),
        ({"services": {"single": {"weight": 1, "of": ["ferry"]}}, "categories": {"hotel": ["x"]}}, "none for ferry"),
        ({"categories": {"general": ["x"], "hotle": ["y"]}}, "no combination has the service 'hotle'"),
        ({"services": {"double": {"weight": 1, "of": [["taxi", "taxi"]]}}}, "name each service once"),
        ({"services": {"double": {"weight": 1, "of": [["a", "b"], ["b", "a"]]}}}, "a+b is there twice"),
        ({"quotas": {"regions": {"Atlantis": 3}}}, "there is no 'Atlantis'"),
        ({"quotas": {"services": {"taxi": 3}}}, "there can be none for services"),
        ({"forbidden": [{"regions": "Tokyo"}]}, "a rule names at least two axes"),
        ({"forbidden": [{"regions": "Tokio", "user_emotions": "Happy"}]}, "did you mean Tokyo?"),
        ({"forbidden": [{"weather": "rain", "regions": "Tokyo"}]}, "there is no axis 'weather'"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_words(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        Spec.of(given)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 700


def test_a_yaml_that_is_no_plan_names_its_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("- Lyon\n- Turin\n")
    with pytest.raises(FileError, match="a plan is a list of names with values"):
        Spec.load(path)


@pytest.mark.parametrize("n", [0, -3, 1.5, True, 10**7])
def test_a_number_of_dialogues_that_cannot_be_is_refused(n: Any) -> None:
    with pytest.raises(InputError, match="give a whole number from 1 to 1,000,000"):
        planned(n)


@pytest.mark.parametrize("quotas", [{"Tokyo": 8, "Delhi": 5}, {"Resolved": 1, "Failed": 1, "Escalated": 1}])
def test_quotas_that_do_not_fit_the_number_are_refused(quotas: dict[str, int]) -> None:
    axis = "regions" if "Tokyo" in quotas else "resolution_status"
    with pytest.raises(InputError, match="dialogues, and there are to be 10"):
        planned(10, Spec.of({"quotas": {axis: quotas}}))


def test_rules_that_nothing_can_keep_are_refused() -> None:
    rules = [{"regions": "Lyon", "user_emotions": "Happy"}]
    spec = Spec.of({"regions": ["Lyon"], "user_emotions": ["Happy"], "forbidden": rules})
    with pytest.raises(InputError, match="nothing can stand in the place of regions: Lyon with user_emotions: Happy"):
        planned(3, spec)


def test_what_is_left_over_goes_to_where_most_is_missing() -> None:
    assert counts(10, {"a": 0.26, "b": 0.74}) == {"a": 3, "b": 7}
    assert counts(4, {"a": 0.5, "b": 0.5}, {"a": 5}) == {"a": 0, "b": 4}
    assert sum(counts(7, dict.fromkeys("abcdefghij", 0.1)).values()) == 7


def test_the_report_has_a_row_for_each_value_and_what_was_made() -> None:
    items = planned(50, seed=1)
    table = Plan(items, Spec.of()).report(items[:20])
    assert set(table["axis"]) == set(AXES)
    assert table[table["axis"] == "regions"]["made"].sum() == 20
    assert sorted(table[table["axis"] == "time_slots"]["planned"]) == [8, 8, 8, 8, 9, 9]


def test_the_plan_that_comes_with_sdkit_can_be_kept() -> None:
    spec = Spec.load(Path(__file__).resolve().parents[2] / "datasets" / "plans" / "short_chats.yaml")
    assert off(planned(36, spec, seed=1), spec) <= 1
