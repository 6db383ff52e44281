"""The dialogue factory: as many dialogues as asked for, balanced, unique, moderated; it goes on wherever it stopped.

The steps and the files are those of SynWOZ: a plan, a scenario, a dialogue for it, checks, the files.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdkit.batch_input import check_limits, checked_about
from sdkit.batch_progress import run_shown
from sdkit.batch_report import Report
from sdkit.batch_store import check_same
from sdkit.datasets.multiwoz import MultiWOZ
from sdkit.datasets.persona_corpus import PersonaCorpus
from sdkit.embeddings import embedder
from sdkit.engines import Engine, Here
from sdkit.errors import InputError
from sdkit.factory.attempts import Maker
from sdkit.factory.deciding import given_up
from sdkit.factory.files import Places
from sdkit.factory.items import Item, tallied
from sdkit.factory.journal import Journal
from sdkit.factory.made import Made
from sdkit.factory.plan import MOST, Plan, planned
from sdkit.factory.run import Run, Tell
from sdkit.factory.sampling import taken
from sdkit.factory.sources import Sources, base_dialogues, checked_corpus
from sdkit.factory.spec import FLAT, SAMPLING, Spec
from sdkit.factory.uniqueness import THRESHOLD
from sdkit.files import data_text, locked, write_text
from sdkit.llm.seeds import check_seed
from sdkit.llm.spec import chat_model, model_name
from sdkit.moderation.moderating import checked_layers

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

    from sdkit.llm.spec import ModelSpec
    from sdkit.moderation import Layer

log = logging.getLogger("sdkit.factory")


class Factory:
    """Makes so many dialogues after a balanced plan, each different from all others.

    Parameters
    ----------
    total
        How many dialogues the output is to have in the end. Those that are there count.
    to
        The output: a file that ends in .json, a list of SynWOZ's records, or in .jsonl, a record a line.
    spec
        What the dialogues differ in: a `Spec`, a mapping for `Spec.of`, or the path of its YAML.
    model
        Which model writes: see `sdkit.llm.chat_model`.
    bases
        The base dialogues: "multiwoz-mini", a path, a `MultiWOZ`, or None for none.
    personas
        The path of a persona corpus, or a `PersonaCorpus`.
    seed
        The same seed gives the same plan and, with models of this machine, the same dialogues.
    threshold
        The cosine from which on a dialogue is a duplicate.
    embeddings
        Which model compares them: see `sdkit.embeddings.embedder`.
    layers
        What the dialogues are moderated by; None for a word list and personal data, () for nothing.
    hash_file, embedding_file
        Where hashes and embeddings go; what other runs have put there counts as made. By default beside the output.
    concurrency
        How many attempts are made at a time.
    per_minute, minutes
        How many are begun in a minute at most; when to begin no more.
    engine
        Where they are made; in this process if None.

    Raises
    ------
    InputError
        Arguments that cannot work.
    FileError
        A file cannot be read.
    ModelError
        A model cannot be used.

    Examples
    --------
    >>> from sdkit.factory import Factory
    >>> made = Factory(3, "output/three.json", model="embedded").run()  # doctest: +SKIP
    """

    def __init__(
        self,
        total: int,
        to: str | Path,
        spec: Spec | Mapping[str, Any] | str | Path | None = None,
        *,
        model: ModelSpec = None,
        bases: MultiWOZ | str | None = "multiwoz-mini",
        personas: PersonaCorpus | str | Path | None = None,
        seed: int = 0,
        threshold: float = THRESHOLD,
        embeddings: str | Embeddings | None = None,
        layers: Sequence[Layer] | None = None,
        hash_file: str | Path | None = None,
        embedding_file: str | Path | None = None,
        concurrency: int = 4,
        per_minute: float | None = None,
        minutes: float | None = None,
        engine: Engine | None = None,
    ) -> None:
        if isinstance(total, bool) or not isinstance(total, int) or not 1 <= total <= MOST:
            raise InputError(f"{total!r} dialogues cannot be made; give a whole number from 1 to {MOST:,}")
        if not isinstance(threshold, int | float) or isinstance(threshold, bool) or not 0 < threshold <= 1:
            raise InputError(f"a similarity threshold of {threshold!r} cannot be; give a number above 0, at most 1")
        check_limits(concurrency, per_minute=per_minute, minutes=minutes)
        self.total, self.seed, self.threshold = total, check_seed(seed), float(threshold)
        self.places = Places.of(to, hash_file, embedding_file)
        self.spec = (
            spec if isinstance(spec, Spec) else Spec.load(spec) if isinstance(spec, str | Path) else Spec.of(spec)
        )
        llm = chat_model(model)  # says so if it cannot be used, before anything is written
        embed = embedder(embeddings)
        self.maker = Maker(model, embeddings, tuple(checked_layers(layers)) if layers is None or layers else ())
        self._bases = base_dialogues(bases) if isinstance(bases, str) else bases
        corpus = checked_corpus(personas)
        self.sources = Sources(self._bases, corpus, self.seed)
        if self._bases is not None:
            log.info("%d base dialogues are in %s", len(self._bases), self._bases.path)
        log.info("%d personas are in %s", len(corpus), corpus.path)
        self.concurrency, self.engine = concurrency, engine or Here()
        self.pause = 60 / per_minute if per_minute else 0.0
        self.minutes = minutes
        self._about = checked_about(
            {
                "plan": self.spec.described(),
                "model": model_name(llm),
                "embeddings": getattr(embed, "model", type(embed).__name__),
                "similarity_threshold": self.threshold,
                "bases": len(self._bases) if self._bases is not None else None,
                "moderation": [layer.name for layer in self.maker.layers],
            },
            self.seed,
        )
        if ignored := taken(llm, dict.fromkeys(SAMPLING, 0.0))[1]:
            log.warning(
                "%s takes no %s: what is planned of it is kept in the provenance as not applied",
                self._about["model"],
                " and no ".join(ignored),
            )

    def __repr__(self) -> str:
        """Say how many dialogues it makes, and where they go."""
        return f"Factory({self.total} dialogues, {str(self.places.output)!r})"

    def plan(self) -> Plan:
        """Return the plan: what is noted down already, and what would be planned to come to the total."""
        journal = Journal(self.places.journal)
        return Plan([*journal.items, *self.more(journal, self.total - len(journal.items))], self.spec)

    def made(self) -> Made:
        """Return what is there, without making anything."""
        return Made(self.total, self.spec, Journal(self.places.journal), self.places)

    def run(self, progress: bool = True) -> Made:
        """Make what is missing; Ctrl-C and Stop end it, and nothing that was made is lost.

        Parameters
        ----------
        progress
            Whether to show a progress bar.

        Returns
        -------
        Made
            The dialogues, and how it went.

        Raises
        ------
        ModelError
            The model cannot be used, or makes nothing that can be kept, for five dialogues in a row.
        FileError
            A file cannot be read or written, or another run is at it.
        InputError
            What is there was made with other settings.
        KeyboardInterrupt
            It was interrupted. Run it again to go on.
        """
        report = run_shown(self.arun, Report(self.total), "Dialogue factory", progress)
        return replace(self.made(), report=report)

    async def arun(self, tell: Tell = lambda report: None) -> Report:
        """Do what `run` does, awaitable; `tell` is called with a `Report` after each dialogue."""
        with locked(self.places.lock, self.places.output):
            self._begin()
            run = Run(self, tell)
            try:
                async with self.engine:
                    await run.all()
            finally:
                run.finish()
            return run.report

    def _begin(self) -> None:
        """See that what is there was made in this way, and note down how, if nothing is."""
        if self.places.journal.exists() or self.places.output.exists():
            check_same(self.places.about, self.places.output, self._about)
        else:
            write_text(self.places.about, data_text(self._about, "json"))

    def more(self, journal: Journal, n: int, again: bool = False) -> list[Item]:
        """Return so many more items, which fill up what those that are kept or open lack.

        Parameters
        ----------
        journal
            What is planned and decided.
        n
            How many.
        again
            Whether some of these fell out, too: then there are none with values of which nothing was ever kept.
        """
        if n < 1:
            return []
        lost = given_up(journal.decisions)
        already = [item for item in journal.items if str(item.id) not in lost]
        spec = self.spec
        if again:
            there = tallied(already)
            fell = tallied(item for item in journal.items if str(item.id) in lost)
            spec = spec.without({axis: [value for value in fell[axis] if not there[axis][value]] for axis in FLAT})
        return self.sources.planned(planned(n, spec, self.seed, already, first=len(journal.items)))
