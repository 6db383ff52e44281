"""Moderating dialogues: which may stay, which may not and why, and which could not be judged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sdkit import background
from sdkit.batch_input import check_limits
from sdkit.batch_report import problem_of
from sdkit.errors import InputError, MissingPackageError, ModelError, PromptTooLongError
from sdkit.moderation.findings import Finding, Layer
from sdkit.moderation.personal import PersonalData
from sdkit.moderation.records import Record, id_of, said_in
from sdkit.moderation.words import WordList
from sdkit.places import together
from sdkit.tables import frame

if TYPE_CHECKING:
    import pandas

R = TypeVar("R", bound=Record)
T = TypeVar("T")


class FailedError(Exception):
    """A layer could not judge a dialogue. The message says which, and why; the cause is what it raised."""

    @property
    def for_all(self) -> bool:
        """Whether all other dialogues would fail with this, too."""
        error = self.__cause__
        if isinstance(error, PromptTooLongError):
            return False
        return isinstance(error, MissingPackageError) or (isinstance(error, ModelError) and not error.one_request)


@dataclass(frozen=True)
class Moderated(Generic[R]):
    """What became of dialogues.

    Attributes
    ----------
    approved : list
        The dialogues in which nothing was found.
    flagged : list of (dialogue, list of Finding)
        The others, with what was found.
    failed : list of (dialogue, str)
        Those that could not be judged, and why. They are not approved.
    """

    approved: list[R]
    flagged: list[tuple[R, list[Finding]]]
    failed: list[tuple[R, str]]

    def to_frame(self) -> pandas.DataFrame:
        """Return a pandas table: a row for each finding, and one for each dialogue without any.

        Returns
        -------
        pandas.DataFrame
            Columns ``dialog`` (its id), ``outcome`` ("flagged", "failed" or "approved"), ``layer``, ``category``,
            ``turn``, ``text`` (personal data is masked) and ``reason``.

        Raises
        ------
        MissingPackageError
            pandas is not installed.
        """
        rows: list[tuple[Any, ...]] = [
            (id_of(record), "flagged", each.layer, each.category, each.turn, each.shown, each.reason)
            for record, findings in self.flagged
            for each in findings
        ]
        rows += [(id_of(record), "failed", None, None, None, None, problem) for record, problem in self.failed]
        rows += [(id_of(record), "approved", None, None, None, None, None) for record in self.approved]
        return frame("moderation", rows, ["dialog", "outcome", "layer", "category", "turn", "text", "reason"])

    def __repr__(self) -> str:
        """Say how many there are of each."""
        return f"<{len(self.approved)} approved, {len(self.flagged)} flagged, {len(self.failed)} failed>"


def moderate(
    dialogs: Iterable[R], layers: Iterable[Layer] | None = None, *, concurrency: int = 5, progress: bool = True
) -> Moderated[R]:
    """Look for what is not to be in a data set.

    Parameters
    ----------
    dialogs
        Dialogues, or records of the factory.
    layers
        Who looks; all of them look at each dialogue. A `WordList` and `PersonalData` by default.
    concurrency
        How many dialogues are judged at a time, where a layer waits for a model.
    progress
        Whether to show a progress bar.

    Returns
    -------
    Moderated
        Approved, flagged and failed dialogues, in their order. A dialogue for which a layer fails costs only itself.

    Raises
    ------
    InputError
        Arguments that cannot work.
    ModelError
        A layer's model cannot be used, and no dialogue was judged.
    """
    from tqdm.auto import tqdm

    listed, done = list(dialogs), list[int]()
    work = amoderate(listed, layers, concurrency=concurrency, tell=lambda: done.append(1))
    with tqdm(total=len(listed), desc="Moderation", unit="dialogue", disable=not progress) as bar:
        try:
            return background.awaited(work, lambda: background.advance(bar, len(done)))  # type: ignore[no-any-return]
        finally:
            background.advance(bar, len(done))


async def amoderate(
    dialogs: Iterable[R],
    layers: Iterable[Layer] | None = None,
    *,
    concurrency: int = 5,
    tell: Callable[[], object] = lambda: None,
) -> Moderated[R]:
    """Do what `moderate` does, awaitable; `tell` is called after each dialogue."""
    listed, used = list(dialogs), checked_layers(layers)
    check_limits(concurrency)
    results: dict[int, list[Finding] | FailedError] = {}

    async def one(number: int) -> None:
        useless = next((each for each in results.values() if isinstance(each, FailedError) and each.for_all), None)
        try:
            results[number] = useless or await found_in(said_texts(listed[number]), used)
        except FailedError as error:
            results[number] = error
        tell()

    await each_of(iter(range(len(listed))), one, concurrency)
    if listed and all(isinstance(result, FailedError) and result.for_all for result in results.values()):
        raise next(each.__cause__ for each in results.values() if isinstance(each, FailedError) and each.__cause__)
    moderated: Moderated[R] = Moderated([], [], [])
    for number, record in enumerate(listed):
        match results[number]:
            case []:
                moderated.approved.append(record)
            case FailedError() as error:
                moderated.failed.append((record, str(error)))
            case findings:
                moderated.flagged.append((record, findings))
    return moderated


# -- how it is done ---------------------------------------------------------------------------------------------------


def checked_layers(layers: Iterable[Layer] | None) -> list[Layer]:
    """Return the layers, or those that look by default.

    Raises
    ------
    InputError
        There are none, one is none, or two have the same name.
    """
    used: list[Layer] = [WordList(), PersonalData()] if layers is None else list(layers)
    if not used:
        raise InputError("layers: give at least one, such as WordList()")
    for number, layer in enumerate(used):
        if isinstance(layer, type) or not isinstance(layer, Layer):
            raise InputError(f"layers: {layer!r} is none: it needs a name, and check(texts); WordList() is one")
        if layer.name in {each.name for each in used[:number]}:
            raise InputError(f"layers: two have the name {layer.name!r}; give one of them another name")
    return used


def said_texts(record: Record) -> list[str]:
    """Return the texts of a record.

    Raises
    ------
    FailedError
        It is no dialogue.
    """
    try:
        return [said.text for said in said_in(record)]
    except InputError as error:
        raise FailedError(str(error)) from error


async def found_in(texts: Sequence[str], layers: Iterable[Layer]) -> list[Finding]:
    """Return what the layers find in the texts of a dialogue.

    Raises
    ------
    FailedError
        One of them fails, or returns something else.
    """
    findings: list[Finding] = []
    for layer in layers:
        wait: Callable[[Sequence[str]], Awaitable[list[Finding]]] | None = getattr(layer, "acheck", None)
        try:
            findings += _checked(layer.check(texts) if wait is None else await wait(texts), len(texts))
        except Exception as error:
            raise FailedError(f"{layer.name}: {problem_of(error)}") from error
    return findings


def _checked(found: Iterable[Finding], texts: int) -> list[Finding]:
    """Return what a layer has found, if it is findings in the texts."""
    findings = list(found)
    if odd := [each for each in findings if not isinstance(each, Finding) or not 0 <= each.turn < texts]:
        raise InputError(f"{odd[0]!r} is no Finding in one of {texts} texts")
    return findings


async def each_of(items: Iterator[T], work: Callable[[T], Awaitable[None]], concurrency: int) -> None:
    """Work on each item, so many at a time; the first error ends all."""

    async def worker() -> None:
        for item in items:
            await work(item)
            await asyncio.sleep(0)  # Stop and others come in between, even if no layer waits

    await together(worker, concurrency)
