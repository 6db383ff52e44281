"""`CoverageMap`: what a set of personas covers and what it does not, as a map and as a table."""

from __future__ import annotations

from functools import partial
from typing import Any

import ipywidgets
import traitlets

from sdkit.errors import InputError
from sdkit.personas import BasePersona
from sdkit.population.covering import Coverage
from sdkit.population.generator import Population
from sdkit.rendering import SAFE
from sdkit.widgets import coverage_parts as parts
from sdkit.widgets.dialog_view import text_html
from sdkit.widgets.parts import Panel, markup, row

_BUTTONS = 200
"""Up to so many personas can be chosen on the map; of more, in the list alone: a page would be slow."""


class CoverageMap(Panel):
    """Personas on a map, where those that are alike stand near each other, and how often each planned value comes up.

    Letters tell the values of one attribute. Who is chosen, on the map or in the list, is shown with what was planned
    for them, what they show of it, and who is nearest.

    Parameters
    ----------
    population
        What a `sdkit.population.PersonaGenerator` has made, or what `sdkit.population.coverage` says of other personas.

    Attributes
    ----------
    value : BasePersona or None
        The persona that is shown; None if there is none. `show` shows another one.
    by : ipywidgets.Dropdown
        The attribute whose values the letters tell.
    errors : dict
        Always empty: nothing can be wrong here.

    Raises
    ------
    InputError
        It is neither.
    """

    value = traitlets.Instance(BasePersona, allow_none=True)
    errors = traitlets.Dict()

    def __init__(self, population: Population[Any] | Coverage) -> None:
        found = population.coverage if isinstance(population, Population) else population
        if not isinstance(found, Coverage):
            raise InputError(
                f"{str(population)[:80]!r} is no population; give what PersonaGenerator.generate returned, or "
                "coverage(personas)"
            )
        self.coverage = found
        self._at: int | None = None
        super().__init__("Coverage map", "sdkit-coverage-map")
        points = found.points
        close: dict[str, Any] = {"layout": {"width": "auto"}, "style": {"description_width": "auto"}}
        attributes = list(points[0].values) if points else []
        self.by = ipywidgets.Dropdown(
            description="Letters tell", options=[(parts.short(name), name) for name in attributes], **close
        )
        self.choice = ipywidgets.Dropdown(
            description="Persona", options=[(parts.short(each.name), i) for i, each in enumerate(points)], **close
        )
        self.map, self.legend, self.persona = markup(""), markup(""), markup("")
        self.buttons = self._buttons()
        drawn = ipywidgets.Box([self.map, *self.buttons]).add_class("sdkit-coverage-drawn")
        picture = ipywidgets.VBox([drawn, self.legend]).add_class("sdkit-coverage-picture")
        beside = ipywidgets.HBox(
            [picture, self.persona.add_class("sdkit-coverage-beside")],
            layout={"flex_flow": "row wrap", "grid_gap": "0.3em 1em", "align_items": "flex-start"},
        )
        values = parts.scrolls("Values", parts.values_html(found))
        self.body.children = [
            markup(parts.STYLE),
            markup(f'<p dir="auto">{text_html(found.summary())}</p>'),
            *([row(self.by, self.choice), beside] if points else []),
            markup(values),
        ]
        self.on_change(self.by, lambda _: self._draw())
        self.on_change(self.choice, self._choose)
        if points:
            self.show(0)

    def show(self, persona: int | str) -> None:
        """Show a persona.

        Parameters
        ----------
        persona
            Its place, from 0, those first that were there before; or its name.

        Raises
        ------
        InputError
            There is none.
        """
        names = [point.name for point in self.coverage.points]
        at = names.index(persona) if persona in names else persona
        if not isinstance(at, int) or not 0 <= at < len(names):
            there = f"there are 0 to {len(names) - 1}, by number or by name" if names else "there are none at all"
            raise InputError(f"there is no persona {str(persona)[:40]!r}; {there}")
        self._at = at
        self.choice.value = at
        near = self.coverage.nearest(at)
        self.persona.value = parts.scrolls("Persona", parts.persona_html(self.coverage, at, near))
        self._draw()
        self.value = self.coverage.personas[at]

    def static_html(self) -> str:
        """Return the summary, the map, and tables of the values and of the personas."""
        summary = f"<p><b>Coverage map</b>: {text_html(self.coverage.summary())}</p>"
        pieces = [summary, parts.values_html(self.coverage)]
        if self.coverage.points:
            by = self.by.value or ""
            signs = parts.letters(self.coverage, by)
            pieces[1:1] = [
                parts.svg(self.coverage.points, by, signs, None, ()),
                parts.legend_html(self.coverage, by, signs),
            ]
            pieces.append(parts.personas_html(self.coverage))
        return f'<div class="{SAFE}">' + "\n".join(pieces) + "</div>"

    def _choose(self, at: int | None) -> None:
        if at is not None and at != self._at:
            self.show(at)

    def _draw(self) -> None:
        by = self.by.value or ""
        signs = parts.letters(self.coverage, by)
        near = [other for other, _ in self.coverage.nearest(self._at)] if self._at is not None else []
        self.map.value = parts.svg(self.coverage.points, by, signs, self._at, near)
        self.legend.value = parts.legend_html(self.coverage, by, signs)

    def _buttons(self) -> list[Any]:
        """Return a button without a face for each mark of the map: the keyboard has the list."""
        points = self.coverage.points if len(self.coverage.points) <= _BUTTONS else []
        style = ipywidgets.Button().style
        found = []
        for at, (point, (x, y)) in enumerate(zip(points, parts.places(points), strict=True)):
            place = {"left": f"{100 * x / parts.WIDE:.4g}%", "top": f"{100 * y / parts.HIGH:.4g}%"}
            name = parts.short(point.name)  # read out, and seen where the mouse stands
            control = ipywidgets.Button(description=name, tooltip=name, tabbable=False, layout=place, style=style)
            self.on_click(control, partial(self.show, at))
            found.append(control)
        return found
