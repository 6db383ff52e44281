"""Endpoints: assistants behind an address, as a file of YAML says how to ask them.

The form of the file is that of Channel Labs' Synthetic Conversation Generation, with a few more keys that may be left
out. An endpoint is what is tried out, so what it answers is never taken from a recording.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import re
import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from sdkit import places
from sdkit.describing import unknown_field
from sdkit.endpoints import answers
from sdkit.endpoints.answers import Answer
from sdkit.endpoints.connection import Connection, Filled, check_address, check_headers, content_of
from sdkit.endpoints.keys import changed, filled, values_of
from sdkit.errors import EndpointError, InputError, first_problem
from sdkit.files import load
from sdkit.llm import retries

_GRACE = 1.1  # times the time limit: where it is known what takes too long, that is given up before

__all__ = ["Answer", "Endpoint", "Message", "endpoint_of"]

Message = Mapping[str, str]
"""A message of a chat: its role ("user", "assistant", "system") and its content."""


class Endpoint(BaseModel):
    """An assistant behind an address, which takes a chat as JSON and answers with JSON.

    ``${NAME}`` in any text of it stands for that environment variable. Its fields keep the names; the values, as they
    are when it is made, go into the requests and are never shown.

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
        A field that is missing or cannot work, or a variable that is not set. No value is shown: it may be a key.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, ignored_types=(functools.cached_property,)
    )

    url: str
    body: dict[str, JsonValue]
    response_path: Annotated[list[str | int], Field(min_length=1)]
    headers: dict[str, str] = {}
    timeout: float = Field(default=60.0, gt=0, allow_inf_nan=False)
    retries: int | None = Field(default=None, ge=0, le=100)
    per_minute: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    system: Literal["message"] | Annotated[list[str], Field(min_length=1)] | None = None

    _values: dict[str, str] = PrivateAttr(default_factory=dict)
    _connection: Connection = PrivateAttr(default_factory=Connection)

    @field_validator("headers", mode="before")
    @classmethod
    def _are_texts(cls, headers: Any) -> Any:
        for name, value in headers.items() if isinstance(headers, Mapping) else ():
            if not isinstance(value, str):  # such as anthropic-version: 2023-06-01, which YAML takes for a date
                shown = re.split("[^A-Za-z0-9-]", str(name))[0]
                raise ValueError(f"{shown} is a {type(value).__name__}, not a text; put it in quotes")  # noqa: TRY004
        return headers

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        self._values.update(values_of([self.url, self.body, self.response_path, self.headers, self.system]))
        check_address(self._filled.url)
        check_headers(self._filled.headers)
        self._content([], "system")
        return self

    @model_serializer(mode="wrap")
    def _without_keys(self, handler: Any) -> dict[str, Any]:
        """Dump it without keys; the names of variables stay."""
        return {name: changed(value, self.hide) for name, value in handler(self).items()}

    # -- files --------------------------------------------------------------------------------------------------------

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Return the endpoint of a dict.

        Raises
        ------
        InputError
            It describes no endpoint, or a variable is not set.
        """
        if not isinstance(data, Mapping):
            raise InputError(f"this is no endpoint but a {type(data).__name__}: url, body and response_path are needed")
        if unknown := [str(name) for name in data if name not in cls.model_fields]:
            raise InputError(unknown_field(cls, unknown[0]).message())
        if missing := [name for name, field in cls.model_fields.items() if field.is_required() and name not in data]:
            raise InputError(f"this is no endpoint: {' and '.join(missing)} {'are' if missing[1:] else 'is'} missing")
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise InputError(f"this is no endpoint: {first_problem(error, values=False)}") from None

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read an endpoint from a file that ends in .yaml, .yml or .json.

        Raises
        ------
        FileError
            The file cannot be read, describes no endpoint, or a variable is not set.
        InputError
            The file has another ending.
        """
        return load(path, cls.from_dict)

    # -- what may be shown --------------------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """The address, without user, password and what may be secret behind a "?"."""
        return self.hide(answers.shown(self.url))

    @property
    def name(self) -> str:
        """What it is called: the model in its body, else its address."""
        model = self.body.get("model")
        return self.hide(model) if isinstance(model, str) and model else self.address

    def about(self) -> dict[str, Any]:
        """Return what shapes its answers, without keys, and with the names of variables."""
        return {"url": self.address, "body": self.model_dump()["body"], "system": self.system}

    def hide(self, text: str) -> str:
        """Return a text without the keys that go with the requests."""
        return self._filled.keys.hide(text)

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Show no keys."""
        return [("url", self.address), ("name", self.name), ("response_path", self.response_path)]

    @functools.cached_property
    def _filled(self) -> Filled:
        names = ("url", "headers", "body", "response_path", "system")
        return Filled(**{name: filled(getattr(self, name), self._values) for name in names}, values=self._values)

    def __copy__(self) -> Self:
        """Copy it without what was worked out: the copy's fields may be changed."""
        copied = super().__copy__()
        copied.__dict__.pop("_filled", None)
        return copied

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
        InputError
            The messages are none.
        """
        content = self._content(messages, system)
        steps = self._steps()
        seconds = next(steps)
        try:
            while True:
                time.sleep(seconds)
                try:
                    raw = self._begin(content).result(self.timeout * _GRACE)
                except TimeoutError:
                    raw = answers.Raw.silent(self.timeout)
                seconds = steps.send(raw)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    async def aask(self, messages: Sequence[Message], system: str = "") -> Answer:
        """Do what `ask` does, awaitable."""
        content = self._content(messages, system)
        steps = self._steps()
        seconds = next(steps)
        try:
            raw = None
            while True:
                # Where too many ask, nobody else is to ask meanwhile.
                crowded = raw is not None and raw.response is not None and retries.is_crowded(raw.response)
                await (asyncio.sleep(seconds) if crowded else places.waited(seconds))
                try:
                    coming = asyncio.wrap_future(self._begin(content))
                    raw = await asyncio.wait_for(coming, self.timeout * _GRACE)
                except TimeoutError:
                    raw = answers.Raw.silent(self.timeout)
                seconds = steps.send(raw)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def _begin(self, content: bytes) -> Future[answers.Raw]:
        return self._connection.begin(self._filled, content, self.timeout)

    def _steps(self) -> Generator[float, answers.Raw, Answer]:
        """Yield seconds to wait, take what came back, and return the answer."""
        keys, path = self._filled.keys, self._filled.response_path
        wait, began = 0.0, None
        for tried in itertools.count(1):
            pause = wait + self._connection.pause(self.per_minute)
            began = time.perf_counter() + pause if began is None else began
            raw = yield pause
            try:
                text, used = answers.read(raw, path, keys.hide)
                return Answer(keys.out_of_answer(text), *used, time.perf_counter() - began, tried)
            except EndpointError as error:
                problem = error
            again = answers.delay(raw, tried, self.retries)
            if again is None:
                often = f". It was asked {tried} times" if tried > 1 else ""
                told = EndpointError(f"{self.address} {problem}{often}")
                told.one_request = problem.one_request
                raise told
            retries.logger.warning("%s %s; again in %.1f s", self.address, answers.short(raw), again)
            wait = again
        raise AssertionError  # the count has no end

    def _content(self, messages: Sequence[Message], system: str) -> bytes:
        # Variables are filled in before the messages come in: these may be anybody's.
        return content_of(self._filled.body, messages, system, self._filled.system)


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
        # Its value is not shown: there may be a key in it.
        raise InputError(
            f"endpoint: a {type(given).__name__} is neither an Endpoint nor the path of a file with one. "
            "Endpoint.from_dict makes one of a dict"
        )
    return Endpoint.from_file(given)
