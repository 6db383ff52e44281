"""Who can take a turn in a conversation: `PersonaAgent`, a persona that a model plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, field_validator

from sdkit import prompts
from sdkit.dialog import Dialog, Turn, without_docstring
from sdkit.dialog_output import TEXT
from sdkit.errors import InputError
from sdkit.llm import structured
from sdkit.llm.spec import chat_model, model_name
from sdkit.personas import BasePersona, checked_persona

if TYPE_CHECKING:
    from sdkit.conversation import Conversation
    from sdkit.llm.spec import ModelSpec
    from sdkit.llm.structured import Reply
    from sdkit.orchestration import Hook

MAX_TURNS = 20


class Utterance(BaseModel):
    """A turn as a model writes it."""

    model_config = ConfigDict(json_schema_extra=without_docstring)

    text: str

    @field_validator("text")
    @classmethod
    def _not_blank(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("is blank")
        return text.strip()

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the schema: one to three sentences."""
        return {"type": "object", "properties": {"text": TEXT}, "required": ["text"], "additionalProperties": False}


@dataclass(frozen=True)
class Part:
    """What an agent has to know to take its next turn.

    Attributes
    ----------
    name, other : str
        Under which name it speaks, and to whom.
    turns : sequence of Turn
        What was said so far.
    told : mapping of int to str
        What it was told by hooks, by the number of turns before.
    seed : int
        The seed of this turn.
    """

    name: str
    other: str
    turns: Sequence[Turn]
    told: Mapping[int, str]
    seed: int


class PersonaAgent:
    """A persona that a model plays.

    Parameters
    ----------
    persona
        Who it is.
    model
        Which model: "qwen2.5:14b", "embedded", a LangChain chat model; None for `sdkit.default_model`.
    details
        What it knows of the conversation beside its persona.
    response_details
        How it speaks.
    hooks
        Asked before each of its turns whether it is told something: see `sdkit.orchestration`.

    Raises
    ------
    InputError
        Arguments that cannot work.
    ModelError
        The model cannot be used.

    Examples
    --------
    >>> from sdkit.personas import Persona
    >>> ana = PersonaAgent(Persona(name="Ana", role="baker"), "embedded")
    >>> tom = PersonaAgent(Persona(name="Tom", role="customer"), "embedded")
    >>> ana.talk_with(tom, max_turns=8, seed=1).print()  # doctest: +SKIP
    """

    def __init__(
        self,
        persona: BasePersona,
        model: ModelSpec = None,
        *,
        details: str = "",
        response_details: str = prompts.ONE_UTTERANCE,
        hooks: Sequence[Hook] = (),
    ) -> None:
        self.persona = checked_persona(persona, "persona")
        if not isinstance(hooks, Sequence) or not all(callable(hook) for hook in hooks):
            raise InputError(f"hooks={hooks!r}: give a list of functions that take a Moment")
        self.details, self.response_details = details, response_details
        self.hooks = list(hooks)
        self.llm = chat_model(model)

    @property
    def label(self) -> str:
        """Under which name it speaks, unless somebody else has the same."""
        return self.persona.label

    @property
    def model(self) -> str:
        """The name of its model."""
        return model_name(self.llm)

    def __repr__(self) -> str:
        """Name the persona and the model."""
        return f"PersonaAgent({self.persona!r}, model={self.model!r})"

    # -- a turn -------------------------------------------------------------------------------------------------------

    def speak(self, part: Part) -> Reply:
        """Take a turn; the text is ``reply.value.text``."""
        return structured.request(self._messages(part), Utterance, model=self.llm, seed=part.seed)

    async def aspeak(self, part: Part) -> Reply:
        """Do what `speak` does, awaitable."""
        return await structured.arequest(self._messages(part), Utterance, model=self.llm, seed=part.seed)

    def _messages(self, part: Part) -> list[prompts.Message]:
        me = prompts.Voice(part.name, str(self.persona))
        about = {"details": self.details, "response_details": self.response_details}
        return prompts.party(me, part.other, turns=part.turns, told=part.told, **about)

    # -- a conversation -----------------------------------------------------------------------------------------------

    def talk_with(self, other: PersonaAgent, max_turns: int = MAX_TURNS, **rest: Any) -> Dialog:
        """Talk until it is over, or the limit is reached.

        Parameters
        ----------
        other
            To whom.
        max_turns
            How many turns at most, those of both together.
        **rest
            ``first`` (who begins, or what this one says first), ``seed``, ``id`` and others: see
            `sdkit.conversation.Conversation`.

        Returns
        -------
        Dialog
            With `Dialog.stop`, `Dialog.personas`, and, where a hook has told somebody something, `Dialog.events`.

        Raises
        ------
        ConversationError
            A turn could not be made. The turns so far are in its ``dialog``.
        KeyboardInterrupt
            With the turns so far in its ``dialog``: in a notebook, ``sys.last_value.dialog``.
        """
        return self._conversation(other, max_turns, rest).run()

    async def atalk_with(self, other: PersonaAgent, max_turns: int = MAX_TURNS, **rest: Any) -> Dialog:
        """Do what `talk_with` does, awaitable."""
        return await self._conversation(other, max_turns, rest).arun()

    def stream(self, other: PersonaAgent, max_turns: int = MAX_TURNS, **rest: Any) -> Conversation:
        """Return the conversation, which makes its turns as you iterate over it: ``for turn in ana.stream(tom): ...``.

        It can be left and gone on with at any time; ``async for`` works, too. Its ``dialog`` has the turns so far.
        """
        return self._conversation(other, max_turns, rest)

    def _conversation(self, other: PersonaAgent, max_turns: int, rest: Mapping[str, Any]) -> Conversation:
        from sdkit.conversation import Conversation

        return Conversation(self, other, max_turns, **rest)
