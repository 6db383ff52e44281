"""How closely a dialogue keeps to its flowchart: which of the system's turns follow it, which do not, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from sdkit import rendering
from sdkit.errors import InputError
from sdkit.flowchart import Flowchart
from sdkit.flowchart_walk import Walk
from sdkit.nearest import NEAR, Nearest
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

    from sdkit.dialog import Dialog

Labels = Literal["auto", "action", "nearest"]
_SHOWN = frozenset({"utter", "pick_suggestion"})  # STAR's actions that are turns
_CHOSEN = frozenset({"pick_suggestion", "request_suggestions"})  # those of a person who chooses among labels


@dataclass(frozen=True)
class Step:
    """A turn of the system, held against the flowchart.

    Attributes
    ----------
    turn : int
        Which turn of the dialogue it is, so that ``dialog[step.turn]`` is it.
    text : str
        What was said.
    label : str or None
        The response that it is; None if it is none.
    found : str
        How the label was found: "action label", "nearest response", or "any text" (nothing is near, and the charts have
        one response that is a field only). Without a label: "typed freely" or "nothing near".
    similarity : float or None
        How near the text is to the nearest response, from 0 to 1; None if that was not asked.
    task : str or None
        Of which task's flowchart; None if of none.
    followed : bool
        Whether it follows the flowchart.
    kind : str
        "followed", "repeated", "went back", "left out", "no edge", "not in the chart", "no label".
    why : str
        The same in plain words.
    """

    turn: int
    text: str
    label: str | None
    found: str
    similarity: float | None
    task: str | None
    followed: bool
    kind: str
    why: str


@dataclass(frozen=True)
class Adherence:
    """What `adherence` has found. In Jupyter it shows itself as a table.

    Attributes
    ----------
    tasks : list of str
        The tasks of the flowcharts.
    steps : list of Step
        One for each turn of the system.
    path : dict
        From each task that a step belongs to, to the nodes that were passed, in order: for `Flowchart.svg`. A greeting
        that several tasks share belongs to one of them.
    """

    tasks: list[str]
    steps: list[Step]
    path: dict[str, list[str]]

    @property
    def followed(self) -> int:
        """How many turns of the system follow the flowchart."""
        return sum(step.followed for step in self.steps)

    @property
    def share(self) -> float | None:
        """The share of the system's turns that follow the flowchart, from 0 to 1; None if it has no turns."""
        return self.followed / len(self.steps) if self.steps else None

    def to_frame(self) -> pandas.DataFrame:
        """Return a pandas table with a row for each step and the fields of `Step` as columns.

        Raises
        ------
        MissingPackageError
            pandas is not installed.
        """
        return frame("a dialogue's adherence", map(astuple, self.steps), [field.name for field in fields(Step)])

    def summary(self) -> str:
        """Say in a line how many turns follow, and of which kinds the others are."""
        name = ", ".join(self.tasks)
        if self.share is None:
            return f"{name}: the system has no turn"
        kinds = Counter(step.kind for step in self.steps if not step.followed)
        others = "".join(f", {count} {kind}" for kind, count in kinds.most_common())
        return f"{name}: {self.followed} of {len(self.steps)} system turns follow ({self.share:.0%}){others}"

    def __repr__(self) -> str:
        return f"<Adherence to {self.summary()}>"

    def __str__(self) -> str:
        """Return the summary and a line for each step; turns are counted from 1, as where a dialogue is shown."""
        lines = [
            f"  {'+' if step.followed else '-'} turn {step.turn + 1}, {step.label or 'no label'}: {step.why}"
            for step in self.steps
        ]
        return "\n".join([self.summary(), *map(rendering.shown, lines)])

    def html(self) -> str:
        """Return the steps as a captioned table."""
        rows = (
            (
                str(step.turn + 1),
                step.text,
                step.label or "",
                step.found if step.similarity is None else f"{step.found} ({step.similarity:.2f})",
                "yes" if step.followed else "no",
                step.why,
            )
            for step in self.steps
        )
        return (
            '<figure class="sdkit-adherence mathjax_ignore tex2jax_ignore" style="margin: 0.5em 0">\n'
            f"<figcaption>{rendering.escaped(self.summary())}</figcaption>\n"
            f"{rendering.table(('turn', 'said', 'label', 'found by', 'follows', 'why'), rows)}\n</figure>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self.html()}


def adherence(
    dialog: Dialog, flowcharts: Flowchart | Sequence[Flowchart], labels: Labels = "auto", speaker: str = "System"
) -> Adherence:
    """Tell which of the system's turns follow the flowcharts of the dialogue's tasks.

    A turn follows if the flowchart leads to it from what the system said before: by an edge, directly or through
    conditions, which nobody says. Where the chart breaks off, it goes on at the head of a branch: after a query at its
    result (available, query_success), after an utterance at an answer (yes, no), or the task begins again. A task
    begins at its start or, as the user has spoken first, at the utterance after it; in a dialogue of several tasks,
    each chart is followed on its own, whenever the dialogue comes to it.

    A turn that comes too early, is said again, was typed freely, or is in no chart, as most farewells, does not follow;
    the next turn is then measured from the last one that stands in the chart.

    Parameters
    ----------
    dialog
        The dialogue.
    flowcharts
        The flowcharts of its tasks.
    labels
        How to find out which response a turn is. "action": by the action labels of the dialogue's events, as in the
        STAR data set. "nearest": the response that its text is nearest to. "auto": "action" for dialogues of a person
        who chose among labels, "nearest" for all others.
    speaker
        Who is the system.

    Raises
    ------
    InputError
        No flowchart, or a task twice; `labels` is none of the three; "action", and the events do not fit the turns;
        others speak, but not `speaker`.
    """
    charts = [flowcharts] if isinstance(flowcharts, Flowchart) else list(flowcharts)
    if not charts or not all(isinstance(chart, Flowchart) for chart in charts):
        raise InputError("give a flowchart, or a list of some, such as STAR.flowchart('weather')")
    tasks = [chart.task for chart in charts]
    if len(set(tasks)) < len(tasks):
        raise InputError(f"the flowcharts are of {', '.join(tasks)}; give one for each task")
    if labels not in ("auto", "action", "nearest"):
        raise InputError(f"labels={labels!r} is none of 'auto', 'action' and 'nearest'")
    if speaker not in dialog.speakers and len(dialog.speakers) > 1:
        names = " and ".join(map(str, dialog.speakers))
        raise InputError(f"no {speaker!r} speaks in this dialogue; give the speaker who is the system: {names}")
    actions = None if labels == "nearest" else _action_labels(dialog)
    if labels == "action" and actions is None:
        raise InputError("this dialogue has no events that fit its turns; use labels='nearest'")
    if labels == "auto" and not any(event.actionLabel or event.action in _CHOSEN for event in dialog.events or []):
        actions = None
    walk = Walk(charts)
    steps = []
    for number, turn in enumerate(dialog.turns):
        if turn.speaker != speaker:
            continue
        similarity = None
        if actions is None:
            label, found, similarity = _nearest(charts, turn.text)
        else:
            label, found = actions[number], "action label" if actions[number] else "typed freely"
        task, kind, why = walk.step(label)
        why = why or f"{found}: it is none of the responses"
        steps.append(Step(number, turn.text, label, found, similarity, task, kind == "followed", kind, why))
    own = {step.task for step in steps}
    return Adherence(tasks, steps, {task: nodes for task, nodes in walk.path.items() if task in own})


def nearest_label(text: str, flowcharts: Sequence[Flowchart]) -> tuple[str | None, float]:
    """Return which response of the flowcharts a text is nearest to, and how near: `labels`="nearest" of `adherence`.

    Returns
    -------
    tuple
        The label, None if nothing is near, and the similarity from 0 to 1.
    """
    label, _, similarity = _nearest(flowcharts, text)
    return label, similarity


def _action_labels(dialog: Dialog) -> list[str | None] | None:
    """Return the action label of each turn; None if the events are not those of the turns."""
    shown = [event for event in dialog.events or [] if event.action in _SHOWN]
    if [event.text.strip() for event in shown] != [turn.text.strip() for turn in dialog.turns]:
        return None
    return [event.actionLabel or None for event in shown]


def _nearest(charts: Sequence[Flowchart], text: str) -> tuple[str | None, str, float]:
    # Those in the charts come first, so that "Goodbye." is the one that the chart leads to.
    said = [(node, chart.says(node)) for chart in charts for node in chart.nodes]
    rest = [(label, chart.responses[label]) for chart in charts for label in chart.unused]
    index = _index(tuple((label, text) for label, text in [*said, *rest] if text))
    label, similarity = index.find(text)
    if similarity >= NEAR:
        return label, "nearest response", similarity
    if len(set(index.fields_only)) == 1 and text.strip():
        return index.fields_only[0], "any text", similarity
    return None, "nothing near", similarity


@lru_cache(maxsize=64)
def _index(texts: tuple[tuple[str, str], ...]) -> Nearest:
    return Nearest(texts)
