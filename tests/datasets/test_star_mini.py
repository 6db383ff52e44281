"""`datasets/star-mini` is what its README says. All is read as plain JSON, so that no reader of ours hides a slip."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]

MINI = Path(__file__).parents[2] / "datasets" / "star-mini"
KEYS = {
    "AnonymizedUserWorkerID": str,
    "AnonymizedWizardWorkerID": str,
    "BatchID": str,
    "CompletionLevel": str,
    "DialogueID": int,
    "Events": list,
    "FORMAT-VERSION": int,
    "IntroducesConflicts": bool,
    "Scenario": dict,
    "UserQuestionnaire": list,
    "WizardQuestionnaire": list,
}
ITEMS = {"PrimaryItem", "SecondaryItem"}
# What an event has besides Agent and Action: what it must have, what it may have.
EVENT_KEYS: dict[tuple[str, str], tuple[set[str], set[str]]] = {
    ("User", "utter"): ({"Text", "UnixTime"}, set()),
    ("User", "complete"): ({"UnixTime"}, set()),
    ("UserGuide", "instruct"): ({"Text", "UnixTime"}, set()),
    ("Wizard", "utter"): ({"Text", "UnixTime"}, ITEMS | {"ActionLabel"}),
    ("Wizard", "request_suggestions"): ({"Text", "UnixTime"}, ITEMS),
    ("Wizard", "pick_suggestion"): (
        {"Text", "ActionLabel", "ActionLabelOptions", "UnixTime"},
        ITEMS | {"PostAnnotation"},
    ),
    ("Wizard", "query"): ({"APIName", "Constraints", "UnixTime"}, ITEMS),
    ("Wizard", "select_task"): ({"Task", "UnixTime"}, ITEMS),
    ("Wizard", "select_primary"): ({"UnixTime"}, ITEMS),
    ("Wizard", "select_secondary"): ({"UnixTime"}, ITEMS),
    ("KnowledgeBase", "return_item"): ({"APIName", "TotalItems"}, {"Item"}),
}


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


DIALOGUES: dict[int, Json] = {int(path.stem): load(path) for path in (MINI / "dialogues").glob("*.json")}
TASKS: dict[str, Json] = {folder.name: load(folder / f"{folder.name}.json") for folder in (MINI / "tasks").iterdir()}
RESPONSES: dict[str, dict[str, str]] = {task: load(MINI / "tasks" / task / "responses.json") for task in TASKS}
LABELS = {label for responses in RESPONSES.values() for label in responses}


def of(dialogue: Json, *actions: str) -> list[Json]:
    return [event for event in dialogue["Events"] if event["Action"] in actions]


def shown(dialogue: Json) -> list[Json]:
    return of(dialogue, "utter", "pick_suggestion")


def agents(dialogue: Json) -> list[str]:
    return [turn["Agent"] for turn in shown(dialogue)]


def says(pattern: str, *actions: str) -> Callable[[Json], bool]:
    def said(dialogue: Json) -> bool:
        return any(
            re.search(pattern, event["Text"]) for event in of(dialogue, *(actions or ("utter", "pick_suggestion")))
        )

    return said


def level(name: str) -> Callable[[Json], bool]:
    return lambda dialogue: dialogue["CompletionLevel"] == name


def options(count: int) -> Callable[[Json], bool]:
    return lambda dialogue: any(len(e["ActionLabelOptions"]) == count for e in of(dialogue, "pick_suggestion"))


def tasks(dialogue: Json) -> list[str]:
    return [capability["Task"] for capability in dialogue["Scenario"]["WizardCapabilities"]]


def instructed_twice_at_a_turn(dialogue: Json) -> bool:
    turns_before, at = 0, Counter[int]()
    for event in dialogue["Events"]:
        turns_before += event["Agent"] == "User" and event["Action"] == "utter"
        at[turns_before] += event["Action"] == "instruct"
    return max(at.values(), default=0) > 1


# The README's table of irregularities: its first column, and what is true of just the dialogues in its second.
IRREGULAR: dict[str, Callable[[Json], bool]] = {
    "the domain is null (trivia)": lambda d: d["Scenario"]["Domains"] == [None],
    'trivia, with the domain "trivia"': lambda d: "trivia" in d["Scenario"]["Domains"],
    "more than one domain": lambda d: len(d["Scenario"]["Domains"]) > 1,
    "`Events` is empty": lambda d: d["Events"] == [],
    "no shown turn, though `Complete`": lambda d: not shown(d) and level("Complete")(d),
    "no shown turn, with `EarlyDisconnectDuringDialogue`": (
        lambda d: not shown(d) and level("EarlyDisconnectDuringDialogue")(d)
    ),
    "only the user speaks": lambda d: set(agents(d)) == {"User"},
    "the user has the last word, and the dialogue is `Complete`": (
        lambda d: agents(d)[-1:] == ["User"] and level("Complete")(d)
    ),
    "two turns in a row by one speaker": lambda d: any(a == b for a, b in pairwise(agents(d))),
    "`EarlyDisconnectDuringDialogue`": level("EarlyDisconnectDuringDialogue"),
    "`DisconnectDuringDialogue`": level("DisconnectDuringDialogue"),
    "`DisconnectDuringQuestionnaire`": level("DisconnectDuringQuestionnaire"),
    "blanks before or after a shown text": says(r"\A\s|\s\Z"),
    "a line break inside a picked suggestion": says(r"\n", "pick_suggestion"),
    "a tab inside a picked suggestion": says(r"\t", "pick_suggestion"),
    "letters outside ASCII in a shown text": says(r"[^\x00-\x7f]"),
    'a "<" in a shown text': says("<"),
    'a "{" in a shown text': says("{"),
    "an action label that no `responses.json` has": (
        lambda d: any(event["ActionLabel"] not in LABELS for event in of(d, "pick_suggestion"))
    ),
    "free text of the wizard that has an action label": lambda d: any("ActionLabel" in e for e in of(d, "utter")),
    "1 action label to choose from": options(1),
    "2 action labels to choose from": options(2),
    "6 action labels to choose from": options(6),
    "a suggestion with a later remark, `PostAnnotation`": (
        lambda d: any("PostAnnotation" in event for event in of(d, "pick_suggestion"))
    ),
    "a look-up that finds nothing: no `Item`, `TotalItems` 0": (
        lambda d: any("Item" not in event and event["TotalItems"] == 0 for event in of(d, "return_item"))
    ),
    "`select_primary` or `select_secondary`": lambda d: bool(of(d, "select_primary", "select_secondary")),
    "happy, with instructions of the user guide": lambda d: d["Scenario"]["Happy"] and bool(of(d, "instruct")),
    "unhappy, without instructions of the user guide": (
        lambda d: not d["Scenario"]["Happy"] and not of(d, "instruct") and bool(d["Events"])
    ),
    "two instructions at one turn of the user": instructed_twice_at_a_turn,
    "`IntroducesConflicts`": lambda d: d["IntroducesConflicts"],
    "`WizardQuestionnaire` of 4": lambda d: len(d["WizardQuestionnaire"]) == 4,
    "`WizardQuestionnaire` of 1": lambda d: len(d["WizardQuestionnaire"]) == 1,
    "`UserQuestionnaire` of 3": lambda d: len(d["UserQuestionnaire"]) == 3,
    "`UserQuestionnaire` without `WizardQuestionnaire`": (
        lambda d: bool(d["UserQuestionnaire"]) and not d["WizardQuestionnaire"]
    ),
}


def in_no_edge(task: str) -> set[str]:
    graph = TASKS[task]["graph"]
    return set(TASKS[task]["replies"]) - set(graph) - set(graph.values()) - {"anything_else", "out_of_scope"}


def has_loose_ends(task: str) -> bool:
    graph = TASKS[task]["graph"]
    return len(set(graph) - set(graph.values())) > 1


def differing(task: str) -> set[str]:
    replies = TASKS[task]["replies"]
    return {label for label, text in RESPONSES[task].items() if replies.get(label, text) != text}


IRREGULAR_TASKS: dict[str, Callable[[str], bool]] = {
    "the inner `task` is not the name of the folder": lambda task: TASKS[task]["task"] != task,
    "condition nodes (yes, available, ...) without an edge to them": has_loose_ends,
    "two edges to one node": lambda task: max(Counter(TASKS[task]["graph"].values()).values()) > 1,
    "a reply that is in no edge": lambda task: bool(in_no_edge(task)),
    "a node that says something but is not in `responses.json`": (
        lambda task: any(label not in RESPONSES[task] and "_inform_" in label for label in TASKS[task]["replies"])
    ),
    "a label that only `responses.json` has": lambda task: not set(RESPONSES[task]) <= set(TASKS[task]["replies"]),
    "one label, another text in `responses.json`": lambda task: bool(differing(task)),
    "line breaks in a reply": lambda task: any("\n" in text for text in TASKS[task]["replies"].values()),
}


def table(heading: str) -> dict[str, list[str]]:
    """Return the README's table under a heading: first cell of a row to the others."""
    section = (MINI / "README.md").read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return {first: rest for first, *rest in rows[2:]}


def counts(task: str) -> list[int]:
    kinds = [(d["Scenario"]["Happy"], d["Scenario"]["MultiTask"]) for d in DIALOGUES.values() if task in tasks(d)]
    return [len(kinds), *map(kinds.count, [(True, False), (False, False), (False, True)])]


# -- the files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", sorted(DIALOGUES))
def test_a_dialogue_has_the_keys_and_the_events_of_star(number: int) -> None:
    dialogue = DIALOGUES[number]
    assert {key: type(value) for key, value in dialogue.items()} == KEYS
    assert (dialogue["DialogueID"], dialogue["FORMAT-VERSION"]) == (number, 7)
    for event in dialogue["Events"]:
        must, may = EVENT_KEYS[event["Agent"], event["Action"]]
        assert must <= set(event) - {"Agent", "Action"} <= must | may
        assert event.get("Text") != ""
        assert event.get("ActionLabel") in event.get("ActionLabelOptions", [event.get("ActionLabel")])
    times = [event["UnixTime"] for event in dialogue["Events"] if "UnixTime" in event]
    assert times == sorted(times)
    assert agents(dialogue)[:1] in ([], ["User"])
    assert len(shown(dialogue)) <= 16


@pytest.mark.parametrize("number", sorted(DIALOGUES))
def test_a_scenario_agrees_with_itself(number: int) -> None:
    scenario = DIALOGUES[number]["Scenario"]
    assert set(scenario) == {"Domains", "Happy", "MultiTask", "UserTask", "WizardTask", "WizardCapabilities"}
    assert scenario["MultiTask"] == (len(scenario["WizardCapabilities"]) > 1)
    assert not (scenario["Happy"] and scenario["MultiTask"])
    assert set(scenario["Domains"]) == {capability["Domain"] for capability in scenario["WizardCapabilities"]}
    for capability in scenario["WizardCapabilities"]:
        assert capability["Task"] in TASKS
        assert capability["SchemaImage"] == f"{capability['Task']}.jpg"
    assert scenario["UserTask"]
    assert scenario["WizardTask"]


@pytest.mark.parametrize("number", sorted(DIALOGUES))
def test_instructions_are_numbered(number: int) -> None:
    texts = [event["Text"] for event in of(DIALOGUES[number], "instruct")]
    for k, text in enumerate(texts, start=1):
        assert text.endswith(f"[instruction {k} of {len(texts)}]")


@pytest.mark.parametrize("task", sorted(TASKS))
def test_a_task_has_a_graph_over_its_replies(task: str) -> None:
    assert set(TASKS[task]) == {"task", "replies", "graph"}
    graph, replies = TASKS[task]["graph"], TASKS[task]["replies"]
    assert set(graph) | set(graph.values()) <= set(replies)
    assert "out_of_scope" in RESPONSES[task]
    for start in graph:
        path = [start]
        while path[-1] in graph:
            path.append(graph[path[-1]])
            assert len(path) <= len(replies), f"a cycle: {path}"


def test_the_flow_of_a_follow_up_is_the_one_of_the_workshop() -> None:
    nodes = [
        "hello",
        "ask_name",
        "doctor_ask_doctor_name",
        "query",
        "doctor_inform_doctors_instructions",
        "anything_else",
    ]
    assert TASKS["doctor_followup"]["graph"] == dict(pairwise(nodes))
    assert in_no_edge("doctor_followup") >= {"doctor_bye"}


def test_the_files_are_small_and_readable() -> None:
    files = [path for path in MINI.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 600_000
    for path in files:
        if path.suffix == ".json":
            text = json.dumps(load(path), indent=2, ensure_ascii=False) + "\n"
            assert path.read_text(encoding="utf-8") == text


# -- the README --------------------------------------------------------------------------------------------------------


def test_the_readme_says_that_this_is_not_star_and_where_star_is() -> None:
    text = (MINI / "README.md").read_text(encoding="utf-8")
    for part in ("This is not STAR", "arXiv:2010.11853", "python -m sdkit data get star", "MIT"):
        assert part in text
    domains = {domain for d in DIALOGUES.values() for domain in d["Scenario"]["Domains"]} - {None}
    assert f"{len(DIALOGUES)} dialogues, {len(TASKS)} tasks, {len(domains)} domains" in text


def test_the_readme_counts_the_dialogues_of_each_task() -> None:
    assert {task: list(map(int, cells)) for task, cells in table("Tasks").items()} == {
        task: counts(task) for task in sorted(TASKS)
    }


@pytest.mark.parametrize("irregularity", IRREGULAR)
def test_the_readme_names_the_dialogues_of_each_irregularity(irregularity: str) -> None:
    found = [number for number, dialogue in sorted(DIALOGUES.items()) if IRREGULAR[irregularity](dialogue)]
    assert found
    assert table("Irregular on purpose: dialogues")[irregularity] == [", ".join(map(str, found))]


@pytest.mark.parametrize("irregularity", IRREGULAR_TASKS)
def test_the_readme_names_the_tasks_of_each_irregularity(irregularity: str) -> None:
    found = [task for task in sorted(TASKS) if IRREGULAR_TASKS[irregularity](task)]
    assert found
    assert table("Irregular on purpose: tasks")[irregularity] == [", ".join(found)]


def test_the_readme_names_no_other_irregularity() -> None:
    assert list(table("Irregular on purpose: dialogues")) == list(IRREGULAR)
    assert list(table("Irregular on purpose: tasks")) == list(IRREGULAR_TASKS)


# -- what lessons need, and what is ours -------------------------------------------------------------------------------


def test_there_is_enough_for_the_lessons() -> None:
    assert len(DIALOGUES) >= 48
    assert counts("doctor_followup")[1] >= 10
    assert {"doctor_followup", "plane_search", "plane_book", "weather", "trivia"} <= set(TASKS)
    assert tasks(DIALOGUES[1]) == ["doctor_followup"]
    assert DIALOGUES[1]["Scenario"]["Happy"]
    assert tasks(DIALOGUES[5100]) == ["plane_search", "plane_book", "weather"]
    assert DIALOGUES[5100]["Scenario"]["Domains"] == ["plane", "weather"]
    assert not DIALOGUES[5100]["Scenario"]["Happy"]


def texts_of(root: Path) -> Iterator[str]:
    """Give each text of a data set: of events and scenarios, questions, items, replies and responses."""
    for path in (root / "dialogues").glob("*.json"):
        dialogue = load(path)
        yield from (dialogue["Scenario"]["UserTask"], dialogue["Scenario"]["WizardTask"])
        yield from (entry["Question"] for who in ("User", "Wizard") for entry in dialogue[f"{who}Questionnaire"])
        for event in dialogue["Events"]:
            yield event.get("Text", "")
            yield from (value for value in event.get("Item", {}).values() if isinstance(value, str))
    for path in (root / "tasks").glob("*/*.json"):
        content = load(path)
        yield from content.get("replies", content).values()


def sentences(root: Path, words: int) -> set[str]:
    parts = (re.findall(r"[\w']+", part) for text in texts_of(root) for part in re.split(r"[.!?\n]+", text.lower()))
    return {" ".join(part) for part in parts if len(part) >= words}


def test_no_sentence_is_taken_from_star(real_star: Path) -> None:
    ours, theirs = sentences(MINI, 6), sentences(real_star, 6)
    assert len(ours) > 400
    assert len(theirs) > 10_000
    assert ours & theirs == set()
