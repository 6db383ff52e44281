"""Exercises of lesson 07: doctor and patient; and its homework, customer support."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from sdkit.dialog import Dialog
from sdkit.exercises.lesson_04 import is_own
from sdkit.exercises.outcome import joined
from sdkit.exercises.steps import Mistake, Step, need
from sdkit.generators import PersonaDialogGenerator
from sdkit.personas import BasePersona

_DOCTOR = 'doctor = DoctorPersona(name="Dr. Okafor", specialty="skin", manner="patient")'


class Classes(Step):
    """What is worth a field?"""

    exercise = "07-doctor-patient"
    minutes = 10
    hints = (
        "A field is worth having if another value of it makes another conversation. What about the doctor changes what is said?",
        "A doctor: name, specialty, manner, years of experience... A patient: name, age, complaint, worry, what they keep to themselves...",
        'A field is a line in the class: specialty: str = "". Instead of pass, write three of them in each class.',
    )
    stretch = "give a field a description, Field(description=...), so that the model reads what it means"
    mistakes = (
        Mistake(
            "The ready classes are used",
            "from sdkit.personas import Doctor as DoctorPersona, Patient as PatientPersona",
            3,
        ),
        Mistake("One class is still empty", "class PatientPersona(BasePersona):\n    pass", 3),
        Mistake("They are no personas", "class DoctorPersona:\n    name: str = ''", 3),
        Mistake(
            "Doctor and patient have the same fields",
            "class DoctorPersona(BasePersona):\n    name: str = ''\n    age: int = 0\n    mood: str = ''\n"
            "class PatientPersona(BasePersona):\n    name: str = ''\n    age: int = 0\n    mood: str = ''",
            2,
        ),
    )

    def untouched(self, **answers: Any) -> bool:
        return all(_is_persona(kind) and not kind.model_fields for kind in answers.values())

    def check(self, DoctorPersona: type[Any], PatientPersona: type[Any]) -> str:
        kinds = {"DoctorPersona": DoctorPersona, "PatientPersona": PatientPersona}
        for name, kind in kinds.items():
            need(_is_persona(kind), f"`{name}` is a subclass of BasePersona", kind, 3)
            need(is_own(kind), f"a class {name} of your own", f"{kind.__name__}, which comes with sdkit", 3)
            need(len(kind.model_fields) >= 3, f"three fields or more in `{name}`", list(kind.model_fields), 3)
        fields = [set(kind.model_fields) for kind in kinds.values()]
        need(fields[0] - fields[1], "a field that only the doctor has", sorted(fields[0]), 2)
        need(fields[1] - fields[0], "a field that only the patient has", sorted(fields[1]), 2)
        return f"the doctor's own are {joined(sorted(fields[0] - fields[1]))}; the patient's {joined(sorted(fields[1] - fields[0]))}"


class People(Step):
    """A doctor, a patient."""

    exercise = "07-doctor-patient"
    minutes = 5
    hints = (
        "print(doctor) shows what the model reads. A field without a value is not there.",
        'doctor = DoctorPersona(name="Dr. Okafor", ...): each field by its name.',
        "Write texts in the second person where they are sentences: the model reads them as said to it.",
    )
    stretch = "let PersonaEditor(patient) show the form of your class"
    mistakes = (
        Mistake("A class was given, nobody of it", "doctor, patient = DoctorPersona, PatientPersona", 2),
        Mistake("Fields were left without a value", "doctor, patient = DoctorPersona(), PatientPersona()"),
        Mistake("They were swapped", "doctor, patient = patient, patient", 2),
    )

    def check(self, doctor: Any, patient: Any) -> str:
        people = {"doctor": doctor, "patient": patient}
        for name, somebody in people.items():
            need(isinstance(somebody, BasePersona), f"`{name}` is a persona", somebody, 2)
            need(is_own(type(somebody)), f"`{name}` is of a class of your own", type(somebody), 2)
            empty = [field for field in type(somebody).model_fields if not getattr(somebody, field)]
            need(not empty, f"a value for each field of `{name}`", f"empty: {joined(empty)}" if empty else "")
        need(type(doctor) is not type(patient), "a doctor and a patient", f"two of {type(doctor).__name__}", 2)
        return f"the model reads {len(doctor.lines())} lines of the doctor, {len(patient.lines())} of the patient"


class TwoWays(Step):
    """Described, and played."""

    exercise = "07-doctor-patient"
    minutes = 10
    hints = (
        "Two generators: DialogGenerator for the description, PersonaDialogGenerator for the two personas.",
        "Both have generate(seed=...). The same seed for both.",
        'described = DialogGenerator(model=MODEL_NAME, dialogue_details="...", speakers=["Doctor", "Patient"]).generate(seed=1)',
    )
    stretch = "put both into DialogLab, change one thing, and look again"
    mistakes = (
        Mistake("It is a generator", "described = played = PersonaDialogGenerator(MODEL_NAME, doctor, patient)"),
        Mistake("Both were played", "described = played"),
        Mistake("Their seeds differ", "described = described.model_copy(update={'seed': played.seed + 1})", 2),
        Mistake("It is too short", "played = played.model_copy(update={'turns': played.turns[:2]})", 2),
    )

    def check(self, described: Dialog, played: Dialog) -> str:
        need(
            not described.personas,
            "`described`: a dialogue that was made from a text",
            "one that was made from personas",
        )
        need(played.personas, "`played`: a dialogue between your personas", "one without personas")
        need(described.seed == played.seed, "one seed for both", f"{described.seed} and {played.seed}", 2)
        for name, dialog in {"described": described, "played": played}.items():
            need(len(dialog) >= 4, f"four turns or more in `{name}`", f"{len(dialog)}", 2)
            need(len(dialog.speakers) == 2, f"two who speak in `{name}`", dialog.speakers, 3)
        return f"{len(described)} turns described, {len(played)} turns played, both with seed {described.seed}"


class OwnScenario(Step):
    """What do you want to control?"""

    exercise = "07-doctor-patient"
    minutes = 10
    hints = (
        "What should differ from one conversation to the next, and be known to you? The illness, how it ends, how good the doctor is...",
        'class Scenario(BaseModel): with a field a line. What may be one of a few: outcome: Literal["prescription", "referral"]',
        'One field is to be called outcome: how the conversation ends. scenario = Scenario(disease="...", outcome="referral")',
    )
    stretch = "a field skills: Literal['good', 'poor'], for the doctor. What should a poor one do?"
    mistakes = (
        Mistake("It is a dict", "Scenario, scenario = dict, {'outcome': 'referral'}", 2),
        Mistake(
            "There is no outcome",
            "class Scenario(BaseModel):\n    disease: str\n    mood: str\nscenario = Scenario(disease='flu', mood='sad')",
            3,
        ),
        Mistake(
            "The outcome can be anything",
            "class Scenario(BaseModel):\n    disease: str\n    outcome: str\nscenario = Scenario(disease='flu', outcome='good')",
            2,
        ),
        Mistake(
            "The outcome is the only field",
            "class Scenario(BaseModel):\n    outcome: Literal['a', 'b']\nscenario = Scenario(outcome='a')",
        ),
    )

    def untouched(self, **answers: Any) -> bool:
        return answers["scenario"] is None

    def check(self, Scenario: type[Any], scenario: Any) -> str:
        need(issubclass(Scenario, BaseModel), "a class Scenario(BaseModel)", Scenario, 2)
        need(isinstance(scenario, Scenario), "`scenario`, made with Scenario(...)", scenario, 3)
        fields = Scenario.model_fields
        need("outcome" in fields, "a field outcome", list(fields), 3)
        need(len(fields) >= 2, "more to control than the outcome", list(fields))
        need(
            len(outcomes(Scenario)) >= 2,
            "an outcome that is one of two or more: Literal[...]",
            fields["outcome"].annotation,
            2,
        )
        return f"you control {joined(fields)}; it may end in {joined(outcomes(Scenario), 'or')}"


class ForScenario(Step):
    """The right people for a scenario."""

    exercise = "07-doctor-patient"
    minutes = 10
    hints = (
        "What of the scenario does the patient know? What does the doctor? Each of them gets their part as values of fields.",
        "return DoctorPersona(...), PatientPersona(..., complaint=scenario.disease): build both inside the function.",
        "The outcome must reach somebody: the doctor decides it, so it goes into a field of the doctor.",
    )
    stretch = "draw the patient's name and age with random.Random(seed), so that each scenario has another patient"
    mistakes = (
        Mistake(
            "It returns the same two for each scenario",
            "def get_doctor_patient_for_scenario(scenario):\n    return doctor, patient",
            3,
        ),
        Mistake("It returns one of them", "def get_doctor_patient_for_scenario(scenario):\n    return doctor", 2),
        Mistake(
            "It returns them in the wrong order",
            "_right = get_doctor_patient_for_scenario\ndef get_doctor_patient_for_scenario(scenario):\n    return _right(scenario)[::-1]",
            2,
        ),
        Mistake("It raises", "def get_doctor_patient_for_scenario(scenario):\n    return doctor, scenario.patient"),
        Mistake("It never ends", "def get_doctor_patient_for_scenario(scenario):\n    while True:\n        pass"),
        Mistake(
            "The outcome reaches nobody",
            "def get_doctor_patient_for_scenario(scenario):\n"
            "    return DoctorPersona(name='Dr. Okafor'), PatientPersona(complaint=scenario.complaint)",
            3,
        ),
    )

    def untouched(self, **answers: Any) -> bool:
        return answers["scenario"] is None or answers["get_doctor_patient_for_scenario"](answers["scenario"]) is None

    def check(self, scenario: BaseModel, get_doctor_patient_for_scenario: Callable[[Any], Any]) -> str:
        need(outcomes(type(scenario)), "`scenario`, with an outcome that is one of a few", scenario, 3)
        read = set()
        for end in outcomes(type(scenario)):
            pair = get_doctor_patient_for_scenario(scenario.model_copy(update={"outcome": end}))
            two = (
                isinstance(pair, tuple | list) and len(pair) == 2 and all(isinstance(one, BasePersona) for one in pair)
            )
            need(two, "a doctor and a patient: return doctor, patient", pair, 2)
            names = [type(one).__name__ for one in pair]
            need("octor" in names[0] and "atient" in names[1], "first the doctor, then the patient", joined(names), 2)
            read.add("\n".join(map(str, pair)))
        needed = len(outcomes(type(scenario)))
        need(
            len(read) == needed,
            f"other people for each outcome: {needed} of them",
            f"{len(read)} different",
            3,
        )
        return f"{needed} outcomes, {needed} different pairs of people"


class Generators(Step):
    """A generator for each scenario."""

    exercise = "07-doctor-patient"
    minutes = 5
    hints = (
        "The function before gives the two people. A PersonaDialogGenerator takes them.",
        "PersonaDialogGenerator(model=MODEL_NAME, persona_a=doctor, persona_b=patient, scenario=scenario)",
    )
    stretch = "say in dialogue_details= what belongs to neither of the two: how long, in which season"
    mistakes = (
        Mistake("It returns the people", "get_generator_for_scenario = get_doctor_patient_for_scenario", 2),
        Mistake(
            "It forgets the scenario",
            "def get_generator_for_scenario(scenario):\n    return PersonaDialogGenerator(MODEL_NAME, *get_doctor_patient_for_scenario(scenario))",
            2,
        ),
        Mistake(
            "It has the same two for each scenario",
            "def get_generator_for_scenario(scenario):\n    return PersonaDialogGenerator(MODEL_NAME, doctor, patient, scenario=scenario)",
        ),
    )

    def untouched(self, **answers: Any) -> bool:
        return answers["scenario"] is None or answers["get_generator_for_scenario"](answers["scenario"]) is None

    def check(
        self,
        scenario: BaseModel,
        get_doctor_patient_for_scenario: Callable[[Any], Any],
        get_generator_for_scenario: Callable[[Any], Any],
    ) -> str:
        generator = get_generator_for_scenario(scenario)
        need(isinstance(generator, PersonaDialogGenerator), "a PersonaDialogGenerator", generator, 2)
        need(
            generator.scenario == scenario.model_dump(mode="json"),
            "a generator that knows its scenario: scenario=scenario",
            generator.scenario,
            2,
        )
        wanted, has = (
            [str(one) for one in get_doctor_patient_for_scenario(scenario)],
            [str(one) for one in generator.personas],
        )
        need(sorted(wanted) == sorted(has), "the two people of this scenario", " / ".join(has))
        return "one call gives a generator for any scenario"


class Obeyed(Step):
    """Do they differ, and do they obey?"""

    exercise = "07-doctor-patient"
    minutes = 15
    hints = (
        "Two scenarios with two outcomes, two dialogues of each: four, in one list. Each with a seed of its own.",
        "[get_generator_for_scenario(one).generate(seed=seed) for one in scenarios for seed in (1, 2)]",
        "A dialogue does not say how it ends? Tell the doctor more plainly, in a field of theirs or in dialogue_details=. Or try other seeds.",
    )
    stretch = "rate the dialogues of somebody else, blind, with DialogReview"
    mistakes = (
        Mistake("There is one only", "dialogs = dialogs[:1]"),
        Mistake(
            "They have one scenario", "dialogs = [one for one in dialogs if one.scenario == dialogs[0].scenario] * 2"
        ),
        Mistake("They are the same twice", "dialogs = [dialogs[0], dialogs[0], dialogs[-1], dialogs[-1]]", 2),
        Mistake(
            "No dialogue says how it ends",
            "dialogs = [one.model_copy(update={'turns': one.turns[:2]}) for one in dialogs]",
            3,
        ),
    )

    def check(self, dialogs: list[Any]) -> str:
        need(all(isinstance(one, Dialog) for one in dialogs), "a list of dialogues", dialogs, 2)
        ends = [end_of(one) for one in dialogs]
        need(all(ends), "dialogues that know their scenario, with its outcome", "some do not", 2)
        need(len(set(ends)) >= 2, "dialogues of two outcomes or more", joined(map(str, set(ends))))
        few = [end for end in set(ends) if ends.count(end) < 2]
        need(not few, "two dialogues or more for each outcome", f"one for {joined(map(str, few))}" if few else "")
        texts = {str(one) for one in dialogs}
        need(
            len(texts) == len(dialogs), "dialogues that all differ", f"{len(texts)} different ones of {len(dialogs)}", 2
        )
        obey = {end: self._obey(end, [one for one in dialogs if end_of(one) == end]) for end in dict.fromkeys(ends)}
        silent = [str(end) for end, found in obey.items() if not any(found)]
        need(
            not silent, "for each outcome, a dialogue that says so", f"none says {joined(silent)}" if silent else "", 3
        )
        said = joined(
            f"{end} is in {by_rule} of {ends.count(end)}" + (f", and the model finds it in {more} more" if more else "")
            for end, (by_rule, more) in obey.items()
        )
        return f"{len(dialogs)} different dialogues; {said}"

    def _obey(self, end: Any, dialogs: Sequence[Dialog]) -> tuple[int, int]:
        """Return in how many dialogues the rule finds an outcome, and in how many more the judge does."""
        statement = f"The conversation ends like this: {str(end).replace('_', ' ')}."
        rest = [dialog for dialog in dialogs if not mentions(dialog, str(end))]
        return len(dialogs) - len(rest), sum(bool(self.agrees(dialog, statement)) for dialog in rest)


def outcomes(kind: type) -> tuple[Any, ...]:
    """Return what the field `outcome` of a class may be; nothing, if it may be anything."""
    field = getattr(kind, "model_fields", {}).get("outcome")
    if field is None:
        return ()
    if get_origin(field.annotation) is Literal:
        return get_args(field.annotation)
    return tuple(getattr(field.annotation, "__members__", {}).values())  # an Enum


def end_of(dialog: Dialog) -> Any:
    """Return the outcome that a dialogue's scenario asks for."""
    return dialog.scenario.get("outcome") if isinstance(dialog.scenario, dict) else None


def mentions(dialog: Dialog, outcome: str) -> bool:
    """Tell whether the second half of a dialogue has a word of an outcome in it, as far as their first five letters go."""
    words = [word[:5] for word in re.findall(r"[^\W\d_]+", outcome.casefold()) if len(word) > 3]
    late = " ".join(turn.text for turn in dialog.turns[len(dialog) // 2 :]).casefold()
    return any(re.search(rf"\b{re.escape(word)}", late) for word in words)


def _is_persona(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BasePersona)
