"""A sweep on a real cluster ends with the bits of one on this machine, whatever dies meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from nnlab.runs.run import Run
from tests.laboratory import TIMEOUT, Laboratory, read_until
from tests.sweeps.cluster import Cluster
from tests.trainings import results_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GRID = ("linear.yaml", "eta=0.1,0.5", "momentum=0.9", "--seeds", "2")
LONG = ("linear.yaml", "epochs=400", "batch_size=2", "patience=null")


@pytest.fixture
def lab(tmp_path: Path) -> Laboratory:
    lab = Laboratory(tmp_path / "lab")
    lab.folder.mkdir()
    lab.config()
    return lab


@pytest.fixture
def cluster(tmp_path: Path, lab: Laboratory) -> Iterator[Cluster]:
    with Cluster(tmp_path / "cluster", lab.environment()) as cluster:
        yield cluster


def results(lab: Laboratory, runs: str = "runs") -> dict[str, Any]:
    """Return everything in the trials of the sweep, without times."""
    folders = [path for path in (lab.folder / runs / "linear").iterdir() if path.is_dir()]
    return {folder.name: results_of(Run(folder)) for folder in folders}


def summaries(lab: Laboratory) -> list[dict[str, Any]]:
    """Return the summaries of the trials of the sweep."""
    return [json.loads(path.read_text()) for path in (lab.folder / "runs" / "linear").glob("*/summary.json")]


def wait_for_epochs(cluster: Cluster, trials: int) -> None:
    """Wait until so many trials have epochs on the workers."""
    deadline = time.monotonic() + TIMEOUT
    while len(with_epochs(cluster)) < trials:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def with_epochs(cluster: Cluster) -> list[str]:
    found = []
    for path in cluster.folder.rglob("summary.json"):
        with contextlib.suppress(FileNotFoundError):
            found.append(path.read_text())
    return [text for text in found if '"epochs": 0' not in text]


def wait_until_no_trial_runs(cluster: Cluster, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while list(cluster.folder.glob("worker-*/**/nnlab-*")):
        assert time.monotonic() < deadline, "trials linger on the workers"
        time.sleep(0.05)


def test_the_results_are_those_of_this_machine(lab: Laboratory, cluster: Cluster) -> None:
    cluster.add_workers(1)
    cluster.add_workers(1, threads=2)
    outcome = lab.nnlab("sweep", *GRID, "--eval", "--cluster", cluster.address)
    assert outcome.code == 0, outcome.err
    assert outcome.err.splitlines()[0] == "linear: 4 trials; 3 at once"
    assert lab.nnlab("sweep", *GRID, "--eval", "-q", "--runs", "here").code == 0
    assert results(lab) == results(lab, "here")
    for name in results(lab):
        there, here = (lab.folder / runs / "linear" / name for runs in ("runs", "here"))
        assert {path.name for path in there.iterdir()} == {path.name for path in here.iterdir()}
        figures = [json.loads((folder / "eval_test.json").read_text()) for folder in (there, here)]
        assert figures[0] | {"run": ""} == figures[1] | {"run": ""}
    assert lab.nnlab("sweep", *GRID, "--cluster", cluster.address).err == (
        "All 4 trials in runs/linear are done.\n"
    )


def test_a_failure_on_a_worker_is_reported(lab: Laboratory, cluster: Cluster) -> None:
    cluster.add_workers(1)
    outcome = lab.nnlab(
        "sweep",
        *GRID,
        "dataset=fashion_mnist",
        "--offline",
        "--max-failures",
        "1",
        "--cluster",
        cluster.address,
    )
    assert outcome.code == 1
    failed = next(line for line in outcome.err.splitlines() if line.startswith("   failed"))
    assert "Fashion-MNIST" in failed
    log = failed.rpartition("; see ")[2]
    assert "DatasetError" in (lab.folder / log).read_text()


def test_ctrl_c_brings_the_epochs_home(lab: Laboratory, cluster: Cluster) -> None:
    cluster.add_workers(2)
    with lab.start("sweep", *LONG, "--seeds", "2", "--cluster", cluster.address) as process:
        wait_for_epochs(cluster, 2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == -signal.SIGINT, err
    assert [summary["status"] for summary in summaries(lab)] == ["interrupted"] * 2
    assert all(summary["epochs"] >= 1 for summary in summaries(lab))
    wait_until_no_trial_runs(cluster, 2)


def test_the_trials_of_a_killed_sweep_end(lab: Laboratory, cluster: Cluster) -> None:
    cluster.add_workers(1)
    with lab.start("sweep", *LONG, "--seeds", "1", "--cluster", cluster.address) as process:
        wait_for_epochs(cluster, 1)
        process.kill()
    wait_until_no_trial_runs(cluster, 10)


def test_a_terminal_shows_the_epochs_of_the_workers(lab: Laboratory, cluster: Cluster) -> None:
    cluster.add_workers(1)
    sweep = ("linear.yaml", "epochs=100", *LONG[2:], "--seeds", "1")
    outcome = lab.on_a_terminal("sweep", *sweep, "--cluster", cluster.address)
    assert outcome.code == 0
    assert re.search(r"running *\d+ +\d\d\.\d\d%", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", outcome.out))


def test_an_interrupted_trial_continues_on_a_worker(lab: Laboratory, cluster: Cluster) -> None:
    sweep = ("linear.yaml", "eta=0.01,0.1,0.5", "epochs=30", "patience=null", "--seeds", "1", "-q")
    assert lab.nnlab("sweep", *sweep, "--halving").code == 0
    assert [summary["status"] for summary in summaries(lab)].count("interrupted") == 2
    cluster.add_workers(1)
    assert lab.nnlab("sweep", *sweep, "--cluster", cluster.address).code == 0
    assert lab.nnlab("sweep", *sweep, "--runs", "here").code == 0
    assert results(lab) == results(lab, "here")


@pytest.mark.parametrize(
    ("address", "code", "message"),
    [
        ("nowhere", 2, "nnlab: --cluster nowhere: not the address of a scheduler; write tcp://HOST:PORT\n"),
        ("tcp://127.0.0.1:1", 1, "nnlab: no scheduler answers at tcp://127.0.0.1:1; start one"),
    ],
)
def test_a_scheduler_that_cannot_be_reached_is_one_line(
    lab: Laboratory, address: str, code: int, message: str
) -> None:
    outcome = lab.nnlab("sweep", *GRID, "--cluster", address)
    assert outcome.code == code
    assert outcome.err.startswith(message)
    assert outcome.err.count("\n") == 1
    assert not (lab.folder / "runs").exists()


def test_a_cluster_without_workers_is_one_line(lab: Laboratory, cluster: Cluster) -> None:
    outcome = lab.nnlab("sweep", *GRID, "--cluster", cluster.address)
    assert outcome.code == 1
    assert outcome.err.startswith(
        f"nnlab: the scheduler at {cluster.address} has no workers; start some with"
    )
    assert outcome.err.count("\n") == 1
    assert not (lab.folder / "runs").exists()


def test_a_worker_with_another_nnlab_is_one_line(lab: Laboratory, cluster: Cluster, tmp_path: Path) -> None:
    other = tmp_path / "other" / "nnlab"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text('__version__ = "9.9"\n')
    cluster.start("worker", "--nthreads", "1", "--host", "127.0.0.1", PYTHONPATH=str(other.parent))
    cluster.wait_for_workers(1)
    outcome = lab.nnlab("sweep", *GRID, "--cluster", cluster.address)
    assert outcome.code == 1
    assert "has nnlab 9.9, and this is nnlab" in outcome.err
    assert outcome.err.count("\n") == 1
    assert not (lab.folder / "runs").exists()


def test_a_scheduler_that_goes_ends_the_sweep(lab: Laboratory, cluster: Cluster) -> None:
    cluster.add_workers(1)
    address = cluster.address
    lab.nnlab("sweep", *GRID, "-q", "--cluster", cluster.address)
    with lab.start("sweep", *GRID, *LONG[1:], "--cluster", cluster.address) as process:
        read_until(process.stderr, " +trial")
        time.sleep(1)
        os.killpg(cluster.processes[0].pid, signal.SIGKILL)
        _, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 1
    assert err.startswith(f"nnlab: the scheduler at {address} no longer answers; finished trials are kept")
    assert err.count("\n") == 1
    assert len(results(lab)) == 4


def test_killed_workers_lose_no_trial_and_no_bit(lab: Laboratory, cluster: Cluster) -> None:
    sweep = ("linear.yaml", "eta=0.1,0.3,0.5", "epochs=60", "patience=null", "momentum=0.9", "--seeds", "4")
    cluster.add_workers(2)
    choose = random.Random(0)
    with lab.start("sweep", *sweep, "--cluster", cluster.address) as process:
        for _ in range(3):
            time.sleep(1)
            if workers := cluster.worker_processes():
                os.kill(choose.choice(workers), signal.SIGKILL)
        _, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0, err
    assert lab.nnlab("sweep", *sweep, "-q", "--runs", "here").code == 0
    assert len(results(lab)) == 12
    assert results(lab) == results(lab, "here")
