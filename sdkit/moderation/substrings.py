"""The filter that everybody writes first, to compare with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sdkit.errors import InputError
from sdkit.moderation.findings import Finding

_USUAL = (
    "arse ass bastard bitch bomb cock cocaine crap cum damn dick die drug dumb fuck gun hate hell idiot kill murder "
    "naked nude piss porn pussy rape sex shit shoot slut stupid suicide tit weed whore"
)
USUAL = tuple(_USUAL.split())
"""What such a list usually has."""


class Substrings:
    """Finds words wherever their letters are, also inside other words: "ass" in "assist". Not for use.

    It is here to be measured: such a list flagged 84.6% of the dialogues of a real factory, nearly all without a
    reason. `WordList` reads the same words as words.

    Parameters
    ----------
    words
        What to look for, in small letters or capitals; by default what such a list usually has.
    """

    name = "substrings"

    def __init__(self, words: Iterable[str] = USUAL) -> None:
        self._words = sorted({word.lower() for word in words if word.strip()})
        if not self._words:
            raise InputError("there are no words to look for")

    def check(self, texts: Sequence[str]) -> list[Finding]:
        """Return the first place of each word in each text."""
        return [
            Finding(self.name, "substring", f"has the letters {word!r} in it", turn, start, start + len(word), said)
            for turn, text in enumerate(texts)
            for word in self._words
            if (start := text.lower().find(word)) >= 0 and (said := text[start : start + len(word)])
        ]
