"""Fetching large files over HTTP, with a progress bar, and going on where a download was cut."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
from tqdm.auto import tqdm

from sdkit.errors import DownloadError, FileError
from sdkit.files import read_text, write_text

CHUNK = 1 << 20

Progress = bool | Callable[[int, int | None], None]
"""Whether to show a progress bar; or what to call with the bytes so far and those in all, or None.

It is called several times a second while something comes. What it raises ends the work, and is raised there.
"""


def bar(name: str, size: int | None, show: Progress, doing: str = "fetching", done: int = 0) -> Any:
    """Return a progress bar in bytes, of which some may be done already."""
    if callable(show):
        return _Told(done, size, show)
    return tqdm(
        initial=done,
        total=size,
        desc=f"{doing} {name}",
        unit="B",
        unit_scale=True,
        disable=not show,
        mininterval=0.2,
        leave=False,
    )


class _Told(contextlib.AbstractContextManager[None]):
    """Stands in for a progress bar, and tells a function."""

    def __init__(self, done: int, total: int | None, tell: Callable[[int, int | None], None]) -> None:
        self.n, self.total, self._tell = done, total, tell

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind."""

    def update(self, count: int) -> None:
        self.n += count
        self._tell(self.n, self.total)

    def reset(self, total: int | None) -> None:
        self.n, self.total = 0, total

    def set_postfix_str(self, _: str) -> None:
        self._tell(self.n, self.total)


@contextlib.contextmanager
def reply(url: str, headers: Mapping[str, str], accept: int = 200) -> Iterator[httpx.Response]:
    """Ask for a file, and give the reply to read it from; redirects are followed, `accept` is no error either.

    Raises
    ------
    DownloadError
        The server cannot be reached, answers with an error, or goes away while the reply is read. The message says
        what happened, and leaves the file's name to the caller.
    """
    try:
        with (
            httpx.Client(timeout=httpx.Timeout(30, connect=8), headers=headers, follow_redirects=True) as client,
            client.stream("GET", url) as answer,
        ):
            if answer.status_code != accept:
                answer.raise_for_status()
            yield answer
    except httpx.HTTPStatusError as error:
        raise DownloadError(f"answered {error.response.status_code}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DownloadError(f"cannot be reached ({type(error).__name__})") from error


def fetch(url: str, target: Path, name: str, progress: Progress = True) -> None:
    """Fetch a file. After a cut, call it again: it goes on, if the server can do that and still has the same file.

    What has come so far is kept beside the target, as ``.part``, until all of it is there.

    Parameters
    ----------
    url
        Where from.
    target
        Where to; the folder has to exist.
    name
        What the progress bar calls it.
    progress
        Show a progress bar; or a function that is told how far it is, and that ends the work by raising something.

    Raises
    ------
    DownloadError
        As `reply` does.
    OSError
        It cannot be written.
    """
    part = _beside(target, ".part")
    have, version = _kept(target, url)
    # Compressed on the way, the bytes to go on from would be others.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": version}
    with reply(url, headers, accept=416 if have else 200) as answer:
        if answer.status_code == 416:  # there is no more of it than is kept, and all of it would be in its place
            forget(target)
            return fetch(url, target, name, progress)
        if answer.status_code == 206:
            span = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("content-range", ""))
            if not span or int(span[1]) != have:
                forget(target)
                raise DownloadError("answered with another part of the file than it was asked for")
            total = int(span[2]) if span[2] != "*" else None
        else:  # all of it: nothing was kept, or the file is another one, or the server cannot go on
            have, total = 0, int(answer.headers.get("content-length", 0)) or None
            _note_version(target, url, answer.headers)
        with part.open("ab") as stream, bar(name, total, progress, done=have) as shown:
            for chunk in answer.iter_raw():  # as it comes: what is collected first is lost in a cut
                stream.write(chunk)
                shown.update(len(chunk))
    if total is not None and part.stat().st_size != total:
        forget(target)
        raise DownloadError(f"sent {part.stat().st_size:,} bytes instead of {total:,}")
    part.replace(target)
    forget(target)


def kept(target: Path) -> int:
    """Return how many bytes of a download that was cut are kept, from which the next one can go on."""
    note, part = _beside(target, ".part.json"), _beside(target, ".part")
    return part.stat().st_size if note.exists() and part.exists() else 0


def forget(target: Path) -> None:
    """Remove what is kept of a download that was cut."""
    for ending in (".part.json", ".part"):
        _beside(target, ending).unlink(missing_ok=True)


def _beside(target: Path, ending: str) -> Path:
    return target.with_name(target.name + ending)


def _note_version(target: Path, url: str, headers: Mapping[str, str]) -> None:
    """Write down which version of the file comes, if the server names it; what was kept of another one goes."""
    forget(target)
    tag = headers.get("etag", "")
    # A weak tag may stand for files that differ in their bytes (RFC 9110, 13.1.5).
    version = headers.get("last-modified", "") if not tag or tag.startswith("W/") else tag
    if version:
        write_text(_beside(target, ".part.json"), json.dumps({"url": url, "version": version}))


def _kept(target: Path, url: str) -> tuple[int, str]:
    """Return how many bytes are kept, and of which version of the file; (0, "") if there is nothing to go on from."""
    try:
        note = json.loads(read_text(_beside(target, ".part.json")))
        if note["url"] == url and (have := kept(target)):
            return have, str(note["version"])
    except (FileError, ValueError, LookupError, TypeError):
        pass
    return 0, ""
