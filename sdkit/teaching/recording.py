"""Recording the answers of a lesson, and looking after the recordings."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdkit import prompts
from sdkit.files import read_text
from sdkit.llm.cassette import Answer, Recording
from sdkit.teaching import building, notebooks, workspace

MODEL = "embedded:qwen2.5-coder-1.5b"
"""The model whose answers the lessons print."""

DISTINCT = 0.8
"""Which share of the word trigrams of a dialogue has to be different ones."""


@dataclass
class Outcome:
    """What came of recording a lesson, or of checking its recording.

    Attributes
    ----------
    number : str
        The lesson.
    new, unplayed : list of Answer
        Answers that were recorded now; recorded answers that the lesson does not ask for.
    missed : list of dict
        Requests without a recorded answer: the prompt ("missed"), the nearest recorded one and what differs.
    problems : list of str
        Why the recording will not do.
    """

    number: str
    new: list[Answer] = field(default_factory=list)
    unplayed: list[Answer] = field(default_factory=list)
    missed: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def record(path: Path, root: Path, model: str = MODEL, only_missing: bool = False) -> Outcome:
    """Run a lesson and record what a model answers; the old recording is replaced when all went well.

    A notebook with solutions is run twice, the second time as students find it.

    Parameters
    ----------
    path
        The lesson's notebook.
    root
        The workspace.
    model
        The model that answers.
    only_missing
        Keep what is recorded, and ask only for the rest.

    Returns
    -------
    Outcome
        With problems, nothing was replaced, and what was recorded is in ``output/recordings``.
    """
    number = workspace.number_of(path)
    kept, work = workspace.recordings(root) / f"{number}.jsonl", root / "output" / "recordings"
    work.mkdir(parents=True, exist_ok=True)
    made, log = work / kept.name, work / f"{number}.log"
    for old in (made, log):
        old.unlink(missing_ok=True)
    if only_missing and kept.exists():
        shutil.copyfile(kept, made)
    settings = {
        "SDKIT_STRICT": "",
        "SDKIT_LLM": "record",
        "SDKIT_RECORDINGS": str(work),
        "SDKIT_LLM_LOG": str(log),
        "SDKIT_MODEL": model,
    }
    problems, printed = _run(path, settings)
    outcome = Outcome(number, problems=problems)
    events = _events(log)
    if strangers := {event["lesson"] for event in events} - {number}:
        outcome.problems.append(f'its set-up cell says lesson("{strangers.pop()}"), and its file name says {number}')
    if not made.exists():
        return outcome
    recording = Recording(made)
    fresh = _keys(events, "recorded")
    outcome.new = [answer for answer in recording if answer.key in fresh]
    outcome.problems += _unfit(recording, printed)
    if not outcome.problems:
        outcome.unplayed = recording.keep(fresh | _keys(events, "played"))
        workspace.recordings(root).mkdir(parents=True, exist_ok=True)
        made.replace(kept)
    return outcome


def check(path: Path, root: Path) -> Outcome:
    """Run a lesson with recorded answers, and find what its recording lacks, or has too much of.

    A request without a recorded answer gets the nearest one, so that the lesson goes on and all of them are found.
    """
    number = workspace.number_of(path)
    kept, log = workspace.recordings(root) / f"{number}.jsonl", root / "output" / f".check-{number}.jsonl"
    log.unlink(missing_ok=True)
    settings = {"SDKIT_LLM": "check", "SDKIT_LLM_LOG": str(log), "SDKIT_RECORDINGS": str(kept.parent)}
    problems, printed = _run(path, settings)
    events = _events(log)
    log.unlink(missing_ok=True)
    outcome = Outcome(number, missed=[event for event in events if "missed" in event])
    if not outcome.missed:
        outcome.problems += problems
    if kept.exists():
        recording = Recording(kept)
        played = _keys(events, "played")
        outcome.unplayed = [answer for answer in recording if answer.key not in played]
        outcome.problems += _unfit(recording, printed)
    return outcome


def _run(path: Path, settings: dict[str, str]) -> tuple[list[str], str]:
    """Run a lesson; one with solutions also as students find it. Return what went wrong, and what was printed."""
    problems, printed = [], []
    for notebook in building.versions(path):
        result = notebooks.execute(notebook, path, settings)
        problems += [result.problem] if result.problem else []
        printed.append(_printed(notebook))
    return problems, "\n".join(printed)


def _keys(events: list[dict[str, Any]], kind: str) -> set[str]:
    return {event[kind] for event in events if kind in event}


def _unfit(recording: Recording, printed: str) -> list[str]:
    return [f"{shown(answer.prompt)}: {problem}" for answer in recording for problem in gate(answer, printed)]


def _printed(notebook: Any) -> str:
    """Return what a notebook prints and shows, as text."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    parts = [str(part) for output in outputs for part in (output.get("text", ""), *output.get("data", {}).values())]
    return html.unescape("\n".join(parts))


def gate(answer: Answer, printed: str) -> Iterator[str]:
    """Say why a recorded dialogue is not fit to be printed in a lesson; nothing, if it is, or is no such dialogue.

    Whole dialogues by `DialogGenerator` are looked at, where the lesson prints them: a batch may hold any. What a
    lesson asks for in its own words may be as bad as it likes, to show just that.

    Parameters
    ----------
    answer
        The answer.
    printed
        What the lesson prints.
    """
    if not any(prompts.DIALOGUE_SYSTEM in str(message) for message in answer.request["body"].get("messages", [])):
        return
    try:
        turns = json.loads(answer.reply["message"]["content"])["dialog"]
        said = [(turn["speaker"], turn["text"]) for turn in turns]
    except (ValueError, KeyError, TypeError):
        if answer.reply.get("done_reason") != "length":
            yield "is no dialogue"
        return
    if not all(text in printed for _, text in said):
        return
    if len(said) < 2:
        yield f"has {len(said)} turns"
    if len({speaker for speaker, _ in said}) < 2:
        yield "only one speaks"
    texts = [_plain(text) for _, text in said]
    if len(set(texts)) < len(texts):
        yield f"says twice {max(texts, key=texts.count)!r}"
    words = " ".join(texts).split()
    trigrams = list(zip(words, words[1:], words[2:], strict=False))
    if trigrams and len(set(trigrams)) < DISTINCT * len(trigrams):
        yield f"goes round in circles: only {len(set(trigrams)) / len(trigrams):.0%} of its word trigrams are different"


def readable(answer: Answer) -> str:
    """Return a recorded answer as a person reads it before it is committed."""
    if answer.embeds:
        return f"{shown(answer.prompt)}  [embedding, {answer.model}]"
    reply = answer.reply
    said = reply.get("message", {}).get("content", "") if isinstance(reply, dict) else json.dumps(reply)
    try:
        said = "\n".join(f"  {turn['speaker']}: {turn['text']}" for turn in json.loads(said)["dialog"])
    except (ValueError, KeyError, TypeError):
        said = "  " + said.replace("\n", "\n  ")
    cut = " (cut)" if isinstance(reply, dict) and reply.get("done_reason") == "length" else ""
    seed = (answer.request["body"].get("options") or {}).get("seed")
    return f"{shown(answer.prompt)}  [seed {seed}, {answer.model}]{cut}\n{said}"


def shown(prompt: str) -> str:
    """Return the beginning of a prompt, on one line."""
    line = " ".join(prompt.split())
    return line if len(line) <= 100 else f"{line[:100]}…"


def _events(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read_text(log).splitlines()] if log.exists() else []


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()
