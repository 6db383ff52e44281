"""Lessons and their recordings, through the clients that people use. The models here are fakes: only our own logic."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from langchain_ollama import ChatOllama
from pydantic import BaseModel

from sdkit import ask
from sdkit.errors import FileError, InputError, NotRecordedError
from sdkit.generators import DialogGenerator
from sdkit.llm import playback, transport
from sdkit.llm.cassette import Recording

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import FakeOllama

M = "lesson-42"


class Cat(BaseModel):
    name: str


class Room:
    """A lesson that can be opened again and again, as restarted kernels do."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path, self._monkeypatch = path, monkeypatch
        transport.install()

    def open(self, mode: str, live: str = "real-model") -> playback.Lesson:
        self._monkeypatch.setenv("SDKIT_LLM", mode)
        lesson = playback.Lesson("42", self.path, lambda: (live, "because the test says so"), lambda _: "a fake")
        playback.open_lesson(lesson)
        return lesson


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setattr(playback, "_open", {})
    return Room(tmp_path / "42.jsonl", monkeypatch)


def numbered(body: dict[str, Any]) -> str:
    """Answer with something that no other request gets."""
    numbered.count += 1  # type: ignore[attr-defined]
    said = f"{body['messages'][-1]['content']} {numbered.count} from {body['model']}"  # type: ignore[attr-defined]
    return json.dumps({"name": said}) if body.get("format") else said


@pytest.fixture
def counting(fake_ollama: FakeOllama) -> FakeOllama:
    numbered.count = 0  # type: ignore[attr-defined]
    fake_ollama.answer = numbered
    return fake_ollama


async def _together() -> list[str]:
    llm = ChatOllama(model=M, seed=1)
    return [str(message.text) for message in await asyncio.gather(*(llm.ainvoke(f"async {i}") for i in range(4)))]


def a_lesson() -> list[Any]:
    """Ask in all the ways there are."""
    llm = ChatOllama(model=M, seed=1)
    return [
        llm.invoke("plain").text,
        "".join(str(chunk.text) for chunk in llm.stream("streamed")),
        asyncio.run(_together()),
        ChatOllama(model=M, seed=1, format=Cat.model_json_schema()).invoke("bare with a format").text,
        ask("asked", Cat, model=M, seed=2),
        ask("asked", Cat, model=M),
        ask("asked", Cat, model=M),
        ChatOllama(model=M).invoke("no seed").text,
        ChatOllama(model=M).invoke("no seed").text,
    ]


def test_a_recorded_lesson_is_replayed_without_any_server(
    room: Room, counting: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.open("record")
    recorded = a_lesson()
    assert {body["model"] for body in counting.received} == {"real-model"}
    assert len(counting.received) == len(Recording(room.path)) == 12
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    for mode in ("replay", "auto", "record", "replay"):
        room.open(mode)
        assert a_lesson() == recorded
    assert len(counting.received) == 12


def test_the_answer_to_a_call_without_a_seed_follows_from_the_request_and_how_often_it_was_made(
    room: Room, counting: FakeOllama
) -> None:
    room.open("live")
    for _ in range(2):
        ChatOllama(model=M).invoke("same")
    ChatOllama(model=M).invoke("other")
    room.open("live")
    for _ in range(2):
        ChatOllama(model=M).invoke("same")
    one, two, three, again, twice = (body["options"]["seed"] for body in counting.received)
    assert (one, two) == (again, twice)
    assert len({one, two, three}) == 3


def test_outside_a_lesson_such_a_call_stays_without_a_seed(room: Room, counting: FakeOllama) -> None:
    room.open("auto")
    ChatOllama(model="another").invoke("same")
    assert "seed" not in counting.received[0].get("options", {})


def test_a_miss_in_replay_names_the_nearest_and_what_differs(room: Room, counting: FakeOllama) -> None:
    room.open("record")
    ChatOllama(model=M, seed=1).invoke("Do you like cats?")
    room.open("replay")
    with pytest.raises(NotRecordedError, match=r"recorded 'Do you like cats\?', now 'Do you like dogs\?'.*d 42 --m"):
        ChatOllama(model=M, seed=1).invoke("Do you like dogs?")
    with pytest.raises(NotRecordedError, match=r"options\.seed: recorded 1, now 2"):
        asyncio.run(ChatOllama(model=M, seed=2).ainvoke("Do you like cats?"))
    with pytest.raises(NotRecordedError, match=r"options\.seed: recorded 1, now 3"):
        ask("Do you like cats?", model=ChatOllama(model=M, seed=3))
    assert len(counting.received) == 1


def test_replay_without_a_recording_says_how_to_make_one(room: Room) -> None:
    room.open("replay")
    with pytest.raises(NotRecordedError, match=r"42\.jsonl holds no recorded answers.*notebooks record 42 --missing"):
        ChatOllama(model=M, seed=1).invoke("Hello")


def test_replay_lets_no_other_model_answer(room: Room, counting: FakeOllama) -> None:
    room.open("replay")
    with pytest.raises(NotRecordedError, match=r"'qwen2\.5:14b' is no lesson's model"):
        ChatOllama(model="qwen2.5:14b").invoke("Hello")
    assert counting.received == []


class TestAMissInAuto:
    def test_says_in_one_line_a_cell_who_answers_and_how_good_that_is(
        self, room: Room, counting: FakeOllama, capsys: pytest.CaptureFixture[str]
    ) -> None:
        room.open("auto")
        llm = ChatOllama(model=M, seed=1)
        assert [llm.invoke("a").text, llm.invoke("b").text] == ["a 1 from real-model", "b 2 from real-model"]
        assert capsys.readouterr().out == "Not recorded, so real-model answers now (a fake).\n"
        assert not room.path.exists()

    def test_passes_a_stream_through_as_it_comes(self, room: Room, fake_ollama: FakeOllama) -> None:
        first_was_read = threading.Event()

        def lines(_: dict[str, Any]) -> Iterator[bytes]:
            yield json.dumps({"model": "m", "message": {"role": "assistant", "content": "one "}}).encode() + b"\n"
            assert first_was_read.wait(10)
            last = {"message": {"role": "assistant", "content": "two"}, "done": True, "done_reason": "stop"}
            yield json.dumps({"model": "m", **last}).encode() + b"\n"

        fake_ollama.stream = lines
        room.open("auto")
        heard = []
        for chunk in ChatOllama(model=M, seed=1).stream("Hello"):
            heard.append(chunk.text)
            first_was_read.set()
        assert "".join(heard) == "one two"


def test_a_dialogue_says_who_answered_and_that_it_was_replayed(room: Room, fake_ollama: FakeOllama) -> None:
    turns = [{"speaker": name, "text": "Hello."} for name in ("Ana", "Tom")]
    fake_ollama.say(json.dumps({"dialog": turns}))
    room.open("record")
    generator = DialogGenerator(M, "Ana and Tom meet.", speakers=["Ana", "Tom"], turns=(2, 2))
    made = generator.generate(1)
    assert (made.model, made.provenance.model, made.provenance.replayed) == (M, "real-model", False)
    assert made.provenance.seconds is not None
    room.open("replay")
    again = generator.generate(1)
    assert again.turns == made.turns
    assert (again.model, again.provenance.model, again.provenance.replayed) == (M, "real-model", True)
    assert again.provenance.seconds is None
    assert "by real-model, seed 1, replayed" in again._repr_mimebundle_()["text/html"]
    assert "real-model" not in repr(again)


def test_what_fails_or_is_cut_off_is_not_recorded(room: Room, fake_ollama: FakeOllama) -> None:
    fake_ollama.fail(404, "model 'real-model' not found")
    room.open("record")
    with pytest.raises(Exception, match="not found"):
        ChatOllama(model=M, seed=1).invoke("Hello")
    fake_ollama.stream = lambda _: iter([b'{"model": "m", "message": {"role": "assistant", "content": "cut"}}\n'])
    with pytest.raises(InputError, match="an answer by real-model cannot be recorded: it is cut"):
        ChatOllama(model=M, seed=1).invoke("Hello")
    assert not room.path.exists()


def test_two_lessons_may_be_open_at_once(room: Room, counting: FakeOllama, tmp_path: Path) -> None:
    room.open("record")
    other = playback.Lesson("43", tmp_path / "43.jsonl", lambda: ("other-model", ""), lambda _: "")
    playback.open_lesson(other)
    assert ChatOllama(model=M, seed=1).invoke("a").text == "a 1 from real-model"
    assert ChatOllama(model="lesson-43", seed=1).invoke("a").text == "a 2 from other-model"
    assert [len(Recording(tmp_path / f"{number}.jsonl")) for number in (42, 43)] == [1, 1]


def test_a_lesson_that_is_not_open_is_named(room: Room) -> None:
    transport.install()
    with pytest.raises(InputError, match=r"'lesson-77' stands for the model of lesson 77.*run lesson\(\"77\"\) first"):
        ChatOllama(model="lesson-77").invoke("Hello")
    with pytest.raises(InputError, match="lesson 77"):
        ask("Hello", model="lesson-77")


def test_a_mode_that_is_none_is_refused(room: Room) -> None:
    room.open("reply")
    with pytest.raises(InputError, match="SDKIT_LLM='reply' will not do: it can be auto, live, record, replay"):
        ChatOllama(model=M).invoke("Hello")


def test_a_broken_recording_is_named_when_the_lesson_is_opened(room: Room) -> None:
    room.path.write_text("<html>")
    with pytest.raises(FileError, match=r"42\.jsonl, line 1"):
        room.open("replay")


def test_what_was_played_and_missed_is_logged(
    room: Room, counting: FakeOllama, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log.jsonl"
    monkeypatch.setenv("SDKIT_LLM_LOG", str(log))
    room.open("record")
    first = ChatOllama(model=M, seed=1).invoke("Do you like cats?").text
    room.open("check")
    assert ChatOllama(model=M, seed=1).invoke("Do you like cats?").text == first
    assert ChatOllama(model=M, seed=1).invoke("Do you like dogs?").text == first
    (key,) = (answer.key for answer in Recording(room.path))
    recorded, played, missed = map(json.loads, log.read_text().splitlines())
    assert (recorded, played) == ({"lesson": "42", "recorded": key}, {"lesson": "42", "played": key})
    assert (missed["missed"], missed["nearest"]) == ("Do you like dogs?", "Do you like cats?")


def test_many_threads_share_one_recording(room: Room, counting: FakeOllama) -> None:
    room.open("record")
    llm = ChatOllama(model=M, seed=1)
    threads = [threading.Thread(target=llm.invoke, args=(f"thread {i}",)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Recording(room.path)) == 12
