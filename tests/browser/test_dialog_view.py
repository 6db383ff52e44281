"""`DialogView` in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Notebook
    from playwright.sync_api import Locator

VIEW = r"""
from sdkit.dialog import Dialog, Event, Stop, Turn
from sdkit.widgets import DialogView

dialog = Dialog(
    dialogId=3,
    model="qwen2.5:14b",
    seed=42,
    scenario={"topic": "A sprained knee", "place": "The doctor's surgery"},
    personas={"Doctor": {"role": "doctor", "years of practice": 12}, "Patient": {"role": "patient"}},
    stop=Stop(kind="over", reason="they said goodbye"),
    turns=[
        Turn(speaker="Doctor", text="Good morning! What brings you here today?"),
        Turn(speaker="Patient", text="Good morning, Doctor. My knee has hurt since I slipped on the stairs on Sunday."),
        Turn(speaker="Doctor", text="Which knee is it, and is it swollen?"),
        Turn(speaker="Patient", text="The left one.\nIt is warm, too."),
        Turn(speaker="Doctor", text="I see. Let me have a look at it."),
        Turn(speaker="Patient", text="Thank you."),
    ],
)
view = DialogView(dialog)
view
"""
NASTY = r"""
from sdkit.dialog import Dialog, Turn
from sdkit.widgets import DialogView

run = "document.title = 'run'"
texts = [f"<script>{run}</script><img src=x onerror=\"{run}\">", "**bold** $x^2$ [a](b)", "two\nlines", "w" * 10_000]
texts += ["שלום, מה שלומך?", "</textarea><b>bold</b>"]
view = DialogView(Dialog(turns=[Turn(speaker=text[:300], text=text) for text in texts] + [Turn(speaker=None, text="")]))
view
"""


def shown(notebook: Notebook, cell: str = VIEW) -> Locator:
    """Run the cell and wait for the last part of the view."""
    notebook.open([cell])
    notebook.run_all()
    root = notebook.root("sdkit-dialog-view")
    root.get_by_text("About this dialogue").wait_for()
    return root


def test_a_search_marks_what_it_finds_and_leaves_the_rest_out(notebook: Notebook) -> None:
    root = shown(notebook)
    notebook.expect(root.get_by_role("listitem")).to_have_count(6)

    root.get_by_label("Search", exact=True).fill("KNEE")

    notebook.expect(root.get_by_role("status")).to_have_text("2 of 6 turns with “KNEE”")
    notebook.expect(root.locator("mark")).to_have_text(["knee", "knee"])
    assert notebook.kernel("print(view.search.value)") == "KNEE"

    root.get_by_label("Search", exact=True).fill("")
    notebook.expect(root.get_by_role("listitem")).to_have_count(6)


def test_what_is_known_opens_without_the_kernel(notebook: Notebook) -> None:
    root = shown(notebook)
    notebook.expect(root.get_by_text("they said goodbye")).to_be_hidden()

    kernel = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    notebook.page.evaluate(f"{{ {kernel}.requestExecute({{code: 'import time; time.sleep(2)'}}) }}")
    root.get_by_text("About this dialogue").click()

    notebook.expect(root.get_by_text("over: they said goodbye")).to_be_visible()
    notebook.expect(root.get_by_text("topic: A sprained knee")).to_be_visible()
    assert notebook.page.evaluate(f"{kernel}.status") == "busy"


def test_the_whole_text_is_copied_with_the_keyboard_alone(notebook: Notebook) -> None:
    root = shown(notebook)
    keys = notebook.page.keyboard
    root.get_by_label("Search", exact=True).focus()

    for key in ("Tab", "Space", "ArrowDown", "Enter"):
        keys.press(key)
    notebook.expect(root.get_by_label("The whole dialogue as Text")).to_be_visible()
    keys.press("Tab")
    keys.press("Control+A")
    keys.press("Control+C")
    keys.press("Shift+Tab")
    keys.press("Shift+Tab")
    keys.press("Control+V")

    said = root.get_by_label("Search", exact=True).input_value()
    assert said.startswith("Doctor: Good morning! What brings you here today?")
    assert said.endswith("Patient: Thank you.")
    assert notebook.page.locator(".jp-Cell").count() == 1  # no key was taken for a command of the notebook's


def test_turns_are_scrolled_and_metadata_opened_with_the_keyboard_alone(notebook: Notebook) -> None:
    root = shown(notebook)
    notebook.kernel("view.value = Dialog(turns=[Turn(speaker='Ana', text=f'turn {i}') for i in range(100)], seed=77)")
    turns = root.get_by_role("region", name="Turns")
    notebook.expect(turns.get_by_text("turn 99")).to_be_attached()
    keys = notebook.page.keyboard
    root.get_by_label("Copy as", exact=True).focus()

    keys.press("Tab")
    notebook.expect(turns).to_be_focused()
    keys.press("End")
    notebook.expect(turns.get_by_text("turn 99")).to_be_in_viewport()

    keys.press("Tab")
    notebook.expect(root.locator("summary")).to_be_focused()
    keys.press("Enter")
    notebook.expect(root.get_by_text("77", exact=True)).to_be_visible()
    keys.press("Space")
    notebook.expect(root.get_by_text("77", exact=True)).to_be_hidden()


def test_any_text_is_shown_as_text(notebook: Notebook) -> None:
    root = shown(notebook, NASTY)
    root.get_by_label("Copy as", exact=True).select_option("Text")
    root.get_by_text("About this dialogue").click()

    notebook.expect(root.get_by_label("The whole dialogue as Text")).to_have_value(
        notebook.kernel("print(view.value)")  # to the last letter
    )
    assert root.locator("script, img, li a, .MathJax, mjx-container").count() == 0
    assert notebook.page.title() != "run"
    assert root.get_by_text("שלום, מה שלומך?").last.evaluate("part => getComputedStyle(part).direction") == "rtl"
    notebook.width(800)
    assert notebook.axe(root) == notebook.cut(root) == []


def test_everybody_can_use_it_light_and_dark_wide_and_narrow(notebook: Notebook) -> None:
    root = shown(notebook)
    notebook.screenshot("dialog_view", root)
    root.get_by_label("Search", exact=True).fill("knee")
    root.get_by_label("Copy as", exact=True).select_option("Markdown")
    root.get_by_text("About this dialogue").click()
    notebook.expect(root.get_by_label("The whole dialogue as Markdown")).to_be_visible()
    notebook.expect(root.get_by_role("status")).to_have_text("2 of 6 turns with “knee”")
    assert notebook.axe(root) == notebook.cut(root) == []

    notebook.dark()
    notebook.width(800)

    assert notebook.axe(root) == notebook.cut(root) == []
    notebook.screenshot("dialog_view_dark_800", root)


def test_it_outlives_a_reload_and_is_made_again_after_a_restart(notebook: Notebook) -> None:
    root = shown(notebook)
    root.get_by_label("Search", exact=True).fill("knee")
    notebook.expect(root.get_by_role("status")).to_have_text("2 of 6 turns with “knee”")

    notebook.reload()
    notebook.expect(root.get_by_role("listitem")).to_have_count(2)
    root.get_by_label("Search", exact=True).fill("warm")
    notebook.expect(root.get_by_role("listitem")).to_have_count(1)

    notebook.restart_and_run()
    notebook.expect(root.get_by_role("listitem")).to_have_count(6)


def test_500_turns_are_there_in_a_second(notebook: Notebook) -> None:
    root = shown(notebook)
    notebook.kernel("long = Dialog(turns=[Turn(speaker='AB'[i % 2], text=f'turn {i} ' * 20) for i in range(500)])")
    took = notebook.page.evaluate(
        """async () => {
          const chat = document.querySelector('.sdkit-dialog-view .sdkit-chat').parentElement;
          const began = performance.now();
          const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
          const seen = new Promise(done => new MutationObserver(() => {
            if (chat.querySelectorAll('li').length === 500) requestAnimationFrame(done);
          }).observe(chat, {childList: true, subtree: true}));
          kernel.requestExecute({code: 'view.value = long'});
          await seen;
          return performance.now() - began;
        }"""
    )
    notebook.expect(root.get_by_role("listitem")).to_have_count(500)
    assert took < 1000
