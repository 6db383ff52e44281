"""What a factory asks a model for: a scenario, and a dialogue for it.

What a recording was made for is exactly what these functions return, so a change here breaks recordings.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sdkit.factory.items import Item
from sdkit.prompts import Message

SCENARIO_SYSTEM = (
    "You invent scenarios for conversations between a user and the assistant of a service. You are given facts, and "
    "write two or three short sentences: who the user is, what the user wants, where and when. Use all the facts. "
    "Write no dialogue."
)
DIALOGUE_SYSTEM = (
    "You write conversations between a user and the assistant of a service, as they are typed or spoken. A turn is "
    "what the user says, the user's intent in one to three words with underscores, and what the assistant responds. "
    "Each turn answers the one before it and adds something new: details, choices, questions, prices, times. "
    "Let the feelings of both be heard in how they speak, without naming them."
)
ENDINGS = {
    "Resolved": "It is done: in the last response, the assistant confirms what is booked, changed or solved.",
    "Failed": "It cannot be done: in the last response, the assistant says that it is not possible, and why.",
    "Escalated": (
        "The assistant may not decide it: in the last response, the assistant hands it over to a supervisor or another "
        "department, and says to whom, why, and what comes next."
    ),
}
"""How a dialogue ends; other words for it than these three are told to the model as they are."""
_EXAMPLE_FACTS = (
    "Services: library\n"
    "The user comes for: loan extension\n"
    "Place: Lyon\n"
    "Time: 10:15 (Late Morning)\n"
    "The user: A night nurse who reads on the tram."
)
_EXAMPLE_SCENARIO = (
    "A night nurse has not finished her novel. At 10:15 in the late morning she asks the city library of Lyon to let "
    "her keep it for another week."
)
_EXAMPLE_TURNS = (
    (
        "Good morning, could I keep a novel for another week?",
        "ask_extension",
        "Good morning! Which library in Lyon is it from, and when is it due?",
    ),
    (
        "The one at the station, and today at noon. It is 10:15 already!",
        "give_details",
        "No worry, nobody is waiting for it. You can keep it until Friday next week.",
    ),
)
_BASE_LINES, _BASE_LETTERS = 2, 300  # of a base dialogue: small models copy all that they are shown


def scenario(item: Item, persona: str) -> list[Message]:
    """Ask for a scenario."""
    facts = "\n".join(
        [
            f"Services: {_listed(item.services)}",
            f"The user comes for: {_spaced(item.category)}",
            f"Place: {item.region}",
            f"Time: {item.time} ({item.time_slot[2]})",
            *([f"The user: {persona}"] if persona else []),
        ]
    )
    return [
        ("system", SCENARIO_SYSTEM),
        ("human", _EXAMPLE_FACTS),
        ("ai", json.dumps({"scenario": _EXAMPLE_SCENARIO})),
        ("human", facts),
    ]


def dialogue(item: Item, about: str, persona: str, base: str) -> list[Message]:
    """Ask for a dialogue.

    Parameters
    ----------
    item
        What it is to be.
    about
        The scenario.
    persona
        Who the user is; "" if nobody in particular.
    base
        Another dialogue about the like, of which the beginning is shown; "" if there is none.
    """
    low, high = item.min_turns, item.max_turns
    ending = ENDINGS.get(item.resolution_status, "The last responses show that.")
    lines = [
        f"Scenario: {about}",
        f"Services: {_listed(item.services)}. The user comes for: {_spaced(item.category)}.",
        *([f"The user: {persona}"] if persona else []),
        f"The user is {_lower(item.user_emotion)}; the assistant is {_lower(item.assistant_emotion)}.",
        f"The place, {item.region}, and the time, {item.time} ({item.time_slot[2].lower()}), are mentioned.",
        f"Length: {low} turns." if low == high else f"Length: {low} to {high} turns.",
        f"Ending: {item.resolution_status}. {ending}",
    ]
    if base:
        lines.insert(0, f"Another conversation, about something else, began like this:\n{_begun(base)}\n")
    return [
        ("system", DIALOGUE_SYSTEM),
        ("human", f"Scenario: {_EXAMPLE_SCENARIO}\nLength: 2 turns.\nEnding: Resolved. {ENDINGS['Resolved']}"),
        ("ai", _answer(_EXAMPLE_TURNS, "The assistant confirms that she can keep the novel until Friday next week.")),
        ("human", "\n".join(lines)),
    ]


def _answer(turns: Sequence[tuple[str, str, str]], ending: str) -> str:
    names = ("utterance", "intent", "assistant_response")
    listed = [dict(zip(names, turn, strict=True)) for turn in turns]
    return json.dumps({"ending": ending, "turns": listed}, ensure_ascii=False)


def _listed(services: Sequence[str]) -> str:
    return " and ".join([", ".join(services[:-1]), services[-1]] if len(services) > 1 else services)


def _spaced(category: str) -> str:
    return category.removesuffix("_general").replace("_", " ")


def _lower(emotion: str) -> str:
    return emotion[:1].lower() + emotion[1:]


def _begun(base: str) -> str:
    """Return the beginning of a dialogue."""
    return "\n".join(base.split("\n")[:_BASE_LINES])[:_BASE_LETTERS]
