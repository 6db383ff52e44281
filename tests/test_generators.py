from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_ollama import ChatOllama
from pydantic import BaseModel

from sdkit import Dialog, DialogGenerator, Turn, prompts
from sdkit.errors import InputError, ReplyError
from sdkit.generators import LLMDialogOutput, PersonaDialogGenerator, dialog_output
from sdkit.llm.seeds import derive_seed
from sdkit.personas import BasePersona, Persona

if TYPE_CHECKING:
    from conftest import FakeOllama

DETAILS = "Ana asks Tom the way."


def said(*turns: tuple[str, str]) -> str:
    return json.dumps({"dialog": [{"speaker": speaker, "text": text} for speaker, text in turns]})


GOOD = said(("Ana", "Where is the station?"), ("Tom", "Over there."))


def ana_and_tom(model: Any = "fake", **rest: Any) -> DialogGenerator:
    return DialogGenerator(model, DETAILS, **{"speakers": ["Ana", "Tom"], "turns": (2, 4)} | rest)


class Title(BaseModel):
    title: str


def test_one_request_makes_one_dialogue(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(GOOD)
    dialog = ana_and_tom().generate(seed=42, id=7)
    assert [(turn.speaker, turn.text) for turn in dialog] == [("Ana", "Where is the station?"), ("Tom", "Over there.")]
    assert (dialog.model, dialog.seed, dialog.dialogId, dialog.scenario) == ("fake", 42, 7, DETAILS)
    made = dialog.provenance
    assert (made.model, made.seed, made.attempts, made.finish_reason, made.replayed) == ("fake", 42, 1, "stop", False)
    assert (made.prompt_tokens, made.completion_tokens, made.options) == (7, 11, {"temperature": 0.8})
    assert {"python", "sdkit", "pydantic", "langchain-ollama"} <= set(made.versions)
    assert len(fake_ollama.received) == 1


def test_system_example_details_schema_and_seed_are_sent(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(GOOD)
    ana_and_tom().generate(42)
    (body,) = fake_ollama.received
    system, question, answer, details = body["messages"]
    assert [m["role"] for m in body["messages"]] == ["system", "user", "assistant", "user"]
    assert system["content"] == prompts.DIALOGUE_SYSTEM
    assert question["content"].startswith(str(prompts.WORKED_EXAMPLE.scenario))
    assert json.loads(answer["content"])["dialog"][0]["speaker"] == "Mia"
    assert details["content"] == f"{DETAILS}\nSpeakers: Ana, Tom.\nLength: 2 to 4 turns."
    assert body["options"]["seed"] == 42
    assert body["format"] == dialog_output(("Ana", "Tom"), (2, 4)).model_json_schema()
    assert "description" not in json.dumps(body)


def test_the_default_form_has_no_descriptions_that_a_model_would_read() -> None:
    assert "description" not in json.dumps(LLMDialogOutput.model_json_schema())


def test_the_schema_holds_the_cast_to_taking_turns() -> None:
    schema = dialog_output(("Ana", "Tom"), (2, 4)).model_json_schema()
    lengths = schema["properties"]["dialog"]["anyOf"]
    assert [branch["maxItems"] for branch in lengths] == [2, 3, 4]
    names = {name: turn["properties"]["speaker"]["const"] for name, turn in schema["$defs"].items()}
    cast = [names[turn["$ref"].rpartition("/")[2]] for turn in lengths[-1]["prefixItems"]]
    assert cast == ["Ana", "Tom", "Ana", "Tom"]


@pytest.mark.parametrize(
    ("text", "done_reason", "problem"),
    [
        ("", "stop", "was empty"),
        ("Ana: Where is the station?", "stop", "was not JSON"),
        (GOOD[:60], "length", "was cut when its tokens ran out"),
        (GOOD[:60], "stop", "was not JSON"),
        (GOOD, "length", "was cut when its tokens ran out"),
        (f"```json\n{GOOD}\n```", "stop", "wrapped in a Markdown code fence"),
        ('{"turns": []}', "stop", "dialog: Field required"),
        ('{"dialog": ["Hi."]}', "stop", r"dialog\.0"),
        ('{"dialog": []}', "stop", "dialog: has 0 turns instead of 2 to 4"),
        (said(*[("Ana", "Hi."), ("Tom", "Hi.")] * 3), "stop", "dialog: has 6 turns instead of 2 to 4"),
        (said(("Ana", "Hi."), ("Bob", "Hi.")), "stop", "dialog: 'Bob' speaks, who is not one of Ana, Tom"),
        (said(("Ana", "Hi."), ("Ana", "Hello?")), "stop", "dialog: 'Tom' never speaks"),
        (said(("Ana", ""), ("Tom", "Hi.")), "stop", r"dialog\.0\.text: String should have at least 1"),
        (said(("Ana", "Hi."), ("Tom", " \n")), "stop", r"dialog\.1\.text: is blank"),
        (said(("Ana", "Hi."), ("  ", "Hi.")), "stop", r"dialog\.1\.speaker: is blank"),
    ],
)
def test_a_bad_reply_is_an_error_and_never_a_dialogue(
    fake_ollama: FakeOllama, text: str, done_reason: str, problem: str
) -> None:
    fake_ollama.say(text, done_reason, times=3)
    with pytest.raises(ReplyError, match=problem) as caught:
        ana_and_tom().generate(seed=42)
    assert caught.value.raw == text
    assert caught.value.schema == fake_ollama.received[0]["format"]
    assert caught.value.seeds == [42, derive_seed(42, 1), derive_seed(42, 2)]
    assert [body["options"]["seed"] for body in fake_ollama.received] == caught.value.seeds
    assert len(set(caught.value.seeds)) == 3


def test_a_bad_reply_and_then_a_good_one_give_a_dialogue(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(GOOD, "length")
    fake_ollama.say(GOOD)
    dialog = ana_and_tom().generate(seed=42)
    assert (len(dialog), dialog.seed) == (2, 42)
    assert (dialog.provenance.attempts, dialog.provenance.seed) == (2, derive_seed(42, 1))


def test_nothing_that_is_false_is_lost(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(GOOD, times=2)
    dialogs = [ana_and_tom(scenario=scenario).generate(seed=0, id=0) for scenario in ("", {})]
    assert [dialog.scenario for dialog in dialogs] == ["", {}]
    assert [(dialog.seed, dialog.dialogId) for dialog in dialogs] == [(0, 0), (0, 0)]
    assert fake_ollama.received[0]["options"]["seed"] == 0


def test_the_seed_may_be_positional_and_the_generator_called(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(GOOD, times=2)
    generator = ana_and_tom()
    assert generator.generate(4216355045).seed == 4216355045
    assert generator(3, "a").dialogId == "a"
    assert [body["options"]["seed"] for body in fake_ollama.received] == [4216355045, 3]


def test_set_replaces_the_details_and_resets_the_scenario(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(GOOD, times=3)
    generator = ana_and_tom(scenario={"task": "directions"})
    assert generator.generate().scenario == {"task": "directions"}
    generator.set("They plan a party.")
    assert generator.generate().scenario == "They plan a party."
    generator.set("They plan a trip.", "a trip")
    assert generator.generate().scenario == "a trip"
    asked = [body["messages"][-1]["content"].splitlines()[0] for body in fake_ollama.received]
    assert asked == [DETAILS, "They plan a party.", "They plan a trip."]


class Visit(BaseModel):
    illness: str
    minutes: float = 5


def test_a_pydantic_object_is_a_scenario_too(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(GOOD, times=2)
    generator = ana_and_tom(scenario=Visit(illness="a cough"))
    kept = {"illness": "a cough", "minutes": 5.0}
    assert (generator.scenario, generator.generate().scenario) == (kept, kept)
    generator.set("They plan a party.")
    assert generator.scenario == "They plan a party."
    with pytest.raises(InputError, match="this scenario cannot be kept: scenario: JSON has no infinite numbers"):
        ana_and_tom(scenario=Visit(illness="a cough", minutes=float("inf")))


def test_a_dialogue_does_not_share_its_scenario_with_the_next(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(GOOD, times=2)
    generator = ana_and_tom(scenario={"tasks": ["directions"]})
    generator.generate().scenario["tasks"].append("changed")
    assert generator.generate().scenario == {"tasks": ["directions"]}


def test_another_output_format_gives_an_instance_or_the_text(fake_ollama: FakeOllama) -> None:
    fake_ollama.say('{"title": "The way"}', times=3)
    assert DialogGenerator("fake", DETAILS, Title).generate() == Title(title="The way")
    assert DialogGenerator("fake", DETAILS, Title.model_json_schema()).generate() == '{"title": "The way"}'
    assert DialogGenerator("fake", DETAILS, None).generate() == '{"title": "The way"}'
    assert [len(body["messages"]) for body in fake_ollama.received] == [2, 2, 2]  # a worked example would mislead
    fake_ollama.say('{"name": "The way"}', times=3)
    with pytest.raises(ReplyError, match="'title' is a required property"):
        DialogGenerator("fake", DETAILS, Title.model_json_schema()).generate()


def test_a_chat_ollama_is_used_and_left_as_it_was(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(GOOD)
    model = ChatOllama(model="own", base_url=fake_ollama.url, seed=5, temperature=0.1)
    before = model.model_dump()
    dialog = ana_and_tom(model).generate(seed=42)
    assert (dialog.model, dialog.seed, dialog.provenance.options) == ("own", 42, {"temperature": 0.1})
    assert fake_ollama.received[0]["options"]["seed"] == 42
    assert model.model_dump() == before  # its format and its seed, too


def test_any_langchain_model_makes_dialogues() -> None:
    dialog = ana_and_tom(GenericFakeChatModel(messages=iter([GOOD]))).generate(1)
    assert (dialog.model, len(dialog)) == ("GenericFakeChatModel", 2)


def test_examples_are_shown_to_the_model_and_may_be_none(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(GOOD, times=2)
    example = Dialog(scenario="Hello.", turns=[Turn(speaker="Zoë", text="Hi."), Turn(speaker="Bo", text="Hi!")])
    ana_and_tom(examples=[example, example]).generate()
    ana_and_tom(examples=()).generate()
    shown, none = ([m["role"] for m in body["messages"]] for body in fake_ollama.received)
    assert shown == ["system", *["user", "assistant"] * 2, "user"]
    assert none == ["system", "user"]
    assert "Zoë" in fake_ollama.received[0]["messages"][2]["content"]


def test_without_a_cast_anybody_may_speak(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(said(("Ana", "Hi."), ("Bob", "Hi.")))
    assert DialogGenerator("fake", DETAILS, turns=(1, 2)).generate().speakers == ["Ana", "Bob"]
    assert "Speakers" not in fake_ollama.received[0]["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"speakers": "Ana"}, "two or more different names"),
        ({"speakers": ["Ana"]}, "two or more different names"),
        ({"speakers": []}, "two or more different names"),
        ({"speakers": ["Ana", "Ana"]}, "two or more different names"),
        ({"speakers": ["Ana", "Ana "]}, "two or more different names"),
        ({"speakers": ["Ana", " "]}, "two or more different names"),
        ({"speakers": ["Ana", 5]}, "two or more different names"),
        ({"speakers": 5}, "two or more different names"),
        ({"turns": (5, 2)}, "at least and at most"),
        ({"turns": (0, 3)}, "at least and at most"),
        ({"turns": (1.5, 3)}, "at least and at most"),
        ({"turns": 6}, "at least and at most"),
        ({"turns": 0}, "at least and at most"),
        ({"turns": ()}, "at least and at most"),
        ({"turns": (2, 6), "speakers": ["A", "B", "C"]}, "3 speakers need at least 3 turns"),
        ({"turns": (2, 6), "output_format": Title}, "your own"),
        ({"speakers": ["A", "B"], "output_format": None}, "your own"),
        ({"output_format": 5}, "a schema is"),
        ({"dialogue_details": ""}, "dialogue_details is empty"),
        ({"dialogue_details": " \n"}, "dialogue_details is empty"),
        ({"dialogue_details": None}, "dialogue_details is empty"),
        ({"scenario": {"a": float("nan")}}, "scenario"),
        ({"scenario": object()}, "scenario"),
    ],
)
def test_arguments_that_cannot_work_are_refused_at_the_door(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        DialogGenerator("fake", **{"dialogue_details": DETAILS} | arguments)


@pytest.mark.parametrize("seed", [-1, True, 2**32, "1"])
def test_a_seed_that_will_not_do_is_refused_before_anything_is_sent(fake_ollama: FakeOllama, seed: Any) -> None:
    with pytest.raises(InputError, match="seed="):
        ana_and_tom().generate(seed=seed)
    assert fake_ollama.received == []


def echo(body: dict[str, Any]) -> str:
    """Say in the dialogue which seed and details the request had."""
    details = body["messages"][-1]["content"].splitlines()[0]
    return said(("Ana", f"Seed {body['options']['seed']}."), ("Tom", details))


def in_threads(generator: DialogGenerator) -> list[Dialog]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(generator.generate, range(40)))


def in_tasks(generator: DialogGenerator) -> list[Dialog]:
    async def many() -> list[Dialog]:
        return await asyncio.gather(*(generator.agenerate(seed) for seed in range(20)))

    return [*asyncio.run(many()), *asyncio.run(many())]  # a second event loop must do as well


@pytest.mark.parametrize("run", [in_threads, in_tasks])
def test_a_shared_generator_gives_each_dialogue_the_seed_of_its_own_request(
    fake_ollama: FakeOllama, run: Callable[[DialogGenerator], list[Dialog]]
) -> None:
    fake_ollama.answer = echo
    dialogs = run(ana_and_tom())
    assert len(dialogs) == len(fake_ollama.received) == 40
    assert [dialog.turns[0].text for dialog in dialogs] == [f"Seed {dialog.seed}." for dialog in dialogs]
    assert {dialog.provenance.seed for dialog in dialogs} == {dialog.seed for dialog in dialogs}


def test_set_while_a_dialogue_is_made_does_not_mix(fake_ollama: FakeOllama) -> None:
    generator = ana_and_tom()

    def answer(body: dict[str, Any]) -> str:
        generator.set("They plan a party.", "a party")
        return echo(body)

    fake_ollama.answer = answer
    first, second = generator.generate(1), generator.generate(2)
    assert (first.turns[1].text, first.scenario) == (DETAILS, DETAILS)
    assert (second.turns[1].text, second.scenario) == ("They plan a party.", "a party")


def test_generate_works_where_an_event_loop_is_running(fake_ollama: FakeOllama) -> None:
    async def cell() -> Dialog:
        return ana_and_tom().generate(seed=3)

    fake_ollama.answer = echo
    assert asyncio.run(cell()).turns[0].text == "Seed 3."


def test_pythons_random_numbers_are_left_alone(fake_ollama: FakeOllama) -> None:
    fake_ollama.answer = echo
    random.seed(7)
    before = random.getstate()
    ana_and_tom().generate()
    assert random.getstate() == before


def test_repr_names_the_model_and_the_beginning_of_the_details() -> None:
    assert repr(ana_and_tom()) == f"DialogGenerator(model='fake', dialogue_details='{DETAILS}')"


@pytest.mark.parametrize("examples", [["Ana: Hello"], [Dialog(turns=[])], [None]])
def test_examples_that_are_no_dialogues_are_refused(examples: list[Any]) -> None:
    with pytest.raises(InputError, match="examples="):
        DialogGenerator("m", "Ana meets Tom.", examples=examples)


def test_an_id_that_is_none_is_refused_before_the_model_is_asked(fake_ollama: FakeOllama) -> None:
    with pytest.raises(InputError, match=r"id=1\.5"):
        ana_and_tom().generate(id=1.5)  # type: ignore[arg-type]
    assert fake_ollama.received == []


def test_an_own_output_format_keeps_its_fields(fake_ollama: FakeOllama) -> None:
    class WithMood(LLMDialogOutput):
        mood: str

    fake_ollama.say('{"dialog": [{"speaker": "Ana", "text": "Hello."}], "mood": "glad"}')
    made = DialogGenerator("m", "Ana meets Tom.", output_format=WithMood).generate()
    assert isinstance(made, WithMood)
    assert made.mood == "glad"


ANA = Persona(name="Ana", role="traveller")
TOM = Persona(name="Tom", role="clerk")


class TestPersonas:
    def test_the_personas_make_the_prompt_and_the_cast(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.say(GOOD)
        generator = PersonaDialogGenerator("fake", ANA, TOM, "It rains.", "Rhyme.", {"x": 1}, turns=(2, 4))
        dialog = generator.generate(4, id=9)
        assert dialog.speakers == ["Ana", "Tom"]
        assert (dialog.scenario, dialog.seed, dialog.dialogId) == ({"x": 1}, 4, 9)
        assert dialog.personas == {"Ana": ANA.json(), "Tom": TOM.json()}
        (body,) = fake_ollama.received
        assert body["messages"][-1]["content"] == (
            "Ana and Tom talk. Ana speaks first.\n\n"
            "Ana has this role:\nYour name: Ana\nYour role: traveller\n\n"
            "Tom has this role:\nYour name: Tom\nYour role: clerk\n\n"
            f"{prompts.ROLES}\n\nIt rains.\n\nRhyme.\nSpeakers: Ana, Tom.\nLength: 2 to 4 turns."
        )
        assert body["format"] == dialog_output(("Ana", "Tom"), (2, 4)).model_json_schema()

    def test_without_a_scenario_the_details_are_it(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.say(GOOD, times=2)
        generator = PersonaDialogGenerator("fake", ANA, TOM, turns=(2, 4))
        assert generator.generate().scenario is None
        generator.set("It rains.")
        assert generator.generate().scenario == "It rains."

    def test_a_free_order_lets_one_speak_twice(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.say(said(("Ana", "Hello."), ("Ana", "Is anybody there?"), ("Tom", "Yes.")))
        dialog = PersonaDialogGenerator("fake", ANA, TOM, turns=(2, 4), alternate=False).generate()
        assert [turn.speaker for turn in dialog] == ["Ana", "Ana", "Tom"]
        items = fake_ollama.received[0]["format"]["properties"]["dialog"]["items"]
        assert items == {"anyOf": [{"$ref": "#/$defs/turn0"}, {"$ref": "#/$defs/turn1"}]}

    @pytest.mark.parametrize(
        ("turns", "problem"),
        [
            ([("Ana", "Hello."), ("Eve", "Yes.")], "'Eve' speaks, who is not one of Ana, Tom"),
            ([("Ana", "Hello."), ("Ana", "Yes.")], "'Tom' never speaks"),
            ([("Ana", "Hello."), ("Tom", " ")], "is blank"),
            ([("Ana", "Hello.")], "has 1 turns instead of 2 to 4"),
        ],
    )
    @pytest.mark.parametrize("alternate", [True, False])
    def test_the_whole_cast_speaks_and_nobody_else(
        self, fake_ollama: FakeOllama, turns: list[tuple[str, str]], problem: str, alternate: bool
    ) -> None:
        fake_ollama.say(said(*turns), times=3)
        with pytest.raises(ReplyError, match=problem):
            PersonaDialogGenerator("fake", ANA, TOM, turns=(2, 4), alternate=alternate).generate()

    def test_they_take_turns_also_where_no_schema_makes_them(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.say(said(("Tom", "Hello."), ("Tom", "Anybody?"), ("Ana", "Yes.")), times=3)
        with pytest.raises(ReplyError, match="'Tom' speaks in turn 0, which is Ana's"):
            PersonaDialogGenerator("fake", ANA, TOM, turns=(2, 4)).generate()

    def test_two_of_one_name_and_two_without(self, fake_ollama: FakeOllama) -> None:
        def speakers(*personas: BasePersona) -> tuple[str, ...] | None:
            return PersonaDialogGenerator("fake", *personas)._speakers

        assert speakers(Persona(name="Ana"), Persona(name="Ana")) == ("Ana 1", "Ana 2")
        assert speakers(Persona(role="a"), Persona(role="b")) == ("Speaker 1", "Speaker 2")
        assert speakers(Persona(role="a").labelled("System"), Persona(role="b").labelled("User")) == ("System", "User")

    def test_what_is_changed_in_a_persona_later_counts(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.say(GOOD)
        ana = Persona(name="Ana")
        generator = PersonaDialogGenerator("fake", ana, TOM, turns=(2, 4))
        ana.role = "pilot"
        generator.generate()
        assert "Your role: pilot" in fake_ollama.received[0]["messages"][-1]["content"]

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            ({}, "persona_a=None is no persona"),
            ({"persona_a": Persona, "persona_b": TOM}, "persona_a=Persona is the class"),
            ({"persona_a": ANA, "persona_b": "Tom"}, "persona_b='Tom' is no persona"),
            ({"persona_a": ANA, "persona_b": TOM, "dialogue_details": 3}, "dialogue_details=3: say in words"),
            ({"persona_a": ANA, "persona_b": TOM, "response_details": None}, "response_details=None"),
            ({"persona_a": ANA, "persona_b": TOM, "turns": (1, 4)}, "2 speakers need at least 2 turns"),
            ({"persona_a": ANA, "persona_b": TOM, "scenario": {"x": float("nan")}}, "this scenario cannot be kept"),
        ],
    )
    def test_what_cannot_work_is_refused(self, arguments: dict[str, Any], problem: str) -> None:
        with pytest.raises(InputError, match=problem):
            PersonaDialogGenerator("fake", **arguments)

    @pytest.mark.embedded
    @pytest.mark.parametrize("alternate", [True, False])
    def test_on_a_real_model_the_cast_speaks_and_nobody_else(self, alternate: bool) -> None:
        dialog = PersonaDialogGenerator("embedded", ANA, TOM, alternate=alternate).generate(seed=3)
        assert set(dialog.speakers) == {"Ana", "Tom"}
        assert 6 <= len(dialog) <= 12
        assert all(turn.text.strip() for turn in dialog)
