"""Is everything there? One line a thing: OK, or the command that mends it."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from sdkit.errors import SdkitError
from sdkit.llm import ollama, weights
from sdkit.llm.spec import chat_model, choose_model

PACKAGES = ("pydantic", "langchain-ollama", "pandas", "ipywidgets", "xllamacpp")
INSTALL = "python3 -m sdkit lab --check"
MIN_MEMORY = 1.0  # GB free: SmolLM2 takes 0.3, JupyterLab and a kernel about as much
MIN_DISK = 1.0  # GB free


@dataclass(frozen=True)
class Finding:
    """One line of the table.

    Attributes
    ----------
    what : str
        What was looked at.
    ok : bool
        Whether it will do.
    detail : str
        What was found.
    fix : str
        The command that mends it, if it will not do.
    """

    what: str
    ok: bool
    detail: str
    fix: str = ""


def examine() -> list[Finding]:
    """Look at everything that the workshop needs."""
    checks: tuple[Callable[[], Finding], ...] = (
        _python, _packages, _jupyterlab, _kernel, _ollama, _weights, _default, _memory, _disk, _write_access,
    )  # fmt: skip
    return [check() for check in checks]


def table(findings: list[Finding]) -> str:
    """Return the findings as aligned text."""
    width = max(len(finding.what) for finding in findings)
    return "\n".join(
        f"{'OK ' if f.ok else 'FIX'}  {f.what:<{width}}  {f.detail}{'' if f.ok else f' -> {f.fix}'}" for f in findings
    )


def _python() -> Finding:
    return Finding("Python", True, f"{platform.python_version()} in {sys.prefix}")


def _packages() -> Finding:
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            return Finding("packages", False, f"{name} is missing", INSTALL)
    return Finding("packages", True, ", ".join(f"{name} {version}" for name, version in versions.items()))


def _jupyterlab() -> Finding:
    try:
        return Finding("JupyterLab", True, metadata.version("jupyterlab"))
    except metadata.PackageNotFoundError:
        return Finding("JupyterLab", False, "not installed", INSTALL)


def _kernel() -> Finding:
    """See whether notebooks get this very Python: a kernel of another one finds no packages."""
    mend = f"{Path(sys.executable).name} -m ipykernel install --sys-prefix"
    try:
        manager = importlib.import_module("jupyter_client.kernelspec")
        command = manager.KernelSpecManager().get_kernel_spec("python3").argv[0]
    except (ImportError, LookupError):
        return Finding("kernel", False, "there is no python3 kernel", mend)
    found = shutil.which(command) or command
    same = command in {"python", "python3"} or Path(found).parent.resolve() == Path(sys.executable).parent.resolve()
    return Finding("kernel", same, "python3 is this Python" if same else f"python3 is another Python, {found}", mend)


def _ollama() -> Finding:
    models = ollama.chat_models()
    if models is None:
        return Finding(
            "Ollama", True, f"not running at {ollama.shown(ollama.url())}; not needed, the embedded model answers"
        )
    if not models:
        return Finding("Ollama", False, "running, without a chat model", "ollama pull qwen2.5:14b")
    return Finding("Ollama", True, f"{len(models)} chat models: {', '.join(models[:4])}{', ...' * (len(models) > 4)}")


def _weights() -> Finding:
    here = [entry.name for entry in weights.CATALOGUE.values() if entry.is_here()]
    if weights.DEFAULT in here:
        return Finding("embedded model", True, ", ".join(here))
    mend = f"python -m sdkit models pull {weights.DEFAULT}"
    return Finding("embedded model", False, f"{weights.DEFAULT} is not here", mend)


def _default() -> Finding:
    try:
        name, why = choose_model()
        chat_model(name)
    except SdkitError as error:
        return Finding("default model", False, str(error), "unset SDKIT_MODEL and OLLAMA_HOST, or correct them")
    return Finding("default model", True, f"{name}, {why}")


def _memory() -> Finding:
    try:
        free = importlib.import_module("psutil").virtual_memory().available / 1e9
    except ImportError:
        return Finding("memory", False, "cannot be measured without psutil", INSTALL)
    mend = f"close some programs ({MIN_MEMORY:.0f} GB needed)"
    return Finding("memory", free >= MIN_MEMORY, f"{free:.1f} GB free", mend)


def _disk() -> Finding:
    places = [Path.cwd(), next(place for place in weights.models_folder().parents if place.exists())]
    free = min(shutil.disk_usage(place).free for place in places) / 1e9
    return Finding("disk", free >= MIN_DISK, f"{free:.1f} GB free", f"make room ({MIN_DISK:.0f} GB needed)")


def _write_access() -> Finding:
    for folder in (Path.cwd(), weights.models_folder()):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError:
            mend = f"chmod u+w {folder}" if folder == Path.cwd() else "set SDKIT_CACHE to a folder of yours"
            return Finding("write access", False, f"{folder} cannot be written to", mend)
    return Finding("write access", True, f"{os.curdir} and the models' cache")
