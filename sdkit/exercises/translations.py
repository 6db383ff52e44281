"""Hints in the language of the class: ``class/hints.<language>.yaml``, which an instructor translated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sdkit.errors import FileError, SdkitError
from sdkit.exercises.steps import Step
from sdkit.files import read_data
from sdkit.teaching import classroom

Hints = Mapping[str, Mapping[str, list[str]]]
"""By exercise and step."""


def english(steps: Iterable[type[Step]]) -> Hints:
    """Return the hints of steps as they are written in the exercises."""
    found: dict[str, dict[str, list[str]]] = {}
    for step in steps:
        found.setdefault(step.exercise, {})[step.__name__] = list(step.hints)
    return found


def read(path: Path) -> Hints:
    """Read a file of hints.

    Raises
    ------
    FileError
        It cannot be read, or is not of the form of hints.en.yaml.
    """
    data = read_data(path, "yaml")
    if not isinstance(data, dict):
        raise FileError(path, "has no exercises in it: its form is that of hints.en.yaml")
    for exercise, steps in data.items():
        if not isinstance(steps, dict):
            raise FileError(path, f"{exercise} has no steps with hints: its form is that of hints.en.yaml")
        for step, hints in steps.items():
            if not isinstance(hints, list) or not all(isinstance(hint, str) for hint in hints):
                raise FileError(path, f"{exercise}, {step}: give its hints as a list of texts, as in hints.en.yaml")
    return data


def hints_of(step: type[Step], translated: Hints) -> tuple[str, ...]:
    """Return the hints of a step, each in English where it is not translated."""
    own = _own(step, translated)
    return tuple(own[i] if i < len(own) and own[i].strip() else text for i, text in enumerate(step.hints))


def is_whole(step: type[Step], translated: Hints) -> bool:
    """Tell whether each hint of a step is translated."""
    own = _own(step, translated)
    return len(own) == len(step.hints) and all(hint.strip() for hint in own)


def of_class(step: type[Step], root: Path) -> tuple[tuple[str, ...], str]:
    """Return a step's hints in the language of the class whose folder lies in the workspace.

    Returns
    -------
    tuple of tuple of str, str
        The hints, and what stood in the way of the other language; nothing, if nothing did.
    """
    folder = root / classroom.FOLDER
    try:
        language = classroom.language(folder)
        if language == classroom.ENGLISH:
            return step.hints, ""
        return hints_of(step, read(folder / classroom.hints_file(language))), ""
    except SdkitError as error:
        return step.hints, f"(In English, because {error})"


def _own(step: type[Step], translated: Any) -> list[str]:
    return list(translated.get(step.exercise, {}).get(step.__name__, ()))
