"""`ClusterMap`: what a set of dialogues is about, as a map, cluster by cluster, with the dialogues to read."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import ipywidgets
import traitlets

from sdkit.analysis.clustering import Clusters
from sdkit.dialog import Dialog
from sdkit.errors import InputError
from sdkit.rendering import SAFE
from sdkit.widgets import cluster_parts as parts
from sdkit.widgets.dialog_view import STYLE as CHAT_STYLE
from sdkit.widgets.dialog_view import text_html
from sdkit.widgets.parts import Panel, button, markup, row


class ClusterMap(Panel):
    """Dialogues on a map, where those that are alike stand near each other, and what each cluster of them is about.

    A cluster that is chosen is shown with its words and its dialogues; a dialogue that is chosen, in the list or on the
    map, with its turns.

    Parameters
    ----------
    clusters
        What `sdkit.analysis.clustering.clusters` has found.
    dialogs
        The dialogues in which it was found, in the same order.

    Attributes
    ----------
    value : Dialog
        The dialogue that is shown. `show` shows another one.
    cluster : ipywidgets.Dropdown
        Which cluster is looked at, by its number from 0.
    errors : dict
        Always empty: nothing can be wrong here.

    Raises
    ------
    InputError
        It is no such thing, or there are more or fewer dialogues.
    """

    value = traitlets.Instance(Dialog, allow_none=True)
    errors = traitlets.Dict()

    def __init__(self, clusters: Clusters, dialogs: Iterable[Dialog]) -> None:
        if not isinstance(clusters, Clusters):
            raise InputError(f"{str(clusters)[:80]!r} are no clusters; give what clusters(dialogs) returned")
        self.clusters, self.dialogs = clusters, _checked(dialogs, len(clusters.labels))
        self._at = -1
        self._busy = False
        super().__init__("Cluster map", "sdkit-cluster-map")
        close: dict[str, Any] = {"layout": {"width": "auto"}, "style": {"description_width": "auto"}}
        names = [(f"{parts.title(clusters, i)} ({size:,})", i) for i, size in enumerate(clusters.sizes)]
        self.cluster = ipywidgets.Dropdown(description="Cluster", options=names, **close)
        # For the mouse: JupyterLab takes the arrow keys in a list for itself. The buttons are for the keyboard.
        self.choice = ipywidgets.Select(description="Dialogues", rows=6, tabbable=False, layout={"width": "auto"})
        self.previous_button, self.next_button = button("Previous"), button("Next")
        self.map, self.about, self.listing, self.dialog = (markup("") for _ in range(4))
        self.buttons = self._buttons()
        drawn = ipywidgets.Box([self.map, *self.buttons]).add_class("sdkit-cluster-drawn")
        picture = ipywidgets.VBox([drawn]).add_class("sdkit-cluster-picture")
        turning = row(self.previous_button, self.next_button)
        beside = ipywidgets.VBox([self.cluster, self.about, self.choice, turning, self.listing])
        top = ipywidgets.HBox(
            [picture, beside.add_class("sdkit-cluster-beside")],
            layout={"flex_flow": "row wrap", "grid_gap": "0.3em 1em", "align_items": "flex-start"},
        )
        self.body.children = [
            markup(parts.STYLE + CHAT_STYLE),
            markup(f'<p class="{SAFE}" dir="auto">{text_html(_summary(clusters))}</p>'),
            top,
            self.dialog,
        ]
        self.on_change(self.cluster, self._choose_cluster)
        self.on_change(self.choice, self._choose)
        self.on_click(self.previous_button, partial(self._turn, -1))
        self.on_click(self.next_button, partial(self._turn, 1))
        self.show(clusters.representative(0))

    def show(self, dialog: int | str) -> None:
        """Show a dialogue, and its cluster.

        Parameters
        ----------
        dialog
            Its place, from 0, or its id.

        Raises
        ------
        InputError
            There is none.
        """
        ids = [each.dialogId for each in self.dialogs]
        at = ids.index(dialog) if dialog in ids else dialog
        if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at < len(ids):
            raise InputError(
                f"there is no dialogue {str(dialog)[:40]!r}; there are 0 to {len(ids) - 1}, by place or by id"
            )
        number = int(self.clusters.labels[at])
        options = parts.listed(self.clusters, number, self.dialogs, at)
        self._at, self._busy = at, True  # what is set now comes from here, and asks for nothing
        try:
            self.cluster.value = number
            if list(self.choice.options) != options:
                self.choice.options = options
            self.choice.value = at
        finally:
            self._busy = False
        listed = [place for _, place in options]
        self.previous_button.disabled, self.next_button.disabled = at == listed[0], at == listed[-1]
        self.map.value = parts.svg(self.clusters, number, at)
        self.about.value = parts.cluster_html(self.clusters, number)
        self.listing.value = parts.listing_html(self.clusters, number)
        self.dialog.value = parts.dialog_html(self.dialogs[at])
        self.value = self.dialogs[at]

    def static_html(self) -> str:
        """Return the summary, the map, and a table of the clusters."""
        pieces = [
            f"<p><b>Cluster map</b>: {text_html(_summary(self.clusters))}</p>",
            parts.svg(self.clusters),
            parts.table_html(self.clusters, self.dialogs),
        ]
        return f'<div class="{SAFE}">' + "\n".join(pieces) + "</div>"

    def _choose_cluster(self, number: int | None) -> None:
        if number is not None and not self._busy:
            self.show(self.clusters.representative(number))

    def _choose(self, at: int | None) -> None:
        if at is not None and not self._busy and at != self._at:
            self.show(at)

    def _turn(self, step: int) -> None:
        listed = [place for _, place in self.choice.options]
        self.show(listed[min(max(0, listed.index(self._at) + step), len(listed) - 1)])

    def _buttons(self) -> list[Any]:
        """Return a button without a face for each mark of the map, if they are few: the keyboard has the lists."""
        where = parts.places(self.clusters) if len(self.dialogs) <= parts.ROOMY else []
        style = ipywidgets.Button().style
        found = []
        for at, (x, y) in enumerate(where):
            place = {"left": f"{100 * x / parts.WIDE:.4g}%", "top": f"{100 * y / parts.HIGH:.4g}%"}
            name = f"{at + 1}. {parts.beginning(self.dialogs[at])}"  # read out, and seen where the mouse stands
            control = ipywidgets.Button(description=name, tooltip=name, tabbable=False, layout=place, style=style)
            self.on_click(control, partial(self.show, at))
            found.append(control)
        return found


def _summary(clusters: Clusters) -> str:
    several = f"{len(clusters)} cluster{'s' * (len(clusters) != 1)}"
    return (
        f"{len(clusters.labels):,} dialogues in {several}. Dialogues that are alike stand near each other; how far "
        "apart clusters stand means little."
    )


def _checked(dialogs: Any, count: int) -> list[Dialog]:
    known = list(dialogs) if isinstance(dialogs, Iterable) and not isinstance(dialogs, str | Dialog) else []
    if len(known) != count:
        raise InputError(
            f"the clusters are of {count} dialogues, and these are {len(known)}; give those of the clusters"
        )
    for number, dialog in enumerate(known, start=1):
        if not isinstance(dialog, Dialog):
            raise InputError(f"number {number} is no dialogue: {str(dialog)[:80]!r}")
    return known
