"""The check of a new dialogue against all earlier ones: time, memory, and how many planted duplicates it finds.

Random vectors of 384 numbers with planted neighbours; with `--multiwoz PATH`, also the MiniLM vectors of all utterances
of that data set (a file of them is kept with `--keep`), against an exact scan in double precision. And MiniLM itself:
the similarity of its model card, and sentences a second.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np

from sdkit.embeddings import embedder, similarities
from sdkit.factory.uniqueness import Vectors

SIZES = (1_000, 10_000, 50_000, 100_000, 200_000)
BLOCK = 64  # what a factory asks for at once, when many are ready
PLANTED = 1_000


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def random_rows(n: int, seed: int) -> np.ndarray:
    return unit(np.random.default_rng(seed).standard_normal((n, 384), dtype=np.float32))


def milliseconds(vectors: Vectors, asked: np.ndarray, block: int) -> float:
    began = time.perf_counter()
    for first in range(0, len(asked), block):
        vectors.nearest(asked[first : first + block])
    return (time.perf_counter() - began) / len(asked) * 1000


def growth(rows: np.ndarray, name: str, exact: int) -> None:
    """Print a line for each size; the duplicates have a cosine of 0.9 to 1 to one that is there."""
    rng = np.random.default_rng(1)
    print(f"\n{name}\n\n| there | ms an item, {BLOCK} at once | ms, one by one | recall at 0.9 | GB, peak |")
    print("|---|---|---|---|---|")
    vectors = Vectors(exact)
    for size in [n for n in SIZES if n <= len(rows)]:
        vectors.extend(rows[len(vectors) : size])
        chosen = rng.choice(size, PLANTED, replace=False)
        other = random_rows(PLANTED, size)
        across = unit(other - (other * rows[chosen]).sum(axis=1, keepdims=True) * rows[chosen])
        cosine = rng.uniform(0.9, 1, (PLANTED, 1)).astype(np.float32)
        asked = cosine * rows[chosen] + np.sqrt(1 - cosine**2) * across
        found = vectors.nearest(asked)
        # Another one may be nearer still; what counts is that the duplicate is seen.
        recall = np.mean([near >= float(c) - 1e-5 for (_, near), c in zip(found, cosine[:, 0], strict=True)])
        many, one = milliseconds(vectors, asked, BLOCK), milliseconds(vectors, asked[:100], 1)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"| {size:,} | {many:.2f} | {one:.2f} | {recall:.4f} | {memory:.2f} |", flush=True)


def against_a_scan(rows: np.ndarray) -> None:
    """Compare each of some utterances with an exact scan over all that come before it."""
    vectors = Vectors()
    vectors.extend(rows)
    asked = rows[-2000:]
    differ = 0
    for (_, cosine), vector in zip(vectors.nearest(asked), asked, strict=True):
        exact = float((rows.astype(np.float64) @ vector.astype(np.float64)).max())
        differ += abs(exact - cosine) > 1e-6
    print(f"\nof {len(asked)} utterances, {differ} have another nearest cosine than an exact scan finds (by over 1e-6)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--multiwoz", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--index", action="store_true", help="also with the index from 10,000 on")
    arguments = parser.parse_args()
    model = embedder("embedded")
    (cosine,) = similarities(
        *([model.embed_query(text)] for text in ("That is a happy person", "That is a happy dog"))
    )[0]
    sentences = [f"I would like to book table {n} for {n % 9} people at {n % 12} o'clock, please." for n in range(500)]
    model.embed_documents(sentences[:20])
    began = time.perf_counter()
    model.embed_documents(sentences)
    print(f"MiniLM: {cosine:.4f} (model card: 0.695), {500 / (time.perf_counter() - began):.0f} sentences a second")
    growth(random_rows(SIZES[-1], 0), "random vectors, compared with all", 10**9)
    if arguments.index:
        growth(random_rows(SIZES[-1], 0), "random vectors, by way of the index", 9_999)
    if arguments.multiwoz:
        if arguments.keep and arguments.keep.exists():
            rows = np.load(arguments.keep)
        else:
            from sdkit.datasets import MultiWOZ

            texts = [turn.text for dialog in MultiWOZ(arguments.multiwoz).get_dialogs() for turn in dialog]
            began = time.perf_counter()
            rows = np.array(model.embed_documents(texts), np.float32)
            print(f"\n{len(texts):,} utterances embedded in {time.perf_counter() - began:.0f} s")
            if arguments.keep:
                np.save(arguments.keep, rows)
        growth(rows, f"{len(rows):,} utterances", 10**9)
        against_a_scan(rows)


if __name__ == "__main__":
    main()
