from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sdkit.teaching import gallery

if TYPE_CHECKING:
    from .conftest import Notebook


def test_a_picture_of_a_widget_is_taken(notebook: Notebook, tmp_path: Path) -> None:
    path = gallery.picture(notebook, "ModelPicker", tmp_path)
    assert path == tmp_path / "widget_model_picker.png"
    assert len(path.read_bytes()) > 10_000  # an empty one has less
