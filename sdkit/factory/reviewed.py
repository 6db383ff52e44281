"""What people review: records and dialogues in one form, and the hash by which a set is known again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from sdkit.dialog import Dialog
from sdkit.errors import InputError, first_problem
from sdkit.factory.records import dialog_of
from sdkit.moderation.records import FINDINGS, PROBLEM

Reviewed = Dialog | Mapping[str, Any]
"""A dialogue, or a record of a factory."""


def as_dialog(one: Reviewed) -> Dialog:
    """Return a dialogue, or a record as one.

    Raises
    ------
    InputError
        It is neither.
    """
    try:
        return one if isinstance(one, Dialog) else dialog_of(one)
    except ValidationError as error:
        raise InputError(f"this is no record of a dialogue: {first_problem(error)}") from error


def data_hash(data: Iterable[Reviewed]) -> str:
    """Return the SHA-256 of dialogues: their ids, turns and scenarios, in order, whether they are records or dialogues.

    What moderation has noted down in a record is no part of it.
    """
    found = hashlib.sha256()
    for dialog in map(as_dialog, data):
        scenario = dialog.scenario
        if isinstance(scenario, dict):
            scenario = {name: value for name, value in scenario.items() if name not in {FINDINGS, PROBLEM}}
        parts = [dialog.dialogId, scenario, [turn.model_dump(mode="json") for turn in dialog.turns]]
        found.update(json.dumps(parts, sort_keys=True).encode() + b"\n")
    return found.hexdigest()
