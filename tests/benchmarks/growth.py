"""Measures how the cost of an epoch grows with width, depth, batch size and number of examples."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Any

from nnlab.network import number_of_weights
from tests.benchmarks.field import OURS, PRODUCTS, Contestant, arena, enter, write_start
from tests.benchmarks.workloads import WORKLOADS, Workload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
    with arena(EXAMPLES) as folder, ExitStack() as stack:
        entered = [enter(stack, name, 1, folder, None) for name in (OURS, PRODUCTS)]
        pair = [contestant for contestant, _ in entered]

        def series(name: str, points: list[tuple[int, Workload, int]]) -> list[dict[str, object]]:
            say(name)
            return [
                {"at": at, "examples": examples, **measure_point(pair, workload, examples, folder)}
                for at, workload, examples in points
            ]

        growing: dict[str, object] = {
            name: series(name, [(at, workload, enough(workload)) for at, workload in workloads])
            for name, workloads in points().items()
        }
        sizes = (1000, 4000, 15_000, 60_000)
        growing["examples"] = series("examples", [(size, BASE, size) for size in sizes])
    return {"versions": {each.name: facts for each, facts in entered}, "series": growing}


def enough(workload: Workload) -> int:
    """Return how many examples to measure `workload` with: whole batches."""
    multiplications = 3 * number_of_weights(workload.architecture)
    examples = min(EXAMPLES, max(ENOUGH / multiplications, 4 * workload.batch_size))
    return int(examples) // workload.batch_size * workload.batch_size


def measure_point(
    pair: list[Contestant], workload: Workload, examples: int, folder: Path
) -> dict[str, list[float]]:
    """Return the seconds of three epochs of each of the `pair`, in turns, after one that does not count."""
    write_start(workload, folder)
    for contestant in pair:
        contestant.prepare(workload, examples)
        contestant.epoch(seed=0)
    turns = [[contestant.epoch(seed) for contestant in pair] for seed in range(1, 4)]
    return {each.name: list(seconds) for each, seconds in zip(pair, zip(*turns, strict=True), strict=True)}


def row(point: dict[str, Any]) -> list[str]:
    """Return a line of the table: the number, epochs/s, µs an example, and the share of the products."""
    per_example = median(point[OURS]) / point["examples"]
    share = median(p / n for p, n in zip(point[PRODUCTS], point[OURS], strict=True))
    whole = point["at"] if point["examples"] == point["at"] else EXAMPLES
    return [
        f"{point['at']:,}",
        f"{1 / (per_example * whole):.2f}",
        f"{1e6 * per_example:.1f}",
        f"{share:.0%}",
    ]
