"""`DialogEditor` in a real browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .steps import field, press

if TYPE_CHECKING:
    from conftest import Notebook
    from playwright.sync_api import Locator

EDITOR = """
from sdkit.dialog import Dialog, Turn
from sdkit.widgets import DialogEditor

dialog = Dialog(model="qwen2.5:14b", seed=42, turns=[
    Turn(speaker="Doctor", text="Good morning! What brings you here today?"),
    Turn(speaker="Patient", text="My knee has hurt since I slipped on the stairs on Sunday."),
    Turn(speaker="Doctor", text="Which knee is it, and is it swollen?"),
    Turn(speaker="Patient", text="The left one. It is warm, too."),
])
editor = DialogEditor(dialog)
editor
"""


def shown(notebook: Notebook, cell: str = EDITOR) -> Locator:
    """Run the cell and wait for the last part of the editor."""
    notebook.open([cell])
    notebook.run_all()
    root = notebook.root("sdkit-dialog-editor")
    root.get_by_role("button", name="Load").wait_for()
    return root


def choose(notebook: Notebook, root: Locator, number: int, text: str) -> None:
    """Click on a turn in the list and wait until its text is there."""
    field(root, "Turns").locator("option").nth(number - 1).click()
    notebook.expect(field(root, "Text")).to_have_value(text)


def held(notebook: Notebook) -> list[list[str]]:
    """Return the turns of the value that the kernel holds."""
    return list(
        json.loads(notebook.kernel("import json; print(json.dumps([[t.speaker, t.text] for t in editor.value]))"))
    )


def test_a_turn_is_chosen_and_edited(notebook: Notebook) -> None:
    root = shown(notebook)
    choose(notebook, root, 2, "My knee has hurt since I slipped on the stairs on Sunday.")

    field(root, "Text").fill("My <b>knee</b> hurts.")
    field(root, "Speaker").fill("Ana")
    field(root, "Text").focus()

    notebook.expect(field(root, "Turns").locator("option").nth(1)).to_have_text("2. Ana: My <b>knee</b> hurts.")
    notebook.expect(field(root, "Turns").locator("option:checked")).to_have_text("2. Ana: My <b>knee</b> hurts.")
    assert held(notebook)[1] == ["Ana", "My <b>knee</b> hurts."]
    assert notebook.kernel("print(dialog[1].speaker)") == "Patient"


def test_what_is_typed_last_counts_when_another_turn_is_chosen_or_a_button_pressed(notebook: Notebook) -> None:
    root = shown(notebook)
    field(root, "Text").fill("Good evening!")

    choose(notebook, root, 4, "The left one. It is warm, too.")
    field(root, "Text").fill("The right one.")
    press(root, "Save")

    notebook.expect(root.get_by_text("Saved 4 turns to output/dialog.json.")).to_be_visible()
    saved = json.loads(notebook.kernel("print(open('output/dialog.json', encoding='utf-8').read())"))
    assert [turn["text"] for turn in saved["turns"]][::3] == ["Good evening!", "The right one."]
    assert [event["action"] for event in saved["events"]] == ["edit text", "edit text"]


def test_a_blank_field_is_said_beside_the_turn_until_it_is_mended(notebook: Notebook) -> None:
    root = shown(notebook)
    choose(notebook, root, 3, "Which knee is it, and is it swollen?")

    field(root, "Text").fill("")
    field(root, "Speaker").focus()

    notebook.expect(root.get_by_role("alert")).to_contain_text("The text is blank")
    notebook.expect(root.get_by_text("To mend: turn 3.")).to_be_visible()
    assert notebook.kernel("print(list(editor.errors))") == "['turn 3 text']"
    assert held(notebook)[2] == ["Doctor", "Which knee is it, and is it swollen?"]

    field(root, "Text").fill("Which one?")
    field(root, "Speaker").focus()

    notebook.expect(root.get_by_role("alert")).to_have_count(0)
    assert notebook.kernel("print(editor.errors)") == "{}"
    assert held(notebook)[2] == ["Doctor", "Which one?"]


def test_turns_are_added_moved_and_deleted_and_all_of_it_undone(notebook: Notebook) -> None:
    root = shown(notebook)
    before = held(notebook)

    press(root, "Add after")
    notebook.expect(field(root, "Text")).to_be_focused()  # one can write at once
    notebook.page.keyboard.type("Well...")
    press(root, "Move down")
    notebook.expect(field(root, "Turns").locator("option:checked")).to_have_text("3. Patient: Well...")
    assert [text for _, text in held(notebook)].index("Well...") == 2

    choose(notebook, root, 1, "Good morning! What brings you here today?")
    press(root, "Delete")
    notebook.expect(field(root, "Turns").locator("option")).to_have_count(4)
    assert len(held(notebook)) == 4

    for _ in range(4):
        press(root, "Undo")
    notebook.expect(field(root, "Turns").locator("option").nth(1)).to_contain_text("2. Patient: My knee")
    notebook.expect(field(root, "Turns").locator("option")).to_have_count(len(before))
    assert held(notebook) == before
    press(root, "Undo")
    notebook.expect(root.get_by_role("alert")).to_contain_text("there is nothing to take back")


def test_a_speaker_is_renamed_everywhere_and_a_taken_name_refused(notebook: Notebook) -> None:
    root = shown(notebook)

    field(root, "Rename").select_option("Patient")
    field(root, "to").fill("Ana")
    press(root, "Rename everywhere")
    notebook.expect(field(root, "Turns").locator("option").nth(3)).to_contain_text("4. Ana: The left one.")
    assert [speaker for speaker, _ in held(notebook)] == ["Doctor", "Ana", "Doctor", "Ana"]

    field(root, "Rename").select_option("Doctor")
    field(root, "to").fill("Ana")
    press(root, "Rename everywhere")
    notebook.expect(root.get_by_role("alert")).to_contain_text("'Ana' already speaks in this dialogue")
    press(root, "Reset")
    notebook.expect(root.get_by_role("alert")).to_have_count(0)
    assert [speaker for speaker, _ in held(notebook)] == ["Doctor", "Patient", "Doctor", "Patient"]


def test_a_file_is_loaded_and_a_missing_one_told(notebook: Notebook) -> None:
    root = shown(notebook)
    notebook.kernel("Dialog(turns=[Turn(speaker='Cleo', text='שלום')]).to_file('other.json')")

    field(root, "File").fill("missing.json")
    press(root, "Load")
    notebook.expect(root.get_by_role("alert")).to_contain_text("missing.json: does not exist")

    field(root, "File").fill("other.json")
    press(root, "Load")
    notebook.expect(field(root, "Text")).to_have_value("שלום")
    notebook.expect(root.get_by_role("alert")).to_have_count(0)
    assert held(notebook) == [["Cleo", "שלום"]]


def test_all_of_it_works_with_the_keyboard_alone(notebook: Notebook) -> None:
    root = shown(notebook)
    keys = notebook.page.keyboard
    field(root, "Turn").focus()

    keys.press("ArrowUp")
    notebook.expect(field(root, "Speaker")).to_have_value("Patient")
    keys.press("Tab")
    notebook.expect(field(root, "Speaker")).to_be_focused()
    keys.press("Tab")
    notebook.expect(field(root, "Text")).to_be_focused()
    keys.press("Control+A")
    keys.type("My knee.")
    keys.press("Enter")
    keys.type("It hurts.")
    keys.press("Tab")
    notebook.expect(root.get_by_role("button", name="Add after")).to_be_focused()
    keys.press("Enter")
    notebook.expect(field(root, "Text")).to_be_focused()
    keys.type("Oh.")
    for _ in range(2):
        keys.press("Tab")
    notebook.expect(root.get_by_role("button", name="Delete")).to_be_focused()
    notebook.expect(field(root, "Turns").locator("option:checked")).to_have_text("3. Doctor: Oh.")
    assert held(notebook)[1:3] == [["Patient", "My knee.\nIt hurts."], ["Doctor", "Oh."]]
    keys.press("Space")
    notebook.expect(field(root, "Turns").locator("option")).to_have_count(4)

    assert held(notebook)[2] == ["Doctor", "Which knee is it, and is it swollen?"]
    assert notebook.page.locator(".jp-Cell").count() == 1  # no key was taken for a command of the notebook's


def test_an_observer_that_fails_is_shown_and_breaks_nothing(notebook: Notebook) -> None:
    root = shown(notebook)
    notebook.kernel("editor.observe(lambda change: 1 / 0, 'value')")

    field(root, "Text").fill("Hello!")
    field(root, "Speaker").focus()

    notebook.expect(root.get_by_role("alert")).to_contain_text("ZeroDivisionError")
    notebook.expect(field(root, "Turns").locator("option").first).to_have_text("1. Doctor: Hello!")
    assert held(notebook)[0] == ["Doctor", "Hello!"]


def test_everybody_can_use_it_light_and_dark_wide_and_narrow(notebook: Notebook) -> None:
    root = shown(notebook)
    choose(notebook, root, 2, "My knee has hurt since I slipped on the stairs on Sunday.")
    notebook.screenshot("dialog_editor", root)
    assert notebook.axe(root) == notebook.cut(root) == []
    field(root, "Text").fill("")
    press(root, "Save")
    notebook.expect(root.get_by_text("nothing was saved")).to_be_visible()
    assert notebook.axe(root) == notebook.cut(root) == []

    notebook.dark()
    notebook.width(800)

    assert notebook.axe(root) == notebook.cut(root) == []
    notebook.screenshot("dialog_editor_dark_800", root)


def test_it_outlives_a_reload_and_is_made_again_after_a_restart(notebook: Notebook) -> None:
    root = shown(notebook)
    field(root, "Text").fill("Hello!")
    field(root, "Speaker").focus()
    notebook.expect(field(root, "Turns").locator("option").first).to_have_text("1. Doctor: Hello!")

    notebook.reload()
    notebook.expect(field(root, "Text")).to_have_value("Hello!")
    field(root, "Text").fill("Good day!")
    press(root, "Move down")
    notebook.expect(field(root, "Turns").locator("option").nth(1)).to_have_text("2. Doctor: Good day!")
    assert held(notebook)[1] == ["Doctor", "Good day!"]

    notebook.restart_and_run()
    notebook.expect(field(root, "Text")).to_have_value("Good morning! What brings you here today?")


def test_any_text_is_shown_as_text(notebook: Notebook) -> None:
    run = "<script>document.title = 'run'</script><img src=x onerror=\\\"document.title = 'run'\\\">"
    texts = f'["{run}", "**bold** $x$", "שלום", "w" * 10_000, "two\\nlines", "</textarea><b>bold</b>"]'
    turns = f"[Turn(speaker=text[:200], text=text) for text in {texts}] + [Turn(speaker=None, text='')]"
    cell = "from sdkit.dialog import Dialog, Turn\nfrom sdkit.widgets import DialogEditor\n"
    root = shown(notebook, f"{cell}editor = DialogEditor(Dialog(turns={turns}))\neditor")

    notebook.expect(field(root, "Text")).to_have_value(notebook.kernel("print(editor.value[0].text)"))
    choose(notebook, root, 4, "w" * 10_000)
    choose(notebook, root, 6, "</textarea><b>bold</b>")

    assert root.locator("script, img").count() == 0
    assert notebook.page.title() != "run"
    notebook.width(800)
    assert notebook.axe(root) == notebook.cut(root) == []


def test_100_turns_are_ready_at_once_and_stay_quick(notebook: Notebook) -> None:
    turns = "[Turn(speaker='AB'[i % 2], text=f'turn {i}, ' + 'and so on ' * 50) for i in range(100)]"
    cell = "from sdkit.dialog import Dialog, Turn\nfrom sdkit.widgets import DialogEditor\n"
    root = shown(notebook, f"{cell}editor = DialogEditor(Dialog(turns={turns}))\neditor")
    notebook.expect(field(root, "Turns").locator("option")).to_have_count(100)

    field(root, "Turn").fill("71")
    field(root, "Turn").press("Tab")
    notebook.expect(field(root, "Text")).to_have_value("turn 70, " + "and so on " * 50)
    notebook.expect(field(root, "Turns").locator("option").nth(70)).to_be_in_viewport()
    field(root, "Text").fill("")
    took = notebook.page.evaluate(
        """async () => {
          const root = document.querySelector('.sdkit-dialog-editor');
          const began = performance.now();
          const said = new Promise(done => new MutationObserver(() => {
            if (root.querySelector('[role=alert]')) requestAnimationFrame(done);
          }).observe(root, {childList: true, subtree: true}));
          root.querySelector('textarea').dispatchEvent(new Event('change', {bubbles: true}));
          await said;
          return performance.now() - began;
        }"""
    )
    assert took < 250
