"""The neurons of the first layer, whose weights can be seen as images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nnlab.network import Network


def strongest_neurons(network: Network) -> list[int]:
    """Return the neurons of the first layer by the norm of their weights, largest first; outputs in order."""
    weights = network.weights[0]
    if len(network.weights) == 1:
        return list(range(len(weights)))
    return [int(neuron) for neuron in np.argsort(-np.linalg.norm(weights, axis=1), kind="stable")]


def label_of(network: Network, neuron: int, classes: Sequence[str]) -> str:
    """Return the class of an output neuron, and the number of a hidden one, from 1."""
    return classes[neuron] if len(network.weights) == 1 and neuron < len(classes) else str(neuron + 1)
