"""The same seed again: at once, in another order, and after requests of other kinds. How many dialogues are equal?"""

from __future__ import annotations

import argparse

from sdkit import ask
from sdkit.generators import DialogGenerator

SUBJECTS = (
    "pizza",
    "a broken bicycle",
    "the weather",
    "a lost cat",
    "a birthday",
    "a film",
    "a guitar",
    "a flat",
    "dinner",
    "a train",
)

ANIMALS = {
    "type": "object",
    "properties": {"animals": {"type": "string", "maxLength": 60}},
    "required": ["animals"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=["embedded:smollm2-135m"])
    print(f"{'model':<30}{'at once':>10}{'reversed':>10}{'after others':>14}")
    for model in parser.parse_args().models:
        generators = [DialogGenerator(model, f"Ana and Tom talk about {s}.", speakers=["Ana", "Tom"]) for s in SUBJECTS]
        count = len(generators)
        first = [generators[i].generate(i).turns for i in range(count)]
        at_once = sum(generators[i].generate(i).turns == first[i] for i in range(count))
        in_reverse = sum(generators[i].generate(i).turns == first[i] for i in reversed(range(count)))
        others = 0
        for i in range(count):
            ask(f"Name {i + 2} animals that live in the sea. " * (i + 1), ANIMALS, model=model, seed=99 + i)
            others += generators[i].generate(i).turns == first[i]
        print(f"{model:<30}{at_once:>7}/{count}{in_reverse:>7}/{count}{others:>11}/{count}", flush=True)


if __name__ == "__main__":
    main()
