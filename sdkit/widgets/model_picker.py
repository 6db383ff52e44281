"""Which model answers: what there is, what is in memory, fetching one, and the default for this notebook."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import html
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import ipywidgets
import traitlets

from sdkit.errors import InputError, WeightsError
from sdkit.llm import available, embedded
from sdkit.llm.available import Available, megabytes
from sdkit.llm.spec import choose_model
from sdkit.rendering import SAFE
from sdkit.widgets.parts import Panel, button, markup, note, row

T = TypeVar("T")

_TICK = 0.2  # seconds between two movements of the bar
_SUGGESTED = "qwen2.5:14b"
_STYLE = """<style>
.sdkit-models { border-collapse: collapse; line-height: 1.5; }
.sdkit-models th, .sdkit-models td { text-align: left; vertical-align: top; padding: 0 1em 0 0; white-space: nowrap; }
.sdkit-models td:first-child { overflow-wrap: anywhere; min-width: 12em; }
.sdkit-models td:first-child, .sdkit-models td:last-child { white-space: normal; }
</style>"""


class ModelPicker(Panel):
    """Shows the models that could answer, fetches others, and sets the default for this notebook.

    What there is, is asked in a thread: `wait` until it is known.

    Parameters
    ----------
    value
        The model that is chosen at first.

    Attributes
    ----------
    value : str or None
        The name of the chosen model, to give as ``model=``; None for the default.
    errors : dict of str to str
        Under "model", why what is chosen cannot be used; `value` then is what was chosen before.
    models : list of Available
        What there is.

    Raises
    ------
    UnknownModelError
        There is no embedded model of this name.
    WeightsError
        The embedded model is not on this machine.
    """

    value = traitlets.Unicode(None, allow_none=True)
    errors = traitlets.Dict()

    def __init__(self, value: str | None = None) -> None:
        super().__init__("Model picker", "sdkit-model-picker")
        wide = ipywidgets.Layout(width="auto", min_width="24em")
        self.models: list[Available] = []
        self.table, self.default, self.how_far = markup(""), markup(""), markup("")
        self.choice = ipywidgets.Dropdown(description="Model", layout=wide)
        self.use = button("Use in this notebook", "Ask this model wherever none is named")
        self.refresh = button("Refresh", "Look again which models there are")
        self.name = ipywidgets.Combobox(description="To fetch", placeholder=f"such as {_SUGGESTED}", layout=wide)
        self.fetch = button("Fetch", "Fetch this model to where it runs")
        self.halt = button("Stop", "Stop fetching")
        self._offering = False
        self.body.children = [
            self.default,
            self.table,
            row(self.choice, self.use, self.refresh),
            row(self.name, self.fetch, self.halt),
            self.how_far,
        ]
        self.on_change(self.choice, self._choose)
        self.on_change(self, self._assigned)
        self.on_click(self.use, self._use)
        self.on_click(self.refresh, self.look)
        self.on_click(self.fetch, self._fetch)
        self.on_click(self.halt, self.stop)
        self.value = value
        self._offer(self.value)
        self.look()

    @traitlets.validate("value")
    def _valid(self, proposal: Any) -> str | None:
        name = (proposal["value"] or "").strip()
        if embedded.is_embedded(name) and not (entry := embedded.weights_of(name)).is_here():
            raise WeightsError(f"{name} is not on this machine. Fetch it: python -m sdkit models pull {entry.name}")
        return name or None

    def static_html(self) -> str:
        """Return what is chosen, and the catalogue of the embedded models: the same on every machine."""
        lines = [(m.name, megabytes(m.size), m.about) for m in available.catalogue()]
        chosen = html.escape(self.value or "the default")
        return (
            f'<p class="{SAFE}"><b>Model picker</b>: {chosen} is chosen.</p>\n'
            f"{_table(('Model that runs inside Python', 'Size', 'About'), lines)}\n"
            "<p>The models of a running Ollama are listed here, too.</p>"
        )

    # -- what there is ------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Look again which models there are, and which is the default."""
        self._busy()
        self.work(_look, lambda found: self._show(*found), ended=self._free)

    def _show(self, models: list[Available], problem: str, default: str, why: str) -> None:
        self.models = models
        self.default.value = (
            f'<div class="{SAFE}" style="line-height: 1.5">Where no model is named, '
            f"<b>{html.escape(default)}</b> answers, {html.escape(why)}.</div>"
        )
        lines = [(m.name, m.place, megabytes(m.size), m.state, m.about) for m in models]
        without = note(f"Ollama's models are not listed: {problem}", "status") if problem else ""
        self.table.value = _STYLE + _table(("Model", "Runs in", "Size", "State", "About"), lines) + without
        self.name.options = [*(model.name for model in models if not model.here), _SUGGESTED]
        self._offer(self.choice.value)
        self._choose(self.choice.value)  # what was to be fetched may be here now

    def _offer(self, chosen: str | None) -> None:
        """Let people choose from what there is, and show what is chosen."""
        offered = {"": "the default"} | {model.name: f"{model.name} ({model.state})" for model in self.models}
        chosen = chosen or ""
        offered.setdefault(chosen, chosen)
        options = tuple((label, name) for name, label in offered.items())
        self._offering = True  # new options make the control choose the first one for a moment
        try:
            if options != self.choice.options:  # or the list would be drawn anew under the hands of who chooses
                self.choice.options = options
            self.choice.value = chosen
        finally:
            self._offering = False

    # -- what is chosen -----------------------------------------------------------------------------------------------

    def _choose(self, name: str) -> None:
        if self._offering:
            return
        if missing := [model for model in self.models if model.name == name and not model.here]:
            self.name.value = name
            self.errors = {"model": f"{name} is not on this machine; Fetch gets it ({megabytes(missing[0].size)})"}
            raise InputError(self.errors["model"])
        if self.errors:
            self.errors = {}
            self.say("")
        self.value = name or None

    def _assigned(self, name: str | None) -> None:
        self.errors = {}
        self._offer(name)

    def _use(self) -> None:
        if self.errors:
            raise InputError(self.errors["model"])
        if self.value is None:
            os.environ.pop("SDKIT_MODEL", None)
        else:
            os.environ["SDKIT_MODEL"] = self.value
        self.say(f"From now on {self.value or 'the default'} answers in this notebook, where no model is named.")
        self.look()

    # -- fetching -----------------------------------------------------------------------------------------------------

    def _fetch(self) -> None:
        name = self.name.value.strip()
        if not name:
            raise InputError(f"say which model to fetch, such as {_SUGGESTED}")
        so_far = _SoFar()

        async def work() -> Any:
            left = ""
            fetching = asyncio.ensure_future(_aside(lambda: available.fetch(name, so_far)))
            try:
                while not (await asyncio.wait({fetching}, timeout=_TICK))[0]:
                    self.how_far.value = so_far.bar()
                return fetching.result(), await _look()
            except asyncio.CancelledError:
                kept = "nothing of it is kept" if embedded.is_embedded(name) else "Ollama goes on from there next time"
                left = f"<div>{html.escape(name)}: {so_far}; {kept}.</div>"
                raise
            finally:
                so_far.stopped = True
                fetching.cancel()
                self.how_far.value = left

        self._busy(fetching=True)
        self.say(f"Fetching {name}.")
        self.how_far.value = so_far.bar()
        self.work(work, lambda found: self._fetched(*found), ended=self._free)

    def _fetched(self, name: str, found: Any) -> None:
        self.say(f"{name} is here, and chosen.")
        self.errors, self.name.value = {}, ""
        self.value = name
        self._show(*found)

    def _busy(self, fetching: bool = False) -> None:
        self.use.disabled = self.refresh.disabled = self.fetch.disabled = True
        self.halt.disabled = not fetching

    def _free(self) -> None:
        self.use.disabled = self.refresh.disabled = self.fetch.disabled = False
        self.halt.disabled = True


class _Stopped(Exception):
    """Whoever wanted the model wants it no more."""


class _SoFar:
    """How much of a model has come; `stopped` ends the fetching at the next piece."""

    def __init__(self) -> None:
        self.done, self.stopped = 0, False
        self.total: int | None = None

    def __call__(self, done: int, total: int | None) -> None:
        if self.stopped:
            raise _Stopped
        self.done, self.total = done, total

    def __str__(self) -> str:
        if not self.total:
            return f"{megabytes(self.done)} so far" if self.done else "nothing has come yet"
        return f"{megabytes(self.done)} of {megabytes(self.total)}, {100 * self.done // self.total} %"

    def bar(self) -> str:
        """Return a bar and what it means; the browser's own, for `IntProgress` says nothing to screen readers."""
        at = f' value="{self.done}" max="{self.total}"' if self.total else ""
        return f'<div><progress aria-label="Fetched"{at}></progress> {self}</div>'


async def _look() -> tuple[list[Available], str, str, str]:
    return *await _aside(available.available), *await _aside(choose_model)


async def _aside(do: Callable[[], T]) -> T:
    """Do what blocks in a thread of its own, which nobody waits for when the work is stopped."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: Any, error: Exception | None) -> None:
        if not future.done():
            future.set_exception(error) if error else future.set_result(result)

    def run() -> None:
        result, problem = None, None
        try:
            result = do()
        except Exception as error:  # noqa: BLE001 - raised where the work is waited for
            problem = error
        with contextlib.suppress(RuntimeError):  # the work was stopped, and its loop closed
            loop.call_soon_threadsafe(settle, result, problem)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="sdkit-aside", daemon=True).start()
    return await future


def _table(heads: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    head = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in heads)
    body = "\n".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in line) + "</tr>" for line in lines)
    return f'<table class="sdkit-models {SAFE}"><thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table>'
