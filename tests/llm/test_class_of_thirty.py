"""A class of thirty on one server that answers four at a time: all get their answers, and few knock in vain.

The server is a fake on loopback, for the test is about when clients come back.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

STUDENTS, QUESTIONS, AT_ONCE, SECONDS = 30, 20, 4, 0.1

# Each has a machine of its own, where all is loaded, when the teacher says "now"; here, they would queue for two cores.
STUDENT = f"""
import sys
from sdkit import ask
from sdkit.llm.spec import chat_model
me = sys.argv[1]
chat_model("tiny")
print("ready", flush=True)
sys.stdin.readline()
for number in range({QUESTIONS}):
    assert ask(f"{{me}}/{{number}}", model="tiny") == f"{{me}}/{{number}}"
"""


class Crowded(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def __init__(self, status: int) -> None:
        self.free, self.said, self.status = threading.Semaphore(AT_ONCE), Counter[str](), status
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                question = body["messages"][-1]["content"]
                if not server.free.acquire(blocking=False):
                    server.said["refused"] += 1
                    return self.answer(server.status, {"error": "server busy, please try again"})
                try:
                    time.sleep(SECONDS)
                finally:
                    server.free.release()
                server.said[question] += 1
                message = {"role": "assistant", "content": question}
                return self.answer(200, {"model": "tiny", "message": message, "done": True, "done_reason": "stop"})

            def answer(self, status: int, body: dict[str, object]) -> None:
                content = json.dumps(body).encode() + b"\n"
                self.send_response(status)
                self.send_header("content-type", "application/x-ndjson")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.mark.slow
def test_all_finish_and_few_are_sent_away(serve: Callable[[ThreadingHTTPServer], None]) -> None:
    server = Crowded(503)
    serve(server)
    environment = os.environ | {"OLLAMA_HOST": f"http://127.0.0.1:{server.server_port}"}
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    class_room = [
        subprocess.Popen([sys.executable, "-c", STUDENT, str(me)], env=environment, text=True, **pipes)
        for me in range(STUDENTS)
    ]
    assert [student.stdout.readline() for student in class_room] == ["ready\n"] * STUDENTS
    started = time.perf_counter()
    for student in class_room:
        student.stdin.write("now\n")
        student.stdin.flush()
    ended = [(student.communicate(timeout=300)[1], student.returncode) for student in class_room]
    refused = server.said.pop("refused", 0)
    asked = STUDENTS * QUESTIONS
    share = refused / (asked + refused)
    print(f"{asked} answers in {time.perf_counter() - started:.0f} s; {refused} refused, {share:.1%} of all requests")

    assert [error for error, code in ended if code] == []
    assert set(server.said.values()) == {1}
    assert len(server.said) == asked
    assert refused
    assert share < 0.1
