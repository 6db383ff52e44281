"""Measuring sets of dialogues, and holding them against each other: are synthetic dialogues like real ones?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdkit import lazy

if TYPE_CHECKING:
    from sdkit.analysis.balance import representation
    from sdkit.analysis.behaviour import conduct
    from sdkit.analysis.bias import compare_groups
    from sdkit.analysis.clustering import Clusters, clusters
    from sdkit.analysis.comparison import compare
    from sdkit.analysis.log_odds import word_odds
    from sdkit.analysis.plots import plot
    from sdkit.analysis.rebalancing import drop_to_balance, weights_against
    from sdkit.analysis.statistics import describe
    from sdkit.analysis.thresholds import plot_sweep, sweep

_HOMES = {
    "Clusters": "clustering",
    "clusters": "clustering",
    "compare": "comparison",
    "compare_groups": "bias",
    "conduct": "behaviour",
    "describe": "statistics",
    "drop_to_balance": "rebalancing",
    "plot": "plots",
    "plot_sweep": "thresholds",
    "representation": "balance",
    "sweep": "thresholds",
    "weights_against": "rebalancing",
    "word_odds": "log_odds",
}

__all__ = [
    "Clusters",
    "clusters",
    "compare",
    "compare_groups",
    "conduct",
    "describe",
    "drop_to_balance",
    "plot",
    "plot_sweep",
    "representation",
    "sweep",
    "weights_against",
    "word_odds",
]

__getattr__, __dir__ = lazy.names(__name__, _HOMES)
