"""Counterfactual slices: the dialogues of a set made again for other users, and all else kept.

What differs between two slices then comes from who the users are, not from what they came for (Kusner et al. 2017,
"Counterfactual Fairness", arXiv:1703.06856)::

    slices = counterfactual(made, {"young": "24 years old", "old": "74 years old"}, "output/slices.jsonl")
    print(compare_groups(slices, paired=True))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sdkit import provenance
from sdkit.batch import Batch
from sdkit.dialog import Dialog
from sdkit.errors import InputError
from sdkit.factory import prompts
from sdkit.factory.attempts import dialogue_reply
from sdkit.factory.items import Item
from sdkit.factory.made import Made
from sdkit.factory.records import dialog_of, record_of
from sdkit.llm.seeds import derive_seed
from sdkit.llm.spec import chat_model, model_name

if TYPE_CHECKING:
    from sdkit.engines import Engine
    from sdkit.llm.spec import ModelSpec


def counterfactual(
    made: Made,
    users: Mapping[str, str],
    to: str | Path = "output/slices.jsonl",
    *,
    model: ModelSpec = None,
    n: int | None = None,
    concurrency: int = 4,
    engine: Engine | None = None,
    progress: bool = True,
) -> dict[str, list[Dialog]]:
    """Make dialogues of a set again, once for each kind of user, with the same scenario, plan and seed.

    Parameters
    ----------
    made
        What a factory has made.
    users
        The name of each slice, and what its users are, such as ``{"young": "24 years old", "old": "74 years old"}``: it
        is put in front of the persona. Take something that neither scenarios nor personas speak of.
    to
        Where the dialogues go: as of `sdkit.batch.Batch`. What is there already is not made again.
    model
        Which model writes: see `sdkit.llm.chat_model`.
    n
        How many dialogues of the set; all of them if None.
    concurrency, engine
        How many are made at a time, and where.
    progress
        Whether to show a progress bar.

    Returns
    -------
    dict of str to list of Dialog
        The slices, for `sdkit.analysis.compare_groups` with ``paired=True``: the first dialogue of one belongs to the
        first of the other. What failed for one kind of user is left out for all.

    Raises
    ------
    InputError
        There are not two kinds of users, or nothing was made, or the file holds something else.
    ModelError
        The model cannot be used.
    FileError
        A file cannot be read or written.
    """
    if not isinstance(users, Mapping) or len(users) < 2:
        raise InputError(f"users={users!r:.80}: give two kinds of users or more, each with a name")
    if blank := [name for name, text in users.items() if not isinstance(text, str) or not text.strip()]:
        raise InputError(f"users: say what the users of {blank[0]!r} are")
    kept = made.journal.kept()[:n]
    if not kept:
        raise InputError("nothing was made yet, so nothing can be made again")
    wanted: dict[str, _Again] = {}
    for item, attempt in kept:
        record, how = attempt.record or {}, attempt.made or {}
        for place, who in enumerate(users.values()):
            persona = f"{who.strip().rstrip('.')}. {how.get('persona_text') or ''}".strip()
            again = _Again(model, item, record["generated_scenario"], persona, derive_seed(how["seed"], "slice"))
            wanted[f"{item.id}-{place}"] = again
    about = {"model": model_name(chat_model(model)), "users": dict(users), "set": [a.hash for _, a in kept]}
    batch = Batch(wanted, wanted.__getitem__, to, about=about, concurrency=concurrency, engine=engine)
    batch.run(progress)
    there = {dialog.dialogId: dialog for dialog in batch.dialogs()}
    groups = [[f"{item.id}-{place}" for place in range(len(users))] for item, _ in kept]
    whole = [group for group in groups if there.keys() >= {*group}]
    return {name: [there[group[place]] for group in whole] for place, name in enumerate(users)}


@dataclass(frozen=True)
class _Again:
    """Makes a dialogue of the set again; its seed is that of the set, and not of the batch."""

    model: ModelSpec
    item: Item
    about: str
    persona: str
    own_seed: int

    async def __call__(self, seed: int, id: str) -> Dialog:
        asked = prompts.dialogue(self.item, self.about, self.persona, "")
        reply = await dialogue_reply(self.model, self.item, asked, self.own_seed)
        record = record_of(self.item, self.about, reply.value, self.own_seed, 0)
        told = {
            "model": reply.answered_by,
            "seed": self.own_seed,
            "ending": reply.value.ending,
            "persona_text": self.persona,
            "provenance": provenance.joined([reply], self.own_seed).model_dump(mode="json"),
        }
        return dialog_of(record, told)
