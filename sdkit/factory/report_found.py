"""The sections of a report on what was found in the dialogues: duplicates, moderation, conduct, clusters, samples."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sdkit import rendering
from sdkit.analysis.behaviour import conduct
from sdkit.analysis.clustering import Clusters
from sdkit.analysis.thresholds import plot_sweep, sweep
from sdkit.dialog import Dialog
from sdkit.errors import MissingPackageError
from sdkit.factory.deciding import rejected
from sdkit.factory.made import Made
from sdkit.factory.report_html import ROWS, Bar, Cell, counted, paragraph, table
from sdkit.factory.uniqueness import unpacked
from sdkit.moderation.findings import masked
from sdkit.moderation.personal import PersonalData

if TYPE_CHECKING:
    from sdkit.analysis.picture import Plot

_QUOTED = 80  # letters of a finding
_SAMPLES = 6
_SERVICES = 3  # most common ones of a cluster
_CONDUCT = {
    "turns": "messages",
    "assistant_words": "words of an answer",
    "assistant_questions": "answers that ask",
    "user_sentiment": "sentiment, user",
    "assistant_sentiment": "sentiment, assistant",
    "politeness": "marks of politeness in 100 words",
    "refusals": "answers that refuse",
}


def vectors_of(made: Made) -> Any:
    """Return the embeddings of what was kept, as the rows of an array."""
    import numpy as np

    return np.array([unpacked(attempt.vector) for _, attempt in made.journal.kept()])


def hidden(text: str) -> str:
    """Return a text in which personal data is masked."""
    found = PersonalData().check([text])
    for finding in sorted(found, key=lambda one: -one.start):
        text = text[: finding.start] + masked(finding.category, finding.text) + text[finding.end :]
    return text


def uniqueness(made: Made) -> Iterator[str]:
    """Yield how near the dialogues are to each other, and which duplicates were replaced."""
    found = sweep(vectors_of(made))
    yield paragraph(
        "How many of the dialogues a stricter threshold would remove, if one after the other is kept unless it is as "
        "near to one before it. Plain paraphrases have a cosine of about 0.85."
    )
    rows = [(f"{threshold:g}", n, f"{share:.1%}") for threshold, n, _, share in found.itertuples(index=False)]
    yield picture(lambda: plot_sweep(found))
    yield table("Thresholds of similarity", ("threshold", "removed", "share"), rows)
    duplicates = [decision for decision in made.journal.decisions if decision.what == "duplicate"]
    if not duplicates:
        yield paragraph("No attempt came out as a duplicate.")
        return
    replaced = {decision.item for decision in made.journal.decisions if decision.what == "kept"}
    lines = [
        (one.item, one.attempt + 1, hidden(one.why), "replaced" if one.item in replaced else "not replaced")
        for one in duplicates[:ROWS]
    ]
    first = f"; the first {ROWS} of them" if len(duplicates) > ROWS else ""
    caption = (
        f"{counted(len(duplicates), 'attempt')} came out as {'duplicates' if len(duplicates) != 1 else 'a duplicate'}"
    )
    yield table(caption + first, ("item", "attempt", "why", "state"), lines)


def picture(make: Any) -> str:
    """Return a plot with its caption; nothing where matplotlib is not installed, as a table says the same."""
    try:
        plot: Plot = make()
    except MissingPackageError:
        return ""
    return plot.html()


def moderation(made: Made) -> Iterator[str]:
    """Yield what moderation has flagged, by category; personal data is masked."""
    flagged, _ = rejected(made.journal)
    yield paragraph(
        f"{counted(len(flagged), 'attempt')} had something in them that is not to be in the set, and "
        f"{'was' if len(flagged) == 1 else 'were'} left out; others were made for them where that went."
        if flagged
        else "Nothing was flagged."
    )
    if not flagged:
        return
    attempts: Counter[tuple[str, str]] = Counter()
    texts: dict[tuple[str, str], Counter[str]] = {}
    for record in flagged:
        seen = {(str(one["category"]), str(one["layer"])) for one in record["moderation"]}
        attempts.update(seen)
        for one in record["moderation"]:
            shown = hidden(masked(str(one["category"]), str(one["text"])))
            cut = f"{shown[:_QUOTED]}…" if len(shown) > _QUOTED else shown
            texts.setdefault((str(one["category"]), str(one["layer"])), Counter())[cut] += 1
    rows = [
        (category, layer, count, ", ".join(f"“{text}”" for text, _ in texts[category, layer].most_common(5)))
        for (category, layer), count in attempts.most_common()
    ]
    names = ("category", "found by", "attempts", "what was found, most often first")
    yield table("What was flagged, by category; of personal data only traces are shown", names, rows)


def treated(made: Made, dialogs: Sequence[Dialog]) -> Iterator[str]:
    """Yield how assistants treat users, by the user's emotion and by how the dialogue ends."""
    items = made.items
    status = [item.resolution_status for item in items]
    found = conduct(dialogs)
    yield paragraph(
        "Means over dialogues. Groups of few dialogues differ by chance; sdkit.analysis.compare_groups tests what "
        "differs. Sentiment goes from -1, negative, to 1, positive; the words are English ones."
    )
    for words, of in (("emotion of the user", [item.user_emotion for item in items]), ("ending", status)):
        rows: list[Sequence[Cell]] = []
        for group in dict.fromkeys(sorted(of)):
            mine = found[[value == group for value in of]]
            rows.append((group, len(mine), *(float(mine[name].mean()) for name in _CONDUCT)))
        yield table(f"Conduct by {words}", (words, "dialogues", *_CONDUCT.values()), rows)


def subjects(made: Made, found: Clusters) -> Iterator[str]:
    """Yield the clusters, and which services each is about."""
    yield paragraph(str(found))
    yield picture(found.plot)
    services = [item.services for item in made.items]
    rows = []
    for number, size in enumerate(found.sizes):
        common = Counter(name for place in found.members(number) for name in services[place])
        told = ", ".join(f"{name} {count / size:.0%}" for name, count in common.most_common(_SERVICES))
        words, share = ", ".join(found.words[number]), size / len(found.labels)
        rows.append((found.letter(number), found.names[number], size, Bar(share), words, told))
    names = ("cluster", "name", "dialogues", "bar", "words", "planned services")
    yield table("Clusters: what the dialogues are about, by their embeddings", names, rows)
    if not math.isnan(found.silhouette):
        yield paragraph(
            f"The silhouette is {found.silhouette:.2f}: 1 for clusters that are well apart, 0 for none at all."
        )


def samples(dialogs: Sequence[Dialog], found: Clusters) -> Iterator[str]:
    """Yield a dialogue of each of the largest clusters: the one that is nearest to its middle."""
    yield paragraph("From each of the largest clusters the dialogue that is nearest to its middle, as it was made.")
    for number in range(min(_SAMPLES, len(found))):
        dialog = dialogs[found.representative(number)]
        name = rendering.escaped(found.names[number] or "without words")
        yield f'<h3 dir="auto">{found.letter(number)}: {name}</h3>\n{rendering.html(dialog)}'


def beside(dialogs: Sequence[Dialog], reference: Iterable[Dialog]) -> Iterator[str]:
    """Yield how the dialogues differ from others, measure by measure."""
    from sdkit.analysis.comparison import compare
    from sdkit.analysis.statistics import measure

    others = list(reference)
    found = compare({"reference": others, "made": dialogs})
    last = found.columns[-1][0]
    rows: list[Sequence[Cell]] = []
    for name, line in found.iterrows():
        numbers = [float(line[key]) for key in (("reference", "mean"), ("made", "mean"), (last, "Cliff's delta"))]
        chance = float(line[last, "by chance"])
        beyond = "" if math.isnan(chance) else "✗ yes" if abs(numbers[2]) > chance else "✓ no"
        rows.append((measure(str(name)).label, *numbers, beyond))
    yield paragraph(
        f"{counted(len(dialogs), 'dialogue')} against {len(others):,} of a reference. Cliff's delta is the share of "
        "pairs in which the made one has more, less the share in which it has less: 0 is equal, 1 and -1 are apart."
    )
    names = ("measure", "reference, mean", "made, mean", "Cliff's delta", "differs by more than chance")
    yield table("Beside the reference", names, rows)
