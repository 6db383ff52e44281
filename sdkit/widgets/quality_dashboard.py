"""`QualityDashboard`: whether what a dialogue factory has made is as planned, unique, clean and even-handed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import ipywidgets
import traitlets

from sdkit.dialog import Dialog
from sdkit.errors import InputError
from sdkit.factory.journal import Journal
from sdkit.factory.made import Made
from sdkit.factory.records import Record
from sdkit.widgets import factory_parts
from sdkit.widgets import quality_parts as parts
from sdkit.widgets.factory_parts import Sections, in_lab, printed
from sdkit.widgets.form_look import close
from sdkit.widgets.parts import Panel, button, markup, row
from sdkit.widgets.quality_data import Dialogues
from sdkit.widgets.quality_sections import Balance, Behaviour, Measured, Moderation, Reading, Uniqueness


class QualityDashboard(Panel):
    """The quality of what a dialogue factory has made, in sections, down to the dialogues.

    How near the dialogues are to each other and how users are treated is measured when the section is first shown.
    While a factory runs elsewhere, Refresh reads its journal anew.

    Parameters
    ----------
    made
        What ``Factory.run()`` or ``Factory.made()`` returned; or records of SynWOZ's form. Of records alone, nobody
        knows the plan, the attempts and the embeddings: what needs them is left out, and says so.

    Attributes
    ----------
    value : Dialog or None
        The dialogue that is shown under "Dialogues"; None if there is none. `show` shows another one.
    data : Dialogues
        The dialogues, and what is known of them.
    sections : Sections
        ``sections.show("Balance")`` shows another one.
    balance, uniqueness, moderation, behaviour, reading
        What is in the sections.
    errors : dict
        What could not be measured, by section.

    Raises
    ------
    InputError
        It is neither; names the record that is none.
    """

    value = traitlets.Instance(Dialog, allow_none=True)
    errors = traitlets.Dict()

    def __init__(self, made: Made | Iterable[Record]) -> None:
        self.data = Dialogues(made)
        super().__init__("Quality of what a dialogue factory has made", "sdkit-quality-dashboard")
        self.add_class("sdkit-factory")
        self.refresh_button = button("Refresh", "Read the journal of the factory anew")
        self.on_click(self.refresh_button, self.refresh)
        self._place = ipywidgets.VBox()
        self.body.children = [
            markup(factory_parts.STYLE + parts.STYLE),
            *([row(self.refresh_button)] if self.data.made else []),
            self.message_here(),
            self._place,
        ]
        self._build("")

    def static_html(self) -> str:
        """Return the overview, the axes, what was flagged, and what was measured, without the dialogues."""
        pieces = [*parts.overview(self.data)]
        if self.data.records:
            pieces.append(parts.summary(self.data))
        pieces.append(parts.categories(self.data.flagged))
        if self.uniqueness.found is not None:
            pieces.append(parts.sweep(self.uniqueness.found[0]))
        if self.behaviour.found is not None:
            pieces.append(parts.conduct(self.behaviour.groups, self.behaviour.axis.value))
        return printed(*pieces)

    def show(self, dialogue: int | str) -> None:
        """Show a dialogue.

        Parameters
        ----------
        dialogue
            Its place, from 0, or its id.

        Raises
        ------
        InputError
            There is none.
        """
        ids = [record["dialogue_id"] for record in self.data.records]
        at = ids.index(dialogue) if dialogue in ids else dialogue
        if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at < len(ids):
            there = f"there are 0 to {len(ids) - 1}, by place or by id" if ids else "there are none at all"
            raise InputError(f"there is no dialogue {str(dialogue)[:40]!r}; {there}")
        self.sections.show("Dialogues")
        self.reading.show(at)

    def refresh(self) -> None:
        """Read the journal of the factory anew."""
        if self.data.made is None:
            raise InputError("there is no journal with these records, so that nothing can be read anew")
        self.stop()
        made = self.data.made
        self.data = Dialogues(replace(made, journal=Journal(made.places.journal)))
        at, before = self.sections.at, self.sections
        self._build(at)
        close(before)
        self.say(f"{len(self.data):,} of {made.total:,} dialogues are there.")

    def _build(self, at: str) -> None:
        """Make all sections, and show one."""
        self.value, self.errors = None, {}
        self.balance = Balance(self, self.data)
        self.uniqueness = Uniqueness(self, self.data, partial(self._failed, "Uniqueness"))
        self.behaviour = Behaviour(self, self.data, partial(self._failed, "Behaviour"))
        self.moderation = Moderation(self, self.data)
        self.reading = Reading(self, self.data, self._chosen)
        sections: dict[str, Any] = {
            "Overview": ipywidgets.VBox([markup(in_lab(*parts.overview(self.data)))]),
            "Balance": self.balance,
            "Uniqueness": self.uniqueness,
            "Moderation": self.moderation,
            "Behaviour": self.behaviour,
            "Dialogues": self.reading,
        }

        def shown(name: str) -> None:
            if isinstance(section := sections[name], Measured):
                section.begin()

        self.sections = Sections(self, sections, shown)
        if at:
            self.sections.show(at)
        self._place.children = [self.sections]

    def _chosen(self, dialog: Dialog) -> None:
        self.value = dialog

    def _failed(self, section: str, problem: str) -> None:
        others = {name: words for name, words in self.errors.items() if name != section}
        self.errors = others | ({section: problem} if problem else {})
