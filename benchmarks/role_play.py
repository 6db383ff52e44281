"""Role-play on the embedded model: dialogues in one call, and what each turn of a conversation costs.

First, dialogues between two personas, one request each: how many have exactly the cast, and how varied they are. Then a
conversation of 20 turns with a judge: how many tokens of each prompt had to be evaluated.
"""

from __future__ import annotations

import argparse
import dataclasses
import time

import quality

from sdkit.agents import PersonaAgent
from sdkit.conversation import Conversation
from sdkit.generators import PersonaDialogGenerator
from sdkit.personas import Customer, Doctor, Patient, Persona, Student, SupportAgent, Teacher

CASTS = (
    (
        Persona(name="Bob", role="great dad", personality="an extremely happy person that likes to help people"),
        Persona(name="Alice", role="lovely daughter", circumstances="You want a Lord of the Rings party."),
    ),
    (Doctor(name="Dr. Meyer", manner="calm"), Patient(name="Tom", age=52, complaint="a cough for three weeks")),
    (SupportAgent(name="Kim", company="Blue Kettle"), Customer(name="Ivo", product="kettle", problem="it leaks")),
    (Teacher(name="Ms. Rossi", subject="fractions"), Student(name="Leo", age=11, difficulty="adding thirds")),
    (Persona(role="shop assistant"), Persona(role="tourist who has lost the way")),
)


class Talkative(Conversation):
    """A conversation that the judge is asked to end and cannot, so that all turns are there to be counted."""

    def _heed(self, reply):
        super()._heed(dataclasses.replace(reply, value=reply.value.model_copy(update={"over": False})))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded:smollm2-135m")
    parser.add_argument("--dialogues", type=int, default=20)
    parser.add_argument("--turns", type=int, default=20)
    options = parser.parse_args()

    made = []
    for number in range(options.dialogues):
        personas = CASTS[number % len(CASTS)]
        made.append((PersonaDialogGenerator(options.model, *personas), number))
    quality.report(made, at_least=6)

    bob, alice = (PersonaAgent(persona, options.model) for persona in CASTS[0])
    conversation = Talkative(alice, bob, options.turns, seed=1)
    started = time.perf_counter()
    dialog = conversation.run()
    took = time.perf_counter() - started
    print(f"\n{len(dialog)} turns, {took:.1f} s; prompt tokens evaluated, of those in the prompt")
    for who in ("Alice", "Bob", "judge"):
        replies = [step.reply for step in conversation.steps if step.who == who]
        print(f"{who:6}", " ".join(f"{r.prompt_tokens - r.cached_tokens}/{r.prompt_tokens}" for r in replies))
    turns = [0] * len(dialog)
    for step in conversation.steps:
        turns[step.turn] += step.reply.prompt_tokens - step.reply.cached_tokens
    print("turn  ", " ".join(map(str, turns)))
    again = Talkative(alice, bob, options.turns, seed=1).run()
    print(
        f"the same seed again: {sum(a == b for a, b in zip(dialog, again, strict=True))} of {len(dialog)} turns equal"
    )


if __name__ == "__main__":
    main()
