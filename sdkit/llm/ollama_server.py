"""An Ollama server of our own, for as long as this process lives."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from types import TracebackType
from typing import IO, Any

import httpx

from sdkit.errors import InputError, ModelUnavailableError
from sdkit.llm import ollama_http as http


class Server:
    """An Ollama server that answers. In a ``with`` statement it is stopped at the end.

    Only a server that was started here is ever stopped, and at the latest when Python ends.

    Attributes
    ----------
    url : str
        Its address.
    started_here : bool
        Whether it was started by `serve`; otherwise there was one already.
    """

    def __init__(self, process: subprocess.Popen[bytes] | None = None, log: IO[bytes] | None = None) -> None:
        self.url = http.shown(http.url())
        self.started_here = process is not None
        self._process, self._log = process, log
        self._owner = os.getpid()  # a fork must not stop it
        if process is not None:
            atexit.register(self.stop)

    def stop(self) -> None:
        """Stop the server, and the models that it runs; one that was not started here is left alone."""
        process, self._process = self._process, None
        if process is None or os.getpid() != self._owner:
            return
        atexit.unregister(self.stop)
        _end(process)
        if self._log is not None:
            self._log.close()

    def __enter__(self) -> Server:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def __repr__(self) -> str:
        """Say where it is, and whose."""
        state = "started here" if self._process else "stopped" if self.started_here else "was running already"
        return f"<Ollama at {self.url}: {state}>"


def serve(timeout: float = 30.0) -> Server:
    """Start an Ollama server at `url`, unless there is one already, and wait until it answers.

    It ends with this process. What it logs is kept out of sight; if it fails, the end of that is in the error.

    Parameters
    ----------
    timeout
        Seconds to wait for its first answer.

    Returns
    -------
    Server
        Its ``stop()`` ends it; it can be used in a ``with`` statement. For a server that was there already, nothing is
        started, and ``stop()`` does nothing.

    Raises
    ------
    InputError
        $OLLAMA_HOST is not an address of this machine.
    ModelUnavailableError
        Ollama is not installed, does not start, or something else answers at its address.
    """
    if _somebody_answers(timeout):
        return Server()
    address = httpx.URL(http.url())
    if address.scheme != "http" or address.path != "/" or not _is_of_this_machine(address.host):
        raise InputError(
            f"no server can be started at {http.shown(http.url())}: OLLAMA_HOST has to be an address of this machine, "
            "such as 127.0.0.1:11434"
        )
    binary = shutil.which("ollama")
    if binary is None:
        raise ModelUnavailableError(
            f"there is no program `ollama` on the PATH. Get it from https://ollama.com/download, {http.OR_EMBEDDED}"
        )
    host = f"[{address.host}]" if ":" in address.host else address.host
    log = tempfile.TemporaryFile(prefix="sdkit-ollama-")  # noqa: SIM115 - the server writes to it as long as it runs
    try:
        process = subprocess.Popen(
            [binary, "serve"],
            env=os.environ | {"OLLAMA_HOST": f"{host}:{address.port or 80}"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **_A_GROUP_OF_ITS_OWN,
        )
    except OSError as error:
        log.close()
        raise ModelUnavailableError(f"{binary} cannot be run: {error.strerror}") from error
    server = Server(process, log)
    try:
        _wait(process, log, timeout)
    except BaseException:
        server.stop()
        raise
    return server


# Not in our group: an interrupt of a cell goes to the whole group of the kernel, and is not meant for the server.
_A_GROUP_OF_ITS_OWN: dict[str, Any] = (
    {"creationflags": subprocess.CREATE_NO_WINDOW}  # type: ignore[attr-defined, unused-ignore]
    if os.name == "nt"
    else {"start_new_session": True}
)


def _somebody_answers(timeout: float) -> bool:
    """Tell whether an Ollama answers, or nobody; raise if something else does."""
    try:
        http.listed("/api/tags", min(timeout, 5.0))
    except ModelUnavailableError as error:
        if isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout):
            return False
        raise
    return True


def _is_of_this_machine(host: str) -> bool:
    """Tell whether something could be bound to the address: that works with a machine's own only."""
    with contextlib.suppress(OSError, UnicodeError):
        for family, kind, protocol, _, address in socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM):
            with contextlib.suppress(OSError), socket.socket(family, kind, protocol) as probe:
                probe.bind(address)
                return True
    return False


def _wait(process: subprocess.Popen[bytes], log: IO[bytes], timeout: float) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + timeout
    while process.poll() is None:
        with contextlib.suppress(ModelUnavailableError):
            http.listed("/api/tags", 1.0)
            return
        if time.monotonic() > deadline:
            _end(process)
            raise ModelUnavailableError(
                f"Ollama did not answer in {timeout:g} seconds, and was stopped. The end of its log: {_end_of(log)}"
            )
        time.sleep(0.1)
    raise ModelUnavailableError(
        f"Ollama ended at once (status {process.returncode}). The end of its log: {_end_of(log)}"
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server, and the processes in which it runs models."""
    if os.name == "nt":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
        process.wait()
        return
    try:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
    finally:  # also if somebody does not want to wait
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # a server that crashed leaves its models running
        process.wait()


def _end_of(log: IO[bytes]) -> str:
    """Return the last lines of a log, without those that list the environment."""
    log.seek(0)
    lines = log.read().decode("utf-8", "replace").splitlines()
    return http.brief(" / ".join([line for line in lines if line.strip() and "server config" not in line][-3:]) or "-")
