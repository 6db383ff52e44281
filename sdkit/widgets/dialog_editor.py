"""`DialogEditor`: a dialogue changed by hand, turn by turn, with validation and undo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import ipywidgets
import traitlets

from sdkit import editing
from sdkit.dialog import Dialog, Turn
from sdkit.errors import InputError
from sdkit.widgets.dialog_view import counted, dialog_html, sendable
from sdkit.widgets.parts import Panel, button, markup, note, row

_STYLE = """<style>
.sdkit-dialog-editor .sdkit-turns { flex: 1 1 20em; min-width: 0; margin-right: 1em; }
.sdkit-dialog-editor .sdkit-turn { flex: 1 1 22em; min-width: 0; }
.sdkit-dialog-editor .sdkit-above { flex-direction: column; height: auto; }
.sdkit-dialog-editor .sdkit-above > label { width: auto; text-align: left; }
.sdkit-dialog-editor .sdkit-above > :not(label) { width: 100%; box-sizing: border-box; font-family: inherit;
  flex: none; }
</style>"""
_SHOWN = 50  # letters of a turn in the list: about as many as fit


class _State(NamedTuple):
    """All that Undo brings back: the dialogue that Reset goes back to, the one at hand, and which turn is open."""

    start: Dialog
    draft: Dialog
    at: int


class DialogEditor(Panel):
    """A dialogue changed by hand: choose a turn by its number or from the list, and change it beside it.

    A field counts when it is left. What makes a turn invalid, a blank text or speaker, is said below it and in
    `errors`; until it is mended, `value` stays as it was. The dialogue that is passed in is never changed.

    `model`, `seed` and `provenance` stay, for they say where the dialogue comes from; each change is added to `events`
    with what was there before, as `sdkit.editing` describes. What Undo takes back leaves no event.

    Parameters
    ----------
    dialog
        The dialogue; None begins an empty one.
    path
        Where Save and Load look first.

    Attributes
    ----------
    value : Dialog
        The last valid dialogue. Assign another one, which does not equal it, to edit that.
    errors : dict
        What is wrong, by its place, such as "turn 3 text".
    """

    value = traitlets.Instance(Dialog)
    errors = traitlets.Dict()

    def __init__(self, dialog: Dialog | None = None, path: str | Path = "output/dialog.json") -> None:
        super().__init__("Edit the dialogue", "sdkit-dialog-editor")
        self._past: list[_State] = []
        empty = Dialog(turns=[])
        self._state = _State(empty, empty, 0)
        self._given: Dialog | None = None
        self._filling = False
        short = {"description_width": "auto"}
        wide: dict[str, Any] = {"layout": {"width": "auto"}, "continuous_update": False}
        # For the mouse: JupyterLab takes the arrow keys in a list for itself. In a field for numbers it leaves them.
        self.turns = ipywidgets.Select(description="Turns", rows=12, tabbable=False, layout={"width": "auto"})
        self.number = ipywidgets.BoundedIntText(description="Turn", min=1, layout={"width": "6em"})
        self.speaker = ipywidgets.Combobox(description="Speaker", ensure_option=False, **wide)
        self.speaker.layout.flex = "1 1 10em"
        self.text = ipywidgets.Textarea(description="Text", rows=6, **wide)
        for control in (self.turns, self.number, self.speaker, self.text):
            control.add_class("sdkit-above")
        self.wrong, self.summary = markup(""), markup("")
        self.old_name = ipywidgets.Dropdown(
            description="Rename", style=short, layout={"width": "auto", "max_width": "20em"}
        )
        self.new_name = ipywidgets.Text(description="to", style=short, continuous_update=False)
        self.file = ipywidgets.Text(description="File", style=short, value=str(path), continuous_update=False)
        buttons: dict[str, tuple[str, Callable[[], None]]] = {
            "Add after": ("Add a turn after this one", self.add),
            "Delete": ("Delete this turn", self.delete),
            "Move up": ("Let this turn come earlier", lambda: self.move(-1)),
            "Move down": ("Let this turn come later", lambda: self.move(1)),
            "Rename everywhere": ("Give this speaker another name in all turns", self.rename),
            "Undo": ("Take back the last change", self.undo),
            "Reset": ("Go back to the dialogue as it was at first", self.reset),
            "Save": ("Write the dialogue to the file", self.save),
            "Load": ("Edit the dialogue in the file instead", self.load),
        }
        self.buttons = {text: button(text, tooltip) for text, (tooltip, _) in buttons.items()}
        for text, (_, do) in buttons.items():
            self.on_click(self.buttons[text], do)
        press = self.buttons.__getitem__
        turn = [
            row(self.number, self.speaker),
            self.text,
            self.wrong,
            row(*map(press, ("Add after", "Delete", "Move up", "Move down"))),
            row(*map(press, ("Undo", "Reset"))),
        ]
        columns = row(
            ipywidgets.VBox([self.turns, self.summary]).add_class("sdkit-turns"),
            ipywidgets.VBox(turn).add_class("sdkit-turn"),
        )
        columns.layout.align_items = "flex-start"
        self.body.children = [
            markup(_STYLE),
            columns,
            row(self.old_name, self.new_name, press("Rename everywhere")),
            row(self.file, press("Save"), press("Load")),
        ]
        self.on_change(self.turns, self._choose, "index")
        self.on_change(self.number, lambda number: self._choose(number - 1))
        self.on_change(self.speaker, self._say_speaker)
        self.on_change(self.text, self._say_text)
        self.observe(self._assigned, "value")
        self.value = Dialog(turns=[]) if dialog is None else dialog

    def static_html(self) -> str:
        """Return the dialogue as it counts, and what is to be mended."""
        return dialog_html(self.value) + (f"\n{self.summary.value}" if self.errors else "")

    # -- what the buttons do ------------------------------------------------------------------------------------------

    def add(self) -> None:
        """Put a blank turn of the next speaker after the open one, and open it."""
        draft, index = self._state.draft, self._state.at
        after = index + 1 if draft.turns else 0
        self._change(editing.add_turn(draft, after, Turn(speaker=self._next_speaker(), text="")), after)
        self.text.focus()

    def delete(self) -> None:
        """Take out the open turn."""
        index = self._open()
        self._change(editing.delete_turn(self._state.draft, index), index)

    def move(self, by: int) -> None:
        """Move the open turn down by so many places, or up if negative."""
        index = self._open()
        self._change(editing.move_turn(self._state.draft, index, index + by), index + by)

    def rename(self) -> None:
        """Give the speaker that is chosen the name that is typed, in all turns."""
        index = self._open()
        old = self._state.draft.speakers[self.old_name.index]
        renamed = editing.rename_speaker(self._state.draft, old, self.new_name.value)
        self.new_name.value = ""
        self._change(renamed, index)

    def undo(self) -> None:
        """Take back the last change."""
        if not self._past:
            raise InputError("there is nothing to take back")
        self._state = self._past.pop()
        self._show()

    def reset(self) -> None:
        """Go back to the dialogue as it was passed in, assigned or loaded."""
        self._change(self._state.start, self._state.at)

    def save(self) -> None:
        """Write the dialogue to the file."""
        if self.errors:
            place, problem = next(iter(self.errors.items()))
            raise InputError(f"nothing was saved. {place.capitalize()}: {problem}")
        self.value.to_file(self._path())
        self.say(f"Saved {counted(len(self.value))} to {self._path()}.")

    def load(self) -> None:
        """Edit the dialogue that is in the file."""
        path = self._path()
        self._begin(Dialog.from_file(path))
        self.say(f"Loaded {counted(len(self._state.draft))} from {path}.")

    # -- the state ----------------------------------------------------------------------------------------------------

    def _assigned(self, change: Any) -> None:
        if change["new"] is not self._given:
            self._begin(change["new"])

    def _begin(self, dialog: Dialog) -> None:
        """Edit another dialogue: a copy, for nobody else is to change it."""
        if self._given is not None:
            self._past.append(self._state)
        mine = dialog.model_copy(deep=True)
        self._state = _State(mine, mine, 0)
        self._show(valid=True)

    def _change(self, draft: Dialog, index: int) -> None:
        self._past.append(self._state)
        self._state = self._state._replace(draft=draft, at=max(0, min(index, len(draft) - 1)))
        self._show()

    def _show(self, valid: bool = False) -> None:
        """Show the state, and then tell whoever observes `value`: what they raise finds all in order."""
        errors = editing.problems(self._state.draft)
        self._fill(errors)
        self.say("")
        with self.hold_trait_notifications():
            self.errors = errors
            if valid or not errors:
                self._given = self._state.draft.model_copy(deep=True)
                self.value = self._given

    # -- the controls -------------------------------------------------------------------------------------------------

    def _fill(self, errors: dict[str, str]) -> None:
        """Let the controls show the state."""
        draft, index = self._state.draft, self._state.at
        turn = draft.turns[index] if draft.turns else Turn(speaker=None, text="")
        names = [_name(speaker) for speaker in draft.speakers]
        bad = sorted({int(place.split()[1]) for place in errors})
        labels = [_label(number, turn, number in bad) for number, turn in enumerate(draft.turns, start=1)]
        self._filling = True
        try:
            _offer(self.turns, labels, index)
            self.number.max = max(1, len(draft))
            self.number.value = index + 1
            _offer(self.old_name, names, draft.speakers.index(turn.speaker) if draft.turns else 0)
            self.speaker.options = tuple(sendable(speaker) for speaker in draft.speakers if speaker)
            self.speaker.value, self.text.value = sendable(turn.speaker or ""), sendable(turn.text)
            self.speaker.placeholder = "unknown" if turn.speaker is None else ""
            for control in (self.number, self.speaker, self.text):
                control.disabled = not draft.turns
        finally:
            self._filling = False
        here = [problem for place, problem in errors.items() if place.startswith(f"turn {index + 1} ")]
        self.wrong.value = note("\n".join(here), "alert") if here else ""
        mend = f"To mend: turn {', '.join(map(str, bad))}. Until then the dialogue counts as it was before."
        self.summary.value = note(mend if bad else counted(len(draft)), "status")

    def _choose(self, index: int | None) -> None:
        if not self._filling:
            self._state = (
                self._state if index is None or not self._state.draft.turns else self._state._replace(at=index)
            )
            self._fill(editing.problems(self._state.draft))

    def _say_speaker(self, name: str) -> None:
        draft, index = self._state.draft, self._state.at
        if self._filling or not draft.turns:
            return
        if name.strip() == (draft[index].speaker or ""):
            self.speaker.value = name.strip()
        else:
            self._change(editing.edit_speaker(draft, index, name.strip()), index)

    def _say_text(self, text: str) -> None:
        if not self._filling and self._state.draft.turns:
            self._change(editing.edit_text(self._state.draft, self._state.at, text), self._state.at)

    def _open(self) -> int:
        if not self._state.draft.turns:
            raise InputError("there is no turn yet: add one")
        return self._state.at

    def _next_speaker(self) -> str:
        """Return who is likely to answer the open turn: who comes next in the order of first turns."""
        speakers = self._state.draft.speakers
        if not speakers:
            return ""
        place = speakers.index(self._state.draft[self._state.at].speaker)
        return speakers[(place + 1) % len(speakers)] or ""

    def _path(self) -> str:
        path = str(self.file.value).strip()
        if not path:
            raise InputError("name a file, such as output/dialog.json")
        return path


def _offer(control: Any, labels: list[str], index: int) -> None:
    """Let one of these be chosen; the browser hears of it once, and not at all if nothing is new."""
    with control.hold_sync():
        if control._options_labels != tuple(labels):
            control.index = None  # it would choose the first of the new ones
            control.options = [(label, place) for place, label in enumerate(labels)]
        control.index = index if labels else None


def _label(number: int, turn: Turn, bad: bool) -> str:
    return f"{'⚠ ' * bad}{number}. {_name(turn.speaker)}: {_short(turn.text)}"


def _name(speaker: str | None) -> str:
    return "(unknown)" if speaker is None else _short(speaker)


def _short(text: str) -> str:
    words = " ".join(text.split())
    return sendable(f"{words[:_SHOWN]}…" if len(words) > _SHOWN else words)
