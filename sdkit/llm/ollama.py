"""Is an Ollama server up, and which models does it have? Start one, fetch a model, free its memory.

Every error says in plain words what is wrong, with the command that mends it.
"""

from __future__ import annotations

import difflib
import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sdkit import downloads
from sdkit.errors import InputError, ModelError, ModelUnavailableError, SdkitError, UnknownModelError
from sdkit.llm import embedded
from sdkit.llm import ollama_http as http
from sdkit.llm.ollama_http import DEFAULT_URL, shown, url
from sdkit.llm.ollama_server import Server, serve

__all__ = [
    "DEFAULT_URL", "Model", "Server", "chat_models", "check", "full_name", "has", "is_up", "models", "pull", "running",
    "serve", "shown", "unload", "url",
]  # fmt: skip

_RESUME = "Pull it again: what has come is kept, and it goes on from there"
_NO_NETWORK = ("dial tcp", "no such host", "i/o timeout", "TLS handshake", "proxyconnect")


@dataclass(frozen=True)
class Model:
    """A model that the server has.

    Attributes
    ----------
    name : str
        In full, such as "qwen2.5:14b".
    size : int
        Bytes on the server's disk.
    parameters : str
        How many parameters it has, such as "14.8B"; empty if the server does not say.
    only_embeds : bool
        It makes embeddings and cannot chat.
    """

    name: str
    size: int = 0
    parameters: str = ""
    only_embeds: bool = False


def is_up(timeout: float = 1.0) -> bool:
    """Tell whether an Ollama server answers within so many seconds."""
    try:
        http.listed("/api/tags", timeout)
    except SdkitError:
        return False
    return True


def models(timeout: float = 5.0) -> list[Model]:
    """Return the models that the server has, in its order: the one that was changed last comes first.

    Raises
    ------
    InputError
        $OLLAMA_HOST is not an address.
    ModelUnavailableError
        There is no server, or it is not Ollama's; says what to do.
    """
    return [_model(tag) for tag in http.listed("/api/tags", timeout)]


def chat_models(timeout: float = 1.0) -> list[str] | None:
    """Return the names of the models that can chat; None if no server answers within so many seconds."""
    try:
        return [model.name for model in models(timeout) if not model.only_embeds]
    except SdkitError:
        return None


def full_name(name: str) -> str:
    """Return the name of a model as Ollama lists it: "qwen2.5" is "qwen2.5:latest".

    Raises
    ------
    InputError
        No model of Ollama's can have this name.
    """
    if not isinstance(name, str) or not re.fullmatch(r"\w[\w.:/-]*", name.strip(), re.ASCII):
        raise InputError(f"{name!r} is not the name of an Ollama model, such as qwen2.5:14b")
    if embedded.is_embedded(name.strip()):
        raise InputError(f"{name.strip()} runs inside Python, without Ollama: python -m sdkit models list")
    return _with_tag(name.strip())


def has(name: str, timeout: float = 5.0) -> bool:
    """Tell whether the server has this model.

    Raises
    ------
    InputError, ModelUnavailableError
        As `models` and `full_name` do.
    """
    wanted = full_name(name)
    return _find(wanted, models(timeout)) is not None


def check(name: str, timeout: float = 5.0) -> Model:
    """Return this model, or say in plain words why it cannot be used.

    Raises
    ------
    InputError, ModelUnavailableError
        As `models` and `full_name` do.
    UnknownModelError
        The server does not have it; gives the command that fetches it.
    """
    wanted = full_name(name)
    there = models(timeout)
    if model := _find(wanted, there):
        return model
    known = {alias.lower(): model.name for model in there for alias in (model.name.rpartition(":")[0], model.name)}
    near = difflib.get_close_matches(name.strip().lower(), known, n=1)
    hint = f" The nearest name that it has is {known[near[0]]}." if near else ""
    raise UnknownModelError(f"Ollama does not have {name.strip()}.{hint} Fetch it: ollama pull {name.strip()}")


def running(timeout: float = 5.0) -> dict[str, int]:
    """Return the names of the models that the server holds in memory, with the bytes that each takes there.

    Raises
    ------
    InputError, ModelUnavailableError
        As `models` does.
    """
    sizes = {model["name"]: model.get("size") for model in http.listed("/api/ps", timeout)}
    return {name: size if isinstance(size, int) else 0 for name, size in sizes.items()}


def pull(name: str, *, progress: downloads.Progress = True, insecure: bool = False, timeout: float = 300.0) -> Model:
    """Let the server fetch a model, if it does not have it yet, and wait until it is there.

    What was fetched before an interruption is kept by the server: the next call goes on from there.

    Parameters
    ----------
    name
        A name from https://ollama.com/library, or ``host/owner/name`` for one in another registry.
    progress
        Show a progress bar; or a function that is told how far it is, and that ends the work by raising something.
    insecure
        Let the server fetch from a registry without HTTPS, such as one in your own network.
    timeout
        Seconds in which nothing comes, after which to give up.

    Raises
    ------
    InputError, ModelUnavailableError
        As `models` and `full_name` do; also if the server goes away, or cannot reach the registry.
    UnknownModelError
        The registry does not have this model.
    ModelError
        The server could not fetch it for another reason.
    """
    wanted = full_name(name)
    if model := _find(wanted, models(min(timeout, 5.0))):
        return model
    begun = False
    try:
        with (
            http.client(timeout) as client,
            client.stream("POST", "/api/pull", json={"model": wanted, "insecure": insecure}) as reply,
        ):
            if reply.status_code != 200:
                reply.read()
                http.refuse(reply)
            begun = True
            with downloads.bar(wanted, None, progress) as bar:
                _follow(reply.iter_lines(), wanted, bar, timeout)
    except ModelUnavailableError as error:
        if not begun:
            raise
        raise ModelUnavailableError(f"{wanted} is not there yet: {error}. {_RESUME}") from error
    if model := _find(wanted, models()):
        return model
    raise ModelError(f"Ollama said that {wanted} is there, and does not list it; see the server's own log")


def unload(name: str, timeout: float = 30.0) -> None:
    """Let the server free the memory that a model takes; it is loaded again when it is next asked.

    Raises
    ------
    InputError, ModelUnavailableError, UnknownModelError
        As `check` does.
    """
    model = check(name, timeout)
    with http.client(timeout) as client:
        http.refuse(client.post("/api/generate", json={"model": model.name, "keep_alive": 0}))


def _model(tag: dict[str, Any]) -> Model:
    about = tag.get("details")
    about = about if isinstance(about, dict) else {}
    size = tag.get("size")
    return Model(
        name=tag["name"],
        size=size if isinstance(size, int) else 0,
        parameters=str(about.get("parameter_size") or ""),
        only_embeds="embed" in tag["name"] or "bert" in str(about.get("family", "")),
    )


def _with_tag(name: str) -> str:
    name = name.removeprefix("registry.ollama.ai/").removeprefix("library/")
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _find(wanted: str, there: Iterable[Model]) -> Model | None:
    # Ollama finds a model whatever the case of its letters.
    return next((model for model in there if _with_tag(model.name).lower() == wanted.lower()), None)


def _follow(lines: Iterable[str], name: str, bar: Any, timeout: float) -> None:
    """Move the bar as the server tells how far it is, until it tells of success."""
    layers: dict[str, tuple[int, int]] = {}
    before: dict[str, Any] = {}
    moved = time.monotonic()
    for text in lines:
        line = _progress(text)
        if "error" in line:
            raise _could_not_pull(name, http.brief(line["error"]))
        status = line.get("status", "")
        if status == "success":
            return
        if line != before:
            before, moved = line, time.monotonic()
        elif time.monotonic() - moved > timeout:  # the server repeats itself while nothing comes
            raise ModelUnavailableError(f"nothing has come for {timeout:g} seconds ({http.brief(status)})")
        if "digest" not in line:
            bar.set_postfix_str(http.brief(status))
            continue
        layers[str(line["digest"])] = (line.get("completed", 0), line.get("total", 0))
        done, total = (sum(numbers) for numbers in zip(*layers.values(), strict=True))
        if total != bar.total:
            bar.reset(total)
        bar.update(done - bar.n)
    raise ModelUnavailableError("the answer of the server was cut")


def _progress(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
        if isinstance(line, dict) and all(isinstance(line.get(key, 0), int) for key in ("completed", "total")):
            return line
    except ValueError:
        pass
    raise ModelUnavailableError(f"the answer of the server was cut, or is not Ollama's: {http.brief(text)!r}")


def _could_not_pull(name: str, error: str) -> ModelError:
    if error.endswith("file does not exist"):
        return UnknownModelError(f"there is no model {name} to pull. Look for its name at https://ollama.com/library")
    if any(sign in error for sign in _NO_NETWORK):
        return ModelUnavailableError(f"Ollama cannot reach the registry ({error}); connect its machine to the network")
    return ModelError(f"Ollama could not pull {name}: {error}")
