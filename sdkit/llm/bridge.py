"""Any LangChain model behind Ollama's ``/api/chat``: so a lesson, which speaks that, can use a provider's model."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from sdkit.errors import InputError
from sdkit.llm import embedded, ollama, protocol, providers, wire

# Ollama's name of an option -> LangChain's.
_OPTIONS = {"temperature": "temperature", "top_p": "top_p", "num_predict": "max_tokens"}
# These say how Ollama's models sample, and to others nothing.
_OLLAMAS = {"num_ctx", "top_k", "repeat_penalty", "repeat_last_n", "keep_alive"}
_ROLES = {"system": "system", "user": "human", "assistant": "ai"}
_DONE = {"end_turn", "tool_use", "STOP"}  # what others say for Ollama's "stop"


def fits(model: str, path: str, address: Any) -> bool:
    """Tell whether a model can be asked by this protocol, at this address."""
    provider, _ = providers.split(model)
    if path == wire.ANTHROPIC:
        return "anthropic" in provider
    if provider or embedded.is_embedded(model):
        return path != wire.OLLAMA and bool(provider) and "anthropic" not in provider
    there = httpx.URL(ollama.url())  # Ollama speaks OpenAI's protocol, too
    return path.startswith("/api/") or (there.host, there.port) == (address.host, address.port)


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
    InputError
        Tools, or an option that means nothing to other providers.
    """

    def __init__(self, body: Mapping[str, Any], stop: threading.Event) -> None:
        from sdkit.llm import exchange, words
        from sdkit.llm.spec import TEMPERATURE, chat_model

        self._model, self._stop = str(body["model"]), stop
        options = dict(body.get("options") or {})
        seed, ends = options.pop("seed", None), options.pop("stop", None)
        if options.get("temperature") == TEMPERATURE:
            del options["temperature"]  # nobody asked for it, and some models take no temperature
        if unknown := set(options) - _OPTIONS.keys() - _OLLAMAS:
            raise InputError(f"{self._model} answers here, and has no option {', '.join(sorted(unknown))}")
        if body.get("tools"):
            raise InputError(f"{self._model} answers here through Ollama's protocol, and then has no tools")
        llm = chat_model(self._model, **{name: options[old] for old, name in _OPTIONS.items() if old in options})
        schema = body.get("format")
        messages = [(_ROLES.get(m["role"], m["role"]), m.get("content") or "") for m in body.get("messages", [])]
        asked = providers.asked(llm, schema if isinstance(schema, dict) else None, seed, messages)
        extra = {"stop": ends} if ends else {}
        with exchange.listening() as heard, words.told(llm, heard):
            # With a schema the answer is put into shape when it is whole.
            whole = [asked.model.invoke(asked.messages, **extra)] if schema else None
            pieces = iter(whole or asked.model.stream(asked.messages, **extra))
            first = next(pieces, None)
        self._lines = self._make(itertools.chain([first] if first is not None else [], pieces))

    def __iter__(self) -> Answer:
        """Return itself."""
        return self

    def __next__(self) -> bytes:
        """Return the next line."""
        return next(self._lines)

    def close(self) -> None:
        """Say nothing more."""
        self._stop.set()

    def _make(self, pieces: Iterator[Any]) -> Iterator[bytes]:
        reason, counts = None, {"input_tokens": 0, "output_tokens": 0}
        for piece in pieces:
            if self._stop.is_set():
                return
            text, why = providers.heard(piece)
            reason = why or reason
            for name in counts:
                counts[name] += (piece.usage_metadata or {}).get(name) or 0
            if text:
                yield protocol.line(self._model, text, done=False)
        yield protocol.line(
            self._model,
            "",
            done=True,
            done_reason="length" if reason in providers.CUT else "stop" if reason in _DONE else reason or "stop",
            prompt_eval_count=counts["input_tokens"],
            eval_count=counts["output_tokens"],
        )
