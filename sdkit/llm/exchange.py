"""What happens to one request to a language model, whichever client sends it."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import threading
from collections.abc import Callable, Generator, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import anyio

from sdkit.errors import InputError, NotRecordedError
from sdkit.llm import bridge, embedded, playback, protocol, providers, retries, slots, wire, words


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
    where : str
        The address of the server that was asked; "" if none was.
    pause : float or None
        Seconds that the server asked to wait in the end.
    problem : Exception or None
        What could not be raised through the client.
    cached : callable or None
        Says how many tokens of the prompt were evaluated before, once the answer is there; Ollama's client has no place
        for that.
    """

    model: str | None = None
    replayed: bool = False
    retries: int = 0
    where: str = ""
    pause: float | None = None
    problem: Exception | None = None
    cached: Callable[[], int] | None = None


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


def _claim(hold: slots.Hold) -> _Step:
    return _Step(lambda _: hold.claim(), lambda _: hold.aclaim())


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


# A request without any of these in it goes over the network as it is.
_MARKS = re.compile(rf'"({playback.PLACEHOLDER}|{embedded.PREFIX}|[a-z_]+:)'.encode())

Steps = Generator[_Step, Any, Any]


def _next(steps: Steps, result: Any = None, failure: Exception | None = None) -> tuple[_Step | None, Any]:
    """Return the next step after what the last one came to; after the last of all, None and what they make."""
    try:
        return (steps.send(result) if failure is None else steps.throw(failure)), None
    except StopIteration as end:
        return None, end.value


class Exchange:
    """One request and its answer, as steps that the plain and the async form of a client both can take.

    Parameters
    ----------
    http
        httpx or httpx2.
    lines
        The class of a response's stream that is made here.
    request
        The request.
    """

    def __init__(self, http: Any, lines: Any, request: Any) -> None:
        self.http, self.lines, self.request = http, lines, request
        self.heard = _heard.get() or Heard()
        vars(self.heard).update(vars(Heard()))

    @cached_property
    def call(self) -> wire.Call:
        """The request, read: some hundred microseconds that most requests can do without."""
        return wire.call_of(self.request.url.path, self.request.content)

    def run(self, send: Callable[[Any], Any]) -> Any:
        """Take the steps."""
        steps = self.steps()
        step, value = _next(steps)
        while step is not None:
            result = failure = None
            try:
                result = step.now(send)
            except Exception as error:  # noqa: BLE001 - whoever asked for the step decides
                failure = error
            step, value = _next(steps, result, failure)
        return value

    async def arun(self, asend: Callable[[Any], Any]) -> Any:
        """Take the steps, awaiting each."""
        steps = self.steps()
        step, value = _next(steps)
        while step is not None:
            result = failure = None
            try:
                result = await step.later(asend)
            except Exception as error:  # noqa: BLE001
                failure = error
            step, value = _next(steps, result, failure)
        return value

    def steps(self) -> Steps:
        """Say who answers, and let them."""
        mode = playback.mode()
        if mode != "replay" and not _MARKS.search(self.request.content):
            return (yield from self._over_the_network(self.request))
        lesson = playback.lesson_of(self.call.model)
        if lesson is not None:
            return (yield from self._of_lesson(lesson, mode))
        if mode == "replay":
            raise NotRecordedError(
                f"SDKIT_LLM=replay: only recorded answers may be used, and {self.call.model!r} is no lesson's model"
            )
        return (yield from self._live(self.call))

    def _of_lesson(self, lesson: playback.Lesson, mode: str) -> Steps:
        if self.call.path in wire.EMBEDDINGS:
            raise InputError(f"a lesson's embeddings come from sdkit.embeddings: embedder({lesson.placeholder!r})")
        call = lesson.told_apart(self.call)
        answer = lesson.recorded(call, mode)
        if answer is not None:
            content = wire.content_of(call, answer.reply, answer.model)
            self.heard.model, self.heard.replayed = answer.model, True
            return self._response(*content)
        name, _ = lesson.live_model()
        if mode == "auto":
            lesson.announce()
        self.heard.model = name
        response = yield from self._live(call.with_model(name))
        if mode == "record" and response.status_code == self.http.codes.OK:
            yield _read(response)
            reply = wire.reply_of(call, response.headers.get("content-type", ""), response.text)
            if reply is None:
                raise InputError(f"lesson {lesson.name}: an answer by {name} cannot be recorded: it is cut, or no JSON")
            lesson.record(call, reply, name)
            return self._response(*wire.content_of(call, reply, name))
        return response

    def _live(self, call: wire.Call) -> Steps:
        """Ask whoever has this model."""
        make: Any = None
        if call.path == wire.OLLAMA and embedded.is_embedded(call.model):
            make = protocol.Answer
            if (held := slots.current()) is not None:
                yield _claim(held[0])
        elif call.path == wire.OLLAMA and providers.split(call.model)[0]:
            make = bridge.Answer
        if make is not None:
            answer = yield _work(lambda stop: make(call.body, stop))
            self.heard.cached = getattr(answer, "cached", None)
            return self.http.Response(200, headers={"content-type": wire.LINES}, stream=self.lines(answer))
        if call.body is self.call.body:
            return (yield from self._over_the_network(self.request))
        if not bridge.fits(call.model, call.path, self.request.url):
            raise InputError(
                f"{call.model} answers in this lesson, and cannot be asked through this client, which goes to "
                f"{words.address(self.request)}. Use ChatOllama, or a SDKIT_MODEL of that provider"
            )
        return (yield from self._over_the_network(self._with(call)))

    def _over_the_network(self, request: Any) -> Steps:
        retries.authorise(request)
        retries.limit(request)
        # Failures in mid-answer name the client's own request, not the one with the right model in it.
        self.request.extensions = request.extensions
        self.heard.where = words.address(request)
        for tried in itertools.count(1):
            why: Any
            try:
                why = response = yield _send(request)
            except Exception as error:
                if not retries.again(error, tried):
                    known = words.of_connection(request, error, self.heard.model or self.call.model, tried)
                    if known is error:
                        raise
                    return self._told(known, error)
                why, delay = error, retries.pause(tried)
            else:
                problem = words.of_answer(request, response)
                if problem is not None and not retries.is_busy(response):
                    yield _close(response)
                    return self._told(problem, None)
                if response.status_code < self.http.codes.BAD_REQUEST:
                    return response
                yield _read(response)
                wanted = retries.delay(response, tried)
                if wanted is None:
                    self.heard.pause = retries.asked_pause(response)
                    return retries.refusal(self.http, request, response)
                delay = wanted
            self.heard.retries += 1
            retries.log(request, why, tried, delay)
            yield _wait(delay)

    def _told(self, problem: Exception, cause: Exception | None) -> Any:
        """Raise a problem, in the one form that Anthropic's client does not take for a reason to try again."""
        if self.call.path != wire.ANTHROPIC or "x-stainless-lang" not in self.request.headers:
            raise problem from cause
        self.heard.problem = problem
        body = {"type": "error", "error": {"type": "api_error", "message": str(problem)}}
        return self.http.Response(503, headers={"x-should-retry": "false"}, json=body, request=self.request)

    def _with(self, call: wire.Call) -> Any:
        """Return the request with the body of another call."""
        headers = [(name, value) for name, value in self.request.headers.items() if name.lower() != "content-length"]
        content = json.dumps(call.with_model(providers.split(call.model)[1]).body).encode()
        extensions = dict(self.request.extensions)
        return self.http.Request("POST", self.request.url, headers=headers, content=content, extensions=extensions)

    def _response(self, content_type: str, content: bytes) -> Any:
        return self.http.Response(200, headers={"content-type": content_type}, content=content)
