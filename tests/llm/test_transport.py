"""The one step before the clients' own transports. The servers here are fakes: only our own logic."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import httpx
import httpx2
import pytest
from langchain_ollama import ChatOllama

from sdkit.llm import transport

if TYPE_CHECKING:
    from conftest import FakeOllama


@pytest.fixture(autouse=True)
def installed() -> None:
    transport.install()


def test_it_is_installed_once() -> None:
    before = httpx.HTTPTransport.handle_request, httpx2.AsyncHTTPTransport.handle_async_request
    transport.install()
    assert before == (httpx.HTTPTransport.handle_request, httpx2.AsyncHTTPTransport.handle_async_request)


@pytest.mark.parametrize("http", [httpx, httpx2], ids=lambda module: module.__name__)
def test_other_requests_go_their_way(fake_ollama: FakeOllama, http: object) -> None:
    client = http.Client(trust_env=False)  # type: ignore[attr-defined]
    with client:
        assert client.get(f"{fake_ollama.url}/api/tags").json() == {"models": []}
        assert client.post(f"{fake_ollama.url}/elsewhere", json={"model": "embedded"}).status_code == 404


@pytest.mark.parametrize("http", [httpx, httpx2], ids=lambda module: module.__name__)
def test_both_libraries_are_seen_to(fake_ollama: FakeOllama, http: object) -> None:
    fake_ollama.fail(503, "busy")
    fake_ollama.say("Hello.")
    body = {"model": "m", "messages": []}
    with http.Client(trust_env=False) as client, transport.listening() as heard:  # type: ignore[attr-defined]
        reply = client.post(f"{fake_ollama.url}/api/chat", json=body)
    assert reply.json()["message"]["content"] == "Hello."
    assert heard.retries == 1


def test_connections_are_kept_but_not_for_another_event_loop(fake_ollama: FakeOllama) -> None:
    fake_ollama.say("Hello.", times=9)
    llm = ChatOllama(model="m", base_url=fake_ollama.url)

    async def twice() -> list[str]:
        return [str((await llm.ainvoke("Hi")).text) for _ in range(2)]

    assert [asyncio.run(twice()) for _ in range(3)] == [["Hello."] * 2] * 3


def test_a_cancelled_request_leaves_the_next_one_alone(fake_ollama: FakeOllama) -> None:
    released = threading.Event()
    fake_ollama.answer = lambda _: str(released.wait(5))
    llm = ChatOllama(model="m", base_url=fake_ollama.url)

    async def story() -> str:
        task = asyncio.create_task(llm.ainvoke("Hi"))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        released.set()
        return str((await llm.ainvoke("Hi again")).text)

    assert asyncio.run(story()) == "True"
