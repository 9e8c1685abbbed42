"""Leaves pixels that are zero in every training example out of the matrix products.

Their weights get no gradient, but penalties and averages concern them all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnlab.datasets import CHUNK
from nnlab.network import UNSCALED
from nnlab.training.methods import scaling_of

if TYPE_CHECKING:
    from nnlab.config import Experiment
    from nnlab.datasets import Split
    from nnlab.network import Array, Network


@dataclass(frozen=True)
class Layout:
    """Where the parameters of a network are while it trains on some of its inputs alone.

    The weights of the other inputs come after all other weights, and before the biases.
    """

    architecture: tuple[int, ...]  # of the network with the used inputs alone
    used: NDArray[np.intp]
    idle: NDArray[np.intp]

    def narrowed(self, parameters: Array) -> Array:
        """Return a copy of a vector of all `parameters`, or of an array like them, in this layout."""
        first, others, biases = self._divided(parameters)
        return np.concatenate([first[:, self.used].ravel(), others, first[:, self.idle].ravel(), biases])

    def widen(self, narrow: Array, parameters: Array) -> None:
        """Copy a vector that was `narrowed` back into `parameters`."""
        first, others, biases = self._divided(parameters)
        sizes = [first[:, self.used].size, others.size, first[:, self.idle].size]
        used, others[...], idle, biases[...] = np.split(narrow, np.cumsum(sizes))
        first[:, self.used] = used.reshape(len(first), -1)
        first[:, self.idle] = idle.reshape(len(first), -1)

    def _divided(self, parameters: Array) -> tuple[Array, Array, Array]:
        """Return views of the weights of the first layer, (fan_out, features), the others, and the biases."""
        features, fan_out = len(self.used) + len(self.idle), self.architecture[1]
        first = features * fan_out
        biases = len(parameters) - sum(self.architecture[1:])
        return parameters[:first].reshape(fan_out, features), parameters[first:biases], parameters[biases:]


def layout_of(network: Network, training: Split) -> Layout | None:
    """Return the layout for the inputs that `training` stores; None if it stores all."""
    if training.columns is None:
        return None
    used = np.flatnonzero(training.columns)
    return Layout((len(used), *network.architecture[1:]), used, np.flatnonzero(~training.columns))


def without_idle_inputs(experiment: Experiment, training: Split) -> Split:
    """Return a copy of `training` without the pixels that are zero in all examples.

    It is `training` itself where there are none, or where they matter: what moves may reach every pixel, a
    scaled zero is not zero, and the norm of a neuron's weights is that of all of them.
    """
    is_moved, is_scaled = experiment.augmentation is not None, scaling_of(experiment) != UNSCALED
    if not training.are_pixels or is_moved or is_scaled or experiment.norm_bounds:
        return training
    is_used = np.zeros(training.stored.shape[1], bool)
    for start in range(0, len(training.labels), CHUNK):
        is_used |= training.stored_of(slice(start, start + CHUNK)).any(axis=0)
    return training if is_used.all() or not is_used.any() else training.copied(is_used)
