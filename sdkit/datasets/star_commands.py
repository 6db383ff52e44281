"""The `sdkit star` commands: a few lines over the library."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

star = App(name="star", help="Make synthetic dialogues for scenarios of STAR.")


@star.command
def generate(
    *,
    task: str | None = None,
    domain: str | None = None,
    happy: bool | None = None,
    multitask: bool | None = None,
    complete: bool | None = None,
    ids: Annotated[list[int] | None, Parameter(consume_multiple=True, negative="")] = None,
    limit: int | None = None,
    data: Path = Path("datasets/STAR"),
    output: Path = Path("output/STAR/full-generation"),
    how: Literal["description", "personas", "turns"] = "description",
    model: str | None = None,
    seed: int | Literal["id"] = 0,
    concurrency: int = 1,
    per_minute: float | None = None,
    minutes: float | None = None,
    tokens: int | None = None,
) -> int:
    """Make a synthetic dialogue for the scenario of each dialogue that fits. What is there is not made again.

    Parameters
    ----------
    task
        Only of this task, such as doctor_followup.
    domain
        Only of this domain, such as doctor.
    happy
        Only those on the happy path, or only the others.
    multitask
        Only those of several tasks, or only the others.
    complete
        Only those that came to an end, or only the others.
    ids
        Of these, and no others.
    limit
        At most so many, the first ones.
    data
        The folder of the data set; datasets/star-mini comes with sdkit.
    output
        A folder, which gets json/ID.json and txt/ID.txt, or one file that ends in .jsonl.
    how
        From a description, from two personas in one request, or by two personas turn by turn.
    model
        Such as qwen2.5:14b (Ollama) or embedded; by default what `doctor` finds.
    seed
        From it and the id the seed of each dialogue is derived; "id" takes the id itself.
    concurrency
        How many are made at a time.
    per_minute
        How many are begun in a minute at most.
    minutes
        Begin no more after so many minutes; the same command goes on.
    tokens
        Begin no more after so many tokens; the same command goes on.
    """
    from sdkit.cli import INTERRUPTED
    from sdkit.datasets import StarDataset
    from sdkit.errors import InputError

    if limit is not None and limit < 1:
        raise InputError(f"--limit {limit}: give a number of dialogues, at least 1")
    dataset = StarDataset(data)
    found = dataset.get_ids(domain, task, happy, multitask, complete)
    if ids is not None:
        if not ids:
            raise InputError("--ids names no id; give some, such as --ids 1 9, or leave it out")
        for number in ids:
            dataset.get_dialog_scenario(number)  # says which id there is not
        found = [number for number in found if number in set(ids)]
    if not found:
        raise InputError("no dialogue of the data set fits; ask for less at once")
    batch = dataset.batch(
        found[:limit],
        output,
        model,
        how,
        seed=seed,
        concurrency=concurrency,
        per_minute=per_minute,
        minutes=minutes,
        tokens=tokens,
    )
    try:
        report = batch.run()
    except KeyboardInterrupt:
        there = batch.report()
        print(
            f"Interrupted: {there.done} of {there.total} dialogues are in {output}. "
            "The same command goes on where it stopped.",
            file=sys.stderr,
        )
        return INTERRUPTED
    print(f"{report} They are in {output}.")
    return 0 if report.ok else 1
