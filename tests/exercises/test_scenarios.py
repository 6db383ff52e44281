"""What counts as the outcome of a scenario, and when a dialogue says so."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from sdkit import Dialog, Turn
from sdkit.exercises.scenarios import as_text, gives_nothing, outcomes, said_at, without_value
from sdkit.personas import BasePersona


class End(Enum):
    REFUND = "refund"
    BAN = "ban"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Literal["a", "b"], ["a", "b"]),
        (Literal["a", "b"] | None, ["a", "b"]),
        (End, ["refund", "ban"]),
        (Literal[True, False], ["True", "False"]),
        (str, []),
    ],
)
def test_what_an_outcome_may_be(kind: Any, expected: list[str]) -> None:
    about = type("Scenario", (BaseModel,), {"__annotations__": {"outcome": kind}})
    assert [as_text(end) for end in outcomes(about)] == expected


@pytest.mark.parametrize(
    ("outcome", "last", "heard"),
    [
        ("prescription", "I will write you a prescription.", True),
        ("prescription", "I will prescribe drops.", True),
        ("prescription", "I will not write a prescription.", False),
        ("prescription", "You don't need a prescription. Go home.", False),
        ("prescription", "It is not bad. Here is a prescription.", True),
        ("no_refund", "Full refund, gladly!", False),
        ("no_refund", "There is no refund.", True),
        ("die", "You will die.", True),
        ("die", "A diet will help.", False),
        ("sent to hospital", "You are sent home.", False),
        ("sent to hospital", "Go to the hospital.", True),
    ],
)
def test_a_word_of_the_outcome_in_the_second_half(outcome: str, last: str, heard: bool) -> None:
    turns = [Turn(speaker="A", text="I fear the hospital, a prescription, to die, no refund."), *[_turn("Hm.")] * 2]
    dialog = Dialog(turns=[*turns, _turn(last)])
    assert said_at(dialog, outcome, ["sent home", "sent to hospital", outcome]) == (4 if heard else None)


def _turn(text: str) -> Turn:
    return Turn(speaker="B", text=text)


def test_a_stub_gives_nothing_and_a_forgotten_return_is_no_stub() -> None:
    def stub(scenario: object) -> None:
        return None

    def forgot(scenario: Any) -> None:
        print(scenario)

    assert gives_nothing(stub, 1)
    assert gives_nothing(forgot, None)
    assert not gives_nothing(forgot, 1)
    assert not gives_nothing(7, 1)


class Clerk(BasePersona):
    name: str = ""
    years: int = 0
    married: bool | None = None


def test_nought_and_no_are_values_if_somebody_gave_them() -> None:
    assert without_value(Clerk(name="Ana", years=0, married=False)) == []
    assert without_value(Clerk(name="")) == ["name", "years", "married"]
