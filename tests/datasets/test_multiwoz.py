"""`MultiWOZ` on the small data set that comes with sdkit, in each form that people have, broken, and on the real one.

$SDKIT_MULTIWOZ names the packed file with what of the real one could be had; see `real_multiwoz`.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy
import pytest

from sdkit.datasets import MultiWOZ
from sdkit.errors import FileError, InputError, MissingPackageError

MINI = Path(__file__).parents[2] / "datasets" / "multiwoz-mini"
SYSTEM_TURN = {"turn_id": "1", "speaker": "SYSTEM", "utterance": "Hello.", "frames": []}


@pytest.fixture(scope="module")
def mini() -> MultiWOZ:
    return MultiWOZ(MINI)


def user_turn(text: str = "Hi!", **intents: str) -> dict[str, Any]:
    frames = [{"service": name, "state": {"active_intent": intent}} for name, intent in intents.items()]
    return {"turn_id": "0", "speaker": "USER", "utterance": text, "frames": frames}


def record(name: str = "A1.json", services: Iterable[str] = ("hotel",), **more: Any) -> dict[str, Any]:
    return {"dialogue_id": name, "services": list(services), "turns": [user_turn(), SYSTEM_TURN]} | more


def parallel(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return a list of dicts as Hugging Face has it: a dict of parallel lists."""
    return {key: [row[key] for row in rows] for key in rows[0]}


def as_hugging_face(data: dict[str, Any]) -> dict[str, Any]:
    turns = [
        turn | {"speaker": ["USER", "SYSTEM"].index(turn["speaker"]), "frames": parallel_frames(turn["frames"])}
        for turn in data["turns"]
    ]
    return data | {"turns": parallel(turns)}


def parallel_frames(frames: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {key: [frame[key] for frame in frames] for key in ("service", "state")}


def write(path: Path, data: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def originals() -> dict[str, list[dict[str, Any]]]:
    """Return the dialogues of the small data set as they are in its files, by split."""
    files = {split: MINI / split / "dialogues_001.json" for split in ("train", "dev", "test")}
    return {split: json.loads(path.read_text(encoding="utf-8")) for split, path in files.items()}


def same(one: MultiWOZ, other: MultiWOZ) -> bool:
    return one.get_dialogs() == other.get_dialogs() and one.splits == other.splits


# -- dialogues --------------------------------------------------------------------------------------------------------


def test_a_data_set_says_what_is_in_it(mini: MultiWOZ) -> None:
    assert len(mini) == len(mini.ids) == 104
    assert mini.splits == {"train": 84, "dev": 10, "test": 10}
    assert mini.services["hotel"] == 43
    assert list(mini.services.values()) == sorted(mini.services.values(), reverse=True)
    assert repr(mini) == f"MultiWOZ({str(MINI)!r})"


def test_a_dialogue_is_between_user_and_system(mini: MultiWOZ) -> None:
    dialog = mini.get_dialog("MINI0001.json")
    assert (dialog.dialogId, dialog.scenario) == ("MINI0001.json", {"services": ["hotel"]})
    assert dialog.speakers == ["User", "System"]
    assert len(dialog) == 8
    assert dialog[0].text.startswith("Evening. I need somewhere to sleep in Thornwick tonight")


def test_an_id_may_lack_its_ending_or_have_one_too_many(mini: MultiWOZ, tmp_path: Path) -> None:
    assert mini.get_dialog("MINI0001") == mini.get_dialog("MINI0001.json")
    assert MultiWOZ(write(tmp_path / "a.json", [record("A1")])).get_dialog("A1.json").dialogId == "A1"


def test_dialogues_are_found_by_place(mini: MultiWOZ) -> None:
    assert mini.at(0).dialogId == mini.ids[0] == "MINI0001.json"
    assert mini.at(numpy.int64(103)).dialogId == mini.ids[103]


@pytest.mark.parametrize("index", [104, -1, 10**30])
def test_a_place_beyond_the_last_one_tells_how_many_there_are(mini: MultiWOZ, index: int) -> None:
    with pytest.raises(InputError, match=rf"index {index} is out of bounds: .* has 104 dialogues, from 0 to 103"):
        mini.at(index)


@pytest.mark.parametrize("index", ["0", 1.0, None])
def test_what_is_no_place_is_refused(mini: MultiWOZ, index: Any) -> None:
    with pytest.raises(InputError, match="is no place of a dialogue; give a whole number"):
        mini.at(index)


def test_dialogues_are_found_by_service_combination_and_split(mini: MultiWOZ) -> None:
    hospital = mini.get_dialogs(service="hospital")
    assert len(hospital) == mini.services["hospital"]
    both = mini.get_dialogs(services=["taxi", "hospital"])
    assert {tuple(sorted(mini.services_of(str(dialog.dialogId)))) for dialog in both} == {("hospital", "taxi")}
    assert 0 < len(both) < len(hospital)
    assert [dialog.dialogId for dialog in mini.get_dialogs(split="dev")] == mini.get_ids(split="validation")
    assert len(mini.get_ids(split="dev")) == 10
    assert set(mini.get_ids("bus", split="test")) <= set(mini.get_ids(split="test"))
    assert mini.get_ids(services=["bus", "train", "hospital"]) == []


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"service": "flight"}, "no dialogue with the service 'flight'; there are attraction, bus, hospital, hotel"),
        ({"service": "hotels"}, "no dialogue with the service 'hotels'; did you mean hotel"),
        ({"services": ["taxi", "police"]}, "no dialogue with the service 'police'"),
        ({"services": "taxi"}, r"services='taxi': give a list, such as \['taxi'\], or service='taxi'"),
        ({"split": "eval"}, "no split 'eval'; there are dev, test, train"),
    ],
)
def test_what_no_dialogue_has_is_refused_with_what_there_is(mini: MultiWOZ, asked: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        mini.get_dialogs(**asked)


def test_an_unknown_id_is_told_with_those_near_to_it(mini: MultiWOZ) -> None:
    for ask in (mini.get_dialog, mini.services_of, mini.goal_of):
        with pytest.raises(InputError, match=r"no dialogue 'MINI00001' in .*; did you mean MINI0001\.json"):
            ask("MINI00001")
    with pytest.raises(InputError, match=r"its ids are such as MINI0001\.json, "):
        mini.get_dialog("?")
    with pytest.raises(InputError, match=r"1 is no id of a dialogue.*`at` takes places"):
        mini.get_dialog(1)  # type: ignore[arg-type]


# -- services and goals -----------------------------------------------------------------------------------------------


def test_services_that_are_not_named_are_those_that_somebody_asks_for(tmp_path: Path) -> None:
    turns = [user_turn(taxi="NONE", police="find_police"), SYSTEM_TURN, user_turn(taxi="book_taxi", police="NONE")]
    asked = record("A1.json", (), turns=turns)
    nothing = record("A2.json", ())
    as_dicts = as_hugging_face(record("A3.json", (), turns=turns))
    data = MultiWOZ(write(tmp_path / "dialogues.json", [asked, nothing, as_dicts]))
    assert [data.services_of(name) for name in data.ids] == [("police", "taxi"), (), ("police", "taxi")]
    assert data.get_dialog("A2").scenario == {"services": []}
    assert data.get_ids(services=[]) == ["A2.json"]
    assert data.services == {"police": 2, "taxi": 2}


def test_those_of_2_1_come_from_the_goal_in_the_order_in_which_they_come_up(tmp_path: Path) -> None:
    def state(**known: str) -> dict[str, Any]:
        empty = {"semi": {"area": "", "name": "not mentioned"}, "book": {"booked": []}}
        return dict.fromkeys(("taxi", "hotel"), empty) | {
            name: {"semi": {"area": value}, "book": {}} for name, value in known.items()
        }

    says = "You want a <span class='emphasis'>taxi</span> &amp; a room"
    goal = {"taxi": {"info": {}}, "police": {}, "topic": {"taxi": False}, "hotel": {"info": {}}, "message": [says, "!"]}
    texts = ["Hi", "Hello", "A room", "Sure"]
    told = [{}, state(hotel="east"), {}, state(taxi="here", hotel="east")]
    log = [{"text": text, "metadata": metadata} for text, metadata in zip(texts, told, strict=True)]
    data = MultiWOZ(write(tmp_path / "data.json", {"SNG1.json": {"goal": goal, "log": log}}))
    assert data.services_of("SNG1") == ("hotel", "taxi")
    assert data.goal_of("SNG1") == "You want a taxi & a room\n!"
    assert [turn.speaker for turn in data.at(0)] == ["User", "System", "User", "System"]


def test_a_dialogue_without_a_goal_has_none(mini: MultiWOZ) -> None:
    assert mini.goal_of("MINI0001") == ""


# -- the forms that people have ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["", "data/MultiWOZ_2.2", "MultiWOZ_2.2"])
def test_the_official_folder_is_found_in_a_checkout_and_with_some_splits_only(place: str, tmp_path: Path) -> None:
    write(tmp_path / place / "dev" / "dialogues_002.json", [record("B2.json")])
    write(tmp_path / place / "dev" / "dialogues_001.json", [record("B1.json")])
    write(tmp_path / place / "train" / "dialogues_001.json", [record("A1.json")])
    write(tmp_path / place / "schema.json", [{"service_name": "hotel"}])
    write(tmp_path / place / "dialog_acts.json", {"A1.json": {"0": {"dialog_act": {}}}})
    write(tmp_path / place / "dev" / "._dialogues_001.json", "of an unpacker")
    data = MultiWOZ(tmp_path)
    assert data.ids == ["A1.json", "B1.json", "B2.json"]
    assert data.splits == {"train": 1, "dev": 2}
    assert MultiWOZ(tmp_path / place / "dev").splits == {"dev": 2}
    assert MultiWOZ(tmp_path / place / "dev" / "dialogues_001.json").ids == ["B1.json"]


def test_one_dialogue_alone_is_a_data_set(tmp_path: Path) -> None:
    assert MultiWOZ(write(tmp_path / "mine.json", json.dumps(record(), indent=2))).ids == ["A1.json"]


def test_speakers_may_be_names_or_numbers(tmp_path: Path) -> None:
    turns = [user_turn() | {"speaker": "user"}, SYSTEM_TURN | {"speaker": 1}, user_turn() | {"speaker": 0}]
    data = MultiWOZ(write(tmp_path / "a.json", [record(turns=turns)]))
    assert [turn.speaker for turn in data.at(0)] == ["User", "System", "User"]


def test_json_lines_of_hugging_face_hold_the_same(mini: MultiWOZ, tmp_path: Path) -> None:
    for split, dialogues in originals().items():
        lines = "".join(json.dumps(as_hugging_face(data)) + "\n" for data in dialogues)
        write(tmp_path / f"{'validation' if split == 'dev' else split}.jsonl", lines)
    assert same(MultiWOZ(tmp_path), mini)
    (tmp_path / "test.jsonl").rename(tmp_path / "lines.json")  # `to_json` writes lines whatever the ending is
    assert MultiWOZ(tmp_path / "lines.json").get_dialogs() == mini.get_dialogs(split="test")


def test_2_1_is_a_dict_by_id_with_lists_of_the_splits(tmp_path: Path) -> None:
    log = [{"text": "Hi", "metadata": {}}, {"text": "Hello", "metadata": {}}]
    whole = {name: {"goal": {}, "log": log} for name in ("T.json", "V.json", "E.json")}
    write(tmp_path / "data.json", whole)
    assert MultiWOZ(tmp_path).splits == {"": 3}
    write(tmp_path / "valListFile.txt", "V.json\n")
    write(tmp_path / "testListFile.txt", "E.json\n")
    assert MultiWOZ(tmp_path).splits == {"train": 1, "dev": 1, "test": 1}
    assert MultiWOZ(tmp_path).get_ids(split="test") == ["E.json"]


def test_convlabs_files_are_its_splits(tmp_path: Path) -> None:
    for split in ("test", "val"):
        write(tmp_path / f"{split}.json", {f"{split}1": {"goal": {}, "log": [{"text": "Hi", "metadata": {}}]}})
    data = MultiWOZ(tmp_path)
    assert data.ids == ["val1", "test1"]
    assert data.splits == {"dev": 1, "test": 1}


def rows(split: str) -> list[dict[str, Any]]:
    """Return dialogues as rows of a table, in which all rows have the same columns: without slots and their values."""

    def without_slots(part: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in part.items() if not key.startswith("slot")}

    return json.loads(json.dumps(originals()[split]), object_hook=without_slots)


def test_parquet_holds_the_same(mini: MultiWOZ, tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    for split in ("train", "dev", "test"):
        table = arrow.Table.from_pylist([as_hugging_face(row) for row in rows(split)])
        parquet.write_table(table, tmp_path / f"{split}-00000-of-00001.parquet", row_group_size=7)
    assert same(MultiWOZ(tmp_path), mini)
    table = arrow.Table.from_pylist(rows("test"))  # the turns in a list, not in a dict
    parquet.write_table(table, tmp_path / "test-00000-of-00001.parquet")
    assert same(MultiWOZ(tmp_path), mini)


def test_services_are_taken_from_the_frames_of_a_table_too(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    turns = [user_turn(taxi="NONE", police="find_police"), SYSTEM_TURN]
    for form in (as_hugging_face, dict):
        table = arrow.Table.from_pylist([form(record(services=[], turns=turns)), form(record("A2.json"))])
        parquet.write_table(table, tmp_path / "a.parquet")
        data = MultiWOZ(tmp_path / "a.parquet")
        assert (data.services_of("A1"), data.services_of("A2")) == (("police",), ("hotel",))


def save(folder: Path, split: str, stream: bool = True) -> None:
    """Write what `save_to_disk` of Hugging Face's `datasets` writes for a split; or Arrow's file format."""
    arrow = pytest.importorskip("pyarrow")
    table = arrow.Table.from_pylist([as_hugging_face(row) for row in rows(split)])
    write(folder / "state.json", {"_split": "train"})
    opened = arrow.ipc.new_stream if stream else arrow.ipc.new_file
    with opened(str(folder / "data-00000-of-00001.arrow"), table.schema) as file:
        file.write_table(table, max_chunksize=9)


@pytest.mark.parametrize("stream", [True, False])
def test_what_save_to_disk_writes_holds_the_same(mini: MultiWOZ, tmp_path: Path, stream: bool) -> None:
    names = {"train": "train", "dev": "validation", "test": "test"}
    write(tmp_path / "dataset_dict.json", {"splits": list(names.values())})
    for split, name in names.items():
        save(tmp_path / name, split, stream)
    write(tmp_path / "test" / "cache-0123456789.arrow", "of a filter")
    assert same(MultiWOZ(tmp_path), mini)
    assert MultiWOZ(tmp_path / "validation").get_dialogs() == mini.get_dialogs(split="dev")


def test_a_split_of_another_name_keeps_it(tmp_path: Path) -> None:
    save(tmp_path / "small", "dev")
    assert MultiWOZ(tmp_path / "small").splits == {"": 10}
    write(tmp_path / "dataset_dict.json", {"splits": ["small"]})
    assert MultiWOZ(tmp_path).splits == {"small": 10}
    assert len(MultiWOZ(tmp_path).get_dialogs(split="small")) == 10


def test_without_pyarrow_json_is_read_and_tables_say_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert len(MultiWOZ(MINI)) == 104
    with pytest.raises(MissingPackageError, match=r"pyarrow is needed to read train\.parquet .*\[factory\]"):
        MultiWOZ(write(tmp_path / "train.parquet", "PAR1"))


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [None, 5, b"datasets/multiwoz-mini", "", " "])
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(InputError, match="is no folder; name that of the data set, such as 'datasets/multiwoz-mini'"):
        MultiWOZ(path)


def test_a_folder_that_is_not_there_or_holds_something_else_is_refused_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="no such folder or file; `python -m sdkit data get multiwoz` fetches MultiWOZ"
    ):
        MultiWOZ(tmp_path / "MultiWOZ")
    write(tmp_path / "schema.json", [])
    with pytest.raises(InputError, match=r"no dialogues in a form of MultiWOZ.*train/dialogues_001\.json.*data get"):
        MultiWOZ(tmp_path)
    with pytest.raises(InputError, match=r"2\.1\.zip is packed; unpack it"):
        MultiWOZ(write(tmp_path / "MultiWOZ_2.1.zip", "PK"))


ONE = json.dumps(record())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("[]", None),
        ("[" + ONE, "line 1: is not JSON: Expecting ','"),
        ("[\n" + ONE + ",\n{", "line 3: is not JSON"),
        ("[" + ONE + "] x", "is not JSON: Extra data"),
        ('{"A1": {"log": [{"text": "Hi"}]} "A2"', "is not JSON: Expecting ','"),
        ('{"A1": {"log": [{"text": "Hi"}]}, "A2" 5}', "is not JSON: Expecting ':'"),
        (ONE + "\n" + ONE[:-9], "line 2: is not JSON"),
        ("<html>", "is not JSON: Expecting value"),
        ("[" * 100_000, "is nested too deeply"),
        ("[" + "9" * 5000 + "]", "is not JSON that can be read"),
        (f"[{ONE}, {ONE}]", "entry 2 is the dialogue A1.json a second time"),
    ],
)
def test_a_file_that_is_broken_is_named_with_the_line(text: str, why: str | None, tmp_path: Path) -> None:
    path = write(tmp_path / "dialogues_001.json", text)
    if why is None:
        with pytest.raises(InputError, match=r"there is no dialogue in .*dialogues_001\.json"):
            MultiWOZ(path)
        return
    with pytest.raises(FileError, match=why) as caught:
        MultiWOZ(path)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (record(turns=[]), r"entry 2 \(dialogue A1\.json\) has no turns$"),
        (record(turns=None), "has turns that are no list of turns"),
        (record(turns=["Hi"]), "has turns that are no list of turns"),
        (record(turns={"speaker": [0], "utterance": []}), "no lists of equal length"),
        (record(turns=[user_turn() | {"speaker": "WIZARD"}]), r"the speaker 'WIZARD' in turn 1; give USER or SYSTEM"),
        (record(turns=[user_turn(), user_turn() | {"speaker": 2}]), "the speaker 2 in turn 2"),
        (record(turns=[user_turn() | {"speaker": True}]), "the speaker True in turn 1"),
        (record(turns=[{"utterance": "Hi"}]), "the speaker None in turn 1"),
        (record(turns=[user_turn() | {"utterance": None}]), "the utterance None in turn 1; a text is needed"),
        (record() | {"services": "hotel"}, "has the services 'hotel'"),
        (record(name=""), "entry 2 has the dialogue_id ''; a text is needed"),
        ({"turns": [user_turn()]}, "entry 2 has the dialogue_id None"),
        ({"dialogue_id": "A1", "log": []}, r"\(dialogue A1\) has no turns in its log"),
        ({"dialogue_id": "A1", "log": [{"metadata": {}}]}, "has the text None in turn 1"),
        (
            {"service_name": "hotel", "slots": []},
            "in no form of MultiWOZ that is known.*the keys 'service_name', 'slots'",
        ),
        ({}, r"in no form of MultiWOZ that is known: .* and this is \{\}"),
        ("Hi", "in no form of MultiWOZ that is known: .* and this is 'Hi'"),
    ],
)
def test_a_dialogue_that_is_broken_is_named(data: Any, why: str, tmp_path: Path) -> None:
    path = write(tmp_path / "dialogues_001.json", [record("A0.json"), data])
    with pytest.raises(FileError, match=why) as caught:
        MultiWOZ(path)
    assert caught.value.path == path


def test_a_dialogue_in_two_files_is_told_with_both(tmp_path: Path) -> None:
    for split in ("train", "dev"):
        write(tmp_path / split / "dialogues_001.json", [record()])
    with pytest.raises(FileError, match=r"dev.dialogues_001\.json: entry 1 .*A1\.json.*; it is in .*train.*as well"):
        MultiWOZ(tmp_path)


@pytest.mark.parametrize(("name", "kind"), [("a.parquet", "Parquet"), ("a.arrow", "Arrow")])
@pytest.mark.parametrize("content", [b"", b"something else", b"ARROW1 and no more", b"PAR1"])
def test_a_table_that_is_broken_is_named(name: str, kind: str, content: bytes, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match=rf"a\.{name[2:]}: is no {kind} file that can be read: "):
        MultiWOZ(tmp_path)


def test_a_table_of_something_else_is_told(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table({"persona": ["a nurse"]}), tmp_path / "a.parquet")
    with pytest.raises(FileError, match=r"entry 1 is in no form of MultiWOZ that is known: .*the keys 'persona'"):
        MultiWOZ(tmp_path)


# -- the real one -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def real_multiwoz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder with what of MultiWOZ could be had; $SDKIT_MULTIWOZ names the packed file."""
    folder = tmp_path_factory.mktemp("real") / "MultiWOZ"
    with tarfile.open(os.environ["SDKIT_MULTIWOZ"]) as archive:
        archive.extractall(folder, filter="data")
    return folder


def test_the_original_dialogues_are_read(real_multiwoz: Path) -> None:
    data = MultiWOZ(real_multiwoz / "examples_original_v22")
    assert data.ids == ["SSNG0007.json", "SNG1161.json", "MUL1443.json", "SNG01678.json", "MUL1170.json"]
    assert data.services_of("SNG01678") == ("police",)  # its file says: none
    assert data.services_of("MUL1443") == ("restaurant", "train")
    assert data.at(0)[0].text == "I am looking for a Chinese place in the centre."


def test_the_dev_split_is_read(real_multiwoz: Path) -> None:
    data = MultiWOZ(real_multiwoz)
    assert data.services == {"train": 484, "restaurant": 438, "hotel": 416, "attraction": 401, "taxi": 207}
    assert data.splits == {"dev": 1000}
    assert sum(map(len, data.get_dialogs())) == 14_748
    assert data.goal_of("PMUL0698").startswith("You are traveling to Cambridge")


def test_2_1_has_the_same_dialogues_and_services(real_multiwoz: Path) -> None:
    dev, whole = MultiWOZ(real_multiwoz / "dev"), MultiWOZ(real_multiwoz / "multiwoz21")
    assert whole.splits == {"dev": 999, "test": 1000}
    for name in whole.get_ids(split="dev"):
        assert set(whole.services_of(name)) == set(dev.services_of(name))
        assert len(whole.get_dialog(name)) == len(dev.get_dialog(name))
    assert "<" not in "".join(map(whole.goal_of, whole.ids))


def test_no_sentence_of_the_small_data_set_is_in_the_real_one(real_multiwoz: Path, mini: MultiWOZ) -> None:
    places = ("examples_original_v22", "dev", "multiwoz21", "multiwoz21/titan_raw_subset.json")
    theirs = {sentence for place in places for sentence in sentences(MultiWOZ(real_multiwoz / place))}
    assert len(theirs) > 40_000
    assert sentences(mini) & theirs == set()


def sentences(data: MultiWOZ) -> set[str]:
    """Return the sentences of six words or more, as words and numbers only."""
    texts = (turn.text.casefold() for dialog in data.get_dialogs() for turn in dialog)
    parts = (re.findall(r"\w+", part) for text in texts for part in re.split(r"[.!?]\s+", text))
    return {" ".join(words) for words in parts if len(words) >= 6}
