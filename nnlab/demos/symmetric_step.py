"""Symmetric step functions: a second hidden layer halves the parameters, further ones multiply the steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnlab.datasets.toys import jumps, levels, symmetric_step_function
from nnlab.demos.by_hand import (
    Layer,
    fold_layers,
    forward,
    layer,
    number_of_parameters,
    steps_layer,
    sum_layer,
)
from nnlab.rendering import formatters
from nnlab.rendering.pieces import Claim, Column, Curves, Piece, Table, row_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.datasets import Source
    from nnlab.network import Array

GRID = (np.arange(2**16) + 0.5) / 2**16  # exact in binary, and never on a jump below
SHOWN = (1, 2, 4, 8, 16, 32)


def one_layer(heights: Array) -> list[Layer]:
    """Return the network with one neuron for each of 2n steps: n + 1 `heights`, mirrored about 1/2."""
    t = jumps(len(heights) - 1)
    mirrored = np.concatenate([heights[::-1], heights[1:]])
    return [
        steps_layer(np.concatenate([(1 - t[::-1]) / 2, (1 + t) / 2])),
        sum_layer(np.diff(mirrored), mirrored[0]),
    ]


def two_layers(heights: Array) -> list[Layer]:
    """Return the network that folds the interval about 1/2, |2x − 1|, and then has n steps."""
    fold = layer("relu", [[2], [-2]], [-1, 1])
    t = jumps(len(heights) - 1)
    steps = Layer("step", np.ones((len(t), 2)), -t)  # of the sum of the two halves
    return [fold, steps, sum_layer(np.diff(heights), heights[0])]


def folded(n: int, layers: int) -> list[Layer]:
    """Return the network that folds the interval into n pieces `layers` − 1 times, and then has n steps."""
    folds = [each for _ in range(layers - 1) for each in fold_layers(n)]
    return [*folds, steps_layer(jumps(n)), sum_layer(np.diff(levels(n)), 0.0)]


def demo(_: Source) -> Iterator[Piece]:
    """Compare one layer with two, then fold repeatedly."""
    yield from two_against_one()
    yield from repeated_folding()


def two_against_one() -> Iterator[Piece]:
    """Build 2n steps with 2n neurons in one layer, or with a fold and n neurons."""
    rng = np.random.default_rng(0)
    wrong = []
    for n in range(1, 51):
        # Multiples of 1/8 add up exactly, so that equal functions have equal values.
        heights = rng.integers(-100, 100, n + 1) / 8
        shallow, deep = (forward(GRID[np.newaxis], build(heights))[0] for build in (one_layer, two_layers))
        expected = heights[np.searchsorted(jumps(n), np.abs(2 * GRID - 1), side="right")]
        wrong += [not np.array_equal(a, expected) for a in (shallow, deep)]
    counts = {n: [number_of_parameters(build(levels(n))) for build in (one_layer, two_layers)] for n in SHOWN}
    yield (
        "Take a function with 2n steps that is symmetric about 1/2. One hidden layer needs a neuron for each "
        "step. Two hidden layers fold the interval first, |2x − 1| = relu(2x − 1) + relu(1 − 2x), and then "
        "need only n."
    )
    yield Curves("2 × 4 steps", GRID, {"f(x)": symmetric_step_function(GRID, 4)})
    yield Table(
        {
            "n": row_labels(SHOWN),
            "neurons, one layer": Column([2 * n for n in SHOWN]),
            "neurons, two layers": Column(SHOWN, "2 + {}".format),
            "parameters, one layer": Column([counts[n][0] for n in SHOWN]),
            "parameters, two layers": Column([counts[n][1] for n in SHOWN]),
            "for f, one layer": Column([4 * n + 1 for n in SHOWN]),
            "for f, two layers": Column([2 * n + 2 for n in SHOWN]),
        }
    )
    yield (
        "The columns `for f` count the parameters that depend on the function: the position and height of "
        "each step and the first value; with two layers also the position of the axis. The others are ones, "
        "twos and biases that follow from these. `nnlab demo curse` measures how many examples the fold "
        "saves."
    )
    yield Claim(
        "for n = 1 … 50, both networks compute random functions with 2n symmetric steps exactly",
        not any(wrong),
        "by construction",
    )
    yield Claim(
        "one layer has 6n + 1 parameters, two have 4n + 5: fewer from n = 3 on",
        all([6 * n + 1, 4 * n + 5] == counts[n] for n in SHOWN),
        "by construction",
    )


def repeated_folding() -> Iterator[Piece]:
    """Fold into n pieces repeatedly: n^l steps from l(3n + 1) parameters."""
    cases = [(n, layers) for n in (2, 4) for layers in range(1, 7) if n**layers <= 1024]
    found = []
    for n, layers in cases:
        network = folded(n, layers)
        y = forward(GRID[np.newaxis], network)[0]
        found.append((np.count_nonzero(np.diff(y)), number_of_parameters(network)))
    yield (
        "Fold into n pieces instead of two, and do it repeatedly: n rectified neurons, and one that "
        "adds them up, make a zigzag that lays the n parts of [0, 1] on top of one another. After l − 1 "
        "such folds, n steps become n^l."
    )
    zigzag = forward(GRID[np.newaxis], [*fold_layers(4)])[0]
    yield Curves(
        "folds", GRID, {"into 4": zigzag, "into 4 × 4": forward(zigzag[np.newaxis], fold_layers(4))[0]}
    )
    yield Table(
        {
            "n": row_labels([n for n, _ in cases]),
            "l": Column([layers for _, layers in cases]),
            "steps counted": Column([steps for steps, _ in found], formatters.count),
            "parameters": Column([parameters for _, parameters in found]),
            "parameters of one layer": Column([3 * steps + 1 for steps, _ in found], formatters.count),
        }
    )
    yield Claim(
        "the number of steps is n^l",
        all(n**depth == steps for (n, depth), (steps, _) in zip(cases, found, strict=True)),
        "by construction",
    )
    yield Claim(
        "the number of parameters is l(3n + 1)",
        all(depth * (3 * n + 1) == count for (n, depth), (_, count) in zip(cases, found, strict=True)),
        "by construction",
    )
