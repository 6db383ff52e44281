"""The fields of a form: a control each, and below it what is wrong with it and what it is for."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
from pydantic import BaseModel

from sdkit.rendering import SAFE
from sdkit.widgets.form_drafts import NOT_GIVEN, Draft, Problem, is_empty
from sdkit.widgets.form_look import Look, named
from sdkit.widgets.form_texts import Writing, is_long, read, written
from sdkit.widgets.form_types import Shape, Spec, limits_in_words
from sdkit.widgets.parts import Panel

NOT_TOLD = "Default: the model is not told until you edit it"
_WRITTEN = {"lines": " (one per line)", "json": " (JSON)"}
Changed = Callable[[Any, str], None]
_LINE = 60  # letters of a line in a box, about


class Field:
    """One field: what it shows, and what stands in the draft for it.

    Parameters
    ----------
    spec
        What is known about it.
    value
        What stands in the draft.
    changed
        Told after each edit what stands there now and, of a section, the path of the field in it.
    panel
        The widget that the form is in; shows what callbacks raise.
    look
        The look of the form.

    Attributes
    ----------
    head, note, body : ipywidgets.Widget
        The control, the line below it and, of a section, what is in it.
    """

    body: Any = None

    def __init__(self, spec: Spec, value: Any, changed: Changed, panel: Panel, look: Look) -> None:
        self.spec, self._changed, self._panel, self._look = spec, changed, panel, look
        self.touched = False
        self.head = self._make(value)
        self.note = ipywidgets.HTML(_note("", self._about()), layout=look.wide, style=look.html)

    def _make(self, value: Any) -> Any:
        """Return the control."""
        raise NotImplementedError

    def text(self) -> str:
        """Return what a printed page shows for it."""
        raise NotImplementedError

    def _edited(self, value: Any, inside: str = "") -> None:
        self.touched = True
        self._changed(value, inside)

    def help(self) -> str:
        """Return what is said about it, however it is filled in."""
        return limits_in_words(self.spec.shape)

    def show(self, problems: Sequence[Problem], told: bool) -> dict[str, str]:
        """Show what is wrong with it; return that, by the path of the field.

        Parameters
        ----------
        problems
            What is wrong, seen from this field.
        told
            Whether the model is told what is in it.
        """
        words = "; ".join(map(self._in_words, problems))
        # Whoever has just opened an empty form has made no mistake yet.
        alert = "" if all(problem.missing for problem in problems) and not self.touched else words
        default = NOT_TOLD if not told and not is_empty(self.spec.default) else ""
        self.note.value = _note(alert, self._about(default))
        return {self.spec.name: words} if words else {}

    def _about(self, more: str = "") -> str:
        needed = "Needed" if self.spec.required else ""
        return " · ".join(filter(None, [needed, self.spec.description, self.help(), more]))

    def _in_words(self, problem: Problem) -> str:
        if problem.missing and not problem.where:
            return "This field is needed"
        where = ".".join(map(str, problem.where))
        if where and self.spec.shape.kind == "lines" and isinstance(problem.where[0], int):
            where = f"entry {problem.where[0] + 1}"  # not line: some of those may be empty
        return f"{where}: {problem.message}" if where else problem.message


class TextField(Field):
    """Texts, numbers, lists of them, and JSON: what is typed stays as it was typed."""

    def _make(self, value: Any) -> Any:
        shape, label = self.spec.shape, self.spec.label
        form = written(shape, self.spec.shown(value))
        self._fixed = form is None
        writing: Writing = "json"
        writing, text = form or (writing, repr(self.spec.shown(value))[:1000])
        several = self.spec.long or is_long(text) or writing in _WRITTEN
        options = named(label + ("" if self._fixed else _WRITTEN.get(writing, "")), self.spec.within)
        options |= {"value": text, "layout": self._look.control, "style": self._look.text}
        options |= {"placeholder": f"e.g. {self.spec.example}" if self.spec.example else "", "disabled": self._fixed}
        control = ipywidgets.Textarea(**options, rows=_rows(text)) if several else ipywidgets.Text(**options)
        self._panel.on_change(control, lambda new: self._read(writing, new))
        return control

    def _read(self, writing: Writing, text: str) -> None:
        value = read(writing, text, self.spec.shape)
        self._edited(self.spec.emptied() if value is NOT_GIVEN else value)

    def help(self) -> str:
        """Return its bounds, or why it cannot be filled in."""
        return "This value cannot be edited here; it is kept as it is" if self._fixed else super().help()

    def text(self) -> str:
        """Return what was typed."""
        return str(self.head.value)


class ChoiceField(Field):
    """One of several values; of a yes or no without a default, too."""

    def _make(self, value: Any) -> Any:
        shape, shown = self.spec.shape, self.spec.shown(value)
        self._values = [True, False] if shape.kind == "yes_no" else list(shape.choices)
        names = ["yes", "no"] if shape.kind == "yes_no" else [str(getattr(one, "value", one)) for one in shape.choices]
        # Index and type, because 1 and True are equal, and so may be the names of two choices.
        at = next((i for i, one in enumerate(self._values) if type(one) is type(shown) and one == shown), -1)
        if at < 0:  # an Enum may be given by its value
            at = next((i for i, one in enumerate(self._values) if getattr(one, "value", one) == shown), -1)
        nothing = "(none)" if shape.optional else "(choose)"
        blank = [(nothing, -1)] if shape.optional or self.spec.default is None or at < 0 else []
        options = [*blank, *((name, i) for i, name in enumerate(names))]
        look = {"layout": self._look.control, "style": self._look.choice}
        control = ipywidgets.Dropdown(options=options, value=at, **named(self.spec.label, self.spec.within), **look)
        self._panel.on_change(control, lambda new: self._edited(self.spec.emptied() if new < 0 else self._values[new]))
        return control

    def text(self) -> str:
        """Return the name of what was chosen."""
        return "" if self.head.value < 0 else str(self.head.label)


class TickField(Field):
    """Yes or no, one of which is the default."""

    def _make(self, value: Any) -> Any:
        look = {"layout": self._look.control, "style": self._look.tick}
        control = ipywidgets.Checkbox(value=bool(self.spec.shown(value)), **named(self.spec.path), **look)
        self._panel.on_change(control, self._edited)
        return control

    def text(self) -> str:
        """Return yes or no."""
        return "yes" if self.head.value else "no"


class SectionField(Field):
    """A model in the model: fields of its own under a heading; made only when they are wanted, as a loop has no end."""

    def __init__(self, *about: Any, fields: Callable[[type[BaseModel], Any, Changed], Any]) -> None:
        self._fields = fields
        self._inner: Any = None
        super().__init__(*about)

    def _make(self, value: Any) -> Any:
        shown, label = self.spec.shown(value), self.spec.label
        self.body = ipywidgets.VBox(layout=self._look.wide).add_class("sdkit-section")
        if not self.spec.shape.optional:
            self._open(shown)
            return ipywidgets.HTML(f'<b class="{SAFE}">{html.escape(label)}</b>', style=self._look.html)
        tick = ipywidgets.Checkbox(
            value=shown is not None, **named(f"Add {self.spec.path}"), layout=self._look.control, style=self._look.tick
        )
        if tick.value:
            self._open(shown)
        self._panel.on_change(tick, self._ticked)
        return tick

    @property
    def draft(self) -> Any:
        """What stands in the section; None if it is closed."""
        return None if self._inner is None else self._inner.draft

    def _open(self, value: Any) -> None:
        self._inner = self._fields(self.spec.shape.model or BaseModel, value, self._edited)
        self.body.children = [self._inner]

    def _ticked(self, wanted: bool) -> None:
        if wanted:
            self._open(Draft())
        else:
            self._inner, self.body.children = None, []
        self._edited(self.draft if wanted else self.spec.emptied())

    def show(self, problems: Sequence[Problem], told: bool) -> dict[str, str]:
        """Show what is wrong with its fields at them, and the rest below the heading."""
        here = [problem for problem in problems if self._inner is None or not self._inner.has(problem)]
        found = super().show(here, told)
        if self._inner is not None:
            inside = self._inner.show([problem for problem in problems if self._inner.has(problem)])
            found |= {f"{self.spec.name}.{path}": words for path, words in inside.items()}
        return found

    def text(self) -> str:
        """Return its fields in a line."""
        return "" if self._inner is None else "; ".join(f"{label}: {text}" for label, text in self._inner.texts())


def field_class(spec: Spec, value: Any) -> type[Field]:
    """Return which field shows a value of a shape."""
    shape: Shape = spec.shape
    shown = spec.shown(value)
    match shape.kind:
        case "section" if shown is None or isinstance(shown, dict) or type(shown) is shape.model:
            return SectionField
        case "choice":
            return ChoiceField
        case "yes_no":
            return TickField if isinstance(spec.default, bool) and not shape.optional else ChoiceField
    return TextField


def _note(alert: str, help: str) -> str:
    parts = []
    if alert:
        parts.append(f'<div role="alert" class="sdkit-message sdkit-error">⚠ {html.escape(alert)}</div>')
    if help:
        parts.append(f'<div class="sdkit-help">{html.escape(help)}</div>')
    return f'<div class="sdkit-note {SAFE}" dir="auto">{"".join(parts)}</div>' if parts else ""


def _rows(text: str) -> int:
    lines = sum(1 + len(line) // _LINE for line in text.split("\n"))
    return min(max(lines, 2), 8)
