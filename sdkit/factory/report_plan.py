"""The sections of a report on what was planned: plan, balance, what fell short, and how it was made."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sdkit.analysis.balance import representation
from sdkit.factory.made import Made
from sdkit.factory.plan import Plan
from sdkit.factory.report_found import hidden
from sdkit.factory.report_html import ROWS, Bar, counted, folded, paragraph, table
from sdkit.factory.spec import AXES
from sdkit.files import read_data

_TITLES = {"time_slots": "times of the day", "min_turns": "least turns", "max_turns": "most turns"}
_OPEN = 8  # values of an axis, up to which its table is open


def title(axis: str) -> str:
    """Return what an axis is called."""
    return _TITLES.get(axis, axis.replace("_", " "))


def plan(made: Made) -> Iterator[str]:
    """Yield how often each value was planned and made."""
    yield paragraph(
        "Each dialogue was planned on every axis before it was written. A bar shows how many were made, the line "
        "across it the target, which is a share of those that were made. What is given up is planned anew."
    )
    found = made.balance()
    found["planned"] = made.plan().report()["planned"]  # with those that were given up
    for axis, rows in found.groupby("axis", sort=False):
        most = max(1.0, *rows["made"], *rows["target"])
        name = title(str(axis))
        lines = [
            (value, round(target, 1), planned, there, Bar(there / most, target / most))
            for value, target, planned, there in rows[["value", "target", "planned", "made"]].itertuples(index=False)
        ]
        caption = f"{name.capitalize()}: {counted(len(lines), 'value')}, each made {_range(rows['made'])}"
        content = table(caption, ("value", "target", "planned", "made", "bar"), lines)
        yield f"<h3>{name.capitalize()}</h3>" + (content if len(lines) <= _OPEN else folded(caption, content))


def _range(counts: Any) -> str:
    low, high = int(counts.min()), int(counts.max())
    return f"{low:,} times" if low == high else f"{low:,} to {high:,} times"


def balance(made: Made) -> Iterator[str]:
    """Yield how well each axis fits its target, over all of its values."""
    values: dict[str, list[str]] = defaultdict(list)
    for item in made.items:
        for axis, value in item.values().items():
            values[axis].append(value)
    plan = Plan(made.items, made.spec)
    found = representation(values, {axis: plan.targets(axis) for axis in AXES})
    rows, off = [], []
    for axis, some in found.groupby(level="axis", sort=False):
        if bool(some["off"].any()):
            off.append(title(str(axis)))
        furthest = some["difference"].abs().idxmax()[1]
        difference = 100 * float(some.loc[(axis, furthest), "difference"])
        sign = "✗ off" if bool(some["off"].any()) else "✓ as wanted"
        words = f"{furthest} ({difference:+.1f} percentage points)" if abs(difference) >= 0.05 else "none"
        rows.append((title(str(axis)), len(some), float(some["w"].iloc[0]), float(some["p"].iloc[0]), words, sign))
    yield paragraph(
        f"Off their targets, by more than chance puts them: {', '.join(off)}."
        if off
        else "No axis is off its targets by more than chance puts it."
    )
    yield table(
        "How far each axis is from its targets. w is Cohen's: 0.1 is small, 0.3 medium, 0.5 large, and in small sets "
        "chance alone makes it large; p is how likely chance puts it so far off",
        ("axis", "values", "w", "p", "furthest off", "state"),
        rows,
    )


def short(made: Made) -> Iterator[str]:
    """Yield what is missing: in the texts, and of the dialogues."""
    if not made.ok:
        yield paragraph(f"{len(made):,} of the {counted(made.total, 'dialogue')} that were asked for are there.")
    shares = made.shares_kept()
    kept = [attempt for _, attempt in made.journal.kept()]
    lacking = Counter(name for attempt in kept for name in attempt.missed)
    rows = [(name, f"{share:.1%}", lacking[name], Bar(share)) for name, share in shares.items()]
    yield paragraph(
        "Whether a text shows what was planned is told by patterns of English words: quick, and not always right. What "
        "lacked something in a first attempt was made again, and the better of the two was kept."
    )
    yield table("What of the plan the texts show", ("of the plan", "shown by", "lacking in", "bar"), rows)
    attempts = Counter(d.what for d in made.journal.decisions)
    told = {
        "failed": "failed: the model gave no valid reply",
        "flagged": "flagged by moderation",
        "duplicate": "duplicates",
        "missed": "lacked something of the plan, and were made again",
    }
    if any(attempts[what] for what in told):
        tried = [(words, attempts[what]) for what, words in told.items() if attempts[what]]
        yield table("Attempts that another one was made for", ("what became of them", "attempts"), tried)
    lost = [decision for decision in made.journal.decisions if decision.what == "given up"]
    if not lost:
        yield paragraph("No dialogue was given up.")
        return
    by_id = {item.id: item for item in made.journal.items}
    given_up = [
        (one.item, by_id[one.item].values()["services"], by_id[one.item].category, hidden(one.why))
        for one in lost[:ROWS]
    ]
    yield table(
        f"{counted(len(lost), 'dialogue')} given up{_first(len(lost))}",
        ("item", "services", "category", "why"),
        given_up,
    )


def _first(count: int) -> str:
    return f"; the first {ROWS} of them" if count > ROWS else ""


def how(made: Made) -> Iterator[str]:
    """Yield what made it: models, versions, settings, sampling that was not applied."""
    about = [attempt.made or {} for _, attempt in made.journal.kept()]
    models = Counter(str(one.get("model")) for one in about)
    set_so: Mapping[str, Any] = {}
    if made.places.about.exists():
        read = read_data(made.places.about, "json")
        set_so = read if isinstance(read, dict) else {}
    embeds, layers = set_so.get("embeddings"), set_so.get("moderation")
    rows = [("model", f"{name}: {counted(count, 'dialogue')}") for name, count in models.most_common()]
    rows += [("embeddings", str(embeds))] * (embeds is not None)
    if isinstance(layers, list):
        rows.append(("moderation", ", ".join(map(str, layers)) or "none"))
    rows += [
        (words, str(set_so[name]))
        for name, words in (("seed", "seed"), ("similarity_threshold", "threshold of similarity"))
        if name in set_so
    ]
    items = made.items
    based, with_persona = (sum(bool(getattr(item, name)) for item in items) for name in ("base", "persona"))
    rows.append(("after a base dialogue", counted(based, "dialogue")))
    rows.append(("with a persona", counted(with_persona, "dialogue")))
    attempts = made.journal.attempts.values()
    tokens = sum(attempt.tokens for attempt in attempts)
    rows.append(("attempts", f"{len(attempts):,}"))
    rows += [("tokens, of all attempts", f"{tokens:,}")] * bool(tokens)
    if replayed := sum(bool((one.get("provenance") or {}).get("replayed")) for one in about):
        rows.append(("replayed from a recording", counted(replayed, "dialogue")))
    yield table("How these dialogues were made", ("what", "value"), rows)
    ignored = Counter(name for one in about for name in one.get("not_applied") or {})
    if ignored:
        names = ", ".join(f"{name.replace('_', ' ')} (of {counted(n, 'dialogue')})" for name, n in ignored.items())
        yield paragraph(f"Planned, and not applied, because the model does not take it: {names}.")
    versions: dict[str, Counter[str]] = defaultdict(Counter)
    for one in about:
        for name, version in ((one.get("provenance") or {}).get("versions") or {}).items():
            versions[name][str(version)] += 1
    if versions:
        lines = [(name, ", ".join(some)) for name, some in versions.items()]
        yield folded("Versions", table("Versions of what made them", ("package", "version"), lines))
