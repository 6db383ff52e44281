"""`DialogEditor` without a browser: what its fields and buttons do to the dialogue. In a browser: tests/browser."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from sdkit.dialog import Dialog, Provenance, Turn
from sdkit.widgets import DialogEditor, parts

NASTY = "<script>alert(1)</script> **bold** $x$\nשלום " + "long " * 2000


def says(*turns: tuple[str | None, str], **about: Any) -> Dialog:
    return Dialog(turns=[Turn(speaker=speaker, text=text) for speaker, text in turns], **about)


@pytest.fixture
def dialog() -> Dialog:
    return says(("Ana", "Hi"), ("Bob", "Hello"), ("Ana", "Bye"), model="m", seed=7, provenance=Provenance(model="m"))


@pytest.fixture
def editor(dialog: Dialog) -> DialogEditor:
    return DialogEditor(dialog)


def choose(editor: DialogEditor, number: int) -> None:
    editor.turns.set_state({"index": number - 1})


def write(editor: DialogEditor, text: str) -> None:
    editor.text.set_state({"value": text})


def press(editor: DialogEditor, button: str) -> None:
    editor.buttons[button].click()


def shown(editor: DialogEditor) -> tuple[list[str], int | None, str, str]:
    """Return the list, the place of the open turn in it, and what its fields hold."""
    return list(editor.turns._options_labels), editor.turns.index, editor.speaker.value, editor.text.value


# -- turns ------------------------------------------------------------------------------------------------------------


def test_a_chosen_turn_is_open_for_editing(editor: DialogEditor, dialog: Dialog) -> None:
    assert shown(editor) == (["1. Ana: Hi", "2. Bob: Hello", "3. Ana: Bye"], 0, "Ana", "Hi")

    choose(editor, 2)

    assert shown(editor)[1:] == (1, "Bob", "Hello")
    assert editor.speaker.options == ("Ana", "Bob")
    assert editor.value == dialog
    assert editor.errors == {}


def test_a_turn_is_chosen_by_its_number_too(editor: DialogEditor) -> None:
    editor.number.set_state({"value": 3})
    assert shown(editor)[1:] == (2, "Ana", "Bye")

    choose(editor, 2)
    assert editor.number.value == 2

    editor.number.set_state({"value": 99})  # there are three
    assert shown(editor)[1:] == (2, "Ana", "Bye")


def test_text_and_speaker_of_a_turn_are_edited(editor: DialogEditor) -> None:
    choose(editor, 3)
    write(editor, "Bye bye")
    editor.speaker.set_state({"value": " Cleo "})

    assert str(editor.value) == "Ana: Hi\nBob: Hello\nCleo: Bye bye"
    assert shown(editor) == (["1. Ana: Hi", "2. Bob: Hello", "3. Cleo: Bye bye"], 2, "Cleo", "Bye bye")


def test_the_dialogue_that_was_passed_in_stays_as_it_is(editor: DialogEditor, dialog: Dialog) -> None:
    before = dialog.json(string=True)

    write(editor, "changed")
    editor.value.turns[1].text = "changed in place"

    assert dialog.json(string=True) == before
    choose(editor, 2)
    assert editor.text.value == "Hello"  # nor does what is done to the value reach the editor


def test_what_people_changed_is_among_the_events(editor: DialogEditor) -> None:
    choose(editor, 2)
    write(editor, "Good day")

    assert [(event.agent, event.action, event.actionLabel, event.text) for event in editor.value.events or []] == [
        ("editor", "edit text", "turn 2", "Hello")
    ]
    assert (editor.value.model, editor.value.seed) == ("m", 7)
    assert editor.value.provenance == Provenance(model="m")

    press(editor, "Undo")
    assert editor.value.events is None


def test_a_turn_is_added_after_the_open_one_for_the_next_speaker(editor: DialogEditor) -> None:
    choose(editor, 2)

    press(editor, "Add after")
    assert shown(editor)[1:] == (2, "Ana", "")
    write(editor, "How are you?")

    assert str(editor.value) == "Ana: Hi\nBob: Hello\nAna: How are you?\nAna: Bye"


def test_turns_are_moved_and_stay_open(editor: DialogEditor) -> None:
    press(editor, "Move down")
    assert str(editor.value) == "Bob: Hello\nAna: Hi\nAna: Bye"
    assert shown(editor)[1:] == (1, "Ana", "Hi")

    press(editor, "Move up")
    assert str(editor.value) == "Ana: Hi\nBob: Hello\nAna: Bye"

    press(editor, "Move up")
    assert "turn 1 is the first one" in editor.message.value
    assert str(editor.value) == "Ana: Hi\nBob: Hello\nAna: Bye"


def test_turns_are_deleted_down_to_the_last(editor: DialogEditor) -> None:
    choose(editor, 3)
    press(editor, "Delete")
    assert str(editor.value) == "Ana: Hi\nBob: Hello"
    assert shown(editor)[1:] == (1, "Bob", "Hello")

    press(editor, "Delete")
    press(editor, "Delete")
    assert len(editor.value) == 0
    assert editor.text.disabled

    press(editor, "Delete")
    assert "there is no turn yet" in editor.message.value


def test_a_dialogue_can_be_written_from_nothing() -> None:
    editor = DialogEditor()

    press(editor, "Add after")
    editor.speaker.set_state({"value": "Ana"})
    write(editor, "Hi")

    assert str(editor.value) == "Ana: Hi"


def test_a_speaker_gets_another_name_everywhere(editor: DialogEditor) -> None:
    choose(editor, 3)
    assert editor.old_name.label == "Ana"  # who speaks in the open turn

    editor.new_name.set_state({"value": "Anna"})
    press(editor, "Rename everywhere")

    assert str(editor.value) == "Anna: Hi\nBob: Hello\nAnna: Bye"
    assert shown(editor)[1:] == (2, "Anna", "Bye")
    assert editor.new_name.value == ""


@pytest.mark.parametrize(("name", "why"), [(" ", "the new name is blank"), ("Bob", "already speaks")])
def test_a_name_that_cannot_be_is_refused(editor: DialogEditor, dialog: Dialog, name: str, why: str) -> None:
    editor.new_name.set_state({"value": name})
    press(editor, "Rename everywhere")

    assert 'role="alert"' in editor.message.value
    assert why in editor.message.value
    assert editor.value == dialog
    assert editor.new_name.value == name


def test_a_speaker_may_be_unknown_and_can_be_named() -> None:
    editor = DialogEditor(says((None, "Hm"), ("Ana", "Hi")))
    assert editor.errors == {}
    assert shown(editor)[0] == ["1. (unknown): Hm", "2. Ana: Hi"]

    editor.new_name.set_state({"value": "Bob"})
    press(editor, "Rename everywhere")

    assert str(editor.value) == "Bob: Hm\nAna: Hi"


# -- validation -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["text", "speaker"])
def test_a_blank_field_is_said_beside_the_turn_and_holds_the_value_back(
    editor: DialogEditor, dialog: Dialog, field: str
) -> None:
    choose(editor, 2)
    getattr(editor, field).set_state({"value": "  "})

    assert 'role="alert"' in editor.wrong.value
    assert f"The {field} is blank" in editor.wrong.value
    assert list(editor.errors) == [f"turn 2 {field}"]
    assert "To mend: turn 2." in editor.summary.value
    assert shown(editor)[0][1].startswith("⚠ 2.")
    assert editor.value == dialog

    getattr(editor, field).set_state({"value": "Right"})

    assert editor.wrong.value == ""
    assert editor.errors == {}
    assert getattr(editor.value[1], field) == "Right"


def test_a_blank_turn_is_not_forgotten_while_others_are_edited(editor: DialogEditor, dialog: Dialog) -> None:
    choose(editor, 2)
    write(editor, "")
    choose(editor, 1)
    write(editor, "Hey")

    assert editor.wrong.value == ""  # of this turn
    assert list(editor.errors) == ["turn 2 text"]
    assert editor.value == dialog

    choose(editor, 2)
    assert "The text is blank" in editor.wrong.value
    write(editor, "Hello again")
    assert str(editor.value) == "Ana: Hey\nBob: Hello again\nAna: Bye"


def test_a_dialogue_with_blank_turns_counts_as_it_is_and_says_so() -> None:
    dialog = says(("Ana", ""))

    editor = DialogEditor(dialog)

    assert editor.value == dialog
    assert list(editor.errors) == ["turn 1 text"]


@pytest.mark.parametrize("text", [NASTY, "a\r\nb", "half \ud83d of a pair"], ids=["nasty", "line ends", "surrogate"])
def test_any_text_can_be_opened_and_what_is_not_edited_stays_as_it_is(text: str) -> None:
    editor = DialogEditor(says((text, text), ("Ana", "Hi")))

    choose(editor, 2)
    choose(editor, 1)

    assert editor.value == says((text, text), ("Ana", "Hi"))
    labels, _, speaker, said = shown(editor)
    "".join([*labels, *editor.old_name._options_labels, speaker, said]).encode("utf-8")  # else it could not be sent
    assert "<script>" not in editor.static_html()


def test_a_text_field_cannot_edit_what_is_not_there() -> None:
    editor = DialogEditor()

    write(editor, "Hi")
    editor.speaker.set_state({"value": "Ana"})

    assert len(editor.value) == 0


# -- undo and reset ---------------------------------------------------------------------------------------------------


def test_undo_takes_back_one_change_after_the_other(editor: DialogEditor, dialog: Dialog) -> None:
    choose(editor, 2)
    write(editor, "Hey")
    press(editor, "Move down")
    press(editor, "Delete")
    editor.new_name.set_state({"value": "Anna"})
    press(editor, "Rename everywhere")
    seen = []
    for _ in range(4):
        press(editor, "Undo")
        seen.append(str(editor.value))

    assert seen == [
        "Ana: Hi\nAna: Bye",
        "Ana: Hi\nAna: Bye\nBob: Hey",
        "Ana: Hi\nBob: Hey\nAna: Bye",
        "Ana: Hi\nBob: Hello\nAna: Bye",
    ]
    assert editor.value == dialog
    assert shown(editor)[1:] == (1, "Bob", "Hello")  # where the first change was

    press(editor, "Undo")
    assert "there is nothing to take back" in editor.message.value


def test_reset_goes_back_to_the_start_and_can_be_undone(editor: DialogEditor, dialog: Dialog) -> None:
    write(editor, "Hey")
    press(editor, "Add after")

    press(editor, "Reset")
    assert editor.value == dialog
    assert editor.errors == {}

    press(editor, "Undo")
    assert list(editor.errors) == ["turn 2 text"]


def test_an_assigned_dialogue_is_edited_from_then_on(editor: DialogEditor, dialog: Dialog) -> None:
    other = says(("Cleo", "Good morning"))

    editor.value = other
    write(editor, "Good evening")

    assert str(editor.value) == "Cleo: Good evening"
    press(editor, "Reset")
    assert editor.value == other
    for _ in range(3):
        press(editor, "Undo")
    assert editor.value == dialog


# -- files ------------------------------------------------------------------------------------------------------------


def test_what_is_saved_can_be_loaded(editor: DialogEditor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(editor, "Hey")
    press(editor, "Save")
    assert "Saved 3 turns to output/dialog.json." in editor.message.value
    assert Dialog.from_file("output/dialog.json") == editor.value

    other = DialogEditor()
    press(other, "Load")
    assert "Loaded 3 turns" in other.message.value
    assert other.value == editor.value

    write(other, "changed")
    press(other, "Reset")
    assert other.value == editor.value


def test_a_click_in_a_page_waits_for_what_was_typed_before_and_comes_after(
    editor: DialogEditor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "from_page", lambda: True)
    editor.file.set_state({"value": str(tmp_path / "a.json")})

    press(editor, "Save")
    write(editor, "Hey")
    press(editor, "Reset")
    editor.wait()

    assert Dialog.from_file(tmp_path / "a.json")[0].text == "Hey"
    assert editor.value[0].text != "Hey"


def test_nothing_is_saved_while_something_is_wrong(editor: DialogEditor, tmp_path: Path) -> None:
    editor.file.set_state({"value": str(tmp_path / "a.json")})
    write(editor, "")

    press(editor, "Save")

    assert "nothing was saved. Turn 1 text: The text is blank" in editor.message.value
    assert not (tmp_path / "a.json").exists()


@pytest.mark.parametrize(
    ("path", "why"), [("", "name a file"), ("missing.json", "does not exist"), ("a.docx", "rename it")]
)
def test_a_file_that_cannot_be_loaded_changes_nothing(editor: DialogEditor, path: str, why: str) -> None:
    write(editor, "Hey")
    editor.file.set_state({"value": path})

    press(editor, "Load")

    assert 'role="alert"' in editor.message.value
    assert why in editor.message.value
    assert editor.value[0].text == "Hey"


def test_a_file_without_a_dialogue_is_refused(editor: DialogEditor, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"turns": [{"text": 1}]}', encoding="utf-8")
    editor.file.set_state({"value": str(tmp_path / "a.json")})

    press(editor, "Load")

    assert "holds no dialogue" in editor.message.value
    assert len(editor.value) == 3


# -- observers, size, and without a kernel ----------------------------------------------------------------------------


def test_whoever_observes_the_value_gets_each_valid_dialogue(editor: DialogEditor) -> None:
    seen: list[str] = []
    editor.observe(lambda change: seen.append(change["new"][0].text), "value")

    for text in ("Hey", "", "Hello"):
        write(editor, text)

    assert seen == ["Hey", "Hello"]


def test_an_observer_that_fails_is_shown_and_breaks_nothing(editor: DialogEditor) -> None:
    def fail(change: Any) -> None:
        raise ValueError("of the observer")

    editor.observe(fail, ["value", "errors"])
    write(editor, "Hey")

    assert "ValueError: of the observer" in editor.message.value
    assert isinstance(editor.last_error, ValueError)
    assert editor.value[0].text == "Hey"
    assert shown(editor)[0][0] == "1. Ana: Hey"

    write(editor, "")
    assert list(editor.errors) == ["turn 1 text"]

    editor.unobserve(fail, ["value", "errors"])
    write(editor, "Hello")
    assert editor.message.value == ""
    assert (editor.value[0].text, editor.errors) == ("Hello", {})


def test_100_turns_are_ready_in_under_300_ms() -> None:
    dialog = says(*((f"Speaker {i % 2}", f"turn {i}, " + "and so on " * 50) for i in range(100)))

    began = time.perf_counter()
    editor = DialogEditor(dialog)
    built = time.perf_counter() - began
    began = time.perf_counter()
    write(editor, "changed")
    edited = time.perf_counter() - began

    assert len(editor.turns.options) == 100
    assert built < 0.3
    assert edited < 0.1


def test_the_static_twin_is_the_value_and_what_is_to_be_mended(editor: DialogEditor) -> None:
    write(editor, "Hey")
    assert "Hey" in editor.static_html()
    assert "To mend" not in editor.static_html()

    write(editor, "")
    assert "Hey" in editor.static_html()
    assert "To mend: turn 1." in editor.static_html()
    assert "Run the cell" in editor._repr_mimebundle_()["text/html"]
