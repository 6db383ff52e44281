"""A picture of why conversations ended."""

from __future__ import annotations

from collections.abc import Sequence

from sdkit import rendering
from sdkit.analysis.picture import INK, LOOKS, Plot, drawing
from sdkit.dialog import Dialog
from sdkit.errors import InputError
from sdkit.simulation.simulated import KINDS, stop_rows

_NOTE = "Each bar is a way to end, and how many conversations ended so."


def plot_stops(dialogs: Sequence[Dialog]) -> Plot:
    """Draw why conversations ended: a bar a kind, with the number of conversations and their mean length.

    Raises
    ------
    InputError
        There are no conversations.
    MissingPackageError
        matplotlib is not installed.
    """
    if not dialogs:
        raise InputError("there are no conversations to draw")
    rows = stop_rows(dialogs)
    with drawing("draw why conversations ended") as Figure:  # noqa: N806 - a class
        figure = Figure(figsize=(7, 0.6 + 0.4 * len(rows)), layout="constrained")
        axes = figure.subplots()
        counts = [count for _, _, count, _, _ in rows]
        axes.barh(range(len(rows)), counts, height=0.6, color="none", edgecolor=LOOKS[0][1], hatch="//", linewidth=1)
        for place, (_, _, count, turns, _) in enumerate(rows):
            axes.text(count, place, f"  {count}, of {turns:g} messages", va="center", color=INK, fontsize=8)
        axes.set_yticks(range(len(rows)), [rendering.shown(kind.replace("_", " ")) for kind, *_ in rows])
        axes.invert_yaxis()
        axes.set_xlim(0, max(counts) * 1.35)
        axes.tick_params(left=False, labelsize=8)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
    words = "; ".join(
        f"{kind.replace('_', ' ')} ({KINDS.get(kind, 'as its maker says')}): {count}" for kind, _, count, _, _ in rows
    )
    return Plot(figure, rendering.shown(f"{len(dialogs)} conversations. {words}."), _NOTE, "stops")
