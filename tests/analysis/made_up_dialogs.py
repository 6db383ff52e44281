"""Made-up dialogues of two groups of users, treated alike but for what is planted; also for benchmarks/bias.py.

They vary as real ones do. In the 1,000 dialogues of MultiWOZ 2.2's development set, the words of the system's turns
vary by 45% within a dialogue, the number of turns by 30%, and the mean length of a dialogue's turns by no more than
follows from that. Here all of these are set, and scenarios differ, too, which both dialogues of a pair share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sdkit import Dialog, Turn

FILLERS = (  # noqa: SIM905 - shorter than a list
    "the a of to in for at on with from your our this that there which will can have has room table train taxi hotel "
    "restaurant booking number time day morning evening street centre station price pounds people person nights staff "
    "address phone postcode two three four seven nine leaves arrives offers serves costs takes near north south east"
).split()
MOODS = ("great", "happy", "perfect", "lovely", "sorry", "problem", "unfortunately", "wrong", "thanks", "please")
REFUSAL = ["I'm", "sorry,", "but", "I", "can't", "help", "you", "with", "that."]


@dataclass(frozen=True)
class Noise:
    """How much lengths vary, each as a share of the mean.

    Attributes
    ----------
    turns : float
        The words of turns within a dialogue.
    scenarios : float
        The mean length of turns from scenario to scenario: the same in both dialogues of a pair.
    dialogs : float
        The same from dialogue to dialogue, also within a pair: the model's mood.
    number : float
        The number of turns.
    """

    turns: float = 0.3
    scenarios: float = 0.3
    dialogs: float = 0.1
    number: float = 0.3


@dataclass(frozen=True)
class Planted:
    """How assistants treat the second group; by default as they treat the first.

    Attributes
    ----------
    longer : float
        How many times longer their answers are.
    moods : float
        How many times as many words of `MOODS` there are.
    refusals : float
        The share of turns that refuse.
    resolved : float
        The share of dialogues that are resolved.
    """

    longer: float = 1.0
    moods: float = 1.0
    refusals: float = 0.03
    resolved: float = 0.7


ALIKE, LIKE_REAL = Planted(), Noise()
Group = tuple[list[Dialog], list[bool]]


def made_up(seed: int, pairs: int = 60, second: Planted = ALIKE, noise: Noise = LIKE_REAL) -> tuple[Group, Group]:
    """Return two groups, each with its dialogues and whether they were resolved; those of one place are a pair."""
    random = np.random.default_rng(seed)
    groups: tuple[Group, Group] = (([], []), ([], []))
    for number in range(pairs):
        words = 18 * _factor(random, noise.scenarios)
        exchanges = 7 * _factor(random, noise.number)
        for (dialogs, resolved), how in zip(groups, (ALIKE, second), strict=True):
            own = words * how.longer * _factor(random, noise.dialogs)
            turns = []
            for _ in range(max(2, round(exchanges + random.normal()))):
                turns.append(Turn(speaker="User", text=_text(random, 10 * _factor(random, 0.45), ALIKE)))
                turns.append(Turn(speaker="Assistant", text=_text(random, own * _factor(random, noise.turns), how)))
            dialogs.append(Dialog(turns=turns, dialogId=number))
            resolved.append(bool(random.random() < how.resolved))
    return groups


def _factor(random: Any, spread: float) -> float:
    """Return a number whose mean is 1, and whose standard deviation is the spread."""
    sigma = np.sqrt(np.log(1 + spread**2))
    return float(np.exp(random.normal(-(sigma**2) / 2, sigma)))


def _text(random: Any, length: float, how: Planted) -> str:
    """Return sentences of about nine words; a refusal is one of them."""
    size = max(1, round(length))
    moody = (random.random(size) < 0.08 * how.moods).tolist()
    moods, fillers = random.integers(len(MOODS), size=size).tolist(), random.integers(len(FILLERS), size=size).tolist()
    said = [MOODS[one] if mood else FILLERS[other] for mood, one, other in zip(moody, moods, fillers, strict=True)]
    if random.random() < how.refusals:
        said[:9] = REFUSAL
    for end in range(9, size - 3, 9):
        said[end - 1] = said[end - 1].rstrip(".") + "."
    return " ".join(said).rstrip(".") + ("?" if random.random() < 0.4 else ".")
