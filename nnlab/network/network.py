"""The network: weights and biases, the forward pass and backpropagation.

Layer l computes x^l = a(W^l x^(l−1) + b^l), with W^l of shape (fan_out, fan_in) and a column a sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from nnlab.network.activations import Activation, Array
from nnlab.network.outputs import Output

if TYPE_CHECKING:
    from collections.abc import Sequence


CHUNK = 1000  # examples that go forward at a time: few enough for their activations to stay in the cache


@dataclass(frozen=True)
class Network:
    """A multilayer perceptron whose parameters are views of one vector.

    `parameters` holds first all weights, then all biases, so that an update is one operation on a vector and
    what concerns the weights alone (L2) is one on a slice of it.
    """

    architecture: tuple[int, ...]  # widths, input to output
    activation: Activation
    output: Output
    parameters: Array  # (number of parameters,)

    @cached_property
    def weights(self) -> list[Array]:
        """The weights of each layer, (fan_out, fan_in)."""
        return views(self.parameters, self.architecture)[0]

    @cached_property
    def biases(self) -> list[Array]:
        """The biases of each layer, (fan_out, 1)."""
        return views(self.parameters, self.architecture)[1]

    def forward(self, x: Array, buffers: Sequence[Array | None] | None = None) -> Array:
        """Return z of the output layer, (outputs, batch), for `x` of shape (features, batch).

        Layer l's activations are left in `buffers[l]`, (fan_out, batch), where buffers are given.
        """
        layers = len(self.weights)
        for layer, out in enumerate(buffers or [None] * layers):
            z = np.matmul(self.weights[layer], x, out=out)
            z += self.biases[layer]
            x = self.activation.function(z, z) if layer + 1 < layers else z
        return x

    def pre_activations(self, inputs: Array) -> Array:
        """Return z of the output layer, (outputs, examples), for `inputs` of shape (examples, features)."""
        z = np.empty((self.architecture[-1], len(inputs)), self.parameters.dtype)
        for start in range(0, len(inputs), CHUNK):
            z[:, start : start + CHUNK] = self.forward(inputs[start : start + CHUNK].T)
        return z


def number_of_weights(architecture: Sequence[int]) -> int:
    """Return how many weights, biases not counted, a network of this architecture has."""
    return sum(fan_in * fan_out for fan_in, fan_out in pairwise(architecture))


def number_of_parameters(architecture: Sequence[int]) -> int:
    """Return how many weights and biases a network of this architecture has."""
    return number_of_weights(architecture) + sum(architecture[1:])


def views(parameters: Array, architecture: Sequence[int]) -> tuple[list[Array], list[Array]]:
    """Return the weights (fan_out, fan_in) and biases (fan_out, 1) of each layer as views of `parameters`."""
    shapes = [(fan_out, fan_in) for fan_in, fan_out in pairwise(architecture)]
    shapes += [(fan_out, 1) for fan_out in architecture[1:]]
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    arrays = [
        part.reshape(shape) for part, shape in zip(np.split(parameters, ends[:-1]), shapes, strict=True)
    ]
    return arrays[: len(arrays) // 2], arrays[len(arrays) // 2 :]


class Backpropagation:
    """The gradient of the mean cost of a batch, computed in buffers for batches of one size."""

    def __init__(self, network: Network, batch_size: int) -> None:
        """Reserve the buffers. Raises `ValueError` for an activation that has no derivative."""
        if network.activation.derivative is None:
            raise ValueError(
                "step cannot be trained: its derivative is zero almost everywhere; "
                "take sigmoid, its smooth version"
            )
        dtype = network.parameters.dtype
        self.network = network
        self.derivative = network.activation.derivative
        self.activations = [np.empty((width, batch_size), dtype) for width in network.architecture[1:]]
        self.deltas = [np.empty((width, batch_size), dtype) for width in network.architecture[1:-1]]
        self.ones = np.ones((batch_size, 1), dtype)
        self.gradient = np.empty_like(network.parameters)
        self.weight_gradients, self.bias_gradients = views(self.gradient, network.architecture)

    def __call__(self, x: Array, targets: Array, scale: float = 1.0) -> Array:
        """Put `scale` · ∇C into `self.gradient` and return z of the output layer, (outputs, batch).

        C is the mean cost of the batch `x`, (features, batch), with `targets`, (outputs, batch). The result
        lies in a buffer of the next call.
        """
        z = self.network.forward(x, self.activations)
        delta = self.network.output.delta(self.network.output.activate(z), targets)
        delta *= scale / len(self.ones)
        self._backward(x, delta)
        return z

    def _backward(self, x: Array, delta: Array) -> None:
        """Send δ = dC/dz back: dC/dW = δ xᵀ, dC/db = Σ δ, and Wᵀδ ⊙ a'(z) for the layer below."""
        for layer in reversed(range(len(self.activations))):
            below = self.activations[layer - 1] if layer else x
            np.matmul(delta, below.T, out=self.weight_gradients[layer])
            np.matmul(delta, self.ones, out=self.bias_gradients[layer])
            if layer:
                delta = np.matmul(self.network.weights[layer].T, delta, out=self.deltas[layer - 1])
                delta *= self.derivative(below)
