"""JSON Lines files that grow, and what a killed writer leaves of them."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sdkit import jsonl
from sdkit.errors import FileError
from sdkit.jsonl import append_line, numbered_lines, read_lines, write_lines


def test_lines_come_back_in_order_with_letters_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.jsonl"
    assert read_lines(path) == []
    for value in ({"text": "Zoë\u2028שלום"}, [1], None):
        append_line(path, value)
    assert read_lines(path) == [{"text": "Zoë\u2028שלום"}, [1], None]
    assert "Zoë" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("half", [b"2", b'"text"', b'{"text": "Zo\xc3', b"[" * 200_000])
def test_half_a_line_at_the_end_is_no_line_and_goes_with_the_next_one(tmp_path: Path, half: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"1\n" + half)
    assert read_lines(path) == [1]
    append_line(path, 3)
    assert path.read_bytes() == b"1\n3\n"


def test_a_file_of_half_a_line_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"half')
    assert read_lines(path) == []
    append_line(path, 1)
    assert read_lines(path) == [1]


@pytest.mark.parametrize("text", ["My notes", "42 apples", 'a\n"So," she said'])
def test_what_is_no_json_from_the_start_is_not_taken_away(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match="is not JSON"):
        read_lines(path)
    append_line(path, {"a": 1})
    assert path.read_text(encoding="utf-8") == f'{text}\n{{"a": 1}}\n'


@pytest.mark.parametrize("last", [b'{"text": "Zo\xc3\xab"}', b'[{"x": 1}]\r', b"[" + b"1, " * 50_000 + b"1]"])
def test_a_whole_line_without_a_line_break_is_kept(tmp_path: Path, last: bytes) -> None:
    # Given a file as other programs write it
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"1\n" + last)
    # Then its last line is read, and the next one does not take its place
    assert read_lines(path) == [1, json.loads(last)]
    append_line(path, 3)
    assert path.read_bytes() == b"1\n" + last + b"\n3\n"
    assert read_lines(path) == [1, json.loads(last), 3]


def test_blank_lines_are_passed_over_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n1\r\n\r\n \n2\n\n")
    assert list(numbered_lines(path)) == [(2, 1), (5, 2)]
    append_line(path, 3)
    assert read_lines(path) == [1, 2, 3]
    path.write_bytes(b"1\n\n{oops}\n")
    with pytest.raises(FileError, match="line 3: is not JSON"):
        read_lines(path)


def test_what_is_nested_too_deeply_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"1\n" + b"[" * 200_000 + b"\n")
    with pytest.raises(FileError, match=r"a\.jsonl, line 2: is nested too deeply"):
        read_lines(path)
    deep: list[Any] = []
    for _ in range(200_000):
        deep = [deep]
    with pytest.raises(FileError, match="was not written: the value is nested too deeply"):
        append_line(path, deep)


def test_a_line_that_is_not_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("1\n{oops}\n", encoding="utf-8")
    with pytest.raises(FileError, match=r"a\.jsonl, line 2: is not JSON"):
        read_lines(path)
    with pytest.raises(FileError, match="is a folder"):
        append_line(tmp_path, 1)
    with pytest.raises(FileError, match="is a folder"):
        read_lines(tmp_path)


FULL = """
import resource, sys
from pathlib import Path
from sdkit.errors import FileError
from sdkit.jsonl import append_line

path, before = Path(sys.argv[1]), Path(sys.argv[1]).read_bytes()
for length in (100, 5_000, 9_000, 70_000, 200_000):
    for room in (1, 50, 4096, 8192, 60_000, 150_000):
        if room > length:
            continue
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, resource.RLIM_INFINITY))
        try:
            append_line(path, {"text": "x" * length})
        except FileError as error:
            assert "was not written: file too large" in str(error), error
        else:
            raise AssertionError("there was room for it")
        assert path.read_bytes() == before, (length, room)
append_line(path, 3)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit to the size of a process's files")
@pytest.mark.parametrize("before", [b"1\n", b'1\n{"a": 2}'], ids=["whole lines", "no line break at the end"])
def test_a_disk_that_takes_a_part_of_a_line_leaves_the_file_as_it_was(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(before)
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == before.removesuffix(b"\n") + b"\n3\n"


def test_a_disk_that_is_full_in_the_end_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
