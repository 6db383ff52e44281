"""`DialogView`: a dialogue as a chat, with a search, what is known about it, and its text to copy."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets
import traitlets

from sdkit import rendering
from sdkit.dialog import Dialog
from sdkit.rendering import SAFE
from sdkit.widgets.parts import Panel, markup, row

# Who speaks is told by the name and by how far a turn stands from the left.
STYLE = """<style>
.sdkit-dialog-view p { margin: 0; line-height: 1.5; overflow-wrap: anywhere; }
.sdkit-chat { max-height: 36em; overflow-y: auto; border: 1px solid var(--jp-border-color1, GrayText); }
.sdkit-chat ol { list-style-position: inside; margin: 0; padding: 0.5em; line-height: 1.5; }
.sdkit-chat li { --side: 0; margin: 0.4em calc((1 - var(--side)) * 15%) 0.4em calc(var(--side) * 15%);
  padding: 0.3em 0.7em; border: 1px solid var(--jp-border-color1, GrayText); border-radius: 0.7em;
  background: var(--jp-layout-color2, Canvas); }
.sdkit-chat li::marker { font-size: 85%; }
.sdkit-chat [dir] { overflow-wrap: anywhere; }
.sdkit-chat div[dir] { white-space: pre-wrap; }
.sdkit-chat mark { background: #ffe88a; color: #111; text-decoration: underline; }
.sdkit-about summary { cursor: pointer; line-height: 2; }
.sdkit-about dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2em 1em; margin: 0; width: auto;
  line-height: 1.5; }
.sdkit-about dl > * { float: none; width: auto; margin: 0; min-width: 0; overflow-wrap: anywhere; }
.sdkit-about ul, .sdkit-about ol { margin: 0; padding-left: 1.2em; }
.sdkit-about dd { white-space: pre-wrap; }
.sdkit-copy { display: block; line-height: 1.5; }
.sdkit-copy textarea { display: block; box-sizing: border-box; width: 100%; height: 12em; font-family: monospace;
  background: var(--jp-layout-color1, Canvas); color: var(--jp-content-font-color1, CanvasText); }
</style>"""

# JupyterLab takes the keys that are pressed where nothing can be typed for its own shortcuts, unless that says this.
OWN_KEYS = "data-lm-suppress-shortcuts"
_NAMES = {"formatVersion": "Format", "dialogId": "Id", "stop": "Why it ended"}
_COPIES: dict[str, Callable[[Dialog], str]] = {
    "Text": str,
    "Markdown": rendering.markdown,
    "JSON": lambda dialog: dialog.json(string=True, indent=2),
}


class DialogView(Panel):
    """A dialogue as a chat.

    Assign another dialogue to `value`, and that one is shown. What is typed into Search leaves the turns that have it
    in their text or speaker, whatever the case, and marks it. Under "About this dialogue" stands what is known about
    it. A web page may use the clipboard only through JavaScript of its own, so "Copy as" opens a field to copy from.

    Parameters
    ----------
    dialog
        The dialogue.

    Attributes
    ----------
    value : Dialog
        The dialogue that is shown. One that was changed in place is shown as it was: assign a copy.
    errors : dict
        Always empty: nothing can be wrong here.
    """

    value = traitlets.Instance(Dialog)
    errors = traitlets.Dict()

    def __init__(self, dialog: Dialog) -> None:
        super().__init__("Dialogue", "sdkit-dialog-view")
        close: dict[str, Any] = {"layout": {"width": "auto"}, "style": {"description_width": "auto"}}
        self.search = ipywidgets.Text(description="Search", placeholder="in texts and speakers", **close)
        self.copy_as = ipywidgets.Dropdown(description="Copy as", options=["", *_COPIES], **close)
        self.caption, self.found, self.chat, self.about, self.copy = (markup("") for _ in range(5))
        self.body.children = [
            markup(STYLE),
            self.caption,
            row(self.search, self.copy_as),
            self.found,
            self.copy,
            self.chat,
            self.about,
        ]
        self.on_change(self.search, lambda _: self._show_turns())
        self.on_change(self.copy_as, lambda _: self._show_copy())
        self.observe(lambda _: self._show(), "value")
        self.value = dialog

    def static_html(self) -> str:
        """Return the caption, all turns, and what is known about the dialogue."""
        return dialog_html(self.value)

    def _show(self) -> None:
        self.caption.value = _caption_html(self.value)
        self.about.value = about_html(self.value)
        self._show_turns()
        self._show_copy()

    def _show_turns(self) -> None:
        query = self.search.value.strip()
        turns, count = turns_html(self.value, query)
        self.chat.value = chat_html(turns)
        say = f"{count} of {counted(len(self.value))} with “{query}”" if query else ""
        self.found.value = f'<div role="status" class="{SAFE}" dir="auto">{text_html(say)}</div>'

    def _show_copy(self) -> None:
        self.copy.value = ""
        if kind := self.copy_as.value:
            text = _COPIES[kind](self.value)
            self.copy.value = (
                f'<label class="sdkit-copy {SAFE}">The whole dialogue as {kind}. Click into it, then '
                "Ctrl+A selects all and Ctrl+C copies (on a Mac, Cmd instead of Ctrl):"
                f'<textarea readonly dir="auto" {OWN_KEYS}>\n{text_html(text)}</textarea></label>'
            )


def dialog_html(dialog: Dialog) -> str:
    """Return the caption, all turns, and what is known about a dialogue."""
    return f"{_caption_html(dialog)}\n{turns_html(dialog)[0]}\n{about_html(dialog, here=False)}"


def chat_html(turns: str) -> str:
    """Return turns, as `turns_html` makes them, in a box that scrolls, with the mouse and with keys."""
    return f'<div class="sdkit-chat" role="region" aria-label="Turns" tabindex="0" {OWN_KEYS}>{turns}</div>'


def turns_html(
    dialog: Dialog,
    query: str = "",
    labels: Mapping[int, Sequence[str]] | None = None,
    *,
    said: Mapping[int, str] | None = None,
    every: bool = False,
) -> tuple[str, int]:
    """Return the turns that have the query in their text or speaker as an ordered list, and how many they are.

    The turns keep their numbers. The list reads well without any style.

    Parameters
    ----------
    dialog
        The dialogue.
    query
        What is looked for, and marked, whatever the case; all turns have an empty one.
    labels, said
        Labels of turns, and what is said about them, which are shown with the turns that have some; the first is 0.
    every
        Leave in the turns that do not have the query, too.
    """
    pattern = pattern_of(query)
    speakers = dialog.speakers
    sides = {speaker: place / max(1, len(speakers) - 1) for place, speaker in enumerate(speakers)}
    items = []
    for number, turn in enumerate(dialog.turns, start=1):
        name = "(unknown)" if turn.speaker is None else turn.speaker
        if pattern and not every and not (pattern.search(name) or pattern.search(turn.text)):
            continue
        labelled = ", ".join((labels or {}).get(number - 1, ()))
        notes = [f"Labels: {labelled}" if labelled else "", (said or {}).get(number - 1, "")]
        about = "".join(f'<div dir="auto"><i>{text_html(note)}</i></div>' for note in notes if note)
        items.append(
            f'<li value="{number}" style="--side: {sides[turn.speaker]:.3g}"><b dir="auto">{_marked(name, pattern)}</b>'
            f'<div dir="auto">{_marked(turn.text, pattern)}</div>{about}</li>'
        )
    if not items:
        return f"<p>{'No turn has this.' if query and dialog else 'There are no turns.'}</p>", 0
    return f'<ol class="{SAFE}">\n' + "\n".join(items) + "\n</ol>", len(items)


def pattern_of(query: str) -> re.Pattern[str] | None:
    """Return what finds a query in a text, whatever the case; None where there is nothing to look for."""
    return re.compile(re.escape(query), re.IGNORECASE) if query else None


def about_html(dialog: Dialog, here: bool = True) -> str:
    """Return what is known about a dialogue besides its turns, folded in: it opens without a kernel.

    The versions and seconds in its provenance are of this machine, and a printed page should be the same on all.
    """
    known = {name: getattr(dialog, name) for name in type(dialog).model_fields if name not in {"turns", "events"}}
    if dialog.provenance and not here:
        known["provenance"] = dialog.provenance.model_copy(update={"versions": {}, "seconds": None})
    known |= {"stop": dialog.stop and rendering.why(dialog.stop)} | (dialog.model_extra or {})
    entries = [
        f'<dt>{text_html(_NAMES.get(name, name.capitalize()))}</dt><dd dir="auto">{value_html(value)}</dd>'
        for name, value in known.items()
        if value is not None
    ]
    if dialog.events:
        events = "".join(f'<li dir="auto">{text_html(_event_text(event))}</li>' for event in dialog.events)
        entries.append(f"<dt>Events</dt><dd><ol>{events}</ol></dd>")
    return (
        f'<details class="sdkit-about {SAFE}"><summary {OWN_KEYS}>About this dialogue</summary>'
        f"<dl>{''.join(entries)}</dl></details>"
    )


def _caption_html(dialog: Dialog) -> str:
    return f'<p class="{SAFE}" dir="auto">{text_html(rendering.caption(dialog))}</p>'


def value_html(value: Any, depth: int = 0) -> str:
    """Return a value of the metadata: what is in it as a list, what is deeper inside as JSON."""
    if hasattr(value, "model_dump"):
        value = {name: part for name, part in value.model_dump(exclude_none=True, warnings=False).items() if part != {}}
    if isinstance(value, dict) and value and depth < 2:
        inside = "".join(
            f"<li>{text_html(str(name))}: {value_html(part, depth + 1)}</li>" for name, part in value.items()
        )
        return f"<ul>{inside}</ul>"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return text_html(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))


def _event_text(event: Any) -> str:
    what = f"{event.action} ({event.actionLabel})" if event.actionLabel else event.action
    return f"{event.agent}, {what}: {event.text}" if event.agent else f"{what}: {event.text}"


def counted(count: int) -> str:
    """Return how many turns, in words."""
    return f"{count} turn{'s' * (count != 1)}"


def _marked(text: str, pattern: re.Pattern[str] | None) -> str:
    """Return text as HTML, with what matches marked."""
    if pattern is None:
        return text_html(text)
    parts, end = [], 0
    for match in pattern.finditer(text):
        parts += [text_html(text[end : match.start()]), f"<mark>{text_html(match[0])}</mark>"]
        end = match.end()
    return "".join([*parts, text_html(text[end:])])


def sendable(text: str) -> str:
    """Return text with half surrogate pairs, which cannot be sent to a browser, made visible."""
    return text.encode("utf-8", "backslashreplace").decode()


def text_html(text: str) -> str:
    """Return a text as HTML that shows it."""
    return html.escape(sendable(text))
