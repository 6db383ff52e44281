from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage
from pydantic import BaseModel

from sdkit import ask
from sdkit.errors import InputError, ModelUnavailableError, ReplyError, UnknownModelError
from sdkit.llm import aask, chat_model, retries
from sdkit.llm.seeds import derive_seed
from sdkit.llm.structured import request
from sdkit.llm.usage import counting

if TYPE_CHECKING:
    from conftest import FakeOllama


class City(BaseModel):
    name: str
    people: int


CITY = '{"name": "Ulm", "people": 126000}'
AS_DICT = {"type": "object", "properties": {"people": {"type": "integer"}}, "required": ["people"]}


def test_a_class_a_dict_and_nothing_give_an_object_a_dict_and_text(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(CITY, times=3)
    assert ask("A city?", City, model="fake") == City(name="Ulm", people=126000)
    assert ask("A city?", AS_DICT, model="fake") == {"name": "Ulm", "people": 126000}
    assert ask("A city?", model="fake") == CITY
    formats = [body.get("format") for body in fake_ollama.received]
    assert formats == [City.model_json_schema(), AS_DICT, None]


def test_the_async_form_gives_the_same(fake_ollama: FakeOllama) -> None:
    fake_ollama.say("prose")
    fake_ollama.say(CITY)
    assert asyncio.run(aask("A city?", City, model="fake", seed=1)) == City(name="Ulm", people=126000)
    assert [body["options"]["seed"] for body in fake_ollama.received] == [1, derive_seed(1, 1)]


@pytest.mark.parametrize(
    ("text", "done_reason", "problem"),
    [
        ("", "stop", "was empty"),
        (" \n ", "stop", "was empty"),
        ("Ulm is a city.", "stop", "was not JSON"),
        (CITY[:20], "stop", "was not JSON"),
        (CITY + CITY, "stop", "was not JSON"),
        (CITY[:20], "length", "was cut when its tokens ran out"),
        (CITY, "length", "was cut when its tokens ran out"),
        (f"```json\n{CITY}\n```", "stop", "was wrapped in a Markdown code fence"),
        ("[1]", "stop", "does not fit the schema"),
        ('{"name": "Ulm"}', "stop", "does not fit the schema: people: Field required"),
        ('{"name": "Ulm", "people": "many"}', "stop", "does not fit the schema: people: "),
    ],
)
@pytest.mark.parametrize("schema", [City, City.model_json_schema()], ids=["class", "dict"])
def test_a_bad_reply_is_an_error_after_three_requests(
    fake_ollama: FakeOllama, text: str, done_reason: str, problem: str, schema: Any
) -> None:
    fake_ollama.say(text, done_reason, times=3)
    with pytest.raises(ReplyError) as caught:
        ask("A city?", schema, model="fake", seed=42)
    error = caught.value
    assert problem.partition(":")[0] in str(error)
    assert schema is not City or problem in str(error)
    assert (error.raw, error.schema) == (text, City.model_json_schema())
    assert error.seeds == [42, derive_seed(42, 1), derive_seed(42, 2)]
    assert [body["options"]["seed"] for body in fake_ollama.received] == error.seeds


def test_free_text_that_was_cut_is_an_error_too(fake_ollama: FakeOllama) -> None:
    fake_ollama.say("Once upon a", "length")
    with pytest.raises(ReplyError, match=r"1 attempt \(seeds 7\)"):
        ask("A story?", model="fake", seed=7, attempts=1)


def test_a_long_reply_is_shortened_in_the_message_and_whole_in_raw(fake_ollama: FakeOllama) -> None:
    fake_ollama.say("bla " * 5000)
    with pytest.raises(ReplyError) as caught:
        ask("A city?", City, model="fake", attempts=1)
    assert len(str(caught.value)) < 800
    assert caught.value.raw == "bla " * 5000


def test_a_reply_says_how_it_came_about(fake_ollama: FakeOllama) -> None:
    fake_ollama.say("prose")
    fake_ollama.say(CITY)
    reply = request("A city?", City, model=chat_model("fake", temperature=0.3, num_ctx=512), seed=5)
    assert (reply.attempts, reply.first_seed, reply.seed) == (2, 5, derive_seed(5, 1))
    assert (reply.model, reply.raw, reply.finish_reason) == ("fake", CITY, "stop")
    assert (reply.prompt_tokens, reply.completion_tokens) == (7, 11)
    assert reply.options == {"temperature": 0.3, "num_ctx": 512}
    assert reply.seconds > 0


def test_the_tokens_of_all_attempts_are_counted_also_in_other_threads(fake_ollama: FakeOllama) -> None:
    # Given a server whose answers cost 7 + 11 tokens each
    fake_ollama.say("prose")
    fake_ollama.say(CITY)
    fake_ollama.say("prose", times=3)

    async def both() -> None:
        await asyncio.to_thread(request, "A city?", City, model="fake")
        with contextlib.suppress(ReplyError):
            await aask("A city?", City, model="fake")

    with counting() as used:
        asyncio.run(both())
    assert used.tokens == 5 * 18
    # Then what comes afterwards is not
    fake_ollama.say(CITY)
    ask("A city?", City, model="fake")
    assert used.tokens == 5 * 18


def test_the_prompt_hash_follows_messages_and_schema_only(fake_ollama: FakeOllama) -> None:
    fake_ollama.answer = lambda body: CITY
    same = {request("A?", City, model=name, seed=seed).prompt_hash for name, seed in [("fake", 1), ("other", 2)]}
    others = {request("B?", City, model="fake").prompt_hash, request("A?", AS_DICT, model="fake").prompt_hash}
    assert len(same) == 1
    assert len(same | others) == 3


def test_without_a_seed_the_models_own_is_used_and_else_a_new_one_each_time(fake_ollama: FakeOllama) -> None:
    fake_ollama.say(CITY, times=4)
    assert request("A?", City, model=chat_model("fake", seed=0)).first_seed == 0
    assert len({request("A?", City, model="fake").first_seed for _ in range(3)}) == 3


class Listening(GenericFakeChatModel):
    """A fake of a LangChain model that takes no schema."""

    heard: list[list[BaseMessage]]

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        self.heard.append(messages)
        return super()._generate(messages, *args, **kwargs)


def test_a_model_that_takes_no_schema_is_told_it() -> None:
    model = Listening(messages=iter(["prose", AIMessage(CITY)]), heard=[])
    assert ask("A city?", City, model=model) == City(name="Ulm", people=126000)
    assert len(model.heard) == 2
    told, asked = model.heard[0]
    assert (told.type, asked.type, asked.content) == ("system", "human", "A city?")
    assert json.loads(str(told.content).split("\n", 1)[1]) == City.model_json_schema()


@pytest.mark.parametrize("reason", [{"finish_reason": "length"}, {"stop_reason": "max_tokens"}])
def test_other_providers_ways_to_say_that_a_reply_was_cut_are_known(reason: dict[str, str]) -> None:
    model = GenericFakeChatModel(messages=iter([AIMessage(CITY, response_metadata=reason)]))
    with pytest.raises(ReplyError, match="was cut"):
        ask("A city?", City, model=model, attempts=1)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: ask("Hi", model="fake", attempts=0), "attempts=0"),
        (lambda: ask("Hi", model="fake", seed=-1), "seed=-1"),
        (lambda: ask("Hi", model="fake", seed=True), "seed=True"),
        (lambda: ask("Hi", model="fake", seed=2**32), "seed=4294967296"),
        (lambda: ask("Hi", 5, model="fake"), "a schema is"),
        (lambda: ask("Hi", str, model="fake"), "a schema is"),
        (lambda: ask("Hi", {"type": "sentence"}, model="fake"), "not a JSON schema"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_sent(
    fake_ollama: FakeOllama, call: Callable[[], Any], problem: str
) -> None:
    with pytest.raises(InputError, match=problem):
        call()
    assert fake_ollama.received == []


def test_no_server_is_an_error_that_names_the_address_but_no_password() -> None:
    model = chat_model("qwen2.5:14b", base_url="http://user:secret@127.0.0.1:1")
    with pytest.raises(ModelUnavailableError, match=r"http://127\.0\.0\.1:1, .*`ollama serve`.*embedded") as caught:
        ask("Hi", model=model)
    assert "secret" not in str(caught.value)
    assert "user" not in str(caught.value)
    with pytest.raises(ModelUnavailableError, match=r"127\.0\.0\.1:1,"):
        asyncio.run(aask("Hi", model=model))


def test_a_model_that_ollama_does_not_have_says_how_to_fetch_it(fake_ollama: FakeOllama) -> None:
    fake_ollama.fail(404, "model 'qwen9' not found")
    with pytest.raises(UnknownModelError, match="ollama pull qwen9"):
        ask("Hi", model="qwen9")
    assert len(fake_ollama.received) == 1


def test_a_server_that_takes_too_long_is_named(fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.01)
    given_up = threading.Event()
    fake_ollama.answer = lambda body: str(given_up.wait(10))
    with pytest.raises(ModelUnavailableError, match=r"fake at http://127.0.0.1:\d+ said nothing for 0.2 s, 3 times"):
        ask("Hi", model=chat_model("fake", client_kwargs={"timeout": 0.2}))
    given_up.set()


@pytest.mark.parametrize("messages", [["Hello"], [("human", 3)], [("nobody", "Hello")], [("human", "a", "b")]])
def test_messages_of_another_form_are_refused(messages: Any) -> None:
    with pytest.raises(InputError, match=r"messages"):
        ask(messages, model="m")


def test_a_deeply_nested_reply_does_not_fit(fake_ollama: FakeOllama) -> None:
    fake_ollama.say("[" * 100_000, times=3)
    with pytest.raises(ReplyError, match=r"is nested too deeply|was not JSON"):
        ask("Hello", {"type": "object"}, model="m")


def test_a_schema_that_refers_to_nothing_is_the_callers_fault(fake_ollama: FakeOllama) -> None:
    fake_ollama.say("{}")
    with pytest.raises(InputError, match="nowhere"):
        ask("Hello", {"$ref": "#/nowhere"}, model="m")


def test_a_class_without_a_json_schema_is_refused() -> None:
    class Odd(BaseModel):
        call: Callable[[], int]

    with pytest.raises(InputError, match="Odd has no JSON schema"):
        ask("Hello", Odd, model="m")


def test_a_server_in_trouble_is_told_with_its_words(fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.01)
    fake_ollama.fail(500, "model requires more system memory", times=retries.TRIES)
    with pytest.raises(ModelUnavailableError, match="the error 500: model requires more system memory"):
        ask("Hello", model="m")
