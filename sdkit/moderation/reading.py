"""Texts as a word list reads them: in words, each with what it may stand for, such as "idiot" for "1d10t"."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

# A word; it may have signs in it that stand for letters, and end in some.
_WORD = re.compile(r"[^\W_](?:[^\W_]|[@$!*|](?=[@$!*|]{0,5}[^\W_]))*[*$@]*|[@$](?:[^\W_]|[@$!*|](?=[^\W_]))+")
_PLAIN = re.compile(r"[^\W_]+")
_SIGNS = frozenset("@$!|*")
_AS_LETTERS = [str.maketrans("013457@$!|", letters) for letters in ("oieastasii", "oleastasll")]
_RUN = re.compile(r"(.)\1*")
_LONG_RUN = re.compile(r"(.)\1\1")
_SHORTEST_SPELLED = 3


@dataclass(frozen=True)
class Word:
    """A word of a text.

    Attributes
    ----------
    readings : tuple of str
        What it may stand for: first itself, folded; then without tricks.
    start, end : int
        Where it is in the text.
    gap : str
        What stands between it and the word before, folded.
    """

    readings: tuple[str, ...]
    start: int
    end: int
    gap: str = " "


def words_of(text: str, known: Vocabulary) -> list[Word]:
    """Return the words of a text, those that are spelled letter by letter as one."""
    folded, places = fold(text)
    words: list[Word] = []
    end = 0
    for start, stop in _spans(folded, known):
        first, last = (start, stop - 1) if places is None else (places[start], places[stop - 1])
        words.append(Word(known.readings(folded[start:stop]), first, last + 1, folded[end:start]))
        end = stop
    return list(_joined(words, known))


def fold(text: str) -> tuple[str, list[int] | None]:
    """Return a text without capitals, accents and invisible signs, and where each of its letters was; None: as here."""
    if text.isascii():
        return text.lower(), None
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        for part in _folded(letter):
            letters.append(part)
            places.append(place)
    return "".join(letters), places


@lru_cache(maxsize=4096)
def _folded(letter: str) -> str:
    parts = unicodedata.normalize("NFKD", letter).casefold()
    return "".join(part for part in parts if unicodedata.category(part) not in {"Mn", "Cf"}).replace("’", "'")


def plain_words(text: str) -> list[str]:
    """Return the words of a text that has no tricks in it, folded."""
    return _PLAIN.findall(fold(text)[0])


def _spans(folded: str, known: Vocabulary) -> Iterator[tuple[int, int]]:
    for found in _WORD.finditer(folded):
        if _SIGNS.isdisjoint(found[0]) or known.has(found[0]):
            yield found.span()
        else:  # what looks like signs for letters is none: "and/or!maybe" are words of their own
            for part in _PLAIN.finditer(found[0]):
                yield found.start() + part.start(), found.start() + part.end()


def _joined(words: Sequence[Word], known: Vocabulary) -> Iterator[Word]:
    """Yield the words; "i d i o t" becomes one if that is a known word, with or without a one-letter word before."""
    place = 0
    while place < len(words):
        stop = place + 1
        while stop < len(words) and _is_letter(words[place]) and _goes_on(words[place + 1], words[stop]):
            stop += 1
        if 1 < stop - place < _SHORTEST_SPELLED:
            stop = place + 1  # "a m-o-r-o-n": the second letter may be the first one of a word
        spelled = next(known.spelled(words[place:stop]), None) if stop - place >= _SHORTEST_SPELLED else None
        if spelled is None:
            yield from words[place:stop]
        else:
            begin, joined = spelled
            yield from words[place : place + begin]
            yield joined
        place = stop


def _goes_on(second: Word, word: Word) -> bool:
    """Tell whether a word is a letter, as far from the one before it as the second one of them is."""
    return _is_letter(word) and word.gap == second.gap and 0 < len(word.gap) < 3


def _is_letter(word: Word) -> bool:
    return len(word.readings[0]) == 1


class Vocabulary:
    """The words that a list knows, by which tricks are seen through.

    Parameters
    ----------
    words
        The words, folded.
    beginnings
        Beginnings of words; any end may follow.
    """

    def __init__(self, words: Collection[str], beginnings: Collection[str]) -> None:
        self._listed = tuple(words)
        self._words = frozenset(words)
        self._beginnings = tuple(beginnings)
        self._by_letters: dict[str, list[tuple[str, bool]]] = {}
        for word, open_end in itertools.chain(((w, False) for w in words), ((b, True) for b in beginnings)):
            self._by_letters.setdefault(squeezed(word), []).append((word, open_end))
        self._longest = max(map(len, self._by_letters), default=0)

    def has(self, word: str) -> bool:
        """Tell whether a folded word, or what it stands for, is known."""
        return any(self._knows(reading) for reading in self.readings(word)[1:]) or self._knows(word)

    def _knows(self, word: str) -> bool:
        return word in self._words or word.startswith(self._beginnings)

    def readings(self, word: str) -> tuple[str, ...]:
        """Return what a folded word may stand for: itself, and what is known of what it becomes without tricks."""
        if word.isalpha() and not _LONG_RUN.search(word):
            return (word,)
        found = {word: None}
        letters = sum(map(str.isalpha, word))
        if letters and letters < len(word):
            if "*" in word:
                found |= dict.fromkeys(self._behind_stars(word))
            # The road A55 is no word; three signs in five letters may be one.
            elif letters > 1 or not _SIGNS.isdisjoint(word):
                found |= dict.fromkeys(word.translate(table) for table in _AS_LETTERS)
        for reading in list(found):
            if _LONG_RUN.search(reading):
                found |= dict.fromkeys(self._without_runs(reading))
        return tuple(found)

    def _behind_stars(self, word: str) -> Iterator[str]:
        """Yield the known words with letters where this one has stars: "f*ck" and "f***", not "**bold**"."""
        letters = len(word) - word.count("*")
        if word[0] == "*" or (letters < 2 and len(word) < 4):
            return
        pattern = re.compile("".join("." if letter == "*" else re.escape(letter) for letter in word))
        yield from (known for known in self._listed if len(known) == len(word) and pattern.fullmatch(known))
        for begin in self._beginnings:
            if "*" in word[: len(begin)] and len(word) >= len(begin):
                pattern = re.compile("".join("." if a == "*" else re.escape(a) for a in word[: len(begin)]))
                if pattern.fullmatch(begin):
                    yield begin + word[len(begin) :]

    def _without_runs(self, word: str) -> Iterator[str]:
        """Yield the known words whose letters this one repeats: "stupid" for "stuuupid", but not "ass" for "as"."""
        short = squeezed(word)
        for length in range(1, min(len(short), self._longest) + 1):
            for known, open_end in self._by_letters.get(short[:length], ()):
                if (open_end or length == len(short)) and _repeats(word, known):
                    yield known

    def spelled(self, letters: Sequence[Word]) -> Iterator[tuple[int, Word]]:
        """Yield the known word that single letters spell, and how many of them stand before it."""
        for begin in (0, 1):
            if begin and letters[0].readings[0] not in {"a", "i", "u"}:
                return
            text = "".join(letter.readings[0] for letter in letters[begin:])
            known = [reading for reading in self.readings(text) if self._knows(reading)]
            if known and len(text) >= _SHORTEST_SPELLED:
                yield begin, Word(tuple(known), letters[begin].start, letters[-1].end, letters[begin].gap)


def squeezed(word: str) -> str:
    """Return a word in which no letter stands twice in a row."""
    return _RUN.sub(r"\1", word)


def _repeats(word: str, known: str) -> bool:
    """Tell whether each letter of a known word is there at least as often."""
    runs, wanted = ([len(run[0]) for run in _RUN.finditer(each)] for each in (word, known))
    return all(run >= want for run, want in zip(runs, wanted, strict=False))
