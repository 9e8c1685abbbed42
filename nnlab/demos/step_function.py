"""Step functions: one hidden layer equals any of them, and so comes close to any continuous function."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from nnlab.datasets.toys import jumps, levels, step_function
from nnlab.demos.by_hand import Layer, feed, steps_layer, sum_layer
from nnlab.demos.experiments import run
from nnlab.demos.pieces import Claim, Curves, Piece, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.datasets import Source
    from nnlab.network import Array

GRID = (np.arange(2**14) + 0.5) / 2**14
LEARNT = {
    "dataset": "step",
    "activation": "relu",
    "output": "identity",
    "loss": "quadratic",
    "initialisation": "standard_normal",  # spreads the kinks over the interval
    "eta": 0.01,
    "momentum": 0.9,
    "batch_size": 10,
    "patience": None,
}
HIDDEN = (1, 4, 16, 64)
EXAMPLES = (20, 60, 200, 600, 2000)
SEEN = 120_000  # examples in a training, however few different ones
SEEDS = range(5)


def built(positions: Array, heights: Array) -> list[Layer]:
    """Return the network of a step function: a step neuron at each jump, whose output weight is its height.

    `positions` (n,) are where it jumps, `heights` (n + 1,) its values between them.
    """
    return [steps_layer(positions), sum_layer(np.diff(heights), heights[0])]


def demo(source: Source) -> Iterator[Piece]:
    """Show the network built by hand, its smooth version, and trained ones."""
    yield from exact()
    yield from smooth()
    yield from universal()
    yield from trained(source)


def exact() -> Iterator[Piece]:
    """N step neurons equal a function with n steps."""
    rng = np.random.default_rng(0)
    wrong = 0
    for steps in range(1, 51):
        positions = np.sort(rng.choice(GRID, steps, replace=False))
        heights = rng.integers(-100, 100, steps + 1) / 8  # their sums are exact in binary
        x = np.concatenate([GRID, positions])
        expected = heights[np.searchsorted(positions, x, side="right")]
        wrong += not np.array_equal(feed(x[np.newaxis], built(positions, heights))[0], expected)
    yield (
        "By hand: a step neuron for each jump, step(x − t_k); its output weight is the height of the jump. "
        "Two numbers a neuron, t_k and the height. 50 random functions with 1, 2, …, 50 steps, each compared "
        f"at {len(GRID):,} points and at its jumps: {wrong} differ anywhere."
    )
    yield Curves("four steps", GRID, {"f(x)": step_function(GRID, 4)})
    yield Claim("a hidden layer of n step neurons equals any function with n steps, exactly", wrong == 0)


def smooth() -> Iterator[Piece]:
    """With σ(s(x − t)) in place of the step, the error falls with the steepness s."""
    steepness = (10, 100, 1000, 10_000)
    target = step_function(GRID, 4)
    away = np.abs(GRID[:, np.newaxis] - jumps(4)).min(axis=1) >= 0.01
    step, total = built(jumps(4), levels(4))
    versions = {
        s: feed(GRID[np.newaxis], [Layer("sigmoid", s * step.weights, s * step.biases), total])[0]
        for s in steepness
    }
    means = [float(np.abs(versions[s] - target).mean()) for s in steepness]
    largest = [float(np.abs(versions[s] - target)[away].max()) for s in steepness]
    yield "Its smooth version has σ(s(x − t_k)) in place of the steps, and can be trained:"
    yield Curves("smooth", GRID, {f"s = {s}": versions[s] for s in (1000, 100, 10)})
    yield Table(
        {
            "steepness s": [f"{s:,}" for s in steepness],
            "mean error": [f"{error:.2e}" for error in means],
            "largest error 0.01 or more away from a jump": [f"{error:.2e}" for error in largest],
        }
    )
    tenfold = [earlier / later for earlier, later in pairwise(means[1:])]
    yield Claim(
        "ten times as steep, a tenth of the mean error (within 20 %)",
        all(8 < ratio < 12.5 for ratio in tenfold),
    )
    yield Claim("away from the jumps it gets as close as one likes (here 1e-12)", largest[-1] < 1e-12)


def universal() -> Iterator[Piece]:
    """Approximate a continuous function by step functions of ever more steps."""
    neurons = (10, 100, 1000)
    target = np.sin(2 * np.pi * GRID)
    errors = []
    for n in neurons:
        heights = np.sin(2 * np.pi * (np.arange(n + 1) + 0.5) / (n + 1))
        errors.append(float(np.abs(feed(GRID[np.newaxis], built(jumps(n), heights))[0] - target).max()))
    yield "So one hidden layer comes close to any continuous function on an interval. sin(2πx), by hand:"
    yield Table(
        {"hidden neurons": [f"{n:,}" for n in neurons], "largest error": [f"{error:.2e}" for error in errors]}
    )
    # Half a plateau, 1 / (2(n + 1)), times the steepest slope, 2π.
    bounds = [np.pi / (n + 1) for n in neurons]
    yield Claim(
        "the largest error is at most π / (n + 1) with n neurons",
        all(error <= bound for error, bound in zip(errors, bounds, strict=True)),
    )


def trained(source: Source) -> Iterator[Piece]:
    """Trained ones: the error against the number of neurons, and of examples."""

    def errors(hidden: int, examples: int) -> tuple[float, float]:
        """Return the costs on the training examples and on as many others, each a median over the seeds."""
        costs = []
        for seed in SEEDS:
            epochs, _ = run(
                source,
                **LEARNT,
                architecture=(1, hidden, 1),
                dataset_options={"steps": 4, "examples": examples + 1000, "noise": 0.1},
                validation_size=1000,
                epochs=SEEN // examples,
                seed=seed,
            )
            costs.append((epochs[-1].train_loss, epochs[-1].val_loss))
        train_cost, val_cost = np.median(costs, axis=0)
        return float(train_cost), float(val_cost)

    by_neurons = [errors(hidden, 1000) for hidden in HIDDEN]
    by_examples = [errors(HIDDEN[-1], examples) for examples in EXAMPLES]
    parameters = 3 * HIDDEN[-1] + 1
    yield (
        "Trained on 1,000 noisy examples of the four steps (standard deviation 0.1, so that no cost can fall "
        f"below 0.005), relu, until {SEEN:,} were seen; medians of five seeds:"
    )
    yield Table(
        {
            "hidden neurons": [str(hidden) for hidden in HIDDEN],
            "parameters": [str(3 * hidden + 1) for hidden in HIDDEN],
            "cost on other examples": [f"{val:.4f}" for _, val in by_neurons],
        }
    )
    yield f"And 64 neurons, {parameters} parameters, on fewer or more examples:"
    yield Table(
        {
            "examples": [f"{examples:,}" for examples in EXAMPLES],
            "per parameter": [f"{examples / parameters:.2g}" for examples in EXAMPLES],
            "cost on them": [f"{train:.4f}" for train, _ in by_examples],
            "cost on others": [f"{val:.4f}" for _, val in by_examples],
            "ratio": [f"{val / train:.1f}" for train, val in by_examples],
        }
    )
    yield (
        "The rule of thumb: as many examples as parameters. With far fewer, the network learns their noise, "
        "and the cost on others is no longer that on them."
    )
    gaps = [val / train for train, val in by_examples]
    yield Claim(
        "64 neurons do better than 1: at most two thirds of the cost",
        by_neurons[-1][1] < by_neurons[0][1] * 2 / 3,
    )
    yield Claim("with 0.1 examples a parameter, others cost more than 1.5 times as much", gaps[0] > 1.5)
    yield Claim("with one and more, at most 1.4 times as much", max(gaps[2:]) < 1.4)
    yield Claim("2,000 examples are better than 20", by_examples[-1][1] < by_examples[0][1])
