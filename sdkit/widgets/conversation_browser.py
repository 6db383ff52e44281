"""`ConversationBrowser`: look through conversations with assistants, read them, and label them."""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from sdkit.dialog import Dialog
from sdkit.errors import FileError, InputError
from sdkit.reviewing import Review
from sdkit.simulation.simulated import KINDS, Simulated
from sdkit.tables import frame
from sdkit.widgets import conversation_parts as parts
from sdkit.widgets.conversation_parts import Entry
from sdkit.widgets.dialog_view import chat_html, sendable
from sdkit.widgets.parts import Panel, button, markup, note, row
from sdkit.widgets.review_parts import Decisions, labels_of, name_of
from sdkit.widgets.review_parts import about_html as where_html
from sdkit.widgets.whole_review import WholeReview

if TYPE_CHECKING:
    import pandas

LABELS = ("helpful", "forgets", "rude", "refuses", "repeats itself", "user out of role")
PAGE = 1000
"""How many conversations the list has at most."""

Some = Sequence[Dialog] | Simulated | str | Path


class ConversationBrowser(Panel):
    """Conversations between users and assistants: found by how they ended and by who talks, read, and labelled.

    With each answer stands what the judge decided after it, and beside the turns why the conversation ended and whether
    the simulated user has stayed who it is. Labels, a rating and a note are of the conversation as a whole. As in
    `DialogReview`, each is saved when it is made, under the rater's name, and conversations with the same text have the
    same; so people and models can be compared: see `sdkit.reviewing.agreement`.

    Parameters
    ----------
    conversations
        A list of dialogues, what `sdkit.simulation.simulate` returned, or the path of a .jsonl file; or several of
        these by the name of the bot, such as ``{"good": "good.jsonl", "forgetful": "forgetful.jsonl"}``.
    rater
        Who labels.
    labels
        The labels that there are.
    to
        The file of the reviews, which `sdkit.reviewing.load_reviews` reads.

    Attributes
    ----------
    value : Dialog or None
        The conversation that is shown; None if there is none. `show` shows another one.
    reviews : tuple of Review
        What this rater has decided about these conversations, in their order.
    filters : dict
        The controls, by name; the ``value`` of each can be set to "" for any: "stop", a kind of
        `sdkit.simulation.simulated.KINDS`, "user", "bot" and "text".
    numbers : list of int
        Which conversations match the filters; the first is 1.
    ticks, rating, note
        The controls of what is decided: the boxes by label, a rating, 0 for none, and a note.
    errors : dict of str to str
        What stands in the way: under "filters" and "number", and under "file" why the last decisions are not saved yet.

    Raises
    ------
    InputError
        `conversations` is none of these, or the rater or a label is none.
    FileError
        A file cannot be read, or a line of it is no conversation, or no review.
    """

    value = traitlets.Instance(Dialog, allow_none=True)
    reviews = traitlets.Tuple()
    errors = traitlets.Dict()

    def __init__(
        self,
        conversations: Some | Mapping[str, Some],
        rater: str = "me",
        labels: Sequence[str] = LABELS,
        to: str | Path = "output/reviews/reviews.jsonl",
    ) -> None:
        self._all = parts.entries_of(conversations)
        self.rater, self.labels, self.to = name_of("rater", rater), labels_of(labels), Path(to)
        self._decisions = Decisions(self.to, self.rater, dict.fromkeys(each.key for each in self._all))
        self._found, self._at = list(self._all), 0
        self._with_bots = len({each.bot for each in self._all}) > 1
        self._listed: list[Entry] = []
        self._offering = False
        super().__init__("Conversations", "sdkit-conversation-browser")

        close: dict[str, Any] = {"layout": {"width": "auto"}, "style": {"description_width": "auto"}}
        self.filters = {
            name: ipywidgets.Dropdown(description=label, options=options, **close)
            for name, label, options in (
                ("stop", "Ended", parts.choices((each.stop for each in self._all), KINDS, parts.words)),
                ("user", "User", parts.choices(each.user for each in self._all)),
                ("bot", "Bot", parts.choices(each.bot for each in self._all)),
            )
        }
        self.filters["text"] = ipywidgets.Text(description="Text", placeholder="said by anybody", **close)
        self.place, self.wrong = markup(""), markup("")
        self.chat = markup("").add_class("sdkit-conversation-turns")
        self.known = markup("").add_class("sdkit-conversation-beside")
        # For the mouse: JupyterLab takes the arrow keys in a list for itself. The buttons are for the keyboard.
        self.choice = ipywidgets.Select(description="Conversations", rows=6, tabbable=False, layout={"width": "auto"})
        self.choice.add_class("sdkit-above")
        self.previous_button, self.next_button = button("Previous"), button("Next")
        # A number is looked up when it is whole.
        self.go_to = ipywidgets.Text(description="Go to number", continuous_update=False, **close)
        self.go_to.layout.width = "13em"
        self.review = WholeReview(self, self._decisions, self.labels, self._save)
        self.ticks, self.rating, self.note = self.review.ticks, self.review.rating, self.review.note
        texts = len({each.key for each in self._all})
        self.body.children = [
            markup(parts.STYLE),
            row(*self.filters.values()),
            self.place,
            self.wrong,
            self.choice,
            row(self.previous_button, self.next_button, self.go_to),
            ipywidgets.HBox([self.chat, self.known], layout={"flex_flow": "row wrap", "grid_gap": "0 1em"}),
            markup(where_html(self.rater, self.to, texts, len(self._all))),
            self.review,
            self.message_here(),
        ]
        for control in self.filters.values():
            self.on_change(control, lambda _: self._match())
        self.on_change(self.choice, self._choose)
        self.on_change(self.go_to, lambda typed: self._go(typed.strip() or None))
        self.on_click(self.previous_button, self.previous)
        self.on_click(self.next_button, self.next)
        self.reviews = self._decided()
        self._match()

    @property
    def numbers(self) -> list[int]:
        """Which conversations match the filters."""
        return [each.number for each in self._found]

    def static_html(self) -> str:
        """Return how many conversations there are, a table of those that match, and the one that is shown."""
        chosen = [
            f"{each.description}: {getattr(each, 'label', each.value)}"
            for each in self.filters.values()
            if each.value.strip()
        ]
        return parts.static_html(self._found, len(self._all), chosen, self._entry)

    def to_frame(self) -> pandas.DataFrame:
        """Return a table of all conversations, whether they match the filters or not, a row for each.

        Returns
        -------
        pandas.DataFrame
            Columns ``number``, ``id``, ``bot``, ``user``, ``turns``, ``stop``, and what this rater has decided:
            ``rating``, ``labels`` (a list), ``note``.

        Raises
        ------
        MissingPackageError
            pandas is not installed.
        """
        rows = []
        for each in self._all:
            review = self._decisions.of(each.key)
            about = (each.number, each.dialog.dialogId, each.bot, each.user, len(each.dialog), each.stop)
            rows.append((*about, review.rating, review.dialog_labels, review.note))
        columns = ["number", "id", "bot", "user", "turns", "stop", "rating", "labels", "note"]
        return frame("conversations", rows, columns)

    # -- which conversation -------------------------------------------------------------------------------------------

    def show(self, number: int | str) -> None:
        """Show the conversation of this number, whether it matches the filters or not.

        Raises
        ------
        InputError
            There is none.
        """
        text = str(number).strip()
        if not (text.isdecimal() and len(text) < 10 and 1 <= int(text) <= len(self._all)):
            there = f"there are 1 to {len(self._all):,}" if self._all else "there are none at all"
            problem = f"there is no conversation {text[:40]!r}; {there}"
            self._wrong("number", problem)
            raise InputError(problem)
        self._open(int(text))

    def previous(self) -> None:
        """Show the conversation before, among those that match."""
        self._step(before=True)

    def next(self) -> None:
        """Show the next conversation, among those that match."""
        self._step(before=False)

    def _step(self, before: bool) -> None:
        place, there = self._place()
        to = place - 1 if before else place + there
        if 0 <= to < len(self._found):
            self._open(self._found[to].number)

    def _choose(self, number: int | None) -> None:
        if not self._offering and number is not None:
            self._open(number)

    def _go(self, typed: str | None) -> None:
        with contextlib.suppress(InputError):  # which `show` has noted
            if typed is not None:
                self.show(typed)

    def _match(self) -> None:
        """Look which conversations match; the one that is shown stays if it does."""
        wanted = {name: control.value for name, control in self.filters.items()}
        query = wanted.pop("text").strip()
        self._found = parts.matching(self._all, wanted, query)
        problem = f"None of the {len(self._all):,} conversations matches; set a filter back to “any”"
        self._wrong("filters", "" if self._found or not self._all else problem)
        if self._place()[1]:
            self._show()
        else:
            self._open(self._found[0].number if self._found else 0)

    @property
    def _entry(self) -> Entry | None:
        return self._all[self._at - 1] if self._at else None

    def _place(self) -> tuple[int, bool]:
        """Return where the conversation stands among those that match, or would stand, and whether it does."""
        place = bisect_left(self._found, self._at, key=lambda each: each.number)
        return place, place < len(self._found) and self._found[place].number == self._at

    def _open(self, number: int) -> None:
        """Show this conversation; none if the number is 0."""
        self._at = number
        self._wrong("number")
        self.go_to.value = ""
        self._show()
        self.value = self._entry.dialog if self._entry else None
        if self._decisions.saved:
            self.say("")
        else:
            self._save()

    # -- decisions ----------------------------------------------------------------------------------------------------

    def _save(self, what: str = "") -> None:
        """Save what is not saved yet; what cannot be, stays to be saved the next time."""
        problem = {}
        try:
            self._decisions.save()
            self.say(" ".join(filter(None, ("Saved.", what))))
        except FileError as error:
            problem = {"file": str(error)}
            raise
        finally:
            self.errors = {key: text for key, text in self.errors.items() if key != "file"} | problem
            self.reviews = self._decided()

    def _decided(self) -> tuple[Review, ...]:
        made = self._decisions.made
        return tuple(made[key] for key in dict.fromkeys(each.key for each in self._all) if key in made)

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        """Let everything show the conversation."""
        entry, query = self._entry, self.filters["text"].value.strip()
        self.chat.value = chat_html(parts.chat(entry, query)) if entry else ""
        self.known.value = parts.known_html(entry) if entry else ""
        self._offer()
        self.review.show(entry.key if entry else "")

    def _offer(self) -> None:
        """Bring the list, and what is said about it, up to date."""
        place, there = self._place()
        first = min(place, max(0, len(self._found) - 1)) // PAGE * PAGE
        listed = self._found[first : first + PAGE]
        self._offering = True
        try:
            if listed != self._listed:
                self.choice.options = [(each.line(self._with_bots), each.number) for each in listed]
                self._listed = listed
            self.choice.value = self._at if there else None
        finally:
            self._offering = False
        words = f"{len(self._found):,} of {len(self._all):,} conversations match."
        if self._at:
            words += f" This is {place + 1:,} of them." if there else f" Number {self._at:,} is not among them."
        if len(self._found) > PAGE:
            words += f" The list has {first + 1:,} to {first + len(listed):,}."
        self.place.value = f'<div role="status">{words if self._all else "There are no conversations."}</div>'
        self.previous_button.disabled, self.next_button.disabled = not place, place + there >= len(self._found)

    def _wrong(self, what: str, problem: str = "") -> None:
        """Say what is wrong; nothing if it is fine."""
        others = {key: text for key, text in self.errors.items() if key != what}
        self.errors = others | ({what: problem} if problem else {})
        said = [text for key, text in self.errors.items() if key != "file"]  # which the message says
        self.wrong.value = "".join(note(sendable(text), "alert") for text in said)
