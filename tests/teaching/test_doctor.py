from __future__ import annotations

from collections import namedtuple
from pathlib import Path

import pytest

from sdkit.teaching import doctor
from sdkit.teaching.doctor import Finding


def finding(what: str) -> Finding:
    return next(f for f in doctor.examine() if f.what == what)


def test_every_thing_has_its_line() -> None:
    findings = doctor.examine()
    assert [f.what for f in findings] == [
        "Python", "packages", "JupyterLab", "kernel", "Ollama", "embedded model", "default model", "memory", "disk",
        "write access",
    ]  # fmt: skip
    assert all(f.ok or f.fix for f in findings)


def test_the_table_shows_the_command_that_mends() -> None:
    told = doctor.table([Finding("a", True, "fine"), Finding("long name", False, "gone", "do this")])
    assert told.splitlines() == ["OK   a          fine", "FIX  long name  gone -> do this"]


def test_missing_weights_are_to_be_pulled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SDKIT_CACHE", str(tmp_path))
    assert not finding("embedded model").ok
    assert finding("embedded model").fix == "python -m sdkit models pull smollm2-135m"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", ("pydantic", "surely-not-there"))
    assert finding("packages") == Finding("packages", False, "surely-not-there is missing", doctor.INSTALL)


def test_ollama_is_not_needed_but_an_empty_one_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.ollama, "chat_models", lambda: None)
    assert finding("Ollama").ok
    monkeypatch.setattr(doctor.ollama, "chat_models", list)
    assert finding("Ollama").fix == "ollama pull qwen2.5:14b"
    monkeypatch.setattr(doctor.ollama, "chat_models", lambda: ["qwen2.5:14b"])
    assert finding("Ollama").detail == "1 chat models: qwen2.5:14b"


def test_a_full_disk_and_little_memory_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage(1, 1, 2e8))
    assert not finding("disk").ok
    memory = namedtuple("memory", "available")
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory(1e8))
    assert not finding("memory").ok


def test_a_cache_that_cannot_be_made_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SDKIT_CACHE", str(tmp_path / "file"))
    assert not finding("write access").ok
    assert "SDKIT_CACHE" in finding("write access").fix


def test_a_kernel_of_another_python_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = namedtuple("spec", "argv")
    monkeypatch.setattr(
        "jupyter_client.kernelspec.KernelSpecManager.get_kernel_spec", lambda *_: spec(["/elsewhere/bin/python3.9"])
    )
    assert not finding("kernel").ok
    assert "ipykernel install" in finding("kernel").fix
