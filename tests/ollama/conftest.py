"""A real Ollama with the real SmolLM2: a server of our own, with a folder and a port of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sdkit.llm import ollama, weights
from sdkit.teaching.lab import free_port

NAME = "tiny"


@pytest.fixture(scope="session")
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give an environment in which Ollama sees neither the user's models nor keys."""
    folder = tmp_path_factory.mktemp("ollama")
    binary = os.environ.get("SDKIT_OLLAMA") or shutil.which("ollama")
    assert binary  # else these tests are skipped
    (folder / "bin").mkdir()
    (folder / "bin" / "ollama").symlink_to(Path(binary).resolve())
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    return {"PATH": path, "HOME": str(folder), "OLLAMA_MODELS": str(folder / "models"), "OLLAMA_NOPRUNE": "1"}


@pytest.fixture(scope="session")
def server(own_folder: dict[str, str]) -> Iterator[ollama.Server]:
    gguf = weights.find().path
    host = f"127.0.0.1:{free_port(11500)}"
    with pytest.MonkeyPatch.context() as patch:  # only until it runs: other tests have a home of their own
        for name, value in (own_folder | {"OLLAMA_HOST": host}).items():
            patch.setenv(name, value)
        server = ollama.serve()
        modelfile = Path(own_folder["HOME"], "Modelfile")
        # Several threads wait for each other in a loop: on a machine with other work, that takes minutes.
        modelfile.write_text(f"FROM {gguf}\nPARAMETER num_thread 1\n", encoding="utf-8")
        command = ["ollama", "create", NAME, "-f", str(modelfile)]
        subprocess.run(command, capture_output=True, check=True, timeout=120)
    with server:
        yield server
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OLLAMA_HOST", host)
        assert not ollama.is_up()


@pytest.fixture(autouse=True)
def here(clean_environment: None, server: ollama.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", server.url)
