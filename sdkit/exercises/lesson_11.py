"""Exercises of lesson 11: the dialogue factory."""

from __future__ import annotations

from collections import Counter

from sdkit.errors import InputError
from sdkit.exercises.outcome import joined
from sdkit.exercises.steps import Mistake, Step, need
from sdkit.factory import Spec, planned
from sdkit.factory.items import Item

_FORTY, _ANGRY = 40, 12


class OwnDomain(Step):
    """A domain of your own."""

    exercise = "11-own-domain"
    minutes = 10
    hints = (
        'Spec.of({"add": {...}}) adds to the default plan; without "add", it replaces.',
        '"services": {"single": {"of": ["ferry"]}} adds a service that comes alone.',
        '"categories": {"ferry": ["deck_choice", "car_on_board"]} says what its users come for.',
    )
    stretch = "let your service come together with a taxi, too"
    mistakes = (
        Mistake("There is nothing new in it", "mine = Spec.of()", 2),
        Mistake(
            "It has replaced what was there",
            'mine = Spec.of({"services": {"single": {"weight": 1, "of": ["pool"]}}, "categories": {"pool": ["a", "b"]}})',
        ),
        Mistake("It has one category", 'mine = Spec.of({"add": {"services": {"single": {"of": ["pool"]}}}})', 3),
    )

    def check(self, mine: Spec) -> str:
        default = Spec.of()
        gone = [name for name in default.known_services if name not in mine.known_services]
        need(not gone, "all services of the default plan", f"without {joined(gone)}")
        new = [name for name in mine.known_services if name not in default.known_services]
        need(new, "a service that the default plan does not have", joined(mine.known_services), 2)
        own = mine.categories.get(new[0], {})
        need(len(own) >= 2, f"two categories of {new[0]}", joined(own) or "none", 3)
        count = sum(new[0] in item.services for item in planned(1000, mine))
        return f"{count} of 1,000 dialogues would be about {new[0]}"


class ToOrder(Step):
    """Forty dialogues to order."""

    exercise = "11-to-order"
    minutes = 10
    hints = (
        "planned(40, order) shows what comes of your spec; a Counter of one attribute counts it.",
        '"quotas": {"user_emotions": {"Angry": 12}} sets a number; the others share what is left.',
        '"forbidden": [{"services": "hospital", "user_emotions": "Excited"}] keeps two values apart.',
        '"resolution_status": ["Resolved", "Failed"] gives both the same share.',
    )
    stretch = "which order could no plan fulfil? Try one, and read the error"
    mistakes = (
        Mistake("The angry ones are left to their share", 'order = Spec.of({"resolution_status": ["Resolved"]})', 2),
        Mistake("Escalated ones are among them", 'order = Spec.of({"quotas": {"user_emotions": {"Angry": 12}}})', 4),
        Mistake(
            "Nothing is forbidden",
            'order = Spec.of({"quotas": {"user_emotions": {"Angry": 12, "Excited": 28}},\n'
            '                 "resolution_status": ["Resolved", "Failed"]})',
            3,
        ),
    )

    def check(self, order: Spec) -> str:
        items: list[Item] = []
        problem = ""
        try:
            items = planned(_FORTY, order)
        except InputError as error:
            problem = str(error)
        need(not problem, f"a plan for {_FORTY} dialogues", problem)
        angry = sum(item.user_emotion == "Angry" for item in items)
        need(angry == _ANGRY, f"{_ANGRY} angry users", f"{angry}", 2)
        endings = Counter(item.resolution_status for item in items)
        half = _FORTY // 2
        wanted = endings == {"Resolved": half, "Failed": half}
        need(wanted, f"{half} Resolved and {half} Failed", dict(endings), 4)
        # In one plan it may have come out well by chance.
        plans = [item for seed in range(5) for item in planned(_FORTY, order, seed)]
        both = sum("hospital" in item.services and item.user_emotion == "Excited" for item in plans)
        need(not both, "nobody excited about a hospital, whatever the seed", f"{both} in five plans", 3)
        return "an order is a spec, and the plan keeps it"
