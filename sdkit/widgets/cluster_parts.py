"""How `ClusterMap` draws clusters, and tells of them: HTML with everything escaped.

A mark is told by its shape and, where there is room, by its cluster's letter, which need no colour.
"""

from __future__ import annotations

from collections.abc import Sequence

from sdkit import rendering
from sdkit.analysis.cluster_layout import drawn, looks
from sdkit.analysis.clustering import Clusters
from sdkit.dialog import Dialog
from sdkit.rendering import SAFE
from sdkit.widgets.dialog_view import chat_html, text_html, turns_html

WIDE, HIGH = 480, 340
ROOMY = 200
"""Up to so many dialogues, marks are large enough for a letter and for a mouse."""
_EDGE, _FONT = 22, 11  # of the map, of letters in marks; in units of the picture
_LARGE, _SMALL = 9, 3.5  # marks: half of their width
_SHORT, _LISTED = 60, 300  # letters of a dialogue in a list; dialogues in it
_GROUND = "var(--jp-layout-color0, Canvas)"
_HALO = f'stroke="{_GROUND}" stroke-width="4" paint-order="stroke"'

# By matplotlib's names for them, in halves of the width; the last one is a plus.
_CORNERS: dict[str, list[tuple[float, float]]] = {
    "s": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
    "^": [(0, -1.2), (1.2, 1), (-1.2, 1)],
    "v": [(0, 1.2), (1.2, -1), (-1.2, -1)],
    "D": [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)],
    "P": [
        (x * s, y * s)
        for s in (1, -1)
        for x, y in ((-0.5, -1.2), (0.5, -1.2), (0.5, -0.5), (1.2, -0.5), (1.2, 0.5), (0.5, 0.5))
    ],
}

STYLE = f"""<style>
.sdkit-cluster-map {{ max-width: 80em; }}
.sdkit-cluster-map p {{ margin: 0.2em 0; line-height: 1.5; overflow-wrap: anywhere; }}
.sdkit-cluster-map .widget-html-content {{ min-width: 0; overflow-wrap: anywhere; }}
.sdkit-cluster-map .widget-select {{ flex-direction: column; height: auto; }}
.sdkit-cluster-map .widget-select > label {{ width: auto; text-align: left; }}
.sdkit-cluster-map .widget-select > select {{ width: 100%; box-sizing: border-box; flex: none; }}
.sdkit-cluster-map .jupyter-widget-dropdown {{ max-width: 100%; }}
.sdkit-cluster-picture {{ flex: 3 1 30em; min-width: 0; }}
.sdkit-cluster-drawn {{ position: relative; overflow: hidden !important; aspect-ratio: {WIDE} / {HIGH}; margin: 0;
  border: 1px solid var(--jp-border-color1, GrayText); }}
.sdkit-cluster-drawn > .widget-html {{ position: absolute; inset: 0; margin: 0; width: auto; height: auto; }}
.sdkit-cluster-drawn > .widget-html > * {{ height: 100%; }}
.sdkit-cluster-drawn svg {{ display: block; width: 100%; height: 100%; }}
.sdkit-cluster-drawn > button {{ position: absolute; width: {200 * _LARGE / WIDE:.3g}%; height: auto; padding: 0;
  margin: 0; font-size: 0; aspect-ratio: 1; min-width: 0; transform: translate(-50%, -50%); border-radius: 50%;
  background: none; box-shadow: none; }}
.sdkit-cluster-drawn > button:hover {{ outline: 2px solid currentColor; background: none; box-shadow: none; }}
.sdkit-cluster-beside {{ flex: 2 1 20em; min-width: 0; }}
.sdkit-cluster-map table {{ margin: 0.4em 0; table-layout: auto; }}
.sdkit-cluster-map :is(th, td) {{ white-space: normal; overflow-wrap: anywhere; vertical-align: top;
  padding: 0.1em 0.8em 0.1em 0; }}
</style>"""


def places(found: Clusters) -> list[tuple[float, float]]:
    """Return where on the picture the dialogues stand."""
    return [_place(float(x), float(y)) for x, y in found.layout]


def _place(x: float, y: float) -> tuple[float, float]:
    across, down = WIDE / 2 - _EDGE, HIGH / 2 - _EDGE
    return round(WIDE / 2 + across * x, 1), round(HIGH / 2 - down * y, 1)


def svg(found: Clusters, number: int | None = None, at: int | None = None) -> str:
    """Return the map as a picture of role "img".

    Parameters
    ----------
    found
        The clusters.
    number
        Which cluster is looked at: the others are drawn in thin lines.
    at
        Which dialogue is looked at.
    """
    where, count = places(found), len(found.labels)
    there = drawn(count)
    if at is not None and at not in there:
        there.append(at)
    look = [each for each, _ in zip(looks(), range(len(found)), strict=False)]
    size = _LARGE if count <= ROOMY else _SMALL
    marks = []
    for place in sorted(there, key=lambda one: (one == at, found.labels[one] == number, one)):  # who is looked at, last
        (x, y), mine = where[place], int(found.labels[place])
        shape, colour, filled = look[mine]
        thin = number is not None and mine != number
        fill = colour if filled and size == _SMALL and not thin else _GROUND
        style = f'fill="{fill}" stroke="{colour}" stroke-width="{0.8 if thin else 2 if size == _LARGE else 1.2}"'
        marks.append(f'<path d="{_shape(shape, x, y, size)}" {style}/>')
        if size == _LARGE:
            marks.append(_text(x, y + 4, found.letter(mine), 'stroke="none"'))
        if place == at:
            marks.append(f'<circle cx="{x:g}" cy="{y:g}" r="{size + 4:g}" stroke-width="2.5"/>')
    letters = []
    for each in range(len(found)) if size == _SMALL else ():
        x, y = _place(*found.middle(each))
        large = 'font-size="20" ' if each == number else 'font-size="16" '
        letters.append(_text(x, y + 6, found.letter(each), f'{large}font-weight="bold" {_HALO}'))
    about = f"Map of {count:,} dialogues in {len(found)} cluster{'s' * (len(found) != 1)}"
    about += f"; {found.letter(number)} is looked at" if number is not None else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{rendering.escaped(about)}" '
        f'viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}" style="max-width: 100%" fill="none" '
        f'stroke="currentColor" font-family="sans-serif" font-size="{_FONT}">\n' + "\n".join([*marks, *letters])
    ) + "\n</svg>"


def _shape(marker: str, x: float, y: float, r: float) -> str:
    """Return the path of a mark, by the name that matplotlib has for it."""
    if marker == "o":
        return f"M{x - r:g},{y:g}a{r:g},{r:g} 0 1 0 {2 * r:g},0a{r:g},{r:g} 0 1 0 {-2 * r:g},0z"
    around = _CORNERS[marker]
    return "M" + "L".join(f"{x + r * dx:.4g},{y + r * dy:.4g}" for dx, dy in around) + "z"


def _text(x: float, y: float, text: str, style: str) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="middle" fill="currentColor" {style}>{rendering.escaped(text)}</text>'
    )


def title(found: Clusters, number: int) -> str:
    """Return the letter and the name of a cluster, on one line."""
    return f"{found.letter(number)}: {rendering.shown(found.names[number])[:_SHORT]}"


def cluster_html(found: Clusters, number: int) -> str:
    """Return what is known of a cluster: its size and its words."""
    size, words = found.sizes[number], ", ".join(found.words[number]) or "none that tell it"
    return (
        f'<p class="{SAFE}" dir="auto"><b>{text_html(title(found, number))}</b>: {size:,} of {len(found.labels):,} '
        f"dialogues ({size / len(found.labels):.0%}). Words: {text_html(words)}.</p>"
    )


def listed(found: Clusters, number: int, dialogs: Sequence[Dialog], at: int | None = None) -> list[tuple[str, int]]:
    """Return a label and the place of each dialogue of a cluster, those nearest to its centre first.

    Of a large cluster, only the nearest ones, and the one that is looked at: a page would be slow.
    """
    members = found.members(number)
    some = members[:_LISTED]
    if at in members[_LISTED:]:
        some.append(at)
    return [(f"{place + 1}. {beginning(dialogs[place])}", place) for place in some]


def listing_html(found: Clusters, number: int) -> str:
    """Return how the list is sorted, and whether it has all of them."""
    size = found.sizes[number]
    told = f" The {_LISTED} nearest of {size:,} are listed." if size > _LISTED else ""
    return f"<p>Nearest to the middle of the cluster first.{told}</p>"


def beginning(dialog: Dialog) -> str:
    """Return how a dialogue begins, on one line."""
    said = rendering.shown(next((turn.text for turn in dialog.turns if turn.text.strip()), "")).strip()
    return said if len(said) <= _SHORT else f"{said[:_SHORT]}…"


def dialog_html(dialog: Dialog) -> str:
    """Return a dialogue: what it is, and its turns in a box that scrolls."""
    caption = f'<p class="{SAFE}" dir="auto">{text_html(rendering.caption(dialog))}</p>'
    return caption + chat_html(turns_html(dialog)[0])


def table_html(found: Clusters, dialogs: Sequence[Dialog]) -> str:
    """Return a table of the clusters."""
    rows = [
        (
            found.letter(number),
            found.names[number],
            f"{found.sizes[number]:,}",
            ", ".join(found.words[number]),
            beginning(dialogs[found.representative(number)]),
        )
        for number in range(len(found))
    ]
    return rendering.table(("cluster", "name", "dialogues", "words", "a dialogue of its middle"), rows)
