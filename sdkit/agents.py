"""Who can take a turn in a conversation.

`PersonaAgent` is a persona that a model plays, `EndpointAgent` an assistant behind an address, `FunctionAgent` anything
that you can write as a function. Any two of them can talk.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from sdkit import background, prompts
from sdkit.agent_base import MAX_TURNS, Agent, Part, Utterance
from sdkit.assistants import Assistant, assistant_of
from sdkit.endpoints.endpoint import Answer, Endpoint, endpoint_of
from sdkit.errors import InputError, ReplyError
from sdkit.llm import structured
from sdkit.llm.spec import chat_model, model_name
from sdkit.llm.structured import Reply
from sdkit.personas import BasePersona, checked_persona

if TYPE_CHECKING:
    from pathlib import Path

    from langchain_core.language_models import BaseChatModel

    from sdkit.llm.spec import ModelSpec
    from sdkit.orchestration import Hook

__all__ = ["MAX_TURNS", "Agent", "EndpointAgent", "FunctionAgent", "Part", "PersonaAgent", "Utterance"]


class PersonaAgent(Agent):
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
        self.llm: BaseChatModel = chat_model(model)

    @property
    def model(self) -> str:
        """The name of its model."""
        return model_name(self.llm)

    def __repr__(self) -> str:
        """Name the persona and the model."""
        return f"PersonaAgent({self.persona!r}, model={self.model!r})"

    def speak(self, part: Part) -> Reply:
        """Take a turn; the text is ``reply.value.text``."""
        return structured.request(self._messages(part), self._schema(part), model=self.llm, seed=part.seed)

    async def aspeak(self, part: Part) -> Reply:
        """Do what `speak` does, awaitable."""
        return await structured.arequest(self._messages(part), self._schema(part), model=self.llm, seed=part.seed)

    def _schema(self, part: Part) -> type[Utterance]:
        return Utterance

    def _messages(self, part: Part) -> list[prompts.Message]:
        me = prompts.Voice(part.name, str(self.persona))
        about = {"details": self.details, "response_details": self.response_details}
        return prompts.party(me, part.other, turns=part.turns, told=part.told, **about)


class EndpointAgent(Agent):
    """An assistant behind an address.

    Parameters
    ----------
    endpoint
        The endpoint, or the path of its file.
    assistant
        Its name and description, or the path of a file with them: the name is the one it speaks under, and the
        description is sent where the endpoint's ``system`` says.

    Raises
    ------
    FileError
        A file cannot be read, or a variable in it is not set.
    """

    def __init__(self, endpoint: Endpoint | str | Path, assistant: Assistant | str | Path | None = None) -> None:
        self.endpoint = endpoint_of(endpoint)
        self._about = "" if assistant is None else assistant_of(assistant).description
        self.persona = _persona_of(assistant)

    @property
    def model(self) -> str:
        """The name of the model that its body asks for, else its address."""
        return self.endpoint.name

    def __repr__(self) -> str:
        """Name the address."""
        return f"EndpointAgent({self.endpoint!r})"

    def speak(self, part: Part) -> Reply:
        """Send what was said, and return what comes back."""
        chat = _heard(part)
        return self._reply(part, chat, self.endpoint.ask(chat, self._about))

    async def aspeak(self, part: Part) -> Reply:
        """Do what `speak` does, awaitable."""
        chat = _heard(part)
        return self._reply(part, chat, await self.endpoint.aask(chat, self._about))

    def _reply(self, part: Part, chat: list[dict[str, str]], answer: Answer) -> Reply:
        return _reply(part, chat, self.model, answer)


class FunctionAgent(Agent):
    """Anything that takes a conversation and returns the next message.

    Parameters
    ----------
    function
        Takes a list of messages, each a dict with ``role`` and ``content``, and returns a text; it may be async. What
        it said itself has the role "assistant", what it heard the role "user".
    name
        Under which name it speaks.

    Raises
    ------
    InputError
        It is no function.
    """

    def __init__(
        self, function: Callable[[list[dict[str, str]]], str | Awaitable[str]], name: str = "Assistant"
    ) -> None:
        if not callable(function):
            raise InputError(f"{function!r} is no function; give one from a list of messages to a text")
        self.function = function
        self.persona = BasePersona.model_validate({"name": name})

    @property
    def model(self) -> str:
        """The name of the function."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))

    def __repr__(self) -> str:
        """Name the function."""
        return f"FunctionAgent({self.model})"

    def speak(self, part: Part) -> Reply:
        """Call the function."""
        began, chat = time.perf_counter(), part.chat()
        said = self.function(part.chat())
        return self._reply(part, chat, background.awaited(said) if inspect.isawaitable(said) else said, began)

    async def aspeak(self, part: Part) -> Reply:
        """Do what `speak` does, awaitable; a function that is not async keeps all others waiting."""
        began, chat = time.perf_counter(), part.chat()
        said = self.function(part.chat())
        return self._reply(part, chat, await said if inspect.isawaitable(said) else said, began)

    def _reply(self, part: Part, chat: list[dict[str, str]], said: Any, began: float) -> Reply:
        if not isinstance(said, str) or not said.strip():
            raise ReplyError(f"was {said!r:.80}, which is no text", str(said), None, [part.seed])
        answer = Answer(said.strip(), None, None, time.perf_counter() - began, 1)
        return _reply(part, chat, self.model, answer)


def _persona_of(assistant: Assistant | str | Path | None) -> BasePersona:
    about = {"name": "Assistant"} if assistant is None else assistant_of(assistant).model_dump()
    return BasePersona.model_validate(about)


def _heard(part: Part) -> list[dict[str, str]]:
    chat = part.chat()
    if not chat:
        raise InputError(f"{part.name} answers, and cannot begin; let {part.other} begin, with first=")
    return chat


def _reply(part: Part, chat: list[dict[str, str]], model: str, answer: Answer) -> Reply:
    """Return the reply of something that is no language model of ours."""
    return Reply(
        value=Utterance(text=answer.text),
        raw=answer.text,
        model=model,
        answered_by=model,
        replayed=False,
        seed=part.seed,
        first_seed=part.seed,
        options={},
        prompt_hash=hashlib.sha256(json.dumps(chat).encode()).hexdigest(),
        seconds=answer.seconds,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        cached_tokens=None,
        finish_reason=None,
        attempts=answer.tries,
    )
