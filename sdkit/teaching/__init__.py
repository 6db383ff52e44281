"""What runs, opens, records and checks the lessons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sdkit.teaching.set_up import lesson

__all__ = ["lesson"]


def __getattr__(name: str) -> Any:
    """Resolve `lesson` on first use: it needs what talks to models, and the command line does without."""
    if name == "lesson":
        from sdkit.teaching.set_up import lesson

        return lesson
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
