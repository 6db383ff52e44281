"""Starting and stopping, with a program that stands in for Ollama; tests/ollama does it with the real one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sdkit.errors import InputError, ModelUnavailableError
from sdkit.llm import ollama

if TYPE_CHECKING:
    from conftest import FakeOllama

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the program that stands in is a script")

SERVES = """
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"models": []}')
    host, port = os.environ["OLLAMA_HOST"].rsplit(":", 1)
    print("on stdout: serving at", os.environ["OLLAMA_HOST"], sys.argv[1:], flush=True)
    http.server.HTTPServer((host, int(port)), Handler).serve_forever()
"""
HAS_A_CHILD = """
    child = subprocess.Popen(["sleep", "60"])
    pathlib.Path(os.environ["CHILD"]).write_text(str(child.pid))
"""

Program = Callable[[str], None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Make a program `ollama` of some Python code, the only one on the PATH that has this name."""

    def make(code: str) -> None:
        head = f"#!{sys.executable}\nimport http.server, os, pathlib, subprocess, sys, time\n"
        file = tmp_path / "ollama"
        file.write_text(head + textwrap.dedent(code))
        file.chmod(0o755)

    others = [folder for folder in os.environ["PATH"].split(os.pathsep) if not (Path(folder) / "ollama").exists()]
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), *others]))
    return make


@pytest.fixture(autouse=True)
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """Point OLLAMA_HOST to where nobody is."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = int(probe.getsockname()[1])
    monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{free}")
    return free


def is_alive(pid: int) -> bool:
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(told.stdout.strip()) and not told.stdout.startswith("Z")


def has_ended(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(pid)


def test_a_server_is_started_and_stopped(program: Program, port: int, capfd: pytest.CaptureFixture[str]) -> None:
    program(SERVES)

    with ollama.serve() as server:
        assert ollama.is_up()
        assert server.started_here
        assert repr(server) == f"<Ollama at http://127.0.0.1:{port}: started here>"

    assert not ollama.is_up()
    assert repr(server) == f"<Ollama at http://127.0.0.1:{port}: stopped>"
    server.stop()  # once more does no harm
    assert capfd.readouterr() == ("", "")


def test_a_server_that_is_there_already_is_left_alone(program: Program, fake_ollama: FakeOllama) -> None:
    program("sys.exit('started in vain')")

    with ollama.serve() as server:
        assert not server.started_here
        assert repr(server) == f"<Ollama at {fake_ollama.url}: was running already>"

    assert ollama.is_up()


def test_the_program_is_given_the_bare_address(
    program: Program, port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", f"http://me:secret@localhost:{port}/?token=hidden")
    program(
        """
    pathlib.Path(sys.argv[0]).with_name("said").write_text(os.environ["OLLAMA_HOST"])
    """
        + SERVES
    )
    with ollama.serve() as server:
        assert (tmp_path / "said").read_text() == f"localhost:{port}"
        assert repr(server).startswith(f"<Ollama at http://localhost:{port}")


def test_without_the_program_the_error_says_where_to_get_it(program: Program) -> None:
    with pytest.raises(ModelUnavailableError, match=r"no program `ollama`.*https://ollama\.com/download.*embedded"):
        ollama.serve()


def test_a_program_that_cannot_be_run_is_named(program: Program, tmp_path: Path) -> None:
    program("")
    (tmp_path / "ollama").write_bytes(b"\x7fELF, but cut")
    with pytest.raises(ModelUnavailableError, match="ollama cannot be run: Exec format error"):
        ollama.serve()


@pytest.mark.parametrize("host", ["https://127.0.0.1:1", "192.0.2.1:1", "http://127.0.0.1:1/behind/proxy"])
def test_only_an_address_of_this_machine_can_be_served(
    program: Program, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    program("sys.exit('started in vain')")
    monkeypatch.setenv("OLLAMA_HOST", host)
    with pytest.raises(InputError, match="has to be an address of this machine"):
        ollama.serve(timeout=0.3)


def test_where_something_else_answers_nothing_is_started(program: Program, fake_ollama: FakeOllama) -> None:
    program("sys.exit('started in vain')")
    fake_ollama.tags = b"<html>"
    with pytest.raises(ModelUnavailableError, match="is not Ollama"):
        ollama.serve()


def test_a_server_that_dies_at_once_is_an_error_with_the_end_of_its_log(program: Program) -> None:
    program("""
        print("long ago", "and far away", "server config env=[HTTP_PROXY:http://me:secret@proxy]", sep="\\n")
        sys.exit("Error: listen tcp: address already in use")
    """)
    with pytest.raises(ModelUnavailableError, match=r"ended at once \(status 1\).*already in use") as caught:
        ollama.serve()
    assert "secret" not in str(caught.value)


def test_a_server_that_does_not_answer_is_stopped(
    program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHILD", str(tmp_path / "child"))
    program(HAS_A_CHILD + "    print('thinking', flush=True)\n    time.sleep(60)")
    with pytest.raises(ModelUnavailableError, match=r"did not answer in 2 seconds, and was stopped.*thinking"):
        ollama.serve(timeout=2)
    assert has_ended(int((tmp_path / "child").read_text()))


def test_what_the_server_started_ends_with_it(
    program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHILD", str(tmp_path / "child"))
    program(HAS_A_CHILD + SERVES)
    with ollama.serve():
        child = int((tmp_path / "child").read_text())
        assert is_alive(child)
    assert has_ended(child)


@pytest.mark.parametrize("end", ["", "raise KeyboardInterrupt", "sys.exit(3)", "os.fork() or sys.exit(); os.wait()"])
def test_the_server_ends_with_python(program: Program, port: int, end: str) -> None:
    program(SERVES)
    code = f"import os, sys\nfrom sdkit.llm import ollama\nserver = ollama.serve()\n{end}\nassert ollama.is_up()"

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert "AssertionError" not in run.stderr
    assert "serving" not in run.stdout + run.stderr
    assert not ollama.is_up()


def test_an_interrupt_while_it_starts_stops_it(
    program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHILD", str(tmp_path / "child"))
    program(HAS_A_CHILD + "    time.sleep(60)")

    def interrupted(seconds: float) -> None:
        if (tmp_path / "child").exists() and (tmp_path / "child").read_text():
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(time, "sleep", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ollama.serve()
    assert has_ended(int((tmp_path / "child").read_text()))
