"""`DialogReview` without a browser: what it shows, keeps and saves. In a browser: tests/browser."""

from __future__ import annotations

import html
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from sdkit.dialog import Dialog, Turn
from sdkit.errors import FileError, InputError
from sdkit.reviewing import Review, agreement, key_of, load_reviews, save_review, shuffled
from sdkit.widgets import DialogReview

NASTY = '<script>alert(1)</script> **bold** $x$ "quoted" & \n שלום'


def says(*turns: tuple[str | None, str], **about: Any) -> Dialog:
    return Dialog(turns=[Turn(speaker=speaker, text=text) for speaker, text in turns], **about)


ROLLS = [
    says(("Ana", f"{number} rolls, please."), ("Tom", "Here."), ("Ana", "Bye."), model="secret:7b", seed=900 + number)
    for number in range(1, 5)
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "reviews" / "reviews.jsonl"


Make = Callable[..., DialogReview]


@pytest.fixture
def make(file: Path) -> Make:
    """Give a function that shows the four dialogues, or others, with the file of this test."""
    return lambda dialogs=ROLLS, **how: DialogReview(dialogs, **{"to": file, "labels": ["odd", "rude"]} | how)


def plain(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup)).strip()


def press(review: DialogReview, *buttons: str | int) -> None:
    for name in buttons:
        control = review.ratings[name] if isinstance(name, int) else review.buttons[name]
        control.click()


def shown(review: DialogReview) -> str:
    """Return what is said in the dialogue that is shown."""
    return plain(review.turns.value)


def said(review: DialogReview) -> str:
    return plain(review.message.value)


def pressed(review: DialogReview) -> list[str]:
    return [control.description for control in review.ratings.values() if control.description.startswith("✓")]


def in_file(file: Path, rater: str = "me") -> list[tuple[int | None, dict[int, list[str]], str]]:
    return [(each.rating, each.labels, each.note) for each in load_reviews(file) if each.rater == rater]


# -- decisions --------------------------------------------------------------------------------------------------------


def test_two_notebooks_of_one_rater_keep_what_the_other_one_has_decided(make: Make, file: Path) -> None:
    # Given a dialogue that is open in two notebooks
    one, two = make(blind=False), make(blind=False)
    # When the first writes a note, and the second rates it
    one.note.value = "Short, but to the point."
    press(two, 4)
    # Then both are kept, in the file and on the page
    assert in_file(file) == [(4, {}, "Short, but to the point.")]
    assert two.note.value == "Short, but to the point."
    press(one, 2)
    assert in_file(file) == [(2, {}, "Short, but to the point.")]


def test_a_rating_is_saved_at_once_and_moves_on_only_when_next_is_pressed(make: Make, file: Path) -> None:
    review = make()
    assert plain(review.place.value) == "Dialogue 1 of 4, 0 rated"
    first = shown(review)

    press(review, 4)

    assert said(review) == "Saved. Rated 4, good."
    assert in_file(file) == [(4, {}, "")]
    assert pressed(review) == ["✓ 4 good"]
    assert plain(review.place.value) == "Dialogue 1 of 4, 1 rated"
    assert shown(review) == first

    press(review, "Next")
    assert plain(review.place.value) == "Dialogue 2 of 4, 1 rated"
    assert shown(review) != first
    assert pressed(review) == []

    press(review, "Previous", 2)
    assert pressed(review) == ["✓ 2 bad"]
    assert in_file(file) == [(2, {}, "")]
    assert [each.rating for each in review.value] == [2]


def test_labels_belong_to_the_turn_that_is_chosen_and_are_shown_with_it(make: Make, file: Path) -> None:
    review = make()
    assert review.number.max == 3

    review.number.set_state({"value": 2})
    assert plain(review.said.value) == "2. Tom: Here."
    review.ticks["rude"].set_state({"value": True})
    review.ticks["odd"].set_state({"value": True})

    assert said(review) == "Saved. Turn 2: odd, rude."
    assert "Here.Labels: odd, rude" in shown(review)

    review.number.set_state({"value": 3})
    assert [tick.value for tick in review.ticks.values()] == [False, False]
    review.ticks["odd"].set_state({"value": True})
    assert in_file(file) == [(None, {1: ["odd", "rude"], 2: ["odd"]}, "")]

    review.number.set_state({"value": 2})
    assert [tick.value for tick in review.ticks.values()] == [True, True]
    review.ticks["odd"].set_state({"value": False})
    review.ticks["rude"].set_state({"value": False})
    assert said(review) == "Saved. Turn 2: no label."
    assert in_file(file) == [(None, {2: ["odd"]}, "")]

    press(review, "Next")
    assert review.number.value == 1
    assert "Labels" not in shown(review)


def test_a_note_is_kept_as_it_was_written(make: Make, file: Path) -> None:
    review = make()

    review.note.set_state({"value": NASTY})
    assert said(review) == "Saved. Your note."
    press(review, 3, "Next")
    assert review.note.value == ""
    review.note.set_state({"value": "half \ud83d of a pair"})
    press(review, "Previous")

    assert review.note.value == NASTY
    assert in_file(file) == [(3, {}, NASTY), (None, {}, "half \\ud83d of a pair")]


def test_what_was_decided_already_is_not_saved_twice(make: Make, file: Path) -> None:
    review = make()

    press(review, 4, 4, "Next", "Previous", 4)

    assert said(review) == "Saved. Rated 4, good."
    assert len(file.read_text(encoding="utf-8").splitlines()) == 1


def test_at_the_ends_it_stays_and_says_so(make: Make) -> None:
    review = make()

    press(review, "Previous")
    assert said(review) == "This is the first one."
    press(review, "Next", "Next", "Next", "Next")
    assert said(review) == "This is the last one."
    assert plain(review.place.value) == "Dialogue 4 of 4, 0 rated"


def test_next_unrated_goes_round_until_all_are_rated(make: Make) -> None:
    review = make()
    press(review, "Next", "Next", 1, "Next unrated", 2, "Next unrated")
    assert plain(review.place.value) == "Dialogue 1 of 4, 2 rated"

    press(review, 3, "Next unrated", 4)

    assert said(review) == "Saved. Rated 4, good. All dialogues are rated."
    press(review, "Next unrated")
    assert plain(review.place.value) == "Dialogue 2 of 4, 4 rated"
    assert said(review) == "All dialogues are rated."


def test_a_script_can_rate_too_and_a_rating_that_there_is_not_is_refused(make: Make) -> None:
    review = make()
    review.rate(5)
    with pytest.raises(InputError, match="6 is no rating; give a whole number from 1 to 5"):
        review.rate(6)
    assert [each.rating for each in review.value] == [5]


# -- going on ---------------------------------------------------------------------------------------------------------


def test_the_next_day_it_goes_on_at_the_first_unrated_dialogue(make: Make) -> None:
    review = make()
    press(review, 4, "Next", "Next", 2)
    review.number.set_state({"value": 2})
    review.ticks["odd"].set_state({"value": True})
    review.note.set_state({"value": "Hm."})

    again = make()

    assert plain(again.place.value) == "Dialogue 2 of 4, 2 rated"
    assert again.value == review.value
    press(again, "Next")
    assert pressed(again) == ["✓ 2 bad"]
    assert again.note.value == "Hm."
    assert "Here.Labels: odd" in shown(again)
    again.number.set_state({"value": 2})
    assert again.ticks["odd"].value

    press(again, "Previous", 1, "Next unrated", 1)
    third = make()
    assert plain(third.place.value) == "Dialogue 1 of 4, 4 rated"
    assert said(third) == "All dialogues are rated."


def test_labels_of_an_earlier_day_stay_although_nobody_can_tick_them_now(make: Make, file: Path) -> None:
    make().ticks["odd"].set_state({"value": True})

    review = make(labels=["new"])
    assert "Labels: odd" in shown(review)
    review.ticks["new"].set_state({"value": True})

    assert in_file(file) == [(None, {0: ["new", "odd"]}, "")]


def test_reviews_of_other_dialogues_in_the_file_are_left_alone(make: Make, file: Path) -> None:
    other = Review(dialog="another", rater="me", rating=1)
    save_review(file, other)
    review = make()

    press(review, 5)

    assert [each.rating for each in review.value] == [5]
    assert other in load_reviews(file)


# -- raters -----------------------------------------------------------------------------------------------------------


def test_a_second_rater_sees_only_what_is_theirs(make: Make, file: Path) -> None:
    ana = make(rater="Ana")
    for rating in (5, 4, 3, 2):
        press(ana, rating, "Next")

    bo = make(rater="Bo")

    assert bo.value == ()
    assert plain(bo.place.value) == "Dialogue 1 of 4, 0 rated"
    for _ in ROLLS:
        press(bo, 3, "Next")
    assert [each.rater for each in bo.value] == ["Bo"] * 4
    assert make(rater="Ana").value == ana.value
    assert agreement(load_reviews(file))["dialogues"].tolist() == [4]


def test_blind_nothing_but_the_turns_is_shown(make: Make) -> None:
    dialogs = [
        each.model_copy(update={"dialogId": "id-77", "scenario": "a bakery", "personas": {"Ana": {"role": "baker"}}})
        for each in ROLLS
    ]
    review = make(dialogs)
    texts = [part.value for part in (review.place, review.turns, review.message, review.said)] + [review.static_html()]

    for secret in ("secret", "90", "id-77", "bakery", "baker", key_of(ROLLS[0])):
        assert not [text for text in texts if secret in text]
    open_ = make(dialogs, blind=False)
    assert "Dialogue id-77: 3 turns, between Ana and Tom, by secret:7b, seed 901" in plain(open_.place.value)
    assert "secret:7b" in open_.static_html()


def test_blind_the_order_follows_from_the_rater_and_the_seed(make: Make) -> None:
    def order(**how: Any) -> list[str]:
        review, texts = make(**how), []
        for _ in ROLLS:
            texts.append(shown(review))
            press(review, "Next")
        return texts

    state = random.getstate()
    given = order(blind=False)
    assert [text[3] for text in given] == list("1234")

    by_key = dict(zip(map(key_of, ROLLS), given, strict=True))
    assert order(rater="Ana") == [by_key[key] for key in shuffled(by_key, "Ana")]
    assert order(rater="Ana", seed=3) == [by_key[key] for key in shuffled(by_key, "Ana", 3)]
    assert len({tuple(order(rater=rater)) for rater in ("Ana", "Bo", "Cy", "Di")}) > 1
    assert random.getstate() == state


# -- what can go wrong ------------------------------------------------------------------------------------------------


def test_what_cannot_be_saved_is_kept_told_and_saved_with_what_comes_next(make: Make, file: Path) -> None:
    review = make()
    file.mkdir(parents=True)  # nothing can be written there

    press(review, 4)

    assert 'role="alert"' in review.message.value
    assert "is a folder" in said(review)
    assert said(review).endswith("What you decided is kept here, and saved with the next button that you press")
    assert list(review.errors) == ["file"]
    assert pressed(review) == ["✓ 4 good"]
    assert [each.rating for each in review.value] == [4]

    press(review, "Next")  # moves on, and tries again
    assert plain(review.place.value) == "Dialogue 2 of 4, 1 rated"
    assert "is a folder" in said(review)
    review.note.set_state({"value": "Hm."})
    assert "is a folder" in said(review)

    file.rmdir()
    press(review, 2)

    assert said(review) == "Saved. Rated 2, bad."
    assert review.errors == {}
    assert in_file(file) == [(4, {}, ""), (2, {}, "Hm.")]


def test_a_press_on_a_button_saves_what_another_process_kept_from_being_saved(make: Make, file: Path) -> None:
    review = make(ROLLS[:1])
    file.parent.mkdir()
    with FileLock(file.with_name(".reviews.jsonl.lock")):
        press(review, 5)
        assert "another process" in said(review)

    press(review, "Next")

    assert said(review) == "Saved. All dialogues are rated."
    assert in_file(file) == [(5, {}, "")]


@pytest.mark.parametrize(
    ("line", "problem"), [("{oops}", "is not JSON"), ('{"rater": "me"}', "is no review: dialog: Field required")]
)
def test_a_broken_file_is_refused_and_left_as_it_is(make: Make, file: Path, line: str, problem: str) -> None:
    press(make(), 4)
    with file.open("a", encoding="utf-8") as stream:
        stream.write(f"{line}\n")
    before = file.read_bytes()

    with pytest.raises(FileError, match=f"reviews.jsonl, line 2: {problem}"):
        make()

    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            {"dialogs": []},
            r"there are no dialogues to review; give a list of them: DialogReview\(\[dialog, another\]\)",
        ),
        ({"dialogs": ROLLS[0]}, r"this is one dialogue; give a list: DialogReview\(\[dialog\]\)"),
        ({"dialogs": [ROLLS[0], "Hi"]}, r"dialogs\[1\] is no Dialog but a str; give a list of dialogues"),
        ({"rater": " "}, "rater is ' '; give a text that is not blank"),
        ({"rater": None}, "rater is None; give a text that is not blank"),
        ({"labels": "odd"}, "labels is 'odd'; give a list of texts"),
        ({"labels": ["odd", ""]}, r"labels\[1\] is ''; give a text that is not blank"),
        ({"seed": -1}, "seed=-1 will not do"),
    ],
)
def test_what_cannot_be_reviewed_is_refused_before_anything_is_written(
    make: Make, file: Path, given: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        make(**given)
    assert not file.exists()


def test_the_same_text_twice_is_one_review(make: Make) -> None:
    review = make([*ROLLS[:2], ROLLS[0].model_copy(update={"model": "another"})])

    assert plain(review.place.value) == "Dialogue 1 of 2, 0 rated"
    assert "1 of the 3 dialogues says the same as another one: rated once." in plain(review.body.children[0].value)
    press(review, 4, "Next", 2)
    assert review.to_frame()["number"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("dialog", "text"),
    [
        (says(), "There are no turns."),
        (says((None, "Hm")), "(unknown)Hm"),
        (says(("Ana", "long " * 2000)), "Ana" + "long " * 2000),
        (says((NASTY, NASTY)), NASTY + NASTY),
        (says(("Ana", "half \ud83d of a pair")), "Anahalf \\ud83d of a pair"),
    ],
    ids=["empty", "unknown speaker", "long", "nasty", "half a surrogate pair"],
)
def test_any_text_is_shown_as_text(make: Make, dialog: Dialog, text: str) -> None:
    review = make([dialog], labels=[NASTY], rater=NASTY, question=NASTY)
    press(review, 3)
    review.ticks[NASTY].set_state({"value": bool(dialog)})

    assert shown(review).startswith(text.strip())
    assert review.ticks[NASTY].disabled is not bool(dialog)
    parts = (review.static_html(), review.turns.value, review.said.value, review.body.children[0].value)
    assert "<script" not in "".join(parts)
    "".join(parts).encode("utf-8")  # else it could not be sent
    assert len(review.said.value) < 400
    assert [each.rating for each in make([dialog], rater=NASTY).value] == [3]


# -- tables, and without a kernel -------------------------------------------------------------------------------------


def test_the_table_has_a_row_for_each_review_and_says_of_which_dialogue(make: Make) -> None:
    review = make()
    columns = ["number", "dialog", "rater", "rating", "labels", "dialog_labels", "note", "when"]
    assert review.to_frame().columns.tolist() == columns
    assert len(review.to_frame()) == 0
    for _ in ROLLS:
        press(review, int(shown(review)[3]), "Next")

    table = review.to_frame()

    assert table["number"].tolist() == [0, 1, 2, 3]
    assert table["rating"].tolist() == [1, 2, 3, 4]
    assert table["dialog"].tolist() == [key_of(dialog) for dialog in ROLLS]


def test_the_static_twin_is_the_same_whatever_was_decided_and_wherever_the_file_is(make: Make, tmp_path: Path) -> None:
    review = make(question="How natural is it?")
    before = review.static_html()
    press(review, 4, "Next")

    assert review.static_html() == make(to=tmp_path / "x.jsonl", question="How natural is it?").static_html() == before
    words = plain(before)
    assert words.startswith("Review dialogues: 4 dialogues, rated by me. The first one:")
    assert "rolls, please." in words
    assert "How natural is it?" in words
    assert words.endswith("1 very bad, 2 bad, 3 so-so, 4 good, 5 very good. Labels of turns: odd, rude.")
    assert str(tmp_path) not in json.dumps(review._repr_mimebundle_()["text/html"])
    assert " id=" not in before


def test_without_labels_there_is_nothing_to_be_ticked(make: Make) -> None:
    review = make(labels=())
    assert review.ticks == {}
    assert "Labels" not in review.static_html()
    press(review, 3)
    assert said(review) == "Saved. Rated 3, so-so."
