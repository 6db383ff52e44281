"""Maps of personas: who is alike stands near each other."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sdkit import rendering
from sdkit.analysis.picture import INK, LOOKS, Plot, drawing
from sdkit.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NOTE = (
    "A mark is a persona, and its shape the value of the attribute; those from before are hollow. Personas that are "
    "alike stand near each other, as far as two of several hundred dimensions can show it."
)
_NAMED = 60  # personas; of more, the names would cover each other


@dataclass(frozen=True)
class Point:
    """A persona on the map.

    Attributes
    ----------
    name : str
        Who it is.
    x, y : float
        Where: personas whose embeddings are alike are near each other, as far as two dimensions can show it.
    new : bool
        Whether it was made now; False for those that were there before.
    values : dict
        The value of each attribute that it shows, in words; "unknown" where that cannot be told.
    summary : str
        What it says of itself.
    nearest : str
        Who is nearest to it; "" if there is nobody else.
    similarity : float
        The cosine of both embeddings.
    """

    name: str
    x: float
    y: float
    new: bool
    values: dict[str, str]
    summary: str
    nearest: str
    similarity: float


def plot_map(points: Sequence[Point], by: str | None) -> Plot:
    """Draw a map of personas.

    Values of the attribute differ by the shape of their marks, so that it can be read in black and white.

    Parameters
    ----------
    points
        The personas.
    by
        The attribute whose values have marks of their own; None for one mark for all.

    Raises
    ------
    InputError
        There are no personas, or no such attribute.
    MissingPackageError
        matplotlib is not installed.
    """
    if not points:
        raise InputError("there are no personas to draw")
    if by is not None and by not in points[0].values:
        raise InputError(f"by={by!r} is none of the attributes: {', '.join(points[0].values)}")
    groups: dict[str, list[Point]] = {}
    for point in points:
        groups.setdefault(point.values[by] if by is not None else "personas", []).append(point)
    with drawing("draw a map of personas") as Figure:  # noqa: N806 - a class
        figure = Figure(figsize=(8, 5.5), layout="constrained")
        axes = figure.subplots()
        for (value, group), (marker, colour) in zip(groups.items(), itertools.cycle(LOOKS), strict=False):
            for new in (True, False):
                some = [point for point in group if point.new == new]
                style: dict[str, Any] = {
                    "mfc": colour if new else "none",
                    "mec": colour,
                    "ms": 7,
                    "mew": 1.2,
                    "ls": "none",
                }
                if some:
                    name = f"{rendering.shown(value)}{'' if new else ' (before)'}"
                    axes.plot([p.x for p in some], [p.y for p in some], marker=marker, label=name, **style)
        if len(points) <= _NAMED:
            for point in points:
                name = rendering.shown(point.name)
                axes.annotate(name, (point.x, point.y), (4, 3), textcoords="offset points", fontsize=6, color=INK)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines["bottom"].set_visible(False)
        axes.margins(0.12)
        figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False, title=by and rendering.shown(by))
    return Plot(figure, _in_words(points, by), _NOTE, "coverage-map")


def _in_words(points: Sequence[Point], by: str | None) -> str:
    said = f"{len(points)} personas"
    if by is not None:
        counts = Counter(point.values[by] for point in points)
        said += f" by {by}: {', '.join(f'{value} {count}' for value, count in counts.items())}"
    near = max(points, key=lambda point: point.similarity)
    if near.nearest:
        said += f". The nearest are {near.name} and {near.nearest}, with a similarity of {near.similarity:.2f}"
    return rendering.shown(f"{said}.")


def places(vectors: NDArray[Any] | None) -> list[tuple[float, float]]:
    """Return the first two principal components of embeddings, with signs that do not depend on the machine."""
    if vectors is None:
        return []
    import numpy as np

    centred = vectors - vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    found = np.zeros((len(vectors), 2))
    for axis, direction in enumerate(directions[:2]):
        sign = 1.0 if direction[np.abs(direction).argmax()] >= 0 else -1.0
        found[:, axis] = sign * (centred @ direction)
    return [(round(float(x), 6), round(float(y), 6)) for x, y in found]
