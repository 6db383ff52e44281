from __future__ import annotations

from pathlib import Path

import pytest

from sdkit.errors import FileError
from sdkit.teaching import workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("notebooks", "datasets", "output"):
        (tmp_path / folder).mkdir()
    (tmp_path / "notebooks" / "00_a.ipynb").write_text("first version")
    (tmp_path / "notebooks" / "01_b.ipynb").write_text("second lesson")
    return tmp_path


def test_lessons_are_copied_in_order(root: Path) -> None:
    assert workspace.copy_lessons(root) == []
    assert [path.name for path in workspace.lessons(root)] == ["00_a.ipynb", "01_b.ipynb"]
    assert (root / "work" / "00_a.ipynb").read_text() == "first version"


def test_work_survives_new_material(root: Path) -> None:
    # Given a copy that somebody worked in
    workspace.copy_lessons(root)
    (root / "work" / "00_a.ipynb").write_text("my work")
    assert workspace.copy_lessons(root) == []
    # When the lesson gets a newer version
    (root / "notebooks" / "00_a.ipynb").write_text("newer version")
    kept = workspace.copy_lessons(root)
    # Then the work is still there, and somebody says so
    assert (root / "work" / "00_a.ipynb").read_text() == "my work"
    assert len(kept) == 1
    assert "work/00_a.ipynb has your work in it" in kept[0]


def test_an_untouched_copy_follows_the_lesson(root: Path) -> None:
    workspace.copy_lessons(root)
    (root / "notebooks" / "00_a.ipynb").write_text("newer version")
    assert workspace.copy_lessons(root) == []
    assert (root / "work" / "00_a.ipynb").read_text() == "newer version"


def test_a_deleted_copy_comes_back(root: Path) -> None:
    workspace.copy_lessons(root)
    (root / "work" / "00_a.ipynb").unlink()
    workspace.copy_lessons(root)
    assert (root / "work" / "00_a.ipynb").read_text() == "first version"


def test_a_broken_record_costs_no_work(root: Path) -> None:
    workspace.copy_lessons(root)
    (root / "work" / "00_a.ipynb").write_text("my work")
    (root / "work" / ".copies.json").write_text("{")
    assert len(workspace.copy_lessons(root)) == 1
    assert (root / "work" / "00_a.ipynb").read_text() == "my work"


def test_a_copy_runs_in_the_workspaces_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace.copy_lessons(root)
    monkeypatch.chdir(root / "work")
    assert workspace.enter() == root
    assert Path.cwd() == root


def test_elsewhere_files_go_to_the_current_folder(tmp_path: Path) -> None:
    assert workspace.root_of(tmp_path) == tmp_path


def test_an_installed_wheel_has_no_lessons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdkit.__file__", str(tmp_path / "sdkit" / "__init__.py"))
    with pytest.raises(FileError, match="holds no lessons"):
        workspace.checkout()
