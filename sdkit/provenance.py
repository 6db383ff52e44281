"""How something that a model made came about, out of the replies that it took."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sdkit.dialog import Provenance
from sdkit.llm import structured

if TYPE_CHECKING:
    from sdkit.llm.structured import Reply


def of(reply: Reply) -> Provenance:
    """Return the provenance of what one reply made."""
    return Provenance(
        model=reply.answered_by,
        seed=reply.seed,
        options=reply.options,
        prompt_hash=reply.prompt_hash,
        versions=structured.versions(),
        seconds=None if reply.seconds is None else round(reply.seconds, 3),
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        finish_reason=reply.finish_reason,
        attempts=reply.attempts,
        replayed=reply.replayed,
    )


def joined(replies: Sequence[Reply], seed: int) -> Provenance:
    """Return the provenance of what several replies made, at least one: counts and times are added up.

    Parameters
    ----------
    replies
        In order.
    seed
        What their seeds were derived from.
    """
    times = [reply.seconds for reply in replies]
    prompts = [reply.prompt_tokens or 0 for reply in replies]
    completions = [reply.completion_tokens or 0 for reply in replies]
    hashes = "".join(reply.prompt_hash for reply in replies)
    return Provenance(
        model=" and ".join(dict.fromkeys(reply.answered_by for reply in replies)),
        seed=seed,
        options=replies[0].options,
        prompt_hash=hashlib.sha256(hashes.encode()).hexdigest(),
        versions=structured.versions(),
        seconds=round(sum(t for t in times if t is not None), 3) if any(t is not None for t in times) else None,
        prompt_tokens=sum(prompts),
        completion_tokens=sum(completions),
        attempts=sum(reply.attempts for reply in replies),
        replayed=all(reply.replayed for reply in replies),
    )
