"""Gradient descent: the steepest descent, the size of a step, and the effect of batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnlab.config import Experiment
from nnlab.demos.experiments import MNIST
from nnlab.network import Backpropagation
from nnlab.rendering.pieces import Claim, Column, Curves, Piece, Table, row_labels
from nnlab.training import load_splits, start, targets_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.datasets import Source
    from nnlab.network import Array, Network

VALLEY = np.array([1.0, 8.0])  # C(v₁, v₂) = (v₁² + 8 v₂²) / 2: steeper along v₂ than along v₁
START = np.array([-4.0, 1.0])
ETAS = (0.002, 0.02, 0.2, 0.26)
STEPS = 60
SMALL_ETAS = (1.0, 0.1, 0.01, 0.001)
EXAMPLES = 1000
BATCH = 10
DIRECTIONS = 10_000


def demo(source: Source) -> Iterator[Piece]:
    """Show equations (5) to (8) in a valley of two variables, then on a network for MNIST."""
    yield from in_a_valley()
    yield from on_a_network(source)


def cost(v: Array) -> float:
    """Return C(v), the height of the valley at v."""
    return float(v**2 @ VALLEY / 2)


def in_a_valley() -> Iterator[Piece]:
    """Compare the direction of the gradient with others, and learning rates with each other."""
    gradient = VALLEY * START
    downhill = -gradient / np.linalg.norm(gradient)
    angles = np.linspace(0, 2 * np.pi, DIRECTIONS)
    short = 1e-4
    falls = np.array([cost(START + short * np.array([np.cos(t), np.sin(t)])) for t in angles]) - cost(START)
    steepest = np.array([np.cos(angles[falls.argmin()]), np.sin(angles[falls.argmin()])])
    costs = {eta: path(eta) for eta in ETAS}
    yield (
        "A ball in the valley C(v₁, v₂) = (v₁² + 8 v₂²) / 2, at (−4, 1). The gradient, (5), is (v₁, 8 v₂) = "
        f"(−4, 8). Of {DIRECTIONS:,} directions, the one in which C falls most is ({steepest[0]:.3f}, "
        f"{steepest[1]:.3f}); that of −∇C is ({downhill[0]:.3f}, {downhill[1]:.3f})."
    )
    yield "Repeating v → v − η ∇C, (8), with an η that is too small, good or too large:"
    shown = {f"η = {eta}": [min(c, 20) for c in costs[eta]] for eta in ETAS}
    yield Curves("C (cut at 20)", range(STEPS + 1), shown, "step")
    yield Claim(
        "no direction is steeper downhill than −∇C", bool(steepest @ downhill > 0.999999), "a theorem"
    )
    yield Claim(
        "η = 0.002 is too small: after 60 steps more than half of the cost is left",
        costs[0.002][-1] > 0.5 * costs[0.002][0],
    )
    yield Claim("η = 0.2 is good: less than a millionth is left", costs[0.2][-1] < 1e-6 * costs[0.2][0])
    yield Claim(
        "η = 0.26 is too large: after 60 steps the cost is higher than at the start, and still growing",
        costs[0.26][-1] > costs[0.26][-2] > costs[0.26][0],
    )


def path(eta: float) -> list[float]:
    """Return the cost at START and after each step of gradient descent."""
    v, costs = START, [cost(START)]
    for _ in range(STEPS):
        v = v - eta * VALLEY * v
        costs.append(cost(v))
    return costs


def on_a_network(source: Source) -> Iterator[Piece]:
    """Check ΔC ≈ −η‖∇C‖², (6) and (7), and that the mean of the batches' gradients is the gradient."""
    keys = MNIST | {"train_size": EXAMPLES, "eta": 0.1, "epochs": 1, "dtype": "float64"}
    experiment = Experiment(**keys)
    training, _ = load_splits(experiment, source)
    network = start(experiment).network
    x, targets = training.inputs.T, targets_of(training.labels, 10, "float64")
    gradient = gradient_of(network, x, targets)
    squared = float(gradient @ gradient)
    before = mean_cost(network, x, targets)
    changes = []
    for eta in SMALL_ETAS:
        network.parameters[...] -= eta * gradient
        changes.append(mean_cost(network, x, targets) - before)
        network.parameters[...] += eta * gradient
    batches = [
        gradient_of(network, x[:, at : at + BATCH], targets[:, at : at + BATCH])
        for at in range(0, EXAMPLES, BATCH)
    ]
    mean = np.mean(batches, axis=0)
    cosines = [float(each @ gradient / np.linalg.norm(each) / np.sqrt(squared)) for each in batches]
    yield (
        f"The cost of a network for MNIST is a function of its {len(gradient):,} parameters. A step −η ∇C "
        "changes it by ΔC ≈ ∇C · (−η ∇C) = −η‖∇C‖², (6) and (7). (The step is Δv = −η ∇C: the slide with "
        "(7) lacks the minus sign, and so does w + η ∇C on the slide with iteration i.) Here ‖∇C‖² = "
        f"{squared:.4f}:"
    )
    yield Table(
        {
            "η": row_labels(SMALL_ETAS, "{:g}".format),
            "ΔC": Column(changes, "{:.6f}".format),
            "−η‖∇C‖²": Column([-eta * squared for eta in SMALL_ETAS], "{:.6f}".format),
            "ratio": Column(
                [change / (-eta * squared) for eta, change in zip(SMALL_ETAS, changes, strict=True)],
                "{:.4f}".format,
            ),
        }
    )
    yield (
        f"Stochastic gradient descent: {EXAMPLES // BATCH} batches of {BATCH} images. Each has its own "
        f"gradient, whose cosine with ∇C is between {min(cosines):.2f} and {max(cosines):.2f}; their mean "
        "is ∇C."
    )
    small = changes[-1] / (-SMALL_ETAS[-1] * squared)
    yield Claim("for a small η, ΔC is −η‖∇C‖² (η = 0.001: to 1%)", abs(small - 1) < 0.01)
    yield Claim("for a large η it is not (η = 1: off by more than 10%)", abs(changes[0] / -squared - 1) > 0.1)
    yield Claim(
        "the mean of the batches' gradients is the gradient",
        bool(np.allclose(mean, gradient, rtol=0, atol=1e-12)),
        "a theorem",
    )
    yield Claim(
        "nearly every batch leads downhill: more than nine in ten gradients have a positive cosine with ∇C",
        float((np.array(cosines) > 0).mean()) > 0.9,
    )


def gradient_of(network: Network, x: Array, targets: Array) -> Array:
    """Return the gradient of the mean cost of a batch."""
    backpropagation = Backpropagation(network, x.shape[1])
    backpropagation(x, targets)
    return backpropagation.gradient


def mean_cost(network: Network, x: Array, targets: Array) -> float:
    """Return the mean cost of a batch."""
    return float(network.output.loss(network.forward(x), targets).mean())
