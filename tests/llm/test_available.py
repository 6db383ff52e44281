from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sdkit.errors import InputError, ModelUnavailableError, UnknownModelError
from sdkit.llm import ollama, weights
from sdkit.llm.available import available, fetch, megabytes
from sdkit.llm.weights import CATALOGUE, Weights

if TYPE_CHECKING:
    from conftest import FakeOllama

TINY = {"name": "tiny:latest", "size": 120}
FILE = b"GGUF" + bytes(96)


class EnoughError(Exception):
    """What a caller raises who wants no more."""


class Local:
    """A fake source of weights: a hundred bytes in two pieces."""

    def chunks(self, bar: Any) -> Any:
        for part in (FILE[:40], FILE[40:]):
            bar.update(len(part))
            yield part


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    if not request.node.get_closest_marker("embedded"):
        monkeypatch.setenv("SDKIT_CACHE", str(tmp_path))
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    monkeypatch.setitem(CATALOGUE, "local", Weights("local", "local.gguf", len(FILE), sources=(Local(), Local())))
    return tmp_path / "models"


@pytest.fixture
def pulling(fake_ollama: FakeOllama) -> FakeOllama:
    """Let the server fetch a model of two layers."""

    def route(handler: Any) -> None:
        first, second = ({"status": "pulling", "digest": name, "total": size} for name, size in (("a", 100), ("b", 20)))
        said = [{"status": "pulling manifest"}, first, first | {"completed": 100}, second | {"completed": 20}]
        fake_ollama.has(TINY)
        handler._send_lines(json.dumps(line).encode() + b"\n" for line in [*said, {"status": "success"}])

    fake_ollama.routes["POST /api/pull"] = route
    return fake_ollama


def test_models_in_memory_are_told_with_what_they_take_there(fake_ollama: FakeOllama) -> None:
    fake_ollama.has(TINY, loaded=["tiny:latest"])
    assert ollama.running() == {"tiny:latest": 1}
    assert [model.state for model in available()[0] if model.place == "Ollama"] == ["in memory"]


def test_without_ollama_the_embedded_models_are_left_and_the_reason_is_told() -> None:
    models, problem = available(timeout=1)
    assert {model.place for model in models} == {"Python"}
    assert "Start Ollama" in problem
    with pytest.raises(ModelUnavailableError):
        ollama.running()


def test_a_function_is_told_how_far_ollama_is(pulling: FakeOllama) -> None:
    told: list[tuple[int, int | None]] = []
    assert fetch("ollama:tiny", lambda done, total: told.append((done, total))) == "tiny:latest"
    assert told == [(0, None), (0, 100), (100, 100), (120, 120)]


def test_a_function_is_told_how_far_the_weights_are(cache: Path) -> None:
    told: list[tuple[int, int | None]] = []
    assert fetch("embedded:local", lambda done, total: told.append((done, total))) == "embedded:local"
    assert told == [(40, 100), (100, 100)]
    assert (cache / "local.gguf").read_bytes() == FILE


@pytest.mark.parametrize("name", ["tiny", "embedded:local"])
def test_what_that_function_raises_ends_the_fetching(name: str, pulling: FakeOllama, cache: Path) -> None:
    def enough(done: int, total: int | None) -> None:
        if done:
            raise EnoughError

    with pytest.raises(EnoughError):  # and the second source is not asked
        fetch(name, enough)
    assert not list(cache.glob("*"))


def test_what_cannot_be_fetched_says_why() -> None:
    with pytest.raises(InputError, match="openai:gpt-4o answers at its provider"):
        fetch("openai:gpt-4o")
    with pytest.raises(UnknownModelError, match="no embedded model 'nope'"):
        fetch("embedded:nope")


@pytest.mark.embedded
def test_an_embedded_model_that_has_answered_is_in_memory() -> None:
    from sdkit.llm import chat_model, embedded

    embedded.unload()
    assert next(m.state for m in available(1)[0] if m.name.endswith(weights.DEFAULT)) == "here"
    chat_model("embedded", num_predict=1).invoke("Hi")
    assert next(m.state for m in available(1)[0] if m.name.endswith(weights.DEFAULT)) == "in memory"


def test_bytes_are_told_for_people() -> None:
    assert [megabytes(size) for size in (0, 98_362_432, 8_988_124_069)] == ["0 MB", "98 MB", "9.0 GB"]
