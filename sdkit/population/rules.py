"""The rules of a `PersonaGenerator`, all together: what is planned, what is given, and what the model is asked for."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sdkit.errors import InputError
from sdkit.llm.seeds import derive_seed
from sdkit.personas import BasePersona
from sdkit.population.attributes import Band, Computed, FromModel, Rule, Values, label, rule_of
from sdkit.population.candidates import Cell
from sdkit.population.files import Journal
from sdkit.population.filling import checked_fields


class Rules:
    """Rules for attributes, by name; those that are fields of the class give these, all others steer what is written.

    Parameters
    ----------
    kind
        The class of the personas.

    Raises
    ------
    InputError, FileError
        A rule that cannot work.
    """

    def __init__(self, kind: type[BasePersona], given: Mapping[str, Any]) -> None:
        if not isinstance(given, Mapping):
            raise InputError(f"attributes={given!r}: give a dict of names and rules")
        self.kind = kind
        self.rules: dict[str, Rule] = {}
        for name, rule in given.items():
            self.add(name, rule)

    def add(self, name: Any, given: Any) -> None:
        """Add or change a rule."""
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"{name!r} is no name of an attribute; give a text")
        rule = rule_of(name, given)
        if isinstance(rule, Values):
            if name in self.kind.model_fields:
                rule = replace(rule, values=tuple(_fitting(self.kind, name, value) for value in rule.values))
            elif strange := [value for value in rule.values if not label(value)]:
                raise InputError(f"{name}: {strange[0]!r} says nothing; give texts or numbers")
        self.rules[name] = rule

    def described(self) -> dict[str, Any]:
        """Return all of them as JSON has them."""
        return {name: rule.described() for name, rule in self.rules.items()}

    def to_ask(self) -> dict[str, FromModel]:
        """Return the attributes whose values a model is to list."""
        fields = self.kind.model_fields
        return {n: rule for n, rule in self.rules.items() if isinstance(rule, FromModel) and n not in fields}

    def asked_fields(self) -> dict[str, str]:
        """Return what to ask for, by the name of the field, where a rule says so."""
        fields = self.kind.model_fields
        rules = ((n, rule) for n, rule in self.rules.items() if isinstance(rule, FromModel) and n in fields)
        return {name: rule.what for name, rule in rules if rule.what}

    def axes(self, listed: Mapping[str, list[str]], names: Collection[str], n: int) -> dict[str, Values]:
        """Return the attributes that are planned, and their values.

        Parameters
        ----------
        listed
            What the model has listed.
        names
            The names that are taken, folded.
        n
            How many personas are to be made.

        Raises
        ------
        InputError
            There are not enough names.
        """
        axes = {}
        for name, rule in self.rules.items():
            values = Values(tuple(listed[name]), (1.0,) * len(listed[name])) if name in listed else rule
            if isinstance(values, Values):
                axes[name] = values
        if "name" in axes and "name" in self.kind.model_fields:
            free = [value for value in axes["name"].values if label(value).casefold() not in names]
            if len(free) < n:
                raise InputError(f"{n} personas need {n} names of their own; the rule for name has {len(free)}")
            axes["name"] = Values(tuple(free), (1.0,) * len(free))
        return axes

    def cell(
        self, number: int, planned: Mapping[str, str], axes: Mapping[str, Values], seed: int, journal: Journal
    ) -> Cell:
        """Return a place of the plan: numbers are drawn from its bands, and functions called.

        Parameters
        ----------
        number, planned
            Which place, and the value of each planned attribute, in words.
        axes
            The planned attributes.
        seed
            Of the run.
        journal
            Keeps what functions have returned.

        Raises
        ------
        InputError
            A function fails, or returns what cannot be used.
        """
        told: dict[str, str] = {}
        wanted: dict[str, Any] = {}
        kept: dict[str, Any] = {}
        drawn: dict[str, Any] = {}
        for name, rule in self.rules.items():
            rng = random.Random(derive_seed(seed, number, name))
            if isinstance(rule, Computed):
                value = self._computed(("computed", number, name), rule, drawn, rng, journal)
                drawn[name] = value
            elif name in axes:
                value = axes[name].values[axes[name].labels().index(planned[name])]
                drawn[name] = value.draw(rng) if isinstance(value, Band) else value
            else:
                continue
            if name in self.kind.model_fields:
                kept[name] = drawn[name]
            else:
                told[name], wanted[name] = label(drawn[name]), value
        return Cell(number, dict(planned), told, wanted, kept)

    def _computed(
        self, key: tuple[str, int, str], rule: Computed, drawn: Mapping[str, Any], rng: random.Random, journal: Journal
    ) -> Any:
        name = key[2]
        if (before := journal.get(*key)) is None:
            arguments = (dict(drawn), rng)[: rule.takes]
            try:
                value = rule.call(*arguments)
            except Exception as error:
                raise InputError(f"{name}: the function failed: {type(error).__name__}: {error}") from error
            if name not in self.kind.model_fields and not label(value):
                raise InputError(f"{name}: the function returned {value!r}, which says nothing")
            before = journal.put({"value": value}, *key)
        value = before["value"]
        if name in self.kind.model_fields:
            try:
                checked_fields(self.kind, {name: value})
            except InputError as error:
                raise InputError(f"{name}: the function returned {value!r}; {error}") from error
        return value


def _fitting(kind: type[BasePersona], name: str, value: Any) -> Any:
    """Return a value as it is valid in a field.

    Raises
    ------
    InputError
        It is not valid at all.
    """
    if not isinstance(value, Band):
        checked_fields(kind, {name: value})
        return value
    number = value.low
    if value.given and _fits(kind, name, value.text):
        return value.text
    if not _fits(kind, name, number) and _fits(kind, name, str(number)):
        return replace(value, as_text=True)
    checked_fields(kind, {name: number})
    # Where a field ends, what has no end of its own ends, too.
    while value.given and value.high > value.low and not _fits(kind, name, value.high):
        value = replace(value, high=value.high - 1)
    checked_fields(kind, {name: value.high})
    return value


def _fits(kind: type[BasePersona], name: str, value: Any) -> bool:
    try:
        checked_fields(kind, {name: value})
    except InputError:
        return False
    return True
