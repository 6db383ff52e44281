"""How a model samples: which of the options that a plan draws it takes, and which it would ignore."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from sdkit.llm.providers import described

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

T = TypeVar("T")
_models: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Any, Any]] = WeakKeyDictionary()


def taken(llm: BaseChatModel, sampling: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the options that a model takes, and those that it would ignore."""
    fields = type(llm).model_fields
    ignored = {name: value for name, value in sampling.items() if name not in fields}
    return {name: value for name, value in sampling.items() if name in fields}, ignored


def sampled(llm: BaseChatModel, sampling: Mapping[str, float]) -> BaseChatModel:
    """Return the same model, with the same connections, which samples so as far as it can."""
    return described(llm).model_copy(update=taken(llm, sampling)[0])


def shared(make: Callable[[Any], T], spec: Any) -> T:
    """Return a model that all who run in this event loop share: connections belong to a loop.

    Making one takes longer than asking a server on loopback.

    Parameters
    ----------
    make
        Makes a model of a spec: `sdkit.llm.chat_model`, or `sdkit.embeddings.embedder`.
    spec
        Which. One that is no name is a model already.
    """
    if not isinstance(spec, str | None):
        return make(spec)
    made = _models.setdefault(asyncio.get_running_loop(), {})
    if (make, spec) not in made:
        made[make, spec] = make(spec)
    found: T = made[make, spec]
    return found
