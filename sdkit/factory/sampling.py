"""How a model samples: which of the options that a plan draws it takes, and which it would ignore."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sdkit.llm.spec import chat_model

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from sdkit.llm.spec import ModelSpec


def taken(model: ModelSpec, sampling: Mapping[str, float]) -> tuple[dict[str, float], list[str]]:
    """Return the options that a model takes, and the names of those that it does not.

    Raises
    ------
    ModelError
        The model cannot be used.
    """
    fields = type(chat_model(model) if not isinstance(model, str | None) else _named(model, ())).model_fields
    return {n: value for n, value in sampling.items() if n in fields}, [n for n in sampling if n not in fields]


def sampled(model: ModelSpec, sampling: Mapping[str, float]) -> BaseChatModel:
    """Return a model that samples so, as far as it can."""
    options, _ = taken(model, sampling)
    if isinstance(model, str | None):
        return _named(model, tuple(options.items()))
    return model.model_copy(update=options)


@lru_cache(maxsize=1024)  # making one takes longer than asking a server on loopback
def _named(model: str | None, options: tuple[tuple[str, Any], ...]) -> BaseChatModel:
    return chat_model(model, **dict(options))
