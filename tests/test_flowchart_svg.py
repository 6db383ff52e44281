"""How a flowchart is drawn: nothing overlaps, nothing is cut, and everybody can read it."""

from __future__ import annotations

import itertools
import random
import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sdkit.datasets.star import StarDataset
from sdkit.flowchart import Flowchart
from sdkit.flowchart_layout import BOX_WIDTH, LETTER, Layout, Point, columns_of, layout

SVG = "{http://www.w3.org/2000/svg}"
MINI = Path(__file__).parents[1] / "datasets" / "star-mini"

BOOK = Flowchart(
    "table_book",
    {"hello": "ask_day", "ask_day": "query", "free": "offer", "full": "sorry", "yes": "query_book", "no": "ask_day"},
    {"hello": "Hello!", "ask_day": "For which day?", "offer": "Is {time:s} fine?", "sorry": "No table."},
)


def random_chart(seed: int) -> Flowchart:
    dice = random.Random(seed)
    names = [f"node_{'of_a_long_name_' * dice.randrange(4)}{i}" for i in range(dice.randrange(2, 30))]
    return Flowchart("any", {a: dice.choice(names) for a in names if dice.random() < 0.8} or {"a": "b"}, {})


def problems(chart: Flowchart, plan: Layout) -> Iterator[str]:
    """Say which boxes overlap or lie outside, and which arrows cross a box."""
    boxes = list(plan.boxes.values())
    for one, other in itertools.combinations(boxes, 2):
        if abs(one.x - other.x) < BOX_WIDTH and one.y < other.y + other.height and other.y < one.y + one.height:
            yield f"{one.node} and {other.node} overlap"
    for box in boxes:
        if box.x < 0 or box.y < 0 or box.x + BOX_WIDTH > plan.width or box.y + box.height > plan.height:
            yield f"{box.node} is outside"
        if any(columns_of(line) * LETTER > BOX_WIDTH - 20 for line in [*box.lines, *box.step]):
            yield f"a line of {box.node} is too long"
    lines = [pair for points in plan.arrows.values() for pair in itertools.pairwise(points)]
    for start, end in lines + [(start, end) for start, end, _ in plan.stubs]:
        yield from (f"a line runs through {box.node}" for box in boxes if crosses(start, end, box.x, box.y, box.height))
        if not all(0 <= x <= plan.width and 0 <= y <= plan.height for x, y in (start, end)):
            yield "a line leaves the picture"


def crosses(start: Point, end: Point, x: float, y: float, height: float) -> bool:
    (left, right), (top, bottom) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    return left < x + BOX_WIDTH and right > x and top < y + height and bottom > y


# -- layout -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [[], ["hello", "ask_day", "query", "free", "offer", *["no", "ask_day"] * 20]])
def test_nothing_overlaps(path: list[str]) -> None:
    assert list(problems(BOOK, layout(BOOK, path))) == []


def test_a_flow_runs_down_and_what_merges_stands_beside() -> None:
    boxes = layout(BOOK).boxes

    assert boxes["hello"].x == boxes["ask_day"].x == boxes["query"].x
    assert boxes["hello"].y < boxes["ask_day"].y < boxes["query"].y
    assert boxes["no"].y == boxes["hello"].y
    assert boxes["no"].x > boxes["hello"].x


@pytest.mark.parametrize("seed", range(200))
def test_no_chart_overlaps_whatever_its_shape(seed: int) -> None:
    chart = random_chart(seed)

    assert list(problems(chart, layout(chart))) == []
    assert set(layout(chart).arrows) == set(chart.edges)


@pytest.mark.parametrize("graph", [{"a": "a"}, {"a": "b", "b": "a"}, {"hello": "a", "a": "b", "b": "c", "c": "a"}])
def test_a_cycle_is_drawn_around(graph: dict[str, str]) -> None:
    chart = Flowchart("round", graph, {})

    assert list(problems(chart, layout(chart))) == []
    assert set(layout(chart).arrows) == set(graph.items())


@pytest.mark.parametrize(
    "graph",
    [{f"n{i}": f"n{i + 1}" for i in range(5000)}, {f"n{i}": f"m{i}" for i in range(2500)}],
    ids=["one long chain", "many pieces"],
)
def test_a_huge_chart_takes_no_more_than_moments(graph: dict[str, str]) -> None:
    started = time.perf_counter()
    chart = Flowchart("huge", graph, {})
    chart.html()

    assert time.perf_counter() - started < 10


def check_all(star: StarDataset) -> None:
    assert len(star.tasks()) >= 8
    for task in star.tasks():
        chart = star.flowchart(task)
        for path in ([], chart.nodes * 3):
            plan = layout(chart, path)
            assert list(problems(chart, plan)) == [], task
            assert plan.width < 1050, task
            assert all("".join(box.lines) == box.node for box in plan.boxes.values()), "a label is cut"


def test_the_charts_of_the_lessons_fit_a_notebook() -> None:
    check_all(StarDataset(MINI))


def test_the_charts_of_star_fit_a_notebook(real_star: Path) -> None:
    check_all(StarDataset(real_star))


# -- SVG --------------------------------------------------------------------------------------------------------------


def test_it_has_a_role_a_name_and_a_description() -> None:
    root = ET.fromstring(BOOK.svg())
    by_id = {element.get("id"): element.text for element in root.iter() if element.get("id")}

    assert root.get("role") == "img"
    assert by_id[root.get("aria-labelledby")] == "Flowchart of table_book"
    assert by_id[root.get("aria-describedby")] == "10 nodes, 6 edges, 6 conditions; the table has all edges."


def test_the_ids_are_the_same_for_one_picture_and_differ_between_two() -> None:
    def ids(svg: str) -> set[str]:
        return set(re.findall(r' id="([^"]+)"', svg))

    assert ids(BOOK.svg()) == ids(BOOK.svg())
    assert BOOK.svg() == BOOK.svg()
    assert ids(BOOK.svg()).isdisjoint(ids(BOOK.svg(["hello", "ask_day"])))
    assert ids(BOOK.svg()).isdisjoint(ids(Flowchart("other", BOOK.graph, BOOK.responses).svg()))


def test_shapes_tell_what_colours_would() -> None:
    root = ET.fromstring(BOOK.svg(["hello", "ask_day"]))
    shapes = {"".join(g.itertext()).split()[0]: next(iter(g)) for g in root.iter(f"{SVG}g")}

    # Conditions have six sides, utterances are boxes
    assert {name for name, shape in shapes.items() if shape.tag == f"{SVG}polygon"} == set(BOOK.conditions)
    # Loose ends are dashed
    assert len([line for line in root.iter(f"{SVG}path") if line.get("stroke-dasharray")]) == len(BOOK.loose_ends)
    # The path is thick, and its steps are numbered
    assert [line.get("stroke-width") for line in root.iter(f"{SVG}polyline")].count("4") == 1
    assert [name for name, shape in shapes.items() if shape.get("stroke-width") == "3.5"] == ["hello", "ask_day"]
    assert [text.text for text in root.iter(f"{SVG}text") if text.get("font-weight")] == [" step 1", " step 2"]


def test_its_colours_are_those_of_the_page() -> None:
    svg = BOOK.svg(["hello", "ask_day"])

    colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg))
    assert colours == {"none", "currentColor", "var(--jp-brand-color1, #1976d2)"}
    assert "<style" not in svg


NASTY = [
    "<script>alert(1)</script>",
    'a" onload="x',
    "$x$ **b**",
    "\x1b[31m\x00",
    "\ud83d",
    "two\nlines",
    "x" * 10_000,
    "e\u0301" * 100,
    "\u0301" * 89,
]


@pytest.mark.parametrize(
    "text", NASTY, ids=["script", "quote", "markup", "control", "surrogate", "lines", "long", "accents", "marks"]
)
def test_whatever_a_chart_holds_is_shown_as_text(text: str) -> None:
    # Given a chart in which everything is that text
    chart = Flowchart(text, {text: "b", "c": text}, {text: text, "b": text}, {"c": text})

    # When it is drawn, then it is XML, with our own elements and attributes only
    root = ET.fromstring(chart.svg([text]))
    ours = {"svg", "title", "desc", "g", "polyline", "path", "rect", "polygon", "text"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= ours
    assert not any(name.startswith("on") for element in root.iter() for name in element.attrib)
    assert list(problems(chart, layout(chart))) == []
    chart.html().encode()
    assert chart.mermaid().isprintable() or "\n" in chart.mermaid()


def test_a_long_name_ends_in_dots_and_is_whole_in_the_table() -> None:
    name = "word_" * 100
    chart = Flowchart("t", {name: "b"}, {})

    assert layout(chart).boxes[name].lines[-1].endswith("…")
    assert name in chart.html()


def test_a_name_of_few_letters_and_many_marks_ends_in_dots_too() -> None:
    name = "e" + "\u0301" * 100
    chart = Flowchart("t", {"hello": name}, {name: "Hi."})

    assert [line[:2] + line[-1] for line in layout(chart).boxes[name].lines] == ["e\u0301…"]
    assert name in chart.html()


# -- in a notebook ----------------------------------------------------------------------------------------------------


class Read(HTMLParser):
    """Reads the cells of a table."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        self.inside = tag
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.inside in ("td", "th"):
            self.rows[-1][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""


def test_a_notebook_gets_the_picture_and_the_same_as_a_table() -> None:
    bundle = BOOK._repr_mimebundle_()

    assert bundle["text/plain"] == str(BOOK)
    assert BOOK.svg() in bundle["text/html"]
    read = Read(bundle["text/html"])
    assert read.tags[0] == "figure"
    assert "details" in read.tags
    assert read.rows[0] == ["from", "to", "says", "kind"]
    assert read.rows[1] == ["hello", "ask_day", "For which day?", "utterance"]
    assert len(read.rows) == 1 + len(BOOK.edges)


def test_the_caption_explains_only_what_is_there() -> None:
    plain = Flowchart("t", {"hello": "bye"}, {"hello": "Hello.", "bye": "Bye."}).html()

    assert "<b>t</b>: 2 nodes, 1 edge, 0 conditions.</figcaption>" in plain
    assert "Six-sided" in BOOK.html()
    assert "Dashed" in BOOK.html()
    assert "Thick" not in BOOK.html()
    assert "Thick" in BOOK.html(["hello"])
