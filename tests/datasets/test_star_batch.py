"""Synthetic dialogues for scenarios of STAR. A server on loopback answers: it is about our own logic."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sdkit.datasets import StarDataset
from sdkit.dialog import Dialog

if TYPE_CHECKING:
    from conftest import FakeOllama

MINI = Path(__file__).parents[2] / "datasets" / "star-mini"


def answer(body: dict[str, Any]) -> str:
    """Answer as a model would: the same to the same request, and something else to another seed."""
    seed = body["options"]["seed"]
    if "dialog" in body["format"]["properties"]:
        turns = [{"speaker": ("User", "System")[i % 2], "text": f"Text {i} of {seed}."} for i in range(6)]
        return json.dumps({"dialog": turns})
    if "over" in body["format"]["properties"]:
        return json.dumps({"act": "farewell", "reason": "Goodbye.", "over": True})
    return json.dumps({"text": f"Text of {seed}."})


@pytest.mark.parametrize("how", ["description", "personas", "turns"])
def test_user_and_system_speak_and_the_user_begins(how: Any, fake_ollama: FakeOllama, tmp_path: Path) -> None:
    fake_ollama.answer = answer
    data = StarDataset(MINI)
    batch = data.batch([1, 5100], tmp_path / "a", "fake", how, seed="id")
    assert batch.run(progress=False).ok
    for dialog in batch.dialogs():
        assert dialog.speakers == ["User", "System"]
        assert dialog.scenario == data.get_dialog_scenario(dialog.dialogId or 0)
        assert dialog.seed == dialog.dialogId
        assert (dialog.personas is None) == (how == "description")
    asked = str(fake_ollama.received[0]["messages"])
    assert data.get_dialog_scenario(1)["UserTask"] in asked


def test_a_batch_of_other_data_or_made_otherwise_is_not_gone_on_with(fake_ollama: FakeOllama, tmp_path: Path) -> None:
    from sdkit.errors import InputError

    fake_ollama.answer = answer
    data = StarDataset(MINI)
    data.batch([1], tmp_path / "a", "fake").run(progress=False)
    for how, model, name in (("personas", "fake", "how"), ("description", "other", "model")):
        with pytest.raises(InputError, match=f"began with {name}="):
            data.batch([1], tmp_path / "a", model, how).run(progress=False)  # type: ignore[arg-type]


def contents(folder: Path) -> dict[str, Any]:
    """Return what is in the files, but for how long it took."""
    texts: dict[str, Any] = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("txt/*")}
    for path in folder.glob("json/*"):
        texts[path.name] = data = json.loads(path.read_text(encoding="utf-8"))
        del data["provenance"]["seconds"]
    return texts


def test_105_dialogues_on_the_real_data_killed_ten_times(
    real_star: Path, fake_ollama: FakeOllama, tmp_path: Path
) -> None:
    # Given a server that takes its time, and the command
    chance = random.Random(10)

    def slowly(body: dict[str, Any]) -> str:
        time.sleep(0.03)
        return answer(body)

    fake_ollama.answer = slowly
    fitting = ["--task", "doctor_followup", "--happy", "--no-multitask", "--seed", "id", "--concurrency", "3"]

    def start(output: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "sdkit", "star", "generate", "--data", str(real_star), "--model", "fake"]
        environment = os.environ | {"OLLAMA_HOST": fake_ollama.url}
        where = ["--output", str(output), *fitting]
        return subprocess.Popen(
            [*command, *where], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    # When it is killed ten times in its work, and started once more
    for _ in range(10):
        before = len(fake_ollama.received)
        with start(tmp_path / "killed") as process:
            while len(fake_ollama.received) == before and process.poll() is None:
                time.sleep(0.005)
            time.sleep(chance.uniform(0, 0.08))
            process.send_signal(signal.SIGKILL)
    assert 0 < len(contents(tmp_path / "killed")) < 210, "it was killed too late, or too early, to show anything"
    with start(tmp_path / "killed") as process:
        assert process.wait(120) == 0

    # Then it is as if nothing had happened
    asked = Counter(body["options"]["seed"] for body in fake_ollama.received)
    with start(tmp_path / "undisturbed") as process:
        assert process.wait(120) == 0
    assert contents(tmp_path / "killed") == contents(tmp_path / "undisturbed")
    ids = StarDataset(real_star).get_ids(task_name="doctor_followup", happy=True, multitask=False)
    made = [Dialog.from_file(path) for path in (tmp_path / "killed" / "json").iterdir()]
    assert sorted(dialog.dialogId or 0 for dialog in made) == ids
    assert len(ids) == 105
    assert set(asked) == set(ids)
    assert asked.total() <= 105 + 10 * 3, "more was made again than what was in the making"
    assert not list((tmp_path / "killed").rglob("*.part"))
