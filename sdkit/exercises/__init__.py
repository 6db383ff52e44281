"""Exercises that check themselves: ``ex = exercise("07-doctor-patient")``, then ``ex.check(doctor=doctor, ...)``."""

from sdkit.exercises.checker import Exercise, NotDoneError, exercise, progress
from sdkit.exercises.steps import Mistake, Step, need

__all__ = ["Exercise", "Mistake", "NotDoneError", "Step", "exercise", "need", "progress"]
