"""Embeddings of a real Ollama, made by the real SmolLM2: any model there can make some."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from sdkit.embeddings import embedder, similarities
from sdkit.errors import UnknownModelError

pytestmark = pytest.mark.ollama


def test_texts_become_vectors_that_stand_in_the_order_of_the_texts() -> None:
    model = embedder("ollama:tiny")
    texts = ["That is a happy person", "Today is a sunny day", "Ça va? 你好"]
    found = np.array(model.embed_documents(texts))
    assert found.shape == (3, 576)
    alone = [asyncio.run(model.aembed_query(text)) for text in texts]
    assert np.diag(similarities(found, alone)).min() > 0.999


def test_more_texts_than_go_into_one_request_come_back_all() -> None:
    found = embedder("tiny").embed_documents([f"Sentence {number}" for number in range(70)])
    assert len(found) == len(set(map(tuple, found))) == 70


def test_a_model_that_is_not_there_is_named_with_the_command() -> None:
    with pytest.raises(
        UnknownModelError, match=r"Ollama does not have nomic-embed-text\. Fetch it: ollama pull nomic-e"
    ):
        embedder("nomic-embed-text").embed_query("Hello")
