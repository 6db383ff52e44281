"""Endpoints: assistants behind an address."""

from __future__ import annotations

from sdkit.endpoints.endpoint import Answer, Endpoint, Message, endpoint_of

__all__ = [
    "Answer",
    "Endpoint",
    "Message",
    "endpoint_of",
]
