"""Rectified neurons that get negative input stop learning, and how many do on MNIST, by η."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnlab.config import Experiment
from nnlab.demos.experiments import MNIST, TOY, run
from nnlab.demos.pieces import Claim, Piece, Table
from nnlab.training import load_splits, start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.datasets import Source

ETAS = (0.03, 0.1, 0.3, 1.0, 3.0)
HIDDEN = 100
IMAGES = 1000


def demo(source: Source) -> Iterator[Piece]:
    """Show one dead neuron beside one that only saturates, and the dead of MNIST."""
    yield from one_neuron(source)
    yield from on_mnist(source)


def one_neuron(source: Source) -> Iterator[Piece]:
    """Train a hidden neuron whose input is −4, with both activations."""
    rows = {}
    for activation in ("relu", "sigmoid"):
        keys = {
            **TOY,
            "dataset": "neuron",
            "architecture": (1, 1, 1),
            "activation": activation,
            "output": "identity",
            "loss": "quadratic",
            "eta": 0.1,
            "epochs": 300,
            "start": {"weights": (((-2.0,),), ((1.0,),)), "biases": ((-2.0,), (1.0,))},
        }
        before = start(Experiment(**keys)).network.parameters
        rows[activation] = (before, run(source, **keys)[1].network.parameters)
    yield (
        "max(0, z), (27), has slope 0 for z < 0. A network of one hidden neuron and one output learns to "
        "answer x = 1 with 0. Its hidden neuron starts with w = b = −2, so that z = wx + b = −4. "
        "After 300 epochs:"
    )
    yield Table(
        {
            "hidden neuron": list(rows),
            "its w before": [f"{before[0]:g}" for before, _ in rows.values()],
            "its w after": [f"{after[0]:.6g}" for _, after in rows.values()],
            "its b after": [f"{after[2]:.6g}" for _, after in rows.values()],
            "output's b before": [f"{before[3]:g}" for before, _ in rows.values()],
            "output's b after": [f"{after[3]:.3g}" for _, after in rows.values()],
        }
    )
    (relu_before, relu_after), (sigmoid_before, sigmoid_after) = rows.values()
    hidden = [0, 2]  # w and b of the hidden neuron: all weights come first, then all biases
    yield Claim(
        "the rectified neuron has not moved by a single bit; all that learnt is the output's bias",
        bool((relu_before[hidden] == relu_after[hidden]).all() and relu_before[3] != relu_after[3]),
    )
    yield Claim(
        "the saturated sigmoid neuron has moved, slowly",
        bool((sigmoid_before[hidden] != sigmoid_after[hidden]).all()),
    )


def on_mnist(source: Source) -> Iterator[Piece]:
    """Count the hidden neurons that no image switches on, after an epoch."""
    dead, accuracies = [], []
    for eta in ETAS:
        keys = MNIST | {"activation": "relu", "architecture": (784, HIDDEN, 10), "eta": eta, "epochs": 1}
        training, _ = load_splits(Experiment(**keys), source)
        epochs, state = run(source, **keys)
        activations = np.empty((HIDDEN, IMAGES), np.float32)
        state.network.forward(training.inputs[:IMAGES].T, [activations, None])
        dead.append(float((activations == 0).all(axis=1).mean()))
        accuracies.append(epochs[-1].val_accuracy or 0)
    yield (
        f"On MNIST, {HIDDEN} rectified neurons, one epoch of 5,000 images: the share that none of {IMAGES:,} "
        "images switches on any more (with `diagnostics: true`, training writes it down for every layer "
        "and epoch):"
    )
    yield Table(
        {
            "η": [f"{eta:g}" for eta in ETAS],
            "dead": [f"{share:.0%}" for share in dead],
            "accuracy on others": [f"{accuracy:.1%}" for accuracy in accuracies],
        }
    )
    yield Claim("with a small η (0.03, 0.1) at most 2 % are dead", max(dead[:2]) <= 0.02)
    yield Claim("with a large one (1, 3) more than half are", min(dead[3:]) > 0.5)
    yield Claim("and a network of the dead knows nothing: less than 30 % right", max(accuracies[3:]) < 0.3)
