"""How many dialogues of a set are near-duplicates, threshold by threshold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sdkit.analysis.picture import INK, LOOKS, Plot, drawing
from sdkit.analysis.vectors import directions
from sdkit.errors import InputError
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

THRESHOLDS = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7)
_ROWS, _COLUMNS = 512, 16_384  # compared at once: 34 MB
_DIGITS = 6  # of a cosine, as in `sdkit.factory.uniqueness`: the last bits, in which machines differ, decide nothing
_NOTE = (
    "Each bar is a threshold, and the share of the dialogues that would be removed by it: those with a cosine at or "
    "above it to one before them that was kept."
)


def sweep(vectors: Sequence[Sequence[float]] | Any, thresholds: Sequence[float] = THRESHOLDS) -> pandas.DataFrame:
    """Return how many of a set would be removed as near-duplicates at each threshold.

    One after the other is kept, unless its cosine to one that is kept already is at or above the threshold. All are
    compared with all, block by block: of 20,000, no more than 34 MB of cosines are there at a time.

    Parameters
    ----------
    vectors
        Embeddings, a row each; their lengths do not matter.
    thresholds
        Cosines, from above 0 to 1.

    Returns
    -------
    pandas.DataFrame
        One row a threshold, in the order given. Columns ``threshold``, ``removed`` and ``kept`` (numbers), ``share``
        (of all, that is removed).

    Raises
    ------
    InputError
        There are no vectors or no thresholds, or some that cannot be.
    MissingPackageError
        numpy or pandas is not installed.

    Notes
    -----
    For comparison: of SynWOZ's 10,000 dialogues, its makers removed 1 at 0.95, 36 at 0.90, 699 at 0.85 and 2,730 at
    0.80, by the ten nearest neighbours of each.
    """
    limits = _checked(thresholds)
    rows = directions(vectors, "compare dialogues")
    import numpy as np

    kept = np.ones((len(limits), len(rows)), dtype=bool)
    for first in range(0, len(rows), _ROWS):
        block = rows[first : first + _ROWS]
        last = first + len(block)
        nearest = np.full((len(limits), len(block)), -2.0, np.float32)  # the cosine to the nearest that is kept
        for begin in range(0, first, _COLUMNS):
            end = min(begin + _COLUMNS, first)
            cosines = (block @ rows[begin:end].T).round(_DIGITS)
            for place, among in enumerate(kept[:, begin:end]):
                if among.any():
                    np.maximum(nearest[place], cosines[:, among].max(axis=1), out=nearest[place])
        inside = (block @ block.T).round(_DIGITS)
        for place, limit in enumerate(np.array(limits, np.float32)):
            here = kept[place, first:last]
            here[:] = nearest[place] < limit
            near = inside >= limit
            for row in np.flatnonzero(here):  # what is removed on the way is seen, as `here` is changed
                if here[row]:
                    here[row + 1 :] &= ~near[row, row + 1 :]
    counts = [len(rows) - int(each.sum()) for each in kept]
    table = [(t, n, len(rows) - n, n / len(rows)) for t, n in zip(limits, counts, strict=True)]
    return frame("a sweep", table, ["threshold", "removed", "kept", "share"])


def plot_sweep(table: pandas.DataFrame) -> Plot:
    """Draw a sweep: a bar a threshold, with the number of dialogues that it would remove.

    Raises
    ------
    InputError
        It is not what `sweep` returned.
    MissingPackageError
        matplotlib is not installed.
    """
    if not {"threshold", "removed", "kept", "share"} <= set(getattr(table, "columns", ())) or not len(table):
        raise InputError("there is no sweep to draw; give what sweep(vectors) returned")
    rows = list(table[["threshold", "removed", "share"]].itertuples(index=False, name=None))
    total = int(table["removed"].iloc[0] + table["kept"].iloc[0])
    with drawing("draw a sweep") as Figure:  # noqa: N806 - a class
        figure = Figure(figsize=(7, 0.9 + 0.35 * len(rows)), layout="constrained")
        axes = figure.subplots()
        shares = [100 * share for *_, share in rows]
        axes.barh(range(len(rows)), shares, height=0.6, color="none", edgecolor=LOOKS[0][1], hatch="//", linewidth=1)
        for place, (_, removed, share) in enumerate(rows):
            told, where = f"{removed:,} ({share:.1%})", (100 * share, place)
            axes.annotate(told, where, (5, 0), textcoords="offset points", va="center", color=INK, fontsize=8)
        axes.set_yticks(range(len(rows)), [f"{threshold:g}" for threshold, *_ in rows])
        axes.set_ylabel("threshold")
        axes.set_xlabel(f"removed, in % of {total:,}", fontsize=8)
        axes.invert_yaxis()
        most = max(*shares, 1)
        axes.set_xlim(0, 1.25 * most)
        axes.set_xticks([tick for tick in axes.get_xticks() if tick <= most])
        axes.tick_params(left=False, labelsize=8)
    said = "; ".join(f"at {threshold:g}, {removed:,} ({share:.1%})" for threshold, removed, share in rows)
    return Plot(figure, f"Of {total:,} dialogues would be removed: {said}.", _NOTE, "sweep")


def _checked(thresholds: Sequence[float]) -> list[float]:
    limits = list(thresholds)
    if not limits:
        raise InputError("give at least one threshold, such as 0.9")
    for limit in limits:
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not (0 < limit <= 1) or math.isnan(limit):
            raise InputError(f"a threshold of {limit!r} cannot be; give numbers above 0, at most 1")
    return [float(limit) for limit in limits]
