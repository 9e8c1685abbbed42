"""Targets, loss and accuracy, and the loss of a constant guess."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from nnlab.network import LOSS_OF_A_GUESS, one_by_one

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from nnlab.config import Experiment
    from nnlab.datasets import Split
    from nnlab.network import Array, Network, Share

CHUNK = 1000  # examples whose inputs are floats at the same time, in each thread


def targets_of(labels: NDArray[Any], outputs: int, dtype: DTypeLike) -> Array:
    """Return the targets of `outputs` neurons, (outputs, examples).

    A class is 1 at its own output and 0 at the others; with a single output, class 0 is 0 and class 1 is 1.
    In a regression the values are the targets.
    """
    if labels.dtype.kind == "f":
        return np.ascontiguousarray(labels.T)
    if outputs == 1:
        return labels[np.newaxis].astype(dtype)
    return np.eye(outputs, dtype=dtype).take(labels, axis=1)


def pre_activations(network: Network, split: Split, share: Share = one_by_one) -> Array:
    """Return z of the output layer, (outputs, examples), for a `split`, a few examples in each task."""
    examples = len(split.labels)
    z = np.empty((network.architecture[-1], examples), network.parameters.dtype)

    def compute(some: slice) -> None:
        z[:, some] = network.forward(network.scaling(split.take(some)).T)

    chunks = [slice(start, min(start + CHUNK, examples)) for start in range(0, examples, CHUNK)]
    share([partial(compute, chunk) for chunk in chunks])
    return z


def measure(network: Network, z: Array, targets: Array, labels: NDArray[Any]) -> tuple[float, float | None]:
    """Return the mean loss and the accuracy of output pre-activations `z`, (outputs, examples).

    `targets` are the `targets_of` those `labels`. A regression, whose labels are values, has no accuracy.
    """
    loss = float(network.output.loss(z, targets).mean(dtype=np.float64))
    if labels.dtype.kind == "f":
        return loss, None
    return loss, float((network.classes(z) == labels).mean())


def loss_of_a_guess(experiment: Experiment, labels: NDArray[Any]) -> float:
    """Return the smallest mean loss on `labels` of a network that ignores its input."""
    return LOSS_OF_A_GUESS[experiment.loss](targets_of(labels, experiment.architecture[-1], np.float64))
