"""The cells of the workshop notebook that sdkit grew from run unchanged, with `sdkit` for `sdialog`.

The notebook itself is not part of the project; $SDKIT_SEED_NOTEBOOK names its text.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NAMED = os.environ.get("SDKIT_SEED_NOTEBOOK")

PARAGRAPHS = {"6": 3, "11": 2, "14": 2, "29": 2, "31": 4, "32": 3}  # cells whose code has blank lines in it
OUTSIDE = {"20"}  # asks a bare ChatOllama for a list without bounds, on which a tiny model may go on for minutes
LAST = "32"  # the end of "Role-Playing-based Generation"
MODEL_FREE = {
    "7",
    "8",
    "9",
    "10",
    "11",
    "12",
    "13",
    "15",
    "16",
    "17",
    "19",
    "30",
    "31",
}  # cells whose output depends on no model
MODEL = {"23", "25", "26", "32"}


def cells(text: str) -> list[tuple[str, str, str]]:
    """Return (number, code, what follows) of the cells up to `LAST`, without those that start a shell."""
    found = []
    parts = re.split(r"(?m)^In \[(\d+|None| )\]:\n", text)[1:]
    for number, block in zip(parts[::2], parts[1::2], strict=True):
        paragraphs = block.split("\n\n")
        count = PARAGRAPHS.get(number, 1)
        code = "\n\n".join(paragraphs[:count])
        if number not in OUTSIDE and not re.search(r"(?m)^!|get_ipython", code):
            found.append((number, code.replace("sdialog", "sdkit"), "\n\n".join(paragraphs[count:])))
        if number == LAST:
            break
    return found


def printed(cell: nbformat.NotebookNode) -> str:
    texts = [output.get("text") or output["data"]["text/plain"] for output in cell.outputs]
    return re.sub(r"\x1b\[[\d;]*m", "", "".join(texts)).rstrip("\n")


@pytest.mark.seed
@pytest.mark.embedded
@pytest.mark.skipif(not NAMED, reason="SDKIT_SEED_NOTEBOOK does not name the text of the workshop notebook")
def test_the_seed_notebook_runs_unchanged(tmp_path: Path) -> None:
    # Given the notebook's cells, with the embedded model for the one it names
    source = cells(Path(NAMED or "").read_text(encoding="utf-8"))
    codes = [
        re.sub(r"^MODEL_NAME = .*", "from sdkit import default_model\nMODEL_NAME = default_model()", code)
        for _, code, _ in source
    ]
    assert len(source) >= 26
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])

    # When they run in order, in a kernel
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env=os.environ | {"OLLAMA_HOST": "127.0.0.1:1"})

    # Then what does not depend on a model is there letter for letter, and what does is a dialogue
    compared = set()
    for (number, _, expected), cell in zip(source, notebook.cells, strict=True):
        output = printed(cell)
        if number in MODEL_FREE:
            compared.add(number)
            # The copy of the notebook that we have ends each output with blank lines.
            assert expected.startswith(output + "\n"), f"cell {number}:\n{output}\n-- instead of --\n{expected[:600]}"
        if number in MODEL:
            compared.add(number)
            assert "--- Dialogue Begins ---\n[" in output
            assert output.endswith("--- Dialogue Ends ---")
    assert compared == MODEL_FREE | MODEL
