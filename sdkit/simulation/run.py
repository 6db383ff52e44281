"""Simulated users try out an assistant: a conversation for each persona, kept at once, gone on with after a stop.

The shape is that of Channel Labs' Synthetic Conversation Generation: a user's message, the assistant's answer, and a
decision whether the user would go on; up to so many times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from sdkit.agents import Agent, EndpointAgent, FunctionAgent
from sdkit.assistants import Assistant, assistant_of
from sdkit.batch import Batch
from sdkit.batch_input import Id
from sdkit.conversation import Conversation, Step
from sdkit.dialog import Dialog, without_docstring
from sdkit.dialog_output import SHORT, closed
from sdkit.endpoints.endpoint import Endpoint
from sdkit.errors import InputError, ReplyError
from sdkit.llm import structured
from sdkit.llm.seeds import derive_seed
from sdkit.llm.spec import chat_model, judge_model, model_name, sampling_options
from sdkit.messages import MessagesStore
from sdkit.persona_files import checked_users, load_users
from sdkit.personas import BasePersona
from sdkit.simulation import prompts as simulation_prompts
from sdkit.simulation.endings import UserDone, chat_lines
from sdkit.simulation.simulated import Simulated
from sdkit.simulation.users import UserAgent, goal_of

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from sdkit.llm.spec import ModelSpec

MAX_TURNS = 3
"""How many turns of a chat, each a message of the user and an answer: the original's number."""

Personas = str | Path | Sequence[BasePersona]
Tried = Agent | Endpoint | str | Path | Callable[..., Any]
"""An assistant to try out: an agent, an endpoint, the path of an endpoint's file, or a function."""


class Kept(BaseModel):
    """Whether a simulated user has stayed who it is, as a model answers it: the evidence, the reason, the decision."""

    model_config = ConfigDict(json_schema_extra=without_docstring)

    evidence: str
    reason: str
    kept: bool

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the schema: the decision comes last, so that it follows from the others."""
        fields = {"evidence": SHORT, "reason": SHORT, "kept": {"type": "boolean"}}
        return closed(fields)


def simulate(
    assistant: Assistant | str | Path,
    personas: Personas,
    endpoint: Tried,
    to: str | Path = "output/conversations.jsonl",
    *,
    progress: bool = True,
    **options: Any,
) -> Simulated:
    """Let simulated users try out an assistant, and return their conversations.

    Parameters
    ----------
    assistant
        What the users know of it, or the path of the file with that.
    personas
        Who the users are, or the path of a file of ``users``.
    endpoint
        The assistant itself: an endpoint, the path of its file, an agent, or a function from a list of messages to the
        next one.
    to
        The file of JSON Lines that the conversations go to, each when it ends; in the end in the order of the personas.
        Conversations that are there already are not made again.
    progress
        Whether to show a progress bar.
    **options
        See `simulation`: ``max_turns``, ``model``, ``judge``, ``seed``, ``concurrency`` and others.

    Returns
    -------
    Simulated
        The conversations that are there, and why they ended. Those that failed are in its ``report``; the next call
        tries them again.

    Raises
    ------
    InputError
        Arguments that cannot work, or conversations in the file that were made with other ones.
    FileError
        A file cannot be read or written.
    ModelError
        A model or the endpoint cannot be used at all; what was made is kept.
    """
    batch = simulation(assistant, personas, endpoint, to, **options)
    report = batch.run(progress)
    return Simulated(batch.dialogs(), report)


async def asimulate(
    assistant: Assistant | str | Path,
    personas: Personas,
    endpoint: Tried,
    to: str | Path = "output/conversations.jsonl",
    **options: Any,
) -> Simulated:
    """Do what `simulate` does, awaitable and without a progress bar."""
    batch = simulation(assistant, personas, endpoint, to, **options)
    report = await batch.arun()
    return Simulated(batch.dialogs(), report)


def simulation(
    assistant: Assistant | str | Path,
    personas: Personas,
    endpoint: Tried,
    to: str | Path,
    *,
    max_turns: int = MAX_TURNS,
    model: ModelSpec = None,
    judge: ModelSpec = None,
    user: Callable[[BasePersona], Agent] | None = None,
    check_personas: bool = True,
    **options: Any,
) -> Batch:
    """Return the batch that `simulate` runs, for `sdkit.widgets.BatchRunner` or to run it with an event loop.

    Parameters
    ----------
    assistant, personas, endpoint, to
        As of `simulate`.
    max_turns
        How many turns at most; one is a message of the user and an answer.
    model
        Which model plays the users.
    judge
        Which model decides after each answer, but the last one allowed, whether the user would go on; None for `model`.
    user
        From a persona to who plays it, instead of a `UserAgent` on `model`; if that has no model and there is no
        `judge`, all conversations go to their limit.
    check_personas
        Whether to ask the judge in the end if the user has stayed who it is; the answer is in the dialogue's ``notes``.
    **options
        ``seed``, ``concurrency``, ``per_minute``, ``minutes``, ``tokens``: see `sdkit.batch.Batch`.

    Raises
    ------
    InputError
        Arguments that cannot work, or the file has conversations of other personas.
    FileError
        A file cannot be read.
    """
    if not isinstance(max_turns, int) or isinstance(max_turns, bool) or max_turns < 1:
        raise InputError(f"max_turns={max_turns!r}: give a whole number, at least 1")
    if Path(to).suffix.lower() != ".jsonl":
        raise InputError(f"{to}: conversations go into a file whose name ends in .jsonl")
    about = assistant_of(assistant)
    people = load_users(personas) if isinstance(personas, str | Path) else checked_users(personas)
    llm = chat_model(model) if user is None else None
    judging = None if user is not None and judge is None else judge_model(model if judge is None else judge)
    tried = tried_agent(endpoint, about)
    shape = {
        "assistant": about.model_dump(),
        "endpoint": about_agent(tried),
        "max_turns": max_turns,
        "users": _about_model(llm),
        "judge": _about_model(judging),
        "check_personas": check_personas and judging is not None,
    }

    def maker(number: Id) -> Callable[..., Any]:
        persona = people[int(number)]
        plays = user(persona) if user is not None else UserAgent(persona, llm, assistant=about)
        check = bool(shape["check_personas"])
        return _Maker(persona, plays, tried, turns=2 * max_turns, judge=judging, check=check)

    store = MessagesStore(to)
    batch = Batch(range(len(people)), maker, store, about=shape, **options)
    _check_same_people(batch.dialogs(), people, to)
    return batch


@dataclass(frozen=True)
class _Maker:
    """Makes the conversation of a persona.

    Attributes
    ----------
    persona : BasePersona
        Who the user is.
    user, assistant : Agent
        Who talks.
    turns : int
        How many messages there are at most.
    judge : BaseChatModel or None
        Decides whether the user would go on.
    check : bool
        Whether to ask it in the end if the user has stayed who it is.
    """

    persona: BasePersona
    user: Agent
    assistant: Agent
    turns: int
    judge: BaseChatModel | None
    check: bool

    async def __call__(self, seed: int, id: Id) -> Dialog:
        goal = goal_of(self.persona)
        ending = UserDone(goal)
        about: Any = {"seed": seed, "id": id, "scenario": goal or None, "judge": self.judge}
        talk = Conversation(self.user, self.assistant, self.turns, ending=ending, **about)
        await talk.arun()
        notes: dict[str, Any] = {}
        if decisions := [step for step in talk.steps if step.who == "judge"]:
            notes["decisions"] = [{"turn": step.turn, **step.reply.value.model_dump()} for step in decisions]
        if self.check:
            notes["persona"] = await self._kept(talk, seed)
        dialog = talk.dialog
        dialog.notes = notes or None
        # Whoever plays the user, this is who it is.
        dialog.personas = (dialog.personas or {}) | {talk.names[0]: self.persona.json()}
        return dialog

    async def _kept(self, talk: Conversation, seed: int) -> dict[str, Any]:
        """Ask whether the user has stayed who it is; a judge that does not answer costs nothing but the answer."""
        question = simulation_prompts.is_persona_kept(str(self.persona), chat_lines(talk.turns))
        try:
            reply = await structured.arequest(question, Kept, model=self.judge, seed=derive_seed(seed, "kept"))
        except ReplyError as error:
            return {"kept": None, "reason": error.problem}
        talk.steps.append(Step(len(talk.turns), "persona", reply))
        return dict(reply.value.model_dump())


def tried_agent(endpoint: Tried, assistant: Assistant | None = None) -> Agent:
    """Return who plays an assistant that is tried out.

    Raises
    ------
    InputError
        It is none of `Tried`.
    FileError
        The endpoint's file cannot be read.
    """
    if isinstance(endpoint, Agent):
        return endpoint
    if isinstance(endpoint, Endpoint | str | Path):
        return EndpointAgent(endpoint, assistant)
    if callable(endpoint):
        return FunctionAgent(endpoint, assistant.name if assistant else "Assistant")
    given = "a dict" if isinstance(endpoint, dict) else f"{endpoint!r:.80}"  # there may be a key in a dict
    raise InputError(
        f"endpoint={given}: give an Endpoint (Endpoint.from_dict makes one of a dict), the path of its file, a "
        "PersonaAgent or another agent, or a function from a list of messages to a text"
    )


def about_agent(agent: Agent) -> Any:
    """Return what shapes what an agent says, as far as that can be told: values that JSON has, without keys."""
    if isinstance(agent, EndpointAgent):
        return agent.endpoint.about()
    return {"agent": type(agent).__name__, "persona": agent.persona.json(), **(_about_model(agent.llm) or {})} | (
        {"function": agent.model} if agent.llm is None else {}
    )


def _about_model(llm: BaseChatModel | None) -> dict[str, Any] | None:
    return {"model": model_name(llm), "options": sampling_options(llm)} if llm is not None else None


def _check_same_people(made: Sequence[Dialog], people: Sequence[BasePersona], to: str | Path) -> None:
    """See that the conversations that are there are of these personas: somebody may have edited the file of them."""
    for dialog in made:
        persona = people[int(dialog.dialogId or 0)]
        before = next(iter((dialog.personas or {}).values()), None)
        if before is not None and before != persona.json():
            raise InputError(
                f"{to}: conversation {dialog.dialogId} is of {before.get('name', 'somebody')!r} as that persona was "
                f"when it was made, and persona {int(dialog.dialogId or 0) + 1} is {persona.label!r} now. Give another "
                "file for new conversations, or the personas as they were"
            )
