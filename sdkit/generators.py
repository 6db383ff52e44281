"""One call, one dialogue: `DialogGenerator` makes it from a description, `PersonaDialogGenerator` from two personas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, JsonValue, ValidationError

from sdkit import prompts, provenance
from sdkit.describing import told_apart
from sdkit.dialog import Dialog, Scenario, Turn
from sdkit.dialog_output import LLMDialogOutput, LLMTurn, dialog_output
from sdkit.errors import InputError, first_problem
from sdkit.llm import schemas, structured
from sdkit.llm.spec import chat_model, model_name
from sdkit.personas import BasePersona, Persona, checked_persona

if TYPE_CHECKING:
    from sdkit.agents import PersonaAgent
    from sdkit.llm.spec import ModelSpec
    from sdkit.llm.structured import Reply

__all__ = ["DialogGenerator", "LLMDialogOutput", "LLMTurn", "PersonaDialogGenerator", "dialog_output"]

TURNS = (6, 12)
"""At least and at most how many turns a dialogue has, if nobody says otherwise."""


@dataclass(frozen=True)
class _Settings:
    """What `DialogGenerator.set` changes, as one value: threads that generate meanwhile see the old or the new."""

    details: str
    given: dict[str, JsonValue] | str | None

    @property
    def scenario(self) -> dict[str, JsonValue] | str | None:
        return self.details or None if self.given is None else self.given


class _Generator:
    """What the generators share: one request, one result. Threads and tasks may share one."""

    def __init__(
        self,
        model: ModelSpec,
        output_format: type[BaseModel] | Mapping[str, Any] | None,
        speakers: tuple[str, ...] | None,
        turns: tuple[int, int] | None,
        examples: Sequence[Dialog] | None,
    ) -> None:
        schemas.check(output_format)
        self._format, self._speakers, self._turns = output_format, speakers, turns
        self._examples = ([prompts.WORKED_EXAMPLE] if turns else []) if examples is None else list(examples)
        if not all(isinstance(example, Dialog) and example.turns for example in self._examples):
            raise InputError("examples= takes dialogues with turns: [Dialog(scenario=..., turns=[...]), ...]")
        self._llm = chat_model(model)
        self._settings = _Settings("", None)

    def generate(self, seed: int | None = None, id: int | str | None = None) -> Any:
        """Make one dialogue.

        Parameters
        ----------
        seed
            The same seed gives the same dialogue, on the same model and machine; None for a new one each time.
        id
            The dialogue's `Dialog.dialogId`.

        Returns
        -------
        Dialog
            Another `output_format` gives an instance of that pydantic class, or the text of the reply for a JSON schema
            and for None.

        Raises
        ------
        ReplyError
            The model did not give what was asked for, in three attempts.
        ModelError
            The model cannot be used, or the prompt does not fit into its context.
        """
        settings = self._settings
        _check_id(id)
        reply = structured.request(self._messages(settings), self._format, model=self._llm, seed=seed)
        return self._result(reply, settings, id)

    __call__ = generate

    async def agenerate(self, seed: int | None = None, id: int | str | None = None) -> Any:
        """Do what `generate` does, awaitable."""
        settings = self._settings
        _check_id(id)
        reply = await structured.arequest(self._messages(settings), self._format, model=self._llm, seed=seed)
        return self._result(reply, settings, id)

    def set(self, dialogue_details: str, scenario: Scenario = None) -> None:
        """Set new details, and a new scenario; without one, the details are the scenario again."""
        try:
            kept = Dialog(scenario=scenario, turns=[]).scenario  # type: ignore[arg-type]
        except ValidationError as error:
            raise InputError(f"this scenario cannot be kept: {first_problem(error)}") from error
        self._settings = _Settings(dialogue_details, kept)

    @property
    def scenario(self) -> dict[str, JsonValue] | str | None:
        """What a dialogue keeps as its scenario: what was given, else the details; a pydantic object as a dict."""
        return self._settings.scenario

    def agents(self, dialog: Dialog) -> tuple[PersonaAgent, PersonaAgent]:
        """Return two agents who can go on, turn by turn, with a dialogue that this generator made.

        Raises
        ------
        InputError
            It has not two speakers.
        """
        if len(dialog.speakers) != 2 or None in dialog.speakers:
            raise InputError(
                f"only two can talk turn by turn; here speak {', '.join(map(str, dialog.speakers)) or 'none'}"
            )
        from sdkit.agents import PersonaAgent

        personas = (Persona(name=str(speaker)) for speaker in dialog.speakers)
        one, two = (PersonaAgent(who, self._llm, details=self._settings.details) for who in personas)
        return one, two

    def _messages(self, settings: _Settings) -> list[prompts.Message]:
        raise NotImplementedError

    def _personas(self) -> dict[str, dict[str, JsonValue]] | None:
        return None

    def _result(self, reply: Reply, settings: _Settings, dialog_id: int | str | None) -> Any:
        if self._turns is None:  # an output_format of the user's own
            return reply.value if isinstance(reply.value, BaseModel) else reply.raw
        return Dialog(
            dialogId=dialog_id,
            model=reply.model,
            seed=reply.first_seed,
            scenario=settings.scenario,
            turns=[Turn(speaker=turn.speaker, text=turn.text) for turn in reply.value.dialog],
            personas=self._personas(),
            provenance=provenance.of(reply),
        )


class DialogGenerator(_Generator):
    """Makes dialogues from a description, one request each.

    Several threads or tasks may share one generator.

    Parameters
    ----------
    model
        Which model: "qwen2.5:14b", "embedded", a LangChain chat model; None for `sdkit.default_model`.
    dialogue_details
        What the dialogue is about.
    output_format
        A pydantic class, a JSON schema as a dict, or None for free text. The default gives a `Dialog`.
    scenario
        What to keep as the dialogue's scenario; `dialogue_details` if None.
    speakers
        Who speaks, taking turns in this order; the first one begins. None lets the model choose.
    turns
        At least and at most how many turns; (6, 12) if None.
    examples
        Dialogues to learn from, each with its scenario; None for one of ours, () for none.

    Raises
    ------
    InputError
        Arguments that cannot work, alone or together.
    ModelError
        The model cannot be used.

    Examples
    --------
    >>> from sdkit.generators import DialogGenerator
    >>> generator = DialogGenerator("embedded", "Ana and Tom plan a party.", speakers=["Ana", "Tom"])
    >>> generator.generate(seed=42).print()  # doctest: +SKIP
    """

    def __init__(
        self,
        model: ModelSpec = None,
        dialogue_details: str = "",
        output_format: type[BaseModel] | Mapping[str, Any] | None = LLMDialogOutput,
        scenario: Scenario = None,
        *,
        speakers: Sequence[str] | None = None,
        turns: tuple[int, int] | None = None,
        examples: Sequence[Dialog] | None = None,
    ) -> None:
        makes_dialogs = output_format is LLMDialogOutput
        if not makes_dialogs and (speakers is not None or turns is not None):
            raise InputError("speakers= and turns= shape the default output_format; put them into your own instead")
        cast = _checked_speakers(speakers)
        length = _checked_turns(turns, cast) if makes_dialogs else None
        super().__init__(model, dialog_output(cast, length) if length else output_format, cast, length, examples)
        self.set(dialogue_details, scenario)

    def set(self, dialogue_details: str, scenario: Scenario = None) -> None:
        """Set new details, and a new scenario; without one, the details are the scenario again."""
        if not isinstance(dialogue_details, str) or not dialogue_details.strip():
            raise InputError("dialogue_details is empty; say in a sentence or two what the dialogue is about")
        super().set(dialogue_details, scenario)

    def __repr__(self) -> str:
        """Name the model and the beginning of the details."""
        return f"DialogGenerator(model={model_name(self._llm)!r}, dialogue_details={self._settings.details[:60]!r})"

    def _messages(self, settings: _Settings) -> list[prompts.Message]:
        return prompts.whole_dialogue(settings.details, self._speakers, self._turns, self._examples)


class PersonaDialogGenerator(_Generator):
    """Makes dialogues between two personas, one request each: the model plays both.

    Who speaks is in the schema, so nobody else does, and names need no repair. Personas of one name are told apart by a
    number; one without a name speaks under its `BasePersona.label`. `PersonaAgent.talk_with` makes a dialogue turn by
    turn instead, each persona knowing only itself.

    Parameters
    ----------
    model
        Which model: "qwen2.5:14b", "embedded", a LangChain chat model; None for `sdkit.default_model`.
    persona_a, persona_b
        Who speaks; `persona_a` begins. What is changed in them later counts, but for the name.
    dialogue_details
        What the dialogue is about, beyond the personas.
    response_details
        How they speak.
    scenario
        What to keep as the dialogue's scenario; `dialogue_details` if None.
    turns
        At least and at most how many turns.
    alternate
        Whether the two take turns strictly; if not, one may speak several times in a row.
    examples
        Dialogues to learn from, each with its scenario; None for one of ours, () for none.

    Raises
    ------
    InputError
        Arguments that cannot work, alone or together.
    ModelError
        The model cannot be used.

    Examples
    --------
    >>> from sdkit.personas import Persona
    >>> ana, tom = Persona(name="Ana", role="baker"), Persona(name="Tom", role="customer")
    >>> PersonaDialogGenerator("embedded", ana, tom).generate(seed=42).print()  # doctest: +SKIP
    """

    def __init__(  # noqa: PLR0917 - in the order of the workshop notebook
        self,
        model: ModelSpec = None,
        persona_a: BasePersona | None = None,
        persona_b: BasePersona | None = None,
        dialogue_details: str = "",
        response_details: str = prompts.ONE_UTTERANCE,
        scenario: Scenario = None,
        *,
        turns: tuple[int, int] = TURNS,
        alternate: bool = True,
        examples: Sequence[Dialog] | None = None,
    ) -> None:
        self.personas = (checked_persona(persona_a, "persona_a"), checked_persona(persona_b, "persona_b"))
        if not isinstance(response_details, str):
            raise InputError(f"response_details={response_details!r}: say in a sentence how they speak")
        self._response_details = response_details
        cast = tuple(told_apart([persona.label for persona in self.personas]))
        length = _checked_turns(turns, cast)
        super().__init__(model, dialog_output(cast, length, alternate), cast, length, examples)
        self.set(dialogue_details, scenario)

    def set(self, dialogue_details: str = "", scenario: Scenario = None) -> None:
        """Set new details, and a new scenario; without one, the details are the scenario again."""
        if not isinstance(dialogue_details, str):
            raise InputError(f"dialogue_details={dialogue_details!r}: say in words what the dialogue is about")
        super().set(dialogue_details, scenario)

    def __repr__(self) -> str:
        """Name the model and who speaks."""
        return f"PersonaDialogGenerator(model={model_name(self._llm)!r}, {' and '.join(self._speakers or ())})"

    def _messages(self, settings: _Settings) -> list[prompts.Message]:
        cast = [
            prompts.Voice(name, str(persona)) for name, persona in zip(self._speakers or (), self.personas, strict=True)
        ]
        return prompts.role_play(cast, settings.details, self._response_details, self._turns, self._examples)

    def agents(self, dialog: Dialog) -> tuple[PersonaAgent, PersonaAgent]:
        """Return two agents who can go on, turn by turn, with a dialogue that this generator made.

        Raises
        ------
        InputError
            Its speakers are not the two personas.
        """
        from sdkit.agents import PersonaAgent

        if strangers := [speaker for speaker in dialog.speakers if speaker not in (self._speakers or ())]:
            raise InputError(f"{strangers[0]!r} is neither {' nor '.join(self._speakers or ())}")
        details, how = self._settings.details, self._response_details
        # In this order, in which two of one name get the names that they have.
        one, two = (PersonaAgent(who, self._llm, details=details, response_details=how) for who in self.personas)
        return one, two

    def _personas(self) -> dict[str, dict[str, JsonValue]]:
        return {name: persona.json() for name, persona in zip(self._speakers or (), self.personas, strict=True)}


def _check_id(dialog_id: int | str | None) -> None:
    if dialog_id is not None and not isinstance(dialog_id, int | str):
        raise InputError(f"id={dialog_id!r}: the id of a dialogue is a whole number or a text")


def _checked_speakers(speakers: Sequence[str] | None) -> tuple[str, ...] | None:
    if speakers is None:
        return None
    names = [] if isinstance(speakers, str) or not isinstance(speakers, Iterable) else list(speakers)
    cast = tuple(name.strip() for name in names if isinstance(name, str) and name.strip())
    if len(cast) < 2 or len(cast) < len(names) or len({name.casefold() for name in cast}) < len(cast):
        raise InputError(f"speakers={speakers!r}: give two or more different names")
    return cast


def _checked_turns(turns: tuple[int, int] | None, speakers: tuple[str, ...] | None) -> tuple[int, int]:
    try:
        low, high = TURNS if turns is None else turns
    except (TypeError, ValueError):
        raise InputError(f"turns={turns!r}: give two numbers, at least and at most, such as (6, 12)") from None
    if not all(isinstance(n, int) and not isinstance(n, bool) for n in (low, high)) or not 1 <= low <= high:
        raise InputError(f"turns={turns!r}: give two whole numbers, at least and at most, such as (6, 12)")
    if speakers and low < len(speakers):
        raise InputError(f"turns={turns!r}: {len(speakers)} speakers need at least {len(speakers)} turns")
    return low, high
