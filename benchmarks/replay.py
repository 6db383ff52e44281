"""What a replayed call costs over a bare ChatOllama, on a loopback server that answers at once."""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from pathlib import Path

from langchain_ollama import ChatOllama
from overhead import Server

from sdkit.generators import DialogGenerator
from sdkit.llm import playback, transport

CALLS, DIALOGUES = 300, 64


def milliseconds(calls: dict[str, Callable[[int], object]]) -> dict[str, float]:
    """Return the median time of each call in ms; they take turns."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for i in range(CALLS):
        for name, call in calls.items():
            started = time.perf_counter()
            call(i % DIALOGUES)
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(seconds) * 1000 for name, seconds in times.items()}


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    bare = ChatOllama(model="m", base_url=url)
    generator = DialogGenerator("lesson-x", "Ana and Tom order pizza.", speakers=["Ana", "Tom"])
    messages, schema = generator._messages(generator._settings), generator._format.model_json_schema()
    bare = bare.model_copy(update={"format": schema})
    plain = [bare.model_copy(update={"seed": seed}) for seed in range(DIALOGUES)]
    calls = {
        "bare ChatOllama, live": lambda i: plain[i].invoke(messages),
    }
    transport.install()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SDKIT_LLM"], os.environ["OLLAMA_HOST"] = "record", url
        lesson = playback.Lesson("x", Path(folder) / "x.jsonl", lambda: ("m", ""), lambda _: "")
        playback.open_lesson(lesson)
        replayed = [model.model_copy(update={"model": "lesson-x"}) for model in plain]
        generator = DialogGenerator("lesson-x", "Ana and Tom order pizza.", speakers=["Ana", "Tom"])
        for i in range(DIALOGUES):
            replayed[i].invoke(messages)
            generator.generate(i)
        os.environ["SDKIT_LLM"] = "auto"
        calls["ChatOllama, replayed"] = lambda i: replayed[i].invoke(messages)
        calls["DialogGenerator, replayed"] = lambda i: generator.generate(i)
        print(f"{'':<30}{'ms a call':>10}")
        for name, ms in milliseconds(calls).items():
            print(f"{name:<30}{ms:>10.2f}")
    server.shutdown()


if __name__ == "__main__":
    main()
