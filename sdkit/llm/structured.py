"""`ask`: a validated object out of a language model, or a `ReplyError` that shows what came instead.

The schema goes with the request, so that models which can are held to it while they write. Then nothing is believed:
the model's reason for stopping is looked at first, and the raw text is validated by pydantic itself. A reply that was
cut is never repaired.
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pydantic import BaseModel

import sdkit
from sdkit.errors import InputError, ReplyError
from sdkit.llm import playback, providers, schemas, transport, usage, words
from sdkit.llm.schemas import Schema
from sdkit.llm.seeds import check_seed, derive_seed, random_seed
from sdkit.llm.spec import chat_model, model_name, sampling_options

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

    from sdkit.llm.spec import ModelSpec

M = TypeVar("M", bound=BaseModel)
Messages = str | Sequence[tuple[str, str]]
ROLES = ("system", "human", "ai")
ATTEMPTS = 3
"""How often a model is asked, each time with another seed, before `ReplyError`."""

_REFUSED = {"refusal", "content_filter", "SAFETY"}


@dataclass(frozen=True)
class Reply:
    """A valid reply, and how it came about.

    Attributes
    ----------
    value : object
        The validated object: an instance of the pydantic class, a dict for a dict schema, text without a schema.
    raw : str
        The text that the model sent.
    model : str
        The model's name, as it was asked for.
    answered_by : str
        The model that answered; another one than `model` in a lesson, where that is a placeholder.
    replayed : bool
        Whether a recording answered.
    seed, first_seed : int
        The seed of this reply, and the seed of the first attempt.
    options : dict
        The sampling options that were set.
    prompt_hash : str
        SHA-256 of messages and schema.
    seconds : float or None
        From the first request to this reply; None if it was replayed.
    prompt_tokens, completion_tokens : int or None
        As the model counted.
    cached_tokens : int or None
        How many of the prompt's tokens had been evaluated before, and cost nothing.
    finish_reason : str or None
        Why the model stopped.
    attempts : int
        Requests made.
    """

    value: Any
    raw: str
    model: str
    answered_by: str
    replayed: bool
    seed: int
    first_seed: int
    options: dict[str, Any]
    prompt_hash: str
    seconds: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    finish_reason: str | None
    attempts: int


@overload
def ask(
    messages: Messages, schema: type[M], *, model: ModelSpec = None, seed: int | None = None, attempts: int = ATTEMPTS
) -> M: ...
@overload
def ask(
    messages: Messages,
    schema: Mapping[str, Any],
    *,
    model: ModelSpec = None,
    seed: int | None = None,
    attempts: int = ATTEMPTS,
) -> Any: ...
@overload
def ask(
    messages: Messages,
    schema: None = None,
    *,
    model: ModelSpec = None,
    seed: int | None = None,
    attempts: int = ATTEMPTS,
) -> str: ...
def ask(
    messages: Messages,
    schema: Schema = None,
    *,
    model: ModelSpec = None,
    seed: int | None = None,
    attempts: int = ATTEMPTS,
) -> Any:
    """Ask a model for an object of this shape.

    Parameters
    ----------
    messages
        What to say: a text, or pairs of a role ("system", "human", "ai") and a text.
    schema
        A pydantic class or a JSON schema; None for free text.
    model
        Which model: see `sdkit.llm.chat_model`.
    seed
        The same seed gives the same answer on the same model and machine; None for a new one each time.
    attempts
        How often to ask, with other seeds derived from the first, before giving up.

    Returns
    -------
    object
        An instance of the pydantic class, a dict for a JSON schema, a str without one.

    Raises
    ------
    ReplyError
        No attempt gave a valid reply; the raw text is in the error.
    ModelError
        The model cannot be used, or the messages do not fit into its context.
    """
    return request(messages, schema, model=model, seed=seed, attempts=attempts).value


async def aask(
    messages: Messages,
    schema: Schema = None,
    *,
    model: ModelSpec = None,
    seed: int | None = None,
    attempts: int = ATTEMPTS,
) -> Any:
    """Do what `ask` does, awaitable."""
    return (await arequest(messages, schema, model=model, seed=seed, attempts=attempts)).value


def request(
    messages: Messages,
    schema: Schema = None,
    *,
    model: ModelSpec = None,
    seed: int | None = None,
    attempts: int = ATTEMPTS,
) -> Reply:
    """Do what `ask` does, and return the reply with all that is known about it."""
    call = _Call(messages, schema, chat_model(model), seed, attempts)
    while (asked := call.next()) is not None:
        with transport.listening() as heard, words.told(call.llm, heard):
            message = asked.model.invoke(asked.messages)
        if (reply := call.take(message, heard)) is not None:
            return reply
    raise call.failure()


async def arequest(
    messages: Messages,
    schema: Schema = None,
    *,
    model: ModelSpec = None,
    seed: int | None = None,
    attempts: int = ATTEMPTS,
) -> Reply:
    """Do what `request` does, awaitable."""
    call = _Call(messages, schema, chat_model(model), seed, attempts)
    while (asked := call.next()) is not None:
        with transport.listening() as heard, words.told(call.llm, heard):
            message = await asked.model.ainvoke(asked.messages)
        if (reply := call.take(message, heard)) is not None:
            return reply
    raise call.failure()


def _checked(messages: Messages) -> list[tuple[str, str]]:
    pairs = [("human", messages)] if isinstance(messages, str) else list(messages)
    for pair in pairs:
        if not (isinstance(pair, tuple | list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)):
            raise InputError(f'messages are a text, or pairs such as ("system", "Be brief."); not {pair!r}')
        if pair[0] not in ROLES:
            raise InputError(f"there is no role {pair[0]!r} in messages; there are {', '.join(ROLES)}")
    return [(role, text) for role, text in pairs]


class _Call:
    """Everything about one call of `ask` but the waiting, which differs between the plain and the async form."""

    def __init__(self, messages: Messages, schema: Schema, llm: BaseChatModel, seed: int | None, attempts: int) -> None:
        if attempts < 1:
            raise InputError(f"attempts={attempts!r}: at least one is needed")
        self.messages = _checked(messages)
        self.schema, self.validate = schemas.reader(schema)
        self.llm = llm
        self.attempts = attempts
        self.seeds: list[int] = []
        self.raw = self.problem = ""
        self.started = time.perf_counter()
        providers.described(llm)
        said = json.dumps(self.messages, sort_keys=True, ensure_ascii=False)
        self.hash = hashlib.sha256(f"[{said}, {schemas.text(schema)}]".encode("utf-8", "surrogatepass")).hexdigest()
        self.first_seed = check_seed(any_seed(llm, self.hash) if seed is None else seed)

    def next(self) -> providers.Asked | None:
        """Return what to ask in the next attempt, and whom; None when there have been enough."""
        if len(self.seeds) == self.attempts:
            return None
        seed = derive_seed(self.first_seed, len(self.seeds)) if self.seeds else self.first_seed
        self.seeds.append(seed)
        return providers.asked(self.llm, self.schema, seed, self.messages)

    def take(self, message: AIMessage, heard: transport.Heard) -> Reply | None:
        """Return the reply if it is valid; otherwise remember what was wrong with it."""
        usage.count(message.usage_metadata)
        self.raw, reason = providers.heard(message)
        if reason in _REFUSED:
            self.problem = "was a refusal by the model or its provider"
            return None
        if reason is None and providers.takes_format(self.llm):
            self.problem = "broke off: the model's last line, which says why it stopped, is missing"
            return None
        if reason in providers.CUT:
            self.problem = "was cut when its tokens ran out"
            return None
        if not self.raw.strip():
            self.problem = "was empty"
            return None
        try:
            value = self.validate(self.raw)
        except InputError:  # the schema is to blame, not the reply
            raise
        except ValueError as error:
            self.problem = schemas.complaint(error, self.raw)
            return None
        used: Mapping[str, Any] = message.usage_metadata or {}
        return Reply(
            value=value,
            raw=self.raw,
            model=model_name(self.llm),
            answered_by=heard.model or model_name(self.llm),
            replayed=heard.replayed,
            seed=self.seeds[-1],
            first_seed=self.first_seed,
            options=sampling_options(self.llm),
            prompt_hash=self.hash,
            seconds=None if heard.replayed else time.perf_counter() - self.started,
            prompt_tokens=used.get("input_tokens"),
            completion_tokens=used.get("output_tokens"),
            cached_tokens=heard.cached() if heard.cached else (used.get("input_token_details") or {}).get("cache_read"),
            finish_reason=reason,
            attempts=len(self.seeds),
        )

    def failure(self) -> ReplyError:
        """Return the error that says no attempt was valid."""
        return ReplyError(self.problem, self.raw, self.schema, self.seeds)


def any_seed(llm: BaseChatModel, what: str) -> int:
    """Return a seed for what has none: the model's own; in a lesson, one that follows from what it is for; else any."""
    own = getattr(llm, "seed", None)
    if isinstance(own, int):
        return own
    lesson = playback.lesson_of(model_name(llm))
    return lesson.next_seed(what) if lesson else random_seed()


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python, sdkit and the libraries between it and a model, where they are installed."""
    found = {"python": platform.python_version(), "sdkit": sdkit.__version__}
    providers = ("langchain-openai", "openai", "langchain-anthropic", "anthropic")
    for package in ("pydantic", "langchain-core", "langchain-ollama", "ollama", "xllamacpp", *providers):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
