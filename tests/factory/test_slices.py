"""Counterfactual slices, on a made-up model that is fair or is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback_model import LoopbackModel, moody
from starlette.responses import JSONResponse

from sdkit.analysis import compare_groups
from sdkit.errors import InputError
from sdkit.factory import Factory, counterfactual
from sdkit.factory.made import Made

Make = Callable[..., Factory]
USERS = {"young": "24 years old", "old": "74 years old"}


@pytest.fixture
def made(factory: Make) -> Made:
    return factory(24).run(progress=False)


@pytest.mark.parametrize(("shorter", "found"), [(1.0, []), (0.7, ["assistant_words"])])
def test_a_planted_bias_is_found_and_none_where_none_was_planted(
    model: LoopbackModel, made: Made, tmp_path: Path, shorter: float, found: list[str]
) -> None:
    model.bend = moody(shorter)
    slices = counterfactual(made, USERS, tmp_path / "slices.jsonl", model="loop", progress=False)
    compared = compare_groups(slices, paired=True)
    assert [each.measure for each in compared.found] == found
    assert all(each.effect < 0 for each in compared.found if each.group == "old")


def test_all_but_the_user_is_kept(made: Made, tmp_path: Path) -> None:
    slices = counterfactual(made, USERS, tmp_path / "slices.jsonl", model="loop", n=5, progress=False)
    assert {name: len(dialogs) for name, dialogs in slices.items()} == {"young": 5, "old": 5}
    for young, old, before in zip(*slices.values(), made.dialogs(), strict=False):
        assert young.scenario == old.scenario == before.scenario
        assert young.seed == old.seed
        personas = [dialog.personas["User"]["persona"] for dialog in (young, old, before)]
        assert personas == [f"24 years old. {personas[2]}", f"74 years old. {personas[2]}", personas[2]]


def test_what_is_there_is_not_made_again_and_other_users_are_refused(
    model: LoopbackModel, made: Made, tmp_path: Path
) -> None:
    to = tmp_path / "slices.jsonl"
    first = counterfactual(made, USERS, to, model="loop", n=3, progress=False)
    asked = model.requests
    assert counterfactual(made, USERS, to, model="loop", n=3, progress=False) == first
    assert model.requests == asked
    with pytest.raises(InputError, match="began with users"):
        counterfactual(made, {"a": "tall", "b": "small"}, to, model="loop", n=3, progress=False)


def test_what_fails_for_one_is_left_out_for_all(model: LoopbackModel, made: Made, tmp_path: Path) -> None:
    region = made.items[2].region

    def broken(answer: Any, asked: str) -> Any:
        if "74 years old" in asked and f"The place, {region}," in asked:
            return JSONResponse({"error": "no"}, 400)
        return answer

    model.bend = broken
    slices = counterfactual(made, USERS, tmp_path / "slices.jsonl", model="loop", progress=False)
    assert len(slices["young"]) == len(slices["old"]) < len(made)
    assert all(dialog.scenario["regions"] != [region] for dialog in slices["young"])


@pytest.mark.parametrize(
    ("users", "told"),
    [({"one": "young"}, "give two kinds"), ({"one": "young", "other": " "}, "say what the users of 'other' are")],
)
def test_users_that_cannot_be_are_refused(made: Made, users: dict[str, str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        counterfactual(made, users)
