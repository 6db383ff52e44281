"""Exercises of lesson 05: scenarios of STAR."""

from __future__ import annotations

from typing import Any

from sdkit.dialog import Dialog
from sdkit.exercises.outcome import joined
from sdkit.exercises.steps import Mistake, Step, need

_TASK = "weather"


class Filter(Step):
    """The unhappy ones with several tasks."""

    exercise = "05-filter"
    hints = (
        "STAR.get_ids takes domain=, task_name=, happy=, multitask= and complete=.",
        "Unhappy is happy=False, several tasks is multitask=True.",
        f'STAR.get_ids(task_name="{_TASK}", happy=False, multitask=True)',
    )
    stretch = "which of them are in two domains? STAR.get_dialog_scenario(id) knows"
    mistakes = (
        Mistake(
            "They are dialogues, no ids", f"found = STAR.get_dialogs(task_name='{_TASK}', happy=False, multitask=True)"
        ),
        Mistake("Those with one task are among them", f"found = STAR.get_ids(task_name='{_TASK}', happy=False)", 2),
        Mistake("The other tasks are among them", "found = STAR.get_ids(happy=False, multitask=True)"),
        Mistake(
            "They are the happy ones", f"found = STAR.get_ids(task_name='{_TASK}', happy=True, multitask=False)", 2
        ),
    )

    def check(self, found: list[Any]) -> str:
        from sdkit.datasets import STAR

        need(all(isinstance(one, int) for one in found), "ids, which are numbers", found)
        unknown = sorted({*found} - {*STAR.get_ids()})
        need(not unknown, "ids of this data set", f"it has no {joined(map(str, unknown[:3]))}")
        scenarios = [STAR.get_dialog_scenario(one) for one in found]
        tasks = [[part["Task"] for part in one.get("WizardCapabilities", [])] for one in scenarios]
        other = [one for one, names in zip(found, tasks, strict=True) if _TASK not in names]
        need(not other, f"dialogues about {_TASK}", f"there are others, such as {other[:3]}")
        wrong = [one for one, about in zip(found, scenarios, strict=True) if about["Happy"] or not about["MultiTask"]]
        need(not wrong, "unhappy ones with several tasks", f"{wrong[:5]} are happy, or have one task", 2)
        wanted = STAR.get_ids(task_name=_TASK, happy=False, multitask=True)
        need(sorted(found) == wanted, f"all {len(wanted)} of them", f"{len(found)}", 3)
        return f"{len(wanted)} dialogues: {joined(map(str, wanted))}"


class Several(Step):
    """A dialogue for an unhappy scenario of several tasks."""

    exercise = "05-several-tasks"
    minutes = 10
    hints = (
        "You need an id, the description of its scenario, a generator, and a seed. Section 3 has all of them.",
        "scenario = STAR.get_dialog_scenario(id); STAR.get_scenario_description(scenario) is for dialogue_details=.",
        "The generator also takes scenario=scenario, so that the dialogue remembers what it is about.",
    )
    stretch = "read it next to the real one of the same id. Which tasks are in both?"
    mistakes = (
        Mistake("It is the real one", "mine = STAR.get_dialog(5100)", 2),
        Mistake(
            "It does not know its scenario", "mine = Dialog(turns=[Turn(speaker='User', text='Hi')], model='m')", 3
        ),
        Mistake(
            "It has one task",
            "mine = Dialog(turns=[Turn(speaker='User', text='Hi')], model='m', scenario=STAR.get_dialog_scenario(1))",
        ),
    )

    def check(self, mine: Dialog) -> str:
        from sdkit.datasets import STAR

        need(mine.model, "a dialogue that a model made", "one of the data set", 2)
        about: Any = mine.scenario
        need(isinstance(about, dict), "a dialogue that knows its scenario", about, 3)
        need(about.get("MultiTask"), "a scenario of several tasks", "one task")
        need(not about.get("Happy"), "an unhappy scenario", "a happy one")
        need(about != STAR.get_dialog_scenario(5100), "another scenario than that of 5100", "the one of 5100")
        tasks = joined(str(part["Task"]) for part in about.get("WizardCapabilities", []))
        return f"{len(mine)} turns. Which of these tasks are in it: {tasks}?"


class OffThePath(Step):
    """Off the happy path."""

    exercise = "05-off-the-path"
    hint_for_type = 2
    minutes = 10
    hints = (
        "What could go wrong when somebody asks for a doctor's instructions?",
        'The scenario is a dict. A changed copy is {**scenario, "Happy": False, "UserTask": "..."}',
    )
    stretch = "generate from both, with one seed. Does the dialogue go wrong where you said it would?"
    mistakes = (
        Mistake("It is still happy", "unhappy = {**STAR.get_dialog_scenario(1), 'UserTask': 'Ask.'}", 2),
        Mistake("The user is told the same", "unhappy = {**STAR.get_dialog_scenario(1), 'Happy': False}"),
        Mistake("It is only the text", "unhappy = 'You forgot your name.'", 2),
        Mistake("Its task is gone", "unhappy = {'Happy': False, 'UserTask': 'You forgot your name.'}", 2),
    )

    def check(self, unhappy: dict[str, Any]) -> str:
        from sdkit.datasets import STAR

        real = STAR.get_dialog_scenario(1)
        need(unhappy.get("Happy") is False, '"Happy": False', unhappy.get("Happy"), 2)
        need(
            unhappy.get("UserTask") != real["UserTask"],
            "a user's task that says what goes wrong",
            unhappy.get("UserTask"),
        )
        need(unhappy.keys() >= real.keys(), "all the other parts of the scenario", list(unhappy), 2)
        return f"the user is told: {unhappy['UserTask']}"
