"""How far a class is: what students handed in, put together."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from sdkit import files
from sdkit.cli import main
from sdkit.errors import FileError
from sdkit.files import read_text
from sdkit.teaching import browser, class_report, class_summary


def row(step: str, outcome: str = "done", **more: Any) -> dict[str, Any]:
    some = {"checks": 1, "hints": 0, "solution": False, "minutes": None, "wanted": ""}
    return {"exercise": "01-order", "step": step, "outcome": outcome} | some | more


def hand_in(folder: Path, token: str, *rows: dict[str, Any], name: str = "", **more: Any) -> Path:
    data = {"version": 1, "token": token, "when": "2026-11-21T10:00:00Z", "sdkit": "0.1.0", "steps": rows} | more
    path = folder / (name or f"progress-{token}.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_a_row_for_each_step_that_somebody_has_begun(tmp_path: Path) -> None:
    hand_in(tmp_path, "0000000a", row("Order", checks=2, hints=1, minutes=4.0, solution=True))
    hand_in(tmp_path, "0000000b", row("Order", checks=4, minutes=7.0))
    hand_in(tmp_path, "0000000c", row("Order", "not yet", checks=9, hints=2, wanted="two speakers"))
    hand_in(tmp_path, "0000000d", row("Order", "not started", checks=0))
    summary = class_summary.read(tmp_path)
    (step,) = summary.steps
    assert (step.done, step.not_yet, step.not_started) == (2, 1, 1)
    assert (step.checks, step.hints, step.minutes, step.solutions) == (4, 1, 5.5, 1)
    assert step.missing == "two speakers (1×)"
    assert "01-file" in summary.untouched


def test_who_is_stuck_where_most_checks_first(tmp_path: Path) -> None:
    hand_in(tmp_path, "0000000a", row("Order", "not yet", checks=2))
    hand_in(tmp_path, "0000000b", row("Order", "not yet", checks=7, wanted="two speakers"))
    stuck = class_summary.read(tmp_path).stuck
    assert [(one.token, one.row.checks) for one in stuck] == [("0000000b", 7), ("0000000a", 2)]


def test_of_one_student_the_newest_counts(tmp_path: Path) -> None:
    hand_in(tmp_path, "0000000a", row("Order"), name="b.json", when="2026-11-21T12:00:00+01:00")
    hand_in(tmp_path / "later", "0000000a", row("Order", "not yet"), name="a.json", when="2026-11-21T11:30:00Z")
    summary = class_summary.read(tmp_path)
    assert summary.students == 1
    assert summary.steps[0].not_yet == 1
    assert summary.left_out == ["1 older file of students who have exported again"]


def test_files_of_one_student_that_contradict_each_other_are_told(tmp_path: Path) -> None:
    # Given two who have copied a folder and went on by themselves, and one who has exported three times
    hand_in(tmp_path, "0000000a", row("Order"), row("File", "not yet", checks=3), name="a.json")
    hand_in(tmp_path, "0000000a", row("Order", "not yet"), row("File"), name="b.json", when="2026-11-21T11:00:00Z")
    for hour, checks in ((10, 1), (11, 1), (12, 4)):
        steps = [row("Order", "not yet", checks=checks), row("File", minutes=3.0)]
        hand_in(tmp_path, "0000000b", *steps, name=f"c{hour}.json", when=f"2026-11-21T{hour}:00:00Z")
    summary = class_summary.read(tmp_path)
    assert summary.students == 2
    told, older = summary.left_out
    assert told.startswith(
        "2 files say they are the same student, and differ: a.json, b.json. Only the newest counts, b.json."
    )
    assert "delete output/exercises/token.txt, and export again" in told
    assert older == "2 older files of students who have exported again"
    assert "2 files say they are the same student" in class_report.page(summary)


@pytest.mark.parametrize(
    "change", [{"checks": 4}, {"hints": 2}, {"minutes": 5.0}, {"outcome": "not yet", "checks": 9}, {"solution": True}]
)
def test_a_step_that_is_done_stays_as_it_is(tmp_path: Path, change: dict[str, Any]) -> None:
    done = {"outcome": "done", "checks": 3, "hints": 1, "minutes": 4.0}
    hand_in(tmp_path, "0000000a", row("Order", **done), name="a.json")
    hand_in(tmp_path, "0000000a", row("Order", **done | change), name="b.json", when="2026-11-21T11:00:00Z")
    (told,) = class_summary.read(tmp_path).left_out
    assert told.startswith("2 files say they are the same student, and differ: a.json, b.json.")


def test_what_is_no_file_is_left_out_and_not_waited_for(tmp_path: Path) -> None:
    hand_in(tmp_path, "0000000a", row("Order"))
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    left_out = class_summary.read(tmp_path).left_out
    assert left_out == [f"{name}.json: is not a file" for name in ("folder", "gone", "pipe")]


def test_a_file_is_read_once_and_not_if_it_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_in(tmp_path, "0000000a", row("Order"))
    (tmp_path / "large.json").write_text(" " * (2**20 + 1))
    read: list[str] = []
    monkeypatch.setattr(files, "read_text", lambda path, most: read.append(path.name) or read_text(path, most))
    (told,) = class_summary.read(tmp_path).left_out
    assert told.startswith("large.json: is ")
    assert read == ["large.json", "progress-0000000a.json"]


def test_more_minutes_than_anybody_works_are_broken(tmp_path: Path) -> None:
    hand_in(tmp_path, "0000000a", row("Order", minutes=1_000_000))
    hand_in(tmp_path, "0000000b", row("Order", minutes=1e308), name="far.json")
    summary = class_summary.read(tmp_path)
    (told,) = summary.left_out
    assert told.startswith("far.json: is broken: steps.0.minutes: ")
    assert max(map(len, str(class_summary.step_table(summary)).splitlines())) < 150


def test_broken_files_and_other_versions_are_named_and_left_out(tmp_path: Path) -> None:
    hand_in(tmp_path, "0000000a", row("Order"))
    hand_in(tmp_path, "0000000b", name="newer.json", version=2)
    hand_in(tmp_path, "0000000c", row("Order", "excellent"), name="wrong.json")
    hand_in(tmp_path, "0000000c", row("Order", checks=-1), name="minus.json")
    hand_in(tmp_path, "<script>", name="token.json")
    hand_in(tmp_path, "0000000c", name="naive.json", when="2026-11-21T10:00:00")
    (tmp_path / "half.json").write_text('{"version": 1, ')
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "infinite.json").write_text((tmp_path / "wrong.json").read_text().replace("null", "Infinity"))
    summary = class_summary.read(tmp_path)
    assert summary.students == 1
    told = dict(line.split(": ", 1) for line in summary.left_out)
    assert told["newer.json"] == "is of version 2; this sdkit reads version 1"
    assert told["list.json"] == "is no progress that `class export` has made"
    assert told["empty.json"] == "is empty"
    assert told["half.json"].startswith("is not JSON")
    for name in ("wrong.json", "minus.json", "token.json", "naive.json", "infinite.json"):
        assert told[name].startswith("is broken: ")


@pytest.mark.parametrize("names", [[], ["broken.json"]])
def test_a_folder_without_progress_is_an_error_and_no_report(
    tmp_path: Path, names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in names:
        (tmp_path / name).write_text("{")
    assert main(["class", "summary", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "has no progress in it" in told
    assert all(name in told for name in names)
    assert not (tmp_path / "summary.html").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="does not exist"):
        class_summary.read(tmp_path / "nowhere")


def test_the_table_is_printed_and_the_report_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hand_in(tmp_path, "0000000a", row("Order", "not yet", checks=3, wanted="two speakers"))
    assert main(["class", "summary", str(tmp_path), "--output", str(tmp_path / "out" / "r.html")]) == 0
    told = capsys.readouterr().out
    assert re.search(r"01-order +A guest orders, a waiter answers +0 +1 +0 +3", told)
    assert "0000000a  01-order" in told
    assert (tmp_path / "out" / "r.html").exists()


def test_a_class_that_has_not_begun(tmp_path: Path) -> None:
    hand_in(tmp_path, "0000000a", row("Order", "not started", checks=0))
    summary = class_summary.read(tmp_path)
    assert "Nobody has begun an exercise." in class_summary.text(summary)
    assert "Nobody has begun an exercise." in class_report.page(summary)


def test_the_report_needs_nothing_else_and_says_in_text_what_the_bars_show(tmp_path: Path) -> None:
    # Given files in which somebody wrote what should not run
    evil = "<script>alert(1)</script>"
    hand_in(tmp_path, "0000000a", row(evil, "not yet", wanted=evil, exercise=evil))
    hand_in(tmp_path, "0000000b", row("Order"))
    (tmp_path / "<b>.json").write_text("{")
    page = class_report.page(class_summary.read(tmp_path))
    # Then it is shown as text, the page fetches nothing, and the counts are words beside the bar
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "&lt;b&gt;.json" in page
    assert not re.search(r"https?:|\bsrc=|@import|url\(|<link", page)
    assert "default-src 'none'" in page
    assert "● 1&ensp;◐ 0&ensp;○ 1" in page


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_the_report(tmp_path: Path, scheme: Any) -> None:
    from axe_playwright_python.base import AXE_SCRIPT

    hand_in(tmp_path, "0000000a", row("Order", "not yet", wanted="two speakers"))
    path = tmp_path / "summary.html"
    path.write_text(class_report.page(class_summary.read(tmp_path)), encoding="utf-8")
    with browser.chromium() as chromium:
        tab = chromium.new_page(color_scheme=scheme, bypass_csp=True)
        asked: list[str] = []
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(path.as_uri())
        tab.evaluate(AXE_SCRIPT)
        assert tab.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"] == []
    assert asked == [path.as_uri()]


def test_a_step_of_another_version_is_shown_by_its_name(tmp_path: Path) -> None:
    hand_in(tmp_path, "0000000a", row("Unheard", exercise="12-new"))
    (step,) = class_summary.read(tmp_path).steps
    assert (step.exercise, step.title) == ("12-new", "Unheard")
