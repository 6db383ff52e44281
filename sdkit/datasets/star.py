"""The STAR data set: 6,652 dialogues between people, one of whom played the assistant, with scenarios and flowcharts.

The method names and the texts for models are those of the workshop notebook that sdkit grew from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from sdkit.datasets import star_files, star_texts
from sdkit.datasets.star_files import SHOWN, SYSTEM, USER, Scenario
from sdkit.datasets.star_folder import Id, Seen, StarFolder
from sdkit.datasets.star_index import Entry
from sdkit.describing import nearest
from sdkit.dialog import Dialog, Turn
from sdkit.errors import FileError, InputError
from sdkit.flowchart import Flowchart
from sdkit.personas import Persona
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

    from sdkit.agents import PersonaAgent
    from sdkit.batch import Batch
    from sdkit.datasets import star_batch
    from sdkit.llm.spec import ModelSpec


class StarDataset(StarFolder):
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

    # -- dialogues ----------------------------------------------------------------------------------------------------

    def get_dialog(self, id: Id) -> Dialog:
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
        return star_files.dialog_of(self._dialogues, self._read(id))

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
        folder = self._dialogues

        def seen(entry: Entry, data: dict[str, Any]) -> None:
            if all(test(entry) for test in tests):
                read[entry.id] = star_files.dialog_of(folder, data)

        tests = self._tests(domain, task_name, happy=happy, multitask=multitask, complete=complete)
        found = self._found(tests, domain, seen)
        return [
            read[number] if number in read else star_files.dialog_of(folder, star_files.read_dialog(folder, number))
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
        tests = self._tests(domain, task_name, happy=happy, multitask=multitask, complete=complete)
        return self._found(tests, domain)

    def _tests(self, domain: str | None, task_name: str | None, **flags: bool | None) -> list[Callable[[Entry], bool]]:
        tests: list[Callable[[Entry], bool]] = []
        if domain is not None:
            tests.append(lambda entry: domain in entry.domains)
        if task_name is not None:
            self._checked_task(task_name)
            tests.append(lambda entry: task_name in entry.tasks)
        for name, value in flags.items():
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

    def get_dialog_scenario(self, id: Id) -> dict[str, Any]:
        """Return the scenario of a dialogue, as it is in the file."""
        return dict(self._read(id)["Scenario"])

    def get_dialog_events(self, id: Id) -> list[dict[str, Any]]:
        """Return all events of a dialogue, as they are in the file: queries and results too, which have no text."""
        return list(self._read(id)["Events"])

    def get_dialog_first_turn(self, id: Id, speaker: str | None = None) -> Turn | None:
        """Return the first turn, or the first one of a speaker: "User" or "System"; None if there is none."""
        if speaker not in {None, USER, SYSTEM, "Wizard"}:
            raise InputError(f"{speaker!r} does not speak in this data set; give {USER!r}, {SYSTEM!r} or None")
        wanted = SYSTEM if speaker == "Wizard" else speaker
        return next((turn for turn in self.get_dialog(id) if wanted in {None, turn.speaker}), None)

    def get_dialog_user_instructions(self, id: Id) -> dict[int, str]:
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

    def get_dialog_task_names(self, id: Id) -> list[str]:
        """Return the names of the tasks that the wizard could do."""
        return Scenario.of(self.get_dialog_scenario(id)).tasks

    def get_dialog_graphs(self, id: Id) -> dict[str, str]:
        """Return the flowchart of each task of a dialogue, as DOT text, by the task's name."""
        return {task: self.read_graph(task) for task in self.get_dialog_task_names(id)}

    def get_dialog_responses(self, id: Id) -> dict[str, dict[str, str]]:
        """Return what the wizard could say in each task of a dialogue: label to text, by the task's name."""
        return {task: self.read_graph_responses(task, as_dict=True) for task in self.get_dialog_task_names(id)}

    # -- tasks --------------------------------------------------------------------------------------------------------

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

    def contents(self) -> str:
        """Say in a line what synthetic dialogues are made from here: how much, and a SHA-256.

        It is that of all scenarios, flowcharts and responses; what was said in the dialogues does not count.

        Raises
        ------
        FileError
            A file of the data set is broken.
        """
        scenarios = [(entry.id, entry.scenario) for entry in self._entries()]
        read = [
            (task, star_files.read_task(self._tasks, task).graph, star_files.read_responses(self._tasks, task))
            for task in self.tasks()
        ]
        # Here, other than in a scenario, the order of keys is part of what a model reads.
        tasks = [(task, list(graph.items()), list(responses.items())) for task, graph, responses in read]
        return f"{len(scenarios)} scenarios, {len(tasks)} tasks, SHA-256 {star_files.digest([scenarios, tasks])}"

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
        try:
            return Flowchart(task, about.graph, responses, about.replies)
        except InputError as error:
            raise FileError(self._tasks / task, f"is broken: {error}") from error

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

    def get_dialog_scenario_description(self, id: Id) -> tuple[dict[str, Any], str]:
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
        ids: Iterable[Id],
        to: str | Path,
        model: ModelSpec = None,
        how: star_batch.How = "description",
        **options: Any,
    ) -> Batch:
        """Return a batch that makes a synthetic dialogue for the scenario of each of these dialogues.

        It stays with the folder of now, whatever `set_path` says later. What it began with is in its ``batch.json``: it
        is not gone on with after a change of the data set (see `contents`), the model, its options, or `how`.

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
        FileError
            A file of the data set is broken.
        ModelError
            The model cannot be used.

        Examples
        --------
        >>> ids = STAR.get_ids(task_name="doctor_followup", happy=True, multitask=False)
        >>> STAR.batch(ids, "output/STAR/full-generation", seed="id").run()  # doctest: +SKIP
        """
        from sdkit.datasets import star_batch

        if isinstance(ids, str | bytes) or not isinstance(ids, Iterable):
            raise InputError(f"ids={ids!r:.80}: give a list of ids, such as [1], or what get_ids returns")
        return star_batch.batch(self, [self._checked_id(number) for number in ids], to, model, how, **options)

    def _tasks_of(self, scenario: Scenario) -> list[star_texts.TaskOfScenario]:
        return [
            star_texts.TaskOfScenario(self.flowchart(capability.Task), capability.Domain)
            for capability in scenario.WizardCapabilities
        ]


STAR = StarDataset()
"""A ready data set: say where it is by ``STAR.set_path("datasets/star-mini")``."""
