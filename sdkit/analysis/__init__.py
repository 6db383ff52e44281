"""Measuring sets of dialogues, and holding them against each other: are synthetic dialogues like real ones?"""

from sdkit.analysis.comparison import compare
from sdkit.analysis.plots import plot
from sdkit.analysis.statistics import describe

__all__ = ["compare", "describe", "plot"]
