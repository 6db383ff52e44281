"""Exercises of lesson 03: dialogues from descriptions."""

from __future__ import annotations

import re
from typing import Any

from sdkit.dialog import Dialog
from sdkit.exercises.steps import Mistake, Step, need

_GONE = re.compile(
    r"sold out|run out|ran out|out of|no more|none left|all gone|any left|unavailable|not available", re.I
)


class Trip(Step):
    """Three plan a trip."""

    exercise = "03-trip"
    hints = (
        "DialogGenerator takes speakers=: a list of as many names as you like.",
        'DialogGenerator(model=MODEL_NAME, dialogue_details="...", speakers=["Ana", "Bo", "Cem"]).generate(seed=1)',
    )
    stretch = "four speakers, and one of them says nothing. Does the model obey?"
    mistakes = (
        Mistake("It is the generator", "trip = DialogGenerator(model=MODEL_NAME, dialogue_details='Hi')"),
        Mistake("Two speak", "trip = Dialog(turns=[Turn(speaker='A', text='Hi'), Turn(speaker='B', text='Hi')])"),
        Mistake(
            "No model made it",
            "trip = Dialog(turns=[Turn(speaker=name, text='Off we go!') for name in ('A', 'B', 'C')])",
            2,
        ),
    )

    def check(self, trip: Dialog) -> str:
        need(len(trip.speakers) == 3, "three speakers", trip.speakers)
        need(trip.provenance, "a dialogue that a model made", "one that was written by hand", 2)
        return f"{len(trip)} turns by {', '.join(map(str, trip.speakers))}"


class Twins(Step):
    """The same dialogue, made twice."""

    exercise = "03-twins"
    hints = (
        "What makes a dialogue come out the same? Section 3 has it.",
        "generate(seed=7), twice, on one generator. twins = (one, two)",
    )
    stretch = "change one word of the description, and keep the seed. How much changes?"
    mistakes = (
        Mistake("It is one dialogue, twice", "twins = (cake, cake)", 2),
        Mistake("They differ", "twins = (cake, Dialog(turns=cake.turns[:-1], seed=1))"),
        Mistake("There is only one", "twins = cake", 2),
    )

    def check(self, twins: Any) -> str:
        pair = isinstance(twins, tuple | list) and len(twins) == 2 and all(isinstance(one, Dialog) for one in twins)
        need(pair, "two dialogues, as in (one, two)", twins, 2)
        one, two = twins
        need(one is not two, "two dialogues", "one dialogue with two names", 2)
        need(one.turns == two.turns, "two equal dialogues", f"they differ; their seeds are {one.seed} and {two.seed}")
        return f"both were made with seed {one.seed}"


class SoldOut(Step):
    """Does it say what it was told to say?"""

    exercise = "03-sold-out"
    hints = (
        "for number, turn in enumerate(cake): print(number, turn.text)",
        "Read: who says that there is no chocolate cake? The number in front is the answer. -1, if nobody does.",
    )
    stretch = "make five of them with seeds 1 to 5. In how many is it said?"
    mistakes = (
        Mistake("It is a text", "turn_number = 'the second'"),
        Mistake("There is no such turn", "turn_number = 99"),
    )

    def check(self, cake: Dialog, turn_number: int) -> str:
        need(-1 <= turn_number < len(cake), f"a number from 0 to {len(cake) - 1}, or -1", turn_number)
        saying = [number for number, turn in enumerate(cake) if _GONE.search(turn.text)]
        yours: Any = "that nobody does" if turn_number == -1 else cake[turn_number].text
        need(not saying or turn_number in saying, "the turn that says so", yours, 2)
        if turn_number == -1:
            return "nobody says it: then the model did not do what it was asked. It happens"
        return f"it is said here: {cake[turn_number].text}"
