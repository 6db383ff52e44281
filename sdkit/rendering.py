"""Dialogues as terminal text, Markdown and HTML: pure functions, everything escaped.

What a model wrote is untrusted: in HTML and Markdown it cannot become markup, on a terminal it cannot move the cursor.
"""

from __future__ import annotations

import html as html_escapes
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sdkit.dialog import Dialog, Stop

LINE_BREAK = r"\r\n|[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]"
"""What any common tool takes for the end of a line."""

SAFE = "mathjax_ignore tex2jax_ignore"
"""The classes of HTML in which no formulas are looked for: a "$" is a "$"."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~$&:@])")
_TAG_COLOURS = (31, 32, 33, 34, 35, 36, 90)  # ANSI: red, green, yellow, blue, magenta, cyan, grey
_META_COLOUR = 35


def one_line(text: str) -> str:
    """Return the text with each line break made a space."""
    return re.sub(LINE_BREAK, " ", text)


def shown(text: str) -> str:
    """Return the text on one line, with control characters made visible; it is not escaped."""
    return _printable(one_line(text))


def escaped(text: str) -> str:
    """Return the text for HTML: escaped, on one line, with control characters made visible."""
    return html_escapes.escape(shown(text))


def table(names: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return an HTML table of texts, which are escaped; `names` are those of its columns."""
    left = 'style="text-align: left"'
    heads = "".join(f'<th scope="col" {left}>{escaped(name)}</th>' for name in names)
    lines = ("".join(f'<td dir="auto" {left}>{escaped(cell)}</td>' for cell in row) for row in rows)
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def figure(kind: str, caption: str, content: str) -> str:
    """Return content under a caption, both HTML, as a figure of the class "sdkit-KIND"."""
    return (
        f'<figure class="sdkit-{kind} {SAFE}" style="margin: 0.5em 0">\n'
        f"<figcaption>{caption}</figcaption>\n{content}\n</figure>"
    )


def transcript(dialog: Dialog, turn_template: str = "{speaker}: {text}") -> str:
    """Return the dialogue as plain text, one line a turn."""
    return "\n".join(turn_template.format(speaker=turn.speaker, text=one_line(turn.text)) for turn in dialog.turns)


def wants_colour() -> bool:
    """Tell whether what is printed now lands on a terminal or in a notebook, and NO_COLOR is not set."""
    if os.environ.get("NO_COLOR"):
        return False
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return type(shell).__name__ == "ZMQInteractiveShell" or bool(getattr(sys.stdout, "isatty", lambda: False)())


def terminal(dialog: Dialog, scenario: bool = False, orchestration: bool = False, colour: bool = False) -> str:
    """Return the dialogue as `Dialog.print` prints it: the metadata that is set, then the turns (or events)."""

    def painted(text: str, code: int = _META_COLOUR) -> str:
        return f"\x1b[1;{code}m{text}\x1b[0m" if colour else text

    def tag(name: object, code: int = _META_COLOUR) -> str:
        return painted(_printable(f"[{name}]"), code)

    lines = [
        f"{tag(name)} {_printable(str(value))}"
        for name, value in (
            ("dialog_id", dialog.dialogId),
            ("complete", None if dialog.complete else dialog.complete),  # that it is complete goes without saying
            ("model", dialog.model),
            ("seed", dialog.seed),
        )
        if value is not None
    ]
    if scenario and dialog.scenario is not None:
        lines += [f"{tag('scenario')} ", _printable(_data_text(dialog.scenario))]
    if scenario and dialog.personas:
        lines += [f"{tag('personas')} ", _printable(_data_text(dialog.personas))]
    lines.append(painted("--- Dialogue Begins ---"))
    said = list(_events(dialog) if orchestration else ((turn.speaker, turn.text) for turn in dialog.turns))
    colours = {
        name: _TAG_COLOURS[i % len(_TAG_COLOURS)] for i, name in enumerate(sorted({str(who) for who, _ in said}))
    }
    lines += [f"{tag(who, colours[str(who)])} {_printable(text)}" for who, text in said]
    lines.append(painted("--- Dialogue Ends ---"))
    if dialog.stop:
        lines.append(f"{tag('stop')} {_printable(why(dialog.stop))}")
    return "\n".join(lines)


def markdown(dialog: Dialog) -> str:
    """Return the dialogue as a numbered Markdown list under a caption."""
    lines = [f"*{_md(caption(dialog))}*", ""]
    lines += [f"{i}. **{_md(str(turn.speaker))}:** {_md(turn.text)}" for i, turn in enumerate(dialog.turns, start=1)]
    return "\n".join(lines)


def html(dialog: Dialog) -> str:
    """Return the dialogue as semantic HTML, a captioned ordered list, that reads well without any style."""
    turns = "\n".join(
        f'<li><b dir="auto">{_html(str(turn.speaker))}</b>: <span dir="auto">{_html(turn.text)}</span></li>'
        for turn in dialog.turns
    )
    about = "".join(
        f'<details><summary>{title}</summary><pre dir="auto">{_html(_data_text(data))}</pre></details>\n'
        for title, data in (("Scenario", dialog.scenario), ("Personas", dialog.personas))
        if data is not None
    )
    end = f'\n<p dir="auto">Ended: {_html(why(dialog.stop))}</p>' if dialog.stop else ""
    return figure("dialog", _html(caption(dialog)), f'{about}<ol style="line-height: 1.5">\n{turns}\n</ol>{end}')


def persona_markdown(caption: str, said: str | list[tuple[str, str]]) -> str:
    """Return a persona as Markdown: a list of labels and texts, or a text of its own, under a caption."""
    if isinstance(said, str):
        return f"*{_md(caption)}*\n\n{_md(said)}"
    return "\n".join([f"*{_md(caption)}*", "", *(f"- **{_md(label)}:** {_md(text)}" for label, text in said)])


def persona_html(caption: str, said: str | list[tuple[str, str]]) -> str:
    """Return a persona as semantic HTML: a list of labels and texts, or a text of its own, under a caption."""
    if isinstance(said, str):
        body = f'<p dir="auto">{_html(said)}</p>'
    else:
        lines = "\n".join(f'<li dir="auto"><b>{_html(label)}</b>: {_html(text)}</li>' for label, text in said)
        body = f'<ul style="line-height: 1.5">\n{lines}\n</ul>'
    return figure("persona", _html(caption), body)


def why(stop: Stop) -> str:
    """Say why a dialogue has ended: of which kind the reason is, and the reason."""
    kind = stop.kind.replace("_", " ")
    return f"{kind}: {stop.reason}" if stop.reason else kind


def caption(dialog: Dialog) -> str:
    """Say in a line what the dialogue is: its id, length, speakers, model, seed, and whether it was replayed."""
    length = f"{len(dialog)} turn{'s' * (len(dialog) != 1)}"
    parts = [f"Dialogue{'' if dialog.dialogId is None else f' {dialog.dialogId}'}: {length}"]
    if dialog.turns:
        parts.append("between " + " and ".join(str(speaker) for speaker in dialog.speakers))
    made = dialog.provenance
    # A lesson's model is a placeholder: here is the place to say who it was.
    if (model := made.model if made and made.model else dialog.model) is not None:
        parts.append(f"by {model}")
    if dialog.seed is not None:
        parts.append(f"seed {dialog.seed}")
    if made and made.replayed is not None:
        parts.append("replayed" if made.replayed else "live")
    return ", ".join(parts)


def _events(dialog: Dialog) -> Iterator[tuple[str | None, str]]:
    for event in dialog.events or []:
        label = f" ({event.actionLabel})" if event.actionLabel else ""
        yield event.agent, event.text if event.action == "utter" else f"<{event.action}{label}> {event.text}"


def _data_text(data: Any) -> str:
    return data if isinstance(data, str) else json.dumps(data, indent=2, ensure_ascii=False, default=str)


def _printable(text: str) -> str:
    """Make control characters and half surrogate pairs visible, so that no text can recolour or stop a terminal."""
    return _CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


def _html(text: str) -> str:
    return re.sub(LINE_BREAK, "<br>", html_escapes.escape(text))


def _md(text: str) -> str:
    return re.sub(
        LINE_BREAK, "<br>", _MARKDOWN.sub(lambda match: "&amp;" if match[0] == "&" else f"\\{match[0]}", text)
    )
