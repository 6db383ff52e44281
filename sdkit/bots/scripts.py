"""Chats with practice bots whose users follow a script."""

from __future__ import annotations

from collections.abc import Iterable

from sdkit.bots.rules import Kind, reply
from sdkit.dialog import Turn


def scripted(kind: Kind, texts: Iterable[str]) -> list[Turn]:
    """Return the turns of a chat of "user" and "assistant", in which a bot of this kind answers each of these texts."""
    messages: list[dict[str, str]] = []
    for text in texts:
        messages.append({"role": "user", "content": text})
        messages.append({"role": "assistant", "content": reply(kind, messages)})
    return [Turn(speaker=message["role"], text=message["content"]) for message in messages]
