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
    "ClusterMap": """
import re
import zlib

from langchain_core.embeddings import Embeddings

from sdkit import Dialog, Turn
from sdkit.analysis.clustering import clusters
from sdkit.widgets import ClusterMap


class Words(Embeddings):  # counts words, and needs no model
    def embed_query(self, text):
        vector = [0.0] * 256
        for word in re.findall(r"[a-z]{4,}", text.casefold()):
            vector[zlib.crc32(word.encode()) % 256] += 1
        return vector

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]


said = {
    "hotel": ("a room with breakfast", "a quiet room with parking", "a room for three nights", "a room near the lake"),
    "train": ("a ticket to Leeds", "a ticket for the early departure", "a seat by the window", "a refund of my ticket"),
    "restaurant": ("a table for six", "a table outside", "dinner without gluten", "a table and the lunch menu"),
}
dialogs = [
    Dialog(turns=[
        Turn(speaker="User", text=f"Hello, is this the {place}? On {day} I would like {wish}, please."),
        Turn(speaker="Assistant", text=f"Certainly. The {place} has noted {wish} for {day}."),
        Turn(speaker="User", text="Wonderful, thank you."),
    ])
    for place, wishes in said.items() for wish in wishes for day in ("Monday", "Tuesday", "Sunday")
]
chart = ClusterMap(clusters(dialogs, embeddings=Words()), dialogs)
chart.show(4)
chart""",
    "ConversationBrowser": """
from sdkit import Dialog, Turn
from sdkit.dialog import Stop
from sdkit.widgets import ConversationBrowser

who = {
    "Agnes Muir": {"personality": "Patient, writes in capitals when cross.", "scenario": "Her kettle leaks."},
    "Ben Osei": {"personality": "Impatient, no capital letters.", "scenario": "Wants to know when the shop is open."},
}

def talk(user, kind, reason, *said):
    turns = [Turn(speaker=(user, "Blue Kettle")[i % 2], text=text) for i, text in enumerate(said)]
    stop = Stop(kind=kind, reason=reason, confidence=0.9)
    last = {"turn": len(said), "state": kind.replace("_", " "), "reason": reason, "confidence": 0.9}
    early = {"turn": 2, "state": "goes on", "reason": "The user can answer.", "confidence": 0.8}
    kept = {"kept": True, "reason": "Wants what this person wants", "evidence": said[0]}
    notes = {"decisions": [early, last] if len(said) > 2 else [last], "persona": kept}
    return Dialog(turns=turns, stop=stop, personas={user: who[user]}, notes=notes)

good = [
    talk("Agnes Muir", "need_met", "The user gets a new kettle.", "Hello, my kettle leaks.",
        "What is your order number?", "BK 2231", "Thank you. A new Heron is on its way."),
    talk("Ben Osei", "need_met", "The user knows the hours.", "when are u open", "Monday to Saturday, from 9 to 6."),
]
forgetful = [
    talk("Agnes Muir", "frustrated", "The assistant asks the same again.", "Hello, my kettle leaks.",
        "What is your order number?", "BK 2231", "What is your order number?", "I TOLD YOU. BK 2231",
        "May I have your order number?"),
    talk("Ben Osei", "frustrated", "It does not know its own shop.", "when are u open", "Which shop do you mean?",
        "yours", "Which shop do you mean?"),
]
browser = ConversationBrowser({"good": good, "forgetful": forgetful}, rater="Lea", to="output/reviews/kettles.jsonl")
browser.show(3)
browser.ticks["forgets"].value = True
browser.note.value = "Asks three times for the order number."
browser""",
    "CoverageMap": """
import re
import zlib

from langchain_core.embeddings import Embeddings

from sdkit.population.covering import coverage
from sdkit.personas import Persona
from sdkit.widgets import CoverageMap


class Words(Embeddings):  # counts words, and needs no model
    def embed_query(self, text):
        vector = [0.0] * 256
        for word in re.findall(r"\\w+", text.casefold()):
            vector[zlib.crc32(word.encode()) % 256] += 1
        return vector

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]


attributes = {
    "age band": ["18-24", "25-34", "35-49", "50-64", "65 and older"],
    "patience": ["calm and patient", "impatient", "easily frustrated"],
    "expertise": ["a complete beginner", "familiar with the basics", "an expert"],
}
people = {
    "Agnes Muir": "71, retired, calm and patient. A complete beginner whose kettle leaks.",
    "Ben Osei": "22, a student, impatient. An expert who wants to know when the shop is open.",
    "Carla Nunes": "41, a cook, easily frustrated. Familiar with the basics, looks for a kettle for an induction hob.",
    "Farid Haddad": "44, has a café, calm and patient. Familiar with the basics, orders ten teapots for his café.",
    "Greta Vogel": "69, used to sell china, easily frustrated. An expert whose teapot came broken.",
    "Hiro Tanaka": "19, calm and patient. A complete beginner who looks for a present, a teapot.",
    "Ines Lopez": "52, a nurse, impatient. Familiar with the basics, asks how to pay by invoice.",
    "Jo Park": "23, reviews kettles, calm and patient. An expert who wants a kettle for a video.",
}
chart = CoverageMap(coverage([Persona(name=name, background=text) for name, text in people.items()], attributes,
    embeddings=Words()))
chart.show("Carla Nunes")
chart""",
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
    "PlanEditor": """
from sdkit.widgets import PlanEditor

editor = PlanEditor({
    "regions": {"Lyon": 2, "Turin": 1, "Porto": 1},
    "user_emotions": ["Calm", "Angry", "Worried", "Hopeful"],
    "add": {"services": {"single": {"of": ["ferry"]}}, "categories": {"ferry": ["deck_choice", "car_on_board"]}},
    "quotas": {"user_emotions": {"Angry": 20}},
}, total=200)
editor.axis.value = "user_emotions"
editor""",
    "QualityDashboard": """
import re
import tempfile
import zlib

from sdkit.factory import Made, Spec, planned
from sdkit.factory.attempts import Attempt
from sdkit.factory.files import Places
from sdkit.factory.journal import Decision, Journal
from sdkit.factory.outputs import DialogueOutput
from sdkit.factory.records import record_of, texts
from sdkit.factory.uniqueness import mean, packed
from sdkit.widgets import QualityDashboard

spec = Spec.of({
    "services": {"single": {"weight": 1, "of": ["hotel", "train", "restaurant"]}},
    "categories": {"general": ["booking", "complaint"]},
    "regions": ["Lyon", "Turin", "Porto"],
})
wishes = {
    "hotel": ["a quiet room with breakfast", "a room with a view of the lake", "two rooms and a parking place"],
    "train": ["a seat by the window to the coast", "a ticket for the night train", "a refund of my ticket"],
    "restaurant": ["a table outside for six", "dinner without gluten", "a table and the lunch menu"],
}
ends = {"Resolved": "It is all booked, enjoy it!", "Failed": "Unfortunately there is none left.",
    "Escalated": "I will ask my supervisor, who will call you back."}


def words(text):  # counts words, and needs no model
    vector = [0.0] * 256
    for word in re.findall(r"[a-z]{3,}", text.casefold()):
        vector[zlib.crc32(word.encode()) % 256] += 1
    return vector


places = Places.of(f"{tempfile.mkdtemp()}/dialogues.json", None, None)
journal = Journal(places.journal)
items = planned(60, spec)
journal.add_items(items)
for item in items:
    if item.region == "Porto" and item.id % 4 == 0:
        continue  # not made yet
    wish, where = wishes[item.services[0]][item.id % 3], item.region if item.id % 9 else "town"
    said = [
        (f"Hello! It is {item.time} in {where}, and I would like {wish}.", "Let me see. For which day?"),
        (f"For day {item.id % 28 + 1}, please. I am a little {item.user_emotion.casefold()}.", "One moment, please."),
        ("I can wait.", ends[item.resolution_status]),
    ]
    turns = [{"utterance": one, "intent": "ask", "assistant_response": other} for one, other in said]
    record = record_of(item, f"Somebody wants {wish}.", DialogueOutput(ending="So.", turns=turns), 0, 0)
    vector = packed(mean([words(" ".join(texts(record)))]))
    missed = [] if item.id % 9 else ["region"]
    journal.add_attempt(Attempt(item.id, 0, record=record, vector=vector, missed=missed))
    journal.add_decisions([Decision(item.id, 0, "kept")])
dashboard = QualityDashboard(Made(60, spec, journal, places))
dashboard.sections.show("Balance")
dashboard.balance.axis.value = "regions"
dashboard""",
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
