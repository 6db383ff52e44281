"""How to reach the Ollama server, and what it means when that fails, in plain words."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import httpx

from sdkit.errors import InputError, ModelError, ModelUnavailableError

DEFAULT_URL = "http://127.0.0.1:11434"
OR_EMBEDDED = 'or use the model that needs no server: model="embedded"'
_SHOWN = 300  # characters of what a server says about an error


def url() -> str:
    """Return the address of the Ollama server: $OLLAMA_HOST as Ollama itself reads it, else the usual port here.

    It has user and password in it if $OLLAMA_HOST has: `shown` is what may be shown.

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
        if "@" in host or "?" in host:  # the error could quote a part of the password
            raise InputError(
                "OLLAMA_HOST is not an address. It looks like http://user:password@host:11434; in user and password, "
                "characters such as / : @ are written as %2F %3A %40"
            ) from None
        raise InputError(f"OLLAMA_HOST={host!r} is not an address: {error}") from error
    if parsed.port is not None and parsed.port > 65535:
        raise InputError(f"OLLAMA_HOST is not an address: there is no port {parsed.port}")
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
    scheme = "" if "://" in address else "http://"
    try:
        safe = httpx.URL(scheme + address).copy_with(username=None, password=None, query=None)
    except httpx.InvalidURL:  # it could quote a part of the password
        return "(not an address)"
    return str(safe).removeprefix(scheme)


@contextlib.contextmanager
def client(timeout: float) -> Iterator[httpx.Client]:
    """Give an HTTP client of the server; what goes wrong on the way is raised in plain words.

    Parameters
    ----------
    timeout
        Seconds to wait for each part of an answer.

    Raises
    ------
    InputError
        $OLLAMA_HOST is not an address, or the time-out no time.
    ModelUnavailableError
        Nobody answers there, not in time, or breaks off.
    """
    if not timeout > 0:
        raise InputError(f"timeout={timeout!r} will not do: give seconds, more than 0")
    address = httpx.URL(url())
    # Not left in the address: httpx writes addresses into its log and its errors.
    auth = (address.username, address.password) if address.userinfo else None
    where = shown(url())
    limits = httpx.Timeout(timeout, connect=min(timeout, 5.0))
    try:
        with httpx.Client(base_url=where, auth=auth, timeout=limits, trust_env=False) as http:
            yield http
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        if "SSL" in str(error):
            raise ModelUnavailableError(f"no secure connection to {where} can be made: {error}") from error
        raise ModelUnavailableError(
            f"nothing answers at {where}. Start Ollama (`ollama serve`), {OR_EMBEDDED}"
        ) from error
    except httpx.TimeoutException as error:
        raise ModelUnavailableError(
            f"the server at {where} said nothing for {timeout:g} seconds. Try again, start it anew, {OR_EMBEDDED}"
        ) from error
    except (httpx.HTTPError, UnicodeError) as error:
        raise ModelUnavailableError(f"the server at {where} cannot be talked to, or broke off: {error}") from error


def listed(place: str, timeout: float) -> list[dict[str, Any]]:
    """Return what the server says about each of its models, of all (/api/tags) or of those in memory (/api/ps).

    Raises
    ------
    ModelUnavailableError
        There is no server, or it is not Ollama's.
    """
    with client(timeout) as http:
        reply = http.get(place)
        refuse(reply)
        try:
            models = reply.json()["models"]
            if all(isinstance(model["name"], str) for model in models):
                return list(models)
        except (ValueError, KeyError, TypeError):
            pass
        raise _is_not_ollama(reply)


def said(reply: httpx.Response) -> str:
    """Return the error of an answer that Ollama itself gave, or nothing."""
    try:
        return brief(reply.json()["error"])
    except (ValueError, KeyError, TypeError):
        return ""


def brief(text: object) -> str:
    """Return a text from a server so that it fits into a message."""
    line = " ".join(str(text).split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def refuse(reply: httpx.Response) -> None:
    """Raise `ModelError` if an answer is none that a working Ollama gives to what it can do."""
    status, where = reply.status_code, shown(url())
    if status in {401, 403}:
        raise ModelUnavailableError(
            f"the server at {where} wants another user and password (it answered {status}). They belong into "
            "OLLAMA_HOST, before the host: http://user:password@host:11434"
        )
    if reply.has_redirect_location:
        raise ModelUnavailableError(
            f"the server at {where} sends requests elsewhere (it answered {status}). Put the address of the Ollama "
            "server itself into OLLAMA_HOST; often it begins with https://"
        )
    if status >= 500:
        raise ModelUnavailableError(
            f"Ollama at {where} answered with the error {status}: {said(reply) or 'it did not say why'}. "
            f"Its own log may say more; start it anew, {OR_EMBEDDED}"
        )
    if why := said(reply):
        raise ModelError(f"Ollama at {where} refused with the error {status}: {why}")
    if status != 200:
        raise _is_not_ollama(reply)


def _is_not_ollama(reply: httpx.Response) -> ModelUnavailableError:
    kind = reply.headers.get("content-type", "").partition(";")[0] or "something of no type"
    return ModelUnavailableError(
        f"what answers at {shown(url())} is not Ollama: it sent {brief(kind)} (status {reply.status_code}). "
        "Put the address of an Ollama server into OLLAMA_HOST, or unset it"
    )
