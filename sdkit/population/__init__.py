"""Many personas, made to differ: planned, compared, and shown with what they cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdkit import lazy

if TYPE_CHECKING:
    from sdkit.population.covering import Coverage, coverage
    from sdkit.population.filling import afill_persona, fill_persona
    from sdkit.population.generator import DEFAULT_ATTRIBUTES, MOST, PersonaGenerator
    from sdkit.population.populations import Population

_HOMES = {
    "Coverage": "covering",
    "DEFAULT_ATTRIBUTES": "generator",
    "MOST": "generator",
    "PersonaGenerator": "generator",
    "Population": "populations",
    "afill_persona": "filling",
    "coverage": "covering",
    "fill_persona": "filling",
}

__all__ = [
    "DEFAULT_ATTRIBUTES",
    "MOST",
    "Coverage",
    "PersonaGenerator",
    "Population",
    "afill_persona",
    "coverage",
    "fill_persona",
]

__getattr__, __dir__ = lazy.names(__name__, _HOMES)
