"""Data sets of dialogues: read where they lie, never changed."""

from sdkit.datasets.star import STAR, StarDataset

__all__ = ["STAR", "StarDataset"]
