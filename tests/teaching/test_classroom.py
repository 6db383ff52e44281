"""Class mode: the instructor's pack, what it changes for students, and what they hand in."""

from __future__ import annotations

import getpass
import json
import os
import re
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from sdkit import Dialog, Turn
from sdkit.cli import main
from sdkit.errors import FileError, InputError
from sdkit.exercises import exercise, record, translations
from sdkit.exercises.checker import all_steps
from sdkit.exercises.properties import properties, without_answers
from sdkit.exercises.steps import Step
from sdkit.teaching import class_export, class_pack, class_plan, classroom
from sdkit.teaching.class_plan import Part, schedule
from sdkit.teaching.openings import Opening, opening

PACK = {"class.yaml", "plan.md", "answers.md", "mistakes.md", "server.md", "hints.en.yaml"}
STEPS = [step for steps in all_steps().values() for step in steps]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("datasets", "output", "class"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SDKIT_STRICT", raising=False)
    return tmp_path


def files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()} if folder.exists() else {}


# -- the pack ---------------------------------------------------------------------------------------------------------


def test_the_pack_is_six_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["class", "init", str(tmp_path / "mine")]) == 0
    assert set(files(tmp_path / "mine")) == PACK
    assert "class.yaml is new" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(PACK - {"class.yaml"}))
def test_a_first_pack_overwrites_nothing(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / name).write_text("mine", encoding="utf-8")
    assert main(["class", "init", str(tmp_path)]) == 1
    assert f"{tmp_path / name}: would be overwritten: " in capsys.readouterr().err
    assert files(tmp_path) == {name: "mine"}


def test_an_edited_class_yaml_stays_and_the_rest_is_made_from_it(tmp_path: Path) -> None:
    # Given a pack, of whose lessons an instructor takes two
    class_pack.write(tmp_path)
    edited = 'title: Two lessons\nlessons: [01, "02"]\nexercises: [02-fill, 01-order, 04-brief]\nmodel: qwen2.5:7b\n'
    (tmp_path / "class.yaml").write_text(edited, encoding="utf-8")
    # When the pack is made again
    told = class_pack.write(tmp_path)
    # Then the file is as it was, and the others are about these two, in the order of the lessons
    made = files(tmp_path)
    assert made["class.yaml"] == edited
    assert "# Plan: Two lessons" in made["plan.md"]
    assert re.findall(r"^## (\S+):", made["answers.md"], re.MULTILINE) == ["01-order", "02-fill"]
    assert "ollama pull qwen2.5:7b" in made["server.md"]
    assert "Left out, because their lessons are: 04-brief." in told


def test_a_list_whose_lines_are_all_taken_out_is_empty(tmp_path: Path) -> None:
    (tmp_path / "class.yaml").write_text("title: T\nlessons: ['01']\nexercises:\n", encoding="utf-8")
    class_pack.write(tmp_path)
    assert "Exercise" not in files(tmp_path)["plan.md"]
    assert "Lesson 01" in files(tmp_path)["plan.md"]
    assert "## 0" not in files(tmp_path)["answers.md"]


@pytest.mark.parametrize("server", ["http://user:hunter2pw@srv:11434", "user:hunter2pw@srv:11434"])
def test_the_page_about_the_server_names_no_password(server: str, tmp_path: Path) -> None:
    (tmp_path / "class.yaml").write_text(f"title: T\nlessons: ['01']\nserver: {server}\n", encoding="utf-8")
    told = class_pack.write(tmp_path)
    page = files(tmp_path)["server.md"]
    assert "srv:11434" in page
    assert "user" not in re.findall(r"OLLAMA_HOST=(\S+) SDKIT", page)[0]
    assert "hunter2pw" not in page + "".join(told)
    assert told[-1].startswith("server.md leaves the user and password of the server out")


def test_answers_say_what_is_checked_the_hints_and_a_solution(tmp_path: Path) -> None:
    class_pack.write(tmp_path)
    answers = files(tmp_path)["answers.md"]
    assert "1. `order` is a Dialog\n2. three turns or more\n3. two speakers" in answers
    assert 'Turn(speaker="Guest", text=' in answers
    assert "has no notebook" not in answers
    assert "there is no solution" not in answers


def test_each_mistake_stands_beside_the_hint_that_helps(tmp_path: Path) -> None:
    class_pack.write(tmp_path)
    row = "| Only one speaks | 2 | A turn has a speaker and a text: Turn(speaker"
    assert row in files(tmp_path)["mistakes.md"]


def test_all_hints_can_be_translated(tmp_path: Path) -> None:
    class_pack.write(tmp_path)
    hints = translations.read(tmp_path / "hints.en.yaml")
    assert hints["01-order"]["Order"] == list(all_steps()["01-order"][0].hints)


def test_translated_hints_are_never_overwritten_and_go_into_the_answers(tmp_path: Path) -> None:
    class_pack.write(tmp_path)
    german = "01-order:\n  Order:\n  - Ein Dialog hat Beiträge.\n"
    (tmp_path / "hints.de.yaml").write_text(german, encoding="utf-8")
    (tmp_path / "class.yaml").write_text("title: T\nlessons: ['01']\nexercises: [01-order]\nlanguage: de\n", "utf-8")
    told = class_pack.write(tmp_path)
    assert files(tmp_path)["hints.de.yaml"] == german
    assert "1. Ein Dialog hat Beiträge.\n2. A turn has" in files(tmp_path)["answers.md"]
    assert "hints.de.yaml lacks hints for 01-order, Order: these are shown in English." in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title: [\n", "is not YAML"),
        ("- a list\n", "has no settings in it"),
        ("titel: T\nlessons: ['01']\n", r"line 1: 'titel' is not a setting; did you mean 'title'\?"),
        ("title: T\n", "lessons: Field required"),
        ("title: T\nlessons:\n- '01'\n- '1'\n", r"line 4: '1' is not a lesson; did you mean '01'\?"),
        ("title: T\nlessons: ['01']\nexercises:\n- 01-ordre\n", "line 4: '01-ordre' is not an exercise; .* '01-order'"),
        ("title: T\nlessons: ['01', '01']\n", "line 2: 01 is there twice"),
        ("title: T\nlessons: ['01']\ndays: many\n", "line 3: days: .*valid integer.*'many'"),
        ("title: T\nlessons: ['01']\nminutes_a_day: 5\n", "line 3: minutes_a_day: .*greater than or equal to 30"),
        ("title: T\nlessons: ['01']\nlanguage: no\n", "line 3: language: no needs hints.no.yaml beside it"),
        ("title: T\nlessons: ['01']\nlanguage: ../x\n", "line 3: language: "),
        ("title: T\nlessons: ['01']\nserver: two words\n", "line 3: server: is no address; it looks like http://"),
        ("title: T\nlessons:\n", "line 2: lessons: List should have at least 1 item"),
        ("a: &a\n" * 3 + "b: *c\n", "is not YAML"),
        ("", "is empty"),
    ],
)
def test_settings_that_cannot_work_are_told_with_their_line_and_nothing_is_written(
    text: str, told: str, tmp_path: Path
) -> None:
    (tmp_path / "class.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=told):
        class_pack.write(tmp_path)
    assert files(tmp_path) == {"class.yaml": text}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("01-order: [", r"line \d: is not YAML"),
        ("just words", "has no exercises in it"),
        ("01-order: [a]", "01-order has no steps with hints"),
        ("01-order: {Order: [1]}", "01-order, Order: give its hints as a list of texts"),
    ],
)
def test_broken_translations_are_told_and_nothing_is_written(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "class.yaml").write_text("title: T\nlessons: ['01']\nlanguage: de\n", encoding="utf-8")
    (tmp_path / "hints.de.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=told):
        class_pack.write(tmp_path)
    assert set(files(tmp_path)) == {"class.yaml", "hints.de.yaml"}


def test_a_file_in_the_way_of_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "class").write_text("a file")
    assert main(["class", "init", str(tmp_path / "class")]) == 1
    assert "is a file, not a folder" in capsys.readouterr().err


# -- the plan ---------------------------------------------------------------------------------------------------------


def part(lesson: str, minutes: int) -> Part:
    return Part(lesson, f"{lesson}, {minutes}", minutes)


def test_nobody_works_longer_than_90_minutes_without_a_break() -> None:
    days = schedule([part(lesson, 20) for lesson in "aaaaabbbbb"], 400)
    since = 0
    for one in days[0]:
        since = since + one.minutes if one.lesson else 0
        assert since <= class_plan.AT_MOST
    assert [one.minutes for one in days[0] if not one.lesson] == [15, 15]


def test_a_break_comes_before_a_lesson_rather_than_in_the_middle_of_it() -> None:
    (day,) = schedule([part("a", 35), part("a", 30), part("b", 20), part("b", 20)], 300)
    assert [one.lesson for one in day] == ["a", "a", "", "b", "b"]


def test_a_day_ends_when_its_minutes_are_used_up_and_never_with_a_break() -> None:
    days = schedule([part(str(i), 45) for i in range(5)], 105)
    assert [sum(one.minutes for one in day) for day in days] == [90, 90, 45]
    assert all(day[-1].lesson for day in days)


def test_a_plan_that_does_not_fit_says_what_to_leave_out() -> None:
    class Long(Step):
        """Long."""

        minutes = 40

    lessons = {
        "01": Opening("01", "One", "", 85, ()),
        "02": Opening("02", "Two", "", 10, ()),
        "03": Opening("03", "Three", "", 10, ("01",)),
        "03b": Opening("03b", "At home", "", 30, ()),
    }
    steps: Any = {"01-a": [Long], "01-b": [Long], "03b-c": [Long]}
    room = classroom.Classroom(title="T", lessons=list(lessons), exercises=list(steps), minutes_a_day=60)
    page = class_plan.page(room, lessons, steps)
    assert "**It does not fit**" in page
    assert "## Day 2 (one that you do not have)" in page
    assert "1. exercise 01-b: 40 minutes\n2. lesson 02: 10 minutes. **Without all of these, it fits**" in page
    assert "lesson 01:" not in page  # lesson 03 stands on it
    assert "- Lesson 03b, At home: 30 minutes" in page


def test_a_lesson_without_minutes_is_named(tmp_path: Path) -> None:
    cell = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# A lesson\n\n**Time.** Not long."}
    path = tmp_path / "01_a.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}))
    with pytest.raises(FileError, match=r"01_a\.ipynb: does not say in its first cell how long"):
        opening(path)


# -- what it changes for students -------------------------------------------------------------------------------------


def settings(workspace: Path, **more: str) -> None:
    room = {"title": "T", "lessons": ["01"]} | more
    (workspace / "class" / "class.yaml").write_text(yaml.safe_dump(room), encoding="utf-8")


def test_a_student_gets_the_hints_of_the_class_and_english_where_there_is_none(workspace: Path) -> None:
    settings(workspace, language="de")
    (workspace / "class" / "hints.de.yaml").write_text("01-order: {Order: ['Ein Dialog.', ' ']}", encoding="utf-8")
    ex = exercise("01-order")
    assert str(ex.hint()) == "Hint 1 of 3, A guest orders, a waiter answers: Ein Dialog. ex.hint(2) says more."
    assert "A turn has a speaker" in str(ex.hint(2))
    assert "1 of 2" in str(exercise("01-file").hint())


@pytest.mark.parametrize("broken", ["01-order: [", None])
def test_broken_translations_are_told_and_the_hint_is_english(workspace: Path, broken: str | None) -> None:
    settings(workspace, language="de")
    if broken:
        (workspace / "class" / "hints.de.yaml").write_text(broken, encoding="utf-8")
    hint = str(exercise("01-order").hint())
    assert "A dialogue is made of turns" in hint
    assert "(In English, because " in hint
    assert "hints.de.yaml" in hint


def test_without_a_class_hints_are_as_ever(workspace: Path) -> None:
    assert str(exercise("01-order").hint()).startswith(
        "Hint 1 of 3, A guest orders, a waiter answers: A dialogue is made of turns"
    )


def test_the_lab_uses_the_model_and_the_server_of_the_class(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDKIT_MODEL", "mine")
    monkeypatch.setenv("OLLAMA_HOST", "")
    settings(workspace, model="qwen2.5:7b", server="http://10.0.0.5:11434")
    told = classroom.enter(workspace)
    # What the environment says goes first.
    assert (os.environ["SDKIT_MODEL"], os.environ["OLLAMA_HOST"]) == ("mine", "http://10.0.0.5:11434")
    assert told == ["OLLAMA_HOST=http://10.0.0.5:11434, as class/class.yaml says."]


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ("http://user:hunter2pw@srv:11434", "OLLAMA_HOST=http://srv:11434, as class/class.yaml says."),
        ("user:hunter2pw@srv:11434", "OLLAMA_HOST=srv:11434, as class/class.yaml says."),
        ("https://srv/?key=hunter2pw", "OLLAMA_HOST=https://srv/, as class/class.yaml says."),
        ("http://user:a/hunter2pw@srv", "OLLAMA_HOST=(not an address), as class/class.yaml says."),
    ],
)
def test_the_lab_tells_no_password(server: str, told: str, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "")
    settings(workspace, server=server)
    assert classroom.enter(workspace) == [told]
    assert os.environ["OLLAMA_HOST"] == server


def test_a_server_that_is_none_is_told_without_its_password(workspace: Path) -> None:
    settings(workspace, server="http://user:hunter2 pw@srv")
    (told,) = classroom.enter(workspace)
    assert "server: is no address" in told
    assert "hunter2" not in told


def test_broken_settings_do_not_stop_the_lab(workspace: Path) -> None:
    (workspace / "class" / "class.yaml").write_text("title: [", encoding="utf-8")
    (told,) = classroom.enter(workspace)
    assert told.startswith("The settings of the class are not used: ")
    assert "SDKIT_MODEL" not in os.environ


# -- what is checked, without answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.exercise}-{step.__name__}")
def test_each_property_is_told_in_its_authors_words(step: type[Step]) -> None:
    assert properties(step)
    for wanted in properties(step):
        assert without_answers(step, f"Wanted: {wanted}.") == wanted


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("Wanted: one of the speakers, Zoe or Ben.", "one of the speakers, …"),
        ("Wanted: `shop` is a Dialog.", "`shop` is a Dialog"),
        ("Wanted: code that runs. Yours raised NameError: name 'zoe'", "code that runs; it raised NameError"),
        ("Wanted: code that runs. Yours raised ZoeError: x", "code that runs; it raised an error"),
        ("Wanted: an end. Your code ran for 10 seconds, and was stopped.", "code that comes to an end"),
        ("Wanted: whatever Zoe wrote.", ""),
        ("", ""),
    ],
)
def test_what_comes_from_an_answer_is_left_out(wanted: str, told: str) -> None:
    (talker,) = all_steps()["01-talker"]
    assert without_answers(talker, wanted) == told


# -- what students hand in --------------------------------------------------------------------------------------------


def exported(workspace: Path) -> tuple[Path, dict[str, Any]]:
    (path,) = (workspace / "output" / "exercises").glob("progress-*.json")
    return path, json.loads(path.read_text("utf-8"))


def test_progress_is_exported_without_names_answers_and_places(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given somebody who has answered with names and places in it, raised an error, asked for hints, and done a step
    secret = f"Zoe {workspace} {getpass.getuser()}@{socket.gethostname()}"
    shop = Dialog(turns=[Turn(speaker=secret, text=secret)])
    exercise("01-talker").check(shop=shop, talker="Zoe")
    ex = exercise("01-order")
    ex.check(order=Dialog(turns=[Turn(speaker="Zoe", text=secret)]))
    ex.hint(2)
    ex.check(order=Dialog(turns=[Turn(speaker=who, text=secret) for who in ("Zoe", "Tom", "Zoe")]))
    wanted = f"Wanted: code that runs. Yours raised FileNotFoundError: {secret}"
    record.add("03-trip", "Trip", "not yet", {"trip": secret}, wanted=wanted, hint=1)
    # When it is exported
    assert main(["class", "export"]) == 0
    # Then there is a row for each step, and nothing of that in the file
    told = capsys.readouterr().out
    path, data = exported(workspace)
    text = path.read_text("utf-8")
    for part in ("Zoe", str(workspace), "tmp", f"{getpass.getuser()}@", socket.gethostname(), str(Path.home())):
        assert part not in text
    assert len(data["steps"]) == len(STEPS)
    rows = {row["step"]: row for row in data["steps"]}
    assert (rows["Order"]["outcome"], rows["Order"]["checks"], rows["Order"]["hints"]) == ("done", 2, 2)
    assert rows["Talker"]["wanted"] == "one of the speakers, …"
    assert rows["Trip"]["wanted"] == "code that runs; it raised FileNotFoundError"
    assert rows["File"]["outcome"] == "not started"
    assert str(path.name) in told
    assert "steps done: 1, not yet: 2, not started: " in told
    assert len(text) < 10_000


def test_exporting_again_replaces_the_file(workspace: Path) -> None:
    record.add("01-order", "Order", "not yet", wanted="Wanted: two speakers.")
    class_export.write()
    first = exported(workspace)[1]
    record.add("01-order", "Order", "done")
    class_export.write()
    second = exported(workspace)[1]
    assert first["token"] == second["token"]
    assert second["steps"][0]["outcome"] == "done"


def test_a_broken_file_and_an_older_version_are_told(workspace: Path) -> None:
    record.add("01-order", "Order", "done")
    with record.place().open("a", encoding="utf-8") as file:
        file.write('{broken\n{"version": 0}\n')
    told = class_export.write()
    assert "1 broken (the first is line 2) and 1 of another version" in told[-1]
    assert exported(workspace)[1]["steps"][0]["outcome"] == "done"


@pytest.mark.parametrize("hint", [5000, -5, "two", None, [1]])
def test_a_line_with_an_impossible_hint_does_not_stop_the_export(hint: Any, workspace: Path) -> None:
    record.add("01-order", "Order", "hint", hint=1)
    record.add("01-order", "Order", "hint", hint=hint)
    assert main(["class", "export"]) == 0
    assert exported(workspace)[1]["steps"][0]["hints"] == 1


def test_numbers_that_do_not_fit_are_capped(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record.add("01-order", "Order", "done")
    rows = [record.Progress("01-order", "Order", "done", checks=10**6, hints=5000, minutes=1e308)]
    monkeypatch.setattr(record, "progress", lambda *_: rows)
    class_export.write()
    (row,) = exported(workspace)[1]["steps"]
    assert (row["checks"], row["hints"], row["minutes"]) == (100_000, 1000, 1_000_000)


def test_nothing_to_export(workspace: Path) -> None:
    with pytest.raises(FileError, match="nothing was checked yet, or this is not the folder of the workshop"):
        class_export.write()
    assert list((workspace / "output").iterdir()) == []


def test_a_name_that_does_not_end_in_json(workspace: Path) -> None:
    record.add("01-order", "Order", "done")
    with pytest.raises(InputError, match=r"does not end in \.json"):
        class_export.write(record.place())


def test_a_token_that_is_none_is_told(workspace: Path) -> None:
    record.add("01-order", "Order", "done")
    record.place().with_name("token.txt").write_text("my name", encoding="utf-8")
    with pytest.raises(FileError, match="delete it, and export again"):
        class_export.write()


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_token_is_told_with_what_to_do(text: str, workspace: Path) -> None:
    record.add("01-order", "Order", "done")
    record.place().with_name("token.txt").write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=r"token\.txt: is empty; delete it, and export again"):
        class_export.write()
