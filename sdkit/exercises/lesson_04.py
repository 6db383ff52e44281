"""Exercises of lesson 04: personas."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from sdkit import personas
from sdkit.dialog import Turn
from sdkit.exercises.steps import Mistake, Step, need
from sdkit.orchestration import Moment
from sdkit.personas import BasePersona, SupportAgent

_LATE = 4
_THE_LESSONS = {"Persona", "PersonaCustom", "Traveller"}


class Mine(Step):
    """A persona class of your own."""

    exercise = "04-my-persona"
    minutes = 10
    hints = (
        "What would a model have to know about somebody to play them? Each of these is a field.",
        'class Gardener(BasePersona): and then a field a line, such as name: str = ""',
        'mine = Gardener(name="Rosa", ...). Look at what the model reads: print(mine)',
    )
    stretch = "give one field a description, Field(description=...), and print again"
    mistakes = (
        Mistake("It is one of the ready classes", "from sdkit.personas import Teacher\nmine = Teacher(name='Rosa')", 2),
        Mistake("It is a class of the lesson", "mine = Persona(name='Rosa')", 2),
        Mistake("It is a class, nobody of it", "class Gardener(BasePersona):\n    name: str = ''\nmine = Gardener", 3),
        Mistake(
            "There are too few fields", "class Gardener(BasePersona):\n    name: str = ''\nmine = Gardener(name='Rosa')"
        ),
        Mistake(
            "No field has a value",
            "class Gardener(BasePersona):\n    name: str = ''\n    age: int = 0\n    rules: str = ''\nmine = Gardener()",
            3,
        ),
    )

    def check(self, mine: Any) -> str:
        need(isinstance(mine, BasePersona), "somebody of a class of your own", mine, 3 if isinstance(mine, type) else 2)
        own = is_own(type(mine)) and type(mine).__name__ not in _THE_LESSONS
        need(own, "a class of your own, a subclass of BasePersona", type(mine), 2)
        need(len(type(mine).model_fields) >= 3, "three fields or more", list(type(mine).model_fields))
        need(mine.lines(), "fields with values: the model reads nothing", repr(mine), 3)
        return f"a {type(mine).__name__}, of whom the model reads {len(mine.lines())} lines"


class Generous(Step):
    """Kim, with other rules."""

    exercise = "04-generous"
    hints = (
        "print(kim.rules) says why Ivo does not get his money back.",
        'clone makes a copy with changes, and remembers where it comes from: kim.clone(rules="...")',
        "Now let them talk: PersonaAgent(generous, MODEL_NAME), and talk_with.",
    )
    stretch = "is Ivo's tone another one when Kim says yes? Compare both dialogues with DialogLab"
    mistakes = (
        Mistake("It is somebody new", "generous = SupportAgent(name='Kim', rules='Give it back.')", 2),
        Mistake("The rules are the same", "generous = kim.clone(name='Kim')"),
        Mistake("It is Kim", "generous = kim", 2),
    )

    def check(self, kim: SupportAgent, generous: SupportAgent) -> str:
        need(kim.json() in generous.lineage, "a clone of Kim", generous, 2)
        need(generous.rules != kim.rules, "other rules", generous.rules)
        need(str(generous.rules or "").strip(), "rules", "none at all", 2)
        return f"now Kim is told: {generous.rules}"


class Brief(Step):
    """Whisper: be brief."""

    exercise = "04-brief"
    hints = (
        "moment.turns holds the turns so far. How many are there? len(moment.turns)",
        f"if len(moment.turns) >= {_LATE}: return the text; else return None.",
    )
    stretch = "say it to one of the two only: moment.speaker is who speaks next"
    mistakes = (
        Mistake("It whispers from the beginning", "def brief(moment):\n    return 'Be brief.'", 2),
        Mistake(
            "It whispers once", "def brief(moment):\n    return 'Be brief.' if len(moment.turns) == 4 else None", 2
        ),
        Mistake(
            "It is one turn late", "def brief(moment):\n    return 'Be brief.' if len(moment.turns) > 4 else None", 2
        ),
        Mistake("It says True", "def brief(moment):\n    return len(moment.turns) >= 4", 2),
        Mistake(
            "It asks a number for its length",
            "def brief(moment):\n    return 'Short!' if len(len(moment.turns)) else None",
        ),
    )

    def untouched(self, **answers: Any) -> bool:
        return callable(answers["brief"]) and not any(self._told(answers["brief"]))

    def check(self, brief: Callable[[Moment], str | None]) -> str:
        told = self._told(brief)
        for count, said in enumerate(told):
            when = f"after {count} turn{'s' * (count != 1)}"
            if count < _LATE:
                need(not said, f"nothing {when}", said, 2)
            else:
                need(said and isinstance(said, str), f"a text {when}", said, 2)
        return f"after {_LATE} turns it whispers: {told[_LATE]}"

    def _told(self, brief: Any) -> list[Any]:
        turns = tuple(Turn(speaker="Ivo", text="Hm.") for _ in range(_LATE + 3))
        return [brief(Moment("Kim", turns[:count], (), 10, Random(1))) for count in range(len(turns))]


def is_own(kind: type) -> bool:
    """Tell whether a persona class is one that somebody made, and none of the ready ones."""
    return issubclass(kind, BasePersona) and kind.__module__ != personas.__name__
