"""OpenAI's moderation endpoint, played by a server on loopback."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from endpoints.test_endpoints import CERTIFICATES, Answering, Stub, reply, silent

from sdkit.dialog import Dialog, Turn
from sdkit.errors import EndpointError, InputError, ModelUnavailableError
from sdkit.llm import retries
from sdkit.moderation import Finding, Layer, OpenAIModeration, moderate
from sdkit.moderation.openai_moderation import AT_ONCE

KEY = "sk-never-to-be-seen/0123456789+abcdef"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(retries, "CROWDED_PAUSE", 0.0001)
    monkeypatch.setattr(httpx, "Client", functools.partial(httpx.Client, verify=CERTIFICATES))
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_KEY", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def stub(serve: Callable[[ThreadingHTTPServer], None]) -> Iterator[Stub]:
    one = Stub()
    serve(one.server)
    yield one
    one.over.set()


def layer(stub: Stub, **options: Any) -> OpenAIModeration:
    return OpenAIModeration(base_url=f"http://{stub.host}/v1/", **options)


def results(*categories: dict[str, float]) -> Answering:
    """Answer with a result for each text: the categories that are true, with their scores."""
    found = [
        {
            "flagged": bool(each),
            "categories": dict.fromkeys(("harassment", "violence", "self-harm/intent"), False)
            | dict.fromkeys(each, True),
            "category_scores": {"harassment": 0.001, "violence": 0.002, "self-harm/intent": 0.0} | each,
        }
        for each in categories
    ]
    return reply({"id": "modr-1", "model": "omni-moderation-latest", "results": found})


def test_true_categories_become_findings_that_span_their_turn(stub: Stub) -> None:
    stub.say(results({}, {"violence": 0.981, "harassment": 0.7}))

    found = layer(stub).check(["Hello.", "", "I will hurt you."])

    assert found == [
        Finding("openai", "harassment", "OpenAI's moderation says harassment (0.70)", 2, 0, 16, "I will hurt you."),
        Finding("openai", "violence", "OpenAI's moderation says violence (0.98)", 2, 0, 16, "I will hurt you."),
    ]
    assert stub.bodies == [{"model": "omni-moderation-latest", "input": ["Hello.", "I will hurt you."]}]
    assert stub.paths == ["/v1/moderations"]
    assert stub.heads[0]["authorization"] == f"Bearer {KEY}"


def test_what_is_flagged_without_a_category_is_flagged(stub: Stub) -> None:
    stub.say(reply({"id": "modr-1", "results": [{"flagged": True, "categories": {"violence": None}}]}))

    assert [(each.category, each.reason) for each in layer(stub).check(["Hm."])] == [
        ("flagged", "OpenAI's moderation says flagged")
    ]


def test_many_texts_go_in_several_requests_and_none_makes_no_request(stub: Stub) -> None:
    stub.say(results(*[{}] * AT_ONCE), results({}, {"violence": 0.9}))

    found = asyncio.run(layer(stub).acheck([f"text {number}" for number in range(AT_ONCE + 2)]))

    assert [each.turn for each in found] == [AT_ONCE + 1]
    assert layer(stub).check(["", " "]) == []
    assert [len(body["input"]) for body in stub.bodies] == [AT_ONCE, 2]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_asked_again(stub: Stub, status: int) -> None:
    stub.say(reply({"error": "later"}, status, retry_after="0.01"), reply({"error": "later"}, status), results({}))

    assert layer(stub).check(["Hello."]) == []
    assert len(stub.bodies) == 3


def test_it_is_not_asked_for_ever(stub: Stub) -> None:
    stub.say(reply({"error": {"message": f"too many for {KEY}"}}, 429))

    with pytest.raises(EndpointError, match=r"refused \(429\).*asked 12 times") as caught:
        layer(stub).check(["Hello."])

    assert caught.value.one_request
    assert KEY not in str(caught.value)


def test_a_pause_that_is_too_long_is_not_waited_for(stub: Stub) -> None:
    stub.say(reply({"error": "tomorrow"}, 429, retry_after="86400"))

    with pytest.raises(EndpointError, match="429"):
        layer(stub).check(["Hello."])

    assert len(stub.bodies) == 1


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (reply({"id": "modr-1", "results": []}), "answers without a result for each of 1 texts"),
        (reply({"id": "modr-1"}), "without a result for each"),
        (reply({"id": "modr-1", "results": [{"flagged": False}]}), "without a result for each"),
        (reply({"id": "modr-1", "results": [{"flagged": "no", "categories": {}}]}), "without a result for each"),
        (reply({"ok": True}), "answers without 'id'"),
        (reply([1]), "answers without 'id'"),
        (reply("<html>Log in</html>", kind="text/html"), "a web page"),
        (reply("nonsense"), "does not answer with JSON"),
        (reply({"error": "bad"}, 400), r"refused \(400\)"),
    ],
)
def test_what_is_no_proper_answer_is_an_error_and_never_harmless(stub: Stub, answer: Answering, problem: str) -> None:
    stub.say(answer)

    with pytest.raises(EndpointError, match=problem):
        layer(stub).check(["Hello."])


def test_silence_is_an_error(stub: Stub) -> None:
    stub.say(silent(stub))

    with pytest.raises(EndpointError, match=r"gave no whole answer in 0.05 s\. It was asked 3 times"):
        layer(stub, timeout=0.05).check(["Hello."])


def test_nobody_there_is_an_error_for_all() -> None:
    with pytest.raises(EndpointError, match="does not answer") as caught:
        OpenAIModeration(base_url="http://127.0.0.1:9/v1").check(["Hello."])

    assert not caught.value.one_request


def test_a_key_that_is_refused_is_told_without_the_key(stub: Stub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    stub.say(reply({"error": {"message": f"Incorrect API key provided: {KEY}"}}, 401))

    with pytest.raises(ModelUnavailableError, match=r"refuses the key \(401\)\. Look at OPENAI_API_KEY") as caught:
        layer(stub).check(["Hello."])

    assert KEY not in str(caught.value) + caplog.text + repr(layer(stub))
    assert len(stub.bodies) == 1


def test_a_failure_puts_the_dialogue_among_the_failed(stub: Stub) -> None:
    stub.say(results({}), reply({"error": "odd"}, 400), results({"violence": 0.9}))
    dialogs = [Dialog(dialogId=number, turns=[Turn(speaker="A", text="Hello.")]) for number in range(3)]

    moderated = moderate(dialogs, [layer(stub)], concurrency=1, progress=False)

    assert [dialog.dialogId for dialog in moderated.approved] == [0]
    ((dialog, problem),) = moderated.failed
    assert (dialog.dialogId, problem.partition("refused")[0]) == (1, "openai: EndpointError: OpenAI's moderation ")
    assert [dialog.dialogId for dialog, _ in moderated.flagged] == [2]


def test_either_variable_may_hold_the_key_and_the_address(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.setenv("OPENAI_KEY", "sk-another-one")
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://{stub.host}/v1")
    stub.say(results({}))

    assert OpenAIModeration().check(["Hello."]) == []
    assert stub.heads[0]["authorization"] == "Bearer sk-another-one"


def test_it_is_a_layer_and_says_which_model_it_is() -> None:
    assert isinstance(OpenAIModeration(), Layer)
    assert OpenAIModeration("text-moderation-stable").about == {"model": "text-moderation-stable"}


def test_what_cannot_work_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="begins with http"):
        OpenAIModeration(base_url="api.openai.com")
    with pytest.raises(InputError, match="timeout=0"):
        OpenAIModeration(timeout=0)
    monkeypatch.setenv("OPENAI_API_KEY", "  ")
    with pytest.raises(ModelUnavailableError, match="needs a key: set OPENAI_API_KEY"):
        OpenAIModeration()
