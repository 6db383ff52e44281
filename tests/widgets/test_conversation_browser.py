"""`ConversationBrowser` without a browser: what it finds, shows and saves. In a browser: tests/browser."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets
import pytest
from filelock import FileLock

from sdkit.batch_report import Report
from sdkit.dialog import Dialog, Stop, Turn
from sdkit.errors import FileError, InputError
from sdkit.messages import load_conversations, save_conversations
from sdkit.reviewing import Review, agreement, key_of, load_reviews, save_review
from sdkit.simulation import Simulated
from sdkit.widgets import ConversationBrowser, DialogReview
from sdkit.widgets.conversation_browser import PAGE

NASTY = '<script>alert(1)</script> **bold** $x$ "quoted" & \n שלום ' + "long" * 2500


def talk(user: str, *said: str, end: str = "", number: int | None = None, **about: Any) -> Dialog:
    """Return a conversation of a user with the shop."""
    turns = [Turn(speaker=("Shop" if i % 2 else user), text=text) for i, text in enumerate(said)]
    return Dialog(dialogId=number, turns=turns, stop=Stop(kind=end) if end else None, **about)


GOOD = [
    talk("Ana", "My kettle leaks.", "We send a new one.", end="need_met", number=0),
    talk("Ben", "When are you open?", "From nine to six.", "thx", end="left", number=1),
    talk("Cleo", "Which kettle is best?", "The Swan.", end="max_turns", number=2),
]
BAD = [
    talk("Ana", "My kettle leaks.", "Which kettle?", "The one that leaks.", "Which one?", end="frustrated", number=0),
    talk("Ben", "When are you open?", "Which shop do you mean?", end="frustrated", number=1),
]
JUDGED = talk(
    "Ana",
    *("My kettle leaks.", "Which order?", "BK 2231", "A new one is on its way."),
    personas={"Ana": {"name": "Ana", "personality": "hurried, <b>short</b>"}},
    notes={
        "decisions": [
            {"turn": 2, "reason": "She can tell the number.", "state": "goes on", "confidence": 0.8},
            {"turn": 4, "reason": "She gets a new kettle.", "state": "need met", "confidence": 0.9},
        ],
        "persona": {"evidence": "BK 2231", "reason": "She is short.", "kept": True},
    },
).model_copy(update={"stop": Stop(kind="need_met", reason="She gets a new kettle.", confidence=0.9)})

Make = Callable[..., ConversationBrowser]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "reviews" / "reviews.jsonl"


@pytest.fixture
def make(file: Path) -> Make:
    """Give a function that browses the conversations of two bots, or others, with the file of this test."""
    two: Any = {"good": GOOD, "forgetful": BAD}
    return lambda found=two, **how: ConversationBrowser(found, **{"to": file, "labels": ["forgets", "rude"]} | how)


def plain(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup)).strip()


def choose(browser: ConversationBrowser, name: str, label: str) -> None:
    """Do what a browser does when somebody chooses in a filter."""
    control = browser.filters[name]
    control.set_state({"index": [text for text, _ in control.options].index(label)})


def listed(browser: ConversationBrowser) -> list[str]:
    return [text for text, _ in browser.choice.options]


def said(browser: ConversationBrowser) -> str:
    return plain(browser.message.value)


def in_file(file: Path, rater: str = "me") -> list[tuple[list[str], int | None, str]]:
    return [(each.dialog_labels, each.rating, each.note) for each in load_reviews(file) if each.rater == rater]


def tick(browser: ConversationBrowser, label: str, ticked: bool = True) -> None:
    browser.ticks[label].set_state({"value": ticked})


# -- finding ----------------------------------------------------------------------------------------------------------


def test_the_first_conversation_is_shown_and_all_are_listed(make: Make) -> None:
    browser = make()
    assert browser.value is GOOD[0]
    assert listed(browser) == [
        "1. Ana · good · need met · 2 turns · id 0",
        "2. Ben · good · left · 3 turns · id 1",
        "3. Cleo · good · max turns · 2 turns · id 2",
        "4. Ana · forgetful · frustrated · 4 turns · id 0",
        "5. Ben · forgetful · frustrated · 2 turns · id 1",
    ]
    assert plain(browser.place.value) == "5 of 5 conversations match. This is 1 of them."
    assert (browser.errors, browser.reviews) == ({}, ())


def test_filters_offer_what_there_is_the_kinds_of_ends_in_their_usual_order(make: Make) -> None:
    browser = make([BAD[0], talk("Zoe", "Hi", end="a kind of one's own"), GOOD[0], talk("Zoe", "Hello")])
    assert [text for text, _ in browser.filters["stop"].options] == [
        *("any", "need met", "frustrated", "a kind of one's own", "unknown")
    ]
    assert [value for _, value in browser.filters["user"].options] == ["", "Ana", "Zoe"]
    assert [value for _, value in browser.filters["bot"].options] == ["", "Shop", "(unknown)"]


def test_filters_narrow_what_is_listed(make: Make) -> None:
    browser = make()

    choose(browser, "stop", "frustrated")
    assert browser.numbers == [4, 5]
    assert browser.value is BAD[0]
    assert plain(browser.place.value) == "2 of 5 conversations match. This is 1 of them."

    choose(browser, "user", "Ben")
    assert (browser.numbers, browser.value) == ([5], BAD[1])

    choose(browser, "stop", "any")
    assert (browser.numbers, browser.value) == ([2, 5], BAD[1]), "what is shown stays if it matches"
    choose(browser, "bot", "good")
    assert (browser.numbers, browser.value) == ([2], GOOD[1])


def test_a_search_finds_texts_and_speakers_and_marks_them(make: Make) -> None:
    browser = make()

    browser.filters["text"].set_state({"value": " KETTLE"})
    assert browser.numbers == [1, 3, 4]
    assert "My <mark>kettle</mark> leaks." in browser.chat.value
    assert "We send a new one." in browser.chat.value, "a conversation is read as a whole"

    browser.filters["text"].set_state({"value": "cleo"})
    assert browser.numbers == [3]
    browser.filters["text"].set_state({"value": ".*"})
    assert browser.numbers == [], "what is typed is text, not a pattern"


def test_where_nothing_matches_nothing_is_shown_and_nothing_can_be_labelled(make: Make, file: Path) -> None:
    browser = make()
    choose(browser, "stop", "left")
    choose(browser, "bot", "forgetful")

    assert browser.errors == {"filters": "None of the 5 conversations matches; set a filter back to “any”"}
    assert 'role="alert"' in browser.wrong.value
    assert (browser.value, listed(browser), browser.chat.value, browser.known.value) == (None, [], "", "")
    assert all(control.disabled for control in (*browser.ticks.values(), browser.rating, browser.note))
    assert browser.previous_button.disabled
    assert browser.next_button.disabled
    tick(browser, "rude")
    assert not file.exists()

    choose(browser, "stop", "any")
    assert (browser.errors, browser.wrong.value, browser.value) == ({}, "", BAD[0])
    assert not browser.note.disabled


def test_previous_and_next_keep_to_what_matches(make: Make) -> None:
    browser = make()
    choose(browser, "user", "Ana")
    assert browser.previous_button.disabled

    browser.next_button.click()
    assert browser.value is BAD[0]
    assert browser.next_button.disabled
    browser.next()
    assert browser.value is BAD[0]

    browser.previous_button.click()
    assert browser.value is GOOD[0]
    assert browser.choice.value == 1


def test_one_is_chosen_from_the_list_or_by_its_number(make: Make) -> None:
    browser = make()
    choose(browser, "bot", "forgetful")

    browser.choice.set_state({"index": 1})
    assert browser.value is BAD[1]

    browser.go_to.set_state({"value": " 2 "})
    assert browser.value is GOOD[1]
    assert plain(browser.place.value) == "2 of 5 conversations match. Number 2 is not among them."
    assert (browser.choice.value, browser.go_to.value) == (None, "")
    browser.next_button.click()
    assert browser.value is BAD[0]


@pytest.mark.parametrize("number", ["0", "6", "-1", "one", "1.5", "9" * 5000, NASTY])
def test_a_number_that_there_is_not_is_told(make: Make, number: str) -> None:
    browser = make()
    browser.go_to.set_state({"value": number})
    assert browser.errors["number"].startswith("there is no conversation ")
    assert browser.errors["number"].endswith("there are 1 to 5")
    assert "<script" not in browser.wrong.value
    assert browser.value is GOOD[0]
    with pytest.raises(InputError, match="there is no conversation"):
        browser.show(number)

    browser.next_button.click()
    assert browser.errors == {}


# -- what can be given ------------------------------------------------------------------------------------------------


def test_files_simulations_and_lists_are_all_the_same(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "good.jsonl"
    save_conversations(path, GOOD)
    simulated = Simulated(GOOD, Report(3))
    lines = [line.replace(" · good", "") for line in listed(make({"good": GOOD}))]
    for given in (GOOD, iter(GOOD), simulated, path, str(path), {"good": path}, {"good": simulated}):
        assert listed(make(given)) == lines
    assert make({"good": path}).filters["bot"].options[1] == ("good", "good")


def test_conversations_of_which_nothing_is_known_are_shown_too(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "bare.jsonl"
    path.write_text('{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]}\n')
    (bare,) = load_conversations(path)
    system = Dialog(turns=[Turn(speaker="system", text="Be brief."), *bare.turns])
    three = Dialog(turns=[Turn(speaker=name, text="Hi") for name in ("A", "B", "C", "D")])

    browser = make([bare, system, three, Dialog(turns=[])])

    assert listed(browser) == [
        "1. user · assistant · unknown · 2 turns",
        "2. user · assistant · unknown · 3 turns",
        "3. A · B · unknown · 4 turns",
        "4. (unknown) · (unknown) · unknown · 0 turns",
    ]
    assert plain(browser.known.value).split("\n")[:4] == ["Useruser", "Botassistant", "Endedunknown", ""]
    browser.show(4)
    assert plain(browser.chat.value) == "There are no turns."
    tick(browser, "rude")
    assert said(browser) == "Saved. Labels: rude."


@pytest.mark.parametrize("nothing", [[], {}, {"good": []}])
def test_there_may_be_no_conversations(make: Make, nothing: Any) -> None:
    browser = make(nothing)
    assert plain(browser.place.value) == "There are no conversations."
    assert (browser.value, browser.errors, browser.numbers) == (None, {}, [])
    assert len(browser.to_frame()) == 0
    assert "0 of 0 conversations" in browser.static_html()
    with pytest.raises(InputError, match="there are none at all"):
        browser.show(1)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (GOOD[0], r"conversations is one conversation; give a list of them: \[dialog\]"),
        ([GOOD[0], "Hi"], r"conversations\[1\] is no Dialog but a str"),
        ({"good": GOOD[0]}, r"conversations\['good'\] is one conversation"),
        ({"good": {"inner": GOOD}}, r"conversations\['good'\] is a dict; give a list of conversations"),
        (7, "conversations is a int; give a list of conversations, what `simulate` returned, or the path"),
        ({" ": GOOD}, "' ' is no name of a bot"),
        ({3: GOOD}, "3 is no name of a bot"),
    ],
)
def test_what_cannot_be_browsed_is_refused(make: Make, given: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        make(given)


def test_a_file_that_is_missing_or_broken_is_named(make: Make, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nowhere\.jsonl"):
        make({"good": tmp_path / "nowhere.jsonl"})
    (tmp_path / "odd.jsonl").write_text('{"messages": []}\n{"turns": []}\n')
    with pytest.raises(FileError, match=r"odd\.jsonl, line 2: holds no conversation"):
        make(tmp_path / "odd.jsonl")


# -- reading ----------------------------------------------------------------------------------------------------------


def test_why_it_ended_and_whether_the_user_stayed_who_they_are(make: Make) -> None:
    facts = plain(make([JUDGED]).known.value)
    assert "Endedneed met: the user has what they came for" in facts
    assert "ReasonShe gets a new kettle." in facts
    assert "Confidence0.9" in facts
    assert "Persona keptyes. She is short. “BK 2231”" in facts
    assert "name: Ana" in facts
    assert "personality: hurried, <b>short</b>" in facts


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"kept": False, "reason": "They help.", "evidence": ""}, "no. They help"),
        ({"kept": None, "reason": "the reply was cut"}, "nobody knows. the reply was cut"),
        ({"kept": ["odd"]}, "nobody knows"),
    ],
)
def test_a_persona_that_was_not_kept_or_of_which_nobody_knows(make: Make, answer: Any, words: str) -> None:
    browser = make([JUDGED.model_copy(update={"notes": {"persona": answer}})])
    assert f"Persona kept{words}\n" in plain(browser.known.value)


def test_the_judges_decisions_stand_with_the_answers_they_are_about(make: Make) -> None:
    first, second, third, fourth = re.findall(r"<li.*?</li>", make([JUDGED]).chat.value, re.DOTALL)
    assert plain(second) == "ShopWhich order?Judge: goes on (confidence 0.8). She can tell the number."
    assert plain(fourth).endswith("Judge: need met (confidence 0.9). She gets a new kettle.")
    assert "Judge" not in first + third


@pytest.mark.parametrize("odd", ["no list", [7, "x", {}, {"turn": "two"}], [{"turn": 99}], [{"turn": 2}], None])
def test_notes_of_another_form_do_no_harm(make: Make, odd: Any) -> None:
    browser = make([JUDGED.model_copy(update={"notes": {"decisions": odd, "persona": odd}})])
    assert "Which order?" in browser.chat.value
    assert browser.last_error is None


def test_everything_else_that_is_known_can_be_opened(make: Make) -> None:
    assert "hurried, &lt;b&gt;short&lt;/b&gt;" in make([JUDGED]).known.value


# -- labels -----------------------------------------------------------------------------------------------------------


def test_labels_a_rating_and_a_note_are_saved_at_once(make: Make, file: Path) -> None:
    browser = make()
    browser.show(4)

    tick(browser, "rude")
    assert said(browser) == "Saved. Labels: rude."
    tick(browser, "forgets")
    assert said(browser) == "Saved. Labels: forgets, rude."
    browser.rating.set_state({"index": 2})
    assert said(browser) == "Saved. Rated 2, bad."
    browser.note.set_state({"value": NASTY})
    assert said(browser) == "Saved. Your note."

    assert in_file(file) == [(["forgets", "rude"], 2, NASTY)]
    assert browser.reviews == tuple(load_reviews(file))
    assert browser.reviews[0].dialog == key_of(BAD[0])

    browser.next()
    assert not browser.ticks["rude"].value
    assert (browser.rating.value, browser.note.value, said(browser)) == (0, "", "")
    browser.previous()
    assert browser.ticks["rude"].value
    assert (browser.rating.value, browser.note.value) == (2, NASTY)

    tick(browser, "rude", False)
    tick(browser, "forgets", False)
    browser.rating.set_state({"index": 0})
    assert said(browser) == "Saved. Not rated."
    assert in_file(file) == [([], None, NASTY)]


def test_the_next_day_they_are_there_and_those_nobody_can_tick_now_stay(make: Make, file: Path) -> None:
    tick(make(), "forgets")

    browser = make(labels=["new"])
    assert len(browser.reviews) == 1
    tick(browser, "new")

    assert in_file(file) == [(["new", "forgets"], None, "")]


def test_each_rater_has_their_own_and_they_can_be_compared(make: Make, file: Path) -> None:
    ana, bo = make(rater="Ana"), make(rater="Bo")
    ana.rating.set_state({"index": 4})
    bo.rating.set_state({"index": 3})
    assert make(rater="Cy").reviews == ()
    assert [each.rating for each in make(rater="Bo").reviews] == [3]
    assert agreement(load_reviews(file))["dialogues"].tolist() == [1]


def test_what_was_decided_in_dialog_review_is_kept_and_the_other_way_round(make: Make, file: Path) -> None:
    browser, review = make(GOOD), DialogReview(GOOD, to=file, labels=["odd"], blind=False)
    tick(browser, "rude")
    review.rate(4)
    review.ticks["odd"].set_state({"value": True})
    browser.note.set_state({"value": "Hm."})

    assert browser.rating.value == 4
    (saved,) = load_reviews(file)
    assert (saved.rating, saved.labels, saved.dialog_labels, saved.note) == (4, {0: ["odd"]}, ["rude"], "Hm.")


def test_conversations_with_the_same_text_have_the_same_review(make: Make, file: Path) -> None:
    browser = make({"one": GOOD[:1], "other": GOOD[:1]})
    tick(browser, "rude")
    browser.next()
    assert browser.ticks["rude"].value
    assert len(browser.reviews) == len(load_reviews(file)) == 1
    words = [part.value for part in browser.body.children if isinstance(part, ipywidgets.HTML)]
    assert any("1 of the 2 dialogues says the same as another one" in text for text in words)


def test_what_cannot_be_saved_is_kept_told_and_saved_with_what_comes_next(make: Make, file: Path) -> None:
    browser = make()
    file.parent.mkdir()
    with FileLock(file.with_name(".reviews.jsonl.lock")):
        tick(browser, "rude")
    assert "another process" in said(browser)
    assert said(browser).endswith("What you decided is kept here, and saved with the next button that you press")
    assert list(browser.errors) == ["file"]
    assert [each.dialog_labels for each in browser.reviews] == [["rude"]]
    assert browser.ticks["rude"].value

    browser.next_button.click()

    assert (said(browser), browser.errors) == ("Saved.", {})
    assert in_file(file) == [(["rude"], None, "")]


def test_reviews_of_other_dialogues_are_left_alone(make: Make, file: Path) -> None:
    other = Review(dialog="another", rater="me", rating=1)
    save_review(file, other)
    browser = make()
    assert browser.reviews == ()
    tick(browser, "rude")
    assert other in load_reviews(file)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"rater": " "}, "rater is ' '; give a text that is not blank"),
        ({"labels": "odd"}, "labels is 'odd'; give a list of texts"),
    ],
)
def test_raters_and_labels_that_are_none_are_refused(make: Make, given: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        make(**given)


def test_the_table_has_all_conversations_and_what_was_decided(make: Make) -> None:
    browser = make()
    browser.show(4)
    tick(browser, "forgets")
    choose(browser, "bot", "good")

    table = browser.to_frame()

    assert table["bot"].tolist() == ["good"] * 3 + ["forgetful"] * 2
    assert table["stop"].tolist() == ["need_met", "left", "max_turns", "frustrated", "frustrated"]
    assert table["labels"].tolist() == [[], [], [], ["forgets"], []]
    assert table.columns.tolist() == ["number", "id", "bot", "user", "turns", "stop", "rating", "labels", "note"]


# -- any text, many conversations, and without a kernel ---------------------------------------------------------------


def test_any_text_is_shown_as_text(make: Make) -> None:
    notes = {
        "persona": {"kept": True, "reason": NASTY, "evidence": NASTY},
        "decisions": [{"turn": 1, "state": NASTY, "reason": NASTY, "confidence": 1}],
    }
    odd = Dialog(
        dialogId=NASTY,
        turns=[Turn(speaker=NASTY, text=NASTY), Turn(speaker="half \ud83d", text="half \ud83d of a pair")],
        stop=Stop(kind=NASTY, reason=NASTY),
        personas={NASTY: {NASTY: [NASTY]}},
        notes=notes,
    )
    browser = make({NASTY: [odd], "\ud83d": [odd]}, rater=NASTY, labels=[NASTY])
    tick(browser, NASTY)

    shown = [part.value for part in (browser.known, browser.chat, browser.place, browser.message)]
    assert browser.last_error is None
    for text in (*shown, browser.static_html(), *listed(browser)):
        assert "<script" not in text or text in listed(browser)
        text.encode("utf-8")  # else it could not be sent
    assert max(map(len, listed(browser))) < 250
    assert all(
        "\n" not in label for control in ("stop", "user", "bot") for label, _ in browser.filters[control].options
    )


def test_a_thousand_conversations_are_filtered_searched_and_paged_at_once(make: Make) -> None:
    said = ["My kettle leaks, and I do not know what to do about it. " * 5] * 8
    many = [talk(f"user {i}", f"Number {i}", *said, end=("left", "need_met")[i % 2]) for i in range(1100)]
    began = time.monotonic()
    browser = make(many)
    opened = time.monotonic() - began
    assert len(listed(browser)) == PAGE
    assert "The list has 1 to 1,000." in browser.place.value

    began = time.monotonic()
    choose(browser, "stop", "left")
    browser.filters["text"].set_state({"value": "number 1098"})
    assert browser.numbers == [1099]
    browser.filters["text"].set_state({"value": ""})
    for _ in range(10):
        browser.previous_button.click()
    took = time.monotonic() - began

    choose(browser, "stop", "any")
    browser.show(1100)
    assert "The list has 1,001 to 1,100." in browser.place.value
    assert listed(browser)[-1].startswith("1100. user 1099")
    assert opened < 5
    assert took < 5


def test_the_static_twin_has_a_table_and_the_one_that_is_shown(make: Make, tmp_path: Path) -> None:
    browser = make()
    choose(browser, "stop", "frustrated")
    browser.filters["text"].set_state({"value": "kettle"})
    twin = browser.static_html()
    tick(browser, "rude")

    again = make(to=tmp_path / "x.jsonl")
    choose(again, "stop", "frustrated")
    again.filters["text"].set_state({"value": "kettle"})
    assert browser.static_html() == again.static_html() == twin
    words = plain(twin)
    assert words.startswith("Conversations: 1 of 5 conversations (Ended: frustrated; Text: kettle).")
    assert "4Anaforgetfulfrustrated4" in words
    assert "The one that leaks." in words
    assert " id=" not in twin
    assert str(tmp_path) not in browser._repr_mimebundle_()["text/html"]


def test_the_static_twin_of_many_says_how_many_more_there_are(make: Make) -> None:
    assert "And 12 more." in make([talk(f"user {i}", "Hi") for i in range(42)]).static_html()
