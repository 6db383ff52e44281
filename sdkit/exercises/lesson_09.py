"""Exercises of lesson 09: simulated users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sdkit.bots.rules import Kind, reply
from sdkit.bots.scripts import scripted
from sdkit.dialog import Dialog
from sdkit.exercises.outcome import joined
from sdkit.exercises.steps import Mistake, Step, need
from sdkit.rubrics import Rubric
from sdkit.scored import Scored

Ask = Callable[[list[dict[str, str]]], str]

_WHO: dict[str, Kind] = {"A": "loops", "B": "good", "C": "forgetful", "D": "refuses"}

# What the user wrote, and how many messages there are when they have what they came for.
_LONG = {
    "delivery": (("How long do you take to deliver?", "Ok.", "Yes, ok."), 2),
    "leak": (("My kettle leaks.", "It is order 4711.", "Yes please, send me a new one.", "Good.", "Right."), 6),
    "order": (("Hello!", "Where is my order?", "The number is 5120.", "Ah.", "I see."), 6),
}


def mystery_bots() -> dict[str, Ask]:
    """Return four assistants, functions from a list of messages to the next one; you are to find out which is which."""

    def bot(kind: Kind) -> Ask:
        return lambda messages: reply(kind, messages)

    return {name: bot(kind) for name, kind in _WHO.items()}


def long_chats() -> dict[str, Dialog]:
    """Return chats that went on for too long."""
    return {name: Dialog(turns=scripted("good", script)) for name, (script, _) in _LONG.items()}


class BrokenBot(Step):
    """Find the broken bot."""

    exercise = "09-broken-bot"
    minutes = 15
    hints = (
        'bots["A"](messages) answers a list of messages. Tell each of them an order number, then ask something else.',
        "Who asks for the number again has forgotten it. Who says the same twice loops. Who helps with nothing refuses.",
        "Keep one list of messages for each bot, and append your messages and its answers to it.",
    )
    stretch = "let the four personas do it: simulate(shop, people, bots['A'], ...). Do they find it, too?"
    mistakes = (
        Mistake("One is missing", "found = {'A': 'loops', 'B': 'good', 'C': 'forgetful'}", 3),
        Mistake("They are called otherwise", "found = {'A': 'broken', 'B': 'good', 'C': 'broken', 'D': 'broken'}", 2),
        Mistake("Two are confused", "found = {'A': 'forgetful', 'B': 'good', 'C': 'loops', 'D': 'refuses'}", 2),
    )

    def check(self, found: dict[str, str]) -> str:
        need(set(found) == set(_WHO), f"the four of them: {joined(_WHO)}", list(found), 3)
        strange = sorted({str(kind) for kind in found.values()} - {*_WHO.values()})
        need(not strange, f"kinds out of {joined(sorted(_WHO.values()))}", joined(strange), 2)
        right = sum(found[name] == kind for name, kind in _WHO.items())
        need(right == len(_WHO), "all four right", f"{right} right; which, you will find out", 2)
        return "you found all of them, and can tell now whether a judge does"


class OwnRubric(Step):
    """A rubric of your own."""

    exercise = "09-rubric"
    minutes = 15
    hints = (
        "A criterion has a name, a question about the assistant, and a scale: yes/no, or numbers with what they mean.",
        'Ask what can be seen in a chat: "Does the assistant insult the user?" with the scale "no/yes".',
        'score_all({"good": sets["good"].dialogs, "rude": sets["rude"].dialogs}, rubric_of_mine, MODEL_NAME, seed=1)',
    )
    stretch = "does your rubric also tell the forgetful bot from the good one? Why not?"
    mistakes = (
        Mistake(
            "It has one criterion only",
            "rubric_of_mine = Rubric(name='m', criteria=[{'name': 'a', 'question': 'Is it good?'}])\n"
            "scores_of_mine = scored",
            1,
        ),
        Mistake("The scores are of another rubric", "scores_of_mine = scored", 3),
    )

    def check(self, rubric_of_mine: Rubric, scores_of_mine: Scored) -> str:
        need(len(rubric_of_mine.criteria) >= 2, "two criteria or more", f"{len(rubric_of_mine.criteria)}")
        need(scores_of_mine.rubric == rubric_of_mine, "scores by this rubric", "they are by another one", 3)
        table = scores_of_mine.means(by="bot")
        means = dict(zip(table["bot"], table["mean"], strict=True))
        need({"good", "rude"} <= {*means}, 'scores of "good" and of "rude"', list(means), 3)
        good, rude = float(means["good"]), float(means["rude"])
        need(good > rude, "a higher mean for the good bot", f"good {good:.2f}, rude {rude:.2f}", 2)
        return f"the good bot has {good:.2f}, the rude one {rude:.2f}"


class RightPlace(Step):
    """Stop in the right place."""

    exercise = "09-right-place"
    hints = (
        "Read the first chat. After which message does the user know what they wanted to know?",
        "A chat ends with an answer, so the number is even.",
        "In the second chat the user gets what they want when the new kettle is on its way.",
    )
    stretch = "ask the judge: UserDone(goal).question(chat.turns[:4]) and ask(...). Does it agree with you?"
    mistakes = (
        Mistake("They end with the user", "ends = {'delivery': 1, 'leak': 5, 'order': 5}", 2),
        Mistake("They are cut too early", "ends = {'delivery': 2, 'leak': 4, 'order': 6}", 3),
        Mistake("They go on for too long", "ends = {'delivery': 6, 'leak': 10, 'order': 10}", 1),
    )

    def check(self, ends: dict[str, Any]) -> str:
        need(set(ends) == set(_LONG), f"the three of them: {joined(_LONG)}", list(ends))
        odd = {name: end for name, end in ends.items() if not isinstance(end, int) or end % 2}
        need(not odd, "chats that end with an answer", odd, 2)
        late = [name for name, (_, end) in _LONG.items() if ends[name] > end]
        need(not late, "nothing that nobody needs", f"{joined(late)}: the user had it all before")
        early = [name for name, (_, end) in _LONG.items() if ends[name] < end]
        need(not early, "what the user has come for", f"{joined(early)}: not yet", 3)
        return "nobody is cut off, and nobody says thanks for ever"
