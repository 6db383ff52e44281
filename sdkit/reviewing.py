"""Reviews of dialogues by people and by models: kept as they are made, and how far the raters agree."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, ValidationError

from sdkit.dialog import Dialog
from sdkit.errors import FileError, InputError, MissingPackageError, first_problem
from sdkit.files import locked
from sdkit.jsonl import append_line, read_lines
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

    from sdkit.llm.spec import ModelSpec

RATINGS = (1, 2, 3, 4, 5)
"""From bad to good."""

_WAIT = 10.0  # seconds, for another rater who is saving at the same moment


class Review(BaseModel):
    """What one rater says about one dialogue.

    Attributes
    ----------
    dialog : str
        Which dialogue: the `key_of` it.
    rater : str
        Who says so.
    rating : int or None
        From 1, bad, to 5, good; None if it is not rated yet.
    labels : dict
        Labels of turns, by the number of the turn; the first is 0.
    note : str
        In the rater's own words.
    when : str
        The time, in UTC.
    """

    dialog: str
    rater: str
    rating: int | None = Field(None, ge=RATINGS[0], le=RATINGS[-1])
    labels: dict[int, list[str]] = {}
    note: str = ""
    when: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


def key_of(dialog: Dialog) -> str:
    """Return what a dialogue is known by in reviews: a hash of what is said, so that a copy has the same."""
    said = "\n".join(f"{turn.speaker}\t{turn.text}" for turn in dialog.turns)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def save_review(path: str | Path, review: Review) -> None:
    """Append a review to a file; the last one of a rater about a dialogue counts.

    Raises
    ------
    FileError
        It cannot be written.
    """
    path = Path(path)
    with locked(path.with_name(f".{path.name}.lock"), path, wait=_WAIT):
        append_line(path, review.model_dump(mode="json"))


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
    """Return how far raters agree, a row for each pair of them, and one for all.

    Columns: ``raters``; ``dialogues``, how many both rated; ``equal``, the share of equal ratings; ``kappa``, Cohen's
    (categories; 1 is full agreement, 0 what chance gives); ``alpha``, Krippendorff's for intervals, where 4 and 5 are
    nearer than 1 and 5. Kappa and alpha are missing where all ratings are the same: then there is nothing to explain.
    Computed with ``nltk.metrics.agreement``.

    Raises
    ------
    InputError
        There are not two raters who rated one dialogue both.
    MissingPackageError
        nltk or pandas is not installed.
    """
    rated = [(review.rater, review.dialog, review.rating) for review in reviews if review.rating is not None]
    raters = sorted({rater for rater, _, _ in rated})
    pairs: list[tuple[str, ...]] = list(combinations(raters, 2))
    groups = pairs + ([tuple(raters)] if len(raters) > 2 else [])
    rows = [row for group in groups if (row := _row(group, [one for one in rated if one[0] in group]))]
    if not rows:
        raise InputError(f"agreement needs two raters who rated the same dialogues; there are {_who(raters)}")
    return frame("agreement", rows, ("raters", "dialogues", "equal", "kappa", "alpha"))


def _row(group: tuple[str, ...], rated: Sequence[tuple[str, str, Any]]) -> tuple[Any, ...] | None:
    try:
        from nltk.metrics import interval_distance
        from nltk.metrics.agreement import AnnotationTask
    except ImportError as error:
        raise MissingPackageError("nltk", "compute the agreement of raters") from error
    by_dialog: dict[str, dict[str, int]] = {}
    for rater, dialog, rating in rated:
        by_dialog.setdefault(dialog, {})[rater] = rating
    shared = {dialog: ratings for dialog, ratings in by_dialog.items() if len(ratings) > 1}
    whole = {dialog: ratings for dialog, ratings in shared.items() if len(ratings) == len(group)}
    if not shared:
        return None
    triples = [(rater, dialog, rating) for dialog, ratings in shared.items() for rater, rating in ratings.items()]
    full = [triple for triple in triples if triple[1] in whole]
    varied = len({rating for _, _, rating in triples}) > 1
    alpha = AnnotationTask(triples, distance=interval_distance).alpha() if varied else None
    kappa = AnnotationTask(full).kappa() if len({rating for _, _, rating in full}) > 1 else None
    equal = sum(len(set(ratings.values())) == 1 for ratings in shared.values()) / len(shared)
    return " and ".join(group), len(shared), equal, kappa, alpha


def _who(raters: Sequence[str]) -> str:
    return ", ".join(raters) if raters else "none"
