"""A notebook in a real JupyterLab in a real browser, driven from Python: for the tests and the pictures of widgets."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdkit.errors import LabError, MissingPackageError
from sdkit.teaching.lab import NO_NEWS, JupyterLab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator

NAMES = ("chromium", "chromium-browser", "google-chrome")
HEIGHT, WIDTH = 1000, 1280

# Errors in the console that are JupyterLab's own: what it was asking a kernel that is being restarted. Its debugger
# asks for its state, and each widget that has just appeared for a subshell.
_NOT_OURS = re.compile("Could not restore the debugger state|Canceled future for create_subshell_request")

_NOTEBOOK = {"nbformat": 4, "nbformat_minor": 5}
_KERNELSPEC = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}

# The indicator of the kernel says "idle" before there is one; what is pressed before then is lost.
_READY = """async () => {
  const panel = jupyterapp.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
}"""
_ASK = """async code => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({code, store_history: false});
  const answer = {printed: '', error: null};
  future.onIOPub = message => {
    if (message.header.msg_type === 'stream') answer.printed += message.content.text;
    if (message.header.msg_type === 'error') answer.error = message.content.traceback.join('\\n');
  };
  await future.done;
  return answer;
}"""
_FIRST_ERROR = """() => {
  for (const cell of jupyterapp.shell.currentWidget.content.model.sharedModel.cells)
    for (const output of cell.toJSON().outputs ?? [])
      if (output.output_type === 'error') return output.traceback.join('\\n');
  return null;
}"""
# A kernel as if it were new, in a tenth of the time; the environment is the one that it began with, and what is given.
_CLEAN = """
import os, sys
if "ipywidgets" in sys.modules:
    sys.modules["ipywidgets"].Widget.close_all()
sys.sdkit_began_with = getattr(sys, "sdkit_began_with", dict(os.environ))
os.environ.clear()
os.environ.update(sys.sdkit_began_with | {given!r})
os.chdir({folder!r})
get_ipython().run_line_magic("reset", "-f")
"""


def why_not() -> str:
    """Return why notebooks cannot be driven here, and what to do about it; nothing if they can."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return str(MissingPackageError("playwright", "drive a browser", extra="test"))
    return "" if find_chromium() else no_chromium()


def no_chromium() -> str:
    """Say that there is no browser, and what to do about it."""
    return f"there is no {', '.join(NAMES)} on the PATH, and SDKIT_CHROMIUM names none: apt-get install chromium"


def find_chromium() -> str:
    """Return the path of the browser: $SDKIT_CHROMIUM, else the first of `NAMES` on the PATH, else nothing."""
    return os.environ.get("SDKIT_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), "")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Give a browser without a window. While it is open, this thread cannot run an event loop of its own.

    Raises
    ------
    LabError
        There is none; says what to install.
    """
    if why := why_not():
        raise LabError(why)
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-dev-shm-usage"]  # containers have neither the rights nor the memory
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments)
        yield browser
        browser.close()


def quiet_lab(root: Path, private: Path) -> JupyterLab:
    """Return a JupyterLab to be driven: it asks nothing, and neither reads nor changes anybody's settings.

    Parameters
    ----------
    root
        The folder of the notebooks.
    private
        A folder for its own files.
    """
    news = private / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True, exist_ok=True)
    news.write_text(json.dumps(NO_NEWS), encoding="utf-8")
    folders = {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces"}
    folders |= {"JUPYTER_CONFIG_DIR": "config", "IPYTHONDIR": "ipython"}
    return JupyterLab(
        root,
        "",
        20_000 + secrets.randbelow(10_000),  # two that start at the same time shall not look at the same port
        arguments=["--LabApp.expose_app_in_browser=True"],
        environment={name: str(private / folder) for name, folder in folders.items()},
        unset=_ours(),
    )


class NotebookPage:
    """A notebook, open in JupyterLab, with a kernel.

    Parameters
    ----------
    lab
        A `quiet_lab` that runs.
    browser
        A `chromium`.
    name
        The name of the notebook's file.

    Attributes
    ----------
    page : playwright.sync_api.Page
        The page, for whatever is not here.
    console_errors : list of str
        What was written to the browser's console as an error since the last `open`.
    """

    def __init__(self, lab: JupyterLab, browser: Browser, name: str = "page.ipynb") -> None:
        self.console_errors: list[str] = []
        self._lab, self._file = lab, lab.root / name
        self._environment: dict[str, str] = {}
        self._write([])
        self.page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self._keep(str(error)))
        self._load()

    def open(self, cells: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Make the notebook one of these code cells, not yet run, and the kernel as good as new.

        Parameters
        ----------
        cells
            The sources of the cells.
        env
            Environment variables that the kernel is given.
        """
        self._write(cells)
        self._show(env)

    def open_file(self, path: Path, env: Mapping[str, str] | None = None) -> None:
        """Make the notebook a copy of this one, and the kernel as good as new."""
        self._file.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
        self._show(env)

    def _show(self, env: Mapping[str, str] | None) -> None:
        self._environment = dict(env or {})
        self.page.evaluate("jupyterapp.shell.currentWidget.context.revert()")
        self._clean()
        self.width(WIDTH)
        self.light()
        self.console_errors.clear()

    def close(self) -> None:
        """Leave the notebook and the page."""
        self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.close()

    def run_all(self) -> None:
        """Run all cells and wait until they have finished.

        Raises
        ------
        LabError
            A cell failed; with its traceback.
        """
        self.page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
        if failed := self.page.evaluate(_FIRST_ERROR):
            raise LabError(f"a cell of {self._file.name} failed:\n{_plain(failed)}")

    def kernel(self, code: str) -> str:
        """Run code in the kernel, unseen by the notebook, and return what it printed.

        Raises
        ------
        LabError
            The code failed; with its traceback.
        """
        answer = self.page.evaluate(_ASK, code)
        if answer["error"]:
            raise LabError(f"the kernel could not do {code!r}:\n{_plain(answer['error'])}")
        return str(answer["printed"]).removesuffix("\n")

    def root(self, css_class: str) -> Locator:
        """Return the root of a widget in the page."""
        return self.page.locator(f".jp-OutputArea .{css_class}")

    def reload(self) -> None:
        """Save the notebook and load the page anew; the kernel lives on."""
        self.page.evaluate("jupyterapp.shell.currentWidget.context.save()")
        self._load()

    def restart(self) -> None:
        """Restart the kernel."""
        self.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
        self.page.evaluate(_READY)
        self._clean()

    def restart_and_run(self) -> None:
        """Restart the kernel and run all cells."""
        self.restart()
        self.run_all()

    def dark(self) -> None:
        """Change to JupyterLab's dark theme."""
        self._theme("JupyterLab Dark", "false")

    def light(self) -> None:
        """Change to JupyterLab's light theme."""
        self._theme("JupyterLab Light", "true")

    def width(self, pixels: int) -> None:
        """Make the window this wide."""
        self.page.set_viewport_size({"width": pixels, "height": HEIGHT})

    def _load(self) -> None:
        self.page.goto(self._lab.address(f"lab/workspaces/{self._file.stem}/tree/{self._file.name}?reset"))
        self.page.wait_for_selector(".jp-Notebook")
        self.page.evaluate(_READY)
        self.page.evaluate("jupyterapp.shell.collapseLeft()")

    def _clean(self) -> None:
        self.kernel(_CLEAN.format(given=self._environment, folder=str(self._file.parent)))

    def _theme(self, name: str, is_light: str) -> None:
        self.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", name)
        self.page.wait_for_selector(f"body[data-jp-theme-light='{is_light}']", state="attached")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")  # it lies over everything

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._keep(f"{message.text} ({message.location.get('url', '')})")

    def _keep(self, error: str) -> None:
        if not _NOT_OURS.search(error):
            self.console_errors.append(error)

    def _write(self, cells: Sequence[str]) -> None:
        code: list[dict[str, Any]] = [
            {"cell_type": "code", "id": f"cell-{i}", "metadata": {}, "source": source, "outputs": []}
            | {"execution_count": None}
            for i, source in enumerate(cells)
        ]
        self._file.write_text(json.dumps(_NOTEBOOK | {"metadata": _KERNELSPEC, "cells": code}), encoding="utf-8")


def _ours() -> list[str]:
    """Return the variables that would make a kernel here another than elsewhere."""
    return [name for name in os.environ if name.startswith("SDKIT_") or name == "OLLAMA_HOST"]


def _plain(traceback: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", traceback)
