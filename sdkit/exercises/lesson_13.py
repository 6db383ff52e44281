"""Exercises of lesson 13: review and export."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sdkit.exercises.steps import Mistake, Step, need
from sdkit.factory import acceptance

_SIZE, _MAY_FAIL = 2000, 2
_TURNS = (("Is the pool open?", "From six to ten."), ("And on Sundays?", "From eight."))
_ROLES = ["user", "assistant"] * len(_TURNS)


class HowMany(Step):
    """How many to read."""

    exercise = "13-how-many"
    minutes = 10
    hints = (
        "acceptance(2000, n).allowed says how many of n may fail; None if n is too small.",
        "Try one n after the other, from 1 on, until allowed is 2.",
        "next(n for n in range(1, 2001) if (acceptance(2000, n).allowed or 0) >= 2)",
    )
    stretch = "how many must you read if 1% may be bad, and not 5%?"
    mistakes = (
        Mistake("With so few, less may fail", "n = 93"),
        Mistake("Fewer would do", "n = 200", 2),
    )

    def check(self, n: int) -> str:
        whole = isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= _SIZE
        need(whole, f"`n` is a whole number from 1 to {_SIZE:,}", n)
        need((acceptance(_SIZE, n).allowed or 0) >= _MAY_FAIL, "two may fail", str(acceptance(_SIZE, n)))
        fewer = n > 1 and (acceptance(_SIZE, n - 1).allowed or 0) >= _MAY_FAIL
        need(not fewer, "the smallest such sample", f"{n:,}; {n - 1:,} would do", 2)
        return f"{n:,} of {_SIZE:,}, and two of them may fail"


class Messages(Step):
    """A form of your own."""

    exercise = "13-messages"
    minutes = 10
    hints = (
        'record["turns"] is a list; each has an "utterance" and an "assistant_response".',
        "Each turn gives two messages: first the user's, then the assistant's.",
        'messages.append({"role": "user", "content": turn["utterance"]})',
    )
    stretch = "put a system message in front that tells the scenario"
    mistakes = (
        Mistake(
            "Only the user speaks",
            "def messages(record):\n"
            '    return [{"role": "user", "content": turn["utterance"]} for turn in record["turns"]]',
            2,
        ),
        Mistake(
            "All questions come first",
            "def messages(record):\n"
            '    asked = [{"role": "user", "content": turn["utterance"]} for turn in record["turns"]]\n'
            '    said = [{"role": "assistant", "content": turn["assistant_response"]} for turn in record["turns"]]\n'
            "    return asked + said",
            2,
        ),
        Mistake("It is the record", 'def messages(record):\n    return record["turns"]', 3),
    )

    def check(self, messages: Callable[[Mapping[str, Any]], Any]) -> str:
        turns = [{"utterance": said, "assistant_response": answer} for said, answer in _TURNS]
        made = messages({"dialogue_id": "D1", "turns": turns})
        shape = isinstance(made, list) and all(isinstance(one, dict) and {*one} == {"role", "content"} for one in made)
        need(shape, 'a list of {"role": ..., "content": ...}', made, 3)
        need([one["role"] for one in made] == _ROLES, "user and assistant take turns", made, 2)
        said = [text for turn in _TURNS for text in turn]
        need([one["content"] for one in made] == said, "all that was said, in its order", made)
        return f"{len(made)} messages, as a model is trained on"
