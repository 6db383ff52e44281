"""The command `sdkit export`: a few lines over the library."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

FormName = Literal["chat", "sharegpt", "csv", "parquet", "datasets"]
ALL: tuple[FormName, ...] = ("chat", "sharegpt", "csv", "parquet", "datasets")


def export(
    records: Path,
    folder: Path,
    *,
    forms: Annotated[tuple[FormName, ...], Parameter(consume_multiple=True, negative="")] = ALL,
    sign_off: Path | None = None,
    unapproved: Annotated[bool, Parameter(negative="")] = False,
    title: str = "Synthetic dialogues",
    licence: str = "",
) -> None:
    """Export dialogues into a folder, in forms that others read, with a data card.

    Parameters
    ----------
    records
        The dialogues: a file of `synthesize` or of `moderate`.
    folder
        Where to: a new folder, or one with an earlier export.
    forms
        Which: messages, conversations, a table of turns, a table of dialogues, a folder for Hugging Face's datasets.
    sign_off
        The file that says who has signed these dialogues off; without one, the data card says that nobody has.
    unapproved
        Export what moderation has flagged, and what failed in the review, too.
    title
        What the set is called.
    licence
        Its licence, such as CC-BY-4.0.
    """
    from sdkit.factory import exporting

    files = exporting.export(
        records, folder, forms, sign_off=sign_off, only_approved=not unapproved, title=title, licence=licence
    )
    for path in files:
        print(path)
    if sign_off is None:
        print("Not signed off, as the data card says.")
