"""What `QualityDashboard` shows, as HTML with everything escaped."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sdkit.analysis.differences import GroupComparison
from sdkit.dialog import Dialog
from sdkit.factory.report_found import hidden
from sdkit.factory.report_html import Bar, Cell, paragraph, table
from sdkit.factory.report_plan import short, title
from sdkit.factory.uniqueness import like_turns
from sdkit.rendering import SAFE, caption, shown
from sdkit.widgets import dialog_view
from sdkit.widgets.dialog_view import OWN_KEYS, text_html, turns_html
from sdkit.widgets.quality_data import LACKS, Dialogues, Flagged

CONDUCT = {
    "turns": "messages",
    "assistant_words": "words of an answer",
    "assistant_questions": "answers that ask",
    "user_sentiment": "sentiment, user",
    "assistant_sentiment": "sentiment, assistant",
    "politeness": "politeness in 100 words",
    "refusals": "answers that refuse",
}
"""The measures of `sdkit.analysis.conduct`, in words."""
STYLE = (
    dialog_view.STYLE
    + """<style>
.sdkit-quality-pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22em), 1fr)); gap: 1em; }
.sdkit-quality-pair > div { min-width: 0; }
.sdkit-quality-dashboard .sdkit-chat { max-height: 20em; }
.sdkit-quality-dashboard figure { margin: 0.4em 0; }
</style>"""
)
_SHORT = 60  # letters of a dialogue in a list


def axis_name(axis: str) -> str:
    """Return what an axis is called."""
    return title(axis).capitalize()


def overview(data: Dialogues) -> list[str]:
    """Return what was asked for and made, and what became of the attempts."""
    made = data.made
    if made is None:
        said = f"{len(data):,} records. There is no journal with them: plan, attempts and embeddings are not known."
        rows: list[Sequence[Cell]] = [("records", len(data)), ("flagged by moderation", len(data.flagged))]
        return [paragraph(said), table("Records", ("what", "number"), rows)]
    counts = Counter(decision.what for decision in made.journal.decisions)
    rows = [
        ("asked for", made.total),
        ("made", len(data)),
        ("attempts", len(made.journal.attempts)),
        ("duplicates", counts["duplicate"]),
        ("flagged by moderation", counts["flagged"]),
        ("failed: no valid reply", counts["failed"]),
        ("off plan, made again", counts["missed"]),
        ("given up", counts["given up"]),
    ]
    share = f"{len(data):,} of {made.total:,} dialogues are there ({len(data) / made.total:.0%})."
    found = [paragraph(share), table("Dialogues and attempts", ("what", "number"), rows)]
    return found + (list(short(made)) if data.records else [])


def balance(data: Dialogues, axis: str) -> str:
    """Return how often each value of an axis was planned and made, with bars."""
    found = data.counts(axis)
    known = any(target is not None for _, target, *_ in found)
    most = max([1.0, *(max(target or 0.0, float(made)) for _, target, _, made in found)])
    rows: list[Sequence[Cell]] = []
    for value, target, planned, made in found:
        bar = Bar(made / most, None if target is None else target / most)
        rows.append((value, round(target or 0.0, 1), planned or 0, made, bar) if known else (value, made, bar))
    names = ("value", *(("target", "planned") if known else ()), "made", "bar")
    more = ". The line across a bar is the target: the value’s share of those that were made" if known else ""
    return table(f"{axis_name(axis)}: {_many(len(found), 'value')}{more}", names, rows)


def summary(data: Dialogues) -> str:
    """Return how many values each axis has, and how often they were made."""
    rows = []
    for axis in data.axes:
        counts = [made for *_, made in data.counts(axis)]
        rows.append((axis_name(axis), len(counts), min(counts), max(counts)))
    return table("Values by axis", ("axis", "values", "least often", "most often"), rows)


def sweep(found: Any) -> str:
    """Return how many dialogues each threshold would remove."""
    rows = [(f"{limit:g}", int(n), f"{share:.1%}") for limit, n, _, share in found.itertuples(index=False)]
    return table("Thresholds of similarity", ("threshold", "removed", "share"), rows)


def beginning(dialog: Dialog, number: int) -> str:
    """Return a line for a list: the number of a dialogue, and how it begins."""
    said = shown(next((turn.text for turn in dialog.turns if turn.text.strip()), "")).strip()
    return f"{number}. {said if len(said) <= _SHORT else f'{said[:_SHORT]}…'}"


def pair(data: Dialogues, one: int, other: int, cosine: float) -> str:
    """Return two dialogues side by side, with the turns that share most of their words."""
    like = like_turns(data.records[one], data.records[other])
    sides = []
    for at, (mine, theirs) in ((one, (0, 1)), (other, (1, 0))):
        notes: dict[int, str] = {}
        for turns in like:
            message = 2 * (turns[mine] - 1)
            notes[message] = f"Like message {2 * turns[theirs] - 1} of the other dialogue, with its answer"
        dialog = data.dialogs[at]
        about = f'<p class="{SAFE}" dir="auto"><b>{at + 1}.</b> {text_html(caption(dialog))}</p>'
        sides.append(f"{about}{chat(turns_html(dialog, said=notes)[0], f'Turns of dialogue {at + 1}')}")
    words = f"Similarity {cosine:.3f}. "
    words += f"{_many(len(like), 'turn')} of each share most of their words." if like else "No turn shares most words."
    return f"{paragraph(words)}{beside(*sides)}"


def beside(*parts: str) -> str:
    """Return parts beside each other, or below where there is no room."""
    cells = "".join(f"<div>{part}</div>" for part in parts if part)
    return f'<div class="sdkit-quality-pair">{cells}</div>'


def chat(turns: str, name: str) -> str:
    """Return turns in a box of this name that scrolls, with the mouse and with keys."""
    return f'<div class="sdkit-chat" role="region" aria-label="{name}" tabindex="0" {OWN_KEYS}>{turns}</div>'


def categories(flagged: Sequence[Flagged]) -> str:
    """Return what was flagged, by category."""
    if not flagged:
        return paragraph("Nothing was flagged.")
    attempts = Counter(pair for one in flagged for pair in {(f.category, f.layer) for f in one.findings})
    texts: dict[tuple[str, str], Counter[str]] = {}
    for one in flagged:
        for found in one.findings:
            texts.setdefault((found.category, found.layer), Counter())[_cut(found.text)] += 1
    rows = [
        (category, layer, count, ", ".join(f"“{text}”" for text, _ in texts[category, layer].most_common(5)))
        for (category, layer), count in sorted(attempts.items(), key=lambda each: (-each[1], each[0]))
    ]
    names = ("category", "found by", "dialogues", "what was found, most often first")
    return table("What was flagged; of personal data only traces are shown", names, rows)


def flagged_line(one: Flagged, number: int) -> str:
    """Return a line for a list: what was found, and how the dialogue begins."""
    return f"{number}. {', '.join(one.categories)}: {beginning(one.dialog, number).partition('. ')[2]}"


def flagged_html(one: Flagged) -> str:
    """Return a dialogue with what was found in it, personal data masked."""
    said: dict[int, str] = {}
    for found in one.findings:
        words = f"Found by {found.layer}: {found.category}, “{_cut(found.text)}”"
        said[found.message] = f"{said[found.message]}; {words}" if found.message in said else words
    about = f'<p class="{SAFE}" dir="auto">{text_html(hidden(caption(one.dialog)))}. Personal data is masked.</p>'
    return about + chat(turns_html(one.dialog, said=said)[0], "Turns, with what was found")


def conduct(groups: Mapping[str, Any], axis: str) -> str:
    """Return the means of the measures for each value of an axis.

    Parameters
    ----------
    groups
        By value, the rows of what `sdkit.analysis.conduct` returned.
    axis
        The axis.
    """
    rows: list[Sequence[Cell]] = [
        (value, len(some), *(float(some[name].mean()) for name in CONDUCT)) for value, some in groups.items()
    ]
    caption = f"Conduct by {LACKS if axis == LACKS else title(axis)}: means over dialogues"
    return table(caption, ("value", "dialogues", *CONDUCT.values()), rows)


def compared(found: GroupComparison) -> list[str]:
    """Return in what two groups differ: in sentences, and measure by measure."""
    rows: list[Sequence[Cell]] = []
    for one in found.differences:
        known = not math.isnan(one.effect)
        effect = f"{one.effect:.2f} ({one.low:.2f} to {one.high:.2f})" if known else "unknown"
        chance = f"{one.corrected:.4f}" if known else ""
        state = "✗ differs" if one.found else "✓ no more than chance or a trifle" if known else ""
        rows.append((CONDUCT.get(one.measure, one.measure), one.mean_against, one.mean, effect, chance, state))
    group, against = found.differences[0].group, found.differences[0].against
    about = "The effect is d, the difference in standard deviations, with its 95% interval; p is corrected for all rows"
    names = ("measure", f"mean, {against}", f"mean, {group}", "effect", "p", "state")
    return [*map(paragraph, str(found).splitlines()), table(f"{against} and {group}. {about}", names, rows)]


def _cut(text: str) -> str:
    return f"{text[:_SHORT]}…" if len(text) > _SHORT else text


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"
