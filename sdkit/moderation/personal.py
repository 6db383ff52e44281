"""Personal data in texts: e-mail addresses, phone numbers, card numbers, IBANs.

Numbers of synthetic dialogues are made up. So phone numbers are known by their form and by the words before them, not
by whether they are assigned, as libphonenumber does: of made-up ones, such as (123) 456-7890 or 555-0199, it finds few,
and its laxer levels take dates and prices for numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sdkit.moderation.findings import Finding, masked

_NAME = r"(?<![\w.%+-])[\w+](?:[\w.%+'-]{0,62}[\w%+-])?"
_DOT = r"(?:\.|\s?(?:\(dot\)|\[dot\])\s?|\sdot\s)"
_EMAIL = re.compile(
    rf"{_NAME}(?:\s?@\s?(?:[\w-]+\.)+[^\W\d_]{{2,}}|\s?(?:\(at\)|\[at\])\s?[\w-]+(?:{_DOT}[\w-]+)+"
    r"|\sat\s(?!the\s)[\w-]+(?:\sdot\s[\w-]+)+)",
    re.IGNORECASE,
)
_AT = ("@", "(at)", "[at]", " dot ")
# As a bank prints it, in groups of four, or without blanks; then a word may be taken for a last group.
_IBAN = re.compile(
    r"(?<![^\W_])[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?:[ -][A-Z0-9]{4}){2,7}(?:[ -][A-Z0-9]{1,4})?)(?![^\W_])",
    re.IGNORECASE | re.ASCII,
)
# Cards begin with these digits, ISBNs with a 9.
_CARD = re.compile(r"(?<![\d+])(?<!\d[.,-])[2-6](?:[ -]?\d){12,18}(?![-.,]?\d)")
_GAP = r"[ .\-/\u00a0\u2011]{0,2}"
_DIGITS = re.compile(rf"(?<![\w.,:/#£$€-])(?:\+ ?|\()?\d(?:{_GAP}[()]?{_GAP}\d){{6,16}}(?![\w:]|[.,/-]\d)")
_WORDS = r"(?:zero|oh|o|nought|one|two|three|four|five|six|seven|eight|nine|double|treble|triple|hundred|thousand)"
_SPOKEN = re.compile(rf"\b{_WORDS}(?:[ ,-]{{1,2}}{_WORDS}){{6,}}\b", re.IGNORECASE)
_DATE = re.compile(r"(?<!\d)(\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2})(?!\d)")
_YEARS = re.compile(r"(?:1[5-9]|20)\d\d ?[-/] ?(?:1[5-9]|20)\d\d")
_CALLS = re.compile(
    r"\b(?:phone|telephone|tel|mobile|cell|landline|call|ring|dial|text|sms|fax|whatsapp|hotline|reach|contact)\w*\b"
    r"|\b(?:my|our|your|his|her|their|whose) number(?:'s)? (?:is|was)\b|^number:",
    re.IGNORECASE,
)
_COUNTS = re.compile(
    r"\b(?:order|booking|reservation|reference|ref|confirmation|invoice|ticket|train|flight|tracking|parcel|serial|isbn"
    r"|code|pin|account|membership|member|loyalty|customer|policy|case|id|item|model|room|voucher|receipt)\b",
    re.IGNORECASE,
)
_NATIONAL = re.compile(r"00[1-9]\d{6,12}|1?[2-9]\d{2}555\d{4}|0\d{8,11}|555\d{4}")
_AMERICAN = re.compile(r"(?:\+?1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[.-])\d{3}[ .-]\d{4}")
_BEFORE = 40
"""How many letters before a number tell what it is."""


class PersonalData:
    """Finds e-mail addresses, phone numbers, card numbers and IBANs.

    Numbers that are reserved for examples, such as 555-0199 or addresses at example.org, are found like all others.
    Times, dates, prices and references are not. Card numbers have a valid check digit (Luhn's, ISO/IEC 7812), IBANs
    valid check digits (ISO 13616).

    Examples
    --------
    >>> from sdkit.moderation import PersonalData
    >>> found = PersonalData().check(["Write to ana@example.org before 10:15."])
    >>> [finding.reason for finding in found]
    ['has an e-mail address: a…@example.org']
    """

    name = "personal"

    def check(self, texts: Sequence[str]) -> list[Finding]:
        """Return the personal data in these texts, in order."""
        return [finding for turn, text in enumerate(texts) for finding in self._in_text(turn, text)]

    def _in_text(self, turn: int, text: str) -> Iterator[Finding]:
        spans: list[tuple[int, int, str]] = []
        for category, found in _FINDERS.items():
            for start, end in found(text):
                # A card number or an IBAN is no phone number besides.
                if all(end <= first or last <= start for first, last, _ in spans):
                    spans.append((start, end, category))
        for start, end, category in sorted(spans):
            said = text[start:end]
            reason = f"has {_NAMES[category]}: {masked(category, said)}"
            yield Finding(self.name, category, reason, turn, start, end, said)


_NAMES = {"e-mail": "an e-mail address", "iban": "an IBAN", "card": "a card number", "phone": "a phone number"}


def _emails(text: str) -> Iterator[tuple[int, int]]:
    if any(mark in text.lower() for mark in _AT):
        yield from (found.span() for found in _EMAIL.finditer(text))


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for found in _IBAN.finditer(text):
        # A word may follow, which looks like more of it: the longest beginning whose check digits are right.
        ends = [part.start() for part in re.finditer("[ -]|$", found[0])]
        end = next((end for end in reversed(ends) if is_iban(found[0][:end])), None)
        if end is not None:
            yield found.start(), found.start() + end


def is_iban(text: str) -> bool:
    """Tell whether a text is an IBAN: its form and its check digits (ISO 13616, modulo 97)."""
    letters = re.sub("[ -]", "", text).upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", letters, re.ASCII):
        return False
    return int("".join(str(int(letter, 36)) for letter in letters[4:] + letters[:4])) % 97 == 1


def _cards(text: str) -> Iterator[tuple[int, int]]:
    yield from (found.span() for found in _CARD.finditer(text) if is_card(found[0]))


def is_card(text: str) -> bool:
    """Tell whether a text is the number of a payment card: 13 to 19 digits with a valid check digit (Luhn)."""
    digits = [int(digit) for digit in text if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for found in _DIGITS.finditer(text):
        if _is_phone(found[0], text[max(0, found.start() - _BEFORE) : found.start()]):
            yield found.span()
    yield from (found.span() for found in _SPOKEN.finditer(text))


def _is_phone(said: str, before: str) -> bool:
    """Tell whether digits are a phone number, by their form and by what stands before them."""
    digits = re.sub(r"[^\d+]", "", said)
    if _DATE.search(said) or _YEARS.search(said) or len(digits.lstrip("+")) > 15:
        return False
    calls, counts = (max((found.end() for found in cue.finditer(before)), default=-1) for cue in (_CALLS, _COUNTS))
    if digits.startswith("+"):
        return True
    if counts > calls:
        return False
    return calls >= 0 or bool(_NATIONAL.fullmatch(digits)) or bool(_AMERICAN.fullmatch(said))


_FINDERS = {"e-mail": _emails, "iban": _ibans, "card": _cards, "phone": _phones}
