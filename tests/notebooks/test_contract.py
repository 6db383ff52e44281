"""What every lesson keeps to, so that its outputs can be compared and read without running it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
LIVE = "nbval-ignore-output"


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_there_are_lessons() -> None:
    assert [lesson.name[:2] for lesson in LESSONS] == ["00", "01"]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
class TestLesson:
    @pytest.fixture
    def notebook(self, lesson: Path) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads(lesson.read_text(encoding="utf-8"))
        return loaded

    def test_was_run_from_top_to_bottom(self, notebook: dict[str, Any]) -> None:
        counts = [cell["execution_count"] for cell in code_cells(notebook)]
        assert counts == list(range(1, len(counts) + 1))

    def test_has_outputs_that_nbval_compares(self, notebook: dict[str, Any]) -> None:
        compared = [c for c in code_cells(notebook) if c["outputs"] and LIVE not in c["metadata"].get("tags", [])]
        assert len(compared) >= 3

    def test_ends_no_cell_in_an_error(self, notebook: dict[str, Any]) -> None:
        kinds = {output["output_type"] for cell in code_cells(notebook) for output in cell["outputs"]}
        assert "error" not in kinds

    def test_says_what_to_expect(self, notebook: dict[str, Any]) -> None:
        opening = "".join(notebook["cells"][0]["source"])
        for promise in ("What you'll do", "What you'll learn", "What you need", "Time"):
            assert promise in opening

    def test_links_onward_to_files_that_are_there(self, lesson: Path, notebook: dict[str, Any]) -> None:
        links = re.findall(r"\]\((?!https?:)([^)#]+)\)", "".join("".join(c["source"]) for c in notebook["cells"]))
        assert links
        assert [link for link in links if not (lesson.parent / link).exists()] == []

    def test_runs_everywhere(self, lesson: Path, notebook: dict[str, Any]) -> None:
        for cell in code_cells(notebook):
            assert not re.search(r"^\s*[!%]", "".join(cell["source"]), re.MULTILINE), (
                "shell magics do not run on Windows"
            )
        text = lesson.read_text(encoding="utf-8")
        assert not re.search(r"/home/|/Users/|/root/|/tmp/|[A-Z]:\\\\", text), "names a place on one machine"
        assert "widgets" not in notebook["metadata"], "saved widget state breaks GitHub's rendering"
