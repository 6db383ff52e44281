from __future__ import annotations

import asyncio
import json
import math
import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import nbformat
import numpy as np
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_ollama import ChatOllama, OllamaEmbeddings

from sdkit import minilm
from sdkit.cli import main
from sdkit.embeddings import embedder, similarities
from sdkit.errors import (
    FileError,
    InputError,
    MissingPackageError,
    ModelError,
    ModelUnavailableError,
    NotRecordedError,
    UnknownModelError,
    WeightsError,
)
from sdkit.llm import available, catalogue, chat_model, playback, retries, transport, weights
from sdkit.llm.cassette import Recording
from sdkit.teaching import recording

if TYPE_CHECKING:
    from conftest import FakeOllama

HAPPY = ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
M = "lesson-42"
PULL = "python -m sdkit models pull all-minilm-l6-v2"


@pytest.fixture
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let there be an empty cache, and nowhere to fetch from."""
    monkeypatch.setenv("SDKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return tmp_path / "cache" / "models"


@pytest.fixture
def words() -> Path:
    """Give the real tokenizer.json; ask for it before `no_weights`."""
    return weights.find("all-minilm-l6-v2").beside[0].path


def vector(text: str) -> list[float]:
    """Return what the fake server says of a text: letters, spaces, and how many."""
    return [text.count("a") / 3, text.count("e") / 3, text.count(" ") / 3, len(text) / 3]


@pytest.fixture
def server(fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> FakeOllama:
    """Let the fake Ollama make embeddings: the bodies of the requests are in `received`."""

    def route(handler: Any) -> None:
        fake_ollama.received.append(handler.body)
        status, reply = 200, {"embeddings": [vector(text) for text in handler.body["input"]]}
        if fake_ollama.queue:
            status, reply = fake_ollama.queue.popleft()
        handler._send(status, json.dumps(reply).encode())

    fake_ollama.routes["POST /api/embed"] = fake_ollama.routes["POST /v1/embeddings"] = route
    monkeypatch.setattr(retries, "sleep", lambda _: None)
    return fake_ollama


# -- which model -------------------------------------------------------------------------------------------------------


def test_a_model_of_langchains_is_taken_as_it_is() -> None:
    own = DeterministicFakeEmbedding(size=8)
    assert embedder(own) is own


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("", "the name of the model is empty"),
        (3, "3 is neither the name of a model nor"),
        (ChatOllama(model="m"), "neither the name of a model nor"),
        ("openai:", "names a provider and no model; write openai:name"),
        ("ollama:", "names a provider and no model; write ollama:name"),
        ("sentence-transformers: ", "names a provider and no model; write sentence-transformers:name"),
        ("a name", "'a name' is not the name of an Ollama model"),
        ("lesson-77", r'lesson 77, which is not open here: run lesson\("77"\) first'),
        ("anthropic:claude", "anthropic:claude cannot be set up"),
    ],
)
def test_what_is_no_model_is_refused_at_the_door(spec: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        embedder(spec)


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("embedded:nope", "there is no embedded model 'nope'"),
        ("embedded:smollm2-135m", "smollm2-135m chats, and makes no embeddings; all-minilm-l6-v2 does"),
    ],
)
def test_an_embedded_model_has_to_be_one_that_embeds(spec: str, problem: str) -> None:
    with pytest.raises(UnknownModelError, match=problem):
        embedder(spec)


def test_nothing_said_means_the_environment_and_then_the_embedded_model(
    no_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WeightsError, match=f"all-minilm-l6-v2 is not on this machine. Fetch it: {PULL}"):
        embedder()
    monkeypatch.setenv("SDKIT_EMBEDDINGS", " ollama:nomic-embed-text ")
    model: Any = embedder()
    assert (model.model, type(model.llm)) == ("nomic-embed-text", OllamaEmbeddings)


@pytest.mark.parametrize(
    ("package", "spec", "told"),
    [
        (
            "sentence_transformers",
            "sentence-transformers:all-mpnet-base-v2",
            r'install -e "\.\[sentence-transformers\]"',
        ),
        ("langchain_openai", "openai:text-embedding-3-small", r'install -e "\.\[openai\]"'),
        ("langchain.embeddings", "mistralai:mistral-embed", "python -m pip install langchain"),
    ],
)
def test_a_missing_package_is_named_with_the_command(
    package: str, spec: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=told):
        embedder(spec)


def test_sentence_transformers_gives_vectors_of_length_one_as_plain_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fake:
        """A fake: only for our own logic. The package is two gigabytes."""

        def __init__(self, name: str) -> None:
            self.name = name

        def encode(self, texts: list[str], normalize_embeddings: bool, show_progress_bar: bool) -> Any:
            assert (normalize_embeddings, show_progress_bar) == (True, False)
            return np.array([[len(text), len(self.name)] for text in texts], dtype=np.float32)

    monkeypatch.setitem(sys.modules, "sentence_transformers", SimpleNamespace(SentenceTransformer=Fake))
    model: Any = embedder("sentence-transformers:some/model")
    assert model.embed_documents(["a", "bcd"]) == [[1.0, 10.0], [3.0, 10.0]]
    assert asyncio.run(model.aembed_query("ab")) == [2.0, 10.0]
    assert model.model == "sentence-transformers:some/model"


# -- the one in this process -------------------------------------------------------------------------------------------


@pytest.mark.embeddings
class TestMiniLM:
    def test_the_cosines_are_those_of_the_models_own_page(self) -> None:
        found = similarities(embedder("embedded").embed_documents(HAPPY))
        assert found[0] == pytest.approx([1, 0.6946, 0.9429, 0.2569], abs=1e-4)

    @pytest.mark.parametrize("spec", [None, "embedded", "embedded:all-minilm-l6-v2"])
    def test_each_of_its_names_gives_vectors_of_384_numbers_and_length_one(self, spec: str | None) -> None:
        model: Any = embedder(spec)
        (found,) = model.embed_documents(["Hello"])
        assert isinstance(model, Embeddings)
        assert model.model == "embedded:all-minilm-l6-v2"
        assert len(found) == 384
        assert math.hypot(*found) == pytest.approx(1)
        assert model.embed_query("Hello") == asyncio.run(model.aembed_query("Hello")) == found

    def test_the_vectors_are_those_of_sentence_transformers(self) -> None:
        # Made with sentence-transformers 6.2 and torch 2.15, from the same weights: how the vectors begin.
        known = {
            "": [-0.118838, 0.048299, -0.002548],
            "x": [-0.09791, -0.064001, -0.023181],
            "漢字かな交じり文": [9.5e-05, 0.089734, 0.013769],
            "word " * 1000: [-0.008124, -0.095586, -0.038673],
        }
        for text, begins in known.items():
            assert embedder().embed_query(text)[:3] == pytest.approx(begins, abs=2e-6)

    def test_its_tokens_are_those_of_the_tokenizers_package(self) -> None:
        # Made with tokenizers 0.23.3, from the same file: accents, scripts, marks, emoji, controls, long words.
        known = json.loads(Path(__file__).with_name("minilm_tokens.json").read_text("utf-8"))
        assert len(known) > 40
        model = minilm._load()
        for text, tokens in known:
            assert model.tokens(text) == tokens, text

    def test_a_vector_depends_neither_on_the_other_texts_nor_on_their_order(self) -> None:
        model = embedder()
        texts = [f"{'Ana asks Tom the way to the station. ' * (number % 7)}{number}" for number in range(60)]
        together = np.array(model.embed_documents(texts))
        alone = np.array([model.embed_query(text) for text in texts])
        backwards = np.array(model.embed_documents(texts[::-1]))[::-1]
        assert np.abs(together - alone).max() < 1e-6
        assert np.abs(together - backwards).max() < 1e-6
        assert model.embed_documents([HAPPY[0], HAPPY[1], HAPPY[0]])[::2] == [model.embed_query(HAPPY[0])] * 2

    def test_it_reads_the_first_256_tokens_and_is_quick_with_the_rest(self) -> None:
        model = embedder()
        first, longer, longest = model.embed_documents([" ".join(["word"] * n) for n in (254, 255, 200_000)])
        assert first == longer == longest
        assert first != model.embed_query(" ".join(["word"] * 253))

    def test_odd_texts_have_vectors_too_and_no_texts_have_none(self) -> None:
        found = np.array(embedder().embed_documents(["", "  \n", "\x00", "\ud800", "😀", "a" * 100_000, "[SEP]"]))
        assert np.isfinite(found).all()
        assert np.abs(found[0] - found[1]).max() == np.abs(found[0] - found[2]).max() == 0
        assert embedder().embed_documents([]) == []

    @pytest.mark.parametrize(
        ("texts", "problem"),
        [("Hello", "give a list of texts"), (["a", None], r"texts\[1\] is not a text: None"), ([["a"]], r"texts\[0\]")],
    )
    def test_what_is_no_list_of_texts_is_refused(self, texts: Any, problem: str) -> None:
        with pytest.raises(InputError, match=problem):
            embedder().embed_documents(texts)

    def test_threads_share_one_model_that_is_loaded_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made = []

        class Counted(minilm.MiniLM):
            def __init__(self, *files: Path) -> None:
                made.append(threading.current_thread())
                super().__init__(*files)

        monkeypatch.setattr(minilm, "MiniLM", Counted)
        monkeypatch.setattr(minilm, "_loaded", {})
        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(lambda _: embedder().embed_documents(HAPPY), range(12)))
        assert len(made) == 1
        assert np.ptp(np.array(found), axis=0).max() < 1e-6

    def test_a_call_works_where_an_event_loop_is_running(self) -> None:
        async def cell() -> list[float]:
            return embedder().embed_query("Hello")

        assert asyncio.run(cell()) == embedder().embed_query("Hello")

    def test_files_that_are_not_the_right_ones_are_named_with_the_command(self, words: Path, no_weights: Path) -> None:
        here = weights.find("all-minilm-l6-v2")
        (beside,) = here.beside
        no_weights.mkdir(parents=True)
        for entry in (beside, here):
            with entry.path.open("wb") as stream:
                stream.truncate(entry.size)
            with pytest.raises(WeightsError, match=f"{entry.file} is corrupt or a different file.*{PULL}"):
                embedder()
            entry.path.write_bytes(b"short")
            with pytest.raises(WeightsError, match=f"{entry.file} has 5 bytes instead of.*{PULL}"):
                embedder()
            if entry is beside:
                shutil.copyfile(words, entry.path)

    def test_without_safetensors_it_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(minilm, "_loaded", {})
        monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
        with pytest.raises(MissingPackageError, match=r"safetensors.* is needed to embed texts inside Python"):
            embedder().embed_query("Hello")


def test_it_is_in_the_catalogue_and_nobody_offers_it_as_a_model_that_chats(
    no_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [model.name for model in available.catalogue()]
    assert "embedded:smollm2-135m" in names
    assert "embedded:all-minilm-l6-v2" not in names
    assert main(["models", "list"]) == 0
    assert "embedded:all-minilm-l6-v2     Python    91 MB to fetch   makes embeddings" in capsys.readouterr().out
    for chat in (chat_model, available.fetch):
        with pytest.raises(UnknownModelError, match="all-minilm-l6-v2 makes embeddings"):
            chat("embedded:all-minilm-l6-v2")
    assert not no_weights.exists()


def test_both_of_its_files_are_pinned_and_fetched(
    no_weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = catalogue.CATALOGUE["all-minilm-l6-v2"]
    assert [len(file.sha256 or "") for file in (entry, *entry.beside)] == [64, 64]

    class Local:
        """A fake source: a few bytes."""

        def __init__(self, content: bytes) -> None:
            self.content = content

        def chunks(self, bar: Any) -> Any:
            yield self.content

    table = weights.Weights("tiny", "tiny.json", 2, sources=(Local(b"{}"),))
    both = weights.Weights("tiny", "tiny.safetensors", 4, sources=(Local(b"1234"),), embeds=True, beside=(table,))
    monkeypatch.setitem(weights.CATALOGUE, "tiny", both)
    with pytest.raises(WeightsError, match="tiny is not on this machine"):
        weights.verified(both)
    assert main(["models", "pull", "tiny"]) == 0
    assert capsys.readouterr().out.strip() == str(no_weights / "tiny.safetensors")
    assert (no_weights / "tiny.json").read_bytes() == b"{}"
    assert both.is_here()
    (no_weights / "tiny.json").unlink()
    assert not both.is_here()
    with pytest.raises(WeightsError, match="models pull tiny"):
        weights.verified(both)


# -- those on servers --------------------------------------------------------------------------------------------------


class TestServed:
    def test_ollama_is_asked_for_some_texts_at_a_time(self, server: FakeOllama) -> None:
        texts = [f"text {'a' * (number % 5)}" for number in range(150)]
        model = embedder("nomic-embed-text")
        assert model.embed_documents(texts) == [vector(text) for text in texts]
        assert [len(body["input"]) for body in server.received] == [64, 64, 22]
        assert {body["model"] for body in server.received} == {"nomic-embed-text"}
        assert asyncio.run(model.aembed_documents(texts[:3])) == [vector(text) for text in texts[:3]]
        assert asyncio.run(model.aembed_query("an a")) == model.embed_query("an a") == vector("an a")
        assert model.embed_documents([]) == []

    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_what_is_wrong_is_said_with_the_command_that_mends_it(
        self, server: FakeOllama, monkeypatch: pytest.MonkeyPatch, asynchronous: bool
    ) -> None:
        def ask() -> Any:
            model = embedder("nomic-embed-text")
            return asyncio.run(model.aembed_query("Hello")) if asynchronous else model.embed_query("Hello")

        server.fail(404, 'model "nomic-embed-text" not found, try pulling it first')
        with pytest.raises(
            UnknownModelError, match=r"Ollama does not have nomic-embed-text.*ollama pull nomic-embed-text"
        ):
            ask()
        server.fail(400, "this model does not support embeddings")
        with pytest.raises(ModelUnavailableError, match="the error 400: this model does not support embeddings"):
            ask()
        server.queue.append((200, {"embeddings": []}))
        with pytest.raises(ModelError, match="nomic-embed-text was given 1 texts, and made 0 embeddings"):
            ask()
        monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
        with pytest.raises(ModelUnavailableError, match=r"nothing answers at .*:1, where nomic-embed-text should be"):
            ask()

    def test_a_busy_server_is_asked_again(self, server: FakeOllama) -> None:
        server.fail(503, "busy", times=2)
        assert embedder("nomic-embed-text").embed_query("Hello") == vector("Hello")
        assert len(server.received) == 3

    def test_a_password_goes_with_the_request_and_is_not_shown(
        self, server: FakeOllama, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OLLAMA_HOST", server.url.replace("//", "//ana:hidden-word@"))
        model: Any = embedder("nomic-embed-text")
        model.embed_query("Hello")
        assert server.heads[-1]["authorization"].startswith("Basic ")
        assert "hidden-word" not in repr(model.llm)

    def test_openai_needs_a_key_which_is_not_shown(self, server: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        with pytest.raises(ModelUnavailableError, match=r"openai:text-embedding-3-small cannot be set up.*API_KEY"):
            embedder("openai:text-embedding-3-small")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-never-to-be-seen-0123456789")
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        model: Any = embedder("openai:text-embedding-3-small")
        model.llm.check_embedding_ctx_length = False  # it would fetch a table to count tokens with
        server.queue.append((401, {"error": {"message": "wrong key sk-never-to-be-seen-0123456789"}}))
        with pytest.raises(ModelUnavailableError, match="text-embedding-3-small refuses the key") as caught:
            model.embed_query("Hello")
        assert "never-to-be-seen" not in str(caught.value)
        server.fail(429, "slowly")
        data = [{"object": "embedding", "index": 0, "embedding": [0.5, 1.0]}]
        server.queue.append((200, {"object": "list", "data": data, "model": "m", "usage": {}}))
        assert model.embed_query("Hello") == [0.5, 1.0]

    def test_replay_lets_no_server_answer(self, server: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SDKIT_LLM", "replay")
        with pytest.raises(NotRecordedError, match="'nomic-embed-text' is no lesson's model"):
            embedder("nomic-embed-text").embed_query("Hello")
        assert server.received == []


# -- lessons -----------------------------------------------------------------------------------------------------------


class Room:
    """A lesson that can be opened again and again, as restarted kernels do."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path, self.log, self._monkeypatch = folder / "42.jsonl", folder / "log", monkeypatch
        monkeypatch.setenv("SDKIT_LLM_LOG", str(self.log))
        transport.install()

    def open(self, mode: str) -> Embeddings:
        self._monkeypatch.setenv("SDKIT_LLM", mode)
        why = ("chat-model", "because the test says so")
        playback.open_lesson(playback.Lesson("42", self.path, lambda: why, lambda _: "a fake"))
        return embedder(M)

    def events(self, kind: str) -> set[str]:
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        return {event[kind] for event in map(json.loads, lines) if kind in event}


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setattr(playback, "_open", {})
    monkeypatch.setenv("SDKIT_EMBEDDINGS", "small-model")
    return Room(tmp_path, monkeypatch)


def test_a_recorded_lesson_is_replayed_without_any_model(
    room: Room, server: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = room.open("record").embed_documents(HAPPY)
    assert recorded == [pytest.approx(vector(text), rel=1e-3) for text in HAPPY]
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    for mode in ("replay", "auto", "record"):
        model = room.open(mode)
        assert model.embed_documents(HAPPY[::-1]) == recorded[::-1]
        assert [asyncio.run(model.aembed_query(text)) for text in HAPPY] == recorded
    assert len(server.received) == 1


def test_live_a_lesson_comes_to_the_same_numbers(room: Room, server: FakeOllama) -> None:
    recorded = room.open("record").embed_documents(HAPPY)
    assert room.open("live").embed_documents(HAPPY) == recorded
    assert len(server.received) == 2


def test_a_text_is_asked_for_and_recorded_once(room: Room, server: FakeOllama) -> None:
    model = room.open("record")
    one, two, again = model.embed_documents(["Cats", "Dogs", "Cats"])
    assert (one, again) == (model.embed_query("Cats"), model.embed_query("Cats"))
    assert one != two
    assert [body["input"] for body in server.received] == [["Cats", "Dogs"]]
    assert [(answer.prompt, answer.model) for answer in Recording(room.path)] == [
        ("Cats", "small-model"),
        ("Dogs", "small-model"),
    ]


def test_a_recorded_text_takes_about_a_kilobyte(
    room: Room, server: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.queue.append((200, {"embeddings": [[0.05] * 384]}))
    room.open("record").embed_query("Cats")
    assert 1024 < len(room.path.read_bytes()) < 1024 + 300


def test_a_lesson_records_embeddings_beside_answers_and_names_both_models(room: Room, server: FakeOllama) -> None:
    room.open("record").embed_documents(["A", "B"])
    server.say("Yes.")
    ChatOllama(model=M, seed=1).invoke("Zebras?")
    kept = Recording(room.path)
    assert [answer.prompt for answer in kept] == ["Zebras?", "A", "B"]
    assert kept.models == ["chat-model", "small-model"]
    assert kept.embedder == "small-model"
    room.open("replay").embed_documents(["A", "B"])
    assert ChatOllama(model=M, seed=1).invoke("Zebras?").text == "Yes."


class TestATextThatIsNotRecorded:
    def test_is_embedded_live_in_auto_and_a_line_says_so_once(
        self, room: Room, server: FakeOllama, capsys: pytest.CaptureFixture[str]
    ) -> None:
        room.open("record").embed_query("Cats")
        model = room.open("auto")
        cats, dogs = model.embed_documents(["Cats", "Dogs"])
        assert (cats, dogs) == (model.embed_query("Cats"), pytest.approx(vector("Dogs"), rel=1e-3))
        model.embed_query("Fish")
        assert capsys.readouterr().out == "Not recorded, so small-model answers now (embeddings).\n"
        assert [body["input"] for body in server.received] == [["Cats"], ["Dogs"], ["Fish"]]
        assert len(Recording(room.path)) == 1

    def test_is_left_to_the_model_of_the_recorded_ones(
        self, room: Room, server: FakeOllama, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        room.open("record").embed_query("Cats")
        monkeypatch.setenv("SDKIT_EMBEDDINGS", "another-model")
        room.open("auto").embed_query("Dogs")
        room.open("live").embed_query("Dogs")
        assert [body["model"] for body in server.received] == ["small-model", "small-model", "another-model"]

    def test_is_named_in_replay_with_the_nearest(self, room: Room, server: FakeOllama) -> None:
        with pytest.raises(NotRecordedError, match=r"42\.jsonl holds no recorded embeddings.*record 42 --missing"):
            room.open("replay").embed_query("Cats")
        room.open("record").embed_documents(["Cats are nice", "Fish"])
        with pytest.raises(
            NotRecordedError, match=r"no recorded embedding of 'Cats are mice'.*recorded 'Cats are nice'"
        ):
            room.open("replay").embed_documents(["Fish", "Cats are mice"])

    def test_gets_the_nearest_recorded_vector_in_a_check_which_finds_all_of_them(
        self, room: Room, server: FakeOllama
    ) -> None:
        nice, _ = room.open("record").embed_documents(["Cats are nice", "Fish"])
        model = room.open("check")
        assert model.embed_documents(["Cats are mice", "Cats are ice"]) == [nice, nice]
        assert room.events("missed") == {"Cats are mice", "Cats are ice"}

    def test_needs_the_weights_and_says_how_to_get_them(
        self, room: Room, no_weights: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SDKIT_EMBEDDINGS")
        with pytest.raises(WeightsError, match=PULL):
            room.open("auto").embed_query("Cats")


def test_which_recorded_texts_nobody_asks_for_is_in_the_log(room: Room, server: FakeOllama) -> None:
    room.open("record").embed_documents(["Cats", "Dogs"])
    keys = {answer.prompt: answer.key for answer in Recording(room.path)}
    assert room.events("recorded") == set(keys.values())
    room.open("replay").embed_query("Dogs")
    assert room.events("played") == {keys["Dogs"]}


def test_an_embedding_that_was_damaged_is_named_with_its_line(room: Room, server: FakeOllama) -> None:
    room.open("record").embed_query("Cats")
    text = room.path.read_text("utf-8")
    for damaged in ('"float16": "?"', '"float16": "QUFB"', '"float16": 5', '"numbers": 5'):
        head, _, _ = text.partition('"float16"')
        room.path.write_text(f"{head}{damaged}}}}}\n", "utf-8")
        with pytest.raises(FileError, match=r"42\.jsonl, line 2: this is no answer of a language model"):
            room.open("replay")


def test_a_client_of_langchains_own_is_sent_to_the_embedder(room: Room, server: FakeOllama) -> None:
    room.open("auto")
    with pytest.raises(InputError, match=r"a lesson's embeddings come from sdkit\.embeddings: embedder\('lesson-42'\)"):
        OllamaEmbeddings(model=M).embed_query("Cats")


@pytest.mark.embeddings
def test_replayed_cosines_are_those_of_the_live_model(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SDKIT_EMBEDDINGS")
    room.open("record").embed_documents(HAPPY)
    replayed = similarities(room.open("replay").embed_documents(HAPPY))
    assert np.array_equal(replayed, similarities(room.open("live").embed_documents(HAPPY)))
    assert np.abs(replayed - similarities(embedder().embed_documents(HAPPY))).max() < 2e-4
    assert Recording(room.path).models == ["embedded:all-minilm-l6-v2"]


def test_a_notebook_with_embeddings_is_recorded_and_checked(
    server: FakeOllama, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDKIT_EMBEDDINGS", "small-model")
    for folder in ("notebooks", "datasets", "output"):
        (tmp_path / folder).mkdir()
    lesson = tmp_path / "notebooks" / "42_cats.ipynb"

    def write(*texts: str) -> None:
        set_up = "from sdkit.embeddings import embedder\nfrom sdkit.teaching import lesson\nMODEL_NAME = lesson('42')"
        codes = [set_up, f"print(embedder(MODEL_NAME).embed_documents({texts!r}))"]
        cells = [nbformat.v4.new_code_cell(code) for code in codes]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), lesson)

    write("Cats", "Dogs")
    outcome = recording.record(lesson, tmp_path, "chat-model")
    assert [recording.readable(answer) for answer in outcome.new] == [
        "Cats  [embedding, small-model]",
        "Dogs  [embedding, small-model]",
    ]
    assert (outcome.problems, len(server.received)) == ([], 1)
    write("Cats", "Fish")
    outcome = recording.check(lesson, tmp_path)
    assert [event["missed"] for event in outcome.missed] == ["Fish"]
    assert [answer.prompt for answer in outcome.unplayed] == ["Dogs"]


# -- comparing ---------------------------------------------------------------------------------------------------------


def test_similarities_are_cosines_of_each_with_each() -> None:
    found = similarities([[2, 0], [3, 3], [0, 0]], [[1, 0], [0, 5], [-1, 0], [1, 1]])
    half = 0.5**0.5
    assert found.shape == (3, 4)
    assert found.tolist() == [
        pytest.approx([1, 0, -1, half]),
        pytest.approx([half, half, -half, 1]),
        pytest.approx([0, 0, 0, 0]),
    ]
    assert np.abs(similarities(np.random.default_rng(1).normal(size=(50, 384)))).max() <= 1


@pytest.mark.parametrize(("a", "b", "shape"), [([], [[1.0]], (0, 1)), ([[1.0]], [], (1, 0)), ([], None, (0, 0))])
def test_nothing_is_similar_to_nothing(a: Any, b: Any, shape: tuple[int, int]) -> None:
    assert similarities(a, b).shape == shape


@pytest.mark.parametrize(
    ("a", "b", "problem"),
    [
        ([[1, 2]], [[1, 2, 3]], "of 2 numbers cannot be compared with vectors of 3: they come from different models"),
        ([[1, 2], [1]], None, "different lengths"),
        ([["a"]], None, "no numbers"),
        ([1, 2], None, "a list of lists of numbers, and these have 1 dimensions"),
    ],
)
def test_vectors_that_cannot_be_compared_are_refused(a: Any, b: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        similarities(a, b)
