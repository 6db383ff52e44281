"""`QualityDashboard` in a real browser, on what a factory has made with a made-up model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .steps import field, press

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .conftest import Notebook

CELL = """
import os, sys
sys.path.insert(0, {tests!r})
from loopback_model import HashedEmbeddings, LoopbackModel
from sdkit.factory import Factory
from sdkit.widgets import QualityDashboard

def bend(answer, asked):
    if "turns" in answer and len(asked) % 4 == 0:
        answer["turns"][1]["assistant_response"] = "Call 020 7946 0958 or write to ana@example.org. " + "w" * 800
    elif "turns" in answer:
        answer["turns"][1]["utterance"] = "<script>document.title = 'run'</script> $x$ שלום " + "w" * 800
    return answer

served = LoopbackModel(planted=0.3, bend=bend)
served.__enter__()
os.environ["OLLAMA_HOST"] = served.url

def factory(total):
    spec = {{"regions": ["Lyon", "Turin"], "user_emotions": ["Calm", "Angry"]}}
    how = dict(bases=None, embeddings=HashedEmbeddings(), threshold=1.0, concurrency=1)
    return Factory(total, {file!r}, spec, model="loop", **how)

factory(24).run(progress=False)
dashboard = QualityDashboard(factory(26).made())
dashboard
"""
TESTS = Path(__file__).parents[1]


@pytest.fixture
def root(notebook: Notebook, tmp_path: Path) -> Locator:
    notebook.open([CELL.format(tests=str(TESTS), file=str(tmp_path / "out.json"))])
    notebook.run_all()
    return ready(notebook)


def ready(notebook: Notebook) -> Locator:
    root = notebook.root("sdkit-quality-dashboard")
    root.get_by_role("button", name="Dialogues", exact=True).wait_for()
    return root


def region(root: Locator, name: str) -> Locator:
    return root.get_by_role("region", name=name)


def test_from_the_counts_to_the_dialogues(notebook: Notebook, root: Locator) -> None:
    expect = notebook.expect
    expect(region(root, "Dialogues and attempts")).to_contain_text("asked for")
    press(root, "Balance")
    field(root, "By").select_option("Regions")
    expect(region(root, "Regions: 2 values")).to_contain_text("Turin")

    press(root, "Uniqueness")
    expect(region(root, "Thresholds of similarity")).to_contain_text("0.95")
    expect(root.get_by_role("img")).to_have_count(1)
    before = root.locator(".sdkit-quality-pair").last.inner_text()
    field(root, "Nearest pairs").locator("option").nth(3).wait_for(state="attached")
    field(root, "Nearest pairs").select_option(index=3)
    expect(root.get_by_text("4 of 50")).to_be_visible()
    assert root.locator(".sdkit-quality-pair").last.inner_text() != before
    expect(region(root, "Turns of dialogue")).to_have_count(2)

    press(root, "Dialogues")
    field(root, "By").select_option("User emotions")
    field(root, "Value").select_option("Angry")
    expect(root.get_by_text("1 of 12")).to_be_visible()
    press(root, "Next")
    expect(root.get_by_text("2 of 12")).to_be_visible()
    assert notebook.kernel("print(dashboard.value.scenario['user_emotions'])") == "['Angry']"


def test_what_was_flagged_is_read_without_its_personal_data(notebook: Notebook, root: Locator) -> None:
    press(root, "Moderation")
    notebook.expect(region(root, "What was flagged")).to_contain_text("e-mail")
    notebook.expect(region(root, "Turns, with what was found")).to_contain_text("…58")
    assert "7946" not in root.inner_text()
    assert "ana@" not in root.inner_text()


def test_groups_are_measured_and_compared(notebook: Notebook, root: Locator) -> None:
    press(root, "Behaviour")
    notebook.expect(region(root, "Conduct by user emotions")).to_contain_text("Angry")
    press(root, "Compare")
    notebook.expect(region(root, "Angry and Calm")).to_contain_text("no more than chance")
    field(root, "with").select_option("Angry")
    press(root, "Compare")
    notebook.expect(root.get_by_role("alert")).to_contain_text("choose two different groups")


def test_with_the_keyboard_alone(notebook: Notebook, root: Locator) -> None:
    expect, keys = notebook.expect, notebook.page.keyboard
    root.get_by_role("button", name="Behaviour", exact=True).focus()
    keys.press("Tab")
    keys.press("Enter")
    expect(field(root, "Turns")).to_be_visible()
    for _ in range(4):  # By, Value, and Next: nothing is before the first, and the list is for the mouse
        keys.press("Tab")
    keys.press("Shift+Tab")
    expect(root.get_by_role("button", name="Next", exact=True)).to_be_focused()
    keys.press("Enter")
    expect(root.get_by_text("2 of 24")).to_be_visible()
    root.get_by_role("button", name="Balance", exact=True).focus()
    keys.press("Enter")
    expect(region(root, "Values by axis")).to_be_visible()
    field(root, "By").focus()
    keys.press("Tab")
    for key in "dd":  # which deletes a cell where JupyterLab takes it for its own
        keys.press(key)
    assert notebook.page.locator(".jp-Cell").count() == 1


def test_a_factory_that_goes_on_is_looked_at_anew(notebook: Notebook, root: Locator) -> None:
    notebook.expect(root.get_by_text("24 of 26 dialogues are there (92%).")).to_be_visible()
    notebook.kernel("factory(26).run(progress=False) and None")
    press(root, "Refresh")
    notebook.expect(root.get_by_text("26 of 26 dialogues are there (100%).")).to_be_visible()
    notebook.reload()
    root = ready(notebook)
    press(root, "Dialogues")
    notebook.expect(root.get_by_text("1 of 26")).to_be_visible()


def test_everybody_can_use_it_light_and_dark_wide_and_narrow(notebook: Notebook, root: Locator) -> None:
    last = {
        "Overview": "What of the plan the texts show",
        "Balance": "Values by axis",
        "Uniqueness": "Thresholds of similarity",
        "Moderation": "Turns, with what was found",
        "Behaviour": "Conduct by user emotions",
        "Dialogues": "Turns",
    }
    for section, part in last.items():
        root.get_by_role("button", name=section).click()  # the one that is shown has a sign before its name
        region(root, part).first.wait_for()
        if section == "Behaviour":
            press(root, "Compare")
            region(root, "Angry and Calm").wait_for()
        for name in ("light", "dark"):
            notebook.dark() if name == "dark" else notebook.light()
            for pixels in (1280, 800):
                notebook.width(pixels)
                notebook.screenshot(f"quality_dashboard_{section.lower()}_{name}_{pixels}", root)
                found = (notebook.axe(root), notebook.cut(root))
                assert (section, name, pixels, *found) == (section, name, pixels, [], [])
    assert root.locator("script, .MathJax, mjx-container").count() == 0
    assert notebook.page.title() != "run"
