"""The report of a dialogue factory: one HTML file that needs no network and no script, to read, print and pass on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from sdkit import web_page
from sdkit.analysis.clustering import Clusters, clusters
from sdkit.dialog import Dialog
from sdkit.errors import InputError, MissingPackageError
from sdkit.factory import report_found, report_plan
from sdkit.factory.made import Made
from sdkit.factory.report_html import STYLE, missing, paragraph, section, visible
from sdkit.files import write_text


def report(
    made: Made,
    to: str | Path = "output/report.html",
    *,
    clusters: Clusters | None = None,
    reference: Iterable[Dialog] | None = None,
) -> Path:
    """Write a report on what a factory has made: whether it is as planned, unique, clean, and what it is about.

    Parameters
    ----------
    made
        What `sdkit.factory.Factory.run` or ``made()`` returned.
    to
        A file that ends in .html; it is written in full or not at all.
    clusters
        What `sdkit.analysis.clustering.clusters` has found in ``made.dialogs()``; None to find them by the embeddings
        of the factory.
    reference
        Other dialogues, such as real ones, to hold these against.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        Nothing was made yet; the clusters are of other dialogues; or the file has another ending.
    FileError
        The file cannot be written.
    MissingPackageError
        numpy is not installed. A section that needs another package which is missing says so instead.
    """
    path = Path(to)
    if path.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{to}: the report goes into a file whose name ends in .html")
    write_text(path, page(made, clusters, reference))
    return path


def page(made: Made, found: Clusters | None = None, reference: Iterable[Dialog] | None = None) -> str:
    """Return the report as HTML; see `report`."""
    if not isinstance(made, Made):
        raise InputError(f"{str(made)[:80]!r} is not what a factory has made; give what Factory.run() returned")
    dialogs = made.dialogs()
    if not dialogs:
        raise InputError("there is nothing to report: no dialogue was made yet")
    if found is not None and len(found.labels) != len(dialogs):
        raise InputError(f"the clusters are of {len(found.labels)} dialogues, and {len(dialogs)} were made")
    why: MissingPackageError | None = None
    if found is None:
        try:
            found = clusters(dialogs, report_found.vectors_of(made))
        except MissingPackageError as error:
            why = error

    def grouped(tell: Callable[[Clusters], Iterable[str]]) -> Iterable[str]:
        return tell(found) if found is not None else [missing(why)] if why is not None else []

    sections = [
        ("plan", "Plan", report_plan.plan(made)),
        ("balance", "Balance", report_plan.balance(made)),
        ("uniqueness", "Uniqueness", report_found.uniqueness(made)),
        ("moderation", "Moderation", report_found.moderation(made)),
        ("conduct", "How users are treated", report_found.treated(made, dialogs)),
        ("clusters", "Clusters", grouped(lambda some: report_found.subjects(made, some))),
        ("short", "What fell short", report_plan.short(made)),
        ("samples", "Samples", grouped(lambda some: report_found.samples(dialogs, some))),
        ("how", "How it was made", report_plan.how(made)),
    ]
    if reference is not None:
        sections.insert(6, ("reference", "Beside a reference", report_found.beside(dialogs, reference)))
    links = "\n".join(f'<li><a href="#{name}">{title}</a></li>' for name, title, _ in sections)
    body = [
        "<h1>What the dialogue factory has made</h1>",
        *_summary(made, found),
        f'<nav aria-label="Sections">\n<ul>\n{links}\n</ul>\n</nav>',
        *(section(name, title, _or_why(parts)) for name, title, parts in sections),
    ]
    content = visible("\n".join(body))
    return web_page.page("Dialogue factory: report", f"<main>\n{content}\n</main>", STYLE)


def _or_why(parts: Iterable[str]) -> Iterator[str]:
    """Yield the parts of a section; where a package is missing, what to do about it instead."""
    try:
        yield from parts
    except MissingPackageError as error:
        yield missing(error)


def _summary(made: Made, found: Clusters | None) -> Iterator[str]:
    """Yield what the sections come to, in plain sentences."""
    turns = [len(record["turns"]) for record in made.records]
    low, high = min(turns), max(turns)
    yield paragraph(str(made))
    yield paragraph(
        f"They have {low if low == high else f'{low} to {high}'} turns each, a turn being a message and its answer."
    )
    if found is not None:
        yield paragraph(f"By their embeddings: {found}")
