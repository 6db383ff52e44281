"""The models of other providers: which there are, and how each is held to a schema.

OpenAI enforces a part of JSON Schema (`strict_schema`), Anthropic is made to call a tool whose input is the schema, and
all others are told it in the prompt. Whatever a provider does not enforce is left to pydantic, which reads every reply.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from sdkit.errors import InputError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel, LanguageModelInput
    from langchain_core.messages import AIMessage
    from langchain_core.runnables import Runnable

_NAMES = """
anthropic anthropic_bedrock azure_ai azure_openai baseten bedrock bedrock_converse bedrock_mantle_anthropic
bedrock_mantle_openai cohere deepseek fireworks google_anthropic_vertex google_genai google_vertexai groq huggingface
ibm langsmith litellm meta mistralai nvidia ollama openai openrouter perplexity together upstage xai
"""
PROVIDERS = frozenset(_NAMES.split())
"""The providers of LangChain's `init_chat_model`: `provider:name` is no tag of Ollama's, though it looks like one."""

CUT = {"length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_context_window_exceeded"}
"""Why models stop when a reply is cut, in the words of each protocol."""

_ALWAYS_THINK = ("claude-fable-5-1", "claude-opus-5-5", "claude-sonnet-5-5")
_REPLY = "reply"  # the name of the schema, of the tool, and of the field around what is no object
_SHARED = ("$defs", "definitions")
_BOUNDS = ("min", "max", "exclusive", "multipleOf", "uniqueItems", "format")  # how their keywords begin
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def split(name: str) -> tuple[str, str]:
    """Return the provider that a model's name begins with, and its name there.

    The provider is "" for a model of Ollama's, with or without "ollama:", and for an embedded one.
    """
    provider, colon, model = name.partition(":")
    if not colon or provider not in PROVIDERS:
        return "", name
    return "" if provider == "ollama" else provider, model.strip()


def suggestion(name: str) -> str:
    """Return the `provider:name` that a name of no model was perhaps meant to be; "" if there is none."""
    provider, colon, model = name.partition(":")
    if not colon:
        makers = {"gpt-": "openai", "claude": "anthropic", "gemini": "google_genai"}
        return next((f"{maker}:{name}" for start, maker in makers.items() if name.lower().startswith(start)), "")
    alike = difflib.get_close_matches(provider.lower(), PROVIDERS, n=1, cutoff=0.8)
    return f"{alike[0]}:{model}" if alike and abs(len(alike[0]) - len(provider)) <= 1 else ""


@dataclass(frozen=True)
class Asked:
    """How a model is asked for a schema: what to invoke, and with which messages."""

    model: Runnable[LanguageModelInput, AIMessage]
    messages: list[tuple[str, str]]


def asked(
    llm: BaseChatModel, schema: Mapping[str, Any] | None, seed: int | None, messages: Sequence[tuple[str, str]]
) -> Asked:
    """Return how to ask this model for a reply that fits the schema; `heard` finds the reply in the answer.

    A model that cannot be held to the schema is told it, in front of the messages.
    """
    change: dict[str, Any] = {} if seed is None else seeded(llm, seed)
    said, bound, then = list(messages), {}, None
    if schema is not None and takes_format(llm):
        change["format"] = schema
    elif schema is not None:
        kinds = {kind.__name__ for kind in type(llm).__mro__}
        rooted, wrapped = _rooted(schema)
        strict = strict_schema(rooted)
        if kinds & {"ChatOpenAI", "AzureChatOpenAI"} and "extra_body" in type(llm).model_fields:
            form = {"name": _REPLY, "strict": strict is not None, "schema": strict or rooted}
            # In the body, not as the client's argument of that name: with that, a reply that was cut raises an error.
            body: dict[str, Any] = {"response_format": {"type": "json_schema", "json_schema": form}}
            if getattr(llm, "use_responses_api", False):
                body = {"text": {"format": {"type": "json_schema", **form}}}
            change["extra_body"] = {**(getattr(llm, "extra_body", None) or {}), **body}
            then = _restoring(rooted if strict else None, wrapped)
        elif "ChatAnthropic" in kinds and not _thinks(llm):
            tool = {"name": _REPLY, "description": "Takes the whole answer.", "input_schema": rooted}
            choice = {"type": "tool", "name": _REPLY, "disable_parallel_tool_use": True}
            bound, then = {"tools": [tool], "tool_choice": choice}, _restoring(None, wrapped)
        elif "ChatAnthropic" in kinds and strict:
            bound = {"output_config": {"format": {"type": "json_schema", "schema": strict}}}
            then = _restoring(rooted, wrapped)
        else:
            told = "Answer with one JSON object and nothing else. It has to fit this JSON schema:\n"
            said.insert(0, ("system", told + json.dumps(schema, ensure_ascii=False)))
    # A copy for each seed: `bind(seed=...)` does not reach Ollama's options, and a model may be shared by threads.
    model: Any = llm.model_copy(update=change) if change else llm
    model = model.bind(**bound) if bound else model
    return Asked(model | then if then else model, said)


def described(llm: BaseChatModel) -> BaseChatModel:
    """Return the model, which LangChain has described for its tracers, by its repr: a copy of it finds that done."""
    getattr(llm, "_serialized", None)
    return llm


def heard(message: AIMessage) -> tuple[str, str | None]:
    """Return the text of a reply and why the model stopped; "refusal" if it declined to answer."""
    about = message.response_metadata
    reason = about.get("done_reason") or about.get("finish_reason") or about.get("stop_reason")
    reason = reason or (about.get("incomplete_details") or {}).get("reason")
    text, refusal = str(message.text), message.additional_kwargs.get("refusal")
    for block in message.content if isinstance(message.content, list) else ():
        if isinstance(block, dict) and block.get("type") == "tool_use" and block.get("name") == _REPLY:
            text = block.get("partial_json") or json.dumps(block["input"], ensure_ascii=False)
        if isinstance(block, dict) and block.get("type") == "refusal":
            refusal = block["refusal"]
    return (str(refusal), "refusal") if refusal else (text, reason)


def takes_format(llm: BaseChatModel) -> bool:
    """Tell whether the model is Ollama's, or the embedded one, which enforce a schema given as `format`."""
    return "format" in type(llm).model_fields


def seeded(llm: BaseChatModel, seed: int) -> dict[str, Any]:
    """Return what to change in a model for this seed: nothing if it takes none."""
    if getattr(llm, "use_responses_api", False):  # OpenAI's newer protocol has no seeds, and refuses them
        return {"seed": None}
    if "Google" in type(llm).__name__:
        seed &= 0x7FFFFFFF  # Google's seeds have 31 bits
    return {name: seed for name in ("seed", "random_seed") if name in type(llm).model_fields}


def _thinks(llm: Any) -> bool:
    """Tell whether a model of Anthropic's thinks before it answers: then it cannot be forced to call a tool."""
    asked_to = (getattr(llm, "thinking", None) or {}).get("type")
    return asked_to in {"enabled", "adaptive"} or llm.model.startswith(_ALWAYS_THINK)


def _restoring(loosened: Mapping[str, Any] | None, wrapped: bool) -> Runnable[AIMessage, AIMessage]:
    """Return what turns an answer into one whose text fits the schema that was asked for."""
    from langchain_core.runnables import RunnableLambda

    def restored(message: AIMessage) -> AIMessage:
        text, reason = heard(message)
        try:
            sent = value = json.loads(text)
            value = without_nulls(value, loosened) if loosened else value
            value = value[_REPLY] if wrapped and isinstance(value, dict) and list(value) == [_REPLY] else value
            text = text if value == sent else json.dumps(value, ensure_ascii=False)
        except (ValueError, RecursionError):
            pass  # whoever reads the text will say what is wrong with it
        about = message.response_metadata | {"finish_reason": reason}
        return message.model_copy(update={"content": text, "tool_calls": [], "response_metadata": about})

    return RunnableLambda(restored)


def _at(schema: Mapping[str, Any], ref: str) -> Any:
    """Return what a reference such as "#/$defs/turn0" points to."""
    try:
        names = [name.replace("~1", "/").replace("~0", "~") for name in ref.split("/")[1:]]
        return reduce(lambda part, name: part[name], names, schema)
    except (KeyError, TypeError):
        raise InputError(f"this JSON schema refers to {ref}, which is not in it") from None


def _rooted(schema: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the schema with an object at its root, and whether that had to be put around it."""
    root = dict(schema)
    for _ in range(8):  # a reference to a reference, but none in a circle
        root = dict(_at(schema, root["$ref"])) if str(root.get("$ref", "")).startswith("#/") else root
    shared = {key: schema[key] for key in _SHARED if key in schema}
    root = {key: value for key, value in root.items() if key not in shared}
    kind = root.get("type", "object" if "properties" in root else None)
    if kind == "object" and not root.keys() & {"anyOf", "oneOf", "allOf"}:
        return {**root, "type": "object", **shared}, False
    around = {"type": "object", "properties": {_REPLY: root}, "required": [_REPLY], "additionalProperties": False}
    return {**around, **shared}, True


class _TooOpenError(LookupError):
    """A strict schema names every field of every object; this one cannot."""


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the schema in the part of JSON Schema that providers enforce, or None if it cannot be said in it.

    Bounds become words in the description, a tuple a list of any of its members, and an optional field one that may be
    null; `without_nulls` takes that back.
    """
    try:
        strict = _strict(schema, schema)
        shared = {key: {name: _strict(part, schema) for name, part in schema.get(key, {}).items()} for key in _SHARED}
    except LookupError:
        return None
    return strict | {key: parts for key, parts in shared.items() if parts}


def _strict(part: Any, whole: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(part, Mapping) or len(part.get("allOf", ())) > 1:
        raise _TooOpenError
    part = {**part, **(part["allOf"][0] if "allOf" in part else {})}
    about = {"description": part["description"]} if "description" in part else {}
    if ref := part.get("$ref"):
        if ref != "#" and not ref.startswith(("#/$defs/", "#/definitions/")):
            raise _TooOpenError
        return {"$ref": ref}
    if choices := part.get("anyOf") or part.get("oneOf"):
        return _any_of(choices, whole, about)
    if values := [part["const"]] if "const" in part else part.get("enum"):
        kinds = list(dict.fromkeys(_TYPES[type(value)] for value in values))
        return {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": list(values), **about}
    kind = part.get("type") or ("object" if "properties" in part else "array" if "items" in part else None)
    strict: dict[str, Any] = {"type": kind}
    kinds = [kind] if isinstance(kind, str) else kind or []
    if not kinds:
        raise _TooOpenError
    if "object" in kinds:
        fields, required = part.get("properties"), part.get("required", [])
        if fields is None or part.get("additionalProperties") or set(required) - set(fields):
            raise _TooOpenError
        strict["properties"] = {
            name: _strict(field, whole) if name in required else _any_of([field, {"type": "null"}], whole)
            for name, field in fields.items()
        }
        strict |= {"required": list(fields), "additionalProperties": False}
    if "array" in kinds:
        members = [_at(whole, each["$ref"]) if "$ref" in each else each for each in part.get("prefixItems", ())]
        strict["items"] = _any_of([*members, *([part["items"]] if part.get("items") else ())], whole)
    bounds = [f"{name}: {part[name]}" for name in part if name.startswith(_BOUNDS)]
    if bounds and "prefixItems" not in part:
        about = {"description": " ".join([*about.values(), f"({', '.join(bounds)})"])}
    return strict | about


def _any_of(parts: Sequence[Any], whole: Mapping[str, Any], about: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the schema of what fits one of these, said without repetition."""
    members: list[dict[str, Any]] = []
    about = dict(about or {})
    for part in parts:
        strict = _strict(part, whole)
        members += [member for member in strict.get("anyOf", [strict]) if member not in members]
        about = (
            {"description": strict["description"]} if "description" in strict and "anyOf" in strict else {}
        ) | about
    members = _joined(members)
    if len(members) == 1:  # beside a reference, nothing may stand
        return members[0] if "$ref" in members[0] else members[0] | about
    return {"anyOf": members, **about}


def _joined(members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join objects that differ in the values of one field: OpenAI wants to tell objects apart by their first field."""
    if not members:
        raise _TooOpenError
    first, *others = [member.get("properties", {}) for member in members]
    differ = [name for name in first if any(other.get(name) != first[name] for other in others)]
    if len(differ) != 1 or any(list(other) != list(first) for other in others):
        return members
    values = [member["properties"][differ[0]] for member in members]
    if any("enum" not in value or value["type"] != values[0]["type"] for value in values):
        return members
    enum = list(dict.fromkeys(one for value in values for one in value["enum"]))
    return [{**members[0], "properties": {**first, differ[0]: {**values[0], "enum": enum}}}]


def without_nulls(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return a reply without the nulls that stand for optional fields, where the schema itself has no null."""
    import jsonschema

    whole = jsonschema.Draft202012Validator(schema)

    def cleaned(value: Any, part: Any) -> Any:
        while isinstance(part, Mapping) and ("$ref" in part or "allOf" in part):
            part = _at(schema, part["$ref"]) if "$ref" in part else part["allOf"][0]
        if not isinstance(part, Mapping):
            return value
        for choice in part.get("anyOf") or part.get("oneOf") or ():
            if whole.evolve(schema=choice).is_valid(candidate := cleaned(value, choice)):
                return candidate
        if isinstance(value, list):
            members = part.get("prefixItems", [])
            rest = [part.get("items")] * (len(value) - len(members))
            return [cleaned(item, member) for item, member in zip(value, [*members, *rest], strict=False)]
        if isinstance(value, dict):
            fields = part.get("properties", {})
            optional = fields.keys() - set(part.get("required", ()))
            added = {name for name in optional if not whole.evolve(schema=fields[name]).is_valid(None)}
            kept = {name: item for name, item in value.items() if item is not None or name not in added}
            return {name: cleaned(item, fields.get(name)) for name, item in kept.items()}
        return value

    return cleaned(value, schema)
