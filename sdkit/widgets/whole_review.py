"""Labels, a rating and a note of a dialogue as a whole, for `ConversationBrowser`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import ipywidgets

from sdkit.reviewing import RATINGS
from sdkit.widgets.dialog_view import sendable
from sdkit.widgets.parts import Panel, row
from sdkit.widgets.review_parts import Decisions, tick


class WholeReview(ipywidgets.VBox):  # type: ignore[misc]
    """Controls for what a rater says about a dialogue as a whole.

    Parameters
    ----------
    panel
        The widget that they are in; shows what callbacks raise.
    decisions
        What the rater has decided.
    labels
        The labels that there are.
    decided
        Called with what was decided, in words, so that it is saved.

    Attributes
    ----------
    ticks : dict
        The boxes, by label.
    rating, note : ipywidgets.Dropdown, ipywidgets.Textarea
        The other controls; the rating is 0 for none.
    """

    def __init__(
        self, panel: Panel, decisions: Decisions, labels: Sequence[str], decided: Callable[[str], None]
    ) -> None:
        self._decisions, self._labels, self._decided = decisions, labels, decided
        self._key, self._filling = "", False
        self.ticks = {label: tick(label) for label in labels}
        ratings = [("none", 0), *((f"{rating} {word}", rating) for rating, word in RATINGS.items())]
        close: dict[str, Any] = {"layout": {"width": "auto"}, "style": {"description_width": "auto"}}
        self.rating = ipywidgets.Dropdown(description="Rating", options=ratings, **close)
        self.note = ipywidgets.Textarea(description="Note", rows=2, continuous_update=False, layout={"width": "auto"})
        super().__init__([row(*self.ticks.values(), self.rating), self.note.add_class("sdkit-above")])
        for label, box in self.ticks.items():
            panel.on_change(box, partial(self._tick, label))
        panel.on_change(self.rating, lambda rating: self._decide(_rated(rating), rating=rating or None))
        panel.on_change(self.note, lambda text: self._decide("Your note.", note=sendable(text)))

    def show(self, key: str) -> None:
        """Show what is decided about the dialogue of this key; "" for none, about which nothing can be decided."""
        self._key = key
        review = self._decisions.of(key)
        self._filling = True
        try:
            for label, box in self.ticks.items():
                box.value = label in review.dialog_labels
            self.rating.value, self.note.value = review.rating or 0, review.note
            for control in (*self.ticks.values(), self.rating, self.note):
                control.disabled = not key
        finally:
            self._filling = False

    def _tick(self, label: str, ticked: bool) -> None:
        given = self._decisions.of(self._key).dialog_labels
        its = {*given} - {label} | ({label} if ticked else set())
        # Labels of an earlier day, which nobody can tick now, stay.
        kept = [each for each in dict.fromkeys([*self._labels, *given]) if each in its]
        self._decide(f"Labels: {', '.join(kept) or 'none'}.", dialog_labels=kept)

    def _decide(self, what: str, **changes: Any) -> None:
        if self._filling or not self._key:
            return
        self._decisions.change(self._key, **changes)
        try:
            self._decided(what)
        finally:
            self.show(self._key)


def _rated(rating: int) -> str:
    return f"Rated {rating}, {RATINGS[rating]}." if rating else "Not rated."
