"""What is kept: decided in the order of the ids, so that it does not depend on what was made first, or where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sdkit.factory.attempts import Attempt
from sdkit.factory.files import Earlier
from sdkit.factory.items import Item
from sdkit.factory.journal import Decision, Journal
from sdkit.factory.uniqueness import Duplicate, Vectors, like_turns, unpacked

ATTEMPTS = 4
"""How many attempts an item has, before it is given up."""
MISSES = 2
"""How many attempts may miss a part of the plan before the best of them is taken, which says what it lacks."""
_BLOCK = 64  # attempts whose neighbours are looked for at once: much quicker than one by one


@dataclass
class _State:
    """What is known of the item that is being decided."""

    attempt: int = 0
    misses: int = 0
    spare: list[Attempt] = field(default_factory=list)
    why: list[str] = field(default_factory=list)


class Decider:
    """Decides what is kept, with all that is kept already.

    Parameters
    ----------
    journal
        Has the items and the attempts; the decisions go there.
    earlier
        What other runs have made.
    threshold
        The cosine from which on a dialogue is a duplicate.

    Attributes
    ----------
    kept : dict of int to Attempt
        What is kept, by item.
    """

    def __init__(self, journal: Journal, earlier: Earlier, threshold: float) -> None:
        self._journal, self._threshold = journal, threshold
        self.kept: dict[int, Attempt] = {}
        self._hashes: dict[str, str] = dict.fromkeys(earlier.hashes, "")
        self._vectors = Vectors()
        if earlier.vectors is not None:
            self._vectors.extend(earlier.vectors)
        self._owners: list[Attempt | None] = [None] * len(self._vectors)
        self._next = 0
        self._state = _State()
        for decision in journal.decisions:
            self._apply(decision)
        self._new = list(journal.attempts.values())
        self._standing: list[tuple[Attempt, Any]] = []  # seen, with vectors, and not known to be followed by another
        self._compared = 0
        self._ahead: dict[int, int] = {}
        self.look_ahead()

    @property
    def done(self) -> bool:
        """Whether all items that are planned are decided."""
        return self._next >= len(self._journal.items)

    def wanted(self, item: Item) -> int | None:
        """Return which attempt at an item is to be made, as far as is known; None if it is decided."""
        if self.done or item.id < self.current.id:
            return None
        return max(self._state.attempt if item.id == self.current.id else 0, self._ahead.get(item.id, 0))

    @property
    def current(self) -> Item:
        """The item that is decided next."""
        return self._journal.items[self._next]

    def add(self, attempt: Attempt) -> None:
        """Note what an attempt came to."""
        self._journal.add_attempt(attempt)
        self._new.append(attempt)

    def look_ahead(self) -> list[tuple[int, int]]:
        """Return the items and attempts that are needed, as is known since the last look, whatever others come to.

        Items are decided in order, but most of what becomes of them can be seen before: what is near to a dialogue that
        is kept is a duplicate, whoever comes before it. If nobody saw it, one would wait for the other.
        """
        looks = [([(a, unpacked(a.vector)) for a in self._new], 0)]
        if self._compared < len(self._vectors):
            looks.append((self._standing, self._compared))
            self._standing = []
        self._new, self._compared = [], len(self._vectors)
        needed = []
        for seen, since in looks:
            still = [(attempt, vector) for attempt, vector in seen if self._is_open(attempt)]
            places = iter(self._vectors.nearest([vector for _, vector in still if len(vector)], since))
            for attempt, vector in still:
                cosine = next(places)[1] if len(vector) else -1.0
                if self._falls(attempt, cosine):
                    self._ahead[attempt.item] = attempt.attempt + 1
                    needed.append((attempt.item, attempt.attempt + 1))
                else:
                    self._standing.append((attempt, vector))
        return needed

    def _is_open(self, attempt: Attempt) -> bool:
        """Tell whether an attempt counts for an item that is not decided yet."""
        return not self.done and attempt.item >= self.current.id and attempt.attempt >= self._ahead.get(attempt.item, 0)

    def _falls(self, attempt: Attempt, cosine: float) -> bool:
        """Tell whether an attempt is sure to be followed by another one."""
        if attempt.attempt + 1 == ATTEMPTS:
            return False
        if attempt.record is None or attempt.findings or attempt.hash in self._hashes or cosine >= self._threshold:
            return True
        misses = [bool(self._journal.attempts[attempt.item, n].missed) for n in range(attempt.attempt + 1)]
        return misses[-1] and sum(misses) < MISSES

    def decide(self) -> list[Decision]:
        """Decide as many items as can be, one after the other, and return what was decided."""
        decided: list[Decision] = []
        while block := list(self._ready()):
            new: list[Decision] = []
            since = len(self._vectors)
            near = self._vectors.nearest([unpacked(a.vector) for a in block if a.vector])
            places = iter(near)
            for attempt in block:
                before = next(places) if attempt.vector else (-1, -1.0)
                found = self._decided(attempt, before, since)
                new += found
                for decision in found:
                    self._apply(decision)
                if found[-1].item == attempt.item and found[-1].what not in ("kept", "given up"):
                    break  # another attempt comes first
            self._journal.add_decisions(new)
            decided += new
        return decided

    def _ready(self) -> Iterator[Attempt]:
        """Yield the attempts that can be decided one after the other."""
        for item in self._journal.items[self._next : self._next + _BLOCK]:
            number = self._state.attempt if item.id == self.current.id else 0
            attempt = self._journal.attempts.get((item.id, number))
            if attempt is None:
                return
            yield attempt

    def _decided(self, attempt: Attempt, before: tuple[int, float], since: int) -> list[Decision]:
        """Return what becomes of an attempt, and of its item if that was the last one."""
        state = self._state
        what, why = self._verdict(attempt, before, since)
        if what == "missed":
            if state.misses + 1 < MISSES and state.attempt + 1 < ATTEMPTS:
                return [Decision(attempt.item, attempt.attempt, "missed", why)]
            best = min([*state.spare, attempt], key=lambda one: (len(one.missed), one.attempt))
            return self._taken(
                best, [] if best is attempt else [Decision(attempt.item, attempt.attempt, "missed", why)]
            )
        if what == "kept":
            return [Decision(attempt.item, attempt.attempt, "kept")]
        rejected = Decision(attempt.item, attempt.attempt, what, why)
        if state.attempt + 1 < ATTEMPTS:
            return [rejected]
        if state.spare:
            return self._taken(min(state.spare, key=lambda one: (len(one.missed), one.attempt)), [rejected])
        last = Decision(attempt.item, attempt.attempt, "given up", "; ".join(dict.fromkeys([*state.why, why])))
        return [rejected, last]

    def _taken(self, best: Attempt, before: list[Decision]) -> list[Decision]:
        return [*before, Decision(best.item, best.attempt, "kept", f"without {' and '.join(best.missed)}")]

    def _verdict(self, attempt: Attempt, before: tuple[int, float], since: int) -> tuple[str, str]:
        if attempt.record is None:
            return "failed", attempt.problem
        if attempt.findings:
            reasons = dict.fromkeys(str(finding["reason"]) for finding in attempt.findings)
            return "flagged", "; ".join(reasons)
        duplicate = self._duplicate(attempt, before, since)
        if duplicate is not None:
            return "duplicate", str(duplicate)
        if attempt.missed:
            return "missed", f"its text lacks the {' and the '.join(attempt.missed)}"
        return "kept", ""

    def _duplicate(self, attempt: Attempt, before: tuple[int, float], since: int) -> Duplicate | None:
        if attempt.hash in self._hashes:
            return Duplicate(self._hashes[attempt.hash], 1.0, exact=True)
        ((place, cosine),) = self._vectors.nearest([unpacked(attempt.vector)], since)
        if before[1] >= cosine:
            place, cosine = before
        if place < 0 or cosine < self._threshold:
            return None
        owner = self._owners[place]
        if owner is None or owner.record is None or attempt.record is None:
            return Duplicate("", cosine, exact=False)
        return Duplicate(owner.record["dialogue_id"], cosine, False, like_turns(attempt.record, owner.record))

    def _apply(self, decision: Decision) -> None:
        """Bring the state up to date."""
        attempt = self._journal.attempts[decision.item, decision.attempt]
        match decision.what:
            case "kept":
                assert attempt.record is not None
                self.kept[decision.item] = attempt
                self._hashes[attempt.hash] = attempt.record["dialogue_id"]
                self._vectors.extend([unpacked(attempt.vector)])
                self._owners.append(attempt)
            case "given up":
                pass
            case _:
                self._state.attempt = decision.attempt + 1
                self._state.why.append(decision.why)
                if decision.what == "missed":
                    self._state.misses += 1
                    self._state.spare.append(attempt)
                return
        self._next += 1
        self._state = _State()


def rejected(journal: Journal) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the records that were flagged, with what was found in them, and what failed, with why."""
    flagged: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for decision in journal.decisions:
        attempt = journal.attempts[decision.item, decision.attempt]
        if decision.what == "flagged":
            flagged.append({**(attempt.record or {}), "moderation": [dict(finding) for finding in attempt.findings]})
        elif decision.what == "failed":
            failed.append({"item": decision.item, "attempt": decision.attempt, "problem": decision.why})
    return flagged, failed


def given_up(decisions: Sequence[Decision]) -> dict[str, str]:
    """Return the items that were given up, and why, by id."""
    return {str(decision.item): decision.why for decision in decisions if decision.what == "given up"}
