"""The pictures of the widgets that the README shows: one cell and one picture for each."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from sdkit.errors import InputError
from sdkit.teaching import browser
from sdkit.teaching.browser import NotebookPage

_DIALOG = """
from sdkit import Dialog, Turn

dialog = Dialog(model="qwen2.5:14b", seed=42, scenario="Ana asks about a cat at the shelter.", turns=[
    Turn(speaker="Ana", text="Hello! Is the grey cat on your website still looking for a home?"),
    Turn(speaker="Tom", text="She is. She is called Miso, she is four, and she would rather not share you with a dog."),
    Turn(speaker="Ana", text="There is no dog. May I visit her on Saturday?"),
    Turn(speaker="Tom", text="Come at ten, before the families arrive. Miso likes it quiet."),
])
"""

DEMOS = {
    "BatchRunner": f"""{_DIALOG}
import asyncio
import time

from sdkit.batch import Batch
from sdkit.errors import ReplyError
from sdkit.widgets import BatchRunner


async def make(seed, id):
    if id in (9, 23):
        raise ReplyError("was cut off", '{{"dialog": [{{"speaker": "Ana", "text": "Is the gr', None, [seed])
    await asyncio.sleep(600 if id == 40 else 0.01)
    return dialog.model_copy(update={{"seed": seed}})


runner = BatchRunner(Batch(range(1, 106), lambda number: make, "output/cats"))
runner.start()
while runner.value.done < 37:
    time.sleep(0.1)
runner""",
    "DialogEditor": f"{_DIALOG}\nfrom sdkit.widgets import DialogEditor\n\nDialogEditor(dialog)",
    "DialogLab": """
from sdkit.generators import DialogGenerator, PersonaDialogGenerator
from sdkit.personas import Persona
from sdkit.teaching import lesson
from sdkit.widgets import DialogLab

model = lesson("04")  # whose answers are recorded
alice = Persona(name="Alice", role="lovely daughter", circumstances="Your birthday is getting closer, and you talk "
    "with your dad about the party. You want it to be a Lord of the Rings party.")
bob = Persona(name="Bob", role="great dad", circumstances="Your daughter will talk to you.",
    background="Computer Science PhD.", personality="an extremely happy person who likes to help people")
about = ("Alice talks with her dad, Bob, about her birthday party. She wants a Lord of the Rings party. "
    "Bob is happy to help.")
lab = DialogLab({
    "description": DialogGenerator(model, about, speakers=["Alice", "Bob"]),
    "role-play": PersonaDialogGenerator(model, alice, bob),
}, seed=3)
lab.generate()
lab.wait()
lab""",
    "DialogReview": f"""{_DIALOG}
from sdkit.widgets import DialogReview

other = Dialog(turns=[
    Turn(speaker="Ana", text="Hello! I would like to meet Miso."),
    Turn(speaker="Tom", text="Miso is a cat. She is grey."),
    Turn(speaker="Ana", text="Is she used to children?"),
    Turn(speaker="Tom", text="She is a cat, and she is grey."),
])
review = DialogReview([dialog, other, dialog[:2]], rater="Lea", to="output/reviews/cats.jsonl")
review.rate(4)
review.next()
review.number.value = 4
review.ticks["repeats itself"].value = True
review.note.value = "Tom does not listen."
review.rate(2)
review""",
    "DialogView": f"{_DIALOG}\nfrom sdkit.widgets import DialogView\n\nDialogView(dialog)",
    "ModelPicker": """
from sdkit.widgets import ModelPicker

picker = ModelPicker()
picker.wait()
picker""",
    "PersonaEditor": """
from sdkit.personas import Doctor
from sdkit.widgets import PersonaEditor

PersonaEditor(Doctor(name="Dr. Lena Weiss", specialty="cardiology", years_of_practice=12))""",
    "ScenarioBrowser": """
from sdkit.datasets import StarDataset
from sdkit.teaching import workspace
from sdkit.widgets import ScenarioBrowser

browser = ScenarioBrowser(StarDataset(workspace.checkout() / "datasets/star-mini"))
browser.filters["task_name"].value = "doctor_followup"
browser.show(12)
browser""",
}
"""A cell for each widget, whose last line is the widget."""

_WIDTH = 1000  # pixels: what GitHub shows without shrinking it


def pictures(folder: Path, widgets: Iterable[str] = ()) -> Iterator[Path]:
    """Take a picture of each widget in a real JupyterLab, and yield its file.

    Parameters
    ----------
    folder
        Where to put ``widget_<name>.png``.
    widgets
        The names of the widgets; all if there are none.

    Raises
    ------
    InputError
        There is no such widget.
    LabError
        There is no browser, or no Playwright to drive it; says what to install.
    """
    widgets = list(widgets) or list(DEMOS)
    if unknown := [name for name in widgets if name not in DEMOS]:
        raise InputError(f"there is no widget {unknown[0]}; there are {', '.join(DEMOS)}")
    with (
        browser.chromium() as chromium,
        tempfile.TemporaryDirectory(prefix="sdkit-") as root,
        tempfile.TemporaryDirectory(prefix="sdkit-") as private,
        browser.quiet_lab(Path(root), Path(private)) as lab,
    ):
        lab.wait()
        notebook = NotebookPage(lab, chromium)
        for name in widgets:
            yield picture(notebook, name, folder)
        notebook.close()


def picture(notebook: NotebookPage, widget: str, folder: Path) -> Path:
    """Take the picture of one widget."""
    snake = re.sub("(?<=[a-z])(?=[A-Z])", "_", widget).lower()
    notebook.open([DEMOS[widget].strip()])
    notebook.width(_WIDTH)
    notebook.run_all()
    root = notebook.root(f"sdkit-{snake.replace('_', '-')}")
    root.wait_for()
    notebook.page.wait_for_timeout(500)  # its parts come one after the other, and nothing says that all are there
    path = folder / f"widget_{snake}.png"
    root.screenshot(path=path)
    return path
