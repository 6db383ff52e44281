"""What requests to language models, and their answers, look like on the wire: Ollama's, OpenAI's and Anthropic's.

A request is reduced to what shapes the answer, and an answer to what does not change from run to run. That is what a
recording holds, and it says nothing of hosts, keys or clients.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sdkit.errors import InputError

OLLAMA, OPENAI, RESPONSES, ANTHROPIC = "/api/chat", "/chat/completions", "/responses", "/v1/messages"
# Google has the model in the path: its requests are limited and repeated as all are, and not recorded.
GOOGLE = (":generateContent", ":streamGenerateContent")
EMBED = "/api/embed"
EMBEDDINGS = (EMBED, "/embeddings")
"""Where texts go to become vectors: Ollama's and OpenAI's."""
PATHS = (OLLAMA, "/api/generate", "/v2/chat", OPENAI, RESPONSES, ANTHROPIC, *GOOGLE, *EMBEDDINGS)

_UNSEEN = {"stream", "keep_alive", "stream_options"}  # they change how an answer travels, not what it says
_NOTHING: tuple[Any, ...] = (None, [], {})
_SCHEMAS = {"format", "response_format", "tools", "output_config", "text"}
_TWO_FORMS = (RESPONSES, ANTHROPIC)  # their answers, whole and in pieces, cannot be turned into each other
# Another one at each run, though the answer is the same.
_FLEETING = re.compile(r"created_at|created|completed_at|id|.+_duration|timings|system_fingerprint|service_tier|model")
JSON, LINES, EVENTS = "application/json", "application/x-ndjson", "text/event-stream"


@dataclass(frozen=True)
class Call:
    """A request to a language model.

    Attributes
    ----------
    path : str
        One of `PATHS`: the part of the address that says which protocol it is.
    body : dict
        As it was sent.
    repeat : int
        How often the same was asked before, for a protocol that has no seed to tell the answers apart.
    """

    path: str
    body: dict[str, Any]
    repeat: int = 0

    @property
    def model(self) -> str:
        """The model's name, as it was sent."""
        model = self.body.get("model")
        return model if isinstance(model, str) else ""

    @property
    def streams(self) -> bool:
        """Whether the answer is wanted piece by piece; for Ollama that is the default."""
        return bool(self.body.get("stream", self.path.startswith("/api/")))

    @property
    def seed(self) -> int | None:
        """The seed, if one was sent."""
        place = (self.body.get("options") or {}) if self.path.startswith("/api/") else self.body
        return place.get("seed")

    def with_seed(self, seed: int) -> Call:
        """Return the same call with a seed, if its protocol has one."""
        if self.path.startswith("/api/"):
            return Call(self.path, {**self.body, "options": {**(self.body.get("options") or {}), "seed": seed}})
        return Call(self.path, {**self.body, "seed": seed}) if self.path == OPENAI else self

    def with_model(self, model: str) -> Call:
        """Return the same call to another model."""
        return Call(self.path, {**self.body, "model": model}, self.repeat)

    @cached_property
    def request(self) -> dict[str, Any]:
        """What shapes the answer, and nothing else."""
        body = {name: _bare(value, name) for name, value in self.body.items() if name not in _UNSEEN}
        shape = {"repeat": self.repeat} if self.repeat else {}
        if self.streams and self.path in _TWO_FORMS:
            shape["stream"] = True
        return {"path": self.path, "body": {name: part for name, part in body.items() if part not in _NOTHING}} | shape

    @cached_property
    def key(self) -> str:
        """The SHA-256 of `request`, in hexadecimal."""
        return key_of(self.request)

    @property
    def prompt(self) -> str:
        """The last thing said to the model, for people."""
        return prompt_of(self.request)


def key_of(request: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hexadecimal, of a canonical request."""
    text = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def prompt_of(request: Mapping[str, Any]) -> str:
    """Return the last thing that a canonical request says to the model."""
    body = request.get("body", {})
    said = body.get("messages") or body.get("input") or body.get("prompt") or ""
    last = said[-1] if isinstance(said, list) else said
    content = last.get("content", "") if isinstance(last, dict) else last
    if isinstance(content, list):
        content = " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content)


def is_call(path: str, content: bytes) -> bool:
    """Tell whether a request, whose path ends in one of `PATHS`, asks a model to write something."""
    if path.endswith("/api/generate"):
        return b'"prompt"' in content  # without one, it loads or unloads a model
    return path.endswith(GOOGLE) or b'"model"' in content


def call_of(path: str, content: bytes) -> Call:
    """Return the call that a request is: its path ends in one of `PATHS`; a body that cannot be read is empty."""
    try:
        body = json.loads(content)
    except ValueError:
        body = {}
    return Call(next(ending for ending in PATHS if path.endswith(ending)), body if isinstance(body, dict) else {})


def _bare(value: Any, name: str) -> Any:
    """Return a field of a body without what says nothing: null in messages, and null, [] and {} in options."""
    if name in _SCHEMAS:
        return plain_schema(value)
    if name == "options" and isinstance(value, dict):
        return {option: part for option, part in value.items() if part not in _NOTHING}
    if isinstance(value, dict):
        return {key: _bare(part, "") for key, part in value.items() if part is not None}
    return [_bare(part, "") for part in value] if isinstance(value, list) else value


def plain_schema(schema: Any) -> Any:
    """Return a schema without an `enum` that repeats a `const`: old releases of pydantic write both, new ones one."""
    if isinstance(schema, dict):
        drop = {"enum"} if "const" in schema and schema.get("enum") == [schema["const"]] else set()
        return {name: plain_schema(part) for name, part in schema.items() if name not in drop}
    return [plain_schema(part) for part in schema] if isinstance(schema, list) else schema


def reply_of(call: Call, content_type: str, text: str) -> Any:
    """Return what of an answer is worth keeping: its JSON, or the list of its events; None if it is neither."""
    try:
        if call.path.startswith("/api/"):
            return _merged([json.loads(line) for line in text.splitlines() if line.strip()])
        if EVENTS in content_type:
            data = [line.removeprefix("data:").strip() for line in text.splitlines() if line.startswith("data:")]
            return [_lasting(json.loads(event)) for event in data if event != "[DONE]"]
        return _lasting(json.loads(text))
    except (ValueError, AttributeError, TypeError):
        return None


def content_of(call: Call, reply: Any, model: str) -> tuple[str, bytes]:
    """Return a kept answer as the call wants to have it: its content type, and its bytes."""
    if call.path.startswith("/api/"):
        return LINES, json.dumps({"model": model, **reply}).encode() + b"\n"
    if call.path == OPENAI and isinstance(reply, list) != call.streams:
        reply = _joined(reply) if isinstance(reply, list) else [_as_event(reply)]
    if isinstance(reply, list) != call.streams:
        raise InputError("an answer with tool calls was recorded piece by piece, and is wanted whole: record it whole")
    about = {"id": "recorded", "created": 0, "model": model} if call.path == OPENAI else {}
    if not isinstance(reply, list):
        return JSON, json.dumps({"id": "recorded", "model": model, **about, **reply}).encode()
    lines = []
    for event in reply:
        kind = f"event: {event['type']}\n" if "type" in event else ""
        lines.append(f"{kind}data: {json.dumps({**about, **_named(event, model)})}\n\n")
    return EVENTS, ("".join(lines) + ("data: [DONE]\n\n" if call.path == OPENAI else "")).encode()


def is_reply(path: str, reply: Any) -> bool:
    """Tell whether this can be a kept answer."""
    if path == EMBED:
        try:
            return bool(vector_of(reply))
        except (ValueError, TypeError, LookupError, struct.error):
            return False
    if path.startswith("/api/"):
        return isinstance(reply, dict) and bool(reply.get("done"))
    return isinstance(reply, dict) or (isinstance(reply, list) and all(isinstance(event, dict) for event in reply))


def reply_of_vector(vector: Sequence[float]) -> dict[str, str]:
    """Return an embedding as it is kept: in half precision, little-endian, in base64."""
    return {"float16": base64.b64encode(struct.pack(f"<{len(vector)}e", *vector)).decode()}


def vector_of(reply: Mapping[str, str]) -> list[float]:
    """Return the embedding that is kept so."""
    return [number for (number,) in struct.iter_unpack("<e", base64.b64decode(reply["float16"], validate=True))]


def _merged(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the pieces of an answer of Ollama's as one."""
    if not lines or not lines[-1].get("done"):
        raise ValueError("the answer has no end")
    whole: dict[str, Any] = _lasting(lines[-1])
    for name in ("content", "thinking"):
        if text := "".join((line.get("message") or {}).get(name) or "" for line in lines):
            whole.setdefault("message", {})[name] = text
    if calls := [call for line in lines for call in (line.get("message") or {}).get("tool_calls") or []]:
        whole["message"]["tool_calls"] = calls
    if text := "".join(line.get("response") or "" for line in lines):  # of /api/generate
        whole["response"] = text
        whole.pop("context", None)
    return whole


def _lasting(value: Any) -> Any:
    """Return an answer without what changes from run to run; what lies in it deeper than a message is left alone."""
    if not isinstance(value, dict):
        return value
    kept = {name: part for name, part in value.items() if not _FLEETING.fullmatch(name)}
    for name in ("message", "response"):  # Anthropic's and OpenAI's events wrap the answer once more
        if isinstance(kept.get(name), dict) and "type" in value:
            kept[name] = _lasting(kept[name])
    return kept


def _named(event: dict[str, Any], model: str) -> dict[str, Any]:
    """Return an event with the names that `_lasting` took out, so that clients find them."""
    named = dict(event)
    for name in ("message", "response"):
        if isinstance(event.get(name), dict):
            named[name] = {"id": "recorded", "created_at": 0, "model": model, **event[name]}
    return named


def _as_event(reply: dict[str, Any]) -> dict[str, Any]:
    """Return a whole answer of OpenAI's chat completions as an event."""
    event = {**reply, "object": "chat.completion.chunk"}
    event["choices"] = [
        {**{name: part for name, part in choice.items() if name != "message"}, "delta": choice.get("message", {})}
        for choice in reply.get("choices", [])
    ]
    return event


def _joined(events: list[dict[str, Any]]) -> list[dict[str, Any]] | dict[str, Any]:
    """Return the events of a chat completion as one answer; as they are, if they are more than text."""
    choices = [choice for event in events for choice in event.get("choices", [])]
    if any(choice.get("index") or (choice.get("delta") or {}).get("tool_calls") for choice in choices):
        return events
    text = "".join((choice.get("delta") or {}).get("content") or "" for choice in choices)
    reason = next((choice["finish_reason"] for choice in reversed(choices) if choice.get("finish_reason")), None)
    usage = next((event["usage"] for event in events if event.get("usage")), None)
    message = {"role": "assistant", "content": text}
    whole = {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": reason}]}
    return whole | ({"usage": usage} if usage else {})
