"""The data model: a `Dialog` is a list of `Turn`, with what is known about how it came to be.

Field names, their order and the printed forms are those of the workshop notebook that sdkit grew from (format 0.0.5),
so its files load and its cells run unchanged.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, overload

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator

from sdkit import rendering
from sdkit.errors import FileError, InputError, first_problem
from sdkit.files import check_finite, file_type, read_text, write_text
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

FORMAT_VERSION = "0.0.5"
Scenario: TypeAlias = BaseModel | dict[str, JsonValue] | str | None
"""What can be given as a dialogue's scenario: `Dialog.scenario` tells what becomes of it."""
FileType = Literal["auto", "json", "txt"]
ENDINGS = {".json": "json", ".txt": "txt"}
"""The endings of files that hold a dialogue, and what is in them."""


def without_docstring(schema: dict[str, Any]) -> None:
    """Keep our docstrings out of JSON schemas: they would be sent to the model as instructions."""
    schema.pop("description", None)


class _Record(BaseModel):
    # Keys that we do not know are kept, so that a file of another version survives loading and saving.
    model_config = ConfigDict(extra="allow", json_schema_extra=without_docstring)


class Turn(_Record):
    """One utterance of one speaker.

    Parameters
    ----------
    speaker
        Who speaks; None if unknown.
    text
        What is said.
    """

    speaker: str | None
    text: str


class Event(_Record):
    """Something that happened in a dialogue, an utterance among others.

    Parameters
    ----------
    agent
        Who did it: a speaker, or for instance "user guide".
    action
        What was done: "utter", "instruct", "pick_suggestion", ...
    actionLabel
        The label of the action, where it has one.
    text
        What was said or shown.
    timestamp
        When, in seconds since 1970.
    """

    agent: str | None = None
    action: str
    actionLabel: str | None = None  # noqa: N815 - a name of the file format
    text: str
    timestamp: int


class Stop(_Record):
    """Why a dialogue that was made turn by turn has ended where it does.

    Parameters
    ----------
    kind
        "over": it came to its natural end. "max_turns": the limit was reached. "stopped": somebody stopped it.
        "error": something failed. Of a chat with an assistant also "need_met", "frustrated", "dead_end", "goodbye",
        "no_answer" (the user would not write again) and "left" (the user has ended it).
    reason
        In words.
    confidence
        How sure a judge is of it, from 0 to 1, if it said so.
    """

    kind: str
    reason: str = ""
    confidence: float | None = Field(default=None, repr=False, exclude_if=lambda value: value is None)


class Provenance(BaseModel):
    """How a model made a dialogue: enough to make it again, and to judge it.

    Attributes
    ----------
    model : str
        Who answered, such as "qwen2.5:14b" or "embedded:smollm2-135m".
    seed : int
        The seed of the answer that was kept; it differs from `Dialog.seed` when `attempts` is above 1.
    options : dict
        The sampling options that were set, such as {"temperature": 0.8}.
    prompt_hash : str
        SHA-256, in hexadecimal, of the messages and the schema that were sent.
    versions : dict
        Versions of Python, sdkit and the libraries between it and the model.
    seconds : float
        Time from the first request to the last answer; None if that was replayed.
    prompt_tokens, completion_tokens : int
        What the model counted, for the answer that was kept.
    finish_reason : str
        Why the model stopped: "stop" when it was done.
    attempts : int
        How many requests it took.
    replayed : bool
        True if a recording answered, False if a model did.
    """

    model: str | None = None
    seed: int | None = None
    options: dict[str, JsonValue] = Field(default_factory=dict)
    prompt_hash: str | None = None
    versions: dict[str, str] = Field(default_factory=dict)
    seconds: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    finish_reason: str | None = None
    attempts: int | None = None
    replayed: bool | None = None


def _unless_none() -> Any:
    return Field(default=None, repr=False, exclude_if=lambda value: value is None)


class Dialog(_Record):
    """A dialogue: its turns, and what is known about them.

    It prints itself (`print`, ``str``), saves and loads itself (`to_file`, `from_file`), has a length, can be iterated
    over and sliced, and shows itself in Jupyter. An empty dialogue is false, as an empty list is.

    Parameters
    ----------
    turns
        The turns, in order.
    model
        The name of the model that made it.
    seed
        The seed that it was made with.
    dialogId
        A number or a name for it.
    complete
        Whether it came to its natural end.
    scenario
        What it was to be about: a text, or a dict of JSON values. A pydantic object becomes such a dict.
    events
        Everything that happened, if that was recorded.
    personas
        Who speaks: the fields of each speaker's persona, by the speaker's name. As `stop` and `provenance`, not shown
        by ``repr``, and not saved where there is none.
    stop
        Why it has ended, if it was made turn by turn.
    provenance
        How it was made.
    notes
        What else is known of it: a dict of JSON values. Not shown by ``repr``, and not saved where there is none.
    formatVersion
        The version of the file format.
    """

    formatVersion: str | None = FORMAT_VERSION  # noqa: N815 - a name of the file format
    model: str | None = None
    seed: int | None = None
    dialogId: int | str | None = None  # noqa: N815 - a name of the file format
    complete: bool | None = None
    scenario: dict[str, JsonValue] | str | None = None
    turns: list[Turn]
    events: list[Event] | None = None
    personas: dict[str, dict[str, JsonValue]] | None = _unless_none()
    stop: Stop | None = _unless_none()
    provenance: Provenance | None = _unless_none()
    notes: dict[str, JsonValue] | None = _unless_none()

    @field_validator("scenario", mode="before")
    @classmethod
    def _as_json(cls, scenario: Any) -> Any:
        return scenario.model_dump(mode="json") if isinstance(scenario, BaseModel) else scenario

    @field_validator("scenario")
    @classmethod
    def _finite(cls, scenario: dict[str, JsonValue] | str | None) -> dict[str, JsonValue] | str | None:
        try:
            json.dumps(scenario, allow_nan=False)
        except ValueError as error:
            raise ValueError("JSON has no infinite numbers and no NaN") from error
        return scenario

    # -- a sequence of turns ------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """Return the number of turns."""
        return len(self.turns)

    def __iter__(self) -> Iterator[Turn]:  # type: ignore[override]
        """Iterate over the turns, not over the fields as other pydantic models do."""
        return iter(self.turns)

    @overload
    def __getitem__(self, index: int) -> Turn: ...
    @overload
    def __getitem__(self, index: slice) -> Dialog: ...
    def __getitem__(self, index: int | slice) -> Turn | Dialog:
        """Return one turn, or for a slice a dialogue of those turns (without events, which belong to the whole)."""
        if isinstance(index, slice):
            whole = dict.fromkeys(("events", "complete", "stop"))
            return self.model_copy(update={"turns": [turn.model_copy() for turn in self.turns[index]], **whole})
        return self.turns[index]

    @property
    def speakers(self) -> list[str | None]:
        """Who speaks, in the order of their first turns."""
        return list(dict.fromkeys(turn.speaker for turn in self.turns))

    def rename_speaker(self, old: str | None, new: str) -> Dialog:
        """Return a copy in which one speaker has another name, also in the events and personas.

        Raises
        ------
        InputError
            Nobody of that name speaks, or somebody else already has the new name.
        """
        if old not in self.speakers:
            raise InputError(f"{old!r} does not speak in this dialogue; its speakers are {_names(self.speakers)}")
        if new != old and new in self.speakers:
            raise InputError(f"{new!r} already speaks in this dialogue; two speakers would become one")
        copy = self.model_copy(deep=True)
        for turn in copy.turns:
            if turn.speaker == old:
                turn.speaker = new
        for event in copy.events or []:
            if event.agent == old:
                event.agent = new
        if copy.personas and old is not None:
            copy.personas = {new if name == old else name: fields for name, fields in copy.personas.items()}
        return copy

    def word_counts(self) -> dict[str | None, int]:
        """Count the words, split at white space, that each speaker says.

        Returns
        -------
        dict
            Speaker to number of words, in the order of `speakers`.
        """
        counts: Counter[str | None] = Counter(dict.fromkeys(self.speakers, 0))
        for turn in self.turns:
            counts[turn.speaker] += len(turn.text.split())
        return dict(counts)

    def to_frame(self) -> pandas.DataFrame:
        """Return a pandas table of shape (number of turns, 3).

        Returns
        -------
        pandas.DataFrame
            Columns ``speaker``, ``text`` and ``words`` (the number of words), one row a turn.

        Raises
        ------
        MissingPackageError
            pandas is not installed.
        """
        rows = [(turn.speaker, turn.text, len(turn.text.split())) for turn in self.turns]
        return frame("a dialogue", rows, ["speaker", "text", "words"])

    # -- text ---------------------------------------------------------------------------------------------------------

    def description(self, turn_template: str = "{speaker}: {text}") -> str:
        """Return the dialogue as text, one line a turn; a line break inside a text becomes a space.

        Parameters
        ----------
        turn_template
            How to write a turn; ``{speaker}`` and ``{text}`` stand for its parts.

        Raises
        ------
        InputError
            The template names something else, or has a brace too many.
        """
        try:
            return rendering.transcript(self, turn_template)
        except (AttributeError, LookupError, ValueError) as error:
            raise InputError(f"{turn_template!r} is no template: write {{speaker}} and {{text}} in it") from error

    def __str__(self) -> str:
        """Return the dialogue as text, one line a turn."""
        return self.description()

    def print(self, scenario: bool = False, orchestration: bool = False) -> None:
        """Print the dialogue, in colour on a terminal and in Jupyter.

        Parameters
        ----------
        scenario
            Print the scenario too, and the personas.
        orchestration
            Print the events instead of the turns.

        Raises
        ------
        InputError
            `orchestration` is asked for and the dialogue has no events.
        """
        if orchestration and not self.events:
            raise InputError("this dialogue has no events; print it without orchestration=True")
        print(rendering.terminal(self, scenario, orchestration, colour=rendering.wants_colour()))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {
            "text/plain": repr(self),
            "text/markdown": rendering.markdown(self),
            "text/html": rendering.html(self),
        }

    # -- dict, JSON, files --------------------------------------------------------------------------------------------

    def json(self, string: bool = False, indent: int | None = None) -> Any:  # type: ignore[override]
        """Return the dialogue as a dict of JSON values or, with `string`, as JSON text.

        Raises
        ------
        InputError
            A text holds half a surrogate pair, which is not valid Unicode, or a number is infinite or NaN.
        """
        try:
            check_finite(self)
            return self.model_dump_json(indent=indent) if string else self.model_dump(mode="json")
        except (ValueError, UnicodeEncodeError) as error:
            raise InputError(f"this dialogue cannot be written as JSON: {error}") from error

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the dialogue that `json` made this dict of."""
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise InputError(f"this is not a dialogue: {first_problem(error)}") from error

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the dialogue that ``json(string=True)`` made this text of."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise InputError(f"this is not a dialogue: {first_problem(error)}") from error

    def to_file(self, path: str | Path, type: FileType = "auto", makedir: bool = True) -> None:
        """Save the dialogue, atomically and as UTF-8.

        Parameters
        ----------
        path
            Where to. The ending .json keeps everything; .txt keeps one line a turn and nothing else.
        type
            "json" or "txt"; "auto" goes by the ending.
        makedir
            Make the folder if it is missing.

        Raises
        ------
        FileError
            The file cannot be written, or the .txt form cannot carry it. What was there before is untouched.
        InputError
            `type` is none of the three, or "auto" does not know the ending.
        """
        write_text(path, self.file_text(path, type), make_folder=makedir)

    def file_text(self, path: str | Path, type: FileType = "auto") -> str:
        """Return what `to_file` writes to this path, without writing it.

        Raises
        ------
        FileError
            This kind of file cannot carry the dialogue.
        InputError
            `type` is none of the three, or "auto" does not know the ending.
        """
        if file_type(path, type, ENDINGS) == "json":
            try:
                return str(self.json(string=True, indent=2))
            except InputError as error:
                raise FileError(path, f"was not written: {error}") from error
        if not self.turns:
            raise FileError(path, "was not written: a .txt file cannot carry an empty dialogue; save it as .json")
        return "".join(_txt_line(path, turn) for turn in self.turns)

    @classmethod
    def from_file(cls, path: str | Path, type: FileType = "auto") -> Self:
        """Load a dialogue that `to_file`, or the library of the workshop notebook, has saved.

        Parameters
        ----------
        path
            The file.
        type
            "json" or "txt"; "auto" goes by the ending.

        Raises
        ------
        FileError
            The file cannot be read, or holds no dialogue; names the file, and the line or the field.
        InputError
            `type` is none of the three, or "auto" does not know the ending.
        """
        kind = file_type(path, type, ENDINGS)
        text = read_text(path)
        if kind == "json":
            try:
                return cls.model_validate_json(text)
            except ValidationError as error:
                raise FileError(path, f"holds no dialogue: {first_problem(error)}") from error
        return cls(turns=list(_txt_turns(path, text)))


def _names(speakers: list[str | None]) -> str:
    return ", ".join(repr(speaker) for speaker in speakers) or "nobody"


def _txt_line(path: str | Path, turn: Turn) -> str:
    speaker = turn.speaker
    if not speaker or speaker != speaker.strip() or re.search(rf":|^\ufeff|{rendering.LINE_BREAK}", speaker):
        raise FileError(path, f"was not written: a .txt file cannot carry the speaker {speaker!r}; save it as .json")
    return f"{speaker}: {rendering.one_line(turn.text)}\n"


def _txt_turns(path: str | Path, text: str) -> Iterator[Turn]:
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if not line.strip():
            continue
        speaker, colon, said = line.partition(":")
        if not colon or not speaker.strip():
            raise FileError(path, f"{line[:80]!r} is not of the form 'Speaker: text'", number)
        yield Turn(speaker=speaker.strip(), text=said.strip())
