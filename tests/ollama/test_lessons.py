"""The lessons, live on a real Ollama."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sdkit.teaching import notebooks, workspace

pytestmark = [pytest.mark.ollama, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]


# Which have structured output, free text, agents; the embedded model runs them all.
LESSONS = [path for path in workspace.lessons(ROOT) if path.stem[:2] in ("02", "04")]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_reaches_its_end(path: Path, tmp_path: Path) -> None:
    for folder in ("output", "work"):
        (tmp_path / folder).mkdir()
    shutil.copytree(ROOT / "datasets", tmp_path / "datasets", ignore=shutil.ignore_patterns("recordings"))
    copy = tmp_path / "work" / path.name
    shutil.copyfile(path, copy)
    assert notebooks.run(copy, "tiny").problem is None
