"""The set-up cell of a lesson."""

from __future__ import annotations

import html
import os
from pathlib import Path

from sdkit.errors import FileError, InputError, SdkitError
from sdkit.llm import embedded, ollama, playback, providers, transport
from sdkit.llm.spec import chat_model, choose_model
from sdkit.teaching import workspace


def lesson(number: str) -> str:
    """Get ready for a lesson: open its recorded answers, go to the workspace's root, and say which model answers.

    Parameters
    ----------
    number
        The lesson, such as "03".

    Returns
    -------
    str
        The placeholder for ``MODEL_NAME``: requests with it are answered from the recording, and by a live model where
        they are not recorded. Any other name means a live model.

    Raises
    ------
    InputError
        $SDKIT_LLM is no mode, or the number is none.
    FileError
        The recording is broken.
    """
    if not isinstance(number, str) or not number.replace("-", "").replace("_", "").isalnum():
        raise InputError(f'lesson({number!r}): give the number of the lesson as a text, such as "03"')
    transport.install()
    mode = playback.mode()
    root = workspace.enter()
    opened = playback.Lesson(number, recording_path(number, root), choose_model, how_good)
    playback.open_lesson(opened)
    recorded = " and ".join(_short(model) for model in opened.recording.models)
    if mode == "live" or not recorded:
        print(f"Lesson {number}.{_no_recording(opened, mode)} {_who_answers_live(opened)}")
    else:
        print(f"Lesson {number}. The answers printed here were recorded with {recorded}, and are replayed.")
        if mode not in {"replay", "check"}:
            _tell_here(f"Where you change what is asked: {_who_answers_live(opened)}")
    return opened.placeholder


def recording_path(number: str, root: Path) -> Path:
    """Return where the recorded answers of a lesson are.

    That is $SDKIT_RECORDINGS, if it names a folder; else the workspace; else, for a notebook that was moved out of it,
    the checkout.
    """
    if folder := os.environ.get("SDKIT_RECORDINGS", "").strip():
        return Path(folder).absolute() / f"{number}.jsonl"
    path = workspace.recordings(root) / f"{number}.jsonl"
    if not path.exists():
        try:
            original = workspace.recordings(workspace.checkout()) / path.name
        except FileError:
            return path
        if original.exists():
            return original
    return path


def how_good(model: str) -> str:
    """Say in a few words how good a live model is."""
    if embedded.is_embedded(model):
        return embedded.weights_of(model).about
    try:
        size = next((known.parameters for known in ollama.models() if known.name == ollama.full_name(model)), "")
    except SdkitError:
        size = ""
    return f"{size} parameters" if size else ""


def _no_recording(opened: playback.Lesson, mode: str) -> str:
    folder = opened.recording.path.parent
    there = ", ".join(sorted(path.stem for path in folder.glob("*.jsonl")))
    return f" It has no recorded answers (there are some for {there})." if there and mode in {"auto", "replay"} else ""


def _who_answers_live(opened: playback.Lesson) -> str:
    try:
        name, why = opened.live_model()
        if embedded.is_embedded(name) or providers.split(name)[0]:
            chat_model(name)  # its weights, its package, its key: are they there?
    except SdkitError as error:
        return f"no model can answer here yet: {error}"
    about = opened.live_about()
    return f"{name} answers{f' ({about})' if about else ''}, {why}."


def _short(model: str) -> str:
    return model.removeprefix(f"{embedded.PREFIX}:")


def _tell_here(text: str) -> None:
    """Say something about this machine: the notebook shows it while it is open, and the printed page does not."""
    try:
        from IPython import get_ipython
        from IPython.display import display
        from ipywidgets import HTML
    except ImportError:
        return print(text)
    if get_ipython() is None:
        return print(text)
    view = HTML(html.escape(text))._repr_mimebundle_()
    data = {kind: part for kind, part in view.items() if kind.startswith("application/")}
    display(data, raw=True)  # type: ignore[no-untyped-call]
