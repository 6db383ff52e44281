"""Widgets in a real JupyterLab and a real browser.

One server and one browser serve all these tests, one page and one kernel those of a file: `notebook.open(...)` makes
both as good as new in a fraction of the seconds that new ones take.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sdkit.teaching import browser as driver

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, LocatorAssertions

    from sdkit.teaching.lab import JupyterLab

PICTURES = Path(__file__).parents[2] / "output" / "browser"

# The parts of a root that do not fit into it, or whose text does not fit into them: people would not see the end.
_CUT = """root => {
  const right = root.getBoundingClientRect().right + 1;
  const cut = [root, ...root.querySelectorAll('*')].filter(part => {
    const style = getComputedStyle(part);
    const clips = style.overflowX !== 'visible' && part.clientWidth && part.scrollWidth > part.clientWidth + 1;
    return part.checkVisibility() && (part.getBoundingClientRect().right > right || clips);
  }).filter(part => !part.matches('input, textarea, select'));
  return cut.map(part => `${part.tagName.toLowerCase()}.${part.className}: ${part.textContent.slice(0, 40)}`);
}"""
_AXE = """async root => {
  const found = await axe.run(root, {resultTypes: ['violations']});
  return found.violations.flatMap(v => v.nodes.map(n => `${v.id} (${v.impact}): ${n.html} ${n.failureSummary}`));
}"""


class Notebook(driver.NotebookPage):
    """A `NotebookPage` with what only tests ask."""

    def expect(self, what: Locator) -> LocatorAssertions:
        """Return Playwright's assertions about an element, which wait for it to come true."""
        from playwright.sync_api import expect

        return expect(what)

    def kernel(self, code: str) -> str:
        """Run code in the kernel when what was pressed in the page has been done; return what it prints."""
        wait = "[thread.join() for thread in __import__('threading').enumerate() if thread.name == 'sdkit-click']"
        return super().kernel(f"{wait}\n{code}")

    def axe(self, root: Locator) -> list[str]:
        """Return what axe finds wrong inside an element: a line for each part of it; none is the aim.

        Parts of a widget appear one after the other: wait for its last one before.
        """
        from axe_playwright_python.base import AXE_SCRIPT

        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        return list(root.evaluate(_AXE))

    def cut(self, root: Locator) -> list[str]:
        """Return the parts of a widget that do not fit into it or into themselves."""
        return list(root.evaluate(_CUT))

    def screenshot(self, name: str, of: Locator | None = None) -> Path:
        """Save a picture of an element, or of the page, under output/browser/, for people to look at."""
        path = PICTURES / f"{name}.png"
        (of or self.page).screenshot(path=path)
        return path


@pytest.fixture(scope="package")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    with driver.quiet_lab(tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("jupyter")) as server:
        server.wait()
        yield server


@pytest.fixture(scope="package")
def chromium(jupyterlab: JupyterLab) -> Iterator[Browser]:
    # Of this package, not of the session: while it is open, nobody can call asyncio.run in this thread.
    with driver.chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def page_of_module(jupyterlab: JupyterLab, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    name = request.module.__name__.rpartition(".")[2]
    notebook = Notebook(jupyterlab, chromium, f"{name}.ipynb")
    yield notebook
    notebook.close()


@pytest.fixture
def notebook(page_of_module: Notebook) -> Iterator[Notebook]:
    """Give the notebook; `open` it with the cells of the test. An error in the browser's console fails the test."""
    page_of_module.console_errors.clear()
    yield page_of_module
    assert page_of_module.console_errors == []


def pytest_collection_modifyitems(items: list[Any]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")
