from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pydantic import ValidationError

from sdkit.errors import FileError, InputError
from sdkit.reviewing import RATINGS
from sdkit.rubrics import Criterion, Rubric

ONE = """\
name: support
criteria:
  - name: memory
    question: Does the assistant remember?
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rubric.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    return path


# -- what a teacher writes --------------------------------------------------------------------------------------------


def test_a_rubric_is_read_as_it_is_written_by_hand(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """\
        name: customer support
        description: How well a customer was helped.
        criteria:
          - name: memory
            question: Does the assistant ask for what it was told?
            scale:
              3: never
              1: often
              2: once
          - name: help
            description: Is the user helped?
            scale: yes/no
          - name: rudeness
            question: Is the assistant rude?
            scale: No / Yes
          - name: all in all
            question: How good is it?
        """,
    )

    rubric = Rubric.from_file(path)

    assert (rubric.name, rubric.description) == ("customer support", "How well a customer was helped.")
    memory, helps, rudeness, whole = rubric.criteria
    assert list(memory.scale.items()) == [(1, "often"), (2, "once"), (3, "never")]
    assert (helps.question, helps.scale) == ("Is the user helped?", {0: "no", 1: "yes"})
    assert rudeness.scale == {0: "yes", 1: "no"}  # the better answer comes first
    assert whole.scale == RATINGS


def test_yes_and_no_which_yaml_reads_as_true_and_false_are_words(tmp_path: Path) -> None:
    rubric = Rubric.from_file(written(tmp_path, f"{ONE}    scale: {{0: no, 1: partly, 2: yes}}\n"))

    assert rubric.criteria[0].scale == {0: "no", 1: "partly", 2: "yes"}


@pytest.mark.parametrize("name", ["rubric.yaml", "rubric.json"])
def test_a_rubric_made_in_python_is_saved_and_read_back(tmp_path: Path, name: str) -> None:
    rubric = Rubric(
        name="kind",
        criteria=[
            Criterion(name="manners", question="Is it polite?", scale="yes/no"),
            Criterion(name="humour", question="Is it funny?", scale={-1: "non", 1: "très"}),
            {"name": "whole", "question": "How good is it?"},
        ],
    )

    rubric.to_file(tmp_path / "new" / name)

    assert Rubric.from_file(tmp_path / "new" / name) == rubric
    text = (tmp_path / "new" / name).read_text(encoding="utf-8")
    assert "yes/no" in text
    assert "très" in text
    assert "very bad" not in text  # what goes without saying is not written


def test_the_rubric_that_comes_with_sdkit_is_one() -> None:
    for path in Path("datasets/rubrics").glob("*.yaml"):
        assert len(Rubric.from_file(path).criteria) > 1


def test_a_share_is_how_far_up_the_scale_a_score_is() -> None:
    scale = Criterion(name="a", question="b", scale={-2: "bad", 0: "so-so", 6: "good"})

    assert [scale.share(score) for score in (-2, 0, 6)] == [0, 0.25, 1]
    assert Criterion(name="a", question="b").share(2) == 0.25


# -- what is wrong with a file ----------------------------------------------------------------------------------------

ENTRY = "name: r\ncriteria:\n- name: memory\n  question: Does it?\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("# nothing yet\n", "holds no rubric: a name and criteria are needed; found 'None'"),
        ("- memory\n", r"a name and criteria are needed; found \"\['memory'\]\""),
        ("name: [r", "line 1: is not YAML|line 2: is not YAML"),
        ("name: r\n", "criteria: Field required"),
        ("name: ' '\ncriteria: [{name: a, question: b}]", "name: is blank"),
        ("name: r\ncriteria: []\n", "criteria: is to be a list of criteria, at least one"),
        ("name: r\ncriteria: {a: b}\n", "criteria: is to be a list of criteria"),
        ("name: r\ncriteria: [memory]\n", "criterion 1: Input should be a valid dict"),
        ("nmae: r\ncriteria: []\n", "Rubric has no field nmae; did you mean name?"),
        ("name: r\ncriteria:\n- question: b\n", "criterion 1: name: Field required"),
        ("name: r\ncriteria:\n- name: memory\n", r"criterion 1 \('memory'\): question: Field required"),
        (f"{ENTRY}  sacle: yes/no\n", r"criterion 1 \('memory'\): Criterion has no field sacle; did you mean scale?"),
        (f"{ENTRY}  description: Is it?\n", "has a question and a description; give one"),
        (f"{ENTRY}- name: Memory\n  question: c\n", "criteria: 1 and 2 have the same name, 'Memory'; rename one"),
        (f"{ENTRY}- name: manners\n  question: ''\n", r"criterion 2 \('manners'\): question: is blank"),
        (f"{ENTRY}  scale: {{1: good}}\n", "scale: has fewer than two points"),
        (f"{ENTRY}  scale: {{}}\n", "scale: has fewer than two points"),
        (f"{ENTRY}  scale: yes\n", "scale: is no scale; write whole numbers.*or yes/no.*found True"),
        (f"{ENTRY}  scale: 1-5\n", "scale: is no scale"),
        (f"{ENTRY}  scale: [bad, good]\n", "scale: is no scale"),
        (f"{ENTRY}  scale: {{yes: good, no: bad}}\n", "scale: True is no whole number"),
        (f"{ENTRY}  scale: {{1.5: good, 2: bad}}\n", "scale: 1.5 is no whole number"),
        (f"{ENTRY}  scale: {{bad: 1, good: 2}}\n", "scale: 'bad' is no whole number"),
        (f"{ENTRY}  scale: {{1: , 2: bad}}\n", "scale.1: Input should be a valid string"),
        (f"{ENTRY}  scale: {{1: ' ', 2: bad}}\n", "scale: says nothing of 1; write what it means"),
        (f"{ENTRY}  scale: {{1: Bad, 2: bad}}\n", "scale: says the same of 1 and 2: 'bad'"),
        (f"{ENTRY}  scale: {{1: bad, 1: good, 2: best}}\n", "line 5: the key '1' is there twice; keep one"),
        (f"{ENTRY}  name: manners\n", "line 5: the key 'name' is there twice"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_criterion(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(FileError, match=f"(?s)rubric.yaml.*({problem})"):
        Rubric.from_file(written(tmp_path, text))


def test_a_file_that_is_not_there_or_of_another_kind_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"none\.yaml: does not exist"):
        Rubric.from_file(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="ends neither in"):
        Rubric.from_file(tmp_path / "rubric.txt")


@pytest.mark.parametrize("criteria", [[], [{"name": "a"}], [{"name": "a", "question": "b", "scale": {1: "c"}}]])
def test_what_is_wrong_in_a_file_is_wrong_in_python(criteria: Any) -> None:
    with pytest.raises(ValidationError):
        Rubric(name="r", criteria=criteria)
