"""Conversations from seed messages: the files, who says what, and what a failure costs.

Functions stand in for assistant and user where the test is about our own logic.
"""

from __future__ import annotations

import asyncio
import csv
import json
from pathlib import Path
from typing import Any

import pandas
import pytest

from sdkit.assistants import Assistant
from sdkit.dialog import Dialog, Turn
from sdkit.errors import FileError, InputError
from sdkit.messages import load_conversations
from sdkit.persona_files import save_users
from sdkit.personas import UserPersona
from sdkit.simulation import converse_from_seeds
from sdkit.simulation.chat_histories import load_chat_histories, load_seeds, save_chat_histories

Chat = list[dict[str, str]]


def assistant(messages: Chat) -> str:
    return f"answer to {messages[-1]['content']!r}"


def user(messages: Chat) -> str:
    return f"I heard {len(messages)} messages"


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


# -- the CSV file of seeds ---------------------------------------------------------------------------------------------


def test_seeds_as_the_guide_has_them(tmp_path: Path) -> None:
    path = write(tmp_path / "seeds.csv", "What is your refund policy?\nWhat time are you open until?\n")

    assert [seed.text for seed in load_seeds(path)] == ["What is your refund policy?", "What time are you open until?"]


def test_quotes_commas_newlines_a_bom_and_blank_lines_are_no_trouble(tmp_path: Path) -> None:
    path = write(tmp_path / "seeds.csv", '\ufeff"Hi, I ""need"" help\r\nsoon"\r\n\r\nЗдравствуйте\r\n')

    assert [(seed.text, seed.problem) for seed in load_seeds(path)] == [
        ('Hi, I "need" help\r\nsoon', ""),
        ("Здравствуйте", ""),
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("Hello, my kettle leaks", "line 2: has a comma outside quotes; put the message in double quotes"),
        ('"it never ends', "line 2: cannot be read"),
        ('""', "line 2: is empty"),
        ("   ", "line 2: is empty"),
    ],
)
def test_a_broken_row_costs_only_itself(tmp_path: Path, row: str, problem: str) -> None:
    path = write(tmp_path / "seeds.csv", f"one\n{row}\nthree\n")

    first, broken, last = load_seeds(path)

    assert (first.text, broken.text, last.text) == ("one", "", "three")
    assert problem in broken.problem


def test_an_only_row_with_a_comma_is_not_cut(tmp_path: Path) -> None:
    path = write(tmp_path / "seeds.csv", "Hi, I need help\n")

    assert [seed.text for seed in load_seeds(path)] == [""]  # and not "Hi"


def test_further_columns_are_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path / "seeds.csv", '"Hi, there",refund\nopen today?,hours\n')

    assert [seed.text for seed in load_seeds(path)] == ["Hi, there", "open today?"]


@pytest.mark.parametrize("text", ["\n\n", "", " \n"])
def test_a_file_without_rows_is_refused(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "seeds.csv", text)

    with pytest.raises(FileError, match=r"seeds\.csv"):
        load_seeds(path)


# -- who says what -----------------------------------------------------------------------------------------------------


def test_the_user_s_own_words_are_the_user_s_turns(tmp_path: Path) -> None:
    """The guide appended the assistant's text as the user's turn, and threw the user's away."""
    made = converse_from_seeds(["Hi"], assistant, user, tmp_path / "a.jsonl", turns=2, progress=False)

    assert [turn.text for turn in made[0]] == [
        "Hi",
        "answer to 'Hi'",
        "I heard 2 messages",
        "answer to 'I heard 2 messages'",
        "I heard 4 messages",
    ]


def test_both_see_the_conversation_from_their_own_side_with_the_opening_in_it(tmp_path: Path) -> None:
    seen: dict[str, Chat] = {}

    def see(who: str, messages: Chat) -> str:
        seen[who] = messages
        return f"{who} {len(messages)}"

    converse_from_seeds(
        ["Hi"], lambda m: see("bot", m), lambda m: see("user", m), tmp_path / "a.jsonl", turns=2, progress=False
    )

    said = ["Hi", "bot 1", "user 2", "bot 3"]
    assert seen["user"] == [
        {"role": role, "content": text} for role, text in zip(["assistant", "user"] * 2, said, strict=True)
    ]
    assert seen["bot"] == [
        {"role": role, "content": text} for role, text in zip(["user", "assistant", "user"], said[:3], strict=True)
    ]


@pytest.mark.parametrize(("end_on", "count", "last"), [("user", 7, "user"), ("assistant", 6, "assistant")])
def test_where_it_ends(tmp_path: Path, end_on: Any, count: int, last: str) -> None:
    made = converse_from_seeds(["Hi"], assistant, user, tmp_path / "a.jsonl", end_on=end_on, progress=False)

    line = json.loads((tmp_path / "a.jsonl").read_text())
    assert len(made[0]) == count
    assert line["messages"][-1]["role"] == last
    assert [message["role"] for message in line["messages"]] == (["user", "assistant"] * 4)[:count]


def test_all_rows_are_made_at_once_under_a_limit_and_kept_in_their_order(tmp_path: Path) -> None:
    running, most = 0, 0

    async def slow(messages: Chat) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02 if messages[0]["content"] != "seed 0" else 0.1)
        running -= 1
        return "yes"

    seeds = [f"seed {number}" for number in range(9)]
    made = converse_from_seeds(seeds, slow, user, tmp_path / "a.jsonl", turns=1, concurrency=3, progress=False)

    assert most == 3
    assert [dialog[0].text for dialog in made] == seeds
    assert [line.turns[0].text for line in load_conversations(tmp_path / "a.jsonl")] == seeds


def test_a_failing_conversation_costs_only_itself_and_is_tried_again(tmp_path: Path) -> None:
    broken = True

    def moody(messages: Chat) -> str:
        if broken and messages[0]["content"] == "two":
            raise RuntimeError("out of tea")
        return "fine"

    to = tmp_path / "chats.csv"
    first = converse_from_seeds(["one", "two", "three"], moody, user, to, progress=False)
    assert [dialog[0].text for dialog in first] == ["one", "three"]
    assert "out of tea" in first.report.failed["1"]
    assert len(load_chat_histories(to)) == 2

    broken = False
    again = converse_from_seeds(["one", "two", "three"], moody, user, to, progress=False)
    assert again.report.made == 1
    assert [dialog[0].text for dialog in load_chat_histories(to)] == ["one", "two", "three"]


# -- the files that come out -------------------------------------------------------------------------------------------


def test_the_table_with_tabs_is_the_guide_s(tmp_path: Path) -> None:
    to = tmp_path / "synthetic_conversations"
    converse_from_seeds(['Tab\there, "quoted" é'], lambda m: "a\nb", user, to, turns=1, progress=False)

    head, line, end = to.read_text().split("\n")
    assert (head, end) == ("chat_history", "")
    assert line == (
        r'[{"text": "Tab\there, \"quoted\" \u00e9", "role": "USER"}, {"text": "a\nb", "role": "ASSISTANT"}, '
        '{"text": "I heard 2 messages", "role": "USER"}]'
    )
    assert pandas.read_csv(to, sep="\t", quoting=csv.QUOTE_NONE)["chat_history"].map(json.loads).map(len).tolist() == [
        3
    ]


def test_the_csv_file_is_read_by_any_program(tmp_path: Path) -> None:
    to = tmp_path / "chats.csv"
    converse_from_seeds(['Hi, "you"', "two"], assistant, user, to, progress=False)

    table = pandas.read_csv(to)
    assert list(table.columns) == ["chat_history"]
    assert json.loads(table["chat_history"][0])[0] == {"text": 'Hi, "you"', "role": "USER"}
    assert [len(dialog) for dialog in load_chat_histories(to)] == [7, 7]


@pytest.mark.parametrize("name", ["chats.csv", "chats.tsv", "chats"])
def test_tables_are_read_as_they_were_written(tmp_path: Path, name: str) -> None:
    said = [Turn(speaker="user", text='a,b "c"\t\nd'), Turn(speaker="assistant", text="ünï")]
    save_chat_histories(tmp_path / name, [Dialog(turns=said), Dialog(turns=said[:1])])

    assert [dialog.turns for dialog in load_chat_histories(tmp_path / name)] == [said, said[:1]]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.csv", "something\nelse\n", "line 1: has no column chat_history"),
        ("a.csv", "chat_history\nnot JSON\n", "line 2: is no chat history"),
        ("a.tsv", 'chat_history\n[{"text": "x"}]\n', "line 2: is no chat history"),
        ("a.tsv", 'chat_history\n[{"text": "x", "role": "BOSS"}]\n', "line 2: is no chat history"),
        ("a.jsonl", '{"no": 1}\n', "line 1: holds no conversation"),
    ],
)
def test_tables_of_something_else_are_refused(tmp_path: Path, name: str, text: str, problem: str) -> None:
    with pytest.raises(FileError, match=problem):
        load_chat_histories(write(tmp_path / name, text))


# -- arguments ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"turns": 0}, "turns=0"),
        ({"end_on": "nobody"}, "end_on='nobody'"),
        ({"seeds": []}, "seeds="),
        ({"seeds": [1]}, "seeds="),
        ({"to": "a.xlsx"}, "a.xlsx"),
    ],
)
def test_arguments_that_cannot_work(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    given: dict[str, Any] = {"seeds": ["Hi"], "to": tmp_path / "a.jsonl"} | change

    with pytest.raises(InputError, match=problem):
        converse_from_seeds(given.pop("seeds"), assistant, user, given.pop("to"), progress=False, **given)


def test_personas_of_a_file_take_the_rows_in_turn(tmp_path: Path, fake_ollama: Any) -> None:
    people = [
        UserPersona(name=name, description="d", personality="p", scenario=f"{name} wants tea", summary="s")
        for name in ("Ana", "Tom")
    ]
    save_users(tmp_path / "personas.yaml", people)
    fake_ollama.answer = lambda body: '{"text": "And now?"}'

    made = converse_from_seeds(
        ["one", "two", "three"],
        assistant,
        tmp_path / "personas.yaml",
        tmp_path / "a.jsonl",
        turns=1,
        model="qwen2.5:14b",
        progress=False,
    )

    assert [dialog[0].speaker for dialog in made] == ["Ana", "Tom", "Ana"]
    assert ["Tom wants tea" in body["messages"][0]["content"] for body in fake_ollama.received] == [False, True, False]


def test_a_model_without_a_persona_wants_what_the_opening_says(tmp_path: Path, fake_ollama: Any) -> None:
    fake_ollama.answer = lambda body: '{"text": "And now?"}'

    shop = Assistant(name="Kettle", description="sells kettles")
    converse_from_seeds(
        ["My kettle leaks"], shop, None, tmp_path / "a.jsonl", turns=1, model="qwen2.5:14b", progress=False
    )

    of_assistant, of_user = fake_ollama.received
    assert "You are Kettle" in of_assistant["messages"][0]["content"]
    assert of_user["messages"][0]["content"].count("My kettle leaks") == 1
    assert [message["role"] for message in of_user["messages"]] == ["system", "user", "assistant", "user"]
    assert "leaves" not in json.dumps(of_user)  # it has as many turns as were asked for
