"""Everything that sdkit raises on purpose, in one tree.

::

    SdkitError
    ├── InputError          an argument or option that cannot work (also a ValueError)
    ├── FileError           a file that cannot be read or written; names it, and the line
    ├── DownloadError       a file that could not be fetched over the network
    ├── MissingPackageError an optional package is not installed (also an ImportError)
    ├── ModelError          the language model cannot be used
    │   ├── UnknownModelError    no model of that name
    │   ├── ModelUnavailableError  its server or its weights are not there
    │   ├── PromptTooLongError   the prompt does not fit into the model's context
    │   ├── NotRecordedError     only recorded answers may be used, and there is none
    │   ├── WeightsError         a model file is missing, short, corrupt or cannot be fetched
    │   └── EndpointError        an assistant behind an address cannot be asked, or answers with something else
    ├── ReplyError          the model answered, but not with what was asked for
    ├── ConversationError   a turn of a conversation failed; has the turns so far
    └── LabError            JupyterLab did not start, or ended by itself

Each message says what was wrong, where, and what to do about it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError

    from sdkit.dialog import Dialog


class SdkitError(Exception):
    """The root of the tree: catch this to catch all that sdkit raises on purpose."""


class InputError(SdkitError, ValueError):
    """An argument or an option that cannot work."""


class MissingPackageError(SdkitError, ImportError):
    """An optional package is needed and not installed.

    Parameters
    ----------
    package
        The import name of what is missing.
    why
        What it is needed for, as the end of "... is needed to".
    extra
        The extra of this distribution that installs it.
    """

    def __init__(self, package: str, why: str, extra: str = "lab") -> None:
        super().__init__(
            f'{package} is needed to {why} and is not installed. In the checkout: python -m pip install -e ".[{extra}]"'
        )
        self.package = package
        self.extra = extra


class FileError(SdkitError):
    """A file that cannot be read or written.

    Parameters
    ----------
    path
        The file as the caller named it.
    problem
        What is wrong, and what to do.
    line
        The 1-based line, where one is to blame.
    """

    def __init__(self, path: str | Path, problem: str, line: int | None = None) -> None:
        where = f"{path}, line {line}" if line else f"{path}"
        super().__init__(f"{where}: {problem}")
        self.path = Path(path)
        self.problem = problem
        self.line = line


class DownloadError(SdkitError):
    """A file that could not be fetched over the network."""


class ModelError(SdkitError):
    """The language model cannot be used.

    Attributes
    ----------
    one_request : bool
        Whether this may be about one request only: the model is there, and was too busy or too slow for it, broke off
        or refused it. False where every request would meet it, such as no connection, no such model, no key.
    """

    one_request = False


class UnknownModelError(ModelError, ValueError):
    """There is no model of that name."""


class ModelUnavailableError(ModelError):
    """The model's server, runtime or weights are not there."""


class PromptTooLongError(ModelError, ValueError):
    """The prompt does not fit into the model's context."""


class NotRecordedError(ModelError):
    """Only recorded answers may be used (``SDKIT_LLM=replay``), and this request has none."""


class WeightsError(ModelError):
    """A model file is missing, short, corrupt, a different file, or cannot be fetched."""


class EndpointError(ModelError):
    """An assistant behind an address cannot be asked, or answers with something else than a message."""


class LabError(SdkitError):
    """JupyterLab did not start, or ended by itself."""


class ReplyError(SdkitError):
    """The model answered, but never with what was asked for.

    Attributes
    ----------
    raw : str
        The last reply, untouched.
    schema : dict
        The JSON schema that was asked for.
    seeds : list of int
        The seeds that were tried, in order.
    problem : str
        What was wrong with the last reply.
    """

    def __init__(self, problem: str, raw: str, schema: Mapping[str, Any] | None, seeds: Sequence[int]) -> None:
        shown = raw if len(raw) <= 300 else f"{raw[:200]} […] {raw[-80:]}"
        tries = f"{len(seeds)} attempt{'s' if len(seeds) != 1 else ''}"
        super().__init__(
            f"No valid reply in {tries} (seeds {', '.join(map(str, seeds))}). The last one {problem}. "
            f"It began: {shown!r}. Try another seed, a shorter request, or a larger model; "
            "the whole reply is in this error's .raw"
        )
        self.problem = problem
        self.raw = raw
        self.schema = dict(schema or {})
        self.seeds = list(seeds)


class ConversationError(SdkitError):
    """A turn of a conversation could not be made.

    Attributes
    ----------
    dialog : sdkit.Dialog
        The turns so far.
    """

    def __init__(self, message: str, dialog: Dialog) -> None:
        super().__init__(message)
        self.dialog = dialog


def first_problem(error: ValidationError, values: bool = True) -> str:
    """Say in one line what pydantic found first: where, what, and the value, unless that may be a key."""
    problem = error.errors(include_url=False, include_context=False)[0]
    # Pydantic puts the names of a union's members into the path; people look for fields and indices.
    where = ".".join(str(part) for part in problem["loc"] if not re.search(r"[\[\]() -]", str(part)))[:80]
    message = problem["msg"].removeprefix("Value error, ")
    if not values:
        return f"{where + ': ' if where else ''}{message}"
    try:
        found = repr(problem["input"])
    except RecursionError:  # a dict in a dict, a thousand times
        found = f"a deeply nested {type(problem['input']).__name__}"
    shown = "" if problem["type"] in {"missing", "json_invalid"} else f" (found {found[:80]}{'…' * (len(found) > 80)})"
    return f"{where + ': ' if where else ''}{message}{shown}"
