"""`ScenarioBrowser` in a real browser. A fake server says what the test wants: it is about the widget."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .steps import field, press

if TYPE_CHECKING:
    from conftest import FakeOllama, Notebook
    from playwright.sync_api import Locator

MINI = Path(__file__).parents[2] / "datasets" / "star-mini"
BROWSER = f"""
from sdkit.datasets import StarDataset
from sdkit.widgets import ScenarioBrowser

browser = ScenarioBrowser(StarDataset({str(MINI)!r}), "fake")
browser
"""
SAID = [
    "Hi, what are my doctor's notes? <script>document.title = 'run'</script>",
    "Under which name are you filed?",
    "Nora.",
    "Which doctor did you see?",
    "Dr. Patel.",
    "This is what your doctor noted: one drop in each eye.",
    "Thank you!",
    "Is there more I could help you with?",
]


def answer(body: dict[str, Any]) -> str:
    turns = [{"speaker": ("User", "System")[i % 2], "text": text} for i, text in enumerate(SAID)]
    return json.dumps({"dialog": turns})


@pytest.fixture
def root(notebook: Notebook, fake_ollama: FakeOllama) -> Locator:
    fake_ollama.answer = answer
    notebook.open([BROWSER], env={"OLLAMA_HOST": fake_ollama.url})
    notebook.run_all()
    return ready(notebook)


def ready(notebook: Notebook) -> Locator:
    root = notebook.root("sdkit-scenario-browser")
    root.locator("svg").first.wait_for()
    return root


def dialogue(notebook: Notebook) -> str:
    return notebook.kernel("print(browser.value and browser.value.dialogId)")


def test_find_a_dialogue_and_read_it(notebook: Notebook, root: Locator) -> None:
    expect = notebook.expect
    field(root, "Task").select_option("doctor_followup")
    field(root, "Happy").select_option("no")
    expect(root.get_by_role("status")).to_have_text("3 of 55 dialogues match. This is number 1.")
    assert dialogue(notebook) == "20"
    press(root, "Next")
    expect(root.get_by_text("Dialogue 33:")).to_be_visible()
    expect(field(root, "Dialogue")).to_have_value("33")
    scenario, real, charts = (
        part.bounding_box()
        for part in (field(root, "Scenario"), field(root, "Real dialogue"), root.locator("svg").first)
    )
    assert scenario
    assert real
    assert charts
    assert scenario["y"] == real["y"] < charts["y"]
    assert scenario["x"] < real["x"] < charts["x"]


def test_what_cannot_be_found_is_said_and_the_message_goes(notebook: Notebook, root: Locator) -> None:
    alert = root.get_by_role("alert")
    field(root, "Go to id").fill("99")
    field(root, "Go to id").press("Enter")
    notebook.expect(alert).to_contain_text("there is no dialogue 99")
    notebook.expect(root.get_by_role("region")).to_have_count(0)
    assert dialogue(notebook) == "None"
    field(root, "Go to id").fill("5100")
    field(root, "Go to id").press("Enter")
    notebook.expect(alert).to_have_count(0)
    notebook.expect(root.locator("svg")).to_have_count(3)
    field(root, "Multi-task").select_option("yes")
    field(root, "Happy").select_option("yes")
    notebook.expect(alert).to_contain_text("None of the 55 dialogues matches")
    notebook.expect(root.get_by_role("region")).to_have_count(0)
    field(root, "Happy").select_option("any")
    notebook.expect(field(root, "Happy")).to_have_value("any")
    notebook.expect(alert).to_have_count(0)
    assert notebook.kernel("print(browser.errors)") == "{}"


def test_with_the_keyboard_alone(notebook: Notebook, root: Locator) -> None:
    keys, expect = notebook.page.keyboard, notebook.expect
    field(root, "Complete").focus()
    for label in ("Dialogue", "Next", "Go to id"):
        keys.press("Tab")
        control = root.get_by_role("button", name=label, exact=True) if label == "Next" else field(root, label)
        expect(control).to_be_focused()
    keys.type("12")
    keys.press("Tab")
    expect(root.get_by_text("Dialogue 12:")).to_be_visible()
    keys.press("Tab")
    keys.type("7")
    keys.press("Tab")
    expect(root.get_by_role("button", name="Generate", exact=True)).to_be_focused()
    keys.press("Enter")
    expect(field(root, "Synthetic dialogue, from description")).to_be_visible()
    summary = root.get_by_text("Turns that do not follow").first
    summary.focus()
    keys.press("Enter")
    expect(root.locator("details[open]")).to_have_count(1)
    assert notebook.kernel("print(browser.synthetic.dialogId, browser.synthetic.seed)") == "12 7"
    assert notebook.page.title() != "run"


def test_stop_and_a_model_that_fails(notebook: Notebook, root: Locator, fake_ollama: FakeOllama) -> None:
    hang = threading.Event()

    def slow(body: dict[str, Any]) -> str:
        hang.wait(20)
        return "no JSON"

    fake_ollama.answer = slow
    press(root, "Generate")
    notebook.expect(root.get_by_text("Writing …")).to_be_visible()
    press(root, "Stop")
    notebook.expect(root.get_by_text("Stopped.")).to_be_visible()
    hang.set()
    press(root, "Generate")
    notebook.expect(root.get_by_role("alert")).to_contain_text("No valid reply")
    assert notebook.kernel("print(browser.synthetic)") == "None"
    fake_ollama.answer = answer
    press(root, "Generate")
    notebook.expect(field(root, "Synthetic dialogue, from description")).to_contain_text(SAID[-1])
    notebook.expect(root.get_by_role("alert")).to_have_count(0)


def test_it_survives_a_reload_and_a_restart(notebook: Notebook, root: Locator) -> None:
    press(root, "Next")
    notebook.expect(root.get_by_text("Dialogue 2:")).to_be_visible()
    notebook.reload()
    root = ready(notebook)
    notebook.expect(root.get_by_text("Dialogue 2:")).to_be_visible()
    press(root, "Next")
    notebook.expect(root.get_by_text("Dialogue 3:")).to_be_visible()
    notebook.restart_and_run()
    root = ready(notebook)
    notebook.expect(root.get_by_text("Dialogue 1:")).to_be_visible()
    press(root, "Next")
    notebook.expect(root.get_by_text("Dialogue 2:")).to_be_visible()


def test_accessible_in_both_themes_and_on_a_narrow_page(notebook: Notebook, root: Locator) -> None:
    field(root, "Seed").fill("5")
    press(root, "Generate")
    notebook.expect(field(root, "Synthetic dialogue, from description")).to_be_visible()
    field(root, "Seed").fill("many")
    notebook.expect(root.get_by_role("alert")).to_contain_text("'many' is no whole number")
    assert notebook.axe(root) == []
    notebook.page.set_viewport_size({"width": 1280, "height": 1700})
    notebook.screenshot("scenario_browser_light", root)
    notebook.dark()
    assert notebook.axe(root) == []
    notebook.screenshot("scenario_browser_dark", root)
    notebook.page.set_viewport_size({"width": 800, "height": 2400})
    notebook.kernel("browser.show(5100)")  # with wide flowcharts
    notebook.expect(root.locator("svg")).to_have_count(3)
    root.locator("summary").last.click()
    assert notebook.cut(root) == []
    notebook.screenshot("scenario_browser_800", root)
