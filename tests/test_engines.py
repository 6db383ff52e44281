"""Where items are made: in this process, and on a real cluster of Dask on this machine."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster
from loopback_model import HashedEmbeddings, LoopbackModel

from sdkit.batch import Batch
from sdkit.dialog import Dialog, Turn
from sdkit.engines import Dask
from sdkit.errors import InputError, ModelUnavailableError
from sdkit.factory import Factory


@pytest.fixture(scope="module")
def model() -> Iterator[LoopbackModel]:
    with LoopbackModel(planted=0.1) as served:
        yield served


@pytest.fixture(scope="module")
def cluster(model: LoopbackModel) -> Iterator[LocalCluster]:
    """Two workers, each a process of its own; a nanny begins another one where one is lost."""
    before = os.environ.get("OLLAMA_HOST")
    os.environ["OLLAMA_HOST"] = model.url
    with LocalCluster(n_workers=2, threads_per_worker=4, dashboard_address=None) as started:
        yield started
    if before is None:
        del os.environ["OLLAMA_HOST"]
    else:
        os.environ["OLLAMA_HOST"] = before


def counting(number: Any) -> Any:
    async def make(seed: int, id: Any) -> Dialog:
        return Dialog(turns=[Turn(speaker="Ana", text=f"I am {number}, made of {seed}, in process {os.getpid()}.")])

    return make


def plain(number: Any) -> Any:
    def make(seed: int, id: Any) -> Dialog:
        if number == 3:
            raise ValueError("three is not for me")
        return Dialog(turns=[Turn(speaker="Ana", text=f"I am {number}.")])

    return make


def test_a_batch_is_made_by_all_workers_and_comes_to_the_same_as_here(cluster: LocalCluster, tmp_path: Path) -> None:
    there = Batch(range(40), counting, tmp_path / "there.jsonl", engine=Dask(cluster.scheduler_address))
    assert there.run(progress=False).ok
    here = Batch(range(40), counting, tmp_path / "here.jsonl")
    here.run(progress=False)
    processes = {dialog[0].text.split()[-1] for dialog in there.dialogs()}
    assert len(processes) == 2
    assert str(os.getpid()) not in str(processes)
    seeds = [[dialog[0].text.split()[5] for dialog in batch.dialogs()] for batch in (here, there)]
    assert seeds[0] == seeds[1]


def test_what_fails_on_a_worker_costs_only_itself(cluster: LocalCluster, tmp_path: Path) -> None:
    with Client(cluster) as client:
        report = Batch(range(6), plain, tmp_path / "out.jsonl", engine=Dask(client)).run(progress=False)
    assert report.done == 5
    assert report.failed == {"3": "ValueError: three is not for me"}


def test_a_factory_makes_the_same_on_a_cluster_though_a_worker_is_lost(
    cluster: LocalCluster, model: LoopbackModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", model.url)

    def make(name: str, **options: Any) -> Factory:
        given: dict[str, Any] = {"bases": None, "embeddings": HashedEmbeddings(), "layers": (), "threshold": 0.97}
        return Factory(60, tmp_path / name, model="loop", **(given | options))

    here = make("here.json").run(progress=False)
    model.delay = 0.1
    engine = Dask(cluster.scheduler_address)
    work = make("there.json", engine=engine)
    killed: list[int] = []

    def kill(report: Any) -> None:
        if report.done >= 10 and not killed:
            (worker, *_) = cluster.workers.values()
            killed.append(worker.pid)
            os.kill(worker.pid, 9)

    asyncio.run(work.arun(kill))
    assert killed
    assert work.made().records == here.records
    assert len({record["dialogue_id"] for record in here.records}) == 60


def test_nobody_there_is_told_in_words() -> None:
    async def call() -> None:
        async with Dask("tcp://127.0.0.1:9"):
            pass

    began = time.perf_counter()
    with pytest.raises(ModelUnavailableError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        asyncio.run(call())
    assert time.perf_counter() - began < 60


@pytest.mark.parametrize("cluster", ["", 8786, None])
def test_what_is_no_cluster_is_refused(cluster: Any) -> None:
    with pytest.raises(InputError, match=r"give a distributed\.Client or the address"):
        Dask(cluster)
