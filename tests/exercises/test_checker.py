"""The checker: outcomes, hints, what is kept, and what goes wrong with answers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sdkit import Dialog, Turn
from sdkit.errors import InputError
from sdkit.exercises import Exercise, Step, checker, exercise, need, progress, record


class Sum(Step):
    """Add up."""

    exercise = "99-sum"
    hints = ("Use a plus sign.", "total = 2 + 2")
    stretch = "three numbers"

    def check(self, total: int) -> str:
        need(total > 0, "more than nothing", total)
        need(total == 4, "two and two", total, hint=2)
        return f"you have {total}"


class Twice(Step):
    """Double it."""

    exercise = "99-sum"
    hints = ("Times two.",)

    def untouched(self, double: Any) -> bool:
        return double(1) is None

    def check(self, double: Callable[[int], int]) -> str:
        need(double(3) == 6, "twice as much", double(3))
        return "you can double"


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("datasets", "output"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SDKIT_STRICT", raising=False)
    monkeypatch.delenv("SDKIT_LLM", raising=False)
    return tmp_path


@pytest.fixture
def ex() -> Exercise:
    return Exercise("99-sum", Sum, Twice)


def lines(workspace: Path) -> list[dict[str, Any]]:
    path = workspace / "output" / "exercises" / "progress.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def in_notebook(code: str) -> dict[str, Any]:
    """Run code as a cell does: as a module called __main__."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, "<cell>", "exec"), names)
    return names


# -- outcomes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("empty", [None, ...])
def test_untouched(ex: Exercise, empty: object) -> None:
    outcome = ex.check(total=empty)
    assert str(outcome) == (
        "○ NOT STARTED  Add up (step 1 of 2)\n"
        "  Your code goes into the cell above. It makes `total`.\n"
        "  Stuck? ex.hint()"
    )


def test_not_yet_names_the_first_property_that_fails_the_value_and_the_hint(ex: Exercise) -> None:
    outcome = ex.check(total=5)
    assert (outcome.kind, outcome.hint) == ("not yet", 2)
    assert str(outcome).splitlines()[1:] == ["  Wanted: two and two.", "  Yours: 5", "  Stuck? ex.hint(2)"]


def test_done_says_what_was_shown_and_what_is_next(ex: Exercise) -> None:
    assert str(ex.check(total=4)) == (
        "● DONE  Add up (step 1 of 2)\n  You have shown: you have 4.\n  Next, if you like: three numbers"
    )


def test_the_names_say_which_step_is_meant_and_hints_follow(ex: Exercise) -> None:
    assert ex.check(double=lambda n: n).where == "Double it (step 2 of 2)"
    assert "Times two." in str(ex.hint())
    ex.check(total=1)
    assert str(ex.hint()) == "Hint 1 of 2, Add up (step 1 of 2): Use a plus sign. ex.hint(2) says more."
    assert str(ex.hint(2)) == "Hint 2 of 2, Add up (step 1 of 2): total = 2 + 2"


def test_after_run_all_hints_are_about_the_step_that_is_open(ex: Exercise) -> None:
    ex.check(total=1)
    ex.check(double=lambda n: None)
    assert "Use a plus sign." in str(ex.hint())
    ex.check(total=4)
    assert "Use a plus sign." in str(ex.hint())  # that one was checked last
    ex.check(double=lambda n: None)
    assert "Times two." in str(ex.hint())


class Both(Step):
    """Both together."""

    exercise = "99-sum"

    def check(self, total: int, both: int) -> str:
        return f"{total}, {both}"


def test_what_an_earlier_step_makes_is_not_asked_for_here() -> None:
    ex = Exercise("99-sum", Sum, Both)
    assert ex.check(total=None, both=None).lines[0] == "Step 1 comes first: it makes `total`."
    assert ex.check(total=4, both=None).lines[0] == "Your code goes into the cell above. It makes `both`."
    assert "<code>both</code>" in ex.check(total=4, both=None)._repr_html_()


@pytest.mark.parametrize("number", [0, -1, "2"])
def test_a_hint_that_there_is_not(ex: Exercise, number: Any) -> None:
    with pytest.raises(InputError, match="there are the hints 1 to 2"):
        ex.hint(number)


def test_after_the_last_hint_comes_the_solution(ex: Exercise) -> None:
    assert str(ex.hint(3)) == "Add up (step 1 of 2): There are 2 hints. ex.solution() shows one way."


def test_names_that_no_step_takes(ex: Exercise) -> None:
    with pytest.raises(InputError, match="checks total= or double=; you gave sum"):
        ex.check(sum=4)


def test_an_exercise_that_there_is_not() -> None:
    with pytest.raises(InputError, match=r"'07-doctor' is no exercise; did you mean .*07-doctor-patient"):
        exercise("07-doctor")


def test_html_is_escaped_and_says_all_in_words(ex: Exercise) -> None:
    html = ex.check(total="<script>$x$</script>")._repr_html_()
    assert "<script>" not in html
    assert "◐ NOT YET" in html
    assert "mathjax_ignore" in html


# -- answers that go wrong --------------------------------------------------------------------------------------------


def test_an_answer_of_the_wrong_type(ex: Exercise) -> None:
    outcome = ex.check(total="4")
    assert outcome.lines[:2] == ("Wanted: `total` is an int.", "Yours: a str: 4")


def test_an_exception_is_shown_as_theirs_with_its_line(ex: Exercise) -> None:
    names = in_notebook("def double(n):\n    other = n - n\n    return n / other\n")
    outcome = ex.check(double=names["double"])
    assert outcome.kind == "not yet"
    assert outcome.lines[0] == "Wanted: code that runs. Yours raised ZeroDivisionError: division by zero"
    assert outcome.lines[1] == "In your line 3 of double"


def test_an_answer_whose_repr_raises(ex: Exercise) -> None:
    names = in_notebook("class Odd(int):\n    def __repr__(self):\n        return 1 / 0\nodd = Odd(5)")
    assert "whose __repr__ raised ZeroDivisionError" in str(ex.check(total=names["odd"]))


@pytest.mark.parametrize(
    "loop", ["while True:\n        pass", "while True:\n        try: 1 / 0\n        except Exception: pass"]
)
def test_a_loop_that_never_ends_is_stopped(ex: Exercise, monkeypatch: pytest.MonkeyPatch, loop: str) -> None:
    monkeypatch.setattr(checker, "SECONDS", 0.3)
    names = in_notebook(f"def double(n):\n    {loop}")
    started = time.monotonic()
    outcome = ex.check(double=names["double"])
    assert outcome.lines[0] == "Wanted: an end. Your code ran for 0.3 seconds, and was stopped."
    assert time.monotonic() - started < 3


def test_code_that_hangs_outside_python_does_not_hang_the_check(ex: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "SECONDS", 0.2)
    names = in_notebook("import time\ndef double(n):\n    time.sleep(5)")
    started = time.monotonic()
    assert ex.check(double=names["double"]).kind == "not yet"
    assert time.monotonic() - started < 3


def test_the_judges_time_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    class Asks(Step):
        """Ask."""

        exercise, hints = "99-ask", ("?",)

        def check(self, it: object) -> str:
            need(self.agrees(it, "so"), "so", it)  # type: ignore[arg-type]
            return "so it is"

    monkeypatch.setattr(checker, "SECONDS", 0.2)
    monkeypatch.setattr("sdkit.judging.holds", lambda *_, **__: (time.sleep(0.6), type("V", (), {"holds": True}))[1])
    assert Exercise("99-ask", Asks, model="m").check(it=1).kind == "done"
    assert Exercise("99-ask", Asks).check(it=1).kind == "not yet"


# -- strict -----------------------------------------------------------------------------------------------------------


def test_strict_raises_where_it_is_not_done_and_keeps_nothing(
    ex: Exercise, monkeypatch: pytest.MonkeyPatch, workspace: Path
) -> None:
    monkeypatch.setenv("SDKIT_STRICT", "1")
    for answer in (None, 5):
        with pytest.raises(checker.NotDoneError, match=r"NOT (STARTED|YET)"):
            ex.check(total=answer)
    assert ex.check(total=4).kind == "done"
    assert lines(workspace) == []


# -- what is kept -----------------------------------------------------------------------------------------------------


def test_progress_survives_a_restart(ex: Exercise, workspace: Path) -> None:
    ex.check(total=None)
    assert lines(workspace) == []
    ex.check(total=5)
    ex.hint(2)
    ex.check(total=4)
    assert [(line["event"], line["step"]) for line in lines(workspace)] == [
        ("not yet", "Sum"),
        ("hint", "Sum"),
        ("done", "Sum"),
    ]
    assert lines(workspace)[0]["answers"] == {"total": "5"}
    again = Exercise("99-sum", Sum, Twice).progress()
    assert again.rows == (("99-sum", "Add up", "DONE", "2", "2"), ("99-sum", "Double it", "NOT STARTED", "0", "0"))


def test_after_a_restart_hints_are_about_the_step_that_was_checked_last(ex: Exercise) -> None:
    ex.check(double=lambda n: n)
    assert "Times two." in str(Exercise("99-sum", Sum, Twice).hint())


def test_a_broken_file_and_an_older_version_are_named_and_left_alone(ex: Exercise, workspace: Path) -> None:
    path = workspace / "output" / "exercises" / "progress.jsonl"
    path.parent.mkdir()
    old = '{"version": 0, "what": "an older one"}\n{broken\n'
    path.write_text(old, encoding="utf-8")
    ex.check(total=4)
    table = ex.progress()
    assert table.rows[0][2] == "DONE"
    assert "1 broken (the first is line 2)" in table.note
    assert "1 of another version of sdkit" in table.note
    assert path.read_text("utf-8").startswith(old)


def test_a_place_where_nothing_can_be_written_does_not_stop_the_check(ex: Exercise, workspace: Path) -> None:
    (workspace / "output" / "exercises").write_text("a file in the way", encoding="utf-8")
    outcome = ex.check(total=4)
    assert outcome.kind == "done"
    assert "was not saved" in str(outcome)


def test_two_notebooks_on_one_exercise_lose_nothing(workspace: Path) -> None:
    code = (
        "from sdkit.exercises import record\n"
        "for number in range(50): record.add('99-sum', 'Sum', 'not yet', {'total': number})"
    )
    running = [subprocess.Popen([sys.executable, "-c", code], cwd=workspace) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    assert len(lines(workspace)) == 100


def test_progress_of_all_exercises_has_a_row_for_each_step() -> None:
    rows = progress().rows
    assert len(rows) == sum(map(len, checker.all_steps().values()))
    assert {row[2] for row in rows} == {"NOT STARTED"}


def test_nothing_counts_after_done(ex: Exercise) -> None:
    ex.check(total=4)
    ex.check(total=5)
    found, _ = record.lines()
    (row, _) = record.progress([("99-sum", "Sum"), ("99-sum", "Twice")], found)
    assert (row.outcome, row.checks) == ("done", 1)
    assert row.minutes == pytest.approx(0, abs=0.1)


# -- what a reviewer tried --------------------------------------------------------------------------------------------


class Anything(Step):
    """Anything at all."""

    exercise = "99-sum"

    def check(self, it: Any) -> str:
        if callable(it):
            it()
        return str(it)


@pytest.fixture
def anything() -> Exercise:
    return Exercise("99-sum", Anything)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys\nit = lambda: sys.exit(3)", "SystemExit: 3"),
        ("def it():\n    raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("def it():\n    raise KeyError('k' * 10**6)", "KeyError: 'kkk"),
        ("class Odd(Exception):\n    def __str__(self): return 1\ndef it():\n    raise Odd", "whose __str__ raised"),
    ],
)
def test_whatever_is_raised_is_told_as_theirs_and_short(anything: Exercise, code: str, said: str) -> None:
    outcome = anything.check(it=in_notebook(code)["it"])
    assert outcome.kind == "not yet"
    assert said in outcome.lines[0]
    assert len(str(outcome)) < 1000
    assert "In your line" in str(outcome)


def test_a_repr_that_never_ends_is_ended(anything: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "SECONDS", 0.3)
    it = in_notebook("class Slow:\n    def __str__(self):\n        while True: pass\nit = Slow()")["it"]
    assert "was stopped" in str(anything.check(it=it))


def test_code_that_cannot_be_stopped_is_said_to_go_on(anything: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "SECONDS", 0.2)
    monkeypatch.setattr("sdkit.exercises.running._GRACE", 0.2)
    assert "cannot be stopped: restart the kernel" in str(anything.check(it=lambda: time.sleep(2)))


def test_letters_that_are_none_are_kept(anything: Exercise, workspace: Path) -> None:
    assert "not saved" not in str(anything.check(it="a\ud800b"))
    assert lines(workspace)[0]["answers"] == {"it": "a\\ud800b"}


def test_objects_are_handed_over_by_name(ex: Exercise) -> None:
    with pytest.raises(InputError, match=r"by name, as in ex.check\(doctor=doctor\)"):
        ex.check(4)


def test_replayed_lessons_keep_what_was_done(ex: Exercise, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDKIT_LLM", "replay")
    ex.check(total=4)
    assert [line["event"] for line in lines(workspace)] == ["done"]


@pytest.mark.parametrize("hint", ["two", None, 5000, -1])
def test_a_line_with_an_odd_hint_is_broken(ex: Exercise, workspace: Path, hint: Any) -> None:
    ex.hint()
    path = workspace / "output" / "exercises" / "progress.jsonl"
    odd = lines(workspace)[0] | {"hint": hint}
    path.write_text(path.read_text("utf-8") + json.dumps(odd) + "\n[]\n3\n", encoding="utf-8")
    assert "lines that are left out here, and left alone: 3 broken" in str(ex.progress())


def test_hints_are_shown_where_nothing_can_be_saved(ex: Exercise, workspace: Path) -> None:
    (workspace / "output").rmdir()
    (workspace / "output").write_text("a file", encoding="utf-8")
    assert "Use a plus sign." in str(ex.hint())
    assert "Your progress was not saved." in str(ex.hint())


class Judged(Step):
    """A judge is asked."""

    exercise = "99-sum"

    def check(self, it: Any) -> str:
        return f"the judge says {self.agrees(it, 'So it is.')}"


def test_a_judge_that_cannot_be_asked_is_no_failure_of_the_students() -> None:
    outcome = Exercise("99-sum", Judged, model="nosuch:model").check(it=Dialog(turns=[Turn(speaker="A", text="Hi")]))
    assert outcome.lines[0] == "You have shown: the judge says None."
    assert outcome.lines[-1].startswith("The model could not be asked, so only rules count: ")
