"""Which models could answer here: those that run inside Python, and those of a running Ollama."""

from __future__ import annotations

from dataclasses import dataclass

from sdkit import downloads
from sdkit.errors import InputError, ModelError, SdkitError
from sdkit.llm import embedded, ollama, providers, weights


@dataclass(frozen=True)
class Available:
    """A model that could answer.

    Attributes
    ----------
    name : str
        What to give as ``model=``.
    place : str
        Where it runs: "Python" or "Ollama".
    size : int
        Bytes of its file.
    here : bool
        The file is there; else `fetch` it.
    loaded : bool
        It is in memory now, and answers at once.
    about : str
        For people: what it is good for, or how large it is.
    """

    name: str
    place: str
    size: int
    here: bool = True
    loaded: bool = False
    about: str = ""

    @property
    def state(self) -> str:
        """Whether it is there, in a few words."""
        return "in memory" if self.loaded else "here" if self.here else "to fetch"


def catalogue(embeds: bool = False) -> list[Available]:
    """Return the models that run inside Python: those that chat, or those that make embeddings."""
    loaded = embedded.loaded()
    return [
        Available(
            name=f"{embedded.PREFIX}:{entry.name}",
            place="Python",
            size=sum(part.size or 0 for part in (entry, *entry.beside)),
            here=entry.is_here(),
            loaded=entry.path in loaded,
            about=f"{entry.about} ({entry.licence})",
        )
        for entry in weights.CATALOGUE.values()
        if entry.embeds == embeds
    ]


def available(timeout: float = 5.0) -> tuple[list[Available], str]:
    """Return the models that can chat, and why Ollama's are not among them: nothing if they are.

    Parameters
    ----------
    timeout
        Seconds to wait for Ollama.
    """
    models = catalogue()
    try:
        of_ollama = [model for model in ollama.models(timeout) if not model.only_embeds]
    except SdkitError as error:
        return models, str(error)
    try:
        running = ollama.running(timeout)
    except ModelError:  # old servers, and others that speak Ollama's protocol, do not tell
        running = {}
    models += [
        Available(
            name=model.name,
            place="Ollama",
            size=model.size,
            loaded=model.name in running,
            about=f"{model.parameters} parameters" if model.parameters else "",
        )
        for model in of_ollama
    ]
    return models, ""


def fetch(name: str, progress: downloads.Progress = True) -> str:
    """Fetch a model, if it is not there, and return its name in full.

    Parameters
    ----------
    name
        Such as "qwen2.5:14b", which a running Ollama fetches, or "embedded:qwen2.5-coder-1.5b".
    progress
        Show a progress bar; or a function that is told how far it is, and that ends the work by raising something.

    Raises
    ------
    InputError
        It is a model of another provider, or no name at all.
    ModelError
        It cannot be fetched, as `sdkit.llm.ollama.pull` and `sdkit.llm.weights.pull` say.
    """
    name = name.strip()
    if embedded.is_embedded(name):
        embedded.weights_of(name)  # before anything comes that cannot chat
        bare = name.removeprefix(embedded.PREFIX).removeprefix(":") or weights.DEFAULT
        weights.pull(bare, progress)
        return f"{embedded.PREFIX}:{bare}"
    provider, bare = providers.split(name)
    if provider:
        raise InputError(f"{name} answers at its provider; there is nothing to fetch")
    return ollama.pull(bare, progress=progress).name


def megabytes(size: int) -> str:
    """Return a number of bytes for people, such as "98 MB" or "9.0 GB"."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"
