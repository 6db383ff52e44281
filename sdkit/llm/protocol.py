"""Ollama's ``/api/chat``, as the embedded model speaks it: so ChatOllama, and whoever knows Ollama, can talk to it."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sdkit.errors import InputError
from sdkit.llm import embedded, slots

# Ollama's name of an option -> llama.cpp's.
_OPTIONS = {
    "num_predict": "max_tokens",
    **{name: name for name in ("seed", "temperature", "top_k", "top_p", "repeat_penalty", "repeat_last_n", "stop")},
}


class Answer:
    """The answer to one ``/api/chat`` request: an iterator over lines of JSON, as Ollama streams them.

    The last line has ``done``, ``done_reason`` and the token counts. `close` stops the work.

    Parameters
    ----------
    body
        The body of the request. The first chunk is waited for here, so that what cannot be answered is raised here and
        not in mid-stream.
    stop
        Set it to stop the work from another thread, also while the first chunk is waited for.

    Raises
    ------
    UnknownModelError, WeightsError, MissingPackageError
        The model cannot be loaded.
    InputError
        An option, a format or a tool that the runtime does not have.
    PromptTooLongError
        The messages have more tokens than the context.
    """

    def __init__(self, body: Mapping[str, Any], stop: threading.Event | None = None) -> None:
        self._model = str(body["model"])
        self._started = time.perf_counter_ns()
        context = int((body.get("options") or {}).get("num_ctx") or embedded.DEFAULT_CONTEXT)
        if context < 1:
            raise InputError(f"num_ctx={context} will not do: prompt and answer need some tokens")
        held = slots.usable()
        runtime = embedded.load(self._model, context, slots.COUNT if held else 1)
        # A stop word may end a reply anywhere: then it does not tell whether the schema was heeded.
        self._held = bool(body.get("format")) and not (body.get("options") or {}).get("stop")
        chunks_of_answer = runtime.chunks(_request(body, runtime), stop or threading.Event(), held)
        self.close = chunks_of_answer.close
        self._usage: dict[str, Any] = {}
        chunks = iter(chunks_of_answer)
        first = next((chunk for chunk in chunks if "prompt_progress" not in chunk), None)
        self._lines = self._make(itertools.chain([first] if first else [], chunks))

    def __iter__(self) -> Answer:
        """Return itself."""
        return self

    def __next__(self) -> bytes:
        """Return the next line."""
        return next(self._lines)

    def cached(self) -> int:
        """Return how many tokens of the prompt were evaluated before, as far as is known by now."""
        return int((self._usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0))

    def _make(self, chunks: Iterable[dict[str, Any]]) -> Iterator[bytes]:
        reason = "stop"
        usage: dict[str, Any] = {}
        texts: list[str] = []
        for chunk in chunks:
            self._usage = usage = chunk.get("usage", usage)
            for choice in chunk["choices"]:
                reason = choice["finish_reason"] or reason
                if text := choice["delta"].get("content"):
                    texts.append(text)
                    yield line(self._model, text, done=False)
        if self._held and reason == "stop":
            _check_was_held("".join(texts))
        yield line(
            self._model,
            "",
            done=True,
            done_reason=reason,
            total_duration=time.perf_counter_ns() - self._started,
            prompt_eval_count=usage.get("prompt_tokens", 0),
            eval_count=usage.get("completion_tokens", 0),
        )


def line(model: str, content: str, **rest: Any) -> bytes:
    """Return a line of an answer, as Ollama writes it."""
    about = {
        "model": model,
        "created_at": datetime.now(UTC).isoformat(),
        "message": {"role": "assistant", "content": content},
        **rest,
    }
    return json.dumps(about).encode() + b"\n"


def _request(body: Mapping[str, Any], runtime: embedded.Runtime) -> dict[str, Any]:
    """Return the request in llama.cpp's form."""
    if body.get("tools"):
        raise InputError(f"the embedded model {runtime.name} cannot call tools")
    request: dict[str, Any] = {
        "messages": [{"role": m["role"], "content": m.get("content") or ""} for m in body.get("messages", [])],
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,
        "cache_prompt": False,  # what was asked before must not change the answer
    }
    for name, value in {**embedded.SAMPLING, **(body.get("options") or {})}.items():
        if name == "num_ctx" or value is None:
            continue
        if name not in _OPTIONS:
            known = ", ".join(sorted([*_OPTIONS, "num_ctx"]))
            raise InputError(f"the embedded model has no option {name!r}; it has {known}")
        request[_OPTIONS[name]] = value
    schema = body.get("format")
    if isinstance(schema, Mapping):
        request["grammar"] = runtime.grammar(schema)
    elif schema == "json":
        request["response_format"] = {"type": "json_object"}
    elif schema:
        raise InputError(f"format={schema!r} is neither a JSON schema nor 'json'")
    return request


def _check_was_held(text: str) -> None:
    """Raise if the model was not held to its schema: llama.cpp says nothing when it cannot use one."""
    try:
        json.loads(text)
    except ValueError:
        raise InputError(
            "llama.cpp cannot use this JSON schema, and the model wrote freely. Look for a $ref that leads nowhere, "
            "an unknown type, or a pattern that is no regular expression"
        ) from None
