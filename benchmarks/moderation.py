"""Which sentences do the filters flag? 336 of our own writing, half of them never looked at while the list was written.

Prints precision (of what is flagged, how much is to be flagged) and recall (of what is to be flagged, how much is) on
both halves. With --model, that model judges the sentences, too (20 seconds each on a small machine: --every 7 takes
each seventh); with --dialogues, the share of a file's dialogues that each filter flags.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Sequence
from pathlib import Path

from sdkit.dialog import Dialog, Turn
from sdkit.moderation import ModelJudge, PersonalData, Substrings, WordList, moderate
from sdkit.moderation.findings import Layer
from sdkit.moderation.record_files import RecordFile

SENTENCES = Path(__file__).parents[1] / "datasets" / "moderation" / "sentences.csv"
HALVES = ("tune", "held_out")


def filters(model: str | None = None) -> dict[str, list[Layer]]:
    words = WordList()
    found: dict[str, list[Layer]] = {
        "Substrings, the usual list": [Substrings()],
        "Substrings, WordList's words": [Substrings(words.single_words)],
        "WordList": [words],
        "WordList + PersonalData": [words, PersonalData()],
    }
    return found | ({f"ModelJudge({model})": [ModelJudge(model)]} if model else {})


def measured(layers: Sequence[Layer], half: str, every: int = 1) -> tuple[float, float, int]:
    """Return precision and recall on a half, and how many sentences could not be judged."""
    with SENTENCES.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == half][::every]
    wanted = {row["id"] for row in rows if row["label"] == "flag"}
    dialogs = [Dialog(dialogId=row["id"], turns=[Turn(speaker="user", text=row["text"])]) for row in rows]
    moderated = moderate(dialogs, layers, progress=False)
    flagged = {dialog.dialogId for dialog, _ in moderated.flagged}
    right = len(flagged & wanted)
    return right / max(1, len(flagged)), right / len(wanted), len(moderated.failed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="a model that judges, such as embedded:qwen2.5-coder-1.5b")
    parser.add_argument("--every", type=int, default=1, help="measure on each of so many sentences only")
    parser.add_argument("--dialogues", type=Path, help="JSON Lines of dialogues: what share of them is flagged")
    options = parser.parse_args()

    print(f"{'filter':<32} {'half':<9} precision  recall  failed  seconds")
    for name, layers in filters(options.model).items():
        for half in HALVES:
            began = time.perf_counter()
            precision, recall, failed = measured(layers, half, options.every)
            seconds = time.perf_counter() - began
            print(f"{name:<32} {half:<9} {precision:9.3f} {recall:7.3f} {failed:7} {seconds:8.2f}", flush=True)
    if options.dialogues:
        records = [record for _, record in RecordFile(options.dialogues)]
        for name, layers in filters().items():
            share = len(moderate(records, layers, progress=False).flagged) / len(records)
            print(f"{name:<32} flags {share:.1%} of {len(records)} dialogues")


if __name__ == "__main__":
    main()
