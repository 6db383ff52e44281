"""The words that tell two groups of texts apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sdkit.analysis.statistics import split_words
from sdkit.errors import InputError, MissingPackageError
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

_WEIGHT = 0.1  # of the prior, as a share of all words of both groups: with much more, z would be far too small
_DIGITS = 9  # what is equal but for rounding errors is equal
_LEAST = 0.5  # how often each word counts as seen before; with much less, a word that one group lacks says nothing


def word_odds(
    texts_a: Iterable[str], texts_b: Iterable[str], prior: Iterable[str] | None = None, n: int = 10
) -> pandas.DataFrame:
    """Return the words that one group of texts uses more than the other, those first that it is surest of.

    Weighted log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008, "Fightin' Words",
    doi:10.1093/pan/mpn018). Unlike a ratio of shares, it puts no rare word first that only chance has left out of one
    group, and unlike a difference, none that both use all the time.

    Parameters
    ----------
    texts_a, texts_b
        The texts of the two groups, such as what the assistant said in each.
    prior
        Texts that show how often words are used at all. None: those of both groups. They count as much as a tenth of
        the words of both groups.
    n
        How many words of each group, at the most.

    Returns
    -------
    pandas.DataFrame
        One row a word, by the word: first those of the first group, with the largest ``z``, then those of the second,
        with the smallest last. Columns: ``a``, ``b``, how often each group uses it; ``log_odds``, the logarithm of the
        ratio of its odds, above 0 if the first group uses it more; ``z``, that in standard errors. Of a thousand words
        that no group prefers, up to fifty have a z beyond 1.96, up or down, by chance: look at the far larger ones.

    Raises
    ------
    InputError
        A group has no words; `n` is no whole number above 0.
    MissingPackageError
        numpy or pandas is not installed.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise InputError(f"n={n!r} will not do: give how many words of each group, 1 or more")
    ones, others = _counts("texts_a", texts_a), _counts("texts_b", texts_b)
    background = ones + others if prior is None else _counts("prior", prior)
    try:
        import numpy as np
    except ImportError as error:
        raise MissingPackageError("numpy", "compare words") from error
    words = sorted(ones | others)
    a, b, all_ = (np.array([counts[word] for word in words], dtype=float) for counts in (ones, others, background))
    before = np.maximum(all_ * (_WEIGHT * (a.sum() + b.sum()) / background.total()), _LEAST)
    a, b = a + before, b + before
    if len(words) == 1:  # whose odds are infinite in both groups
        a, b = a[:0], b[:0]
    log_odds = np.log(a / (a.sum() - a)) - np.log(b / (b.sum() - b))
    z = (log_odds / np.sqrt(1 / a + 1 / b)).round(_DIGITS)
    order = sorted(range(len(z)), key=lambda i: (-z[i], words[i]))
    shown = [i for i in order if z[i] > 0][:n] + [i for i in order if z[i] < 0][-n:]
    rows = [(words[i], ones[words[i]], others[words[i]], float(log_odds[i]), float(z[i])) for i in shown]
    return frame("words", rows, ["word", "a", "b", "log_odds", "z"]).set_index("word")


def _counts(name: str, texts: Iterable[str]) -> Counter[str]:
    """Return how often each word is in these texts; what has no letter and no digit is no word."""
    known = [texts] if isinstance(texts, str) else list(texts)
    if odd := [text for text in known if not isinstance(text, str)]:
        raise InputError(f"{name}: {odd[0]!r:.80} is no text; give texts, such as [turn.text for turn in dialog]")
    counts = Counter(word for text in known for word in split_words(text) if any(map(str.isalnum, word)))
    if not counts:
        raise InputError(f"{name} has no words; give at least one")
    return counts
