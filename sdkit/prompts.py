"""Every prompt, as a function of typed inputs.

One form for all models: it gives tiny models what they need (a worked example, a stated length) and takes nothing from
large ones. What a recording was made for is exactly what these functions return, so a change here breaks recordings.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sdkit.dialog import Dialog, Turn

Message = tuple[str, str]

DIALOGUE_SYSTEM = (
    "You write natural dialogues, from the first greeting to the goodbye. "
    "You are given what a dialogue is about and answer with the whole dialogue. "
    "Stay on the subject. Let each turn answer the one before it and add something new. Keep turns short."
)

WORKED_EXAMPLE = Dialog(
    scenario="Mia left her umbrella on the bus and asks Leo, who works at the station, for help.",
    turns=[
        Turn(speaker="Mia", text="Hello Leo! I think I left my umbrella on the bus."),
        Turn(speaker="Leo", text="Oh no. Which bus did you take?"),
        Turn(speaker="Mia", text="Number twelve, at about nine o'clock."),
        Turn(speaker="Leo", text="Then it is on its way back. What does your umbrella look like?"),
        Turn(speaker="Mia", text="It is yellow, with a wooden handle."),
        Turn(speaker="Leo", text="I will call the driver and keep it here for you."),
        Turn(speaker="Mia", text="That is very kind. Thank you, Leo!"),
        Turn(speaker="Leo", text="You are welcome. Goodbye, Mia!"),
    ],
)


def whole_dialogue(
    details: str,
    speakers: Sequence[str] | None = None,
    turns: tuple[int, int] | None = None,
    examples: Sequence[Dialog] = (),
) -> list[Message]:
    """Ask for a whole dialogue at once.

    Parameters
    ----------
    details
        What it is about, in the words of the user.
    speakers
        Who speaks, if that is fixed.
    turns
        At least and at most how many turns.
    examples
        Dialogues to learn from, each with its scenario.

    Returns
    -------
    list of (role, text)
        The system message, a question and an answer for each example, and the question.
    """
    messages = [("system", DIALOGUE_SYSTEM)]
    for example in examples:
        about = example.scenario or "A short conversation."
        about = about if isinstance(about, str) else json.dumps(about, ensure_ascii=False)
        cast = [str(speaker) for speaker in example.speakers]
        messages.append(("human", _question(about, cast, None)))
        said = [{"speaker": str(turn.speaker), "text": turn.text} for turn in example.turns]
        messages.append(("ai", json.dumps({"dialog": said}, ensure_ascii=False)))
    messages.append(("human", _question(details, speakers, turns)))
    return messages


def _question(details: str, speakers: Sequence[str] | None, turns: tuple[int, int] | None) -> str:
    lines = [details]
    if speakers:
        lines.append(f"Speakers: {', '.join(speakers)}.")
    if turns:
        low, high = turns
        lines.append(f"Length: {low} turns." if low == high else f"Length: {low} to {high} turns.")
    return "\n".join(lines)
