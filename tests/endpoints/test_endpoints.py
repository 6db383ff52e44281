"""Assistants behind an address. The servers here are fakes on loopback, which answer as the test says."""

from __future__ import annotations

import asyncio
import copy
import datetime
import email.utils
import functools
import gzip
import itertools
import json
import logging
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from sdkit.agents import EndpointAgent
from sdkit.endpoints import Endpoint, endpoint_of
from sdkit.errors import EndpointError, FileError, InputError
from sdkit.llm import playback, retries
from sdkit.simulation.run import tried_agent

KEY = "sk-never-to-be-seen/0123456789+abcdef"
CHAT = [{"role": "user", "content": "My kettle leaks."}]
EXAMPLES = sorted(Path("datasets/endpoints").glob("*.yaml"))

Answering = Callable[[Any], None]


class Stub:
    """A server that answers each POST with what is queued, and the last of it again and again.

    Attributes
    ----------
    bodies, heads, paths : list
        Of the requests, in order.
    """

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.heads: list[dict[str, str]] = []
        self.paths: list[str] = []
        self._queue: deque[Answering] = deque()
        self._lock = threading.Lock()
        self.over = threading.Event()
        self.server = _Server(("127.0.0.1", 0), self._handler())
        self.scheme = "http"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}/reply"

    def say(self, *answers: Answering) -> Stub:
        self._queue.extend(answers)
        return self

    def endpoint(self, **fields: Any) -> Endpoint:
        return Endpoint.from_dict({"url": self.url, "body": {}, "response_path": ["reply"], **fields})

    def _handler(stub) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - self is the handler's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                self.body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with stub._lock:
                    stub.bodies.append(self.body)
                    stub.heads.append({name.lower(): value for name, value in self.headers.items()})
                    stub.paths.append(self.path)
                    answer = stub._queue.popleft() if len(stub._queue) > 1 else stub._queue[0]
                answer(self)

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        return Handler


class _Server(ThreadingHTTPServer):
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # a client that has gone is no news
            super().handle_error(request, client_address)


def reply(content: Any, status: int = 200, kind: str = "application/json", **headers: str) -> Answering:
    data = content if isinstance(content, bytes) else (content if isinstance(content, str) else json.dumps(content))
    raw = data if isinstance(data, bytes) else data.encode()

    def answer(handler: Any) -> None:
        handler.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(raw)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(raw)

    return answer


def text(said: str) -> Answering:
    return reply({"reply": said})


def pieces(parts: Iterator[bytes], kind: str = "", pause: float = 0.01) -> Answering:
    """Send piece by piece, until the client has gone."""

    def answer(handler: Any) -> None:
        handler.send_response(200)
        if kind:
            handler.send_header("content-type", kind)
        handler.send_header("connection", "close")
        handler.end_headers()
        for part in parts:
            handler.wfile.write(part)
            handler.wfile.flush()
            time.sleep(pause)

    return answer


def raw(content: bytes) -> Answering:
    """Send these bytes and hang up."""

    def answer(handler: Any) -> None:
        handler.wfile.write(content)
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    return answer


GOOD = text("Try another one.")


@pytest.fixture
def stub(serve: Callable[[ThreadingHTTPServer], None]) -> Iterator[Stub]:
    one = Stub()
    serve(one.server)
    yield one
    one.over.set()


def silent(stub: Stub) -> Answering:
    """Say nothing until the test is over."""

    def answer(handler: Any) -> None:
        stub.over.wait(30)
        handler.close_connection = True

    return answer


CERTIFICATES = ssl.create_default_context()  # to read them takes longer than most tests


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(retries, "CROWDED_PAUSE", 0.0001)
    monkeypatch.setattr(httpx, "Client", functools.partial(httpx.Client, verify=CERTIFICATES))


def failure(endpoint: Endpoint, one_request: bool | None = None) -> str:
    with pytest.raises(EndpointError) as caught:
        endpoint.ask(CHAT)
    if one_request is not None:
        assert caught.value.one_request is one_request
    return str(caught.value)


def written(tmp_path: Path, content: str, name: str = "endpoint.yaml") -> Path:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_can_be_used(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, KEY)
    endpoint = Endpoint.from_file(path)
    assert endpoint.address.startswith("http")
    assert KEY not in repr(endpoint) + path.read_text()


def test_there_are_examples_of_the_usual_ones() -> None:
    names = {path.stem for path in EXAMPLES}
    assert names == {"openai_chat_completion", "anthropic_messages", "ollama_chat", "plain_http", "practice_bot"}


def test_an_example_that_needs_a_key_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(FileError, match=r"openai_chat_completion\.yaml: .*OPENAI_API_KEY, not set or empty"):
        Endpoint.from_file("datasets/endpoints/openai_chat_completion.yaml")


WHOLE = {"url": "http://127.0.0.1:1/reply", "body": {}, "response_path": ["reply"]}


@pytest.mark.parametrize("name", WHOLE)
def test_a_missing_key_is_named(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, json.dumps({key: value for key, value in WHOLE.items() if key != name}), "endpoint.json")
    with pytest.raises(FileError, match=f"endpoint.json: this is no endpoint: {name} is missing"):
        Endpoint.from_file(path)


def test_several_missing_keys_are_all_named() -> None:
    with pytest.raises(InputError, match="url and response_path are missing"):
        Endpoint.from_dict({"body": {}})


@pytest.mark.parametrize(
    ("name", "near"), [("header", "headers"), ("time_out", "timeout"), ("response-path", "response_path")]
)
def test_an_unknown_key_is_told_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(InputError, match=f"no field {name}; did you mean {near}"):
        Endpoint.from_dict({**WHOLE, name: 1})


def test_a_key_like_nothing_is_told_what_there_is() -> None:
    with pytest.raises(InputError, match="no field True; it has url, body, response_path, headers"):
        Endpoint.from_dict({**WHOLE, True: 1})


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"url": "127.0.0.1:80/reply"}, "url: is no address"),
        ({"url": "ftp://127.0.0.1/"}, "url: is no address"),
        ({"url": "http:///reply"}, "url: is no address"),
        ({"url": "http://h ost/"}, "url: is no address"),
        ({"url": "http://host:port/"}, "url: is no address"),
        ({"url": "http://[::1/"}, "url: is no address"),
        ({"url": 80}, "url: "),
        ({"url": "http://host/${A-B}"}, "environment variable is to come"),
        ({"headers": {"x": "${A:-b}"}}, "in x, after"),
        ({"headers": {"x y": "b"}}, "what begins with 'x' is no name of a header"),
        ({"headers": {"x": "a\nb"}}, "x has a line break"),
        ({"headers": {"x": "naïve"}}, "x has a line break.*not ASCII"),
        ({"headers": {"version": datetime.date(2023, 6, 1)}}, "version is a date, not a text; put it in quotes"),
        ({"headers": ["x: a"]}, "headers: "),
        ({"body": None}, "body: "),
        ({"body": "x"}, "body: "),
        ({"body": {"top_p": float("nan")}}, "not JSON compliant"),
        ({"body": {"since": datetime.date(2023, 6, 1)}}, "body.since: "),
        ({"response_path": []}, "response_path: "),
        ({"response_path": "reply"}, "response_path: "),
        ({"response_path": [None]}, "response_path"),
        ({"timeout": 0}, "timeout: "),
        ({"timeout": "soon"}, "timeout: "),
        ({"timeout": float("inf")}, "timeout: "),
        ({"retries": -1}, "retries: "),
        ({"retries": 1.5}, "retries: "),
        ({"per_minute": 0}, "per_minute: "),
        ({"system": "first"}, "system: "),
        ({"system": []}, "system: "),
        ({"system": ["messages"]}, "system: "),
        ({"system": ["a", "b"], "body": {"a": 1}}, "system: .*'a' of the body, which is no mapping"),
    ],
)
def test_what_cannot_work_is_refused_at_the_door(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        Endpoint.from_dict({**WHOLE, **fields})


@pytest.mark.parametrize("content", ["- a\n- b", "just a text", "42"])
def test_a_file_of_something_else_is_no_endpoint(tmp_path: Path, content: str) -> None:
    with pytest.raises(FileError, match="this is no endpoint but a"):
        Endpoint.from_file(written(tmp_path, content))


def test_what_is_no_yaml_or_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"endpoint\.yaml, line 2: is not YAML"):
        Endpoint.from_file(written(tmp_path, "url: http://a\n\tbody: {}\n"))
    with pytest.raises(FileError, match="does not exist"):
        Endpoint.from_file(tmp_path / "none.yaml")
    with pytest.raises(FileError, match="is empty"):
        Endpoint.from_file(written(tmp_path, "\n"))
    with pytest.raises(InputError, match="ends neither in"):
        Endpoint.from_file(written(tmp_path, "{}", "endpoint.txt"))


def test_an_endpoint_is_taken_as_it_is_and_a_path_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(WHOLE))
    endpoint = endpoint_of(str(path))
    assert endpoint_of(endpoint) is endpoint


@pytest.mark.parametrize("take", [endpoint_of, tried_agent])
def test_a_dict_is_not_shown_as_there_may_be_a_key_in_it(take: Callable[[Any], Any]) -> None:
    with pytest.raises(InputError, match="a dict") as caught:
        take({"headers": {"x-api-key": KEY}, **WHOLE})
    assert KEY not in str(caught.value)


# -- variables --------------------------------------------------------------------------------------------------------

PLACES: dict[str, dict[str, Any]] = {
    "url": {"url": "http://127.0.0.1:1/${UNSET}"},
    "header": {"headers": {"x-api-key": "${UNSET}"}},
    "name of a header": {"headers": {"${UNSET}": "a"}},
    "body": {"body": {"a": {"b": {"c": "in ${UNSET} all"}}}},
    "list": {"body": {"a": ["b", ["${UNSET}"]]}},
    "name in the body": {"body": {"${UNSET}": 1}},
    "response_path": {"response_path": ["${UNSET}"]},
    "system": {"system": ["${UNSET}"]},
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_is_named(place: str, value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if value is not None:
        monkeypatch.setenv("UNSET", value)
    with pytest.raises(InputError, match=r'the environment variable UNSET, not set or empty.*os\.environ\["UNSET"\]'):
        Endpoint.from_dict({**WHOLE, **PLACES[place]})


def test_several_variables_that_are_not_set_are_all_named() -> None:
    with pytest.raises(InputError, match="the environment variables UNSET_A, UNSET_B, not set"):
        Endpoint.from_dict({**WHOLE, "headers": {"a": "${UNSET_B}"}, "body": {"b": "${UNSET_A}${UNSET_B}"}})


def test_variables_are_filled_in_wherever_they_are(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WHERE": stub.host, "A": "alpha", "B": "beta", "REPLY": "reply", "F": "instructions"}.items():
        monkeypatch.setenv(name, value)
    stub.say(reply({"reply": ["Good."]}))
    endpoint = Endpoint.from_dict(
        {
            "url": "http://${WHERE}/${A}?b=${B}",
            "headers": {"X-${A}": "${A} and ${B}"},
            "body": {"${A}": [{"x": ["${B}"]}], "n": 1, "t": True, "z": None},
            "response_path": ["${REPLY}", 0],
            "system": ["${F}"],
        }
    )
    assert endpoint.ask(CHAT, "Be kind.").text == "Good."
    assert stub.bodies == [
        {"alpha": [{"x": ["beta"]}], "n": 1, "t": True, "z": None, "instructions": "Be kind.", "messages": CHAT}
    ]
    assert stub.heads[0]["x-alpha"] == "alpha and beta"
    assert stub.paths == ["/alpha?b=beta"]


def test_variables_are_read_once_when_the_endpoint_is_made(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "first-token")
    endpoint = stub.say(GOOD).endpoint(headers={"x": "${TOKEN}"})
    monkeypatch.delenv("TOKEN")
    endpoint.ask(CHAT)
    assert stub.heads[0]["x"] == "first-token"


def test_a_variable_of_a_variable_stays_as_it_is(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTER", "${PATH}")
    stub.say(GOOD).endpoint(body={"x": "${OUTER}"}).ask(CHAT)
    assert stub.bodies[0]["x"] == "${PATH}"


def test_what_is_said_is_never_filled_in(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a user could ask for the key."""
    monkeypatch.setenv("TOKEN", KEY)
    endpoint = stub.say(GOOD).endpoint(headers={"authorization": "Bearer ${TOKEN}"}, system="message")
    endpoint.ask([{"role": "user", "content": "Tell me ${TOKEN}."}], system="Your key is ${TOKEN}.")
    assert [message["content"] for message in stub.bodies[0]["messages"]] == [
        "Your key is ${TOKEN}.",
        "Tell me ${TOKEN}.",
    ]


@pytest.mark.parametrize("value", ["ftp://there", "http://user:pa#ss@host/", "http://user:pa/ss@host/"])
def test_an_address_out_of_a_variable_is_looked_at_too(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHERE", value)
    with pytest.raises(InputError, match="url: is no address") as caught:
        Endpoint.from_dict({**WHOLE, "url": "${WHERE}"})
    assert value not in str(caught.value)


def test_a_key_with_a_line_break_at_its_end_is_told_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", f"{KEY}\n")
    with pytest.raises(InputError, match="x-auth has a line break") as caught:
        Endpoint.from_dict({**WHOLE, "headers": {"x-auth": "${TOKEN}"}})
    assert KEY not in str(caught.value)


# -- what is sent -----------------------------------------------------------------------------------------------------


def test_the_conversation_is_put_into_the_body_and_the_body_stays(stub: Stub) -> None:
    stub.say(GOOD)
    body = {"messages": [{"role": "user", "content": "old"}], "model": "m", "options": {"seed": 1}}
    before = copy.deepcopy(body)
    endpoint = stub.endpoint(body=body, system=["options", "system", "text"])
    answer = endpoint.ask(CHAT, "Be kind.")
    assert (answer.text, answer.tries) == ("Try another one.", 1)
    assert stub.bodies == [
        {"messages": CHAT, "model": "m", "options": {"seed": 1, "system": {"text": "Be kind."}}},
    ]
    endpoint.ask(CHAT)
    assert stub.bodies[1] == {"messages": CHAT, "model": "m", "options": {"seed": 1}}
    assert body == before == endpoint.body
    assert list(stub.bodies[0]) == ["messages", "model", "options"]


@pytest.mark.parametrize(
    ("system", "messages", "rest"),
    [
        (None, CHAT, {}),
        ("message", [{"role": "system", "content": "Be kind."}, *CHAT], {}),
        (["system"], CHAT, {"system": "Be kind."}),
        (["config", "prompt"], CHAT, {"config": {"prompt": "Be kind."}}),
    ],
)
def test_the_system_text_goes_where_the_file_says(stub: Stub, system: Any, messages: Any, rest: dict[str, Any]) -> None:
    stub.say(GOOD).endpoint(system=system).ask(CHAT, "Be kind.")
    assert stub.bodies == [{"messages": messages, **rest}]


@pytest.mark.parametrize("system", [None, "message", ["system"]])
def test_no_system_text_is_no_message(stub: Stub, system: Any) -> None:
    stub.say(GOOD).endpoint(system=system).ask(CHAT)
    assert stub.bodies == [{"messages": CHAT}]


def test_a_message_is_sent_with_its_role_and_content_only(stub: Stub) -> None:
    stub.say(GOOD).endpoint().ask([{"role": "user", "content": "Grüße 😀", "id": "7"}])
    assert stub.bodies[0]["messages"] == [{"role": "user", "content": "Grüße 😀"}]


@pytest.mark.parametrize("messages", ["Hello", [{"role": "user"}], [{"role": "user", "content": None}], ["Hi"]])
def test_what_is_no_conversation_is_refused(stub: Stub, messages: Any) -> None:
    with pytest.raises(InputError, match="messages: "):
        stub.endpoint().ask(messages)
    with pytest.raises(InputError, match="messages: "):
        asyncio.run(stub.endpoint().aask(messages))
    assert stub.bodies == []


def test_a_header_of_the_file_takes_the_place_of_ours(stub: Stub) -> None:
    stub.say(GOOD).endpoint(headers={"Content-Type": "application/vnd.chat+json"}).ask(CHAT)
    assert stub.heads[0]["content-type"] == "application/vnd.chat+json"


def test_conversations_are_not_joined_by_a_cookie(stub: Stub) -> None:
    stub.say(reply({"reply": "Hi."}, set_cookie="session=1; Path=/"))
    endpoint = stub.endpoint()
    for _ in range(2):
        endpoint.ask(CHAT)
    assert ["cookie" in heads for heads in stub.heads] == [False, False]


def test_user_and_password_of_the_address_are_sent_and_not_shown(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "geheim%2F1")
    endpoint = stub.say(GOOD).endpoint(url=f"http://ana:${{PASSWORD}}@{stub.host}/reply")
    endpoint.ask(CHAT)
    assert stub.heads[0]["authorization"] == "Basic YW5hOmdlaGVpbS8x"
    assert endpoint.address == endpoint.name == stub.url


# -- what comes back --------------------------------------------------------------------------------------------------


def test_an_answer_is_found_at_the_end_of_the_path(stub: Stub) -> None:
    stub.say(reply({"a": [{"b": 1}, {"c": [["  Hello.\n"]]}], "7": "x"}))
    assert stub.endpoint(response_path=["a", 1, "c", 0, 0]).ask(CHAT).text == "Hello."
    assert stub.endpoint(response_path=[7]).ask(CHAT).text == "x"


@pytest.mark.parametrize(
    ("content", "path", "says"),
    [
        ({"text": "a", "id": 1}, ["reply"], "without 'reply', .*: the answer has the keys 'text', 'id'"),
        ({"a": {"b": "c"}}, ["a", "x", "y"], "without 'x', .*: a has the keys 'b'"),
        ({"a": []}, ["a", 0], "without 0, .*: a has a list of 0"),
        ({"a": [1, 2]}, ["a", 2], "without 2, .*: a has a list of 2"),
        ({"a": ["b"]}, ["a", "0"], "without '0', .*: a has a list of 1, and its places are numbers without quotes"),
        ({"a": None}, ["a", "b"], "without 'b', .*: a has null"),
        ({"a": "text"}, ["a", 0], "without 0, .*: a has str 'text'"),
        ({}, ["a"], "without 'a', .*: the answer has an empty object"),
        ([], ["a"], "without 'a', .*: the answer has a list of 0"),
        ({"a": {"b": ["c"]}}, ["a", "b"], "no text where response_path leads .a → b., but a list of 1"),
        ({"a": None}, ["a"], "no text where response_path leads .a., but null"),
        ({"a": 7}, ["a"], "but int '7'"),
        ({"a": {"b": 1}}, ["a"], "but the keys 'b'"),
        (
            {"error": {"message": "overloaded"}},
            ["choices", 0],
            "without 'choices', .*: the answer has the keys 'error'",
        ),
    ],
)
def test_a_path_that_leads_nowhere_says_what_was_there(stub: Stub, content: Any, path: list[Any], says: str) -> None:
    endpoint = stub.say(reply(content)).endpoint(response_path=path, retries=0)
    with pytest.raises(EndpointError, match=says) as caught:
        endpoint.ask(CHAT)
    assert str(caught.value).startswith(stub.url)
    assert caught.value.one_request


OPENAI = {"choices": [{"message": {"content": "Hi."}}], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}
ANTHROPIC = {"content": [{"type": "text", "text": "Hi."}], "usage": {"input_tokens": 7, "output_tokens": 2}}
OLLAMA = {"message": {"role": "assistant", "content": "Hi."}, "prompt_eval_count": 7, "eval_count": 2}


@pytest.mark.parametrize(
    ("content", "path", "tokens"),
    [
        (OPENAI, ["choices", 0, "message", "content"], (7, 2)),
        (ANTHROPIC, ["content", 0, "text"], (7, 2)),
        (OLLAMA, ["message", "content"], (7, 2)),
        ({"reply": "Hi."}, ["reply"], (None, None)),
        ({"reply": "Hi.", "usage": None}, ["reply"], (None, None)),
        ({"reply": "Hi.", "usage": {"prompt_tokens": "7", "completion_tokens": True}}, ["reply"], (None, None)),
        (["Hi."], [0], (None, None)),
    ],
)
def test_tokens_are_read_where_they_are_told(
    stub: Stub, content: Any, path: list[Any], tokens: tuple[int | None, int | None]
) -> None:
    answer = stub.say(reply(content)).endpoint(response_path=path).ask(CHAT)
    assert answer.text == "Hi."
    assert (answer.prompt_tokens, answer.completion_tokens) == tokens


SSE = [b'data: {"x": 1}\n\n', b'event: delta\ndata: {"x": 1}\n\n']


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("text/event-stream; charset=utf-8", SSE[0]),
        ("Text/Event-Stream", SSE[1]),
        ("application/x-ndjson", b'{"message": {"content": "H"}}\n'),
        ("", SSE[0]),
        ("application/json", SSE[1]),
    ],
)
def test_an_endless_stream_is_told_at_once(stub: Stub, kind: str, part: bytes) -> None:
    endpoint = stub.say(pieces(itertools.repeat(part), kind)).endpoint(timeout=20)
    began = time.monotonic()
    assert "answers piece by piece, as a stream. Ask for one whole answer: stream: false" in failure(endpoint, False)
    assert time.monotonic() - began < 2
    assert len(stub.bodies) == 1


def test_a_stream_of_lines_that_calls_itself_json_is_told(stub: Stub) -> None:
    stub.say(reply(b'{"message": {"content": "H"}}\n{"message": {"content": "i"}}\n'))
    assert "as a stream" in failure(stub.endpoint(retries=0))


def test_a_web_page_is_no_answer(stub: Stub) -> None:
    stub.say(reply("<html>Log in</html>", kind="text/html; charset=utf-8"))
    assert failure(stub.endpoint(retries=0)) == (
        f"{stub.url} answers with a web page, not with JSON. Check the url, and whether a log-in page stands before it"
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    stub: Stub, serve: Callable[[ThreadingHTTPServer], None], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Stub().say(GOOD)
    serve(elsewhere.server)
    monkeypatch.setenv("TOKEN", KEY)
    stub.say(reply("", status, location=f"http://ana:pw1234@{elsewhere.host}/x?api_key=abcdef#{KEY}"))
    endpoint = stub.endpoint(headers={"Authorization": "Bearer ${TOKEN}"})
    says = failure(endpoint, False)
    assert f"sends us on to http://{elsewhere.host}/x ({status}). Requests with keys are not sent on" in says
    assert elsewhere.bodies == []
    assert len(stub.bodies) == 1


@pytest.mark.parametrize("location", ["", "http://[::1", "/other", "//", "http://:0/", "\xff"])
def test_an_odd_redirect_is_told_too(stub: Stub, location: str) -> None:
    stub.say(reply("", 302, **({"location": location} if location else {})))
    assert "sends us on to" in failure(stub.endpoint(), False)


def certificate(folder: Path) -> tuple[Path, Path]:
    cert, key = folder / "cert.pem", folder / "key.pem"
    openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=somebody.else"]
    subprocess.run([*openssl, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_a_bad_certificate_is_told(stub: Stub, tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate(tmp_path))
    stub.server.socket = tls.wrap_socket(stub.server.socket, server_side=True)
    stub.scheme = "https"
    stub.say(GOOD)
    says = failure(stub.endpoint(headers={"x-api-key": KEY}), False)
    assert "does not speak https, or with a bad certificate: [SSL: CERTIFICATE_VERIFY_FAILED]" in says
    assert stub.heads == []


def test_https_to_a_server_without_it_is_told(stub: Stub) -> None:
    stub.scheme = "https"
    assert "does not speak https" in failure(stub.endpoint(), False)


def test_a_server_that_is_down_is_told_and_not_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    endpoint = Endpoint.from_dict({**WHOLE, "url": f"http://127.0.0.1:{port}/reply"})
    assert failure(endpoint, False) == (
        f"http://127.0.0.1:{port}/reply does not answer. Start it, or check the url and the network"
    )
    assert caplog.text == ""


def test_a_host_that_there_is_not_is_told() -> None:
    assert "does not answer" in failure(Endpoint.from_dict({**WHOLE, "url": "http://nowhere.invalid/"}), False)


def test_silence_has_an_end(stub: Stub) -> None:
    endpoint = stub.say(silent(stub)).endpoint(timeout=0.2)
    began = time.monotonic()
    says = failure(endpoint, True)
    assert "in 0.2 s. Set a longer timeout in the endpoint's file. It was asked 3 times" in says
    assert 0.5 < time.monotonic() - began < 2


def test_a_server_that_takes_no_requests_has_an_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        endpoint = Endpoint.from_dict({**WHOLE, "url": f"http://127.0.0.1:{mute.getsockname()[1]}/", "timeout": 0.2})
        assert "gave no whole answer in 0.2 s" in failure(endpoint.model_copy(update={"retries": 0}))


def test_an_answer_in_drops_has_an_end(stub: Stub) -> None:
    """Each byte comes in time, and the whole does not."""
    stub.say(pieces(itertools.repeat(b" "), "application/json", pause=0.05))
    began = time.monotonic()
    assert "gave no whole answer in 0.3 s" in failure(stub.endpoint(timeout=0.3, retries=0), True)
    assert time.monotonic() - began < 1


def test_headers_in_drops_have_an_end(stub: Stub) -> None:
    def answer(handler: Any) -> None:
        for byte in itertools.chain(b"HTTP/1.1 200 OK\r\nx: ", itertools.repeat(97)):
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()
            time.sleep(0.02)

    endpoint = stub.say(answer).endpoint(timeout=0.3, retries=0)
    began = time.monotonic()
    assert "gave no whole answer in 0.3 s" in failure(endpoint, True)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 200 OK\r\ncontent-le", b'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"r']
)
def test_an_answer_that_breaks_off_is_asked_for_again(stub: Stub, sent: bytes) -> None:
    assert stub.say(raw(sent), GOOD).endpoint().ask(CHAT).tries == 2
    stub._queue.clear()
    says = failure(stub.say(raw(sent)).endpoint(), True)
    assert "broke off in mid-answer" in says
    assert "It was asked 4 times" in says


def test_what_is_no_http_is_told(stub: Stub) -> None:
    stub.say(raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"))
    assert "does not answer in HTTP" in failure(stub.endpoint(), False)
    assert len(stub.bodies) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"Internal nonsense", b'{"reply": "cut', b"\xff\xfe\x00", b"[" * 100_000, b'{"reply": ' + b"9" * 5000 + b"}"],
    ids=["nothing", "text", "cut", "bytes", "deep", "a long number"],
)
def test_garbage_is_told_and_asked_for_again(stub: Stub, content: bytes) -> None:
    assert stub.say(reply(content), GOOD).endpoint().ask(CHAT).tries == 2
    stub._queue.clear()
    says = failure(stub.say(reply(content)).endpoint(retries=1), True)
    assert "does not answer with JSON: " in says
    assert "It was asked 2 times" in says
    assert len(says) < 400


def test_an_answer_that_is_packed_otherwise_than_it_says_is_garbage(stub: Stub) -> None:
    stub.say(reply({"reply": "Hi."}, content_encoding="gzip"))
    assert "packed otherwise" in failure(stub.endpoint(retries=1), True)
    assert len(stub.bodies) == 2


def test_a_packed_answer_is_unpacked(stub: Stub) -> None:
    stub.say(reply(gzip.compress(b'{"reply": "Hi."}'), content_encoding="gzip"))
    assert stub.endpoint().ask(CHAT).text == "Hi."


@pytest.mark.parametrize("said", ["", " \n\t "])
def test_an_empty_message_is_told_and_asked_for_again(stub: Stub, said: str) -> None:
    assert stub.say(text(said), GOOD).endpoint().ask(CHAT).tries == 2
    stub._queue.clear()
    assert "answers with an empty message" in failure(stub.say(text(said)).endpoint(retries=0), True)


def test_half_a_letter_is_no_answer(stub: Stub) -> None:
    stub.say(reply(b'{"reply": "Hi \\ud800"}'))
    assert "half of a letter" in failure(stub.endpoint(retries=0), True)


def test_letters_come_as_they_are(stub: Stub) -> None:
    assert (
        stub.say(reply(b'{"reply": "caf\\u00e9 \\ud83d\\ude00 \xe6\x97\xa5"}')).endpoint().ask(CHAT).text
        == "café 😀 日"
    )


def test_five_mebibytes_are_no_message(stub: Stub) -> None:
    stub.say(text("a" * 5 * 2**20))
    assert "more than 4 MiB: that is no message" in failure(stub.endpoint(retries=0), True)


def test_an_endless_answer_has_an_end(stub: Stub) -> None:
    stub.say(pieces(itertools.repeat(b"[" * 2**16), "application/json", pause=0))
    assert "more than 4 MiB" in failure(stub.endpoint(retries=0, timeout=20))


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "one_request", "says"),
    [
        (400, True, 'refused (400): \'{"error": "too long"}\''),
        (401, False, "refuses the key, or needs one (401). Look at the headers in the endpoint's file"),
        (403, False, "refuses the key, or needs one (403)"),
        (404, False, "refused (404): "),
        (405, False, "refused (405): "),
        (413, True, "refused (413): "),
        (422, True, "refused (422): "),
        (501, False, "refused (501): "),
    ],
)
def test_a_refusal_is_told_and_not_asked_again(stub: Stub, status: int, one_request: bool, says: str) -> None:
    endpoint = stub.say(reply({"error": "too long"}, status)).endpoint()
    assert says in failure(endpoint, one_request)
    assert len(stub.bodies) == 1


def test_a_refusal_with_a_web_page_is_told_without_it(stub: Stub) -> None:
    stub.say(reply("<html><body>nginx</body></html>", 404, "text/html"))
    assert failure(stub.endpoint()) == f"{stub.url} refused (404): a web page"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 529])
def test_what_passes_is_waited_for(stub: Stub, status: int) -> None:
    answer = stub.say(reply("busy", status), reply("busy", status), GOOD).endpoint().ask(CHAT)
    assert (answer.text, answer.tries) == ("Try another one.", 3)


@pytest.mark.parametrize(("status", "tries"), [(500, 4), (429, 12)])
def test_tries_have_an_end(stub: Stub, status: int, tries: int) -> None:
    says = failure(stub.say(reply("busy", status)).endpoint(), True)
    assert says == f"{stub.url} refused ({status}): 'busy'. It was asked {tries} times"
    assert len(stub.bodies) == tries


@pytest.mark.parametrize("number", [0, 1, 5])
def test_the_file_says_how_often_a_request_is_made_again(stub: Stub, number: int) -> None:
    for answer in (reply("busy", 500), reply("busy", 429), text(""), raw(b""), reply("nonsense")):
        stub.bodies.clear()
        stub._queue.clear()
        failure(stub.say(answer).endpoint(retries=number), True)
        assert len(stub.bodies) == number + 1


def seconds_until_good(stub: Stub, after: str, status: int = 429) -> float:
    stub.say(reply("busy", status, retry_after=after), GOOD)
    began = time.monotonic()
    assert stub.endpoint().ask(CHAT).tries == 2
    return time.monotonic() - began


def test_retry_after_is_heeded(stub: Stub) -> None:
    assert 0.3 <= seconds_until_good(stub, "0.3") < 0.9


def test_retry_after_may_be_a_date(stub: Stub) -> None:
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
    assert 0.5 <= seconds_until_good(stub, email.utils.format_datetime(soon, usegmt=True)) < 3


@pytest.mark.parametrize(
    "after",
    ["0", "-5", "nan", "soon", "", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 99999999999999999999 07:28:00 GMT"],
)
def test_an_odd_retry_after_is_as_good_as_none(stub: Stub, after: str) -> None:
    assert seconds_until_good(stub, after) < 0.9


@pytest.mark.parametrize("after", ["61", "inf", "1e9", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_pause_that_is_too_long_is_not_waited_for(stub: Stub, after: str) -> None:
    began = time.monotonic()
    assert "refused (429): 'busy'" in failure(stub.say(reply("busy", 429, retry_after=after)).endpoint(), True)
    assert time.monotonic() - began < 1
    assert len(stub.bodies) == 1


# -- pace, threads, event loops ---------------------------------------------------------------------------------------


def test_there_are_no_more_in_a_minute_than_allowed(stub: Stub) -> None:
    endpoint = stub.say(GOOD).endpoint(per_minute=600)  # one in 0.1 s

    async def together() -> list[Any]:
        return await asyncio.gather(*(endpoint.aask(CHAT) for _ in range(3)))

    began = time.monotonic()
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(endpoint.ask, CHAT) for _ in range(3)]
        found = asyncio.run(together()) + [one.result() for one in asked]
    assert 0.5 <= time.monotonic() - began < 1.5
    # Waiting for one's turn is no time of the endpoint's.
    assert max(answer.seconds for answer in found) < 0.3


def test_a_retry_is_a_request_too(stub: Stub) -> None:
    endpoint = stub.say(reply("busy", 500), reply("busy", 500), GOOD).endpoint(per_minute=600)
    began = time.monotonic()
    endpoint.ask(CHAT)
    assert time.monotonic() - began >= 0.2


def test_many_may_ask_at_once_from_threads_and_event_loops(stub: Stub) -> None:
    def answer(handler: Any) -> None:
        time.sleep(0.1)
        text(handler.body["messages"][-1]["content"])(handler)

    endpoint = stub.say(answer).endpoint()

    def chat(name: str) -> list[dict[str, str]]:
        return [{"role": "user", "content": name}]

    async def together(loop: int) -> list[str]:
        found = await asyncio.gather(*(endpoint.aask(chat(f"{loop} {i}")) for i in range(50)))
        return [one.text for one in found]

    began = time.monotonic()
    with ThreadPoolExecutor(32) as pool:
        loops = [pool.submit(asyncio.run, together(loop)) for loop in range(2)]
        plain = [pool.submit(endpoint.ask, chat(f"plain {i}")) for i in range(16)]
        assert [one.result() for one in loops] == [[f"{loop} {i}" for i in range(50)] for loop in range(2)]
        assert [one.result().text for one in plain] == [f"plain {i}" for i in range(16)]
    assert len(stub.bodies) == 116
    assert time.monotonic() - began < 3  # one after the other, that is 12 s


def test_one_event_loop_after_the_other(stub: Stub) -> None:
    endpoint = stub.say(GOOD).endpoint()
    assert {asyncio.run(endpoint.aask(CHAT)).text for _ in range(3)} == {"Try another one."}


def test_a_plain_call_works_inside_a_running_event_loop(stub: Stub) -> None:
    async def cell() -> str:
        return stub.say(GOOD).endpoint().ask(CHAT).text

    assert asyncio.run(cell()) == "Try another one."


def test_the_event_loop_stays_free(stub: Stub) -> None:
    async def story() -> int:
        task = asyncio.create_task(stub.say(silent(stub)).endpoint(timeout=0.4, retries=0).aask(CHAT))
        ticks = 0
        while not task.done():
            await asyncio.sleep(0.02)
            ticks += 1
        with pytest.raises(EndpointError):
            await task
        return ticks

    assert asyncio.run(story()) > 10


def test_errors_are_the_same_for_both_calls(stub: Stub) -> None:
    endpoint = stub.say(reply({"error": "no"}, 404)).endpoint()
    with pytest.raises(EndpointError, match="refused \\(404\\)"):
        asyncio.run(endpoint.aask(CHAT))


def test_a_cancelled_call_ends_at_once_and_is_not_made_again(stub: Stub, caplog: pytest.LogCaptureFixture) -> None:
    endpoint = stub.say(silent(stub), GOOD).endpoint(timeout=0.5)

    async def story() -> str:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(endpoint.aask(CHAT), 0.1)
        assert time.monotonic() - began < 0.4
        said = (await endpoint.aask(CHAT)).text
        await asyncio.sleep(0.6)
        return said

    assert asyncio.run(story()) == "Try another one."
    assert len(stub.bodies) == 2
    assert caplog.text == ""


def test_python_does_not_wait_for_a_cancelled_call(stub: Stub) -> None:
    stub.say(silent(stub))
    script = f"""
import asyncio
from sdkit.endpoints import Endpoint
endpoint = Endpoint(url={stub.url!r}, body={{}}, response_path=["reply"], timeout=20)
async def story():
    task = asyncio.create_task(endpoint.aask({CHAT!r}))
    await asyncio.sleep(0.1)
    task.cancel()
asyncio.run(story())
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=15, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_copies_can_be_asked_as_well(stub: Stub) -> None:
    endpoint = stub.say(GOOD).endpoint()
    endpoint.ask(CHAT)
    for one in (copy.copy(endpoint), copy.deepcopy(endpoint), endpoint.model_copy(update={"body": {"x": 1}})):
        assert one.ask(CHAT).text == "Try another one."
    assert stub.bodies[-1] == {"x": 1, "messages": CHAT}
    named = endpoint.model_copy(update={"headers": {"X-Who": "me"}})
    named.ask(CHAT)
    assert stub.heads[-1]["x-who"] == "me"


def test_what_runs_here_is_not_asked_for_by_way_of_a_proxy(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    for proxy in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:1")
    assert stub.say(GOOD).endpoint().ask(CHAT).text == "Try another one."


def test_a_failure_that_may_be_a_single_one_is_tried_again_soon(stub: Stub) -> None:
    began = time.perf_counter()
    assert stub.say(reply("busy", 500), GOOD).endpoint().ask(CHAT).tries == 2
    assert time.perf_counter() - began < 0.5


def test_connections_are_kept_and_closed_in_the_end(stub: Stub, recwarn: pytest.WarningsRecorder) -> None:
    endpoint = stub.say(GOOD).endpoint()
    for _ in range(3):
        endpoint.ask(CHAT)
    client = endpoint._connection._client
    assert client is not None
    del endpoint
    assert client.is_closed
    assert [str(warning.message) for warning in recwarn] == []


# -- keys -------------------------------------------------------------------------------------------------------------

# How a key gets into a request; {host} is the server's.
KEYED: dict[str, dict[str, Any]] = {
    "header": {"headers": {"Authorization": "Bearer ${TOKEN}"}},
    "header of any name": {"headers": {"X-Anything": "${TOKEN}"}},
    "query": {"url": "http://{host}/reply?x=${TOKEN}&y=1"},
    "path": {"url": "http://{host}/${TOKEN}/reply"},
    "password": {"url": "http://ana:${QUOTED}@{host}/reply"},
    "user": {"url": "http://${QUOTED}:@{host}/reply"},
    "body": {"body": {"auth": [{"deep": "${TOKEN}"}], "model": "m"}},
    "any place of the body": {"body": {"model": "a ${TOKEN}"}},
}
LITERAL: dict[str, dict[str, Any]] = {
    "header": {"headers": {"Authorization": f"Bearer {KEY}"}},
    "header of any name": {"headers": {"X-Anything": KEY}},
    "basic": {"headers": {"authorization": "Basic YW5hOnNrLW5ldmVyLXRvLWJlLXNlZW4vMDEyMzQ1Njc4OSthYmNkZWY="}},
    "query": {"url": f"http://{{host}}/reply?x={KEY}"},
    "password": {"url": "http://ana:sk-never-to-be-seen%2F0123456789+abcdef@{host}/reply"},
    "body": {"body": {"api_key": KEY}},
}


def keyed(stub: Stub, fields: dict[str, Any], **more: Any) -> Endpoint:
    whole = {name: value.replace("{host}", stub.host) if name == "url" else value for name, value in fields.items()}
    return stub.endpoint(**whole, **more)


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", KEY)
    monkeypatch.setenv("QUOTED", KEY.replace("/", "%2F").replace("+", "%2B"))


def parrot(status: int, kind: str) -> Answering:
    """Send all of the request back, in the text of an error, in a header and in the address of a redirect."""

    def answer(handler: Any) -> None:
        heads = "\n".join(f"{name}: {value}" for name, value in handler.headers.items())
        said = f"{'x' * 150}{handler.path} {heads} {json.dumps(handler.body)}"
        content: Any = {"error": said, handler.path: heads, json.dumps(handler.body): 1} if "json" in kind else said
        reply(content, status, kind, x_echo=said.replace("\n", " "), location=f"/there{handler.path}")(handler)

    return answer


PARROTS = [
    (200, "application/json"),
    (200, "text/plain"),
    (302, "text/plain"),
    (400, "text/plain"),
    (500, "text/plain"),
]


def has_key(shown: str) -> bool:
    """Tell whether a text has the key, however it is spelled, or a good part of it."""
    spelled = shown.replace("%2F", "/").replace("%2B", "+").replace("\\/", "/")
    parts = [KEY[i : i + 8] for i in range(0, len(KEY) - 8)]
    return any(part in spelled for part in parts) or "YW5hOnNrLW5ldm" in shown or "c2stbmV2ZXIt" in shown


@pytest.mark.parametrize("status", PARROTS, ids=str)
@pytest.mark.parametrize("place", [*KEYED, *(f"literal {place}" for place in LITERAL)])
@pytest.mark.usefixtures("token")
def test_a_key_is_never_shown(
    stub: Stub, place: str, status: tuple[int, str], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    fields = LITERAL[place.removeprefix("literal ")] if place.startswith("literal ") else KEYED[place]
    endpoint = keyed(stub.say(parrot(*status)), fields, retries=1)
    shown = []
    for ask in (endpoint.ask, lambda chat: asyncio.run(endpoint.aask(chat))):
        with pytest.raises(EndpointError) as caught:
            ask(CHAT)
        shown += ["".join(traceback.format_exception(caught.value)), repr(caught.value), str(caught.value.__dict__)]
    # The server did get it.
    sent = f"{stub.paths[0]} {stub.heads[0]} {stub.bodies[0]}"
    assert has_key(sent)
    shown += [repr(endpoint), str(endpoint), endpoint.name, endpoint.address, repr(EndpointAgent(endpoint))]
    shown += [json.dumps(endpoint.about()), endpoint.model_dump_json(), repr(endpoint.model_dump())]
    shown += [record.getMessage() + repr(record.args) for record in caplog.records]
    assert any("httpcore" in record.name for record in caplog.records)
    for one in shown:
        assert not has_key(one), one


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("place", KEYED)
def test_a_key_in_what_is_said_is_not_kept_either(stub: Stub, place: str) -> None:
    """An assistant may be made to tell its key; who reads the conversations does not need it."""
    endpoint = keyed(stub.say(text(f"It is {KEY}.")), KEYED[place])
    assert endpoint.ask(CHAT).text == "It is …."


def test_words_of_an_answer_stay_even_if_they_are_in_the_file(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL", "a-model-with-a-long-name")
    said = "I am a-model-with-a-long-name, a Bearer of application/json from My Laboratory of Kettles."
    headers = {"authorization": "Bearer x", "accept": "application/json", "x-title": "My Laboratory of Kettles"}
    assert stub.say(text(said)).endpoint(body={"model": "${MODEL}"}, headers=headers).ask(CHAT).text == said


@pytest.mark.usefixtures("token")
def test_what_is_down_shows_no_key_either() -> None:
    url = "http://ana:${QUOTED}@127.0.0.1:1/${TOKEN}?key=${TOKEN}"
    endpoint = Endpoint.from_dict({**WHOLE, "url": url})
    assert failure(endpoint).startswith("http://127.0.0.1:1/${TOKEN} does not answer")


@pytest.mark.parametrize(
    "fields",
    [
        {"headers": f"Authorization: Bearer {KEY}"},
        {"headers": {"Authorization": ["Bearer", KEY]}},
        {"headers": {"Authorization": f"Bearer {KEY}\n"}},
        {"url": f"user:{KEY}@host"},
        {"url": f"http://user:{KEY}@host/"},
        {"headers": {f"Authorization: Bearer {KEY}": None}},
        {"headers": {f"Authorization: Bearer {KEY}": ""}},
        {"body": f"api_key: {KEY}"},
        {"body": {"api_key": {KEY}}},
        {"response_path": {KEY: 1}},
    ],
)
def test_a_broken_file_shows_no_key(tmp_path: Path, fields: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        Endpoint.from_dict({**WHOLE, **fields})
    assert not has_key("".join(traceback.format_exception(caught.value)))
    with pytest.raises(ValidationError) as invalid:
        Endpoint(**{**WHOLE, **fields})
    assert not has_key("".join(traceback.format_exception(invalid.value)))
    with pytest.raises(FileError) as of_file:
        Endpoint.from_file(written(tmp_path, f"Bearer {KEY}"))
    assert not has_key("".join(traceback.format_exception(of_file.value)))


@pytest.mark.usefixtures("token")
def test_a_dump_is_as_the_file_and_makes_the_same_endpoint(stub: Stub) -> None:
    fields = {
        "url": stub.url,
        "body": {"key": "${TOKEN}"},
        "response_path": ["reply"],
        "headers": {"Authorization": "Bearer ${TOKEN}"},
    }
    endpoint = Endpoint.from_dict(fields)
    assert endpoint.model_dump(exclude_defaults=True) == fields
    Endpoint.from_dict(json.loads(stub.say(GOOD) and endpoint.model_dump_json())).ask(CHAT)
    assert stub.heads[0]["authorization"] == f"Bearer {KEY}"
    assert endpoint.about() == {"url": stub.url, "body": {"key": "${TOKEN}"}, "system": None}


def test_another_key_makes_no_other_endpoint(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of an endpoint says what shapes its answers; keys change."""
    found = []
    for value in ("first-key-0123456789", "second-key-0123456789"):
        monkeypatch.setenv("TOKEN", value)
        found.append(keyed(stub, KEYED["query"], headers={"x": "${TOKEN}"}).about())
    assert found[0] == found[1]


# -- lessons ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["replay", "record", "auto", "live"])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat", "/v1/messages", "/api/embed"])
@pytest.mark.usefixtures("token")
def test_an_endpoint_is_never_recorded_nor_replayed(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, path: str
) -> None:
    """It is what is tried out; even if it looks like a language model, and is called like one of a lesson."""
    monkeypatch.setattr(playback, "_open", {})
    monkeypatch.setenv("SDKIT_LLM", mode)
    recording = tmp_path / "42.jsonl"
    playback.open_lesson(playback.Lesson("42", recording, lambda: ("real", "because"), lambda _: "a fake"))
    stub.say(GOOD, text("Something else."))
    body = {"model": "lesson-42", "stream": False}
    endpoint = stub.endpoint(url=f"http://{stub.host}{path}", body=body, headers={"x-api-key": "${TOKEN}"})
    assert endpoint.ask(CHAT).text == "Try another one."
    assert asyncio.run(endpoint.aask(CHAT)).text == "Something else."
    assert [one["model"] for one in stub.bodies] == ["lesson-42", "lesson-42"]
    assert not recording.exists()


def test_an_endpoint_is_not_answered_by_the_model_inside_python(stub: Stub) -> None:
    endpoint = stub.say(GOOD).endpoint(url=f"http://{stub.host}/api/chat", body={"model": "embedded"})
    assert endpoint.ask(CHAT).text == "Try another one."
