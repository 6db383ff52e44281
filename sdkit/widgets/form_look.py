"""How a form looks: what all its controls share, their labels, and what stands beside them."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any, NamedTuple

import ipywidgets

from sdkit.rendering import SAFE
from sdkit.widgets.form_types import Spec

STYLE = """<style>
.sdkit-form > * { flex: none; }
.sdkit-form .widget-inline-hbox { height: auto; min-width: 0; }
.sdkit-form .widget-inline-hbox > .widget-label { width: 10em; flex: none; height: auto; margin: 0;
  box-sizing: border-box; padding: 0.35em 0.8em 0.35em 0; line-height: 1.25; text-align: left;
  white-space: normal; overflow-wrap: anywhere; }
.sdkit-form .widget-checkbox .widget-label-basic { height: auto; overflow: visible; white-space: normal;
  overflow-wrap: anywhere; line-height: 1.25; align-items: flex-start; }
.sdkit-form .widget-html, .sdkit-form .widget-html-content { height: auto; min-height: 0; margin: 0; }
.sdkit-form select { height: 28px; }
.sdkit-form .sdkit-note { margin: 0 0 0.35em 10em; line-height: 1.35; overflow-wrap: anywhere; }
.sdkit-form .sdkit-help { font-size: 0.92em; color: var(--jp-content-font-color2, GrayText); }
.sdkit-form .sdkit-section { padding: 0.3em 0 0.6em 0.8em;
  border-left: 3px solid var(--jp-border-color2, currentColor); }
.sdkit-form .sdkit-hidden, .sdkit-form .sdkit-lock span { font-size: 0; }
.sdkit-form .sdkit-lock, .sdkit-form .sdkit-lock label { height: 28px; margin: 0; align-items: center !important; }
</style>"""


class Look:
    """The layouts and styles of a form. All its controls share them: each of their own would take time to make."""

    def __init__(self) -> None:
        self.control = ipywidgets.Layout(width="auto", margin="0")
        self.wide = ipywidgets.Layout(width="auto", margin="0", grid_area="auto / 1 / auto / -1")
        self.text = ipywidgets.Text().style
        self.choice = ipywidgets.Dropdown().style
        self.tick = ipywidgets.Checkbox().style
        self.html = ipywidgets.HTML().style


class Beside(NamedTuple):
    """What stands to the right of the controls: a heading, and what makes a widget from what is known about a field."""

    heading: str
    make: Callable[[Spec], Any]


def named(label: str, within: str = "") -> dict[str, Any]:
    """Return how a control gets its label.

    Parameters
    ----------
    label
        The label. Dollars and backslashes in it are no mathematics.
    within
        The labels of the sections that it is in: not seen, but read out by screen readers.
    """
    if not within and "$" not in label and "\\" not in label:
        return {"description": label}
    hidden = f'<span class="sdkit-hidden">{_inert(within)}: </span>' if within else ""
    text = f'<span class="{SAFE}">{hidden}{_inert(label)}</span>'
    return {"description": text, "description_allow_html": True}


def _inert(text: str) -> str:
    """Return a text as HTML in which JupyterLab's sanitiser, too, finds no mathematics."""
    return html.escape(text).replace("$", "&#36;").replace("\\", "&#92;").replace("`", "&#96;")


def close(widget: Any) -> None:
    """Close a widget and all that is in it: nobody will show them again."""
    for child in getattr(widget, "children", ()):
        close(child)
    if widget is not None:
        widget.close()
