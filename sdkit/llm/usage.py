"""How many tokens models have used: those of replies that were thrown away count as well."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass
class Used:
    """What has been used so far.

    Attributes
    ----------
    tokens : int
        Prompts and answers, as the models counted.
    """

    tokens: int = 0


_used: ContextVar[Used | None] = ContextVar("sdkit_used", default=None)


@contextlib.contextmanager
def counting() -> Iterator[Used]:
    """Count what all attempts of all requests within use, also those in tasks and threads that begin within."""
    used = Used()
    token = _used.set(used)
    try:
        yield used
    finally:
        _used.reset(token)


def count(usage: Mapping[str, Any] | None) -> None:
    """Count what one answer used, as LangChain tells it."""
    if (used := _used.get()) is not None and usage:
        used.tokens += (usage.get("input_tokens") or 0) + (usage.get("output_tokens") or 0)
