"""`QualityDashboard` without a browser, on a journal that is made up. In a browser: tests/browser."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sdkit.analysis import conduct
from sdkit.errors import InputError, MissingPackageError
from sdkit.factory import Made, Spec, planned
from sdkit.factory.attempts import Attempt
from sdkit.factory.files import Places
from sdkit.factory.journal import Decision, Journal
from sdkit.factory.outputs import DialogueOutput
from sdkit.factory.records import Record, record_of
from sdkit.factory.uniqueness import packed
from sdkit.moderation import PersonalData
from sdkit.moderation.records import with_findings
from sdkit.widgets import QualityDashboard, quality_sections
from sdkit.widgets.factory_parts import LISTED
from sdkit.widgets.quality_data import nearest_pairs

NASTY = '<script>alert(1)</script> **bold** $x$ "quoted" & שלום '
MAIL = "Write to ana@example.org, please."
SPEC = {"regions": ["Lyon", "Turin"], "user_emotions": {"Calm": 2, "Angry": 1}, "resolution_status": ["Resolved"]}

Make = Callable[..., Made]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Give a function that makes up what a factory has made of so many dialogues, of which some are there."""

    def made(there: int = 12, total: int = 12, said: str = "", flagged: int = 2) -> Made:
        spec = Spec.of(SPEC)
        places = Places.of(tmp_path / "out.json", None, None)
        journal = Journal(places.journal)
        journal.add_items(planned(total, spec))
        for item in journal.items[:there]:
            kept = 0
            if item.id < flagged:
                record = record_of(item, "A need.", _said(item.id, MAIL), 0, 0)
                found = [vars(f) for f in PersonalData().check([text for t in record["turns"] for text in _texts(t)])]
                journal.add_attempt(Attempt(item.id, 0, record=record, findings=found, vector=packed([1, 0, 0])))
                journal.add_decisions([Decision(item.id, 0, "flagged", "has an e-mail address")])
                kept = 1
            record = record_of(item, "A need.", _said(item.id, said), 0, kept)
            missed = ["region"] if item.id == 3 else []
            # The first two point the same way, the others each in its own.
            vector = packed([1.0, 0.1 * max(0, item.id - 1), 0.0])
            journal.add_attempt(Attempt(item.id, kept, record=record, vector=vector, missed=missed))
            journal.add_decisions([Decision(item.id, kept, "kept")])
        return Made(total, spec, journal, places)

    return made


def _said(number: int, said: str) -> DialogueOutput:
    turns = [
        {"utterance": f"I need room {number}. {said}", "intent": "ask", "assistant_response": "Sorry, I can't help."},
        {"utterance": "Please look again.", "intent": "ask", "assistant_response": f"Room {number} is free."},
    ]
    return DialogueOutput.model_validate({"ending": "So.", "turns": turns})


def _texts(turn: dict[str, Any]) -> list[str]:
    return [turn["utterance"], turn["assistant_response"]]


def plain(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def cells(markup: str, caption: str = "") -> list[list[str]]:
    tables = re.findall(r"<table>(.*?)</table>", markup, re.DOTALL)
    table = next(each for each in tables if caption in plain(each))
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    return [[plain(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def overview(widget: QualityDashboard) -> str:
    widget.sections.show("Overview")
    return str(widget.sections.children[1].children[0].value)


def choose(control: Any, label: str) -> None:
    """Do what a browser does when somebody chooses in a list."""
    names = [each[0] if isinstance(each, tuple) else each for each in control.options]
    control.set_state({"index": names.index(label)})


# -- overview and balance ---------------------------------------------------------------------------------------------


def test_the_overview_says_what_became_of_the_attempts_and_what_the_texts_show(make: Make) -> None:
    widget = QualityDashboard(make(there=9, total=12))
    said = overview(widget)
    assert "9 of 12 dialogues are there (75%)." in plain(said)
    assert cells(said, "Dialogues and attempts")[1:6] == [
        ["asked for", "12"],
        ["made", "9"],
        ["attempts", "11"],
        ["duplicates", "0"],
        ["flagged by moderation", "2"],
    ]
    assert cells(said, "What of the plan the texts show")[1] == ["region", "88.9%", "1", ""]


def test_the_balance_of_an_axis_holds_what_was_made_against_the_plan(make: Make) -> None:
    widget = QualityDashboard(make(there=6, total=12))
    choose(widget.balance.axis, "User emotions")
    made = {name: count for name, *_, count, _ in cells(widget.balance.table.value)[1:]}
    assert cells(widget.balance.table.value)[0] == ["value", "target", "planned", "made", "bar"]
    assert [row[:3] for row in cells(widget.balance.table.value)[1:]] == [["Calm", "4.00", "8"], ["Angry", "2.00", "4"]]
    assert sum(map(int, made.values())) == 6
    choose(widget.balance.axis, "What the text lacks")
    assert cells(widget.balance.table.value)[1:] == [["nothing", "5", ""], ["region", "1", ""]]


# -- uniqueness -------------------------------------------------------------------------------------------------------


def test_thresholds_and_pairs_are_found_when_they_are_first_looked_at(make: Make) -> None:
    widget = QualityDashboard(make())
    assert widget.uniqueness.found is None
    widget.sections.buttons["Uniqueness"].click()
    assert widget.wait(60)

    # They are a fan: nine are within 18 degrees of one that is kept.
    assert cells(widget.uniqueness.table.value, "Thresholds")[1][:2] == ["0.95", "9"]
    assert 'role="img"' in widget.uniqueness.table.value
    lines = [text for text, _ in widget.uniqueness.picker.list.options]
    assert lines[0] == "1.000: 1 and 2"
    said = plain(widget.uniqueness.pair.value)
    assert said.startswith("Similarity 1.000. 2 turns of each share most of their words. 1. Dialogue none_generated_")
    assert "I need room 0. Like message 1 of the other dialogue, with its answer" in said
    assert "I need room 1." in said
    labels = re.findall(r'aria-label="([^"]*)"', widget.uniqueness.pair.value)
    assert labels == ["Turns of dialogue 1", "Turns of dialogue 2"]

    widget.uniqueness.picker.next_button.click()
    assert plain(widget.uniqueness.picker.place.value) == "2 of 50"
    assert 'aria-label="Turns of dialogue 12"' in widget.uniqueness.pair.value
    assert widget.last_error is None


def test_the_nearest_pairs_are_those_of_all_pairs() -> None:
    numpy = pytest.importorskip("numpy")
    rows = numpy.random.default_rng(1).normal(size=(700, 8)).astype("float32")
    rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
    cosines = (rows @ rows.T).round(6)
    every = sorted((-cosines[i, j], i, j) for i in range(700) for j in range(i + 1, 700))[:50]
    found = nearest_pairs(rows)
    assert [(i, j) for i, j, _ in found] == [(i, j) for _, i, j in every]
    assert nearest_pairs(rows[:1]) == []
    assert [pair[:2] for pair in nearest_pairs(rows[[0, 0]])] == [(0, 1)]


def test_stop_ends_it_and_measure_begins_again(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    widget, reached, go = QualityDashboard(make(there=120, total=120)), threading.Event(), threading.Event()

    def slow(dialogs: Any) -> Any:
        reached.set()
        go.wait(10)
        return conduct(dialogs)

    monkeypatch.setattr(quality_sections, "conduct", slow)
    widget.sections.show("Behaviour")
    assert reached.wait(10)
    assert (widget.behaviour.go_button.disabled, widget.behaviour.stop_button.disabled) == (True, False)
    widget.behaviour.stop_button.click()
    go.set()
    assert widget.wait(30)
    assert (widget.behaviour.found, plain(widget.message.value)) == (None, "Stopped.")
    assert not widget.behaviour.go_button.disabled
    widget.behaviour.go_button.click()
    assert widget.wait(60)
    assert len(widget.behaviour.found) == 120


def test_what_cannot_be_measured_says_why(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(dialogs: Any) -> Any:
        raise MissingPackageError("vaderSentiment", "measure sentiment", extra="factory")

    monkeypatch.setattr(quality_sections, "conduct", lacking)
    widget = QualityDashboard(make())
    widget.sections.show("Behaviour")
    widget.wait(30)
    assert "vaderSentiment" in plain(widget.message.value)
    assert list(widget.errors) == ["Behaviour"]
    monkeypatch.undo()
    widget.behaviour.go_button.click()
    widget.wait(60)
    assert (widget.errors, widget.last_error) == ({}, None)


# -- moderation -------------------------------------------------------------------------------------------------------


def test_what_was_flagged_is_read_masked_and_by_category(make: Make) -> None:
    widget = QualityDashboard(make())
    widget.sections.show("Moderation")
    assert cells(widget.moderation.children[0].value)[1] == ["e-mail", "personal", "2", "“a…@example.org”"]
    assert [text for text, _ in widget.moderation.picker.list.options] == [
        "1. e-mail: I need room 0. Write to a…@example.org, please.",
        "2. e-mail: I need room 1. Write to a…@example.org, please.",
    ]
    said = plain(widget.moderation.dialog.value)
    assert "Write to a…@example.org, please. Found by personal: e-mail, “a…@example.org”" in said
    assert "ana@" not in widget.moderation.dialog.value + widget.static_html()
    choose(widget.moderation.category, "e-mail")
    assert len(widget.moderation.picker.places) == 2


def test_nothing_was_flagged(make: Make) -> None:
    widget = QualityDashboard(make(flagged=0))
    assert plain(widget.moderation.children[0].value) == "Nothing was flagged."
    assert len(widget.moderation.children) == 1


# -- behaviour --------------------------------------------------------------------------------------------------------


def test_groups_are_measured_and_compared(make: Make) -> None:
    widget = QualityDashboard(make(there=30, total=30))
    widget.sections.show("Behaviour")
    assert widget.wait(60)
    rows = cells(widget.behaviour.table.value)
    assert [row[:3] for row in rows] == [
        ["value", "dialogues", "messages"],
        ["Angry", "10", "4.00"],
        ["Calm", "20", "4.00"],
    ]
    assert rows[1][-1] == "0.50", "of the answers, one in two refuses"
    choose(widget.behaviour.axis, "Regions")
    assert [row[0] for row in cells(widget.behaviour.table.value)] == ["value", "Lyon", "Turin"]
    assert (widget.behaviour.one.value, widget.behaviour.other.value) == ("Lyon", "Turin")

    widget.behaviour.compare_button.click()
    assert "Nothing found: in 7 measures" in plain(widget.behaviour.comparison.value)
    table = cells(widget.behaviour.comparison.value)
    assert table[0] == ["measure", "mean, Lyon", "mean, Turin", "effect", "p", "state"]
    assert (len(table), table[1][:3]) == (8, ["messages", "4.00", "4.00"])

    widget.behaviour.other.value = "Lyon"
    widget.behaviour.compare_button.click()
    assert "choose two different groups" in plain(widget.message.value)


def test_one_group_alone_cannot_be_compared(make: Make) -> None:
    widget = QualityDashboard(make())
    widget.sections.show("Behaviour")
    widget.wait(60)
    choose(widget.behaviour.axis, "Resolution status")
    assert widget.behaviour.compare_button.disabled


# -- dialogues --------------------------------------------------------------------------------------------------------


def test_dialogues_are_found_by_an_axis_and_read(make: Make) -> None:
    made = make()
    widget = QualityDashboard(made)
    assert widget.value == made.dialogs()[0]
    choose(widget.reading.axis, "User emotions")
    choose(widget.reading.of, "Angry")
    wanted = [place for place, item in enumerate(made.items) if item.user_emotion == "Angry"]
    assert widget.reading.picker.places == wanted
    assert widget.value == made.dialogs()[wanted[0]]
    widget.reading.picker.next_button.click()
    assert widget.value == widget.reading.view.value == made.dialogs()[wanted[1]]
    choose(widget.reading.axis, "What the text lacks")
    choose(widget.reading.of, "region")
    assert widget.reading.picker.places == [3]
    assert widget.last_error is None


def test_a_script_shows_by_place_or_id(make: Make) -> None:
    made = make()
    widget = QualityDashboard(made)
    choose(widget.reading.axis, "What the text lacks")
    choose(widget.reading.of, "region")
    widget.show(made.records[5]["dialogue_id"])
    assert (widget.value, widget.sections.at) == (made.dialogs()[5], "Dialogues")
    for wrong in (12, -1, True, "D7"):
        with pytest.raises(InputError, match=r"there is no dialogue .*; there are 0 to 11, by place or by id"):
            widget.show(wrong)


def test_of_a_long_list_a_part_is_listed_and_the_buttons_go_on() -> None:
    many = [{"services": ["taxi"], "dialogue_id": f"D{n}", "turns": _turns(f"Number {n}")} for n in range(LISTED + 5)]
    widget = QualityDashboard(many)
    widget.show(LISTED - 1)
    assert len(widget.reading.picker.list.options) == LISTED
    widget.reading.picker.next_button.click()
    assert (widget.value.dialogId, len(widget.reading.picker.list.options)) == (f"D{LISTED}", 5)
    assert plain(widget.reading.picker.place.value) == "1,001 of 1,005. The list has 1,001 to 1,005."


def _turns(*said: str) -> list[dict[str, Any]]:
    return [{"utterance": text, "assistant_response": "Yes."} for text in said]


# -- while a factory runs ---------------------------------------------------------------------------------------------


def test_refresh_reads_the_journal_anew(make: Make) -> None:
    made = make(there=4, total=12)
    widget = QualityDashboard(made)
    widget.sections.show("Balance")
    journal = Journal(made.places.journal)
    record = record_of(journal.items[4], "A need.", _said(4, ""), 0, 0)
    journal.add_attempt(Attempt(4, 0, record=record, vector=packed([1, 0, 0])))
    journal.add_decisions([Decision(4, 0, "kept")])
    widget.refresh_button.click()
    assert plain(widget.message.value) == "5 of 12 dialogues are there."
    assert (len(widget.data), widget.sections.at, len(widget.reading.picker.places)) == (5, "Balance", 5)


def test_a_factory_that_has_made_nothing_yet(make: Make) -> None:
    widget = QualityDashboard(make(there=0))
    for name in widget.sections.buttons:
        widget.sections.buttons[name].click()
        assert widget.wait(30)
    assert (widget.value, widget.errors, widget.last_error) == (None, {}, None)
    assert "0 of 12 dialogues are there (0%)." in plain(widget.static_html())
    with pytest.raises(InputError, match="there are none at all"):
        widget.show(0)


# -- records alone ----------------------------------------------------------------------------------------------------


def test_of_records_alone_what_needs_the_journal_is_left_out_and_says_so(make: Make) -> None:
    records: list[Record] = make().records
    records[1]["turns"][0]["utterance"] = MAIL
    records[1] = with_findings(
        records[1], PersonalData().check([text for t in records[1]["turns"] for text in _texts(t)])
    )
    widget = QualityDashboard(records)
    assert "There is no journal with them" in plain(overview(widget))
    choose(widget.balance.axis, "Regions")
    assert cells(widget.balance.table.value)[0] == ["value", "made", "bar"]
    widget.sections.show("Uniqueness")
    assert "There are no embeddings with these records" in plain(widget.uniqueness.children[0].value)
    assert "Found by personal: e-mail, “a…@example.org”" in plain(widget.moderation.dialog.value)
    widget.sections.show("Behaviour")
    assert widget.wait(60)
    assert len(cells(widget.behaviour.table.value)) == 3
    assert widget.value.dialogId == records[0]["dialogue_id"]
    assert widget.last_error is None
    with pytest.raises(InputError, match="no journal with these records"):
        widget.refresh()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("out.json", "neither what a factory has made nor a list"),
        (None, "neither"),
        ({"turns": []}, "neither"),
        ([{"turns": []}], "number 1: this is no record of a dialogue: services is missing"),
        ([3], "number 1: this is no record"),
        ([{"services": 3, "dialogue_id": "a", "turns": []}], "number 1"),
    ],
)
def test_what_is_neither_is_refused(given: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        QualityDashboard(given)


# -- all of it --------------------------------------------------------------------------------------------------------


def test_any_text_is_shown_as_text(make: Make) -> None:
    widget = QualityDashboard(make(said=NASTY))
    for name in widget.sections.buttons:
        widget.sections.show(name)
        assert widget.wait(60)
    shown = [widget.static_html(), widget.uniqueness.pair.value, widget.moderation.dialog.value]
    assert all("<script" not in each for each in shown)
    assert "&lt;script&gt;" in widget.uniqueness.pair.value
    assert widget.last_error is None


def test_the_static_twin_has_what_was_measured_and_no_bars(make: Make) -> None:
    widget = QualityDashboard(make())
    before = widget.static_html()
    assert before == QualityDashboard(widget.data.made).static_html()
    for words in ("12 of 12 dialogues are there", "Values by axis", "What was flagged"):
        assert words in plain(before)
    assert "Thresholds" not in before
    assert 'class="bar"' not in before
    assert "tabindex" not in before
    for name in ("Uniqueness", "Behaviour"):
        widget.sections.show(name)
        widget.wait(60)
    assert "Thresholds of similarity" in widget.static_html()
    assert "Conduct by user emotions" in widget.static_html()
