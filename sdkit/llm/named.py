"""The models that Channel Labs' commands name, as ours: a provider and the id of a model."""

from __future__ import annotations

import os
from typing import Literal, get_args

from sdkit.errors import InputError

Provider = Literal["openai", "anthropic", "ollama", "embedded"]
_DEFAULTS = {"anthropic": "claude-sonnet-4-5"}


def named_model(provider: str | None, model_id: str | None, default_id: str) -> str | None:
    """Return the name of a model for `sdkit.llm.chat_model`.

    Parameters
    ----------
    provider
        Who has it; None for openai where OPENAI_API_KEY is set, else whoever `sdkit.default_model` names.
    model_id
        The model, as its provider calls it; None for the provider's default.
    default_id
        The default of openai: another one for each task.

    Returns
    -------
    str or None
        Such as "openai:o3" or "embedded:smollm2-135m"; None for the default model.

    Raises
    ------
    InputError
        There is no such provider.
    """
    if provider is not None and provider not in get_args(Provider):
        raise InputError(f"--model-provider {provider}: it can be {', '.join(get_args(Provider))}")
    if provider is None:
        if not os.environ.get("OPENAI_API_KEY", "").strip():
            return model_id
        provider = "openai" if model_id is None or ":" not in model_id else None
    match provider:
        case None:
            return model_id
        case "openai" | "anthropic":
            return f"{provider}:{model_id or _DEFAULTS.get(provider, default_id)}"
        case "embedded":
            return f"embedded:{model_id}" if model_id else "embedded"
    if model_id:
        return f"ollama:{model_id}"
    from sdkit.llm import ollama

    there = [model.name for model in ollama.models() if not model.only_embeds]
    if not there:
        raise InputError("--model-provider ollama: it has no chat model yet; pull one, and name it with --model-id")
    return there[0]
