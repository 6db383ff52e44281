from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import sdkit.widgets
from sdkit.cli import main
from sdkit.teaching.gallery import DEMOS


def test_every_widget_has_a_demo() -> None:
    assert list(DEMOS) == sdkit.widgets.__all__


@pytest.mark.parametrize("widget", DEMOS)
def test_a_demo_ends_in_its_widget(widget: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    *before, last = ast.parse(DEMOS[widget]).body
    assert isinstance(last, ast.Expr)

    names: dict[str, object] = {}
    exec(compile(ast.Module(before, []), widget, "exec"), names)
    shown = eval(compile(ast.Expression(last.value), widget, "eval"), names)

    assert type(shown).__name__ == widget
    assert shown.last_error is None


def test_a_widget_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["notebooks", "gallery", "Clock"]) == 2
    assert "there is no widget Clock; there are BatchRunner" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("missing", "told"), [("playwright", 'pip install -e ".[test]"'), ("chromium", "apt-get install chromium")]
)
def test_without_a_browser_it_says_what_to_install(
    missing: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if missing == "playwright":
        monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    else:
        monkeypatch.delenv("SDKIT_CHROMIUM", raising=False)
        monkeypatch.setenv("PATH", "")
        monkeypatch.setitem(sys.modules, "playwright.sync_api", ast)
    assert main(["notebooks", "gallery"]) == 1
    assert told in capsys.readouterr().err
