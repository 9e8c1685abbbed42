"""Starting weights: how wide they are spread around zero."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from nnlab.network.network import Network

# The standard deviation of a weight, from fan_in and fan_out.
INITIALISERS: dict[str, Callable[[int, int], float]] = {
    "he": lambda fan_in, _: math.sqrt(2 / fan_in),  # He et al. 2015
    "glorot": lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)),  # Glorot and Bengio 2010
    "lecun": lambda fan_in, _: math.sqrt(1 / fan_in),  # LeCun et al. 1998
    "standard_normal": lambda *_: 1.0,  # the textbook's large start, on which saturated neurons learn slowly
}

# `auto`: what keeps the variance of the signal through a layer of this activation.
AUTOMATIC = {
    "identity": "lecun",
    "step": "lecun",
    "sigmoid": "glorot",
    "tanh": "glorot",
    "softmax": "glorot",
    "relu": "he",
}


def initialise(
    network: Network, initialisation: str, activations: Sequence[str], *, rng: np.random.Generator
) -> None:
    """Draw the weights of `network` from normal distributions around zero.

    Biases are zero, or standard normal with `standard_normal`. `activations` names each layer's, for `auto`.
    """
    for weights, biases, activation in zip(network.weights, network.biases, activations, strict=True):
        fan_out, fan_in = weights.shape
        name = AUTOMATIC[activation] if initialisation == "auto" else initialisation
        weights[...] = rng.normal(0, INITIALISERS[name](fan_in, fan_out), weights.shape)
        biases[...] = rng.standard_normal(biases.shape) if name == "standard_normal" else 0
