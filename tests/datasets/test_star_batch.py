"""Synthetic dialogues for scenarios of STAR. A server on loopback answers: it is about our own logic."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
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
from sdkit.errors import FileError, InputError
from sdkit.llm.spec import chat_model

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
    fake_ollama.answer = answer
    data = StarDataset(MINI)
    data.batch([1], tmp_path / "a", "fake").run(progress=False)
    for how, model, name in (("personas", "fake", "how"), ("description", "other", "model")):
        with pytest.raises(InputError, match=f"began with {name}="):
            data.batch([1], tmp_path / "a", model, how).run(progress=False)  # type: ignore[arg-type]


def change(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("dialogues/5100.json", '"UserTask": "', '"UserTask": "Be quick. '),
        ("dialogues/5100.json", '"MultiTask": true', '"MultiTask": false'),
        ("tasks/weather/weather.json", '"hello": "', '"hello": "other_'),
        ("tasks/weather/responses.json", '": "', '": "Well. '),
    ],
)
def test_a_batch_of_other_data_of_the_same_name_is_not_gone_on_with(
    name: str, old: str, new: str, fake_ollama: FakeOllama, tmp_path: Path
) -> None:
    # Given a batch that has begun, and the same data set elsewhere, with a change in what a model reads
    fake_ollama.answer = answer
    StarDataset(MINI).batch([1], tmp_path / "a", "fake").run(progress=False)
    other = Path(shutil.copytree(MINI, tmp_path / MINI.name))
    StarDataset(other).batch([1, 12], tmp_path / "a", "fake").run(progress=False)  # the same so far
    change(other, name, old, new)

    # Then it is refused, and nothing is made
    asked = len(fake_ollama.received)
    with pytest.raises(InputError, match=r"batch\.json says .* began with contents='55 scenarios, 10 tasks, "):
        StarDataset(other).batch([1, 5100], tmp_path / "a", "fake").run(progress=False)
    assert len(fake_ollama.received) == asked


def test_what_was_said_in_the_dialogues_does_not_count_nor_does_the_order_of_keys(tmp_path: Path) -> None:
    other = Path(shutil.copytree(MINI, tmp_path / "other"))
    change(other, "dialogues/1.json", '"Text": "', '"Text": "Well. ')
    path = other / "dialogues/9.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")), sort_keys=True), encoding="utf-8")
    assert StarDataset(other).contents() == StarDataset(MINI).contents()


def test_a_batch_with_other_options_is_not_gone_on_with(fake_ollama: FakeOllama, tmp_path: Path) -> None:
    fake_ollama.answer = answer
    data = StarDataset(MINI)
    data.batch([1], tmp_path / "a", chat_model("fake", temperature=0.2, stop=["END"])).run(progress=False)
    data.batch([1, 9], tmp_path / "a", chat_model("fake", stop=["END"], temperature=0.2)).run(progress=False)
    with pytest.raises(InputError, match=r"began with options=.*0\.2.*, and now it is .*1\.5"):
        data.batch([1, 9], tmp_path / "a", chat_model("fake", temperature=1.5, stop=["END"])).run(progress=False)


def test_what_shapes_a_batch_can_be_read_in_its_file(fake_ollama: FakeOllama, tmp_path: Path) -> None:
    fake_ollama.answer = answer
    data = StarDataset(MINI)
    data.batch([1], tmp_path / "a", "fake", about={"who": "Ana"}).run(progress=False)
    assert json.loads((tmp_path / "a/batch.json").read_text(encoding="utf-8")) == {
        "seed": 0,
        "data": "star-mini",
        "contents": data.contents(),
        "how": "description",
        "model": "fake",
        "options": {"temperature": 0.8},
        "who": "Ana",
    }
    assert re.fullmatch(r"55 scenarios, 10 tasks, SHA-256 [0-9a-f]{12}", data.contents())


def test_nothing_more_about_a_batch_is_fine_and_what_is_no_dict_is_refused(tmp_path: Path) -> None:
    assert StarDataset(MINI).batch([1], tmp_path, "fake", about=None).ids == [1]
    with pytest.raises(InputError, match="about='mine': give a dict"):
        StarDataset(MINI).batch([1], tmp_path, "fake", about="mine")


def test_a_broken_file_of_the_data_set_is_named_before_anything_is_made(tmp_path: Path) -> None:
    other = Path(shutil.copytree(MINI, tmp_path / "other"))
    (other / "dialogues/9.json").write_text("{", encoding="utf-8")
    with pytest.raises(FileError, match=r"9\.json, line 1: is not JSON"):
        StarDataset(other).batch([1], tmp_path / "a", "fake")


def test_a_batch_stays_with_its_data_set(fake_ollama: FakeOllama, tmp_path: Path) -> None:
    # Given a batch, and its data set set to another folder before it runs
    fake_ollama.answer = answer
    other = Path(shutil.copytree(MINI, tmp_path / "other"))
    change(other, "dialogues/1.json", '"UserTask": "', '"UserTask": "Be quick. ')
    data = StarDataset(MINI)
    wanted = data.get_dialog_scenario(1)
    batch = data.batch([1], tmp_path / "a", "fake")
    data.set_path(other)

    # When it runs, then it makes what it was asked for
    batch.run(progress=False)
    assert batch.dialogs()[0].scenario == wanted
    assert data.get_dialog_scenario(1) != wanted


def test_the_contents_of_all_of_star_take_moments(real_star: Path, tmp_path: Path) -> None:
    data = StarDataset(real_star)
    ids = data.get_ids()
    took = []
    for _ in range(3):  # the best time counts: other tests may have the machine
        began = time.perf_counter()
        data.batch(ids, tmp_path, "fake")
        took.append(time.perf_counter() - began)
    assert min(took) < 1
    assert data.contents().startswith("6652 scenarios, 24 tasks, SHA-256 ")


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
