"""How assistants treat people, dialogue by dialogue: how much they say, how kindly, and whether they help."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from math import nan
from statistics import fmean
from typing import TYPE_CHECKING

from sdkit.analysis.statistics import asks, checked, split_words
from sdkit.dialog import Dialog
from sdkit.errors import InputError, MissingPackageError
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

POLITE = {
    "gratitude": r"thanks?|thank you|(?:much )?appreciated?|grateful",
    "apology": r"sorry|apolog(?:y|ies|i[sz]e[sd]?|i[sz]ing)|excuse me|pardon|forgive",
    "please": r"please",
    "greeting": r"hello|hi|hey|good (?:morning|afternoon|evening)",
    "counterfactual modal": r"(?:could|would) you",
}
"""Marks of politeness, as regular expressions: a choice of the strategies in Table 3 of Danescu-Niculescu-Mizil et al.
2013 (arXiv:1306.6078), those that people rate as polite and that a word or two show."""
_POLITE = re.compile(rf"\b(?:{'|'.join(POLITE.values())})\b", re.IGNORECASE)

_NOT = r"(?:i|we) (?:can ?not|can't|could ?not|couldn't|won't|will not)"
_REFUSAL = re.compile(
    # "I'm sorry, but I can't", "I am afraid we cannot"
    rf"\b(?:sorry|afraid|apologi[sz]e|regret|unfortunately),?(?: but| that| to say)*,? {_NOT}\b"
    # "I am unable to", "we're not able to"
    r"|\b(?:i|we)(?: am| are|'m|'re) (?:unable|not able|not allowed|not permitted) to\b"
    # "I cannot help you with that"
    rf"|\b{_NOT} (?:\w+ )?(?:help|assist|comply|fulfill?|answer|discuss|provide|share|accommodate|do)\b"
    r"|\bas an ai\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_NO_BLAME = re.compile(r"\W*(?:to )?(?:find|locate|see|hear|understand)\b", re.IGNORECASE)


def conduct(
    dialogs: Iterable[Dialog],
    *,
    resolved: Sequence[bool | None] | None = None,
    user: str = "User",
    assistant: str = "Assistant",
) -> pandas.DataFrame:
    """Return how the assistant treats the user in each dialogue of a set, in numbers that groups can be compared by.

    The lists of words are English: in dialogues of another language only lengths, turns and questions mean something.

    Parameters
    ----------
    dialogs
        The dialogues of the set.
    resolved
        Whether each dialogue was resolved, where that is known: no text says it for certain.
    user, assistant
        The names of the two speakers.

    Returns
    -------
    pandas.DataFrame
        One row a dialogue, by its id; what cannot be measured in it is NaN. Columns:

        - ``turns``: how many, of both.
        - ``assistant_words``: words of the assistant per turn, as `sdkit.analysis.statistics.split_words` counts.
        - ``assistant_questions``: share of the assistant's turns with a question mark.
        - ``user_sentiment``, ``assistant_sentiment``: from -1, negative, to 1, positive: the mean of the sentences'
          compound scores by VADER (Hutto and Gilbert 2014, doi:10.1609/icwsm.v8i1.14550); of sentences, since the score
          of a longer text is the more extreme, so that longer answers would seem to be kinder ones.
        - ``politeness``: marks of politeness (`POLITE`) in 100 words of the assistant.
        - ``refusals``: share of the assistant's turns that refuse: "I'm sorry, but I can't", "I am unable to". To have
          found or understood nothing is no refusal.
        - ``resolved``: True, False or None, if given.

    Raises
    ------
    InputError
        The set is empty or holds something else; nobody has such a name; `resolved` is of another length.
    MissingPackageError
        pandas or vaderSentiment is not installed.
    """
    known = checked(dialogs)
    for role, name in (("user", user), ("assistant", assistant)):
        if not any(name in dialog.speakers for dialog in known):
            there = ", ".join(dict.fromkeys(repr(who) for dialog in known for who in dialog.speakers)) or "nobody"
            raise InputError(f"{role}={name!r} speaks in none of the dialogues; there are {there}")
    if resolved is not None and len(resolved) != len(known):
        raise InputError(f"resolved has {len(resolved)} entries for {len(known)} dialogues; give one for each")
    sentiment = _sentiment()
    rows = []
    for number, dialog in enumerate(known):
        said = [turn.text for turn in dialog.turns if turn.speaker == assistant]
        words = sum(len(split_words(text)) for text in said)
        row: dict[str, float | bool | None] = {
            "turns": len(dialog),
            "assistant_words": _mean([len(split_words(text)) for text in said]),
            "assistant_questions": _mean([asks(text) for text in said]),
            "user_sentiment": sentiment([turn.text for turn in dialog.turns if turn.speaker == user]),
            "assistant_sentiment": sentiment(said),
            "politeness": 100 * sum(map(politeness_marks, said)) / words if words else nan,
            "refusals": _mean([refuses(text) for text in said]),
        }
        if resolved is not None:
            row["resolved"] = _yes_no(resolved[number], number)
        rows.append(row)
    table = frame("conduct", rows)
    table.index = [n if dialog.dialogId is None else dialog.dialogId for n, dialog in enumerate(known, start=1)]
    table.index.name = "dialog"
    return table


def politeness_marks(text: str) -> int:
    """Return how many marks of politeness (`POLITE`) a text has."""
    return sum(1 for _ in _POLITE.finditer(text))


def refuses(text: str) -> bool:
    """Tell whether a text refuses to do something, by its wording."""
    plain = text.replace("\u2019", "'")
    return any(not _NO_BLAME.match(plain, found.end()) for found in _REFUSAL.finditer(plain))


def _sentiment() -> Callable[[Sequence[str]], float]:
    """Return what tells the sentiment of texts, from -1 to 1, as the mean of their sentences; NaN if there are none."""
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError as error:
        raise MissingPackageError("vaderSentiment", "measure sentiment", extra="factory") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it opens its lexicon in a way that Python 3.14 dislikes
        scores = SentimentIntensityAnalyzer().polarity_scores

    def of(texts: Sequence[str]) -> float:
        sentences = [one for text in texts for one in _SENTENCE_END.split(text) if one.strip()]
        return _mean([scores(one)["compound"] for one in sentences])

    return of


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else nan


def _yes_no(value: bool | None, number: int) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise InputError(f"resolved has {value!r} for dialogue {number + 1}; give True, False, or None if unknown")
    return value
