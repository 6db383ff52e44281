"""How `ScenarioBrowser` shows scenarios, dialogues and their ways through flowcharts: HTML with everything escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sdkit.adherence import Adherence, adherence
from sdkit.datasets.star_files import Scenario
from sdkit.dialog import Dialog
from sdkit.errors import InputError
from sdkit.flowchart import Flowchart
from sdkit.rendering import SAFE
from sdkit.widgets.dialog_view import OWN_KEYS, dialog_html, text_html

# A wide chart takes a line of its own: its picture alone makes its pane wide, and not the texts around it.
STYLE = """<style>
.sdkit-scenario-browser { max-width: 100em; }
.sdkit-browser-pane { flex: 1 1 20em; min-width: 0; }
.sdkit-browser-charts { flex: 0 1 auto; min-width: 18em; max-width: 100%; }
.sdkit-scenario-browser .widget-html-content { min-width: 0; overflow-wrap: anywhere; }
.sdkit-scenario-browser p { margin: 0; line-height: 1.5; }
.sdkit-scenario-browser summary { cursor: pointer; line-height: 2; }
.sdkit-browser-pane ol, .sdkit-browser-pane ul { padding-left: 1.8em; margin: 0.3em 0; line-height: 1.5; }
.sdkit-browser-pane dd, .sdkit-browser-pane div[dir] { white-space: pre-wrap; }
.sdkit-browser-pane dl { margin: 0; line-height: 1.5; }
.sdkit-browser-pane dl > * { float: none; width: auto; margin: 0; padding: 0; }
.sdkit-browser-pane dt { font-weight: bold; }
.sdkit-browser-pane dl:not(.sdkit-browser-facts) > dt { margin-top: 0.4em; }
.sdkit-browser-pane .sdkit-browser-facts { display: grid; grid-template-columns: max-content 1fr; gap: 0 1em; }
.sdkit-browser-read { max-height: 44em; overflow-y: auto; padding: 0.3em 0.6em;
  border: 1px solid var(--jp-border-color1, GrayText); }
.sdkit-browser-drawn { display: flex; flex-flow: row wrap; gap: 0 1.5em; }
.sdkit-browser-drawn > div { min-width: 18em; max-width: 100%; }
.sdkit-browser-drawn :is(figcaption, details:not([open]), p) { width: 0; min-width: 100%; line-height: 1.5; }
.sdkit-browser-drawn summary { line-height: 1.5; }
.sdkit-browser-drawn th, .sdkit-browser-drawn td { vertical-align: top; padding: 0 0.7em 0 0; line-height: 1.5; }
.sdkit-browser-drawn td:last-child { white-space: nowrap; }
</style>"""

SCENARIO, REAL, SYNTHETIC, CHARTS = "scenario", "real", "synthetic", "charts"


def panes_html(
    dialog: Dialog,
    instructions: Mapping[int, str],
    charts: Sequence[Flowchart],
    synthetic: Dialog | None = None,
    made_from: str = "",
) -> dict[str, str]:
    """Return what the panes show of a dialogue, and of the one that was made for its scenario, if there is one."""
    found, other = _adherence(dialog, charts), None
    texts = {SCENARIO: _scenario_html(dialog, instructions), REAL: _read_html("Real dialogue", dialog, found)}
    if synthetic is not None:
        other = _adherence(synthetic, charts)
        texts[SYNTHETIC] = _read_html(f"Synthetic dialogue, from {made_from}", synthetic, other)
    return texts | {CHARTS: _charts_html(charts, found, other)}


def _adherence(dialog: Dialog, charts: Sequence[Flowchart]) -> Adherence | str:
    """Return the adherence of a dialogue, or why there is none."""
    try:
        return adherence(dialog, charts)
    except InputError as error:  # a generator of the user's own has other speakers
        return str(error)


def _scenario_html(dialog: Dialog, instructions: Mapping[int, str]) -> str:
    scenario = Scenario.of(dialog.scenario if isinstance(dialog.scenario, dict) else {})
    facts = {
        "Tasks": ", ".join(scenario.tasks),
        "Domains": ", ".join(scenario.domains) or "none",
        "Happy": "yes" if scenario.Happy else "no",
        "Multi-task": "yes" if scenario.MultiTask else "no",
        "Complete": "yes" if dialog.complete else "no",
    }
    told = {"The user was told": [scenario.UserTask], "The assistant was told": [scenario.WizardTask]}
    if instructions:
        told["The user was told on the way"] = [
            f"{f'After their turn {said}' if said else 'Before their first turn'}: {text}"
            for said, text in instructions.items()
        ]
    short = "\n".join(f'<dt>{name}</dt><dd dir="auto">{text_html(text)}</dd>' for name, text in facts.items())
    long = "\n".join(
        f"<dt>{name}</dt>" + "".join(f'<dd dir="auto">{text_html(text)}</dd>' for text in texts)
        for name, texts in told.items()
    )
    return _region("Scenario", f'<dl class="sdkit-browser-facts">\n{short}\n</dl>\n<dl>\n{long}\n</dl>')


def _read_html(title: str, dialog: Dialog, found: Adherence | str) -> str:
    return _region(title, f"{_found_html(found)}\n{dialog_html(dialog)}")


def _found_html(found: Adherence | str) -> str:
    if isinstance(found, str):
        return f"<p>Adherence: {text_html(found)}</p>"
    by = ""
    if found.steps:
        by = ", by action label" if all(step.similarity is None for step in found.steps) else ", by nearest response"
    text = f"<p>Adherence{by}: {text_html(found.summary())}.</p>"
    others = [
        f'<li dir="auto">Turn {step.turn + 1}, {text_html(step.label or "no label")}: {text_html(step.why)}</li>'
        for step in found.steps
        if not step.followed
    ]
    if others:
        text += "\n<details><summary>Turns that do not follow</summary><ul>\n" + "\n".join(others) + "\n</ul></details>"
    return text


def _charts_html(charts: Sequence[Flowchart], found: Adherence | str, other: Adherence | str | None = None) -> str:
    drawn = []
    for chart in charts:
        figure = chart.html(way := _path(found, chart))
        drawn.append((_title(way, "real dialogue"), figure))
        if other is not None:
            also = chart.html(way := _path(other, chart))
            if also == figure:  # the same picture twice would have the same ids twice
                also = "<p>It is the same path.</p>" if way else ""
            drawn.append((_title(way, "synthetic dialogue"), also))
    figures = "\n".join(f"<div><p><b>{title}</b></p>\n{figure}</div>" for title, figure in drawn)
    return f'<div class="sdkit-browser-drawn" {OWN_KEYS}>\n{figures}\n</div>'


def _title(way: Sequence[str], whose: str) -> str:
    return f"Flowchart: {'path' if way else 'no step'} of the {whose}"


def _path(found: Adherence | str, chart: Flowchart) -> Sequence[str]:
    return [] if isinstance(found, str) else found.path.get(chart.task, [])


def _region(title: str, content: str) -> str:
    """Return a part that can be scrolled, with the keyboard too."""
    return (
        f'<p><b>{text_html(title)}</b></p>\n<div class="sdkit-browser-read {SAFE}" role="region" '
        f'aria-label="{text_html(title)}" tabindex="0" {OWN_KEYS}>\n{content}\n</div>'
    )
