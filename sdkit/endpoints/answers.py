"""What an endpoint answers, and what is wrong with it, in words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sdkit.errors import EndpointError
from sdkit.llm import retries, words

if TYPE_CHECKING:
    import httpx

LARGEST = 4 * 2**20
"""Bytes of an answer."""
_STREAMS = ("text/event-stream", "application/x-ndjson", "application/jsonl")
_EVENTS = (b"data:", b"event:")  # so begins a stream that does not say that it is one
_BAD_REQUEST, _NO_KEY, _TOO_LONG = 400, {401, 403}, 413
# What comes again whenever one asks.
_IN_VAIN = ("ConnectTimeout", "ConnectError", "LocalProtocolError", "UnsupportedProtocol", "ProxyError")


@dataclass(frozen=True)
class Answer:
    """What an endpoint answered.

    Attributes
    ----------
    text : str
        The assistant's message.
    prompt_tokens, completion_tokens : int or None
        As it counted, if it says so in the way of OpenAI or Anthropic.
    seconds : float
        From the first try to the answer.
    tries : int
        How often it was asked.
    """

    text: str
    prompt_tokens: int | None
    completion_tokens: int | None
    seconds: float
    tries: int


@dataclass(frozen=True)
class Raw:
    """What came back for one request.

    Attributes
    ----------
    response : httpx.Response or None
        The answer, without its content.
    content : bytes
        Its content.
    error : Exception or None
        What went wrong instead.
    timeout : float
        For how many seconds it was waited.
    """

    response: httpx.Response | None
    content: bytes
    error: Exception | None
    timeout: float

    @classmethod
    def silent(cls, timeout: float) -> Raw:
        """Return what has come when the time is over."""
        import httpx

        return cls(None, b"", httpx.ReadTimeout("the answer did not come to its end"), timeout)

    @property
    def streams(self) -> bool:
        """Whether it comes piece by piece."""
        kind = _type(self.response) if self.response is not None else ""
        return kind.startswith(_STREAMS) or self.content[:64].lstrip().startswith(_EVENTS)


def read(raw: Raw, path: Sequence[str | int], hide: Callable[[str], str]) -> tuple[str, tuple[int | None, int | None]]:
    """Return the text of an answer, and the tokens of prompt and answer as far as it tells.

    Parameters
    ----------
    raw
        The answer.
    path
        Where the text is.
    hide
        Takes keys out of a text: servers send them back, and half of one is no better.

    Raises
    ------
    EndpointError
        There is none. The message goes on from the address.
    """
    if raw.error is not None:
        raise _of_connection(raw.error, raw.timeout, hide)
    response = raw.response
    assert response is not None
    _check_status(response, raw.content, hide)
    if raw.streams or _is_lines(raw.content):
        raise _error("answers piece by piece, as a stream. Ask for one whole answer: stream: false in the body")
    if len(raw.content) > LARGEST:
        raise _error(f"answers with more than {LARGEST // 2**20} MiB: that is no message", one=True)
    if "html" in _type(response):
        raise _error(
            "answers with a web page, not with JSON. Check the url, and whether a log-in page stands before it"
        )
    try:
        data = json.loads(raw.content)
    except (ValueError, RecursionError):
        raise _error(f"does not answer with JSON: {_excerpt(raw.content, hide)!r}", one=True) from None
    text = _at(data, path, hide).strip()
    if not text:
        raise _error("answers with an empty message", one=True)
    if not _is_unicode(text):
        raise _error("answers with half of a letter (a lone surrogate), which cannot be kept", one=True)
    return text, _tokens(data)


def delay(raw: Raw, tried: int, most: int | None) -> float | None:
    """Return the seconds after which it is worth asking again; None if it is not.

    Parameters
    ----------
    raw
        An answer that is of no use.
    tried
        How often it was asked.
    most
        How often it may be asked again; None for what is usual for language models.
    """
    tries = None if most is None else most + 1
    usual = retries.TRIES
    if raw.error is not None:
        if words.is_a(raw.error, *_IN_VAIN) or _is_no_http(raw.error):
            return None
        usual = retries.tries(raw.error)
    elif raw.response is not None and retries.is_busy(raw.response):
        wanted, asked = retries.delay(raw.response, tried, tries), retries.asked_pause(raw.response)
        # Whoever tries out an endpoint is one client, and no class of thirty that has to be spread over minutes.
        if retries.is_crowded(raw.response):
            return wanted if wanted is None or not asked else min(wanted, 1.1 * asked * 1.5 ** (tried - 1))
        return wanted if wanted is None or asked else _pause(tried)
    elif raw.response is None or raw.response.status_code >= 300 or raw.streams:
        return None
    # Else it was nonsense: a web page, half of an answer, none at all.
    return _pause(tried) if tried < (usual if tries is None else tries) else None


def _pause(tried: int) -> float:
    """Return the seconds after a failure that may be a single one: hardly any at first, then more and more."""
    return retries.pause(1) / 5 * 3.0 ** (tried - 1)


def short(raw: Raw) -> str:
    """Say in a few words what came back, for the log."""
    if raw.error is not None:
        return f"did not answer ({type(raw.error).__name__})"
    assert raw.response is not None
    return f"said {raw.response.status_code}" if raw.response.status_code >= _BAD_REQUEST else "answered with nonsense"


def _error(text: str, one: bool = False) -> EndpointError:
    error = EndpointError(text)
    error.one_request = one
    return error


def _type(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "")).lower()


def _is_lines(content: bytes) -> bool:
    """Tell whether it is a whole JSON object a line, whatever the server calls that."""
    first, _, rest = content.strip().partition(b"\n")
    try:
        return rest.lstrip()[:1] == b"{" and isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _of_connection(error: Exception, timeout: float, hide: Callable[[str], str]) -> EndpointError:
    said, one = str(error), True
    if words.is_a(error, "ConnectError", "ConnectTimeout"):
        one, text = False, "does not answer. Start it, or check the url and the network"
        if "SSL" in said or "CERTIFICATE" in said:
            text = f"does not speak https, or with a bad certificate: {hide(said)}"
    elif words.is_a(error, "TimeoutException"):
        text = f"gave no whole answer in {timeout:g} s. Set a longer timeout in the endpoint's file"
    elif _is_no_http(error):
        one, text = False, "does not answer in HTTP. Check the url, its port, and whether it is https"
        if "location" in said:
            text = "sends us on to something that is no address. Give the right url"
    elif words.is_lost(error):
        text = "broke off in mid-answer. See what its log says"
    elif words.is_a(error, "DecodingError"):
        text = "answers with something that is packed otherwise than it says (content-encoding)"
    else:
        one, text = False, f"cannot be asked: {type(error).__name__}: {hide(said)}"
    return _error(text, one)


def _is_no_http(error: Exception) -> bool:
    """Tell an answer that no web server gives from one that broke off."""
    return words.is_a(error, "RemoteProtocolError") and bool(
        re.search("illegal|invalid url", str(error), re.IGNORECASE)
    )


def _check_status(response: httpx.Response, content: bytes, hide: Callable[[str], str]) -> None:
    status = response.status_code
    if status < 300:
        return
    if status < _BAD_REQUEST:
        shown = _target(response, hide)
        raise _error(f"sends us on to {shown} ({status}). Requests with keys are not sent on: give the right url")
    if status in _NO_KEY:
        raise _error(f"refuses the key, or needs one ({status}). Look at the headers in the endpoint's file")
    said = "a web page" if "html" in _type(response) else repr(_excerpt(content, hide))
    # What is wrong with one conversation, such as its length, is not wrong with the others.
    raise _error(
        f"refused ({status}): {said}", one=status in {_BAD_REQUEST, _TOO_LONG, 422} or retries.is_busy(response)
    )


def _target(response: httpx.Response, hide: Callable[[str], str]) -> str:
    import httpx

    target = response.headers.get("location", "")
    try:
        return shown(hide(str(response.request.url.join(target)))) if target else "somewhere else"
    except httpx.InvalidURL:
        return "something that is no address"


def shown(url: str) -> str:
    """Return an address without user, password, and what may be secret behind a "?"."""
    return re.sub(r"[?#].*", "", re.sub(r"^(\w+://)[^/?#]*@", r"\1", url))


def _excerpt(content: bytes, hide: Callable[[str], str]) -> str:
    text = hide(content.decode("utf-8", "replace").strip())
    return text if len(text) <= 200 else f"{text[:200]}…"


def _at(data: Any, path: Sequence[str | int], hide: Callable[[str], str]) -> str:
    """Return the text at a path of an answer."""
    place = data
    for number, key in enumerate(path):
        walked = " → ".join(map(str, path[:number])) or "the answer"
        if isinstance(place, dict) and str(key) in place:
            place = place[str(key)]
        elif isinstance(place, list) and isinstance(key, int) and -len(place) <= key < len(place):
            place = place[key]
        else:
            quoted = ", and its places are numbers without quotes" * isinstance(place, list) * isinstance(key, str)
            raise _error(
                f"answers without {key!r}, which response_path wants: {walked} has {_keys(place, hide)}{quoted}",
                one=True,
            )
    if not isinstance(place, str):
        raise _error(
            f"has no text where response_path leads ({' → '.join(map(str, path))}), but {_keys(place, hide)}",
            one=True,
        )
    return place


def _keys(place: Any, hide: Callable[[str], str]) -> str:
    match place:
        case dict():
            names = ", ".join(repr(hide(name)[:80]) for name in list(place)[:8])
            return f"the keys {names}" if place else "an empty object"
        case list():
            return f"a list of {len(place)}"
        case None:
            return "null"
    return f"{type(place).__name__} {hide(str(place))[:60]!r}"


def _tokens(data: Any) -> tuple[int | None, int | None]:
    """Return the tokens of prompt and answer, as OpenAI, Anthropic or Ollama tell them."""
    if not isinstance(data, dict):
        return None, None
    told = data.get("usage")
    usage: dict[str, Any] = told if isinstance(told, dict) else data
    names = (
        ("prompt_tokens", "input_tokens", "prompt_eval_count"),
        ("completion_tokens", "output_tokens", "eval_count"),
    )
    first, second = ([usage[name] for name in each if type(usage.get(name)) is int] for each in names)
    return next(iter(first), None), next(iter(second), None)
