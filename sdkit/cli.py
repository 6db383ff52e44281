"""The commands: each a few lines over the library."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import webbrowser
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

import sdkit
from sdkit.errors import InputError, SdkitError
from sdkit.teaching import class_commands, commands

FAILURE, USAGE, INTERRUPTED = 1, 2, 130
FIRST_DIALOGUE = "Ana and Tom plan a surprise party for a friend."

app = App(
    name="sdkit",
    help="Generate synthetic dialogues with language models, and learn how in Jupyter.\n\nNew here? Start with `lab`.",
    version=sdkit.__version__,
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)
models = App(name="models", help="List, fetch and find the models that run inside Python.")
app.command(models)
app.command(commands.notebooks)
app.command(class_commands.classes)
app.command(class_commands.handout)
app.command("sdkit.datasets.commands:data", name="data", help="Get public data sets.")
app.command("sdkit.datasets.star_commands:star", name="star", help="Make synthetic dialogues for scenarios of STAR.")
app.command("sdkit.population.commands:personas", name="personas", help="Make personas who differ, for an assistant.")
app.command("sdkit.bots.commands:serve_bot", name="serve-bot", help="Serve an assistant to practise on.")
app.command("sdkit.simulation.commands:simulate", name="simulate", help="Let simulated users try out an assistant.")
app.command("sdkit.simulation.commands:converse", name="converse", help="Grow conversations from opening messages.")
app.command("sdkit.factory.commands:synthesize", name="synthesize", help="Make a balanced set of unique dialogues.")
app.command("sdkit.moderation.commands:moderate", name="moderate", help="Find dialogues that are not to stay, and why.")
app.command("sdkit.factory.export_commands:export", name="export", help="Export dialogues in forms that others read.")


def main(words: list[str] | None = None) -> int:
    """Run a command and return its exit code: 0 done, 1 failed, 2 wrongly asked for; ``--debug`` shows tracebacks."""
    words = sys.argv[1:] if words is None else words
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    if words[:1] == ["test"] and words[1:2] not in (["--help"], ["-h"]):
        words.insert(1, "--")  # what follows is pytest's, also where it looks like ours
    try:
        result = app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        print(f"sdkit: {error} Try --help.", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if debug:
            raise
        expected = isinstance(error, SdkitError | OSError)
        told = error if expected else f"{type(error).__name__}: {error} (--debug shows where)"
        print(f"sdkit: {told}", file=sys.stderr)
        return USAGE if isinstance(error, InputError) else FAILURE
    return result if isinstance(result, int) else 0


@app.command
def lab(*, check: bool = False, no_browser: bool = False, port: int = 8888) -> int:
    """Open the lessons in JupyterLab, with a language model that runs inside Python.

    Parameters
    ----------
    check
        Start everything, ask the model, stop again; exit code 0 if all of it worked.
    no_browser
        Do not open a browser; the address is printed anyway.
    port
        The first port to try.
    """
    from sdkit.teaching import classroom, doctor, workspace
    from sdkit.teaching.lab import JupyterLab, has_display

    started = time.perf_counter()
    root = workspace.checkout()
    workspace.enter(root)
    for line in workspace.copy_lessons(root) + classroom.enter(root):
        print(line)
    weights_missing = _fetch()
    page = f"work/{workspace.lessons(root)[0].name}"
    with JupyterLab(root, page, port) as server:
        print(doctor.table(doctor.examine()), flush=True)
        server.wait()
        seconds = time.perf_counter() - started
        print(f"\nJupyterLab answered after {seconds:.1f} s. Open it here:\n  {server.url}\n", flush=True)
        if has_display() and not no_browser and not check:
            webbrowser.open(server.url)
        failed = _first_dialogue() or weights_missing
        if check:
            return FAILURE if failed else 0
        print("\nJupyterLab goes on running. Ctrl-C here stops it.", flush=True)
        server.serve()
    return 0


def _fetch(name: str = "") -> bool:
    """Fetch a model that runs inside Python, the default one if none is named; tell, in a sentence, if that failed."""
    from sdkit.errors import WeightsError
    from sdkit.llm import weights

    try:
        weights.pull(name)
    except WeightsError as error:
        print(f"sdkit: {error}", file=sys.stderr)
        return True
    return False


def _first_dialogue() -> bool:
    """Let the default model make a dialogue and print it; tell, in a sentence, if that failed."""
    from sdkit.generators import DialogGenerator
    from sdkit.llm.spec import choose_model

    try:
        model, why = choose_model()
        print(f"A first dialogue by {model}, {why}:\n", flush=True)
        dialog = DialogGenerator(model, FIRST_DIALOGUE, speakers=["Ana", "Tom"]).generate()
    except SdkitError as error:
        print(f"sdkit: {error}", file=sys.stderr)
        return True
    dialog.print()
    print(f"\n{len(dialog)} turns in {dialog.provenance.seconds:.1f} s.", flush=True)
    return False


@app.command
def test(*arguments: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> int:
    """Run the whole test suite, the slow tests beside the others.

    Parameters
    ----------
    arguments
        Passed on to pytest, which then runs once.
    """
    from sdkit.llm import weights
    from sdkit.teaching import workspace

    root = workspace.checkout()
    _fetch()
    _fetch(weights.EMBEDDER)
    pytest = [sys.executable, "-m", "pytest"]
    if arguments:
        return subprocess.call([*pytest, *arguments], cwd=root)
    # Most slow tests wait for a small model, which takes one core.
    beside = [*pytest, "-p", "no:cacheprovider", "-m", "slow"]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(beside, cwd=root, stdout=said, stderr=subprocess.STDOUT) as slow,
    ):
        code = subprocess.call([*pytest, "-m", "not slow"], cwd=root)
        print("\nThe slow tests, which ran beside them:", flush=True)
        slow_code = slow.wait()
        said.seek(0)
        print(said.read().decode(errors="replace"))
    return code or slow_code


@app.command
def doctor() -> int:
    """See whether everything is there; each line is OK or ends in the command that mends it."""
    from sdkit.teaching import doctor as the_doctor

    findings = the_doctor.examine()
    print(the_doctor.table(findings))
    return 0 if all(finding.ok for finding in findings) else FAILURE


@app.command
def generate(
    details: str,
    *,
    model: str | None = None,
    seed: int | None = None,
    speakers: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    turns: tuple[int, int] | None = None,
    output: Path | None = None,
) -> None:
    """Make one dialogue and print it.

    Parameters
    ----------
    details
        What it is about.
    model
        Such as qwen2.5:14b (Ollama) or embedded; by default what `doctor` finds.
    seed
        The same seed gives the same dialogue.
    speakers
        Two names or more; they take turns.
    turns
        At least and at most how many turns, such as 4 8.
    output
        Save it here too, as .json or .txt.
    """
    from sdkit.dialog import ENDINGS
    from sdkit.files import file_type
    from sdkit.generators import DialogGenerator

    if output is not None:
        file_type(output, "auto", ENDINGS)  # before the model works for nothing
    dialog = DialogGenerator(model, details, speakers=speakers, turns=turns).generate(seed)
    dialog.print()
    if output is not None:
        dialog.to_file(output)


@models.command(name="list")
def list_models() -> None:
    """List the models that can run inside Python, and those of a running Ollama."""
    from sdkit.llm.available import available, catalogue, megabytes

    for model in [*available(timeout=1)[0], *catalogue(embeds=True)]:
        size = megabytes(model.size)
        print(f"{model.name:<29} {model.place:<7} {size:>7} {model.state:<10} {model.about}".rstrip())


@models.command
def pull(name: str = "") -> None:
    """Fetch a model that runs inside Python.

    Parameters
    ----------
    name
        A name that `models list` shows, or owner/repository/file.gguf on Hugging Face; SmolLM2 if left out.
    """
    from sdkit.llm import weights

    print(weights.pull(name))


@models.command
def path(name: str = "") -> None:
    """Print where the file of a model is.

    Parameters
    ----------
    name
        As for `models pull`.
    """
    from sdkit.llm import weights

    print(weights.verified(weights.find(name)))
