"""What all who take a turn in a conversation share: `Agent`, and the `Part` it is given."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, field_validator

from sdkit.dialog import Dialog, Turn, without_docstring
from sdkit.dialog_output import TEXT, closed
from sdkit.personas import BasePersona

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from sdkit.conversation import Conversation
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
        return closed({"text": TEXT})


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

    def chat(self) -> list[dict[str, str]]:
        """Return what was said as messages with ``role`` and ``content``, from the speaker's own side.

        What it said itself has the role "assistant", what it heard the role "user": both parties see the conversation
        so, each with the roles swapped.
        """
        roles = ("assistant" if turn.speaker == self.name else "user" for turn in self.turns)
        return [{"role": role, "content": turn.text} for role, turn in zip(roles, self.turns, strict=True)]


class Agent(abc.ABC):
    """Who can take a turn in a conversation.

    Attributes
    ----------
    persona : BasePersona
        Who it is; what is kept of it in the dialogue.
    llm : BaseChatModel or None
        The model that plays it, if one does.
    hooks : sequence of callable
        Asked before each of its turns whether it is told something: see `sdkit.orchestration`.
    """

    persona: BasePersona
    llm: BaseChatModel | None = None
    hooks: Sequence[Hook] = ()

    @property
    def label(self) -> str:
        """Under which name it speaks, unless somebody else has the same."""
        return self.persona.label

    @property
    @abc.abstractmethod
    def model(self) -> str:
        """The name of what speaks: a model, an endpoint, a function."""

    @abc.abstractmethod
    def speak(self, part: Part) -> Reply:
        """Take a turn; the text is ``reply.value.text``."""

    @abc.abstractmethod
    async def aspeak(self, part: Part) -> Reply:
        """Do what `speak` does, awaitable."""

    # -- a conversation -----------------------------------------------------------------------------------------------

    def talk_with(self, other: Agent, max_turns: int = MAX_TURNS, **rest: Any) -> Dialog:
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

    async def atalk_with(self, other: Agent, max_turns: int = MAX_TURNS, **rest: Any) -> Dialog:
        """Do what `talk_with` does, awaitable."""
        return await self._conversation(other, max_turns, rest).arun()

    def stream(self, other: Agent, max_turns: int = MAX_TURNS, **rest: Any) -> Conversation:
        """Return the conversation, which makes its turns as you iterate over it: ``for turn in ana.stream(tom): ...``.

        It can be left and gone on with at any time; ``async for`` works, too. Its ``dialog`` has the turns so far.
        """
        return self._conversation(other, max_turns, rest)

    def _conversation(self, other: Agent, max_turns: int, rest: Mapping[str, Any]) -> Conversation:
        from sdkit.conversation import Conversation

        return Conversation(self, other, max_turns, **rest)
