"""Dialogues by the embedded model between two given speakers: how many are valid, and how varied."""

from __future__ import annotations

import argparse
import statistics

from sdkit.errors import ReplyError
from sdkit.generators import DialogGenerator

SUBJECTS = (
    "plan a birthday party", "repair a bicycle", "talk about the weather", "look for a lost cat", "order pizza",
    "choose a film", "learn to play the guitar", "move to a new flat", "cook dinner for friends", "miss the last train",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded:smollm2-135m")
    parser.add_argument("--dialogues", type=int, default=50)
    options = parser.parse_args()
    valid, both, long, first_try, distinct, seconds = 0, 0, 0, 0, [], []
    for number in range(options.dialogues):
        details = f"Ana and Tom {SUBJECTS[number % len(SUBJECTS)]}."
        try:
            dialog = DialogGenerator(options.model, details, speakers=["Ana", "Tom"]).generate(number)
        except ReplyError as error:
            print(f"seed {number}: {error}")
            continue
        valid += 1
        both += set(dialog.speakers) == {"Ana", "Tom"}
        long += len(dialog) >= 4
        first_try += dialog.provenance.attempts == 1
        distinct.append(len({turn.text for turn in dialog}) / len(dialog))
        seconds.append(dialog.provenance.seconds)
    of = f"of {options.dialogues}"
    print(f"valid                       {valid} {of}")
    print(f"at the first attempt        {first_try} {of}")
    print(f"both speak                  {both} {of}")
    print(f"at least 4 turns            {long} {of}")
    print(f"distinct texts, mean share  {statistics.mean(distinct):.3f}")
    print(f"seconds each, median        {statistics.median(seconds):.1f}")


if __name__ == "__main__":
    main()
