"""The curse of dimensionality, what knowing a symmetry saves, and errors on MNIST against examples."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from nnlab import baselines
from nnlab.config import BaselineName, Experiment, load_baseline
from nnlab.datasets import Split
from nnlab.datasets.toys import jumps
from nnlab.demos.by_hand import Layer, forward, layer, sum_layer
from nnlab.demos.experiments import MNIST, run
from nnlab.network import (
    ACTIVATIONS,
    OUTPUTS,
    Backpropagation,
    Network,
    number_of_parameters,
    number_of_weights,
)
from nnlab.rendering import formatters
from nnlab.rendering.pieces import Claim, Column, Curves, Piece, Table, row_labels
from nnlab.training import load_splits, start, train

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from nnlab.datasets import Source
    from nnlab.network import Array

DIMENSIONS = (1, 2, 4, 8, 16)
EXAMPLES = 200
QUESTIONS = 2000
ETA, STEPS = 2.0, 3000  # of gradient descent on the network that folds
STEPS_TO_LEARN = 4  # n: the symmetric function has 2n
FEW_EXAMPLES = (20, 40, 80, 160)
DRAWS = 40
PIXELS = 784
ARCHITECTURE = (PIXELS, 100, 10)
KEYS = {"architecture": ARCHITECTURE, "activation": "relu", "eta": 0.1, "epochs": 30, "patience": 5}
MNIST_EXAMPLES = (100, 300, 1000, 3000)


def demo(source: Source) -> Iterator[Piece]:
    """Show distances, symmetric tasks in one dimension and in several, and MNIST."""
    yield from distances()
    yield from one_symmetry()
    yield from symmetry()
    yield from on_mnist(source)
    yield from one_optimum(source)


def distances() -> Iterator[Piece]:
    """Measure how near the nearest of 1,000 random points is, and count the cells to be filled."""
    rng = np.random.default_rng(0)
    nearest = []
    for dimension in DIMENSIONS:
        points, questions = rng.random((1000, dimension)), rng.random((500, dimension))
        squares = ((questions[:, np.newaxis] - points) ** 2).sum(axis=2)
        nearest.append(float(np.median(np.sqrt(squares.min(axis=1)))))
    yield (
        "Local methods answer by what is near. Take 1,000 random points in a cube of side 1: how far away is "
        "the nearest? And how many cells of side 0.1 are there, each of which would need a point?"
    )
    yield Table(
        {
            "dimensions": row_labels(DIMENSIONS),
            "distance of the nearest, median": Column(nearest, "{:.4f}".format),
            "cells": Column([10.0**dimension for dimension in DIMENSIONS], "{:.0e}".format),
        }
    )
    yield Claim(
        "the more dimensions, the farther away the nearest point (medians)",
        all(a < b for a, b in pairwise(nearest)),
    )
    yield Claim(
        "in 16 dimensions, the nearest of 1,000 points is more than half a side away (median)",
        nearest[-1] > 0.5,
    )


def one_symmetry() -> Iterator[Piece]:
    """Compare how many examples it takes to learn 2n symmetric steps with a fold and without one."""
    svm = load_baseline("svm_rbf", ["gamma=300", "penalty=1000"])  # the best of a few values that were tried
    grid = (np.arange(1000) + 0.5) / 1000
    answers = np.searchsorted(jumps(STEPS_TO_LEARN), np.abs(2 * grid - 1), side="right")
    errors: dict[str, list[float]] = {
        "nearest neighbour": [],
        "SVM, RBF kernel": [],
        "network that folds": [],
    }
    for examples in FEW_EXAMPLES:
        wrong = []
        for draw in range(DRAWS):
            x = np.random.default_rng(draw).random(examples)
            labels = np.searchsorted(jumps(STEPS_TO_LEARN), np.abs(2 * x - 1), side="right")
            training = Split(x[:, np.newaxis], labels)
            predicted = (
                labels[np.abs(grid[:, np.newaxis] - x).argmin(axis=1)],
                baselines.predict(svm, baselines.fit(svm, training), training, grid[:, np.newaxis]),
                np.rint(forward(grid[np.newaxis], folding_steps(x, labels))[0]),
            )
            wrong.append([float((labels != answers).mean()) for labels in predicted])
        for name, share in zip(errors, np.mean(wrong, axis=0), strict=True):
            errors[name].append(float(share))
    yield (
        f"One axis of symmetry: a function on [0, 1] with 2 × {STEPS_TO_LEARN} steps, symmetric about ½. The "
        "network folds first, |2x − 1|, and then has a step neuron midway between any two neighbouring "
        "examples whose labels differ: examples from both halves of the interval teach it the same "
        f"function. Errors, as means over {DRAWS} draws of the examples:"
    )
    yield Table(
        {
            "examples": row_labels(FEW_EXAMPLES),
            **{name: Column(shares, "{:.1%}".format) for name, shares in errors.items()},
        }
    )
    *others, folds = errors.values()
    yield Claim(
        "from the same examples, the network that folds makes about half as many errors (0.4 to 0.6 times)",
        all(0.4 < share / other < 0.6 for each in others for share, other in zip(folds, each, strict=True)),
    )
    yield Claim(
        "it needs n examples where the others need 2n: their errors are then within a quarter of each other",
        all(
            0.75 < share / other < 1.25
            for each in others
            for share, other in zip(folds[:-1], each[1:], strict=True)
        ),
    )


def folding_steps(x: Array, labels: NDArray[np.intp]) -> list[Layer]:
    """Return the network that folds [0, 1] about ½, with steps between neighbours whose `labels` differ."""
    order = np.argsort(np.abs(2 * x - 1))
    t, heights = np.abs(2 * x - 1)[order], labels[order].astype(float)
    at = np.flatnonzero(np.diff(heights))
    return [
        layer("relu", [[2], [-2]], [-1, 1]),
        Layer("step", np.ones((len(at), 2)), -(t[at] + t[at + 1]) / 2),
        sum_layer(np.diff(heights)[at], heights[0]),
    ]


def symmetry() -> Iterator[Piece]:
    """Compare nearest neighbours with a network whose first layer folds every axis."""
    rng = np.random.default_rng(0)
    neighbours, networks = [], []
    for dimension in DIMENSIONS:
        x, labels = random_points(EXAMPLES, dimension, rng)
        questions, answers = random_points(QUESTIONS, dimension, rng)
        squares = ((questions[:, np.newaxis] - x) ** 2).sum(axis=2)
        neighbours.append(float((labels[squares.argmin(axis=1)] != answers).mean()))
        says_yes = folding_network(x, labels).pre_activations(questions)[0] >= 0
        networks.append(float((says_yes != answers).mean()))
    yield (
        "A symmetric task: is Σ|x_i| above its median? All 2^d mirror images of x have the same answer. "
        f"There are {EXAMPLES} training examples; errors are measured on {QUESTIONS:,} others. The network's "
        "first layer, built by hand, folds every axis, |x| = relu(x) + relu(−x); its second is trained by "
        "gradient descent."
    )
    yield Table(
        {
            "dimensions d": row_labels(DIMENSIONS),
            "mirror images": Column([2**dimension for dimension in DIMENSIONS], formatters.count),
            "nearest neighbour": Column(neighbours, "{:.1%}".format),
            "network that folds": Column(networks, "{:.1%}".format),
        }
    )
    yield Claim(
        "the more dimensions, the more errors nearest neighbours make: with 16, over 30%",
        all(a < b for a, b in pairwise(neighbours)) and neighbours[-1] > 0.3,
    )
    yield Claim("the network that knows the symmetry makes fewer than 10% errors", max(networks) < 0.1)


def random_points(examples: int, dimension: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return points in [−1, 1]^d, one per row, and whether the mean of |x_i| exceeds ½ for each."""
    x = rng.uniform(-1, 1, (examples, dimension))
    return x, (np.abs(x).mean(axis=1) > 0.5).astype(float)


def folding_network(x: Array, labels: Array) -> Network:
    """Return a network whose first layer folds every axis, and whose second is trained on the examples."""
    dimension = x.shape[1]
    architecture = (dimension, 2 * dimension, 1)
    network = Network(
        architecture,
        (ACTIVATIONS["relu"],),
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
    """Measure the errors of neighbours, SVM and network against the number of examples."""
    errors: dict[str, list[float]] = {"nearest neighbours": [], "SVM, RBF kernel": [], "network": []}
    support = []
    methods: dict[str, BaselineName] = {
        "nearest neighbours": "nearest_neighbours",
        "SVM, RBF kernel": "svm_rbf",
    }
    for examples in MNIST_EXAMPLES:
        sizes = [f"train_size={examples}", f"validation_size={MNIST['validation_size']}"]
        for name, method in methods.items():
            baseline = load_baseline(method, sizes)
            training, others = load_splits(baseline, source)
            fitted = baselines.fit(baseline, training)
            labels = baselines.predict(baseline, fitted, training, others.inputs)
            if method == "svm_rbf":
                support.append(fitted["support"].size)
            errors[name].append(float((labels != others.labels).mean()))
        epochs, _ = run(source, **MNIST | KEYS | {"train_size": examples})
        errors["network"].append(1 - max(epoch.val_accuracy or 0 for epoch in epochs))
    yield "MNIST: errors on 2,000 images against the number of training images."
    yield Table(
        {
            "examples": row_labels(MNIST_EXAMPLES, formatters.count),
            **{name: Column(shares, "{:.1%}".format) for name, shares in errors.items()},
        }
    )
    yield Curves("error", np.log10(MNIST_EXAMPLES), errors, "log₁₀ of the examples")
    per_answer = {
        "nearest neighbours": [PIXELS * examples for examples in MNIST_EXAMPLES],
        "SVM, RBF kernel": [PIXELS * vectors for vectors in support],
        "network": [number_of_weights(ARCHITECTURE)] * len(MNIST_EXAMPLES),
    }
    yield (
        "Is an SVM fast at predicting? Count the multiplications for one answer: nearest neighbours measure "
        "the distance to each example, an SVM evaluates its kernel for each support vector, a network "
        "multiplies by each of its weights once."
    )
    yield Table(
        {
            "examples": row_labels(MNIST_EXAMPLES, formatters.count),
            "support vectors": Column(support, formatters.count),
            **{name: Column(counts, formatters.count) for name, counts in per_answer.items()},
        }
    )
    yield Claim(
        "from 1,000 examples on, an SVM needs fewer multiplications than nearest neighbours, but more and "
        "more as the examples grow",
        all(a < b for a, b in list(zip(support, MNIST_EXAMPLES, strict=True))[2:])
        and all(a < b for a, b in pairwise(support)),
    )
    yield Claim(
        "at 3,000 examples, a network's answer takes less than a tenth as many multiplications as an SVM's",
        10 * per_answer["network"][-1] < per_answer["SVM, RBF kernel"][-1],
    )
    yield Claim(
        "thirty times the examples: less than half the errors, for each of the three methods",
        all(shares[-1] < shares[0] / 2 for shares in errors.values()),
    )
    yield Claim(
        "images are less cursed than their 784 dimensions suggest: 3,000 leave fewer than 10% errors",
        all(shares[-1] < 0.1 for shares in errors.values()),
    )


def one_optimum(source: Source) -> Iterator[Piece]:
    """Fit an SVM and train a network twice each, on examples in different orders; compare the answers."""
    sizes = {"train_size": 1000, "validation_size": MNIST["validation_size"]}
    svm = load_baseline("svm_rbf", [f"{key}={size}" for key, size in sizes.items()])
    training, others = load_splits(svm, source)
    answers: dict[str, list[NDArray[np.intp]]] = {"SVM, RBF kernel": [], "network": []}
    for seed in range(2):
        order = np.random.default_rng(seed).permutation(len(training.labels))
        shuffled = Split(training.inputs[order], training.labels[order])
        fitted = baselines.fit(svm, shuffled)
        answers["SVM, RBF kernel"].append(baselines.predict(svm, fitted, shuffled, others.inputs))
        experiment = Experiment(**MNIST | sizes | KEYS | {"seed": seed})
        state = start(experiment)
        epochs = len(list(train(experiment, state, training, others)))
        answers["network"].append(state.network.predict(others.inputs))
    same = {name: float((one == other).mean()) for name, (one, other) in answers.items()}
    yield (
        "And is it fast to train? Unlike linear regression, an SVM has no closed form: it is found step by "
        "step, too. But its problem is convex and has a single optimum, wherever one starts; a network ends "
        "where its starting weights lead it. Both are fitted twice to the same 1,000 images, in different "
        "orders, the network from different weights. The table shows how many of their answers to 2,000 "
        "others agree:"
    )
    # An SVM for each pair of digits needs the kernel of all pairs of their images. A network multiplies by
    # all its weights forward, by those above the first layer backward, and computes a gradient for all.
    of_digit = np.bincount(training.labels)
    kernels = sum((one + other) ** 2 for one, other in combinations(of_digit.tolist(), 2))
    weights = number_of_weights(ARCHITECTURE)
    cost = {
        "SVM, RBF kernel": PIXELS * kernels,
        "network": epochs * len(training.labels) * (3 * weights - PIXELS * ARCHITECTURE[1]),
    }
    yield Table(
        {
            "": Column(list(same)),
            "same answers": Column(list(same.values()), "{:.1%}".format),
            "multiplications to train": Column(list(cost.values()), "{:.1e}".format),
        }
    )
    yield (
        f"(For the SVM these are all kernel values, the most it can need; for the network, {epochs} epochs. "
        "The former grow as the square of the number of examples, an epoch in proportion to it.)"
    )
    yield Claim(
        "the SVM has one optimum: more than 99.5% of its answers agree",
        same["SVM, RBF kernel"] > 0.995,
    )
    yield Claim(
        "at 1,000 examples, its kernel takes fewer multiplications than training the network",
        cost["SVM, RBF kernel"] < cost["network"],
    )
    yield Claim("two networks agree on fewer than 98%", same["network"] < 0.98)
