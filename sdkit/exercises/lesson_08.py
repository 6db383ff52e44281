"""Exercises of lesson 08: diverse personas."""

from __future__ import annotations

from typing import Any

from sdkit.exercises.outcome import joined
from sdkit.exercises.steps import Mistake, Step, need
from sdkit.personas import UserPersona
from sdkit.population import Population

_PEOPLE = (
    (
        "Olga Ferrante",
        "A violinist of 52 who travels from concert hall to concert hall.",
        "Proud and quick. Answers in half sentences.",
        "Her black concert dress is worn out, and she has three days to find what else she could play in.",
        "Touring violinist needs something to play in.",
    ),
    (
        "Ben Adeyemi",
        "A bricklayer of 29 who has never owned a suit.",
        "Shy, honest, jokes when he is unsure.",
        "His sister marries in June, and he does not want to look out of place in the pictures.",
        "Bricklayer looks for something to wear at a wedding.",
    ),
    (
        "Hanna Koskinen",
        "A retired nurse of 67 with a wardrobe full of things from the eighties.",
        "Warm and patient. Tells a story about each piece.",
        "She wants to wear her old clothes again, and not look as if it were carnival.",
        "Retired nurse wants to wear her old clothes again.",
    ),
    (
        "Mateo Rivas",
        "A student of 21 who owns two pairs of trousers.",
        "Relaxed, lower case, hardly any commas.",
        "He has his first interview for a job at a bank on Monday, and no money for new clothes.",
        "Student with two pairs of trousers has an interview.",
    ),
    (
        "Priya Nair",
        "A lawyer of 38, nine months pregnant, who still goes to court.",
        "Exact and impatient. Wants a list, no essays.",
        "Nothing fits any more, and there are four hearings to come.",
        "Pregnant lawyer needs clothes that still fit in court.",
    ),
    (
        "Luis Herrera",
        "Somebody of 21 who studies and has no more than two pairs of trousers.",
        "Easy-going. Writes in small letters, with few commas.",
        "On Monday a bank sees him for a first job, and he cannot buy new clothes for it.",
        "A student with few trousers is invited to an interview.",
    ),
    (
        "Sven Dahl",
        "A cyclist of 45 who rides to work in all weathers.",
        "Practical. Has tried everything, and is hard to convince.",
        "He wants to arrive dry and still look like a teacher.",
        "Cycling teacher wants to arrive dry and look the part.",
    ),
    (
        "Amara Diallo",
        "A blind radio host of 33 who knows her clothes by touch.",
        "Cheerful and direct. Asks back at once.",
        "She wants to know which of her things go together without asking her neighbour each morning.",
        "Blind radio host wants to know what goes together.",
    ),
)
_TWINS = {"Mateo Rivas", "Luis Herrera"}


def eight_personas() -> list[UserPersona]:
    """Return eight personas, two of them twins."""
    return [UserPersona(**dict(zip(UserPersona.model_fields, fields, strict=True))) for fields in _PEOPLE]


class OwnPlan(Step):
    """A plan of your own."""

    exercise = "08-own-plan"
    minutes = 15
    hints = (
        "Assistant(name=..., description=...) is yours, PersonaGenerator(assistant, MODEL_NAME, attributes={...}) plans.",
        'attributes = {"hurry": ["in a hurry", "with time"], ...}: a name, and a list of values.',
        "Two attributes of two values make four combinations, and generate(4, seed=1) one persona for each.",
    )
    stretch = "which attribute would change what your assistant has to do? That one is worth a place in the plan"
    mistakes = (
        Mistake("They are those of the lesson", "mine = people", 1),
        Mistake("It is a list", "mine = list(people)", 1),
        Mistake("There are only two", "mine = more", 3),
    )

    def check(self, mine: Population[Any]) -> str:
        need(len(mine) >= 4, "four personas", f"{len(mine)}", 3)
        attributes = mine.plan.attributes
        need("wish" not in attributes, "attributes of your own", joined(attributes))
        need(len(attributes) >= 2, "two attributes", joined(attributes), 2)
        short = [name for name, values in attributes.items() if len(values) < 2]
        need(not short, "two values for each attribute", joined(short), 2)
        return f"{mine.coverage.share:.0%} of the planned combinations are covered"


class Twins(Step):
    """Find the twins."""

    exercise = "08-twins"
    minutes = 5
    hints = (
        "coverage(eight, embeddings=MODEL_NAME).neighbours() says who is nearest to whom.",
        "The two with the highest similarity: table.sort_values('similarity').",
    )
    stretch = "what would you have to change about one of them to bring the similarity below 0.6?"
    mistakes = (
        Mistake("One is missing", "twins = {'Mateo Rivas'}", 2),
        Mistake("They are two others", "twins = {'Ben Adeyemi', 'Mateo Rivas'}"),
        Mistake("They are called otherwise", "twins = {'Mateo', 'Luis'}", 2),
    )

    def check(self, twins: Any) -> str:
        given = {str(name) for name in twins} if isinstance(twins, set | list | tuple) else {str(twins)}
        names = {who.name for who in eight_personas()}
        strange = sorted(given - names)
        need(not strange, "names of two of the eight", joined(strange), 2)
        need(len(given) == 2, "two names", joined(sorted(given)), 2)
        need(given == _TWINS, "the two who are the same person", joined(sorted(given)))
        return "another name, other words, the same person"
