"""The words that tell groups of texts apart, by class-based TF-IDF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sdkit.errors import MissingPackageError

COUNT = 5
_WORD = r"(?u)\b[^\W\d_]{3,}\b"  # names and things, no numbers, and nothing of two letters
_SEVERAL = 10  # texts, from which on a word must be in two of them


def telling_words(texts: Sequence[str], labels: Any, groups: int) -> list[tuple[str, ...]]:
    """Return up to `COUNT` words for each group which are common in it, and not in all of them; best first.

    Class-based TF-IDF (Grootendorst 2022, "BERTopic", arXiv:2203.05794): the texts of a group are taken for one. The
    frequency is that in the group under a square root, which is BERTopic's `reduce_frequent_words`; without it, words
    such as "need" and "like" come first everywhere. English function words are left out.

    Parameters
    ----------
    texts
        At least one.
    labels
        The group of each, as an array of whole numbers from 0.
    groups
        How many there are.

    Raises
    ------
    MissingPackageError
        scikit-learn is not installed.
    """
    try:
        import numpy as np
        from sklearn.feature_extraction.text import CountVectorizer
    except ImportError as error:
        raise MissingPackageError("scikit-learn", "find the words of clusters", extra="factory") from error
    counter = CountVectorizer(stop_words="english", token_pattern=_WORD, min_df=2 if len(texts) >= _SEVERAL else 1)
    try:
        counts = counter.fit_transform(texts)
    except ValueError:  # there is no such word in any text
        return [()] * groups
    words = counter.get_feature_names_out()
    frequency = np.array([np.asarray(counts[labels == group].sum(axis=0)).ravel() for group in range(groups)], float)
    weights = np.sqrt(frequency) * np.log1p(frequency.sum() / groups / frequency.sum(axis=0))
    found = []
    for row in weights:
        best = sorted(np.flatnonzero(row), key=lambda place: (-round(float(row[place]), 9), words[place]))
        found.append(tuple(str(words[place]) for place in best[:COUNT]))
    return found
