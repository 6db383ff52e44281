"""Parts of a plan: services that come together, and parts of the day."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


def joined(services: tuple[str, ...] | list[str]) -> str:
    """Return the name of services that come together, such as "hotel+taxi"."""
    return "+".join(sorted(services))


class Strict(BaseModel):
    """A part of a plan: refuses names that there are not."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Combinations(Strict):
    """Services that come together, so many at a time.

    Parameters
    ----------
    weight
        The share of the dialogues that have so many.
    of
        Which: names, or lists of names.
    """

    weight: float = Field(gt=0)
    of: list[tuple[str, ...]] = Field(min_length=1)

    @field_validator("of", mode="before")
    @classmethod
    def _listed(cls, given: Any) -> Any:
        return [(one,) if isinstance(one, str) else one for one in given] if isinstance(given, list) else given

    @field_validator("of")
    @classmethod
    def _each_once(cls, given: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
        names = [joined(one) for one in given]
        for one in given:
            if not one or len(set(one)) < len(one):
                raise ValueError(f"{list(one)} is no combination: name each service once")
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"{twice[0]} is there twice")
        return given


class TimeSlot(Strict):
    """A part of the day: from an hour to another one, which it does not reach, and its name."""

    start: int = Field(ge=0, le=23)
    end: int = Field(ge=0, le=24)
    name: str = Field(min_length=1)
    weight: float = Field(default=1, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _of_list(cls, given: Any) -> Any:
        if isinstance(given, list | tuple) and len(given) in (3, 4):
            return dict(zip(("start", "end", "name", "weight"), given, strict=False))
        return given

    @property
    def triple(self) -> list[Any]:
        """What a record keeps of it."""
        return [self.start, self.end, self.name]

    @property
    def minutes(self) -> int:
        """How long it is."""
        return ((self.end - self.start) % 24 or 24) * 60
