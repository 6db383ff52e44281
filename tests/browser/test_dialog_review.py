"""`DialogReview` in a real browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sdkit.reviewing import load_reviews

from .steps import field, press

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .conftest import Notebook

CELL = """
from sdkit import Dialog, Turn
from sdkit.widgets import DialogReview

def talk(dish):
    return Dialog(model="secret:7b", turns=[
        Turn(speaker="Waiter", text="Good evening! What may I bring you?"),
        Turn(speaker="Guest", text=f"The {{dish}}, please, and a glass of water."),
        Turn(speaker="Waiter", text="Very well. <script>document.title = 'run'</script> $x$"),
        *(Turn(speaker="Guest", text=f"And course number {{i}}, please. שלום") for i in range(20)),
    ])

review = DialogReview([talk(dish) for dish in ("soup", "fish", "cake")], rater="Lea", to={to!r})
review
"""

# How far the turns are scrolled, and the page.
SCROLLED = "['.sdkit-review-turns', '.jp-WindowedPanel-outer'].map(part => document.querySelector(part).scrollTop)"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "reviews.jsonl"


def shown(notebook: Notebook, file: Path) -> Locator:
    notebook.open([CELL.format(to=str(file))])
    notebook.run_all()
    return ready(notebook)


def ready(notebook: Notebook) -> Locator:
    root = notebook.root("sdkit-dialog-review")
    root.get_by_role("button", name="Next unrated").wait_for()
    root.get_by_text("course number 19").wait_for(state="attached")
    return root


def place(root: Locator) -> Locator:
    return root.get_by_role("status").first


def saved(root: Locator) -> Locator:
    return root.get_by_role("status").last


def test_with_the_keyboard_alone_a_dialogue_is_read_rated_labelled_and_left(notebook: Notebook, file: Path) -> None:
    root = shown(notebook, file)
    keys = notebook.page.keyboard
    turns = root.get_by_role("region", name="Turns")
    notebook.expect(place(root)).to_have_text("Dialogue 1 of 3, 0 rated")
    turns.focus()
    keys.press("End")
    notebook.expect(root.get_by_text("course number 19")).to_be_in_viewport()

    for _ in range(4):
        keys.press("Tab")
    notebook.expect(root.get_by_role("button", name="4 good")).to_be_focused()
    keys.press("Enter")
    notebook.expect(root.get_by_role("button", name="✓ 4 good")).to_be_focused()
    notebook.expect(saved(root)).to_have_text("Saved. Rated 4, good.")

    keys.press("Tab")
    keys.press("Tab")
    notebook.expect(field(root, "Labels of turn")).to_be_focused()
    keys.press("Control+A")
    keys.type("22")
    keys.press("ArrowUp")
    keys.press("Tab")
    notebook.expect(root.get_by_text("23. Guest: And course number 19")).to_be_visible()
    for _ in range(2):
        keys.press("Tab")
    notebook.expect(field(root, "repeats itself")).to_be_focused()
    keys.press("Space")
    notebook.expect(root.get_by_role("listitem").nth(22)).to_contain_text("Labels: repeats itself")
    notebook.expect(root.get_by_text("Labels: repeats itself")).to_be_in_viewport()  # the turns stay where they are

    keys.press("Tab")
    notebook.expect(field(root, "Note")).to_be_focused()
    keys.type("Too long.")
    keys.press("Tab")
    keys.press("Tab")
    notebook.expect(root.get_by_role("button", name="Next", exact=True)).to_be_focused()
    below, page = notebook.page.evaluate(SCROLLED)
    assert below > 500
    keys.press("Enter")

    notebook.expect(place(root)).to_have_text("Dialogue 2 of 3, 1 rated")
    notebook.expect(root.get_by_role("button", name="✓")).to_have_count(0)
    notebook.expect(field(root, "Note")).to_have_value("")
    held = json.loads(notebook.kernel(f"print(open({str(file)!r}).readlines()[-1])"))
    assert (held["rating"], held["labels"], held["note"]) == (4, {"22": ["repeats itself"]}, "Too long.")
    assert notebook.kernel("print(len(review.value), review.errors)") == "1 {}"
    assert notebook.page.evaluate(SCROLLED) == [0, page]  # the turns begin at the top again, and the page stays
    assert notebook.page.title() != "run"
    assert notebook.page.locator(".jp-Cell").count() == 1  # no key was taken for a command of the notebook's


def test_what_was_typed_before_a_click_on_next_belongs_to_the_dialogue_before(notebook: Notebook, file: Path) -> None:
    root = shown(notebook, file)

    press(root, "2 bad")
    field(root, "Note").fill("Of the first.")
    press(root, "Next")

    notebook.expect(place(root)).to_have_text("Dialogue 2 of 3, 1 rated")
    notebook.expect(field(root, "Note")).to_have_value("")
    assert [(each.rating, each.note) for each in load_reviews(file)] == [(2, "Of the first.")]


def test_it_goes_on_after_a_reload_and_after_a_restart(notebook: Notebook, file: Path) -> None:
    root = shown(notebook, file)
    press(root, "5 very good")
    press(root, "Next")
    notebook.expect(place(root)).to_have_text("Dialogue 2 of 3, 1 rated")
    field(root, "out of role").check()
    notebook.expect(saved(root)).to_have_text("Saved. Turn 1: out of role.")

    notebook.reload()
    root = ready(notebook)
    notebook.expect(place(root)).to_have_text("Dialogue 2 of 3, 1 rated")
    notebook.expect(field(root, "out of role")).to_be_checked()
    press(root, "3 so-so")
    notebook.expect(saved(root)).to_have_text("Saved. Rated 3, so-so.")

    notebook.restart_and_run()
    root = ready(notebook)
    notebook.expect(place(root)).to_have_text("Dialogue 3 of 3, 2 rated")
    press(root, "Previous")
    notebook.expect(root.get_by_role("button", name="✓ 3 so-so")).to_be_visible()
    notebook.expect(field(root, "out of role")).to_be_checked()
    press(root, "Next unrated")
    press(root, "1 very bad")
    notebook.expect(saved(root)).to_have_text("Saved. Rated 1, very bad. All dialogues are rated.")
    assert sorted(json.loads(notebook.kernel("print(review.to_frame()['rating'].tolist())"))) == [1, 3, 5]


def test_what_cannot_be_saved_is_an_alert_and_is_saved_later(notebook: Notebook, file: Path) -> None:
    root = shown(notebook, file)
    file.mkdir()  # nothing can be written there
    press(root, "4 good")
    notebook.expect(root.get_by_role("alert")).to_contain_text("What you decided is kept here")
    notebook.expect(root.get_by_role("button", name="✓ 4 good")).to_be_visible()
    assert notebook.axe(root) == []

    file.rmdir()
    press(root, "Next")

    notebook.expect(saved(root)).to_have_text("Saved.")
    notebook.expect(root.get_by_role("alert")).to_have_count(0)
    assert [each.rating for each in load_reviews(file)] == [4]


def test_everybody_can_use_it_light_and_dark_wide_and_narrow(notebook: Notebook, file: Path) -> None:
    root = shown(notebook, file)
    assert root.locator("script, .MathJax, mjx-container").count() == 0
    press(root, "4 good")
    notebook.expect(saved(root)).to_have_text("Saved. Rated 4, good.")
    field(root, "Labels of turn").fill("2")
    field(root, "Note").fill("Which course was that?")
    field(root, "makes no sense").check()
    notebook.expect(saved(root)).to_have_text("Saved. Turn 2: makes no sense.")
    notebook.expect(root.get_by_role("listitem").nth(1)).to_contain_text("Labels: makes no sense")
    for name in ("light", "dark"):
        notebook.dark() if name == "dark" else notebook.light()
        for pixels in (1280, 800):
            notebook.width(pixels)
            notebook.screenshot(f"dialog_review_{name}_{pixels}", root)
            assert (name, pixels, notebook.axe(root), notebook.cut(root)) == (name, pixels, [], [])
