from __future__ import annotations

import asyncio
import json
from math import isnan
from typing import TYPE_CHECKING, Any

import pytest

from sdkit.dialog import Dialog, Turn
from sdkit.errors import InputError, ModelError, ReplyError
from sdkit.reviewing import Review, agreement, key_of
from sdkit.rubrics import Rubric
from sdkit.scored import Score, Scored, Scores
from sdkit.scoring import ascore, ascore_all, score, score_all

if TYPE_CHECKING:
    from conftest import FakeOllama

RUBRIC = Rubric(
    name="support",
    description="How well a customer of Blue Kettle was helped.",
    criteria=[
        {"name": "memory", "question": "Does it remember?", "scale": "yes/no"},
        {"name": "help", "question": "Does it help?", "scale": {1: "not at all", 2: "a little", 5: "fully"}},
    ],
)


def talk(*texts: str, **about: Any) -> Dialog:
    """Return a dialogue in which the user and the assistant take turns."""
    who = ("user", "assistant")
    return Dialog(turns=[Turn(speaker=who[number % 2], text=text) for number, text in enumerate(texts)], **about)


KETTLE = talk("My kettle, order 17, leaks.", "What is your order number?", "17, as I said.", "I will send a new one.")


def judgement(answer: str, evidence: str = "What is your order number?", reason: str = "It was told.") -> str:
    return json.dumps({"evidence": evidence, "reason": reason, "answer": answer})


def judge(fake: FakeOllama, answers: dict[str, str]) -> None:
    """Let a model answer by the first of these texts that is in the request, whatever comes first."""

    def answer(body: dict[str, Any]) -> str:
        asked = body["messages"][-1]["content"]
        return next(said for part, said in answers.items() if part in asked)

    fake.answer = answer


# -- one dialogue -----------------------------------------------------------------------------------------------------


def test_each_criterion_is_asked_for_and_its_answer_is_a_number_of_its_scale(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(judgement("no"))
    fake_ollama.say(judgement("a little", evidence="I'll send a NEW one", reason="It sends one."))

    scores = score(KETTLE, RUBRIC, "fake", seed=3, rater="Qwen")

    assert scores.scores == [
        Score("memory", 0, "no", 0.0, 1, "What is your order number?", "It was told."),
        Score("help", 2, "a little", 0.25, 3, "I'll send a NEW one", "It sends one."),
    ]
    assert (scores.dialog, scores.rater) == (key_of(KETTLE), "Qwen")
    assert scores.mean == 0.125
    assert scores.to_frame()["criterion"].tolist() == ["memory", "help"]
    assert str(scores) == "memory: 0, no (turn 2)\nhelp: 2, a little (turn 4)\nmean: 0.12 of 1"


def test_evidence_that_nobody_has_said_belongs_to_no_turn(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(judgement("yes", evidence="The weather was fine in Lisbon."), times=2)
    rubric = Rubric(name="r", criteria=RUBRIC.criteria[:1])

    assert [each.turn for each in score(KETTLE, rubric, "fake").scores] == [None]


def test_the_answer_comes_last_and_is_one_of_the_scale(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(judgement("yes"))
    fake_ollama.say(judgement("fully"))

    score(KETTLE, RUBRIC, "fake")

    first, second = (body["format"] for body in fake_ollama.received)
    assert list(first["properties"]) == first["required"] == ["evidence", "reason", "answer"]
    assert first["properties"]["answer"] == {"enum": ["no", "yes"]}
    assert second["properties"]["answer"] == {"enum": ["not at all", "a little", "fully"]}


def test_the_judge_sees_the_turns_and_the_criterion_and_nothing_else(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(judgement("yes"))
    fake_ollama.say(judgement("fully"))
    turns = [("system", "SECRET-1: be rude"), ("SECRET-2", "Hi,\nis it open?"), ("SECRET-3", "It is.")]
    dialog = Dialog(
        turns=[Turn(speaker=who, text=text) for who, text in turns],
        model="SECRET-4",
        dialogId="SECRET-5",
        scenario={"bot": "SECRET-6"},
        personas={"SECRET-2": {"goal": "SECRET-7"}},
        notes={"kind": "SECRET-8"},
    )

    score(dialog, RUBRIC, "fake", rater="SECRET-9")

    system, asked = fake_ollama.received[0]["messages"]
    how = "Give the evidence, then give the reason, then answer: no or yes."
    assert asked["content"] == f"User: Hi, is it open?\nAssistant: It is.\n\nDoes it remember?\n{how}"
    assert [part in json.dumps(fake_ollama.received) for part in ("SECRET", "support", "Kettle", "memory")] == [
        False
    ] * 4
    assert fake_ollama.received[1]["messages"][0] == system
    assert set(fake_ollama.received[0]) >= {"model", "messages", "format", "options"}


def test_the_same_seed_asks_the_same_and_each_criterion_has_its_own(fake_ollama: FakeOllama) -> None:
    judge(fake_ollama, {"remember": judgement("yes"), "help": judgement("fully")})

    one = score(KETTLE, RUBRIC, "fake", seed=7)
    other = asyncio.run(ascore(KETTLE, RUBRIC, "fake", seed=7))

    assert one == other
    assert fake_ollama.received[:2] == fake_ollama.received[2:]
    assert len({body["options"]["seed"] for body in fake_ollama.received}) == 2


def test_it_works_in_an_event_loop_that_runs(fake_ollama: FakeOllama) -> None:
    judge(fake_ollama, {"remember": judgement("yes"), "help": judgement("fully")})

    async def cell() -> Scores:
        return score(KETTLE, RUBRIC, "fake")

    assert asyncio.run(cell()).mean == 1


@pytest.mark.parametrize(
    ("dialog", "problem"),
    [
        (talk("Hello?"), "the assistant says nothing in this dialogue"),
        (talk("Hello?", "  "), "the assistant says nothing in this dialogue"),
        (Dialog(turns=[Turn(speaker=name, text="Hi") for name in "ABC"]), "a chat has a user and an assistant"),
    ],
)
def test_what_cannot_be_judged_is_refused(fake_ollama: FakeOllama, dialog: Dialog, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        score(dialog, RUBRIC, "fake")

    assert fake_ollama.received == []


def test_an_answer_that_is_none_is_asked_for_again_and_then_an_error(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(judgement("perhaps"), times=3)

    with pytest.raises(ReplyError, match="answer: is none of no, yes"):
        score(KETTLE, RUBRIC, "fake")


# -- many dialogues ---------------------------------------------------------------------------------------------------

GOOD = [talk("My kettle leaks.", "I am sorry. Here is a new one."), talk("Are you open?", "Yes, until six.")]
RUDE = [talk("My kettle leaks.", "Who cares?"), talk("Are you open?", "Read the sign.")]
ANSWERS = {
    "sorry": judgement("yes", "I am sorry."),
    "until six": judgement("fully", "Until six."),
    "Who cares": judgement("no", "Who cares?"),
    "Read": judgement("not at all", "Read the sign."),
}


def of_one(place: int) -> Rubric:
    return Rubric(name="r", criteria=RUBRIC.criteria[place : place + 1])


def test_many_are_scored_in_their_order_and_in_groups(fake_ollama: FakeOllama) -> None:
    fake_ollama.answer = lambda body: judgement(
        {"Does it remember?": "yes", "Does it help?": "a little" if "Who cares" in str(body) else "fully"}[
            body["messages"][-1]["content"].splitlines()[-2]
        ]
    )

    scored = score_all({"rude": RUDE, "good": iter(GOOD)}, RUBRIC, "fake", seed=1, concurrency=3, progress=False)

    assert [each.dialog for each in scored.scores if each] == [key_of(dialog) for dialog in [*RUDE, *GOOD]]
    table = scored.to_frame()
    assert list(table) == ["number", "bot", *Score.__dataclass_fields__]
    assert table["bot"].tolist() == ["rude"] * 4 + ["good"] * 4
    assert table["share"].tolist() == [1, 0.25, 1, 1, 1, 1, 1, 1]
    means = scored.means().to_dict("records")
    assert means[0] == pytest.approx(
        {"bot": "rude", "dialogues": 2, "memory": 1, "help": 0.625, "mean": 0.8125, "sd": 0.2651650}
    )
    assert means[1] == {"bot": "good", "dialogues": 2, "memory": 1, "help": 1, "mean": 1, "sd": 0}
    by_topic = scored.means(by=["kettle", "hours", "kettle", "hours"])
    assert list(by_topic) == ["group", "dialogues", "memory", "help", "mean", "sd"]
    assert by_topic["mean"].tolist() == [0.8125, 1]
    assert repr(scored) == "<4 of 4 dialogues scored by 'support', mean 0.91 of 1>"


def test_what_is_scored_does_not_depend_on_how_many_at_a_time_or_on_their_order(fake_ollama: FakeOllama) -> None:
    fake_ollama.answer = lambda body: judgement("yes", reason=f"{body['options']['seed']}.")

    several = score_all([*GOOD, *RUDE], of_one(0), "fake", seed=1, concurrency=4, progress=False)
    one_by_one = score_all([*RUDE, *GOOD], of_one(0), "fake", seed=1, concurrency=1, progress=False)

    assert several.scores == one_by_one.scores[2:] + one_by_one.scores[:2]
    assert len({each.scores[0].reason for each in several.scores if each}) == 4


def test_one_that_fails_costs_only_itself_and_is_told(fake_ollama: FakeOllama) -> None:
    judge(fake_ollama, {"sorry": "{", "until six": judgement("yes"), "sign": judgement("no")})
    dialogs = [GOOD[0], GOOD[1], talk("Hello?"), RUDE[1]]

    scored = score_all(dialogs, of_one(0), "fake", progress=False)

    assert [each and each.mean for each in scored.scores] == [None, 1, None, 0]
    assert list(scored.failed) == [0, 2]
    assert scored.failed[0].startswith("ReplyError: No valid reply in 3 attempts")
    assert scored.failed[2] == "InputError: the assistant says nothing in this dialogue; there is nothing to be judged"
    assert scored.to_frame()["number"].tolist() == [1, 3]
    assert scored.means(by=["a", "b", "c", "b"]).to_dict("records")[0]["dialogues"] == 2
    assert len(scored.reviews()) == 2
    assert repr(scored).startswith("<2 of 4 dialogues scored by 'r', mean 0.50 of 1; 0 failed: ReplyError: No valid")


def test_a_model_that_cannot_be_used_is_an_error_at_once(fake_ollama: FakeOllama) -> None:
    fake_ollama.fail(404, "model 'fake' not found", times=10)

    with pytest.raises(ModelError, match="fake"):
        score_all([*GOOD, *RUDE], RUBRIC, "fake", concurrency=1, progress=False)

    assert len(fake_ollama.received) == 1


def test_what_was_scored_before_the_model_went_away_is_kept(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(judgement("yes"))
    fake_ollama.fail(404, "model 'fake' not found", times=10)

    scored = score_all([*GOOD, *RUDE], of_one(0), "fake", concurrency=1, progress=False)

    assert [each and each.mean for each in scored.scores] == [1, None, None, None]
    assert list(scored.failed) == [1, 2, 3]
    assert len(fake_ollama.received) == 2  # nobody is asked in vain


def test_those_who_wait_for_it_are_told_of_each(fake_ollama: FakeOllama) -> None:
    judge(fake_ollama, ANSWERS)
    heard: list[int] = []

    asyncio.run(ascore_all([GOOD[0], RUDE[0]], of_one(0), "fake", tell=heard.append))

    assert sorted(heard) == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"dialogs": []}, "there are no dialogues to be scored"),
        ({"dialogs": ["Hi"]}, "'Hi' is no dialogue"),
        ({"dialogs": {"good": GOOD[0]}}, "is no dialogue; give a list of some, or for each bot a list"),
        ({"dialogs": GOOD, "concurrency": 0}, "concurrency=0: give a whole number, at least 1"),
        ({"dialogs": GOOD, "seed": -1}, "seed=-1 will not do"),
        ({"dialogs": GOOD, "rubric": "support.yaml"}, "rubric='support.yaml' is no Rubric; read one with"),
    ],
)
def test_what_cannot_work_is_refused(fake_ollama: FakeOllama, arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        score_all(**{"rubric": RUBRIC, "model": "fake", "progress": False, **arguments})

    assert fake_ollama.received == []


def test_groups_need_a_label_for_each_dialogue(fake_ollama: FakeOllama) -> None:
    judge(fake_ollama, ANSWERS)
    scored = score_all(GOOD[:1], of_one(0), "fake", progress=False)

    with pytest.raises(InputError, match="nobody said whose dialogues these are"):
        scored.means("bot")
    with pytest.raises(InputError, match="by='kind': give 'bot', or a list"):
        scored.means("kind")
    with pytest.raises(InputError, match="by= has 2 labels, and there are 1 dialogues"):
        scored.means(["a", "b"])
    assert isnan(scored.means(["a"])["sd"][0])


# -- held against people, and against another judge -------------------------------------------------------------------


def scores_of(*shares: float) -> Scores:
    scores = [Score(f"c{n}", int(4 * share), "fine", share, None, "x.", "It is so.") for n, share in enumerate(shares)]
    return Scores("a dialogue", "judge", scores)


@pytest.mark.parametrize(
    ("shares", "rating"),
    [((0,), 1), ((1,), 5), ((0.5,), 3), ((0.125,), 2), ((0.124,), 1), ((1, 0.5), 4), ((0.25, 1, 1), 4), ((0, 0, 1), 2)],
)
def test_the_mean_becomes_a_rating_from_1_to_5(shares: tuple[float, ...], rating: int) -> None:
    assert scores_of(*shares).review.rating == rating


def test_scores_are_reviews_which_agree_with_people_or_not(fake_ollama: FakeOllama) -> None:
    judge(fake_ollama, ANSWERS | {"Are you open?": judgement("yes")})
    dialogs = [GOOD[0], RUDE[0]]
    people = [
        Review(dialog=key_of(dialog), rater="Ana", rating=rating)
        for dialog, rating in zip(dialogs, (5, 2), strict=True)
    ]

    by_model = score_all(dialogs, of_one(0), "fake", progress=False).reviews()

    assert [(each.rater, each.dialog, each.rating, each.note) for each in by_model] == [
        ("fake", key_of(GOOD[0]), 5, "memory: yes. It was told."),
        ("fake", key_of(RUDE[0]), 1, "memory: no. It was told."),
    ]
    (row,) = agreement([*people, *by_model]).to_dict("records")
    assert (row["raters"], row["dialogues"], row["equal"]) == ("Ana and fake", 2, 0.5)


def test_two_judges_are_two_raters(fake_ollama: FakeOllama) -> None:
    def answer(body: dict[str, Any]) -> str:
        return judgement("no" if body["model"] == "strict" or "Who cares" in str(body) else "yes")

    fake_ollama.answer = answer
    dialogs = [GOOD[0], RUDE[0]]

    mild, strict = (score_all(dialogs, of_one(0), model, progress=False).reviews() for model in ("mild", "strict"))

    (row,) = agreement([*mild, *strict]).to_dict("records")
    assert (row["raters"], row["equal"]) == ("mild and strict", 0.5)


def test_without_any_scores_there_is_no_mean() -> None:
    assert repr(Scored(RUBRIC, [None], failed={0: "ReplyError: x"})) == (
        "<0 of 1 dialogues scored by 'support'; 0 failed: ReplyError: x>"
    )


@pytest.mark.embedded
def test_a_real_model_scores_by_a_rubric_and_the_same_again() -> None:
    one, other = (score(KETTLE, RUBRIC, "embedded", seed=1) for _ in range(2))

    assert one == other
    assert [each.criterion for each in one.scores] == ["memory", "help"]
    assert {each.score for each in one.scores} <= {0, 1, 2, 5}
    assert all(each.reason and each.evidence for each in one.scores)
