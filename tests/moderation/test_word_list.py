"""The word list: whole words, simple tricks, phrases, and what only looks bad."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sdkit.errors import FileError, InputError
from sdkit.moderation import Finding, Layer, Substrings, WordList
from sdkit.moderation.words import SHIPPED

WORDS = WordList()


def found(text: str, words: WordList = WORDS) -> list[tuple[str, str]]:
    return [(finding.category, finding.text) for finding in words.check([text])]


# -- what is found ----------------------------------------------------------------------------------------------------


def test_a_finding_says_what_it_is_and_where() -> None:
    texts = ["Good morning.", "Are you an IDIOT, or what?"]

    (finding,) = WORDS.check(texts)

    assert finding == Finding(
        "words", "insult", "'IDIOT' is listed under insult", turn=1, start=11, end=16, text="IDIOT"
    )
    assert texts[finding.turn][finding.start : finding.end] == "IDIOT"


@pytest.mark.parametrize(
    ("text", "category", "said"),
    [
        ("Fuck off!", "profanity", "Fuck"),
        ("what a load of bullshit", "profanity", "bullshit"),
        ("Damn, I missed it.", "mild profanity", "Damn"),
        ("The bloody lift is broken.", "mild profanity", "bloody"),
        ("What the hell is this?", "mild profanity", "What the hell"),
        ("Go to hell!", "mild profanity", "Go to hell"),
        ("You’re so stupid.", "insult", "You’re so stupid"),
        ("Oh, shut up.", "insult", "shut up"),
        ("Oh, shut the fuck up.", "insult", "shut the fuck up"),
        ("those idiots at the desk", "insult", "idiots"),
        ("I'll kill you", "threat", "kill you"),
        ("I know where you live.", "threat", "I know where you live"),
        ("send me nudes", "sexual", "send me nudes"),
        ("I hate all immigrants", "hate", "hate all immigrants"),
        ("I want to kill myself.", "self-harm", "kill myself"),
        ("Where can I buy some cocaine?", "drugs", "cocaine"),
    ],
)
def test_what_is_not_to_be_in_a_data_set_is_found(text: str, category: str, said: str) -> None:
    assert (category, said) in found(text)


@pytest.mark.parametrize(
    ("text", "said", "means"),
    [
        ("This is sh1t.", "sh1t", "shit"),
        ("Where the f*ck is it?", "f*ck", "fuck"),
        ("f*** this", "f***", "fuck"),
        ("f**king late", "f**king", "fucking"),
        ("oh sh!t!", "sh!t", "shit"),
        ("kiss my a$$", "a$$", "ass"),
        ("what a m0r0n", "m0r0n", "moron"),
        ("read it, i d i o t", "i d i o t", "idiot"),
        ("F.U.C.K this", "F.U.C.K", "fuck"),
        ("you are a m-o-r-o-n", "m-o-r-o-n", "moron"),
        ("shiiiiit", "shiiiiit", "shit"),
        ("Ｆｕｃｋ it", "Ｆｕｃｋ", "fuck"),
        ("fúck it", "fúck", "fuck"),
        ("fu\u200bck it", "fu\u200bck", "fuck"),
    ],
)
def test_simple_tricks_are_seen_through(text: str, said: str, means: str) -> None:
    (finding,) = WORDS.check([text])

    assert (finding.text, text[finding.start : finding.end]) == (said, said)
    assert f"stands for {means!r}" in finding.reason


def test_a_trick_in_a_phrase_is_seen_through() -> None:
    assert found("you stuuupid machine") == [("insult", "you stuuupid machine")]
    assert found("I will k1ll you") == [("threat", "k1ll you")]


@pytest.mark.parametrize(
    "text",
    [
        "Can you assist me? I grew up in Scunthorpe.",
        "Please pass the class schedule, and a cocktail.",
        "Dickens wrote in Essex, near the grapes.",
        "My therapist wants an analysis. Hello, Matsushita!",
        "I want to kill time, or kill two hours, before my train.",
        "The dumbbells are in the gym.",
        "We shoot a film, and I'm dying to see it.",
        "What a sick view! And a bath bomb, please.",
        "One bloody mary and a hell of a view.",
        "Was it just one kettle?",
        "I'll spell it: D-I-C-K-E-N-S. Or s a m.",
        "The A55 to Holyhead, room B1TC, seat 5H1.",
        "**Breakfast** is included*, at our 4* hotel.",
        "Shut up shop at six.",
        "My driver called me an idiot.",
        "We always get lost in that part of town.",
        "That is as good as it gets.",
        "Harshit and Shital have booked the shiitake risotto.",
        "go on. Die Zeit ist um.",
        "5 o'clock, w/ wi-fi & e-mail!!! a@b c$d e*f",
        "",
        "   ",
        "😀 🤬 ¡hola! 你好",
    ],
)
def test_what_only_looks_bad_is_not_found(text: str) -> None:
    assert found(text) == []


def test_an_exception_excuses_only_what_is_in_it() -> None:
    assert found("A bloody mary, you bloody fool") == [("insult", "you bloody fool")]
    assert found("Two bloody marys, and the bloody bill!") == [("mild profanity", "bloody")]


def test_a_phrase_does_not_go_on_over_the_end_of_a_sentence() -> None:
    assert found("Please shut it. Up there it is cold.") == []
    assert found("I like him. You? Stupid weather!") == []
    assert found("Shut, up!") == [("insult", "Shut, up")]


def test_of_what_overlaps_the_longest_counts() -> None:
    assert found("You stupid idiot!") == [("insult", "You stupid"), ("insult", "idiot")]
    assert found("that fucking stupid cow") == [("insult", "that fucking stupid cow")]
    assert found("go to hell, what the hell") == [("mild profanity", "go to hell"), ("mild profanity", "what the hell")]


def test_places_are_right_behind_letters_that_fold_into_several() -> None:
    text = "Straße ﬁne Ⅷ, İstanbul: you idiot"

    (finding,) = WordList({"insult": ["idiot"]}).check([text])

    assert text[finding.start : finding.end] == "idiot"


def test_a_list_is_a_layer_and_says_how_long_it_is() -> None:
    assert isinstance(WORDS, Layer)
    assert repr(WORDS).startswith("WordList(")
    assert "entries in 8 categories" in repr(WORDS)
    assert set(WORDS.categories) == {
        *("profanity", "mild profanity", "insult", "threat", "sexual", "hate", "self-harm", "drugs")
    }


# -- a list of one's own ----------------------------------------------------------------------------------------------


def test_words_can_be_added_and_left_out() -> None:
    words = WordList(extra={"rivals": ["Green Kettle", "teapot*"], "insult": ["nitpicker"]}, without=["damn"])

    assert found("Damn, the GREEN KETTLES, a teapottery, you nitpicker", words) == [
        ("rivals", "GREEN KETTLES"),
        ("rivals", "teapottery"),
        ("insult", "nitpicker"),
    ]
    assert found("idiot", words) == [("insult", "idiot")]


def test_a_category_can_be_left_out() -> None:
    words = WordList(without=["mild profanity", "hate"])

    assert found("damn crap, idiot", words) == [("insult", "idiot")]
    assert "hate" not in words.categories


def test_a_list_of_ones_own_takes_the_place_of_ours() -> None:
    words = WordList(
        {"fruit": ["<red>", "pear/pears green?"], "exceptions": ["cherry tree"], "sets": {"red": ["cherry"]}}
    )

    assert found("a cherry, a cherry tree, a green pear, you idiot", words) == [("fruit", "cherry"), ("fruit", "pear")]
    assert found("pears green", words) == [("fruit", "pears green")]


def test_any_script_will_do() -> None:
    words = WordList({"оскорбление": ["дурак"], "beleidigung": ["blödmann"]})

    assert found("Ты ДУРАК! Дуракам счастье. Du Blodmann", words) == [
        ("оскорбление", "ДУРАК"),
        ("beleidigung", "Blodmann"),
    ]


def test_what_shapes_the_findings_is_told() -> None:
    assert WordList().about == WordList().about
    assert WordList().about != WordList(without=["damn"]).about


def test_a_file_replaces_or_extends_the_list(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("rivals: [Green Kettle]\nexceptions: [green kettle lane]\n")
    more = tmp_path / "more.yaml"
    more.write_text("extends: true\nwithout: [damn]\nrivals: [Green Kettle]\n")

    text = "Damn, Green Kettle, what an idiot. Green Kettle Lane 4."

    assert found(text, WordList.load(own)) == [("rivals", "Green Kettle")]
    assert found(text, WordList.load(more)) == [
        ("rivals", "Green Kettle"),
        ("insult", "idiot"),
        ("rivals", "Green Kettle"),
    ]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"words": ["idiot"]}, "this is no word list; write a category"),
        ({"words": {}}, "the word list is empty"),
        ({"words": {"insult": "idiot"}}, "insult: give a list of words"),
        ({"words": {"insult": [True]}}, "insult: give a list of words and phrases, in quotes where YAML"),
        ({"words": {"insult": ["  "]}}, "insult: an entry is empty"),
        ({"words": {"insult": ["so? stupid"]}}, "'so\\? stupid' begins with a word that may be missing"),
        ({"words": {"insult": ["* stupid"]}}, "begins with a word that may be missing or be any"),
        ({"words": {"insult": ["<bad> cow"]}}, "there is no set 'bad'"),
        ({"words": {"insult": ["a/*"]}}, r"'\*' is not one word"),
        ({"words": {"insult": ["you <b>"], "sets": {"b": ["two words"]}}}, "sets: b: 'two words' is not one word"),
        ({"words": {"insult": ["idiot"], "extends": True}}, "'extends' is for the file"),
        ({"without": ["dam"]}, "there is no entry or category 'dam' in the list; did you mean 'damn'"),
        ({"without": ["kettle"]}, "no entry or category 'kettle' in the list; it has the categories profanity"),
    ],
)
def test_a_list_that_cannot_work_is_refused(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        WordList(**options)


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    for text, problem in (
        ("- idiot\n", "own.yaml: this is no word list"),
        ("extends: please\n", "own.yaml: extends: write true or false"),
        ("insult: [no]\n", "own.yaml: insult: give a list of words and phrases, in quotes"),
        ("insult: [\n", "own.yaml, line 2: is not YAML"),
    ):
        path.write_text(text)
        with pytest.raises(FileError, match=problem):
            WordList.load(path)


def test_the_list_that_is_shipped_has_no_entry_twice_in_a_category() -> None:
    data = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))

    for category, entries in data.items():
        assert len(set(entries)) == len(entries), category


# -- the filter that it is compared with ------------------------------------------------------------------------------


def test_substrings_are_found_in_other_words_as_such_filters_do() -> None:
    (finding,) = Substrings(["ASS"]).check(["Hello", "Can you Assist?"])

    assert (finding.turn, finding.start, finding.end, finding.text) == (1, 8, 11, "Ass")
    with pytest.raises(InputError, match="no words to look for"):
        Substrings([" "])
