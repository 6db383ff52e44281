from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sdkit.cli import main
from sdkit.dialog import Dialog

ROOT = Path(__file__).resolve().parents[1]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    assert {"class", "doctor", "generate", "handout", "lab", "models", "notebooks", "test"} <= set(
        re.findall(r"│ (\w+)", told)
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["generate"], "--details"),
        (["generate", "x", "--seed", "many"], "--seed"),
        (["generat"], "generat"),
        (["lab", "--prot", "1"], "--prot"),
        (["generate", " ", "--model", "m"], "dialogue_details is empty"),
        (["generate", "x", "--model", "m", "--speakers", "Ana"], "two or more"),
        (["generate", "x", "--model", "m", "--turns", "5", "2"], "turns=(5, 2)"),
        (["generate", "x", "--model", "m", "--output", "a.pdf"], "a.pdf ends neither"),
    ],
)
def test_bad_usage_is_one_sentence_and_exit_code_2(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert told in err
    assert err.startswith("sdkit: ")
    assert err.count("\n") == 1
    assert out == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["models", "path", "nope"], "no embedded model 'nope'"),
        (["models", "path", "missing.gguf"], "does not exist"),
        (["generate", "x", "--model", "embedded:nope"], "no embedded model 'nope'"),
        (["notebooks", "run", "missing.ipynb"], "missing.ipynb: does not exist"),
    ],
)
def test_failure_is_one_sentence_and_exit_code_1(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 1
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_debug_shows_where() -> None:
    with pytest.raises(Exception, match="no embedded model"):
        main(["models", "path", "nope", "--debug"])


def test_what_nobody_expected_is_one_sentence_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sdkit.teaching.doctor.examine", lambda: 1 / 0)
    assert main(["doctor"]) == 1
    assert capsys.readouterr().err == "sdkit: ZeroDivisionError: division by zero (--debug shows where)\n"


def test_arguments_of_test_go_to_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(subprocess, "call", lambda command, cwd: called.append(command) or 5)
    fetched: list[str] = []
    monkeypatch.setattr("sdkit.cli._fetch", lambda name="": fetched.append(name))
    assert main(["test", "-k", "dialog", "--version", "-x"]) == 5
    assert called[0][1:] == ["-m", "pytest", "-k", "dialog", "--version", "-x"]
    assert fetched == ["", "all-minilm-l6-v2"]


def test_without_arguments_the_slow_tests_run_beside_the_others_and_both_count(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("sdkit.cli._fetch", lambda name="": None)
    monkeypatch.setattr("sdkit.teaching.workspace.checkout", lambda: tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow\n")
    suite = tmp_path / "test_it.py"
    suite.write_text("import pytest\n\ndef test_a(): pass\n\n@pytest.mark.slow\ndef test_b(): assert False\n")
    assert main(["test"]) == 1
    quick, slow = capfd.readouterr().out.split("The slow tests, which ran beside them:")
    assert "1 passed, 1 deselected" in quick
    assert "1 failed, 1 deselected" in slow


def test_models_are_listed_with_what_they_are_good_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == [
        "embedded:smollm2-135m",
        "embedded:qwen2.5-coder-0.5b",
        "embedded:qwen2.5-coder-1.5b",
    ]


@pytest.mark.embedded
def test_generate_prints_and_saves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "new" / "pizza.json"
    words = ["generate", "Ana and Tom order pizza.", "--model", "embedded", "--seed", "7", "--turns", "2", "3"]
    assert main([*words, "--speakers", "Ana", "Tom", "--output", str(file)]) == 0
    dialog = Dialog.from_file(file)
    assert dialog.speakers == ["Ana", "Tom"]
    assert 2 <= len(dialog) <= 3
    assert dialog.seed == 7
    assert dialog.turns[0].text in capsys.readouterr().out


@pytest.mark.embedded
def test_lab_check_starts_asks_and_stops_on_another_port_when_the_first_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        # When the workshop is checked, on a port that somebody has
        result = subprocess.run(
            [sys.executable, "-m", "sdkit", "lab", "--check", "--port", str(port)],
            cwd=ROOT,
            env={k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
    # Then everything worked, on another one
    assert result.returncode == 0, result.stderr
    used = re.search(r"http://127\.0\.0\.1:(\d+)/lab/tree/work/00_start_here\.ipynb\?token=\w{32}", result.stdout)
    assert used
    assert int(used[1]) != port
    assert "OK   embedded model" in result.stdout
    assert "--- Dialogue Begins ---\n[Ana]" in result.stdout
    # And nothing is left running
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(used[1]))) != 0


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT for one process")
def test_ctrl_c_is_told_in_a_word() -> None:
    heeding = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)"  # others may ignore it
    begin = f"{heeding}; from sdkit import cli; print(flush=True); sys.exit(cli.main(['notebooks', 'run', '00']))"
    run = subprocess.Popen(
        [sys.executable, "-c", begin],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout
    run.stdout.readline()
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    assert run.communicate(timeout=30)[1].endswith("Interrupted.\n")
    assert run.returncode == 130
