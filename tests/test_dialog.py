"""What a `Dialog` is, says, saves and loads; how it prints is in test_rendering.py, bad files are in test_files.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sdkit.dialog import Dialog, Event, Provenance, Turn
from sdkit.errors import FileError, InputError, MissingPackageError

EXAMPLE: dict[str, Any] = {
    "model": "qwen2.5:14b",
    "seed": 123,
    "scenario": "short hello and good bye conversation",
    "turns": [
        {"speaker": "Alice", "text": "Hey Bob!"},
        {"speaker": "Bob", "text": "Hey Alice!"},
        {"speaker": "Alice", "text": "Bye Bob!"},
        {"speaker": "Bob", "text": "Bye bye!"},
    ],
}
SAID = "Alice: Hey Bob!\nBob: Hey Alice!\nAlice: Bye Bob!\nBob: Bye bye!"


@pytest.fixture
def dialog() -> Dialog:
    return Dialog.model_validate(EXAMPLE)


def says(*turns: tuple[str | None, str]) -> Dialog:
    return Dialog(turns=[Turn(speaker=speaker, text=text) for speaker, text in turns])


# -- the workshop notebook's cells ------------------------------------------------------------------------------------


def test_repr_str_and_length_are_those_of_the_workshop_notebook(dialog: Dialog) -> None:
    assert repr(dialog) == (
        "Dialog(formatVersion='0.0.5', model='qwen2.5:14b', seed=123, dialogId=None, complete=None, "
        "scenario='short hello and good bye conversation', turns=[Turn(speaker='Alice', text='Hey Bob!'), "
        "Turn(speaker='Bob', text='Hey Alice!'), Turn(speaker='Alice', text='Bye Bob!'), "
        "Turn(speaker='Bob', text='Bye bye!')], events=None)"
    )
    assert str(dialog) == SAID
    assert len(dialog) == 4


def test_print_is_that_of_the_workshop_notebook(dialog: Dialog, capsys: pytest.CaptureFixture[str]) -> None:
    turns = "[Alice] Hey Bob!\n[Bob] Hey Alice!\n[Alice] Bye Bob!\n[Bob] Bye bye!\n"
    framed = f"--- Dialogue Begins ---\n{turns}--- Dialogue Ends ---\n"

    dialog.print()
    assert capsys.readouterr().out == f"[model] qwen2.5:14b\n[seed] 123\n{framed}"

    dialog.print(scenario=True)  # the tag's line ends in a blank
    about = "[scenario] \nshort hello and good bye conversation\n"
    assert capsys.readouterr().out == f"[model] qwen2.5:14b\n[seed] 123\n{about}{framed}"


def test_files_are_those_of_the_workshop_notebook(
    dialog: Dialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given the notebook's relative paths, in a folder that is not there yet
    monkeypatch.chdir(tmp_path)

    dialog.to_file("output/my_dialogue.json")
    dialog.to_file("output/my_dialogue.txt")

    assert Dialog.from_file("output/my_dialogue.json") == dialog
    assert Path("output/my_dialogue.txt").read_text(encoding="utf-8") == SAID + "\n"
    assert Dialog.from_file("output/my_dialogue.txt") == Dialog(turns=dialog.turns)


# -- the 0.0.5 format -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [(), ("events",), ("formatVersion", "model", "seed", "dialogId", "complete")])
def test_a_file_of_the_workshop_library_loads(tmp_path: Path, missing: tuple[str, ...]) -> None:
    # Given a file as that library wrote it: on one line, with ASCII escapes
    event = {"agent": "User", "action": "utter", "actionLabel": None, "text": "Zo\u00eb", "timestamp": 1571236422}
    turn = {"speaker": "User", "text": "Zo\u00eb"}
    about = {"formatVersion": "0.0.5", "model": "m", "seed": 7, "dialogId": 1, "complete": True, "scenario": {"a": [1]}}
    data = {key: value for key, value in (about | {"turns": [turn], "events": [event]}).items() if key not in missing}
    (tmp_path / "old.json").write_text(json.dumps(data), encoding="ascii")

    dialog = Dialog.from_file(tmp_path / "old.json")

    assert dialog.turns == [Turn(**turn)]
    assert dialog.events == (None if "events" in missing else [Event(**event)])
    assert dialog.seed == data.get("seed")
    assert dialog.formatVersion == "0.0.5"


def test_keys_we_do_not_know_survive(tmp_path: Path) -> None:
    data = {"turns": [{"speaker": "A", "text": "Hi", "audio": "a.wav"}], "personas": {"A": {"age": 3}}, "print": 1}
    (tmp_path / "newer.json").write_text(json.dumps(data), encoding="utf-8")

    dialog = Dialog.from_file(tmp_path / "newer.json")
    dialog.to_file(tmp_path / "saved.json")

    saved = json.loads((tmp_path / "saved.json").read_text(encoding="utf-8"))
    assert {key: saved[key] for key in data} == data
    assert callable(dialog.print)


EXACT = {
    "text": says(("A", "two\nlines\r\n\u2028 : \"quoted\" 'too' \\ \t end "), ("B", "")),
    "colon": says(("Dr: X", "a: b")),
    "unicode": says(("Zoë 👩🏽‍⚕️", "שלום, مرحبا \u202e \x00\x1b[31m \U0001f600")),
    "nobody": says((None, "hm"), ("", "hm")),
    "zero": Dialog(turns=[], dialogId=0, seed=0, complete=False),
    "named": Dialog(turns=[], dialogId="0"),
    "large seed": Dialog(turns=[], seed=2**80),
    "empty scenario": Dialog(turns=[], scenario=""),
    "empty dict": Dialog(turns=[], scenario={}),
    "scenario": Dialog(turns=[], scenario={"n": None, "deep": [{"x": 0.1, "y": True}], "": "é"}),
    "events": Dialog(turns=[], events=[Event(action="utter", text="Hi", timestamp=0)]),
}


@pytest.mark.parametrize("dialog", EXACT.values(), ids=EXACT)
def test_dict_and_json_both_ways_are_exact(dialog: Dialog, tmp_path: Path) -> None:
    dialog.to_file(tmp_path / "it.json")
    copies = [
        Dialog.from_dict(dialog.json()),
        Dialog.from_dict(json.loads(json.dumps(dialog.json()))),
        Dialog.from_json(dialog.json(string=True)),
        Dialog.from_json(dialog.json(string=True, indent=4)),
        Dialog.from_file(tmp_path / "it.json"),
    ]
    for copy in copies:
        assert copy == dialog
        assert repr(copy) == repr(dialog)  # 0 is not False, "0" is not 0


def test_json_on_disk_is_for_people_too(tmp_path: Path) -> None:
    says(("Zoë", "¿Qué?")).to_file(tmp_path / "a.json")

    assert '      "speaker": "Zoë",\n      "text": "¿Qué?"\n' in (tmp_path / "a.json").read_text(encoding="utf-8")


def test_provenance_is_saved_when_there_is_some_and_never_shown(
    dialog: Dialog, capsys: pytest.CaptureFixture[str]
) -> None:
    made = Provenance(model="qwen2.5:14b", seed=9, options={"temperature": 0.8}, attempts=2, replayed=True)
    known = dialog.model_copy(update={"provenance": made})

    assert Dialog.from_json(known.json(string=True)).provenance == made
    assert "provenance" not in dialog.json()
    assert "provenance" not in dialog.json(string=True)
    assert repr(known) == repr(dialog)
    known.print(scenario=True)
    assert "temperature" not in capsys.readouterr().out


def test_making_a_dialogue_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)

    assert "version" not in says(("A", "Hi")).json()


# -- the text form ----------------------------------------------------------------------------------------------------

BREAKS = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]


@pytest.mark.parametrize("end", BREAKS, ids=ascii)
def test_a_line_break_in_a_text_becomes_a_blank(tmp_path: Path, end: str) -> None:
    dialog = says(("A", f"one{end}B: two"), ("B", "three"))

    dialog.to_file(tmp_path / "a.txt")

    assert str(dialog) == "A: one B: two\nB: three"
    assert Dialog.from_file(tmp_path / "a.txt") == says(("A", "one B: two"), ("B", "three"))


@pytest.mark.parametrize(
    "speaker", [None, "", " ", "Dr: X", " A", "A ", "\ufeffA", *(f"A{end}B" for end in BREAKS)], ids=ascii
)
def test_a_speaker_that_text_cannot_carry_is_refused(tmp_path: Path, speaker: str | None) -> None:
    with pytest.raises(FileError, match=r"b\.txt: was not written: .* save it as \.json") as caught:
        says(("A", "Hi"), (speaker, "Hi")).to_file(tmp_path / "sub" / "b.txt")

    assert repr(speaker) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_dialogue_has_no_text_form(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"cannot carry an empty dialogue; save it as \.json"):
        Dialog(turns=[]).to_file(tmp_path / "a.txt")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("A: Hi\nB:\n", id="empty text"),
        pytest.param("A: Hi\nB: ", id="no newline at the end"),
        pytest.param("\ufeffA: Hi\nB:\n", id="byte order mark"),
        pytest.param("A: Hi\r\nB:\r\n", id="CRLF"),
        pytest.param("A: Hi\rB:\r", id="CR"),
        pytest.param("\n  A :Hi  \n\n\n\tB:\n", id="blanks"),
    ],
)
def test_text_by_other_hands_loads(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.txt").write_bytes(content.encode())

    assert Dialog.from_file(tmp_path / "a.txt") == says(("A", "Hi"), ("B", ""))


def test_what_text_was_loaded_is_saved_alike(tmp_path: Path) -> None:
    says(("A", ""), ("B", "10:30, ok?")).to_file(tmp_path / "a.txt")

    assert Dialog.from_file(tmp_path / "a.txt") == says(("A", ""), ("B", "10:30, ok?"))


def test_a_description_follows_its_template(dialog: Dialog) -> None:
    assert dialog[:2].description("{text} ({speaker})") == "Hey Bob! (Alice)\nHey Alice! (Bob)"
    assert str(says(("{x}", "{text} {"), (None, "hm"))) == "{x}: {text} {\nNone: hm"


@pytest.mark.parametrize("template", ["{who}: {text}", "{}", "{speaker", "{speaker.age}"])
def test_a_template_that_cannot_work_is_named(dialog: Dialog, template: str) -> None:
    with pytest.raises(InputError, match=r"is no template: write \{speaker\} and \{text\}") as caught:
        dialog.description(template)

    assert template in str(caught.value)


# -- a sequence of turns ----------------------------------------------------------------------------------------------


def test_a_dialogue_is_a_sequence_of_turns(dialog: Dialog) -> None:
    assert [turn.text for turn in dialog] == ["Hey Bob!", "Hey Alice!", "Bye Bob!", "Bye bye!"]
    assert dialog[-1] == Turn(speaker="Bob", text="Bye bye!")
    assert Turn(speaker="Bob", text="Bye bye!") in dialog
    assert dialog.speakers == ["Alice", "Bob"]
    assert not Dialog(turns=[])
    with pytest.raises(IndexError):
        dialog[4]


def test_a_slice_is_a_dialogue_of_its_own(dialog: Dialog) -> None:
    whole = dialog.model_copy(update={"complete": True, "events": [Event(action="utter", text="Hi", timestamp=0)]})

    part = whole[1:3]
    part.turns[0].text = "changed"

    assert str(part) == "Bob: changed\nAlice: Bye Bob!"
    assert (part.model, part.seed, part.complete, part.events) == ("qwen2.5:14b", 123, None, None)
    assert str(whole) == SAID


def test_a_speaker_is_renamed_in_a_copy(dialog: Dialog) -> None:
    event = Event(agent="Bob", action="utter", text="Bye bye!", timestamp=0)
    whole = dialog.model_copy(update={"events": [event]})

    renamed = whole.rename_speaker("Bob", "Dr Lee")

    assert renamed.speakers == ["Alice", "Dr Lee"]
    assert renamed.events is not None
    assert renamed.events[0].agent == "Dr Lee"
    assert (whole.speakers, event.agent) == (["Alice", "Bob"], "Bob")
    assert says((None, "hm")).rename_speaker(None, "A") == says(("A", "hm"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [("Zed", "X", r"'Zed' does not speak .* 'Alice', 'Bob'"), ("Bob", "Alice", "'Alice' already speaks")],
)
def test_a_speaker_who_cannot_be_renamed_is_named(dialog: Dialog, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        dialog.rename_speaker(old, new)


def test_words_are_counted_by_speaker() -> None:
    dialog = says(("B", "well,  well\n- yes"), ("A", ""), (None, "hm"), ("B", "no"))

    assert list(dialog.word_counts().items()) == [("B", 5), ("A", 0), (None, 1)]


def test_a_table_has_a_row_a_turn(dialog: Dialog) -> None:
    table = dialog.to_frame()

    assert table.shape == (4, 3)
    assert list(table.columns) == ["speaker", "text", "words"]
    assert table.iloc[1].tolist() == ["Bob", "Hey Alice!", 2]
    assert Dialog(turns=[]).to_frame().shape == (0, 3)


def test_a_table_without_pandas_says_how_to_get_it(dialog: Dialog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(MissingPackageError, match=r"pandas is needed to .* python -m pip install"):
        dialog.to_frame()


# -- bad input --------------------------------------------------------------------------------------------------------

DEEP: dict[str, Any] = {}
for _ in range(5000):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "turns: Field required"),
        ({"turns": None}, r"turns: .*list \(found None\)"),
        ({"turns": [{"text": "Hi"}]}, r"turns\.0\.speaker: Field required"),
        ({"turns": [{"speaker": "A", "text": 3}]}, r"turns\.0\.text: .* \(found 3\)"),
        ({"turns": [], "scenario": {"a": {1, 2}}}, r"scenario\.a: .*JSON.* \(found \{1, 2\}\)"),
        ({"turns": [], "scenario": {"a": float("nan")}}, "scenario: JSON has .* no NaN"),
        ({"turns": [], "scenario": {"a": float("inf")}}, "scenario: JSON has no infinite numbers"),
        ({"turns": [], "scenario": DEEP}, r"scenario\..* \(found a deeply nested dict\)"),
        ([], "Input should be a valid dictionary"),
    ],
    ids=["no turns", "turns None", "no speaker", "text 3", "set", "NaN", "infinity", "deep", "list"],
)
def test_what_is_no_dialogue_is_refused_at_the_door(data: Any, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        Dialog.from_dict(data)

    assert len(str(caught.value)) < 300
    if isinstance(data, dict):
        with pytest.raises(ValidationError):
            Dialog(**data)


@pytest.mark.parametrize("value", [float("nan"), object(), "\ud800"], ids=["NaN", "object", "surrogate"])
def test_what_json_cannot_carry_is_not_half_written(dialog: Dialog, tmp_path: Path, value: object) -> None:
    # Given a good file, and a dialogue that was spoilt after it was made
    dialog.to_file(tmp_path / "a.json")
    spoilt = dialog.model_copy(update={"scenario": {"a": value}})

    with pytest.raises(FileError, match=r"a\.json: was not written: .*cannot be written as JSON"):
        spoilt.to_file(tmp_path / "a.json")

    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert Dialog.from_file(tmp_path / "a.json") == dialog
    with pytest.raises(InputError, match="cannot be written as JSON"):
        spoilt.json(string=True)


def test_a_number_that_json_has_not_is_never_made_null() -> None:
    with pytest.raises(InputError, match="not JSON compliant"):
        Dialog(turns=[Turn(speaker="A", text="Hi", score=float("nan"))]).json()  # type: ignore[call-arg]


@pytest.mark.parametrize("type_", ["xml", "", "JSON"])
def test_an_unknown_type_is_refused(dialog: Dialog, tmp_path: Path, type_: Any) -> None:
    for call in (dialog.to_file, Dialog.from_file):
        with pytest.raises(InputError, match=rf"type='{type_}' is not a file type; use 'json', 'txt' or 'auto'"):
            call(tmp_path / "a.json", type=type_)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a", "a.xml", "a.json.bak", ".json"])
def test_an_unknown_ending_is_refused_unless_the_type_is_given(dialog: Dialog, tmp_path: Path, name: str) -> None:
    for call in (dialog.to_file, Dialog.from_file):
        with pytest.raises(InputError, match=r"ends neither in \.json nor in \.txt; .* give type='json'"):
            call(tmp_path / name)
    assert list(tmp_path.iterdir()) == []

    dialog.to_file(tmp_path / name, type="json")
    assert Dialog.from_file(tmp_path / name, type="json") == dialog


def test_the_ending_may_be_in_capitals(dialog: Dialog, tmp_path: Path) -> None:
    dialog.to_file(tmp_path / "A.JSON")

    assert json.loads((tmp_path / "A.JSON").read_text(encoding="utf-8"))["seed"] == 123
    assert Dialog.from_file(tmp_path / "A.JSON") == dialog
