"""llama.cpp inside this process.

The settings here are not taste: with others the same seed gives another answer, memory grows, or the notebook fills
with a log. One request runs at a time, nothing is kept between requests but in the slots of a role-play
(`sdkit.llm.slots`), and generation happens on a worker thread with a stop flag, so that an interrupt reaches Python at
once.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import threading
import weakref
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from sdkit.errors import (
    MissingPackageError,
    ModelError,
    PromptTooLongError,
    UnknownModelError,
    WeightsError,
)
from sdkit.llm import slots as slots_
from sdkit.llm import weights

PREFIX = "embedded"
DEFAULT_CONTEXT = 4096
"""Tokens that prompt and answer may have together, unless `num_ctx` says otherwise."""

SAMPLING = {"temperature": 0.8, "repeat_penalty": 1.15, "repeat_last_n": 64}
"""What holds unless a request says otherwise: without a repeat penalty, tiny ones go round in circles; one that looks
further back makes them invent a new speaker for each turn."""

_COMPACT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
_WAIT = 0.1  # seconds; Windows delivers Ctrl-C only between waits


class Runtime:
    """One model in memory.

    Parameters
    ----------
    path
        The GGUF file.
    name
        What to call it in replies.
    context
        Tokens that prompt and answer may have together.
    slots
        How many prompts are kept evaluated, each with a context of its own; with one, none is.
    """

    def __init__(self, path: Path, name: str, context: int, slots: int = 1) -> None:
        try:
            import xllamacpp
        except ImportError as error:
            raise MissingPackageError("xllamacpp", "run a language model inside Python") from error
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.model_alias = {name}  # otherwise replies carry the absolute path of the weights
        parameters.n_ctx = context * slots
        parameters.n_parallel = slots
        parameters.n_batch = 256  # progress, and with it a chance to stop, comes once a batch
        parameters.cpuparams.n_threads = _threads()
        parameters.cache_ram_mib = 0  # 8 GiB by default, which grows and makes answers depend on earlier ones
        parameters.verbosity = 0  # a log on stderr would land in the notebook's cell
        parameters.port = 0
        try:
            self._server = xllamacpp.Server(parameters)
        except RuntimeError as error:
            raise WeightsError(
                f"llama.cpp cannot load {path} with num_ctx={context}: the file is cut or of a kind it does not know, "
                "or the memory is too small"
            ) from error
        self._grammar = xllamacpp.json_schema_to_grammar
        # One request at a time: llama.cpp would mix several into one batch, and the seed would lose its meaning.
        self._busy = threading.Lock()
        self._holders: dict[int, slots_.Hold] = {}
        self.name = name

    def chunks(
        self, request: dict[str, Any], stop: threading.Event, held: tuple[slots_.Hold, int] | None = None
    ) -> Chunks:
        """Start to answer a chat completion request in llama.cpp's form; setting `stop` ends the work.

        `held` says which slot keeps the prompt evaluated, and for whom.
        """
        return Chunks(request, partial(self._run, held), stop)

    def grammar(self, schema: Mapping[str, Any]) -> str:
        """Return the grammar that holds the model to a JSON schema, written without needless white space.

        llguidance knows prefixItems, and spends a third fewer tokens than llama.cpp's own response_format.
        """
        return str(self._grammar(json.dumps({**schema, "x-guidance": _COMPACT})))

    def _run(
        self, held: tuple[slots_.Hold, int] | None, request: dict[str, Any], put: Any, stop: threading.Event
    ) -> None:
        def heard(chunk: Any) -> bool:
            put(chunk)
            return stop.is_set()

        with self._busy:
            if not stop.is_set():
                if held is not None:
                    holder, index = held
                    # What another conversation left in the slot must not change the answer.
                    same = self._holders.get(index) is holder
                    request = {**request, "id_slot": index, "cache_prompt": same}
                    self._holders[index] = holder
                self._server.handle_chat_completions(request, heard)


class Chunks:
    """The chunks of one answer, made on a worker thread; `close` stops the work.

    Iterating waits for the next chunk; an interrupt gets through at any time.
    """

    def __init__(self, request: dict[str, Any], run: Any, stop: threading.Event) -> None:
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stop = stop
        self._thread = threading.Thread(target=self._work, args=(request, run), name="sdkit-embedded", daemon=True)
        self._thread.start()
        _working.add(self)

    def _work(self, request: dict[str, Any], run: Any) -> None:
        try:
            run(request, self._queue.put, self._stop)
            self._queue.put(None)
        except Exception as error:  # noqa: BLE001 - it is raised again, on the thread that waits for the answer
            self._queue.put(error)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield llama.cpp's chunks."""
        while (chunk := self._next()) is not None:
            if isinstance(chunk, Exception):
                raise ModelError(f"the embedded model failed: {chunk}") from chunk
            if "error" in chunk:
                raise _refusal(chunk["error"])
            yield chunk

    def _next(self) -> Any:
        try:
            while True:
                try:
                    return self._queue.get(timeout=_WAIT)
                except queue.Empty:
                    continue
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let the worker stop at its next token."""
        self._stop.set()

    def wait(self, seconds: float) -> None:
        """Wait until the worker has ended."""
        self._thread.join(seconds)


_working: weakref.WeakSet[Chunks] = weakref.WeakSet()


@atexit.register
def _end_workers() -> None:
    """Stop what is still being written: Python would end those threads inside C++, and with them the process."""
    working = list(_working)
    for chunks in working:
        chunks.close()
    for chunks in working:
        chunks.wait(seconds=10)


def _refusal(error: Mapping[str, Any]) -> Exception:
    if error.get("type") == "exceed_context_size_error":
        return PromptTooLongError(
            f"the prompt has {error.get('n_prompt_tokens')} tokens and the model's context holds {error.get('n_ctx')}; "
            "shorten it, or ask for more with num_ctx="
        )
    return ModelError(f"the embedded model refused: {error.get('message', error)}")


_loaded: dict[tuple[str, int, int], Runtime] = {}
_loading = threading.Lock()


def load(model: str = PREFIX, context: int = DEFAULT_CONTEXT, slots: int = 1) -> Runtime:
    """Return the runtime of an ``embedded[:name]`` model; it is loaded once and kept.

    One with several slots is another runtime than the one for single requests; both read the same weights.

    Raises
    ------
    UnknownModelError
        There is no such model.
    WeightsError
        Its file is missing or not what it should be.
    MissingPackageError
        xllamacpp is not installed.
    """
    entry = weights_of(model)
    key = (str(entry.path), context, slots)
    with _loading:
        if key not in _loaded:
            # Two models at most, and each with one context: whoever still talks to another one keeps it until the end.
            paths = list(dict.fromkeys(path for path, _, _ in _loaded if path != key[0]))
            for other in list(_loaded):
                if other[0] in paths[:-1] or (other[0] == key[0] and (other[1] != context or other[2] == slots)):
                    del _loaded[other]
            _loaded[key] = Runtime(weights.verified(entry), entry.name, context, slots)
        return _loaded[key]


def weights_of(model: str) -> weights.Weights:
    """Return the weights that an ``embedded[:name]`` model, which chats, means.

    Raises
    ------
    UnknownModelError
        There is no such model, or it only makes embeddings.
    """
    entry = weights.find(model.removeprefix(PREFIX).removeprefix(":"))
    if entry.embeds:
        raise UnknownModelError(f"{entry.name} makes embeddings, for sdkit.embeddings, and cannot chat")
    return entry


def loaded() -> set[Path]:
    """Return the files of the models that are loaded."""
    return {Path(path) for path, *_ in list(_loaded)}


def unload() -> None:
    """Forget every loaded model; its memory is freed when nobody uses it any more."""
    with _loading:
        _loaded.clear()


def is_embedded(model: object) -> bool:
    """Tell whether a model's name means this runtime."""
    return isinstance(model, str) and (model == PREFIX or model.startswith(PREFIX + ":"))


def _threads() -> int:
    # One core is left to the others: llama.cpp's threads wait for each other by spinning, and when JupyterLab or a
    # second notebook takes a core away from one of them, all slow down (measured on two busy cores: two threads 1 to 8
    # tokens a second, one thread 73 to 92).
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(8, cores - 1))
