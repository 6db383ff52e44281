"""Public names of a package that are resolved on first use (PEP 562), so that its other modules cost nothing more."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def names(
    package: str, homes: Mapping[str, str], before: str | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package
        Its name.
    homes
        From each public name to the module of the package that has it.
    before
        A module that is imported before any other.
    """

    def resolve(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if before is not None:
            importlib.import_module(f"{package}.{before}")
        value = getattr(importlib.import_module(f"{package}.{homes[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return resolve, lambda: sorted({*vars(sys.modules[package]), *homes})
