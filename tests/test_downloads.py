from __future__ import annotations

from collections.abc import Callable
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from file_server import FileServer

from sdkit import downloads
from sdkit.errors import DownloadError

FILE = bytes(range(256)) * 4096  # 1 MiB
HALF = len(FILE) // 2


@pytest.fixture
def files(serve: Callable[[ThreadingHTTPServer], None]) -> FileServer:
    """Serve a file of a megabyte on loopback."""
    server = FileServer(FILE)
    serve(server.server)
    return server


def fetch(files: FileServer, folder: Path) -> bytes:
    downloads.fetch(files.url, folder / "file", "a file", progress=False)
    return (folder / "file").read_bytes()


def is_cut(files: FileServer, folder: Path, after: int = HALF) -> None:
    """Try to fetch the file, with a connection that breaks; the next one does not."""
    files.cut = after
    with pytest.raises(DownloadError, match="cannot be reached"):
        fetch(files, folder)
    assert not (folder / "file").exists()
    files.cut = None


def test_a_file_comes_whole_and_nothing_else_stays(files: FileServer, tmp_path: Path) -> None:
    assert fetch(files, tmp_path) == FILE
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_download_that_was_cut_goes_on_where_it_was(files: FileServer, tmp_path: Path) -> None:
    is_cut(files, tmp_path)
    assert downloads.kept(tmp_path / "file") == HALF
    is_cut(files, tmp_path, after=HALF + 1000)
    assert fetch(files, tmp_path) == FILE
    assert files.asked == [None, f"bytes={HALF}-", f"bytes={HALF + 1000}-"]
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_it_goes_on_with_a_date_where_there_is_no_strong_tag(files: FileServer, tmp_path: Path) -> None:
    files.headers = {"ETag": 'W/"1"', "Last-Modified": "Sat, 01 Aug 2026 12:00:00 GMT"}
    is_cut(files, tmp_path)
    assert fetch(files, tmp_path) == FILE
    assert files.asked == [None, f"bytes={HALF}-"]


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"1"'}])
def test_without_a_name_for_the_version_it_begins_anew(
    files: FileServer, tmp_path: Path, headers: dict[str, str]
) -> None:
    files.headers = headers
    is_cut(files, tmp_path)
    assert downloads.kept(tmp_path / "file") == 0
    assert fetch(files, tmp_path) == FILE
    assert files.asked == [None, None]


def test_a_server_without_ranges_sends_all_of_it_again(files: FileServer, tmp_path: Path) -> None:
    files.ranges = False
    is_cut(files, tmp_path)
    assert fetch(files, tmp_path) == FILE


def test_a_file_that_has_changed_since_is_not_mixed_with_the_old_one(files: FileServer, tmp_path: Path) -> None:
    is_cut(files, tmp_path)
    files.content, files.headers = FILE[::-1], {"ETag": '"2"'}
    assert fetch(files, tmp_path) == FILE[::-1]


def test_what_is_kept_of_another_address_is_not_used(files: FileServer, tmp_path: Path) -> None:
    is_cut(files, tmp_path)
    files.url += "?other"
    assert fetch(files, tmp_path) == FILE
    assert files.asked == [None, None]


def test_all_of_it_kept_and_not_in_place_yet(files: FileServer, tmp_path: Path) -> None:
    is_cut(files, tmp_path)
    (tmp_path / "file.part").write_bytes(FILE)
    assert fetch(files, tmp_path) == FILE
    assert files.asked == [None, f"bytes={len(FILE)}-", None]


def test_a_note_that_is_broken_is_no_obstacle(files: FileServer, tmp_path: Path) -> None:
    is_cut(files, tmp_path)
    for broken in ("", "[]", '{"url": 3}', "\0"):
        (tmp_path / "file.part.json").write_text(broken)
        assert fetch(files, tmp_path) == FILE


def test_another_part_than_was_asked_for_is_refused(files: FileServer, tmp_path: Path) -> None:
    is_cut(files, tmp_path)
    files.ranges, files.status = False, 206
    files.headers |= {"Content-Range": f"bytes 0-{len(FILE) - 1}/{len(FILE)}"}
    with pytest.raises(DownloadError, match="another part of the file"):
        fetch(files, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_a_length_it_comes_too_and_the_bar_counts(files: FileServer, tmp_path: Path) -> None:
    files.length = False
    told: list[tuple[int, int | None]] = []
    downloads.fetch(files.url, tmp_path / "file", "a file", progress=lambda *state: told.append(state))
    assert (tmp_path / "file").read_bytes() == FILE
    assert told[-1] == (len(FILE), None)


def test_the_bar_begins_where_the_download_goes_on(files: FileServer, tmp_path: Path) -> None:
    is_cut(files, tmp_path)
    told: list[tuple[int, int | None]] = []
    downloads.fetch(files.url, tmp_path / "file", "a file", progress=lambda *state: told.append(state))
    assert all(done > HALF and total == len(FILE) for done, total in told)


@pytest.mark.parametrize("status", [404, 500, 416])
def test_a_refusal_is_told_and_leaves_nothing(files: FileServer, tmp_path: Path, status: int) -> None:
    files.status = status
    with pytest.raises(DownloadError, match=f"answered {status}"):
        fetch(files, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "http://", "ftp://127.0.0.1/x", "no address"])
def test_an_address_where_nobody_answers(tmp_path: Path, url: str) -> None:
    with pytest.raises(DownloadError, match="cannot be reached"):
        downloads.fetch(url, tmp_path / "file", "a file", progress=False)
