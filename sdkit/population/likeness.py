"""How much alike personas are: by their words, and by what embeddings make of all their fields."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sdkit.describing import text_of, value_of
from sdkit.embeddings import similarities
from sdkit.personas import BasePersona

SAME_WORDS = 0.6
"""From which share of common pairs of words on one persona is taken for a copy of another: own wordings of the same
facts stay below a half."""
_COPIED = 8  # words; a shorter field may be the same by chance, or because it was planned so
_ROWS = 512  # of a matrix at once: of 10,000 personas, 40 MB
_ALIKE = 0.2  # the share of words from which on two fields are named as alike
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")


@dataclass(frozen=True)
class Near:
    """Somebody who is there already, and how near a persona is to them.

    Attributes
    ----------
    name : str
        Who that is.
    similarity : float
        The cosine of the embeddings of all fields, from -1 to 1.
    words : float
        The share of pairs of neighbouring words that both have, without their names, from 0 to 1.
    fields : tuple of str
        The fields that are most alike, in their order.
    index : int
        The place of that persona.
    copied : str
        The name of a field that is the same, word for word; or "".
    """

    name: str
    similarity: float
    words: float
    fields: tuple[str, ...]
    index: int
    copied: str = ""

    def too_near(self, threshold: float) -> str:
        """Say what is too near, as the end of a sentence; "" if nothing is."""
        if self.words >= SAME_WORDS:
            return f"it is {self.name} under another name: {self.words:.0%} of the words are the same"
        if self.copied:
            return f"its {self.copied} is {self.name}'s, word for word"
        if self.similarity >= threshold:
            where = f", above all in {' and '.join(self.fields)}" if self.fields else ""
            return f"it is too much like {self.name} (similarity {self.similarity:.2f}{where})"
        return ""


def texts_of(persona: BasePersona) -> dict[str, str]:
    """Return the text of each field that says something."""
    return {name: text for name in persona.given() if (text := text_of(value_of(persona, name)))}


def is_latin(text: str) -> bool:
    """Tell whether all letters of a text are Latin ones."""
    return all("LATIN" in unicodedata.name(letter, "") for letter in text if letter.isalpha())


def whole_text(persona: BasePersona) -> str:
    """Return what is compared of a persona: the texts of all its fields."""
    return "\n".join(texts_of(persona).values())


def words_in(text: str) -> list[str]:
    """Return the words of a text, folded; of scripts without spaces between words, the signs."""
    return _WORD.findall(text.casefold())


def share_of_words(one: str, other: str) -> float:
    """Return the share of words that two texts have in common, from 0 to 1."""
    return _share(set(words_in(one)), set(words_in(other)))


def name_of(persona: BasePersona) -> str:
    """Return somebody's name; "" for somebody who has none."""
    return text_of(getattr(persona, "name", None)).strip()


class Crowd:
    """Everybody who is there already, and how near somebody new is to them.

    Attributes
    ----------
    personas : list of BasePersona
        In the order in which they came.
    vectors : numpy.ndarray
        The embedding of each, as a row; None as long as nobody is there.
    """

    def __init__(self) -> None:
        self.personas: list[BasePersona] = []
        self.vectors: Any = None
        self._words: list[dict[str, tuple[str, ...]]] = []
        self._pairs: list[set[tuple[str, str]]] = []
        self._names: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.personas)

    def extend(self, personas: Sequence[BasePersona], vectors: Sequence[Sequence[float]]) -> None:
        """Let some more join, each with an embedding."""
        if not personas:
            return
        # Says so if they are no vectors, or come from another model than those that are there.
        similarities(vectors, vectors[:1] if self.vectors is None else self.vectors[:1])
        import numpy as np

        rows = np.asarray(vectors, dtype=float)
        self.vectors = rows if self.vectors is None else np.vstack([self.vectors, rows])
        for persona in personas:
            self._names.setdefault(name_of(persona).casefold(), len(self.personas))
            self.personas.append(persona)
            self._words.append(_words(persona))
            self._pairs.append(_pairs(self._words[-1]))

    def label(self, index: int) -> str:
        """Return the name of one of them, or a number."""
        return name_of(self.personas[index]) or f"persona {index + 1}"

    def find(self, name: str) -> int | None:
        """Return the place of somebody with this name, in capitals or not; None if nobody is called so."""
        return self._names.get(name.casefold()) if name else None

    def nearest(self, persona: BasePersona, vector: Sequence[float], given: Collection[str] = ()) -> Near | None:
        """Return who is nearest to somebody new: a copy before all others, then by the embeddings; None if nobody is.

        Parameters
        ----------
        persona, vector
            Somebody new, and the embedding of the whole text.
        given
            The fields that were given, which may be the same as another's.
        """
        if self.vectors is None:
            return None
        words = _words(persona)
        pairs = _pairs(words)
        # Rounded, so that the last bits, in which processors differ, decide nothing.
        cosines = similarities([vector], self.vectors)[0].round(6).tolist()
        shares = [_share(pairs, others) for others in self._pairs]
        copies = [bool(_copied(words, others, given)) for others in self._words]
        best = max(
            range(len(self)), key=lambda i: (shares[i] >= SAME_WORDS, copies[i], cosines[i], shares[i], -i), default=0
        )
        return self._near(best, words, pairs, cosines[best], given)

    def neighbours(self) -> list[Near | None]:
        """Return who is nearest to each of them, by the embeddings; None if there is nobody else."""
        found: list[Near | None] = []
        for first, cosines in self._cosines():
            for row, index in enumerate(range(first, first + len(cosines))):
                cosines[row, index] = -2
                best = int(cosines[row].argmax())
                words, pairs = self._words[index], self._pairs[index]
                near = self._near(best, words, pairs, float(cosines[row, best]), words)
                found.append(near if len(self) > 1 else None)
        return found

    def pairs_from(self, threshold: float) -> list[tuple[int, int, float]]:
        """Return the places of pairs that are as near as this, with their cosine, the nearest first."""
        found = []
        for first, cosines in self._cosines():
            for row, other in zip(*(cosines >= threshold).nonzero(), strict=True):
                if first + row < other:
                    found.append((int(first + row), int(other), float(cosines[row, other])))
        return sorted(found, key=lambda pair: (-pair[2], pair[:2]))

    def picked(self, indices: Sequence[int]) -> Crowd:
        """Return some of them, in this order."""
        crowd = Crowd()
        if self.vectors is not None:
            crowd.extend([self.personas[index] for index in indices], self.vectors[list(indices)])
        return crowd

    def _cosines(self) -> Iterator[tuple[int, Any]]:
        """Yield the first place of some of them, and how near these are to all, rounded."""
        for first in range(0, len(self), _ROWS):
            yield first, similarities(self.vectors[first : first + _ROWS], self.vectors).round(6)

    def _near(
        self,
        index: int,
        words: dict[str, tuple[str, ...]],
        pairs: set[tuple[str, str]],
        cosine: float,
        given: Collection[str],
    ) -> Near:
        others = self._words[index]
        shares = {name: _share(set(said), set(others.get(name, ()))) for name, said in words.items() if name != "name"}
        most = sorted(shares, key=lambda name: -shares[name])[:2]
        return Near(
            name=self.label(index),
            similarity=cosine,
            words=round(_share(pairs, self._pairs[index]), 6),
            fields=tuple(name for name in shares if name in most and shares[name] >= _ALIKE),
            index=index,
            copied=_copied(words, others, given),
        )


def _copied(words: dict[str, tuple[str, ...]], others: dict[str, tuple[str, ...]], given: Collection[str]) -> str:
    """Return the first field that says the same as another's, word for word; "" if none does."""
    for name, said in words.items():
        if len(said) >= _COPIED and said == others.get(name) and name not in given:
            return name
    return ""


def _words(persona: BasePersona) -> dict[str, tuple[str, ...]]:
    """Return the words of each field, without the persona's own name: whoever has only another one is a copy."""
    own = set(words_in(name_of(persona)))
    return {name: tuple(word for word in words_in(text) if word not in own) for name, text in texts_of(persona).items()}


def _pairs(fields: dict[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    return {pair for words in fields.values() for pair in zip(("", *words), (*words, ""), strict=True) if any(pair)}


def _share(ones: set[Any], others: set[Any]) -> float:
    """Return how much two sets have in common: the coefficient of Dice (1945), doi:10.2307/1932409."""
    return 2 * len(ones & others) / (len(ones) + len(others)) if ones or others else 0.0
