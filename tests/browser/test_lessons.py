"""Run All in a real JupyterLab, as a student does who has not begun: each lesson reaches its end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sdkit.teaching import workspace

if TYPE_CHECKING:
    from conftest import Notebook

    from sdkit.teaching.lab import JupyterLab

ROOT = Path(__file__).parents[2]
_STATE = """() => jupyterapp.shell.currentWidget.content.widgets
  .filter(cell => cell.model.type === 'code' && cell.model.sharedModel.source.trim())
  .map(cell => [cell.model.executionCount, cell.model.outputs.toJSON().map(output => output.output_type)])"""


@pytest.fixture(scope="module", autouse=True)
def workshop(jupyterlab: JupyterLab) -> None:
    shutil.copytree(ROOT / "datasets", jupyterlab.root / "datasets", dirs_exist_ok=True)
    (jupyterlab.root / "output").mkdir(exist_ok=True)


@pytest.mark.parametrize("lesson", workspace.lessons(ROOT), ids=lambda path: path.stem)
def test_run_all_reaches_the_end(notebook: Notebook, lesson: Path) -> None:
    notebook.open_file(lesson, {"SDKIT_LLM": "replay"})
    cells = sum(cell["cell_type"] == "code" for cell in json.loads(lesson.read_text("utf-8"))["cells"])

    notebook.restart_and_run()

    state = notebook.page.evaluate(_STATE)
    assert [count for count, _ in state] == list(range(1, cells + 1))
    assert not [kinds for _, kinds in state if "error" in kinds]
