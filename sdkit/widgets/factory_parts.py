"""What the widgets of the dialogue factory share: sections, lists to choose from, and tables with bars."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import ipywidgets

from sdkit.rendering import SAFE, shown
from sdkit.widgets.dialog_view import OWN_KEYS
from sdkit.widgets.parts import Panel, button, markup, row

LISTED = 1000
"""How many lines a list has at most: a page would be slow."""

# The report's tables and bars, in the colours of the theme.
STYLE = """<style>
.sdkit-factory { max-width: 80em; --line: var(--jp-border-color1, GrayText); --blue: var(--jp-brand-color1, #1a66c2);
  --box: var(--jp-layout-color1, Canvas); --text: var(--jp-content-font-color1, CanvasText); --soft: var(--text);
  --link: var(--blue); }
.sdkit-factory p { margin: 0.3em 0; line-height: 1.5; overflow-wrap: anywhere; }
.sdkit-factory .widget-html { height: auto; min-height: 0; }
.sdkit-factory .widget-html-content { min-width: 0; overflow-wrap: anywhere; line-height: 1.4; }
.sdkit-factory .wide { max-height: 24em; overflow: auto; margin: 0.3em 0; }
.sdkit-factory .wide:focus-visible { outline: 2px solid var(--link); }
.sdkit-factory table { margin: 0.2em 0; table-layout: auto; min-width: min(100%, 30em); border-collapse: collapse; }
.sdkit-factory caption { text-align: left; color: var(--text); padding: 0.2em 0; caption-side: top; }
.sdkit-factory :is(th, td) { white-space: normal; overflow-wrap: anywhere; vertical-align: top; text-align: left;
  padding: 0.15em 0.9em 0.15em 0; }
.sdkit-factory td:not(.number) { min-width: 5.5em; }
.sdkit-factory td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.sdkit-factory .bar { position: relative; width: 9rem; height: 0.9rem; border: 1px solid var(--line);
  box-sizing: border-box; margin-top: 0.2em; }
.sdkit-factory .bar span { position: absolute; inset: 0 auto 0 0; min-width: 1px;
  background: repeating-linear-gradient(45deg, var(--blue) 0 3px, var(--box) 3px 6px); }
.sdkit-factory .bar i { position: absolute; top: -2px; bottom: -2px; width: 0; border-left: 2px solid var(--text); }
.sdkit-factory svg.sdkit-plot { max-width: 100%; height: auto; }
.sdkit-factory .widget-select { flex-direction: column; height: auto; }
.sdkit-factory .widget-select > label { width: auto; text-align: left; }
.sdkit-factory .widget-select > select { width: 100%; box-sizing: border-box; flex: none; }
.sdkit-factory .jupyter-widget-dropdown { max-width: 100%; }
.sdkit-factory-sections { border-bottom: 1px solid var(--jp-border-color1, GrayText); padding-bottom: 0.3em; }
</style>"""

_BAR = re.compile(r'<th scope="col">bar</th>|<td><div class="bar".*?</div></td>')

CLOSE: dict[str, Any] = {"layout": {"width": "auto"}, "style": {"description_width": "auto"}}
"""How a control stands close to its label."""


class Sections(ipywidgets.VBox):  # type: ignore[misc]
    """Parts of a widget of which one is shown at a time; a button for each names it.

    Parameters
    ----------
    panel
        The widget that they are in.
    sections
        By name.
    shown
        Called with the name of each that is shown.

    Attributes
    ----------
    at : str
        The name of the one that is shown.
    buttons : dict
        By name.
    """

    def __init__(
        self, panel: Panel, sections: Mapping[str, Any], shown: Callable[[str], None] = lambda name: None
    ) -> None:
        self._sections, self._shown = dict(sections), shown
        self.at = ""
        self.buttons = {name: button(name, f"Show: {name}") for name in sections}
        for name, control in self.buttons.items():
            panel.on_click(control, partial(self.show, name))
        self._names = row(*self.buttons.values()).add_class("sdkit-factory-sections")
        super().__init__()
        self.show(next(iter(sections)))

    def show(self, name: str) -> None:
        """Show a section."""
        self.at = name
        for other, control in self.buttons.items():
            control.description = f"▸ {other}" if other == name else other
        self.children = [self._names, self._sections[name]]
        self._shown(name)


class Picker(ipywidgets.VBox):  # type: ignore[misc]
    """A list to choose from with the mouse, and two buttons that go through it with keys.

    JupyterLab takes the arrow keys in a list for itself.

    Parameters
    ----------
    panel
        The widget that it is in.
    label
        What is listed.
    choose
        Called with the place of what was chosen, from 0.

    Attributes
    ----------
    at : int or None
        Which one is chosen.
    """

    def __init__(self, panel: Panel, label: str, choose: Callable[[int], None]) -> None:
        self._choose, self._busy = choose, False
        self._lines: list[tuple[str, int]] = []
        self._first = -1
        self.at: int | None = None
        self.list = ipywidgets.Select(description=label, rows=6, tabbable=False, layout={"width": "auto"})
        self.previous_button, self.next_button = button("Previous"), button("Next")
        self.place = markup("")
        panel.on_change(self.list, self._chosen)
        panel.on_click(self.previous_button, partial(self.step, -1))
        panel.on_click(self.next_button, partial(self.step, 1))
        super().__init__([self.list, row(self.previous_button, self.next_button, self.place)])

    @property
    def places(self) -> list[int]:
        """What can be chosen."""
        return [place for _, place in self._lines]

    def offer(self, lines: Sequence[tuple[str, int]]) -> None:
        """Give these to choose from, a line with the place of each, and choose the first."""
        self._lines, self._first = [(shown(text), place) for text, place in lines], -1
        self.show(self._lines[0][1] if self._lines else None)

    def show(self, place: int | None) -> None:
        """Choose one of those that are there; None for none."""
        number = self.places.index(place) if place is not None else -1
        first = max(0, number) // LISTED * LISTED
        some = self._lines[first : first + LISTED]
        self._busy = True
        try:
            if first != self._first:
                self.list.options = some
                self._first = first
            self.list.value = place
        finally:
            self._busy = False
        self.at = place
        self.previous_button.disabled, self.next_button.disabled = number <= 0, number + 1 >= len(self._lines)
        words = f"{number + 1:,} of {len(self._lines):,}" if self._lines else "There are none."
        words += f". The list has {first + 1:,} to {first + len(some):,}." if len(self._lines) > LISTED else ""
        self.place.value = f'<div role="status">{words}</div>'
        if place is not None:
            self._choose(place)

    def step(self, by: int) -> None:
        """Choose the one before, or the next."""
        places = self.places
        if self.at is not None and 0 <= (to := places.index(self.at) + by) < len(places):
            self.show(places[to])

    def _chosen(self, place: int | None) -> None:
        if not self._busy and place is not None and place != self.at:
            self.show(place)


def in_lab(*parts: str) -> str:
    """Return parts of a report as HTML for JupyterLab, which would take the keys pressed in a table for its own."""
    text = "\n".join(filter(None, parts)).replace(' tabindex="0"', f' tabindex="0" {OWN_KEYS}')
    return f'<div class="{SAFE}">{text.replace("<summary>", f"<summary {OWN_KEYS}>")}</div>'


def printed(*parts: str) -> str:
    """Return parts of a report as HTML for a page without styles: nothing scrolls there, and bars are not drawn."""
    text = "\n".join(filter(None, parts))
    plain = re.sub(r'<div class="wide"[^>]*>(<table>.*?</table>)</div>', r"\1", text, flags=re.DOTALL)
    return f'<div class="{SAFE}">{_BAR.sub("", plain)}</div>'
