"""A fake server says what the test wants here: it is about who is asked what, and what is made of the answers."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from sdkit import Dialog, Turn
from sdkit.agents import PersonaAgent
from sdkit.conversation import Conversation
from sdkit.errors import ConversationError, InputError, ReplyError
from sdkit.orchestration import ChangeMind, Instruction, Length, Moment, When
from sdkit.personas import Persona

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import FakeOllama

ANA = Persona(name="Ana", role="baker")
TOM = Persona(name="Tom", role="customer")


def is_judge(body: dict[str, Any]) -> bool:
    return "over" in body["format"]["properties"]


def speaker_of(body: dict[str, Any]) -> str:
    return "Ana" if "Your name: Ana" in body["messages"][0]["content"] else "Tom"


def talking(over_at: int = 99) -> Callable[[dict[str, Any]], str]:
    """Answer as two who count their turns, and a judge who ends it after so many."""

    def answer(body: dict[str, Any]) -> str:
        if is_judge(body):
            lines = [line for line in body["messages"][-1]["content"].splitlines() if ": " in line]
            return json.dumps({"reason": "They said goodbye.", "over": len(lines) >= over_at})
        said = [m for m in body["messages"][1:] if not m["content"].startswith("(")]
        return json.dumps({"text": f"{speaker_of(body)} says turn {len(said)}."})

    return answer


def agents(**rest: Any) -> tuple[PersonaAgent, PersonaAgent]:
    return PersonaAgent(ANA, "fake", **rest), PersonaAgent(TOM, "fake")


def turns(dialog: Dialog) -> list[tuple[str | None, str]]:
    return [(turn.speaker, turn.text) for turn in dialog]


class TestTalking:
    def test_they_take_turns_until_it_is_over(self, fake_ollama: FakeOllama) -> None:
        # Given a judge who finds it over after five turns
        fake_ollama.answer = talking(over_at=5)
        ana, tom = agents()
        # When they talk
        dialog = ana.talk_with(tom, seed=7, id="a", scenario={"shop": "bakery"})
        # Then there are five, and the dialogue knows why
        assert turns(dialog) == [
            ("Ana", "Ana says turn 0."),
            ("Tom", "Tom says turn 1."),
            ("Ana", "Ana says turn 2."),
            ("Tom", "Tom says turn 3."),
            ("Ana", "Ana says turn 4."),
        ]
        assert dialog.stop is not None
        assert (dialog.stop.kind, dialog.stop.reason) == ("over", "They said goodbye.")
        assert (dialog.complete, dialog.seed, dialog.dialogId, dialog.model) == (True, 7, "a", "fake")
        assert dialog.scenario == {"shop": "bakery"}
        assert dialog.personas == {"Ana": ANA.json(), "Tom": TOM.json()}
        assert dialog.events is None
        # and the judge was asked from the fourth turn on
        assert sum(map(is_judge, fake_ollama.received)) == 2
        made = dialog.provenance
        assert made is not None
        assert (made.model, made.seed, made.attempts, made.prompt_tokens) == ("fake", 7, 7, 49)

    def test_there_is_a_limit_and_the_judge_is_not_asked_after_it(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = talking()
        ana, tom = agents()
        dialog = ana.talk_with(tom, max_turns=5)
        assert dialog.stop is not None
        assert (len(dialog), dialog.stop.kind, dialog.complete) == (5, "max_turns", False)
        assert [is_judge(body) for body in fake_ollama.received] == [False] * 4 + [True, False]

    def test_the_words_of_an_end_in_a_text_end_nothing(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = lambda body: json.dumps(
            {"reason": "No.", "over": False} if is_judge(body) else {"text": "STOP, bye bye!"}
        )
        ana, tom = agents()
        assert len(ana.talk_with(tom, max_turns=6)) == 6

    def test_each_reads_it_from_its_own_side(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = talking()
        ana, tom = agents(details="It rains.")
        ana.talk_with(tom, max_turns=4)
        third, fourth = fake_ollama.received[2:]
        assert [(m["role"], m["content"]) for m in third["messages"][1:]] == [
            ("user", "(Tom is here. Greet Tom.)"),
            ("assistant", '{"text": "Ana says turn 0."}'),
            ("user", "Tom says turn 1."),
        ]
        assert [(m["role"], m["content"]) for m in fourth["messages"][1:]] == [
            ("user", "Ana says turn 0."),
            ("assistant", '{"text": "Tom says turn 1."}'),
            ("user", "Ana says turn 2."),
        ]
        assert str(ANA) in third["messages"][0]["content"]
        assert "It rains." in third["messages"][0]["content"]
        assert str(ANA) not in fourth["messages"][0]["content"]
        assert "It rains." not in fourth["messages"][0]["content"]

    def test_what_was_asked_is_the_beginning_of_what_is_asked_next(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = talking()
        ana, tom = agents()
        ana.talk_with(tom, max_turns=8)
        asked: dict[str, list[str]] = {}
        for body in fake_ollama.received:
            texts = "\n".join(m["content"] for m in body["messages"])
            asked.setdefault("judge" if is_judge(body) else speaker_of(body), []).append(
                texts.partition("\n\nIs the")[0]
            )
        for prompts in asked.values():
            assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(prompts))

    def test_who_begins(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = talking()
        ana, tom = agents()
        assert [turn.speaker for turn in ana.talk_with(tom, max_turns=2, first=tom)] == ["Tom", "Ana"]
        assert turns(ana.talk_with(tom, max_turns=2, first=" Good morning! ")) == [
            ("Ana", "Good morning!"),
            ("Tom", "Tom says turn 1."),
        ]

    def test_two_of_one_name_and_without_a_name(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = lambda body: json.dumps({"text": "Hello."})
        one, two = PersonaAgent(Persona(role="a"), "fake"), PersonaAgent(Persona(role="b"), "fake")
        dialog = one.talk_with(two, max_turns=2)
        assert dialog.speakers == ["Speaker 1", "Speaker 2"]
        assert list(dialog.personas or ()) == ["Speaker 1", "Speaker 2"]

    def test_one_may_talk_with_oneself(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = lambda body: json.dumps({"text": "Hello."})
        ana, _ = agents()
        assert ana.talk_with(ana, max_turns=3).speakers == ["Ana 1", "Ana 2"]

    def test_the_seed_decides_on_all_others(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = talking(over_at=5)
        ana, tom = agents()
        ana.talk_with(tom, seed=7)
        first = [body["options"]["seed"] for body in fake_ollama.received]
        ana.talk_with(tom, seed=7)
        ana.talk_with(tom, seed=8)
        later = [body["options"]["seed"] for body in fake_ollama.received]
        assert later[7:14] == first
        assert not set(later[14:]) & set(first)
        assert len(set(first)) == 7

    def test_another_model_may_judge(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = talking(over_at=4)
        ana, tom = agents()
        ana.talk_with(tom, judge="strict")
        assert [body["model"] for body in fake_ollama.received] == ["fake"] * 4 + ["strict"]

    def test_async_and_streaming_give_the_same(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = talking(over_at=5)
        ana, tom = agents()
        whole = ana.talk_with(tom, seed=7)
        assert asyncio.run(ana.atalk_with(tom, seed=7)).turns == whole.turns
        assert list(ana.stream(tom, seed=7)) == whole.turns

        async def collect() -> list[Turn]:
            return [turn async for turn in ana.stream(tom, seed=7)]

        assert asyncio.run(collect()) == whole.turns

    def test_the_plain_call_works_while_an_event_loop_runs(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = talking(over_at=4)
        ana, tom = agents()

        async def cell() -> int:
            return len(ana.talk_with(tom))

        assert asyncio.run(cell()) == 4


class TestStreaming:
    def test_turns_come_as_they_are_made_and_one_can_leave_and_go_on(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = talking(over_at=6)
        ana, tom = agents()
        conversation = ana.stream(tom)
        # When somebody leaves after two turns
        for turn in conversation:
            if turn.speaker == "Tom":
                break
        # Then two were made, and it goes on from there
        assert (len(fake_ollama.received), len(conversation.dialog), conversation.dialog.stop) == (2, 2, None)
        assert len(list(conversation)) == 4
        assert conversation.dialog.complete is True
        assert list(conversation) == []

    def test_a_turn_by_hand(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = talking()
        ana, tom = agents()
        conversation = ana.stream(tom, max_turns=3)
        next(iter(conversation))
        assert conversation.next_speaker == "Tom"
        assert conversation.say(" Two rolls. ").text == "Two rolls."
        (last,) = conversation
        assert fake_ollama.received[-1]["messages"][-1]["content"] == "Two rolls."
        assert (last.speaker, len(conversation.dialog)) == ("Ana", 3)
        events = conversation.dialog.events or []
        assert [(event.agent, event.actionLabel) for event in events] == [
            ("Ana", None),
            ("Tom", "by hand"),
            ("Ana", None),
        ]
        with pytest.raises(InputError, match="has its 3 turns"):
            conversation.say("More?")
        with pytest.raises(InputError, match="the text is blank"):
            conversation.say(" ")

    def test_a_branch_goes_on_from_any_turn(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = talking(over_at=6)
        ana, tom = agents()
        whole = ana.talk_with(tom, seed=7)
        branch = PersonaAgent(ANA.clone(role="butcher"), "fake").stream(tom, history=whole[:3], seed=7)
        assert next(iter(branch)).speaker == "Tom"
        assert list(branch)[-1].text == whole[-1].text
        assert branch.dialog.turns[:3] == whole.turns[:3]
        assert whole[0] is not branch.turns[0]


class TestFailures:
    def test_the_turns_so_far_are_kept(self, fake_ollama: FakeOllama) -> None:
        # Given a model that is gone after three turns
        talk = talking()
        fake_ollama.answer = lambda body: talk(body) if len(fake_ollama.received) <= 3 else "no JSON"
        ana, tom = agents()
        # When they talk, then the error has the three, and says what was wrong
        with pytest.raises(
            ConversationError, match=r"Turn 3, Tom's, could not be made: No valid reply.*\n.*\.dialog"
        ) as caught:
            ana.talk_with(tom)
        dialog = caught.value.dialog
        assert isinstance(caught.value.__cause__, ReplyError)
        assert (len(dialog), dialog.complete) == (3, False)
        assert dialog.stop is not None
        assert dialog.stop.kind == "error"

    def test_one_can_try_again(self, fake_ollama: FakeOllama) -> None:
        talk = talking(over_at=5)
        fake_ollama.answer = lambda body: "no JSON" if 4 <= len(fake_ollama.received) <= 6 else talk(body)
        ana, tom = agents()
        conversation = ana.stream(tom)
        with pytest.raises(ConversationError):
            list(conversation)
        assert [turn.speaker for turn in conversation] == ["Tom", "Ana"]
        assert conversation.dialog.complete is True

    def test_a_judge_that_fails_and_a_hook_that_fails(self, fake_ollama: FakeOllama) -> None:
        talk = talking()
        fake_ollama.answer = lambda body: "no JSON" if is_judge(body) else talk(body)
        ana, tom = agents()
        with pytest.raises(ConversationError, match="The judge's answer could not be made: No valid reply") as caught:
            ana.talk_with(tom)
        assert len(caught.value.dialog) == 4
        ana.hooks.append(lambda moment: 1 / 0)  # type: ignore[arg-type, return-value]
        with pytest.raises(ConversationError, match="Turn 0, Ana's, could not be made: division by zero"):
            ana.talk_with(tom)

    def test_a_hook_that_answers_something_else_is_told_and_can_be_mended(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = talking(over_at=4)
        ana, tom = agents(hooks=[lambda moment: True])
        conversation = ana.stream(tom)
        with pytest.raises(ConversationError, match="a hook answered True; it is to give a text"):
            list(conversation)
        ana.hooks.clear()
        assert len(list(conversation)) == 4

    def test_an_interrupt_keeps_the_turns_too(self, fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
        fake_ollama.answer = talking()
        ana, tom = agents()
        before = tom.speak

        def pressed(part: Any) -> Any:
            if len(part.turns) == 3:
                raise KeyboardInterrupt
            return before(part)

        monkeypatch.setattr(tom, "speak", pressed)
        with pytest.raises(KeyboardInterrupt) as caught:
            ana.talk_with(tom)
        assert len(caught.value.dialog) == 3  # type: ignore[attr-defined]
        assert "sys.last_value.dialog" in caught.value.__notes__[0]

    def test_a_cancelled_task_ends_in_mid_turn_and_keeps_the_turns(self, fake_ollama: FakeOllama) -> None:
        hang = threading.Event()
        talk = talking()

        def answer(body: dict[str, Any]) -> str:
            if len(fake_ollama.received) > 2:
                hang.wait(20)
            return talk(body)

        fake_ollama.answer = answer
        ana, tom = agents()
        conversation = ana.stream(tom)

        async def stopped() -> None:
            task = asyncio.ensure_future(conversation.arun())
            while len(fake_ollama.received) < 3:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(stopped())
        hang.set()
        assert len(conversation.dialog) == 2
        assert conversation.dialog.stop is not None
        assert conversation.dialog.stop.kind == "stopped"

    @pytest.mark.parametrize(
        ("rest", "problem"),
        [
            ({"max_turns": 0}, "max_turns=0: give a whole number, at least 1"),
            ({"max_turns": "many"}, "max_turns='many'"),
            ({"min_turns": -1}, "min_turns=-1"),
            ({"first": " "}, "first= is blank"),
            ({"first": Persona()}, "is neither of the two who talk, nor a text"),
            ({"seed": -1}, "seed=-1 will not do"),
            ({"history": [Turn(speaker="Eve", text="x")]}, "history: 'Eve' is neither Ana nor Tom"),
            ({"history": [Turn(speaker="Ana", text="x")] * 20}, "has 20 turns, and max_turns=20 leaves none"),
            ({"history": [Turn(speaker="Ana", text="x")], "first": "Hi"}, "first= is for a conversation that begins"),
            ({"scenario": {"x": float("nan")}}, "this conversation cannot be kept: scenario"),
            ({"id": [1]}, "this conversation cannot be kept"),
        ],
    )
    def test_what_cannot_work_is_refused_before_anybody_is_asked(
        self, fake_ollama: FakeOllama, rest: dict[str, Any], problem: str
    ) -> None:
        ana, tom = agents()
        with pytest.raises(InputError, match=problem):
            ana.talk_with(tom, **rest)
        assert not fake_ollama.received

    def test_only_agents_talk_and_only_personas_are_played(self, fake_ollama: FakeOllama) -> None:
        ana, _ = agents()
        with pytest.raises(InputError, match="cannot take a turn; give a PersonaAgent"):
            Conversation(ana, TOM)  # type: ignore[arg-type]
        with pytest.raises(InputError, match="is no persona"):
            PersonaAgent("Ana", "fake")  # type: ignore[arg-type]
        with pytest.raises(InputError, match="give a list of functions"):
            PersonaAgent(ANA, "fake", hooks=["be brief"])  # type: ignore[list-item]


class TestHooks:
    def test_what_is_whispered_is_heard_by_one_and_kept_as_an_event(self, fake_ollama: FakeOllama) -> None:
        # Given a hook that says something before Ana's second turn
        fake_ollama.answer = talking()
        ana, tom = agents(hooks=[lambda moment: "Sneeze." if len(moment.turns) == 2 else None])
        # When they talk
        dialog = ana.talk_with(tom, max_turns=5)
        # Then she alone is told, for that turn
        told = [body for body in fake_ollama.received if "(Sneeze.)" in body["messages"][-1]["content"]]
        assert [speaker_of(body) for body in told] == ["Ana"]
        assert sum("Sneeze" in json.dumps(body) for body in fake_ollama.received) == 1
        # and it is kept
        events = [(event.agent, event.action, event.text) for event in dialog.events or ()]
        assert events[2] == ("Ana", "instruct", "Sneeze.")
        assert events[3] == ("Ana", "utter", "Ana says turn 2.")
        assert len(events) == 6

    def test_what_lasts_stays_where_it_was_said(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = talking()
        ana, tom = agents(hooks=[lambda m: Instruction("Be sad.", lasting=True) if not m.turns else None])
        dialog = ana.talk_with(tom, max_turns=5)
        last = fake_ollama.received[-1]["messages"]
        assert last[1]["content"].endswith("(Be sad.)")
        assert (dialog.events or ())[0].action == "instruct-persist"

    def test_length_keeps_going_and_then_asks_to_end(self) -> None:
        length = Length(4, 8)
        said = [length(Moment("Ana", (Turn(speaker="Tom", text="x"),) * n, (), 20, None)) for n in (2, 5, 9)]  # type: ignore[arg-type]
        assert said[0] is not None
        assert "Do not say goodbye" in said[0]
        assert said[1] is None
        assert said[2] is not None
        assert "say goodbye" in said[2]

    def test_a_mind_is_changed_once_for_one_of_the_reasons(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = talking()
        ana, tom = agents(hooks=[ChangeMind(["it is late", "it rains"], probability=1)])
        dialog = ana.talk_with(tom, max_turns=8, seed=3)
        told = [event.text for event in dialog.events or () if event.action == "instruct-persist"]
        assert len(told) == 1
        assert told[0] in {
            "You change your mind now, because it is late. Say so.",
            "You change your mind now, because it rains. Say so.",
        }

    def test_if_something_is_said_then_do_something(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.answer = talking()
        ana, tom = agents(hooks=[When("TURN 3", "Laugh."), When(lambda text: "1" in text, "Cry.", lasting=True)])
        dialog = ana.talk_with(tom, max_turns=6)
        told = [(event.action, event.text) for event in dialog.events or () if event.action != "utter"]
        assert told == [("instruct-persist", "Cry."), ("instruct", "Laugh.")]

    @pytest.mark.parametrize(
        ("make", "problem"),
        [
            (lambda: Length(5, 3), "the smaller one first"),
            (lambda: ChangeMind("it is late"), "give a list of reasons"),
            (lambda: PersonaAgent(ANA, "fake", hooks=ChangeMind()), "give a list of functions"),
            (lambda: ChangeMind(probability=2), "a number from 0 to 1"),
        ],
    )
    def test_what_cannot_work_is_refused(self, make: Callable[[], object], problem: str) -> None:
        with pytest.raises(InputError, match=problem):
            make()
