"""Time limits, second tries and plain words for requests that go over the network to a language model.

This is the only layer that tries again: the clients' own retries are told to keep out.
"""

from __future__ import annotations

import base64
import contextlib
import email.utils
import logging
import os
import random
import re
import time
from datetime import UTC, datetime
from typing import Any

from sdkit.errors import InputError, ModelUnavailableError
from sdkit.llm import ollama

TRIES = 4
"""How often a request is made before its failure is passed on."""
TIMEOUT_TRIES = 3
"""The same, for a server that says nothing at all: each try takes long."""
TIMEOUT = 300.0
"""Seconds that a server may stay silent, unless $SDKIT_TIMEOUT says otherwise: large models load slowly."""
CONNECT_TIMEOUT = 10.0
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 60.0
"""Seconds; a server that asks for a longer one is not asked again."""

_BUSY = {429, 500, 502, 503, 504, 529}
_LOST = ("ReadError", "WriteError", "RemoteProtocolError", "CloseError")
_DIE = random.SystemRandom()  # pauses are no part of any result
_SECRET_HEADER = re.compile(r"authorization|cookie|key|token|secret", re.IGNORECASE)

logger = logging.getLogger("sdkit")
sleep = time.sleep


def timeout() -> float | None:
    """Return what $SDKIT_TIMEOUT says, in seconds; None if it says nothing.

    Raises
    ------
    InputError
        It is not a number of seconds.
    """
    said = os.environ.get("SDKIT_TIMEOUT", "").strip()
    if not said:
        return None
    try:
        seconds = float(said)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise InputError(
            f"SDKIT_TIMEOUT={said!r} will not do: give the seconds that a model may stay silent, such as 300"
        )
    return seconds


def limit(request: Any) -> None:
    """Give a request time limits where its client set none, and the one of $SDKIT_TIMEOUT if it is shorter."""
    limits = dict(request.extensions.get("timeout") or {})
    said = timeout()
    silent = [seconds for seconds in (said, limits.get("read")) if seconds is not None]
    limits["read"] = min(silent, default=TIMEOUT)
    for name, default in (("connect", CONNECT_TIMEOUT), ("write", limits["read"]), ("pool", None)):
        if limits.get(name) is None:
            limits[name] = default
    request.extensions = {**request.extensions, "timeout": limits}


def authorise(request: Any) -> None:
    """Let a request to $OLLAMA_HOST carry the user and password that stand there, and no others see them."""
    if "@" not in os.environ.get("OLLAMA_HOST", "") or "authorization" in request.headers:
        return
    import httpx

    address = httpx.URL(ollama.url())
    if (address.host, address.port) == (request.url.host, request.url.port):
        pair = base64.b64encode(f"{address.username}:{address.password}".encode()).decode()
        request.headers["authorization"] = f"Basic {pair}"


def again(error: Exception, tried: int) -> bool:
    """Tell whether it is worth trying again after this failure of the connection."""
    if _is(error, "ConnectTimeout", "ConnectError"):
        return False
    if _is(error, "TimeoutException"):
        return tried < TIMEOUT_TRIES
    return _is(error, *_LOST) and tried < TRIES


def pause(tried: int) -> float:
    """Return the seconds to wait before the next try: longer each time, and not the same for everybody."""
    return FIRST_PAUSE * float(2 ** (tried - 1)) * _DIE.uniform(0.5, 1.5)


def delay(response: Any, tried: int) -> float | None:
    """Return the seconds to wait after a refusal, as Retry-After asks; None if trying again is of no use."""
    if response.status_code not in _BUSY or tried >= TRIES:
        return None
    asked = _retry_after(response.headers.get("retry-after", ""))
    if asked is None:
        return pause(tried)
    # A little more for each: all who were sent away come back at the same time otherwise.
    return asked + _DIE.uniform(0, 0.1 + asked / 10) if asked <= LONGEST_PAUSE else None


def _retry_after(said: str) -> float | None:
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        at = email.utils.parsedate_to_datetime(said)
    except (TypeError, ValueError):
        return None
    return float(max(0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()))


def log(request: Any, why: Any, tried: int, seconds: float) -> None:
    """Say that a request is made again."""
    what = f"said {why.status_code}" if hasattr(why, "status_code") else "did not answer"
    logger.warning("%s %s; try %d of %d in %.1f s", _where(request), what, tried + 1, TRIES, seconds)


def in_words(request: Any, error: Exception, model: str, tries: int = 1) -> Exception:
    """Return a failure of the connection as an error that says what to do; others as they are."""
    where, often = _where(request), f", {tries} times" * (tries > 1)
    if _is(error, "ConnectError", "ConnectTimeout"):
        start = "Start Ollama (`ollama serve`)" if "/api/" in request.url.path else "Check the address and the network"
        return ModelUnavailableError(
            f"nothing answers at {where}, where {model} should be. {start}, or use the model that needs no server: "
            'model="embedded"'
        )
    if _is(error, "TimeoutException"):
        seconds = request.extensions["timeout"]["read"]
        return ModelUnavailableError(
            f"{model} at {where} said nothing for {seconds:g} s{often}. Try again, use a smaller model, or "
            " set SDKIT_TIMEOUT to more seconds"
        )
    if _is(error, *_LOST):
        return ModelUnavailableError(f"{model} at {where} broke off in mid-answer{often}. See what its log says")
    return error


def no_answer(request: Any, response: Any) -> ModelUnavailableError | None:
    """Return what is wrong with an answer that does not come from a language model; None if it may."""
    where, status = _where(request), response.status_code
    if 300 <= status < 400:
        target = response.headers.get("location", "")
        shown = ollama.shown(str(request.url.join(target)).split("?")[0]) if target else "somewhere else"
        return ModelUnavailableError(
            f"{where} sends us on to {shown} ({status}). Requests with keys are not sent on: give the right address "
            "(base_url, or OLLAMA_HOST)"
        )
    if "html" in response.headers.get("content-type", ""):
        return ModelUnavailableError(
            f"{where} answered with a web page ({status}): that is no language model's server. Check the address "
            "(base_url, or OLLAMA_HOST) and whether a proxy or a log-in page stands before it"
        )
    return None


def refusal(http: Any, request: Any, response: Any) -> Any:
    """Return a refusal as it may be shown: without the keys of the request, and with word to the client to give up."""
    text = response.text
    for secret in _secrets(request):
        text = text.replace(secret, "…")
    headers = {"content-type": response.headers.get("content-type", "application/json"), "x-should-retry": "false"}
    for name, value in response.headers.items():
        if name.lower() == "retry-after":
            headers[name] = value
    return http.Response(response.status_code, headers=headers, content=text.encode(), request=request)


def _secrets(request: Any) -> list[str]:
    """Return what of a request nobody may read: the values of headers with keys, and what the address hides."""
    found = [value for name, value in request.headers.items() if _SECRET_HEADER.search(name)]
    found += [part for value in found for part in value.split()]
    for value in list(found):
        with contextlib.suppress(ValueError):  # "Basic" hides user and password in base64
            found += base64.b64decode(value, validate=True).decode().split(":", 1)
    found += [request.url.password or "", *(value for _, value in request.url.params.items())]
    return sorted({value for value in found if len(value) > 5}, key=len, reverse=True)


def _where(request: Any) -> str:
    port = f":{request.url.port}" if request.url.port else ""
    return f"{request.url.scheme}://{request.url.host}{port}"


def _is(error: Exception, *names: str) -> bool:
    """Tell the kind of an error by name: httpx and httpx2 have the same ones, and are unrelated."""
    return any(kind.__name__ in names and kind.__module__.startswith("httpx") for kind in type(error).__mro__)
