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
import contextlib
import importlib
import importlib.util
import itertools
import json
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import anyio
import httpx

from sdkit.errors import InputError, NotRecordedError
from sdkit.llm import bridge, embedded, playback, protocol, retries, wire

_installing = threading.Lock()


@dataclass
class Heard:
    """What a request came to.

    Attributes
    ----------
    model : str or None
        Who answered, where that is another one than was named.
    replayed : bool
        Whether a recording answered.
    retries : int
        How often the request was made again.
    """

    model: str | None = None
    replayed: bool = False
    retries: int = 0


_heard: ContextVar[Heard | None] = ContextVar("sdkit_heard", default=None)


@contextlib.contextmanager
def listening() -> Iterator[Heard]:
    """Hear what the requests within come to; the last one counts."""
    heard = Heard()
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


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
        return _Conversation(http, lines, request).run(lambda r: send(self, r))

    async def handle_async_request(self: Any, request: Any) -> Any:
        _leave_other_loops(self)
        if not _is_call(request, http):
            return await asend(self, request)
        return await _Conversation(http, lines, request).arun(lambda r: asend(self, r))

    handle_request._sdkit = True  # type: ignore[attr-defined]
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
    if request.method != "POST" or not request.url.path.endswith(wire.PATHS):
        return False
    try:
        return bool(request.content)
    except http.RequestNotRead:
        return False


Make = Callable[[threading.Event], Iterator[bytes]]


@dataclass
class _Step:
    """Something to wait for, in the plain way or in the async one."""

    now: Callable[[Callable[[Any], Any]], Any]
    later: Callable[[Callable[[Any], Any]], Any]


def _send(request: Any) -> _Step:
    return _Step(lambda send: send(request), lambda asend: asend(request))


def _read(response: Any) -> _Step:
    return _Step(lambda _: response.read(), lambda _: response.aread())


def _close(response: Any) -> _Step:
    return _Step(lambda _: response.close(), lambda _: response.aclose())


def _wait(seconds: float) -> _Step:
    return _Step(lambda _: retries.sleep(seconds), lambda _: anyio.sleep(seconds))


def _work(make: Make) -> _Step:
    """Start something that blocks, and can be stopped."""

    async def later(_: Any) -> Any:
        stop = threading.Event()
        try:
            return await anyio.to_thread.run_sync(make, stop, abandon_on_cancel=True)
        except BaseException:
            stop.set()  # cancelled: nobody will close the answer
            raise

    return _Step(lambda _: make(threading.Event()), later)


# A request without any of these in it is answered neither by a recording nor by the embedded model.
_MARKS = (f'"{playback.PLACEHOLDER}'.encode(), f'"{embedded.PREFIX}'.encode())

Steps = Generator[_Step, Any, Any]


class _Conversation:
    """What happens to one request, as steps that the plain and the async form of a client both can take."""

    def __init__(self, http: Any, lines: Any, request: Any) -> None:
        self.http, self.lines, self.request = http, lines, request
        self.heard = _heard.get() or Heard()
        self.heard.model, self.heard.replayed, self.heard.retries = None, False, 0

    @cached_property
    def call(self) -> wire.Call:
        """The request, read: some hundred microseconds that most requests can do without."""
        return wire.call_of(self.request.url.path, self.request.content)

    def run(self, send: Callable[[Any], Any]) -> Any:
        """Take the steps."""
        steps, result, failure = self.steps(), None, None
        while True:
            try:
                step = steps.send(result) if failure is None else steps.throw(failure)
            except StopIteration as end:
                return end.value
            result = failure = None
            try:
                result = step.now(send)
            except Exception as error:  # noqa: BLE001 - whoever asked for the step decides
                failure = error

    async def arun(self, asend: Callable[[Any], Any]) -> Any:
        """Take the steps, awaiting each."""
        steps, result, failure = self.steps(), None, None
        while True:
            try:
                step = steps.send(result) if failure is None else steps.throw(failure)
            except StopIteration as end:
                return end.value
            result = failure = None
            try:
                result = await step.later(asend)
            except Exception as error:  # noqa: BLE001
                failure = error

    def steps(self) -> Steps:
        mode = playback.mode()
        if mode != "replay" and not any(mark in self.request.content for mark in _MARKS):
            return (yield from self._over_the_network(self.request))
        lesson = playback.lesson_of(self.call.model)
        if lesson is not None:
            return (yield from self._of_lesson(lesson))
        if mode == "replay":
            raise NotRecordedError(
                f"SDKIT_LLM=replay: only recorded answers may be used, and {self.call.model!r} is no lesson's model"
            )
        return (yield from self._live(self.call))

    def _of_lesson(self, lesson: playback.Lesson) -> Steps:
        call = lesson.told_apart(self.call)
        mode = playback.mode()
        answer = lesson.recorded(call, mode)
        if answer is not None:
            content = wire.content_of(call, answer.reply, answer.model)
            if content is None:
                raise NotRecordedError(
                    f"lesson {lesson.name}: the answer to {call.prompt[:60]!r} was recorded "
                    f"{'whole' if call.streams else 'piece by piece'}, and is wanted the other way; record it anew"
                )
            self.heard.model, self.heard.replayed = answer.model, True
            return self._response(*content)
        name, _ = lesson.live_model()
        if mode == "auto":
            lesson.announce()
        self.heard.model = name  # already now, for the words of an error
        response = yield from self._live(call.with_model(name))
        self.heard.model = name  # a provider's client came by here, too
        if mode == "record" and response.status_code == self.http.codes.OK:
            yield _read(response)
            reply = wire.reply_of(call, response.headers.get("content-type", ""), response.text)
            if reply is None:
                raise InputError(f"lesson {lesson.name}: an answer by {name} cannot be recorded: it is cut, or no JSON")
            kept = lesson.record(call, reply, name)
            content = wire.content_of(call, kept.reply, name)
            assert content is not None  # it was kept as it was wanted
            return self._response(*content)
        return response

    def _live(self, call: wire.Call) -> Steps:
        """Ask whoever has this model."""
        body = call.body
        if call.path == wire.OLLAMA and embedded.is_embedded(call.model):
            answer = yield _work(lambda stop: protocol.Answer(body, stop))
            return self.http.Response(200, headers={"content-type": wire.LINES}, stream=self.lines(answer))
        if call.path == wire.OLLAMA and call.model != self.call.model and bridge.reaches(call.model):
            answer = yield _work(lambda stop: bridge.Answer(body, stop))
            return self.http.Response(200, headers={"content-type": wire.LINES}, stream=self.lines(answer))
        request = self.request if call.body is self.call.body else self._with(call)
        return (yield from self._over_the_network(request))

    def _over_the_network(self, request: Any) -> Steps:
        retries.authorise(request)
        retries.limit(request)
        for tried in itertools.count(1):
            why: Any
            try:
                why = response = yield _send(request)
            except Exception as error:
                if not retries.again(error, tried):
                    name = self.heard.model or self.call.model
                    raise retries.in_words(request, error, name, tried) from error
                why, delay = error, retries.pause(tried)
            else:
                if (problem := retries.no_answer(request, response)) is not None:
                    yield _close(response)
                    raise problem
                if response.status_code < self.http.codes.BAD_REQUEST:
                    return response
                yield _read(response)
                wanted = retries.delay(response, tried)
                if wanted is None:
                    return retries.refusal(self.http, request, response)
                delay = wanted
            self.heard.retries += 1
            retries.log(request, why, tried, delay)
            yield _wait(delay)

    def _with(self, call: wire.Call) -> Any:
        """Return the request with the body of another call."""
        headers = [(name, value) for name, value in self.request.headers.items() if name.lower() != "content-length"]
        content = json.dumps(call.with_model(bridge.bare(call.model)).body).encode()
        extensions = dict(self.request.extensions)
        return self.http.Request("POST", self.request.url, headers=headers, content=content, extensions=extensions)

    def _response(self, content_type: str, content: bytes) -> Any:
        return self.http.Response(200, headers={"content-type": content_type}, content=content)


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
