"""A run of a `PersonaGenerator`: rounds of candidates, of which one judge keeps those that differ.

A candidate follows from its place in the plan, its attempt and who was there before its round, and from nothing else;
who stays is decided in the order of the plan. So it does not matter how many are made at a time, or how often the run
was killed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic

from sdkit import provenance
from sdkit.dialog import Provenance
from sdkit.errors import ModelError, ReplyError
from sdkit.llm import structured
from sdkit.llm.seeds import derive_seed
from sdkit.population.candidates import Candidate, Cell, P, Setting, Try, asked
from sdkit.population.files import Journal, Made, Missing, PlanFile, key_of
from sdkit.population.likeness import Crowd, Near, name_of, whole_text
from sdkit.population.planning import Planned, plan

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from langchain_core.language_models import BaseChatModel

ROUND = 8
"""How many candidates stand side by side: they know of those before, and not of each other."""
ATTEMPTS = 4
"""How often a place of the plan is tried before it is given up, and another one is taken instead."""
_IDLE = 2 * ATTEMPTS  # rounds without anybody new, after which a run ends


@dataclass(frozen=True)
class Progress:
    """How far a run has got.

    Attributes
    ----------
    asked : int
        How many personas were asked for.
    made : int
        How many are there.
    again : int
        How many candidates would not do.
    """

    asked: int
    made: int = 0
    again: int = 0


Tell = Callable[[Progress], None]


class Run(Generic[P]):
    """One run.

    Parameters
    ----------
    setting
        What all candidates have in common.
    llm, embeddings, threshold, concurrency
        As of `PersonaGenerator`.
    cell_for
        From a number and the values of a place of the plan, in words, to that place.
    crowd, shown
        Who was there before, and which values they show.
    journal
        What was said already.
    tell
        Told after each round.

    Attributes
    ----------
    made : list of (BasePersona, Made)
        Who was made, and how.
        In the order of the plan.
    crowd : Crowd
        Everybody, with their embeddings: who was there before, and then who was made.
    plan : PlanFile
        What was planned, how each was made, and what could not be made.
    """

    def __init__(
        self,
        *,
        setting: Setting[P],
        llm: BaseChatModel,
        embeddings: Embeddings,
        threshold: float,
        concurrency: int,
        cell_for: Callable[[int, Mapping[str, str]], Cell],
        crowd: Crowd,
        shown: Sequence[Planned],
        journal: Journal,
        tell: Tell,
    ) -> None:
        self._setting, self._llm, self._embeddings, self._threshold = setting, llm, embeddings, threshold
        self._busy = asyncio.Semaphore(concurrency)
        self._axes, self._cell_for = setting.axes, cell_for
        self._crowd, self._shown, self._journal, self._tell = crowd, list(shown), journal, tell
        self._problem: ModelError | None = None
        self.made: list[tuple[P, Made]] = []
        self._missing: list[Missing] = []

    async def all(self, n: int, about: Mapping[str, Any]) -> None:
        """Make so many; where nobody can be made for a place of the plan, for another place instead."""
        planned = plan(self._axes, n, self._setting.seed, self._shown)
        await self._rounds([self._cell_for(number, values) for number, values in enumerate(planned)])
        before = len(self._crowd) - len(self.made)
        order = sorted(range(len(self.made)), key=lambda place: self.made[place][1].cell)
        self.crowd = self._crowd.picked([*range(before), *(before + place for place in order)])
        self.made = [self.made[place] for place in order]
        self.plan = PlanFile(
            assistant=self._setting.assistant,
            about=dict(about),
            attributes={name: values.described() for name, values in self._axes.items()},
            cells=[dict(values) for values in planned],
            personas={key_of(one, number): how for number, (one, how) in enumerate(self.made)},
            missing=self._missing,
        )

    async def _rounds(self, cells: Sequence[Cell]) -> None:
        waiting = [Try(cell) for cell in cells]
        number, again, idle = len(cells), 0, 0
        end = number + max(2, len(cells) // 2)  # places that are given up have others instead, up to this number
        while waiting and idle < _IDLE:
            now, waiting = waiting[:ROUND], waiting[ROUND:]
            before = len(self.made)
            next_ones: list[Try] = []
            for one, candidate in zip(now, await self._candidates(now), strict=True):
                if (next_one := self._judge(one, candidate)) is None:
                    continue
                again += 1
                if next_one.attempt < ATTEMPTS:
                    next_ones.append(next_one)
                    continue
                self._give_up(next_one)
                if number < end and (other := self._other(number, [*waiting, *next_ones])) is not None:
                    next_ones.append(Try(other))
                    number += 1
            waiting = sorted([*next_ones, *waiting], key=lambda each: each.cell.number)
            idle = idle + 1 if len(self.made) == before else 0
            self._tell(Progress(len(cells), len(self.made), again))
        for one in waiting:
            self._give_up(one)

    def _give_up(self, one: Try) -> None:
        tried = one.tried or (f"nobody new came of {_IDLE} rounds",)
        self._missing.append(Missing(cell=one.cell.number, planned=one.cell.planned, tried=list(tried)))

    def _other(self, number: int, waiting: Sequence[Try]) -> Cell | None:
        """Return one more place of the plan, where there is a gap now; None if there are no names left."""
        taken = [*self._shown, *(one.cell.planned for one in waiting)]
        (values,) = plan(self._axes, 1, derive_seed(self._setting.seed, "instead", number), taken)
        cell = self._cell_for(number, values)
        names = [str(one.cell.kept.get("name")) for one in waiting]
        name = cell.kept.get("name")
        return None if name is not None and (str(name) in names or self._crowd.find(str(name)) is not None) else cell

    # -- candidates ---------------------------------------------------------------------------------------------------

    async def _candidates(self, now: Sequence[Try]) -> list[Candidate[P] | str]:
        """Return the candidate of each try, or what went wrong."""
        self._problem = None
        tasks = [asyncio.ensure_future(self._said(one)) for one in now]
        try:
            said = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._problem is not None and all("problem" in one for one in said):
            raise self._problem
        found = [
            None if "problem" in answer else self._found(one, answer) for one, answer in zip(now, said, strict=True)
        ]
        texts = [whole_text(each[0]) for each in found if each is not None]
        vectors = iter(await self._embeddings.aembed_documents(texts) if texts else [])
        return [
            answer["problem"]
            if each is None
            else Candidate(each[0], next(vectors), one.cell.left_out(each[0]), each[1])
            for one, answer, each in zip(now, said, found, strict=True)
        ]

    def _found(self, one: Try, answer: Mapping[str, Any]) -> tuple[P, list[str]]:
        made = Provenance.model_validate(answer["made"]) if answer["made"] else None
        return self._setting.completed(one.cell, answer["filled"], made)

    async def _said(self, one: Try) -> dict[str, Any]:
        """Return what the model says to a try, or has said already."""
        key = ("persona", one.cell.number, one.attempt)
        if (before := self._journal.get(*key)) is not None:
            return dict(before)
        if not self._setting.missing(one.cell):
            return {"filled": {}, "made": None}
        async with self._busy:
            messages, schema, seed = asked(self._setting, one, self._crowd, self._shown)
            try:
                reply = await structured.arequest(messages, schema, model=self._llm, seed=seed)
            except ReplyError as error:
                return dict(self._journal.put({"problem": f"the model's reply {error.problem}"}, *key))
            except ModelError as error:
                if not error.one_request:
                    raise
                self._problem = error
                return {"problem": str(error)}
        made = provenance.of(reply).model_dump(mode="json", exclude_defaults=True)
        return dict(self._journal.put({"filled": reply.value.root, "made": made}, *key))

    # -- who stays ----------------------------------------------------------------------------------------------------

    def _judge(self, one: Try, candidate: Candidate[P] | str) -> Try | None:
        """Take a candidate in, and return None; or return the next try."""
        if isinstance(candidate, str):
            return replace(one, attempt=one.attempt + 1, tried=(*one.tried, candidate))
        refused, near, index = self._too_near(one, candidate)
        last = one.attempt == ATTEMPTS - 1
        if not refused and candidate.left_out and not last:
            told = "; ".join(": ".join(one.cell.fact(name)) for name in candidate.left_out)
            refused, index = f"it does not say {told}", None
        if refused:
            return Try(one.cell, one.attempt + 1, (*one.tried, refused), (refused, index))
        self._take(one, candidate, near)
        return None

    def _too_near(self, one: Try, candidate: Candidate[P]) -> tuple[str, Near | None, int | None]:
        """Say why somebody cannot stay; "" if they can. And who is nearest to them, and to whom they are too near."""
        near = self._crowd.nearest(candidate.persona, candidate.vector, one.cell.kept)
        name = name_of(candidate.persona)
        if (index := self._crowd.find(name)) is not None:
            return f"somebody is called {name} already", near, index
        if name and name.casefold() == self._setting.assistant.name.casefold():
            return f"{name} is the assistant's name", near, None
        return (near.too_near(self._threshold) if near else ""), near, near.index if near else None

    def _take(self, one: Try, candidate: Candidate[P], near: Near | None) -> None:
        how = candidate.persona.provenance
        made = Made(
            cell=one.cell.number,
            planned=one.cell.planned,
            left_out=candidate.left_out,
            added=candidate.added,
            model=(how.model or "") if how else "",
            seed=how.seed if how else None,
            attempts=one.attempt + 1,
            tried=list(one.tried),
            nearest=near.name if near else None,
            similarity=near.similarity if near else None,
            words=near.words if near else None,
            fields=list(near.fields) if near else [],
        )
        self._crowd.extend([candidate.persona], [candidate.vector])
        self._shown.append(one.cell.planned)
        self.made.append((candidate.persona, made))
