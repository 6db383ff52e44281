from __future__ import annotations

import base64
import json
import socket
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from sdkit import downloads
from sdkit.errors import InputError, ModelError, ModelUnavailableError, SdkitError, UnknownModelError
from sdkit.llm import ollama

if TYPE_CHECKING:
    from conftest import FakeOllama


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("  ", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("[::]:8080", "http://127.0.0.1:8080"),
        (":1234", "http://127.0.0.1:1234"),
        ("host", "http://host:11434"),
        ("host:1234", "http://host:1234"),
        ("host:80", "http://host"),
        ("http://host:1234/", "http://host:1234"),
        ("http://host", "http://host"),
        ("https://h", "https://h"),
        ("https://h/behind/proxy/", "https://h/behind/proxy"),
    ],
)
def test_ollama_host_is_read_as_ollama_reads_it(monkeypatch: pytest.MonkeyPatch, host: str, url: str) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    assert ollama.url() == url


def test_an_address_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "host:port")
    with pytest.raises(InputError, match="OLLAMA_HOST='host:port' is not an address"):
        ollama.url()
    assert ollama.chat_models() is None


def test_models_that_only_make_embeddings_are_left_out(fake_ollama: FakeOllama) -> None:
    models = [
        {"name": "qwen2.5:14b", "details": {"family": "qwen2"}},
        {"name": "nomic-embed-text", "details": {"family": "nomic-bert"}},
        {"name": "all-minilm", "details": {"family": "bert"}},
        {"name": "of-no-family", "details": None},
        {"name": "of-no-details"},
    ]
    fake_ollama.tags = json.dumps({"models": models}).encode()
    assert ollama.chat_models() == ["qwen2.5:14b", "of-no-family", "of-no-details"]


def test_a_server_without_models_gives_an_empty_list(fake_ollama: FakeOllama) -> None:
    assert ollama.chat_models() == []


@pytest.mark.parametrize("page", [b"<html>hello</html>", b"[]", b"{}", b'{"models": null}', b'{"models": ["a"]}'])
def test_what_is_no_ollama_is_nobody(fake_ollama: FakeOllama, page: bytes) -> None:
    fake_ollama.tags = page
    assert ollama.chat_models() is None


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    assert ollama.chat_models() is None


Route = Callable[[Any], None]
QWEN = {"name": "qwen2.5:14b", "size": 8_988_124_069, "details": {"family": "qwen2", "parameter_size": "14.8B"}}
LAYER = {"digest": "sha256:1", "total": 100}
OTHER = {"digest": "sha256:2", "total": 20}
COMES = [
    {"status": "pulling manifest"},
    {"status": "pulling 1", **LAYER},
    {"status": "pulling 1", "completed": 40, **LAYER},
    {"status": "pulling 1", "completed": 100, **LAYER},
    {"status": "pulling 2", "completed": 20, **OTHER},
    {"status": "verifying sha256 digest"},
    {"status": "success"},
]


def page(status: int, content: bytes = b"", after: float = 0.0, **headers: str) -> Route:
    """Answer with one page."""

    def answer(handler: Any) -> None:
        time.sleep(after)
        handler.send_response(status)
        for name, value in ({"content_length": str(len(content))} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def lines(*said: dict[str, Any] | bytes, pause: float = 0.0, cut: bool = False) -> Route:
    """Answer with lines of JSON, as /api/pull does; a cut answer ends before its length says so."""

    def answer(handler: Any) -> None:
        content = [line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in said]
        handler.send_response(200)
        handler.send_header("content-type", "application/x-ndjson")
        handler.send_header("content-length", str(sum(map(len, content)) + cut))
        handler.send_header("connection", "close")
        handler.end_headers()
        for line in content:
            handler.wfile.write(line)
            handler.wfile.flush()
            time.sleep(pause)

    return answer


def has_models(fake: FakeOllama, *models: dict[str, Any]) -> None:
    fake.tags = json.dumps({"models": models}).encode()


def arrives(fake: FakeOllama, model: dict[str, Any], *said: dict[str, Any]) -> Route:
    """Answer with lines, after which the model is there."""

    def answer(handler: Any) -> None:
        has_models(fake, model)
        lines(*said)(handler)

    return answer


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# --- what the server has


def test_models_are_listed_with_their_sizes(fake_ollama: FakeOllama) -> None:
    has_models(fake_ollama, QWEN, {"name": "all-minilm:latest", "details": {"family": "bert"}})
    qwen, minilm = ollama.models()
    assert (qwen.name, qwen.size, qwen.parameters, qwen.only_embeds) == ("qwen2.5:14b", 8_988_124_069, "14.8B", False)
    assert (minilm.size, minilm.parameters, minilm.only_embeds) == (0, "", True)
    assert ollama.is_up()


@pytest.mark.parametrize("odd", [{"details": "x"}, {"details": {"parameter_size": None}}, {"size": "big"}, {}])
def test_what_the_server_does_not_say_is_left_open(fake_ollama: FakeOllama, odd: dict[str, Any]) -> None:
    has_models(fake_ollama, {"name": "a:b"} | odd)
    assert ollama.models() == [ollama.Model("a:b")]


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("qwen2.5", "qwen2.5:latest"),
        (" qwen2.5:14b ", "qwen2.5:14b"),
        ("library/qwen2.5", "qwen2.5:latest"),
        ("registry.ollama.ai/library/qwen2.5:14b", "qwen2.5:14b"),
        ("me/mine", "me/mine:latest"),
        ("hf.co/me/mine-GGUF:Q4_K_M", "hf.co/me/mine-GGUF:Q4_K_M"),
        ("host:5000/me/mine", "host:5000/me/mine:latest"),
    ],
)
def test_a_name_means_what_it_means_to_ollama(name: str, full: str) -> None:
    assert ollama.full_name(name) == full


@pytest.mark.parametrize("name", ["", "  ", "a b", "qwen; rm -rf /", "größe", "-x", "a\nb", None, 7])
def test_what_is_no_name_is_refused(name: Any) -> None:
    for function in (ollama.has, ollama.check, ollama.pull, ollama.unload):
        with pytest.raises(InputError, match="is not the name of an Ollama model"):
            function(name)


def test_the_embedded_model_is_not_asked_of_ollama() -> None:
    with pytest.raises(InputError, match="embedded:smollm2-135m runs inside Python, without Ollama"):
        ollama.pull("embedded:smollm2-135m")


@pytest.mark.parametrize("name", ["qwen2.5:14b", "Qwen2.5:14B", "library/qwen2.5:14b", "mine", "mine:latest"])
def test_a_model_that_is_there_is_found(fake_ollama: FakeOllama, name: str) -> None:
    has_models(fake_ollama, QWEN, {"name": "mine:latest"}, {"name": "odd name: no one can ask for it"})
    assert ollama.has(name)
    assert ollama.check(name).name in {"qwen2.5:14b", "mine:latest"}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("qwen2.5:14", r" The nearest name that it has is qwen2\.5:14b\."),
        ("qwen25", r" The nearest name that it has is qwen2\.5:14b\."),
        ("phi4", ""),
    ],
)
def test_a_model_that_is_missing_comes_with_the_command_that_fetches_it(
    fake_ollama: FakeOllama, name: str, hint: str
) -> None:
    has_models(fake_ollama, QWEN)
    assert not ollama.has(name)
    with pytest.raises(UnknownModelError, match=f"^Ollama does not have {name}\\.{hint} Fetch it: ollama pull {name}$"):
        ollama.check(name)
    with pytest.raises(UnknownModelError, match="ollama pull"):
        ollama.unload(name)


# --- nobody there, or somebody else


def test_no_server_is_an_error_that_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{free_port}")
    assert not ollama.is_up()
    for ask in (ollama.models, lambda: ollama.has("a"), lambda: ollama.check("a"), lambda: ollama.pull("a")):
        with pytest.raises(ModelUnavailableError, match=rf":{free_port}\. Start Ollama \(`ollama serve`\).*embedded"):
            ask()


@pytest.mark.parametrize("host", ["no-such-host.invalid", f"{'x' * 70}.example", "ftp://127.0.0.1:1", "a b"])
def test_an_address_where_nobody_can_be_is_an_error_in_words(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    with pytest.raises(ModelUnavailableError, match=r"nothing answers at|cannot be talked to"):
        ollama.check("a")
    assert ollama.chat_models() is None


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (page(200, b"<html>hi</html>", content_type="text/html"), r"is not Ollama: it sent text/html \(status 200\)"),
        (page(404, b"404 page not found", content_type="text/plain"), r"is not Ollama: .* \(status 404\)"),
        (page(200, b'{"models": 7}'), "is not Ollama: it sent something of no type"),
        (page(200, b'{"models": [{"size": 7}]}'), "is not Ollama"),
        (page(200, b"\xff\xfe"), "is not Ollama"),
        (page(204), r"is not Ollama.*204"),
        (page(401, b"{}"), "wants another user and password.*OLLAMA_HOST"),
        (page(403, b"forbidden"), "wants another user and password"),
        (page(302, location="https://login.example/?token=hidden"), "sends requests elsewhere.*302.*OLLAMA_HOST"),
        (page(301, location="http://[broken"), "cannot be talked to|sends requests elsewhere"),
        (page(500, b'{"error": "out of memory"}'), "error 500: out of memory.*log"),
        (page(502, b"<html>"), "error 502: it did not say why"),
        (page(418, b'{"error": "a teapot"}'), "refused with the error 418: a teapot"),
        (page(500, json.dumps({"error": "x" * 9999}).encode()), r"error 500: x{300}…"),
        (page(200, b"{", content_length="999", connection="close"), "or broke off"),
        (page(200, b"not http", content_length="-"), "cannot be talked to|is not Ollama"),
    ],
)
def test_whoever_answers_wrongly_is_named(fake_ollama: FakeOllama, answer: Route, problem: str) -> None:
    fake_ollama.routes["GET /api/tags"] = answer
    with pytest.raises(ModelError, match=problem) as caught:
        ollama.check("a", timeout=0.5)
    assert fake_ollama.url in str(caught.value)
    assert "hidden" not in str(caught.value)
    assert not ollama.is_up(0.5)


def test_a_server_that_hangs_is_given_up(fake_ollama: FakeOllama) -> None:
    fake_ollama.routes["GET /api/tags"] = page(200, after=0.4)
    with pytest.raises(ModelUnavailableError, match=r"said nothing for 0\.1 seconds.*embedded"):
        ollama.check("a", timeout=0.1)
    assert not ollama.is_up(timeout=0.1)


def test_plain_http_where_https_is_expected_is_named(fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", fake_ollama.url.replace("http:", "https:"))
    with pytest.raises(ModelUnavailableError, match=r"no secure connection to https://127\.0\.0\.1"):
        ollama.check("a")


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_that_is_none_is_refused(timeout: float) -> None:
    with pytest.raises(InputError, match="more than 0"):
        ollama.models(timeout)


def test_proxies_are_not_used(fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert ollama.models() == []


# --- secrets


def test_user_and_password_are_sent_and_never_shown(
    fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[str] = []

    def asks_for_a_password(handler: Any) -> None:
        sent.append(handler.headers.get("authorization"))
        page(401 if len(sent) == 1 else 200, b'{"models": []}')(handler)

    fake_ollama.routes["GET /api/tags"] = asks_for_a_password
    port = fake_ollama.server.server_port
    monkeypatch.setenv("OLLAMA_HOST", f"http://me:se%40cret@127.0.0.1:{port}?token=hidden")
    caplog.set_level("DEBUG")

    with pytest.raises(ModelUnavailableError) as caught:
        ollama.models()
    assert ollama.models() == []

    assert sent == ["Basic " + base64.b64encode(b"me:se@cret").decode()] * 2
    everything = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(ollama.serve())
    assert f"127.0.0.1:{port}" in everything
    assert not [secret for secret in ("me:", "se%40cret", "se@cret", "hidden") if secret in everything]


@pytest.mark.parametrize(
    "host", ["http://me:se/cret@host", "http://me:secret@host:port", "me:secret@host:99999", "me:secret@127.0.0.1:1"]
)
def test_no_error_shows_a_password(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    with pytest.raises(SdkitError) as caught:
        ollama.models()
    told = "".join(traceback.format_exception(caught.value))
    assert not [secret for secret in ("me:", "'se'", "cret") if secret in told]


# --- fetching a model


def test_a_model_is_pulled_and_the_bar_counts_its_bytes(
    fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []
    bars: list[Any] = []
    make = downloads.bar
    monkeypatch.setattr(downloads, "bar", lambda *args: bars.append(make(*args)) or bars[0])
    answer = arrives(fake_ollama, QWEN, *COMES)
    fake_ollama.routes["POST /api/pull"] = lambda handler: (asked.append(handler.body), answer(handler))[1]

    assert ollama.pull("qwen2.5:14b").parameters == "14.8B"

    assert asked == [{"model": "qwen2.5:14b", "insecure": False}]
    assert (bars[0].n, bars[0].total) == (120, 120)
    shown = capsys.readouterr()
    assert "fetching qwen2.5:14b" in shown.err
    assert shown.out == ""


def test_without_progress_nothing_is_shown(fake_ollama: FakeOllama, capsys: pytest.CaptureFixture[str]) -> None:
    fake_ollama.routes["POST /api/pull"] = arrives(fake_ollama, {"name": "mine:latest"}, *COMES)
    assert ollama.pull("mine", progress=False).name == "mine:latest"
    assert capsys.readouterr() == ("", "")


def test_a_model_that_is_there_is_not_pulled_again(fake_ollama: FakeOllama) -> None:
    has_models(fake_ollama, QWEN)
    assert ollama.pull("qwen2.5:14b").name == "qwen2.5:14b"  # /api/pull would answer 404


@pytest.mark.parametrize(
    ("answer", "error", "problem"),
    [
        (
            lines(COMES[0], {"error": "pull model manifest: file does not exist"}),
            UnknownModelError,
            r"there is no model a:latest to pull.*https://ollama\.com/library",
        ),
        (
            lines(COMES[0], {"error": "dial tcp: lookup registry.ollama.ai: no such host"}),
            ModelUnavailableError,
            "cannot reach the registry .*no such host.*Pull it again: what has come is kept",
        ),
        (lines(*COMES[:3], {"error": "write: no space left"}), ModelError, "could not pull a:latest: write: no space"),
        (lines(*COMES[:3]), ModelUnavailableError, "not there yet: .*was cut.*Pull it again"),
        (lines(*COMES[:3], b'{"status": "pul'), ModelUnavailableError, "was cut, or is not Ollama's.*Pull it again"),
        (lines(*COMES[:3], cut=True), ModelUnavailableError, "broke off.*Pull it again"),
        (lines(b"<html>"), ModelUnavailableError, "is not Ollama's: '<html>'"),
        (lines(b"[1]\n"), ModelUnavailableError, "is not Ollama's"),
        (lines({"digest": "a", "total": "much"}), ModelUnavailableError, "is not Ollama's"),
        (lines(*[COMES[2]] * 20, pause=0.05), ModelUnavailableError, r"nothing has come for 0\.3 seconds \(pulling 1"),
        (lines(COMES[0], COMES[0], pause=0.6), ModelUnavailableError, r"said nothing for 0\.3 seconds.*Pull it again"),
        (page(200, after=0.6), ModelUnavailableError, r"said nothing for 0\.3 seconds"),
        (page(400, b'{"error": "invalid model name"}'), ModelError, "refused with the error 400: invalid model name"),
        (page(401), ModelUnavailableError, "another user and password"),
        (page(404), ModelUnavailableError, "is not Ollama"),
        (page(500, b'{"error": "broken"}'), ModelUnavailableError, "error 500: broken"),
        (page(307, location="/"), ModelUnavailableError, "elsewhere"),
        (lines(*COMES), ModelError, "said that a:latest is there, and does not list it"),
    ],
)
def test_a_pull_that_fails_says_why(
    fake_ollama: FakeOllama, answer: Route, error: type[Exception], problem: str
) -> None:
    fake_ollama.routes["POST /api/pull"] = answer
    with pytest.raises(error, match=f"(?s){problem}"):
        ollama.pull("a", progress=False, timeout=0.3)


# --- memory


def test_a_model_is_unloaded(fake_ollama: FakeOllama) -> None:
    asked: list[Any] = []
    has_models(fake_ollama, {"name": "mine:latest"})
    fake_ollama.routes["POST /api/generate"] = lambda handler: (asked.append(handler.body), page(200)(handler))[1]
    ollama.unload("mine")
    assert asked == [{"model": "mine:latest", "keep_alive": 0}]


def test_an_unloading_that_fails_says_why(fake_ollama: FakeOllama) -> None:
    has_models(fake_ollama, {"name": "mine:latest"})
    fake_ollama.routes["POST /api/generate"] = page(500, b'{"error": "stuck"}')
    with pytest.raises(ModelUnavailableError, match="stuck"):
        ollama.unload("mine")
