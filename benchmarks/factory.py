"""The dialogue factory on a made-up model: a plan, a run that is killed again and again, a cluster that loses a worker.

Without a word, all three; or name some: plan, killed, cluster. The model is a process of its own, and its answers
follow from the seeds; embeddings are hashed words. The cluster is four workers of eight threads on this machine.
"""

from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

TESTS = str(Path(__file__).resolve().parents[1] / "tests")
sys.path.insert(0, TESTS)
os.environ["PYTHONPATH"] = os.pathsep.join([TESTS, os.environ.get("PYTHONPATH", "")])  # of the workers, too

from loopback_model import HashedEmbeddings, LoopbackModel  # noqa: E402

from sdkit.batch_report import Report  # noqa: E402
from sdkit.factory import Factory, Plan, planned  # noqa: E402
from sdkit.factory.uniqueness import digest  # noqa: E402

KILLS, ITEMS, DELAY, PLACES = 10, 2000, 0.2, 32


def serve(connection: Any, delay: float, planted: float) -> None:
    with LoopbackModel(delay, planted) as model:
        connection.send(model.url)
        connection.recv()


class Served:
    """A made-up model in a process of its own."""

    def __init__(self, delay: float, planted: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, delay, planted), daemon=True)

    def __enter__(self) -> None:
        self._process.start()
        os.environ["OLLAMA_HOST"] = self._ours.recv()

    def __exit__(self, *error: object) -> None:
        self._ours.send(None)


def factory(total: int, to: Path, **options: Any) -> Factory:
    logging.getLogger("sdkit.factory").setLevel(logging.CRITICAL)
    given = {"bases": None, "embeddings": HashedEmbeddings(), "layers": (), "threshold": 0.97, "concurrency": PLACES}
    return Factory(total, to, model="loop", **(given | options))


def make(total: int, to: str) -> None:
    factory(total, Path(to)).run(progress=False)


def plan() -> None:
    began = time.perf_counter()
    items = planned(10_000, seed=1)
    seconds = time.perf_counter() - began
    table = Plan(items).report()
    off = (table["planned"] - table["target"]).abs()
    relative = (off / table["target"])[table["target"] >= 100].max()
    print(f"plan of 10,000: {seconds:.2f} s; the same again: {items == planned(10_000, seed=1)}")
    print(
        f"  no value is off its quota by more than {off.max():.2f} dialogues; of quotas from 100 on, by {relative:.2%}"
    )


def killed(folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    to = folder / "killed" / "out.json"
    journal = to.with_name("out.journal.jsonl")
    kills, lost = 0, 0
    with Served(0.01, 0.05):
        while kills < KILLS:
            process = context.Process(target=make, args=(1000, str(to)))
            process.start()
            before = journal.stat().st_size if journal.exists() else 0
            while process.is_alive() and (not journal.exists() or journal.stat().st_size < before + 220_000):
                time.sleep(0.005)
            if not process.is_alive():
                break
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
            kills += 1
            lost += b"attempt" in journal.read_bytes().rpartition(b"\n")[2]
        for path in (to, folder / "whole" / "out.json"):
            process = context.Process(target=make, args=(1000, str(path)))
            process.start()
            process.join()
    records = json.loads(to.read_text())
    hashes, vectors = (
        json.loads(to.with_name("out.hashes.json").read_text()),
        np.load(to.with_name("out.embeddings.npy")),
    )
    agree = len(records) == len(hashes) == len(vectors) and [digest(record) for record in records] == hashes
    same = records == json.loads((folder / "whole" / "out.json").read_text())
    print(f"1,000 dialogues, killed {kills} times: {len(records)} are there, {len(set(hashes))} different")
    print(f"  output, hashes and embeddings agree: {agree}; half lines that kills left: {lost}")
    print(f"  equal to a run that was not killed: {same}")


def cluster(folder: Path) -> None:
    from distributed import Client, LocalCluster

    from sdkit.engines import Dask

    with Served(DELAY, 0.05):
        began = time.perf_counter()
        here = factory(ITEMS, folder / "here" / "out.json").run(progress=False)
        print(line("asyncio, 32 at a time", len(here.journal.attempts), time.perf_counter() - began))
        with (
            LocalCluster(n_workers=4, threads_per_worker=8, dashboard_address=None) as started,
            Client(started) as client,
        ):
            warm = [client.submit(warmed, n, pure=False, workers=[name]) for n, name in enumerate(client.nthreads())]
            client.gather(warm)  # a cluster that has been at work: its processes have imported what they need
            work = factory(ITEMS, folder / "there" / "out.json", engine=Dask(started.scheduler_address))
            lost: list[int] = []

            def kill(report: Report) -> None:
                if report.done >= ITEMS // 3 and not lost:
                    (worker, *_) = started.workers.values()
                    lost.append(worker.pid)
                    os.kill(worker.pid, signal.SIGKILL)

            began = time.perf_counter()
            asyncio.run(work.arun(kill))
            seconds = time.perf_counter() - began
        there = work.made()
        print(line("4 Dask workers of 8 threads, one killed", len(there.journal.attempts), seconds))
        ids = [record["dialogue_id"] for record in there.records]
        print(f"  equal, item by item: {here.records == there.records}; {len(ids)} there, {len(set(ids))} different")


def warmed(number: int) -> None:
    import langchain_ollama

    from sdkit.factory import attempts

    assert attempts
    assert langchain_ollama
    time.sleep(0.1)


def line(name: str, attempts: int, seconds: float) -> str:
    ideal = 2 * attempts * DELAY / PLACES  # a scenario and a dialogue each
    return f"{name}: {attempts} attempts in {seconds:.1f} s, {ideal / seconds:.2f} of the ideal"


def main() -> None:
    asked = sys.argv[1:] or ["plan", "killed", "cluster"]
    with tempfile.TemporaryDirectory() as folder:
        if "plan" in asked:
            plan()
        if "killed" in asked:
            killed(Path(folder))
        if "cluster" in asked:
            cluster(Path(folder))


if __name__ == "__main__":
    main()
