from __future__ import annotations

import enum
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError, model_validator

from sdkit.describing import told_apart
from sdkit.dialog import Provenance
from sdkit.errors import FileError, InputError
from sdkit.personas import (
    BasePersona,
    Customer,
    Doctor,
    Patient,
    Persona,
    Student,
    SupportAgent,
    Teacher,
    checked_persona,
)

ROLES = (Doctor, Patient, Customer, SupportAgent, Teacher, Student)


class VillageBaker(BasePersona):
    name: str = ""
    speciality: str = "bread"
    years: int = 0
    early: bool = False
    tools: list[str] = Field(default_factory=list)


class Named(BasePersona):
    name: str


class TestWhatTheModelReads:
    def test_a_line_a_field_in_the_order_given(self) -> None:
        bob = Persona(name="Bob", role="great dad", circumstances="Alone.", background="PhD.")
        assert str(bob) == "Your name: Bob\nYour role: great dad\nYour circumstances: Alone.\nYour background: PhD."

    def test_the_order_is_that_of_the_call_and_not_of_the_class(self) -> None:
        assert str(Persona(role="dad", name="Bob")) == "Your role: dad\nYour name: Bob"

    @pytest.mark.parametrize("empty", ["", "  ", [], None])
    def test_unset_and_empty_fields_are_left_out(self, empty: Any) -> None:
        assert str(BasePersona(name="Bob", other=empty)) == "Your name: Bob"
        assert str(VillageBaker(name="Bob")) == "Your name: Bob"

    def test_zero_and_no_are_something_to_say(self) -> None:
        assert str(VillageBaker(years=0, early=False)) == "Your years: 0\nYour early: no"

    def test_what_is_set_later_comes_last(self) -> None:
        bob = VillageBaker(speciality="rye")
        bob.early = True
        bob.name = "Bob"
        bob.speciality = "cake"
        assert str(bob) == "Your speciality: cake\nYour name: Bob\nYour early: yes"

    def test_titles_and_descriptions_are_told_where_they_are_set(self) -> None:
        class Guest(BasePersona):
            visits: int = Field(0, title="number of visits", description="this year alone")
            favourite_dish: str = ""

        guest = Guest(visits=3, favourite_dish="soup")
        assert str(guest) == "Your number of visits (this year alone): 3\nYour favourite dish: soup"

    def test_values_are_written_as_people_do(self) -> None:
        class Mood(enum.Enum):
            GOOD = "good"

        class Address(BaseModel):
            town: str = ""
            street: str = ""

        class Guest(BasePersona):
            mood: Mood
            likes: list[str]
            address: Address
            prices: dict[str, int]

        guest = Guest(mood=Mood.GOOD, likes=["tea", "rain"], address=Address(town="Ulm"), prices={"tea": 2})
        assert str(guest) == "Your mood: good\nYour likes: tea, rain\nYour address: town: Ulm\nYour prices: tea: 2"

    def test_a_list_of_sentences_is_kept_apart(self) -> None:
        assert str(BasePersona(rules=["No, never", "Yes"])) == "Your rules: No, never; Yes"

    def test_description_can_be_overridden(self) -> None:
        class Awesome(BasePersona):
            name: str = ""

            def description(self) -> str:
                return f"Your awesome name is {self.name}"

        assert str(Awesome(name="Bob")) == "Your awesome name is Bob"

    @pytest.mark.filterwarnings("ignore:Field name")
    def test_a_field_may_be_called_description(self) -> None:
        class Described(BasePersona):
            description: str = ""

        assert str(Described(description="tall")) == "Your description: tall"
        assert str(BasePersona(description="tall")) == "Your description: tall"

    def test_long_and_odd_texts_are_left_as_they_are(self) -> None:
        text = "<script>alert(1)</script> **x** $y$\n" + "z" * 10_000
        assert str(Persona(role=text)) == f"Your role: {text}"

    def test_somebody_in_a_loop_is_told_once(self) -> None:
        class Person(BasePersona):
            name: str = ""
            friends: list[Person] = Field(default_factory=list)

        ana, tom = Person(name="Ana", friends=[]), Person(name="Tom", friends=[])
        ana.friends.append(tom)
        tom.friends.append(ana)
        assert str(ana) == "Your name: Ana\nYour friends: name: Tom; friends: (as above)"
        with pytest.raises(InputError, match=r"Ana cannot be written as JSON: .*[Cc]ircular"):
            ana.json()


class TestFields:
    def test_a_misspelt_field_names_the_nearest(self) -> None:
        with pytest.raises(ValidationError, match=r"Persona has no field backgrund; did you mean background?"):
            Persona(backgrund="PhD.")

    def test_a_field_like_none_that_there_is_names_all(self) -> None:
        with pytest.raises(ValidationError, match=r"Named has no field xyz; it has name."):
            Named(name="Bob", xyz=1)

    def test_every_unknown_field_is_named(self) -> None:
        with pytest.raises(ValidationError) as caught:
            Persona(nam="a", rol="b")
        assert [problem["loc"] for problem in caught.value.errors()] == [("nam",), ("rol",)]

    def test_so_is_a_misspelt_field_that_is_set_later(self) -> None:
        with pytest.raises(InputError, match=r"did you mean role?"):
            Persona().rolle = "dad"

    def test_a_bare_persona_takes_anything(self) -> None:
        bob = BasePersona(name="Bob", shoe_size=43)
        bob.hat = "blue"
        assert str(bob) == "Your name: Bob\nYour shoe size: 43\nYour hat: blue"

    def test_so_does_a_class_without_fields(self) -> None:
        class Anybody(BasePersona):
            pass

        assert str(Anybody(name="Bob")) == "Your name: Bob"

    def test_wrong_types_are_refused_also_later(self) -> None:
        with pytest.raises(ValidationError, match="valid integer"):
            VillageBaker(years="many")
        baker = VillageBaker(years=3)
        with pytest.raises(ValidationError, match="valid integer"):
            baker.years = "many"  # type: ignore[assignment]
        assert baker.years == 3

    def test_an_alias_is_a_name_of_the_field(self) -> None:
        class Guest(BasePersona):
            shoe_size: int = Field(0, alias="shoeSize")

        guest = Guest(shoeSize=43)
        assert str(guest) == "Your shoe size: 43"
        assert Guest.from_dict(guest.to_dict()) == guest == Guest(shoe_size=43)
        assert guest.clone(shoe_size=44).shoe_size == 44

    def test_repr_and_equality_are_about_what_was_given(self) -> None:
        assert repr(Persona(role="dad", name="Bob")) == "Persona(role='dad', name='Bob')"
        assert Persona(role="dad", name="Bob") == Persona(name="Bob", role="dad") != Persona(name="Bob")
        assert Persona(name="Bob") != BasePersona(name="Bob")


class TestReadyRoles:
    @pytest.mark.parametrize("role", ROLES)
    def test_the_role_is_said_first_and_the_class_is_small(self, role: type[BasePersona]) -> None:
        persona = role(name="Ana")
        assert str(persona).startswith("Your role: ")
        assert str(persona).endswith("\nYour name: Ana")
        assert len(role.model_fields) <= 7

    def test_the_role_can_be_another(self) -> None:
        assert str(Doctor(name="Ana", role="head doctor")) == "Your name: Ana\nYour role: head doctor"


class TestNames:
    def test_a_name_or_a_label_or_the_class(self) -> None:
        class DoctorPersona(BasePersona):
            name: str = ""

        assert Persona(name=" Bob\n").label == "Bob"
        assert Persona(role="assistant").labelled("System").label == "System"
        assert Persona(name="Bob").labelled("System").label == "Bob"
        assert [kind().label for kind in (DoctorPersona, Doctor, Persona, BasePersona)] == [
            "Doctor", "Doctor", "Speaker", "Speaker"
        ]  # fmt: skip

    @pytest.mark.parametrize("label", ["", "  ", "a\nb", None])
    def test_what_is_no_label_is_refused(self, label: Any) -> None:
        with pytest.raises(InputError, match="is no label to speak under"):
            Persona().labelled(label)

    @pytest.mark.parametrize(
        ("labels", "names"),
        [
            (["Ana", "Bob"], ["Ana", "Bob"]),
            (["Bob", "Bob"], ["Bob 1", "Bob 2"]),
            (["Bob", "bob"], ["Bob 1", "bob 2"]),
            (["Bob", "Bob", "Bob 1"], ["Bob 2", "Bob 3", "Bob 1"]),
        ],
    )
    def test_those_of_one_name_are_told_apart(self, labels: list[str], names: list[str]) -> None:
        assert told_apart(labels) == names
        assert len({name.casefold() for name in names}) == len(names)

    @pytest.mark.parametrize(("given", "problem"), [(Persona, "is the class; give somebody"), ("Bob", "is no persona")])
    def test_what_is_no_persona_is_refused(self, given: Any, problem: str) -> None:
        with pytest.raises(InputError, match=problem):
            checked_persona(given, "persona_a")


class TestClones:
    def test_a_clone_has_changes_and_remembers_where_it_comes_from(self) -> None:
        bob = Persona(name="Bob", role="dad")
        rob = bob.clone(name="Rob")
        jim = rob.clone(name="Jim", rules="None.")
        assert str(jim) == "Your name: Jim\nYour role: dad\nYour rules: None."
        assert jim.lineage == ({"name": "Bob", "role": "dad"}, {"name": "Rob", "role": "dad"})
        assert (bob.name, bob.lineage) == ("Bob", ())

    def test_a_clone_shares_nothing(self) -> None:
        ana = VillageBaker(tools=["oven"])
        ana.clone().tools.append("bowl")
        assert ana.tools == ["oven"]

    def test_a_clone_is_checked(self) -> None:
        with pytest.raises(ValidationError, match=r"did you mean name?"):
            Persona(name="Bob").clone(nmae="Rob")


class TestFiles:
    @pytest.mark.parametrize("ending", ["json", "yaml", "yml", "JSON"])
    def test_there_and_back(self, tmp_path: Path, ending: str) -> None:
        # Given somebody of a class that is defined here, as in a notebook
        zoe = VillageBaker(tools=["bowl"], name="Zoë <b>", years=3, early=True).clone(years=4).labelled("Chef")
        zoe._provenance = Provenance(model="qwen2.5:14b", seed=3)
        # When they are saved and loaded, by whoever knows the class, and by whoever does not
        file = tmp_path / "new" / f"zoe.{ending}"
        zoe.to_file(file)
        for loaded in (VillageBaker.from_file(file), BasePersona.from_file(file)):
            # Then they are the same, in the same order, with their past
            assert loaded == zoe
            assert type(loaded) is VillageBaker
            assert (str(loaded), loaded.lineage, loaded.provenance) == (str(zoe), zoe.lineage, zoe.provenance)
        assert "Zoë" in file.read_text(encoding="utf-8")

    def test_a_file_written_by_hand(self, tmp_path: Path) -> None:
        file = tmp_path / "ana.yaml"
        file.write_text("name: Ana\nrole: |\n  baker\n  of bread\n", encoding="utf-8")
        assert str(Persona.from_file(file)) == "Your name: Ana\nYour role: baker\nof bread\n"
        assert str(BasePersona.from_file(file)) == "Your name: Ana\nYour role: baker\nof bread\n"

    def test_a_class_that_was_defined_again_takes_the_place_of_the_one_before(self, tmp_path: Path) -> None:
        file = tmp_path / "a.json"

        def define() -> type[BasePersona]:
            class Redefined(BasePersona):
                name: str = ""

            return Redefined

        old = define()
        old(name="Ana").to_file(file)
        new = define()
        assert type(BasePersona.from_file(file)) is new
        assert type(old.from_file(file)) is old

    @pytest.mark.parametrize(
        ("name", "text", "problem"),
        [
            (
                "a.json",
                '{"_class": "Doctor", "name": "x"}',
                r"this is a Doctor, not a VillageBaker; load it with Doctor.from_file",
            ),
            (
                "a.json",
                '{"nmae": "x"}',
                "a.json: this is not a VillageBaker: nmae: VillageBaker has no field nmae; did you mean name?",
            ),
            ("a.json", '{"years": "many"}', "years: Input should be a valid integer"),
            ("a.json", '{"name": 3}', "name: Input should be a valid string"),
            ("a.json", "[1]", "this is not a persona: fields and their values are needed"),
            ("a.json", '{"name": "x",\n', "a.json, line 2: is not JSON"),
            ("a.json", '{"age": ' + "9" * 5000 + "}", "a.json: is not JSON that can be read: .*4300 digits"),
            ("a.yaml", "name: [x", "is not YAML"),
            ("a.yaml", "name: x\n  role: y", "a.yaml, line 2: is not YAML"),
            ("a.yaml", "born: 2020-13-45", "is not YAML"),
            ("a.yaml", "3: x", "this is not a persona"),
            ("a.yaml", "name: !!python/object:os.system x", "is not YAML"),
            ("a.yaml", "name: &x [*x]", "this is not a VillageBaker: name: Input should be a valid string"),
            ("a.json", '{"name": "x", "_lineage": 3}', "_lineage is to list what the persona was cloned from"),
            ("a.json", "", "is empty"),
            ("a.json", '{"tools": ' + "[" * 100_000, "nested too deeply"),
        ],
    )
    def test_what_is_wrong_with_a_file_is_said(self, tmp_path: Path, name: str, text: str, problem: str) -> None:
        (tmp_path / name).write_text(text, encoding="utf-8")
        with pytest.raises(FileError, match=problem):
            VillageBaker.from_file(tmp_path / name)

    def test_a_class_that_is_not_defined_here_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text('{"_class": "Wizard", "name": "x"}')
        with pytest.raises(FileError, match="this is a Wizard, and no persona class of that name is defined here"):
            BasePersona.from_file(tmp_path / "a.json")

    def test_another_ending_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"ends neither in .json, .yaml nor in .yml"):
            Persona(name="Bob").to_file(tmp_path / "bob.txt")

    @pytest.mark.parametrize("value", [float("nan"), object()])
    def test_what_json_does_not_have_is_not_written(self, tmp_path: Path, value: Any) -> None:
        with pytest.raises(FileError, match="was not written: Bob cannot be written as JSON"):
            BasePersona(name="Bob", value=value).to_file(tmp_path / "bob.json")
        assert not list(tmp_path.iterdir())

    def test_json_is_what_was_given(self) -> None:
        ana = VillageBaker(years=3, name="Ana")
        assert ana.json() == {"years": 3, "name": "Ana"}
        assert list(ana.json()) == ["years", "name"]
        assert json.loads(ana.json(string=True)) == ana.json()

    def test_a_persona_in_a_persona_comes_back_as_it_was_given(self, tmp_path: Path) -> None:
        class Friend(BasePersona):
            name: str = ""
            mood: str = "happy"
            age: int = 0

        class Host(BasePersona):
            friend: Friend
            name: str = ""

        host = Host(friend=Friend(age=3, name="Zoë"), name="Ana")
        host.to_file(tmp_path / "host.yaml")
        assert Host.from_file(tmp_path / "host.yaml") == host
        assert str(Host.from_file(tmp_path / "host.yaml")) == "Your friend: age: 3; name: Zoë\nYour name: Ana"

    def test_a_class_of_ones_own_comes_before_a_ready_one(self) -> None:
        kind = type("Doctor", (Persona,), {"__annotations__": {"ward": str}, "__module__": __name__, "ward": ""})
        assert type(BasePersona.from_dict({"_class": "Doctor", "ward": "3"})) is kind

    def test_json_text_there_and_back(self) -> None:
        assert Persona.from_json(Persona(name="Ana").json(string=True)) == Persona(name="Ana")
        with pytest.raises(InputError, match="this is not a persona"):
            Persona.from_json("{")

    @pytest.mark.parametrize("kind", [["x"], 3, {"a": 1}])
    def test_a_class_that_is_no_name_is_refused(self, kind: Any) -> None:
        with pytest.raises(InputError, match="_class is to be the name of a class"):
            VillageBaker.from_dict({"_class": kind})

    def test_names_of_files_are_no_fields(self) -> None:
        with pytest.raises(ValidationError, match="a field cannot begin with _"):
            BasePersona(**{"_class": "Pirate"})

    @pytest.mark.filterwarnings("ignore:Field name")
    @pytest.mark.parametrize("name", ["label", "given", "json", "lineage"])
    def test_a_field_cannot_take_the_place_of_a_method(self, name: str) -> None:
        with pytest.raises(InputError, match=f"Odd: a field cannot be called {name}, which is a method"):
            type("Odd", (BasePersona,), {"__annotations__": {name: str}, name: ""})

    def test_a_validator_may_know_an_old_name(self) -> None:
        class Renamed(BasePersona):
            name: str = ""

            @model_validator(mode="before")
            @classmethod
            def _old(cls, data: Any) -> Any:
                return {"name": data["nom"]} if "nom" in data else data

        assert str(Renamed(nom="Ana")) == "Your name: Ana"  # type: ignore[call-arg]
        with pytest.raises(ValidationError, match="did you mean name"):
            Renamed(nam="Ana")  # type: ignore[call-arg]


class TestInANotebook:
    def test_it_shows_what_the_model_reads_as_text(self) -> None:
        bundle = Persona(name="<script>", role="*x*")._repr_mimebundle_()
        assert bundle["text/plain"] == "Persona(name='<script>', role='*x*')"
        assert "<script>" not in bundle["text/html"]
        assert "<b>name</b>: &lt;script&gt;" in bundle["text/html"]
        assert r"- **role:** \*x\*" in bundle["text/markdown"]

    def test_a_description_of_its_own_is_shown_whole(self) -> None:
        class Awesome(BasePersona):
            name: Literal["Bob"] = "Bob"

            def description(self) -> str:
                return "You are <b>awesome</b>"

        assert '<p dir="auto">You are &lt;b&gt;awesome&lt;/b&gt;</p>' in Awesome()._repr_mimebundle_()["text/html"]
