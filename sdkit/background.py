"""Work in a thread of its own, as a coroutine: it can be ended anywhere, and the cell or widget stays free."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from sdkit.llm import playback


class Job:
    """A coroutine that runs in a thread of its own.

    Parameters
    ----------
    make
        Makes the coroutine.
    finish
        Called in that thread with what it returned and None, or with None and what it raised.
    tell
        Told which model answers, where a lesson says so at the cell.
    """

    def __init__(
        self,
        make: Callable[[], Coroutine[Any, Any, Any]],
        finish: Callable[[Any, BaseException | None], None],
        tell: Callable[[str], None],
    ) -> None:
        self._make, self._finish, self._tell = make, finish, tell
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[Any] | None = None
        self._stopped = False
        self._lock = threading.Lock()
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="sdkit-widget", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        playback.tell.set(self._tell)
        result: Any = None
        error: BaseException | None = None
        try:
            result = self._loop.run_until_complete(self._main())
        except BaseException as problem:  # noqa: BLE001 - whoever asked for the work is told
            error = problem
        try:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            self._loop.close()
            self._finish(result, error)

    async def _main(self) -> Any:
        with self._lock:
            if self._stopped:
                raise asyncio.CancelledError
            self._task = asyncio.ensure_future(self._make())
        return await self._task

    def stop(self) -> None:
        """End the work at the next place where it waits; at once, in practice."""
        with self._lock:
            self._stopped = True
            if self._task is not None and not self._loop.is_closed():
                with contextlib.suppress(RuntimeError):  # the loop was closed a moment ago
                    self._loop.call_soon_threadsafe(self._task.cancel)

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended; return whether it has."""
        if threading.current_thread() is not self._thread:
            self._thread.join(seconds)
        return not self._thread.is_alive()


def awaited(what: Awaitable[Any], meanwhile: Callable[[], object] = lambda: None) -> Any:
    """Return what an awaitable comes to, also where an event loop is running: it runs in a thread of its own.

    `meanwhile` is called again and again while it runs, such as to bring a progress bar up to date.

    Raises
    ------
    Exception
        What it raises.
    """

    async def work() -> Any:
        return await what

    ended: list[tuple[Any, BaseException | None]] = []
    job = Job(work, lambda result, error: ended.append((result, error)), playback.tell.get())
    try:
        while not job.wait(0.1):
            meanwhile()
    except BaseException:  # Ctrl-C above all
        job.stop()
        job.wait(30)
        raise
    result, error = ended[0]
    if error is not None:
        raise error
    return result


def advance(bar: Any, done: int) -> None:
    """Bring a progress bar of tqdm to a number; where nothing is new, nothing is printed into a log."""
    if done != bar.n:
        bar.update(done - bar.n)
