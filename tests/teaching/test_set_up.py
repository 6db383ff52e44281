from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from sdkit.errors import FileError, InputError
from sdkit.llm import embedded, playback, wire
from sdkit.llm.cassette import HEADER, Answer, Recording
from sdkit.teaching import lesson, notebooks, workspace

if TYPE_CHECKING:
    from conftest import FakeOllama

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(playback, "_open", {})
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    for folder in ("datasets/recordings", "output", "work"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def recorded(root: Path, number: str = "42", model: str = "embedded:qwen2.5-coder-1.5b") -> None:
    call = wire.Call("/api/chat", {"model": f"lesson-{number}"})
    Recording(root / "datasets" / "recordings" / f"{number}.jsonl").add(
        Answer(call.key, model, call.request, {"done": True})
    )


def test_it_says_who_was_recorded_and_who_answers_live(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(root)
    assert lesson("42") == "lesson-42"
    first, second = capsys.readouterr().out.splitlines()
    assert first == "Lesson 42. The answers printed here were recorded with qwen2.5-coder-1.5b, and are replayed."
    assert second.startswith("Where you change what is asked: embedded:smollm2-135m answers (tiny; stays on")
    assert Path.cwd() == root


def test_in_replay_only_recordings_answer(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(root)
    monkeypatch.setenv("SDKIT_LLM", "replay")
    lesson("42")
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize("mode", ["live", "auto"])
def test_without_a_recording_or_asked_to_be_live_it_says_so(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    if mode == "live":
        recorded(root)
    monkeypatch.setenv("SDKIT_LLM", mode)
    lesson("42")
    assert capsys.readouterr().out.startswith("Lesson 42. embedded:smollm2-135m answers (tiny")


def test_a_number_without_recorded_answers_is_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(root)
    lesson("43")
    told = capsys.readouterr().out
    assert told.startswith(
        "Lesson 43. It has no recorded answers (there are some for 42). embedded:smollm2-135m answers"
    )


def test_ollamas_model_is_named_with_its_size(
    root: Path, fake_ollama: FakeOllama, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_ollama.tags = json.dumps(
        {"models": [{"name": "qwen2.5:14b", "size": 9, "details": {"parameter_size": "14.8B"}}]}
    ).encode()
    lesson("42")
    assert "Lesson 42. qwen2.5:14b answers (14.8B parameters), because Ollama is running" in capsys.readouterr().out


def test_without_any_model_it_says_how_to_get_one(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SDKIT_CACHE", str(root / "empty"))
    recorded(root)
    lesson("42")
    told = capsys.readouterr().out
    assert "no model can answer here yet: the model smollm2-135m is not on this machine. Fetch it: python -m" in told
    monkeypatch.setenv("SDKIT_MODEL", "embedded:gpt-9")
    lesson("42")
    assert "no model can answer here yet: there is no embedded model 'gpt-9'" in capsys.readouterr().out
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("SDKIT_MODEL", "openai:gpt-4o")
    lesson("42")
    assert "no model can answer here yet: " in (told := capsys.readouterr().out)
    assert "OPENAI_API_KEY" in told


def test_run_again_it_starts_counting_afresh(root: Path) -> None:
    lesson("42")
    first = playback.lesson_of("lesson-42")
    assert first is not None
    seeds = [first.next_seed("x"), first.next_seed("x")]
    lesson("42")
    again = playback.lesson_of("lesson-42")
    assert again is not None
    assert [again.next_seed("x"), again.next_seed("x")] == seeds
    assert seeds[0] != seeds[1]


def test_a_notebook_outside_the_workshop_finds_its_recording_and_stays_where_it_is(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    lesson("03")
    assert "recorded with qwen2.5-coder-1.5b" in capsys.readouterr().out
    assert Path.cwd() == elsewhere


@pytest.mark.parametrize("number", [3, "", "../03", "a/b", None, "*"])
def test_a_number_that_is_none_is_refused(number: Any) -> None:
    with pytest.raises(InputError, match="give the number of the lesson as a text"):
        lesson(number)


def test_a_broken_recording_is_named(root: Path) -> None:
    (root / "datasets" / "recordings" / "42.jsonl").write_text(json.dumps(HEADER | {"version": 2}))
    with pytest.raises(FileError, match=r"42\.jsonl, line 1: is a recording of version 2"):
        lesson("42")


def printed(notebook: Any) -> list[list[dict[str, Any]]]:
    """Return the outputs as nbval compares them: without the views of widgets, streams in one piece."""
    cells = []
    for cell in notebook.cells:
        shown: list[dict[str, Any]] = []
        for output in cell.get("outputs", []):
            data = {kind: part for kind, part in output.get("data", {}).items() if kind != notebooks.WIDGET}
            if output.output_type == "stream" and shown and shown[-1].get("name") == output.name:
                shown[-1]["text"] += output.text
            elif output.output_type == "stream":
                shown.append({"name": output.name, "text": output.text})
            elif data:
                shown.append(data)
        cells.append(shown)
    return cells


@pytest.mark.parametrize("path", workspace.lessons(ROOT), ids=lambda path: path.stem)
def test_run_all_in_a_copy_gives_the_printed_page_without_weights_ollama_or_network(
    path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = root / "work" / path.name
    shutil.copyfile(path, copy)
    shutil.copytree(ROOT / "datasets", root / "datasets", dirs_exist_ok=True)
    monkeypatch.setenv("SDKIT_CACHE", str(root / "no-weights"))
    for proxy in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:1")
    notebook = nbformat.read(copy, 4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    result = notebooks.execute(notebook, copy, {})
    assert result.problem is None
    assert printed(notebook) == printed(nbformat.read(path, 4))


@pytest.mark.slow
@pytest.mark.embedded
def test_all_lessons_reach_their_end_live_on_the_small_model(root: Path) -> None:
    shutil.copytree(
        ROOT / "datasets", root / "datasets", ignore=shutil.ignore_patterns("recordings"), dirs_exist_ok=True
    )
    copies = [Path(shutil.copy(path, root / "work")) for path in workspace.lessons(ROOT)]
    # The embedded model of a kernel uses one core. The last lessons take longest, so they come first.
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda copy: notebooks.run(copy, f"{embedded.PREFIX}:smollm2-135m"), copies[::-1]))
    assert [f"{run.path.name}: {run.problem}" for run in runs if run.problem] == []
