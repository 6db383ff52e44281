"""What the tests share: clean surroundings, a fake Ollama, and a count of what ran in each group."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import tarfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sdkit.llm import weights
from sdkit.teaching.browser import why_not

GROUPS = ("browser", "embedded", "embeddings", "multiwoz", "notebooks", "ollama", "seed", "star")
_groups_of = pytest.StashKey[dict[str, set[str]]]()


def _why_no_embedded() -> str:
    if importlib.util.find_spec("xllamacpp") is None:
        return "xllamacpp is not installed"
    if not weights.find().is_here():
        return f"the SmolLM2 weights are not at {weights.find().path}: python -m sdkit models pull"
    return ""


def _why_no_embeddings() -> str:
    if importlib.util.find_spec("safetensors") is None:
        return "safetensors is not installed"
    here = weights.find(weights.EMBEDDER)
    return "" if here.is_here() else f"the weights are not at {here.path}: python -m sdkit models pull {here.name}"


def _why_no_ollama() -> str:
    if not (os.environ.get("SDKIT_OLLAMA") or shutil.which("ollama")):
        return "there is no ollama on the PATH, and SDKIT_OLLAMA names none"
    return "" if weights.find().is_here() else "the SmolLM2 weights are not here: python -m sdkit models pull"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    groups = config.stash.setdefault(_groups_of, {})
    reasons = {
        "browser": why_not(),
        "embedded": _why_no_embedded(),
        "embeddings": _why_no_embeddings(),
        "multiwoz": "" if os.environ.get("SDKIT_MULTIWOZ") else "SDKIT_MULTIWOZ does not name the packed dialogues",
        "ollama": _why_no_ollama(),
        "star": "" if os.environ.get("SDKIT_STAR") else "SDKIT_STAR does not name the packed STAR data set",
    }
    for item in items:
        if {"real_star", "real_star_archive"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("star")
        if "real_multiwoz" in getattr(item, "fixturenames", ()):
            item.add_marker("multiwoz")
        marked = {group for group in GROUPS if item.get_closest_marker(group)}
        groups[item.nodeid] = marked | ({"notebooks"} if item.path.suffix == ".ipynb" else set())
        for reason in filter(None, map(reasons.get, marked)):
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    groups = config.stash.get(_groups_of, {})

    def count(group: str, *outcomes: str) -> int:
        reports = [report for outcome in outcomes for report in terminalreporter.stats.get(outcome, [])]
        return len({report.nodeid for report in reports if group in groups.get(report.nodeid, ())})

    for group in GROUPS:
        ran = count(group, "passed", "failed", "error", "xfailed", "xpassed")
        terminalreporter.write_line(f"group {group}: {ran} ran, {count(group, 'skipped')} skipped")


@pytest.fixture(scope="session")
def real_star_archive() -> Path:
    """Give the packed STAR data set; $SDKIT_STAR names it."""
    return Path(os.environ["SDKIT_STAR"])


@pytest.fixture(scope="session")
def real_star(real_star_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the STAR data set, unpacked."""
    folder = tmp_path_factory.mktemp("real") / "STAR"
    with tarfile.open(real_star_archive) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SDKIT_MODEL", "SDKIT_EMBEDDINGS", "SDKIT_LLM", "SDKIT_LLM_LOG", "SDKIT_TIMEOUT", "OLLAMA_HOST"):
        monkeypatch.delenv(name, raising=False)


class _Server(ThreadingHTTPServer):
    request_queue_size = 64  # of 5, the default, tests with many clients at once would lose some

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that has gone is no news
            super().handle_error(request, client_address)


class FakeOllama:
    """A fake: only for our own logic. A real HTTP server on loopback, which says what the test queued.

    Attributes
    ----------
    received, heads : list of dict
        The bodies of the /api/chat requests, in order, and the headers of all requests with a body.
    answer : callable
        From the body of a request to the text of the reply, for when nothing is queued.
    stream : callable
        From the body of a request to the lines of the reply, sent one by one.
    routes : dict
        From what else is asked, such as "POST /api/pull", to a callable that answers; it gets the handler of the
        request, which has the request's body in `body`.
    headers : dict
        Further headers of all replies.
    tags : bytes
        What /api/tags says.
    """

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.heads: list[dict[str, str]] = []
        self.answer: Callable[[dict[str, Any]], str] | None = None
        self.stream: Callable[[dict[str, Any]], Iterator[bytes]] | None = None
        self.routes: dict[str, Callable[[Any], None]] = {}
        self.headers: dict[str, str] = {}
        self.tags = b'{"models": []}'
        self.queue: deque[tuple[int, dict[str, Any]]] = deque()
        self.server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def say(self, text: str, done_reason: str = "stop", times: int = 1) -> None:
        """Queue a reply."""
        self.queue.extend([(200, self._reply(text, done_reason))] * times)

    def fail(self, status: int, error: str, times: int = 1) -> None:
        """Queue a refusal."""
        self.queue.extend([(status, {"error": error})] * times)

    def has(self, *models: dict[str, Any], loaded: Sequence[str] = ()) -> None:
        """Have these models, and these of them in memory."""
        self.tags = json.dumps({"models": models}).encode()
        running = json.dumps({"models": [{"name": name, "size": 1} for name in loaded]}).encode()
        self.routes["GET /api/ps"] = lambda handler: handler._send(200, running)

    def pulls(self, model: dict[str, Any], go_on: threading.Event) -> None:
        """Fetch a model when asked; having half of it, say so again and again until it may go on."""
        layer = {"digest": "sha256:1", "total": model["size"]}
        half, whole = (
            json.dumps({"status": "pulling", "completed": done, **layer}).encode() + b"\n"
            for done in (model["size"] // 2, model["size"])
        )

        def lines() -> Iterator[bytes]:
            yield half
            while not go_on.wait(0.02):
                yield half
            yield whole
            self.has(model)
            yield b'{"status": "success"}\n'

        self.routes["POST /api/pull"] = lambda handler: handler._send_lines(lines())

    def chat(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.received.append(body)
        if self.queue:
            return self.queue.popleft()
        return (200, self._reply(self.answer(body), "stop")) if self.answer else (500, {"error": "nothing is queued"})

    @staticmethod
    def _reply(text: str, done_reason: str) -> dict[str, Any]:
        about = {"done_reason": done_reason, "prompt_eval_count": 7, "eval_count": 11}
        message = {"role": "assistant", "content": text}
        return {"model": "fake", "created_at": "2026-11-21T12:00:00Z", "message": message, "done": True} | about

    def _handler(fake) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - self is the handler's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # keeps connections open, as Ollama does
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                fake.heads.append({name.lower(): value for name, value in self.headers.items()})
                self.body = body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if route := fake.routes.get(f"POST {self.path}"):
                    return route(self)
                if fake.stream and not fake.queue:
                    fake.received.append(body)
                    return self._send_lines(fake.stream(body))
                status, reply = fake.chat(body) if self.path == "/api/chat" else (404, {"error": self.path})
                self._send(status, json.dumps(reply).encode() + b"\n")

            def do_GET(self) -> None:
                if route := fake.routes.get(f"GET {self.path}"):
                    return route(self)
                self._send(*((200, fake.tags) if self.path == "/api/tags" else (404, b"{}")))

            def _send_lines(self, lines: Iterator[bytes]) -> None:
                self.send_response(200)
                self.send_header("content-type", "application/x-ndjson")
                self.send_header("connection", "close")
                self.end_headers()
                for line in lines:
                    self.wfile.write(line)
                    self.wfile.flush()

            def _send(self, status: int, content: bytes) -> None:
                self.send_response(status)
                for name, value in ({"content-type": "application/x-ndjson"} | fake.headers).items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture
def serve() -> Iterator[Callable[[ThreadingHTTPServer], None]]:
    """Give a function that lets a server answer until the test ends."""
    serving: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(server: ThreadingHTTPServer) -> None:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        serving.append((server, thread))

    yield start
    for server, thread in serving:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def fake_ollama(serve: Callable[[ThreadingHTTPServer], None], monkeypatch: pytest.MonkeyPatch) -> FakeOllama:
    """Give a `FakeOllama`, to which OLLAMA_HOST points."""
    fake = FakeOllama()
    serve(fake.server)
    monkeypatch.setenv("OLLAMA_HOST", fake.url)
    return fake
