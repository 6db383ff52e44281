"""What the sections of a report are made of: tables with captions, bars, lists. Everything is escaped here."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sdkit.errors import MissingPackageError
from sdkit.rendering import escaped

STYLE = """
body { max-width: 64rem; }
nav ul { columns: 16rem; padding-left: 1.2em; }
section { margin-top: 2.2em; }
caption { text-align: left; color: var(--soft); padding: 0.2em 0; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.wide:focus-visible { outline: 2px solid var(--link); }
.bar { position: relative; width: 9rem; height: 0.9rem; border: 1px solid var(--line); box-sizing: border-box; }
.bar span { position: absolute; inset: 0 auto 0 0; min-width: 1px;
  background: repeating-linear-gradient(45deg, var(--blue) 0 3px, var(--box) 3px 6px); }
.bar i { position: absolute; top: -2px; bottom: -2px; width: 0; border-left: 2px solid var(--text); }
details { margin: 0.5em 0; }
summary { cursor: pointer; }
figure { margin: 0.8em 0; }
figcaption { color: var(--soft); }
figure.sdkit-dialog { border: 1px solid var(--line); padding: 0.6em 1em; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
svg.sdkit-plot { max-width: 100%; height: auto; }
@media print { .wide { overflow: visible; } .bar span, .bar i { print-color-adjust: exact;
  -webkit-print-color-adjust: exact; } details::details-content { content-visibility: visible; display: block; } }
"""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

ROWS = 50
"""Of longer lists in the report, so many rows are shown."""


def visible(page: str) -> str:
    """Return a page with control characters and half surrogate pairs made visible: no file could hold the latter."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], page)


@dataclass(frozen=True)
class Bar:
    """A bar in a table: how much, and where it was to reach, both as shares of its width. A cell beside it says it."""

    share: float
    target: float | None = None

    def html(self) -> str:
        """Return it; it is not read aloud."""
        mark = "" if self.target is None else f'<i style="left: {_percent(self.target)}"></i>'
        return f'<div class="bar" aria-hidden="true"><span style="width: {_percent(self.share)}"></span>{mark}</div>'


def _percent(share: float) -> str:
    return f"{100 * min(1.0, max(0.0, share)):.1f}%"


Cell = str | int | float | Bar


def table(caption: str, names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a table with a caption; numbers stand at the right, a float with two digits."""
    heads = "".join(f'<th scope="col">{escaped(name)}</th>' for name in names)
    lines = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    said = escaped(caption)
    return (
        f'<div class="wide" role="region" aria-label="{said}" tabindex="0"><table>\n<caption>{said}</caption>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table></div>"
    )


def _cell(value: Cell) -> str:
    match value:
        case Bar():
            return f"<td>{value.html()}</td>"
        case int():
            return f'<td class="number">{value:,}</td>'
        case float():
            return f'<td class="number">{"" if math.isnan(value) else f"{round(value, 2) + 0.0:.2f}"}</td>'
    return f'<td dir="auto">{escaped(value)}</td>'


def paragraph(text: str) -> str:
    """Return a text as a paragraph."""
    return f'<p dir="auto">{escaped(text)}</p>'


def folded(title: str, content: str) -> str:
    """Return content, which is HTML, that opens by its title; printed pages have it open."""
    return f"<details><summary>{escaped(title)}</summary>\n{content}\n</details>"


def section(name: str, title: str, parts: Iterable[str]) -> str:
    """Return a section under a heading, with an id."""
    return f'<section id="{name}">\n<h2>{escaped(title)}</h2>\n' + "\n".join(filter(None, parts)) + "\n</section>"


def missing(error: MissingPackageError) -> str:
    """Say that a part of the report is not there, and why."""
    return paragraph(f"This part was left out: {error}")


def counted(count: int, what: str) -> str:
    """Return a number with a noun, in the singular or plural."""
    return f"{count:,} {what}{'s' * (count != 1)}"
