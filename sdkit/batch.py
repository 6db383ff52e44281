"""Many dialogues: made one after the other or several at a time, kept at once, gone on with wherever it stopped.

Each item's seed follows from its id alone, so neither the order nor an interruption changes what is made.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from sdkit.background import Job
from sdkit.batch_store import Id, checked_ids, store
from sdkit.dialog import Dialog
from sdkit.errors import InputError, MissingPackageError, ModelError, PromptTooLongError
from sdkit.llm.seeds import check_seed, derive_seed
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

Tell = Callable[["Report"], None]


class Generator(Protocol):
    """What makes a dialogue, such as a `DialogGenerator` or a `PersonaDialogGenerator`."""

    async def agenerate(self, seed: int | None = None, id: Id | None = None) -> Any:
        """Make a dialogue of this seed and id."""
        ...


Maker = Generator | Callable[..., Awaitable[Dialog]]


@dataclass(frozen=True)
class Report:
    """How far a batch has got.

    Attributes
    ----------
    total : int
        How many dialogues it is to have.
    done : int
        How many are there, those of earlier runs too.
    made : int
        How many this run made.
    failed : dict
        What went wrong with the items that failed, by id. The next run tries them again.
    tokens : int
        What this run used, prompts and answers.
    seconds : float
        How long this run took so far.
    stop : str
        Why it ended: "done" (nothing is left but what failed), "minutes" or "tokens" (that budget is used up),
        "stopped" (in a widget, by its Stop); "" while it runs.
    latest : Dialog or None
        The dialogue that this run made last.
    """

    total: int
    done: int = 0
    made: int = 0
    failed: Mapping[str, str] = field(default_factory=dict)
    tokens: int = 0
    seconds: float = 0.0
    stop: str = ""
    latest: Dialog | None = field(default=None, repr=False, compare=False)

    @property
    def ok(self) -> bool:
        """Whether all dialogues are there."""
        return self.done == self.total

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes, if it goes on like this; None if nobody can say yet."""
        if self.ok or not self.made:
            return 0.0 if self.ok else None
        return self.seconds / (self.made + len(self.failed)) * (self.total - self.done - len(self.failed))

    def __str__(self) -> str:
        """Say it in a line, with what to do next."""
        text = f"{self.done} of {self.total} dialogues are there; {self.made} of them made now"
        if self.seconds >= 1:
            text += f", in {duration(self.seconds)}"
        if self.stop in {"minutes", "tokens"}:
            text += f". It ended because its {self.stop} are used up"
        if self.failed:
            number, problem = next(iter(self.failed.items()))
            text += f". {len(self.failed)} failed, the first of them {number}: {problem.partition('. ')[0]}"
        return text + (". Run it again to go on." if self.stop and not self.ok else ".")

    def to_frame(self) -> pandas.DataFrame:
        """Return the items that failed as a pandas table with the columns ``id`` and ``problem``."""
        return frame("what failed", self.failed.items(), ["id", "problem"])


class Batch:
    """Makes a dialogue for each id and keeps it; what is there already is not made again.

    Parameters
    ----------
    ids
        The ids of the dialogues: numbers, or short names. They become names of files.
    maker_for
        From an id to what makes its dialogue: a generator, or an async function that takes ``seed`` and ``id``.
    to
        Where to: a folder, which gets ``json/ID.json`` and ``txt/ID.txt``, or one file that ends in ``.jsonl``.
    seed
        From it and its id the seed of each dialogue is derived; "id" takes the id itself.
    about
        What else shapes the dialogues, such as the model. A batch that began with something else is not gone on with.
    concurrency
        How many are made at a time. A model that runs inside Python makes one at a time anyway.
    per_minute
        How many are begun in a minute at most.
    minutes, tokens
        When to begin no more. What has begun is finished, so a little more can be used.

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
        to: str | Path,
        *,
        seed: int | Literal["id"] = 0,
        about: Mapping[str, Any] | None = None,
        concurrency: int = 1,
        per_minute: float | None = None,
        minutes: float | None = None,
        tokens: int | None = None,
    ) -> None:
        self.ids = checked_ids(ids)
        self._maker_for = maker_for
        self._store = store(to)
        self.to = Path(to)
        if seed == "id":
            for number in self.ids:
                check_seed(number)  # type: ignore[arg-type]
        else:
            check_seed(seed)
        self._seed = seed
        self._about = {"seed": seed, **(about or {})}
        if not isinstance(concurrency, int) or isinstance(concurrency, bool) or concurrency < 1:
            raise InputError(f"concurrency={concurrency!r}: give a whole number, at least 1")
        for name, value in (("per_minute", per_minute), ("minutes", minutes), ("tokens", tokens)):
            if value is not None and not (isinstance(value, int | float) and 0 < value < math.inf):
                raise InputError(f"{name}={value!r}: give a number above 0, or None for no limit")
        self._concurrency, self._minutes, self._tokens = concurrency, minutes, tokens
        self._pause = 60 / per_minute if per_minute else 0.0

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

    def run(self, progress: bool = True) -> Report:
        """Make what is missing; Ctrl-C and Stop end it, and nothing that was made is lost.

        Parameters
        ----------
        progress
            Whether to show a progress bar.

        Returns
        -------
        Report
            How it went. Items that failed do not end a batch: they are in ``failed``.

        Raises
        ------
        ModelError
            The model cannot be used, so that no item could be made.
        FileError
            A dialogue cannot be kept, or another process is at it.
        InputError
            It began with other settings.
        KeyboardInterrupt
            It was interrupted. Run it again to go on.
        """
        from tqdm.auto import tqdm

        latest = deque([self.report()], maxlen=1)
        ended: list[tuple[Report | None, BaseException | None]] = []
        said: list[str] = []
        job = Job(
            lambda: self.arun(latest.append),
            lambda report, error: ended.append((report, error)),
            said.append,
        )
        with tqdm(total=len(self.ids), desc="Dialog generation", unit="dialogue", disable=not progress) as bar:
            try:
                while not job.wait(0.1):
                    _show(bar, latest, said)
            except BaseException:  # Ctrl-C above all
                job.stop()
                job.wait(30)
                raise
            finally:
                _show(bar, latest, said)
        report, error = ended[0]
        if error is not None:
            raise error
        assert report is not None
        return report

    async def arun(self, tell: Tell = lambda report: None) -> Report:
        """Do what `run` does, awaitable; `tell` is called with a `Report` after each item."""
        with self._store.locked():
            self._store.check(self._about)
            run = _Run(self, tell)
            try:
                await run.all()
            finally:
                run.keep_errors()
                self._store.finish(self.ids)
            return run.report


class _Run:
    """One run of a batch."""

    def __init__(self, batch: Batch, tell: Tell) -> None:
        self._batch, self._tell = batch, tell
        there = batch._store.done(batch.ids)
        self._missing: Iterator[Id] = iter([number for number in batch.ids if number not in there])
        self._failed = batch._failed(there)
        self.report = Report(len(batch.ids), len(there))
        self._began = self._next = time.monotonic()

    async def all(self) -> None:
        """Make what is missing."""
        self._say()
        workers = [asyncio.ensure_future(self._work()) for _ in range(self._batch._concurrency)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        self._say(stop=self.report.stop or "done")

    def keep_errors(self) -> None:
        """Keep what failed, in this run, and in earlier ones if it was not tried again."""
        order = {str(number): place for place, number in enumerate(self._batch.ids)}
        self._batch._store.keep_errors(
            {number: self._failed[number] for number in sorted(self._failed, key=order.__getitem__)}
        )

    async def _work(self) -> None:
        while not self._over():
            number = next(self._missing, None)
            if number is None:
                return
            if self._batch._pause:
                wait = self._next - time.monotonic()
                self._next = max(self._next, time.monotonic()) + self._batch._pause
                await asyncio.sleep(max(0.0, wait))
                if self._over():
                    return
            await self._make(number)
            await asyncio.sleep(0)  # Stop and others come in between, even if the maker never waits

    async def _make(self, number: Id) -> None:
        try:
            maker: Any = self._batch._maker_for(number)
            made = await getattr(maker, "agenerate", maker)(seed=self._batch.seed_of(number), id=number)
            dialog = _checked(made, number)
        except Exception as error:
            if isinstance(error, ModelError | MissingPackageError) and not isinstance(error, PromptTooLongError):
                raise  # it would meet every item
            self._failed[str(number)] = f"{type(error).__name__}: {error}"
            self._say(failed={**self.report.failed, str(number): self._failed[str(number)]})
            return
        self._batch._store.save(number, dialog)
        self._failed.pop(str(number), None)
        how = dialog.provenance
        tokens = (how.prompt_tokens or 0) + (how.completion_tokens or 0) if how else 0
        done, made = self.report.done + 1, self.report.made + 1
        self._say(done=done, made=made, tokens=self.report.tokens + tokens, latest=dialog)

    def _over(self) -> bool:
        batch = self._batch
        if not self.report.stop and batch._minutes and time.monotonic() - self._began >= 60 * batch._minutes:
            self._say(stop="minutes")
        if not self.report.stop and batch._tokens and self.report.tokens >= batch._tokens:
            self._say(stop="tokens")
        return bool(self.report.stop)

    def _say(self, **changes: Any) -> None:
        self.report = replace(self.report, seconds=time.monotonic() - self._began, **changes)
        self._tell(self.report)


def _checked(made: Any, number: Id) -> Dialog:
    if not isinstance(made, Dialog):
        raise InputError(f"made a {type(made).__name__}, not a dialogue")
    return made if made.dialogId == number else made.model_copy(update={"dialogId": number})


def _show(bar: Any, reports: deque[Report], said: list[str]) -> None:
    """Bring a progress bar up to date, and print what the lesson says at the cell."""
    while said:
        print(said.pop(0), flush=True)
    report = reports[-1]
    if report.failed:
        bar.set_postfix(failed=len(report.failed), refresh=False)
    bar.update(report.done - bar.n)


def duration(seconds: float) -> str:
    """Return seconds in words, such as "1 min 20 s"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
