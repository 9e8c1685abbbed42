"""An epoch of nnlab against its matrix products, PyTorch, JAX and scikit-learn, in one run, in turns."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from nnlab.training import blank_network, measure, number_of_threads, targets_of
from tests.benchmarks.contestants.ours import experiment_of
from tests.benchmarks.field import MODULES, OURS, PRODUCTS, Contestant, arena, enter, write_start
from tests.benchmarks.turns import in_turns
from tests.benchmarks.workloads import WORKLOADS, Workload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AGREEMENT = 0.02  # how far apart the losses after one epoch may be, of one another


def measure_steps(
    peers: str | None, workloads: str, *, epochs: int, examples: int, say: Callable[[str], None]
) -> dict[str, object]:
    """Return the seconds of each epoch of each contestant, and what is needed to judge them.

    Raises `RuntimeError` when the networks of two contestants differ after one epoch.
    """
    cores = len(os.sched_getaffinity(0))
    with arena(examples) as folder, ExitStack() as stack:
        field, versions = [], {}
        for name in MODULES if peers else (OURS, PRODUCTS):
            for threads in sorted({1, cores}):
                try:
                    contestant, versions[name] = enter(stack, name, threads, folder, peers)
                except RuntimeError as error:
                    if name in {OURS, PRODUCTS}:
                        raise
                    say(f"{name} is left out: {error}")
                    break
                field.append(contestant)
        results = [
            measure_workload(WORKLOADS[letter], field, folder, epochs, examples, say) for letter in workloads
        ]
    return {"versions": versions, "examples": examples, "workloads": results}


def measure_workload(
    workload: Workload,
    field: list[Contestant],
    folder: Path,
    epochs: int,
    examples: int,
    say: Callable[[str], None],
) -> dict[str, object]:
    """Return what the contestants did on `workload`: a first epoch, one on trial, and `epochs` in turns."""
    say(str(workload))
    write_start(workload, folder)
    first: dict[str, dict[int, float]] = {}
    trial: dict[str, dict[int, float]] = {}
    losses: dict[str, float] = {}
    for contestant in field:
        name, threads = contestant.name, contestant.threads
        contestant.prepare(workload, examples)
        first.setdefault(name, {})[threads] = contestant.epoch(seed=0)
        if contestant.ask(save=str(folder / "after.npz")):
            losses[name] = loss_of(workload, folder)
        trial.setdefault(name, {})[threads] = contestant.epoch(seed=1)
    check_agreement(losses, workload.name)

    chosen = {name: min(tried, key=tried.__getitem__) for name, tried in trial.items()}
    best = chosen[OURS]
    chosen[OURS] = min(number_of_threads(experiment_of(workload), examples), max(trial[OURS]))
    entries = {each.name: each for each in field if each.threads == chosen[each.name]}
    # Where nnlab's own rule is not the fastest, what --threads would bring is measured as well.
    if best != chosen[OURS]:
        [entries[f"{OURS} --threads {best}"]] = [e for e in field if (e.name, e.threads) == (OURS, best)]
    seconds = in_turns({name: partial(epoch_of_turn, each) for name, each in entries.items()}, epochs)
    for name, values in seconds.items():
        say(f"  {name:20} {median(values):6.3f} s")
    return {
        "workload": workload.name,
        "threads": chosen,
        "first_epoch": {name: first[name][number] for name, number in chosen.items()},
        "losses": losses,
        "seconds": seconds,
    }


def epoch_of_turn(contestant: Contestant, turn: int) -> float:
    """Return the seconds of an epoch in an order that none of the first three had."""
    return contestant.epoch(seed=3 + turn)


def loss_of(workload: Workload, folder: Path) -> float:
    """Return the mean loss on the training examples, in double precision, of the weights in after.npz."""
    network = blank_network(experiment_of(workload).model_copy(update={"dtype": "float64"}))
    with np.load(folder / "after.npz") as archive:
        arrays = list(archive.values())
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
        weights[...], biases[:, 0] = arrays[2 * layer], arrays[2 * layer + 1]
    inputs, labels = np.load(folder / "inputs.npy"), np.load(folder / "labels.npy")
    z = network.pre_activations(inputs)
    return measure(network, z, targets_of(labels, len(z), z.dtype), labels)[0]


def check_agreement(losses: dict[str, float], workload: str) -> None:
    """Raise `RuntimeError` if the losses are further apart than rounding makes them, or not finite."""
    least = min(losses.values())
    if not all(loss <= least * (1 + AGREEMENT) for loss in losses.values()):
        figures = ", ".join(f"{name} {loss:.4f}" for name, loss in losses.items())
        raise RuntimeError(f"{workload}: not the same network, by its loss after one epoch: {figures}")
