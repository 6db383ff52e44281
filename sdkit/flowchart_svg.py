"""Pictures of flowcharts: an SVG that needs neither colour nor a script, and the same as a table.

Where a notebook is not trusted yet, and on GitHub, SVG is taken out of HTML and its texts are left: so there are few of
them, in the order of the chart, and the table is outside.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sdkit import rendering
from sdkit.flowchart_layout import BOX_WIDTH, LINE, PADDING, Layout, layout

if TYPE_CHECKING:
    from sdkit.flowchart import Flowchart

_PATH = "var(--jp-brand-color1, #1976d2)"
_FONT = 'font-family="ui-monospace, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="12"'


def svg(chart: Flowchart, path: Sequence[str] = ()) -> str:
    """Return the chart as an SVG picture of role "img", named and described by its title and description.

    Their ids are made of what the picture shows: always the same for one picture, so that notebooks can be compared,
    and on a page the same twice only where the same picture is, which has the same name.
    """
    plan = layout(chart, path)
    title = rendering.escaped(f"Flowchart of {chart.task}" + (" with the path of a dialogue" if path else ""))
    passed = f" A dialogue passed {', '.join(path)}."[:1000] if path else ""
    about = rendering.escaped(f"{chart.summary()}; the table has all edges.{passed}")
    content = "\n".join([*_arrows(plan, path), *_stubs(plan), *_boxes(chart, plan)])
    name = "sdkit-flowchart-" + hashlib.sha256(f"{title}\n{about}\n{content}".encode()).hexdigest()[:12]
    wide, high = f"{plan.width:g}", f"{plan.height:g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-labelledby="{name}-title" aria-describedby="{name}-desc" '
        f'viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" style="max-width: 100%; height: auto" '
        f'{_FONT} text-anchor="middle" fill="none" stroke="currentColor" stroke-width="1.3">\n'
        f'<title id="{name}-title">{title}</title>\n<desc id="{name}-desc">{about}</desc>\n{content}\n</svg>'
    )


def figure(chart: Flowchart, path: Sequence[str] = ()) -> str:
    """Return the picture with a caption that explains it, and its edges as a table."""
    loose = ' Dashed, with a "?": the chart does not say what comes before, or next.' if chart.loose_ends else ""
    walked = " Thick: the path of a dialogue, with the numbers of its steps." if path else ""
    kinds = " Six-sided: a condition, which nobody says." if chart.conditions else ""
    table = rendering.table(("from", "to", "says", "kind"), chart.rows())
    task = rendering.escaped(chart.task)
    return rendering.figure(
        "flowchart",
        f"<b>{task}</b>: {chart.summary()}.{kinds}{loose}{walked}",
        f"{svg(chart, path)}\n<details><summary>The edges of {task} as a table</summary>\n{table}\n</details>",
    )


def _arrows(plan: Layout, path: Sequence[str]) -> Iterator[str]:
    walked = set(itertools.pairwise(path))
    for edge, points in sorted(plan.arrows.items(), key=lambda arrow: arrow[0] in walked):  # what was walked, on top
        thick = edge in walked
        (x, y), size = points[-1], 6 if thick else 4
        corners = " ".join(f"{px:g},{py:g}" for px, py in [*points[:-1], (x, y - 2 * size + 1)])
        style = f' stroke="{_PATH}" stroke-width="4"' if thick else ""
        yield f'<polyline points="{corners}"{style}/>' + _head(x, y, size, _PATH if thick else "currentColor")


def _stubs(plan: Layout) -> Iterator[str]:
    for (x, y), (_, end), leads_in in plan.stubs:
        mark, line = (y + 9, (y + 12, end - 7)) if leads_in else (end - 3, (y, end - 14))
        question = f'<path d="M{x - 3:g},{mark - 6:g}c0,-4 6,-4 6,0c0,2.4 -3,2 -3,3.7m0,2v0.6" stroke-width="1.5"/>'
        head = _head(x, end, 4, "currentColor") if leads_in else ""
        yield f'<path d="M{x:g},{line[0]:g}V{line[1]:g}" stroke-dasharray="3 2"/>{question}{head}'


def _head(x: float, y: float, size: int, paint: str) -> str:
    return f'<path d="M{x:g},{y:g}l{-size},{-2 * size}h{2 * size}z" fill="{paint}" stroke="none"/>'


def _boxes(chart: Flowchart, plan: Layout) -> Iterator[str]:
    unsaid = set(chart.conditions)
    for box in plan.boxes.values():
        x, y, high = box.x, box.y, box.height
        style = f' stroke="{_PATH}" stroke-width="3.5"' if box.step else ""
        if box.node in unsaid:
            left, right, end = x + 10, x + BOX_WIDTH - 10, x + BOX_WIDTH
            middle, low = y + high / 2, y + high
            points = (
                f"{left:g},{y:g} {right:g},{y:g} {end:g},{middle:g} {right:g},{low:g} {left:g},{low:g} {x:g},{middle:g}"
            )
            shape = f'<polygon points="{points}" fill="currentColor" fill-opacity="0.08"{style}/>'
        else:
            shape = f'<rect x="{x:g}" y="{y:g}" width="{BOX_WIDTH:g}" height="{high:g}" rx="4"{style}/>'
        lines = [*((line, "") for line in box.lines), *((f" {line}", ' font-weight="bold"') for line in box.step)]
        texts = "".join(
            f'<text x="{x + BOX_WIDTH / 2:g}" y="{y + PADDING + LINE * (number + 0.75):g}" fill="currentColor" '
            f'stroke="none"{bold}>{rendering.escaped(line)}</text>'
            for number, (line, bold) in enumerate(lines)
        )
        yield f"<g>{shape}{texts}</g>"
