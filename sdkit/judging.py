"""Model judges: what a rule cannot see in a dialogue, a language model is asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from sdkit import prompts
from sdkit.dialog import Dialog, without_docstring
from sdkit.dialog_output import SHORT, closed
from sdkit.llm import ask

if TYPE_CHECKING:
    from sdkit.llm.spec import ModelSpec


class Verdict(BaseModel):
    """Whether a statement about a dialogue is true, as a model answers it: the evidence, the reason, the decision."""

    model_config = ConfigDict(json_schema_extra=without_docstring)

    evidence: str
    reason: str
    holds: bool

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the schema: the decision comes last, so that it follows from the others."""
        fields = {"evidence": SHORT, "reason": SHORT, "holds": {"type": "boolean"}}
        return closed(fields)


def holds(dialog: Dialog, statement: str, model: ModelSpec, seed: int | None = None) -> Verdict:
    """Ask a model whether a statement about a dialogue is true.

    It sees the turns and the statement; neither the personas nor the scenario, which would tell it what was wanted.

    Raises
    ------
    ModelError
        The model cannot be used.
    ReplyError
        It did not answer as asked.
    """
    return ask(prompts.does_it_hold(dialog.description().splitlines(), statement), Verdict, model=model, seed=seed)


class Rating(BaseModel):
    """How good a dialogue is, as a model answers it: the reason, then the number from 1, bad, to 5, good."""

    model_config = ConfigDict(json_schema_extra=without_docstring)

    reason: str
    rating: int

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the schema: the number comes last, so that it follows from the reason."""
        fields = {"reason": SHORT, "rating": {"enum": [1, 2, 3, 4, 5]}}
        return closed(fields)


def rate(dialog: Dialog, question: str, model: ModelSpec, seed: int | None = None) -> Rating:
    """Ask a model to rate a dialogue from 1, bad, to 5, good.

    It sees the turns and the question, and nothing else.

    Parameters
    ----------
    dialog
        The dialogue.
    question
        What to rate, such as "How natural is this dialogue?".
    model, seed
        As in `sdkit.ask`.

    Raises
    ------
    ModelError
        The model cannot be used.
    ReplyError
        It did not answer as asked.
    """
    return ask(prompts.how_good(dialog.description().splitlines(), question), Rating, model=model, seed=seed)
