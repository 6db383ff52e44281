"""Recording lessons and looking after the recordings. The models here are fakes: only our own logic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from sdkit import prompts
from sdkit.cli import main
from sdkit.llm import wire
from sdkit.llm.cassette import Answer, Recording
from sdkit.teaching import notebooks, recording, workspace

if TYPE_CHECKING:
    from conftest import FakeOllama

SET_UP = "from sdkit.teaching import lesson\nMODEL_NAME = lesson('42')"
ASK = "from langchain_ollama import ChatOllama\nprint(ChatOllama(model=MODEL_NAME, seed=1).invoke({!r}).text)"


class Desk:
    """A workspace with one lesson."""

    def __init__(self, root: Path) -> None:
        self.root, self.lesson = root, root / "notebooks" / "42_cats.ipynb"
        self.recorded = root / "datasets" / "recordings" / "42.jsonl"
        for folder in ("notebooks", "datasets", "output"):
            (root / folder).mkdir()

    def write(self, *questions: str) -> None:
        codes = [SET_UP, *(ASK.format(question) for question in questions)]
        cells = [nbformat.v4.new_code_cell(code) for code in codes]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), self.lesson)

    def outputs(self) -> list[str]:
        cells = nbformat.read(self.lesson, 4).cells
        return ["".join(output.get("text", "") for output in cell.outputs) for cell in cells]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_ollama: FakeOllama) -> Desk:
    monkeypatch.setattr(workspace, "checkout", lambda: tmp_path)
    fake_ollama.answer = lambda body: f"{body['messages'][-1]['content']} Yes, says {body['model']}."
    return Desk(tmp_path)


def test_a_lesson_is_recorded_refreshed_and_checked(
    desk: Desk, fake_ollama: FakeOllama, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write("Cats?", "Dogs?")
    assert main(["notebooks", "record", "42", "--model", "big-model"]) == 0
    told = capsys.readouterr().out
    assert "Cats?  [seed 1, big-model]\n  Cats? Yes, says big-model." in told
    assert "42_cats.ipynb  2 answers recorded. Read them before you commit." in told
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    assert main(["notebooks", "refresh", "42"]) == 0
    first, second, third = desk.outputs()
    assert first == "Lesson 42. The answers printed here were recorded with big-model, and are replayed.\n"
    assert [second, third] == ["Cats? Yes, says big-model.\n", "Dogs? Yes, says big-model.\n"]
    assert nbformat.read(desk.lesson, 4).metadata == {
        "kernelspec": notebooks._KERNEL,
        "language_info": {"name": "python"},
    }
    outcome = recording.check(desk.lesson, desk.root)
    assert (outcome.missed, outcome.unplayed, outcome.problems) == ([], [], [])
    assert len(fake_ollama.received) == 2


def test_a_changed_prompt_is_found_and_only_it_is_recorded_anew(
    desk: Desk, fake_ollama: FakeOllama, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.write("Cats?", "Dogs?")
    recording.record(desk.lesson, desk.root, "m")
    desk.write("Cats?", "Dogs!", "Fish?")
    assert main(["notebooks", "check", "42"]) == 1
    told = capsys.readouterr().out
    assert "not recorded: Dogs!\n            nearest recorded: Dogs?\n" in told
    assert "messages[0].content: recorded 'Dogs?', now 'Dogs!'" in told
    assert "not recorded: Fish?" in told
    assert "recorded, and never asked for: Dogs?" in told
    outcome = recording.record(desk.lesson, desk.root, "m", only_missing=True)
    assert [answer.prompt for answer in outcome.new] == ["Dogs!", "Fish?"]
    assert [answer.prompt for answer in outcome.unplayed] == ["Dogs?"]
    assert [answer.prompt for answer in Recording(desk.recorded)] == ["Cats?", "Dogs!", "Fish?"]
    assert [body["messages"][-1]["content"] for body in fake_ollama.received] == ["Cats?", "Dogs?", "Dogs!", "Fish?"]


def test_a_lesson_that_fails_leaves_the_old_recording_and_the_old_outputs(desk: Desk, fake_ollama: FakeOllama) -> None:
    desk.write("Cats?")
    recording.record(desk.lesson, desk.root, "m")
    before, page = desk.recorded.read_bytes(), desk.lesson.read_bytes()
    fake_ollama.fail(404, "model 'm' not found", times=9)
    desk.write("Dogs?")
    outcome = recording.record(desk.lesson, desk.root, "m")
    assert "code cell 2" in outcome.problems[0]
    assert desk.recorded.read_bytes() == before
    changed = desk.lesson.read_bytes()
    assert changed != page
    assert "NotRecordedError" in (notebooks.refresh(desk.lesson).problem or "")
    assert desk.lesson.read_bytes() == changed


def test_a_lesson_under_another_number_is_named(desk: Desk) -> None:
    desk.write("Cats?")
    other = desk.lesson.with_name("43_dogs.ipynb")
    desk.lesson.rename(other)
    outcome = recording.record(other, desk.root, "m")
    assert outcome.problems == ['its set-up cell says lesson("42"), and its file name says 43']


def test_a_lesson_that_there_is_not_is_named(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.write("Cats?")
    assert main(["notebooks", "refresh", "43"]) == 2
    assert "'43' is no lesson; there are 42_cats" in capsys.readouterr().err


def answer(*texts: str, speakers: str = "AB", system: str = prompts.DIALOGUE_SYSTEM, **about: Any) -> Answer:
    turns = [{"speaker": speakers[i % len(speakers)], "text": text} for i, text in enumerate(texts)]
    body = {"messages": [{"role": "system", "content": system}, {"role": "user", "content": "Go."}]}
    call = wire.Call("/api/chat", body)
    return Answer(call.key, "m", call.request, {"message": {"content": json.dumps({"dialog": turns})}, **about})


def gate(answer: Answer, printed: str = "") -> list[str]:
    return list(recording.gate(answer, printed or answer.reply["message"]["content"]))


class TestTheGate:
    def test_lets_a_dialogue_pass(self) -> None:
        assert gate(answer("Hello there.", "Good day to you!")) == []

    def test_lets_pass_what_is_not_printed(self) -> None:
        circles = answer("Hello.", "Good day!", "Hello.", "Good day!")
        assert gate(circles)
        assert gate(circles, "Hello. Good bye.") == []

    def test_finds_what_is_printed_as_html(self) -> None:
        cell = nbformat.v4.new_code_cell(
            outputs=[nbformat.v4.new_output("display_data", data={"text/html": "I&#x27;m"})]
        )
        assert "I'm" in recording._printed(nbformat.v4.new_notebook(cells=[cell]))

    @pytest.mark.parametrize(
        ("bad", "problem"),
        [
            (answer("Hello."), "has 1 turns"),
            (answer("Hello.", "Good day!", speakers="A"), "only one speaks"),
            (answer("Hello.", "Good day!", "hello"), "says twice 'hello'"),
            (answer("a b c d a b c d a b c d", "e f g"), "goes round in circles"),
        ],
    )
    def test_names_what_is_wrong(self, bad: Answer, problem: str) -> None:
        assert problem in " ".join(gate(bad))

    def test_wants_json(self) -> None:
        broken = answer("Hello.")
        broken.reply["message"]["content"] = "Hello!"
        assert gate(broken) == ["is no dialogue"]
        assert gate(Answer("", "m", broken.request, broken.reply | {"done_reason": "length"})) == []

    def test_leaves_a_lessons_own_requests_alone(self) -> None:
        assert gate(answer("Hello.", system="Be as bad as you like.")) == []


def test_a_recorded_dialogue_is_shown_as_one() -> None:
    assert recording.readable(answer("Hello.", "Bye.")) == "Go.  [seed None, m]\n  A: Hello.\n  B: Bye."
