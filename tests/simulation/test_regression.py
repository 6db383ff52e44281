"""Old and new answers in saved conversations; functions stand in for the changed assistant."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdkit.dialog import Dialog, Turn
from sdkit.errors import InputError
from sdkit.simulation import regress
from sdkit.simulation.chat_histories import save_chat_histories


def chat(*texts: str, id: int | None = None) -> Dialog:
    names = ["user", "assistant"] * len(texts)
    return Dialog(turns=[Turn(speaker=n, text=t) for n, t in zip(names, texts, strict=False)], dialogId=id)


def echo(messages: list[dict[str, str]]) -> str:
    return f"{len(messages)}: {messages[-1]['content']}"


def test_a_conversation_that_ends_with_the_user_gets_the_next_answer() -> None:
    (answer,) = regress([chat("Hi", "Hello", "Open today?")], echo)

    assert (answer.turn, answer.asked, answer.old, answer.new) == (2, "Open today?", None, "3: Open today?")


def test_one_that_ends_with_the_assistant_gets_its_last_answer_anew() -> None:
    (answer,) = regress([chat("Hi", "Hello", "Open today?", "Yes, until 6", id=7)], echo)

    assert (answer.id, answer.turn, answer.old, answer.new) == (7, 2, "Yes, until 6", "3: Open today?")


def test_a_turn_can_be_named_and_the_history_before_it_stays() -> None:
    (answer,) = regress([chat("Hi", "Hello", "Open today?", "Yes")], echo, turn=1)

    assert (answer.asked, answer.old, answer.new) == ("Hi", "Hello", "1: Hi")


def test_there_has_to_be_such_a_turn() -> None:
    with pytest.raises(InputError, match="turn=3: conversation 0 has places for 2 answers"):
        regress([chat("Hi", "Hello", "Open today?")], echo, turn=3)


def test_an_answer_that_fails_costs_only_itself() -> None:
    def moody(messages: list[dict[str, str]]) -> str:
        if messages[-1]["content"] == "two":
            raise RuntimeError("no")
        return "fine"

    found = regress([chat("one"), chat("two"), chat("three")], moody)

    assert [answer.new for answer in found] == ["fine", None, "fine"]
    assert found.answers[1].problem == "RuntimeError: no"
    assert found.to_frame().shape == (3, 7)


def test_files_of_histories_are_read_and_answers_compared(tmp_path: Path) -> None:
    save_chat_histories(tmp_path / "old.csv", [chat("Hi", "Good day"), chat("Bye", "See you")])

    found = regress(tmp_path / "old.csv", lambda messages: "Good day")

    assert repr(found) == "<2 answers: 1 the same, 1 new, 0 failed>"
    assert found.to_frame()["similarity"].tolist()[0] == 1.0
    assert "<script>" not in regress([chat("<script>")], echo)._repr_mimebundle_()["text/html"]


def test_nothing_to_answer_is_refused() -> None:
    with pytest.raises(InputError, match="no conversations"):
        regress([], echo)
