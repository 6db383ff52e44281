"""Does a model that judges by a rubric find the good bot? 20 conversations each with the good, the forgetful, the rude.

The users follow scripts, the same for all bots. Prints the means of the groups, and how often a conversation with the
good bot is better than its twin with another one.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from math import isnan, nan

from sdkit.bots.scripts import scripted
from sdkit.dialog import Dialog
from sdkit.rubrics import Rubric
from sdkit.scored import Scored
from sdkit.scoring import score_all

KINDS = ("good", "forgetful", "rude")
SCRIPTS = (
    ("Hi, my order BK-2291 has not arrived yet.", "Can I still change the address?", "It is 14 Mill Lane.", "Thanks!"),
    ("My kettle leaks at the handle, order number 4711.", "Yes please, a new one.", "When will it come?", "Bye!"),
    (
        "Hello, I am Tom, order 3003. Has it left yet? Please track it.",
        "I would like to cancel it.",
        "When will I get my money?",
    ),
    ("Order BK-1007: the lid is broken.", "I would rather have my money back.", "How long does that take?", "Thanks."),
    (
        "I moved house, my order is BK-6161.",
        "It is 9 Park Street.",
        "Where is my parcel now?",
        "What does delivery cost?",
    ),
    (
        "I am still waiting for order BK-3310! This is ridiculous.",
        "Then cancel it.",
        "When will I get my money?",
        "Okay, bye.",
    ),
    ("Please cancel my order, number 8820.", "How long until I have my money?", "Do you sell tea?", "Thank you, bye."),
    (
        "My name is Sara, I want to return order 5512.",
        "How long does the money take?",
        "How can I pay next time?",
        "Okay, bye.",
    ),
    ("The kettle of order 6040 does not heat any more.", "Yes, please.", "Is my order under warranty now?", "Thanks!"),
    (
        "Hello! I bought a kettle, order BK-7123.",
        "It drips.",
        "A replacement, please.",
        "When will it be here?",
        "Bye!",
    ),
    ("Where is my parcel? The order is BK-9001.", "Send it somewhere else, please.", "3 Harbour Road.", "Thank you."),
    ("I have order 2020. Where is my parcel?", "I no longer need it, cancel it.", "Which kettle is best for a family?"),
    ("Your service is awful. My kettle, order BK-4455, rusts.", "A refund, please.", "How long will it take?", "Bye."),
    (
        "My order 7878 came with a crack.",
        "Send me a new one, please.",
        "How much is the delivery?",
        "When will it come?",
    ),
    (
        "I have order 1212. Where is my order?",
        "Can I return it if I do not like it?",
        "What about the warranty?",
        "Thanks.",
    ),
    (
        "My order BK-5150 is late.",
        "Then I would like to change the address.",
        "To 7 Station Road.",
        "When will it arrive?",
    ),
    (
        "Hi, this is Ben. The spout of my teapot broke, order 9393.",
        "No, I want a refund.",
        "How soon?",
        "Thank you, bye.",
    ),
    ("I complain about order BK-8008: it never turns on.", "Yes, send a new one.", "When will it come?"),
    ("Track order 6677, please.", "How do I clean my kettle?", "And can you cancel that order?", "Thanks, goodbye."),
    (
        "Hello, I am Mia. Order 4040 has not come.",
        "What are your hours?",
        "Please change the address to 2 Green Lane.",
        "Thank you!",
    ),
)


def conversation(kind: str, script: tuple[str, ...]) -> Dialog:
    return Dialog(turns=scripted(kind, script))


def twins(scored: Scored, count: int) -> Iterator[tuple[str, int, int, int]]:
    """Yield for each other bot how often the good one's conversation is better than its twin, equal, and worse."""
    means = {
        kind: [each.mean if each else nan for each in scored.scores[place * count : (place + 1) * count]]
        for place, kind in enumerate(KINDS)
    }
    for other in KINDS[1:]:
        pairs = [pair for pair in zip(means["good"], means[other], strict=True) if not any(map(isnan, pair))]
        better, equal = sum(a > b for a, b in pairs), sum(a == b for a, b in pairs)
        yield other, better, equal, len(pairs) - better - equal


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded:qwen2.5-coder-1.5b")
    parser.add_argument("--rubric", default="datasets/rubrics/support.yaml")
    parser.add_argument("--count", type=int, default=len(SCRIPTS), help="how many conversations of each bot")
    options = parser.parse_args()

    bots = {kind: [conversation(kind, script) for script in SCRIPTS[: options.count]] for kind in KINDS}
    began = time.perf_counter()
    scored = score_all(bots, Rubric.from_file(options.rubric), options.model, seed=1)
    seconds = time.perf_counter() - began
    print(scored.means("bot").round(2).to_string(index=False))
    for other, better, equal, worse in twins(scored, options.count):
        print(f"good against its {other} twin: better in {better}, equal in {equal}, worse in {worse}")
    print(f"{len(scored.failed)} failed; {seconds:.0f} s, {seconds / len(scored.scores):.1f} s a dialogue")


if __name__ == "__main__":
    main()
