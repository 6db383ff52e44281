"""What an author of exercises needs: a class for a step, and `need`. How: notebooks/solutions/README.md."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, get_origin, get_type_hints

if TYPE_CHECKING:
    from sdkit.dialog import Dialog

SECONDS = 10.0
"""How long the code of an answer may take."""


class NotYetError(Exception):
    """A property that an answer does not have yet. Raised by `need`, and caught by the checker.

    Attributes
    ----------
    wanted : str
        The property, as a sentence about what is wanted.
    value : object
        What the answer has instead.
    hint : int
        The number of the hint that helps.
    """

    def __init__(self, wanted: str, value: Any, hint: int) -> None:
        super().__init__(wanted)
        self.wanted, self.value, self.hint = wanted, value, hint


def need(holds: object, wanted: str, yours: Any, hint: int = 1) -> None:
    """Go on if a property holds; else the outcome is NOT YET.

    Parameters
    ----------
    holds
        Whether it holds: anything that is true or false.
    wanted
        The property, as a sentence: "`order` has three turns or more".
    yours
        The student's own value, that shows what is missing.
    hint
        The number of the hint that helps here, from 1.
    """
    if not holds:
        raise NotYetError(wanted, yours, hint)


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people give; a test shows that it is caught, and the instructor's pack lists it.

    Attributes
    ----------
    title : str
        What goes wrong, in a few words.
    code : str
        An answer that goes wrong in this way. It is run after the solution's cells up to this step.
    hint : int
        The hint that the checker has to point to.
    """

    title: str
    code: str
    hint: int = 1


def of_type(name: str, kind: type) -> str:
    """Return the property that an answer is of a class."""
    return f"`{name}` is {a(kind)}"


def a(kind: type) -> str:
    """Return the name of a class with its article."""
    name = "class" if kind is type else kind.__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


class Step:
    """One thing to do, and how to see whether it is done: the base class of the steps of exercises.

    The first line of a subclass's docstring is its title. Its `check` takes the student's objects by name, calls `need`
    for one property after another, and returns what the student has shown. An argument that is annotated with a class
    has to be of that class. The names of the arguments of `check` are different in each step of an exercise: by them,
    the checker knows which step is meant.

    Attributes
    ----------
    exercise : str
        The exercise that the step belongs to: its lesson and a name, such as "07-doctor-patient".
    minutes : int
        How long it takes, with reading the hints.
    hints : tuple of str
        Graded: the first points into a direction, the last nearly says it.
    stretch : str
        What to try next, for those who are done.
    mistakes : tuple of Mistake
        Wrong answers that people give.
    hint_for_type : int
        The hint that helps those whose answer is of the wrong type.
    """

    exercise: ClassVar[str] = ""
    minutes: ClassVar[int] = 5
    hints: ClassVar[tuple[str, ...]] = ()
    stretch: ClassVar[str] = ""
    mistakes: ClassVar[tuple[Mistake, ...]] = ()
    hint_for_type: ClassVar[int] = 1

    def __init__(self, judge: Callable[[Dialog, str], bool | None] | None = None) -> None:
        self._judge = judge

    check: ClassVar[Any]
    """``check(self, *, name: Class, ...) -> str``: see above."""

    def untouched(self, **answers: Any) -> bool:
        """Tell whether the student has not begun: an answer is still None, or ``...``."""
        return any(answer is None or answer is ... for answer in answers.values())

    def agrees(self, dialog: Dialog, statement: str) -> bool | None:
        """Ask the judge whether a statement is true of a dialogue; None where there is none, or it is silent."""
        return None if self._judge is None else self._judge(dialog, statement)

    @classmethod
    def title(cls) -> str:
        """Return the first line of the docstring."""
        return (inspect.getdoc(cls) or cls.__name__).splitlines()[0].rstrip(".")

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of what `check` takes."""
        return tuple(list(inspect.signature(cls.check).parameters)[1:])

    @classmethod
    def classes(cls) -> dict[str, type]:
        """Return the classes that the answers have to be of, by name, where `check` says so."""
        hints = get_type_hints(cls.check)
        kinds = {name: get_origin(hints.get(name)) or hints.get(name) for name in cls.names()}
        return {name: kind for name, kind in kinds.items() if isinstance(kind, type) and kind not in (Any, object)}
