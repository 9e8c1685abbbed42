"""Rectified neurons with negative input stop learning; how many do on MNIST depends on η."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnlab.config import Experiment
from nnlab.demos.experiments import MNIST, TOY, run
from nnlab.rendering.pieces import Claim, Column, Piece, Table, row_labels
from nnlab.training import load_splits, start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.datasets import Source

ETAS = (0.03, 0.1, 0.3, 1.0, 3.0)
HIDDEN = 100
IMAGES = 1000
DEPTHS = (1, 4, 9)
DEEP_ETA = {"sigmoid": 0.5, "relu": 0.05}


def demo(source: Source) -> Iterator[Piece]:
    """Show a dead neuron next to a saturated one, count dead neurons on MNIST, and stack many layers."""
    yield from one_neuron(source)
    yield from on_mnist(source)
    yield from many_layers(source)


def one_neuron(source: Source) -> Iterator[Piece]:
    """Train a hidden neuron whose input is −4 at the start, with both activations."""
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
            "hidden neuron": Column(list(rows)),
            "its w before": Column([before[0] for before, _ in rows.values()], "{:g}".format),
            "its w after": Column([after[0] for _, after in rows.values()], "{:.6g}".format),
            "its b after": Column([after[2] for _, after in rows.values()], "{:.6g}".format),
            "output's b before": Column([before[3] for before, _ in rows.values()], "{:g}".format),
            "output's b after": Column([after[3] for _, after in rows.values()], "{:.3g}".format),
        }
    )
    (relu_before, relu_after), (sigmoid_before, sigmoid_after) = rows.values()
    # The parameters are all weights, then all biases; those of the hidden neuron are the first of each.
    moved = np.abs(sigmoid_after - sigmoid_before)[[0, 2]]
    yield Claim(
        "the rectified neuron has not changed by a single bit; only the output's bias has learnt",
        (relu_before != relu_after).tolist() == [False, False, False, True],
        "by definition",
    )
    yield Claim(
        "the saturated sigmoid neuron has changed, but by less than 0.1",
        bool((moved > 0).all() and (moved < 0.1).all()),
    )


def on_mnist(source: Source) -> Iterator[Piece]:
    """Count the hidden neurons that no image switches on after one epoch."""
    dead, accuracies = [], []
    for eta in ETAS:
        keys = MNIST | {"activation": "relu", "architecture": (784, HIDDEN, 10), "eta": eta, "epochs": 1}
        training, _ = load_splits(Experiment(**keys), source)
        epochs, state = run(source, **keys)
        activations = np.empty((HIDDEN, IMAGES), np.float32)
        state.network.forward(training.take(slice(IMAGES)).T, [activations, None])
        dead.append(float((activations == 0).all(axis=1).mean()))
        accuracies.append(epochs[-1].val_accuracy or 0)
    yield (
        f"On MNIST, with {HIDDEN} rectified neurons, after one epoch of 5,000 images: the share that none of "
        f"{IMAGES:,} images switches on any more (with `diagnostics: true`, training records it for every "
        "layer and epoch):"
    )
    yield Table(
        {
            "η": row_labels(ETAS, "{:g}".format),
            "dead": Column(dead, "{:.0%}".format),
            "accuracy on others": Column(accuracies, "{:.1%}".format),
        }
    )
    yield Claim("with a small η (0.03, 0.1) at most 2% are dead", max(dead[:2]) <= 0.02)
    yield Claim("with a large η (1, 3) more than half are dead", min(dead[3:]) > 0.5)
    yield Claim(
        "and a network of dead neurons knows next to nothing: less than 30% right", max(accuracies[3:]) < 0.3
    )


def many_layers(source: Source) -> Iterator[Piece]:
    """Train networks with more and more hidden layers, with both activations."""
    accuracies = {
        activation: [
            run(
                source,
                **MNIST
                | {
                    "architecture": (784, *[30] * depth, 10),
                    "activation": activation,
                    "eta": eta,
                    "epochs": 3,
                },
            )[0][-1].val_accuracy
            or 0
            for depth in DEPTHS
        ]
        for activation, eta in DEEP_ETA.items()
    }
    yield (
        "For positive z the slope is 1, however large z is: rectifiers do not saturate there, and do not "
        "shrink the gradient that they pass back to the layers below. Hidden layers of 30 neurons, 5,000 "
        "images, three epochs, accuracy on 2,000 others; the last of these networks, with more than eight "
        "hidden layers, is deep:"
    )
    yield Table(
        {
            "hidden layers": row_labels(DEPTHS),
            **{
                f"{activation}, η = {DEEP_ETA[activation]}": Column(shares, "{:.1%}".format)
                for activation, shares in accuracies.items()
            },
        }
    )
    yield (
        "There is no deep theory of why rectifiers do so well; that they do was found on images. Jarrett and "
        'others (2009), "What is the best multi-stage architecture for object recognition?": of the parts '
        "of a stage, rectification matters most. Glorot, Bordes and Bengio (2011), "
        '"Deep sparse rectifier neural networks": many true zeros, and deep networks that learn without '
        'unsupervised pre-training. Krizhevsky, Sutskever and Hinton (2012), "ImageNet classification '
        'with deep convolutional neural networks": the same training error several times faster than with '
        "tanh."
    )
    sigmoid, relu = accuracies["sigmoid"], accuracies["relu"]
    yield Claim(
        "with four hidden layers and with nine, sigmoid networks have not started to learn: less than 20% "
        "right",
        max(sigmoid[1:]) < 0.2,
    )
    yield Claim("rectifier networks have: more than 60% right", min(relu[1:]) > 0.6)
