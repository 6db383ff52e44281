from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from langchain_core.language_models import GenericFakeChatModel

from sdkit.errors import InputError, UnknownModelError, WeightsError
from sdkit.llm import chat_model, default_model, embedded, ollama_http, weights
from sdkit.llm.spec import choose_model, judge_model, model_name, sampling_options

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import FakeOllama


def test_sdkit_model_is_the_default_before_all_others(fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_ollama.tags = b'{"models": [{"name": "qwen2.5:14b"}]}'
    monkeypatch.setenv("SDKIT_MODEL", " llama3.2:1b ")
    assert choose_model() == ("llama3.2:1b", "because SDKIT_MODEL says so")


def test_then_comes_the_first_chat_model_of_a_running_ollama(fake_ollama: FakeOllama) -> None:
    models = [{"name": "all-minilm", "details": {"family": "bert"}}, {"name": "qwen2.5:14b"}, {"name": "other"}]
    fake_ollama.tags = json.dumps({"models": models}).encode()
    assert choose_model() == ("qwen2.5:14b", f"because Ollama is running at {fake_ollama.url}")


def test_then_the_embedded_model(fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_model() == ("embedded:smollm2-135m", "because Ollama has no chat model yet")
    monkeypatch.delenv("OLLAMA_HOST")
    monkeypatch.setattr(ollama_http, "DEFAULT_URL", "http://127.0.0.1:1")
    assert choose_model() == ("embedded:smollm2-135m", "because no Ollama is running")
    assert default_model() == "embedded:smollm2-135m"


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("127.0.0.1:1", "because nothing answers at http://127.0.0.1:1"),
        ("http://server:abc", "because OLLAMA_HOST='http://server:abc' is not an address"),
        ("http://ana:secret@127.0.0.1:1", "because nothing answers at http://127.0.0.1:1"),
    ],
)
def test_who_says_where_ollama_is_hears_why_it_is_not_used(
    monkeypatch: pytest.MonkeyPatch, host: str, why: str
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    name, said = choose_model()
    assert (name, said[: len(why)]) == ("embedded:smollm2-135m", why)


def test_a_password_in_a_base_url_is_sent_and_not_shown(fake_ollama: FakeOllama) -> None:
    fake_ollama.say("Hello.")
    model = chat_model("m", base_url=fake_ollama.url.replace("http://", "http://ana:s3cret-word@"))
    assert "s3cret-word" not in repr(model)
    assert model.invoke("Hi").text == "Hello."
    assert fake_ollama.heads[-1]["authorization"].startswith("Basic ")
    with pytest.raises(InputError, match="has a user or a password in it"):
        chat_model("openai:gpt-4o", base_url="http://ana:s3cret-word@h/v1")


def test_the_reason_shows_no_password(fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_ollama.tags = b'{"models": [{"name": "qwen2.5:14b"}]}'
    monkeypatch.setenv("OLLAMA_HOST", fake_ollama.url.replace("http://", "http://user:secret@"))
    assert choose_model() == ("qwen2.5:14b", f"because Ollama is running at {fake_ollama.url}")


def test_a_bare_name_is_ollamas(fake_ollama: FakeOllama) -> None:
    fake_ollama.say("Hello.")
    model = chat_model("qwen2.5:14b", seed=3, temperature=0.2, num_predict=9)
    assert model.invoke("Hi").text == "Hello."
    (body,) = fake_ollama.received
    assert body["model"] == "qwen2.5:14b"
    assert {"seed": 3, "temperature": 0.2, "num_predict": 9}.items() <= body["options"].items()


def test_a_langchain_model_is_taken_as_it_is() -> None:
    model = GenericFakeChatModel(messages=iter([]))
    assert chat_model(model) is model
    with pytest.raises(InputError, match="LangChain model itself"):
        chat_model(model, temperature=0.1)
    with pytest.raises(InputError, match="LangChain model itself"):
        chat_model(model, seed=0)


def test_who_judges_says_what_is_most_likely(fake_ollama: FakeOllama) -> None:
    for spec in ("qwen2.5:14b", "ollama:qwen2.5:14b", None):
        options = sampling_options(judge_model(spec))
        assert (options["temperature"], options["repeat_penalty"]) == (0.0, 1.0)


def test_a_provider_judges_as_it_does_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    assert sampling_options(judge_model("openai:o3")) == sampling_options(chat_model("openai:o3"))
    monkeypatch.setenv("SDKIT_MODEL", "openai:o3")
    assert sampling_options(judge_model()) == sampling_options(chat_model())


def test_a_langchain_model_judges_as_it_is() -> None:
    mine = GenericFakeChatModel(messages=iter([]))
    assert judge_model(mine) is mine


def test_a_model_has_a_name_for_people() -> None:
    assert model_name(chat_model("qwen2.5:14b")) == "qwen2.5:14b"
    assert model_name(GenericFakeChatModel(messages=iter([]))) == "GenericFakeChatModel"


@pytest.mark.parametrize("spec", [5, b"qwen", ["qwen"], object, GenericFakeChatModel])
def test_a_model_of_a_wrong_type_is_named(spec: object) -> None:
    with pytest.raises(InputError, match="neither the name of a model nor a LangChain chat model"):
        chat_model(spec)  # type: ignore[arg-type]


@pytest.mark.parametrize("spec", ["", "  "])
def test_an_empty_name_is_refused(spec: str) -> None:
    with pytest.raises(InputError, match="empty"):
        chat_model(spec)


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(InputError, match="no option temprature"):
        chat_model("qwen2.5:14b", temprature=1)


def test_an_option_with_an_impossible_value_is_refused() -> None:
    with pytest.raises(InputError, match="temperature"):
        chat_model("qwen2.5:14b", temperature="hot")


@pytest.mark.parametrize("seed", [-1, True, 2**32])
def test_a_seed_that_will_not_do_is_refused(seed: int) -> None:
    with pytest.raises(InputError, match="seed"):
        chat_model("qwen2.5:14b", seed=seed)


def test_an_unknown_embedded_model_is_named_with_those_that_there_are() -> None:
    with pytest.raises(UnknownModelError, match=r"no embedded model 'gpt9'.*smollm2-135m.*\.gguf"):
        chat_model("embedded:gpt9")


def test_an_embedded_model_that_is_not_here_says_how_to_fetch_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SDKIT_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match="python -m sdkit models pull smollm2-135m"):
        chat_model("embedded")


@pytest.mark.embedded
def test_embedded_is_the_default_weights_with_its_own_sampling() -> None:
    model = chat_model("embedded", top_k=5)
    assert model_name(model) == f"embedded:{weights.DEFAULT}"
    assert {name: getattr(model, name) for name in embedded.SAMPLING} == embedded.SAMPLING
    assert chat_model("embedded", temperature=0.1).temperature == 0.1  # type: ignore[attr-defined]
