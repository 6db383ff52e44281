from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sdkit.errors import InputError
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
