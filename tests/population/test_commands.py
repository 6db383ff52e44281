"""`sdkit personas`: its flags, what it writes and says, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from cyclopts import App
from population.test_generator import WordVectors, Writer, clumsy, persona

from sdkit.errors import InputError
from sdkit.persona_files import load_users, save_users
from sdkit.population import generator as population
from sdkit.population.commands import personas

if TYPE_CHECKING:
    from conftest import FakeOllama

ASSISTANT = 'name: "Fashionable Fran"\ndescription: "A stylist who recommends what to wear from your wardrobe."\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.setattr(population, "embedder", lambda spec=None: WordVectors())
    Path("fran.yaml").write_text(ASSISTANT)
    return tmp_path


@pytest.fixture
def writer(fake_ollama: FakeOllama) -> Writer:
    fake_ollama.has({"name": "fake", "size": 1})
    return Writer(fake_ollama)


def run(*words: str) -> Any:
    app = App()
    app.command(personas, name="personas")
    return app(["personas", *words], exit_on_error=False, print_error=False, result_action="return_value")


MODEL = ("--model-provider", "ollama", "--model-id", "fake")
BASE = ("--assistant-path", "fran.yaml", "--output-path", "people.yaml", *MODEL)


def test_the_originals_flags_make_five_personas_of_five_fields(
    folder: Path, writer: Writer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*BASE) == 0
    users = yaml.safe_load(Path("people.yaml").read_text())["users"]
    assert len(users) == 5
    assert all(list(user) == ["name", "description", "personality", "scenario", "summary"] for user in users)
    plan = json.loads(Path("people.plan.json").read_text())
    assert list(plan["attributes"]) == ["age band", "expertise", "goal", "patience", "language style"]
    out = capsys.readouterr().out
    assert out.startswith("5 personas. ")
    assert "The 5 new personas are in people.yaml. Read them before you use them" in out
    assert sorted(path.name for path in folder.iterdir() if path.name[0] != ".") == [
        "fran.yaml",
        "people.plan.json",
        "people.yaml",
    ]


def test_only_the_new_ones_are_written_and_they_differ_from_the_previous_ones(folder: Path, writer: Writer) -> None:
    assert run(*BASE, "--num-personas", "3") == 0
    words = ["--previous-personas-path", "people.yaml", "--num-personas", "2", "--output-path", "more.yaml"]
    assert run("--assistant-path", "fran.yaml", *MODEL, *words) == 0
    old, new = load_users("people.yaml"), load_users("more.yaml")
    assert (len(old), len(new)) == (3, 2)
    assert not {one.name for one in old} & {one.name for one in new}


def test_the_same_command_again_makes_nothing_new(folder: Path, writer: Writer) -> None:
    assert run(*BASE) == 0
    count, there = len(writer.asked), Path("people.yaml").read_bytes()
    assert run(*BASE) == 0
    assert (len(writer.asked), Path("people.yaml").read_bytes()) == (count, there)


def test_fewer_than_asked_for_is_a_failure(folder: Path, writer: Writer, capsys: pytest.CaptureFixture[str]) -> None:
    def same(persona: dict[str, Any], body: dict[str, Any]) -> None:
        persona |= dict.fromkeys(("description", "personality", "scenario", "summary"), "the same for all " * 9)

    writer.twist = same
    assert run(*BASE, "--num-personas", "2") == 1
    said = capsys.readouterr()
    assert "nobody was made for age band: " in said.err
    assert "1 of 2 personas could be made" in said.err
    assert len(load_users("people.yaml")) == 1


def test_where_nobody_could_be_made_nothing_is_written(
    folder: Path, writer: Writer, capsys: pytest.CaptureFixture[str]
) -> None:
    writer.twist = lambda persona, body: persona.update(summary=" ")
    assert run(*BASE, "--num-personas", "1") == 1
    assert "no persona could be made, and nothing was written" in capsys.readouterr().err
    assert not Path("people.yaml").exists()


def test_an_interrupted_command_goes_on(
    folder: Path, writer: Writer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.twist = clumsy

    def interrupt(*args: Any, **rest: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(population.PersonaGenerator, "generate", interrupt)
        assert run(*BASE) == 130
    assert "The same command goes on where it stopped" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--assistant-path", "nobody.yaml"), r"nobody\.yaml: does not exist"),
        (("--assistant-path", "broken.yaml"), r"broken\.yaml: this is no assistant: description: Field required"),
        (("--previous-personas-path", "nobody.yaml"), r"nobody\.yaml: does not exist"),
        (("--previous-personas-path", "twice.yaml"), r"twice\.yaml, line 7: persona 2 has the same name as persona 1"),
        (("--previous-personas-path", "empty.yaml"), r'empty\.yaml: the list under "users" is empty'),
        (("--output-path", "people.txt"), r"people\.txt ends neither in"),
        (("--num-personas", "0"), "n=0: give a whole number, at least 1"),
        (("--model-provider", "openai", "--model-id", "o3"), "openai:o3 needs a key: set the environment variable"),
        (("--model-provider", "anthropic"), "anthropic:fake needs a key: set the environment variable ANTHROPIC"),
        (("--model-provider", "google"), "Invalid value"),
        (("--num-personas", "many"), "Invalid value"),
        (("--temperature", "1"), "Unknown option"),
    ],
)
def test_what_cannot_work_is_told_and_nothing_is_written(
    folder: Path, writer: Writer, words: tuple[str, ...], problem: str
) -> None:
    Path("broken.yaml").write_text("name: Fran\n")
    one = "- name: Ana\n  description: d\n  personality: p\n  scenario: s\n  summary: t\n"
    Path("twice.yaml").write_text("users:\n" + one + one)
    Path("empty.yaml").write_text("users: []\n")
    options = dict(zip(BASE[::2], BASE[1::2], strict=True)) | dict(zip(words[::2], words[1::2], strict=True))
    with pytest.raises(Exception, match=problem):
        run(*(word for pair in options.items() for word in pair))
    assert not Path("people.yaml").exists()


def test_with_a_key_openais_o3_is_the_default(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = []

    class Named(population.PersonaGenerator[Any]):
        def __init__(self, assistant: Any, model: Any = None, **options: Any) -> None:
            named.append(model)
            raise InputError("that is enough")

    monkeypatch.setattr(population, "PersonaGenerator", Named)
    for words in (
        (),
        ("--model-id", "gpt-4o"),
        ("--model-provider", "embedded"),
        ("--model-provider", "embedded", "--model-id", "qwen2.5-coder-1.5b"),
    ):
        monkeypatch.setenv("OPENAI_API_KEY", "sk-none-of-your-business")
        with pytest.raises(InputError):
            run("--assistant-path", "fran.yaml", "--output-path", "people.yaml", *words)
    assert named == ["openai:o3", "openai:gpt-4o", "embedded", "embedded:qwen2.5-coder-1.5b"]


def test_o3_is_sent_no_temperature(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("langchain_openai")
    from sdkit.llm import chat_model

    monkeypatch.setenv("OPENAI_API_KEY", "sk-none-of-your-business")
    model: Any = chat_model("openai:o3")
    assert "temperature" not in model._get_request_payload([("human", "hello")])


def test_previous_personas_of_other_programs_are_read(folder: Path, writer: Writer) -> None:
    save_users("theirs.yaml", [persona("Ana")])
    assert run(*BASE, "--num-personas", "1", "--previous-personas-path", "theirs.yaml") == 0
