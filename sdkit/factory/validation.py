"""Validation by people: whether what they say about a sample is enough to accept the whole set, and who signs it off.

The reviews are those of `sdkit.widgets.DialogReview`::

    sample = stratified(made.dialogs(), 100)
    DialogReview(sample, rater="Ana", to="output/reviews/ana.jsonl")
    said = verdict("output/reviews/ana.jsonl", made.dialogs(), sample=sample)
    SignOff.of(said, "Ana Lee").to_file("output/sign_off.json")
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from sdkit import rendering
from sdkit.errors import FileError, InputError, first_problem
from sdkit.factory.acceptance_sampling import (
    CONFIDENCE,
    WORST,
    Acceptance,
    acceptance,
    check_shares,
    percent,
    upper_bound,
)
from sdkit.factory.reviewed import Reviewed, as_dialog, data_hash
from sdkit.files import data_text, read_data, write_text
from sdkit.reviewing import RATINGS, Review, key_of, load_reviews

_SHOWN = 10  # ids that a sentence names


class Verdict(BaseModel):
    """Whether a set can be accepted, as the reviews of a sample show it.

    Attributes
    ----------
    acceptance : Acceptance
        How many of the sample may fail.
    failed, waiting : tuple of str
        The ids of those of the sample that failed, and of those that nobody has rated yet.
    upper : float
        The largest share of bad dialogues that the whole set may have, from those that were rated; 1 if none was.
    raters : tuple of str
        Who has rated.
    limit : int
        A rating below this one fails.
    flags : tuple of str
        The labels that fail.
    sha256 : str
        The `data_hash` of the whole set.
    """

    model_config = ConfigDict(frozen=True)

    acceptance: Acceptance
    failed: tuple[str, ...]
    waiting: tuple[str, ...]
    upper: float
    raters: tuple[str, ...]
    limit: int
    flags: tuple[str, ...] = ()
    sha256: str

    @property
    def accepted(self) -> bool:
        """Whether all of the sample was rated, and no more failed than may."""
        allowed = self.acceptance.allowed
        return not self.waiting and allowed is not None and len(self.failed) <= allowed

    def __str__(self) -> str:
        """Say it in sentences."""
        return " ".join(self.sentences())

    def sentences(self) -> list[str]:
        """Return what there is to say, a sentence or two each; the first says whether the set is accepted."""
        rule, failed = self.acceptance, len(self.failed)
        sure, rated = percent(rule.confidence), rule.n - len(self.waiting)
        bound = (
            f"With {sure} confidence, at most {percent(self.upper)} of the {rule.size:,} dialogues are bad; "
            f"{percent(rule.worst)} may be."
        )
        if rule.allowed is None:
            lines = [f"Not accepted: the sample is too small. {rule}"]
        elif failed > rule.allowed:
            lines = [f"Not accepted: {failed:,} of {rated:,} failed, and {rule.allowed or 'none'} may.", bound]
        elif self.waiting:
            lines = [f"Not accepted yet: {len(self.waiting):,} of {rule.n:,} dialogues are not rated."]
        else:
            lines = [f"Accepted: {failed or 'none'} of {rated:,} failed, and {rule.allowed or 'none'} may.", bound]
        lines.append(f"A dialogue fails with {self._what_fails()}.")
        if self.raters:
            lines.append(f"Rated by {', '.join(self.raters)}.")
        for what, ids in (("Failed", self.failed), ("Not rated", self.waiting)):
            if ids:
                more = f" and {len(ids) - _SHOWN:,} more" if len(ids) > _SHOWN else ""
                lines.append(f"{what}: {', '.join(ids[:_SHOWN])}{more}.")
        return lines

    def _what_fails(self) -> str:
        said = f"a rating below {self.limit}, {RATINGS[self.limit]}"
        labels = " or ".join(repr(label) for label in self.flags)
        return f"{said}, or the label {labels}, by any rater" if labels else f"{said}, by any rater"

    def _repr_html_(self) -> str:
        first, *rest = self.sentences()
        lines = "".join(f'<li dir="auto">{rendering.escaped(line)}</li>' for line in rest)
        return rendering.figure("verdict", rendering.escaped(first), f"<ul>{lines}</ul>")


def verdict(
    reviews: str | Path | Iterable[Review],
    data: Iterable[Reviewed],
    *,
    sample: Iterable[Reviewed] | None = None,
    worst: float = WORST,
    confidence: float = CONFIDENCE,
    limit: int = 3,
    flags: Sequence[str] = (),
) -> Verdict:
    """Return whether a set can be accepted after what people say about a sample of it.

    A dialogue fails if any rater gives it less than `limit`, or one of the labels in `flags`, to a turn or as a whole.

    Parameters
    ----------
    reviews
        The file that `DialogReview` has written, or reviews.
    data
        The whole set, as records or dialogues. Those with the same text count as one.
    sample
        What was to be reviewed; as long as some of it is not, the set is not accepted. By default all that was rated:
        then see to it that it was drawn at random, and that nobody has left out what they did not like.
    worst, confidence
        As of `acceptance`. Decide them, and the size of the sample, before the reviews begin: a sample that is made
        larger until it passes shows less.
    limit
        The lowest rating that does not fail.
    flags
        Labels that fail, such as "makes no sense".

    Raises
    ------
    FileError
        The reviews cannot be read.
    InputError
        There are no dialogues, or no reviews of them, or the sample is not from the set.
    MissingPackageError
        scipy is not installed.
    """
    if isinstance(limit, bool) or limit not in RATINGS:
        raise InputError(f"limit={limit!r}: give a rating from {min(RATINGS)} to {max(RATINGS)}")
    check_shares(worst, confidence)
    failing = (flags,) if isinstance(flags, str) else tuple(flags)
    dialogs = [as_dialog(one) for one in data]
    ids = {key_of(dialog): dialog.dialogId for dialog in reversed(dialogs)}
    if isinstance(reviews, str | Path):
        source, reviews = f" in {reviews}", load_reviews(reviews)
    else:
        source, reviews = "", list(reviews)
    about = [review for review in reviews if review.dialog in ids and _judges(review, failing)]
    rated = {review.dialog for review in about}
    wanted = rated if sample is None else {key_of(as_dialog(one)) for one in sample}
    if not ids:
        raise InputError("there are no dialogues to accept")
    if wanted - ids.keys():
        raise InputError("the sample has dialogues that are not in the set; draw it from this set")
    if not wanted:
        raise InputError(f"there are no ratings{source} of these dialogues; rate some with DialogReview")
    failed = {review.dialog for review in about if _fails(review, limit, failing)} & wanted
    order = [key for key in reversed(ids) if key in wanted]
    done = len(wanted & rated)

    def named(keys: set[str]) -> tuple[str, ...]:
        return tuple(key if ids[key] is None else str(ids[key]) for key in order if key in keys)

    return Verdict(
        acceptance=acceptance(len(ids), len(wanted), worst=worst, confidence=confidence),
        failed=named(failed),
        waiting=named(wanted - rated),
        upper=upper_bound(len(ids), done, len(failed), confidence) if done else 1.0,
        raters=tuple(sorted({review.rater for review in about if review.dialog in wanted})),
        limit=limit,
        flags=failing,
        sha256=data_hash(dialogs),
    )


def _judges(review: Review, flags: Sequence[str]) -> bool:
    return review.rating is not None or bool(_labels(review) & {*flags})


def _fails(review: Review, limit: int, flags: Sequence[str]) -> bool:
    return (review.rating is not None and review.rating < limit) or bool(_labels(review) & {*flags})


def _labels(review: Review) -> set[str]:
    return {*review.dialog_labels, *(label for of in review.labels.values() for label in of)}


class SignOff(BaseModel):
    """That somebody has accepted a set, after which verdict, and which set it was.

    Attributes
    ----------
    by : str
        Who.
    when : datetime
        When, in UTC.
    verdict : Verdict
        What the reviews have shown. It has the SHA-256 of the set.
    """

    model_config = ConfigDict(frozen=True)

    by: str = Field(pattern=r"\S")
    when: AwareDatetime
    verdict: Verdict

    @model_validator(mode="after")
    def _accepted(self) -> Self:
        if not self.verdict.accepted:
            raise ValueError(f"this set cannot be signed off. {self.verdict.sentences()[0]}")
        return self

    @classmethod
    def of(cls, verdict: Verdict, by: str, when: datetime | None = None) -> Self:
        """Return the sign-off of a set that was accepted.

        Parameters
        ----------
        verdict
            What the reviews have shown.
        by
            Who signs it off.
        when
            When; now, if None.

        Raises
        ------
        InputError
            The verdict does not accept the set, nobody signs it off, or the time has no time zone.
        """
        try:
            at = (datetime.now(UTC) if when is None else when).replace(microsecond=0)
            signed = cls(by=by, when=at, verdict=verdict)
        except ValidationError as error:
            raise InputError(first_problem(error, values=False)) from error
        return signed.model_copy(update={"when": signed.when.astimezone(UTC)})

    def check(self, data: Iterable[Reviewed]) -> None:
        """See that this is the set that was signed off.

        Raises
        ------
        InputError
            It is another one, or was changed since.
        """
        if (found := data_hash(data)) != self.verdict.sha256:
            raise InputError(
                f"these are not the dialogues that {self.by} has signed off: their SHA-256 is {found[:12]}…, and that "
                f"of the sign-off {self.verdict.sha256[:12]}…. Have them reviewed and signed off as they are now"
            )

    def to_file(self, path: str | Path) -> None:
        """Save it as JSON, atomically.

        Raises
        ------
        FileError
            It cannot be written.
        """
        write_text(path, data_text(self.model_dump(mode="json"), "json"))

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read what `to_file` has written.

        Raises
        ------
        FileError
            It cannot be read, or is none.
        """
        try:
            return cls.model_validate(read_data(path, "json"))
        except ValidationError as error:
            raise FileError(path, f"is no sign-off: {first_problem(error, values=False)}") from error

    def __str__(self) -> str:
        """Say who has signed it off, when, and why."""
        return f"Signed off by {self.by} on {self.when:%Y-%m-%d %H:%M} UTC. {self.verdict}"

    def _repr_html_(self) -> str:
        return rendering.figure("sign-off", "Sign-off", f'<p dir="auto">{rendering.escaped(str(self))}</p>')
