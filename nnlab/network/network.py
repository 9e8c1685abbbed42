"""The network: weights and biases, and the forward pass.

Layer l computes x^l = a(W^l x^(l−1) + b^l), with W^l of shape (fan_out, fan_in) and one column per sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nnlab.network.activations import Activation, Array, Function
from nnlab.network.outputs import Output
from nnlab.network.scaling import UNSCALED, Scaling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from nnlab.network.dropout import Masks

CHUNK = 1000  # examples per forward pass: few enough for their activations to stay in the cache
HALF = 0.5


def activations_of(
    weights: Array,
    biases: Array,
    x: Array,
    function: Function | None,
    out: Array | None,
    product: Callable[..., Array] = np.dot,
) -> Array:
    """Return a(W x + b) of a layer, (fan_out, batch), in the array `out` if there is one; z without an a."""
    # For a small product, np.matmul takes twice as long as np.dot to reach BLAS.
    z = product(weights, x, out=out)
    z += biases
    return z if function is None else function(z, z)


Activate: TypeAlias = "Callable[..., Array]"  # like activations_of


@dataclass(frozen=True)
class Network:
    """A multilayer perceptron whose parameters are views of one vector.

    `parameters` holds all weights, then all biases. So an update is one operation on a vector, and L2, which
    concerns only the weights, is one operation on a slice of it. Between them may be the weights of inputs
    that are left out of the architecture because they are always zero.
    """

    architecture: tuple[int, ...]  # widths, input to output
    hidden_activations: tuple[Activation, ...]  # of each hidden layer
    output: Output
    parameters: Array  # (number of parameters,), or more with idle weights
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
        return self.parameters[: -sum(self.architecture[1:])]

    @property
    def idle_weights(self) -> Array:
        """The weights of inputs that are left out, a view of the last part of `all_weights`."""
        return self.all_weights[number_of_weights(self.architecture) :]

    @property
    def activations(self) -> list[Activation]:
        """The activation of each layer."""
        return [*self.hidden_activations, self.output.activation]

    @property
    def is_finite(self) -> bool:
        """Whether every weight and bias is a finite number."""
        return bool(np.isfinite(self.parameters).all())

    def forward(
        self,
        x: Array,
        buffers: Sequence[Array | None] | None = None,
        masks: Masks | None = None,
        activate: Activate = activations_of,
    ) -> Array:
        """Return z of the output layer, (outputs, batch), for scaled inputs `x`, (features, batch).

        If `buffers` are given, the activations of layer l are written to `buffers[l]`, (fan_out, batch). What
        the `masks` leave out does not reach the next layer. Each layer is computed by `activate`.
        """
        last = len(self.weights) - 1
        for layer, out in enumerate(buffers or [None] * (last + 1)):
            if masks is not None:
                x = masks.applied(layer, x)
            function = self.hidden_activations[layer].function if layer < last else None
            x = activate(self.weights[layer], self.biases[layer], x, function, out)
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
    """Return the weights (fan_out, fan_in) and biases (fan_out, 1) of each layer as views of `parameters`.

    The weights are its first numbers and the biases its last; idle weights may be between them.
    """
    weights = [(fan_out, fan_in) for fan_in, fan_out in pairwise(architecture)]
    biases = [(fan_out, 1) for fan_out in architecture[1:]]
    return _split(parameters, weights), _split(parameters[-sum(architecture[1:]) :], biases)


def _split(vector: Array, shapes: Sequence[tuple[int, int]]) -> list[Array]:
    """Return views of the first numbers of `vector`, in arrays of these shapes."""
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    parts = np.split(vector, ends)[: len(shapes)]
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
