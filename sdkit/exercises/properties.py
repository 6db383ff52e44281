"""What a step asks for, in its author's words: the instructor's pack lists it, and progress is told by it.

What a check wants may quote an answer, such as a name that a student chose. Here, such a place is a "…".
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import textwrap
from typing import Any

from sdkit.exercises.steps import Step, of_type

_HOLE = "…"
_WANTED = re.compile(r"Wanted: (.*)\.", re.DOTALL)
_RAISED = re.compile(r"Wanted: (?:code that runs|an answer that can be checked)\. Yours raised (\w+)")

Parts = tuple[str | None, ...]


def properties(step: type[Step]) -> list[str]:
    """Return what a step asks for, in the order in which it looks."""
    return ["".join(_HOLE if part is None else part for part in parts) for parts in _templates(step)]


def without_answers(step: type[Step], wanted: str) -> str:
    """Return what a check wanted, as it was saved, without anything that comes from an answer.

    Returns
    -------
    str
        In the author's words; nothing, if it is none of the step's properties.
    """
    if raised := _RAISED.match(wanted):
        known = isinstance(getattr(builtins, raised[1], None), type)
        return f"code that runs; it raised {raised[1] if known else 'an error'}"
    if wanted.startswith("Wanted: an end."):
        return "code that comes to an end"
    match = _WANTED.fullmatch(wanted)
    for parts in _templates(step) if match else ():
        pattern = "".join("(.*)" if part is None else re.escape(part) for part in parts)
        if match and (found := re.fullmatch(pattern, match[1], re.DOTALL)):
            holes = iter(found.groups())
            return "".join(_told(next(holes), step) if part is None else part for part in parts)
    return ""


def _told(text: str, step: type[Step]) -> str:
    return text if text in step.names() or re.fullmatch(r"\d{1,6}", text) else _HOLE


def _templates(step: type[Step]) -> list[Parts]:
    """Return the properties as parts; None stands for what is known only when it is checked."""
    found: list[Parts] = [(of_type(name, kind),) for name, kind in step.classes().items()]
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(step.check)))
    except (OSError, TypeError):  # typed into a notebook
        return found
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "need"]
    for call in sorted(calls, key=lambda call: call.lineno):
        parts = tuple(_parts(call.args[1], step.check.__globals__))
        if parts not in found:
            found.append(parts)
    return found


def _parts(node: ast.expr, names: dict[str, Any]) -> list[str | None]:
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=values):
            return [part for value in values for part in _parts(value, names)]
        case ast.FormattedValue(value=ast.Name(id=name)) if isinstance(names.get(name), str | int):
            return [str(names[name])]
    return [None]
