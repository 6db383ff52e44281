"""`CoverageMap` without a browser. What stands in for embeddings counts words: it is about the widget."""

from __future__ import annotations

import html
import re
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import Embeddings

from sdkit.assistants import Assistant
from sdkit.errors import InputError
from sdkit.persona_files import save_users
from sdkit.personas import Persona
from sdkit.population import Coverage, Population, coverage
from sdkit.population.attributes import rule_of
from sdkit.population.files import Made, PlanFile
from sdkit.population.likeness import Crowd, whole_text
from sdkit.widgets import CoverageMap
from sdkit.widgets.coverage_parts import HIGH, WIDE, places

NASTY = '<script>alert(1)</script> **bold** $x$ "quoted" & \n שלום ' + "long " * 2000

AXES = {"age band": ["18-24", "25-34", "65 and older"], "patience": ["calm", "impatient"]}
# Who: the name, what is planned, and what is said.
PEOPLE = [
    ("Agnes", ("65 and older", "calm"), "Agnes is 71 and calm. Her kettle leaks."),
    ("Ben", ("18-24", "impatient"), "Ben is 22 and impatient. His kettle leaks."),
    ("Carla", ("25-34", "calm"), "Carla is 29 and friendly. She sells teapots to hotels."),
    ("Dmitri", ("25-34", "impatient"), "Dmitri is 34 and impatient. He sells teapots to cafés."),
]


class Words(Embeddings):
    """Embeddings that count words: whoever has the same words is the same."""

    def embed_query(self, text: str) -> list[float]:
        vector = [0.0] * 64
        for word in re.findall(r"\w+", text.casefold()):
            vector[zlib.crc32(word.encode()) % 64] += 1
        return vector

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]


def plan_of(people: Any) -> PlanFile:
    planned = [dict(zip(AXES, values, strict=True)) for _, values, _ in people]
    return PlanFile(
        assistant=Assistant(name="Shop", description="A shop."),
        attributes={name: dict.fromkeys(values, 1.0) for name, values in AXES.items()},
        cells=planned,
        personas={who[0]: Made(cell=i, planned=planned[i]) for i, who in enumerate(people)},
    )


Make = Callable[..., CoverageMap]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Give a function that maps these people, for whom something was planned."""

    def covered(people: Any = PEOPLE) -> CoverageMap:
        path = tmp_path / "people.yaml"
        save_users(path, [Persona(name=name, background=text) for name, _, text in people])
        plan_of(people).to_file(path)
        return CoverageMap(coverage(path, kind=Persona, embeddings=Words()))

    return covered


def extended(people: Any, before: int, *, cells: Any, made: Any) -> Coverage:
    """Return what these people cover, the first of whom were there before."""
    crowd = Crowd()
    personas = [Persona(name=name, background=text) for name, _, text in people]
    crowd.extend(personas, Words().embed_documents([whole_text(each) for each in personas]))
    axes: Any = {name: rule_of(name, values) for name, values in AXES.items()}
    return Coverage(crowd=crowd, axes=axes, cells=cells, made=made, missing=[], before=before, threshold=0.85)


def unplanned(people: list[Any], **how: Any) -> CoverageMap:
    return CoverageMap(coverage(people, AXES, embeddings=Words(), **how))


def plain(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", " ", markup)).strip()


def choose(control: Any, label: str) -> None:
    """Do what a browser does when somebody chooses in a list."""
    control.set_state({"index": [text for text, _ in control.options].index(label)})


def drawn(widget: CoverageMap) -> list[str]:
    """Return the texts on the map."""
    return [html.unescape(text) for text in re.findall(r"<text[^>]*>(.*?)</text>", widget.map.value)]


def table(widget: CoverageMap) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", widget.body.children[-1].value, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


# -- the map ----------------------------------------------------------------------------------------------------------


def test_all_personas_are_on_the_map_with_their_names_and_letters(make: Make) -> None:
    widget = make()
    assert [text for text in drawn(widget) if len(text) > 1] == ["Agnes", "Ben", "Carla", "Dmitri"]
    assert sorted(text for text in drawn(widget) if len(text) == 1) == ["A", "B", "B", "C"]
    assert plain(widget.legend.value).startswith("age band:  A  18-24;  B  25-34;  C  65 and older.")
    assert 'aria-label="Map of 4 personas by age band; Agnes is looked at"' in widget.map.value


def test_another_attribute_can_be_chosen_and_what_nobody_can_tell_has_a_question_mark(make: Make) -> None:
    widget = make()
    choose(widget.by, "patience")
    assert sorted(text for text in drawn(widget) if len(text) == 1) == ["?", "A", "B", "B"]  # Carla is "friendly"
    assert plain(widget.legend.value).startswith("patience:  A  calm;  B  impatient;  ?  unknown.")


def test_who_is_alike_stands_near_each_other_and_all_of_the_picture_is_used(make: Make) -> None:
    where = places(make().coverage.points)

    def far(one: int, other: int) -> float:
        return sum((a - b) ** 2 for a, b in zip(where[one], where[other], strict=True)) ** 0.5

    assert far(0, 1) < far(0, 2)
    assert far(2, 3) < far(1, 3)
    assert all(0 < x < WIDE and 0 < y < HIGH for x, y in where)
    assert max(x for x, _ in where) - min(x for x, _ in where) > 0.9 * WIDE - 50


def test_those_from_before_are_square_and_the_legend_says_so(make: Make) -> None:
    plan = plan_of(PEOPLE)
    both = CoverageMap(extended(PEOPLE, 2, cells=plan.cells[2:], made=list(plan.personas.values())))
    assert both.map.value.count("<rect") == 2
    assert "Round: new; square: from before." in both.legend.value
    assert "Agnes , from before" in plain(both.persona.value)
    assert table(both)[0] == ["attribute", "value", "planned", "shown", "from before", "state"]
    assert "Round" not in make().legend.value


# -- a persona --------------------------------------------------------------------------------------------------------


def test_the_one_that_is_chosen_is_shown_with_what_was_planned_and_who_is_nearest(make: Make) -> None:
    widget = make()
    assert widget.value == Persona(name="Agnes", background=PEOPLE[0][2])

    choose(widget.choice, "Carla")

    assert widget.value.name == "Carla"
    said = plain(widget.persona.value)
    assert re.search(r"age band\s+25-34\s+25-34", said)
    assert re.search(r"patience\s+calm\s+unknown ✗", said)
    assert re.search(r"Nearest\s*, by similarity\s+Dmitri: 0\.\d\d\s+\w+: 0\.\d\d\s+\w+: 0\.\d\d", said)
    assert "She sells teapots to hotels." in said
    assert 'font-weight="bold">Carla</text>' in widget.map.value
    assert widget.map.value.count("stroke-dasharray") == 3, "lines lead to the nearest"


def test_a_mark_on_the_map_can_be_pressed(make: Make) -> None:
    widget = make()
    assert [control.tooltip for control in widget.buttons] == ["Agnes", "Ben", "Carla", "Dmitri"]
    widget.buttons[3].click()
    assert widget.value.name == "Dmitri"
    assert widget.choice.value == 3
    x, y = places(widget.coverage.points)[3]
    assert float(widget.buttons[3].layout.left.rstrip("%")) == pytest.approx(100 * x / WIDE, abs=0.1)
    assert float(widget.buttons[3].layout.top.rstrip("%")) == pytest.approx(100 * y / HIGH, abs=0.1)


def test_a_script_shows_by_name_or_by_place(make: Make) -> None:
    widget = make()
    widget.show("Ben")
    assert widget.value.name == "Ben"
    widget.show(2)
    assert (widget.value.name, widget.choice.value) == ("Carla", 2)
    for wrong in ("Zoe", 4, -1, None):
        with pytest.raises(InputError, match=r"there is no persona .*; there are 0 to 3, by number or by name"):
            widget.show(wrong)
    assert widget.value.name == "Carla"


# -- the table --------------------------------------------------------------------------------------------------------


def test_the_table_holds_what_is_shown_against_what_was_planned(make: Make) -> None:
    assert table(make()) == [
        ["attribute", "value", "planned", "shown", "state"],
        ["age band", "18-24", "1", "1", "✓ covered"],
        ["age band", "25-34", "2", "2", "✓ covered"],
        ["age band", "65 and older", "1", "1", "✓ covered"],
        ["patience", "calm", "2", "1", "✗ 1 missing"],
        ["patience", "impatient", "2", "2", "✓ covered"],
        ["patience", "unknown", "0", "1", ""],
    ]


def test_without_a_plan_it_says_which_values_nobody_has() -> None:
    widget = unplanned([Persona(name="Ben", background="Ben is 22.")])
    assert table(widget)[:3] == [
        ["attribute", "value", "shown", "state"],
        ["age band", "18-24", "1", "✓ covered"],
        ["age band", "25-34", "0", "✗ nobody"],
    ]


# -- what can be given ------------------------------------------------------------------------------------------------


def test_a_population_is_shown_by_its_coverage(make: Make) -> None:
    found = make().coverage
    population = Population(found.personas, plan_of(PEOPLE), found)
    assert CoverageMap(population).coverage is found


@pytest.mark.parametrize("wrong", [[Persona(name="Ben")], "people.yaml", None, NASTY])
def test_what_is_no_population_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match=r"is no population; give what PersonaGenerator.generate returned, or cov"):
        CoverageMap(wrong)


def test_nobody_at_all() -> None:
    widget = CoverageMap(extended([], 0, cells=[], made=[]))
    assert (widget.value, widget.errors, widget.buttons) == (None, {}, [])
    assert "nobody" in widget.static_html()
    with pytest.raises(InputError, match="there are none at all"):
        widget.show(0)


def test_one_persona_two_alike_and_no_attributes() -> None:
    one = unplanned([Persona(name="Ben")])
    assert "Nearest" not in one.persona.value
    assert drawn(one) == ["?", "Ben"]
    twins = CoverageMap(coverage([Persona(role="a"), Persona(role="a")], {"goal": "{llm}"}, embeddings=Words()))
    assert twins.choice.options == (("persona 1", 0), ("persona 2", 1))
    assert twins.by.options == ()
    assert "There are no attributes." in twins.static_html()
    twins.buttons[1].click()
    assert "persona 1: 1.00" in plain(twins.persona.value)
    assert twins.last_error is None


def test_more_values_than_letters_of_the_alphabet() -> None:
    many = [f"hobby{i}" for i in range(40)]
    widget = CoverageMap(
        coverage([Persona(name=f"P{i}", background=many[i]) for i in range(40)], {"hobby": many}, embeddings=Words())
    )
    assert "<b>Z</b> hobby25; <b>1</b> hobby26" in widget.legend.value


def test_any_text_is_shown_as_text() -> None:
    people = [
        Persona(name=NASTY, background=NASTY),
        Persona(name="half \ud83d", background="</text></svg><b>"),
    ]
    widget = CoverageMap(coverage(people, {NASTY: [NASTY, "other"]}, embeddings=Words()))
    for _ in range(2):
        for text in (widget.static_html(), widget.map.value, widget.legend.value, widget.persona.value):
            assert "<script" not in text
            assert "</svg><b>" not in text
            text.encode("utf-8")  # else it could not be sent
        widget.show(1)
    assert max(len(label) for label, _ in widget.choice.options) < 30
    assert widget.last_error is None


def test_a_thousand_personas_are_chosen_from_the_list_alone() -> None:
    people = [Persona(name=f"P{i}", background=f"number {i} is {20 + i % 60}, calm") for i in range(1000)]
    widget = unplanned(people)
    assert widget.buttons == []
    began = time.monotonic()
    choose(widget.choice, "P700")
    choose(widget.by, "patience")
    assert time.monotonic() - began < 5
    names = [text for text in drawn(widget) if text.startswith("P")]
    assert names[0] == "P700"
    assert len(names) == 4, "and who is nearest"


def test_names_do_not_cover_each_other() -> None:
    people = [Persona(name=f"A long name {i}", background=f"number {i} is {20 + i % 60}") for i in range(150)]
    widget = unplanned(people)
    there = re.findall(r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="start"[^>]*>(.*?)</text>', widget.map.value)
    boxes = [(float(x), float(y) - 11, float(x) + 5 * len(name), float(y)) for x, y, name in there[4:]]
    clashes = [
        1 for i, a in enumerate(boxes) for b in boxes[:i] if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    ]
    assert boxes
    assert not clashes


def test_the_static_twin_has_everything_and_is_the_same_whoever_is_looked_at(make: Make) -> None:
    widget = make()
    twin = widget.static_html()
    widget.show(2)
    assert widget.static_html() == twin == make().static_html()
    words = plain(twin)
    assert words.startswith("Coverage map : 4 personas. 3 of 4 planned combinations are covered.")
    assert re.search(r"patience\s+calm\s+2\s+1\s+✗ 1 missing", words)
    assert re.search(r"Agnes\s+65 and older\s+calm\s+Ben\s+0\.\d\d", words)
    assert " id=" not in twin
