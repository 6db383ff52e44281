"""What can be counted in a dialogue: its length, its words, its questions, what it repeats."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from sdkit.adherence import adherence as adherence_to
from sdkit.dialog import Dialog
from sdkit.errors import InputError
from sdkit.flowchart import Flowchart
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

Words = Callable[[str], Sequence[str]]
"""From a text to its words."""
Adherent = Callable[[Dialog], float | None] | Flowchart | Sequence[Flowchart]
"""How to find out how closely a dialogue keeps to a flowchart."""

WINDOW = 25
"""Words, or pairs of words, over which variety is measured. Few dialogues are shorter; 50 is usual for longer texts."""
PHRASE = 4
"""Words of a phrase of which `self_repetition` asks whether other dialogues have it."""
_DIGITS = 4  # so that what is equal but for rounding errors is equal
_BY_SPEAKER = "words_per_turn_"
_QUESTION = re.compile("[?\u037e\u055e\u061f\u1367\u2047-\u2049\u203d\u2e2e\ufe56\uff1f]")


class Measure(NamedTuple):
    """What a column of `describe` is called in a picture, and its unit."""

    label: str
    unit: str


MEASURES = {
    "turns": Measure("Turns", "turns"),
    "words": Measure("Words", "words"),
    "words_per_turn": Measure("Words per turn", "words per turn"),
    "distinct_words": Measure("Distinct words", "words"),
    "word_variety": Measure("Word variety", "distinct words per word"),
    "distinct_2": Measure("Variety of word pairs", "distinct pairs per pair"),
    "questions": Measure("Questions", "share of turns"),
    "repeated_turns": Measure("Repeated turns", "share of turns"),
    "self_repetition": Measure("Self-repetition in the set", "share of other dialogues"),
    "adherence": Measure("Flowchart adherence", "share of system turns"),
}


def measure(column: str) -> Measure:
    """Return what a column of `describe` is called in a picture, and its unit."""
    if column in MEASURES:
        return MEASURES[column]
    return Measure(f"Words per turn: {column.removeprefix(_BY_SPEAKER)}", "words per turn")


def split_words(text: str) -> list[str]:
    """Return the words of a text: what stands between white space, in any script, as in `Dialog.word_counts`.

    Case, compatible forms of letters (Unicode's NFKC) and punctuation at either end do not count: "Hello," is "hello".
    A piece of punctuation only is a word of its own. Scripts that put no blanks between words, such as Chinese,
    Japanese and Thai, are not cut: their phrases come out as one word.
    """
    return [_bare(piece) for piece in text.split()]


def asks(text: str) -> bool:
    """Tell whether there is a question mark of any script in a text."""
    return bool(_QUESTION.search(text))


@lru_cache(maxsize=2**16)
def _bare(piece: str) -> str:
    piece = unicodedata.normalize("NFKC", piece).casefold()
    inner = [i for i, char in enumerate(piece) if not unicodedata.category(char).startswith("P")]
    return piece[inner[0] : inner[-1] + 1] if inner else piece


def describe(
    dialogs: Iterable[Dialog], adherence: Adherent | None = None, *, words: Words = split_words
) -> pandas.DataFrame:
    """Return what can be counted in each dialogue of a set.

    Parameters
    ----------
    dialogs
        The dialogues of the set.
    adherence
        Flowcharts, or a function from a dialogue to a share from 0 to 1 (or None). By flowcharts, the turns of "System"
        are measured by the nearest response even where a dialogue has action labels, so that real and synthetic
        dialogues are measured in the same way.
    words
        From a text to its words, as they are to be compared. Give one for languages that are written without blanks,
        such as ``jieba.lcut``.

    Returns
    -------
    pandas.DataFrame
        One row a dialogue, by its id; what cannot be measured in it is NaN. Columns:

        - ``turns``, ``words``: how many.
        - ``words_per_turn``: the mean; ``words_per_turn_NAME`` for each who speaks in more than half of the dialogues.
        - ``distinct_words``: how many. Grows with the length of a dialogue.
        - ``word_variety``: distinct words per word, in each 25 successive words of the dialogue, on average: the
          moving-average type-token ratio (MATTR; Covington and McFall 2010, doi:10.1080/09296171003643098), which does
          not depend on the length. NaN for fewer words.
        - ``distinct_2``: the same for pairs of successive words of a turn: distinct-2 (Li et al. 2016,
          arXiv:1510.03055), measured in windows for the same reason.
        - ``questions``: share of turns with a question mark of any script.
        - ``repeated_turns``: share of turns that say, word by word, what an earlier turn of the dialogue has said.
        - ``self_repetition``: how much the dialogues of the set are alike: the share of the other dialogues that have a
          phrase of four words of this one, averaged over its phrases. After Salkar et al. 2022 (arXiv:2210.08145), as a
          share of the other dialogues, so that sets of different sizes can be compared.
        - ``adherence``: share of the system's turns that follow the flowchart, if asked for.

    Raises
    ------
    InputError
        The set is empty or holds something else; a dialogue of several speakers has no "System" for the flowcharts.
    MissingPackageError
        pandas is not installed.
    """
    known = checked(dialogs)
    said = [[list(words(turn.text)) for turn in dialog.turns] for dialog in known]
    repetition = self_repetition(said)
    speakers = _usual_speakers(known)
    rows = []
    for dialog, turns, repeated in zip(known, said, repetition, strict=True):
        lengths = defaultdict(list)
        for turn, tokens in zip(dialog.turns, turns, strict=True):
            lengths[str(turn.speaker)].append(len(tokens))
        flat = [word for tokens in turns for word in tokens]
        row: dict[str, float | None] = {
            "turns": len(turns),
            "words": len(flat),
            "words_per_turn": _share(len(flat), len(turns)),
            **{_BY_SPEAKER + name: _share(sum(lengths[name]), len(lengths[name])) for name in speakers},
            "distinct_words": len(set(flat)),
            "word_variety": moving_variety(flat),
            "distinct_2": moving_variety([pair for tokens in turns for pair in pairwise(tokens)]),
            "questions": _share(sum(asks(turn.text) for turn in dialog.turns), len(turns)),
            "repeated_turns": _share(_repeated(turns), len(turns)),
            "self_repetition": repeated,
        }
        if adherence is not None:
            row["adherence"] = _adherence(dialog, adherence)
        rows.append(row)
    counts = dict.fromkeys(("turns", "words", "distinct_words"), int)
    ids = [number if dialog.dialogId is None else dialog.dialogId for number, dialog in enumerate(known, start=1)]
    table = frame("dialogues", rows).astype(float).round(_DIGITS).astype(counts)
    table.index = ids
    table.index.name = "dialog"
    return table


def moving_variety(items: Sequence[Hashable], window: int = WINDOW) -> float | None:
    """Return the share of distinct items in a window, averaged over all places of the window; None if it does not fit.

    Of words it is the moving-average type-token ratio (Covington and McFall 2010, doi:10.1080/09296171003643098).
    """
    if len(items) < window:
        return None
    inside = Counter(items[:window])
    total = len(inside)
    for gone, come in zip(items, items[window:], strict=False):
        inside[come] += 1
        inside[gone] -= 1
        if not inside[gone]:
            del inside[gone]
        total += len(inside)
    return total / (window * (len(items) - window + 1))


def self_repetition(said: Sequence[Sequence[Sequence[str]]]) -> list[float | None]:
    """Return how much each dialogue shares with the others of its set; see `describe`.

    Parameters
    ----------
    said
        The words of each turn of each dialogue.

    Returns
    -------
    list
        From 0 (no phrase is in another dialogue) to 1 (each is in all others); None for dialogues without phrases, or
        if no other has any turns.
    """
    phrases = [{tuple(turn[i : i + PHRASE]) for turn in turns for i in range(len(turn) - PHRASE + 1)} for turns in said]
    found = Counter(phrase for own in phrases for phrase in own)
    others = sum(bool(turns) for turns in said) - 1
    return [_share(sum(found[phrase] - 1 for phrase in own), len(own) * others) for own in phrases]


def checked(dialogs: Iterable[Dialog]) -> list[Dialog]:
    """Return the dialogues of a set, of which there is at least one.

    Raises
    ------
    InputError
        The set is empty or holds something else.
    """
    known = [dialogs] if isinstance(dialogs, Dialog) else list(dialogs)  # iterating over a dialogue gives its turns
    if not known:
        raise InputError("the set is empty; give at least one dialogue")
    for number, dialog in enumerate(known, start=1):
        if not isinstance(dialog, Dialog):
            raise InputError(
                f"number {number} of the set is no Dialog but a {type(dialog).__name__}; see Dialog.from_file"
            )
    return known


def _usual_speakers(dialogs: Sequence[Dialog]) -> list[str]:
    """Return who speaks in more than half of the dialogues: roles, and not the names of all personas of the set."""
    count = Counter(name for dialog in dialogs for name in dict.fromkeys(map(str, dialog.speakers)))
    return [name for name, number in count.items() if 2 * number > sum(map(bool, dialogs))]


def _repeated(turns: Sequence[Sequence[str]]) -> int:
    full = [tuple(tokens) for tokens in turns if tokens]
    return len(full) - len(set(full))


def _adherence(dialog: Dialog, given: Adherent) -> float | None:
    if callable(given):
        return given(dialog)
    try:
        return adherence_to(dialog, given, labels="nearest").share
    except InputError as error:
        raise InputError(f"dialogue {dialog.dialogId}: {error}") from error


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole > 0 else None
