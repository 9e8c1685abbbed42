"""tanh: σ rescaled, and what changes when activations have both signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnlab.config import Experiment
from nnlab.demos.experiments import MNIST, run
from nnlab.network import Backpropagation
from nnlab.rendering.pieces import Claim, Column, Curves, Piece, Table, row_labels
from nnlab.training import load_splits, start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.datasets import Source
    from nnlab.network import Array

EXAMPLES = 100
# tanh is four times as steep as σ, so it gets a smaller learning rate.
ETA = {"sigmoid": 0.5, "tanh": 0.1}


def demo(source: Source) -> Iterator[Piece]:
    """Show equation (25), the signs in (26), the zig-zag that results, and MNIST with both."""
    yield from rescaled()
    yield from signs(source)
    yield from zigzag()
    yield from on_mnist(source)


def rescaled() -> Iterator[Piece]:
    """Compare 1 / (1 + e⁻ᶻ), (4), with (1 + tanh(z/2)) / 2, (25)."""
    z = np.linspace(-30, 30, 60_001)
    by_definition = 1 / (1 + np.exp(-z))
    difference = float(np.abs(by_definition - (1 + np.tanh(z / 2)) / 2).max())
    z_shown = np.linspace(-5, 5, 201)
    small = 1e-5
    slopes = [float((a(small) - a(-small)) / (2 * small)) for a in (np.tanh, lambda x: 1 / (1 + np.exp(-x)))]
    yield (
        "σ(z) = (1 + tanh(z/2)) / 2, equation (25). The other way round, tanh(z) = 2σ(2z) − 1: stretched to "
        f"twice the height and squeezed to half the width, so four times as steep. At 0, the slope of tanh "
        f"is {slopes[0]:.4f}, and that of σ {slopes[1]:.4f}."
    )
    yield Curves(
        "tanh and σ", z_shown, {"tanh(z)": np.tanh(z_shown), "σ(z)": 1 / (1 + np.exp(-z_shown))}, "z"
    )
    yield f"Largest difference between the two sides at {len(z):,} points from −30 to 30: {difference:.1e}."
    yield Claim("equation (25) holds to rounding", difference < 1e-15, "a theorem")
    yield Claim("at 0, tanh is four times as steep as σ", abs(slopes[0] / slopes[1] - 4) < 1e-6, "a theorem")


def signs(source: Source) -> Iterator[Piece]:
    """Count how often all weights of an output neuron move the same way, as (26) predicts for σ."""
    shares = {}
    for activation in ETA:
        experiment = Experiment(**MNIST | {"activation": activation, "eta": 0.1, "epochs": 1})
        training, _ = load_splits(experiment, source)
        network = start(experiment).network
        backpropagation = Backpropagation(network, 1)
        one_way = 0
        for x, label in zip(training.take(slice(EXAMPLES)), training.labels[:EXAMPLES], strict=True):
            backpropagation(x[:, np.newaxis], np.eye(10, dtype=x.dtype)[:, [label]])
            gradients = backpropagation.weight_gradients[-1]
            one_way += int((np.abs(np.sign(gradients).sum(axis=1)) == gradients.shape[1]).sum())
        shares[activation] = one_way / (10 * EXAMPLES)
    yield (
        "∂C/∂w_jk = a_k δ_j, equation (26): all weights into a neuron j share the same δ_j. The activations "
        "a_k of σ are positive, so that for one example these weights all grow or all shrink; those of tanh "
        f"have both signs. A network on MNIST, 10 output neurons, {EXAMPLES} images:"
    )
    yield Table(
        {
            "hidden neurons": Column(list(shares)),
            "all weights of an output neuron move the same way": Column(
                list(shares.values()), "{:.0%}".format
            ),
        }
    )
    yield Claim(
        "with sigmoid neurons, all weights into a neuron always move together",
        shares["sigmoid"] == 1,
        "a theorem",
    )
    yield Claim("with tanh neurons, they never do so here", shares["tanh"] == 0)


def zigzag() -> Iterator[Piece]:
    """Follow the two weights of a linear neuron that have to move in opposite directions."""
    rng = np.random.default_rng(0)
    goal = np.array([1.0, -1.0])
    inputs = {
        "in [0, 1], as from σ": rng.random((2000, 2)),
        "in [−1, 1], as from tanh": rng.uniform(-1, 1, (2000, 2)),
    }
    paths = {name: descend(a, goal) for name, a in inputs.items()}
    rows = {}
    for name, path in paths.items():
        moves = np.diff(path, axis=0)
        moves = moves[np.abs(moves).max(axis=1) > 1e-9]
        away = np.linalg.norm(path - goal, axis=1)
        rows[name] = (
            float((np.sign(moves).prod(axis=1) > 0).mean()),
            float(np.linalg.norm(moves, axis=1).sum() / np.linalg.norm(goal)),
            int(np.argmax(away < 0.1)),
        )
    yield (
        "So if one weight has to grow and another to shrink, they zig-zag. A linear neuron learns "
        "y = a₁ − a₂, starting from (0, 0), with one example per step and η = 0.5:"
    )
    yield Table(
        {
            "inputs": Column(list(rows)),
            "steps that move both weights the same way": Column(
                [together for together, _, _ in rows.values()], "{:.0%}".format
            ),
            "length of the path / distance": Column(
                [length for _, length, _ in rows.values()], "{:.2f}".format
            ),
            "steps until 0.1 away": Column([steps for _, _, steps in rows.values()]),
        }
    )
    (positive_together, positive_length, positive_steps), (mixed_together, mixed_length, mixed_steps) = (
        rows.values()
    )
    yield Claim(
        "positive inputs: both weights move the same way at every step", positive_together == 1, "a theorem"
    )
    yield Claim("inputs of both signs: they do so at fewer than 60% of the steps", mixed_together < 0.6)
    yield Claim(
        "with positive inputs the path is longer, and takes more steps",
        positive_length > mixed_length and positive_steps > mixed_steps,
    )


def descend(inputs: Array, goal: Array, eta: float = 0.5) -> Array:
    """Return the weights, one row per step, of a neuron that learns y = goal · a from one input at a time."""
    w = np.zeros_like(goal)
    path = [w]
    for a in inputs:
        w = w - eta * (w @ a - goal @ a) * a
        path.append(w)
    return np.array(path)


def on_mnist(source: Source) -> Iterator[Piece]:
    """Train the same network with both; as the lecture says, neither has a decisive advantage."""
    accuracies = {
        activation: [
            epoch.val_accuracy or 0
            for epoch in run(source, **MNIST | {"activation": activation, "eta": eta, "epochs": 10})[0]
        ]
        for activation, eta in ETA.items()
    }
    yield "In practice it matters little. 30 hidden neurons, 5,000 images, accuracy on 2,000 others:"
    yield Table(
        {
            "epoch": row_labels(range(1, 11)),
            **{
                f"{activation}, η = {ETA[activation]}": Column(shares, "{:.1%}".format)
                for activation, shares in accuracies.items()
            },
        }
    )
    best = [max(shares) for shares in accuracies.values()]
    yield Claim(
        "on MNIST their best epochs are within two points of each other", abs(best[0] - best[1]) < 0.02
    )
