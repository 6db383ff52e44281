"""Pictures that show themselves in Jupyter in the colours of the theme, with a text alternative."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sdkit import rendering
from sdkit.errors import MissingPackageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#010203"  # as good as black in files; in notebooks, the colour of the text around
LOOKS = [("o", "#0072b2"), ("^", "#d55e00"), ("s", "#009e73"), ("D", "#b05a94"), ("v", "#7f7f7f"), ("P", "#9a7d0a")]
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # which comes with matplotlib
    "font.size": 9,
    "svg.fonttype": "none",  # letters stay letters: small, searchable, and in any script that the reader can show
    "svg.hashsalt": "sdkit",
    "text.parse_math": False,  # names of sets and speakers are texts, whatever is in them
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    **{f"axes.spines.{side}": False for side in ("left", "right", "top")},
}


@contextlib.contextmanager
def drawing(what: str) -> Iterator[type[Figure]]:
    """Give the class of figures, to draw with our fonts and colours; not pyplot's, which would show it a second time.

    Raises
    ------
    MissingPackageError
        matplotlib is not installed; `what` says what it is needed for.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingPackageError("matplotlib", what) from error
    with matplotlib.rc_context(STYLE):
        yield Figure


@dataclass(frozen=True)
class Plot:
    """A picture with its text alternative. In Jupyter it shows itself, in the colours of the theme.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        To save, ``plot.figure.savefig("comparison.pdf")``, or to change.
    alt : str
        What it shows, in words.
    note : str
        How to read it, as HTML.
    kind : str
        What it is a picture of, in a word.
    """

    figure: Figure
    alt: str
    note: str
    kind: str

    def svg(self) -> str:
        """Return the picture as SVG of role "img", with the text alternative as its label."""
        import matplotlib

        file = io.StringIO()
        with matplotlib.rc_context(STYLE), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of letters that matplotlib's font lacks; the reader's may have them
            self.figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
        picture = file.getvalue()
        # What a page of several pictures cannot have: rules for all of the page, and the same ids again and again.
        inner = re.sub(r'<metadata>.*?</metadata>|<style .*?</style>|(?<=<g) id="[^"]*"', "", picture, flags=re.DOTALL)
        inner = inner[inner.index(">", inner.index("<svg")) + 1 :].replace(INK, "currentColor")
        inner = re.sub(r"\n\s*", "\n", inner)
        wide, high = (f"{72 * inches:g}" for inches in self.figure.get_size_inches())
        return (
            f'<svg class="sdkit-plot" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'role="img" aria-label="{rendering.escaped(self.alt)}" viewBox="0 0 {wide} {high}" width="{wide}pt" '
            f'style="max-width: 100%; height: auto; stroke-linejoin: round; stroke-linecap: butt">{inner}'
        )

    def html(self) -> str:
        """Return the picture with a caption that explains it."""
        words = f"<details><summary>The picture in words</summary>{rendering.escaped(self.alt)}</details>"
        return rendering.figure(self.kind, self.note, f"{self.svg()}\n{words}")

    def __repr__(self) -> str:
        return f"<Plot: {self.alt}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": self.alt, "text/html": self.html()}
