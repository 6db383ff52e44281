"""`PersonaEditor` without a browser: what its fields and buttons do to the persona. In a browser: tests/browser."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Literal

import ipywidgets
import pytest
from pydantic import BaseModel, Field

from sdkit.dialog import Provenance
from sdkit.errors import InputError, ModelUnavailableError, SdkitError
from sdkit.persona_files import load_users, save_users
from sdkit.personas import BasePersona, Doctor, Patient, Persona, UserPersona
from sdkit.population import generator as population
from sdkit.widgets import PersonaEditor

NASTY = "<script>alert(1)</script> **bold** $x$ שלום\n" + "long " * 2000
Fill = Callable[..., Coroutine[Any, Any, BasePersona]]


class Home(BaseModel):
    town: str = Field(default="", min_length=2)


class Baker(BasePersona):
    name: str
    age: int | None = Field(default=None, ge=0, le=120)
    mood: Literal["calm", "cross"] = "calm"
    breads: list[str] = Field(default_factory=list)
    home: Home | None = None


def widgets(root: Any) -> list[Any]:
    return [root, *(widget for child in getattr(root, "children", ()) for widget in widgets(child))]


def control(root: Any, label: str) -> Any:
    found = [widget for widget in widgets(root) if getattr(widget, "description", None) == label]
    assert len(found) == 1, label
    return found[0]


def type_into(root: Any, label: str, value: Any) -> None:
    """Do what a browser does when somebody edits a control."""
    control(root, label).set_state({"value": value})


def press(editor: PersonaEditor, button: str) -> None:
    assert not editor.buttons[button].disabled
    editor.buttons[button].click()


def kept(editor: PersonaEditor) -> list[str]:
    locks = [w for w in widgets(editor) if isinstance(w, ipywidgets.Checkbox) and w.description.startswith("Keep ")]
    return [lock.description.removeprefix("Keep ") for lock in locks if lock.value]


# -- what the model reads ---------------------------------------------------------------------------------------------


def test_a_class_begins_empty_and_says_what_is_needed() -> None:
    editor = PersonaEditor(Baker)

    assert (editor.value, editor.errors, editor.dirty) == (None, {"name": "This field is needed"}, False)
    assert "Nothing yet. name: This field is needed." in editor.preview.value

    type_into(editor, "Name", "Ana")

    assert (editor.value, editor.errors, editor.dirty) == (Baker(name="Ana"), {}, True)
    assert "Your name: Ana</pre>" in editor.preview.value


def test_fields_of_a_class_are_told_in_the_order_in_which_they_are_declared() -> None:
    editor = PersonaEditor(Persona)
    type_into(editor, "Rules", "be brief")
    type_into(editor, "Name", "Ana")
    assert str(editor.value) == "Your name: Ana\nYour rules: be brief"


def test_fields_of_a_persona_are_told_in_the_order_given_then_those_that_were_edited() -> None:
    persona = Persona(role="baker", name="Ana")
    editor = PersonaEditor(persona)
    type_into(editor, "Background", "from Ulm")
    type_into(editor, "Role", "cook")
    assert str(editor.value) == "Your role: cook\nYour name: Ana\nYour background: from Ulm"

    type_into(editor, "Role", "")
    assert str(editor.value) == "Your name: Ana\nYour background: from Ulm"
    assert persona == Persona(role="baker", name="Ana"), "the one that was passed in is never changed"

    type_into(editor, "Role", "smith")
    assert str(editor.value).startswith("Your role: smith"), "it comes back to its place"


def test_a_default_that_the_model_is_not_told_says_so_until_it_is_edited() -> None:
    editor = PersonaEditor(Baker(name="Ana"))
    said = "Default: the model is not told until you edit it"
    shown = [w.value for w in widgets(editor) if isinstance(w, ipywidgets.HTML)]
    assert sum(said in text for text in shown) == 1

    control(editor, "Mood").set_state({"index": 1})

    assert not any(said in w.value for w in widgets(editor) if isinstance(w, ipywidgets.HTML))
    assert str(editor.value) == "Your name: Ana\nYour mood: cross"


def test_the_role_that_goes_without_saying_is_told_and_kept() -> None:
    editor = PersonaEditor(Doctor)
    assert str(editor.value) == "Your role: doctor"
    assert kept(editor) == ["Role"]


def test_a_wrong_draft_keeps_the_last_valid_persona_and_says_so() -> None:
    editor = PersonaEditor(Baker(name="Ana", age=41))
    type_into(editor, "Age", "410")

    assert editor.value == Baker(name="Ana", age=41)
    assert editor.errors == {"age": "Input should be less than or equal to 120"}
    assert "As it was when it was last valid. age: Input" in editor.preview.value

    type_into(editor, "Age", "42")
    assert editor.value == Baker(name="Ana", age=42)
    assert "last valid" not in editor.preview.value


def test_a_description_of_ones_own_is_what_is_shown_even_if_it_fails() -> None:
    class Loud(BasePersona):
        name: str = ""

        def description(self) -> str:
            return f"<b>{self.name.upper()}</b> {1 / len(self.name):.1f}"

    editor = PersonaEditor(Loud(name="ana"))
    assert "&lt;b&gt;ANA&lt;/b&gt; 0.3" in editor.preview.value

    type_into(editor, "Name", "")
    assert "Loud.description() failed: ZeroDivisionError" in editor.preview.value
    type_into(editor, "Name", "bo")
    assert "BO" in editor.preview.value


def test_half_a_surrogate_pair_is_made_visible() -> None:
    assert r"Your odd: \ud800" in PersonaEditor(BasePersona(odd="\ud800")).preview.value


def test_lineage_label_and_provenance_stay() -> None:
    persona = Patient(age=41).labelled("The patient").clone(age=42)
    persona._provenance = Provenance(model="m", seed=7)
    editor = PersonaEditor(persona)

    type_into(editor, "Worries", "many")

    assert editor.value is not None
    assert editor.value.label == "The patient"
    assert editor.value.lineage == persona.lineage != ()
    assert editor.value.provenance == Provenance(model="m", seed=7)


# -- undo and reset ---------------------------------------------------------------------------------------------------


def test_undo_takes_back_a_field_at_a_time_not_a_letter() -> None:
    editor = PersonaEditor(Baker(name="Ana"))
    assert editor.buttons["Undo"].disabled
    for text in ("B", "Bo", "Bob"):
        type_into(editor, "Name", text)
    for text in ("4", "41", "411"):
        type_into(editor, "Age", text)

    press(editor, "Undo")
    assert (editor.value, editor.errors) == (Baker(name="Bob"), {})
    assert control(editor, "Age").value == ""
    press(editor, "Undo")
    assert (editor.value, editor.dirty) == (Baker(name="Ana"), False)
    assert control(editor, "Name").value == "Ana"
    assert editor.buttons["Undo"].disabled
    with pytest.raises(InputError, match="nothing to take back"):
        editor.undo()


def test_undo_brings_back_sections_and_locks() -> None:
    editor = PersonaEditor(Baker(name="Ana", home=Home(town="Ulm")))
    type_into(editor, "Add Home", False)
    assert (editor.value, kept(editor)) == (Baker(name="Ana"), ["Name"])

    press(editor, "Undo")

    assert editor.value == Baker(name="Ana", home=Home(town="Ulm"))
    assert kept(editor) == ["Name", "Home"]


def test_reset_goes_back_to_what_was_opened_and_can_be_undone() -> None:
    editor = PersonaEditor(Baker)
    type_into(editor, "Name", "Ana")
    press(editor, "Reset")
    assert (editor.value, editor.dirty, control(editor, "Name").value) == (None, False, "")

    press(editor, "Undo")
    assert (editor.value, editor.dirty) == (Baker(name="Ana"), True)


# -- value ------------------------------------------------------------------------------------------------------------


def test_another_persona_can_be_assigned_also_of_another_class() -> None:
    editor = PersonaEditor(Baker(name="Ana"))
    editor.value = Doctor(name="Dr. No")

    assert control(editor, "Specialty").value == ""
    type_into(editor, "Specialty", "lungs")
    assert editor.value == Doctor(name="Dr. No", specialty="lungs")

    press(editor, "Undo")
    press(editor, "Undo")
    assert editor.value == Baker(name="Ana")
    with pytest.raises(InputError, match="assign a persona"):
        editor.value = None
    assert editor.value == Baker(name="Ana")


def test_an_exception_in_a_callback_is_shown_and_breaks_nothing() -> None:
    editor = PersonaEditor(Baker(name="Ana"))
    heard = []

    def listen(change: Any) -> None:
        heard.append(change["new"])
        if change["new"].name == "Bo":
            raise RuntimeError(f"of the user's own {NASTY}")

    editor.observe(listen, "value")

    type_into(editor, "Name", "Bo")

    assert isinstance(editor.last_error, RuntimeError)
    assert "RuntimeError: of the user&#x27;s own &lt;script&gt;" in editor.message.value
    assert editor.value == Baker(name="Bo")
    assert "Your name: Bo" in editor.preview.value

    type_into(editor, "Name", "Cy")
    assert editor.last_error is None
    assert heard == [Baker(name="Bo"), Baker(name="Cy")]


def test_an_exception_in_a_callback_is_shown_after_load_too(tmp_path: Path) -> None:
    Baker(name="Bo").to_file(tmp_path / "bo.json")
    editor = PersonaEditor(Baker(name="Ana"), path=tmp_path / "bo.json")
    editor.observe(lambda change: 1 / 0, "value")
    press(editor, "Load")
    assert "ZeroDivisionError" in editor.message.value
    assert editor.value == Baker(name="Bo")


@pytest.mark.parametrize("wrong", [None, "Ana", {"name": "Ana"}, BaseModel, int])
def test_what_is_no_persona_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match="is no persona"):
        PersonaEditor(wrong)


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ana.json", "ana.yaml", "new/folder/ana.yml"])
def test_save_and_load(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    editor = PersonaEditor(Baker(name="Ana"), path=path)
    type_into(editor, "Breads (one per line)", "rye\nspelt")

    press(editor, "Save")
    assert f"Saved the Baker Ana to {path}." in editor.message.value
    assert not editor.dirty
    assert Baker.from_file(path) == Baker(name="Ana", breads=["rye", "spelt"])
    press(editor, "Save")
    assert "in place of what was there" in editor.message.value

    type_into(editor, "Name", "Bo")
    assert editor.dirty
    press(editor, "Load")
    assert (editor.value, editor.dirty) == (Baker(name="Ana", breads=["rye", "spelt"]), False)
    assert f"Loaded the Baker Ana from {path}." in editor.message.value

    press(editor, "Undo")
    assert (editor.value.name, editor.dirty) == ("Bo", True)  # type: ignore[union-attr]


def test_a_draft_that_is_not_valid_is_not_saved(tmp_path: Path) -> None:
    editor = PersonaEditor(Baker(name="Ana"), path=tmp_path / "ana.json")
    type_into(editor, "Age", "old")
    press(editor, "Save")
    assert "nothing was saved. age: Input should be a valid integer" in editor.message.value
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"_class": "Doctor", "name": "Dr. No"}, "this is a Doctor, not a Baker"),
        ({"name": "Ana", "nmae": "Ana"}, "did you mean name?"),
        ({"name": "Ana", "age": "old"}, "age: Input should be a valid integer"),
        ({"name": "Ana", "home": {"town": "U"}}, "home.town: String should have at least 2 characters"),
        (["Ana"], "this is not a persona"),
        ("{", "is not JSON"),
        (None, "does not exist"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_told_and_changes_nothing(tmp_path: Path, content: Any, problem: str) -> None:
    path = tmp_path / "bad.json"
    if content is not None:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    editor = PersonaEditor(Baker(name="Ana"), path=path)
    type_into(editor, "Age", "41")

    press(editor, "Load")

    assert problem in str(editor.last_error)
    assert str(path) in str(editor.last_error)
    assert editor.value == Baker(name="Ana", age=41)
    assert control(editor, "Age").value == "41"


@pytest.mark.parametrize(("name", "problem"), [("", "name a file"), ("ana.txt", "rename it"), ("\0.json", "null")])
def test_a_file_name_that_will_not_do_is_told(tmp_path: Path, name: str, problem: str) -> None:
    editor = PersonaEditor(Baker(name="Ana"))
    type_into(editor, "File", name)
    press(editor, "Save")
    assert problem in str(editor.last_error)


def test_any_persona_can_be_loaded_where_any_was_opened(tmp_path: Path) -> None:
    editor = PersonaEditor(BasePersona(name="Zoe"), path=tmp_path / "p.json")
    for persona in (Doctor(name="Dr. No"), Patient(name="Pat")):
        persona.to_file(tmp_path / "p.json")
        press(editor, "Load")
        assert editor.value == persona
    assert control(editor, "Complaint").value == ""


# -- a model fills the rest -------------------------------------------------------------------------------------------


@pytest.fixture
def fill(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Let a fake of our own fill personas, which notes what it was asked for."""
    asked: list[dict[str, Any]] = []

    async def fake(kind: type[Baker], kept: dict[str, Any], *, model: Any = None, seed: int | None = None) -> Baker:
        asked.append({"kind": kind, "kept": kept, "model": model, "seed": seed})
        persona = kind.model_validate({**kept, **{k: v for k, v in FILLED.items() if k not in kept}})
        persona._provenance = Provenance(model="fake", seed=7 if seed is None else seed)
        return persona

    monkeypatch.setattr(population, "afill_persona", fake)
    return asked


FILLED: dict[str, Any] = {"name": "Eve", "age": 33, "mood": "cross", "breads": ["rye"], "home": {"town": "Ulm"}}


def test_the_model_fills_what_is_not_kept_and_says_with_which_seed(fill: list[dict[str, Any]]) -> None:
    editor = PersonaEditor(Baker, model="tiny")
    type_into(editor, "Age", "41")
    assert kept(editor) == ["Age"]
    type_into(editor, "Seed", "12")

    press(editor, "Let the model fill the rest")
    assert editor.wait()

    assert fill == [{"kind": Baker, "kept": {"age": 41}, "model": "tiny", "seed": 12}]
    assert editor.value == Baker(age=41, name="Eve", mood="cross", breads=["rye"], home=Home(town="Ulm"))
    assert editor.value.provenance == Provenance(model="fake", seed=12)
    assert (control(editor, "Name").value, control(editor, "Breads (one per line)").value) == ("Eve", "rye")
    assert "Filled by fake, seed 12. Undo takes it back." in editor.message.value
    assert kept(editor) == ["Age"], "what it wrote may be written anew"

    press(editor, "Undo")
    assert (editor.value, editor.errors) == (None, {"name": "This field is needed"})
    assert control(editor, "Age").value == "41"


def test_what_was_given_is_kept_in_its_order_and_so_is_where_it_comes_from(fill: list[dict[str, Any]]) -> None:
    persona = Baker(age=41, name="Ana").labelled("The baker").clone(age=42)
    editor = PersonaEditor(persona)
    type_into(editor, "Keep Breads", True)

    press(editor, "Let the model fill the rest")
    assert editor.wait()

    assert list(fill[0]["kept"].items()) == [("age", 42), ("name", "Ana"), ("breads", [])]
    assert editor.value is not None
    assert editor.value.lineage == persona.lineage
    assert editor.value.provenance == Provenance(model="fake", seed=7)
    type_into(editor, "Name", "Bo")
    assert editor.value.provenance == Provenance(model="fake", seed=7), "it stays when something is edited"
    press(editor, "Undo")
    press(editor, "Undo")
    assert editor.value.provenance is None


def test_a_lock_can_be_taken_off_and_goes_when_the_field_is_emptied(fill: list[dict[str, Any]]) -> None:
    editor = PersonaEditor(Baker(name="Ana", age=41))
    type_into(editor, "Keep Name", False)
    type_into(editor, "Age", "")
    assert kept(editor) == []
    press(editor, "Let the model fill the rest")
    assert editor.wait()
    assert fill[0]["kept"] == {}
    assert editor.value.name == "Eve"  # type: ignore[union-attr]


@pytest.mark.parametrize("seed", ["abc", "1.5", "7 8", NASTY])
def test_a_seed_that_is_none_is_refused_before_anybody_is_asked(fill: list[dict[str, Any]], seed: str) -> None:
    editor = PersonaEditor(Baker(name="Ana"))
    type_into(editor, "Seed", seed)
    press(editor, "Let the model fill the rest")
    assert "is no seed" in str(editor.last_error)
    assert "<script" not in editor.message.value
    assert fill == []


def test_what_is_kept_has_to_be_valid_and_nothing_else(fill: list[dict[str, Any]]) -> None:
    editor = PersonaEditor(Baker)
    type_into(editor, "Age", "old")
    press(editor, "Let the model fill the rest")
    assert "age: Input should be a valid integer" in str(editor.last_error)
    assert fill == []

    type_into(editor, "Keep Age", False)
    press(editor, "Let the model fill the rest")
    assert editor.wait()
    assert editor.errors == {}
    assert control(editor, "Age").value == "33"


def idle(editor: PersonaEditor) -> bool:
    return not editor.buttons["Let the model fill the rest"].disabled and editor.buttons["Stop"].disabled


def test_a_model_that_fails_is_told_and_the_form_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*args: Any, **options: Any) -> Any:
        raise ModelUnavailableError(f"there is no model {NASTY}")

    monkeypatch.setattr(population, "afill_persona", fails)
    editor = PersonaEditor(Baker(name="Ana"))

    press(editor, "Let the model fill the rest")
    assert editor.wait()

    assert isinstance(editor.last_error, ModelUnavailableError)
    assert "there is no model &lt;script&gt;" in editor.message.value
    assert (editor.value, editor.dirty, idle(editor)) == (Baker(name="Ana"), False, True)


def test_stop_in_the_middle_leaves_the_form_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    began = threading.Event()

    async def hangs(*args: Any, **options: Any) -> Any:
        began.set()
        await asyncio.sleep(60)

    monkeypatch.setattr(population, "afill_persona", hangs)
    editor = PersonaEditor(Baker(name="Ana"))
    press(editor, "Let the model fill the rest")
    assert began.wait(10)
    assert not idle(editor)
    assert "The model is filling the rest" in editor.message.value
    type_into(editor, "Age", "41")

    press(editor, "Stop")
    assert editor.wait(10)

    assert "Stopped." in editor.message.value
    assert (editor.value, idle(editor)) == (Baker(name="Ana", age=41), True)


def test_edits_made_while_the_model_fills_come_back_with_undo(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    async def waits(kind: type[Baker], kept: dict[str, Any], **options: Any) -> Baker:
        await asyncio.to_thread(go.wait, 10)
        return Baker(**{**FILLED, **kept})

    monkeypatch.setattr(population, "afill_persona", waits)
    editor = PersonaEditor(Baker(name="Ana"))
    press(editor, "Let the model fill the rest")
    type_into(editor, "Age", "41")
    go.set()
    assert editor.wait(10)
    assert editor.value.age == 33  # type: ignore[union-attr]

    press(editor, "Undo")
    assert editor.value == Baker(name="Ana", age=41)


def test_it_fits_what_really_fills_personas(fake_ollama: Any) -> None:
    reply = {"name": "Eve", "mood": "cross", "breads": ["rye"], "home": {"town": "Ulm"}}
    fake_ollama.say(json.dumps(reply))
    editor = PersonaEditor(Baker, model="fake")
    type_into(editor, "Age", "41")
    type_into(editor, "Seed", "7")

    press(editor, "Let the model fill the rest")
    assert editor.wait()

    assert editor.last_error is None
    assert editor.value == Baker(age=41, name="Eve", mood="cross", breads=["rye"], home=Home(town="Ulm"))
    assert "Filled by fake, seed 7." in editor.message.value


def test_a_persona_without_declared_fields_has_nothing_to_fill() -> None:
    editor = PersonaEditor(BasePersona(name="Zoe"))
    assert kept(editor) == []
    assert "Let the model fill the rest" not in [getattr(w, "description", "") for w in widgets(editor)]
    type_into(editor, "New field", "hobby")
    control(editor, "Add field").click()
    type_into(editor, "Hobby", "chess")
    assert str(editor.value) == "Your name: Zoe\nYour hobby: chess"
    press(editor, "Undo")
    assert (str(editor.value), editor.dirty) == ("Your name: Zoe", False)


# -- texts, and pages without a kernel --------------------------------------------------------------------------------


def test_no_text_of_anybody_becomes_markup() -> None:
    class Nasty(BasePersona):
        a: str = Field("", title=f"{NASTY[:30]} $y$", description=NASTY, examples=[NASTY])
        b: Literal["<b>x</b>"] | None = None
        c: list[str] = Field(default_factory=list)
        d: Home | None = Field(None, title=NASTY[:30])

    editor = PersonaEditor(Nasty(a=NASTY, b="<b>x</b>", c=["<i>", "$z$"]))
    type_into(editor, "File", "<b>.txt")
    press(editor, "Save")

    for widget in widgets(editor):
        shown = widget.value if isinstance(widget, ipywidgets.HTML) else ""
        shown += widget.description if getattr(widget, "description_allow_html", False) else ""
        assert not any(tag in shown for tag in ("<script", "<b>x", "<i>&", "<b>.txt"))
    static = editor.static_html()
    assert "&lt;script&gt;" in static
    assert "<script" not in static


def test_a_printed_page_shows_the_fields_what_is_to_be_mended_and_what_the_model_reads() -> None:
    editor = PersonaEditor(Baker(name="Ana", home=Home(town="Ulm")))
    type_into(editor, "Age", "410")

    page = editor.static_html()

    assert '<tr><th scope="row">Name</th><td>Ana</td></tr>' in page
    assert '<tr><th scope="row">Home</th><td>Town: Ulm</td></tr>' in page
    assert "<li>age: Input should be less than or equal to 120</li>" in page
    assert "<pre>Your name: Ana\nYour home: town: Ulm</pre>" in page
    again = PersonaEditor(Baker(name="Ana", home=Home(town="Ulm")))
    type_into(again, "Age", "410")
    assert again.static_html() == page, "no ids, no chance"
    assert page in editor._repr_mimebundle_()["text/html"]


# -- many personas ----------------------------------------------------------------------------------------------------

PEOPLE = [Baker(name="Ana", age=41), Baker(name="Bo", breads=["rye"]), Baker(name="Cy", mood="cross")]
USERS = [
    UserPersona(name=name, description=f"{name} is a cook", personality="calm", scenario="is hungry", summary=name)
    for name in ("Ana", "Bo", "Cy")
]


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """Give the path of a file of three users."""
    save_users(tmp_path / "users.yaml", USERS)
    return tmp_path / "users.yaml"


def names(editor: PersonaEditor) -> list[str]:
    return [persona.name for persona in editor.personas]


def place(editor: PersonaEditor) -> str:
    return str(editor.place.value).removeprefix('<div role="status">').removesuffix("</div>")


def test_of_many_one_is_shown_at_a_time() -> None:
    editor = PersonaEditor(PEOPLE)
    assert (place(editor), editor.value) == ("Persona 1 of 3.", PEOPLE[0])
    assert editor.buttons["Previous"].disabled

    press(editor, "Next")
    assert (place(editor), editor.value, control(editor, "Name").value) == ("Persona 2 of 3.", PEOPLE[1], "Bo")
    press(editor, "Next")
    assert (editor.value, editor.dirty, editor.errors) == (PEOPLE[2], False, {})
    assert editor.buttons["Next"].disabled
    press(editor, "Previous")
    assert editor.value == PEOPLE[1]

    editor.show(1)
    assert editor.value == PEOPLE[0]
    for number in (0, 4):
        with pytest.raises(InputError, match=f"there is no persona {number}; there are 1 to 3"):
            editor.show(number)
    with pytest.raises(InputError, match="there is one persona only"):
        PersonaEditor(PEOPLE[0]).next()


def test_what_is_edited_is_kept_when_another_one_is_shown_also_what_is_wrong_and_undo() -> None:
    editor = PersonaEditor(PEOPLE)
    type_into(editor, "Age", "42")
    press(editor, "Next")
    assert editor.buttons["Undo"].disabled
    type_into(editor, "Age", "old")
    assert place(editor) == "Persona 2 of 3. Not saved yet: 1, 2."
    press(editor, "Next")
    assert (editor.errors, editor.dirty) == ({}, True)

    press(editor, "Previous")
    assert control(editor, "Age").value == "old"
    assert list(editor.errors) == ["age"]
    assert editor.value == PEOPLE[1]
    press(editor, "Undo")
    assert (editor.errors, place(editor)) == ({}, "Persona 2 of 3. Not saved yet: 1.")

    press(editor, "Previous")
    assert editor.value == Baker(name="Ana", age=42)
    assert [persona.age for persona in editor.personas] == [42, None, None]
    press(editor, "Reset")
    assert (editor.value, editor.dirty, place(editor)) == (PEOPLE[0], False, "Persona 1 of 3.")


def test_save_writes_all_in_their_order_and_leaves_the_others_as_they_are(users: Path) -> None:
    editor = PersonaEditor(users)
    assert control(editor, "File").value == str(users)
    press(editor, "Next")
    type_into(editor, "Summary", "Bo, who is hungry")

    press(editor, "Save")

    assert f"Saved 3 personas to {users}." in editor.message.value
    assert (editor.dirty, place(editor)) == (False, "Persona 2 of 3.")
    assert load_users(users) == [USERS[0], USERS[1].clone(summary="Bo, who is hungry"), USERS[2]]
    assert editor.personas == load_users(users)


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_of_users_is_opened_by_its_path(users: Path, kind: Any) -> None:
    editor = PersonaEditor(kind(users))
    assert editor.personas == USERS
    type_into(editor, "Personality", "cross")
    press(editor, "Save")
    assert load_users(users)[0].personality == "cross"


def test_personas_of_ones_own_class_are_saved_and_loaded(tmp_path: Path) -> None:
    editor = PersonaEditor(PEOPLE, path=tmp_path / "bakers.json")
    type_into(editor, "Age", "42")
    press(editor, "Save")
    assert load_users(tmp_path / "bakers.json", Baker) == [Baker(name="Ana", age=42), *PEOPLE[1:]]

    save_users(tmp_path / "bakers.json", PEOPLE[1:])
    press(editor, "Load")
    assert f"Loaded 2 personas from {tmp_path / 'bakers.json'}." in editor.message.value
    assert (names(editor), editor.value, place(editor)) == (["Bo", "Cy"], PEOPLE[1], "Persona 1 of 2.")


def test_nothing_is_saved_while_one_of_them_is_not_valid(users: Path) -> None:
    before = users.read_bytes()
    editor = PersonaEditor(users)
    type_into(editor, "Name", "")
    press(editor, "Next")
    type_into(editor, "Summary", "new")

    press(editor, "Save")

    assert str(editor.last_error).startswith("nothing was saved. Persona 1: name: ")
    assert users.read_bytes() == before
    press(editor, "Previous")
    type_into(editor, "Name", "Anna")
    press(editor, "Save")
    assert [one.name for one in load_users(users)] == ["Anna", "Bo", "Cy"]


def test_two_of_the_same_name_are_refused(users: Path) -> None:
    before = users.read_bytes()
    editor = PersonaEditor(users)
    type_into(editor, "Name", " cy ")
    press(editor, "Save")
    assert "nothing was saved: personas 1 and 3 have the same name" in str(editor.last_error)
    assert (users.read_bytes(), editor.dirty) == (before, True)

    with pytest.raises(InputError, match="personas 1 and 2 have the same name"):
        PersonaEditor([PEOPLE[0], PEOPLE[0]])


def test_what_somebody_else_wrote_meanwhile_is_not_written_over(users: Path) -> None:
    editor = PersonaEditor(users)
    type_into(editor, "Summary", "new")
    save_users(users, USERS[:2])

    press(editor, "Save")

    assert "was changed by somebody else since it was opened" in str(editor.last_error)
    assert load_users(users) == USERS[:2]
    type_into(editor, "File", str(users.with_name("mine.yaml")))
    press(editor, "Save")
    press(editor, "Save")
    assert load_users(users.with_name("mine.yaml"))[0].summary == "new"


def test_edits_are_not_lost_by_load(users: Path) -> None:
    editor = PersonaEditor(users)
    press(editor, "Next")
    type_into(editor, "Summary", "new")
    press(editor, "Load")
    assert "persona 2 has edits that were not saved; save or reset it before you load" in str(editor.last_error)
    assert editor.value.summary == "new"
    press(editor, "Reset")
    press(editor, "Load")
    assert place(editor) == "Persona 1 of 3."


def test_nobody_turns_the_page_while_the_model_fills_it(monkeypatch: pytest.MonkeyPatch, users: Path) -> None:
    """A fake of our own stands in for the model: it waits until it is stopped."""

    async def wait(*asked: Any, **how: Any) -> Baker:
        await asyncio.sleep(600)
        raise AssertionError

    monkeypatch.setattr(population, "afill_persona", wait)
    editor = PersonaEditor(users)
    type_into(editor, "Summary", "")
    press(editor, "Let the model fill the rest")
    assert editor.buttons["Next"].disabled
    with pytest.raises(InputError, match="the model is filling this persona; wait, or stop it"):
        editor.next()
    press(editor, "Stop")
    assert editor.wait()
    press(editor, "Next")
    assert editor.value == USERS[1]


def test_another_persona_can_be_put_in_the_place_of_one() -> None:
    editor = PersonaEditor(PEOPLE)
    press(editor, "Next")
    editor.value = Baker(name="Zoe")
    press(editor, "Next")
    assert names(editor) == ["Ana", "Zoe", "Cy"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([], "there are no personas; give at least one"),
        ([PEOPLE[0], "Bo"], r"personas\[1\]"),
        ("missing.yaml", "missing.yaml: does not exist"),
    ],
)
def test_what_cannot_be_paged_is_refused(given: Any, problem: str) -> None:
    with pytest.raises(SdkitError, match=problem):
        PersonaEditor(given)


def test_a_printed_page_says_which_of_many_it_shows() -> None:
    editor = PersonaEditor(PEOPLE)
    press(editor, "Next")
    assert editor.static_html().startswith("<p>Persona 2 of 3.</p>")


def test_a_hundred_personas_are_turned_quickly() -> None:
    editor = PersonaEditor([Baker(name=f"P{i}") for i in range(100)])
    began = time.monotonic()
    for _ in range(99):
        type_into(editor, "Age", "3")
        press(editor, "Next")
    assert time.monotonic() - began < 10
    assert place(editor).endswith("Not saved yet: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 89 more.")
