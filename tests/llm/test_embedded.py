"""The real runtime with the real SmolLM2."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_ollama import ChatOllama

from sdkit import Dialog, DialogGenerator, ask, chat_model
from sdkit.errors import InputError, ModelError, PromptTooLongError, UnknownModelError, WeightsError
from sdkit.llm import embedded, transport, weights

pytestmark = pytest.mark.embedded

SHORT = {"num_predict": 12, "seed": 3, "temperature": 0.8}
ENDLESS = {"type": "array", "items": {"type": "integer"}, "minItems": 3000}
"""A schema that keeps the model busy for a minute."""


@pytest.fixture(scope="module")
def generator() -> DialogGenerator:
    return DialogGenerator(
        "embedded", "Ana asks Tom the way to the station.", speakers=["Ana", "Tom"], turns=(2, 2), examples=()
    )


@pytest.fixture(scope="module")
def reference(generator: DialogGenerator) -> dict[int, Dialog]:
    return {seed: generator.generate(seed) for seed in (1, 2)}


@pytest.fixture
def bare() -> ChatOllama:
    transport.install()
    return ChatOllama(model="embedded", **SHORT)


def test_a_dialogue_is_as_it_was_asked_for(reference: dict[int, Dialog]) -> None:
    for seed, dialog in reference.items():
        assert [turn.speaker for turn in dialog] == ["Ana", "Tom"]
        assert all(turn.text.strip() for turn in dialog)
        assert (dialog.model, dialog.seed) == ("embedded:smollm2-135m", seed)
        made = dialog.provenance
        assert made is not None
        assert (made.attempts, made.finish_reason) == (1, "stop")
        assert min(made.prompt_tokens or 0, made.completion_tokens or 0) > 20
        assert made.options.items() >= embedded.SAMPLING.items()
        assert "xllamacpp" in made.versions
    assert len({str(dialog) for dialog in reference.values()}) > 1


def test_the_same_seed_gives_the_same_dialogue_in_any_order(
    generator: DialogGenerator, reference: dict[int, Dialog]
) -> None:
    again = {seed: generator.generate(seed) for seed in (2, 1)}
    assert {seed: dialog.turns for seed, dialog in again.items()} == {s: d.turns for s, d in reference.items()}


def test_what_was_asked_before_changes_nothing(
    generator: DialogGenerator, reference: dict[int, Dialog], bare: ChatOllama
) -> None:
    bare.invoke("Hi")
    bare.invoke("Tell me about the sea. " * 60)
    assert generator.generate(2).turns == reference[2].turns


def test_dialogues_made_at_once_equal_those_made_one_after_another(
    generator: DialogGenerator, reference: dict[int, Dialog]
) -> None:
    async def both() -> list[Dialog]:
        return await asyncio.gather(generator.agenerate(1), generator.agenerate(2))

    assert [dialog.turns for dialog in asyncio.run(both())] == [reference[1].turns, reference[2].turns]


def test_a_bare_chat_ollama_reaches_the_model_in_every_way(bare: ChatOllama) -> None:
    answer = bare.invoke("Say hello.")
    chunks = [chunk.text for chunk in bare.stream("Say hello.") if chunk.text]

    async def from_async() -> tuple[str, list[str]]:
        chunks = [chunk.text async for chunk in bare.astream("Say hello.")]
        return (await bare.ainvoke("Say hello.")).text, [chunk for chunk in chunks if chunk]

    assert answer.text
    assert len(chunks) > 5
    assert "".join(chunks) == answer.text
    assert asyncio.run(from_async()) == (answer.text, chunks)


def test_a_schema_holds_the_model_while_it_writes(bare: ChatOllama) -> None:
    schema = {"type": "object", "properties": {"age": {"enum": [17, 71]}}, "required": ["age"]}
    schema["additionalProperties"] = False
    held = bare.model_copy(update={"format": schema})
    assert json.loads(held.invoke("How old is Ana?").text)["age"] in {17, 71}
    assert ask("How old is Ana?", schema, model="embedded", seed=1)["age"] in {17, 71}
    assert bare.model_copy(update={"format": "json"}).invoke("How old is Ana?").text.lstrip()[0] in "{["


def test_a_reply_that_ran_out_of_tokens_says_so_and_how_many_there_were(bare: ChatOllama) -> None:
    answer = bare.model_copy(update={"num_predict": 5}).invoke("Tell me a long story.")
    assert answer.response_metadata["done_reason"] == "length"
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] == 5
    assert answer.usage_metadata["input_tokens"] > 10


def test_a_prompt_that_is_too_long_is_refused_with_both_numbers(bare: ChatOllama) -> None:
    small = bare.model_copy(update={"num_ctx": 256})
    with pytest.raises(PromptTooLongError, match=r"has \d{3,} tokens and the model's context holds 256; .*num_ctx="):
        ask("What about the sea? " * 100, model=small)
    assert small.invoke("Hi").text


def test_a_reply_ends_where_the_context_does_and_counts_as_cut(bare: ChatOllama) -> None:
    full = bare.model_copy(update={"num_ctx": 256, "num_predict": None, "format": ENDLESS})
    assert full.invoke("What about the sea? " * 30).response_metadata["done_reason"] == "length"


@pytest.mark.parametrize(
    ("change", "error", "problem"),
    [
        ({"model": "embedded:gpt9"}, UnknownModelError, "no embedded model 'gpt9'"),
        ({"model": "embedded:/none/there.gguf"}, WeightsError, "does not exist"),
        ({"mirostat": 1}, ModelError, "no option 'mirostat'; it has .*num_predict"),
        ({"num_ctx": -5}, ModelError, "num_ctx"),
    ],
)
def test_what_the_runtime_cannot_do_is_an_error(
    bare: ChatOllama, change: dict[str, Any], error: type[Exception], problem: str
) -> None:
    with pytest.raises((error, InputError), match=problem):
        bare.model_copy(update=change).invoke("Hi")
    assert bare.invoke("Hi").text  # and the next request is answered


def test_a_cut_file_of_weights_cannot_be_loaded(tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    with weights.find().path.open("rb") as stream:
        cut.write_bytes(stream.read(1_000_000))
    with pytest.raises(WeightsError, match=r"cannot load .*cut\.gguf .*: the file is cut"):
        ask("Hi", model=f"embedded:{cut}")


def test_the_runtime_writes_nothing_to_the_terminal(capfd: pytest.CaptureFixture[str], bare: ChatOllama) -> None:
    embedded.unload()
    first = bare.invoke("Hi").text
    with pytest.raises(PromptTooLongError):
        bare.model_copy(update={"num_ctx": 256}).invoke("Hi " * 500)
    assert capfd.readouterr() == ("", "")
    assert bare.invoke("Hi").text == first


def abandon_stream(model: ChatOllama) -> None:
    stream = model.stream("Count.")
    next(stream)
    stream.close()  # type: ignore[attr-defined]


def cancel_stream(model: ChatOllama) -> None:
    async def leave() -> None:
        async with asyncio.timeout(0.5):
            await model.ainvoke("Count.")

    with pytest.raises(TimeoutError):
        asyncio.run(leave())


def cancel_before_the_first_token(model: ChatOllama) -> None:
    async def leave() -> None:
        async with asyncio.timeout(0.05):
            await model.ainvoke("Count. " * 300)

    with pytest.raises(TimeoutError):
        asyncio.run(leave())


@pytest.mark.parametrize("leave", [abandon_stream, cancel_stream, cancel_before_the_first_token])
def test_an_answer_that_nobody_waits_for_frees_the_runtime(
    bare: ChatOllama, leave: Callable[[ChatOllama], None]
) -> None:
    expected = bare.invoke("Hi").text
    leave(bare.model_copy(update={"format": ENDLESS, "num_predict": None}))
    started = time.perf_counter()
    assert bare.invoke("Hi").text == expected
    assert time.perf_counter() - started < 15


INTERRUPTED = f"""
    import json, signal, time
    from sdkit import chat_model
    # Shells start background jobs with Ctrl-C ignored, and children inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)
    model = chat_model("embedded", seed=3, num_predict=12)
    before = model.invoke("Say hello.").text
    try:
        print("go", flush=True)
        model.model_copy(update={{"format": {ENDLESS}, "num_predict": None}}).invoke("Count.")
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    started = time.perf_counter()
    same = model.invoke("Say hello.").text == before
    print(json.dumps([same, time.perf_counter() - started]), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_an_interrupt_arrives_at_once_and_the_next_answer_is_the_same() -> None:
    command = [sys.executable, "-c", textwrap.dedent(INTERRUPTED)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == "go\n"
            time.sleep(1)
            sent = time.perf_counter()
            child.send_signal(signal.SIGINT)
            assert child.stdout.readline() == "interrupted\n"
            assert time.perf_counter() - sent < 1
            same, seconds = json.loads(child.stdout.readline())
            assert child.wait(10) == 0
            assert child.stderr is not None
            assert child.stderr.read() == ""
        finally:
            child.kill()
    assert same
    assert seconds < 15


def test_chat_models_made_with_options_pass_them_on() -> None:
    answer = chat_model("embedded", num_predict=3, seed=1).invoke("Tell me a story.")
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] == 3


@pytest.mark.parametrize("schema", [{"type": "sentence"}, {"$ref": "#/nowhere"}])
def test_a_schema_that_llama_cpp_cannot_use_is_not_ignored_in_silence(schema: dict[str, Any]) -> None:
    # Given a schema that llama.cpp takes without a word, and then writes as it likes
    transport.install()
    model = ChatOllama(model="embedded", format=schema, num_predict=200, seed=3, stop=None)
    # Then a reply that came to its end says so
    with pytest.raises(InputError, match="cannot use this JSON schema"):
        model.invoke("Say only: hello")


@pytest.mark.parametrize(
    "last_words",
    [
        "ask('word ' * 6000, model='embedded')",
        "next(chat_model('embedded').stream('Tell me a long story.'))",
        "next(chat_model('embedded').stream('Tell me a long story.')); 1 / 0",
    ],
    ids=["refused", "in mid-sentence", "in mid-sentence, by an error"],
)
def test_python_ends_in_order_while_the_model_is_still_at_work(last_words: str) -> None:
    # Given a script that ends while the worker thread is inside llama.cpp
    code = f"""
        from sdkit import ask, chat_model
        from sdkit.errors import PromptTooLongError
        try:
            {last_words}
        except (PromptTooLongError, ZeroDivisionError):
            pass
        print("the end")
    """
    # When it runs, Then it ends with its own exit code, not by a signal
    started = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "the end\n", "")
    assert time.monotonic() - started < 20
