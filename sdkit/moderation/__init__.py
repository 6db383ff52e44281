"""Moderation: what dialogues hold that a data set is not to hold, found in layers, each with a reason and a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdkit import lazy

if TYPE_CHECKING:
    from sdkit.moderation.filing import Filed, amoderate_file, moderate_file
    from sdkit.moderation.findings import Finding, Layer
    from sdkit.moderation.judge import ModelJudge
    from sdkit.moderation.moderating import Moderated, amoderate, moderate
    from sdkit.moderation.openai_moderation import OpenAIModeration
    from sdkit.moderation.personal import PersonalData
    from sdkit.moderation.substrings import Substrings
    from sdkit.moderation.words import WordList

_HOMES = {
    "Filed": "filing",
    "Finding": "findings",
    "Layer": "findings",
    "Moderated": "moderating",
    "ModelJudge": "judge",
    "OpenAIModeration": "openai_moderation",
    "PersonalData": "personal",
    "Substrings": "substrings",
    "WordList": "words",
    "amoderate": "moderating",
    "amoderate_file": "filing",
    "moderate": "moderating",
    "moderate_file": "filing",
}

__all__ = [
    "Filed",
    "Finding",
    "Layer",
    "ModelJudge",
    "Moderated",
    "OpenAIModeration",
    "PersonalData",
    "Substrings",
    "WordList",
    "amoderate",
    "amoderate_file",
    "moderate",
    "moderate_file",
]

__getattr__, __dir__ = lazy.names(__name__, _HOMES)
