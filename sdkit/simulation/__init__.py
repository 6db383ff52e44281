"""Simulated users who talk to an assistant: from personas, and from opening messages."""

from __future__ import annotations

from sdkit.simulation.regression import aregress, regress
from sdkit.simulation.run import asimulate, simulate, simulation
from sdkit.simulation.seed_messages import converse_from_seeds, conversing
from sdkit.simulation.simulated import Simulated
from sdkit.simulation.users import AssistantAgent, UserAgent

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
