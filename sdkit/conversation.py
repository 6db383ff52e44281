"""Two agents talk, turn by turn, until it is over.

Each reads what was said from its own side: the other's turns come from outside, its own are its own. After each turn
a judge is asked whether the conversation is over, and says why. Nobody has to write a magic word.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sdkit.agents import MAX_TURNS, Agent, Part
from sdkit.describing import told_apart
from sdkit.dialog import Dialog, Event, Scenario, Stop, Turn
from sdkit.endings import MIN_TURNS, Ending, Farewell
from sdkit.errors import ConversationError, InputError, first_problem
from sdkit.llm import structured
from sdkit.llm.seeds import check_seed, derive_seed, random_seed
from sdkit.llm.slots import Hold
from sdkit.llm.spec import chat_model
from sdkit.orchestration import Instruction, Moment
from sdkit.provenance import joined
from sdkit.rendering import one_line

if TYPE_CHECKING:
    from sdkit.llm.spec import ModelSpec
    from sdkit.llm.structured import Reply

TOLD, TOLD_FOR_GOOD, BY_HAND = "instruct", "instruct-persist", "by hand"
"""Actions of events, and a label: what somebody was told for a turn, or from then on; that a person said it."""
UNFINISHED = {"max_turns", "stopped", "error"}
"""Kinds of stops that are no end that a conversation comes to by itself."""
_JUDGE = 2  # its slot; the parties have 0 and 1


@dataclass(frozen=True)
class Step:
    """A request that a conversation made.

    Attributes
    ----------
    turn : int
        The number of turns before it.
    who : str
        Who was asked: a speaker, or "judge".
    reply : sdkit.llm.structured.Reply
        The answer, and how it came about.
    """

    turn: int
    who: str
    reply: Reply


class Conversation:
    """A conversation between two agents, which makes its turns as you iterate over it.

    Parameters
    ----------
    a, b
        Who talks.
    max_turns
        How many turns at most, those of both together and of `history`.
    first
        Who begins: `a` or `b`; or a text, which `a` begins with. `a`, if None.
    seed
        The same seed gives the same conversation, on the same model and machine; None for a new one each time.
    id
        The dialogue's `Dialog.dialogId`.
    min_turns
        From how many turns on it may be over.
    judge
        Which model decides whether it is over; None for that of `a`, else of `b`. If neither has one, nobody decides.
    ending
        What it is asked; None for `sdkit.endings.Farewell`: whether the last line is a goodbye that needs no answer.
    scenario
        What to keep as the dialogue's scenario.
    history
        Turns that were made before, to go on from: those of a `Dialog`, or some of them.

    Attributes
    ----------
    turns : list of Turn
        The turns so far.
    names : list of str
        Under which names `a` and `b` speak.
    stop : Stop or None
        Why it is over; None as long as it is not.
    steps : list of Step
        All requests that were made.
    seed : int
        The seed.

    Raises
    ------
    InputError
        Arguments that cannot work.
    """

    def __init__(
        self,
        a: Agent,
        b: Agent,
        max_turns: int = MAX_TURNS,
        *,
        first: Agent | str | None = None,
        seed: int | None = None,
        id: int | str | None = None,
        min_turns: int = MIN_TURNS,
        judge: ModelSpec = None,
        ending: Ending | None = None,
        scenario: Scenario = None,
        history: Dialog | Sequence[Turn] = (),
    ) -> None:
        for agent in (a, b):
            if not isinstance(agent, Agent):
                raise InputError(f"{agent!r} cannot take a turn; give a PersonaAgent")
        if not isinstance(max_turns, int) or isinstance(max_turns, bool) or max_turns < 1:
            raise InputError(f"max_turns={max_turns!r}: give a whole number, at least 1")
        if not isinstance(min_turns, int) or min_turns < 0:
            raise InputError(f"min_turns={min_turns!r}: give a whole number, at least 0")
        self.agents = (a, b)
        self.names = told_apart([a.label, b.label])
        self.max_turns = max_turns
        self.ending: Ending = Farewell(min_turns) if ending is None else ending
        self.turns = [turn.model_copy() for turn in history]
        if len(self.turns) >= max_turns and self.turns:
            raise InputError(
                f"the history has {len(self.turns)} turns, and max_turns={max_turns} leaves none; give more"
            )
        if strangers := {turn.speaker for turn in self.turns} - set(self.names):
            raise InputError(f"history: {sorted(map(str, strangers))[0]!r} is neither {' nor '.join(self.names)}")
        self._next = self._who_begins(first)
        self._llm = (a.llm or b.llm) if judge is None else chat_model(judge)
        about = "\n".join([*(f"{name}: {agent.persona}" for name, agent in self._cast()), *self._transcript()])
        if seed is None:
            what = hashlib.sha256(about.encode("utf-8", "surrogatepass")).hexdigest()
            seed = structured.any_seed(self._llm, what) if self._llm else random_seed()
        self.seed = check_seed(seed)
        self._about: dict[str, Any] = {"dialogId": id, "scenario": scenario}
        self.steps: list[Step] = []
        self.stop: Stop | None = None
        self._interrupted: Stop | None = None
        self._told: tuple[dict[int, list[Instruction]], dict[int, list[Instruction]]] = ({}, {})
        self._hooked: set[int] = set()
        self._by_hand: set[int] = set()
        if isinstance(history, Dialog):
            self._recall(history.events or [])
        self._judged = -1
        self._leaves: str | None = None
        self._times: list[int] = [int(time.time())] * len(self.turns)
        self._hold = Hold(alone=False)
        try:
            self.dialog  # noqa: B018 - what cannot be kept is refused here, not at the end
        except ValidationError as error:
            raise InputError(f"this conversation cannot be kept: {first_problem(error)}") from error

    def _recall(self, events: Sequence[Event]) -> None:
        """Remember what was whispered, and what was said by hand, before the turns of the history."""
        turn = 0
        for event in events:
            if turn == len(self.turns):
                return
            if event.action == "utter":
                self._by_hand |= {turn} if event.actionLabel == BY_HAND else set()
                turn += 1
            elif event.action in {TOLD, TOLD_FOR_GOOD} and event.agent in self.names:
                told = self._told[self.names.index(event.agent)]
                told.setdefault(turn, []).append(Instruction(event.text, event.action == TOLD_FOR_GOOD))

    def _cast(self) -> list[tuple[str, Agent]]:
        return list(zip(self.names, self.agents, strict=True))

    def _who_begins(self, first: Agent | str | None) -> int:
        a, b = self.agents
        if self.turns:
            if first is not None:
                raise InputError("first= is for a conversation that begins; this one goes on from its history")
            return 1 - self.names.index(str(self.turns[-1].speaker))
        if isinstance(first, str):
            if not first.strip():
                raise InputError("first= is blank; give what is said first, or who begins")
            self.turns.append(Turn(speaker=self.names[0], text=first.strip()))
            return 1
        if first is not None and first is not a and first is not b:
            raise InputError(f"first={first!r} is neither of the two who talk, nor a text")
        return int(first is b and first is not a)

    # -- turns --------------------------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Turn]:
        """Make the next turns, one each time, until it is over.

        Raises
        ------
        ConversationError
            A turn could not be made. Iterate again to try again.
        """
        while True:
            if self.is_over():
                return
            with self._kept(self._turn()):
                part = self._part()
                with self._hold.slot(self._next):
                    turn = self._add(self.agents[self._next].speak(part))
            yield turn

    async def __aiter__(self) -> AsyncIterator[Turn]:
        """Do what ``iter`` does, for ``async for``."""
        while True:
            if await self.ais_over():
                return
            with self._kept(self._turn()):
                part = self._part()
                with self._hold.slot(self._next):
                    turn = self._add(await self.agents[self._next].aspeak(part))
            yield turn

    def is_over(self) -> bool:
        """Ask the judge, once after each turn, and look at the limit; if it is over, `stop` says why."""
        if self._judge_is_due():
            with self._kept("The judge's answer"), self._hold.slot(_JUDGE):
                question, schema = self.ending.question(self.turns), self.ending.schema
                self._heed(structured.request(question, schema, model=self._llm, seed=self._seed("judge")))
        return self._has_ended()

    async def ais_over(self) -> bool:
        """Do what `is_over` does, awaitable."""
        if self._judge_is_due():
            with self._kept("The judge's answer"), self._hold.slot(_JUDGE):
                question, schema = self.ending.question(self.turns), self.ending.schema
                self._heed(await structured.arequest(question, schema, model=self._llm, seed=self._seed("judge")))
        return self._has_ended()

    def run(self) -> Dialog:
        """Make all turns and return the dialogue."""
        with self._in_one_go():
            for _ in self:
                pass
        return self.dialog

    async def arun(self) -> Dialog:
        """Do what `run` does, awaitable."""
        with self._in_one_go():
            async for _ in self:
                pass
        return self.dialog

    def say(self, text: str) -> Turn:
        """Take the next turn by hand, for whoever's it is.

        Raises
        ------
        InputError
            The text is blank, or the limit is reached.
        """
        if not isinstance(text, str) or not text.strip():
            raise InputError("the text is blank; say something")
        if len(self.turns) >= self.max_turns:
            raise InputError(f"the conversation has its {self.max_turns} turns; give it more with max_turns=")
        self.stop = None
        self._by_hand.add(len(self.turns))
        return self._append(text.strip())

    def tell(self, text: str, lasting: bool = True) -> None:
        """Whisper something to whoever speaks next, as a hook would.

        Raises
        ------
        InputError
            The text is blank.
        """
        if not isinstance(text, str) or not text.strip():
            raise InputError("the text is blank; tell something")
        self._told[self._next].setdefault(len(self.turns), []).append(Instruction(text.strip(), lasting))

    @property
    def next_speaker(self) -> str:
        """Whose turn it is."""
        return self.names[self._next]

    @property
    def dialog(self) -> Dialog:
        """The turns so far, as a dialogue."""
        stop = self.stop or self._interrupted
        return Dialog(
            model=" and ".join(dict.fromkeys(agent.model for agent in self.agents)),
            seed=self.seed,
            complete=stop.kind not in UNFINISHED if stop else None,
            turns=[turn.model_copy() for turn in self.turns],
            events=self._events() if self._by_hand or any(self._told) else None,
            personas={name: agent.persona.json() for name, agent in self._cast()},
            stop=stop,
            provenance=joined([step.reply for step in self.steps], self.seed) if self.steps else None,
            **self._about,
        )

    # -- how a turn is made -------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _in_one_go(self) -> Iterator[None]:
        self._hold = Hold(alone=True)
        with self._hold.running():
            yield

    @contextlib.contextmanager
    def _kept(self, what: str) -> Iterator[None]:
        """Keep the turns so far, whatever happens."""
        self._interrupted = None
        try:
            yield
        except Exception as error:
            where = f"{what} could not be made: {error}"
            self._interrupted = Stop(kind="error", reason=str(error))
            raise ConversationError(
                f"{where}\nThe {len(self.turns)} before it are in this error's .dialog", self.dialog
            ) from error
        except BaseException as error:  # Ctrl-C, Stop, a cancelled task
            self._interrupted = Stop(kind="stopped")
            error.dialog = self.dialog  # type: ignore[attr-defined]
            if isinstance(error, KeyboardInterrupt):
                error.add_note(f"The {len(self.turns)} turns so far are in sys.last_value.dialog")
            raise

    def _turn(self) -> str:
        return f"Turn {len(self.turns)}, {self.next_speaker}'s,"  # counted from 0, as in a list

    def _seed(self, what: str) -> int:
        return derive_seed(self.seed, len(self.turns), what)

    def _judge_is_due(self) -> bool:
        count = len(self.turns)
        if self._llm is None or self.stop is not None or self._leaves or self._judged == count:
            return False
        return count < self.max_turns and self.ending.is_due(self.turns)

    def _transcript(self) -> list[str]:
        return [f"{turn.speaker}: {one_line(turn.text)}" for turn in self.turns]

    def _heed(self, reply: Reply) -> None:
        """Do as the judge says."""
        self.steps.append(Step(len(self.turns), "judge", reply))
        self._judged = len(self.turns)
        self.stop = self.ending.stop(reply.value)

    def _has_ended(self) -> bool:
        # Who leaves is answered once more, as in a chat.
        if self.stop is None and self._leaves and self.turns[-1].speaker != self._leaves:
            self.stop = Stop(kind="left", reason=f"{self._leaves} has ended it")
        if self.stop is None and len(self.turns) >= self.max_turns:
            self.stop = Stop(kind="max_turns", reason=f"it has {self.max_turns} turns")
        return self.stop is not None

    def _part(self) -> Part:
        """Ask the hooks, and return what the next speaker has to know."""
        now, told = len(self.turns), self._told[self._next]
        if now not in self._hooked:
            before = tuple(instruction.text for index in sorted(told) for instruction in told[index])
            dice = random.Random(self._seed("dice"))
            moment = Moment(self.next_speaker, tuple(self.turns), before, self.max_turns, dice)
            answers = [hook(moment) for hook in self.agents[self._next].hooks]
            wanted = [Instruction(one) if isinstance(one, str) else one for one in answers if one]
            if odd := [one for one in wanted if not isinstance(one, Instruction)]:
                raise InputError(f"a hook answered {odd[0]!r}; it is to give a text, an Instruction, or None")
            if wanted:
                told.setdefault(now, []).extend(wanted)
            self._hooked.add(now)
        lasting = {
            index: " ".join(one.text for one in told[index] if one.lasting or index == now) for index in sorted(told)
        }
        return Part(
            name=self.next_speaker,
            other=self.names[1 - self._next],
            turns=self.turns,
            told={index: text for index, text in lasting.items() if text},
            seed=self._seed("turn"),
        )

    def _add(self, reply: Reply) -> Turn:
        self.steps.append(Step(len(self.turns), self.next_speaker, reply))
        if getattr(reply.value, "leaves", False):
            self._leaves = self.next_speaker
        return self._append(reply.value.text)

    def _append(self, text: str) -> Turn:
        turn = Turn(speaker=self.next_speaker, text=text)
        self.turns.append(turn)
        self._times.append(int(time.time()))
        self._next = 1 - self._next
        return turn

    def _events(self) -> list[Event]:
        """Return the turns, and before each what its speaker was told."""
        events = []
        for index, (turn, when) in enumerate(zip(self.turns, self._times, strict=True)):
            for told in self._told:
                for one in told.get(index, ()):
                    action = TOLD_FOR_GOOD if one.lasting else TOLD
                    events.append(Event(agent=turn.speaker, action=action, text=one.text, timestamp=when))
            label = BY_HAND if index in self._by_hand else None
            utterance = Event(agent=turn.speaker, action="utter", actionLabel=label, text=turn.text, timestamp=when)
            events.append(utterance)
        return events
