"""`ConversationBrowser` in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sdkit.reviewing import load_reviews

from .steps import field, press

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .conftest import Notebook

CELL = """
from sdkit.dialog import Dialog, Stop, Turn
from sdkit.widgets import ConversationBrowser

def talk(user, end, *said):
    turns = [Turn(speaker=("Shop" if i % 2 else user), text=text) for i, text in enumerate(said)]
    notes = {{
        "decisions": [{{"turn": 2, "state": end, "reason": "The user has read it.", "confidence": 0.9}}],
        "persona": {{"evidence": said[0], "reason": "Asks as this person would.", "kept": True}},
    }}
    stop = Stop(kind=end, reason="The user has read it.", confidence=0.9)
    return Dialog(turns=turns, stop=stop, notes=notes, personas={{user: {{"name": user, "mood": "hurried"}}}})

good = [
    talk("Ana", "need_met", "My kettle leaks.", "We send a new one."),
    talk("Ben", "left", "When are you open?", "From nine to six."),
]
bad = [
    talk("Ana", "frustrated", "My kettle leaks.", "Which kettle? <script>document.title = 'run'</script> $x$",
         *(f"I have said it {{i}} times. שלום" for i in range(30))),
    talk("Ben", "dead_end", "When are you open?", "w" * 10_000),
]
browser = ConversationBrowser({{"good": good, "forgetful": bad}}, rater="Lea", to={to!r})
browser
"""
MANY = """
from sdkit.dialog import Dialog, Stop, Turn
from sdkit.widgets import ConversationBrowser

def talk(number):
    names = [f"user {{number}}", "Shop"]
    turns = [Turn(speaker=names[i % 2], text=f"{{number}} says {{i}} " * 20) for i in range(8)]
    return Dialog(turns=turns, stop=Stop(kind=("left", "need_met")[number % 2]))

browser = ConversationBrowser([talk(number) for number in range(1, 1001)], to={to!r})
browser
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "reviews.jsonl"


def shown(notebook: Notebook, file: Path, cell: str = CELL) -> Locator:
    notebook.open([cell.format(to=str(file))])
    notebook.run_all()
    return ready(notebook)


def ready(notebook: Notebook) -> Locator:
    root = notebook.root("sdkit-conversation-browser")
    field(root, "Note").wait_for()
    field(root, "What is known").wait_for()
    return root


def place(root: Locator) -> Locator:
    return root.get_by_role("status").first


def saved(root: Locator) -> Locator:
    return root.get_by_role("status").last


def test_conversations_are_filtered_chosen_and_read(notebook: Notebook, file: Path) -> None:
    root, expect = shown(notebook, file), notebook.expect
    turns = field(root, "Turns")
    expect(place(root)).to_have_text("4 of 4 conversations match. This is 1 of them.")
    expect(turns).to_contain_text("Judge: need_met (confidence 0.9). The user has read it.")

    field(root, "Bot").select_option("forgetful")
    expect(place(root)).to_have_text("2 of 4 conversations match. This is 1 of them.")
    expect(turns.get_by_role("listitem")).to_have_count(32)
    expect(field(root, "What is known")).to_contain_text("frustrated: the user has given up")
    expect(field(root, "What is known")).to_contain_text("mood: hurried")

    field(root, "Conversations").select_option("4. Ben · forgetful · dead end · 2 turns")
    expect(turns.get_by_role("listitem")).to_have_count(2)
    assert notebook.kernel("print(browser.value is bad[1])") == "True"

    field(root, "Bot").select_option("any")
    field(root, "Text").fill("from NINE")
    expect(place(root)).to_have_text("1 of 4 conversations match. This is 1 of them.")
    expect(root.locator("mark")).to_have_text("From nine")
    field(root, "Text").fill("tea")
    expect(root.get_by_role("alert")).to_contain_text("None of the 4 conversations matches")
    expect(turns).to_have_count(0)
    expect(field(root, "Note")).to_be_disabled()


def test_with_the_keyboard_alone_a_conversation_is_found_read_and_labelled(notebook: Notebook, file: Path) -> None:
    root, expect, keys = shown(notebook, file), notebook.expect, notebook.page.keyboard
    field(root, "User").focus()
    for key in ("Space", "ArrowDown", "Enter"):  # without Space, JupyterLab would take the arrow for its own
        keys.press(key)
    expect(place(root)).to_have_text("2 of 4 conversations match. This is 1 of them.")
    for _ in range(3):  # "Previous" is disabled, and the list is for the mouse
        keys.press("Tab")
    expect(root.get_by_role("button", name="Next", exact=True)).to_be_focused()
    keys.press("Enter")
    expect(place(root)).to_have_text("2 of 4 conversations match. This is 2 of them.")
    expect(field(root, "Turns").get_by_role("listitem")).to_have_count(32)

    field(root, "Go to number").focus()
    keys.press("Tab")
    expect(field(root, "Turns")).to_be_focused()
    keys.press("End")
    expect(root.get_by_text("I have said it 29 times.")).to_be_in_viewport()
    keys.press("Tab")
    expect(field(root, "What is known")).to_be_focused()
    keys.press("Tab")
    expect(root.locator("summary")).to_be_focused()
    keys.press("Tab")
    keys.press("Tab")
    expect(field(root, "forgets")).to_be_focused()
    keys.press("Space")
    expect(saved(root)).to_have_text("Saved. Labels: forgets.")
    field(root, "Rating").focus()
    for key in ("Space", "ArrowDown", "ArrowDown", "Enter", "Tab"):
        keys.press(key)
    expect(field(root, "Note")).to_be_focused()
    keys.type("Asks again.")
    keys.press("Tab")
    expect(saved(root)).to_have_text("Saved. Your note.")

    (review,) = load_reviews(file)
    assert (review.rater, review.dialog_labels, review.rating, review.note) == ("Lea", ["forgets"], 2, "Asks again.")
    assert notebook.page.title() != "run"
    assert notebook.page.locator(".jp-Cell").count() == 1  # no key was taken for a command of the notebook's


@pytest.mark.parametrize("how", ["a button", "the list", "a filter"])
def test_what_was_typed_belongs_to_the_conversation_that_was_shown(notebook: Notebook, file: Path, how: str) -> None:
    root = shown(notebook, file)
    field(root, "Note").fill("Of the first.")
    if how == "a button":
        press(root, "Next")
    elif how == "the list":
        field(root, "Conversations").focus()
        field(root, "Conversations").select_option("2. Ben · good · left · 2 turns")
    else:
        field(root, "User").focus()
        field(root, "User").select_option("Ben")

    notebook.expect(field(root, "Turns")).to_contain_text("When are you open?")
    notebook.expect(field(root, "Note")).to_have_value("")
    told = notebook.kernel("from sdkit.reviewing import key_of\nprint(browser.reviews[0].dialog == key_of(good[0]))")
    assert told == "True"
    assert [each.note for each in load_reviews(file)] == ["Of the first."]


def test_it_goes_on_after_a_reload_and_after_a_restart(notebook: Notebook, file: Path) -> None:
    root = shown(notebook, file)
    press(root, "Next")
    notebook.expect(place(root)).to_have_text("4 of 4 conversations match. This is 2 of them.")
    field(root, "helpful").check()
    notebook.expect(saved(root)).to_have_text("Saved. Labels: helpful.")

    notebook.reload()
    root = ready(notebook)
    notebook.expect(place(root)).to_have_text("4 of 4 conversations match. This is 2 of them.")
    notebook.expect(field(root, "helpful")).to_be_checked()

    notebook.restart_and_run()
    root = ready(notebook)
    notebook.expect(place(root)).to_have_text("4 of 4 conversations match. This is 1 of them.")
    notebook.expect(field(root, "helpful")).not_to_be_checked()
    press(root, "Next")
    notebook.expect(place(root)).to_have_text("4 of 4 conversations match. This is 2 of them.")
    notebook.expect(field(root, "helpful")).to_be_checked()


def test_everybody_can_use_it_light_and_dark_wide_and_narrow(notebook: Notebook, file: Path) -> None:
    root = shown(notebook, file)
    assert root.locator("script, .MathJax, mjx-container").count() == 0
    field(root, "Go to number").fill("77")
    field(root, "Go to number").press("Enter")
    notebook.expect(root.get_by_role("alert")).to_contain_text("there is no conversation '77'")
    assert notebook.axe(root) == []
    field(root, "Text").fill("said")
    field(root, "forgets").check()
    notebook.expect(saved(root)).to_have_text("Saved. Labels: forgets.")
    root.locator("summary").click()
    for name in ("light", "dark"):
        notebook.dark() if name == "dark" else notebook.light()
        for pixels in (1280, 800):
            notebook.width(pixels)
            notebook.screenshot(f"conversation_browser_{name}_{pixels}", root)
            assert (name, pixels, notebook.axe(root), notebook.cut(root)) == (name, pixels, [], [])
    field(root, "Text").fill("")
    notebook.kernel("browser.show(4)")  # 10,000 letters without a space
    notebook.expect(field(root, "Turns").get_by_role("listitem")).to_have_count(2)
    assert notebook.axe(root) == notebook.cut(root) == []


def test_a_thousand_conversations_are_there_at_once_and_stay_quick(notebook: Notebook, file: Path) -> None:
    root = shown(notebook, file, MANY)
    notebook.expect(field(root, "Conversations").locator("option")).to_have_count(1000)
    notebook.page.evaluate("window.began = performance.now()")
    field(root, "Ended").select_option("left")
    notebook.expect(place(root)).to_have_text("500 of 1,000 conversations match. This is 1 of them.")
    field(root, "Text").fill("998 says")
    notebook.expect(place(root)).to_have_text("1 of 1,000 conversations match. This is 1 of them.")
    field(root, "Text").fill("")
    notebook.expect(field(root, "Conversations").locator("option")).to_have_count(500)
    for number in (1000, 2):
        press(root, "Next" if number == 1000 else "Previous")
        notebook.expect(field(root, "Turns")).to_contain_text("says 7")
    assert notebook.page.evaluate("performance.now() - window.began") < 5000
