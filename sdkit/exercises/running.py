"""Running what a student wrote: with a time limit, and with their line in the message where it fails."""

from __future__ import annotations

import contextvars
import ctypes
import linecache
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_TICK = 0.05
_GRACE = 1.0  # seconds that code may take to notice that it was ended


class TooSlowError(Exception):
    """The time limit was reached.

    Attributes
    ----------
    stopped : bool
        Whether the code could be stopped.
    """

    def __init__(self, stopped: bool) -> None:
        super().__init__("too slow")
        self.stopped = stopped


class LeftError(Exception):
    """Code tried to leave Python, as by ``sys.exit()``; its cause says how."""


class _End(BaseException):
    """Ends a thread at its next line; a student's `except Exception` does not catch it."""


class Limit:
    """A time limit that stands still while something else is waited for, such as a model."""

    def __init__(self, seconds: float) -> None:
        self._state: tuple[float, float | None] = (seconds, None)  # what was left, and since when the clock runs

    def __enter__(self) -> Limit:
        """Start the clock."""
        self._state = (self._state[0], time.monotonic())
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the clock."""
        self._state = (self.left(), None)

    def left(self) -> float:
        """Return the seconds that are left."""
        left, since = self._state
        return left - (0 if since is None else time.monotonic() - since)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the clock stand still."""
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()

    def run(self, work: Callable[[], Any]) -> Any:
        """Return what `work` returns; it runs in a thread of its own, so that it can be ended.

        Raises
        ------
        TooSlowError
            It did not come to its end in time.
        LeftError
            It raised what is no `Exception`.
        """
        result: list[Any] = []
        raised: list[Exception] = []

        def run() -> None:
            try:
                with self:
                    result.append(work())
            except Exception as error:  # noqa: BLE001 - raised again where it was asked for
                raised.append(error)
            except BaseException as error:  # noqa: BLE001 - SystemExit would end a script that checks an answer
                left = LeftError()
                left.__cause__ = error
                raised.append(left)

        thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), name="sdkit-check", daemon=True)
        thread.start()
        try:
            while thread.is_alive() and self.left() > 0:
                thread.join(_TICK)
        except BaseException:  # Ctrl-C, Stop
            _end(thread)
            raise
        if thread.is_alive():
            raise TooSlowError(stopped=_end(thread))
        if raised:
            raise raised[0]
        return result[0]


def _end(thread: threading.Thread) -> bool:
    """End a thread, and tell whether it has ended; one that hangs outside Python is left behind."""
    deadline = time.monotonic() + _GRACE
    while thread.is_alive() and time.monotonic() < deadline:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_End))
        thread.join(_TICK)
    return not thread.is_alive()


def theirs(error: BaseException) -> str:
    """Say which line of the notebook an error comes from, with its text; nothing, if it comes from none."""
    own = [
        frame for frame, _ in traceback.walk_tb(error.__traceback__) if frame.f_globals.get("__name__") == "__main__"
    ]
    if not own:
        return ""
    code = own[-1].f_code
    number = next(line for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))) if frame is own[-1])
    text = linecache.getline(code.co_filename, number, own[-1].f_globals).strip()
    where = "" if code.co_name == "<module>" else f" of {code.co_name}"
    line = number - code.co_firstlineno + 1 if where else number
    return f"line {line}{where}" + (f": {text}" if text else "")
