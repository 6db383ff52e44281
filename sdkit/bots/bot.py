"""`Bot`: an assistant with known behaviour on 127.0.0.1, to practise on.

It speaks OpenAI's chat form, and what is wrong with it is known beforehand. So it tells how good a judge is: does yours
find the forgetful one? It also fails when it is told to, as real endpoints do without being told.
"""

from __future__ import annotations

import contextvars
import math
import re
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sdkit.bots.rules import Kind, check_kind, first_answer, reply, spoilt
from sdkit.errors import InputError, MissingPackageError
from sdkit.simulation import prompts

if TYPE_CHECKING:
    import uvicorn

    from sdkit.assistants import Assistant
    from sdkit.bots.service import Service
    from sdkit.llm.spec import ModelSpec

_BACKLOG = 512  # connections that may wait


@dataclass(frozen=True)
class Habits:
    """How a bot serves, whatever it says; the fields are those of `Bot`."""

    kind: Kind
    delay: float | None
    failures: float | None
    limit: int | None
    window: float
    silence: float
    retry_after: float

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        check_kind(self.kind)
        for name in ("delay", "window", "silence", "retry_after"):
            seconds = getattr(self, name)
            if seconds is not None and not 0 <= seconds < math.inf:
                raise InputError(f"{name}={seconds!r}: give seconds, 0 or more")
        if self.failures is not None and not 0 <= self.failures <= 1:
            raise InputError(f"failures={self.failures!r}: give a share from 0 to 1, such as 0.1 for one in ten")
        if self.limit is not None and self.limit < 1:
            raise InputError(f"limit={self.limit!r}: give a number of requests, at least 1")


class Bot:
    """A practice bot, which answers on 127.0.0.1 from `start` to `stop`, or within a ``with``.

    One server has all the kinds: a request that names one as its ``model``, such as "forgetful" or
    "blue-kettle-forgetful", is answered by that one.

    Parameters
    ----------
    kind
        Who answers where a request does not say: one of `sdkit.bots.rules.KINDS`.
    port
        Where; 0 for any that is free.
    delay
        Seconds before each answer; None for 2 if it is slow, and 0 if not.
    failures
        Which share of the requests fails, from 0 to 1: exactly that, evenly spread; in turn with a 429, a 500, a
        time-out and broken JSON. None for 0.2 if it is flaky, and 0 if not.
    limit
        How many requests within `window` seconds it takes, of all clients together; what is beyond that is refused with
        a 429 and Retry-After. None for 5 if its kind is "limits", and for no limit if not.
    window, silence, retry_after
        Seconds: of the limit, of a time-out on demand, and of the Retry-After of a 429 on demand.
    model
        Which model answers: see `sdkit.llm.chat_model`. None for rules, which know one shop, Blue Kettle. What is wrong
        with a kind is made by rules also then: the forgetful one is shown the last message only, and so on.
    assistant
        Which assistant the model plays, or the path of its file, instead of Blue Kettle. It takes a model, the default
        one if none is named.

    Raises
    ------
    InputError
        There is no such kind, or a number cannot work.
    FileError, ModelError
        The assistant cannot be read, or the model cannot be used.

    Examples
    --------
    >>> with Bot("forgetful") as bot:  # doctest: +SKIP
    ...     Endpoint.from_dict(bot.endpoint).ask([{"role": "user", "content": "My kettle leaks."}]).text
    'Hello! Could you tell me the order number, please?'
    """

    def __init__(
        self,
        kind: Kind = "good",
        port: int = 0,
        *,
        delay: float | None = None,
        failures: float | None = None,
        limit: int | None = None,
        window: float = 5.0,
        silence: float = 30.0,
        retry_after: float = 1.0,
        model: ModelSpec = None,
        assistant: Assistant | str | Path | None = None,
    ) -> None:
        self._habits = Habits(kind, delay, failures, limit, window, silence, retry_after)
        if not 0 <= port <= 65535:
            raise InputError(f"port={port!r}: a port is a number from 1 to 65535, or 0 for any that is free")
        self.kind, self.port, self._wanted_port = kind, port, port
        self._player = _Player(model, assistant) if model is not None or assistant is not None else None
        self.name = self._player.slug if self._player else "blue-kettle"
        self._service: Service | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Start to answer; nothing happens if it does already.

        Raises
        ------
        InputError
            The port cannot be had.
        MissingPackageError
            Starlette or uvicorn is not installed.
        """
        if self._thread is not None:
            return self
        try:
            import uvicorn

            from sdkit.bots.service import Service
        except ImportError as error:
            raise MissingPackageError(error.name or "starlette", "serve a practice bot", extra="serve") from error
        try:
            listener = socket.create_server(("127.0.0.1", self._wanted_port), backlog=_BACKLOG)
        except OSError as error:
            raise InputError(
                f"port {self._wanted_port} cannot be had: {(error.strerror or str(error)).lower()}. Stop what answers "
                "there, or give another port; 0 takes one that is free"
            ) from error
        # asyncio sends without waiting for more (TCP_NODELAY) only where a socket says that it is one of TCP.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=listener.detach())
        self.port = listener.getsockname()[1]
        self._service = Service(self._habits, self.name, self._player.answer if self._player else _by_rules)
        config = uvicorn.Config(
            self._service.app(),
            backlog=_BACKLOG,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=0,
        )
        self._server = server = uvicorn.Server(config)
        # Whoever asks a model is told at the cell that started the bot, as for any other request.
        run = contextvars.copy_context().run
        self._thread = threading.Thread(target=run, args=(server.run, [listener]), name="sdkit-bot", daemon=True)
        self._thread.start()
        while not server.started and self._thread.is_alive():
            time.sleep(0.002)
        return self

    def stop(self) -> None:
        """Stop to answer, at once; nothing happens if it does not. It can be started again."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        """Start to answer."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop to answer."""
        self.stop()

    def __repr__(self) -> str:
        """Name the kind, and where it answers."""
        return f"Bot({self.kind!r}, {self.url if self._thread else 'stopped'})"

    @property
    def requests(self) -> int:
        """How many conversations it was asked to go on with since it was started, failures included."""
        return self._service.requests if self._service else 0

    @property
    def url(self) -> str:
        """The address to send conversations to.

        Raises
        ------
        InputError
            It has not been started, so it has no port yet.
        """
        if not self.port:
            raise InputError("the bot has not been started: with Bot() as bot: ..., or bot.start()")
        return f"http://127.0.0.1:{self.port}/v1/chat/completions"

    @property
    def endpoint(self) -> dict[str, Any]:
        """What an endpoint file says of it."""
        return {
            "url": self.url,
            "body": {"model": f"{self.name}-{self.kind}"},
            "response_path": ["choices", 0, "message", "content"],
        }


async def _by_rules(kind: Kind, messages: list[Mapping[str, str]]) -> str:
    return reply(kind, messages)


class _Player:
    """A model that plays an assistant, in all kinds."""

    def __init__(self, model: ModelSpec, assistant: Assistant | str | Path | None) -> None:
        from sdkit.assistants import Assistant
        from sdkit.simulation.users import AssistantAgent

        blue_kettle = Assistant(name="Blue Kettle", description=prompts.BLUE_KETTLE)
        self._agent = AssistantAgent(blue_kettle if assistant is None else assistant, model)
        self.slug = re.sub(r"\W+", "-", self._agent.assistant.name.lower()).strip("-") or "assistant"

    async def answer(self, kind: Kind, messages: list[Mapping[str, str]]) -> str:
        # Told to be rude or to refuse, a model of 1.5 billion parameters helps politely (measured): rules are sure.
        if kind == "refuses":
            return reply(kind, messages)
        if kind == "loops" and (said := first_answer(messages)):
            return said
        # Who the bot is, is the bot's to say.
        chat = [message for message in messages if message["role"] in {"user", "assistant"}]
        text = await self._agent.areply(chat[-1:] if kind == "forgetful" else chat)
        return spoilt(text, messages) if kind == "rude" else text
