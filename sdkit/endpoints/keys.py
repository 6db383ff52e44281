"""The keys that go with requests to an endpoint: filled in when they are sent, and shown to nobody."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import os
import re
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from sdkit.errors import InputError

_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]+)\}")
_SECRET = re.compile(r"(api|access).?key|(^|[-_])key$|auth|cookie|credential|passw|secret|token$", re.IGNORECASE)
_PLAIN = {"accept", "content-type"}
_SHORTEST, _LONG = 6, 16
"""Letters: what is shorter is no secret; and what is shorter than the other may be a word of an answer."""


def values_of(value: Any) -> dict[str, str]:
    """Return the environment variables that are in the texts of a value as ``${NAME}``, by name.

    Raises
    ------
    InputError
        One is not set, or empty.
    """
    wanted: set[str] = set()

    def note(text: str) -> str:
        wanted.update(_VARIABLE.findall(text))
        return text

    changed(value, note)
    if unset := sorted(name for name in wanted if not os.environ.get(name)):
        many = len(unset) > 1
        raise InputError(
            f"it needs the environment variable{'s' * many} {', '.join(unset)}, not set or empty. Set "
            f'{"them" if many else "it"}, in a notebook by import os; os.environ["{unset[0]}"] = "..."'
        )
    return {name: os.environ[name] for name in wanted}


def filled(value: Any, values: Mapping[str, str]) -> Any:
    """Return a value with what its variables stand for; a name that is not among the values stays."""
    return changed(value, lambda text: _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text))


def changed(value: Any, change: Callable[[str], str]) -> Any:
    """Return a value of JSON with all its texts changed, names too."""
    match value:
        case str():
            return change(value)
        case dict():
            return {changed(name, change): changed(part, change) for name, part in value.items()}
        case list():
            return [changed(part, change) for part in value]
    return value


class Keys:
    """What nobody may read of the requests to an endpoint.

    Parameters
    ----------
    url, headers, body
        Of the endpoint, filled in.
    values
        What the variables stand for, by name. It is not known which of them are keys.
    """

    def __init__(self, url: str, headers: Mapping[str, str], body: Any, values: Mapping[str, str]) -> None:
        named = [value for name, value in values.items() if _SECRET.search(name)]
        self._keys = _forms("…", [*_of_address(url), *_of_headers(headers), *_of_body(body), *named])
        # The name of a variable says more than dots, and is no secret.
        self._all = self._keys | _forms("…", [value for name, value in headers.items() if name.lower() not in _PLAIN])
        for name, value in values.items():
            self._all |= _forms(f"${{{name}}}", [value])

    def hide(self, text: str) -> str:
        """Return a text for people, without keys, and with the names of variables instead of their values."""
        return _replaced(text, self._all)

    def out_of_answer(self, text: str) -> str:
        """Return an answer without keys that the endpoint has sent back; words that may be no keys stay."""
        return _replaced(text, {key: dots for key, dots in self._keys.items() if len(key) >= _LONG})


def _replaced(text: str, instead: Mapping[str, str]) -> str:
    forms = "|".join(map(re.escape, sorted(instead, key=len, reverse=True)))
    return re.sub(forms, lambda found: instead[found[0]], text) if forms else text


def _of_address(url: str) -> Iterator[str]:
    """Yield what an address hides."""
    parts = urllib.parse.urlsplit(url)
    yield from re.split("[&=]", parts.query)[1::2]
    user, at, _ = parts.netloc.rpartition("@")
    if at:
        yield from _of_pair(urllib.parse.unquote(user))
        yield user
        yield from user.split(":")


def _of_headers(headers: Mapping[str, str]) -> Iterator[str]:
    """Yield the values of headers with keys, and of "Bearer sk-..." what is behind the first word."""
    for name, value in headers.items():
        if _SECRET.search(name):
            yield value
            for part in value.split()[1:]:
                yield part
                with contextlib.suppress(ValueError):  # "Basic" hides user and password in base64
                    yield from _of_pair(base64.b64decode(part, validate=True).decode())


def _of_pair(pair: str) -> Iterator[str]:
    """Yield user and password, and both as they are sent."""
    yield base64.b64encode(pair.encode()).decode()
    yield from pair.split(":", 1)


def _of_body(value: Any, secret: bool = False) -> Iterator[str]:
    """Yield the texts of a body that have the name of a key."""
    match value:
        case str() if secret:
            yield value
        case dict():
            for name, part in value.items():
                yield from _of_body(part, secret or bool(_SECRET.search(name)))
        case list():
            for part in value:
                yield from _of_body(part, secret)


def _forms(instead: str, keys: Iterable[str]) -> dict[str, str]:
    """Return what stands for each key, by all the forms in which servers, logs and errors spell it."""
    forms: set[str] = set()
    for key in keys:
        for text in (key, key.strip(), urllib.parse.unquote(key)):
            forms |= {text, urllib.parse.quote(text), urllib.parse.quote_plus(text), repr(text)[1:-1]}
            forms |= {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return {form: instead for form in forms if len(form) >= _SHORTEST}


asking: ContextVar[Keys | None] = ContextVar("sdkit_endpoint", default=None)
"""The keys of the request that is being made, for the logs to do without them."""
_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy", "httpcore.socks")


def keep_out_of_logs() -> None:
    """Let the HTTP library log requests to endpoints without keys; calling it again changes nothing."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_without_keys)


def _without_keys(record: logging.LogRecord) -> bool:
    keys = asking.get()
    if keys is not None:
        record.msg, record.args = keys.hide(record.getMessage()), ()
    return True
