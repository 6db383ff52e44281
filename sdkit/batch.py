"""Many dialogues: made one after the other or several at a time, kept at once, gone on with wherever it stopped.

Each item's seed follows from its id alone, so neither the order nor an interruption changes what is made.
"""

from __future__ import annotations

import asyncio
import inspect
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Protocol

from sdkit.batch_input import Id, check_limits, checked_about, checked_ids
from sdkit.batch_progress import run_shown
from sdkit.batch_report import Report, problem_of
from sdkit.batch_store import Store, store
from sdkit.dialog import Dialog
from sdkit.engines import Engine, Here
from sdkit.errors import InputError, MissingPackageError, ModelError, ModelUnavailableError, PromptTooLongError
from sdkit.llm import usage
from sdkit.llm.seeds import check_seed, derive_seed
from sdkit.places import Places, together

__all__ = ["Batch", "Generator", "Maker", "Report", "make_one"]

BEGUN = 4
"""How many times as many items as can be made at a time may have begun: those who wait leave their places."""
IN_A_ROW = 5
"""After how many items, one after the other, that a model was of no use for a run ends."""

Tell = Callable[["Report"], None]


class Generator(Protocol):
    """What makes a dialogue, such as a `DialogGenerator` or a `PersonaDialogGenerator`."""

    async def agenerate(self, seed: int | None = None, id: Id | None = None) -> Any:
        """Make a dialogue of this seed and id."""
        ...


Maker = Generator | Callable[..., Awaitable[Dialog] | Dialog]


class Batch:
    """Makes a dialogue for each id and keeps it; what is there already is not made again.

    Parameters
    ----------
    ids
        The ids of the dialogues: numbers, or short names. They become names of files.
    maker_for
        From an id to what makes its dialogue: a generator, or a function that takes ``seed`` and ``id``. Better an
        async one: for a plain one, all others and Stop have to wait.
    to
        Where to: a folder, which gets ``json/ID.json`` and ``txt/ID.txt``, or one file that ends in ``.jsonl``; or a
        `sdkit.batch_store.Store`.
    seed
        From it and its id the seed of each dialogue is derived; "id" takes the id itself.
    about
        What else shapes the dialogues, such as the model: values that JSON has. A batch whose dialogues were made with
        something else is not gone on with.
    concurrency
        How many are made at a time. A model that runs inside Python makes one at a time anyway.
    per_minute
        How many are begun in a minute at most.
    minutes, tokens
        When to begin no more. What has begun is finished, so a little more can be used.
    engine
        Where they are made; in this process if None. A `sdkit.engines.Dask` also says how many at a time.

    Raises
    ------
    InputError
        Arguments that cannot work.

    Examples
    --------
    >>> from sdkit.batch import Batch
    >>> from sdkit.generators import DialogGenerator
    >>> topics = {"bread": "Ana sells bread to Tom.", "party": "Ana and Tom plan a party."}
    >>> batch = Batch(topics, lambda name: DialogGenerator("embedded", topics[name]), "output/two")
    >>> print(batch.run())  # doctest: +SKIP
    2 of 2 dialogues are there; 2 of them made now.
    """

    def __init__(
        self,
        ids: Iterable[Id],
        maker_for: Callable[[Any], Maker],
        to: str | Path | Store,
        *,
        seed: int | Literal["id"] = 0,
        about: Mapping[str, Any] | None = None,
        concurrency: int = 1,
        per_minute: float | None = None,
        minutes: float | None = None,
        tokens: int | None = None,
        engine: Engine | None = None,
    ) -> None:
        self.ids = checked_ids(ids)
        if not callable(maker_for):
            raise InputError(
                f"maker_for={maker_for!r}: give a function from an id to what makes its dialogue, such as "
                "lambda id: generator"
            )
        self._maker_for = maker_for
        self._store = store(to)
        self.to = self._store.place
        if seed == "id":
            for number in self.ids:
                check_seed(number)  # type: ignore[arg-type]
        else:
            check_seed(seed)
        self._seed = seed
        self._about = checked_about(about, seed)
        check_limits(concurrency, per_minute=per_minute, minutes=minutes, tokens=tokens)
        self._concurrency, self._minutes, self._tokens = concurrency, minutes, tokens
        self._pause = 60 / per_minute if per_minute else 0.0
        self._engine = engine or Here()

    def __repr__(self) -> str:
        """Say how many dialogues it is, and where they go."""
        return f"Batch({len(self.ids)} dialogues, {str(self.to)!r})"

    def seed_of(self, number: Id) -> int:
        """Return the seed of an item."""
        return int(number) if self._seed == "id" else derive_seed(self._seed, str(number))

    def report(self) -> Report:
        """Return how far it has got, without making anything."""
        there = self._store.done(self.ids)
        return Report(len(self.ids), len(there), failed=self._failed(there))

    def _failed(self, there: set[Id]) -> dict[str, str]:
        known = {str(number) for number in self.ids if number not in there}
        return {number: problem for number, problem in self._store.errors().items() if number in known}

    def dialogs(self) -> list[Dialog]:
        """Return the dialogues that are there, in the order of the ids."""
        return self._store.load(self.ids)

    def check(self) -> None:
        """See that a run would not be refused, without beginning it.

        Raises
        ------
        InputError
            The dialogues that are there were made with other settings, or nobody knows with which.
        FileError
            What is there cannot be read.
        """
        self._store.check(self._about)

    def run(self, progress: bool = True) -> Report:
        """Make what is missing; Ctrl-C and Stop end it, and nothing that was made is lost.

        Parameters
        ----------
        progress
            Whether to show a progress bar.

        Returns
        -------
        Report
            How it went. Items that failed do not end a run: they are in ``failed``, and the next run tries them last.

        Raises
        ------
        ModelError
            The model cannot be used, for no item, or for five in a row. What is in the making then is finished.
        FileError
            The disk is full or cannot be written, or another process, cell or widget is at it.
        InputError
            The dialogues that are there were made with other settings, or nobody knows with which.
        KeyboardInterrupt
            It was interrupted. Run it again to go on.
        """
        return run_shown(self.arun, Report(len(self.ids)), "Dialog generation", progress)

    async def arun(self, tell: Tell = lambda report: None) -> Report:
        """Do what `run` does, awaitable; `tell` is called with a `Report` after each item."""
        with self._store.locked():
            self._store.begin(self._about)
            run = _Run(self, tell)
            try:
                async with self._engine:
                    await run.all()
            finally:
                run.keep_errors()
                self._store.finish(self.ids)
            return run.report


async def _made(maker_for: Callable[[Any], Maker], seed: int, number: Id) -> Any:
    return await make_one(maker_for(number), seed, number)


async def make_one(maker: Maker, seed: int | None, number: Id) -> Any:
    """Return what a maker makes of this seed and id: a dialogue, if it is a maker."""
    how: Any = getattr(maker, "agenerate", maker)
    made = how(seed=seed, id=number)
    return await made if inspect.isawaitable(made) else made


class _Run:
    """One run of a batch."""

    def __init__(self, batch: Batch, tell: Tell) -> None:
        self._batch, self._tell = batch, tell
        there = batch._store.done(batch.ids)
        self._failed = batch._failed(there)
        # What failed before comes last, so that it does not stand in the way of the others again and again.
        missing = sorted((n for n in batch.ids if n not in there), key=lambda number: str(number) in self._failed)
        self._missing: Iterator[Id] = iter(missing)
        self.report = Report(len(batch.ids), len(there))
        self._began = self._next = time.monotonic()
        self._deadline = self._began + 60 * batch._minutes if batch._minutes else math.inf
        self._in_a_row = 0
        self._problem: Exception | None = None
        self._broken = False

    async def all(self) -> None:
        """Make what is missing."""
        self._say()
        concurrency = self._batch._engine.concurrency or self._batch._concurrency
        self._places = Places(concurrency)
        # More than there are places: an item that waits until it may ask again leaves its place to another one.
        await together(self._work, BEGUN * concurrency)
        if self._problem is not None:
            raise self._problem
        self._say(stop=self.report.stop or "done")

    def keep_errors(self) -> None:
        """Keep what failed, in this run, and in earlier ones if it was not tried again."""
        order = {str(number): place for place, number in enumerate(self._batch.ids)}
        self._batch._store.keep_errors(
            {number: self._failed[number] for number in sorted(self._failed, key=order.__getitem__)}
        )

    async def _work(self) -> None:
        while not self._over():
            async with self._places.one():
                number = None if self._over() else next(self._missing, None)
                if number is None:
                    return
                if self._batch._pause:
                    at = max(self._next, time.monotonic())
                    self._next = at + self._batch._pause
                    await asyncio.sleep(max(0.0, min(at, self._deadline) - time.monotonic()))
                    if self._over(at):
                        return
                try:
                    await self._make(number)
                except BaseException:  # such as a full disk: nobody else is to begin
                    self._broken = True
                    raise
            await asyncio.sleep(0)  # Stop and others come in between, even if the maker never waits

    async def _make(self, number: Id) -> None:
        with usage.counting() as used:
            try:
                batch = self._batch
                made = await batch._engine.call(_made, batch._maker_for, batch.seed_of(number), number)
                dialog = _checked(made, number)
                written = self._batch._store.written(number, dialog)
            except Exception as error:  # noqa: BLE001 - whatever it is, the others can be made
                self._heed(str(number), error, used.tokens)
                return
        self._batch._store.save(number, written)
        self._failed.pop(str(number), None)
        self._in_a_row = 0
        # A maker may ask a model in its own way, and say what that used.
        how = dialog.provenance
        tokens = max(used.tokens, (how.prompt_tokens or 0) + (how.completion_tokens or 0) if how else 0)
        done, made_now = self.report.done + 1, self.report.made + 1
        self._say(done=done, made=made_now, tokens=self.report.tokens + tokens, latest=dialog)

    def _heed(self, number: str, error: Exception, tokens: int) -> None:
        """Note that an item failed; if others would fail as well, begin no more."""
        self._say(tokens=self.report.tokens + tokens)
        of_model = _of_model(error)
        if of_model is not None and not getattr(of_model, "one_request", False):
            self._problem = self._problem or of_model
            return
        self._failed[number] = problem_of(error)
        self._say(failed={**self.report.failed, number: self._failed[number]})
        if of_model is None:
            return
        self._in_a_row += 1
        if self._in_a_row == IN_A_ROW and self._problem is None:
            self._problem = ModelUnavailableError(
                f"{IN_A_ROW} items failed in a row, and the run has ended. Run it again to go on. The last: {of_model}"
            )
            self._problem.__cause__ = of_model

    def _over(self, at: float = 0.0) -> bool:
        """Tell whether no more is to begin: now, or at a time to come."""
        tokens = self._batch._tokens
        if not self.report.stop and max(at, time.monotonic()) >= self._deadline:
            self._say(stop="minutes")
        if not self.report.stop and tokens and self.report.tokens >= tokens:
            self._say(stop="tokens")
        return bool(self.report.stop) or self._problem is not None or self._broken

    def _say(self, **changes: Any) -> None:
        self.report = replace(self.report, seconds=time.monotonic() - self._began, **changes)
        self._tell(self.report)


def _of_model(error: Exception) -> Exception | None:
    """Return what is the matter with the model; None if the item is to blame. A conversation wraps what it meets."""
    seen: list[BaseException] = []
    each: BaseException | None = error
    while each is not None and each not in seen:
        if isinstance(each, PromptTooLongError):
            return None
        if isinstance(each, ModelError | MissingPackageError):
            return each
        seen.append(each)
        each = each.__cause__
    return None


def _checked(made: Any, number: Id) -> Dialog:
    if not isinstance(made, Dialog):
        raise InputError(f"made a {type(made).__name__}, not a dialogue")
    return made if made.dialogId == number else made.model_copy(update={"dialogId": number})
