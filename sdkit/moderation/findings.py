"""What a layer of moderation finds, and what a layer is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

PERSONAL = ("e-mail", "phone", "card", "iban", "personal data")
"""The categories whose texts are shown masked."""


@dataclass(frozen=True, repr=False)
class Finding:
    """Something that is not to be in a dialogue.

    Attributes
    ----------
    layer : str
        Who found it: the layer's name.
    category : str
        What it is, such as "insult" or "phone".
    reason : str
        A short sentence for people; personal data is masked in it.
    turn : int
        In which of the texts, the first is 0.
    start, end : int
        Where in that text: ``texts[turn][start:end]`` is `text`.
    text : str
        The words themselves. Personal data is shown masked by ``repr`` and by `shown`.
    """

    layer: str
    category: str
    reason: str
    turn: int
    start: int
    end: int
    text: str

    @property
    def shown(self) -> str:
        """The text as it may be shown: personal data is masked."""
        return masked(self.category, self.text)

    def __repr__(self) -> str:
        """Show the finding, with personal data masked."""
        place = f"turn={self.turn}, start={self.start}, end={self.end}"
        return f"Finding({self.layer!r}, {self.category!r}, {place}, text={self.shown!r}, reason={self.reason!r})"


@runtime_checkable
class Layer(Protocol):
    """What finds things in the texts of a dialogue. A layer that waits also has ``async acheck``, of the same form."""

    name: str

    def check(self, texts: Sequence[str]) -> list[Finding]:
        """Return what is found in these texts, which are what is said, turn by turn."""
        ...


def about(layer: Layer) -> dict[str, Any]:
    """Return what shapes a layer's findings, as JSON would carry it: its name, and its `about` where it has one."""
    known = getattr(layer, "about", None)
    return {"name": layer.name, **(known if isinstance(known, Mapping) else {})}


def of_whole_turn(finding: Finding, texts: Sequence[str]) -> Finding:
    """Return a finding that spans its turn, for a layer that cannot say where in it."""
    text = texts[finding.turn]
    return replace(finding, start=0, end=len(text), text=text)


def masked(category: str, text: str) -> str:
    """Return a text as it may be shown: of personal data only enough is left to find it again."""
    if category not in PERSONAL:
        return text
    if category == "e-mail" and "@" in text:
        name, _, domain = text.rpartition("@")
        return f"{name[:1]}…@{domain}"
    letters = [letter for letter in text if letter.isalnum()]
    kept = {"phone": 2, "card": 4, "iban": 2}.get(category, 0)
    first = "".join(letters[:2]) if category == "iban" else ""
    return f"{first}…{''.join(letters[len(letters) - kept :])}"
