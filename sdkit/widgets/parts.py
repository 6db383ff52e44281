"""What all widgets share: the panel that they are, messages, callbacks that cannot fail silently, work in a thread.

ipywidgets drops what a callback raises; `Panel.on_click` and `Panel.on_change` show it in the widget instead. A cell
that runs may keep clicks waiting, so long work is done in a thread, as a coroutine that Stop can end anywhere.

JupyterLab sends what is typed in pieces, the next one when the last one was answered, and a click at once: a click can
overtake what was typed before it. So what a click does is done a moment later, in a thread of its own, while the pieces
come in; and the callbacks of a panel exclude each other.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import html
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from sdkit.background import Job
from sdkit.errors import InputError, MissingPackageError, SdkitError
from sdkit.llm.seeds import MAX_SEED, check_seed
from sdkit.rendering import SAFE

try:
    import ipywidgets
    from IPython import get_ipython
except ImportError as error:
    raise MissingPackageError("ipywidgets", "show widgets") from error

_QUIET, _AT_MOST = 0.25, 3.0  # seconds
RERUN = "This is a picture of a widget. Run the cell to use it."

# Colours come from JupyterLab's theme; where there is none, from the browser. Meaning is never in a colour alone.
_STYLE = """<style>
.sdkit-panel { color: var(--jp-content-font-color1, CanvasText); max-width: 60em; }
.sdkit-panel .widget-label { white-space: nowrap; }
.sdkit-message { border-left: 4px solid var(--jp-border-color0, currentColor); padding: 0 0.6em; line-height: 1.5;
  overflow-wrap: anywhere; }
.sdkit-message.sdkit-error { border-left-color: var(--jp-error-color1, #c00); }
.sdkit-panel pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; line-height: 1.4;
  color: var(--jp-content-font-color1, CanvasText); }
</style>"""


class Panel(ipywidgets.VBox):  # type: ignore[misc]
    """A widget of ours: a column with a heading, and a line for messages at its end.

    Subclasses put their parts into `body` and say in `static_html` what GitHub, a printed page, or a notebook whose
    kernel is gone show instead.

    Parameters
    ----------
    heading
        What the widget is, in a few words.
    css_class
        The class of the root element in the page, such as "sdkit-persona-editor".

    Attributes
    ----------
    last_error : Exception or None
        What a callback or a job last failed with; `message` shows it.
    message : ipywidgets.HTML
        The line for messages.
    run : object
        Another one for each job: what began in an earlier one is out of date.
    """

    def __init__(self, heading: str, css_class: str) -> None:
        self.last_error: Exception | None = None
        self.message = ipywidgets.HTML()
        self.body = ipywidgets.VBox()
        self._job: Job | None = None
        self.run: object = None
        self._one_by_one = threading.RLock()
        self._changed = 0.0
        self._pressed: threading.Thread | None = None
        self._heading = heading
        super().__init__([markup(_STYLE + f"<b>{html.escape(heading)}</b>"), self.body, self.message])
        self.add_class("sdkit-panel").add_class(css_class)

    # -- what is shown ------------------------------------------------------------------------------------------------

    def message_here(self) -> Any:
        """Return the line for messages, to stand elsewhere than at the end, where nobody would see it."""
        self.children = [part for part in self.children if part is not self.message]  # type: ignore[has-type]
        return self.message

    def static_html(self) -> str:
        """Return what is shown where no widget can be: HTML, with everything escaped."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, None)
        if data:
            data = {
                **data,
                "text/plain": f"{type(self).__name__}()",
                "text/html": f"{self.static_html()}\n<p><i>{RERUN}</i></p>",
            }
        return data if metadata is None else (data, metadata)

    def say(self, text: str) -> None:
        """Show a message; an empty one takes away the last."""
        self.last_error = None
        self.message.value = note(text, "status") if text else ""

    def complain(self, error: Exception) -> None:
        """Show what went wrong; the exception stays in `last_error`."""
        self.last_error = error
        words = str(error) if isinstance(error, SdkitError) else f"{type(error).__name__}: {error}"
        self.message.value = note(words, "alert")

    # -- callbacks ----------------------------------------------------------------------------------------------------

    def on_click(self, button: Any, do: Callable[[], None]) -> None:
        """Call this when the button is pressed: at once by `click()`, after what was typed in a page."""

        def act() -> None:
            with self._shown():
                do()

        def pressed(_: Any) -> None:
            if not from_page():
                act()
                return
            when, before = time.monotonic(), self._pressed

            def later() -> None:
                if before is not None:
                    before.join()
                self._wait_for_words(when)
                act()

            run = contextvars.copy_context().run
            self._pressed = threading.Thread(target=run, args=(later,), name="sdkit-click", daemon=True)
            self._pressed.start()

        button.on_click(pressed)

    def on_change(self, control: Any, do: Callable[[Any], None], trait: str = "value") -> None:
        """Call this with the new value of a trait whenever it changes."""

        def changed(change: Any) -> None:
            self._changed = time.monotonic()
            with self._shown():
                do(change["new"])

        control.observe(changed, trait)

    def _wait_for_words(self, pressed: float) -> None:
        """Wait until nothing more comes of what was typed before a click."""
        while (now := time.monotonic()) < pressed + _AT_MOST and now < max(pressed, self._changed) + _QUIET:
            time.sleep(_QUIET / 5)

    @contextlib.contextmanager
    def _shown(self) -> Iterator[None]:
        with self._one_by_one:
            try:
                yield
            except Exception as error:  # noqa: BLE001 - ipywidgets would drop it
                self.complain(error)

    # -- long work ----------------------------------------------------------------------------------------------------

    def work(
        self,
        make: Callable[[], Coroutine[Any, Any, Any]],
        done: Callable[[Any], None],
        *,
        ended: Callable[[], None] = lambda: None,
    ) -> Job:
        """Do something long in a thread; `stop` ends it.

        Parameters
        ----------
        make
            Makes the coroutine that does it. It may set traits, and must not print.
        done
            Takes what it returned. Not called if it failed, which is shown, or was stopped.
        ended
            Called at the very end, whatever happened: for buttons to be enabled again.
        """
        self.stop()
        run = self.run = object()

        def finish(result: Any, error: BaseException | None) -> None:
            if self.run is not run:  # another job has begun, and this one has nothing to say any more
                return
            with self._shown():
                if isinstance(error, asyncio.CancelledError):
                    self.say("Stopped.")
                elif error is not None:
                    raise error
                else:
                    done(result)
            with self._shown():
                ended()

        self._job = Job(make, finish, self.say)
        return self._job

    def stop(self) -> None:
        """End the work that is being done, if there is any."""
        if self._job is not None:
            self._job.stop()

    def wait(self, seconds: float = 600) -> bool:
        """Wait until what was pressed and the work that it began are done; return whether they are.

        For scripts and tests.
        """
        if self._pressed is not None and self._pressed is not threading.current_thread():
            self._pressed.join(seconds)
        return self._job is None or self._job.wait(seconds)


def typed_seed(text: str) -> int | None:
    """Return the seed that somebody typed; None for a new one, where nothing is typed.

    Raises
    ------
    InputError
        It is none.
    """
    typed = text.strip()
    try:
        return check_seed(int(typed)) if typed else None
    except ValueError:
        raise InputError(
            f"Seed: {typed!r:.80} is no whole number from 0 to {MAX_SEED}; leave it blank for a new one"
        ) from None


def from_page() -> bool:
    """Return whether a page asked for what is being done now, and not code in a cell, a script or a test."""
    kernel = getattr(get_ipython(), "kernel", None)
    return kernel is not None and kernel.get_parent().get("header", {}).get("msg_type") == "comm_msg"


def note(text: str, role: str) -> str:
    """Return a message as HTML: a "status", or an "alert" that screen readers read out at once."""
    sign, kind = ("⚠ ", " sdkit-error") if role == "alert" else ("", "")
    words = html.escape(text).replace("\n", "<br>")
    return f'<div role="{role}" class="sdkit-message{kind} {SAFE}" dir="auto">{sign}{words}</div>'


def markup(text: str) -> Any:
    """Return HTML as a widget. Whoever calls this has escaped what comes from elsewhere."""
    return ipywidgets.HTML(text)


def button(text: str, tooltip: str = "") -> Any:
    """Return a button; its text is what it does."""
    return ipywidgets.Button(description=text, tooltip=tooltip or text, layout=ipywidgets.Layout(width="auto"))


def row(*children: Any) -> Any:
    """Return widgets beside each other, in several lines where there is no room."""
    return ipywidgets.HBox(list(children), layout=ipywidgets.Layout(flex_flow="row wrap", align_items="center"))
