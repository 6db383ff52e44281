"""The exercise of lesson 07: doctor and patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel

from sdkit.dialog import Dialog
from sdkit.exercises.lesson_04 import is_own
from sdkit.exercises.outcome import joined
from sdkit.exercises.scenarios import as_text, end_of, gives_nothing, outcomes, said_at, without_value
from sdkit.exercises.steps import Mistake, Step, need
from sdkit.generators import PersonaDialogGenerator
from sdkit.personas import BasePersona


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
            empty = without_value(somebody)
            need(not empty, f"a value for each field of `{name}`", f"empty: {joined(empty)}")
        names = type(doctor).__name__, type(patient).__name__
        need(names[0] != names[1], "a doctor and a patient", f"two of {names[0]}", 2)
        need(not _swapped(names), "the doctor in `doctor`, the patient in `patient`", "the other way round", 2)
        return f"the model reads {len(doctor.lines())} lines of the doctor, {len(patient.lines())} of the patient"


class TwoWays(Step):
    """Described, and played."""

    exercise = "07-doctor-patient"
    minutes = 10
    hints = (
        "Two generators: DialogGenerator for the description, PersonaDialogGenerator for the two personas.",
        "Both have generate(seed=...). The same seed for both.",
        'described = DialogGenerator(model=MODEL_NAME, dialogue_details="...", speakers=["Doctor", "Patient"]).generate(seed=1). played = PersonaDialogGenerator(model=MODEL_NAME, persona_a=doctor, persona_b=patient).generate(seed=1)',
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
        ends = joined(map(as_text, outcomes(Scenario)), "or")
        return f"you control {joined(fields)}; it may end in {ends}, and step 7 will listen for these words"


class ForScenario(Step):
    """The right people for a scenario."""

    exercise = "07-doctor-patient"
    minutes = 10
    hints = (
        "What of the scenario does the patient know? What does the doctor? Each of them gets their part as values of fields.",
        "return DoctorPersona(...), PatientPersona(..., complaint=scenario.disease): build both inside the function.",
        'The outcome must reach somebody: the doctor decides it, so it goes into a field of the doctor. There is none? Add one in step 1, such as plan: str = "", and run that cell again.',
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
        return gives_nothing(answers["get_doctor_patient_for_scenario"], answers["scenario"])

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
            need(not _swapped(names), "first the doctor, then the patient", joined(names), 2)
            again = get_doctor_patient_for_scenario(scenario.model_copy(update={"outcome": end}))
            same = [*map(str, again)] == [*map(str, pair)]
            need(same, "the same people for the same scenario", "others the second time; random.Random(7) helps", 2)
            read.add("\n".join(map(str, pair)))
        needed = len(outcomes(type(scenario)))
        need(
            len(read) == needed,
            "people who differ with the outcome",
            f"{len(read)} for {joined(map(as_text, outcomes(type(scenario))))}",
            3,
        )
        return f"{needed} outcomes, {needed} different pairs of people"


class Generators(Step):
    """A generator for each scenario."""

    exercise = "07-doctor-patient"
    minutes = 5
    hints = (
        "The function before gives the two people. A PersonaDialogGenerator takes them.",
        "return PersonaDialogGenerator(model=MODEL_NAME, persona_a=doctor, persona_b=patient, scenario=scenario), without generate().",
        "The first line of the function: doctor, patient = get_doctor_patient_for_scenario(scenario)",
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
            3,
        ),
        Mistake(
            "It looks at another scenario than the one it is given",
            "def get_generator_for_scenario(other):\n"
            "    return PersonaDialogGenerator(MODEL_NAME, *get_doctor_patient_for_scenario(scenario), scenario=scenario)",
            2,
        ),
    )

    def untouched(self, **answers: Any) -> bool:
        return gives_nothing(answers["get_generator_for_scenario"], answers["scenario"])

    def check(
        self,
        scenario: BaseModel,
        get_doctor_patient_for_scenario: Callable[[Any], Any],
        get_generator_for_scenario: Callable[[Any], Any],
    ) -> str:
        for end in outcomes(type(scenario)):
            about = scenario.model_copy(update={"outcome": end})
            generator = get_generator_for_scenario(about)
            need(isinstance(generator, PersonaDialogGenerator), "a PersonaDialogGenerator", generator, 2)
            knows = generator.scenario == about.model_dump(mode="json")
            need(knows, "a generator that knows the scenario it is given: scenario=scenario", generator.scenario, 2)
            wanted = sorted(map(str, get_doctor_patient_for_scenario(about)))
            has = [str(one) for one in generator.personas]
            need(wanted == sorted(has), f"the two people of the scenario, here for {as_text(end)}", " / ".join(has), 3)
        return "one call gives a generator for any scenario"


class Obeyed(Step):
    """Do they differ, and do they obey?"""

    exercise = "07-doctor-patient"
    minutes = 15
    hints = (
        "Two scenarios with two outcomes, two dialogues of each: four, in one list. Each with a seed of its own.",
        "[get_generator_for_scenario(one).generate(seed=seed) for one in scenarios for seed in (1, 2)]",
        'A dialogue does not say how it ends? Put the words into their mouths, keep it short, and make more: dialogue_details=f\'The doctor says: "You need a {scenario.outcome}." The patient says: "A {scenario.outcome}?"\', turns=(4, 6), and seeds range(1, 6) for each scenario.',
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
        need(dialogs, "four dialogues", "an empty list")
        need(all(isinstance(one, Dialog) for one in dialogs), "a list of dialogues", dialogs, 2)
        ends = [end_of(one) for one in dialogs]
        need(all(ends), "dialogues that know their scenario, with its outcome", "some do not", 2)
        need(len(set(ends)) >= 2, "dialogues of two outcomes or more", joined(set(ends)))
        few = [end for end in set(ends) if ends.count(end) < 2]
        need(not few, "two dialogues or more for each outcome", f"one for {joined(few)}")
        texts = {str(one) for one in dialogs}
        need(
            len(texts) == len(dialogs), "dialogues that all differ", f"{len(texts)} different ones of {len(dialogs)}", 2
        )
        heard = {end: self._heard(end, dialogs) for end in dict.fromkeys(ends)}
        silent = [end for end, (rule, model) in heard.items() if not rule and not model]
        need(not silent, "for each outcome, a dialogue whose second half says so", f"not heard: {joined(silent)}", 3)
        said = "; ".join(self._told(end, ends.count(end), *found) for end, found in heard.items())
        return f"{len(dialogs)} different dialogues; {said}. A word is no proof: read these turns"

    def _heard(self, end: str, dialogs: Sequence[Dialog]) -> tuple[list[str], list[str]]:
        """Return where the rule hears an outcome; if nowhere, in which dialogues the judge does."""
        ends = {end_of(dialog) for dialog in dialogs}
        mine = {number: dialog for number, dialog in enumerate(dialogs, start=1) if end_of(dialog) == end}
        places = {number: said_at(dialog, end, ends) for number, dialog in mine.items()}
        if by_rule := [f"dialogue {number}, turn {turn}" for number, turn in places.items() if turn]:
            return by_rule, []
        statement = f"The conversation ends like this: {end.replace('_', ' ')}."
        return [], [f"dialogue {number}" for number, dialog in mine.items() if self.agrees(dialog, statement)]

    @staticmethod
    def _told(end: str, count: int, by_rule: list[str], by_model: list[str]) -> str:
        if by_rule:
            return f"{end} is in {len(by_rule)} of {count} ({', '.join(by_rule)})"
        return f"{end} is in none of {count}, but the model hears it in {joined(by_model)}"


def _is_persona(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BasePersona)


def _swapped(names: Sequence[str]) -> bool:
    return "atient" in names[0] and "octor" in names[1]
