"""Sixty conversations whose end is known: does a model stop where the user would?

Users follow scripts and practice bots answer by rules, so that it is known after each answer whether the user goes on,
and why not. Prints the accuracy over all answers, that of always going on and of the most frequent state, and which
states are taken for which. Give models as arguments; embedded:qwen2.5-coder-1.5b if there are none.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sdkit.bots.scripts import scripted
from sdkit.dialog import Turn
from sdkit.llm import structured
from sdkit.llm.slots import Hold
from sdkit.llm.spec import judge_model
from sdkit.simulation.endings import GOES_ON, STATES, UserDone

MODELS = ["embedded:qwen2.5-coder-1.5b"]

# What the user wants, and what they write; at the end of the script all of it is answered by a good bot.
ERRANDS = (
    ("to know how long delivery takes", ("Hi, how long does delivery take?",)),
    ("to know if the shop is open on Sunday", ("hello, are you open on sunday?",)),
    ("to know how to send back a kettle", ("I want to return my kettle, how does that work?",)),
    ("to know what a longer warranty costs", ("What does it cost to extend the warranty?",)),
    ("a new kettle for the one that leaks", ("my kettle leaks!!", "4711", "yes please")),
    ("to know where order 5120 is", ("Where is my order?", "it's 5120")),
    ("to find a kettle for four people", ("Which kettle do you recommend?", "for four people")),
    ("to know if one can pay by invoice", ("Good morning. Can I pay by invoice?",)),
    ("delivery costs, and then opening hours", ("how much is delivery?", "and when are you open?")),
    ("to know if there are gift cards", ("Do you have gift cards?",)),
    ("to know how to get limescale out", ("How do I get rid of the limescale?",)),
    ("a kettle for one person and the price of delivery", ("I need a small kettle for one", "what is the delivery?")),
)
THANKS = ("Perfect, thank you! Bye.", "great, thx, that was all. bye", "Thank you very much, goodbye!")
# With a bot that loops, forgets or is rude: what the user wants, what they write, and how they give up.
TRIALS = (
    (
        "loops",
        "a new kettle for the one that leaks",
        ("my kettle leaks!!", "4711", "4711, I told you! This is useless"),
    ),
    (
        "loops",
        "to know where order 5120 is",
        ("Where is my order?", "it is 5120", "I give up, you only repeat yourself"),
    ),
    ("loops", "to find a kettle for four people", ("Which kettle do you recommend?", "for four", "oh forget it.")),
    ("loops", "a refund for order 733", ("I want my money back", "the number is 733", "Again the same? I am leaving.")),
    (
        "forgetful",
        "a new kettle for the one that leaks",
        ("my kettle leaks", "order 4711", "I said that! Never mind then"),
    ),
    (
        "forgetful",
        "to know where order 5120 is",
        ("Where is my order 5120?", "but I said 5120", "you are no help at all"),
    ),
    (
        "forgetful",
        "to find a kettle for four people",
        ("Which kettle for four people?", "under 50 pounds", "I give up."),
    ),
    (
        "forgetful",
        "to change the address of order 88",
        ("new address for 88", "to 3 Mill Lane", "Forget it, I'll phone."),
    ),
    (
        "rude",
        "to know how long delivery takes",
        ("How long does delivery take?", "To Leeds?", "No need to be rude. Bye."),
    ),
    ("rude", "a new kettle for the one that leaks", ("my kettle leaks", "why so rude?", "I've had enough of this.")),
    (
        "rude",
        "to know if one can pay by invoice",
        ("Can I pay by invoice?", "yes or no?", "Unbelievable. I'll go elsewhere."),
    ),
    ("rude", "to find a kettle for four people", ("Which kettle is best?", "for four", "You know what? Forget it.")),
)


@dataclass(frozen=True)
class Known:
    """A conversation, and what is known after each of its answers.

    Attributes
    ----------
    goal : str
        What the user wants.
    turns : list of Turn
        What was said.
    states : dict
        From the number of turns after an answer to the state, one of `STATES`.
    """

    goal: str
    turns: list[Turn]
    states: dict[int, str]


def known(kind: str, goal: str, script: tuple[str, ...], states: tuple[str, ...]) -> Known:
    """Let a bot of this kind answer the script; `states` has one for each answer."""
    return Known(goal, scripted(kind, script), {2 * number + 2: state for number, state in enumerate(states)})


def conversations() -> Iterator[Known]:
    """Make 12 conversations that go on, and 12 of each of four ends."""
    for number, (goal, script) in enumerate(ERRANDS):
        on = (GOES_ON,) * len(script)
        yield known("good", goal, script, (*on[:-1], "need met"))
        yield known("good", goal, (*script, THANKS[number % 3]), (*on[:-1], "need met", "said goodbye"))
        yield known("refuses", goal, script[:1], ("dead end",))
        broken, wish, attempts = TRIALS[number]
        yield known(broken, wish, attempts, (GOES_ON, GOES_ON, "frustrated"))
        # The second wish is not answered yet.
        other = ERRANDS[(number + 5) % len(ERRANDS)]
        yield known("good", f"two things: {goal}; and {other[0]}", script, on)


async def decide(model: str) -> tuple[list[tuple[str, str]], float]:
    """Return of each answer the state that is known and the one that the model finds, and the seconds it took."""
    llm, pairs, began = judge_model(model), [], time.perf_counter()
    hold = Hold(alone=True)
    with hold.running(), hold.slot(2):  # the judge's, as in a conversation: the examples are evaluated once
        for each in conversations():
            for count, state in each.states.items():
                question = UserDone(each.goal).question(each.turns[:count])
                answer = await structured.arequest(question, UserDone.schema, model=llm, seed=count)
                pairs.append((state, answer.value.state))
    return pairs, time.perf_counter() - began


def share(pairs: list[tuple[str, str]]) -> float:
    """Return how often it is right whether the conversation is over."""
    return sum((a == GOES_ON) == (b == GOES_ON) for a, b in pairs) / len(pairs)


def main() -> None:
    total = list(conversations())
    states = Counter(state for each in total for state in each.states.values())
    goes_on, most = states[GOES_ON] / states.total(), max(states.values()) / states.total()
    print(f"{len(total)} conversations, {states.total()} answers: {dict(states)}\n")
    print("| | over or not | which state | last answers | seconds |\n|---|---|---|---|---|")
    ends = [list(each.states.values())[-1] for each in total]
    last = sum(end == GOES_ON for end in ends) / len(ends)
    print(f"| always to the limit | {goes_on:.2f} | {goes_on:.2f} | {last:.2f} | |")
    print(f"| the most frequent | {max(goes_on, 1 - goes_on):.2f} | {most:.2f} | {max(last, 1 - last):.2f} | |")
    tables = []
    for model in sys.argv[1:] or MODELS:
        pairs, seconds = asyncio.run(decide(model))
        exact = sum(a == b for a, b in pairs) / len(pairs)
        places, at = [], -1
        for each in total:
            at += len(each.states)
            places.append(pairs[at])
        print(f"| {model} | {share(pairs):.2f} | {exact:.2f} | {share(places):.2f} | {seconds:.0f} |", flush=True)
        tables.append((model, Counter(pairs)))
    for model, counts in tables:
        print(f"\n{model}: known (row) and found (column)\n")
        print("| |" + "|".join(STATES) + "|\n|" + "---|" * (len(STATES) + 1))
        for row in STATES:
            if any(counts[row, column] for column in STATES):
                print(f"| {row} |" + "|".join(str(counts[row, column] or "") for column in STATES) + "|")


if __name__ == "__main__":
    main()
