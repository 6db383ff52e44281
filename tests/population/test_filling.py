"""One persona, filled in by a model."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Literal

import pytest
from pydantic import BaseModel, Field

from sdkit.errors import InputError, ReplyError
from sdkit.personas import BasePersona, Patient
from sdkit.population.filling import afill_persona, fill_persona

if TYPE_CHECKING:
    from conftest import FakeOllama


class Job(BaseModel):
    title: str
    years: int = Field(ge=0, le=40)


class Guest(BasePersona):
    """A guest of a hotel."""

    name: str = ""
    age: int | None = Field(None, ge=18, le=99)
    mood: Literal["calm", "angry"] = "calm"
    wishes: list[str] = Field(default_factory=list, title="What they want", description="in small words")
    job: Job | None = None


GUEST = {"age": 40, "mood": "angry", "wishes": ["quiet"], "job": {"title": "cook", "years": 3}}


def test_what_is_kept_stays_and_the_rest_is_filled_in(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(json.dumps(GUEST))
    guest = fill_persona(Guest, {"name": "Ana"}, model="fake", seed=3)
    assert guest == Guest(name="Ana", age=40, mood="angry", wishes=["quiet"], job=Job(title="cook", years=3))
    assert guest.given()[0] == "name"
    assert guest.provenance is not None
    assert (guest.provenance.model, guest.provenance.seed) == ("fake", 3)


def test_the_model_is_told_what_is_known_and_asked_for_the_rest_only(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(json.dumps(GUEST))
    fill_persona(Guest, {"name": "Ana <b>"}, model="fake")
    (body,) = fake_ollama.received
    asked = body["messages"][-1]["content"]
    assert asked.startswith("Somebody to play: Guest. A guest of a hotel.\n\nWhat is known:\n- name: Ana <b>\n")
    assert "- wishes: What they want - in small words" in asked
    schema = body["format"]
    assert list(schema["properties"]) == schema["required"] == ["age", "mood", "wishes", "job"]
    # What is optional for people is wanted from a model, and bounded.
    assert schema["properties"]["age"] == {"maximum": 99, "minimum": 18, "type": "integer"}
    assert schema["properties"]["wishes"]["maxItems"] == 5
    assert "pattern" in schema["properties"]["wishes"]["items"]


def test_a_role_that_goes_without_saying_is_not_asked_for(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(
        json.dumps({"name": "Tom", "age": 3, "complaint": "c", "history": "h", "worries": "w", "manner": "m"})
    )
    assert str(fill_persona(Patient, model="fake")).startswith("Your role: patient\nYour name: Tom\n")
    assert "role" not in fake_ollama.received[0]["format"]["properties"]


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        ({**GUEST, "age": 7}, "age: Input should be greater than or equal to 18"),
        ({**GUEST, "mood": " "}, "mood: Input should be|leaves mood blank"),
        ({"age": 40}, "gives age instead of age, mood, wishes, job"),
        ({**GUEST, "hat": "blue"}, "gives age, mood, wishes, job, hat instead of"),
    ],
)
def test_what_is_not_valid_in_the_class_is_asked_for_again(
    fake_ollama: FakeOllama, reply: dict[str, Any], problem: str
) -> None:
    fake_ollama.say(json.dumps(reply))
    fake_ollama.say(json.dumps(GUEST))
    assert asyncio.run(afill_persona(Guest, {"name": "Ana"}, model="fake", seed=1)).age == 40
    assert len(fake_ollama.received) == 2
    fake_ollama.say(json.dumps(reply), times=3)
    with pytest.raises(ReplyError, match=problem):
        fill_persona(Guest, {"name": "Ana"}, model="fake")


@pytest.mark.parametrize(
    ("kind", "kept", "problem"),
    [
        (BasePersona, {}, "is no class of personas with fields"),
        (Guest(name="x"), {}, "is no class of personas with fields"),
        (Guest, {"age": 500}, "what is kept is not valid: age: Input should be less than or equal to 99"),
        (Guest, {"nmae": "x"}, "Guest has no field nmae; it has name, age"),
        (Guest, {"name": "x", **GUEST}, "all fields of this Guest are kept"),
    ],
)
def test_what_cannot_be_filled_is_refused(kind: Any, kept: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        fill_persona(kind, kept, model="fake")


class Person(BasePersona):
    name: str = ""
    friend: Person | None = None
    others: list[Person] = Field(default_factory=list)


@pytest.mark.embedded
def test_somebody_who_has_friends_who_have_friends_comes_to_an_end() -> None:
    ana = fill_persona(Person, {"name": "Ana"}, model="embedded", seed=1)
    assert isinstance(ana.friend, Person)
    assert ana.others


@pytest.mark.embedded
def test_a_real_model_fills_in_every_kind_of_field() -> None:
    guest = fill_persona(Guest, {"name": "Ana"}, model="embedded", seed=2)
    assert guest.name == "Ana"
    assert set(guest.given()) == set(Guest.model_fields)
    assert guest == fill_persona(Guest, {"name": "Ana"}, model="embedded", seed=2)
