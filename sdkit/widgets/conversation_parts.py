"""What `ConversationBrowser` is given, by what it is found, and what is shown around the turns, as HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdkit import rendering
from sdkit.dialog import Dialog
from sdkit.errors import InputError
from sdkit.messages import ASSISTANT, USER, load_conversations, roles_of
from sdkit.rendering import SAFE
from sdkit.reviewing import key_of
from sdkit.simulation.simulated import KINDS, Simulated, kind_of
from sdkit.widgets import dialog_view
from sdkit.widgets.dialog_view import OWN_KEYS, about_html, counted, pattern_of, text_html, turns_html, value_html

# The turns have a height of their own, so that the page and the buttons stay where they are when others are shown.
STYLE = (
    dialog_view.STYLE
    + """<style>
.sdkit-conversation-browser { max-width: 80em; }
.sdkit-conversation-browser p { margin: 0.2em 0; line-height: 1.5; overflow-wrap: anywhere; }
.sdkit-conversation-browser .sdkit-chat, .sdkit-conversation-browser .sdkit-conversation-known {
  height: 30em; max-height: none; overflow-y: auto; resize: vertical; box-sizing: border-box;
  border: 1px solid var(--jp-border-color1, GrayText); }
.sdkit-conversation-browser .sdkit-conversation-known { padding: 0.5em; height: auto; max-height: 30em; }
.sdkit-conversation-browser .sdkit-conversation-turns { flex: 3 1 24em; min-width: 0; }
.sdkit-conversation-browser .sdkit-conversation-beside { flex: 2 1 18em; min-width: 0; }
.sdkit-conversation-browser .widget-html-content { min-width: 0; overflow-wrap: anywhere; }
.sdkit-conversation-browser .sdkit-above { flex-direction: column; height: auto; }
.sdkit-conversation-browser .sdkit-above > label { width: auto; text-align: left; }
.sdkit-conversation-browser .sdkit-above > :is(select, textarea) { width: 100%; box-sizing: border-box;
  font-family: inherit; flex: none; }
.sdkit-conversation-facts dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.1em 1em; margin: 0;
  width: auto; line-height: 1.5; }
.sdkit-conversation-facts dl > * { float: none; width: auto; margin: 0; padding: 0; min-width: 0;
  overflow-wrap: anywhere; }
.sdkit-conversation-facts ul { margin: 0; padding-left: 1.2em; line-height: 1.5; }
</style>"""
)
_UNKNOWN = "(unknown)"
_SHORT = 40  # letters of a name in a list
_ROWS = 30  # of the table on a printed page


@dataclass(frozen=True, eq=False)
class Entry:
    """A conversation, and what it is found by.

    Attributes
    ----------
    number : int
        Its place among all of them; the first is 1.
    bot, user : str
        Who talks. The bot is named by whoever gave the conversations, or else as it is in them.
    stop : str
        Why it has ended: its `sdkit.simulation.simulated.kind_of`.
    key : str
        What it is known by in reviews.
    """

    number: int
    dialog: Dialog
    bot: str
    user: str
    stop: str
    key: str

    def line(self, with_bot: bool) -> str:
        """Return what the list says of it."""
        id = self.dialog.dialogId
        parts = [_short(self.user), *([_short(self.bot)] if with_bot else []), words(self.stop)]
        parts += [counted(len(self.dialog)), *([] if id is None else [f"id {_short(str(id))}"])]
        return f"{self.number}. {' · '.join(parts)}"


def entries_of(conversations: Any) -> list[Entry]:
    """Return conversations with what they are found by.

    Raises
    ------
    InputError
        They are none of what `ConversationBrowser` takes.
    FileError
        A file cannot be read, or holds no conversations; names the line.
    """
    named = conversations if isinstance(conversations, Mapping) else {None: conversations}
    found: list[Entry] = []
    for name, source in named.items():
        if name is not None and not (isinstance(name, str) and name.strip()):
            raise InputError(f"{name!r} is no name of a bot; give a text that is not blank")
        for dialog in _dialogs(source, "conversations" if name is None else f"conversations[{name!r}]"):
            user, bot = _sides(dialog)
            about = (bot if name is None else name, user, kind_of(dialog), key_of(dialog))
            found.append(Entry(len(found) + 1, dialog, *about))
    return found


def _dialogs(source: Any, what: str) -> list[Dialog]:
    if isinstance(source, str | Path):
        return load_conversations(source)
    if isinstance(source, Dialog):
        raise InputError(f"{what} is one conversation; give a list of them: [dialog]")
    if isinstance(source, Mapping) or not isinstance(source, Iterable):
        raise InputError(
            f"{what} is a {type(source).__name__}; give a list of conversations, what `simulate` returned, or the path "
            "of a .jsonl file"
        )
    dialogs = list(source.dialogs if isinstance(source, Simulated) else source)
    for place, dialog in enumerate(dialogs):
        if not isinstance(dialog, Dialog):
            raise InputError(f"{what}[{place}] is no Dialog but a {type(dialog).__name__}; give a list of dialogues")
    return dialogs


def _sides(dialog: Dialog) -> tuple[str, str]:
    """Return who the user is, and who answers."""
    try:
        speakers = {role: speaker for speaker, role in roles_of(dialog).items()}
        sides = [speakers.get(USER), speakers.get(ASSISTANT)]
    except InputError:  # more than two
        sides = dialog.speakers[:2]
    user, bot = (side or _UNKNOWN for side in sides)
    return user, bot


def matching(entries: Iterable[Entry], wanted: Mapping[str, str], query: str) -> list[Entry]:
    """Return the conversations of this ``stop``, ``user`` and ``bot``, "" for any, that have the query in a turn."""
    found = [each for each in entries if all(value in ("", getattr(each, name)) for name, value in wanted.items())]
    pattern = pattern_of(query)
    if pattern is None:
        return found

    def has(dialog: Dialog) -> bool:
        return any(pattern.search(turn.text) or pattern.search(turn.speaker or _UNKNOWN) for turn in dialog.turns)

    return [each for each in found if has(each.dialog)]


def words(kind: str) -> str:
    """Return the kind of an end in words."""
    return _short(kind.replace("_", " "))


def _short(text: str) -> str:
    """Return a text as a part of a line."""
    line = rendering.shown(text).strip()
    return line if len(line) <= _SHORT else f"{line[:_SHORT]}…"


def choices(
    values: Iterable[str], first: Iterable[str] = (), name: Callable[[str], str] = _short
) -> list[tuple[str, str]]:
    """Return what can be chosen in a filter: "" for any, then what there is, those of `first` before the others."""
    there = dict.fromkeys(values)
    order = [value for value in first if value in there]
    return [("any", ""), *((name(value), value) for value in dict.fromkeys([*order, *there]))]


def facts_html(entry: Entry) -> str:
    """Return who talks, why it has ended, whether the user has stayed who they are, and who that is."""
    dialog = entry.dialog
    facts = {"User": entry.user, "Bot": entry.bot, "Ended": words(entry.stop)}
    if meaning := KINDS.get(entry.stop):
        facts["Ended"] += f": {meaning}"
    if stop := dialog.stop:
        facts |= {"Reason": stop.reason} if stop.reason else {}
        facts |= {} if stop.confidence is None else {"Confidence": f"{stop.confidence:g}"}
    if isinstance(kept := (dialog.notes or {}).get("persona"), Mapping):
        facts["Persona kept"] = _kept(kept)
    items = "\n".join(f'<dt>{name}</dt><dd dir="auto">{text_html(text)}</dd>' for name, text in facts.items())
    who = (dialog.personas or {}).get(entry.user)
    persona = f'\n<p><b>The user’s persona</b></p>\n<div dir="auto">{value_html(who)}</div>' if who else ""
    return f'<div class="sdkit-conversation-facts {SAFE}">\n<dl>\n{items}\n</dl>{persona}\n</div>'


def known_html(entry: Entry) -> str:
    """Return all that is known of a conversation beside what was said, in a box that scrolls, with keys too."""
    return (
        f'<div class="sdkit-conversation-known" role="region" aria-label="What is known" tabindex="0" {OWN_KEYS}>'
        f"{facts_html(entry)}{about_html(entry.dialog)}</div>"
    )


def _kept(answer: Mapping[str, Any]) -> str:
    kept = answer.get("kept")
    says = "yes" if kept is True else "no" if kept is False else "nobody knows"
    evidence = f"“{answer['evidence']}”" if answer.get("evidence") else ""
    return ". ".join(filter(None, (says, str(answer.get("reason") or "").removesuffix("."), evidence)))


def decided(dialog: Dialog) -> dict[int, str]:
    """Return what a judge has decided after turns; the first turn is 0."""
    decisions = (dialog.notes or {}).get("decisions")
    found = {}
    for decision in decisions if isinstance(decisions, list) else ():
        if isinstance(decision, Mapping) and isinstance(turn := decision.get("turn"), int):
            sure = decision.get("confidence")
            how = f" (confidence {sure:g})" if isinstance(sure, int | float) else ""
            found[turn - 1] = f"Judge: {decision.get('state')}{how}. {decision.get('reason') or ''}".strip()
    return found


def chat(entry: Entry, query: str = "") -> str:
    """Return the turns, with what was decided after them."""
    return turns_html(entry.dialog, query, said=decided(entry.dialog), every=True)[0]


def static_html(found: Sequence[Entry], count: int, chosen: Sequence[str], shown: Entry | None) -> str:
    """Return how many conversations there are, a table of the first ones, and one of them in full."""
    of = f"{len(found):,} of {count:,} conversations ({text_html('; '.join(chosen) or 'all')})"
    heading = f'<p class="{SAFE}"><b>Conversations</b>: {of}.</p>'
    if not found:
        return heading
    rows = [
        (str(one.number), *(map(_short, (one.user, one.bot, words(one.stop)))), str(len(one.dialog)))
        for one in found[:_ROWS]
    ]
    table = rendering.table(("number", "user", "bot", "ended", "turns"), rows)
    more = f"\n<p>And {len(found) - _ROWS:,} more.</p>" if len(found) > _ROWS else ""
    one = f"\n<p>Number {shown.number:,}:</p>\n{facts_html(shown)}\n{chat(shown)}" if shown else ""
    about = f"\n{about_html(shown.dialog, here=False)}" if shown else ""
    return f'{heading}\n<div class="{SAFE}">{table}</div>{more}{one}{about}'
