"""A plan: what each dialogue of a factory is to be, so that all of them together are balanced, from a seed.

Each axis is dealt out on its own: its values come as often as their shares say, to one more or less. What depends on
another value is dealt out among those who have that: categories among those with the same first service, the most turns
among those with the same least. Then what must not come together is taken apart by exchanging values, which leaves the
counts as they are.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from sdkit.errors import InputError
from sdkit.factory.items import Item, tallied
from sdkit.factory.quotas import counts, dealt, due
from sdkit.factory.rules import keep_apart
from sdkit.factory.spec import AXES, FLAT, SAMPLING, Spec
from sdkit.factory.spec_parts import joined
from sdkit.llm.seeds import derive_seed
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

MOST = 1_000_000
_STEP = 5  # minutes
_DAY = 24 * 60


class Plan:
    """What the dialogues of a factory are to be; `planned` makes it.

    Attributes
    ----------
    items : list of Item
        In the order of their ids.
    spec : Spec
        What they were drawn from; the default one if that was not given.
    """

    def __init__(self, items: Sequence[Item], spec: Spec | None = None) -> None:
        self.items, self.spec = list(items), spec or Spec.of()

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        """Say how many dialogues it is, and on how many axes."""
        return f"Plan({len(self)} dialogues, balanced over {len(AXES)} axes)"

    def targets(self, axis: str) -> dict[str, float]:
        """Return how many dialogues each value of an axis is to have; that need not be a whole number."""
        return due(len(self), self.spec.shares(axis), self.spec.quotas.get(axis, {}))

    def report(self, made: Iterable[Item] | None = None) -> pandas.DataFrame:
        """Return how often each value is to come, is planned and, if that is given, was made.

        Returns
        -------
        pandas.DataFrame
            One row a value. Columns ``axis``, ``value``, ``target`` (a number of dialogues; it need not be whole),
            ``planned``, ``made`` (those that are given).
        """
        planned, there = tallied(self.items), tallied(made or [])
        rows = []
        for axis in AXES:
            for value, target in self.targets(axis).items():
                rows.append((axis, value, round(target, 2), planned[axis][value], there[axis][value]))
        table = frame("a plan", rows, ["axis", "value", "target", "planned", "made"])
        return table if made is not None else table.drop(columns="made")


def planned(
    n: int, spec: Spec | None = None, seed: int = 0, already: Sequence[Item] = (), first: int | None = None
) -> list[Item]:
    """Plan so many dialogues more.

    Parameters
    ----------
    n
        How many.
    spec
        What to draw from; the default one if None.
    seed
        The same seed gives the same plan.
    already
        What is there: the new ones fill up what it lacks.
    first
        The first of their ids; by default the one behind those that are there.

    Raises
    ------
    InputError
        `n` is no number of dialogues, there are more quotas than dialogues, or rules that nothing can keep.
    """
    spec = Spec.of() if spec is None else spec
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MOST:
        raise InputError(f"{n!r} dialogues cannot be planned; give a whole number from 1 to {MOST:,}")
    total = n + len(already)
    for axis, quotas in spec.quotas.items():
        if sum(quotas.values()) > total or (sum(quotas.values()) < total and len(quotas) == len(spec.shares(axis))):
            raise InputError(
                f"quotas: {axis}: they come to {sum(quotas.values())} dialogues, and there are to be {total}"
            )
    if first is None:
        first = max((item.id for item in already), default=-1) + 1
    deal = _Deal(n, spec, derive_seed(seed, "plan", first), already)
    rows = deal.rows()
    keep_apart(rows, spec, random.Random(derive_seed(seed, "apart", first)))
    return [_item(first + place, row, spec, seed) for place, row in enumerate(rows)]


class _Deal:
    """Deals out the values of all axes.

    Parameters
    ----------
    n, spec, already
        As of `planned`.
    seed
        Of the dealing.
    """

    def __init__(self, n: int, spec: Spec, seed: int, already: Sequence[Item]) -> None:
        self._n, self._spec, self._seed, self._already = n, spec, seed, already
        self._tally = tallied(already)

    def rows(self) -> list[dict[str, str]]:
        """Return the values of each dialogue, by axis; "services" in order, the first one first."""
        rows: list[dict[str, str]] = [{} for _ in range(self._n)]
        for row, services in zip(rows, self._services(), strict=True):
            row["services"] = services
        firsts = [row["services"].partition("+")[0] for row in rows]
        self._nested(rows, "categories", firsts, [(i.services[0], i.category) for i in self._already])
        for axis in (*FLAT, "min_turns", *SAMPLING):
            for row, value in zip(rows, self._flat(axis), strict=True):
                row[axis] = value
        leasts = [row["min_turns"] for row in rows]
        self._nested(rows, "max_turns", leasts, [(str(i.min_turns), str(i.max_turns)) for i in self._already])
        return rows

    def _rng(self, name: str) -> random.Random:
        return random.Random(derive_seed(self._seed, name))

    def _flat(self, axis: str) -> list[str]:
        fixed = self._spec.quotas.get(axis)
        given = counts(self._n, self._mixed(self._spec.shares(axis), axis), self._tally[axis], fixed)
        return dealt(given, self._rng(axis))

    def _mixed(self, shares: Mapping[str, float], name: str) -> dict[str, float]:
        """Return shares in any order: where they are equal, it decides who gets what is left over."""
        values = list(shares.items())
        self._rng(f"order of {name}").shuffle(values)
        return dict(values)

    def _services(self) -> list[str]:
        """Return the services of each dialogue, in order; of a combination, each comes first equally often."""
        spec, rng = self._spec, self._rng("services")
        size_of = {joined(one): name for name, group in spec.services.items() for one in group.of}
        total = sum(group.weight for group in spec.services.values())
        sizes = {name: group.weight / total for name, group in spec.services.items()}
        there = Counter(size_of.get(joined(item.services), "") for item in self._already)
        firsts = Counter((joined(item.services), item.services[0]) for item in self._already)
        found: list[str] = []
        owed_first: dict[str, float] = {}
        for name, n in counts(self._n, self._mixed(sizes, "sizes"), there).items():
            group = {joined(one): 1 / len(spec.services[name].of) for one in spec.services[name].of}
            for services, times in counts(n, self._mixed(group, name), self._tally["services"]).items():
                parts = services.split("+")
                before = {part: firsts[services, part] for part in parts}
                owed = {part: owed_first.get(part, 0.0) for part in parts}
                equal = self._mixed(dict.fromkeys(parts, 1 / len(parts)), services)
                for first, count in counts(times, equal, before, owed=owed).items():
                    for _ in range(count):
                        rest = [part for part in parts if part != first]
                        rng.shuffle(rest)
                        found.append("+".join([first, *rest]))
                owed_first |= owed
        rng.shuffle(found)
        return found

    def _nested(
        self, rows: list[dict[str, str]], axis: str, on: Sequence[str], already: Iterable[tuple[str, str]]
    ) -> None:
        """Deal out an axis whose values depend on another value, which is given for each row."""
        there: dict[str, Counter[str]] = defaultdict(Counter)
        for key, value in already:
            there[key][value] += 1
        groups: dict[str, list[dict[str, str]]] = defaultdict(list)
        for key, row in zip(on, rows, strict=True):
            groups[key].append(row)
        owed: dict[str, float] = {}
        for key in sorted(groups):
            of = self._spec.categories_of(key) if axis == "categories" else self._spec.most(int(key))
            shares = self._mixed(of, f"{axis} of {key}")
            mine = {value: owed.get(value, 0.0) for value in shares}
            given = counts(len(groups[key]), shares, there[key], owed=mine)
            owed |= mine
            for row, value in zip(groups[key], dealt(given, self._rng(f"{axis} for {key}")), strict=True):
                row[axis] = value


def _item(number: int, row: Mapping[str, str], spec: Spec, seed: int) -> Item:
    slot = spec.slot(row["time_slots"])
    rng = random.Random(derive_seed(seed, "time", number))
    return Item(
        id=number,
        services=tuple(row["services"].split("+")),
        category=row["categories"],
        region=row["regions"],
        time_slot=(slot.start, slot.end, slot.name),
        time=_time(slot.start, slot.minutes, rng),
        user_emotion=row["user_emotions"],
        assistant_emotion=row["assistant_emotions"],
        resolution_status=row["resolution_status"],
        min_turns=int(row["min_turns"]),
        max_turns=int(row["max_turns"]),
        sampling={name: float(row[name]) for name in SAMPLING},
    )


def _time(start: int, minutes: int, rng: random.Random) -> str:
    """Return a time on five minutes in a part of the day; before midnight as often as after it, where that is in it."""
    first, last = 60 * start, 60 * start + minutes
    if last > _DAY:
        first, last = (first, _DAY) if rng.random() < 0.5 else (_DAY, last)
    hour, minute = divmod(rng.randrange(first, last, _STEP) % _DAY, 60)
    return f"{hour:02}:{minute:02}"
