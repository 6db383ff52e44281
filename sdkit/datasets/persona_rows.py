"""A row of a persona corpus: what its cells mean, however they were written."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sdkit.datasets.persona_tables import CLUSTER, PERSONA, first
from sdkit.errors import InputError


@dataclass(frozen=True, slots=True)
class PersonaRow:
    """A persona of a corpus.

    Attributes
    ----------
    id : str
        Its id; where the corpus has none, the number of its row, from 1 on.
    persona : str
        Who that is, in a sentence or two.
    cluster : int or None
        The number of its cluster, -1 if it is in none; None where the corpus has no clusters.
    labels : tuple of str
        What its cluster or it is about; sorted, each once.
    """

    id: str
    persona: str
    cluster: int | None = None
    labels: tuple[str, ...] = ()


def labels_of(given: Any) -> tuple[tuple[str, ...], bool]:
    """Return the labels of a cell, sorted and each once, and whether the cell is broken.

    Parameters
    ----------
    given
        A list, or a text that holds one as JSON or Python writes it. None and NaN, which pandas writes, mean none.
    """
    if given is None or given != given:  # noqa: PLR0124 - NaN
        return (), False
    read = _parsed(given) if isinstance(given, str) else given
    if read is None:
        return (), False
    listed = [read] if isinstance(read, str) and not _has_bracket(read) else read
    if isinstance(listed, list | tuple | set | frozenset) and all(isinstance(label, str) for label in listed):
        return tuple(sorted({text for label in listed if (text := " ".join(label.split()))})), False
    plain = " ".join(given.split()) if isinstance(given, str) and not _has_bracket(given) else ""
    return ((plain,) if plain else ()), True


def _parsed(text: str) -> Any:
    """Return what a text of JSON or Python stands for; None for a blank one, a number if it is neither."""
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of a backslash that a model put before a letter
            return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return 0


def _has_bracket(text: str) -> bool:
    return any(bracket in text for bracket in "[]{}")


def persona_of(cells: Mapping[str, Any]) -> str:
    """Return who a row is about.

    Raises
    ------
    InputError
        It says nothing, or is no text.
    """
    persona = first(cells, PERSONA)
    if persona is None or (isinstance(persona, str) and not persona.strip()):
        raise InputError("the persona is blank; write who that is, or take the row away")
    if not isinstance(persona, str):
        raise InputError(f"the persona is {persona!r:.80}; a text is needed")
    try:
        persona.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"the persona is no text: {persona[error.start]!r} is not valid Unicode") from error
    return persona.strip()


def cluster_of(given: Any) -> int | None:
    """Return the number of a cluster; CSV has it as a text, and pandas as a float where some are missing.

    Raises
    ------
    InputError
        It is no whole number.
    """
    if given is None or given != given:  # noqa: PLR0124 - NaN
        return None
    try:
        number = float(given)
    except (TypeError, ValueError):
        number = 0.5
    if isinstance(given, bool) or not number.is_integer():
        raise InputError(f"the {CLUSTER} is {given!r:.80}; a whole number is needed")
    return int(number)
