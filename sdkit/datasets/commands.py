"""The `sdkit data` commands: a few lines over the library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

data = App(name="data", help="Get public data sets.")


@data.command
def get(
    name: str,
    *,
    archive: Annotated[Path | None, Parameter(name="--from")] = None,
    to: Path | None = None,
    again: bool = False,
) -> None:
    """Get a public data set, without what sdkit has no use for, and see that it is all there.

    Parameters
    ----------
    name
        star: 6,652 task-oriented dialogues and the flowcharts of their 24 tasks. multiwoz: 10,437 dialogues about
        hotels, trains and more (MultiWOZ 2.2).
    archive
        Unpack this file (.tar.gz, .tar.xz, .tar or .zip) instead of downloading.
    to
        The folder to put it into; datasets/STAR or datasets/MultiWOZ of the checkout if left out.
    again
        Replace what is there.
    """
    from sdkit.datasets import getting
    from sdkit.errors import FileError, InputError
    from sdkit.teaching import workspace

    source = getting.find(name)
    try:
        root = workspace.checkout()
    except FileError as error:
        if to is None:
            raise InputError("this is the installed library, without a checkout: name a folder with --to") from error
        root = Path.cwd()
    folder = (to or root / "datasets" / source.title).expanduser().absolute()
    fresh = getting.get(name, folder, archive, again)
    # Lessons and commands run from the checkout's root.
    shown = folder.relative_to(root).as_posix() if folder.is_relative_to(root) else str(folder)
    inside = " and ".join(f"{count:,} {what}" for what, count in source.counts(source.needed).items())
    print(f"{source.title} is {'in' if fresh else 'already in'} {shown}: {inside}.")
    print(f"{source.rights}.\n\n{source.use.format(json.dumps(shown, ensure_ascii=False))}")
