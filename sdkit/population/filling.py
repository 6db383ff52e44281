"""One persona out of a model: let it fill in what you leave open."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, RootModel, ValidationError, model_validator
from pydantic.fields import FieldInfo

from sdkit import prompts, provenance
from sdkit.dialog import without_docstring
from sdkit.errors import InputError, first_problem
from sdkit.llm import structured
from sdkit.llm.spec import chat_model
from sdkit.personas import BasePersona

if TYPE_CHECKING:
    from sdkit.llm.spec import ModelSpec
    from sdkit.llm.structured import Reply

P = TypeVar("P", bound=BasePersona)

_AT_MOST = 5  # entries of a list that says nothing of its length


def fill_persona(
    kind: type[P], kept: Mapping[str, Any] | None = None, *, model: ModelSpec = None, seed: int | None = None
) -> P:
    """Let a model fill in what is not given about somebody.

    Parameters
    ----------
    kind
        The class of the persona; it has to have fields.
    kept
        The fields that are given, which stay as they are.
    model
        Which model: see `sdkit.llm.chat_model`.
    seed
        The same seed gives the same persona, on the same model and machine; None for a new one each time.

    Returns
    -------
    BasePersona
        Valid in its class: the kept fields first, then the others. Its ``provenance`` says which model and seed.

    Raises
    ------
    InputError
        There is nothing to fill, or what is kept is not valid in itself.
    ReplyError
        The model gave nothing that is valid in the class, in three attempts.
    ModelError
        The model cannot be used.
    """
    task = _Task(kind, kept or {})
    return task.result(structured.request(task.messages, task.schema, model=chat_model(model), seed=seed))


async def afill_persona(
    kind: type[P], kept: Mapping[str, Any] | None = None, *, model: ModelSpec = None, seed: int | None = None
) -> P:
    """Do what `fill_persona` does, awaitable."""
    task = _Task(kind, kept or {})
    return task.result(await structured.arequest(task.messages, task.schema, model=chat_model(model), seed=seed))


class _Task(Generic[P]):
    """What to ask for, and what to make of the answer."""

    def __init__(self, kind: type[P], kept: Mapping[str, Any]) -> None:
        self.kind = checked_kind(kind)
        self.kept = checked_fields(kind, kept)
        self.missing = [name for name in kind.model_fields if name not in self.kept]
        if not self.missing:
            raise InputError(f"all fields of this {kind.__name__} are kept; leave one open for the model")
        self.schema = schema_of(kind, self.kept, self.missing)
        fields = kind.model_fields
        labels = [(name, label_of(fields[name], name)) for name in self.missing]
        known = kind.model_construct(_fields_set=set(self.kept), **self.kept).lines()
        self.messages = prompts.fill(kind.__name__, about_of(kind), known, labels)

    def result(self, reply: Reply) -> P:
        persona = self.kind.model_validate({**self.kept, **reply.value.root})
        persona._provenance = provenance.of(reply)
        return persona


def checked_kind(kind: type[P]) -> type[P]:
    """Return it, if it is a class of personas with fields.

    Raises
    ------
    InputError
        It is something else.
    """
    if not (isinstance(kind, type) and issubclass(kind, BasePersona)) or not kind.model_fields:
        raise InputError(f"{kind!r} is no class of personas with fields; give one, such as sdkit.personas.Patient")
    return kind


def checked_fields(kind: type[BasePersona], kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields that are given, with those that go without saying.

    Raises
    ------
    InputError
        The class has no such field, or one is not valid in itself.
    """
    fields = dict(kind._completed(kept))
    if unknown := [name for name in fields if name not in kind.model_fields]:
        raise InputError(f"{kind.__name__} has no field {unknown[0]}; it has {', '.join(kind.model_fields)}")
    for name, value in fields.items():
        try:
            kind.__pydantic_validator__.validate_assignment(kind.model_construct(), name, value)
        except ValidationError as error:
            if any(problem["loc"][:1] == (name,) for problem in error.errors()):
                raise InputError(f"what is kept is not valid: {first_problem(error)}") from error
    return fields


def label_of(field: FieldInfo, name: str) -> str:
    """Return what a model reads of a field that it is to fill in."""
    return " - ".join(filter(None, [field.title or name.replace("_", " "), field.description]))


def about_of(kind: type[BasePersona]) -> str:
    """Return the first line of what a class says of itself."""
    return (kind.__doc__ or "").strip().partition("\n")[0] if "__doc__" in vars(kind) else ""


def schema_of(
    kind: type[BasePersona],
    kept: Mapping[str, Any],
    missing: list[str],
    patterns: Mapping[str, str] | None = None,
) -> type[BaseModel]:
    """Return the class of a reply that fills in what is missing.

    Parameters
    ----------
    kind, kept, missing
        The class of the persona, the fields that are given, and the names of the others.
    patterns
        Regular expressions for text fields that their class leaves free, by name; others get a few words or one or two
        sentences.
    """

    class Filled(RootModel[dict[str, Any]]):
        model_config = ConfigDict(json_schema_extra=without_docstring)

        @model_validator(mode="after")
        def _valid_in_class(self) -> Any:
            if set(self.root) != set(missing):
                raise ValueError(f"gives {', '.join(self.root)} instead of {', '.join(missing)}")
            if blank := [name for name, value in self.root.items() if isinstance(value, str) and not value.strip()]:
                raise ValueError(f"leaves {blank[0]} blank")
            try:
                kind.model_validate({**kept, **self.root})
            except ValidationError as error:
                raise ValueError(first_problem(error)) from error
            return self

        @classmethod
        def model_json_schema(cls, *args: Any, **rest: Any) -> dict[str, Any]:
            whole = kind.model_json_schema(by_alias=False)
            # A class that holds others of its kind stands among the definitions.
            own = whole if "properties" in whole else whole["$defs"][kind.__name__]
            fields = {name: _plain(own["properties"][name]) for name in missing}
            for name in (patterns or {}).keys() & fields.keys():
                if fields[name] == {"type": "string", **_FREE}:
                    fields[name] = {"type": "string", "pattern": (patterns or {})[name]}
            schema = {"type": "object", "properties": fields, "required": missing, "additionalProperties": False}
            shared = {name: _plain(part, inside=True) for name, part in whole.get("$defs", {}).items()}
            return {"$defs": shared, **schema} if shared else schema

    return Filled


# A few words, or one or two sentences that end: without this, tiny models write on until they are cut. Straight quotes
# and backslashes: see `sdkit.dialog_output`.
_CHARACTER = '[^\\n"\\\\.!?。！？…(){}\\[\\]<>]'
_WORDS = f"[^ {_CHARACTER[2:]}{_CHARACTER}"
_FREE = {"pattern": f"^({_WORDS}{{0,40}}([.] {_WORDS}{{0,20}})?|{_WORDS}{{0,90}}[.]( {_WORDS}{{0,90}}[.])?)$"}
_FOR_PEOPLE = {"title", "default", "examples", "description"}


def _plain(part: Mapping[str, Any], inside: bool = False) -> dict[str, Any]:
    """Return a schema with bounds on what has none, and without what only people read.

    Somebody who lets a model fill in a field wants something there: so it is neither null nor an empty list. But what
    lies `inside` another model has no optional models in it: one that holds others of its kind would never end.
    """
    plain = {name: value for name, value in part.items() if name not in _FOR_PEOPLE}
    if choices := [one for one in plain.pop("anyOf", ()) if one != {"type": "null"}]:
        if inside and len(choices) < len(part["anyOf"]) and any("$ref" in json.dumps(one) for one in choices):
            return {"type": "null"}
        choices = [_plain(one, inside) for one in choices]
        plain |= choices[0] if len(choices) == 1 else {"anyOf": choices}
    if "properties" in plain:
        plain["properties"] = {name: _plain(value, inside) for name, value in plain["properties"].items()}
        plain |= {"required": list(plain["properties"]), "additionalProperties": False}
    if "items" in plain:
        most = 0 if inside and "$ref" in json.dumps(plain["items"]) else _AT_MOST
        plain = {"minItems": min(1, most), "maxItems": most} | plain | {"items": _plain(plain["items"], inside)}
    free = plain.get("type") == "string" and not plain.keys() & {"enum", "const", "pattern", "format", "maxLength"}
    return plain | _FREE if free else plain
