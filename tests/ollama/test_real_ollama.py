"""A real Ollama with the real SmolLM2: a server of our own, with a folder and a port of its own."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from langchain_ollama import ChatOllama

from sdkit import DialogGenerator, ask, chat_model, default_model
from sdkit.errors import ModelError, ModelUnavailableError, ReplyError, UnknownModelError
from sdkit.llm import aask, ollama
from sdkit.teaching.lab import free_port

pytestmark = pytest.mark.ollama

NAME = "tiny"
AGES = {"type": "object", "properties": {"age": {"enum": [17, 71]}}, "required": ["age"], "additionalProperties": False}
ENDLESS = {"type": "array", "items": {"type": "integer"}, "minItems": 3000}


@pytest.fixture
def another(own_folder: dict[str, str], here: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[ollama.Server]:
    """Give a second server, with the same models."""
    for name, value in own_folder.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{free_port(11500)}")
    with ollama.serve() as second:
        yield second


@pytest.fixture
def bare(server: ollama.Server) -> ChatOllama:
    """Give LangChain's own client, set up without sdkit."""
    return ChatOllama(model=NAME, base_url=server.url, num_predict=12, seed=3)


@pytest.fixture
def generator(here: None) -> DialogGenerator:
    return DialogGenerator(
        NAME, "Ana asks Tom the way to the station.", speakers=["Ana", "Tom"], turns=(2, 2), examples=()
    )


def in_memory(server: ollama.Server) -> list[str]:
    reply = httpx.get(f"{server.url}/api/ps", trust_env=False)
    return [model["name"] for model in reply.json()["models"]]


# --- the server and its models


def test_the_server_says_what_it_has() -> None:
    (model,) = ollama.models()
    assert (model.name, model.parameters, model.only_embeds) == ("tiny:latest", "134.52M", False)
    assert model.size > 90_000_000
    assert ollama.is_up()
    assert ollama.chat_models() == ["tiny:latest"]
    assert default_model() == "tiny:latest"


@pytest.mark.parametrize("name", ["tiny", "tiny:latest", "Tiny", "library/tiny", "registry.ollama.ai/library/tiny"])
def test_a_name_means_to_us_what_it_means_to_the_server(name: str) -> None:
    assert ollama.check(name).name == "tiny:latest"
    assert ollama.pull(name).name == "tiny:latest"  # it is there: nothing to fetch
    assert ask("How old is Ana?", AGES, model=name)


@pytest.mark.parametrize("name", ["tinny", "tiny:7b", "no/such", "a:b:c", "x" * 90])
def test_a_model_that_is_missing_is_named_with_the_command_that_fetches_it(name: str) -> None:
    assert not ollama.has(name)
    for function in (ollama.check, ollama.unload):
        with pytest.raises(UnknownModelError, match=f"ollama pull {name}"):
            function(name)


def test_to_ask_a_missing_model_names_the_command_that_fetches_it() -> None:
    with pytest.raises(UnknownModelError, match=r"does not have tinny.*ollama pull tinny"):
        ask("Hi", model="tinny")


def test_a_model_is_loaded_when_asked_and_unloaded_on_request(bare: ChatOllama, server: ollama.Server) -> None:
    assert bare.invoke("Hi").text
    assert in_memory(server) == ["tiny:latest"]
    ollama.unload(NAME)
    deadline = time.monotonic() + 10
    while in_memory(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert in_memory(server) == []
    ollama.unload(NAME)  # once more does no harm
    assert bare.invoke("Hi").text


# --- starting and stopping


def test_a_server_that_was_stopped_is_named_as_missing(another: ollama.Server) -> None:
    model = chat_model(NAME)
    assert ollama.has(NAME)
    another.stop()
    with pytest.raises(ModelUnavailableError, match=rf"nothing answers at {another.url}.*ollama serve"):
        ask("Hi", model=model)
    with pytest.raises(ModelUnavailableError, match=rf"nothing answers at {another.url}.*ollama serve"):
        ollama.check(NAME)


def test_a_server_that_goes_away_while_it_answers_is_an_error(another: ollama.Server) -> None:
    model = chat_model(NAME, num_predict=3000).model_copy(update={"format": ENDLESS})
    chunks = model.stream("Count.")
    assert next(chunks).text
    another.stop()
    with pytest.raises((ModelError, httpx.HTTPError)):
        list(chunks)


def test_what_the_server_logs_stays_out_of_sight(another: ollama.Server, capfd: pytest.CaptureFixture[str]) -> None:
    assert chat_model(NAME, num_predict=3).invoke("Hi").text
    another.stop()
    assert capfd.readouterr() == ("", "")


def test_a_second_start_finds_the_first(server: ollama.Server) -> None:
    with ollama.serve() as found:
        assert not found.started_here
    assert ollama.is_up()


def test_a_port_that_is_taken_is_an_error_with_the_end_of_the_log(
    own_folder: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in own_folder.items():
        monkeypatch.setenv(name, value)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ModelUnavailableError, match=r"ended at once.*address already in use"):
            ollama.serve()


# --- answers


def test_a_dialogue_has_its_cast_and_is_the_same_for_the_same_seed(generator: DialogGenerator) -> None:
    first, again, other = generator.generate(1), generator.generate(1), generator.generate(2)
    assert [turn.speaker for turn in first] == ["Ana", "Tom"]
    assert all(turn.text.strip() for turn in first)
    assert first.turns == again.turns
    assert first.turns != other.turns
    made = first.provenance
    assert made is not None
    assert (made.model, made.finish_reason) == (NAME, "stop")
    assert min(made.prompt_tokens or 0, made.completion_tokens or 0) > 20


def test_many_dialogues_at_once_are_all_valid(generator: DialogGenerator) -> None:
    async def many() -> list[Any]:
        return await asyncio.gather(*[generator.agenerate(seed) for seed in range(8)])

    dialogs = asyncio.run(many())
    assert [[turn.speaker for turn in dialog] for dialog in dialogs] == [["Ana", "Tom"]] * 8
    assert [dialog.seed for dialog in dialogs] == list(range(8))
    assert len({str(dialog) for dialog in dialogs}) > 1


def test_a_schema_holds_the_model(bare: ChatOllama) -> None:
    held = bare.model_copy(update={"format": AGES, "num_predict": 60})
    assert json.loads(held.invoke("How old is Ana?").text)["age"] in {17, 71}
    assert ask("How old is Ana?", AGES, model=NAME, seed=1)["age"] in {17, 71}
    assert asyncio.run(aask("How old is Ana?", AGES, model=NAME, seed=1))["age"] in {17, 71}


def test_seeds_decide_what_a_bare_model_says(bare: ChatOllama) -> None:
    said = {seed: bare.model_copy(update={"seed": seed}).invoke("Tell me a story.").text for seed in (0, 1, 2**32 - 2)}
    again = {seed: bare.model_copy(update={"seed": seed}).invoke("Tell me a story.").text for seed in said}
    assert said == again
    assert len(set(said.values())) == 3


def test_streaming_gives_the_same_as_not_streaming(bare: ChatOllama) -> None:
    whole = bare.invoke("Say hello.")
    chunks = [chunk.text for chunk in bare.stream("Say hello.") if chunk.text]

    async def later() -> tuple[str, list[str]]:
        pieces = [chunk.text async for chunk in bare.astream("Say hello.")]
        return (await bare.ainvoke("Say hello.")).text, [piece for piece in pieces if piece]

    assert len(chunks) > 3
    assert "".join(chunks) == whole.text
    assert asyncio.run(later()) == (whole.text, chunks)


def test_a_reply_that_was_cut_is_known_by_its_reason(bare: ChatOllama, server: ollama.Server) -> None:
    cut = bare.model_copy(update={"num_predict": 5}).invoke("Tell me a long story.")
    assert (cut.response_metadata["done_reason"], cut.usage_metadata["output_tokens"]) == ("length", 5)
    with pytest.raises(ReplyError, match="was cut when its tokens ran out") as caught:
        ask("Count.", ENDLESS, model=chat_model(NAME, num_predict=10), attempts=2)
    assert caught.value.raw
    assert len(caught.value.seeds) == 2


def test_a_reply_that_ollama_breaks_off_is_no_reply(bare: ChatOllama) -> None:
    """After thirty equal tokens the server ends the answer, without a last line that would say so.

    Digits are one token each to this model, so that nothing but equal tokens can be drawn.
    """
    sevens = {"type": "string", "pattern": "^7{60}$"}
    counting = bare.model_copy(update={"format": sevens, "num_predict": 200})
    assert "done_reason" not in counting.invoke("Count.").response_metadata
    with pytest.raises(ReplyError, match="broke off"):
        ask("Count.", sevens, model=NAME, attempts=1)


def test_a_schema_that_ollama_cannot_use_is_an_error() -> None:
    with pytest.raises(ModelError, match="invalid JSON schema in format"):
        ask("Hi", {"type": "string", "pattern": "neither ^ nor $"}, model=NAME)


# --- fetching


class Registry(ThreadingHTTPServer):
    """A registry on loopback, with one model of 300 kB that is none, in two layers."""

    def __init__(self) -> None:
        config = json.dumps({"model_format": "gguf", "model_family": "llama", "model_type": "1B"}).encode()
        self.blobs = {f"sha256:{hashlib.sha256(blob).hexdigest()}": blob for blob in (config, bytes(300_000))}
        first, second = (
            {"mediaType": f"application/vnd.{kind}", "digest": digest, "size": len(blob)}
            for kind, (digest, blob) in zip(
                ("docker.container.image.v1+json", "ollama.image.model"), self.blobs.items(), strict=True
            )
        )
        self.manifest = json.dumps({"schemaVersion": 2, "config": first, "layers": [second]}).encode()
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.answer()

            def do_GET(self) -> None:
                self.wfile.write(self.answer())

            def answer(self) -> bytes:
                content = registry.content(self.path)
                start, _, end = self.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
                part = content[int(start) : int(end) + 1 if end else None]
                self.send_response((206 if "range" in self.headers else 200) if content else 404)
                self.send_header("content-length", str(len(part)))
                self.send_header("location", f"http://{self.headers['host']}{self.path}")
                self.end_headers()
                return part

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        super().__init__(("127.0.0.1", 0), Handler)
        self.prefix = f"127.0.0.1:{self.server_port}/school"

    def content(self, path: str) -> bytes:
        if path == "/v2/school/small/manifests/latest":
            return self.manifest
        return self.blobs.get(path.removeprefix("/v2/school/small/blobs/"), b"")


@pytest.fixture
def registry(serve: Callable[[ThreadingHTTPServer], None]) -> Registry:
    registry = Registry()
    serve(registry)
    return registry


def test_a_model_is_pulled_from_a_registry(registry: Registry, server: ollama.Server) -> None:
    name = f"{registry.prefix}/small"
    try:
        model = ollama.pull(name, insecure=True)
        assert (model.name, model.parameters) == (f"{name}:latest", "1B")
        assert model.size > 300_000
        assert ollama.has(name)
    finally:
        httpx.request("DELETE", f"{server.url}/api/delete", json={"model": name}, trust_env=False)


def test_a_model_that_no_registry_has_is_an_error_in_words(registry: Registry) -> None:
    with pytest.raises(UnknownModelError, match=r"there is no model .*/large:latest to pull"):
        ollama.pull(f"{registry.prefix}/large", insecure=True)


def test_a_registry_that_cannot_be_reached_is_an_error_in_words() -> None:
    name = f"127.0.0.1:{free_port(11500)}/school/small"
    with pytest.raises(ModelUnavailableError, match=r"cannot reach the registry.*connection refused"):
        ollama.pull(name, timeout=20)


def test_a_registry_that_hangs_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        name = f"127.0.0.1:{silent.getsockname()[1]}/school/small"
        with pytest.raises(ModelUnavailableError, match=r"said nothing for 0\.5 seconds"):
            ollama.pull(name, insecure=True, timeout=0.5)
    assert ollama.is_up()


def test_a_name_that_ollama_refuses_is_an_error_in_words() -> None:
    with pytest.raises(ModelError, match="refused with the error 400: invalid model name"):
        ollama.pull("a:b:c")
