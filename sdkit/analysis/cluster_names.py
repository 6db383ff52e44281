"""Names for clusters of dialogues, by a model: a few words each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, field_validator

from sdkit.dialog import without_docstring
from sdkit.dialog_output import closed
from sdkit.llm import ask
from sdkit.rendering import one_line

if TYPE_CHECKING:
    from sdkit.llm.spec import ModelSpec
    from sdkit.prompts import Message

_WORD = "[A-Za-z][A-Za-z'-]{1,15}"
_NAME = {"type": "string", "pattern": f"^{_WORD}( {_WORD}){{0,3}}$"}
_QUOTED = 300  # letters of a dialogue
_SYSTEM = (
    "You name groups of dialogues. You are given words that are common in a group, and how some of its dialogues "
    "begin. You answer with a name of one to four words which says what they are about."
)
_EXAMPLE = (
    ["umbrella", "lost", "bus", "colour", "driver"],
    ["I think I left my umbrella on the bus. Which bus did you take?", "Hello, did anybody hand in a blue scarf?"],
    '{"name": "Lost property"}',
)


class ClusterName(BaseModel):
    """The name of a group, as a model writes it."""

    model_config = ConfigDict(json_schema_extra=without_docstring)

    name: str

    @field_validator("name")
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("is blank")
        return value.strip()

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the schema: one to four words."""
        return closed({"name": _NAME})


def prompt(words: Sequence[str], texts: Sequence[str]) -> list[Message]:
    """Return what a model is asked for the name of a group.

    Parameters
    ----------
    words
        Those that tell it.
    texts
        Some of its dialogues, of which the beginnings are shown.
    """
    shown, said, answer = _EXAMPLE
    return [("system", _SYSTEM), ("human", _asked(shown, said)), ("ai", answer), ("human", _asked(words, texts))]


def _asked(words: Sequence[str], texts: Sequence[str]) -> str:
    lines = [f"Words: {', '.join(words) or 'none'}", *(f"Dialogue: {one_line(text)[:_QUOTED]}" for text in texts)]
    return "\n".join(lines)


def named(words: Sequence[str], texts: Sequence[str], model: ModelSpec, seed: int) -> str:
    """Return a name for a group, from a model.

    Raises
    ------
    ModelError
        The model cannot be used.
    ReplyError
        It did not answer as asked.
    """
    return ask(prompt(words, texts), ClusterName, model=model, seed=seed).name
