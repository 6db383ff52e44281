"""Clusters of dialogues. What stands in for embeddings counts words: it is about the clusters."""

from __future__ import annotations

import json
import math
import re
import sys
import xml.etree.ElementTree as ET
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings

from sdkit import Dialog, Turn
from sdkit.analysis import cluster_layout
from sdkit.analysis.cluster_names import prompt
from sdkit.analysis.clustering import Clusters, clusters
from sdkit.errors import InputError, MissingPackageError, ReplyError

if TYPE_CHECKING:
    from conftest import FakeOllama

SUBJECTS = {
    "taxi": "taxi driver pickup car",
    "train": "train ticket platform departure",
    "hotel": "hotel room breakfast parking",
}
SVG = "{http://www.w3.org/2000/svg}"


class Words(Embeddings):
    """Embeddings that count words, and note how long the texts are that they are given."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def embed_query(self, text: str) -> list[float]:
        vector = [0.0] * 512
        for word in re.findall(r"\w+", text.casefold()):
            vector[zlib.crc32(word.encode()) % 512] += 1
        return vector

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.lengths += map(len, texts)
        return [self.embed_query(text) for text in texts]


def talk(*texts: str) -> Dialog:
    return Dialog(turns=[Turn(speaker=("User", "System")[i % 2], text=text) for i, text in enumerate(texts)])


def about(**counts: int) -> list[Dialog]:
    """Return so many dialogues about each subject, no two alike."""
    dialogs = []
    for name, count in counts.items():
        words = SUBJECTS[name]
        for number in range(count):
            own = f"{name[0]}{number}"  # a word that nobody else has
            dialogs.append(talk(f"I need {words}, and {own}.", f"Here is {words}, and {own}."))
    return dialogs


THREE = about(hotel=10, taxi=14, train=12)


def found(dialogs: Any = THREE, **options: Any) -> Clusters:
    return clusters(dialogs, **({"embeddings": Words()} | options))


# -- what is found ----------------------------------------------------------------------------------------------------


def test_each_subject_is_a_cluster_the_largest_first() -> None:
    three = found()
    assert len(three) == 3
    assert three.sizes == [14, 12, 10]
    assert three.labels.tolist() == [2] * 10 + [0] * 14 + [1] * 12
    assert three.silhouette > 0.3


def test_words_tell_what_a_cluster_is_about() -> None:
    three = found()
    for words, subject in zip(three.words, ("taxi", "train", "hotel"), strict=True):
        assert set(words[:4]) == set(SUBJECTS[subject].split())
        assert "need" not in words[:4], "what all have tells nothing"
    assert three.names == tuple(", ".join(words[:3]) for words in three.words)


def test_the_members_are_there_nearest_to_the_centre_first() -> None:
    three = found()
    members = three.members(2)
    assert sorted(members) == list(range(10))
    assert [three.nearness[place] for place in members] == sorted(three.nearness[:10], reverse=True)
    assert three.representative(2) == members[0]
    for wrong in (3, -1, True, "A"):
        with pytest.raises(InputError, match=r"there is no cluster .*; there are 0 to 2"):
            three.members(wrong)


def test_the_table_has_a_row_for_each_cluster() -> None:
    table = found().to_frame()
    assert table.columns.tolist() == ["letter", "name", "size", "share", "words", "representative"]
    assert table["letter"].tolist() == ["A", "B", "C"]
    assert table["share"].tolist() == pytest.approx([14 / 36, 12 / 36, 10 / 36])
    assert table["representative"].tolist() == [found().representative(i) for i in range(3)]


def test_it_says_what_there_is() -> None:
    assert re.fullmatch(
        r"3 clusters of 36 dialogues, by size: A \w+, \w+, \w+ \(14\); B [\w, ]+ \(12\); C [\w, ]+ \(10\)\.",
        str(found()),
    )
    assert repr(found()) == "Clusters(3 of 36 dialogues)"


def test_the_same_seed_gives_the_same_clusters_and_places() -> None:
    one, other = found(seed=4), found(seed=4)
    assert one.labels.tolist() == other.labels.tolist()
    assert one.layout.tolist() == other.layout.tolist()


def test_who_is_alike_stands_near_each_other() -> None:
    three = found()
    assert np.abs(three.layout).max() <= 1
    own = np.array([np.linalg.norm(three.layout[i] - three.middle(int(label))) for i, label in enumerate(three.labels)])
    other = np.array(
        [np.linalg.norm(three.layout[i] - three.middle((int(n) + 1) % 3)) for i, n in enumerate(three.labels)]
    )
    assert (own < other).mean() > 0.9


def test_a_number_of_ones_own() -> None:
    assert len(found(count=2)) == 2
    five = found(count=5)
    assert (len(five), sum(five.sizes)) == (5, 36)
    one = found(count=1)
    assert (len(one), one.sizes, math.isnan(one.silhouette)) == (1, [36], True)


def test_texts_and_vectors_can_be_given() -> None:
    texts = ["\n".join(turn.text for turn in dialog.turns) for dialog in THREE]
    assert found(texts).sizes == [14, 12, 10]
    vectors = [[float(i < 20), float(i >= 20), 0.01 * (i % 5)] for i in range(36)]
    two = clusters(THREE, vectors, count=2)
    assert two.labels.tolist() == [0] * 20 + [1] * 16


def test_long_dialogues_are_embedded_in_pieces_to_the_end() -> None:
    words = Words()
    said = "This is a sentence of the user. " * 200
    clusters([talk(said, "And the last word is zebra."), talk("Short.")], embeddings=words)
    assert max(words.lengths) <= 801
    assert sum(words.lengths) > len(said.strip())


# -- edges ------------------------------------------------------------------------------------------------------------


def test_few_dialogues_are_one_cluster() -> None:
    for dialogs in (THREE[:1], THREE[:2], [THREE[0], THREE[20], THREE[30]]):
        one = found(dialogs)
        assert (len(one), one.sizes) == (1, [len(dialogs)])
        assert one.layout.shape == (len(dialogs), 2)


def test_dialogues_that_are_all_the_same_are_one_cluster() -> None:
    one = found([THREE[0]] * 20)
    assert (len(one), one.sizes) == (1, [20])
    assert np.isfinite(one.layout).all()
    with pytest.raises(InputError, match="count=2: there are only 1 different dialogues"):
        found([THREE[0]] * 20, count=2)


def test_dialogues_without_words_have_clusters_without_names() -> None:
    one = found([talk("12", "?"), talk("13", "!")])
    assert one.words == ((),)
    assert str(one) == "1 cluster of 2 dialogues, by size: A without words (2)."
    assert one.plot().alt == str(one)


@pytest.mark.parametrize(
    ("dialogs", "options", "problem"),
    [
        ([], {}, "there are no dialogues"),
        ("a text", {}, "there are no dialogues; give a list"),
        (None, {}, "there are no dialogues"),
        ([THREE[0], "a text"], {}, "number 2 is str; give dialogues only, or texts only"),
        ([1, 2], {}, "number 1 is int"),
        ([THREE[0], Dialog(turns=[])], {}, "number 2 is empty"),
        (["a", "  "], {}, "number 2 is empty"),
        (THREE, {"count": 0}, "count=0: give a whole number"),
        (THREE, {"count": True}, "count=True"),
        (THREE, {"count": 2.0}, "count=2.0"),
        (THREE, {"count": 37}, r"count=37: there are only \d+ different dialogues"),
        (THREE, {"seed": -1}, "seed=-1 will not do"),
        (THREE, {"vectors": [[1.0, 2.0]]}, "there are 36 dialogues and 1 vectors"),
        (THREE[:2], {"vectors": [[1.0, 2.0], [1.0]]}, "different lengths"),
        (THREE[:2], {"vectors": [[1.0, 2.0], [0.0, 0.0]]}, "vector 1 has no direction"),
        (THREE[:2], {"vectors": [[1.0, math.nan], [0.0, 1.0]]}, "vector 0 has no direction"),
        (THREE[:2], {"vectors": [1.0, 2.0]}, r"these have the shape \(2,\)"),
    ],
)
def test_what_cannot_work_is_refused(dialogs: Any, options: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        found(dialogs, **options)


def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    with pytest.raises(MissingPackageError, match=r"scikit-learn.*factory"):
        found()


# -- names by a model -------------------------------------------------------------------------------------------------


def test_a_model_names_the_clusters_by_their_words_and_dialogues(fake_ollama: FakeOllama) -> None:
    asked: list[str] = []

    def answer(body: dict[str, Any]) -> str:
        asked.append(body["messages"][-1]["content"])
        return json.dumps({"name": "Rides" if "taxi" in asked[-1] else "Journeys"})

    fake_ollama.answer = answer
    three = found(model="fake", seed=1)
    assert three.names == ("Rides", "Journeys 1", "Journeys 2")
    assert asked[0].startswith(f"Words: {', '.join(three.words[0])}\nDialogue: ")
    assert asked[0].count("Dialogue: ") == 3


def test_a_prompt_is_bounded_whatever_the_dialogues_are() -> None:
    *_, (role, text) = prompt(["taxi"], ["long\n" * 10_000] * 3)
    assert role == "human"
    assert len(text) < 1_000


def test_a_model_that_names_nothing_is_an_error(fake_ollama: FakeOllama) -> None:
    fake_ollama.say('{"name": " "}', times=9)
    with pytest.raises(ReplyError, match="blank"):
        found(model="fake", seed=1)


# -- the picture ------------------------------------------------------------------------------------------------------


def test_the_picture_tells_clusters_by_shape_and_letter() -> None:
    three = found()
    plotted = three.plot()
    marks = [line for line in plotted.figure.axes[0].lines if len(line.get_xdata())]
    assert [len(line.get_xdata()) for line in marks] == [14, 12, 10]
    assert len({line.get_marker() for line in marks}) == 3
    texts = ["".join(each.itertext()) for each in ET.fromstring(plotted.svg()).iter(f"{SVG}text")]
    assert {"A", "B", "C"} <= set(texts)
    assert f"A: {three.names[0]} (14)" in texts
    assert plotted.alt == str(three)


def test_of_very_many_some_are_drawn_and_all_have_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_layout, "_LAID_OUT", 100)
    rng = np.random.default_rng(0)
    vectors = np.vstack([rng.normal(size=(1_500, 8)) * 0.1 + np.eye(8)[i] for i in range(2)])
    two = clusters([f"text {i} of it" for i in range(3_000)], vectors, count=2)
    assert two.layout.shape == (3_000, 2)
    apart = np.linalg.norm(np.array(two.middle(0)) - two.middle(1))
    far = [np.linalg.norm(two.layout[i] - two.middle(int(label))) for i, label in enumerate(two.labels)]
    assert np.median(far) < apart, "those that were not laid out are amid their neighbours"
    plotted = two.plot()
    assert sum(len(line.get_xdata()) for line in plotted.figure.axes[0].lines) == cluster_layout.DRAWN
    assert "2,000 of 3,000 are drawn" in plotted.html()
