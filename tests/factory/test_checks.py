"""What the text of a dialogue shows of its plan: the place, the time, the ending."""

from __future__ import annotations

import pytest

from sdkit.factory.checks import ends_as, folded, missed, says_time
from sdkit.factory.plan import planned
from sdkit.factory.spec import Spec


@pytest.mark.parametrize(
    ("text", "start", "end", "says"),
    [
        ("At 8:35 am, please.", 5, 9, True),
        ("At 8:35 pm, please.", 5, 9, False),
        ("At 8:59.", 5, 9, True),
        ("At 9 o'clock.", 5, 9, False),
        ("It is 8 p.m. here.", 17, 21, True),
        ("It costs 8.50.", 5, 9, False),
        ("Room 812 for 7 nights.", 5, 9, False),
        ("Every morning.", 5, 9, True),
        ("At 01:10.", 23, 5, True),
        ("At 23:55.", 23, 5, True),
        ("At 12:10 am.", 23, 5, True),
        ("At 12:30 pm.", 12, 17, True),
        ("Around noon.", 12, 17, True),
        ("Tonight!", 21, 23, True),
        ("In the afternoon.", 17, 21, True),
        ("In the afternoon.", 5, 9, False),
        ("At 22:00.", 17, 21, False),
    ],
)
def test_a_time_or_a_part_of_the_day_is_found(text: str, start: int, end: int, says: bool) -> None:
    assert says_time(folded(text), start, end) is says


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("Your table is booked for nine. Enjoy your evening!", "Resolved"),
        ("All done, the refund has been processed.", "Resolved"),
        ("Unfortunately there are no rooms left that night.", "Failed"),
        ("I'm afraid I can't change this ticket.", "Failed"),
        ("I will escalate this to my supervisor, who calls you back.", "Escalated"),
        ("I cannot decide that, so I am transferring you to our refunds team.", "Escalated"),
        ("I'll hand your case over to the night manager.", "Escalated"),
    ],
)
def test_an_ending_is_told_from_the_others(answer: str, status: str) -> None:
    said = ["Good morning, how can I help?", "One moment, please.", answer]
    assert [one for one in ("Resolved", "Failed", "Escalated") if ends_as(one, said)] == [status]


def test_only_the_last_answers_count() -> None:
    said = ["I cannot see it, let me ask my supervisor.", "Here it is!", "It is booked now.", "Have a good trip."]
    assert ends_as("Resolved", said)
    assert not ends_as("Escalated", said)


def test_a_status_of_ones_own_is_taken_to_be_kept() -> None:
    assert ends_as("Postponed", ["See you."])


def test_what_is_missing_is_named() -> None:
    spec = Spec.of({"regions": ["Sao Paulo"], "time_slots": [[5, 9, "Early Morning"]], "resolution_status": ["Failed"]})
    (item,) = planned(1, spec)
    assert missed(item, [("I am in São Paulo at 7:20.", "I am afraid it is not possible.")]) == []
    assert missed(item, [("Hello.", "It is booked.")]) == ["region", "time", "resolution"]


def test_who_copies_the_base_dialogue_has_no_own_words() -> None:
    (item,) = planned(1, Spec.of({"regions": ["Lyon"], "resolution_status": ["Resolved"]}))
    base = "USER: I need a taxi to the old station at once.\nASSISTANT: Where are you?"
    assert "own words" in missed(
        item, [("Lyon!", "Yes?"), ("i need a taxi to the OLD station, at once", "Done.")], base
    )
    assert "own words" not in missed(item, [("I need a taxi, quick.", "Where are you?")], base)
