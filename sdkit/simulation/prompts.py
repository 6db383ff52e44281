"""The prompts of simulated users, of the assistants they write to, and of the judges between them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sdkit.dialog import Turn
from sdkit.prompts import Message, Voice

OPENS = "(You open the chat. Write your first message: what do you want?)"

USER_RULES = (
    "You are the one who needs something, and {assistant} is the one who helps. You never help, explain or advise, and "
    "you do not know what {assistant} knows. Write the way you talk: a chat message, one thing at a time, in your own "
    "mood. No greeting after the first message. Do not say thanks for what does not help you, and do not be more "
    "patient or more polite than you are."
)

LEAVES = (
    "Do you have what you came for, or have you had enough? Then say so in a few words and goodbye, and leaves is "
    "true. Else leaves is false."
)

ASSISTANT_RULES = (
    "Answer the user's last message. Be brief: one to three sentences. Do not ask for what the user has told already. "
    "If you cannot help, say so."
)


def simulated_user(
    me: Voice,
    assistant: Voice,
    *,
    goal: str,
    turns: Sequence[Turn],
    told: Mapping[int, str],
    words: int,
    may_leave: bool,
) -> list[Message]:
    """Ask a simulated user for the next message.

    What was asked before is the beginning of what is asked now, but for the reminder at the end: users of a simulation
    drift from who they are and what they want, and begin to help, unless they are reminded.

    Parameters
    ----------
    me, assistant
        Who writes, and to whom.
    goal
        Why the user has come.
    turns
        What was said so far.
    told
        What the user was told, by the number of turns before.
    words
        About how long the message is to be.
    may_leave
        Whether the user may end the chat with it.

    Returns
    -------
    list of (role, text)
        A system message, then the assistant's turns as human, and the user's own as the JSON that it answered with.
    """
    rules = USER_RULES.format(assistant=assistant.name)
    parts = [
        "You play a person who writes to an assistant in a chat. This is who you are:",
        me.description or f"Your name: {me.name}",
        f"You write to {assistant.name}. {assistant.description}".strip(),
        rules,
    ]
    messages: list[Message] = [("system", "\n\n".join(parts))]
    if not turns or turns[0].speaker == me.name:
        messages.append(("human", OPENS))
    for number, turn in enumerate(turns):
        if number in told:
            messages[-1] = (messages[-1][0], f"{messages[-1][1]}\n\n({told[number]})")
        mine = turn.speaker == me.name
        said = json.dumps({"text": turn.text}, ensure_ascii=False) if mine else turn.text
        messages.append(("ai" if mine else "human", said))
    hints = [told.get(len(turns), ""), f"You are {me.name}, not {assistant.name}."]
    if turns:
        hints.append(f"Why you are here: {goal}" if goal else "")
        hints.append(LEAVES if may_leave else "")
        hints.append("Go on with what you still want, without saying again what you have said.")
    hints.append(f"Write {me.name}'s next message, in about {words} words.")
    role, last = messages[-1]
    messages[-1] = (role, f"{last}\n\n({' '.join(filter(None, hints))})")
    return messages


def assistant(me: Voice, chat: Sequence[Mapping[str, str]]) -> list[Message]:
    """Ask an assistant for its next message.

    Parameters
    ----------
    me
        The assistant, and what it is for.
    chat
        The conversation so far: messages with ``role`` and ``content``.
    """
    system = [f"You are {me.name}, an assistant in a chat. {me.description}".strip(), ASSISTANT_RULES]
    system += [message["content"] for message in chat if message["role"] == "system"]
    messages: list[Message] = [("system", "\n\n".join(system))]
    for message in chat:
        if message["role"] == "user":
            messages.append(("human", message["content"]))
        elif message["role"] == "assistant":
            messages.append(("ai", json.dumps({"text": message["content"]}, ensure_ascii=False)))
    if messages[-1][0] != "human":
        messages.append(("human", "(The user is waiting.)"))
    return messages


DONE_SYSTEM = (
    "You read a chat between a user and an assistant, and decide what the user does after the assistant's last "
    "message. One of:\n"
    "- goes on: the user answers a question, asks the next one, or tries again\n"
    "- need met: the user has got what they came for\n"
    "- frustrated: the user gives up, because the assistant is rude or does not understand\n"
    "- dead end: the assistant cannot help with this, and has said so\n"
    "- said goodbye: both have said goodbye, or thanks and you are welcome\n"
    "- would not answer: nothing is left to say"
)

_ASKED = "User: Hi, I left my umbrella on the bus this morning."
DONE_EXAMPLES: tuple[tuple[str, tuple[str, ...], str, str, float], ...] = (
    (
        "to get the umbrella back",
        (_ASKED, "Assistant: Which bus was it?"),
        "The assistant asks which bus it was, and the user can tell.",
        "goes on",
        1.0,
    ),
    (
        "to get the umbrella back",
        (
            _ASKED,
            "Assistant: Which bus was it?",
            "User: number twelve",
            "Assistant: It is here. You can fetch it at the desk until six.",
        ),
        "The user knows where the umbrella is and how to get it.",
        "need met",
        0.9,
    ),
    (
        "to get the umbrella back",
        (
            _ASKED,
            "Assistant: We sell tickets. How many do you want?",
            "User: none, I want my umbrella",
            "Assistant: How many tickets do you want?",
            "User: this is useless",
            "Assistant: How many tickets do you want?",
        ),
        "The assistant asks the same again, and the user has had enough.",
        "frustrated",
        0.9,
    ),
    (
        "to know what a ticket costs",
        ("User: how much is a ticket?", "Assistant: £2.50, and £6 for the whole day. Is there anything else?"),
        "The user knows what a ticket costs.",
        "need met",
        0.9,
    ),
    (
        "two things: to get the umbrella back; and to know what a ticket costs",
        (_ASKED, "Assistant: It is here. You can fetch it at the desk until six."),
        "The user has found the umbrella, and does not know yet what a ticket costs.",
        "goes on",
        0.8,
    ),
    (
        "to get the umbrella back",
        (_ASKED, "Assistant: I am sorry, I can only sell tickets. I cannot help with things that were lost."),
        "The assistant says that it cannot help with lost things.",
        "dead end",
        0.9,
    ),
    (
        "to get the umbrella back",
        (
            _ASKED,
            "Assistant: It is here. You can fetch it at the desk until six.",
            "User: great, thanks, bye!",
            "Assistant: You are welcome. Goodbye!",
        ),
        "The user has thanked and said goodbye, and so has the assistant.",
        "said goodbye",
        1.0,
    ),
)
"""What the user wants, a chat, the reason, the state, and how sure it is."""


def is_user_done(goal: str, lines: Sequence[str]) -> list[Message]:
    """Ask whether a simulated user would go on.

    Parameters
    ----------
    goal
        Why the user has come.
    lines
        The chat: lines that begin with "User:" or "Assistant:".
    """

    def asked(wants: str, said: Sequence[str]) -> Message:
        return "human", "\n".join([f"The user wants {wants}".rstrip(), "", *said, "", "What does the user do now?"])

    messages: list[Message] = [("system", DONE_SYSTEM)]
    for wants, said, reason, state, confidence in DONE_EXAMPLES:
        answer = json.dumps({"reason": reason, "state": state, "confidence": confidence})
        messages += [asked(wants, said), ("ai", answer)]
    return [*messages, asked(f"this: {goal}" if goal else "help.", lines)]


KEPT_SYSTEM = (
    "You read a chat between a user and an assistant. You are told who the user is. Decide whether the user's messages "
    "keep to that: they want what this person wants, sound like this person, and do not help or advise like an "
    "assistant."
)
KEPT_EXAMPLES: tuple[tuple[str, tuple[str, ...], str, str, bool], ...] = (
    (
        "Mia, a hurried nurse who lost her umbrella on the bus. Short of time and of patience.",
        (_ASKED, "Assistant: Which bus was it?", "User: twelve. can you hurry pls"),
        "twelve. can you hurry pls",
        "She is in a hurry and asks for her umbrella.",
        True,
    ),
    (
        "Mia, a hurried nurse who lost her umbrella on the bus. Short of time and of patience.",
        (
            _ASKED,
            "Assistant: Which bus was it?",
            "User: Of course, I can help you with that. Please tell me your ticket number.",
        ),
        "I can help you with that.",
        "She offers help like an assistant instead of asking for it.",
        False,
    ),
)
"""Who the user is, a chat, the evidence, the reason, and the decision."""


def is_persona_kept(persona: str, lines: Sequence[str]) -> list[Message]:
    """Ask whether a simulated user has stayed who it is."""

    def asked(who: str, said: Sequence[str]) -> Message:
        return "human", "\n".join([f"Who the user is: {who}", "", *said, "", "Do the user's messages keep to that?"])

    messages: list[Message] = [("system", KEPT_SYSTEM)]
    for who, said, evidence, reason, kept in KEPT_EXAMPLES:
        answer = json.dumps({"evidence": evidence, "reason": reason, "kept": kept})
        messages += [asked(who, said), ("ai", answer)]
    return [*messages, asked(persona, lines)]


BLUE_KETTLE = (
    "You are the support of Blue Kettle, a shop for kettles, teapots and tea. Open Monday to Saturday from 9 to 6, at "
    "12 Harbour Street. Delivery: two to three working days, £3.90, free from £40. Returns: within 30 days, unused. "
    "Warranty: two years; one more year costs £9.90. Payment: card, PayPal, invoice. Gift cards: £10 to £100. Kettles: "
    "Wren (0.8 litres, £29), Heron (1.5 litres, £45), Swan (1.7 litres, £79). Whoever has a broken kettle is asked for "
    "the order number and for what is wrong, and is offered a new one. You know nothing of other matters, and say so."
)
"""What a model is told that plays the shop of the practice bots."""
