"""What one dialogue of a factory is to be, and how often each value comes among several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from sdkit.factory.spec import AXES
from sdkit.factory.spec_parts import joined


@dataclass(frozen=True)
class Item:
    """What one dialogue is to be.

    Attributes
    ----------
    id : int
        Its place in the plan, from 0 on.
    services : tuple of str
        What it is about; the first one is what the user came for.
    category, region : str
        Of the scenario.
    time_slot : list
        The hour at which the part of the day begins, the one at which it ends, and its name.
    time : str
        A time in that part of the day, such as "08:35".
    user_emotion, assistant_emotion : str
        How the two are.
    resolution_status : str
        How it ends.
    min_turns, max_turns : int
        The least and the most turns, each a message and its answer.
    sampling : dict
        How the model samples.
    base : str or None
        The id of the dialogue of another data set that it goes by; None where no such one is about these services.
    persona : str or None
        The id of the user's persona.
    """

    id: int
    services: tuple[str, ...]
    category: str
    region: str
    time_slot: tuple[int, int, str]
    time: str
    user_emotion: str
    assistant_emotion: str
    resolution_status: str
    min_turns: int
    max_turns: int
    sampling: dict[str, float]
    base: str | None = None
    persona: str | None = None

    def values(self) -> dict[str, str]:
        """Return its value on each axis, in words."""
        return {
            "services": joined(self.services),
            "categories": self.category,
            "regions": self.region,
            "time_slots": self.time_slot[2],
            "user_emotions": self.user_emotion,
            "assistant_emotions": self.assistant_emotion,
            "resolution_status": self.resolution_status,
            "min_turns": str(self.min_turns),
            "max_turns": str(self.max_turns),
            **{name: f"{value:g}" for name, value in self.sampling.items()},
        }

    def json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Return what `json` made this of."""
        return cls(**{**data, "services": tuple(data["services"]), "time_slot": tuple(data["time_slot"])})


def tallied(items: Iterable[Item]) -> dict[str, Counter[str]]:
    """Return how often each value comes, by axis."""
    found: dict[str, Counter[str]] = {axis: Counter() for axis in AXES}
    for item in items:
        for axis, value in item.values().items():
            found[axis][value] += 1
    return found
