"""Hooks: what is whispered to somebody before a turn of a conversation.

A hook is any function from a `Moment` to an instruction, a text or None. Those here keep no memory, so that one may
serve any number of conversations.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sdkit.dialog import Turn
from sdkit.errors import InputError


@dataclass(frozen=True)
class Instruction:
    """What somebody is told before a turn, and nobody hears.

    Parameters
    ----------
    text
        The instruction.
    lasting
        Whether it holds from now on; otherwise for this turn only.
    """

    text: str
    lasting: bool = False


@dataclass(frozen=True)
class Moment:
    """What a hook knows of the conversation.

    Attributes
    ----------
    speaker : str
        Whose turn it is.
    turns : tuple of Turn
        What was said so far.
    told : tuple of str
        What this speaker was told so far.
    max_turns : int
        How many turns there will be at most.
    dice : random.Random
        A source of chance that follows from the conversation's seed.
    """

    speaker: str
    turns: tuple[Turn, ...]
    told: tuple[str, ...]
    max_turns: int
    dice: random.Random


Hook = Callable[[Moment], Instruction | str | None]


@dataclass(frozen=True)
class Length:
    """Keeps a conversation going until it has so many turns, and asks to end it from so many on.

    Parameters
    ----------
    low, high
        Turns, those of all speakers together.
    """

    low: int
    high: int

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high:
            raise InputError(f"Length({self.low}, {self.high}): give two numbers of turns, the smaller one first")

    def __call__(self, moment: Moment) -> str | None:
        """Say nothing as long as the length is right."""
        if len(moment.turns) < self.low:
            return "Do not say goodbye yet. Ask something, or tell something new."
        return "Bring the conversation to its end now, and say goodbye." if len(moment.turns) >= self.high else None


@dataclass(frozen=True)
class ChangeMind:
    """Lets somebody change their mind, for good.

    Parameters
    ----------
    reasons
        Why; one of them is drawn.
    probability
        How likely it is at each turn, from 0 to 1.
    times
        How often at most.
    """

    reasons: Sequence[str] = ()
    probability: float = 0.3
    times: int = 1

    def __post_init__(self) -> None:
        if isinstance(self.reasons, str):
            raise InputError(f"reasons={self.reasons!r}: give a list of reasons, [{self.reasons!r}]")
        if not 0 <= self.probability <= 1:
            raise InputError(f"probability={self.probability}: give a number from 0 to 1")

    def __call__(self, moment: Moment) -> Instruction | None:
        """Draw."""
        begin = "You change your mind now"
        before = sum(text.startswith(begin) for text in moment.told)
        if before >= self.times or not moment.turns or moment.dice.random() >= self.probability:
            return None
        why = f", because {moment.dice.choice(list(self.reasons))}" if self.reasons else ""
        return Instruction(f"{begin}{why}. Say so.", lasting=True)


@dataclass(frozen=True)
class When:
    """If something is so, tells what to do.

    Parameters
    ----------
    condition
        From the last turn's text to whether it is so; or a text that it has in it, in small or capital letters.
    instruction
        What to do then.
    lasting
        Whether it holds from then on.
    """

    condition: Callable[[str], bool] | str
    instruction: str
    lasting: bool = False

    def __call__(self, moment: Moment) -> Instruction | None:
        """Look at the last turn."""
        if not moment.turns:
            return None
        last = moment.turns[-1].text
        said = self.condition.casefold() in last.casefold() if isinstance(self.condition, str) else self.condition(last)
        return Instruction(self.instruction, self.lasting) if said else None
