"""`StarDataset` on the small data set that comes with sdkit, on broken copies of it, and on the real one."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from sdkit.datasets import STAR, StarDataset
from sdkit.datasets.star import USER
from sdkit.errors import FileError, InputError
from sdkit.generators import DialogGenerator

MINI = Path(__file__).parents[2] / "datasets" / "star-mini"


@pytest.fixture
def star() -> StarDataset:
    return StarDataset(MINI)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MINI, tmp_path / "copy"))


def change(folder: Path, number: int, **changes: Any) -> Path:
    """Change a dialogue's file; None takes a key away."""
    path = folder / "dialogues" / f"{number}.json"
    data = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps({key: value for key, value in data.items() if value is not None}), encoding="utf-8")
    return path


# -- where it is ------------------------------------------------------------------------------------------------------


def test_without_a_path_the_error_says_how_to_set_one() -> None:
    with pytest.raises(InputError, match=r'STAR\.set_path\("datasets/STAR"\).*sdkit data get star'):
        StarDataset().get_dialog(1)
    assert repr(StarDataset()) == "StarDataset()"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("datasets/star-min", "there is no such folder; did you mean star-mini"),
        ("datasets", r"no folder dialogues and no folder tasks in it; did you mean .*star-mini"),
        ("datasets/star-mini/tasks", r"no folder dialogues and no folder tasks in it; did you mean .*star-mini"),
        ("/nowhere/at/all", "there is no such folder; `python -m sdkit data get star` fetches STAR"),
    ],
)
def test_a_path_that_is_wrong_is_refused_with_the_right_one(
    path: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(MINI.parents[1])
    data = StarDataset(MINI)
    with pytest.raises(InputError, match=why):
        data.set_path(path)
    assert data.path == MINI  # as before


@pytest.mark.parametrize(
    ("lost", "why"),
    [
        ("tasks", "there is no folder tasks in it; `python -m sdkit data get star` fetches STAR"),
        ("dialogues", "there is no folder dialogues in it"),
        ("tasks/weather/responses.json", "not whole: there is no responses.json in its folder tasks/weather"),
        ("tasks/*", "there is no task in its folder tasks"),
        ("dialogues/*", "there is no dialogue in its folder dialogues"),
    ],
)
def test_half_a_data_set_is_refused_and_what_is_missing_is_said(lost: str, why: str, copy: Path) -> None:
    for path in list(copy.glob(lost)):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(InputError, match=why):
        StarDataset(copy)


@pytest.mark.parametrize("path", [None, 5, b"datasets/star-mini", "", " "])
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(InputError, match="is no folder; name that of the data set, such as 'datasets/star-mini'"):
        StarDataset().set_path(path)


def test_what_jupyter_and_unpackers_leave_behind_is_no_part_of_it(copy: Path) -> None:
    for folder in ("tasks", "dialogues"):
        for name in (".ipynb_checkpoints", "__MACOSX"):
            (copy / folder / name).mkdir()
            (copy / folder / name / "1.json").write_text("{", encoding="utf-8")
            (copy / folder / name / f"{name}.json").write_text("{", encoding="utf-8")
        (copy / folder / "._1.json").write_text("{", encoding="utf-8")
    data, whole = StarDataset(copy), StarDataset(MINI)
    assert data.tasks() == whole.tasks()
    assert data.get_dialogs() == whole.get_dialogs()
    assert data.contents() == whole.contents()


def test_a_folder_of_an_unpacker_is_not_recommended(tmp_path: Path) -> None:
    shutil.copytree(MINI, tmp_path / "__MACOSX")
    with pytest.raises(InputError, match="no folder tasks in it; `python -m sdkit data get star` fetches STAR"):
        StarDataset(tmp_path)


def test_a_relative_path_holds_when_the_working_folder_changes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(MINI.parent)
    data = StarDataset("star-mini")
    monkeypatch.chdir(tmp_path)
    assert data.get_dialog(1).dialogId == 1


def test_two_data_sets_live_side_by_side(star: StarDataset, copy: Path) -> None:
    other = StarDataset(copy)
    for path in (copy / "dialogues").iterdir():
        if path.name != "1.json":
            path.unlink()
    assert len(other.get_dialogs()) == 1
    assert len(star.get_dialogs()) == len(list((MINI / "dialogues").iterdir()))


# -- dialogues --------------------------------------------------------------------------------------------------------


def test_a_dialogue_has_the_turns_that_were_shown_and_all_texts_as_events(star: StarDataset) -> None:
    dialog = star.get_dialog("1")
    assert dialog == star.get_dialog(1)
    assert dialog.dialogId == 1
    assert dialog.complete is True
    assert dialog.speakers == ["User", "System"]
    raw = star.get_dialog_events(1)
    assert [turn.text for turn in dialog] == [e["Text"] for e in raw if e["Action"] in {"utter", "pick_suggestion"}]
    assert dialog.events is not None
    assert [event.text for event in dialog.events] == [e["Text"] for e in raw if "Text" in e]
    assert "ask_name" in [event.actionLabel for event in dialog.events]
    assert dialog.scenario == star.get_dialog_scenario(1)


def test_only_an_incomplete_dialogue_says_so_when_printed(
    star: StarDataset, capsys: pytest.CaptureFixture[str]
) -> None:
    star.get_dialog(1).print()
    assert capsys.readouterr().out.startswith("[dialog_id] 1\n--- Dialogue Begins ---\n[User] ")
    cut = star.get_dialogs(complete=False)[0]
    cut.print()
    assert capsys.readouterr().out.startswith(f"[dialog_id] {cut.dialogId}\n[complete] False\n---")


@pytest.mark.parametrize("number", [0, -1, 6653, "6653"])
def test_an_id_that_there_is_not_is_refused_with_those_that_there_are(star: StarDataset, number: Any) -> None:
    with pytest.raises(InputError, match=r"there is no dialogue|is no id"):
        star.get_dialog(number)


def test_the_ids_that_there_are_are_said(star: StarDataset) -> None:
    with pytest.raises(InputError, match=r"no dialogue 6653 in .*star-mini; its 55 ids go from 1 to 5100"):
        star.get_dialog(6653)


@pytest.mark.parametrize("number", ["one", "", "1.5", 1.0, None, True, "../1", "²", "1" * 30])
def test_an_id_that_is_no_number_is_refused(star: StarDataset, number: Any) -> None:
    with pytest.raises(InputError, match="is no id of a dialogue; give a number"):
        star.get_dialog(number)


def test_ids_may_be_numbers_of_numpy_and_pandas(star: StarDataset, tmp_path: Path) -> None:
    ids = pandas.Series([1, 5100])
    assert [star.get_dialog(number).dialogId for number in ids.to_numpy()] == [1, 5100]
    assert star.get_dialog_scenario(numpy.uint16(5100)) == star.get_dialog_scenario(5100)
    assert [type(number) for number in star.batch(ids, tmp_path, "fake").ids] == [int, int]
    for wrong in (numpy.float64(1), numpy.bool_(True), pandas.NA):
        with pytest.raises(InputError, match="is no id of a dialogue; give a number"):
            star.get_dialog(wrong)


def test_filters_are_joined_by_and(star: StarDataset) -> None:
    all_of_them = star.get_dialogs()
    ids = [dialog.dialogId for dialog in all_of_them]
    assert ids == sorted(ids) == star.get_ids()

    followups = star.get_dialogs(task_name="doctor_followup", happy=True, multitask=False)
    assert len(followups) == 14
    assert all(d.scenario["Happy"] and not d.scenario["MultiTask"] for d in followups)
    assert star.get_ids(happy=True, multitask=True) == []
    assert 5100 in star.get_ids(domain="plane", task_name="weather", happy=False, multitask=True)
    both = len(star.get_ids(complete=True)) + len(star.get_ids(complete=False))
    assert both == len(all_of_them)


def test_trivia_without_a_domain_is_trivia_by_task_only(star: StarDataset) -> None:
    by_task, by_domain = star.get_ids(task_name="trivia"), star.get_ids(domain="trivia")
    assert set(by_domain) < set(by_task)
    assert "trivia" in star.domains()
    without = star.get_dialog_scenario(min(set(by_task) - set(by_domain)))
    assert without["Domains"] == [None]
    text = star.get_scenario_description(without)
    assert text.startswith("The conversation is between a User and a AI assistant.\n")
    assert "The graph for the task 'trivia' is:" in text
    assert "None" not in text + str(star.get_user_persona_for_scenario(without))


@pytest.mark.parametrize(
    ("filters", "why"),
    [
        ({"task_name": "doctor_folowup"}, "no task 'doctor_folowup'; did you mean doctor_followup"),
        ({"task_name": "xyz"}, "no task 'xyz'; there are "),
        ({"domain": "docter"}, "no domain 'docter'; did you mean doctor"),
        ({"happy": "yes"}, "happy='yes': give True, False, or None"),
        ({"multitask": 1}, "multitask=1: give True"),
    ],
)
def test_filters_that_cannot_match_are_refused(star: StarDataset, filters: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        star.get_dialogs(**filters)
    with pytest.raises(InputError, match=why):
        star.get_ids(**filters)


def test_the_first_turn_of_a_speaker(star: StarDataset) -> None:
    dialog = star.get_dialog(1)
    assert star.get_dialog_first_turn(1) == dialog[0] == star.get_dialog_first_turn(1, "User")
    assert star.get_dialog_first_turn(1, "System") == dialog[1] == star.get_dialog_first_turn(1, "Wizard")
    silent = next(number for number in star.get_ids() if not star.get_dialog(number))
    assert star.get_dialog_first_turn(silent) is None
    with pytest.raises(InputError, match="'Bob' does not speak"):
        star.get_dialog_first_turn(1, "Bob")


def test_instructions_on_the_way_stand_where_they_came_and_none_is_lost(star: StarDataset) -> None:
    for number in star.get_ids():
        told = [e["Text"] for e in star.get_dialog_events(number) if e["Action"] == "instruct"]
        assert "\n".join(star.get_dialog_user_instructions(number).values()) == "\n".join(told)
    assert any("\n" in text for number in star.get_ids() for text in star.get_dialog_user_instructions(number).values())


# -- tasks ------------------------------------------------------------------------------------------------------------


def test_a_graph_as_dot_and_as_a_dict(star: StarDataset) -> None:
    assert star.read_graph("doctor_followup") == (
        "digraph doctor_followup  {\n    hello -> ask_name;\n    ask_name -> doctor_ask_doctor_name;\n"
        "    doctor_ask_doctor_name -> query;\n    query -> doctor_inform_doctors_instructions;\n"
        "    doctor_inform_doctors_instructions -> anything_else\n}"
    )
    assert star.read_graph("doctor_followup", as_dot=False)["hello"] == "ask_name"
    assert star.get_dialog_graphs(5100) == {task: star.read_graph(task) for task in star.get_dialog_task_names(5100)}


def test_responses_have_capitals_for_what_is_filled_in_and_no_way_out(star: StarDataset) -> None:
    responses = star.read_graph_responses("doctor_followup", as_dict=True)
    assert json.loads(star.read_graph_responses("doctor_followup")) == responses
    assert "INSTRUCTIONS" in responses["doctor_inform_doctors_instructions"]
    assert not any("{" in text for text in responses.values())
    raw = json.loads((MINI / "tasks/doctor_followup/responses.json").read_text(encoding="utf-8"))
    assert raw.keys() - responses.keys() == {"out_of_scope"}
    assert star.get_dialog_responses(1) == {"doctor_followup": responses}


def test_a_task_is_called_as_its_folder(star: StarDataset) -> None:
    names = {task: json.loads((MINI / f"tasks/{task}/{task}.json").read_text("utf-8"))["task"] for task in star.tasks()}
    assert any(name != task for task, name in names.items())
    assert all(star.flowchart(task).task == task for task in names)
    with pytest.raises(InputError, match="no task 'wether'; did you mean weather"):
        star.read_graph("wether")


def test_a_summary_counts_what_the_filters_find(star: StarDataset) -> None:
    table = star.summary()
    assert list(table.index) == star.tasks()
    for task, row in table.iterrows():
        assert row["dialogues"] == len(star.get_ids(task_name=task))
        assert row["happy_single"] == len(star.get_ids(task_name=task, happy=True, multitask=False))
        assert row["unhappy_multi"] == len(star.get_ids(task_name=task, happy=False, multitask=True))
        assert row["complete"] == len(star.get_ids(task_name=task, complete=True))


# -- what a model reads -----------------------------------------------------------------------------------------------


def test_the_description_of_a_scenario(star: StarDataset) -> None:
    scenario, text = star.get_dialog_scenario_description(1)
    assert text.startswith(
        "The conversation is between a User and a AI assistant in the following domains: doctor.\n\n"
        f"The User instructions are: {scenario['UserTask']}\n"
        f"The AI assistant instructions are: {scenario['WizardTask']}\n\nIn addition, "
    )
    assert f"```dot\n{star.read_graph('doctor_followup')}\n```" in text
    assert f"```json\n{star.read_graph_responses('doctor_followup')}\n```" in text
    assert "follows a 'happy path'" in text
    assert "only one task you were instructed to (doctor_followup)" in text

    _, text = star.get_dialog_scenario_description(5100)
    assert all(star.read_graph(task) in text for task in ("plane_search", "plane_book", "weather"))
    assert "does not follow a 'happy path'" in text
    assert "several of these tasks (plane_search, plane_book, weather)" in text


def test_the_personas_of_a_scenario_speak_as_user_and_system(star: StarDataset) -> None:
    scenario = star.get_dialog_scenario(1)
    user, system = star.get_user_persona_for_scenario(scenario), star.get_system_persona_for_scenario(scenario)
    assert (user.label, system.label) == ("User", "System")
    assert str(user).startswith("Your role: user calling a AI assistant")
    assert str(user).endswith(f"\nYour circumstances: {scenario['UserTask']}")
    assert star.read_graph("doctor_followup") in str(system)
    agents = star.get_agents_for_scenario(scenario, "fake")
    assert [agent.label for agent in agents] == ["System", "User"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"Domains": None}, "this is no scenario in STAR's form: Domains"),
        ({"WizardCapabilities": []}, "WizardCapabilities"),
        ({"WizardCapabilities": [{"Domain": "doctor", "Task": "doctor_follow"}]}, "did you mean doctor_followup"),
        ({"Happy": "no"}, "Happy: Input should be a valid boolean"),
        ({"MultiTask": 1}, "MultiTask: Input should be a valid boolean"),
    ],
)
def test_a_scenario_of_ones_own_is_checked(star: StarDataset, changes: dict[str, Any], why: str) -> None:
    scenario = star.get_dialog_scenario(1) | changes
    with pytest.raises(InputError, match=why):
        star.get_scenario_description(scenario)
    with pytest.raises(InputError, match="no scenario in STAR's form"):
        star.get_user_persona_for_scenario("a text")  # type: ignore[arg-type]


# -- broken files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"Scenario": None}, "1.json: is not in STAR's format: Scenario is missing"),
        ({"Scenario": {"Domains": []}}, r"1.json: is not in STAR's format: Scenario\.Happy"),
        ({"Events": "none"}, "1.json: is not in STAR's format: Events is not a list"),
        (
            {"Events": [{"Agent": USER, "Action": "uter", "Text": "Hi"}]},
            "event 1 has the Action 'uter'; did you mean utt",
        ),
        ({"Events": [{"Agent": USER, "Action": "utter", "Text": None}]}, r"event 1 \(utter\) has the Text None"),
        ({"Events": [{"Agent": USER, "Action": "utter", "Text": "Hi"}]}, r"event 1 \(utter\) has the UnixTime None"),
        ({"Events": [{"Action": "utter", "Text": "Hi"}]}, r"event 1 \(utter\) has no Agent"),
        ({"Events": ["Hi"]}, "event 1 has the Action None"),
        ({"Events": [{"Agent": USER, "Action": ["utter"], "Text": "Hi"}]}, r"event 1 has the Action \['utter'\]"),
        (
            {"Events": [{"Agent": USER, "Action": "utter", "Text": "Hi", "UnixTime": 1, "ActionLabel": 5}]},
            r"1.json: event 1 \(utter\) has the ActionLabel 5; a text is needed",
        ),
        (
            {"Events": [{"Agent": USER, "Action": "utter", "Text": "Hi", "UnixTime": True}]},
            r"event 1 \(utter\) has the UnixTime True; whole seconds are needed",
        ),
        ({"CompletionLevel": ["Complete"]}, r"1.json: is not in STAR's format: CompletionLevel is \['Complete'\]"),
        ({"DialogueID": True}, "1.json: holds the dialogue True"),
        ({"DialogueID": 2}, "1.json: holds the dialogue 2, which is not that of its name"),
    ],
)
def test_a_file_in_another_format_is_named(copy: Path, changes: dict[str, Any], why: str) -> None:
    change(copy, 1, **changes)
    with pytest.raises(FileError, match=why):
        StarDataset(copy).get_dialog(1)


@pytest.mark.parametrize(("field", "value"), [("Happy", 1), ("Happy", "no"), ("MultiTask", 0), ("MultiTask", "true")])
def test_a_boolean_is_true_or_false_so_that_it_matches_one_filter(copy: Path, field: str, value: Any) -> None:
    change(copy, 1, Scenario=StarDataset(MINI).get_dialog_scenario(1) | {field: value})
    data = StarDataset(copy)
    for read in (data.get_ids, data.summary, lambda: data.get_dialog(1)):
        with pytest.raises(FileError, match=rf"1\.json: .*Scenario\.{field}: Input should be a valid boolean"):
            read()


@pytest.mark.parametrize(
    ("number", "why"),
    [("NaN", "is not JSON: it holds NaN"), ("-Infinity", "it holds -Infinity"), ("1e999", "scenario: JSON has no inf")],
)
def test_a_number_that_json_has_not_is_refused_with_the_files_name(copy: Path, number: str, why: str) -> None:
    path = copy / "dialogues" / "1.json"
    text = path.read_text(encoding="utf-8").replace('"Happy"', f'"Odd": {number}, "Happy"', 1)
    path.write_text(text, encoding="utf-8")
    data = StarDataset(copy)
    for read in (data.get_dialogs, lambda: data.get_dialog(1)):
        with pytest.raises(FileError, match=rf"1\.json: .*{why}"):
            read()


def test_a_link_to_nowhere_is_named(copy: Path) -> None:
    path = copy / "dialogues" / "1.json"
    path.unlink()
    path.symlink_to("nowhere.json")
    data = StarDataset(copy)
    for read in (data.get_ids, data.get_dialogs, lambda: data.get_dialog(1)):
        with pytest.raises(FileError, match=r"1\.json: is a link to a file that does not exist"):
            read()
    assert data.get_dialog(5100).dialogId == 5100


def test_all_dialogues_may_go_while_it_is_open(copy: Path) -> None:
    data = StarDataset(copy)
    for path in (copy / "dialogues").iterdir():
        path.unlink()
    with pytest.raises(InputError, match=r"no dialogue 1 in .*copy; there is none any more"):
        data.get_dialog(1)
    with pytest.raises(InputError, match="no domain 'doctor'; there are none"):
        data.get_ids(domain="doctor")


def test_a_folder_that_goes_while_it_is_open_is_named(copy: Path) -> None:
    data = StarDataset(copy)
    shutil.rmtree(copy / "tasks")
    for read in (data.tasks, data.contents, lambda: data.flowchart("weather")):
        with pytest.raises(FileError, match=r"tasks: does not exist"):
            read()
    shutil.rmtree(copy / "dialogues")
    for read in (data.get_ids, lambda: data.get_dialog(1)):
        with pytest.raises(FileError, match=r"dialogues: does not exist"):
            read()


@pytest.mark.parametrize(
    ("text", "why"),
    [("[]", "not a JSON object"), ("", "is empty"), ('{"DialogueID": 1,', "1.json, line 1: is not JSON")],
)
def test_a_truncated_file_is_named_and_the_others_can_be_read(copy: Path, text: str, why: str) -> None:
    path = copy / "dialogues" / "1.json"
    path.write_text(text, encoding="utf-8")
    data = StarDataset(copy)
    with pytest.raises(FileError, match=why):
        data.get_dialogs(task_name="weather")
    assert data.get_dialog(5100).dialogId == 5100
    change(copy, 5100, Scenario=None)
    with pytest.raises(FileError, match=r"1 more of its files are broken"):
        data.get_ids()
    shutil.copytree(MINI, copy, dirs_exist_ok=True)
    assert data.get_ids() == StarDataset(MINI).get_ids()


def test_a_task_whose_file_is_broken_is_named(copy: Path) -> None:
    (copy / "tasks/weather/weather.json").write_text('{"graph": {"hello": 1}}', encoding="utf-8")
    with pytest.raises(FileError, match=r"weather\.json: is not in STAR's format: graph\.hello"):
        StarDataset(copy).read_graph("weather")


def test_a_flowchart_that_cannot_be_one_is_named(copy: Path) -> None:
    (copy / "tasks/weather/responses.json").write_text('{"": "Hello."}', encoding="utf-8")
    with pytest.raises(FileError, match=r"tasks/weather: is broken: weather: responses has a blank name"):
        StarDataset(copy).flowchart("weather")


def test_a_graph_with_a_cycle_is_read_and_described(copy: Path) -> None:
    path = copy / "tasks/doctor_followup/doctor_followup.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    about["graph"]["anything_else"] = "hello"
    path.write_text(json.dumps(about), encoding="utf-8")
    data = StarDataset(copy)
    assert "anything_else -> hello" in data.get_dialog_scenario_description(1)[1]
    assert data.flowchart("doctor_followup").svg()


# -- the index --------------------------------------------------------------------------------------------------------


def test_a_file_that_comes_goes_or_changes_is_noticed(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = StarDataset(copy)
    before = data.get_ids(happy=True)
    assert 1 in before

    (copy / "dialogues/1.json").rename(copy / "dialogues/one.json")
    assert data.get_ids(happy=True) == before[1:]
    (copy / "dialogues/one.json").rename(copy / "dialogues/1.json")
    assert data.get_ids(happy=True) == before

    change(copy, 1, Scenario=data.get_dialog_scenario(1) | {"Happy": False})  # in place
    monkeypatch.setattr("sdkit.datasets.star_index._LOOK_AGAIN", 0)
    assert data.get_ids(happy=True) == before[1:]


def test_files_are_read_once_for_the_index_and_never_written(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stamps() -> dict[str, tuple[int, int]]:
        return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in copy.rglob("*")}

    before = stamps()
    data = StarDataset(copy)
    data.get_dialogs()
    read: list[int] = []
    real = data.get_dialogs.__globals__["star_files"].read_dialog

    def counted(folder: Path, number: int) -> dict[str, Any]:
        read.append(number)
        return dict(real(folder, number))

    monkeypatch.setattr("sdkit.datasets.star_files.read_dialog", counted)
    monkeypatch.setattr("sdkit.datasets.star_index.read_dialog", counted)
    assert len(data.get_ids(happy=True)) > 1
    assert read == []
    found = data.get_dialogs(task_name="weather")
    assert read == [dialog.dialogId for dialog in found]
    assert stamps() == before


def test_a_data_set_that_may_only_be_read_will_do(copy: Path) -> None:
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        data = StarDataset(copy)
        assert data.get_dialogs()
        assert data.summary() is not None
        assert data.get_dialog_scenario_description(1)
    finally:
        for path in [copy, *copy.rglob("*")]:
            path.chmod(0o755)


# -- the real one -----------------------------------------------------------------------------------------------------


def test_the_counts_of_the_real_data(real_star: Path) -> None:
    data = StarDataset(real_star)
    assert len(data.get_ids()) == 6652
    assert len(data.get_ids(task_name="doctor_followup", happy=True, multitask=False)) == 105
    dialogs = data.get_dialogs()
    assert sum(not dialog.turns for dialog in dialogs) == 447
    assert sum(None in dialog.scenario["Domains"] for dialog in dialogs) == 145
    assert sum(dialog.complete is True for dialog in dialogs) == 5820
    assert sum(len(dialog) for dialog in dialogs) == 108137
    assert len(data.get_ids(domain="doctor")) == 637
    assert len(data.get_ids(domain="trivia")) == 761
    assert len(data.tasks()) == 24
    assert len(data.domains()) == 13
    table = data.summary()
    assert table["dialogues"]["weather"] == 1266
    assert table["happy_single"].sum() == 2755


def test_all_scenarios_of_the_real_data_can_be_described(real_star: Path) -> None:
    data = StarDataset(real_star)
    for dialog in data.get_dialogs():
        scenario = dialog.scenario
        assert isinstance(scenario, dict)
        text = data.get_scenario_description(scenario)
        user, system = data.get_user_persona_for_scenario(scenario), data.get_system_persona_for_scenario(scenario)
        assert scenario["UserTask"] in text
        assert str(user).endswith(f"Your circumstances: {scenario['UserTask']}")
        assert "digraph" in str(system)


def test_the_ready_instance_can_be_given_a_path_and_takes_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(STAR, "_path", None)
    monkeypatch.setattr(STAR, "_index", None)
    STAR.set_path(MINI)
    batch = STAR.batch(["1", 5100], tmp_path, "fake", seed="id")
    assert batch.ids == [1, 5100]
    assert isinstance(batch._maker_for(1), DialogGenerator)
    with pytest.raises(InputError, match="no dialogue 2000"):
        STAR.batch([2000], tmp_path, "fake")
    with pytest.raises(InputError, match=r"how='poem'.*'description', 'personas', 'turns'"):
        STAR.batch([1], tmp_path, "fake", "poem")  # type: ignore[arg-type]
    for no_list in ("15", b"15", 1, None):
        with pytest.raises(InputError, match=rf"ids={no_list!r}: give a list of ids, such as \[1\], or what get_ids"):
            STAR.batch(no_list, tmp_path, "fake")  # type: ignore[arg-type]
    assert os.listdir(tmp_path) == []
