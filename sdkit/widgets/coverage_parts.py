"""How `CoverageMap` draws personas on a map, and tells of them: HTML with everything escaped.

A mark is told by its letter and by whether it is round, which need no colour. Names stand where there is room for them:
the list of personas has all of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from sdkit import rendering
from sdkit.analysis.maps import Point
from sdkit.analysis.picture import LOOKS
from sdkit.population.covering import Coverage
from sdkit.population.likeness import texts_of
from sdkit.rendering import SAFE
from sdkit.widgets.dialog_view import OWN_KEYS, text_html

WIDE, HIGH = 480, 340
_EDGE, _MARK, _FONT = 22, 9, 11  # of the map, of a mark (its radius), of letters; in units of the picture
_LETTER = 0.56 * _FONT  # how wide a letter is, about
_NAMED = 300  # personas: of more, no names are drawn but of those that are looked at
_SHORT = 24  # letters of a name on the map
_ROWS = 50  # of personas on a printed page
_GROUND = "var(--jp-layout-color0, Canvas)"
_HALO = f'stroke="{_GROUND}" stroke-width="3" paint-order="stroke"'  # so that lines do not cross names
UNKNOWN = "unknown"

STYLE = f"""<style>
.sdkit-coverage-map {{ max-width: 80em; }}
.sdkit-coverage-map p {{ margin: 0.2em 0; line-height: 1.5; overflow-wrap: anywhere; }}
.sdkit-coverage-map .widget-html-content {{ min-width: 0; overflow-wrap: anywhere; }}
.sdkit-coverage-picture {{ flex: 3 1 30em; min-width: 0; }}
.sdkit-coverage-drawn {{ position: relative; overflow: hidden !important; aspect-ratio: {WIDE} / {HIGH}; margin: 0;
  border: 1px solid var(--jp-border-color1, GrayText); }}
.sdkit-coverage-drawn > .widget-html {{ position: absolute; inset: 0; margin: 0; width: auto; height: auto; }}
.sdkit-coverage-drawn > .widget-html > * {{ height: 100%; }}
.sdkit-coverage-drawn svg {{ display: block; width: 100%; height: 100%; }}
.sdkit-coverage-drawn > button {{ position: absolute; width: {200 * _MARK / WIDE:.3g}%; height: auto; padding: 0;
  margin: 0; font-size: 0; aspect-ratio: 1; min-width: 0; transform: translate(-50%, -50%); border-radius: 50%;
  background: none; box-shadow: none; }}
.sdkit-coverage-drawn > button:hover {{ outline: 2px solid currentColor; background: none; box-shadow: none; }}
.sdkit-coverage-beside {{ flex: 2 1 18em; min-width: 0; }}
.sdkit-coverage-scrolls {{ max-height: 30em; overflow: auto; resize: vertical; box-sizing: border-box; padding: 0.5em;
  border: 1px solid var(--jp-border-color1, GrayText); line-height: 1.5; }}
.sdkit-coverage-map .sdkit-coverage-scrolls table {{ margin: 0; table-layout: auto; }}
.sdkit-coverage-map :is(th, td) {{ white-space: normal; overflow-wrap: break-word; vertical-align: top;
  padding: 0.1em 0.8em 0.1em 0; }}
.sdkit-coverage-map ol {{ margin: 0; padding-left: 1.5em; line-height: 1.5; }}
.sdkit-coverage-scrolls dt {{ font-weight: bold; }}
.sdkit-coverage-scrolls :is(dl, dt, dd) {{ float: none; width: auto; margin: 0; padding: 0; }}
</style>"""


def letters(coverage: Coverage, by: str) -> dict[str, str]:
    """Return a letter, or after Z a number, for each value of an attribute; "?" where nobody can tell the value."""
    values = [value for name, value, *_ in coverage.value_rows() if name == by and value != UNKNOWN]
    signs = itertools.chain((chr(number) for number in range(ord("A"), ord("Z") + 1)), map(str, itertools.count(1)))
    return {value: next(signs) for value in values} | {UNKNOWN: "?"}


def places(points: Sequence[Point]) -> list[tuple[float, float]]:
    """Return where on the picture the personas stand: all of it is used."""
    if not points:
        return []
    found = []
    for wide, values in ((WIDE, [point.x for point in points]), (HIGH, [-point.y for point in points])):
        low, span = min(values), max(values) - min(values)
        room = wide - 2 * _EDGE
        found.append([_EDGE + (room * (value - low) / span if span else room / 2) for value in values])
    return [(round(x, 1), round(y, 1)) for x, y in zip(*found, strict=True)]


def svg(points: Sequence[Point], by: str, signs: Mapping[str, str], at: int | None, near: Sequence[int]) -> str:
    """Return the map as a picture of role "img".

    Parameters
    ----------
    points
        The personas.
    by
        The attribute whose values the letters stand for; "" for none.
    signs
        The letter of each value.
    at
        Which persona is looked at.
    near
        Who is nearest to it: lines lead there.
    """
    where = places(points)
    paint = {value: LOOKS[number % len(LOOKS)][1] for number, value in enumerate(signs)}
    lines = [
        f'<path d="M{where[at][0]:g},{where[at][1]:g}L{where[other][0]:g},{where[other][1]:g}" stroke-dasharray="4 3"/>'
        for other in near
        if at is not None
    ]
    first = [*([] if at is None else [at]), *near]
    order = [number for number in range(len(points)) if number not in first] + first[::-1]  # who is looked at, on top
    marks = []
    for number in order:
        (x, y), point = where[number], points[number]
        value = point.values.get(by, UNKNOWN)
        style = f'fill="{_GROUND}" stroke="{paint.get(value, "currentColor")}" stroke-width="2"'
        shape = _round(x, y, _MARK, style) if point.new else _square(x, y, _MARK - 1, style)
        ring = _round(x, y, _MARK + 4, 'stroke-width="2.5"') if number == at else ""
        marks.append(ring + shape + (_text(x, y + 4, signs.get(value, "?"), "middle") if by else ""))
    names = list(_names(points, where, first))
    about = f"Map of {len(points)} personas" + (f" by {by}" if by else "")
    about += f"; {points[at].name} is looked at" if at is not None else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{rendering.escaped(about)}" '
        f'viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}" style="max-width: 100%" fill="none" '
        f'stroke="currentColor" font-family="sans-serif" font-size="{_FONT}">\n'
        + "\n".join([*lines, *marks, *names])
        + "\n</svg>"
    )


def _round(x: float, y: float, size: float, style: str) -> str:
    return f'<circle cx="{x:g}" cy="{y:g}" r="{size:g}" {style}/>'


def _square(x: float, y: float, size: float, style: str) -> str:
    return f'<rect x="{x - size:g}" y="{y - size:g}" width="{2 * size:g}" height="{2 * size:g}" {style}/>'


def _text(x: float, y: float, text: str, anchor: str, style: str = 'stroke="none"') -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="currentColor" {style}>{rendering.escaped(text)}</text>'
    )


def _names(points: Sequence[Point], where: Sequence[tuple[float, float]], first: Sequence[int]) -> Iterator[str]:
    """Yield names beside their marks: those of `first` in any case, others where nothing is in the way."""
    marks = [(x - _MARK, y - _MARK, x + _MARK, y + _MARK) for x, y in where]
    taken: list[tuple[float, float, float, float]] = []
    others = [number for number in range(len(points)) if number not in first] if len(points) <= _NAMED else []
    for number in [*first, *others]:
        (x, y), name = where[number], short(points[number].name)
        long, beside = len(name) * _LETTER, _MARK + (7 if number in first[:1] else 3)
        boxes = []
        for left, top in ((x + beside, y - 7), (x - beside - long, y - 7), (x - long / 2, y - beside - 12)):
            box = (left, top, left + long, top + 14)
            inside = left >= 0 and top >= 0 and box[2] <= WIDE
            free = not any(_meet(box, other) for other in itertools.chain(taken, marks))
            boxes.append((not (inside and free), not inside, box))
        blocked, _, box = min(boxes, key=lambda each: each[:2])
        if blocked and number not in first:
            continue
        taken.append(box)
        bold = ' font-weight="bold"' if first and number == first[0] else ""
        yield _text(box[0], box[1] + 11, name, "start", f"{_HALO}{bold}")


def _meet(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def short(name: str) -> str:
    """Return a name as it fits onto the map."""
    line = rendering.shown(name).strip()
    return line if len(line) <= _SHORT else f"{line[:_SHORT]}…"


def legend_html(coverage: Coverage, by: str, signs: Mapping[str, str]) -> str:
    """Return what the letters and shapes mean."""
    some = [(signs.get(value, "?"), value) for name, value, *_ in coverage.value_rows() if name == by]
    means = "; ".join(f"<b>{sign}</b> {text_html(value)}" for sign, value in some)
    news = {point.new for point in coverage.points}
    shapes = " Round: new; square: from before." if len(news) > 1 else ""
    return (
        f'<p class="{SAFE}" dir="auto">{f"{text_html(by)}: {means}." if some else ""}{shapes} Personas that are alike '
        "stand near each other, as far as two of several hundred dimensions can show it.</p>"
    )


def values_html(coverage: Coverage) -> str:
    """Return how often each value was planned and comes up, and what is missing."""
    found = coverage.value_rows()
    if not found:
        return "<p>There are no attributes.</p>"
    # There may have been no plan, or nobody before.
    wanted, old = any(row[2] for row in found), any(row[4] for row in found)
    heads = ["attribute", "value", *["planned"] * wanted, "shown", *["from before"] * old, "state"]
    rows = []
    for name, value, planned, new, before in found:
        counts = [*[str(planned)] * wanted, str(new), *[str(before)] * old]
        rows.append((name, value, *counts, _state(value, planned, new, before)))
    return rendering.table(heads, rows)


def _state(value: str, planned: int, new: int, before: int) -> str:
    if value == UNKNOWN:
        return ""
    if planned:
        return "✓ covered" if new >= planned else f"✗ {planned - new} missing"
    return "✓ covered" if new + before else "✗ nobody"


def persona_html(coverage: Coverage, index: int, near: Sequence[tuple[int, float]]) -> str:
    """Return who a persona is, what was planned for it, and who is nearest to it."""
    point, planned = coverage.points[index], coverage.planned(index)
    told = "" if point.new else ", from before"
    heads = ("attribute", *["planned"] * bool(planned), "shown")
    rows = []
    for name, value in point.values.items():
        wanted = planned.get(name, "")
        shown = f"{value}{' ✗' * (wanted not in ('', value))}"
        rows.append((name, wanted, shown) if planned else (name, shown))
    table = rendering.table(heads, rows) if rows else ""
    others = "".join(
        f'<li dir="auto">{text_html(coverage.points[other].name)}: {similarity:.2f}</li>' for other, similarity in near
    )
    nearest = f"<p><b>Nearest</b>, by similarity</p>\n<ol>{others}</ol>" if others else ""
    fields = "\n".join(
        f'<dt>{text_html(name)}</dt><dd dir="auto">{text_html(text)}</dd>'
        for name, text in texts_of(coverage.personas[index]).items()
    )
    parts = [f'<p dir="auto"><b>{text_html(point.name)}</b>{told}</p>', table, nearest, f"<dl>\n{fields}\n</dl>"]
    return f'<div class="{SAFE}">\n' + "\n".join(filter(None, parts)) + "\n</div>"


def scrolls(label: str, content: str) -> str:
    """Return content in a box that scrolls, with the mouse and with keys."""
    return (
        f'<div class="sdkit-coverage-scrolls {SAFE}" role="region" aria-label="{label}" tabindex="0" {OWN_KEYS}>'
        f"{content}</div>"
    )


def personas_html(coverage: Coverage) -> str:
    """Return a table of the personas: the values that they show, and who is nearest."""
    points = coverage.points
    names = list(points[0].values) if points else []
    rows = [
        (short(each.name), *each.values.values(), short(each.nearest), f"{each.similarity:.2f}" if each.nearest else "")
        for each in points[:_ROWS]
    ]
    more = f"\n<p>And {len(points) - _ROWS:,} more.</p>" if len(points) > _ROWS else ""
    return rendering.table(("persona", *names, "nearest", "similarity"), rows) + more
