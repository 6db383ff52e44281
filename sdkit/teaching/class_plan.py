"""The plan of a class: minutes, breaks, days, and what to leave out first if time is short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from sdkit.exercises.steps import Step
from sdkit.teaching.classroom import Classroom
from sdkit.teaching.openings import Opening

AT_MOST, SOON, BREAK = 90, 60, 15
"""Minutes that a class works without a break; after which a break before the next lesson is welcome; of a break."""
SHORTEST = 5
"""Minutes that a lesson takes at least, besides its exercises."""

Steps = Mapping[str, list[type[Step]]]


@dataclass(frozen=True)
class Part:
    """Something that a class does in one go.

    Attributes
    ----------
    lesson : str
        The number of the lesson; nothing for a break.
    what : str
        What it is.
    minutes : int
        How long it takes.
    """

    lesson: str
    what: str
    minutes: int


def parts(room: Classroom, lessons: Mapping[str, Opening], steps: Steps) -> list[Part]:
    """Return what a class does, in order: each lesson, then its exercises; what is homework is left out."""
    return [part for number in room.lessons for part in _of_lesson(room, lessons[number], steps)]


def _of_lesson(room: Classroom, lesson: Opening, steps: Steps) -> Iterator[Part]:
    if lesson.is_homework:
        return
    exercises = [name for name in steps if lesson_of(name) == lesson.number]
    minutes = lesson.minutes - sum(step.minutes for name in exercises for step in steps[name])
    # In pieces, so that a break and the end of a day fit in between.
    longest = min(AT_MOST, room.minutes_a_day)
    left = max(SHORTEST, minutes)
    while left > 0:
        yield Part(lesson.number, f"Lesson {lesson.number}, {lesson.title}: read and run the cells", min(left, longest))
        left -= longest
    for name in exercises:
        if name in room.exercises:
            for step in steps[name]:
                yield Part(lesson.number, f"Exercise {name}: {step.title()}", min(step.minutes, longest))


def lesson_of(exercise: str) -> str:
    """Return the number of the lesson that an exercise belongs to."""
    return exercise.split("-", maxsplit=1)[0]


def schedule(todo: list[Part], minutes_a_day: int) -> list[list[Part]]:
    """Return the days: what is done, with breaks, after at most `AT_MOST` minutes, and earlier before a new lesson."""
    days: list[list[Part]] = []
    used = since = minutes_a_day
    for i, part in enumerate(todo):
        begins = i == 0 or todo[i - 1].lesson != part.lesson
        whole = sum(one.minutes for one in todo if one.lesson == part.lesson) if begins else part.minutes
        pause = since + part.minutes > AT_MOST or (begins and since >= SOON and since + whole > AT_MOST)
        if used + part.minutes + BREAK * pause > minutes_a_day:
            days.append([])
            used = since = 0
        elif pause:
            days[-1].append(Part("", "Break", BREAK))
            used, since = used + BREAK, 0
        days[-1].append(part)
        used, since = used + part.minutes, since + part.minutes
    return days


def left_out(room: Classroom, lessons: Mapping[str, Opening], steps: Steps) -> list[tuple[str, Classroom]]:
    """Return what to leave out, in this order, each with the class that is left.

    First the last exercises of lessons; the first one of each stays. Then lessons from the last on that no lesson which
    stays stands on; the very last one, which the class works towards, stays.
    """
    cuts = []
    by_lesson: dict[str, list[str]] = {}
    for name in room.exercises:
        if not lessons[lesson_of(name)].is_homework:
            by_lesson.setdefault(lesson_of(name), []).append(name)
    for rank in range(max(map(len, by_lesson.values()), default=0) - 1, 0, -1):
        for names in by_lesson.values():
            if rank < len(names):
                room = room.model_copy(update={"exercises": [one for one in room.exercises if one != names[rank]]})
                cuts.append((f"exercise {names[rank]}", room))
    in_class = [number for number in room.lessons if not lessons[number].is_homework]
    for number in reversed(in_class[:-1]):
        if not any(number in lessons[other].needs for other in room.lessons if other != number):
            kept = [one for one in room.exercises if lesson_of(one) != number]
            room = room.model_copy(
                update={"lessons": [one for one in room.lessons if one != number], "exercises": kept}
            )
            cuts.append((f"lesson {number}", room))
    return cuts


def page(room: Classroom, lessons: Mapping[str, Opening], steps: Steps) -> str:
    """Return the plan as Markdown."""
    todo = parts(room, lessons, steps)
    days = schedule(todo, room.minutes_a_day)
    work, breaks = (
        sum(part.minutes for part in todo),
        sum(part.minutes for day in days for part in day if not part.lesson),
    )
    fits = len(days) <= room.days
    had = f"you have {_days(room.days)} of {room.minutes_a_day} minutes"
    lines = [
        f"# Plan: {room.title}",
        "",
        f"{work} minutes of work and {breaks} of breaks, on {_days(len(days))}; {had}. "
        + ("It fits." if fits else "**It does not fit**: see the end of this page."),
        "",
        "The minutes are those that the lessons promise; expect more the first time. Lunch is not in here.",
    ]
    for number, day in enumerate(days, start=1):
        lines += ["", f"## Day {number}" + (" (one that you do not have)" if number > room.days else ""), ""]
        lines += ["| from | minutes | what |", "|---|---|---|", *_rows(day)]
    home = [lessons[number] for number in room.lessons if lessons[number].is_homework]
    if home:
        lines += [
            "",
            "## Homework",
            "",
            *(f"- Lesson {one.number}, {one.title}: {one.minutes} minutes" for one in home),
        ]
    lines += ["", "## What to leave out first, if time is short", ""]
    return "\n".join([*lines, *_cut_lines(room, lessons, steps, fits), ""])


def _cut_lines(room: Classroom, lessons: Mapping[str, Opening], steps: Steps, fits: bool) -> Iterable[str]:
    before = sum(part.minutes for part in parts(room, lessons, steps))
    for number, (what, left) in enumerate(left_out(room, lessons, steps), start=1):
        todo = parts(left, lessons, steps)
        now = sum(part.minutes for part in todo)
        line = f"{number}. {what}: {before - now} minutes"
        if not fits and len(schedule(todo, room.minutes_a_day)) <= room.days:
            fits = True
            line += ". **Without all of these, it fits**"
        yield line
        before = now
    if not fits:
        yield "\nWithout all of these it still does not fit: give it another day."
    yield "\nThe first exercise of each lesson stays, as do the lessons that others stand on, and the last one."


def _rows(day: list[Part]) -> Iterator[str]:
    now = 0
    for part in _joined(day):
        yield f"| {now // 60}:{now % 60:02} | {part.minutes} | {part.what.replace('|', '/')} |"
        now += part.minutes


def _joined(day: list[Part]) -> list[Part]:
    """Return a day with the pieces of one thing put together again."""
    rows: list[Part] = []
    for part in day:
        if rows and rows[-1].what == part.what:
            rows[-1] = replace(part, minutes=rows[-1].minutes + part.minutes)
        else:
            rows.append(part)
    return rows


def _days(count: int) -> str:
    return f"{count} day{'s' * (count != 1)}"
