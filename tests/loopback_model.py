"""A made-up model on loopback that speaks Ollama's ``/api/chat``: it answers at once or after a while, and always well.

It stands in for a model where a test or a benchmark is about sdkit's own logic: it fills in any schema of the factory
with words that follow from the seed. So the same request gets the same answer, wherever it comes from.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import uvicorn
from langchain_core.embeddings import Embeddings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_LIST = """
amber anchor apple arrow autumn badge basket beacon bicycle birch blanket bottle bridge bronze
bucket button cabin candle canyon carpet castle cedar ceramic charger cherry chimney cinema circle
citrus cloud clover coffee comet copper coral corner cotton cradle crystal curtain cushion dolphin
drawer ember engine fabric falcon feather fiddle flannel forest fountain galaxy garden ginger
glacier granite guitar hammer harbor harvest hazel helmet hollow honey horizon island ivory jacket
jasmine jungle kettle ladder lagoon lantern laurel lemon library linen lobster magnet mango maple
marble meadow mirror mosaic mustard nectar nickel nutmeg oasis olive onion orchard oyster paddle
palace panther paper parcel pebble pencil pepper piano pillow pine planet plum pocket polar pumpkin
quartz quilt rabbit radar raven ribbon river rocket saddle saffron salmon satin scarf shadow shelter
silver sketch spruce stable statue stone sugar summit sunset tablet tango teapot thistle thunder
ticket timber tulip tunnel umbrella valley vanilla velvet violet walnut wander willow window winter
wizard yellow zephyr zipper
"""
WORDS = _LIST.split()
ENDINGS = {
    "Resolved": "It is all set now, and I confirm it.",
    "Failed": "Unfortunately it is not possible, and I regret that.",
    "Escalated": "I will escalate this to my supervisor, who calls you tomorrow.",
}
Bend = Callable[[dict[str, Any], str], Any]
"""From an answer and what was asked, to the answer that is given instead."""


class LoopbackModel:
    """Serves the model while it is open.

    Parameters
    ----------
    delay
        Seconds that each answer takes.
    planted
        The share of the dialogues that are one of a few, word for word.
    bend
        Changes answers.

    Attributes
    ----------
    url : str
        For OLLAMA_HOST.
    requests : int
        How many there were.
    """

    def __init__(self, delay: float = 0.0, planted: float = 0.0, bend: Bend | None = None) -> None:
        self.delay, self.planted, self.bend = delay, planted, bend
        self.requests = 0
        # Named as TCP, or asyncio leaves Nagle's algorithm on: each answer would come 40 ms late.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        app = Starlette(
            routes=[
                Route("/api/chat", self._chat, methods=["POST"]),
                Route("/api/tags", self._tags),
                Route("/api/version", self._version),
            ]
        )
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", access_log=False))

    def __enter__(self) -> LoopbackModel:
        threading.Thread(target=self._server.run, args=([self._socket],), daemon=True).start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *error: object) -> None:
        self._server.should_exit = True

    async def _tags(self, request: Request) -> Response:
        return JSONResponse({"models": [{"name": "loop:latest", "model": "loop:latest", "size": 1, "details": {}}]})

    async def _version(self, request: Request) -> Response:
        return JSONResponse({"version": "0.11.0"})

    async def _chat(self, request: Request) -> Response:
        body = await request.json()
        self.requests += 1
        if self.delay:
            await asyncio.sleep(self.delay)
        answer = answered(body, self.planted)
        if self.bend is not None:
            answer = self.bend(answer, body["messages"][-1]["content"])
            if isinstance(answer, Response):
                return answer
        text = answer if isinstance(answer, str) else json.dumps(answer)
        common = {"model": body["model"], "created_at": "2026-01-01T00:00:00Z"}
        lines = [
            {**common, "message": {"role": "assistant", "content": text}, "done": False},
            {
                **common,
                "message": {"role": "assistant", "content": ""},
                "done": True,
                "done_reason": "stop",
                "prompt_eval_count": 100,
                "eval_count": len(text) // 4,
            },
        ]
        return Response("".join(json.dumps(line) + "\n" for line in lines), media_type="application/x-ndjson")


def answered(body: dict[str, Any], planted: float) -> dict[str, Any]:
    """Return a scenario or a dialogue, as the schema asks for it."""
    seed = int(body["options"]["seed"])
    asked = body["messages"][-1]["content"]
    rng = random.Random(seed)
    if "scenario" in body["format"]["properties"]:
        return {"scenario": f"Somebody looks for {_some(rng)}."}
    low = int(re.search(r"Length: (\d+)", asked)[1])
    place, clock = re.search(r"The place, (.+), and the time, (\d\d:\d\d)", asked).groups()
    ending = re.search(r"Ending: (\w+)", asked)[1]
    if random.Random(f"{seed} planted").random() < planted:
        rng = random.Random(f"planted {seed % 7}")
        place, clock = "Tokyo", "10:00"
    turns = [
        {"utterance": f"I need {_some(rng)}.", "intent": "ask_thing", "assistant_response": f"There is {_some(rng)}."}
        for _ in range(low)
    ]
    turns[0]["utterance"] = f"Here in {place}, at {clock}, I need {_some(rng)}."
    turns[-1]["assistant_response"] = ENDINGS[ending]
    return {"ending": ENDINGS[ending], "turns": turns}


def _some(rng: random.Random) -> str:
    return f"a {' '.join(rng.sample(WORDS, 6))}"


def moody(shorter: float) -> Bend:
    """Return what makes answers of any length, by chance and by what was asked; for the old by so much shorter."""

    def bend(answer: dict[str, Any], asked: str) -> dict[str, Any]:
        chance = random.Random(asked)
        for turn in answer.get("turns", ()):
            words = chance.randint(8, 24) * (shorter if "74 years old" in asked else 1)
            turn["assistant_response"] += f" It is {' '.join(chance.choices(WORDS, k=round(words)))}."
        return answer

    return bend


class HashedEmbeddings(Embeddings):
    """Embeddings of words by chance: near where the same words come, made at once, the same everywhere."""

    model = "hashed"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        vector = [0.0] * 64
        for word in re.findall(r"\w+", text.lower()):
            digest = hashlib.blake2b(word.encode(), digest_size=16).digest()
            for place in range(8):
                vector[digest[place] % 64] += 1 if digest[place + 8] & 1 else -1
        return vector

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        return self.embed_documents(texts)
