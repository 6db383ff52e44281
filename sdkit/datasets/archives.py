"""Taking files out of archives that may be damaged, or made to do damage.

Only plain files with names that were asked for are written, into a folder of their own. Nothing is written before the
whole archive has been looked through.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, cast

from sdkit.downloads import CHUNK, Progress, bar
from sdkit.errors import FileError
from sdkit.files import in_words

MAX_BYTES = 2**30
"""The most that an archive may hold, unpacked: 1 GiB, ten times STAR."""

MAX_FILES = 100_000
"""The most files and folders that an archive may hold."""

_MAX_READ = 2**24  # more than any read of ours; tarfile reads headers at once, however large they say they are
_COMPRESSIONS: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"BZh": bz2.BZ2File,
}
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,  # a zip with a compression of its own
    RuntimeError,  # a zip with a password
)


@dataclass(frozen=True)
class _Member:
    name: str
    size: int
    kind: Literal["file", "folder", "other"]
    open: Callable[[], IO[bytes]]


class Archive:
    """The files of an open archive that were asked for; see `opened`.

    Attributes
    ----------
    names : frozenset of str
        Their names, with ``/``, below the folder in the archive that holds them.
    size : int
        Bytes of all of them, unpacked.
    """

    def __init__(self, members: dict[str, _Member], called: str) -> None:
        self._members, self._called = members, called
        self.names = frozenset(members)
        self.size = sum(member.size for member in members.values())

    def unpack(self, folder: Path, name: str, progress: Progress = True) -> None:
        """Write the files into a folder that holds none of them yet; `name` is for the progress bar.

        Raises
        ------
        FileError
            The archive is damaged.
        OSError
            They cannot be written, as on a full disk; some of them are there then.
        """
        with bar(name, self.size, progress, "unpacking") as shown:
            for path, member in self._members.items():
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as stream:
                    for chunk in self._chunks(member):
                        stream.write(chunk)
                shown.update(member.size)

    def _chunks(self, member: _Member) -> Iterator[bytes]:
        with _named(self._called), member.open() as source:
            while chunk := source.read(CHUNK):
                yield chunk


@contextlib.contextmanager
def opened(path: Path, keep: str, called: str = "") -> Iterator[Archive]:
    """Open a .tar, .tar.gz, .tar.xz, .tar.bz2 or .zip, whatever its name is, after looking all through it.

    Parameters
    ----------
    path
        The archive.
    keep
        A regular expression for the names of the files to take out. They may lie below a folder in the archive, as
        in those that GitHub makes; it is the one below which most of them are.
    called
        What error messages call the archive, if not by its path.

    Raises
    ------
    FileError
        It is missing, not an archive, damaged or cut, too large, or holds a name that leads out of its folder, or a
        link or a device where a file was asked for.
    """
    called = called or str(path)
    try:
        with path.open("rb") as stream:
            begin = stream.read(6)
    except OSError as error:
        raise FileError(called, in_words(error, "read")) from error
    read = _zip_members if begin.startswith((b"PK\x03\x04", b"PK\x05\x06")) else _tar_members
    with contextlib.ExitStack() as stack:
        with _named(called):
            wanted = _wanted(read(path, begin, stack), keep, called)
        yield Archive(wanted, called)


@contextlib.contextmanager
def _named(called: str) -> Iterator[None]:
    """Say of which archive the errors of the modules are that read it."""
    try:
        yield
    except _TooLargeError:
        raise FileError(
            called, f"holds more than {MAX_BYTES / 2**30:.0f} GiB or {MAX_FILES:,} files; it was not unpacked"
        ) from None
    except _DAMAGE as error:
        what = str(error) or type(error).__name__
        raise FileError(called, f"is no archive that can be read: cut, damaged or something else ({what})") from error


def _wanted(members: list[_Member], keep: str, called: str) -> dict[str, _Member]:
    """Return the members to take out, by name below their folder in the archive, in the archive's order."""
    pattern = re.compile(rf"((?:[^/]+/)*?)({keep})", re.ASCII)
    found = []
    for member in members:
        if re.match(r"[/\\]|[A-Za-z]:", member.name) or ".." in re.split(r"[/\\]", member.name):
            raise FileError(called, f"holds {member.name[:80]!r}, which leads out of its folder; it was not unpacked")
        name = "/".join(part for part in member.name.split("/") if part not in ("", "."))
        if member.kind != "folder" and (match := pattern.fullmatch(name)):
            found.append((match[1], match[2], member))
    top = Counter(top for top, _, _ in found).most_common(1)[0][0] if found else ""
    wanted: dict[str, _Member] = {}
    for place, name, member in found:
        if place != top:
            continue
        if member.kind == "other":
            raise FileError(called, f"holds {member.name[:80]!r} as a link or a device; it was not unpacked")
        if name in wanted:
            raise FileError(called, f"holds {member.name[:80]!r} twice; it was not unpacked")
        wanted[name] = member
    if sum(member.size for member in wanted.values()) > MAX_BYTES:
        raise _TooLargeError
    return wanted


# --- zip


def _zip_members(path: Path, _: bytes, stack: contextlib.ExitStack) -> list[_Member]:
    archive = stack.enter_context(zipfile.ZipFile(path))
    if len(archive.infolist()) > MAX_FILES:
        raise _TooLargeError
    members = []
    for info in archive.infolist():
        mode = stat.S_IFMT(info.external_attr >> 16)  # nothing, where the zip was made on Windows
        kind: Literal["file", "folder", "other"] = "file" if mode in (0, stat.S_IFREG) else "other"
        # orig_filename: what stands behind a null character in a name, zipfile has left away
        members.append(
            _Member(info.orig_filename, info.file_size, "folder" if info.is_dir() else kind, _opener(archive, info))
        )
    return members


def _opener(archive: zipfile.ZipFile | tarfile.TarFile, member: Any) -> Callable[[], IO[bytes]]:
    if isinstance(archive, zipfile.ZipFile):
        return lambda: archive.open(member)
    return lambda: cast(IO[bytes], archive.extractfile(member))


# --- tar


def _tar_members(path: Path, begin: bytes, stack: contextlib.ExitStack) -> list[_Member]:
    stream = stack.enter_context(path.open("rb"))
    for magic, decompress in _COMPRESSIONS.items():
        if begin.startswith(magic):
            stream = stack.enter_context(decompress(stream))
    bounded = _Bounded(stream)
    archive = stack.enter_context(tarfile.TarFile(fileobj=cast(IO[bytes], bounded)))
    members = []
    for info in archive:
        kind: Literal["file", "folder", "other"] = "folder" if info.isdir() else "file" if info.isreg() else "other"
        members.append(_Member(info.name, info.size, kind, _opener(archive, info)))
        if len(members) > MAX_FILES:
            raise _TooLargeError
    while bounded.read(CHUNK):  # to the end, where the check sums are
        pass
    return members


class _TooLargeError(Exception):
    """There is more in an archive than anybody wants."""


class _Bounded:
    """A stream of which only so much can be read, so that a small archive can fill neither memory nor disk."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MAX_READ:
            raise _TooLargeError
        data = self._stream.read(size)
        self._check(self._stream.tell())
        return data

    def seek(self, position: int, whence: int = 0) -> int:
        self._check(position)
        return self._stream.seek(position, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def _check(self, position: int) -> None:
        if position > MAX_BYTES:
            raise _TooLargeError
