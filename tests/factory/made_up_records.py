"""Records of a factory, made up, for tests that are not about how they are made."""

from __future__ import annotations

from typing import Any

STATUSES = ("Resolved", "Resolved", "Failed", "Escalated")


def record(number: int = 0, *said: tuple[str, str], **more: Any) -> dict[str, Any]:
    """Return a record; `said` are its messages with their answers."""
    turns = said or ((f"I need room {number}.", f"Room {number} is yours."), ("Thanks!", "Goodbye."))
    return {
        "services": ["hotel", "taxi"],
        "dialogue_id": f"D{number}",
        "turns": [
            {
                "turn_number": place,
                "utterance": text,
                "intent": "book",
                "assistant_response": answer,
                "emotion": "Happy",
            }
            for place, (text, answer) in enumerate(turns, start=1)
        ],
        "num_lines": len(turns),
        "user_emotions": ["Happy"],
        "assistant_emotions": ["Patient"],
        "scenario_category": "room_reservation",
        "generated_scenario": "Somebody needs a room.",
        "time_slot": [23, 5, "Overnight"],
        "regions": ["Sao Paulo"],
        "resolution_status": STATUSES[number % len(STATUSES)],
    } | more


def records(count: int, **more: Any) -> list[dict[str, Any]]:
    """Return so many, each different; two in four are Resolved, one Failed, one Escalated."""
    return [record(number, **more) for number in range(count)]
