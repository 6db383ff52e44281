"""How far a class is, as a page for a browser."""

from __future__ import annotations

from sdkit import web_page
from sdkit.rendering import escaped, table
from sdkit.teaching.class_summary import LEGEND, StepSummary, Summary, number, stuck_table

_STYLE = """
body { max-width: 72rem; }
.bar { display: flex; width: 11rem; height: 0.9rem; border: 1px solid var(--line); }
.bar span { min-width: 0; }
.done { background: var(--green); }
.not-yet { background: repeating-linear-gradient(45deg, var(--yellow) 0 3px, var(--back) 3px 6px); }
.count { white-space: nowrap; }
@media print { .bar span { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def page(summary: Summary) -> str:
    """Return the report: one HTML file, that needs nothing else."""
    students = f"{summary.students} {'student' if summary.students == 1 else 'students'}"
    body = [
        f"<h1>How far the class is</h1>\n<p>{students} handed in. A student is a random number: nobody is named.</p>"
    ]
    if summary.steps:
        signs = "<p>● done (filled), ◐ not yet (striped), ○ not started (empty).</p>"
        body.append(f"<h2>By step</h2>\n{signs}\n{_steps(summary)}\n<p>{escaped(LEGEND)}</p>")
    else:
        body.append("<p>Nobody has begun an exercise.</p>")
    if summary.untouched:
        body.append(f"<p>Nobody has begun: {escaped(', '.join(summary.untouched))}.</p>")
    stuck = stuck_table(summary)
    told = f'<div class="wide" tabindex="0">{table(stuck.names, stuck.rows)}</div>' if stuck.rows else "<p>Nobody.</p>"
    body.append(
        f"<h2>Who is stuck where</h2>\n<p>Who has checked a step and is not done; most checks first.</p>\n{told}"
    )
    if summary.left_out:
        lines = "\n".join(f'<li dir="auto">{escaped(line)}</li>' for line in summary.left_out)
        body.append(f"<h2>Left out</h2>\n<ul>\n{lines}\n</ul>")
    return web_page.page("How far the class is", "<main>\n" + "\n".join(body) + "\n</main>", _STYLE)


def _steps(summary: Summary) -> str:
    names = ("exercise", "step", "so far", "", "checks", "hints", "minutes", "solutions", "missing most often")
    heads = "".join(f'<th scope="col">{name or "in numbers"}</th>' for name in names)
    rows = "\n".join(f"<tr>{_row(step)}</tr>" for step in summary.steps)
    inner = f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    return f'<div class="wide" tabindex="0">{inner}</div>'


def _row(step: StepSummary) -> str:
    cells = [number(step.checks), number(step.hints), number(step.minutes), str(step.solutions), step.missing]
    told = f"● {step.done}&ensp;◐ {step.not_yet}&ensp;○ {step.not_started}"
    return (
        f'<td>{escaped(step.exercise)}</td><td dir="auto">{escaped(step.title)}</td><td>{_bar(step)}</td>'
        f'<td class="count">{told}</td>' + "".join(f'<td dir="auto">{escaped(cell)}</td>' for cell in cells)
    )


def _bar(step: StepSummary) -> str:
    """Return a bar; what it says is in the cell beside it, so it is not read aloud."""
    shares = {"done": step.done, "not-yet": step.not_yet, "not-started": step.not_started}
    pieces = "".join(f'<span class="{name}" style="flex: {count}"></span>' for name, count in shares.items() if count)
    return f'<div class="bar" aria-hidden="true">{pieces}</div>'
