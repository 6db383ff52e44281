"""Time limits, second tries and plain words. The servers here are fakes: only our own logic."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from langchain_ollama import ChatOllama

from sdkit import ask
from sdkit.errors import InputError, ModelUnavailableError, UnknownModelError
from sdkit.generators import DialogGenerator
from sdkit.llm import aask, chat_model, ollama, retries, transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import FakeOllama

SECRET = "s3cr3t-k3y-0123456789"


@pytest.fixture(autouse=True)
def installed() -> None:
    transport.install()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note the pauses instead of making them."""
    noted: list[float] = []
    monkeypatch.setattr(retries, "sleep", noted.append)
    return noted


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_or_failing_server_is_asked_again(fake_ollama: FakeOllama, pauses: list[float], status: int) -> None:
    fake_ollama.fail(status, "not now", times=3)
    fake_ollama.say("Hello.")
    assert ChatOllama(model="m", base_url=fake_ollama.url).invoke("Hi").text == "Hello."
    assert len(fake_ollama.received) == 4
    crowded = status in {429, 503}
    first, growth = (retries.CROWDED_PAUSE, retries.CROWDED_GROWTH) if crowded else (retries.FIRST_PAUSE, 2)
    assert all(first * growth**i * 0.5 <= pause <= first * growth**i * 1.5 for i, pause in enumerate(pauses))


def test_async_too(fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "CROWDED_PAUSE", 0.01)
    fake_ollama.fail(503, "not now", times=3)
    fake_ollama.say("Hello.")
    assert asyncio.run(aask("Hi", model="m")) == "Hello."


@pytest.mark.parametrize(
    "after", [lambda: "7", lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=8), True)]
)
def test_a_server_that_says_when_to_come_back_is_obeyed(
    fake_ollama: FakeOllama, pauses: list[float], after: Callable[[], str]
) -> None:
    fake_ollama.headers = {"retry-after": after()}
    fake_ollama.fail(429, "slow down")
    fake_ollama.say("Hello.")
    assert ask("Hi", model="m") == "Hello."
    assert 6.5 <= pauses[0] <= 9


@pytest.mark.parametrize("after", ["soon", "", "-5"])
def test_a_time_that_is_none_is_not_waited_for(fake_ollama: FakeOllama, pauses: list[float], after: str) -> None:
    fake_ollama.headers = {"retry-after": after}
    fake_ollama.fail(429, "slow down")
    fake_ollama.say("Hello.")
    assert ask("Hi", model="m") == "Hello."
    assert pauses[0] <= 1.5 * retries.CROWDED_PAUSE


def test_a_server_that_wants_too_long_a_pause_is_not_asked_again(fake_ollama: FakeOllama, pauses: list[float]) -> None:
    fake_ollama.headers = {"retry-after": "3600"}
    fake_ollama.fail(429, "come back tomorrow")
    with pytest.raises(ModelUnavailableError, match=r"m has too much to do \(429\)\. It asks for a pause of 3600 s"):
        ask("Hi", model="m")
    assert (len(fake_ollama.received), pauses) == (1, [])


def test_who_came_when_told_to_and_was_sent_away_waits_longer(fake_ollama: FakeOllama, pauses: list[float]) -> None:
    fake_ollama.headers = {"retry-after": "1"}
    fake_ollama.fail(429, "slow down", times=3)
    fake_ollama.say("Hello.")
    assert ask("Hi", model="m") == "Hello."
    own = retries.CROWDED_PAUSE
    assert 1 <= pauses[0] <= 1.2
    assert 1 + own / 2 <= pauses[1] <= 1 + own * 1.5
    assert 1 + own <= pauses[2] <= 1 + own * 3


def test_a_server_that_stays_busy_is_named_after_many_tries(fake_ollama: FakeOllama, pauses: list[float]) -> None:
    fake_ollama.fail(429, "too many requests", times=retries.CROWDED_TRIES + 1)
    with pytest.raises(ModelUnavailableError, match=r"m has too much to do \(429, also at try 12\).*too many requests"):
        ask("Hi", model="m")
    assert len(fake_ollama.received) == 12
    assert max(pauses) <= 1.5 * retries.LONGEST_PAUSE


@pytest.mark.parametrize(
    ("status", "error"), [(400, ModelUnavailableError), (401, ModelUnavailableError), (404, UnknownModelError)]
)
def test_other_refusals_are_final(
    fake_ollama: FakeOllama, pauses: list[float], status: int, error: type[Exception]
) -> None:
    fake_ollama.fail(status, "model 'm' not found")
    with pytest.raises(error, match=r"refuses the key|the error 400|ollama pull m"):
        ask("Hi", model="m")
    assert (len(fake_ollama.received), pauses) == (1, [])


class TestASilentServer:
    @pytest.fixture(autouse=True)
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SDKIT_TIMEOUT", "0.2")
        monkeypatch.setattr(retries, "FIRST_PAUSE", 0.01)

    def test_is_asked_again(self, fake_ollama: FakeOllama) -> None:
        done = threading.Event()
        texts = iter([lambda: str(done.wait(5)), lambda: "Hello."])
        fake_ollama.answer = lambda _: next(texts)()
        started = time.perf_counter()
        assert ask("Hi", model="m") == "Hello."
        assert time.perf_counter() - started < 3
        done.set()

    @pytest.mark.parametrize("asking", [lambda: ask("Hi", model="m"), lambda: asyncio.run(aask("Hi", model="m"))])
    def test_is_named(self, fake_ollama: FakeOllama, asking: Callable[[], Any]) -> None:
        done = threading.Event()
        fake_ollama.answer = lambda _: str(done.wait(5))
        with pytest.raises(
            ModelUnavailableError, match=r"m at http://.* said nothing for 0\.2 s, 3 times.*SDKIT_TIMEOUT"
        ):
            asking()
        done.set()
        assert len(fake_ollama.received) == 3


@pytest.mark.parametrize("said", ["soon", "0", "-1", "inf", "nan"])
def test_a_time_limit_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, said: str, fake_ollama: FakeOllama
) -> None:
    monkeypatch.setenv("SDKIT_TIMEOUT", said)
    with pytest.raises(InputError, match=f"SDKIT_TIMEOUT='{said}'"):
        ask("Hi", model="m")


def test_every_call_has_a_time_limit() -> None:
    request = httpx.Request("POST", "http://h/api/chat", extensions={"timeout": {"read": None, "connect": 3.0}})
    retries.limit(request)
    limits = request.extensions["timeout"]
    assert (limits["read"], limits["connect"], limits["write"]) == (retries.TIMEOUT, 3.0, retries.TIMEOUT)


def test_a_busy_front_door_is_knocked_at_again_though_it_shows_a_web_page(
    fake_ollama: FakeOllama, pauses: list[float]
) -> None:
    fake_ollama.headers = {"content-type": "text/html"}
    fake_ollama.fail(503, "<html>busy</html>", times=retries.CROWDED_TRIES + 1)
    with pytest.raises(ModelUnavailableError, match="m answered with the error 503: a web page instead of an answer"):
        ask("Hi", model="m")
    assert len(fake_ollama.received) == retries.CROWDED_TRIES


@pytest.mark.parametrize("body", [b"Hello", b'{"ok": true}', b"", b'{"detail": "Not Found"}'])
@pytest.mark.parametrize("status", [200, 404])
def test_what_is_no_model_s_server_is_named(fake_ollama: FakeOllama, body: bytes, status: int) -> None:
    fake_ollama.routes["POST /api/chat"] = lambda handler: handler._send(status, body)
    with pytest.raises(ModelUnavailableError, match=rf"(what|What) (came from|answers at) {fake_ollama.url} is no"):
        ask("Hi", model="m")


def test_a_forgotten_provider_is_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    with pytest.raises(ModelUnavailableError, match=r'nothing answers.*Or did you mean "openai:gpt-4o"'):
        ask("Hi", model="gpt-4o")


def test_an_error_is_not_its_own_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    with pytest.raises(ModelUnavailableError) as caught:
        ask("Hi", model="m")
    assert type(caught.value.__cause__).__name__ == "ConnectError"
    assert len(traceback.format_exception(caught.value)) < 200


def test_a_web_page_is_no_answer(fake_ollama: FakeOllama) -> None:
    fake_ollama.headers = {"content-type": "text/html; charset=utf-8"}
    fake_ollama.say("<html>Log in</html>")
    with pytest.raises(ModelUnavailableError, match=r"answered with a web page \(200\).*base_url, or OLLAMA_HOST"):
        ask("Hi", model="m")
    fake_ollama.fail(404, "<html>Not here</html>")
    with pytest.raises(ModelUnavailableError, match=r"answered with a web page \(404\)"):
        asyncio.run(aask("Hi", model="m"))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(fake_ollama: FakeOllama, status: int) -> None:
    fake_ollama.headers = {"location": f"https://user:{SECRET}@elsewhere.example/api/chat?key={SECRET}"}
    fake_ollama.fail(status, "moved")
    with pytest.raises(
        ModelUnavailableError, match=rf"sends us on to https://elsewhere.example/api/chat \({status}\)"
    ) as caught:
        ask("Hi", model="m")
    assert SECRET not in str(caught.value)


def test_a_wrong_port_is_named() -> None:
    with pytest.raises(ModelUnavailableError, match=r"nothing answers at http://127\.0\.0\.1:1, where m should be"):
        ask("Hi", model=chat_model("m", base_url="http://127.0.0.1:1"))
    with pytest.raises(ModelUnavailableError, match="nothing answers at"):
        ChatOllama(model="m", base_url="http://127.0.0.1:1").invoke("Hi")


def test_a_broken_connection_is_tried_again(fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.01)
    broken = iter([True, True, False])

    def answer(_: dict[str, Any]) -> str:
        if next(broken):
            raise ConnectionError
        return "Hello."

    fake_ollama.answer = answer
    assert ask("Hi", model="m") == "Hello."


def test_user_and_password_of_ollama_host_go_with_its_requests_only(
    fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", fake_ollama.url.replace("http://", f"http://ana:{SECRET}@"))
    other = fake_ollama.url.replace("http://", "https://")
    mine, theirs = (httpx.Request("POST", f"{url}/api/chat") for url in (fake_ollama.url, other))
    retries.authorise(mine)
    retries.authorise(theirs)
    assert httpx.Request("GET", "/").headers.get("authorization") is None
    assert mine.headers["authorization"].startswith("Basic ")
    assert "authorization" not in theirs.headers


class TestASecret:
    """A server that says everything back that it was sent."""

    @pytest.fixture
    def echo(self, fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> FakeOllama:
        monkeypatch.setenv("SOME_API_KEY", SECRET)
        monkeypatch.setattr(retries, "FIRST_PAUSE", 0.01)
        monkeypatch.setattr(retries, "CROWDED_PAUSE", 0.001)
        return fake_ollama

    def shown(self, error: BaseException) -> str:
        return "".join(traceback.format_exception(error)) + repr(error) + repr(error.__cause__)

    @pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
    def test_in_a_header_is_in_no_error_and_no_log(
        self, echo: FakeOllama, status: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        echo.fail(status, f"you sent Authorization: Bearer {SECRET}", times=9)
        llm = ChatOllama(
            model="m",
            base_url=echo.url,
            client_kwargs={"headers": {"Authorization": f"Bearer {SECRET}", "X-Api-Key": SECRET}},
        )
        with pytest.raises((ModelUnavailableError, UnknownModelError)) as caught:
            ask("Hi", model=llm)
        assert SECRET not in self.shown(caught.value)
        assert SECRET not in caplog.text
        assert SECRET not in repr(DialogGenerator(llm, "Ana meets Tom."))

    def test_in_ollama_host_is_in_no_error_log_or_repr(
        self, echo: FakeOllama, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        monkeypatch.setenv("OLLAMA_HOST", echo.url.replace("http://", f"http://ana:{SECRET}@"))
        echo.fail(500, f"ana:{SECRET} may not", times=9)
        model = chat_model("m")
        with pytest.raises(ModelUnavailableError) as caught:
            ask("Hi", model=model)
        assert SECRET not in self.shown(caught.value) + caplog.text + repr(model) + repr(DialogGenerator("m", "x"))
        assert SECRET not in str(ollama.chat_models())

    def test_in_a_base_url_is_in_no_error_and_no_log(self, echo: FakeOllama, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        llm = ChatOllama(model="m", base_url=echo.url.replace("http://", f"http://ana:{SECRET}@"))
        echo.fail(401, f"ana:{SECRET} may not")
        with pytest.raises(ModelUnavailableError) as caught:
            ask("Hi", model=llm)
        assert SECRET not in self.shown(caught.value) + caplog.text + repr(DialogGenerator(llm, "x"))
