"""What of a notebook goes into a page: its cells and outputs as HTML, without anything that would be fetched or run."""

from __future__ import annotations

import base64
import contextlib
import copy
import re
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sdkit.errors import MissingPackageError
from sdkit.teaching import notebooks

# They run something, fetch something, or change the attributes of others; no lesson needs them.
_NEVER = ["script", "iframe", "object", "embed", "link", "meta", "base", "audio", "video", "source", "form"]
_NEVER += ["frame", "applet", "set", "animate", "animatetransform", "animatemotion"]
_NEVER_ATTRIBUTES = {"background", "poster", "ping", "action", "formaction", "manifest", "codebase", "archive", "data"}
_NO_STYLE = ("href", "alt", "title", "aria-label")
_FETCHED = re.compile(
    r"@import[^;]*;?|\b(?:url|src|image|image-set)\(\s*['\"]?(?!\s*['\"]?(?:data:|#))[^)]*\)?", re.IGNORECASE
)
_OTHER_PAGE = re.compile(r"https?:|mailto:|#", re.IGNORECASE)
_PICTURES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".webp": "webp", ".svg": "svg+xml"}
_LARGEST = 5 * 2**20  # bytes of a picture

STYLE = """
pre { white-space: pre-wrap; }
.input_area pre, .output_area pre { margin: 0; }
.input_area { background: var(--box); border: 1px solid var(--line); border-radius: 4px; padding: 0.5em 0.7em;
  margin: 0.8em 0; }
.output_wrapper { border-left: 3px solid var(--line); padding-left: 0.8em; margin: 0.8em 0; overflow-x: auto; }
.text_cell_render > h2:first-child, .text_cell_render > h3:first-child { margin-top: 1.2em; }
.output_stderr, .output_error { border-left: 3px solid var(--red); padding-left: 0.5em; }
.output_wrapper img, .output_wrapper svg, .text_cell_render img { max-width: 100%; height: auto; }
.output_wrapper svg { background: #fff; color: #000; color-scheme: only light; }
summary { cursor: pointer; }
.lessons li { margin: 0.6em 0; }
.highlight .k, .highlight .kn, .highlight .kc, .highlight .ow { color: var(--magenta); font-weight: 600; }
.highlight .s, .highlight .s1, .highlight .s2, .highlight .sa, .highlight .sd, .highlight .se { color: var(--green); }
.highlight .c1, .highlight .c { color: var(--soft); font-style: italic; }
.highlight .mi, .highlight .mf { color: var(--cyan); }
.highlight .nc, .highlight .nf, .highlight .nd { color: var(--blue); }
.ansi-bold { font-weight: bold; }
.ansi-underline { text-decoration: underline; }
.ansi-red-fg, .ansi-red-intense-fg { color: var(--red); }
.ansi-green-fg, .ansi-green-intense-fg { color: var(--green); }
.ansi-yellow-fg, .ansi-yellow-intense-fg { color: var(--yellow); }
.ansi-blue-fg, .ansi-blue-intense-fg { color: var(--blue); }
.ansi-magenta-fg, .ansi-magenta-intense-fg { color: var(--magenta); }
.ansi-cyan-fg, .ansi-cyan-intense-fg { color: var(--cyan); }
.ansi-black-intense-fg, .ansi-white-fg { color: var(--soft); }
@media print { .input_area { break-inside: avoid; } .output_wrapper { overflow: visible; } table { font-size: 0.75rem; }
  th, td { overflow-wrap: anywhere; min-width: 2em; }
  details::details-content { content-visibility: visible; block-size: auto; } }
"""


def body(notebook: Any, path: Path) -> str:
    """Return the cells of a notebook, with their outputs, as HTML that fetches and runs nothing.

    Parameters
    ----------
    notebook
        What `sdkit.teaching.notebooks.read` returned.
    path
        Where it is from; pictures are looked for in its folder, and nowhere else.

    Raises
    ------
    MissingPackageError
        nbconvert is not installed.
    """
    try:
        from jinja2 import pass_context
        from nbconvert import HTMLExporter
    except ImportError as error:
        raise MissingPackageError("nbconvert", "make handouts") from error
    folder = path.parent
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True, exclude_anchor_links=True
    )

    # Each piece is cleaned before they are joined: what one of them leaves open must not swallow the others.
    @pass_context
    def markdown(context: Any, source: str) -> str:
        return _harmless(exporter.markdown2html(context, source), folder)

    exporter.register_filter("markdown2html", markdown)  # type: ignore[no-untyped-call]
    made, _ = exporter.from_notebook_node(_cleaned(notebook, folder), {"metadata": {"path": str(folder)}})
    return _harmless(made, folder)


def linked(html: str, targets: Mapping[str, str]) -> str:
    """Return HTML whose links to files lead to where these are in the handout; to others, the words alone stay.

    Parameters
    ----------
    html
        From `body`.
    targets
        The names of files, and where a link to each of them leads.
    """
    soup = _soup(html)
    for link in soup.find_all("a", href=True):
        if _OTHER_PAGE.match(link["href"]):
            continue
        place, _, anchor = link["href"].partition("#")
        target = targets.get(urllib.parse.unquote(place).rpartition("/")[2])
        if target is None:
            link.unwrap()
        else:
            link["href"] = f"{target}#{anchor}" if anchor else target
    return str(soup)


def _cleaned(notebook: Any, folder: Path) -> Any:
    """Return a copy with clean HTML outputs, and without live widgets: each has a picture of itself beside it.

    SVG outputs are left: they become pictures, in which nothing runs and nothing is fetched.
    """
    made = copy.deepcopy(notebook)
    made.metadata.pop("widgets", None)
    for cell in made.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            for kind in (notebooks.WIDGET, "application/javascript"):
                data.pop(kind, None)
            if "text/html" in data:
                data["text/html"] = _harmless(data["text/html"], folder)
    return made


def _harmless(html: str, folder: Path) -> str:
    from bs4.element import PreformattedString

    soup = _soup(html)
    for text in soup.find_all(string=True):
        if isinstance(text, PreformattedString):  # comments and the like; browsers read some of them as tags
            text.extract()
    for tag in soup.find_all(_NEVER):
        tag.decompose()
    for tag in soup.find_all(True):
        for name in list(tag.attrs):
            _clean_attribute(tag, name)
    for style in soup.find_all("style"):
        style.string = _local((style.string or "").replace("<", ""))  # in an SVG, browsers read tags in it
    for picture in soup.find_all("img"):
        _embed(picture, folder)
    for head in soup.find_all("th"):
        if not head.get_text(strip=True):  # as pandas makes them; a screen reader would announce a heading
            head.name = "td"
    for output in soup.select(".output_wrapper:has(table)"):
        output["tabindex"] = "0"  # a wide one is scrolled, also with the keyboard
    return str(soup)


def _clean_attribute(tag: Any, name: str) -> None:
    value = tag[name] if isinstance(tag[name], str) else " ".join(tag[name])
    fetches = name in _NEVER_ATTRIBUTES or ("src" in name and (tag.name, name) != ("img", "src"))
    if name.startswith("on") or fetches or (name.endswith("href") and not _is_link(tag.name, value)):
        del tag[name]
    elif "(" in value and not name.endswith(_NO_STYLE):
        tag[name] = _local(value)


def _local(css: str) -> str:
    """Return style that fetches nothing; without backslashes, behind which an address could hide."""
    return _FETCHED.sub("none", css.replace("\\", ""))


def _is_link(tag: str, value: str) -> bool:
    """Tell whether an address may stay: of a place in the page, or of a page that somebody clicks on."""
    value = re.sub(r"[\x00-\x20\x7f-\xa0]", "", value).lower()  # browsers leave most of these out, too
    scheme = re.match(r"([\w.+-]+):", value)
    if tag == "a":
        return scheme is None or scheme[1] in {"http", "https", "mailto"}
    return value.startswith(("#", "data:image/"))


def _embed(picture: Any, folder: Path) -> None:
    """Put the file of a picture into it; one that is not there, or not below the folder, becomes its description."""
    source = str(picture.get("src", ""))
    if source.startswith("data:"):
        return
    data, kind = b"", ""
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # a RuntimeError for links that go round in a circle
        folder = folder.resolve()
        path = (folder / urllib.parse.unquote(source)).resolve()
        kind = _PICTURES.get(path.suffix.lower(), "")
        if kind and path.is_relative_to(folder) and path.is_file() and path.stat().st_size <= _LARGEST:
            data = path.read_bytes()
    if data:
        picture["src"] = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    else:
        picture.replace_with(f"[picture: {picture.get('alt') or source}]")


def _soup(html: str) -> Any:
    from bs4 import BeautifulSoup  # nbconvert brings it along

    return BeautifulSoup(html, "html.parser")
