from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from sdkit.errors import FileError
from sdkit.teaching import notebooks


def notebook(path: Path, *codes: str) -> Path:
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes]), path)
    return path


def test_a_notebook_that_reaches_the_end(tmp_path: Path) -> None:
    file = notebook(tmp_path / "good.ipynb", "x = 1", "", "import os; assert os.environ['SDKIT_MODEL'] == 'embedded'")
    before = file.read_bytes()
    result = notebooks.run(file, model="embedded")
    assert (result.problem, result.cells) == (None, 2)
    assert file.read_bytes() == before


def test_a_cell_that_fails_is_named(tmp_path: Path) -> None:
    file = notebook(tmp_path / "bad.ipynb", "x = 1", "x / 0", "x = 2")
    assert notebooks.run(file).problem == "code cell 2: ZeroDivisionError: division by zero"


def test_a_cell_that_hangs_is_ended(tmp_path: Path) -> None:
    file = notebook(tmp_path / "slow.ipynb", "import time; time.sleep(60)")
    assert "timed out" in (notebooks.run(file, timeout=1).problem or "").lower()


@pytest.mark.parametrize("content", ["{", "[]", '{"cells": 3}', "plain text"])
def test_what_is_no_notebook_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "broken.ipynb"
    file.write_text(content)
    with pytest.raises(FileError, match=r"broken\.ipynb: is not a Jupyter notebook"):
        notebooks.run(file)
