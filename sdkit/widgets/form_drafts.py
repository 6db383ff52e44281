"""What stands in a form, and what pydantic makes of it. There are no widgets here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from sdkit.describing import value_of
from sdkit.personas import BasePersona


class _NotGiven:
    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Final = _NotGiven()
"""Stands in a draft for a field that nobody has given: its class default holds, if it has one."""


class Draft(dict[str, Any]):
    """What stands in a form, or in a section of it: a value for each field, in the order given. Never changed."""


@dataclass(frozen=True)
class Unreadable:
    """Stands in a draft for a text that is no value at all, such as half a JSON object.

    Parameters
    ----------
    text
        What was typed.
    problem
        What is wrong with it.
    """

    text: str
    problem: str


@dataclass(frozen=True)
class Problem:
    """What pydantic, or the form itself, has to say against a draft.

    Parameters
    ----------
    where
        The names of fields, and indices into lists, that lead to it; relative to whoever is told.
    message
        What is wrong.
    missing
        Whether it is only that nothing was filled in.
    """

    where: tuple[str | int, ...]
    message: str
    missing: bool = False

    def inside(self) -> Problem:
        """Return the same problem, as it is seen from one step further in."""
        return Problem(self.where[1:], self.message, self.missing)


def is_empty(value: Any) -> bool:
    """Tell whether a value says nothing."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value is NOT_GIVEN or (isinstance(value, Collection) and len(value) == 0)


def takes_any_field(kind: type[BaseModel]) -> bool:
    """Tell whether fields can be given that the class does not declare."""
    declared_only = issubclass(kind, BasePersona) and bool(kind.model_fields)
    return kind.model_config.get("extra") == "allow" and not declared_only


def draft_of(kind: type[BaseModel], start: Any = None) -> Draft:
    """Return a draft: of a model or a dict with its fields in the order given, of None with none given."""
    if isinstance(start, BaseModel):
        there = [*kind.model_fields, *(start.__pydantic_extra__ or {})]
        is_set = [name for name in there if name in start.model_fields_set or name not in kind.model_fields]
        given = start.given() if isinstance(start, BasePersona) else is_set
        start = {name: value_of(start, name) for name in given}
    return Draft(
        dict.fromkeys(start or (), NOT_GIVEN) | dict.fromkeys(kind.model_fields, NOT_GIVEN) | dict(start or {})
    )


def check(kind: type[BaseModel], draft: Mapping[str, Any]) -> tuple[BaseModel | None, list[Problem]]:
    """Return the model that a draft stands for, if it is valid, and what is wrong with it."""
    given, problems = given_in(draft)
    unreadable = {problem.where for problem in problems}
    value = None
    try:
        # All that was typed is text: what a strict model demands, no form could give.
        value = kind.model_validate(given, strict=False, by_alias=False, by_name=True)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=False, include_input=False):
            if one["loc"] not in unreadable:
                message = one["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
                problems.append(Problem(one["loc"], message, one["type"] == "missing"))
    except Exception as error:  # noqa: BLE001 - a validator of the user's own may raise anything
        problems.append(Problem((), f"{type(error).__name__}: {error}"))
    return (None if problems else value), problems


def given_in(draft: Mapping[str, Any], above: tuple[str, ...] = ()) -> tuple[dict[str, Any], list[Problem]]:
    """Return the fields that a draft gives, and those that are unreadable."""
    given: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in draft.items():
        if isinstance(value, Unreadable):
            problems.append(Problem((*above, name), value.problem))
        elif isinstance(value, Draft):
            given[name], inside = given_in(value, (*above, name))
            problems += inside
        elif value is not NOT_GIVEN:
            given[name] = value
    return given, problems
