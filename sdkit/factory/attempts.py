"""An attempt at a dialogue: a scenario, a dialogue for it, and all that is checked about it by itself.

What an attempt comes to follows from its task alone, wherever and whenever it is made; whether it is kept is decided
where all of them come together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from sdkit import provenance
from sdkit.embeddings import embedder
from sdkit.errors import ModelError, ReplyError
from sdkit.factory import checks, prompts
from sdkit.factory.items import Item
from sdkit.factory.outputs import DialogueOutput, ScenarioOutput, dialogue_output
from sdkit.factory.records import Record, pairs, record_of, texts
from sdkit.factory.sampling import sampled, shared, taken
from sdkit.factory.uniqueness import digest, mean, packed, pieces
from sdkit.llm import structured
from sdkit.llm.seeds import derive_seed
from sdkit.llm.spec import chat_model
from sdkit.moderation.moderating import FailedError, found_in

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

    from sdkit.llm.spec import ModelSpec
    from sdkit.llm.structured import Messages, Reply
    from sdkit.moderation import Layer

_SCENARIO_SAMPLING = {"temperature": 0.7, "top_p": 0.9}  # those of SynWOZ
_REFUSAL = re.compile(
    r"^\W*(?:i(?:'|’)?m sorry|i am sorry|sorry, (?:but )?i|i (?:cannot|can(?:'|’)t)|as an ai)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Task:
    """What an attempt needs to know.

    Attributes
    ----------
    item : Item
        What the dialogue is to be.
    attempt : int
        Which attempt it is, from 0 on.
    seed : int
        Of the whole run.
    base, persona : str
        The texts of the base dialogue and of the persona; "" where there is none.
    """

    item: Item
    attempt: int
    seed: int
    base: str = ""
    persona: str = ""

    def derived(self, *parts: str) -> int:
        """Return a seed for a part of the attempt."""
        return derive_seed(self.seed, self.item.id, self.attempt, *parts)


@dataclass(frozen=True)
class Attempt:
    """What an attempt came to: a record, or what went wrong.

    Attributes
    ----------
    item, attempt : int
        Which one it was.
    problem : str
        Why there is no record; "" if there is one.
    record : dict or None
        The dialogue.
    hash : str
        Of its normalised text.
    vector : str
        Its embedding: see `sdkit.factory.uniqueness.unpacked`.
    missed : list of str
        What its text lacks of the plan.
    findings : list of dict
        What moderation has found.
    made : dict
        How it was made.
    tokens : int
        What that used.
    """

    item: int
    attempt: int
    problem: str = ""
    record: Record | None = None
    hash: str = ""
    vector: str = ""
    missed: Sequence[str] = ()
    findings: Sequence[dict[str, Any]] = ()
    made: dict[str, Any] | None = None
    tokens: int = 0

    def json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        given = ((each.name, getattr(self, each.name)) for each in fields(self))
        return {name: value for name, value in given if value or name in ("item", "attempt")}


@dataclass(frozen=True)
class Maker:
    """Makes attempts. It can be sent to another process if the models are names.

    Attributes
    ----------
    model : str, BaseChatModel or None
        What writes.
    embeddings : str, Embeddings or None
        What makes embeddings.
    layers : sequence of sdkit.moderation.Layer
        What the dialogues are moderated by.
    """

    model: ModelSpec = None
    embeddings: str | Embeddings | None = None
    layers: Sequence[Layer] = ()

    async def __call__(self, task: Task) -> Attempt:
        """Make an attempt.

        Raises
        ------
        ModelError
            The model cannot be used; what concerns one request only becomes the attempt's problem.
        """
        replies: list[Reply] = []
        try:
            scenario, made = await self._written(task, replies)
        except _RefusedError as error:
            return self._failed(task, f"the model refused: {error}", replies)
        except ReplyError as error:
            return self._failed(task, f"the model's reply {error.problem}", replies)
        except ModelError as error:
            if not error.one_request:
                raise
            return self._failed(task, str(error), replies)
        item = task.item
        record = record_of(item, scenario, made, task.seed, task.attempt)
        try:
            findings = [asdict(finding) for finding in await found_in(texts(record), self.layers)]
        except FailedError as error:
            if error.for_all and error.__cause__ is not None:
                raise error.__cause__ from None
            return self._failed(task, f"it could not be moderated: {error}", replies)
        vectors = await shared(embedder, self.embeddings).aembed_documents(pieces(record))
        return Attempt(
            item=item.id,
            attempt=task.attempt,
            record=record,
            hash=digest(record),
            vector=packed(mean(vectors)),
            missed=checks.missed(item, pairs(record), task.base),
            findings=findings,
            made=self._made(task, made, replies),
            tokens=_tokens(replies),
        )

    async def _written(self, task: Task, replies: list[Reply]) -> tuple[str, DialogueOutput]:
        item = task.item
        about = await structured.arequest(
            prompts.scenario(item, task.persona),
            ScenarioOutput,
            model=sampled(shared(chat_model, self.model), _SCENARIO_SAMPLING),
            seed=task.derived("scenario"),
        )
        replies.append(about)
        scenario = _done(about.value.scenario)
        asked = prompts.dialogue(item, scenario, task.persona, task.base)
        reply = await dialogue_reply(self.model, item, asked, task.derived("dialogue"))
        replies.append(reply)
        _done(reply.value.turns[0].assistant_response)
        return scenario, reply.value

    def _made(self, task: Task, made: DialogueOutput, replies: Sequence[Reply]) -> dict[str, Any]:
        applied, ignored = taken(shared(chat_model, self.model), task.item.sampling)
        return {
            "model": replies[-1].answered_by,
            "seed": task.derived(),
            "ending": made.ending,
            "persona_text": task.persona,
            "sampling": applied,
            "not_applied": ignored,
            "provenance": provenance.joined(replies, task.derived()).model_dump(mode="json"),
        }

    def _failed(self, task: Task, problem: str, replies: Sequence[Reply]) -> Attempt:
        return Attempt(item=task.item.id, attempt=task.attempt, problem=problem, tokens=_tokens(replies))


async def dialogue_reply(model: ModelSpec, item: Item, asked: Messages, seed: int) -> Reply:
    """Have a model write a dialogue: `asked` comes from `sdkit.factory.prompts.dialogue`."""
    return await structured.arequest(
        asked,
        dialogue_output(item.min_turns, item.max_turns),
        model=sampled(shared(chat_model, model), item.sampling),
        seed=seed,
    )


class _RefusedError(Exception):
    """A model would not do what it was asked for."""


def _done(text: str) -> str:
    """Return a text, unless a model says in it that it would not do what it was asked for."""
    if _REFUSAL.match(text) and "?" not in text:
        raise _RefusedError(repr(text[:80]))
    return text


def _tokens(replies: Sequence[Reply]) -> int:
    return sum((reply.prompt_tokens or 0) + (reply.completion_tokens or 0) for reply in replies)
