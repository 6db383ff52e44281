"""Files are whole or untouched, UTF-8 wherever one is, and whatever is wrong with one is said with its name."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from sdkit import files
from sdkit.dialog import Dialog, Turn
from sdkit.errors import FileError
from sdkit.files import read_text, write_text

ROOT = Path(__file__).parents[1]
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions and limits")
HELLO = Dialog(turns=[Turn(speaker="Zoë", text="Hi")])


def run(code: str, folder: Path, **environment: str) -> str:
    """Run code in an interpreter of its own, in the folder, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that everybody may enter and read; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


# For root nothing is forbidden, so root becomes nobody; and nobody may have to import from root's home.
AS_NOBODY = """
    import os
    from sdkit.dialog import Dialog
    from sdkit.errors import FileError

    hello = Dialog(turns=[{"speaker": "A", "text": "Hi"}])
    Dialog.from_json(hello.json(string=True))
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
"""


# -- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b'{"turns": [x', "holds no dialogue: Invalid JSON: expected value at line 1 column 12"),
        ("a.json", b'{"turns": [\n{"speaker": "A", "te', "Invalid JSON: EOF .* at line 2"),
        ("a.json", b"[1, 2]", r"holds no dialogue: .* \(found \[1, 2\]\)"),
        ("a.json", b"[" * 100_000, "Invalid JSON: recursion limit exceeded at line 1"),
        ("a.json", b'{"turns": [], "scenario": ' + b'{"a":' * 100_000, "Invalid JSON: recursion limit exceeded"),
        ("a.json", b'{"turns": [{"speaker": "A", "text": 3}]}', r"turns\.0\.text: .* \(found 3\)"),
        ("a.json", b'{"turns": [{"text": "Hi"}]}', r"turns\.0\.speaker: Field required"),
        ("a.json", b'{"turns": [], "scenario": {"a": NaN}}', "scenario: JSON has .* no NaN"),
        ("a.json", b'{"turns": [{"speaker": "A", "text": "\\ud800"}]}', "Invalid JSON: .* at line 1"),
        ("a.txt", b"A: Hi\n\nB says hi\n", ", line 3: 'B says hi' is not of the form 'Speaker: text'"),
        ("a.txt", b"A: Hi\r\n: Hi\r\n", ", line 2: ': Hi' is not of the form"),
        ("a.txt", b"x" * 10_000, ", line 1: 'x{80}' is not of the form"),
        ("a.txt", b"A: Hi\nZo\xeb: Hi\n", ", line 2: is not UTF-8 text; save it as UTF-8"),
        ("a.json", '{"turns": []}'.encode("utf-16"), ", line 1: is not UTF-8 text"),
        ("a.json", b"", ": is empty"),
        ("a.txt", b"", ": is empty"),
        ("a.txt", b"\xef\xbb\xbf \r\n", ": is empty"),
    ],
)
def test_a_file_that_holds_no_dialogue_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(FileError, match=rf"{name}.*{message}") as caught:
        Dialog.from_file(tmp_path / name)

    assert str(caught.value).startswith(str(tmp_path / name))
    assert caught.value.path == tmp_path / name
    assert len(str(caught.value)) < len(str(tmp_path)) + 250


def test_the_line_to_blame_is_an_attribute_too(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A: Hi\nhm\n", encoding="utf-8")

    with pytest.raises(FileError) as caught:
        Dialog.from_file(tmp_path / "a.txt")

    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.json", "does not exist"),
        ("folder.json", "is a folder, not a file"),
        ("file.txt/a.json", "a part of this path is a file"),
        ("a\0b.json", "null"),
        ("x" * 300 + ".json", "name too long"),
    ],
    ids=["missing", "folder", "below a file", "null", "long"],
)
@posix
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "file.txt").touch()

    with pytest.raises(FileError, match=message) as caught:
        Dialog.from_file(tmp_path / name)

    assert str(tmp_path / name) in str(caught.value)


@posix
def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    # Given 70 MiB that takes no room on the disk
    with (tmp_path / "a.json").open("wb") as stream:
        stream.truncate(70 * 2**20)

    with pytest.raises(FileError, match=r"a\.json: is 70 MiB; at most 64 MiB can be read"):
        Dialog.from_file(tmp_path / "a.json")


def test_the_limit_is_the_last_size_that_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A: Hi", encoding="utf-8")

    assert read_text(tmp_path / "a.txt", max_bytes=5) == "A: Hi"
    with pytest.raises(FileError, match="at most"):
        read_text(tmp_path / "a.txt", max_bytes=4)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a file without end")
def test_a_file_without_end_is_refused() -> None:
    with pytest.raises(FileError, match="/dev/zero: is larger than"):
        read_text("/dev/zero", max_bytes=1000)


@posix
def test_a_forbidden_file_is_named(open_folder: Path) -> None:
    HELLO.to_file(open_folder / "a.json")
    (open_folder / "a.json").chmod(0)
    code = """
    try:
        Dialog.from_file("a.json")
    except FileError as error:
        print(error)
    """

    assert run(AS_NOBODY + code, open_folder) == "a.json: may not be read: permission denied\n"


# -- writing ----------------------------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("name", ["a.json", "new/a.json"])
def test_a_forbidden_folder_is_named_and_left_alone(open_folder: Path, name: str) -> None:
    HELLO.to_file(open_folder / "a.json")
    open_folder.chmod(0o555)
    code = f"""
    try:
        hello.to_file("{name}")
    except FileError as error:
        print(error)
    """

    assert run(AS_NOBODY + code, open_folder) == f"{name}: was not written: may not be written: permission denied\n"
    assert [path.name for path in open_folder.iterdir()] == ["a.json"]
    assert Dialog.from_file(open_folder / "a.json") == HELLO


@posix
@pytest.mark.parametrize("name", ["a.json", "a.txt"])
def test_a_disk_that_fills_leaves_what_was_there(tmp_path: Path, name: str) -> None:
    # Given a good file, and room for 1,000 bytes
    HELLO.to_file(tmp_path / name)
    code = f"""
    import resource, signal
    from sdkit.dialog import Dialog
    from sdkit.errors import FileError

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        Dialog(turns=[{{"speaker": "A", "text": "Hi " * 10_000}}]).to_file("{name}")
    except FileError as error:
        print(error)
    """

    assert run(code, tmp_path) == f"{name}: was not written: file too large\n"
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert Dialog.from_file(tmp_path / name) == HELLO


def test_an_interrupted_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_text(tmp_path / "a.txt", "old")

    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_text(tmp_path / "a.txt", "new")

    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert read_text(tmp_path / "a.txt") == "old"


@pytest.mark.parametrize("name", ["a.json", "a.txt"])
def test_half_a_character_is_not_half_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileError, match=rf"{name}: was not written: .*(\\ud800|surrogate)"):
        Dialog(turns=[Turn(speaker="A", text="Hi"), Turn(speaker="B", text="hm \ud800")]).to_file(tmp_path / name)

    assert list(tmp_path.iterdir()) == []


@posix
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder.json", "is a folder; name a file in it"),
        ("file.txt/a.json", "was not written: a part of this path is a file"),
        ("a\0b.json", "was not written: .*null"),
        ("x" * 300 + ".json", "was not written: .*name too long"),
    ],
    ids=["folder", "below a file", "null", "long"],
)
def test_what_cannot_be_written_is_named(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "file.txt").touch()

    with pytest.raises(FileError, match=message) as caught:
        HELLO.to_file(tmp_path / name)

    assert str(tmp_path / name) in str(caught.value)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file.txt", "folder.json"]


@posix
def test_a_pipe_or_device_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.json")

    with pytest.raises(FileError, match="was not written: it is a device or a pipe, not a file"):
        HELLO.to_file(tmp_path / "a.json")

    assert (tmp_path / "a.json").is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_missing_folder_is_made_or_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"a\.json: was not written: its folder does not exist"):
        HELLO.to_file(tmp_path / "new" / "a.json", makedir=False)
    assert list(tmp_path.iterdir()) == []

    HELLO.to_file(tmp_path / "new" / "deep" / "a.json")
    assert Dialog.from_file(tmp_path / "new" / "deep" / "a.json") == HELLO


def test_a_path_needs_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    HELLO.to_file("x.json")

    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]
    assert Dialog.from_file("x.json") == HELLO


@posix
def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link.json").symlink_to(tmp_path / "there" / "a.json")

    for dialog in (HELLO, HELLO[:0]):  # once to a file that is not there yet
        dialog.to_file(tmp_path / "link.json")
        assert (tmp_path / "link.json").is_symlink()
        assert Dialog.from_file(tmp_path / "there" / "a.json") == dialog


@posix
@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_a_file_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    write_text(tmp_path / "a.txt", "old")
    (tmp_path / "a.txt").chmod(mode)

    write_text(tmp_path / "a.txt", "new")

    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == mode
    assert read_text(tmp_path / "a.txt") == "new"


@posix
def test_a_new_file_has_the_mode_that_any_new_file_has(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()

    write_text(tmp_path / "a.txt", "new")

    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_line_ends_are_written_as_they_are(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "a\nb\r\nc\r")

    assert (tmp_path / "a.txt").read_bytes() == b"a\nb\r\nc\r"
    assert read_text(tmp_path / "a.txt") == "a\nb\r\nc\r"


@pytest.mark.parametrize("name", ["a.json", "a.txt"])
def test_files_are_utf8_whatever_the_locale(tmp_path: Path, name: str) -> None:
    # Given an interpreter that takes files for ASCII
    code = f"""
    from pathlib import Path
    from sdkit.dialog import Dialog

    try:
        Path("plain").write_text("Zo\\xeb")
    except UnicodeEncodeError:
        print("ASCII")
    dialog = Dialog(turns=[{{"speaker": "Zo\\xeb", "text": "Hi"}}])
    dialog.to_file("{name}")
    print(Dialog.from_file("{name}") == dialog)
    """

    printed = run(code, tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")

    assert printed.split() == (["ASCII", "True"] if os.name == "posix" else ["True"])
    assert "Zoë" in (tmp_path / name).read_text(encoding="utf-8")
    assert Dialog.from_file(tmp_path / name) == HELLO
