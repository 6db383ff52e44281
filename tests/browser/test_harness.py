"""The harness itself, with the smallest panel that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sdkit.errors import LabError

if TYPE_CHECKING:
    from conftest import Notebook

PANEL = """
import os
import ipywidgets
from sdkit.widgets.parts import Panel, button

class Greeter(Panel):
    def __init__(self):
        super().__init__("Greeter", "sdkit-greeter")
        self.name = ipywidgets.Text(description="Name", continuous_update=False)
        self.greet = button("Greet")
        self.on_click(self.greet, lambda: self.say(f"Hello {self.name.value}!"))
        self.body.children = [self.name, self.greet]

    def static_html(self):
        return "<p>Greeter</p>"

greeter = Greeter()
greeter
"""


def test_what_is_typed_and_pressed_reaches_the_kernel_and_comes_back(notebook: Notebook) -> None:
    notebook.open([PANEL])
    notebook.run_all()
    root = notebook.root("sdkit-greeter")

    root.get_by_label("Name", exact=True).fill("<b>Ana</b>")
    root.get_by_role("button", name="Greet").click()

    notebook.expect(root.get_by_role("status")).to_have_text("Hello <b>Ana</b>!")
    assert notebook.kernel("print(greeter.name.value)") == "<b>Ana</b>"
    assert notebook.axe(root) == notebook.cut(root) == []


def test_a_widget_outlives_a_reload_and_is_made_again_after_a_restart(notebook: Notebook) -> None:
    notebook.open([PANEL])
    notebook.run_all()
    notebook.root("sdkit-greeter").get_by_label("Name", exact=True).fill("Ana")
    notebook.root("sdkit-greeter").get_by_role("button", name="Greet").click()

    notebook.reload()
    assert notebook.root("sdkit-greeter").get_by_label("Name", exact=True).input_value() == "Ana"

    notebook.restart_and_run()
    assert notebook.root("sdkit-greeter").get_by_label("Name", exact=True).input_value() == ""


def test_each_test_begins_with_a_clean_kernel_and_its_own_environment(notebook: Notebook) -> None:
    notebook.open(["left_behind = 1"], env={"SDKIT_MODEL": "tiny"})
    notebook.run_all()
    assert notebook.kernel("import os; print(os.environ['SDKIT_MODEL'])") == "tiny"

    notebook.open([PANEL])
    assert notebook.kernel("import os; print('left_behind' in globals(), 'SDKIT_MODEL' in os.environ)") == "False False"


def test_the_window_can_be_dark_and_narrow(notebook: Notebook) -> None:
    notebook.open([PANEL])
    notebook.run_all()
    root = notebook.root("sdkit-greeter")

    notebook.dark()
    notebook.width(800)

    assert notebook.axe(root) == notebook.cut(root) == []
    assert notebook.page.evaluate("document.body.dataset.jpThemeLight") == "false"
    notebook.open([])
    assert notebook.page.evaluate("document.body.dataset.jpThemeLight") == "true"


def test_what_cannot_be_used_or_read_to_its_end_is_found(notebook: Notebook) -> None:
    nameless = "ipywidgets.Button(layout=ipywidgets.Layout(width='3000px'))"
    notebook.open([f"import ipywidgets\nipywidgets.VBox([{nameless}]).add_class('sdkit-bad')"])
    notebook.run_all()
    root = notebook.root("sdkit-bad")
    root.get_by_role("button").wait_for()

    assert any(line.startswith("button-name (critical)") for line in notebook.axe(root))
    assert notebook.cut(root)


def test_a_cell_or_a_question_that_fails_is_told(notebook: Notebook) -> None:
    notebook.open(["1 / 0"])
    with pytest.raises(LabError, match="ZeroDivisionError"):
        notebook.run_all()
    with pytest.raises(LabError, match="NameError"):
        notebook.kernel("nothing_of_that_name")


def test_errors_in_the_console_are_kept(notebook: Notebook) -> None:
    notebook.open([])
    notebook.page.evaluate("console.error('of our own making')")
    assert len(notebook.console_errors) == 1
    assert notebook.console_errors[0].startswith("of our own making")
    notebook.console_errors.clear()
