"""Pictures of sets of dialogues: a panel for each measure, a point for each dialogue."""

from __future__ import annotations

import io
import itertools
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from sdkit import rendering
from sdkit.analysis.comparison import Sets, measures_of, tables_of
from sdkit.analysis.statistics import Adherent, Words, measure, split_words
from sdkit.errors import MissingPackageError

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK = "#010203"  # as good as black in files; in notebooks, the colour of the text around
_LOOKS = [("o", "#0072b2"), ("^", "#d55e00"), ("s", "#009e73"), ("D", "#b05a94"), ("v", "#7f7f7f"), ("P", "#9a7d0a")]
_COLUMNS = 3
_LONGEST = 32  # letters of a name
_STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # which comes with matplotlib
    "font.size": 9,
    "svg.fonttype": "none",  # letters stay letters: small, searchable, and in any script that the reader can show
    "svg.hashsalt": "sdkit",
    "text.parse_math": False,  # names of sets and speakers are texts, whatever is in them
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _INK),
    **{f"axes.spines.{side}": False for side in ("left", "right", "top")},
}


@dataclass(frozen=True)
class Plot:
    """A picture with its text alternative. In Jupyter it shows itself, in the colours of the theme.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        To save, ``plot.figure.savefig("comparison.pdf")``, or to change.
    alt : str
        What it shows, in words: the medians.
    """

    figure: Figure
    alt: str

    def svg(self) -> str:
        """Return the picture as SVG of role "img", with the text alternative as its label."""
        import matplotlib

        file = io.StringIO()
        with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of letters that matplotlib's font lacks; the reader's may have them
            self.figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
        picture = file.getvalue()
        # What a page of several pictures cannot have: rules for all of the page, and the same ids again and again.
        inner = re.sub(r'<metadata>.*?</metadata>|<style .*?</style>|(?<=<g) id="[^"]*"', "", picture, flags=re.DOTALL)
        inner = inner[inner.index(">", inner.index("<svg")) + 1 :].replace(_INK, "currentColor")
        inner = re.sub(r"\n\s*", "\n", inner)
        wide, high = (f"{72 * inches:g}" for inches in self.figure.get_size_inches())
        return (
            f'<svg class="sdkit-plot" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'role="img" aria-label="{rendering.escaped(self.alt)}" viewBox="0 0 {wide} {high}" width="{wide}pt" '
            f'style="max-width: 100%; height: auto; stroke-linejoin: round; stroke-linecap: butt">{inner}'
        )

    def html(self) -> str:
        """Return the picture with a caption that explains it."""
        return rendering.figure(
            "comparison",
            "A mark is a dialogue. The box holds the middle half of the set, the line in it is the median, the "
            "whiskers reach to the last dialogue within 1.5 times the box's length.",
            f"{self.svg()}\n<details><summary>The picture in words</summary>{rendering.escaped(self.alt)}</details>",
        )

    def __repr__(self) -> str:
        return f"<Plot: {self.alt}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": self.alt, "text/html": self.html()}


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
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError("matplotlib", "draw a comparison") from error
    tables = tables_of(sets, adherence, words)
    panels = {name: _values(tables, name) for name in measures_of(tables)}
    panels = {name: values for name, values in panels.items() if any(values)}
    rows = -(-len(panels) // _COLUMNS)
    with matplotlib.rc_context(_STYLE):
        # Not pyplot's: that would keep it, and show it a second time.
        figure = Figure(figsize=(9, rows * (0.95 + 0.3 * len(tables))), layout="constrained")
        axes = figure.subplots(rows, min(_COLUMNS, len(panels)), sharey=True, squeeze=False)
        for place, (name, values) in zip(axes.flat, panels.items(), strict=False):
            _draw(place, name, values, list(tables))
        for place in axes.flat[len(panels) :]:
            place.set_axis_off()
    return Plot(figure, _in_words(tables, panels))


def _values(tables: Mapping[str, pandas.DataFrame], name: str) -> list[list[float]]:
    return [table[name].dropna().tolist() if name in table else [] for table in tables.values()]


def _draw(axes: Axes, name: str, values: list[list[float]], sets: list[str]) -> None:
    from matplotlib.ticker import MaxNLocator

    label, unit = measure(name)
    for row, (each, (marker, colour)) in enumerate(zip(values, itertools.cycle(_LOOKS), strict=False)):
        # The golden ratio spreads any number of marks evenly, and always in the same way.
        heights = [row + 0.5 * (number * 0.618034 % 1 - 0.5) for number in range(len(each))]
        axes.plot(each, heights, marker, mfc="none", mec=colour, ms=4, mew=0.8, clip_on=False)
    line = {"color": _INK, "linewidth": 1.2}
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
