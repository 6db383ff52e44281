"""Is an Ollama server up, and which chat models does it have?"""

from __future__ import annotations

import os
from typing import Any

import httpx

from sdkit.errors import InputError

DEFAULT_URL = "http://127.0.0.1:11434"


def url() -> str:
    """Return the address of the Ollama server: $OLLAMA_HOST as Ollama itself reads it, else the usual port here.

    Raises
    ------
    InputError
        $OLLAMA_HOST is not an address.
    """
    host = os.environ.get("OLLAMA_HOST", "").strip()
    if not host:
        return DEFAULT_URL
    bare = "://" not in host
    try:
        parsed = httpx.URL(f"http://{host}" if bare else host)
    except httpx.InvalidURL as error:
        raise InputError(f"OLLAMA_HOST={host!r} is not an address: {error}") from error
    # A server that listens on every address is asked on this machine's own.
    parsed = parsed.copy_with(host="127.0.0.1" if parsed.host in {"0.0.0.0", "::", ""} else parsed.host)
    # httpx drops the port 80, and Ollama means it where the scheme is given.
    if bare and parsed.port is None and not host.rstrip("/").endswith(":80"):
        parsed = parsed.copy_with(port=11434)
    return str(parsed).rstrip("/")


def shown(address: str) -> str:
    """Return an address without what may be secret in it: user, password, query."""
    if "@" not in address and "?" not in address:
        return address
    return str(httpx.URL(address).copy_with(username=None, password=None, query=None))


def chat_models(timeout: float = 1.0) -> list[str] | None:
    """Ask the server which models it has, leaving out those that only make embeddings.

    Parameters
    ----------
    timeout
        Seconds to wait.

    Returns
    -------
    list of str or None
        Names, in the server's order; None if no server answers.
    """
    try:
        reply = httpx.get(f"{url()}/api/tags", timeout=timeout, trust_env=False)
        reply.raise_for_status()
        models = reply.json()["models"]
        return [model["name"] for model in models if not _only_embeds(model)]
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _only_embeds(model: dict[str, Any]) -> bool:
    return "embed" in model["name"] or "bert" in str((model.get("details") or {}).get("family", ""))
