"""`BatchRunner` in a real browser. A fake server says what the test wants: it is about the widget."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from .steps import press

if TYPE_CHECKING:
    from conftest import FakeOllama
    from playwright.sync_api import Locator

    from .conftest import Notebook

CELL = """
from sdkit.batch import Batch
from sdkit.generators import DialogGenerator
from sdkit.widgets import BatchRunner

def maker(number):
    return DialogGenerator("fake", f"Ana sells Tom {{number}} rolls.", speakers=["Ana", "Tom"], turns=(2, 2))

runner = BatchRunner(Batch(range(1, 9), maker, {to!r}))
runner
"""
EVIL = "<script>document.title = 'run'</script>"
NOBODY = "http://127.0.0.1:1"
KERNEL = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"


class Model:
    """What the fake server says: a dialogue of two turns; it waits or fails where a test says so."""

    def __init__(self) -> None:
        self.wait_after, self.bad = 0, ""
        self.asked = 0
        self.go_on = threading.Event()

    def __call__(self, body: dict[str, Any]) -> str:
        self.asked += 1
        if self.asked > self.wait_after > 0:
            self.go_on.wait(20)
        if self.bad and self.bad in json.dumps(body["messages"]):
            return EVIL
        return json.dumps({"dialog": [{"speaker": name, "text": f"A roll. {EVIL}"} for name in ("Ana", "Tom")]})


@pytest.fixture
def model(fake_ollama: FakeOllama) -> Iterator[Model]:
    fake_ollama.answer = model = Model()
    yield model
    model.go_on.set()


Open = Callable[..., "Locator"]


@pytest.fixture
def runner(notebook: Notebook, fake_ollama: FakeOllama, model: Model, tmp_path: Path) -> Open:
    """Give a function that shows the runner and returns its root."""

    def show(ollama: str = fake_ollama.url) -> Locator:
        notebook.open([CELL.format(to=str(tmp_path / "rolls"))], env={"OLLAMA_HOST": ollama})
        notebook.run_all()
        return ready(notebook)

    return show


def ready(notebook: Notebook) -> Locator:
    root = notebook.root("sdkit-batch-runner")
    notebook.expect(root.get_by_role("button", name="Stop", exact=True)).to_be_attached()
    notebook.expect(root.get_by_role("progressbar", name="Dialogues there")).to_be_visible()
    return root


def state(notebook: Notebook) -> str:
    return notebook.kernel("v = runner.value; print(v.done, v.made, len(v.failed), v.stop, list(runner.errors))")


def test_with_the_keyboard_alone_it_starts_stops_while_a_cell_runs_and_goes_on(
    notebook: Notebook, runner: Open, model: Model
) -> None:
    keys = notebook.page.keyboard
    model.wait_after = 3
    root = runner()
    notebook.expect(root).to_contain_text("0 of 8 dialogues there")
    notebook.expect(root.get_by_role("button", name="Stop", exact=True)).to_be_disabled()
    root.get_by_role("button", name="Start", exact=True).focus()
    keys.press("Enter")
    notebook.expect(root).to_contain_text("3 of 8 dialogues there, less than a minute left")
    notebook.expect(root.get_by_role("button", name="Resume")).to_be_disabled()

    busy = f"{KERNEL}.requestExecute({{code: 'import time; time.sleep(3)'}})"
    notebook.page.evaluate(f"{{ window.over = false; {busy}.done.then(() => window.over = true); 0 }}")
    keys.press("Tab")
    notebook.expect(root.get_by_role("button", name="Stop", exact=True)).to_be_focused()
    keys.press("Enter")

    notebook.expect(root.get_by_role("status")).to_have_text("Stopped. What was made is kept, and Resume goes on.")
    assert notebook.page.evaluate("window.over") is False
    notebook.expect(root.get_by_role("button", name="Resume")).to_be_enabled()
    notebook.expect(root).to_contain_text("3 of 8 dialogues there")
    assert state(notebook) == "3 3 0 stopped []"

    model.go_on.set()
    keys.press("Shift+Tab")
    keys.press("Space")

    notebook.expect(root.get_by_role("status")).to_have_text("Done: all 8 dialogues are there.")
    assert state(notebook) == "8 5 0 done []"
    assert model.asked == 9


def test_it_goes_on_after_a_reload_and_after_a_restart(notebook: Notebook, runner: Open, model: Model) -> None:
    root = runner()
    model.wait_after = 2
    press(root, "Start")
    notebook.expect(root).to_contain_text("2 of 8 dialogues there")

    notebook.reload()
    root = ready(notebook)
    model.wait_after = 4
    model.go_on.set()
    model.go_on.clear()
    notebook.expect(root).to_contain_text("4 of 8 dialogues there")

    notebook.restart_and_run()
    root = ready(notebook)
    notebook.expect(root).to_contain_text("4 of 8 dialogues there")
    model.go_on.set()
    press(root, "Resume")
    notebook.expect(root.get_by_role("status")).to_have_text("Done: all 8 dialogues are there.")
    assert state(notebook) == "8 4 0 done []"


def test_what_was_made_and_what_failed_is_shown_and_tried_again(
    notebook: Notebook, runner: Open, model: Model, tmp_path: Path
) -> None:
    model.bad = "Tom 3 rolls"
    root = runner()
    press(root, "Start")

    notebook.expect(root.get_by_role("status")).to_have_text(
        "It has come to its end, and 1 failed. Resume tries them again."
    )
    notebook.expect(root).to_contain_text("7 of 8 dialogues there, 1 failed")
    row = root.get_by_role("row", name="ReplyError")
    notebook.expect(row).to_contain_text(f'It began: "{EVIL}"')
    notebook.expect(row.get_by_role("cell").first).to_have_text("3")
    notebook.expect(root).to_contain_text("Dialogue 8: 2 turns, between Ana and Tom")
    notebook.expect(root.get_by_text(f"A roll. {EVIL}").first).to_be_visible()
    assert notebook.page.title() != "run"
    assert len(list((tmp_path / "rolls" / "txt").iterdir())) == 7

    model.bad = ""
    press(root, "Resume")
    notebook.expect(root.get_by_role("status")).to_have_text("Done: all 8 dialogues are there.")
    notebook.expect(row).to_have_count(0)


def test_a_model_that_does_not_answer_and_another_run_are_alerts(
    notebook: Notebook, runner: Open, fake_ollama: FakeOllama, tmp_path: Path
) -> None:
    root = runner(ollama=NOBODY)
    press(root, "Start")
    notebook.expect(root.get_by_role("alert")).to_contain_text("nothing answers at http://127.0.0.1:1")
    notebook.expect(root.get_by_role("button", name="Start", exact=True)).to_be_enabled()
    assert state(notebook) == "0 0 0  ['run']"

    notebook.kernel(f"import os; os.environ['OLLAMA_HOST'] = {fake_ollama.url!r}")
    with FileLock(tmp_path / "rolls" / "lock"):  # as if another program were at it
        press(root, "Start")
        notebook.expect(root.get_by_role("alert")).to_contain_text("is being made by another process")
    assert state(notebook) == "0 0 0  ['run']"

    press(root, "Start")
    notebook.expect(root.get_by_role("status")).to_have_text("Done: all 8 dialogues are there.")
    notebook.expect(root.get_by_role("alert")).to_have_count(0)
    assert state(notebook) == "8 8 0 done []"


def test_everybody_can_read_it_light_and_dark_wide_and_narrow(notebook: Notebook, runner: Open, model: Model) -> None:
    model.bad, model.wait_after = "Tom 3 rolls", 9
    root = runner()
    press(root, "Start")
    notebook.expect(root).to_contain_text("6 of 8 dialogues there, 1 failed, less than a minute left")
    for name in ("light", "dark"):
        notebook.dark() if name == "dark" else notebook.light()
        for pixels in (1280, 800):
            notebook.width(pixels)
            notebook.screenshot(f"batch_runner_{name}_{pixels}", root)
            assert (name, pixels, notebook.axe(root), notebook.cut(root)) == (name, pixels, [], [])
    press(root, "Stop")
    notebook.expect(root.get_by_role("status")).to_contain_text("Stopped.")
    assert notebook.axe(root) == []
    notebook.screenshot("batch_runner_stopped", root)
