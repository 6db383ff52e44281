"""What `DialogReview` is given, what it keeps, and what it shows around the turns, as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import ipywidgets

from sdkit.dialog import Dialog
from sdkit.errors import FileError, InputError
from sdkit.rendering import SAFE, caption, escaped
from sdkit.reviewing import RATINGS, Review, key_of, load_reviews, save_review
from sdkit.widgets import dialog_view
from sdkit.widgets.dialog_view import sendable

# The place of the turns has a height of its own, so that the page and the buttons stay where they are when another
# dialogue is shown. What scrolls is not replaced when a turn gets a label, so the turns stay where they are, too.
STYLE = (
    dialog_view.STYLE
    + """<style>
.sdkit-dialog-review p { margin: 0; line-height: 1.5; overflow-wrap: anywhere; }
.sdkit-dialog-review .sdkit-review-place { height: 24em; overflow: hidden; resize: vertical; flex: none;
  border: 1px solid var(--jp-border-color1, GrayText); }
.sdkit-dialog-review .sdkit-review-turns { flex: 1 1 0; min-height: 0; margin: 0; overflow-y: auto; }
.sdkit-dialog-review .sdkit-chat { max-height: none; overflow: visible; border: 0; }
.sdkit-dialog-review .sdkit-review-note { flex-direction: column; height: auto; }
.sdkit-dialog-review .sdkit-review-note > label { width: auto; text-align: left; }
.sdkit-dialog-review .sdkit-review-note > textarea { width: 100%; box-sizing: border-box; font-family: inherit;
  flex: none; }
</style>"""
)
_SHOWN = 80  # letters of the turn beside its labels
_WAIT = 1.0  # seconds for others who save at the same moment: longer, and the page would seem dead


class Decisions:
    """What one rater has decided about dialogues, and what of it is not in the file yet.

    Parameters
    ----------
    file
        The file of the reviews.
    rater
        Who decides.
    keys
        The dialogues that are asked about: the `key_of` each.

    Attributes
    ----------
    made : dict of str to Review
        The reviews that there are, by the key of the dialogue.

    Raises
    ------
    FileError
        The file cannot be read, or a line of it is no review.
    """

    def __init__(self, file: Path, rater: str, keys: Iterable[str]) -> None:
        self.rater, self._file = rater, file.absolute()
        found = {each.dialog: each for each in load_reviews(self._file) if each.rater == rater}
        self.made = {key: found[key] for key in keys if key in found}
        self._unsaved: dict[str, set[str]] = {}  # which fields of which review

    @property
    def saved(self) -> bool:
        """Whether all of it is in the file."""
        return not self._unsaved

    def of(self, key: str) -> Review:
        """Return what is decided about a dialogue; an empty review if nothing is."""
        return self.made.get(key) or Review(dialog=key, rater=self.rater)

    def change(self, key: str, **changes: Any) -> None:
        """Decide something, which is not saved yet; nothing if it was decided so before."""
        before = self.of(key)
        if any(getattr(before, name) != value for name, value in changes.items()):
            self.made[key] = Review(**before.model_dump(exclude={"when"}) | changes)
            self._unsaved.setdefault(key, {"when"}).update(changes)

    def save(self) -> None:
        """Save what is not saved yet.

        Raises
        ------
        FileError
            It cannot be saved; it stays to be saved the next time.
        """
        try:
            for key, changed in list(self._unsaved.items()):
                self.made[key] = save_review(self._file, self.made[key], wait=_WAIT, changed=changed)
                del self._unsaved[key]
        except FileError as error:
            kept = "What you decided is kept here, and saved with the next button that you press"
            raise FileError(error.path, f"{error.problem}. {kept}", error.line) from error


def distinct(dialogs: Iterable[Dialog]) -> tuple[dict[str, Dialog], dict[str, int], int]:
    """Return the dialogues by their key, at which place of those that were given they are, and how many were given."""
    found: dict[str, Dialog] = {}
    places: dict[str, int] = {}
    if isinstance(dialogs, Dialog):
        raise InputError("this is one dialogue; give a list: DialogReview([dialog])")
    if not isinstance(dialogs, Iterable):
        raise InputError(f"{dialogs!r} is no list of dialogues; give one: DialogReview([dialog, another])")
    given = list(dialogs)
    for place, dialog in enumerate(given):
        if not isinstance(dialog, Dialog):
            raise InputError(f"dialogs[{place}] is no Dialog but a {type(dialog).__name__}; give a list of dialogues")
        key = key_of(dialog)
        found.setdefault(key, dialog)
        places.setdefault(key, place)
    if not found:
        raise InputError("there are no dialogues to review; give a list of them: DialogReview([dialog, another])")
    return found, places, len(given)


def name_of(what: str, text: Any) -> str:
    """Return a text that is shown and saved, if it is one."""
    if not isinstance(text, str) or not text.strip() or sendable(text) != text:
        raise InputError(f"{what} is {text!r}; give a text that is not blank")
    return text.strip()


def labels_of(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the labels that turns can have, each once."""
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise InputError(f"labels is {labels!r}; give a list of texts")
    return tuple(dict.fromkeys(name_of(f"labels[{place}]", label) for place, label in enumerate(labels)))


def tick(label: str) -> Any:
    """Return a box to tick for a label."""
    look = {"width": "auto", "margin": "2px 1em 2px 2px"}
    return ipywidgets.Checkbox(description=label, indent=False, layout=look).add_class("mathjax_ignore")


def static_html(shown: str, count: int, rater: str, question: str, labels: Sequence[str]) -> str:
    """Return how many dialogues there are, the first of them, and what is asked."""
    of_turns = f". Labels of turns: {', '.join(labels)}" if labels else ""
    ratings = ", ".join(f"{rating} {word}" for rating, word in RATINGS.items())
    return (
        f'<p class="{SAFE}"><b>Review dialogues</b>: {count} dialogue{"s" * (count != 1)}, rated by '
        f"{escaped(rater)}. The first one:</p>\n{shown}\n{question_html(question)}\n"
        f'<p class="{SAFE}">{escaped(f"{ratings}{of_turns}")}.</p>'
    )


def about_html(rater: str, to: Path, distinct: int, given: int) -> str:
    """Return who rates, where the reviews go, and whether some dialogues are the same."""
    same = given - distinct
    told = f" {same} of the {given} dialogues {'says' if same == 1 else 'say'} the same as another one: rated once."
    where = f"Rater: {escaped(rater)}. Reviews go to <code>{escaped(to.as_posix())}</code>."
    return f'<p class="{SAFE}">{where}{told if same else ""}</p>'


def caption_html(dialog: Dialog) -> str:
    """Return what is known about a dialogue, in a line."""
    return f'<p class="{SAFE}" dir="auto">{escaped(caption(dialog))}</p>\n'


def question_html(question: str) -> str:
    """Return what is asked."""
    return f'<p class="{SAFE}" dir="auto"><b>{escaped(question)}</b></p>'


def turn_html(dialog: Dialog, turn: int) -> str:
    """Return a turn in a line, to be shown with its labels."""
    if not dialog:
        return ""
    words = " ".join(dialog[turn].text.split())
    said = f"{words[:_SHOWN]}…" if len(words) > _SHOWN else words
    line = f"{turn + 1}. {dialog[turn].speaker or '(unknown)'}: {said}"
    return f'<p class="{SAFE}" dir="auto">{escaped(line)}</p>'
