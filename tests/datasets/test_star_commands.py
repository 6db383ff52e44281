"""`sdkit star`, on the small data set. A fake server answers: it is about the command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sdkit.cli import FAILURE, INTERRUPTED, USAGE, main
from sdkit.dialog import Dialog

if TYPE_CHECKING:
    from conftest import FakeOllama

MINI = str(Path(__file__).parents[2] / "datasets" / "star-mini")
TURNS = [{"speaker": ("User", "System")[i % 2], "text": f"Text {i}."} for i in range(6)]


@pytest.fixture(autouse=True)
def ollama(fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeOllama:
    monkeypatch.setenv("OLLAMA_HOST", fake_ollama.url)
    monkeypatch.chdir(tmp_path)
    fake_ollama.answer = lambda body: json.dumps({"dialog": TURNS})
    return fake_ollama


def generate(*words: str) -> int:
    return main(["star", "generate", "--data", MINI, "--model", "fake", *words])


def test_a_dialogue_for_each_scenario_that_fits(
    ollama: FakeOllama, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fitting = ("--task", "doctor_followup", "--happy", "--no-multitask", "--seed", "id")
    assert generate(*fitting, "--limit", "3") == 0
    assert capsys.readouterr().out == (
        "3 of 3 dialogues are there; 3 of them made now. They are in output/STAR/full-generation.\n"
    )
    assert generate(*fitting) == 0
    assert len(ollama.received) == 14
    files = sorted((tmp_path / "output/STAR/full-generation/json").iterdir())
    assert len(files) == 14
    dialog = Dialog.from_file(files[0])
    assert dialog.seed == dialog.dialogId
    assert isinstance(dialog.scenario, dict)
    assert dialog.scenario["WizardCapabilities"][0]["Task"] == "doctor_followup"


def test_one_file_and_chosen_ids(tmp_path: Path) -> None:
    assert generate("--ids", "5100", "1", "--output", "a.jsonl", "--how", "personas") == 0
    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["dialogId"] for line in lines] == [1, 5100]


def test_dialogues_that_fail_make_the_command_fail(ollama: FakeOllama, capsys: pytest.CaptureFixture[str]) -> None:
    ollama.answer = lambda body: "no dialogue"
    assert generate("--ids", "1") == FAILURE
    assert "0 of 1 dialogues are there" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--task", "doctor_folowup"), "did you mean doctor_followup"),
        (("--ids", "2000"), "there is no dialogue 2000"),
        (("--ids",), "--ids names no id; give some"),  # as with an empty variable of a shell
        (("--ids", "--limit", "3"), "--ids names no id; give some"),
        (("--happy", "--multitask"), "no dialogue of the data set fits"),
        (("--limit", "0"), "--limit 0"),
        (("--seed", "one"), "--seed"),
        (("--how", "poem"), "poem"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_made(
    words: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert generate(*words) == USAGE
    assert why in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT for one process on Windows")
def test_who_interrupts_it_reads_that_the_same_command_goes_on(ollama: FakeOllama, tmp_path: Path) -> None:
    def slowly(body: object) -> str:
        time.sleep(0.1)
        return json.dumps({"dialog": TURNS})

    # Given the command at work
    ollama.answer = slowly
    heeding = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)"  # others may ignore it
    words = ["star", "generate", "--data", str(MINI), "--model", "fake", "--output", "made"]
    command = [sys.executable, "-c", f"{heeding}; from sdkit.cli import main; sys.exit(main({words}))"]
    with subprocess.Popen(command, env=os.environ | {"OLLAMA_HOST": ollama.url}, stderr=subprocess.PIPE) as process:
        while len(ollama.received) < 3 and process.poll() is None:
            time.sleep(0.01)

        # When somebody presses Ctrl-C
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1].decode()

    # Then it says what there is, and how to go on
    made = len(list((tmp_path / "made/json").iterdir()))
    assert 0 < made < 55
    assert f"Interrupted: {made} of 55 dialogues are in made. The same command goes on where it stopped." in said
    assert process.returncode == INTERRUPTED


def test_without_the_data_set_it_says_where_to_get_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["star", "generate"]) == USAGE
    assert "datasets/STAR: there is no such folder" in capsys.readouterr().err
