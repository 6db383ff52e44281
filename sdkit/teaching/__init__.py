"""What runs, opens and checks the lessons."""

from sdkit.teaching.lesson import lesson

__all__ = ["lesson"]
