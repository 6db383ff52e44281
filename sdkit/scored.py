"""What a judge says about dialogues by a rubric: as tables, and as reviews that can be held against people's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from math import nan
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from sdkit.errors import InputError
from sdkit.reviewing import Review
from sdkit.rubrics import Rubric
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Score:
    """What a judge says about one criterion.

    Attributes
    ----------
    criterion : str
        Its name.
    score : int
        The number from its scale.
    meaning : str
        What the scale says of that number.
    share : float
        How far up the scale that is, from 0, the lowest point, to 1, the highest.
    turn : int or None
        Which turn the evidence was taken from, so that ``dialog[turn]`` is it; None if nobody has said that.
    evidence, reason : str
        In the judge's words.
    """

    criterion: str
    score: int
    meaning: str
    share: float
    turn: int | None
    evidence: str
    reason: str


@dataclass(frozen=True)
class Scores:
    """What a judge says about one dialogue.

    Attributes
    ----------
    dialog : str
        Which dialogue: the `sdkit.reviewing.key_of` it.
    rater : str
        Who says so.
    scores : list of Score
        One for each criterion, in the rubric's order.
    """

    dialog: str
    rater: str
    scores: list[Score]

    @property
    def mean(self) -> float:
        """The mean of the criteria's shares, from 0 to 1."""
        return fmean(score.share for score in self.scores)

    @property
    def review(self) -> Review:
        """The same as a review: the mean as a rating from 1 to 5, the reasons as its note."""
        lines = [f"{each.criterion}: {each.meaning}. {each.reason}" for each in self.scores]
        return Review(dialog=self.dialog, rater=self.rater, rating=1 + int(4 * self.mean + 0.5), note="\n".join(lines))

    def to_frame(self) -> pandas.DataFrame:
        """Return a pandas table with a row for each criterion and the fields of `Score` as columns."""
        return frame("scores", map(asdict, self.scores), list(Score.__dataclass_fields__))

    def __str__(self) -> str:
        """Say it in a line for each criterion; turns are counted from 1, as where a dialogue is shown."""
        lines = [
            f"{each.criterion}: {each.score}, {each.meaning}"
            + ("" if each.turn is None else f" (turn {each.turn + 1})")
            for each in self.scores
        ]
        return "\n".join([*lines, f"mean: {self.mean:.2f} of 1"])


@dataclass(frozen=True)
class Scored:
    """What a judge says about many dialogues.

    Attributes
    ----------
    rubric : Rubric
        The criteria.
    scores : list of Scores or None
        In the order of the dialogues; None for those that failed.
    bots : list of str or None
        Whose dialogue each is, where that was given.
    failed : dict
        What went wrong, by the number of the dialogue; the first is 0.
    """

    rubric: Rubric
    scores: list[Scores | None]
    bots: list[str] | None = None
    failed: dict[int, str] = field(default_factory=dict)

    def to_frame(self) -> pandas.DataFrame:
        """Return a pandas table, a row for each dialogue and criterion; those that failed are left out.

        Returns
        -------
        pandas.DataFrame
            Columns ``number`` (of the dialogue), ``bot`` (where that was given), and the fields of `Score`.

        Raises
        ------
        MissingPackageError
            pandas is not installed.
        """
        rows = []
        for number, scores in enumerate(self.scores):
            about = {"number": number} | ({"bot": self.bots[number]} if self.bots else {})
            rows += [about | asdict(each) for each in scores.scores] if scores else []
        columns = ["number", *(["bot"] if self.bots else []), *Score.__dataclass_fields__]
        return frame("scores", rows, columns)

    def means(self, by: str | Sequence[Any] = "bot") -> pandas.DataFrame:
        """Return how good groups of dialogues are, a row a group, in the order in which they come.

        Parameters
        ----------
        by
            "bot", or a label for each dialogue.

        Returns
        -------
        pandas.DataFrame
            Columns ``bot`` or ``group``, ``dialogues`` (those that were scored), for each criterion the mean of the
            shares, from 0 to 1, then ``mean`` over all criteria, and ``sd``, the standard deviation of the dialogues'
            means (NaN for one dialogue).

        Raises
        ------
        InputError
            It is not known whose dialogues they are; or there are more or fewer labels than dialogues.
        MissingPackageError
            pandas is not installed.
        """
        if by == "bot" and self.bots is None:
            raise InputError("nobody said whose dialogues these are; give them by bot, or give by= a list of labels")
        labels = self.bots if by == "bot" else None if isinstance(by, str) else list(by)
        if labels is None:
            raise InputError(f"by={by!r}: give 'bot', or a list with a label for each dialogue")
        if len(labels) != len(self.scores):
            raise InputError(f"by= has {len(labels)} labels, and there are {len(self.scores)} dialogues")
        groups: dict[Any, list[Scores]] = defaultdict(list)
        for label, scores in zip(labels, self.scores, strict=True):
            if scores:
                groups[label].append(scores)
        rows = []
        for label, of in groups.items():
            means = [each.mean for each in of]
            shares = [fmean(each.scores[place].share for each in of) for place in range(len(self.rubric.criteria))]
            rows.append((label, len(of), *shares, fmean(means), stdev(means) if len(means) > 1 else nan))
        names = [criterion.name for criterion in self.rubric.criteria]
        return frame("means", rows, ["bot" if by == "bot" else "group", "dialogues", *names, "mean", "sd"])

    def reviews(self) -> list[Review]:
        """Return the scores as reviews, for `sdkit.reviewing.agreement` with people, or with another judge."""
        return [scores.review for scores in self.scores if scores]

    def __repr__(self) -> str:
        """Say how many dialogues were scored, and what the first failure was."""
        done = [scores.mean for scores in self.scores if scores]
        text = f"{len(done)} of {len(self.scores)} dialogues scored by {self.rubric.name!r}"
        text += f", mean {fmean(done):.2f} of 1" if done else ""
        return f"<{text}{''.join(f'; {number} failed: {why}' for number, why in list(self.failed.items())[:1])}>"
