"""The checker: what `exercise` returns."""

from __future__ import annotations

import contextlib
import difflib
import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from sdkit.errors import FileError, InputError, SdkitError
from sdkit.exercises import record
from sdkit.exercises.judge import Judge
from sdkit.exercises.outcome import DONE, NOT_STARTED, NOT_YET, Note, Outcome, Table, joined, kept, of_error, told
from sdkit.exercises.running import LeftError, Limit, TooSlowError, theirs
from sdkit.exercises.solutions import solution_code
from sdkit.exercises.steps import SECONDS, NotYetError, Step, a, need, of_type
from sdkit.teaching import workspace

LESSONS = ("01", "02", "03", "04", "05", "06", "07", "07b", "08", "09", "10", "11", "12", "13", "14")
"""The lessons that have exercises; each has a module here."""


class NotDoneError(SdkitError):
    """A check whose outcome is not DONE, where $SDKIT_STRICT is set: a solution has to pass."""


def exercise(name: str, model: Any = None) -> Exercise:
    """Return the checker of an exercise.

    Parameters
    ----------
    name
        The exercise, such as "07-doctor-patient".
    model
        The model that judges what a rule cannot; without one, only rules do.

    Raises
    ------
    InputError
        There is no such exercise; the nearest names are in the message.
    """
    there = all_steps()
    if name not in there:
        near = [one for one in there if one.startswith(str(name))] or difflib.get_close_matches(str(name), there, n=3)
        near = near or list(there)
        raise InputError(f"{name!r} is no exercise; did you mean {joined(near, 'or')}?")
    return Exercise(name, *there[name], model=model)


def all_steps() -> dict[str, list[type[Step]]]:
    """Return the steps of all exercises, by the exercise's name, in order."""
    found: dict[str, list[type[Step]]] = {}
    for lesson in LESSONS:
        module = importlib.import_module(f"sdkit.exercises.lesson_{lesson}")
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, Step)
                and value.exercise
                and value.__module__ == module.__name__
            ):
                found.setdefault(value.exercise, []).append(value)
    return found


class Exercise:
    """An exercise, which checks what you did. Ask `exercise` for one.

    Parameters
    ----------
    name
        Its name.
    *steps
        Its steps, in order.
    model
        The model that judges what a rule cannot.
    """

    def __init__(self, name: str, *steps: type[Step], model: Any = None) -> None:
        self.name, self.steps = name, steps
        self._model = model
        self._now: int | None = None
        self._came: dict[int, str] = {}  # of the checks in this session, by the step's place

    def __repr__(self) -> str:
        steps = "" if len(self.steps) == 1 else f", {len(self.steps)} steps"
        return f"Exercise {self.name}{steps}: check(...), hint(), solution(), progress()"

    def check(self, *unnamed: Any, **answers: Any) -> Outcome:
        """Check your answer: hand over your objects by name, as in ``ex.check(doctor=doctor, patient=patient)``.

        Returns
        -------
        Outcome
            NOT STARTED, NOT YET with the first property that is missing, or DONE.

        Raises
        ------
        InputError
            No step of this exercise takes objects of these names.
        NotDoneError
            It is not DONE, and $SDKIT_STRICT is set.
        """
        if unnamed:
            raise InputError("hand your objects over by name, as in ex.check(doctor=doctor)")
        place = self._step_of(answers)
        step = self.steps[place]
        outcome, as_saved = self._outcome(step, answers)
        self._came[place] = outcome.kind
        if outcome.kind == NOT_STARTED:
            # After Run All, the step that was checked last is one that nobody has come to yet.
            self._now = min(number for number, kind in self._came.items() if kind != DONE)
            about = f"ex.hint() is about step {self._now + 1}, which is open."
            more = ["Stuck? ex.hint()" if self._now == place else about]
        else:
            self._now = place
            why = {"wanted": outcome.lines[0], "hint": outcome.hint} if outcome.kind == NOT_YET else {}
            more = self._save(step, outcome.kind, as_saved, **why)
        outcome = replace(outcome, lines=(*outcome.lines, *more))
        if outcome.kind != DONE and record.is_strict():
            raise NotDoneError(str(outcome))
        return outcome

    def hint(self, number: int = 1) -> Note:
        """Show a hint for the step that was checked last; for the first one that is open, if that one was not begun.

        Hint 1 is the gentlest. The class may have hints in its own language.

        Raises
        ------
        InputError
            There is no hint of that number.
        """
        from sdkit.exercises import translations

        step = self._current()
        hints, why_english = translations.of_class(step, workspace.root_of(Path.cwd()))
        if not isinstance(number, int) or number < 1:
            raise InputError(f"hint({number!r}): there are the hints 1 to {len(hints)}, and solution()")
        if number > len(hints):
            return Note(self._where(step), f"There are {len(hints)} hints. ex.solution() shows one way.")
        more = [f"ex.hint({number + 1}) says more."] if number < len(hints) else []
        unsaved = self._save(step, "hint", hint=number)
        text = " ".join(filter(None, [hints[number - 1], *more, why_english, *unsaved]))
        return Note(f"Hint {number} of {len(hints)}, {self._where(step)}", text)

    def solution(self) -> Note:
        """Show a solution for the step that was checked last. There may be others.

        Raises
        ------
        FileError
            It cannot be read: solutions live in the checkout.
        """
        step = self._current()
        code = solution_code(self.name, step.__name__)
        unsaved = self._save(step, "solution")
        return Note(f"A solution, {self._where(step)}", "\n# ".join([code, *unsaved]), code=True)

    def progress(self) -> Table:
        """Show how far you are with this exercise.

        Raises
        ------
        FileError
            What was saved cannot be read.
        """
        return progress({self.name: list(self.steps)})

    def _current(self) -> type[Step]:
        """Return the step that was checked last, also before a restart; else the first."""
        if self._now is None:
            names, found = [step.__name__ for step in self.steps], list[dict[str, Any]]()
            with contextlib.suppress(FileError):
                found, _ = record.lines()
            last = [line["step"] for line in found if line["exercise"] == self.name and line["step"] in names]
            self._now = names.index(last[-1]) if last else 0
        return self.steps[self._now]

    def _save(self, step: type[Step], event: str, answers: dict[str, str] | None = None, **more: Any) -> list[str]:
        """Save what was done; where that is impossible, return a line that says so."""
        try:
            record.add(self.name, step.__name__, event, answers, **more)
        except FileError as error:
            return [f"Your progress was not saved. {error}"]
        return []

    def _step_of(self, answers: dict[str, Any]) -> int:
        for number, step in enumerate(self.steps):
            if set(answers) == set(step.names()):
                return number
        takes = joined([", ".join(f"{name}=" for name in step.names()) for step in self.steps], "or")
        raise InputError(f"exercise {self.name} checks {takes}; you gave {', '.join(answers) or 'nothing'}")

    def _outcome(self, step: type[Step], answers: dict[str, Any]) -> tuple[Outcome, dict[str, str]]:
        """Return what comes of a check, and the answers as they are saved."""
        limit, where = Limit(SECONDS), self._where(step)
        judge = Judge(self._model, limit)
        at_work = step(judge)

        def work() -> tuple[Outcome, dict[str, str]]:
            # Here, where the time is limited: a student's own __repr__ may never end, too.
            if at_work.untouched(**answers):
                return Outcome(NOT_STARTED, where, (self._to_do(step, answers),)), {}
            as_saved = {name: kept(answer) for name, answer in answers.items()}
            try:
                _need_types(step, answers)
                said = told(f"You have shown: {at_work.check(**answers)}.")
            except NotYetError as missing:
                lines = (
                    f"Wanted: {missing.wanted}.",
                    f"Yours: {told(missing.value)}",
                    f"Stuck? ex.hint({missing.hint})",
                )
                return Outcome(NOT_YET, where, lines, missing.hint), as_saved
            stretch = (f"Next, if you like: {step.stretch}",) if step.stretch else ()
            return Outcome(DONE, where, (said, *stretch)), as_saved

        try:
            outcome, as_saved = limit.run(work)
        except TooSlowError as slow:
            end = "was stopped" if slow.stopped else "cannot be stopped: restart the kernel"
            wanted = f"Wanted: an end. Your code ran for {SECONDS:g} seconds, and {end}."
            why = "Is there a loop that never ends? Or is a model asked? Nothing is to be generated in it."
            outcome, as_saved = Outcome(NOT_YET, where, (wanted, why, "Stuck? ex.hint(1)"), 1), {}
        except LeftError as left:
            outcome, as_saved = _raised(where, left.__cause__ or left), {}
        except Exception as error:  # noqa: BLE001 - whatever a student's code raises
            outcome, as_saved = _raised(where, error), {}
        return replace(outcome, lines=(*outcome.lines, *judge.silent)), as_saved

    def _where(self, step: type[Step]) -> str:
        number = f" (step {self.steps.index(step) + 1} of {len(self.steps)})" if len(self.steps) > 1 else ""
        return f"{step.title()}{number}"

    def _to_do(self, step: type[Step], answers: dict[str, Any]) -> str:
        """Say what the student has to make for a step, and where."""
        makers = {name: next(one for one in self.steps if name in one.names()) for name in step.names()}
        empty = [name for name, answer in answers.items() if answer is None or answer is ...]
        for name in empty:
            if (maker := makers[name]) is not step:
                return f"Step {self.steps.index(maker) + 1} comes first: it makes `{name}`."
        here = [name for name in answers if makers[name] is step]
        names = joined([f"`{name}`" for name in [name for name in here if name in empty] or here])
        return f"Your code goes into the cell above. It makes {names}."


def _raised(where: str, error: BaseException) -> Outcome:
    line = theirs(error)
    wanted = "code that runs. Yours" if line else "an answer that can be checked. Yours"
    lines = (f"Wanted: {wanted} raised {of_error(error)}", *([f"In your {line}"] if line else []), "Stuck? ex.hint(1)")
    return Outcome(NOT_YET, where, lines, 1)


def _need_types(step: type[Step], answers: dict[str, Any]) -> None:
    for name, kind in step.classes().items():
        yours = answers[name]
        need(
            isinstance(yours, kind),
            of_type(name, kind),
            f"{a(type(yours))}: {told(yours)}",
            step.hint_for_type,
        )


def progress(of: dict[str, list[type[Step]]] | None = None) -> Table:
    """Show how far you are: a row for each step of each exercise.

    Parameters
    ----------
    of
        The steps, by the exercise's name; all by default.

    Raises
    ------
    FileError
        What was saved cannot be read.
    """
    of = all_steps() if of is None else of
    found, note = record.lines()
    titles = {(name, step.__name__): step.title() for name, steps in of.items() for step in steps}
    rows = [
        (row.exercise, titles[row.exercise, row.step], row.outcome.upper(), str(row.checks), str(row.hints))
        for row in record.progress(titles, found)
    ]
    return Table(("exercise", "step", "outcome", "checks", "hints"), tuple(rows), note)
