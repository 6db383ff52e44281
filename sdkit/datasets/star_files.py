"""The files of a data set in STAR's format: reading and checking them.

The format is that of the STAR data set (Mosig, Mehri, Kober: "STAR: A Schema-Guided Dialog Dataset for Transfer
Learning", arXiv:2010.11853): ``dialogues/N.json``, and a folder for each task.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, StrictBool, TypeAdapter, ValidationError

from sdkit.describing import nearest
from sdkit.dialog import Dialog
from sdkit.errors import FileError, InputError, first_problem
from sdkit.files import read_data

SHOWN = frozenset({"utter", "pick_suggestion"})
"""The actions whose texts the other side got to see: the turns."""

_TEXTUAL = SHOWN | {"instruct", "request_suggestions"}
_ACTIONS = _TEXTUAL | {"complete", "query", "return_item", "select_primary", "select_secondary", "select_task"}
USER, SYSTEM = "User", "System"
_SPEAKERS = {"Wizard": SYSTEM}
_FIELD = re.compile(r"\{([^{}:]+)(?::[^{}]*)?\}")  # of Python's format strings
_RESPONSES = TypeAdapter(dict[str, str])


class Capability(BaseModel):
    """A task that the wizard can do; its domain is null in some scenarios of STAR."""

    model_config = ConfigDict(extra="allow")
    Domain: str | None = None
    Task: str = Field(min_length=1)


class Scenario(BaseModel):
    """What the user and the wizard of a dialogue were told beforehand."""

    model_config = ConfigDict(extra="allow")
    Domains: list[str | None]
    Happy: StrictBool  # filters ask for True and False themselves, not for 1 or "yes"
    MultiTask: StrictBool
    UserTask: str
    WizardTask: str
    WizardCapabilities: list[Capability] = Field(min_length=1)

    @property
    def domains(self) -> list[str]:
        """The domains that have a name."""
        return [domain for domain in self.Domains if domain]

    @property
    def tasks(self) -> list[str]:
        """The names of the tasks, which are those of their folders."""
        return [capability.Task for capability in self.WizardCapabilities]

    @classmethod
    def of(cls, scenario: Mapping[str, Any]) -> Scenario:
        """Return what a scenario says.

        Raises
        ------
        InputError
            It is no scenario of STAR's; names the field.
        """
        try:
            return cls.model_validate(scenario)
        except ValidationError as error:
            raise InputError(f"this is no scenario in STAR's form: {first_problem(error)}") from error


def read_dialog(folder: Path, dialog_id: int) -> dict[str, Any]:
    """Return the contents of a dialogue's file, checked.

    Raises
    ------
    FileError
        It cannot be read, or is not in STAR's format; names the file, and the line, the field or the event.
    """
    path = os.path.join(folder, f"{dialog_id}.json")
    try:
        with open(path, "rb") as file:
            data = json.loads(file.read(), parse_constant=_refuse)
    except (OSError, ValueError, RecursionError) as error:
        if os.path.islink(path) and not os.path.exists(path):
            raise FileError(path, "is a link to a file that does not exist") from error
        with contextlib.suppress(ValueError):
            read_data(path, "json")  # says what is wrong, and where
        raise FileError(path, f"is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise FileError(path, "holds no dialogue: it is not a JSON object")
    if missing := [key for key in ("DialogueID", "CompletionLevel", "Scenario", "Events") if key not in data]:
        raise FileError(path, f"is not in STAR's format: {missing[0]} is missing")
    if type(data["DialogueID"]) is not int or data["DialogueID"] != dialog_id:
        raise FileError(path, f"holds the dialogue {data['DialogueID']!r}, which is not that of its name")
    try:
        Scenario.model_validate(data["Scenario"])
    except ValidationError as error:
        raise FileError(path, f"is not in STAR's format: Scenario.{first_problem(error)}") from error
    if not isinstance(data["CompletionLevel"], str):
        raise FileError(path, f"is not in STAR's format: CompletionLevel is {data['CompletionLevel']!r:.60}, no text")
    if not isinstance(data["Events"], list):
        raise FileError(path, "is not in STAR's format: Events is not a list")
    for number, event in enumerate(data["Events"], start=1):
        if problem := _problem(event):
            raise FileError(path, f"event {number} {problem}")
    return data


def _problem(event: Any) -> str:
    """Say what is wrong with an event; nothing if it is fine."""
    action = event.get("Action") if isinstance(event, dict) else None
    if not isinstance(action, str) or action not in _ACTIONS:
        return f"has the Action {action!r:.80}{nearest(str(action)[:80], _ACTIONS)}"
    if not isinstance(event.get("Agent"), str):
        return f"({action}) has no Agent"
    if (action in _TEXTUAL or "Text" in event) and not isinstance(event.get("Text"), str):
        return f"({action}) has the Text {event.get('Text')!r:.80}; a text is needed"
    if "Text" in event and type(event.get("UnixTime")) is not int:
        return f"({action}) has the UnixTime {event.get('UnixTime')!r:.80}; whole seconds are needed"
    if not isinstance(event.get("ActionLabel", ""), str | None):
        return f"({action}) has the ActionLabel {event['ActionLabel']!r:.80}; a text is needed"
    return ""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"it holds {constant}, which is no number of JSON")


def dialog_of(folder: Path, data: Mapping[str, Any]) -> Dialog:
    """Return a checked file's dialogue: what was shown as turns, all that has a text as events, Wizard as System.

    Raises
    ------
    FileError
        The scenario cannot be kept: it has a number that is infinite, or is nested too deeply.
    """
    events = [
        {
            "agent": _SPEAKERS.get(event["Agent"], event["Agent"]),
            "action": event["Action"],
            "actionLabel": event.get("ActionLabel"),
            "text": event["Text"],
            "timestamp": event["UnixTime"],
        }
        for event in data["Events"]
        if "Text" in event
    ]
    fields = {
        "dialogId": data["DialogueID"],
        "complete": data["CompletionLevel"] == "Complete",
        "scenario": data["Scenario"],
        "turns": [{"speaker": event["agent"], "text": event["text"]} for event in events if event["action"] in SHOWN],
        "events": events,
    }
    try:
        return Dialog.model_validate(fields)
    except ValidationError as error:
        path = folder / f"{data['DialogueID']}.json"
        raise FileError(path, f"is not in STAR's format: {first_problem(error)}") from error


class Task(BaseModel):
    """What the wizard of a task goes by.

    Parameters
    ----------
    graph
        Node to its successor.
    replies
        Node to text, for the nodes of branches too.
    """

    graph: dict[str, str] = Field(min_length=1)
    replies: dict[str, str]


def read_task(folder: Path, task: str) -> Task:
    """Return a task's graph and replies.

    Raises
    ------
    FileError
        Its file is missing or broken.
    """
    path = folder / task / f"{task}.json"
    try:
        return Task.model_validate(read_data(path, "json"))
    except ValidationError as error:
        raise FileError(path, f"is not in STAR's format: {first_problem(error)}") from error


def read_responses(folder: Path, task: str) -> dict[str, str]:
    """Return what the wizard of a task may say: label to text, with NAME for ``{name:s}``, without "out_of_scope".

    Raises
    ------
    FileError
        The file is missing or broken.
    """
    path = folder / task / "responses.json"
    try:
        responses = _RESPONSES.validate_python(read_data(path, "json"))
    except ValidationError as error:
        raise FileError(path, f"is not in STAR's format: {first_problem(error)}") from error
    return {
        label: _FIELD.sub(lambda match: match[1].upper(), text)
        for label, text in responses.items()
        if label != "out_of_scope"
    }


def digest(data: Any) -> str:
    """Return the beginning of a SHA-256 of JSON data, in which the order of keys does not matter."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:12]
