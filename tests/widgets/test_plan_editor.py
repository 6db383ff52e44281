"""`PlanEditor` without a browser: what it makes of what is typed. In a browser: tests/browser."""

from __future__ import annotations

import html
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from sdkit.errors import FileError, InputError
from sdkit.factory import Spec, planned
from sdkit.widgets import PlanEditor
from sdkit.widgets.plan_parts import AT_ONCE

NASTY = '<script>alert(1)</script> **bold** $x$ "quoted" & שלום ' + "long " * 200

PLANS: list[dict[str, Any]] = [
    {},
    {"regions": ["Lyon"]},
    {"regions": {"Lyon": 2, "Turin": 0.5}},
    {"add": {"regions": ["Lyon"]}},
    {"add": {"regions": {"Tokyo": 3}}},
    {"add": {"services": {"single": {"of": ["ferry"]}}, "categories": {"ferry": ["deck"], "hotel": ["spa"]}}},
    {"services": {"one": {"weight": 1, "of": ["ferry", "hotel"]}}, "categories": {"general": {"a": 2, "b": 1}}},
    {"resolution_status": "Failed", "temperature": [0.5], "min_turns": 3},
    {"time_slots": [[5, 9, "early: 3", 2], [9, 5, "late"]]},
    {"quotas": {"user_emotions": {"Angry": 3}}, "forbidden": [{"services": "hospital", "user_emotions": ["Happy"]}]},
    {"regions": {"a: 2": 1, "yes": 1, "1": 1, "é 😀": 3}},
    {"user_emotions": ["Angry", "Frustrated"]},  # in another order
]


def plain(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def cells(markup: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", markup, re.DOTALL)
    return [[plain(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def kept(spec: Spec) -> str:
    """Return all of a plan, with its values in their order."""
    return str(spec.described())


# -- what is typed ----------------------------------------------------------------------------------------------------


def test_it_begins_with_the_default_plan() -> None:
    editor = PlanEditor()
    assert (editor.value, editor.total, editor.seed, editor.errors) == (Spec.of(), 100, 0, {})
    assert editor.plan_yaml() == ""
    assert editor.boxes["regions"].value.splitlines()[:2] == ["Tokyo", "Delhi"]
    assert editor.boxes["time_slots"].value.splitlines()[0] == "5-9 Early Morning"
    assert editor.boxes["services.double"].value.splitlines()[0] == "hospital + taxi"
    assert (editor.boxes["services.double.weight"].value, editor.boxes["min_turns"].value) == ("0.35", "5-10")


def test_lists_with_weights_ranges_and_rules_become_a_plan() -> None:
    editor = PlanEditor()
    typed = {
        "total": "40",
        "seed": "7",
        "regions": "Lyon: 2\n\n  Turin ",
        "time_slots": "6-12 Morning: 2\n22 to 6 Night",
        "resolution_status": "Resolved\nFailed",
        "services.single": "hotel\nferry",
        "services.double": "hotel + ferry\nferry+taxi",
        "services.double.weight": "2",
        "categories.hotel": "spa: 3",
        "min_turns": "3",
        "max_turns": "4 - 6",
        "temperature": "0.5: 3\n1",
        "quotas": "regions: {Turin: 4}",
        "forbidden": "- {services: ferry, time_slots: Night}",
    }
    for name, text in typed.items():
        editor.boxes[name].value = text

    spec = editor.value
    assert editor.errors == {}
    assert spec.regions == {"Lyon": 2, "Turin": 1}
    assert [(slot.triple, slot.weight) for slot in spec.time_slots] == [([6, 12, "Morning"], 2), ([22, 6, "Night"], 1)]
    assert spec.services["single"].of == [("hotel",), ("ferry",)]
    assert (spec.services["double"].of, spec.services["double"].weight) == ([("hotel", "ferry"), ("ferry", "taxi")], 2)
    assert (spec.min_turns, spec.max_turns, spec.temperature) == ((3, 3), (4, 6), {0.5: 3, 1.0: 1})
    assert spec.categories["hotel"] == {"spa": 3}
    assert "flight" in spec.categories, "what nobody touched stays"
    assert (spec.quotas, spec.forbidden) == (
        {"regions": {"Turin": 4}},
        [{"services": ["ferry"], "time_slots": ["Night"]}],
    )
    assert (editor.total, editor.seed) == (40, 7)
    assert [item.values() for item in editor._preview.items] == [item.values() for item in planned(40, spec, 7)]


@pytest.mark.parametrize(
    ("box", "text", "place", "words"),
    [
        ("regions", "Lyon: many", "regions", "the weight of 'Lyon' is 'many'; give a number, 0 or more"),
        ("regions", "Lyon\nLyon", "regions", "'Lyon' is there twice; give it a weight instead"),
        ("regions", " \n", "regions", "there is no value with a weight above 0"),
        ("temperature", "3", "temperature", "3 is not between 0 and 2"),
        ("temperature", "warm", "temperature", "warm: Input should be a valid number"),
        ("time_slots", "5 Morning", "time_slots", "line 1: '5 Morning' is no part of the day; write it as 5-9 Early"),
        ("time_slots", "5-9 A\n5-99 B", "time_slots", "entry 2: end: Input should be less than or equal to 24"),
        ("min_turns", "few", "min_turns", "'few' is no range of turns; write it as 5-10"),
        ("min_turns", "9-3", "min_turns", "9 3 is no range of turns; give two numbers from 1 to 100"),
        ("services.single", "hotel\nhotel", "services.single", "of: hotel is there twice"),
        ("services.single.weight", "big", "services.single", "weight: Input should be a valid number"),
        ("categories.hotel", "spa: x", "categories", "the weight of 'spa' is 'x'"),
        ("quotas", "regions: {Tokio: 2}", "quotas", "regions: there is no 'Tokio'; did you mean Tokyo?"),
        ("quotas", "regions: {Tokyo: 200}", "quotas", "regions: they come to 200 dialogues, and there are to be 100"),
        ("quotas", "regions: {Tokyo: [2}", "quotas", "line 1: this is not YAML"),
        ("forbidden", "- {services: hotel}", "forbidden", "a rule names at least two axes"),
        ("yaml", "region: [Lyon]", "yaml", "a plan has no 'region'; did you mean regions?"),
        ("yaml", "regions: [Lyon\nuser", "yaml", "this is not YAML"),
        ("total", "0", "total", "0 dialogues cannot be planned; give a whole number from 1 to 1,000,000"),
        ("total", "many", "total", "'many' is no number of dialogues"),
        ("seed", "-1", "seed", "-1"),
        ("seed", "", "seed", "give a whole number"),
    ],
)
def test_what_is_wrong_is_said_beside_the_box_in_the_words_of_the_plan(
    box: str, text: str, place: str, words: str
) -> None:
    editor = PlanEditor()
    editor.boxes[box].value = text
    assert list(editor.errors) == [place]
    assert words in editor.errors[place]
    assert words in plain(editor._boxes.notes[place].value)
    assert 'role="alert"' in editor._boxes.notes[place].value
    assert (editor.value, editor.total, editor.seed) == (Spec.of(), 100, 0), "the last valid one stays"
    assert editor.state.value.count("last plan that could be made") == 1
    assert editor.last_error is None


def test_several_errors_stand_together_and_go_one_by_one() -> None:
    editor = PlanEditor()
    editor.boxes["regions"].value = "Lyon: many"
    editor.boxes["min_turns"].value = "few"
    assert set(editor.errors) == {"regions", "min_turns"}
    editor.boxes["regions"].value = "Lyon"
    assert set(editor.errors) == {"min_turns"}
    assert editor.value == Spec.of()
    editor.boxes["min_turns"].value = "4"
    assert (editor.errors, editor.value.regions, editor.value.min_turns) == ({}, {"Lyon": 1}, (4, 4))


def test_a_new_service_gets_a_box_for_its_categories_and_one_that_is_gone_loses_it() -> None:
    editor = PlanEditor({"services": {"single": {"weight": 1, "of": ["hotel"]}}, "categories": {"general": ["a"]}})
    editor.boxes["services.single"].value = "hotel\nferry"
    editor.boxes["categories.ferry"].value = "deck"
    assert editor.value.categories["ferry"] == {"deck": 1}
    editor.boxes["categories.ferry"].value = ""
    editor.boxes["services.single"].value = "hotel"
    assert "categories.ferry" not in editor.boxes
    assert editor.errors == {}


# -- YAML -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", PLANS)
def test_the_yaml_says_what_differs_and_makes_the_same_plan(given: dict[str, Any]) -> None:
    editor = PlanEditor(given, total=20)
    text = editor.plan_yaml()
    assert kept(Spec.of(yaml.safe_load(text))) == kept(editor.value) == kept(Spec.of(given))
    assert len(text) < 300, "only what differs"
    assert kept(Spec.of(yaml.safe_load(editor.boxes["yaml"].value))) == kept(editor.value)


@pytest.mark.parametrize("given", PLANS)
def test_boxes_that_are_touched_and_set_back_say_the_same_plan(given: dict[str, Any]) -> None:
    editor = PlanEditor(given, total=20)
    before = kept(editor.value)
    for name, box in list(editor.boxes.items()):
        if name not in ("total", "seed", "yaml", "quotas", "forbidden"):
            box.value += "\n"
    assert (editor.errors, kept(editor.value)) == ({}, before)


def test_what_is_added_to_the_default_is_all_that_the_yaml_has() -> None:
    editor = PlanEditor()
    editor.boxes["regions"].value += "\nLyon"
    editor.boxes["services.single"].value += "\nferry"
    editor.boxes["categories.ferry"].value = "deck_choice"
    assert yaml.safe_load(editor.plan_yaml()) == {
        "add": {
            "services": {"single": {"of": ["ferry"]}},
            "categories": {"ferry": ["deck_choice"]},
            "regions": ["Lyon"],
        }
    }


def test_boxes_and_yaml_follow_each_other() -> None:
    editor = PlanEditor()
    editor.boxes["regions"].value = "Lyon"
    assert "regions: [Lyon]" in editor.boxes["yaml"].value

    editor.boxes["yaml"].value = "regions: [Porto"
    assert (list(editor.errors), editor.boxes["regions"].value) == (["yaml"], "Lyon")
    editor.boxes["total"].value = "30"
    assert editor.boxes["yaml"].value == "regions: [Porto", "what is being typed is left alone"

    editor.boxes["yaml"].value = "regions: [Porto, Braga]"
    assert (editor.errors, editor.boxes["regions"].value, editor.total) == ({}, "Porto\nBraga", 30)
    assert editor.boxes["yaml"].value == "regions: [Porto, Braga]"

    editor.boxes["yaml"].value = "regions: ["
    editor.boxes["regions"].value = "Faro"
    assert (editor.errors, editor.value.regions) == ({}, {"Faro": 1})
    assert "regions: [Faro]" in editor.boxes["yaml"].value


def test_a_plan_is_saved_and_loaded(tmp_path: Path) -> None:
    editor = PlanEditor({"regions": ["Lyon"]}, path=tmp_path / "plan.yaml")
    editor.save_button.click()
    assert (tmp_path / "plan.yaml").read_text() == "regions: [Lyon]\n"
    assert plain(editor.message.value) == f"Saved to {tmp_path / 'plan.yaml'}."

    other = PlanEditor(tmp_path / "plan.yaml", total=10, seed=3)
    assert other.value == editor.value
    other.file.value = str(tmp_path / "default.yml")
    other.value = Spec.of()
    other.save_button.click()
    other.file.value = str(tmp_path / "plan.yaml")
    other.load_button.click()
    assert (other.value.regions, other.boxes["regions"].value, other.total, other.seed) == ({"Lyon": 1}, "Lyon", 10, 3)
    assert Spec.load(tmp_path / "default.yml") == Spec.of()


@pytest.mark.parametrize(
    ("file", "words"),
    [("", "name a file"), ("plan.txt", "ends in .yaml or .yml"), ("plan.json", "ends in .yaml or .yml")],
)
def test_what_cannot_be_saved_says_so(file: str, words: str) -> None:
    editor = PlanEditor(path=file)
    editor.save_button.click()
    assert words in str(editor.last_error)


def test_an_invalid_plan_is_not_saved_and_a_bad_file_not_loaded(tmp_path: Path) -> None:
    editor = PlanEditor(path=tmp_path / "plan.yaml")
    editor.boxes["regions"].value = "Lyon: x"
    editor.save_button.click()
    assert "nothing was saved. regions: the weight of 'Lyon'" in str(editor.last_error)
    assert not (tmp_path / "plan.yaml").exists()

    (tmp_path / "plan.yaml").write_text("regions: []")
    editor.load_button.click()
    assert isinstance(editor.last_error, FileError)
    assert "there is no value" in plain(editor.message.value)
    assert editor.value == Spec.of()


# -- the plan ---------------------------------------------------------------------------------------------------------


def test_the_counts_are_those_of_the_plan() -> None:
    editor = PlanEditor({"regions": {"Lyon": 2, "Turin": 1}, "quotas": {"user_emotions": {"Angry": 5}}}, total=31)
    editor.axis.value = "regions"
    assert cells(editor.counts.value) == [
        ["value", "target", "planned", "bar"],
        ["Lyon", "20.70", "21", ""],
        ["Turin", "10.30", "10", ""],
    ]
    assert 'style="width: 100.0%"' in editor.counts.value
    assert len(cells(editor.first.value)) == 6
    editor.axis.value = "user_emotions"
    assert ["Angry", "5.00", "5", ""] in cells(editor.counts.value)
    editor.boxes["total"].value = "1"
    editor.boxes["quotas"].value = ""
    assert (editor.total, len(cells(editor.first.value))) == (1, 2)


def test_another_seed_is_another_plan_with_the_same_counts() -> None:
    editor = PlanEditor(total=200)
    counts, first = editor.counts.value, editor.first.value
    editor.boxes["seed"].value = "1"
    assert (editor.first.value != first, editor.seed) == (True, 1)
    assert plain(editor.counts.value).split(",")[0] == plain(counts).split(",")[0]


def test_of_a_large_plan_the_targets_are_shown_at_once() -> None:
    editor = PlanEditor({"regions": ["Lyon", "Turin"]}, total=1_000_000)
    editor.axis.value = "regions"
    began = time.monotonic()
    editor.boxes["min_turns"].value = "5-6"
    assert time.monotonic() - began < 3
    assert cells(editor.counts.value)[1] == ["Lyon", "500000.00", "500,000", ""]
    assert (editor.first.value, f"more than {AT_ONCE:,}" in editor.state.value) == ("", True)
    editor.boxes["quotas"].value = "regions: {Lyon: 2000000}"
    assert "they come to 2000000 dialogues, and there are to be 1000000" in editor.errors["quotas"]


def test_rules_that_nothing_can_keep_are_told() -> None:
    editor = PlanEditor({"regions": ["Lyon"], "resolution_status": ["Failed"]})
    editor.boxes["forbidden"].value = "- {regions: Lyon, resolution_status: Failed}"
    assert "nothing can stand in the place of" in editor.errors["forbidden"]
    assert editor.value.forbidden == []


# -- from a script ----------------------------------------------------------------------------------------------------


def test_what_is_assigned_is_shown_and_what_cannot_be_is_refused() -> None:
    editor = PlanEditor()
    seen = []
    editor.observe(lambda change: seen.append(editor.boxes["regions"].value), "value")
    editor.value = Spec.of({"regions": ["Lyon"]})
    editor.total, editor.seed = 12, 4
    assert (editor.boxes["regions"].value, editor.boxes["total"].value, editor.boxes["seed"].value) == (
        "Lyon",
        "12",
        "4",
    )
    assert seen == ["Lyon"]
    with pytest.raises(InputError, match="0 dialogues cannot be planned"):
        editor.total = 0
    with pytest.raises(InputError, match="they come to 20 dialogues, and there are to be 12"):
        editor.value = Spec.of({"quotas": {"regions": {"Tokyo": 20}}})
    with pytest.raises(InputError, match="seed"):
        editor.seed = -1
    assert (editor.total, editor.seed, editor.value.regions, editor.errors) == (12, 4, {"Lyon": 1}, {})


@pytest.mark.parametrize(
    ("spec", "total", "words"),
    [
        ({"region": 1}, 10, "a plan has no 'region'"),
        ({}, 0, "0 dialogues cannot be planned"),
        ({"quotas": {"regions": {"Tokyo": 20}}}, 10, "they come to 20"),
    ],
)
def test_what_no_plan_can_be_made_of_is_refused(spec: Any, total: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        PlanEditor(spec, total)


def test_any_text_is_shown_as_text() -> None:
    editor = PlanEditor({"regions": [NASTY, "other"]}, total=5)
    editor.axis.value = "regions"
    for text in (editor.static_html(), editor.counts.value, editor.first.value, editor._boxes.differs.value):
        assert "<script" not in text
    editor.boxes["regions"].value = f"{NASTY}: x"
    assert "<script" not in editor._boxes.notes["regions"].value
    assert editor.last_error is None


def test_the_static_twin_has_the_yaml_the_counts_and_what_is_wrong() -> None:
    editor = PlanEditor({"regions": ["Lyon", "Turin"]}, total=10)
    editor.boxes["min_turns"].value = "few"
    twin = plain(editor.static_html())
    assert "To mend: min_turns: 'few' is no range of turns" in twin
    assert "regions: [Lyon, Turin]" in twin
    assert "regions 2 5 times each" in twin
    assert 'class="bar"' not in editor.static_html()
    assert "Nothing differs" in plain(PlanEditor().static_html())
