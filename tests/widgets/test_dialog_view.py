"""`DialogView` without a browser: what it shows, finds and gives to copy. In a browser: tests/browser."""

from __future__ import annotations

import html
import re
import time
from html.parser import HTMLParser

import pytest
import traitlets

from sdkit.dialog import Dialog, Event, Provenance, Stop, Turn
from sdkit.widgets import DialogView

NASTY = '<script>alert(1)</script> **bold** $x$ "quoted" & \n שלום'


def says(*turns: tuple[str | None, str]) -> Dialog:
    return Dialog(turns=[Turn(speaker=speaker, text=text) for speaker, text in turns])


@pytest.fixture
def view() -> DialogView:
    return DialogView(says(("Doctor", "Where does it hurt?"), ("Patient", "My Knee."), ("Doctor", "Which knee?")))


def plain(markup: str) -> str:
    """Return what is left of HTML when the tags are gone."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


def tags(markup: str) -> set[str]:
    found: set[str] = set()

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            found.add(tag)

    Parser().feed(markup)
    return found


# -- the turns --------------------------------------------------------------------------------------------------------


def test_a_dialogue_is_an_ordered_list_with_a_caption(view: DialogView) -> None:
    assert plain(view.caption.value) == "Dialogue: 3 turns, between Doctor and Patient"
    assert re.findall(r'<li value="(\d)".*?<b[^>]*>(.*?)</b><div[^>]*>(.*?)</div></li>', view.chat.value) == [
        ("1", "Doctor", "Where does it hurt?"),
        ("2", "Patient", "My Knee."),
        ("3", "Doctor", "Which knee?"),
    ]
    assert view.errors == {}


def test_each_speaker_has_a_place_between_left_and_right() -> None:
    view = DialogView(says(("A", "1"), ("B", "2"), ("C", "3"), ("A", "4")))

    assert re.findall("--side: ([0-9.]+)", view.chat.value) == ["0", "0.5", "1", "0"]


def test_another_dialogue_takes_the_place_of_the_first(view: DialogView) -> None:
    view.search.set_state({"value": "knee"})

    view.value = says(("Ana", "Hi"), ("Bob", "No knee here"))

    assert plain(view.caption.value) == "Dialogue: 2 turns, between Ana and Bob"
    assert plain(view.chat.value).strip() == "BobNo knee here"


def test_what_is_no_dialogue_is_refused(view: DialogView) -> None:
    with pytest.raises(traitlets.TraitError, match="Dialog"):
        view.value = "Hi"


@pytest.mark.parametrize(
    ("dialog", "shown"),
    [
        (says(), "There are no turns."),
        (says((None, "Hm")), "(unknown)Hm"),
        (says(("Ana", "Hi")), "AnaHi"),
        (says(("Ana", "long " * 2000)), "Ana" + "long " * 2000),
        (says((NASTY, NASTY)), NASTY + NASTY),
        (says(("Ana", "half \ud83d of a pair")), "Anahalf \\ud83d of a pair"),
    ],
    ids=["empty", "unknown speaker", "one turn", "long", "nasty", "half a surrogate pair"],
)
def test_any_text_is_shown_as_text(dialog: Dialog, shown: str) -> None:
    view = DialogView(dialog)

    assert plain(view.chat.value).strip() == shown.strip()
    assert "script" not in tags(view.chat.value + view.static_html() + view.about.value)
    view.chat.value.encode("utf-8")  # else it could not be sent


def test_500_turns_are_shown_and_searched_in_well_under_a_second() -> None:
    dialog = says(*((f"Speaker {i % 2}", f"turn {i}, " + "and so on " * 20) for i in range(500)))

    began = time.perf_counter()
    view = DialogView(dialog)
    view.search.set_state({"value": "TURN 49"})
    took = time.perf_counter() - began

    assert plain(view.found.value) == "11 of 500 turns with “TURN 49”"
    assert took < 0.5


# -- search -----------------------------------------------------------------------------------------------------------


def test_search_leaves_the_turns_that_match_with_their_numbers_and_marks_them(view: DialogView) -> None:
    view.search.set_state({"value": "KNEE"})

    assert 'role="status"' in view.found.value
    assert plain(view.found.value) == "2 of 3 turns with “KNEE”"
    assert re.findall(r'value="(\d)"', view.chat.value) == ["2", "3"]
    assert re.findall("<mark>(.*?)</mark>", view.chat.value) == ["Knee", "knee"]

    view.search.set_state({"value": ""})

    assert plain(view.found.value) == ""
    assert re.findall(r'value="(\d)"', view.chat.value) == ["1", "2", "3"]
    assert "<mark>" not in view.chat.value


def test_search_finds_speakers_too(view: DialogView) -> None:
    view.search.set_state({"value": "patient"})

    assert re.findall("<mark>(.*?)</mark>", view.chat.value) == ["Patient"]


def test_what_is_searched_is_text_and_no_pattern() -> None:
    view = DialogView(says(("Ana", "a.b"), ("Bob", "axb <b>")))

    view.search.set_state({"value": "."})
    assert re.findall("<mark>(.*?)</mark>", view.chat.value) == ["."]

    view.search.set_state({"value": "<B>"})
    assert re.findall("<mark>(.*?)</mark>", view.chat.value) == ["&lt;b&gt;"]
    assert plain(view.found.value) == "1 of 2 turns with “<B>”"

    view.search.set_state({"value": "("})
    assert plain(view.found.value) == "0 of 2 turns with “(”"
    assert plain(view.chat.value) == "No turn has this."


# -- what is known, and copying ---------------------------------------------------------------------------------------


def test_what_is_known_is_folded_in_and_complete() -> None:
    dialog = Dialog(
        dialogId=12,
        model="qwen2.5:14b",
        seed=0,
        complete=False,
        scenario={"topic": NASTY, "deep": {"er": {"est": 1}}},
        personas={"Ana": {"role": "doctor", "years": 3}},
        stop=Stop(kind="over", reason="they said goodbye"),
        events=[Event(agent="Ana", action="instruct", actionLabel="be brief", text="Hurry", timestamp=0)],
        provenance=Provenance(options={"temperature": 0.8}, replayed=True, prompt_tokens=11),
        turns=[Turn(speaker="Ana", text="Hi")],
    )
    about = DialogView(Dialog.from_dict(dialog.json() | {"rating": "good"})).about.value

    assert about.startswith("<details")
    assert ">About this dialogue</summary>" in about
    known = dict(re.findall("<dt>(.*?)</dt><dd[^>]*>(.*?)</dd>", about))
    assert plain(known["Id"]) == "12"
    assert plain(known["Model"]) == "qwen2.5:14b"
    assert plain(known["Seed"]) == "0"
    assert plain(known["Complete"]) == "no"
    assert plain(known["Rating"]) == "good"
    assert plain(known["Why it ended"]) == "over: they said goodbye"
    assert plain(known["Personas"]) == "Ana: role: doctoryears: 3"
    assert plain(known["Events"]) == "Ana, instruct (be brief): Hurry"
    assert "temperature: 0.8" in plain(known["Provenance"])
    assert "replayed: yes" in plain(known["Provenance"])
    assert 'er: {"est": 1}' in plain(about)
    assert NASTY in plain(about)
    assert "script" not in tags(about)


@pytest.mark.parametrize(
    ("kind", "text"),
    [("Text", "Ana: Hi </textarea>"), ("Markdown", "*Dialogue\\: 1 turn"), ("JSON", '{\n  "formatVersion": "0.0.5"')],
)
def test_copy_as_opens_a_field_with_the_text_and_says_what_to_press(kind: str, text: str) -> None:
    view = DialogView(says(("Ana", "Hi </textarea>")))

    view.copy_as.set_state({"index": view.copy_as.options.index(kind)})

    assert f"The whole dialogue as {kind}" in view.copy.value
    assert "Ctrl+A" in view.copy.value
    field = re.search(r"<textarea readonly [^>]*>\n(.*)</textarea></label>$", view.copy.value, re.DOTALL)
    assert field
    assert html.unescape(field[1]).startswith(text)

    view.copy_as.set_state({"index": 0})
    assert view.copy.value == ""


def test_what_cannot_be_copied_is_said() -> None:
    view = DialogView(says(("Ana", "half \ud83d of a pair")))

    view.copy_as.set_state({"index": view.copy_as.options.index("JSON")})

    assert 'role="alert"' in view.message.value
    assert "cannot be written as JSON" in view.message.value
    assert view.copy.value == ""


# -- without a kernel -------------------------------------------------------------------------------------------------


def test_the_static_twin_is_the_whole_dialogue_whatever_is_searched(view: DialogView) -> None:
    before = view.static_html()
    view.search.set_state({"value": "knee"})

    assert view.static_html() == before
    assert "Where does it hurt?" in before
    assert "Run the cell" in view._repr_mimebundle_()["text/html"]
    assert DialogView(view.value).static_html() == before
    assert " id=" not in before
