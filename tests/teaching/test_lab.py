from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from sdkit.errors import InputError, LabError
from sdkit.teaching import lab


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert lab.free_port(port) > port


def test_no_free_port_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(lab.socket.socket, "bind", refuse)
    with pytest.raises(LabError, match="--port"):
        lab.free_port(8888)


def test_a_server_that_dies_is_told_with_its_log_and_without_the_token(tmp_path: Path) -> None:
    server = lab.JupyterLab(tmp_path / "no such folder", "x.ipynb")
    server.root = tmp_path
    with server:
        assert server._process is not None
        os.kill(server._process.pid, signal.SIGKILL)
        with pytest.raises(LabError, match="did not start") as caught:
            server.wait(10)
    assert server._token not in str(caught.value)


@pytest.mark.parametrize("port", [0, -5, 99999])
def test_what_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(InputError, match=f"--port {port}: a port is a number from 1 to 65535"):
        lab.free_port(port)


def test_a_server_that_ends_by_itself_is_told(tmp_path: Path) -> None:
    with lab.JupyterLab(tmp_path, "x.ipynb", 18888) as server:
        server.wait()
        assert server._process is not None
        server._process.kill()
        with pytest.raises(LabError, match="ended by itself"):
            server.serve()


def test_a_display_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not lab.has_display()
    monkeypatch.setenv("DISPLAY", ":0")
    assert lab.has_display()
