"""`DialogLab` in a real browser. A fake server says what the test wants: it is about the widget."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from .steps import field, press

if TYPE_CHECKING:
    from conftest import FakeOllama, Notebook
    from playwright.sync_api import Locator

LAB = """
from sdkit.agents import PersonaAgent
from sdkit.generators import DialogGenerator
from sdkit.personas import Persona
from sdkit.widgets import DialogLab

ana, tom = (PersonaAgent(Persona(name=name, role="baker"), "fake") for name in ("Ana", "Tom"))
described = DialogGenerator("fake", "Ana sells bread to Tom.", speakers=["Ana", "Tom"], turns=(4, 4))
lab = DialogLab({"described": described, "turn by turn": (ana, tom)}, seed=5, max_turns=6)
lab
"""
WHOLE = [
    {"speaker": ("Ana", "Tom")[i % 2], "text": f"Whole {i}. <script>document.title = 'run'</script>"} for i in range(4)
]


def answer(body: dict[str, Any]) -> str:
    fields = body["format"]["properties"]
    if "dialog" in fields:
        return json.dumps({"dialog": WHOLE})
    if "over" in fields:
        return json.dumps({"reason": "Not yet.", "over": False})
    return json.dumps({"text": f"Turn {sum(m['role'] != 'system' for m in body['messages'])}."})


@pytest.fixture
def root(notebook: Notebook, fake_ollama: FakeOllama) -> Locator:
    fake_ollama.answer = answer
    notebook.open([LAB], env={"OLLAMA_HOST": fake_ollama.url})
    notebook.run_all()
    return ready(notebook)


def ready(notebook: Notebook) -> Locator:
    root = notebook.root("sdkit-dialog-lab")
    root.get_by_role("button", name="Say it", exact=True).wait_for()
    return root


def generate(notebook: Notebook, root: Locator) -> None:
    press(root, "Generate both")
    notebook.expect(root.get_by_role("status")).to_contain_text("Seed ")


def test_two_settings_side_by_side_on_one_seed(notebook: Notebook, root: Locator) -> None:
    field(root, "Seed").fill("7")
    generate(notebook, root)
    notebook.expect(root.get_by_text("Left: described")).to_be_visible()
    notebook.expect(root.get_by_text("Right: turn by turn")).to_be_visible()
    notebook.expect(root.get_by_text("Whole 3. <script>")).to_be_visible()
    left, right = (root.locator(".sdkit-lab-pane").nth(i).bounding_box() for i in (0, 1))
    assert left
    assert right
    assert left["y"] == right["y"]
    assert right["x"] > left["x"]
    assert notebook.kernel("print([dialog.seed for dialog in lab.value.values()])") == "[7, 7]"
    assert notebook.page.title() != "run"


def test_a_seed_that_is_none_is_said_and_the_message_goes(notebook: Notebook, root: Locator) -> None:
    field(root, "Seed").fill("many")
    alert = root.get_by_role("alert")
    notebook.expect(alert).to_contain_text("'many' is no whole number")
    assert notebook.kernel("print(list(lab.errors))") == "['seed']"
    field(root, "Seed").fill("3")
    notebook.expect(alert).to_have_count(0)


def test_a_branch_with_one_change(notebook: Notebook, root: Locator) -> None:
    generate(notebook, root)
    field(root, "Keep turns").fill("1")
    field(root, "Change").select_option("say instead")
    notebook.expect(root.get_by_role("alert")).to_contain_text("write what to say")
    field(root, "Words").fill("I want cake!")
    press(root, "Branch")
    notebook.expect(root.get_by_text("I want cake!", exact=True)).to_be_visible()
    notebook.expect(root.get_by_text("Branch: of the left, described, after turn 1")).to_be_visible()
    assert notebook.kernel("lab.wait(); print(len(lab.value['branch']), lab.value['branch'][1].speaker)") == "6 Tom"


def test_a_speaker_by_hand_with_the_keyboard_alone(notebook: Notebook, root: Locator) -> None:
    keys = notebook.page.keyboard
    root.get_by_role("button", name="Generate both", exact=True).focus()
    keys.press("Enter")
    notebook.expect(root.get_by_role("status")).to_contain_text("Seed 5.")
    field(root, "Keep turns").focus()
    keys.press("Control+A")
    keys.type("1")
    for _ in range(3):
        keys.press("Tab")
    notebook.expect(field(root, "You play")).to_be_focused()
    for key in ("Space", "ArrowDown", "ArrowDown", "Enter", "Tab"):
        keys.press(key)
    keys.press("Enter")
    notebook.expect(root.get_by_role("status")).to_contain_text("Your turn, Tom.")
    keys.press("Tab")
    notebook.expect(field(root, "Your turn")).to_be_focused()
    keys.type("Two rolls, please.")
    say = root.get_by_role("button", name="Say it", exact=True)
    notebook.expect(say).to_be_enabled()
    keys.press("Tab")
    notebook.expect(say).to_be_focused()
    keys.press("Enter")
    notebook.expect(root.get_by_text("Two rolls, please.", exact=True)).to_be_visible()
    notebook.expect(root.get_by_role("status")).to_contain_text("Your turn, Tom.")
    assert notebook.kernel("print([turn.speaker for turn in lab.value['branch']])") == "['Ana', 'Tom', 'Ana']"


def test_stop_keeps_the_turns_so_far(notebook: Notebook, root: Locator, fake_ollama: FakeOllama) -> None:
    hang = threading.Event()

    def slow(body: dict[str, Any]) -> str:
        if len(fake_ollama.received) > 3:
            hang.wait(20)
        return answer(body)

    fake_ollama.answer = slow
    press(root, "Generate both")
    notebook.expect(root.get_by_text("Turn 1.").nth(1)).to_be_visible()
    press(root, "Stop")
    notebook.expect(root.get_by_role("status")).to_have_text("Stopped.")
    hang.set()
    assert notebook.kernel("print(len(lab.value['right']))") == "2"
    notebook.expect(root.get_by_role("button", name="Generate both", exact=True)).to_be_enabled()


def test_it_survives_a_reload_and_a_restart(notebook: Notebook, root: Locator) -> None:
    generate(notebook, root)
    notebook.reload()
    root = ready(notebook)
    notebook.expect(root.get_by_text("Left: described")).to_be_visible()
    press(root, "Branch")
    notebook.expect(root.get_by_text("Branch: of the left")).to_be_visible()
    notebook.restart_and_run()
    root = ready(notebook)
    notebook.expect(root.get_by_text("Left: described")).to_have_count(0)
    generate(notebook, root)


def test_accessible_in_both_themes_and_on_a_narrow_page(notebook: Notebook, root: Locator) -> None:
    field(root, "Seed").fill("x")
    field(root, "Seed").fill("5")
    generate(notebook, root)
    press(root, "Branch")
    notebook.expect(root.get_by_text("Branch: of the left")).to_be_visible()
    notebook.kernel("lab.wait()")
    field(root, "Keep turns").fill("many")
    notebook.expect(root.get_by_role("alert")).to_be_visible()
    assert notebook.axe(root) == []
    notebook.screenshot("dialog_lab_light", root)
    notebook.dark()
    assert notebook.axe(root) == []
    notebook.screenshot("dialog_lab_dark", root)
    notebook.width(800)
    assert notebook.cut(root) == []
    notebook.screenshot("dialog_lab_800", root)
