"""The homework of lesson 07: customer support, with fewer words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from sdkit.exercises import lesson_07
from sdkit.exercises.lesson_04 import is_own
from sdkit.exercises.outcome import joined
from sdkit.exercises.scenarios import as_text, gives_nothing, outcomes, without_value
from sdkit.exercises.steps import Mistake, Step, need
from sdkit.generators import PersonaDialogGenerator
from sdkit.personas import BasePersona

_NAME = "07b-customer-support"


class TwoPeople(Step):
    """A customer, and somebody who helps."""

    exercise = _NAME
    minutes = 10
    hints = (
        "Two classes of your own, three fields or more in each, and a value for each field.",
        "A customer: name, product, problem, mood... Somebody in support: name, product, what they may offer, what they may not...",
        'class CallerPersona(BasePersona): name: str = "" and so on; then customer = CallerPersona(name="...", ...)',
    )
    stretch = "PersonaEditor(customer, model=MODEL_NAME) can fill in the rest for you: tick Keep for what you like"
    mistakes = (
        Mistake(
            "The ready classes are used",
            "from sdkit.personas import Customer, SupportAgent\ncustomer, helper = Customer(name='Ivo'), SupportAgent(name='Kim')",
        ),
        Mistake("Both are of one class", "helper = customer.clone(name='Kim')", 2),
        Mistake("A field is empty", "customer = type(customer)(name='Ivo')"),
        Mistake("It is a class, nobody of it", "customer = type(customer)", 3),
    )

    def check(self, customer: object, helper: object) -> str:
        for name, somebody in {"customer": customer, "helper": helper}.items():
            need(isinstance(somebody, BasePersona), f"`{name}` is a persona", somebody, 3)
            assert isinstance(somebody, BasePersona)
            fields = list(type(somebody).model_fields)
            need(
                is_own(type(somebody)) and len(fields) >= 3,
                f"a class of your own for `{name}`, with three fields",
                type(somebody),
            )
            empty = without_value(somebody)
            need(not empty, f"a value for each field of `{name}`", f"empty: {joined(empty)}")
        need(type(customer) is not type(helper), "two classes: they need to know different things", type(customer), 2)
        return f"a {type(customer).__name__} and a {type(helper).__name__}"


class SupportScenario(lesson_07.OwnScenario):
    """What do you want to control?"""

    exercise = _NAME
    hints = (
        "What should differ from call to call, and be known to you? The product, the problem, the mood, how it ends...",
        'What may be one of a few: mood: Literal["calm", "angry"]',
        'One field is called outcome, one of two or more: outcome: Literal["refund", "replacement"]. Then scenario = Scenario(...)',
    )
    stretch = "an outcome in which nobody gets what they want: what would they say?"


class Generator(Step):
    """From a scenario to a generator."""

    exercise = _NAME
    minutes = 10
    hints = (
        "Inside the function: build both people from the scenario, then return a generator with them.",
        "return PersonaDialogGenerator(model=MODEL_NAME, persona_a=..., persona_b=..., scenario=scenario)",
        "The outcome has to reach somebody: a field of the one who helps says what they offer in the end.",
    )
    stretch = "draw names and products with random.Random(seed)"
    mistakes = (
        Mistake("It returns no generator", "def get_generator_for_scenario(scenario):\n    return customer, helper", 2),
        Mistake(
            "It forgets the scenario",
            "def get_generator_for_scenario(scenario):\n    return PersonaDialogGenerator(MODEL_NAME, customer, helper)",
            2,
        ),
        Mistake(
            "The outcome reaches nobody",
            "def get_generator_for_scenario(scenario):\n    return PersonaDialogGenerator(MODEL_NAME, customer, helper, scenario=scenario)",
            3,
        ),
        Mistake("It raises", "def get_generator_for_scenario(scenario):\n    return scenario.generator"),
    )

    def untouched(self, **answers: Any) -> bool:
        return gives_nothing(answers["get_generator_for_scenario"], answers["scenario"])

    def check(self, scenario: BaseModel, get_generator_for_scenario: Callable[[Any], Any]) -> str:
        ends = outcomes(type(scenario))
        need(ends, "`scenario`, with an outcome that is one of a few", scenario)
        read = set()
        for end in ends:
            about = scenario.model_copy(update={"outcome": end})
            generator = get_generator_for_scenario(about)
            need(isinstance(generator, PersonaDialogGenerator), "a PersonaDialogGenerator", generator, 2)
            need(
                generator.scenario == about.model_dump(mode="json"),
                "a generator that knows its scenario: scenario=scenario",
                generator.scenario,
                2,
            )
            read.add("\n".join(map(str, generator.personas)))
        need(
            len(read) == len(ends),
            "people who differ with the outcome",
            f"{len(read)} for {joined(map(as_text, ends))}",
            3,
        )
        return f"one function, {len(ends)} outcomes"


class SupportDialogs(lesson_07.Obeyed):
    """Do they differ, and do they obey?"""

    exercise = _NAME
    hints = (
        "Two outcomes, two dialogues of each: four, in one list. Each with a seed of its own.",
        "[get_generator_for_scenario(one).generate(seed=seed) for one in scenarios for seed in (1, 2)]",
        'No dialogue says how it ends? Put the words into their mouths, in dialogue_details=: The shop says: "Here is a {scenario.outcome}." Keep it short, turns=(4, 6), and take more seeds.',
    )
