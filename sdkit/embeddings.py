"""Embeddings: texts as vectors, near each other where the texts mean the like, behind LangChain's `Embeddings`.

`embedder` says which model makes them. The one that is always there, all-MiniLM-L6-v2 (`sdkit.minilm`), runs in this
process. A lesson's embeddings are recorded, a text at a time and in half precision, in the file of its answers.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from langchain_core.embeddings import Embeddings

from sdkit import minilm
from sdkit.errors import InputError, MissingPackageError, ModelError, UnknownModelError
from sdkit.llm import embedded, ollama, playback, providers, retries, transport, weights, wire, words
from sdkit.llm.spec import made, of_langchain

if TYPE_CHECKING:
    from numpy import floating
    from numpy.typing import NDArray

_SENTENCE_TRANSFORMERS = "sentence-transformers"
_AT_ONCE = 64  # texts in one request: what takes a minute without a word looks like a server that is stuck


def embedder(spec: str | Embeddings | None = None) -> Embeddings:
    """Return a LangChain model that makes embeddings.

    Parameters
    ----------
    spec
        "embedded" or "embedded:all-minilm-l6-v2" runs inside this process; "nomic-embed-text" or any other bare name is
        Ollama's; "sentence-transformers:NAME" is that package's, "openai:text-embedding-3-small" or any other
        "provider:name" of LangChain's `init_embeddings` that provider's; what `sdkit.teaching.lesson` returns means the
        embeddings that the lesson has recorded; a LangChain model is taken as it is. None means $SDKIT_EMBEDDINGS, else
        the embedded one.

    Raises
    ------
    InputError
        It is none of these, or the lesson is not open.
    UnknownModelError
        There is no such embedded model, or it only chats.
    WeightsError
        The embedded model's files are not on this machine.
    MissingPackageError
        The package that it needs is not installed.
    ModelUnavailableError
        The provider's key is not set.
    """
    if isinstance(spec, Embeddings):
        return spec
    if spec is not None and not isinstance(spec, str):
        raise InputError(f"{spec!r} is neither the name of a model nor a LangChain model that makes embeddings")
    name = os.environ.get("SDKIT_EMBEDDINGS", "").strip() or embedded.PREFIX if spec is None else spec.strip()
    if not name:
        raise InputError("the name of the model is empty; leave it out to use the default")
    transport.install()
    if lesson := playback.lesson_of(name):
        return LessonEmbeddings(lesson)
    if embedded.is_embedded(name):
        return MiniLMEmbeddings(name)
    provider, model = providers.split(name)
    if name.startswith(f"{_SENTENCE_TRANSFORMERS}:"):
        provider, model = _SENTENCE_TRANSFORMERS, name.partition(":")[2].strip()
    if not model:
        raise InputError(f"{spec!r} names a provider and no model; write {provider or 'ollama'}:name")
    if provider == _SENTENCE_TRANSFORMERS:
        return SentenceTransformersEmbeddings(model)
    if provider:
        return ServedEmbeddings(name, _of_provider(provider, model))
    return ServedEmbeddings(model, _of_ollama(model))


def similarities(a: Sequence[Sequence[float]], b: Sequence[Sequence[float]] | None = None) -> NDArray[floating[Any]]:
    """Return how near vectors are to each other.

    Parameters
    ----------
    a, b
        Vectors, such as those of ``embed_documents``; without `b`, those of `a` are compared with each other.

    Returns
    -------
    numpy.ndarray
        The cosines, from -1 to 1, of shape (len(a), len(b)); 0 for a vector without a length.

    Raises
    ------
    InputError
        The vectors are not all of one length: they come from different models.
    """
    one = _directions(a)
    two = one if b is None else _directions(b)
    if one.size and two.size and one.shape[1] != two.shape[1]:
        raise InputError(
            f"vectors of {one.shape[1]} numbers cannot be compared with vectors of {two.shape[1]}: they come from "
            "different models"
        )
    if not (one.size and two.size):
        return one[:, :0] @ two[:, :0].T
    cosines: NDArray[floating[Any]] = (one @ two.T).clip(-1, 1)
    return cosines


def _directions(vectors: Sequence[Sequence[float]]) -> NDArray[floating[Any]]:
    """Return vectors as the rows of a matrix, each of length 1."""
    try:
        import numpy as np
    except ImportError as error:
        raise MissingPackageError("numpy", "compare embeddings") from error
    try:
        rows = np.asarray(vectors, dtype=float)
    except ValueError as error:
        raise InputError("the vectors have different lengths, or are no numbers") from error
    if not rows.size:
        return np.empty((len(rows), 0))
    if rows.ndim != 2:
        raise InputError(f"vectors were expected as a list of lists of numbers, and these have {rows.ndim} dimensions")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    directions: NDArray[floating[Any]] = rows / np.where(lengths > 0, lengths, 1)
    return directions


class _Embeddings(Embeddings):
    """What ours have in common; the async twins of the base class run them in a thread.

    Attributes
    ----------
    model : str
        What `embedder` was asked for, in full.
    """

    model: str

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of a text: the same one as in a list."""
        return self.embed_documents([text])[0]


class MiniLMEmbeddings(_Embeddings):
    """all-MiniLM-L6-v2 in this process: 384 numbers of length 1, for the first 256 tokens of an English text.

    The same text has the same vector, whatever it is asked together with. It is loaded once for all.
    """

    def __init__(self, name: str = embedded.PREFIX) -> None:
        entry = weights.find(name.removeprefix(embedded.PREFIX).removeprefix(":") or weights.EMBEDDER)
        if not entry.embeds:
            raise UnknownModelError(f"{entry.name} chats, and makes no embeddings; {weights.EMBEDDER} does")
        weights.verified(entry)
        self.model = f"{embedded.PREFIX}:{entry.name}"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vector of each text."""
        return list(minilm.vectors(_checked(texts)))


class SentenceTransformersEmbeddings(_Embeddings):
    """A model of the sentence-transformers package, by its name on Hugging Face or the path of its folder."""

    def __init__(self, name: str) -> None:
        self.model = f"{_SENTENCE_TRANSFORMERS}:{name}"
        try:
            kind = importlib.import_module("sentence_transformers").SentenceTransformer
        except ImportError as error:
            raise MissingPackageError("sentence_transformers", f"use {self.model}", _SENTENCE_TRANSFORMERS) from error
        self._model: Any = made(partial(kind, name), self.model, {})
        self._busy = threading.Lock()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vector of each text, of length 1."""
        with self._busy:
            vectors = self._model.encode(_checked(texts), normalize_embeddings=True, show_progress_bar=False)
        return [[float(number) for number in vector] for vector in vectors]


class ServedEmbeddings(_Embeddings):
    """A model on a server, through LangChain's class for it; what goes wrong is told in plain words.

    Parameters
    ----------
    name
        What `embedder` was asked for.
    llm
        LangChain's model.
    """

    def __init__(self, name: str, llm: Embeddings) -> None:
        self.model, self.llm = name, llm

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vector of each text."""
        vectors: list[list[float]] = []
        for some in _portions(_checked(texts)):
            with transport.listening() as heard, words.told(self.llm, heard):
                vectors += self._all_of(some, self.llm.embed_documents(some))
        return vectors

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vector of each text."""
        vectors: list[list[float]] = []
        for some in _portions(_checked(texts)):
            with transport.listening() as heard, words.told(self.llm, heard):
                vectors += self._all_of(some, await self.llm.aembed_documents(some))
        return vectors

    async def aembed_query(self, text: str) -> list[float]:
        """Return the vector of a text."""
        return (await self.aembed_documents([text]))[0]

    def _all_of(self, texts: list[str], vectors: Sequence[Sequence[float]]) -> list[list[float]]:
        if len(vectors) != len(texts):
            raise ModelError(f"{self.model} was given {len(texts)} texts, and made {len(vectors)} embeddings")
        return [list(vector) for vector in vectors]


class LessonEmbeddings(_Embeddings):
    """A lesson's embeddings: those that are recorded and, as $SDKIT_LLM allows, those of a live model.

    What is not recorded is left to the model that made the recorded ones, since vectors of different models cannot be
    compared; where nothing is recorded, to the default one. All are rounded to half precision, as they are recorded, so
    that a lesson comes to the same whether it is replayed or not.

    Parameters
    ----------
    lesson
        The lesson, which is open.
    """

    def __init__(self, lesson: playback.Lesson) -> None:
        self.model, self._lesson = lesson.placeholder, lesson
        self._live: Embeddings | None = None

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vector of each text.

        Raises
        ------
        NotRecordedError
            A text is not recorded, and nobody else may answer (``SDKIT_LLM=replay``).
        WeightsError
            A text is not recorded, and the embedded model's files are not on this machine.
        """
        mode, texts = playback.mode(), _checked(texts)
        calls = {text: wire.Call(wire.EMBED, {"model": self.model, "input": text}) for text in texts}
        recorded = {text: self._lesson.recorded(call, mode) for text, call in calls.items()}
        replies = {text: answer.reply for text, answer in recorded.items() if answer}
        if missing := [text for text in calls if text not in replies]:
            live = self._live = self._live or embedder(self._lesson.recording.embedder if mode != "live" else None)
            name = getattr(live, "model", type(live).__name__)
            if mode == "auto":
                self._lesson.announce(name)
            made_now = dict(zip(missing, map(wire.reply_of_vector, live.embed_documents(missing)), strict=True))
            if mode == "record":
                self._lesson.record_all([(calls[text], reply) for text, reply in made_now.items()], name)
            replies |= made_now
        return [wire.vector_of(replies[text]) for text in texts]


def _of_ollama(model: str) -> Embeddings:
    from langchain_ollama import OllamaEmbeddings

    ollama.full_name(model)  # could it have this name?
    address = retries.without_password(ollama.url())
    return made(partial(OllamaEmbeddings, model=model), model, {"base_url": address})


def _of_provider(provider: str, model: str) -> Embeddings:
    name = f"{provider}:{model}"
    if provider != "openai":
        init_embeddings = of_langchain("embeddings", "init_embeddings", name)
        llm: Embeddings = made(partial(init_embeddings, model, provider=provider), name, {})
        return llm
    try:
        from langchain_openai import OpenAIEmbeddings
    except ImportError as error:
        raise MissingPackageError("langchain_openai", f"use {name}", extra="openai") from error
    return made(partial(OpenAIEmbeddings, model=model), name, {"max_retries": 0})


def _checked(texts: list[str]) -> list[str]:
    """Return the texts if they are a list of texts, and not one text, which is a list of letters to Python."""
    if isinstance(texts, str):
        raise InputError("give a list of texts, or a single one to embed_query")
    texts = list(texts)
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"texts[{number}] is not a text: {repr(text)[:80]}")
    return texts


def _portions(texts: list[str]) -> Iterator[list[str]]:
    return (texts[start : start + _AT_ONCE] for start in range(0, len(texts), _AT_ONCE))
