"""Personal data: what it looks like, and what only looks like it. All numbers are made up or reserved for examples."""

from __future__ import annotations

import pytest

from sdkit.moderation import Finding, PersonalData
from sdkit.moderation.personal import is_card, is_iban

LAYER = PersonalData()


def found(text: str) -> list[tuple[str, str]]:
    return [(finding.category, finding.text) for finding in LAYER.check([text])]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Write to ana@example.org.", "ana@example.org"),
        ("It's Ana.Maria+x_1@mail.example.com, ok?", "Ana.Maria+x_1@mail.example.com"),
        ("<ana@example.com>", "ana@example.com"),
        ("'o'neil@example.com', he said", "o'neil@example.com"),
        ("ana @ example.org", "ana @ example.org"),
        ("mia (at) example (dot) org", "mia (at) example (dot) org"),
        ("mia[at]example.org", "mia[at]example.org"),
        ("I am mia at example dot com, bye", "mia at example dot com"),
        ("jörg@müller.example", "jörg@müller.example"),
    ],
)
def test_e_mail_addresses(text: str, said: str) -> None:
    assert found(text) == [("e-mail", said)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("+44 20 7946 0000 after six", "+44 20 7946 0000"),
        ("+1 (202) 555-0100", "+1 (202) 555-0100"),
        ("0049 30 23125-014", "0049 30 23125-014"),
        ("or (123) 456-7890.", "(123) 456-7890"),
        ("123-456-7890", "123-456-7890"),
        ("212.555.0100", "212.555.0100"),
        ("555-0100 is her number", "555-0100"),
        ("07700 900000", "07700 900000"),
        ("01632960001", "01632960001"),
        ("030 / 23125 014", "030 / 23125 014"),
        ("Call 4155550100 now", "4155550100"),
        ("my number is 12 34 56 78", "12 34 56 78"),
        ("dial oh seven seven oh oh nine one", "oh seven seven oh oh nine one"),
    ],
)
def test_phone_numbers(text: str, said: str) -> None:
    assert found(text) == [("phone", said)]


def test_card_numbers_have_a_check_digit() -> None:
    assert found("Visa 4111-1111-1111-1111, thanks") == [("card", "4111-1111-1111-1111")]
    assert found("378282246310005") == [("card", "378282246310005")]
    assert found("4111 1111 1111 1112") == []
    assert is_card("6011 0009 9013 9424")
    assert not is_card("6011 0009 9013 9425")
    assert not is_card("4111 1111")
    assert not is_card("0000 0000 0000 0000")


def test_ibans_have_check_digits() -> None:
    assert found("To DE89370400440532013000 please") == [("iban", "DE89370400440532013000")]
    assert found("GB29 NWBK 6016 1331 9268 19 it is") == [("iban", "GB29 NWBK 6016 1331 9268 19")]
    assert found("DE88 3704 0044 0532 0130 00") == []
    assert is_iban("nl91 abna 0417 1643 00")
    assert not is_iban("NL91 ABNA 0417 1643 01")
    assert not is_iban("NL91")


@pytest.mark.parametrize(
    "text",
    [
        "The train leaves at 10:15 and costs 23.60 pounds.",
        "From 09:00-17:30, on 14/03/2026 or 2026-03-14 06:35.",
        "14.03.2026 - 21.03.2026, or 01/04/2026 0915",
        "Booking AB12CD, train TR7423, flight BA2490, reference FRGZWQL2.",
        "Between 1066 and 1100, or 1939-1945, or 2020-2024.",
        "My order number is 0800-4711-3355.",
        "Invoice 2026-000123456 and ticket 0123456789",
        "1,234,567.89 yen, 1.234.567 euros, £1200000000",
        "Our postcode is CB2 1TN, room 1204, seats 12 13 14 15.",
        "ISBN 978-3-16-148410-0",
        "51.51941, -0.12700 on the map",
        "TR1392 arriving in cambridge at 16:07",
        "Meet me at the dot com party @ nine, on Twitter @ana",
        "one two three, and double the price",
        "Lunch @ 12.30, ok?",
        "",
    ],
)
def test_what_only_looks_like_it(text: str) -> None:
    assert found(text) == []


def test_several_in_one_text_come_in_their_order_and_each_once() -> None:
    text = "Call 07700 900000 or write to a@example.org; card 4111 1111 1111 1111, DE89 3704 0044 0532 0130 00."

    assert [category for category, _ in found(text)] == ["phone", "e-mail", "card", "iban"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ana@example.org", "a…@example.org"),
        ("mia at example dot com", "…"),
        ("07700 900123", "…23"),
        ("4111 1111 1111 1111", "…1111"),
        ("DE89 3704 0044 0532 0130 00", "DE…00"),
    ],
)
def test_it_is_shown_masked(text: str, shown: str) -> None:
    (finding,) = LAYER.check([text])

    assert finding.text == text
    assert finding.shown == shown
    assert finding.reason.endswith(f": {shown}")
    assert text not in repr(finding)
    assert text not in str([finding])
    assert repr(shown) in repr(finding)


def test_other_findings_are_shown_as_they_are() -> None:
    finding = Finding("words", "insult", "'fool' is insult", 0, 4, 8, "fool")

    assert (
        repr(finding) == "Finding('words', 'insult', turn=0, start=4, end=8, text='fool', reason=\"'fool' is insult\")"
    )
