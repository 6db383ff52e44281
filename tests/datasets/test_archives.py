from __future__ import annotations

import io
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sdkit.datasets import archives
from sdkit.errors import FileError

KEEP = r"dialogues/\d+\.json|README\.md"
GOOD = {"dialogues/1.json": b"{}", "dialogues/2.json": b"[1]" * 1000, "README.md": b"read me"}
Names = dict[str, bytes]


def tar(path: Path, names: Names, *others: tarfile.TarInfo, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in names.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for other in others:
            archive.addfile(other)
    return path


def zipped(path: Path, names: Names) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def unpacked(path: Path, folder: Path) -> Names:
    """Take the files out of an archive, and return what is in the folder then."""
    with archives.opened(path, KEEP) as archive:
        archive.unpack(folder, "a test", progress=False)
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def refused(path: Path, problem: str) -> None:
    folder = path.parent / "out" / "new"
    with pytest.raises(FileError, match=problem) as caught:
        unpacked(path, folder)
    assert str(caught.value).startswith(f"{path}: ")
    assert not folder.parent.exists()


def in_folder(top: str, names: Names) -> Names:
    return {top + name: content for name, content in names.items()}


# --- what is taken out


@pytest.mark.parametrize("mode", ["w:", "w:gz", "w:xz", "w:bz2", "zip"])
@pytest.mark.parametrize("top", ["", "STAR-main/", "./", "./a/b/"])
def test_the_files_asked_for_are_taken_out_of_every_kind_of_archive(tmp_path: Path, mode: str, top: str) -> None:
    more = {"pictures/1.jpg": b"jpeg", "apis/README.md": b"another", ".gitignore": b""}
    names = in_folder(top, more | GOOD)
    file = tmp_path / "an archive"  # what it is called says nothing
    path = zipped(file, names) if mode == "zip" else tar(file, names, mode=mode)
    assert unpacked(path, tmp_path / "out") == GOOD


def test_what_is_in_it_is_known_before_anything_is_written(tmp_path: Path) -> None:
    with archives.opened(tar(tmp_path / "a.tgz", in_folder("x/", GOOD)), KEEP) as archive:
        assert archive.names == set(GOOD)
        assert archive.size == sum(map(len, GOOD.values()))


def test_files_of_other_users_become_ordinary_files(tmp_path: Path) -> None:
    info = tarfile.TarInfo("dialogues/1.json")
    info.mode = 0o6777
    unpacked(tar(tmp_path / "a.tgz", {}, info), tmp_path / "out")
    assert (tmp_path / "out" / "dialogues" / "1.json").stat().st_mode & 0o7111 == 0


def test_the_bar_counts_the_bytes(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    with archives.opened(tar(tmp_path / "a.tgz", GOOD), KEEP) as archive:
        archive.unpack(tmp_path / "out", "a test", progress=lambda *state: told.append(state))
    size = sum(map(len, GOOD.values()))
    assert told[-1] == (size, size)


# --- what leads astray


@pytest.mark.parametrize(
    "name",
    ["../evil.json", "dialogues/../../evil.json", "/tmp/evil.json", "C:/evil.json", "..\\evil.json", "\\evil", "a/.."],
)
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    refused(tar(tmp_path / "a.tgz", GOOD | {name: b"x"}), "which leads out of its folder")
    refused(zipped(tmp_path / "a.zip", GOOD | {name: b"x"}), "which leads out of its folder")


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (tarfile.SYMTYPE, "/etc/passwd"),
        (tarfile.SYMTYPE, "../../secret"),
        (tarfile.SYMTYPE, "1.json"),
        (tarfile.LNKTYPE, "dialogues/1.json"),
        (tarfile.CHRTYPE, ""),
        (tarfile.FIFOTYPE, ""),
    ],
)
def test_a_link_or_a_device_in_place_of_a_file_is_refused(tmp_path: Path, kind: bytes, target: str) -> None:
    path = tar(tmp_path / "a.tgz", GOOD, special("dialogues/3.json", kind, target))
    refused(path, r"holds 'dialogues/3\.json' as a link or a device")


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("dialogues/3.json")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(zipped(tmp_path / "a.zip", GOOD), "a") as archive:
        archive.writestr(link, "/etc/passwd")
    refused(tmp_path / "a.zip", "as a link or a device")


def test_no_file_goes_through_a_link_to_a_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    path = tmp_path / "a.tgz"
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(special("dialogues", tarfile.SYMTYPE, str(outside)))
        archive.addfile(tarfile.TarInfo("dialogues/1.json"))
    assert unpacked(path, tmp_path / "out") == {"dialogues/1.json": b""}
    assert list(outside.iterdir()) == []


def test_a_file_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    refused(tar(tmp_path / "a.tgz", GOOD, tarfile.TarInfo("./dialogues/1.json")), r"1\.json' twice")


# --- bombs


def test_a_small_archive_of_a_huge_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 10 * 2**20)
    for name in ("dialogues/3.json", "not_asked_for"):
        path = tar(tmp_path / "a.tgz", GOOD | {name: bytes(11 * 2**20)})
        assert path.stat().st_size < 20_000
        refused(path, "holds more than")
    refused(zipped(tmp_path / "a.zip", {"dialogues/3.json": bytes(11 * 2**20)}), "holds more than")


def test_zeros_after_the_end_are_not_read_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 10 * 2**20)
    import gzip

    plain = tar(tmp_path / "a.tar", GOOD, mode="w:").read_bytes()
    (tmp_path / "a.tgz").write_bytes(gzip.compress(plain + bytes(11 * 2**20)))
    refused(tmp_path / "a.tgz", "holds more than")


def test_a_header_that_says_it_is_huge_is_not_read_into_memory(tmp_path: Path) -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 2**33
    path = tmp_path / "a.tar"
    path.write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    refused(path, "holds more than")


def test_a_sparse_file_counts_with_its_full_size(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(_sparse("dialogues/1.json", 2**40) + bytes(1024))
    refused(path, "holds more than")


def _sparse(name: str, size: int) -> bytes:
    """Return the header of a file that is one hole, in GNU's old format."""
    header = bytearray(tarfile.TarInfo(name).tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[483:495] = tarfile.itn(size, 12, tarfile.GNU_FORMAT)
    header[148:156] = b" " * 8
    header[148:155] = b"%06o\0" % sum(header)
    return bytes(header)


@pytest.mark.parametrize("make", [tar, zipped])
def test_too_many_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path, Names], Path]
) -> None:
    monkeypatch.setattr(archives, "MAX_FILES", 50)
    refused(make(tmp_path / "a", {f"x{number}": b"" for number in range(51)}), "holds more than .* 50 files")


# --- what is damaged


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    for content in (b"", b"<html>log in</html>", b"x" * 5000, b"\x1f\x8bnonsense", b"PK\x03\x04nonsense", b"BZhx"):
        path.write_bytes(content)
        refused(path, "is no archive that can be read")


def test_a_file_that_is_missing_or_a_folder_is_told(tmp_path: Path) -> None:
    refused(tmp_path / "missing.tgz", "does not exist")
    (tmp_path / "folder").mkdir()
    refused(tmp_path / "folder", "is a folder")


@pytest.mark.parametrize("kind", ["w:gz", "w:xz", "w:bz2", "zip"])
def test_an_archive_that_was_cut_is_refused_wherever_it_was(tmp_path: Path, kind: str) -> None:
    noise = random.Random(1).randbytes(20_000)
    path = tmp_path / "a"
    names = GOOD | {"dialogues/3.json": noise}
    whole = (zipped(path, names) if kind == "zip" else tar(path, names, mode=kind)).read_bytes()
    for length in (1, 10, 500, len(whole) // 2, len(whole) - 9, len(whole) - 1):
        path.write_bytes(whole[:length])
        refused(path, "is no archive that can be read")


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(20_000)
    whole = tar(tmp_path / "a.tgz", GOOD | {"not_asked_for": noise}).read_bytes()
    middle = len(whole) // 2
    (tmp_path / "a.tgz").write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    refused(tmp_path / "a.tgz", "is no archive that can be read")


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"dialogues/1.json": b"{}"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    content[6] |= 1
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"a\.zip: is no archive that can be read.*password"):
        unpacked(path, tmp_path / "out")


@pytest.mark.parametrize("kind", ["w:", "w:gz", "zip"])
def test_whatever_is_changed_in_it_the_error_is_ours_and_nothing_gets_out(tmp_path: Path, kind: str) -> None:
    path, chance = tmp_path / "a", random.Random(kind)
    whole = (zipped(path, GOOD) if kind == "zip" else tar(path, GOOD, mode=kind)).read_bytes()
    outcomes = set()
    for attempt in range(300):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            content[chance.randrange(min(len(whole), 6000))] = chance.randrange(256)
        path.write_bytes(content)
        try:
            unpacked(path, tmp_path / "out" / str(attempt))
            outcomes.add("unpacked")
        except FileError:
            outcomes.add("refused")
    assert "refused" in outcomes
    assert {place.name for place in tmp_path.iterdir()} <= {"a", "out"}
