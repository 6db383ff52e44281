"""What a batch is given, checked at the door: its ids, and what shapes its dialogues."""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Iterable
from typing import Any

from sdkit.errors import InputError

Id = int | str
_SAFE = re.compile(r"[^\W_][\w.-]{0,99}")  # as a part of a file's name, on every system
_DEVICE = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)  # no name of a file on Windows
_BYTES = 240  # most systems have room for 255 in a file's name


def checked_ids(ids: Iterable[Id]) -> list[Id]:
    """Return ids that can be parts of file names, each once.

    Raises
    ------
    InputError
        One cannot, or comes twice.
    """
    if isinstance(ids, str | bytes) or not isinstance(ids, Iterable):
        raise InputError(f"ids={ids!r}: give a list of ids, such as [1, 2] or ['bread']")
    checked: list[Id] = []
    seen: set[str] = set()
    for given in ids:
        number = _plain(given)
        text = str(number)
        if number is None or not _SAFE.fullmatch(text):
            raise InputError(f"{given!r} is no id for a batch; give numbers, or short names of letters and digits")
        if _DEVICE.fullmatch(text):
            raise InputError(f"{given!r} is no id for a batch: on Windows, no file can have that name; give another")
        if len(text.encode()) > _BYTES:
            raise InputError(f"{given!r} is no id for a batch: it is too long for a file's name; give a shorter one")
        if text.casefold() in seen:
            raise InputError(f"the id {number!r} is there twice; each dialogue needs an id of its own")
        seen.add(text.casefold())
        checked.append(number)
    if not checked:
        raise InputError("there is nothing to make: no ids")
    return checked


def _plain(number: Any) -> Id | None:
    """Return an id as Python's own int or str, also if it comes out of a table; None if it is neither."""
    if isinstance(number, str):
        return str(number)
    try:
        return None if isinstance(number, bool) else operator.index(number)
    except TypeError:
        return None


def check_limits(concurrency: Any, **limits: Any) -> None:
    """Refuse what is no number of things to do at a time, and no limit.

    Raises
    ------
    InputError
        One will not do; names it.
    """
    if not isinstance(concurrency, int) or isinstance(concurrency, bool) or concurrency < 1:
        raise InputError(f"concurrency={concurrency!r}: give a whole number, at least 1")
    for name, value in limits.items():
        if value is not None and not (isinstance(value, int | float) and 0 < value < math.inf):
            raise InputError(f"{name}={value!r}: give a number above 0, or None for no limit")


def checked_about(about: Any, seed: int | str) -> dict[str, Any]:
    """Return what shapes a batch, as JSON would give it back.

    Raises
    ------
    InputError
        JSON cannot carry it.
    """
    try:
        text = json.dumps({"seed": seed, **(about or {})}, ensure_ascii=False, allow_nan=False)
        text.encode()
        return dict(json.loads(text))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"about= is kept as JSON, which cannot carry it ({error}); give a dict of texts, numbers, lists and dicts"
        ) from error
