"""`sdkit moderate`: its flags, its exit codes, and what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from moderation.test_moderate_file import GOOD, MAIL, RUDE

from sdkit.cli import main
from sdkit.jsonl import read_lines, write_lines
from sdkit.moderation import filing

if TYPE_CHECKING:
    from conftest import FakeOllama


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_KEY"):
        monkeypatch.delenv(name, raising=False)
    write_lines("made.jsonl", [GOOD, RUDE, MAIL])
    return tmp_path


OUTPUTS = ("--output", "a.jsonl", "--flagged-output", "b.jsonl", "--failed-output", "c.jsonl")


def test_something_flagged_is_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["moderate", "made.jsonl", *OUTPUTS, "--workers", "2"]) == 1

    assert [len(read_lines(name)) for name in ("a.jsonl", "b.jsonl", "c.jsonl")] == [1, 2, 0]
    out = capsys.readouterr().out
    assert out.startswith("Of 3 dialogues, 1 approved, 2 flagged, 0 failed; 3 judged now")
    assert "      2  b.jsonl\n" in out
    assert "      1  with insult\n" in out
    assert "c.jsonl" not in out


def test_nothing_found_is_exit_code_0() -> None:
    write_lines("good.jsonl", [GOOD])

    assert main(["moderate", "good.jsonl"]) == 0
    assert read_lines("good.approved.jsonl") == [GOOD]


def test_the_same_command_again_judges_nothing_and_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    main(["moderate", "made.jsonl"])
    first = capsys.readouterr().out

    assert main(["moderate", "made.jsonl"]) == 1
    assert capsys.readouterr().out == first.replace("3 judged now", "0 judged now")


def test_layers_can_be_chosen() -> None:
    assert main(["moderate", "made.jsonl", "--layers", "personal"]) == 1
    assert [each["dialogue_id"] for each in read_lines("made.flagged.jsonl")] == ["d3"]


def test_a_list_of_ones_own(tmp_path: Path) -> None:
    Path("own.yaml").write_text("greeting: [hello]\n")

    assert main(["moderate", "made.jsonl", "--layers", "words", "--words", "own.yaml"]) == 1
    assert [each["dialogue_id"] for each in read_lines("made.flagged.jsonl")] == ["d1", "d2"]


def test_a_model_judges_and_failed_ones_are_tried_again(fake_ollama: FakeOllama) -> None:
    answers = {
        "ana@": "no JSON",
        "idiot": json.dumps({"flagged": [{"turn": 2, "reason": "Rude.", "category": "insult"}]}),
    }

    def answer(body: dict[str, Any]) -> str:
        asked = body["messages"][-1]["content"]
        return next((said for part, said in answers.items() if part in asked), '{"flagged": []}')

    fake_ollama.answer = answer
    command = ["moderate", "made.jsonl", "--layers", "judge", "--model", "fake", "--workers", "1"]

    assert main(command) == 1
    (failed,) = read_lines("made.failed.jsonl")
    assert failed["moderation_failed"].startswith("judge: ReplyError: No valid reply in 3 attempts")
    (flagged,) = read_lines("made.flagged.jsonl")
    assert (flagged["moderation"][0]["reason"], flagged["moderation"][0]["field"]) == ("Rude.", "assistant_response")

    del answers["ana@"]
    asked = len(fake_ollama.received)
    assert main(command) == 1
    assert len(fake_ollama.received) == asked
    assert main([*command, "--retry-failed"]) == 1
    assert len(fake_ollama.received) == asked + 1
    assert [each["dialogue_id"] for each in read_lines("made.approved.jsonl")] == ["d1", "d3"]


def test_an_interrupted_command_goes_on(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: Any, **options: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(filing, "moderate_file", interrupt)
        assert main(["moderate", "made.jsonl"]) == 130
    assert "The same command goes on where it stopped" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (("nobody.jsonl",), 1, "nobody.jsonl: does not exist"),
        (("made.jsonl", "--workers", "0"), 2, "concurrency=0"),
        (("made.jsonl", "--layers", "openai"), 1, "needs a key: set OPENAI_API_KEY"),
        (("made.jsonl", "--layers", "magic"), 2, "Invalid value"),
        (("made.jsonl", "--model", "fake"), 2, "--model is for the layer judge"),
        (("made.jsonl", "--layers", "personal", "--words", "own.yaml"), 2, "--words is for the layer words"),
        (("made.jsonl", "--words", "own.yaml"), 1, "own.yaml: does not exist"),
        (("made.jsonl", "--output", "made.jsonl"), 2, "give four different files"),
        ((), 2, "requires an argument"),
    ],
)
def test_what_cannot_work_is_told(
    words: tuple[str, ...], code: int, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["moderate", *words]) == code

    assert problem in capsys.readouterr().err
    assert not Path("made.approved.jsonl").exists()
