"""Going on from the middle of a dialogue, with one thing changed."""

from __future__ import annotations

from sdkit.agents import MAX_TURNS, PersonaAgent
from sdkit.conversation import Conversation
from sdkit.dialog import Dialog
from sdkit.errors import InputError


def branch(
    dialog: Dialog,
    turns: int,
    agents: tuple[PersonaAgent, PersonaAgent],
    *,
    say: str = "",
    tell: str = "",
    max_turns: int | None = None,
    seed: int | None = None,
) -> Conversation:
    """Return a conversation that goes on from the first turns of a dialogue.

    What was whispered before is not forgotten. Without a change, a dialogue that was made turn by turn goes on as it
    did, where the model's answers follow from the seed alone; the embedded one reads the kept turns in one go here, and
    may differ for that.

    Parameters
    ----------
    dialog
        Where it comes from; it stays as it is.
    turns
        How many of its turns are kept.
    agents
        Who goes on: those who talked, or others of the same names.
    say
        What the next speaker says instead of what was said.
    tell
        What the next speaker is told from now on, and nobody hears.
    max_turns
        How many turns at most, with those that are kept; `MAX_TURNS` more, if None.
    seed
        The seed of what comes; that of the dialogue, if None.

    Raises
    ------
    InputError
        The dialogue has not as many turns, or the agents have other names.
    """
    if not 0 <= turns <= len(dialog):
        raise InputError(f"turns={turns}: this dialogue has {len(dialog)}; give a number from 0 to {len(dialog)}")
    a, b = agents
    seed = dialog.seed if seed is None else seed
    most = turns + MAX_TURNS if max_turns is None else max_turns
    kept = dialog[:turns].model_copy(update={"events": dialog.events})
    conversation = a.stream(b, most, history=kept, seed=seed, scenario=dialog.scenario)
    if not turns and dialog.turns and dialog[0].speaker == conversation.names[1]:
        conversation = a.stream(b, most, first=b, seed=seed, scenario=dialog.scenario)
    if tell:
        conversation.tell(tell)
    if say:
        conversation.say(say)
    return conversation
