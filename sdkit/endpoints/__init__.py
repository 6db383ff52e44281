"""Endpoints: assistants behind an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdkit import lazy

if TYPE_CHECKING:
    from sdkit.endpoints.endpoint import Answer, Endpoint, Message, endpoint_of

_HOMES = {
    "Answer": "endpoint",
    "Endpoint": "endpoint",
    "Message": "endpoint",
    "endpoint_of": "endpoint",
}

__all__ = [
    "Answer",
    "Endpoint",
    "Message",
    "endpoint_of",
]

__getattr__, __dir__ = lazy.names(__name__, _HOMES)
