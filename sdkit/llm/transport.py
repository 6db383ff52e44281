"""The one HTTP layer under every client of a language model.

`install` puts one step before httpx's own transports: a request to ``/api/chat`` whose model is ``embedded...`` is
answered inside this process. So a plain ``ChatOllama(model="embedded")`` works as well as `sdkit.llm.chat_model`, with
streaming, schemas and async, without a server or an open port. All other requests go their way untouched.
"""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import httpx

from sdkit.llm import embedded, protocol

HEADERS = {"content-type": "application/x-ndjson"}
_installing = threading.Lock()


def install() -> None:
    """Let httpx reach the embedded model; calling it again changes nothing."""
    with _installing:
        if getattr(httpx.HTTPTransport.handle_request, "_sdkit", False):
            return
        send, asend = httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request

        def handle_request(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
            body = _embedded_request(request)
            if body is None:
                return send(self, request)
            return httpx.Response(200, headers=HEADERS, stream=_Stream(protocol.Answer(body)))

        async def handle_async_request(self: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
            body = _embedded_request(request)
            if body is None:
                return await asend(self, request)
            stop = threading.Event()
            try:
                answer = await anyio.to_thread.run_sync(protocol.Answer, body, stop, abandon_on_cancel=True)
            except BaseException:
                stop.set()  # cancelled: nobody will close the answer
                raise
            return httpx.Response(200, headers=HEADERS, stream=_AsyncStream(answer))

        handle_request._sdkit = True  # type: ignore[attr-defined]
        httpx.HTTPTransport.handle_request = handle_request  # type: ignore[method-assign]
        httpx.AsyncHTTPTransport.handle_async_request = handle_async_request  # type: ignore[method-assign]


def _embedded_request(request: httpx.Request) -> dict[str, Any] | None:
    """Return the body if the embedded model is to answer."""
    if request.method != "POST" or not request.url.path.endswith("/api/chat"):
        return None
    try:
        body = json.loads(request.content)
    except (ValueError, httpx.RequestNotRead):
        return None
    return body if isinstance(body, dict) and embedded.is_embedded(body.get("model")) else None


class _Stream(httpx.SyncByteStream):
    def __init__(self, answer: protocol.Answer) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer

    def close(self) -> None:
        self._answer.close()


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, answer: protocol.Answer) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (line := await anyio.to_thread.run_sync(next, self._answer, None)) is not None:
            yield line

    async def aclose(self) -> None:
        self._answer.close()
