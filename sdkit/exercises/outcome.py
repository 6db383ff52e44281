"""What the checker answers: a text and a symbol, in plain text and in HTML; never colour alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from sdkit.errors import first_problem
from sdkit.rendering import SAFE, escaped, shown, table

NOT_STARTED, NOT_YET, DONE = "not started", "not yet", "done"
_SYMBOLS = {NOT_STARTED: "○", NOT_YET: "◐", DONE: "●"}
_LONG, _KEPT = 300, 4000


@dataclass(frozen=True)
class Outcome:
    """What came of a check.

    Attributes
    ----------
    kind : str
        "not started", "not yet" or "done".
    where : str
        The exercise and the step.
    lines : tuple of str
        What there is to say, a line each.
    hint : int
        The hint that helps; 0 if none does.
    """

    kind: str
    where: str
    lines: tuple[str, ...] = ()
    hint: int = 0

    def __str__(self) -> str:
        return "\n".join([f"{self._head()}  {shown(self.where)}", *(f"  {shown(line)}" for line in self.lines)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        body = "".join(f'<br><span dir="auto">{_with_names(line)}</span>' for line in self.lines)
        return (
            f'<div class="sdkit-outcome {SAFE}" role="status"><b>{self._head()}</b> {escaped(self.where)}{body}</div>'
        )

    def _head(self) -> str:
        return f"{_SYMBOLS[self.kind]} {self.kind.upper()}"


@dataclass(frozen=True)
class Note:
    """A text under a heading, such as a hint.

    Attributes
    ----------
    heading, text : str
        The two.
    code : bool
        Whether the text is code.
    """

    heading: str
    text: str
    code: bool = False

    def __str__(self) -> str:
        return f"{self.heading}\n{self.text}" if self.code else f"{self.heading}: {self.text}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        import html

        text = html.escape(self.text)
        body = f'<pre dir="ltr">{text}</pre>' if self.code else f': <span dir="auto">{text}</span>'
        return f'<div class="sdkit-note {SAFE}"><b>{html.escape(self.heading)}</b>{body}</div>'


@dataclass(frozen=True)
class Table:
    """Rows under names, with a line below.

    Attributes
    ----------
    names : tuple of str
        The names of the columns.
    rows : tuple of tuple of str
        The cells.
    note : str
        What there is to say besides.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def __str__(self) -> str:
        widths = [max(len(row[i]) for row in (self.names, *self.rows)) for i in range(len(self.names))]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in (self.names, *self.rows)]
        return "\n".join([*lines, *([self.note] if self.note else [])])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return table(self.names, self.rows) + (f"<p>{escaped(self.note)}</p>" if self.note else "")


def _with_names(line: str) -> str:
    """Return a line as HTML, with the names in it, such as `order`, as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escaped(line))


def told(value: Any) -> str:
    """Return a student's value as it is shown to them: on one line, and not endless."""
    text = shown(value if isinstance(value, str) else value.__name__ if isinstance(value, type) else _safe(repr, value))
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def of_error(error: BaseException) -> str:
    """Return what an error says, as `told` does."""
    words = first_problem(error) if isinstance(error, ValidationError) else _safe(str, error)
    return told(f"{type(error).__name__}: {words}".rstrip(": "))


def kept(value: Any) -> str:
    """Return a student's value as it is saved."""
    return _safe(str, value)[:_KEPT].encode("utf-8", "backslashreplace").decode()


def _safe(how: Callable[[Any], str], value: Any) -> str:
    try:
        return how(value)
    except Exception as error:  # noqa: BLE001 - their own __repr__ may do anything
        return f"a {type(value).__name__} whose __{how.__name__}__ raised {type(error).__name__}"


def joined(names: Iterable[str], last: str = "and") -> str:
    """Return names as in a sentence."""
    *first, end = [*names] or [""]
    return f"{', '.join(first)} {last} {end}" if first else end
