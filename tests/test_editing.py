"""Changing a dialogue by hand: copies, with a trace of what was there before."""

from __future__ import annotations

import pytest

from sdkit import editing
from sdkit.dialog import Dialog, Event, Provenance, Turn
from sdkit.errors import InputError


@pytest.fixture
def dialog() -> Dialog:
    turns = [Turn(speaker="Ana", text="Hi"), Turn(speaker="Bob", text="Hello"), Turn(speaker="Ana", text="Bye")]
    return Dialog(model="m", seed=7, provenance=Provenance(model="m", seed=7), turns=turns)


def trace(dialog: Dialog) -> list[tuple[str | None, str, str | None, str]]:
    return [(event.agent, event.action, event.actionLabel, event.text) for event in dialog.events or []]


def test_each_change_is_a_copy_that_says_what_was_there_before(dialog: Dialog) -> None:
    before = dialog.model_copy(deep=True)

    edited = editing.edit_text(dialog, 1, "Good day")
    edited = editing.edit_speaker(edited, 2, "Cleo")
    edited = editing.add_turn(edited, 3, Turn(speaker="Bob", text="Bye!"))
    edited = editing.move_turn(edited, 3, 0)
    edited = editing.delete_turn(edited, 3)
    edited = editing.rename_speaker(edited, "Bob", " Robert ")

    assert str(edited) == "Robert: Bye!\nAna: Hi\nRobert: Good day"
    assert trace(edited) == [
        ("editor", "edit text", "turn 2", "Hello"),
        ("editor", "edit speaker", "turn 3", "Ana"),
        ("editor", "add turn", "turn 4", ""),
        ("editor", "move turn", "turn 4", "to 1"),
        ("editor", "delete turn", "turn 4", "Cleo: Bye"),
        ("editor", "rename speaker", None, "Bob is now Robert"),
    ]
    assert all(event.timestamp > 1_700_000_000 for event in edited.events or [])
    assert (edited.model, edited.seed, edited.provenance) == ("m", 7, dialog.provenance)
    assert dialog == before


def test_events_that_were_there_stay_before_ours(dialog: Dialog) -> None:
    said = Event(agent="Ana", action="utter", text="Hi", timestamp=0)

    edited = editing.edit_text(dialog.model_copy(update={"events": [said]}), 0, "Hey")

    assert trace(edited) == [("Ana", "utter", None, "Hi"), ("editor", "edit text", "turn 1", "Hi")]


def test_what_else_a_turn_carries_survives_an_edit() -> None:
    dialog = Dialog.from_dict({"turns": [{"speaker": "Ana", "text": "Hi", "act": "greet"}]})

    assert editing.edit_text(dialog, 0, "Hey")[0].model_extra == {"act": "greet"}


def test_blank_texts_and_speakers_are_problems_and_unknown_speakers_are_not() -> None:
    turns = [Turn(speaker=None, text="hm"), Turn(speaker=" ", text="\n"), Turn(speaker="Ana", text="")]

    assert editing.problems(Dialog(turns=turns)) == {
        "turn 2 speaker": "The speaker is blank: give a name.",
        "turn 2 text": "The text is blank: write what is said, or delete the turn.",
        "turn 3 text": "The text is blank: write what is said, or delete the turn.",
    }
    assert editing.problems(Dialog(turns=[])) == {}


@pytest.mark.parametrize(("index", "to", "why"), [(0, -1, "turn 1 is the first one"), (2, 3, "turn 3 is the last one")])
def test_a_turn_cannot_leave_the_dialogue(dialog: Dialog, index: int, to: int, why: str) -> None:
    with pytest.raises(InputError, match=why):
        editing.move_turn(dialog, index, to)


@pytest.mark.parametrize(
    ("old", "new", "why"), [("Bob", " ", "blank"), ("Bob", "Ana", "already speaks"), ("Cleo", "Clio", "does not speak")]
)
def test_a_name_that_is_blank_or_taken_or_of_nobody_is_refused(dialog: Dialog, old: str, new: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        editing.rename_speaker(dialog, old, new)
