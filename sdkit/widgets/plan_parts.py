"""What `PlanEditor` shows of a plan: how often each value comes, and the first dialogues; everything is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sdkit.errors import InputError
from sdkit.factory.items import Item, tallied
from sdkit.factory.plan import MOST, planned
from sdkit.factory.report_html import Bar, paragraph, table
from sdkit.factory.report_plan import title
from sdkit.factory.spec import AXES, Spec
from sdkit.widgets.dialog_view import text_html
from sdkit.widgets.factory_parts import in_lab, printed

AT_ONCE = 5_000
"""Up to how many dialogues are planned at each edit: a third of a second."""
_FIRST = 5


@dataclass(frozen=True)
class Preview:
    """What a plan comes to.

    Attributes
    ----------
    spec : Spec
        What it draws from.
    total : int
        How many dialogues.
    items : sequence of Item
        The dialogues; none of more than `AT_ONCE`, of which only the targets are known.
    """

    spec: Spec
    total: int
    items: Sequence[Item]

    @classmethod
    def of(cls, spec: Spec, total: int, seed: int) -> Preview:
        """Return the preview of a plan.

        Raises
        ------
        InputError
            No plan can be made; as `planned` says it.
        """
        if AT_ONCE < total <= MOST:
            for axis, fixed in spec.quotas.items():
                if sum(fixed.values()) > total:
                    raise InputError(
                        f"quotas: {axis}: they come to {sum(fixed.values())} dialogues, and there are to be {total}"
                    )
            return cls(spec, total, ())
        return cls(spec, total, planned(total, spec, seed))

    def counts(self, axis: str) -> list[tuple[str, float, int]]:
        """Return each value of an axis, its target, and how often it is planned; of a large plan, about how often."""
        shares, fixed = self.spec.shares(axis), self.spec.quotas.get(axis, {})
        left = max(0, self.total - sum(fixed.values()))
        free = sum(share for value, share in shares.items() if value not in fixed) or 1.0
        targets = {value: fixed.get(value, left * share / free) for value, share in shares.items()}
        there = tallied(self.items)[axis]
        return [(value, target, there[value] if self.items else round(target)) for value, target in targets.items()]


def summary(preview: Preview) -> str:
    """Say how many dialogues there are, and how they are dealt out."""
    number = f"{preview.total:,} dialogue{'s' * (preview.total != 1)}"
    if preview.items:
        return f"{number}, dealt out on {len(AXES)} axes: each value comes as often as its share says, to one."
    return (
        f"{number}: of more than {AT_ONCE:,}, only the targets are shown here. The factory deals them out to one more "
        "or less."
    )


def axis_html(preview: Preview, axis: str) -> str:
    """Return how often each value of an axis is planned, with bars."""
    found = preview.counts(axis)
    most = max(1.0, *(max(target, float(count)) for _, target, count in found))
    rows = [(value, round(float(target), 1), count, Bar(count / most, target / most)) for value, target, count in found]
    caption = f"{title(axis).capitalize()}: {len(found):,} value{'s' * (len(found) != 1)}, planned {_range(found)}"
    return in_lab(table(caption, ("value", "target", "planned", "bar"), rows))


def _range(found: Sequence[tuple[str, float, int]]) -> str:
    counts = [count for *_, count in found]
    low, high = min(counts), max(counts)
    return f"{low:,} times each" if low == high else f"{low:,} to {high:,} times each"


def first_html(preview: Preview) -> str:
    """Return the first dialogues of a plan as a table; nothing of a large one."""
    return in_lab(_first(preview)) if preview.items else ""


def _first(preview: Preview) -> str:
    rows = [
        (
            " + ".join(item.services),
            item.category.replace("_", " "),
            item.region,
            f"{item.time_slot[2]}, {item.time}",
            item.user_emotion,
            item.resolution_status,
            f"{item.min_turns} to {item.max_turns}",
        )
        for item in preview.items[:_FIRST]
    ]
    names = ("services", "category", "region", "time", "emotion", "ending", "turns")
    return table(f"The first {len(rows)} of the plan" if len(rows) > 1 else "The plan", names, rows)


def static_html(preview: Preview, yaml: str, problems: Sequence[str]) -> str:
    """Return what differs from the default plan, how often values come on each axis, and the first dialogues."""
    rows = []
    for axis in AXES:
        found = preview.counts(axis)
        rows.append((title(axis), len(found), _range(found)))
    wrong = [paragraph(f"To mend: {problem}") for problem in problems]
    differs = "Nothing differs from the default plan." if not yaml else "What differs from the default plan:"
    return printed(
        paragraph(f"Plan: {summary(preview)}"),
        *wrong,
        paragraph(differs),
        yaml_html(yaml),
        table("Values by axis", ("axis", "values", "planned"), rows),
        _first(preview) if preview.items else "",
    )


def yaml_html(text: str) -> str:
    """Return YAML as it stands."""
    return f'<pre dir="auto">{text_html(text)}</pre>' if text else ""
