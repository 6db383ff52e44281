"""Starting JupyterLab on the lessons."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import httpx

from sdkit.errors import InputError, LabError

NO_NEWS = {"fetchNews": "false", "checkForUpdates": False}
"""The settings of JupyterLab's notifications with which it neither asks about news nor looks for them."""

_OVERRIDES = {"@jupyterlab/apputils-extension:notification": NO_NEWS}


class JupyterLab:
    """A JupyterLab of our own: started on entering, stopped on leaving.

    Parameters
    ----------
    root
        The folder that it shows.
    page
        The file that it opens, relative to `root`.
    first_port
        Where to look for a free port, upwards.
    arguments
        More arguments of `jupyter lab`.
    environment, unset
        Environment variables that it and its kernels are given, and the names of those that they do not inherit.
    """

    def __init__(
        self,
        root: Path,
        page: str,
        first_port: int = 8888,
        *,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        unset: Collection[str] = (),
    ) -> None:
        self.root = root
        self.page = page
        self._arguments, self._environment, self._unset = arguments, dict(environment or {}), unset
        self.port = free_port(first_port)
        self._token = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """The address to open, with the token that lets you in."""
        return self.address(f"lab/tree/{self.page}")

    def address(self, place: str) -> str:
        """Return the address of a place in it, such as "lab?reset", with the token that lets you in."""
        return f"http://127.0.0.1:{self.port}/{place}{'&' if '?' in place else '?'}token={self._token}"

    def __enter__(self) -> Self:
        """Start the server; it does not answer yet."""
        _no_news_prompt()
        self._log = tempfile.TemporaryFile()
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={self.port}"]
        command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={self.root}"]
        if hasattr(os, "getuid") and os.getuid() == 0:
            command.append("--allow-root")
        command += self._arguments
        # The token goes through the environment: arguments can be seen by every user of the machine.
        environment = {name: value for name, value in os.environ.items() if name not in self._unset}
        environment |= {**self._environment, "JUPYTER_TOKEN": self._token}
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log, cwd=self.root, env=environment)
        return self

    def wait(self, seconds: float = 60) -> None:
        """Wait until it answers.

        Raises
        ------
        LabError
            It ended, or did not answer in time; with the end of its log.
        """
        assert self._process is not None
        deadline = time.monotonic() + seconds
        address = f"http://127.0.0.1:{self.port}/api/status"
        headers = {"Authorization": f"token {self._token}"}
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                status = httpx.get(address, headers=headers, timeout=2, trust_env=False)
                if status.status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        raise LabError(f"JupyterLab did not start. The end of its log:\n{self._log_end()}")

    def serve(self) -> None:
        """Wait until Ctrl-C, or until somebody shuts it down from within.

        Raises
        ------
        LabError
            It ended by itself, with an error.
        """
        assert self._process is not None
        try:
            if self._process.wait():
                raise LabError(f"JupyterLab ended by itself. The end of its log:\n{self._log_end()}")
        except KeyboardInterrupt:
            print("\nStopping JupyterLab.")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._log is not None:
            self._log.close()

    def _log_end(self) -> str:
        assert self._log is not None
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace").strip()[-600:].replace(self._token, "...")


def free_port(first: int) -> int:
    """Return the first free port from this one upwards.

    Raises
    ------
    LabError
        None of the next hundred is free.
    InputError
        There is no such port.
    """
    if not 1 <= first <= 65535:
        raise InputError(f"--port {first}: a port is a number from 1 to 65535")
    for port in range(first, min(first + 100, 65536)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise LabError(f"no port from {first} to {first + 99} is free; give another one with --port")


def has_display() -> bool:
    """Tell whether a browser can be opened here."""
    return sys.platform in {"win32", "darwin"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _no_news_prompt() -> None:
    """Keep JupyterLab from greeting people with a question about news; only in an environment of our own making."""
    if (Path(sys.prefix) / ".sdkit-ready").is_file():
        overrides = Path(sys.prefix) / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
        if not overrides.exists():
            overrides.parent.mkdir(parents=True, exist_ok=True)
            overrides.write_text(json.dumps(_OVERRIDES), encoding="utf-8")
