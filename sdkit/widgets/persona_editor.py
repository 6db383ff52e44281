"""`PersonaEditor`: personas as a form, with what the model reads beside it, and a model to fill what is left open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from sdkit.errors import InputError
from sdkit.personas import BasePersona
from sdkit.widgets import form_preview
from sdkit.widgets.form import Form
from sdkit.widgets.form_drafts import NOT_GIVEN, draft_of, is_empty
from sdkit.widgets.form_look import Beside, named
from sdkit.widgets.form_types import Spec
from sdkit.widgets.parts import button, markup, row
from sdkit.widgets.persona_pages import Left, PagedPanel, Pages, State

if TYPE_CHECKING:
    from sdkit.llm.spec import ModelSpec

_STYLE = """<style>
.sdkit-persona-editor { max-width: 80em; }
.sdkit-persona-editor .sdkit-columns { gap: 0.5em 2em; align-items: flex-start !important; margin: 0.3em 0; }
.sdkit-persona-editor .sdkit-form { flex: 3 1 34em; min-width: 0; max-height: 40em; overflow: hidden auto;
  padding-bottom: 0.4em; border-bottom: 1px solid var(--jp-border-color2, currentColor); }
.sdkit-persona-editor .sdkit-reads { flex: 2 1 16em; min-width: 0; height: auto; margin: 0; }
.sdkit-persona-editor .sdkit-reads p { margin: 0.3em 0; line-height: 1.4; }
.sdkit-persona-editor .sdkit-reads pre { max-height: 30em; overflow: auto; padding: 0.5em; margin-top: 0.3em;
  word-break: normal; border: 1px solid var(--jp-border-color2, currentColor); }
.sdkit-persona-editor .sdkit-actions .widget-label { width: auto; margin-left: 0.3em; }
</style>"""


class PersonaEditor(PagedPanel):
    """A persona as a form, checked while you type.

    The model is told about the fields that the persona was given, in that order, then about those that you fill in; a
    field that you empty is no longer given. Lineage, label and provenance stay.

    "Let the model fill the rest" writes all fields but those under Keep, which are at first those that are given, and
    then those that you edit.

    Of many personas one is shown at a time. What is edited is kept when another one is shown, and Save writes all of
    them, in their order, if all are valid.

    Parameters
    ----------
    persona
        A persona, which is never changed, or a class of personas; or many: a list, or the path of a file of ``users``.
    model
        The model that fills fields; None is the default model.
    path
        Where Save and Load look first; names that end in .json, .yaml or .yml. By default the file that was opened, or
        one in the folder output.

    Attributes
    ----------
    value : BasePersona or None
        The last valid persona, of many the one that is shown. Assign another one to edit that.
    errors : dict
        What is wrong, by the path of the field, such as "age" or "friend.age"; by "" what is wrong with the whole.
    dirty : bool
        Whether there are edits that were not saved.
    """

    value = traitlets.Instance(BasePersona, allow_none=True)
    errors = traitlets.Dict()
    dirty = traitlets.Bool()

    def __init__(
        self,
        persona: BasePersona | type[BasePersona] | Sequence[BasePersona] | str | Path,
        *,
        model: ModelSpec = None,
        path: str | Path | None = None,
    ) -> None:
        pages = Pages.of(persona)
        if pages is not None:
            persona, path = pages.values()[0], path or pages.path or "output/personas.yaml"
        base = persona if isinstance(persona, BasePersona) else None
        kind = type(persona) if base is not None else persona
        if not (isinstance(kind, type) and issubclass(kind, BasePersona)):
            raise InputError(f"{persona!r} is no persona; give one, a class such as Persona, or a list")
        super().__init__("Edit the personas" if pages else "Edit the persona", "sdkit-persona-editor", pages)
        self.model = model
        self._accepts = pages.kind if pages else kind
        self._run = ""  # the path of the field that is being typed into
        self._locks: dict[str, Any] = {}
        self.form: Any = None
        self.preview = markup("").add_class("sdkit-reads")
        self.seed = ipywidgets.Text(description="Seed", placeholder="random")
        self.file = ipywidgets.Text(description="File", value=str(path or "output/persona.json"))
        buttons: dict[str, tuple[str, Callable[[], None]]] = {
            "Undo": ("Take back the last edit", self.undo),
            "Reset": ("Go back to the persona as it was opened", self.reset),
            "Let the model fill the rest": ("All fields but those under Keep", self.fill),
            "Stop": ("Let the model stop", self.stop),
            "Save": ("Write the persona to the file", self.save),
            "Load": ("Edit what is in the file instead", self.load),
        }
        self.buttons |= {text: button(text, tooltip) for text, (tooltip, _) in buttons.items()}
        for text, (_, do) in buttons.items():
            self.on_click(self.buttons[text], do)
        self._fill_enabled(True)
        self._open(kind, base)
        self.observe(self._assigned, "value")

    def static_html(self) -> str:
        """Return the fields as a table, and what the model reads."""
        said = form_preview.static_html(self.form.fields.texts(), self.value, self.errors)
        return f"<p>{self._pages}</p>\n{said}" if self._pages else said

    # -- what the buttons do ------------------------------------------------------------------------------------------

    def undo(self) -> None:
        """Take back the last edit: all that was typed into one field in one go."""
        if not self._past:
            raise InputError("there is nothing to take back")
        self.say("")
        self._show(self._past.pop())

    def reset(self) -> None:
        """Go back to the persona as it was passed in, assigned or loaded."""
        self._past.append(self._state)
        self.say("")
        self._open(self._state.kind, self._state.start)

    def save(self) -> None:
        """Write the persona to the file, or all of many."""
        if self._pages is not None:
            self._save_all(self._pages, self._path())
            self._settle(self._state._replace(saved=self.form.draft))
            return
        persona = self._state.value
        if self.form.errors or persona is None:
            raise InputError(f"nothing was saved. {form_preview.to_mend(self.form.errors)}")
        path = self._path()
        there = path.exists()
        persona.to_file(path)
        self.say(f"Saved {form_preview.named(persona)} to {path}{', in place of what was there' if there else ''}.")
        self._settle(self._state._replace(saved=self.form.draft))

    def load(self) -> None:
        """Edit what is in the file, in place of what is shown."""
        path = self._path()
        if self._pages is not None:
            self._load_all(self._pages, path, self._accepts)
            return
        persona = self._accepts.from_file(path)
        self._past.append(self._state)
        self.say(f"Loaded {form_preview.named(persona)} from {path}.")
        self._open(type(persona), persona)

    def fill(self) -> None:
        """Let the model write all fields but those under Keep."""
        from sdkit.population import generator as population

        kind, base, seed = self.form.kind, self._state.base, self._seed()
        kept = self.form.values(self._state.kept)

        def done(filled: BasePersona) -> None:
            if base is not None:
                filled._label, filled._lineage = base._label, base._lineage
            self._past.append(self._state)
            self.say(f"{form_preview.answered(filled)} Undo takes it back.")
            self._show(self._state._replace(kind=kind, base=filled, draft=draft_of(kind, filled), value=filled))

        self._fill_enabled(False)
        self.say("The model is filling the rest.")
        self.work(
            lambda: population.afill_persona(kind, kept, model=self.model, seed=seed),
            done,
            ended=lambda: self._fill_enabled(True),
        )

    # -- the state ----------------------------------------------------------------------------------------------------

    def _open(self, kind: type[BasePersona], base: BasePersona | None) -> None:
        """Edit another persona, or an empty one; what the model is told of it from the start is kept."""
        base = base and base.model_copy()
        draft = draft_of(kind, base)
        told = kind._completed({name: value for name, value in draft.items() if value is not NOT_GIVEN})
        kept = frozenset(name for name, value in told.items() if not is_empty(value))
        self._show(State(kind, base, None, base, draft, kept, None))

    def _show(self, state: State) -> None:
        """Let the form show a state, as if it had never been touched."""
        self._run = ""
        if self.form is not None and self.form.kind is state.kind:
            self.form.show(state.draft)
            for name, lock in self._locks.items():
                lock.value = name in state.kept
        else:
            self._build(state)
        self._settle(state if state.saved is not None else state._replace(saved=self.form.draft))

    def _build(self, state: State) -> None:
        fillable = bool(state.kind.model_fields)
        self._locks = {}
        # All locks share these: each of their own would take time to make.
        shared = {"layout": ipywidgets.Layout(width="max-content"), "style": ipywidgets.Checkbox().style}
        beside = Beside("Keep", lambda spec: self._lock(spec, state.kept, shared)) if fillable else None
        self.form = Form(state.kind, state.draft, panel=self, edited=self._edited, beside=beside)
        press = self.buttons.__getitem__
        actions = [row(press("Undo"), press("Reset"))]
        if fillable:
            actions.append(row(press("Let the model fill the rest"), self.seed, press("Stop")))
        actions.append(row(self.file, press("Save"), press("Load")))
        self.body.children = [
            markup(_STYLE),
            *([self.turning] if self._pages else []),
            row(self.form, self.preview).add_class("sdkit-columns"),
            *(line.add_class("sdkit-actions") for line in actions),
        ]

    def _edited(self, path: str) -> None:
        """Take note of an edit: a step to go back to, unless it goes on with the last one, and a lock."""
        if path != self._run:
            self._past.append(self._state)
        name = path.partition(".")[0]
        if lock := self._locks.get(name):
            lock.value = not is_empty(self.form.draft[name])
        self._run = path
        self.say("")
        self._settle(self._state)

    def _settle(self, state: State) -> None:
        """Let all say what the form says; `value` last, for whoever observes it finds the rest in order."""
        value, base = self.form.value, state.base
        if value is None:
            value = state.value
        elif base is not None:
            value._label, value._lineage, value._provenance = base._label, base._lineage, base._provenance
        self._state = state._replace(draft=self.form.draft, kept=self._locked(), value=value)
        self.buttons["Undo"].disabled = not self._past
        self.preview.value = form_preview.reads_html(value, self.form.errors)
        changed = self._state.changed
        if self._pages is not None:
            self._pages.leave(Left(self._state, self._past, self.form.errors))
            changed = bool(self._pages.unsaved())
            self._show_place()
        for trait, now in {"errors": self.form.errors, "dirty": changed, "value": value}.items():
            with self._shown():  # what a callback raises is no reason to stop here
                setattr(self, trait, now)

    def _assigned(self, change: Any) -> None:
        if change["new"] is None and self._state.value is not None:
            self.value = self._state.value
            raise InputError("assign a persona; Reset goes back to the first one")
        if change["new"] is not self._state.value:
            kind = type(change["new"])
            self._accepts = self._accepts if self._pages else kind
            self._past.append(self._state)
            self._open(kind, change["new"])

    # -- what is kept, and how it is filled ---------------------------------------------------------------------------

    def _lock(self, spec: Spec, kept: frozenset[str], shared: dict[str, Any]) -> Any:
        label = named(f"Keep {spec.label}")
        lock = ipywidgets.Checkbox(spec.name in kept, indent=False, _dom_classes=("sdkit-lock",), **label, **shared)
        self._locks[spec.name] = lock
        self.on_change(lock, lambda _: self._relocked())
        return lock

    def _locked(self) -> frozenset[str]:
        return frozenset(name for name, lock in self._locks.items() if lock.value)

    def _relocked(self) -> None:
        self._state = self._state._replace(kept=self._locked())

    def _seed(self) -> int | None:
        text = self.seed.value.strip()
        try:
            return int(text) if text else None
        except ValueError:
            raise InputError(f"{text[:40]!r} is no seed: give a whole number, or nothing for a random one") from None

    def _fill_enabled(self, enabled: bool) -> None:
        self._filling = not enabled
        self._show_place()
        self.buttons["Let the model fill the rest"].disabled, self.buttons["Stop"].disabled = not enabled, enabled

    def _path(self) -> Path:
        text = self.file.value.strip()
        if not text:
            raise InputError("name a file, such as output/persona.json")
        return Path(text)
