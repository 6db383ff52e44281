"""A model as a layer: what it is asked, what it may answer, and what becomes of it. A fake on loopback stands in."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from sdkit.errors import InputError, ModelUnavailableError, ReplyError
from sdkit.moderation import Finding, Layer, ModelJudge
from sdkit.moderation.prompts import CATEGORIES, EXAMPLES

if TYPE_CHECKING:
    from conftest import FakeOllama

TEXTS = ["Where is my kettle?", "I do not know,\nyou fool.", "Then write to ana@example.org."]


def flagged(*turns: tuple[int, str, str]) -> str:
    names = ("turn", "reason", "category")
    return json.dumps({"flagged": [dict(zip(names, turn, strict=True)) for turn in turns]})


def test_a_flagged_turn_becomes_a_finding_that_spans_it(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(flagged((3, "It has an address.", "personal data"), (2, "It calls the user a fool.", "insult")))

    first, second = ModelJudge("fake").check(TEXTS)

    assert first == Finding("judge", "insult", "It calls the user a fool.", 1, 0, len(TEXTS[1]), TEXTS[1])
    assert (second.turn, second.category, second.text) == (2, "personal data", TEXTS[2])
    assert "ana@example.org" not in repr(second)


def test_nothing_flagged_is_nothing_found(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(flagged())

    assert ModelJudge("fake").check(TEXTS) == []


def test_the_same_thing_said_twice_is_one_finding(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(flagged((2, "One.", "insult"), (2, "Two.", "insult"), (2, "Three.", "threat")))

    assert [(each.category, each.reason) for each in ModelJudge("fake").check(TEXTS)] == [
        ("insult", "One."),
        ("threat", "Three."),
    ]


def test_the_model_sees_numbered_turns_and_is_held_to_a_bounded_list(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(flagged())

    ModelJudge("fake").check(TEXTS)

    (body,) = fake_ollama.received
    asked = "1. Where is my kettle?\n2. I do not know, you fool.\n3. Then write to ana@example.org."
    assert body["messages"][-1]["content"] == asked
    assert all(name in body["messages"][0]["content"] for name in CATEGORIES)
    listed = body["format"]["properties"]["flagged"]
    assert listed["maxItems"] == 3
    assert listed["items"]["properties"]["turn"] == {"enum": [1, 2, 3]}
    assert listed["items"]["properties"]["category"] == {"enum": list(CATEGORIES)}
    assert body["options"]["temperature"] == 0


def test_the_same_dialogue_is_asked_about_in_the_same_way(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(flagged(), times=4)

    ModelJudge("fake").check(TEXTS)
    asyncio.run(ModelJudge("fake").acheck(TEXTS))
    ModelJudge("fake", seed=1).check(TEXTS)
    ModelJudge("fake").check(TEXTS[:2])

    one, same, other_seed, other_texts = (body["options"]["seed"] for body in fake_ollama.received)
    assert one == same
    assert len({one, other_seed, other_texts}) == 3


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (flagged((4, "There is none.", "insult")), "flags turn 4; there are 3"),
        (flagged((0, "There is none.", "insult")), "flags turn 0; there are 3"),
        (flagged((1, "It is odd.", "oddness")), "is none of profanity, insult"),
        ('{"flagged": [{"turn": 1}]}', "reason"),
        ("All fine.", "JSON"),
    ],
)
def test_an_answer_that_cannot_be_is_asked_for_again_and_then_an_error(
    fake_ollama: FakeOllama, said: str, problem: str
) -> None:
    fake_ollama.say(said, times=3)

    with pytest.raises(ReplyError, match=problem):
        ModelJudge("fake").check(TEXTS)

    assert len(fake_ollama.received) == 3


def test_an_empty_dialogue_is_not_asked_about(fake_ollama: FakeOllama) -> None:
    assert ModelJudge("fake").check([]) == []
    assert ModelJudge("fake").check(["", "  "]) == []
    assert fake_ollama.received == []


def test_it_is_a_layer_and_says_which_model_it_is() -> None:
    judge: Any = ModelJudge("fake", seed=7)

    assert isinstance(judge, Layer)
    assert judge.about == {"model": "fake", "seed": 7}
    assert repr(judge) == "ModelJudge('fake')"


def test_what_cannot_work_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(InputError, match="seed=-1"):
        ModelJudge("fake", seed=-1)
    with pytest.raises(ModelUnavailableError, match="needs a key"):
        ModelJudge("openai:gpt-4o")


def test_the_worked_examples_fit_the_schema_themselves() -> None:
    for turns, found in EXAMPLES:
        assert all(1 <= turn <= len(turns) and category in CATEGORIES for turn, _, category in found)
