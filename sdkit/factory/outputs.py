"""What a factory asks a model for, as schemas: small enough for tiny models to keep to."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from sdkit.dialog import without_docstring
from sdkit.dialog_output import SHORT, closed, sentences

_TEXT = sentences(3, 180)
_WORD = "[a-z]{2,16}"
_INTENT = {"type": "string", "pattern": f"^{_WORD}(_{_WORD}){{0,3}}$"}


class _Output(BaseModel):
    model_config = ConfigDict(json_schema_extra=without_docstring)

    @field_validator("*")
    @classmethod
    def _not_blank(cls, value: Any) -> Any:
        if isinstance(value, str) and not value.strip():
            raise ValueError("is blank")
        return value.strip() if isinstance(value, str) else value


class ScenarioOutput(_Output):
    """A scenario as a model writes it."""

    scenario: str

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the schema: one to three sentences."""
        return closed({"scenario": _TEXT})


class TurnOutput(_Output):
    """A turn as a model writes it: a message of the user, what it is for, and the answer."""

    utterance: str
    intent: str
    assistant_response: str


class DialogueOutput(_Output):
    """A dialogue as a model writes it: how it ends, so that it knows where it goes, and the turns."""

    ending: str
    turns: list[TurnOutput]


@lru_cache(maxsize=256)
def dialogue_output(low: int, high: int) -> type[DialogueOutput]:
    """Return the class of a dialogue with so many turns."""

    class Output(DialogueOutput):
        @field_validator("turns")
        @classmethod
        def _as_many(cls, turns: list[TurnOutput]) -> list[TurnOutput]:
            if not low <= len(turns) <= high:
                raise ValueError(f"has {len(turns)} turns instead of {low} to {high}")
            return turns

        @classmethod
        def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
            turn = closed({"utterance": _TEXT, "intent": _INTENT, "assistant_response": _TEXT})
            turns = {"type": "array", "items": turn, "minItems": low, "maxItems": high}
            return closed({"ending": SHORT, "turns": turns})

    return Output
