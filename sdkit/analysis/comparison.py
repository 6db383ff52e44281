"""Sets of dialogues side by side, and how far two of them are apart."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from sdkit.analysis.statistics import MEASURES, Adherent, Words, describe, split_words
from sdkit.dialog import Dialog
from sdkit.errors import InputError

if TYPE_CHECKING:
    import pandas

Sets = Mapping[str, Iterable[Dialog]]
"""The name of each set, such as "real", and its dialogues."""
_DIGITS = 2
_TAIL = 1.96  # standard deviations that hold 95 of 100 values


def compare(sets: Sets, adherence: Adherent | None = None, *, words: Words = split_words) -> pandas.DataFrame:
    """Return how sets of dialogues differ, measure by measure.

    Parameters
    ----------
    sets
        The name of each set and its dialogues: ``{"real": [...], "synthetic": [...]}``.
    adherence, words
        As of `describe`.

    Returns
    -------
    pandas.DataFrame
        One row a measure, by its name in `describe`. For each set the columns ``mean``, ``sd`` (the standard deviation;
        NaN for one dialogue) and ``n`` (dialogues in which it could be measured). For two sets also ``Cliff's delta``,
        and ``by chance``: a delta up to this, up or down, is what 19 of 20 pairs of samples of this size show that were
        drawn from one and the same set.

    Raises
    ------
    InputError
        There is no set; a set is empty or holds something else: names it.
    MissingPackageError
        pandas is not installed.

    Notes
    -----
    Cliff's delta (`cliffs_delta`) rather than Cohen's d: sets are often small, and shares and counts are skewed and
    full of ties; a mean and a standard deviation say little there, and one odd dialogue can turn them over. Delta needs
    the order of the values only. Of ten measures, one is beyond chance by chance in two of five tables.
    """
    tables = tables_of(sets, adherence, words)
    import pandas

    columns: dict[tuple[str, str], list[float]] = {}
    names = measures_of(tables)
    values = {
        name: [table[row].dropna().tolist() if row in table else [] for row in names] for name, table in tables.items()
    }
    for name, lists in values.items():
        columns[name, "mean"] = [fmean(each) if each else math.nan for each in lists]
        columns[name, "sd"] = [stdev(each) if len(each) > 1 else math.nan for each in lists]
        columns[name, "n"] = [len(each) for each in lists]
    if len(tables) == 2:
        (first, ones), (second, others) = values.items()
        title = f"{second} against {first}"
        pairs = list(zip(ones, others, strict=True))
        columns[title, "Cliff's delta"] = [cliffs_delta(one, other) for one, other in pairs]
        columns[title, "by chance"] = [by_chance(len(one), len(other)) for one, other in pairs]
    return pandas.DataFrame(columns, index=pandas.Index(names, name="measure")).round(_DIGITS)


def tables_of(sets: Sets, adherence: Adherent | None, words: Words) -> dict[str, pandas.DataFrame]:
    """Return what `describe` says of each set.

    Raises
    ------
    InputError
        There is no set; a set cannot be described: names it.
    """
    if not isinstance(sets, Mapping) or not sets:
        raise InputError('give the sets with their names: {"real": [...], "synthetic": [...]}')
    tables = {}
    for name, dialogs in sets.items():
        try:
            tables[str(name)] = describe(dialogs, adherence, words=words)
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
    return tables


def measures_of(tables: Mapping[str, pandas.DataFrame]) -> list[str]:
    """Return the names of all measures that a table has, in the order of `MEASURES`; speakers follow their mean."""
    order = list(MEASURES)
    names = dict.fromkeys(name for table in tables.values() for name in table)
    return sorted(names, key=lambda name: order.index(name if name in order else "words_per_turn"))


def cliffs_delta(first: Sequence[float], second: Sequence[float]) -> float:
    """Return how often a value of the second list is above one of the first, less how often it is below.

    Cliff 1993, doi:10.1037/0033-2909.114.3.494.

    Returns
    -------
    float
        From -1 (all of the second are below all of the first) over 0 to 1 (all are above); NaN if a list is empty.
    """
    if not first or not second:
        return math.nan
    ordered = sorted(first)
    below = sum(bisect_left(ordered, value) for value in second)
    above = sum(len(ordered) - bisect_right(ordered, value) for value in second)
    return (below - above) / (len(first) * len(second))


def by_chance(first: int, second: int) -> float:
    """Return within which Cliff's delta, up or down, stays for 19 of 20 pairs of samples from one and the same set.

    From the variance of U (Mann and Whitney 1947, doi:10.1214/aoms/1177730491), without ties; with ties it is less.

    Parameters
    ----------
    first, second
        How many values the two samples have.

    Returns
    -------
    float
        Up to 1; 1 says that so few values cannot show a difference. NaN if there are none.
    """
    if not first or not second:
        return math.nan
    return min(1.0, _TAIL * math.sqrt((first + second + 1) / (3 * first * second)))
