"""`PlanEditor` in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sdkit.factory import Spec

from .steps import field, press

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .conftest import Notebook

CELL = """
from sdkit.widgets import PlanEditor

editor = PlanEditor({{"regions": {{"Lyon": 2, "Turin": 1}}, "user_emotions": ["Calm", "Angry"]}}, 60, path={file!r})
editor
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "plan.yaml"


@pytest.fixture
def root(notebook: Notebook, file: Path) -> Locator:
    notebook.open([CELL.format(file=str(file))])
    notebook.run_all()
    return ready(notebook)


def ready(notebook: Notebook) -> Locator:
    root = notebook.root("sdkit-plan-editor")
    field(root, "Regions").wait_for()
    table(root, "The first 5").wait_for()
    return root


def table(root: Locator, name: str) -> Locator:
    return root.get_by_role("region", name=name)


def test_an_edit_changes_the_plan_and_a_wrong_one_says_why(notebook: Notebook, root: Locator) -> None:
    expect = notebook.expect
    field(root, "Show").select_option("Regions")
    expect(table(root, "Regions: 2 values")).to_contain_text("40")

    field(root, "Regions").fill("Lyon\nTurin\nPorto: 2")
    expect(table(root, "Regions: 3 values, planned 15 to 30 times each")).to_be_visible()

    field(root, "Regions").fill("Lyon: many")
    expect(root.get_by_role("alert")).to_contain_text("the weight of 'Lyon' is 'many'; give a number, 0 or more")
    expect(root.get_by_role("status")).to_contain_text("To mend: Regions.")
    expect(table(root, "Regions: 3 values")).to_be_visible()
    assert notebook.kernel("print(list(editor.value.regions), list(editor.errors))") == (
        "['Lyon', 'Turin', 'Porto'] ['regions']"
    )
    field(root, "Regions").fill("Lyon")
    expect(root.get_by_role("alert")).to_have_count(0)
    field(root, "Dialogues").fill("7")
    expect(table(root, "Regions: 1 value, planned 7 times each")).to_be_visible()


def test_fields_and_yaml_follow_each_other(notebook: Notebook, root: Locator) -> None:
    expect = notebook.expect
    field(root, "Regions").fill("Porto")
    press(root, "YAML")
    yaml = field(root, "The plan as YAML")
    notebook.page.wait_for_function("() => document.querySelector('.sdkit-plan-editor textarea')?.value")
    assert "regions: [Porto]" in yaml.input_value()

    yaml.fill("regions: [Braga, Faro]\nadd: {services: {single: {of: [ferry]}}}")
    expect(root.locator("pre")).to_contain_text("of: [ferry]")
    press(root, "Categories")
    expect(field(root, "Categories: ferry")).to_be_visible()
    press(root, "Values")
    expect(field(root, "Regions")).to_have_value("Braga\nFaro")


def test_with_the_keyboard_alone_a_plan_is_edited_and_saved(notebook: Notebook, root: Locator, file: Path) -> None:
    expect, keys = notebook.expect, notebook.page.keyboard
    field(root, "Seed").focus()
    keys.press("Tab")
    expect(root.get_by_role("button", name="▸ Values")).to_be_focused()
    for _ in range(4):
        keys.press("Tab")
    expect(root.get_by_role("button", name="Rules")).to_be_focused()
    keys.press("Enter")
    expect(field(root, "Quotas (YAML)")).to_be_visible()
    for _ in range(2):
        keys.press("Tab")
    expect(field(root, "Quotas (YAML)")).to_be_focused()
    keys.type("user_emotions: {Angry: 9}")
    keys.press("Tab")
    keys.press("Tab")
    expect(field(root, "File")).to_be_focused()
    keys.press("Tab")
    keys.press("Enter")
    expect(root.get_by_text(f"Saved to {file}.")).to_be_visible()
    assert Spec.load(file).quotas == {"user_emotions": {"Angry": 9}}
    assert notebook.page.locator(".jp-Cell").count() == 1  # no key was taken for a command of the notebook's


def test_a_plan_is_loaded_and_it_outlives_a_reload(notebook: Notebook, root: Locator, file: Path) -> None:
    file.write_text("regions: [Braga]\n", encoding="utf-8")
    press(root, "Load")
    notebook.expect(field(root, "Regions")).to_have_value("Braga")
    field(root, "Regions").fill("Braga\nFaro")
    notebook.expect(root.get_by_text("Loaded")).to_have_count(0)

    notebook.reload()
    root = ready(notebook)
    notebook.expect(field(root, "Regions")).to_have_value("Braga\nFaro")
    notebook.restart_and_run()
    notebook.expect(field(ready(notebook), "Regions")).to_have_value("Lyon: 2\nTurin")


def test_everybody_can_use_it_light_and_dark_wide_and_narrow(notebook: Notebook, root: Locator) -> None:
    field(root, "Regions").fill("Lyon: many\n<script>document.title = 'run'</script> $x$ שלום " + "w" * 2000)
    notebook.expect(root.get_by_role("alert")).to_have_count(1)
    for name in ("light", "dark"):
        notebook.dark() if name == "dark" else notebook.light()
        for pixels in (1280, 800):
            notebook.width(pixels)
            notebook.screenshot(f"plan_editor_{name}_{pixels}", root)
            assert (name, pixels, notebook.axe(root), notebook.cut(root)) == (name, pixels, [], [])
    for section in ("Services", "Categories", "Turns and sampling", "Rules", "YAML"):
        press(root, section)
        root.get_by_role("button", name=f"▸ {section}").wait_for()
        notebook.screenshot(f"plan_editor_{section.partition(' ')[0].lower()}", root)
        assert (section, notebook.axe(root), notebook.cut(root)) == (section, [], [])
    press(root, "Values")
    field(root, "Regions").fill("<script>document.title = 'run'</script> $x$ שלום " + "w" * 2000)
    notebook.expect(root.get_by_role("alert")).to_have_count(0)
    field(root, "Show").select_option("Regions")
    notebook.expect(table(root, "Regions: 1 value")).to_contain_text("document.title")
    assert notebook.axe(root) == notebook.cut(root) == []
    assert root.locator("script, .MathJax, mjx-container").count() == 0
    assert notebook.page.title() != "run"


def test_a_plan_of_5000_follows_what_is_typed(notebook: Notebook, root: Locator) -> None:
    field(root, "Dialogues").fill("5000")
    field(root, "Show").select_option("Regions")
    notebook.expect(table(root, "Regions: 2 values, planned 1,667 to 3,333 times each")).to_be_visible()
    notebook.page.evaluate("window.began = performance.now()")
    field(root, "Regions").press_sequentially("\nPorto", delay=30)
    notebook.expect(table(root, "Regions: 3 values")).to_contain_text("Porto")
    assert notebook.page.evaluate("performance.now() - window.began") < 8000
