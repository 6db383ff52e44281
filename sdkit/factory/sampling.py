"""How a model samples: which of the options that a plan draws it takes, and which it would ignore."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sdkit.llm.spec import chat_model

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from sdkit.llm.spec import ModelSpec

_models: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str | None, BaseChatModel]] = WeakKeyDictionary()


def taken(llm: BaseChatModel, sampling: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the options that a model takes, and those that it would ignore."""
    fields = type(llm).model_fields
    ignored = {name: value for name, value in sampling.items() if name not in fields}
    return {name: value for name, value in sampling.items() if name in fields}, ignored


def sampled(llm: BaseChatModel, sampling: Mapping[str, float]) -> BaseChatModel:
    """Return the same model, with the same connections, which samples so as far as it can."""
    return llm.model_copy(update=taken(llm, sampling)[0])


def shared(model: ModelSpec) -> BaseChatModel:
    """Return a model that all who run in this event loop share: connections belong to a loop.

    Making one takes longer than asking a server on loopback.
    """
    if not isinstance(model, str | None):
        return chat_model(model)
    made = _models.setdefault(asyncio.get_running_loop(), {})
    if model not in made:
        made[model] = chat_model(model)
    return made[model]
