"""Lessons as pages to read without running anything: each one HTML file, that needs no network; or a PDF."""

from __future__ import annotations

import html
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sdkit import web_page
from sdkit.errors import FileError, InputError, LabError
from sdkit.files import in_words, write_text
from sdkit.teaching import browser, handout_parts, notebooks
from sdkit.teaching.openings import Opening, opening

INDEX = "index.html"
_MARK = '<meta name="generator" content="sdkit handout">\n'
"""What tells our pages, which may be replaced, from those of others."""
_NOT_OURS = "there, and `sdkit handout` has not made it; move it away, or name another folder with --output"
SECONDS = 120.0
"""How long a PDF may take."""

_ARGUMENTS = ("--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-sandbox", "--no-pdf-header-footer")


def write(lessons: Sequence[Path], folder: Path, pdf: bool = False) -> list[Path]:
    """Write a page for each lesson, and one that lists them.

    Parameters
    ----------
    lessons
        The notebooks; what they print is what was saved in them.
    folder
        Where to.
    pdf
        Make a PDF of each lesson, too.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    InputError
        Two of the pages would have the same name.
    FileError
        A notebook cannot be read, or there is a page of somebody else's; then nothing is written. Or a file cannot be
        written.
    LabError
        There is no Chromium for the PDFs, or it failed; then the pages are there.
    MissingPackageError
        nbconvert is not installed.
    """
    names = [lesson.stem for lesson in lessons]
    taken = [*names, Path(INDEX).stem]
    if twice := [name for name in names if taken.count(name) > 1]:
        raise InputError(f"two of the pages would be called {twice[0]}; rename one of the notebooks")
    if pdf and not browser.find_chromium():
        raise LabError(f"--pdf takes a Chromium: {browser.no_chromium()}. Without --pdf, the pages are made")
    openings = {lesson.name: opening(lesson) for lesson in lessons}
    bodies = {lesson: handout_parts.body(notebooks.read(lesson), lesson) for lesson in lessons}

    targets = {name: f"{Path(name).stem}.html" for name in openings} | {"README.md": INDEX}
    pages = {INDEX: _index(openings)}
    for i, (lesson, body) in enumerate(bodies.items()):
        near = {"Back": names[i - 1] if i else "", "Next": names[i + 1] if i + 1 < len(names) else ""}
        linked = handout_parts.linked(body, targets)
        pages[f"{lesson.stem}.html"] = _page(
            openings[lesson.name], f"{_navigation(near, openings)}\n<main>{linked}</main>"
        )
    for name in pages:
        _check_ours(folder / name, pdf)
    for name, page in pages.items():
        write_text(folder / name, page)
    made = [folder / name for name in pages]
    if pdf:
        for lesson, body in bodies.items():
            # On paper, a link to another page is of no use; and it would tell where this machine has its files.
            page = _page(openings[lesson.name], f"<main>{handout_parts.linked(body, {})}</main>")
            made.append(folder / f"{lesson.stem}.pdf")
            _print(page, made[-1])
    return made


def _page(lesson: Opening, body: str) -> str:
    return web_page.page(f"{lesson.number} {lesson.title}", body, handout_parts.STYLE, _MARK)


def _check_ours(page: Path, pdf: bool) -> None:
    """Raise FileError if there is a page that is none of ours, or a PDF without a page."""
    try:
        there = page.is_file()
        if there:
            with page.open("rb") as file:
                start = file.read(2000)
            if _MARK.encode() not in start:
                raise FileError(page, f"is {_NOT_OURS}")
    except OSError as error:
        raise FileError(page, in_words(error, "read")) from error
    printed = page.with_suffix(".pdf")
    if pdf and printed.exists() and not there:
        raise FileError(printed, f"is {_NOT_OURS}")


def _index(openings: Mapping[str, Opening]) -> str:
    rows = "\n".join(
        f'<li><a href="{html.escape(Path(name).stem)}.html">{html.escape(f"{lesson.number} {lesson.title}")}</a> '
        f"({lesson.minutes} minutes)<br>{html.escape(lesson.do)}</li>"
        for name, lesson in openings.items()
    )
    intro = (
        "<p>To read, without running anything: what the lessons print is here, as it was when they were saved. "
        "To run them, open them in the workshop.</p>"
    )
    body = f'<main>\n<h1>Lessons</h1>\n{intro}\n<ul class="lessons">\n{rows}\n</ul>\n</main>'
    return web_page.page("Lessons", body, handout_parts.STYLE, _MARK)


def _navigation(near: Mapping[str, str], openings: Mapping[str, Opening]) -> str:
    links = [f'<a href="{INDEX}">All lessons</a>']
    for what, name in near.items():
        if name:
            title = f"{what}: {openings[f'{name}.ipynb'].title}"
            links.append(f'<a href="{html.escape(name)}.html">{html.escape(title)}</a>')
    return f'<nav aria-label="Lessons">{" · ".join(links)}</nav>'


def _print(page: str, path: Path) -> None:
    """Make a PDF of a page, atomically."""
    try:
        with tempfile.TemporaryDirectory(prefix=".pdf-", dir=path.parent) as private:
            source, target = Path(private).resolve() / "page.html", Path(private).resolve() / "page.pdf"
            source.write_text(page, encoding="utf-8")
            command = [browser.find_chromium(), *_ARGUMENTS, f"--user-data-dir={private}/profile"]
            command += [f"--print-to-pdf={target}", source.as_uri()]
            try:
                done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
            except OSError as error:
                why = in_words(error, "read")
                raise LabError(f"{path} was not made: {command[0]} cannot be started: {why}") from error
            if done.returncode or not target.exists():
                said = done.stderr.decode("utf-8", "replace").strip().splitlines()
                raise LabError(f"{path} was not made: Chromium failed. {said[-1] if said else ''}".rstrip())
            target.replace(path)
    except subprocess.TimeoutExpired:
        raise LabError(f"{path} was not made: Chromium took more than {SECONDS:g} seconds") from None
    except OSError as error:
        raise FileError(path, f"was not written: {in_words(error, 'written')}") from error
