"""`Batch`: kept at once, gone on with, the same whatever happens. Fakes answer: it is about our own logic."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sdkit.agents import PersonaAgent
from sdkit.batch import Batch, Report
from sdkit.batch_report import duration
from sdkit.batch_store import FolderStore
from sdkit.dialog import Dialog, Provenance, Turn
from sdkit.errors import FileError, InputError, ModelError, ModelUnavailableError, PromptTooLongError, UnknownModelError
from sdkit.generators import DialogGenerator
from sdkit.llm import retries
from sdkit.llm.seeds import derive_seed
from sdkit.personas import Persona

if TYPE_CHECKING:
    from conftest import FakeOllama

Make = Callable[..., Awaitable[Dialog]]


class Maker:
    """A fake: makes a dialogue that says its seed, in no time; remembers what it was asked, and how many at once."""

    def __init__(self) -> None:
        self.asked: list[int | str] = []
        self.problems: dict[int | str, Exception] = {}
        self.pause = 0.0
        self.now = self.most = 0

    def __call__(self, number: int | str) -> Make:
        async def make(seed: int, id: int | str) -> Dialog:
            self.asked.append(number)
            self.now += 1
            self.most = max(self.most, self.now)
            try:
                await asyncio.sleep(self.pause)
            finally:
                self.now -= 1
            if number in self.problems:
                raise self.problems[number]
            turns = [Turn(speaker="User", text=f"Seed {seed}."), Turn(speaker="System", text="Zoë, שלום!\nBye.")]
            return Dialog(
                dialogId=id, seed=seed, turns=turns, provenance=Provenance(prompt_tokens=60, completion_tokens=40)
            )

        return make


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture(params=["folder", "lines.jsonl"])
def to(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files under a folder, but for the lock."""
    files = (path for path in folder.rglob("*") if path.is_file() and "lock" not in path.name)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


# -- what it makes ----------------------------------------------------------------------------------------------------


def test_each_item_has_its_files_its_id_and_the_seed_of_its_id(maker: Maker, tmp_path: Path) -> None:
    report = Batch([3, 1, "b-2"], maker, tmp_path / "a").run(progress=False)

    assert str(report) == "3 of 3 dialogues are there; 3 of them made now."
    assert report.ok
    assert report.stop == "done"
    names = sorted(str(path.relative_to(tmp_path / "a")) for path in (tmp_path / "a").rglob("*.*"))
    assert names == [
        *("batch.json", "json/1.json", "json/3.json", "json/b-2.json"),
        *("txt/1.txt", "txt/3.txt", "txt/b-2.txt"),
    ]
    assert Dialog.from_file(tmp_path / "a/json/3.json").seed == derive_seed(0, "3")
    assert (tmp_path / "a/txt/3.txt").read_text("utf-8").startswith(f"User: Seed {derive_seed(0, '3')}.\nSystem: Zoë")


def test_the_seed_may_be_the_id_as_in_the_workshop_notebook(maker: Maker, to: Path) -> None:
    batch = Batch([7, 42], maker, to, seed="id")
    batch.run(progress=False)
    assert [(dialog.dialogId, dialog.seed) for dialog in batch.dialogs()] == [(7, 7), (42, 42)]
    with pytest.raises(InputError, match="seed='b' will not do"):
        Batch(["b"], maker, to, seed="id")


def test_what_is_there_is_not_made_again(maker: Maker, to: Path) -> None:
    Batch([1, 2], maker, to).run(progress=False)
    before = contents(to.parent)
    report = Batch([1, 2, 3], maker, to).run(progress=False)
    assert maker.asked == [1, 2, 3]
    assert (report.done, report.made) == (3, 1)
    after = contents(to.parent)
    assert {name: after[name] for name in before if "lines" not in name} == {
        name: data for name, data in before.items() if "lines" not in name
    }


def test_order_and_concurrency_change_nothing(maker: Maker, tmp_path: Path) -> None:
    ids = list(range(1, 21))
    Batch(ids, maker, tmp_path / "one" / "a.jsonl").run(progress=False)
    maker.pause = 0.01
    shuffled = random.Random(1).sample(ids, len(ids))
    Batch(shuffled[:12], maker, tmp_path / "two" / "a.jsonl", concurrency=5).run(progress=False)
    Batch(ids, maker, tmp_path / "two" / "a.jsonl", concurrency=5).run(progress=False)
    assert maker.most == 5
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_generator_makes_dialogues_on_a_model(fake_ollama: FakeOllama, to: Path) -> None:
    turns = [{"speaker": ("User", "System")[i % 2], "text": f"Text {i}."} for i in range(6)]
    fake_ollama.answer = lambda body: json.dumps({"dialog": turns})
    generator = DialogGenerator("fake", "Ana sells bread.", speakers=["User", "System"])
    batch = Batch([1, 2], lambda number: generator, to, seed="id", about={"model": "fake"})
    report = batch.run(progress=False)
    assert [body["options"]["seed"] for body in fake_ollama.received] == [1, 2]
    assert [(dialog.dialogId, dialog.seed, dialog.speakers) for dialog in batch.dialogs()] == [
        *((1, 1, ["User", "System"]), (2, 2, ["User", "System"])),
    ]
    assert report.tokens == 2 * 18


# -- limits -----------------------------------------------------------------------------------------------------------


def test_a_budget_of_tokens_ends_a_run_and_the_next_one_goes_on(maker: Maker, to: Path) -> None:
    batch = Batch(range(1, 8), maker, to, tokens=250)
    report = batch.run(progress=False)
    assert (report.done, report.tokens, report.stop) == (3, 300, "tokens")
    assert str(report).endswith("3 of them made now. It ended because its tokens are used up. Run it again to go on.")
    assert batch.run(progress=False).done == 6
    assert batch.run(progress=False).ok


def test_a_budget_of_minutes_ends_a_run(maker: Maker, to: Path) -> None:
    maker.pause = 0.05
    report = Batch(range(1, 100), maker, to, minutes=0.2 / 60).run(progress=False)
    assert report.stop == "minutes"
    assert 1 <= report.done <= 6


def test_no_more_are_begun_in_a_minute_than_asked_for(maker: Maker, to: Path) -> None:
    began = time.monotonic()
    Batch(range(1, 6), maker, to, per_minute=60 * 20, concurrency=5).run(progress=False)
    assert time.monotonic() - began >= 4 / 20


def test_no_pause_is_longer_than_the_budget_of_minutes(maker: Maker, to: Path) -> None:
    began = time.monotonic()
    report = Batch([1, 2, 3], maker, to, per_minute=6, minutes=0.2 / 60).run(progress=False)
    assert (report.stop, report.made) == ("minutes", 1)
    assert time.monotonic() - began < 5


def fail_first(times: int) -> Callable[[dict[str, Any]], str]:
    """Return an answer that is none in the first attempts."""
    turns = [{"speaker": ("User", "System")[i % 2], "text": f"Text {i}."} for i in range(6)]
    left = [times]

    def answer(_: dict[str, Any]) -> str:
        left[0] -= 1
        return "prose" if left[0] >= 0 else json.dumps({"dialog": turns})

    return answer


def test_attempts_that_failed_count_as_well(fake_ollama: FakeOllama, to: Path) -> None:
    # Given a model whose answers cost 18 tokens each, and whose first four are not valid
    fake_ollama.answer = fail_first(4)
    generator = DialogGenerator("fake", "Ana sells bread.", speakers=["User", "System"])
    batch = Batch([1, 2, 3], lambda _: generator, to)
    # When the first item fails in three attempts, and the second one is made in two
    report = batch.run(progress=False)
    # Then all attempts are counted; the dialogues say what they did
    assert (list(report.failed), len(fake_ollama.received), report.tokens) == (["1"], 6, 6 * 18)
    assert [d.provenance and (d.provenance.attempts, d.provenance.prompt_tokens) for d in batch.dialogs()] == [
        *((2, 7), (1, 7)),
    ]


def test_a_budget_of_tokens_ends_a_run_in_which_all_fails(fake_ollama: FakeOllama, to: Path) -> None:
    fake_ollama.answer = lambda _: "prose"
    generator = DialogGenerator("fake", "Ana sells bread.", speakers=["User", "System"])
    report = Batch([1, 2, 3], lambda _: generator, to, tokens=10).run(progress=False)
    assert (report.stop, len(report.failed), report.tokens) == ("tokens", 1, 54)
    assert len(fake_ollama.received) == 3


# -- what fails -------------------------------------------------------------------------------------------------------


def test_an_item_that_fails_is_kept_apart_and_tried_again(maker: Maker, to: Path) -> None:
    maker.problems = {2: PromptTooLongError("too long. Really."), 3: ZeroDivisionError("<b>oops</b>")}
    batch = Batch([1, 2, 3, 4], maker, to)
    report = batch.run(progress=False)
    assert not report.ok
    assert dict(report.failed) == {
        "2": "PromptTooLongError: too long. Really.",
        "3": "ZeroDivisionError: <b>oops</b>",
    }
    assert str(report).endswith("2 failed, the first of them 2: PromptTooLongError: too long. Run it again to go on.")
    assert list(report.to_frame()["id"]) == ["2", "3"]
    assert batch.report().failed == report.failed  # also in another process

    del maker.problems[3]
    report = batch.run(progress=False)
    assert maker.asked == [1, 2, 3, 4, 2, 3]
    assert (report.done, report.made, list(report.failed)) == (3, 1, ["2"])
    del maker.problems[2]
    assert batch.run(progress=False).ok
    assert not list(to.parent.rglob("*errors.json"))


def test_failures_of_items_that_were_not_tried_again_stay_known(maker: Maker, to: Path) -> None:
    maker.problems = {1: ValueError("bad"), 3: ValueError("bad")}
    Batch([1, 2, 3], maker, to).run(progress=False)
    maker.problems = {}
    report = Batch([1, 2, 3], maker, to, tokens=50).run(progress=False)
    assert report.made == 1
    assert list(Batch([1, 2, 3], maker, to).report().failed) == ["3"]


def test_a_model_that_is_not_there_ends_the_run_at_once(maker: Maker, to: Path) -> None:
    maker.problems = {2: ModelUnavailableError("Ollama is not running; start it")}
    batch = Batch(range(1, 50), maker, to)
    with pytest.raises(ModelUnavailableError, match="start it"):
        batch.run(progress=False)
    assert maker.asked == [1, 2]
    assert batch.report().done == 1


POISON = {
    "refused": (400, "content_filter: this prompt was refused"),
    "fails": (500, "it has crashed on this one"),
    "too much": (429, "too many requests"),
}


@pytest.mark.parametrize("kind", [*POISON, "silent"])
def test_an_item_that_a_model_will_not_do_does_not_stand_in_the_way(
    fake_ollama: FakeOllama, to: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    # Given a server that does all items but the second one
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(retries, "CROWDED_PAUSE", 0.001)
    monkeypatch.setenv("SDKIT_TIMEOUT", "0.3")
    fake_ollama.answer, chat, over = fail_first(0), fake_ollama.chat, threading.Event()

    def but_one(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if body["options"]["seed"] != 2:
            return chat(body)
        if kind == "silent":
            over.wait(10)
        status, error = POISON.get(kind, (500, "too late"))
        return status, {"error": error}

    monkeypatch.setattr(fake_ollama, "chat", but_one)
    generator = DialogGenerator("fake", "Ana sells bread.", speakers=["User", "System"])
    batch = Batch([1, 2, 3], lambda _: generator, to, seed="id")
    # When it is run, and once more
    first, second = batch.run(progress=False), batch.run(progress=False)
    over.set()
    # Then the others are there
    assert (first.done, first.stop, list(first.failed)) == (2, "done", ["2"])
    assert (second.done, second.made, list(second.failed)) == (2, 0, ["2"])
    assert first.failed["2"].startswith("ModelUnavailableError: fake ")


def poison() -> ModelUnavailableError:
    error = ModelUnavailableError("fake answered with the error 500")
    error.one_request = True
    return error


def test_a_model_that_fails_again_and_again_ends_the_run(maker: Maker, to: Path) -> None:
    maker.problems = {number: poison() for number in range(2, 50)}
    batch = Batch(range(1, 50), maker, to)
    with pytest.raises(
        ModelUnavailableError, match=r"5 items failed in a row, .* Run it again to go on\. The last: fake"
    ):
        batch.run(progress=False)
    assert maker.asked == [1, 2, 3, 4, 5, 6]
    assert list(batch.report().failed) == ["2", "3", "4", "5", "6"]


def test_a_success_in_between_is_no_row_and_what_failed_comes_last(maker: Maker, to: Path) -> None:
    maker.problems = {number: poison() for number in (1, 2, 3, 4, 6, 7, 8, 9)}
    batch = Batch(range(1, 11), maker, to)
    assert len(batch.run(progress=False).failed) == 8
    # If the first ones cannot be made, and now there are others, they are not in the way
    maker.problems |= {5: poison()}
    maker.asked.clear()
    batch = Batch(range(1, 13), maker, to)
    with pytest.raises(ModelUnavailableError):
        batch.run(progress=False)
    assert maker.asked == [11, 12, 1, 2, 3, 4, 6]
    assert batch.report().done == 4


def test_what_is_in_the_making_when_a_run_ends_is_finished(maker: Maker, to: Path) -> None:
    maker.pause = 0.1
    maker.problems = {1: ModelUnavailableError("Ollama is not running; start it")}
    batch = Batch(range(1, 9), maker, to, concurrency=3)
    with pytest.raises(ModelUnavailableError, match="start it"):
        batch.run(progress=False)
    assert maker.asked == [1, 2, 3]
    assert [dialog.dialogId for dialog in batch.dialogs()] == [2, 3]


@pytest.mark.parametrize("how", ["one request", "turns"])
@pytest.mark.parametrize(("status", "error"), [(401, ModelUnavailableError), (404, UnknownModelError), (0, ModelError)])
def test_what_every_item_would_meet_ends_the_run_at_once(
    fake_ollama: FakeOllama, to: Path, monkeypatch: pytest.MonkeyPatch, how: str, status: int, error: type[Exception]
) -> None:
    fake_ollama.fail(status, "model 'fake' not found")
    if status == 0:  # nobody there
        monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    ana = PersonaAgent(Persona(name="Ana"), "fake")
    tom = PersonaAgent(Persona(name="Tom"), "fake")
    generator = DialogGenerator("fake", "Ana sells bread.", speakers=["User", "System"])

    async def talk(seed: int, id: int | str) -> Dialog:
        return await ana.atalk_with(tom, seed=seed, id=id)

    batch = Batch([1, 2, 3], lambda _: talk if how == "turns" else generator, to)
    with pytest.raises(error):
        batch.run(progress=False)
    assert len(fake_ollama.received) == bool(status)
    assert (batch.report().done, batch.report().failed) == (0, {})


def broken(kind: str, id: int | str) -> Dialog:
    """Return a dialogue that cannot be kept."""
    dialog = Dialog(dialogId=id, turns=[Turn(speaker="User", text="Hi.")])
    if kind == "half a character":
        dialog.turns[0].text = "\ud800"
    elif kind == "no text":
        dialog.turns[0].text = None  # type: ignore[assignment]
    else:
        dialog.turns[0].speaker = "Nurse: Ann"
    return dialog


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize("kind", ["half a character", "no text", "a colon"])
def test_a_dialogue_that_cannot_be_kept_fails_like_any_other_item(maker: Maker, to: Path, kind: str) -> None:
    def maker_for(number: int) -> Make:
        async def bad(seed: int, id: int | str) -> Dialog:
            return broken(kind, id)

        return bad if number == 2 else maker(number)

    batch = Batch([1, 2, 3, 4], maker_for, to)
    for _ in range(2):
        report = batch.run(progress=False)
        if kind == "a colon" and to.suffix == ".jsonl":
            assert report.ok  # a line of JSON can carry it
        else:
            assert (report.done, list(report.failed)) == (3, ["2"])
            assert ("the speaker 'Nurse: Ann'" if kind == "a colon" else "dialogue") in report.failed["2"]
    assert maker.asked == [1, 3, 4]
    assert len(batch.dialogs()) == report.done


def test_addresses_in_what_failed_hold_no_secrets_and_the_report_is_a_line(maker: Maker, to: Path) -> None:
    maker.problems = {
        1: ValueError(
            "502 for 'http://ana:geheim@host:8080/v1?api_key=sk-123&x=1'\nSee ws://h/?t=sk-123, \ud800 \x1b[31m"
        ),
        2: ValueError("at https://ana:ge/heim@host/a#token=sk-123 and http://h:80/@me"),
    }
    batch = Batch([1, 2], maker, to)
    report = batch.run(progress=False)

    assert dict(report.failed) == {
        "1": "ValueError: 502 for 'http://…@host:8080/v1?…'\nSee ws://h/?… \\ud800 \x1b[31m",
        "2": "ValueError: at https://…@host/a?… and http://h:80/@me",
    }
    assert batch.report().failed == report.failed
    (kept,) = to.parent.rglob("*errors.json")
    for text in (kept.read_text("utf-8"), str(report), str(batch.report())):
        assert not re.search("heim|sk-123", text)
    assert len(str(report).splitlines()) == 1
    assert "\x1b" not in str(report)


def test_a_plain_function_makes_dialogues_too(to: Path) -> None:
    def make(seed: int, id: int | str) -> Dialog:
        return Dialog(dialogId=id, turns=[Turn(speaker="User", text="Hi.")])

    assert Batch([1, 2], lambda _: make, to).run(progress=False).ok


def test_what_is_no_dialogue_fails_like_any_other_item(tmp_path: Path) -> None:
    async def poem(seed: int, id: int) -> Any:
        return "a poem"

    report = Batch([1], lambda number: poem, tmp_path / "a").run(progress=False)
    assert dict(report.failed) == {"1": "InputError: made a str, not a dialogue"}


def test_a_full_disk_ends_the_run_and_breaks_nothing(maker: Maker, to: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = Batch([1, 2, 3], maker, to)
    real = os.fsync
    left = [3]

    def fsync(number: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(number)

    monkeypatch.setattr("os.fsync", fsync)
    with pytest.raises(FileError, match="no space left on device"):
        batch.run(progress=False)
    monkeypatch.setattr("os.fsync", real)
    assert len(batch.dialogs()) in {1, 2}
    assert batch.run(progress=False).ok
    assert [dialog.dialogId for dialog in batch.dialogs()] == [1, 2, 3]


def test_a_place_that_cannot_be_is_said_before_anything_is_made(maker: Maker, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(FileError, match="a part of this path is a file"):
        Batch([1], maker, tmp_path / "file" / "a").run(progress=False)
    assert maker.asked == []


def test_a_batch_that_began_with_something_else_is_not_gone_on_with(maker: Maker, to: Path) -> None:
    Batch([1, 2], maker, to, about={"model": "a"}, tokens=50).run(progress=False)
    with pytest.raises(InputError, match=r"batch\.json says .* began with model='a', and now it is 'b'; go on as it"):
        Batch([1, 2], maker, to, about={"model": "b"}).run(progress=False)
    with pytest.raises(InputError, match="began with seed=0, and now it is 1"):
        Batch([1, 2], maker, to, about={"model": "a"}, seed=1).run(progress=False)
    assert Batch([1, 2], maker, to, about={"model": "a"}).run(progress=False).ok


def test_two_runs_of_one_batch_do_not_get_in_each_others_way(maker: Maker, to: Path) -> None:
    maker.pause = 0.2
    batch = Batch([1, 2, 3], maker, to)
    first = threading.Thread(target=batch.run, args=(False,))
    first.start()
    while not maker.asked:
        time.sleep(0.01)
    with pytest.raises(FileError, match="is being made by another process, cell or widget"):
        Batch([1, 2, 3], maker, to).run(progress=False)
    first.join()
    assert maker.asked == [1, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"ids": []}, "nothing to make"),
        ({"ids": [1, "1"]}, "'1' is there twice"),
        ({"ids": ["a", "A"]}, "'A' is there twice"),
        ({"ids": ["../a"]}, "'../a' is no id"),
        ({"ids": ["a b"]}, "is no id for a batch"),
        ({"ids": [True]}, "True is no id"),
        ({"ids": "bread"}, r"ids='bread': give a list of ids"),
        ({"ids": b"bread"}, "ids=b'bread': give a list"),
        ({"ids": 5}, "ids=5: give a list"),
        ({"ids": [1.0]}, r"1\.0 is no id"),
        ({"ids": [None]}, "None is no id"),
        ({"ids": ["CON"]}, "'CON' is no id for a batch: on Windows"),
        ({"ids": ["aux.1"]}, "on Windows, no file can have that name"),
        ({"ids": ["com1"]}, "on Windows"),
        ({"ids": ["漢" * 100]}, "too long for a file's name"),
        ({"maker_for": {1: "a"}}, r"maker_for=\{1: 'a'\}: give a function from an id"),
        ({"about": {"a": {1, 2}}}, "about= is kept as JSON, which cannot carry it .*give a dict of texts"),
        ({"about": {"a": float("nan")}}, "about= is kept as JSON"),
        ({"about": {"a": "\ud800"}}, "about= is kept as JSON"),
        ({"about": "model"}, "about= is kept as JSON"),
        ({"concurrency": 0}, "concurrency=0"),
        ({"tokens": -1}, "tokens=-1: give a number above 0"),
        ({"minutes": "5"}, "minutes='5'"),
        ({"per_minute": float("inf")}, "per_minute=inf"),
        ({"seed": -1}, "seed=-1 will not do"),
        ({"to": "output/a.parquet"}, r"go into a folder"),
        ({"to": __file__}, r"go into a folder"),
        ({"to": "output/a.csv"}, r"go into a folder, or into a file whose name ends in \.jsonl"),
    ],
)
def test_arguments_that_cannot_work_are_refused(maker: Maker, arguments: dict[str, Any], why: str) -> None:
    given = {"ids": [1], "maker_for": maker, "to": "output/a", **arguments}
    with pytest.raises(InputError, match=why):
        Batch(**given)


# -- interruptions ----------------------------------------------------------------------------------------------------


def test_it_can_be_cancelled_in_the_middle_and_gone_on_with(maker: Maker, to: Path) -> None:
    maker.pause = 0.05
    batch = Batch(range(1, 20), maker, to)
    reports: list[Report] = []

    async def some() -> None:
        task = asyncio.ensure_future(batch.arun(reports.append))
        while not reports or reports[-1].done < 3:
            await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(some())
    assert batch.report().done == reports[-1].done == 3
    maker.pause = 0
    assert batch.run(progress=False).made == 16


CHILD = """
import asyncio, json, sys, time
from pathlib import Path
from sdkit.batch import Batch
from sdkit.dialog import Dialog, Turn

def maker_for(number):
    async def make(seed, id):
        with open(sys.argv[3], "a") as log:
            print(number, file=log)
        await asyncio.sleep(0.01)
        turns = [Turn(speaker="User", text="word " * 2000), Turn(speaker="System", text=str(seed))]
        return Dialog(dialogId=id, seed=seed, turns=turns)
    return make

print("ready", flush=True)
Batch(range(1, 106), maker_for, sys.argv[1], concurrency=int(sys.argv[2])).run(progress=False)
"""


def child(to: Path, log: Path, concurrency: int = 3) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, str(to), str(concurrency), str(log)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    process.stdout.readline()
    return process


@pytest.mark.parametrize("name", ["folder", "lines.jsonl"])
def test_killed_at_ten_random_moments_it_is_as_if_nothing_had_happened(name: str, tmp_path: Path) -> None:
    chance = random.Random(name)
    undisturbed, killed, log = tmp_path / "u" / name, tmp_path / "k" / name, tmp_path / "log"
    with child(undisturbed, tmp_path / "other"):
        pass
    for _ in range(10):
        with child(killed, log) as process:
            time.sleep(chance.uniform(0.01, 0.1))
            process.send_signal(signal.SIGKILL)
    made = len(Batch(range(1, 106), Maker(), killed).dialogs())
    assert 0 < made < 105, "it was killed too late, or too early, to show anything"
    with child(killed, log) as process:
        assert process.wait(60) == 0

    assert contents(killed.parent) == contents(undisturbed.parent)
    assert [d.dialogId for d in Batch(range(1, 106), Maker(), killed).dialogs()] == list(range(1, 106))
    begun = log.read_text().split()
    assert len(begun) <= 105 + 10 * 3  # at most what was in the making was made again


def test_ctrl_c_ends_it_at_once_and_what_was_made_is_there(tmp_path: Path) -> None:
    process = child(tmp_path / "a", tmp_path / "log", concurrency=1)
    while not (tmp_path / "log").exists() or len((tmp_path / "log").read_text().split()) < 5:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) != 0
    assert process.stdout
    process.stdout.close()
    store = FolderStore(tmp_path / "a")
    made = len(store.load(range(1, 106)))
    assert 4 <= made < 105
    with child(tmp_path / "a", tmp_path / "log") as again:
        assert again.wait(60) == 0
    assert len(store.load(range(1, 106))) == 105


# -- how it is told ---------------------------------------------------------------------------------------------------


def test_a_report_says_how_long_the_rest_takes() -> None:
    assert Report(10).seconds_left is None
    assert Report(10, 6, 4, seconds=20).seconds_left == 20
    assert Report(10, 6, 4, {"1": "bad"}, seconds=20).seconds_left == 12
    assert Report(10, 10, 0).seconds_left == 0
    assert [duration(s) for s in (3, 80, 3700)] == ["3 s", "1 min 20 s", "1 h 1 min"]


def test_a_progress_bar_is_shown_and_goes_to_the_end(
    maker: Maker, to: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    maker.problems = {2: ValueError("bad")}
    Batch([1, 2], maker, to).run()
    shown = capsys.readouterr().err
    assert "Dialog generation" in shown
    assert "1/2" in shown
    assert "failed=1" in shown
