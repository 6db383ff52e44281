from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sdkit import Dialog, Turn
from sdkit.agents import PersonaAgent
from sdkit.branching import branch
from sdkit.errors import InputError
from sdkit.generators import DialogGenerator, PersonaDialogGenerator
from sdkit.orchestration import ChangeMind
from sdkit.personas import Persona

if TYPE_CHECKING:
    from conftest import FakeOllama

ANA, TOM = Persona(name="Ana", role="baker"), Persona(name="Tom", role="customer")
DIALOG = Dialog(seed=4, turns=[Turn(speaker="Tom", text="Hello."), Turn(speaker="Ana", text="Good morning.")])


@pytest.fixture(autouse=True)
def _says_yes(fake_ollama: FakeOllama) -> None:
    fake_ollama.answer = lambda body: json.dumps({"text": "Yes.", "reason": "It is not.", "over": False})


def pair() -> tuple[PersonaAgent, PersonaAgent]:
    return PersonaAgent(ANA, "fake"), PersonaAgent(TOM, "fake")


def test_it_keeps_the_first_turns_and_changes_one_thing() -> None:
    made = branch(DIALOG, 1, pair(), say="No bread today.", tell="Be grumpy.", max_turns=3).run()
    assert [turn.text for turn in made] == ["Hello.", "No bread today.", "Yes."]
    assert made.seed == 4
    assert [(event.agent, event.action) for event in made.events or ()] == [
        ("Tom", "utter"), ("Ana", "instruct-persist"), ("Ana", "utter"), ("Tom", "utter")
    ]  # fmt: skip
    assert len(DIALOG) == 2


def test_what_was_whispered_is_not_forgotten(fake_ollama: FakeOllama) -> None:
    # Given a conversation in which Ana was told something for good, and Tom's turn was said by hand
    ana, tom = pair()
    ana.hooks.append(ChangeMind(probability=1))
    conversation = ana.stream(tom, 5, seed=4, scenario="A bakery.")
    for turn in conversation:
        if turn.speaker == "Ana" and len(conversation.turns) == 3:
            conversation.say("Hm.")
    dialog = conversation.dialog
    # When it goes on from its fourth turn, then she still knows, is not told again, and the events say so
    made = branch(dialog, 4, (ana, tom), max_turns=6).run()
    assert "(You change your mind now. Say so.)" in json.dumps(fake_ollama.received[-3])
    assert [(e.agent, e.action, e.actionLabel) for e in made.events or ()][:5] == [
        (e.agent, e.action, e.actionLabel) for e in dialog.events or ()
    ][:5]
    assert sum(event.action == "instruct-persist" for event in made.events or ()) == 1
    assert made.scenario == "A bakery."


def test_there_is_room_for_more_turns_than_a_conversation_has_by_default() -> None:
    long = Dialog(seed=4, turns=DIALOG.turns * 12)
    assert len(branch(long, 22, pair()).run()) == 42
    with pytest.raises(InputError, match="the history has 22 turns, and max_turns=22 leaves none"):
        branch(long, 22, pair(), max_turns=22)


def test_two_of_one_name_keep_their_names() -> None:
    doctor, patient = Persona(name="Ana", role="doctor"), Persona(name="Ana", role="patient")
    generator = PersonaDialogGenerator("fake", doctor, patient, alternate=False)
    dialog = Dialog(turns=[Turn(speaker="Ana 2", text="Hello."), Turn(speaker="Ana 1", text="Hello.")])
    personas = branch(dialog, 2, generator.agents(dialog)).dialog.personas
    assert personas == {"Ana 1": doctor.json(), "Ana 2": patient.json()}


def test_from_the_beginning_the_same_one_begins() -> None:
    assert [turn.speaker for turn in branch(DIALOG, 0, pair(), max_turns=2)] == ["Tom", "Ana"]


def test_there_are_no_more_turns_than_there_are() -> None:
    with pytest.raises(InputError, match="turns=3: this dialogue has 2; give a number from 0 to 2"):
        branch(DIALOG, 3, pair())


def test_what_a_generator_made_can_be_gone_on_with(fake_ollama: FakeOllama) -> None:
    described = DialogGenerator("fake", "It rains.", speakers=["Ana", "Tom"])
    assert len(branch(DIALOG, 2, described.agents(DIALOG), max_turns=3).run()) == 3
    assert "It rains." in fake_ollama.received[-1]["messages"][0]["content"]
    played = PersonaDialogGenerator("fake", ANA, TOM, "It snows.", "Rhyme.")
    branch(DIALOG, 2, played.agents(DIALOG), max_turns=3).run()
    assert all(text in fake_ollama.received[-1]["messages"][0]["content"] for text in ("It snows.", "Rhyme.", str(TOM)))


def test_only_two_known_speakers_can_go_on() -> None:
    with pytest.raises(InputError, match="only two can talk turn by turn; here speak none"):
        DialogGenerator("fake", "It rains.").agents(Dialog(turns=[]))
    generator = PersonaDialogGenerator("fake", ANA, TOM)
    with pytest.raises(InputError, match="'Eve' is neither Ana nor Tom"):
        generator.agents(DIALOG.rename_speaker("Tom", "Eve"))
