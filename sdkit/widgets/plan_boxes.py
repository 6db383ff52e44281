"""The boxes of `PlanEditor`: which there are, what is said about them, and what is wrong in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import ipywidgets

from sdkit.factory.spec import FLAT, SAMPLING, Spec
from sdkit.widgets import plan_texts
from sdkit.widgets.dialog_view import text_html
from sdkit.widgets.factory_parts import CLOSE
from sdkit.widgets.form_look import close
from sdkit.widgets.parts import Panel, markup, note
from sdkit.widgets.plan_texts import GROUPED, RANGES, YAMLS, Texts

STYLE = """<style>
.sdkit-plan-box { min-width: 0; }
.sdkit-plan-box > .widget-text { flex-wrap: wrap; height: auto; }
.sdkit-plan-box > .widget-text > input { min-width: 4em; }
.sdkit-plan-box > .widget-textarea { flex-direction: column; height: auto; margin: 2px; }
.sdkit-plan-box > .widget-textarea > label { width: auto; text-align: left; line-height: 1.4; height: auto;
  overflow-wrap: anywhere; white-space: normal; }
.sdkit-plan-box > .widget-textarea > textarea { width: 100%; box-sizing: border-box; flex: none; resize: vertical; }
.sdkit-plan-editor pre { max-height: 16em; overflow: auto; }
</style>"""
HELP = {
    "Values": "A line a value; a number behind a colon is its weight: “Lyon: 2” comes twice as often as “Turin”. A "
    "part of the day is written as “5-9 Early Morning”.",
    "Services": "By how many come together: their share of the dialogues, and a line a combination: “hotel + taxi”.",
    "Categories": "What a user comes for: one of general, or one of those of the first service. A line a value, with a "
    "weight if you like.",
    "Turns and sampling": "A turn is a message and its answer. The least and the most turns of a dialogue are drawn "
    "from ranges, such as 5-10. A line a value for how the model samples.",
    "Rules": "Quotas: so many dialogues, in all, have this value. Forbidden: what must not come together.",
    "YAML": "All of the plan. What you leave out is as in the default plan; what stands under add: is added to it.",
}
"""The sections, and what is said in each."""
_LABELS = {
    "time_slots": "Parts of the day",
    "resolution_status": "Resolution",
    "min_turns": "Least turns",
    "max_turns": "Most turns",
    "quotas": "Quotas (YAML)",
    "forbidden": "Forbidden (YAML)",
    "total": "Dialogues",
    "yaml": "The plan as YAML",
}
_EXAMPLES = {
    "quotas": "user_emotions: {Angry: 10}",
    "forbidden": "- {services: hospital, user_emotions: [Excited, Happy]}",
}
_ROWS = {**dict.fromkeys(FLAT, 7), "services": 8, "categories": 7, "yaml": 24}


class Boxes:
    """The boxes of a plan, by section.

    Parameters
    ----------
    panel
        The widget that they are in.
    edited
        Called after each edit with the name of the box.

    Attributes
    ----------
    controls : dict
        By name: that of a field, or of a field and a group, such as "services.double".
    notes : dict
        The lines beside them that say what is wrong.
    sections : dict
        What is in each section.
    """

    def __init__(self, panel: Panel, edited: Callable[[str], None]) -> None:
        self._panel, self._edited = panel, edited
        self._before: Texts = {}
        self.controls: dict[str, Any] = {}
        self.notes: dict[str, Any] = {field: markup("") for field in GROUPED}
        self.sections = {name: ipywidgets.VBox() for name in HELP}
        self.differs = markup("")
        for name in ("total", "seed", "yaml"):
            self._add(name)

    def read(self, spec: Spec) -> tuple[Spec | None, dict[str, str]]:
        """Return the plan that the boxes say, or None, and what is wrong; what nobody touched is as in `spec`."""
        data, wrong = plan_texts.read(spec, self._before, {name: self.controls[name].value for name in self._before})
        found, more = plan_texts.checked(data)
        return found, more | wrong

    def show(self, spec: Spec, keep: bool = False) -> None:
        """Show a plan; `keep` what stands in the boxes, because that is where it comes from."""
        texts = plan_texts.texts_of(spec)
        gone = [name for name in self._before if name not in texts]
        for name in gone:
            close(self.controls.pop(name))
            close(self.notes.pop(name))
        new = [name for name in texts if name not in self.controls]
        for name in new:
            self._add(name)
        for name, text in texts.items():
            if name in new or not keep:
                self.controls[name].value = text
        self._before = {name: self.controls[name].value for name in texts}
        if gone or new:
            self._lay_out(list(texts))

    def tell(self, wrong: Mapping[str, str]) -> str:
        """Show what is wrong, each beside its box; return where that is, in words."""
        for name, line in self.notes.items():
            line.value = note(wrong[name], "alert") if name in wrong else ""
        return ", ".join(label(name) if name in self.notes else f"{label(name)}: {wrong[name]}" for name in wrong)

    def _add(self, name: str) -> None:
        if name in ("total", "seed") or name in RANGES or name.endswith(".weight"):
            control = ipywidgets.Text(description=label(name), **CLOSE)
            control.layout.width = "12em" if name in ("total", "seed") else "auto"
        else:
            field = name.partition(".")[0]
            about: dict[str, Any] = {"rows": _ROWS.get(field, 6), "placeholder": _EXAMPLES.get(field, "")}
            control = ipywidgets.Textarea(description=label(name), layout={"width": "auto"}, **about)
        self.controls[name], self.notes[name] = control, markup("")
        self._panel.on_change(control, lambda _: self._edited(name))

    def _lay_out(self, names: Iterable[str]) -> None:
        groups: dict[str, list[str]] = {field: [] for field in GROUPED}
        for name in names:
            if "." in name and not name.endswith(".weight"):
                groups[name.partition(".")[0]].append(name)
        shown: dict[str, list[Any]] = {
            "Values": [self._grid(FLAT)],
            "Services": [self.notes["services"], self._grid(groups["services"])],
            "Categories": [self.notes["categories"], self._grid(groups["categories"])],
            "Turns and sampling": [self._grid((*RANGES, *SAMPLING))],
            "Rules": [self._grid(YAMLS, "24em")],
            "YAML": [self._grid(["yaml"], "100%"), self.differs],
        }
        for name, parts in shown.items():
            self.sections[name].children = [markup(said(HELP[name])), *parts]

    def _grid(self, names: Iterable[str], least: str = "11em") -> Any:
        columns = f"repeat(auto-fill, minmax(min(100%, {least}), 1fr))"
        boxes = [self._box(name) for name in names]
        return ipywidgets.GridBox(boxes, layout={"grid_template_columns": columns, "grid_gap": "0.3em 1em"})

    def _box(self, name: str) -> Any:
        weight = [self.controls[f"{name}.weight"]] if f"{name}.weight" in self.controls else []
        return ipywidgets.VBox([*weight, self.controls[name], self.notes[name]]).add_class("sdkit-plan-box")


def label(name: str) -> str:
    """Return what a box is called."""
    field, _, group = name.partition(".")
    if group.endswith(".weight"):
        return f"Share of {group.removesuffix('.weight')}"
    words = _LABELS.get(field, field.replace("_", " ").capitalize())
    return f"{words}: {group}" if group else words


def said(text: str) -> str:
    """Return a text as a paragraph."""
    return f'<p dir="auto">{text_html(text)}</p>'
