"""200 conversations of 8 turns, 32 at a time, with an endpoint that takes 100 ms: alone, and where one in ten fails.

The endpoint is a practice bot, in a process of its own; functions play the users. What fails in turn: a 429 with
Retry-After, a 500, silence, broken JSON. The ideal is the time that answers take, 200 x 8 x 100 ms / 32, whatever
fails. Nobody can reach it: 200 conversations in 32 places take seven rounds, and silence and Retry-After take their
time. So the fastest that can be is given beside it. With `--kill`, the faulty runs are killed five times with SIGKILL
and gone on with.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import multiprocessing
import os
import signal
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

from sdkit.agents import FunctionAgent
from sdkit.assistants import Assistant
from sdkit.batch_report import Report
from sdkit.bots import Bot
from sdkit.endpoints import Endpoint
from sdkit.messages import load_conversations
from sdkit.personas import BasePersona, UserPersona
from sdkit.simulation import simulation

CONVERSATIONS, TURNS, AT_ONCE, SECONDS = 200, 8, 32, 0.1
IDEAL = CONVERSATIONS * TURNS * SECONDS / AT_ONCE
ROUNDS = math.ceil(CONVERSATIONS / AT_ONCE) * TURNS * SECONDS
RETRIES = 6

RUNS = (  # a share that fails; the time limit and Retry-After, in seconds
    ("alone", 0.0, 1.0, 1.0),
    ("one in ten fails; limit 0.3 s, Retry-After 0.2 s", 0.1, 0.3, 0.2),
    ("one in ten fails; limit 1 s, Retry-After 1 s", 0.1, 1.0, 1.0),
)

QUESTIONS = ("How much is delivery?", "When are you open?", "What is the warranty?", "Can I pay by card?")


def serve(failures: float, retry_after: float, connection: Connection) -> None:
    with Bot(delay=SECONDS, failures=failures, retry_after=retry_after) as bot:
        connection.send(bot.endpoint)
        while connection.recv():
            connection.send(bot.requests)


def user(persona: BasePersona) -> FunctionAgent:
    def says(messages: list[dict[str, str]]) -> str:
        return f"{QUESTIONS[len(messages) // 2 % len(QUESTIONS)]} This is message {len(messages)} of {persona.label}."

    return FunctionAgent(says, persona.label)


def run(endpoint: dict[str, object], timeout: float, to: Path) -> Report:
    logging.getLogger("sdkit").setLevel(logging.ERROR)
    people = [
        UserPersona(name=f"P{number}", description="d", personality="p", scenario="s", summary="s")
        for number in range(CONVERSATIONS)
    ]
    tried = Endpoint.from_dict(endpoint | {"timeout": timeout, "retries": RETRIES})
    shop = Assistant(name="Blue Kettle", description="A shop.")
    batch = simulation(shop, people, tried, to, user=user, max_turns=TURNS, concurrency=AT_ONCE)
    return batch.run(progress=False)


def said(path: Path) -> list[str]:
    return sorted(json.dumps([(turn.speaker, turn.text) for turn in dialog]) for dialog in load_conversations(path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kill", action="store_true")
    context = multiprocessing.get_context("spawn")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print("| | made | requests | seconds | of the ideal | of the fastest |\n|---|---|---|---|---|---|")
        for number, (name, failures, timeout, retry_after) in enumerate(RUNS):
            ours, theirs = context.Pipe()
            process = context.Process(target=serve, args=(failures, retry_after, theirs), daemon=True)
            process.start()
            endpoint = ours.recv()
            to = Path(folder) / f"{number}.jsonl"
            began = time.perf_counter()
            report = run(endpoint, timeout, to)
            seconds = time.perf_counter() - began
            ours.send(True)
            requests = ours.recv()
            imposed = (requests - CONVERSATIONS * TURNS) / 4 * (timeout + retry_after) / AT_ONCE
            shares = f"{IDEAL / seconds:.2f} | {(ROUNDS + imposed) / seconds:.2f}"
            print(f"| {name} | {report.done} | {requests} | {seconds:.2f} | {shares} |", flush=True)
            if failures and arguments.kill:
                kill(context, endpoint, timeout, Path(folder) / f"{number} killed.jsonl", said(to))
            ours.send(False)
            process.join()


def kill(
    context: multiprocessing.context.SpawnContext,
    endpoint: dict[str, object],
    timeout: float,
    to: Path,
    whole: list[str],
) -> None:
    finished: list[str] = []
    lost = kills = 0
    while True:
        process = context.Process(target=run, args=(endpoint, timeout, to))
        process.start()
        process.join(timeout=2.5 if kills < 5 else None)
        if process.is_alive():
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
            kills += 1
        there = said(to) if to.exists() else []
        lost += sum((Counter(finished) - Counter(there)).values())
        finished = there
        if process.exitcode == 0:
            break
    twice = len(finished) - len(set(finished))
    print(f"killed {kills} times: {len(finished)} made, {twice} twice, {lost} lost; equal set: {finished == whole}")


if __name__ == "__main__":
    main()
