"""On the STAR data set: how often is the nearest response the chosen one, and how closely do people keep to flowcharts?

Prints how often each way to find the nearest response agrees with the action label, for the shown texts (responses
with their fields filled in) and for the drafts that the wizards typed before they chose; then the adherence of all.
"""

from __future__ import annotations

import argparse
import difflib
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from statistics import fmean
from unittest.mock import patch

from sdkit import nearest
from sdkit.adherence import adherence, nearest_label
from sdkit.datasets.star import StarDataset
from sdkit.dialog import Dialog
from sdkit.flowchart import Flowchart

Charts = tuple[Flowchart, ...]
Case = tuple[Charts, str, str]  # the flowcharts of the dialogue, a text, the label
EVERY = 10  # of the candidates, which are slow, one case in ten
Find = Callable[[str], str | None]


def texts_of(charts: Charts) -> list[tuple[str, str]]:
    nodes = [(node, chart.says(node)) for chart in charts for node in chart.nodes if chart.says(node)]
    return [*nodes, *((label, chart.responses[label]) for chart in charts for label in chart.unused)]


def same_text(charts: Charts, one: str | None, other: str) -> bool:
    """Tell whether two labels are one, or have the same words, as farewells do."""
    texts = dict(texts_of(charts))
    return one == other or (one in texts and nearest.words_of(texts[one]) == nearest.words_of(texts[other]))


def cases(dialogs: Sequence[tuple[Dialog, Charts]]) -> Iterator[tuple[str, Case]]:
    """Yield what was shown, what was drafted before it, and what was typed freely or has a label of its own."""
    for dialog, charts in dialogs:
        known = {label for label, _ in texts_of(charts)}
        draft = None
        for event in dialog.events or []:
            if event.action == "request_suggestions":
                draft = event.text
            elif event.action == "pick_suggestion":
                label = event.actionLabel or ""
                if label in known:
                    yield "shown", (charts, event.text, label)
                    if draft is not None:
                        yield "draft", (charts, draft, label)
                else:
                    yield "custom" if label == "custom" else "label of no response", (charts, event.text, label)
                draft = None
            elif event.action == "utter" and event.agent != "User":
                yield "typed freely", (charts, event.text, "")


def by_ratio(score: Callable[[str, str], float]) -> Callable[[Charts], Find]:
    def make(charts: Charts) -> Find:
        texts = {label: " ".join(nearest.words_of(nearest.without_fields(text))) for label, text in texts_of(charts)}

        def find(text: str) -> str | None:
            said = " ".join(nearest.words_of(text))
            return max(texts, key=lambda label: score(texts[label], said))

        return find

    return make


def by_cosine(charts: Charts, labels: bool = True) -> Find:
    texts = texts_of(charts)
    names = [label for label, _ in texts]
    index = nearest.Nearest((label if labels else str(i), text) for i, (label, text) in enumerate(texts))

    def find(text: str) -> str | None:
        label, _ = index.find(text)
        return label if labels or label is None else names[int(label)]

    return find


def candidates() -> dict[str, Callable[[Charts], Find]]:
    ways = {
        "words and three letters, with labels": by_cosine,
        "words and three letters": lambda charts: by_cosine(charts, labels=False),
        "words, with labels": by_cosine,
        "words": lambda charts: by_cosine(charts, labels=False),
        "difflib, ratio": by_ratio(lambda a, b: difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()),
    }
    try:
        from rapidfuzz import fuzz
    except ImportError:
        print("(rapidfuzz is not installed: not compared)")
        return ways
    return ways | {
        f"rapidfuzz, {name}": by_ratio(getattr(fuzz, name)) for name in ("ratio", "token_set_ratio", "WRatio")
    }


def compare(found: dict[str, list[Case]]) -> None:
    print(f"\n{'nearest response, at any distance':<40}{'shown':>8}{'draft':>8}{'µs each':>9}")
    for name, make in candidates().items():
        words_only = name.startswith("words") and "three" not in name
        pieces = patch.object(nearest, "_pieces", lambda text: Counter(nearest.words_of(text)))
        with pieces if words_only else nullcontext():
            finds: dict[tuple[str, ...], Find] = {}
            shares, started, count = [], time.perf_counter(), 0
            for kind in ("shown", "draft"):
                right = 0
                for charts, text, label in found[kind][::EVERY]:
                    key = tuple(chart.task for chart in charts)
                    find = finds.get(key) or finds.setdefault(key, make(charts))
                    right += same_text(charts, find(text), label)
                    count += 1
                shares.append(right / len(found[kind][::EVERY]))
            each = (time.perf_counter() - started) / count * 1e6
        print(f"{name:<40}{shares[0]:>8.1%}{shares[1]:>8.1%}{each:>9.0f}", flush=True)


def agreement(found: dict[str, list[Case]]) -> None:
    print(
        f"\n{'as used: near from ' + str(nearest.NEAR) + ' on':<24}{'turns':>8}{'agree':>8}{'other':>8}{'no label':>10}"
    )
    for kind, each in sorted(found.items(), key=lambda item: -len(item[1])):
        results = [(nearest_label(text, charts)[0], charts, label) for charts, text, label in each]
        none = sum(label is None for label, _, _ in results) / len(each)
        if kind in ("shown", "draft"):
            right = sum(same_text(charts, one, other) for one, charts, other in results) / len(each)
            print(f"{kind:<24}{len(each):>8}{right:>8.1%}{1 - right - none:>8.1%}{none:>10.1%}")
        else:
            print(f"{kind:<24}{len(each):>8}{'':>8}{1 - none:>8.1%}{none:>10.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("star", help="the folder of the STAR data set: that with dialogues/ and tasks/")
    star = StarDataset(parser.parse_args().star)
    flowcharts = {task: star.flowchart(task) for task in star.tasks()}
    dialogs: list[tuple[Dialog, Charts]] = []
    groups: dict[int, tuple[str, str]] = {}
    for number, dialog in enumerate(star.get_dialogs()):
        about = dialog.scenario
        assert isinstance(about, dict)
        tasks = list(dict.fromkeys(star.get_dialog_task_names(dialog.dialogId)))
        dialogs.append((dialog, tuple(flowcharts[task] for task in tasks)))
        name = f"{'happy' if about['Happy'] else 'unhappy'}, {'several tasks' if about['MultiTask'] else 'one task'}"
        groups[number] = (name, tasks[0] if len(tasks) == 1 and about["Happy"] else "")

    found: dict[str, list[Case]] = defaultdict(list)
    for kind, case in cases(dialogs):
        found[kind].append(case)
    compare(found)
    agreement(found)

    for labels in ("action", "nearest"):
        shares: dict[str, list[float]] = defaultdict(list)
        kinds: dict[str, Counter[str]] = defaultdict(Counter)
        by_task: dict[str, list[float]] = defaultdict(list)
        started = time.perf_counter()
        for number, (dialog, charts) in enumerate(dialogs):
            result = adherence(dialog, charts, labels="nearest" if labels == "nearest" else "action")
            if result.share is not None:
                group, task = groups[number]
                shares[group].append(result.share)
                kinds[group].update(step.kind for step in result.steps)
                by_task[task].append(result.share)
        each = (time.perf_counter() - started) / len(dialogs) * 100
        print(f"\nadherence, labels={labels!r} ({each:.2f} s for 100 dialogues)")
        for group, values in shares.items():
            total = kinds[group].total()
            steps = ", ".join(f"{kind} {count / total:.0%}" for kind, count in kinds[group].most_common())
            print(f"  {group:<24}{len(values):>6}{fmean(values):>8.1%}   of all turns: {steps}")
        tasks = sorted((task, fmean(values)) for task, values in by_task.items() if task)
        print("  happy, one task: " + ", ".join(f"{task} {share:.0%}" for task, share in tasks))


if __name__ == "__main__":
    main()
