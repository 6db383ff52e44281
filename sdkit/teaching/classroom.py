"""``class.yaml``: what an instructor decides about a class, and what it changes for the students."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sdkit.errors import FileError, first_problem
from sdkit.files import read_data, read_text

FOLDER = "class"
"""Where it lies in a workspace."""
FILE = "class.yaml"
ENGLISH = "en"

Name = Annotated[str, Field(min_length=1, max_length=100)]


class Classroom(BaseModel):
    """What ``class.yaml`` holds; the comments in the file say what each part is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Name
    lessons: list[Name] = Field(min_length=1)
    exercises: list[Name] = []
    model: str = Field("", max_length=200, pattern=r"^\S*$")
    server: str = Field("", max_length=200, pattern=r"^\S*$")
    days: int = Field(1, ge=1, le=60)
    minutes_a_day: int = Field(360, ge=30, le=720)
    language: str = Field(ENGLISH, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$")

    @field_validator("lessons", "exercises", mode="before")
    @classmethod
    def _nothing_is_none(cls, value: object) -> object:
        return [] if value == "" else value  # all lines of the list are taken out


def hints_file(language: str) -> str:
    """Return the name of the file with the hints in a language."""
    return f"hints.{language}.yaml"


def read(path: Path) -> Classroom:
    """Read a ``class.yaml``.

    Raises
    ------
    FileError
        It cannot be read, or a part of it cannot work; names the line.
    """
    return parsed(path, read_text(path))


def parsed(path: Path, text: str) -> Classroom:
    """Return what the text of a ``class.yaml`` says.

    Parameters
    ----------
    path
        The file, for the errors.
    text
        What is in it.

    Raises
    ------
    FileError
        It is not YAML, or a part of it cannot work; names the line.
    """
    import yaml

    try:
        # Only texts: to YAML, the lesson 07 is the number 7, and the language no is False.
        data = yaml.load(text, yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError):
        read_data(path, "yaml")  # which says what is wrong, and where
        raise
    if not isinstance(data, dict):
        raise FileError(path, "has no settings in it; delete it, and `class init` makes a new one")
    for name in data:
        if name not in Classroom.model_fields:
            raise FileError(path, _none("a setting", name, Classroom.model_fields), line_of(text, [name]))
    try:
        return Classroom.model_validate(data)
    except ValidationError as error:
        where = [part for part in error.errors(include_url=False)[0]["loc"] if isinstance(part, str | int)]
        if where == ["server"]:  # what is found could have a password in it
            told = "server: is no address; it looks like http://192.168.1.20:11434"
            raise FileError(path, told, line_of(text, where)) from None
        raise FileError(path, first_problem(error), line_of(text, where)) from error


def check_names(path: Path, text: str, room: Classroom, lessons: Iterable[str], exercises: Iterable[str]) -> None:
    """Raise FileError if a lesson or an exercise of a class is none, or is there twice."""
    there = {"lessons": list(lessons), "exercises": list(exercises)}
    for kind, names in there.items():
        for i, name in enumerate(getattr(room, kind)):
            line = line_of(text, [kind, i])
            if name not in names:
                raise FileError(path, _none(f"a{'n' * (kind[0] == 'e')} {kind[:-1]}", name, names), line)
            if name in getattr(room, kind)[:i]:
                raise FileError(path, f"{name} is there twice; leave one out", line)


def line_of(text: str, where: Sequence[str | int]) -> int | None:
    """Return the line of a part of a YAML text, from 1; None if it is not there."""
    import yaml

    node: Any = yaml.compose(text, yaml.SafeLoader)
    line = None
    for part in where:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
            if found is None:
                return line
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def language(folder: Path) -> str:
    """Return the language of a class's hints: English, if there is no class.

    Raises
    ------
    FileError
        Its settings cannot be read.
    """
    file = folder / FILE
    return read(file).language if file.exists() else ENGLISH


def enter(root: Path) -> list[str]:
    """Let this process, and the kernels that it starts, use the model and the server of the workspace's class.

    What the environment already says stays.

    Returns
    -------
    list of str
        What was done, a line each; also why the class's settings are not used.
    """
    file = root / FOLDER / FILE
    if not file.exists():
        return []
    try:
        room = read(file)
    except FileError as error:
        return [f"The settings of the class are not used: {error}"]
    from sdkit.llm import ollama

    told = []
    for name, value in (("SDKIT_MODEL", room.model), ("OLLAMA_HOST", room.server)):
        if value and not os.environ.get(name, "").strip():
            os.environ[name] = value
            safe = ollama.shown(value) if name == "OLLAMA_HOST" else value
            told.append(f"{name}={safe}, as {FOLDER}/{FILE} says.")
    return told


def _none(kind: str, name: str, names: Iterable[str]) -> str:
    """Say that there is nothing of a name, and what there is."""
    names = list(names)
    near = [name.zfill(2)] if name.zfill(2) in names else difflib.get_close_matches(name, names, n=1)
    mean = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
    return f"{name!r} is not {kind}; {mean}"
