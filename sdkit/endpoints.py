"""Endpoints: assistants behind an address, as a file of YAML says how to ask them.

The form of the file is that of Channel Labs' Synthetic Conversation Generation, with a few more keys that may be left
out. An endpoint is what is tried out, so what it answers is never taken from a recording.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import anyio
from pydantic import BaseModel, ConfigDict, Field, JsonValue, PrivateAttr, ValidationError, field_validator

from sdkit import endpoint_answers as answers
from sdkit.describing import unknown_field
from sdkit.errors import EndpointError, FileError, InputError, first_problem
from sdkit.files import DATA_ENDINGS, file_type, read_data
from sdkit.llm import ollama, retries, transport

if TYPE_CHECKING:
    import httpx

_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]+)\}")

Message = Mapping[str, str]
"""A message of a chat: its role ("user", "assistant", "system") and its content."""


@dataclass(frozen=True)
class Answer:
    """What an endpoint answered.

    Attributes
    ----------
    text : str
        The assistant's message.
    prompt_tokens, completion_tokens : int or None
        As it counted, if it says so in the way of OpenAI or Anthropic.
    seconds : float
        From the first try to the answer.
    tries : int
        How often it was asked.
    """

    text: str
    prompt_tokens: int | None
    completion_tokens: int | None
    seconds: float
    tries: int


class Endpoint(BaseModel):
    """An assistant behind an address, which takes a chat as JSON and answers with JSON.

    Parameters
    ----------
    url
        Where to.
    body
        What goes with each request, such as the name of a model; its ``messages`` are set to the conversation, each
        with ``role`` and ``content``.
    response_path
        Where in the answer the text is: keys and, in lists, numbers from 0.
    headers
        Headers, such as the one with a key.
    timeout
        Seconds for an answer.
    retries
        How often a request that was refused for now (429, 5xx), came to nothing or to nonsense, is made again. None: as
        for language models, 3 times, and 11 times if too many ask at once.
    per_minute
        How many requests in a minute at most.
    system
        Where the assistant's description goes: "message" makes it the first message, of the role "system"; a path, such
        as ["system"], a part of the body. None: it is not sent; the endpoint knows who it is.

    Raises
    ------
    pydantic.ValidationError
        A field that is missing, or of the wrong type. No value is shown: it may be a key.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str
    body: dict[str, JsonValue]
    response_path: Annotated[list[str | int], Field(min_length=1)]
    headers: dict[str, str] = {}
    timeout: float = Field(default=60.0, gt=0, allow_inf_nan=False)
    retries: int | None = Field(default=None, ge=0, le=100)
    per_minute: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    system: Literal["message"] | Annotated[list[str], Field(min_length=1)] | None = None

    _template: dict[str, Any] | None = PrivateAttr(default=None)
    _hidden: tuple[str, ...] = PrivateAttr(default=())
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)
    _next: float = PrivateAttr(default=0.0)

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        if not re.match(r"https?://[^/\s]|\$\{", url):
            raise ValueError("is no address that begins with http:// or https://")
        return url

    # -- files --------------------------------------------------------------------------------------------------------

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Return the endpoint of a dict; ``${NAME}`` in any text of it stands for that environment variable.

        Raises
        ------
        InputError
            It describes no endpoint, or a variable is not set.
        """
        if not isinstance(data, Mapping):
            raise InputError(f"this is no endpoint: url, body and response_path are needed, not {str(data)[:80]!r}")
        if unknown := [str(name) for name in data if name not in cls.model_fields]:
            raise InputError(unknown_field(cls, unknown[0]).message())
        try:
            template = cls.model_validate(data).model_dump()  # while there is no key in it
        except ValidationError as error:
            raise InputError(f"this is no endpoint: {first_problem(error)}") from error
        wanted = sorted(set(_VARIABLE.findall(json.dumps(template))))
        if unset := [name for name in wanted if not os.environ.get(name)]:
            raise InputError(
                f"it needs the environment variable{'s' * (len(unset) > 1)} {', '.join(unset)}, not set or empty. Set "
                f'{"them" if len(unset) > 1 else "it"}, in a notebook by import os; os.environ["{unset[0]}"] = "..."'
            )
        filled = cls.model_validate(_filled(template))
        filled._template = template
        filled._hidden = tuple(os.environ[name] for name in wanted)
        return filled

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read an endpoint from a file that ends in .yaml, .yml or .json, as `from_dict` does.

        Raises
        ------
        FileError
            The file cannot be read, describes no endpoint, or a variable is not set.
        InputError
            The file has another ending.
        """
        data = read_data(path, file_type(path, "auto", DATA_ENDINGS))
        try:
            return cls.from_dict(data)
        except InputError as error:
            raise FileError(path, str(error)) from error

    # -- what may be shown --------------------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """The address, without user, password and what may be secret behind a "?"."""
        return self.hide(ollama.shown(re.sub(r"[?#].*", "", self.url)))

    @property
    def name(self) -> str:
        """What it is called: the model in its body, else its address."""
        model = self.body.get("model")
        return self.hide(model) if isinstance(model, str) and model else self.address

    def about(self) -> dict[str, Any]:
        """Return what shapes its answers; variables are not filled in, and headers left out."""
        said = self._template or {"url": self.address, "body": json.loads(self.hide(json.dumps(self.body)))}
        return {"url": said["url"], "body": said["body"], "system": self.system}

    def hide(self, text: str) -> str:
        """Return a text without the keys that go with the requests."""
        return retries.without(text, [*self._hidden, *retries.secrets_of(self.headers, self.url)])

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Show no keys."""
        return [("url", self.address), ("name", self.name), ("response_path", self.response_path)]

    # -- a request ----------------------------------------------------------------------------------------------------

    def ask(self, messages: Sequence[Message], system: str = "") -> Answer:
        """Send a conversation and return the assistant's next message.

        Parameters
        ----------
        messages
            The conversation so far.
        system
            The assistant's description, for the place that `system` of the endpoint names.

        Raises
        ------
        EndpointError
            It cannot be reached, refuses, or answers with something else.
        """
        steps = self._steps(messages, system)
        seconds = next(steps)
        try:
            while True:
                time.sleep(seconds)
                seconds = steps.send(self._once)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    async def aask(self, messages: Sequence[Message], system: str = "") -> Answer:
        """Do what `ask` does, awaitable."""
        # The waiting is done here, the requests in threads: one client serves all event loops.
        steps = self._steps(messages, system)
        seconds = next(steps)
        while True:
            if seconds:
                await anyio.sleep(seconds)
            step = await anyio.to_thread.run_sync(_advanced, steps, self._once, abandon_on_cancel=True)
            if isinstance(step, Answer):
                return step
            seconds = step

    def _steps(
        self, messages: Sequence[Message], system: str
    ) -> Generator[float, Callable[[bytes], answers.Raw], Answer]:
        """Yield seconds to wait, take what makes a request, and return the answer."""
        content = json.dumps(self._body(messages, system)).encode()
        began = time.perf_counter()
        wait = 0.0
        for tried in itertools.count(1):
            send = yield wait + self._pause()
            raw = send(content)
            problem: EndpointError
            try:
                text, used = answers.read(raw, self.response_path)
                return Answer(text, *used, time.perf_counter() - began, tried)
            except EndpointError as error:
                problem = error
            again = answers.delay(raw, tried, self.retries)
            if again is None:
                often = f" It was asked {tried} times." if tried > 1 else ""
                told = EndpointError(self.hide(f"{self.address} {problem}{often}"))
                told.one_request = problem.one_request
                raise told from None
            retries.logger.warning("%s %s; again in %.1f s", self.address, self.hide(answers.short(raw)), again)
            wait = again
        raise AssertionError  # the count has no end

    def _body(self, messages: Sequence[Message], system: str) -> dict[str, Any]:
        body = json.loads(json.dumps(self.body))
        said = [{"role": message["role"], "content": message["content"]} for message in messages]
        if system and self.system == "message":
            said.insert(0, {"role": "system", "content": system})
        elif system and isinstance(self.system, list):
            *above, last = self.system
            place = body
            for key in above:
                place = place.setdefault(key, {})
                if not isinstance(place, dict):
                    raise InputError(f"system: {self.system} leads into {key!r} of the body, which is no mapping")
            place[last] = system
        return {**body, "messages": said}

    def _pause(self) -> float:
        """Return the seconds to wait so that there are not too many requests in a minute."""
        if self.per_minute is None:
            return 0.0
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next)
            self._next = at + 60 / self.per_minute
            return at - now

    @cached_property
    def _client(self) -> httpx.Client:
        import httpx

        transport.install()  # its log shows no keys
        most = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        limits = httpx.Timeout(self.timeout, connect=min(self.timeout, retries.CONNECT_TIMEOUT), pool=None)
        return httpx.Client(timeout=limits, limits=most)

    def _once(self, content: bytes) -> answers.Raw:
        """Make the request once."""
        import httpx

        headers = {"content-type": "application/json", **self.headers}
        try:
            request = self._client.build_request(
                "POST", self.url, content=content, headers=headers, extensions={transport.DIRECT: True}
            )
        except (httpx.InvalidURL, ValueError, UnicodeError) as error:
            raise InputError("the endpoint's url or one of its headers cannot be sent: look for odd letters") from error
        return answers.fetch(self._client, request, self.timeout)


def _advanced(
    steps: Generator[float, Callable[[bytes], answers.Raw], Answer], send: Callable[[bytes], answers.Raw]
) -> float | Answer:
    try:
        return steps.send(send)
    except StopIteration as end:  # which no thread may pass on to a coroutine
        return end.value  # type: ignore[no-any-return]


def _filled(value: Any) -> Any:
    """Return a value with the environment's variables in all its texts."""
    match value:
        case str():
            return _VARIABLE.sub(lambda found: os.environ[found[1]], value)
        case dict():
            return {_filled(key): _filled(part) for key, part in value.items()}
        case list():
            return [_filled(part) for part in value]
    return value


def endpoint_of(given: Endpoint | str | Path) -> Endpoint:
    """Return an endpoint; a path means the one in that file.

    Raises
    ------
    InputError
        It is neither.
    FileError
        The file holds none.
    """
    if isinstance(given, Endpoint):
        return given
    if not isinstance(given, str | Path):
        raise InputError(f"endpoint={given!r} is neither an Endpoint nor the path of a file with one")
    return Endpoint.from_file(given)
