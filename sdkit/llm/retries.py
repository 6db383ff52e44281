"""Time limits and second tries for requests that go over the network to a language model.

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
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sdkit.errors import InputError
from sdkit.llm import ollama, words

TRIES = 4
"""How often a request is made before its failure is passed on."""
TIMEOUT_TRIES = 3
"""The same, for a server that says nothing at all: each try takes long."""
TIMEOUT = 300.0
"""Seconds that a server may stay silent, unless $SDKIT_TIMEOUT says otherwise: large models load slowly."""
CONNECT_TIMEOUT = 10.0
CROWDED_TRIES = 12
"""How often a server is asked that has too many guests: they take turns, and nobody's work is lost."""
FIRST_PAUSE, GROWTH = 0.5, 2
CROWDED_PAUSE, CROWDED_GROWTH = 8.0, 2
"""Seconds, and how they grow. A class of 30 that knocks too often keeps itself out: these were found by measuring."""
LONGEST_PAUSE = 60.0
"""Seconds; a server that asks for a longer one is not asked again."""

_CROWDED = {429, 503, 529}
_BUSY = _CROWDED | {500, 502, 504}
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


_keys: dict[tuple[str, str, int | None], str] = {}


def without_password(address: str) -> str:
    """Return an address without user and password, which go with the requests to it from now on.

    A model shows the address that it was made with; so they must not be in there.
    """
    import httpx

    try:
        parsed = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise InputError("base_url is not an address such as http://127.0.0.1:11434") from error
    if parsed.userinfo:
        pair = base64.b64encode(f"{parsed.username}:{parsed.password}".encode()).decode()
        _keys[parsed.scheme, parsed.host, parsed.port] = f"Basic {pair}"
    return ollama.shown(address)


def authorise(request: Any) -> None:
    """Let a request carry the user and password of its address: $OLLAMA_HOST's, or those of `without_password`."""
    if "authorization" in request.headers:
        return
    if "@" in os.environ.get("OLLAMA_HOST", ""):
        without_password(ollama.url())
    key = _keys.get((request.url.scheme, request.url.host, request.url.port))
    if key is not None:
        request.headers["authorization"] = key


def again(error: Exception, tried: int) -> bool:
    """Tell whether it is worth trying again after this failure of the connection."""
    if words.is_a(error, "ConnectTimeout", "ConnectError"):
        return False
    timed_out = words.is_a(error, "TimeoutException")
    return (timed_out or words.is_lost(error)) and tried < tries(error)


def pause(tried: int, crowded: bool = False) -> float:
    """Return the seconds to wait before the next try: longer each time, and not the same for everybody."""
    first, growth = (CROWDED_PAUSE, CROWDED_GROWTH) if crowded else (FIRST_PAUSE, GROWTH)
    return min(LONGEST_PAUSE, first * float(growth ** (tried - 1))) * _DIE.uniform(0.5, 1.5)


def tries(why: Any) -> int:
    """Return how often a request is made that was refused, or got lost, like this."""
    if isinstance(why, Exception):
        return TIMEOUT_TRIES if words.is_a(why, "TimeoutException") else TRIES
    return CROWDED_TRIES if is_crowded(why) else TRIES


def delay(response: Any, tried: int, most: int | None = None) -> float | None:
    """Return the seconds to wait after a refusal, as Retry-After asks; None if trying again is of no use.

    `most` is how often a request is made at most; None for what is usual for this refusal.
    """
    if not is_busy(response) or tried >= (tries(response) if most is None else most):
        return None
    asked, crowded = asked_pause(response), is_crowded(response)
    if asked is None:
        return pause(tried, crowded)
    if asked > LONGEST_PAUSE:
        return None
    # A little more for each: all who were sent away come back at the same time otherwise. Those who came when they were
    # told to, and were sent away again, are too many; then the server does not know how long it will take.
    return asked + (_DIE.uniform(0, 0.1 + asked / 10) if tried == 1 or not crowded else pause(tried - 1, crowded))


def is_crowded(response: Any) -> bool:
    """Tell whether a refusal is one because too many ask."""
    return response.status_code in _CROWDED


def is_busy(response: Any) -> bool:
    """Tell whether a refusal is one that passes."""
    return response.status_code in _BUSY


def asked_pause(response: Any) -> float | None:
    """Return the seconds that a server asks to wait, with Retry-After; None if it does not."""
    said = response.headers.get("retry-after", "")
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        at = email.utils.parsedate_to_datetime(said)
    except (TypeError, ValueError, OverflowError):
        return None
    return float(max(0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()))


def log(request: Any, why: Any, tried: int, seconds: float) -> None:
    """Say that a request is made again."""
    what = f"said {why.status_code}" if hasattr(why, "status_code") else "did not answer"
    logger.warning("%s %s; try %d of %d in %.1f s", words.address(request), what, tried + 1, tries(why), seconds)


def refusal(http: Any, request: Any, response: Any) -> Any:
    """Return a refusal as it may be shown: without the keys of the request, and with word to the client to give up."""
    page = "html" in response.headers.get("content-type", "")
    text = '{"error": "a web page instead of an answer"}' if page else response.text
    text = without(text, secrets_of(request.headers, request.url))
    kind = "application/json" if page else response.headers.get("content-type", "application/json")
    headers = {"content-type": kind, "x-should-retry": "false"}
    if "retry-after" in response.headers:
        headers["retry-after"] = response.headers["retry-after"]
    return http.Response(response.status_code, headers=headers, content=text.encode(), request=request)


def without(text: str, secrets: Iterable[str]) -> str:
    """Return a text without what nobody may read; what is shorter than six letters is no secret."""
    for secret in sorted({secret for secret in secrets if len(secret) > 5}, key=len, reverse=True):
        text = text.replace(secret, "…")
    return text


def secrets_of(headers: Mapping[str, str], url: Any) -> list[str]:
    """Return what of a request nobody may read: the values of headers with keys, and what the address hides."""
    import httpx

    found = [value for name, value in headers.items() if _SECRET_HEADER.search(name)]
    found += [part for value in found for part in value.split()]
    for value in list(found):
        with contextlib.suppress(ValueError):  # "Basic" hides user and password in base64
            found += base64.b64decode(value, validate=True).decode().split(":", 1)
    with contextlib.suppress(httpx.InvalidURL):
        url = httpx.URL(url) if isinstance(url, str) else url
        found += [url.password or "", *(value for _, value in url.params.items())]
    return found
