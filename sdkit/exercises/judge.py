"""The judge of what no rule can see in an answer."""

from __future__ import annotations

from typing import Any

from sdkit.dialog import Dialog
from sdkit.errors import SdkitError
from sdkit.exercises.outcome import told
from sdkit.exercises.running import Limit


class Judge:
    """A model that is asked about dialogues; where it cannot be asked, only rules count, and `silent` says why.

    The time limit is the student's: it stands still while the model answers.
    """

    def __init__(self, model: Any, limit: Limit) -> None:
        self._model, self._limit = model, limit
        self.silent: list[str] = []

    def __call__(self, dialog: Dialog, statement: str) -> bool | None:
        """Return whether a statement is true of a dialogue; None if nobody says so."""
        from sdkit.judging import holds

        if self._model is None or self.silent:
            return None
        with self._limit.paused():
            try:
                return holds(dialog, statement, model=self._model).holds
            except SdkitError as error:
                self.silent.append(f"The model could not be asked, so only rules count: {told(str(error))}")
                return None
