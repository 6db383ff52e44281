"""The sentences of `datasets/moderation`, and what the filters make of them."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sdkit.moderation.personal import PersonalData

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "moderation.py"
_spec: Any = importlib.util.spec_from_file_location("moderation_benchmark", SCRIPT)
benchmark = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(benchmark)

with benchmark.SENTENCES.open(encoding="utf-8", newline="") as _file:
    ROWS = list(csv.DictReader(_file))


def test_the_sentences_are_many_and_of_all_kinds() -> None:
    labels, categories = (Counter(row[name] for row in ROWS) for name in ("label", "category"))

    assert len(ROWS) >= 240
    assert len({row["text"] for row in ROWS}) == len({row["id"] for row in ROWS}) == len(ROWS)
    assert 0.42 <= labels["flag"] / len(ROWS) <= 0.5
    assert categories["trap"] >= 40
    assert sum(categories[name] for name in ("e-mail", "phone", "card", "iban")) >= 20
    assert {row["category"] for row in ROWS if row["label"] == "ok"} == {"trap", "plain"}


def test_a_hash_of_the_text_says_which_half_it_is_in() -> None:
    for row in ROWS:
        odd = hashlib.sha256(row["text"].encode()).digest()[0] % 2
        assert row["split"] == ("held_out" if odd else "tune"), row["id"]


def test_the_addresses_are_at_domains_for_examples() -> None:
    found = [each.text for row in ROWS for each in PersonalData().check([row["text"]]) if "@" in each.text]

    assert len(found) >= 5
    for address in found:
        assert address.endswith(("example.com", "example.net", "example.org")), address


def test_the_readme_tells_how_many_there_are() -> None:
    counts = Counter((row["label"], row["split"]) for row in ROWS)
    readme = (benchmark.SENTENCES.parent / "README.md").read_text(encoding="utf-8")

    assert readme.startswith(f"# Sentences for filters\n\n{len(ROWS)} sentences")
    for label in ("flag", "ok"):
        assert f"| {label} | {counts[label, 'tune']} | {counts[label, 'held_out']} |" in readme


@pytest.fixture(scope="module")
def figures() -> dict[str, tuple[float, float, int]]:
    """Give precision, recall and failures on the held-out half, by filter."""
    return {name: benchmark.measured(layers, "held_out") for name, layers in benchmark.filters().items()}


def f1(figure: tuple[float, float, int]) -> float:
    precision, recall, _ = figure
    return 2 * precision * recall / (precision + recall)


def test_on_the_held_out_half_the_layers_are_far_above_the_substring_filters(
    figures: dict[str, tuple[float, float, int]],
) -> None:
    layers = figures["WordList + PersonalData"]

    for name in ("Substrings, the usual list", "Substrings, WordList's words"):
        assert layers[0] >= figures[name][0] + 0.2, name
        assert f1(layers) >= f1(figures[name]) + 0.2, name
    assert layers[0] >= 0.95
    assert layers[1] >= 0.85


def test_personal_data_adds_recall_and_takes_no_precision(figures: dict[str, tuple[float, float, int]]) -> None:
    words, both = figures["WordList"], figures["WordList + PersonalData"]

    assert both[1] >= words[1] + 0.1
    assert both[0] >= words[0] - 0.01
    assert not any(failed for _, _, failed in figures.values())
