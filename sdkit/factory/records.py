"""The records of a factory, in SynWOZ's form, and as dialogues."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sdkit.dialog import Dialog, Provenance, Stop, Turn
from sdkit.errors import InputError
from sdkit.factory.items import Item
from sdkit.factory.outputs import DialogueOutput
from sdkit.llm.seeds import derive_seed

USER, ASSISTANT = "User", "Assistant"
_FIELDS = ("services", "dialogue_id", "turns")

Record = dict[str, Any]


def record_of(item: Item, scenario: str, made: DialogueOutput, seed: int, attempt: int) -> Record:
    """Return a record, with its fields in the order of the original.

    Its id is that of the base dialogue and a UUID, which follows from the seed, the item and the attempt.
    """
    turns = [
        {
            "turn_number": number,
            "utterance": turn.utterance,
            "intent": turn.intent,
            "assistant_response": turn.assistant_response,
            "emotion": item.user_emotion,
        }
        for number, turn in enumerate(made.turns, start=1)
    ]
    return {
        "services": list(item.services),
        "dialogue_id": f"{item.base or 'none'}_generated_{_uuid(seed, item.id, attempt)}",
        "turns": turns,
        "num_lines": len(turns),
        "user_emotions": [item.user_emotion],
        "assistant_emotions": [item.assistant_emotion],
        "scenario_category": item.category,
        "generated_scenario": scenario,
        "time_slot": list(item.time_slot),
        "regions": [item.region],
        "resolution_status": item.resolution_status,
    }


def _uuid(*parts: int) -> uuid.UUID:
    number = 0
    for word in range(4):
        number = number << 32 | derive_seed("uuid", word, *parts)
    return uuid.UUID(int=number, version=4)


def pairs(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the turns of a record: each message of the user with its answer."""
    return [(turn["utterance"], turn["assistant_response"]) for turn in record["turns"]]


def texts(record: Mapping[str, Any]) -> list[str]:
    """Return what is said in a record, in order."""
    return [text for pair in pairs(record) for text in pair]


def dialog_of(record: Mapping[str, Any], made: Mapping[str, Any] | None = None) -> Dialog:
    """Return a record as a dialogue: turns of "User" and "Assistant", each with its emotion, the user's with intents.

    Parameters
    ----------
    record
        A record, of this factory or of the original.
    made
        What its provenance says, if that is known.

    Raises
    ------
    InputError
        It is no record.
    """
    check_record(record)
    status = record.get("resolution_status")
    emotion = (record.get("assistant_emotions") or [None])[0]
    turns = []
    for turn in record["turns"]:
        user = {
            "emotion": turn.get("emotion") or (record.get("user_emotions") or [None])[0],
            "intent": turn.get("intent"),
        }
        turns.append(Turn.model_validate({"speaker": USER, "text": turn["utterance"], **_said(user)}))
        answer = {"speaker": ASSISTANT, "text": turn["assistant_response"], **_said({"emotion": emotion})}
        turns.append(Turn.model_validate(answer))
    about = dict(made or {})
    persona = about.get("persona_text")
    return Dialog(
        dialogId=record["dialogue_id"],
        complete=True,
        scenario={key: value for key, value in record.items() if key not in ("turns", "dialogue_id", "num_lines")},
        turns=turns,
        model=about.get("model"),
        seed=about.get("seed"),
        personas={USER: {"persona": persona}} if persona else None,
        stop=Stop(kind=status.lower(), reason=about.get("ending") or "") if status else None,
        provenance=Provenance.model_validate(about["provenance"]) if about.get("provenance") else None,
    )


def check_record(record: Any) -> None:
    """See that something is a record.

    Raises
    ------
    InputError
        It is not; says what is missing.
    """
    if not isinstance(record, Mapping):
        raise InputError(f"this is no record of a dialogue: {record!r:.60}")
    if missing := [name for name in _FIELDS if name not in record]:
        raise InputError(f"this is no record of a dialogue: {missing[0]} is missing")
    for number, turn in enumerate(record["turns"], start=1):
        for name in ("utterance", "assistant_response"):
            if not isinstance(turn, Mapping) or not isinstance(turn.get(name), str):
                raise InputError(f"turn {number} of {record['dialogue_id']} has no {name}")


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
