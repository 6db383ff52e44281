"""Lessons are tested with recorded answers only, and a recording that nobody plays fails the run."""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

PLOTS = Path(__file__).with_name("plots.cfg")
RECORDINGS = Path(__file__).resolve().parents[1] / "datasets" / "recordings"
LOG = Path(tempfile.gettempdir()) / f"sdkit-played-{os.getpid()}.jsonl"

SOLUTIONS = "solutions"
"""The folder whose notebooks have to pass their own checks."""

_ran: Counter[Path] = Counter()  # cells, by the notebook's path


_lines = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Compare plots by what they say: the same picture has other bytes where fonts or versions differ."""
    if not getattr(config.option, "nbval_sanitize_with", None):
        config.option.nbval_sanitize_with = str(PLOTS)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Start kernels so that recordings answer, and so that they note what they played."""
    before = dict(os.environ)
    os.environ["SDKIT_LLM"] = os.environ.get("SDKIT_LLM") or "replay"
    os.environ["SDKIT_LLM_LOG"] = str(LOG)
    os.environ["SDKIT_STRICT"] = "1" if item.path.parent.name == SOLUTIONS else ""
    try:
        return (yield)
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Count the cells that ran."""
    _ran[item.path] += item.path.suffix == ".ipynb"
    return (yield)


def unplayed() -> list[str]:
    """Return a line for each recorded answer that a lesson, all of whose cells ran, did not ask for."""
    from sdkit.llm.cassette import Recording

    events = [json.loads(line) for line in LOG.read_text(encoding="utf-8").splitlines()] if LOG.exists() else []
    played = {event.get("played") for event in events}
    lines = []
    for path, ran in _ran.items():
        notebook = json.loads(path.read_text(encoding="utf-8"))
        recording = RECORDINGS / f"{path.name.split('_')[0]}.jsonl"
        if (path.parent / SOLUTIONS / path.name).exists():
            continue  # the solutions ask for more than the student's version, which is made from them
        if ran == sum(cell["cell_type"] == "code" for cell in notebook["cells"]) and recording.exists():
            unused = [answer for answer in Recording(recording) if answer.key not in played]
            lines += [f"{recording.name}: nobody asks for the answer to {answer.prompt[:80]!r}" for answer in unused]
    return lines


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Fail the run over recordings that nobody plays."""
    if (os.environ.get("SDKIT_LLM") or "replay") == "replay" and (lines := unplayed()):
        session.config.stash[_lines] = lines
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    LOG.unlink(missing_ok=True)
    return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which recordings nobody plays."""
    for line in config.stash.get(_lines, []):
        terminalreporter.write_line(f"UNPLAYED {line}", red=True)
