"""What went wrong between us and a model's server, in words that say what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sdkit.errors import ModelUnavailableError, PromptTooLongError, SdkitError, UnknownModelError
from sdkit.llm import ollama, ollama_http, providers

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings
    from langchain_core.language_models import BaseChatModel

_LOST = ("ReadError", "WriteError", "RemoteProtocolError", "CloseError")


def of_connection(request: Any, error: Exception, model: str, tries: int = 1) -> Exception:
    """Return a failure of the connection as an error that says what to do; others as they are."""
    where, often = address(request), f", {tries} times" * (tries > 1)
    model = model or "the model"
    if is_a(error, "ConnectError", "ConnectTimeout"):
        if "SSL" in str(error):
            return ModelUnavailableError(f"{where} does not speak https, or with a bad certificate: {error}")
        if "/api/" not in request.url.path:
            return ModelUnavailableError(f"nothing answers at {where}, where {model} should be. {_CHECK}")
        return ModelUnavailableError(
            f"nothing answers at {where}, where {model} should be. Start Ollama (`ollama serve`), "
            f"{ollama_http.OR_EMBEDDED}{_hint(model)}"
        )
    if is_a(error, "TimeoutException"):
        seconds = (request.extensions.get("timeout") or {}).get("read")
        silent = f"{seconds:g} s" if seconds else "too long"
        return _of_one_request(
            f"{model} at {where} said nothing for {silent}{often}. Try again, use a smaller model, or set "
            "SDKIT_TIMEOUT to more seconds"
        )
    if is_lost(error):
        return _of_one_request(f"{model} at {where} broke off in mid-answer{often}. See what its log says")
    return error


_CHECK = "Check the address (base_url, or OLLAMA_HOST) and the network"


def of_answer(request: Any, response: Any) -> ModelUnavailableError | None:
    """Return what is wrong with an answer that does not come from a language model; None if it may."""
    where, status = address(request), response.status_code
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


@contextlib.contextmanager
def told(llm: BaseChatModel | Embeddings, heard: Any) -> Iterator[None]:
    """Raise what a client library raises within as an error that says what to do, where that is known.

    Parameters
    ----------
    llm
        The model that is asked.
    heard
        The `transport.Heard` of the request.
    """
    try:
        yield
    except Exception as error:
        known = heard.problem or _of_call(llm, error, heard)
        if known is error:
            raise
        # What the transport raised has its cause already, and the client's wrapping adds nothing to it.
        raise known from (error if known.__traceback__ is None else known.__cause__)


def _of_call(llm: BaseChatModel | Embeddings, error: Exception, heard: Any) -> Exception:
    from sdkit.llm.spec import model_name

    name = heard.model or model_name(llm)
    for each in _behind(error):
        if isinstance(each, SdkitError):
            return each
        if type(each).__module__.startswith("httpx") and getattr(each, "_request", None) is not None:
            return of_connection(each.request, each, name)  # type: ignore[attr-defined]
    if is_a(error, "ContextOverflowError", package=""):
        return PromptTooLongError(f"the messages do not fit into the context of {name}; shorten them")
    status = getattr(error, "status_code", None)
    if status is not None:
        return _of_status(llm, name, status, error, heard)
    if heard.where and isinstance(error, ValueError | TypeError | LookupError | AttributeError):
        return _of_one_request(
            f"what came from {heard.where} is no answer of a model's server such as {name} should have. {_CHECK}. "
            f"({type(error).__name__})"
        )
    return error


def _of_status(llm: BaseChatModel | Embeddings, name: str, status: int, error: Exception, heard: Any) -> Exception:
    ollamas = any(kind.__module__.startswith("langchain_ollama") for kind in type(llm).__mro__)
    keys = [variable for variable in getattr(llm, "lc_secrets", {}).values() if "KEY" in variable]
    look = f"Look at the environment variable {keys[0]}" if keys else "Look at the key that you gave it"
    if status in {401, 403}:
        look = "A user and password go into OLLAMA_HOST, as http://user:password@host" if ollamas else look
        return ModelUnavailableError(f"{name} refuses the key, or needs one ({status}). {look}")
    if status == 404 and not ollamas:
        return UnknownModelError(
            f"there is no model {name!r} at its provider, or not for this key, or not at this address (404). "
            f"{look}, and at base_url, if you gave one"
        )
    if status == 404 and "not found" in str(error).lower() and "model" in str(error).lower():
        return UnknownModelError(f"Ollama does not have {name}. Fetch it: ollama pull {name}{_hint(name)}")
    if status == 404:
        return ModelUnavailableError(f"what answers at {heard.where or 'this address'} is not Ollama (404). {_CHECK}")
    if status == 429:
        tries = f", also at try {heard.retries + 1}" if heard.retries else ""
        pause = f"It asks for a pause of {heard.pause:g} s" if heard.pause else "Wait a little"
        return _of_one_request(f"{name} has too much to do (429{tries}). {pause}: {error}")
    told = "failed in mid-answer" if status == -1 else f"answered with the error {status}"
    return _of_one_request(f"{name} {told}: {error}")


def _of_one_request(message: str) -> ModelUnavailableError:
    """Return an error that the next request need not meet."""
    error = ModelUnavailableError(message)
    error.one_request = True
    return error


def _hint(name: str) -> str:
    meant = providers.suggestion(name)
    return f'. Or did you mean "{meant}"?' if meant else ""


def address(request: Any) -> str:
    """Return where a request goes, without what may be secret in it."""
    port = f":{request.url.port}" if request.url.port else ""
    return f"{request.url.scheme}://{request.url.host}{port}"


def is_a(error: BaseException, *names: str, package: str = "httpx") -> bool:
    """Tell the kind of an error by name: httpx and httpx2 have the same ones, and are unrelated."""
    return any(kind.__name__ in names and kind.__module__.startswith(package) for kind in type(error).__mro__)


def is_lost(error: BaseException) -> bool:
    """Tell whether a connection broke."""
    return is_a(error, *_LOST)


def _behind(error: Exception) -> Iterator[Exception]:
    """Yield an error and what caused it: clients put errors of their own around what the transport raises."""
    seen: set[int] = set()
    each: BaseException | None = error
    while isinstance(each, Exception) and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__
