"""What a factory has made: records, dialogues, and how they keep to the plan."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sdkit.batch_report import Report
from sdkit.dialog import Dialog
from sdkit.errors import FileError
from sdkit.factory.deciding import given_up
from sdkit.factory.files import Places
from sdkit.factory.items import Item
from sdkit.factory.journal import Journal
from sdkit.factory.plan import Plan
from sdkit.factory.records import Record, dialog_of
from sdkit.factory.spec import Spec
from sdkit.files import read_data
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

_CHECKED = ("region", "time", "resolution", "own words")


@dataclass(frozen=True)
class Made:
    """What a factory has made.

    Attributes
    ----------
    total : int
        How many dialogues were asked for.
    spec : Spec
        What the plan draws from.
    journal : Journal
        All that was planned, attempted and decided.
    places : Places
        Where the files are.
    report : Report or None
        How the last run went.
    """

    total: int
    spec: Spec
    journal: Journal
    places: Places
    report: Report | None = None

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return what a factory has made, from its output and the files beside it.

        Parameters
        ----------
        path
            The file of dialogues.

        Raises
        ------
        FileError
            No journal lies beside it, or a file cannot be read.
        InputError
            It has no name for a file of dialogues.
        """
        places = Places.of(path, None, None)
        if not places.journal.exists():
            raise FileError(
                places.journal, f"is not there: no factory has made {places.output.name}, or its journal was removed"
            )
        about, journal = read_data(places.about, "json"), Journal(places.journal)
        if not isinstance(about, dict) or not isinstance(about.get("plan"), dict):
            raise FileError(places.about, "does not say what was planned")
        return cls(len(journal.items) - len(given_up(journal.decisions)), Spec.of(about["plan"]), journal, places)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def ok(self) -> bool:
        """Whether all dialogues are there."""
        return len(self) == self.total

    @property
    def records(self) -> list[Record]:
        """The records, in the order of the plan."""
        return [attempt.record or {} for _, attempt in self.journal.kept()]

    @property
    def items(self) -> list[Item]:
        """What was planned of those that were made."""
        return [item for item, _ in self.journal.kept()]

    def dialogs(self) -> list[Dialog]:
        """Return the records as dialogues, each with how it was made."""
        return [dialog_of(attempt.record or {}, attempt.made) for _, attempt in self.journal.kept()]

    def plan(self) -> Plan:
        """Return the plan, all of it."""
        return Plan(self.journal.items, self.spec)

    def balance(self) -> pandas.DataFrame:
        """Return how often each value is to come, was planned and was made: see `Plan.report`."""
        return Plan(self.items, self.spec).report(self.items)

    def shares_kept(self) -> dict[str, float]:
        """Return the shares of the dialogues whose text shows the plan's region, time and resolution, in own words."""
        kept = [attempt for _, attempt in self.journal.kept()]
        return {name: sum(name not in one.missed for one in kept) / len(kept) if kept else 0.0 for name in _CHECKED}

    def decided(self) -> pandas.DataFrame:
        """Return what became of the attempts, a row each: ``item``, ``attempt``, ``what``, ``why``."""
        rows = [(d.item, d.attempt, d.what, d.why) for d in self.journal.decisions]
        return frame("a factory", rows, ["item", "attempt", "what", "why"])

    def __str__(self) -> str:
        """Say how many are there, how many attempts it took, and what became of the others."""
        counts = Counter(decision.what for decision in self.journal.decisions)
        text = f"{len(self)} of {self.total} dialogues are there, after {len(self.journal.attempts)} attempts"
        told = {"failed": "failed", "flagged": "flagged", "duplicate": "duplicates", "missed": "off plan"}
        if others := [f"{counts[what]} {words}" for what, words in told.items() if counts[what]]:
            text += f" ({', '.join(others)})"
        if self.journal.decisions and len(self):
            shares = ", ".join(f"{name} {share:.0%}" for name, share in self.shares_kept().items())
            text += f". The text shows the plan's {shares}"
        return text + "."

    def about(self) -> list[dict[str, Any]]:
        """Return how each dialogue was made, as in the provenance file."""
        return [dict(attempt.made or {}) for _, attempt in self.journal.kept()]
