"""Reviews of dialogues by people and by models: kept as they are made, and how far the raters agree."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import combinations
from math import isnan, nan
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field, ValidationError

from sdkit.dialog import Dialog
from sdkit.errors import FileError, InputError, MissingPackageError, first_problem
from sdkit.files import locked
from sdkit.jsonl import append_line, read_lines
from sdkit.llm.seeds import derive_seed
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

    from sdkit.llm.spec import ModelSpec

RATINGS = {1: "very bad", 2: "bad", 3: "so-so", 4: "good", 5: "very good"}
"""What the ratings mean."""


class Review(BaseModel):
    """What one rater says about one dialogue.

    Attributes
    ----------
    dialog : str
        Which dialogue: the `key_of` it.
    rater : str
        Who says so; not blank.
    rating : int or None
        From 1, bad, to 5, good; None if it is not rated yet.
    labels : dict
        Labels of turns, by the number of the turn; the first is 0.
    dialog_labels : list
        Labels of the dialogue as a whole.
    note : str
        In the rater's own words.
    when : str
        The time, in UTC.
    """

    dialog: str
    rater: str = Field(pattern=r"\S")
    rating: int | None = Field(default=None, ge=min(RATINGS), le=max(RATINGS))
    labels: dict[int, list[str]] = {}
    dialog_labels: list[str] = []
    note: str = ""
    when: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


def key_of(dialog: Dialog) -> str:
    """Return what a dialogue is known by in reviews: a hash of what is said, so that a copy has the same."""
    said = json.dumps([(turn.speaker, turn.text) for turn in dialog.turns])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def shuffled(keys: Iterable[str], rater: str, seed: int | None = None) -> list[str]:
    """Return the keys of dialogues in an order that follows from the rater and the seed alone.

    Each rater has another one: else all would meet the same dialogues when they are tired.
    """
    return sorted(keys, key=lambda key: (derive_seed(rater, key, *([] if seed is None else [seed])), key))


def save_review(path: str | Path, review: Review, wait: float = 10, changed: Iterable[str] | None = None) -> Review:
    """Append a review to a file; the last one of a rater about a dialogue counts.

    Parameters
    ----------
    path
        The file.
    review
        The review.
    wait
        For how many seconds to wait for others who are saving at the same moment.
    changed
        What of it is new; the rest is kept as the file has it, where the rater may have decided in another notebook.
        By default, all of it is new.

    Returns
    -------
    Review
        As it is in the file now.

    Raises
    ------
    FileError
        It cannot be written; the file is as it was before.
    """
    path = Path(path)
    with locked(path.with_name(f".{path.name}.lock"), path, wait=wait):
        if changed is not None:
            there = [one for one in load_reviews(path) if (one.rater, one.dialog) == (review.rater, review.dialog)]
            review = there[0].model_copy(update={name: getattr(review, name) for name in changed}) if there else review
        append_line(path, review.model_dump(mode="json"))
    return review


def load_reviews(*paths: str | Path) -> list[Review]:
    """Return the reviews in files: for each rater and dialogue the last one. A file that is not there holds none.

    Raises
    ------
    FileError
        A file cannot be read, or a line of it is no review; names the line.
    """
    found: dict[tuple[str, str], Review] = {}
    for path in paths:
        for number, line in enumerate(read_lines(path), start=1):
            try:
                review = Review.model_validate(line)
            except ValidationError as error:
                raise FileError(path, f"is no review: {first_problem(error)}", number) from error
            found[review.rater, review.dialog] = review
    return list(found.values())


def judged(dialogs: Iterable[Dialog], question: str, model: ModelSpec, rater: str | None = None) -> list[Review]:
    """Let a model rate dialogues, so that it can be held against people.

    Parameters
    ----------
    dialogs
        The dialogues.
    question
        What to rate, such as "How natural is this dialogue?".
    model
        The model.
    rater
        Under which name; "model" by default.

    Raises
    ------
    ModelError
        The model cannot be used.
    ReplyError
        It did not answer as asked.
    """
    from sdkit.judging import rate

    found = []
    for dialog in dialogs:
        verdict = rate(dialog, question, model)
        found.append(Review(dialog=key_of(dialog), rater=rater or "model", rating=verdict.rating, note=verdict.reason))
    return found


def agreement(reviews: Sequence[Review]) -> pandas.DataFrame:
    """Return how far raters agree: a row for each pair of them and, if they are more than two, one for all.

    Computed with ``nltk.metrics.agreement``. What a rater did not rate is left out, not counted as a difference.

    Parameters
    ----------
    reviews
        The reviews of all raters. If one rated a dialogue twice, the last rating counts.

    Returns
    -------
    pandas.DataFrame
        With the columns

        - ``raters``
        - ``dialogues``: how many at least two of them rated
        - ``equal``: the share of these to which all of them who rated it gave the same
        - ``kappa``: Cohen's (1960), where ratings are the same or not: 1 is full agreement, 0 what chance gives. For
          more than two raters the mean of the kappas of the pairs.
        - ``alpha``: Krippendorff's (1980) for intervals, where 4 and 5 are nearer than 1 and 5.

        Kappa and alpha are missing, NaN, where all ratings are the same: then nothing shows that raters can tell good
        from bad.

    Raises
    ------
    InputError
        No dialogue was rated by two raters.
    MissingPackageError
        nltk or pandas is not installed.
    """
    ratings: dict[str, dict[str, int]] = {}  # by dialogue and rater
    for review in reviews:
        if review.rating is not None:
            ratings.setdefault(review.dialog, {})[review.rater] = review.rating
    shared = {dialog: of for dialog, of in ratings.items() if len(of) > 1}
    if not shared:
        raters = sorted({rater for of in ratings.values() for rater in of})
        few = f"there are ratings by {raters[0]} alone" if raters else "there are no ratings"
        found = f"no dialogue has two of the ratings by {', '.join(raters)}" if len(raters) > 1 else few
        raise InputError(f"agreement needs a dialogue that two raters rated; {found}")
    raters = sorted({rater for of in shared.values() for rater in of})
    rows = [row for pair in combinations(raters, 2) if (row := _row(pair, shared))]
    if len(raters) > 2:
        of_all, kappas = _row(tuple(raters), shared), [row[3] for row in rows if not isnan(row[3])]
        assert of_all
        rows.append((*of_all[:3], fmean(kappas) if kappas else nan, of_all[4]))
    return frame("agreement", rows, ("raters", "dialogues", "equal", "kappa", "alpha"))


def _row(raters: Sequence[str], ratings: dict[str, dict[str, int]]) -> tuple[str, int, float, float, float] | None:
    """Return the row of these raters; its kappa is right for two."""
    try:
        from nltk.metrics import interval_distance
        from nltk.metrics.agreement import AnnotationTask
    except ImportError as error:
        raise MissingPackageError("nltk", "compute the agreement of raters") from error
    theirs = [{rater: of[rater] for rater in raters if rater in of} for of in ratings.values()]
    shared = [of for of in theirs if len(of) > 1]
    if not shared:
        return None
    triples = [(rater, str(item), rating) for item, of in enumerate(shared) for rater, rating in of.items()]
    kappa = alpha = nan
    if len({rating for _, _, rating in triples}) > 1:
        # For nltk's kappa each rater has to have rated each dialogue, as two have what they share. Its alpha looks
        # only at what was rated.
        kappa = AnnotationTask(triples).kappa() if len(raters) == 2 else nan
        alpha = AnnotationTask(triples, distance=interval_distance).alpha()
    equal = sum(len(set(of.values())) == 1 for of in shared) / len(shared)
    return f"{', '.join(raters[:-1])} and {raters[-1]}", len(shared), equal, kappa, alpha
