"""One way to say which model: a name, a LangChain model, or nothing for the default."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx

from sdkit.errors import InputError, UnknownModelError
from sdkit.llm import embedded, ollama, transport, weights
from sdkit.llm.seeds import check_seed

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    ModelSpec = str | BaseChatModel | None

# `provider:name` of these is no Ollama tag, though it looks like one.
_PROVIDERS = {"openai": "ChatOpenAI", "anthropic": "ChatAnthropic", "google_genai": "ChatGoogleGenerativeAI"}
# A connection that is kept open belongs to one event loop, and the next `asyncio.run` would stumble over it.
_NO_IDLE = {"limits": httpx.Limits(max_connections=100, max_keepalive_connections=0)}


def default_model() -> str:
    """Return the name of the model to use when nobody said which.

    That is $SDKIT_MODEL; else, of a running Ollama, the chat model that was changed last; else the embedded SmolLM2.
    """
    return choose_model()[0]


def choose_model() -> tuple[str, str]:
    """Return what `default_model` returns, and why, as the end of a sentence."""
    transport.install()
    if named := os.environ.get("SDKIT_MODEL", "").strip():
        return named, "because SDKIT_MODEL says so"
    if models := ollama.chat_models():
        return models[0], f"because Ollama is running at {ollama.shown(ollama.url())}"
    why = "because no Ollama is running" if models is None else "because Ollama has no chat model yet"
    return f"{embedded.PREFIX}:{weights.DEFAULT}", why


def chat_model(spec: ModelSpec = None, *, seed: int | None = None, **options: Any) -> BaseChatModel:
    """Return a LangChain chat model.

    Parameters
    ----------
    spec
        "qwen2.5:14b" or any other bare name is Ollama's; "embedded", "embedded:smollm2-135m" or "embedded:file.gguf"
        runs inside this process; a LangChain chat model is taken as it is; None means `default_model`.
    seed
        The seed of every answer; None for a new one each time.
    **options
        Options of `langchain_ollama.ChatOllama`, such as ``temperature`` (0.8 here), ``num_predict``, ``num_ctx``
        (tokens) or ``base_url``.

    Raises
    ------
    InputError
        An option that there is not, or options for a model that is already made.
    UnknownModelError
        There is no such model.
    WeightsError
        The embedded model's file is not on this machine.
    """
    from langchain_core.language_models import BaseChatModel

    transport.install()
    if isinstance(spec, BaseChatModel):
        if seed is not None or options:
            raise InputError("options and seeds belong into the LangChain model itself; it is taken as it is")
        return spec
    if spec is not None and not isinstance(spec, str):
        raise InputError(f"model={spec!r} is neither the name of a model nor a LangChain chat model")
    name = default_model() if spec is None else spec.strip()
    if not name:
        raise InputError("the name of the model is empty; leave it out to use the default")
    provider = name.partition(":")[0]
    if provider in _PROVIDERS:
        raise UnknownModelError(
            f"{name!r}: models of {provider} are given as LangChain models, model={_PROVIDERS[provider]}(...)"
        )
    unknown = set(options) - _ollama_options()
    if unknown:
        raise InputError(
            f"there is no option {', '.join(sorted(unknown))}; see langchain_ollama.ChatOllama for all of them"
        )
    if seed is not None:
        options["seed"] = check_seed(seed)
    if embedded.is_embedded(name):
        name = f"{embedded.PREFIX}:{weights.DEFAULT}" if name == embedded.PREFIX else name
        weights.verified(embedded.weights_of(name))
        options = embedded.SAMPLING | options  # as it would anyway; said, they are in the provenance
    else:
        # Without user and password, which the transport adds: the model's repr shows its address.
        address = ollama.shown(ollama.url())
        options = {"temperature": 0.8, "base_url": address, "async_client_kwargs": _NO_IDLE} | options
    from langchain_ollama import ChatOllama

    try:
        return ChatOllama(model=name, **options)
    except ValueError as error:
        raise InputError(f"{name} cannot be set up: {error}") from error


def model_name(model: BaseChatModel) -> str:
    """Return the name of a LangChain model, for people: what it was made with, or its class."""
    for field in ("model", "model_name", "model_id"):
        if isinstance(name := getattr(model, field, None), str) and name:
            return name
    return type(model).__name__


@cache
def _ollama_options() -> frozenset[str]:
    from langchain_ollama import ChatOllama

    return frozenset(ChatOllama.model_fields) - {"model"}
