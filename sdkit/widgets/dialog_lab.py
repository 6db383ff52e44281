"""`DialogLab`: two settings side by side on one seed; a branch from any turn; a speaker taken over by hand."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import ipywidgets
import traitlets

from sdkit.agents import PersonaAgent
from sdkit.branching import branch
from sdkit.conversation import Conversation
from sdkit.dialog import Dialog
from sdkit.errors import ConversationError, InputError
from sdkit.generators import DialogGenerator, PersonaDialogGenerator
from sdkit.llm.seeds import MAX_SEED, check_seed, random_seed
from sdkit.rendering import why
from sdkit.widgets.dialog_view import dialog_html
from sdkit.widgets.parts import Panel, button, markup, note, row

Setting = DialogGenerator | PersonaDialogGenerator | tuple[PersonaAgent, PersonaAgent]

NOTHING, TELL, SAY = "nothing", "tell the next speaker", "say instead"
NOBODY = "nobody"

_STYLE = """<style>
.sdkit-lab-pane { flex: 1 1 20em; min-width: 0; }
.sdkit-dialog-lab { max-width: 80em; }
.sdkit-lab-pane ol { padding-left: 1.8em; margin: 0.3em 0; line-height: 1.5; }
.sdkit-lab-pane [dir] { overflow-wrap: anywhere; }
.sdkit-lab-pane p { margin: 0; line-height: 1.5; }
.sdkit-lab-pane summary { cursor: pointer; line-height: 2; }
</style>"""
_LEFT, _RIGHT, _BRANCH = "left", "right", "branch"
_SIDES = (_LEFT, _RIGHT)


class DialogLab(Panel):
    """Compare two ways to make a dialogue, go on from any turn of one with a change, or play a part yourself.

    Parameters
    ----------
    settings
        What can be compared, by name: generators, and pairs of agents, who talk turn by turn.
    seed
        The seed to begin with; blank for a new one each time.
    max_turns
        How many turns agents talk at most.

    Attributes
    ----------
    value : dict
        The dialogues that are shown: "left", "right", "branch".
    errors : dict
        What stands in the way: the control, and what is wrong.

    Raises
    ------
    InputError
        There are no two settings, or one is of another kind.
    """

    value = traitlets.Dict()
    errors = traitlets.Dict()

    def __init__(self, settings: Mapping[str, Setting], *, seed: int | None = None, max_turns: int = 12) -> None:
        super().__init__("Dialogue lab", "sdkit-dialog-lab")
        self.settings = _checked(settings)
        self.max_turns = max_turns
        self._made_by: dict[str, str] = {}
        self._conversation: Conversation | None = None
        names = list(self.settings)
        close: dict[str, Any] = {"layout": {"width": "auto"}, "style": {"description_width": "auto"}}
        self.left = ipywidgets.Dropdown(description="Left", options=names, value=names[0], **close)
        self.right = ipywidgets.Dropdown(description="Right", options=names, value=names[1], **close)
        self.seed = ipywidgets.Text(
            description="Seed", value="" if seed is None else str(seed), placeholder="blank: a new one", **close
        )
        self.generate_button = button("Generate both")
        self.stop_button = button("Stop")
        self.of = ipywidgets.Dropdown(description="Branch of", options=_SIDES, **close)
        self.keep = ipywidgets.Text(description="Keep turns", value="2", **close)
        self.change = ipywidgets.Dropdown(description="Change", options=[NOTHING, TELL, SAY], **close)
        self.what = ipywidgets.Text(description="Words", placeholder="what is told or said", **close)
        self.you = ipywidgets.Dropdown(description="You play", options=[NOBODY], **close)
        self.branch_button = button("Branch")
        # What is typed here is looked at when it is said.
        self.words = ipywidgets.Text(description="Your turn", continuous_update=False, **close)
        self.say_button = button("Say it")
        self.hand = row(self.words, self.say_button)
        self.panes = {side: markup("") for side in (*_SIDES, _BRANCH)}
        for pane in self.panes.values():
            pane.add_class("sdkit-lab-pane")
        self.panes[_BRANCH].layout.flex = "0 0 auto"
        self.wrong = markup("")
        self.body.children = [
            markup(_STYLE),
            row(self.left, self.right, self.seed, self.generate_button, self.stop_button),
            ipywidgets.HBox(
                [self.panes[_LEFT], self.panes[_RIGHT]], layout={"flex_flow": "row wrap", "grid_gap": "1em"}
            ),
            markup("<b>Go on from a turn</b>"),
            row(self.of, self.keep, self.change, self.what),
            row(self.you, self.branch_button),
            self.hand,
            self.wrong,
            self.panes[_BRANCH],
        ]
        self.on_click(self.generate_button, self.generate)
        self.on_click(self.stop_button, self.stop)
        self.on_click(self.branch_button, self.branch)
        self.on_click(self.say_button, self.say_it)
        for control in (self.seed, self.keep, self.what):
            self.on_change(control, lambda _: self._check())
        self.on_change(self.words, lambda _: None)  # a click waits for it
        self.on_change(self.change, lambda _: self._check())
        self.on_change(self.of, lambda _: self._offer())
        self._enable(False)
        self._show()

    def static_html(self) -> str:
        """Return the dialogues, one after the other."""
        if not self.value:
            names = ", ".join(self.settings)
            return f"<p>Dialogue lab: {html.escape(names)}. No dialogue was made yet.</p>"
        return "\n".join(self._pane(side) for side in self.panes if side in self.value)

    # -- both sides ---------------------------------------------------------------------------------------------------

    def generate(self) -> None:
        """Make both dialogues, with one seed; `wait` waits until they are there."""
        self._check()
        if "seed" in self.errors:
            return
        seed = int(self.seed.value) if self.seed.value.strip() else random_seed()
        chosen = {_LEFT: self.left.value, _RIGHT: self.right.value}
        self.value, self._made_by, self._conversation = {}, dict(chosen), None
        self._show()
        self._enable(True)
        self.say("Writing …")

        async def both() -> list[str]:
            problems = []
            for side, name in chosen.items():
                try:
                    await self._make(side, self.settings[name], seed)
                except ConversationError as error:
                    problems.append(f"{name}: {error}")
                except Exception as error:  # noqa: BLE001 - the other side is still to be made
                    problems.append(f"{name}: {error}")
            return problems

        def done(problems: list[str]) -> None:
            self.say(f"Seed {seed}.")
            if problems:
                raise InputError("\n".join(problems))

        self.work(both, done, ended=lambda: self._enable(False))

    async def _make(self, side: str, setting: Setting, seed: int) -> None:
        if isinstance(setting, tuple):
            a, b = setting
            await self._follow(side, a.stream(b, self.max_turns, seed=seed))
        else:
            run = self.run
            self._put(side, await setting.agenerate(seed), run)

    async def _follow(self, side: str, conversation: Conversation, you: str = NOBODY) -> None:
        """Show the turns as they come, until it is over or it is your turn."""
        run, turns = self.run, aiter(conversation)
        try:
            while not await conversation.ais_over() and conversation.next_speaker != you:
                await anext(turns)
                self._put(side, conversation.dialog, run)
        finally:
            self._put(side, conversation.dialog, run)

    # -- a branch -----------------------------------------------------------------------------------------------------

    def branch(self) -> None:
        """Go on from a turn of one side, with the change that is set."""
        self._check()
        if self.errors:
            return
        side = self.of.value
        if side not in self.value:
            raise InputError(f"there is no dialogue on the {side} yet; generate both first")
        dialog, setting = self.value[side], self.settings[self._made_by[side]]
        agents = setting if isinstance(setting, tuple) else setting.agents(dialog)
        words = self.what.value.strip()
        change = {TELL: {"tell": words}, SAY: {"say": words}}.get(self.change.value, {})
        seed = int(self.seed.value) if self.seed.value.strip() else None
        self._conversation = branch(
            dialog,
            int(self.keep.value),
            agents,
            seed=seed,
            max_turns=max(self.max_turns, int(self.keep.value) + 2),
            **change,
        )
        self._made_by[_BRANCH] = f"of the {side}, {self._made_by[side]}, after turn {int(self.keep.value)}"
        self._go_on()

    def say_it(self) -> None:
        """Take your turn."""
        if self._conversation is None or self._conversation.next_speaker != self.you.value:
            raise InputError("it is not your turn; choose who you play, and branch")
        self._conversation.say(self.words.value)
        self.words.value = ""
        self._go_on()

    def _go_on(self) -> None:
        conversation, you = self._conversation, self.you.value
        assert conversation is not None
        self._enable(True)
        self.say("Writing …")

        def done(_: None) -> None:
            if conversation.stop is None and conversation.next_speaker == you:
                self._your_turn(conversation)
            else:
                self.say(f"It has ended: {why(conversation.stop)}." if conversation.stop else "")

        self.work(lambda: self._follow(_BRANCH, conversation, you), done, ended=lambda: self._enable(False))

    def _your_turn(self, conversation: Conversation) -> None:
        self.words.disabled = self.say_button.disabled = False
        self.say(f"Your turn, {conversation.next_speaker}.")

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _put(self, side: str, dialog: Dialog, run: object) -> None:
        if run is not self.run:
            return
        self.value = {**self.value, side: dialog}
        self._show()

    def _show(self) -> None:
        for side, pane in self.panes.items():
            pane.value = self._pane(side) if side in self.value else ""
        self._offer()

    def _pane(self, side: str) -> str:
        title = html.escape(self._made_by.get(side, ""))
        return f"<div><p><b>{side.capitalize()}: {title}</b></p>\n{dialog_html(self.value[side])}</div>"

    def _offer(self) -> None:
        dialog = self.value.get(self.of.value)
        options = [NOBODY, *map(str, dialog.speakers)] if dialog else [NOBODY]
        if list(self.you.options) != options:
            before = self.you.value
            self.you.options = options
            self.you.value = before if before in options else NOBODY

    def _enable(self, working: bool) -> None:
        for control in (self.generate_button, self.branch_button):
            control.disabled = working
        self.stop_button.disabled = not working
        talk = self._conversation
        mine = talk is not None and talk.stop is None and talk.next_speaker == self.you.value
        self.words.disabled = self.say_button.disabled = working or not mine

    def _check(self) -> None:
        """Say beside the controls what is wrong with them."""
        errors = {}
        if self.seed.value.strip():
            try:
                check_seed(int(self.seed.value))
            except ValueError:
                typed = f"{self.seed.value!r:.80}"
                errors["seed"] = f"Seed: {typed} is no whole number from 0 to {MAX_SEED}; leave it blank for a new one"
        if not self.keep.value.strip().isdecimal():
            errors["keep"] = f"Keep turns: {self.keep.value!r} is no number of turns"
        if self.change.value != NOTHING and not self.what.value.strip():
            errors["words"] = f"Words: write what to {self.change.value.split()[0]}"
        self.errors = errors
        self.wrong.value = "".join(note(text, "alert") for text in errors.values())


def _checked(settings: Mapping[str, Setting]) -> dict[str, Setting]:
    if not isinstance(settings, Mapping) or len(settings) < 2:
        raise InputError(
            'give two settings or more, by name: DialogLab({"described": generator, "played": (ana, tom)})'
        )
    for name, setting in settings.items():
        pair = isinstance(setting, tuple) and len(setting) == 2 and all(isinstance(a, PersonaAgent) for a in setting)
        if not pair and not isinstance(setting, DialogGenerator | PersonaDialogGenerator):
            raise InputError(f"{name}: {setting!r} is neither a generator nor a pair of agents")
    return dict(settings)
