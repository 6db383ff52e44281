"""The `sdkit notebooks` commands: each a few lines over the library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

if TYPE_CHECKING:
    from sdkit.teaching.notebooks import Run

notebooks = App(name="notebooks", help="Run, record and check the lessons without opening them.")


@notebooks.command
def run(*lessons: str, model: str | None = None) -> int:
    """Run lessons from top to bottom, each in a fresh kernel, without changing them.

    Parameters
    ----------
    lessons
        Numbers such as 03, or files; all lessons if none are given.
    model
        The model that answers in them, live; by default as when you open them.
    """
    from sdkit.teaching import notebooks as runner

    return _worst(_verdict(runner.run(file, model)) for file in _lessons(lessons))


@notebooks.command
def build(*lessons: str) -> int:
    """Make lessons from the notebooks with their solutions, and run both with recorded answers; save the outputs.

    Parameters
    ----------
    lessons
        Numbers such as 03, or files; all lessons with exercises if none are given.
    """
    from sdkit.teaching import building

    sources = [source for file in _lessons(lessons) if (source := building.source_of(file))]
    return _worst(_verdict(result) for source in sources for result in building.build(source))


@notebooks.command
def refresh(*lessons: str) -> int:
    """Run lessons with their recorded answers, and save the outputs in them.

    Parameters
    ----------
    lessons
        Numbers such as 03, or files; all lessons if none are given.
    """
    from sdkit.teaching import notebooks as runner

    return _worst(_verdict(runner.refresh(file)) for file in _lessons(lessons))


@notebooks.command
def record(*lessons: str, missing: bool = False, model: str | None = None) -> int:
    """Run lessons with a live model, and record its answers; then read them, and `refresh`.

    Parameters
    ----------
    lessons
        Numbers such as 03, or files; all lessons if none are given.
    missing
        Ask only for what is not recorded.
    model
        The model that answers; Qwen2.5-Coder-1.5B, embedded, by default.
    """
    from sdkit.teaching import recording, workspace

    def outcomes() -> Iterator[bool]:
        for file in _sources(lessons):
            outcome = recording.record(file, workspace.checkout(), model or recording.MODEL, missing)
            for answer in outcome.new:
                print(f"{recording.readable(answer)}\n", flush=True)
            dropped = f", {len(outcome.unplayed)} dropped" if outcome.unplayed else ""
            _say(file, f"{len(outcome.new)} answers recorded{dropped}. Read them before you commit.", outcome.problems)
            yield not outcome.problems

    return _worst(outcomes())


@notebooks.command
def check(*lessons: str) -> int:
    """See whether lessons are fit to be committed: their form, and whether each request has its recorded answer.

    Parameters
    ----------
    lessons
        Numbers such as 03, or files; all lessons if none are given.
    """
    from sdkit.teaching import building, contract, recording, workspace

    def outcomes() -> Iterator[bool]:
        for file in _lessons(lessons):
            source = building.source_of(file)
            outcome = recording.check(source or file, workspace.checkout())
            problems = contract.problems(file) + outcome.problems
            if source and not building.is_made_from(file, source):
                problems.append("is not what its solutions make: python -m sdkit notebooks build")
            for missed in outcome.missed:
                problems.append(f"not recorded: {recording.shown(missed['missed'])}")
                problems += (
                    [f"    nearest recorded: {recording.shown(missed['nearest'])}"] if "nearest" in missed else []
                )
                problems += [f"    {line}" for line in missed.get("differs", [])]
            problems += [f"recorded, and never asked for: {recording.shown(a.prompt)}" for a in outcome.unplayed]
            _say(file, "", problems)
            yield not problems

    return _worst(outcomes())


@notebooks.command
def gallery(*widgets: str) -> None:
    """Take the pictures of the widgets that the README shows, in a real browser: notebooks/images/widget_*.png.

    Parameters
    ----------
    widgets
        Names such as ModelPicker; all widgets if none are given.
    """
    from sdkit.teaching import gallery as the_gallery
    from sdkit.teaching import workspace

    for path in the_gallery.pictures(workspace.checkout() / "notebooks" / "images", widgets):
        print(path, flush=True)


def _lessons(names: tuple[str, ...]) -> list[Path]:
    from sdkit.teaching import building, workspace
    from sdkit.teaching import notebooks as runner

    there = building.lessons(workspace.checkout())
    return [runner.named(name, there) for name in names] or there


def _sources(names: tuple[str, ...]) -> list[Path]:
    """Return the notebooks that people edit: the one with the solutions, where there is one."""
    from sdkit.teaching import building

    return [building.source_of(file) or file for file in _lessons(names)]


def _verdict(result: Run) -> bool:
    told = f"{result.cells} cells, {result.seconds:.1f} s"
    _say(result.path, told, [result.problem] if result.problem else [])
    return result.problem is None


def _say(file: Path, told: str, problems: list[str]) -> None:
    print(f"{'FAILED' if problems else 'OK    '}  {file.name}  {told}", flush=True)
    for problem in problems:
        print(f"        {problem}", flush=True)


def _worst(good: Iterable[bool]) -> int:
    return 0 if all(list(good)) else 1  # every one of them runs, also after a failure
