"""What a set of personas covers and what it does not, who is nearest to whom, and a map of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdkit import rendering
from sdkit.analysis.maps import Point, places
from sdkit.embeddings import embedder, similarities
from sdkit.persona_files import checked_users, load_users
from sdkit.personas import BasePersona, UserPersona
from sdkit.population.attributes import DEFAULT_ATTRIBUTES, Values, rule_of
from sdkit.population.files import Made, Missing, PlanFile
from sdkit.population.likeness import Crowd, Near, texts_of, whole_text
from sdkit.population.planning import Planned
from sdkit.population.showing import shown_by, shows_value
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas
    from langchain_core.embeddings import Embeddings

    from sdkit.analysis.picture import Plot

THRESHOLD = 0.85
"""The cosine of embeddings of all fields from which on two personas are too much alike."""


class Coverage:
    """What a set of personas covers.

    Parameters
    ----------
    crowd
        All of them, those first that were there before.
    axes
        The attributes, and their values.
    cells
        The plan: the value of each attribute, in words, for each persona that was asked for.
    made
        How each came about, in the order of the crowd; None where nobody knows.
    missing
        What could not be made.
    before
        How many were there before.
    threshold
        The cosine from which on two are too much alike.
    """

    def __init__(
        self,
        *,
        crowd: Crowd,
        axes: Mapping[str, Values],
        cells: Sequence[Planned],
        made: Sequence[Made | None],
        missing: Sequence[Missing],
        before: int,
        threshold: float,
    ) -> None:
        self._crowd, self._axes, self._planned = crowd, axes, list(cells)
        self._made, self._missing, self._before = list(made), list(missing), before
        self.threshold = threshold

    # -- what is covered ----------------------------------------------------------------------------------------------

    @cached_property
    def shown(self) -> list[dict[str, str | None]]:
        """Which value of each attribute a persona shows; None where that cannot be told.

        What was planned counts if the words of the persona say so; where nothing was planned, what they say most.
        """
        shown = []
        for persona, made in zip(self._crowd.personas, self._made, strict=True):
            by_words = shown_by(persona, self._axes)
            planned = made.planned if made else {}
            shown.append(
                {
                    name: (planned[name] if shows_value(persona, name, planned[name]) else None)
                    if name in planned
                    else by_words[name]
                    for name in self._axes
                }
            )
        return shown

    def _rows(self) -> list[tuple[Planned, str, bool, str]]:
        """Return a row for each place of the plan: its values, who has it, whether it is covered, and why not."""
        there = {made.cell: index for index, made in enumerate(self._made) if made and index >= self._before}
        why = {missing.cell: missing.tried[-1] for missing in self._missing}
        rows: list[tuple[Planned, str, bool, str]] = []
        for number, planned in enumerate(self._planned):
            if (index := there.get(number)) is None:
                rows.append((planned, "", False, why.get(number, "nobody was made for it")))
                continue
            left_out = [name for name, value in planned.items() if value and self.shown[index].get(name) != value]
            rows.append((planned, self._crowd.label(index), not left_out, ", ".join(left_out)))
        return rows

    @property
    def share(self) -> float:
        """The share of the planned combinations that are covered, from 0 to 1; 1 if nothing was planned."""
        rows = self._rows()
        return sum(covered for *_, covered, _ in rows) / len(rows) if rows else 1.0

    def cells(self) -> pandas.DataFrame:
        """Return the plan, a row for each persona that was asked for.

        Returns
        -------
        pandas.DataFrame
            A column for each attribute, then ``persona``, ``covered`` (made, and says all that was planned) and
            ``left out`` (the attributes that it does not say, or why nobody was made).
        """
        rows = [(*(planned.get(name) for name in self._axes), *rest) for planned, *rest in self._rows()]
        return frame("what was planned", rows, [*self._axes, "persona", "covered", "left out"])

    def value_rows(self) -> list[tuple[str, str, int, int, int]]:
        """Return the rows of `values`."""
        new = self.shown[self._before :]
        rows = []
        for name, values in self._axes.items():
            planned = Counter(cell.get(name) for cell in self._planned)
            now = Counter(one[name] for one in new)
            old = Counter(one[name] for one in self.shown[: self._before])
            rows += [(name, value, planned[value], now[value], old[value]) for value in values.labels()]
            if now[None] + old[None]:
                rows.append((name, "unknown", 0, now[None], old[None]))
        return rows

    def values(self) -> pandas.DataFrame:
        """Return how often each value comes up.

        Returns
        -------
        pandas.DataFrame
            Columns ``attribute``, ``value``, ``planned`` (how many personas were to show it), ``shown`` (how many new
            ones do) and ``before`` (how many of those do that were there before).
        """
        return frame("what is covered", self.value_rows(), ["attribute", "value", "planned", "shown", "before"])

    # -- who is alike -------------------------------------------------------------------------------------------------

    @cached_property
    def _nearest(self) -> list[Near | None]:
        return self._crowd.neighbours()

    def neighbours(self) -> pandas.DataFrame:
        """Return who is nearest to each persona.

        Returns
        -------
        pandas.DataFrame
            Columns ``persona``, ``nearest``, ``similarity`` (the cosine), ``words`` (the share of common pairs of
            words), ``fields`` (those most alike) and ``new``; the nearest pairs first.
        """
        found = [
            (
                self._crowd.label(index),
                near.name,
                near.similarity,
                near.words,
                ", ".join(near.fields),
                index >= self._before,
            )
            for index, near in enumerate(self._nearest)
            if near
        ]
        rows = sorted(found, key=lambda row: -row[2])
        return frame("neighbours", rows, ["persona", "nearest", "similarity", "words", "fields", "new"])

    @property
    def personas(self) -> list[BasePersona]:
        """All of them, those first that were there before."""
        return list(self._crowd.personas)

    def planned(self, index: int) -> dict[str, str]:
        """Return what was planned for one of the personas: the value of each attribute; empty where nobody knows."""
        made = self._made[index]
        return dict(made.planned) if made else {}

    def nearest(self, index: int, n: int = 3) -> list[tuple[int, float]]:
        """Return the places of the personas that are nearest to one of them, with their similarity, nearest first."""
        if self._crowd.vectors is None:
            return []
        row = similarities(self._crowd.vectors[index : index + 1], self._crowd.vectors)[0]
        cosines = [(other, round(float(cosine), 6)) for other, cosine in enumerate(row) if other != index]
        return sorted(cosines, key=lambda each: (-each[1], each[0]))[:n]

    def close_pairs(self) -> list[tuple[str, str, float]]:
        """Return the pairs that are too much alike, with their similarity, the nearest first."""
        pairs = self._crowd.pairs_from(self.threshold)
        return [(self._crowd.label(one), self._crowd.label(other), near) for one, other, near in pairs]

    def pairs(self) -> pandas.DataFrame:
        """Return the pairs that are too much alike.

        Returns
        -------
        pandas.DataFrame
            Columns ``persona``, ``other`` and ``similarity``.
        """
        return frame("pairs", self.close_pairs(), ["persona", "other", "similarity"])

    # -- the map ------------------------------------------------------------------------------------------------------

    @cached_property
    def points(self) -> list[Point]:
        """All personas on a map, in order: the first two principal components of their embeddings."""
        return [
            Point(
                name=self._crowd.label(index),
                x=x,
                y=y,
                new=index >= self._before,
                values={name: value or "unknown" for name, value in self.shown[index].items()},
                summary=_summary(self._crowd.personas[index]),
                nearest=near.name if near else "",
                similarity=near.similarity if near else 0.0,
            )
            for index, ((x, y), near) in enumerate(zip(places(self._crowd.vectors), self._nearest, strict=True))
        ]

    def plot(self, by: str | None = None) -> Plot:
        """Draw the map: see `sdkit.analysis.maps.plot_map`.

        Parameters
        ----------
        by
            The attribute whose values have marks of their own; None for the first one.
        """
        from sdkit.analysis.maps import plot_map

        return plot_map(self.points, by if by is not None else next(iter(self._axes), None))

    # -- in words -----------------------------------------------------------------------------------------------------

    def summary(self) -> str:
        """Say in a few sentences what is covered, what is not, and who is nearest to whom."""
        rows = self._rows()
        new = len(self._crowd) - self._before
        parts = [f"{new} personas" + (f", and {self._before} from before" if self._before else "")]
        if rows:
            parts.append(f"{sum(covered for *_, covered, _ in rows)} of {len(rows)} planned combinations are covered")
        if gaps := [
            f"{name}: {value}" for name, value, planned, now, old in self.value_rows() if planned and not now + old
        ]:
            more = f" and {len(gaps) - 5} more" if len(gaps) > 5 else ""
            parts.append(f"nobody shows {'; '.join(gaps[:5])}{more}")
        if self._crowd.vectors is not None and len(self._crowd) > 1:
            first, near = max(
                ((index, near) for index, near in enumerate(self._nearest) if near), key=lambda each: each[1].similarity
            )
            over = len(self.close_pairs())
            parts.append(
                f"{over or 'no'} pair{'s are' if over != 1 else ' is'} as near as {self.threshold:g}; the nearest are "
                f"{self._crowd.label(first)} and {near.name} ({near.similarity:.2f})"
            )
        return f"{'. '.join(part[:1].upper() + part[1:] for part in parts)}."

    def __str__(self) -> str:
        """Return the summary, and how often each value comes up."""
        lines = [self.summary()]
        for name in self._axes:
            counts = [
                f"{value} {now + old}" + (f" of {planned}" if planned and not old else "")
                for attribute, value, planned, now, old in self.value_rows()
                if attribute == name
            ]
            lines.append(f"{name}: {', '.join(counts)}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return the summary."""
        return f"<Coverage: {self.summary()}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        rows = [[name, value, *map(str, counts)] for name, value, *counts in self.value_rows()]
        table = rendering.table(("attribute", "value", "planned", "shown", "before"), rows)
        html = rendering.figure("coverage", rendering.escaped(self.summary()), table)
        return {"text/plain": str(self), "text/html": html}


def coverage(
    personas: str | Path | Sequence[BasePersona],
    attributes: Mapping[str, Any] | None = None,
    *,
    kind: type[BasePersona] = UserPersona,
    embeddings: str | Embeddings | None = None,
    threshold: float = THRESHOLD,
) -> Coverage:
    """Return what a set of personas covers, whoever has made them.

    Parameters
    ----------
    personas
        The personas, or the path of a file of ``users``. What was planned for them is read from the file beside it,
        if there is one.
    attributes
        As of `sdkit.population.PersonaGenerator`, but for those whose values a model lists. None for those of the plan
        or, without one, the default ones.
    kind
        The class of the personas in a file.
    embeddings, threshold
        As of `PersonaGenerator`.

    Raises
    ------
    InputError, FileError
        Arguments that cannot work, or a file that cannot be read.
    """
    plan = PlanFile.of(personas) if isinstance(personas, str | Path) else None
    people = load_users(personas, kind) if isinstance(personas, str | Path) else checked_users(personas, namesakes=True)
    if attributes is None:
        given: Mapping[str, Any] = plan.attributes if plan else DEFAULT_ATTRIBUTES
    else:
        given = attributes
    rules = {name: rule_of(name, each) for name, each in given.items()}
    axes = {name: rule for name, rule in rules.items() if isinstance(rule, Values)}
    crowd = Crowd()
    crowd.extend(people, embedder(embeddings).embed_documents([whole_text(each) for each in people]))
    return Coverage(
        crowd=crowd,
        axes=axes,
        cells=plan.cells if plan and attributes is None else [],
        made=[plan.made(one, index) if plan else None for index, one in enumerate(people)],
        missing=plan.missing if plan else [],
        before=0,
        threshold=threshold,
    )


def _summary(persona: BasePersona) -> str:
    texts = {name: text for name, text in texts_of(persona).items() if name != "name"}
    return texts.get("summary") or "; ".join(texts.values())
