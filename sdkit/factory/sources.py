"""Where a factory takes its base dialogues and its personas from, and which of them goes with which dialogue."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import TypeVar

from sdkit.datasets.multiwoz import MultiWOZ
from sdkit.datasets.persona_corpus import PersonaCorpus
from sdkit.errors import InputError
from sdkit.factory.items import Item
from sdkit.factory.quotas import counts, dealt
from sdkit.llm.seeds import derive_seed

MULTIWOZ = "pfb30/multi_woz_v22"
"""The name of MultiWOZ 2.2 on Hugging Face, which is what the original calls it."""
MINI = "multiwoz-mini"
_MULTIWOZ_FOLDERS = ("local_datasets/multi_woz_v22", "datasets/MultiWOZ")
_PERSONAS = ("local_datasets/FinePersonas-v0.1-clustering-100k", "datasets/personas.jsonl")

log = logging.getLogger("sdkit.factory")
T = TypeVar("T")


def root() -> Path:
    """Return the folder with ``datasets``: the working folder, one above it, or the checkout that sdkit is in."""
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).parents[2]):
        if (folder / "datasets" / "personas.jsonl").is_file():
            return folder
    return here


def base_dialogues(name: str) -> MultiWOZ:
    """Return the base dialogues of a name: "multiwoz-mini", MultiWOZ's name on Hugging Face, or a path.

    Where MultiWOZ is not on this machine, the small set that comes with sdkit stands in for it, and that is logged.

    Raises
    ------
    InputError
        There is no such folder or file.
    FileError
        It cannot be read.
    """
    if name == MULTIWOZ:
        for folder in _MULTIWOZ_FOLDERS:
            if (root() / folder).exists():
                return MultiWOZ(root() / folder)
        log.warning(
            "%s is not on this machine: the base dialogues are those of %s. `python -m sdkit data get multiwoz` "
            "fetches MultiWOZ",
            name,
            MINI,
        )
        name = MINI
    return MultiWOZ(root() / "datasets" / MINI if name == MINI else name)


def persona_corpus(path: str | Path | None = None) -> PersonaCorpus:
    """Return the personas of a path; by default FinePersonas if it is on this machine, else those of sdkit."""
    if path is None:
        found = [root() / name for name in _PERSONAS if (root() / name).exists()]
        path = found[0] if found else root() / _PERSONAS[-1]
    return PersonaCorpus(path)


class Sources:
    """Base dialogues and personas, and who gets which.

    Parameters
    ----------
    bases
        The base dialogues; None for none.
    corpus
        The personas; None for nobody in particular.
    seed
        The same seed draws the same.
    """

    def __init__(self, bases: MultiWOZ | None, corpus: PersonaCorpus | None, seed: int) -> None:
        self._bases, self._corpus, self._seed = bases, corpus, seed
        self._by_services: dict[frozenset[str], list[str]] = {}
        for number in bases.ids if bases is not None else ():
            assert bases is not None
            self._by_services.setdefault(frozenset(bases.services_of(number)), []).append(number)
        self._people = {row.id: row for row in corpus} if corpus is not None else {}
        self._fitting = cache(self._find_fitting)

    def planned(self, items: Sequence[Item]) -> list[Item]:
        """Return items with a base dialogue and a persona each, of which each is used as seldom as possible."""
        people = self._drawn_people(items)
        used: dict[str, Counter[str]] = {}
        found = []
        for item, persona in zip(items, people, strict=True):
            fitting = self._fitting(item.services)
            base = None
            if fitting:
                times = used.setdefault(" ".join(item.services), Counter())
                rng = random.Random(derive_seed(self._seed, "base", item.id))
                least = min(times[number] for number in fitting)
                base = rng.choice([number for number in fitting if times[number] == least])
                times[base] += 1
            found.append(replace(item, base=base, persona=persona))
        if lacking := sorted({item.services[0] for item in found if item.base is None}):
            count = sum(item.base is None for item in found)
            if self._bases is not None:
                log.info("%d dialogues have no base dialogue: none is about %s", count, ", ".join(lacking))
        return found

    def redrawn(self, item: Item, attempt: int) -> Item:
        """Return an item for another attempt: from the second on, with another base dialogue and persona."""
        if attempt < 2:
            return item
        rng = random.Random(derive_seed(self._seed, "again", item.id, attempt))
        fitting = self._fitting(item.services)
        persona = self._corpus.draw(rng).id if self._corpus is not None else None
        return replace(item, base=rng.choice(fitting) if fitting else None, persona=persona)

    def texts(self, item: Item) -> tuple[str, str]:
        """Return the texts of an item's base dialogue and persona; "" for none."""
        base = ""
        if item.base is not None and self._bases is not None:
            turns = self._bases.get_dialog(item.base).turns
            base = "\n".join(f"{'USER' if t.speaker == 'User' else 'ASSISTANT'}: {t.text}" for t in turns)
        person = self._people.get(item.persona or "")
        return base, person.persona if person else ""

    def _find_fitting(self, services: tuple[str, ...]) -> list[str]:
        """Return base dialogues that are about these services, or about some of them, the first one among these."""
        first, *rest = services
        for size in range(len(rest), -1, -1):
            found = [
                number
                for some in combinations(rest, size)
                for number in self._by_services.get(frozenset({first, *some}), [])
            ]
            if found:
                return found
        return []

    def _drawn_people(self, items: Sequence[Item]) -> list[str | None]:
        """Return a persona for each: half of them by cluster, half by label, as far as the corpus has both."""
        if self._corpus is None:
            return [None] * len(items)
        rng = random.Random(derive_seed(self._seed, "personas", items[0].id if items else 0))
        corpus = self._corpus
        groups: list[list[str]] = []
        ways: list[tuple[Sequence[object], Callable[[object], list[str]]]] = [
            (list(corpus.clusters), lambda one: [row.id for row in corpus.choose(cluster=one)]),  # type: ignore[arg-type]
            (list(corpus.labels), lambda one: [row.id for row in corpus.choose(label=one)]),  # type: ignore[arg-type]
        ]
        ways = [way for way in ways if way[0]]
        for share, (names, members) in zip(_halves(len(items), len(ways)), ways, strict=True):
            of = cache(members)
            groups += [of(name) for name in _evenly(names, share, rng)]
        if not ways:
            groups = [list(self._people)] * len(items)
        rng.shuffle(groups)
        used: Counter[str] = Counter()
        people: list[str | None] = []
        for group in groups:
            least = min(used[one] for one in group)
            one = rng.choice([one for one in group if used[one] == least])
            used[one] += 1
            people.append(one)
        return people


def checked_corpus(personas: PersonaCorpus | str | Path | None) -> PersonaCorpus:
    """Return a corpus of personas, also for its path."""
    if isinstance(personas, PersonaCorpus):
        return personas
    if personas is not None and not isinstance(personas, str | Path):
        raise InputError(f"personas={personas!r:.60}: give the path of a corpus, or a PersonaCorpus")
    return persona_corpus(personas)


def _halves(n: int, parts: int) -> list[int]:
    return [n // parts + (place < n % parts) for place in range(parts)] if parts else []


def _evenly(names: Sequence[T], n: int, rng: random.Random) -> list[T]:
    """Return so many names, each as often as the others, to one more or less."""
    order = list(names)
    rng.shuffle(order)
    return dealt(counts(n, dict.fromkeys(order, 1 / len(order))), rng)
