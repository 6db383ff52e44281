"""What the model reads of a persona that is being edited, and what a printed page shows of the form."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping

from sdkit.personas import BasePersona
from sdkit.rendering import SAFE

HEADING = "What the model reads"

_SAFE = f'class="{SAFE}" dir="auto"'


def reads_html(persona: BasePersona | None, errors: Mapping[str, str], focusable: bool = True) -> str:
    """Return as HTML what the model reads.

    Parameters
    ----------
    persona
        The last valid one, if there has been any.
    errors
        What stands in the way of the next, by the path of the field.
    focusable
        Whether a long text can be scrolled with the keys.
    """
    text = note = ""
    if persona is None:
        note = f"Nothing yet. {to_mend(errors)}."
    else:
        try:
            text = str(persona).encode("utf-8", "backslashreplace").decode()  # half surrogate pairs cannot be sent
            note = "" if text else "Nothing: no field is given."
        except Exception as error:  # noqa: BLE001 - a description() of the user's own may raise anything
            note = f"⚠ {type(persona).__name__}.description() failed: {type(error).__name__}: {error}"
        if errors:
            note = f"⚠ As it was when it was last valid. {to_mend(errors)}."
    opening = f'<pre tabindex="0" role="group" aria-label="{HEADING}">' if focusable else "<pre>"
    body = f"{opening}{html.escape(text)}</pre>" if text else ""
    about = f"<p>{_plain(note)}</p>" if note else ""
    return f"<div {_SAFE}><b>{HEADING}</b>{about}{body}</div>"


def static_html(fields: Iterable[tuple[str, str]], persona: BasePersona | None, errors: Mapping[str, str]) -> str:
    """Return the labels and texts of a form as a table, what is wrong with it, and what the model reads."""
    rows = [f'<tr><th scope="row">{_plain(label)}</th><td>{_plain(text)}</td></tr>' for label, text in fields]
    wrong = [f"<li>{_plain(to_mend({path: problem}))}</li>" for path, problem in errors.items()]
    parts = ["<table>", *rows, "</table>"] if rows else []
    parts += ["<p>To mend:</p>", "<ul>", *wrong, "</ul>"] if wrong else []
    return "\n".join([f"<div {_SAFE}>", *parts, reads_html(persona, errors, focusable=False), "</div>"])


def to_mend(errors: Mapping[str, str]) -> str:
    """Say in a line what stands in the way first."""
    path, problem = next(iter(errors.items()), ("", ""))
    return f"{path}: {problem}" if path else problem


def named(persona: BasePersona) -> str:
    """Say who it is, and of which class."""
    kind = type(persona).__name__
    return f"the {kind}" if persona.label == kind else f"the {kind} {persona.label}"


def answered(persona: BasePersona) -> str:
    """Say which model filled a persona, and with which seed."""
    made = persona.provenance
    if made is None:
        return "Filled."
    return f"Filled by {made.model}, seed {made.seed}{', replayed from a recording' if made.replayed else ''}."


def _plain(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")
