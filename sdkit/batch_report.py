"""How far a batch has got, and what failed, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sdkit.dialog import Dialog
from sdkit.rendering import shown
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

# User and password, also with a "/" in them, and all behind "?" or "#".
_ADDRESS = re.compile(
    r"""([a-z][a-z0-9+.-]*://)([^\s/?#]*@|[^\s/@:]*:(?!\d+[/?#])\S*@)?([^\s?#'"<>]*)([?#][^\s'"<>]+)?""", re.IGNORECASE
)


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
        What went wrong with the items that failed, by id. The next run tries them again, after the others.
    tokens : int
        What this run used, prompts and answers, also for what failed.
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
        return shown(text + (". Run it again to go on." if self.stop and not self.ok else "."))

    def to_frame(self) -> pandas.DataFrame:
        """Return the items that failed as a pandas table with the columns ``id`` and ``problem``."""
        return frame("what failed", self.failed.items(), ["id", "problem"])


def duration(seconds: float) -> str:
    """Return seconds in words, such as "1 min 20 s"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def problem_of(error: Exception) -> str:
    """Return what an item failed with, as it may be kept: without what may be secret in addresses, valid Unicode."""
    text = _ADDRESS.sub(
        lambda found: f"{found[1]}{'…@' * bool(found[2])}{found[3]}{'?…' * bool(found[4])}",
        f"{type(error).__name__}: {error}",
    )
    return text.encode("utf-8", "backslashreplace").decode()
