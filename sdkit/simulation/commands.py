"""The commands `sdkit simulate` and `sdkit converse`: a few lines over the library."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from sdkit.batch import Batch
from sdkit.llm.named import Provider, named_model
from sdkit.simulation.simulated import stop_rows


def simulate(
    *,
    assistant_path: Path,
    conversation_characters_path: Path,
    inference_endpoint_path: Path,
    output_path: Path,
    model_provider: Provider | None = None,
    model_id: str | None = None,
    conversation_completion_query_model_id: str | None = None,
    max_conversation_turns: int = 3,
    seed: int = 0,
    concurrency: int = 4,
) -> int:
    """Let simulated users try out an assistant; what is there is not made again.

    Parameters
    ----------
    assistant_path
        YAML with the assistant's name and description.
    conversation_characters_path
        YAML with the personas of the users, such as `sdkit personas` makes.
    inference_endpoint_path
        YAML that says how to ask the assistant over HTTP.
    output_path
        Where the conversations go: a file that ends in .jsonl, a conversation a line.
    model_provider
        Who has the models below. openai if OPENAI_API_KEY is set, else ollama or embedded, as `doctor` finds.
    model_id
        The model that plays the users; gpt-4o of openai, else the provider's default.
    conversation_completion_query_model_id
        The model that decides whether a conversation is over; o3 of openai, else the one that plays the users.
    max_conversation_turns
        How many turns at most; a turn is a message of the user and an answer.
    seed
        The same seed gives the same users' messages to the same answers.
    concurrency
        How many conversations are made at a time.
    """
    from sdkit.simulation.run import simulation

    users = named_model(model_provider, model_id, "gpt-4o")
    # Where only one model is named, and it is not openai's, it does both.
    completion = conversation_completion_query_model_id
    of_openai = (users or "").startswith("openai:")
    judge = named_model(model_provider, completion or (None if of_openai else model_id), "o3")
    batch = simulation(
        assistant_path,
        conversation_characters_path,
        inference_endpoint_path,
        output_path,
        max_turns=max_conversation_turns,
        model=users,
        judge=judge,
        seed=seed,
        concurrency=concurrency,
    )
    return _run(batch, output_path, lambda: None)


def converse(
    *,
    seeds: Path,
    assistant: str | None = None,
    user: str | None = None,
    turns: int = 3,
    end_on: Literal["user", "assistant"] = "user",
    output: Path = Path("output/synthetic_conversations.jsonl"),
    model: str | None = None,
    seed: int = 0,
    concurrency: int = 4,
) -> int:
    """Let an assistant and a simulated user talk on from opening messages; what is there is not made again.

    Parameters
    ----------
    seeds
        CSV without a header: an opening message of a user a row, in the first column.
    assistant
        Who answers: YAML of an endpoint or of an assistant, or a model such as qwen2.5:14b or embedded.
    user
        Who plays the user: YAML of an endpoint or of personas, or a model.
    turns
        How many turns; a turn is an answer, and what the user says to it.
    end_on
        Whose message is the last one.
    output
        A file that ends in .jsonl; or in .csv or .tsv, or without an ending, for a table of chat histories.
    model
        The model that plays what has none of its own; by default what `doctor` finds.
    seed
        The same seed gives the same conversations, with models of this machine.
    concurrency
        How many conversations are made at a time.
    """
    from sdkit.simulation.seed_messages import conversing, journal_of, rendered

    journal = journal_of(output)
    options = {"seed": seed, "concurrency": concurrency}
    batch = conversing(seeds, assistant, user, journal, turns=turns, end_on=end_on, model=model, **options)
    return _run(batch, output, lambda: rendered(batch, output))


def _run(batch: Batch, output: Path, finish: Callable[[], None]) -> int:
    """Run a batch of conversations, print what came of it, and return the exit code: 0 if all were made."""
    from sdkit.cli import INTERRUPTED

    try:
        report = batch.run()
    except KeyboardInterrupt:
        there = batch.report()
        print(
            f"Interrupted: {there.done} of {there.total} conversations are in {batch.to}. "
            "The same command goes on where it stopped.",
            file=sys.stderr,
        )
        return INTERRUPTED
    finally:
        finish()
    for kind, meaning, count, turns, _ in stop_rows(batch.dialogs()):
        print(f"{count:>5}  {kind.replace('_', ' ')}: {meaning} ({turns:g} messages on average)")
    print(f"{report} They are in {output}.")
    for number, problem in report.failed.items():
        print(f"  {number}: {problem}", file=sys.stderr)
    return 0 if report.ok else 1
