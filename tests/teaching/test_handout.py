"""Lessons as pages that need no network."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from sdkit.cli import main
from sdkit.errors import FileError, InputError, LabError
from sdkit.teaching import browser, handout, workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[2]
LESSONS = workspace.lessons(ROOT)
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
EVIL = [
    "<script>alert(1)</script>",
    "<script src='https://example.org/a.js'></script>",
    "<iframe src='https://example.org'></iframe>",
    "<link rel=stylesheet href=https://example.org/a.css>",
    "<style>@import url(https://example.org/a.css); p { background: url('https://example.org/a.png') }</style>",
    "<p style='background: url(https://example.org/a.png)'>x</p>",
    "<p onclick='alert(1)'>x</p>",
    "<a href='javascript:alert(1)'>x</a>",
    "<svg><image href='https://example.org/a.png'/><use xlink:href='https://example.org/a.svg#b'/></svg>",
    "<video poster='https://example.org/a.png'></video>",
    "<img src='https://example.org/a.png' srcset='https://example.org/b.png 2x'>",
    "<meta http-equiv=refresh content='0; url=https://example.org'>",
    "<!--><script>alert(1)</script>-->",
    "<!--><img src=https://example.org/a.png>-->",
    "<p><![CDATA[><script>alert(1)</script>]]></p>",
    "<svg><style><img src=https://example.org/a.png onerror=alert(1)></style></svg>",
    "<svg><a xlink:href='java\nscript:alert(1)'>x</a></svg>",
    "<a href='\x01java&#10;script&colon;alert(1)'>x</a>",
    "<svg><a><animate attributeName=href values='javascript:alert(1)'/>x</a></svg>",
    "<input type=image src=https://example.org/a.png>",
    "<svg><rect fill='url(https://example.org/a.svg#b)'/><rect filter='URL( \"https://example.org/a.svg#b\"'/></svg>",
    "<p style='background: u\\72l(https://example.org/a.png)'>x</p>",
    "<style>p { background: u<rl(https://example.org/a.png) }</style>",
    "<style>p { background: u\\72l(https://example.org/a.png) }</style>",
    "<p style='background: image-set(\"https://example.org/a.png\" 1x)'>x</p>",
]
OPENING = "# A lesson & more\n\n**What you'll do.** Read `it`.\n\n**Time.** About 10 minutes."


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the handout of all lessons."""
    folder = tmp_path_factory.mktemp("handout")
    handout.write(LESSONS, folder)
    return folder


def fetched(page: str) -> list[str]:
    """Return what a browser would fetch to show a page: all that is named, but the links that people click on."""
    found = re.findall(r"<(?!a\b)\w+[^>]*?\s(?:src|srcset|href|data|poster|background)\s*=\s*[\"']?([^\"'\s>]+)", page)
    found += re.findall(r"@import[^;]*|url\([^)]*\)", page)
    return [one for one in found if not one.startswith(("#", "data:", "url(#", "url(data:"))]


def lesson(folder: Path, *cells: Any, name: str = "01_a.ipynb") -> Path:
    path = folder / name
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(OPENING), *cells]), path)
    return path


def code(source: str = "x", **data: str) -> Any:
    output = nbformat.v4.new_output(
        "display_data", data={name.replace("_", "/", 1): text for name, text in data.items()}
    )
    return nbformat.v4.new_code_cell(source, execution_count=1, outputs=[output])


def made(folder: Path, *cells: Any) -> str:
    """Return the page that is made of a lesson with these cells."""
    handout.write([lesson(folder, *cells)], folder / "out")
    return (folder / "out" / "01_a.html").read_text("utf-8")


@pytest.mark.parametrize("name", [f"{path.stem}.html" for path in LESSONS] + ["index.html"])
def test_a_page_names_nothing_that_would_be_fetched_or_run(pages: Path, name: str) -> None:
    page = (pages / name).read_text("utf-8")
    assert fetched(page) == []
    assert "<script" not in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_page_shows_what_the_lesson_prints(pages: Path, path: Path) -> None:
    page = (pages / f"{path.stem}.html").read_text("utf-8")
    notebook = nbformat.read(path, as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert page.count('<div class="output_area">') == len(outputs)
    assert "widget-view" not in page


def test_links_between_lessons_lead_to_their_pages(pages: Path) -> None:
    first, second = (f"{path.stem}.html" for path in LESSONS[:2])
    index = (pages / "index.html").read_text("utf-8")
    assert all(f'href="{path.stem}.html"' in index for path in LESSONS)
    assert f'href="{second}"' in (pages / first).read_text("utf-8")
    for path in LESSONS:
        links = re.findall(r'<a [^>]*href="([^"]+)"', (pages / f"{path.stem}.html").read_text("utf-8"))
        assert all(link.startswith(("https://", "#")) or (pages / link.partition("#")[0]).exists() for link in links)
        assert "index.html" in links


def test_other_links_stay_and_links_to_nowhere_become_words(tmp_path: Path) -> None:
    text = "[far](https://example.org/x) [other](02_b.ipynb) [all](../README.md) [me](01_a.ipynb#part-2) [here](#there)"
    page = made(tmp_path, nbformat.v4.new_markdown_cell(text))
    assert '<a href="https://example.org/x">far</a> other <a href="index.html">all</a>' in page
    assert '<a href="01_a.html#part-2">me</a> <a href="#there">here</a>' in page


def test_pictures_are_inside(tmp_path: Path) -> None:
    (tmp_path / "a picture.png").write_bytes(PIXEL)
    text = (
        "![one](<a picture.png>) ![gone](nowhere.png) ![far](https://example.org/b.png) <img src='//example.org/c.png'>"
    )
    page = made(tmp_path, nbformat.v4.new_markdown_cell(text), code(image_png=base64.b64encode(PIXEL).decode()))
    assert page.count('src="data:image/png;base64,') == 2
    assert "[picture: gone]" in page
    assert "[picture: far]" in page
    assert fetched(page) == []


@pytest.mark.parametrize("evil", EVIL)
def test_whatever_fetches_or_runs_is_taken_out(tmp_path: Path, evil: str) -> None:
    page = made(
        tmp_path, nbformat.v4.new_markdown_cell(f"before\n\n{evil}\n\nafter"), code(text_html=f"<b>kept</b>{evil}")
    )
    assert fetched(page) == []
    assert not re.search(r"<script|<iframe|onclick|javascript:|<!--|<animate|http-equiv=.?refresh", page)
    assert not re.search(r"java\s*script:|\\72|image-set|<[^>]*example\.org/a\.(js|css|svg)", page)
    assert "<b>kept</b>" in page
    assert "after" in page


@pytest.mark.parametrize("tag", ["<script>", "<style>", "<textarea>", "<!-- ", "<p title='", "</div></div>", "<table>"])
def test_what_a_piece_leaves_open_swallows_nothing_of_the_others(tmp_path: Path, tag: str) -> None:
    # Given outputs and a Markdown cell, each of which opens something and does not close it
    outputs = [*code(text_html=f"<b>kept</b>{tag}").outputs, *code(text_html="<b>next</b>").outputs]
    markdown = nbformat.v4.new_output("display_data", data={"text/markdown": f"**marked**\n\n{tag}"})
    cell = nbformat.v4.new_code_cell("x", outputs=[*outputs, markdown])
    # When a page is made of them
    page = made(tmp_path, cell, nbformat.v4.new_markdown_cell(f"before\n\n{tag}\n"), nbformat.v4.new_code_cell("after"))
    # Then whatever comes behind is there, and where it belongs
    assert "<b>kept</b>" in page
    assert "<b>next</b>" in page
    assert "<strong>marked</strong>" in page
    assert page.index("before") < page.index('<span class="n">after</span>') < page.index("</main>")
    assert page.count("<div") == page.count("</div>")
    assert page.endswith("</main>\n</body>\n</html>\n")


def test_an_svg_output_is_a_picture_and_as_it_was(tmp_path: Path) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script>alert(1)</script></svg>'
    page = made(tmp_path, code(**{"image_svg+xml": svg}))
    assert base64.b64encode(svg.encode()).decode() in page.replace("\n", "")
    assert "<svg" not in page


def test_only_pictures_below_the_folder_of_the_lesson_are_embedded(tmp_path: Path) -> None:
    # Given pictures and other files, in the folder of the lesson and elsewhere
    folder = tmp_path / "notebooks"
    (folder / "images").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(PIXEL)
    (folder / "images" / "fine.PNG").write_bytes(PIXEL)
    (folder / "secret.txt").write_text("hunter2")
    (folder / "large.png").write_bytes(bytes(5 * 2**20 + 1))
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "circle.png").symlink_to(folder / "circle.png")
    os.mkfifo(folder / "pipe.png")
    bad = ["../secret.png", "..%2Fsecret.png", str(tmp_path / "secret.png"), "/etc/hostname", "/dev/zero", "secret.txt"]
    bad += ["large.png", "link.png", "circle.png", "pipe.png", "images", "a%00.png", "file:///etc/hostname"]
    text = " ".join(f"![no {i}]({name})" for i, name in enumerate(bad)) + " ![yes](images/fine.PNG)"
    # When a page is made, from Markdown and from an output
    page = made(folder, nbformat.v4.new_markdown_cell(text), code(text_html=f"<img src='{bad[0]}' alt='out'>"))
    # Then only the one picture is in it, and the descriptions of the others
    assert re.findall(r'<img [^>]*src="(.{22})', page) == ["data:image/png;base64,"]
    assert page.count('src="') == 1
    assert all(f"[picture: no {i}]" in page for i in range(len(bad)))
    assert "[picture: out]" in page
    assert "hunter2" not in page


def test_addresses_with_brackets_stay(tmp_path: Path) -> None:
    page = made(tmp_path, nbformat.v4.new_markdown_cell("[far](<https://example.org/image(1).html>)"))
    assert 'href="https://example.org/image(1).html"' in page


@pytest.mark.parametrize("name", ["index.html", "01_a.html", "01_a.pdf"])
def test_a_file_of_somebody_else_is_not_replaced(tmp_path: Path, name: str) -> None:
    notebook, folder = lesson(tmp_path), tmp_path / "out"
    folder.mkdir()
    (folder / name).write_text("<html>mine</html>")
    with pytest.raises(FileError, match=rf"{name}: is there, and `sdkit handout` has not made it; move it away"):
        handout.write([notebook], folder, pdf=name.endswith("pdf"))
    assert [path.name for path in folder.iterdir()] == [name]
    assert (folder / name).read_text() == "<html>mine</html>"


def test_our_own_pages_are_made_anew(tmp_path: Path) -> None:
    assert "first" in made(tmp_path, nbformat.v4.new_markdown_cell("first"))
    assert "second" in made(tmp_path, nbformat.v4.new_markdown_cell("second"))
    assert '<meta name="generator" content="sdkit handout">' in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_a_widget_is_shown_by_its_twin(tmp_path: Path) -> None:
    cell = code(text_html="<p>the twin</p>", text_plain="a widget")
    cell.outputs[0].data["application/vnd.jupyter.widget-view+json"] = {"model_id": "1"}
    page = made(tmp_path, cell)
    assert "the twin" in page
    assert "model_id" not in page


def test_colours_of_a_terminal_are_colours_of_the_page(tmp_path: Path) -> None:
    output = nbformat.v4.new_output("stream", name="stdout", text="\x1b[1;31m[Ana]\x1b[0m <b>Hello</b>\n")
    page = made(tmp_path, nbformat.v4.new_code_cell("x", outputs=[output]))
    assert 'class="ansi-red-intense-fg ansi-bold">[Ana]</span> &lt;b&gt;Hello' in page
    assert ".ansi-red-intense-fg { color" in page
    assert "\x1b" not in page


def test_the_page_says_whose_it_is_as_text(tmp_path: Path) -> None:
    page = made(tmp_path)
    assert "<title>01 A lesson &amp; more</title>" in page
    index = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert "01 A lesson &amp; more</a> (10 minutes)<br>Read it.</li>" in index


def test_lessons_are_named_by_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["handout", "00", "01", "--output", str(tmp_path / "out")]) == 0
    there = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert there == [f"{LESSONS[0].stem}.html", f"{LESSONS[1].stem}.html", "index.html"]
    assert str(tmp_path / "out" / "index.html") in capsys.readouterr().out


def test_a_lesson_that_there_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["handout", "99", "--output", str(tmp_path / "out")]) == 2
    assert "'99' is no lesson" in capsys.readouterr().err


def test_one_broken_notebook_and_nothing_is_written(tmp_path: Path) -> None:
    good, bad = lesson(tmp_path), tmp_path / "02_b.ipynb"
    bad.write_text("{", encoding="utf-8")
    with pytest.raises(FileError, match=r"02_b\.ipynb: is not a Jupyter notebook"):
        handout.write([good, bad], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_two_lessons_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError, match="two of the pages would be called 01_a"):
        handout.write([lesson(tmp_path), lesson(tmp_path / "other")], tmp_path / "out")


def test_without_chromium_there_is_no_pdf_and_it_is_said_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "find_chromium", lambda: "")
    with pytest.raises(LabError, match=r"--pdf takes a Chromium: .*apt-get install chromium"):
        handout.write([lesson(tmp_path)], tmp_path / "out", pdf=True)
    assert not (tmp_path / "out").exists()


def test_a_chromium_that_fails_leaves_the_pages_and_no_half_pdf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "find_chromium", lambda: "false")
    with pytest.raises(LabError, match=r"01_a\.pdf was not made: Chromium failed"):
        handout.write([lesson(tmp_path)], tmp_path / "out", pdf=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["01_a.html", "index.html"]


def test_a_chromium_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDKIT_CHROMIUM", str(tmp_path / "nowhere"))
    with pytest.raises(LabError, match="nowhere cannot be started: does not exist"):
        handout.write([lesson(tmp_path)], tmp_path / "out", pdf=True)


# -- in a real browser ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.chromium() as running:
        yield running


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_the_pages_and_asks_for_nothing_else(pages: Path, chromium: Browser, scheme: Any) -> None:
    tab = chromium.new_page(color_scheme=scheme, viewport={"width": 800, "height": 1000})
    asked: list[str] = []
    errors: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: errors.append(message.text))
    for path in sorted(pages.glob("*.html")):
        asked.clear()
        tab.goto(path.as_uri())
        assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
        assert tab.locator("h1").first.is_visible()
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path.name} is cut"
    tab.close()
    assert errors == []


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_the_pages(pages: Path, chromium: Browser, scheme: Any) -> None:
    from axe_playwright_python.base import AXE_SCRIPT

    tab = chromium.new_page(color_scheme=scheme, bypass_csp=True)  # axe is a script, which the pages forbid
    for path in sorted(pages.glob("*.html")):
        tab.goto(path.as_uri())
        tab.evaluate(AXE_SCRIPT)
        found = tab.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [f"{path.name}: {one['id']}: {one['nodes'][0]['html']}" for one in found] == []
    tab.close()


@pytest.mark.browser
def test_a_browser_runs_and_fetches_nothing_of_what_is_in_a_notebook(tmp_path: Path, chromium: Browser) -> None:
    # Given a page with all that would run or fetch something
    outputs = [output for evil in EVIL for output in code(text_html=f"{evil}<b>kept</b>").outputs]
    cells = [nbformat.v4.new_markdown_cell(evil) for evil in EVIL]
    made(tmp_path, nbformat.v4.new_code_cell("x", outputs=outputs), *cells)
    # When a browser shows it, without the policy that would stop it
    tab = chromium.new_page(bypass_csp=True)
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("dialog", lambda dialog: asked.append(dialog.message))
    path = tmp_path / "out" / "01_a.html"
    tab.goto(path.as_uri(), wait_until="networkidle")
    # Then nothing is asked for, and no link runs anything
    assert asked == [path.as_uri()]
    links = tab.evaluate("[...document.querySelectorAll('a')].map(a => String(a.href.baseVal ?? a.protocol))")
    assert set(links) <= {"", ":", "file:", "https:"}
    tab.close()


@pytest.mark.browser
def test_on_paper_nothing_is_folded_or_cut(pages: Path, chromium: Browser) -> None:
    tab = chromium.new_page(viewport={"width": 700, "height": 1000})
    tab.emulate_media(media="print")
    for path in sorted(pages.glob("*.html")):
        tab.goto(path.as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path.name} is cut"
        assert tab.evaluate("[...document.querySelectorAll('details > :not(summary)')].every(e => e.checkVisibility())")
    tab.close()


@pytest.mark.browser
def test_a_pdf_tells_no_place_on_this_machine(tmp_path: Path) -> None:
    text = nbformat.v4.new_markdown_cell("[me](01_a.ipynb) [far](https://example.org/)")
    *_, pdf = handout.write([lesson(tmp_path, text)], tmp_path / "out", pdf=True)
    data = pdf.read_bytes()
    assert data.startswith(b"%PDF")
    assert b"https://example.org/" in data
    assert b"file:" not in data
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["01_a.html", "01_a.pdf", "index.html"]
