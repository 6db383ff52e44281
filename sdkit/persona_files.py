"""Files of many personas: YAML with a list of ``users``, written and read by people."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sdkit.errors import FileError, InputError
from sdkit.files import DATA_ENDINGS, data_text, file_type, read_data, read_text, write_text
from sdkit.personas import BasePersona, UserPersona, checked_persona

P = TypeVar("P", bound=BasePersona)

USERS = "users"
logger = logging.getLogger("sdkit")


def load_users(path: str | Path, kind: type[P] = UserPersona) -> list[P]:  # type: ignore[assignment]
    """Return the personas of a file.

    Parameters
    ----------
    path
        A file that ends in .yaml, .yml or .json, with a list under ``users``, as Channel Labs' Synthetic Conversation
        Generation has it.
    kind
        The class of the personas. Entries that `save_users` has written name their own, which has to be a subclass.

    Returns
    -------
    list of BasePersona
        In the order of the file; at least one. Keys of a `UserPersona` that it has no field for are passed over.

    Raises
    ------
    FileError
        The file cannot be read, or holds no personas; one of them is not valid, or two have the same name. Names the
        line.
    InputError
        The file has another ending.
    """
    form = file_type(path, "auto", DATA_ENDINGS)
    data = read_data(path, form)
    if not isinstance(data, dict) or USERS not in data:
        keys = ", ".join(map(str, data))[:80] if isinstance(data, dict) else ""
        there = f"it has {keys}" if keys else f"found {str(data)[:80]!r}"
        raise FileError(path, f'holds no personas: a list under the key "{USERS}" is needed; {there}')
    entries = data[USERS]
    if entries is not None and not isinstance(entries, list):
        raise FileError(path, f'under "{USERS}" a list of personas is needed; found {str(entries)[:80]!r}')
    if not entries:
        raise FileError(path, f'the list under "{USERS}" is empty; write at least one persona')

    def problem(number: int, text: str) -> FileError:
        return FileError(path, f"persona {number + 1} {text}", _line(path, form, number))

    found: list[P] = []
    names: dict[str, int] = {}
    others: set[str] = set()
    for number, entry in enumerate(entries):
        try:
            persona = kind.from_dict(_known(kind, entry, others))
        except InputError as error:
            raise problem(number, f"is not valid: {error}") from error
        name = str(getattr(persona, "name", "") or "").strip()
        if name and (first := names.setdefault(name.casefold(), number)) != number:
            raise problem(number, f"has the same name as persona {first + 1}: {name!r}. Give each a name of its own")
        found.append(persona)
    if others:
        logger.warning("%s: a %s has no %s; passed over", path, kind.__name__, ", ".join(sorted(others)))
    return found


def _known(kind: type[BasePersona], entry: Any, others: set[str]) -> Any:
    """Return an entry without the keys that files of other programs may have."""
    if kind is not UserPersona or not isinstance(entry, dict) or "_class" in entry:
        return entry
    known = {key: value for key, value in entry.items() if key in kind.model_fields}
    others.update(str(key) for key in entry if key not in known)
    return known


def _line(path: str | Path, form: str, number: int) -> int | None:
    """Return the line on which an entry begins."""
    if form != "yaml":
        return None
    import yaml

    root = yaml.compose(read_text(path), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for key, value in getattr(root, "value", ()):
        if key.value == USERS and isinstance(value, yaml.SequenceNode):
            return int(value.value[number].start_mark.line) + 1
    return None


def save_users(path: str | Path, personas: Iterable[BasePersona]) -> None:
    """Save personas as a file of ``users``, atomically.

    A `UserPersona` is written with its five fields and nothing else, as other programs expect it; one of another class
    with the name of its class, so that it can be read again.

    Parameters
    ----------
    path
        Where to: a name that ends in .yaml, .yml or .json.
    personas
        At least one; no two of the same name.

    Raises
    ------
    FileError
        The file cannot be written; it is as it was before.
    InputError
        There are none, two have the same name, or the file has another ending.
    """
    form = file_type(path, "auto", DATA_ENDINGS)
    if isinstance(personas, BasePersona | str):  # which can be iterated over, too
        raise InputError(f"personas={str(personas)[:80]!r}: give a list of personas")
    people = checked_users(list(personas))
    entries = [_five(one) if type(one) is UserPersona else one.to_dict() for one in people]
    write_text(path, data_text({USERS: entries}, form))


def _five(user: BasePersona) -> dict[str, Any]:
    """Return the fields in the order of the file, in whatever order they were given."""
    values = user.json()
    return {name: values[name] for name in type(user).model_fields}


def checked_users(personas: Sequence[BasePersona], namesakes: bool = False) -> list[BasePersona]:
    """Return personas that can stand in one file; with `namesakes`, some may have the same name all the same.

    Raises
    ------
    InputError
        There are none, one is no persona, or two have the same name.
    """
    if isinstance(personas, BasePersona | str) or not isinstance(personas, Sequence):
        raise InputError(f"personas={str(personas)[:80]!r}: give a list of personas")
    if not personas:
        raise InputError("there are no personas; give at least one")
    seen: dict[str, int] = {}
    for number, persona in enumerate(personas):
        name = str(getattr(checked_persona(persona, f"personas[{number}]"), "name", "") or "").strip()
        if name and (first := seen.setdefault(name.casefold(), number)) != number and not namesakes:
            raise InputError(f"personas {first + 1} and {number + 1} have the same name, {name!r}; rename one")
    return list(personas)
