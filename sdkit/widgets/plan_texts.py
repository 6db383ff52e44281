"""A plan as the texts that `PlanEditor` shows, and back: a line a value, YAML, and what is wrong with either.

No widgets are here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from sdkit.errors import InputError
from sdkit.factory.spec import GENERAL, SAMPLING, Spec
from sdkit.factory.spec_parts import Combinations, TimeSlot
from sdkit.factory.spec_values import Shares

WEIGHTED = ("regions", "user_emotions", "assistant_emotions", "resolution_status", *SAMPLING)
RANGES = ("min_turns", "max_turns")
YAMLS = ("quotas", "forbidden")
GROUPED = ("services", "categories")
"""Fields that have a box for each of their groups."""
_RANGE = re.compile(r"\s*(\d+)\s*(?:(?:-|–|to)\s*(\d+)\s*)?")
_SLOT = re.compile(r"(\d+)\s*(?:-|–|to)\s*(\d+)\s+(\S.*)")
Texts = dict[str, str]
"""By place: the name of a field, or of a field and a group, such as "services.double"."""


class _Wrong(ValueError):
    """A text that says nothing that a plan could have."""


# -- from a plan to texts ---------------------------------------------------------------------------------------------


def texts_of(spec: Spec) -> Texts:
    """Return the text of each box."""
    found = {}
    for name, group in spec.services.items():
        found[f"services.{name}.weight"] = f"{tidy(group.weight)}"
        found[f"services.{name}"] = "\n".join(" + ".join(one) for one in group.of)
    for name in dict.fromkeys([GENERAL, *spec.known_services, *spec.categories]):
        found[f"categories.{name}"] = _lines(spec.categories.get(name, {}))
    found |= {field: _lines(getattr(spec, field)) for field in WEIGHTED}
    found["time_slots"] = "\n".join(
        _line(f"{slot.start}-{slot.end} {slot.name}", slot.weight) for slot in spec.time_slots
    )
    found |= {field: "-".join(map(str, dict.fromkeys(getattr(spec, field)))) for field in RANGES}
    data = data_of(spec)
    found |= {field: dumped(data[field]) if data[field] else "" for field in YAMLS}
    return found


def _lines(shares: Mapping[Any, float]) -> str:
    return "\n".join(_line(str(value), weight) for value, weight in shares.items())


def _line(text: str, weight: float) -> str:
    return text if weight == 1 and _weighed(text) == (text, 1) else f"{text}: {tidy(weight)}"


def tidy(number: float) -> float | int:
    """Return a whole number as one."""
    return int(number) if number == int(number) else number


# -- from texts to a plan ---------------------------------------------------------------------------------------------


def read(spec: Spec, before: Texts, now: Texts) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what boxes say, as `Spec` takes it, and by place what cannot be read.

    Parameters
    ----------
    spec
        What the boxes say that nobody has touched.
    before, now
        Their texts, untouched and as they are.
    """
    data: dict[str, Any] = spec.model_dump()
    wrong: dict[str, str] = {}
    touched = dict.fromkeys(place.partition(".")[0] for place in now if now[place] != before.get(place))
    for field in touched:
        try:
            data[field] = _read(spec, field, now)
        except _Wrong as error:
            wrong[field] = str(error)
    return data, wrong


def _read(spec: Spec, field: str, texts: Texts) -> Any:
    if field == "services":
        names = [place.partition(".")[2] for place in texts if place.startswith("services.")]
        groups = {name: _combinations(texts[f"services.{name}"]) for name in names if not name.endswith(".weight")}
        weights = {name: texts[f"services.{name}.weight"].strip() for name in groups}
        return {name: {"weight": weights[name], "of": of} for name, of in groups.items() if of}
    if field == "categories":
        found = {place.partition(".")[2]: _shares(texts[place]) for place in texts if place.startswith("categories.")}
        order = dict.fromkeys([*spec.categories, *found])  # a plan's, and not that of the boxes
        return {name: found[name] for name in order if found.get(name)}
    if field in WEIGHTED:
        return _shares(texts[field])
    if field == "time_slots":
        return [_slot(number, line) for number, line in _numbered(texts[field])]
    if field in RANGES:
        return _range(texts[field])
    try:
        return yaml_of(texts[field]) or ({} if field == "quotas" else [])
    except InputError as error:
        raise _Wrong(str(error)) from error


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield number, line.strip()


def _weighed(line: str) -> tuple[str, Any]:
    """Return a value and its weight; the text behind the last colon, if that is no number."""
    value, colon, weight = line.rpartition(":")
    if not colon or not value.strip():
        return line, 1
    try:
        return value.strip(), float(weight)
    except ValueError:
        return value.strip(), weight.strip()


def _shares(text: str) -> dict[str, Any] | list[str]:
    """Return values with weights; a list if one is there twice, which a plan refuses in its own words."""
    found = [_weighed(line) for _, line in _numbered(text)]
    values = [value for value, _ in found]
    return dict(found) if len(set(values)) == len(values) else values


def _combinations(text: str) -> list[list[str]]:
    return [[part.strip() for part in line.split("+") if part.strip()] for _, line in _numbered(text)]


def _slot(number: int, line: str) -> dict[str, Any]:
    text, weight = _weighed(line)
    if not (found := _SLOT.fullmatch(text)):
        raise _Wrong(f"line {number}: {line[:40]!r} is no part of the day; write it as 5-9 Early Morning")
    return {"start": int(found[1]), "end": int(found[2]), "name": found[3], "weight": weight}


def _range(text: str) -> tuple[int, int]:
    if not (found := _RANGE.fullmatch(text)):
        raise _Wrong(f"{text.strip()[:40]!r} is no range of turns; write it as 5-10")
    return int(found[1]), int(found[2] or found[1])


def yaml_of(text: str) -> Any:
    """Return what a text in YAML says.

    Raises
    ------
    InputError
        It is no YAML; names the line.
    """
    import yaml

    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except RecursionError:
        raise InputError("this is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:  # a ValueError for a date that there is not
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise InputError(f"{f'line {mark.line + 1}: ' if mark else ''}this is not YAML: {what}") from error


def checked(data: Mapping[str, Any]) -> tuple[Spec | None, dict[str, str]]:
    """Return the plan that this data is, or None and by place what is wrong with it, in the words of `Spec`."""
    try:
        return Spec.model_validate(data), {}
    except ValidationError as error:
        wrong: dict[str, str] = {}
        for problem in error.errors(include_url=False, include_context=False):
            place, words = _placed([part for part in problem["loc"] if part != "[key]"], problem["msg"])
            wrong[place] = f"{wrong[place]}; {words}" if place in wrong else words
        return None, wrong


def _placed(where: Sequence[Any], message: str) -> tuple[str, str]:
    words = message.removeprefix("Value error, ")
    if not where:
        return by_field(words)
    deep = 2 if where[0] in GROUPED and len(where) > 1 else 1
    inside = [f"entry {part + 1}" if isinstance(part, int) else str(part)[:40] for part in where[deep:]]
    return ".".join(map(str, where[:deep])), ": ".join([*inside, words])


def by_field(words: str) -> tuple[str, str]:
    """Return the field that an error begins with, or "", and the rest of the error."""
    field, colon, rest = words.partition(": ")
    return (field, rest) if colon and field in Spec.model_fields else ("", words)


# -- a plan as YAML ---------------------------------------------------------------------------------------------------


def data_of(spec: Spec) -> dict[str, Any]:
    """Return a plan as one would write it in YAML."""
    found: dict[str, Any] = {
        "services": {name: _group(group) for name, group in spec.services.items()},
        "categories": {name: _values(shares) for name, shares in spec.categories.items()},
    }
    for field in Spec.model_fields:
        value = getattr(spec, field)
        if field in WEIGHTED:
            found[field] = _values(value)
        elif field == "time_slots":
            found[field] = [_listed(slot) for slot in value]
        elif field in RANGES:
            found[field] = list(value)
        elif field == "forbidden":
            found[field] = [{axis: of[0] if len(of) == 1 else list(of) for axis, of in rule.items()} for rule in value]
        elif field == "quotas":
            found[field] = {axis: dict(numbers) for axis, numbers in value.items()}
    return found


def _group(group: Combinations) -> dict[str, Any]:
    return {"weight": tidy(group.weight), "of": [one[0] if len(one) == 1 else list(one) for one in group.of]}


def _values(shares: Shares | dict[float, float]) -> Any:
    plain = all(weight == 1 for weight in shares.values())
    return list(shares) if plain else {value: tidy(weight) for value, weight in shares.items()}


def _listed(slot: TimeSlot) -> list[Any]:
    return slot.triple if slot.weight == 1 else [*slot.triple, tidy(slot.weight)]


def whole_yaml(spec: Spec) -> str:
    """Return all of a plan as YAML."""
    return dumped({field: value for field, value in data_of(spec).items() if value})


def short_yaml(spec: Spec) -> str:
    """Return what differs from the default plan as YAML, "" if nothing does; `Spec.of` makes the same plan of it."""
    default, mine = data_of(Spec.of()), data_of(spec)
    parts = {field: value for field, value in mine.items() if json.dumps(value) != json.dumps(default[field])}
    extra = {field: _added(default[field], value) for field, value in parts.items() if default[field]}
    more = {field: value for field, value in extra.items() if value}
    short = {field: value for field, value in parts.items() if field not in more} | ({"add": more} if more else {})
    parts = short if _says(short, mine) else parts
    return dumped(parts) if parts else ""


def _says(data: Mapping[str, Any], wanted: Any) -> bool:
    """Tell whether a plan comes to this, with its values in this order, on which what is dealt out depends."""
    try:
        return json.dumps(data_of(Spec.of(data))) == json.dumps(wanted)
    except InputError:
        return False


def _added(there: Any, now: Any) -> Any:
    """Return what is to be added to a part of the default plan to come to this one; None if that cannot be."""
    if isinstance(there, list) and isinstance(now, list):
        return now[len(there) :] if now[: len(there)] == there else None
    if isinstance(there, list) and isinstance(now, dict):
        there = dict.fromkeys(there, 1)
    if not isinstance(there, dict) or not isinstance(now, dict):
        return now if not isinstance(there, list | dict) else None
    if list(now)[: len(there)] != list(there):
        return None
    found = {}
    for name, value in now.items():
        if name in there and value == there[name]:
            continue
        found[name] = _added(there[name], value) if name in there else value
        if found[name] is None:
            return None
    return found


def dumped(data: Any) -> str:
    """Return data as YAML whose innermost lists are on one line."""
    import yaml

    how: dict[str, Any] = {"allow_unicode": True, "sort_keys": False, "width": 100, "default_flow_style": None}
    return str(yaml.dump(data, Dumper=yaml.SafeDumper, **how))
