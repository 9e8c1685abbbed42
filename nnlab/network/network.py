"""The network: weights and biases, the forward pass and backpropagation.

Layer l computes x^l = a(W^l x^(l−1) + b^l), with W^l of shape (fan_out, fan_in) and one column per sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from nnlab.network.activations import Activation, Array
from nnlab.network.outputs import Output
from nnlab.network.scaling import UNSCALED, Scaling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from nnlab.network.dropout import Masks

CHUNK = 1000  # examples per forward pass: few enough for their activations to stay in the cache
HALF = 0.5


@dataclass(frozen=True)
class Network:
    """A multilayer perceptron whose parameters are views of one vector.

    `parameters` holds all weights, then all biases. So an update is one operation on a vector, and L2, which
    concerns only the weights, is one operation on a slice of it.
    """

    architecture: tuple[int, ...]  # widths, input to output
    hidden_activations: tuple[Activation, ...]  # of each hidden layer
    output: Output
    parameters: Array  # (number of parameters,)
    scaling: Scaling = UNSCALED  # of the inputs, before the first layer

    @cached_property
    def weights(self) -> list[Array]:
        """The weights of each layer, (fan_out, fan_in)."""
        return views(self.parameters, self.architecture)[0]

    @cached_property
    def biases(self) -> list[Array]:
        """The biases of each layer, (fan_out, 1)."""
        return views(self.parameters, self.architecture)[1]

    @cached_property
    def all_weights(self) -> Array:
        """The weights of all layers, a view of the first part of `parameters`."""
        return self.parameters[: number_of_weights(self.architecture)]

    @property
    def activations(self) -> list[Activation]:
        """The activation of each layer."""
        return [*self.hidden_activations, self.output.activation]

    @property
    def is_finite(self) -> bool:
        """Whether every weight and bias is a finite number."""
        return bool(np.isfinite(self.parameters).all())

    def forward(
        self, x: Array, buffers: Sequence[Array | None] | None = None, masks: Masks | None = None
    ) -> Array:
        """Return z of the output layer, (outputs, batch), for scaled inputs `x`, (features, batch).

        If `buffers` are given, the activations of layer l are written to `buffers[l]`, (fan_out, batch). What
        the `masks` leave out does not reach the next layer.
        """
        last = len(self.weights) - 1
        for layer, out in enumerate(buffers or [None] * (last + 1)):
            if masks is not None:
                x = masks.applied(layer, x)
            # np.dot here and below: for a small product, np.matmul takes twice as long to reach BLAS.
            z = np.dot(self.weights[layer], x, out=out)
            z += self.biases[layer]
            x = self.hidden_activations[layer].function(z, z) if layer < last else z
        return x

    def without_scaling(self) -> Network:
        """Return the network that computes the same from inputs that are not scaled."""
        mean, deviation = self.scaling.mean, self.scaling.deviation
        network = replace(self, parameters=self.parameters.copy(), scaling=UNSCALED)
        first = network.weights[0]
        first /= deviation
        network.biases[0][...] -= mean * first.sum(axis=1, keepdims=True)
        return network

    def pre_activations(self, inputs: Array) -> Array:
        """Return z of the output layer, (outputs, examples), for `inputs` of shape (examples, features)."""
        z = np.empty((self.architecture[-1], len(inputs)), self.parameters.dtype)
        for start in range(0, len(inputs), CHUNK):
            z[:, start : start + CHUNK] = self.forward(self.scaling(inputs[start : start + CHUNK]).T)
        return z

    def outputs(self, inputs: Array) -> Array:
        """Return the outputs of the network, (examples, outputs), for `inputs` of shape (examples, features).

        For softmax these are the probabilities of the classes, in a regression the values.
        """
        return self.output.activate(self.pre_activations(inputs)).T

    def predict(self, inputs: Array) -> NDArray[np.intp]:
        """Return the class of each of the `inputs`, (examples, features), as an integer.

        In a regression there are no classes; use `outputs` instead.
        """
        return self.classes(self.pre_activations(inputs))

    def classes(self, z: NDArray[Any]) -> NDArray[np.intp]:
        """Return the classes, (examples,), for pre-activations `z` of the output layer, (outputs, examples).

        The largest output decides. A single output means class 1 if it is at least a half.
        """
        has_one_output = len(z) == 1
        classes: NDArray[np.intp] = self.output.activate(z)[0] >= HALF if has_one_output else z.argmax(axis=0)
        return classes.astype(np.intp, copy=False)


def number_of_weights(architecture: Sequence[int]) -> int:
    """Return the number of weights of a network with this architecture, without its biases."""
    return sum(fan_in * fan_out for fan_in, fan_out in pairwise(architecture))


def number_of_parameters(architecture: Sequence[int]) -> int:
    """Return the number of weights and biases of a network with this architecture."""
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
    """The gradient of the mean cost of a batch, times `scale`, computed in buffers for one batch size."""

    def __init__(self, network: Network, batch_size: int, scale: float = 1.0) -> None:
        """Allocate the buffers. Raises `ValueError` for an activation without a derivative."""
        widths, dtype = network.architecture[1:], network.parameters.dtype
        self.network = network
        self.derivatives = [_derivative(activation) for activation in network.hidden_activations]
        self.activations = [np.empty((width, batch_size), dtype) for width in widths]
        # The deltas of all layers are in one array, like the biases, so that one product sums them all.
        self.all_deltas = np.empty((sum(widths), batch_size), dtype)
        self.deltas = np.split(self.all_deltas, np.cumsum(widths)[:-1])
        self.ones = np.ones((batch_size, 1), dtype)
        self.scale = np.array(scale / batch_size, dtype)
        self.gradient = np.empty_like(network.parameters)
        self.weight_gradients, self.bias_gradients = views(self.gradient, network.architecture)
        self.all_bias_gradients = self.gradient[-sum(widths) :, np.newaxis]

    def scale_by(self, scale: float) -> None:
        """Set the factor of the gradient."""
        self.scale[...] = scale / self.all_deltas.shape[1]

    def __call__(self, x: Array, targets: Array, z: Array | None = None, masks: Masks | None = None) -> Array:
        """Put `scale` · ∇C into `self.gradient` and return z of the output layer, (outputs, batch).

        C is the mean cost of the batch `x`, (features, batch), with `targets`, (outputs, batch), under the
        `masks` of dropout. The result is written to the array `z`; without one, to a buffer that the next
        call overwrites.
        """
        if z is not None:
            self.activations[-1] = z
        z = self.network.forward(x, self.activations, masks)
        output = self.network.output
        np.multiply(output.delta(output.activate(z), targets), self.scale, out=self.deltas[-1])
        self._backward(x, masks)
        return z

    def _backward(self, x: Array, masks: Masks | None) -> None:
        """Propagate δ = dC/dz back: dC/dW = δ xᵀ, dC/db = Σ δ, and Wᵀδ ⊙ a'(z) for the layer below."""
        for layer in reversed(range(1, len(self.deltas))):
            a, delta = self.activations[layer - 1], self.deltas[layer - 1]
            received = a if masks is None else masks.received(layer, a)
            np.dot(self.deltas[layer], received.T, out=self.weight_gradients[layer])
            np.dot(self.network.weights[layer].T, self.deltas[layer], out=delta)
            delta *= self.derivatives[layer - 1](a)
            if masks is not None:
                masks.apply(layer, delta)
        received = x if masks is None else masks.received(0, x)
        np.dot(self.deltas[0], received.T, out=self.weight_gradients[0])
        np.dot(self.all_deltas, self.ones, out=self.all_bias_gradients)


def _derivative(activation: Activation) -> Callable[[Array], NDArray[Any]]:
    """Return the derivative of a hidden layer's activation. Raises `ValueError` if there is none."""
    if activation.derivative is None:
        raise ValueError(
            "an activation without a derivative, such as step, cannot be trained; "
            "take sigmoid, the smooth version of step"
        )
    return activation.derivative
