"""`BatchRunner` without a browser. Fakes answer: it is about the widget."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from sdkit.batch import Batch
from sdkit.dialog import Dialog, Provenance, Turn
from sdkit.errors import FileError, InputError, ModelUnavailableError
from sdkit.generators import DialogGenerator
from sdkit.widgets import BatchRunner
from sdkit.widgets.batch_runner import LENGTH, SHOWN, TICK, _left

if TYPE_CHECKING:
    from conftest import FakeOllama

EVIL = "<script>alert(1)</script>$x$"


class Maker:
    """A fake: makes a dialogue at once, or fails; waits before the item it is to wait at until it may go on."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.problems: dict[int, Exception] = {}
        self.wait_at, self.takes_to_end = 0, 0.0
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __call__(self, number: int) -> Callable[..., Awaitable[Dialog]]:
        async def make(seed: int, id: int) -> Dialog:
            self.asked.append(number)
            if number == self.wait_at:
                self.reached.set()
                try:
                    while not self.go_on.is_set():
                        await asyncio.sleep(0.01)
                finally:
                    await asyncio.sleep(self.takes_to_end)
            if number in self.problems:
                raise self.problems[number]
            turns = [Turn(speaker=EVIL, text=f"Roll {number}. {EVIL}"), Turn(speaker="Tom", text="Bye.")]
            return Dialog(dialogId=id, turns=turns, provenance=Provenance(prompt_tokens=60, completion_tokens=40))

        return make


@pytest.fixture
def maker() -> Maker:
    return Maker()


Runner = Callable[..., BatchRunner]


@pytest.fixture
def shown(maker: Maker, tmp_path: Path) -> Iterator[Runner]:
    """Give a function that shows a batch of six, as a cell does that is run once or again."""
    runners: list[BatchRunner] = []

    def show(to: str = "rolls", count: int = 6, **options: Any) -> BatchRunner:
        runners.append(BatchRunner(Batch(range(1, count + 1), maker, tmp_path / to, **options)))
        return runners[-1]

    yield show
    for runner in runners:
        runner.stop()
        assert runner.wait(10)


def run(runner: BatchRunner) -> BatchRunner:
    """Press Start, or Resume, and wait until it has ended."""
    runner.start_button.click()
    assert runner.wait(10)
    return runner


def stop_at(runner: BatchRunner, maker: Maker, number: int) -> None:
    """Press Start, and Stop while this item is made."""
    begin_until(runner, maker, number)
    runner.stop_button.click()
    assert runner.wait(10)
    maker.wait_at = 0


def begin_until(runner: BatchRunner, maker: Maker, number: int) -> None:
    maker.wait_at = number
    maker.reached.clear()
    runner.start_button.click()
    assert maker.reached.wait(10)


def soon(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def buttons(runner: BatchRunner) -> tuple[str, bool, bool]:
    """Return what Start is called, and whether it and Stop can be pressed."""
    return runner.start_button.description, not runner.start_button.disabled, not runner.stop_button.disabled


# -- a run ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["rolls", "rolls.jsonl"])
def test_start_makes_all_and_says_so(shown: Runner, maker: Maker, to: str) -> None:
    runner = shown(to)
    assert buttons(runner) == ("Start", True, False)
    assert "0 of 6 dialogues there" in runner.how_far.value

    run(runner)

    assert (runner.value.done, runner.value.made, runner.value.stop, runner.errors) == (6, 6, "done", {})
    assert "Done: all 6 dialogues are there." in runner.message.value
    assert 'value="6" max="6"></progress> 6 of 6 dialogues there<' in runner.how_far.value
    assert buttons(runner) == ("Resume", True, False)
    assert len(runner.batch.dialogs()) == 6


def test_it_shows_what_is_there_and_makes_only_the_rest(shown: Runner, maker: Maker) -> None:
    run(shown(count=4))
    maker.asked.clear()

    runner = shown(count=6)

    assert runner.value.done == 4
    assert "4 of 6 dialogues there" in runner.how_far.value
    assert buttons(runner) == ("Resume", True, False)
    run(runner)
    assert maker.asked == [5, 6]
    assert (runner.value.done, runner.value.made) == (6, 2)


def test_while_it_runs_it_says_how_far_it_is_and_shows_the_latest_dialogue(shown: Runner, maker: Maker) -> None:
    runner = shown()
    begin_until(runner, maker, 4)

    assert buttons(runner)[1:] == (False, True)
    assert soon(lambda: "3 of 6 dialogues there, less than a minute left" in runner.how_far.value)
    assert buttons(runner) == ("Resume", False, True)
    assert (runner.value.done, runner.value.stop) == (3, "")
    assert "Dialogue 3: 2 turns" in runner.latest.value
    assert "Roll 3. &lt;script&gt;" in runner.latest.value

    runner.start()  # as if it had been pressed once more
    maker.go_on.set()
    assert runner.wait(10)
    assert maker.asked == [1, 2, 3, 4, 5, 6]
    assert "left" not in runner.how_far.value
    assert "Dialogue 6: 2 turns" in runner.latest.value


def test_stop_in_the_middle_of_a_dialogue_keeps_the_ones_before_and_resume_goes_on(shown: Runner, maker: Maker) -> None:
    runner = shown()

    stop_at(runner, maker, 4)

    assert (runner.value.done, runner.value.made, runner.value.stop, runner.errors) == (3, 3, "stopped", {})
    assert "Stopped. What was made is kept, and Resume goes on." in runner.message.value
    assert "3 of 6 dialogues there<" in runner.how_far.value
    assert buttons(runner) == ("Resume", True, False)
    run(runner)
    assert maker.asked == [1, 2, 3, 4, 4, 5, 6]
    assert (runner.value.done, runner.value.made) == (6, 3)
    assert "Done" in runner.message.value


def test_stop_pressed_at_once_and_many_times_is_one_stop(shown: Runner, maker: Maker) -> None:
    maker.wait_at = 1
    runner = shown()
    runner.start()
    for _ in range(20):
        runner.stop()
    assert runner.wait(10)
    assert "Stopped." in runner.message.value
    assert buttons(runner) == ("Start", True, False)
    maker.wait_at = 0
    assert run(runner).value.ok


def test_stop_pressed_again_while_it_ends_changes_nothing(shown: Runner, maker: Maker) -> None:
    maker.takes_to_end = 0.2
    runner = shown()
    begin_until(runner, maker, 3)

    runner.stop()
    time.sleep(0.05)
    runner.stop()

    assert runner.wait(10)
    assert (runner.value.done, runner.value.stop) == (2, "stopped")
    maker.wait_at = 0
    assert run(runner).value.ok


def test_a_fast_model_does_not_flood_the_page_and_its_last_dialogue_is_shown(shown: Runner) -> None:
    runner = shown(count=600)
    updates: list[str] = []
    runner.how_far.observe(lambda change: updates.append(change["new"]), "value")
    began = time.monotonic()

    run(runner)

    assert 3 <= len(updates) <= (time.monotonic() - began) / TICK + 3
    assert "600 of 600 dialogues there" in updates[-1]
    assert "Dialogue 600: 2 turns" in runner.latest.value


# -- what can go wrong ------------------------------------------------------------------------------------------------


def test_what_failed_is_shown_with_why_and_tried_again(shown: Runner, maker: Maker) -> None:
    maker.problems = {2: ValueError(EVIL), 3: ValueError("no\nbread " * 1000)}
    runner = run(shown())

    assert (runner.value.done, list(runner.value.failed)) == (4, ["2", "3"])
    assert "It has come to its end, and 2 failed. Resume tries them again." in runner.message.value
    assert "4 of 6 dialogues there, 2 failed" in runner.how_far.value
    assert "ValueError: &lt;script&gt;alert(1)&lt;/script&gt;$x$" in runner.failed.value
    assert "mathjax_ignore" in runner.failed.value
    assert len(runner.failed.value) < 3 * LENGTH + 500
    assert runner.value.to_frame()["problem"][0] == f"ValueError: {EVIL}"
    assert buttons(runner) == ("Resume", True, False)

    maker.problems = {}
    run(runner)
    assert maker.asked == [1, 2, 3, 4, 5, 6, 2, 3]
    assert runner.value.ok
    assert runner.failed.value == ""


def test_of_many_that_failed_some_are_shown(shown: Runner, maker: Maker) -> None:
    maker.problems = {number: ValueError("no bread") for number in range(1, 21)}
    runner = run(shown(count=20))
    assert runner.failed.value.count("ValueError: no bread") == SHOWN
    assert f"{20 - SHOWN} more failed; <code>value.to_frame()</code> has all." in runner.failed.value
    assert len(runner.value.to_frame()) == 20


def test_after_stop_those_count_that_failed_before_and_were_not_tried_again(shown: Runner, maker: Maker) -> None:
    maker.problems = {2: ValueError("no bread"), 5: ValueError("no rolls")}
    run(shown())
    runner = shown()
    assert list(runner.value.failed) == ["2", "5"]

    stop_at(runner, maker, 5)

    assert (runner.value.done, runner.value.failed) == (4, {"2": "ValueError: no bread", "5": "ValueError: no rolls"})
    assert "4 of 6 dialogues there, 2 failed" in runner.how_far.value


@pytest.mark.parametrize(("options", "end"), [({"tokens": 250}, "tokens"), ({"minutes": 1e-9}, "minutes")])
def test_a_budget_that_is_used_up_is_said_and_resume_goes_on(shown: Runner, options: dict[str, Any], end: str) -> None:
    runner = run(shown(**options))
    assert runner.value.stop == end
    assert f"Its {end} are used up. Resume goes on, with as many again." in runner.message.value
    assert f"{runner.value.done} of 6 dialogues there" in runner.how_far.value
    if end == "tokens":
        assert (runner.value.done, runner.value.tokens) == (3, 300)
        assert run(runner).value.ok


def test_a_model_that_cannot_be_used_is_said_and_what_was_made_is_kept(shown: Runner, maker: Maker) -> None:
    maker.problems = {3: ModelUnavailableError(f"nothing answers. {EVIL}")}
    runner = run(shown())

    assert 'role="alert"' in runner.message.value
    assert "nothing answers. &lt;script&gt;" in runner.message.value
    assert isinstance(runner.last_error, ModelUnavailableError)
    assert runner.errors == {"run": f"nothing answers. {EVIL}"}
    assert (runner.value.done, runner.value.failed) == (2, {})
    assert "2 of 6 dialogues there<" in runner.how_far.value
    assert buttons(runner) == ("Resume", True, False)

    maker.problems = {}
    run(runner)
    assert (runner.value.ok, runner.errors, runner.last_error) == (True, {}, None)


def test_a_server_that_is_not_there_is_said(fake_ollama: FakeOllama, tmp_path: Path) -> None:
    fake_ollama.fail(404, "model 'fake' not found")
    generator = DialogGenerator("fake", "Ana sells bread to Tom.", speakers=["Ana", "Tom"])
    runner = run(BatchRunner(Batch([1, 2], lambda _: generator, tmp_path / "rolls")))
    assert "ollama pull fake" in runner.errors["run"]
    assert runner.value.done == 0


def test_a_disk_that_cannot_be_written_is_said(shown: Runner, maker: Maker, tmp_path: Path) -> None:
    (tmp_path / "rolls").mkdir()
    (tmp_path / "rolls" / "json").write_text("a file, not a folder", encoding="utf-8")
    runner = run(shown())
    assert isinstance(runner.last_error, FileError)
    assert "a part of this path is a file, not a folder" in runner.errors["run"]
    assert (runner.value.done, runner.value.made, maker.asked) == (0, 0, [1])


def test_another_run_of_the_same_batch_is_said(shown: Runner, maker: Maker, tmp_path: Path) -> None:
    runner = shown()
    (tmp_path / "rolls").mkdir()
    with FileLock(tmp_path / "rolls" / "lock"):  # as if another program were at it
        run(runner)
    assert isinstance(runner.last_error, FileError)
    assert "is being made by another process, cell or widget" in runner.errors["run"]
    assert "is being made by another process" in runner.message.value
    assert maker.asked == []
    assert run(runner).value.ok


def test_a_cell_that_is_run_anew_while_the_batch_runs_takes_over(shown: Runner, maker: Maker) -> None:
    before = shown()
    begin_until(before, maker, 4)

    runner = shown()
    assert runner.value.done == 3
    maker.wait_at = 0
    run(runner)

    assert before.wait(10)
    assert before.value.stop == "stopped"
    assert maker.asked == [1, 2, 3, 4, 4, 5, 6]
    assert (runner.value.ok, runner.errors) == (True, {})


def test_a_run_that_would_be_refused_does_not_end_the_one_that_goes_well(shown: Runner, maker: Maker) -> None:
    # Given a run, and a cell that is run anew with another seed meanwhile
    good = shown()
    begin_until(good, maker, 4)
    refused = shown(seed=5)
    # When Resume is pressed there
    run(refused)
    # Then it is refused, the first one goes on, and can still be taken over
    assert refused.errors == {"run": str(refused.last_error)}
    assert "began with seed=0, and now it is 5" in refused.message.value
    assert buttons(refused) == ("Resume", True, False)
    assert buttons(good)[1:] == (False, True)
    maker.wait_at = 0
    assert run(shown()).value.ok
    assert good.wait(10)
    assert good.value.stop == "stopped"
    assert maker.asked == [1, 2, 3, 4, 4, 5, 6]


def test_what_began_with_other_settings_is_not_gone_on_with(shown: Runner) -> None:
    run(shown(count=4, about={"model": "one"}))
    runner = run(shown(about={"model": "two"}))
    assert "began with model='one', and now it is 'two'" in runner.errors["run"]
    assert runner.value.done == 4


def test_what_is_no_batch_or_cannot_be_read_is_refused(shown: Runner, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'rolls' is no batch"):
        BatchRunner("rolls")  # type: ignore[arg-type]
    (tmp_path / "rolls.jsonl").write_text("no JSON\n", encoding="utf-8")
    with pytest.raises(FileError, match="line 1"):
        shown("rolls.jsonl")


# -- others -----------------------------------------------------------------------------------------------------------


def test_the_static_twin_says_how_far_it_is_where_the_files_are_and_what_failed(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    maker.problems = {2: ValueError(EVIL)}
    runner = BatchRunner(Batch([1, 2], maker, "output/rolls"))
    assert runner.static_html() == (
        "<p><b>Batch runner</b>: 0 of 2 dialogues there.</p>\n"
        '<p class="mathjax_ignore tex2jax_ignore">Each dialogue goes to <code>output/rolls/json/ID.json</code> and '
        "<code>output/rolls/txt/ID.txt</code>.</p>"
    )
    run(runner)
    twin = runner.static_html()
    assert "1 of 2 dialogues there, 1 failed." in twin
    assert ">2</td>" in twin
    assert "ValueError: &lt;script&gt;" in twin
    assert "<script" not in twin
    assert twin == BatchRunner(Batch([1, 2], maker, "output/rolls")).static_html()
    assert json.dumps(runner._repr_mimebundle_()).count("Run the cell to use it") == 1
    lines = BatchRunner(Batch([1], maker, "output/<b>.jsonl"))
    assert "Each dialogue is a line of <code>output/&lt;b&gt;.jsonl</code>." in lines.static_html()
    assert "0 of 1 dialogue there" in lines.static_html()


def test_the_time_that_is_left_is_said_in_words() -> None:
    assert [_left(seconds) for seconds in (0.2, 59, 60, 170, 7500, 180_000)] == [
        "less than a minute left",
        "less than a minute left",
        "about 1 min left",
        "about 3 min left",
        "about 2 h 5 min left",
        "about 50 h 0 min left",
    ]
