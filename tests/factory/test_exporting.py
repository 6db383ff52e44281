"""Exports: each form read back, the data card, the sign-off, and folders that are not to be overwritten."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from made_up_records import record, records

from sdkit.cli import main
from sdkit.errors import FileError, InputError, MissingPackageError
from sdkit.factory import Factory, Spec, dialog_of
from sdkit.factory import exporting as module
from sdkit.factory.export_forms import FORMS, unguarded
from sdkit.factory.exporting import export
from sdkit.factory.validation import SignOff, verdict
from sdkit.reviewing import Review, key_of

EVIL = ['=HYPERLINK("http://evil")', "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "＝1+1"]
PLAIN = ["a = b", "'tis so", "1-1", ' two\nlines, and "quotes"', "café 🚕", "", "'"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "set"


def signed(data: list[dict[str, Any]], *bad: int) -> SignOff:
    """Return the sign-off of records, all of which were reviewed; some failed, by their place."""
    said = [
        Review(dialog=key_of(dialog_of(one)), rater="Ana", rating=1 if place in bad else 5)
        for place, one in enumerate(data)
    ]
    return SignOff.of(verdict(said, data), "Ana *Lee*")


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def card(folder: Path) -> tuple[dict[str, Any], str]:
    """Return the front matter of a data card, and its text."""
    _, front, text = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(front), text


def everything(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# -- forms ------------------------------------------------------------------------------------------------------------


def test_chat_is_messages_with_what_is_known(folder: Path) -> None:
    data = [record(0, ("Hi, café?", "Hello!"), ("Bye", "Bye 🚕")), record(1)]
    export(data, folder, ["chat"])
    first, second = lines(folder / "chat.jsonl")
    assert first["messages"] == [
        {"role": "user", "content": "Hi, café?"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "Bye"},
        {"role": "assistant", "content": "Bye 🚕"},
    ]
    assert (first["dialogue_id"], first["services"], first["num_lines"]) == ("D0", ["hotel", "taxi"], 2)
    assert first["time_slot"] == ["23", "5", "Overnight"]
    assert "turns" not in first
    assert second["dialogue_id"] == "D1"


def test_sharegpt_is_a_list_of_conversations(folder: Path) -> None:
    export([record(0, ("Hi", "Hello")), record(1, ("Yo", "Yes?"))], folder, "sharegpt")
    assert json.loads((folder / "sharegpt.json").read_text()) == [
        {"id": "D0", "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]},
        {"id": "D1", "conversations": [{"from": "human", "value": "Yo"}, {"from": "gpt", "value": "Yes?"}]},
    ]


def test_csv_has_a_row_a_turn_and_no_cell_that_a_spreadsheet_would_run(folder: Path) -> None:
    texts = EVIL + PLAIN
    export([record(0, *((text, "Yes.") for text in texts), regions=["=Rome"])], folder, ["csv"])
    with (folder / "dialogues.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["turn_number"] for row in rows] == [str(number) for number in range(1, len(texts) + 1)]
    said = [row["utterance"] for row in rows]
    assert said == [f"'{text}" for text in EVIL] + PLAIN
    assert [unguarded(cell) for cell in said] == texts
    first = rows[0]
    assert (first["regions"], first["services"]) == ("'=Rome", "hotel; taxi")
    assert [first[f"time_slot_{part}"] for part in ("start", "end", "name")] == ["23", "5", "Overnight"]
    assert (first["intent"], first["emotion"], first["resolution_status"]) == ("book", "Happy", "Resolved")


@pytest.mark.parametrize(
    ("form", "file"), [("parquet", "dialogues.parquet"), ("datasets", "data/train-00000-of-00001.parquet")]
)
def test_parquet_has_the_records_and_their_messages(form: str, file: str, folder: Path) -> None:
    tables = pytest.importorskip("pyarrow.parquet")
    data = records(3)
    export(data, folder, [form])
    rows = tables.ParquetFile(folder / file).read().to_pylist()
    for row, one in zip(rows, data, strict=True):
        assert [message["content"] for message in row.pop("messages")] == [
            text for turn in one["turns"] for text in (turn["utterance"], turn["assistant_response"])
        ]
        assert (row.pop("model"), row.pop("seed")) == (None, None)
        assert row == one | {"time_slot": ["23", "5", "Overnight"]}


def test_parquet_of_more_rows_than_a_group_has_them_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("sdkit.factory.export_forms._ROWS", 4)
    export(records(10), folder, ["parquet"])
    file = tables.ParquetFile(folder / "dialogues.parquet")
    assert file.num_row_groups == 3
    assert file.read().column("dialogue_id").to_pylist() == [f"D{number}" for number in range(10)]


def test_the_folder_for_datasets_says_where_its_split_is(folder: Path) -> None:
    export(records(2), folder, ["datasets"], title="Rooms: a set", licence="CC-BY-4.0")
    front, _ = card(folder)
    assert front["configs"] == [
        {"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*.parquet"}]}
    ]
    assert (front["pretty_name"], front["license"]) == ("Rooms: a set", "cc-by-4.0")
    assert front["size_categories"] == ["n<1K"]
    assert list(folder.glob("data/train-*.parquet"))


def test_a_record_of_the_original_with_numbers_and_gaps_is_exported(folder: Path) -> None:
    original = {
        "services": [],
        "dialogue_id": 7,
        "turns": [{"turn_number": 5, "utterance": "Hi", "intent": "N/A", "assistant_response": "Hello"}],
        "num_lines": 99,
    }
    export([original], folder)
    (only,) = lines(folder / "chat.jsonl")
    assert (only["dialogue_id"], only["num_lines"], only["time_slot"], only["regions"]) == ("7", 1, None, [])
    row = next(csv.DictReader(io.StringIO((folder / "dialogues.csv").read_text())))
    assert (row["turn_number"], row["time_slot_name"], row["emotion"]) == ("1", "", "")


def test_the_same_dialogues_give_the_same_bytes_and_the_paths_are_returned(tmp_path: Path) -> None:
    files = export(records(5), tmp_path / "a")
    export(records(5), tmp_path / "b")
    assert everything(tmp_path / "a") == everything(tmp_path / "b")
    assert [path.relative_to(tmp_path / "a").as_posix() for path in files] == [
        *(form.file for form in FORMS.values()),
        "README.md",
        "export.json",
    ]
    assert {path.relative_to(tmp_path / "a").as_posix() for path in files} == everything(tmp_path / "a").keys()


# -- what is exported, and the data card ------------------------------------------------------------------------------


def test_the_card_of_bare_records_tells_what_is_not_known(folder: Path) -> None:
    export(records(4), folder, ["chat"], title="Rooms | *a* set")
    front, text = card(folder)
    assert "license" not in front
    assert "# Rooms \\| \\*a\\* set" in text
    for said in (
        "These dialogues are synthetic",
        "4 dialogues of a user with an assistant, in 8 turns",
        "| Resolved | 2 | 50.0% |",
        "Models: not known",
        "Whether the dialogues were moderated is not known.",
        "**Not signed off.**",
        "No licence was given.",
        "| hotel+taxi | 4 | 100.0% |",
    ):
        assert said in text
    assert "CSV" not in text


def test_a_licence_that_the_hub_does_not_know_has_its_name(folder: Path) -> None:
    export(records(1), folder, ["chat"], licence="Ours <1.0>")
    front, text = card(folder)
    assert (front["license"], front["license_name"]) == ("other", "Ours <1.0>")
    assert "Ours \\<1.0\\>. What models write" in text


def test_what_a_factory_made_says_how(factory: Callable[..., Factory], tmp_path: Path, folder: Path) -> None:
    made = factory(6, layers=None, seed=3).run(progress=False)
    export(made, folder, ["chat"])
    first = lines(folder / "chat.jsonl")[0]
    about = made.about()
    assert (first["model"], first["seed"]) == (about[0]["model"], about[0]["seed"])
    told = lines(folder / "provenance.jsonl")
    assert [one["dialogue_id"] for one in told] == [one["dialogue_id"] for one in made.records]
    assert told[0]["provenance"]["prompt_hash"]
    assert Spec.load(folder / "plan.yaml") == made.spec
    _, text = card(folder)
    for said in (
        "Models: loop (6)",
        "Seed of the run: 3",
        "was a duplicate: 0.97",
        "sdkit 0",
        "Looked through by: words, personal.",
        "`plan.yaml`",
        "`provenance.jsonl`",
        "rules found the region, the time and the resolution",
    ):
        assert said in text

    export(tmp_path / "out.json", tmp_path / "of file", ["chat"])
    assert (tmp_path / "of file" / "chat.jsonl").read_bytes() == (folder / "chat.jsonl").read_bytes()
    assert card(tmp_path / "of file") == card(folder)


def test_what_moderation_has_approved_later_says_who_looked(
    factory: Callable[..., Factory], tmp_path: Path, folder: Path
) -> None:
    from sdkit.moderation import WordList, moderate_file

    factory(4).run(progress=False)
    moderate_file(tmp_path / "out.json", layers=[WordList()], progress=False)
    export(tmp_path / "out.approved.jsonl", folder, ["chat"])
    _, text = card(folder)
    assert "Looked through by: words." in text
    assert "Models: loop (4)" in text


def test_dialogues_made_without_moderation_say_so(factory: Callable[..., Factory], folder: Path) -> None:
    export(factory(3).run(progress=False), folder, ["chat"])
    assert "The dialogues were not moderated when they were made." in card(folder)[1]


def test_what_is_not_approved_is_left_out(folder: Path, tmp_path: Path) -> None:
    data = records(60)
    data[1] |= {"moderation": [{"category": "insult"}]}
    data[2] |= {"moderation_failed": "no answer"}
    data[3] |= {"moderation": []}
    sign_off = signed(data, 1, 4, 5)

    export(data, folder, ["chat"], sign_off=sign_off)
    assert [one["dialogue_id"] for one in lines(folder / "chat.jsonl")] == [
        f"D{number}" for number in range(60) if number not in (1, 2, 4, 5)
    ]
    _, text = card(folder)
    assert "Left out of this export: 2 dialogues that moderation has not approved." in text
    assert "Left out of this export: 2 dialogues that failed in the review." in text

    export(data, tmp_path / "all", ["chat"], sign_off=sign_off, only_approved=False)
    assert len(lines(tmp_path / "all" / "chat.jsonl")) == 60
    assert "**Not left out: 2 dialogues in which something was found" in card(tmp_path / "all")[1]


def test_a_sign_off_is_kept_and_told(folder: Path, tmp_path: Path) -> None:
    data = records(40)
    given = signed(data)
    given.to_file(tmp_path / "sign_off.json")
    export(data, folder, ["chat"], sign_off=tmp_path / "sign_off.json")
    assert SignOff.from_file(folder / "sign_off.json") == given
    _, text = card(folder)
    assert "Signed off by Ana \\*Lee\\* on " in text
    assert "- Accepted: none of 40 failed, and 2 may." in text
    assert "Not signed off" not in text


def test_a_sign_off_of_other_dialogues_is_refused_and_nothing_is_written(folder: Path) -> None:
    with pytest.raises(InputError, match=r"these are not the dialogues that Ana .* has signed off"):
        export(records(39), folder, ["chat"], sign_off=signed(records(40)))
    assert not folder.exists()


# -- input that cannot be exported ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ([], "there are no dialogues to export"),
        ([record(0), record(0)], "record 2: there is another dialogue with the id D0"),
        (["Hi"], "record 1 cannot be exported: this is no record of a dialogue: 'Hi'"),
        ([record(0) | {"turns": []}], r"record 1 \(D0\): turns: "),
        ([record(0, ("Hi", "half \ud83d"))], "record 1 cannot be exported"),
        ([record(0), record(1, time_slot=[5, 9])], r"record 2 \(D1\): time_slot: "),
        ([record(0, services="hotel")], r"record 1 \(D0\): services: "),
        ([record(0, moderation=["bad"])], "nothing is left to export"),
        ([{"services": [], "dialogue_id": "x", "turns": [{}]}], "turn 1 of x has no utterance"),
        ([dialog_of(record(0))], "record 1 cannot be exported: this is no record"),
    ],
)
def test_records_that_cannot_be_exported(data: Any, problem: str, folder: Path) -> None:
    with pytest.raises(InputError, match=problem):
        export(data, folder, ["chat"])
    assert not folder.exists()


@pytest.mark.parametrize(
    ("forms", "problem"),
    [(["chat", "cvs"], r"'cvs' is no form of an export; did you mean csv\?"), ([], "forms: name at least one of chat")],
)
def test_forms_that_there_are_not(forms: list[str], problem: str, folder: Path) -> None:
    with pytest.raises(InputError, match=problem):
        export(records(1), folder, forms)


def test_a_set_has_a_title(folder: Path) -> None:
    with pytest.raises(InputError, match="title: give the set a name"):
        export(records(1), folder, title=" ")


def test_files_that_cannot_be_read_are_named(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(FileError, match=r"none\.json: does not exist"):
        export(tmp_path / "none.json", folder)
    with pytest.raises(InputError, match=r"ends neither in"):
        export(tmp_path / "none.txt", folder)
    with pytest.raises(FileError, match=r"sign\.json: does not exist"):
        export(records(1), folder, sign_off=tmp_path / "sign.json")


def test_without_pyarrow_there_is_no_parquet_and_nothing_is_left(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingPackageError, match=r"pyarrow is needed to write Parquet .*\[factory\]"):
        export(records(1), folder, ["chat", "parquet"])
    assert list(folder.parent.iterdir()) == []


# -- the folder -------------------------------------------------------------------------------------------------------


def test_an_earlier_export_is_replaced_as_a_whole(folder: Path) -> None:
    export(records(5), folder)
    export(records(3), folder, ["chat"])
    assert everything(folder).keys() == {"chat.jsonl", "README.md", "export.json"}
    assert len(lines(folder / "chat.jsonl")) == 3
    assert [path.name for path in folder.parent.iterdir()] == ["set"]


def test_an_empty_folder_and_a_missing_one_above_are_fine(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    export(records(1), tmp_path / "empty", ["chat"])
    export(records(1), tmp_path / "a" / "b", ["chat"])
    assert (tmp_path / "empty" / "chat.jsonl").exists()
    assert (tmp_path / "a" / "b" / "chat.jsonl").exists()


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("notes.txt", "mine", r"set: holds something else, notes\.txt; name a new folder"),
        ("data/mine.csv", "mine", r"holds something else, data/mine\.csv"),
        ("README.md", "my own words", r"README\.md: was changed since it was exported"),
        ("export.json", "[]", "holds something else, README"),
        ("export.json", "{", "is not JSON"),
    ],
)
def test_a_folder_that_holds_something_else_is_left_as_it_is(name: str, text: str, problem: str, folder: Path) -> None:
    export(records(2), folder, ["chat"])
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    before = everything(folder)
    with pytest.raises(FileError, match=problem):
        export(records(3), folder, ["chat"])
    assert everything(folder) == before


def test_a_folder_of_somebody_else_and_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs" / "inner").mkdir(parents=True)
    with pytest.raises(FileError, match="theirs: holds something else"):
        export(records(1), tmp_path / "theirs", ["chat"])
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileError, match="file: is a file; name a folder"):
        export(records(1), tmp_path / "file", ["chat"])


def test_a_writing_that_fails_leaves_the_earlier_export(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export(records(2), folder, ["chat"])
    before = everything(folder)

    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_text", full)
    with pytest.raises(FileError, match="set: was not written: no space left on device"):
        export(records(3), folder, ["chat"])
    assert everything(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["set"]


def test_an_interruption_between_the_old_folder_and_the_new_one_loses_neither(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(records(2), folder, ["chat"])
    before, replace = everything(folder), Path.replace

    def interrupted(path: Path, target: Path) -> Path:
        if path.suffix == ".part" and path.is_dir():
            raise KeyboardInterrupt
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export(records(3), folder, ["chat"])
    assert everything(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["set"]


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_exports_a_file(tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "made.json").write_text(json.dumps(records(40)))
    signed(records(40)).to_file(tmp_path / "sign_off.json")
    words = ["export", str(tmp_path / "made.json"), str(folder), "--forms", "chat", "csv"]
    assert main(words) == 0
    assert str(folder / "dialogues.csv") in capsys.readouterr().out.splitlines()
    assert main([*words, "--licence", "MIT", "--sign-off", str(tmp_path / "sign_off.json")]) == 0
    assert "Not signed off" not in capsys.readouterr().out
    assert everything(folder).keys() == {"chat.jsonl", "dialogues.csv", "README.md", "sign_off.json", "export.json"}
    assert card(folder)[0]["license"] == "mit"


def test_the_command_says_that_nobody_has_signed_off_and_what_is_wrong(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "made.jsonl").write_text(json.dumps(record(0, moderation=["bad"])) + "\n")
    assert main(["export", str(tmp_path / "made.jsonl"), str(folder)]) == 2
    assert "no dialogue is approved" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "made.jsonl"), str(folder), "--unapproved"]) == 0
    assert "Not signed off, as the data card says." in capsys.readouterr().out
    assert main(["export", str(tmp_path / "made.jsonl"), str(folder), "--forms", "cvs"]) == 2
