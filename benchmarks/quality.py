"""Dialogues by the embedded model between two given speakers: how many are valid, and how varied."""

from __future__ import annotations

import argparse
import statistics

from sdkit.errors import ReplyError
from sdkit.generators import DialogGenerator, PersonaDialogGenerator

SUBJECTS = (
    "plan a birthday party", "repair a bicycle", "talk about the weather", "look for a lost cat", "order pizza",
    "choose a film", "learn to play the guitar", "move to a new flat", "cook dinner for friends", "miss the last train",
)  # fmt: skip


def report(makers: list[tuple[DialogGenerator | PersonaDialogGenerator, int]], at_least: int) -> None:
    """Make a dialogue of each generator and seed, and print what they are like."""
    valid, cast, long, full, first_try, distinct, seconds = 0, 0, 0, 0, 0, [], []
    for generator, seed in makers:
        try:
            dialog = generator.generate(seed)
        except ReplyError as error:
            print(f"seed {seed}: {error}")
            continue
        valid += 1
        cast += set(dialog.speakers) == set(generator._speakers)
        long += len(dialog) >= at_least
        full += all(turn.text.strip() for turn in dialog)
        first_try += dialog.provenance.attempts == 1
        distinct.append(len({turn.text for turn in dialog}) / len(dialog))
        seconds.append(dialog.provenance.seconds)
    of = f"of {len(makers)}"
    print(f"valid                         {valid} {of}")
    print(f"at the first attempt          {first_try} {of}")
    print(f"exactly the cast speaks       {cast} {of}")
    print(f"at least {at_least} turns              {long} {of}")
    print(f"no empty turn                 {full} {of}")
    print(f"distinct texts, mean share    {statistics.mean(distinct):.3f}")
    print(f"distinct texts, lowest share  {min(distinct):.2f}")
    print(f"seconds each, median          {statistics.median(seconds):.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded:smollm2-135m")
    parser.add_argument("--dialogues", type=int, default=50)
    options = parser.parse_args()
    made = []
    for number in range(options.dialogues):
        details = f"Ana and Tom {SUBJECTS[number % len(SUBJECTS)]}."
        made.append((DialogGenerator(options.model, details, speakers=["Ana", "Tom"]), number))
    report(made, at_least=4)


if __name__ == "__main__":
    main()
