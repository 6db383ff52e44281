"""Many personas of which one is edited at a time: what is kept of each, how all are saved, and how to turn to another.

`PersonaEditor` is the one panel of this kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sdkit.errors import InputError
from sdkit.files import DATA_ENDINGS, read_text
from sdkit.persona_files import checked_users, load_users, save_users
from sdkit.personas import BasePersona
from sdkit.widgets import form_preview
from sdkit.widgets.form_drafts import Draft, given_in
from sdkit.widgets.parts import Panel, button, markup, row

_NAMED = 10  # of those that are not saved yet


class State(NamedTuple):
    """All that Undo brings back.

    `start` is the persona that was opened, if any, `saved` the draft that it became or that was saved last; `base` the
    persona whose lineage, label and provenance count, `kept` the names of the fields that are locked, `value` the last
    valid persona.
    """

    kind: type[BasePersona]
    start: BasePersona | None
    saved: Draft | None
    base: BasePersona | None
    draft: Draft
    kept: frozenset[str]
    value: BasePersona | None

    @property
    def changed(self) -> bool:
        """Whether there are edits that were not saved."""
        return list(given_in(self.draft)[0].items()) != list(given_in(self.saved or {})[0].items())


class Left(NamedTuple):
    """How a persona was left: what was edited, what Undo goes back to, and what is wrong."""

    state: State
    past: list[State]
    errors: dict[str, str]


class Pages:
    """The personas of a file, of which one is shown at a time.

    Parameters
    ----------
    personas
        At least one; no two of the same name.
    path
        The file that they were read from.

    Attributes
    ----------
    at : int
        Which one is shown; the first is 0.
    kind : type
        The class of all of them.

    Raises
    ------
    InputError
        They cannot stand in one file.
    """

    def __init__(self, personas: Sequence[BasePersona], path: str | Path | None = None) -> None:
        self._opened, self._left, self.at = checked_users(personas), dict[int, Left](), 0
        kinds = {type(each) for each in self._opened}
        self.kind: type[BasePersona] = kinds.pop() if len(kinds) == 1 else BasePersona
        self.path = path
        self._files = {} if path is None else {Path(path).absolute(): read_text(path)}

    @classmethod
    def of(cls, given: Any) -> Pages | None:
        """Return the personas of a list, or of the file of this path; None if it is something else."""
        if isinstance(given, Path) or (isinstance(given, str) and Path(given).suffix.lower() in DATA_ENDINGS):
            return cls(load_users(given), given)
        return cls(given) if isinstance(given, Sequence) and not isinstance(given, str) else None

    def __len__(self) -> int:
        return len(self._opened)

    def leave(self, left: Left) -> None:
        """Keep how the persona that is shown is left."""
        self._left[self.at] = left

    def turn(self, at: int) -> Left | BasePersona:
        """Turn to another persona; return how it was left or, if it was not shown yet, the persona."""
        if not 0 <= at < len(self):
            raise InputError(f"there is no persona {at + 1}; there are 1 to {len(self)}")
        self.at = at
        return self._left.get(at, self._opened[at])

    def values(self) -> list[BasePersona]:
        """Return all personas, as they were last valid."""
        left = {number: each.state.value for number, each in self._left.items()}
        return [left.get(number) or persona for number, persona in enumerate(self._opened)]

    def unsaved(self) -> list[int]:
        """Return the numbers of those with edits that were not saved; the first is 1."""
        return [number + 1 for number, each in sorted(self._left.items()) if each.state.changed]

    def __str__(self) -> str:
        """Say which one is shown, and which are not saved yet."""
        numbers = [str(number) for number in self.unsaved()]
        more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
        told = f" Not saved yet: {', '.join(numbers[:_NAMED])}{more}." if numbers else ""
        return f"Persona {self.at + 1} of {len(self)}.{told}"

    def save(self, path: Path) -> None:
        """Write all of them to a file; nothing is written if one is not valid.

        Raises
        ------
        InputError
            One is not valid, two have the same name, or somebody else has changed the file since it was read.
        FileError
            It cannot be written; it is as it was before.
        """
        for number, left in sorted(self._left.items()):
            if left.errors:
                raise InputError(f"nothing was saved. Persona {number + 1}: {form_preview.to_mend(left.errors)}")
        known = self._files.get(path.absolute())
        if known is not None and path.exists() and read_text(path) != known:
            raise InputError(
                f"nothing was saved: {path} was changed by somebody else since it was opened. Save under another name"
            )
        try:
            save_users(path, self.values())
        except InputError as error:
            raise InputError(f"nothing was saved: {error}") from error
        self._files[path.absolute()] = read_text(path)
        for number, left in self._left.items():
            self._left[number] = left._replace(state=left.state._replace(saved=left.state.draft))

    def again(self, path: Path, kind: type[BasePersona]) -> Pages:
        """Return the personas of a file, to be shown instead of these.

        Raises
        ------
        InputError
            Some of these have edits that were not saved.
        FileError
            The file cannot be read, or holds no personas of this class.
        """
        if numbers := self.unsaved():
            raise InputError(f"persona {numbers[0]} has edits that were not saved; save or reset it before you load")
        return Pages(load_users(path, kind), path)


class PagedPanel(Panel):
    """A panel that shows one persona, or one of many with buttons to turn to the others.

    Attributes
    ----------
    buttons : dict
        The buttons, by their text.
    turning : ipywidgets.HBox
        The buttons to turn, and which persona is shown.
    """

    def __init__(self, heading: str, css_class: str, pages: Pages | None) -> None:
        super().__init__(heading, css_class)
        self._pages, self._past, self._filling = pages, list[State](), False
        self.place = markup("")
        self.buttons = {
            "Previous": button("Previous", "Show the persona before"),
            "Next": button("Next", "Show the next persona"),
        }
        self.turning = row(*self.buttons.values(), self.place)
        self.on_click(self.buttons["Previous"], self.previous)
        self.on_click(self.buttons["Next"], self.next)

    @property
    def personas(self) -> list[BasePersona]:
        """All personas, each as it was last valid, in their order."""
        return self._pages.values() if self._pages else [] if self.value is None else [self.value]

    def previous(self) -> None:
        """Show the persona before."""
        self.show(self._pages.at if self._pages else 0)

    def next(self) -> None:
        """Show the next persona."""
        self.show(self._pages.at + 2 if self._pages else 2)

    def show(self, number: int) -> None:
        """Show another one of many personas; the first is 1.

        Raises
        ------
        InputError
            There is none, or a model is filling the one that is shown.
        """
        if self._pages is None:
            raise InputError("there is one persona only; give a list, or the path of a file of users")
        self._check_idle()
        left = self._pages.turn(number - 1)
        self.say("")
        if isinstance(left, Left):
            self._past = left.past
            self._show(left.state)
        else:
            self._past = []
            self._open(type(left), left)

    def _show(self, state: State) -> None:
        raise NotImplementedError

    def _open(self, kind: type[BasePersona], base: BasePersona | None) -> None:
        raise NotImplementedError

    def _check_idle(self) -> None:
        if self._filling:
            raise InputError("the model is filling this persona; wait, or stop it")

    def _save_all(self, pages: Pages, path: Path) -> None:
        pages.save(path)
        self.say(f"Saved {len(pages)} personas to {path}.")

    def _load_all(self, pages: Pages, path: Path, kind: type[BasePersona]) -> None:
        self._check_idle()
        self._pages = pages.again(path, kind)
        self.show(1)
        self.say(f"Loaded {len(self._pages)} personas from {path}.")

    def _show_place(self) -> None:
        """Say which one of many is shown, and which way one can turn."""
        if self._pages is not None:
            self.place.value = f'<div role="status">{self._pages}</div>'
            self.buttons["Previous"].disabled = self._filling or self._pages.at == 0
            self.buttons["Next"].disabled = self._filling or self._pages.at + 1 == len(self._pages)
