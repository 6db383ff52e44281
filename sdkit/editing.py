"""Dialogues changed by hand: each function returns a changed copy and leaves the dialogue that it was given as it is.

Who edits a dialogue must not pass it off as what the model wrote. `model`, `seed` and `provenance` stay, for they say
where it comes from; and each change is appended to `events`, with what was there before, so that nothing is lost:

    Event(agent="editor", action="edit text", actionLabel="turn 3", text="what turn 3 said before", timestamp=...)

The actions are "edit text", "edit speaker", "add turn", "delete turn", "move turn" and "rename speaker". A turn's
number is the one it had when it was changed.
"""

from __future__ import annotations

import time

from sdkit.dialog import Dialog, Event, Turn
from sdkit.errors import InputError

AGENT = "editor"
"""Who changes a dialogue by hand, in its events."""


def problems(dialog: Dialog) -> dict[str, str]:
    """Say what is wrong with the turns.

    Returns
    -------
    dict
        By the place, such as "turn 3 text" or "turn 3 speaker"; empty if all is well. A speaker that is None is not
        known, which is allowed.
    """
    found = {}
    for number, turn in enumerate(dialog.turns, start=1):
        if turn.speaker is not None and not turn.speaker.strip():
            found[f"turn {number} speaker"] = "The speaker is blank: give a name."
        if not turn.text.strip():
            found[f"turn {number} text"] = "The text is blank: write what is said, or delete the turn."
    return found


def edit_text(dialog: Dialog, index: int, text: str) -> Dialog:
    """Let a turn, counted from 0, say something else."""
    turn = dialog.turns[index]
    changed = [*dialog.turns[:index], turn.model_copy(update={"text": text}), *dialog.turns[index + 1 :]]
    return _changed(dialog, changed, "edit text", index, turn.text)


def edit_speaker(dialog: Dialog, index: int, speaker: str) -> Dialog:
    """Let somebody else say a turn."""
    turn = dialog.turns[index]
    changed = [*dialog.turns[:index], turn.model_copy(update={"speaker": speaker}), *dialog.turns[index + 1 :]]
    return _changed(dialog, changed, "edit speaker", index, str(turn.speaker))


def add_turn(dialog: Dialog, index: int, turn: Turn) -> Dialog:
    """Put a turn in, so that it has this index."""
    return _changed(dialog, [*dialog.turns[:index], turn, *dialog.turns[index:]], "add turn", index, "")


def delete_turn(dialog: Dialog, index: int) -> Dialog:
    """Take a turn out."""
    gone = dialog.turns[index]
    changed = [*dialog.turns[:index], *dialog.turns[index + 1 :]]
    return _changed(dialog, changed, "delete turn", index, f"{gone.speaker}: {gone.text}")


def move_turn(dialog: Dialog, index: int, to: int) -> Dialog:
    """Put a turn elsewhere, so that it has the index `to`.

    Raises
    ------
    InputError
        There is no such place.
    """
    if not 0 <= to < len(dialog):
        raise InputError(f"turn {index + 1} is the {'first' if to < 0 else 'last'} one; it cannot be moved further")
    changed = list(dialog.turns)
    changed.insert(to, changed.pop(index))
    return _changed(dialog, changed, "move turn", index, f"to {to + 1}")


def rename_speaker(dialog: Dialog, old: str | None, new: str) -> Dialog:
    """Give one speaker another name, everywhere.

    Raises
    ------
    InputError
        The name is blank or taken, or nobody has the old one.
    """
    if not new.strip():
        raise InputError("the new name is blank: give a name")
    renamed = dialog.rename_speaker(old, new.strip())
    return _changed(renamed, renamed.turns, "rename speaker", None, f"{old} is now {new.strip()}")


def _changed(dialog: Dialog, turns: list[Turn], action: str, index: int | None, before: str) -> Dialog:
    label = None if index is None else f"turn {index + 1}"
    event = Event(agent=AGENT, action=action, actionLabel=label, text=before, timestamp=int(time.time()))
    return dialog.model_copy(update={"turns": turns, "events": [*(dialog.events or []), event]})
