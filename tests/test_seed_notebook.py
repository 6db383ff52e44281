"""The cells of the workshop notebook that sdkit grew from run unchanged, with `sdkit` for `sdialog`.

The notebook itself is not part of the project; $SDKIT_SEED_NOTEBOOK names its text.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbclient import NotebookClient

from sdkit.dialog import Dialog

if TYPE_CHECKING:
    from conftest import FakeOllama

NAMED = os.environ.get("SDKIT_SEED_NOTEBOOK")
NOT_NAMED = "SDKIT_SEED_NOTEBOOK does not name the text of the workshop notebook"

# Cells are called by their number, those without one by a letter: "32b" is the second of them after 32.
PARAGRAPHS = {
    **{"6": 3, "11": 2, "14": 2, "29": 2, "31": 4, "32": 3, "32a": 4, "37": 2, "38a": 3, "41": 2, "43": 3, "45": 8},
    **{"49": 2, "49f": 2},
}  # cells whose code has blank lines in it
OUTSIDE = {"20"}  # asks a bare ChatOllama for a list without bounds, on which a tiny model may go on for minutes
MODEL_FREE = {
    *("7", "8", "9", "10", "11", "12", "13", "15", "16", "17", "19", "30", "31"),
    *("32a", "32b", "38a", "41", "44"),
}  # cells whose output depends on no model
BEGUN = {"35": '"hello": "H'}  # the copy of the notebook that we have ends this output here
LISTED = {"46", "46a"}  # files, in as many columns as there is room for
MODEL = {"23", "25", "26", "32", "38", "40", "43", "49c"}
EVERY = {*MODEL_FREE, *BEGUN, *LISTED, *MODEL}
STAR = "32a"  # from here on it is about STAR
FAKED, AFTER = "45", "46"  # makes 105 dialogues: a fake server answers, for this cell only


def cells(text: str) -> list[tuple[str, str, str]]:
    """Return (number, code, what follows) of the cells, without those that start a shell."""
    found = []
    parts = re.split(r"(?m)^In \[(\d+|None| )\]:\n", text)[1:]
    before, letters = "0", iter("")
    for printed_number, block in zip(parts[::2], parts[1::2], strict=True):
        if printed_number.isdigit():
            before, letters = printed_number, iter("abcdefghijk")
            number = before
        else:
            number = before + next(letters, "")
        paragraphs = block.split("\n\n")
        count = PARAGRAPHS.get(number, 1)
        code = "\n\n".join(paragraphs[:count])
        if number not in OUTSIDE and not re.search(r"(?m)^!|get_ipython", code):
            found.append((number, code.replace("sdialog", "sdkit"), "\n\n".join(paragraphs[count:])))
    return found


def printed(cell: nbformat.NotebookNode) -> str:
    texts = [output.get("text") or output["data"]["text/plain"] for output in cell.outputs]
    return re.sub(r"\x1b\[[\d;]*m", "", "".join(texts)).rstrip("\n")


def run(
    source: list[tuple[str, str, str]], folder: Path, address: str, instead: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """Run cells in a kernel, with the embedded model for the one that they name; return what each prints."""
    codes = [
        re.sub(r"^MODEL_NAME = .*", "from sdkit import default_model\nMODEL_NAME = default_model()", code)
        for _, code, _ in source
    ]
    codes = [instead.get(number, "") + code for (number, _, _), code in zip(source, codes, strict=True)]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(env=os.environ | {"OLLAMA_HOST": address})
    return {number: printed(cell) for (number, _, _), cell in zip(source, notebook.cells, strict=True)}


def compare(source: list[tuple[str, str, str]], outputs: Mapping[str, str]) -> set[str]:
    """See that what does not depend on a model is there letter for letter, and what does is a dialogue."""
    compared = set()
    for number, _, follows in source:
        output = outputs[number]
        # The copy of the notebook that we have ends each output with blank lines, and has progress bars as text.
        expected = re.sub(r"\A\w[\w ]+: +0%.*\n\n", "", follows)
        if number in MODEL_FREE:
            compared.add(number)
            assert expected.startswith(output + "\n"), f"cell {number}:\n{output}\n-- instead of --\n{expected[:600]}"
        if number in BEGUN:
            compared.add(number)
            begun = expected[: expected.index(BEGUN[number]) + len(BEGUN[number])]
            assert output.startswith(begun), f"cell {number}:\n{output}\n-- instead of --\n{begun}"
        if number in LISTED:
            compared.add(number)
            assert sorted(output.split()) == sorted(expected.partition("\n\n")[0].split())
        if number in MODEL:
            compared.add(number)
            assert "--- Dialogue Begins ---\n[" in output
            assert output.endswith("--- Dialogue Ends ---")
    return compared


@pytest.fixture(scope="module")
def source() -> list[tuple[str, str, str]]:
    found = cells(Path(NAMED or "").read_text(encoding="utf-8"))
    assert len(found) >= 52
    assert {number for number, _, _ in found} > EVERY
    return found


@pytest.mark.slow
@pytest.mark.seed
@pytest.mark.embedded
@pytest.mark.skipif(not NAMED, reason=NOT_NAMED)
def test_the_seed_notebook_runs_unchanged(source: list[tuple[str, str, str]], tmp_path: Path) -> None:
    general = source[: [number for number, _, _ in source].index(STAR)]
    assert compare(general, run(general, tmp_path, "127.0.0.1:1")) == EVERY & {number for number, _, _ in general}


@pytest.mark.slow
@pytest.mark.seed
@pytest.mark.embedded
@pytest.mark.skipif(not NAMED, reason=NOT_NAMED)
def test_its_cells_about_star_run_unchanged_on_the_real_data(
    source: list[tuple[str, str, str]], real_star: Path, fake_ollama: FakeOllama, tmp_path: Path
) -> None:
    # Given the data set where the notebook has it, and a fake server for the 105 dialogues
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "STAR").symlink_to(real_star)
    turns = [{"speaker": ("Bo", "AI")[i % 2], "text": f"Text {i}."} for i in range(6)]
    fake_ollama.answer = lambda body: json.dumps({"dialog": turns})
    at = [number for number, _, _ in source].index(STAR)
    needed = [cell for cell in source[:at] if cell[0] in {"1a", "21", "27"}]
    star = [*needed, ("", "from sdkit.generators import PersonaDialogGenerator", ""), *source[at:]]

    # When they run
    faked = {FAKED: "REAL, MODEL_NAME = MODEL_NAME, 'fake'\n", AFTER: "MODEL_NAME = REAL\n"}
    outputs = run(star, tmp_path, fake_ollama.url, faked)

    # Then they say what the notebook says
    assert compare(star, outputs) == EVERY & {number for number, _, _ in star}
    assert [body["options"]["seed"] for body in fake_ollama.received][:3] == [1, 9, 1848]
    assert outputs["49h"].startswith("Dialog(")
    dialog = Dialog.from_file(tmp_path / "output/STAR/full-generation/json/9.json")
    assert (dialog.dialogId, dialog.seed, dialog.speakers) == (9, 9, ["User", "System"])
