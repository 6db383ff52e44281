"""`DialogReview`: people rate dialogues, one at a time and blind; every decision is saved when it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from sdkit.dialog import Dialog
from sdkit.errors import FileError, InputError
from sdkit.llm.seeds import check_seed
from sdkit.reviewing import RATINGS, Review, shuffled
from sdkit.tables import frame
from sdkit.widgets import review_parts as parts
from sdkit.widgets.dialog_view import chat_html, sendable, turns_html
from sdkit.widgets.parts import Panel, button, markup, row

if TYPE_CHECKING:
    import pandas

LABELS = ("makes no sense", "out of role", "repeats itself")
QUESTION = "How good is this dialogue?"


class DialogReview(Panel):
    """Dialogues to be rated from 1 to 5, with labels for their turns and a note, one at a time.

    Every decision is appended to the file when it is made, and what is in the file counts when the cell is run again:
    the first dialogue without a rating is opened. Several raters can use one file, each under a name of their own, and
    see only what is theirs. What cannot be saved is kept here, and saved with what is done next.

    Parameters
    ----------
    dialogs
        The dialogues. Those with the same text count as one.
    rater
        Who rates.
    labels
        The labels that turns can have; without any, there are none to be ticked.
    to
        The file of the reviews, which `sdkit.reviewing.load_reviews` reads.
    blind
        Show nothing but the turns, in another order for each rater. Else their caption too, in the order given.
    seed
        Gives another order to the same rater.
    question
        What is to be rated.

    Attributes
    ----------
    value : tuple of Review
        What this rater has decided about these dialogues, in the order in which they were given.
    errors : dict of str to str
        Under "file", why the last decisions are not saved yet.

    Raises
    ------
    InputError
        There are no dialogues, or the rater, a label or the seed is none.
    FileError
        The file cannot be read, or a line of it is no review; it is left as it is.
    """

    value = traitlets.Tuple()
    errors = traitlets.Dict()

    def __init__(
        self,
        dialogs: Iterable[Dialog],
        rater: str = "me",
        labels: Sequence[str] = LABELS,
        to: str | Path = "output/reviews/reviews.jsonl",
        *,
        blind: bool = True,
        seed: int | None = None,
        question: str = QUESTION,
    ) -> None:
        self._dialogs, self._places, given = parts.distinct(dialogs)
        self.rater, self.labels = parts.name_of("rater", rater), parts.labels_of(labels)
        self.question = parts.name_of("question", question)
        self.to = Path(to)
        seed = None if seed is None else check_seed(seed)
        self._keys = shuffled(self._dialogs, self.rater, seed) if blind else list(self._dialogs)
        self._decisions = parts.Decisions(self.to, self.rater, self._keys)
        self._blind, self._at, self._filling = blind, 0, False
        super().__init__("Review dialogues", "sdkit-dialog-review")

        short: dict[str, Any] = {"style": {"description_width": "auto"}}
        self.place, self.turns, self.said = markup(""), markup("").add_class("sdkit-review-turns"), markup("")
        self.ratings = {rating: button(f"{rating} {word}") for rating, word in RATINGS.items()}
        # In a field for numbers JupyterLab leaves the arrow keys; in a list it takes them for itself.
        self.number = ipywidgets.BoundedIntText(description="Labels of turn", min=1, layout={"width": "12em"}, **short)
        self.ticks = {label: parts.tick(label) for label in self.labels}
        self.note = ipywidgets.Textarea(description="Note", rows=3, continuous_update=False, layout={"width": "auto"})
        self.note.add_class("sdkit-review-note")
        buttons: dict[str, Callable[[], None]] = {
            "Previous": self.previous,
            "Next": self.next,
            "Next unrated": self.next_unrated,
        }
        self.buttons = {text: button(text) for text in buttons}
        # For each dialogue the turns are put into their place anew, so that they begin at the top again.
        self._place_of_turns = ipywidgets.VBox().add_class("sdkit-review-place")
        self.body.children = [
            markup(f"{parts.STYLE}{parts.about_html(self.rater, self.to, len(self._keys), given)}"),
            self.place,
            self._place_of_turns,
            markup(parts.question_html(self.question)),
            row(*self.ratings.values()),
            *([row(self.number, *self.ticks.values()), self.said] if self.labels else []),
            self.note,
            row(*self.buttons.values()),
            self.message_here(),
        ]
        for rating, control in self.ratings.items():
            self.on_click(control, partial(self.rate, rating))
        for label, tick in self.ticks.items():
            self.on_change(tick, partial(self._tick, label))
        self.on_change(self.number, lambda _: self._choose_turn())
        self.on_change(self.note, self._write)
        for text, do in buttons.items():
            self.on_click(self.buttons[text], do)
        self.value = self._decided()
        self._go(next((at for at, key in enumerate(self._keys) if not self._is_rated(key)), 0))

    def static_html(self) -> str:
        """Return how many dialogues there are, what is asked, and the first of them; not what was decided."""
        first = self._dialogs[self._keys[0]]
        shown = ("" if self._blind else parts.caption_html(first)) + turns_html(first)[0]
        return parts.static_html(shown, len(self._keys), self.rater, self.question, self.labels)

    def to_frame(self) -> pandas.DataFrame:
        """Return a table of `value`, a row for each review.

        Its columns are those of `Review`, and before them ``number``: which of the dialogues that were given it is
        about; the first is 0.

        Raises
        ------
        MissingPackageError
            pandas is not installed.
        """
        rows = [{"number": self._places[each.dialog], **each.model_dump()} for each in self.value]
        return frame("reviews", rows, ["number", *Review.model_fields])

    # -- what the buttons do ------------------------------------------------------------------------------------------

    def rate(self, rating: int) -> None:
        """Rate the dialogue that is shown."""
        if rating not in RATINGS:
            raise InputError(f"{rating!r} is no rating; give a whole number from {min(RATINGS)} to {max(RATINGS)}")
        self._decide(f"Rated {rating}, {RATINGS[rating]}.", rating=rating)

    def previous(self) -> None:
        """Show the dialogue before."""
        self._go(self._at - 1)

    def next(self) -> None:
        """Show the next dialogue."""
        self._go(self._at + 1)

    def next_unrated(self) -> None:
        """Show the next dialogue that has no rating yet; after the last one comes the first."""
        count = len(self._keys)
        places = ((self._at + step) % count for step in range(1, count + 1))
        self._go(next((at for at in places if not self._is_rated(self._keys[at])), self._at))

    # -- decisions ----------------------------------------------------------------------------------------------------

    def _choose_turn(self) -> None:
        if not self._filling:
            self._show()

    def _tick(self, label: str, ticked: bool) -> None:
        if self._filling:
            return
        turn, labels = self.number.value - 1, self._review().labels
        its = {*labels.get(turn, ())} - {label} | ({label} if ticked else set())
        # Labels of an earlier day, which nobody can tick now, stay.
        kept = [each for each in dict.fromkeys([*self.labels, *labels.get(turn, ())]) if each in its]
        labels = {number: of for number, of in sorted((labels | {turn: kept}).items()) if of}
        self._decide(f"Turn {turn + 1}: {', '.join(kept) or 'no label'}.", labels=labels)

    def _write(self, text: str) -> None:
        if not self._filling:
            self._decide("Your note.", note=sendable(text))

    def _review(self) -> Review:
        return self._decisions.of(self._keys[self._at])

    def _decide(self, what: str, **changes: Any) -> None:
        self._decisions.change(self._keys[self._at], **changes)
        try:
            self._save(what)
        finally:
            self._show()
            self.value = self._decided()

    def _save(self, what: str) -> None:
        """Save what is not saved yet; what cannot be, stays to be saved the next time."""
        try:
            self._decisions.save()
        except FileError as error:
            self.errors = {"file": str(error)}
            raise
        self.errors = {}
        self.say(" ".join(filter(None, ("Saved.", what, self._done()))))

    def _decided(self) -> tuple[Review, ...]:
        return tuple(self._decisions.made[key] for key in self._dialogs if key in self._decisions.made)

    def _is_rated(self, key: str) -> bool:
        return self._decisions.of(key).rating is not None

    def _done(self) -> str:
        return "All dialogues are rated." if all(map(self._is_rated, self._keys)) else ""

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _go(self, at: int) -> None:
        """Show the dialogue at this place; where there is none, stay."""
        there = 0 <= at < len(self._keys)
        if there:
            self._at = at
            self._place_of_turns.children = []
            self._filling = True
            try:
                self.number.value, self.number.max = 1, max(1, len(self._dialogs[self._keys[at]]))
            finally:
                self._filling = False
        self._show()
        self._place_of_turns.children = [self.turns]
        if not self._decisions.saved:
            self._save("")
        else:
            self.say(self._done() if there else f"This is the {'first' if at < 0 else 'last'} one. {self._done()}")

    def _show(self) -> None:
        """Let the controls show what is decided about the dialogue."""
        key, review = self._keys[self._at], self._review()
        dialog, turn = self._dialogs[key], self.number.value - 1
        rated = sum(map(self._is_rated, self._keys))
        words = f"Dialogue {self._at + 1} of {len(self._keys)}, {rated} rated"
        about = "" if self._blind else parts.caption_html(dialog)
        self.place.value = f'<p role="status"><b>{words}</b></p>{about}'
        self.turns.value = chat_html(turns_html(dialog, labels=review.labels)[0])
        for rating, control in self.ratings.items():
            control.description = f"{'✓ ' * (rating == review.rating)}{rating} {RATINGS[rating]}"
        self._filling = True
        try:
            self.note.value = review.note
            for label, tick in self.ticks.items():
                tick.value = label in review.labels.get(turn, ())
                tick.disabled = self.number.disabled = not dialog
        finally:
            self._filling = False
        self.said.value = parts.turn_html(dialog, turn)
