"""What a `PersonaGenerator` begins with and ends with: who is there already, and who was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, overload

from sdkit.persona_files import checked_users, save_users
from sdkit.personas import BasePersona
from sdkit.population.attributes import Values
from sdkit.population.candidates import P
from sdkit.population.covering import Coverage
from sdkit.population.files import Made, Missing, PlanFile
from sdkit.population.likeness import Crowd, name_of, whole_text
from sdkit.population.planning import Planned
from sdkit.population.showing import shown_by

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings


@dataclass(frozen=True)
class Population(Sequence[P], Generic[P]):
    """The personas that a `PersonaGenerator` has made: a list, with what is known about how they came about.

    Attributes
    ----------
    personas : list of BasePersona
        The new ones, in the order of the plan.
    plan : PlanFile
        What was planned, how each was made, and what could not be made.
    coverage : Coverage
        What is covered and what is not, who is nearest to whom, and a map; together with those who were there before.
    """

    personas: list[P]
    plan: PlanFile
    coverage: Coverage = field(repr=False)

    @overload
    def __getitem__(self, index: int) -> P: ...
    @overload
    def __getitem__(self, index: slice) -> list[P]: ...
    def __getitem__(self, index: int | slice) -> P | list[P]:
        """Return one of the new personas, or some."""
        return self.personas[index]

    def __len__(self) -> int:
        """Return how many new personas there are."""
        return len(self.personas)

    @property
    def missing(self) -> list[Missing]:
        """The places of the plan that nobody was made for, and why; somebody may have been made for others instead."""
        return self.plan.missing

    def save(self, path: str | Path) -> None:
        """Save the new personas as a file of ``users``, and beside it, as .plan.json, how they came about.

        Raises
        ------
        FileError, InputError
            As of `sdkit.persona_files.save_users`.
        """
        checked_users(self.personas)
        # Last, what the others are about: a file of personas is never without its plan.
        self.plan.to_file(path)
        save_users(path, self.personas)

    def __str__(self) -> str:
        """Say how many there are, and what they cover."""
        return str(self.coverage)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.coverage._repr_mimebundle_()


@dataclass(frozen=True)
class Before:
    """Who is there already.

    Attributes
    ----------
    people : sequence of BasePersona
        Who that is.
    plan : PlanFile or None
        What was planned for them; None where nobody knows.
    """

    people: Sequence[BasePersona] = ()
    plan: PlanFile | None = None

    def names(self) -> set[str]:
        """Return their names, folded."""
        return {name_of(one).casefold() for one in self.people}

    def made(self) -> list[Made | None]:
        """Return how each came about; None where nobody knows."""
        return [self.plan.made(one, number) if self.plan else None for number, one in enumerate(self.people)]

    def shown(self, axes: Mapping[str, Values]) -> list[Planned]:
        """Return which values they show: those planned for them, else what their words say."""
        labels = {name: values.labels() for name, values in axes.items()}
        shown: list[Planned] = []
        for persona, made in zip(self.people, self.made(), strict=True):
            by_words = shown_by(persona, axes)
            planned = {name: value for name, value in (made.planned if made else {}).items() if name in labels}
            shown.append(by_words | {name: value for name, value in planned.items() if value in labels[name]})
        return shown


async def crowd_of(people: Sequence[BasePersona], embeddings: Embeddings) -> Crowd:
    """Return these people with their embeddings."""
    crowd = Crowd()
    if people:
        crowd.extend(people, await embeddings.aembed_documents([whole_text(one) for one in people]))
    return crowd
