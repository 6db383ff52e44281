"""Whether a dialogue keeps to its plan: how it ends, where and when it takes place, as far as its text shows.

These are patterns of words, and no judges: quick, the same on every machine, and English.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from sdkit.factory.items import Item

_SOMEBODY = r"(?:higher|senior|another|our|the|relevant|right|special\w*) (?:\w+ ){0,2}"
_ESCALATED = re.compile(
    r"\bescalat|\bsupervisor|\bmanagers?\b|\bmanagement\b|\bspecialist|\bsuperior|\bauthorit"
    rf"|\b{_SOMEBODY}(?:team|department|agent|colleague|office|desk|unit)\b"
    r"|\bhand(?:ing|ed)? (?:\w+ ){1,4}(?:over|on)\b|\bpass(?:ed|ing)? (?:\w+ ){1,4}(?:on|to)\b"
    r"|\b(?:transfer|forward|refer|connect)(?:r?(?:ed|ing))? (?:you|this|it|your|the)\b"
)
_FAILED = re.compile(
    r"\bunable\b|\bunfortunately\b|\bcannot\b|\bregret|\bfully booked|\bsold out|\bimpossible|\bafraid\b|\bdeclin"
    r"|\b(?:can|could|wo|do|is|are|was|were|have|has|did|would)(?:n't| not)\b|\bfailed\b|\bnothing (?:more|else|left)\b"
    r"|\bnot (?:possible|available|able|allowed|permitted)\b"
    r"|\bno (?:longer|more|other|rooms?|seats?|tables?|tickets?|refunds?|way)\b"
)
_RESOLVED = re.compile(
    r"\bconfirm|\bcomplete|\b(?:book|reserv|(?:re)?solv|process|arrang|schedul|cancell?|refund|updat|chang|sort|fix|add"
    r"|register|issu|unlock|extend|replac)ed\b|\breservation\b|\ball set\b|\bdone\b|\bsent\b|\bready\b|\bglad\b"
    r"|\benjoy\b|\bsee you\b|\bhere (?:is|are)\b|\byou(?:'re| are) welcome\b"
    r"|\bhave a (?:\w+ )?(?:day|trip|stay|flight|evening|night|meal|time|ride|journey)\b"
)
_COPIED = 6  # words: a shorter line may be the same by chance
_LAST = 2  # responses in which the ending shows
_CLOCK = re.compile(
    r"\b(?P<hour>[01]?\d|2[0-3])(?::[0-5]\d\s*(?P<half>[ap])?|(?:\.[0-5]\d)?\s*(?P<half2>[ap])\.?m\b| o'clock\b)"
)
_PARTS = {
    "early morning": (4, 9), "late morning": (9, 12), "morning": (4, 12), "noon": (12, 13), "midday": (11, 14),
    "afternoon": (12, 18), "evening": (17, 22), "tonight": (17, 24), "late night": (21, 24), "night": (20, 30),
    "midnight": (23, 25), "overnight": (22, 30), "dawn": (4, 7), "lunch": (11, 15), "dinner": (17, 22),
    "breakfast": (5, 11),
}  # fmt: skip
"""Parts of the day: from an hour, to another one before which they end; beyond 24 on the next day.

"A night" and "two nights" are how long something takes.
"""


def missed(item: Item, turns: Sequence[tuple[str, str]], base: str = "") -> list[str]:
    """Return what the text of a dialogue lacks of its plan: "region", "time", "resolution", "own words".

    Parameters
    ----------
    item
        The plan.
    turns
        Messages of the user, each with the answer.
    base
        The dialogue that the model was shown the beginning of, a line a turn. Who copies a line has no own words.
    """
    text = folded("\n".join(part for turn in turns for part in turn))
    found = []
    if folded(item.region) not in text:
        found.append("region")
    if not says_time(text, item.time_slot[0], item.time_slot[1]):
        found.append("time")
    if not ends_as(item.resolution_status, [answer for _, answer in turns]):
        found.append("resolution")
    shown = {_words(folded(line.partition(": ")[2])) for line in base.split("\n")}
    if any(len(words) >= _COPIED and words in shown for words in map(_words, text.split("\n"))):
        found.append("own words")
    return found


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text))


def folded(text: str) -> str:
    """Return a text without case and accents, and with plain apostrophes: "São Paulo" is "sao paulo"."""
    if text.isascii():  # as most lines are: it takes a tenth of the time
        return text.casefold()
    parts = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(letter for letter in parts if not unicodedata.combining(letter)).casefold()


def says_time(text: str, start: int, end: int) -> bool:
    """Tell whether a folded text has a time, or a part of the day, between two hours.

    A time without a.m. or p.m. can be either.
    """
    last = end if end > start else end + 24
    for found in _CLOCK.finditer(text):
        hour, half = int(found["hour"]), found["half"] or found["half2"]
        hours = {hour % 12 + 12 * (half == "p")} if half else {hour, hour + 12} if hour <= 12 else {hour}
        if any(_overlap(each % 24, each % 24 + 1, start, last) for each in hours):
            return True
    parts = [part for name, part in _PARTS.items() if re.search(rf"(?<!\ba )(?<!one )(?<!per )\b{name}\b", text)]
    return any(_overlap(*part, start, last) for part in parts)


def _overlap(begin: int, stop: int, start: int, last: int) -> bool:
    """Tell whether two spans of hours have an hour in common, if need be one of them on the next day."""
    return any(begin + day < last and start < stop + day for day in (-24, 0, 24))


def ends_as(status: str, answers: Sequence[str]) -> bool:
    """Tell whether the last answers show that a dialogue ends so; a status that is not known is taken to be kept."""
    last = [folded(answer) for answer in answers[-_LAST:]]
    escalated = any(_ESCALATED.search(answer) for answer in last)
    failed = any(_FAILED.search(answer) for answer in last)
    resolved = any(_RESOLVED.search(answer) for answer in last)
    match status:
        case "Escalated":
            return escalated
        case "Failed":
            return failed and not escalated
        case "Resolved":
            return resolved and not escalated and not (last and _FAILED.search(last[-1]))
    return True
