"""Trains many small networks with each library: whole commands, each in all settings that may be its best."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from nnlab.config import dump
from tests.benchmarks.commands import HERE, MNIST, run
from tests.benchmarks.contestants.ours import experiment_of
from tests.benchmarks.field import OURS
from tests.benchmarks.sweeps import sweep
from tests.benchmarks.turns import in_turns
from tests.benchmarks.workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.commands import Usage

NETWORKS, EPOCHS = 16, 2
IMAGES = 60_000
VALIDATION = 100  # so few that they cost nothing, and enough for the better epoch to be the one that is kept
LEARNED = 0.93  # the accuracy on the 10,000 test images that every network has to exceed
TARGET = 1.0  # nnlab's time over that of each library in its best setting


@dataclass(frozen=True)
class Library:
    """A library's module, its script in `scripts`, and the settings to try the script in."""

    module: str
    script: str
    settings: tuple[str, ...] = ("threads", "processes")


LIBRARIES = {
    "pytorch": Library("torch", "pytorch_many.py"),
    "jax": Library("jax", "jax_many.py", ("threads", "processes", "vmap")),
    "scikit-learn": Library("sklearn", "sklearn_many.py"),
}


def measure_throughput(
    peers: str | None, *, turns: int, examples: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Return what each library's command took in each setting, in turns, and its networks' least accuracy.

    Raises `RuntimeError` when a network has not learned.
    """
    commands: dict[str, dict[str, Callable[[int], dict[str, float]]]] = {
        OURS: {"sweep": partial(train_nnlab, examples)}
    }
    for name, library in LIBRARIES.items() if peers else ():
        try:
            run([peers, "-c", f"import {library.module}"])
        except RuntimeError as error:
            say(f"{name} is left out: {error}")
        else:
            commands[name] = {
                setting: partial(train_peer, peers, name, setting, examples) for setting in library.settings
            }
    used = in_turns({(name, how): do for name, each in commands.items() for how, do in each.items()}, turns)
    for (name, setting), each in used.items():
        say(f"  {name + ', ' + setting:25} {median(taken['wall'] for taken in each):6.2f} s")
    return {
        "networks": NETWORKS,
        "epochs": EPOCHS,
        "examples": examples,
        "cores": len(cores()),
        "used": {name: {setting: used[name, setting] for setting in each} for name, each in commands.items()},
    }


def cores() -> set[int]:
    """Return the cores that may be used."""
    return os.sched_getaffinity(0)


def train_nnlab(examples: int, turn: int) -> dict[str, float]:
    """Run `nnlab sweep` on the workload, with a trial for each network."""
    del turn
    size = min(examples, IMAGES - VALIDATION)
    keys = {"epochs": EPOCHS, "train_size": size, "validation_size": VALIDATION}
    with TemporaryDirectory() as name:
        config, runs = Path(name) / "many.yaml", Path(name) / "runs"
        config.write_text(dump(experiment_of(WORKLOADS["D"]).model_copy(update=keys)))
        usage = sweep([config, "--seeds", NETWORKS, "-j", len(cores()), "--eval"], runs)
        accuracies = [json.loads(path.read_text())["accuracy"] for path in runs.rglob("eval_test.json")]
    return taken_by(OURS, usage, accuracies)


def train_peer(peers: str | None, name: str, setting: str, examples: int, turn: int) -> dict[str, float]:
    """Run a library's script in a setting."""
    del turn
    threads = 1 if setting == "processes" else len(cores())
    usage = run(
        [peers, HERE / "scripts" / LIBRARIES[name].script, MNIST, setting, NETWORKS, EPOCHS, examples],
        OMP_NUM_THREADS=str(threads),
        OPENBLAS_NUM_THREADS=str(threads),
    )
    return taken_by(f"{name}, {setting}", usage, [float(line.split()[1]) for line in usage.printed])


def taken_by(name: str, usage: Usage, accuracies: list[float]) -> dict[str, float]:
    """Return what is kept of a command. Raises `RuntimeError` unless all its networks have learned."""
    if len(accuracies) != NETWORKS:
        raise RuntimeError(f"{name} trained {len(accuracies)} networks, not {NETWORKS}")
    least = min(accuracies)
    if not least > LEARNED:
        raise RuntimeError(f"{name}: a network has not learned: {least:.2%} of the test images are right")
    return {"wall": usage.wall, "cpu": usage.cpu, "accuracy": least}


def walls(used: dict[str, dict[str, list[dict[str, float]]]], name: str, setting: str) -> list[float]:
    """Return the wall seconds of a library in a setting, turn by turn."""
    return [taken["wall"] for taken in used[name][setting]]


def best_setting(used: dict[str, dict[str, list[dict[str, float]]]], name: str) -> str:
    """Return the setting in which a library takes the least wall time."""
    return min(used[name], key=lambda setting: median(walls(used, name, setting)))
