from __future__ import annotations

import errno
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from file_server import FileServer

from sdkit.cli import main
from sdkit.datasets import StarDataset, getting
from sdkit.datasets.getting import get
from sdkit.errors import DownloadError, FileError, InputError
from sdkit.teaching import workspace

ROOT = Path(__file__).parents[2]
SIZE = 30
TASKS = [f"tasks/{task}/{file}.json" for task in ("weather", "trivia") for file in (task, "responses")]
EXTRA = ["LICENSE.txt", "README.md", "tasks/weather/wizard_nlu_training_data.md"]
STAYS = ["tasks/weather/weather.jpg", "apis/apis/weather.json", "analysis/analysis.py", "pictures/README.md"]


def needed(size: int = SIZE) -> list[str]:
    return [f"dialogues/{number}.json" for number in range(1, size + 1)] + TASKS


def packed(names: list[str], top: str = "STAR-master/", mode: str = "w:gz") -> bytes:
    """Return an archive of files that each hold two thousand random bytes."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name in names:
            info = tarfile.TarInfo(top + name)
            info.size = 2000
            archive.addfile(info, io.BytesIO(os.urandom(2000)))
    return stream.getvalue()


@pytest.fixture
def files(serve: Callable[[ThreadingHTTPServer], None], monkeypatch: pytest.MonkeyPatch) -> FileServer:
    """Be the public place of a small STAR, on loopback, which the catalogue names."""
    server = FileServer(packed(needed() + EXTRA + STAYS))
    serve(server.server)
    entry = replace(getting.CATALOGUE["star"], url=server.url, size=1000, needed=frozenset(needed()))
    monkeypatch.setitem(getting.CATALOGUE, "star", entry)
    return server


def inside(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def beside(folder: Path) -> list[str]:
    """Return what else is where the folder is."""
    return [path.name for path in folder.parent.iterdir() if path != folder]


@pytest.fixture
def star(tmp_path: Path) -> Path:
    """Name a folder that is not there yet."""
    return tmp_path / "new" / "STAR"


# --- all goes well


def test_the_data_set_is_fetched_unpacked_and_nothing_else_stays(files: FileServer, star: Path) -> None:
    assert get("star", star, progress=False)
    assert inside(star) == {*needed(), *EXTRA}
    assert beside(star) == []


def test_what_is_there_already_stays_unless_it_is_asked_for_again(files: FileServer, star: Path) -> None:
    get("star", star, progress=False)
    first = (star / "dialogues" / "1.json").read_bytes()
    (star / "my notes.txt").write_text("mine")
    files.content = packed(needed())
    assert not get("star", star, progress=False)
    with pytest.raises(FileError, match=r"other things than STAR \(my notes\.txt\), which stay"):
        get("star", star, again=True, progress=False)
    assert (star / "dialogues" / "1.json").read_bytes() == first
    assert len(files.asked) == 1
    (star / "my notes.txt").unlink()
    assert get("STAR", star, again=True, progress=False)
    assert (star / "dialogues" / "1.json").read_bytes() != first
    assert inside(star) == set(needed())
    assert beside(star) == []


@pytest.mark.parametrize("top", ["", "STAR-main/", "./", "a/b/"])
@pytest.mark.parametrize("mode", ["w:", "w:gz", "w:xz"])
def test_an_archive_of_your_own_serves_with_and_without_a_top_folder(
    files: FileServer, tmp_path: Path, star: Path, top: str, mode: str
) -> None:
    archive = tmp_path / "mine"
    archive.write_bytes(packed(needed() + EXTRA + STAYS, top, mode))
    assert get("star", star, archive, progress=False)
    assert inside(star) == {*needed(), *EXTRA}
    assert files.asked == []
    assert archive.exists()


def test_an_empty_folder_and_a_link_to_a_larger_disk_are_filled(files: FileServer, tmp_path: Path, star: Path) -> None:
    larger = tmp_path / "larger" / "STAR"
    larger.mkdir(parents=True)
    star.parent.mkdir()
    star.symlink_to(larger)
    assert get("star", star, progress=False)
    assert star.is_symlink()
    assert inside(larger) == {*needed(), *EXTRA}
    assert beside(larger) == beside(star) == []


def test_the_real_archive_is_whole_and_opens(real_star_archive: Path, star: Path) -> None:
    assert get("star", star, real_star_archive, progress=False)
    assert len(list((star / "dialogues").iterdir())) == 6652
    assert len(list((star / "tasks").iterdir())) == 24
    assert len(StarDataset(star).get_dialog(1)) == 8
    assert not get("star", star, real_star_archive, progress=False)


def test_the_public_place_is_reached_over_https() -> None:
    assert all(source.url.startswith("https://") for source in getting.CATALOGUE.values())


# --- what comes is not what was expected


def test_an_archive_with_too_few_names_what_is_missing(files: FileServer, star: Path) -> None:
    gone = {f"dialogues/{number}.json" for number in range(3, 12)} | {"tasks/trivia/trivia.json"}
    files.content = packed([name for name in needed() if name not in gone])
    with pytest.raises(FileError) as caught:
        get("star", star, progress=False)
    told = str(caught.value)
    assert "21 of 30 dialogues and 1 of 2 tasks" in told
    assert "missing: dialogues/3.json, dialogues/4.json, " in told
    assert "dialogues/7.json and 5 more" in told
    assert files.url in told
    assert not star.exists()
    assert beside(star) == []


def test_an_archive_with_too_many_names_them(files: FileServer, star: Path) -> None:
    files.content = packed([*needed(), "dialogues/31.json", f"dialogues/{'9' * 5000}.json"])
    with pytest.raises(FileError, match=r"32 of 30 dialogues.*not of STAR: dialogues/31\.json, dialogues/999"):
        get("star", star, progress=False)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"<html>log in</html>", "is no archive that can be read"),
        (packed(needed())[:-2000], "is no archive that can be read"),
        (packed([*needed(), "../evil"], top=""), "leads out of its folder"),
        (packed([*needed(), "/tmp/evil"], top=""), "leads out of its folder"),
        (packed(["something.json"]), "0 of 30 dialogues and 0 of 2 tasks"),
    ],
)
def test_a_bad_archive_is_refused_and_leaves_nothing(
    files: FileServer, tmp_path: Path, star: Path, content: bytes, problem: str
) -> None:
    files.content = content
    with pytest.raises(FileError, match=problem) as caught:
        get("star", star, progress=False)
    assert str(caught.value).startswith(files.url)
    (tmp_path / "mine.zip").write_bytes(content)
    with pytest.raises(FileError, match=rf"mine\.zip: .*{problem}"):
        get("star", star, tmp_path / "mine.zip", progress=False)
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "mine.zip", star.parent]


def test_an_unknown_data_set_is_named_with_those_there_are(star: Path) -> None:
    with pytest.raises(InputError, match="no data set 'stars' to get; there is star, multiwoz"):
        get("stars", star)


# --- what is in the way


def test_a_file_in_the_way_stays(files: FileServer, star: Path) -> None:
    star.parent.mkdir()
    star.write_text("mine")
    with pytest.raises(FileError, match="STAR: is a file; name a folder"):
        get("star", star, again=True, progress=False)
    assert star.read_text() == "mine"
    with pytest.raises(FileError, match="a part of this path is a file"):
        get("star", star / "deeper", progress=False)


@pytest.mark.parametrize("again", [False, True])
def test_a_folder_of_other_things_stays(files: FileServer, star: Path, again: bool) -> None:
    (star / "dialogues").mkdir(parents=True)
    (star / "thesis").mkdir()
    (star / "dialogues" / "mine.txt").write_text("mine")
    with pytest.raises(FileError, match=r"other things than STAR \(dialogues/mine\.txt, thesis\), .*--to .*STAR/STAR"):
        get("star", star, again=again, progress=False)
    assert inside(star) == {"dialogues/mine.txt"}
    assert files.asked == []


def test_half_a_data_set_is_told_and_can_be_replaced(files: FileServer, star: Path) -> None:
    get("star", star, progress=False)
    (star / "dialogues" / "7.json").unlink()
    shutil.rmtree(star / "tasks" / "trivia")
    with pytest.raises(
        FileError, match=r"29 of 30 dialogues and 1 of 2 tasks; missing: dialogues/7\.json, .*trivia.*--again"
    ):
        get("star", star, progress=False)
    assert get("star", star, again=True, progress=False)
    assert inside(star) == {*needed(), *EXTRA}


def test_two_at_once_do_not_disturb_each_other(files: FileServer, star: Path) -> None:
    with getting._workshop(star), pytest.raises(FileError, match="being made by another process"):
        get("star", star, progress=False)
    assert get("star", star, progress=False)


def test_a_place_that_may_not_be_written_is_told(
    files: FileServer, star: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(FileError, match=r"STAR: was not written: may not be written: permission denied"):
        get("star", star, progress=False)


def test_if_it_cannot_be_put_in_place_the_old_one_comes_back(
    files: FileServer, star: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get("star", star, progress=False)
    before = (star / "dialogues" / "1.json").read_bytes()
    move = Path.replace

    def fails(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise OSError(errno.EIO, "Input/output error")
        return move(path, target)

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(FileError, match=r"input/output error\. Nothing was changed"):
        get("star", star, again=True, progress=False)
    assert (star / "dialogues" / "1.json").read_bytes() == before
    assert beside(star) == []


# --- the network and the disk


def test_a_download_that_is_cut_is_kept_and_goes_on(files: FileServer, star: Path) -> None:
    files.cut = 30_000
    with pytest.raises(DownloadError, match=r"The 0\.0 MB that came are kept, and the next try goes on"):
        get("star", star, progress=False)
    assert not star.exists()
    files.cut = None
    assert get("star", star, progress=False)
    assert files.asked == [None, "bytes=30000-"]
    assert beside(star) == []


def test_without_a_network_people_are_told_what_to_do(files: FileServer, star: Path) -> None:
    files.status = 404
    with pytest.raises(DownloadError, match=r"answered 404\. Connect .*sdkit data get star --from FILE"):
        get("star", star, progress=False)
    entry = replace(getting.CATALOGUE["star"], url="http://127.0.0.1:1/star.tar.gz")
    getting.CATALOGUE["star"] = entry  # the fixture puts it back
    with pytest.raises(DownloadError, match=r"could not be fetched: http://127\.0\.0\.1:1/.* cannot be reached"):
        get("star", star, progress=False)
    assert not star.exists()
    assert beside(star) == []


def test_a_disk_that_is_too_small_is_noticed_before_anything_is_fetched(
    files: FileServer, star: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil.disk_usage("/")._replace(free=1100)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(FileError, match=r"has 0 MB free, and STAR needs 0 MB; make room, or name .*--to"):
        get("star", star, progress=False)
    assert files.asked == []
    assert beside(star) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of 256 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can make a small disk, on Linux")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize(("count", "where"), [(SIZE + 170, "in the download"), (SIZE + 70, "while unpacking")])
def test_a_full_disk_is_told_and_gets_its_room_back(
    files: FileServer, small_disk: Path, count: int, where: str
) -> None:
    entry = replace(getting.CATALOGUE["star"], needed=frozenset(needed(count)))
    getting.CATALOGUE["star"] = entry  # the fixture puts it back
    files.content = packed(needed(count))
    assert (len(files.content) > 256 * 1024) == (where == "in the download")
    with pytest.raises(FileError, match=r"STAR: was not written: no space left on device\. Nothing was changed"):
        get("star", small_disk / "STAR", progress=False)
    assert list(small_disk.iterdir()) == []


def test_a_disk_that_fills_up_while_unpacking(files: FileServer, star: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def full(path: Path, mode: str = "r", *more: object) -> object:  # stands in for a full disk
        if path.name == "20.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(path, mode, *more)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(FileError, match="no space left on device"):
        get("star", star, progress=False)
    assert not star.exists()
    assert beside(star) == []


# --- a kill

MANY = 3000
GET = """
import sys
from dataclasses import replace
from sdkit import cli
from sdkit.datasets import getting
needed = frozenset(open(sys.argv[3]).read().split())
getting.CATALOGUE["star"] = replace(getting.CATALOGUE["star"], url=sys.argv[1], size=1000, needed=needed)
sys.exit(cli.main(["data", "get", "star", "--to", sys.argv[2]]))
"""


@pytest.fixture
def command(files: FileServer, tmp_path: Path, star: Path) -> list[str]:
    """Give the command that gets a STAR of 3,000 dialogues, 6 MB, in a process of its own."""
    files.content = packed(needed(MANY))
    (tmp_path / "needed").write_text("\n".join(needed(MANY)))
    return [sys.executable, "-c", GET, files.url, str(star), str(tmp_path / "needed")]


def kill_when(command: list[str], ready: Callable[[], bool]) -> None:
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not ready():
        assert process.poll() is None
        assert time.monotonic() < end
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def test_after_a_kill_in_the_download_it_goes_on(files: FileServer, command: list[str], star: Path) -> None:
    files.wait = 3_000_000
    part = star.parent / ".STAR.part" / "archive.part"
    kill_when(command, lambda: part.exists() and part.stat().st_size > 2_000_000)
    assert not star.exists()
    files.wait = None
    files.go_on.set()
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0
    begin = int(str(files.asked[1]).removeprefix("bytes=").removesuffix("-"))
    assert 2_000_000 < begin <= 3_000_000
    assert inside(star) == set(needed(MANY))
    assert beside(star) == []


@pytest.mark.parametrize("after", [1, 1000, 2000])
def test_after_a_kill_while_unpacking_it_begins_with_what_was_fetched(
    files: FileServer, command: list[str], star: Path, after: int
) -> None:
    # Given a process that was killed when that many files were there
    kill_when(command, (star.parent / ".STAR.part" / "new" / "dialogues" / f"{after}.json").exists)
    assert not star.exists()
    # When it is run again
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0
    # Then all of it is there, and was fetched once
    assert inside(star) == set(needed(MANY))
    assert len(files.asked) == 1
    assert beside(star) == []


def test_a_kill_at_the_worst_moment_leaves_the_old_data_set_to_be_found(files: FileServer, star: Path) -> None:
    # Given a process that was killed when it had put the old data set aside, and the new one not yet in place
    get("star", star, progress=False)
    (star.parent / ".STAR.part").mkdir()
    star.rename(star.parent / ".STAR.part" / "old")
    # When it is run again, and there is no network
    files.status = 404
    with pytest.raises(DownloadError):
        get("star", star, again=True, progress=False)
    assert inside(star) == {*needed(), *EXTRA}


# --- the command


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(workspace, "checkout", lambda: tmp_path)
    return tmp_path


def test_the_command_says_where_it_is_and_how_to_use_it(
    files: FileServer, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "get", "star"]) == 0
    assert inside(checkout / "datasets" / "STAR") == {*needed(), *EXTRA}
    out, err = capsys.readouterr()
    assert out.startswith("STAR is in datasets/STAR: 30 dialogues and 2 tasks.\nMIT licence")
    assert out.endswith('from sdkit.datasets import STAR\nSTAR.set_path("datasets/STAR")\n')
    assert "fetching STAR" in err
    assert main(["data", "get", "star"]) == 0
    assert capsys.readouterr().out.startswith("STAR is already in datasets/STAR: 30 dialogues and 2 tasks.\n")


def test_the_command_takes_an_archive_and_a_folder(
    files: FileServer,
    checkout: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    elsewhere = tmp_path.parent / f"{tmp_path.name} elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    Path("mine.tar.gz").write_bytes(files.content)
    assert main(["data", "get", "star", "--from", "mine.tar.gz", "--to", 'a "b"']) == 0
    assert inside(elsewhere / 'a "b"') == {*needed(), *EXTRA}
    assert f'STAR.set_path("{elsewhere}/a \\"b\\"")' in capsys.readouterr().out
    assert files.asked == []


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["get", "stars"], 2, "no data set 'stars'"),
        (["get", "star", "--from", "missing.zip"], 1, "missing.zip: does not exist"),
        (["get"], 2, "--name"),
    ],
)
def test_what_the_command_cannot_do_is_one_sentence(
    checkout: Path, words: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", *words]) == code
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
    assert not (checkout / "datasets" / "STAR").exists()


def test_the_installed_library_asks_for_a_folder(
    files: FileServer, star: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_checkout() -> Path:
        raise FileError("site-packages", "holds no lessons")

    monkeypatch.setattr(workspace, "checkout", no_checkout)
    assert main(["data", "get", "star"]) == 2
    assert "name a folder with --to" in capsys.readouterr().err
    assert main(["data", "get", "star", "--to", str(star)]) == 0


# --- MultiWOZ

DIALOGUES = [
    f"data/MultiWOZ_2.2/{split}/dialogues_{number:03}.json"
    for split, count in (("train", 17), ("dev", 2), ("test", 2))
    for number in range(1, count + 1)
]
MULTIWOZ = [*DIALOGUES, "data/MultiWOZ_2.2/schema.json"]
MULTIWOZ_EXTRA = ["LICENSE", "README.md", "data/MultiWOZ_2.2/README.md", "data/MultiWOZ_2.2/dialog_acts.json"]
MULTIWOZ_STAYS = ["data/MultiWOZ_2.1.zip", "db/hotel_db.json", "evaluate.py", "data/MultiWOZ_2.2/train/debug.tsv"]


def packed_multiwoz(names: list[str]) -> bytes:
    """Return an archive as GitHub makes it, in which each file of dialogues has one."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name in names:
            turn = {"turn_id": "0", "speaker": "USER", "utterance": "Hi!", "frames": []}
            dialogue = {"dialogue_id": name, "services": ["hotel"], "turns": [turn]}
            content = json.dumps([dialogue]).encode()
            info = tarfile.TarInfo(f"multiwoz-master/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def multiwoz(serve: Callable[[ThreadingHTTPServer], None], monkeypatch: pytest.MonkeyPatch) -> FileServer:
    """Be the public place of MultiWOZ, on loopback, with the names of all its files and little in them."""
    server = FileServer(packed_multiwoz(MULTIWOZ + MULTIWOZ_EXTRA + MULTIWOZ_STAYS))
    serve(server.server)
    monkeypatch.setitem(
        getting.CATALOGUE, "multiwoz", replace(getting.CATALOGUE["multiwoz"], url=server.url, size=1000)
    )
    return server


def test_the_command_gets_multiwoz_and_says_how_to_use_it(
    multiwoz: FileServer, checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "get", "multiwoz"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("MultiWOZ is in datasets/MultiWOZ: 21 files of dialogues")
    assert "MIT licence, Copyright (c) 2019 Pawel Budzianowski; please cite arXiv:2007.12720." in out
    assert inside(checkout / "datasets" / "MultiWOZ") == {*MULTIWOZ, *MULTIWOZ_EXTRA}
    monkeypatch.chdir(checkout)
    names: dict[str, Any] = {}
    exec(out.partition("\n\n")[2], names)
    assert names["data"].splits == {"train": 17, "dev": 2, "test": 2}


def test_a_multiwoz_that_is_not_whole_is_refused(multiwoz: FileServer, tmp_path: Path) -> None:
    multiwoz.content = packed_multiwoz([name for name in MULTIWOZ if "/dev/" not in name and "_009" not in name])
    with pytest.raises(
        FileError, match=r"18 of 21 files of dialogues; missing: data/MultiWOZ_2\.2/dev/dialogues_001\.json, .*_009"
    ):
        get("multiwoz", tmp_path / "MultiWOZ", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_the_data_set_is_not_tracked() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"datasets/STAR/", "datasets/.*.part/"} <= set(ignored)
