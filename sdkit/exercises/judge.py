"""The judge of what no rule can see in an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sdkit.errors import SdkitError
from sdkit.exercises.outcome import told
from sdkit.exercises.running import Limit


class Judge:
    """A model that is asked about dialogues; where it cannot be asked, only rules count, and the outcome says so."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.silent: list[str] = []

    def within(self, limit: Limit) -> Callable[[Any, str], bool | None]:
        """Return the judge as steps know it; the time limit is the student's, and does not count the model's time."""

        def judge(dialog: Any, statement: str) -> bool | None:
            from sdkit.judging import holds

            if self.silent:
                return None
            with limit.paused():
                try:
                    return holds(dialog, statement, model=self._model).holds
                except SdkitError as error:
                    self.silent.append(f"The model could not be asked, so only rules count: {told(str(error))}")
                    return None

        return judge
