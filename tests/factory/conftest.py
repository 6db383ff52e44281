"""A factory on a made-up model, which answers at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback_model import HashedEmbeddings, LoopbackModel

from sdkit.factory import Factory


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackModel]:
    """A made-up model behind Ollama's address."""
    with LoopbackModel() as served:
        monkeypatch.setenv("OLLAMA_HOST", served.url)
        yield served


@pytest.fixture
def factory(model: LoopbackModel, tmp_path: Path) -> Callable[..., Factory]:
    """Makes factories whose output is in a folder of the test."""

    def make(total: int = 6, to: str = "out.json", spec: Any = None, **options: Any) -> Factory:
        given = {"bases": None, "embeddings": HashedEmbeddings(), "layers": (), "concurrency": 8, "threshold": 0.97}
        return Factory(total, tmp_path / to, spec, model="loop", **(given | options))

    return make
