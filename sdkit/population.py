"""Personas out of a model: let it fill what you leave open."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from sdkit.llm.spec import ModelSpec
    from sdkit.personas import BasePersona

P = TypeVar("P", bound="BasePersona")


async def afill_persona(
    persona: P | type[P], *, keep: Collection[str] | None = None, model: ModelSpec = None, seed: int | None = None
) -> P:
    raise NotImplementedError
