"""Phrases with small variations, and where they are in the words of a text.

A phrase is words with blanks between them. ``a/b`` is one word or the other, ``a?`` a word that may be missing, ``a*``
a word that begins like this, ``*`` any word, ``<name>`` any word of the set of that name.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sdkit.errors import InputError
from sdkit.moderation.reading import Vocabulary, Word, plain_words

_FAR = re.compile(r"[.!?;].*\s|.{5}", re.DOTALL)
"""What parts the words of a phrase: an end of a sentence, or much of anything."""
_PLURAL = 3  # letters: from so many on, a word also stands for itself with an s


@dataclass(frozen=True)
class Part:
    """A place of a phrase: which words can stand in it.

    Attributes
    ----------
    words : frozenset of str
        These.
    beginnings : tuple of str
        Those that begin so; an empty one fits all.
    optional : bool
        Whether it may be empty.
    """

    words: frozenset[str]
    beginnings: tuple[str, ...] = ()
    optional: bool = False

    def fits(self, word: Word) -> bool:
        """Tell whether a word can stand in it."""
        return any(reading in self.words or reading.startswith(self.beginnings) for reading in word.readings)


@dataclass(frozen=True)
class Phrase:
    """A phrase to look for.

    Attributes
    ----------
    entry : str
        As it is written in the list.
    category : str
        What it is.
    parts : tuple of Part
        Its places.
    """

    entry: str
    category: str
    parts: tuple[Part, ...]

    @functools.cached_property
    def needed(self) -> list[frozenset[str]]:
        """The words of each place that cannot be empty, where these are all that fit: one of each is in the text."""
        return [part.words for part in self.parts if not part.optional and not part.beginnings]

    def end(self, words: Sequence[Word], place: int) -> int | None:
        """Return the number of the word behind the phrase, if it is at this place of a text; the longest one."""
        return _end(self.parts, words, place, place)


def _end(parts: tuple[Part, ...], words: Sequence[Word], place: int, first: int) -> int | None:
    if not parts:
        return place
    part, rest = parts[0], parts[1:]
    fits = place < len(words) and (place == first or not _FAR.search(words[place].gap)) and part.fits(words[place])
    found = _end(rest, words, place + 1, first) if fits else None
    return _end(rest, words, place, first) if found is None and part.optional else found


def phrase(entry: str, category: str, sets: Mapping[str, Iterable[str]], plural: bool = True) -> Phrase:
    """Return the phrase that an entry of a list means.

    Parameters
    ----------
    entry, category
        As they are written.
    sets
        Words by the name of their set.
    plural
        Whether the last word may have an s behind it.

    Raises
    ------
    InputError
        It means none: it is empty, begins with what may be missing or be anything, or names a set that there is not.
    """
    parts = [part for written in entry.split() for part in _parts(written, entry, sets)]
    if not parts:
        raise InputError(f"{category}: an entry is empty; write a word or a phrase")
    if parts[0].optional or "" in parts[0].beginnings:
        raise InputError(f"{category}: {entry!r} begins with a word that may be missing or be any; put another first")
    if plural:
        words = parts[-1].words
        words |= {f"{word}s" for word in words if len(word) >= _PLURAL and word.isalpha() and word[-1] != "s"}
        parts[-1] = Part(words, parts[-1].beginnings, parts[-1].optional)
    return Phrase(entry, category, tuple(parts))


def _parts(written: str, entry: str, sets: Mapping[str, Iterable[str]]) -> Iterator[Part]:
    """Yield the places that a written word stands for; "I'll" is two words."""
    optional = written.endswith("?")
    written = written.removesuffix("?")
    if written == "*":
        yield Part(frozenset(), ("",), optional)
        return
    words: set[str] = set()
    beginnings: set[str] = set()
    choices = written.split("/")
    for choice in choices:
        if choice.startswith("<") and choice.endswith(">"):
            if choice[1:-1] not in sets:
                raise InputError(
                    f"{entry!r}: there is no set {choice[1:-1]!r}; the sets are {', '.join(sets) or 'none'}"
                )
            words |= {word for each in sets[choice[1:-1]] for word in plain_words(str(each))}
            continue
        said = plain_words(choice)
        if len(choices) == 1 and len(said) > 1:
            yield from (Part(frozenset({word}), (), optional) for word in said)
            return
        if len(said) != 1:
            raise InputError(f"{entry!r}: {choice!r} is not one word; write each on its own")
        (beginnings if choice.endswith("*") else words).add(said[0])
    yield Part(frozenset(words), tuple(beginnings), optional)


@dataclass(frozen=True)
class Hit:
    """A phrase that was found: from which word on, and the number of the word behind it."""

    phrase: Phrase
    first: int
    end: int


class Phrases:
    """Many phrases. In a text, only those are looked for whose rarest word is in it, and all others that they need."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self.all = tuple(phrases)
        counts = Counter(word for each in self.all for part in each.parts for word in part.words)
        self._by_word: dict[str, list[int]] = {}
        self._by_beginning: list[tuple[str, int]] = []
        for number, each in enumerate(self.all):
            rarest = min(
                (part for part in each.parts if not part.optional and "" not in part.beginnings),
                key=lambda part: max((counts[word] for word in part.words), default=0),
            )
            for word in rarest.words:
                self._by_word.setdefault(word, []).append(number)
            self._by_beginning += [(beginning, number) for beginning in rarest.beginnings]
        self._beginnings = tuple(beginning for beginning, _ in self._by_beginning)

    def vocabulary(self) -> Vocabulary:
        """Return all words of the phrases."""
        parts = [part for each in self.all for part in each.parts]
        words = sorted({word for part in parts for word in part.words})
        return Vocabulary(words, dict.fromkeys(begin for part in parts for begin in part.beginnings if begin))

    def find(self, words: Sequence[Word]) -> Iterator[Hit]:
        """Yield where the phrases are in a text's words, phrase by phrase in the order of the list."""
        for each in self._that_may_be(words):
            for place, word in enumerate(words):
                if each.parts[0].fits(word) and (end := each.end(words, place)) is not None:
                    yield Hit(each, place, end)

    def _that_may_be(self, words: Sequence[Word]) -> Iterator[Phrase]:
        readings = {reading for word in words for reading in word.readings}
        found: set[int] = set()
        for reading in readings:
            found.update(self._by_word.get(reading, ()))
            if reading.startswith(self._beginnings):
                found.update(number for beginning, number in self._by_beginning if reading.startswith(beginning))
        phrases = (self.all[number] for number in sorted(found))
        return (each for each in phrases if not any(map(readings.isdisjoint, each.needed)))
