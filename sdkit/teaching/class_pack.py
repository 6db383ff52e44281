"""The instructor's pack: ``class.yaml``, and what is made from it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from sdkit.errors import FileError
from sdkit.exercises import translations
from sdkit.exercises.checker import all_steps
from sdkit.files import read_text, write_text
from sdkit.llm import ollama
from sdkit.teaching import class_pages, class_plan, class_server, classroom, workspace
from sdkit.teaching.class_plan import Steps
from sdkit.teaching.openings import openings


def write(folder: Path) -> list[str]:
    """Write the pack; a ``class.yaml`` that is there is read, and stays as it is, like all translated hints.

    Returns
    -------
    list of str
        What was made and what to know, a line each.

    Raises
    ------
    FileError
        The settings or the translated hints cannot work, or there is no class.yaml and one of the other files would be
        overwritten; then nothing is written. Or a file cannot be written.
    """
    lessons = openings(workspace.checkout())
    steps = {name: found for name, found in all_steps().items() if class_plan.lesson_of(name) in lessons}
    file = folder / classroom.FILE
    new = not file.exists()
    text = class_pages.settings(lessons, steps) if new else read_text(file)
    room = classroom.parsed(file, text)
    classroom.check_names(file, text, room, lessons, steps)
    translated = _translated(folder, room, text)
    done = [name for name in room.exercises if class_plan.lesson_of(name) in room.lessons]
    dropped = [name for name in room.exercises if name not in done]
    room = room.model_copy(update={"exercises": done})

    server = ollama.shown(room.server)
    english = translations.english(step for names in steps.values() for step in names)
    pages = {
        "plan.md": class_plan.page(room, lessons, steps),
        "answers.md": class_pages.answers(room, steps, lambda step: translations.hints_of(step, translated)),
        "mistakes.md": class_pages.mistakes(room, steps, lambda step: translations.hints_of(step, translated)),
        "server.md": class_server.page(room.model_copy(update={"server": server})),
        classroom.hints_file(classroom.ENGLISH): class_pages.hints(english),
    }
    if new:
        _check_free(folder, pages)
    for name, page in (({classroom.FILE: text} if new else {}) | pages).items():
        write_text(folder / name, page)
    first = (
        f"{file} is new: read it, change it, and run this again." if new else f"{file} was read, and stays as it is."
    )
    told = [first, f"Made from it in {folder}: {', '.join(pages)}."]
    if dropped:
        told.append(f"Left out, because their lessons are: {', '.join(dropped)}.")
    if server != room.server:
        told.append("server.md leaves the user and password of the server out; the students' class.yaml needs them.")
    return told + _gaps(room, steps, translated)


def _check_free(folder: Path, names: Iterable[str]) -> None:
    """Raise FileError if one of the files is there."""
    if there := [name for name in names if os.path.lexists(folder / name)]:
        raise FileError(
            folder / there[0],
            f"would be overwritten: {folder} has no {classroom.FILE}, so it is no pack of a class. Move the file away, "
            "or name another folder",
        )


def _translated(folder: Path, room: classroom.Classroom, text: str) -> translations.Hints:
    """Return the hints in the language of the class; none, if that is English."""
    if room.language == classroom.ENGLISH:
        return {}
    path = folder / classroom.hints_file(room.language)
    if path.exists():
        return translations.read(path)
    there = [found.name for found in sorted(folder.glob("hints.*.yaml"))]
    raise FileError(
        folder / classroom.FILE,
        f"language: {room.language} needs {path.name} beside it: copy hints.en.yaml to it, and translate the texts. "
        + (f"There are {', '.join(there)}" if there else "hints.en.yaml is made with language: en"),
        classroom.line_of(text, ["language"]),
    )


def _gaps(room: classroom.Classroom, steps: Steps, translated: translations.Hints) -> list[str]:
    if room.language == classroom.ENGLISH:
        return []
    chosen = [(name, step) for name in room.exercises for step in steps[name]]
    gaps = [f"{name}, {step.__name__}" for name, step in chosen if not translations.is_whole(step, translated)]
    file = classroom.hints_file(room.language)
    return [f"{file} lacks hints for {'; '.join(gaps)}: these are shown in English."] if gaps else []
