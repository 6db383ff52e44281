"""The `sdkit serve-bot` command: a few lines over the library."""

from __future__ import annotations

import time
from pathlib import Path

from sdkit.bots.rules import Kind


def serve_bot(
    *,
    kind: Kind = "good",
    port: int = 8765,
    delay: float | None = None,
    failures: float | None = None,
    limit: int | None = None,
    model: str | None = None,
    assistant: Path | None = None,
) -> None:
    """Serve an assistant with known behaviour on this machine, to practise on; Ctrl-C stops it.

    Parameters
    ----------
    kind
        How it behaves.
    port
        Where; 0 takes one that is free.
    delay
        Seconds before each answer; 2 if it is slow.
    failures
        Which share of the requests fails, such as 0.1; 0.2 if it is flaky.
    limit
        How many requests within five seconds it takes; 5 if its kind is limits.
    model
        Which model answers, such as qwen2.5:14b (Ollama) or embedded; rules if left out.
    assistant
        A file with the name and the description of another assistant than Blue Kettle, for the model to play.
    """
    from sdkit.bots.bot import Bot
    from sdkit.files import data_text

    bot = Bot(kind, port, delay=delay, failures=failures, limit=limit, model=model, assistant=assistant)
    try:
        with bot:
            print(f"{bot.name}-{kind} answers. As an endpoint file:\n\n{data_text(bot.endpoint, 'yaml')}")
            print("Ctrl-C stops it.", flush=True)
            while True:
                time.sleep(1)
    except KeyboardInterrupt:
        print("\nStopped.")
