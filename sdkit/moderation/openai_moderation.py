"""OpenAI's moderation endpoint as a layer. A failure is a failure: what could not be asked about is not harmless."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

from sdkit import background
from sdkit.endpoints import answers
from sdkit.endpoints.connection import Connection, Filled, check_address, check_headers
from sdkit.errors import EndpointError, InputError, ModelUnavailableError
from sdkit.llm import retries, words
from sdkit.moderation.findings import Finding, of_whole_turn

ADDRESS = "https://api.openai.com/v1"
KEYS = ("OPENAI_API_KEY", "OPENAI_KEY")
"""The environment variables that may hold the key; the first one that is set counts."""
AT_ONCE = 32
"""How many texts go with a request."""
_REFUSED = {401, 403}
_GRACE = 1.1  # times the time limit: where it is known what takes too long, that is given up before


class OpenAIModeration:
    """Asks OpenAI's moderation endpoint about each text; each finding spans its turn, by OpenAI's categories.

    Refusals that pass (429, 5xx) are asked again, after the pause that Retry-After names, a bounded number of times.

    Parameters
    ----------
    model
        The model behind the endpoint.
    base_url
        Where the API is; None for $OPENAI_BASE_URL, else OpenAI's.
    timeout
        Seconds for an answer.

    Raises
    ------
    InputError
        The address or the key cannot be sent.
    ModelUnavailableError
        There is no key. When it is asked: it, or `EndpointError`, if there is no proper answer.
    """

    name = "openai"

    def __init__(
        self, model: str = "omni-moderation-latest", *, base_url: str | None = None, timeout: float = 60.0
    ) -> None:
        found = [name for name in KEYS if os.environ.get(name, "").strip()]
        if not found:
            raise ModelUnavailableError(f"OpenAI's moderation needs a key: set {KEYS[0]} to yours")
        if not 0 < timeout < float("inf"):
            raise InputError(f"timeout={timeout!r}: give a number of seconds above 0")
        self._model, self._timeout, self._key = model, timeout, found[0]
        address = (base_url or os.environ.get("OPENAI_BASE_URL", "").strip() or ADDRESS).rstrip("/")
        headers = {"authorization": f"Bearer {os.environ[found[0]].strip()}"}
        check_address(address)
        check_headers(headers)
        self._filled = Filled(f"{address}/moderations", headers, {}, [], None, {})
        self._connection = Connection()

    @property
    def about(self) -> dict[str, Any]:
        """What shapes its findings: the model."""
        return {"model": self._model}

    def __repr__(self) -> str:
        """Say which model it is; the key is not shown."""
        return f"OpenAIModeration({self._model!r})"

    def check(self, texts: Sequence[str]) -> list[Finding]:
        """Return what the endpoint finds in these texts, in order."""
        return background.awaited(self.acheck(texts))  # type: ignore[no-any-return]

    async def acheck(self, texts: Sequence[str]) -> list[Finding]:
        """Do what `check` does, awaitable."""
        said = [(turn, text) for turn, text in enumerate(texts) if text.strip()]
        findings: list[Finding] = []
        for begin in range(0, len(said), AT_ONCE):
            part = said[begin : begin + AT_ONCE]
            for (turn, _), result in zip(part, await self._results([text for _, text in part]), strict=True):
                findings += (of_whole_turn(finding, texts) for finding in self._findings(turn, result))
        return findings

    def _findings(self, turn: int, result: dict[str, Any]) -> Iterator[Finding]:
        scores = result.get("category_scores")
        flagged = [category for category, true in result["categories"].items() if true]
        for category in flagged or ["flagged"] * result["flagged"]:
            score = scores.get(category) if isinstance(scores, dict) else None
            sure = f" ({score:.2f})" if isinstance(score, int | float) else ""
            yield Finding(self.name, category, f"OpenAI's moderation says {category}{sure}", turn, 0, 0, "")

    async def _results(self, texts: list[str]) -> list[dict[str, Any]]:
        """Return the endpoint's result for each text."""
        content = json.dumps({"model": self._model, "input": texts}).encode()
        for tried in itertools.count(1):
            try:
                coming = asyncio.wrap_future(self._connection.begin(self._filled, content, self._timeout))
                raw = await asyncio.wait_for(coming, self._timeout * _GRACE)
            except TimeoutError:
                raw = answers.Raw.silent(self._timeout)
            try:
                return self._read(raw, len(texts))
            except EndpointError as error:
                problem = error
            pause = answers.delay(raw, tried, None)
            if pause is None:
                often = f". It was asked {tried} times" if tried > 1 else ""
                told = EndpointError(f"OpenAI's moderation {problem}{often}")
                told.one_request = problem.one_request
                raise told
            retries.logger.warning("OpenAI's moderation %s; again in %.1f s", answers.short(raw), pause)
            await asyncio.sleep(pause)
        raise AssertionError  # the count has no end

    def _read(self, raw: answers.Raw, count: int) -> list[dict[str, Any]]:
        if raw.response is not None and raw.response.status_code in _REFUSED:
            raise ModelUnavailableError(
                f"OpenAI's moderation refuses the key ({raw.response.status_code}). Look at {self._key}"
            )
        if raw.error is not None and words.is_a(raw.error, "TimeoutException"):
            raise _one(f"gave no whole answer in {self._timeout:g} s")
        # Each proper answer has an id; reading it sees that this is one.
        answers.read(raw, ["id"], self._filled.keys.hide)
        results = json.loads(raw.content).get("results")
        if not isinstance(results, list) or len(results) != count or not all(map(_is_result, results)):
            raise _one(f"answers without a result for each of {count} texts")
        return results


def _is_result(result: Any) -> bool:
    return (
        isinstance(result, dict)
        and isinstance(result.get("flagged"), bool)
        and isinstance(result.get("categories"), dict)
    )


def _one(problem: str) -> EndpointError:
    """Return an error that the next request need not meet."""
    error = EndpointError(problem)
    error.one_request = True
    return error
