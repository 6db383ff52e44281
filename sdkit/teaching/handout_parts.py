"""What of a notebook goes into a page: its cells and outputs as HTML, without anything that would be fetched or run."""

from __future__ import annotations

import base64
import contextlib
import copy
import mimetypes
import re
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sdkit.errors import MissingPackageError
from sdkit.teaching import notebooks

# They run something, or fetch something; no lesson needs them.
_NEVER = ["script", "iframe", "object", "embed", "link", "meta", "base", "audio", "video", "source", "form"]
_FETCHED = re.compile(r"@import[^;]*;?|url\(\s*['\"]?(?!\s*['\"]?(?:data:|#))[^)]*\)", re.IGNORECASE)
_OTHER_PAGE = re.compile(r"https?:|mailto:|#", re.IGNORECASE)

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
        Where it is from; pictures are looked for beside it.

    Raises
    ------
    MissingPackageError
        nbconvert is not installed.
    """
    try:
        from nbconvert import HTMLExporter
    except ImportError as error:
        raise MissingPackageError("nbconvert", "make handouts") from error
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True, exclude_anchor_links=True
    )
    made, _ = exporter.from_notebook_node(_without_widgets(notebook), {"metadata": {"path": str(path.parent)}})
    return _harmless(made, path.parent)


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


def _without_widgets(notebook: Any) -> Any:
    """Return a copy without live widgets: each has a picture of itself in HTML beside it."""
    made = copy.deepcopy(notebook)
    made.metadata.pop("widgets", None)
    for cell in made.cells:
        for output in cell.get("outputs", []):
            for kind in (notebooks.WIDGET, "application/javascript"):
                output.get("data", {}).pop(kind, None)
    return made


def _harmless(html: str, folder: Path) -> str:
    soup = _soup(html)
    for tag in soup.find_all(_NEVER):
        tag.decompose()
    for tag in soup.find_all(True):
        for name in list(tag.attrs):
            value = str(tag[name])
            if name.startswith("on") or name in {"srcset", "background", "poster", "ping", "action", "formaction"}:
                del tag[name]
            elif name == "style":
                tag[name] = _FETCHED.sub("none", value)
            elif name.endswith("href") and not _is_link(tag.name, value):
                del tag[name]
    for style in soup.find_all("style"):
        style.string = _FETCHED.sub("none", style.string or "")
    for picture in soup.find_all("img"):
        _embed(picture, folder)
    for head in soup.find_all("th"):
        if not head.get_text(strip=True):  # as pandas makes them; a screen reader would announce a heading
            head.name = "td"
    for output in soup.select(".output_wrapper:has(table)"):
        output["tabindex"] = "0"  # a wide one is scrolled, also with the keyboard
    return str(soup)


def _is_link(tag: str, value: str) -> bool:
    """Tell whether an address may stay: of a place in the page, or of a page that somebody clicks on."""
    scheme = re.match(r"\s*([\w.+-]+):", value)
    return value.startswith(("#", "data:image/")) or (
        tag == "a" and (scheme is None or scheme[1].lower() in {"http", "https", "mailto"})
    )


def _embed(picture: Any, folder: Path) -> None:
    """Put the file of a picture into it; one that is not there is replaced by its description."""
    source = str(picture.get("src", ""))
    if source.startswith("data:"):
        return
    data = b""
    with contextlib.suppress(OSError, ValueError):
        if not re.match(r"\w+:|//", source):
            data = (folder / urllib.parse.unquote(source)).read_bytes()
    if not data:
        picture.replace_with(f"[picture: {picture.get('alt') or source}]")
        return
    kind = mimetypes.guess_type(source)[0] or "image/png"
    picture["src"] = f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _soup(html: str) -> Any:
    from bs4 import BeautifulSoup  # nbconvert brings it along

    return BeautifulSoup(html, "html.parser")
