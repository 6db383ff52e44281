"""`BatchRunner`: make the dialogues of a batch, see how far it is and what failed, stop it, and go on later."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import traitlets

from sdkit.batch import Batch, Report
from sdkit.dialog import Dialog
from sdkit.errors import InputError, SdkitError
from sdkit.rendering import caption, escaped, table
from sdkit.widgets.dialog_view import turns_html
from sdkit.widgets.parts import Panel, button, markup, row

TICK = 0.25  # seconds between two updates of the page: a fast model would flood it
SHOWN, LENGTH = 5, 300  # of the items that failed, and of the letters of why

_STYLE = """<style>
.sdkit-batch-runner p { margin: 0; line-height: 1.5; overflow-wrap: anywhere; }
.sdkit-batch-runner table { border-collapse: collapse; line-height: 1.5; }
.sdkit-batch-runner th, .sdkit-batch-runner td { padding: 0 1em 0 0; vertical-align: top; overflow-wrap: anywhere; }
.sdkit-batch-runner th, .sdkit-batch-runner td:first-child { min-width: 5em; }
.sdkit-batch-runner ol { padding-left: 2em; margin: 0.3em 0; line-height: 1.5; }
.sdkit-batch-runner li [dir] { overflow-wrap: anywhere; }
</style>"""
_SAFE = "mathjax_ignore tex2jax_ignore"
_ENDS = {
    "minutes": "Its minutes are used up. Resume goes on, with as many again.",
    "tokens": "Its tokens are used up. Resume goes on, with as many again.",
    "stopped": "Stopped. What was made is kept, and Resume goes on.",
}


class BatchRunner(Panel):
    """Makes the dialogues of a batch in a thread, so that the notebook stays free; Stop ends it at once.

    What is there already is shown, and not made again: after Stop, an error or a new start of the kernel, Resume goes
    on. If the cell is run anew while the batch runs, Resume there takes over from the widget that is no longer shown.

    Parameters
    ----------
    batch
        What to make.

    Attributes
    ----------
    value : Report
        How far it is; ``value.to_frame()`` has all items that failed.
    errors : dict of str to str
        Under "run", what ended the last run, or did not let it begin: the model, the disk, other settings, or another
        run of the same batch.

    Raises
    ------
    InputError
        It is no `Batch`.
    FileError
        What is there of it cannot be read.
    """

    value = traitlets.Instance(Report)
    errors = traitlets.Dict()
    # By where their dialogues go. A cell that is run anew leaves behind a runner that nobody can reach any more.
    _running: ClassVar[dict[Path, BatchRunner]] = {}

    def __init__(self, batch: Batch) -> None:
        if not isinstance(batch, Batch):
            raise InputError(f"{batch!r} is no batch; give one, such as BatchRunner(Batch(ids, maker_for, folder))")
        super().__init__("Batch runner", "sdkit-batch-runner")
        self.batch = batch
        self.start_button = button("Start", "Make the dialogues that are missing")
        self.stop_button = button("Stop", "End it; what was made is kept")
        self.how_far, self.failed, self.latest = markup(""), markup(""), markup("")
        self._dialog: Dialog | None = None
        # The message stands where people look: above what can be long.
        self.children = [part for part in self.children if part is not self.message]  # type: ignore[has-type]
        self.body.children = [
            markup(f"{_STYLE}{_where(batch.to)}"),
            row(self.start_button, self.stop_button),
            self.how_far,
            self.message,
            self.failed,
            self.latest,
        ]
        self.on_click(self.start_button, self.start)
        self.on_click(self.stop_button, self.stop)
        self.value = batch.report()
        self._show(running=False)

    def static_html(self) -> str:
        """Return how far it is, where the dialogues go, and what failed."""
        failed = _failed_html(self.value.failed)
        return f"<p><b>Batch runner</b>: {_so_far(self.value)}.</p>\n{_where(self.batch.to)}\n{failed}".rstrip()

    # -- a run --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Make what is missing; `wait` waits until it has ended. Nothing happens while it runs."""
        place = self.batch.to.absolute()
        if (before := self._running.get(place)) is self:
            return
        self.errors = {}
        try:
            self.batch.check()
        except SdkitError as error:  # before the run that goes well is ended for one that would be refused
            self.errors = {"run": str(error)}
            self.complain(error)
            return
        self._running[place] = self
        self.say("Making dialogues …")
        self._show(running=True)
        self.work(lambda: self._make(before), self._ended, ended=lambda: self._free(place))

    async def _make(self, before: BatchRunner | None) -> Report:
        """Make what is missing, and show now and then how far it is."""
        reports = deque([replace(self.value, made=0, failed={}, tokens=0, seconds=0.0, stop="")], maxlen=1)
        making = asyncio.ensure_future(self._take_over(before, reports))
        try:
            while not (await asyncio.wait({making}, timeout=TICK))[0]:
                self._report(reports[0])
        except asyncio.CancelledError:
            making.cancel()
        while not making.done():
            with contextlib.suppress(asyncio.CancelledError):  # Stop was pressed once more
                await asyncio.wait({making})
        stopped = making.cancelled()
        self.value = self._settled(replace(reports[0], stop="stopped") if stopped else reports[0])
        if not stopped and (error := making.exception()):
            self.errors = {"run": str(error)}
            raise error
        return self.value

    async def _take_over(self, before: BatchRunner | None, reports: deque[Report]) -> None:
        if before is not None:
            before.stop()
            while not before.wait(0):
                await asyncio.sleep(0.05)
        await self.batch.arun(reports.append)

    def _settled(self, report: Report) -> Report:
        """Return the report with what is on the disk: items that failed in earlier runs and were not tried again."""
        with contextlib.suppress(SdkitError):  # what is wrong with the disk has ended the run, and is shown
            there = self.batch.report()
            report = replace(report, done=there.done, failed={**there.failed, **report.failed})
        return report

    def _ended(self, report: Report) -> None:
        if report.ok:
            self.say(f"Done: all {report.total} dialogues are there.")
        elif report.stop == "done":
            self.say(f"It has come to its end, and {len(report.failed)} failed. Resume tries them again.")
        else:
            self.say(_ENDS[report.stop])

    def _free(self, place: Path) -> None:
        if self._running.get(place) is self:
            del self._running[place]
        self._show(running=False)

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _report(self, report: Report) -> None:
        if report is not self.value:
            self.value = report
            self._show(running=True)

    def _show(self, running: bool) -> None:
        report = self.value
        self.start_button.disabled, self.stop_button.disabled = running, not running
        self.start_button.description = "Resume" if report.done or report.failed else "Start"
        left = f", {_left(report.seconds_left)}" if running and report.seconds_left else ""
        self.how_far.value = (
            f'<p><progress aria-label="Dialogues there" value="{report.done}" max="{report.total}"></progress> '
            f"{_so_far(report)}{left}</p>"
        )
        self.failed.value = _failed_html(report.failed)
        if report.latest is not None and report.latest is not self._dialog:
            self._dialog = report.latest
            about = f'<p class="{_SAFE}" dir="auto">{escaped(caption(report.latest))}</p>'
            self.latest.value = f"<p><b>The latest dialogue</b></p>\n{about}\n{turns_html(report.latest)[0]}"


def _so_far(report: Report) -> str:
    failed = f", {len(report.failed)} failed" if report.failed else ""
    return f"{report.done} of {report.total} dialogue{'s' * (report.total != 1)} there{failed}"


def _left(seconds: float) -> str:
    """Return a time in words that do not jump about."""
    if seconds < 60:
        return "less than a minute left"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"about {f'{hours} h ' if hours else ''}{minutes} min left"


def _where(to: Path) -> str:
    place = escaped(to.as_posix())
    if to.suffix.lower() == ".jsonl":
        said = f"Each dialogue is a line of <code>{place}</code>."
    else:
        said = f"Each dialogue goes to <code>{place}/json/ID.json</code> and <code>{place}/txt/ID.txt</code>."
    return f'<p class="{_SAFE}">{said}</p>'


def _failed_html(failed: Mapping[str, str]) -> str:
    if not failed:
        return ""
    lines = list(failed.items())[:SHOWN]
    shown = table(["id", "why it failed"], ((number, _short(problem)) for number, problem in lines))
    more = len(failed) - len(lines)
    rest = f"<p>{more} more failed; <code>value.to_frame()</code> has all.</p>" if more else ""
    return f'<div class="{_SAFE}">{shown}\n{rest}</div>'


def _short(text: str) -> str:
    return text if len(text) <= LENGTH else f"{text[:LENGTH]} …"
