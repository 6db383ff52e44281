"""What to do about a set that is not made up as it was to be: other weights for the next plan, or dropping some."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sdkit.analysis.balance import COLUMNS, counted, shares_of
from sdkit.errors import InputError

if TYPE_CHECKING:
    import pandas

Id = TypeVar("Id", bound=int | str)

BOUND = 3.0
"""How many times larger or smaller `weights_against` makes a weight at the most; then all are divided by their sum."""


@dataclass(frozen=True)
class Reweighting:
    """New weights for the next plan.

    Attributes
    ----------
    weights : dict
        For each axis the weight of each value that is wanted; they sum up to 1.
    log : tuple of str
        What was changed, and why, in plain sentences.
    """

    weights: dict[str, dict[str, float]]
    log: tuple[str, ...]

    def __str__(self) -> str:
        """Return the sentences, one a line."""
        return "\n".join(self.log)


def weights_against(representation: pandas.DataFrame) -> Reweighting:
    """Return weights that make up for what a set has too much and too little of.

    Each target is multiplied by (wanted + 1) / (made + 1), not more than three times up or down (`BOUND`), and then all
    are divided by their sum. The ones keep small sets from being taken too seriously. Whatever loses dialogues of a
    value in the making, such as a filter that turns down every second one, is made up for as long as it goes on.

    Parameters
    ----------
    representation
        What `representation` has returned.

    Raises
    ------
    InputError
        It is no such table.
    """
    if missing := [name for name in COLUMNS if name not in getattr(representation, "columns", ())]:
        raise InputError(f"this is no table of sdkit.analysis.balance.representation: it has no column {missing[0]!r}")
    if list(representation.index.names) != ["axis", "value"]:
        raise InputError("this table is not indexed by axis and value, as sdkit.analysis.balance.representation's are")
    log: list[str] = []
    weights: dict[str, dict[str, float]] = {}
    for axis, rows in representation.groupby(level="axis", sort=False):
        table = [(str(row.Index[1]), row.made, row.wanted, row.target) for row in rows.itertuples()]
        raw = {value: target * _factor(made, wanted) for value, made, wanted, target in table if target}
        total = sum(raw.values())
        weights[str(axis)] = {value: weight / total for value, weight in raw.items()}
        log += _changes(str(axis), table, weights[str(axis)])
    return Reweighting(weights, tuple(log))


@dataclass(frozen=True)
class Dropping:
    """What to drop, so that the rest is made up as it was to be.

    Attributes
    ----------
    ids : tuple
        Which dialogues, in the order in which they were chosen.
    log : tuple of str
        What is dropped, and why, in plain sentences.
    """

    ids: tuple[Any, ...]
    log: tuple[str, ...]

    def __str__(self) -> str:
        """Return the sentences, one a line."""
        return "\n".join(self.log)


def drop_to_balance(values: Mapping[Id, str], target: Mapping[str, float], tolerance: float = 0.02) -> Dropping:
    """Return which dialogues to drop, so that each value's share is within a tolerance of its target.

    As long as a share is off, one dialogue is dropped of the value that is then over its target the most. Which ones is
    always the same, whatever the order they are given in: those with the last ids. Other axes are not looked at; see
    them afterwards with `sdkit.analysis.balance.representation`.

    Parameters
    ----------
    values
        For each dialogue's id its value on the axis. Dialogues with a value that has no target go, too, as far as they
        are more than the tolerance.
    target
        The share that each value is to have, or weights.
    tolerance
        How far a share may be off: 0.02 is two of a hundred dialogues.

    Raises
    ------
    InputError
        There are no dialogues, or no such target or tolerance; dropping cannot help: says what there is too little of.
    """
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float) or not 0 < tolerance < 1:
        raise InputError(f"tolerance={tolerance!r} will not do: give a share above 0 and below 1, such as 0.02")
    before = counted("values", list(values.values()))
    shares = shares_of("target", target)
    if never := [value for value, share in shares.items() if not before[value] and share > tolerance]:
        share = f"{shares[never[0]]:.0%}"
        raise InputError(f"there is no {never[0]!r}, which is to be {share} of all: dropping cannot help; make some")
    order: defaultdict[str, list[Id]] = defaultdict(list)
    for id in sorted(values, key=lambda id: (isinstance(id, str), id)):
        order[values[id]].append(id)
    left, dropped = Counter(before), []
    while left and (excess := _excess(left, shares, tolerance)):
        dropped.append(order[excess].pop())
        left[excess] -= 1
        if not left.total():
            scarce = min(before, key=lambda value: (before[value] - before.total() * shares.get(value, 0.0), value))
            raise InputError(
                f"no choice of these {len(values)} dialogues is within {tolerance:g} of the target: there are too few, "
                f"above all of {scarce!r}; make more, or allow a larger tolerance"
            )
    return Dropping(tuple(dropped), tuple(_drops(before, left, shares, tolerance)))


def _excess(left: Counter[str], shares: Mapping[str, float], tolerance: float) -> str:
    """Return the value that is over its target the most, while any is off; "" if none is."""
    number = left.total()
    over = {value: left[value] / number - shares.get(value, 0.0) for value in {*left, *shares}}
    if all(abs(each) <= tolerance + 1e-12 for each in over.values()):
        return ""
    return min((value for value in over if left[value]), key=lambda value: (-round(over[value], 12), value))


def _factor(made: float, wanted: float) -> float:
    return min(BOUND, max(1 / BOUND, (wanted + 1) / (made + 1)))


def _changes(axis: str, table: Sequence[tuple[str, int, float, float]], weights: Mapping[str, float]) -> Iterator[str]:
    """Yield a sentence for each value whose weight is by a tenth or more another than its target."""
    same = True
    for value, made, wanted, target in table:
        if target and abs(weights[value] / target - 1) >= 0.1:
            same = False
            bound = f", the bound being {BOUND:g} times" if _factor(made, wanted) in (BOUND, 1 / BOUND) else ""
            way = "up" if weights[value] > target else "down"
            yield (
                f"{axis}: {value} was {_times(made)}, {wanted:.1f} were wanted: "
                f"its weight goes {way} from {target:.3f} to {weights[value]:.3f}{bound}."
            )
        elif not target and made:
            same = False
            yield f"{axis}: {value} was {_times(made)} and not wanted: it has no weight."
    if same:
        yield f"{axis}: made as wanted, within a tenth; the weights stay nearly the same."


def _times(number: int) -> str:
    return {0: "never made", 1: "made once"}.get(number, f"made {number} times")


def _drops(before: Counter[str], left: Counter[str], shares: Mapping[str, float], tolerance: float) -> Iterator[str]:
    """Yield a sentence for each value of which something is dropped, and one for what is left."""
    number, kept = before.total(), left.total()
    for value in sorted(before, key=lambda value: (left[value] - before[value], value)):
        if gone := before[value] - left[value]:
            yield (
                f"{gone} of {before[value]} with {value} are dropped: they were {before[value] / number:.1%} of all, "
                f"{shares.get(value, 0.0):.1%} were wanted; now they are {left[value] / kept:.1%}."
            )
    if kept == number:
        yield f"Nothing is dropped: each share is within {tolerance:g} of its target."
    else:
        yield f"{kept} of {number} stay; each share is now within {tolerance:g} of its target."
