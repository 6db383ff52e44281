"""Is an Ollama server up, and which chat models does it have?"""

from __future__ import annotations

import os

import httpx

DEFAULT_URL = "http://127.0.0.1:11434"


def url() -> str:
    """Return the address of the Ollama server: $OLLAMA_HOST as Ollama itself reads it, else the usual port here."""
    host = os.environ.get("OLLAMA_HOST", "").strip()
    if not host:
        return DEFAULT_URL
    if "://" not in host:
        host = f"http://{host}"
    parsed = httpx.URL(host)
    # A server that listens on every address is asked on this machine's own.
    parsed = parsed.copy_with(host="127.0.0.1" if parsed.host in {"0.0.0.0", ""} else parsed.host)
    if parsed.port is None and parsed.scheme == "http":
        parsed = parsed.copy_with(port=11434)
    return str(parsed).rstrip("/")


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
        return [model["name"] for model in models if "bert" not in str(model.get("details", {}).get("family", ""))]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        return None
