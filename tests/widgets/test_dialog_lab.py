"""A fake server says what the test wants: it is about the widget."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from sdkit.agents import PersonaAgent
from sdkit.errors import InputError
from sdkit.generators import DialogGenerator, PersonaDialogGenerator
from sdkit.personas import Persona
from sdkit.widgets import DialogLab
from sdkit.widgets.dialog_lab import NOBODY, SAY, TELL

if TYPE_CHECKING:
    from conftest import FakeOllama

ANA, TOM = Persona(name="Ana", role="baker"), Persona(name="Tom", role="customer")
WHOLE = [{"speaker": "AnaTom"[3 * (i % 2) : 3 * (i % 2) + 3], "text": f"Whole {i}."} for i in range(4)]


def answer(body: dict[str, Any]) -> str:
    fields = body["format"]["properties"]
    if "dialog" in fields:
        return json.dumps({"dialog": WHOLE})
    if "over" in fields:
        return json.dumps({"reason": "Not yet.", "over": False})
    return json.dumps({"text": f"<b>Turn</b> {sum(m['role'] != 'system' for m in body['messages'])}."})


def settings() -> dict[str, Any]:
    return {
        "described": DialogGenerator("fake", "Ana sells bread to Tom.", speakers=["Ana", "Tom"], turns=(4, 4)),
        "played at once": PersonaDialogGenerator("fake", ANA, TOM, turns=(4, 4)),
        "turn by turn": (PersonaAgent(ANA, "fake"), PersonaAgent(TOM, "fake")),
    }


@pytest.fixture
def lab(fake_ollama: FakeOllama) -> Iterator[DialogLab]:
    fake_ollama.answer = answer
    made = DialogLab(settings(), seed=5, max_turns=6)
    yield made
    made.stop()
    made.wait()


def type_into(control: Any, value: Any) -> None:
    control.set_state({"value": value})


def choose(control: Any, value: Any) -> None:
    control.set_state({"index": list(control.options).index(value)})


def press(lab: DialogLab, button: Any) -> None:
    assert not button.disabled
    button.click()
    assert lab.wait()


def texts(lab: DialogLab, side: str) -> list[str]:
    return [turn.text for turn in lab.value[side]]


class TestTwoSides:
    def test_both_are_made_with_one_seed(self, lab: DialogLab) -> None:
        choose(lab.right, "turn by turn")
        press(lab, lab.generate_button)
        assert texts(lab, "left") == [turn["text"] for turn in WHOLE]
        assert len(lab.value["right"]) == 6
        assert {dialog.seed for dialog in lab.value.values()} == {5}
        assert "Seed 5." in lab.message.value
        assert "Left: described" in lab.panes["left"].value
        assert "&lt;b&gt;Turn&lt;/b&gt;" in lab.panes["right"].value

    def test_a_blank_seed_is_a_new_one_and_is_shown(self, lab: DialogLab) -> None:
        type_into(lab.seed, "")
        press(lab, lab.generate_button)
        assert f"Seed {lab.value['left'].seed}." in lab.message.value
        assert lab.value["left"].seed == lab.value["right"].seed != 5

    @pytest.mark.parametrize("seed", ["many", "-1", "1.5", "9" * 30])
    def test_a_seed_that_is_none_is_said_and_nobody_is_asked(
        self, lab: DialogLab, fake_ollama: FakeOllama, seed: str
    ) -> None:
        type_into(lab.seed, seed)
        assert "is no whole number" in lab.errors["seed"]
        assert 'role="alert"' in lab.wrong.value
        press(lab, lab.generate_button)
        assert not fake_ollama.received
        type_into(lab.seed, "7")
        assert lab.errors == {}
        assert lab.wrong.value == ""

    def test_one_side_may_fail_and_the_other_is_there(self, lab: DialogLab, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = lambda body: "no JSON" if "dialog" in body["format"]["properties"] else answer(body)
        choose(lab.right, "turn by turn")
        press(lab, lab.generate_button)
        assert list(lab.value) == ["right"]
        assert "described: No valid reply" in lab.message.value
        assert isinstance(lab.last_error, InputError)
        assert not lab.generate_button.disabled

    def test_a_conversation_that_fails_shows_the_turns_so_far(self, lab: DialogLab, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = lambda body: "no JSON" if len(fake_ollama.received) > 3 else answer(body)
        choose(lab.left, "turn by turn")
        press(lab, lab.generate_button)
        assert len(lab.value["left"]) == 3
        assert "Turn 3, Tom&#x27;s, could not be made" in lab.message.value

    def test_stop_keeps_what_is_there(self, lab: DialogLab, fake_ollama: FakeOllama) -> None:
        hang = threading.Event()

        def slow(body: dict[str, Any]) -> str:
            if len(fake_ollama.received) > 2:
                hang.wait(20)
            return answer(body)

        fake_ollama.answer = slow
        choose(lab.left, "turn by turn")
        lab.generate_button.click()
        while len(fake_ollama.received) < 3:
            assert lab.stop_button.disabled is False
        press_stop = lab.stop_button
        press(lab, press_stop)
        hang.set()
        assert len(lab.value["left"]) == 2
        assert "Stopped." in lab.message.value
        assert lab.stop_button.disabled


class TestABranch:
    @pytest.mark.parametrize("setting", ["described", "played at once", "turn by turn"])
    def test_it_keeps_turns_and_goes_on(self, lab: DialogLab, setting: str) -> None:
        choose(lab.left, setting)
        press(lab, lab.generate_button)
        type_into(lab.keep, "3")
        press(lab, lab.branch_button)
        assert texts(lab, "branch")[:3] == texts(lab, "left")[:3]
        assert len(lab.value["branch"]) == 6
        assert f"Branch: of the left, {setting}, after turn 3" in lab.panes["branch"].value

    def test_another_thing_is_said(self, lab: DialogLab) -> None:
        press(lab, lab.generate_button)
        type_into(lab.keep, "1")
        choose(lab.change, SAY)
        type_into(lab.what, "I want cake!")
        press(lab, lab.branch_button)
        assert texts(lab, "branch")[1] == "I want cake!"
        assert lab.value["branch"][1].speaker == "Tom"
        assert lab.value["branch"].events[1].actionLabel == "by hand"

    def test_somebody_is_told_something(self, lab: DialogLab, fake_ollama: FakeOllama) -> None:
        press(lab, lab.generate_button)
        choose(lab.of, "right")
        choose(lab.change, TELL)
        assert lab.errors["words"] == "Words: write what to tell"
        type_into(lab.what, "You are in a hurry.")
        press(lab, lab.branch_button)
        assert any("(You are in a hurry.)" in json.dumps(body) for body in fake_ollama.received)
        assert lab.value["branch"].events[2].action == "instruct-persist"

    @pytest.mark.parametrize("keep", ["x", "", "-1", "1.5"])
    def test_a_number_that_is_none_is_said(self, lab: DialogLab, keep: str) -> None:
        press(lab, lab.generate_button)
        type_into(lab.keep, keep)
        press(lab, lab.branch_button)
        assert "is no number of turns" in lab.errors["keep"]
        assert "branch" not in lab.value

    def test_more_turns_than_there_are_and_no_dialogue_yet(self, lab: DialogLab) -> None:
        press(lab, lab.branch_button)
        assert "there is no dialogue on the left yet" in lab.message.value
        press(lab, lab.generate_button)
        type_into(lab.keep, "9")
        press(lab, lab.branch_button)
        assert "this dialogue has 4; give a number from 0 to 4" in lab.message.value


class TestByHand:
    def test_you_and_the_model_take_turns(self, lab: DialogLab) -> None:
        # Given that I play Tom, whose turn is next
        press(lab, lab.generate_button)
        type_into(lab.keep, "1")
        choose(lab.you, "Tom")
        press(lab, lab.branch_button)
        assert "Your turn, Tom." in lab.message.value
        assert len(lab.value["branch"]) == 1
        # When I say something, then Ana answers, and it is my turn again
        type_into(lab.words, "Two rolls.")
        press(lab, lab.say_button)
        assert texts(lab, "branch")[1] == "Two rolls."
        assert [turn.speaker for turn in lab.value["branch"]] == ["Ana", "Tom", "Ana"]
        assert "Your turn, Tom." in lab.message.value
        assert lab.words.value == ""
        # and in the end the limit holds
        for _ in range(2):
            type_into(lab.words, "More.")
            press(lab, lab.say_button)
        assert len(lab.value["branch"]) == 6
        assert lab.value["branch"].stop.kind == "max_turns"
        assert "It has ended: max turns" in lab.message.value
        assert lab.say_button.disabled

    def test_a_goodbye_is_heard_before_it_is_your_turn(self, lab: DialogLab, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = lambda body: answer(body).replace("false", "true")
        press(lab, lab.generate_button)
        type_into(lab.keep, "3")
        choose(lab.you, "Ana")
        press(lab, lab.branch_button)
        assert len(lab.value["branch"]) == 4
        assert "It has ended: over" in lab.message.value
        assert lab.say_button.disabled

    def test_a_second_press_takes_the_place_of_the_first(self, lab: DialogLab) -> None:
        lab.generate()
        type_into(lab.seed, "8")
        lab.generate()
        assert lab.wait()
        assert {dialog.seed for dialog in lab.value.values()} == {8}
        assert "Seed 8." in lab.message.value

    def test_nothing_said_is_said_so(self, lab: DialogLab) -> None:
        press(lab, lab.generate_button)
        type_into(lab.keep, "1")
        choose(lab.you, "Tom")
        press(lab, lab.branch_button)
        press(lab, lab.say_button)
        assert "the text is blank; say something" in lab.message.value
        assert len(lab.value["branch"]) == 1

    def test_when_it_is_not_your_turn_there_is_nothing_to_press(self, lab: DialogLab) -> None:
        assert lab.say_button.disabled
        assert lab.words.disabled
        assert lab.you.options == (NOBODY,)


class TestOthers:
    def test_the_static_twin_has_the_dialogues(self, lab: DialogLab) -> None:
        assert lab.static_html() == (
            "<p>Dialogue lab: described, played at once, turn by turn. No dialogue was made yet.</p>"
        )
        press(lab, lab.generate_button)
        twin = lab.static_html()
        assert "Left: described" in twin
        assert "Right: played at once" in twin
        assert "Whole 3." in twin

    @pytest.mark.parametrize(
        ("make", "problem"),
        [
            (lambda: {}, "give two settings or more"),
            (lambda: {"a": settings()["described"]}, "give two settings or more"),
            (lambda: settings() | {"x": "y"}, "x: 'y' is neither a generator nor a pair of agents"),
            (lambda: settings() | {"x": (1, 2)}, "is neither a generator nor a pair"),
        ],
    )
    def test_what_cannot_work_is_refused(
        self, fake_ollama: FakeOllama, make: Callable[[], dict[str, Any]], problem: str
    ) -> None:
        with pytest.raises(InputError, match=problem):
            DialogLab(make())
