"""The command `sdkit moderate`: a few lines over the library."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from sdkit.errors import InputError
from sdkit.jsonl import read_lines
from sdkit.moderation.findings import Layer
from sdkit.moderation.records import FINDINGS

LayerName = Literal["words", "personal", "judge", "openai"]


def moderate(
    file: Path,
    *,
    output: Path | None = None,
    flagged_output: Path | None = None,
    failed_output: Path | None = None,
    workers: int = 5,
    retry_failed: bool = False,
    layers: Annotated[tuple[LayerName, ...], Parameter(consume_multiple=True, negative="")] = ("words", "personal"),
    model: str | None = None,
    words: Path | None = None,
) -> int:
    """Find the dialogues of a file that are not to go into a data set; what is judged already is not judged again.

    The exit code is 0 if all dialogues are approved, and 1 if any was flagged or could not be judged.

    Parameters
    ----------
    file
        JSON Lines or a JSON list: dialogues, or records of the factory.
    output
        Where the approved ones go; beside made.jsonl it is made.approved.jsonl by default.
    flagged_output
        Where the flagged ones go, with what was found in them; made.flagged.jsonl by default.
    failed_output
        Where those go that could not be judged, with the reason; made.failed.jsonl by default.
    workers
        How many are judged at a time, where a layer waits for a model.
    retry_failed
        Judge again what has failed in an earlier run.
    layers
        Who looks: a word list, the finder of personal data, a model that judges, OpenAI's moderation (which needs
        OPENAI_API_KEY).
    model
        The model that judges, such as qwen2.5:14b (Ollama) or openai:gpt-4o; by default what `doctor` finds.
    words
        YAML with a word list of your own; with "extends: true" in it, it is added to the one that comes with sdkit.
    """
    from sdkit.cli import INTERRUPTED
    from sdkit.moderation.filing import moderate_file
    from sdkit.moderation.record_files import Outputs

    used = _layers(layers, model, words)
    to = Outputs.of(file, output, flagged_output, failed_output)
    try:
        report = moderate_file(
            file, to.approved, to.flagged, to.failed, used, retry_failed=retry_failed, concurrency=workers
        )
    except KeyboardInterrupt:
        print("Interrupted. The same command goes on where it stopped.", file=sys.stderr)
        return INTERRUPTED
    print(report)
    for count, path in ((report.approved, to.approved), (report.flagged, to.flagged), (report.failed, to.failed)):
        if count:
            print(f"{count:>7}  {path}")
    for category, number in _categories(to.flagged):
        print(f"{number:>7}  with {category}")
    return 0 if report.ok else 1


def _layers(names: tuple[LayerName, ...], model: str | None, words: Path | None) -> list[Layer]:
    """Return the layers of these names."""
    from sdkit.moderation.judge import ModelJudge
    from sdkit.moderation.openai_moderation import OpenAIModeration
    from sdkit.moderation.personal import PersonalData
    from sdkit.moderation.words import WordList

    if model is not None and "judge" not in names:
        raise InputError("--model is for the layer judge; write --layers words personal judge")
    if words is not None and "words" not in names:
        raise InputError("--words is for the layer words; add it to --layers")
    made: dict[LayerName, Callable[[], Layer]] = {
        "words": lambda: WordList() if words is None else WordList.load(words),
        "personal": PersonalData,
        "judge": lambda: ModelJudge(model),
        "openai": OpenAIModeration,
    }
    return [made[name]() for name in dict.fromkeys(names)]


def _categories(path: Path) -> list[tuple[str, int]]:
    """Return what was found in a file's records, and in how many."""
    counts = Counter(
        category for record in read_lines(path) for category in {each["category"] for each in record[FINDINGS]}
    )
    return counts.most_common()
