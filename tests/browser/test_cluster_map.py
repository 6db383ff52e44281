"""`ClusterMap` in a real browser. The embeddings are given: it is about the widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .steps import field, press

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .conftest import Notebook

CELL = """
from sdkit import Dialog, Turn
from sdkit.analysis.clustering import clusters
from sdkit.widgets import ClusterMap

said = {"taxi": "I need a taxi to the station.", "hotel": "Is there a hotel room left?"}
counts = {"taxi": 5, "hotel": 3}
dialogs = [
    Dialog(turns=[Turn(speaker="User", text=said[name]), Turn(speaker="System", text=f"{name} number {i} is booked.")])
    for name in said for i in range(counts[name])
]
nasty = "<script>document.title = 'run'</script> $x$ שלום " + "w" * 3000
dialogs.append(Dialog(turns=[Turn(speaker="User", text=nasty)]))
vectors = [[float(i < counts["taxi"]), 0.15 * (i % 9), float(i >= counts["taxi"])] for i in range(len(dialogs))]
widget = ClusterMap(clusters(dialogs, vectors, count=2), dialogs)
widget
"""


@pytest.fixture
def root(notebook: Notebook) -> Locator:
    return shown(notebook, CELL)


def shown(notebook: Notebook, cell: str) -> Locator:
    notebook.open([cell])
    notebook.run_all()
    root = notebook.root("sdkit-cluster-map")
    field(root, "Turns").wait_for()
    field(root, "Dialogues").wait_for()
    return root


def test_a_dialogue_is_chosen_on_the_map_and_in_the_list(notebook: Notebook, root: Locator) -> None:
    expect = notebook.expect
    expect(field(root, "Turns")).to_contain_text("taxi number")

    root.get_by_role("button", name="7. Is there a hotel room left?").click()

    expect(field(root, "Turns")).to_contain_text("hotel number 1 is booked.")
    expect(root.get_by_role("img")).to_have_attribute("aria-label", "Map of 9 dialogues in 2 clusters; B is looked at")
    field(root, "Dialogues").select_option("8. Is there a hotel room left?")
    expect(field(root, "Turns")).to_contain_text("hotel number 2 is booked.")
    assert notebook.kernel("print(dialogs.index(widget.value))") == "7"


def test_with_the_keyboard_alone(notebook: Notebook, root: Locator) -> None:
    expect, keys = notebook.expect, notebook.page.keyboard
    field(root, "Cluster").focus()
    for key in ("Space", "ArrowDown", "Enter"):  # without Space, JupyterLab would take the arrow for its own
        keys.press(key)
    expect(root.get_by_text("4 of 9 dialogues")).to_be_visible()
    before = notebook.kernel("print(dialogs.index(widget.value))")
    keys.press("Tab")
    expect(root.get_by_role("button", name="Next", exact=True)).to_be_focused()  # Previous has nowhere to go
    keys.press("Enter")
    expect(root.get_by_role("button", name="Previous", exact=True)).to_be_enabled()
    assert notebook.kernel("print(dialogs.index(widget.value))") != before
    keys.press("Tab")
    expect(field(root, "Turns")).to_be_focused()  # the marks and the list are for the mouse
    assert notebook.page.locator(".jp-Cell").count() == 1  # no key was taken for a command of the notebook's


def test_it_outlives_a_reload_and_a_restart(notebook: Notebook, root: Locator) -> None:
    root.get_by_role("button", name="7. Is there").click()
    notebook.expect(field(root, "Turns")).to_contain_text("hotel number 1")
    notebook.reload()
    notebook.expect(field(root, "Turns")).to_contain_text("hotel number 1")
    root.get_by_role("button", name="6. Is there").click()
    notebook.expect(field(root, "Turns")).to_contain_text("hotel number 0")
    notebook.restart_and_run()
    notebook.expect(field(root, "Turns")).to_contain_text("taxi number")


def test_everybody_can_use_it_light_and_dark_wide_and_narrow(notebook: Notebook, root: Locator) -> None:
    notebook.kernel("widget.show(8)")
    notebook.expect(field(root, "Turns")).to_contain_text("wwwww")
    assert root.locator("script, .MathJax, mjx-container").count() == 0
    assert notebook.page.title() != "run"
    for name in ("light", "dark"):
        notebook.dark() if name == "dark" else notebook.light()
        for pixels in (1280, 800):
            notebook.width(pixels)
            notebook.screenshot(f"cluster_map_{name}_{pixels}", root)
            assert (name, pixels, notebook.axe(root), notebook.cut(root)) == (name, pixels, [], [])


def test_a_thousand_dialogues_are_there_soon_and_stay_quick(notebook: Notebook) -> None:
    root = shown(notebook, CELL.replace('{"taxi": 5, "hotel": 3}', '{"taxi": 700, "hotel": 299}'))
    notebook.expect(field(root, "Dialogues").locator("option")).to_have_count(300)
    notebook.page.evaluate("window.began = performance.now()")
    field(root, "Cluster").select_option(index=1)
    notebook.expect(root.get_by_text("300 of 1,000 dialogues")).to_be_visible()
    press(root, "Next")
    notebook.expect(root.get_by_role("button", name="Previous", exact=True)).to_be_enabled()
    notebook.screenshot("cluster_map_1000", root)
    assert notebook.page.evaluate("performance.now() - window.began") < 5000
    assert notebook.axe(root) == notebook.cut(root) == []
