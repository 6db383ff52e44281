"""The report of a factory: what stands in it, and that anything can stand in it."""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loopback_model import LoopbackModel

from sdkit import Dialog, Turn
from sdkit.analysis.clustering import clusters
from sdkit.errors import FileError, InputError
from sdkit.factory import Factory, Made
from sdkit.factory.report_found import hidden
from sdkit.factory.reporting import page, report
from sdkit.moderation import PersonalData, WordList

Make = Callable[..., Factory]
NASTY = "</pre><script>alert(1)</script><b>\x1b[31m שלום & \"quoted\" 'it' ]]>"


def words(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", markup, flags=re.DOTALL)).split())


def section(markup: str, name: str) -> str:
    """Return the words of a section."""
    return words(re.search(rf'<section id="{name}">(.*?)</section>', markup, re.DOTALL)[1])


def rows(markup: str, caption: str) -> list[list[str]]:
    """Return the cells of the table whose caption begins so, without those that hold a bar."""
    found = re.search(rf"<caption>{re.escape(caption)}.*?</table>", markup, re.DOTALL)[0]
    lines = re.findall(r"<tr>(.*?)</tr>", found, re.DOTALL)
    return [
        [words(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line) if 'class="bar' not in cell]
        for line in lines
    ]


class Checked(HTMLParser):
    """Finds what a page refers to, and elements that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        for name, value in attributes:
            if name == "id":
                self.ids.append(value)
            if name in ("src", "href", "xlink:href") and not str(value).startswith("#"):
                self.outside.append(value)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in ("meta", "br", "path", "use"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: Any) -> None:
        self.handle_starttag(tag, attributes)
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open[-1] == tag, f"{self.open[-1]} is not closed"
            self.open.pop()


@pytest.fixture
def made(factory: Make) -> Made:
    return factory(12).run(progress=False)


# -- the file ---------------------------------------------------------------------------------------------------------


def test_it_is_one_file_that_needs_nothing_else(made: Made, tmp_path: Path) -> None:
    path = report(made, tmp_path / "new" / "report.html")

    text = path.read_text(encoding="utf-8")
    page = Checked()
    page.feed(text)
    assert path == tmp_path / "new" / "report.html"
    assert (page.open, page.outside) == ([], [])
    assert "<script" not in text
    assert "default-src 'none'" in text
    assert [path.name for path in path.parent.iterdir()] == ["report.html"], "nothing else is left"


def test_headings_tables_and_pictures_can_be_read_aloud(made: Made) -> None:
    text = page(made)
    seen = Checked()
    seen.feed(text)
    assert seen.headings[0] == 1
    assert all(after - before <= 1 for before, after in zip(seen.headings, seen.headings[1:], strict=False))
    assert seen.headings.count(1) == 1
    assert text.count("<table>") == text.count("<caption>")
    assert all('role="img" aria-label="' in picture for picture in re.findall(r"<svg[^>]*>", text))
    for link in re.findall(r'<a href="#(\w+)"', text):
        assert link in seen.ids


def test_the_same_gives_the_same_report(made: Made) -> None:
    assert page(made) == page(made)


@pytest.mark.parametrize("name", ["report.pdf", "report", "."])
def test_a_file_that_is_no_page_is_refused(made: Made, name: str) -> None:
    with pytest.raises(InputError, match=r"a file whose name ends in \.html"):
        report(made, name)


def test_a_file_that_cannot_be_written_is_an_error(made: Made, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(FileError, match="was not written"):
        report(made, tmp_path / "file" / "report.html")


def test_nothing_to_report_is_an_error(factory: Make) -> None:
    with pytest.raises(InputError, match="no dialogue was made yet"):
        page(factory(3).made())
    with pytest.raises(InputError, match=r"'out\.json' is not what a factory has made"):
        page("out.json")  # type: ignore[arg-type]


# -- what stands in it ------------------------------------------------------------------------------------------------


def test_it_says_what_was_made_in_plain_sentences(made: Made) -> None:
    text = words(page(made))
    assert "What the dialogue factory has made 12 of 12 dialogues are there, after" in text
    low, high = (bound(len(record["turns"]) for record in made.records) for bound in (min, max))
    assert f"They have {low} to {high} turns each, a turn being a message and its answer." in text


def test_the_plan_is_held_against_what_was_made(made: Made) -> None:
    table = rows(page(made), "Resolution status: 3 values, each made")
    assert table[0] == ["value", "target", "planned", "made", "bar"]
    assert [line[:2] for line in table[1:]] == [["Resolved", "4.80"], ["Failed", "3.60"], ["Escalated", "3.60"]]
    assert sum(int(line[3]) for line in table[1:]) == 12
    assert "Kinshasa" in section(page(made), "plan")


def test_the_balance_of_each_axis_is_judged(made: Made) -> None:
    text = page(made)
    assert "No axis is off its targets by more than chance puts it." in section(text, "balance")
    axes = [line[0] for line in rows(text, "How far each axis is from its targets")[1:]]
    assert axes[:3] == ["services", "categories", "regions"]
    assert len(axes) == 13


def test_quotas_count_as_targets(factory: Make) -> None:
    spec = {"quotas": {"regions": {"Tokyo": 10}}}
    made = factory(12, spec=spec, threshold=0.99).run(progress=False)
    text = page(made)
    assert ["Tokyo", "10.00", "10", "10"] in [line[:4] for line in rows(text, "Regions")]
    balance = {line[0]: line for line in rows(text, "How far each axis is from its targets")}
    assert balance["regions"][-1] == "✓ as wanted"


def test_duplicates_are_told_with_how_near_they_are(factory: Make, model: LoopbackModel) -> None:
    model.planted = 0.7
    made = factory(10, threshold=0.93).run(progress=False)
    duplicates = [decision for decision in made.journal.decisions if decision.what == "duplicate"]
    assert duplicates
    text = page(made)
    assert rows(text, "Thresholds of similarity")[1][0] == "0.95"
    count = f"{len(duplicates)} attempt{'s' * (len(duplicates) != 1)} came out as"
    table = rows(text, count)
    assert len(table) == 1 + len(duplicates)
    assert re.search(r"similarity 0\.\d{3}|word for word", table[1][2])


def test_what_was_flagged_is_told_by_category_and_personal_data_is_masked(factory: Make, model: LoopbackModel) -> None:
    def bend(answer: Any, asked: str) -> Any:
        if "turns" in answer and "Ending: Failed" in asked:
            answer["turns"][0]["utterance"] += " You idiot, write to ana.maria@example.org."
        return answer

    model.bend = bend
    made = factory(8, layers=(WordList(), PersonalData())).run(progress=False)
    text = page(made)
    table = rows(text, "What was flagged, by category")
    assert {line[0] for line in table[1:]} == {"e-mail", "insult"}
    assert ["e-mail", "personal"] in [line[:2] for line in table]
    assert "a…@example.org" in section(text, "moderation")
    assert "ana.maria" not in text


def test_personal_data_in_any_reason_is_masked() -> None:
    said = "Call me on 555-0199, or write to ana@example.org, before 10:15."
    assert hidden(said) == "Call me on …99, or write to a…@example.org, before 10:15."


def test_what_fell_short_is_told(factory: Make, model: LoopbackModel) -> None:
    def bend(answer: Any, asked: str) -> Any:
        if "turns" in answer and "Ending: Escalated" in asked:
            answer["turns"][-1]["assistant_response"] = "Lemons."
        if "turns" in answer and "Ending: Failed" in asked:
            answer["turns"] = []
        return answer

    model.bend = bend
    made = factory(8).run(progress=False)
    text = page(replace(made, total=20))
    told = section(text, "short")
    assert f"{len(made)} of the 20 dialogues that were asked for are there." in told
    shown = {line[0]: line for line in rows(text, "What of the plan the texts show")}
    assert int(shown["resolution"][2]) > 0
    assert "the model's reply" in told
    assert re.search(r"\d dialogues? given up", told)


def test_the_users_are_told_apart_by_emotion_and_ending(made: Made) -> None:
    text = page(made)
    emotions = rows(text, "Conduct by emotion of the user")
    assert [line[0] for line in emotions[1:]] == sorted({item.user_emotion for item in made.items})
    endings = rows(text, "Conduct by ending")
    assert sum(int(line[1]) for line in endings[1:]) == 12


def test_clusters_that_are_given_are_shown_with_a_dialogue_of_each(made: Made) -> None:
    vectors = [[1.0, 0.01 * i, 0.0] if i < 8 else [0.0, 0.01 * i, 1.0] for i in range(12)]
    found = clusters(made.dialogs(), vectors, count=2)
    text = page(made, found)
    table = rows(text, "Clusters: what the dialogues are about")
    assert [(line[0], line[2]) for line in table[1:]] == [("A", "8"), ("B", "4")]
    for number in range(2):
        dialog = made.dialogs()[found.representative(number)]
        assert dialog.turns[0].text in section(text, "samples")
        assert dialog.turns[-1].text in section(text, "samples")
    with pytest.raises(InputError, match="the clusters are of 3 dialogues, and 12 were made"):
        page(made, clusters(["a", "b", "c"], np.eye(3)))


def test_it_says_how_they_were_made_and_what_was_not_applied(made: Made) -> None:
    text = section(page(made), "how")
    assert "model loop: 12 dialogues" in text
    assert "embeddings hashed" in text
    assert "threshold of similarity 0.97" in text
    assert "frequency penalty (of 12 dialogues)" in text
    assert re.search(r"package version python 3\.\d+", text)


def test_a_reference_is_held_against_them(made: Made) -> None:
    others = [
        Dialog(turns=[Turn(speaker="User", text=f"Is it {i}?"), Turn(speaker="System", text="Yes.")]) for i in range(9)
    ]
    text = page(made, reference=iter(others))
    table = {line[0]: line for line in rows(text, "Beside the reference")}
    assert table["Turns"][1] == "2.00"
    assert table["Turns"][-1] == "✗ yes"
    assert "Beside a reference" not in page(made)


@pytest.mark.parametrize(
    ("module", "package", "name"),
    [("vaderSentiment.vaderSentiment", "vaderSentiment", "conduct"), ("sklearn.cluster", "scikit-learn", "clusters")],
)
def test_a_section_whose_package_is_missing_says_so(
    made: Made, module: str, package: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    text = page(made)
    assert f"This part was left out: {package}" in section(text, name)
    assert "Resolution status" in section(text, "plan")


def test_any_text_is_shown_as_text(factory: Make, model: LoopbackModel) -> None:
    def bend(answer: Any, asked: str) -> Any:
        for turn in answer.get("turns", ()):
            turn["utterance"] = f"{NASTY} {turn['utterance']}"
        return answer

    model.bend = bend
    made = factory(4, spec={"regions": {NASTY: 1}, "user_emotions": {NASTY: 1}}).run(progress=False)
    text = page(made)
    assert "<script" not in text
    assert "\x1b" not in text
    assert text.encode()
    seen = Checked()
    seen.feed(text)
    assert seen.open == []
