"""Lessons and their recordings, through the clients that people use. The models here are fakes: only our own logic."""

from __future__ import annotations

import asyncio
import json
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_ollama import ChatOllama
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from sdkit import ask
from sdkit.errors import FileError, InputError, ModelUnavailableError, NotRecordedError, UnknownModelError
from sdkit.generators import DialogGenerator
from sdkit.llm import playback, retries, transport
from sdkit.llm.cassette import Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import FakeOllama

M = "lesson-42"
SECRET = "sk-never-to-be-seen-0123456789"


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


@pytest.mark.parametrize("mode", ["auto", "record"])
def test_a_model_that_falls_silent_in_mid_answer_is_named(
    room: Room, fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("SDKIT_TIMEOUT", "0.3")
    done = threading.Event()

    def lines(_: dict[str, Any]) -> Iterator[bytes]:
        yield b'{"model": "m", "message": {"role": "assistant", "content": "one"}}\n'
        done.wait(5)

    fake_ollama.stream = lines
    room.open(mode)
    with pytest.raises(ModelUnavailableError, match=r"real-model at http://.* said nothing for 0\.3 s\. Try again"):
        ask("Hello", model=M, seed=1)
    done.set()


def test_two_lessons_may_be_open_at_once(room: Room, counting: FakeOllama, tmp_path: Path) -> None:
    room.open("record")
    other = playback.Lesson("43", tmp_path / "43.jsonl", lambda: ("other-model", ""), lambda _: "")
    playback.open_lesson(other)
    assert ChatOllama(model=M, seed=1).invoke("a").text == "a 1 from real-model"
    assert ChatOllama(model="lesson-43", seed=1).invoke("a").text == "a 2 from other-model"
    assert [len(Recording(tmp_path / f"{number}.jsonl")) for number in (42, 43)] == [1, 1]


def test_ollama_may_be_named_as_the_provider_that_it_is(room: Room, counting: FakeOllama) -> None:
    room.open("auto", live="ollama:qwen2.5:14b")
    assert ChatOllama(model=M, seed=1).invoke("a").text == "a 1 from qwen2.5:14b"


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


class Provider(BaseHTTPRequestHandler):
    """Speaks OpenAI's and Anthropic's protocols, whole and in pieces; each answer has a number."""

    count = 0

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        Provider.count += 1
        said = f"{Provider.count} for {body['model']}"
        if body.get("response_format"):
            said = json.dumps({"name": said})
        pieces = [said[:3], said[3:]]
        kind = "openai" if self.path.endswith("/chat/completions") else "anthropic"
        make = getattr(self, f"{kind}_{'pieces' if body.get('stream') else 'whole'}")
        content = make(pieces).encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream" if body.get("stream") else "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def openai_whole(self, pieces: list[str]) -> str:
        message = {"role": "assistant", "content": "".join(pieces)}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        return json.dumps(
            {"id": f"c{self.count}", "object": "chat.completion", "created": self.count, "model": "gpt"}
            | {"choices": choices}
        )

    def openai_pieces(self, pieces: list[str]) -> str:
        about = {"id": f"c{self.count}", "object": "chat.completion.chunk", "created": self.count, "model": "gpt"}
        deltas = [{"delta": {"content": piece}, "index": 0, "finish_reason": None} for piece in pieces]
        deltas.append({"delta": {}, "index": 0, "finish_reason": "stop"})
        return "".join(f"data: {json.dumps(about | {'choices': [d]})}\n\n" for d in deltas) + "data: [DONE]\n\n"

    def anthropic_whole(self, pieces: list[str]) -> str:
        about = {"id": f"m{self.count}", "type": "message", "role": "assistant", "model": "claude"}
        content = [{"type": "text", "text": "".join(pieces)}]
        usage = {"input_tokens": 1, "output_tokens": 1}
        return json.dumps(
            about | {"content": content, "stop_reason": "end_turn", "stop_sequence": None, "usage": usage}
        )

    def anthropic_pieces(self, pieces: list[str]) -> str:
        start = json.loads(self.anthropic_whole([])) | {"content": [], "stop_reason": None}
        events: list[dict[str, Any]] = [{"type": "message_start", "message": start}]
        events.append({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
        for piece in pieces:
            events.append({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}})
        events.append({"type": "content_block_stop", "index": 0})
        delta = {"stop_reason": "end_turn", "stop_sequence": None}
        events.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 1}})
        events.append({"type": "message_stop"})
        return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def provider(serve: Callable[[ThreadingHTTPServer], None], monkeypatch: pytest.MonkeyPatch) -> str:
    Provider.count = 0
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECRET)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    serve(server)
    return f"http://127.0.0.1:{server.server_port}"


def in_all_ways(llm: Any) -> list[Any]:
    async def later() -> list[str]:
        return [
            str((await llm.ainvoke("later")).text),
            "".join([str(c.text) async for c in llm.astream("later, pieces")]),
        ]

    return [
        llm.invoke("whole").text,
        llm.invoke("whole again").response_metadata.get("finish_reason"),
        "".join(chunk.text for chunk in llm.stream("pieces")),
        asyncio.run(later()),
    ]


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_clients_of_providers_are_replayed_too_and_no_key_is_recorded(
    room: Room, provider: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def llm(url: str) -> Any:
        if kind == "anthropic":
            return ChatAnthropic(model=M, base_url=url, max_retries=0)
        return ChatOpenAI(model=M, base_url=f"{url}/s3cret-folder/v1", seed=1, max_retries=0)

    room.open("record", live=f"{kind}:real")
    recorded = in_all_ways(llm(provider))
    assert recorded[0] == "1 for real"
    asked = Provider.count
    room.open("replay")
    assert in_all_ways(llm("http://127.0.0.1:1")) == recorded
    assert Provider.count == asked == 5
    with pytest.raises(Exception) as caught:  # noqa: PT011 - Anthropic's client wraps what it does not know
        llm("http://127.0.0.1:1").invoke("something else")
    assert "lesson 42 has no recorded answer to 'something else'" in "".join(traceback.format_exception(caught.value))
    assert kind == "anthropic" or isinstance(caught.value, NotRecordedError)
    written = room.path.read_text()
    assert not [word for word in (SECRET, "127.0.0.1", "s3cret-folder", "created", '"id"') if word in written]


def test_a_structured_call_of_openais_client_is_replayed(room: Room, provider: str) -> None:
    def asked(url: str) -> Any:
        return ChatOpenAI(model=M, base_url=f"{url}/v1", seed=1).with_structured_output(Cat).invoke("A cat, please.")

    room.open("record", live="openai:real")
    recorded = asked(provider)
    assert recorded == Cat(name="1 for real")
    room.open("replay")
    assert asked("http://127.0.0.1:1") == recorded


def test_a_lessons_request_can_be_answered_by_a_providers_model(
    room: Room, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{provider}/v1")
    room.open("record", live="openai:gpt-fake")
    assert ask("A cat, please.", Cat, model=M, seed=1) == Cat(name="1 for gpt-fake")
    assert "".join(str(chunk.text) for chunk in ChatOllama(model=M, seed=1).stream("Hello")) == "2 for gpt-fake"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
    room.open("replay")
    assert ask("A cat, please.", Cat, model=M, seed=1) == Cat(name="1 for gpt-fake")
    assert {answer.model for answer in Recording(room.path)} == {"openai:gpt-fake"}
    assert SECRET not in room.path.read_text()


def test_a_silent_provider_is_asked_three_times(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDKIT_TIMEOUT", "0.2")
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.01)
    transport.install()
    done = threading.Event()
    monkeypatch.setattr(Provider, "anthropic_whole", lambda self, pieces: str(done.wait(5)))
    monkeypatch.setattr(Provider, "openai_whole", lambda self, pieces: str(done.wait(5)))
    with pytest.raises(Exception, match=r"claude at http://.* said nothing for 0\.2 s, 3 times"):
        ChatAnthropic(model="claude", base_url=provider).invoke("Hi")
    assert Provider.count == 3
    with pytest.raises(ModelUnavailableError, match=r"claude at http://.* said nothing for 0\.2 s, 3 times"):
        ask("Hi", model=ChatAnthropic(model="claude", base_url=provider))
    with pytest.raises(ModelUnavailableError, match=r"gpt at http://.* said nothing for 0\.2 s, 3 times"):
        ChatOpenAI(model="gpt", base_url=f"{provider}/v1").invoke("Hi")
    assert Provider.count == 9
    done.set()


@pytest.mark.parametrize("live", ["embedded:smollm2-135m", "qwen2.5:14b", "anthropic:claude"])
def test_a_prompt_does_not_go_to_a_provider_that_is_not_the_lessons_model(room: Room, provider: str, live: str) -> None:
    room.open("auto", live=live)
    with pytest.raises(InputError, match=rf"{live} answers in this lesson, and cannot be asked through this client"):
        ChatOpenAI(model=M, base_url=f"{provider}/v1", max_retries=0).invoke("Something private.")
    assert Provider.count == 0


class TestTheBridge:
    """A lesson's request, or a bare ChatOllama's, answered by a provider's model."""

    @pytest.fixture(autouse=True)
    def to_fake(self, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{provider}/v1")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", provider)

    def test_passes_a_stream_on(self, room: Room) -> None:
        room.open("auto", live="openai:gpt-fake")
        chunks = [chunk.text for chunk in ChatOllama(model=M, seed=1).stream("Hello") if chunk.text]
        assert chunks == ["1 f", "or gpt-fake"]

    def test_speaks_of_reasons_as_ollama_does(self, room: Room) -> None:
        room.open("auto", live="anthropic:claude-fake")
        assert ChatOllama(model=M).invoke("Hello").response_metadata["done_reason"] == "stop"

    def test_a_providers_name_may_stand_in_a_bare_cell(self, room: Room) -> None:
        assert ChatOllama(model="openai:gpt-fake").invoke("Hello").text == "1 for gpt-fake"

    @pytest.mark.parametrize("options", [{"num_gpu": 1}, {"mirostat": 2}])
    def test_an_option_that_means_nothing_there_is_refused(self, room: Room, options: dict[str, Any]) -> None:
        with pytest.raises(InputError, match=f"has no option {next(iter(options))}"):
            ChatOllama(model="openai:gpt-fake", **options).invoke("Hello")

    @pytest.mark.parametrize(("status", "error"), [(404, UnknownModelError), (401, ModelUnavailableError)])
    def test_errors_name_the_model_and_the_variable(
        self, room: Room, monkeypatch: pytest.MonkeyPatch, status: int, error: type[Exception]
    ) -> None:
        def refuse(self: Provider) -> None:
            self.send_response(status)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        monkeypatch.setattr(Provider, "do_POST", refuse)
        room.open("auto", live="openai:gpt-fake")
        with pytest.raises(error, match=r"gpt-fake.*OPENAI_API_KEY"):
            ask("Hello", model=M)
        with pytest.raises(error, match=r"gpt-fake.*OPENAI_API_KEY"):
            ChatOllama(model=M).invoke("Hello")
