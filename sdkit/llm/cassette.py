"""Recordings: the answers of a language model, kept in a file, each under the SHA-256 of its request.

A recording is a JSONL file: a header, the schemas that requests ask for, then an answer a line with the request that it
answers. It is sorted by what was asked, so that a changed prompt is a readable change of one line. There are no hosts,
keys, headers or times in it.
"""

from __future__ import annotations

import difflib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdkit.errors import FileError
from sdkit.files import read_text, write_text
from sdkit.llm import wire

VERSION = 1
HEADER = {"recording": "sdkit", "version": VERSION}
_SHOWN = 60  # characters of each side of a difference
_DIFFERENCES = 3


@dataclass(frozen=True)
class Answer:
    """A recorded answer.

    Attributes
    ----------
    key : str
        SHA-256 of the request, in hexadecimal.
    model : str
        Who answered, such as "embedded:qwen2.5-coder-1.5b".
    request : dict
        The canonical request: `wire.Call.request`.
    reply : dict or list
        The answer, or its events: see `wire.reply_of`.
    """

    key: str
    model: str
    request: dict[str, Any]
    reply: Any

    @property
    def prompt(self) -> str:
        """The last thing that was said to the model."""
        return wire.prompt_of(self.request)

    @property
    def embeds(self) -> bool:
        """Whether it is the embedding of a text."""
        return bool(self.request["path"] == wire.EMBED)


class Recording:
    """The recorded answers of one lesson.

    Parameters
    ----------
    path
        The JSONL file; it may not exist yet.

    Raises
    ------
    FileError
        The file is broken, of another version, or has two answers for one request; with the line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._answers = {answer.key: answer for answer in _read(path)} if path.exists() else {}

    def __len__(self) -> int:
        """Return the number of answers."""
        return len(self._answers)

    def __iter__(self) -> Iterator[Answer]:
        """Iterate over the answers, in the order of the file."""
        return iter(sorted(self._answers.values(), key=_order))

    def __repr__(self) -> str:
        """Name the file."""
        return f"Recording({str(self.path)!r}, {len(self)} answers)"

    @property
    def models(self) -> list[str]:
        """Who answered, the most frequent first, and then who made embeddings."""
        names = Counter((answer.embeds, answer.model) for answer in self._answers.values())
        return [name for _, name in sorted(names, key=lambda one: (one[0], -names[one], one[1]))]

    @property
    def embedder(self) -> str | None:
        """Who made the embeddings; None if there are none."""
        return next((answer.model for answer in self._answers.values() if answer.embeds), None)

    def get(self, key: str) -> Answer | None:
        """Return the answer to the request with this key."""
        return self._answers.get(key)

    def add(self, *answers: Answer) -> None:
        """Keep answers, and write the file anew, atomically; what another notebook added to it stays."""
        with self._lock:
            there = {other.key: other for other in _read(self.path)} if self.path.exists() else {}
            self._answers = there | self._answers | {answer.key: answer for answer in answers}
            self._write()

    def keep(self, keys: set[str]) -> list[Answer]:
        """Drop all other answers, write the file, and return what was dropped."""
        with self._lock:
            dropped = [answer for answer in self if answer.key not in keys]
            for answer in dropped:
                del self._answers[answer.key]
            self._write()
            return dropped

    def nearest(self, call: wire.Call) -> tuple[Answer, list[str]] | None:
        """Return the recorded answer whose request differs least from the call's, and how it differs.

        Returns
        -------
        (Answer, list of str) or None
            None if nothing of its kind, words or embeddings, is recorded.
        """
        wanted = _leaves(call.request)

        def distance(answer: Answer) -> tuple[int, float]:
            there = _leaves(answer.request)
            names = {name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name)}
            alike = difflib.SequenceMatcher(None, answer.prompt[:500], call.prompt[:500], autojunk=False).ratio()
            return len(names), -alike

        of_its_kind = [answer for answer in self if answer.embeds == (call.path == wire.EMBED)]
        if not of_its_kind:
            return None
        nearest = min(of_its_kind, key=distance)
        return nearest, differences(nearest.request, call.request)

    def _write(self) -> None:
        schemas: dict[str, Any] = {}
        answers = [
            {"key": a.key, "model": a.model, "request": _packed(a.request, schemas), "reply": a.reply} for a in self
        ]
        lines = [HEADER, *({"schema": name, "is": schemas[name]} for name in sorted(schemas)), *answers]
        write_text(self.path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def differences(recorded: Any, now: Any) -> list[str]:
    """Say in a line for each what differs between a recorded request and another one."""
    before, after = _leaves(recorded), _leaves(now)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    said = [f"{name}: {_contrast(before.get(name), after.get(name))}" for name in names[:_DIFFERENCES]]
    return said + ([f"and {len(names) - _DIFFERENCES} more"] if len(names) > _DIFFERENCES else [])


def _read(path: Path) -> Iterator[Answer]:
    mend = "Restore it, or record it anew: python -m sdkit notebooks record"
    if path.stat().st_size == 0:
        raise FileError(path, f"is empty. {mend}")
    seen: dict[str, int] = {}
    schemas: dict[str, Any] = {}
    lines = read_text(path).split("\n")
    for number, line in enumerate(lines, 1):
        if number > 1 and not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise FileError(path, f"this line of the recording is not JSON: {error}. {mend}", number) from error
        if number == 1:
            if not isinstance(entry, dict) or entry.get("recording") != HEADER["recording"]:
                raise FileError(path, f"is not a recording: its first line should be {json.dumps(HEADER)}", 1)
            if entry.get("version") != VERSION:
                raise FileError(
                    path,
                    f"is a recording of version {entry.get('version')!r}, and this sdkit reads {VERSION}. {mend}",
                    1,
                )
            continue
        try:
            if "schema" in entry:
                schemas[entry["schema"]] = entry["is"]
                continue
            request = _unpacked(entry["request"], schemas)
            answer = Answer(entry["key"], str(entry["model"]), request, entry["reply"])
            right = wire.key_of(answer.request)
            asked_at = request["path"]
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise FileError(path, f"this recorded answer lacks a part, {error}. {mend}", number) from error
        if not wire.is_reply(asked_at, answer.reply):
            raise FileError(path, f"this is no answer of a language model: {str(answer.reply)[:60]}. {mend}", number)
        if answer.key != right:
            raise FileError(path, f"this request was changed by hand: its key should be {right}. {mend}", number)
        if answer.key in seen:
            raise FileError(path, f"a second answer for the request in line {seen[answer.key]}: keep one", number)
        seen[answer.key] = number
        yield answer


def _packed(request: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Return a request with the name of its schema instead of the schema, which is long and in many of them."""
    schema = request["body"].get("format")
    if not isinstance(schema, dict):
        return request
    name = wire.key_of(schema)[:12]
    schemas[name] = schema
    return {**request, "body": {**request["body"], "format": {"schema": name}}}


def _unpacked(request: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    schema = request["body"].get("format")
    if not isinstance(schema, dict) or set(schema) != {"schema"}:
        return request
    return {**request, "body": {**request["body"], "format": schemas[schema["schema"]]}}


def _order(answer: Answer) -> tuple[bool, str]:
    return answer.embeds, json.dumps([answer.prompt, answer.request], sort_keys=True, ensure_ascii=False)


def _leaves(value: Any, name: str = "") -> dict[str, Any]:
    """Return the parts of a nested value that have no parts, by name, such as "messages[1].content"."""
    if isinstance(value, dict):
        parts = [(f"{name}.{key}" if name and name != "body" else key, part) for key, part in value.items()]
    elif isinstance(value, list):
        parts = [(f"{name}[{i}]", part) for i, part in enumerate(value)]
    else:
        return {name: value}
    return {leaf: found for key, part in parts for leaf, found in _leaves(part, key).items()}


def _contrast(before: Any, after: Any) -> str:
    """Say what was recorded and what is asked now, from a little before the place where long texts part."""
    one, two = (value if isinstance(value, str) else json.dumps(value) for value in (before, after))
    same = next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    start = 0 if max(len(one), len(two)) <= _SHOWN else max(0, same - _SHOWN // 3)

    def shown(value: Any, text: str) -> str:
        if value is None:
            return "nothing"
        cut = text[start : start + _SHOWN]
        dots = "…" * (start > 0), "…" * (len(text) > start + _SHOWN)
        return f"{dots[0]}{cut}{dots[1]}" if not isinstance(value, str) else repr(f"{dots[0]}{cut}{dots[1]}")

    return f"recorded {shown(before, one)}, now {shown(after, two)}"
