"""The curse of dimensionality, and what a network that knows a symmetry saves; then MNIST by examples."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from nnlab import baselines
from nnlab.config import BaselineName, load_baseline
from nnlab.demos.experiments import MNIST, run
from nnlab.demos.pieces import Claim, Curves, Piece, Table
from nnlab.network import ACTIVATIONS, OUTPUTS, Backpropagation, Network, number_of_parameters
from nnlab.training import load_splits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnlab.datasets import Source
    from nnlab.network import Array

DIMENSIONS = (1, 2, 4, 8, 16)
EXAMPLES = 200
QUESTIONS = 2000
ETA, STEPS = 2.0, 3000  # of the gradient descent of the network that folds
MNIST_EXAMPLES = (100, 300, 1000, 3000)


def demo(source: Source) -> Iterator[Piece]:
    """Show distances, a symmetric task, and MNIST."""
    yield from distances()
    yield from symmetry()
    yield from on_mnist(source)


def distances() -> Iterator[Piece]:
    """Measure how near the nearest of 1,000 random points is, and how many would make it near."""
    rng = np.random.default_rng(0)
    nearest = []
    for dimension in DIMENSIONS:
        points, questions = rng.random((1000, dimension)), rng.random((500, dimension))
        squares = ((questions[:, np.newaxis] - points) ** 2).sum(axis=2)
        nearest.append(float(np.median(np.sqrt(squares.min(axis=1)))))
    yield (
        "Local methods answer by what is near. 1,000 random points in a cube of side 1; how far is the "
        "nearest? And how many cells of side 0.1 are there, each of which would need a point?"
    )
    yield Table(
        {
            "dimensions": [str(dimension) for dimension in DIMENSIONS],
            "distance of the nearest, median": [f"{distance:.4f}" for distance in nearest],
            "cells": [f"{10.0**dimension:.0e}" for dimension in DIMENSIONS],
        }
    )
    yield Claim(
        "the nearest point is farther in every higher dimension", all(a < b for a, b in pairwise(nearest))
    )
    yield Claim(
        "in 16 dimensions, the nearest of 1,000 is farther than half the cube's side",
        nearest[-1] > 0.5,
    )


def symmetry() -> Iterator[Piece]:
    """Compare nearest neighbours with a network whose first layer folds every axis."""
    rng = np.random.default_rng(0)
    neighbours, networks = [], []
    for dimension in DIMENSIONS:
        x, labels = cloud(EXAMPLES, dimension, rng)
        questions, answers = cloud(QUESTIONS, dimension, rng)
        squares = ((questions[:, np.newaxis] - x) ** 2).sum(axis=2)
        neighbours.append(float((labels[squares.argmin(axis=1)] != answers).mean()))
        says_yes = folding_network(x, labels).pre_activations(questions)[0] >= 0
        networks.append(float((says_yes != answers).mean()))
    yield (
        f"A task with symmetry: is Σ|x_i| above its median? Any of the 2^d mirror images of x has the same "
        f"answer. {EXAMPLES} examples; errors on {QUESTIONS:,} others. The network's first layer folds every "
        "axis, |x| = relu(x) + relu(−x), by hand; its second is trained by gradient descent."
    )
    yield Table(
        {
            "dimensions d": [str(dimension) for dimension in DIMENSIONS],
            "mirror images": [f"{2**dimension:,}" for dimension in DIMENSIONS],
            "nearest neighbour": [f"{error:.1%}" for error in neighbours],
            "network that folds": [f"{error:.1%}" for error in networks],
        }
    )
    yield Claim(
        "nearest neighbours get worse with the dimension: above 30 % errors at 16", neighbours[-1] > 0.3
    )
    yield Claim("the network that knows the symmetry stays below 10 %", max(networks) < 0.1)


def cloud(examples: int, dimension: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return points in [−1, 1]^d, a row each, and whether their coordinates are on average far from 0."""
    x = rng.uniform(-1, 1, (examples, dimension))
    return x, (np.abs(x).mean(axis=1) > 0.5).astype(float)


def folding_network(x: Array, labels: Array) -> Network:
    """Return the network whose first layer folds every axis; its second is trained on `x` and `labels`."""
    dimension = x.shape[1]
    architecture = (dimension, 2 * dimension, 1)
    network = Network(
        architecture,
        ACTIVATIONS["relu"],
        OUTPUTS["sigmoid", "cross_entropy"],
        np.zeros(number_of_parameters(architecture)),
    )
    network.weights[0][...] = np.concatenate([np.eye(dimension), -np.eye(dimension)])
    backpropagation = Backpropagation(network, len(x), scale=ETA)
    for _ in range(STEPS):
        backpropagation(x.T, labels[np.newaxis])
        network.weights[1][...] -= backpropagation.weight_gradients[1]
        network.biases[1][...] -= backpropagation.bias_gradients[1]
    return network


def on_mnist(source: Source) -> Iterator[Piece]:
    """Measure the error against the number of examples: neighbours, SVM, network."""
    errors: dict[str, list[float]] = {"nearest neighbours": [], "SVM, RBF kernel": [], "network": []}
    methods: dict[str, BaselineName] = {
        "nearest neighbours": "nearest_neighbours",
        "SVM, RBF kernel": "svm_rbf",
    }
    for examples in MNIST_EXAMPLES:
        sizes = [f"train_size={examples}", f"validation_size={MNIST['validation_size']}"]
        for name, method in methods.items():
            baseline = load_baseline(method, sizes)
            training, others = load_splits(baseline, source)
            labels = baselines.predict(baseline, baselines.fit(baseline, training), training, others.inputs)
            errors[name].append(float((labels != others.labels).mean()))
        keys = MNIST | {"train_size": examples, "architecture": (784, 100, 10), "activation": "relu"}
        epochs, _ = run(source, **keys | {"eta": 0.1, "epochs": 30, "patience": 5})
        errors["network"].append(1 - max(epoch.val_accuracy or 0 for epoch in epochs))
    yield "MNIST: errors on 2,000 images, against the number of images to learn from."
    yield Table(
        {
            "examples": [f"{examples:,}" for examples in MNIST_EXAMPLES],
            **{name: [f"{error:.1%}" for error in shares] for name, shares in errors.items()},
        }
    )
    yield Curves("error", np.log10(MNIST_EXAMPLES), errors, "log₁₀ of the examples")
    yield Claim(
        "thirty times the examples: less than half the errors, for each of the three",
        all(shares[-1] < shares[0] / 2 for shares in errors.values()),
    )
    yield Claim(
        "images are less cursed than their 784 dimensions: 3,000 leave at most one error in ten",
        all(shares[-1] < 0.1 for shares in errors.values()),
    )
