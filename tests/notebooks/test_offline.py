"""All lessons with nothing but recordings: no network, no Ollama, no weights; only the loopback of their kernels."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# In a network namespace of its own there is only loopback, and that has to be switched on first.
BEGIN = """
import fcntl, os, socket, struct, sys
with socket.socket() as one:
    fcntl.ioctl(one, 0x8914, struct.pack("16sh14x", b"lo", 0x41))  # SIOCSIFFLAGS: up and running
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
    sys.exit("there is a network")
except OSError:
    pass
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def _namespaces() -> bool:
    unshare = shutil.which("unshare")
    return bool(unshare) and subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not _namespaces(), reason="no network namespaces on this machine")
def test_lessons_and_solutions_need_no_network_and_no_model(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SDKIT", "PYTEST"))}
    environment |= {"SDKIT_LLM": "replay", "SDKIT_CACHE": str(tmp_path), "OLLAMA_HOST": "127.0.0.1:1"}
    nbval = ["--nbval", "--nbval-current-env", "-o", "addopts=", "notebooks"]
    result = subprocess.run(
        ["unshare", "-rn", sys.executable, "-c", BEGIN, "-m", "pytest", "-q", "-p", "no:cacheprovider", *nbval],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]
