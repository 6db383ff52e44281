"""`datasets/multiwoz-mini` is what its README says. Read as plain JSON, so that no reader of ours hides a slip."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]

MINI = Path(__file__).parents[2] / "datasets" / "multiwoz-mini"


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


SPLITS: dict[str, list[Json]] = {name: load(MINI / name / "dialogues_001.json") for name in ("train", "dev", "test")}
DIALOGUES: dict[str, Json] = {data["dialogue_id"]: data for part in SPLITS.values() for data in part}
SCHEMA: dict[str, Json] = {service["service_name"]: service for service in load(MINI / "schema.json")}
SLOTS: dict[str, Json] = {slot["name"]: slot for service in SCHEMA.values() for slot in service["slots"]}


def sentences() -> Iterator[str]:
    for dialogue in DIALOGUES.values():
        for turn in dialogue["turns"]:
            yield from (part.strip().casefold() for part in re.split(r"(?<=[.!?])\s+", turn["utterance"]))


# -- the form ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DIALOGUES)
def test_a_dialogue_has_the_keys_of_multiwoz_and_the_two_take_turns(name: str) -> None:
    dialogue = DIALOGUES[name]
    assert re.fullmatch(r"MINI\d{4}\.json", name)
    assert list(dialogue) == ["dialogue_id", "services", "turns"]
    assert 6 <= len(dialogue["turns"]) <= 14
    for number, turn in enumerate(dialogue["turns"]):
        assert list(turn) == ["turn_id", "speaker", "utterance", "frames"]
        assert turn["turn_id"] == str(number)
        assert turn["speaker"] == ("USER", "SYSTEM")[number % 2]
        assert turn["utterance"].strip() == turn["utterance"] != ""
        services = [frame["service"] for frame in turn["frames"]]
        assert services == (dialogue["services"] if turn["speaker"] == "USER" else [])


@pytest.mark.parametrize("name", DIALOGUES)
def test_the_state_grows_within_the_schema_and_marks_what_was_said(name: str) -> None:
    state: dict[str, Json] = {service: {} for service in DIALOGUES[name]["services"]}
    for turn in DIALOGUES[name]["turns"]:
        for frame in turn["frames"]:
            service, now = frame["service"], frame["state"]
            assert now["active_intent"] in {"NONE"} | {intent["name"] for intent in SCHEMA[service]["intents"]}
            assert {slot.partition("-")[0] for slot in (*now["slot_values"], *now["requested_slots"])} <= {service}
            for slot, values in now["slot_values"].items():
                assert not SLOTS[slot]["is_categorical"] or set(values) <= set(SLOTS[slot]["possible_values"])
            assert set(now["requested_slots"]) <= set(SLOTS)
            assert set(state[service]) <= set(now["slot_values"])
            state[service] = now["slot_values"]
            for slot in frame["slots"]:
                assert turn["utterance"][slot["start"] : slot["exclusive_end"]] == slot["value"]
                assert [slot["value"].casefold()] == [value.casefold() for value in state[service][slot["slot"]]]


@pytest.mark.parametrize("name", DIALOGUES)
def test_the_services_are_named_in_the_order_in_which_they_come_up(name: str) -> None:
    frames = [frame for turn in DIALOGUES[name]["turns"] for frame in turn["frames"]]
    active = [frame["service"] for frame in frames if frame["state"]["active_intent"] != "NONE"]
    assert list(dict.fromkeys(active)) == DIALOGUES[name]["services"]


# -- what is in it -----------------------------------------------------------------------------------------------------


def test_the_counts_are_those_of_the_readme() -> None:
    readme = (MINI / "README.md").read_text(encoding="utf-8")
    assert {name: len(part) for name, part in SPLITS.items()} == {"train": 84, "dev": 10, "test": 10}
    assert len(DIALOGUES) == 104
    told = {name: int(count) for name, count in re.findall(r"^\| (\w+) \| (\d+) \|$", readme, re.MULTILINE)}
    assert told == Counter(service for dialogue in DIALOGUES.values() for service in dialogue["services"])
    assert min(told.values()) >= 14
    assert set(told) == set(SCHEMA)
    together = Counter(len(dialogue["services"]) for dialogue in DIALOGUES.values())
    assert f"{together[1]} dialogues have one service, {together[2]} have two, {together[3]} have three" in readme


@pytest.mark.parametrize("split", SPLITS)
def test_every_service_is_in_every_split(split: str) -> None:
    assert {service for dialogue in SPLITS[split] for service in dialogue["services"]} == set(SCHEMA)


def test_no_two_dialogues_begin_alike_and_no_sentence_comes_often() -> None:
    first = [dialogue["turns"][0]["utterance"] for dialogue in DIALOGUES.values()]
    assert len({" ".join(text.casefold().split()[:5]) for text in first}) == len(first)
    assert [(text, count) for text, count in Counter(sentences()).items() if count > 3] == []
