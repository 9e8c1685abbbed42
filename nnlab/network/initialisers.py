"""Initialisers: the spread of the random starting weights around zero."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from nnlab.network.network import Network

# (fan_in, fan_out) -> the standard deviation of a weight.
INITIALISERS: dict[str, Callable[[int, int], float]] = {
    "he": lambda fan_in, _: math.sqrt(2 / fan_in),  # He et al. 2015
    "glorot": lambda fan_in, fan_out: math.sqrt(2 / (fan_in + fan_out)),  # Glorot and Bengio 2010
    "lecun": lambda fan_in, _: math.sqrt(1 / fan_in),  # LeCun et al. 1998
    "standard_normal": lambda *_: 1.0,  # large weights, as in the textbook; saturated neurons learn slowly
}


def initialise(network: Network, initialisation: str, *, rng: np.random.Generator) -> None:
    """Draw the weights of `network` from normal distributions around zero.

    `initialisation` is one of `INITIALISERS`, or `auto`, which takes the default of each layer's activation.
    Biases are zero, or with `standard_normal` standard normal.
    """
    for weights, biases, activation in zip(network.weights, network.biases, network.activations, strict=True):
        fan_out, fan_in = weights.shape
        name = activation.initialiser if initialisation == "auto" else initialisation
        weights[...] = rng.normal(0, INITIALISERS[name](fan_in, fan_out), weights.shape)
        biases[...] = rng.standard_normal(biases.shape) if name == "standard_normal" else 0
