"""Candidates for a place in a plan of personas: what a model is asked for one, and what is made of its answer."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from sdkit.assistants import Assistant
from sdkit.dialog import Provenance
from sdkit.llm.seeds import derive_seed
from sdkit.personas import BasePersona, UserPersona
from sdkit.population import prompts
from sdkit.population.attributes import Values
from sdkit.population.filling import about_of, label_of, schema_of
from sdkit.population.likeness import Crowd, is_latin, name_of, texts_of, whole_text
from sdkit.population.planning import Planned
from sdkit.population.showing import shown_by, shows
from sdkit.prompts import Message
from sdkit.rendering import one_line

P = TypeVar("P", bound=BasePersona)

_DIGEST = 2400  # letters about those who are there: 600 tokens or so, which tiny models have to read each time
_IN_FULL = 700  # of them for whoever shares most values with the new one
_LETTERS = "ABCDEFGHIJKLMNOPRSTVW"  # names begin with; left without one, tiny models call everybody Emily
_CHARACTER = "[ ',;:%&/$0-9A-Za-zÀ-ɏ’–—€-]"
_SENTENCE = f"[A-ZÀ-Þ]{_CHARACTER}{{10,130}}[.]"
_PATTERNS = {
    "description": f"^{_SENTENCE} {_SENTENCE}$",
    "personality": f"^{_SENTENCE}( {_SENTENCE})?$",
    "scenario": f"^{_SENTENCE}( {_SENTENCE})?$",
    "summary": f"^{_SENTENCE}$",
}
"""How long the texts of a `UserPersona` are, and in which letters: tiny models change the script within a word."""
_HOMES = {"patience": "personality", "language style": "personality", "goal": "scenario"}
"""The fields of a `UserPersona` in which an attribute is at home; all others are in the description."""


@dataclass(frozen=True)
class Cell:
    """A place in a plan: one persona to be made.

    Attributes
    ----------
    number : int
        Its place, from 0 on.
    planned : dict
        The value of each attribute, in words.
    told : dict
        What the model is told of each attribute that is no field: of a band, a number.
    wanted : dict
        The values themselves, which the text is to say.
    kept : dict
        The fields that are given.
    """

    number: int
    planned: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    wanted: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    def left_out(self, persona: BasePersona) -> list[str]:
        """Return the attributes whose value a persona does not say."""
        text = whole_text(persona)
        return [name for name, value in self.wanted.items() if not shows(text, value)]

    def fact(self, name: str) -> tuple[str, str]:
        """Return what a model is told of an attribute: of a band of ages, an age."""
        return name.removesuffix(" band"), one_line(self.told[name])


@dataclass(frozen=True)
class Setting(Generic[P]):
    """What all candidates of a run have in common.

    Attributes
    ----------
    assistant : Assistant
        Whose users they are.
    kind : type
        Their class.
    seed : int
        The seed of the run.
    asked : dict
        What to ask the model for, by the name of the field, where somebody said so.
    axes : dict
        The attributes that are planned, and their values.
    """

    assistant: Assistant
    kind: type[P]
    seed: int
    asked: Mapping[str, str]
    axes: Mapping[str, Values]

    @cached_property
    def latin(self) -> bool:
        """Whether the assistant is described in Latin letters: then so are its users."""
        return is_latin(f"{self.assistant.name} {self.assistant.description}")

    def missing(self, cell: Cell) -> list[str]:
        """Return the fields that are left to the model."""
        there = self.kind._completed(cell.kept)
        return [name for name in self.kind.model_fields if name not in there]

    def persona(self, cell: Cell, filled: Mapping[str, Any], made: Provenance | None) -> P:
        """Return the persona, with its fields in the order of the class."""
        values = {**cell.kept, **filled}
        persona = self.kind.model_validate({name: values[name] for name in self.kind.model_fields if name in values})
        persona._provenance = made
        return persona

    def completed(self, cell: Cell, filled: Mapping[str, Any], made: Provenance | None) -> tuple[P, list[str]]:
        """Return the persona with sentences for the facts that the model has left out, and the names of these.

        What somebody says otherwise stays left out: a sentence would contradict it.
        """
        persona = self.persona(cell, filled, made)
        texts = {name: str(value) for name, value in filled.items() if isinstance(value, str) and name != "name"}
        added = [name for name in cell.left_out(persona) if texts and not self._says_otherwise(persona, name)]
        for name in added:
            home = _HOMES.get(name, "description")
            home = home if home in texts else max(texts, key=lambda each: len(texts[each]))
            attribute, value = cell.fact(name)
            texts[home] = f"{texts[home].rstrip(' .')}. {attribute[:1].upper()}{attribute[1:]}: {value}."
        try:
            return self.persona(cell, {**filled, **texts}, made), added
        except ValidationError:  # a field that has no room for it
            return persona, []

    def _says_otherwise(self, persona: BasePersona, name: str) -> bool:
        return name in self.axes and shown_by(persona, {name: self.axes[name]})[name] is not None


@dataclass(frozen=True)
class Candidate(Generic[P]):
    """Somebody who would like to have a place.

    Attributes
    ----------
    persona : BasePersona
        Who that is.
    vector : sequence of float
        The embedding of the whole text.
    left_out : list of str
        The attributes whose value the persona does not say.
    added : list of str
        Those whose value was added to what the model has written.
    """

    persona: P
    vector: Sequence[float]
    left_out: list[str]
    added: list[str]


@dataclass(frozen=True)
class Try:
    """One attempt at a place of the plan.

    Attributes
    ----------
    cell : Cell
        The place.
    attempt : int
        From 0 on.
    tried : tuple of str
        Why earlier attempts would not do.
    again : tuple or None
        Why the last one would not do, and to whom it was too near: the place among those who are there.
    """

    cell: Cell
    attempt: int = 0
    tried: tuple[str, ...] = ()
    again: tuple[str, int | None] | None = None


def asked(
    setting: Setting[Any], one: Try, crowd: Crowd, planned: Sequence[Planned]
) -> tuple[list[Message], type[BaseModel], int]:
    """Return the messages, the schema and the seed of a candidate.

    Parameters
    ----------
    setting, one
        What is wanted.
    crowd, planned
        Who is there, and what they show.
    """
    cell, kind = one.cell, setting.kind
    missing = setting.missing(cell)
    patterns = dict(_PATTERNS) if issubclass(kind, UserPersona) and setting.latin else {}
    known = kind.model_construct(_fields_set=set(cell.kept), **cell.kept).lines()
    facts = [*known, *map(cell.fact, cell.told)]
    if "name" in missing and setting.latin:
        first, last = _initials(setting.seed, one, crowd)
        patterns["name"] = f"^{first}[a-zß-ɏ]{{1,11}} {last}[a-zß-ɏ]{{1,13}}$"
        facts.insert(0, ("initials", f"{first}. {last}."))
    ages = [text for name, text in cell.told.items() if name.casefold() in {"age", "age band"} and text.isdecimal()]
    if ages and patterns:
        # What tiny models leave out most.
        article = "An" if ages[0][0] == "8" or ages[0] in {"11", "18"} else "A"
        patterns["description"] = f"^{article} {ages[0]}-year-old {_CHARACTER}{{10,110}}[.] {_SENTENCE}$"
    again = None
    if one.again is not None:
        reason, index = one.again
        again = (reason, "" if index is None else _in_full(crowd, index))
    messages = prompts.another_persona(
        prompts.Asked(
            (setting.assistant.name, setting.assistant.description),
            facts,
            [(name, setting.asked.get(name) or label_of(kind.model_fields[name], name)) for name in missing],
            "" if issubclass(kind, UserPersona) else f"{kind.__name__}. {about_of(kind)}".strip(),
            setting.asked,
        ),
        digest(cell, crowd, planned, one.again[1] if one.again else None),
        again,
    )
    schema = schema_of(kind, dict(kind._completed(cell.kept)), missing, patterns)
    return messages, schema, derive_seed(setting.seed, cell.number, one.attempt)


def _initials(seed: int, one: Try, crowd: Crowd) -> tuple[str, str]:
    """Return the initials of a name: the first letters go round, and pairs that are taken come last."""
    rng = random.Random(derive_seed(seed, "initials", one.attempt))
    firsts, lasts = (rng.sample(_LETTERS, len(_LETTERS)) for _ in range(2))
    number = one.cell.number
    first = firsts[number % len(firsts)]
    taken = {(name[:1], name.rpartition(" ")[2][:1]) for name in map(name_of, crowd.personas)}
    turned = [lasts[(number // len(firsts) + number + shift) % len(lasts)] for shift in range(len(lasts))]
    free = [last for last in turned if (first, last) not in taken and last != first]
    return first, (free or turned)[0]


def digest(cell: Cell, crowd: Crowd, planned: Sequence[Planned], told: int | None = None) -> list[str]:
    """Return a line about each of those who are there, those first who share most values with this place of the plan.

    The first one is told in full, the next ones in short; of those for whom there is no room, the names. Who is `told`
    of elsewhere is left out.
    """

    def shared(index: int) -> int:
        return sum(planned[index].get(name) == value for name, value in cell.planned.items())

    order = sorted((index for index in range(len(crowd)) if index != told), key=lambda index: (-shared(index), -index))
    lines: list[str] = []
    room = _DIGEST
    for place, index in enumerate(order):
        line = _in_full(crowd, index) if place == 0 else _in_short(crowd, index, planned[index])
        if len(line) > room:
            names = ", ".join(crowd.label(other) for other in order[place:])
            lines.append(f"And these: {names if len(names) <= _IN_FULL else names[: _IN_FULL - 1] + '…'}")
            break
        lines.append(line)
        room -= len(line)
    return lines


def _in_full(crowd: Crowd, index: int) -> str:
    texts = [text for name, text in texts_of(crowd.personas[index]).items() if name not in {"name", "summary"}]
    return _cut(f"{crowd.label(index)}: {' '.join(texts)}", _IN_FULL)


def _in_short(crowd: Crowd, index: int, planned: Planned) -> str:
    texts = {name: text for name, text in texts_of(crowd.personas[index]).items() if name != "name"}
    about = texts.get("summary") or " ".join(texts.values())
    values = "; ".join(value for value in planned.values() if value)
    return _cut(f"{crowd.label(index)}: {_cut(about, 120)}{f' ({values})' if values else ''}", 300)


def _cut(text: str, letters: int) -> str:
    text = re.sub(r"\s+", " ", text)
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
