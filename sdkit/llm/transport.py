"""The one HTTP layer under every client of a language model.

`install` puts one step before the transports of httpx and httpx2, which all clients here are built on. So a plain
``ChatOllama(...)`` or ``ChatOpenAI(...)`` cell gets the same as `sdkit.llm.chat_model`, with streaming, schemas and
async:

- a lesson's request is answered by its recording (`sdkit.llm.playback`);
- a request to a model named ``embedded...`` is answered inside this process;
- others get a time limit, and are made again a few times where the server is busy or fails;
- what comes back is looked at: a web page or a redirect is no answer, and no error repeats a key.

Requests that are none to a language model go their way untouched.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
import threading
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import httpx

from sdkit.llm import ollama, wire
from sdkit.llm.exchange import Exchange, Heard, listening

__all__ = ["DIRECT", "Heard", "install", "listening"]

DIRECT = "sdkit-direct"
"""The extension of a request that goes its way untouched, whatever it looks like: an endpoint that is tried out."""

_installing = threading.Lock()


def install() -> None:
    """Let the clients' requests come through here; calling it again changes nothing."""
    with _installing:
        if getattr(httpx.HTTPTransport.handle_request, "_sdkit", False):
            return
        _patch(httpx)
        if importlib.util.find_spec("httpx2"):  # newer clients, such as openai 3, are built on it
            _patch(importlib.import_module("httpx2"))


def _patch(http: Any) -> None:
    send, asend = http.HTTPTransport.handle_request, http.AsyncHTTPTransport.handle_async_request
    lines = _stream_class(http)

    def handle_request(self: Any, request: Any) -> Any:
        if not _is_call(request, http):
            return send(self, request)
        return Exchange(http, lines, request).run(lambda r: send(self, r))

    async def handle_async_request(self: Any, request: Any) -> Any:
        if not _is_call(request, http):
            return await asend(self, request)
        _leave_other_loops(self)
        return await Exchange(http, lines, request).arun(lambda r: asend(self, r))

    handle_request._sdkit = True  # type: ignore[attr-defined]
    logging.getLogger(http.__name__).addFilter(_without_secrets)
    http.HTTPTransport.handle_request = handle_request
    http.AsyncHTTPTransport.handle_async_request = handle_async_request


def _leave_other_loops(transport: Any) -> None:
    """Forget idle connections of another event loop: using one of them fails.

    A notebook has one loop, and each `asyncio.run` makes another; models, and with them their connections, outlive it.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # trio
        return
    last = getattr(transport, "_sdkit_loop", None)
    if last is not None and last() is not loop:
        pool = getattr(transport, "_pool", None)
        connections = getattr(pool, "_connections", None)
        if isinstance(connections, list):
            connections[:] = [connection for connection in connections if not connection.is_idle()]
    transport._sdkit_loop = weakref.ref(loop)


def _is_call(request: Any, http: Any) -> bool:
    if request.method != "POST" or not request.url.path.endswith(wire.PATHS) or request.extensions.get(DIRECT):
        return False
    try:
        return wire.is_call(request.url.path, request.content)
    except http.RequestNotRead:
        return False


def _without_secrets(record: logging.LogRecord) -> bool:
    """Take user, password and query out of the addresses that httpx logs."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            ollama.shown(str(part.copy_with(password=None))) if hasattr(part, "copy_with") else part
            for part in record.args
        )
    return True


def _stream_class(http: Any) -> Any:
    class Lines(http.SyncByteStream, http.AsyncByteStream):  # type: ignore[misc]
        """The lines of an answer that is made here, in both forms."""

        def __init__(self, answer: Any) -> None:
            self._answer = answer

        def __iter__(self) -> Iterator[bytes]:
            yield from self._answer

        def close(self) -> None:
            self._answer.close()

        async def __aiter__(self) -> AsyncIterator[bytes]:
            while (line := await anyio.to_thread.run_sync(next, self._answer, None)) is not None:
                yield line

        async def aclose(self) -> None:
            self._answer.close()

    return Lines
