"""The command `sdkit personas`: a few lines over the library."""

from __future__ import annotations

import sys
from pathlib import Path

from sdkit.llm.named import Provider, named_model


def personas(
    *,
    assistant_path: Path,
    output_path: Path,
    num_personas: int = 5,
    model_provider: Provider | None = None,
    model_id: str | None = None,
    previous_personas_path: Path | None = None,
    seed: int = 0,
    concurrency: int = 4,
) -> int:
    """Make personas for an assistant, each different from all others; a run that was stopped goes on.

    Parameters
    ----------
    assistant_path
        YAML with the assistant's name and description.
    output_path
        Where the new personas go, as YAML; beside it, as .plan.json, how they came about.
    num_personas
        How many.
    model_provider
        Who has the model. openai if OPENAI_API_KEY is set, else ollama or embedded, as `doctor` finds.
    model_id
        The model; o3 of openai, else the provider's default.
    previous_personas_path
        YAML with personas that are there already: the new ones differ from these, too. They are not written again.
    seed
        The same seed gives the same personas, with models of this machine.
    concurrency
        How many are made at a time.
    """
    from sdkit.cli import INTERRUPTED
    from sdkit.personas import UserPersona
    from sdkit.population.generator import PersonaGenerator

    generator: PersonaGenerator[UserPersona] = PersonaGenerator(
        assistant_path, named_model(model_provider, model_id, "o3"), concurrency=concurrency
    )
    try:
        made = generator.generate(num_personas, previous_personas_path, seed, to=output_path)
    except KeyboardInterrupt:
        print("Interrupted. The same command goes on where it stopped.", file=sys.stderr)
        return INTERRUPTED
    print(made)
    for missing in made.missing:
        values = "; ".join(f"{name}: {value}" for name, value in missing.planned.items())
        print(f"nobody was made for {values}: {missing.tried[-1]}", file=sys.stderr)
    if not made:
        print("sdkit: no persona could be made, and nothing was written", file=sys.stderr)
        return 1
    print(
        f"\nThe {len(made)} new personas are in {output_path}. Read them before you use them, and change what is odd."
    )
    if len(made) < num_personas:
        print(f"sdkit: {len(made)} of {num_personas} personas could be made", file=sys.stderr)
    return 0 if len(made) == num_personas else 1
