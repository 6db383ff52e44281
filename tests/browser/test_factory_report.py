"""The factory's report in a real browser, opened as a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from loopback_model import HashedEmbeddings, LoopbackModel

from sdkit.factory import Factory
from sdkit.factory.reporting import report

from .conftest import PICTURES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_AXE = """async () => {
  const found = await axe.run(document, {resultTypes: ['violations']});
  return found.violations.flatMap(v => v.nodes.map(n => `${v.id} (${v.impact}): ${n.html} ${n.failureSummary}`));
}"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    with LoopbackModel() as model, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OLLAMA_HOST", model.url)
        made = Factory(
            30, folder / "out.json", model="loop", bases=None, embeddings=HashedEmbeddings(), threshold=0.97
        ).run(progress=False)
    return report(made, folder / "report.html")


@pytest.fixture(params=["light", "dark"])
def opened(path: Path, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    page = chromium.new_page(color_scheme=request.param, viewport={"width": 1100, "height": 900})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    assert said == [], "the page's own policy refused something"
    assert asked == [path.as_uri()], "it needs no network"
    page.screenshot(path=PICTURES / f"factory_report_{request.param}.png", full_page=True)
    page.close()


def test_everybody_can_read_it(opened: Page) -> None:
    opened.evaluate(AXE_SCRIPT)
    assert opened.evaluate(_AXE) == []
    for pixels in (1100, 380):
        opened.set_viewport_size({"width": pixels, "height": 800})
        assert opened.evaluate("document.documentElement.scrollWidth") <= pixels


def test_long_tables_open_and_a_printed_page_has_them_open(opened: Page) -> None:
    cell = opened.get_by_role("cell", name="Kinshasa", exact=True)
    assert not cell.is_visible()
    opened.emulate_media(media="print")
    assert cell.is_visible()
    opened.emulate_media(media="screen")
    opened.get_by_text("Regions: 54 values").first.click()
    assert cell.is_visible()
