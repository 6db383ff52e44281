"""Pictures of sets of dialogues: a panel for each measure, a point for each dialogue."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from statistics import median
from typing import TYPE_CHECKING

from sdkit import rendering
from sdkit.analysis.comparison import Sets, measures_of, tables_of
from sdkit.analysis.picture import INK, LOOKS, Plot, drawing
from sdkit.analysis.statistics import Adherent, Words, measure, split_words

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

__all__ = ["Plot", "plot"]

_COLUMNS = 3
_LONGEST = 32  # letters of a name
_NOTE = (
    "A mark is a dialogue. The box holds the middle half of the set, the line in it is the median, the "
    "whiskers reach to the last dialogue within 1.5 times the box's length."
)


def plot(sets: Sets, adherence: Adherent | None = None, *, words: Words = split_words) -> Plot:
    """Draw how sets of dialogues differ: a panel for each measure of `describe`, in it each dialogue of each set.

    Sets differ by place and by the shape of their marks, so that it can be read in black and white.

    Parameters
    ----------
    sets, adherence, words
        As of `compare`.

    Raises
    ------
    InputError
        There is no set; a set is empty or holds something else: names it.
    MissingPackageError
        matplotlib or pandas is not installed.
    """
    tables = tables_of(sets, adherence, words)
    panels = {name: _values(tables, name) for name in measures_of(tables)}
    panels = {name: values for name, values in panels.items() if any(values)}
    rows = -(-len(panels) // _COLUMNS)
    with drawing("draw a comparison") as Figure:  # noqa: N806 - a class
        figure = Figure(figsize=(9, rows * (0.95 + 0.3 * len(tables))), layout="constrained")
        axes = figure.subplots(rows, min(_COLUMNS, len(panels)), sharey=True, squeeze=False)
        for place, (name, values) in zip(axes.flat, panels.items(), strict=False):
            _draw(place, name, values, list(tables))
        for place in axes.flat[len(panels) :]:
            place.set_axis_off()
    return Plot(figure, _in_words(tables, panels), _NOTE, "comparison")


def _values(tables: Mapping[str, pandas.DataFrame], name: str) -> list[list[float]]:
    return [table[name].dropna().tolist() if name in table else [] for table in tables.values()]


def _draw(axes: Axes, name: str, values: list[list[float]], sets: list[str]) -> None:
    from matplotlib.ticker import MaxNLocator

    label, unit = measure(name)
    for row, (each, (marker, colour)) in enumerate(zip(values, itertools.cycle(LOOKS), strict=False)):
        # The golden ratio spreads any number of marks evenly, and always in the same way.
        heights = [row + 0.5 * (number * 0.618034 % 1 - 0.5) for number in range(len(each))]
        axes.plot(each, heights, marker, mfc="none", mec=colour, ms=4, mew=0.8, clip_on=False)
    line = {"color": INK, "linewidth": 1.2}
    axes.boxplot(
        values,
        positions=range(len(sets)),
        orientation="horizontal",
        widths=0.66,
        showfliers=False,
        zorder=3,
        boxprops=line,
        whiskerprops=line,
        capprops=line,
        medianprops=line | {"linewidth": 2.5},
    )
    axes.set_title(_short(label), fontsize=9, fontweight="bold", loc="left")
    axes.set_xlabel(unit, fontsize=8)
    axes.set_yticks(range(len(sets)), [_short(each) for each in sets])
    axes.set_ylim(len(sets) - 0.45, -0.55)  # the first set on top
    axes.tick_params(left=False, labelsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=unit in ("turns", "words"), min_n_ticks=1))
    if not any(map(any, values)):
        axes.set_xlim(-0.05, 1)  # nothing but zeros: or else there would be negative numbers
    axes.grid(axis="x", color="#808080", alpha=0.3, linewidth=0.6)
    axes.set_axisbelow(True)


def _short(name: str) -> str:
    shown = rendering.shown(name)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _in_words(tables: Mapping[str, pandas.DataFrame], panels: Mapping[str, list[list[float]]]) -> str:
    sizes = [f"{name} ({len(table)} dialogue{'s' * (len(table) != 1)})" for name, table in tables.items()]
    medians = [
        f"{measure(name).label} {' and '.join(f'{round(median(each), 2):g}' if each else 'none' for each in values)}"
        for name, values in panels.items()
    ]
    return rendering.shown(f"{' and '.join(sizes)}. Medians: {'; '.join(medians)}.")
