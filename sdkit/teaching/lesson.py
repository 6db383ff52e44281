"""The set-up cell of a lesson."""

from __future__ import annotations

from sdkit.llm.spec import choose_model
from sdkit.teaching import workspace


def lesson(number: str) -> str:
    """Get ready for a lesson: go to the workspace's root, and say which model answers.

    Parameters
    ----------
    number
        The lesson, such as "01".

    Returns
    -------
    str
        The name of the model, for ``MODEL_NAME``. To use another one, give its name instead.
    """
    workspace.enter()
    name, why = choose_model()
    print(f"Lesson {number}. {name} answers, {why}.")
    return name
