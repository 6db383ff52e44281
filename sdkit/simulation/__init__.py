"""Simulated users who talk to an assistant: from personas, and from opening messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdkit import lazy

if TYPE_CHECKING:
    from sdkit.simulation.regression import aregress, regress
    from sdkit.simulation.run import asimulate, simulate, simulation
    from sdkit.simulation.seed_messages import converse_from_seeds, conversing
    from sdkit.simulation.simulated import Simulated
    from sdkit.simulation.users import AssistantAgent, UserAgent

_HOMES = {
    "AssistantAgent": "users",
    "Simulated": "simulated",
    "UserAgent": "users",
    "aregress": "regression",
    "asimulate": "run",
    "converse_from_seeds": "seed_messages",
    "conversing": "seed_messages",
    "regress": "regression",
    "simulate": "run",
    "simulation": "run",
}

__all__ = [
    "AssistantAgent",
    "Simulated",
    "UserAgent",
    "aregress",
    "asimulate",
    "converse_from_seeds",
    "conversing",
    "regress",
    "simulate",
    "simulation",
]

__getattr__, __dir__ = lazy.names(__name__, _HOMES)
