from __future__ import annotations

import json
from typing import Any

import pytest

from sdkit.llm import wire

ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "options": {"seed": 1, "temperature": 0.8}}


def call(body: dict[str, Any], path: str = "/api/chat") -> wire.Call:
    return wire.call_of(path, json.dumps(body).encode())


@pytest.mark.parametrize(
    "same",
    [
        ASKED | {"stream": False},
        ASKED | {"stream": True, "keep_alive": "5m"},
        ASKED | {"tools": [], "format": None, "extra": {}},
        {"options": {"temperature": 0.8, "seed": 1, "top_k": None}, "messages": ASKED["messages"], "model": "m"},
    ],
)
def test_what_does_not_shape_the_answer_is_not_in_the_key(same: dict[str, Any]) -> None:
    assert call(same).key == call(ASKED).key


@pytest.mark.parametrize(
    "other",
    [
        ASKED | {"model": "n"},
        ASKED | {"options": {"seed": 2, "temperature": 0.8}},
        ASKED | {"options": {"seed": 1, "temperature": 0.7}},
        ASKED | {"format": {"type": "object"}},
        ASKED | {"messages": [{"role": "user", "content": "Hello!"}]},
        ASKED | {"messages": [{"role": "system", "content": "Hello"}]},
    ],
)
def test_what_shapes_the_answer_is(other: dict[str, Any]) -> None:
    assert call(other).key != call(ASKED).key


def test_host_and_folder_of_a_server_are_not_in_the_key() -> None:
    assert call(ASKED, "/secret-folder/v1/chat/completions").request == call(ASKED, "/chat/completions").request


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"format": {"properties": {"a": {}}}}, {"format": {"properties": {}}}),
        ({"format": {"const": None}}, {"format": {}}),
        ({"format": {"enum": [None]}}, {"format": {"type": "null"}}),
        ({"tools": [{"parameters": {"default": []}}]}, {"tools": [{"parameters": {}}]}),
    ],
)
def test_what_is_empty_says_something_in_a_schema(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert call(ASKED | one).key != call(ASKED | other).key


@pytest.mark.parametrize(
    ("path", "content", "is_call"),
    [
        ("/api/chat", b'{"model": "m"}', True),
        ("/api/generate", b'{"model": "m", "prompt": "Hi"}', True),
        ("/api/generate", b'{"model": "m", "keep_alive": 0}', False),
        ("/surveys/7/responses", b'{"answer": 3}', False),
        ("/v1/responses", b'{"model": "m"}', True),
        ("/v1beta/models/gemini:generateContent", b'{"contents": []}', True),
    ],
)
def test_a_call_asks_a_model_to_write(path: str, content: bytes, is_call: bool) -> None:
    assert wire.is_call(path, content) == is_call


def test_old_and_new_pydantic_write_a_literal_alike() -> None:
    old, new = {"const": "Ana", "enum": ["Ana"]}, {"const": "Ana"}
    assert call(ASKED | {"format": old}).key == call(ASKED | {"format": new}).key
    assert call(ASKED | {"format": {"enum": ["Ana"]}}).key != call(ASKED | {"format": new}).key


@pytest.mark.parametrize("content", [b"not json", b"\xff", b"[]", b""])
def test_a_body_that_cannot_be_read_is_empty(content: bytes) -> None:
    assert wire.call_of("/api/chat", content).body == {}


def test_a_seed_goes_where_its_protocol_has_it() -> None:
    assert call(ASKED).with_seed(9).body["options"] == {"seed": 9, "temperature": 0.8}
    assert call({"model": "m"}).with_seed(9).seed == 9
    assert call({"model": "m"}, "/v1/chat/completions").with_seed(9).body["seed"] == 9
    assert call({"model": "m"}, "/v1/messages").with_seed(9).seed is None


class TestOllama:
    LINES = (
        {"model": "m", "created_at": "2026", "message": {"role": "assistant", "content": "Good "}, "done": False},
        {"model": "m", "created_at": "2026", "message": {"role": "assistant", "content": "day."}, "done": False},
        {"model": "m", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
        | {"total_duration": 5, "eval_count": 3},
    )

    def test_an_answer_is_kept_as_one_without_times(self) -> None:
        text = "\n".join(json.dumps(line) for line in self.LINES)
        reply = wire.reply_of(call(ASKED), wire.LINES, text)
        message = {"role": "assistant", "content": "Good day."}
        assert reply == {"message": message, "done": True, "done_reason": "stop", "eval_count": 3}
        kind, content = wire.content_of(call(ASKED), reply, "who")
        assert kind == wire.LINES
        assert json.loads(content) == {"model": "who", **reply}

    def test_tool_calls_and_thoughts_are_kept(self) -> None:
        lines = [
            {"message": {"role": "assistant", "content": "", "thinking": "Hm. "}, "done": False},
            {"message": {"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]}, "done": False},
            {"message": {"role": "assistant", "content": ""}, "done": True},
        ]
        reply = wire.reply_of(call(ASKED), wire.LINES, "\n".join(map(json.dumps, lines)))
        assert reply["message"]["thinking"] == "Hm. "
        assert reply["message"]["tool_calls"] == [{"function": {"name": "f"}}]

    @pytest.mark.parametrize("text", ["", "no json", '{"message": {"content": "cut"}, "done": false}', "[]", "{}"])
    def test_an_answer_without_an_end_is_none(self, text: str) -> None:
        assert wire.reply_of(call(ASKED), wire.LINES, text) is None


class TestOpenAI:
    WHOLE = call({"model": "m"}, "/v1/chat/completions")
    PIECES = call({"model": "m", "stream": True}, "/v1/chat/completions")
    REPLY = {"id": "x", "created": 5, "model": "m", "object": "chat.completion", "system_fingerprint": "f"} | {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}]
    }

    def test_a_whole_answer_is_replayed_whole_or_as_events(self) -> None:
        reply = wire.reply_of(self.WHOLE, wire.JSON, json.dumps(self.REPLY))
        assert set(reply) == {"object", "choices"}
        kind, content = wire.content_of(self.WHOLE, reply, "who")
        assert (kind, json.loads(content)["model"]) == (wire.JSON, "who")
        kind, content = wire.content_of(self.PIECES, reply, "who")
        event, end = content.decode().split("\n\n")[:2]
        assert (kind, end) == (wire.EVENTS, "data: [DONE]")
        assert json.loads(event.removeprefix("data: "))["choices"][0]["delta"]["content"] == "Hi."

    def test_events_are_replayed_as_events_or_whole(self) -> None:
        pieces = [{"delta": {"content": "H"}}, {"delta": {"content": "i."}}, {"delta": {}, "finish_reason": "stop"}]
        text = "".join(f"data: {json.dumps({'id': 'x', 'choices': [piece]})}\n\n" for piece in pieces)
        reply = wire.reply_of(self.PIECES, wire.EVENTS, text + "data: [DONE]\n\n")
        assert reply == [{"choices": [piece]} for piece in pieces]
        _, content = wire.content_of(self.PIECES, reply, "who")
        assert content.decode().count("data: ") == 4
        _, content = wire.content_of(self.WHOLE, reply, "who")
        choice = json.loads(content)["choices"][0]
        assert (choice["message"]["content"], choice["finish_reason"]) == ("Hi.", "stop")


def test_an_answer_of_anthropics_cannot_be_turned_so_its_form_is_in_the_key() -> None:
    whole, pieces = call({"model": "m"}, "/v1/messages"), call({"model": "m", "stream": True}, "/v1/messages")
    reply = wire.reply_of(
        whole, wire.JSON, '{"id": "x", "type": "message", "content": [{"type": "text", "text": "a"}]}'
    )
    assert reply == {"type": "message", "content": [{"type": "text", "text": "a"}]}
    assert json.loads(wire.content_of(whole, reply, "who")[1])["content"][0]["text"] == "a"
    assert whole.key != pieces.key
    events = wire.reply_of(pieces, wire.EVENTS, 'event: message_start\ndata: {"type": "message_start"}\n\n')
    _, content = wire.content_of(pieces, events, "who")
    assert content == b'event: message_start\ndata: {"type": "message_start"}\n\n'


@pytest.mark.parametrize(
    ("body", "prompt"),
    [
        ({"messages": [{"content": "one"}, {"content": "two"}]}, "two"),
        ({"messages": [{"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]}, "a b"),
        ({"prompt": "p"}, "p"),
        ({"input": "i"}, "i"),
        ({}, ""),
    ],
)
def test_the_prompt_is_the_last_thing_said(body: dict[str, Any], prompt: str) -> None:
    assert wire.prompt_of({"body": body}) == prompt
