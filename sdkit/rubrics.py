"""Judging by a rubric: a teacher writes down criteria and what their points mean, and a model scores dialogues by them.

The judge sees the turns, whose speakers are called User and Assistant, and the criteria: neither who was played, nor
what was wanted, nor which model or bot it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_serializer, field_validator, model_validator

from sdkit.describing import unknown_field
from sdkit.errors import FileError, InputError, first_problem
from sdkit.files import DATA_ENDINGS, data_text, file_type, read_data, read_text, write_text
from sdkit.reviewing import RATINGS

SHORTHANDS = {"yes/no": {0: "no", 1: "yes"}, "no/yes": {0: "yes", 1: "no"}}
"""Scales of two points, by what is written for them: the better answer comes first."""
_SCALES = "write whole numbers with what they mean, such as 1: never, 2: sometimes, 3: always; or yes/no; or no scale"


class _Strict(BaseModel):
    """A part of a rubric: refuses keys that there are not, and texts that are blank."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and (strange := [key for key in data if key not in cls.model_fields]):
            raise unknown_field(cls, str(strange[0]))
        return data

    @field_validator("name", "question", check_fields=False)
    @classmethod
    def _not_blank(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("is blank")
        return text.strip()


class Criterion(_Strict):
    """A question about a dialogue, and the points that the answer can get.

    Parameters
    ----------
    name
        A short name, for tables.
    question
        What the judge answers. Small models need concrete ones: not "How good is its memory?" but "Does the assistant
        ask for something that the user has already said?".
    scale
        From whole numbers to what they mean; the highest is the best. "yes/no" is short for yes, the better answer, and
        no; "no/yes" for the other way round. By default 1, very bad, to 5, very good.
    """

    name: str
    question: str
    scale: dict[int, str] = Field(default=RATINGS, exclude_if=lambda scale: scale == RATINGS)

    @model_validator(mode="before")
    @classmethod
    def _described(cls, data: Any) -> Any:
        """Take a description for the question."""
        if not isinstance(data, Mapping) or "description" not in data:
            return data
        if "question" in data:
            raise ValueError("has a question and a description; give one of them")
        return {("question" if key == "description" else key): value for key, value in data.items()}

    @field_validator("scale", mode="before")
    @classmethod
    def _in_full(cls, scale: Any) -> Any:
        """Return the scale that is meant; YAML reads yes and no as true and false."""
        if isinstance(scale, str) and (short := scale.replace(" ", "").lower()) in SHORTHANDS:
            return SHORTHANDS[short]
        if not isinstance(scale, Mapping):
            raise ValueError(f"is no scale; {_SCALES}")  # noqa: TRY004 - pydantic tells what a ValueError says
        # In JSON, keys are texts.
        scale = {(int(key) if re.fullmatch(r"-?\d+", str(key)) else key): says for key, says in scale.items()}
        if odd := [point for point in scale if isinstance(point, bool) or not isinstance(point, int)]:
            raise ValueError(f"{odd[0]!r} is no whole number; {_SCALES}")
        if len(scale) < 2:
            raise ValueError(f"has fewer than two points; {_SCALES}")
        words = {True: "yes", False: "no"}
        return {point: words[says] if isinstance(says, bool) else says for point, says in sorted(scale.items())}

    @field_validator("scale")
    @classmethod
    def _distinct(cls, scale: dict[int, str]) -> dict[int, str]:
        seen: dict[str, int] = {}
        for point, says in scale.items():
            if not says.strip():
                raise ValueError(f"says nothing of {point}; write what it means")
            if (first := seen.setdefault(says.strip().casefold(), point)) != point:
                raise ValueError(f"says the same of {first} and {point}: {says.strip()!r}")
        return {point: says.strip() for point, says in scale.items()}

    @field_serializer("scale")
    def _as_written(self, scale: dict[int, str]) -> str | dict[int, str]:
        return next((short for short, meant in SHORTHANDS.items() if meant == scale), scale)

    def share(self, score: int) -> float:
        """Return how far up the scale a score is: 0 for its lowest point, 1 for its highest."""
        low, high = min(self.scale), max(self.scale)
        return (score - low) / (high - low)


class Rubric(_Strict):
    """Criteria to judge dialogues by.

    Parameters
    ----------
    name
        What it is called.
    description
        What it is for; for people, the judge does not see it.
    criteria
        At least one; no two of the same name.

    Examples
    --------
    >>> from sdkit.rubrics import Rubric
    >>> rubric = Rubric(name="kind", criteria=[{"name": "manners", "question": "Is the assistant polite?"}])
    >>> rubric.criteria[0].scale[5]
    'very good'
    """

    name: str
    description: str = Field(default="", exclude_if=lambda text: not text)
    criteria: tuple[Criterion, ...]

    @field_validator("criteria", mode="before")
    @classmethod
    def _listed(cls, criteria: Any) -> Any:
        if not isinstance(criteria, list | tuple) or not criteria:
            raise ValueError("is to be a list of criteria, at least one, each with a name and a question")
        return criteria

    @field_validator("criteria")
    @classmethod
    def _told_apart(cls, criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
        seen: dict[str, int] = {}
        for number, criterion in enumerate(criteria, start=1):
            if (first := seen.setdefault(criterion.name.casefold(), number)) != number:
                raise ValueError(f"{first} and {number} have the same name, {criterion.name!r}; rename one")
        return criteria

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Return the rubric of a dict, such as a file holds.

        Raises
        ------
        InputError
            It holds none; names the criterion, by its number and name.
        """
        if not isinstance(data, Mapping):
            raise InputError(f"holds no rubric: a name and criteria are needed; found {str(data)[:80]!r}")
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise InputError(f"holds no rubric: {_problem(error, data)}") from error

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read a rubric from a file that ends in .yaml, .yml or .json.

        Raises
        ------
        FileError
            The file cannot be read, or holds no rubric; names the criterion.
        InputError
            The file has another ending.
        """
        kind = file_type(path, "auto", DATA_ENDINGS)
        data = read_data(path, kind)
        if kind == "yaml":
            _check_keys(path)
        try:
            return cls.from_dict(data)
        except InputError as error:
            raise FileError(path, str(error)) from error

    def to_file(self, path: str | Path) -> None:
        """Save the rubric, atomically, as people would write it.

        Raises
        ------
        FileError
            It cannot be written.
        InputError
            The file has another ending than .yaml, .yml or .json.
        """
        text = data_text(self.model_dump(), file_type(path, "auto", DATA_ENDINGS))
        write_text(path, text)


def _problem(error: ValidationError, data: Mapping[Any, Any]) -> str:
    """Say what pydantic found first, with the number and the name of the criterion."""
    problem = first_problem(error)
    match error.errors()[0]["loc"]:
        case ("criteria", int(number), *_):
            entry = data["criteria"][number]
            name = f" ({entry['name']!r})" if isinstance(entry, Mapping) and "name" in entry else ""
            return f"criterion {number + 1}{name}: {problem.removeprefix(f'criteria.{number}').lstrip('.: ')}"
    return problem


def _check_keys(path: str | Path) -> None:
    """Raise FileError if a key of a YAML file stands twice in one place: YAML would take the last one."""
    import yaml

    nodes = [yaml.compose(read_text(path), Loader=yaml.SafeLoader)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value in seen:
                    raise FileError(path, f"the key {key.value!r} is there twice; keep one", key.start_mark.line + 1)
                seen |= {key.value} if isinstance(key, yaml.ScalarNode) else set()
                nodes.append(value)
