"""A form from any pydantic model: a control for each field, in the order in which the class declares them.

What people have typed stands in a draft, a dict of the fields in the order given, in which `NOT_GIVEN` stands for
those that nobody gave. Controls only show it; a draft is never changed, but replaced. So a draft that was kept is all
it takes to go back, and a value that nobody touches stays the very object that it was.

=====================================  =========================================================================
a field of                             gets
=====================================  =========================================================================
``str``, dates, URLs and the like      a line of text; several for more than 80 characters, a line break,
                                       ``max_length`` above 120, or ``json_schema_extra={"format": "long"}``
``int``, ``float``                     a line of text: pydantic says what is wrong with it
``bool``                               a box to tick; a choice, if there is no default or it may be None
``Literal``, an ``Enum``               a choice
lists, sets, tuples of such texts      several lines, one for each
and numbers
another model                          a section; if it may be None, one to add; more than three in each other: JSON
anything else                          JSON
what JSON cannot say                   a text that is only shown; the value is kept
=====================================  =========================================================================

A control that is empty means that the field is not given; where the class has a default that is not empty, it means
None, or an empty text or list.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import ipywidgets
from pydantic import BaseModel

from sdkit.describing import value_of
from sdkit.errors import InputError
from sdkit.personas import BasePersona
from sdkit.widgets.form_drafts import NOT_GIVEN, Draft, Problem, check, draft_of, given_in, takes_any_field
from sdkit.widgets.form_fields import Changed, Field, SectionField, field_class
from sdkit.widgets.form_look import STYLE, Beside, Look, close
from sdkit.widgets.form_types import nested_too_deeply, spec_of, spec_of_extra
from sdkit.widgets.parts import Panel, button, markup, note

DEEPEST = 3
"""So many sections in each other; what is deeper is JSON. A model may hold one of its own class."""


class Fields(ipywidgets.GridBox):  # type: ignore[misc]
    """The fields of one model, be it the whole or a section.

    Parameters
    ----------
    kind
        The class of the model.
    start
        A model of that class, a draft, or None for an empty one.
    edited
        Called after each edit with the path of the field, such as "friend.age".
    panel
        The widget that the form is in.
    look
        The look of the form.
    beside
        What stands to the right of each control.
    within
        The labels of the sections that this one is in.
    """

    def __init__(
        self,
        kind: type[BaseModel],
        start: Any,
        edited: Callable[[str], None],
        *,
        panel: Panel,
        look: Look,
        beside: Beside | None = None,
        within: tuple[str, ...] = (),
    ) -> None:
        self.kind, self.draft = kind, draft_of(kind, start)
        self._edited, self._panel, self._look, self._beside, self._within = edited, panel, look, beside, within
        self._fields: dict[str, Field] = {}
        self._sides: dict[str, Any] = {}
        self._top = [markup(""), markup(f"<i>{html.escape(beside.heading)}</i>")] if beside else []
        self._more = self._to_add() if takes_any_field(kind) else None
        columns = "minmax(0, 1fr) max-content" if beside else "minmax(0, 1fr)"
        super().__init__(layout=ipywidgets.Layout(grid_template_columns=columns, grid_gap="0.25em 0.8em", width="auto"))
        for name in self._names():
            self._fields[name] = self._make(name)
        self._lay_out()

    def show_draft(self, draft: Mapping[str, Any]) -> None:
        """Show another draft; fields of which it says nothing new stay as they are."""
        old, self.draft = self.draft, Draft(draft)
        before = self._fields
        self._fields = {}
        for name in self._names():
            same = name in before and old[name] is self.draft[name] and not before[name].touched
            self._fields[name] = before.pop(name) if same else self._make(name)
        self._lay_out()
        for field in before.values():
            for part in (field.head, field.note, field.body):
                close(part)

    def show(self, problems: Sequence[Problem]) -> dict[str, str]:
        """Show what is wrong, each at its field; return all of it, by path."""
        told = self.told()
        found: dict[str, str] = {}
        for name, field in self._fields.items():
            here = [problem.inside() for problem in problems if problem.where[:1] == (name,)]
            found |= field.show(here, told is None or name in told)
        return found

    def has(self, problem: Problem) -> bool:
        """Tell whether a problem is one of a field that is here."""
        return bool(problem.where) and problem.where[0] in self._fields

    def told(self) -> set[str] | None:
        """Return the names of the fields that a model is told about; None if of all."""
        if not issubclass(self.kind, BasePersona):
            return None
        return set(self.kind._completed({name: value for name, value in self.draft.items() if value is not NOT_GIVEN}))

    def values(self, names: Collection[str]) -> dict[str, Any]:
        """Return what is in some fields, as it was typed; those that are needed and empty are left out."""
        given, _ = given_in(self.draft)
        specs = {name: self._fields[name].spec for name in self.draft if name in names}
        return {
            name: given.get(name, spec.default) for name, spec in specs.items() if name in given or not spec.required
        }

    def texts(self) -> Iterator[tuple[str, str]]:
        """Give the label and the text of each field that is not empty."""
        for field in self._fields.values():
            if text := field.text():
                yield field.spec.label, text

    # -- the parts ----------------------------------------------------------------------------------------------------

    def _names(self) -> list[str]:
        """Return the names in the order of the form: as declared, not as given."""
        declared = self.kind.model_fields
        return [*declared, *(name for name in self.draft if name not in declared)]

    def _make(self, name: str) -> Field:
        value = self.draft[name]
        field = self.kind.model_fields.get(name)
        spec = replace(spec_of(name, field) if field else spec_of_extra(name, value), within=": ".join(self._within))
        if spec.shape.kind == "section":
            if len(self._within) >= DEEPEST:
                spec = nested_too_deeply(spec)
            elif spec.required and not spec.shape.optional and value is NOT_GIVEN:
                value = self.draft[name] = Draft()
        if self._beside and name not in self._sides:
            self._sides[name] = self._beside.make(spec)
        make = field_class(spec, value)
        about = (spec, value, lambda new, inside: self._set(name, new, inside), self._panel, self._look)
        if not issubclass(make, SectionField):
            return make(*about)
        section = make(*about, fields=lambda *about: self._section(spec.label, *about))
        if isinstance(value, Draft):
            self.draft[name] = section.draft  # with what is needed in it
        return section

    def _section(self, label: str, kind: type[BaseModel], start: Any, changed: Changed) -> Fields:
        def edited(path: str) -> None:
            changed(inner.draft, path)

        inner = Fields(kind, start, edited, panel=self._panel, look=self._look, within=(*self._within, label))
        return inner

    def _set(self, name: str, value: Any, inside: str) -> None:
        self.draft = Draft({**self.draft, name: value})
        self._edited(f"{name}.{inside}" if inside else name)

    def _lay_out(self) -> None:
        parts = [*self._top]
        for name, field in self._fields.items():
            side = [self._sides[name]] if self._beside else []
            parts += [field.head, *side, field.note, *([field.body] if field.body else [])]
        self.children = [*parts, *([self._more] if self._more else [])]

    # -- a field that no class declares -------------------------------------------------------------------------------

    def _to_add(self) -> Any:
        name, add = ipywidgets.Text(description="New field", placeholder="its name"), button("Add field")

        def do() -> None:
            self._add(name.value.strip())
            name.value = ""

        self._panel.on_click(add, do)
        return ipywidgets.HBox(
            [name, add], layout=ipywidgets.Layout(flex_flow="row wrap", grid_area="auto / 1 / auto / -1")
        )

    def _add(self, name: str) -> None:
        if not name or name.startswith("_"):
            raise InputError("give the new field a name that does not begin with _, such as hobby")
        if name in self.draft:
            raise InputError(f"there is a field {name} already")
        self.draft = Draft({**self.draft, name: NOT_GIVEN})
        self._fields[name] = self._make(name)
        self._lay_out()
        self._edited(name)


class Form(ipywidgets.VBox):  # type: ignore[misc]
    """A form that says at each edit what pydantic makes of it.

    Parameters
    ----------
    kind
        The class of the model.
    start
        A model of that class, a draft, or None for an empty form.
    panel
        The widget that the form is in; shows what callbacks raise.
    edited
        Called after each edit with the path of the field, such as "friend.age".
    beside
        What stands to the right of each control.

    Attributes
    ----------
    value : pydantic.BaseModel or None
        What the draft says, if it is valid.
    errors : dict
        What is wrong, by the path of the field; by "" what is wrong with the whole.
    """

    def __init__(
        self,
        kind: type[BaseModel],
        start: Any = None,
        *,
        panel: Panel,
        edited: Callable[[str], None] = lambda path: None,
        beside: Beside | None = None,
    ) -> None:
        self.kind = kind
        self.value: BaseModel | None = None
        self.errors: dict[str, str] = {}
        self._told = edited
        self._summary = markup("")
        self.fields = Fields(kind, start, self._edited, panel=panel, look=Look(), beside=beside)
        super().__init__([markup(STYLE), self.fields, self._summary])
        self.add_class("sdkit-form")
        self._check()

    @property
    def draft(self) -> Draft:
        """What stands in the form."""
        return self.fields.draft

    def show(self, draft: Mapping[str, Any]) -> None:
        """Show another draft."""
        self.fields.show_draft(draft)
        self._check()

    def values(self, names: Collection[str]) -> dict[str, Any]:
        """Return what is in some fields, in the order given, whether or not the others are valid.

        Raises
        ------
        InputError
            One of them is not valid itself.
        """
        values = self.fields.values(names)
        for path, problem in self.errors.items():
            if path.partition(".")[0] in values:
                raise InputError(f"{path}: {problem}. Mend that first")
        return {name: value_of(self.value, name) for name in values} if self.value is not None else values

    def _edited(self, path: str) -> None:
        self._check()
        self._told(path)

    def _check(self) -> None:
        self.value, problems = check(self.kind, self.draft)
        whole = "; ".join(problem.message for problem in problems if not self.fields.has(problem))
        self.errors = self.fields.show(problems) | ({"": whole} if whole else {})
        self._summary.value = note(whole, "alert") if whole else ""
