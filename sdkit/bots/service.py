"""What happens to a request to a practice bot: it is read, delayed, refused, failed or answered, as the bot is made."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sdkit.bots.rules import KINDS, Kind
from sdkit.errors import SdkitError

if TYPE_CHECKING:
    from sdkit.bots.bot import Habits

Answers = Callable[[Kind, list[Mapping[str, str]]], Awaitable[str]]
PATH = "/v1/chat/completions"
HEADER = "X-Practice-Failure"
"""The header of a request that is to fail; its value is one of `FAILURES`."""
FAILURES = ("429", "500", "timeout", "garbage", "html", "empty")
"""Too many requests; an error; silence, then a 504; broken JSON; a web page; an answer without its content."""
_ROTATING = FAILURES[:4]
_SLOW, _FLAKY, _LIMIT = 2.0, 0.2, 5
"""Seconds, a share, and requests in a window: what the kinds of these names do by themselves."""
_SHAPE = '{"messages": [{"role": "user", "content": "Hello"}]}'


class Service:
    """The service of a practice bot.

    Parameters
    ----------
    habits
        How it serves.
    name
        What its models' names begin with.
    answer
        Returns what a kind of bot says in a conversation.

    Attributes
    ----------
    requests : int
        How many conversations it was asked to go on with.
    """

    def __init__(self, habits: Habits, name: str, answer: Answers) -> None:
        self.requests = 0
        self._habits, self._name, self._answer = habits, name, answer
        self._could_fail = 0
        self._taken: deque[float] = deque()

    def app(self) -> Starlette:
        """Return it as an application."""
        routes = [Route(PATH, self._chat, methods=["POST"]), Route("/v1/models", self._models)]
        return Starlette(routes=routes, exception_handlers={HTTPException: _refused})

    async def _models(self, _: Request) -> Response:
        names = [{"id": f"{self._name}-{kind}", "object": "model", "owned_by": "sdkit"} for kind in KINDS]
        return _json({"object": "list", "data": names})

    async def _chat(self, request: Request) -> Response:
        body = _read(await request.body())
        model = body.get("model")
        kind = self._kind(model)
        self.requests += 1
        number = self.requests
        if failure := request.headers.get(HEADER) or self._next_failure(kind):
            return await self._fail(failure)
        self._take(kind)
        delay = self._habits.delay
        await asyncio.sleep(delay if delay is not None else _SLOW if kind == "slow" else 0)
        try:
            text = await self._answer(kind, body["messages"])
        except SdkitError as error:
            raise HTTPException(502, str(error)) from error
        return _completion(number, model or self._name, {"role": "assistant", "content": text}, body["messages"])

    def _kind(self, model: Any) -> Kind:
        """Return who is to answer; what is no name of ours is anybody's."""
        if not isinstance(model, str | None):
            raise HTTPException(400, "model is no text")
        for kind in KINDS:
            if model in {kind, f"{self._name}-{kind}"}:
                return kind
        if model and model.startswith(f"{self._name}-"):
            raise HTTPException(404, f"there is no model {model!r}; GET /v1/models lists those that there are")
        return self._habits.kind

    def _take(self, kind: Kind) -> None:
        """Take a request, if there is room for it within the limit."""
        limit = self._habits.limit
        if limit is None and kind == "limits":
            limit = _LIMIT
        if limit is None:
            return
        now = time.monotonic()
        while self._taken and self._taken[0] <= now - self._habits.window:
            self._taken.popleft()
        if len(self._taken) >= limit:
            wait = self._taken[0] + self._habits.window - now
            raise HTTPException(429, "too many requests", {"Retry-After": str(math.ceil(wait))})
        self._taken.append(now)

    def _next_failure(self, kind: Kind) -> str | None:
        """Return how this request fails, None if it does not: of every n requests, as many as the share says."""
        failures = self._habits.failures
        share = Fraction(str(failures if failures is not None else _FLAKY if kind == "flaky" else 0))
        if not share:
            return None
        failed = math.floor(self._could_fail * share)
        self._could_fail += 1
        return _ROTATING[failed % len(_ROTATING)] if math.floor(self._could_fail * share) > failed else None

    async def _fail(self, failure: str) -> Response:
        match failure:
            case "429":
                raise HTTPException(429, "too many requests", {"Retry-After": f"{self._habits.retry_after:g}"})
            case "500":
                raise HTTPException(500, "something went wrong, as it was meant to")
            case "timeout":
                await asyncio.sleep(self._habits.silence)
                raise HTTPException(504, "nothing came in time, as it was meant to")
            case "garbage":
                return Response('{"id": "chatcmpl-0", "choices": [{"index": 0, "mess', media_type="application/json")
            case "html":
                return Response("<!doctype html><title>Log in</title><p>Please log in.</p>", media_type="text/html")
            case "empty":
                return _completion(0, self._name, {"role": "assistant"}, [])
        raise HTTPException(400, f"{HEADER}: {failure!r} is no failure; there are {', '.join(FAILURES)}")


def _read(content: bytes) -> dict[str, Any]:
    """Return a request's body, if it is a conversation."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise HTTPException(400, f"the body is not JSON such as {_SHAPE}") from None
    if not isinstance(body, dict):
        raise HTTPException(400, f"the body is not a JSON object such as {_SHAPE}")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise HTTPException(400, f"there are no messages, such as {_SHAPE}")
    for number, message in enumerate(messages):
        fits = isinstance(message, dict) and isinstance(message.get("role"), str)
        if not fits or not isinstance(message.get("content"), str):
            raise HTTPException(400, f'messages[{number}] needs a "role" and a "content", both texts')
    if body.get("stream"):
        raise HTTPException(400, "this bot answers in one piece: leave out stream, or set it to false")
    return body


def _completion(number: int, model: str, said: Mapping[str, str], messages: list[Mapping[str, str]]) -> Response:
    """Return an answer in OpenAI's form; its tokens are words."""
    read = sum(len(message["content"].split()) for message in messages)
    written = len(said.get("content", "").split())
    answer = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": said, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    }
    return _json(answer)


def _json(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    # In ASCII: whatever is in a request, half of a surrogate pair included, can be sent back.
    return Response(json.dumps(content), status, headers, "application/json")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = error.detail
    if request.url.path not in {PATH, "/v1/models"} or error.status_code == 405:
        detail = f"{request.method} {request.url.path} leads nowhere: send a conversation to POST {PATH}"
    told = {"error": {"message": detail, "type": "practice_bot", "code": error.status_code}}
    return _json(told, error.status_code, error.headers)
