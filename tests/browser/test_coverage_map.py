"""`CoverageMap` in a real browser. What stands in for embeddings counts words: it is about the widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .steps import field

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .conftest import Notebook

CELL = """
import re, zlib
from langchain_core.embeddings import Embeddings
from sdkit.population import coverage
from sdkit.personas import Persona
from sdkit.widgets import CoverageMap

class Words(Embeddings):
    def embed_query(self, text):
        vector = [0.0] * 64
        for word in re.findall(r"\\w+", text.casefold()):
            vector[zlib.crc32(word.encode()) % 64] += 1
        return vector
    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]

axes = {"age band": ["18-24", "25-34", "65 and older"], "patience": ["calm", "impatient"]}
people = [
    Persona(name="Agnes", background="Agnes is 71 and calm. Her kettle leaks."),
    Persona(name="Ben", background="Ben is 22 and impatient. His kettle leaks."),
    Persona(name="Carla", background="Carla is 29 and friendly. She sells teapots to hotels."),
    Persona(name="<script>document.title = 'run'</script> $x$ שלום", background="34, impatient. " + "w" * 5000),
]
widget = CoverageMap(coverage(people, axes, embeddings=Words()))
widget
"""
MANY = CELL.replace(
    "widget = ",
    "people += [Persona(name=f'P{i}', background=f'I am {i}, of {20 + i % 60}, calm.') for i in range(196)]\nwidget = ",
)


@pytest.fixture
def root(notebook: Notebook) -> Locator:
    return shown(notebook, CELL)


def shown(notebook: Notebook, cell: str) -> Locator:
    notebook.open([cell])
    notebook.run_all()
    root = notebook.root("sdkit-coverage-map")
    field(root, "Values").wait_for()
    field(root, "Persona").first.wait_for()
    return root


def persona(root: Locator) -> Locator:
    return root.get_by_role("region", name="Persona", exact=True)


def test_a_persona_is_chosen_on_the_map(notebook: Notebook, root: Locator) -> None:
    expect = notebook.expect
    expect(persona(root)).to_contain_text("Agnes is 71")
    mark = root.get_by_role("button", name="Carla")
    letter = root.locator("svg text", has_text="Carla").bounding_box()
    place = mark.bounding_box()
    assert letter
    assert place
    assert abs(place["y"] + place["height"] / 2 - letter["y"] - letter["height"] / 2) < 4, "it lies over its mark"
    assert 0 < letter["x"] - place["x"] < 40 or 0 < place["x"] - letter["x"] < 80

    mark.click()

    expect(persona(root)).to_contain_text("She sells teapots to hotels.")
    expect(root.get_by_role("img")).to_have_attribute("aria-label", "Map of 4 personas by age band; Carla is looked at")
    expect(root.get_by_role("combobox", name="Persona")).to_have_value("Carla")
    assert notebook.kernel("print(widget.value.name)") == "Carla"


def test_with_the_keyboard_alone(notebook: Notebook, root: Locator) -> None:
    expect, keys = notebook.expect, notebook.page.keyboard
    field(root, "Letters tell").focus()
    for key in ("Space", "ArrowDown", "Enter"):  # without Space, JupyterLab would take the arrow for its own
        keys.press(key)
    expect(root.get_by_text("patience: A calm; B impatient; ? unknown.")).to_be_visible()
    keys.press("Tab")
    expect(root.get_by_role("combobox", name="Persona")).to_be_focused()
    for key in ("Space", "ArrowDown", "Enter"):
        keys.press(key)
    expect(persona(root)).to_contain_text("Ben is 22")
    keys.press("Tab")
    expect(persona(root)).to_be_focused()  # the marks are for the mouse
    keys.press("Tab")
    expect(field(root, "Values")).to_be_focused()
    assert notebook.kernel("print(widget.value.name)") == "Ben"
    assert notebook.page.locator(".jp-Cell").count() == 1  # no key was taken for a command of the notebook's


def test_it_outlives_a_reload_and_a_restart(notebook: Notebook, root: Locator) -> None:
    root.get_by_role("button", name="Ben").click()
    notebook.expect(persona(root)).to_contain_text("Ben is 22")
    notebook.reload()
    notebook.expect(persona(root)).to_contain_text("Ben is 22")
    root.get_by_role("button", name="Carla").click()
    notebook.expect(persona(root)).to_contain_text("She sells teapots")
    notebook.restart_and_run()
    notebook.expect(persona(root)).to_contain_text("Agnes is 71")


def test_everybody_can_use_it_light_and_dark_wide_and_narrow(notebook: Notebook, root: Locator) -> None:
    notebook.kernel("widget.show(3)")
    notebook.expect(persona(root)).to_contain_text("wwwww")
    assert root.locator("script, .MathJax, mjx-container").count() == 0
    assert notebook.page.title() != "run"
    for name in ("light", "dark"):
        notebook.dark() if name == "dark" else notebook.light()
        for pixels in (1280, 800):
            notebook.width(pixels)
            notebook.screenshot(f"coverage_map_{name}_{pixels}", root)
            assert (name, pixels, notebook.axe(root), notebook.cut(root)) == (name, pixels, [], [])


def test_200_personas_are_there_soon_and_stay_quick(notebook: Notebook) -> None:
    root = shown(notebook, MANY)
    notebook.expect(root.get_by_role("button")).to_have_count(200)
    notebook.page.evaluate("window.began = performance.now()")
    root.get_by_role("combobox", name="Persona").select_option("P150")
    notebook.expect(persona(root)).to_contain_text("I am 150, of")
    notebook.screenshot("coverage_map_200", root)
    assert notebook.page.evaluate("performance.now() - window.began") < 5000
    assert notebook.axe(root) == notebook.cut(root) == []
