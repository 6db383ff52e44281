"""Running notebooks from top to bottom, each in a fresh kernel."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from sdkit.errors import FileError, MissingPackageError
from sdkit.files import read_text

QUIET = ["--IPKernelApp.log_level=ERROR"]  # the kernel's remarks on its own transport help nobody here


@dataclass(frozen=True)
class Run:
    """How one notebook ran.

    Attributes
    ----------
    path : Path
        The notebook.
    cells : int
        How many code cells it has.
    seconds : float
        How long it took.
    problem : str or None
        What stopped it, and in which cell; None if it reached the end.
    """

    path: Path
    cells: int
    seconds: float
    problem: str | None


def run(path: Path, model: str | None = None, timeout: int = 600) -> Run:
    """Run a notebook without changing its file.

    Parameters
    ----------
    path
        The notebook.
    model
        The model that answers in it: becomes SDKIT_MODEL for its kernel.
    timeout
        Seconds that a cell may take.

    Raises
    ------
    FileError
        It cannot be read, or is no notebook.
    MissingPackageError
        nbclient is not installed.
    """
    try:
        import nbformat
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    except ImportError as error:
        raise MissingPackageError("nbclient", "run notebooks") from error
    try:
        notebook = nbformat.reads(read_text(path), as_version=4)  # type: ignore[no-untyped-call]
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, AttributeError, KeyError, TypeError) as error:
        raise FileError(path, "is not a Jupyter notebook") from error
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    environment = os.environ | ({"SDKIT_MODEL": model} if model else {})
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        extra_arguments=QUIET,
        resources={"metadata": {"path": str(path.parent)}},
    )
    started = time.perf_counter()
    problem = None
    try:
        client.execute(env=environment)
    except CellExecutionError as error:
        cell = next(i for i, cell in enumerate(cells, 1) if any(o.output_type == "error" for o in cell.outputs))
        problem = f"code cell {cell}: {error.ename}: {error.evalue}"
    except (CellTimeoutError, DeadKernelError) as error:
        problem = str(error).strip().splitlines()[0]
    return Run(path, len(cells), time.perf_counter() - started, problem)
