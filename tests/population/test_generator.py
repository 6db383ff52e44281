"""Many personas who differ. A fake model writes them: it is about our own logic; at the end, a real one does."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.embeddings import Embeddings

from sdkit.assistants import Assistant
from sdkit.errors import FileError, InputError, ModelError, ReplyError
from sdkit.persona_files import load_users, save_users
from sdkit.personas import BasePersona, Patient, UserPersona
from sdkit.population import PersonaGenerator, Population
from sdkit.population.attributes import from_model
from sdkit.population.files import Journal, PlanFile
from sdkit.population.likeness import whole_text
from sdkit.population.run import ATTEMPTS, ROUND, Progress

if TYPE_CHECKING:
    from conftest import FakeOllama

FRAN = Assistant(name="Fashionable Fran", description="A stylist who recommends what to wear from your wardrobe.")
MOODS = {"mood": ["calm", "hurried", "gloomy"], "age band": ["18-24", "25-34", "65+"]}
NOUNS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "bdfgklmnprst"]


class WordVectors(Embeddings):
    """A fake: a text is the words in it, without their meaning."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        vector = [0.0] * 128
        for word in re.findall(r"\w+", text.casefold()):
            vector[int(hashlib.sha256(word.encode()).hexdigest(), 16) % 128] += 1
        return vector


class Writer:
    """A fake model: it writes the facts and then words drawn with the seed; `twist` may change what it says.

    Attributes
    ----------
    asked : list of dict
        The requests for personas, in the order in which they came.
    """

    def __init__(self, ollama: FakeOllama) -> None:
        self.asked: list[dict[str, Any]] = []
        self.twist: Callable[[dict[str, Any], dict[str, Any]], None] = lambda persona, body: None
        self.pause = 0.0
        ollama.answer = self.answer

    def answer(self, body: dict[str, Any]) -> str:
        fields = body["format"]["properties"]
        rng = random.Random(body["options"]["seed"])
        if list(fields) == ["values"]:
            count = fields["values"]["minItems"]
            return json.dumps({"values": [" ".join(rng.sample(NOUNS, 3)) for _ in range(count)]})
        self.asked.append(body)
        time.sleep(self.pause * rng.random())
        facts = facts_of(body)
        words = iter(rng.sample(NOUNS, 80))
        persona: dict[str, Any] = {}
        for name, part in fields.items():
            if name == "name":
                first, last = re.findall(r"[A-Z]", facts.pop("initials"))
                persona[name] = f"{first}{next(words)} {last}{next(words)}"
            elif part.get("type") == "integer":
                persona[name] = rng.randint(1, 99)
            else:
                persona[name] = " ".join(next(words) for _ in range(12))
        last = list(persona)[-1]
        if isinstance(persona[last], str):
            persona[last] += " " + " ".join(facts.values())
        self.twist(persona, body)
        return json.dumps(persona)


def said_to(body: dict[str, Any]) -> list[str]:
    return [message["content"] for message in body["messages"] if message["role"] == "user"]


def facts_of(body: dict[str, Any]) -> dict[str, str]:
    (wanted,) = [text for text in said_to(body) if FRAN.description in text and "with these facts:" in text]
    lines = wanted.partition("with these facts:\n")[2].partition("\n\n")[0].splitlines()
    return dict(line.removeprefix("- ").split(": ", 1) for line in lines)


@pytest.fixture
def writer(fake_ollama: FakeOllama) -> Writer:
    return Writer(fake_ollama)


def generator(**options: Any) -> PersonaGenerator[Any]:
    return PersonaGenerator(FRAN, "fake", **{"embeddings": WordVectors(), "attributes": MOODS} | options)


def texts(personas: Any) -> list[str]:
    return [whole_text(persona) for persona in personas]


# -- what is made ----------------------------------------------------------------------------------------------------


def test_as_many_as_asked_for_each_showing_what_was_planned(writer: Writer) -> None:
    people = generator().generate(9, seed=1, progress=False)
    assert len(people) == 9
    assert all(isinstance(one, UserPersona) for one in people)
    assert len({one.name.casefold() for one in people}) == 9
    assert people.coverage.share == 1
    moods = Counter(cell["mood"] for cell in people.plan.cells)
    assert moods == {"calm": 3, "hurried": 3, "gloomy": 3}
    for persona in people:
        made = people.plan.personas[persona.name]
        assert made.planned["mood"] in persona.summary
        assert (made.model, made.attempts, made.left_out) == ("fake", 1, [])
        assert persona.provenance is not None
        assert persona.provenance.seed == made.seed


def test_the_prompt_says_whose_user_with_which_facts_and_who_is_there(writer: Writer) -> None:
    generator().generate(ROUND + 1, seed=1, progress=False)
    first, last = said_to(writer.asked[0])[-1], said_to(writer.asked[-1])[-1]
    assert first.startswith("The assistant: Fashionable Fran. A stylist who recommends what to wear")
    assert re.search(r"\n- initials: [A-Z]\. [A-Z]\.\n- mood: \w+\n- age: \d+$", first)
    assert "These people are there already" not in first
    assert len(re.findall(r"\n- .*: .*", last.partition("Write down")[0])) == ROUND
    pattern = writer.asked[0]["format"]["properties"]["name"]["pattern"]
    assert pattern.startswith(f"^{facts_of(writer.asked[0])['initials'][0]}[a-z")


def test_first_letters_of_names_go_round(writer: Writer) -> None:
    people = generator().generate(21, seed=1, progress=False)
    assert len({one.name[0] for one in people}) == 21


def test_of_a_crowd_a_prompt_holds_no_more_than_fits(writer: Writer) -> None:
    generator().generate(60, seed=1, progress=False)
    said = said_to(writer.asked[-1])[-1]
    there = said.partition("Write down")[0]
    assert len(there) < 4000
    assert "And these: " in there


def test_the_number_at_a_time_changes_nothing(writer: Writer) -> None:
    writer.pause = 0.02
    writer.twist = clumsy
    one, many = (generator(concurrency=number).generate(20, seed=3, progress=False) for number in (1, 8))
    assert texts(one) == texts(many)
    assert one.plan.model_dump() == many.plan.model_dump()
    assert any(made.tried for made in one.plan.personas.values())


def clumsy(persona: dict[str, Any], body: dict[str, Any]) -> None:
    """Write what is too near to somebody, or says nothing of the facts, every third time."""
    seed = body["options"]["seed"]
    if seed % 3 == 0:
        persona["description"] = persona["personality"] = persona["scenario"] = "always the same words " * 8
    if seed % 3 == 1:
        persona["summary"] = "nothing of all that"


def test_the_same_seed_gives_the_same_personas_and_another_one_others(writer: Writer) -> None:
    first, again, other = (generator().generate(5, seed=seed, progress=False) for seed in (1, 1, 2))
    assert texts(first) == texts(again)
    assert not {*texts(first)} & {*texts(other)}


def test_it_works_inside_a_running_event_loop(writer: Writer) -> None:
    async def cell() -> int:
        return len(generator().generate(2, seed=1, progress=False)) + len(await generator().agenerate(2, seed=1))

    assert asyncio.run(cell()) == 4


def test_progress_is_told_after_each_round(writer: Writer) -> None:
    told: list[Progress] = []
    asyncio.run(generator().agenerate(ROUND + 1, seed=1, tell=told.append))
    assert [(progress.asked, progress.made) for progress in told] == [(ROUND + 1, ROUND), (ROUND + 1, ROUND + 1)]


# -- the difference is enforced --------------------------------------------------------------------------------------


def test_whoever_is_too_near_is_asked_for_again_with_the_reason(writer: Writer) -> None:
    def twin(persona: dict[str, Any], body: dict[str, Any]) -> None:
        if len(writer.asked) in (1, 2):
            persona |= {"description": "red hat blue coat " * 6, "scenario": "looks for green shoes " * 6}
            persona["personality"] = "hums old songs " * 4

    writer.twist = twin
    first, second = generator(concurrency=1).generate(2, seed=1, progress=False)
    said = said_to(writer.asked[2])[-1]
    assert f"Your last one would not do: its description is {first.name}'s, word for word." in said
    assert "Do not write this one again:\n" + first.name in said
    assert "red hat" in first.description
    assert "red hat" not in second.description


def test_a_copy_whose_names_were_changed_is_caught_by_its_words_alone(writer: Writer) -> None:
    class Blind(WordVectors):
        """Finds nobody alike."""

        def embed_query(self, text: str) -> list[float]:
            rng = random.Random(text)
            return [rng.gauss(0, 1) for _ in range(64)]

    ana = UserPersona(
        name="Ana Ruiz",
        description="A 29-year-old nurse who works nights in Porto. Ana has no time to shop.",
        personality="Calm, dry and to the point.",
        scenario="Ana Ruiz has a wedding on Sunday and owns one suit.",
        summary="Nurse who needs an outfit for a wedding.",
    )
    copied = {name: text.replace("Ana", "Eva").replace("Ruiz", "Berg") for name, text in ana.json().items()}

    def copy(persona: dict[str, Any], body: dict[str, Any]) -> None:
        if len(writer.asked) == 1:
            persona |= copied

    writer.twist = copy
    (made,) = generator(embeddings=Blind(), attributes={}).generate(1, [ana], seed=1, progress=False)
    assert made.name != "Eva Berg"
    assert "it is Ana Ruiz under another name" in said_to(writer.asked[1])[-1]


def test_one_field_copied_word_for_word_is_enough(writer: Writer) -> None:
    scenario = "has to find something to wear for a wedding on a boat in the rain"
    writer.twist = lambda persona, body: persona.update(scenario=scenario) if len(writer.asked) < 3 else None
    people = generator(attributes={}, concurrency=1).generate(2, seed=1, progress=False)
    assert "its scenario is" in said_to(writer.asked[2])[-1]
    assert [one.scenario == scenario for one in people] == [True, False]


def test_a_name_that_is_taken_or_the_assistants_will_not_do(writer: Writer) -> None:
    names = iter(["Fashionable Fran", "Kai Berg", "KAI BERG", "Ana Ruiz"])
    writer.twist = lambda persona, body: persona.update(name=next(names))
    people = generator(attributes={}, concurrency=1).generate(1, seed=1, progress=False)
    people = generator(attributes={}).generate(1, people, seed=2, progress=False)
    assert people[0].name == "Ana Ruiz"
    assert "Fashionable Fran is the assistant's name" in said_to(writer.asked[1])[-1]
    assert "somebody is called KAI BERG already" in said_to(writer.asked[3])[-1]


def test_what_a_model_leaves_out_is_added(writer: Writer) -> None:
    writer.twist = lambda persona, body: persona.update(summary="says nothing")
    people = generator(attributes={**MOODS, "patience": ["patient"]}).generate(2, seed=1, progress=False)
    mood, age = (facts_of(writer.asked[0])[name] for name in ("mood", "age"))
    assert people[0].description.endswith(f". Mood: {mood}. Age: {age}.")
    assert people[0].personality.endswith(". Patience: patient.")
    made = people.plan.personas[people[0].name]
    assert (made.added, made.left_out, made.attempts) == (["mood", "age band", "patience"], [], 1)
    assert people.coverage.share == 1


def test_whoever_says_otherwise_is_asked_for_again(writer: Writer) -> None:
    def other_mood(persona: dict[str, Any], body: dict[str, Any]) -> None:
        if len(writer.asked) == 1:
            persona["summary"] = "gloomy" if facts_of(body)["mood"] != "gloomy" else "calm"

    writer.twist = other_mood
    people = generator().generate(1, seed=1, progress=False)
    mood = people.plan.cells[0]["mood"]
    assert f"Your last one would not do: it does not say mood: {mood}.\n" in said_to(writer.asked[1])[-1]
    assert people.plan.personas[people[0].name].tried == [f"it does not say mood: {mood}"]
    assert people.coverage.share == 1


def test_an_age_begins_the_description(writer: Writer) -> None:
    generator().generate(3, seed=1, progress=False)
    for body in writer.asked:
        age = facts_of(body)["age"]
        pattern = body["format"]["properties"]["description"]["pattern"]
        assert re.match(rf"\^An? {age}-year-old ", pattern)
        assert pattern.startswith("^An ") == (age in {"11", "18", "80", "81", "82", "83", "84", "85"})


def test_nothing_is_added_that_contradicts_and_it_counts_as_not_covered(writer: Writer) -> None:
    def other_mood(persona: dict[str, Any], body: dict[str, Any]) -> None:
        mood = facts_of(body)["mood"]
        persona["summary"] = f"{'calm' if mood != 'calm' else 'gloomy'} and says nothing else"

    writer.twist = other_mood
    people = generator().generate(2, seed=1, progress=False)
    assert len(people) == 2
    assert people.coverage.share == 0
    assert {(*made.left_out, *made.added) for made in people.plan.personas.values()} == {("mood", "age band")}
    assert len(writer.asked) == 2 * ATTEMPTS


def test_where_nobody_differs_it_ends_and_says_why(writer: Writer) -> None:
    def same(persona: dict[str, Any], body: dict[str, Any]) -> None:
        persona |= dict.fromkeys(("description", "personality", "scenario", "summary"), "the same for all " * 9)

    writer.twist = same
    people = generator(attributes={}).generate(4, seed=1, progress=False)
    assert len(people) == 1
    assert len(people.missing) >= 3
    assert "under another name" in people.missing[0].tried[-1]
    assert len(writer.asked) <= 8 * ROUND
    assert people.coverage.share == 0.25


def test_for_a_place_that_is_given_up_somebody_else_is_made(writer: Writer) -> None:
    def gloomy_as_ever(persona: dict[str, Any], body: dict[str, Any]) -> None:
        gloomy = [each for each in writer.asked if facts_of(each)["mood"] == "gloomy"]
        if facts_of(body)["mood"] == "gloomy" and len(gloomy) <= 1 + ATTEMPTS:
            persona |= dict.fromkeys(("description", "personality", "scenario", "summary"), "gloomy as ever 20 " * 9)

    writer.twist = gloomy_as_ever
    attributes = {"mood": ["calm", "gloomy"], "age band": ["18-24"]}
    people = generator(attributes=attributes).generate(4, seed=2, progress=False)
    gloomy = [missing for missing in people.missing if missing.planned["mood"] == "gloomy"]
    assert [len(missing.tried) for missing in gloomy[:1]] == [ATTEMPTS]
    assert len(people) == 4
    assert max(made.cell for made in people.plan.personas.values()) == 4  # the fifth place, of four
    assert people.coverage.share == 0.75


def test_a_reply_that_is_not_valid_is_another_reason_to_ask_again(writer: Writer) -> None:
    def blank(persona: dict[str, Any], body: dict[str, Any]) -> None:
        if len(writer.asked) <= 3:
            persona["summary"] = " "

    writer.twist = blank
    people = generator().generate(1, seed=1, progress=False)
    assert people.plan.personas[people[0].name].tried[0].startswith("the model's reply does not fit the schema")


def test_a_model_that_cannot_be_used_ends_the_run(fake_ollama: FakeOllama) -> None:
    fake_ollama.fail(404, "model 'fake' not found", times=20)
    with pytest.raises(ModelError, match="fake"):
        generator().generate(3, seed=1, progress=False)


# -- rules -----------------------------------------------------------------------------------------------------------


def test_a_rule_for_a_field_gives_it_and_the_model_fills_in_the_rest(writer: Writer) -> None:
    patients = generator(
        kind=Patient,
        attributes={
            "age": range(18, 80),
            "name": ["Ana", "Tom", "Zoë", "Kim"],
            "manner": lambda so_far: f"speaks of being {so_far['age']}",
            "worries": "{llm: what keeps this patient awake}",
            "mood": ["calm", "hurried"],
        },
    ).generate(4, seed=1, progress=False)
    assert {one.name for one in patients} == {"Ana", "Tom", "Zoë", "Kim"}
    assert all(18 <= one.age <= 79 and one.manner == f"speaks of being {one.age}" for one in patients)
    assert [cell["age"] for cell in patients.plan.cells] == list(dict.fromkeys(c["age"] for c in patients.plan.cells))
    asked = said_to(writer.asked[0])[-1]
    assert "Write down another person, Patient. Somebody who sees a doctor." in asked
    assert "- worries: what keeps this patient awake" in asked
    assert list(writer.asked[0]["format"]["properties"]) == ["complaint", "history", "worries"]
    assert isinstance(patients[0], Patient)
    assert patients[0].role == "patient"


def test_where_all_is_given_no_model_is_needed(writer: Writer) -> None:
    class Guest(BasePersona):
        name: str
        floor: int

    guests = generator(kind=Guest, attributes={"name": ["Ana", "Tom", "Kim"], "floor": range(1, 4)})
    assert {(one.name, one.floor) for one in guests.generate(3, seed=1, progress=False)} == {
        (name, floor) for name, floor in zip(["Kim", "Ana", "Tom"], [1, 2, 3], strict=True)
    } or writer.asked == []


def test_set_adds_and_changes_rules(writer: Writer) -> None:
    one = generator(attributes={"mood": ["calm"]}).set(mood=["gloomy"], hobby=["chess"])
    (made,) = one.generate(1, seed=1, progress=False)
    assert "gloomy chess" in made.summary
    assert "by mood, hobby" in repr(one)


def test_a_function_may_draw_with_a_random_that_follows_from_the_seed(writer: Writer) -> None:
    rules = {"number": lambda so_far, rng: str(rng.randint(100, 999))}
    first, again = (generator(attributes=rules).generate(3, seed=1, progress=False) for _ in range(2))
    assert texts(first) == texts(again)
    assert len({facts_of(body)["number"] for body in writer.asked}) > 1


def test_the_model_lists_distinct_values_once_and_they_are_planned(writer: Writer, fake_ollama: FakeOllama) -> None:
    lists = iter([["red hats", "red hats", "blue coats"], ["Blue coats", "green shoes", "old umbrellas"]])
    answer = writer.answer

    def listing(body: dict[str, Any]) -> str:
        return json.dumps({"values": next(lists)}) if list(body["format"]["properties"]) == ["values"] else answer(body)

    fake_ollama.answer = listing
    people = generator(attributes={"wish": from_model("what somebody looks for", 4)}).generate(
        8, seed=1, progress=False
    )
    assert list(people.plan.attributes["wish"]) == ["red hats", "blue coats", "green shoes", "old umbrellas"]
    assert Counter(cell["wish"] for cell in people.plan.cells) == dict.fromkeys(people.plan.attributes["wish"], 2)
    first, second = (said_to(body)[-1] for body in fake_ollama.received[:2])
    assert first.endswith("wish: what somebody looks for (4)")
    assert second.endswith(
        "wish: what somebody looks for (2)\nThere already are these, which you do not repeat:\n- red hats\n- blue coats"
    )


def test_a_model_that_lists_the_same_value_again_and_again_is_told(writer: Writer, fake_ollama: FakeOllama) -> None:
    fake_ollama.answer = lambda body: json.dumps(
        {"values": ["a red hat"] * body["format"]["properties"]["values"]["minItems"]}
    )
    with pytest.raises(ReplyError, match="was no list of distinct values for 'wish'"):
        generator(attributes={"wish": "{llm}"}).generate(2, seed=1, progress=False)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"kind": BasePersona}, "is no class of personas with fields"),
        ({"kind": Patient(name="x")}, "is no class of personas with fields"),
        ({"threshold": 0}, "threshold=0: give a number above 0, up to 1"),
        ({"threshold": 1.5}, "threshold=1.5"),
        ({"concurrency": 0}, "concurrency=0: give a whole number, at least 1"),
        ({"attributes": ["mood"]}, r"attributes=\['mood'\]: give a dict of names and rules"),
        ({"attributes": {"": ["a"]}}, "'' is no name of an attribute"),
        ({"attributes": {1: ["a"]}}, "1 is no name of an attribute"),
        ({"attributes": {"mood": ["", "calm"]}}, "mood: '' says nothing"),
        ({"attributes": {"mood": [None, "calm"]}}, "mood: None says nothing"),
        ({"kind": Patient, "attributes": {"age": [30, 500]}}, "age: Input should be less than or equal to 120"),
        ({"kind": Patient, "attributes": {"age": ["old"]}}, "age: Input should be a valid integer"),
        ({"kind": Patient, "attributes": {"age": (100, 150)}}, "age: Input should be less than or equal to 120"),
        ({"assistant": 3}, "neither an Assistant nor the path"),
        ({"embeddings": 3}, "is neither the name of a model nor a LangChain model"),
    ],
)
def test_arguments_that_cannot_work_are_refused(options: dict[str, Any], problem: str) -> None:
    about = {"assistant": FRAN, "embeddings": WordVectors()} | options
    with pytest.raises(InputError, match=problem):
        PersonaGenerator(about.pop("assistant"), "fake", **about).generate(1, seed=1, progress=False)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"n": 0}, "n=0: give a whole number, at least 1"),
        ({"n": 2.0}, r"n=2\.0"),
        ({"n": 20_000}, "at most 10,000"),
        ({"n": 1, "seed": -1}, "seed=-1 will not do"),
        ({"n": 1, "previous": "ana"}, "ends neither in"),
        ({"n": 1, "previous": [3]}, "is no persona"),
        ({"n": 1, "to": "people.txt"}, r"people\.txt ends neither in"),
    ],
)
def test_requests_that_cannot_work_are_refused(writer: Writer, arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        generator().generate(**arguments, progress=False)


def test_names_have_to_be_enough(writer: Writer) -> None:
    with pytest.raises(InputError, match="3 personas need 3 names of their own; the rule for name has 2"):
        generator(attributes={"name": ["Ana", "Tom", "Kim"]}).generate(3, [persona("kim")], seed=1, progress=False)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: 1 / 0, "age: the function failed: ZeroDivisionError"),
        (lambda: "old", "age: the function returned 'old'; what is kept is not valid"),
    ],
)
def test_a_function_that_fails_is_told(writer: Writer, call: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        generator(kind=Patient, attributes={"age": call}).generate(1, seed=1, progress=False)


# -- files -----------------------------------------------------------------------------------------------------------


def persona(name: str, **texts: str) -> UserPersona:
    about = {"description": f"{name} is here.", "personality": "p", "scenario": "s", "summary": "t"}
    return UserPersona(name=name, **about | texts)


def test_a_saved_file_has_the_five_fields_and_beside_it_lies_how_they_came_about(
    writer: Writer, tmp_path: Path
) -> None:
    people = generator().generate(3, seed=1, progress=False)
    people.save(tmp_path / "people.yaml")
    assert load_users(tmp_path / "people.yaml") == list(people)
    assert set(re.findall(r"^[- ] (\w+):", (tmp_path / "people.yaml").read_text(), re.MULTILINE)) == set(
        UserPersona.model_fields
    )
    plan = PlanFile.of(tmp_path / "people.yaml")
    assert plan == people.plan
    assert plan is not None
    made = plan.personas[people[2].name]
    assert made.nearest in {people[0].name, people[1].name}
    assert made.similarity is not None
    assert 0 <= made.similarity < 0.85
    assert plan.about["seed"] == 1


def test_a_file_is_added_to(writer: Writer, tmp_path: Path) -> None:
    old = generator(attributes={"wish": from_model(values=3), **MOODS}).generate(4, seed=1, progress=False)
    old.save(tmp_path / "old.yaml")
    new = generator(attributes={"wish": from_model(values=3), **MOODS}).generate(
        5, tmp_path / "old.yaml", seed=1, progress=False
    )
    # The same values go on, gaps are filled first, and nobody comes again.
    assert new.plan.attributes == old.plan.attributes
    counts = Counter(cell["wish"] for cell in [*old.plan.cells, *new.plan.cells])
    assert sorted(counts.values()) == [3, 3, 3]
    assert not {one.name for one in old} & {one.name for one in new}
    assert len(new) == 5
    assert [point.new for point in new.coverage.points] == [False] * 4 + [True] * 5
    assert f"- {old[0].name}: " in said_to(writer.asked[-1])[-1]


def test_without_a_plan_earlier_personas_are_read(writer: Writer, tmp_path: Path) -> None:
    there = [persona("Ana", summary="A calm woman of 19."), persona("Tom", summary="A calm man, 20 years old.")]
    save_users(tmp_path / "old.yaml", there)
    people = generator().generate(4, tmp_path / "old.yaml", seed=1, progress=False)
    assert Counter(cell["mood"] for cell in people.plan.cells)["calm"] == 0
    assert Counter(cell["age band"] for cell in people.plan.cells)["18-24"] == 0


def test_previous_personas_may_be_a_list_or_what_a_generator_made(writer: Writer) -> None:
    first = generator().generate(2, [persona("Ana")], seed=1, progress=False)
    second = generator().generate(2, first, seed=1, progress=False)
    assert isinstance(second, Population)
    assert not set(texts(first)) & set(texts(second))
    assert generator().generate(1, [], seed=1, progress=False)[:1][0].name


def test_a_broken_plan_is_told(writer: Writer, tmp_path: Path) -> None:
    save_users(tmp_path / "old.yaml", [persona("Ana")])
    (tmp_path / "old.plan.json").write_text("{}")
    with pytest.raises(FileError, match=r"old\.plan\.json: is no plan of personas \(assistant: Field required\)"):
        generator().generate(1, tmp_path / "old.yaml", seed=1, progress=False)


def test_personas_that_are_there_already_are_not_made_again(writer: Writer, tmp_path: Path) -> None:
    to = tmp_path / "people.yaml"
    first = generator().generate(3, seed=1, to=to, progress=False)
    count = len(writer.asked)
    again = generator().generate(3, seed=1, to=to, progress=False)
    assert (texts(again), again.plan, len(writer.asked)) == (texts(first), first.plan, count)
    assert generator().generate(3, to=to, progress=False).plan == first.plan  # any seed will do
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] != ".") == [
        "people.plan.json",
        "people.yaml",
    ]


@pytest.mark.parametrize(
    ("options", "n", "seed", "problem"),
    [
        ({}, 4, 1, "was made with another n"),
        ({}, 3, 2, "was made with another seed"),
        ({"attributes": {}}, 3, 1, "was made with another attributes"),
    ],
)
def test_what_is_there_is_not_written_over(
    writer: Writer, tmp_path: Path, options: dict[str, Any], n: int, seed: int, problem: str
) -> None:
    to = tmp_path / "people.yaml"
    generator().generate(3, seed=1, to=to, progress=False)
    there = to.read_bytes()
    with pytest.raises(InputError, match=f"is there already, and {problem}. Give it as the previous ones to add to it"):
        generator(**options).generate(n, seed=seed, to=to, progress=False)
    assert to.read_bytes() == there


def test_a_file_of_somebody_elses_is_not_written_over(writer: Writer, tmp_path: Path) -> None:
    save_users(tmp_path / "people.yaml", [persona("Ana")])
    with pytest.raises(InputError, match=r"is there already, and no people\.plan\.json says how it came about"):
        generator().generate(3, seed=1, to=tmp_path / "people.yaml", progress=False)


RUN = """
import sys
sys.path.insert(0, {tests!r})
from population.test_generator import generator
generator(concurrency=2).generate(20, seed=5, to={to!r}, progress=False)
"""


def test_a_run_that_was_killed_goes_on_and_comes_to_the_same(
    writer: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.twist = clumsy
    whole = generator().generate(20, seed=5, progress=False)
    needed = len(writer.asked)
    writer.asked.clear()
    writer.pause = 0.1
    to = tmp_path / "people.yaml"
    script = RUN.format(tests=str(Path(__file__).parents[1]), to=str(to))
    for round_ in range(1, 4):
        process = subprocess.Popen([sys.executable, "-c", script])
        while len(writer.asked) < 8 * round_ and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not to.exists()
    assert (tmp_path / "people.part.jsonl").exists()
    writer.pause = 0.0
    people = generator().generate(20, seed=5, to=to, progress=False)
    assert texts(people) == texts(whole)
    assert people.plan == whole.plan
    assert len(writer.asked) <= needed + 3 * 4  # only what was in the making was asked for again
    assert not (tmp_path / "people.part.jsonl").exists()


@pytest.mark.parametrize("there", ["people.plan.json", "people.yaml"])
def test_a_run_that_was_killed_while_it_saved_loses_nothing(
    writer: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    to = tmp_path / "people.yaml"

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(*(("sdkit.population.populations.save_users",) if "plan" in there else (Journal, "end")), killed)
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(generator().agenerate(3, seed=1, to=to))
    assert (tmp_path / there).exists()
    count = len(writer.asked)
    people = generator().generate(3, seed=1, to=to, progress=False)
    assert load_users(to) == list(people)
    assert len(writer.asked) == count
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] != ".") == [
        "people.plan.json",
        "people.yaml",
    ]


def test_a_run_that_was_not_finished_is_not_gone_on_with_otherwise(writer: Writer, tmp_path: Path) -> None:
    to = tmp_path / "people.yaml"

    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(generator().agenerate(12, seed=5, to=to, tell=stop))
    with pytest.raises(
        InputError, match=r"people\.part\.jsonl is of a run that was not finished, with n=12; now it is 9"
    ):
        generator().generate(9, seed=5, to=to, progress=False)
    made = generator().generate(12, to=to, progress=False)  # without a seed, the one with which it began
    assert made.plan.about["seed"] == 5


def test_values_that_functions_return_are_kept_over_a_kill(writer: Writer, tmp_path: Path) -> None:
    numbers = iter(range(100, 200))
    rules = {"number": lambda: str(next(numbers))}
    to = tmp_path / "people.yaml"

    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(generator(attributes=rules).agenerate(3, seed=5, to=to, tell=stop))
    people = generator(attributes=rules).generate(3, seed=5, to=to, progress=False)
    assert [name in one.summary for one, name in zip(people, ("100", "101", "102"), strict=True)] == [True] * 3
    assert len(writer.asked) == 3


def test_something_else_in_the_place_of_a_journal_is_told(writer: Writer, tmp_path: Path) -> None:
    (tmp_path / "people.part.jsonl").write_text('{"x": 1}\n')
    with pytest.raises(FileError, match=r"people\.part\.jsonl, line 1: is not what sdkit writes"):
        generator().generate(1, seed=5, to=tmp_path / "people.yaml", progress=False)


# -- a real model ----------------------------------------------------------------------------------------------------


@pytest.mark.embedded
def test_a_real_small_model_writes_different_people() -> None:
    made = PersonaGenerator(FRAN, "embedded", embeddings=WordVectors(), attributes=MOODS).generate(
        3, seed=1, progress=False
    )
    assert len(made) == 3
    assert len({one.name for one in made}) == 3
    assert not made.coverage.close_pairs()
