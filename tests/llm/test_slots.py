from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sdkit import DialogGenerator
from sdkit.agents import PersonaAgent
from sdkit.conversation import Conversation
from sdkit.errors import InputError
from sdkit.llm.slots import Hold, current
from sdkit.personas import Patient, Persona

ANA, TOM = Persona(name="Ana", role="baker"), Patient(name="Tom", complaint="a cough")


def test_a_request_knows_its_slot() -> None:
    hold = Hold(alone=False)
    assert current() is None
    with hold.slot(2):
        assert current() == (hold, 2)
    assert current() is None


def test_one_that_wants_to_be_alone_waits_for_the_other() -> None:
    first, second = Hold(alone=True), Hold(alone=True)
    done = threading.Event()

    def run() -> None:
        with second.running():
            second.claim()
            done.set()

    with first.running():
        first.claim()
        first.claim()
        thread = threading.Thread(target=run)
        thread.start()
        assert not done.wait(0.2)
    assert done.wait(5)
    thread.join()


def test_one_within_another_does_not_wait_for_its_end() -> None:
    outer = Hold(alone=True)
    with outer.running():
        outer.claim()
        inner = Hold(alone=True)
        with inner.running():
            inner.claim()
    with Hold(alone=True).running():
        pass


def test_one_that_goes_on_later_holds_nobody_up() -> None:
    hold = Hold(alone=True)
    with hold.running():
        hold.claim()
    hold.claim()
    other = Hold(alone=True)
    with other.running():
        other.claim()
        assert other._has


def test_waiting_for_a_task_of_the_same_event_loop_is_refused() -> None:
    async def cell() -> None:
        first, second = Hold(alone=True), Hold(alone=True)
        with first.running():
            await first.aclaim()
            with second.running(), pytest.raises(InputError, match="await atalk_with"):
                second.claim()

    asyncio.run(cell())


def talk(seed: int, turns: int = 6) -> Conversation:
    ana, tom = PersonaAgent(ANA, "embedded"), PersonaAgent(TOM, "embedded")
    return ana.stream(tom, turns, seed=seed, min_turns=2)


def evaluated(conversation: Conversation, who: str) -> list[int]:
    replies = [step.reply for step in conversation.steps if step.who == who]
    assert all(reply.attempts == 1 for reply in replies)
    return [(reply.prompt_tokens or 0) - (reply.cached_tokens or 0) for reply in replies]


@pytest.mark.slow
@pytest.mark.embedded
class TestOnARealModel:
    def test_a_turn_costs_its_new_tokens(self) -> None:
        # Given a judge that lets them go on, a real one is too fickle for this
        conversation = talk(seed=1, turns=16)
        conversation._heed = lambda reply: Conversation._heed(  # type: ignore[method-assign]
            conversation, _with(reply, over=False)
        )
        assert len(list(conversation)) == 16
        # Then the first request of each reads its whole prompt, and the later ones what is new
        for who in ("Ana", "Tom", "judge"):
            first, *later = evaluated(conversation, who)
            assert first > 60
            assert max(later) < 110, later
        prompts = [step.reply.prompt_tokens or 0 for step in conversation.steps if step.who == "judge"]
        assert prompts[-1] > 2 * prompts[0]

    def test_the_same_seed_gives_the_same_whatever_is_asked_in_between(self) -> None:
        whole = talk(seed=3)
        whole.run()
        again = talk(seed=3)
        generator = DialogGenerator("embedded", "Eve calls Max.", speakers=["Eve", "Max"], turns=(2, 2))
        for _ in again:
            generator.generate()
        assert again.turns == whole.turns
        assert [step.reply.raw for step in again.steps] == [step.reply.raw for step in whole.steps]

    def test_several_at_once_come_out_as_one_after_another(self) -> None:
        alone = [talk(seed, turns=4).run().turns for seed in (1, 2, 3)]

        async def together() -> list[object]:
            return [
                dialog.turns for dialog in await asyncio.gather(*(talk(seed, turns=4).arun() for seed in (1, 2, 3)))
            ]

        assert asyncio.run(together()) == alone
        with ThreadPoolExecutor(3) as pool:
            assert [d.turns for d in pool.map(lambda seed: talk(seed, turns=4).run(), (1, 2, 3))] == alone

    def test_one_that_goes_turn_by_turn_disturbs_nobody(self) -> None:
        alone = talk(seed=11).run().turns
        other = iter(talk(seed=4, turns=8))
        beside = talk(seed=11)
        said = beside.agents[0].speak
        beside.agents[0].speak = lambda part: (next(other, None), said(part))[1]  # type: ignore[method-assign]
        assert beside.run().turns == alone

    def test_one_that_is_left_open_stops_nobody(self) -> None:
        left = talk(seed=1)
        next(iter(left))
        other = talk(seed=2, turns=2)
        assert len(other.run()) == 2
        assert next(iter(left)).speaker == "Tom"


def _with(reply: object, over: bool) -> object:
    import dataclasses

    return dataclasses.replace(reply, value=reply.value.model_copy(update={"over": over}))  # type: ignore[type-var, attr-defined]
