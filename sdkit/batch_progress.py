"""A run that is waited for, with a progress bar: Ctrl-C and Stop end it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from sdkit.background import Job, advance
from sdkit.batch_report import Report

Tell = Callable[[Report], None]


def run_shown(arun: Callable[[Tell], Coroutine[Any, Any, Report]], start: Report, what: str, progress: bool) -> Report:
    """Run something that tells how far it has got, in a thread of its own, and return its last report.

    Parameters
    ----------
    arun
        The run; it is given the function to tell.
    start
        How far it is before.
    what
        What the progress bar is called.
    progress
        Whether to show it.

    Raises
    ------
    Exception
        What the run raises.
    KeyboardInterrupt
        It was interrupted, and has ended.
    """
    from tqdm.auto import tqdm

    latest = deque([start], maxlen=1)
    ended: list[tuple[Report | None, BaseException | None]] = []
    said: list[str] = []
    job = Job(lambda: arun(latest.append), lambda report, error: ended.append((report, error)), said.append)
    with tqdm(total=start.total, desc=what, unit="dialogue", disable=not progress) as bar:
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


def _show(bar: Any, reports: deque[Report], said: list[str]) -> None:
    """Bring a progress bar up to date, and print what the lesson says at the cell."""
    while said:
        print(said.pop(0), flush=True)
    report = reports[-1]
    if report.failed:
        bar.set_postfix(failed=len(report.failed), refresh=False)
    advance(bar, report.done)
