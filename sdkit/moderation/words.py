"""A word list that reads words: whole ones, through simple tricks, and not where they mean something else."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from sdkit.errors import InputError
from sdkit.files import load, read_data
from sdkit.moderation.findings import Finding
from sdkit.moderation.patterns import Hit, Phrase, Phrases, phrase
from sdkit.moderation.reading import Word, plain_words, words_of

SHIPPED = Path(__file__).with_name("words.yaml")
"""The list that comes with sdkit."""
_EXCEPTIONS, _SETS, _EXTENDS, _WITHOUT = "exceptions", "sets", "extends", "without"
_NEAR = 0.75  # how alike a name must be that was meant

Words = Mapping[str, Any]
"""A word list as its file has it: phrases by category, and the keys that `WordList` tells of."""


class WordList:
    """Finds the words and phrases of a list.

    Words are whole words of any script, in capitals or not: "ass" is not in "assist". Simple tricks are seen through:
    "sh1t", "f*ck", "i d i o t", "stuuupid". What ends in an exception of the list, such as "bloody mary", does not
    count.

    Parameters
    ----------
    words
        The list: phrases by category. The key "exceptions" has the phrases in which a word means something else, and
        "sets" has words that a phrase can name as ``<set>``. None for the list that comes with sdkit. How a phrase is
        written: see `sdkit.moderation.patterns`.
    extra
        What to add to it, in the same form.
    without
        Entries to leave out, as they are written in the list, or names of categories.

    Raises
    ------
    InputError
        The list has another form; or `without` names what is not in it.

    Examples
    --------
    >>> from sdkit.moderation import WordList
    >>> words = WordList(extra={"rivals": ["Green Kettle"]}, without=["mild profanity"])
    >>> [finding.category for finding in words.check(["Damn, the green kettles are better."])]
    ['rivals']
    """

    name = "words"

    def __init__(self, words: Words | None = None, *, extra: Words | None = None, without: Iterable[str] = ()) -> None:
        data = _merged(shipped() if words is None else _checked(words), _checked(extra or {}))
        data = _left_out(data, [without] if isinstance(without, str) else list(without))
        sets = data[_SETS]
        self._found = Phrases(phrase(entry, kind, sets) for kind, entry in _entries(data))
        if not self._found.all:
            raise InputError("the word list is empty; give some words")
        self._excepted = Phrases(phrase(entry, _EXCEPTIONS, sets) for entry in data[_EXCEPTIONS])
        self._known = Phrases([*self._found.all, *self._excepted.all]).vocabulary()
        self._digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]

    @classmethod
    def load(cls, path: str | Path) -> WordList:
        """Read a list from a file that ends in .yaml, .yml or .json.

        It has the form of `words`. With ``extends: true`` in it, it is added to the list that comes with sdkit, of
        which ``without`` then leaves something out.

        Raises
        ------
        FileError
            The file cannot be read, or holds no word list.
        InputError
            The file has another ending.
        """

        def made(data: Any) -> WordList:
            words = dict(_mapping(data))
            extends, without = words.pop(_EXTENDS, False), words.pop(_WITHOUT, [])
            if not isinstance(extends, bool):
                raise InputError(f"{_EXTENDS}: write true or false, not {extends!r}")
            without = _texts(without, _WITHOUT)
            return cls(extra=words, without=without) if extends else cls(words, without=without)

        return load(path, made)

    @property
    def about(self) -> dict[str, Any]:
        """What shapes its findings: a digest of the list."""
        return {"list": self._digest}

    @property
    def categories(self) -> dict[str, int]:
        """How many entries each category has."""
        counts: dict[str, int] = {}
        for each in self._found.all:
            counts[each.category] = counts.get(each.category, 0) + 1
        return counts

    @property
    def single_words(self) -> list[str]:
        """The entries that are one plain word, or the beginning of one, for a comparison with `Substrings`."""
        alone = [each.parts[0] for each in self._found.all if len(each.parts) == 1]
        return sorted({word for part in alone for word in (*part.words, *part.beginnings)})

    def __repr__(self) -> str:
        """Say how long the list is."""
        return f"WordList({len(self._found.all)} entries in {len(self.categories)} categories)"

    def check(self, texts: Sequence[str]) -> list[Finding]:
        """Return what of the list is in these texts, in order; of what overlaps, the longest."""
        return [finding for turn, text in enumerate(texts) for finding in self._in_text(turn, text)]

    def _in_text(self, turn: int, text: str) -> Iterator[Finding]:
        words = words_of(text, self._known)
        hits = list(self._found.find(words))
        if not hits:
            return
        excepted = [(hit.first, hit.end) for hit in self._excepted.find(words)]
        covered = 0
        for hit in sorted(hits, key=lambda hit: (hit.first, -hit.end)):
            # "you ugly" goes on as "ugly duckling": an exception is about the last word.
            excused = any(first < hit.end <= end for first, end in excepted)
            if hit.end > covered and not excused:
                covered = hit.end
                yield self._finding(turn, text, words, hit)

    def _finding(self, turn: int, text: str, words: Sequence[Word], hit: Hit) -> Finding:
        start, end = words[hit.first].start, words[hit.end - 1].end
        said = text[start:end]
        means = f"is listed under {hit.phrase.category}"
        if len(hit.phrase.parts) == 1 and (meant := _meant(hit.phrase, words[hit.first])) not in said.casefold():
            means = f"stands for {meant!r}, which {means}"
        return Finding(self.name, hit.phrase.category, f"{said!r} {means}", turn, start, end, said)


def _meant(found: Phrase, word: Word) -> str:
    part = found.parts[0]
    return next(reading for reading in word.readings if reading in part.words or reading.startswith(part.beginnings))


@lru_cache(maxsize=1)
def shipped() -> Words:
    """Return the list that comes with sdkit."""
    return _checked(read_data(SHIPPED, "yaml"))


def _entries(data: Words) -> Iterator[tuple[str, str]]:
    """Yield category and entry."""
    yield from (
        (kind, entry) for kind, entries in data.items() if kind not in {_EXCEPTIONS, _SETS} for entry in entries
    )


def _mapping(data: Any) -> Mapping[Any, Any]:
    if not isinstance(data, Mapping):
        raise InputError("this is no word list; write a category, and below it its words: {'insult': ['idiot']}")
    return data


def _checked(data: Any) -> dict[str, Any]:
    """Return a list in its whole form: lists of texts, with exceptions and sets."""
    whole: dict[str, Any] = {_EXCEPTIONS: [], _SETS: {}}
    for key, value in _mapping(data).items():
        if key == _SETS:
            whole[_SETS] = {str(name): _texts(words, f"{_SETS}: {name}") for name, words in _mapping(value).items()}
        elif key in {_EXTENDS, _WITHOUT}:
            raise InputError(f"{key!r} is for the file that WordList.load reads; here it is an argument")
        else:
            whole[str(key)] = _texts(value, str(key))
    for name, words in whole[_SETS].items():
        if odd := [word for word in words if len(plain_words(word)) != 1]:
            raise InputError(f"{_SETS}: {name}: {odd[0]!r} is not one word")
    return whole


def _texts(value: Any, where: str) -> list[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(entry, str) for entry in value):
        raise InputError(f"{where}: give a list of words and phrases, in quotes where YAML reads something else")
    return list(value)


def _merged(data: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    sets = {**data[_SETS], **extra[_SETS]}
    entries = {key: [*data.get(key, []), *extra.get(key, [])] for key in {**data, **extra} if key != _SETS}
    return {**entries, _SETS: sets}


def _left_out(data: dict[str, Any], without: Sequence[str]) -> dict[str, Any]:
    """Return a list without these entries and categories."""
    known = [*(key for key in data if key not in {_EXCEPTIONS, _SETS}), *(entry for _, entry in _entries(data))]
    for name in without:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1, cutoff=_NEAR)
            hint = f"; did you mean {near[0]!r}?" if near else "; it has the categories " + ", ".join(_kinds(data))
            raise InputError(f"without: there is no entry or category {name!r} in the list{hint}")
    return {
        key: value if key in {_EXCEPTIONS, _SETS} else [entry for entry in value if entry not in without]
        for key, value in data.items()
        if key not in without
    }


def _kinds(data: Words) -> list[str]:
    return [key for key in data if key not in {_EXCEPTIONS, _SETS}]
