"""Base dialogues and personas: which goes with which dialogue, and where they are looked for."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import pytest

from sdkit.datasets import MultiWOZ, PersonaCorpus
from sdkit.errors import InputError
from sdkit.factory import Spec, planned
from sdkit.factory.sources import MULTIWOZ, Sources, base_dialogues, persona_corpus

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sources() -> Sources:
    return Sources(MultiWOZ(ROOT / "datasets/multiwoz-mini"), PersonaCorpus(ROOT / "datasets/personas.jsonl"), 3)


def test_bases_are_used_evenly_and_agree_with_the_services(sources: Sources) -> None:
    spec = Spec.of({"services": {"single": {"weight": 1, "of": ["taxi"]}}, "categories": {"general": ["complaint"]}})
    bases = MultiWOZ(ROOT / "datasets/multiwoz-mini")
    items = sources.planned(planned(60, spec))
    used = Counter(item.base for item in items)
    assert all(bases.services_of(str(number)) == ("taxi",) for number in used)
    assert max(used.values()) - min(used.values()) <= 1


def test_personas_come_from_all_clusters_and_seldom_twice(sources: Sources) -> None:
    corpus = PersonaCorpus(ROOT / "datasets/personas.jsonl")
    items = sources.planned(planned(100))
    rows = {row.id: row for row in corpus}
    assert {rows[str(item.persona)].cluster for item in items} >= set(corpus.clusters)
    assert max(Counter(item.persona for item in items).values()) <= 3


def test_other_attempts_have_other_sources_from_the_third_on(sources: Sources) -> None:
    (item, *_) = sources.planned(planned(5))
    assert sources.redrawn(item, 0) == sources.redrawn(item, 1) == item
    others = {sources.redrawn(item, attempt).persona for attempt in (2, 3, 4)}
    assert others != {item.persona}
    assert sources.redrawn(item, 3) == sources.redrawn(item, 3)


def test_the_texts_are_those_of_the_original(sources: Sources) -> None:
    (item,) = sources.planned(planned(1, Spec.of({"services": {"single": {"weight": 1, "of": ["hotel"]}}, **FEW})))
    base, persona = sources.texts(item)
    assert base.startswith("USER: ")
    assert "\nASSISTANT: " in base
    assert len(persona.split()) > 10


FEW = {"categories": {"general": ["complaint"]}}


def test_multiwoz_is_looked_for_where_it_belongs_and_else_the_small_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "personas.jsonl").write_text('{"persona": "A baker who sings."}\n')
    (tmp_path / "datasets" / "multiwoz-mini").symlink_to(ROOT / "datasets" / "multiwoz-mini")
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.WARNING, "sdkit.factory"):
        assert len(base_dialogues(MULTIWOZ)) == 104
    assert "pfb30/multi_woz_v22 is not on this machine" in caplog.text
    assert "python -m sdkit data get multiwoz" in caplog.text
    caplog.clear()
    (tmp_path / "datasets" / "MultiWOZ").symlink_to(ROOT / "datasets" / "multiwoz-mini")
    assert base_dialogues(MULTIWOZ).path == tmp_path / "datasets" / "MultiWOZ"
    assert not caplog.text
    assert len(persona_corpus()) == 1


def test_a_path_is_taken_and_one_that_is_not_there_refused() -> None:
    assert len(base_dialogues(str(ROOT / "datasets" / "multiwoz-mini" / "dev"))) == 10
    with pytest.raises(InputError, match="nowhere"):
        base_dialogues("nowhere")


def test_without_sources_there_are_no_bases_and_nobody_in_particular() -> None:
    (item,) = Sources(None, None, 0).planned(planned(1))
    assert item.base is item.persona is None
    assert Sources(None, None, 0).texts(item) == ("", "")
