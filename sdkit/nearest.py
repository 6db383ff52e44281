"""Which of a few short texts is a text nearest to: TF-IDF over words and three-letter pieces, in plain Python.

On the STAR data set (benchmarks/adherence.py) it finds the response that a person chose in the place of own words more
often than edit distances, sets of words and words alone do; that the words of labels count too makes most of this.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

NEAR = 0.25
"""The cosine from which on two texts are near: on STAR, three of four answers below it are wrong, one in five above."""

_FIELD = re.compile(r"\{[^{}]*\}|\b[A-Z][A-Z0-9_]+\b")


def words_of(text: str) -> list[str]:
    """Return the words of a text, without case and punctuation."""
    return re.findall(r"[^\W_]+", text.casefold())


def without_fields(text: str) -> str:
    """Return a response without its fields, which are written as ``{name:s}`` or NAME."""
    return _FIELD.sub(" ", text)


class Nearest:
    """Finds the label whose text is nearest to another text.

    Parameters
    ----------
    texts
        Labels and texts; a label may have several. Of equally near ones the first wins.

    Attributes
    ----------
    fields_only : list of str
        The labels whose texts are fields and nothing else, such as "{question:s}": anything may be said there.
    """

    def __init__(self, texts: Iterable[tuple[str, str]]) -> None:
        self.fields_only: list[str] = []
        self._labels: list[str] = []
        pieces: list[Counter[str]] = []
        for label, text in dict.fromkeys(texts):
            if not words_of(bare := without_fields(text)):
                self.fields_only.append(label)
                continue
            # The label's words, but the first, which is the task's or the domain's, often are a paraphrase's too.
            for variant in dict.fromkeys([bare, f"{bare} {label.partition('_')[2].replace('_', ' ')}".strip()]):
                self._labels.append(label)
                pieces.append(_pieces(variant))
        count = Counter(piece for each in pieces for piece in each)
        self._weights = {piece: math.log((1 + len(pieces)) / (1 + n)) + 1 for piece, n in count.items()}
        self._unknown = math.log(1 + len(pieces)) + 1
        self._found_in: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, each in enumerate(pieces):
            for piece, weight in self._vector(each).items():
                self._found_in[piece].append((number, weight))

    def find(self, text: str) -> tuple[str | None, float]:
        """Return the nearest label, None if not even a letter is shared, and how near it is.

        Returns
        -------
        tuple
            The label and the cosine, from 0 to 1 (the same words).
        """
        scores: dict[int, float] = defaultdict(float)
        for piece, weight in self._vector(_pieces(text)).items():
            for number, other in self._found_in.get(piece, ()):
                scores[number] += weight * other
        if not scores:
            return None, 0.0
        # Rounded, so that equal texts are equally near whatever the order of the sums.
        best = max(scores, key=lambda number: (round(scores[number], 9), -number))
        return self._labels[best], min(1.0, round(scores[best], 9))

    def _vector(self, pieces: Counter[str]) -> dict[str, float]:
        vector = {p: (1 + math.log(n)) * self._weights.get(p, self._unknown) for p, n in pieces.items()}
        length = math.sqrt(sum(weight * weight for weight in vector.values()))
        return {piece: weight / length for piece, weight in vector.items()}


def _pieces(text: str) -> Counter[str]:
    words = words_of(text)
    line = f" {' '.join(words)} "
    return Counter([f"{word}|" for word in words] + [line[i : i + 3] for i in range(len(line) - 2)])
