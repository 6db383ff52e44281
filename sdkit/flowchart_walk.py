"""A dialogue's way through the flowcharts of its tasks, one thing said after the other."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence

from sdkit.flowchart import Flowchart

_RESULT = re.compile(r"query|(un)?available$")  # the names of what comes out of a query
_ANSWER = re.compile(r"(yes|no)$")


def following(chart: Flowchart, node: str | None = None) -> dict[str, list[str]]:
    """Return what the system may say next.

    That is where an edge leads, directly or through conditions. Where the chart breaks off, it goes on at heads:
    after a condition at all but answers (yes, no), after an utterance at all but results of a query (available,
    query_success), or at the beginning. There the start may be left out, for the user has spoken first.

    Parameters
    ----------
    node
        What the system has said; None for nothing yet.

    Returns
    -------
    dict
        From each utterance to the nodes on the way to it, itself included.

    Raises
    ------
    InputError
        The node is not in the chart.
    """
    chart.steps([] if node is None else [node])  # refuses what is not in it
    conditions = set(chart.conditions)
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    ways = [[chart.start]] if node is None else [[target] for target in _onward(chart, node)]
    while ways:
        way = ways.pop(0)
        last = way[-1]
        if last in seen:
            continue
        seen.add(last)
        if last in conditions:
            ways += [[*way, target] for target in _onward(chart, last)]
            continue
        found[last] = way
        if last == chart.start and (node is None or node not in chart.graph) and last in chart.graph:
            ways.append([chart.graph[last]])
    return found


def _onward(chart: Flowchart, node: str) -> list[str]:
    if node in chart.graph:
        return [chart.graph[node]]
    if node in chart.conditions:
        return [head for head in chart.heads if not _ANSWER.match(head)]
    return [*(head for head in chart.heads if not _RESULT.match(head)), chart.start]


class Walk:
    """Where a dialogue is in each of its flowcharts.

    Attributes
    ----------
    path : dict
        From each task that was begun to the nodes that were passed, in order.
    """

    def __init__(self, charts: Sequence[Flowchart]) -> None:
        self.charts = {chart.task: chart for chart in charts}
        self.path: dict[str, list[str]] = {}
        self.at: dict[str, str] = {}
        self.active = charts[0].task

    def step(self, label: str | None) -> tuple[str | None, str, str]:
        """Go to where this label is, and return its task, of which kind the step is, and why."""
        if label is None:
            return None, "no label", ""
        holders = [task for task, chart in self.charts.items() if chart.has_utterance(label)]
        if not holders:
            return None, "not in the chart", self._absent(label)
        holders.sort(key=lambda task: task != self.active)
        ways = {task: following(self.charts[task], self.at.get(task)).get(label) for task in holders}
        if led := {task: way for task, way in ways.items() if way}:
            self.active, first = next(iter(led.items()))
            kind, why = "followed", self._reason(self.active, first)
        else:
            self.active = holders[0]
            led = {self.active: [label]}
            kind, why = self._fault(self.active, label)
        for task, way in led.items():  # a name that was asked for is known in all tasks that ask for it here
            self.at[task] = label
            self.path.setdefault(task, []).extend(way)
        return self.active, kind, why

    def _absent(self, label: str) -> str:
        tasks = [task for task, chart in self.charts.items() if label in chart.responses]
        if tasks:
            return f"{label} is a response of {tasks[0]}, but its flowchart never leads to it"
        return f"{label} is nowhere in the flowchart of {' or '.join(self.charts)}"

    def _reason(self, task: str, way: list[str]) -> str:
        chart, before = self.charts[task], self.at.get(task)
        if before is None or (way[0] in (chart.start, chart.graph.get(chart.start)) and before not in chart.graph):
            return f"{task} begins here" + (" again" if before else "")
        through = f" through {', '.join(way[:-1])}" if len(way) > 1 else ""
        return f"comes after {before}{through}"

    def _fault(self, task: str, label: str) -> tuple[str, str]:
        chart, before = self.charts[task], self.at.get(task)
        if label == before:
            return "repeated", "said again"
        after = f"after {before}" if before else "at the beginning"
        if label in self.path.get(task, ()):
            return "went back", f"was said before; no edge leads back to it {after}"
        if between := self._left_out(chart, before, label):
            return "left out", f"{after}, {', '.join(between)} would come first"
        return "no edge", f"no edge leads to it {after}"

    @staticmethod
    def _left_out(chart: Flowchart, before: str | None, label: str) -> list[str]:
        """Return what the system would have to say before this label, on the shortest way; nothing if there is none."""
        come_from: dict[str, str | None] = dict.fromkeys(following(chart, before))
        todo = deque(come_from)
        while todo:
            node = todo.popleft()
            if node == label:
                between = []
                while (above := come_from[node]) is not None:
                    between.append(node := above)
                return between[::-1]
            for each in following(chart, node):
                if each not in come_from:
                    come_from[each] = node
                    todo.append(each)
        return []
