"""Which turns of a system follow its flowchart, and how it is found out what they are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sdkit.adherence import Adherence, adherence, nearest_label
from sdkit.datasets.star import StarDataset
from sdkit.dialog import Dialog
from sdkit.errors import InputError, MissingPackageError
from sdkit.flowchart import Flowchart

TABLE = Flowchart(
    "table_book",
    {
        "hello": "ask_name",
        "ask_name": "ask_day",
        "ask_day": "query",
        "available": "table_offer",
        "unavailable": "table_none",
        "yes": "query_book",
        "query_success": "table_booked",
        "table_booked": "anything_else",
    },
    {
        "hello": "Hello, what can I do for you?",
        "ask_name": "May I have your name, please?",
        "ask_day": "For which day would you like the table?",
        "table_offer": "There is a table at {time:s}. Shall I book it?",
        "table_none": "I am sorry, there is no table on {day:s}.",
        "table_booked": "The table is yours.",
        "anything_else": "Is there anything else?",
        "table_bye": "Goodbye, and enjoy your meal!",
    },
)
TAXI = Flowchart(
    "taxi_book",
    {"hello": "ask_name", "ask_name": "taxi_ask_street", "taxi_ask_street": "query", "query": "taxi_comes"},
    {
        "hello": "Hello, what can I do for you?",
        "ask_name": "May I have your name, please?",
        "taxi_ask_street": "Where shall the taxi pick you up?",
        "taxi_comes": "Your taxi comes in {minutes:d} minutes.",
    },
)
QUIZ = Flowchart(
    "quiz", {"hello": "quiz_ask", "correct": "quiz_praise"}, {"hello": "Hello!", "quiz_ask": "{question:s}"}
)


def chosen(*labels: str | None) -> Dialog:
    """Return a dialogue in which the system's turns were chosen by these labels; None is a text typed freely."""
    turns: list[dict[str, object]] = []
    events: list[dict[str, object]] = []
    for number, label in enumerate(labels):
        turns += [{"speaker": "User", "text": "Well."}, {"speaker": "System", "text": f"text {number}"}]
        events += [
            {"agent": "User", "action": "utter", "text": "Well.", "timestamp": 0},
            {"agent": "System", "action": "request_suggestions", "text": "A draft", "timestamp": 0},
            {
                "agent": "System",
                "action": "pick_suggestion" if label else "utter",
                "actionLabel": label,
                "text": f"text {number} ",  # the turns of a data set may be stripped
                "timestamp": 0,
            },
        ]
    return Dialog.from_dict({"turns": turns, "events": events})


def said(*texts: str) -> Dialog:
    """Return a dialogue without events, as a model makes it."""
    turns = [
        turn for text in texts for turn in ({"speaker": "User", "text": "Well."}, {"speaker": "System", "text": text})
    ]
    return Dialog.from_dict({"turns": turns})


def kinds(found: Adherence) -> list[str]:
    return [step.kind for step in found.steps]


# -- following --------------------------------------------------------------------------------------------------------


def test_a_dialogue_that_goes_by_the_chart_follows_it_altogether() -> None:
    labels = ["hello", "ask_name", "ask_day", "table_offer", "table_booked", "anything_else"]
    found = adherence(chosen(*labels), TABLE)

    assert found.share == 1
    assert [step.label for step in found.steps] == labels
    assert [step.turn for step in found.steps] == [1, 3, 5, 7, 9, 11]
    assert [step.why for step in found.steps] == [
        "table_book begins here",
        "comes after hello",
        "comes after ask_name",
        "comes after ask_day through query, available",
        "comes after table_offer through yes, query_book, query_success",
        "comes after table_booked",
    ]


def test_the_path_is_one_that_the_flowchart_can_show() -> None:
    found = adherence(chosen("ask_name", "ask_day", "table_none"), TABLE)

    assert found.path == {"table_book": ["ask_name", "ask_day", "query", "unavailable", "table_none"]}
    assert "step 5" in TABLE.svg(found.path["table_book"])


def test_the_greeting_may_be_left_out_for_the_user_has_spoken_first() -> None:
    assert kinds(adherence(chosen("ask_name", "ask_day"), TABLE)) == ["followed", "followed"]
    assert kinds(adherence(chosen("ask_day"), TABLE)) == ["left out"]


@pytest.mark.parametrize(
    ("labels", "kind", "why"),
    [
        (["hello", "hello"], "repeated", "said again"),
        (["hello", "ask_day"], "left out", "after hello, ask_name would come first"),
        (["hello", "table_offer"], "left out", "after hello, ask_name, ask_day would come first"),
        (["table_offer"], "left out", "at the beginning, ask_name, ask_day would come first"),
        (["ask_name", "ask_day", "ask_name"], "went back", "was said before; no edge leads back to it after ask_day"),
        (["hello", "table_bye"], "not in the chart", "table_bye is a response of table_book, but its flowchart never"),
        (["hello", "custom"], "not in the chart", "custom is nowhere in the flowchart of table_book"),
        (["hello", "query"], "not in the chart", "query is nowhere"),
        (["hello", None], "no label", "typed freely: it is none of the responses"),
    ],
)
def test_what_does_not_follow_has_a_reason(labels: list[str | None], kind: str, why: str) -> None:
    step = adherence(chosen(*labels), TABLE).steps[-1]

    assert not step.followed
    assert step.kind == kind
    assert why in step.why


def test_what_no_way_leads_to_is_told_apart_from_what_comes_too_early() -> None:
    chart = Flowchart("t", {"hello": "a", "a": "b", "b": "a", "c": "d"}, dict.fromkeys(["hello", *"abcd"], "Text."))

    assert adherence(chosen("hello", "d"), chart).steps[-1].why == "no edge leads to it after hello"


def test_after_a_fault_it_goes_on_from_the_last_turn_in_the_chart() -> None:
    found = adherence(chosen("hello", None, "table_bye", "ask_name", "table_offer", "table_booked"), TABLE)

    assert kinds(found) == ["followed", "no label", "not in the chart", "followed", "left out", "followed"]
    assert found.share == 0.5
    assert found.followed == 3


def test_after_its_end_a_task_may_begin_again() -> None:
    found = adherence(chosen("ask_name", "ask_day", "table_none", "ask_name", "ask_day"), TABLE)

    assert found.share == 1
    assert found.steps[3].why == "table_book begins here again"


# -- several tasks ----------------------------------------------------------------------------------------------------


def test_each_task_is_followed_on_its_own() -> None:
    # Given a dialogue that leaves one task for another and comes back
    labels = ["hello", "ask_name", "taxi_ask_street", "ask_day", "taxi_comes", "table_offer"]
    found = adherence(chosen(*labels), [TABLE, TAXI])

    # When both know the name that was asked for once, then all follow
    assert found.share == 1
    assert [step.task for step in found.steps[2:]] == ["taxi_book", "table_book", "taxi_book", "table_book"]
    assert found.path["taxi_book"] == ["hello", "ask_name", "taxi_ask_street", "query", "taxi_comes"]


def test_the_middle_of_another_task_is_no_beginning() -> None:
    step = adherence(chosen("hello", "taxi_comes"), [TABLE, TAXI]).steps[-1]

    assert (step.task, step.kind) == ("taxi_book", "left out")
    assert step.why == "after hello, ask_name, taxi_ask_street would come first"


def test_a_task_of_which_only_what_it_shares_was_said_has_no_path() -> None:
    found = adherence(chosen("hello", "ask_name", "ask_day"), [TABLE, TAXI])

    assert {step.task for step in found.steps} == {"table_book"}
    assert found.path == {"table_book": ["hello", "ask_name", "ask_day"]}


# -- which response a turn is -----------------------------------------------------------------------------------------


def test_without_labels_it_is_the_nearest_response() -> None:
    found = adherence(
        said("Hi! What can I do for you?", "Could I please have your name?", "What day is the table for?"), TABLE
    )

    assert [step.label for step in found.steps] == ["hello", "ask_name", "ask_day"]
    assert {step.found for step in found.steps} == {"nearest response"}
    assert all(0.25 <= step.similarity < 1 for step in found.steps if step.similarity is not None)
    assert found.share == 1


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("There is a table at half past eight. Shall I book it?", "table_offer"),
        ("There is a table at TIME. Shall I book it?", "table_offer"),
        ("THE TABLE IS YOURS", "table_booked"),
        ("Goodbye, and enjoy your meal!", "table_bye"),
        ("Photosynthesis makes sugar.", None),
        ("", None),
        ("???", None),
    ],
)
def test_fields_case_and_punctuation_do_not_matter(text: str, label: str | None) -> None:
    assert nearest_label(text, [TABLE])[0] == label


def test_the_same_words_are_as_near_as_can_be_and_the_flowchart_wins() -> None:
    chart = Flowchart("t", {"hello": "z_bye"}, {"a_bye": "Good bye.", "z_bye": "Good bye!", "hello": "Hello."})

    assert nearest_label("good bye", [chart]) == ("z_bye", 1.0)


def test_upper_case_fields_count_as_little_as_format_fields() -> None:
    upper = Flowchart("t", {"hello": "tell"}, {"hello": "Hello.", "tell": "Your instructions are: INSTRUCTIONS."})

    assert nearest_label("Your instructions are: sleep well.", [upper])[0] == "tell"
    assert nearest_label("Your instructions are:", [upper]) == ("tell", 1.0)


def test_a_response_that_is_a_field_only_may_be_any_text() -> None:
    step = adherence(said("Which planet is the largest?"), QUIZ).steps[0]

    assert (step.label, step.found) == ("quiz_ask", "any text")


def test_auto_takes_a_persons_choices_and_for_all_others_the_texts() -> None:
    # Given events of a conversation that a model made: nobody chose among labels
    dialog = said("Hello, what can I do for you?")
    events = [{"agent": t.speaker, "action": "utter", "text": t.text, "timestamp": 0} for t in dialog.turns]
    made = Dialog.from_dict({"turns": dialog.turns, "events": events})

    assert adherence(made, TABLE).steps[0].found == "nearest response"
    assert adherence(made, TABLE, labels="action").steps[0].found == "typed freely"
    assert adherence(chosen(None), TABLE).steps[0].found == "typed freely"
    assert adherence(chosen("hello"), TABLE).steps[0].found == "action label"
    assert adherence(chosen("hello"), TABLE, labels="nearest").steps[0].found == "nothing near"


def test_events_that_are_not_those_of_the_turns_are_not_used() -> None:
    dialog = chosen("hello", "ask_name")
    dialog.turns[1].text = "Hello, what can I do for you?"  # somebody has edited it

    assert adherence(dialog, TABLE).steps[0].found == "nearest response"
    with pytest.raises(InputError, match="has no events that fit its turns; use labels='nearest'"):
        adherence(dialog, TABLE, labels="action")


# -- what it shows ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turns", [[], [{"speaker": "User", "text": "Hello?"}]], ids=["empty", "the user alone"])
def test_a_dialogue_without_a_turn_of_the_system_has_no_share(turns: list[dict[str, str]]) -> None:
    found = adherence(Dialog.from_dict({"turns": turns}), TABLE)

    assert found.share is None
    assert str(found) == "table_book: the system has no turn"
    assert "<tbody>" in found.html()


def test_it_says_in_a_line_what_there_is() -> None:
    found = adherence(chosen("hello", "ask_day", None, None), TABLE)

    assert repr(found) == "<Adherence to table_book: 1 of 4 system turns follow (25%), 2 no label, 1 left out>"
    assert str(found).splitlines()[1:3] == [
        "  + turn 2, hello: table_book begins here",
        "  - turn 4, ask_day: after hello, ask_name would come first",
    ]


def test_as_a_table_it_has_a_row_for_each_step() -> None:
    found = adherence(said("Could I have your name?", "So long!"), TABLE)

    frame = found.to_frame()
    assert frame["turn"].tolist() == [1, 3]
    assert frame["followed"].tolist() == [True, False]
    assert list(frame.columns)[:5] == ["turn", "text", "label", "found", "similarity"]
    assert found._repr_mimebundle_()["text/html"].count("<tr>") == 3


def test_without_pandas_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(MissingPackageError, match="pandas is needed"):
        adherence(said("Hi"), TABLE).to_frame()


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "$x$ | **b**", "\x1b[31m\x00", "\ud83d", "x" * 10_000])
def test_whatever_was_said_is_shown_as_text(text: str) -> None:
    found = adherence(said(text), TABLE)

    html = found.html()
    assert "<script" not in html
    assert 'class="sdkit-adherence mathjax_ignore' in html
    assert not set(html) & set("\x1b\x00\ud83d")
    assert "\x1b" not in str(adherence(chosen(text), TABLE))


# -- bad input --------------------------------------------------------------------------------------------------------


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match=r"give a flowchart, or a list of some, such as STAR.flowchart\('weather'\)"):
        adherence(said("Hi"), [])
    with pytest.raises(InputError, match="give a flowchart"):
        adherence(said("Hi"), ["weather"])  # type: ignore[list-item]
    with pytest.raises(InputError, match="are of table_book, table_book; give one for each task"):
        adherence(said("Hi"), [TABLE, TABLE])
    with pytest.raises(InputError, match="labels='events' is none of 'auto', 'action' and 'nearest'"):
        adherence(said("Hi"), TABLE, labels="events")  # type: ignore[arg-type]
    with pytest.raises(
        InputError, match="no 'Bot' speaks in this dialogue; give the speaker who is the system: User and Sys"
    ):
        adherence(said("Hi"), TABLE, speaker="Bot")


def test_the_system_may_have_another_name() -> None:
    dialog = said("Hello, what can I do for you?").rename_speaker("System", "Waiter")

    assert adherence(dialog, TABLE, speaker="Waiter").share == 1


# -- the real data ----------------------------------------------------------------------------------------------------


def test_the_first_dialogue_of_star(real_star: Path) -> None:
    star = StarDataset(real_star)
    found = adherence(star.get_dialog(1), star.flowchart("doctor_followup"))

    assert [(step.label, step.kind) for step in found.steps] == [
        ("ask_name", "followed"),
        ("doctor_inform_doctors_instructions", "left out"),
        (None, "no label"),
        ("goodbye_1", "not in the chart"),
    ]
    assert found.share == 0.25


def test_only_the_tasks_of_steps_have_a_path(real_star: Path) -> None:
    star = StarDataset(real_star)
    found = adherence(star.get_dialog(1573), [star.flowchart(task) for task in star.get_dialog_task_names(1573)])

    assert len(found.tasks) > 1
    assert set(found.path) == {step.task for step in found.steps if step.task}


def test_the_nearest_response_is_nearly_always_the_one_that_was_chosen(real_star: Path) -> None:
    # Given the happy dialogues of a task, whose texts are responses with their fields filled in
    star = StarDataset(real_star)
    chart = star.flowchart("doctor_followup")
    dialogs = star.get_dialogs(task_name="doctor_followup", happy=True, multitask=False)
    assert len(dialogs) == 105

    # When both ways to find a label are tried
    pairs = [
        (by_label.label, by_text.label)
        for dialog in dialogs
        for by_label, by_text in zip(
            adherence(dialog, chart, labels="action").steps,
            adherence(dialog, chart, labels="nearest").steps,
            strict=True,
        )
        if by_label.label in chart.responses
    ]

    # Then they agree
    assert len(pairs) > 250
    assert sum(one == other for one, other in pairs) / len(pairs) > 0.98
