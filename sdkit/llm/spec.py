"""One way to say which model: a name, a LangChain model, or nothing for the default."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from sdkit.errors import InputError, MissingPackageError, ModelUnavailableError, SdkitError
from sdkit.llm import embedded, ollama, providers, retries, transport, weights
from sdkit.llm.seeds import check_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.embeddings import Embeddings
    from langchain_core.language_models import BaseChatModel

    ModelSpec = str | BaseChatModel | None

# The providers that are extras: their class, and the variable that holds the key. The others come through `langchain`.
_EXTRAS = {"openai": ("ChatOpenAI", "OPENAI_API_KEY"), "anthropic": ("ChatAnthropic", "ANTHROPIC_API_KEY")}

T = TypeVar("T")

TEMPERATURE = 0.8
"""What models of Ollama are set to, unless somebody says otherwise."""
JUDGING: dict[str, Any] = {"temperature": 0.0, "repeat_penalty": 1.0}
"""What they are set to who judge; the same words may be right again and again."""

_SAMPLING = (
    *("temperature", "top_k", "top_p", "repeat_penalty", "repeat_last_n", "num_ctx", "num_predict", "stop"),
    *("max_tokens", "reasoning_effort"),
)


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
    try:
        there = [model.name for model in ollama.models(timeout=1) if not model.only_embeds]
    except SdkitError as error:
        # Who says where it is wants to know why it does not answer.
        said = os.environ.get("OLLAMA_HOST", "").strip()
        why = f"because {str(error).split('. ')[0]}" if said else "because no Ollama is running"
    else:
        if there:
            return there[0], f"because Ollama is running at {ollama.shown(ollama.url())}"
        why = "because Ollama has no chat model yet"
    return f"{embedded.PREFIX}:{weights.DEFAULT}", why


def chat_model(spec: ModelSpec = None, *, seed: int | None = None, **options: Any) -> BaseChatModel:
    """Return a LangChain chat model.

    Parameters
    ----------
    spec
        "qwen2.5:14b" or any other bare name is Ollama's; "embedded", "embedded:smollm2-135m" or "embedded:file.gguf"
        runs inside this process; "openai:gpt-4o", "anthropic:claude-sonnet-5" or any other "provider:name" of
        LangChain's `init_chat_model` asks that provider, with the key that its environment variable holds; a LangChain
        chat model is taken as it is; None means `default_model`.
    seed
        The seed of every answer; None for a new one each time. Some providers, such as Anthropic, take none.
    **options
        Options of the class in LangChain: of `langchain_ollama.ChatOllama`, such as ``temperature`` (0.8 here),
        ``num_predict``, ``num_ctx`` (tokens) or ``base_url``; of `langchain_openai.ChatOpenAI`,
        `langchain_anthropic.ChatAnthropic`, and so on.

    Raises
    ------
    InputError
        An option that there is not, or options for a model that is already made.
    MissingPackageError
        The provider's package is not installed.
    ModelUnavailableError
        The provider's key is not set.
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
    if seed is not None:
        check_seed(seed)
    provider, name = providers.split(name)
    if not name:
        raise InputError(f"{spec!r} names a provider and no model; write {provider or 'ollama'}:name")
    if provider:
        if "@" in str(options.get("base_url", "")):
            raise InputError("base_url has a user or a password in it, which every repr would show; leave it out")
        llm = _of_provider(provider, name, options)
        return llm if seed is None else llm.model_copy(update=providers.seeded(llm, seed))
    from langchain_ollama import ChatOllama

    _check_options(ChatOllama, options)
    if seed is not None:
        options["seed"] = seed
    if embedded.is_embedded(name):
        name = f"{embedded.PREFIX}:{weights.DEFAULT}" if name == embedded.PREFIX else name
        weights.verified(embedded.weights_of(name))
        options = embedded.SAMPLING | options  # as it would anyway; said, they are in the provenance
    else:
        address = retries.without_password(str(options.get("base_url") or ollama.url()))
        options = {"temperature": TEMPERATURE} | options | {"base_url": address}
    return made(partial(ChatOllama, model=name), name, options)


def judge_model(spec: ModelSpec = None) -> BaseChatModel:
    """Return a chat model to decide and to score with: what it says is what it finds most likely.

    With the usual sampling, a model of 1.5 billion parameters found the end of fewer conversations (measured, see
    ``benchmarks/stop_decisions.py``). Providers' models keep their own defaults: some take no temperature.

    Parameters
    ----------
    spec
        As of `chat_model`; a LangChain chat model is taken as it is.

    Raises
    ------
    SdkitError
        As of `chat_model`.
    """
    spec = default_model() if spec is None else spec
    ours = isinstance(spec, str) and not providers.split(spec.strip())[0]
    return chat_model(spec, **(JUDGING if ours else {}))


def model_name(model: BaseChatModel | Embeddings) -> str:
    """Return the name of a LangChain model, for people: what it was made with, or its class."""
    for field in ("model", "model_name", "model_id"):
        if isinstance(name := getattr(model, field, None), str) and name:
            return name
    return type(model).__name__


def sampling_options(model: BaseChatModel) -> dict[str, Any]:
    """Return those of a LangChain model's options that shape what it says, as far as they are set."""
    return {name: value for name in _SAMPLING if (value := getattr(model, name, None)) is not None}


class _MissingIntegrationError(MissingPackageError):
    """A package that is in none of our extras is not installed."""

    def __init__(self, package: str, message: str) -> None:
        ImportError.__init__(self, message)
        self.package, self.extra = package, ""


def _of_provider(provider: str, model: str, options: Mapping[str, Any]) -> BaseChatModel:
    spec = f"{provider}:{model}"
    if provider not in _EXTRAS:
        make = partial(of_langchain("chat_models", "init_chat_model", spec), model, model_provider=provider)
        llm: BaseChatModel = made(make, spec, options)
        _check_options(type(llm), options)
        return made(make, spec, {"max_retries": 0, **options}) if "max_retries" in type(llm).model_fields else llm
    kind, key = _EXTRAS[provider]
    try:
        make = getattr(importlib.import_module(f"langchain_{provider}"), kind)
    except ImportError as error:
        raise MissingPackageError(f"langchain_{provider}", f"use {spec}", extra=provider) from error
    _check_options(make, options)
    if not os.environ.get(key, "").strip() and not any(name.endswith("api_key") for name in options):
        raise ModelUnavailableError(f"{spec} needs a key: set the environment variable {key} to yours")
    # Our own transport makes requests again; two layers would multiply.
    llm = made(partial(make, model=model), spec, {"max_retries": 0, **options})
    return llm


def of_langchain(module: str, function: str, spec: str) -> Any:
    """Return a function of the `langchain` package, which is in none of our extras, to use `spec` with."""
    try:
        return getattr(importlib.import_module(f"langchain.{module}"), function)
    except ImportError as error:
        how = f"langchain is needed to use {spec} and is not installed: python -m pip install langchain"
        raise _MissingIntegrationError("langchain", how) from error


def _check_options(kind: type[BaseChatModel], options: Mapping[str, Any]) -> None:
    known = set(kind.model_fields) | {field.alias for field in kind.model_fields.values()}
    unknown = set(options) - (known - {"model", "model_name"})
    if unknown and not hasattr(kind, "from_model_id"):  # Hugging Face's options are no fields of its class
        where = f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
        raise InputError(f"there is no option {', '.join(sorted(unknown))}; see {where} for all of them")


def made(make: Callable[..., T], spec: str, settings: Mapping[str, Any]) -> T:
    """Return a class of LangChain's with these settings; what goes wrong is told in plain words, without keys."""
    try:
        return make(**settings)
    except ImportError as error:  # LangChain's words name the package
        raise _MissingIntegrationError(spec.partition(":")[0], f"{spec} cannot be used: {error}") from error
    except Exception as error:  # noqa: BLE001 - of any class; it may repeat a key, so nobody sees it
        text = str(error)
        if isinstance(error, ValidationError):
            problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
            text = ": ".join([*map(str, problem["loc"][:1]), problem["msg"].removeprefix("Value error, ")])
        for name, value in [*os.environ.items(), *settings.items()]:
            if re.search("key|token|secret", name, re.IGNORECASE) and len(str(value)) > 5:
                text = text.replace(str(value), "…")
        no_key = re.search("api.?key|credential", text, re.IGNORECASE) and text.partition(":")[0] not in settings
        raise (ModelUnavailableError if no_key else InputError)(f"{spec} cannot be set up: {text}") from None
