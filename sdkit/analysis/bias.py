"""Whether groups of people are treated differently: the same measures of each group's dialogues, held side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from sdkit.analysis import significance
from sdkit.analysis.behaviour import conduct
from sdkit.analysis.differences import Difference, GroupComparison
from sdkit.dialog import Dialog
from sdkit.errors import InputError

Group = Iterable[Dialog] | Mapping[str, Sequence[float | bool | None]]
"""Dialogues; or a table, such as of pandas, with the name of each measure and its value in each dialogue."""
OTHERS = "all others"


def compare_groups(
    groups: Mapping[str, Group], *, paired: bool = False, reference: str | None = None
) -> GroupComparison:
    """Return in which measures groups differ beyond chance, and how far.

    Parameters
    ----------
    groups
        The name of each group, and its dialogues, which `sdkit.analysis.behaviour.conduct` measures; or tables, whose
        columns are compared. A column of True and False is compared by its share of True; None and NaN are left out.
    paired
        Whether the first dialogue of one group belongs to the first of the other, and so on: the same seed and
        scenario, and one attribute of the persona swapped. That is the sharper comparison: what scenarios differ in
        falls out. It asks for as many dialogues in each group; a pair counts if both could be measured.
    reference
        With which group each other one is compared. None: of two groups, and of pairs, the first; of several groups
        without pairs, each is compared with all others together, since none of them is the normal one. If it is the
        reference that is treated differently, all others differ from it, in the same direction.

    Returns
    -------
    GroupComparison
        Its text says it in plain sentences.

    Raises
    ------
    InputError
        There are not two groups, or no such reference; groups have different measures, or are no pairs; a value is no
        number. Names the group and the measure.
    MissingPackageError
        scipy is not installed; for dialogues, also pandas or vaderSentiment.

    Notes
    -----
    Numbers are compared by Wilcoxon's signed-rank test (pairs) or that of Mann and Whitney, yes and no by the exact
    tests of McNemar or Fisher; all p-values of all measures and groups are corrected together by Holm's method. Where
    groups do not differ, something is found in one of a hundred comparisons at the most. An effect has to be at least
    small, too: in large sets, any trifle is beyond chance. The methods are in `sdkit.analysis.significance`.

    Examples
    --------
    >>> from sdkit.analysis.bias import compare_groups
    >>> words = {"young": [30, 28, 35, 33, 31, 29, 34, 32], "old": [21, 20, 25, 27, 22, 19, 26, 23]}
    >>> groups = {name: {"assistant_words": values} for name, values in words.items()}
    >>> print(str(compare_groups(groups)).splitlines()[0].partition(":")[0])
    Assistants answer old 27% shorter than young
    """
    known = _known(groups, paired)
    if reference is not None and reference not in known:
        raise InputError(f"reference={reference!r} is none of the groups: {', '.join(known)}")
    if reference is None and (paired or len(known) == 2):
        reference = next(iter(known))
    tests = []
    for name, columns in known.items():
        if name == reference:
            continue
        others = [reference] if reference is not None else [other for other in known if other != name]
        against = reference if reference is not None else OTHERS
        for measure, column in columns.items():
            base = [value for other in others for value in known[other][measure].values]
            sides = _complete(base, column.values, paired)
            tests.append(_Test(measure, name, against, *sides, column.yes_no, *_tried(*sides, paired, column.yes_no)))
    return GroupComparison(tuple(_reported(tests)), paired)


@dataclass(frozen=True)
class _Column:
    """The values of one measure in one group, None where it could not be measured, and whether they are yes and no."""

    values: list[float | None]
    yes_no: bool


@dataclass(frozen=True)
class _Test:
    """One measure of two groups, what could be measured in them, how far they are apart, and p by itself."""

    measure: str
    group: str
    against: str
    base: list[float]
    values: list[float]
    yes_no: bool
    effect: significance.Effect
    p: float


def _known(groups: Any, paired: bool) -> dict[str, dict[str, _Column]]:
    """Return the columns of each group, the same measures in each."""
    if not isinstance(groups, Mapping) or len(groups) < 2:
        raise InputError('give at least two groups with their names: {"women": [...], "men": [...]}')
    known = {str(name): _columns(str(name), group) for name, group in groups.items()}
    first, measures = next(iter(known.items()))
    for name, columns in known.items():
        if odd := sorted(columns.keys() ^ measures.keys()):
            lacks, has = (name, first) if odd[0] in measures else (first, name)
            raise InputError(f"{lacks} has no {odd[0]!r}, which {has} has; give the same measures of each group")
        for measure, column in columns.items():
            if _mixed(column, measures[measure]):
                raise InputError(f"{measure!r} is yes and no in one of {first} and {name}, and numbers in the other")
        sizes = [len(next(iter(table.values())).values) for table in (columns, measures)]
        if paired and sizes[0] != sizes[1]:
            raise InputError(f"{name} has {sizes[0]} dialogues and {first} {sizes[1]}; pairs need one in each group")
    return known


def _mixed(one: _Column, other: _Column) -> bool:
    return one.yes_no != other.yes_no and all(any(v is not None for v in each.values) for each in (one, other))


def _columns(name: str, group: Any) -> dict[str, _Column]:
    items: Callable[[], Iterable[tuple[Any, Any]]] | None = getattr(group, "items", None)
    if items is None:
        try:
            items = conduct(group).items
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
    columns = {str(measure): _column(name, measure, values) for measure, values in items()}
    if not columns:
        raise InputError(f"{name} has no measures")
    if len({len(column.values) for column in columns.values()}) > 1:
        sizes = ", ".join(f"{measure} {len(column.values)}" for measure, column in columns.items())
        raise InputError(f"{name} does not have one value a dialogue in each measure: {sizes}")
    return columns


def _column(name: str, measure: Any, values: Any) -> _Column:
    if hasattr(values, "notna"):  # of pandas, which has three ways to say that something is missing
        values = values.astype(object).where(values.notna(), None)
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise InputError(f"{name}, {str(measure)!r}: give a list, with one value for each dialogue")
    given = [None if value is None or value != value else value for value in values]  # noqa: PLR0124 - NaN
    there = [value for value in given if value is not None]
    for value in there:
        try:
            fine = math.isfinite(value)
        except TypeError:
            fine = False
        if not fine:
            raise InputError(f"{name}, {str(measure)!r}: {value!r} is no number, nor True or False, None if unknown")
    answers = [type(value).__name__ in ("bool", "bool_") for value in there]  # Python's and numpy's
    if any(answers) and not all(answers):
        raise InputError(f"{name}, {str(measure)!r} mixes True and False with numbers")
    return _Column([None if value is None else float(value) for value in given], any(answers))


def _complete(
    base: Sequence[float | None], values: Sequence[float | None], paired: bool
) -> tuple[list[float], list[float]]:
    """Return what could be measured, of both sides; of pairs, in both."""
    if paired:
        both = [(one, other) for one, other in zip(base, values, strict=True) if one is not None and other is not None]
        return [one for one, _ in both], [other for _, other in both]
    return [value for value in base if value is not None], [value for value in values if value is not None]


def _tried(
    base: Sequence[float], values: Sequence[float], paired: bool, yes_no: bool
) -> tuple[significance.Effect, float]:
    """Return how far two groups are apart, and how likely that is by chance; NaN for fewer than two values."""
    if min(len(base), len(values)) < 2:
        return significance.Effect(*[math.nan] * 4), math.nan
    if yes_no:
        answers = [value == 1 for value in base], [value == 1 for value in values]
        effect = significance.risk_difference(*answers, paired=paired)
        return effect, significance.p_of_answers(*answers, paired=paired)
    effect = significance.standardised_difference(base, values, paired=paired)
    return effect, significance.p_of_numbers(base, values, paired=paired)


def _reported(tests: Sequence[_Test]) -> Iterator[Difference]:
    """Yield what all tests together say."""
    number = sum(not math.isnan(test.p) for test in tests)
    for test, p in zip(tests, significance.holm([test.p for test in tests]), strict=True):
        small = significance.SMALL_RISK if test.yes_no else significance.SMALL_D
        yield Difference(
            measure=test.measure,
            group=test.group,
            against=test.against,
            n=len(test.values),
            n_against=len(test.base),
            mean=fmean(test.values) if test.values else math.nan,
            mean_against=fmean(test.base) if test.base else math.nan,
            kind="risk difference" if test.yes_no else "d",
            effect=test.effect.size,
            low=test.effect.low,
            high=test.effect.high,
            p=test.p,
            corrected=p,
            detectable=max(small, significance.detectable(test.effect.noise, number)) if number else math.nan,
            found=p < significance.ALPHA and abs(test.effect.size) >= small,
        )
