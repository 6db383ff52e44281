"""Practice bots: good and broken assistants on this computer, whose faults are known."""

from __future__ import annotations

from sdkit.bots.bot import Bot

__all__ = [
    "Bot",
]
