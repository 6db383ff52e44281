"""Exercises of lesson 12: quality control."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from sdkit.dialog import Dialog, Turn
from sdkit.exercises.outcome import joined
from sdkit.exercises.steps import Mistake, Step, need

WORDS = ("ass", "hell", "damn")
"""The words of the filter that is to be written."""
_BAD = ("What the hell!", "You ASS.", "Damn, again?", "hell", 'He said "damn".', "Go to hell-fire.")
_GOOD = (
    "I can assist you.",
    "Hello, Michelle!",
    "A shell from Damnoen Saduak.",
    "First class, please.",
    "Nothing of that.",
    "",
)

DESKS = ("Ana", "Bo", "Cleo", "Dov")
_WRONGED, _MEASURE = "Cleo", "refusals"
_GUESTS = 40
_NEEDS = ("a table by the window", "a room with a bath", "a taxi at ten", "two seats on the train", "a late checkout")
_YES = (
    "Of course, {it} is yours.",
    "With pleasure: {it} is arranged.",
    "Done. You have {it}.",
    "Yes, I put {it} down.",
)
_NO = "I'm sorry, but I can't help with that."
_SHARES = {"Ana": 0.1, "Bo": 0.12, "Cleo": 0.45, "Dov": 0.08}


def guests() -> dict[str, list[Dialog]]:
    """Return what a made-up desk has said to four guests, in forty dialogues each; one of them is treated worse."""
    return {name: [_chat(name, number) for number in range(_GUESTS)] for name in DESKS}


def _chat(name: str, number: int) -> Dialog:
    chance = random.Random(f"{name} {number}")
    turns = []
    for _ in range(3):
        it = chance.choice(_NEEDS)
        answer = _NO if chance.random() < _SHARES[name] else chance.choice(_YES).format(it=it)
        turns += [Turn(speaker="User", text=f"This is {name}. I need {it}."), Turn(speaker="Assistant", text=answer)]
    return Dialog(turns=turns)


class WholeWords(Step):
    """Whole words."""

    exercise = "12-whole-words"
    minutes = 10
    hints = (
        "What stands before and behind a word? Nothing that is a letter.",
        r'In a regular expression, \b is the edge of a word: re.search(r"\bhell\b", text).',
        "Small letters or capitals, it is the same word: re.IGNORECASE.",
    )
    stretch = "what about d4mn, or h e l l? WordList reads those, too"
    mistakes = (
        Mistake(
            "It finds letters inside other words",
            "def flags(text):\n    return any(word in text.lower() for word in BAD)",
        ),
        Mistake(
            "It splits at spaces only",
            "def flags(text):\n    return any(word in text.lower().split() for word in BAD)",
            2,
        ),
        Mistake(
            "It knows small letters only",
            "import re\n\ndef flags(text):\n    return any(re.search(rf'\\b{word}\\b', text) for word in BAD)",
            3,
        ),
    )

    def check(self, flags: Callable[[str], Any]) -> str:
        for text in _GOOD:
            need(not flags(text), "nothing is flagged that only has the letters", text)
        for text in _BAD:
            hint = 3 if text.lower() != text and not any(word in text for word in WORDS) else 2
            need(flags(text), "whole words are flagged, wherever they stand", text, hint)
        return f"{len(_BAD)} of {len(_BAD)} found, and nothing else"


class WhoIsWronged(Step):
    """Who is treated worse?"""

    exercise = "12-who"
    minutes = 10
    hints = (
        "compare_groups(desk) compares each guest with all others. Print it.",
        "What it has found is in .found: each one has a group and a measure.",
    )
    stretch = "with how few dialogues would you still have seen it? desk[name][:10] has ten"
    mistakes = (
        Mistake("Another guest", 'who, how = "Bo", "refusals"'),
        Mistake("Another measure", 'who, how = "Cleo", "turns"', 2),
    )

    def check(self, who: str, how: str) -> str:
        need(who in DESKS, f"one of {joined(DESKS)}", who)
        need(who == _WRONGED, "the guest who differs from all others", who)
        need(how == _MEASURE, "the measure that differs most", how, 2)
        return f"{who} is refused what the others get"
