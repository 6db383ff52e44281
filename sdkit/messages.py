"""Conversations as chat messages: JSON Lines as tools for training and testing read them, an object a line.

``{"messages": [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}, ...]}`` is the form of
Channel Labs' Synthetic Conversation Generation. What else is known goes into ``metadata``, which may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sdkit.batch_store import LinesStore
from sdkit.dialog import Dialog, Turn
from sdkit.errors import FileError, InputError, first_problem
from sdkit.jsonl import numbered_lines, write_lines

USER, ASSISTANT, SYSTEM = "user", "assistant", "system"
ROLES = (USER, ASSISTANT, SYSTEM)

# What of a dialogue does not go into the metadata under its own name.
_ELSEWHERE = {"turns", "dialogId", "formatVersion"}


def roles_of(dialog: Dialog) -> dict[str | None, str]:
    """Return the role of each speaker.

    Speakers that are called "user", "assistant" (with capitals, too) or "system" have that role; else the first one who
    speaks is the user, and the other one the assistant, such as the "System" of task-oriented data.

    Raises
    ------
    InputError
        There are more speakers than roles.
    """
    speakers = dialog.speakers
    roles: dict[str | None, str] = {speaker: speaker for speaker in speakers if speaker in ROLES}
    for speaker in speakers:
        if speaker and (role := speaker.lower()) in {USER, ASSISTANT} and role not in roles.values():
            roles[speaker] = role
    free = [role for role in (ASSISTANT, USER) if role not in roles.values()]
    for speaker in speakers:
        if speaker not in roles and not free:
            names = ", ".join(map(str, speakers))
            raise InputError(f"a chat has a user and an assistant; in this dialogue {names} speak")
        if speaker not in roles:
            roles[speaker] = free.pop()
    return roles


def chat_of(dialog: Dialog) -> list[dict[str, str]]:
    """Return the turns of a dialogue as messages with ``role`` and ``content``.

    Raises
    ------
    InputError
        More than two speak in it.
    """
    roles = roles_of(dialog)
    return [{"role": roles[turn.speaker], "content": turn.text} for turn in dialog.turns]


def line_of(dialog: Dialog, metadata: bool = True) -> dict[str, Any]:
    """Return the line of a dialogue.

    Parameters
    ----------
    dialog
        The dialogue.
    metadata
        Whether to keep what is known of it beside what was said: its id, who the user and the assistant were, why it
        has ended, how many tokens it took, and the fields of `Dialog` that are set.

    Raises
    ------
    InputError
        More than two speak in it, or it cannot be written as JSON.
    """
    line: dict[str, Any] = {"messages": chat_of(dialog)}
    if metadata:
        values = dialog.json()
        about: dict[str, Any] = {"id": dialog.dialogId}
        about |= {role: speaker for speaker, role in roles_of(dialog).items() if speaker != role}
        if dialog.provenance:
            about["tokens"] = (dialog.provenance.prompt_tokens or 0) + (dialog.provenance.completion_tokens or 0)
        about |= {name: value for name, value in values.items() if name not in _ELSEWHERE and value is not None}
        line["metadata"] = {name: value for name, value in about.items() if value is not None}
    return line


def dialog_of(line: Any) -> Dialog:
    """Return the dialogue of a line, with or without metadata.

    Raises
    ------
    InputError
        It is no such line.
    """
    messages = line.get("messages") if isinstance(line, Mapping) else None
    if not isinstance(messages, list):
        raise InputError(f'holds no conversation: {{"messages": [...]}} is needed, not {str(line)[:80]!r}')
    about = line.get("metadata") or {}
    if not isinstance(about, Mapping):
        raise InputError(f"metadata is to be an object; found {str(about)[:80]!r}")
    names = {role: str(about.get(role) or role) for role in ROLES}
    turns = []
    for number, message in enumerate(messages):
        role, content = (message.get("role"), message.get("content")) if isinstance(message, Mapping) else (None, None)
        if role not in ROLES or not isinstance(content, str):
            raise InputError(
                f"message {number} is to have a role ({', '.join(ROLES)}) and a content; found {str(message)[:80]!r}"
            )
        turns.append(Turn(speaker=names[role], text=content))
    if len(set(names.values())) < len(names):
        raise InputError(f"metadata gives two roles the same name: {', '.join(names.values())}")
    # What was counted follows from how it was made, where that is known.
    counted = {"tokens"} if about.get("provenance") else set()
    known = {name: value for name, value in about.items() if name not in {"id", *ROLES, *_ELSEWHERE, *counted}}
    try:
        return Dialog.model_validate({**known, "turns": turns, "dialogId": about.get("id")})
    except ValidationError as error:
        raise InputError(f"metadata: {first_problem(error)}") from error


def load_conversations(path: str | Path) -> list[Dialog]:
    """Return the conversations of a file of JSON Lines, as dialogues.

    Without metadata, the speakers are called "user" and "assistant".

    Raises
    ------
    FileError
        The file is not there, cannot be read, or a line of it holds no conversation; names the line.
    """
    if not Path(path).exists():
        raise FileError(path, "does not exist")
    found = []
    for number, line in numbered_lines(path):
        try:
            found.append(dialog_of(line))
        except InputError as error:
            raise FileError(path, str(error), number) from error
    return found


def save_conversations(path: str | Path, dialogs: Iterable[Dialog], metadata: bool = True) -> None:
    """Save dialogues between a user and an assistant as JSON Lines, atomically.

    Parameters
    ----------
    path
        Where to.
    dialogs
        The dialogues; the first one who speaks in each is the user.
    metadata
        Whether to keep what is known of them beside what was said.

    Raises
    ------
    FileError
        It cannot be written; the file is as it was before.
    InputError
        More than two speak in one of them.
    """
    write_lines(path, [line_of(dialog, metadata) for dialog in dialogs])


class MessagesStore(LinesStore):
    """A batch's dialogues as lines of messages."""

    def _dialog(self, value: Any) -> Dialog:
        return dialog_of(value)

    def _value(self, dialog: Dialog) -> Any:
        return line_of(dialog)
