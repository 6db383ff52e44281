"""Files of ``users``, as people and other programs write them."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from sdkit.errors import FileError, InputError
from sdkit.persona_files import checked_users, load_users, save_users
from sdkit.personas import BasePersona, Doctor, Patient, Persona, UserPersona

FIELDS = ["name", "description", "personality", "scenario", "summary"]
ANA = UserPersona(
    name="Ana",
    description="a nurse, thirty",
    personality="tired",
    scenario="Her kettle leaks.",
    summary="a tired nurse",
)


def entry(name: str = "Ana", /, **changes: Any) -> dict[str, Any]:
    values = {"name": name, **{field: f"{field} of {name}" for field in FIELDS[1:]}, **changes}
    return {field: value for field, value in values.items() if value is not ...}


def written(tmp_path: Path, content: Any, name: str = "users.yaml") -> Path:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def blocks(*entries: dict[str, Any]) -> str:
    """Return a file in which each persona has as many lines as it has fields."""
    return "users:\n" + "".join(
        "".join(f"{'- ' if not i else '  '}{key}: {json.dumps(value)}\n" for i, (key, value) in enumerate(one.items()))
        for one in entries
    )


@pytest.mark.parametrize("path", sorted(Path("datasets/personas").glob("*.yaml")), ids=lambda path: path.name)
def test_the_examples_can_be_read(path: Path) -> None:
    assert load_users(path)


# -- what is wrong with a file ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("\n# nothing yet\n", "holds no personas: a list under the key \"users\" is needed; found 'None'"),
        ("{}", "holds no personas: .*; found '{}'"),
        ("personas:\n- name: Ana\n", 'a list under the key "users" is needed; it has personas'),
        ("name: Ana\ndescription: x\n", "it has name, description"),
        ("- name: Ana\n", "is needed; found"),
        ("Ana", "is needed; found 'Ana'"),
        ("users:\n", 'the list under "users" is empty; write at least one persona'),
        ("users: []\n", 'the list under "users" is empty; write at least one persona'),
        ("users: Ana\n", "under \"users\" a list of personas is needed; found 'Ana'"),
        ("users:\n  name: Ana\n  summary: x\n", 'under "users" a list of personas is needed; found'),
        ("users: 0\n", 'under "users" a list of personas is needed; found'),
        ("users:\n- name: Ana\n  - b\n", "line 3: is not YAML"),
        ("users: [\n", "is not YAML"),
        ("users:\n- a: 1\n---\nusers:\n- b: 2\n", "is not YAML"),
    ],
)
def test_a_file_without_personas_is_told(tmp_path: Path, content: str, says: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(FileError, match=says) as caught:
        load_users(path)
    assert caught.value.path == path


@pytest.mark.parametrize("field", FIELDS)
def test_a_missing_field_is_told_with_persona_and_line(tmp_path: Path, field: str) -> None:
    path = written(tmp_path, blocks(entry("Ana"), entry("Tom", **{field: ...}), entry("Eva")))
    with pytest.raises(FileError, match=f"persona 2 is not valid: .*{field}: Field required") as caught:
        load_users(path)
    assert caught.value.line == 7


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("blank", ["", " \n "])
def test_a_blank_field_is_told(tmp_path: Path, field: str, blank: str) -> None:
    path = written(tmp_path, blocks(entry("Ana"), entry("Tom"), entry("Eva", **{field: blank})))
    with pytest.raises(FileError, match=f"line 12: persona 3 is not valid: .*{field}: is blank"):
        load_users(path)


@pytest.mark.parametrize("value", [None, 7, True, ["a"], {"a": "b"}])
def test_a_field_of_another_kind_is_told(tmp_path: Path, value: Any) -> None:
    path = written(tmp_path, blocks(entry("Ana", summary=value)))
    with pytest.raises(FileError, match=r"line 2: persona 1 is not valid: .*summary: Input should be a valid string"):
        load_users(path)


@pytest.mark.parametrize("one", [None, "Ana", 7, ["Ana"]])
def test_an_entry_that_is_no_persona_is_told(tmp_path: Path, one: Any) -> None:
    path = written(tmp_path, f"users:\n- {json.dumps(entry('Tom'))}\n- {json.dumps(one)}\n")
    with pytest.raises(FileError, match="line 3: persona 2 is not valid: this is not a persona"):
        load_users(path)


@pytest.mark.parametrize("again", ["Tom", "tom", " TOM "])
def test_a_name_that_is_there_twice_is_told_with_both(tmp_path: Path, again: str) -> None:
    path = written(tmp_path, blocks(entry("Ana"), entry("Tom"), entry("Eva"), entry(again)))
    with pytest.raises(FileError, match=f"line 17: persona 4 has the same name as persona 2: '{again.strip()}'"):
        load_users(path)


def test_in_json_the_persona_is_told_without_a_line(tmp_path: Path) -> None:
    path = written(tmp_path, {"users": [entry("Ana"), entry("Tom", summary=...)]}, "users.json")
    with pytest.raises(FileError, match=r"users\.json: persona 2 is not valid") as caught:
        load_users(path)
    assert caught.value.line is None


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ends neither in"):
        load_users(written(tmp_path, blocks(entry()), "users.txt"))
    with pytest.raises(InputError, match="ends neither in"):
        save_users(tmp_path / "users.csv", [ANA])
    with pytest.raises(FileError, match="does not exist"):
        load_users(tmp_path / "none.yaml")


# -- what is let through ----------------------------------------------------------------------------------------------


def test_other_keys_are_passed_over_with_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    people = [entry(f"Ana {i}", age=30, id=str(i)) for i in range(5)] + [{**entry("Tom"), "mood": "bad"}]
    with caplog.at_level(logging.WARNING, logger="sdkit"):
        found = load_users(written(tmp_path, {"users": people, "version": 1}, "users.json"))
    assert [one.json() for one in found] == [entry(f"Ana {i}") for i in range(5)] + [entry("Tom")]
    (record,) = caplog.records
    assert record.getMessage().endswith("users.json: a UserPersona has no age, id, mood; passed over")


def test_what_the_original_tool_writes_can_be_read(tmp_path: Path) -> None:
    """PyYAML's defaults but for the order: letters escaped, lines folded, any style of text."""
    users = [
        entry("Zoë O’Hara", scenario="“My kettle’s leaking – again” 😀 " * 6, summary="yes: no # one, really"),
        entry("Ana", description="line one\nline two\n\nand the end", personality="'quoted' \"twice\"", summary="null"),
    ]
    text = yaml.safe_dump({"users": users}, sort_keys=False)
    assert "\\u2019" in text
    assert "’" not in text
    found = load_users(written(tmp_path, text))
    assert [one.json() for one in found] == [{name: value.strip() for name, value in one.items()} for one in users]


@pytest.mark.parametrize("style", ["'", '"', "|", ">", None])
@pytest.mark.parametrize("flow", [True, False, None])
def test_any_style_of_yaml_can_be_read(tmp_path: Path, style: str | None, flow: bool | None) -> None:
    users = [entry("Zoë"), entry("Ana", scenario="It leaks: a lot.\nSince Monday, 'they' say.")]
    text = yaml.safe_dump({"users": users}, default_style=style, default_flow_style=flow, sort_keys=False)
    assert [one.json() for one in load_users(written(tmp_path, text))] == users


def test_what_people_write_by_hand_can_be_read(tmp_path: Path) -> None:
    content = """\ufeff# Two of them
users:

    -   summary: a nurse   # by hand
        name: Ana
        description: >-
            a nurse,
            thirty
        personality: &tired tired
        scenario: |
            Her kettle
            leaks.
    - {name: Tom, description: a cook, personality: *tired, scenario: Wants a kettle., summary: a cook}
"""
    ana, tom = load_users(written(tmp_path, content.replace("\n", "\r\n")))
    assert (ana.name, ana.description, ana.scenario) == ("Ana", "a nurse, thirty", "Her kettle\nleaks.")  # type: ignore[comparison-overlap]
    assert (tom.name, tom.personality) == ("Tom", "tired")


# -- writing ----------------------------------------------------------------------------------------------------------


def test_a_file_is_as_the_original_has_it_with_letters_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "users.yaml"
    zoe = ANA.clone(name="Zoë 😀", summary="日本, “yes”")
    save_users(path, [zoe, ANA])
    assert path.read_text(encoding="utf-8") == (
        "users:\n"
        "- name: Zoë 😀\n"
        "  description: a nurse, thirty\n"
        "  personality: tired\n"
        "  scenario: Her kettle leaks.\n"
        "  summary: 日本, “yes”\n"
        "- name: Ana\n"
        "  description: a nurse, thirty\n"
        "  personality: tired\n"
        "  scenario: Her kettle leaks.\n"
        "  summary: a tired nurse\n"
    )
    assert [one.json() for one in load_users(path)] == [zoe.json(), ANA.json()]


def test_the_order_of_the_fields_is_always_the_same(tmp_path: Path) -> None:
    backwards = UserPersona(**dict(reversed(list(ANA.json().items()))))
    for name in ("users.yaml", "users.json"):
        save_users(tmp_path / name, [backwards])
        data = yaml.safe_load((tmp_path / name).read_text())
        assert list(data) == ["users"]
        assert list(data["users"][0]) == FIELDS


@pytest.mark.parametrize("name", ["users.yaml", "users.json"])
def test_hostile_texts_come_back_as_they_were(tmp_path: Path, name: str) -> None:
    texts = [
        "a\x85b", "a\u2028b 😀", "😀\x85\u2029x", "a\tb\r\nc", "- x", "yes", "1e3", "# x", "x: y", "'", '"',
        "\\U0001F600", "a" * 5000, "\\n", "{a}", "[", "!tag", "&a", "*a", "%", "@", "`", "=", "<<", "~", "...", "---",
        "\x07\x7f", "\ufeffx", "z " * 300 + "z", "a\n b\n  c\n\n\nd", "2023-06-01", "0x1F", "\ue000\uffff",
    ]  # fmt: skip
    people = [UserPersona(**entry(f"{i}", scenario=one, summary=f"{one}.")) for i, one in enumerate(texts)]
    save_users(tmp_path / name, people)
    assert load_users(tmp_path / name) == people


def test_ten_thousand_take_a_few_seconds(tmp_path: Path) -> None:
    people = [UserPersona(**entry(f"Ana {i}")) for i in range(10_000)]
    began = time.process_time()
    save_users(tmp_path / "users.yaml", people)
    assert load_users(tmp_path / "users.yaml") == people
    assert time.process_time() - began < 8


def test_the_line_is_found_in_a_large_file_too(tmp_path: Path) -> None:
    path = written(tmp_path, blocks(*(entry(f"Ana {i}") for i in range(2000))) + "- name: Tom\n")
    began = time.process_time()
    with pytest.raises(FileError, match="line 10002: persona 2001 is not valid"):
        load_users(path)
    assert time.process_time() - began < 3


def test_personas_of_other_classes_come_back_as_what_they_were(tmp_path: Path) -> None:
    people = [Doctor(name="Dr Who", specialty="kettles"), Patient(name="Ana", age=30), Persona(name="Tom", role="cook")]
    for name in ("users.yaml", "users.json"):
        save_users(tmp_path / name, people)
        assert load_users(tmp_path / name, BasePersona) == people


class Regular(UserPersona):
    """A user who has been there before."""

    visits: int = 1
    mood: str = "good"


def test_a_class_of_ones_own_comes_back(tmp_path: Path) -> None:
    one = Regular(**entry("Ana", visits=3, mood=""))
    save_users(tmp_path / "users.yaml", [one, ANA.clone(name="Tom")])
    back = load_users(tmp_path / "users.yaml")
    assert back[0] == one
    assert [type(each) for each in back] == [Regular, UserPersona]


def test_one_class_is_asked_for_and_another_one_is_there(tmp_path: Path) -> None:
    save_users(tmp_path / "users.yaml", [Doctor(name="Dr Who"), Patient(name="Ana")])
    with pytest.raises(FileError, match="line 5: persona 2 is not valid: this is a Patient, not a Doctor"):
        load_users(tmp_path / "users.yaml", Doctor)


def test_a_class_takes_no_fields_that_it_has_not(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"line 2: persona 1 is not valid: .*no field specialyt; did you mean"):
        load_users(written(tmp_path, "users:\n- name: Dr Who\n  specialyt: kettles\n"), Doctor)


def test_personas_without_a_name_are_nobodys_namesakes(tmp_path: Path) -> None:
    people = [Persona(role="baker"), Persona(role="cook")]
    save_users(tmp_path / "users.yaml", people)
    assert load_users(tmp_path / "users.yaml", Persona) == people


@pytest.mark.parametrize(
    ("people", "says"),
    [
        ([], "there are no personas"),
        ([ANA, ANA.clone(name=" ANA ")], "personas 1 and 2 have the same name, 'ANA'"),
        ([ANA, "Tom"], r"personas\[1\]='Tom' is no persona"),
        ([UserPersona], r"personas\[0\]=UserPersona is the class"),
        (ANA, "give a list of personas"),
        ("Ana", "give a list of personas"),
    ],
)
def test_what_cannot_stand_in_one_file_is_refused_and_the_file_stays(tmp_path: Path, people: Any, says: str) -> None:
    path = tmp_path / "users.yaml"
    save_users(path, [ANA])
    with pytest.raises(InputError, match=says):
        save_users(path, people)
    assert load_users(path) == [ANA]
    with pytest.raises(InputError, match=says):
        checked_users(people)


def test_half_a_letter_is_refused_and_the_file_stays(tmp_path: Path) -> None:
    for name in ("users.yaml", "users.json"):
        save_users(tmp_path / name, [ANA])
        with pytest.raises((InputError, FileError), match="not valid Unicode"):
            save_users(tmp_path / name, [ANA.clone(name="half \ud800")])
        assert load_users(tmp_path / name) == [ANA]


def test_any_iterable_will_do_and_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "users.yml"
    save_users(path, (ANA.clone(name=name) for name in ("Ana", "Tom")))
    assert [one.name for one in load_users(path)] == ["Ana", "Tom"]
