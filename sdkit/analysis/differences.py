"""What was found when groups were compared: in plain sentences, and as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

from sdkit import rendering
from sdkit.analysis.significance import ALPHA, SMALL_D, SMALL_RISK
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas


class _Saying(NamedTuple):
    """How to say that there is more of a measure, or less; {by} is " 31%", or nothing."""

    text: str
    more: str
    less: str
    unit: str


_SAYINGS = {
    "turns": _Saying("Dialogues of {group} are{by} {way} than those of {against}", "longer", "shorter", "turns"),
    "assistant_words": _Saying(
        "Assistants answer {group}{by} {way} than {against}", "longer", "shorter", "words per turn"
    ),
    "assistant_questions": _Saying(
        "Assistants ask {group}{by} {way} than {against}", "more often", "less often", "of their turns ask"
    ),
    "user_sentiment": _Saying("{group} sound {way} than {against}", "more positive", "less positive", "from -1 to 1"),
    "assistant_sentiment": _Saying(
        "Assistants sound {way} with {group} than with {against}", "more positive", "less positive", "from -1 to 1"
    ),
    "politeness": _Saying(
        "Assistants are{by} {way} to {group} than to {against}",
        "more polite",
        "less polite",
        "marks of politeness in 100 words",
    ),
    "refusals": _Saying(
        "Assistants refuse {group} something{by} {way} than {against}",
        "more often",
        "less often",
        "of their turns refuse",
    ),
    "resolved": _Saying(
        "Dialogues of {group} are resolved {way} than those of {against}",
        "more often",
        "less often",
        "of the dialogues",
    ),
}
"""Of the measures of `sdkit.analysis.behaviour.conduct`."""
_SHARES = ("assistant_questions", "refusals")
_COLUMNS = ("Measure", "Group", "Against", "Dialogues", "Mean", "Mean against", "Effect", "95% interval", "p", "Found")
_NOTE = (
    f"Found: p, corrected over all rows by Holm's method, is below {ALPHA:g}, and the effect is at least small: "
    f"d of {SMALL_D:g}, or for yes and no a difference of {SMALL_RISK:.0%} of the dialogues."
)


@dataclass(frozen=True)
class Difference:
    """How far one group is from another in one measure.

    Attributes
    ----------
    measure : str
        What was measured.
    group, against : str
        Which group, and with which it is compared.
    n, n_against : int
        How many dialogues of each could be measured; of pairs, how many pairs.
    mean, mean_against : float
        The means of both; of yes and no, the share of yes. NaN if nothing could be measured.
    kind : str
        What the effect is: "d", the difference of the means in standard deviations (see
        `sdkit.analysis.significance.standardised_difference`), or "risk difference", that of the shares of yes.
    effect, low, high : float
        The effect, above 0 if the group is above the other, and its 95% interval; NaN for fewer than two values.
    p, corrected : float
        How likely such a difference is by chance: by itself, and corrected by Holm's method for all measures and groups
        that were compared.
    detectable : float
        The effect, up or down, that would be found in four of five such samples, if it were there: roughly, for few
        values.
    found : bool
        Whether the corrected p is below 0.01, and the effect at least small: d of 0.2, or a risk difference of 0.1.
    """

    measure: str
    group: str
    against: str
    n: int
    n_against: int
    mean: float
    mean_against: float
    kind: str
    effect: float
    low: float
    high: float
    p: float
    corrected: float
    detectable: float
    found: bool

    def __str__(self) -> str:
        """Say in a sentence how the group differs, with the figures."""
        group, against = rendering.shown(self.group), rendering.shown(self.against)
        more = self.mean > self.mean_against
        if saying := _SAYINGS.get(self.measure):
            way, unit = saying.more if more else saying.less, saying.unit
            said = saying.text.format(group=group, against=against, way=way, by=self._by())
        else:
            said = f"{group} are {'above' if more else 'below'} {against} in {rendering.shown(self.measure)}"
            unit = "yes" if self._is_share() else "on average"
        means = " against ".join(map(self._value, (self.mean, self.mean_against)))
        chance = "p < 0.0001" if self.corrected < 0.0001 else f"p = {self.corrected:.4f}"
        reach = f"95%: {self.low:.2f} to {self.high:.2f}"
        return f"{said}: {means} {unit}, {self.kind} = {self.effect:.2f} ({reach}), {chance}."

    def _by(self) -> str:
        ratio = self.mean / self.mean_against if self.mean_against > 0 else math.inf
        return f" {abs(ratio - 1):.0%}" if ratio < 2 else ""

    def _is_share(self) -> bool:
        return self.kind != "d" or self.measure in _SHARES

    def _value(self, value: float) -> str:
        if math.isnan(value):
            return "unknown"
        return f"{value:.0%}" if self._is_share() else f"{value:.{2 if abs(value) < 10 else 1}f}"

    def _cells(self) -> list[str]:
        sizes = f"{self.n}" if self.n == self.n_against else f"{self.n}, {self.n_against}"
        known = not math.isnan(self.effect)
        return [
            self.measure,
            self.group,
            self.against,
            sizes,
            self._value(self.mean),
            self._value(self.mean_against),
            f"{self.kind} {self.effect:.2f}" if known else "unknown",
            f"{self.low:.2f} to {self.high:.2f}" if known else "",
            f"{self.corrected:.4f}" if known else "",
            "found" if self.found else "",
        ]


@dataclass(frozen=True)
class GroupComparison:
    """How groups differ: its text is in plain sentences, in Jupyter a table stands below them.

    Attributes
    ----------
    differences : tuple of Difference
        One for each measure and group, found or not; by groups, in the order of the measures.
    paired : bool
        Whether dialogues were compared in pairs.
    """

    differences: tuple[Difference, ...]
    paired: bool

    @property
    def found(self) -> tuple[Difference, ...]:
        """What was found, the largest effects first."""
        there = [each for each in self.differences if each.found]
        return tuple(sorted(there, key=lambda each: -abs(each.effect)))

    def to_frame(self) -> pandas.DataFrame:
        """Return a pandas table with a row for each measure and group, and the fields of `Difference` as columns."""
        return frame("differences", map(asdict, self.differences), list(Difference.__dataclass_fields__))

    def __str__(self) -> str:
        """Say in a line each what was found, and last what could have been missed."""
        return "\n".join([*map(str, self.found), *self._rest()])

    def _repr_html_(self) -> str:
        said = "".join(f"<li>{rendering.escaped(line)}</li>" for line in str(self).splitlines())
        table = rendering.table(_COLUMNS, [each._cells() for each in self.differences])
        return rendering.figure("bias", rendering.escaped(_NOTE), f"<ul>{said}</ul>\n{table}")

    def _rest(self) -> list[str]:
        tested = [each for each in self.differences if not math.isnan(each.effect)]
        if self.found:
            said = ["Nothing else differs by more than chance or a trifle."]
        elif tested:
            measures = len({each.measure for each in tested})
            said = [
                f"Nothing found: in {_many(measures, 'measure')}, no group differs by more than chance or a trifle."
            ]
        else:
            said = ["Nothing was compared: no measure has two values in both groups."]
        if missed := _missed(tested):
            few = _many(min(min(each.n, each.n_against) for each in tested), "pair" if self.paired else "dialogue")
            said.append(f"With as few as {few}, differences below {missed} can go unseen.")
        if untested := dict.fromkeys(each.measure for each in self.differences if math.isnan(each.effect)):
            said.append(f"Not compared everywhere, for want of values: {', '.join(map(rendering.shown, untested))}.")
        return said


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _missed(tested: Sequence[Difference]) -> str:
    """Say which effects would often go unseen, at the worst of all measures of a kind."""
    worst: dict[str, float] = {}
    for each in tested:
        worst[each.kind] = max(worst.get(each.kind, 0.0), each.detectable)
    return " or ".join(f"{kind} = {effect:.2f}" for kind, effect in worst.items() if effect)
