"""A file of dialogues into three: written at once, gone on with, and never judged twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sdkit.dialog import Dialog, Turn
from sdkit.errors import FileError, InputError, ModelUnavailableError
from sdkit.jsonl import read_lines, write_lines
from sdkit.moderation import Filed, Finding, PersonalData, WordList, moderate_file

ROOT = Path(__file__).parents[2]


def record(number: int, said: str, answer: str = "Very well.") -> dict[str, Any]:
    turn = {"turn_number": 1, "utterance": said, "intent": "x", "assistant_response": answer, "emotion": "Happy"}
    return {"services": ["hotel"], "dialogue_id": f"d{number}", "turns": [turn], "num_lines": 1}


GOOD, RUDE, MAIL = record(1, "Hello."), record(2, "Hello.", "You idiot."), record(3, "It is ana@example.org.")


class Flaky:
    """A layer that fails for "odd" texts as long as it is told to, and counts what it is asked."""

    name = "flaky"

    def __init__(self, fails: bool = True, error: Exception | None = None) -> None:
        self.fails, self.error = fails, error or RuntimeError("no idea")
        self.asked: list[str] = []

    def check(self, texts: Sequence[str]) -> list[Finding]:
        self.asked.append(texts[0])
        if self.fails and "odd" in texts[0]:
            raise self.error
        return [Finding(self.name, "rude", "it is rude", 0, 0, 4, "rude")] if texts[0].startswith("rude") else []


def made(folder: Path, *records: Any) -> Path:
    path = folder / "made.jsonl"
    write_lines(path, records)
    return path


def moderated(path: Path, *layers: Any, **options: Any) -> Filed:
    return moderate_file(path, layers=layers or None, progress=False, **options)


def ids(path: Path, kind: str) -> list[Any]:
    return [each["dialogue_id"] for each in read_lines(path.with_name(f"made.{kind}.jsonl"))]


# -- what comes out ---------------------------------------------------------------------------------------------------


def test_records_go_into_three_files(tmp_path: Path) -> None:
    path = made(tmp_path, RUDE, GOOD, MAIL, {"dialogue_id": "d4", "text": "no turns"})

    filed = moderated(path)

    assert (filed.total, filed.approved, filed.flagged, filed.failed, filed.judged) == (4, 1, 2, 1, 4)
    assert not filed.ok
    assert str(filed).startswith("Of 4 dialogues, 1 approved, 2 flagged, 1 failed; 4 judged now")
    assert read_lines(tmp_path / "made.approved.jsonl") == [GOOD]
    insult, address = (each["moderation"] for each in read_lines(tmp_path / "made.flagged.jsonl"))
    assert insult == [
        {
            "layer": "words",
            "category": "insult",
            "reason": "'idiot' is listed under insult",
            "turn": 0,
            "field": "assistant_response",
            "start": 4,
            "end": 9,
            "text": "idiot",
        }
    ]
    assert (address[0]["category"], address[0]["field"]) == ("e-mail", "utterance")
    assert "ana@example.org" not in address[0]["reason"]
    assert read_lines(tmp_path / "made.failed.jsonl") == [
        {
            "dialogue_id": "d4",
            "text": "no turns",
            "moderation_failed": "holds no dialogue: it has no list of turns",
        }
    ]


def test_a_flagged_line_is_the_record_and_the_findings(tmp_path: Path) -> None:
    moderated(made(tmp_path, RUDE))

    (line,) = read_lines(tmp_path / "made.flagged.jsonl")

    assert {name: value for name, value in line.items() if name != "moderation"} == RUDE


def test_the_files_can_be_named_and_lie_anywhere(tmp_path: Path) -> None:
    path, to = made(tmp_path, GOOD, RUDE), tmp_path / "out"

    moderate_file(path, to / "a.jsonl", to / "b.jsonl", to / "c.jsonl", progress=False)

    assert read_lines(to / "a.jsonl") == [GOOD]
    assert len(read_lines(to / "b.jsonl")) == 1
    assert not (to / "c.jsonl").exists()


def test_a_json_list_and_dialogues_of_ours_will_do(tmp_path: Path) -> None:
    path = tmp_path / "made.json"
    dialog = Dialog(dialogId=5, turns=[Turn(speaker="A", text="Hi"), Turn(speaker="B", text="Shut up, Ærø ☕")])
    path.write_text(json.dumps([dialog.json(), GOOD]), encoding="utf-8")

    moderated(path)

    (line,) = read_lines(tmp_path / "made.flagged.jsonl")
    assert (line["moderation"][0]["turn"], line["moderation"][0]["field"]) == (1, "text")
    assert Dialog.from_dict(line).turns == dialog.turns
    assert "Ærø ☕" in (tmp_path / "made.flagged.jsonl").read_text(encoding="utf-8")


def test_a_file_that_was_flagged_can_be_moderated_again(tmp_path: Path) -> None:
    moderated(made(tmp_path, RUDE, MAIL))
    flagged = tmp_path / "made.flagged.jsonl"

    filed = moderate_file(flagged, layers=[PersonalData()], progress=False)

    assert (filed.approved, filed.flagged) == (1, 1)
    assert read_lines(tmp_path / "made.flagged.approved.jsonl") == [RUDE]


# -- going on ---------------------------------------------------------------------------------------------------------


def test_what_was_judged_is_not_judged_again(tmp_path: Path) -> None:
    path, layer = made(tmp_path, *(record(n, text) for n, text in enumerate(["fine", "rude", "odd"]))), Flaky()
    moderated(path, layer)
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}

    filed = moderated(path, layer)

    assert layer.asked == ["fine", "rude", "odd"]
    assert (filed.approved, filed.flagged, filed.failed, filed.judged) == (1, 1, 1, 0)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_what_is_new_in_the_file_is_judged(tmp_path: Path) -> None:
    layer = Flaky()
    moderated(made(tmp_path, record(2, "fine")), layer)

    moderated(path := made(tmp_path, record(1, "new"), record(2, "fine"), record(3, "rude")), layer)

    assert layer.asked == ["fine", "new", "rude"]
    assert ids(path, "approved") == ["d1", "d2"]


def test_failed_ones_are_tried_again_if_asked_for(tmp_path: Path) -> None:
    texts = ["odd one", "fine", "rude", "odd two"]
    path, layer = made(tmp_path, *(record(n, text) for n, text in enumerate(texts))), Flaky()
    moderated(path, layer)
    assert ids(path, "failed") == ["d0", "d3"]
    (line, _) = read_lines(tmp_path / "made.failed.jsonl")
    assert line["moderation_failed"] == "flaky: RuntimeError: no idea"

    layer.asked, layer.error = [], RuntimeError("still none")
    moderated(path, layer, retry_failed=True)
    assert layer.asked == ["odd one", "odd two"]
    assert [each["moderation_failed"] for each in read_lines(tmp_path / "made.failed.jsonl")] == [
        "flaky: RuntimeError: still none"
    ] * 2

    layer.fails = False
    filed = moderated(path, layer, retry_failed=True)
    assert (filed.approved, filed.flagged, filed.failed, filed.judged) == (3, 1, 0, 2)
    assert ids(path, "approved") == ["d0", "d1", "d3"]
    assert ids(path, "failed") == []


def test_equal_records_are_judged_and_kept_each(tmp_path: Path) -> None:
    path, layer = made(tmp_path, GOOD, RUDE, GOOD, RUDE, GOOD), WordList()

    moderated(path, layer)
    filed = moderated(path, layer)

    assert (filed.approved, filed.flagged, filed.judged) == (3, 2, 0)


def test_half_a_line_of_a_killed_run_is_judged_again(tmp_path: Path) -> None:
    path, layer = made(tmp_path, record(1, "fine"), record(2, "fine too"), record(3, "rude")), Flaky()
    moderated(path, layer)
    approved = tmp_path / "made.approved.jsonl"
    whole = approved.read_bytes()
    approved.write_bytes(whole[:-20])

    filed = moderated(path, layer)

    assert layer.asked[3:] == ["fine too"]
    assert filed.approved == 2
    assert approved.read_bytes() == whole


def test_a_run_that_was_killed_while_it_tried_failed_ones_again_is_put_right(tmp_path: Path) -> None:
    path, layer = made(tmp_path, record(1, "odd"), record(2, "fine")), Flaky()
    moderated(path, layer)
    with (tmp_path / "made.approved.jsonl").open("a") as file:  # judged, and the end of the run never came
        file.write(json.dumps(record(1, "odd")) + "\n")

    filed = moderated(path, layer)

    assert (filed.approved, filed.failed, filed.judged) == (2, 0, 0)
    assert ids(path, "approved") == ["d1", "d2"]
    assert ids(path, "failed") == []


def test_slow_and_quick_ones_come_in_the_order_of_the_input(tmp_path: Path) -> None:
    import asyncio

    class Slow(Flaky):
        async def acheck(self, texts: Sequence[str]) -> list[Finding]:
            await asyncio.sleep(0.02 if texts[0].endswith("0") else 0)
            return []

    path = made(tmp_path, *(record(n, f"text {n}") for n in range(25)))

    moderated(path, Slow(), concurrency=4)

    assert ids(path, "approved") == [f"d{n}" for n in range(25)]


def test_a_model_that_nobody_can_use_ends_the_run_and_what_was_judged_is_kept(tmp_path: Path) -> None:
    texts = ["fine", "odd", "never asked"]
    path = made(tmp_path, *(record(n, text) for n, text in enumerate(texts)))
    layer = Flaky(error=ModelUnavailableError("the server has gone"))

    with pytest.raises(ModelUnavailableError, match="the server has gone"):
        moderated(path, layer, concurrency=1)

    assert ids(path, "approved") == ["d0"]
    assert not (tmp_path / "made.failed.jsonl").exists()
    layer.fails = False
    assert moderated(path, layer).ok
    assert layer.asked == ["fine", "odd", "odd", "never asked"]


KILLED = """
import sys, time
from sdkit.moderation import moderate_file

class Slow:
    name = "slow"
    def check(self, texts):
        time.sleep(0.02)
        return []

try:
    moderate_file(sys.argv[1], layers=[Slow()], progress=False)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no such signals")
@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_a_run_that_is_ended_from_outside_loses_nothing(tmp_path: Path, how: str) -> None:
    records = [record(n, f"text {n}") for n in range(200)]
    path, approved = made(tmp_path, *records), tmp_path / "made.approved.jsonl"
    command = [sys.executable, "-c", KILLED, str(path)]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not (approved.exists() and approved.read_bytes().count(b"\n") >= 5):
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(number := getattr(signal, how))
    _, said = process.communicate(timeout=60)

    there = len(read_lines(approved))
    layer = Flaky()
    layer.name = "slow"
    filed = moderated(path, layer)

    assert process.returncode == (130 if how == "SIGINT" else -number)
    assert b"Traceback" not in said
    assert 5 <= there < 200
    assert filed.judged == len(layer.asked) == 200 - there
    assert read_lines(approved) == records


# -- what is refused --------------------------------------------------------------------------------------------------


def test_files_that_other_layers_have_made_are_not_gone_on_with(tmp_path: Path) -> None:
    path = made(tmp_path, GOOD)
    moderated(path, WordList())

    for layers in ([WordList(), PersonalData()], [WordList(without=["damn"])], [PersonalData()]):
        with pytest.raises(InputError, match=r"made\.approved\.jsonl: what is there was not judged by these layers"):
            moderate_file(path, layers=layers, progress=False)
    (tmp_path / "made.approved.jsonl").unlink()
    assert moderated(path, PersonalData()).judged == 1


def test_files_with_other_records_are_not_gone_on_with(tmp_path: Path) -> None:
    moderated(made(tmp_path, GOOD))

    with pytest.raises(InputError, match=r"made\.approved\.jsonl holds records that are not in .*made\.jsonl"):
        moderated(made(tmp_path, RUDE))


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("none.jsonl", None, "none.jsonl: does not exist"),
        ("none.json", None, "none.json: does not exist"),
        ("a.jsonl", '{"turns": []}\n{"turns": \n{}\n', "a.jsonl, line 2: is not JSON"),
        ("a.jsonl", '{"turns": []}\n[1]\n', "a.jsonl, line 2: is no dialogue"),
        ("a.jsonl", '{"turns": [], "x": NaN}\n', "a.jsonl, line 1: cannot be written as JSON again"),
        ("a.jsonl", '{"turns": [], "x": "\\ud800"}\n', "a.jsonl, line 1: cannot be written as JSON again"),
        ("a.json", "[{}, 5]", "a.json: record 2 of the list is no dialogue"),
        ("a.json", "[{}", "a.json, line 1: is not JSON"),
    ],
)
def test_a_bad_file_is_refused_before_anything_is_written(
    tmp_path: Path, name: str, content: str | None, problem: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)

    with pytest.raises(FileError, match=problem):
        moderate_file(path, progress=False)

    written = {each.name for each in tmp_path.iterdir() if each.suffix != ".lock"}
    assert written == ({name} if content is not None else set())


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"approved": "made.jsonl"}, "give four different files"),
        ({"approved": "a.jsonl", "flagged": "a.jsonl"}, "give four different files"),
        ({"approved": "a.json"}, r"a\.json: the records go into JSON Lines"),
        ({"layers": []}, "layers: give at least one"),
        ({"concurrency": 0}, "concurrency=0"),
    ],
)
def test_what_cannot_work_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    made(tmp_path, GOOD)

    with pytest.raises(InputError, match=problem):
        moderate_file("made.jsonl", progress=False, **options)

    assert [each.name for each in tmp_path.iterdir()] == ["made.jsonl"]


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"made\.csv ends neither in"):
        moderate_file(tmp_path / "made.csv", progress=False)


def test_outputs_that_hold_something_else_are_refused(tmp_path: Path) -> None:
    path = made(tmp_path, GOOD)
    (tmp_path / "made.flagged.jsonl").write_text("[1, 2]\n")

    with pytest.raises(FileError, match=r"made\.flagged\.jsonl, line 1: holds no record"):
        moderated(path)
