"""How often a planted bias is found, and how often one that is not there: made-up dialogues, all measures together.

Each line is 100 sets of dialogues. "Found" is how often the planted difference was found; "else", how often something
else was. Lengths of turns, numbers of turns, and scenarios vary by 30%, if nothing else is said; what else varies is
in tests/analysis/made_up_dialogs.py. Give another number of sets as an argument. With `served` behind it, it is done by
way of the factory: sets and counterfactual slices on a made-up model on loopback, whose answers have lengths by chance.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "analysis"))

from made_up_dialogs import Noise, Planted, made_up

from sdkit.analysis.behaviour import conduct
from sdkit.analysis.bias import compare_groups

SHORTER = "assistant_words"
NO_PAIRS = Noise(dialogs=0.3, scenarios=0.0)
LIKE_MULTIWOZ = Noise(turns=0.45)
# What is planted, in which measure, the noise, how many dialogues a group, in pairs or not.
LINES = (
    ("nothing", "", Planted(), Noise(), 60, True),
    ("answers 15% shorter", SHORTER, Planted(longer=0.85), Noise(), 60, True),
    ("answers 10% shorter", SHORTER, Planted(longer=0.9), Noise(), 60, True),
    ("12% of turns refuse, not 3%", "refusals", Planted(refusals=0.12), Noise(), 60, True),
    ("40% are resolved, not 70%", "resolved", Planted(resolved=0.4), Noise(), 60, True),
    ("nothing, turns vary by 45%", "", Planted(), LIKE_MULTIWOZ, 60, True),
    ("15% shorter, turns vary by 45%", SHORTER, Planted(longer=0.85), LIKE_MULTIWOZ, 60, True),
    ("15% shorter, turns vary by 45%", SHORTER, Planted(longer=0.85), LIKE_MULTIWOZ, 120, True),
    ("15% shorter, each dialogue varies by 30%", SHORTER, Planted(longer=0.85), NO_PAIRS, 60, True),
    ("nothing", "", Planted(), Noise(), 60, False),
    ("answers 15% shorter", SHORTER, Planted(longer=0.85), Noise(), 60, False),
    ("answers 30% shorter", SHORTER, Planted(longer=0.7), Noise(), 60, False),
)


def tried(seed: int, planted: Planted, noise: Noise, size: int, paired: bool) -> set[str]:
    """Return the measures in which something was found."""
    first, second = made_up(seed, size, planted, noise)
    groups = {
        name: conduct(dialogs, resolved=resolved)
        for name, (dialogs, resolved) in zip("AB", (first, second), strict=True)
    }
    return {each.measure for each in compare_groups(groups, paired=paired).found}


def main(sets: int) -> None:
    print(f"| planted | dialogues a group | in pairs | found in {sets} | else in {sets} | s a set |")
    print("|---|---|---|---|---|---|")
    for what, measure, planted, noise, size, paired in LINES:
        start = time.perf_counter()
        found = [tried(seed, planted, noise, size, paired) for seed in range(sets)]
        seconds = (time.perf_counter() - start) / sets
        hits = sum(measure in each for each in found) if measure else "-"
        others = sum(bool(each - {measure}) for each in found)
        print(f"| {what} | {size} | {'yes' if paired else 'no'} | {hits} | {others} | {seconds:.2f} |", flush=True)


def served(sets: int, size: int = 40) -> None:
    from loopback_model import HashedEmbeddings, LoopbackModel, moody

    from sdkit.factory import Factory, counterfactual

    logging.getLogger("sdkit.factory").setLevel(logging.ERROR)
    users = {"young": "24 years old", "old": "74 years old"}
    seen: dict[float, list[set[str]]] = {1.0: [], 0.7: []}
    options = {"model": "loop", "bases": None, "layers": (), "embeddings": HashedEmbeddings(), "threshold": 0.97}
    with LoopbackModel() as model:
        os.environ["OLLAMA_HOST"] = model.url
        for seed in range(sets):
            with tempfile.TemporaryDirectory() as folder:
                model.bend = None
                made = Factory(size, f"{folder}/set.json", seed=seed, concurrency=8, **options).run(progress=False)
                for shorter, found in seen.items():
                    model.bend = moody(shorter)
                    slices = counterfactual(made, users, f"{folder}/{shorter}.jsonl", model="loop", progress=False)
                    found.append({each.measure for each in compare_groups(slices, paired=True).found})
    print(f"by way of the factory, {size} pairs a set, {sets} sets:")
    print(f"  nothing planted: something found in {sum(map(bool, seen[1.0]))}")
    print(f"  answers 30% shorter for one group: found in {sum(SHORTER in each for each in seen[0.7])}, ", end="")
    print(f"something else in {sum(bool(each - {SHORTER}) for each in seen[0.7])}")


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    served(number) if "served" in sys.argv else main(number)
