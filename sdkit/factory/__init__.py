"""The dialogue factory: balanced, unique, moderated sets of dialogues, as SynWOZ makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdkit import lazy

if TYPE_CHECKING:
    from sdkit.factory.factory import Factory
    from sdkit.factory.made import Made
    from sdkit.factory.plan import Plan, planned
    from sdkit.factory.records import dialog_of
    from sdkit.factory.spec import Spec

_HOMES = {
    "Factory": "factory",
    "Made": "made",
    "Plan": "plan",
    "Spec": "spec",
    "dialog_of": "records",
    "planned": "plan",
}

__all__ = ["Factory", "Made", "Plan", "Spec", "dialog_of", "planned"]

__getattr__, __dir__ = lazy.names(__name__, _HOMES)
