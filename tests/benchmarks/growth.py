"""How the cost of an epoch grows with the width, the depth, the batch and the number of examples."""

from __future__ import annotations

import time
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from contestants import ours, products
from nnlab.datasets import Split, load_training
from nnlab.network import number_of_weights
from nnlab.training import start
from workloads import WORKLOADS, Workload

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = WORKLOADS["D"]
EXAMPLES = 60_000
# So many multiplications are enough to measure an epoch by, and so few that all points take a minute or two.
ENOUGH = 5e9


def points() -> dict[str, list[tuple[int, Workload]]]:
    """Return the workloads of each series, by the number that grows."""
    return {
        "hidden neurons": [
            (width, replace(BASE, architecture=(784, width, 10))) for width in (10, 30, 100, 300, 1000, 2000)
        ],
        "hidden layers of 128 neurons": [
            (depth, replace(BASE, architecture=(784, *[128] * depth, 10), eta=0.01))
            for depth in (1, 2, 4, 8, 16)
        ],
        "batch size": [
            (size, replace(BASE, batch_size=size)) for size in (1, 4, 10, 32, 64, 128, 256, 1024, 4096)
        ],
    }


def measure_growth(say: Callable[[str], None]) -> dict[str, object]:
    """Return seconds an epoch, of nnlab and of its matrix products, one BLAS thread, at each point."""
    training, _ = load_training(
        "mnist", validation_size=0, train_size=EXAMPLES, rng=np.random.default_rng(0), dtype=np.float32
    )
    series = {}
    for name, workloads in points().items():
        say(name)
        series[name] = [
            {"at": at, "examples": examples, **measure_point(workload, training, examples)}
            for at, workload in workloads
            for examples in [enough(workload)]
        ]
    say("examples")
    series["examples"] = [
        {"at": examples, "examples": examples, **measure_point(BASE, training, examples)}
        for examples in (1000, 4000, 15_000, 60_000)
    ]
    return series


def enough(workload: Workload) -> int:
    """Return how many examples to measure `workload` with: whole batches."""
    multiplications = 3 * number_of_weights(workload.architecture)
    examples = min(EXAMPLES, max(ENOUGH / multiplications, 4 * workload.batch_size))
    return int(examples) // workload.batch_size * workload.batch_size


def measure_point(workload: Workload, training: Split, examples: int) -> dict[str, list[float]]:
    """Return the seconds of epochs of nnlab and of its products, in turns, after one that does not count."""
    network = start(ours.experiment_of(workload)).network
    pairs = zip(network.weights, network.biases, strict=True)
    parameters = [array for weights, biases in pairs for array in (weights, biases[:, 0])]
    inputs, labels = training.inputs[:examples], training.labels[:examples]
    epochs = {
        name: contestant.prepare(workload, inputs, labels, parameters, 1)[0]
        for name, contestant in (("nnlab", ours), ("products", products))
    }
    seconds: dict[str, list[float]] = {name: [] for name in epochs}
    for seed in range(6):
        for name, epoch in epochs.items():
            began = time.perf_counter()
            epoch(seed)
            if seed:
                seconds[name].append(time.perf_counter() - began)
    return seconds


def row(point: dict[str, Any]) -> list[str]:
    """Return a line of the table: the number, epochs/s, µs an example, and the share of the products."""
    per_example = median(point["nnlab"]) / point["examples"]
    share = median(p / n for p, n in zip(point["products"], point["nnlab"], strict=True))
    whole = point["at"] if point["examples"] == point["at"] else EXAMPLES
    return [
        f"{point['at']:,}",
        f"{1 / (per_example * whole):.2f}",
        f"{1e6 * per_example:.1f}",
        f"{share:.0%}",
    ]
