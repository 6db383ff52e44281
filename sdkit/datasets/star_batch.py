"""Synthetic dialogues for scenarios of STAR: the ways to make them, as makers for a `Batch`."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from sdkit.agents import PersonaAgent
from sdkit.batch import Batch, Maker
from sdkit.errors import InputError
from sdkit.generators import DialogGenerator, PersonaDialogGenerator
from sdkit.llm.spec import chat_model, model_name, sampling_options

if TYPE_CHECKING:
    from sdkit.datasets.star import StarDataset
    from sdkit.llm.spec import ModelSpec

How = Literal["description", "personas", "turns"]
USER, SYSTEM = "User", "System"


def maker(data: StarDataset, number: int, model: ModelSpec = None, how: How = "description") -> Maker:
    """Return what makes a synthetic dialogue for the scenario of this one: a generator, or an async function.

    The user begins, as in all dialogues of STAR.
    """
    if how not in get_args(How):
        raise InputError(f"how={how!r}: it can be {', '.join(map(repr, get_args(How)))}")
    scenario, description = data.get_dialog_scenario_description(number)
    if how == "description":
        return DialogGenerator(model, description, scenario=scenario, speakers=[USER, SYSTEM])
    user = data.get_user_persona_for_scenario(scenario)
    system = data.get_system_persona_for_scenario(scenario)
    if how == "personas":
        return PersonaDialogGenerator(model, user, system, scenario=scenario)
    return partial(PersonaAgent(user, model).atalk_with, PersonaAgent(system, model), scenario=scenario)


def batch(
    data: StarDataset,
    ids: Sequence[int],
    to: str | Path,
    model: ModelSpec = None,
    how: How = "description",
    **options: Any,
) -> Batch:
    """Return the batch: see `StarDataset.batch`."""
    llm = chat_model(model)  # a model that cannot be used is told at once
    if how not in get_args(How):
        raise InputError(f"how={how!r}: it can be {', '.join(map(repr, get_args(How)))}")
    about = options.pop("about", None)
    if about is not None and not isinstance(about, Mapping):
        raise InputError(f"about={about!r:.80}: give a dict of what else shapes the dialogues, or leave it out")
    data = copy.copy(data)  # which stays where it is when `set_path` is called later
    about = {
        "data": data.path.name,
        "contents": data.contents(),
        "how": how,
        "model": model_name(llm),
        "options": sampling_options(llm),
        **(about or {}),
    }
    return Batch(ids, lambda number: maker(data, number, llm, how), to, about=about, **options)
