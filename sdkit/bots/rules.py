"""What the practice bots say: the support of Blue Kettle, a little shop that does not exist.

Rules follow the user's messages one by one and decide what is to be said next; each kind of bot has its own words for
that (`sdkit.bots.texts`). All of it follows from the messages alone: the same ones always get the same answer.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from sdkit.bots import hearing
from sdkit.bots.texts import AGAIN, BEGIN, GOOD, JABS, MORE, REFUSALS, RUDE, SUBJECTS
from sdkit.errors import InputError

Kind = Literal["good", "forgetful", "rude", "slow", "flaky", "refuses", "loops", "limits"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_NEEDS = {
    "broken": ("order", "fault"),
    "status": ("order",),
    "address": ("order", "address"),
    "cancel": ("order",),
    "returns": ("order",),
    "choose": ("size",),
}
"""What has to be known before something can be done."""
_ASKS = {
    "order": ("ask_order", "find_order", "hand_over"),
    "fault": ("ask_fault",),
    "address": ("ask_address",),
    "size": ("ask_size",),
}
"""How to ask for it: each at most once, and then there is another way."""
_TAKEN_FOR = {"fault": "that", "address": "the new address", "size": "medium"}
"""What an answer is taken for that has no words in it which the rules know."""
_DONE = {"status": "status", "address": "address_done", "cancel": "cancelled", "returns": "label"}
_ONCE = {"broken", "address", "cancel", "returns"}
_MONEY = {"refund", "cancelled", "label"}
_CLOSING = {"thanks", "bye"}


def reply(kind: Kind, messages: Sequence[Mapping[str, Any]]) -> str:
    """Return what a bot of this kind answers, without asking any server.

    Parameters
    ----------
    kind
        One of `KINDS`. What is slow, flaky or limited is the server: here, these three are as good as the good one.
    messages
        The conversation so far, each with ``role`` ("user" or "assistant"; others are passed over) and ``content``.

    Raises
    ------
    InputError
        There is no such kind.
    """
    said = _said(messages)
    match check_kind(kind):
        case "refuses":
            return REFUSALS[(_number(*said[:1]) + len(said)) % len(REFUSALS)]
        case "loops":
            return first_answer(messages) or _good(said[:1])
        case "forgetful":
            return _forgetful(said)
        case "rude":
            return _rude(said)
    return _good(said)


def check_kind(kind: Any) -> Kind:
    """Return the kind if there is one of that name, and raise InputError if not."""
    if kind not in KINDS:
        raise InputError(f"there is no bot of the kind {kind!r}; there are {', '.join(KINDS)}")
    return kind  # type: ignore[no-any-return]


def first_answer(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return what the assistant said first, "" if nothing yet."""
    return next((str(message["content"]) for message in messages if message["role"] == "assistant"), "")


def spoilt(text: str, messages: Sequence[Mapping[str, Any]]) -> str:
    """Return a good answer as the rude bot gives it: half of it at most, and something nasty before that."""
    begin = re.split(r"(?<=[.!?])\s", text)[0]
    return f"{_jab(_said(messages))} {begin}"


def _said(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what the user has said."""
    return [str(message["content"]) for message in messages if message["role"] == "user"]


def _jab(said: Sequence[str]) -> str:
    """Return something nasty: never the same twice in a row."""
    return JABS[(_number(*said[:1]) + len(said)) % len(JABS)]


def _number(*texts: str) -> int:
    """Return a number that looks random, and follows from the texts."""
    return int.from_bytes(hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).digest()[:8])


def _picked(texts: Sequence[str], *why: str) -> str:
    return texts[_number(*why) % len(texts)]


def _good(said: Sequence[str]) -> str:
    case, steps = _followed(said)
    texts = [_picked(GOOD[step], step, *said).format_map(case.words()) for step in steps]
    if len(said) <= 1 and not _CLOSING & set(steps):
        texts.insert(0, f"Hello {case.name}!" if case.name else _picked(BEGIN, *said))
    elif case.new_name and "bye" not in steps:
        texts.insert(0, f"Thank you, {case.name}.")
    if not texts[-1].endswith("?") and not {*_CLOSING, "greeting", "go_on", "unknown", "find_order"} & set(steps):
        texts.append(_picked(MORE, *said))
    return " ".join(text for text in texts if text)


def _forgetful(said: Sequence[str]) -> str:
    """Answer as if the last message were the first, and now and then something that nobody has asked."""
    _, steps = _followed(said[-1:])
    if len(said) > 1 and _number(*said) % 4 == 0 and not _CLOSING & set(steps):
        topic = _picked(sorted(set(SUBJECTS) - set(steps)), "topic", *said)
        return AGAIN.format(SUBJECTS[topic], _picked(GOOD[topic], *said))
    return _good(said[-1:])


def _rude(said: Sequence[str]) -> str:
    """Answer the first thing only, in short, and with something nasty before it."""
    case, steps = _followed(said)
    instead = "done" if steps[0] in _DONE.values() else "other"
    text = _picked(RUDE.get(steps[0], RUDE[instead]), steps[0], *said).format_map(case.words())
    return f"{_jab(said)} {text}"


def _followed(said: Sequence[str]) -> tuple[_Case, list[str]]:
    """Return what is known after these messages of the user, and what is to be said to the last one."""
    case, steps = _Case(), ["greeting"]
    for text in said:
        steps = case.take(text)
    return case, steps


@dataclass
class _Case:
    """What the support knows of a user, and what it has done for them."""

    order: str = ""
    name: str = ""
    fault: str = ""
    address: str = ""
    size: str = ""
    topic: str = ""  # what is being worked on
    refund: bool = False  # wants money, not a new kettle
    offered: bool = False
    new_name: bool = False
    heard: str = ""
    asked: set[str] = field(default_factory=set)
    done: dict[str, str] = field(default_factory=dict)  # topics, and how they ended

    def words(self) -> dict[str, str]:
        """Return what the texts have blanks for."""
        day = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")[_number(self.order) % 5]
        name = f", {self.name}" if self.name else ""
        return {"order": self.order, "fault": self.fault, "address": self.address, "day": day, "name": name}

    def take(self, text: str) -> list[str]:
        """Take a message in, and return the names of what to say."""
        text = text.replace("’", "'")
        words = text.lower()
        new = self._note(text, words)
        found = hearing.topics(words, self.topic == "broken")
        if "broken" in {*found, self.topic}:
            self.refund = self.refund or bool(hearing.REFUND.search(words))
        if not found:
            return self._go_on(words, new)
        if new and self.topic:
            found.append(self.topic)
        steps = [self._of_now(topic) for topic in found if topic not in _NEEDS or topic == "returns"][:2]
        at_work = [topic for topic in found if topic in _NEEDS][:1]
        if at_work == ["returns"] and ("returns" in self.done or (not self.order and "ask_order" in self.asked)):
            at_work = []  # who asks for the rules once more is told the rules
        return steps + [step for topic in at_work for step in self._work_on(topic, words)]

    def _of_now(self, topic: str) -> str:
        """Return what a question is about that depends on what was done: how long it takes."""
        if topic != "wait":
            return topic
        return "money" if _MONEY & set(list(self.done.values())[-1:]) else "delivery"

    def _note(self, text: str, words: str) -> bool:
        """Note what a message tells; return whether there is an order number or an address in it that is new."""
        before = (self.order, self.address)
        self.heard += f"{words}\n"
        self.order = hearing.order_in(words, self.order)
        if self.order != before[0]:
            self.offered, self.done = False, {}
        name = hearing.name_in(text)
        self.new_name = name not in {"", self.name}
        self.name = name or self.name
        self.address = hearing.address_in(text) or self.address
        if self.address != before[1]:
            self.done.pop("address", None)
        return (self.order, self.address) != before

    def _go_on(self, words: str, new: bool) -> list[str]:
        """Return what to say to a message that is about nothing in particular."""
        bye, thanks, no = hearing.BYE.search(words), hearing.THANKS.search(words), hearing.NO.search(words)
        if self.topic and (new or not bye) and (new or self._answers(words, bool(thanks))):
            return self._work_on(self.topic, words)
        if new and not self.topic:
            return ["what_about"]
        ours = hearing.OURS.search(words)
        fits = {
            "bye": bye or (no and not self.topic),
            "thanks": thanks,
            "greeting": hearing.HELLO.search(words),
            "arranged": ours and self.done,
            "which": ours and "which" not in self.asked,
            "go_on": hearing.YES.search(words),
        }
        step = next((step for step, fit in fits.items() if fit), "unknown")
        self.asked.add(step)
        return [step]

    def _answers(self, words: str, thanks: bool) -> bool:
        """Tell whether a message answers what was asked last, and take it for an answer in whatever words."""
        need = self._missing()
        if need is None:
            return bool(not self.offered or self.refund or hearing.YES.search(words) or hearing.NO.search(words))
        if need == "order":
            return not thanks and bool(hearing.AT_A_LOSS.search(words) or "?" not in words)
        if thanks and len(words) < 30:
            return False
        setattr(self, need, _TAKEN_FOR[need])
        return True

    def _missing(self) -> str | None:
        """Return what has to be known and is not yet."""
        return next((need for need in _NEEDS[self.topic] if not self._known(need)), None)

    def _known(self, need: str) -> str:
        """Return what was told."""
        if not getattr(self, need) and need in hearing.READ:
            found = (name for name, pattern in hearing.READ[need].items() if re.search(pattern, self.heard))
            setattr(self, need, next(found, ""))
        return str(getattr(self, need))

    def _work_on(self, topic: str, words: str) -> list[str]:
        """Return what to say about something that takes more than an answer."""
        self.topic = topic
        if need := self._missing():
            step = next((step for step in _ASKS[need] if step not in self.asked), _ASKS[need][-1])
            self.asked.add(step)
            if step == "hand_over":
                self.topic = ""
            return ["ask_label" if topic == "returns" and step == "ask_order" else step]
        if topic == "broken" and not self.refund and topic not in self.done:
            no = self.offered and hearing.NO.search(words)
            if no or not (self.offered and hearing.YES.search(words)):
                self.offered = True
                return ["declined" if no else "offer"]
        self.topic = ""
        if topic in self.done:
            return ["arranged"]
        ends = {**_DONE, "choose": self.size, "broken": "refund" if self.refund else "replaced"}
        if topic in _ONCE:
            self.done[topic] = ends[topic]
        return [ends[topic]]
