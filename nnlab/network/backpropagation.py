"""Backpropagation: the gradient of the cost of a batch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from nnlab.network.blocks import Share, Task, blocks, one_by_one
from nnlab.network.network import views

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from nnlab.network.activations import Activation, Array
    from nnlab.network.dropout import Masks
    from nnlab.network.network import Network


class Backpropagation:
    """The gradient of the mean cost of a batch, times `scale`, computed in buffers for one batch size.

    A large network is divided into parts, whose gradients are computed by `share`.
    """

    def __init__(
        self, network: Network, batch_size: int, scale: float = 1.0, share: Share = one_by_one
    ) -> None:
        """Allocate the buffers. Raises `ValueError` for an activation without a derivative."""
        widths, dtype = network.architecture[1:], network.parameters.dtype
        self.network = network
        self.share = share
        self.derivatives = [_derivative(activation) for activation in network.hidden_activations]
        self.activations = [np.empty((width, batch_size), dtype) for width in widths]
        # The deltas of all layers are in one array, like the biases, so that one product sums them all.
        self.all_deltas = np.empty((sum(widths), batch_size), dtype)
        self.deltas = np.split(self.all_deltas, np.cumsum(widths)[:-1])
        self.ones = np.ones((batch_size, 1), dtype)
        self.scale = np.array(scale / batch_size, dtype)
        self.gradient = np.empty_like(network.parameters)
        self.idle_gradient = self.gradient[: len(network.idle_weights)]
        self.weight_gradients, self.bias_gradients = views(self.gradient, network.architecture)
        self.all_bias_gradients = self.gradient[-sum(widths) :, np.newaxis]
        self.blocks = [
            (layer, neurons)
            for layer, weights in enumerate(network.weights)
            for neurons in blocks(len(weights), weights.size * batch_size)
        ]
        self.is_divided = len(self.blocks) > len(network.weights)

    @property
    def parts(self) -> list[slice]:
        """The parts of the vector of parameters whose gradients are known one after another.

        Those of a divided network are the weights of each block of neurons, the idle weights, and the biases.
        """
        if not self.is_divided:
            return [slice(0, len(self.gradient))]
        parts, end = [], len(self.idle_gradient)
        for layer, neurons in self.blocks:
            start, end = end, end + self.network.weights[layer][neurons].size
            parts.append(slice(start, end))
        return [*parts, slice(0, len(self.idle_gradient)), slice(end, len(self.gradient))]

    def scale_by(self, scale: float) -> None:
        """Set the factor of the gradient."""
        self.scale[...] = scale / self.all_deltas.shape[1]

    def __call__(
        self,
        x: Array,
        targets: Array,
        z: Array | None = None,
        masks: Masks | None = None,
        use: Callable[[int], None] = lambda _: None,
    ) -> Array:
        """Put `scale` · ∇C into `self.gradient` and return z of the output layer, (outputs, batch).

        C is the mean cost of the batch `x`, (features, batch), with `targets`, (outputs, batch), under the
        `masks` of dropout. The result is written to the array `z`; without one, to a buffer that the next
        call overwrites. `use` is called with the number of each part when its gradient is known, perhaps in
        another thread; from then on, nothing reads the parameters of that part.
        """
        if z is not None:
            self.activations[-1] = z
        z = self.network.forward(x, self.activations, masks, self.share)
        output = self.network.output
        np.multiply(output.delta(output.activate(z), targets), self.scale, out=self.deltas[-1])
        for layer in reversed(range(1, len(self.deltas))):
            self._send_back(layer, masks)
        inputs = [x, *self.activations[:-1]]
        if masks is not None:
            inputs = [masks.received(layer, each) for layer, each in enumerate(inputs)]
        np.dot(self.all_deltas, self.ones, out=self.all_bias_gradients)
        if len(self.idle_gradient):
            self.idle_gradient.fill(0)
        if self.is_divided:
            self.share([*self._gradients(inputs, use), partial(use, len(self.blocks))])
            use(len(self.blocks) + 1)
        else:
            for delta, received, gradient in zip(self.deltas, inputs, self.weight_gradients, strict=True):
                np.dot(delta, received.T, out=gradient)
            use(0)
        return z

    def _send_back(self, layer: int, masks: Masks | None) -> None:
        """Compute δ of the layer below: Wᵀδ ⊙ a'(z), where δ = dC/dz."""
        weights, delta = self.network.weights[layer], self.deltas[layer]
        a, below = self.activations[layer - 1], self.deltas[layer - 1]
        derivative = self.derivatives[layer - 1]
        neurons = blocks(len(a), weights.size * a.shape[1])
        if len(neurons) == 1:
            np.dot(weights.T, delta, out=below)
            below *= derivative(a)
        else:
            self.share(
                [
                    partial(_error, weights.T[each], delta, a[each], derivative, below[each])
                    for each in neurons
                ]
            )
        if masks is not None:
            masks.apply(layer, below)

    def _gradients(self, inputs: Sequence[Array], use: Callable[[int], None]) -> list[Task]:
        """Return the tasks that compute dC/dW = δ xᵀ for each block of neurons and `use` it."""
        return [
            partial(
                _use_gradient,
                self.deltas[layer][neurons],
                inputs[layer].T,
                self.weight_gradients[layer][neurons],
                partial(use, number),
            )
            for number, (layer, neurons) in enumerate(self.blocks)
        ]


def _error(
    weights: Array, delta: Array, a: Array, derivative: Callable[[Array], NDArray[Any]], out: Array
) -> None:
    np.matmul(weights, delta, out=out)  # np.dot would copy the weights, of which only some rows are taken
    out *= derivative(a)


def _use_gradient(delta: Array, x: Array, out: Array, use: Task) -> None:
    np.dot(delta, x, out=out)
    use()


def _derivative(activation: Activation) -> Callable[[Array], NDArray[Any]]:
    """Return the derivative of a hidden layer's activation. Raises `ValueError` if there is none."""
    if activation.derivative is None:
        raise ValueError(
            "an activation without a derivative, such as step, cannot be trained; "
            "take sigmoid, the smooth version of step"
        )
    return activation.derivative
