"""Where a batch keeps its dialogues: what is there, what belongs to it, what is left behind."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from sdkit.batch import Batch
from sdkit.batch_store import FolderStore, LinesStore, Store
from sdkit.dialog import Dialog, Turn
from sdkit.errors import FileError, InputError, ModelUnavailableError
from sdkit.jsonl import read_lines, write_lines


def maker_for(number: int | str) -> Callable[..., Awaitable[Dialog]]:
    """Return a fake that makes a dialogue at once."""

    async def make(seed: int, id: int | str) -> Dialog:
        return dialog(id)

    return make


def none_for(number: int | str) -> Any:
    """Be like a model that is not there."""
    raise ModelUnavailableError("Ollama does not have it")


def dialog(number: int | str | None, text: str = "Hi.") -> Dialog:
    return Dialog(dialogId=number, turns=[Turn(speaker="User", text=text)])


@pytest.fixture(params=["folder", "lines.jsonl"])
def to(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / "place" / str(request.param)


def kept(to: Path) -> Store:
    return LinesStore(to) if to.suffix else FolderStore(to)


# -- ids --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ids", [numpy.array([1, 2]), pandas.Series([1, 2]), pandas.DataFrame({"id": [1, 2]})["id"]])
def test_ids_may_come_out_of_a_table(to: Path, ids: Any) -> None:
    batch = Batch(ids, maker_for, to, seed="id")
    assert batch.run(progress=False).ok
    assert [type(number) for number in batch.ids] == [int, int]
    assert [one.dialogId for one in batch.dialogs()] == [1, 2]


def test_1_as_a_number_and_as_a_text_is_one_id(to: Path) -> None:
    Batch([1], maker_for, to).run(progress=False)
    report = Batch(["1", "2"], maker_for, to).run(progress=False)
    assert (report.done, report.made) == (2, 1)
    assert len(Batch(["1", "2"], maker_for, to).dialogs()) == 2


# -- places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["smollm2-1.7b", "v1.5", "qwen2.5"])
def test_the_name_of_a_folder_may_have_a_dot(tmp_path: Path, name: str) -> None:
    assert Batch([1], maker_for, tmp_path / name).run(progress=False).ok
    assert Batch([1, 2], maker_for, tmp_path / name).run(progress=False).ok
    assert (tmp_path / name / "json" / "2.json").exists()


def test_dialogues_of_somebody_else_are_not_taken_for_its_own(to: Path) -> None:
    # Given a dialogue of which nobody knows how it was made
    store = kept(to)
    store.save(1, store.written(1, dialog(1, "by hand")))
    # Then a batch is not begun there, and nothing is changed
    with pytest.raises(InputError, match=r"holds dialogues, and no .*batch\.json says how .*choose another place"):
        Batch([1, 2], maker_for, to, about={"model": "mine"}).run(progress=False)
    assert [one.turns[0].text for one in store.load([1, 2])] == ["by hand"]
    assert not list(to.parent.rglob("*batch.json"))


def test_settings_can_be_put_right_as_long_as_there_is_no_dialogue(to: Path) -> None:
    with pytest.raises(ModelUnavailableError):
        Batch([1], none_for, to, about={"model": "fakr"}).run(progress=False)
    assert Batch([1], maker_for, to, about={"model": "fake"}).run(progress=False).ok
    with pytest.raises(InputError, match="began with model='fake', and now it is 'fakr'"):
        Batch([1, 2], maker_for, to, about={"model": "fakr"}).run(progress=False)


def test_settings_are_compared_as_json_gives_them_back(to: Path) -> None:
    about = {"limits": (1, 2), "by": {1: "one"}}
    Batch([1], maker_for, to, about=about).run(progress=False)
    assert Batch([1, 2], maker_for, to, about=about).run(progress=False).made == 1
    Batch([1, 2], maker_for, to, about=about).check()


def test_a_file_of_settings_that_is_none_is_named(to: Path) -> None:
    Batch([1], maker_for, to).run(progress=False)
    (about,) = to.parent.rglob("*batch.json")
    about.write_text("[1]", encoding="utf-8")
    with pytest.raises(FileError, match=r"batch\.json: does not say how the dialogues beside it were made"):
        Batch([1, 2], maker_for, to).run(progress=False)


# -- lines ------------------------------------------------------------------------------------------------------------


def test_a_line_without_a_line_break_is_a_dialogue_that_is_there(tmp_path: Path) -> None:
    to = tmp_path / "a.jsonl"
    Batch([1, 2], maker_for, to).run(progress=False)
    to.write_text(to.read_text(encoding="utf-8").rstrip("\n"), encoding="utf-8")
    assert Batch([1, 2], maker_for, to).report().done == 2
    assert Batch([1, 2, 3], maker_for, to).run(progress=False).made == 1
    assert [line["dialogId"] for line in read_lines(to)] == [1, 2, 3]


def test_lines_of_other_ids_stay_as_they_are_behind_the_others(tmp_path: Path) -> None:
    to = tmp_path / "a.jsonl"
    other = {"dialogId": "x", "turns": [], "mine": 1}
    write_lines(to, [other, {"dialogId": 2, "turns": []}, other | {"mine": 2}, {"dialogId": 1, "turns": []}])
    LinesStore(to).finish([1, 2])
    assert read_lines(to) == [
        {"dialogId": 1, "turns": []},
        {"dialogId": 2, "turns": []},
        other,
        other | {"mine": 2},
    ]


def test_a_line_that_is_no_dialogue_is_named_by_its_number_in_the_file(tmp_path: Path) -> None:
    to = tmp_path / "a.jsonl"
    to.write_text('{"dialogId": 1, "turns": []}\n\n{"turns": []}\n', encoding="utf-8")
    with pytest.raises(FileError, match="line 3: holds a dialogue without an id"):
        LinesStore(to).load([1])


def test_putting_many_lines_in_order_takes_about_as_long_as_reading_them(tmp_path: Path) -> None:
    count = 20_000
    store = LinesStore(tmp_path / "a.jsonl")
    write_lines(store.path, [{"dialogId": number, "turns": []} for number in range(count)])
    began = time.thread_time()
    store.done([0])
    read = time.thread_time() - began
    store.finish(range(count - 1, -1, -1))
    assert time.thread_time() - began - read < 20 * read  # a set that is made anew for each line takes 5,000 times
    assert [line["dialogId"] for line in read_lines(store.path)][:2] == [count - 1, count - 2]


# -- what a killed run leaves behind ----------------------------------------------------------------------------------


def test_what_is_half_written_goes_and_what_belongs_to_others_stays(to: Path) -> None:
    # Given what killed runs leave, and files and folders of others with names that look alike
    beside = to.parent if to.suffix else to
    names = (
        [".lines.jsonl", ".lines.jsonl.batch.json", ".lines.jsonl.errors.json"]
        if to.suffix
        else [".batch.json", ".errors.json", "json/.7.json", "txt/.7.txt"]
    )
    left = [beside / f"{name}.0a1b2c3d.part" for name in names]
    others = [
        *(beside / ".mine.part", beside / ".other.json.0a1b2c3d.part", beside / "notes" / ".7.json.0a1b2c3d.part"),
        *(beside / "json" / ".mine.part", beside / "json" / "7.json.0a1b2c3d.part"),
    ]
    for path in (*left, *others):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half", encoding="utf-8")
    folders = [beside / "json" / ".8.json.0a1b2c3d.part", beside / "sub" / ".STAR.part"]
    for path in folders:
        path.mkdir(parents=True)
    # When a batch is made
    assert Batch([1], maker_for, to).run(progress=False).ok
    # Then only its own rests are gone
    assert [path for path in left if path.exists()] == []
    assert all(path.exists() for path in (*others, *folders))
    assert json.loads((beside / ("lines.jsonl.batch.json" if to.suffix else "batch.json")).read_text()) == {"seed": 0}
