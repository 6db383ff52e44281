"""What came out of a simulation: the conversations, and why they ended, as tables and as a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from sdkit import rendering
from sdkit.batch_report import Report
from sdkit.dialog import Dialog
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

    from sdkit.analysis.plots import Plot

KINDS = {
    "need_met": "the user has what they came for",
    "goodbye": "both have said goodbye",
    "left": "the user has ended it",
    "no_answer": "nothing is left to say",
    "dead_end": "the assistant cannot help",
    "frustrated": "the user has given up",
    "over": "it came to its end",
    "max_turns": "the limit was reached",
    "stopped": "somebody stopped it",
    "error": "something failed",
}
"""Why conversations end, the `Stop.kind`, and what that means."""


@dataclass(frozen=True)
class Simulated:
    """Conversations, and how it went to make them.

    Attributes
    ----------
    dialogs : list of Dialog
        The conversations that are there, in the order of the personas or seeds.
    report : sdkit.batch.Report
        How it went: what was made, and what failed.
    """

    dialogs: list[Dialog]
    report: Report

    def __len__(self) -> int:
        """Return the number of conversations."""
        return len(self.dialogs)

    def __iter__(self) -> Iterator[Dialog]:
        """Iterate over the conversations."""
        return iter(self.dialogs)

    def __getitem__(self, index: int) -> Dialog:
        """Return a conversation."""
        return self.dialogs[index]

    def to_frame(self) -> pandas.DataFrame:
        """Return a pandas table, a row a conversation.

        Returns
        -------
        pandas.DataFrame
            Columns ``id``, ``user``, ``turns`` (messages of both), ``stop``, ``reason``, ``confidence``, ``kept``
            (whether the user has stayed who it is, if that was asked), ``tokens``.
        """
        rows = [_row(dialog) for dialog in self.dialogs]
        return frame("conversations", rows, ["id", "user", "turns", "stop", "reason", "confidence", "kept", "tokens"])

    def stops(self) -> pandas.DataFrame:
        """Return why conversations ended, a row a kind, the most frequent first.

        Returns
        -------
        pandas.DataFrame
            Columns ``stop``, ``meaning``, ``conversations``, ``turns`` (the mean number of messages) and
            ``confidence`` (the mean, where judges gave one).
        """
        return stops(self.dialogs)

    def plot(self) -> Plot:
        """Draw why conversations ended: see `sdkit.analysis.stops.plot_stops`."""
        from sdkit.analysis.stops import plot_stops

        return plot_stops(self.dialogs)

    def __repr__(self) -> str:
        """Say how many conversations there are, and why they ended."""
        kinds = Counter(kind_of(dialog) for dialog in self.dialogs)
        ends = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in kinds.most_common())
        return f"<{len(self.dialogs)} conversations: {ends}>" if ends else "<no conversations>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        rows = [[_text(value) for value in row] for row in stop_rows(self.dialogs)]
        caption = rendering.escaped(str(self.report))
        table = rendering.table(("stop", "meaning", "conversations", "turns", "confidence"), rows)
        return {"text/plain": repr(self), "text/html": rendering.figure("simulated", caption, table)}


def kind_of(dialog: Dialog) -> str:
    """Return why a conversation ended, the kind of its `Stop`; "unknown" if nobody knows."""
    return dialog.stop.kind if dialog.stop else "unknown"


def stops(dialogs: Sequence[Dialog]) -> pandas.DataFrame:
    """Return why conversations ended: see `Simulated.stops`."""
    return frame("ends", stop_rows(dialogs), ["stop", "meaning", "conversations", "turns", "confidence"])


def stop_rows(dialogs: Sequence[Dialog]) -> list[tuple[str, str, int, float, float | None]]:
    """Return the rows of `stops`."""
    rows = []
    for kind, count in Counter(map(kind_of, dialogs)).most_common():
        of_kind = [dialog for dialog in dialogs if kind_of(dialog) == kind]
        sure = [dialog.stop.confidence for dialog in of_kind if dialog.stop and dialog.stop.confidence is not None]
        meaning = KINDS.get(kind, "")
        rows.append((kind, meaning, count, round(fmean(map(len, of_kind)), 1), round(fmean(sure), 2) if sure else None))
    return rows


def _row(dialog: Dialog) -> tuple[Any, ...]:
    stop, made = dialog.stop, dialog.provenance
    kept = (dialog.notes or {}).get("persona")
    tokens = (made.prompt_tokens or 0) + (made.completion_tokens or 0) if made else None
    return (
        dialog.dialogId,
        next(iter(dialog.speakers), None),
        len(dialog),
        kind_of(dialog),
        stop.reason if stop else "",
        stop.confidence if stop else None,
        kept.get("kept") if isinstance(kept, dict) else None,
        tokens,
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)
