from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from sdkit.llm import ask, ollama
from sdkit.widgets import ModelPicker

pytestmark = pytest.mark.ollama


@pytest.fixture
def silent_registry() -> Iterator[tuple[str, threading.Event]]:
    """Give the address of a registry that never answers, and an event for when somebody has come."""
    somebody, done = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with server.accept()[0]:
                somebody.set()
                done.wait(30)

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", somebody
        done.set()
        thread.join()


def test_a_model_that_has_answered_is_in_memory() -> None:
    ollama.unload("tiny")
    picker = ModelPicker()
    assert picker.wait()
    assert [(m.name, m.place, m.state) for m in picker.models][-1] == ("tiny:latest", "Ollama", "here")

    ask("Hi", {"type": "boolean"}, model="tiny")
    picker.refresh.click()
    assert picker.wait()

    assert picker.models[-1].state == "in memory"
    assert ollama.running()["tiny:latest"] > 50e6


def test_a_pull_that_gets_no_answer_is_stopped_at_once(silent_registry: tuple[str, threading.Event]) -> None:
    address, somebody = silent_registry
    picker = ModelPicker()
    assert picker.wait()
    picker.name.set_state({"value": f"{address}/school/small"})
    picker.fetch.click()
    assert somebody.wait(20)

    picker.halt.click()

    assert picker.wait(2)
    assert "Stopped." in picker.message.value
    assert picker.last_error is None
