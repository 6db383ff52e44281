"""Fields of pydantic objects in words, and names that are near to another: what prompts and errors are made of."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticCustomError


def told_apart(labels: Sequence[str]) -> list[str]:
    """Return a name for each label: itself, and with a number behind it where several are the same."""
    folded = [label.casefold() for label in labels]
    names: list[str] = []
    for index, label in enumerate(labels):
        number = folded[:index].count(folded[index]) + 1
        name = f"{label} {number}" if folded.count(folded[index]) > 1 else label
        while name != label and name.casefold() in [*folded, *map(str.casefold, names)]:
            number += 1
            name = f"{label} {number}"
        names.append(name)
    return names


def aliases_of(cls: type[BaseModel], name: str) -> list[str]:
    """Return the names under which a field can be given."""
    field = cls.model_fields[name]
    other = getattr(field.validation_alias, "choices", [field.validation_alias])
    return [name, *(alias for alias in other if isinstance(alias, str))]


def unknown_field(cls: type[BaseModel], name: str) -> PydanticCustomError:
    """Return the error that says there is no such field, and which is the nearest."""
    if not cls.model_fields:
        return PydanticCustomError("unknown_field", "{name}: a field cannot begin with _", {"name": name})
    near = difflib.get_close_matches(name, cls.model_fields, n=1)
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(cls.model_fields)}."
    context = {"kind": cls.__name__, "name": name, "hint": hint}
    return PydanticCustomError("unknown_field", "{kind} has no field {name}; {hint}", context)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that says which known name this one is near to, or which there are."""
    known = sorted(known)
    if near := difflib.get_close_matches(name, known, n=3):
        return f"; did you mean {' or '.join(near)}?"
    return f"; there are {', '.join(known)}" if known else "; there are none"


def value_of(model: BaseModel, name: str) -> Any:
    """Return a field's value; one that no class declares may have the name of a method."""
    extra = model.__pydantic_extra__ or {}
    return extra[name] if name in extra else getattr(model, name)


def lines_of(model: BaseModel, above: tuple[int, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield a label and a text for each field that is not empty; of a persona, for those that were given.

    `above` holds the ids of what is being described already, so that a loop ends.
    """
    fields = type(model).model_fields
    said = getattr(model, "given", None)
    given = said() if callable(said) else [*fields, *(model.__pydantic_extra__ or {})]
    for name in given:
        if text := text_of(value_of(model, name), (*above, id(model))):
            field = fields.get(name)
            label = (field and field.title) or name.replace("_", " ")
            yield f"{label} ({field.description})" if field and field.description else label, text


def text_of(value: Any, above: tuple[int, ...] = ()) -> str:
    """Return a value as a person would write it; empty if it says nothing."""
    if id(value) in above:
        return "(as above)"
    inside = (*above, id(value))
    match value:
        case None:
            text = ""
        case bool():
            text = "yes" if value else "no"
        case BaseModel():
            text = "; ".join(f"{label}: {text}" for label, text in lines_of(value, above))
        case Mapping():
            parts = ((key, text_of(part, inside)) for key, part in value.items())
            text = "; ".join(f"{text_of(key)}: {text}" for key, text in parts if text)
        case list() | tuple() | set() | frozenset():
            texts = [text for part in value if (text := text_of(part, inside))]
            text = ("; " if any(re.search("[,;:]", text) for text in texts) else ", ").join(texts)
        case _:
            text = str(getattr(value, "value", value))  # of an Enum, its value
    return text if text.strip() else ""
