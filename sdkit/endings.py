"""When a conversation is over: what is asked about it after a turn, and what the answer means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from sdkit import prompts
from sdkit.dialog import Stop, Turn, without_docstring
from sdkit.dialog_output import SHORT, closed
from sdkit.rendering import one_line

MIN_TURNS = 4
"""From how many turns on a judge is asked, if nobody says otherwise: both have spoken twice."""


class Ending(Protocol):
    """Whether a conversation is over: a question to a model, and what its answer means."""

    @property
    def schema(self) -> type[BaseModel]:
        """The class of the answer."""
        ...

    def is_due(self, turns: Sequence[Turn]) -> bool:
        """Tell whether to ask after these turns."""
        ...

    def question(self, turns: Sequence[Turn]) -> list[prompts.Message]:
        """Return what to ask."""
        ...

    def stop(self, answer: Any) -> Stop | None:
        """Return why the conversation is over; None if it goes on."""
        ...


class Over(BaseModel):
    """Whether a conversation is over, as a model answers it: what the last line does, the reason, the decision."""

    model_config = ConfigDict(json_schema_extra=without_docstring)

    act: str = ""
    reason: str
    over: bool

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the schema: the decision comes last, so that it follows from the others."""
        fields = {"act": {"enum": list(prompts.ACTS)}, "reason": SHORT, "over": {"type": "boolean"}}
        return closed(fields)


@dataclass(frozen=True)
class Farewell:
    """A conversation is over when the last line is a goodbye that needs no answer.

    Parameters
    ----------
    min_turns
        From how many turns on it may be over.
    """

    min_turns: int = MIN_TURNS
    schema = Over

    def is_due(self, turns: Sequence[Turn]) -> bool:
        """Tell whether there are enough turns."""
        return len(turns) >= max(self.min_turns, 1)

    def question(self, turns: Sequence[Turn]) -> list[prompts.Message]:
        """Ask about the transcript."""
        return prompts.is_it_over([f"{turn.speaker}: {one_line(turn.text)}" for turn in turns])

    def stop(self, answer: Over) -> Stop | None:
        """Return the reason, if it is over."""
        return Stop(kind="over", reason=answer.reason) if answer.over else None


class NoEnding:
    """A conversation goes on to its limit; nobody is asked."""

    schema = Over

    def is_due(self, turns: Sequence[Turn]) -> bool:
        """Never ask."""
        return False

    def question(self, turns: Sequence[Turn]) -> list[prompts.Message]:
        """Ask nothing."""
        return []

    def stop(self, answer: Any) -> Stop | None:
        """Go on."""
        return None
