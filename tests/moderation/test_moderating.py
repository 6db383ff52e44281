"""Dialogues through layers: approved, flagged, or failed, and nothing in between."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from sdkit.dialog import Dialog, Turn
from sdkit.errors import InputError, MissingPackageError, ModelUnavailableError, PromptTooLongError
from sdkit.moderation import Finding, PersonalData, WordList, amoderate, moderate


def talk(name: str, *texts: str) -> Dialog:
    return Dialog(dialogId=name, turns=[Turn(speaker="AB"[number % 2], text=text) for number, text in enumerate(texts)])


def record(name: str, *pairs: tuple[str, str]) -> dict[str, Any]:
    turns = [
        {"turn_number": number, "utterance": said, "intent": "x", "assistant_response": answer, "emotion": "Happy"}
        for number, (said, answer) in enumerate(pairs, start=1)
    ]
    return {"dialogue_id": name, "turns": turns}


@dataclass
class Fails:
    """A layer that fails for texts with a word in them."""

    error: Exception
    word: str = "odd"
    name: str = "fails"
    seen: list[Sequence[str]] = field(default_factory=list)

    def check(self, texts: Sequence[str]) -> list[Finding]:
        self.seen.append(texts)
        if self.word in " ".join(texts):
            raise self.error
        return []


GOOD, RUDE, ODD = talk("good", "Hello!", "Hello."), talk("rude", "Hello!", "You idiot."), talk("odd", "Something odd.")


def test_dialogues_are_approved_or_flagged_with_reasons() -> None:
    mail = talk("mail", "It's ana@example.org", "Thanks")

    moderated = moderate([GOOD, RUDE, mail], progress=False)

    assert moderated.approved == [GOOD]
    ((first, (insult,)), (second, (address,))) = moderated.flagged
    assert (first, insult.layer, insult.category, insult.turn) == (RUDE, "words", "insult", 1)
    assert (second, address.layer, address.category, address.text) == (mail, "personal", "e-mail", "ana@example.org")
    assert moderated.failed == []
    assert repr(moderated) == "<1 approved, 2 flagged, 0 failed>"


def test_records_of_the_factory_are_read_utterance_by_utterance() -> None:
    rude = record("r", ("Hello", "Good day"), ("Book it", "Shut up"))

    moderated = moderate([record("g", ("Hello", "Good day")), rude], progress=False)

    assert [each["dialogue_id"] for each in moderated.approved] == ["g"]
    ((found, (finding,)),) = moderated.flagged
    assert found is rude
    assert (finding.turn, finding.text) == (3, "Shut up")


def test_the_table_has_a_row_for_each_finding_and_for_each_dialogue_without() -> None:
    two = talk("two", "Damn it, write to ana@example.org")
    fails = Fails(ValueError("no idea"))

    table = moderate([GOOD, two, ODD], [WordList(), PersonalData(), fails], progress=False).to_frame()

    assert table["dialog"].tolist() == ["two", "two", "odd", "good"]
    assert table["outcome"].tolist() == ["flagged", "flagged", "failed", "approved"]
    assert table["text"].tolist()[:2] == ["Damn", "a…@example.org"]
    assert table["reason"].tolist()[2] == "fails: ValueError: no idea"
    assert "ana@example.org" not in table.to_string()


def test_a_layer_that_fails_for_a_dialogue_costs_only_that_one() -> None:
    moderated = moderate([ODD, GOOD, RUDE], [WordList(), Fails(RuntimeError("broken"))], progress=False)

    assert moderated.failed == [(ODD, "fails: RuntimeError: broken")]
    assert moderated.approved == [GOOD]
    assert [dialog for dialog, _ in moderated.flagged] == [RUDE]


def test_what_is_flagged_by_one_layer_and_failed_in_another_has_failed() -> None:
    both = talk("both", "You odd idiot")

    assert moderate([both], [WordList(), Fails(RuntimeError("broken"))], progress=False).failed[0][0] is both


@pytest.mark.parametrize("made", ["text", [1], [Finding("x", "y", "z", 1, 0, 1, "a")], None])
def test_a_layer_that_returns_something_else_has_failed(made: Any) -> None:
    class Odd:
        name = "strange"

        def check(self, texts: Sequence[str]) -> Any:
            return made

    ((_, problem),) = moderate([talk("a", "one text")], [Odd()], progress=False).failed

    assert problem.startswith("strange: ")


def test_what_is_no_dialogue_has_failed() -> None:
    bad = [{"turns": "Hello"}, {"id": 1}, {"turns": [{"speaker": "A"}]}, {"turns": [{"text": 5}]}]

    problems = [problem for _, problem in moderate(bad, progress=False).failed]

    assert problems == [
        "holds no dialogue: it has no list of turns",
        "holds no dialogue: it has no list of turns",
        "holds no dialogue: turn 0 has neither text, utterance nor assistant_response",
        "holds no dialogue: text of turn 0 is a int",
    ]


def test_dialogues_without_a_word_are_approved() -> None:
    empty = [Dialog(turns=[]), {"turns": []}]

    assert moderate(empty, progress=False).approved == empty
    assert moderate([], progress=False).approved == []


# -- models and other layers that wait --------------------------------------------------------------------------------


class Waits:
    """A layer that waits, and counts how many wait at a time."""

    name = "waits"

    def __init__(self) -> None:
        self.now = self.most = 0

    def check(self, texts: Sequence[str]) -> list[Finding]:
        raise AssertionError("acheck is there")

    async def acheck(self, texts: Sequence[str]) -> list[Finding]:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.01 if "slow" in texts[0] else 0)
        self.now -= 1
        return [Finding(self.name, "x", "it is rude", 0, 0, 1, texts[0][0])] if "rude" in texts[0] else []


@pytest.mark.parametrize("concurrency", [1, 3])
def test_so_many_wait_at_a_time_and_the_order_stays(concurrency: int) -> None:
    layer = Waits()
    dialogs = [talk(str(number), "slow" if number % 2 else "fast") for number in range(9)]

    moderated = moderate(dialogs, [layer], concurrency=concurrency, progress=False)

    assert moderated.approved == dialogs
    assert layer.most == concurrency


def test_it_can_be_awaited_and_tells_how_far_it_is() -> None:
    told: list[int] = []

    async def cell() -> Any:
        plain = moderate([GOOD], [Waits()], progress=False)  # also where an event loop runs
        return plain, await amoderate([GOOD, talk("r", "rude")], [Waits()], tell=lambda: told.append(1))

    plain, awaited = asyncio.run(cell())

    assert plain.approved == [GOOD]
    assert len(awaited.flagged) == 1
    assert told == [1, 1]


def test_a_model_that_nobody_can_use_is_not_asked_again_and_again() -> None:
    layer = Fails(ModelUnavailableError("no such server"), word="")

    with pytest.raises(ModelUnavailableError, match="no such server"):
        moderate([GOOD] * 9, [layer], concurrency=1, progress=False)

    assert len(layer.seen) == 1


def test_what_was_judged_before_a_model_was_gone_is_kept() -> None:
    moderated = moderate([GOOD, ODD, RUDE], [Fails(ModelUnavailableError("gone"))], concurrency=1, progress=False)

    assert moderated.approved == [GOOD]
    assert [(dialog, "gone" in problem) for dialog, problem in moderated.failed] == [(ODD, True), (RUDE, True)]


@pytest.mark.parametrize(
    ("error", "for_all"),
    [
        (PromptTooLongError("too long"), False),
        (MissingPackageError("kettle", "boil"), True),
        (ModelUnavailableError("gone"), True),
        (KeyError("x"), False),
    ],
)
def test_only_what_all_would_meet_ends_it(error: Exception, for_all: bool) -> None:
    layer = Fails(error, word="")

    if for_all:
        with pytest.raises(type(error)):
            moderate([GOOD] * 3, [layer], concurrency=1, progress=False)
    else:
        assert len(moderate([GOOD] * 3, [layer], concurrency=1, progress=False).failed) == 3
    assert len(layer.seen) == (1 if for_all else 3)


def test_ctrl_c_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    began, ended = threading.Event(), threading.Event()

    class Sleeps(Waits):
        async def acheck(self, texts: Sequence[str]) -> list[Finding]:
            began.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()
            return []

    def press(bar: Any, done: int) -> None:
        if began.is_set() and not ended.is_set():
            raise KeyboardInterrupt

    monkeypatch.setattr("sdkit.background.advance", press)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        moderate([GOOD], [Sleeps()], progress=False)

    assert ended.is_set()
    assert time.monotonic() - start < 30


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"layers": []}, "layers: give at least one"),
        ({"layers": [WordList]}, "is none: it needs a name"),
        ({"layers": ["words"]}, "'words' is none"),
        ({"layers": [WordList(), WordList(without=["damn"])]}, "two have the name 'words'"),
        ({"concurrency": 0}, "concurrency=0"),
        ({"concurrency": True}, "concurrency=True"),
    ],
)
def test_what_cannot_work_is_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        moderate([GOOD], progress=False, **options)
