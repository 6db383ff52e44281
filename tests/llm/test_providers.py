"""Models of OpenAI and Anthropic, played by fakes: loopback servers that speak their protocols, for our own logic."""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import jsonschema
import pytest
from langchain.chat_models import init_chat_model
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field, RootModel

from sdkit import ask
from sdkit.errors import (
    InputError,
    MissingPackageError,
    ModelUnavailableError,
    NotRecordedError,
    PromptTooLongError,
    ReplyError,
    UnknownModelError,
)
from sdkit.generators import DialogGenerator, dialog_output
from sdkit.llm import aask, chat_model, providers
from sdkit.llm.providers import strict_schema, without_nulls
from sdkit.llm.seeds import derive_seed
from sdkit.llm.structured import request

if TYPE_CHECKING:
    from conftest import FakeOllama

SECRET = "sk-never-to-be-seen-0123456789"
SPEC = {"openai": "openai:gpt-4o", "anthropic": "anthropic:claude-fake"}


class City(BaseModel):
    name: str = Field(min_length=2)
    people: int = Field(default=0, ge=0)
    motto: str | None = None


ULM = {"name": "Ulm", "people": 126000, "motto": None}


class FakeProvider:
    """A fake of a provider: a real HTTP server on loopback, which says what the test queued.

    Attributes
    ----------
    received : list of dict
        The bodies of the requests, in order.
    paths : list of str
        Where they went.
    """

    key: ClassVar[str]
    base: ClassVar[str]

    def __init__(self, name: str) -> None:
        self.name = name
        self.received: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.queue: deque[tuple[int, dict[str, Any]]] = deque()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}{'/v1' if name == 'openai' else ''}"

    def model(self, **options: Any) -> Any:
        """Return the provider's usual model, asked here."""
        return chat_model(SPEC[self.name], base_url=self.url, **options)

    def say(self, value: Any, *, cut: bool = False) -> None:
        """Queue a reply: an object, or text."""
        if self.name == "openai":
            text = value if isinstance(value, str) else json.dumps(value)
            return self.say_message({"content": text}, "length" if cut else "stop")
        if isinstance(value, str):
            return self.say_content([{"type": "text", "text": value}], "max_tokens" if cut else "end_turn")
        block = {"type": "tool_use", "id": "t1", "name": "reply", "input": value}
        return self.say_content([block], "max_tokens" if cut else "tool_use")

    def refuse(self) -> None:
        """Queue a reply that declines to answer."""
        if self.name == "openai":
            self.say_message({"content": None, "refusal": "I'm sorry, I can't help with that."}, "stop")
        else:
            self.say_content([{"type": "text", "text": "I'm sorry, I can't help with that."}], "refusal")

    def fail(self, status: int, message: str) -> None:
        """Queue an error."""
        self.queue.append((status, {"type": "error", "error": {"type": "some_error", "message": message}}))

    def say_message(self, message: dict[str, Any], reason: str) -> None:
        choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", **message}}
        usage = {"prompt_tokens": 7, "completion_tokens": 11, "total_tokens": 18}
        about = {"id": "c1", "object": "chat.completion", "created": 1, "model": "gpt-4o-2024-08-06", "usage": usage}
        self.queue.append((200, about | {"choices": [choice]}))

    def say_content(self, content: list[dict[str, Any]], reason: str) -> None:
        usage = {"input_tokens": 7, "output_tokens": 11}
        about = {"id": "m1", "type": "message", "role": "assistant", "model": "claude-fake", "usage": usage}
        self.queue.append((200, about | {"content": content, "stop_reason": reason, "stop_sequence": None}))

    def _handler(fake) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - self is the handler's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # keeps connections open, as the providers do
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                fake.received.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                fake.paths.append(self.path)
                status, reply = fake.queue.popleft() if fake.queue else (418, {"error": {"message": "nothing queued"}})
                content = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        return Handler


Serve = Callable[[ThreadingHTTPServer], None]


def serving(name: str, serve: Serve) -> FakeProvider:
    fake = FakeProvider(name)
    serve(fake.server)
    return fake


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AZURE_OPENAI_API_KEY"):
        monkeypatch.setenv(name, SECRET)
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_URL", "SDKIT_LLM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["openai", "anthropic"])
def fake(request: pytest.FixtureRequest, serve: Serve) -> FakeProvider:
    return serving(request.param, serve)


@pytest.fixture
def openai(serve: Serve) -> FakeProvider:
    return serving("openai", serve)


@pytest.fixture
def anthropic(serve: Serve) -> FakeProvider:
    return serving("anthropic", serve)


def told(error: BaseException) -> str:
    """Return all that anybody may see of an error and of those behind it."""
    parts = ["".join(traceback.format_exception(error))]
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        parts += [str(error), repr(error), repr(vars(error))]
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return "\n".join(parts)


class TestWhichModel:
    def test_openai_and_anthropic_have_their_own_classes(self) -> None:
        one, other = chat_model("openai:gpt-4o", temperature=0.3), chat_model("anthropic:claude-fake")
        assert (type(one), one.model_name, one.temperature) == (ChatOpenAI, "gpt-4o", 0.3)  # type: ignore[attr-defined]
        assert (type(other), other.model) == (ChatAnthropic, "claude-fake")  # type: ignore[attr-defined]

    def test_the_client_makes_no_request_twice_as_the_transport_does_that(self) -> None:
        assert chat_model("openai:gpt-4o").max_retries == 0  # type: ignore[attr-defined]
        assert chat_model("anthropic:claude-fake").max_retries == 0  # type: ignore[attr-defined]
        azure = chat_model("azure_openai:gpt-4o", azure_endpoint="https://a.example", api_version="2024-10-21")
        assert azure.max_retries == 0  # type: ignore[attr-defined]
        assert chat_model("openai:gpt-4o", max_retries=2).max_retries == 2  # type: ignore[attr-defined]

    def test_others_come_from_langchain(self) -> None:
        model = chat_model("azure_openai:gpt-4o", azure_endpoint="https://a.example", api_version="2024-10-21", seed=4)
        assert type(model).__name__ == "AzureChatOpenAI"
        assert model.seed == 4  # type: ignore[attr-defined]

    def test_a_seed_is_for_those_who_take_one(self) -> None:
        assert chat_model("openai:gpt-4o", seed=7).seed == 7  # type: ignore[attr-defined]
        assert not hasattr(chat_model("anthropic:claude-fake", seed=7), "seed")

    def test_ollama_may_be_named_as_a_provider(self) -> None:
        model = chat_model("ollama:qwen2.5:14b", num_predict=9)
        assert (model.model, model.num_predict) == ("qwen2.5:14b", 9)  # type: ignore[attr-defined]

    @pytest.mark.parametrize("name", ["qwen2.5:14b", "openia:gpt-4o", "openai", "hf.co/openai/gpt:Q4"])
    def test_all_other_names_with_a_colon_are_ollamas(self, name: str) -> None:
        assert chat_model(name).model == name  # type: ignore[attr-defined]

    def test_the_known_providers_are_langchains(self) -> None:
        with pytest.raises(ValueError, match="Supported model providers are: ") as caught:
            init_chat_model("any", model_provider="nobody")
        assert set(str(caught.value).rpartition(": ")[2].split(", ")) >= providers.PROVIDERS

    @pytest.mark.parametrize("spec", ["openai:", "anthropic: ", "groq:", "ollama:"])
    def test_a_provider_without_a_model_is_refused(self, spec: str) -> None:
        with pytest.raises(InputError, match="names a provider and no model"):
            chat_model(spec)

    @pytest.mark.parametrize("spec", [*SPEC.values(), "azure_openai:gpt-4o"])
    @pytest.mark.filterwarnings("ignore:.*is not default parameter")
    def test_an_unknown_option_is_named(self, spec: str) -> None:
        needed = {"azure_endpoint": "https://a.example", "api_version": "1"} if spec.startswith("azure") else {}
        with pytest.raises(InputError, match=r"no option temprature; see langchain_\w+\.\w*Chat\w+"):
            chat_model(spec, temprature=1, **needed)

    @pytest.mark.parametrize("options", [{"temperature": "hot"}, {"n": 0}, {"api_key": [SECRET]}])
    def test_an_option_with_an_impossible_value_is_refused_without_showing_keys(self, options: dict[str, Any]) -> None:
        with pytest.raises(InputError, match="openai:gpt-4o cannot be set up") as caught:
            chat_model("openai:gpt-4o", **{"api_key": SECRET} | options)
        assert SECRET not in str(caught.value) + "".join(traceback.format_exception(caught.value))

    @pytest.mark.parametrize(
        ("spec", "variable"),
        [
            ("openai:gpt-4o", "OPENAI_API_KEY"),
            ("anthropic:claude-fake", "ANTHROPIC_API_KEY"),
            ("azure_openai:gpt-4o", "AZURE_OPENAI_API_KEY"),
        ],
    )
    @pytest.mark.parametrize("value", [None, " "])
    def test_a_missing_key_is_named(
        self, spec: str, variable: str, value: str | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AZURE_OPENAI_API_KEY"):
            monkeypatch.delenv(name)
        if value and not spec.startswith("azure"):
            monkeypatch.setenv(variable, value)
        needed = {"azure_endpoint": "https://a.example", "api_version": "1"} if spec.startswith("azure") else {}
        with pytest.raises(ModelUnavailableError, match=variable):
            chat_model(spec, **needed)

    def test_a_key_may_be_an_option(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("OPENAI_API_KEY")
        assert SECRET not in repr(chat_model("openai:local", api_key=SECRET, base_url="http://127.0.0.1:1/v1"))

    @pytest.mark.parametrize("spec", SPEC.values())
    def test_the_repr_hides_the_key(self, spec: str) -> None:
        model = chat_model(spec)
        assert SECRET not in repr(model) + str(model) + repr(vars(model))

    @pytest.mark.parametrize("provider", SPEC)
    def test_a_missing_package_is_named_with_its_extra(self, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, f"langchain_{provider}", None)
        with pytest.raises(MissingPackageError, match=rf'langchain_{provider} is needed.*"\.\[{provider}\]"'):
            chat_model(SPEC[provider])

    def test_a_package_that_is_no_extra_is_named_as_pip_knows_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "langchain_groq", None)
        with pytest.raises(MissingPackageError, match="pip install langchain-groq"):
            chat_model("groq:llama-3.3-70b")
        monkeypatch.setitem(sys.modules, "langchain.chat_models", None)
        with pytest.raises(MissingPackageError, match=r"pip install langchain$"):
            chat_model("groq:llama-3.3-70b")

    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("openia:gpt-4o", "openai:gpt-4o"),
            ("antropic:claude", "anthropic:claude"),
            ("OpenAI:gpt-4o", "openai:gpt-4o"),
            ("gpt-4o", "openai:gpt-4o"),
            ("claude-sonnet-5", "anthropic:claude-sonnet-5"),
            ("qwen2.5:14b", ""),
            ("mistral:7b", ""),
            ("deepseek-r1:7b", ""),
            ("gpt-oss:20b", ""),
            ("llama3", ""),
        ],
    )
    def test_a_mistyped_provider_is_guessed(self, name: str, meant: str) -> None:
        assert providers.suggestion(name) == meant

    def test_a_model_that_ollama_does_not_have_may_be_a_providers(self, fake_ollama: FakeOllama) -> None:
        fake_ollama.fail(404, "model not found")
        with pytest.raises(UnknownModelError, match=r'ollama pull openia:gpt-4o\. Or did you mean "openai:gpt-4o"\?'):
            ask("Hi", model="openia:gpt-4o")


def check_strict(part: Any) -> None:
    """Assert that a schema holds to what OpenAI's strict mode accepts."""
    assert isinstance(part, dict)
    if "$ref" in part:
        assert part.keys() == {"$ref"}
        return
    extra = {"type", "enum", "anyOf", "items", "properties", "required", "additionalProperties", "description"}
    assert part.keys() <= extra | {"$defs", "definitions"}
    for member in [*part.get("anyOf", ()), *part.get("properties", {}).values(), *part.get("$defs", {}).values()]:
        check_strict(member)
    if "anyOf" in part:
        assert len(part["anyOf"]) > 1
        return
    if part["type"] == "array":
        check_strict(part["items"])
    if part["type"] == "object":
        assert part["required"] == list(part["properties"])
        assert part["additionalProperties"] is False


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str]


class Node(BaseModel):
    name: str
    children: list[Node] = []


class Everything(BaseModel):
    """A bit of all that pydantic writes into a schema."""

    code: str = Field(pattern=r"^\d{5}$", min_length=5, max_length=5, description="Five digits.")
    share: float = Field(gt=0, le=1, multiple_of=0.5)
    pets: list[Annotated[Cat | Dog, Field(discriminator="kind")]] = Field(max_length=3)
    pair: tuple[int, str]
    node: Node
    best: Cat | None = Field(default=None, description="The best of all.")
    level: Literal["low", "high", 3, None] = "low"
    words: set[str] = set()


class TestStrictSchemas:
    def test_a_cast_becomes_turns_by_any_of_its_speakers(self) -> None:
        schema = dialog_output(("Ana", "Tom"), (6, 12)).model_json_schema()
        strict = strict_schema(schema)
        check_strict(strict)
        turn = {
            "type": "object",
            "properties": {"speaker": {"type": "string", "enum": ["Ana", "Tom"]}, "text": {"type": "string"}},
            "required": ["speaker", "text"],
            "additionalProperties": False,
        }
        assert strict is not None
        assert {name: part for name, part in strict.items() if name != "$defs"} == {
            "type": "object",
            "properties": {"dialog": {"type": "array", "items": turn}},
            "required": ["dialog"],
            "additionalProperties": False,
        }

    def test_a_dialogue_of_anybody_says_its_length_in_words(self) -> None:
        strict = strict_schema(dialog_output(None, (6, 12)).model_json_schema())
        check_strict(strict)
        assert strict is not None
        assert strict["properties"]["dialog"]["description"] == "(minItems: 6, maxItems: 12)"

    def test_everything_pydantic_writes_is_translated(self) -> None:
        strict = strict_schema(Everything.model_json_schema())
        check_strict(strict)
        assert strict is not None
        fields = strict["properties"]
        assert fields["code"]["description"] == "Five digits. (maxLength: 5, minLength: 5)"
        assert fields["pair"]["items"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}
        assert fields["best"]["anyOf"] == [{"$ref": "#/$defs/Cat"}, {"type": "null"}]
        assert fields["best"]["description"] == "The best of all."
        assert {"type": ["string", "integer", "null"], "enum": ["low", "high", 3, None]} in fields["level"]["anyOf"]

    def test_the_strict_form_leaves_the_schema_alone(self) -> None:
        schema = Everything.model_json_schema()
        strict_schema(schema)
        assert schema == Everything.model_json_schema()

    @pytest.mark.parametrize(
        "open_",
        [
            {"type": "object"},
            {"type": "object", "additionalProperties": {"type": "integer"}},
            {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True},
            {"type": "object", "properties": {}, "required": ["a"]},
            {"type": "array"},
            {"type": "array", "items": {}},
            {},
            True,
            {"allOf": [{"type": "string"}, {"minLength": 3}]},
            {"$ref": "#/properties/other"},
            {"enum": [{"a": 1}]},
        ],
    )
    def test_what_strict_mode_cannot_say_is_none(self, open_: Any) -> None:
        assert strict_schema({"type": "object", "properties": {"a": open_}, "required": ["a"]}) is None

    @pytest.mark.parametrize(
        ("schema", "sent", "meant"),
        [
            ({"people": {"type": "integer"}}, {"people": None}, {}),
            ({"people": {"type": ["integer", "null"]}}, {"people": None}, {"people": None}),
            ({"a": {"items": {"$ref": "#/$defs/X"}}}, {"a": [{"x": None}, {"x": 1}]}, {"a": [{}, {"x": 1}]}),
            ({"a": {"prefixItems": [{"$ref": "#/$defs/X"}]}}, {"a": [{"x": None}]}, {"a": [{}]}),
            ({"a": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/X"}]}}, {"a": {"x": None}}, {"a": {}}),
            ({"a": {"anyOf": [{"$ref": "#/$defs/X"}, {"type": "null"}]}}, {"a": None}, {"a": None}),
            ({"a": {"allOf": [{"$ref": "#/$defs/X"}]}}, {"a": {"x": None}}, {"a": {}}),
            ({}, {"unknown": None}, {"unknown": None}),
            ({}, [None], [None]),
            ({"people": {"type": "integer"}}, "text", "text"),
        ],
    )
    def test_nulls_for_optional_fields_are_taken_back(self, schema: Any, sent: Any, meant: Any) -> None:
        shared = {"X": {"type": "object", "properties": {"x": {"type": "integer"}}}}
        assert without_nulls(sent, {"type": "object", "properties": schema, "$defs": shared}) == meant

    def test_in_a_union_the_nulls_of_the_member_that_fits_are_taken_back(self) -> None:
        class Pets(BaseModel):
            pets: list[Cat | Dog]

        sent = {"pets": [{"kind": "dog", "tricks": []}, {"kind": "cat", "lives": None}]}
        jsonschema.validate(sent, strict_schema(Pets.model_json_schema()) or False)
        meant = without_nulls(sent, Pets.model_json_schema())
        assert Pets.model_validate(meant).pets == [Dog(kind="dog", tricks=[]), Cat(kind="cat")]


class TestReplies:
    def test_a_class_a_dict_and_nothing_give_an_object_a_dict_and_text(self, fake: FakeProvider) -> None:
        for value in (ULM, ULM, "Ulm."):
            fake.say(value)
        assert ask("A city?", City, model=fake.model()) == City(name="Ulm", people=126000)
        as_dict = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
        assert ask("A city?", as_dict, model=fake.model()) == ULM
        assert ask("A city?", model=fake.model()) == "Ulm."

    def test_the_reply_says_how_it_came_about(self, fake: FakeProvider) -> None:
        fake.say(ULM)
        reply = request("A city?", City, model=fake.model(max_tokens=500), seed=5)
        assert (reply.model, reply.seed, reply.attempts) == (SPEC[fake.name].partition(":")[2], 5, 1)
        assert (reply.prompt_tokens, reply.completion_tokens) == (7, 11)
        assert reply.options == {"max_tokens": 500}
        assert json.loads(reply.raw) == ULM
        assert reply.finish_reason == {"openai": "stop", "anthropic": "tool_use"}[fake.name]

    def test_openai_is_sent_a_strict_schema_and_the_seed(self, openai: FakeProvider) -> None:
        openai.say(ULM)
        ask("A city?", City, model=openai.model(extra_body={"store": False}), seed=5)
        (body,) = openai.received
        form = body["response_format"]
        assert (form["type"], form["json_schema"]["strict"], body["seed"], body["store"]) == (
            "json_schema",
            True,
            5,
            False,
        )
        check_strict(form["json_schema"]["schema"])
        assert body["messages"] == [{"role": "user", "content": "A city?"}]
        assert SECRET not in json.dumps(openai.received)

    def test_azure_is_sent_the_same(self, openai: FakeProvider) -> None:
        openai.say(ULM)
        address = openai.url.removesuffix("/v1")
        model = chat_model("azure_openai:gpt-4o", azure_endpoint=address, api_version="2024-10-21")
        assert ask("A city?", City, model=model) == City(name="Ulm", people=126000)
        check_strict(openai.received[0]["response_format"]["json_schema"]["schema"])

    def test_anthropic_is_sent_a_tool_that_it_has_to_call(self, anthropic: FakeProvider) -> None:
        anthropic.say(ULM)
        ask("A city?", City, model=anthropic.model())
        (body,) = anthropic.received
        (tool,) = body["tools"]
        assert tool["input_schema"] == City.model_json_schema()
        assert body["tool_choice"]["name"] == tool["name"]
        assert body["tool_choice"]["type"] == "tool"
        assert "seed" not in body
        assert SECRET not in json.dumps(anthropic.received)

    @pytest.mark.parametrize("options", [{"thinking": {"type": "adaptive"}}, {"model": "claude-opus-5-5"}])
    def test_a_claude_that_thinks_cannot_be_forced_and_is_sent_the_schema_for_its_text(
        self, anthropic: FakeProvider, options: dict[str, Any]
    ) -> None:
        anthropic.say(json.dumps(ULM | {"people": None}))
        model = ChatAnthropic(**{"model": "claude-fake", "base_url": anthropic.url} | options)
        assert ask("A city?", City, model=model) == City(name="Ulm")
        (body,) = anthropic.received
        assert "tools" not in body
        check_strict(body["output_config"]["format"]["schema"])

    def test_where_even_that_cannot_say_it_a_claude_that_thinks_is_told(self, anthropic: FakeProvider) -> None:
        anthropic.say('{"a": 1}')
        model = ChatAnthropic(model="claude-opus-5-5", base_url=anthropic.url)
        assert ask("Count.", RootModel[dict[str, int]], model=model).root == {"a": 1}
        assert "fit this JSON schema" in anthropic.received[0]["system"]

    def test_openais_newer_protocol_is_spoken_too(self, openai: FakeProvider) -> None:
        def answer(status: str, **more: Any) -> tuple[int, dict[str, Any]]:
            text = {"type": "output_text", "text": json.dumps(ULM), "annotations": []}
            message = {"type": "message", "id": "m", "role": "assistant", "status": status, "content": [text]}
            about = {"id": "r", "object": "response", "created_at": 1, "model": "gpt-5-pro", "status": status}
            fixed = {"parallel_tool_calls": False, "tool_choice": "auto", "tools": []}
            return 200, about | fixed | {"output": [message]} | more

        openai.queue.append(answer("incomplete", incomplete_details={"reason": "max_output_tokens"}))
        openai.queue.append(answer("completed"))
        model = chat_model("openai:gpt-5-pro", base_url=openai.url, seed=1)
        reply = request("A city?", City, model=model)
        assert (reply.value, reply.attempts) == (City(**ULM), 2)  # type: ignore[arg-type]
        assert openai.paths == ["/v1/responses"] * 2
        assert "seed" not in openai.received[0]
        check_strict(openai.received[0]["text"]["format"]["schema"])

    @pytest.mark.parametrize(
        ("schema", "value", "wrapped"),
        [
            (RootModel[list[int]], [1, 2], True),
            (RootModel[Cat | Dog], {"kind": "cat", "lives": 7}, True),
            (Node, {"name": "a", "children": [{"name": "b", "children": []}]}, False),
            (RootModel[dict[str, int]], {"a": 1}, False),
        ],
        ids=["list", "union", "recursive", "dict"],
    )
    def test_what_is_no_object_travels_in_one(self, fake: FakeProvider, schema: Any, value: Any, wrapped: bool) -> None:
        fake.say({"reply": value} if wrapped else value)
        reply = request("Say.", schema, model=fake.model())
        assert reply.value == schema.model_validate(value)
        assert json.loads(reply.raw) == value
        body = fake.received[0]
        sent = body["tools"][0]["input_schema"] if "tools" in body else body["response_format"]["json_schema"]["schema"]
        assert sent["type"] == "object"
        assert not sent.keys() & {"anyOf", "oneOf", "allOf", "$ref"}

    def test_an_open_dict_is_sent_as_it_is_and_not_strict(self, openai: FakeProvider) -> None:
        openai.say({"a": 1})
        ask("Count.", RootModel[dict[str, int]], model=openai.model())
        form = openai.received[0]["response_format"]["json_schema"]
        assert form["strict"] is False
        assert form["schema"]["additionalProperties"] == {"type": "integer"}

    def test_nulls_that_strict_mode_asks_for_are_taken_back(self, openai: FakeProvider) -> None:
        openai.say({"name": "Ulm", "people": None, "motto": None})
        reply = request("A city?", City, model=openai.model())
        assert reply.value == City(name="Ulm")
        assert json.loads(reply.raw) == {"name": "Ulm", "motto": None}

    def test_bounds_that_the_provider_does_not_enforce_are_checked(self, fake: FakeProvider) -> None:
        fake.say({"name": "U", "people": 1, "motto": None})
        fake.say({"name": "Ulm", "people": -1, "motto": None})
        fake.say(ULM)
        reply = request("A city?", City, model=fake.model(), seed=3)
        assert (reply.attempts, reply.seed, reply.first_seed) == (3, derive_seed(3, 2), 3)
        seeds = [body.get("seed") for body in fake.received]
        assert seeds == ([3, derive_seed(3, 1), derive_seed(3, 2)] if fake.name == "openai" else [None] * 3)

    def test_a_cut_reply_is_an_error(self, fake: FakeProvider) -> None:
        for _ in range(3):
            fake.say('{"name": "Ulm", "peo' if fake.name == "openai" else ULM, cut=True)
        with pytest.raises(ReplyError, match="was cut when its tokens ran out"):
            ask("A city?", City, model=fake.model())

    def test_a_refusal_is_an_error_that_says_so(self, fake: FakeProvider) -> None:
        for _ in range(3):
            fake.refuse()
        with pytest.raises(ReplyError, match="was a refusal") as caught:
            ask("A city?", City, model=fake.model())
        assert caught.value.raw == "I'm sorry, I can't help with that."

    def test_what_a_filter_withheld_is_a_refusal_too(self, openai: FakeProvider) -> None:
        openai.say_message({"content": ""}, "content_filter")
        with pytest.raises(ReplyError, match="was a refusal"):
            ask("A city?", model=openai.model(), attempts=1)

    def test_prose_instead_of_a_call_is_no_reply(self, anthropic: FakeProvider) -> None:
        anthropic.say("Ulm is a city.")
        with pytest.raises(ReplyError, match="was not JSON"):
            ask("A city?", City, model=anthropic.model(), attempts=1)

    def test_the_tools_input_is_taken_as_it_is_also_when_it_came_in_pieces(self) -> None:
        block = {"type": "tool_use", "name": "reply", "id": "t", "input": {}, "partial_json": '{"name": "Ulm", "peo'}
        calls = [{"name": "reply", "args": {"name": "Ulm"}, "id": "t"}]  # as LangChain mends it
        message = AIMessage([block], tool_calls=calls, response_metadata={"stop_reason": "max_tokens"})
        assert providers.heard(message) == ('{"name": "Ulm", "peo', "max_tokens")

    def test_the_async_form_gives_the_same_also_in_a_second_event_loop(self, fake: FakeProvider) -> None:
        model = fake.model()
        for _ in range(3):
            fake.say(ULM)
            assert asyncio.run(aask("A city?", City, model=model)) == City(name="Ulm", people=126000)


class TestErrors:
    @pytest.mark.parametrize("status", [401, 403])
    def test_a_refused_key_is_named_by_its_variable_and_never_shown(self, fake: FakeProvider, status: int) -> None:
        fake.fail(status, f"Incorrect API key provided: {SECRET}.")
        with pytest.raises(ModelUnavailableError, match=f"refuses the key.*{fake.name.upper()}_API_KEY") as caught:
            ask("Hi", model=fake.model())
        assert SECRET not in told(caught.value)
        assert len(fake.received) == 1

    def test_a_model_that_there_is_not(self, fake: FakeProvider) -> None:
        fake.fail(404, "The model does not exist or you do not have access to it.")
        with pytest.raises(UnknownModelError, match=f"no model '{SPEC[fake.name].partition(':')[2]}' at its provider"):
            ask("Hi", City, model=fake.model())

    def test_other_errors_are_told_with_their_words_and_without_the_key(self, fake: FakeProvider) -> None:
        fake.fail(400, f"Invalid schema. You sent {SECRET}.")
        with pytest.raises(ModelUnavailableError, match=r"the error 400: .*Invalid schema") as caught:
            ask("Hi", model=fake.model())
        assert SECRET not in told(caught.value)

    def test_a_prompt_that_is_too_long_is_named(self, fake: FakeProvider) -> None:
        fake.fail(400, "prompt is too long: 210000 tokens > 200000 maximum")
        with pytest.raises(PromptTooLongError, match="do not fit into the context of"):
            ask("Hi", model=fake.model())

    @pytest.mark.parametrize("twin", ["plain", "async"])
    def test_no_server_is_an_error_that_names_the_address(self, fake: FakeProvider, twin: str) -> None:
        model = chat_model(SPEC[fake.name], base_url="http://127.0.0.1:1")
        with pytest.raises(ModelUnavailableError, match=r"nothing answers at http://127\.0\.0\.1:1") as caught:
            ask("Hi", model=model) if twin == "plain" else asyncio.run(aask("Hi", model=model))
        assert SECRET not in told(caught.value)

    def test_what_our_transport_raises_arrives(self, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SDKIT_LLM", "replay")
        with pytest.raises(NotRecordedError):
            ask("Hi", model=fake.model())
        assert fake.received == []


def turns(*speakers: str) -> dict[str, Any]:
    return {"dialog": [{"speaker": speaker, "text": f"I am {speaker}."} for speaker in speakers]}


class TestDialogues:
    def test_a_dialogue_from_end_to_end(self, fake: FakeProvider) -> None:
        fake.say(turns("Ana", "Eve"))  # who is not in the cast
        fake.say(turns("Ana", "Tom", "Ana"))
        generator = DialogGenerator(fake.model(), "Ana and Tom plan a party.", speakers=["Ana", "Tom"], turns=(2, 4))
        dialog = generator.generate(seed=42)
        assert [turn.speaker for turn in dialog.turns] == ["Ana", "Tom", "Ana"]
        assert (dialog.model, dialog.seed) == (SPEC[fake.name].partition(":")[2], 42)
        provenance = dialog.provenance
        assert (provenance.seed, provenance.attempts, provenance.replayed) == (derive_seed(42, 1), 2, False)
        assert (provenance.prompt_tokens, provenance.completion_tokens) == (7, 11)
        assert f"langchain-{fake.name}" in provenance.versions
        assert SECRET not in dialog.model_dump_json() + repr(dialog) + repr(generator)

    def test_the_async_twin(self, fake: FakeProvider) -> None:
        fake.say(turns("Ana", "Tom"))
        generator = DialogGenerator(fake.model(), "Ana and Tom plan a party.", speakers=["Ana", "Tom"], turns=(2, 4))
        assert len(asyncio.run(generator.agenerate(seed=1))) == 2

    def test_a_name_is_enough(self, fake: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL" if fake.name == "openai" else "ANTHROPIC_BASE_URL", fake.url)
        fake.say(turns(*["Ana", "Tom"] * 4))
        assert len(DialogGenerator(SPEC[fake.name], "Ana and Tom plan a party.").generate()) == 8
