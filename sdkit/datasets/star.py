"""The STAR data set: 6,652 dialogues between people, one of whom played the assistant, with scenarios and flowcharts.

The method names and the texts for models are those of the workshop notebook that sdkit grew from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from sdkit.datasets import star_files, star_texts
from sdkit.datasets.star_files import SHOWN, Scenario, nearest
from sdkit.datasets.star_index import Entry, Index, ids
from sdkit.dialog import Dialog, Turn
from sdkit.errors import InputError
from sdkit.flowchart import Flowchart
from sdkit.personas import Persona
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

    from sdkit.agents import PersonaAgent
    from sdkit.batch import Batch
    from sdkit.datasets import star_batch
    from sdkit.llm.spec import ModelSpec

USER, SYSTEM = "User", "System"
_FOLDERS = ("dialogues", "tasks")
_FETCH = "`python -m sdkit data get star` fetches STAR"
Seen = Callable[[Entry, dict[str, Any]], None]


class StarDataset:
    """A folder in the format of STAR (arXiv:2010.11853): ``dialogues/N.json`` and ``tasks/TASK/``. It is only read.

    `STAR` is a ready one. Several can be open at once. What the dialogues are about is read once and kept; files that
    have changed since are read again.

    Parameters
    ----------
    path
        The folder; can be given later, to `set_path`.

    Examples
    --------
    >>> from sdkit.datasets import STAR
    >>> STAR.set_path("datasets/star-mini")
    >>> STAR.get_dialog(1).print()  # doctest: +SKIP
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._path: Path | None = None
        self._index: Index | None = None
        if path is not None:
            self.set_path(path)

    def __repr__(self) -> str:
        """Name the folder."""
        return f"{type(self).__name__}({'' if self._path is None else repr(str(self._path))})"

    # -- where it is --------------------------------------------------------------------------------------------------

    @property
    def path(self) -> Path:
        """The folder.

        Raises
        ------
        InputError
            None was set.
        """
        if self._path is None:
            raise InputError(
                'where is the data set? Say so first: STAR.set_path("datasets/STAR"), or "datasets/star-mini" for the '
                f"small one that comes with sdkit; {_FETCH}"
            )
        return self._path

    def set_path(self, path: str | Path) -> None:
        """Say where the data set is: the folder that holds ``dialogues`` and ``tasks``.

        Raises
        ------
        InputError
            It is not there, or not whole: says what is missing.
        """
        folder = Path(path).absolute()
        if problem := _missing(folder):
            raise InputError(f"{path}: {problem}")
        self._path, self._index = folder, Index(folder / "dialogues")

    @property
    def _dialogues(self) -> Path:
        return self.path / "dialogues"

    @property
    def _tasks(self) -> Path:
        return self.path / "tasks"

    def _entries(self, seen: Seen = lambda entry, data: None) -> list[Entry]:
        if self._index is None:
            self._index = Index(self._dialogues)  # which says that no path was set
        return self._index.refresh(seen)

    def _read(self, id: int | str) -> dict[str, Any]:
        return star_files.read_dialog(self._dialogues, self._checked_id(id))

    def _checked_id(self, id: int | str) -> int:
        text = str(id).strip() if isinstance(id, int | str) and not isinstance(id, bool) else ""
        if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
            raise InputError(f"{id!r} is no id of a dialogue; give a number, such as 1")
        if not (self._dialogues / f"{int(text)}.json").is_file():
            known = ids(self._dialogues)
            raise InputError(
                f"there is no dialogue {int(text)} in {self.path}; its {len(known):,} ids go from {known[0]} to "
                f"{known[-1]}"
            )
        return int(text)

    # -- dialogues ----------------------------------------------------------------------------------------------------

    def get_dialog(self, id: int | str) -> Dialog:
        """Return a dialogue.

        Its turns are what the other side got to see, its events all that has a text: hidden instructions and drafts
        too. The people who played the assistant, "Wizard" in the files, are "System".

        Raises
        ------
        InputError
            There is no dialogue of this id.
        FileError
            Its file is broken.
        """
        return star_files.dialog_of(self._read(id))

    def get_dialogs(
        self,
        domain: str | None = None,
        task_name: str | None = None,
        happy: bool | None = None,
        multitask: bool | None = None,
        complete: bool | None = None,
    ) -> list[Dialog]:
        """Return the dialogues for which all of this holds, sorted by id; what is None does not matter.

        Parameters
        ----------
        domain
            One of `domains`: it is among the domains of the scenario.
        task_name
            One of `tasks`: it is among the tasks that the wizard could do.
        happy
            Whether the user was to make no trouble.
        multitask
            Whether there was more than one task.
        complete
            Whether the two came to an end.

        Raises
        ------
        InputError
            There is no such domain or task; names the nearest ones.
        FileError
            A file of the data set is broken.
        """
        read: dict[int, Dialog] = {}

        def seen(entry: Entry, data: dict[str, Any]) -> None:
            if all(test(entry) for test in tests):
                read[entry.id] = star_files.dialog_of(data)

        tests = self._tests(domain, task_name, happy, multitask, complete)
        found = self._found(tests, domain, seen)
        folder = self._dialogues
        return [
            read[number] if number in read else star_files.dialog_of(star_files.read_dialog(folder, number))
            for number in found
        ]

    def get_ids(
        self,
        domain: str | None = None,
        task_name: str | None = None,
        happy: bool | None = None,
        multitask: bool | None = None,
        complete: bool | None = None,
    ) -> list[int]:
        """Return the ids of what `get_dialogs` returns; without reading the dialogues, once the index is there."""
        return self._found(self._tests(domain, task_name, happy, multitask, complete), domain)

    def _tests(
        self,
        domain: str | None,
        task_name: str | None,
        happy: bool | None,
        multitask: bool | None,
        complete: bool | None,
    ) -> list[Callable[[Entry], bool]]:
        tests: list[Callable[[Entry], bool]] = []
        if domain is not None:
            tests.append(lambda entry: domain in entry.domains)
        if task_name is not None:
            self._checked_task(task_name)
            tests.append(lambda entry: task_name in entry.tasks)
        for name, value in (("happy", happy), ("multitask", multitask), ("complete", complete)):
            if value is not None and not isinstance(value, bool):
                raise InputError(f"{name}={value!r}: give True, False, or None for either")
            if value is not None:
                tests.append(lambda entry, name=name, value=value: getattr(entry, name) is value)  # type: ignore[misc]
        return tests

    def _found(
        self, tests: Sequence[Callable[[Entry], bool]], domain: str | None, seen: Seen = lambda entry, data: None
    ) -> list[int]:
        entries = self._entries(seen)
        for test in tests:
            entries = [entry for entry in entries if test(entry)]
        found = [entry.id for entry in entries]
        if domain is not None and not found and domain not in (known := self.domains()):
            raise InputError(f"there is no domain {domain!r}{nearest(str(domain), known)}")
        return found

    def get_dialog_scenario(self, id: int | str) -> dict[str, Any]:
        """Return the scenario of a dialogue, as it is in the file."""
        return dict(self._read(id)["Scenario"])

    def get_dialog_events(self, id: int | str) -> list[dict[str, Any]]:
        """Return all events of a dialogue, as they are in the file: queries and results too, which have no text."""
        return list(self._read(id)["Events"])

    def get_dialog_first_turn(self, id: int | str, speaker: str | None = None) -> Turn | None:
        """Return the first turn, or the first one of a speaker: "User" or "System"; None if there is none."""
        if speaker not in {None, USER, SYSTEM, "Wizard"}:
            raise InputError(f"{speaker!r} does not speak in this data set; give {USER!r}, {SYSTEM!r} or None")
        wanted = SYSTEM if speaker == "Wizard" else speaker
        return next((turn for turn in self.get_dialog(id) if wanted in {None, turn.speaker}), None)

    def get_dialog_user_instructions(self, id: int | str) -> dict[int, str]:
        """Return what the user was told to do on the way.

        Returns
        -------
        dict
            How many turns the user had taken before, and the instruction; several at one place are lines of one text.
        """
        instructions: dict[int, str] = {}
        said = 0
        for event in self._read(id)["Events"]:
            if event["Agent"] == USER and event["Action"] in SHOWN:
                said += 1
            elif event["Action"] == "instruct":
                instructions[said] = f"{instructions[said]}\n{event['Text']}" if said in instructions else event["Text"]
        return instructions

    def get_dialog_task_names(self, id: int | str) -> list[str]:
        """Return the names of the tasks that the wizard could do."""
        return Scenario.of(self.get_dialog_scenario(id)).tasks

    def get_dialog_graphs(self, id: int | str) -> dict[str, str]:
        """Return the flowchart of each task of a dialogue, as DOT text, by the task's name."""
        return {task: self.read_graph(task) for task in self.get_dialog_task_names(id)}

    def get_dialog_responses(self, id: int | str) -> dict[str, dict[str, str]]:
        """Return what the wizard could say in each task of a dialogue: label to text, by the task's name."""
        return {task: self.read_graph_responses(task, as_dict=True) for task in self.get_dialog_task_names(id)}

    # -- tasks --------------------------------------------------------------------------------------------------------

    def tasks(self) -> list[str]:
        """Return the names of all tasks, sorted. A name is that of the task's folder, whatever its file says."""
        return sorted(folder.name for folder in self._tasks.iterdir() if (folder / f"{folder.name}.json").is_file())

    def domains(self) -> list[str]:
        """Return the names of all domains, sorted."""
        return sorted({domain for entry in self._entries() for domain in entry.domains})

    def summary(self) -> pandas.DataFrame:
        """Return how many dialogues there are of each task.

        Returns
        -------
        pandas.DataFrame
            One row a task, by its name; columns ``dialogues``, ``happy_single``, ``unhappy_single``, ``unhappy_multi``,
            ``complete``, ``without_turns`` (numbers of dialogues) and ``turns`` (the mean). Dialogues of several tasks
            count for each of them.

        Raises
        ------
        MissingPackageError
            pandas is not installed.
        """
        rows = [
            (
                task,
                not entry.multitask and entry.happy,
                not entry.multitask and not entry.happy,
                entry.multitask and not entry.happy,
                entry.complete,
                entry.turns == 0,
                entry.turns,
            )
            for entry in self._entries()
            for task in dict.fromkeys(entry.tasks)
        ]
        names = ["task", "happy_single", "unhappy_single", "unhappy_multi", "complete", "without_turns", "turns"]
        groups = frame("a data set", rows, names).groupby("task")
        table = groups[names[1:-1]].sum().astype(int)
        table.insert(0, "dialogues", groups.size())
        table["turns"] = groups["turns"].mean().round(1)
        return table

    def flowchart(self, task: str) -> Flowchart:
        """Return the flowchart of a task.

        Raises
        ------
        InputError
            There is no such task; names the nearest ones.
        FileError
            A file of the task is missing or broken.
        """
        about = star_files.read_task(self._tasks, self._checked_task(task))
        responses = star_files.read_responses(self._tasks, task)
        return Flowchart(task, about.graph, responses, about.replies)

    @overload
    def read_graph(self, task: str, as_dot: Literal[True] = True) -> str: ...
    @overload
    def read_graph(self, task: str, as_dot: Literal[False]) -> dict[str, str]: ...
    def read_graph(self, task: str, as_dot: bool = True) -> str | dict[str, str]:
        """Return the flowchart of a task as DOT text, or as a dict: node to its successor."""
        return (
            self.flowchart(task).dot() if as_dot else star_files.read_task(self._tasks, self._checked_task(task)).graph
        )

    @overload
    def read_graph_responses(self, task: str, as_dict: Literal[False] = False) -> str: ...
    @overload
    def read_graph_responses(self, task: str, as_dict: Literal[True]) -> dict[str, str]: ...
    def read_graph_responses(self, task: str, as_dict: bool = False) -> str | dict[str, str]:
        """Return what the wizard of a task may say, as JSON text or as a dict: label to text.

        What is filled in when it is said stands in capitals: "Your name is NAME." The response "out_of_scope" is left
        out.
        """
        responses = star_files.read_responses(self._tasks, self._checked_task(task))
        return responses if as_dict else json.dumps(responses, indent=2, ensure_ascii=False)

    def _checked_task(self, task: str) -> str:
        if task not in (known := self.tasks()):
            raise InputError(f"there is no task {task!r}{nearest(str(task), known)}")
        return task

    # -- what a model reads -------------------------------------------------------------------------------------------

    def get_scenario_description(self, scenario: Mapping[str, Any]) -> str:
        """Return a scenario in words, with the flowcharts of its tasks: the details for a `DialogGenerator`.

        Raises
        ------
        InputError
            This is no scenario in STAR's form, or names a task that there is not.
        """
        checked = Scenario.of(scenario)
        return star_texts.description(checked, self._tasks_of(checked))

    def get_dialog_scenario_description(self, id: int | str) -> tuple[dict[str, Any], str]:
        """Return the scenario of a dialogue, and `get_scenario_description` of it."""
        scenario = self.get_dialog_scenario(id)
        return scenario, self.get_scenario_description(scenario)

    def get_user_persona_for_scenario(self, scenario: Mapping[str, Any]) -> Persona:
        """Return who the user of a scenario is; speaks as "User"."""
        checked = Scenario.of(scenario)
        return Persona(role=star_texts.user_role(checked), circumstances=checked.UserTask).labelled(USER)

    def get_system_persona_for_scenario(self, scenario: Mapping[str, Any]) -> Persona:
        """Return who the assistant of a scenario is, and the flowcharts that it goes by; speaks as "System"."""
        checked = Scenario.of(scenario)
        role = star_texts.system_role(self._tasks_of(checked))
        return Persona(role=role, circumstances=checked.WizardTask).labelled(SYSTEM)

    def get_agents_for_scenario(
        self, scenario: Mapping[str, Any], model: ModelSpec = None
    ) -> tuple[PersonaAgent, PersonaAgent]:
        """Return the assistant and the user of a scenario, ready to talk: ``system.talk_with(user)``."""
        from sdkit.agents import PersonaAgent

        system = self.get_system_persona_for_scenario(scenario)
        return PersonaAgent(system, model), PersonaAgent(self.get_user_persona_for_scenario(scenario), model)

    # -- many dialogues -----------------------------------------------------------------------------------------------

    def batch(
        self,
        ids: Iterable[int | str],
        to: str | Path,
        model: ModelSpec = None,
        how: star_batch.How = "description",
        **options: Any,
    ) -> Batch:
        """Return a batch that makes a synthetic dialogue for the scenario of each of these dialogues.

        Parameters
        ----------
        ids
            The ids of the dialogues, such as `get_ids` returns.
        to
            A folder, which gets ``json/ID.json`` and ``txt/ID.txt``, or one file that ends in ``.jsonl``.
        model
            Which model; None for `sdkit.default_model`.
        how
            "description": one request from `get_scenario_description`. "personas": one request from the two personas.
            "turns": the two personas talk turn by turn.
        **options
            Those of `sdkit.batch.Batch`, such as ``seed="id"`` or ``minutes=10``.

        Raises
        ------
        InputError
            Arguments that cannot work.
        ModelError
            The model cannot be used.

        Examples
        --------
        >>> ids = STAR.get_ids(task_name="doctor_followup", happy=True, multitask=False)
        >>> STAR.batch(ids, "output/STAR/full-generation", seed="id").run()  # doctest: +SKIP
        """
        from sdkit.datasets import star_batch

        return star_batch.batch(self, [self._checked_id(number) for number in ids], to, model, how, **options)

    def _tasks_of(self, scenario: Scenario) -> list[star_texts.TaskOfScenario]:
        return [
            star_texts.TaskOfScenario(self.flowchart(capability.Task), capability.Domain)
            for capability in scenario.WizardCapabilities
        ]


def _missing(folder: Path) -> str:
    """Say what is missing in a folder that should hold a data set; nothing if all is there."""
    if not folder.is_dir():
        beside = [path.name for path in folder.parent.iterdir() if path.is_dir()] if folder.parent.is_dir() else []
        near = nearest(folder.name, beside) if beside else ""
        return f"there is no such folder{near}; {_FETCH}"
    if missing := [name for name in _FOLDERS if not (folder / name).is_dir()]:
        whole = [other for other in (folder.parent, *sorted(folder.iterdir())) if _holds_both(other)]
        hint = f"did you mean {whole[0]}?" if whole else _FETCH
        return f"there is no folder {' and no folder '.join(missing)} in it; {hint}"
    if not ids(folder / "dialogues"):
        return "there is no dialogue in its folder dialogues (1.json, 2.json, ...)"
    tasks = sorted(path for path in (folder / "tasks").iterdir() if path.is_dir())
    files = [task / name for task in tasks for name in (f"{task.name}.json", "responses.json")]
    if lost := [file for file in files if not file.is_file()]:
        return f"the data set is not whole: there is no {lost[0].name} in its folder tasks/{lost[0].parent.name}"
    return "" if tasks else "there is no task in its folder tasks"


def _holds_both(folder: Path) -> bool:
    return all((folder / name).is_dir() for name in _FOLDERS)


STAR = StarDataset()
"""A ready data set: say where it is by ``STAR.set_path("datasets/star-mini")``."""
