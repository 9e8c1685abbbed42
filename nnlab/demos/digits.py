"""The running example: from 784 pixels to a digit, and what the hidden neurons respond to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnlab.config import Experiment
from nnlab.demos.experiments import MNIST, run
from nnlab.rendering.pieces import Claim, Column, Picture, Piece, Table, row_labels
from nnlab.training import load_splits, start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from nnlab.datasets import Source
    from nnlab.network import Array, Network

SIDE = 28
HIDDEN = 30
SHOWN = 2  # the number of hidden neurons to show
KEYS = MNIST | {"eta": 0.5, "epochs": 10}


def demo(source: Source) -> Iterator[Piece]:
    """Show an image, a network's answer, and its hidden neurons one by one."""
    _, others = load_splits(Experiment(**KEYS), source)
    untrained = start(Experiment(**KEYS)).network
    _, state = run(source, **KEYS)
    network = state.network
    activations, z = hidden_layer(network, others.inputs)
    accuracy = float((network.classes(z) == others.labels).mean())
    yield (
        "f: ℝ⁷⁸⁴ → {0, 1, …, 9}, equation (1). An image of MNIST is 28 × 28 = 784 numbers. The first one "
        f"held out for validation is a {others.labels[0]}:"
    )
    yield Picture({"": others.inputs[0].reshape(SIDE, SIDE)})
    outputs = network.output.activate(z)[:, 0]
    yield (
        f"A network with one hidden layer of {HIDDEN} sigmoid neurons and ten softmax outputs, trained on "
        f"5,000 images, gets {accuracy:.1%} of 2,000 others right. Its answer for this image:"
    )
    yield Table({"digit": row_labels(range(10)), "probability": Column(outputs.tolist(), "{:.4f}".format)})

    means = by_digit(activations, others.labels)
    means_before = by_digit(hidden_layer(untrained, others.inputs)[0], others.labels)
    ranges, ranges_before = (np.ptp(each, axis=1) for each in (means, means_before))
    most_selective = np.argsort(-ranges)[:SHOWN]
    yield (
        "What does a hidden neuron see? Its weights form an image, too: dark where ink pushes its activation "
        "towards 1, dotted where ink pushes it towards 0 (means of 2 × 2 weights). These are the two neurons "
        "that tell digits apart best, and their mean activation per digit:"
    )
    half = SIDE // 2
    squares = network.weights[0].reshape(HIDDEN, half, 2, half, 2).mean(axis=(2, 4))
    yield Picture({f"neuron {neuron + 1}": squares[neuron] for neuron in most_selective})
    yield Table(
        {
            "digit": row_labels(range(10)),
            **{f"neuron {neuron + 1}": Column(means[neuron], "{:.2f}".format) for neuron in most_selective},
        }
    )
    yield (
        "Is that learnt, or would any weights do? Compare the hidden layer before training, with its random "
        "weights, and after it. A neuron's span is the largest of its mean activations per digit minus the "
        "smallest:"
    )
    yield Table(
        {
            "hidden layer": Column(["untrained", "trained"]),
            "smallest span": Column([each.min() for each in (ranges_before, ranges)], "{:.2f}".format),
            "mean span": Column([each.mean() for each in (ranges_before, ranges)], "{:.2f}".format),
            "largest span": Column([each.max() for each in (ranges_before, ranges)], "{:.2f}".format),
        }
    )
    yield Claim(
        "a network with one hidden layer learns f: more than nine in ten images are right", accuracy > 0.9
    )
    yield Claim(
        "its outputs are probabilities: they are positive and add up to 1, (20)",
        bool((outputs > 0).all() and abs(outputs.sum() - 1) < 1e-5),
        "by definition",
    )
    yield Claim(
        "more than two thirds of the hidden neurons tell digits apart: their span is over 0.5",
        float((ranges > 0.5).mean()) > 2 / 3,
    )
    yield Claim("before training, none of them does", float(ranges_before.max()) < 0.5)
    yield Claim(
        "what they recognise is learnt: the mean span is more than three times that of random weights",
        float(ranges.mean()) > 3 * float(ranges_before.mean()),
    )


def hidden_layer(network: Network, inputs: Array) -> tuple[Array, Array]:
    """Return the hidden layer's activations, (neurons, examples), and z of the output, (10, examples)."""
    activations = np.empty((HIDDEN, len(inputs)), np.float32)
    z = network.forward(inputs.T, [activations, None])
    return activations, z


def by_digit(activations: Array, labels: NDArray[np.intp]) -> Array:
    """Return the mean activation of each neuron for each digit, (neurons, 10)."""
    return np.stack([activations[:, labels == digit].mean(axis=1) for digit in range(10)], axis=1)
