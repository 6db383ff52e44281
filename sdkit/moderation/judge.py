"""A language model as a layer: it reads a whole dialogue and says which turns are not to be in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, field_validator

from sdkit import background
from sdkit.dialog import without_docstring
from sdkit.dialog_output import SHORT, closed
from sdkit.llm import structured
from sdkit.llm.seeds import check_seed, derive_seed
from sdkit.llm.spec import judge_model, model_name
from sdkit.moderation.findings import Finding, of_whole_turn
from sdkit.moderation.prompts import CATEGORIES, flagged_turns

if TYPE_CHECKING:
    from sdkit.llm.spec import ModelSpec

MOST = 10
"""How many turns a judge lists at most; small models would go on."""


class Flagged(BaseModel):
    """A turn that a judge flags: its number from 1 on, the reason, and the category, which follows from it."""

    model_config = ConfigDict(json_schema_extra=without_docstring)

    turn: int
    reason: str
    category: str

    @field_validator("category")
    @classmethod
    def _known(cls, category: str) -> str:
        if category not in CATEGORIES:
            raise ValueError(f"is none of {', '.join(CATEGORIES)}")
        return category


class Judgement(BaseModel):
    """What a judge says about a dialogue: the turns that it flags, if any."""

    model_config = ConfigDict(json_schema_extra=without_docstring)

    flagged: list[Flagged]


class ModelJudge:
    """Lets a language model say which turns are not to be in a data set; each finding spans its turn.

    It sees what is said, and neither who says so nor what the dialogue was to be about.

    Parameters
    ----------
    model
        As in `sdkit.ask`; it is set to judge, see `sdkit.llm.spec.judge_model`.
    seed
        From it and what is said the seed of each dialogue is derived.

    Raises
    ------
    SdkitError
        The model cannot be used. When it is asked: `ModelError`, or `ReplyError` if it does not answer as asked.
    """

    name = "judge"

    def __init__(self, model: ModelSpec = None, *, seed: int = 0) -> None:
        self._model, self._seed = judge_model(model), check_seed(seed)

    @property
    def about(self) -> dict[str, Any]:
        """What shapes its findings: model and seed."""
        return {"model": model_name(self._model), "seed": self._seed}

    def __repr__(self) -> str:
        """Say which model it is."""
        return f"ModelJudge({model_name(self._model)!r})"

    def check(self, texts: Sequence[str]) -> list[Finding]:
        """Return the turns that the model flags, in order."""
        return background.awaited(self.acheck(texts))  # type: ignore[no-any-return]

    async def acheck(self, texts: Sequence[str]) -> list[Finding]:
        """Do what `check` does, awaitable."""
        if not any(text.strip() for text in texts):
            return []
        said = await structured.aask(
            flagged_turns(texts),
            judgement(len(texts)),
            model=self._model,
            seed=derive_seed(self._seed, json.dumps(list(texts))),
        )
        found = {(each.turn - 1, each.category): each.reason for each in reversed(said.flagged)}
        return [
            of_whole_turn(Finding(self.name, category, reason, turn, 0, 0, ""), texts)
            for (turn, category), reason in sorted(found.items())
        ]


@lru_cache(maxsize=64)
def judgement(turns: int) -> type[Judgement]:
    """Return the class of a judgement about so many turns."""

    class OfTurns(Judgement):
        @field_validator("flagged")
        @classmethod
        def _there(cls, flagged: list[Flagged]) -> list[Flagged]:
            for each in flagged:
                if not 1 <= each.turn <= turns:
                    raise ValueError(f"flags turn {each.turn}; there are {turns}")
            return flagged

        @classmethod
        def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
            one = {"turn": {"enum": list(range(1, turns + 1))}, "reason": SHORT, "category": {"enum": [*CATEGORIES]}}
            return closed({"flagged": {"type": "array", "items": closed(one), "maxItems": min(turns, MOST)}})

    return OfTurns
