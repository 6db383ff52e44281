"""64 dialogues, 16 at a time, on a loopback server that takes 200 ms: alone, and where one request in ten goes wrong.

The server stands in for a model, in a process of its own. The ideal is 4 rounds of 200 ms.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import multiprocessing
import os
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection

from langchain_ollama import ChatOllama

from sdkit.dialog import Dialog
from sdkit.generators import DialogGenerator

ITEMS, AT_ONCE, SECONDS, ROUNDS = 64, 16, 0.2, 7
IDEAL = ITEMS / AT_ONCE * SECONDS
TIMEOUT = 2.0  # seconds until a server that hangs is given up
FAULTS = ("429 with Retry-After", "429", "500", "hang")


class Server:
    """Answers each request after `SECONDS`; where it is faulty, every tenth one otherwise."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.faulty = False
        self.numbers = itertools.count(1)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = int(head.split("content-length:")[1].split("\r\n")[0]) if "content-length:" in head else 0
                body = json.loads(await reader.readexactly(length)) if length else {}
                if head.startswith("get"):
                    await self.say(writer, 200, {"counts": dict(self.counts)})
                    self.counts.clear()
                    self.faulty = "faulty" in head.split("\r\n")[0]
                    self.numbers = itertools.count(1)
                else:
                    await self.answer(writer, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def answer(self, writer: asyncio.StreamWriter, body: dict[str, object]) -> None:
        number = next(self.numbers)
        if self.faulty and number % 10 == 0:
            fault = FAULTS[number // 10 % len(FAULTS)]
            self.counts[fault] += 1
            if fault == "hang":
                await asyncio.sleep(60)
            elif fault == "500":
                await self.say(writer, 500, {"error": "out of luck"})
            else:
                await self.say(writer, 429, {"error": "slow down"}, "retry-after: 1\r\n" if "After" in fault else "")
            return
        await asyncio.sleep(SECONDS)
        self.counts["answered"] += 1
        seed = body.get("options", {}).get("seed")
        turns = [{"speaker": "AT"[i % 2], "text": f"This is turn {i} of {seed}."} for i in range(8)]
        about = {"done_reason": "stop", "prompt_eval_count": 1, "eval_count": 1}
        message = {"role": "assistant", "content": json.dumps({"dialog": turns})}
        await self.say(writer, 200, {"model": "m", "created_at": "", "message": message, "done": True} | about)

    async def say(self, writer: asyncio.StreamWriter, status: int, body: object, header: str = "") -> None:
        content = json.dumps(body).encode() + b"\n"
        about = f"content-type: application/x-ndjson\r\ncontent-length: {len(content)}\r\n{header}"
        head = f"HTTP/1.1 {status} -\r\n{about}\r\n"
        writer.write(head.encode() + content)
        await writer.drain()


def serve(tell: Connection) -> None:
    async def main() -> None:
        server = await asyncio.start_server(Server().talk, "127.0.0.1", 0)
        tell.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


async def timed(make: Callable[[int], Awaitable[object]]) -> tuple[float, list[object]]:
    """Return the seconds that all items took, and what was made."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(item: int) -> object:
        async with gate:
            return await make(item)

    started = time.perf_counter()
    made = await asyncio.gather(*(one(item) for item in range(ITEMS)))
    return time.perf_counter() - started, made


async def main(port: int) -> None:
    import httpx

    url = f"http://127.0.0.1:{port}"
    os.environ["OLLAMA_HOST"], os.environ["SDKIT_TIMEOUT"] = url, str(TIMEOUT)
    generator = DialogGenerator("m", "Ana and Tom order pizza.", speakers=["A", "T"])
    messages = generator._messages(generator._settings)
    bare = ChatOllama(model="m", base_url=url, format=generator._format.model_json_schema())
    waiting = {
        "bare ChatOllama": lambda item: bare.model_copy(update={"seed": item}).ainvoke(messages),
        "DialogGenerator": lambda item: generator.agenerate(seed=item, id=item),
    }
    times: dict[str, list[float]] = {name: [] for name in waiting}
    for make in waiting.values():
        await timed(make)  # imports, first connections
    for _ in range(ROUNDS):
        for name, make in waiting.items():
            times[name].append((await timed(make))[0])
    print(f"{ITEMS} dialogues, {AT_ONCE} at a time, {SECONDS * 1000:.0f} ms each; ideal {IDEAL:.2f} s; {ROUNDS} rounds")
    for name, seconds in times.items():
        median = statistics.median(seconds)
        print(f"  {name:<20}{median:>7.3f} s{IDEAL / median:>7.2f} of the ideal")

    httpx.get(f"{url}/faulty", trust_env=False)
    retries: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: retries.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("sdkit").addHandler(handler)
    logging.getLogger("sdkit").propagate = False
    seconds_taken, made = await timed(waiting["DialogGenerator"])
    dialogs = [dialog for dialog in made if isinstance(dialog, Dialog)]
    ids = {dialog.dialogId for dialog in dialogs}
    counts = httpx.get(url, trust_env=False).json()["counts"]
    print(f"one request in ten goes wrong (hangs are given up after {TIMEOUT:g} s):")
    print(f"  made {len(dialogs)}, different {len(ids)}, in {seconds_taken:.2f} s, with {len(retries)} retries")
    print(f"  what the server did: {counts}")


if __name__ == "__main__":
    hear, tell = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(tell,), daemon=True)
    process.start()
    try:
        asyncio.run(main(hear.recv()))
    finally:
        process.terminate()
