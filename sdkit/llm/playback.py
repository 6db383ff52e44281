"""Lessons and their recordings: which request is answered by a recording, and what happens when there is none.

A lesson's requests carry a placeholder instead of the name of a model, such as "lesson-03". So a recording fits whoever
answers, and any other name means a live model. What happens is up to ``$SDKIT_LLM``:

========  ===========================================  ================================================
mode      the request is recorded                      it is not
========  ===========================================  ================================================
auto      the recording answers                        a live model answers, and a line at the cell says so
live      a live model answers                         a live model answers
record    the recording answers                        a live model answers, and is recorded
replay    the recording answers                        `NotRecordedError`
check     the recording answers                        the nearest recording answers, and a log says so
========  ===========================================  ================================================

``$SDKIT_LLM_LOG`` may name a file, to which a line of JSON is appended for each answer: that is how tests know which
recordings nobody needs.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from pathlib import Path

from sdkit.errors import InputError, NotRecordedError
from sdkit.llm import wire
from sdkit.llm.cassette import Answer, Recording
from sdkit.llm.seeds import derive_seed


def _print(line: str) -> None:
    print(line, flush=True)


tell: ContextVar[Callable[[str], None]] = ContextVar("sdkit_tell", default=_print)
"""Told which model answers where no recording does; prints it, at the cell, unless somebody sets it otherwise."""

MODES = ("auto", "live", "record", "replay", "check")
PLACEHOLDER = "lesson-"


def mode() -> str:
    """Return what $SDKIT_LLM says, "auto" if it says nothing.

    Raises
    ------
    InputError
        It says something else than `MODES`.
    """
    said = os.environ.get("SDKIT_LLM", "").strip() or "auto"
    if said not in MODES:
        raise InputError(f"SDKIT_LLM={said!r} will not do: it can be {', '.join(MODES[:-1])}")
    return said


class Lesson:
    """A lesson whose recording is open.

    Parameters
    ----------
    name
        Such as "03".
    path
        The file of the recording; it may not exist.
    choose
        Chooses the live model: returns its name, and why.
    describe
        From the name of a live model to how good it is, in a few words.

    Raises
    ------
    FileError
        The recording is broken.
    """

    def __init__(
        self, name: str, path: Path, choose: Callable[[], tuple[str, str]], describe: Callable[[str], str]
    ) -> None:
        self.name = name
        self.placeholder = f"{PLACEHOLDER}{name}"
        self.recording = Recording(path)
        self._choose, self._describe = choose, describe
        self._live: tuple[str, str] | None = None
        self._about: str | None = None
        self._asked: Counter[str] = Counter()
        self._announced: dict[str, object] = {}
        self._lock = threading.Lock()

    def live_model(self) -> tuple[str, str]:
        """Return the model that answers what is not recorded, and why that one; it is chosen once."""
        with self._lock:
            if self._live is None:
                self._live = self._choose()
            return self._live

    def live_about(self) -> str:
        """Return how good the live model is, in a few words; it is looked up once."""
        name, _ = self.live_model()
        if self._about is None:
            self._about = self._describe(name)
        return self._about

    def next_seed(self, request: str) -> int:
        """Return a seed for a request without one: it follows from the request, and how often it was made."""
        with self._lock:
            self._asked[request] += 1
            return derive_seed(self.name, request, self._asked[request])

    def told_apart(self, call: wire.Call) -> wire.Call:
        """Return the call with a seed; where its protocol has none, with the number of times it was made before."""
        if call.seed is not None:
            return call
        if (seeded := call.with_seed(0)) is call:
            with self._lock:
                self._asked[call.key] += 1
                return wire.Call(call.path, call.body, self._asked[call.key] - 1)
        return seeded.with_seed(self.next_seed(call.key))

    def recorded(self, call: wire.Call, wanted: str) -> Answer | None:
        """Return the recorded answer, in the mode that is wanted; None if a live model has to answer.

        Raises
        ------
        NotRecordedError
            There is none, and nobody else may answer.
        """
        if wanted == "live":
            return None
        answer = self.recording.get(call.key)
        if answer is not None:
            self._log({"lesson": self.name, "played": answer.key})
        elif wanted in {"replay", "check"}:
            nearest = self.recording.nearest(call)
            found = {"nearest": nearest[0].prompt, "differs": nearest[1]} if nearest else {}
            self._log({"lesson": self.name, "missed": call.prompt, **found})
            if wanted == "replay" or nearest is None:
                raise NotRecordedError(self._refusal(call, nearest))
            return nearest[0]
        return answer

    def record(self, call: wire.Call, reply: object, model: str) -> None:
        """Keep the answer of a live model."""
        self.record_all([(call, reply)], model)

    def record_all(self, answers: Iterable[tuple[wire.Call, object]], model: str) -> None:
        """Keep the answers of a live model, in one go."""
        kept = [Answer(call.key, model, call.request, reply) for call, reply in answers]
        self.recording.add(*kept)
        for answer in kept:
            self._log({"lesson": self.name, "recorded": answer.key})

    def announce(self, embedder: str = "") -> None:
        """Say at the cell, once, which model answers now, or makes embeddings."""
        cell = _cell()
        with self._lock:
            if self._announced.get(embedder) == cell:
                return
            self._announced[embedder] = cell
        name, about = (embedder, "embeddings") if embedder else (self.live_model()[0], self.live_about())
        tell.get()(f"Not recorded, so {name} answers now{f' ({about})' if about else ''}.")

    def _refusal(self, call: wire.Call, nearest: tuple[Answer, list[str]] | None) -> str:
        asked = call.prompt if len(call.prompt) <= 80 else f"{call.prompt[:80]}…"
        record = f"To record it: python -m sdkit notebooks record {self.name} --missing"
        kind, to = ("embedding", "of") if call.path == wire.EMBED else ("answer", "to")
        if nearest is None:
            return f"SDKIT_LLM=replay, and {self.recording.path} holds no recorded {kind}s. {record}"
        return (
            f"SDKIT_LLM=replay, and lesson {self.name} has no recorded {kind} {to} {asked!r}. The nearest differs in "
            f"{'; '.join(nearest[1])}. {record}"
        )

    @staticmethod
    def _log(event: dict[str, object]) -> None:
        if path := os.environ.get("SDKIT_LLM_LOG"):
            with Path(path).open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(event) + "\n")


_open: dict[str, Lesson] = {}


def open_lesson(lesson: Lesson) -> None:
    """Let this lesson answer requests that carry its placeholder; opened again, it starts counting afresh."""
    _open[lesson.placeholder] = lesson


def lesson_of(model: str) -> Lesson | None:
    """Return the open lesson that a model's name is the placeholder of.

    Raises
    ------
    InputError
        It is a placeholder, and its lesson is not open.
    """
    found = _open.get(model)
    if found is None and model.startswith(PLACEHOLDER):
        number = model.removeprefix(PLACEHOLDER)
        raise InputError(
            f'{model!r} stands for the model of lesson {number}, which is not open here: run lesson("{number}") first, '
            "or give the name of a model"
        )
    return found


def _cell() -> object:
    """Return what tells this notebook cell from others; the same for a whole script."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "execution_count", "script")
