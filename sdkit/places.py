"""Places for work that is done at the same time: who only waits for time to pass leaves its place to somebody else."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextvars import ContextVar
from typing import Any


class Places:
    """So many may work at a time. Who comes back from waiting goes before who has not begun yet.

    Parameters
    ----------
    count
        How many.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._back: deque[asyncio.Future[None]] = deque()
        self._new: deque[asyncio.Future[None]] = deque()

    @contextlib.asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Have a place for what is done within."""
        await self._take(self._new)
        token = _places.set(self)
        try:
            yield
        finally:
            _places.reset(token)
            self._give()

    async def _take(self, queue: deque[asyncio.Future[None]]) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the place was given to somebody who is gone
                self._give()
            raise

    def _give(self) -> None:
        for queue in (self._back, self._new):
            while queue:
                if not (turn := queue.popleft()).done():
                    turn.set_result(None)
                    return
        self._free += 1


_places: ContextVar[Places | None] = ContextVar("sdkit_places", default=None)


async def waited(seconds: float) -> None:
    """Wait, and leave one's place to somebody else meanwhile."""
    places = _places.get()
    if places is None or not seconds:
        await asyncio.sleep(seconds)
        return
    places._give()
    try:
        await asyncio.sleep(seconds)
    finally:
        # Also who is cancelled: the place is given back once more at the end.
        await places._take(places._back)


async def together(work: Callable[[], Coroutine[Any, Any, None]], count: int) -> None:
    """Do the same so many times at once, until all have ended; if one fails, or this is cancelled, all are ended."""
    tasks = [asyncio.ensure_future(work()) for _ in range(count)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
