"""`PlanEditor`: what the dialogues of a factory are to differ in, edited, with what the plan comes to below."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ipywidgets
import traitlets

from sdkit.errors import InputError
from sdkit.factory.report_plan import title
from sdkit.factory.spec import AXES, Spec
from sdkit.files import write_text
from sdkit.llm.seeds import check_seed
from sdkit.widgets import factory_parts, plan_boxes, plan_parts, plan_texts
from sdkit.widgets.factory_parts import CLOSE, Sections
from sdkit.widgets.parts import Panel, button, markup, note, row, typed_seed
from sdkit.widgets.plan_boxes import Boxes, said
from sdkit.widgets.plan_parts import Preview


class PlanEditor(Panel):
    """A plan for the dialogue factory: edited field by field or as YAML, which follow each other.

    With each valid edit the plan is made anew, and shown: how often each value comes, and the first dialogues.

    Parameters
    ----------
    spec
        A `Spec`, a mapping for `Spec.of`, or the path of a YAML; the default plan if None.
    total
        How many dialogues.
    seed
        The same seed gives the same plan.
    path
        Where Save and Load look first.

    Attributes
    ----------
    value, total, seed : Spec, int, int
        The last ones of which a plan could be made, as ``Factory(editor.total, "output/dialogues.json",
        editor.value, seed=editor.seed)`` makes it. Each can be assigned.
    errors : dict of str to str
        What is wrong, by field and group, such as "regions" or "services.double", by "total", "seed" and "yaml".
    boxes : dict
        The controls, by the same names; the shares of services as "services.double.weight".

    Raises
    ------
    InputError
        No plan can be made of it.
    FileError
        The file cannot be read.
    """

    value = traitlets.Instance(Spec)
    total = traitlets.Int()
    seed = traitlets.Int()
    errors = traitlets.Dict()

    def __init__(
        self,
        spec: Spec | Mapping[str, Any] | str | Path | None = None,
        total: int = 100,
        seed: int = 0,
        *,
        path: str | Path = "output/plan.yaml",
    ) -> None:
        if not isinstance(spec, Spec):
            spec = Spec.load(spec) if isinstance(spec, str | Path) else Spec.of(spec)
        self._preview = Preview.of(spec, total, check_seed(seed))
        super().__init__("Plan of a dialogue factory", "sdkit-plan-editor")
        self.add_class("sdkit-factory")
        self._busy, self._source = False, "boxes"
        self._boxes = Boxes(self, self._edited)
        self.boxes, notes = self._boxes.controls, self._boxes.notes
        self.state, self.counts, self.first = (markup("") for _ in range(3))
        axes = [(title(axis).capitalize(), axis) for axis in AXES]
        self.axis = ipywidgets.Dropdown(description="Show", options=axes, value="services", **CLOSE)
        self.file = ipywidgets.Text(description="File", value=str(path), **CLOSE)
        self.save_button = button("Save", "Write what differs from the default plan to the file")
        self.load_button = button("Load", "Edit the plan of the file instead")
        self._accept(spec, total, seed)
        self.sections = Sections(self, self._boxes.sections)
        self.body.children = [
            markup(factory_parts.STYLE + plan_boxes.STYLE),
            row(self.boxes["total"], self.boxes["seed"]),
            notes["total"],
            notes["seed"],
            self.sections,
            row(self.file, self.save_button, self.load_button),
            self.message_here(),
            self.state,
            self.axis,
            self.counts,
            self.first,
        ]
        self.on_change(self.axis, lambda _: self._show_axis())
        self.on_click(self.save_button, self.save)
        self.on_click(self.load_button, self.load)
        self.observe(self._assigned, ["value", "total", "seed"])

    def static_html(self) -> str:
        """Return what differs from the default plan, the counts of each axis, and the first dialogues."""
        problems = [f"{place}: {words}" if place else words for place, words in self.errors.items()]
        return plan_parts.static_html(self._preview, self.plan_yaml(), problems)

    def plan_yaml(self) -> str:
        """Return what differs from the default plan as YAML, for ``--config`` and `Spec.load`; "" if nothing does."""
        return plan_texts.short_yaml(self.value)

    def save(self) -> None:
        """Write what differs from the default plan to the file."""
        if self.errors:
            place, words = next(iter(self.errors.items()))
            raise InputError(f"nothing was saved. {place}: {words}")
        path = self._path()
        if path.suffix.lower() not in (".yaml", ".yml"):
            raise InputError(f"{path}: a plan goes into a file whose name ends in .yaml or .yml")
        there = path.exists()
        write_text(path, self.plan_yaml() or "# Nothing differs from the default plan.\n")
        self.say(f"Saved to {path}{', in place of what was there' if there else ''}.")

    def load(self) -> None:
        """Edit the plan of the file, in place of what is shown."""
        path = self._path()
        self._assign(Spec.load(path), self.total, self.seed)
        self.say(f"Loaded {path}.")

    def _path(self) -> Path:
        if not (text := self.file.value.strip()):
            raise InputError("name a file, such as output/plan.yaml")
        return Path(text)

    # -- from an edit to a plan ---------------------------------------------------------------------------------------

    def _edited(self, name: str) -> None:
        if self._busy:
            return
        if name not in ("total", "seed"):
            self._source = "yaml" if name == "yaml" else "boxes"
        self.say("")
        spec, wrong = self._read()
        numbers = {}
        for each, read in (("total", _number), ("seed", _seed)):
            try:
                numbers[each] = read(self.boxes[each].value)
            except InputError as error:
                wrong[each] = str(error)
        if spec is not None and not wrong:
            try:
                preview = Preview.of(spec, **numbers)
            except InputError as error:
                place, words = plan_texts.by_field(str(error))
                wrong[place or "total"] = words
            else:
                self._preview = preview
                self._accept(spec, **numbers, source=self._source)
        if wrong:
            self._tell(wrong)

    def _read(self) -> tuple[Spec | None, dict[str, str]]:
        """Return the plan that was edited, or None, and what is wrong with it."""
        if self._source == "boxes":
            return self._boxes.read(self.value)
        try:
            return Spec.of(plan_texts.yaml_of(self.boxes["yaml"].value)), {}
        except InputError as error:
            return None, {"yaml": str(error)}

    def _accept(self, spec: Spec, total: int, seed: int, source: str = "") -> None:
        """Let everything show a plan but that which it was typed into."""
        self._busy = True
        try:
            self._boxes.show(spec, keep=source == "boxes")
            if source != "yaml":
                self.boxes["yaml"].value = plan_texts.whole_yaml(spec)
            if not source:
                self.boxes["total"].value, self.boxes["seed"].value = str(total), str(seed)
            short = plan_texts.short_yaml(spec)
            words = "What Save writes, as it differs from the default plan:" if short else "This is the default plan."
            self._boxes.differs.value = said(words) + plan_parts.yaml_html(short)
            self.first.value = plan_parts.first_html(self._preview)
            self._show_axis()
            self._tell({})
            for trait, now in {"total": total, "seed": seed, "value": spec}.items():
                with self._shown():  # what a callback raises is no reason to stop here
                    setattr(self, trait, now)
        finally:
            self._busy = False

    def _assigned(self, change: Any) -> None:
        if self._busy:
            return
        try:
            self._assign(self.value, self.total, self.seed)
        except InputError:
            self._busy = True
            self.set_trait(change["name"], change["old"])
            self._busy = False
            raise

    def _assign(self, value: Spec, total: int, seed: int) -> None:
        self._preview = Preview.of(value, total, check_seed(seed))
        self._source = "boxes"
        self._accept(value, total, seed)

    def _tell(self, wrong: Mapping[str, str]) -> None:
        """Show what is wrong, each beside its box."""
        where = self._boxes.tell(wrong)
        words = f"To mend: {where}. What is shown here is the last plan that could be made."
        self.state.value = note(words, "status") if wrong else said(plan_parts.summary(self._preview))
        self.errors = dict(wrong)

    def _show_axis(self) -> None:
        self.counts.value = plan_parts.axis_html(self._preview, self.axis.value)


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{text.strip()[:40]!r} is no number of dialogues; give a whole number, such as 100") from None


def _seed(text: str) -> int:
    if (seed := typed_seed(text)) is None:
        raise InputError("give a whole number, such as 0")
    return seed
