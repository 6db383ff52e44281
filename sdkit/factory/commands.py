"""The command `sdkit synthesize`: that of SynWOZ, with its names, types and defaults, a few lines over the library."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from sdkit.errors import InputError
from sdkit.factory.sources import MULTIWOZ, base_dialogues
from sdkit.llm.named import named_model

LOG_FILE = Path("dialogue_generation.log")
_FORMAT = "%(asctime)s [%(levelname)s] %(message)s"
_MODEL = "gpt-4o"  # SynWOZ says GPT-4
log = logging.getLogger("sdkit.factory")

Floats = Annotated[list[float] | None, Parameter(consume_multiple=True)]


def synthesize(
    *,
    total_generations: int | None = None,
    output_file: Path = Path("generated_dialogues.json"),
    hash_file: Path = Path("dialogue_hashes.json"),
    embedding_file: Path = Path("dialogue_embeddings.npy"),
    similarity_threshold: float = 0.9,
    dataset_name: str = MULTIWOZ,
    min_turns: tuple[int, int] | None = None,
    max_turns: tuple[int, int] | None = None,
    temperature: Floats = None,
    top_p: Floats = None,
    frequency_penalty: Floats = None,
    presence_penalty: Floats = None,
    test_extraction: bool = False,
    extraction_index: int = 0,
    config: Path | None = None,
    personas: Path | None = None,
    model: str | None = None,
    embeddings: str | None = None,
    seed: int = 0,
    concurrency: int = 4,
    minutes: float | None = None,
    cluster: str | None = None,
) -> int:
    """Make a balanced set of dialogues, each different from all others; what is there is not made again.

    Parameters
    ----------
    total_generations
        How many dialogues the output is to have.
    output_file
        The dialogues: a list in a .json file, or a line each in a .jsonl file.
    hash_file
        Their hashes; what other runs have put there counts as made.
    embedding_file
        Their embeddings, likewise.
    similarity_threshold
        From which cosine on a dialogue is a duplicate, and is replaced.
    dataset_name
        The base dialogues: MultiWOZ's name, multiwoz-mini, or a path.
    min_turns
        Two numbers, between which the least number of turns is drawn; 5 10.
    max_turns
        Two numbers, between which the most is drawn; 7 20.
    temperature
        One or more; each dialogue has one of them. 0.7 0.8 0.9 1.0.
    top_p
        Likewise; 0.8 0.85 0.9 0.95 1.0.
    frequency_penalty
        Likewise; 0.0 0.2 0.4 0.6 0.7.
    presence_penalty
        Likewise; 0.0 0.2 0.4 0.6 0.7.
    test_extraction
        Only show one base dialogue, and make nothing.
    extraction_index
        Which, from 0 on.
    config
        A plan of your own: YAML that replaces or extends the default one.
    personas
        A persona corpus; by default FinePersonas where it is, else that of sdkit.
    model
        Which model writes. gpt-4o of openai if there is a key, else what `doctor` finds.
    embeddings
        Which model compares; by default all-MiniLM-L6-v2, which runs inside Python.
    seed
        The same seed gives the same plan and, with models of this machine, the same dialogues.
    concurrency
        How many are made at a time.
    minutes
        When to begin no more.
    cluster
        The address of a Dask scheduler, on whose workers the dialogues are made.
    """
    from sdkit.cli import INTERRUPTED

    take_keys()
    with logged(LOG_FILE):
        if test_extraction:
            return extract(dataset_name, extraction_index)
        if total_generations is None:
            raise InputError("--total_generations is needed: how many dialogues the output is to have, such as 100")
        given = {
            "min_turns": min_turns,
            "max_turns": max_turns,
            "temperature": temperature,
            "top_p": top_p,
            "frequency_penalty": frequency_penalty,
            "presence_penalty": presence_penalty,
        }
        from sdkit.factory.factory import Factory
        from sdkit.files import DATA_ENDINGS, file_type, read_data

        parts: dict[str, Any] = {}
        if config is not None:
            found = read_data(config, file_type(config, "auto", DATA_ENDINGS))
            if not isinstance(found, dict):
                raise InputError(f"{config} holds no plan: names with values are needed, such as regions: [Lyon]")
            parts = found
        parts |= {name: value for name, value in given.items() if value is not None}
        engine = None
        if cluster is not None:
            from sdkit.engines import Dask

            engine = Dask(cluster)
        factory = Factory(
            total_generations,
            output_file,
            parts,
            model=named_model(None, model, _MODEL),
            bases=dataset_name,
            personas=personas,
            seed=seed,
            threshold=similarity_threshold,
            embeddings=embeddings,
            hash_file=hash_file,
            embedding_file=embedding_file,
            concurrency=concurrency,
            minutes=minutes,
            engine=engine,
        )
        try:
            made = factory.run()
        except KeyboardInterrupt:
            print(f"Interrupted: {factory.made()} The same command goes on where it stopped.", file=sys.stderr)
            return INTERRUPTED
    print(f"{made} They are in {output_file}.")
    if made.report is not None and not made.ok:
        print(f"sdkit: {made.report}", file=sys.stderr)
    return 0 if made.ok else 1


def extract(name: str, index: int) -> int:
    """Log one base dialogue, and return the exit code: 0 if there is one of this number."""
    bases = base_dialogues(name)
    if not 0 <= index < len(bases):
        log.error(
            "There is no dialogue %d in %s: it has %d, from 0 to %d", index, bases.path, len(bases), len(bases) - 1
        )
        return 1
    dialog = bases.at(index)
    services = ", ".join(bases.services_of(bases.ids[index])) or "none"
    log.info("Dialogue %d of %s is %s. Its services: %s", index, bases.path, dialog.dialogId, services)
    for turn in dialog:
        log.info("%s: %s", "USER" if turn.speaker == "User" else "ASSISTANT", turn.text)
    return 0


def take_keys() -> None:
    """Take keys from ``.env.local`` in the working folder, and OpenAI's under the name that SynWOZ has for it."""
    if Path(".env.local").is_file():
        try:
            from dotenv import dotenv_values
        except ImportError:
            log.warning(".env.local was not read: python-dotenv is not installed")
        else:
            for name, value in dotenv_values(".env.local", interpolate=False).items():
                if value:
                    os.environ.setdefault(name, value)
    if os.environ.get("OPENAI_KEY", "").strip() and not os.environ.get("OPENAI_API_KEY", "").strip():
        os.environ["OPENAI_API_KEY"] = os.environ["OPENAI_KEY"]


@contextmanager
def logged(path: Path) -> Iterator[None]:
    """Log to the console, below a progress bar, and to a file, as SynWOZ does."""
    handlers: Sequence[logging.Handler] = (_Console(), logging.FileHandler(path, encoding="utf-8", delay=True))
    level, propagate = log.level, log.propagate
    for handler in handlers:
        handler.setFormatter(logging.Formatter(_FORMAT, "%Y-%m-%d %H:%M:%S"))
        log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.setLevel(level)
        log.propagate = propagate
        for handler in handlers:
            log.removeHandler(handler)
            handler.close()


class _Console(logging.Handler):
    """Writes above a progress bar, which stays where it is."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        from tqdm.auto import tqdm

        tqdm.write(self.format(record), file=sys.stderr)
