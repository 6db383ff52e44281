"""The data card of an export: what the set is, how it was made, what is in it, what it is not good for.

The headings are those that matter here of Hugging Face's dataset cards, after Gebru et al., "Datasheets for Datasets"
(2021), doi:10.1145/3458723; the front matter is what the Hub reads.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sdkit
from sdkit.factory.export_forms import FORMS
from sdkit.factory.export_rows import Row, Source
from sdkit.factory.validation import SignOff
from sdkit.files import data_text
from sdkit.rendering import shown

_AXES = {
    "resolution_status": "Resolution",
    "services": "Services",
    "scenario_category": "Category",
    "regions": "Region",
    "time_slot": "Time of day",
    "user_emotions": "The user's emotion",
    "assistant_emotions": "The assistant's emotion",
}
_LONG = 12  # values; longer tables are folded
_HUB = (
    "apache-2.0 bsd-3-clause cc0-1.0 cc-by-4.0 cc-by-sa-4.0 cc-by-nc-4.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 mit odbl odc-by"
)
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$&])")


@dataclass(frozen=True)
class Card:
    """What a data card is about.

    Attributes
    ----------
    title, licence : str
        What the set is called, and its licence; "" if none was given.
    rows : sequence of Row
        What is exported.
    forms : sequence of str
        In which forms.
    source : Source
        Where it comes from.
    left_out : dict of str to int
        How many dialogues were left out, by the reason.
    flagged : int
        How many are exported in which moderation has found something.
    sign_off : SignOff or None
        Who has signed it off.
    """

    title: str
    licence: str
    rows: Sequence[Row]
    forms: Sequence[str]
    source: Source
    left_out: Mapping[str, int]
    flagged: int = 0
    sign_off: SignOff | None = None

    def text(self) -> str:
        """Return the card, as Markdown under YAML."""
        parts = [
            f"---\n{data_text(self._front(), 'yaml')}---",
            f"# {_plain(self.title)}",
            "**These dialogues are synthetic: language models wrote both sides. Nobody has said this, and no service, "
            "price, booking or person in them is real.**",
            self._what(),
            *self._section("How it was made", self._made()),
            *self._section("What is in it", self._shares()),
            *self._section("Moderation", [self._moderation()]),
            *self._section("Review", self._review()),
            *self._section("Limits", [self._limits()]),
            *self._section("Licence", [self._licence()]),
        ]
        return "\n\n".join(parts) + "\n"

    @staticmethod
    def _section(heading: str, parts: Iterable[str]) -> list[str]:
        return [f"## {heading}", *parts]

    def _front(self) -> dict[str, Any]:
        size = next((name for limit, name in _SIZES if len(self.rows) < limit), "1M<n<10M")
        front: dict[str, Any] = {
            "pretty_name": shown(self.title),
            "tags": ["synthetic", "dialogue", "sdkit"],
            "task_categories": ["text-generation"],
            "size_categories": [size],
        }
        if self.licence:
            known = self.licence.lower() in _HUB.split()
            front |= {"license": self.licence.lower()} if known else {"license": "other", "license_name": self.licence}
        if "datasets" in self.forms:
            files = [{"split": "train", "path": "data/train-*.parquet"}]
            front["configs"] = [{"config_name": "default", "data_files": files}]
        return front

    def _what(self) -> str:
        turns = sum(row.num_lines for row in self.rows)
        lines = [
            f"{_many(len(self.rows), 'dialogue')} of a user with an assistant, in {_many(turns, 'turn')}, each a "
            "message of the user and its answer. Files:",
            "",
            *(f"- `{FORMS[form].file}`: {_ABOUT[form]}" for form in self.forms),
        ]
        return "\n".join(lines)

    def _made(self) -> list[str]:
        told = self.source.told(row.dialogue_id for row in self.rows)
        about = self.source.about
        models = Counter(row.model for row in self.rows if row.model)
        by = ", ".join(f"{_plain(name)} ({count:,})" for name, count in models.most_common())
        facts = {
            "Models": by or "not known",
            "Seed of the run": about.get("seed", "not known"),
            "Compared by": about.get("embeddings", "not known"),
            "Similarity from which on a dialogue was a duplicate": about.get("similarity_threshold", "not known"),
            "Versions": _versions(told) or "not known",
            "Exported by": f"sdkit {sdkit.__version__}",
        }
        parts = [
            "\n".join(f"- {name}: {_plain(str(value)) if name != 'Models' else value}" for name, value in facts.items())
        ]
        if told:
            parts.append("How each dialogue was made, with its seed and prompt, is in `provenance.jsonl`.")
        if "plan" in about:
            parts.append("What was planned is in `plan.yaml`; `sdkit synthesize --config` takes it.")
        return parts

    def _shares(self) -> list[str]:
        parts = []
        for name, label in _AXES.items():
            counts = Counter(value for row in self.rows if (value := _value(row, name)))
            if counts:
                lines = [f"| {label} | Dialogues | Share |", "|---|---:|---:|"]
                ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
                lines += [f"| {_plain(one)} | {n:,} | {n / len(self.rows):.1%} |" for one, n in ranked]
                table = "\n".join(lines)
                if len(counts) > _LONG:
                    summary = f"{label}: {len(counts)} values"
                    table = f"<details><summary>{summary}</summary>\n\n{table}\n\n</details>"
                parts.append(table)
        return parts or ["The records do not say."]

    def _moderation(self) -> str:
        source = self.source
        said = []
        if source.moderated:
            said.append(f"Looked through by: {', '.join(map(_plain, source.moderated))}.")
        elif source.about:
            said.append("The dialogues were not moderated when they were made.")
        else:
            said.append("Whether the dialogues were moderated is not known.")
        if source.rejected:
            said.append(f"Kept out before this export: {source.rejected:,}.")
        said += [f"Left out of this export: {_many(n, 'dialogue')} {why}." for why, n in self.left_out.items() if n]
        if self.flagged:
            said.append(
                f"**Not left out: {_many(self.flagged, 'dialogue')} in which something was found, or which nobody "
                "could judge.**"
            )
        return " ".join(said)

    def _review(self) -> list[str]:
        if self.sign_off is None:
            return ["**Not signed off.** Nobody has confirmed that people have reviewed these dialogues."]
        signed = self.sign_off
        lines = [
            f"Signed off by {_plain(signed.by)} on {signed.when:%Y-%m-%d}. What was signed off is in `sign_off.json`."
        ]
        return [*lines, "\n".join(f"- {_plain(line)}" for line in signed.verdict.sentences())]

    def _limits(self) -> str:
        told = self.source.told(row.dialogue_id for row in self.rows)
        limits = [
            "It shows what models write when they are asked for such dialogues, not how people talk or what they want.",
            "The shares above are those of a plan, not of any population.",
            "Regions, emotions and personas are what models make of these words, stereotypes included.",
            "Moderation and a review of a sample find much, not all.",
        ]
        if told and any("missed" in one for one in told):
            kept = sum(not one.get("missed") for one in told)
            limits.append(
                f"A text need not show what was planned: in {kept / len(told):.0%} of the dialogues, rules found the "
                "region, the time and the resolution that they were to have."
            )
        if "csv" in self.forms:
            limits.append(
                "In the CSV, a cell that a spreadsheet would take for a formula has an apostrophe in front of it."
            )
        return "\n".join(f"- {limit}" for limit in limits)

    def _licence(self) -> str:
        if not self.licence:
            return "No licence was given. Ask whoever published it before you use it."
        return f"{_plain(self.licence)}. What models write may be under their providers' terms, too."


_ABOUT = {
    "chat": "a dialogue a line, as messages of roles with content",
    "sharegpt": "conversations of human and gpt",
    "csv": "a row a turn; the time slot in three columns",
    "parquet": "a row a dialogue, with its turns and its messages; the time slot as three texts: start, end, name",
    "datasets": "the same, for `load_dataset` and the Hugging Face Hub",
}


def _value(row: Row, name: str) -> str:
    value = getattr(row, name)
    if name == "time_slot":
        return value[2] if value else ""
    return "+".join(sorted(value)) if isinstance(value, list) else value or ""


def _versions(told: Sequence[Mapping[str, Any]]) -> str:
    found: dict[str, set[str]] = {}
    for one in told:
        for name, version in ((one.get("provenance") or {}).get("versions") or {}).items():
            found.setdefault(name, set()).add(str(version))
    return ", ".join(f"{name} {' and '.join(sorted(versions))}" for name, versions in sorted(found.items()))


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", shown(text))


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"
