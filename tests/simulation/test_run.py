"""Simulated users try out an assistant.

A fake Ollama plays the users and the judge, and functions the assistant, where the test is about our own logic.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sdkit.agents import EndpointAgent, FunctionAgent, PersonaAgent
from sdkit.assistants import Assistant
from sdkit.errors import ConversationError, EndpointError, FileError, InputError
from sdkit.llm import retries
from sdkit.messages import load_conversations
from sdkit.persona_files import save_users
from sdkit.personas import Persona, UserPersona
from sdkit.simulation import UserAgent, simulate
from sdkit.simulation.endings import STATES

SHOP = Assistant(name="Kim", description="Kim answers for a shop of kettles.")
MODEL = "qwen2.5:14b"


def persona(name: str, **rest: str) -> UserPersona:
    fields = {"description": "a nurse", "personality": "tired", "scenario": f"{name}'s kettle leaks", "summary": "s"}
    return UserPersona(name=name, **(fields | rest))


ANA, TOM, EVA = persona("Ana"), persona("Tom"), persona("Eva")


class Users:
    """What the fake model says: a user's message, a decision, whether a persona was kept."""

    def __init__(self) -> None:
        self.state: Callable[[str], str] = lambda chat: "goes on"
        self.leaves: Callable[[str], bool] = lambda chat: False

    def __call__(self, body: dict[str, Any]) -> str:
        fields = body["format"]["properties"]
        last = body["messages"][-1]["content"]
        if "state" in fields:
            return json.dumps({"reason": "So it is.", "state": self.state(last), "confidence": 0.9})
        if "kept" in fields:
            return json.dumps({"evidence": "My kettle leaks.", "reason": "She wants what she wants.", "kept": True})
        said = {"text": f"Message {sum(m['role'] == 'assistant' for m in body['messages'])}."}
        return json.dumps(said | ({"leaves": self.leaves(last)} if "leaves" in fields else {}))


@pytest.fixture
def users(fake_ollama: Any) -> Users:
    fake_ollama.answer = users = Users()
    return users


def bot(messages: list[dict[str, str]]) -> str:
    return f"Answer {len(messages)}."


def run(people: Any, to: Path, endpoint: Any = bot, **rest: Any) -> Any:
    return simulate(SHOP, people, endpoint, to, progress=False, **({"model": MODEL} | rest))


def judged(fake: Any) -> list[dict[str, Any]]:
    return [body for body in fake.received if "state" in body["format"]["properties"]]


# -- the file ----------------------------------------------------------------------------------------------------------


def test_the_file_is_the_original_s_with_metadata_beside(tmp_path: Path, users: Users) -> None:
    run([ANA, TOM], tmp_path / "a.jsonl", max_turns=2)

    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [list(line) for line in lines] == [["messages", "metadata"]] * 2
    assert lines[0]["messages"] == [
        {"role": "user", "content": "Message 0."},
        {"role": "assistant", "content": "Answer 1."},
        {"role": "user", "content": "Message 1."},
        {"role": "assistant", "content": "Answer 3."},
    ]
    about = lines[1]["metadata"]
    assert (about["id"], about["user"], about["assistant"]) == (1, "Tom", "Kim")
    assert about["personas"]["Tom"] == TOM.json()
    assert about["stop"]["kind"] == "max_turns"
    assert about["tokens"] > 0
    assert about["notes"]["persona"]["kept"] is True


def test_conversations_are_in_the_order_of_the_personas_however_long_they_take(tmp_path: Path, users: Users) -> None:
    async def slow(messages: list[dict[str, str]]) -> str:
        await asyncio.sleep(0.1 if messages[0]["content"] == "Message 0." and len(messages) < 2 else 0)
        return "Yes."

    people = [persona(f"P{number}") for number in range(6)]
    made = run(people, tmp_path / "a.jsonl", slow, max_turns=1, concurrency=4)

    assert [dialog.speakers[0] for dialog in made] == [f"P{number}" for number in range(6)]
    assert [d.dialogId for d in load_conversations(tmp_path / "a.jsonl")] == list(range(6))


# -- when it is over ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "kind"), [(state, kind) for state, kind in STATES.items() if kind])
def test_the_judge_ends_it_with_a_reason_and_a_confidence(tmp_path: Path, users: Users, state: str, kind: str) -> None:
    users.state = lambda chat: state if "Answer 3." in chat else "goes on"

    (made,) = run([ANA], tmp_path / "a.jsonl", max_turns=5)

    assert len(made) == 4
    assert (made.stop.kind, made.stop.reason, made.stop.confidence) == (kind, "So it is.", 0.9)
    assert made.complete is True
    assert [decision["state"] for decision in made.notes["decisions"]] == ["goes on", state]


def test_it_is_not_asked_after_the_last_turn_that_is_allowed(tmp_path: Path, users: Users, fake_ollama: Any) -> None:
    (made,) = run([ANA], tmp_path / "a.jsonl", max_turns=3)

    assert (len(made), made.stop.kind, made.complete) == (6, "max_turns", False)
    assert len(judged(fake_ollama)) == 2


def test_it_is_asked_after_answers_only_and_sees_what_was_said_and_what_is_wanted(
    tmp_path: Path, users: Users, fake_ollama: Any
) -> None:
    run([ANA], tmp_path / "a.jsonl", max_turns=3)

    question = judged(fake_ollama)[-1]["messages"][-1]["content"]
    assert question.splitlines()[0] == "The user wants this: Ana's kettle leaks"
    assert "User: Message 1.\nAssistant: Answer 3." in question
    for hidden in ("Kim", "bot", "tired", "a nurse"):
        assert hidden not in question


def test_a_user_who_leaves_is_answered_once_more_and_nobody_is_asked(
    tmp_path: Path, users: Users, fake_ollama: Any
) -> None:
    users.leaves = lambda last: "Answer 1." in last

    (made,) = run([ANA], tmp_path / "a.jsonl", max_turns=5)

    assert [turn.text for turn in made] == ["Message 0.", "Answer 1.", "Message 1.", "Answer 3."]
    assert made.stop.kind == "left"
    assert len(judged(fake_ollama)) == 1  # after the first answer


def test_nobody_can_leave_with_the_first_message(tmp_path: Path, users: Users, fake_ollama: Any) -> None:
    run([ANA], tmp_path / "a.jsonl", max_turns=2)

    formats = [list(b["format"]["properties"]) for b in fake_ollama.received if "text" in b["format"]["properties"]]
    assert formats == [["text"], ["text", "leaves"]]


# -- the users ---------------------------------------------------------------------------------------------------------


def test_users_are_reminded_of_who_they_are_and_what_they_want(tmp_path: Path, users: Users, fake_ollama: Any) -> None:
    run([ANA], tmp_path / "a.jsonl", max_turns=2)

    first, second = (b["messages"] for b in fake_ollama.received if "text" in b["format"]["properties"])
    assert "Kim answers for a shop of kettles." in first[0]["content"]
    assert first[:1] == second[:1]  # so that what is evaluated can be kept
    assert "Why you are here: Ana's kettle leaks" in second[-1]["content"]
    assert "You are Ana, not Kim." in second[-1]["content"]


def test_messages_are_asked_for_in_different_lengths(tmp_path: Path, users: Users, fake_ollama: Any) -> None:
    run([ANA], tmp_path / "a.jsonl", max_turns=12)

    asked = {
        body["messages"][-1]["content"].split("in about ")[1]
        for body in fake_ollama.received
        if "text" in body["format"]["properties"]
    }
    assert len(asked) > 3


def test_a_check_that_fails_costs_nothing_but_its_answer(tmp_path: Path, users: Users, fake_ollama: Any) -> None:
    fake_ollama.answer = lambda body: "nonsense" if "kept" in body["format"]["properties"] else users(body)

    (made,) = run([ANA], tmp_path / "a.jsonl", max_turns=1)

    assert made.notes["persona"]["kept"] is None
    assert len(made) == 2


def test_any_persona_and_any_agent_can_be_the_user(tmp_path: Path, users: Users) -> None:
    made = run([Persona(name="Ana", role="baker")], tmp_path / "a.jsonl", max_turns=1)
    assert made[0].personas["Ana"] == {"name": "Ana", "role": "baker"}

    made = run([ANA], tmp_path / "b.jsonl", user=lambda who: FunctionAgent(lambda m: "hi", who.name), max_turns=3)
    assert (len(made[0]), made[0].stop.kind) == (6, "max_turns")  # nobody judges


# -- failures, and going on --------------------------------------------------------------------------------------------


def test_one_that_fails_costs_only_itself_and_is_tried_again(tmp_path: Path, users: Users) -> None:
    broken = True

    def moody(messages: list[dict[str, str]]) -> str:
        if broken and moody.count == 1:  # type: ignore[attr-defined]
            moody.count += 1  # type: ignore[attr-defined]
            raise RuntimeError("out of tea")
        moody.count += 1  # type: ignore[attr-defined]
        return "Yes."

    moody.count = 0  # type: ignore[attr-defined]
    first = run([ANA, TOM, EVA], tmp_path / "a.jsonl", moody, max_turns=1)
    assert [dialog.speakers[0] for dialog in first] == ["Ana", "Eva"]
    assert not first.report.ok
    assert "out of tea" in first.report.failed["1"]

    broken = False
    again = run([ANA, TOM, EVA], tmp_path / "a.jsonl", moody, max_turns=1)
    assert (again.report.ok, again.report.made) == (True, 1)
    assert [dialog.dialogId for dialog in again] == [0, 1, 2]


def test_an_endpoint_that_is_down_ends_the_run_at_once(tmp_path: Path, users: Users) -> None:
    (tmp_path / "down.yaml").write_text("url: http://127.0.0.1:9/chat\nbody: {}\nresponse_path: [reply]\n")

    with pytest.raises(EndpointError, match=r"127\.0\.0\.1:9/chat does not answer"):
        run([ANA, TOM], tmp_path / "a.jsonl", tmp_path / "down.yaml")


def test_other_settings_or_edited_personas_do_not_go_into_the_same_file(tmp_path: Path, users: Users) -> None:
    run([ANA], tmp_path / "a.jsonl", max_turns=1)

    with pytest.raises(InputError, match="max_turns=1, and now it is 2"):
        run([ANA], tmp_path / "a.jsonl", max_turns=2)
    with pytest.raises(InputError, match="is of 'Ana' as that persona was"):
        run([persona("Ana", scenario="She wants tea")], tmp_path / "a.jsonl", max_turns=1)


def test_personas_can_be_added_later(tmp_path: Path, users: Users) -> None:
    run([ANA], tmp_path / "a.jsonl", max_turns=1)

    made = run([ANA, TOM], tmp_path / "a.jsonl", max_turns=1)

    assert (len(made), made.report.made) == (2, 1)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"max_turns": 0}, "max_turns=0"),
        ({"people": []}, "no personas"),
        ({"people": [ANA, persona("ana")]}, "same name"),
        ({"endpoint": 7}, "endpoint=7"),
        ({"to": "a.csv"}, "ends in .jsonl"),
    ],
)
def test_arguments_that_cannot_work(tmp_path: Path, users: Users, change: dict[str, Any], problem: str) -> None:
    given = {"people": [ANA], "to": tmp_path / "a.jsonl", "endpoint": bot} | change

    with pytest.raises(InputError, match=problem):
        run(given.pop("people"), given.pop("to"), **given)


# -- tables ------------------------------------------------------------------------------------------------------------


def test_tables_and_a_plot_of_why_they_ended(tmp_path: Path, users: Users) -> None:
    users.state = lambda chat: "need met" if "Ana" in chat.splitlines()[0] else "goes on"

    made = run([ANA, TOM, EVA], tmp_path / "a.jsonl", max_turns=2)

    table = made.stops()
    assert table[["stop", "conversations", "turns"]].values.tolist() == [["max_turns", 2, 4.0], ["need_met", 1, 2.0]]
    assert made.to_frame()["stop"].tolist() == ["need_met", "max_turns", "max_turns"]
    assert "need met (the user has what they came for): 1" in made.plot().alt
    assert repr(made) == "<3 conversations: 2 max turns, 1 need met>"


# -- agents, alone -----------------------------------------------------------------------------------------------------


def test_any_two_agents_can_talk(users: Users) -> None:
    ana = UserAgent(ANA, MODEL, assistant=SHOP)

    dialog = ana.talk_with(FunctionAgent(bot, "Kim"), max_turns=4, seed=1, min_turns=9)

    assert [turn.speaker for turn in dialog] == ["Ana", "Kim", "Ana", "Kim"]
    assert dialog.model == "qwen2.5:14b and bot"


def test_a_function_may_be_async_also_where_an_event_loop_runs() -> None:
    async def slowly(messages: list[dict[str, str]]) -> str:
        await asyncio.sleep(0)
        return "hm"

    async def main() -> Any:
        return FunctionAgent(slowly, "A").talk_with(FunctionAgent(bot, "B"), max_turns=2)

    assert [turn.text for turn in asyncio.run(main())] == ["hm", "Answer 1."]


@pytest.mark.parametrize("said", ["", "  ", None, 7])
def test_a_function_has_to_say_something(said: Any) -> None:
    with pytest.raises(ConversationError, match="which is no text"):
        FunctionAgent(lambda m: said, "A").talk_with(FunctionAgent(bot, "B"), max_turns=2)


def test_what_is_no_agent_is_refused() -> None:
    with pytest.raises(InputError, match="is no function"):
        FunctionAgent("hello")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="cannot take a turn"):
        FunctionAgent(bot).talk_with(bot)  # type: ignore[arg-type]


def test_an_endpoint_takes_a_turn_under_its_assistant_s_name(tmp_path: Path, serve: Any) -> None:
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    heard: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            answer = json.dumps({"reply": "Open until six.", "usage": {"prompt_tokens": 5, "completion_tokens": 3}})
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serve(server)
    (tmp_path / "e.yaml").write_text(
        f"url: http://127.0.0.1:{server.server_port}/x\nbody: {{model: m1}}\nresponse_path: [reply]\nsystem: message\n"
    )
    SHOP.to_file(tmp_path / "shop.yaml")

    dialog = FunctionAgent(lambda m: "When?", "Ana").talk_with(
        EndpointAgent(tmp_path / "e.yaml", tmp_path / "shop.yaml"), max_turns=2
    )

    assert str(dialog) == "Ana: When?\nKim: Open until six."
    assert heard == [
        {
            "model": "m1",
            "messages": [
                {"role": "system", "content": "Kim answers for a shop of kettles."},
                {"role": "user", "content": "When?"},
            ],
        }
    ]
    assert dialog.provenance.completion_tokens == 3


def test_an_endpoint_cannot_begin(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text("url: http://127.0.0.1:9/x\nbody: {}\nresponse_path: [reply]\n")

    with pytest.raises(ConversationError, match="cannot begin"):
        EndpointAgent(tmp_path / "e.yaml").talk_with(PersonaAgent(ANA, MODEL))


# -- a killed run ------------------------------------------------------------------------------------------------------

_SCRIPT = """
import sys, time
from sdkit.agents import FunctionAgent
from sdkit.assistants import Assistant
from sdkit.persona_files import load_users
from sdkit.simulation import simulate

def bot(messages):
    time.sleep(0.01)
    return f"Answer {len(messages)} to {messages[-1]['content']}"

def user(who):
    return FunctionAgent(lambda m: f"{who.name} {len(m)}", who.name)

print("begun", flush=True)
people = load_users(sys.argv[1])
simulate(Assistant(name="K", description="d"), people, bot, sys.argv[2], user=user, max_turns=3, progress=False)
"""


def test_killed_again_and_again_it_ends_with_the_same_conversations(tmp_path: Path) -> None:
    people = [persona(f"P{number}") for number in range(60)]
    save_users(tmp_path / "p.yaml", people)

    def command(to: str) -> list[str]:
        return [sys.executable, "-c", _SCRIPT, str(tmp_path / "p.yaml"), str(tmp_path / to)]

    finished: set[str] = set()
    for _ in range(3):
        with subprocess.Popen(command("killed.jsonl"), stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline()
            threading.Event().wait(0.3)
            process.kill()
        if (tmp_path / "killed.jsonl").exists():
            whole = {line for line in (tmp_path / "killed.jsonl").read_text().splitlines() if line.endswith("}")}
            assert finished <= whole  # nothing that was finished is lost
            finished = whole
    assert 0 < len(finished) < 60
    for to in ("killed.jsonl", "whole.jsonl"):
        assert subprocess.run(command(to), stdout=subprocess.DEVNULL, check=False).returncode == 0

    killed, whole = (
        [dialog.json() | {"provenance": None} for dialog in load_conversations(tmp_path / name)]
        for name in ("killed.jsonl", "whole.jsonl")
    )
    assert killed == whole


# -- the commands ------------------------------------------------------------------------------------------------------


def test_simulate_as_the_original_s_readme_has_it(tmp_path: Path, users: Users, monkeypatch: Any, capsys: Any) -> None:
    from sdkit.cli import main

    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("SDKIT_MODEL", MODEL)
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.01)
    SHOP.to_file(tmp_path / "shop.yaml")
    save_users(tmp_path / "p.yaml", [ANA, TOM])
    (tmp_path / "e.yaml").write_text("url: http://127.0.0.1:9/x\nbody: {}\nresponse_path: [reply]\n")
    monkeypatch.setattr(EndpointAgent, "aspeak", lambda self, part: FunctionAgent(bot, "Kim").aspeak(part))

    code = main(
        f"simulate --assistant-path {tmp_path}/shop.yaml --conversation-characters-path {tmp_path}/p.yaml "
        f"--inference-endpoint-path {tmp_path}/e.yaml --output-path {tmp_path}/c.jsonl".split()
    )

    assert code == 0
    assert "2  max turns" in capsys.readouterr().out
    assert [len(dialog) for dialog in load_conversations(tmp_path / "c.jsonl")] == [6, 6]


def test_simulate_says_by_its_exit_code_that_some_are_missing(tmp_path: Path, users: Users, monkeypatch: Any) -> None:
    from sdkit.cli import main

    monkeypatch.setenv("SDKIT_MODEL", MODEL)
    SHOP.to_file(tmp_path / "shop.yaml")
    save_users(tmp_path / "p.yaml", [ANA, TOM])
    (tmp_path / "e.yaml").write_text("url: http://127.0.0.1:9/x\nbody: {}\nresponse_path: [reply]\n")

    async def speak(self: Any, part: Any) -> Any:
        if part.other == "Tom":
            raise RuntimeError("no")
        return await FunctionAgent(bot, "Kim").aspeak(part)

    monkeypatch.setattr(EndpointAgent, "aspeak", speak)
    words = (
        f"simulate --assistant-path {tmp_path}/shop.yaml --conversation-characters-path {tmp_path}/p.yaml "
        f"--inference-endpoint-path {tmp_path}/e.yaml --output-path {tmp_path}/c.jsonl --max-conversation-turns 1"
    ).split()
    assert main(words) == 1
    assert len(load_conversations(tmp_path / "c.jsonl")) == 1


def test_converse_writes_the_table(tmp_path: Path, users: Users, monkeypatch: Any) -> None:
    from sdkit.cli import main

    monkeypatch.setenv("SDKIT_MODEL", MODEL)
    (tmp_path / "seeds.csv").write_text("one\ntwo\n")
    SHOP.to_file(tmp_path / "shop.yaml")

    code = main(
        f"converse --seeds {tmp_path}/seeds.csv --assistant {tmp_path}/shop.yaml --user {MODEL} --turns 2 "
        f"--end-on user --output {tmp_path}/out.csv".split()
    )

    assert code == 0
    assert (tmp_path / "out.csv").read_text().count("USER") == 6


def test_a_missing_file_is_told_before_anything_is_asked(tmp_path: Path, users: Users, fake_ollama: Any) -> None:
    with pytest.raises(FileError, match=r"nobody\.yaml: does not exist"):
        run(tmp_path / "nobody.yaml", tmp_path / "a.jsonl")
    assert not fake_ollama.received


# -- a real model ------------------------------------------------------------------------------------------------------


@pytest.mark.embedded
def test_a_real_model_plays_users_and_judge_of_a_practice_bot(tmp_path: Path) -> None:
    from sdkit.bots import Bot
    from sdkit.endpoints import Endpoint

    with Bot("good") as shop:
        endpoint = Endpoint.from_dict(shop.endpoint)
        made = run([ANA, TOM], tmp_path / "a.jsonl", endpoint, model="embedded", max_turns=2)

    assert made.report.ok
    for dialog in made:
        assert len(dialog) in {2, 4}
        assert dialog.speakers[1] == "Kim"
        assert dialog.stop.kind in {*filter(None, STATES.values()), "left", "max_turns"}
    assert [d.turns for d in load_conversations(tmp_path / "a.jsonl")] == [d.turns for d in made]
