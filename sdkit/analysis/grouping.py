"""Vectors in groups, by k-means on their principal components."""

from __future__ import annotations

from typing import Any

from sdkit.analysis.cluster_layout import laid_out
from sdkit.errors import InputError, MissingPackageError

MOST = 12
"""At most so many groups are found if nobody says how many: as many as have looks of their own in a picture."""
_EACH = 3  # vectors on average, at least, if nobody says how many groups
_DIMENSIONS = 20
_STARTS = 4
_COMPARED = 2_000  # vectors, for the silhouette


def grouped(rows: Any, count: int | None, seed: int) -> tuple[Any, Any, float]:
    """Return the group of each row, the largest first, a place for each on a plane, and the silhouette.

    Parameters
    ----------
    rows
        An array of vectors of length 1.
    count
        How many groups; None for the number with the largest silhouette.
    seed
        The same seed gives the same groups.

    Raises
    ------
    InputError
        `count` is more than there are different rows.
    MissingPackageError
        scikit-learn is not installed.
    """
    try:
        import numpy as np
        from sklearn.cluster import KMeans
        from sklearn.metrics import silhouette_score
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # scikit-learn brings it along
    except ImportError as error:
        raise MissingPackageError("scikit-learn", "find clusters", extra="factory") from error
    with threadpool_limits(1):  # several threads are slower where others work, too
        reduced = _reduced(rows, seed)
        distinct = len(np.unique(reduced.round(6), axis=0))
        if count is not None and count > distinct:
            raise InputError(f"count={count}: there are only {distinct} different dialogues; give at most that many")
        most = min(MOST, len(rows) // _EACH, distinct)
        best, silhouette = np.zeros(len(rows), dtype=int), float("nan")
        for k in range(2, most + 1) if count is None else [count] if count > 1 else []:
            labels = KMeans(k, n_init=_STARTS, random_state=seed).fit_predict(reduced)
            score = float("nan")
            if k < len(rows):
                some = _COMPARED if len(rows) > _COMPARED else None
                score = float(silhouette_score(reduced, labels, sample_size=some, random_state=seed))
            if not best.any() or score > silhouette:
                best, silhouette = labels, score
        layout = laid_out(reduced, seed)
    _, best = np.unique(best, return_inverse=True)
    sizes = np.bincount(best)
    order = sorted(range(len(sizes)), key=lambda label: (-sizes[label], (best == label).argmax()))
    numbers = np.empty(len(order), dtype=int)
    numbers[order] = np.arange(len(order))
    return numbers[best], layout, round(silhouette, 4)


def _reduced(rows: Any, seed: int) -> Any:
    """Return the first principal components."""
    import numpy as np
    from sklearn.decomposition import PCA

    if len(rows) < 2:
        return np.zeros((len(rows), 1))
    with np.errstate(invalid="ignore", divide="ignore"):  # if all are the same, no component has a share of anything
        return PCA(min(_DIMENSIONS, *rows.shape), random_state=seed).fit_transform(rows.astype(float))


def nearness(rows: Any, labels: Any, number: int) -> Any:
    """Return the cosine of each row to the mean of its group, of which there are so many."""
    import numpy as np

    means = np.array([rows[labels == label].mean(axis=0) for label in range(number)])
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return (rows * (means / np.where(lengths > 0, lengths, 1))[labels]).sum(axis=1).round(6)
