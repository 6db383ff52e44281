"""Widgets for Jupyter: edit personas and dialogues, browse, compare, review, choose a model. Resolved on first use."""

from __future__ import annotations

from sdkit import lazy

_HOMES = {
    "BatchRunner": "batch_runner",
    "ClusterMap": "cluster_map",
    "ConversationBrowser": "conversation_browser",
    "CoverageMap": "coverage_map",
    "DialogEditor": "dialog_editor",
    "DialogLab": "dialog_lab",
    "DialogReview": "dialog_review",
    "DialogView": "dialog_view",
    "ModelPicker": "model_picker",
    "PersonaEditor": "persona_editor",
    "PlanEditor": "plan_editor",
    "QualityDashboard": "quality_dashboard",
    "ScenarioBrowser": "scenario_browser",
}

__all__ = [
    "BatchRunner",
    "ClusterMap",
    "ConversationBrowser",
    "CoverageMap",
    "DialogEditor",
    "DialogLab",
    "DialogReview",
    "DialogView",
    "ModelPicker",
    "PersonaEditor",
    "PlanEditor",
    "QualityDashboard",
    "ScenarioBrowser",
]

# parts says in words what is missing where ipywidgets is.
__getattr__, __dir__ = lazy.names(__name__, _HOMES, before="parts")
