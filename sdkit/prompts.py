"""Every prompt, as a function of typed inputs.

One form for all models: it gives tiny models what they need (a worked example, a stated length) and takes nothing from
large ones. What a recording was made for is exactly what these functions return, so a change here breaks recordings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sdkit.dialog import Dialog, Turn

Message = tuple[str, str]


@dataclass(frozen=True)
class Voice:
    """Who speaks.

    Attributes
    ----------
    name : str
        Under which name.
    description : str
        What a model reads of the persona.
    """

    name: str
    description: str


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


ONE_UTTERANCE = "Use one or two short sentences, as people do when they talk."

ROLES = "They stay in their roles, know only their own, and never read them out. The dialogue is about what they want."

OVER_SYSTEM = (
    "You read a conversation and decide whether it is over. It is over when the last line is a goodbye that needs no "
    "answer. It goes on while somebody still has to answer."
)
OVER_QUESTION = "Is the conversation over?"
OVER_EXAMPLES = (
    (slice(0, 2), "asks", "Leo has asked which bus it was, and Mia has not answered yet.", False),
    (slice(4, 7), "thanks", "Mia has thanked Leo, and he has not said goodbye yet.", False),
    (slice(6, 8), "says goodbye", "Leo has said goodbye, and Mia needs nothing more.", True),
)
"""Parts of `WORKED_EXAMPLE`, what the last line does, and the decision with its reason: without them, a model of 1.5
billion parameters finds nearly every conversation over (measured)."""
ACTS = ("greets", "asks", "answers or tells", "offers or promises", "thanks", "says goodbye")
"""What a line does: its dialogue act, in a few words."""


HOLDS_SYSTEM = (
    "You read a dialogue and a statement about it, and decide whether the statement is true. Go by what is said in the "
    "dialogue, and by nothing else: what is promised, hoped or denied has not happened."
)
HOLDS_EXAMPLES = (
    ("Leo tells Mia where her umbrella is.", "Then it is on its way back.", "Leo says that it is on its way.", True),
    ("Mia gets her umbrella back.", "I will keep it here for you.", "Leo will keep it, but Mia has not got it.", False),
)
"""Statements about `WORKED_EXAMPLE`, what is said about them, the reason, and the decision."""


def does_it_hold(lines: Sequence[str], statement: str) -> list[Message]:
    """Ask whether a statement about a dialogue is true."""

    def asked(said: Sequence[str], claim: str) -> Message:
        return "human", "\n".join([*said, "", f"Statement: {claim}", "Is it true?"])

    messages: list[Message] = [("system", HOLDS_SYSTEM)]
    example = WORKED_EXAMPLE.description().splitlines()
    for claim, evidence, reason, holds in HOLDS_EXAMPLES:
        answer = json.dumps({"evidence": evidence, "reason": reason, "holds": holds})
        messages += [asked(example, claim), ("ai", answer)]
    return [*messages, asked(lines, statement)]


GOOD_SYSTEM = (
    "You rate dialogues from 1 to 5: 1 is very bad, 2 bad, 3 so-so, 4 good, 5 very good. Be strict, and use the whole "
    "scale. Rate only what you are asked about."
)


def how_good(lines: Sequence[str], question: str) -> list[Message]:
    """Ask for a rating of a dialogue."""
    return [("system", GOOD_SYSTEM), ("human", "\n".join([*lines, "", question]))]


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


FILL_SYSTEM = (
    "You invent people for dialogues: believable, particular, each different from the last. "
    "You are given what is known about somebody, and fill in what is missing so that it fits. "
    "Be brief: a few words for each, one sentence at most."
)


def fill(kind: str, about: str, known: Sequence[tuple[str, str]], missing: Sequence[tuple[str, str]]) -> list[Message]:
    """Ask for what is missing about a persona.

    Parameters
    ----------
    kind
        What the persona's class is called.
    about
        What its docstring says.
    known
        A label and a text for each field that is given.
    missing
        The name and the label of each field that is wanted.
    """
    lines = [f"Somebody to play: {kind}. {about}".strip()]
    if known:
        lines += ["", "What is known:", *(f"- {label}: {text}" for label, text in known)]
    wanted = (f"- {name}" + (f": {label}" if label != name else "") for name, label in missing)
    lines += ["", "What is missing, each in the second person (you are ...) where it is a sentence:", *wanted]
    return [("system", FILL_SYSTEM), ("human", "\n".join(lines))]


def role_play(
    cast: Sequence[Voice],
    details: str = "",
    response_details: str = "",
    turns: tuple[int, int] | None = None,
    examples: Sequence[Dialog] = (),
) -> list[Message]:
    """Ask for a whole dialogue between personas at once.

    Parameters
    ----------
    cast
        Who speaks; the first one begins.
    details
        What the dialogue is about.
    response_details
        How they speak.
    turns, examples
        As in `whole_dialogue`.
    """
    names = [voice.name for voice in cast]
    parts = [f"{' and '.join(names)} talk. {names[0]} speaks first."]
    parts += [f"{voice.name} has this role:\n{voice.description}" for voice in cast if voice.description]
    parts.append(ROLES)
    parts += [text for text in (details, response_details) if text]
    return whole_dialogue("\n\n".join(parts), names, turns, examples)


def party(
    me: Voice, other: str, *, details: str, response_details: str, turns: Sequence[Turn], told: Mapping[int, str]
) -> list[Message]:
    """Ask one party of a conversation for its next turn.

    What was asked before is the beginning of what is asked now, so that a model which keeps that evaluated has little
    left to read.

    Parameters
    ----------
    me
        Who speaks.
    other
        To whom.
    details
        What the conversation is about.
    response_details
        How to speak.
    turns
        What was said so far.
    told
        What this party was told, by the number of turns before.

    Returns
    -------
    list of (role, text)
        A system message, then the other's turns as human, and its own as the JSON that it answered with.
    """
    parts = [
        "You play a role in a conversation. This is who you are:",
        me.description or f"Your name: {me.name}",
        f"You talk with {other}. {details}".strip(),
        f"Whatever {other} says, answer as {me.name} would: in the first person, to {other}, and about what you want. "
        f"{response_details}".strip(),
    ]
    messages: list[Message] = [("system", "\n\n".join(parts))]
    if not turns or turns[0].speaker == me.name:
        messages.append(("human", f"({other} is here. Greet {other}.)"))
    for number, turn in enumerate([*turns, None]):
        if number in told:
            messages[-1] = (messages[-1][0], f"{messages[-1][1]}\n\n({told[number]})")
        if turn is not None:
            mine = turn.speaker == me.name
            said = json.dumps({"text": turn.text}, ensure_ascii=False) if mine else turn.text
            messages.append(("ai" if mine else "human", said))
    return messages


def is_it_over(lines: Sequence[str]) -> list[Message]:
    """Ask whether a conversation is over.

    The examples come first, then the transcript, and the question last, for the same reason as in `party`.
    """

    def asked(said: Sequence[str]) -> Message:
        return "human", "\n".join([*said, "", OVER_QUESTION])

    messages: list[Message] = [("system", OVER_SYSTEM)]
    example = WORKED_EXAMPLE.description().splitlines()
    for part, act, reason, over in OVER_EXAMPLES:
        answer = json.dumps({"act": act, "reason": reason, "over": over})
        messages += [asked(example[part]), ("ai", answer)]
    return [*messages, asked(lines)]


SCORE_SYSTEM = (
    "You judge how well an assistant has talked with a user. You are given a conversation and a question about it. Go "
    "by what is said, and by nothing else."
)


def by_criterion(lines: Sequence[str], question: str, answers: Sequence[str]) -> list[Message]:
    """Ask for a judgement of a conversation by one criterion.

    There are no examples: with some, a model of 1.5 billion parameters answers as they do (measured). The conversation
    comes before the question, so that a model which keeps it evaluated reads it once for all criteria.

    Parameters
    ----------
    lines
        The conversation, of "User" and "Assistant".
    question, answers
        The criterion, and what can be answered.
    """
    how = "Give the evidence, then give the reason, then answer"
    return [("system", SCORE_SYSTEM), ("human", "\n".join([*lines, "", question, f"{how}: {' or '.join(answers)}."]))]
