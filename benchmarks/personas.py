"""Personas for an assistant: planned and enforced to differ, against only being asked to differ.

Both ways use the same model, the same schema and seeds derived alike. The second one is that of Channel Labs' Synthetic
Conversation Generation: each request holds all earlier personas as JSON and asks for one that fills a gap; from where
that would not fit into the model's context, their names and summaries. What both make is kept in a folder, and gone on
with.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

from sdkit.assistants import Assistant
from sdkit.embeddings import embedder, similarities
from sdkit.jsonl import append_line, read_lines
from sdkit.llm import chat_model, structured
from sdkit.llm.seeds import derive_seed
from sdkit.personas import UserPersona
from sdkit.population import Coverage, PersonaGenerator, coverage
from sdkit.population.attributes import rule_of
from sdkit.population.candidates import Cell, Setting, Try, asked
from sdkit.population.files import PlanFile
from sdkit.population.filling import schema_of
from sdkit.population.likeness import Crowd, whole_text
from sdkit.population.showing import shows_value

FRAN = Assistant(
    name="Fashionable Fran",
    description="Fashionable Fran is your personal stylist and recommends what to wear from your wardrobe.",
)
ROOM = 9000  # letters of JSON: what the embedded model's context of 4096 tokens has room for


def enforced(model: str, n: int, seed: int, folder: Path) -> list[UserPersona]:
    clock(
        folder / "enforced.seconds",
        lambda: PersonaGenerator(FRAN, model).generate(n, seed=seed, to=enforced_at(folder)),
    )
    return coverage_of(folder)[0]


def enforced_at(folder: Path) -> Path:
    return folder / "enforced.yaml"


def coverage_of(folder: Path) -> tuple[list[UserPersona], Coverage]:
    there = coverage(enforced_at(folder))
    return list(there._crowd.personas), there


def only_asked(model: str, n: int, seed: int, folder: Path) -> list[UserPersona]:
    """Make personas whose difference is left to the prompt."""
    llm = chat_model(model)
    path = folder / "only_asked.jsonl"
    made = [UserPersona.model_validate(line) for line in read_lines(path)]
    system = "You invent realistic and distinct people who use an assistant."

    def work() -> None:
        while len(made) < n:
            there = json.dumps([one.json() for one in made], ensure_ascii=False)
            if len(there) > ROOM:
                there = json.dumps([{"name": one.name, "summary": one.summary} for one in made], ensure_ascii=False)
            question = (
                f"The assistant: {json.dumps(FRAN.model_dump())}\nThe people so far: {there}\n"
                "Write down one more person who would really use this assistant. They have to differ from all people "
                "so far, and fill a gap among them. Each text has one or two sentences: description (physical and "
                "mental traits), personality, scenario (why they come to the assistant now), summary (about ten words)."
            )
            number = derive_seed(seed, len(made), 0)
            reply = structured.request([("system", system), ("human", question)], schema(), model=llm, seed=number)
            made.append(UserPersona.model_validate(reply.value.root))
            append_line(path, made[-1].json())

    clock(folder / "only_asked.seconds", work)
    return made


def schema() -> type:
    """Return the schema of both ways, without the initials that a plan gives."""
    _, planned, _ = asked(Setting(FRAN, UserPersona, 0, {}, {}), Try(Cell(0)), Crowd(), [])
    texts = planned.model_json_schema()["properties"]
    patterns = {name: part["pattern"] for name, part in texts.items()} | {
        "name": "^[A-Z][a-zß-ɏ]{1,11} [A-Z][a-zß-ɏ]{1,13}$"
    }
    return schema_of(UserPersona, {}, list(texts), patterns)


def clock(path: Path, work) -> None:
    """Add up, in a file, how long some work takes over several runs."""
    started = time.perf_counter()
    try:
        work()
    finally:
        before = float(path.read_text()) if path.exists() else 0.0
        path.write_text(str(before + time.perf_counter() - started))


def covered(people: list[UserPersona], plan: PlanFile) -> tuple[int, float]:
    """Return how many planned combinations are shown, each by somebody else, and the share of planned values shown."""
    can = [
        [number for number, cell in enumerate(plan.cells) if all(shows_value(one, *each) for each in cell.items())]
        for one in people
    ]
    holder: dict[int, int] = {}

    def place(person: int, seen: set[int]) -> bool:  # a largest matching, by augmenting paths
        for number in can[person]:
            if number not in seen:
                seen.add(number)
                if number not in holder or place(holder[number], seen):
                    holder[number] = person
                    return True
        return False

    for person in range(len(people)):
        place(person, set())
    wanted = there = 0
    for name, values in plan.attributes.items():
        for value in rule_of(name, values).labels():
            count = sum(cell[name] == value for cell in plan.cells)
            wanted += count
            there += min(count, sum(shows_value(one, name, value) for one in people))
    return len(holder), there / wanted


def row(way: str, people: list[UserPersona], plan: PlanFile, requests: int, seconds: float) -> list[str]:
    near = similarities(embedder().embed_documents([whole_text(one) for one in people]))
    pairs = [near[i, j] for i in range(len(people)) for j in range(i)]
    nearest = [max(near[i, j] for j in range(len(people)) if j != i) for i in range(len(people))]
    cells, values = covered(people, plan)
    return [
        way,
        str(len(people)),
        str(sum(each >= 0.85 for each in pairs)),
        str(sum(each >= 0.9 for each in pairs)),
        f"{statistics.fmean(nearest):.2f}",
        f"{max(nearest):.2f}",
        str(len({one.name.casefold() for one in people})),
        str(len({one.name.split()[0].casefold() for one in people})),
        f"{cells / len(plan.cells):.2f}",
        f"{values:.2f}",
        str(requests),
        f"{seconds:.0f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded:qwen2.5-coder-1.5b")
    parser.add_argument("--personas", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("output/personas"))
    options = parser.parse_args()
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)

    ways = [
        ("planned and enforced", enforced(options.model, options.personas, options.seed, folder), "enforced"),
        ("only asked to differ", only_asked(options.model, options.personas, options.seed, folder), "only_asked"),
    ]
    plan = PlanFile.of(enforced_at(folder))
    asked_for = sum(made.attempts for made in plan.personas.values()) + sum(len(gone.tried) for gone in plan.missing)
    heads = [
        "",
        "made",
        ">=0.85",
        ">=0.9",
        "nearest",
        "max",
        "names",
        "first names",
        "cells",
        "values",
        "asked",
        "seconds",
    ]
    rows = [heads]
    for way, people, file in ways:
        seconds = float((folder / f"{file}.seconds").read_text())
        rows.append(row(way, people, plan, asked_for if file == "enforced" else len(people), seconds))
    widths = [max(len(line[column]) for line in rows) for column in range(len(heads))]
    for line in rows:
        print(
            "  ".join(
                cell.rjust(width) if place else cell.ljust(width)
                for place, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
        )
    there = coverage_of(folder)[1]
    print(f"\n{there}\n\nThe nearest of those who were enforced to differ:")
    print(there.neighbours().head(8).to_string(index=False))
    for missing in plan.missing:
        print("missing:", missing.planned, missing.tried[-1])


if __name__ == "__main__":
    main()
