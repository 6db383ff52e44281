from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sdkit import default_model
from sdkit.errors import InputError, ModelUnavailableError, UnknownModelError, WeightsError
from sdkit.llm import weights
from sdkit.llm.weights import CATALOGUE, Weights
from sdkit.widgets import ModelPicker

if TYPE_CHECKING:
    from conftest import FakeOllama

QWEN = {"name": "qwen2.5:14b", "size": 8_988_124_069, "details": {"parameter_size": "14.8B"}}
TINY = {"name": "tiny:latest", "size": 98_000_000}
EMBEDS = {"name": "nomic-embed-text", "size": 274_000_000}
FILE = b"GGUF" + bytes(2_000_000)


class InPieces:
    """A fake source of weights: half of a file and, when it may go on, the rest."""

    def __init__(self) -> None:
        self.half, self.go_on = threading.Event(), threading.Event()

    def chunks(self, bar: Any) -> Iterator[bytes]:
        for part in (FILE[:1_000_000], FILE[1_000_000:]):
            bar.update(len(part))
            yield part
            self.half.set()
            while not self.go_on.wait(0.02):
                bar.update(0)  # as the real sources do while they wait


@pytest.fixture(autouse=True)
def own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_environment: None) -> None:
    monkeypatch.setenv("SDKIT_MODEL", "")  # so that what a widget sets is undone
    monkeypatch.delenv("SDKIT_MODEL")
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    monkeypatch.setenv("SDKIT_CACHE", str(tmp_path))
    here = CATALOGUE["smollm2-135m"].path
    here.parent.mkdir(parents=True)
    with here.open("wb") as file:
        file.truncate(CATALOGUE["smollm2-135m"].size or 0)  # large enough to look as if it were there


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> InPieces:
    """Put a model into the catalogue that comes in two pieces."""
    source = InPieces()
    entry = Weights("pieces", "pieces.gguf", len(FILE), hashlib.sha256(FILE).hexdigest(), sources=(source,))
    monkeypatch.setitem(CATALOGUE, "pieces", entry)
    return source


def shown(value: str | None = None) -> ModelPicker:
    picker = ModelPicker(value)
    assert picker.wait()
    return picker


def choose(picker: ModelPicker, name: str) -> None:
    """Choose as the browser does."""
    names = [name for _, name in picker.choice.options]
    picker.choice.set_state({"index": names.index(name)})


def fetch(picker: ModelPicker, name: str) -> None:
    picker.name.set_state({"value": name})
    picker.fetch.click()


def soon(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


# -- what there is -----------------------------------------------------------------------------------------------------


def test_the_models_of_ollama_and_of_python_are_listed_with_size_and_state(fake_ollama: FakeOllama) -> None:
    fake_ollama.has(QWEN, TINY, EMBEDS, loaded=("tiny:latest",))

    picker = shown()

    assert [(m.name, m.place, m.state) for m in picker.models] == [
        ("embedded:smollm2-135m", "Python", "here"),
        ("embedded:qwen2.5-coder-0.5b", "Python", "to fetch"),
        ("embedded:qwen2.5-coder-1.5b", "Python", "to fetch"),
        ("qwen2.5:14b", "Ollama", "here"),
        ("tiny:latest", "Ollama", "in memory"),
    ]
    assert "<td>qwen2.5:14b</td><td>Ollama</td><td>9.0 GB</td><td>here</td><td>14.8B" in picker.table.value
    assert "<b>qwen2.5:14b</b> answers, because Ollama is running" in picker.default.value


def test_without_ollama_it_says_what_to_do() -> None:
    picker = shown()
    assert "nothing answers at http://127.0.0.1:1. Start Ollama (`ollama serve`)" in picker.table.value
    assert "<b>embedded:smollm2-135m</b> answers, because nothing answers" in picker.default.value
    assert (picker.value, picker.errors, picker.last_error) == (None, {}, None)


def test_a_server_that_does_not_say_what_is_in_memory_is_listed(fake_ollama: FakeOllama) -> None:
    fake_ollama.has(TINY)
    del fake_ollama.routes["GET /api/ps"]
    assert shown().models[-1].state == "here"


def test_refresh_finds_what_is_new_and_keeps_what_is_chosen(fake_ollama: FakeOllama) -> None:
    fake_ollama.has(TINY)
    picker = shown()
    choose(picker, "tiny:latest")

    fake_ollama.has(QWEN, TINY)
    picker.refresh.click()
    assert picker.wait()

    assert [name for _, name in picker.choice.options][-2:] == ["qwen2.5:14b", "tiny:latest"]
    assert picker.value == picker.choice.value == "tiny:latest"


def test_nobody_waits_for_a_slow_server(fake_ollama: FakeOllama) -> None:
    answer = threading.Event()
    fake_ollama.routes["GET /api/tags"] = lambda handler: (answer.wait(5), handler._send(200, fake_ollama.tags))
    started = time.monotonic()
    picker = ModelPicker()
    assert time.monotonic() - started < 0.5
    assert picker.fetch.disabled
    answer.set()
    assert picker.wait()
    assert not picker.fetch.disabled


def test_names_from_a_server_are_text(fake_ollama: FakeOllama) -> None:
    fake_ollama.has({"name": "<script>alert(1)</script>$x$", "size": 1})
    picker = shown()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;$x$" in picker.table.value
    assert "<script" not in picker.table.value + picker.default.value
    choose(picker, "<script>alert(1)</script>$x$")
    assert "<script" not in picker.static_html()


# -- choosing ----------------------------------------------------------------------------------------------------------


def test_what_is_chosen_is_the_value(fake_ollama: FakeOllama) -> None:
    fake_ollama.has(QWEN)
    picker = shown()
    choose(picker, "qwen2.5:14b")
    assert picker.value == "qwen2.5:14b"
    choose(picker, "")
    assert picker.value is None


def test_a_model_that_is_not_here_leaves_the_value_as_it_is_and_says_what_to_do() -> None:
    picker = shown("embedded:smollm2-135m")

    choose(picker, "embedded:qwen2.5-coder-0.5b")

    assert picker.value == "embedded:smollm2-135m"
    assert "Fetch gets it (491 MB)" in picker.errors["model"]
    assert 'role="alert"' in picker.message.value
    assert picker.name.value == "embedded:qwen2.5-coder-0.5b"

    picker.use.click()
    assert isinstance(picker.last_error, InputError)
    assert "SDKIT_MODEL" not in os.environ

    choose(picker, "embedded:smollm2-135m")
    assert (picker.errors, picker.message.value) == ({}, "")


def test_code_may_choose_any_model_that_could_answer() -> None:
    picker = shown("openai:gpt-4o")
    assert picker.value == picker.choice.value == "openai:gpt-4o"
    choose(picker, "embedded:qwen2.5-coder-0.5b")
    picker.value = " "
    assert (picker.value, picker.choice.value, picker.errors) == (None, "", {})
    with pytest.raises(UnknownModelError, match="no embedded model 'nope'"):
        picker.value = "embedded:nope"
    with pytest.raises(WeightsError, match="is not on this machine"):
        ModelPicker("embedded:qwen2.5-coder-0.5b")
    assert picker.value is None


def test_use_makes_it_the_default_of_the_notebook_and_default_undoes_that(fake_ollama: FakeOllama) -> None:
    fake_ollama.has(QWEN, TINY)
    picker = shown()
    choose(picker, "tiny:latest")

    picker.use.click()
    assert picker.wait()

    assert default_model() == os.environ["SDKIT_MODEL"] == "tiny:latest"
    assert "<b>tiny:latest</b> answers, because SDKIT_MODEL says so" in picker.default.value
    assert "From now on tiny:latest answers in this notebook" in picker.message.value

    choose(picker, "")
    picker.use.click()
    assert picker.wait()

    assert default_model() == "qwen2.5:14b"
    assert "<b>qwen2.5:14b</b> answers, because Ollama is running" in picker.default.value


# -- fetching ----------------------------------------------------------------------------------------------------------


def test_ollama_fetches_a_model_while_the_bar_moves_and_then_it_is_chosen(fake_ollama: FakeOllama) -> None:
    go_on = threading.Event()
    fake_ollama.pulls(TINY, go_on)
    picker = shown()

    fetch(picker, "tiny")

    assert soon(lambda: "49 MB of 98 MB, 50 %" in picker.how_far.value)
    assert '<progress aria-label="Fetched" value="49000000" max="98000000">' in picker.how_far.value
    assert (picker.use.disabled, picker.halt.disabled) == (True, False)
    go_on.set()
    assert picker.wait()
    assert picker.value == picker.choice.value == "tiny:latest"
    assert "tiny:latest is here, and chosen." in picker.message.value
    assert (picker.how_far.value, picker.use.disabled, picker.halt.disabled) == ("", False, True)


def test_stop_ends_the_fetching_and_the_server_knows(fake_ollama: FakeOllama) -> None:
    never, gone = threading.Event(), threading.Event()
    fake_ollama.pulls(TINY, never)
    pull = fake_ollama.routes["POST /api/pull"]

    def until_nobody_listens(handler: Any) -> None:
        try:
            pull(handler)
        finally:
            gone.set()

    fake_ollama.routes["POST /api/pull"] = until_nobody_listens
    picker = shown()
    fetch(picker, "tiny")
    assert soon(lambda: "50 %" in picker.how_far.value)

    picker.halt.click()

    assert picker.wait(2)
    assert gone.wait(2)
    assert "Stopped." in picker.message.value
    assert "tiny: 49 MB of 98 MB, 50 %; Ollama goes on from there next time." in picker.how_far.value
    assert (picker.value, picker.halt.disabled, picker.fetch.disabled) == (None, True, False)


def test_stop_ends_at_once_also_while_the_server_says_nothing(fake_ollama: FakeOllama) -> None:
    silent = threading.Event()
    fake_ollama.routes["POST /api/pull"] = lambda _: silent.wait(30)
    picker = shown()
    fetch(picker, "tiny")

    picker.halt.click()

    assert picker.wait(1)
    assert "nothing has come yet" in picker.how_far.value
    silent.set()


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        (" ", InputError, "say which model to fetch"),
        ("a model", InputError, "is not the name of an Ollama model"),
        ("openai:gpt-4o", InputError, "nothing to fetch"),
        ("embedded:nope", UnknownModelError, "no embedded model"),
        ("tiny", ModelUnavailableError, "Start Ollama"),
    ],
)
def test_what_cannot_be_fetched_is_said_in_the_widget(name: str, error: type[Exception], words: str) -> None:
    picker = shown()
    fetch(picker, name)
    assert picker.wait()
    assert isinstance(picker.last_error, error)
    assert words in picker.message.value
    assert (picker.how_far.value, picker.fetch.disabled) == ("", False)


def test_weights_for_python_are_fetched_and_then_chosen(source: InPieces) -> None:
    picker = shown()
    choose(picker, "embedded:pieces")
    assert picker.errors

    picker.fetch.click()
    assert soon(lambda: "1 MB of 2 MB, 49 %" in picker.how_far.value)
    source.go_on.set()

    assert picker.wait()
    assert weights.find("pieces").is_here()
    assert (picker.value, picker.errors, picker.last_error) == ("embedded:pieces", {}, None)


def test_weights_that_were_stopped_leave_nothing_behind(source: InPieces) -> None:
    picker = shown()
    fetch(picker, "embedded:pieces")
    assert source.half.wait(5)

    picker.halt.click()

    assert picker.wait(2)
    assert "nothing of it is kept" in picker.how_far.value
    assert soon(lambda: not list(weights.models_folder().glob("pieces*")))


# -- where there is no kernel ------------------------------------------------------------------------------------------


def test_the_static_twin_is_the_same_on_every_machine(fake_ollama: FakeOllama) -> None:
    before = shown().static_html()
    fake_ollama.has(QWEN)
    assert shown().static_html() == before
    assert "<td>embedded:smollm2-135m</td><td>98 MB</td>" in before
    assert "the default is chosen" in before
    assert "<b>Model picker</b>: qwen2.5:14b is chosen" in shown("qwen2.5:14b").static_html()
