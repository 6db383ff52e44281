"""Embeddings as the rows of an array, checked: what clusters and sweeps begin with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sdkit.errors import InputError, MissingPackageError


def directions(vectors: Sequence[Sequence[float]] | Any, doing: str) -> Any:
    """Return vectors as the rows of an array of float32, each of length 1.

    Parameters
    ----------
    vectors
        At least one, all of one length.
    doing
        What they are needed for, for the error.

    Raises
    ------
    InputError
        There are none, they differ in length, or one has no direction: it is zero, or no number.
    MissingPackageError
        numpy is not installed.
    """
    try:
        import numpy as np
    except ImportError as error:
        raise MissingPackageError("numpy", doing, extra="factory") from error
    try:
        rows = np.asarray(vectors, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError("the vectors have different lengths, or are no numbers") from error
    if rows.ndim != 2 or not rows.size:
        raise InputError(f"vectors are a list of lists of numbers, at least one; these have the shape {rows.shape}")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    bad = np.flatnonzero(~(np.isfinite(lengths[:, 0]) & (lengths[:, 0] > 0)))
    if len(bad):
        raise InputError(f"vector {bad[0]} has no direction: it is zero, or has something in it that is no number")
    return rows / lengths
