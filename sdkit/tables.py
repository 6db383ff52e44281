"""Tables of pandas, which is imported only where one is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sdkit.errors import MissingPackageError

if TYPE_CHECKING:
    import pandas


def frame(of: str, rows: Iterable[Any], columns: Sequence[str] | None = None) -> pandas.DataFrame:
    """Return a table of these rows.

    Parameters
    ----------
    of
        What it is a table of, for the error.
    rows
        Tuples or dicts.
    columns
        Their names; None if the rows are dicts.

    Raises
    ------
    MissingPackageError
        pandas is not installed.
    """
    try:
        from pandas import DataFrame
    except ImportError as error:
        raise MissingPackageError("pandas", f"make a table of {of}") from error
    return DataFrame(list(rows), columns=columns)
