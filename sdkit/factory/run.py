"""A run of a factory: attempts are made, several at a time, and decided in the order of the plan."""

from __future__ import annotations

import asyncio
import heapq
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sdkit.batch import BEGUN
from sdkit.batch_report import Report, duration
from sdkit.errors import ModelError
from sdkit.factory.attempts import Task
from sdkit.factory.deciding import Decider, given_up, rejected
from sdkit.factory.files import Earlier, render, write_rejected
from sdkit.factory.journal import Decision, Journal
from sdkit.places import Places, together

if TYPE_CHECKING:
    from sdkit.factory.factory import Factory

IN_A_ROW = 5
"""After how many items in a row that were given up a run ends: the model does not do this."""
_ROUNDS = 3  # how often what fell out is planned anew
_TELL = 100  # after how many dialogues the log tells how far it is
_RENDER = 20  # the share of the time that may go into writing the files again: one in so many

log = logging.getLogger("sdkit.factory")
Tell = Callable[[Report], None]


class Run:
    """One run of a factory.

    Parameters
    ----------
    factory
        Whose.
    tell
        Told after each step how far it is.

    Attributes
    ----------
    report : Report
        How far it is.
    """

    def __init__(self, factory: Factory, tell: Tell) -> None:
        self._factory, self._tell = factory, tell
        self._places = factory.places
        self._journal = Journal(factory.places.journal)
        self._earlier = Earlier(factory.places, {attempt.hash for attempt in self._journal.attempts.values()})
        self._decider = Decider(self._journal, self._earlier, factory.threshold)
        self._queue: list[tuple[int, int]] = []
        self._asked: set[tuple[int, int]] = set()
        self._items = {item.id: item for item in self._journal.items}
        there = len(self._decider.kept)
        self.report = Report(factory.total, there, failed=given_up(self._journal.decisions))
        self._began = self._next = time.monotonic()
        self._deadline = self._began + 60 * factory.minutes if factory.minutes else math.inf
        self._rendered, self._cost, self._dirty = time.monotonic(), 0.0, True
        self._given_up = self._working = 0
        self._wake = asyncio.Event()
        self._problem: Exception | None = None

    async def all(self) -> None:
        """Make what is missing."""
        self._say()
        self._heed(self._decider.decide())  # attempts that an earlier run has made and could not decide any more
        for number in range(_ROUNDS + 1):
            missing = self._factory.total - len(self._decider.kept) - self._open()
            if missing > 0:
                if number:
                    log.info("%d dialogues fell out; as many are planned anew", missing)
                self._plan(missing, again=number > 1)
            before = len(self._decider.kept)
            await self._round()
            if self._problem is not None:
                raise self._problem
            if self.report.ok or self.report.stop or (number > 1 and len(self._decider.kept) == before):
                break
        self._say(stop=self.report.stop or "done")

    def _open(self) -> int:
        """Return how many items are not decided yet."""
        return sum(self._decider.wanted(item) is not None for item in self._journal.items)

    def _plan(self, n: int, again: bool) -> None:
        new = self._factory.more(self._journal, n, again)
        self._journal.add_items(new)
        self._items.update((item.id, item) for item in new)

    async def _round(self) -> None:
        """Make and decide what is planned."""
        for item in self._journal.items:
            if (attempt := self._decider.wanted(item)) is not None:
                self._ask(item.id, attempt)
        count = self._factory.engine.concurrency or self._factory.concurrency
        self._seats = Places(count)
        # More than there are seats: who waits until it may ask again leaves its seat to another one.
        await together(self._work, BEGUN * count)

    async def _work(self) -> None:
        """Make one attempt after the other, as long as there are some or others may still ask for more."""
        while not self._over():
            if not self._queue:
                if not self._working:
                    self._wake.set()
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            async with self._seats.one():
                if not self._queue or self._over():
                    continue
                self._working += 1
                try:
                    await self._attempt(*heapq.heappop(self._queue))
                except ModelError as error:
                    self._problem = self._problem or error
                finally:
                    self._working -= 1
                    self._wake.set()
        self._wake.set()

    async def _attempt(self, number: int, attempt: int) -> None:
        factory = self._factory
        if factory.pause:
            at = max(self._next, time.monotonic())
            self._next = at + factory.pause
            await asyncio.sleep(max(0.0, min(at, self._deadline) - time.monotonic()))
            if self._over(at):
                return
        item = factory.sources.redrawn(self._items[number], attempt)
        task = Task(item, attempt, factory.seed, *factory.sources.texts(item))
        made = await factory.engine.call(factory.maker, task)
        self._decider.add(made)
        self._say(tokens=self.report.tokens + made.tokens)
        self._heed(self._decider.decide())
        for needed in self._decider.look_ahead():
            self._ask(*needed)
        self._render_now_and_then()

    def _heed(self, decisions: Sequence[Decision]) -> None:
        """Log what was decided, and ask for what is needed next."""
        for decision in decisions:
            name = f"item {decision.item}, attempt {decision.attempt}"
            match decision.what:
                case "kept":
                    attempt = self._journal.attempts[decision.item, decision.attempt]
                    record = attempt.record or {}
                    log.info("kept %s (%s)%s", record.get("dialogue_id"), name, f" {decision.why}" * bool(decision.why))
                    self._given_up, self._dirty = 0, True
                    self._say(done=len(self._decider.kept), made=self.report.made + 1)
                    if not len(self._decider.kept) % _TELL:
                        self._log_progress()
                case "given up":
                    log.error("given up: item %d: %s", decision.item, decision.why)
                    self._given_up += 1
                    self._say(failed={**self.report.failed, str(decision.item): decision.why})
                    if self._given_up == IN_A_ROW and self._problem is None:
                        self._problem = ModelError(
                            f"{IN_A_ROW} dialogues in a row came to nothing, and the run has ended. Run it again to go "
                            f"on. The last: {decision.why}"
                        )
                case what:
                    words = {
                        "duplicate": "a duplicate",
                        "flagged": "flagged",
                        "failed": "no dialogue",
                        "missed": "off plan",
                    }
                    log.warning("%s is %s: %s", name, words.get(what, what), decision.why)
        if decisions and not self._decider.done:
            item = self._decider.current
            self._ask(item.id, self._decider.wanted(item) or 0)

    def _ask(self, item: int, attempt: int) -> None:
        """Have an attempt made, if it is not there and nobody makes it."""
        if (item, attempt) not in self._asked and (item, attempt) not in self._journal.attempts:
            self._asked.add((item, attempt))
            heapq.heappush(self._queue, (item, attempt))
            self._wake.set()

    def _log_progress(self) -> None:
        services = Counter(name for number in self._decider.kept for name in self._items[number].services)
        left = self.report.seconds_left
        log.info(
            "%d of %d dialogues, %s left. Services so far: %s",
            self.report.done,
            self.report.total,
            "nobody knows how long" if left is None else f"about {duration(left)}",
            ", ".join(f"{name} {count}" for name, count in services.most_common()),
        )

    def _over(self, at: float = 0.0) -> bool:
        """Tell whether no more is to begin: now, or at a time to come."""
        if not self.report.stop and max(at, time.monotonic()) >= self._deadline:
            self._say(stop="minutes")
        return bool(self.report.stop) or self._problem is not None

    def _render_now_and_then(self) -> None:
        if self._dirty and time.monotonic() - self._rendered > max(10.0, _RENDER * self._cost):
            self._render()

    def _render(self) -> None:
        began = time.monotonic()
        render(self._places, self._kept(), self._earlier)
        self._rendered = time.monotonic()
        self._cost, self._dirty = self._rendered - began, False

    def _kept(self) -> list[Any]:
        return [(self._items[number], attempt) for number, attempt in self._decider.kept.items()]

    def finish(self) -> None:
        """Write all files from the journal."""
        self._render()
        write_rejected(self._places, *rejected(self._journal))

    def _say(self, **changes: Any) -> None:
        self.report = replace(self.report, seconds=time.monotonic() - self._began, **changes)
        self._tell(self.report)
