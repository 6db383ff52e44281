"""`sdkit synthesize`: the names, types and defaults of the original."""

from __future__ import annotations

import json
import logging
import os
import re
from pathlib import Path

import numpy as np
import pytest
from loopback_model import LoopbackModel

from sdkit.cli import main
from sdkit.factory.commands import take_keys

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: LoopbackModel) -> Path:
    """Work in an empty folder, with the made-up model as Ollama's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SDKIT_MODEL", "loop")
    for name in ("OPENAI_API_KEY", "OPENAI_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


EXAMPLES = [  # those of the original, at small numbers
    "--total_generations 3",
    "--total_generations 3 --output_file my_dialogues.json --similarity_threshold 0.85",
    "--total_generations 2 --temperature 0.7 0.9 --top_p 0.8 0.95",
    "--total_generations 2 --frequency_penalty 0.2 0.4 --presence_penalty 0.2 0.4",
]


@pytest.mark.embeddings
@pytest.mark.parametrize("words", EXAMPLES)
def test_the_examples_of_the_original_run_as_written(words: str, elsewhere: Path) -> None:
    assert main(["synthesize", *words.split()]) == 0
    total = int(words.split()[1])
    records = json.loads(
        (elsewhere / ("my_dialogues.json" if "my_" in words else "generated_dialogues.json")).read_text()
    )
    hashes = json.loads((elsewhere / "dialogue_hashes.json").read_text())
    assert len(records) == len(hashes) == total
    assert all(re.fullmatch("[0-9a-f]{64}", one) for one in hashes)
    assert np.load(elsewhere / "dialogue_embeddings.npy").shape == (total, 384)
    lines = (elsewhere / "dialogue_generation.log").read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[(INFO|WARNING|ERROR)\] ", line) for line in lines)


def test_a_base_dialogue_is_shown(capsys: pytest.CaptureFixture[str], elsewhere: Path) -> None:
    assert main(["synthesize", "--test_extraction", "--extraction_index", "10"]) == 0
    log = (elsewhere / "dialogue_generation.log").read_text()
    assert "[INFO] Dialogue 10 of" in log
    assert "[INFO] USER: " in log
    assert "[INFO] ASSISTANT: " in log
    assert "[INFO] USER: " in capsys.readouterr().err
    assert not (elsewhere / "generated_dialogues.json").exists()


def test_an_index_beyond_the_set_is_logged_as_an_error(elsewhere: Path) -> None:
    words = ["synthesize", "--test_extraction", "--extraction_index", "104", "--dataset_name", "multiwoz-mini"]
    assert main(words) == 1
    log = (elsewhere / "dialogue_generation.log").read_text()
    assert "[ERROR] There is no dialogue 104 in" in log
    assert "it has 104, from 0 to 103" in log


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "--total_generations is needed"),
        ("--total_generations 0", "0 dialogues cannot be made"),
        ("--total_generations many", "many"),
        ("--total_generations 2 --similarity_threshold 2", "a similarity threshold of 2.0 cannot be"),
        ("--total_generations 2 --min_turns 10 5", "min_turns: 10 5 is no range"),
        ("--total_generations 2 --min_turns 5", "min_turns"),
        ("--total_generations 2 --min_turns 15 25 --max_turns 7 20", "max_turns never allows more than 20"),
        ("--total_generations 2 --temperature 3", "temperature: 3 is not between 0 and 2"),
        ("--total_generations 2 --top_p 0.5 1.5", "top_p: 1.5 is not between 0 and 1"),
        ("--total_generations 2 --dataset_name nowhere", "nowhere"),
        ("--total_generations 2 --config nowhere.yaml", "does not exist"),
        ("--total_generations 2 --output_file a.txt", "ends in .json or .jsonl"),
        ("--total_generations 2 --minutes 0", "minutes=0.0: give a number above 0"),
    ],
)
def test_what_cannot_work_is_told_and_nothing_is_written(
    words: str, told: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["synthesize", *words.split()]) in (1, 2)
    assert told in capsys.readouterr().err
    assert {path.name for path in elsewhere.iterdir()} <= {"dialogue_generation.log"}


@pytest.mark.embeddings
def test_a_plan_of_ones_own_is_taken_and_flags_go_before_it(elsewhere: Path) -> None:
    (elsewhere / "plan.yaml").write_text("regions: [Bergen]\nmin_turns: [3, 3]\nmax_turns: [4, 4]\n")
    words = (
        "--total_generations 2 --config plan.yaml --output_file out.jsonl --min_turns 4 4 --model loop --concurrency 2"
    )
    assert main(["synthesize", *words.split()]) == 0
    records = [json.loads(line) for line in (elsewhere / "out.jsonl").read_text().splitlines()]
    assert [(record["regions"], record["num_lines"]) for record in records] == [(["Bergen"], 4)] * 2


def test_a_plan_that_is_none_is_refused(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "plan.yaml").write_text("- Bergen\n")
    assert main(["synthesize", "--total_generations", "2", "--config", "plan.yaml"]) == 2
    assert "plan.yaml holds no plan" in capsys.readouterr().err


def test_keys_come_from_the_environment_or_a_file_under_both_names(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_KEY", "OPENAI_API_KEY", "OTHER"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    (elsewhere / ".env.local").write_text('OPENAI_KEY="sk-made-up"\nOTHER=$HOME\n')
    take_keys()
    assert os.environ["OPENAI_API_KEY"] == "sk-made-up"
    assert os.environ["OTHER"] == "$HOME"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-first")
    take_keys()
    assert os.environ["OPENAI_API_KEY"] == "sk-first"


def test_the_log_is_left_as_it_was(elsewhere: Path) -> None:
    log = logging.getLogger("sdkit.factory")
    before = list(log.handlers), log.level, log.propagate
    main(["synthesize", "--test_extraction"])
    assert (list(log.handlers), log.level, log.propagate) == before
