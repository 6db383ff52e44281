"""What to do about a set that is not made up as it was to be."""

from __future__ import annotations

import pytest

from sdkit.analysis.balance import representation
from sdkit.analysis.rebalancing import BOUND, drop_to_balance, weights_against
from sdkit.errors import InputError


def made(**counts: int) -> list[str]:
    return [value for value, number in counts.items() for _ in range(number)]


def test_what_there_is_too_little_of_weighs_more() -> None:
    table = representation({"region": made(Tokyo=70, Lima=30)}, {"region": {"Tokyo": 0.5, "Lima": 0.5}})

    new = weights_against(table)

    assert new.weights["region"]["Lima"] == pytest.approx((51 / 31) / (51 / 31 + 51 / 71))
    assert sum(new.weights["region"].values()) == pytest.approx(1)
    assert str(new).splitlines() == [
        "region: Tokyo was made 70 times, 50.0 were wanted: its weight goes down from 0.500 to 0.304.",
        "region: Lima was made 30 times, 50.0 were wanted: its weight goes up from 0.500 to 0.696.",
    ]


def test_a_filter_that_turns_down_one_value_is_made_up_for() -> None:
    target = {"Tokyo": 0.5, "Lima": 0.5}
    passes = {"Tokyo": 0.9, "Lima": 0.45}  # of each two dialogues from Lima, one is lost

    def carried_out(weights: dict[str, float]) -> dict[str, int]:
        return {value: round(10_000 * weight * passes[value]) for value, weight in weights.items()}

    first = carried_out(target)
    new = weights_against(representation({"region": made(**first)}, {"region": target})).weights["region"]
    second = carried_out(new)

    assert first["Lima"] / sum(first.values()) == pytest.approx(1 / 3, abs=0.001)
    assert second["Lima"] / sum(second.values()) == pytest.approx(1 / 2, abs=0.001)


def test_weights_are_bounded_and_never_seen_is_not_everything() -> None:
    table = representation({"region": made(Tokyo=1000)}, {"region": {"Tokyo": 0.9, "Lima": 0.1}})
    new = weights_against(table)
    assert new.weights["region"]["Lima"] == pytest.approx(0.1 * BOUND / (0.1 * BOUND + 0.9 * 901 / 1001))
    assert "Lima was never made, 100.0 were wanted" in str(new)
    assert "the bound being 3 times" in str(new)


def test_small_sets_are_not_taken_too_seriously() -> None:
    target = {f"region {number}": 1 for number in range(54)}
    new = weights_against(representation({"region": ["region 0"]}, {"region": target}))
    assert max(new.weights["region"].values()) / min(new.weights["region"].values()) < 2.1


def test_what_fits_keeps_its_weights() -> None:
    table = representation({"mood": made(Happy=30, Sad=30)}, {"mood": {"Happy": 1, "Sad": 1}})
    new = weights_against(table)
    assert new.weights == {"mood": {"Happy": 0.5, "Sad": 0.5}}
    assert new.log == ("mood: made as wanted, within a tenth; the weights stay nearly the same.",)


def test_what_was_not_wanted_has_no_weight() -> None:
    new = weights_against(representation({"mood": made(Happy=3, Sad=1)}, {"mood": {"Happy": 1, "Cross": 0}}))
    assert new.weights == {"mood": {"Happy": 1}}
    assert new.log == ("mood: Sad was made once and not wanted: it has no weight.",)


def test_each_axis_has_its_own_weights() -> None:
    table = representation(
        {"mood": made(Happy=9, Sad=1), "region": made(Lima=5, Tokyo=5)},
        {"mood": {"Happy": 1, "Sad": 1}, "region": {"Tokyo": 1, "Lima": 1}},
    )
    assert list(weights_against(table).weights) == ["mood", "region"]


def test_what_is_no_representation_is_said() -> None:
    table = representation({"mood": ["Happy"]}, {"mood": {"Happy": 1}})
    with pytest.raises(InputError, match=r"no table of sdkit.analysis.balance.representation: .* no column 'target'"):
        weights_against(table.drop(columns="target"))
    with pytest.raises(InputError, match="no column 'made'"):
        weights_against({"mood": {"Happy": 1}})
    with pytest.raises(InputError, match="not indexed by axis and value"):
        weights_against(table.reset_index())


def test_dropping_brings_each_share_within_the_tolerance() -> None:
    values = dict(enumerate(made(Tokyo=50, Lima=30, Cairo=20)))
    target = {"Tokyo": 1, "Lima": 1, "Cairo": 1}

    dropping = drop_to_balance(values, target, tolerance=0.02)

    left = [value for id, value in values.items() if id not in dropping.ids]
    shares = [left.count(value) / len(left) for value in target]
    assert all(abs(share - 1 / 3) <= 0.02 for share in shares)
    assert dropping.log == (
        "28 of 50 with Tokyo are dropped: they were 50.0% of all, 33.3% were wanted; now they are 34.9%.",
        "9 of 30 with Lima are dropped: they were 30.0% of all, 33.3% were wanted; now they are 33.3%.",
        "63 of 100 stay; each share is now within 0.02 of its target.",
    )


def test_the_most_common_goes_first_and_the_last_ids() -> None:
    values = {1: "a", 2: "a", 10: "a", 9: "a", 3: "b", 4: "b"}
    assert drop_to_balance(values, {"a": 1, "b": 1}).ids == (10, 9)


def test_the_order_in_which_they_are_given_changes_nothing() -> None:
    values = {f"d{number:02}": "ab"[number % 3 == 0] for number in range(60)}
    backwards = dict(reversed(values.items()))
    target = {"a": 0.5, "b": 0.5}
    assert drop_to_balance(values, target) == drop_to_balance(backwards, target)
    assert drop_to_balance(values, target).ids[0] == "d59"


def test_what_is_in_balance_is_left_alone() -> None:
    dropping = drop_to_balance({"x": "a", "y": "b"}, {"a": 0.51, "b": 0.49})
    assert dropping.ids == ()
    assert str(dropping) == "Nothing is dropped: each share is within 0.02 of its target."


def test_what_was_not_wanted_goes() -> None:
    values = {1: "Tokyo", 2: "Lima", 3: "tokyo"}
    assert drop_to_balance(values, {"Tokyo": 1, "Lima": 1}).ids == (3,)


def test_where_dropping_cannot_help_it_is_said() -> None:
    target = {"a": 0.4, "b": 0.3, "c": 0.3}
    with pytest.raises(InputError, match="there is no 'c', which is to be 30% of all: dropping cannot help; make some"):
        drop_to_balance({1: "a", 2: "b"}, target)
    with pytest.raises(InputError, match=r"no choice of these 3 dialogues is within 0.01 .* of 'a'; make more, or"):
        drop_to_balance({1: "a", 2: "b", 3: "c"}, target, tolerance=0.01)
    with pytest.raises(InputError, match="'values' has no values"):
        drop_to_balance({}, target)
    for tolerance in (0, 1, -0.1, True, "2%"):
        with pytest.raises(InputError, match="will not do: give a share above 0 and below 1"):
            drop_to_balance({1: "a"}, {"a": 1}, tolerance=tolerance)  # type: ignore[arg-type]
