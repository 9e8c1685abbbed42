"""Step functions: one hidden layer equals any of them, and so comes close to any continuous function."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from nnlab.datasets.toys import jumps, levels, step_function
from nnlab.demos.by_hand import Layer, feed, steps_layer, sum_layer
from nnlab.demos.experiments import run
from nnlab.rendering import looks
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
STEEP = 50.0  # of the smooth steps that a training starts with
HIDDEN = (1, 2, 4, 16)
EXAMPLES = (20, 50, 100, 2000)
SEEN = 60_000  # examples in a training, however few different ones: its costs no longer change much
SEEDS = range(8)


def built(positions: Array, heights: Array) -> list[Layer]:
    """Return the network of a step function: a step neuron at each jump, whose output weight is its height.

    `positions` (n,) are where it jumps, `heights` (n + 1,) its values between them.
    """
    return [steps_layer(positions), sum_layer(np.diff(heights), heights[0])]


def differing(a: Layer, b: Layer) -> int:
    """Return how many of the parameters of two layers of one shape are not the same."""
    return int((a.weights != b.weights).sum() + (a.biases != b.biases).sum())


def demo(source: Source) -> Iterator[Piece]:
    """Show the network built by hand, its smooth version, and trained ones."""
    yield from exact()
    yield from smooth()
    yield from universal()
    yield from trained(source)


def exact() -> Iterator[Piece]:
    """N step neurons equal a function with n steps."""
    rng = np.random.default_rng(0)
    wrong, different = 0, []
    for steps in range(1, 51):
        positions = np.sort(rng.choice(GRID, steps, replace=False))
        heights = rng.integers(-100, 100, steps + 1) / 8  # their sums are exact in binary
        x = np.concatenate([GRID, positions])
        expected = heights[np.searchsorted(positions, x, side="right")]
        network = built(positions, heights)
        wrong += not np.array_equal(feed(x[np.newaxis], network)[0], expected)
        another = built(positions / 2, rng.normal(size=steps + 1))
        different.append(sum(differing(a, b) for a, b in zip(network, another, strict=True)))
    yield (
        "By hand: a step neuron for each jump, step(x − t_k); its output weight is the height of the jump. "
        ""
        "So two parameters per hidden neuron depend on the function, t_k and the height, and one more is the "
        "value that it begins with. 50 random functions with 1, 2, …, 50 steps, each compared "
        f"at {len(GRID):,} points and at its jumps: {wrong} differ anywhere."
    )
    yield Curves("four steps", GRID, {"f(x)": step_function(GRID, 4)})
    yield Claim(
        "a hidden layer of n step neurons equals any function with n steps, exactly",
        wrong == 0,
        "by construction",
    )
    yield Claim(
        "2n + 1 of its parameters depend on the function: two per hidden neuron, and one",
        different == [2 * steps + 1 for steps in range(1, 51)],
        "by construction",
    )


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
            "steepness s": row_labels(steepness, looks.count),
            "mean error": Column(means, "{:.2e}".format),
            "largest error, 0.01 or more from a jump": Column(largest, "{:.2e}".format),
        }
    )
    shares = [later / earlier for earlier, later in pairwise(means[1:])]
    yield Claim(
        "ten times as steep, a tenth of the mean error (within 20%)",
        all(abs(10 * share - 1) < 0.2 for share in shares),
    )
    yield Claim(
        "away from the jumps it gets as close as one likes (here closer than 1e-12)", largest[-1] < 1e-12
    )


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
        {"hidden neurons": row_labels(neurons, looks.count), "largest error": Column(errors, "{:.2e}".format)}
    )
    # Half a plateau, 1 / (2(n + 1)), times the steepest slope, 2π.
    bounds = [np.pi / (n + 1) for n in neurons]
    yield Claim(
        "the largest error is at most π / (n + 1) with n neurons",
        all(error <= bound for error, bound in zip(errors, bounds, strict=True)),
        "a theorem",
    )


def evenly_spread(hidden: int) -> dict[str, Any]:
    """Return a start: σ(s(x − t)) with t evenly spread over [0, 1], and an output of ½ everywhere."""
    t = (np.arange(hidden) + 0.5) / hidden
    return {
        "weights": (((STEEP,),) * hidden, ((0.0,) * hidden,)),
        "biases": (tuple((-STEEP * t).tolist()), (0.5,)),
    }


def trained(source: Source) -> Iterator[Piece]:
    """Trained ones: the error against the number of neurons, and of examples."""

    def costs(hidden: int, examples: int) -> tuple[float, float]:
        """Return the costs on the training examples and on a thousand others, each a mean over the seeds."""
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
        "Trained on 1,000 noisy examples of the four steps (standard deviation 0.1, so that no cost on "
        f"others can be expected below 0.005), from smooth steps spread evenly, until {SEEN:,} were seen; "
        f"means of {len(SEEDS)} seeds:"
    )
    yield Table(
        {
            "hidden neurons": row_labels(HIDDEN),
            "parameters": Column([3 * hidden + 1 for hidden in HIDDEN]),
            "cost on other examples": Column(by_neurons, "{:.4f}".format),
        }
    )
    yield f"And {HIDDEN[-1]} neurons, {parameters} parameters, on fewer or more examples:"
    yield Table(
        {
            "examples": row_labels(EXAMPLES, looks.count),
            "per parameter": Column([examples / parameters for examples in EXAMPLES], "{:.1f}".format),
            "cost on them": Column([train for train, _ in by_examples], "{:.4f}".format),
            "cost on others": Column([val for _, val in by_examples], "{:.4f}".format),
            "ratio": Column([val / train for train, val in by_examples], "{:.1f}".format),
        }
    )
    yield (
        "The rule of thumb: as many examples as parameters. With fewer, the network learns their noise, and "
        "others cost many times as much; from there on, more examples still help, but ever less."
    )
    gaps = [val / train for train, val in by_examples]
    others = [val for _, val in by_examples]
    yield Claim(
        "four neurons, one for each step, cost less than half of what one does",
        by_neurons[2] < by_neurons[0] / 2,
    )
    yield Claim(
        "the more examples, the less others cost: in every row less than in the one above",
        all(fewer > more for fewer, more in pairwise(others)),
    )
    yield Claim("with 0.4 examples per parameter, others cost over five times as much", gaps[0] > 5)
    yield Claim("with two and more, less than twice as much", max(gaps[2:]) < 2)
    yield Claim(
        "as many examples as parameters bring most of what there is to gain: over three quarters of what "
        "2,000 do",
        others[0] - others[1] > 0.75 * (others[0] - others[-1]),
    )
