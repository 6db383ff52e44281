"""What `describe` counts in dialogues."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from sdkit import Dialog, Turn
from sdkit.analysis import describe
from sdkit.analysis.statistics import moving_variety, self_repetition, split_words
from sdkit.datasets import StarDataset
from sdkit.errors import InputError, MissingPackageError
from sdkit.flowchart import Flowchart

MINI = Path(__file__).resolve().parents[2] / "datasets" / "star-mini"


def says(*texts: str, speakers: tuple[str | None, ...] = ("User", "System"), id: int | str | None = None) -> Dialog:
    turns = [Turn(speaker=speakers[number % len(speakers)], text=text) for number, text in enumerate(texts)]
    return Dialog(turns=turns, dialogId=id)


def test_a_dialogue_is_a_row_of_numbers() -> None:
    dialog = says("Hello, it is me.", "Hello! Who is me?", "Me is I.", "Hello: who, is ME?", id=7)

    table = describe([dialog])

    assert table.index.tolist() == [7]
    assert table.index.name == "dialog"
    row = table.loc[7]
    assert (row["turns"], row["words"], row["distinct_words"]) == (4, 15, 6)  # hello it is me who i
    assert row["words_per_turn"] == 3.75
    assert row["words_per_turn_User"] == 3.5
    assert row["words_per_turn_System"] == 4
    assert row["questions"] == 0.5
    assert row["repeated_turns"] == 0.25  # the last turn, but for case and punctuation
    assert math.isnan(row["word_variety"])  # too short to tell
    assert math.isnan(row["self_repetition"])  # there is no other dialogue
    assert "adherence" not in table


def test_words_are_counted_as_a_dialogue_counts_them() -> None:
    for dialog in (says("Well - I'd say: yes…", "¿Qué? 🙂", ""), *StarDataset(MINI).get_dialogs()):
        assert describe([dialog])["words"].sum() == sum(dialog.word_counts().values())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, HELLO (hello)", ["hello", "hello", "hello"]),
        ("don't re-book it", ["don't", "re-book", "it"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("cafe\u0301 caf\u00e9", ["caf\u00e9", "caf\u00e9"]),
        ("«Привет», мир!", ["привет", "мир"]),
        ("नमस्ते, आप कैसे हैं?", ["नमस्ते", "आप", "कैसे", "हैं"]),
        ("مرحبا، كيف حالك؟", ["مرحبا", "كيف", "حالك"]),
        ("你好。", ["你好"]),
        ("wait - 🙂 ...", ["wait", "-", "🙂", "..."]),
        (" \n\t ", []),
    ],
)
def test_words_stand_between_white_space_in_any_script(text: str, words: list[str]) -> None:
    assert split_words(text) == words


def test_a_language_without_blanks_can_be_given_its_own_words() -> None:
    assert describe([says("你好吗？")], words=list)["words"].tolist() == [4]


@pytest.mark.parametrize("text", ["Why?", "why? because", "为什么？", "لماذا؟", "Γιατί\u037e", "What?!", "Ինչու՞"])
def test_a_question_has_a_question_mark_of_any_script(text: str) -> None:
    assert describe([says(text, "No.")])["questions"].tolist() == [0.5]


def test_turns_without_words_repeat_nothing() -> None:
    assert describe([says("", " ", "")])["repeated_turns"].tolist() == [0]


# -- variety ----------------------------------------------------------------------------------------------------------


def test_variety_is_the_mean_share_of_distinct_words_in_a_window() -> None:
    assert moving_variety(["a", "b", "a", "a"], window=2) == pytest.approx((1 + 1 + 0.5) / 3)
    assert moving_variety(["a", "b"], window=2) == 1
    assert moving_variety(["a"], window=2) is None


def test_variety_does_not_fall_with_the_length_of_a_dialogue() -> None:
    # Given the same vocabulary in a short and a long dialogue
    sentence = " ".join(f"word{number}" for number in range(40))
    table = describe([says(sentence), says(*[sentence] * 20)])

    # Then distinct words per word, as such, would say that the long one is poorer
    ratios = (table["distinct_words"] / table["words"]).tolist()
    assert ratios == [1, 0.05]
    assert table["word_variety"].tolist() == [1, 1]
    assert table["distinct_2"].tolist() == [1, 1]


def test_pairs_of_words_do_not_reach_over_turns() -> None:
    # Given 26 words, a turn each, and so no pair at all
    assert math.isnan(describe([says(*(f"word{number}" for number in range(26)))])["distinct_2"].iloc[0])


# -- the dialogues of a set among each other --------------------------------------------------------------------------


def test_self_repetition_is_the_share_of_other_dialogues_that_have_a_phrase() -> None:
    bye = ["have", "a", "nice", "day"]
    said = [[bye], [bye, ["one", "two", "three", "four"]], [["and", "now", "something", "else"]], [["hi"]], []]
    # The first phrase is in one of the three others that have turns; the second dialogue has it, and one of its own.
    assert self_repetition(said) == [1 / 3, 1 / 6, 0, None, None]


def test_self_repetition_does_not_depend_on_the_size_of_the_set() -> None:
    half_the_same = [says("have a nice day"), says("one two three four")]
    small, large = describe(half_the_same * 10), describe(half_the_same * 100)
    assert small["self_repetition"].mean() == pytest.approx(0.5, abs=0.03)
    assert large["self_repetition"].mean() == pytest.approx(0.5, abs=0.003)


def test_a_speaker_has_a_column_who_speaks_in_most_dialogues() -> None:
    # Given an assistant that is the same in all dialogues, and users of many names
    dialogs = [says("Hi.", "Good day.", speakers=(name, "System")) for name in ("Ana", "Ben", None)]
    columns = [name for name in describe(dialogs) if name.startswith("words_per_turn_")]
    assert columns == ["words_per_turn_System"]


def test_a_speaker_may_be_unknown() -> None:
    assert describe([says("Hi you", speakers=(None,))])["words_per_turn_None"].tolist() == [2]


# -- adherence --------------------------------------------------------------------------------------------------------

CHART = Flowchart("greet", {"hello": "ask_name"}, {"hello": "Hello there.", "ask_name": "What is your name?"})


def test_adherence_is_measured_by_flowcharts() -> None:
    dialogs = [says("Hi", "Hello there.", "Yes?", "What is your name?"), says("Hi", "Quack quack."), says("Hi")]
    shares = describe(dialogs, CHART)["adherence"]
    assert shares.tolist()[:2] == [1, 0]
    assert math.isnan(shares.iloc[2])  # the system says nothing
    assert describe(dialogs, [CHART])["adherence"].tolist()[:2] == [1, 0]


def test_adherence_can_be_measured_by_a_function() -> None:
    assert describe([says("a"), says("a", "b")], lambda dialog: 0.25 * len(dialog))["adherence"].tolist() == [0.25, 0.5]


def test_a_dialogue_without_a_system_is_named() -> None:
    dialogs = [says("Hi", "Hello there."), says("Hi", "Hello", speakers=("Ana", "Ben"), id=12)]
    with pytest.raises(InputError, match="dialogue 12: no 'System' speaks in this dialogue"):
        describe(dialogs, CHART)


# -- bad input --------------------------------------------------------------------------------------------------------


def test_a_dialogue_without_turns_is_counted() -> None:
    table = describe([says("Hello you", "Hi"), says(id="empty")], CHART)
    assert table.index.tolist() == [1, "empty"]
    assert table.loc["empty", ["turns", "words", "distinct_words"]].tolist() == [0, 0, 0]
    assert table.loc["empty"].drop(["turns", "words", "distinct_words"]).isna().all()


def test_a_set_holds_dialogues_and_at_least_one() -> None:
    with pytest.raises(InputError, match="the set is empty"):
        describe([])
    with pytest.raises(InputError, match="number 2 of the set is no Dialog but a str"):
        describe([says("a"), "b.json"])  # type: ignore[list-item]


def test_a_single_dialogue_is_a_set_of_one() -> None:
    assert describe(says("a", "b"))["turns"].tolist() == [2]  # not one of turns, over which it iterates


def test_without_pandas_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingPackageError, match=r"pandas is needed to make a table of dialogues"):
        describe([says("a")])


def test_the_real_data_can_be_described_whole(real_star: Path) -> None:
    table = describe(StarDataset(real_star).get_dialogs())
    assert len(table) == 6652
    assert (table["turns"] == 0).sum() == 447
    assert table["turns"].sum() == 108_137
