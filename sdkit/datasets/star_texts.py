"""What a model reads of a scenario of STAR's: the whole conversation described, or each side's persona.

The beginnings are those that the workshop notebook shows for dialogue 1, letter for letter.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sdkit.datasets.star_files import Scenario
from sdkit.flowchart import Flowchart


@dataclass(frozen=True)
class TaskOfScenario:
    """A task of a scenario: its flowchart, and its domain where it has one."""

    flowchart: Flowchart
    domain: str | None


def description(scenario: Scenario, tasks: Sequence[TaskOfScenario]) -> str:
    """Return the scenario as a description of the whole conversation, for a `DialogGenerator`."""
    charts = "\n\n".join(
        f"The graph for the task '{task.flowchart.task}'{_of_domain(task)} is:\n{_chart(task.flowchart)}"
        for task in tasks
    )
    return (
        f"The conversation is between a User and a AI assistant{_in_domains(scenario)}.\n"
        "\n"
        f"The User instructions are: {scenario.UserTask}\n"
        f"The AI assistant instructions are: {scenario.WizardTask}\n"
        "\n"
        "In addition, the AI assistant is instructed to follow specific flowcharts to address the tasks. "
        "Flowcharts are defined as graph described using DOT.\n"
        "The actual DOT for the current tasks are:\n"
        "\n"
        f"{charts}\n"
        "Words in UPPERCASE are placeholders: something that fits is said instead.\n"
        "---\n"
        "Finally, the following should be considered regarding the conversation:\n"
        f"{_remarks(scenario)}"
    )


def user_role(scenario: Scenario) -> str:
    """Return the role of the user's persona."""
    return (
        f"user calling a AI assistant that can perform multiple tasks{_in_domains(scenario)}.\n"
        "\n"
        "The following should be considered regarding the conversation:\n"
        f"{_remarks(scenario)}"
    )


def system_role(tasks: Sequence[TaskOfScenario]) -> str:
    """Return the role of the assistant's persona."""
    charts = "\n\n".join(
        f"## {task.flowchart.task}{f' ({task.domain})' if task.domain else ''}\n{_chart(task.flowchart)}"
        for task in tasks
    )
    return (
        "AI assistant.\n"
        "You follow a flowchart for each task. A flowchart is a graph in DOT: from what you said last, an arrow leads "
        "to what you say next.\n"
        "\n"
        f"{charts}\n"
        "\n"
        "Words in UPPERCASE are placeholders: say something that fits instead."
    )


def _in_domains(scenario: Scenario) -> str:
    # 145 scenarios of STAR have no domain.
    return f" in the following domains: {', '.join(scenario.domains)}" if scenario.domains else ""


def _of_domain(task: TaskOfScenario) -> str:
    return f" with domain '{task.domain}'" if task.domain else ""


def _chart(flowchart: Flowchart) -> str:
    responses = json.dumps(flowchart.responses, indent=2, ensure_ascii=False)
    return (
        f"```dot\n{flowchart.dot()}\n```\n"
        f"and one example responses for each node is provided in the following json:\n```json\n{responses}\n```"
    )


def _remarks(scenario: Scenario) -> str:
    path = (
        "The conversation follows a 'happy path', meaning the conversations goes smoothly without any unexpected "
        "behavior."
        if scenario.Happy
        else "The conversation does not follow a 'happy path': something unexpected happens, such as the user changing "
        "their mind, giving wrong or too little information, or asking for something that cannot be done."
    )
    names = ", ".join(dict.fromkeys(scenario.tasks))
    tasks = (
        f"The conversation involves several of these tasks ({names}), and may go from one to another."
        if scenario.MultiTask
        else f"The conversation involves only one task you were instructed to ({names}), nothing else"
    )
    return f"   1. {path}\n   2. {tasks}"
