from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sdkit.assistants import Assistant, assistant_of
from sdkit.errors import FileError, InputError

KIM = Assistant(name="Kim", description="Kim answers for a shop of kettles.")


def written(tmp_path: Path, content: str, name: str = "kim.yaml") -> Path:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(Path("datasets/assistants").glob("*")), ids=lambda path: path.name)
def test_the_examples_can_be_read(path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one = Assistant.from_file(path)
    one.to_file(tmp_path / "again.yaml")
    assert Assistant.from_file(tmp_path / "again.yaml") == one
    assert caplog.text == ""


def test_there_are_examples() -> None:
    assert len(list(Path("datasets/assistants").glob("*.yaml"))) >= 2


@pytest.mark.parametrize("name", ["kim.yaml", "kim.yml", "kim.YAML", "kim.json", "new/folder/kim.yaml"])
def test_a_file_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    one = Assistant(name="Zoë 😀", description="Sagt: „Grüß dich“\n- and: #not a comment\n\n日本語, yes\u2028")
    one.to_file(tmp_path / name)
    assert Assistant.from_file(tmp_path / name) == one
    assert "Zoë 😀" in (tmp_path / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "content",
    [
        "name: Kim\ndescription: >\n  Kim answers for\n  a shop of kettles.\n",
        "\ufeffname: Kim\r\ndescription: Kim answers for a shop of kettles.\r\n",
        '# By hand\n"description": "Kim answers for a shop of kettles."\n\nname: \'Kim\'\n',
        "{name: Kim, description: Kim answers for a shop of kettles.}",
        "name: Kim\ndescription: |2\n   Kim answers for a shop of kettles. \n",
    ],
)
def test_a_file_may_be_written_as_people_write(tmp_path: Path, content: str) -> None:
    assert Assistant.from_file(written(tmp_path, content)) == KIM


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("name: Kim\n", "this is no assistant: description: Field required"),
        ("description: a shop\n", "this is no assistant: name: Field required"),
        ("name: ' '\ndescription: a shop\n", "name: is blank"),
        ("name: Kim\ndescription:\n", "description: Input should be a valid string"),
        ("name: Kim\ndescription: [a, b]\n", "description: Input should be a valid string"),
        ("name: 7\ndescription: a shop\n", "name: Input should be a valid string .found 7"),
        ("- name: Kim\n", "this is no assistant: a name and a description are needed"),
        ("Kim, who answers\n", "a name and a description are needed, not 'Kim, who answers'"),
        ("Name: Kim\nDescription: a shop\n", "name: Field required"),
        ("name: Kim\ndescription: a: b\n", "line 2: is not YAML"),
        ("\n \n", "is empty"),
        ("users: []\n", "name: Field required"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path: Path, content: str, says: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(FileError, match=says) as caught:
        Assistant.from_file(path)
    assert str(caught.value).startswith(str(path))


def test_a_file_that_is_not_there_or_of_another_kind_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="does not exist"):
        Assistant.from_file(tmp_path / "none.yaml")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(FileError, match="is a folder"):
        Assistant.from_file(tmp_path / "folder.yaml")
    with pytest.raises(InputError, match="ends neither in"):
        Assistant.from_file(written(tmp_path, "name: Kim", "kim.txt"))
    with pytest.raises(InputError, match="ends neither in"):
        KIM.to_file(tmp_path / "kim.md")


def test_other_keys_are_passed_over_with_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path, "name: Kim\ndescription: Kim answers for a shop of kettles.\nversion: 2\n7: x\n")
    with caplog.at_level(logging.WARNING, logger="sdkit"):
        assert Assistant.from_file(path) == KIM
    (record,) = caplog.records
    assert record.getMessage() == "an assistant has a name and a description; passed over: version, 7"


def test_an_assistant_is_taken_as_it_is_and_a_path_is_read(tmp_path: Path) -> None:
    path = tmp_path / "kim.json"
    KIM.to_file(path)
    assert assistant_of(KIM) is KIM
    assert assistant_of(path) == assistant_of(str(path)) == KIM


@pytest.mark.parametrize("given", [None, 7, {"name": "Kim", "description": "x"}])
def test_something_else_is_no_assistant(given: Any) -> None:
    with pytest.raises(InputError, match="neither an Assistant nor the path"):
        assistant_of(given)


def test_an_assistant_does_not_change() -> None:
    with pytest.raises(ValidationError):
        KIM.name = "Tim"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Assistant(name="Kim", description="x", model="y")  # type: ignore[call-arg]


def test_half_a_letter_is_refused_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "kim.yaml"
    KIM.to_file(path)
    with pytest.raises((InputError, FileError), match="not valid Unicode"):
        Assistant(name="Kim", description="half \ud800").to_file(path)
    assert Assistant.from_file(path) == KIM
