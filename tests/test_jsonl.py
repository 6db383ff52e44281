"""JSON Lines files that grow, and what a killed writer leaves of them."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from sdkit import jsonl
from sdkit.errors import FileError
from sdkit.jsonl import append_line, read_lines, write_lines


def test_lines_come_back_in_order_with_letters_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.jsonl"
    assert read_lines(path) == []
    for value in ({"text": "Zoë\u2028שלום"}, [1], None):
        append_line(path, value)
    assert read_lines(path) == [{"text": "Zoë\u2028שלום"}, [1], None]
    assert "Zoë" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("half", [b"2", b'{"text": "Zo\xc3', b"[" * 200_000])
def test_half_a_line_at_the_end_is_no_line_and_goes_with_the_next_one(tmp_path: Path, half: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"1\n" + half)
    assert read_lines(path) == [1]
    append_line(path, 3)
    assert path.read_bytes() == b"1\n3\n"


def test_a_file_of_half_a_line_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"half")
    assert read_lines(path) == []
    append_line(path, 1)
    assert read_lines(path) == [1]


def test_a_line_that_is_not_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("1\n{oops}\n", encoding="utf-8")
    with pytest.raises(FileError, match=r"a\.jsonl, line 2: is not JSON"):
        read_lines(path)
    with pytest.raises(FileError, match="is a folder"):
        append_line(tmp_path, 1)
    with pytest.raises(FileError, match="is a folder"):
        read_lines(tmp_path)


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    append_line(path, 1)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(jsonl.os, "fsync", full)
    with pytest.raises(FileError, match="was not written: no space left on device"):
        append_line(path, {"text": "x" * 10_000})
    assert path.read_bytes() == b"1\n"


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, "\ud800"])
def test_what_json_cannot_carry_is_refused_before_anything_is_written(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "a.jsonl"
    append_line(path, 1)
    with pytest.raises(FileError, match="was not written"):
        append_line(path, value)
    with pytest.raises(FileError, match="was not written"):
        write_lines(path, [value])
    assert read_lines(path) == [1]


def test_a_whole_file_is_written_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    append_line(path, 3)
    write_lines(path, [1, 2])
    assert path.read_bytes() == b"1\n2\n"
