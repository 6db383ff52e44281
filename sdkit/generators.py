"""One call, one dialogue: `DialogGenerator` makes it from a description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator

from sdkit import prompts
from sdkit.dialog import Dialog, Provenance, Turn, without_docstring
from sdkit.errors import InputError, first_problem
from sdkit.llm import schemas, structured
from sdkit.llm.spec import chat_model, model_name

if TYPE_CHECKING:
    from sdkit.llm.spec import ModelSpec
    from sdkit.llm.structured import Reply

TURNS = (6, 12)
"""At least and at most how many turns a dialogue has, if nobody says otherwise."""

_END = "[.!?。！？؟…]"
# Straight quotes and backslashes are left out because Ollama copies these classes into its grammar as they are: a quote
# there would end the JSON string.
_SENTENCE = f'[^ \\n"\\\\.!?。！？؟…]([^\\n"\\\\.!?。！？؟…]|[.!?][0-9A-Za-z]){{0,110}}{_END}'
# One to three sentences that end: without this, tiny models run on until they are cut in the middle of a word.
_TEXT = {"type": "string", "pattern": f"^{_SENTENCE}( {_SENTENCE}){{0,2}}$"}
# One or two words: without this, tiny models begin to speak where the name belongs.
_NAME = '[^ \\n.,:;!?"\\\\(){}<>&]{1,16}'
_ANYBODY = {"type": "string", "pattern": f"^{_NAME}( {_NAME})?$"}
_LENGTHS = 8  # how many lengths the schema offers: each is a branch of the grammar


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
def dialog_output(speakers: tuple[str, ...] | None, turns: tuple[int, int]) -> type[LLMDialogOutput]:
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
            return dialog

        @classmethod
        def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
            return _output_schema(speakers, low, high)

    return DialogOutput


def _output_schema(speakers: tuple[str, ...] | None, low: int, high: int) -> dict[str, Any]:
    def turn(speaker: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {"speaker": speaker, "text": _TEXT},
            "required": ["speaker", "text"],
            "additionalProperties": False,
        }

    if speakers is None:
        dialog: dict[str, Any] = {"type": "array", "items": turn(_ANYBODY), "minItems": low, "maxItems": high}
        definitions = {}
    else:
        definitions = {f"turn{i}": turn({"const": name}) for i, name in enumerate(speakers)}
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


@dataclass(frozen=True)
class _Settings:
    """What `DialogGenerator.set` changes, as one value: threads that generate meanwhile see the old or the new."""

    details: str
    scenario: dict[str, JsonValue] | str | None


class DialogGenerator:
    """Makes dialogues from a description, one request each.

    Several threads or tasks may share one generator.

    Parameters
    ----------
    model
        Which model: "qwen2.5:14b", "embedded", a LangChain chat model; None for `sdkit.default_model`.
    dialogue_details
        What the dialogue is about.
    output_format
        A pydantic class, a JSON schema as a dict, or None for free text. The default gives a `Dialog`.
    scenario
        What to keep as the dialogue's scenario; `dialogue_details` if None.
    speakers
        Who speaks, taking turns in this order; the first one begins. None lets the model choose.
    turns
        At least and at most how many turns; (6, 12) if None.
    examples
        Dialogues to learn from, each with its scenario; None for one of ours, () for none.

    Raises
    ------
    InputError
        Arguments that cannot work, alone or together.
    ModelError
        The model cannot be used.

    Examples
    --------
    >>> from sdkit.generators import DialogGenerator
    >>> generator = DialogGenerator("embedded", "Ana and Tom plan a party.", speakers=["Ana", "Tom"])
    >>> generator.generate(seed=42).print()  # doctest: +SKIP
    """

    def __init__(
        self,
        model: ModelSpec = None,
        dialogue_details: str = "",
        output_format: type[BaseModel] | Mapping[str, Any] | None = LLMDialogOutput,
        scenario: dict[str, JsonValue] | str | None = None,
        *,
        speakers: Sequence[str] | None = None,
        turns: tuple[int, int] | None = None,
        examples: Sequence[Dialog] | None = None,
    ) -> None:
        makes_dialogs = output_format is LLMDialogOutput
        if not makes_dialogs and (speakers is not None or turns is not None):
            raise InputError("speakers= and turns= shape the default output_format; put them into your own instead")
        self._speakers = _checked_speakers(speakers)
        self._turns = _checked_turns(TURNS if turns is None else turns, self._speakers) if makes_dialogs else None
        self._format = dialog_output(self._speakers, self._turns) if self._turns else output_format
        schemas.check(self._format)
        self._examples = ([prompts.WORKED_EXAMPLE] if makes_dialogs else []) if examples is None else list(examples)
        if not all(isinstance(example, Dialog) and example.turns for example in self._examples):
            raise InputError("examples= takes dialogues with turns: [Dialog(scenario=..., turns=[...]), ...]")
        self._llm = chat_model(model)
        self.set(dialogue_details, scenario)

    def set(self, dialogue_details: str, scenario: dict[str, JsonValue] | str | None = None) -> None:
        """Set new details, and a new scenario; without one, the details are the scenario again."""
        if not isinstance(dialogue_details, str) or not dialogue_details.strip():
            raise InputError("dialogue_details is empty; say in a sentence or two what the dialogue is about")
        try:
            Dialog(scenario=scenario, turns=[])
        except ValidationError as error:
            raise InputError(f"this scenario cannot be kept: {first_problem(error)}") from error
        self._settings = _Settings(dialogue_details, scenario)

    def generate(self, seed: int | None = None, id: int | str | None = None) -> Any:
        """Make one dialogue.

        Parameters
        ----------
        seed
            The same seed gives the same dialogue, on the same model and machine; None for a new one each time.
        id
            The dialogue's `Dialog.dialogId`.

        Returns
        -------
        Dialog
            With the default `output_format`. Another pydantic class gives an instance of it; a JSON schema, or None,
            gives the text of the reply.

        Raises
        ------
        ReplyError
            The model did not give what was asked for, in three attempts.
        ModelError
            The model cannot be used, or the prompt does not fit into its context.
        """
        settings = self._settings
        _check_id(id)
        reply = structured.request(self._messages(settings), self._format, model=self._llm, seed=seed)
        return self._result(reply, settings, id)

    __call__ = generate

    async def agenerate(self, seed: int | None = None, id: int | str | None = None) -> Any:
        """Do what `generate` does, awaitable."""
        settings = self._settings
        _check_id(id)
        reply = await structured.arequest(self._messages(settings), self._format, model=self._llm, seed=seed)
        return self._result(reply, settings, id)

    def __repr__(self) -> str:
        """Name the model and the beginning of the details."""
        return f"DialogGenerator(model={model_name(self._llm)!r}, dialogue_details={self._settings.details[:60]!r})"

    def _messages(self, settings: _Settings) -> list[prompts.Message]:
        return prompts.whole_dialogue(settings.details, self._speakers, self._turns, self._examples)

    def _result(self, reply: Reply, settings: _Settings, dialog_id: int | str | None) -> Any:
        if self._turns is None:  # an output_format of the user's own
            return reply.value if isinstance(reply.value, BaseModel) else reply.raw
        return Dialog(
            dialogId=dialog_id,
            model=reply.model,
            seed=reply.first_seed,
            scenario=settings.details if settings.scenario is None else settings.scenario,
            turns=[Turn(speaker=turn.speaker, text=turn.text) for turn in reply.value.dialog],
            provenance=_provenance(reply),
        )


def _provenance(reply: Reply) -> Provenance:
    return Provenance(
        model=reply.answered_by,
        seed=reply.seed,
        options=reply.options,
        prompt_hash=reply.prompt_hash,
        versions=structured.versions(),
        seconds=None if reply.seconds is None else round(reply.seconds, 3),
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        finish_reason=reply.finish_reason,
        attempts=reply.attempts,
        replayed=reply.replayed,
    )


def _check_id(dialog_id: int | str | None) -> None:
    if dialog_id is not None and not isinstance(dialog_id, int | str):
        raise InputError(f"id={dialog_id!r}: the id of a dialogue is a whole number or a text")


def _checked_speakers(speakers: Sequence[str] | None) -> tuple[str, ...] | None:
    if speakers is None:
        return None
    names = [] if isinstance(speakers, str) or not isinstance(speakers, Iterable) else list(speakers)
    cast = tuple(name.strip() for name in names if isinstance(name, str) and name.strip())
    if len(cast) < 2 or len(cast) < len(names) or len(set(cast)) < len(cast):
        raise InputError(f"speakers={speakers!r}: give two or more different names")
    return cast


def _checked_turns(turns: tuple[int, int], speakers: tuple[str, ...] | None) -> tuple[int, int]:
    try:
        low, high = turns
    except (TypeError, ValueError):
        raise InputError(f"turns={turns!r}: give two numbers, at least and at most, such as (6, 12)") from None
    if not all(isinstance(n, int) and not isinstance(n, bool) for n in (low, high)) or not 1 <= low <= high:
        raise InputError(f"turns={turns!r}: give two whole numbers, at least and at most, such as (6, 12)")
    if speakers and low < len(speakers):
        raise InputError(f"turns={turns!r}: {len(speakers)} speakers need at least {len(speakers)} turns")
    return low, high
