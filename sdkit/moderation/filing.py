"""Moderating a file of dialogues into three: approved, flagged, and those that could not be judged.

Each record is written as soon as it is judged, and a file that is there is gone on with: what was judged already is not
judged again. In the end the files are in the order of the input, and look the same however often the run was stopped.
"""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdkit import background
from sdkit.batch_input import check_limits
from sdkit.batch_report import duration
from sdkit.errors import InputError
from sdkit.files import data_text, locked, read_data, write_text
from sdkit.jsonl import append_line, write_lines
from sdkit.moderation.findings import Finding, Layer, about
from sdkit.moderation.moderating import FailedError, checked_layers, each_of, found_in, said_texts
from sdkit.moderation.record_files import Outputs, RecordFile, keyed_lines
from sdkit.moderation.records import PROBLEM, bare, with_findings


@dataclass(frozen=True)
class Filed:
    """How far the moderation of a file has got.

    Attributes
    ----------
    total : int
        How many records the file has.
    approved, flagged, failed : int
        How many records are in each of the three files, those of earlier runs too.
    judged : int
        How many this run judged.
    seconds : float
        How long this run took so far.
    """

    total: int
    approved: int = 0
    flagged: int = 0
    failed: int = 0
    judged: int = 0
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether all records are approved."""
        return self.approved == self.total

    def __str__(self) -> str:
        """Say it in a line."""
        took = f", in {duration(self.seconds)}" if self.seconds >= 1 else ""
        counts = f"{self.approved} approved, {self.flagged} flagged, {self.failed} failed"
        return f"Of {self.total} dialogues, {counts}; {self.judged} judged now{took}."


Tell = Callable[[Filed], object]


def moderate_file(
    path: str | Path,
    approved: str | Path | None = None,
    flagged: str | Path | None = None,
    failed: str | Path | None = None,
    layers: Iterable[Layer] | None = None,
    *,
    retry_failed: bool = False,
    concurrency: int = 5,
    progress: bool = True,
) -> Filed:
    """Moderate a file of dialogues into three files; Ctrl-C ends it, and nothing that was judged is lost.

    Parameters
    ----------
    path
        JSON Lines, or a JSON list: dialogues as `Dialog` saves them, or records of the factory.
    approved, flagged, failed
        Where the records go, as JSON Lines: those in which nothing was found; the others, with the findings as
        "moderation"; those that could not be judged, with the reason as "moderation_failed". None for a name beside
        `path`, such as ``made.approved.jsonl`` for ``made.jsonl``.
    layers
        As of `moderate`. How they look is noted beside `approved`: files of other layers are not gone on with.
    retry_failed
        Judge again what has failed in an earlier run.
    concurrency, progress
        As of `moderate`.

    Raises
    ------
    FileError
        A file cannot be read or written; `path` has a line that is no JSON object; or another process is at it.
    InputError
        Arguments that cannot work; or the files hold records of another file, or by other layers.
    ModelError
        A layer's model cannot be used. What was judged until then is kept.
    KeyboardInterrupt
        It was interrupted. Run it again to go on.
    """
    from tqdm.auto import tqdm

    latest = deque([Filed(0)], maxlen=1)
    work = amoderate_file(
        path, approved, flagged, failed, layers, retry_failed=retry_failed, concurrency=concurrency, tell=latest.append
    )
    with tqdm(desc="Moderation", unit="dialogue", disable=not progress) as bar:

        def show() -> None:
            report = latest[-1]
            bar.total = report.total
            background.advance(bar, report.approved + report.flagged + report.failed)

        try:
            return background.awaited(work, show)  # type: ignore[no-any-return]
        finally:
            show()


async def amoderate_file(
    path: str | Path,
    approved: str | Path | None = None,
    flagged: str | Path | None = None,
    failed: str | Path | None = None,
    layers: Iterable[Layer] | None = None,
    *,
    retry_failed: bool = False,
    concurrency: int = 5,
    tell: Tell = lambda report: None,
) -> Filed:
    """Do what `moderate_file` does, awaitable; `tell` is called with a `Filed` after each record."""
    used = checked_layers(layers)
    check_limits(concurrency)
    run = _Run(RecordFile(Path(path)), Outputs.of(Path(path), approved, flagged, failed), used, tell)
    with run.locked():
        run.begin(retry_failed)
        try:
            await each_of(run.left(), run.judge, concurrency)
        finally:
            run.finish()
        return run.report()


class _Run:
    """One run over a file."""

    def __init__(self, records: RecordFile, to: Outputs, layers: list[Layer], tell: Tell) -> None:
        self._records, self._to, self._layers, self._tell = records, to, layers, tell
        self._places: dict[bytes, int] = {}
        self._wanted: Counter[bytes] = Counter()
        self._skip: Counter[bytes] = Counter()
        self._counts = dict.fromkeys((to.approved, to.flagged, to.failed), 0)
        self._judged = 0
        self._began = time.monotonic()

    def locked(self) -> AbstractContextManager[None]:
        """Keep other runs into the same files out."""
        return locked(self._to.approved.with_name(f"{self._to.approved.name}.lock"), self._to.approved)

    def begin(self, retry_failed: bool) -> None:
        """Read the whole input once, and see what of it was judged before."""
        for place, (key, _) in enumerate(self._records):
            self._places.setdefault(key, place)
            self._wanted[key] += 1
        there = {path: Counter(key for key, _ in keyed_lines(path)) for path in self._counts}
        strange = next((path for path, keys in there.items() if not keys.keys() <= self._wanted.keys()), None)
        if strange is not None:
            raise InputError(f"{strange} holds records that are not in {self._records.path}; choose another file")
        self._check_about(any(there.values()))
        done = there[self._to.approved] + there[self._to.flagged]
        # A run that was killed while it tried failed ones again has left them where they were, too.
        left = self._wanted - done
        failed = there[self._to.failed] & left
        self._counts = {path: keys.total() for path, keys in there.items()} | {self._to.failed: failed.total()}
        self._skip = done + (Counter() if retry_failed else failed)
        if retry_failed:
            self._counts[self._to.failed] = 0
        self._tell(self.report())

    def _check_about(self, begun: bool) -> None:
        wanted = {"layers": [about(layer) for layer in self._layers]}
        path = self._to.about
        if not begun:
            write_text(path, data_text(wanted, "json"))
        elif not path.exists() or read_data(path, "json") != json.loads(json.dumps(wanted)):
            raise InputError(
                f"{self._to.approved}: what is there was not judged by these layers, as {path.name} beside it tells; "
                "choose other files, or remove these"
            )

    def left(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """Yield what is to be judged."""
        skip = self._skip.copy()
        for key, record in self._records:
            if skip[key]:
                skip[key] -= 1
            else:
                yield key, record

    async def judge(self, item: tuple[bytes, dict[str, Any]]) -> None:
        """Judge a record, and put it into its file."""
        _, record = item
        findings: list[Finding] = []
        path, line = self._to.approved, bare(record)
        try:
            findings = await found_in(said_texts(record), self._layers)
        except FailedError as error:
            if error.for_all and error.__cause__ is not None:
                raise error.__cause__ from None
            path, line = self._to.failed, {**line, PROBLEM: str(error)}
        if findings:
            path, line = self._to.flagged, with_findings(record, findings)
        append_line(path, line)
        self._counts[path] += 1
        self._judged += 1
        self._tell(self.report())

    def report(self) -> Filed:
        """Return how far it has got."""
        seconds = time.monotonic() - self._began
        approved, flagged, failed = (
            self._counts[path] for path in (self._to.approved, self._to.flagged, self._to.failed)
        )
        return Filed(self._wanted.total(), approved, flagged, failed, self._judged, seconds)

    def finish(self) -> None:
        """Put the files into the order of the input; what has failed and was judged later is no failure any more."""
        done: Counter[bytes] = Counter()
        for path in (self._to.approved, self._to.flagged):
            keys = [key for key, _ in keyed_lines(path)]
            done.update(keys)
            self._order(path, keys, None)
        latest = [*keyed_lines(self._to.failed)][::-1]
        kept, left = list[tuple[bytes, dict[str, Any]]](), self._wanted - done
        for key, record in latest:
            if left[key] > 0:
                left[key] -= 1
                kept.append((key, record))
        self._counts[self._to.failed] = len(kept)
        if latest:
            self._order(self._to.failed, [key for key, _ in latest[::-1]], kept[::-1])

    def _order(self, path: Path, keys: list[bytes], records: list[tuple[bytes, dict[str, Any]]] | None) -> None:
        """Write a file anew, if its lines are in another order than the input, or are not the right ones."""
        places = [self._places[key] for key in keys]
        if places == sorted(places) and (records is None or len(records) == len(keys)):
            return
        wanted = sorted(keyed_lines(path) if records is None else records, key=lambda each: self._places[each[0]])
        write_lines(path, [record for _, record in wanted])
