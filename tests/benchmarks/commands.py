"""Measures whole commands: wall time, processor time and peak memory."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from nnlab.datasets import load_training

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MNIST = ROOT / "data" / "MNIST" / "raw"
NNLAB = Path(sys.executable).with_name("nnlab")
GOAL = 0.975  # validation accuracy that the trainings go to
SCRIPTS = {"pytorch": "pytorch_train.py", "jax": "jax_train.py", "scikit-learn": "sklearn_train.py"}
TARGETS = {"pytorch": 0.35, "jax": 0.5}  # nnlab's wall time over theirs
RUNS_COMPARED = 200
LARGE = [
    "architecture=[784,800,800,10]",
    *("activation=relu", "output=softmax", "loss=log_likelihood", "eta=0.1", "batch_size=100"),
]
# What is trained to measure the peak memory, and the MB to stay under.
MEMORY = {
    "784-200-10, two epochs": (["epochs=2"], 150),
    "784-800-800-10, one epoch": ([*LARGE, "epochs=1"], 200),
}


@dataclass(frozen=True)
class Usage:
    """The cost of a command: wall-clock seconds, processor seconds, and peak memory in MB."""

    wall: float
    cpu: float
    megabytes: float
    printed: list[str]  # its lines


def run(command: list[object], **environment: str) -> Usage:
    """Run `command` and return what it took. Raises `RuntimeError` if it fails."""
    process = subprocess.run(
        [sys.executable, HERE / "usage.py", *(str(word) for word in command)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
        cwd=ROOT,
    )
    if process.returncode:
        raise RuntimeError(process.stderr.strip())
    return Usage(**json.loads(process.stdout))


def training_of(usage: Usage, epochs: int) -> dict[str, float]:
    """Return what is kept of a training to `GOAL`."""
    return {"wall": usage.wall, "cpu": usage.cpu, "megabytes": usage.megabytes, "epochs": epochs}


def measure_commands(peers: str | None, *, runs: int, say: Callable[[str], None]) -> dict[str, object]:
    """Return what the trainings to `GOAL` and nnlab's other commands took, `runs` times each."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        say("training to a validation accuracy")
        training = measure_training(peers, folder, runs, say)
        say("other commands")
        return {
            "training": training,
            "memory": measure_memory(folder),
            "others": measure_others(folder, runs),
            "loading": measure_loading(runs),
        }


def measure_training(
    peers: str | None, folder: Path, runs: int, say: Callable[[str], None]
) -> dict[str, list[dict[str, Any]]]:
    """Return usage by contestant, a run for each seed, in turns."""
    threads: dict[str, int] = {}
    for name in SCRIPTS if peers else ():
        tried: dict[int, float] = {}
        for number in sorted({1, len(os.sched_getaffinity(0))}):
            try:
                tried[number] = train_peer(peers, name, number, 0, folder)["wall"]
            except RuntimeError as error:
                say(f"{name} is left out: {error}")
                break
        else:
            threads[name] = min(tried, key=tried.__getitem__)
    used: dict[str, list[dict[str, Any]]] = {}
    for seed in range(runs):
        used.setdefault("nnlab", []).append(train_nnlab(seed, folder))
        for name, number in threads.items():
            used.setdefault(name, []).append(train_peer(peers, name, number, seed, folder))
        say("  " + ", ".join(f"{name} {each[-1]['wall']:.2f} s" for name, each in used.items()))
    return used


def train_peer(peers: str | None, name: str, threads: int, seed: int, folder: Path) -> dict[str, float]:
    """Run a library's script until its network reaches `GOAL`."""
    # A pool of threads that is made and never used would cost it time and memory.
    usage = run(
        [peers, HERE / "scripts" / SCRIPTS[name], MNIST, seed, GOAL, folder / "model", threads],
        OMP_NUM_THREADS=str(threads),
        OPENBLAS_NUM_THREADS=str(threads),
    )
    return training_of(usage, epochs=len(usage.printed))


def train_nnlab(seed: int, folder: Path) -> dict[str, float]:
    """Run `nnlab train` to the epoch that reaches `GOAL`: it has no such stop, so a first run finds it."""
    config = ROOT / "configs" / "mnist_softmax.yaml"
    command = [NNLAB, "train", config, f"seed={seed}", "-q", "--runs", folder]
    [found] = run([*command, "--name", "find"]).printed
    with (Path(found) / "metrics.csv").open() as metrics:
        rows = csv.DictReader(metrics)
        epochs = next(int(row["epoch"]) for row in rows if float(row["val_accuracy"]) >= GOAL)
    return training_of(run([*command, f"epochs={epochs}"]), epochs)


def measure_memory(folder: Path) -> dict[str, float]:
    """Return the peak memory of each training of `MEMORY` in MB: one each, as it hardly varies."""
    command = [NNLAB, "train", ROOT / "configs" / "mnist_softmax.yaml", "-q", "--runs", folder]
    return {name: run([*command, *words]).megabytes for name, (words, _) in MEMORY.items()}


def measure_others(folder: Path, runs: int) -> dict[str, list[float]]:
    """Return the wall seconds of nnlab's quick commands, and of what its help stands on."""
    first = folder / "many" / "mnist_linear-001"
    linear = [NNLAB, "train", ROOT / "configs" / "mnist_linear.yaml", "epochs=2", "-q"]
    run([*linear, "--runs", first.parent])
    run([NNLAB, "eval", first])
    config = (first / "config.yaml").read_text()
    for number in range(2, RUNS_COMPARED + 1):
        copy = first.with_name(f"mnist_linear-{number:03}")
        shutil.copytree(first, copy)
        (copy / "config.yaml").write_text(config.replace("eta: 0.5", f"eta: 0.{number}"))
    commands: dict[str, list[object]] = {
        'python -c "import typer"': [sys.executable, "-c", "import typer"],
        "nnlab --help": [NNLAB, "--help"],
        "nnlab eval, the 10,000 test images": [NNLAB, "eval", first],
        f"nnlab compare, {RUNS_COMPARED} runs": [NNLAB, "compare", "--runs", first.parent],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            seconds[name].append(run(command).wall)
    return seconds


def measure_loading(runs: int) -> dict[str, list[float]]:
    """Return the seconds of loading MNIST, of what it consists of, and of ways around the inflating."""
    packed = (MNIST / "train-images-idx3-ubyte.gz").read_bytes()
    content = gzip.decompress(packed)
    with TemporaryDirectory() as name:
        cache = Path(name) / "images.npy"
        np.save(cache, np.frombuffer(content, np.uint8))
        ways: dict[str, Callable[[], object]] = {
            "loading both splits": lambda: load_training(
                "mnist", validation_size=10_000, train_size=None, rng=np.random.default_rng(0)
            ),
            "of which: inflating the images": lambda: gzip.decompress(packed),
            "of which: the digest of the packed images": lambda: hashlib.sha256(packed).digest(),
            "reading the images from a decoded cache": lambda: np.load(cache),
            "the digest that such a cache would need": lambda: hashlib.sha256(content).digest(),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(runs):
            for way, action in ways.items():
                began = time.perf_counter()
                action()
                seconds[way].append(time.perf_counter() - began)
    return seconds


def ratio(used: dict[str, list[dict[str, Any]]], other: str, *, per_epoch: bool = False) -> list[float]:
    """Return nnlab's wall time over that of `other`, seed by seed; `per_epoch`, each by its own epochs."""
    return [
        (ours["wall"] / theirs["wall"]) * (theirs["epochs"] / ours["epochs"] if per_epoch else 1)
        for ours, theirs in zip(used["nnlab"], used[other], strict=True)
    ]


def middle(used: list[dict[str, Any]], key: str) -> float:
    """Return the median of `key`."""
    return float(median(each[key] for each in used))
