"""Runs of a factory on a made-up model: balanced, unique, gone on with, the same however it is made."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loopback_model import HashedEmbeddings, LoopbackModel
from starlette.responses import JSONResponse

from sdkit.dialog import Dialog
from sdkit.errors import FileError, InputError, ModelError
from sdkit.factory import Factory, Made
from sdkit.factory.uniqueness import digest, mean, pieces

Make = Callable[..., Factory]

RECORD = [
    "services",
    "dialogue_id",
    "turns",
    "num_lines",
    "user_emotions",
    "assistant_emotions",
    "scenario_category",
    "generated_scenario",
    "time_slot",
    "regions",
    "resolution_status",
]


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def agree(made: Made) -> None:
    """Check that output, hashes and embeddings are of the same dialogues, in the same order."""
    records = read(made.places.output)
    hashes, vectors = read(made.places.hashes), np.load(made.places.embeddings)
    assert len(records) == len(hashes) == len(vectors)
    embeddings = HashedEmbeddings()
    for record, one, vector in zip(records, hashes, vectors, strict=True):
        assert digest(record) == one
        assert np.allclose(mean(embeddings.embed_documents(pieces(record))), vector, atol=1e-6)


def test_as_many_dialogues_are_made_as_asked_for_in_synwoz_form(factory: Make) -> None:
    made = factory(6).run(progress=False)
    assert made.ok
    text = made.places.output.read_text(encoding="utf-8")
    records = json.loads(text)
    assert len(records) == 6
    assert text == json.dumps(records, indent=4, ensure_ascii=False)
    for record in records:
        assert list(record) == RECORD
        assert [turn["turn_number"] for turn in record["turns"]] == list(range(1, record["num_lines"] + 1))
        assert list(record["turns"][0]) == ["turn_number", "utterance", "intent", "assistant_response", "emotion"]
        assert {turn["emotion"] for turn in record["turns"]} == set(record["user_emotions"])
    agree(made)


def test_a_jsonl_output_has_a_record_a_line(factory: Make) -> None:
    made = factory(3, "out.jsonl").run(progress=False)
    lines = made.places.output.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == made.records


def test_records_are_dialogues_too_with_both_emotions_and_how_they_were_made(factory: Make) -> None:
    (dialog, *_) = factory(2).run(progress=False).dialogs()
    assert isinstance(dialog, Dialog)
    assert dialog.speakers == ["User", "Assistant"]
    record = dialog.scenario
    assert isinstance(record, dict)
    assert dialog[0].emotion == record["user_emotions"][0]  # type: ignore[attr-defined]
    assert dialog[1].emotion == record["assistant_emotions"][0]  # type: ignore[attr-defined]
    assert dialog.stop is not None
    assert dialog.stop.kind == str(record["resolution_status"]).lower()
    assert dialog.provenance is not None
    assert dialog.provenance.model == "loop"
    assert Dialog.from_json(dialog.json(string=True)) == dialog


def test_what_was_made_keeps_to_the_plan(factory: Make) -> None:
    made = factory(24).run(progress=False)
    table = made.balance()
    assert (table["made"] - table["target"]).abs().max() < 1
    assert made.shares_kept() == {"region": 1.0, "time": 1.0, "resolution": 1.0, "own words": 1.0}


def test_what_a_model_ignores_is_warned_of_and_kept_as_not_applied(
    factory: Make, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "sdkit.factory"):
        made = factory(2).run(progress=False)
    assert "loop takes no frequency_penalty and no presence_penalty" in caplog.text
    for item, about in zip(made.items, made.about(), strict=True):
        assert about["sampling"] == {"temperature": item.sampling["temperature"], "top_p": item.sampling["top_p"]}
        assert set(about["not_applied"]) == {"frequency_penalty", "presence_penalty"}
        assert about["provenance"]["options"]["temperature"] in (0.7, item.sampling["temperature"])


# -- uniqueness -------------------------------------------------------------------------------------------------------


def test_duplicates_are_replaced_and_told_of(model: LoopbackModel, factory: Make) -> None:
    model.planted = 0.4
    made = factory(20).run(progress=False)
    assert made.ok
    assert len({digest(record) for record in made.records}) == 20
    table = made.decided()
    told = table[table["what"] == "duplicate"]["why"].tolist()
    assert told
    assert all("_generated_" in why and ("word for word" in why or "similarity" in why) for why in told)
    agree(made)


def test_the_result_is_the_same_however_many_are_made_at_a_time(model: LoopbackModel, factory: Make) -> None:
    model.planted = 0.3
    one = factory(15, "one.json", concurrency=1).run(progress=False)
    model.delay = 0.01
    many = factory(15, "many.json", concurrency=12).run(progress=False)
    assert one.records == many.records
    assert [(d.item, d.attempt, d.what) for d in one.journal.decisions] == [
        (d.item, d.attempt, d.what) for d in many.journal.decisions
    ]


def test_what_other_runs_have_made_counts(factory: Make, tmp_path: Path) -> None:
    shared = {"hash_file": tmp_path / "hashes.json", "embedding_file": tmp_path / "embeddings.npy"}
    first = factory(4, "first.json", **shared).run(progress=False)
    second = factory(4, "second.json", **shared).run(progress=False)  # the same seed: all of it is there already
    assert second.ok
    assert not {digest(record) for record in first.records} & {digest(record) for record in second.records}
    decided = second.decided()
    assert "it is a dialogue of an earlier run, word for word" in decided["why"].tolist()
    assert len(read(tmp_path / "hashes.json")) == len(np.load(tmp_path / "embeddings.npy")) == 8
    again = factory(5, "first.json", **shared).run(
        progress=False
    )  # and the first one goes on, with those of the second
    assert len(again) == 5
    assert len(read(tmp_path / "hashes.json")) == len(np.load(tmp_path / "embeddings.npy")) == 9


def test_embeddings_of_another_model_are_refused(factory: Make, tmp_path: Path) -> None:
    np.save(tmp_path / "out.embeddings.npy", np.ones((2, 7), np.float32))
    (tmp_path / "out.hashes.json").write_text('["a", "b"]')
    with pytest.raises(InputError, match="embeddings of 64 numbers cannot be compared with those of 7"):
        factory(2).run(progress=False)
    assert len(np.load(tmp_path / "out.embeddings.npy")) == 2


def test_hashes_and_embeddings_that_do_not_belong_together_are_refused(factory: Make, tmp_path: Path) -> None:
    np.save(tmp_path / "out.embeddings.npy", np.ones((3, 64), np.float32))
    (tmp_path / "out.hashes.json").write_text('["a", "b"]')
    with pytest.raises(FileError, match=r"has 3 embeddings, and .* has 2 hashes"):
        factory(2).run(progress=False)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("out.hashes.json", b'{"a": 1}', "holds no hashes"),
        ("out.hashes.json", b"[1, 2", "is not JSON"),
        ("out.embeddings.npy", b"", "holds no embeddings"),
        ("out.embeddings.npy", b"\x93NUMPY half", "holds no embeddings"),
    ],
)
def test_broken_files_of_earlier_runs_are_refused(
    factory: Make, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match=words):
        factory(2).run(progress=False)
    assert (tmp_path / name).read_bytes() == content


# -- attempts that come to nothing ------------------------------------------------------------------------------------


def test_what_lacks_the_plan_is_made_again_and_then_taken_with_a_note(model: LoopbackModel, factory: Make) -> None:
    def nowhere(answer: dict[str, Any], asked: str) -> Any:
        for turn in answer.get("turns", []):
            turn["utterance"] = turn["utterance"].replace("Here in ", "Not in ").replace("at ", "")
        return json.loads(json.dumps(answer).replace("Tokyo", "somewhere").replace("Paris", "somewhere"))

    model.bend = nowhere
    made = factory(4, spec={"regions": ["Tokyo", "Paris"]}).run(progress=False)
    assert made.ok
    assert made.shares_kept()["region"] == 0.0
    assert made.shares_kept()["resolution"] == 1.0
    assert len(made.journal.attempts) == 8  # two each
    assert "without region" in made.decided()["why"].tolist()[-1]


def test_items_that_fall_out_are_planned_anew_so_that_as_many_are_made_as_asked_for(
    model: LoopbackModel, factory: Make
) -> None:
    def never_paris(answer: Any, asked: str) -> Any:
        return "I would rather not" if "Place: Paris" in asked or "The place, Paris" in asked else answer

    model.bend = never_paris
    made = factory(6, spec={"regions": {"Tokyo": 3, "Paris": 1}}).run(progress=False)
    assert made.ok
    assert {record["regions"][0] for record in made.records} == {"Tokyo"}
    assert len(made.journal.items) > 6
    assert made.report is not None
    assert made.report.failed


def test_a_model_that_refuses_everything_ends_the_run_soon_and_says_so(model: LoopbackModel, factory: Make) -> None:
    def sorry(answer: dict[str, Any], asked: str) -> Any:
        return {"scenario": "I'm sorry, but I cannot help with that."} if "scenario" in answer else answer

    model.bend = sorry
    with pytest.raises(ModelError, match=r"5 dialogues in a row came to nothing.*the model refused"):
        factory(50, concurrency=2).run(progress=False)
    assert model.requests < 60
    made = factory(50).made()
    assert len(made) == 0
    assert "the model refused" in made.places.failed.read_text()


def test_a_model_that_cannot_be_reached_ends_the_run_and_nothing_is_given_up(
    model: LoopbackModel, factory: Make
) -> None:
    def gone(answer: Any, asked: str) -> Any:
        return JSONResponse({"error": 'model "loop" not found, try pulling it first'}, 404)

    model.bend = gone
    with pytest.raises(ModelError):
        factory(5).run(progress=False)
    model.bend = None
    made = factory(5).run(progress=False)
    assert made.ok
    assert {decision.what for decision in made.journal.decisions} == {"kept"}


def test_what_moderation_finds_is_kept_apart_and_replaced(model: LoopbackModel, factory: Make) -> None:
    def rude(answer: dict[str, Any], asked: str) -> Any:
        if "turns" in answer and hash_of(answer) % 3 == 0:
            answer["turns"][1]["utterance"] = "You idiot, write to ana.smith@example.org."
        return answer

    def hash_of(answer: dict[str, Any]) -> int:
        return sum(map(ord, answer["turns"][0]["utterance"]))

    model.bend = rude
    made = factory(8, layers=None).run(progress=False)
    assert made.ok
    assert "idiot" not in made.places.output.read_text()
    (first, *_) = [json.loads(line) for line in made.places.flagged.read_text().splitlines()]
    assert {finding["category"] for finding in first["moderation"]} == {"insult", "e-mail"}


# -- going on ---------------------------------------------------------------------------------------------------------


def test_more_are_asked_for_and_what_is_there_stays(factory: Make) -> None:
    first = factory(5).run(progress=False)
    more = factory(9).run(progress=False)
    assert more.records[:5] == first.records
    assert more.ok
    table = more.balance()
    assert (table["made"] - table["target"]).abs().max() < 2


def test_what_was_made_is_opened_again_without_a_model(model: LoopbackModel, factory: Make, tmp_path: Path) -> None:
    made = factory(5).run(progress=False)
    asked = model.requests
    again = Made.load(made.places.output)
    assert (again.records, again.total, again.ok) == (made.records, 5, True)
    assert again.spec == made.spec
    assert again.balance().equals(made.balance())
    assert model.requests == asked
    with pytest.raises(FileError, match=r"no factory has made other\.json"):
        Made.load(tmp_path / "other.json")
    made.places.about.write_text("{}")
    with pytest.raises(FileError, match="does not say what was planned"):
        Made.load(made.places.output)


def test_the_set_of_the_lessons_agrees_with_itself() -> None:
    made = Made.load(Path(__file__).resolve().parents[2] / "datasets" / "synthetic-mini" / "dialogues.json")
    assert made.ok
    assert made.records == read(made.places.output)
    assert [digest(record) for record in made.records] == read(made.places.hashes)
    assert np.load(made.places.embeddings).shape == (36, 384)


def test_a_finished_run_asks_nothing_again(model: LoopbackModel, factory: Make) -> None:
    factory(3).run(progress=False)
    asked = model.requests
    assert factory(3).run(progress=False).ok
    assert model.requests == asked


def test_other_settings_are_refused_and_nothing_changes(factory: Make) -> None:
    before = factory(3).run(progress=False)
    for other in ({"seed": 7}, {"threshold": 0.8}, {"spec": {"regions": ["Lyon"]}}):
        with pytest.raises(InputError, match="go on as it began, or choose another place"):
            factory(4, **other).run(progress=False)
    assert factory(3).made().records == before.records


def test_an_output_that_nobody_knows_is_not_overwritten(factory: Make, tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text('[{"services": ["hotel"], "dialogue_id": "half')
    with pytest.raises(InputError, match=r"holds dialogues, and no out\.batch\.json says how they were made"):
        factory(3).run(progress=False)
    assert (tmp_path / "out.json").read_text().endswith("half")


def test_half_a_line_in_the_journal_is_no_obstacle_and_a_broken_line_is_named(factory: Make) -> None:
    made = factory(4).run(progress=False)
    journal = made.places.journal
    whole = journal.read_text()
    journal.write_text(whole[: whole.rindex("{") + 20])
    assert factory(4).run(progress=False).records == made.records
    lines = whole.splitlines()
    journal.write_text("\n".join([*lines[:2], '{"weather": 1}', *lines[2:]]) + "\n")
    with pytest.raises(FileError, match="line 3: is no journal of this version"):
        factory(4).run(progress=False)


def _serve(connection: Any, delay: float, planted: float) -> None:
    with LoopbackModel(delay, planted) as model:
        connection.send(model.url)
        connection.recv()


def _make(url: str, folder: str, total: int) -> None:
    os.environ["OLLAMA_HOST"] = url
    logging.getLogger("sdkit.factory").setLevel(logging.CRITICAL)
    options: dict[str, Any] = {"bases": None, "embeddings": HashedEmbeddings(), "layers": (), "threshold": 0.97}
    Factory(total, Path(folder) / "out.json", model="loop", concurrency=16, **options).run(progress=False)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_run_that_is_killed_again_and_again_comes_to_the_same(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=_serve, args=(theirs, 0.02, 0.1), daemon=True)
    server.start()
    url = ours.recv()
    (tmp_path / "killed").mkdir()
    kills = 0
    while kills < 4:
        process = context.Process(target=_make, args=(url, str(tmp_path / "killed"), 120))
        process.start()
        journal = tmp_path / "killed" / "out.journal.jsonl"
        before = journal.stat().st_size if journal.exists() else 0
        while process.is_alive() and (not journal.exists() or journal.stat().st_size < before + 60_000):
            time.sleep(0.01)
        if not process.is_alive():
            break
        os.kill(process.pid or 0, signal.SIGKILL)
        process.join()
        kills += 1
    assert kills >= 2
    for name in ("killed", "whole"):
        process = context.Process(target=_make, args=(url, str(tmp_path / name), 120))
        process.start()
        process.join()
        assert process.exitcode == 0
    assert read(tmp_path / "killed" / "out.json") == read(tmp_path / "whole" / "out.json")
    for name in ("hashes.json", "embeddings.npy", "provenance.jsonl"):
        one, other = (tmp_path / place / f"out.{name}" for place in ("killed", "whole"))
        if name.startswith("prov"):
            ids = [[json.loads(line)["dialogue_id"] for line in path.read_text().splitlines()] for path in (one, other)]
            assert ids[0] == ids[1]
        else:
            assert one.read_bytes() == other.read_bytes()
    ours.send(None)


def test_two_runs_of_one_output_keep_out_of_each_others_way(factory: Make, tmp_path: Path) -> None:
    from sdkit.files import locked

    work = factory(2)
    with locked(work.places.lock, work.places.output), pytest.raises(FileError, match="is being made by another"):
        work.run(progress=False)


def test_minutes_end_a_run_in_time_and_it_goes_on_later(model: LoopbackModel, factory: Make) -> None:
    model.delay = 0.05
    began = time.perf_counter()
    made = factory(500, minutes=1 / 60, concurrency=2).run(progress=False)
    assert time.perf_counter() - began < 10
    assert made.report is not None
    assert made.report.stop == "minutes"
    assert 0 < len(made) < 500
    agree(made)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"total": 0}, "0 dialogues cannot be made"),
        ({"threshold": 2}, "a similarity threshold of 2 cannot be"),
        ({"threshold": 0}, "a similarity threshold of 0 cannot be"),
        ({"concurrency": 0}, "concurrency=0: give a whole number"),
        ({"minutes": -1}, "minutes=-1: give a number above 0"),
        ({"to": "out.csv"}, r"a file whose name ends in \.json or \.jsonl"),
        ({"hash_file": "hashes.txt"}, r"ends in \.json"),
        ({"embedding_file": "vectors.bin"}, r"ends in \.npy"),
        ({"seed": -1}, "seed=-1 will not do"),
        ({"spec": {"regions": []}}, "this plan cannot be"),
        ({"personas": 3}, "personas=3: give the path of a corpus"),
        ({"bases": "nowhere"}, "nowhere"),
    ],
)
def test_arguments_that_cannot_work_are_refused_before_anything_is_written(
    factory: Make, tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        factory(**options)
    assert not list(tmp_path.iterdir())


def test_base_dialogues_agree_with_the_services_and_who_has_none_is_told(
    factory: Make, caplog: pytest.LogCaptureFixture
) -> None:
    from sdkit.factory.sources import base_dialogues

    with caplog.at_level(logging.INFO, "sdkit.factory"):
        made = factory(40, bases="multiwoz-mini").run(progress=False)
    bases = base_dialogues("multiwoz-mini")
    for item, record in zip(made.items, made.records, strict=True):
        if item.services[0] == "flight":
            assert item.base is None
            assert record["dialogue_id"].startswith("none_generated_")
        else:
            assert item.base is not None
            assert set(bases.services_of(item.base)) <= set(item.services)
            assert item.services[0] in bases.services_of(item.base)
            assert record["dialogue_id"].startswith(f"{item.base}_generated_")
    assert "have no base dialogue: none is about flight" in caplog.text
    assert len({item.persona for item in made.items}) > 35
