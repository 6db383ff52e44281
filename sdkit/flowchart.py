"""Flowcharts of tasks, in the form of the STAR data set: what a system may say next, as text, tables and pictures.

STAR gives each node ONE successor. Where a flow branches, its data leaves a gap: the branch begins at a node such as
"yes" or "query_success", to which nothing leads. A `Flowchart` shows these gaps, and fills none.
"""

from __future__ import annotations

import difflib
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sdkit import rendering
from sdkit.errors import InputError
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

START = "hello"
_SENTENCE = re.compile(r"[.!?…。！？؟][\"')\]\s]*$")
_PLAIN_ID = re.compile(r"(?!(?:graph|digraph|subgraph|node|edge|strict)$)[A-Za-z_]\w*$", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Flowchart:
    """The flowchart of a task: an edge from each node to the one that follows.

    In Jupyter it shows itself as a picture and a table.

    Parameters
    ----------
    task
        The name of the task.
    graph
        Node to the node that follows it; a cycle is allowed.
    responses
        Label to what the system says there; a field such as ``{name:s}``, or NAME, stands for a value.
    replies
        Node to a text, where there is one besides the responses; also of conditions, such as "Query".

    Raises
    ------
    InputError
        The graph is empty, or something is not a text; names it.
    """

    task: str
    graph: Mapping[str, str]
    responses: Mapping[str, str]
    replies: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.task, str) or not self.task.strip():
            raise InputError(f"a flowchart's task is its name; {self.task!r} is none")
        for name in ("graph", "responses", "replies"):
            given = getattr(self, name)
            if not isinstance(given, Mapping):
                raise InputError(f"{self.task}: {name} is a dict of texts, not {type(given).__name__}")
            for key, value in given.items():
                if not isinstance(key, str) or not isinstance(value, str):
                    what = "its one successor" if name == "graph" else "its text"
                    raise InputError(
                        f"{self.task}: {name} has {key!r}: {value!r:.80}; give a name and {what}, as texts"
                    )
                if not key.strip() or (name == "graph" and not value.strip()):
                    raise InputError(f"{self.task}: {name} has a blank name, in {key!r}: {value!r:.80}")
            object.__setattr__(self, name, dict(given))
        if not self.graph:
            raise InputError(f"{self.task}: the graph is empty; a flowchart has at least one edge")

    # -- what is in it ------------------------------------------------------------------------------------------------

    @property
    def edges(self) -> list[tuple[str, str]]:
        """The edges, source and target, in the order given."""
        return list(self.graph.items())

    @cached_property
    def nodes(self) -> list[str]:
        """The nodes, in the order of the edges."""
        return list(dict.fromkeys(node for edge in self.graph.items() for node in edge))

    @cached_property
    def start(self) -> str:
        """Where it begins: at "hello", or else at the first node."""
        return START if START in self.nodes else self.nodes[0]

    @cached_property
    def conditions(self) -> list[str]:
        """The nodes that nobody says, such as "query" and "yes".

        They have no response, and no reply that is a sentence: STAR lacks some responses, and has replies as "Query".
        """
        silent = (node for node in self.nodes if node not in self.responses)
        return [node for node in silent if not _SENTENCE.search(self.replies.get(node, ""))]

    @cached_property
    def _unsaid(self) -> frozenset[str]:
        return frozenset(self.conditions)

    @cached_property
    def heads(self) -> list[str]:
        """The nodes besides the start to which no edge leads: where branches begin."""
        targets = set(self.graph.values())
        return [node for node in self.nodes if node not in targets and node != self.start]

    @cached_property
    def loose_ends(self) -> list[str]:
        """The heads, and the conditions from which no edge leads on: the chart does not say what is between them."""
        heads = set(self.heads)
        return [node for node in self.nodes if node in heads or self.is_open(node)]

    @cached_property
    def unused(self) -> list[str]:
        """The responses on no edge, such as a farewell."""
        used = set(self.nodes)
        return [label for label in self.responses if label not in used]

    def is_open(self, node: str) -> bool:
        """Tell whether the flow breaks off at this node: a condition without an edge."""
        return node in self._unsaid and node not in self.graph

    def has_utterance(self, label: str) -> bool:
        """Tell whether this is a node at which the system says something."""
        return label in self.nodes and label not in self._unsaid

    def says(self, node: str) -> str:
        """Return what the system says at a node; nothing at a condition."""
        return "" if node in self._unsaid else self.responses.get(node, self.replies.get(node, ""))

    def chains(self) -> Iterator[list[str]]:
        """Yield the chart as chains of nodes: from the start and each head, up to the end or a node seen before."""
        seen: set[str] = set()
        for first in dict.fromkeys([self.start, *self.heads, *self.nodes]):
            chain = [] if first in seen else [first]
            while chain and chain[-1] not in seen:
                seen.add(chain[-1])
                if (target := self.graph.get(chain[-1])) is not None:
                    chain.append(target)
            if chain:
                yield chain

    # -- text ---------------------------------------------------------------------------------------------------------

    def dot(self) -> str:
        """Return the chart in Graphviz's DOT language, as in the workshop notebook."""
        edges = ";\n".join(f"    {_dot_id(source)} -> {_dot_id(target)}" for source, target in self.edges)
        return f"digraph {_dot_id(self.task)}  {{\n{edges}\n}}"

    def mermaid(self, path: Sequence[str] = ()) -> str:
        """Return the chart in Mermaid's language; conditions are six-sided, loose ends hang on dotted lines.

        Parameters
        ----------
        path
            Nodes in the order in which a dialogue passed them, to be shown with their steps. One that is not in the
            chart is an InputError.
        """
        steps = self.steps(path)
        walked = set(itertools.pairwise(path))
        ids = {node: f"n{number}" for number, node in enumerate(self.nodes)}
        lines = ["flowchart TD"]
        for node, name in ids.items():
            label = _mermaid_text(node) + (f"<br>({_mermaid_text(steps[node])})" if node in steps else "")
            lines.append(f'    {name}{{{{"{label}"}}}}' if node in self._unsaid else f'    {name}["{label}"]')
        for edge in self.edges:
            lines.append(f"    {ids[edge[0]]} {'==>' if edge in walked else '-->'} {ids[edge[1]]}")
        lines += [f'    from_{ids[node]}((" ")) -.-> {ids[node]}' for node in self.heads]
        lines += [f'    {ids[node]} -.-> to_{ids[node]}((" "))' for node in self.nodes if self.is_open(node)]
        if steps:
            walked_ids = ",".join(ids[node] for node in steps)
            lines += ["    classDef walked stroke-width:4px", f"    class {walked_ids} walked"]
        return "\n".join(lines)

    def steps(self, path: Sequence[str]) -> dict[str, str]:
        """Return at which of its steps a path passes each of its nodes, in words: "step 1", "steps 2, 4"."""
        numbers: dict[str, list[int]] = {}
        known = set(self.nodes)
        for number, node in enumerate(path, start=1):
            if node not in known:
                near = difflib.get_close_matches(str(node), self.nodes, n=1)
                hint = f"did you mean {near[0]}?" if near else f"its nodes are {', '.join(self.nodes):.300}"
                raise InputError(f"{node!r:.80} is not in the flowchart of {self.task}; {hint}")
            numbers.setdefault(node, []).append(number)
        return {node: f"step{'s' * (len(n) > 1)} {', '.join(map(str, n))}" for node, n in numbers.items()}

    def summary(self) -> str:
        """Say in a line how large it is."""
        counts = [(len(self.nodes), "node"), (len(self.graph), "edge"), (len(self.conditions), "condition")]
        return ", ".join(f"{count} {name}{'s' * (count != 1)}" for count, name in counts)

    def __str__(self) -> str:
        """Return the chart as text: a line for each chain of nodes, conditions in brackets, "..." at loose ends."""
        lines = [f"{self.task}: {self.summary()}"]
        heads = set(self.heads)
        for chain in self.chains():
            shown = [f"[{node}]" if node in self._unsaid else node for node in chain]
            before, after = "... -> " * (chain[0] in heads), " -> ..." * self.is_open(chain[-1])
            lines.append(f"  {before}{' -> '.join(map(rendering.shown, shown))}{after}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Flowchart({self.task!r}: {self.summary()})"

    # -- tables and pictures ------------------------------------------------------------------------------------------

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return the edges with what the system says at their targets: the rows of `to_frame`."""
        kinds = {node: "condition" if node in self._unsaid else "utterance" for node in self.nodes}
        return [(source, target, self.says(target), kinds[target]) for source, target in self.edges]

    def to_frame(self) -> pandas.DataFrame:
        """Return a pandas table of shape (number of edges, 4).

        Returns
        -------
        pandas.DataFrame
            Columns ``source``, ``target``, ``says`` (what the system says at the target) and ``kind`` (of the target:
            "utterance" or "condition").

        Raises
        ------
        MissingPackageError
            pandas is not installed.
        """
        return frame("a flowchart", self.rows(), ["source", "target", "says", "kind"])

    def svg(self, path: Sequence[str] = ()) -> str:
        """Return the chart as an SVG picture that has a title and a description; `path` is as in `mermaid`."""
        from sdkit import flowchart_svg

        return flowchart_svg.svg(self, path)

    def html(self, path: Sequence[str] = ()) -> str:
        """Return the picture with a caption and, for who cannot see it, a table; `path` is as in `mermaid`."""
        from sdkit import flowchart_svg

        return flowchart_svg.figure(self, path)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}


def _dot_id(name: str) -> str:
    return name if _PLAIN_ID.match(name) else json.dumps(rendering.one_line(name), ensure_ascii=False)


def _mermaid_text(text: str) -> str:
    """Write all but letters, digits, blanks and "_" as codes: nothing of it can then be markup, or end the label."""
    return re.sub(r"[^\w ,]", lambda match: f"#{ord(match[0])};", rendering.one_line(text))
