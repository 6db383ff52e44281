from __future__ import annotations

import json
import multiprocessing
import sys
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from sdkit.dialog import Dialog, Turn
from sdkit.errors import FileError, InputError, MissingPackageError
from sdkit.reviewing import RATINGS, Review, agreement, judged, key_of, load_reviews, save_review, shuffled

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

    from conftest import FakeOllama

Ratings = dict[str, list[int | None]]


def says(*turns: tuple[str | None, str], **about: object) -> Dialog:
    return Dialog(turns=[Turn(speaker=speaker, text=text) for speaker, text in turns], **about)


def reviews(ratings: Ratings) -> list[Review]:
    """Return what raters say about dialogues 0, 1, 2 and so on."""
    return [
        Review(dialog=f"dialogue {number}", rater=rater, rating=rating)
        for rater, of in ratings.items()
        for number, rating in enumerate(of)
    ]


# -- which dialogue ---------------------------------------------------------------------------------------------------


def test_a_copy_of_a_dialogue_is_the_same_one_whoever_made_it() -> None:
    one = says(("Ana", "Hi"), ("Bo", "Hello"), model="a", seed=1)

    assert key_of(one) == key_of(says(("Ana", "Hi"), ("Bo", "Hello"), model="b", dialogId=7))
    assert key_of(one) == key_of(Dialog.from_dict(one.json()))
    assert len(key_of(one)) == 16


@pytest.mark.parametrize(
    "other",
    [
        says(("Ana", "Hi")),
        says(("Bo", "Hello"), ("Ana", "Hi")),
        says(("Ana", "Hi\nBo\tHello")),
        says(("Ana", "Hi"), (None, "Hello")),
        says(("Ana", "Hi"), ("None", "Hello")),
        says(("Ana", "half \ud83d of a pair")),
        says(),
    ],
)
def test_other_words_are_another_dialogue(other: Dialog) -> None:
    assert key_of(other) != key_of(says(("Ana", "Hi"), ("Bo", "Hello")))
    assert key_of(says(("Ana", "Hi"), (None, "Hello"))) != key_of(says(("Ana", "Hi"), ("None", "Hello")))


def test_each_rater_and_each_seed_has_an_order_of_its_own() -> None:
    keys = [f"{number:016x}" for number in range(20)]

    mine = shuffled(keys, "me")

    assert sorted(mine) == keys != mine
    assert shuffled(reversed(keys), "me") == mine
    assert [key[-2:] for key in mine[:3]] == ["05", "0e", "0f"]  # the same on every machine
    assert len({tuple(shuffled(keys, *who)) for who in (("me",), ("you",), ("me", 0), ("me", 1))}) == 4


# -- the file ---------------------------------------------------------------------------------------------------------


def test_the_last_review_of_a_rater_about_a_dialogue_counts(tmp_path: Path) -> None:
    path = tmp_path / "new" / "reviews.jsonl"
    first = Review(dialog="a", rater="Ana", rating=2)
    second = Review(dialog="a", rater="Ana", rating=4, labels={1: ["odd"]}, note="<b> $x$ \n שלום")
    other = Review(dialog="a", rater="Bo")

    for review in (first, other, second):
        save_review(path, review)

    assert load_reviews(path) == [second, other]
    assert len(path.read_text(encoding="utf-8").splitlines()) == 3  # nothing is lost
    assert load_reviews(tmp_path / "none.jsonl") == []


def test_reviews_come_from_several_files(tmp_path: Path) -> None:
    ana, bo = Review(dialog="a", rater="Ana", rating=1), Review(dialog="a", rater="Bo", rating=5)
    save_review(tmp_path / "ana.jsonl", ana)
    save_review(tmp_path / "bo.jsonl", bo)

    assert load_reviews(tmp_path / "ana.jsonl", tmp_path / "bo.jsonl") == [ana, bo]


def test_half_a_line_of_a_killed_writer_is_left_out_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "reviews.jsonl"
    review = Review(dialog="a", rater="Ana", rating=1)
    save_review(path, review)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"dialog": "b", "rat')

    assert load_reviews(path) == [review]
    save_review(path, review)
    assert load_reviews(path) == [review]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{oops}", "is not JSON"),
        ('{"rater": "Ana"}', "is no review: dialog: Field required"),
        (
            '{"dialog": "a", "rater": "Ana", "rating": 6}',
            "is no review: rating: Input should be less than or equal to 5",
        ),
        ('{"dialog": "a", "rater": " "}', "is no review: rater"),
        ("[1]", "is no review"),
    ],
)
def test_a_line_that_is_no_review_is_named(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "reviews.jsonl"
    save_review(path, Review(dialog="a", rater="Ana"))
    path.write_text(f"{path.read_text(encoding='utf-8')}{line}\n", encoding="utf-8")

    with pytest.raises(FileError, match=f"reviews.jsonl, line 2: {problem}"):
        load_reviews(path)


def test_what_cannot_be_saved_is_an_error_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "reviews.jsonl"
    save_review(path, Review(dialog="a", rater="Ana"))
    before = path.read_bytes()

    with FileLock(tmp_path / ".reviews.jsonl.lock"), pytest.raises(FileError, match="another process"):
        save_review(path, Review(dialog="b", rater="Ana"), wait=0.1)

    assert path.read_bytes() == before
    with pytest.raises(FileError, match="is a folder"):
        save_review(tmp_path, Review(dialog="b", rater="Ana"))


def _save_many(path: Path, rater: str, together: Barrier) -> None:
    together.wait(60)
    for number in range(40):
        save_review(path, Review(dialog=str(number), rater=rater, rating=3, note="long " * 300))


def test_two_who_save_at_once_do_not_break_each_others_lines(tmp_path: Path) -> None:
    path = tmp_path / "reviews.jsonl"
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(2)
    processes = [spawn.Process(target=_save_many, args=(path, who, together)) for who in "AB"]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0, 0]
    assert sorted((review.rater, int(review.dialog)) for review in load_reviews(path)) == [
        (rater, number) for rater in "AB" for number in range(40)
    ]


# -- agreement --------------------------------------------------------------------------------------------------------


def test_kappa_of_two_is_cohens() -> None:
    # 6 of 10 are equal. By chance: 3s are 0.5 * 0.4 of all, 4s are 0.3 * 0.4, 5s are 0.2 * 0.2; together 0.36.
    ana = [3, 3, 3, 3, 3, 4, 4, 4, 5, 5]
    bo = [3, 3, 3, 4, 4, 4, 4, 5, 5, 3]

    (row,) = agreement(reviews({"Bo": bo, "Ana": ana})).to_dict("records")

    assert row["raters"] == "Ana and Bo"
    assert row["dialogues"] == 10
    assert row["equal"] == 0.6
    assert row["kappa"] == pytest.approx((0.6 - 0.36) / (1 - 0.36))


# Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section D: 4 observers, 12 units, some missing.
KRIPPENDORFF: Ratings = {
    "A": [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    "B": [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    "C": [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    "D": [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
}


def test_alpha_of_four_with_missing_ratings_is_krippendorffs() -> None:
    table = agreement(reviews(KRIPPENDORFF))

    *pairs, of_all = table.to_dict("records")
    assert of_all["raters"] == "A, B, C and D"
    assert of_all["dialogues"] == 11  # the last one has one rating
    assert round(of_all["alpha"], 3) == 0.849
    assert of_all["equal"] == 8 / 11
    assert of_all["kappa"] == pytest.approx(sum(pair["kappa"] for pair in pairs) / 6)
    assert [pair["dialogues"] for pair in pairs] == [9, 8, 9, 9, 10, 10]


def test_what_one_did_not_rate_changes_nothing() -> None:
    whole: Ratings = {"Ana": [1, 2, 3, 4], "Bo": [1, 2, 4, 4]}
    more: Ratings = {"Ana": [1, 2, 3, 4, 5, None, None], "Bo": [1, 2, 4, 4, None, 1, None]}

    assert agreement(reviews(whole)).equals(agreement(reviews(more)))


def test_among_three_who_share_no_dialogue_are_no_pair() -> None:
    table = agreement(reviews({"A": [1, 5, None], "B": [2, 5, 3], "C": [None, None, 3]}))

    assert table["raters"].tolist() == ["A and B", "B and C", "A, B and C"]
    assert table["dialogues"].tolist() == [2, 1, 3]
    assert table["kappa"][2] == table["kappa"][0]  # that of B and C is missing


def test_where_all_ratings_are_the_same_kappa_and_alpha_are_missing() -> None:
    table = agreement(reviews({"Ana": [4, 4, 4], "Bo": [4, 4, 4], "Cy": [4, 4, 5]}))

    first, *_, of_all = table.to_dict("records")
    assert (first["raters"], first["equal"]) == ("Ana and Bo", 1)
    assert isnan(first["kappa"])
    assert isnan(first["alpha"])
    assert table.dtypes["kappa"] == table.dtypes["alpha"] == "float64"
    assert of_all["kappa"] == 0  # one of the pairs says nothing, the others what chance gives
    assert of_all["alpha"] == pytest.approx(0)


def test_the_last_of_two_ratings_by_one_counts() -> None:
    twice = [*reviews({"Ana": [1, 2], "Bo": [5, 5]}), *reviews({"Bo": [1, 2]})]

    assert agreement(twice)["kappa"][0] == 1


@pytest.mark.parametrize(
    ("ratings", "found"),
    [
        ({}, "there are no ratings"),
        ({"Ana": [None]}, "there are no ratings"),
        ({"Ana": [1, 2]}, "there are ratings by Ana alone"),
        ({"Ana": [1, None], "Bo": [None, 2]}, "no dialogue has two of the ratings by Ana, Bo"),
    ],
)
def test_without_two_who_rated_one_dialogue_there_is_no_agreement(ratings: Ratings, found: str) -> None:
    with pytest.raises(InputError, match=f"a dialogue that two raters rated; {found}"):
        agreement(reviews(ratings))


def test_without_nltk_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nltk.metrics", None)
    with pytest.raises(MissingPackageError, match=r"nltk is needed to compute the agreement.*\[lab\]"):
        agreement(reviews({"Ana": [1], "Bo": [2]}))


# -- a model as a rater -----------------------------------------------------------------------------------------------


def test_a_models_ratings_stand_beside_those_of_people(
    fake_ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", fake_ollama.url)
    dialogs = [says(("Ana", "Hi"), ("Bo", "Hello")), says(("Ana", "Hi"), ("Bo", "The moon."))]
    for rating, reason in ((5, "It is polite."), (1, "Bo does not answer.")):
        fake_ollama.say(json.dumps({"reason": reason, "rating": rating}))
    people = [
        Review(dialog=key_of(dialog), rater="Cy", rating=rating) for dialog, rating in zip(dialogs, (4, 1), strict=True)
    ]

    by_model = judged(dialogs, "Is it natural?", "fake")

    assert [(each.rater, each.dialog, each.rating, each.note) for each in by_model] == [
        ("model", key_of(dialogs[0]), 5, "It is polite."),
        ("model", key_of(dialogs[1]), 1, "Bo does not answer."),
    ]
    assert "Is it natural?" in json.dumps(fake_ollama.received[0]["messages"])
    assert agreement([*people, *by_model])["raters"].tolist() == ["Cy and model"]
    assert list(RATINGS) == [1, 2, 3, 4, 5]
