"""Conversations as lines of chat messages, alone and as where a batch keeps its dialogues."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from sdkit.batch import Batch
from sdkit.dialog import Dialog, Event, Provenance, Stop, Turn
from sdkit.errors import FileError, InputError
from sdkit.jsonl import read_lines
from sdkit.messages import (
    MessagesStore,
    chat_of,
    dialog_of,
    line_of,
    load_conversations,
    roles_of,
    save_conversations,
)

PLAIN = [
    {"messages": [{"role": "user", "content": "My kettle leaks."}, {"role": "assistant", "content": "Oh no."}]},
    {
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "  “Grüß dich” 😀\n\ttwo lines\u2028\u0000 "},
            {"role": "assistant", "content": ""},
            {"role": "assistant", "content": 'Twice: \\ud83d and "quoted".'},
        ]
    },
    {"messages": []},
]


def dialog(*speakers: str | None, **about: Any) -> Dialog:
    return Dialog(turns=[Turn(speaker=one, text=f"{i}") for i, one in enumerate(speakers)], **about)


WHOLE = dialog(
    "Ana",
    "Kim",
    "Ana",
    dialogId=7,
    model="qwen2.5:14b and gpt",
    seed=3,
    complete=True,
    scenario="Her kettle leaks.",
    personas={"Ana": {"name": "Ana", "summary": "a nurse"}, "Kim": {"name": "Kim"}},
    stop=Stop(kind="need_met", reason="She gets another one.", confidence=0.75),
    provenance=Provenance(model="qwen2.5:14b", seed=5, prompt_tokens=70, completion_tokens=11, attempts=2),
    notes={"persona": {"kept": True, "reason": "She is tired."}, "decisions": [{"turn": 1, "confidence": 0.5}]},
)


def written(tmp_path: Path, *lines: Any, end: str = "\n") -> Path:
    path = tmp_path / "talks.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + end, encoding="utf-8")
    return path


# -- plain lines ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("escaped", [True, False])
def test_lines_of_the_original_come_back_byte_for_byte(tmp_path: Path, escaped: bool) -> None:
    path = tmp_path / "talks.jsonl"
    path.write_text("".join(json.dumps(line, ensure_ascii=escaped) + "\n" for line in PLAIN), encoding="utf-8")
    dialogs = load_conversations(path)
    assert [turn.speaker for turn in dialogs[1]] == ["system", "user", "assistant", "assistant"]
    save_conversations(tmp_path / "again.jsonl", dialogs, metadata=False)
    again = (tmp_path / "again.jsonl").read_bytes()
    assert again == b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in PLAIN)
    assert read_lines(tmp_path / "again.jsonl") == PLAIN


def test_without_metadata_a_line_has_messages_and_nothing_else() -> None:
    line = line_of(WHOLE, metadata=False)
    assert list(line) == ["messages"]
    assert line["messages"] == [
        {"role": "user", "content": "0"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": "2"},
    ]


def test_other_spellings_of_json_lines_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "talks.jsonl"
    lines = [b'\xef\xbb\xbf{"messages":[{"content":"Hi.","role":"user"}]}\r', b"", b"  ", b' {"messages": []} ']
    path.write_bytes(b"\n".join(lines))
    assert [len(one) for one in load_conversations(path)] == [1, 0]


def test_a_file_of_nothing_has_no_conversations(tmp_path: Path) -> None:
    assert load_conversations(written(tmp_path, end="")) == []


# -- metadata ---------------------------------------------------------------------------------------------------------


def test_all_that_is_known_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "talks.jsonl"
    save_conversations(path, [WHOLE])
    (back,) = load_conversations(path)
    assert back == WHOLE
    assert back.stop is not None
    assert back.stop.confidence == 0.75
    (line,) = read_lines(path)
    assert list(line) == ["messages", "metadata"]
    about = line["metadata"]
    assert (about["id"], about["user"], about["assistant"], about["tokens"]) == (7, "Ana", "Kim", 81)
    assert about["stop"] == {"kind": "need_met", "reason": "She gets another one.", "confidence": 0.75}


def test_saving_again_changes_nothing(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    save_conversations(first, [WHOLE, dialog("user", "assistant"), dialog("Ana", dialogId="x", complete=False)])
    save_conversations(second, load_conversations(first))
    assert first.read_bytes() == second.read_bytes()


def test_events_come_back_too() -> None:
    told = dialog("Ana", "Kim", events=[Event(agent="guide", action="instruct", text="Be brief.", timestamp=0)])
    assert dialog_of(line_of(told)).events == told.events


def test_what_others_note_beside_a_conversation_is_kept(tmp_path: Path) -> None:
    line = {"messages": PLAIN[0]["messages"], "metadata": {"id": "a", "tokens": 42, "source": {"tool": "x"}, "n": None}}
    path = written(tmp_path, line)
    save_conversations(path, load_conversations(path))
    (back,) = read_lines(path)
    assert back["metadata"] == {"id": "a", "tokens": 42, "source": {"tool": "x"}}


def test_a_conversation_of_which_nothing_is_known_has_an_empty_object() -> None:
    assert line_of(dialog("user", "assistant"))["metadata"] == {}


@pytest.mark.parametrize("metadata", [None, {}, [], ""])
def test_no_metadata_is_as_good_as_empty_ones(metadata: Any) -> None:
    back = dialog_of({**PLAIN[0], "metadata": metadata})
    assert (back.dialogId, back.speakers) == (None, ["user", "assistant"])


def test_metadata_cannot_say_what_was_said() -> None:
    back = dialog_of({**PLAIN[0], "metadata": {"turns": [], "dialogId": 9, "formatVersion": "9", "user": None}})
    assert (len(back), back.dialogId, back.speakers) == (2, None, ["user", "assistant"])


# -- who is who -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("speakers", "roles"),
    [
        (["Ana", "Kim"], ["user", "assistant"]),
        (["user", "assistant"], ["user", "assistant"]),
        (["assistant", "user"], ["assistant", "user"]),
        (["Assistant", "User"], ["assistant", "user"]),
        (["Assistant", "Ana"], ["assistant", "user"]),
        (["Ana", "user"], ["assistant", "user"]),
        (["system", "Ana", "Kim"], ["system", "user", "assistant"]),
        (["system", "user", "assistant"], ["system", "user", "assistant"]),
        (["User", "System"], ["user", "assistant"]),
        (["user", "User"], ["user", "assistant"]),
        ([None, "Kim"], ["user", "assistant"]),
        (["Ana"], ["user"]),
        (["Assistant"], ["assistant"]),
        ([], []),
    ],
)
def test_roles_follow_from_names_and_from_who_begins(speakers: list[str | None], roles: list[str]) -> None:
    one = dialog(*speakers)
    assert list(map(roles_of(one).get, one.speakers)) == roles
    assert [message["role"] for message in chat_of(one)] == roles
    if None not in speakers:
        assert dialog_of(line_of(one)).speakers == speakers


@pytest.mark.parametrize("speakers", [("Ana", "Kim", "Tom"), ("user", "assistant", "Tom"), ("system", "a", "b", "c")])
def test_three_cannot_talk(tmp_path: Path, speakers: tuple[str, ...]) -> None:
    path = tmp_path / "talks.jsonl"
    save_conversations(path, [WHOLE])
    with pytest.raises(InputError, match=f"a user and an assistant; in this dialogue {', '.join(speakers)} speak"):
        save_conversations(path, [dialog("Ana", "Kim"), dialog(*speakers)])
    assert load_conversations(path) == [WHOLE]


# -- broken files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"messages": [}', "is not JSON"),
        ("null", 'holds no conversation: {"messages": .*not .None'),
        ("[]", "holds no conversation"),
        ('"text"', "holds no conversation"),
        ("{}", "holds no conversation"),
        ('{"messages": null}', "holds no conversation"),
        ('{"messages": {"role": "user", "content": "Hi."}}', "holds no conversation"),
        ('{"messages": ["Hi."]}', "message 0 is to have a role .user, assistant, system. and a content; found 'Hi.'"),
        ('{"messages": [{"role": "user", "content": "a"}, {"role": "user"}]}', "message 1 is to have"),
        ('{"messages": [{"role": "user", "content": null}]}', "message 0 is to have"),
        ('{"messages": [{"role": "tool", "content": "a"}]}', "message 0 is to have"),
        ('{"messages": [{"role": ["user"], "content": "a"}]}', "message 0 is to have"),
        ('{"messages": [{"role": "USER", "content": "a"}]}', "message 0 is to have"),
        ('{"messages": [], "metadata": [1]}', "metadata is to be an object"),
        ('{"messages": [], "metadata": {"seed": "x"}}', "metadata: seed: "),
        ('{"messages": [], "metadata": {"stop": {"reason": "x"}}}', "metadata: stop.kind: "),
        ('{"messages": [], "metadata": {"id": [1]}}', "metadata: dialogId"),
        (
            '{"messages": [], "metadata": {"user": "Kim", "assistant": "Kim"}}',
            "gives two roles the same name: Kim, Kim",
        ),
        ('{"messages": [], "metadata": {"user": "assistant"}}', "gives two roles the same name"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = written(tmp_path, PLAIN[0], "", line, PLAIN[0])
    with pytest.raises(FileError, match=says) as caught:
        load_conversations(path)
    assert caught.value.line == 3


def test_half_a_line_at_the_end_is_what_a_killed_writer_left(tmp_path: Path) -> None:
    path = written(tmp_path, PLAIN[0], json.dumps(PLAIN[1])[:-5], end="")
    assert len(load_conversations(path)) == 1


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="does not exist"):
        load_conversations(tmp_path / "none.jsonl")
    with pytest.raises(FileError, match="is a folder"):
        load_conversations(tmp_path)


@pytest.mark.parametrize(
    "bad", [dialog("Ana", notes={"n": float("nan")}), dialog("half \ud800", "Kim")], ids=["nan", "half"]
)
def test_what_cannot_be_written_leaves_the_file_as_it_was(tmp_path: Path, bad: Dialog) -> None:
    path = tmp_path / "talks.jsonl"
    save_conversations(path, [WHOLE])
    with pytest.raises((InputError, FileError)):
        save_conversations(path, [dialog("Ana", "Kim"), bad])
    assert load_conversations(path) == [WHOLE]


# -- batches ----------------------------------------------------------------------------------------------------------


def maker_for(number: int | str) -> Callable[..., Awaitable[Dialog]]:
    async def make(seed: int, id: int | str) -> Dialog:
        return WHOLE.model_copy(update={"dialogId": id, "seed": seed})

    return make


def test_a_batch_keeps_its_dialogues_as_lines_of_messages(tmp_path: Path) -> None:
    store = MessagesStore(tmp_path / "talks.jsonl")
    batch = Batch(range(3), maker_for, store, concurrency=2)
    assert batch.run(progress=False).made == 3
    assert batch.dialogs() == load_conversations(tmp_path / "talks.jsonl")
    assert [line["metadata"]["id"] for line in read_lines(store.path)] == [0, 1, 2]
    assert batch.run(progress=False).made == 0


def test_a_dialogue_of_three_costs_only_itself(tmp_path: Path) -> None:
    def maker(number: int) -> Any:
        return lambda seed, id: dialog("Ana", "Kim", "Tom") if id == 1 else dialog("Ana", "Kim")

    batch = Batch(range(3), maker, MessagesStore(tmp_path / "talks.jsonl"))
    report = batch.run(progress=False)
    assert (report.made, list(report.failed)) == (2, ["1"])
    assert "Ana, Kim, Tom speak" in report.failed["1"]


def test_a_file_of_somebody_elses_is_not_gone_on_with(tmp_path: Path) -> None:
    path = written(tmp_path, *PLAIN)
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"holds dialogues, and no .* says how they were made; choose another"):
        Batch(range(3), maker_for, MessagesStore(path)).run(progress=False)
    assert path.read_bytes() == before


JOB = """
import asyncio, random, sys
from sdkit.batch import Batch
from sdkit.dialog import Dialog, Turn
from sdkit.messages import MessagesStore

async def make(seed, id):
    await asyncio.sleep(random.uniform(0, 0.05))
    print("made", flush=True)
    turns = [Turn(speaker=who, text=f"{id} " + "word " * 2000) for who in ("Ana", "Kim")]
    return Dialog(turns=turns, seed=seed, notes={"id": id})

Batch(range(150), lambda number: make, MessagesStore(sys.argv[1]), concurrency=8).run(progress=False)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_a_batch_that_was_killed_goes_on_and_ends_in_order(tmp_path: Path) -> None:
    path = tmp_path / "talks.jsonl"
    command = [sys.executable, "-c", JOB, str(path)]
    there: set[int] = set()
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as job:
            assert job.stdout is not None
            for _ in range(10):
                job.stdout.readline()
            os.kill(job.pid, signal.SIGKILL)
        now = {line["metadata"]["id"] for line in read_lines(path)}
        assert there <= now  # what was finished stays
        there = now
    assert 0 < len(there) < 150
    subprocess.run(command, check=True, capture_output=True)
    lines = read_lines(path)
    assert [line["metadata"]["id"] for line in lines] == list(range(150))
    assert [line["messages"][0]["content"].split()[0] for line in lines] == [str(i) for i in range(150)]
    assert not list(tmp_path.glob(".*.part"))


def test_half_a_line_is_made_again_and_the_order_is_that_of_the_ids(tmp_path: Path) -> None:
    path = tmp_path / "talks.jsonl"
    ids = ["b", "a", "c"]
    Batch(ids, maker_for, MessagesStore(path)).run(progress=False)
    first = path.read_bytes()
    lines = first.splitlines(keepends=True)
    path.write_bytes(lines[2] + lines[0] + lines[1][:-40])
    report = Batch(ids, maker_for, MessagesStore(path)).run(progress=False)
    assert (report.done, report.made) == (3, 1)
    assert path.read_bytes() == first


def test_a_thousand_conversations_take_no_time(tmp_path: Path) -> None:
    path = tmp_path / "talks.jsonl"
    began = time.process_time()
    save_conversations(path, [WHOLE.model_copy(update={"dialogId": i}) for i in range(1000)])
    assert len(MessagesStore(path).load(range(1000))) == 1000
    assert time.process_time() - began < 3
