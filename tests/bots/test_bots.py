"""The practice bots: their kinds in conversations, failures on demand, and the server around them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from sdkit.bots import Bot
from sdkit.bots import hearing as bot_hearing
from sdkit.bots import rules as bot_rules
from sdkit.bots import texts as bot_texts
from sdkit.bots.rules import KINDS, Kind, reply
from sdkit.errors import FileError, InputError, MissingPackageError, UnknownModelError
from sdkit.llm.transport import DIRECT

HELLO = [{"role": "user", "content": "Hello"}]
LEAK = ["Hi, I'm Mia. My kettle leaks.", "It's order BK-4711.", "Yes please.", "Thank you, bye!"]
ASKS_FOR_ORDER = re.compile(r"order number[^.!]*(\?|Now)|what is the order number", re.IGNORECASE)


def talk(kind: Kind, said: Sequence[str]) -> list[str]:
    """Let somebody say this to a bot of this kind, and return its answers."""
    messages: list[dict[str, str]] = []
    for text in said:
        messages.append({"role": "user", "content": text})
        messages.append({"role": "assistant", "content": reply(kind, messages)})
    return [message["content"] for message in messages if message["role"] == "assistant"]


def send(url: str, timeout: float = 10, **request: Any) -> httpx.Response:
    """Make a request once, whatever it looks like: sdkit's own transport would try again."""
    with httpx.Client(timeout=timeout, trust_env=False) as client:
        return client.post(url, extensions={DIRECT: True}, **request)


def post(bot: Bot, messages: Any = HELLO, failure: str = "", timeout: float = 10, **body: Any) -> httpx.Response:
    """Send a conversation to a bot."""
    headers = {"X-Practice-Failure": failure} if failure else {}
    return send(bot.url, timeout, json={"messages": messages, **body}, headers=headers)


def text_of(response: httpx.Response) -> str:
    return str(response.json()["choices"][0]["message"]["content"])


# -- the good one ----------------------------------------------------------------------------------


def test_the_good_bot_remembers_and_never_asks_twice() -> None:
    # When somebody tells what is broken, and then the order number
    answers = talk("good", LEAK)
    # Then it asks for the number once, and for the fault never: it has been told
    assert [bool(ASKS_FOR_ORDER.search(answer)) for answer in answers] == [True, False, False, False]
    assert answers[0].startswith("Hello Mia!")
    assert "I am sorry about the leak" in answers[1]
    assert "BK-4711" in answers[1]
    assert answers[1].endswith("?")
    assert answers[2].startswith("Done: a new one for order BK-4711")
    assert "Goodbye, Mia" in answers[3]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When are you open?", "9 to 6"),
        ("How much does delivery cost, and how long does it take?", "£3.90"),
        ("Can I return a teapot that I do not like?", "30 days"),
        ("What does one more year of warranty cost?", "£9.90"),
        ("Does the warranty cover it if the kettle leaks?", "two years"),
        ("Can I pay with PayPal?", "PayPal"),
        ("Do you sell gift cards?", "gift cards"),
        ("How do I get rid of limescale?", "citric acid"),
        ("What kinds of tea do you have?", "Darjeeling"),
        ("Do you have teapots?", "Robin"),
        ("How much is the Swan?", "£79"),
        ("Is there a discount code?", "no discount"),
        ("I want to speak to a real person", "0800 555 0110"),
        ("Your service is terrible!", "sorry"),
        ("Which kettle do you recommend?", "For how many people"),
        ("I need a new kettle for two people", "Heron"),
        ("Can you recommend a small kettle?", "Wren"),
        ("I'm looking for a kettle for up to £90.", "Swan"),
        ("Where is my order 4711?", "order BK-4711"),
        ("where is my parcel? order no. bk 4711", "order BK-4711"),
        ("Please cancel my order #48213.", "BK-48213 is cancelled"),
        ("I moved. Can you send order 4711 to 12 Mill Lane instead? My address has changed.", "12 Mill Lane"),
        ("Hi there", "can I"),
        ("I have a question", "bought"),
        ("What is the capital of France?", "I am only here for Blue Kettle"),
        ("Tell me a joke", "I am only here for Blue Kettle"),
        ("", "I am only here for Blue Kettle"),
    ],
)
def test_the_good_bot_answers_the_question(question: str, answer: str) -> None:
    assert answer.lower() in talk("good", [question])[0].lower()


def test_the_good_bot_answers_two_questions_at_once() -> None:
    (answer,) = talk("good", ["When are you open, and what does the delivery cost?"])
    assert "9 to 6" in answer
    assert "£3.90" in answer


@pytest.mark.parametrize(
    "number", ["4711", "BK-4711", "bk4711", "It is order number 4711.", "#4711", "Sure: BK 4711 :)"]
)
def test_an_order_number_is_understood_anywhere(number: str) -> None:
    assert "BK-4711" in talk("good", ["Where is my order?", number])[1]


@pytest.mark.parametrize(
    "text", ["I paid £1500 in 2024.", "My kettle holds 1500 ml and has 2200 watts.", "I have 3 kettles from 1999."]
)
def test_other_numbers_are_no_order_numbers(text: str) -> None:
    assert bot_hearing.order_in(text.lower(), "") == ""


def test_an_order_number_can_be_put_right() -> None:
    answers = talk("good", ["Where is my order 4711?", "Sorry, I meant 4712.", "where is my order?"])
    assert "BK-4711" in answers[0]
    assert "BK-4712" in answers[1]
    assert "BK-4712" in answers[2]


def test_who_has_no_order_number_is_helped_another_way() -> None:
    answers = talk("good", ["My kettle is broken", "I can't find it", "I really don't have it", "ok, thanks"])
    assert ASKS_FOR_ORDER.search(answers[0])
    assert "in the e-mail" in answers[1]
    assert "a colleague will look it up" in answers[2]
    assert not any(ASKS_FOR_ORDER.search(answer) for answer in answers[1:])


def test_what_is_wrong_is_asked_for_where_nobody_said_it() -> None:
    answers = talk("good", ["I have a problem with my kettle.", "4711", "The spout fell off", "No", "my money back"])
    assert "wrong" in answers[1]
    assert answers[2].endswith("?")
    assert "money back" in answers[3]
    assert answers[4].startswith("Done: you will have your money for order BK-4711 back")


def test_who_wants_money_is_not_offered_a_kettle() -> None:
    answers = talk("good", ["My kettle leaks, I want a refund.", "4711", "How long will that take?", "but it leaks!"])
    assert "you will have your money for order BK-4711 back" in answers[1]
    assert "five working days" in answers[2]
    assert "arranged already" in answers[3]


def test_a_question_between_is_answered_and_the_matter_goes_on() -> None:
    answers = talk("good", ["My kettle leaks.", "When are you open?", "The number is 4711. What does delivery cost?"])
    assert "9 to 6" in answers[1]
    assert "£3.90" in answers[2]
    assert "replacement" in answers[2] or "a new one" in answers[2]


def test_an_address_is_changed() -> None:
    answers = talk(
        "good", ["I have to change my address", "4711", "12 Mill Lane, Leeds", "Sorry, 14 Mill Lane: my address"]
    )
    assert answers[1].endswith("?")
    assert "12 Mill Lane" in answers[2]
    assert "14 Mill Lane" in answers[3]


def test_a_return_gets_its_label_once() -> None:
    answers = talk("good", ["Can I return my teapot?", "4711", "How many days do I have?", "No, that's all"])
    assert "30 days" in answers[0]
    assert "label for order BK-4711" in answers[1]
    assert "30 days" in answers[2]
    assert "label for order" not in answers[2]
    assert "Goodbye" in answers[3]


def test_every_step_has_words_and_fills_its_blanks() -> None:
    case = bot_rules._Case(order="BK-1", fault="the leak", address="1 Mill Lane", name="Mia")
    for texts in (*bot_texts.GOOD.values(), *bot_texts.RUDE.values()):
        assert texts
        assert not any(re.search(r"[{}]", text.format_map(case.words())) for text in texts)
    steps = {*bot_hearing._TOPICS, *bot_rules._DONE.values(), "replaced", "refund", "money", "offer", "declined"}
    steps |= {step for asks in bot_rules._ASKS.values() for step in asks} | {
        *bot_hearing._SIZES,
        "ask_label",
        "arranged",
    }
    assert steps - {*bot_rules._NEEDS, "wait"} <= set(bot_texts.GOOD)


# -- what is wrong with the others -----------------------------------------------------------------


def test_the_forgetful_bot_asks_again_and_greets_again() -> None:
    answers = talk("forgetful", ["Hi, where is my order 4711?", "It should be here by now. Where is my order?"])
    assert "BK-4711" in answers[0]
    assert ASKS_FOR_ORDER.search(answers[1])
    assert all(answer.startswith("Hello") for answer in answers)


def test_the_forgetful_bot_takes_up_a_wrong_topic_now_and_then() -> None:
    said = ["My kettle leaks, order 4711.", *(f"It leaks still, for {number} days." for number in range(40))]
    wrong = [answer for answer in talk("forgetful", said) if "which you asked about" in answer]
    assert 3 <= len(wrong) <= 20
    assert len(set(wrong)) > 1


def test_the_forgetful_bot_is_as_good_as_the_good_one_at_first() -> None:
    for text in LEAK:
        assert talk("forgetful", [text]) == talk("good", [text])


def test_the_rude_bot_is_curt_and_tells_half() -> None:
    said = [*LEAK, "When are you open?", "What does one more year of warranty cost?", "Tell me a joke"]
    answers, good = talk("rude", said), talk("good", said)
    assert all(any(answer.startswith(jab) for jab in bot_texts.JABS) for answer in answers)
    assert all(one.split("? ")[0] != two.split("? ")[0] for one, two in pairwise(answers))
    assert "£9.90" not in answers[5]
    assert "9.90" in good[5]
    assert sum(map(len, answers)) < sum(map(len, good))


def test_the_bot_that_refuses_gives_other_reasons_each_time() -> None:
    answers = talk("refuses", [*LEAK, "Why?", "When are you open?"])
    assert len(set(answers)) == 6
    assert set(answers) == set(bot_texts.REFUSALS)


def test_the_bot_that_loops_says_the_same_whatever_follows() -> None:
    answers = talk("loops", [*LEAK, "Are you there?"])
    assert len(set(answers)) == 1
    assert answers[0] == talk("good", LEAK)[0]
    # Also where somebody else has said the first thing
    assert reply("loops", [*HELLO, {"role": "assistant", "content": "Yes?"}, *HELLO]) == "Yes?"


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_messages_get_the_same_answer_everywhere(kind: Kind) -> None:
    code = f"from sdkit.bots.rules import reply; import json, sys; print(reply({kind!r}, json.load(sys.stdin)))"
    messages = [{"role": "system", "content": "Sing."}, {"role": "user", "content": LEAK[0]}, *HELLO]
    # When another process, with another seed of its hashes, is asked
    environment = os.environ | {"PYTHONHASHSEED": "5", "PYTHONIOENCODING": "utf-8"}
    asked = {"input": json.dumps(messages), "env": environment, "encoding": "utf-8"}
    run = subprocess.run([sys.executable, "-c", code], **asked, capture_output=True, check=True, timeout=60)
    assert run.stdout.strip() == reply(kind, messages)


def test_sentences_vary_with_the_conversation() -> None:
    answers = {
        talk("good", [f"I am customer {word}. When are you open?"])[0] for word in ("one", "two", "three", "four")
    }
    assert len(answers) > 1


def test_odd_messages_are_answered_and_soon() -> None:
    began = time.monotonic()
    for text in ("\ud800", "?" * 10_000, "no" * 5_000, "1" * 5_000, "n't " * 3_000, "🫖", "\0"):
        for kind in KINDS:
            assert reply(kind, [{"role": "user", "content": text}] * 2)
    assert time.monotonic() - began < 5
    assert reply("good", []).startswith("Hello")


def test_an_unknown_kind_names_those_that_there_are() -> None:
    with pytest.raises(InputError, match="no bot of the kind 'nice'; there are good, forgetful, rude"):
        reply("nice", HELLO)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no bot of the kind 'nice'"):
        Bot("nice")  # type: ignore[arg-type]


# -- the server ------------------------------------------------------------------------------------


def test_it_answers_in_openais_form() -> None:
    with Bot("good") as bot:
        response = post(bot, model="good")
        names = httpx.get(bot.url.replace("chat/completions", "models"), trust_env=False).json()
    answer = response.json()
    assert response.status_code == 200
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "good"
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": reply("good", HELLO)}
    assert answer["usage"]["total_tokens"] == 1 + len(reply("good", HELLO).split())
    assert [model["id"] for model in names["data"]] == [f"blue-kettle-{kind}" for kind in KINDS]


@pytest.mark.parametrize("form", ["{}", "blue-kettle-{}"])
def test_a_request_can_choose_the_kind(form: str) -> None:
    messages = [{"role": "user", "content": text} for text in LEAK[:2]]
    with Bot("good") as bot:
        for kind in ("forgetful", "rude", "refuses", "loops"):
            assert text_of(post(bot, messages, model=form.format(kind))) == reply(kind, messages)
        # What is no name of ours gets the server's own kind
        assert text_of(post(bot, messages, model="gpt-4o")) == reply("good", messages)
        unknown = post(bot, messages, model="blue-kettle-nice")
    assert unknown.status_code == 404
    assert "no model 'blue-kettle-nice'" in unknown.json()["error"]["message"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"{}", "there are no messages"),
        (b'{"messages": []}', "there are no messages"),
        (b'{"messages": "Hello"}', "there are no messages"),
        (b'{"messages": [{"role": "user"}]}', 'messages[0] needs a "role" and a "content"'),
        (b'{"messages": [{"role": "user", "content": [1]}]}', "messages[0]"),
        (b'{"messages": [5]}', "messages[0]"),
        (b'{"messages": [{"role": "user", "content": "a"}], "stream": true}', "in one piece"),
        (b'{"messages": [{"role": "user", "content": "a"}], "model": 5}', "model is no text"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(content: bytes, told: str) -> None:
    with Bot() as bot:
        response = send(bot.url, content=content)
        assert bot.requests == 0
    assert response.status_code == 400
    assert told in response.json()["error"]["message"]


def test_another_address_is_told_the_right_one() -> None:
    with Bot() as bot:
        for wrong in (bot.url, bot.url.replace("chat", "chats")):
            response = httpx.get(wrong, trust_env=False)
            assert response.status_code in {404, 405}
            assert "POST /v1/chat/completions" in response.json()["error"]["message"]


def test_letters_that_are_none_can_be_sent_back() -> None:
    with Bot() as bot:
        content = b'{"model": "a\\ud800", "messages": [{"role": "user", "content": "My name is \\u00c5sa \\ud800"}]}'
        response = send(bot.url, content=content)
    assert response.json()["model"] == "a\ud800"
    assert text_of(response).startswith("Hello Åsa!")


# -- failures --------------------------------------------------------------------------------------


def test_every_failure_comes_on_demand() -> None:
    with Bot("good", silence=0.2, retry_after=0.5) as bot:
        answers = {
            failure: post(bot, failure=failure) for failure in ("429", "500", "timeout", "garbage", "html", "empty")
        }
        unknown = post(bot, failure="boom")
        fine = post(bot)
    assert {failure: answer.status_code for failure, answer in answers.items()} == {
        "429": 429, "500": 500, "timeout": 504, "garbage": 200, "html": 200, "empty": 200
    }  # fmt: skip
    assert answers["429"].headers["Retry-After"] == "0.5"
    assert "content" not in answers["empty"].json()["choices"][0]["message"]
    assert answers["html"].headers["content-type"].startswith("text/html")
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        answers["garbage"].json()
    assert unknown.status_code == 400
    assert "there are 429, 500, timeout" in unknown.json()["error"]["message"]
    assert fine.status_code == 200


def test_a_timeout_is_silence_and_does_not_keep_the_bot_from_stopping() -> None:
    bot = Bot("good", silence=60).start()
    with pytest.raises(httpx.ReadTimeout):
        post(bot, failure="timeout", timeout=0.3)
    waiting = threading.Thread(target=lambda: post(bot, failure="timeout", timeout=30))
    waiting.start()
    while bot.requests < 2:
        time.sleep(0.01)
    began = time.monotonic()
    bot.stop()
    waiting.join()
    assert time.monotonic() - began < 5


def test_the_share_of_failures_is_exact_and_their_kinds_take_turns() -> None:
    with Bot("good", failures=0.29, silence=0) as bot:
        answers = [post(bot) for _ in range(100)]
    failed = [
        number for number, answer in enumerate(answers) if answer.status_code != 200 or answer.text.endswith("mess")
    ]
    assert len(failed) == 29
    assert max(after - before for before, after in pairwise(failed)) <= 4
    statuses = Counter(answers[number].status_code for number in failed)
    assert statuses == {429: 8, 500: 7, 504: 7, 200: 7}


def test_the_flaky_bot_fails_one_request_in_five_and_only_it() -> None:
    with Bot("good", silence=0) as bot:
        good = [post(bot) for _ in range(20)]
        flaky = [post(bot, model="flaky") for _ in range(100)]
    assert {answer.status_code for answer in good} == {200}
    assert sum(answer.status_code == 200 and not answer.text.endswith("mess") for answer in flaky) == 80


def test_a_limit_is_kept_to_and_retry_after_is_true() -> None:
    with Bot("limits", limit=2, window=0.8) as bot:
        first = [post(bot).status_code for _ in range(3)]
        refused = post(bot)
        time.sleep(float(refused.headers["Retry-After"]))
        again = [post(bot).status_code for _ in range(3)]
    assert first == [200, 200, 429]
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "1"
    assert again == [200, 200, 429]


def test_the_kinds_have_their_own_limit_and_delay() -> None:
    with Bot("good") as bot:
        assert [post(bot, model="limits").status_code for _ in range(6)] == [200] * 5 + [429]
        assert post(bot).status_code == 200
        began = time.monotonic()
        assert text_of(post(bot, model="slow")) == reply("good", HELLO)
        assert time.monotonic() - began >= 2


def test_many_wait_at_once_over_connections_that_stay() -> None:
    # Given a bot that takes 0.2 s for an answer
    with Bot("good", delay=0.2) as bot, httpx.Client(limits=httpx.Limits(max_keepalive_connections=32)) as client:

        def ask(_: int) -> int:
            return client.post(bot.url, json={"messages": HELLO}, extensions={DIRECT: True}).status_code

        # When 32 ask three times each, at once
        began = time.monotonic()
        with ThreadPoolExecutor(32) as people:
            statuses = list(people.map(ask, range(96)))
        seconds = time.monotonic() - began
        assert bot.requests == 96
    # Then nobody has waited for anybody else
    assert statuses == [200] * 96
    assert 0.6 <= seconds < 5
    # (one after the other, that is 19 s; with 40 ms for each packet that waits for company, hundreds of milliseconds)


def test_an_answer_is_sent_at_once() -> None:
    # Nagle's algorithm and delayed acknowledgements together cost 40 ms an answer, unless TCP_NODELAY is set
    with Bot("good") as bot, httpx.Client() as client:
        began = time.monotonic()
        for _ in range(50):
            client.post(bot.url, json={"messages": HELLO}, extensions={DIRECT: True})
        assert time.monotonic() - began < 50 * 0.03


# -- starting and stopping -------------------------------------------------------------------------


def test_it_can_be_started_and_stopped_again() -> None:
    bot = Bot("good")
    assert repr(bot) == "Bot('good', stopped)"
    with pytest.raises(InputError, match="has not been started"):
        bot.url  # noqa: B018
    bot.stop()
    for _ in range(2):
        assert bot.start() is bot.start()
        assert bot.url in repr(bot)
        assert post(bot).status_code == 200
        assert bot.requests == 1
        bot.stop()
        bot.stop()
        with pytest.raises(httpx.ConnectError):
            post(bot)
    assert not [thread for thread in threading.enumerate() if thread.name == "sdkit-bot"]


def test_a_client_that_keeps_its_connection_does_not_keep_the_bot() -> None:
    with httpx.Client() as client:
        with Bot() as bot:
            client.post(bot.url, json={"messages": HELLO}, extensions={DIRECT: True})
            port, began = bot.port, time.monotonic()
        assert time.monotonic() - began < 2
        # And the port is free for the next one at once
        with Bot(port=port) as bot:
            assert post(bot).status_code == 200


def test_two_bots_at_once() -> None:
    with Bot("refuses") as one, Bot("rude") as two:
        assert one.port != two.port
        assert text_of(post(one)) == reply("refuses", HELLO)
        assert text_of(post(two)) == reply("rude", HELLO)


def test_it_works_inside_a_running_event_loop() -> None:
    async def cell() -> list[str]:
        with Bot("good", delay=0.05) as bot:
            async with httpx.AsyncClient() as client:
                asked = [client.post(bot.url, json={"messages": HELLO}, extensions={DIRECT: True}) for _ in range(3)]
                return [text_of(response) for response in await asyncio.gather(*asked)]

    assert asyncio.run(cell()) == [reply("good", HELLO)] * 3


def test_it_says_nothing(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    with Bot("good", silence=0) as bot:
        for failure in ("", "500", "timeout", "garbage"):
            post(bot, failure=failure)
        send(bot.url, content=b"{")
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if record.name.startswith("uvicorn")]


def test_it_is_there_for_this_machine_only() -> None:
    with Bot() as bot, socket.socket() as probe:
        probe.settimeout(2)
        # What listens on all addresses answers on this one, too
        assert probe.connect_ex(("127.0.0.2", bot.port)) != 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"port": 70000}, "port=70000: a port is a number from 1 to 65535"),
        ({"delay": -1}, "delay=-1: give seconds"),
        ({"silence": float("nan")}, "silence=nan: give seconds"),
        ({"failures": 10}, "failures=10: give a share from 0 to 1"),
        ({"limit": 0}, "limit=0: give a number of requests"),
    ],
)
def test_arguments_that_cannot_work_are_refused(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=re.escape(told)):
        Bot(**arguments)


def test_a_port_that_is_taken_is_told() -> None:
    with (
        Bot() as bot,
        pytest.raises(InputError, match=rf"port {bot.port} cannot be had: .*in use.*0 takes one that is"),
    ):
        Bot(port=bot.port).start()


@pytest.mark.parametrize("package", ["uvicorn", "starlette"])
def test_a_missing_package_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package or name == "sdkit.bots.service"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=rf"^{package}.* is needed to serve a practice bot.*\[serve\]"):
        Bot().start()


def test_the_endpoint_says_where_and_how() -> None:
    with Bot("rude") as bot:
        told = bot.endpoint
        response = send(told["url"], json={**told["body"], "messages": HELLO})
    place = response.json()
    for key in told["response_path"]:
        place = place[key]
    assert place == reply("rude", HELLO)


# -- models ----------------------------------------------------------------------------------------


class FakeAgent:
    """Stands in for a model that plays an assistant: says what it was shown."""

    def __init__(self, assistant: Any, model: Any = None) -> None:
        from sdkit.assistants import assistant_of

        self.assistant = assistant_of(assistant)

    async def areply(self, messages: list[dict[str, str]]) -> str:
        shown = " / ".join(message["content"] for message in messages)
        return f"{self.assistant.name}: {shown}. More."


@pytest.fixture
def fake_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdkit.simulation.users.AssistantAgent", FakeAgent)


@pytest.mark.usefixtures("fake_agent")
def test_a_model_is_spoilt_by_rules() -> None:
    chat = [
        {"role": "system", "content": "Sing."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
    ]
    with Bot("good", model="any") as bot:
        said = {
            kind: text_of(post(bot, chat, model=kind)) for kind in ("good", "forgetful", "rude", "refuses", "loops")
        }
    assert said["good"] == "Blue Kettle: one / two / three. More."
    assert said["forgetful"] == "Blue Kettle: three. More."
    assert said["rude"].removeprefix(bot_rules._jab(["one", "three"])) == " Blue Kettle: one / two / three."
    assert said["refuses"] in bot_texts.REFUSALS
    assert said["loops"] == "two"


@pytest.mark.usefixtures("fake_agent")
def test_any_assistant_can_be_served(tmp_path: Path) -> None:
    file = tmp_path / "fran.yaml"
    file.write_text("name: Fashionable Fran\ndescription: Advises on clothes.\n", encoding="utf-8")
    with Bot(assistant=file) as bot:
        assert bot.endpoint["body"] == {"model": "fashionable-fran-good"}
        assert text_of(post(bot, model="fashionable-fran-good")) == "Fashionable Fran: Hello. More."
    with pytest.raises(FileError, match=r"nobody\.yaml: does not exist"):
        Bot(assistant=tmp_path / "nobody.yaml")


def test_a_model_that_there_is_not_is_told_before_anything_is_served() -> None:
    with pytest.raises(UnknownModelError, match="no embedded model 'nope'"):
        Bot(model="embedded:nope")


@pytest.mark.embedded
def test_a_real_model_answers(tmp_path: Path) -> None:
    file = tmp_path / "baker.yaml"
    file.write_text("name: Baker\ndescription: You sell bread.\n", encoding="utf-8")
    with Bot("good", model="embedded", assistant=file) as bot:
        answer = post(bot, timeout=120)
        rude = post(bot, timeout=120, model="baker-rude")
    assert answer.status_code == 200
    assert text_of(answer).strip()
    assert any(text_of(rude).startswith(jab) for jab in bot_texts.JABS)


@pytest.mark.embedded
def test_what_a_model_cannot_do_is_an_error_that_says_so() -> None:
    with Bot("good", model="embedded") as bot:
        response = post(bot, [{"role": "user", "content": "kettle " * 20_000}], timeout=120)
    assert response.status_code == 502
    assert "tokens" in response.json()["error"]["message"]


# -- the command -----------------------------------------------------------------------------------


@pytest.fixture
def serve_bot() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Give a function that starts the command, in a process that heeds Ctrl-C; it does not outlive the test."""
    running: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        heeding = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)"
        code = f"{heeding}; from sdkit import cli; sys.exit(cli.main({['serve-bot', *words]!r}))"
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        running.append(subprocess.Popen([sys.executable, "-c", code], **pipes, encoding="utf-8"))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


Serve = Callable[..., subprocess.Popen[str]]


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT for one process")
def test_the_command_serves_until_ctrl_c(serve_bot: Serve) -> None:
    run = serve_bot("--kind", "refuses", "--port", "0", "--delay", "0.01")
    assert run.stdout
    lines = []
    while "Ctrl-C" not in "".join(lines[-1:]) and run.poll() is None:
        lines.append(run.stdout.readline())
    # What it prints is an endpoint file
    told = yaml.safe_load("".join(lines[1:-1]))
    assert told["body"] == {"model": "blue-kettle-refuses"}
    assert told["response_path"] == ["choices", 0, "message", "content"]
    answer = send(told["url"], json={**told["body"], "messages": HELLO})
    assert text_of(answer) == reply("refuses", HELLO)
    # And Ctrl-C ends it in order
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=20)
    assert (run.returncode, out, err) == (0, "\nStopped.\n", "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--kind", "nice"], "nice"),
        (["--failures", "5"], "failures=5.0"),
        (["--port", "70000"], "port=70000"),
        (["--assistant", "nobody.yaml", "--model", "embedded"], "nobody.yaml: does not exist"),
    ],
)
def test_the_command_tells_what_cannot_work(words: list[str], told: str, serve_bot: Serve) -> None:
    run = serve_bot(*words)
    out, err = run.communicate(timeout=60)
    assert run.returncode in {1, 2}
    assert out == ""
    assert told in err
    assert "Traceback" not in err


def test_the_command_tells_of_a_port_that_is_taken(serve_bot: Serve) -> None:
    with Bot() as bot:
        run = serve_bot("--port", str(bot.port))
        err = run.communicate(timeout=60)[1]
    assert run.returncode == 2
    assert f"port {bot.port} cannot be had" in err
    assert err.count("\n") == 1
