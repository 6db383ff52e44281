"""The journal of a factory: what was planned, attempted and decided, a line each, in the order in which it came about.

It is the truth; all other files are written from it. A line is there in full or not at all, whatever kills the writer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sdkit.errors import FileError
from sdkit.factory.attempts import Attempt
from sdkit.factory.items import Item
from sdkit.jsonl import append_lines, numbered_lines


@dataclass(frozen=True)
class Decision:
    """What became of an attempt, or of an item.

    Attributes
    ----------
    item, attempt : int
        Which one it is about.
    what : str
        "kept"; "failed", "flagged", "duplicate" or "missed" for an attempt that another one is made for; "given up" for
        an item whose attempts have all come to nothing.
    why : str
        In words.
    """

    item: int
    attempt: int
    what: str
    why: str = ""


class Journal:
    """The journal, and what stands in it.

    Parameters
    ----------
    path
        Its file.

    Attributes
    ----------
    items : list of Item
        In the order of their ids.
    attempts : dict of (int, int) to Attempt
        By item and attempt.
    decisions : list of Decision
        In order.

    Raises
    ------
    FileError
        It cannot be read; names the line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.items: list[Item] = []
        self.attempts: dict[tuple[int, int], Attempt] = {}
        self.decisions: list[Decision] = []
        for line, row in numbered_lines(path):
            try:
                self._take(row)
            except (KeyError, TypeError, ValueError) as error:
                raise FileError(path, f"is no journal of this version of the factory: {error}", line) from error

    def _take(self, row: Any) -> None:
        ((kind, value),) = row.items()
        match kind:
            case "item":
                self.items.append(Item.of(value))
            case "attempt":
                attempt = Attempt(**value)
                self.attempts.setdefault((attempt.item, attempt.attempt), attempt)
            case "decision":
                self.decisions.append(Decision(**value))
            case _:
                raise ValueError(f"{kind!r} is not known")

    def add_items(self, items: Iterable[Item]) -> None:
        """Note what was planned."""
        new = list(items)
        append_lines(self.path, ({"item": item.json()} for item in new))
        self.items += new

    def add_attempt(self, attempt: Attempt) -> None:
        """Note what an attempt came to."""
        append_lines(self.path, [{"attempt": attempt.json()}])
        self.attempts[attempt.item, attempt.attempt] = attempt

    def add_decisions(self, decisions: Iterable[Decision]) -> None:
        """Note what was decided."""
        new = list(decisions)
        append_lines(self.path, ({"decision": asdict(decision)} for decision in new))
        self.decisions += new

    def kept(self) -> list[tuple[Item, Attempt]]:
        """Return what was kept, in the order of the ids."""
        by_id = {item.id: item for item in self.items}
        return [(by_id[d.item], self.attempts[d.item, d.attempt]) for d in self.decisions if d.what == "kept"]
