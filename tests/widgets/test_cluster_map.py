"""`ClusterMap` without a browser. The embeddings are given: it is about the widget."""

from __future__ import annotations

import html
import re
import time
from typing import Any

import pytest

from sdkit import Dialog, Turn
from sdkit.analysis.clustering import clusters
from sdkit.errors import InputError
from sdkit.widgets import ClusterMap
from sdkit.widgets.cluster_parts import HIGH, WIDE, places

NASTY = '<script>alert(1)</script> **bold** $x$ "quoted" & \n שלום ' + "long " * 2000
SAID = {"taxi": "I need a taxi to the station.", "hotel": "Is there a hotel room left?"}


def talk(*texts: str, **about: Any) -> Dialog:
    turns = [Turn(speaker=("User", "System")[i % 2], text=text) for i, text in enumerate(texts)]
    return Dialog(turns=turns, **about)


def dialogs_of(taxi: int = 5, hotel: int = 3) -> list[Dialog]:
    return [
        talk(SAID[name], f"The {name} is booked.", dialogId=f"{name}-{number}")
        for name, count in (("hotel", hotel), ("taxi", taxi))
        for number in range(count)
    ]


def vectors_of(dialogs: list[Dialog]) -> list[list[float]]:
    """Two bundles, in which the later ones are further out."""
    return [
        [1.0, 0.01 * (n % 50), 0.0] if "taxi" in str(d.dialogId) else [0.0, 0.01 * (n % 50), 1.0]
        for n, d in enumerate(dialogs)
    ]


def make(dialogs: list[Dialog] | None = None, count: int = 2) -> ClusterMap:
    known = dialogs_of() if dialogs is None else dialogs
    return ClusterMap(clusters(known, vectors_of(known), count=count), known)


def plain(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", " ", markup)).strip()


def choose(control: Any, label: str) -> None:
    """Do what a browser does when somebody chooses in a list."""
    control.set_state({"index": [text for text, _ in control.options].index(label)})


def drawn(widget: ClusterMap) -> list[str]:
    return [html.unescape(text) for text in re.findall(r"<text[^>]*>(.*?)</text>", widget.map.value)]


def test_all_dialogues_are_on_the_map_with_the_letters_of_their_clusters() -> None:
    widget = make()
    assert sorted(drawn(widget)) == ["A"] * 5 + ["B"] * 3
    assert 'aria-label="Map of 8 dialogues in 2 clusters; A is looked at"' in widget.map.value
    assert len(set(re.findall(r'stroke="(#\w+)"', widget.map.value))) == 2
    assert all(0 < x < WIDE and 0 < y < HIGH for x, y in places(widget.clusters))


def test_the_largest_cluster_is_shown_first_with_its_words_and_the_dialogue_of_its_middle() -> None:
    widget = make()
    assert widget.cluster.label.startswith("A: ")
    assert re.match(
        r"A: [\w, ]+: 5 of 8 dialogues \(62%\)\. Words: .*taxi",
        " ".join(plain(widget.about.value).replace(" :", ":").split()),
    )
    assert [place for _, place in widget.choice.options] == widget.clusters.members(0)
    at = widget.clusters.representative(0)
    assert widget.value is widget.dialogs[at]
    assert "I need a taxi to the station." in plain(widget.dialog.value)
    assert widget.choice.label == f"{at + 1}. I need a taxi to the station."


def test_another_cluster_is_chosen() -> None:
    widget = make()
    widget.cluster.set_state({"index": 1})
    assert widget.value is widget.dialogs[widget.clusters.representative(1)]
    assert sorted(place for _, place in widget.choice.options) == [0, 1, 2]
    assert "Is there a hotel room left?" in plain(widget.dialog.value)
    assert "; B is looked at" in widget.map.value


def test_another_dialogue_is_chosen_in_the_list_or_by_the_buttons() -> None:
    widget = make()
    first, second, *_, last = widget.clusters.members(0)
    choose(widget.choice, f"{second + 1}. I need a taxi to the station.")
    assert widget.value is widget.dialogs[second]
    widget.previous_button.click()
    assert (widget.value is widget.dialogs[first], widget.previous_button.disabled) == (True, True)
    for _ in range(10):
        widget.next_button.click()
    assert (widget.value is widget.dialogs[last], widget.next_button.disabled) == (True, True)
    assert widget.last_error is None


def test_a_mark_on_the_map_can_be_pressed() -> None:
    widget = make()
    assert widget.buttons[0].tooltip == "1. Is there a hotel room left?"
    widget.buttons[0].click()
    assert widget.value is widget.dialogs[0]
    assert (widget.cluster.value, widget.choice.value) == (1, 0)
    x, y = places(widget.clusters)[0]
    assert float(widget.buttons[0].layout.left.rstrip("%")) == pytest.approx(100 * x / WIDE, abs=0.1)
    assert float(widget.buttons[0].layout.top.rstrip("%")) == pytest.approx(100 * y / HIGH, abs=0.1)


def test_a_script_shows_by_place_or_by_id() -> None:
    widget = make()
    widget.show("hotel-1")
    assert widget.value.dialogId == "hotel-1"
    widget.show(7)
    assert (widget.value.dialogId, widget.cluster.value) == ("taxi-4", 0)
    for wrong in (8, -1, True, "bus-1", None):
        with pytest.raises(InputError, match=r"there is no dialogue .*; there are 0 to 7, by place or by id"):
            widget.show(wrong)


@pytest.mark.parametrize(
    ("given", "dialogs", "problem"),
    [
        ("clusters", dialogs_of(), "are no clusters; give what clusters"),
        (None, dialogs_of(), "are no clusters"),
        (
            clusters(dialogs_of(), vectors_of(dialogs_of()), count=2),
            dialogs_of()[:3],
            "of 8 dialogues, and these are 3",
        ),
        (clusters(dialogs_of(), vectors_of(dialogs_of()), count=2), "abcdefgh", "these are 0"),
        (clusters(dialogs_of(), vectors_of(dialogs_of()), count=2), list("abcdefgh"), "number 1 is no dialogue: 'a'"),
    ],
)
def test_what_cannot_be_shown_is_refused(given: Any, dialogs: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        ClusterMap(given, dialogs)


def test_any_text_is_shown_as_text() -> None:
    dialogs = [talk(NASTY, "half \ud83d", dialogId=NASTY), talk("</text></svg><b>", NASTY), talk("…", "")]
    widget = ClusterMap(clusters(dialogs, [[1.0, 0], [0, 1.0], [1.0, 1.0]], count=2), dialogs)
    for at in range(3):
        widget.show(at)
        for text in (widget.static_html(), widget.map.value, widget.about.value, widget.dialog.value):
            assert "<script" not in text
            assert "</svg><b>" not in text
            text.encode("utf-8")  # else it could not be sent
    assert max(len(label) for label, _ in widget.choice.options) < 80
    assert widget.last_error is None


def test_thousands_of_dialogues_are_chosen_from_lists_of_the_nearest() -> None:
    dialogs = dialogs_of(3_000, 500)
    widget = make(dialogs)
    assert widget.buttons == []
    assert len(widget.choice.options) == 300
    assert "The 300 nearest of 3,000 are listed." in widget.listing.value
    assert sorted(drawn(widget)) == ["A", "B"]
    assert widget.map.value.count("<path") <= 2_001
    began = time.monotonic()
    far = widget.clusters.members(0)[-1]
    widget.show(far)
    assert time.monotonic() - began < 5
    assert (widget.choice.value, len(widget.choice.options)) == (far, 301)


def test_the_static_twin_has_everything_and_is_the_same_whoever_is_looked_at() -> None:
    widget = make()
    twin = widget.static_html()
    widget.show(0)
    assert widget.static_html() == twin == make().static_html()
    words = " ".join(plain(twin).split())
    assert words.startswith("Cluster map : 8 dialogues in 2 clusters. ")
    assert "I need a taxi to the station." in words
    assert " id=" not in twin
