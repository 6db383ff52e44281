"""Seeds: one number an item, derived with SHA-256, never from Python's global ``random``."""

from __future__ import annotations

import hashlib
import json
import secrets

from sdkit.errors import InputError

MAX_SEED = 2**32 - 2
"""The largest seed: llama.cpp has 32 bits and takes the last number for "any"."""


def check_seed(seed: int) -> int:
    """Return the seed if every runtime takes it.

    Raises
    ------
    InputError
        It is not a whole number from 0 to `MAX_SEED`.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
        raise InputError(f"seed={seed!r} will not do: a seed is a whole number from 0 to {MAX_SEED}")
    return seed


def derive_seed(*parts: int | str) -> int:
    """Return a seed that follows from the parts, such as (run seed, item id, attempt): the same on every machine."""
    digest = hashlib.sha256(json.dumps(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") % (MAX_SEED + 1)


def random_seed() -> int:
    """Return a seed that nobody can guess."""
    return secrets.randbelow(MAX_SEED + 1)
