"""The benchmarks run from end to end, and find out who trains another network."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks import page
from tests.benchmarks.busy import busy_core
from tests.benchmarks.commands import MNIST, Usage
from tests.benchmarks.steps import check_agreement
from tests.benchmarks.throughput import NETWORKS, taken_by
from tests.benchmarks.turns import in_turns
from tests.laboratory import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = [sys.executable, "-m", "tests.benchmarks", "--parts", "steps", "--epochs", "2", "--examples", "500"]


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=ROOT, check=True, capture_output=True, text=True)


def test_without_peers_nnlab_is_measured_against_its_products(tmp_path: Path) -> None:
    printed = benchmark("--workloads", "AC", "--results", str(tmp_path)).stdout
    assert printed == (tmp_path / "RESULTS.md").read_text()

    results = json.loads((tmp_path / "results.json").read_text())["steps"]["results"]
    assert list(results["versions"]) == ["nnlab", "products"]
    for measured in results["workloads"]:
        assert measured["threads"]["nnlab"] == 1
        assert measured["seconds"].keys() >= {"nnlab", "products"}
        assert all(len(seconds) == 2 and min(seconds) > 0 for seconds in measured["seconds"].values())
        assert 0 < measured["losses"]["nnlab"] < 5
    assert re.search(
        r"^\| C, nnlab \| \d+\.\d\d \(\d+\.\d\d–\d+\.\d\d\) [✓✗] ≤ 1\.50 \|$", printed, re.MULTILINE
    )


def test_a_part_that_is_not_measured_keeps_its_results(tmp_path: Path) -> None:
    earlier: dict[str, object] = {"growth": {"machine": {}, "results": {"versions": {}, "series": {}}}}
    (tmp_path / "results.json").write_text(json.dumps(earlier))
    benchmark("--workloads", "A", "--results", str(tmp_path))
    assert json.loads((tmp_path / "results.json").read_text()).items() > earlier.items()
    assert "## How the cost grows" in (tmp_path / "RESULTS.md").read_text()


def test_a_peer_that_does_not_start_is_left_out(tmp_path: Path) -> None:
    # A Python with NumPy and without any of the peers: this one, where none is installed.
    run = benchmark("--workloads", "A", "--peers", sys.executable, "--results", str(tmp_path))
    left_out = re.findall(r"^(.*) is left out", run.stderr, re.MULTILINE)
    results = json.loads((tmp_path / "results.json").read_text())["steps"]["results"]
    assert {*left_out, *results["versions"]} == {"nnlab", "products", "pytorch", "jax", "scikit-learn"}


@pytest.mark.parametrize("other", [0.31, math.nan])
def test_weights_of_another_network_are_refused(other: float) -> None:
    with pytest.raises(RuntimeError, match="A: not the same network"):
        check_agreement({"nnlab": 0.3, "other": other}, "A")


def test_a_different_one_begins_each_turn() -> None:
    called: list[str] = []

    def entry(name: str) -> Callable[[int], str]:
        def call(turn: int) -> str:
            called.append(name)
            return f"{name}{turn}"

        return call

    measured = in_turns({name: entry(name) for name in "abc"}, turns=4)
    assert "".join(called) == "abc" + "bca" + "cab" + "abc"
    assert measured == {name: [f"{name}{turn}" for turn in range(4)] for name in "abc"}


def test_an_epoch_beside_a_busy_core_is_measured_against_one_thread(tmp_path: Path) -> None:
    run = benchmark("--parts", "busy", "--results", str(tmp_path))
    assert run.stderr.startswith("part 1 of 1: busy\n")
    assert re.search(r"^the whole took \d+\.\d minutes$", run.stderr, re.MULTILINE)

    measured = json.loads((tmp_path / "results.json").read_text())["busy"]["results"]["seconds"]
    assert list(measured) == ["E", "F"]
    for seconds in measured.values():
        assert list(seconds) == ["one thread, idle", "all threads, idle", "all threads, a core busy"]
        assert all(len(values) == 2 and min(values) > 0 for values in seconds.values())
    assert len(re.findall(r"^\| [EF] 784-.* [✓✗] ≤ 1\.10 \|$", run.stdout, re.MULTILINE)) == 2


def test_a_core_is_busy_until_the_epoch_is_over() -> None:
    def ticks() -> int:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11])

    core = max(os.sched_getaffinity(0))
    with busy_core(core) as pid:
        assert os.sched_getaffinity(pid) == {core}
        begun, patience = ticks(), time.monotonic() + 60
        while ticks() < begun + 10 and time.monotonic() < patience:
            time.sleep(0.01)
        assert ticks() >= begun + 10
    assert not Path(f"/proc/{pid}").exists()


def test_each_library_is_judged_in_its_best_setting() -> None:
    def taken(*walls: float) -> list[dict[str, float]]:
        return [{"wall": wall, "cpu": 2 * wall, "accuracy": 0.95 - wall / 1000} for wall in walls]

    used = {
        "nnlab": {"sweep": taken(5, 6)},
        "pytorch": {"threads": taken(20, 24), "processes": taken(10, 8)},
        "jax": {"threads": taken(4, 5), "processes": taken(50, 60), "vmap": taken(10, 10)},
    }
    written = page.throughput({"networks": 16, "epochs": 2, "examples": 60_000, "cores": 2, "used": used})
    lines = [line.split(" | ")[2:] for line in written.splitlines() if line.startswith("| ")][2:]
    assert lines == [
        ["5.5 (5.0–6.0) s", "11.0 s", "94.40%", " |"],
        ["22.0 (20.0–24.0) s", "44.0 s", "92.60%", "0.25 (0.25–0.25) |"],
        ["9.0 (8.0–10.0) s", "18.0 s", "94.00%", "0.62 (0.50–0.75) ✓ ≤ 1.00 |"],
        ["4.5 (4.0–5.0) s", "9.0 s", "94.50%", "1.23 (1.20–1.25) ✗ ≤ 1.00 |"],
        ["55.0 (50.0–60.0) s", "110.0 s", "89.00%", "0.10 (0.10–0.10) |"],
        ["10.0 (10.0–10.0) s", "20.0 s", "94.00%", "0.55 (0.50–0.60) |"],
    ]


@pytest.mark.parametrize(
    ("accuracies", "message"),
    [
        ([0.95] * (NETWORKS - 1), "jax, vmap trained 15 networks, not 16"),
        ([0.95] * (NETWORKS - 1) + [0.93], "jax, vmap: a network has not learned: 93.00% of"),
    ],
)
def test_networks_that_have_not_learned_are_refused(accuracies: list[float], message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        taken_by("jax, vmap", Usage(wall=1, cpu=1, megabytes=1, printed=[]), accuracies)


def test_sixteen_trials_of_nnlab_are_trained_and_tested(tmp_path: Path) -> None:
    # Of so few examples they cannot learn enough, which the benchmark finds out.
    with pytest.raises(subprocess.CalledProcessError) as failed:
        benchmark("--parts", "throughput", "--results", str(tmp_path))
    last = failed.value.stderr.splitlines()[-1]
    assert re.fullmatch(
        r"benchmark: nnlab: a network has not learned: [3-8]\d\.\d\d% of the test images are right", last
    )


def test_scikit_learn_trains_the_same_networks_in_both_settings() -> None:
    script = ROOT / "tests" / "benchmarks" / "scripts" / "sklearn_many.py"
    threads, processes = (
        subprocess.run(
            [sys.executable, script, MNIST, setting, "2", "1", "1000"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for setting in ("threads", "processes")
    )
    seeds, accuracies = zip(*(line.split() for line in threads.splitlines()), strict=True)
    assert seeds == ("0", "1")
    assert min(map(float, accuracies)) > 0.3
    # The number of threads changes the last bits, and so at most an image or two.
    again = [float(line.split()[1]) for line in processes.splitlines()]
    assert again == pytest.approx([float(accuracy) for accuracy in accuracies], abs=0.001)


def test_commands_are_judged_by_their_time_and_peak_memory() -> None:
    def training(wall: float) -> list[dict[str, float]]:
        return [{"wall": wall, "cpu": wall, "megabytes": 100, "epochs": 5}]

    written = page.commands(
        {
            "training": {
                "nnlab": training(1.0),
                "pytorch": training(2.8),
                "jax": training(2.0),
                "scikit-learn": training(1.0),
            },
            "memory": {"784-200-10, two epochs": 150.0, "784-800-800-10, one epoch": 201.0},
            "others": {"import": [0.1], "help": [0.2]},
            "loading": {},
        }
    )
    rows = dict(re.findall(r"^\| ([^|]+) \| (.*) \|$", written, re.MULTILINE))
    assert rows["784-200-10, two epochs"] == "150 MB ✓ ≤ 150 MB"
    assert rows["784-800-800-10, one epoch"] == "201 MB ✗ ≤ 200 MB"
    against = {name: rows[name].split(" | ")[4] for name in ("pytorch", "jax", "scikit-learn")}
    assert against == {
        "pytorch": "0.36 (0.36–0.36) ✗ ≤ 0.35",
        "jax": "0.50 (0.50–0.50) ✓ ≤ 0.50",
        "scikit-learn": "1.00 (1.00–1.00)",
    }
