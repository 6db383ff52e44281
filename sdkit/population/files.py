"""What lies beside a file of personas: how each came about and, while they are made, what the model has said."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from sdkit.assistants import Assistant
from sdkit.errors import FileError, InputError, first_problem
from sdkit.files import DATA_ENDINGS, data_text, file_type, locked, read_data, write_text
from sdkit.jsonl import append_line, read_lines
from sdkit.personas import BasePersona
from sdkit.population.likeness import name_of


class Made(BaseModel):
    """How a persona came about.

    Attributes
    ----------
    cell : int
        Its place in the plan; from the number of the plan's places on, it was made instead of another one.
    planned : dict
        The value of each attribute, in words.
    left_out : list of str
        The attributes whose value the persona does not say.
    added : list of str
        Those whose value was added to what the model has written, in a sentence.
    model : str
        Which model made it; "" if all of it was given.
    seed : int or None
        With which seed.
    attempts : int
        How often the model was asked, for this combination of values.
    tried : list of str
        Why earlier attempts would not do.
    nearest : str or None
        Who of those that were there before is nearest; None if nobody was.
    similarity, words : float or None
        How near: see `sdkit.population.likeness.Near`.
    fields : list of str
        In which fields most.
    """

    model_config = ConfigDict(extra="forbid")

    cell: int
    planned: dict[str, str] = Field(default_factory=dict)
    left_out: list[str] = Field(default_factory=list)
    added: list[str] = Field(default_factory=list)
    model: str = ""
    seed: int | None = None
    attempts: int = 1
    tried: list[str] = Field(default_factory=list)
    nearest: str | None = None
    similarity: float | None = None
    words: float | None = None
    fields: list[str] = Field(default_factory=list)


class Missing(BaseModel):
    """A place in the plan that nobody was made for, and why not."""

    model_config = ConfigDict(extra="forbid")

    cell: int
    planned: dict[str, str]
    tried: list[str]


class PlanFile(BaseModel):
    """What is written beside a file of personas.

    Attributes
    ----------
    assistant : Assistant
        Whose users they are.
    about : dict
        What shaped them: the model, the seed, how many were asked for, and so on.
    attributes : dict
        The values of each attribute, with their weights.
    cells : list of dict
        The plan: the value of each attribute, in words, for each persona that was asked for.
    personas : dict
        How each persona came about, by name.
    missing : list of Missing
        What could not be made.
    """

    model_config = ConfigDict(extra="forbid")

    assistant: Assistant
    about: dict[str, JsonValue] = Field(default_factory=dict)
    attributes: dict[str, dict[str, float]] = Field(default_factory=dict)
    cells: list[dict[str, str]] = Field(default_factory=list)
    personas: dict[str, Made] = Field(default_factory=dict)
    missing: list[Missing] = Field(default_factory=list)

    def made(self, persona: BasePersona, index: int) -> Made | None:
        """Return how the persona at this place of the file came about; None if nobody knows."""
        return self.personas.get(key_of(persona, index))

    def to_file(self, path: str | Path) -> None:
        """Save it beside this file of personas, atomically."""
        write_text(beside(path, ".plan.json"), data_text(self.model_dump(mode="json"), "json"))

    @classmethod
    def of(cls, path: str | Path) -> PlanFile | None:
        """Return what lies beside this file of personas; None if nothing does.

        Raises
        ------
        FileError
            It cannot be read, or is something else.
        """
        plan = beside(path, ".plan.json")
        if not plan.exists():
            return None
        try:
            return cls.model_validate(read_data(plan, "json"))
        except ValidationError as error:
            raise FileError(plan, f"is no plan of personas ({first_problem(error)}); repair or remove it") from error


def key_of(persona: BasePersona, index: int) -> str:
    """Return under what a persona at this place of a file stands in its plan: its name, or a number."""
    return name_of(persona) or f"persona {index + 1}"


def beside(path: str | Path, ending: str) -> Path:
    """Return the path of a file that lies beside a file of personas: personas.yaml has personas.plan.json.

    Raises
    ------
    InputError
        No file of personas ends like this.
    """
    file_type(path, "auto", DATA_ENDINGS)
    return Path(path).with_suffix(ending)


class Journal:
    """What a model has said in a run that may be killed: the same run, started again, goes on from there.

    Everything else of a run follows from this, so nothing else is kept.

    Parameters
    ----------
    path
        The file of the personas, beside which it lies, as .part.jsonl; None to keep it in memory only.
    """

    def __init__(self, path: str | Path | None) -> None:
        self.path = None if path is None else beside(path, ".part.jsonl")
        self._said: dict[str, Any] = {}
        lines = [] if self.path is None else read_lines(self.path)
        self.about: dict[str, Any] | None = None
        for number, line in enumerate(lines, start=1):
            if not isinstance(line, dict) or (
                line.keys() != {"about"} if number == 1 else line.keys() != {"of", "said"}
            ):
                raise FileError(str(self.path), "is not what sdkit writes while it makes personas; remove it", number)
            if number == 1:
                self.about = line["about"]
            else:
                self._said[json.dumps(line["of"])] = line["said"]

    def begin(self, about: Mapping[str, Any]) -> None:
        """Note down what shapes the run, or see that it is the one that began.

        Raises
        ------
        InputError
            Another run has begun, and was not finished.
        """
        if self.about is None:
            self.about = dict(about)
            if self.path is not None:
                append_line(self.path, {"about": about})
        for name in {**self.about, **about}:
            if self.about.get(name) != about.get(name):
                raise InputError(
                    f"{self.path} is of a run that was not finished, with {name}={_short(self.about.get(name))}; now "
                    f"it is {_short(about.get(name))}. Go on as it began, or remove that file"
                )

    def get(self, *of: str | int) -> Any:
        """Return what was said to this; None if nothing was."""
        return self._said.get(json.dumps(of))

    def put(self, said: Any, *of: str | int) -> Any:
        """Keep what was said to this, and return it as it would be read again."""
        said = json.loads(json.dumps(said, ensure_ascii=False, default=str))
        self._said[json.dumps(of)] = said
        if self.path is not None:
            append_line(self.path, {"of": of, "said": said})
        return said

    def end(self) -> None:
        """Forget it all: what it led to is in a safe place."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


@contextlib.contextmanager
def alone(path: str | Path | None) -> Iterator[None]:
    """Keep other runs away from a file of personas.

    Raises
    ------
    FileError
        Somebody else is at it.
    """
    if path is None:
        yield
        return
    place = beside(path, ".lock")
    with locked(place.with_name(f".{place.name}"), path):
        yield


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"
