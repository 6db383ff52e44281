"""The dialogue factory: balanced, unique, moderated sets of dialogues, as SynWOZ makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdkit import lazy

if TYPE_CHECKING:
    from sdkit.factory.acceptance_sampling import acceptance
    from sdkit.factory.exporting import export
    from sdkit.factory.factory import Factory
    from sdkit.factory.made import Made
    from sdkit.factory.plan import Plan, planned
    from sdkit.factory.records import dialog_of
    from sdkit.factory.reporting import report
    from sdkit.factory.slices import counterfactual
    from sdkit.factory.spec import Spec
    from sdkit.factory.strata import stratified
    from sdkit.factory.validation import SignOff, Verdict, verdict

_HOMES = {
    "Factory": "factory",
    "Made": "made",
    "Plan": "plan",
    "SignOff": "validation",
    "Spec": "spec",
    "Verdict": "validation",
    "acceptance": "acceptance_sampling",
    "counterfactual": "slices",
    "dialog_of": "records",
    "export": "exporting",
    "planned": "plan",
    "report": "reporting",
    "stratified": "strata",
    "verdict": "validation",
}

__all__ = [
    "Factory",
    "Made",
    "Plan",
    "SignOff",
    "Spec",
    "Verdict",
    "acceptance",
    "counterfactual",
    "dialog_of",
    "export",
    "planned",
    "report",
    "stratified",
    "verdict",
]

__getattr__, __dir__ = lazy.names(__name__, _HOMES)
