"""Any LangChain model behind Ollama's ``/api/chat``: so a lesson, which speaks that, can use a provider's model."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

# Ollama's name of an option -> LangChain's.
_OPTIONS = {"temperature": "temperature", "top_p": "top_p", "num_predict": "max_tokens"}
_ROLES = {"system": "system", "user": "human", "assistant": "ai"}


def reaches(model: str) -> bool:
    """Tell whether a model's name means a provider other than Ollama."""
    from sdkit.llm import providers

    return ":" in model and model.partition(":")[0] in providers.PROVIDERS


def bare(model: str) -> str:
    """Return the name that a model has at its provider."""
    return model.partition(":")[2] if reaches(model) else model


class Answer:
    """The answer to one ``/api/chat`` request by a provider's model: an iterator over lines of JSON.

    Parameters
    ----------
    body
        The body of the request, with the name of the model as `sdkit.llm.chat_model` takes it.
    stop
        Set it to end the answer early.

    Raises
    ------
    ModelError
        The model cannot be used.
    """

    def __init__(self, body: Mapping[str, Any], stop: threading.Event) -> None:
        from sdkit.llm import providers
        from sdkit.llm.spec import TEMPERATURE, chat_model

        options = dict(body.get("options") or {})
        self._model = str(body["model"])
        self._stop = stop
        if options.get("temperature") == TEMPERATURE:
            del options["temperature"]  # nobody asked for it, and some models take no temperature
        llm = chat_model(self._model, **{name: options[old] for old, name in _OPTIONS.items() if old in options})
        schema = body.get("format")
        messages = [(_ROLES.get(m["role"], m["role"]), m.get("content") or "") for m in body.get("messages", [])]
        asked = providers.asked(llm, schema if isinstance(schema, dict) else None, options.get("seed"), messages)
        self._message = asked.model.invoke(asked.messages)
        self._text, self._reason = providers.heard(self._message)
        self._lines = self._make()

    def __iter__(self) -> Answer:
        """Return itself."""
        return self

    def __next__(self) -> bytes:
        """Return the next line."""
        return next(self._lines)

    def close(self) -> None:
        """Say nothing more."""
        self._stop.set()

    def _make(self) -> Iterator[bytes]:
        usage: Mapping[str, Any] = self._message.usage_metadata or {}
        line = {
            "model": self._model,
            "message": {"role": "assistant", "content": self._text},
            "done": True,
            "done_reason": self._reason or "stop",
            "prompt_eval_count": usage.get("input_tokens", 0),
            "eval_count": usage.get("output_tokens", 0),
        }
        yield json.dumps(line).encode() + b"\n"
