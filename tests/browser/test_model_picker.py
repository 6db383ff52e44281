from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import FakeOllama
    from playwright.sync_api import Locator

    from .conftest import Notebook

CELL = "from sdkit.widgets import ModelPicker\npicker = ModelPicker()\npicker"
QWEN = {"name": "qwen2.5:14b", "size": 8_988_124_069, "details": {"parameter_size": "14.8B"}}
TINY = {"name": "tiny:latest", "size": 98_000_000}
NOBODY = "127.0.0.1:1"

Open = Callable[[str], "Locator"]


@pytest.fixture
def picker(notebook: Notebook, tmp_path: Path) -> Open:
    """Give a function that shows the picker, with this Ollama and no weights, and returns its root."""

    def open_it(ollama: str) -> Locator:
        notebook.open([CELL], env={"OLLAMA_HOST": ollama, "SDKIT_CACHE": str(tmp_path)})
        notebook.run_all()
        root = notebook.root("sdkit-model-picker")
        notebook.expect(root.get_by_role("button", name="Fetch")).to_be_enabled()  # it knows what there is
        return root

    return open_it


def default(notebook: Notebook) -> str:
    return notebook.kernel("from sdkit import default_model; print(default_model())")


def test_what_is_chosen_and_used_answers_in_the_notebook(
    notebook: Notebook, picker: Open, fake_ollama: FakeOllama
) -> None:
    fake_ollama.has(QWEN, TINY, loaded=["tiny:latest"])
    root = picker(fake_ollama.url)
    row = root.get_by_role("row", name="tiny:latest")
    notebook.expect(row).to_have_text("tiny:latestOllama98 MBin memory")
    assert default(notebook) == "qwen2.5:14b"

    root.get_by_label("Model", exact=True).select_option("tiny:latest (in memory)")
    root.get_by_role("button", name="Use in this notebook").click()

    notebook.expect(root).to_contain_text("tiny:latest answers, because SDKIT_MODEL says so")
    assert default(notebook) == notebook.kernel("print(picker.value)") == "tiny:latest"

    root.get_by_label("Model", exact=True).select_option("the default")
    root.get_by_role("button", name="Use in this notebook").click()

    notebook.expect(root).to_contain_text("qwen2.5:14b answers, because Ollama is running")
    assert default(notebook) == "qwen2.5:14b"


def test_without_ollama_it_says_what_to_do_and_refresh_finds_one_that_was_started(
    notebook: Notebook, picker: Open, fake_ollama: FakeOllama
) -> None:
    root = picker(NOBODY)
    notebook.expect(root).to_contain_text("nothing answers at http://127.0.0.1:1. Start Ollama (`ollama serve`)")

    fake_ollama.has(TINY)
    notebook.kernel(f"import os; os.environ['OLLAMA_HOST'] = {fake_ollama.url!r}")
    root.get_by_role("button", name="Refresh").click()

    notebook.expect(root.get_by_role("row", name="tiny:latest")).to_be_visible()
    notebook.expect(root).not_to_contain_text("nothing answers")


def test_a_model_that_is_not_here_is_an_alert_until_another_is_chosen(notebook: Notebook, picker: Open) -> None:
    root = picker(NOBODY)

    root.get_by_label("Model", exact=True).select_option("embedded:smollm2-135m (to fetch)")

    notebook.expect(root.get_by_role("alert")).to_contain_text("is not on this machine; Fetch gets it (98 MB)")
    notebook.expect(root.get_by_label("To fetch")).to_have_value("embedded:smollm2-135m")
    assert notebook.kernel("print(picker.value, list(picker.errors))") == "None ['model']"

    root.get_by_label("Model", exact=True).select_option("the default")
    notebook.expect(root.get_by_role("alert")).to_have_count(0)
    assert notebook.kernel("print(picker.errors)") == "{}"


def test_fetching_shows_how_far_it_is_stops_when_told_and_goes_on(
    notebook: Notebook, picker: Open, fake_ollama: FakeOllama
) -> None:
    go_on = threading.Event()
    fake_ollama.has()
    fake_ollama.pulls(TINY, go_on)
    root = picker(fake_ollama.url)

    root.get_by_label("To fetch").fill("tiny")
    root.get_by_role("button", name="Fetch").click()

    bar = root.get_by_role("progressbar", name="Fetched")
    notebook.expect(bar).to_have_attribute("value", "49000000")
    notebook.expect(root).to_contain_text("49 MB of 98 MB, 50 %")
    assert notebook.axe(root) == []

    root.get_by_role("button", name="Stop").click()

    notebook.expect(root.get_by_role("status")).to_have_text("Stopped.")
    notebook.expect(root).to_contain_text("Ollama goes on from there next time")
    notebook.expect(bar).to_have_count(0)
    assert notebook.kernel("print(picker.value)") == "None"

    go_on.set()
    root.get_by_role("button", name="Fetch").click()

    notebook.expect(root.get_by_role("status")).to_have_text("tiny:latest is here, and chosen.")
    notebook.expect(root.get_by_label("Model", exact=True)).to_have_value("tiny:latest (here)")
    assert notebook.kernel("print(picker.value)") == "tiny:latest"


def test_a_failed_fetch_is_an_alert(notebook: Notebook, picker: Open) -> None:
    root = picker(NOBODY)
    root.get_by_label("To fetch").fill("<b>no name</b>")
    root.get_by_role("button", name="Fetch").click()
    notebook.expect(root.get_by_role("alert")).to_contain_text("'<b>no name</b>' is not the name of an Ollama model")


def test_it_outlives_a_reload_and_is_new_after_a_restart(
    notebook: Notebook, picker: Open, fake_ollama: FakeOllama
) -> None:
    fake_ollama.has(TINY)
    root = picker(fake_ollama.url)
    choice = root.get_by_label("Model", exact=True)
    choice.select_option("tiny:latest (here)")
    assert notebook.kernel("print(picker.value)") == "tiny:latest"

    notebook.reload()

    notebook.expect(choice).to_have_value("tiny:latest (here)")
    root.get_by_role("button", name="Use in this notebook").click()
    notebook.expect(root).to_contain_text("because SDKIT_MODEL says so")

    notebook.restart_and_run()

    notebook.expect(root.get_by_role("row", name="tiny:latest")).to_be_visible()
    notebook.expect(choice).to_have_value("the default")
    assert notebook.kernel("import os; print(picker.value, 'SDKIT_MODEL' in os.environ)") == "None False"


def test_the_keyboard_is_enough(notebook: Notebook, picker: Open, fake_ollama: FakeOllama) -> None:
    go_on = threading.Event()
    fake_ollama.has(QWEN)
    fake_ollama.pulls(TINY, go_on)
    root = picker(fake_ollama.url)
    press = notebook.page.keyboard.press

    root.get_by_label("Model", exact=True).focus()
    press("End")
    press("Tab")
    press("Enter")
    notebook.expect(root).to_contain_text("qwen2.5:14b answers, because SDKIT_MODEL says so")
    notebook.expect(root.get_by_role("button", name="Fetch")).to_be_enabled()

    press("Tab")
    press("Tab")
    notebook.page.keyboard.type("tiny")
    press("Tab")
    press("Space")
    notebook.expect(root).to_contain_text("50 %")
    press("Tab")
    press("Enter")
    notebook.expect(root.get_by_role("status")).to_have_text("Stopped.")


def test_everybody_can_read_it_light_and_dark_wide_and_narrow(
    notebook: Notebook, picker: Open, fake_ollama: FakeOllama
) -> None:
    fake_ollama.has(QWEN, {"name": f"host/owner/{'long-name-' * 9}:q4", "size": 1})
    root = picker(fake_ollama.url)
    root.get_by_label("Model", exact=True).select_option("embedded:smollm2-135m (to fetch)")
    notebook.expect(root.get_by_role("alert")).to_be_visible()
    for name in ("light", "dark"):
        notebook.dark() if name == "dark" else notebook.light()
        for pixels in (1280, 800):
            notebook.width(pixels)
            notebook.screenshot(f"model_picker_{name}_{pixels}", root)
            assert (name, pixels, notebook.axe(root), notebook.cut(root)) == (name, pixels, [], [])
