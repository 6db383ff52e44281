"""A random sample of dialogues in which each stratum has its share, to be reviewed."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sdkit.dialog import Dialog
from sdkit.errors import InputError
from sdkit.factory.quotas import counts
from sdkit.factory.reviewed import as_dialog
from sdkit.llm.seeds import check_seed, derive_seed
from sdkit.reviewing import key_of

D = TypeVar("D", bound=Dialog | Mapping[str, Any])


def stratified(data: Iterable[D], n: int, by: str | Sequence[str] = ("resolution_status",), seed: int = 0) -> list[D]:
    """Return a random sample in which each stratum has its share.

    The shares are kept to one dialogue, by largest remainders; where `n` allows, each stratum comes at least once.
    Dialogues with the same text count as one. Who asks for a larger `n` with the same seed mostly gets those again that
    were there, which keeps their reviews.

    Parameters
    ----------
    data
        Records or dialogues of a factory.
    n
        How many are wanted.
    by
        Fields of the records, such as "resolution_status", "regions" or "services"; dialogues that have the same in all
        of them are a stratum.
    seed
        The same seed gives the same sample, in whatever order the data is.

    Returns
    -------
    list
        In the order of the data.

    Raises
    ------
    InputError
        There is nothing, or less than `n`, or no record has such a field.
    """
    check_seed(seed)
    names = (by,) if isinstance(by, str) else tuple(by)
    distinct: dict[str, tuple[D, Dialog]] = {}
    for one in data:
        dialog = as_dialog(one)
        distinct.setdefault(key_of(dialog), (one, dialog))
    if not distinct:
        raise InputError("there are no dialogues to draw a sample from")
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= len(distinct):
        raise InputError(f"a sample of {n!r}: give a whole number from 1 to {len(distinct):,}, which is all there are")
    strata: dict[str, list[str]] = defaultdict(list)
    for key, (_, dialog) in distinct.items():
        strata[json.dumps([_field(dialog, name) for name in names], sort_keys=True)].append(key)
    for name in names:
        if all(_field(dialog, name) is None for _, dialog in distinct.values()):
            raise InputError(f"by={name!r}: no dialogue has this field; {_fields_of(distinct)}")
    wanted = _wanted({stratum: len(strata[stratum]) for stratum in sorted(strata)}, n, seed)
    chosen = {
        key
        for stratum, keys in strata.items()
        for key in sorted(keys, key=lambda key: (derive_seed(seed, key), key))[: wanted[stratum]]
    }
    return [one for key, (one, _) in distinct.items() if key in chosen]


def _wanted(sizes: Mapping[str, int], n: int, seed: int) -> dict[str, int]:
    """Return how many to draw from each stratum."""
    order = list(sizes)
    random.Random(derive_seed(seed, "strata")).shuffle(order)  # equal remainders go by the order
    shares = {stratum: sizes[stratum] / sum(sizes.values()) for stratum in order}
    given = counts(n, shares)
    if n >= len(given):
        for stratum in order:
            if not given[stratum]:
                most = max(order, key=lambda one: given[one] - n * shares[one] if given[one] > 1 else -n)
                given[most], given[stratum] = given[most] - 1, 1
    return given


def _field(dialog: Dialog, name: str) -> Any:
    return dialog.scenario.get(name) if isinstance(dialog.scenario, dict) else None


def _fields_of(distinct: Mapping[str, tuple[Any, Dialog]]) -> str:
    scenario = next(iter(distinct.values()))[1].scenario
    return f"there are {', '.join(scenario)}" if isinstance(scenario, dict) and scenario else "there are none"
