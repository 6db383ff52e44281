"""Data sets of dialogues: read where they lie, never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdkit import lazy

if TYPE_CHECKING:
    from sdkit.datasets.multiwoz import MultiWOZ
    from sdkit.datasets.persona_corpus import PersonaCorpus
    from sdkit.datasets.persona_rows import PersonaRow
    from sdkit.datasets.star import STAR, StarDataset

_HOMES = {
    "MultiWOZ": "multiwoz",
    "PersonaCorpus": "persona_corpus",
    "PersonaRow": "persona_rows",
    "STAR": "star",
    "StarDataset": "star",
}

__all__ = [
    "STAR",
    "MultiWOZ",
    "PersonaCorpus",
    "PersonaRow",
    "StarDataset",
]

__getattr__, __dir__ = lazy.names(__name__, _HOMES)
