"""How a dialogue looks on a terminal, in Jupyter, and as HTML and Markdown, whatever a model wrote into it."""

from __future__ import annotations

import io
import re
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import mistune
import pytest

from sdkit import rendering
from sdkit.dialog import Dialog, Event, Provenance, Turn
from sdkit.errors import InputError


def says(*turns: tuple[str | None, str], **about: object) -> Dialog:
    return Dialog.from_dict({"turns": [{"speaker": speaker, "text": text} for speaker, text in turns]} | about)


# -- print ------------------------------------------------------------------------------------------------------------


def test_print_shows_what_is_known_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    says(("A", "Hi"), scenario={"b": 1, "a": "é"}, seed=7, model="m", complete=True, dialogId=3).print(scenario=True)

    assert capsys.readouterr().out == (
        "[dialog_id] 3\n[model] m\n[seed] 7\n"
        '[scenario] \n{\n  "b": 1,\n  "a": "é"\n}\n'
        "--- Dialogue Begins ---\n[A] Hi\n--- Dialogue Ends ---\n"
    )


def test_zero_and_false_are_known_too(capsys: pytest.CaptureFixture[str]) -> None:
    says(dialogId=0, complete=False, seed=0, scenario={}).print(scenario=True)

    assert capsys.readouterr().out.startswith("[dialog_id] 0\n[complete] False\n[seed] 0\n[scenario] \n{}\n---")


def test_print_takes_speakers_that_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    says((None, "hm"), ("A", "Hi")).print()

    assert "[None] hm\n[A] Hi\n" in capsys.readouterr().out


def test_print_takes_a_scenario_spoilt_after_the_fact(capsys: pytest.CaptureFixture[str]) -> None:
    says(("A", "Hi")).model_copy(update={"scenario": {"a": {1}}}).print(scenario=True)

    assert '{\n  "a": "{1}"\n}\n' in capsys.readouterr().out


def test_events_are_printed_for_the_turns(capsys: pytest.CaptureFixture[str]) -> None:
    events = [
        Event(agent="User", action="utter", text="Hi", timestamp=0),
        Event(agent="Wizard", action="pick_suggestion", actionLabel="hello", text="Hello!", timestamp=1),
        Event(action="instruct", text="Say bye", timestamp=2),
    ]
    says(("User", "Hi"), events=events).print(orchestration=True)

    assert capsys.readouterr().out == (
        "--- Dialogue Begins ---\n[User] Hi\n[Wizard] <pick_suggestion (hello)> Hello!\n[None] <instruct> Say bye\n"
        "--- Dialogue Ends ---\n"
    )


@pytest.mark.parametrize("events", [None, []])
def test_events_that_are_not_there_cannot_be_printed(
    events: list[Event] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match="has no events; print it without orchestration=True"):
        says(("A", "Hi"), events=events).print(orchestration=True)

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[2J\x1b[31mred", r"\x1b[2J\x1b[31mred"),
        ("good\rbad", r"good\rbad"),
        ("\x9b31m \x07 \x08 \x7f \x00", r"\x9b31m \x07 \x08 \x7f \x00"),
        ("half \ud83d", r"half \ud83d"),
        ("no letter \ufffe \uffff", r"no letter \ufffe \uffff"),
        ("two\nlines\tand a tab, é 👩🏽‍⚕️ שלום", "two\nlines\tand a tab, é 👩🏽‍⚕️ שלום"),
    ],
    ids=["escape", "return", "others", "surrogate", "no letters", "harmless"],
)
@pytest.mark.parametrize("colour", [False, True])
def test_a_text_cannot_steer_the_terminal(raw: str, shown: str, colour: bool) -> None:
    dialog = says((raw, raw), model=raw, scenario=raw, events=[Event(agent=raw, action=raw, text=raw, timestamp=0)])

    for orchestration in (False, True):
        printed = rendering.terminal(dialog, scenario=True, orchestration=orchestration, colour=colour)
        ours = re.sub(r"\x1b\[(1;\d\d|0)m", "", printed)
        assert re.findall(r"[^\n\t -~\xa0-\ud7ff\ue000-\U0010ffff]", ours) == []
        assert ours.count(shown) == (5 if orchestration else 4)
        printed.encode()


# -- colours ----------------------------------------------------------------------------------------------------------


class ZMQInteractiveShell:
    """The name by which Jupyter's shell is known."""


class TerminalInteractiveShell:
    """The name of IPython's own."""


@pytest.mark.parametrize(
    ("shell", "tty", "no_color", "coloured"),
    [
        (None, False, None, False),
        (None, True, None, True),
        (ZMQInteractiveShell, False, None, True),
        (TerminalInteractiveShell, False, None, False),
        (TerminalInteractiveShell, True, None, True),
        (ZMQInteractiveShell, False, "1", False),
        (None, True, "1", False),
        (None, True, "", True),
    ],
)
def test_colours_are_for_terminals_and_jupyter(
    monkeypatch: pytest.MonkeyPatch, shell: type | None, tty: bool, no_color: str | None, coloured: bool
) -> None:
    # Given a shell, somewhere to print, and perhaps NO_COLOR (https://no-color.org: set and not empty)
    out = io.StringIO()
    monkeypatch.setattr(out, "isatty", lambda: tty, raising=False)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell and shell()))
    if no_color is None:
        monkeypatch.delenv("NO_COLOR", raising=False)
    else:
        monkeypatch.setenv("NO_COLOR", no_color)

    says(("A", "Hi"), ("B", "Hi")).print()

    assert ("\x1b[" in out.getvalue()) is coloured
    assert "\n[A] Hi\n[B] Hi\n" in re.sub(r"\x1b\[[\d;]*m", "", out.getvalue())


def test_each_speaker_has_a_colour_and_texts_have_none() -> None:
    printed = rendering.terminal(says(("B", "one"), ("A", "two"), ("B", "three")), colour=True)

    colours = re.findall(r"\x1b\[1;(\d+)m\[(\w)\]\x1b\[0m (?:one|two|three)\n", printed)
    assert [who for _, who in colours] == ["B", "A", "B"]
    assert colours[0] == colours[2]
    assert colours[0][0] != colours[1][0]


# -- Jupyter ----------------------------------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'><b>&amp; &lt;",
    "**bold** _it_ `code` ~~no~~ [a](javascript:alert(1)) ![i](x) <http://x.org> https://x.org a@b.org",
    "# no heading",
    "- no item",
    "1. no item",
    "1) no item",
    "> no quote",
    "    no code",
    "| no | table |\n|---|---|\n| a | b |",
    "no\n\nparagraph\n===\n---\n```\nfence\n```",
    "$x$ costs $5 \\(y\\)",
    "[ref]: http://x.org",
    "trailing \\",
    "שלום (hello)",
]


class Read(HTMLParser):
    """Collects the tags and the text of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.text += "\n" if tag == "br" else ""

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_html_carries_a_text_and_none_of_its_markup(text: str) -> None:
    read = Read(rendering.html(says((text, text), dialogId=text, model=text, scenario=text)))

    assert read.tags <= {"figure", "figcaption", "details", "summary", "pre", "ol", "li", "b", "span", "br"}
    assert read.text.count(text) == 6  # id, speaker and model in the caption; scenario; speaker and text


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_carries_a_text_and_none_of_its_markup(text: str) -> None:
    markdown = rendering.markdown(says(("A", text), (text.strip(), "fine"), model=text.strip()))

    read = Read(str(mistune.create_markdown(escape=False, plugins=["strikethrough", "table", "url", "math"])(markdown)))

    assert read.tags <= {"p", "em", "strong", "ol", "li", "br"}
    assert read.text.count(text.strip()) == 4  # in the caption its speaker and the model; text; speaker


def test_markdown_escapes_what_any_dialect_could_take_for_markup() -> None:
    special = "\\`*_{}[]<>()#+-.!|~$:@"

    assert "".join(f"\\{character}" for character in special) in rendering.markdown(says(("A", special)))


def test_jupyter_gets_the_repr_and_two_nicer_forms() -> None:
    dialog = says(("Zoë", "Hi!\nHow are you?"), ("B", "<b>"))

    bundle = dialog._repr_mimebundle_()

    assert bundle["text/plain"] == repr(dialog)
    assert '<li><b dir="auto">Zoë</b>: <span dir="auto">Hi!<br>How are you?</span></li>' in bundle["text/html"]
    assert '<span dir="auto">&lt;b&gt;</span>' in bundle["text/html"]
    assert "1. **Zoë:** Hi\\!<br>How are you?\n2. **B:** \\<b\\>" in bundle["text/markdown"]


def test_a_scenario_is_folded_away_in_html() -> None:
    html = rendering.html(says(("A", "Hi"), scenario={"place": "<here>"}))

    assert "<details><summary>Scenario</summary>" in html
    assert "&quot;place&quot;: &quot;&lt;here&gt;&quot;" in html
    assert "<details>" not in rendering.html(says(("A", "Hi")))


@pytest.mark.parametrize(("replayed", "end"), [(True, ", replayed"), (False, ", live"), (None, ", seed 0")])
def test_the_caption_says_what_it_is_and_whether_it_was_replayed(replayed: bool | None, end: str) -> None:
    dialog = says(("A", "Hi"), ("B", "Hi"), dialogId=0, model="m", seed=0, provenance=Provenance(replayed=replayed))

    caption = rendering.caption(dialog)

    assert caption.startswith("Dialogue 0: 2 turns, between A and B, by m, seed 0")
    assert caption.endswith(end)
    assert f"<figcaption>{caption}</figcaption>" in rendering.html(dialog)


def test_the_caption_counts_as_people_do() -> None:
    assert rendering.caption(says()) == "Dialogue: 0 turns"
    assert rendering.caption(Dialog(turns=[Turn(speaker=None, text="hm")])) == "Dialogue: 1 turn, between None"


def test_prices_are_not_typeset_as_formulas() -> None:
    # Jupyter's MathJax takes what stands between two dollar signs for a formula, unless a class says no
    dialog = Dialog(turns=[Turn(speaker="Ana", text="It costs $5, not $6.")])
    assert 'class="sdkit-dialog mathjax_ignore tex2jax_ignore"' in rendering.html(dialog)
    assert "\\$5" in rendering.markdown(dialog)
