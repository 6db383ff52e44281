"""What a dialogue costs beside the model: requests and time, on a loopback server that answers at once.

The server stands in for a model: what is measured is everything else.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from langchain_ollama import ChatOllama

from sdkit.generators import DialogGenerator

CALLS = 300
TURNS = [{"speaker": "Ana" if i % 2 == 0 else "Tom", "text": f"This is turn number {i}."} for i in range(8)]
LINE = {
    "model": "m",
    "created_at": "2026-01-01T00:00:00Z",
    "message": {"role": "assistant", "content": json.dumps({"dialog": TURNS})},
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 1,
    "eval_count": 1,
}
REPLY = json.dumps(LINE).encode() + b"\n"
served = 0


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet a reply: otherwise Nagle's algorithm is what is measured

    def do_POST(self) -> None:
        global served
        served += 1
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "application/x-ndjson")
        self.send_header("content-length", str(len(REPLY)))
        self.end_headers()
        self.wfile.write(REPLY)

    def log_message(self, *_: object) -> None:
        pass


def milliseconds(call: Callable[[], object]) -> tuple[float, float]:
    """Return the median time of a call in ms, and the requests a call."""
    call()
    before, times = served, []
    for _ in range(CALLS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000, (served - before) / CALLS


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    llm = ChatOllama(model="m", base_url=f"http://127.0.0.1:{server.server_port}")
    generator = DialogGenerator(llm, "Ana and Tom order pizza.", speakers=["Ana", "Tom"])
    messages, schema = generator._messages(generator._settings), generator._format.model_json_schema()
    bound = llm.model_copy(update={"format": schema})
    rows = {
        "bare ChatOllama, same messages and schema": milliseconds(lambda: bound.invoke(messages)),
        "DialogGenerator.generate": milliseconds(lambda: generator.generate(1)),
    }
    print(f"{'':<44}{'ms a call':>10}{'requests':>10}")
    for name, (ms, requests) in rows.items():
        print(f"{name:<44}{ms:>10.2f}{requests:>10.0f}")
    server.shutdown()


if __name__ == "__main__":
    main()
