"""nnlab's epoch against the pure matrix products of it, PyTorch, JAX and scikit-learn, in one run, in turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from contestants.ours import experiment_of
from nnlab.datasets import load_training
from nnlab.training import blank_network, measure, number_of_threads, start
from workloads import WORKLOADS, Workload

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
OURS, PRODUCTS = "nnlab", "products"
MODULES = {
    OURS: "ours",
    PRODUCTS: "products",
    "pytorch": "pytorch",
    "jax": "jax_scan",
    "scikit-learn": "sklearn_mlp",
}
AGREEMENT = 0.02  # how far apart the losses after one epoch may be, of one another


@dataclass(frozen=True)
class Contestant:
    """A process that trains what it is told to, with a fixed number of threads."""

    name: str
    threads: int
    process: subprocess.Popen[str]

    def ask(self, **request: object) -> object:
        """Return the answer to `request`. Raises `RuntimeError` if the process has ended."""
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> object:
        """Return its next answer. Raises `RuntimeError` if the process has ended."""
        if line := self.process.stdout.readline():
            return json.loads(line)
        raise RuntimeError(f"{self.name} ended with exit code {self.process.wait()}")


def measure_steps(
    peers: str | None, workloads: str, *, epochs: int, examples: int, say: Callable[[str], None]
) -> dict[str, object]:
    """Return seconds of each contestant and epoch, and what is needed to judge them.

    Raises `RuntimeError` when the networks of two contestants differ after one epoch.
    """
    cores = len(os.sched_getaffinity(0))
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        write_data(folder, examples)
        field, versions = enter(stack, peers, folder, sorted({1, cores}), say)
        results = [
            measure_workload(WORKLOADS[letter], field, folder, epochs, examples, say) for letter in workloads
        ]
    return {"versions": versions, "examples": examples, "workloads": results}


def write_data(folder: Path, examples: int) -> None:
    """Write the training images, the labels and each workload's starting weights to `folder`."""
    training, _ = load_training(
        "mnist", validation_size=0, train_size=examples, rng=np.random.default_rng(0), dtype=np.float32
    )
    np.save(folder / "inputs.npy", training.inputs)
    np.save(folder / "labels.npy", training.labels)
    for workload in WORKLOADS.values():
        network = start(experiment_of(workload)).network
        pairs = zip(network.weights, network.biases, strict=True)
        np.savez(folder / f"{workload.name}.npz", *[a for w, b in pairs for a in (w, b[:, 0])])


def enter(
    stack: ExitStack, peers: str | None, folder: Path, threads: list[int], say: Callable[[str], None]
) -> tuple[list[Contestant], dict[str, object]]:
    """Start each contestant once for each number of threads; one that cannot is left out with a word."""
    field, versions = [], {}
    for name, module in MODULES.items():
        ours = name in (OURS, PRODUCTS)
        if not ours and peers is None:
            continue
        for number in threads:
            process = subprocess.Popen(
                [sys.executable if ours else peers, HERE / "worker.py", module, str(number), folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.callback(process.kill)
            contestant = Contestant(name, number, process)
            try:
                versions[name] = contestant.answer()
            except RuntimeError:
                if ours:
                    raise
                say(f"{name} is left out: it does not start")
                break
            field.append(contestant)
    return field, versions


def measure_workload(
    workload: Workload,
    field: list[Contestant],
    folder: Path,
    epochs: int,
    examples: int,
    say: Callable[[str], None],
) -> dict[str, object]:
    """Return what the contestants did on `workload`: a first epoch, two on trial, and `epochs` in turns."""
    say(str(workload))
    first: dict[str, dict[int, float]] = {}
    trial: dict[str, dict[int, float]] = {}
    losses: dict[str, float] = {}
    for contestant in field:
        name, threads = contestant.name, contestant.threads
        contestant.ask(workload=workload.name)
        first.setdefault(name, {})[threads] = contestant.ask(seed=0)
        if contestant.ask(save=str(folder / "after.npz")):
            losses[name] = loss_of(workload, folder)
        trial.setdefault(name, {})[threads] = min(contestant.ask(seed=seed) for seed in (1, 2))
    check_agreement(losses, workload.name)

    threads = {name: min(seconds, key=seconds.get) for name, seconds in trial.items()}
    threads[OURS] = min(number_of_threads(experiment_of(workload), examples), max(trial[OURS]))
    entries = [each for each in field if each.threads == threads[each.name]]
    # Where nnlab's own rule is not the fastest, what --threads would bring is measured as well.
    if (best := min(trial[OURS], key=trial[OURS].get)) != threads[OURS]:
        entries += [each for each in field if (each.name, each.threads) == (OURS, best)]
    seconds: dict[str, list[float]] = {}
    for turn in range(epochs):
        shift = turn % len(entries)
        for contestant in entries[shift:] + entries[:shift]:
            by_rule = contestant.threads == threads[contestant.name]
            key = contestant.name if by_rule else f"{OURS} --threads {best}"
            seconds.setdefault(key, []).append(contestant.ask(seed=3 + turn))
    for name, values in seconds.items():
        say(f"  {name:20} {median(values):6.3f} s")
    return {
        "workload": workload.name,
        "threads": threads,
        "first_epoch": {name: first[name][number] for name, number in threads.items()},
        "losses": losses,
        "seconds": seconds,
    }


def loss_of(workload: Workload, folder: Path) -> float:
    """Return the mean loss on the training examples, in double precision, of the weights that were saved."""
    experiment = experiment_of(workload).model_copy(update={"dtype": "float64"})
    network = blank_network(experiment)
    with np.load(folder / "after.npz") as archive:
        arrays = list(archive.values())
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
        weights[...], biases[:, 0] = arrays[2 * layer], arrays[2 * layer + 1]
    inputs, labels = np.load(folder / "inputs.npy"), np.load(folder / "labels.npy")
    return measure(network, network.pre_activations(inputs), labels)[0]


def check_agreement(losses: dict[str, float], workload: str) -> None:
    """Raise `RuntimeError` if the losses are further apart than rounding makes them."""
    low, high = min(losses, key=losses.get), max(losses, key=losses.get)
    if not losses[high] <= losses[low] * (1 + AGREEMENT):
        raise RuntimeError(
            f"{workload}: after one epoch {low} has a loss of {losses[low]:.4f} and {high} of "
            f"{losses[high]:.4f}: they do not train the same network"
        )


def ratios(seconds: dict[str, list[float]], name: str, other: str) -> list[float]:
    """Return the time of `name` over that of `other`, turn by turn."""
    return [ours / theirs for ours, theirs in zip(seconds[name], seconds[other], strict=True)]
