"""Personas: who somebody is, as a model reads it.

Subclass `BasePersona` with the fields that matter to you; `Persona` and a few roles are ready.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticSerializationError

from sdkit import rendering
from sdkit.describing import aliases_of, lines_of, text_of, unknown_field, value_of
from sdkit.dialog import Provenance, without_docstring
from sdkit.errors import FileError, InputError, first_problem
from sdkit.files import DATA_ENDINGS, check_finite, data_text, file_type, read_data, write_text

__all__ = [
    "BasePersona",
    "Customer",
    "Doctor",
    "Patient",
    "Persona",
    "Student",
    "SupportAgent",
    "Teacher",
    "UserPersona",
]

# No field can have these names, so they fit between the fields of a file.
_CLASS, _LABEL, _LINEAGE, _PROVENANCE = "_class", "_label", "_lineage", "_provenance"


class BasePersona(BaseModel):
    """Somebody who speaks in a dialogue. Subclass it with fields of your own.

    ``str(persona)`` is what a model reads: a line for each field that was given, in the order given. Fields that were
    not given, or are empty, are left out. A field's ``title`` stands for its name, and its ``description`` behind it in
    brackets. Override `description` to let the model read something else.

    A class with fields takes these and no others. Without any, as `BasePersona` itself, it takes whatever you give it.

    Raises
    ------
    pydantic.ValidationError
        A field that there is not (the nearest is named), one that is missing, or a value of the wrong type.

    Examples
    --------
    >>> class Baker(BasePersona):
    ...     name: str = ""
    ...     speciality: str = ""
    >>> print(Baker(name="Ana", speciality="rye bread"))
    Your name: Ana
    Your speciality: rye bread
    """

    model_config = ConfigDict(
        extra="allow",
        validate_assignment=True,
        validate_by_alias=True,
        validate_by_name=True,
        json_schema_extra=without_docstring,
    )

    _order: tuple[str, ...] = PrivateAttr(default=())
    _label: str = PrivateAttr(default="")
    _lineage: tuple[dict[str, JsonValue], ...] = PrivateAttr(default=())
    _provenance: Provenance | None = PrivateAttr(default=None)

    @model_validator(mode="wrap")
    @classmethod
    def _in_order(cls, data: Any, handler: Any) -> Any:
        """Refuse fields that there are not, and remember the order of those that were given."""
        if not isinstance(data, Mapping):
            return handler(data)
        data = cls._completed(data)
        names = {alias: name for name in cls.model_fields for alias in aliases_of(cls, name)}
        # Names that begin with _ belong to files.
        strange = [key for key in data if (key not in names if cls.model_fields else str(key).startswith("_"))]
        try:
            persona = handler(data)
        except ValidationError:
            if strange:  # more likely the cause than what they leave missing
                raise _unknown(cls, strange, data) from None
            raise
        # A validator of the class may have known what to do with some of them.
        left = {**(persona.__pydantic_extra__ or {})} if isinstance(persona, cls) else {}
        if strange := [key for key in strange if key in left]:
            raise _unknown(cls, strange, data)
        persona._order = tuple(names.get(key, key) for key in data)
        return persona

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse fields that would take the place of a method."""
        if taken := [name for name in cls.model_fields if name in _METHODS]:
            raise InputError(f"{cls.__name__}: a field cannot be called {taken[0]}, which is a method; choose another")

    @model_serializer(mode="wrap")
    def _given_only(self, handler: Any) -> dict[str, Any]:
        """Dump the fields that were given, in that order, of a persona inside another one, too."""
        dumped = handler(self)
        return {name: dumped[name] for name in self.given() if name in dumped}

    @classmethod
    def _completed(cls, data: Mapping[Any, Any]) -> Mapping[Any, Any]:
        """Return the fields that are given, with those that go without saying."""
        return data

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a field, if there is one of that name."""
        fields = type(self).model_fields
        if fields and name not in fields and not name.startswith("_"):
            raise InputError(unknown_field(type(self), name).message())
        super().__setattr__(name, value)

    # -- what the model reads -----------------------------------------------------------------------------------------

    def given(self) -> list[str]:
        """Return the names of the fields that were given, in that order; those set later come last."""
        extra = self.__pydantic_extra__ or {}
        there = [name for name in [*type(self).model_fields, *extra] if name in self.model_fields_set or name in extra]
        return sorted(there, key=lambda name: self._order.index(name) if name in self._order else len(self._order))

    def lines(self) -> list[tuple[str, str]]:
        """Return a label and a text for each field that was given and is not empty."""
        return list(lines_of(self))

    def description(self) -> str:
        """Return what a model reads; override it to change that."""
        return "\n".join(f"Your {label}: {text}" for label, text in self.lines())

    def __str__(self) -> str:
        """Return what a model reads."""
        # From the class: a field may have the name "description", too.
        return type(self).description(self)

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """Show the fields that were given."""
        yield from ((name, value_of(self, name)) for name in self.given())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        plain = type(self).description is BasePersona.description
        shown = self.lines() if plain else str(self)
        caption = f"Persona {self.label}"
        return {
            "text/plain": repr(self),
            "text/markdown": rendering.persona_markdown(caption, shown),
            "text/html": rendering.persona_html(caption, shown),
        }

    # -- who it is ----------------------------------------------------------------------------------------------------

    @property
    def label(self) -> str:
        """The name under which it speaks: its own, else the label that it was given, else what its class is called."""
        own = rendering.one_line(text_of(getattr(self, "name", None))).strip()
        kind = re.sub(r"(?<=.)(Base)?Persona$", "", type(self).__name__)
        return own or self._label or ("Speaker" if kind in {"BasePersona", "Base", "Persona"} else kind)

    def labelled(self, label: str) -> Self:
        """Return a copy that speaks under this label where it has no name.

        Raises
        ------
        InputError
            The label is empty, or has a line break in it.
        """
        if not isinstance(label, str) or not label.strip() or rendering.one_line(label.strip()) != label.strip():
            raise InputError(f"{label!r} is no label to speak under; give a short name")
        copy = self.model_copy(deep=True)
        copy._label = label.strip()
        return copy

    @property
    def lineage(self) -> tuple[dict[str, JsonValue], ...]:
        """What this persona was cloned from: the fields of each ancestor, the oldest first."""
        return self._lineage

    @property
    def provenance(self) -> Provenance | None:
        """How a model made this persona, if one did."""
        return self._provenance

    def clone(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, which keeps in its `lineage` what it comes from.

        Raises
        ------
        pydantic.ValidationError
            As for a new persona.
        """
        values = {name: value_of(self, name) for name in self.given()}
        known = {alias: name for name in type(self).model_fields for alias in aliases_of(type(self), name)}
        values |= {known.get(name, name): value for name, value in changes.items()}
        copy = type(self).model_validate(values)
        copy = copy.model_copy(deep=True)
        copy._label, copy._lineage = self._label, (*self._lineage, self.json())
        return copy

    def __eq__(self, other: object) -> bool:
        """Tell whether the other one is of the same class and was given the same."""
        if type(self) is not type(other) or not isinstance(other, BasePersona):
            return NotImplemented
        mine, theirs = ({name: value_of(one, name) for name in one.given()} for one in (self, other))
        return (mine, self._label) == (theirs, other._label)

    __hash__: ClassVar[None] = None  # type: ignore[assignment] # it can change

    # -- dict, JSON, YAML, files --------------------------------------------------------------------------------------

    def json(self, string: bool = False, indent: int | None = None) -> Any:  # type: ignore[override]
        """Return the fields that were given as a dict of JSON values or, with `string`, as JSON text.

        Raises
        ------
        InputError
            A value that JSON does not have.
        """
        try:
            check_finite(self)
            values = self.model_dump(mode="json", warnings=False)
            text = json.dumps(values, ensure_ascii=False, allow_nan=False, indent=indent)
        except (ValueError, PydanticSerializationError) as error:
            raise InputError(f"{self.label} cannot be written as JSON: {error}") from error
        return text if string else values

    def to_dict(self) -> dict[str, JsonValue]:
        """Return what `to_file` writes: the name of the class, the fields, and where the persona comes from."""
        about: dict[str, Any] = {_CLASS: type(self).__name__, **self.json()}
        if self._label:
            about[_LABEL] = self._label
        if self._lineage:
            about[_LINEAGE] = list(self._lineage)
        if self._provenance:
            about[_PROVENANCE] = self._provenance.model_dump(mode="json", exclude_defaults=True)
        return about

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the persona that `to_dict` or `json` made this dict of.

        Called on `BasePersona`, it looks for the class by the name in the dict, among all that are defined.

        Raises
        ------
        InputError
            It is the dict of another class, or of none.
        """
        if not isinstance(data, Mapping) or not all(isinstance(key, str) for key in data):
            raise InputError(f"this is not a persona: fields and their values are needed, not {str(data)[:80]!r}")
        kind = cls._kind(data.get(_CLASS))
        fields = {name: value for name, value in data.items() if name not in {_CLASS, _LABEL, _LINEAGE, _PROVENANCE}}
        try:
            persona = kind.model_validate(fields)
            if made := data.get(_PROVENANCE):
                persona._provenance = Provenance.model_validate(made)
        except ValidationError as error:
            raise InputError(f"this is not a {kind.__name__}: {first_problem(error)}") from error
        except RecursionError:
            raise InputError(f"this is not a {kind.__name__}: it is nested too deeply") from None
        lineage = data.get(_LINEAGE, [])
        if not isinstance(lineage, list) or not all(isinstance(one, Mapping) for one in lineage):
            raise InputError(f"{_LINEAGE} is to list what the persona was cloned from; found {str(lineage)[:80]!r}")
        persona._lineage = tuple(dict(one) for one in lineage)
        return persona.labelled(str(data[_LABEL])) if data.get(_LABEL) else persona

    @classmethod
    def _kind(cls, named: Any) -> type[Self]:
        if named is None or named == cls.__name__:
            return cls
        if not isinstance(named, str):
            raise InputError(f"{_CLASS} is to be the name of a class; found {str(named)[:80]!r}")
        # A class of one's own comes before one of ours, and one that was defined again before its older self.
        there = sorted(_subclasses(cls), key=lambda kind: kind.__module__ != __name__)
        if found := [kind for kind in there if kind.__name__ == named]:
            return found[-1]
        if cls is BasePersona:
            raise InputError(
                f"this is a {named}, and no persona class of that name is defined here. Define or import it first; its "
                "name alone is in the file"
            )
        raise InputError(f"this is a {named}, not a {cls.__name__}; load it with {named}.from_file")

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the persona that ``json(string=True)`` made this text of.

        Raises
        ------
        InputError
            It is no JSON, or of another class.
        """
        try:
            return cls.from_dict(json.loads(text))
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError(f"this is not a persona: {error}") from error

    def to_file(self, path: str | Path, type: str = "auto", makedir: bool = True) -> None:
        """Save the persona, atomically and as UTF-8.

        Parameters
        ----------
        path
            Where to: a name that ends in .json, .yaml or .yml.
        type
            "json" or "yaml"; "auto" goes by the ending.
        makedir
            Make the folder if it is missing.

        Raises
        ------
        FileError
            The file cannot be written. What was there before is untouched.
        InputError
            `type` is none of these, or "auto" does not know the ending.
        """
        kind = file_type(path, type, DATA_ENDINGS)
        try:
            text = data_text(self.to_dict(), kind)
        except InputError as error:
            raise FileError(path, f"was not written: {error}") from error
        write_text(path, text, make_folder=makedir)

    @classmethod
    def from_file(cls, path: str | Path, type: str = "auto") -> Self:
        """Load a persona that `to_file` has saved, or somebody has written by hand.

        Called on `BasePersona`, it looks for the class by the name in the file, among all that are defined.

        Raises
        ------
        FileError
            The file cannot be read, or holds no persona of this class; names the file, and the line or the field.
        InputError
            `type` is none of "json", "yaml" and "auto", or "auto" does not know the ending.
        """
        kind = file_type(path, type, DATA_ENDINGS)
        try:
            return cls.from_dict(read_data(path, kind))
        except InputError as error:
            raise FileError(path, str(error)) from error


def _unknown(cls: type[BasePersona], keys: list[Any], data: Mapping[Any, Any]) -> ValidationError:
    problems = [
        InitErrorDetails(type=unknown_field(cls, str(key)), loc=(str(key),), input=data.get(key)) for key in keys
    ]
    return ValidationError.from_exception_data(cls.__name__, problems)


def _subclasses(cls: type[BasePersona]) -> Iterator[type[Any]]:
    for kind in cls.__subclasses__():
        yield kind
        yield from _subclasses(kind)


def checked_persona(persona: object, name: str) -> BasePersona:
    """Return it, if it is a persona.

    Raises
    ------
    InputError
        It is something else.
    """
    if isinstance(persona, type) and issubclass(persona, BasePersona):
        raise InputError(f"{name}={persona.__name__} is the class; give somebody of it: {persona.__name__}(...)")
    if not isinstance(persona, BasePersona):
        raise InputError(f"{name}={persona!r} is no persona; give one, such as Persona(name='Ana', role='baker')")
    return persona


_METHODS = {name for name in vars(BasePersona) if not name.startswith("_")} - {"description", "model_config"}


class Persona(BasePersona):
    """A persona for any dialogue, with the fields of the workshop notebook that sdkit grew from."""

    name: str = ""
    role: str = ""
    background: str = ""
    personality: str = ""
    circumstances: str = ""
    rules: str = ""
    language: str = ""


with warnings.catch_warnings():
    # The file format has a field that is called as one of our methods; pydantic warns of that.
    warnings.simplefilter("ignore", UserWarning)

    class UserPersona(BasePersona):
        """Somebody who comes to an assistant: the five fields of Channel Labs' Synthetic Conversation Generation."""

        name: str
        description: str = Field(  # type: ignore[assignment] # the method is called through the class, see `__str__`
            description="who you are: age, work, traits"
        )
        personality: str = Field(description="how you are, and how you write")
        scenario: str = Field(description="why you come to the assistant now, and what you want")
        summary: str = Field(description="you in about ten words")

        # Not of all fields: classes that are made of this one have others.
        @field_validator("name", "description", "personality", "scenario", "summary")
        @classmethod
        def _not_blank(cls, text: str) -> str:
            if not text.strip():
                raise ValueError("is blank")
            return text.strip()


class _Role(BasePersona):
    """A persona whose role goes without saying, and is said first."""

    role: str = ""

    @classmethod
    def _completed(cls, data: Mapping[Any, Any]) -> Mapping[Any, Any]:
        return data if "role" in data else {"role": cls.model_fields["role"].default, **data}


class Doctor(_Role):
    """A doctor who sees patients."""

    role: str = "doctor"
    name: str = ""
    specialty: str = ""
    years_of_practice: int | None = Field(default=None, ge=0, le=70)
    manner: str = Field(default="", description="how you talk to patients")
    circumstances: str = ""


class Patient(_Role):
    """Somebody who sees a doctor."""

    role: str = "patient"
    name: str = ""
    age: int | None = Field(default=None, ge=0, le=120)
    complaint: str = ""
    history: str = Field(default="", title="medical history")
    worries: str = ""
    manner: str = Field(default="", description="how you talk to doctors")


class Customer(_Role):
    """Somebody who has bought something and needs help with it."""

    role: str = "customer"
    name: str = ""
    product: str = ""
    problem: str = ""
    wish: str = Field(default="", description="what would make you content")
    mood: str = ""


class SupportAgent(_Role):
    """Somebody who helps a company's customers."""

    role: str = "customer support agent"
    name: str = ""
    company: str = ""
    knowledge: str = Field(default="", description="what you can help with")
    rules: str = Field(default="", description="what you may and may not offer")
    manner: str = ""


class Teacher(_Role):
    """Somebody who explains something to students."""

    role: str = "teacher"
    name: str = ""
    subject: str = ""
    level: str = Field(default="", title="students' level")
    goal: str = Field(default="", description="what the student should know in the end")
    manner: str = ""


class Student(_Role):
    """Somebody who wants to understand something."""

    role: str = "student"
    name: str = ""
    age: int | None = Field(default=None, ge=0, le=120)
    subject: str = ""
    difficulty: str = Field(default="", description="what you do not understand")
    goal: str = ""
    manner: str = ""
