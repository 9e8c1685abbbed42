"""The running example: from 784 pixels to a digit, and what the hidden neurons see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnlab.config import Experiment
from nnlab.demos.experiments import MNIST, run
from nnlab.demos.pieces import Claim, Picture, Piece, Table
from nnlab.training import load_splits, predict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from nnlab.datasets import Source
    from nnlab.network import Array

SIDE = 28
HIDDEN = 30
SHOWN = 2  # hidden neurons
KEYS = MNIST | {"eta": 0.5, "epochs": 10}


def demo(source: Source) -> Iterator[Piece]:
    """Show an image, a network's answer, and its hidden neurons one by one."""
    _, others = load_splits(Experiment(**KEYS), source)
    _, state = run(source, **KEYS)
    network = state.network
    activations = np.empty((HIDDEN, len(others.labels)), np.float32)
    z = network.forward(others.inputs.T, [activations, None])
    accuracy = float((predict(network, z) == others.labels).mean())
    yield (
        "f: ℝ⁷⁸⁴ → {0, 1, …, 9}, equation (1). An image of MNIST is 28 × 28 = 784 numbers. The first of "
        f"those held back is a {others.labels[0]}:"
    )
    yield Picture({"": others.inputs[0].reshape(SIDE, SIDE)})
    outputs = network.output.activate(z)[:, 0]
    yield (
        f"A network with one hidden layer of {HIDDEN} sigmoid neurons and ten softmax outputs, trained on "
        f"5,000 images, has {accuracy:.1%} of 2,000 others right. Of this image it says:"
    )
    yield Table({"digit": [str(digit) for digit in range(10)], "probability": [f"{a:.4f}" for a in outputs]})

    means = np.stack([activations[:, others.labels == digit].mean(axis=1) for digit in range(10)], axis=1)
    whole = recall(z, others.labels)
    # What each neuron adds to z, taken away again.
    without = [z - np.outer(w, a) for w, a in zip(network.weights[1].T, activations, strict=True)]
    hurt = {int((whole - recall(rest, others.labels)).argmax()) for rest in without}
    ranges = means.max(axis=1) - means.min(axis=1)
    pickiest = np.argsort(-ranges)[:SHOWN]
    yield (
        "What does a hidden neuron see? Its weights are an image too: dark where ink makes it say 1, dots "
        "where ink makes it say 0 (means of 2 × 2 weights). The two that tell digits apart "
        "best, and their mean activation by digit:"
    )
    half = SIDE // 2
    squares = network.weights[0].reshape(HIDDEN, half, 2, half, 2).mean(axis=(2, 4))
    yield Picture({f"neuron {neuron + 1}": squares[neuron] for neuron in pickiest})
    yield Table(
        {
            "digit": [str(digit) for digit in range(10)],
            **{f"neuron {neuron + 1}": [f"{mean:.2f}" for mean in means[neuron]] for neuron in pickiest},
        }
    )
    yield (
        f"Take one of the {HIDDEN} neurons out, and one digit suffers most. Neuron by neuron, these are "
        f"{len(hurt)} different digits."
    )
    yield Claim(
        "a network with one hidden layer learns f: more than nine images in ten right", accuracy > 0.9
    )
    yield Claim(
        "its outputs are probabilities: positive, and 1 in all (20)",
        bool((outputs > 0).all() and abs(outputs.sum() - 1) < 1e-5),
    )
    yield Claim(
        "two thirds of the hidden neurons say yes to some digits and no to others",
        float((ranges > 0.5).mean()) > 2 / 3,
    )
    yield Claim(
        "they recognise different things: which digit suffers most depends on the neuron",
        len(hurt) >= 7,
    )


def recall(z: Array, labels: NDArray[np.intp]) -> Array:
    """Return the share of each digit that is recognised by the pre-activations `z`, (10, examples)."""
    right = z.argmax(axis=0) == labels
    return np.array([right[labels == digit].mean() for digit in range(10)])
