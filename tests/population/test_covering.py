"""What a set of personas covers: numbers of examples that were made by hand."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import Embeddings

from sdkit.assistants import Assistant
from sdkit.errors import FileError, InputError
from sdkit.persona_files import save_users
from sdkit.personas import Patient, UserPersona
from sdkit.population import Coverage, coverage
from sdkit.population.files import Made, Missing, PlanFile
from sdkit.population.likeness import Crowd

pandas = pytest.importorskip("pandas")


class Angles(Embeddings):
    """A fake: a text that names an angle is that direction in the plane."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        angle = math.radians(float(re.search(r"(\d+) degrees", text)[1]))  # type: ignore[index]
        return [math.cos(angle), math.sin(angle)]


WISHES = {
    "Ana": "looks for straw against the midday sun at sea",
    "Tom": "needs felt that survives every autumn storm in Bergen",
    "Kim": "would like feathers, ribbons and gold on top",
    "Zoë": "has lost grandmother's bonnet on a ferry last night",
}


def somebody(name: str, angle: int, mood: str, age: int) -> UserPersona:
    return UserPersona(
        name=name,
        description=f"A {age}-year-old who stands at {angle} degrees.",
        personality=f"Always {mood}, {WISHES[name][::-1]}.",
        scenario=f"{name} {WISHES[name]}.",
        summary=f"{name} with a hat",
    )


PEOPLE = [
    somebody("Ana", 0, "calm", 20),
    somebody("Tom", 20, "gloomy", 22),
    somebody("Kim", 90, "calm", 40),
    somebody("Zoë", 200, "lively", 41),
]
MOODS = ["calm", "gloomy", "hurried"]
AGES = ["18-24", "25-44", "45+"]
CELLS = [
    {"mood": "calm", "age band": "18-24"},
    {"mood": "gloomy", "age band": "18-24"},
    {"mood": "calm", "age band": "25-44"},
    {"mood": "hurried", "age band": "25-44"},
    {"mood": "hurried", "age band": "45+"},
]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Give a file of personas with its plan: one of them leaves out its mood, and a fifth could not be made."""
    path = tmp_path / "people.yaml"
    save_users(path, PEOPLE)
    PlanFile(
        assistant=Assistant(name="Fran", description="Recommends hats."),
        attributes={"mood": dict.fromkeys(MOODS, 1.0), "age band": dict.fromkeys(AGES, 1.0)},
        cells=CELLS,
        personas={one.name: Made(cell=place, planned=CELLS[place]) for place, one in enumerate(PEOPLE)},
        missing=[
            Missing(cell=4, planned=CELLS[4], tried=["it is Ana under another name: 90% of the words are the same"])
        ],
    ).to_file(path)
    return path


def of(path: Path, **options: Any) -> Coverage:
    return coverage(path, embeddings=Angles(), **options)


def test_the_plan_a_place_a_row(saved: Path) -> None:
    there = of(saved)
    assert there.share == 3 / 5
    cells = there.cells()
    assert list(cells.columns) == ["mood", "age band", "persona", "covered", "left out"]
    assert list(cells["persona"]) == ["Ana", "Tom", "Kim", "Zoë", ""]
    assert list(cells["covered"]) == [True, True, True, False, False]
    assert list(cells["left out"][3:]) == ["mood", "it is Ana under another name: 90% of the words are the same"]


def test_how_often_each_value_comes_up(saved: Path) -> None:
    rows = {(row["attribute"], row["value"]): row for _, row in of(saved).values().iterrows()}
    counts = {key: (row["planned"], row["shown"], row["before"]) for key, row in rows.items()}
    assert counts == {
        ("mood", "calm"): (2, 2, 0),
        ("mood", "gloomy"): (1, 1, 0),
        ("mood", "hurried"): (2, 0, 0),
        ("mood", "unknown"): (0, 1, 0),
        ("age band", "18-24"): (2, 2, 0),
        ("age band", "25-44"): (2, 2, 0),
        ("age band", "45+"): (1, 0, 0),
    }


def test_who_is_nearest_to_whom(saved: Path) -> None:
    rows = of(saved).neighbours()
    assert list(rows.columns) == ["persona", "nearest", "similarity", "words", "fields", "new"]
    nearest = dict(zip(rows["persona"], rows["nearest"], strict=True))
    assert nearest == {"Ana": "Tom", "Tom": "Ana", "Kim": "Tom", "Zoë": "Kim"}
    similarity = dict(zip(rows["persona"], rows["similarity"], strict=True))
    assert similarity["Ana"] == pytest.approx(math.cos(math.radians(20)), abs=1e-6)
    assert similarity["Zoë"] == pytest.approx(math.cos(math.radians(110)), abs=1e-6)
    assert list(rows["similarity"]) == sorted(rows["similarity"], reverse=True)
    assert 0 < rows["words"][0] < 0.6


def test_pairs_that_are_too_near(saved: Path) -> None:
    assert of(saved).close_pairs() == [("Ana", "Tom", round(math.cos(math.radians(20)), 6))]
    assert of(saved, threshold=0.95).pairs().empty
    assert list(of(saved, threshold=0.3).pairs()["other"]) == ["Tom", "Kim"]


def test_in_words(saved: Path) -> None:
    there = of(saved)
    assert there.summary() == (
        "4 personas. 3 of 5 planned combinations are covered. Nobody shows mood: hurried; age band: 45+. "
        "1 pair is as near as 0.85; the nearest are Ana and Tom (0.94)."
    )
    assert str(there).splitlines()[1] == "mood: calm 2 of 2, gloomy 1 of 1, hurried 0 of 2, unknown 1"
    html = there._repr_mimebundle_()["text/html"]
    assert "<td" in html
    assert "hurried" in html


def test_the_map_keeps_distances_of_vectors_in_a_plane_and_is_the_same_each_time(saved: Path) -> None:
    points = of(saved).points
    assert [point.name for point in points] == ["Ana", "Tom", "Kim", "Zoë"]
    for one in points:
        for other, angle in zip(points, (0, 20, 90, 200), strict=True):
            own = {"Ana": 0, "Tom": 20, "Kim": 90, "Zoë": 200}[one.name]
            wanted = 2 * math.sin(math.radians(abs(own - angle)) / 2)
            assert math.dist((one.x, one.y), (other.x, other.y)) == pytest.approx(wanted, abs=1e-5)
    assert points == of(saved).points
    assert points[0].values == {"mood": "calm", "age band": "18-24"}
    assert points[3].values == {"mood": "unknown", "age band": "25-44"}
    assert (points[0].summary, points[0].nearest, points[0].new) == ("Ana with a hat", "Tom", True)


@pytest.mark.parametrize("count", [1, 2])
def test_few_personas_have_a_map_too(count: int) -> None:
    points = coverage(PEOPLE[:count], {"mood": MOODS}, embeddings=Angles()).points
    assert len(points) == count
    assert all(math.isfinite(point.x) and abs(point.y) < 1e-6 for point in points)
    assert points[0].nearest == ("" if count == 1 else "Tom")


def test_the_picture_has_names_marks_by_value_and_words(saved: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = of(saved).plot("mood")
    svg = picture.svg()
    for text in ("Ana", "Zoë", "calm", "gloomy", "unknown"):
        assert f">{text}<" in svg
    assert picture.alt == (
        "4 personas by mood: calm 2, gloomy 1, unknown 1. The nearest are Ana and Tom, with a similarity of 0.94."
    )
    assert svg == of(saved).plot("mood").svg()
    assert "4 personas by mood" in of(saved).plot().alt
    with pytest.raises(InputError, match="by='height' is none of the attributes: mood, age band"):
        of(saved).plot("height")


def test_whoever_changes_a_persona_by_hand_changes_what_is_covered(saved: Path) -> None:
    people = [*PEOPLE[:3], PEOPLE[3].clone(personality="Always hurried.")]
    save_users(saved, people)
    assert of(saved).share == 4 / 5


def test_without_a_plan_the_words_say_what_is_shown(tmp_path: Path) -> None:
    save_users(tmp_path / "people.yaml", PEOPLE)
    there = of(tmp_path / "people.yaml", attributes={"mood": MOODS})
    assert [one["mood"] for one in there.shown] == ["calm", "gloomy", "calm", None]
    assert there.share == 1  # nothing was planned
    assert "planned" not in there.summary()
    assert list(of(tmp_path / "people.yaml").points[0].values) == [
        "age band",
        "expertise",
        "patience",
        "language style",
    ]


def test_fields_of_any_class_are_read(tmp_path: Path) -> None:
    patients = [Patient(name="Ana", age=20, manner="at 0 degrees"), Patient(name="Tom", age=70, manner="at 9 degrees")]
    there = coverage(patients, {"age": ["18-24", "65+"]}, embeddings=Angles())
    assert [one["age"] for one in there.shown] == ["18-24", "65+"]
    save_users(tmp_path / "patients.yaml", patients)
    assert coverage(tmp_path / "patients.yaml", {"age": [20]}, kind=Patient, embeddings=Angles()).shown[0] == {
        "age": "20"
    }


@pytest.mark.parametrize(("personas", "problem"), [([], "there are no personas"), ([3], "is no persona")])
def test_what_is_no_set_of_personas_is_refused(personas: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        coverage(personas, embeddings=Angles())


def test_two_of_one_name_are_counted_and_told_apart() -> None:
    there = coverage([PEOPLE[0], PEOPLE[0], PEOPLE[2]], {}, embeddings=Angles())
    assert len(there.personas) == len(there.points) == 3
    assert there.neighbours()["similarity"].iloc[0] == pytest.approx(1)


def test_a_file_that_is_missing_is_told() -> None:
    with pytest.raises(FileError, match="does not exist"):
        coverage("nowhere.yaml")


# -- who is alike ----------------------------------------------------------------------------------------------------


def crowd(*people: Any) -> Crowd:
    there = Crowd()
    there.extend(people, [[1.0, 0.0]] * len(people))
    return there


def test_a_copy_comes_before_somebody_who_only_sounds_alike() -> None:
    copy = PEOPLE[2].clone(name="Kai")
    there = Crowd()
    there.extend(PEOPLE[:3], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    near = there.nearest(copy, [1.0, 0.0])
    assert near is not None
    assert (near.name, near.similarity) == ("Kim", 0)
    assert near.too_near(0.85).startswith("it is Kim under another name: ")


def test_near_by_meaning_is_told_with_the_fields_that_are_alike() -> None:
    near = crowd(PEOPLE[0]).nearest(PEOPLE[3], [1.0, 0.1])
    assert near is not None
    assert re.fullmatch(r"it is too much like Ana \(similarity 1\.00, above all in \w+ and \w+\)", near.too_near(0.85))
    assert near.too_near(1.0) == ""


def test_what_was_given_may_be_the_same() -> None:
    text = "a long text that was given to all of them and is no sign of anything"
    ana, tom = (Patient(name=name, worries=text, complaint=f"{name} has {name}itis") for name in ("Ana", "Tom"))
    there = crowd(ana)
    assert there.nearest(tom, [0.0, 1.0]).copied == "worries"  # type: ignore[union-attr]
    assert there.nearest(tom, [0.0, 1.0], given=["worries"]).copied == ""  # type: ignore[union-attr]


def test_names_are_found_in_any_letters() -> None:
    there = crowd(*PEOPLE)
    assert (there.find("zOË"), there.find("Zoe"), there.find("")) == (3, None, None)
    assert there.label(0) == "Ana"
    assert crowd(Patient(age=3)).label(0) == "persona 1"


def test_nobody_is_nearest_where_nobody_is() -> None:
    assert Crowd().nearest(PEOPLE[0], [1.0, 0.0]) is None
    assert crowd(PEOPLE[0]).neighbours() == [None]
    assert Crowd().neighbours() == []
    assert Crowd().pairs_from(0.1) == []


def test_vectors_of_different_models_are_refused() -> None:
    with pytest.raises(InputError, match="they come from different models"):
        crowd(PEOPLE[0]).extend([PEOPLE[1]], [[1.0, 0.0, 0.0]])
