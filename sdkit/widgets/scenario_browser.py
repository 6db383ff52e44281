"""`ScenarioBrowser`: scenarios of STAR, their flowcharts, their dialogues, and synthetic dialogues beside these."""

from __future__ import annotations

import contextlib
import copy
from bisect import bisect_left
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

import ipywidgets
import traitlets

from sdkit.background import Job
from sdkit.datasets import STAR, StarDataset, star_batch, star_index
from sdkit.dialog import Dialog
from sdkit.errors import InputError, SdkitError
from sdkit.flowchart import Flowchart
from sdkit.llm.seeds import MAX_SEED, check_seed
from sdkit.widgets.dialog_view import sendable
from sdkit.widgets.parts import Panel, button, markup, note, row
from sdkit.widgets.scenario_html import CHARTS, REAL, SAFE, SCENARIO, STYLE, SYNTHETIC, panes_html, text_html

if TYPE_CHECKING:
    from sdkit.batch import Maker
    from sdkit.llm.spec import ModelSpec

PAGE = 100
"""How many ids the list of dialogues has at most: a page would be slow with all 6,652 of STAR."""

_AT_ONCE = 0.2  # seconds in which the index of a small data set, or one that was read before, is there
_DIGITS = 18  # of an id, at most
_FILTERS = {
    "domain": "Domain",
    "task_name": "Task",
    "happy": "Happy",
    "multitask": "Multi-task",
    "complete": "Complete",
}
_ANY = "any"
_MEANINGS = {_ANY: None, "yes": True, "no": False}


class ScenarioBrowser(Panel):
    """Find a scenario in the STAR data set, read it beside its flowcharts and its dialogue, and have another made.

    What a large data set is about is read in a thread, once: until then, the filters wait.

    Parameters
    ----------
    data
        The data set; `STAR` if None. It stays with the folder of now, whatever `set_path` says later.
    model
        Which model makes the synthetic dialogues; None for `sdkit.default_model`.
    generate_with
        Further ways to make them, by name: from a dialogue's id to a generator, or to an async function that takes
        ``seed`` and ``id``, as in a `Batch`.

    Attributes
    ----------
    value : Dialog or None
        The dialogue that is shown; None if there is none. `show` shows another one.
    synthetic : Dialog or None
        What was made last for its scenario.
    filters : dict
        The controls, by the names that `StarDataset.get_ids` has for them; the `value` of each can be set to "any" too,
        and that of "happy", "multitask" and "complete" to "yes" or "no".
    ids : list of int
        The ids that match the filters.
    errors : dict of str to str
        What stands in the way: under "filters", "dialogue" and "seed".

    Raises
    ------
    InputError
        The data set has no path, or a way to make dialogues is none.
    FileError
        The data set cannot be read.
    """

    value = traitlets.Instance(Dialog, allow_none=True)
    synthetic = traitlets.Instance(Dialog, allow_none=True)
    errors = traitlets.Dict()

    def __init__(
        self,
        data: StarDataset | None = None,
        model: ModelSpec = None,
        *,
        generate_with: Mapping[str, Callable[[int], Maker]] | None = None,
    ) -> None:
        super().__init__("Scenario browser", "sdkit-scenario-browser")
        self.data = copy.copy(STAR if data is None else data)
        self.ids = star_index.ids(self.data.path / "dialogues")
        self._all, self._at = len(self.ids), self.ids[0] if self.ids else 0
        ways = {how: partial(star_batch.maker, self.data, model=model, how=how) for how in get_args(star_batch.How)}
        self._makers = ways | _checked(generate_with or {})
        self._charts: list[Flowchart] = []
        self._instructions: dict[int, str] = {}
        self._made_from = ""
        self._reading = self._writing = self._offering = False
        close: dict[str, Any] = {"layout": {"width": "auto"}, "style": {"description_width": "auto"}}
        self.filters = {
            name: ipywidgets.Dropdown(description=label, options=list(_MEANINGS), **close)
            for name, label in _FILTERS.items()
        }
        self.filters["domain"].options = [_ANY]
        self.filters["task_name"].options = [_ANY, *self.data.tasks()]
        self.choice = ipywidgets.Dropdown(description="Dialogue", **close)
        self.previous_button, self.next_button = button("Previous"), button("Next")
        # An id is looked up when it is whole.
        self.go_to = ipywidgets.Text(description="Go to id", placeholder="a number", continuous_update=False, **close)
        self.how = ipywidgets.Dropdown(description="Generate from", options=list(self._makers), **close)
        self.seed = ipywidgets.Text(description="Seed", placeholder="blank: a new one", **close)
        self.generate_button, self.stop_button = button("Generate"), button("Stop")
        self.place, self.wrong = markup(""), markup("")
        self.panes = {name: markup("").add_class("sdkit-browser-pane") for name in (SCENARIO, REAL, SYNTHETIC)}
        self.panes[CHARTS] = markup("").add_class("sdkit-browser-charts")
        self.beside = ipywidgets.HBox(layout={"flex_flow": "row wrap", "grid_gap": "0.5em 1.5em"})
        self.body.children = [
            markup(STYLE),
            row(*self.filters.values()),
            row(self.choice, self.previous_button, self.next_button, self.go_to),
            self.place,
            row(self.how, self.seed, self.generate_button, self.stop_button),
            self.wrong,
            self.message,  # near the button: at the end, nobody would see it
            self.beside,
        ]
        self.children = [part for part in self.children if part is not self.message]  # type: ignore[has-type]
        for control in self.filters.values():
            self.on_change(control, lambda _: self._match())
        self.on_change(self.choice, self._choose)
        self.on_change(self.go_to, lambda typed: self._go(typed.strip() or None))
        self.on_change(self.seed, lambda _: self._check())
        self.on_click(self.previous_button, lambda: self._go(self._neighbours()[0]))
        self.on_click(self.next_button, lambda: self._go(self._neighbours()[1]))
        self.on_click(self.generate_button, self.generate)
        self.on_click(self.stop_button, self.stop)
        self._go(self._at)
        self._read()

    @property
    def scenario(self) -> dict[str, Any] | None:
        """The scenario of the dialogue that is shown."""
        return dict(self.value.scenario) if self.value and isinstance(self.value.scenario, dict) else None

    def static_html(self) -> str:
        """Return what the filters are, and all panes."""
        chosen = [f"{each.description}: {each.value}" for each in self.filters.values() if each.value != _ANY]
        words = f"{self.data.path.name}, {len(self.ids):,} of {self._all:,} dialogues ({'; '.join(chosen) or 'all'})"
        wrong = "".join(f"\n<p>{text_html(text)}</p>" for text in self.errors.values())
        panes = "".join(f"\n{pane.value}" for pane in self.beside.children)
        return f'<p class="{SAFE}"><b>Scenario browser</b>: {text_html(words)}.</p>{wrong}{panes}'

    # -- which dialogue -----------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Read what the dialogues are about: seconds for all of STAR, the first time."""

        async def read() -> tuple[list[str], str]:
            try:
                return self.data.domains(), ""
            except SdkitError as error:
                return [], str(error)

        def finish(found: Any, error: BaseException | None) -> None:
            with self._shown():
                self._reading = False
                self._offer()
                if error is not None:
                    raise error
                domains, problem = found
                self.filters["domain"].options = [_ANY, *domains]
                if problem:
                    self._wrong("filters", problem)

        self._reading = True
        self._offer()
        self._reader = Job(read, finish, self.say)
        self._reader.wait(_AT_ONCE)

    def wait(self, seconds: float = 600) -> bool:
        """Wait as `Panel.wait`, and until it is known what the dialogues are about."""
        return self._reader.wait(seconds) and super().wait(seconds)

    def _match(self) -> None:
        """Look which dialogues match; the one that is shown stays if it does."""
        wanted = {name: _MEANINGS.get(control.value, control.value) for name, control in self.filters.items()}
        try:
            self.ids = self.data.get_ids(**wanted)
            problem = "" if self.ids else f"None of the {self._all:,} dialogues matches; set a filter back to “{_ANY}”"
        except SdkitError as error:
            self.ids, problem = [], str(error)
        self._wrong("filters", problem)
        if not self.ids:
            self._clear()
            self._show()
        elif self.value is None or self._at not in self.ids:
            self._go(self.ids[0])
        self._offer()

    def _choose(self, number: int | None) -> None:
        if not self._offering:
            self._go(number)

    def _go(self, number: int | str | None) -> None:
        with contextlib.suppress(SdkitError):  # which `show` has noted
            if number is not None:
                self.show(number)

    def show(self, id: int | str) -> None:
        """Show the dialogue of this id, whether it matches the filters or not.

        Raises
        ------
        InputError
            There is no dialogue of this id.
        FileError
            Its file, or one of its tasks, is broken.
        """
        self._clear()
        text = str(id).strip()
        if text.isdecimal() and len(text) <= _DIGITS:
            self._at = int(text)
        try:
            dialog = self.data.get_dialog(id)
            self._instructions = self.data.get_dialog_user_instructions(id)
            tasks = dict.fromkeys(self.data.get_dialog_task_names(id))
            self._charts = [self.data.flowchart(task) for task in tasks]
            self.value, self.go_to.value = dialog, ""
        except SdkitError as error:
            self._wrong("dialogue", str(error))
            raise
        finally:
            self._show()
            self._offer()

    def _clear(self) -> None:
        """Have no dialogue; one that is being made for it would come too late."""
        if self._writing:
            self.stop()
        self.say("")
        self.value = self.synthetic = None
        self._wrong("dialogue")

    def _neighbours(self) -> tuple[int | None, int | None]:
        """Return the ids before and after, among those that match."""
        place, there = self._place()
        after = place + there
        return self.ids[place - 1] if place else None, self.ids[after] if after < len(self.ids) else None

    def _place(self) -> tuple[int, bool]:
        """Return where the dialogue stands among those that match, or would stand, and whether it does."""
        place = bisect_left(self.ids, self._at)
        return place, self._at in self.ids[place : place + 1]

    def _offer(self) -> None:
        """Bring the list of ids, and what is said about them, up to date."""
        place, there = self._place()
        first = min(place, max(0, len(self.ids) - 1)) // PAGE * PAGE
        self._offering = True
        self.choice.options = self.ids[first : first + PAGE]
        self.choice.value = self._at if there else None
        self._offering = False
        words = f"{len(self.ids):,} of {self._all:,} dialogues match."
        if self._reading:
            words += " What they are about is being read; then you can filter them."
        if self.value is not None:
            words += f" This is number {place + 1:,}." if there else f" {self._at} is not among them."
        if len(self.ids) > PAGE:
            words += f" The list has numbers {first + 1:,} to {first + len(self.choice.options):,}."
        self.place.value = f'<div role="status">{words}</div>'
        self._enable()

    # -- another dialogue ---------------------------------------------------------------------------------------------

    def generate(self) -> None:
        """Make a synthetic dialogue for the scenario; `wait` waits until it is there."""
        self._check()
        if self.value is None or "seed" in self.errors:
            return
        seed = int(self.seed.value) if self.seed.value.strip() else None
        how, shown, number = self.how.value, self.value, self._at

        async def make() -> Any:
            maker: Any = self._makers[how](number)
            return await getattr(maker, "agenerate", maker)(seed=seed, id=number)

        def done(made: Any) -> None:
            if self.value is not shown:
                return
            if not isinstance(made, Dialog):
                raise InputError(f"{how}: made a {type(made).__name__}, not a dialogue")
            self.synthetic, self._made_from = made, how
            self._show()
            self.say("" if made.seed is None else f"Seed {made.seed}.")

        self.synthetic = None
        self._show()
        self._enable(writing=True)
        self.say("Writing …")
        self.work(make, done, ended=lambda: self._enable(writing=False))

    def _check(self) -> None:
        typed, problem = self.seed.value.strip(), ""
        try:
            check_seed(int(typed or 0))
        except ValueError:
            problem = f"Seed: {typed!r:.80} is no whole number from 0 to {MAX_SEED}; leave it blank for a new one"
        self._wrong("seed", problem)

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        texts = {}
        try:
            if self.value is not None:
                texts = panes_html(self.value, self._instructions, self._charts, self.synthetic, self._made_from)
        finally:  # whatever happens, nothing is left of another dialogue
            for name, pane in self.panes.items():
                pane.value = texts.get(name, "")
            self.beside.children = [pane for pane in self.panes.values() if pane.value]

    def _enable(self, writing: bool | None = None) -> None:
        if writing is not None:
            self._writing = writing
        before, after = self._neighbours()
        for control in self.filters.values():
            control.disabled = self._reading
        self.previous_button.disabled, self.next_button.disabled = before is None, after is None
        self.generate_button.disabled = self._writing or self.value is None
        self.stop_button.disabled = not self._writing

    def _wrong(self, what: str, problem: str = "") -> None:
        """Say what is wrong; nothing if it is fine."""
        others = {key: text for key, text in self.errors.items() if key != what}
        self.errors = others | ({what: problem} if problem else {})
        self.wrong.value = "".join(note(sendable(text), "alert") for text in self.errors.values())


def _checked(ways: Mapping[str, Callable[[int], Maker]]) -> dict[str, Callable[[int], Maker]]:
    if not isinstance(ways, Mapping) or not all(isinstance(name, str) and callable(way) for name, way in ways.items()):
        raise InputError(
            f"generate_with={ways!r:.80}: give functions from an id to a generator by name, such as "
            '{"my own": lambda id: DialogGenerator(model, details)}'
        )
    return dict(ways)
