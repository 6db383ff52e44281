"""How many dialogues would be removed at each threshold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sdkit.analysis import thresholds
from sdkit.analysis.thresholds import plot_sweep, sweep
from sdkit.errors import InputError


def at_angles(*degrees: float) -> list[list[float]]:
    return [[math.cos(math.radians(one)), math.sin(math.radians(one))] for one in degrees]


def slowly(vectors: Any, limit: float) -> int:
    """Return how many are removed, by the definition."""
    kept: list[Any] = []
    for vector in vectors / np.linalg.norm(vectors, axis=1, keepdims=True):
        if not any(float(vector @ other) >= limit for other in kept):
            kept.append(vector)
    return len(vectors) - len(kept)


def test_the_first_is_kept_and_what_is_near_to_it_removed() -> None:
    table = sweep(at_angles(0, 10, 20, 30), [0.999, 0.98, 0.9])
    assert table.columns.tolist() == ["threshold", "removed", "kept", "share"]
    # At 0.98, 20 degrees are far enough from 0; the one at 10 is removed, so that 20 and then 30 are held against 0 ...
    assert table["removed"].tolist() == [0, 2, 2]
    assert table["kept"].tolist() == [4, 2, 2]
    assert table["share"].tolist() == [0, 0.5, 0.5]


def test_what_was_removed_removes_nothing() -> None:
    # 20 is near to 10, which is near to 0: 10 is gone, and 20 stays.
    assert sweep(at_angles(0, 10, 20), [0.98])["removed"].tolist() == [1]


def test_it_is_exact_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(1).normal(size=(150, 4))
    wanted = [slowly(vectors, limit) for limit in (0.95, 0.9, 0.7, 0.2)]
    assert wanted[0] > 0
    for rows, columns in ((7, 11), (64, 64), (512, 16_384)):
        monkeypatch.setattr(thresholds, "_ROWS", rows)
        monkeypatch.setattr(thresholds, "_COLUMNS", columns)
        assert sweep(vectors, [0.95, 0.9, 0.7, 0.2])["removed"].tolist() == wanted


def test_copies_are_removed_at_any_threshold_and_lengths_do_not_matter() -> None:
    assert sweep([[1, 2], [2, 4], [3, 6]], [1.0])["removed"].tolist() == [2]


@pytest.mark.parametrize(
    ("vectors", "limits", "problem"),
    [
        ([], [0.9], "at least one"),
        ([[1.0], [1.0, 2.0]], [0.9], "different lengths"),
        ([[0.0, 0.0]], [0.9], "vector 0 has no direction"),
        ([[1.0]], [], "give at least one threshold"),
        *(
            ([[1.0]], [wrong], "cannot be; give numbers above 0, at most 1")
            for wrong in (0, 1.1, math.nan, True, "0.9")
        ),
    ],
)
def test_what_cannot_work_is_refused(vectors: Any, limits: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        sweep(vectors, limits)


def test_the_picture_says_how_many() -> None:
    plotted = plot_sweep(sweep(at_angles(0, 10, 20, 30), [0.999, 0.98]))
    assert plotted.alt == "Of 4 dialogues would be removed: at 0.999, 0 (0.0%); at 0.98, 2 (50.0%)."
    bars = [patch.get_width() for patch in plotted.figure.axes[0].patches]
    assert bars == [0, 50]
    assert "2 (50.0%)" in plotted.svg()
    for wrong in (None, sweep([[1.0]], [0.9]).iloc[:0]):
        with pytest.raises(InputError, match="there is no sweep to draw"):
            plot_sweep(wrong)
