"""How an assistant treats people, in numbers."""

from __future__ import annotations

import math
import sys

import pytest

from sdkit import Dialog, Turn
from sdkit.analysis.behaviour import conduct, politeness_marks, refuses
from sdkit.errors import InputError, MissingPackageError


def talk(*texts: str, id: int | str | None = None, speakers: tuple[str, str] = ("User", "Assistant")) -> Dialog:
    turns = [Turn(speaker=speakers[number % 2], text=text) for number, text in enumerate(texts)]
    return Dialog(turns=turns, dialogId=id)


def test_a_dialogue_is_a_row_of_numbers() -> None:
    dialog = talk(
        "I need a room.",
        "Hello, which day would you like?",
        "Sunday, and I hate waiting!",
        "I'm sorry, but I can't help you.",
        id="a",
    )

    table = conduct([dialog], resolved=[False])

    assert table.index.tolist() == ["a"]
    row = table.loc["a"]
    assert row["turns"] == 4
    assert row["assistant_words"] == 6.5
    assert row["assistant_questions"] == 0.5
    assert row["politeness"] == pytest.approx(100 * 3 / 13)  # hello, would you, sorry
    assert row["refusals"] == 0.5
    assert not row["resolved"]
    assert row["user_sentiment"] < 0


def test_what_is_not_given_or_not_there_is_no_number() -> None:
    table = conduct([talk("Hi", "Hello", id=1), talk("Is anybody there?", id=2)])
    assert "resolved" not in table
    assert table.loc[2].drop(["turns", "user_sentiment"]).isna().all()
    assert table.loc[2, "user_sentiment"] == 0


def test_resolved_may_be_unknown() -> None:
    assert conduct([talk("Hi", "Hello")] * 2, resolved=[None, True])["resolved"].tolist() == [None, True]


def test_speakers_may_have_other_names() -> None:
    table = conduct([talk("Hi", "Good morning to you", speakers=("Ana", "System"))], user="Ana", assistant="System")
    assert table["assistant_words"].tolist() == [4]
    assert table.index.tolist() == [1]


def test_sentiment_tells_friendly_from_rude() -> None:
    kind, rude = talk("Great, I love it!", "You are wonderful."), talk("This is awful.", "You are a stupid liar.")
    table = conduct([kind, rude])
    for who in ("user_sentiment", "assistant_sentiment"):
        assert table[who].iloc[0] > 0.4
        assert table[who].iloc[1] < -0.4


def test_sentiment_does_not_grow_with_length() -> None:
    once, often = conduct([talk("Hi", "That is a good hotel. " * times) for times in (1, 9)])["assistant_sentiment"]
    assert once == pytest.approx(often)


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("Please wait.", 1),
        ("THANK YOU very much, I appreciate it.", 2),
        ("We apologise; excuse me.", 2),
        ("Could you say when, and would you pay?", 2),
        ("Good morning, and hi!", 2),
        ("A thankless shipment pleases nobody on Thanksgiving.", 0),
        ("", 0),
    ],
)
def test_marks_of_politeness(text: str, marks: int) -> None:
    assert politeness_marks(text) == marks


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't do that.",
        "I’m sorry, I can’t book it",
        "I am unable to book a room under these conditions.",
        "We're not able to take dogs.",
        "I'm afraid that we cannot change it.",
        "I cannot help you with that.",
        "Unfortunately, I won't refund it.",
        "As an AI, I have no opinion.",
    ],
)
def test_a_refusal(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't find any steakhouse.",  # it has tried
        "I am unable to find a train on Sunday.",
        "Sorry, I could not hear you.",
        "I'm sorry to hear that. I can help!",
        "Unfortunately, they cannot book for three nights.",
        "If you can't come, call us.",
        "I can't wait to see you there!",
        "",
    ],
)
def test_no_refusal(text: str) -> None:
    assert not refuses(text)


def test_what_cannot_be_measured_is_said() -> None:
    dialog = talk("Hi", "Hello")
    with pytest.raises(InputError, match="the set is empty"):
        conduct([])
    with pytest.raises(InputError, match="assistant='System' speaks in none of the dialogues; there are 'User', 'Ass"):
        conduct([dialog], assistant="System")
    with pytest.raises(InputError, match="user='User' speaks in none of the dialogues; there are nobody"):
        conduct([Dialog(turns=[])])
    with pytest.raises(InputError, match="resolved has 2 entries for 1 dialogues"):
        conduct([dialog], resolved=[True, False])
    with pytest.raises(InputError, match="resolved has 'Failed' for dialogue 1; give True, False, or None"):
        conduct([dialog], resolved=["Failed"])  # type: ignore[list-item]


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vaderSentiment.vaderSentiment", None)
    with pytest.raises(MissingPackageError, match=r"vaderSentiment is needed to measure sentiment.*\[factory\]"):
        conduct([talk("Hi", "Hello")])


def test_a_turn_without_words_is_a_turn() -> None:
    table = conduct([talk("", " ")])
    assert table["assistant_words"].tolist() == [0]
    assert math.isnan(table["politeness"].iloc[0])
    assert math.isnan(table["assistant_sentiment"].iloc[0])
