"""The test run over the lessons notices a recording that nobody plays, and a request that nobody recorded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from sdkit.llm import wire
from sdkit.llm.cassette import Answer, Recording

ROOT = Path(__file__).resolve().parents[2]
SET_UP = "from sdkit.teaching import lesson\nMODEL_NAME = lesson('42')"
ASK = "from langchain_ollama import ChatOllama\nChatOllama(model=MODEL_NAME, seed=1).invoke({!r}).text"


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    for folder in ("notebooks", "datasets/recordings", "output"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("conftest.py", "plots.cfg"):
        shutil.copyfile(ROOT / "notebooks" / name, tmp_path / "notebooks" / name)
    recording = Recording(tmp_path / "datasets" / "recordings" / "42.jsonl")
    for question in ("Cats?", "Dogs?"):
        messages = [{"role": "user", "content": question}]
        call = wire.Call("/api/chat", {"model": "lesson-42", "messages": messages, "options": {"seed": 1}})
        reply = {"message": {"role": "assistant", "content": "Yes."}, "done": True, "done_reason": "stop"}
        recording.add(Answer(call.key, "m", call.request, reply))
    return tmp_path


def run(workshop: Path, *questions: str) -> subprocess.CompletedProcess[str]:
    codes = [SET_UP, *(ASK.format(question) for question in questions)]
    cells = [nbformat.v4.new_code_cell(code, execution_count=None) for code in codes]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), workshop / "notebooks" / "42_cats.ipynb")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SDKIT", "PYTEST"))}
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "notebooks"]
    return subprocess.run(command, cwd=workshop, env=environment, capture_output=True, text=True, check=False)


def test_all_played(workshop: Path) -> None:
    result = run(workshop, "Cats?", "Dogs?")
    assert result.returncode == 0, result.stdout


def test_one_that_nobody_plays_fails_the_run(workshop: Path) -> None:
    result = run(workshop, "Cats?")
    assert result.returncode == 1, result.stdout
    assert "UNPLAYED 42.jsonl: nobody asks for the answer to 'Dogs?'" in result.stdout


def test_a_request_that_is_not_recorded_fails_its_cell(workshop: Path) -> None:
    result = run(workshop, "Cats?", "Dogs?", "Fish?")
    assert result.returncode == 1, result.stdout
    assert "has no recorded answer to 'Fish?'" in result.stdout
