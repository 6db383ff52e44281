"""Duplicates: found word for word and by their embeddings, exactly and by way of an index."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sdkit.errors import InputError
from sdkit.factory.uniqueness import Duplicate, Vectors, digest, like_turns, mean, packed, pieces, unpacked


def record(*turns: tuple[str, str], **other: Any) -> dict[str, Any]:
    listed = [{"utterance": said, "intent": "ask", "assistant_response": answer, **other} for said, answer in turns]
    return {"services": ["taxi"], "dialogue_id": "x", "turns": listed}


def random_rows(n: int, dimensions: int = 384, seed: int = 0) -> Any:
    rows = np.random.default_rng(seed).standard_normal((n, dimensions), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_hash_goes_by_what_is_said_and_by_nothing_else() -> None:
    one = record(("A taxi,  please.", "Where to?"))
    assert digest(one) == digest(record(("a TAXI, please.", "Where\nto?"), intent="book", emotion="Angry"))
    assert digest(one) != digest(record(("A taxi, please!", "Where to?")))
    assert digest(record(("a", "b"), ("c", "d"))) != digest(record(("a", "b"), ("c d", "")))


def test_a_long_dialogue_is_compared_to_its_end() -> None:
    long = record(*[(f"Number {i} of my long story. " * 5, "I see. " * 10) for i in range(8)])
    parts = pieces(long)
    assert len(parts) > 1
    assert "Number 7" in parts[-1]
    assert all(part.startswith("User: ") for part in parts)
    assert max(map(len, parts)) <= 800


def test_a_vector_is_kept_without_loss() -> None:
    (vector,) = random_rows(1)
    assert (unpacked(packed(vector)) == vector).all()


def test_the_mean_has_length_one_and_a_vector_of_zeros_is_refused() -> None:
    assert np.linalg.norm(mean([[3.0, 0.0], [0.0, 3.0]])) == pytest.approx(1)
    with pytest.raises(InputError, match="has no direction"):
        mean([[0.0, 0.0]])


@pytest.mark.parametrize("exact", [10**6, 2000])  # compared with all of them, and by way of the index
def test_planted_neighbours_are_found(exact: int) -> None:
    rows = random_rows(5000)
    vectors = Vectors(exact)
    for first in range(0, 5000, 500):
        vectors.extend(rows[first : first + 500])
    asked = rows[::50] + 0.015 * random_rows(100, seed=1)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    found = vectors.nearest(asked)
    assert [place for place, _ in found] == list(range(0, 5000, 50))
    for (place, cosine), vector in zip(found, asked, strict=True):
        assert cosine == pytest.approx(float(rows[place] @ vector), abs=2e-6)


def test_those_that_came_since_can_be_asked_for_alone() -> None:
    rows = random_rows(10)
    vectors = Vectors()
    vectors.extend(rows)
    assert vectors.nearest(rows[:1])[0] == (0, 1.0)
    assert vectors.nearest(rows[:1], since=5)[0][0] >= 5
    assert vectors.nearest(rows[:1], since=10) == [(-1, -1.0)]


def test_vectors_of_another_model_are_refused() -> None:
    vectors = Vectors()
    vectors.extend(random_rows(3, 8))
    for use in (vectors.extend, vectors.nearest):
        with pytest.raises(InputError, match="embeddings of 4 numbers cannot be compared with those of 8"):
            use(random_rows(1, 4))


def test_a_duplicate_says_of_which_how_near_and_which_turns() -> None:
    one = record(("Hello there.", "Hi."), ("I need a taxi to the station at nine.", "Your taxi comes at nine."))
    other = record(("I need a taxi to the station at ten.", "Your taxi comes at ten."), ("Thank you.", "Goodbye."))
    assert like_turns(one, other) == ((2, 1),)
    told = str(Duplicate("MINI0001_generated_1", 0.93, exact=False, turns=like_turns(one, other)))
    assert told == "it is too near to MINI0001_generated_1 (similarity 0.930; turn 2 is like its turn 1)"
    assert str(Duplicate("", 1.0, exact=True)) == "it is a dialogue of an earlier run, word for word"
