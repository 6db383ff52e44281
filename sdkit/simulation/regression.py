"""What a changed assistant says where an earlier one answered: saved conversations, replayed up to a turn."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdkit import background, rendering
from sdkit.agents import Agent, Part
from sdkit.batch_report import problem_of
from sdkit.dialog import Dialog
from sdkit.errors import InputError
from sdkit.llm.seeds import check_seed, derive_seed
from sdkit.messages import ASSISTANT, USER, roles_of
from sdkit.simulation.chat_histories import load_chat_histories
from sdkit.simulation.seed_messages import Party, assistant_agent
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

    from sdkit.llm.spec import ModelSpec


@dataclass(frozen=True)
class Answers:
    """An old answer and a new one.

    Attributes
    ----------
    id : int, str or None
        Of the conversation.
    turn : int
        Which answer of the assistant it is, from 1.
    asked : str
        What the user said before.
    old, new : str or None
        What the assistant said, and says now; None if there is none.
    problem : str
        Why there is no new one.
    """

    id: int | str | None
    turn: int
    asked: str
    old: str | None
    new: str | None
    problem: str = ""

    @property
    def similarity(self) -> float | None:
        """How much of the letters of both is the same, from 0 to 1 (`difflib.SequenceMatcher`); None without both."""
        if self.old is None or self.new is None:
            return None
        return round(SequenceMatcher(None, self.old, self.new, autojunk=False).ratio(), 2)


@dataclass(frozen=True)
class Regression:
    """Old and new answers, side by side.

    Attributes
    ----------
    answers : list of Answers
        In the order of the conversations.
    """

    answers: list[Answers]

    def __len__(self) -> int:
        """Return the number of conversations."""
        return len(self.answers)

    def __iter__(self) -> Iterator[Answers]:
        """Iterate over the answers."""
        return iter(self.answers)

    def to_frame(self) -> pandas.DataFrame:
        """Return a pandas table, a row a conversation.

        Returns
        -------
        pandas.DataFrame
            Columns ``id``, ``turn``, ``asked``, ``old``, ``new``, ``similarity`` and ``problem``: see `Answers`.
        """
        names = ["id", "turn", "asked", "old", "new", "similarity", "problem"]
        return frame("answers", [[getattr(each, name) for name in names] for each in self.answers], names)

    def __repr__(self) -> str:
        """Say how many answers are new, the same, and missing."""
        same = sum(each.old == each.new for each in self.answers)
        failed = sum(bool(each.problem) for each in self.answers)
        return (
            f"<{len(self.answers)} answers: {same} the same, {len(self.answers) - same - failed} new, {failed} failed>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        rows = [
            (str(each.id), each.asked, each.old or "", each.new or each.problem, str(each.similarity or ""))
            for each in self.answers
        ]
        table = rendering.table(("id", "the user said", "old answer", "new answer", "alike"), rows)
        return {
            "text/plain": repr(self),
            "text/html": rendering.figure("regression", rendering.escaped(repr(self)), table),
        }


def regress(
    conversations: str | Path | Sequence[Dialog],
    assistant: Party,
    *,
    turn: int | None = None,
    model: ModelSpec = None,
    seed: int = 0,
    concurrency: int = 4,
) -> Regression:
    """Let a changed assistant answer in saved conversations, and show its answers beside the old ones.

    Parameters
    ----------
    conversations
        The conversations, or the path of a file with them: see `sdkit.simulation.chat_histories.load_chat_histories`.
    assistant, model
        The assistant: see `sdkit.simulation.converse_from_seeds`.
    turn
        Which of its answers is made anew, from 1; the history up to there stays as it was. None: the next one where a
        conversation ends with the user, else the last one.
    seed
        From it and the number of the conversation the seed of each answer is derived.
    concurrency
        How many are made at a time.

    Returns
    -------
    Regression
        An answer for each conversation. One that fails costs only itself.

    Raises
    ------
    InputError
        There are no conversations, one has no such turn, or other arguments that cannot work.
    FileError
        A file cannot be read.
    """
    return background.awaited(  # type: ignore[no-any-return]
        aregress(conversations, assistant, turn=turn, model=model, seed=seed, concurrency=concurrency)
    )


async def aregress(
    conversations: str | Path | Sequence[Dialog],
    assistant: Party,
    *,
    turn: int | None = None,
    model: ModelSpec = None,
    seed: int = 0,
    concurrency: int = 4,
) -> Regression:
    """Do what `regress` does, awaitable."""
    dialogs = load_chat_histories(conversations) if isinstance(conversations, str | Path) else list(conversations)
    if not dialogs:
        raise InputError("there are no conversations to answer in")
    if not isinstance(concurrency, int) or concurrency < 1:
        raise InputError(f"concurrency={concurrency!r}: give a whole number, at least 1")
    agent = assistant_agent(assistant, model)
    check_seed(seed)
    places = [_place(dialog, number, turn) for number, dialog in enumerate(dialogs)]
    free = asyncio.Semaphore(concurrency)

    async def answer(number: int) -> Answers:
        async with free:
            return await _answer(dialogs[number], places[number], agent, derive_seed(seed, number))

    return Regression(list(await asyncio.gather(*(answer(number) for number in range(len(dialogs))))))


def _place(dialog: Dialog, number: int, turn: int | None) -> int:
    """Return how many turns there are before the answer that is made anew."""
    roles = roles_of(dialog)
    places = [place for place, said in enumerate(dialog.turns) if roles[said.speaker] == ASSISTANT]
    if dialog.turns and roles[dialog.turns[-1].speaker] == USER:
        places.append(len(dialog.turns))
    places = [place for place in places if place > 0]
    wanted = len(places) if turn is None else turn
    if not isinstance(wanted, int) or not 1 <= wanted <= len(places):
        name = number if dialog.dialogId is None else dialog.dialogId
        raise InputError(f"turn={turn}: conversation {name} has places for {len(places)} answers; the first is turn=1")
    return places[wanted - 1]


async def _answer(dialog: Dialog, place: int, agent: Agent, seed: int) -> Answers:
    roles = roles_of(dialog)
    before = dialog.turns[:place]
    old = dialog.turns[place].text if place < len(dialog.turns) else None
    names = {role: str(speaker) for speaker, role in roles.items()}
    part = Part(name=names.get(ASSISTANT, agent.label), other=names.get(USER, USER), turns=before, told={}, seed=seed)
    turn = 1 + sum(roles[said.speaker] == ASSISTANT for said in before)
    new, problem = None, ""
    try:
        new = str((await agent.aspeak(part)).value.text)
    except Exception as error:  # noqa: BLE001 - whatever it is, the others can be made
        problem = problem_of(error)
    return Answers(dialog.dialogId, turn, before[-1].text, old, new, problem)
