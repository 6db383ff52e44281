"""Exercises of lesson 06: batches, and comparing sets of dialogues."""

from __future__ import annotations

from typing import Any

from sdkit.batch import Batch
from sdkit.dialog import Dialog
from sdkit.exercises.outcome import joined
from sdkit.exercises.steps import Mistake, Step, a, need

_TASK = "doctor_followup"
_TURNS = "[Turn(speaker='User', text='Hi'), Turn(speaker='System', text='Hello')]"


class Pair(Step):
    """Described, or played?"""

    exercise = "06-described-or-played"
    minutes = 10
    hints = (
        "Lesson 05 has the generator for a description, section 2 has the one for two personas.",
        "Both take scenario=scenario, and generate(seed=...) the same seed.",
        'pair = {"described": DialogGenerator(...).generate(seed=1), "played": PersonaDialogGenerator(...).generate(seed=1)}',
    )
    stretch = "which of the two follows the flowchart? adherence(dialog, chart, labels='nearest').summary()"
    mistakes = (
        Mistake("The parts have other names", "pair = {'a': one_call, 'b': one_call}", 3),
        Mistake("Both were played", "pair = {'described': one_call, 'played': one_call}"),
        Mistake(
            "They are not about one scenario",
            f"pair = {{'described': Dialog(turns={_TURNS}, seed=1), 'played': one_call}}",
            2,
        ),
        Mistake(
            "Their seeds differ",
            f"pair = {{'described': Dialog(turns={_TURNS}, seed=7, scenario=scenario), 'played': one_call}}",
            2,
        ),
    )

    def check(self, pair: dict[str, Any]) -> str:
        need(set(pair) == {"described", "played"}, 'two parts, "described" and "played"', list(pair), 3)
        described, played = pair["described"], pair["played"]
        both = isinstance(described, Dialog) and isinstance(played, Dialog)
        need(both, "two dialogues", joined([a(type(described)), a(type(played))]), 3)
        need(described.scenario == played.scenario, "two dialogues about one scenario", "two scenarios", 2)
        need(described.seed == played.seed, "one seed for both", f"{described.seed} and {played.seed}", 2)
        need(not described.personas, "the described one made without personas", "it has personas")
        need(played.personas, "the played one made of two personas", "it has none")
        return f"with seed {described.seed}, {len(described)} turns described and {len(played)} turns played"


class Unhappy(Step):
    """A batch of your own."""

    exercise = "06-unhappy-batch"
    hint_for_type = 2
    minutes = 15
    hints = (
        f'STAR.get_ids(task_name="{_TASK}", happy=False) has the ids. A batch needs a folder of its own.',
        'STAR.batch(ids, folder, MODEL_NAME, how="personas", seed="id") plays them.',
        "mine.run() makes them; you may stop it, and run the cell again.",
    )
    stretch = "run it again with concurrency=2. Is anything made twice?"
    mistakes = (
        Mistake("They are the happy ones", "mine = batch", 1),
        Mistake(
            "Nothing was made",
            f"mine = STAR.batch(STAR.get_ids(task_name='{_TASK}', happy=False), 'output/wrong/none', MODEL_NAME, how='personas')",
            3,
        ),
        Mistake("It is the report", "mine = batch.report()", 2),
    )

    def check(self, mine: Batch) -> str:
        from sdkit.datasets import STAR

        unhappy = STAR.get_ids(task_name=_TASK, happy=False)
        other = sorted(set(mine.ids) - set(unhappy))
        need(not other, f"unhappy dialogues of {_TASK}", f"these are others: {other[:5]}")
        need(mine.ids, "ids", "none")
        report = mine.report()
        need(report.done, "dialogues in its folder", "there are none yet", 3)
        need(
            all(dialog.personas for dialog in mine.dialogs()),
            "dialogues of personas",
            "they were made from a description",
            2,
        )
        return f"{report.done} of {report.total} dialogues. Read one: what is unhappy about it?"


class Compared(Step):
    """What does the model do off the happy path?"""

    exercise = "06-off-the-path"
    minutes = 10
    hints = (
        "STAR.get_dialogs(task_name=..., happy=False) has the real ones, mine.dialogs() yours.",
        'compare({"real": ..., "synthetic": ...}, chart) makes the table.',
    )
    stretch = "the real ones wander off as well. Who is nearer to the flowchart, and why is that no praise?"
    mistakes = (
        Mistake("The sets have other names", "table = compare({'a': batch.dialogs(), 'b': batch.dialogs()}, chart)", 2),
        Mistake("They are the happy ones", "table = compare(sets, chart)"),
        Mistake("It is the picture", "table = plot(sets, chart)", 2),
    )

    def check(self, table: Any) -> str:
        from sdkit.datasets import STAR

        columns: Any = getattr(table, "columns", None)
        names = set(columns.get_level_values(0)) if getattr(columns, "nlevels", 1) > 1 else set()
        need({"real", "synthetic"} <= names, 'a table with the sets "real" and "synthetic"', table, 2)
        is_ours = {("real", "n"), ("synthetic", "n")} <= {*columns} and "adherence" in table.index
        need(is_ours, "the table that compare(...) makes, with the flowchart", table, 2)
        many = int(table["real", "n"].max())
        unhappy = len(STAR.get_ids(task_name=_TASK, happy=False))
        need(many == unhappy, f"the {unhappy} unhappy real ones", f"{many} dialogues")
        real, synthetic = (table.loc["adherence"][name, "mean"] for name in ("real", "synthetic"))
        return f"adherence is {real:.2f} in the real ones, and {synthetic:.2f} in yours"
