"""Exercises of lesson 14: scaling out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from sdkit.background import awaited
from sdkit.batch import make_one
from sdkit.dialog import Dialog
from sdkit.exercises.steps import Mistake, Step, need

_NUMBERS = range(6, 10)


class Arithmetic(Step):
    """Arithmetic."""

    exercise = "14-arithmetic"
    minutes = 5
    hints = (
        "How many requests are there in an hour, at 60 a minute? And how many dialogues is that, at two each?",
        "If one request begins each second and takes four, how many are under way?",
    )
    stretch = "what would ten such providers cost you, and what would you gain?"
    mistakes = (
        Mistake("Those are requests", "per_hour, at_a_time = 3600, 4"),
        Mistake("That is a minute", "per_hour, at_a_time = 30, 4"),
        Mistake("One at a time is too few", "per_hour, at_a_time = 1800, 1", 2),
    )

    def check(self, per_hour: Any, at_a_time: Any) -> str:
        need(per_hour == 60 * 60 // 2, "the dialogues that are ready in an hour", per_hour)
        need(at_a_time == 4, "the requests under way at a time", at_a_time, 2)
        return "more at a time would only wait"


class Pure(Step):
    """Not a pure function."""

    exercise = "14-pure"
    minutes = 15
    hints = (
        "What does the text depend on, besides seed and id? Everything else has to go.",
        "len(made_so_far) counts who came first; random.random() is a stream that all draw from.",
        "Take id for the number, and random.Random(seed) for chance.",
    )
    stretch = "does a model on a server always give the same answer to the same seed? When not?"
    mistakes = (
        Mistake("It is the broken one", "mended = broken", 2),
        Mistake(
            "It still draws from the common stream",
            "def mended(number):\n"
            "    def make(seed, id):\n"
            "        return Dialog(turns=[Turn(speaker='User', text=f'I am number {id}. {random.random()}')])\n"
            "    return make",
            2,
        ),
        Mistake(
            "It leaves the seed out",
            "def mended(number):\n"
            "    def make(seed, id):\n"
            "        return Dialog(turns=[Turn(speaker='User', text=f'I am number {id}.')])\n"
            "    return make",
            3,
        ),
    )

    def check(self, mended: Callable[..., Any]) -> str:
        in_order = self._said(mended, list(_NUMBERS), 1)
        backwards = self._said(mended, list(reversed(_NUMBERS)), 1)
        texts = [in_order[number] for number in _NUMBERS]
        wanted = all(f"number {number}." in in_order[number] for number in _NUMBERS)
        need(wanted, 'dialogue 7 says "I am number 7."', texts[1], 2)
        need(in_order == backwards, "the same dialogues in whatever order they are made", backwards[7], 2)
        need(in_order != self._said(mended, list(_NUMBERS), 2), "something that follows from the seed", texts[1], 3)
        return "seed and id decide, and nothing else"

    @staticmethod
    def _said(maker_for: Callable[..., Any], numbers: list[int], seed: int) -> dict[int, str]:
        """Return what the dialogues say that are made at once, in this order."""

        async def all_of_them() -> list[Any]:
            return await asyncio.gather(*(make_one(maker_for(n), seed + n, n) for n in numbers))

        made = awaited(all_of_them())
        for one in made:
            need(isinstance(one, Dialog) and one.turns, "makers return a Dialog with a turn", type(one).__name__)
        return {number: one.description() for number, one in zip(numbers, made, strict=True)}
