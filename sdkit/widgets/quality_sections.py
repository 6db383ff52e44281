"""The sections of `QualityDashboard` that people choose something in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import ipywidgets

from sdkit.analysis.behaviour import conduct
from sdkit.analysis.bias import compare_groups
from sdkit.analysis.thresholds import THRESHOLDS, plot_sweep, sweep
from sdkit.dialog import Dialog
from sdkit.errors import InputError
from sdkit.factory.report_found import picture
from sdkit.factory.report_html import paragraph
from sdkit.widgets import quality_parts as parts
from sdkit.widgets.dialog_view import DialogView
from sdkit.widgets.factory_parts import CLOSE, Picker, in_lab
from sdkit.widgets.parts import Panel, button, markup, row
from sdkit.widgets.quality_data import Dialogues, nearest_pairs

_AT_ONCE = 5_000  # dialogues that are swept at all thresholds in one go: a second
_BLOCK = 50  # dialogues that are measured in one go
_ANY = "any"


class Balance(ipywidgets.VBox):  # type: ignore[misc]
    """Each axis, as it was planned and made."""

    def __init__(self, panel: Panel, data: Dialogues) -> None:
        self._data = data
        self.axis, self.table = axes_of(data), markup("")
        panel.on_change(self.axis, lambda _: self._show())
        super().__init__([self.axis, self.table, markup(in_lab(parts.summary(data)))])
        self._show()

    def _show(self) -> None:
        self.table.value = in_lab(parts.balance(self._data, self.axis.value)) if self.axis.value else ""


class Measured(ipywidgets.VBox):  # type: ignore[misc]
    """A section that takes long to make: in a thread, when it is first shown, with a Stop.

    Attributes
    ----------
    found : object
        What was measured; None before.
    """

    def __init__(self, panel: Panel, data: Dialogues, failed: Callable[[str], None]) -> None:
        self.panel, self.data, self._failed = panel, data, failed
        self.found: Any = None
        self.state = markup("")
        self.go_button, self.stop_button = button("Measure"), button("Stop")
        panel.on_click(self.go_button, self.begin)
        panel.on_click(self.stop_button, panel.stop)
        self.working = row(self.go_button, self.stop_button, self.state)
        self.body = ipywidgets.VBox()
        super().__init__([self.working, self.body])
        self._ready(running=False)

    def begin(self) -> None:
        """Measure, if that was not done yet."""
        if self.found is None and self.data.records:
            self._failed("")
            self._ready(running=True)
            self.panel.work(self._measured, self._take, ended=lambda: self._ready(running=False))

    async def measure(self) -> Any:
        """Return what was measured."""
        raise NotImplementedError

    def show(self) -> None:
        """Show what was measured."""
        raise NotImplementedError

    def tell(self, text: str) -> None:
        """Say how far it is."""
        self.state.value = f'<div role="status">{text}</div>' if text else ""

    async def _measured(self) -> Any:
        try:
            return await self.measure()
        except Exception as error:
            self._failed(str(error))
            raise

    def _take(self, found: Any) -> None:
        self.found = found
        self.panel.say("")
        self.show()

    def _ready(self, running: bool) -> None:
        self.go_button.disabled, self.stop_button.disabled = running or self.found is not None, not running
        if not running:
            self.tell("")
        if self.found is not None:
            self.children = [self.body]


class Uniqueness(Measured):
    """How near the dialogues are to each other, and the nearest pairs to read."""

    def __init__(self, panel: Panel, data: Dialogues, failed: Callable[[str], None]) -> None:
        super().__init__(panel, data, failed)
        self.table, self.pair = markup(""), markup("")
        self.picker = Picker(panel, "Nearest pairs", self._choose)
        if data.made is None:
            why = "There are no embeddings with these records, so that nobody knows how near they are to each other. "
            self.children = [
                markup(paragraph(f"{why}They are in the journal of a factory: give what Factory.made() returned."))
            ]

    def begin(self) -> None:
        """Compare the dialogues, if that was not done yet."""
        if self.data.made is not None:
            super().begin()

    async def measure(self) -> Any:
        """Return the sweep of thresholds, and the nearest pairs."""
        import pandas

        from sdkit.analysis.vectors import directions

        rows = directions(self.data.vectors(), "compare dialogues")
        found = []
        for limits in [THRESHOLDS] if len(rows) <= _AT_ONCE else [[limit] for limit in THRESHOLDS]:
            self.tell(f"Comparing {len(rows):,} dialogues …")
            await asyncio.sleep(0)  # where Stop ends it
            found.append(sweep(rows, limits))
        await asyncio.sleep(0)
        return pandas.concat(found, ignore_index=True), nearest_pairs(rows)

    def show(self) -> None:
        """Show the thresholds and the pairs."""
        table, self.pairs = self.found
        self.table.value = in_lab(
            paragraph(
                "How many of the dialogues a stricter threshold would remove, if one after the other is kept unless it "
                "is as near to one before it. Plain paraphrases have a cosine of about 0.85."
            ),
            parts.beside(picture(lambda: plot_sweep(table)), parts.sweep(table)),
        )
        self.body.children = [self.table, self.picker, self.pair]
        lines = [(f"{cosine:.3f}: {one + 1} and {other + 1}", n) for n, (one, other, cosine) in enumerate(self.pairs)]
        self.picker.offer(lines)

    def _choose(self, place: int) -> None:
        self.pair.value = parts.pair(self.data, *self.pairs[place])


class Moderation(ipywidgets.VBox):  # type: ignore[misc]
    """What moderation has flagged, by category, to read; personal data is masked."""

    def __init__(self, panel: Panel, data: Dialogues) -> None:
        self._data = data
        names = dict.fromkeys(name for one in data.flagged for name in one.categories)
        self.category = ipywidgets.Dropdown(description="Category", options=[_ANY, *names], **CLOSE)
        self.picker, self.dialog = Picker(panel, "Flagged", self._choose), markup("")
        reading = [self.category, self.picker, self.dialog] if data.flagged else []
        super().__init__([markup(in_lab(parts.categories(data.flagged))), *reading])
        panel.on_change(self.category, lambda _: self._offer())
        if data.flagged:
            self._offer()

    def _offer(self) -> None:
        wanted = self.category.value
        numbered = enumerate(self._data.flagged)
        self.picker.offer(
            [(parts.flagged_line(one, n + 1), n) for n, one in numbered if wanted in (_ANY, *one.categories)]
        )

    def _choose(self, place: int) -> None:
        self.dialog.value = parts.flagged_html(self._data.flagged[place])


class Behaviour(Measured):
    """How users are treated, group by group, and two groups held against each other."""

    def __init__(self, panel: Panel, data: Dialogues, failed: Callable[[str], None]) -> None:
        super().__init__(panel, data, failed)
        self.axis, self.table, self.comparison = axes_of(data, "user_emotions"), markup(""), markup("")
        self.one, self.other = (ipywidgets.Dropdown(description=label, **CLOSE) for label in ("Compare", "with"))
        self.compare_button = button("Compare", "Test in what the two groups differ by more than chance")
        self.body.children = [
            self.axis,
            self.table,
            row(self.one, self.other, self.compare_button),
            self.comparison,
        ]
        panel.on_change(self.axis, lambda _: self.show())
        panel.on_click(self.compare_button, self.compare)
        self.show()

    @property
    def groups(self) -> dict[str, Any]:
        """The measures of the dialogues, by the value of the axis."""
        values = self.data.at(self.axis.value)
        return {each: self.found[[value == each for value in values]] for each in sorted(set(values) - {""})}

    async def measure(self) -> Any:
        """Return the measures of all dialogues."""
        import pandas

        found, dialogs = [], self.data.dialogs
        for first in range(0, len(dialogs), _BLOCK):
            self.tell(f"Measured {first:,} of {len(dialogs):,} dialogues …")
            await asyncio.sleep(0)  # where Stop ends it
            found.append(conduct(dialogs[first : first + _BLOCK]))
        return pandas.concat(found)

    def show(self) -> None:
        """Show the means of the groups."""
        self.comparison.value = ""
        known = self.found is not None and bool(self.axis.value)
        groups = self.groups if known else {}
        said = (
            "Means over dialogues. Groups of few dialogues differ by chance. Sentiment goes from -1, negative, to 1, "
        )
        said += "positive; the words are English ones."
        self.table.value = in_lab(paragraph(said), parts.conduct(groups, self.axis.value)) if groups else ""
        for control, at in ((self.one, 0), (self.other, 1)):
            control.options = list(groups)
            control.value = list(groups)[at] if len(groups) > at else None
        self.compare_button.disabled = len(groups) < 2

    def compare(self) -> None:
        """Hold two groups against each other."""
        names = (self.one.value, self.other.value)
        if None in names or len(set(names)) < 2:
            raise InputError("choose two different groups to compare")
        groups = self.groups
        found = compare_groups({name: groups[name][list(parts.CONDUCT)] for name in names})
        self.comparison.value = in_lab(*parts.compared(found))


class Reading(ipywidgets.VBox):  # type: ignore[misc]
    """The dialogues, found by the value of an axis, to read.

    `chosen` is called with the dialogue that is shown.
    """

    def __init__(self, panel: Panel, data: Dialogues, chosen: Callable[[Dialog], None]) -> None:
        self._data, self._chosen = data, chosen
        self.axis = axes_of(data)
        self.of = ipywidgets.Dropdown(description="Value", options=[_ANY], **CLOSE)
        self.picker = Picker(panel, "Dialogues", self._choose)
        self.view: DialogView | None = None
        self._finding = [row(self.axis, self.of), self.picker]
        super().__init__(self._finding)
        panel.on_change(self.axis, lambda _: self._renew())
        panel.on_change(self.of, lambda _: self._offer())
        self._renew()

    def show(self, place: int) -> None:
        """Show a dialogue, whatever is filtered."""
        if place not in self.picker.places:
            self.of.value = _ANY
        self.picker.show(place)

    def _renew(self) -> None:
        values = dict.fromkeys(sorted(set(self._data.at(self.axis.value)) - {""})) if self.axis.value else {}
        before = self.of.value
        self.of.options = [_ANY, *values]
        if before == _ANY:  # nothing changes, and nobody is told
            self._offer()

    def _offer(self) -> None:
        values = self._data.at(self.axis.value) if self.axis.value else [""] * len(self._data)
        wanted = self.of.value
        places = [place for place, value in enumerate(values) if wanted in (_ANY, value)]
        self.picker.offer([(parts.beginning(self._data.dialogs[place], place + 1), place) for place in places])

    def _choose(self, place: int) -> None:
        dialog = self._data.dialogs[place]
        if self.view is None:
            self.view = DialogView(dialog)
            self.children = [*self._finding, self.view]
        self.view.value = dialog
        self._chosen(dialog)


def axes_of(data: Dialogues, first: str = "") -> Any:
    """Return a choice of the axes of which something is known."""
    options = [(parts.axis_name(axis), axis) for axis in data.axes]
    chosen = first if first in data.axes else options[0][1] if options else None
    return ipywidgets.Dropdown(description="By", options=options, value=chosen, **CLOSE)
