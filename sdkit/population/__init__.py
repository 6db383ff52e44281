"""Many personas, made to differ: planned, compared, and shown with what they cover."""

from __future__ import annotations

from sdkit.population.covering import Coverage, coverage
from sdkit.population.generator import (
    DEFAULT_ATTRIBUTES,
    MOST,
    PersonaGenerator,
    Population,
    afill_persona,
    fill_persona,
)

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
