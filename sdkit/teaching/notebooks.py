"""Running notebooks from top to bottom, each in a fresh kernel, and renewing the outputs that are printed in them."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdkit.errors import FileError, InputError, MissingPackageError
from sdkit.files import read_text, write_text
from sdkit.teaching import workspace

QUIET = ["--IPKernelApp.log_level=ERROR"]  # the kernel's remarks on its own transport help nobody here
WIDGET = "application/vnd.jupyter.widget-view+json"
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


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
        The model that answers in it, live; by default recordings and models answer as when it is opened.
    timeout
        Seconds that a cell may take.

    Raises
    ------
    FileError
        It cannot be read, or is no notebook.
    MissingPackageError
        nbclient is not installed.
    """
    return execute(read(path), path, {"SDKIT_MODEL": model, "SDKIT_LLM": "live"} if model else {}, timeout)


def refresh(path: Path, settings: Mapping[str, str] | None = None, timeout: int = 600) -> Run:
    """Run a notebook with recorded answers only, and save the outputs in it; if it fails, the file stays as it is.

    Parameters
    ----------
    path
        The notebook.
    settings
        More environment variables for its kernel.
    timeout
        Seconds that a cell may take.

    Raises
    ------
    FileError
        It cannot be read or written, or is no notebook.
    MissingPackageError
        nbclient is not installed.
    """
    import nbformat

    notebook = read(path)
    result = execute(notebook, path, {"SDKIT_LLM": "replay"} | dict(settings or {}), timeout)
    if result.problem is None:
        _clean(notebook)
        write_text(path, nbformat.writes(notebook) + "\n")  # type: ignore[no-untyped-call]
    return result


def read(path: Path) -> Any:
    """Return the notebook in a file.

    Raises
    ------
    FileError
        It cannot be read, or is no notebook.
    MissingPackageError
        nbformat, which comes with nbclient, is not installed.
    """
    try:
        import nbformat
    except ImportError as error:
        raise MissingPackageError("nbclient", "run notebooks") from error
    try:
        return nbformat.reads(read_text(path), as_version=4)  # type: ignore[no-untyped-call]
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, AttributeError, KeyError, TypeError) as error:
        raise FileError(path, "is not a Jupyter notebook") from error


def execute(notebook: Any, path: Path, settings: Mapping[str, str], timeout: int = 600) -> Run:
    """Run a notebook that was read from a file; its outputs are in it afterwards.

    Parameters
    ----------
    notebook
        What `read` returned.
    path
        Where it is from; its kernel starts in that folder.
    settings
        Environment variables for its kernel.
    timeout
        Seconds that a cell may take.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        extra_arguments=QUIET,
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    started = time.perf_counter()
    problem = None
    try:
        client.execute(env=os.environ | dict(settings))
    except CellExecutionError as error:
        cell = next(i for i, cell in enumerate(cells, 1) if any(o.output_type == "error" for o in cell.outputs))
        problem = f"code cell {cell}: {error.ename}: {error.evalue}"
    except (CellTimeoutError, DeadKernelError) as error:
        problem = str(error).strip().splitlines()[0]
    return Run(path, len(cells), time.perf_counter() - started, problem)


def named(name: str, there: list[Path]) -> Path:
    """Return which of these lessons a number such as "03" means; a path means itself.

    Raises
    ------
    InputError
        There is none.
    """
    if (file := Path(name)).suffix == ".ipynb":
        return file
    found = [path for path in there if name in {workspace.number_of(path), path.stem}]
    if len(found) != 1:
        raise InputError(f"{name!r} is no lesson; there are {', '.join(path.stem for path in there)}")
    return found[0]


def _clean(notebook: Any) -> None:
    """Leave nothing of this one run in a notebook: widgets' random names and the machine's Python."""
    notebook.metadata = {"kernelspec": _KERNEL, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        for output in cell.outputs:
            # After a restart it would only say "model not found"; the static twin stays.
            output.get("data", {}).pop(WIDGET, None)
        cell.outputs = [output for output in cell.outputs if output.get("data", True)]
