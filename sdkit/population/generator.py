"""Personas out of a model: many who differ, for an assistant to be tried out on; or one, of whom something is known."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self

from sdkit import background
from sdkit.assistants import Assistant, assistant_of
from sdkit.embeddings import embedder
from sdkit.errors import InputError
from sdkit.llm import embedded, playback
from sdkit.llm.seeds import check_seed
from sdkit.llm.spec import chat_model, model_name
from sdkit.llm.structured import any_seed
from sdkit.persona_files import checked_users, load_users
from sdkit.personas import BasePersona, UserPersona
from sdkit.population.asked_values import distinct_values
from sdkit.population.attributes import DEFAULT_ATTRIBUTES, Values, rule_of
from sdkit.population.candidates import P, Setting
from sdkit.population.covering import THRESHOLD, Coverage
from sdkit.population.files import Journal, PlanFile, alone, beside
from sdkit.population.filling import afill_persona, checked_kind, fill_persona
from sdkit.population.likeness import Crowd, whole_text
from sdkit.population.populations import Before, Population, crowd_of
from sdkit.population.rules import Rules
from sdkit.population.run import Progress, Run, Tell

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from langchain_core.language_models import BaseChatModel

    from sdkit.llm.spec import ModelSpec

__all__ = ["DEFAULT_ATTRIBUTES", "MOST", "PersonaGenerator", "Population", "afill_persona", "fill_persona"]

MOST = 10_000
"""How many personas can be asked for at once."""

Previous = str | Path | Sequence[BasePersona] | None


class PersonaGenerator(Generic[P]):
    """Makes personas for an assistant to be tried out on, each different from all others.

    What is worth covering is planned first, and then each persona is made to show what is planned for it. Whoever comes
    too near to somebody who is there already, by words or by embeddings, is made again.

    Parameters
    ----------
    assistant
        The assistant, or the path of the file with it.
    model
        Which model: see `sdkit.llm.chat_model`.
    kind
        The class of the personas.
    attributes
        In what they are to differ: the name of each attribute, and a rule for its values, see
        `sdkit.population.attributes.rule_of`. The name of a field of the class gives its values; any other name steers
        what the model writes. None for `DEFAULT_ATTRIBUTES`: age band, expertise, goal, patience and language style.
    embeddings
        What tells which personas are alike: see `sdkit.embeddings.embedder`; in a lesson, None means those recorded.
    threshold
        The cosine of embeddings of all fields from which on two personas are too much alike.
    concurrency
        How many are made at a time; that does not change what is made.

    Raises
    ------
    InputError, FileError
        Arguments that cannot work, or a file that cannot be read.

    Examples
    --------
    >>> from sdkit.assistants import Assistant
    >>> from sdkit.population import PersonaGenerator
    >>> fran = Assistant(name="Fashionable Fran", description="A personal stylist who recommends what to wear.")
    >>> generator = PersonaGenerator(fran, attributes={"age band": {"18-29": 2, "60+": 1}, "mood": ["calm", "hurried"]})
    >>> people = generator.generate(6, seed=1)  # doctest: +SKIP
    """

    def __init__(
        self,
        assistant: Assistant | str | Path,
        model: ModelSpec = None,
        *,
        kind: type[P] = UserPersona,  # type: ignore[assignment]
        attributes: Mapping[str, Any] | None = None,
        embeddings: str | Embeddings | None = None,
        threshold: float = THRESHOLD,
        concurrency: int = 4,
    ) -> None:
        self.assistant = assistant_of(assistant)
        self.kind = checked_kind(kind)
        if not isinstance(threshold, int | float) or isinstance(threshold, bool) or not 0 < threshold <= 1:
            raise InputError(f"threshold={threshold!r}: give a number above 0, up to 1")
        self.threshold, self.concurrency = float(threshold), _count("concurrency", concurrency)
        self._model, self._embeddings = model, embeddings
        self._rules = Rules(self.kind, DEFAULT_ATTRIBUTES if attributes is None else attributes)

    def __repr__(self) -> str:
        """Say for which assistant, and in what the personas differ."""
        return f"PersonaGenerator({self.assistant.name!r}, {self.kind.__name__}, by {', '.join(self._rules.rules)})"

    def set(self, **rules: Any) -> Self:
        """Add rules for attributes or fields, or change them, as in ``set(age=range(18, 80), name=["Ana", "Tom"])``.

        Raises
        ------
        InputError, FileError
            A rule that cannot work.
        """
        for name, given in rules.items():
            self._rules.add(name, given)
        return self

    def generate(
        self,
        n: int,
        previous: Previous = None,
        seed: int | None = None,
        *,
        to: str | Path | None = None,
        progress: bool = True,
    ) -> Population[P]:
        """Make some personas.

        Parameters
        ----------
        n
            How many.
        previous
            Who is there already: personas, or the path of a file of ``users``. The new ones differ from these, too, and
            fill the gaps that they leave.
        seed
            The same seed gives the same personas, on the same model and machine; None for new ones each time.
        to
            The file of ``users`` that the new ones go to. What the model says is kept beside it at once, and a run that
            was stopped or killed goes on when it is started again. Personas that are there already are not made again.
        progress
            Whether to show a progress bar.

        Returns
        -------
        Population
            The new ones. There are fewer than asked for where the model could not be made to write somebody who
            differs; `Population.missing` says why.

        Raises
        ------
        InputError
            Arguments that cannot work; or the file at `to` holds something else.
        FileError
            A file cannot be read or written, or another process, cell or widget is at it.
        ModelError
            The model cannot be used.
        ReplyError
            The model lists no distinct values for an attribute.
        """
        from tqdm.auto import tqdm

        latest = deque([Progress(_count("n", n))], maxlen=1)

        def show() -> None:
            if latest[-1].again:
                bar.set_postfix(again=latest[-1].again, refresh=False)
            background.advance(bar, latest[-1].made)

        with tqdm(total=n, desc="Personas", unit="persona", disable=not progress) as bar:
            made = self.agenerate(n, previous, seed, to=to, tell=latest.append)
            population: Population[P] = background.awaited(made, show)
            show()
        return population

    async def agenerate(
        self,
        n: int,
        previous: Previous = None,
        seed: int | None = None,
        *,
        to: str | Path | None = None,
        tell: Tell = lambda progress: None,
    ) -> Population[P]:
        """Do what `generate` does, awaitable; `tell` is called with a `Progress` after each round."""
        if _count("n", n) > MOST:
            raise InputError(f"n={n}: at most {MOST:,} personas can be made at once")
        if seed is not None:
            check_seed(seed)
        before = self._before(previous)
        llm, embeddings = chat_model(self._model), self._embedder()
        about = self._about(n, before, llm, embeddings)
        with alone(to):
            if to is not None and Path(to).exists():
                whole = _plan_at(to, about, seed)
                new = load_users(to, self.kind)
                Journal(to).end()  # of a run that was killed when all was done
                return self._population(new, whole, before, await crowd_of([*before.people, *new], embeddings))
            journal = Journal(to)
            if seed is None:
                seed = (journal.about or {}).get("seed")
            about["seed"] = any_seed(llm, json.dumps(about, sort_keys=True)) if seed is None else seed
            journal.begin(about)
            run = await self._run(about, before, llm, embeddings, journal=journal, tell=tell)
            population = self._population([one for one, _ in run.made], run.plan, before, run.crowd)
            if to is not None and population:
                population.save(to)
            journal.end()
        return population

    async def _run(
        self,
        about: dict[str, Any],
        before: Before,
        llm: BaseChatModel,
        embeddings: Embeddings,
        *,
        journal: Journal,
        tell: Tell,
    ) -> Run[P]:
        n, seed = about["n"], about["seed"]
        listed = {}
        for name, rule in self._rules.to_ask().items():
            # Whoever adds to a file goes on with its values: else all that is there would be beside the plan.
            if before.plan and name in before.plan.attributes:
                listed[name] = list(before.plan.attributes[name])
            elif (values := journal.get("values", name)) is not None:
                listed[name] = values
            else:
                values = await distinct_values(llm, embeddings, self.assistant, name=name, rule=rule, seed=seed)
                listed[name] = journal.put(values, "values", name)
        axes = self._rules.axes(listed, before.names(), n)
        run = Run(
            setting=Setting(self.assistant, self.kind, seed, self._rules.asked_fields(), axes),
            llm=llm,
            embeddings=embeddings,
            threshold=self.threshold,
            # A model that runs inside Python makes one at a time anyway; the others would only seem to take long.
            concurrency=1 if embedded.is_embedded(model_name(llm)) else self.concurrency,
            cell_for=lambda number, values: self._rules.cell(number, values, axes, seed, journal),
            crowd=await crowd_of(before.people, embeddings),
            shown=before.shown(axes),
            journal=journal,
            tell=tell,
        )
        await run.all(n, about)
        return run

    def _population(self, new: list[P], whole: PlanFile, before: Before, crowd: Crowd) -> Population[P]:
        axes = {name: rule_of(name, weights) for name, weights in whole.attributes.items()}
        coverage = Coverage(
            crowd=crowd,
            axes={name: rule for name, rule in axes.items() if isinstance(rule, Values)},
            cells=whole.cells,
            made=[*before.made(), *(whole.made(one, number) for number, one in enumerate(new))],
            missing=whole.missing,
            before=len(before.people),
            threshold=self.threshold,
        )
        return Population(new, whole, coverage)

    def _before(self, previous: Previous) -> Before:
        if isinstance(previous, str | Path):
            return Before(load_users(previous, self.kind), PlanFile.of(previous))
        if isinstance(previous, Population):
            return Before(previous.personas, previous.plan)
        return Before(checked_users(previous) if previous is not None and len(previous) else [])

    def _embedder(self) -> Embeddings:
        in_lesson = isinstance(self._model, str) and playback.lesson_of(self._model) is not None
        return embedder(str(self._model) if self._embeddings is None and in_lesson else self._embeddings)

    def _about(self, n: int, before: Before, llm: BaseChatModel, embeddings: Embeddings) -> dict[str, Any]:
        """Return all that shapes the personas but the seed, as JSON has it."""
        texts = "\n\n".join(whole_text(one) for one in before.people)
        about = {
            "n": n,
            "kind": self.kind.__name__,
            "model": model_name(llm),
            "embeddings": str(getattr(embeddings, "model", type(embeddings).__name__)),
            "threshold": self.threshold,
            "assistant": self.assistant.model_dump(),
            "attributes": self._rules.described(),
            "previous": hashlib.sha256(texts.encode("utf-8", "surrogatepass")).hexdigest() if texts else None,
        }
        return dict(json.loads(json.dumps(about)))


def _plan_at(to: str | Path, about: Mapping[str, Any], seed: int | None) -> PlanFile:
    """Return how the personas of a file came about, if they are what is asked for."""
    whole = PlanFile.of(to)
    extend = f"Give it as the previous ones to add to it, choose another file for these, or remove {to}"
    if whole is None:
        raise InputError(
            f"{to} is there already, and no {beside(to, '.plan.json').name} says how it came about. {extend}"
        )
    wanted = dict(about) if seed is None else {**about, "seed": seed}
    if differs := [name for name in wanted if whole.about.get(name) != wanted[name]]:
        raise InputError(f"{to} is there already, and was made with another {differs[0]}. {extend}")
    return whole


def _count(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(f"{name}={value!r}: give a whole number, at least 1")
    return value
