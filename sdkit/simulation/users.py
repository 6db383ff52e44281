"""Both sides of a chat with an assistant, played by models: `UserAgent` and `AssistantAgent`."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict

from sdkit.agents import Part, PersonaAgent, Utterance
from sdkit.assistants import Assistant, assistant_of
from sdkit.describing import text_of
from sdkit.dialog import without_docstring
from sdkit.dialog_output import TEXT, closed
from sdkit.errors import InputError
from sdkit.llm import structured
from sdkit.personas import BasePersona
from sdkit.prompts import Message, Voice
from sdkit.simulation import prompts as simulation_prompts

if TYPE_CHECKING:
    from sdkit.endpoints.endpoint import Message as Said
    from sdkit.llm.spec import ModelSpec

_LENGTHS = (4, 7, 10, 10, 14, 18, 25)
"""Words: people write short messages and long ones, and models always the same, unless they are told."""


class UserMessage(Utterance):
    """A message as a simulated user writes it, and whether it ends the chat with that."""

    model_config = ConfigDict(json_schema_extra=without_docstring)

    leaves: bool = False

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the schema: one to three sentences."""
        fields = {"text": TEXT, "leaves": {"type": "boolean"}}
        return closed(fields)


class UserAgent(PersonaAgent):
    """A simulated user, who writes to an assistant as people do, and may leave.

    The user is reminded before each message who it is and what it wants, and is given a length: without this, simulated
    users become helpful, patient and long-winded.

    Parameters
    ----------
    persona
        Who it is. If it has a field ``scenario``, that is why it comes.
    model
        Which model plays it: see `sdkit.llm.chat_model`.
    assistant
        To whom it writes, or the path of the file with that.
    may_leave
        Whether it may end the conversation.
    """

    def __init__(
        self,
        persona: BasePersona,
        model: ModelSpec = None,
        *,
        assistant: Assistant | str | Path,
        may_leave: bool = True,
    ) -> None:
        super().__init__(persona, model)
        self.assistant = assistant_of(assistant)
        self.may_leave = may_leave

    def _schema(self, part: Part) -> type[Utterance]:
        return UserMessage if self._can_leave(part) else Utterance

    def _can_leave(self, part: Part) -> bool:
        # Nobody leaves with the first message, before there was an answer.
        return self.may_leave and bool(part.turns)

    def _messages(self, part: Part) -> list[Message]:
        return simulation_prompts.simulated_user(
            Voice(part.name, str(self.persona)),
            Voice(part.other, self.assistant.description),
            goal=goal_of(self.persona),
            turns=part.turns,
            told=part.told,
            words=random.Random(part.seed).choice(_LENGTHS),
            may_leave=self._can_leave(part),
        )


class AssistantAgent(PersonaAgent):
    """An assistant that a model plays, from its name and description.

    Parameters
    ----------
    assistant
        The assistant, or the path of the file with it.
    model
        Which model plays it: see `sdkit.llm.chat_model`.
    """

    def __init__(self, assistant: Assistant | str | Path, model: ModelSpec = None) -> None:
        self.assistant = assistant_of(assistant)
        super().__init__(BasePersona.model_validate(self.assistant.model_dump()), model)

    def _messages(self, part: Part) -> list[Message]:
        return self._asked(part.chat())

    def _asked(self, chat: Sequence[Said]) -> list[Message]:
        return simulation_prompts.assistant(Voice(self.assistant.name, self.assistant.description), chat)

    async def areply(self, messages: Sequence[Said], seed: int | None = None) -> str:
        """Return the next message of a chat.

        Parameters
        ----------
        messages
            The chat so far, each message a mapping with ``role`` and ``content``.
        seed
            As of `sdkit.ask`.
        """
        reply = await structured.arequest(self._asked(checked_chat(messages)), Utterance, model=self.llm, seed=seed)
        return str(reply.value.text)


def goal_of(persona: BasePersona) -> str:
    """Return why somebody comes to an assistant: the field ``scenario``, if there is one."""
    return text_of(getattr(persona, "scenario", None))


def checked_chat(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the messages of a chat, if that is what they are.

    Raises
    ------
    InputError
        One has no ``role`` "user", "assistant" or "system", or its ``content`` is no text.
    """
    for number, message in enumerate(messages):
        fits = isinstance(message, Mapping) and message.get("role") in {"user", "assistant", "system"}
        if not fits or not isinstance(message.get("content"), str):
            raise InputError(
                f"message {number}: a role (user, assistant, system) and a content are needed; found {message!r:.80}"
            )
    return [{"role": message["role"], "content": message["content"]} for message in messages]
