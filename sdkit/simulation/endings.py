"""When a chat with a simulated user is over: what a judge is asked after an answer, and what it means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from sdkit.dialog import Stop, Turn, without_docstring
from sdkit.dialog_output import SHORT, closed
from sdkit.prompts import Message
from sdkit.rendering import one_line
from sdkit.simulation import prompts

GOES_ON = "goes on"
STATES = {
    GOES_ON: None,
    "need met": "need_met",
    "frustrated": "frustrated",
    "dead end": "dead_end",
    "said goodbye": "goodbye",
    "would not answer": "no_answer",
}
"""What a user may do after an assistant's message, as models say it, and the `Stop.kind` of that."""
_CONFIDENCES = [0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


class Decision(BaseModel):
    """What a simulated user does next, as a model answers it: the reason, one of `STATES`, and how sure it is."""

    model_config = ConfigDict(json_schema_extra=without_docstring)

    reason: str
    state: str
    confidence: float

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the schema: the decision follows from its reason."""
        fields = {"reason": SHORT, "state": {"enum": list(STATES)}, "confidence": {"enum": _CONFIDENCES}}
        return closed(fields)


@dataclass(frozen=True)
class UserDone:
    """A chat with an assistant is over when its user would not write again; asked after each of its answers.

    The user is the one who begins. The judge sees what was said and what the user wants, and not who they are.

    Parameters
    ----------
    goal
        Why the user has come.
    """

    goal: str
    schema = Decision

    def is_due(self, turns: Sequence[Turn]) -> bool:
        """Tell whether the assistant has just answered."""
        return len(turns) > 1 and turns[-1].speaker != turns[0].speaker

    def question(self, turns: Sequence[Turn]) -> list[Message]:
        """Ask what the user does now."""
        return prompts.is_user_done(self.goal, chat_lines(turns))

    def stop(self, answer: Decision) -> Stop | None:
        """Return the reason, if the user does not go on."""
        kind = STATES.get(answer.state)
        return Stop(kind=kind, reason=answer.reason, confidence=answer.confidence) if kind else None


def chat_lines(turns: Sequence[Turn]) -> list[str]:
    """Return a chat as lines that say who wrote, "User" or "Assistant", and nothing else of them; the user begins."""
    return [f"{'User' if turn.speaker == turns[0].speaker else 'Assistant'}: {one_line(turn.text)}" for turn in turns]
