"""Reading the STAR data set, and a batch of synthetic dialogues for its happy doctor_followup scenarios.

Reading: all dialogues against `json.load` of all files, and the filter that finds 105 of them, when the index is there.
With ``--batch`` also the batch, live: failures, time, and how closely real and synthetic dialogues keep to the chart.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from sdkit.adherence import adherence
from sdkit.analysis import compare
from sdkit.datasets import StarDataset

FILTER: dict[str, Any] = {"task_name": "doctor_followup", "happy": True, "multitask": False}


def timed(what, times: int = 3) -> tuple[float, Any]:
    """Return the best of several times, in milliseconds, and the result."""
    best, result = float("inf"), None
    for _ in range(times):
        began = time.perf_counter()
        result = what()
        best = min(best, time.perf_counter() - began)
    return 1000 * best, result


def load_all(folder: Path) -> list[Any]:
    loaded = []
    for path in folder.joinpath("dialogues").iterdir():
        with path.open(encoding="utf-8") as file:
            loaded.append(json.load(file))
    return loaded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--batch", type=Path, help="where to; what is there is not made again")
    parser.add_argument("--model", default="embedded:smollm2-135m")
    parser.add_argument("--how", default="description")
    options = parser.parse_args()

    floor, loaded = timed(lambda: load_all(options.folder))
    print(f"{'json.load of all files':44}{floor:9.1f} ms  {len(loaded):,}")
    del loaded
    new, dialogs = timed(lambda: StarDataset(options.folder).get_dialogs())
    print(f"{'get_dialogs(), a new data set each time':44}{new:9.1f} ms  {len(dialogs):,}  {new / floor:.2f} times")
    data = StarDataset(options.folder)
    data.get_ids()
    for name, find in (("get_dialogs", data.get_dialogs), ("get_ids", data.get_ids)):
        milliseconds, found = timed(lambda find=find: find(**FILTER), 5)
        print(f"{name + '(...), the index there':44}{milliseconds:9.1f} ms  {len(found):,}")
    began = time.perf_counter()
    for dialog in dialogs:
        data.get_scenario_description(dialog.scenario)
        str(data.get_user_persona_for_scenario(dialog.scenario))
        str(data.get_system_persona_for_scenario(dialog.scenario))
    each = 1000 * (time.perf_counter() - began) / len(dialogs)
    print(f"{'a description and two personas':44}{each:9.1f} ms  each")

    if options.batch:
        batch = data.batch(data.get_ids(**FILTER), options.batch, options.model, options.how, seed="id")
        print(batch.run())
        made = batch.dialogs()
        attempts = [dialog.provenance.attempts or 1 for dialog in made if dialog.provenance]
        print(f"at the first attempt: {attempts.count(1)} of {len(made)}; attempts at most: {max(attempts)}")
        print("failed:", dict(batch.report().failed))
        chart = data.flowchart("doctor_followup")
        kinds = [step.kind for dialog in made for step in adherence(dialog, chart, labels="nearest").steps]
        print({kind: f"{kinds.count(kind) / len(kinds):.0%}" for kind in sorted(set(kinds))})
        print(compare({"real": data.get_dialogs(**FILTER), "synthetic": made}, chart).to_string())


if __name__ == "__main__":
    main()
