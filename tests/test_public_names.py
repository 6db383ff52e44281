"""What ``import sdkit`` offers, and what it costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import sdkit

ROOT = Path(__file__).parents[1]


def modules_after(code: str) -> set[str]:
    """Return the names of the top-level packages that a fresh interpreter has loaded after the code."""
    report = "import sys, json; print(json.dumps([name.partition('.')[0] for name in sys.modules]))"
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(json.loads(run.stdout))


@pytest.mark.parametrize("name", sdkit.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(sdkit, name) is not None
    assert name in dir(sdkit)


def test_the_list_of_public_names_is_complete() -> None:
    assert set(sdkit.__all__) == {*sdkit._HOMES, "__version__"}
    assert {"Dialog", "Turn", "DialogGenerator"} <= set(sdkit.__all__)


def test_a_public_name_is_the_one_at_its_home() -> None:
    from sdkit.dialog import Dialog
    from sdkit.errors import SdkitError

    assert sdkit.Dialog is Dialog
    assert sdkit.SdkitError is SdkitError


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'sdkit' has no attribute 'Dialogue'"):
        sdkit.Dialogue  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'Dialogue'"):
        exec("from sdkit import Dialogue")


@pytest.mark.parametrize("module", ["sdkit", "sdkit.dialog", "sdkit.generators"])
def test_a_star_import_shadows_no_builtin(module: str) -> None:
    names: dict[str, object] = {}

    exec(f"from {module} import *", names)

    assert "Dialog" in names or "DialogGenerator" in names
    assert not {"print", "open", "input"} & set(names)


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import sdkit", {"pydantic", "httpx", "langchain_core", "pandas", "IPython"}),
        ("from sdkit import Dialog", {"langchain_core", "httpx", "pandas", "IPython"}),
        (
            "from sdkit import Dialog\nd = Dialog(turns=[{'speaker': 'A', 'text': 'Hi'}])\nd._repr_mimebundle_()",
            {"langchain_core", "httpx", "pandas", "IPython"},
        ),
    ],
    ids=["import sdkit", "from sdkit import Dialog", "use Dialog"],
)
def test_an_import_brings_in_no_more_than_it_needs(code: str, unwanted: set[str]) -> None:
    loaded = modules_after(code)

    assert "sdkit" in loaded
    assert not loaded & unwanted
