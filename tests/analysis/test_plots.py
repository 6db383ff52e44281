"""Pictures of sets of dialogues."""

from __future__ import annotations

import re
import sys
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from sdkit import Dialog, Turn
from sdkit.analysis import plot
from sdkit.errors import InputError, MissingPackageError

PLOTS = Path(__file__).resolve().parents[2] / "notebooks" / "plots.cfg"
SVG = "{http://www.w3.org/2000/svg}"


def of_length(*lengths: int, speaker: str | None = "User") -> list[Dialog]:
    return [Dialog(turns=[Turn(speaker=speaker, text="Hello you")] * length) for length in lengths]


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter(f"{SVG}text")]


def test_a_picture_has_a_panel_for_each_measure_with_its_unit() -> None:
    plotted = plot({"real": of_length(2, 4, 6), "synthetic": of_length(5, 7, 9)}, lambda dialog: 0.5)

    shown = texts(plotted.svg())

    for label in ("Turns", "Words per turn: User", "Repeated turns", "Flowchart adherence"):
        assert label in shown
    for unit in ("turns", "words per turn", "share of turns", "share of system turns"):
        assert unit in shown
    assert {"real", "synthetic"} <= set(shown)
    # All panels of what could be measured: these dialogues are too short for measures of variety.
    assert "Word variety" not in shown


def test_each_dialogue_is_a_mark_and_sets_have_marks_of_their_own() -> None:
    plotted = plot({"real": of_length(2, 4, 6), "synthetic": of_length(5, 7)})
    turns = plotted.figure.axes[0]
    marks = [line for line in turns.lines if line.get_marker() not in ("None", "", None)]
    assert [line.get_xdata().tolist() for line in marks] == [[2, 4, 6], [5, 7]]
    assert len({line.get_marker() for line in marks}) == 2  # to be told apart in black and white
    below = [max(marks[0].get_ydata()), min(marks[1].get_ydata())]
    assert below == sorted(below)


def test_a_notebook_shows_the_picture_with_a_text_alternative() -> None:
    plotted = plot({"real": of_length(2, 4, 6), "synthetic": of_length(5, 8)})

    bundle = plotted._repr_mimebundle_()

    assert bundle["text/plain"].startswith("real (3 dialogues) and synthetic (2 dialogues). Medians: Turns 4 and 6.5; ")
    picture = ET.fromstring(plotted.svg())
    assert picture.get("role") == "img"
    assert picture.get("aria-label") == bundle["text/plain"]
    assert bundle["text/plain"] in bundle["text/html"]


def test_a_picture_takes_the_colours_of_the_theme_and_changes_nothing_else_on_the_page() -> None:
    svg = plot({"real": of_length(2, 4)}).svg()
    assert "currentColor" in svg
    assert not re.search(r"#000000|#ffffff|<style|<metadata|<script", svg)
    ids = re.findall(r' id="([^"]*)"', svg)
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch("[mp][0-9a-f]{10}", name) for name in ids)  # made of what they hold


def test_the_same_dialogues_give_the_same_picture() -> None:
    sets = {"real": of_length(2, 4, 6), "synthetic": of_length(5, 8)}
    assert plot(sets).html() == plot(sets).html()


def test_lessons_compare_the_words_of_a_picture_and_not_its_drawing() -> None:
    # Given what nbval is told to replace: a drawing is another one where fonts or versions differ
    regex, replace = re.findall("^(?:regex|replace): (.*)$", PLOTS.read_text(encoding="utf-8"), re.MULTILINE)
    plotted = plot({"real": of_length(2, 4, 6)})

    compared = re.sub(regex, replace, plotted.html() + "<svg><title>another</title></svg>")

    assert "(drawing)" in compared
    assert plotted.alt in compared
    assert re.findall("<svg.*", compared) == ["<svg><title>another</title></svg>"]


def test_names_are_shown_as_text_whatever_is_in_them() -> None:
    evil = "<script>$x$</script>\x1b"
    plotted = plot({evil: of_length(2, 4, speaker="a\n<b>$y$"), "合成" * 30: of_length(3)})

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        html = plotted.html()

    assert "<script" not in html
    assert "<b>" not in html
    assert "\x1b" not in html
    shown = texts(plotted.svg())
    assert r"<script>$x$</script>\x1b" in shown
    assert "Words per turn: a <b>$y$" in shown
    assert "合成" * 15 + "合…" in shown


def test_many_sets_and_single_dialogues_can_be_drawn() -> None:
    plotted = plot({f"set {number}": of_length(number) for number in range(8)})
    assert {f"set {number}" for number in range(8)} <= set(texts(plotted.svg()))
    assert plotted.alt.startswith("set 0 (1 dialogue) and set 1 (1 dialogue)")


def test_nothing_is_negative() -> None:
    plotted = plot({"real": of_length(0, 0, 0)})
    assert [axes.get_title(loc="left") for axes in plotted.figure.axes] == ["Turns", "Words", "Distinct words"]
    assert not any(text.startswith(("-", "\N{MINUS SIGN}")) for text in texts(plotted.svg()))


def test_a_picture_can_be_saved(tmp_path: Path) -> None:
    plot({"real": of_length(2, 4)}).figure.savefig(tmp_path / "plot.pdf")
    assert (tmp_path / "plot.pdf").read_bytes().startswith(b"%PDF")


def test_an_empty_set_is_named() -> None:
    with pytest.raises(InputError, match="synthetic: the set is empty"):
        plot({"real": of_length(2), "synthetic": []})


def test_without_matplotlib_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackageError, match="matplotlib is needed to draw a comparison"):
        plot({"real": of_length(2)})
