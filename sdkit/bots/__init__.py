"""Practice bots: good and broken assistants on this computer, whose faults are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdkit import lazy

if TYPE_CHECKING:
    from sdkit.bots.bot import Bot

_HOMES = {
    "Bot": "bot",
}

__all__ = [
    "Bot",
]

__getattr__, __dir__ = lazy.names(__name__, _HOMES)
