"""Backpropagation: the gradient of the cost of a batch."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from nnlab.network.blocks import Share, blocks_of_gradient, blocks_of_layer, one_by_one
from nnlab.network.network import activations_of, views

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nnlab.network.activations import Activation, Array, Derivative, Function
    from nnlab.network.dropout import Masks
    from nnlab.network.network import Network


class Backpropagation:
    """The gradient of the mean cost of a batch, times `scale`, computed in buffers for one batch size.

    The work on large layers is divided into blocks, which `share` computes.
    """

    def __init__(
        self, network: Network, batch_size: int, scale: float = 1.0, share: Share = one_by_one
    ) -> None:
        """Allocate the buffers. Raises `ValueError` for an activation without a derivative."""
        widths, dtype = network.architecture[1:], network.parameters.dtype
        self.network, self.share = network, share
        self.derivatives = [_derivative(activation) for activation in network.hidden_activations]
        self.activations = [np.empty((width, batch_size), dtype) for width in widths]
        # The deltas of all layers are in one array, like the biases, so that one product sums them all.
        self.all_deltas = np.empty((sum(widths), batch_size), dtype)
        self.deltas = np.split(self.all_deltas, np.cumsum(widths)[:-1])
        self.ones = np.ones((batch_size, 1), dtype)
        self.scale = np.array(scale / batch_size, dtype)
        self.gradient = np.empty_like(network.parameters)
        self.idle_gradient = replace(network, parameters=self.gradient).idle_weights
        self.weight_gradients, self.bias_gradients = views(self.gradient, network.architecture)
        self.all_bias_gradients = self.gradient[-sum(widths) :, np.newaxis]
        self.blocks = [
            (layer, neurons)
            for layer, weights in enumerate(network.weights)
            for neurons in blocks_of_gradient(len(weights), weights.shape[1], batch_size)
        ]
        self.is_divided = len(self.blocks) > len(widths) or any(
            len(blocks_of_layer(len(weights), weights.shape[1], batch_size)) > 1
            for weights in network.weights
        )
        self.activations_of = partial(_activations_in_blocks, share) if self.is_divided else activations_of
        self.send_back = partial(_send_back_in_blocks, share) if self.is_divided else _send_back

    @property
    def parts(self) -> list[slice]:
        """The parts of the vector of parameters whose gradients are known one after another.

        If the work is divided, these are the weights of some neurons each, and the rest, with the biases, is
        the last one. Otherwise, all parameters are one part.
        """
        blocks = self.blocks if self.is_divided else []
        sizes = [self.weight_gradients[layer][neurons].size for layer, neurons in blocks]
        bounds = [0, *np.cumsum(sizes, dtype=int).tolist(), len(self.gradient)]
        return [slice(start, stop) for start, stop in pairwise(bounds)]

    def scale_by(self, scale: float) -> None:
        """Set the factor of the gradient."""
        self.scale[...] = scale / self.all_deltas.shape[1]

    def __call__(
        self,
        x: Array,
        targets: Array,
        z: Array | None = None,
        masks: Masks | None = None,
        on_part: Callable[[int], None] = lambda _: None,
    ) -> Array:
        """Put `scale` · ∇C into `self.gradient` and return z of the output layer, (outputs, batch).

        C is the mean cost of the batch `x`, (features, batch), with `targets`, (outputs, batch), under the
        `masks` of dropout. The result is written to the array `z`; without one, to a buffer that the next
        call overwrites. `on_part` is called with the number of each part when its gradient is known, perhaps
        in another thread; from then on, nothing reads the parameters of that part.
        """
        if z is not None:
            self.activations[-1] = z
        z = self.network.forward(x, self.activations, masks, self.activations_of)
        output, deltas = self.network.output, self.deltas
        np.multiply(output.delta(output.activate(z), targets), self.scale, out=deltas[-1])
        for layer in reversed(range(1, len(deltas))):
            below = layer - 1
            weights, a = self.network.weights[layer], self.activations[below]
            self.send_back(weights.T, deltas[layer], a, self.derivatives[below], deltas[below])
            if masks is not None:
                masks.apply(layer, deltas[below])
        received = [x, *self.activations[:-1]]
        if masks is not None:
            received = [masks.received(layer, each) for layer, each in enumerate(received)]
        if len(self.idle_gradient):
            self.idle_gradient.fill(0)
        np.dot(self.all_deltas, self.ones, out=self.all_bias_gradients)
        if self.is_divided:
            number = len(self.blocks)
            tasks = [partial(self._gradient_of, part, received, on_part) for part in range(number)]
            self.share([*tasks, partial(on_part, number)])
        else:
            for delta, inputs, gradient in zip(deltas, received, self.weight_gradients, strict=True):
                np.dot(delta, inputs.T, out=gradient)
            on_part(0)
        return z

    def _gradient_of(self, part: int, received: Sequence[Array], on_part: Callable[[int], None]) -> None:
        """Compute dC/dW = δ xᵀ of some neurons, a part of the parameters."""
        layer, neurons = self.blocks[part]
        np.dot(self.deltas[layer][neurons], received[layer].T, out=self.weight_gradients[layer][neurons])
        on_part(part)


def _send_back(
    weights: Array,
    delta: Array,
    a: Array,
    derivative: Derivative,
    out: Array,
    product: Callable[..., Array] = np.dot,
) -> None:
    """Compute δ = dC/dz of the layer below, whose activations are `a`: Wᵀδ ⊙ a'(z); `weights` are Wᵀ."""
    product(weights, delta, out=out)
    out *= derivative(a)


def _activations_in_blocks(
    share: Share, weights: Array, biases: Array, x: Array, function: Function | None, out: Array
) -> Array:
    """Return what `activations_of` does, computed by `share`."""
    blocks = blocks_of_layer(len(weights), len(x), x.shape[1])
    if len(blocks) == 1:
        return activations_of(weights, biases, x, function, out)
    tasks = [
        (weights[neurons], biases[neurons], x[:, examples], function, out[neurons, examples])
        for neurons, examples in blocks
    ]
    share([partial(activations_of, *arguments, np.matmul) for arguments in tasks])
    return out


def _send_back_in_blocks(
    share: Share, weights: Array, delta: Array, a: Array, derivative: Derivative, out: Array
) -> None:
    """Do what `_send_back` does, computed by `share`."""
    blocks = blocks_of_layer(len(weights), len(delta), delta.shape[1])
    if len(blocks) == 1:
        return _send_back(weights, delta, a, derivative, out)
    tasks = [
        (weights[neurons], delta[:, examples], a[neurons, examples], derivative, out[neurons, examples])
        for neurons, examples in blocks
    ]
    return share([partial(_send_back, *arguments, np.matmul) for arguments in tasks])


def _derivative(activation: Activation) -> Derivative:
    """Return the derivative of a hidden layer's activation. Raises `ValueError` if there is none."""
    if activation.derivative is None:
        raise ValueError(
            "an activation without a derivative, such as step, cannot be trained; "
            "take sigmoid, the smooth version of step"
        )
    return activation.derivative
