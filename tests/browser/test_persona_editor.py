"""`PersonaEditor` in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .steps import field, press

if TYPE_CHECKING:
    from conftest import Notebook
    from playwright.sync_api import Locator

EDITOR = """
from typing import Literal
from pydantic import BaseModel, Field
from sdkit.personas import BasePersona
from sdkit.widgets import PersonaEditor

class Home(BaseModel):
    street: str = ""
    town: str = Field(default="", min_length=2)

class Patient(BasePersona):
    name: str = Field(examples=["Ana"])
    age: int | None = Field(default=None, ge=0, le=120, description="in years")
    smoker: bool = False
    mood: Literal["calm", "worried"] = "calm"
    complaints: list[str] = Field(default_factory=list, description="the worst one first")
    history: str = Field(default="", title="Medical history", max_length=2000)
    home: Home | None = None

editor = PersonaEditor(Patient(name="Ana", complaints=["knee", "back"]))
editor
"""

PAGES = """
from sdkit.personas import UserPersona
from sdkit.widgets import PersonaEditor

editor = PersonaEditor([
    UserPersona(name=name, description="A cook.", personality="calm", scenario="is hungry", summary="A calm cook.")
    for name in ("Ana", "Bo", "Cy")
])
editor
"""

# A fake of our own: no model is needed to see what the buttons do.
FILLING = """
import asyncio
from sdkit.population import generator as population
from sdkit.dialog import Provenance
from sdkit.errors import ModelUnavailableError

async def afill_persona(kind, kept, *, model=None, seed=None):
    if seed == 1:
        await asyncio.sleep(600)
    if seed == 2:
        raise ModelUnavailableError("there is <b>no</b> model")
    persona = kind(**{"age": 41, "history": "She slipped on the stairs.", "home": {"town": "Ulm"}, **kept})
    persona._provenance = Provenance(model="a fake", seed=seed)
    return persona

population.afill_persona = afill_persona
"""

MESSAGE_AFTER_KEY = """root => new Promise(done => {
  let began;
  root.addEventListener('keydown', () => { began = performance.now(); }, {capture: true});
  new MutationObserver(() => {
    if (root.querySelector('[role=alert]')) requestAnimationFrame(() => done(performance.now() - began));
  }).observe(root, {childList: true, subtree: true});
})"""


def shown(notebook: Notebook, *cells: str) -> Locator:
    """Run the cells and wait for the last part of the editor."""
    notebook.open(cells or [EDITOR])
    notebook.run_all()
    root = notebook.root("sdkit-persona-editor")
    root.get_by_role("button", name="Load").wait_for()
    return root


def reads(root: Locator) -> Locator:
    return root.get_by_label("What the model reads", exact=True)


def test_fields_are_filled_by_their_labels_and_the_model_reads_them(notebook: Notebook) -> None:
    root = shown(notebook)

    field(root, "Age").fill("41")
    field(root, "Smoker").check()
    field(root, "Mood").select_option("worried")
    field(root, "Complaints (one per line)").fill("knee\nheart")
    field(root, "Medical history").fill("Nothing <b>much</b>.")
    field(root, "Add Home").check()
    field(root, "Home: Town").fill("Ulm")

    notebook.expect(reads(root)).to_have_text(
        "Your name: Ana\nYour complaints (the worst one first): knee, heart\nYour age (in years): 41\n"
        "Your smoker: yes\n"
        "Your mood: worried\nYour Medical history: Nothing <b>much</b>.\nYour home: town: Ulm"
    )
    told = notebook.kernel("print(repr(editor.value), editor.errors, editor.dirty)")
    assert "age=41, smoker=True, mood='worried'" in told
    assert "home=Home(street='', town='Ulm')) {} True" in told


def test_a_message_appears_while_typing_and_goes_again(notebook: Notebook) -> None:
    root = shown(notebook)
    field(root, "Age").fill("41")
    notebook.expect(reads(root)).to_contain_text("Your age (in years): 41")
    field(root, "Age").press_sequentially("0")

    notebook.expect(root.get_by_role("alert")).to_have_text("⚠ Input should be less than or equal to 120")
    notebook.expect(root.get_by_text("As it was when it was last valid.")).to_be_visible()
    assert notebook.kernel("print(editor.errors, editor.value.age)") == (
        "{'age': 'Input should be less than or equal to 120'} 41"
    )

    field(root, "Age").press("Backspace")

    notebook.expect(root.get_by_role("alert")).to_have_count(0)
    notebook.expect(field(root, "Age")).to_be_focused()
    assert notebook.kernel("print(editor.errors, editor.value.age)") == "{} 41"


def test_undo_reset_save_and_load(notebook: Notebook) -> None:
    root = shown(notebook)
    notebook.expect(root.get_by_role("button", name="Undo")).to_be_disabled()
    field(root, "Name").press_sequentially("belle")
    notebook.expect(reads(root)).to_contain_text("Your name: belleAna")
    field(root, "Age").fill("41")

    press(root, "Undo")
    notebook.expect(field(root, "Age")).to_have_value("")
    press(root, "Save")
    notebook.expect(root.get_by_role("status")).to_have_text("Saved the Patient belleAna to output/persona.json.")
    assert '"name": "belleAna"' in notebook.kernel("print(open('output/persona.json', encoding='utf-8').read())")

    press(root, "Reset")
    notebook.expect(field(root, "Name")).to_have_value("Ana")
    press(root, "Load")
    notebook.expect(field(root, "Name")).to_have_value("belleAna")
    field(root, "File").fill("missing.json")
    press(root, "Load")
    notebook.expect(root.get_by_role("alert")).to_contain_text("missing.json: does not exist")
    assert notebook.kernel("print(editor.value.name, editor.dirty)") == "belleAna False"


def test_the_model_fills_the_rest_fails_and_is_stopped(notebook: Notebook) -> None:
    root = shown(notebook, FILLING, EDITOR)
    notebook.expect(field(root, "Keep Name")).to_be_checked()
    notebook.expect(field(root, "Keep Age")).not_to_be_checked()
    field(root, "Name").fill("Bo")

    field(root, "Seed").fill("12")
    press(root, "Let the model fill the rest")
    notebook.expect(root.get_by_role("status")).to_have_text("Filled by a fake, seed 12. Undo takes it back.")
    notebook.expect(field(root, "Age")).to_have_value("41")
    notebook.expect(field(root, "Home: Town")).to_have_value("Ulm")
    assert notebook.kernel("print(editor.value.name, editor.value.provenance.seed)") == "Bo 12"

    press(root, "Undo")
    notebook.expect(field(root, "Age")).to_have_value("")
    for seed, problem in {"x": "'x' is no seed", "2": "there is <b>no</b> model"}.items():
        field(root, "Seed").fill(seed)
        press(root, "Let the model fill the rest")
        notebook.expect(root.get_by_role("alert")).to_contain_text(problem)

    field(root, "Seed").fill("1")
    press(root, "Let the model fill the rest")
    notebook.expect(root.get_by_role("button", name="Stop")).to_be_enabled()
    press(root, "Stop")
    notebook.expect(root.get_by_role("status")).to_have_text("Stopped.")
    notebook.expect(root.get_by_role("button", name="Let the model")).to_be_enabled()
    assert notebook.kernel("print(editor.value.name, editor.value.age)") == "Bo None"


def test_all_of_it_works_with_the_keyboard_alone(notebook: Notebook) -> None:
    root = shown(notebook)
    keys = notebook.page.keyboard
    field(root, "Name").focus()

    keys.press("Control+A")
    keys.type("Bo")
    for label in ("Keep Name", "Age", "Keep Age", "Smoker"):
        keys.press("Tab")
        notebook.expect(field(root, label)).to_be_focused()
    keys.press("Space")
    notebook.expect(field(root, "Keep Smoker")).to_be_checked()  # with the edit
    keys.press("Tab")
    keys.press("Space")
    keys.press("Tab")
    notebook.expect(field(root, "Mood")).to_be_focused()
    for key in ("Space", "ArrowDown", "Enter"):  # without Space, JupyterLab would take the arrow for its own
        keys.press(key)
    for _ in range(4):
        keys.press("Tab")
    notebook.expect(field(root, "Medical history")).to_be_focused()
    keys.type("None.")
    keys.press("Enter")
    keys.type("At all.")
    notebook.expect(reads(root)).to_contain_text("At all.")
    for _ in range(2):
        keys.press("Tab")
    notebook.expect(field(root, "Add Home")).to_be_focused()
    keys.press("Space")
    notebook.expect(field(root, "Home: Town")).to_be_visible()

    assert notebook.kernel("print(repr(editor.value))") == (
        "Patient(name='Bo', complaints=['knee', 'back'], smoker=True, mood='worried', history='None.\\nAt all.', "
        "home=Home(street='', town=''))"
    )
    notebook.expect(field(root, "Keep Smoker")).not_to_be_checked()

    for label in ("Keep Home", "Home: Street", "Home: Town"):
        keys.press("Tab")
        notebook.expect(field(root, label)).to_be_focused()
    keys.press("Tab")
    notebook.expect(reads(root)).to_be_focused()
    keys.press("Tab")
    notebook.expect(root.get_by_role("button", name="Undo")).to_be_focused()
    keys.press("Enter")
    notebook.expect(field(root, "Home: Town")).to_have_count(0)
    assert notebook.page.locator(".jp-Cell").count() == 1  # no key was taken for a command of the notebook's


def test_it_outlives_a_reload_and_is_made_again_after_a_restart(notebook: Notebook) -> None:
    root = shown(notebook)
    field(root, "Add Home").check()
    field(root, "Home: Town").fill("U")
    notebook.expect(root.get_by_role("alert")).to_contain_text("at least 2 characters")

    notebook.reload()
    notebook.expect(field(root, "Home: Town")).to_have_value("U")
    notebook.expect(root.get_by_role("alert")).to_contain_text("at least 2 characters")
    field(root, "Home: Town").fill("Ulm")
    notebook.expect(root.get_by_role("alert")).to_have_count(0)
    assert notebook.kernel("print(editor.value.home.town)") == "Ulm"

    notebook.restart_and_run()
    notebook.expect(field(root, "Name")).to_have_value("Ana")
    notebook.expect(field(root, "Home: Town")).to_have_count(0)
    field(root, "Name").fill("Bo")
    notebook.expect(reads(root)).to_contain_text("Your name: Bo")


def test_everybody_can_use_it_light_and_dark_wide_and_narrow(notebook: Notebook) -> None:
    root = shown(notebook)
    field(root, "Add Home").check()
    field(root, "Age").fill("410")
    notebook.expect(root.get_by_role("alert")).to_have_count(1)
    notebook.expect(field(root, "Home: Town")).to_be_visible()
    press(root, "Save")
    notebook.expect(root.get_by_text("nothing was saved")).to_be_visible()
    notebook.screenshot("persona_editor", root)
    assert notebook.axe(root) == notebook.cut(root) == []

    notebook.width(800)
    notebook.screenshot("persona_editor_800", root)
    assert notebook.axe(root) == notebook.cut(root) == []

    notebook.dark()
    notebook.screenshot("persona_editor_dark_800", root)
    assert notebook.axe(root) == notebook.cut(root) == []


def test_any_text_is_shown_as_text(notebook: Notebook) -> None:
    nasty = "<script>document.title = 'run'</script><img src=x onerror=\\\"document.title = 'run'\\\"> $x$ **b** שלום"
    cell = f"""
from typing import Literal
from pydantic import Field
from sdkit.personas import BasePersona
from sdkit.widgets import PersonaEditor
NASTY = "{nasty}"
class Nasty(BasePersona):
    a: str = Field("", title=NASTY, description=NASTY, examples=[NASTY])
    b: Literal["<b>x</b>", "$y$"] = "$y$"
    c: bool = Field(False, title="$z$ and \\\\(w\\\\)")
    d: str = Field("", description="w" * 300)
    e: list[str] = []
    f: "Nasty | None" = Field(None, title=NASTY)
editor = PersonaEditor(Nasty(a=NASTY, d="w" * 10_000, e=["</textarea><b>bold</b>"], f=Nasty(a=NASTY)))
editor.complain(ValueError(NASTY))
editor
"""
    root = shown(notebook, cell)
    text = notebook.kernel("print(NASTY)")

    notebook.expect(field(root, text)).to_have_value(text)
    notebook.expect(field(root, "D")).to_have_value("w" * 10_000)
    notebook.expect(field(root, "E (one per line)")).to_have_value("</textarea><b>bold</b>")
    notebook.expect(field(root, f"{text}: {text}")).to_have_value(text)
    notebook.expect(root.get_by_role("alert")).to_contain_text(text)
    assert root.locator("script, img, mjx-container, .sdkit-form b").count() == 0
    assert notebook.page.title() != "run"
    notebook.width(800)
    assert notebook.axe(root) == notebook.cut(root) == []


def test_an_observer_that_fails_is_shown_and_breaks_nothing(notebook: Notebook) -> None:
    root = shown(notebook)
    notebook.kernel("editor.observe(lambda change: 1 / 0, 'value')")
    field(root, "Name").fill("Bo")
    notebook.expect(root.get_by_role("alert")).to_contain_text("ZeroDivisionError")
    notebook.expect(reads(root)).to_contain_text("Your name: Bo")
    assert notebook.kernel("print(editor.value.name)") == "Bo"


def test_30_fields_are_ready_at_once_and_stay_quick(notebook: Notebook) -> None:
    cell = """
from pydantic import Field, create_model
from sdkit.personas import BasePersona
from sdkit.widgets import PersonaEditor
names = {f"field_{i}": (int, Field(1, ge=0, le=120)) if i % 2 else (str, "") for i in range(30)}
editor = PersonaEditor(create_model("Long", __base__=BasePersona, **names))
editor
"""
    root = shown(notebook, cell)
    took = []
    for label in ("Field 1", "Field 15", "Field 29"):
        field(root, label).focus()
        field(root, label).press("End")
        told = notebook.page.evaluate_handle(f"root => [({MESSAGE_AFTER_KEY})(root)]", root.element_handle())
        notebook.page.keyboard.press("9")
        notebook.page.keyboard.press("9")
        took.append(told.evaluate("promises => promises[0]"))
        field(root, label).press("Backspace")
        notebook.expect(root.get_by_role("alert")).to_have_count(0)

    print(f"from a key to its message, of 30 fields: {', '.join(f'{ms:.0f}' for ms in took)} ms")
    assert max(took) < 250
    notebook.expect(root.get_by_role("button", name="Save")).to_be_in_viewport()
    assert notebook.axe(root) == []
    notebook.screenshot("persona_editor_30", root)


def test_many_personas_are_reviewed_one_after_the_other_with_the_keyboard_alone(notebook: Notebook) -> None:
    root, expect, keys = shown(notebook, PAGES), notebook.expect, notebook.page.keyboard
    place = root.get_by_role("status").first
    expect(place).to_have_text("Persona 1 of 3.")
    root.get_by_role("button", name="Next", exact=True).focus()
    keys.press("Enter")
    expect(place).to_have_text("Persona 2 of 3.")
    expect(field(root, "Name")).to_have_value("Bo")
    field(root, "Name").press("End")
    keys.type("b")
    keys.press("Shift+Tab")  # from the field to the buttons
    press(root, "Next")  # at once, while the letter may still be on its way
    expect(place).to_have_text("Persona 3 of 3. Not saved yet: 2.")
    expect(field(root, "Name")).to_have_value("Cy")
    expect(root.get_by_role("button", name="Next", exact=True)).to_be_disabled()
    press(root, "Save")
    expect(root.get_by_role("status").last).to_have_text("Saved 3 personas to output/personas.yaml.")
    expect(place).to_have_text("Persona 3 of 3.")
    names = (
        "from sdkit.persona_files import load_users\nprint(*[one.name for one in load_users('output/personas.yaml')])"
    )
    assert notebook.kernel(names) == "Ana Bob Cy"

    field(root, "Name").fill("ana")
    press(root, "Save")
    expect(root.get_by_role("alert")).to_contain_text("personas 1 and 3 have the same name, 'ana'; rename one")
    for name in ("light", "dark"):
        notebook.dark() if name == "dark" else notebook.light()
        notebook.width(800)
        notebook.screenshot(f"persona_editor_pages_{name}", root)
        assert (notebook.axe(root), notebook.cut(root)) == ([], [])
