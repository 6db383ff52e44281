"""Which control a field of a pydantic model gets, and what is written beside it. There are no widgets here."""

from __future__ import annotations

import json
from collections import abc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, TypeAdapter
from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
from pydantic.fields import FieldInfo

from sdkit.widgets.form_drafts import NOT_GIVEN, is_empty

LONG = 80
"""A text of more characters than this gets a box of several lines."""
LONG_LIMIT = 120
"""So does a field whose limit is above this number of characters."""

_LISTS = {list, set, frozenset, abc.Sequence, abc.Set, abc.Collection, abc.Iterable}


@dataclass(frozen=True)
class Shape:
    """What kind of value a field takes.

    Parameters
    ----------
    kind
        "lines" is a list of simple values, "section" a model, "json" whatever has no control of its own.
    optional
        Whether None is allowed.
    choices
        The values of a "choice".
    model
        The model of a "section".
    item
        What the lines of "lines" are.
    limits
        What pydantic was told about lengths and bounds.
    """

    kind: Literal["text", "integer", "number", "yes_no", "choice", "lines", "section", "json"]
    optional: bool = False
    choices: tuple[Any, ...] = ()
    model: type[BaseModel] | None = None
    item: Shape | None = None
    limits: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Spec:
    """All that a form needs to know about a field.

    Parameters
    ----------
    name, label, description, example
        How it is called, in code and for people, what it is for, and a value that it could have.
    shape
        What it takes.
    required
        Whether the class has no default.
    default
        The class default; None where there is none.
    long
        Whether it gets several lines however short its text is.
    within
        The labels of the sections that it is in, such as "Friend: Address"; two fields may have the same label.
    """

    name: str
    label: str
    shape: Shape
    description: str = ""
    example: str = ""
    required: bool = False
    default: Any = None
    long: bool = False
    within: str = ""

    @property
    def path(self) -> str:
        """The label, behind those of the sections that it is in."""
        return f"{self.within}: {self.label}" if self.within else self.label

    @property
    def blank(self) -> Any:
        """What the model is given for a control that was emptied, where leaving it out would bring the default back."""
        return None if self.shape.optional else [] if self.shape.kind == "lines" else ""

    def emptied(self) -> Any:
        """Return what stands in a draft when the control was emptied."""
        return NOT_GIVEN if self.required or is_empty(self.default) else self.blank

    def shown(self, value: Any) -> Any:
        """Return what the control shows for what stands in a draft."""
        return self.default if value is NOT_GIVEN else value


def spec_of(name: str, field: FieldInfo) -> Spec:
    """Return what a form needs to know about a declared field."""
    shape = shape_of(field.annotation, tuple(field.metadata))
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    most = _limits(shape.limits).get("max_length") or 0
    return Spec(
        name=name,
        label=_capitalised(field.title or name.replace("_", " ")),
        shape=shape,
        description=field.description or "",
        example=_example(field.examples),
        required=field.is_required(),
        default=_default(field),
        long=shape.kind == "text" and (most > LONG_LIMIT or extra.get("format") == "long"),
    )


def spec_of_extra(name: str, value: Any) -> Spec:
    """Return the same for a field that no class declares: it takes what it has."""
    plain = isinstance(value, bool | int | float)
    text = value is NOT_GIVEN or value is None or isinstance(value, str)
    shape = shape_of(type(value)) if plain else Shape("text" if text else "json")
    return Spec(name=name, label=_capitalised(name.replace("_", " ")), shape=shape)


def nested_too_deeply(spec: Spec) -> Spec:
    """Return the same field with JSON instead of a section."""
    return replace(spec, shape=Shape("json", spec.shape.optional))


def shape_of(annotation: Any, limits: tuple[Any, ...] = ()) -> Shape:
    """Return what kind of value an annotation stands for."""
    optional = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            limits = (*limits, *more)
        elif get_origin(annotation) in {Union, UnionType}:
            members = [member for member in get_args(annotation) if member is not NoneType]
            optional = optional or len(members) < len(get_args(annotation))
            if len(members) != 1:
                return Shape("json", optional)
            annotation = members[0]
        elif (
            other := getattr(annotation, "__value__", None) or getattr(annotation, "__supertype__", None)
        ) is not None:
            annotation = other  # of a type alias, of a NewType
        else:
            return replace(
                _plain_shape(annotation), optional=optional or type(None) in _literal_types(annotation), limits=limits
            )


def _literal_types(annotation: Any) -> set[type]:
    return {type(value) for value in get_args(annotation)} if get_origin(annotation) is Literal else set()


def _plain_shape(annotation: Any) -> Shape:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return Shape("choice", choices=tuple(value for value in arguments if value is not None))
    if (origin in _LISTS and arguments) or (origin is tuple and arguments[1:] == (...,)):
        item = shape_of(arguments[0])
        texts = item.kind == "choice" and all(map(_is_text, item.choices))
        simple = texts or item.kind in {"text", "integer", "number"}
        return Shape("lines", item=item) if simple and not item.optional else Shape("json")
    if not isinstance(annotation, type):
        return Shape("text" if _written_as_text(annotation) else "json")
    for kind, types in {
        "choice": Enum,
        "yes_no": bool,
        "integer": int,
        "number": float,
        "text": (str, Decimal),
    }.items():
        if issubclass(annotation, types):  # type: ignore[arg-type]
            return Shape(kind, choices=tuple(annotation) if kind == "choice" else ())  # type: ignore[arg-type]
    if issubclass(annotation, BaseModel) and not issubclass(annotation, RootModel):
        return Shape("section", model=annotation)
    return Shape("text" if _written_as_text(annotation) else "json")


def _is_text(choice: Any) -> bool:
    return isinstance(getattr(choice, "value", choice), str)


def _written_as_text(annotation: Any) -> bool:
    """Tell whether JSON has a string for it, as for dates."""
    if annotation in {Any, object}:
        return False
    try:
        return TypeAdapter(annotation).json_schema().get("type") == "string"
    except (PydanticUserError, PydanticUndefinedAnnotation):
        return False


def limits_in_words(shape: Shape) -> str:
    """Say what the bounds and lengths of a field are; nothing if there are none."""
    found = _limits(shape.limits)
    unit = {"text": " characters", "lines": " lines"}.get(shape.kind, "")
    least, most = found.get("ge"), found.get("le")
    words = []
    if least is not None and most is not None:
        words.append(f"{least} to {most}")
    else:
        words += [f"{least} or more"] if least is not None else [f"at most {most}"] if most is not None else []
    words += [f"more than {found['gt']}"] if "gt" in found else []
    words += [f"less than {found['lt']}"] if "lt" in found else []
    words += [f"at least {found['min_length']}{unit}"] if found.get("min_length") else []
    words += [f"at most {found['max_length']}{unit}"] if "max_length" in found else []
    return ", ".join(words)


def _limits(metadata: Iterable[Any]) -> dict[str, Any]:
    names = ("ge", "gt", "le", "lt", "min_length", "max_length")
    return {
        name: value for part in _flat(metadata) for name in names if (value := getattr(part, name, None)) is not None
    }


def _flat(metadata: Iterable[Any]) -> Iterator[Any]:
    for part in metadata:
        if isinstance(part, FieldInfo):
            yield from part.metadata
        else:
            yield part


def _default(field: FieldInfo) -> Any:
    if field.is_required():
        return None
    try:
        return field.get_default(call_default_factory=True, validated_data={})
    except Exception:  # noqa: BLE001 - a factory that needs the other fields, or fails; pydantic will call it again
        return None


def _example(examples: list[Any] | None) -> str:
    if not examples:
        return ""
    first = examples[0]
    return first if isinstance(first, str) else json.dumps(first, ensure_ascii=False, default=str)


def _capitalised(label: str) -> str:
    return label[:1].upper() + label[1:]
