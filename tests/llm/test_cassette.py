from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sdkit.errors import FileError
from sdkit.llm import wire
from sdkit.llm.cassette import HEADER, Answer, Recording, differences

if TYPE_CHECKING:
    from pathlib import Path


def call(text: str, seed: int = 1, schema: dict[str, Any] | None = None) -> wire.Call:
    body = {"model": "lesson-07", "messages": [{"role": "user", "content": text}], "options": {"seed": seed}}
    return wire.Call(wire.OLLAMA, body | ({"format": schema} if schema else {}))


def answer(asked: wire.Call, said: str = "Yes.") -> Answer:
    return Answer(asked.key, "embedded:m", asked.request, {"message": {"content": said}, "done": True})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "07.jsonl"


def test_what_was_added_is_there_after_loading(path: Path) -> None:
    asked = call("Zoë?", schema={"type": "object"})
    Recording(path).add(answer(asked))
    loaded = Recording(path)
    assert loaded.get(asked.key) == answer(asked)
    assert (len(loaded), loaded.models) == (1, ["embedded:m"])
    assert "Zoë?" in path.read_text(encoding="utf-8")


def test_two_notebooks_may_record_into_one_file(path: Path) -> None:
    one, two = Recording(path), Recording(path)
    one.add(answer(call("a")))
    two.add(answer(call("b")))
    assert [each.prompt for each in Recording(path)] == ["a", "b"]


def test_the_file_does_not_depend_on_the_order_of_the_answers(path: Path, tmp_path: Path) -> None:
    answers = [answer(call(text, seed)) for text in ("b", "a") for seed in (2, 1)]
    one, two = Recording(path), Recording(tmp_path / "other.jsonl")
    for each in answers:
        one.add(each)
    for each in reversed(answers):
        two.add(each)
    assert path.read_text() == (tmp_path / "other.jsonl").read_text()
    asked = [json.loads(line)["request"]["body"]["messages"][0]["content"] for line in path.open() if "key" in line]
    assert asked == ["a", "a", "b", "b"]


def test_a_schema_is_written_once(path: Path) -> None:
    schema = {"type": "object", "properties": {"a": {"const": "a-long-schema"}}}
    recording = Recording(path)
    for text in "abc":
        recording.add(answer(call(text, schema=schema)))
    assert path.read_text().count("a-long-schema") == 1
    assert [each.request["body"]["format"] for each in Recording(path)] == [schema] * 3


def test_answers_that_nobody_needs_are_dropped(path: Path) -> None:
    recording = Recording(path)
    for text in "abc":
        recording.add(answer(call(text)))
    dropped = recording.keep({call("b").key})
    assert [each.prompt for each in dropped] == ["a", "c"]
    assert [each.prompt for each in Recording(path)] == ["b"]


class TestNearest:
    def test_nothing_is_near_to_nothing(self, path: Path) -> None:
        assert Recording(path).nearest(call("a")) is None

    def test_the_one_with_the_fewest_differences(self, path: Path) -> None:
        recording = Recording(path)
        recording.add(answer(call("Ana wants to adopt a cat.", 1)))
        recording.add(answer(call("Something else entirely.", 2)))
        found, differs = recording.nearest(call("Ana wants to adopt a dog.", 1)) or (None, [])
        assert found is not None
        assert found.prompt == "Ana wants to adopt a cat."
        recorded, now = "'Ana wants to adopt a cat.'", "'Ana wants to adopt a dog.'"
        assert differs == [f"messages[0].content: recorded {recorded}, now {now}"]

    def test_of_equally_many_the_most_similar(self, path: Path) -> None:
        recording = Recording(path)
        recording.add(answer(call("A very different question about ships.")))
        recording.add(answer(call("Ana wants to adopt a cat.")))
        found, _ = recording.nearest(call("Ana wants to adopt a dog.")) or (None, [])
        assert found is not None
        assert found.prompt == "Ana wants to adopt a cat."

    def test_long_texts_are_shown_where_they_part(self) -> None:
        before, now = ({"messages": [{"content": "x" * 200 + end}]} for end in ("cat and more", "dog and more"))
        (said,) = differences(before, now)
        assert "cat and more" in said
        assert "dog and more" in said
        assert len(said) < 200

    def test_what_is_only_on_one_side_is_nothing_on_the_other(self) -> None:
        assert differences({}, {"options": {"seed": 5}}) == ["options.seed: recorded nothing, now 5"]

    def test_many_differences_are_counted(self) -> None:
        assert differences({}, {str(i): i for i in range(9)})[-1] == "and 6 more"


GOOD = {"key": call("a").key, "model": "m", "request": call("a").request, "reply": {"done": True}}


@pytest.mark.parametrize(
    ("lines", "line", "problem"),
    [
        ([{"hello": 1}], 1, "is not a recording"),
        ([[]], 1, "is not a recording"),
        ([HEADER | {"version": 99}], 1, "is a recording of version 99, and this sdkit reads 1"),
        (["{"], 1, "is not JSON"),
        ([HEADER, "{"], 2, "is not JSON"),
        ([HEADER, 5], 2, "lacks a part"),
        ([HEADER, {"key": "x"}], 2, "lacks a part, 'request'"),
        ([HEADER, GOOD | {"request": []}], 2, "lacks a part"),
        ([HEADER, GOOD | {"request": {"body": {"format": {"schema": "gone"}}}}], 2, "lacks a part, 'gone'"),
        ([HEADER, GOOD | {"request": call("b").request}], 2, "was changed by hand"),
        ([HEADER, GOOD | {"reply": None}], 2, "is no answer of a language model: None"),
        ([HEADER, GOOD | {"reply": "Hello"}], 2, "is no answer of a language model: Hello"),
        ([HEADER, GOOD | {"reply": {}}], 2, "is no answer of a language model"),
        ([HEADER, GOOD, GOOD], 3, "a second answer for the request in line 2: keep one"),
    ],
)
def test_a_broken_file_says_where_and_what(path: Path, lines: list[Any], line: int, problem: str) -> None:
    path.write_text("\n".join(part if isinstance(part, str) else json.dumps(part) for part in lines))
    with pytest.raises(FileError, match=problem) as caught:
        Recording(path)
    assert caught.value.line == line


def test_an_empty_file_says_so(path: Path) -> None:
    path.write_text("")
    with pytest.raises(FileError, match=r"is empty.*notebooks record"):
        Recording(path)


def test_blank_lines_do_no_harm(path: Path) -> None:
    path.write_text(f"{json.dumps(HEADER)}\n\n{json.dumps(GOOD)}\n\n")
    assert len(Recording(path)) == 1
