"""What a reply has to look like: the schema that is sent, and the reading of what comes back.

Pydantic and jsonschema read the raw text themselves. LangChain's parsers would repair a reply that was cut.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, PydanticUserError, ValidationError

from sdkit.errors import InputError, first_problem
from sdkit.llm.wire import plain_schema

Schema = type[BaseModel] | Mapping[str, Any] | None
"""A pydantic class, a JSON schema, or None for free text."""


# Ollama's server does not survive it.
_LOOK_AROUND = re.compile(r'"pattern": "(?:[^"\\\\]|\\\\.)*(\(\?<?[=!])')


def check(schema: Schema) -> None:
    """Raise `InputError` if this is none of the forms of a schema that `ask` takes."""
    reader(schema)


def reader(schema: Schema) -> tuple[dict[str, Any] | None, Callable[[str], Any]]:
    """Return the JSON schema to send, and what turns a reply into a value or raises ValueError.

    Raises
    ------
    InputError
        The schema is none of the forms that `sdkit.llm.ask` takes.
    """
    if schema is None:
        return None, str
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        try:
            return _json_schema(schema), schema.model_validate_json
        except PydanticUserError as error:
            raise InputError(f"{schema.__name__} has no JSON schema: {error.message}") from error
    if not isinstance(schema, Mapping):
        raise InputError(f"a schema is a pydantic class, a JSON schema as a dict, or None; not {schema!r}")
    import jsonschema
    import referencing.exceptions

    wanted = dict(schema)
    kind = jsonschema.validators.validator_for(wanted, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(wanted)
    except jsonschema.SchemaError as error:
        raise InputError(f"this is not a JSON schema: {error.message}") from error
    if look := _LOOK_AROUND.search(json.dumps(wanted)):
        raise InputError(f"a pattern of this schema has {look[1]} in it: models' grammars know no look-around")

    def read(raw: str) -> Any:
        try:
            value = json.loads(raw)
            problem = jsonschema.exceptions.best_match(kind(wanted).iter_errors(value))
        except RecursionError:
            raise ValueError("is nested too deeply") from None
        except referencing.exceptions.Unresolvable as error:
            raise InputError(f"this JSON schema refers to {error.ref}, which is not in it") from error
        if problem:
            raise ValueError(f"does not fit the schema at {problem.json_path}: {problem.message}")
        return value

    return wanted, read


@lru_cache(maxsize=256)
def _json_schema(schema: type[BaseModel]) -> dict[str, Any]:
    return schema.model_json_schema()


def text(schema: Schema) -> str:
    """Return a schema as JSON, for hashing."""
    return _class_text(schema) if isinstance(schema, type) else _dumped(schema)


@lru_cache(maxsize=256)
def _class_text(schema: type[BaseModel]) -> str:
    return _dumped(_json_schema(schema))


def _dumped(schema: Any) -> str:
    return json.dumps(plain_schema(schema), sort_keys=True, ensure_ascii=False)


def complaint(error: ValueError, raw: str) -> str:
    """Say what is wrong with a reply that could not be read, as the end of a sentence."""
    if raw.lstrip().startswith("```"):
        return "was wrapped in a Markdown code fence instead of being JSON"
    if isinstance(error, ValidationError):
        if error.errors()[0]["type"] != "json_invalid":
            return f"does not fit the schema: {first_problem(error)}"
        return "was not JSON"
    return "was not JSON" if isinstance(error, json.JSONDecodeError) else str(error)
