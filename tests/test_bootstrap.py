"""`python3 -m sdkit` on a bare machine. What it installs for real is shown by ``benchmarks/bare_machine.py``."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYTHON = getattr(sys, "_base_executable", sys.executable)  # not the environment's: a bare one


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of the files that the bootstrap needs."""
    shutil.copytree(ROOT / "sdkit", tmp_path / "sdkit", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def run(checkout: Path, *words: str, before: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m sdkit`` with a bare Python, after some code that changes what it finds."""
    code = (
        f"{before}\nimport runpy, sys; sys.argv[1:] = {list(words)!r}; runpy.run_module('sdkit', run_name='__main__')"
    )
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
    return subprocess.run(
        [PYTHON, "-c", code],
        cwd=checkout,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("name", ["__main__.py", "__init__.py"])
def test_the_bootstrap_parses_on_pythons_that_are_too_old(name: str) -> None:
    # f-strings, annotations of variables and `match` are errors to this grammar
    ast.parse((ROOT / "sdkit" / name).read_text(encoding="utf-8"), feature_version=(3, 5))


def test_a_python_that_is_too_old_is_told_in_one_sentence(checkout: Path) -> None:
    result = run(checkout, "lab", before="import sys; sys.version_info = (3, 8, 1)")
    assert result.returncode == 1
    assert "needs Python 3.11 or newer, and this is 3.8" in result.stderr
    assert "python3.11 -m sdkit lab" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told_the_command_that_mends_it(checkout: Path, missing: str) -> None:
    hide = (
        "import importlib.util as u; real = u.find_spec\n"
        f"u.find_spec = lambda name, *rest: None if name == {missing!r} else real(name, *rest)"
    )
    result = run(checkout, "lab", before=hide)
    assert result.returncode == 1
    assert "sudo apt install python3-venv" in result.stderr
    assert "Traceback" not in result.stderr


def test_without_a_network_it_says_what_is_missing_and_the_next_run_starts_afresh(checkout: Path) -> None:
    # Given a package index that nobody answers for
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:1/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_DEFAULT_TIMEOUT": "1"}
    # When the workshop is opened
    result = run(checkout, "lab", **nowhere)
    # Then one sentence says so
    assert result.returncode == 1
    assert result.stderr.startswith("No network:")
    assert result.stderr.count("\n") == 1
    # And the half-made environment is not taken for a finished one
    again = run(checkout, "lab", **nowhere)
    assert "starting it afresh" in again.stdout
    assert again.stderr.startswith("No network:")


def test_two_set_ups_at_once_do_not_meet(checkout: Path) -> None:
    # Given a set-up that is under way
    with (checkout / ".sdkit-setup.lock").open("w") as lock:
        fcntl = pytest.importorskip("fcntl")
        fcntl.flock(lock, fcntl.LOCK_EX)
        (checkout / ".venv").mkdir()
        (checkout / ".venv" / ".sdkit-made").touch()
        (checkout / ".venv" / ".sdkit-building").touch()
        # When another one begins, Then it leaves the environment alone
        result = run(checkout, "test")
    assert result.returncode == 1
    assert "Another set-up is running" in result.stderr
    assert (checkout / ".venv" / ".sdkit-building").exists()


def test_an_environment_of_somebody_else_is_never_taken_away(checkout: Path) -> None:
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "mine.txt").write_text("precious")
    result = run(checkout, "lab")
    assert result.returncode == 1
    assert "not ours" in result.stderr
    assert (checkout / ".venv" / "mine.txt").read_text() == "precious"


def test_a_file_in_the_place_of_the_environment_is_one_sentence(checkout: Path) -> None:
    (checkout / ".venv").write_text("a file")
    result = run(checkout, "lab")
    assert result.returncode == 1
    assert result.stderr.startswith("The environment in .venv cannot be made")
    assert "Traceback" not in result.stderr


def test_help_on_a_bare_machine_installs_nothing(checkout: Path) -> None:
    result = run(checkout, "lab", "--help")
    assert "python3 -m sdkit lab" in result.stderr
    assert not (checkout / ".venv").exists()


def test_other_commands_do_not_install_anything(checkout: Path) -> None:
    result = run(checkout, "doctor")
    assert result.returncode == 1
    assert "python3 -m sdkit lab" in result.stderr
    assert not (checkout / ".venv").exists()


def test_a_change_of_what_is_wanted_is_noticed(checkout: Path) -> None:
    code = (
        "import sdkit.__main__ as m; import os\n"
        "os.makedirs(m.VENV); open(m.READY, 'w').write(m.wanted() + ' lab')\n"
        "print(m.is_ready('lab'), m.is_ready('lab,test'))\n"
        "open('constraints.txt', 'a').write('# newer\\n'); print(m.is_ready('lab'))\n"
    )
    told = subprocess.check_output([PYTHON, "-c", code], cwd=checkout, text=True)
    assert told.split() == ["True", "False", "False"]


def test_a_wheel_holds_the_library_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
    )
    import zipfile

    (wheel,) = tmp_path.glob("synthetic_dialogue_kit-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "sdkit/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"sdkit", "synthetic_dialogue_kit"}


def test_nobody_is_told_to_install_the_other_project() -> None:
    tracked = [ROOT / "README.md", *(ROOT / "sdkit").rglob("*.py"), *(ROOT / "notebooks").glob("*.ipynb")]
    assert [file for file in tracked if "pip install " + "sdkit" in file.read_text(encoding="utf-8")] == []


def test_the_constraints_hold_names_and_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#") and line.count("==") != 1] == []
    assert not any("/" in line or "@" in line for line in lines)
