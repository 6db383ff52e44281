"""The prompts of personas for an assistant: in what its users differ, and one more of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sdkit.prompts import Message

VALUES_SYSTEM = (
    "You list in what the users of an assistant differ. Each entry is about a user, not about the assistant: everyday, "
    "particular, and about something else than all others. A few words each."
)
VALUES_EXAMPLES = (
    (
        "goal: the situation in which a user comes to the assistant, and what the user wants",
        (
            "has spinach that goes bad tomorrow and wants to use it up",
            "cooks for a guest on Sunday who eats no gluten",
            "wants to know why the cake has sunk in the middle",
            "needs cheap dinners for a week of exams",
        ),
    ),
    (
        "pet: an animal that a user keeps",
        ("an old tabby cat", "two canaries", "a greyhound from a shelter", "goldfish"),
    ),
)
"""What is asked about the assistant of `PERSONA_EXAMPLE`, and the answers."""

PERSONA_SYSTEM = (
    "You invent people who use an assistant: believable, everyday, each different from all others. You are given facts "
    "about one person and write that person down. Every fact stands in the text, in the words in which it is given; "
    "the rest you make up so that it fits."
)
PERSONA_EXAMPLE = (
    ("Kitchen Kai", "Kitchen Kai helps people cook with what is in their fridge."),
    (
        ("initials", "T. W."),
        ("age", "52"),
        ("expertise", "a complete beginner"),
        ("goal", "cooks for a guest on Sunday who eats no gluten"),
        ("patience", "easily frustrated"),
        ("language style", "formal and polite"),
    ),
    {
        "name": "Tomasz Wilk",
        "description": "A 52-year-old bus driver who lives alone near the harbour. He is a complete beginner, and says "
        "so.",
        "personality": "Proud, and easily frustrated when something does not work at once. His language style is "
        "formal and polite.",
        "scenario": "Cooks for a guest on Sunday who eats no gluten. His sister comes for the first time in years, and "
        "he wants one dish that cannot go wrong.",
        "summary": "Easily frustrated bus driver who needs a dish without gluten for his sister.",
    },
)
"""An assistant, facts about one of its users, and that user: without them, a model of 1.5 billion parameters writes a
user who helps the assistant, and leaves out every second fact."""


@dataclass(frozen=True)
class Asked:
    """What is asked about a user of an assistant.

    Attributes
    ----------
    assistant : tuple of str
        Its name, and what it is for.
    facts : sequence of (str, str)
        A label and a text for each.
    missing : sequence of (str, str)
        The name and the label of each field that is to be filled in.
    about : str
        What class of people this is; "" if that goes without saying.
    explained : collection of str
        The fields whose label is told in any case, also where the example shows what is to be filled in.
    """

    assistant: tuple[str, str]
    facts: Sequence[tuple[str, str]]
    missing: Sequence[tuple[str, str]]
    about: str = ""
    explained: Collection[str] = ()


def distinct_values(
    assistant: tuple[str, str], name: str, what: str, count: int, known: Sequence[str]
) -> list[Message]:
    """Ask for values of an attribute in which the users of an assistant differ.

    Parameters
    ----------
    assistant
        Its name, and what it is for.
    name
        Of the attribute.
    what
        What to list.
    count
        How many.
    known
        Values that are there already.
    """

    def asked(about: tuple[str, str], wanted: str, number: int) -> str:
        return f"The assistant: {about[0]}. {about[1]}\n{wanted} ({number})"

    messages: list[Message] = [("system", VALUES_SYSTEM)]
    for wanted, values in VALUES_EXAMPLES:
        messages.append(("human", asked(PERSONA_EXAMPLE[0], wanted, len(values))))
        messages.append(("ai", json.dumps({"values": values})))
    lines = [asked(assistant, f"{name}: {what}" if what else name, count)]
    if known:
        lines += ["There already are these, which you do not repeat:", *(f"- {value}" for value in known)]
    return [*messages, ("human", "\n".join(lines))]


def another_persona(
    asked: Asked,
    others: Sequence[str] = (),
    again: tuple[str, str] | None = None,
) -> list[Message]:
    """Ask for one more user of an assistant.

    Parameters
    ----------
    asked
        The facts, and what to fill in.
    others
        Who is there already, in a line each.
    again
        Why the last one would not do, and the earlier person to whom it was too near; "" if there is none.
    """
    example, facts, user = PERSONA_EXAMPLE
    messages: list[Message] = [("system", PERSONA_SYSTEM)]
    plain = {name for name, _ in asked.missing} <= user.keys()
    if plain:
        messages.append(("human", _wanted(Asked(example, facts, ()))))
        written = {name: user[name] for name, _ in asked.missing}
        messages.append(("ai", json.dumps(written, ensure_ascii=False)))
        asked = replace(asked, missing=[each for each in asked.missing if each[0] in asked.explained])
    return [*messages, ("human", _wanted(asked, others, again))]


def _wanted(asked: Asked, others: Sequence[str] = (), again: tuple[str, str] | None = None) -> str:
    lines = [f"The assistant: {asked.assistant[0]}. {asked.assistant[1]}"]
    if others:
        lines += ["", "These people are there already:", *(f"- {line}" for line in others)]
    if again is not None:
        reason, person = again
        lines += ["", f"Your last one would not do: {reason}."]
        lines += ["Do not write this one again:", person] if person else []
    who = f", {asked.about}" if asked.about else ""
    differs = " who differs from all of them" if others else ""
    lines += ["", f"Write down another person{who}{differs}, with these facts:"]
    lines += [f"- {label}: {text}" for label, text in asked.facts]
    if asked.missing:
        lines += ["", "Fill in, a few words or one or two sentences each:"]
        lines += [f"- {name}" + (f": {label}" if label != name else "") for name, label in asked.missing]
    return "\n".join(lines)
