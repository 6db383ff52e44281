import json

from sdkit import Dialog, Turn, prompts


def test_a_dialogue_is_asked_for_with_system_example_and_details() -> None:
    messages = prompts.whole_dialogue("Ana and Tom plan a party.", examples=[prompts.WORKED_EXAMPLE])
    assert [role for role, _ in messages] == ["system", "human", "ai", "human"]
    assert messages[0][1] == prompts.DIALOGUE_SYSTEM
    assert messages[-1][1] == "Ana and Tom plan a party."


def test_cast_and_length_are_said_in_words() -> None:
    (_, question) = prompts.whole_dialogue("A party.", ["Ana", "Tom"], (4, 8))[-1]
    assert question == "A party.\nSpeakers: Ana, Tom.\nLength: 4 to 8 turns."
    assert prompts.whole_dialogue("A party.", None, (5, 5))[-1][1] == "A party.\nLength: 5 turns."


def test_without_examples_there_are_two_messages() -> None:
    assert [role for role, _ in prompts.whole_dialogue("A party.")] == ["system", "human"]


def test_an_example_is_answered_in_the_form_that_is_asked_for() -> None:
    example = Dialog(scenario={"task": "café"}, turns=[Turn(speaker="Zoë", text="Hi."), Turn(speaker="Bo", text="Hi!")])
    _, (_, question), (_, answer), _ = prompts.whole_dialogue("A party.", examples=[example])
    assert json.loads(question.splitlines()[0]) == {"task": "café"}
    assert question.endswith("Speakers: Zoë, Bo.")
    assert json.loads(answer) == {"dialog": [{"speaker": "Zoë", "text": "Hi."}, {"speaker": "Bo", "text": "Hi!"}]}
    assert "Zoë" in answer


def test_the_worked_example_alternates_and_ends_each_turn() -> None:
    speakers = [turn.speaker for turn in prompts.WORKED_EXAMPLE]
    assert speakers == ["Mia", "Leo"] * 4
    assert all(turn.text[-1] in ".!?" for turn in prompts.WORKED_EXAMPLE)


def test_braces_and_percent_signs_in_details_stay_as_they_are() -> None:
    details = "{name} pays 100% of %s {{twice}}"
    assert prompts.whole_dialogue(details)[-1] == ("human", details)
