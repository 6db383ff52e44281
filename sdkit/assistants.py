"""Assistants: what is to be tried out on simulated users, in a name and a description."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from sdkit.errors import InputError, first_problem
from sdkit.files import DATA_ENDINGS, data_text, file_type, load, write_text

logger = logging.getLogger("sdkit")


class Assistant(BaseModel):
    """An assistant, as its makers describe it.

    The form of the file, YAML with these two keys, is that of Channel Labs' Synthetic Conversation Generation.

    Parameters
    ----------
    name
        What it is called.
    description
        What it is for, and what it can do.

    Raises
    ------
    pydantic.ValidationError
        One of them is missing or blank.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str

    @field_validator("name", "description")
    @classmethod
    def _not_blank(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("is blank")
        return text.strip()

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Return the assistant of a dict with its name and description; other keys are passed over, and logged.

        Raises
        ------
        InputError
            One of the two is missing, or not a text.
        """
        if not isinstance(data, Mapping):
            raise InputError(f"this is no assistant: a name and a description are needed, not {str(data)[:80]!r}")
        known = {name: value for name, value in data.items() if name in cls.model_fields}
        if others := [str(name) for name in data if name not in known]:
            logger.warning("an assistant has a name and a description; passed over: %s", ", ".join(others))
        try:
            return cls.model_validate(known)
        except ValidationError as error:
            raise InputError(f"this is no assistant: {first_problem(error)}") from error

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read an assistant from a file that ends in .yaml, .yml or .json.

        Raises
        ------
        FileError
            The file cannot be read, or holds no assistant.
        InputError
            The file has another ending.
        """
        return load(path, cls.from_dict)

    def to_file(self, path: str | Path) -> None:
        """Save it, atomically.

        Raises
        ------
        FileError
            It cannot be written.
        InputError
            The file has another ending than .yaml, .yml or .json.
        """
        write_text(path, data_text(self.model_dump(), file_type(path, "auto", DATA_ENDINGS)))


def assistant_of(given: Assistant | str | Path) -> Assistant:
    """Return an assistant; a path means the one in that file.

    Raises
    ------
    InputError
        It is neither.
    FileError
        The file holds none.
    """
    if isinstance(given, Assistant):
        return given
    if not isinstance(given, str | Path):
        raise InputError(f"assistant={given!r} is neither an Assistant nor the path of a file with one")
    return Assistant.from_file(given)
