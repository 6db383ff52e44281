"""Slots of the embedded model: they let each party of a role-play pay for its new tokens only.

A party's prompt begins with all that it was asked before, so a slot of its own keeps that evaluated. There are `COUNT`
of them: two parties, and the judge of the end. The first request in a slot starts from nothing, so that what was asked
before does not change the answers: a conversation from a seed comes out the same.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextvars import ContextVar

import anyio

COUNT = 3
"""How many slots there are beside the one for single requests."""

_WAIT = 0.05  # seconds between two looks at whether the slots are free
_free = threading.Lock()


class Hold:
    """A conversation's hold on the slots: make its requests within `slot`, and `release` it in the end.

    A conversation that runs to its end in one go asks for the slots `alone`: others wait until it is done. One that
    goes on whenever somebody looks at its next turn does not: it may lose a slot to another one, and then pays for its
    history once more.

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
        while self._wants and not self._has:
            self._has = _free.acquire(timeout=_WAIT)

    async def aclaim(self) -> None:
        """Do what `claim` does, awaitable."""
        while self._wants and not self._has:
            self._has = _free.acquire(blocking=False)
            if not self._has:
                await anyio.sleep(_WAIT)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Give the slots back in the end."""
        token = _alone.set(self if self._wants else _alone.get())
        try:
            yield
        finally:
            _alone.reset(token)
            if self._has:
                self._has = False
                _free.release()


_current: ContextVar[tuple[Hold, int] | None] = ContextVar("sdkit_slot", default=None)
_alone: ContextVar[Hold | None] = ContextVar("sdkit_alone", default=None)


def current() -> tuple[Hold, int] | None:
    """Return who makes the request that is made now, and in which slot; None for a single request."""
    return _current.get()
