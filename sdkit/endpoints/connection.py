"""The way to an endpoint: one HTTP client for all threads and event loops, the pace, and the limits."""

from __future__ import annotations

import contextvars
import copy
import functools
import http.cookiejar
import json
import re
import threading
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sdkit.endpoints.answers import LARGEST, Raw
from sdkit.endpoints.keys import Keys, asking, keep_out_of_logs
from sdkit.errors import InputError
from sdkit.llm import retries, transport

if TYPE_CHECKING:
    import httpx


@dataclass(repr=False)
class Filled:
    """An endpoint with its variables filled in.

    Attributes
    ----------
    url, headers, body, response_path, system
        Its fields.
    values
        What the variables stand for, by name.
    """

    url: str
    headers: dict[str, str]
    body: dict[str, Any]
    response_path: list[str | int]
    system: str | list[str] | None
    values: Mapping[str, str]

    @functools.cached_property
    def keys(self) -> Keys:
        """What nobody may read."""
        return Keys(self.url, self.headers, self.body, self.values)

    @functools.cached_property
    def head(self) -> tuple[httpx.URL, dict[str, str]]:
        """The address and the headers as they are sent; ValueError or httpx.InvalidURL if they cannot be."""
        import httpx

        own = {name.lower(): value for name, value in self.headers.items()}
        return httpx.URL(self.url), {"content-type": "application/json", **own}


class Connection:
    """What the requests to an endpoint share. Copies of the endpoint share it, too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0.0
        self._client: httpx.Client | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Let a deep copy have one of its own."""
        return Connection, ()

    def pause(self, per_minute: float | None) -> float:
        """Return the seconds to wait so that there are not too many requests in a minute."""
        if per_minute is None:
            return 0.0
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next)
            self._next = at + 60 / per_minute
            return at - now

    def begin(self, filled: Filled, content: bytes, timeout: float) -> Future[Raw]:
        """Make a request in a thread of its own.

        Nobody has to wait for it who gives it up: no event loop, and not Python at its end.

        Parameters
        ----------
        filled
            Where to, and with which headers and keys.
        content
            What.
        timeout
            Seconds for all of it.

        Raises
        ------
        InputError
            It cannot be sent.
        """
        import httpx

        client = self._opened()
        limits = httpx.Timeout(timeout, connect=min(timeout, retries.CONNECT_TIMEOUT), pool=None)
        try:
            url, headers = filled.head
            # The client's own build_request takes the address apart each time.
            heads = {**client.headers, **headers}
            extensions = {transport.DIRECT: True, "timeout": limits.as_dict()}
            request = httpx.Request("POST", url, headers=heads, content=content, extensions=extensions)
        except (httpx.InvalidURL, ValueError):  # which may quote a key
            raise InputError("the endpoint's url or one of its headers cannot be sent: look for odd letters") from None
        coming: Future[Raw] = Future()
        coming.set_running_or_notify_cancel()

        def run() -> None:
            asking.set(filled.keys)
            try:
                coming.set_result(_fetch(self._opened(), request, timeout))
            except BaseException as error:  # noqa: BLE001 - whoever waits is told
                coming.set_exception(error)

        run_here = contextvars.copy_context().run
        threading.Thread(target=run_here, args=(run,), name="sdkit-endpoint", daemon=True).start()
        return coming

    def _opened(self) -> httpx.Client:
        import httpx

        with self._lock:
            if self._client is None:
                transport.install()
                keep_out_of_logs()
                # Cookies would join conversations together that have nothing to do with each other.
                none = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
                most = httpx.Limits(max_connections=None, max_keepalive_connections=64)
                # What runs on this machine is not asked for by way of a proxy, whatever the environment says.
                here = dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]"), None)
                self._client = httpx.Client(limits=most, cookies=none, mounts=here)
                weakref.finalize(self, self._client.close)
            return self._client


def _fetch(client: httpx.Client, request: httpx.Request, timeout: float) -> Raw:
    """Make a request; what goes wrong is returned, too."""
    import httpx

    deadline = time.monotonic() + timeout
    try:
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            raw = Raw(response, b"", None, timeout)
            if not raw.streams:
                for part in response.iter_bytes():
                    raw = Raw(response, raw.content + part, None, timeout)
                    if len(raw.content) > LARGEST or raw.streams:
                        break
                    if time.monotonic() > deadline:
                        return Raw.silent(timeout)
        finally:
            response.close()
    except httpx.HTTPError as error:
        return Raw(None, b"", error, timeout)
    return raw


def content_of(
    body: dict[str, Any], messages: Iterable[Mapping[str, str]], system: str, place: str | Sequence[str] | None
) -> bytes:
    """Return what is sent: a body with the messages of a conversation.

    Parameters
    ----------
    body, messages
        The body, and the conversation.
    system, place
        The system text, and where it goes: see `sdkit.endpoints.Endpoint`.

    Raises
    ------
    InputError
        The messages are none, or the system text cannot go there.
    """
    said = []
    for message in messages:
        fits = isinstance(message, Mapping) and all(isinstance(message.get(name), str) for name in ("role", "content"))
        if not fits:
            raise InputError("messages: give a list of them, each a mapping with a role and a content, two texts")
        said.append({"role": message["role"], "content": message["content"]})
    if system and place == "message":
        said.insert(0, {"role": "system", "content": system})
    elif system and place:
        body = copy.deepcopy(body)
        _put(body, place, system)
    return json.dumps({**body, "messages": said}, allow_nan=False).encode()


def _put(body: dict[str, Any], path: Sequence[str], text: str) -> None:
    *above, last = path
    if path[0] == "messages":
        raise InputError('system: the messages are those of the conversation; "message" makes the text the first one')
    for key in above:
        body = body.setdefault(key, {})
        if not isinstance(body, dict):
            raise InputError(f"system: {path} leads into {key!r} of the body, which is no mapping")
    body[last] = text


def check_address(url: str) -> None:
    """Raise InputError if requests cannot be sent to this address; it is not shown, as it may have a password."""
    import httpx

    if not re.match(r"https?://[^/\s]", url, re.IGNORECASE):
        raise InputError("url: is no address that begins with http:// or https://")
    if "${" in url:
        raise InputError("url: after ${ the name of an environment variable is to come, and a }")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = None
    if parsed is None or "#" in url or not re.fullmatch(r"[^\s%]+", parsed.host):
        raise InputError(
            "url: is no address that requests can be sent to. In a user's name or password, write %2F for /, %23 for "
            "#, %3A for :, %3F for ? and %40 for @"
        )


def check_headers(headers: Mapping[str, str]) -> None:
    """Raise InputError if these headers cannot be sent; their values are not shown."""
    for name, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
            raise InputError(f"headers: what begins with {re.split('[^A-Za-z0-9-]', name)[0]!r} is no name of a header")
        if "${" in value:
            raise InputError(f"headers: in {name}, after ${{ the name of an environment variable is to come, and a }}")
        if not re.fullmatch(r"[\t\x20-\x7e]*", value) or value != value.strip():
            raise InputError(
                f"headers: {name} has a line break, a space at its end, or a letter that is not ASCII; look at the "
                "variables in it"
            )
