"""Validation by people: samples, how many may fail, verdicts, sign-offs."""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from made_up_records import record, records

from sdkit.dialog import Dialog, Turn
from sdkit.errors import FileError, InputError
from sdkit.factory import dialog_of
from sdkit.factory.acceptance_sampling import acceptance, upper_bound
from sdkit.factory.reviewed import data_hash
from sdkit.factory.strata import stratified
from sdkit.factory.validation import SignOff, Verdict, verdict
from sdkit.reviewing import Review, key_of

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def reviews(data: list[dict[str, Any]], *bad: int, rater: str = "Ana", **more: Any) -> list[Review]:
    """Return what somebody says of records: some are bad, by their place, and the others good."""
    return [
        Review(dialog=key_of(dialog_of(one)), rater=rater, **{"rating": 2 if place in bad else 4} | more)
        for place, one in enumerate(data)
    ]


# -- samples ----------------------------------------------------------------------------------------------------------


def statuses(sample: list[dict[str, Any]]) -> Counter[str]:
    return Counter(one["resolution_status"] for one in sample)


def test_each_stratum_has_its_share_to_one_dialogue() -> None:
    data = records(400)
    assert statuses(stratified(data, 40)) == {"Resolved": 20, "Failed": 10, "Escalated": 10}
    odd = statuses(stratified(data, 43))
    assert all(abs(odd[name] - 43 * share) < 1 for name, share in {"Resolved": 0.5, "Failed": 0.25}.items())
    assert odd.total() == 43


def test_a_sample_follows_from_the_seed_whatever_the_order_of_the_data_and_keeps_that_order() -> None:
    data = records(100)
    sample = stratified(data, 20, seed=1)
    assert sample == [one for one in data if one in sample]
    assert stratified(data[::-1], 20, seed=1) == sample[::-1]
    assert stratified(data, 20, seed=2) != sample


def test_a_larger_sample_has_what_the_smaller_one_had() -> None:
    data = records(400)
    smaller, larger = ({one["dialogue_id"] for one in stratified(data, n)} for n in (40, 80))
    assert smaller < larger


def test_a_rare_stratum_comes_once_where_the_sample_allows_it() -> None:
    data = [*records(96), *(record(number, resolution_status=f"Rare {number}") for number in range(96, 100))]
    sample = stratified(data, 10)
    assert len(sample) == 10
    assert {one["resolution_status"] for one in sample} >= {f"Rare {number}" for number in range(96, 100)}
    assert statuses(sample)["Resolved"] >= 2
    assert len(stratified(data, 3)) == 3  # fewer than there are strata


def test_strata_of_several_fields_and_of_lists() -> None:
    data = [
        record(number, regions=[["Lyon"], ["Rome"]][number % 2], resolution_status=["Resolved", "Failed"][number // 50])
        for number in range(100)
    ]
    sample = stratified(data, 20, by=("regions", "resolution_status"))
    assert set(Counter((one["regions"][0], one["resolution_status"]) for one in sample).values()) == {5}


def test_samples_of_dialogues_are_those_of_their_records_and_copies_come_once() -> None:
    data = records(50)
    sample = stratified([dialog_of(one) for one in data], 10)
    assert [one.dialogId for one in sample] == [one["dialogue_id"] for one in stratified(data, 10)]
    assert len(stratified([*data, *data], 50)) == 50
    with pytest.raises(InputError, match="a whole number from 1 to 50"):
        stratified([*data, *data], 51)


@pytest.mark.parametrize(
    ("data", "n", "by", "problem"),
    [
        ([], 1, "regions", "there are no dialogues"),
        (records(3), 4, "regions", "a sample of 4: give a whole number from 1 to 3"),
        (records(3), 0, "regions", "a sample of 0"),
        (records(3), True, "regions", "a sample of True"),
        (records(3), 2, "region", "by='region': no dialogue has this field; there are services"),
        ([Dialog(turns=[Turn(speaker="A", text="Hi")])], 1, "regions", "there are none"),
        ([{"turns": []}], 1, "regions", "this is no record of a dialogue: services is missing"),
    ],
)
def test_samples_that_cannot_be(data: Any, n: Any, by: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        stratified(data, n, by)


# -- how many may fail ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "allowed"), [(59, 0), (93, 1), (124, 2), (153, 3), (181, 4)])
def test_a_large_set_needs_the_samples_of_wilks_for_95_percent_of_95(n: int, allowed: int) -> None:
    """Published for tolerance limits, where it is the same question: Wilks (1941), Ann. Math. Statist. 12."""
    assert acceptance(10_000_000, n).allowed == allowed
    assert acceptance(10_000_000, n - 1).allowed == (allowed - 1 if allowed else None)


@pytest.mark.parametrize(("n", "allowed"), [(45, 0), (77, 1), (105, 2)])
def test_a_large_set_needs_the_samples_of_audits_for_5_percent_and_90(n: int, allowed: int) -> None:
    assert acceptance(10_000_000, n, confidence=0.9).allowed == allowed
    assert acceptance(10_000_000, n - 1, confidence=0.9).allowed == (allowed - 1 if allowed else None)


def test_of_a_small_set_fewer_are_needed() -> None:
    assert [acceptance(size, 1).smallest for size in (1, 10, 50, 100, 1000, 10**7)] == [1, 10, 31, 39, 56, 59]
    assert acceptance(1000, 56).allowed == 0
    assert acceptance(1000, 55).allowed is None


def test_who_reviews_all_may_find_what_the_limit_allows() -> None:
    assert [acceptance(size, size).allowed for size in (1, 19, 20, 100)] == [0, 0, 1, 5]
    assert acceptance(100, 100, worst=0.29).allowed == 29  # 0.29 * 100 is 28.999999999999996


def risk(size: int, bad: int, n: int, allowed: int) -> float:
    """Return how probable it is that a set with so many bad ones is accepted, by counting all samples."""
    samples = list(combinations(range(size), n))
    return sum(sum(one < bad for one in sample) <= allowed for sample in samples) / len(samples)


@pytest.mark.parametrize(("size", "n"), [(12, 5), (12, 8), (15, 6)])
def test_the_risk_is_what_counting_all_samples_gives(size: int, n: int) -> None:
    for worst, confidence in ((0.2, 0.8), (0.3, 0.9), (0.5, 0.95)):
        rule = acceptance(size, n, worst=worst, confidence=confidence)
        bad = math.floor(size * worst) + 1
        if rule.allowed is None:
            assert risk(size, bad, n, 0) > 1 - confidence
        else:
            assert risk(size, bad, n, rule.allowed) <= 1 - confidence + 1e-9
            assert risk(size, bad, n, rule.allowed + 1) > 1 - confidence


def test_the_bound_of_a_large_set_is_that_of_clopper_and_pearson() -> None:
    stats = pytest.importorskip("scipy.stats")
    for n, failed in ((59, 0), (100, 3), (300, 17)):
        assert upper_bound(10_000_000, n, failed) == pytest.approx(
            stats.beta.ppf(0.95, failed + 1, n - failed), abs=1e-5
        )
    assert upper_bound(10, 10, 3) == 0.3
    assert upper_bound(10, 3, 3) == 1


def test_the_bound_is_within_the_limit_exactly_where_so_many_may_fail() -> None:
    for size, n in ((40, 12), (63, 40), (200, 80)):
        for worst in (0.05, 0.1, 0.29):
            allowed = acceptance(size, n, worst=worst).allowed
            found = [failed for failed in range(n) if upper_bound(size, n, failed) <= worst + 1e-12]
            assert found == list(range(0 if allowed is None else allowed + 1))


def test_a_rule_says_in_words_what_it_is() -> None:
    assert str(acceptance(1000, 100)) == (
        "100 of 1,000 dialogues are reviewed, and up to 1 of them may fail. "
        "Then at most 5% of all are bad, with 95% confidence."
    )
    few = acceptance(1000, 20, worst=0.025)
    assert "which are too few: even if none fails, more than 2.5% of all could be bad" in str(few)
    assert f"Review at least {few.smallest}." in few._repr_html_()


@pytest.mark.parametrize(
    ("size", "n", "more", "problem"),
    [
        (10, 11, {}, "11 dialogues cannot be reviewed of 10"),
        (0, 1, {}, "size=0: give a whole number"),
        (10, 0, {}, "n=0: give a whole number"),
        (10, 2.5, {}, "n=2.5: give a whole number"),
        (10, 5, {"worst": 0}, "worst=0: give a share between 0 and 1"),
        (10, 5, {"worst": 5}, "worst=5"),
        (10, 5, {"confidence": 1}, "confidence=1"),
        (10, 5, {"confidence": "95%"}, "confidence='95%'"),
    ],
)
def test_rules_that_cannot_be(size: Any, n: Any, more: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        acceptance(size, n, **more)
    if not more:
        with pytest.raises(InputError):
            upper_bound(size, n, 0)


def test_more_cannot_fail_than_were_reviewed() -> None:
    with pytest.raises(InputError, match="6 of 5 dialogues cannot have failed"):
        upper_bound(10, 5, 6)


# -- verdicts ---------------------------------------------------------------------------------------------------------


def test_a_set_is_accepted_if_no_more_of_the_sample_fail_than_may() -> None:
    data = records(200)
    sample = stratified(data, 100)
    assert acceptance(200, 100).allowed == 2

    good = verdict(reviews(sample, 0, 1), data, sample=sample)
    assert good.accepted
    assert good.failed == tuple(one["dialogue_id"] for one in sample[:2])
    assert good.upper <= 0.05
    assert good.sentences()[:2] == [
        "Accepted: 2 of 100 failed, and 2 may.",
        f"With 95% confidence, at most {100 * good.upper:g}% of the 200 dialogues are bad; 5% may be.",
    ]

    bad = verdict(reviews(sample, 0, 1, 2), data, sample=sample)
    assert not bad.accepted
    assert bad.upper > 0.05
    assert str(bad).startswith("Not accepted: 3 of 100 failed, and 2 may.")
    assert "Failed: D" in str(bad)


def test_a_set_is_not_accepted_as_long_as_something_is_not_rated() -> None:
    data = records(40)
    said = [*reviews(data[:38]), Review(dialog=key_of(dialog_of(data[38])), rater="Ana", note="later")]
    found = verdict(said, data, sample=data)
    assert not found.accepted
    assert found.waiting == ("D38", "D39")
    assert str(found).startswith("Not accepted yet: 2 of 40 dialogues are not rated.")

    none = verdict([], data, sample=data)
    assert (none.accepted, none.upper, none.raters) == (False, 1.0, ())


def test_a_sample_that_is_too_small_accepts_nothing_and_says_how_large_it_has_to_be() -> None:
    data = records(40)
    found = verdict(reviews(data[:5]), data)
    assert not found.accepted
    assert f"Review at least {acceptance(40, 5).smallest}." in str(found)


def test_a_dialogue_fails_by_any_rater_by_rating_or_by_a_label() -> None:
    data = records(40)
    key = [key_of(dialog_of(one)) for one in data]
    said = [
        *reviews(data),
        Review(dialog=key[0], rater="Bo", rating=2),
        Review(dialog=key[1], rater="Bo", labels={1: ["out of role"]}),
        Review(dialog=key[2], rater="Bo", rating=5, dialog_labels=["out of role"]),
        Review(dialog=key[3], rater="Bo", rating=3, labels={0: ["repeats itself"]}),
    ]
    assert verdict(said, data).failed == ("D0",)
    assert verdict(said, data, flags=["out of role"]).failed == ("D0", "D1", "D2")
    strict = verdict(said, data, limit=4, flags="out of role")
    assert strict.failed == ("D0", "D1", "D2", "D3")
    assert strict.raters == ("Ana", "Bo")
    assert "a rating below 4, good, or the label 'out of role', by any rater" in str(strict)


def test_reviews_of_other_dialogues_and_of_those_outside_the_sample_do_not_count() -> None:
    data = records(40)
    others = reviews(records(60)[40:], *range(20))
    assert not verdict([*reviews(data), *others], data).failed
    found = verdict(reviews(data, 39), data, sample=data[:35])
    assert (found.failed, found.acceptance.n) == ((), 35)


def test_the_file_that_the_widget_writes_is_read(tmp_path: Path) -> None:
    pytest.importorskip("ipywidgets")
    from sdkit.widgets import DialogReview

    data = records(3)
    widget = DialogReview(map(dialog_of, data), "Ana", to=tmp_path / "reviews.jsonl", blind=False)
    for rating in (5, 1, 4):
        widget.rate(rating)
        widget.next()

    found = verdict(tmp_path / "reviews.jsonl", data, sample=data)
    assert (found.failed, found.waiting, found.raters) == (("D1",), (), ("Ana",))
    assert found.upper == pytest.approx(1 / 3)


def test_a_verdict_is_shown_escaped() -> None:
    data = [record(0, dialogue_id="<b>")]
    shown = verdict(reviews(data, 0, rater="<i>Ana"), data)._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "&lt;i&gt;Ana" in shown
    assert "<b>" not in shown


@pytest.mark.parametrize(
    ("said", "data", "more", "problem"),
    [
        ([], records(3), {}, "there are no ratings of these dialogues; rate some"),
        ([], [], {}, "there are no dialogues to accept"),
        ([], records(3), {"sample": records(4)}, "the sample has dialogues that are not in the set"),
        ([], records(3), {"limit": 6}, "limit=6: give a rating from 1 to 5"),
        ([], records(3), {"worst": 1.5}, "worst=1.5"),
        ([], ["Hi"], {}, "this is no record of a dialogue: 'Hi'"),
        ([], [record(0, services=[math.nan])], {}, "no record of a dialogue: scenario"),
    ],
)
def test_verdicts_that_cannot_be(said: Any, data: Any, more: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        verdict(said, data, **more)


def test_a_broken_file_of_reviews_is_named(tmp_path: Path) -> None:
    path = tmp_path / "reviews.jsonl"
    path.write_text('{"dialog": "1", "rater": ""}\n')
    with pytest.raises(FileError, match=r"reviews\.jsonl, line 1: is no review: rater"):
        verdict(path, records(3))
    with pytest.raises(InputError, match=r"there are no ratings in .*none\.jsonl of these dialogues"):
        verdict(tmp_path / "none.jsonl", records(3))


# -- the hash and the sign-off ----------------------------------------------------------------------------------------


def test_records_and_their_dialogues_have_the_same_hash_whatever_moderation_has_noted() -> None:
    data = records(5)
    first = data_hash(data)
    assert len(first) == 64
    assert data_hash(map(dialog_of, data)) == first
    assert data_hash(json.loads(json.dumps(data))) == first
    assert data_hash([one | {"moderation": [{"category": "x"}]} for one in data]) == first


@pytest.mark.parametrize(
    "other",
    [
        records(4),
        records(5)[::-1],
        [record(0, ("I need a room.", "No.")), *records(5)[1:]],
        [record(0, resolution_status="Failed"), *records(5)[1:]],
        [record(0, dialogue_id="other"), *records(5)[1:]],
    ],
)
def test_other_data_has_another_hash(other: list[dict[str, Any]]) -> None:
    assert data_hash(other) != data_hash(records(5))


@pytest.fixture
def accepted() -> Verdict:
    return verdict(reviews(records(40)), records(40))


def test_a_sign_off_says_who_when_and_why_and_comes_back_from_its_file(accepted: Verdict, tmp_path: Path) -> None:
    signed = SignOff.of(accepted, "Ana Lee", NOON.astimezone(timezone(timedelta(hours=5))))
    assert str(signed).startswith("Signed off by Ana Lee on 2026-11-22 12:00 UTC. Accepted: none of 40 failed")
    assert "Ana Lee" in signed._repr_html_()

    signed.to_file(tmp_path / "sign_off.json")
    assert SignOff.from_file(tmp_path / "sign_off.json") == signed
    held = json.loads((tmp_path / "sign_off.json").read_text())
    assert held["when"] == "2026-11-22T12:00:00Z"
    assert held["verdict"]["sha256"] == data_hash(records(40))


def test_without_a_time_a_sign_off_is_of_now(accepted: Verdict) -> None:
    signed = SignOff.of(accepted, "Ana")
    assert abs(datetime.now(UTC) - signed.when) < timedelta(minutes=1)
    assert signed.when.utcoffset() == timedelta(0)


def test_a_sign_off_is_of_its_data_alone(accepted: Verdict) -> None:
    signed = SignOff.of(accepted, "Ana", NOON)
    signed.check(records(40))
    with pytest.raises(InputError, match="these are not the dialogues that Ana has signed off"):
        signed.check(records(39))


def test_what_is_not_accepted_cannot_be_signed_off(accepted: Verdict, tmp_path: Path) -> None:
    refused = verdict(reviews(records(40), *range(10)), records(40))
    with pytest.raises(InputError, match=r"cannot be signed off\. Not accepted: 10 of 40 failed"):
        SignOff.of(refused, "Ana")

    path = tmp_path / "sign_off.json"
    held = {"by": "Ana", "when": "2026-11-22T12:00:00Z", "verdict": refused.model_dump(mode="json")}
    path.write_text(json.dumps(held))
    with pytest.raises(FileError, match=r"is no sign-off: this set cannot be signed off"):
        SignOff.from_file(path)


@pytest.mark.parametrize(
    ("by", "when", "problem"),
    [(" ", NOON, "by: "), ("Ana", datetime(2026, 11, 22), "when: .*timezone")],
)
def test_sign_offs_that_cannot_be(accepted: Verdict, by: str, when: datetime, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        SignOff.of(accepted, by, when)


@pytest.mark.parametrize(("text", "problem"), [("{", "is not JSON"), ("[]", "is no sign-off"), ('{"by": "A"}', "when")])
def test_files_that_are_no_sign_off(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "sign_off.json").write_text(text)
    with pytest.raises(FileError, match=problem):
        SignOff.from_file(tmp_path / "sign_off.json")
