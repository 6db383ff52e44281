"""What an endpoint answers, and what is wrong with it, in words."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sdkit.errors import EndpointError
from sdkit.llm import ollama, retries, words

if TYPE_CHECKING:
    import httpx

_LARGEST = 4 * 2**20  # bytes of an answer
_STREAMS = ("text/event-stream", "application/x-ndjson", "application/jsonl")
_BAD_REQUEST, _NO_KEY, _TOO_LONG = 400, {401, 403}, 413


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


def fetch(client: httpx.Client, request: httpx.Request, timeout: float) -> Raw:
    """Make a request; what goes wrong is returned, too."""
    import httpx

    deadline = time.monotonic() + timeout
    try:
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            content = b""
            if not _streams(response):
                for part in response.iter_bytes():
                    content += part
                    if len(content) > _LARGEST:
                        break
                    if time.monotonic() > deadline:
                        raise httpx.ReadTimeout("the answer did not come to its end", request=request)
        finally:
            response.close()
    except httpx.HTTPError as error:
        return Raw(None, b"", error, timeout)
    return Raw(response, content, None, timeout)


def read(raw: Raw, path: Sequence[str | int]) -> tuple[str, tuple[int | None, int | None]]:
    """Return the text of an answer, and the tokens of prompt and answer as far as it tells.

    Raises
    ------
    EndpointError
        There is none. The message goes on from the address; keys are not taken out of it yet.
    """
    if raw.error is not None:
        raise _of_connection(raw.error, raw.timeout)
    response = raw.response
    assert response is not None
    _check_status(response, raw.content)
    if _streams(response):
        raise _error("answers piece by piece, as a stream. Ask for one whole answer: stream: false in the body")
    if len(raw.content) > _LARGEST:
        raise _error(f"answers with more than {_LARGEST // 2**20} MiB: that is no message", one=True)
    if "html" in response.headers.get("content-type", ""):
        raise _error(
            "answers with a web page, not with JSON. Check the url, and whether a log-in page stands before it"
        )
    try:
        data = json.loads(raw.content)
    except (ValueError, RecursionError) as error:
        raise _error(f"does not answer with JSON: {_excerpt(raw.content)!r}", one=True) from error
    text = _at(data, path)
    if not text.strip():
        raise _error("answers with an empty message", one=True)
    return text.strip(), _tokens(data)


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
    response = raw.response
    if raw.error is not None:
        if words.is_a(raw.error, "ConnectTimeout", "ConnectError"):
            return None
        usual = retries.tries(raw.error)
    elif response is not None and retries.is_busy(response):
        return retries.delay(response, tried, None if most is None else most + 1)
    elif response is None or response.status_code >= 300 or _streams(response):
        return None
    else:
        usual = retries.TRIES  # nonsense: a web page, half of an answer, none at all
    return retries.pause(tried) if tried < (usual if most is None else most + 1) else None


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


def _streams(response: httpx.Response) -> bool:
    return str(response.headers.get("content-type", "")).startswith(_STREAMS)


def _of_connection(error: Exception, timeout: float) -> EndpointError:
    if words.is_a(error, "ConnectError", "ConnectTimeout"):
        if "SSL" in str(error) or "CERTIFICATE" in str(error):
            return _error(f"does not speak https, or with a bad certificate: {error}")
        return _error("does not answer. Start it, or check the url and the network")
    if words.is_a(error, "TimeoutException"):
        return _error(f"gave no whole answer in {timeout:g} s. Set a longer timeout in the endpoint's file", one=True)
    if words.is_lost(error):
        return _error("broke off in mid-answer. See what its log says", one=True)
    return _error(f"cannot be asked: {type(error).__name__}: {error}")


def _check_status(response: httpx.Response, content: bytes) -> None:
    status = response.status_code
    if status < 300:
        return
    if status < _BAD_REQUEST:
        target = response.headers.get("location", "")
        shown = ollama.shown(str(response.request.url.join(target)).split("?")[0]) if target else "somewhere else"
        raise _error(f"sends us on to {shown} ({status}). Requests with keys are not sent on: give the right url")
    if status in _NO_KEY:
        raise _error(f"refuses the key, or needs one ({status}). Look at the headers in the endpoint's file")
    page = "html" in response.headers.get("content-type", "")
    said = "a web page" if page else repr(_excerpt(content))
    # What is wrong with one conversation, such as its length, is not wrong with the others.
    raise _error(
        f"refused ({status}): {said}", one=status in {_BAD_REQUEST, _TOO_LONG, 422} or retries.is_busy(response)
    )


def _excerpt(content: bytes) -> str:
    text = content.decode("utf-8", "replace").strip()
    return text if len(text) <= 200 else f"{text[:200]}…"


def _at(data: Any, path: Sequence[str | int]) -> str:
    """Return the text at a path of an answer."""
    place = data
    for number, key in enumerate(path):
        walked = " → ".join(map(str, path[:number])) or "the answer"
        if isinstance(place, dict) and str(key) in place:
            place = place[str(key)]
        elif isinstance(place, list) and isinstance(key, int) and -len(place) <= key < len(place):
            place = place[key]
        else:
            raise _error(f"answers without {key!r}, which response_path wants: {walked} has {_keys(place)}", one=True)
    if not isinstance(place, str):
        raise _error(
            f"has no text where response_path leads ({' → '.join(map(str, path))}): {_keys(place)} is there", one=True
        )
    return place


def _keys(place: Any) -> str:
    match place:
        case dict():
            return f"the keys {', '.join(map(repr, list(place)[:8]))}" if place else "no keys"
        case list():
            return f"a list of {len(place)}"
        case None:
            return "null"
    return f"{type(place).__name__} {str(place)[:60]!r}"


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
    first, second = ([usage[name] for name in each if isinstance(usage.get(name), int)] for each in names)
    return next(iter(first), None), next(iter(second), None)
