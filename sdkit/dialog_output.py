"""What a model is asked for: schemas of turns and of whole dialogues, small enough for tiny models to keep to."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sdkit.dialog import without_docstring

_END = "[.!?。！？؟…]"


def sentences(most: int, letters: int = 110) -> dict[str, Any]:
    """Return the schema of one to so many sentences that end, each of so many letters or so at most.

    Without this, tiny models run on until they are cut in the middle of a word.
    """
    # Straight quotes and backslashes are left out because Ollama copies these classes into its grammar as they are: a
    # quote there would end the JSON string.
    one = f'[^ \\n"\\\\.!?。！？؟…]([^\\n"\\\\.!?。！？؟…]|[.!?][0-9A-Za-z]){{0,{letters}}}{_END}'
    return {"type": "string", "pattern": f"^{one}( {one}){{0,{most - 1}}}$" if most > 1 else f"^{one}$"}


TEXT = sentences(3)
"""One to three sentences."""
SHORT = sentences(1)
"""One sentence."""
# One or two words: without this, tiny models begin to speak where the name belongs.
_NAME = '[^ \\n.,:;!?"\\\\(){}<>&]{1,16}'
_ANYBODY = {"type": "string", "pattern": f"^{_NAME}( {_NAME})?$"}
_LENGTHS = 8  # how many lengths the schema offers: each is a branch of the grammar


def closed(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that has all of these fields, in this order, and no others."""
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


class LLMTurn(BaseModel):
    """A turn as a model writes it: somebody says something."""

    model_config = ConfigDict(json_schema_extra=without_docstring)

    speaker: str = Field(min_length=1)
    text: str = Field(min_length=1)

    @field_validator("speaker", "text")
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("is blank")
        return value.strip()


class LLMDialogOutput(BaseModel):
    """What a model is asked for by default: the turns, and nothing that it cannot know."""

    model_config = ConfigDict(json_schema_extra=without_docstring)

    dialog: list[LLMTurn]


@lru_cache(maxsize=64)
def dialog_output(
    speakers: tuple[str, ...] | None, turns: tuple[int, int], alternate: bool = True
) -> type[LLMDialogOutput]:
    """Return the class of a dialogue with this cast and length.

    Its JSON schema fixes who speaks in which turn, the speakers taking turns in the order given: a model that could
    choose would let one of them speak all the time. It is a choice between arrays of fixed lengths, a form that both
    llama.cpp's own grammars and llguidance understand.

    Parameters
    ----------
    speakers
        The cast; None for anybody.
    turns
        At least and at most how many turns.
    alternate
        Whether the cast takes turns in its order; otherwise any of them may speak next.
    """
    low, high = turns

    class DialogOutput(LLMDialogOutput):
        @field_validator("dialog")
        @classmethod
        def _as_asked(cls, dialog: list[LLMTurn]) -> list[LLMTurn]:
            if not low <= len(dialog) <= high:
                raise ValueError(f"has {len(dialog)} turns instead of {low} to {high}")
            if speakers:
                heard = {turn.speaker for turn in dialog}
                if strangers := heard - set(speakers):
                    raise ValueError(f"{sorted(strangers)[0]!r} speaks, who is not one of {', '.join(speakers)}")
                if silent := set(speakers) - heard:
                    raise ValueError(f"{sorted(silent)[0]!r} never speaks")
                for number, turn in enumerate(dialog):
                    if alternate and turn.speaker != (due := speakers[number % len(speakers)]):
                        raise ValueError(f"{turn.speaker!r} speaks in turn {number}, which is {due}'s")
            return dialog

        @classmethod
        def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
            return _output_schema(speakers, low, high, alternate)

    return DialogOutput


def _output_schema(speakers: tuple[str, ...] | None, low: int, high: int, alternate: bool) -> dict[str, Any]:
    def turn(speaker: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {"speaker": speaker, "text": TEXT},
            "required": ["speaker", "text"],
            "additionalProperties": False,
        }

    if speakers is None:
        dialog: dict[str, Any] = {"type": "array", "items": turn(_ANYBODY), "minItems": low, "maxItems": high}
        definitions = {}
    else:
        definitions = {f"turn{i}": turn({"const": name}) for i, name in enumerate(speakers)}
    if speakers and not alternate:
        anybody = {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in definitions]}
        dialog = {"type": "array", "items": anybody, "minItems": low, "maxItems": high}
    elif speakers:
        lengths = sorted({low + (high - low) * i // (_LENGTHS - 1) for i in range(_LENGTHS)})
        cycle = [{"$ref": f"#/$defs/turn{i % len(speakers)}"} for i in range(high)]
        dialog = {
            "anyOf": [
                {"type": "array", "prefixItems": cycle[:length], "minItems": length, "maxItems": length}
                for length in lengths
            ]
        }
    return {
        **({"$defs": definitions} if definitions else {}),
        "type": "object",
        "properties": {"dialog": dialog},
        "required": ["dialog"],
        "additionalProperties": False,
    }
