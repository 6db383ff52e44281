"""What the dialogues of a factory differ in: services, regions, emotions and so on, each with what it can be.

The names of the axes and their values are those of SynWOZ; a YAML of one's own replaces or extends them. A new domain,
such as flights, is data: a service and its categories.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from sdkit.describing import nearest
from sdkit.errors import InputError, first_problem
from sdkit.factory.spec_parts import Combinations, Strict, TimeSlot, joined
from sdkit.factory.spec_values import Shares, check_known, defaults, extended, in_words, mixed, normed, texts, weighted
from sdkit.files import load

GENERAL = "general"
FLAT = ("regions", "time_slots", "user_emotions", "assistant_emotions", "resolution_status")
"""The axes whose values depend on no other one."""
SAMPLING = ("temperature", "top_p", "frequency_penalty", "presence_penalty")
AXES = ("services", "categories", *FLAT, "min_turns", "max_turns", *SAMPLING)
"""All that a plan balances."""
_BOUNDS = {"temperature": (0, 2), "top_p": (0, 1), "frequency_penalty": (-2, 2), "presence_penalty": (-2, 2)}
_MOST_TURNS = 100


class Spec(Strict):
    """What a plan draws from; `Spec.load` reads it from a YAML, and what that leaves out is as in SynWOZ.

    Parameters
    ----------
    services
        By how many come together, under a name such as "double": the share, and which.
    categories
        What a user comes for: under "general", and by service.
    regions, user_emotions, assistant_emotions, resolution_status
        Values with weights.
    time_slots
        Parts of the day.
    min_turns, max_turns
        Two ranges, from which the least and the most turns of a dialogue are drawn; the most is never below the least.
    temperature, top_p, frequency_penalty, presence_penalty
        How a model samples: values with weights.
    quotas
        By axis and value how many dialogues have it; the others share what is left.
    forbidden
        What must not come together: rules of at least two axes, each with a value or a list of them. A service means
        all combinations that have it.
    """

    services: dict[str, Combinations] = Field(min_length=1)
    categories: dict[str, Shares] = Field(min_length=1)
    regions: Shares
    time_slots: list[TimeSlot] = Field(min_length=1)
    user_emotions: Shares
    assistant_emotions: Shares
    resolution_status: Shares
    min_turns: tuple[int, int]
    max_turns: tuple[int, int]
    temperature: dict[float, float]
    top_p: dict[float, float]
    frequency_penalty: dict[float, float]
    presence_penalty: dict[float, float]
    quotas: dict[str, dict[str, int]] = Field(default_factory=dict)
    forbidden: list[dict[str, list[str]]] = Field(default_factory=list)

    # -- reading ------------------------------------------------------------------------------------------------------

    @classmethod
    def of(cls, given: Mapping[str, Any] | None = None) -> Self:
        """Return the spec that replaces these parts of the default one; those under "add" are added to it.

        Raises
        ------
        InputError
            It has an axis that there is not, a value that cannot be, or quotas and rules that cannot be kept.
        """
        if not isinstance(given, Mapping | None):
            raise InputError("a plan is a list of names with values, such as regions: [Lyon, Turin]")
        parts = dict(given or {})
        added = parts.pop("add", None) or {}
        for part in (parts, added):
            if not isinstance(part, Mapping):
                raise InputError("add: is followed by names with values, such as regions: [Lyon]")
            if strange := [name for name in part if name not in cls.model_fields]:
                raise InputError(f"a plan has no {strange[0]!r}{nearest(str(strange[0]), cls.model_fields)}")
        whole = {**defaults(), **parts}
        for name, extra in added.items():
            whole[name] = extended(name, whole.get(name), extra)
        try:
            return cls.model_validate(whole)
        except ValidationError as error:
            # What is wrong between axes has no place of its own, and its value would be all of the plan.
            raise InputError(f"this plan cannot be: {first_problem(error, bool(error.errors()[0]['loc']))}") from error

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return what a YAML or JSON file says.

        Raises
        ------
        FileError
            It cannot be read, or what it says cannot be.
        """
        return load(path, cls.of)

    @field_validator("regions", "user_emotions", "assistant_emotions", "resolution_status", *SAMPLING, mode="before")
    @classmethod
    def _weighted(cls, given: Any) -> Any:
        return weighted(given)

    @field_validator("categories", mode="before")
    @classmethod
    def _weighted_groups(cls, given: Any) -> Any:
        return {group: weighted(names) for group, names in given.items()} if isinstance(given, Mapping) else given

    @field_validator("min_turns", "max_turns", mode="before")
    @classmethod
    def _range(cls, given: Any) -> Any:
        return (given, given) if isinstance(given, int) else given

    @field_validator("forbidden", mode="before")
    @classmethod
    def _lists(cls, given: Any) -> Any:
        if not isinstance(given, list) or not all(isinstance(rule, Mapping) for rule in given):
            return given
        return [{axis: texts(values) for axis, values in rule.items()} for rule in given]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._check_numbers()
        self._check_categories()
        names = [slot.name for slot in self.time_slots]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"time_slots: {twice[0]!r} is there twice; give each a name of its own")
        shares = {axis: self.shares(axis) for axis in AXES}
        known = {**shares, "services": {**shares["services"], **dict.fromkeys(self.known_services, 0.0)}}
        for axis, numbers in self.quotas.items():
            if axis not in FLAT:
                raise ValueError(f"quotas: there can be none for {axis}; there can be for {', '.join(FLAT)}")
            check_known(f"quotas: {axis}", numbers, shares[axis])
            if any(count < 0 for count in numbers.values()):
                raise ValueError(f"quotas: {axis}: give numbers of dialogues, 0 or more")
        for rule in self.forbidden:
            if len(rule) < 2:
                raise ValueError("forbidden: a rule names at least two axes; leave out a value that is never wanted")
            for axis, values in rule.items():
                if axis not in AXES:
                    raise ValueError(f"forbidden: there is no axis {axis!r}{nearest(axis, AXES)}")
                check_known(f"forbidden: {axis}", values, known[axis])
        return self

    def _check_numbers(self) -> None:
        for name in ("min_turns", "max_turns"):
            low, high = getattr(self, name)
            if not 1 <= low <= high <= _MOST_TURNS:
                raise ValueError(f"{name}: {low} {high} is no range of turns; give two numbers from 1 to {_MOST_TURNS}")
        if self.min_turns[1] > self.max_turns[1]:
            raise ValueError(
                f"min_turns: up to {self.min_turns[1]} turns at least, and max_turns never allows more than "
                f"{self.max_turns[1]}"
            )
        for name in SAMPLING:
            low, high = _BOUNDS[name]
            if wrong := [value for value in getattr(self, name) if not low <= value <= high]:
                raise ValueError(f"{name}: {wrong[0]:g} is not between {low} and {high}")

    def _check_categories(self) -> None:
        for service in self.known_services:
            if not self.categories_of(service):
                raise ValueError(f"categories: there is none for {service}, and none under {GENERAL}")
        if strange := [name for name in self.categories if name not in (GENERAL, *self.known_services)]:
            raise ValueError(f"categories: no combination has the service {strange[0]!r}")

    # -- what there is ------------------------------------------------------------------------------------------------

    @property
    def known_services(self) -> list[str]:
        """All services, in the order in which they are named."""
        return list(dict.fromkeys(name for group in self.services.values() for one in group.of for name in one))

    def categories_of(self, service: str) -> Shares:
        """Return the categories that a dialogue can have whose first service this is, with their shares."""
        return normed({**self.categories.get(GENERAL, {}), **self.categories.get(service, {})})

    def slot(self, name: str) -> TimeSlot:
        """Return a part of the day by its name."""
        return next(slot for slot in self.time_slots if slot.name == name)

    def least(self) -> Shares:
        """Return the shares of the least numbers of turns."""
        low, high = self.min_turns
        return normed({str(number): 1.0 for number in range(low, high + 1)})

    def most(self, least: int) -> Shares:
        """Return the shares of the most numbers of turns, where the least is known."""
        low, high = self.max_turns
        return normed({str(number): 1.0 for number in range(max(low, least), high + 1)})

    def shares(self, axis: str) -> Shares:
        """Return the share of the dialogues that each value of an axis is to have; the sum is 1."""
        match axis:
            case "services":
                return {joined(one): share for one, share in self._combinations()}
            case "categories":
                return mixed((share, self.categories_of(name)) for name, share in self.first_services().items())
            case "min_turns":
                return self.least()
            case "max_turns":
                return mixed((share, self.most(int(least))) for least, share in self.least().items())
            case "time_slots":
                return normed({slot.name: slot.weight for slot in self.time_slots})
            case _:
                return normed({in_words(value): weight for value, weight in getattr(self, axis).items()})

    def first_services(self) -> Shares:
        """Return the share of the dialogues in which each service comes first."""
        return mixed((share, dict.fromkeys(one, 1 / len(one))) for one, share in self._combinations())

    def _combinations(self) -> Iterator[tuple[tuple[str, ...], float]]:
        """Yield services that come together, with their share."""
        total = sum(group.weight for group in self.services.values())
        for group in self.services.values():
            for one in group.of:
                yield one, group.weight / total / len(group.of)

    def without(self, values: Mapping[str, Collection[str]]) -> Self:
        """Return the spec without some values of axes that depend on no other; of each axis at least one stays."""
        changed: dict[str, Any] = {}
        for axis, gone in values.items():
            kept = [value for value in self.shares(axis) if value not in gone]
            if not kept or not gone:
                continue
            there = getattr(self, axis)
            slots = [slot for slot in self.time_slots if slot.name in kept]
            changed[axis] = slots if axis == "time_slots" else {value: there[value] for value in kept}
        quotas = {
            axis: {v: n for v, n in q.items() if v not in values.get(axis, ())} for axis, q in self.quotas.items()
        }
        return self.model_copy(update={**changed, "quotas": quotas})

    def described(self) -> dict[str, Any]:
        """Return all of it as JSON has it."""
        return self.model_dump(mode="json")
