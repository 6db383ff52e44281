"""Exercises of lesson 10: seed messages."""

from __future__ import annotations

from typing import Any

from sdkit.bots.rules import Kind, reply
from sdkit.bots.scripts import scripted
from sdkit.dialog import Dialog
from sdkit.exercises.steps import Mistake, Step, need
from sdkit.simulation import Simulated
from sdkit.simulation.chat_histories import Seed

# In two of them, the second message goes on from what the first one has told.
_SCRIPTS = (
    ("What does delivery cost?", "And when are you open?"),
    ("Hello, I have a question about order 4711.", "My kettle leaks. Can I have a new one?"),
    ("Can I pay by invoice?", "Do you have gift cards, too?"),
    ("Where is my order 5120?", "Can I still change the address?"),
)
_AGAIN = "order number"
_SHORT = (
    "finished = converse_from_seeds(['Do you sell tea?', 'Hi'], good_bot, good_bot, "
    "'output/wrong/short.jsonl', turns=2, end_on='assistant', progress=False)"
)


def _chat(kind: Kind, script: tuple[str, ...], number: int) -> Dialog:
    return Dialog(turns=scripted(kind, script), dialogId=number)


def saved_chats() -> list[Dialog]:
    """Return chats with the good bot, numbered from 0."""
    return [_chat("good", script, number) for number, script in enumerate(_SCRIPTS)]


def newest_bot(messages: list[dict[str, str]]) -> str:
    """Answer as the bot does since somebody changed it."""
    return reply("good", messages[-1:])


def _worse() -> list[int]:
    """Return the numbers of the chats in which it asks for what it was told."""
    return [
        number
        for number, (chat, script) in enumerate(zip(saved_chats(), _SCRIPTS, strict=True))
        if _AGAIN in newest_bot([{"role": "user", "content": script[1]}]) and _AGAIN not in chat[3].text
    ]


class Openings(Step):
    """Opening messages in a file."""

    exercise = "10-openings"
    minutes = 10
    hints = (
        "A message a line. One with a comma in it goes into double quotes.",
        'Double quotes inside double quotes are written twice: "What does ""limescale"" mean?"',
        "Python's csv.writer(file).writerows([[...], [...], [...]]) puts the quotes where they belong.",
    )
    stretch = "save a file of yours from a spreadsheet program as CSV, and read that"
    mistakes = (
        Mistake("They are the ready ones", "openings = load_seeds(SEEDS)", 2),
        Mistake("One lacks its quotes", "openings = load_seeds(mine)", 1),
        Mistake("They are texts", "openings = ['Do you sell tea?', 'Hi, you', 'A \"b\"']", 1),
    )

    def check(self, openings: list[Any]) -> str:
        need(all(isinstance(one, Seed) for one in openings), "what load_seeds returns", openings)
        broken = [one.problem for one in openings if one.problem]
        need(not broken, "rows that can all be read", broken[0] if broken else "")
        texts = [one.text for one in openings]
        need(any('"' in text for text in texts), "a message with double quotes in it", texts, 2)
        need(any("," in text for text in texts), "a message with a comma in it", texts)
        need(len(texts) >= 3, "three messages", texts)
        return f"{len(texts)} messages, with commas and quotes"


class Finished(Step):
    """Finished chats."""

    exercise = "10-finished"
    minutes = 10
    hints = (
        "Section 3 has the call. It takes a list of messages in place of a file, too.",
        "turns=3 makes it longer, end_on= says whose message is the last.",
        'converse_from_seeds([...], good_bot, MODEL_NAME, "output/lesson_10/finished.jsonl", turns=3, end_on="assistant")',
    )
    stretch = "let a persona of datasets/personas/blue_kettle.yaml play the user. What is different?"
    mistakes = (
        Mistake("They end with the user", "finished = chats", 2),
        Mistake("They are only two turns long", _SHORT, 2),
        Mistake("It is one chat", "finished = chats[0]", 1),
    )

    def check(self, finished: Simulated) -> str:
        need(len(finished) >= 2, "two chats", f"{len(finished)}")
        last = {chat[-1].speaker == chat[0].speaker for chat in finished}
        need(last == {False}, "chats that end with the assistant", "some end with the user", 2)
        need(all(len(chat) == 6 for chat in finished), "three turns, six messages", [len(chat) for chat in finished], 2)
        return f"{len(finished)} chats. Read one aloud, and listen who sounds less like a person"


class Worse(Step):
    """What a change has broken."""

    exercise = "10-worse"
    minutes = 10
    hints = (
        "regress(saved, newest_bot, turn=2) holds the saved second answers against the new ones.",
        "Other words are not worse. Read both answers: which new one asks for something that it was told?",
        "It asks for the order number again in two chats. `.to_frame()` shows their id.",
    )
    stretch = "what would a rule look like that finds such answers without you?"
    mistakes = (
        Mistake("All answers that differ are taken", "worse = [0, 1, 2, 3]", 2),
        Mistake("One is missing", "worse = [1]", 3),
        Mistake("They are answers", "worse = ['What is the order number, please?']", 3),
    )

    def check(self, worse: list[Any]) -> str:
        numbers = all(isinstance(one, int) for one in worse)
        need(numbers, "numbers of chats", worse, 3)
        known = _worse()
        need(not {*worse} - {*known}, "only chats with a worse answer", "some are only in other words", 2)
        need({*worse} == {*known}, "all chats with a worse answer", f"{len({*worse})} of {len(known)}", 3)
        return "it forgets the order number. In a first answer, you would not have seen that"
