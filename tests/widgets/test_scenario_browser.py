"""A fake server says what the test wants: it is about the widget."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sdkit.datasets import StarDataset
from sdkit.dialog import Dialog, Turn
from sdkit.errors import FileError, InputError
from sdkit.llm.seeds import MAX_SEED
from sdkit.widgets import ScenarioBrowser
from sdkit.widgets.scenario_browser import PAGE

if TYPE_CHECKING:
    from conftest import FakeOllama

MINI = Path(__file__).parents[2] / "datasets" / "star-mini"
NASTY = "<script>alert(1)</script> **$x$** " + "long" * 2500


def answer(body: dict[str, Any]) -> str:
    fields = body["format"]["properties"]
    if "dialog" in fields:
        said = ["Hello, I need my doctor's notes.", "Under which name are you filed?", "Nora.", "<b>Goodbye.</b>"]
        turns = [{"speaker": ("User", "System")[i % 2], "text": text} for i, text in enumerate(said)]
        return json.dumps({"dialog": turns * 2})
    if "over" in fields:
        return json.dumps({"reason": "Done.", "over": len(body["messages"]) > 5})
    return json.dumps({"text": "Under which name are you filed?"})


@pytest.fixture
def data(tmp_path: Path) -> StarDataset:
    """Give a copy of star-mini, to be spoilt."""
    return StarDataset(shutil.copytree(MINI, tmp_path / "copy"))


@pytest.fixture
def browser(fake_ollama: FakeOllama) -> Iterator[ScenarioBrowser]:
    fake_ollama.answer = answer
    made = ScenarioBrowser(StarDataset(MINI), "fake")
    assert made.wait()
    yield made
    made.stop()
    made.wait()


def change(data: StarDataset, number: int, **scenario: Any) -> None:
    path = data.path / "dialogues" / f"{number}.json"
    dialog = json.loads(path.read_text(encoding="utf-8"))
    dialog["Scenario"] |= scenario
    path.write_text(json.dumps(dialog), encoding="utf-8")


def choose(control: Any, label: Any) -> None:
    control.set_state({"index": list(control.options).index(label)})
    assert control.label == str(label)


def type_into(control: Any, value: str) -> None:
    control.set_state({"value": value})


def press(browser: ScenarioBrowser, button: Any) -> None:
    assert not button.disabled
    button.click()
    assert browser.wait()


def shown(browser: ScenarioBrowser) -> list[str]:
    return [name for name, pane in browser.panes.items() if pane in browser.beside.children]


def nothing_is_shown(browser: ScenarioBrowser) -> bool:
    empty = not any(pane.value for pane in browser.panes.values()) and not browser.beside.children
    return empty and browser.value is None and browser.scenario is None and browser.generate_button.disabled


class TestFinding:
    def test_the_first_dialogue_is_shown_at_once(self, browser: ScenarioBrowser) -> None:
        assert browser.value.dialogId == 1
        assert browser.scenario == browser.data.get_dialog_scenario(1)
        assert "55 of 55 dialogues match. This is number 1." in browser.place.value
        assert shown(browser) == ["scenario", "real", "charts"]
        assert browser.errors == {}

    def test_filters_narrow_what_matches(self, browser: ScenarioBrowser) -> None:
        choose(browser.filters["task_name"], "doctor_followup")
        choose(browser.filters["happy"], "no")
        choose(browser.filters["multitask"], "yes")
        assert browser.ids == browser.data.get_ids(task_name="doctor_followup", happy=False, multitask=True)
        assert browser.value.dialogId == browser.ids[0]
        assert f"{len(browser.ids)} of 55 dialogues match. This is number 1." in browser.place.value
        choose(browser.filters["happy"], "any")
        choose(browser.filters["multitask"], "any")
        choose(browser.filters["task_name"], "any")
        choose(browser.filters["domain"], "weather")
        choose(browser.filters["complete"], "no")
        assert browser.ids == browser.data.get_ids(domain="weather", complete=False)

    def test_what_is_shown_stays_if_it_still_matches(self, browser: ScenarioBrowser) -> None:
        browser.show(5100)
        before = browser.value
        choose(browser.filters["happy"], "no")
        assert browser.value is before
        assert f"This is number {len(browser.ids)}." in browser.place.value

    def test_where_nothing_matches_nothing_is_left(self, browser: ScenarioBrowser) -> None:
        choose(browser.filters["happy"], "yes")
        choose(browser.filters["multitask"], "yes")  # as in STAR, none is both
        assert nothing_is_shown(browser)
        assert "None of the 55 dialogues matches" in browser.errors["filters"]
        assert 'role="alert"' in browser.wrong.value
        assert browser.choice.options == ()
        assert browser.previous_button.disabled
        assert browser.next_button.disabled
        choose(browser.filters["multitask"], "any")
        assert browser.errors == {}
        assert browser.wrong.value == ""
        assert browser.value is not None

    def test_previous_and_next_keep_to_what_matches(self, browser: ScenarioBrowser) -> None:
        choose(browser.filters["task_name"], "trivia")
        first, second, *_ = browser.ids
        assert browser.previous_button.disabled
        press(browser, browser.next_button)
        assert browser.value.dialogId == second
        press(browser, browser.previous_button)
        assert browser.value.dialogId == first
        browser.show(browser.ids[-1])
        assert browser.next_button.disabled

    def test_an_id_is_chosen_or_typed(self, browser: ScenarioBrowser) -> None:
        choose(browser.choice, 12)
        assert browser.value.dialogId == 12
        type_into(browser.go_to, " 5100 ")
        assert browser.value.dialogId == 5100
        assert browser.go_to.value == ""
        assert browser.choice.value == 5100

    def test_one_that_does_not_match_is_shown_and_said(self, browser: ScenarioBrowser) -> None:
        choose(browser.filters["task_name"], "weather")
        type_into(browser.go_to, "1")
        assert browser.value.dialogId == 1
        assert "8 of 55 dialogues match. 1 is not among them." in browser.place.value
        press(browser, browser.next_button)
        assert browser.value.dialogId == browser.ids[0]

    @pytest.mark.parametrize("typed", ["99", "0", "-1", "one", "1.5", "9" * 40, "9" * 5000, NASTY])
    def test_an_id_that_there_is_not(self, browser: ScenarioBrowser, typed: str) -> None:
        type_into(browser.go_to, typed)
        assert nothing_is_shown(browser)
        assert list(browser.errors) == ["dialogue"]
        assert "<script" not in browser.wrong.value
        press(browser, browser.previous_button if browser.next_button.disabled else browser.next_button)
        assert browser.value is not None
        assert browser.errors == {}

    def test_code_is_told_by_an_error(self, browser: ScenarioBrowser) -> None:
        with pytest.raises(InputError, match="there is no dialogue 99"):
            browser.show(99)
        assert nothing_is_shown(browser)
        assert "there is no dialogue 99" in browser.errors["dialogue"]


class TestReading:
    def test_the_scenario_with_what_the_user_was_told_on_the_way(self, browser: ScenarioBrowser) -> None:
        browser.show(5100)
        text = browser.panes["scenario"].value
        assert browser.scenario["UserTask"].splitlines()[0] in text
        assert browser.scenario["WizardTask"] in text
        assert '<dt>Tasks</dt><dd dir="auto">plane_search, plane_book, weather</dd>' in text
        assert '<dt>Happy</dt><dd dir="auto">no</dd>' in text
        assert "Before their first turn: Talk to the assistant about" in text
        assert "After their turn 2: " in text

    def test_a_domain_that_is_null(self, browser: ScenarioBrowser) -> None:
        browser.show(5)
        assert '<dt>Domains</dt><dd dir="auto">none</dd>' in browser.panes["scenario"].value

    def test_the_dialogue_with_its_adherence_by_action_label(self, browser: ScenarioBrowser) -> None:
        text = browser.panes["real"].value
        assert "Adherence, by action label: doctor_followup: " in text
        assert "Turns that do not follow" in text
        assert "Under which name are you in our files?" in text

    def test_a_flowchart_for_each_task_with_the_path(self, browser: ScenarioBrowser) -> None:
        browser.show(5100)
        text = browser.panes["charts"].value
        assert text.count("<svg") == 3
        assert text.count("as a table</summary>") == 3
        assert "with the path of a dialogue</title>" in text

    @pytest.mark.parametrize("number", [25, 44, 46, 53])
    def test_dialogues_in_which_the_system_says_nothing(self, browser: ScenarioBrowser, number: int) -> None:
        browser.show(number)
        assert "the system has no turn" in browser.panes["real"].value
        assert "Flowchart: no step of the real dialogue" in browser.panes["charts"].value

    def test_a_flowchart_to_which_no_step_belongs_has_no_path(self, data: StarDataset) -> None:
        # Given a dialogue of doctor_followup, in which the system has asked for a name, as in doctor_schedule
        tasks = [{"Task": task, "Domain": "doctor"} for task in ("doctor_followup", "doctor_schedule")]
        change(data, 1, WizardCapabilities=tasks)
        text = ScenarioBrowser(data).panes["charts"].value
        assert text.count("<svg") == 2
        assert text.count("Flowchart: path of the real dialogue") == 1
        assert text.count("Flowchart: no step of the real dialogue") == 1

    def test_every_dialogue_can_be_read(self, browser: ScenarioBrowser) -> None:
        for number in browser.ids:
            browser.show(number)
            assert shown(browser) == ["scenario", "real", "charts"]

    def test_texts_are_shown_and_never_run(self, data: StarDataset) -> None:
        change(data, 1, UserTask=NASTY, WizardTask="\ud800 <img src=x onerror=alert(1)>")
        browser = ScenarioBrowser(data)
        assert browser.value.scenario["UserTask"] == NASTY
        pages = [pane.value for pane in browser.panes.values()] + [browser.static_html()]
        for page in pages:
            assert "<script" not in page
            assert "<img" not in page
            page.encode()
        assert "&lt;script&gt;" in browser.panes["scenario"].value


class TestBrokenData:
    def test_a_file_that_breaks_is_said_and_the_next_one_can_be_read(self, data: StarDataset) -> None:
        browser = ScenarioBrowser(data)
        (data.path / "dialogues" / "2.json").write_text("{", encoding="utf-8")
        press(browser, browser.next_button)
        assert nothing_is_shown(browser)
        assert "2.json" in browser.errors["dialogue"]
        with pytest.raises(FileError):
            browser.show(2)
        press(browser, browser.next_button)
        assert browser.value.dialogId == 3
        assert browser.errors == {}

    def test_with_a_broken_file_ids_still_work_but_not_filters(self, data: StarDataset) -> None:
        (data.path / "dialogues" / "2.json").write_text("{", encoding="utf-8")
        browser = ScenarioBrowser(data)
        assert browser.wait()
        assert "2.json" in browser.errors["filters"]
        type_into(browser.go_to, "5100")
        assert browser.value.dialogId == 5100
        choose(browser.filters["happy"], "yes")
        assert nothing_is_shown(browser)
        assert "2.json" in browser.errors["filters"]

    def test_a_task_that_there_is_not(self, data: StarDataset) -> None:
        change(data, 1, WizardCapabilities=[{"Task": "<b>doctor", "Domain": "doctor"}])
        browser = ScenarioBrowser(data)
        assert nothing_is_shown(browser)
        assert "there is no task '<b>doctor'" in browser.errors["dialogue"]
        assert "<b>doctor" not in browser.wrong.value

    def test_a_task_twice_is_one_flowchart(self, data: StarDataset) -> None:
        change(data, 1, WizardCapabilities=[{"Task": "doctor_followup", "Domain": "doctor"}] * 2)
        assert ScenarioBrowser(data).panes["charts"].value.count("<svg") == 1

    def test_it_stays_with_its_data_set(self, data: StarDataset, fake_ollama: FakeOllama) -> None:
        # Given a browser, and its data set set to another folder
        fake_ollama.answer = answer
        change(data, 2, UserTask="Be quick.")
        browser = ScenarioBrowser(data, "fake")
        assert browser.wait()
        data.set_path(MINI)

        # Then it shows, finds and makes what is in its own
        browser.show(2)
        assert browser.scenario["UserTask"] == "Be quick."
        choose(browser.filters["happy"], "any")
        press(browser, browser.generate_button)
        assert browser.synthetic.scenario["UserTask"] == "Be quick."
        assert "Be quick." in str(fake_ollama.received[0]["messages"])
        assert "copy, 55 of 55 dialogues" in browser.static_html()

    def test_a_data_set_without_a_path(self) -> None:
        with pytest.raises(InputError, match="where is the data set"):
            ScenarioBrowser(StarDataset())


class TestGenerating:
    @pytest.mark.parametrize("how", ["description", "personas", "turns"])
    def test_a_synthetic_dialogue_beside_the_real_one(self, browser: ScenarioBrowser, how: str) -> None:
        choose(browser.how, how)
        type_into(browser.seed, "7")
        press(browser, browser.generate_button)
        assert browser.synthetic.seed == 7
        assert browser.synthetic.dialogId == 1
        assert browser.synthetic.scenario == browser.scenario
        assert browser.synthetic.speakers == ["User", "System"]
        assert shown(browser) == ["scenario", "real", "synthetic", "charts"]
        assert f"Synthetic dialogue, from {how}" in browser.panes["synthetic"].value
        assert "Adherence, by nearest response: doctor_followup: " in browser.panes["synthetic"].value
        assert "Flowchart: path of the synthetic dialogue" in browser.panes["charts"].value
        assert "Seed 7." in browser.message.value
        assert browser.stop_button.disabled

    def test_what_a_model_says_is_shown_and_never_run(self, browser: ScenarioBrowser) -> None:
        press(browser, browser.generate_button)
        assert "&lt;b&gt;Goodbye.&lt;/b&gt;" in browser.panes["synthetic"].value

    def test_no_picture_is_there_twice(self, browser: ScenarioBrowser) -> None:
        # Given a synthetic dialogue that is the real one again
        browser = ScenarioBrowser(browser.data, generate_with={"copy": lambda number: copied(browser.data)})
        choose(browser.how, "copy")
        press(browser, browser.generate_button)
        text = browser.panes["charts"].value
        assert text.count("<svg") == 1
        assert "It is the same path." in text

    def test_a_blank_seed_is_a_new_one_and_is_said(self, browser: ScenarioBrowser) -> None:
        press(browser, browser.generate_button)
        assert f"Seed {browser.synthetic.seed}." in browser.message.value

    @pytest.mark.parametrize("seed", ["many", "-1", "1.5", str(MAX_SEED + 1), "9" * 30, "9" * 5000, NASTY])
    def test_a_seed_that_is_none(self, browser: ScenarioBrowser, fake_ollama: FakeOllama, seed: str) -> None:
        type_into(browser.seed, seed)
        assert "is no whole number from 0 to 4294967294; leave it blank" in browser.errors["seed"]
        press(browser, browser.generate_button)
        assert not fake_ollama.received
        type_into(browser.seed, "3")
        assert browser.errors == {}
        assert browser.wrong.value == ""

    def test_another_dialogue_leaves_nothing_of_the_last(self, browser: ScenarioBrowser) -> None:
        press(browser, browser.generate_button)
        press(browser, browser.next_button)
        assert browser.synthetic is None
        assert shown(browser) == ["scenario", "real", "charts"]
        assert browser.message.value == ""

    def test_a_model_that_fails(self, browser: ScenarioBrowser, fake_ollama: FakeOllama) -> None:
        press(browser, browser.generate_button)
        fake_ollama.answer = lambda body: "no JSON <script>"
        press(browser, browser.generate_button)
        assert browser.synthetic is None
        assert shown(browser) == ["scenario", "real", "charts"]
        assert "No valid reply" in browser.message.value
        assert "<script" not in browser.message.value
        assert not browser.generate_button.disabled

    def test_stop(self, browser: ScenarioBrowser, fake_ollama: FakeOllama) -> None:
        hang = hanging(fake_ollama)
        browser.generate_button.click()
        wait_for(lambda: bool(fake_ollama.received))
        assert browser.generate_button.disabled
        press(browser, browser.stop_button)
        hang.set()
        assert browser.synthetic is None
        assert "Stopped." in browser.message.value
        assert browser.stop_button.disabled
        assert not browser.generate_button.disabled

    def test_going_on_ends_what_is_being_made(self, browser: ScenarioBrowser, fake_ollama: FakeOllama) -> None:
        hang = hanging(fake_ollama)
        browser.generate_button.click()
        wait_for(lambda: bool(fake_ollama.received))
        press(browser, browser.next_button)
        hang.set()
        assert browser.value.dialogId == 2
        assert browser.synthetic is None
        assert "Stopped." in browser.message.value
        press(browser, browser.generate_button)
        assert browser.synthetic.dialogId == 2


class TestOwnGenerators:
    def test_a_function_that_makes_a_dialogue(self, browser: ScenarioBrowser) -> None:
        async def talk(seed: int | None, id: int) -> Dialog:
            return Dialog(
                dialogId=id, seed=seed, turns=[Turn(speaker="System", text="Under which name are you filed?")]
            )

        own = ScenarioBrowser(browser.data, generate_with={"<mine>": lambda number: talk})
        choose(own.how, "<mine>")
        type_into(own.seed, "4")
        press(own, own.generate_button)
        assert (own.synthetic.dialogId, own.synthetic.seed) == (1, 4)
        assert "from &lt;mine&gt;" in own.panes["synthetic"].value

    def test_speakers_whom_nobody_knows(self, browser: ScenarioBrowser) -> None:
        async def talk(seed: int | None, id: int) -> Dialog:
            return Dialog(turns=[Turn(speaker="Ana", text="Hi."), Turn(speaker="Tom", text="Hello.")])

        own = ScenarioBrowser(browser.data, generate_with={"mine": lambda number: talk})
        choose(own.how, "mine")
        press(own, own.generate_button)
        assert "Adherence: no &#x27;System&#x27; speaks in this dialogue" in own.panes["synthetic"].value

    def test_what_is_no_dialogue(self, browser: ScenarioBrowser) -> None:
        async def talk(seed: int | None, id: int) -> str:
            return "Hello!"

        own = ScenarioBrowser(browser.data, generate_with={"mine": lambda number: talk})  # type: ignore[dict-item, return-value]
        choose(own.how, "mine")
        press(own, own.generate_button)
        assert "mine: made a str, not a dialogue" in own.message.value
        assert own.synthetic is None

    @pytest.mark.parametrize("ways", [{"mine": "no function"}, [1], {1: print}])
    def test_what_is_no_way_to_make_one(self, browser: ScenarioBrowser, ways: Any) -> None:
        with pytest.raises(InputError, match="give functions from an id to a generator"):
            ScenarioBrowser(browser.data, generate_with=ways)


class TestStaticTwin:
    def test_it_has_all_that_the_widget_shows(self, browser: ScenarioBrowser) -> None:
        choose(browser.filters["task_name"], "doctor_followup")
        press(browser, browser.generate_button)
        twin = browser.static_html()
        assert "star-mini, 17 of 55 dialogues (Task: doctor_followup)." in twin
        for text in ("The user was told", "Under which name", "<svg", "as a table</summary>", "Synthetic dialogue"):
            assert text in twin

    def test_it_is_always_the_same_and_names_no_folder(self) -> None:
        twins = {ScenarioBrowser(StarDataset(MINI)).static_html() for _ in range(2)}
        assert len(twins) == 1
        assert "star-mini, 55 of 55 dialogues (all)." in twins.copy().pop()
        assert str(MINI.parent) not in twins.pop()

    def test_what_is_wrong_is_in_it(self, browser: ScenarioBrowser) -> None:
        type_into(browser.go_to, "99")
        assert "there is no dialogue 99" in browser.static_html()


class TestAllOfStar:
    def test_it_is_there_at_once_and_filters_are_fast(self, real_star: Path) -> None:
        took = []
        for _ in range(2):  # the better time counts: other tests may have the machine
            began = time.perf_counter()
            browser = ScenarioBrowser(StarDataset(real_star))
            took.append(time.perf_counter() - began)
            assert browser.value.dialogId == 1
            assert "is being read" in browser.place.value
            assert browser.filters["happy"].disabled
            assert browser.wait()
            assert not browser.filters["happy"].disabled
            assert "is being read" not in browser.place.value
        assert min(took) < 0.5
        for name, label in (("task_name", "doctor_followup"), ("happy", "yes"), ("multitask", "no")):
            began = time.perf_counter()
            choose(browser.filters[name], label)
            assert time.perf_counter() - began < 0.5
        assert len(browser.ids) == 105
        assert len(browser.choice.options) == PAGE
        type_into(browser.go_to, str(browser.ids[-1]))
        assert browser.choice.options == tuple(browser.ids[PAGE:])
        choose(browser.filters["task_name"], "any")
        assert len(browser.ids) == 2755
        assert len(browser.choice.options) <= PAGE
        assert "This is number 2,755. The list has numbers 2,701 to 2,755." in browser.place.value


def copied(data: StarDataset) -> Any:
    async def copy(seed: int | None, id: int) -> Dialog:
        return data.get_dialog(id)

    return copy


def hanging(fake_ollama: FakeOllama) -> threading.Event:
    """Let the model say nothing until the event is set."""
    hang = threading.Event()

    def slow(body: dict[str, Any]) -> str:
        hang.wait(20)
        return answer(body)

    fake_ollama.answer = slow
    return hang


def wait_for(what: Any) -> None:
    until = time.monotonic() + 20
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)
