import random

import pytest

from sdkit.errors import InputError
from sdkit.llm.seeds import MAX_SEED, check_seed, derive_seed, random_seed


@pytest.mark.parametrize("seed", [0, 1, 4216355045, MAX_SEED])
def test_a_whole_number_of_32_bits_is_a_seed(seed: int) -> None:
    assert check_seed(seed) == seed


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 2**32, True, 1.0, "1", None])
def test_anything_else_is_refused_and_named(seed: object) -> None:
    with pytest.raises(InputError, match="a seed is a whole number from 0 to 4294967294") as error:
        check_seed(seed)  # type: ignore[arg-type]
    assert repr(seed) in str(error.value)


def test_a_derived_seed_is_the_same_on_every_machine() -> None:
    assert [derive_seed(42, 1), derive_seed(42, "item-7", 2)] == [1765208226, 3038947926]


def test_derived_seeds_differ_by_every_part_and_its_type() -> None:
    derived = [derive_seed(*parts) for parts in [(1,), ("1",), (1, 2), (2, 1), (12,), ("1", "2"), ("12",), ("1, 2",)]]
    assert len(set(derived)) == len(derived)
    assert all(check_seed(seed) == seed for seed in derived)


def test_random_seeds_are_valid_and_leave_pythons_random_numbers_alone() -> None:
    random.seed(7)
    expected = random.random()
    random.seed(7)
    seeds = {check_seed(random_seed()) for _ in range(50)}
    assert len(seeds) > 45
    assert random.random() == expected
