"""A model scores dialogues by a rubric.

The judge sees the turns, whose speakers are called User and Assistant, and one criterion at a time: neither who was
played, nor what was wanted, nor which model or bot it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, field_validator

from sdkit import background, prompts
from sdkit.batch_report import problem_of
from sdkit.dialog import Dialog, without_docstring
from sdkit.dialog_output import SHORT, closed
from sdkit.errors import InputError, MissingPackageError, ModelError, PromptTooLongError
from sdkit.llm import structured
from sdkit.llm.seeds import check_seed, derive_seed
from sdkit.llm.slots import Hold
from sdkit.llm.spec import judge_model, model_name
from sdkit.messages import ASSISTANT, SYSTEM, roles_of
from sdkit.nearest import Nearest, words_of
from sdkit.rendering import one_line
from sdkit.reviewing import key_of
from sdkit.rubrics import Criterion, Rubric
from sdkit.scored import Score, Scored, Scores

if TYPE_CHECKING:
    from sdkit.llm.spec import ModelSpec

Dialogs = Iterable[Dialog] | Mapping[str, Iterable[Dialog]]
"""Dialogues, or those of each bot by its name."""

_QUOTED = 0.5  # the cosine from which on a turn is what the evidence was taken from, if not in the same words


class Judgement(BaseModel):
    """What a model says about one criterion: the evidence, the reason, and the answer, which follows from them."""

    model_config = ConfigDict(json_schema_extra=without_docstring)

    evidence: str
    reason: str
    answer: str


def score(
    dialog: Dialog, rubric: Rubric, model: ModelSpec = None, *, seed: int | None = None, rater: str | None = None
) -> Scores:
    """Let a model score a dialogue between a user and an assistant by a rubric.

    Parameters
    ----------
    dialog
        The dialogue: see `sdkit.messages.roles_of` for who is the assistant.
    rubric
        The criteria, each of which is a request of its own.
    model, seed
        As in `sdkit.ask`; the model is set to judge, see `sdkit.llm.spec.judge_model`.
    rater
        Under which name; the model's by default.

    Raises
    ------
    InputError
        The assistant says nothing, or more than two speak.
    ModelError
        The model cannot be used.
    ReplyError
        It did not answer as asked.
    """
    return background.awaited(ascore(dialog, rubric, model, seed=seed, rater=rater))  # type: ignore[no-any-return]


async def ascore(
    dialog: Dialog, rubric: Rubric, model: ModelSpec = None, *, seed: int | None = None, rater: str | None = None
) -> Scores:
    """Do what `score` does, awaitable."""
    lines, scores, llm, hold = _lines(dialog), [], judge_model(model), Hold(alone=True)
    # The criteria of a dialogue share a slot of the embedded model: only the first one pays for reading the turns.
    with hold.running():
        for criterion in _checked(rubric).criteria:
            with hold.slot(0):
                found = await structured.aask(
                    prompts.by_criterion(lines, criterion.question, list(criterion.scale.values())),
                    judgement(tuple(criterion.scale.values())),
                    model=llm,
                    seed=None if seed is None else derive_seed(check_seed(seed), criterion.name),
                )
            scores.append(_score(dialog, criterion, found))
    return Scores(key_of(dialog), rater or model_name(llm), scores)


def score_all(
    dialogs: Dialogs,
    rubric: Rubric,
    model: ModelSpec = None,
    *,
    seed: int | None = None,
    rater: str | None = None,
    concurrency: int = 4,
    progress: bool = True,
) -> Scored:
    """Let a model score many dialogues by a rubric.

    Parameters
    ----------
    dialogs
        The dialogues; or, by the name of the bot, those of each: ``{"good": [...], "forgetful": [...]}``.
    rubric, model, rater
        As of `score`.
    seed
        From it and what is said in a dialogue the seed for that is derived; None for a new one each time.
    concurrency
        How many are scored at a time. A model that runs inside Python scores one at a time anyway.
    progress
        Whether to show a progress bar.

    Returns
    -------
    Scored
        The scores. A dialogue that fails costs only itself: ``failed`` tells what went wrong.

    Raises
    ------
    InputError
        Arguments that cannot work.
    ModelError
        The model cannot be used, and no dialogue was scored.
    """
    from tqdm.auto import tqdm

    dialogs = {bot: list(of) for bot, of in dialogs.items()} if isinstance(dialogs, Mapping) else list(dialogs)
    count, done = len(_listed(dialogs)), list[int]()
    work = ascore_all(dialogs, rubric, model, seed=seed, rater=rater, concurrency=concurrency, tell=done.append)
    with tqdm(total=count, desc="Scoring", unit="dialogue", disable=not progress) as bar:
        try:
            return background.awaited(work, lambda: background.advance(bar, len(done)))  # type: ignore[no-any-return]
        finally:
            background.advance(bar, len(done))


async def ascore_all(
    dialogs: Dialogs,
    rubric: Rubric,
    model: ModelSpec = None,
    *,
    seed: int | None = None,
    rater: str | None = None,
    concurrency: int = 4,
    tell: Callable[[int], None] = lambda number: None,
) -> Scored:
    """Do what `score_all` does, awaitable; `tell` is called with the number of each dialogue that is done."""
    listed = _listed(dialogs)
    if not listed:
        raise InputError("there are no dialogues to be scored")
    if not isinstance(concurrency, int) or isinstance(concurrency, bool) or concurrency < 1:
        raise InputError(f"concurrency={concurrency!r}: give a whole number, at least 1")
    llm, free = judge_model(model), asyncio.Semaphore(concurrency)
    _checked(rubric)
    seeds = [None if seed is None else derive_seed(check_seed(seed), key_of(dialog)) for _, dialog in listed]
    failed: dict[int, Exception] = {}

    async def one(number: int) -> Scores | None:
        async with free:
            useless = next(filter(_for_all, failed.values()), None)
            try:
                if useless is None:
                    return await ascore(listed[number][1], rubric, llm, seed=seeds[number], rater=rater)
                failed[number] = useless
            except Exception as error:  # noqa: BLE001 - whatever it is, the others can be scored
                failed[number] = error
            finally:
                tell(number)
            return None

    scores = list(await asyncio.gather(*map(one, range(len(listed)))))
    if not any(scores) and (useless := next(filter(_for_all, failed.values()), None)):
        raise useless
    bots = [bot for bot, _ in listed if bot is not None]
    return Scored(rubric, scores, bots or None, {number: problem_of(failed[number]) for number in sorted(failed)})


# -- how it is done ---------------------------------------------------------------------------------------------------


def _for_all(error: Exception) -> bool:
    """Tell whether all others would fail with this, too."""
    if isinstance(error, PromptTooLongError):
        return False
    return isinstance(error, MissingPackageError) or (isinstance(error, ModelError) and not error.one_request)


def _listed(dialogs: Dialogs) -> list[tuple[str | None, Dialog]]:
    """Return the dialogues, each with the name of its bot, where that is given."""
    by_bot: Mapping[Any, Iterable[Dialog]] = dialogs if isinstance(dialogs, Mapping) else {None: dialogs}
    listed = [(bot if bot is None else str(bot), dialog) for bot, of in by_bot.items() for dialog in of]
    if odd := [dialog for _, dialog in listed if not isinstance(dialog, Dialog)]:
        raise InputError(f"{str(odd[0])[:80]!r} is no dialogue; give a list of some, or for each bot a list of its own")
    return listed


def _checked(rubric: Rubric) -> Rubric:
    if not isinstance(rubric, Rubric):
        raise InputError(f"rubric={rubric!r} is no Rubric; read one with Rubric.from_file")
    return rubric


def _lines(dialog: Dialog) -> list[str]:
    """Return what the judge sees of a dialogue: not what the assistant was told, nor who speaks."""
    roles = roles_of(dialog)
    if ASSISTANT not in [roles[turn.speaker] for turn in dialog.turns if turn.text.strip()]:
        raise InputError("the assistant says nothing in this dialogue; there is nothing to be judged")
    said = [(roles[turn.speaker], turn.text) for turn in dialog.turns]
    return [f"{role.capitalize()}: {one_line(text)}" for role, text in said if role != SYSTEM]


@lru_cache(maxsize=64)
def judgement(answers: tuple[str, ...]) -> type[Judgement]:
    """Return the class of a judgement that gives one of these answers."""

    class OneOf(Judgement):
        @field_validator("answer")
        @classmethod
        def _known(cls, answer: str) -> str:
            found = [one for one in answers if one.casefold() == answer.strip().casefold()]
            if not found:
                raise ValueError(f"is none of {', '.join(answers)}")
            return found[0]

        @classmethod
        def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
            fields = {"evidence": SHORT, "reason": SHORT, "answer": {"enum": list(answers)}}
            return closed(fields)

    return OneOf


def _score(dialog: Dialog, criterion: Criterion, found: Judgement) -> Score:
    score = next(point for point, says in criterion.scale.items() if says == found.answer)
    return Score(
        criterion=criterion.name,
        score=score,
        meaning=found.answer,
        share=criterion.share(score),
        turn=_quoted(dialog, found.evidence),
        evidence=found.evidence,
        reason=found.reason,
    )


def _quoted(dialog: Dialog, evidence: str) -> int | None:
    """Return the turn that a piece of evidence was taken from; None if it is in none."""
    words = f" {' '.join(words_of(evidence))} "
    for number, turn in enumerate(dialog.turns):
        if words.strip() and words in f" {' '.join(words_of(turn.text))} ":
            return number
    label, near = Nearest((str(number), turn.text) for number, turn in enumerate(dialog.turns)).find(evidence)
    return int(label) if label is not None and near >= _QUOTED else None
