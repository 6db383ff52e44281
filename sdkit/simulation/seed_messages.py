"""Conversations that grow from seed messages: an assistant and a simulated user talk on from how a user begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from sdkit.agents import Agent, EndpointAgent, FunctionAgent
from sdkit.assistants import Assistant
from sdkit.batch import Batch
from sdkit.batch_input import Id
from sdkit.conversation import Conversation
from sdkit.dialog import Dialog
from sdkit.endings import NoEnding
from sdkit.endpoints.endpoint import Endpoint
from sdkit.errors import InputError
from sdkit.files import DATA_ENDINGS, file_type, read_data
from sdkit.llm.spec import chat_model
from sdkit.messages import MessagesStore
from sdkit.persona_files import USERS, load_users
from sdkit.personas import BasePersona
from sdkit.simulation.chat_histories import FORMS, Seed, load_seeds, save_chat_histories
from sdkit.simulation.run import about_agent
from sdkit.simulation.simulated import Simulated
from sdkit.simulation.users import AssistantAgent, UserAgent

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from sdkit.llm.spec import ModelSpec

EndOn = Literal["user", "assistant"]
TURNS = 3
"""How many turns, each an answer and what the user says to it: the original's number."""

Party = Any
"""Who talks: an `Agent`, an `Endpoint`, an `Assistant` or a persona, a function, a model; or the path of a file."""

_ANY_ASSISTANT = Assistant(name="Assistant", description="It helps the customers of a company.")


def converse_from_seeds(
    seeds: str | Path | Sequence[str],
    assistant: Party = None,
    user: Party = None,
    to: str | Path = "output/synthetic_conversations.jsonl",
    *,
    turns: int = TURNS,
    end_on: EndOn = "user",
    model: ModelSpec = None,
    progress: bool = True,
    **options: Any,
) -> Simulated:
    """Let an assistant and a simulated user talk on from each of some opening messages.

    Each sees the conversation from its own side: what it said itself has the role "assistant" for it, the other's the
    role "user". The opening is the user's own message, for both.

    Parameters
    ----------
    seeds
        The opening messages, or the path of a CSV file with them: see `sdkit.simulation.chat_histories.load_seeds`.
    assistant
        Who answers: an endpoint, an `Assistant` (which `model` plays), the path of a file with one of them, a function
        from a list of messages to the next one, an agent, or a model.
    user
        Who plays the user: an endpoint, a persona, the path of a file of ``users`` (who take the rows in turn), a
        function, an agent, or a model, which then plays somebody who wants what the opening says.
    to
        Where to: a file of JSON Lines; or one that ends in .csv or .tsv, or has no ending, for tables with a column
        ``chat_history``. Those are made in the end, and what they are made of is kept beside them, as ``.jsonl``.
    turns
        How many turns; one is an answer of the assistant, and what the user says to it.
    end_on
        "user": with the user's message, so that the next answer can be tested: 2 * turns + 1 messages. "assistant":
        with the last answer: 2 * turns.
    model
        Which model plays what has none of its own.
    progress
        Whether to show a progress bar.
    **options
        ``seed``, ``concurrency``, ``per_minute``, ``minutes``, ``tokens``: see `sdkit.batch.Batch`.

    Returns
    -------
    Simulated
        The conversations, and in its ``report`` what failed, a broken row among others. The next call tries that again.

    Raises
    ------
    InputError
        Arguments that cannot work, or conversations in the file that were made with other ones.
    FileError
        A file cannot be read or written.
    ModelError
        A model or an endpoint cannot be used at all; what was made is kept.
    """
    journal = journal_of(to)
    batch = conversing(seeds, assistant, user, journal, turns=turns, end_on=end_on, model=model, **options)
    try:
        report = batch.run(progress)
    finally:
        rendered(batch, to)
    return Simulated(batch.dialogs(), report)


def journal_of(to: str | Path) -> Path:
    """Return the file of JSON Lines that conversations for this file go to while they are made.

    Raises
    ------
    InputError
        The file has an ending that none has.
    """
    place = Path(to)
    if place.suffix.lower() not in FORMS:
        raise InputError(f"{to}: conversations go into a file that ends in .jsonl, .csv or .tsv, or has no ending")
    return place if place.suffix.lower() == ".jsonl" else place.with_name(f"{place.name}.jsonl")


def rendered(batch: Batch, to: str | Path) -> None:
    """Write the conversations of a batch that are there as a table, if that is what the ending of the file says."""
    if batch.to != Path(to) and (made := batch.dialogs()):
        save_chat_histories(to, made)


def conversing(
    seeds: str | Path | Sequence[str],
    assistant: Party,
    user: Party,
    to: str | Path,
    *,
    turns: int = TURNS,
    end_on: EndOn = "user",
    model: ModelSpec = None,
    **options: Any,
) -> Batch:
    """Return the batch that `converse_from_seeds` runs; its parameters are the same, but `to` ends in .jsonl."""
    if not isinstance(turns, int) or isinstance(turns, bool) or turns < 1:
        raise InputError(f"turns={turns!r}: give a whole number, at least 1")
    if end_on not in get_args(EndOn):
        raise InputError(f"end_on={end_on!r}: it can be {' or '.join(map(repr, get_args(EndOn)))}")
    rows = load_seeds(seeds) if isinstance(seeds, str | Path) else _given(seeds)
    answers = assistant_agent(assistant, model)
    about = answers.assistant if isinstance(answers, AssistantAgent) else _ANY_ASSISTANT
    user_for = _users(user, model, about)
    messages = 2 * turns + (end_on == "user")

    async def make(seed: int, id: Id) -> Dialog:
        row = rows[int(id)]
        if row.problem:
            raise InputError(row.problem)
        talk = Conversation(
            user_for(int(id), row.text), answers, messages, first=row.text, seed=seed, id=id, ending=NoEnding()
        )
        return await talk.arun()

    shape = {
        "assistant": about_agent(answers),
        "user": about_agent(user_for(0, "")),
        "turns": turns,
        "end_on": end_on,
        "seeds": [row.text for row in rows],
    }
    return Batch(range(len(rows)), lambda number: make, MessagesStore(to), about=shape, **options)


def _given(seeds: Sequence[str]) -> list[Seed]:
    if not isinstance(seeds, Sequence) or not seeds or not all(isinstance(text, str) for text in seeds):
        raise InputError(f"seeds={seeds!r:.80}: give the path of a CSV file, or a list of opening messages")
    return [
        Seed(text.strip(), "" if text.strip() else f"seed message {number} is blank")
        for number, text in enumerate(seeds)
    ]


def assistant_agent(given: Party, model: ModelSpec = None) -> Agent:
    """Return who plays an assistant: see `converse_from_seeds`.

    Raises
    ------
    InputError
        It is nothing that can.
    FileError
        A file cannot be read.
    """
    if _is_file(given):
        data = read_data(given, file_type(given, "auto", DATA_ENDINGS))
        given = (
            Assistant.from_file(given) if isinstance(data, dict) and "url" not in data else Endpoint.from_file(given)
        )
    if isinstance(given, Assistant):
        return AssistantAgent(given, model)
    return _outside(given) or AssistantAgent(_ANY_ASSISTANT, chat_model(model if given is None else given))


def _users(given: Party, model: ModelSpec, assistant: Assistant) -> Callable[[int, str], Agent]:
    """Return a function from the number of a row and its text to who plays the user."""
    people: list[BasePersona] = [given] if isinstance(given, BasePersona) else []
    if _is_file(given):
        data = read_data(given, file_type(given, "auto", DATA_ENDINGS))
        if isinstance(data, dict) and USERS in data:
            people = list(load_users(given))
        else:
            given = Endpoint.from_file(given)
    if not people and (outside := _outside(given, "User")) is not None:
        return lambda number, text: outside
    llm: BaseChatModel = chat_model(model if people or given is None else given)

    def user(number: int, text: str) -> Agent:
        # Who has nothing but an opening message wants what that says.
        anybody = BasePersona.model_validate({"name": "User", "scenario": text})
        persona = people[number % len(people)] if people else anybody
        return UserAgent(persona, llm, assistant=assistant, may_leave=False)

    return user


def _is_file(given: Party) -> bool:
    return isinstance(given, Path) or (isinstance(given, str) and Path(given).suffix.lower() in DATA_ENDINGS)


def _outside(given: Party, name: str = "Assistant") -> Agent | None:
    """Return the agent of what is no model of ours; None if it may be one."""
    from langchain_core.language_models import BaseChatModel

    if isinstance(given, Agent):
        return given
    if isinstance(given, Endpoint):
        return EndpointAgent(given)
    return FunctionAgent(given, name) if callable(given) and not isinstance(given, BaseChatModel) else None
