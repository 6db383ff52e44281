"""Whether a dialogue is there already: word for word, or nearly so by its embedding.

Word for word means equal SHA-256 of the normalised text. Near means a cosine at or above a threshold to any that is
there: compared with all of them up to `EXACT`, beyond by way of an index (HNSW, doi:10.1109/TPAMI.2018.2889473).
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sdkit.errors import InputError, MissingPackageError
from sdkit.factory.records import pairs, texts
from sdkit.population.likeness import share_of_words

THRESHOLD = 0.9
"""The cosine from which on a dialogue is a duplicate, as in SynWOZ. Plain paraphrases have about 0.85."""
EXACT = 200_000
"""Up to how many dialogues each new one is compared with all of them."""
_ROWS = 16_384  # compared at once: 25 MB of 384 numbers
_LETTERS = 800  # of a piece: all-MiniLM-L6-v2 reads 256 tokens, and nothing behind them
_CANDIDATES = 16  # that the index names, to be compared exactly
_ALIKE = 0.5  # the share of words from which on two turns are told to be alike


def normalised(record: Mapping[str, Any]) -> str:
    """Return what is compared word for word: what is said, without case, accents' forms and white space.

    Intents and emotions are labels: with others, it is the same dialogue.
    """
    said = (" ".join(unicodedata.normalize("NFKC", text).casefold().split()) for text in texts(record))
    return "\n".join(said)


def digest(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the normalised text, in hexadecimal."""
    return hashlib.sha256(normalised(record).encode()).hexdigest()


def pieces(record: Mapping[str, Any]) -> list[str]:
    """Return the text of a dialogue in pieces of whole turns which an embedding model can read to the end."""
    found = [""]
    for said, answer in pairs(record):
        turn = f"User: {said}\nAssistant: {answer}\n"
        if found[-1] and len(found[-1]) + len(turn) > _LETTERS:
            found.append("")
        found[-1] += turn
    return found


def mean(vectors: Sequence[Sequence[float]]) -> Any:
    """Return the direction of the mean of vectors, as an array of float32 of length 1."""
    import numpy as np

    rows = np.asarray(vectors, dtype=np.float32)
    whole = rows.mean(axis=0)
    length = np.linalg.norm(whole)
    if not np.isfinite(length) or not length:
        raise InputError("the embedding of a dialogue has no direction: it is zero, or no number")
    return whole / length


def packed(vector: Any) -> str:
    """Return a vector as text, without loss."""
    import numpy as np

    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()


def unpacked(text: str) -> Any:
    """Return the vector that `packed` made this text of."""
    import numpy as np

    return np.frombuffer(base64.b64decode(text), dtype="<f4")


@dataclass(frozen=True)
class Duplicate:
    """A dialogue that is there already.

    Attributes
    ----------
    of : str
        The id of the other one; "" if it is of an earlier run, of which only hashes and embeddings are there.
    similarity : float
        The cosine; 1 if it is the same word for word.
    exact : bool
        Whether it is.
    turns : list of (int, int)
        The turns of the two which share most of their words, from 1 on.
    """

    of: str
    similarity: float
    exact: bool
    turns: tuple[tuple[int, int], ...] = ()

    def __str__(self) -> str:
        """Say of which it is a duplicate, how near, and in which turns."""
        other = self.of or "a dialogue of an earlier run"
        if self.exact:
            return f"it is {other}, word for word"
        where = ", ".join(f"turn {mine} is like its turn {theirs}" for mine, theirs in self.turns)
        return f"it is too near to {other} (similarity {self.similarity:.3f}{'; ' * bool(where)}{where})"


def like_turns(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    """Return up to three pairs of turns that share most words, by their numbers."""
    ours, theirs = pairs(one), pairs(other)
    found = []
    for i, mine in enumerate(ours, start=1):
        shares = [(share_of_words(" ".join(mine), " ".join(yours)), -j) for j, yours in enumerate(theirs, start=1)]
        share, j = max(shares, default=(0.0, 0))
        if share >= _ALIKE:
            found.append((share, i, -j))
    return tuple((i, j) for _, i, j in sorted(found, key=lambda each: (-each[0], each[1]))[:3])


class Vectors:
    """Vectors of length 1, and which of them is nearest to others.

    Parameters
    ----------
    exact
        Up to how many are compared with all of them.
    """

    def __init__(self, exact: int = EXACT) -> None:
        self._exact, self._count = exact, 0
        self._rows: Any = None
        self._index: Any = None

    def __len__(self) -> int:
        return self._count

    @property
    def rows(self) -> Any:
        """All of them, as an array of float32 of shape (number, dimensions)."""
        import numpy as np

        return np.empty((0, 0), np.float32) if self._rows is None else self._rows[: self._count]

    def extend(self, vectors: Any) -> None:
        """Add some.

        Raises
        ------
        InputError
            They have another number of dimensions: they come from another model.
        """
        import numpy as np

        new = np.asarray(vectors, dtype=np.float32)
        if not len(new):
            return
        if self._rows is None:
            self._rows = np.empty((max(1024, len(new)), new.shape[1]), np.float32)
        self._check(new)
        if self._count + len(new) > len(self._rows):  # half as much again: each number is copied twice or so in all
            grown = np.empty((max(self._count + len(new), len(self._rows) * 3 // 2), new.shape[1]), np.float32)
            grown[: self._count] = self.rows
            self._rows = grown
        self._rows[self._count : self._count + len(new)] = new
        self._count += len(new)
        if self._count > self._exact:
            self._indexed()

    def nearest(self, vectors: Any, since: int = 0) -> list[tuple[int, float]]:
        """Return for each vector the place of the nearest one from `since` on, and its cosine; (-1, -1.0) if none is.

        The cosines are rounded to six digits, so that the last bits, in which machines differ, decide nothing.
        """
        import numpy as np

        asked = np.asarray(vectors, dtype=np.float32)
        if not len(asked) or self._count <= since:
            return [(-1, -1.0)] * len(asked)
        self._check(asked)
        if self._index is not None and not since:
            return [self._by_index(vector) for vector in asked]
        places, cosines = np.full(len(asked), -1), np.full(len(asked), -2.0, np.float32)
        for first in range(since, self._count, _ROWS):
            block = asked @ self._rows[first : min(first + _ROWS, self._count)].T
            best = block.argmax(axis=1)
            found = block[np.arange(len(asked)), best]
            nearer = found > cosines
            places[nearer], cosines[nearer] = best[nearer] + first, found[nearer]
        return [(int(place), round(float(cosine), 6)) for place, cosine in zip(places, cosines, strict=True)]

    def _check(self, vectors: Any) -> None:
        if vectors.shape[1] != self._rows.shape[1]:
            raise InputError(
                f"embeddings of {vectors.shape[1]} numbers cannot be compared with those of {self._rows.shape[1]} that "
                "are there: they come from another model"
            )

    def _indexed(self) -> None:
        """Bring the index up to date."""
        if self._index is None:
            try:
                from usearch.index import Index
            except ImportError as error:
                why = f"compare more than {self._exact:,} dialogues"
                raise MissingPackageError("usearch", why, extra="factory") from error
            self._index = Index(ndim=self._rows.shape[1], metric="ip", dtype="f16", connectivity=32, expansion_add=256)
            self._index.expansion_search = 256
        import numpy as np

        there = len(self._index)
        if there < self._count:
            self._index.add(np.arange(there, self._count), self._rows[there : self._count])

    def _by_index(self, vector: Any) -> tuple[int, float]:
        found = self._index.search(vector, _CANDIDATES)
        cosines = self._rows[found.keys] @ vector
        best = int(cosines.argmax())
        return int(found.keys[best]), round(float(cosines[best]), 6)
