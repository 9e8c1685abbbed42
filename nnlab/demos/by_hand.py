"""Networks built by hand, layer by layer, each layer with its own activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnlab.network import ACTIVATIONS, Array

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Layer:
    """A layer of neurons with one activation: `weights` (fan_out, fan_in), `biases` (fan_out,)."""

    activation: str
    weights: Array
    biases: Array

    def __call__(self, x: Array) -> Array:
        """Return a(W x + b), (fan_out, examples), for `x` of shape (fan_in, examples)."""
        return ACTIVATIONS[self.activation].function(self.weights @ x + self.biases[:, np.newaxis], None)


def layer(
    activation: str, weights: Sequence[Sequence[float]] | Array, biases: Sequence[float] | Array
) -> Layer:
    """Return a layer with weights and biases given as lists or arrays."""
    return Layer(activation, np.array(weights, float), np.array(biases, float))


def forward(x: Array, layers: Sequence[Layer]) -> Array:
    """Return the output of the last of `layers`, (fan_out, examples), for `x`, (features, examples)."""
    for each in layers:
        x = each(x)
    return x


def number_of_parameters(layers: Sequence[Layer]) -> int:
    """Return the number of weights and biases."""
    return sum(each.weights.size + each.biases.size for each in layers)


def steps_layer(positions: Array) -> Layer:
    """Return a layer with one step neuron for each of `positions`; its output is 1 from there on."""
    return Layer("step", np.ones((len(positions), 1)), -positions)


def sum_layer(weights: Array, bias: float) -> Layer:
    """Return a layer of one linear neuron with these `weights` and this `bias`."""
    return Layer("identity", weights[np.newaxis], np.array([bias]))


def fold_layers(folds: int) -> list[Layer]:
    """Return the layers that fold [0, 1] into `folds` pieces on top of one another: a zigzag.

    One rectified neuron starts each piece, and another adds them up, with slopes that alternate between +n
    and −n. Together they have 3n + 1 parameters.
    """
    slopes = np.full(folds, 2.0 * folds) * (-1.0) ** np.arange(folds)
    slopes[0] = folds
    rise = Layer("relu", np.ones((folds, 1)), -np.arange(folds) / folds)
    return [rise, Layer("relu", slopes[np.newaxis], np.zeros(1))]
