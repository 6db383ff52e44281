"""Widgets for Jupyter: edit personas and dialogues, browse, compare, review, choose a model. Resolved on first use."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "BatchRunner": "batch_runner",
    "ConversationBrowser": "conversation_browser",
    "CoverageMap": "coverage_map",
    "DialogEditor": "dialog_editor",
    "DialogLab": "dialog_lab",
    "DialogReview": "dialog_review",
    "DialogView": "dialog_view",
    "ModelPicker": "model_picker",
    "PersonaEditor": "persona_editor",
    "ScenarioBrowser": "scenario_browser",
}

__all__ = [
    "BatchRunner",
    "ConversationBrowser",
    "CoverageMap",
    "DialogEditor",
    "DialogLab",
    "DialogReview",
    "DialogView",
    "ModelPicker",
    "PersonaEditor",
    "ScenarioBrowser",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    importlib.import_module(f"{__name__}.parts")  # says in words what is missing where ipywidgets is
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
