"""Slots of the embedded model: they let each party of a role-play pay for its new tokens only.

A party's prompt begins with all that it was asked before, so a slot of its own keeps that evaluated. There are `COUNT`
of them: two parties, and the judge of the end. The first request in a slot starts from nothing, so that what was asked
before does not change the answers: a conversation from a seed comes out the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextvars import ContextVar

import anyio

from sdkit.errors import InputError

COUNT = 3
"""How many slots there are beside the one for single requests."""

_WAIT = 0.05  # seconds between two looks at whether the slots are free
_free = threading.Lock()


class Hold:
    """A conversation's hold on the slots: make its requests within `slot`, and `release` it in the end.

    A conversation that runs to its end in one go asks for the slots `alone`: others wait until it is done, or do
    without. One that goes on whenever somebody looks at its next turn does not: when it loses its slots to another one
    it pays for its history once more, and what comes then may differ from what would have come.

    Parameters
    ----------
    alone
        Whether others have to wait.
    """

    def __init__(self, alone: bool) -> None:
        self._has = False
        outer = _alone.get()
        # A conversation within another one, such as in a hook, would wait for its own end.
        self._wants = alone and (outer is None or not outer._has)

    @contextlib.contextmanager
    def slot(self, index: int) -> Iterator[None]:
        """Let the requests within use a slot, a number below `COUNT`."""
        token = _current.set((self, index))
        try:
            yield
        finally:
            _current.reset(token)

    def claim(self) -> None:
        """Wait until no other conversation has the slots alone, if this one wants to."""
        if self._wants and not self._has and _loop_of_holder() is not None:
            raise InputError(
                "another conversation on the embedded model is a task of this event loop, which this one would keep "
                "waiting. Await that one first, or await atalk_with"
            )
        while self._wants and not self._has:
            self._has = _free.acquire(timeout=_WAIT)

    async def aclaim(self) -> None:
        """Do what `claim` does, awaitable."""
        while self._wants and not self._has:
            self._has = _free.acquire(blocking=False)
            if self._has:
                _loops.append(asyncio.get_running_loop())
            else:
                await anyio.sleep(_WAIT)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Give the slots back in the end."""
        token = _alone.set(self if self._wants else _alone.get())
        try:
            yield
        finally:
            _alone.reset(token)
            self._wants = False  # what comes later, turn by turn, is nobody's hold on the others
            if self._has:
                self._has = False
                _loops.clear()
                _free.release()


_current: ContextVar[tuple[Hold, int] | None] = ContextVar("sdkit_slot", default=None)
_alone: ContextVar[Hold | None] = ContextVar("sdkit_alone", default=None)


# The event loop of whoever has the slots alone, if it runs in one.
_loops: list[asyncio.AbstractEventLoop] = []


def _loop_of_holder() -> asyncio.AbstractEventLoop | None:
    """Return the event loop that runs in this thread, if whoever has the slots alone is a task of it."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    return loop if loop in _loops else None


def usable() -> tuple[Hold, int] | None:
    """Return what `current` does; None if somebody else has the slots alone."""
    held = _current.get()
    return held if held is not None and (held[0]._has or not _free.locked()) else None


def current() -> tuple[Hold, int] | None:
    """Return who makes the request that is made now, and in which slot; None for a single request."""
    return _current.get()
