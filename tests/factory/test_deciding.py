"""What is decided, and what can be known before: on attempts that are made up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from made_up_records import record

from sdkit.factory import Spec, planned
from sdkit.factory.attempts import Attempt
from sdkit.factory.deciding import Decider
from sdkit.factory.files import Earlier, Places
from sdkit.factory.journal import Journal
from sdkit.factory.uniqueness import digest, packed

Make = Callable[[], Decider]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Give a function that opens the journal of eight items, again and again."""
    places = Places.of(tmp_path / "out.json", None, None)
    Journal(places.journal).add_items(planned(8, Spec.of({})))

    def opened() -> Decider:
        return Decider(Journal(places.journal), Earlier(places, set()), 0.9)

    return opened


def attempt(item: int, number: int = 0, vector: Sequence[float] | None = None, missed: Sequence[str] = ()) -> Attempt:
    made = record(10 * item + number)
    pointing = [float(place == 2 * item + number) for place in range(20)]
    return Attempt(item, number, record=made, hash=digest(made), vector=packed(vector or pointing), missed=missed)


def failed(item: int, number: int = 0) -> Attempt:
    return Attempt(item, number, problem="no JSON")


SAME = [0.0] * 19 + [1.0]


def test_what_is_sure_to_be_needed_is_known_before_its_turn(make: Make) -> None:
    decider = make()
    for made in (failed(2), attempt(3, missed=["region"]), attempt(4)):
        decider.add(made)
    assert decider.decide() == []  # nobody has made item 0
    assert decider.look_ahead() == [(2, 1), (3, 1)]
    assert decider.look_ahead() == []  # told once
    wanted = [decider.wanted(item) for item in planned(8, Spec.of({}))]
    assert wanted == [0, 0, 1, 1, 0, 0, 0, 0]


def test_a_duplicate_of_what_is_kept_is_seen_whichever_came_first(make: Make) -> None:
    decider = make()
    decider.add(attempt(5, vector=SAME))
    assert decider.look_ahead() == []
    decider.add(attempt(0, vector=SAME))
    assert [made.what for made in decider.decide()] == ["kept"]
    assert decider.look_ahead() == [(5, 1)]
    decider.add(attempt(3, vector=SAME))
    assert decider.look_ahead() == [(3, 1)]


def test_the_second_miss_and_the_last_attempt_ask_for_nothing(make: Make) -> None:
    decider = make()
    for made in (attempt(1, missed=["time"]), attempt(1, 1, missed=["time"]), *(failed(2, n) for n in range(4))):
        decider.add(made)
    assert decider.look_ahead() == [(1, 1), (2, 1), (2, 2), (2, 3)]


def test_who_looks_ahead_decides_the_same_and_so_does_who_starts_again(make: Make) -> None:
    decider = make()
    given = [failed(1), attempt(1, 1, vector=SAME), attempt(2, vector=SAME), attempt(2, 1), attempt(0)]
    for made in given[:-1]:
        decider.add(made)
        decider.look_ahead()
    again = make()
    assert [again.wanted(item) for item in planned(3, Spec.of({}))] == [0, 1, 0]
    again.add(given[-1])
    found = [(made.item, made.attempt, made.what) for made in again.decide()]
    assert found == [(0, 0, "kept"), (1, 0, "failed"), (1, 1, "kept"), (2, 0, "duplicate"), (2, 1, "kept")]
