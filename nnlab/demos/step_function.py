"""Step functions: one hidden layer computes each exactly, so it approximates any continuous function."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from nnlab.datasets.toys import jumps, levels, step_function
from nnlab.demos.by_hand import Layer, forward, steps_layer, sum_layer
from nnlab.demos.experiments import run
from nnlab.rendering import formatters
from nnlab.rendering.pieces import Claim, Column, Curves, Piece, Table, row_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.datasets import Source
    from nnlab.network import Array

GRID = (np.arange(2**14) + 0.5) / 2**14
LEARNT = {
    "dataset": "step",
    "activation": "sigmoid",
    "output": "identity",
    "loss": "quadratic",
    "eta": 0.02,
    "momentum": 0.9,
    "batch_size": 10,
    "patience": None,
    "dtype": "float64",
}
STEEP = 50.0  # the steepness of the smooth steps at the start of training
HIDDEN = (1, 2, 4, 16)
EXAMPLES = (20, 50, 100, 2000)
SEEN = 60_000  # examples per training, repeated ones included; its costs hardly change afterwards
SEEDS = range(8)


def step_network(positions: Array, heights: Array) -> list[Layer]:
    """Return the network of a step function: one step neuron per jump, with the height as output weight.

    The function jumps at `positions`, (n,), and has the values `heights`, (n + 1,), between them.
    """
    return [steps_layer(positions), sum_layer(np.diff(heights), heights[0])]


def differing(a: Layer, b: Layer) -> int:
    """Return how many parameters differ between two layers of the same shape."""
    return int((a.weights != b.weights).sum() + (a.biases != b.biases).sum())


def demo(source: Source) -> Iterator[Piece]:
    """Show a network built by hand, its smooth version, and trained ones."""
    yield from exact()
    yield from smooth()
    yield from universal()
    yield from trained(source)


def exact() -> Iterator[Piece]:
    """Build functions with n steps from n step neurons."""
    rng = np.random.default_rng(0)
    wrong, different = 0, []
    for steps in range(1, 51):
        positions = np.sort(rng.choice(GRID, steps, replace=False))
        heights = rng.integers(-100, 100, steps + 1) / 8  # their sums are exact in binary
        x = np.concatenate([GRID, positions])
        expected = heights[np.searchsorted(positions, x, side="right")]
        network = step_network(positions, heights)
        wrong += not np.array_equal(forward(x[np.newaxis], network)[0], expected)
        another = step_network(positions / 2, rng.normal(size=steps + 1))
        different.append(sum(differing(a, b) for a, b in zip(network, another, strict=True)))
    yield (
        "Built by hand: a step neuron for each jump, step(x − t_k), whose output weight is the height of the "
        "jump. Two parameters per hidden neuron depend on the function, t_k and the height, and so does one "
        "more: the value on the left of all jumps. Of 50 random functions with 1, 2, …, 50 steps, each "
        f"compared at {len(GRID):,} points and at its jumps, {wrong} differ from their network anywhere."
    )
    yield Curves("four steps", GRID, {"f(x)": step_function(GRID, 4)})
    yield Claim(
        "a hidden layer of n step neurons computes any function with n steps exactly",
        wrong == 0,
        "by construction",
    )
    yield Claim(
        "2n + 1 of its parameters depend on the function: two per hidden neuron, plus one",
        different == [2 * steps + 1 for steps in range(1, 51)],
        "by construction",
    )


def smooth() -> Iterator[Piece]:
    """Replace the step by σ(s(x − t)): the error falls as the steepness s grows."""
    steepness = (10, 100, 1000, 10_000)
    target = step_function(GRID, 4)
    away = np.abs(GRID[:, np.newaxis] - jumps(4)).min(axis=1) >= 0.01
    step, total = step_network(jumps(4), levels(4))
    versions = {
        s: forward(GRID[np.newaxis], [Layer("sigmoid", s * step.weights, s * step.biases), total])[0]
        for s in steepness
    }
    means = [float(np.abs(versions[s] - target).mean()) for s in steepness]
    largest = [float(np.abs(versions[s] - target)[away].max()) for s in steepness]
    yield "The smooth version has σ(s(x − t_k)) in place of the steps, and can be trained:"
    yield Curves("smooth", GRID, {f"s = {s}": versions[s] for s in (1000, 100, 10)})
    yield Table(
        {
            "steepness s": row_labels(steepness, formatters.count),
            "mean error": Column(means, "{:.2e}".format),
            "largest error, 0.01 or more from a jump": Column(largest, "{:.2e}".format),
        }
    )
    shares = [later / earlier for earlier, later in pairwise(means[1:])]
    yield Claim(
        "ten times the steepness gives a tenth of the mean error (within 20%)",
        all(abs(10 * share - 1) < 0.2 for share in shares),
    )
    yield Claim(
        "away from the jumps the error becomes as small as one likes (here below 1e-12)", largest[-1] < 1e-12
    )


def universal() -> Iterator[Piece]:
    """Approximate a continuous function by step functions with more and more steps."""
    neurons = (10, 100, 1000)
    target = np.sin(2 * np.pi * GRID)
    errors = []
    for n in neurons:
        heights = np.sin(2 * np.pi * (np.arange(n + 1) + 0.5) / (n + 1))
        errors.append(
            float(np.abs(forward(GRID[np.newaxis], step_network(jumps(n), heights))[0] - target).max())
        )
    yield "So one hidden layer approximates any continuous function on an interval. sin(2πx), built by hand:"
    yield Table(
        {
            "hidden neurons": row_labels(neurons, formatters.count),
            "largest error": Column(errors, "{:.2e}".format),
        }
    )
    # Half a plateau, 1 / (2(n + 1)), times the steepest slope, 2π.
    bounds = [np.pi / (n + 1) for n in neurons]
    yield Claim(
        "with n neurons, the largest error is at most π / (n + 1)",
        all(error <= bound for error, bound in zip(errors, bounds, strict=True)),
        "a theorem",
    )


def evenly_spread(hidden: int) -> dict[str, Any]:
    """Return starting values: σ(s(x − t)) with t evenly spread over [0, 1], and an output of ½ everywhere."""
    t = (np.arange(hidden) + 0.5) / hidden
    return {
        "weights": (((STEEP,),) * hidden, ((0.0,) * hidden,)),
        "biases": (tuple((-STEEP * t).tolist()), (0.5,)),
    }


def trained(source: Source) -> Iterator[Piece]:
    """Train networks with more and more neurons, and on more and more examples."""

    def costs(hidden: int, examples: int) -> tuple[float, float]:
        """Return the costs on the training examples and on 1,000 others, both as means over the seeds."""
        last = [
            run(
                source,
                **LEARNT,
                architecture=(1, hidden, 1),
                dataset_options={"steps": 4, "examples": examples + 1000, "noise": 0.1},
                validation_size=1000,
                epochs=SEEN // examples,
                seed=seed,
                start=evenly_spread(hidden),
            )[0][-1]
            for seed in SEEDS
        ]
        return (
            float(np.mean([epoch.train_loss for epoch in last])),
            float(np.mean([epoch.val_loss for epoch in last])),
        )

    by_neurons = [costs(hidden, 1000)[1] for hidden in HIDDEN]
    by_examples = [costs(HIDDEN[-1], examples) for examples in EXAMPLES]
    parameters = 3 * HIDDEN[-1] + 1
    yield (
        "Trained on 1,000 noisy examples of the four steps (the standard deviation of the noise is 0.1, so "
        "the expected cost on other examples cannot be below 0.005), starting from evenly spread smooth "
        f"steps, for {SEEN:,} examples, repeated ones included; means of {len(SEEDS)} seeds:"
    )
    yield Table(
        {
            "hidden neurons": row_labels(HIDDEN),
            "parameters": Column([3 * hidden + 1 for hidden in HIDDEN]),
            "cost on other examples": Column(by_neurons, "{:.4f}".format),
        }
    )
    yield f"And {HIDDEN[-1]} neurons, with {parameters} parameters, on fewer or more examples:"
    yield Table(
        {
            "examples": row_labels(EXAMPLES, formatters.count),
            "per parameter": Column([examples / parameters for examples in EXAMPLES], "{:.1f}".format),
            "cost on them": Column([train for train, _ in by_examples], "{:.4f}".format),
            "cost on others": Column([val for _, val in by_examples], "{:.4f}".format),
            "ratio": Column([val / train for train, val in by_examples], "{:.1f}".format),
        }
    )
    yield (
        "The rule of thumb: as many examples as parameters. With fewer, the network learns their noise, and "
        "the cost on others is many times as high; with more, each further example helps less and less."
    )
    gaps = [val / train for train, val in by_examples]
    others = [val for _, val in by_examples]
    yield Claim(
        "with four neurons, one for each step, the cost is less than half of that with one",
        by_neurons[2] < by_neurons[0] / 2,
    )
    yield Claim(
        "the more examples, the lower the cost on others: in every row lower than in the one above",
        all(fewer > more for fewer, more in pairwise(others)),
    )
    yield Claim("with 0.4 examples per parameter, the cost on others is over five times as high", gaps[0] > 5)
    yield Claim("with two or more, it is less than twice as high", max(gaps[2:]) < 2)
    yield Claim(
        "as many examples as parameters bring most of the gain: over three quarters of what 2,000 bring",
        others[0] - others[1] > 0.75 * (others[0] - others[-1]),
    )
