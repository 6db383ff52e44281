"""Values of an attribute that a model lists: asked for until they are enough and distinct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from sdkit.assistants import Assistant
from sdkit.dialog import without_docstring
from sdkit.embeddings import similarities
from sdkit.errors import ReplyError
from sdkit.llm import structured
from sdkit.llm.seeds import derive_seed
from sdkit.population import prompts
from sdkit.population.attributes import FromModel
from sdkit.population.likeness import is_latin, share_of_words

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from langchain_core.language_models import BaseChatModel

REQUESTS = 4
"""How often the model is asked for what is still missing."""
_AT_ONCE = 8  # values in one reply: in longer lists tiny models repeat themselves
_SAME_MEANING, _SAME_WORDS = 0.85, 0.7
_MOST = 100  # letters
_TEXT = f'^[^\\n"\\\\]{{3,{_MOST}}}$'
_LATIN = f"^[A-Za-zÀ-ɏ][ ',;%&/A-Za-z0-9À-ɏ’–€$-]{{2,{_MOST - 1}}}$"  # tiny models stray into other scripts


class _Listed(BaseModel):
    model_config = ConfigDict(json_schema_extra=without_docstring)

    values: list[str] = Field(min_length=1)


async def distinct_values(
    llm: BaseChatModel, embeddings: Embeddings, assistant: Assistant, *, name: str, rule: FromModel, seed: int
) -> list[str]:
    """Return values of an attribute in which the users of an assistant differ.

    Parameters
    ----------
    llm, embeddings
        Who lists them, and what tells which of them mean the same.
    assistant
        Whose users they are.
    name, rule
        The attribute, and what to ask for.
    seed
        From it the seeds of the requests are derived.

    Returns
    -------
    list of str
        As many as the rule says, or fewer if no more distinct ones came; at least two.

    Raises
    ------
    ReplyError
        No two distinct ones came.
    ModelError
        The model cannot be used.
    """
    latin = is_latin(f"{assistant.name} {assistant.description}")
    found: list[str] = []
    vectors: list[Any] = []
    seeds = [derive_seed(seed, "values", name, number) for number in range(REQUESTS)]
    for number in seeds:
        count = min(_AT_ONCE, max(2, rule.count - len(found)))
        about = (assistant.name, assistant.description)
        messages = prompts.distinct_values(about, name, rule.what, count, found)
        reply = await structured.arequest(messages, _schema(count, latin), model=llm, seed=number)
        listed = [" ".join(value.split()).rstrip(" .,;-") for value in reply.value.values]
        # At the limit, it was cut.
        listed = [value for value in listed if 2 < len(value) < _MOST - 1]
        for value, vector in zip(listed, await embeddings.aembed_documents(listed) if listed else [], strict=True):
            alike = any(share_of_words(value, other) >= _SAME_WORDS for other in found)
            if not alike and (not vectors or similarities([vector], vectors).max() < _SAME_MEANING):
                found.append(value)
                vectors.append(vector)
        if len(found) >= rule.count:
            return found[: rule.count]
    if len(found) < 2:
        problem = f"was no list of distinct values for {name!r}"
        raise ReplyError(problem, reply.raw, _schema(count, latin).model_json_schema(), seeds)
    return found


def _schema(count: int, latin: bool) -> type[BaseModel]:
    class Listed(_Listed):
        @classmethod
        def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
            item = {"type": "string", "pattern": _LATIN if latin else _TEXT}
            values = {"type": "array", "items": item, "minItems": count, "maxItems": count}
            fields = {"values": values}
            return {"type": "object", "properties": fields, "required": ["values"], "additionalProperties": False}

    return Listed
